"""How fast the drives change: steps short enough for e(r,t), b(r,t) and the parameters.

A step Δt resolves a drive X(t) if the three-point quadrature of the stepper,
(Δt/6)[X(t) + 4X(t + Δt/2) + X(t + Δt)], agrees with a fine one to a millionth of ∫|X - X(t)|.
The flow at the present time does not know what comes; this looks ahead over the whole step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kinetic.grid import Array
from kinetic.system import System

_SAMPLES = 65
_SITES = {0: 0, 1: 33, 2: 13, 3: 7}  # along every axis in real space, both ends among them
_MOMENTA = (0.11, 0.47, 0.83)
_TOLERANCE = 1e-6
_SETTLED = 1e-9  # of a drive: what it may still change by when it has come to rest
_GOLDEN = 0.5 * (5.0**0.5 - 1.0)
_NEGLIGIBLE = 1e-10  # of a cell width, a squared momentum or an energy: no effect in a step


class Drives:
    """The time-dependent inputs of a system and the steps that resolve them.

    Parameters
    ----------
    system
        What is simulated.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.fields = fields = system.fields.in_space(system.grid.space)
        self.fields_move = not (fields.electric_constant and fields.magnetic_constant)
        self.texture_moves = system.hamiltonian.time_dependent
        axes, space = system.grid.momentum, system.grid.space
        shares = np.linspace(0.0, 1.0, _SITES[len(space)])
        sites = [np.quantile(axis.centres, shares) for axis in space]
        momenta = [np.quantile(axis.centres, _MOMENTA) for axis in axes]
        mesh = np.meshgrid(*sites, *momenta, indexing="ij", sparse=True)
        self._k = mesh[len(space) :]
        names = [axis.name for axis in space]
        self._r = dict(zip(names, mesh[: len(space)], strict=True))
        places = np.meshgrid(*sites, indexing="ij", sparse=True)
        self._sites = dict(zip(names, places, strict=True))
        self._width = min(float(axis.widths.min()) for axis in axes)
        self.last = np.inf

    def _sampled(self, times: Array) -> list[tuple[Array, float]]:
        """Drives at given times, each with the size below which it does not matter."""
        found: list[tuple[Array, float]] = []
        if self.fields_move:
            electric = self._rows(self.fields.electric_at, times)
            magnetic = self._rows(self.fields.magnetic_at, times)
            found += [(electric, self._width), (magnetic, self._width**2)]
            if not self.fields.magnetic_constant:
                # Faraday's inflow goes with ḃ, which a step over a whole ramp of b does not see.
                rates = self._rows(self.fields.magnetic_rate_at, times)
                found.append((rates, self._width**2))
        if self.texture_moves:
            model, where = self.system.hamiltonian, (self._r,) if self._r else ()
            for valley in range(self.system.valleys):
                rows = []
                for t in times:
                    scalar, vector = model.values(valley, self._k, float(t), *where)
                    rows.append(np.concatenate([scalar.ravel(), vector.ravel()]))
                values = np.array(rows)
                found.append((values, float(np.linalg.norm(values[0])) + 1e-300))
        return found

    def _rows(self, field: Callable[[Mapping[str, Array], Any], Array], times: Array) -> Array:
        """A field at the sampled sites, one row per time."""
        if not self._sites:
            return np.array([field({}, float(t)) for t in times])
        behind = {name: values[None] for name, values in self._sites.items()}
        values = field(behind, times.reshape(-1, *(1 for _ in self._sites)))
        return np.moveaxis(values, 1, 0).reshape(len(times), -1)

    def _resolved(self, t: float, step: float) -> bool:
        times = t + step * np.linspace(0.0, 1.0, _SAMPLES)
        weights = np.ones(_SAMPLES)
        weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
        weights *= step / (3.0 * (_SAMPLES - 1))
        for values, size in self._sampled(times):
            change = values - values[0]
            coarse = step / 6.0 * (4.0 * change[_SAMPLES // 2] + change[-1])
            error = float(np.linalg.norm(weights @ change - coarse))
            passed = float(weights @ np.linalg.norm(change, axis=1))
            if error > _TOLERANCE * passed + _NEGLIGIBLE * size:
                return False
        return True

    def resting(self, t: float, stop: float) -> bool:
        """Whether no drive moves any more from t to the end of a run.

        Times follow the golden ratio, so that no period of a drive falls in with them.
        """
        times: Array = t + (stop - t) * (np.arange(_SAMPLES, dtype=float) * _GOLDEN % 1.0)
        for values, size in self._sampled(times):
            moved = float(np.abs(values - values[0]).max())
            if moved > _SETTLED * float(np.abs(values).max()) + _NEGLIGIBLE * size:
                return False
        return True

    def limit(self, t: float, step: float) -> float:
        """The largest step, not above `step`, that resolves the drives from t on.

        It grows at most twofold from one step to the next.
        """
        if not (self.fields_move or self.texture_moves):
            return step
        step = min(step, 2.0 * self.last)
        while step > 0.0 and not self._resolved(t, step):
            step *= 0.5
        self.last = step
        return step
