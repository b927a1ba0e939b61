"""How fast the drives change: steps short enough for e(t), b(t) and the parameters.

A step Δt resolves a drive X(t) if the three-point quadrature of the stepper,
(Δt/6)[X(t) + 4X(t + Δt/2) + X(t + Δt)], agrees with a fine one to a millionth of ∫|X - X(t)|.
The flow at the present time does not know what comes; this looks ahead over the whole step.
"""

from __future__ import annotations

import numpy as np

from kinetic.grid import Array
from kinetic.system import System

_SAMPLES = 65
_TOLERANCE = 1e-6
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
        fields = system.fields
        self.fields_move = not (fields.electric_constant and fields.magnetic_constant)
        self.texture_moves = system.hamiltonian.time_dependent
        axes = system.grid.momentum
        self._k = np.meshgrid(
            *(np.quantile(axis.centres, (0.11, 0.47, 0.83)) for axis in axes),
            indexing="ij",
            sparse=True,
        )
        self._width = min(float(axis.widths.min()) for axis in axes)
        self.last = np.inf

    def _sampled(self, times: Array) -> list[tuple[Array, float]]:
        """Drives at given times, each with the size below which it does not matter."""
        found: list[tuple[Array, float]] = []
        fields = self.system.fields
        if self.fields_move:
            electric = np.array([fields.electric(t) for t in times])
            magnetic = np.array([fields.magnetic(t) for t in times])
            found += [(electric, self._width), (magnetic, self._width**2)]
        if self.texture_moves:
            for valley in range(self.system.valleys):
                rows = []
                for t in times:
                    scalar, vector = self.system.hamiltonian.values(valley, self._k, float(t))
                    rows.append(np.concatenate([scalar.ravel(), vector.ravel()]))
                values = np.array(rows)
                found.append((values, float(np.linalg.norm(values[0])) + 1e-300))
        return found

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
