"""A homogeneous system whose e is exchanged for small steps, and what it answers.

e is switched on at the start and stays.  Of the current the part odd in e is kept,

    S_ij(t) = [j_i(t; e_j) - j_i(t; -e_j)]/2e_j ,   σ_ij(ω) = S_ij(0) + ∫₀^∞ dt e^{iωt} ∂ₜS_ij ,

so that ∂ₜS is the answer to a kick, S(0) the instantaneous one (the anomalous velocity), and S at
late times the static conductivity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.assembly import assemble, load
from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.response.gradient import Gradient

Notice = Callable[[float, str], None]
SAMPLES = 400
_SHIFT = 0.02  # of the width of the distribution: how far e carries it in the whole run
_STEP_ORDER = 2  # of the steppers at least, implicit ones included
_STEPPING = ("stepper", "courant", "step")


@dataclass(frozen=True)
class Steps:
    """Answers to a step of a force along one direction.

    Parameters
    ----------
    times
        Since the step.  (n)
    value
        Odd part per unit of the force: j, then j_ε - μj where it was asked for.  (n, component)
    linearity, stepping
        Estimated errors of it from a force and a time step twice as large.  (n, component)
    even
        Largest even part, relative to the largest odd one.
    """

    times: Array
    value: Array
    linearity: Array
    stepping: Array
    even: float


class Probe:
    """The system of a run file, without its e and with what is put in its place.

    Parameters
    ----------
    run
        Tables of the run file; objects may stand for them.
    samples
        Instants at which the answer is looked at.
    force
        Size of e; by default it carries the distribution by 2 % of its width in the whole run.
    errors
        Whether a smaller force and a smaller step are run as well.
    notice
        Told the number of traces made and what is being done.

    Raises
    ------
    InputError
        If the system is not homogeneous or not at rest.
    """

    def __init__(
        self,
        run: Mapping[str, Any],
        samples: int = SAMPLES,
        force: float | None = None,
        errors: bool = True,
        notice: Notice | None = None,
    ) -> None:
        tables = {key: value for key, value in run.items() if key not in ("output", "title")}
        time = {
            k: v for k, v in run.get("time", {}).items() if k in ("start", "stop", *_STEPPING)
        }
        assembly = assemble({**tables, "time": time})
        self.pieces = dict(assembly.pieces)
        self.start, self.stop, self.samples = assembly.start, assembly.stop, samples
        self.errors, self._notice, self._time = errors, notice, time
        self._require()
        self.b = self.pieces["fields"].magnetic(self.start)
        self.names = [axis.name[1] for axis in self.pieces["grid"].momentum]
        self.dimensions = len(self.names)
        load("observables")
        rest = self.evolution()
        self.hbar = float(self.pieces["equation"].hbar)
        self.width = _width(rest)
        self.cut_sea = _cut_sea(rest)
        self.force = force or _SHIFT * self.width / (self.stop - self.start)
        self.reservoirs = [
            self.pieces["initial"].reservoir(valley) for valley in range(rest.system.valleys)
        ]
        self._traces: dict[Any, tuple[Array, int]] = {}

    @property
    def span(self) -> float:
        """How long an answer is followed."""
        return float(self.stop - self.start)

    def _require(self) -> None:
        """Refuse what has no linear response of this kind."""
        pieces = self.pieces
        if pieces["grid"].space:
            raise InputError(
                "a response is that of a homogeneous system: leave out the axes "
                f"{', '.join(axis.name for axis in pieces['grid'].space)} of [grid]."
            )
        if pieces["equation"].coherent:
            raise InputError(
                "a response is made of occupations, which level "
                f"'{pieces['equation'].level}' does not evolve: "
                "take [equation] level = 'dressed', 'projected' or 'boltzmann'."
            )
        if pieces["hamiltonian"].time_dependent:
            raise InputError("a response needs a Hamiltonian at rest; this one depends on time.")
        if not pieces["fields"].magnetic_constant:
            raise InputError("a response needs a constant B; it depends on time here.")

    def evolution(
        self,
        force: Any = (0.0, 0.0, 0.0),
        magnetic: Any = None,
        step: float | None = None,
        sources: tuple[Any, ...] = (),
        collide: bool = True,
    ) -> Any:
        """The system in other fields, at its start."""
        b = list(self.b if magnetic is None else magnetic)
        fields = {"E": [float(x) for x in force], "B": [_plain(x) for x in b]}
        time = dict(self._time) if step is None else {**self._time, "step": step}
        collisions = [*self.pieces["collisions"], *sources] if collide else []
        kept = ("grid", "hamiltonian", "initial", "equation")
        run = {name: self.pieces[name] for name in kept}
        run |= {"fields": fields, "time": time, "collisions": collisions}
        return assemble(run).evolution()

    # --- traces -------------------------------------------------------------------------------

    def _trace(
        self, direction: int, size: float, b: Array, heat: bool, half: bool, thermal: bool
    ) -> Array:
        """j, and j_ε - μj if so asked, after a step of the force.  (n, component)"""
        key = (direction, size, tuple(b), heat, half, thermal)
        if key in self._traces:
            return self._traces[key][0]
        step = None
        if half:
            steps = self._traces[(*key[:4], False, thermal)][1]
            step = 0.5 * self.span / steps
        if self._notice is not None:
            kind = "∇T" if thermal else "e"
            self._notice(len(self._traces), f"{kind} along {self.names[direction]}")
        force, sources = np.zeros(3), tuple[Any, ...]()
        if thermal:
            sources = (self._gradient(direction, size, b),)
        else:
            force[direction] = size
        evolution = self.evolution(force, b, step, sources)
        values = self._followed(evolution, heat)
        self._traces[key] = values, int(evolution.steps)
        return values

    def _gradient(self, direction: int, size: float, b: Array) -> Any:
        """The source that stands for a gradient of the temperature, -∇T/T = size."""
        return Gradient(self.evolution(magnetic=b), direction, size, *self.bath())

    def _followed(self, evolution: Any, heat: bool) -> Array:
        """Currents at equally spaced times."""
        from kinetic.observables.base import Observable
        from kinetic.registry import construct, find

        names = ("current", "energy_current") if heat else ("current",)
        where = "kinetic response"
        recorders = [
            construct(find(Observable, name, where), {}, where).build(evolution) for name in names
        ]
        rows = []
        for n in range(self.samples + 1):
            due = self.start + self.span * n / self.samples
            while evolution.time < due:
                evolution.advance(due)
            found = [
                recorder.measure()[name] for recorder, name in zip(recorders, names, strict=True)
            ]
            if heat:
                found[1] = found[1] - self.bath()[0] * found[0]
            rows.append(np.concatenate(found))
        return np.array(rows)

    def bath(self) -> tuple[float, float]:
        """μ and T of the equilibrium, the same in all valleys.

        Raises
        ------
        InputError
            If the initial state has none.
        """
        found = set(self.reservoirs)
        if len(found) != 1 or None in found or self.reservoirs[0][1] <= 0.0:
            raise InputError(
                "thermoelectric responses are those of one μ and one T > 0: "
                "take [initial] name = 'fermi_dirac' with a temperature."
            )
        mu, temperature = self.reservoirs[0]
        return float(mu), float(temperature)

    def answer(
        self,
        direction: int,
        b: Array | None = None,
        heat: bool = False,
        thermal: bool = False,
        errors: bool | None = None,
    ) -> Steps:
        """What a step of e, or of -∇T/T, along a direction is answered by."""
        field = self.b if b is None else np.asarray(b, dtype=float)
        careful = self.errors if errors is None else errors
        size = 0.5 * self.force

        def odd(force: float) -> tuple[Array, Array]:
            ahead = self._trace(direction, force, field, heat, False, thermal)
            behind = self._trace(direction, -force, field, heat, False, thermal)
            return 0.5 * (ahead - behind) / force, 0.5 * (ahead + behind)

        value, mean = odd(size)
        linearity, stepping = np.zeros_like(value), np.zeros_like(value)
        if careful:
            linearity = (odd(2.0 * size)[0] - value) / 3.0
            finer = self._trace(direction, size, field, heat, True, thermal)
            share = 2.0**_STEP_ORDER / (2.0**_STEP_ORDER - 1.0)
            stepping = share * (value - (finer - mean) / size)
        largest = float(np.abs(value).max()) * size
        even = float(np.abs(mean - mean[0]).max()) / largest if largest else 0.0
        times = self.span * np.arange(self.samples + 1) / self.samples
        return Steps(times, value, linearity, stepping, even)


def _plain(value: Any) -> Any:
    return value if isinstance(value, dict) else float(value)


def _cut_sea(evolution: Any) -> bool:
    """Whether a filled band with Berry curvature goes on beyond an open end of the grid."""
    mesh = evolution.mesh
    ends = any(not mesh.periodic[slot] for slot in mesh.slots)
    curved = evolution.system.equation.berry and mesh.dimensions > 1
    return bool(evolution.sea_filled and curved and ends)


def _width(evolution: Any) -> float:
    """Range of f over its steepest slope: how far it may be carried and stay the same."""
    f, mesh = evolution.transport.occupation(), evolution.mesh
    steepest, extent = 0.0, np.inf
    for axis, slot in zip(evolution.system.grid.momentum, mesh.slots, strict=True):
        distances = np.diff(axis.centres)
        shape = [1, 1, 1, 1]
        shape[slot + 1] = -1
        slope = np.diff(f, axis=slot + 1) / distances.reshape(shape)
        steepest = max(steepest, float(np.abs(slope).max(initial=0.0)))
        extent = min(extent, float(axis.edges[-1] - axis.edges[0]))
    rise = float(f.max() - f.min())
    return min(rise / steepest, extent) if steepest > 0.0 else extent
