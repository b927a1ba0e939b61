"""Level `moyal`: the exact von Neumann equation of the matrix Wigner function.

    iħ (∂ₜ + e·∂_k) n̂ = Ĥ ⋆ n̂ − n̂ ⋆ Ĥ ,   Ĥ = Σ parts

The flow of every part is exact; compositions of them have second, fourth or sixth order in the
step.  On periodic axes this is the dynamics of the torus of r and k, which does not commute, for
any ħ; open axes of real space end in layers that absorb.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kinetic.errors import InputError, PhysicsError
from kinetic.grid import Array, Axis
from kinetic.hamiltonians.base import MOMENTUM
from kinetic.quantum.absorber import Absorber
from kinetic.quantum.base import QuantumEvolution
from kinetic.quantum.flows import ExactFlow
from kinetic.quantum.parts import Parts
from kinetic.quantum.preparation import prepared
from kinetic.quantum.thermal import thermal
from kinetic.stepping import COMPOSITIONS, Composition, Stepping
from kinetic.system import System

_DEFAULT = "split6"
_TOLERANCE = 1e-10  # RMS error by the steps, relative to the state, per radian of Ĥ t/ħ
_CONTROLLED = 32  # every how many steps the error of a step is looked at
_TRIES = 12
_LOOKS = 33  # times at which the form of Ĥ is examined, if it moves
_SMALLEST = 1e-13  # error of a step, relative to the state, that rounding may be
_EDGE = 1e-3  # of the state, at an open cutoff: what is taken for its end
_KEPT = 1.8  # states of tables that may be kept,
_SLIGHT = 4e6  # or bytes of every part on small grids


class Moyal(QuantumEvolution):
    """A matrix Wigner function in exact motion; arguments as of `QuantumEvolution`."""

    def __init__(
        self,
        system: System,
        stepping: Stepping | None = None,
        start: float = 0.0,
        stop: float | None = None,
    ) -> None:
        super().__init__(system, stepping, start, stop)
        self.composition = self._composition()
        if system.equation.dephasing is not None:
            raise InputError(
                f"[equation] dephasing = {system.equation.dephasing}: it is for homogeneous runs "
                "without b, in which every momentum is by itself; take it out."
            )
        for axis in system.grid.axes:
            if not axis.uniform:
                raise InputError(
                    f"[grid] the cells of {axis.name} differ in width: level 'moyal' needs equal "
                    "cells; give lower, upper and cells alone."
                )
        self.b = system.fields.magnetic(start) if self.fields.magnetic_uniform else np.zeros(3)
        end = start if stop is None or not system.hamiltonian.time_dependent else stop
        looks = np.unique(np.linspace(start, end, _LOOKS))
        self.parts = Parts(system, self.fields, self.b, [float(t) for t in looks])
        self.n = np.zeros((system.valleys, 4, *system.grid.shape))
        axes = system.grid.axes
        self.flows = [
            ExactFlow(part, self.parts, axes, self.hbar, self.device) for part in self.parts.parts
        ]
        self._prepare()
        for flow in self.flows:
            flow.room = max(_KEPT * self.n.nbytes / len(self.flows), _SLIGHT)
        self.absorber = Absorber(self)
        driven = not self.fields.drive_constant
        moving = [flow.moves or (driven and bool(flow.part.pushed)) for flow in self.flows]
        self.operations = _merged(self.composition, moving)
        self._moving = any(moving)
        self.step = self._first_step()
        self._since = 0

    def _composition(self) -> Composition:
        name = self.stepping.stepper or _DEFAULT
        if name not in COMPOSITIONS:
            raise InputError(
                f"[time] stepper = '{name}': level 'moyal' is made of exact flows; take "
                f"{', '.join(COMPOSITIONS)}, or leave it out."
            )
        return COMPOSITIONS[name]

    def _prepare(self) -> None:
        preparation = self.system.equation.preparation
        if preparation == "exact":
            n = thermal(self)
            lower = self.projections(n)[:, 0]
        else:
            n, lower = prepared(self, preparation == "coherent")
        self._start(n, lower)
        self._check_cutoff(n)
        self.n[...] = n
        self.initial_charge = self.charge()

    def _check_cutoff(self, n: Array) -> None:
        """Refuse a state that reaches an open end of a momentum axis: it would come round."""
        largest = float(np.abs(n).max())
        for place, axis in enumerate(self.system.grid.axes):
            if axis.spatial or axis.periodic or not self._carried(axis.name):
                continue
            ends = float(np.abs(np.take(n, (0, -1), axis=2 + place)).max())
            if ends > _EDGE * largest:
                raise InputError(
                    f"[initial] the state reaches the ends of {axis.name} with {ends:.2g}: level "
                    "'moyal' transforms along it and needs it empty there; widen the axis or, "
                    "for a filled sea, take a lattice model, whose zone closes on itself."
                )

    def _carried(self, name: str) -> bool:
        """Whether a part transforms along an axis."""
        return any(name in part.partners for part in self.parts.parts)

    def _transforms(self, axis: Axis) -> bool:
        return axis.periodic or self._carried(axis.name)

    # --- reading ------------------------------------------------------------------------------

    def wigner(self) -> Array:
        """n_μ at the centres of the cells.  (valley, 4, *r, *k)"""
        return self.n

    # --- the step -----------------------------------------------------------------------------

    @property
    def stages(self) -> int:
        """Exact flows per step."""
        return len(self.operations)

    def _first_step(self) -> float:
        """A step to begin with, which the control of the error then adapts."""
        spans = [high - low for low, high in (flow.bounds(self.time) for flow in self.flows)]
        self._radians = max(0.5 * sum(spans) / self.hbar, 1e-300)
        if self.stepping.step is not None:
            return float(self.stepping.step)
        reach = sorted(spans)[-2:]
        rate = float(np.sqrt(np.prod(reach))) if len(reach) > 1 else 0.0
        if rate == 0.0:
            rate = max([*spans, 1e-300]) if self._moving else 0.0
        return self.composition.order * self.hbar / rate if rate > 0.0 else np.inf

    def step_limit(self) -> float:
        """Largest step at the present time."""
        return min(self.step, self.absorber.limit)

    def advance(self, target: float) -> None:
        """Make one step, not beyond `target`; steps up to it are of equal length.

        Raises
        ------
        InputError
            If Ĥ is not finite at a shifted coordinate, or no longer a sum of parts.
        PhysicsError
            If no step is small enough.  The state is then that of the last step.
        """
        remaining = target - self.time
        if remaining <= 0.0:
            return
        if self._moving and self._since % _CONTROLLED == 0:
            self.parts.verify(self.time)
        limit = min(self.step, self.absorber.limit)
        fixed = self.stepping.step is not None
        if not fixed:
            limit = self.drives.limit(self.time, min(limit, remaining))
        splits = len(self.flows) > 1 or self._moving
        controlled = not fixed and splits and self._since % _CONTROLLED == 0
        if controlled:
            self._control(min(limit, remaining), target)
            return
        count = max(1.0, np.ceil(remaining / limit * (1.0 - 1e-12)))
        step = remaining / count
        self._move(self.n, self.time, step)
        self._finish(target if count == 1.0 else self.time + step, step)

    def _finish(self, time: float, step: float) -> None:
        self.absorbed += self.absorber.absorb(self.n, step)
        self.time = time
        self.steps += 1
        self._since += 1
        if not np.isfinite(self.n.ravel()[:: max(1, self.n.size // 1000)].sum()):
            raise InputError(
                f"at t = {time:.6g} the matrix Wigner function is no longer a number: Ĥ is not "
                "finite at a shifted coordinate; smooth the potential or the Hamiltonian."
            )

    def _control(self, step: float, target: float) -> None:
        """A step of the right length: one against two halves of it tell the error."""
        before = self.n.copy()
        size = float(np.sqrt(np.mean(before**2))) or 1.0
        order = self.composition.order
        for _ in range(_TRIES):
            whole = before.copy()
            self._move(whole, self.time, step)
            self.n[...] = before
            for half in (0.0, 0.5):
                self._move(self.n, self.time + half * step, 0.5 * step)
            whole -= self.n
            error = float(np.sqrt(np.mean(whole**2))) / size
            allowed = max(_TOLERANCE * step * self._radians, _SMALLEST)
            ratio = (allowed / max(error, 1e-300)) ** (1.0 / order)
            if np.isfinite(error) and ratio >= 0.7:
                break
            step *= 0.5 if not np.isfinite(ratio) else max(0.1, 0.8 * ratio)
        else:
            self.n[...] = before
            raise PhysicsError(
                f"at t = {self.time:.6g} no step of {step:.3g} or more keeps its error below "
                f"{_TOLERANCE:g} per radian: the Hamiltonian or its drive jumps there; smooth "
                "it, or give [time] step."
            )
        self.step = self.stepping.courant * step * min(2.0, ratio)
        final = target if abs(target - self.time - step) < 1e-12 * step else self.time + step
        self._finish(final, step)

    def _move(self, n: Array, t: float, step: float) -> None:
        """One step of the composition."""
        for index, share, when in self.operations:
            now = t + when * step
            flow = self.flows[index]
            force = self._force(now) if flow.part.pushed else {}
            flow.advance(n, now, share * step, force)

    def _force(self, t: float) -> dict[str, float]:
        """The uniform force e by the names of the momenta."""
        e = self.fields.drive_at({}, t)
        return {name: float(value) for name, value in zip(MOMENTUM, e, strict=True)}

    # --- restart ------------------------------------------------------------------------------

    def state(self) -> dict[str, Array]:
        """Everything that a bitwise restart needs."""
        return {
            "n": self.n,
            "time": np.array(self.time),
            "steps": np.array(self.steps),
            "since": np.array(self._since),
            "step": np.array(self.step),
            "absorbed": np.array(self.absorbed),
            "drive_step": np.array(self.drives.last),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back a state that `state` handed over."""
        self.n[...] = state["n"]
        self.time, self.steps = float(state["time"]), int(state["steps"])
        self._since, self.step = int(state["since"]), float(state["step"])
        self.absorbed, self.drives.last = float(state["absorbed"]), float(state["drive_step"])

    def held(self) -> dict[str, int]:
        """Bytes of what is kept between steps, by name."""
        return {"state": self.n.nbytes, "tables": sum(flow.held for flow in self.flows)}


def _merged(composition: Composition, moving: list[bool]) -> list[tuple[int, float, float]]:
    """Flows of a step as (part, share, when in the step), neighbours of one part in one.

    χ(α) carries the time by α and then the parts one after another, χ*(α) undoes that order.
    """
    found: list[tuple[int, float, float]] = []
    when = 0.0
    parts = range(len(moving))
    for count, share in enumerate(composition.shares):
        forwards = count % 2 == 0
        when += share if forwards else 0.0
        for part in parts if forwards else reversed(parts):
            if found and found[-1][0] == part and (not moving[part] or found[-1][2] == when):
                found[-1] = (part, found[-1][1] + share, found[-1][2])
            else:
                found.append((part, share, when))
        when += 0.0 if forwards else share
    return found
