"""A system in time: the stages of a step and the ledger of charge.

A step is made of the stages of its tableau; the ledger (outflow through every open face,
Faraday inflow) is advanced with the same weights, so that it closes to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from kinetic.collisions.together import Together
from kinetic.device import Device
from kinetic.drives import Drives
from kinetic.errors import KineticError, PhysicsError
from kinetic.flow import Flow
from kinetic.grid import Array
from kinetic.judgement import require_numbers, require_occupations
from kinetic.ledger import Ledger
from kinetic.mesh import Mesh
from kinetic.spaceflow import SpaceFlow
from kinetic.spacetransport import SpaceTransport
from kinetic.splitting import Splitting
from kinetic.state import State
from kinetic.stepping import TABLEAUX, Stepping, Tableau
from kinetic.system import System
from kinetic.transport import Transport

_RELAXED = 0.1  # step over relaxation time: a third-order stepper then follows to (0.1)³/24 per τ
_PATIENCE = 20.0  # times as many steps are made to follow a relaxation, not more
_WATCHED = 16  # steps from one look at runaway occupations to the next
_LOOKS = 5.0  # steps between two records, at least, where a relaxation is not followed


class Evolution(State):
    """The state of a system and its motion.

    Parameters
    ----------
    system
        What is simulated.
    stepping
        Stepper and step control.
    start
        Time of the initial state.
    stop
        End of the run if it is known: fields are looked at up to there for the validity figures.

    Attributes
    ----------
    time, steps
        Present time and number of steps made.
    every
        Time between looks at the state if it is known: collisions are followed between them.
    """

    every: float | None = None

    def __init__(
        self,
        system: System,
        stepping: Stepping | None = None,
        start: float = 0.0,
        stop: float | None = None,
    ) -> None:
        self.system, self.stepping = system, stepping or Stepping()
        self.start, self.stop, self.time, self.steps = start, stop, start, 0
        names = [axis.name for axis in system.grid.space]
        system.initial.check(system.valleys, system.grid.dimensions, names)
        self.mesh = Mesh(system.grid)
        self.device = Device(system.equation.threads)
        self.flow: Any
        self.transport: Any
        if system.grid.space:
            self.flow = SpaceFlow(system, self.mesh, self.device, start, stop)
            kind: Any = SpaceTransport
        else:
            self.flow = Flow(system, self.mesh, self.device, start, stop)
            kind = Transport
        self.transport = kind(self.flow, system.equation, system.initial, self.device)
        self.splitting: Splitting | None = None
        if self.stepping.composition is not None:
            self.splitting = Splitting(system, self.flow, self.transport, self.stepping)
        self.phase_space = (2.0 * np.pi * system.equation.hbar) ** system.grid.dimensions
        self.drives = Drives(system)
        self.sea_filled = self._has_sea()
        lower = self.transport.initial_occupation[0::2]
        self.filling = 1.0 if float(lower.mean()) > 0.5 else 0.0
        self.collisions: Together | None = None
        if system.collisions:
            self.collisions = Together(
                system, self.flow, self.transport, self.phase_space, self.node_regions
            )
        self.ledger = Ledger(system.valleys)
        self.mended = 0
        self.handed = np.zeros(len(self.flow.nodes))
        self.transport.occupy()
        self._rate: float | None = None
        self._implicit = False
        self.initial_charge = self.charge()
        self.initial_node_charges = self.node_charges()
        self.flow.release()
        self.transport.release()

    def _has_sea(self) -> bool:
        """Whether the lower band is filled at the open faces: then its sea has no end."""
        if self.system.bounded:
            return False
        f = self.transport.initial_occupation[0::2]
        ends = [
            np.take(f, (0, -1), axis=slot + 1).ravel()
            for slot in self.mesh.slots
            if not self.mesh.periodic[slot]
        ]
        return bool(not ends or np.concatenate(ends).mean() > 0.5)

    # --- the step ------------------------------------------------------------------------------

    @property
    def cells(self) -> int:
        """Cell updates per stage."""
        return int(self.transport.u.size)

    @property
    def stages(self) -> int:
        """Stages per step, or shifts along single axes."""
        if self.splitting is not None:
            return self.splitting.stages
        return len(self.tableau.stages)

    @property
    def tableau(self) -> Tableau:
        """What a step is made of at present: collisions that are too fast are solved for."""
        return TABLEAUX["imex"] if self._implicit else self.stepping.tableau

    def step_limit(self) -> float:
        """Largest step that the flow, the collisions and the user allow at the present time."""
        flow = self.flow
        flow.set_time(self.time)
        if self._rate is None or flow.moves:
            if self.splitting is not None:
                self._rate = self.splitting.rate
            else:
                self._rate = flow.fastest(self.transport.dressing)
        method = self.stepping.composition or self.stepping.tableau
        limit = np.inf
        if self._rate > 0.0:
            limit = self.stepping.courant * method.coefficient / self._rate
        if self.stepping.step is not None:
            limit = min(limit, self.stepping.step)
        limit = self._followed(limit)
        if flow.nodes_move and (rate := flow.node_rate()) > 0.0:
            limit = min(limit, 0.25 / rate)
        return float(limit)

    def _followed(self, limit: float) -> float:
        """The step with which collisions are followed; settles how they are stepped."""
        self._implicit = False
        if self.collisions is None:
            return limit
        self._implicit = self.stepping.tableau.implicit
        fastest, given = self.collisions.fastest, self.stepping.step is not None
        if fastest == 0.0 or self._implicit:
            return limit
        resolved = (1.0 if given else _RELAXED) * self.stepping.courant / fastest
        if self.stepping.open:
            coarse = limit if given else min(limit, self._span / _LOOKS)
            self._implicit = coarse > (1.0 if given else _PATIENCE) * resolved
        return coarse if self._implicit else min(limit, resolved)

    @property
    def _span(self) -> float:
        """Time between looks at the state, or of the whole run; infinite if none is known."""
        if self.every is not None:
            return self.every
        return np.inf if self.stop is None else self.stop - self.start

    def advance(self, target: float) -> None:
        """Make one step, not beyond `target`; steps up to it are of equal length.

        Raises
        ------
        PhysicsError
            If the step collapses, a value stops being a number, or a bound cannot be kept.
            The state is then that of the last completed step.
        """
        remaining = target - self.time
        if remaining <= 0.0:
            return
        self.flow.set_time(self.time)
        if self.flow.nodes_move:
            self._follow_nodes()
        limit = self.step_limit()
        if self.stepping.step is None:
            limit = self.drives.limit(self.time, min(limit, remaining))
        if not np.isfinite(self._rate or 0.0) or limit <= 0.0:
            raise PhysicsError(
                f"at t = {self.time:.6g} the flow is not finite: a gap closing has come onto a "
                "cell corner or D_s = 0; shift the grid, lower B or enlarge node_radius."
            )
        count = max(1.0, np.ceil(remaining / limit * (1.0 - 1e-12)))
        if remaining / count < 1e-12 * max(abs(target), abs(self.time), remaining):
            raise PhysicsError(
                f"at t = {self.time:.6g} the time step has collapsed to {remaining / count:.3g}:"
                " the flow empties a cell at once: a gap closing of the texture has come near or "
                "the fields are too strong; keep the gap open, lower E or B, or coarsen the grid."
            )
        step = remaining / count
        final = target if count == 1.0 else self.time + step
        self._step(step, final)
        self.time = final
        self.steps += 1

    def _follow_nodes(self) -> None:
        count = len(self.flow.nodes)
        self.transport.reglue(self.handed)
        if len(self.flow.nodes) != count:
            raise PhysicsError(
                f"at t = {self.time:.6g} a node has left the grid or met another one: from "
                f"{count} nodes there are {len(self.flow.nodes)}; the charge it carries is "
                "not defined beyond. Enlarge the grid, stop earlier, or set B = 0."
            )

    def _step(self, step: float, final: float) -> None:
        if self.splitting is not None:
            self._split_step(self.splitting, step, final)
            return
        transport, base = self.transport, self.transport.base
        base[...] = transport.u
        mixes = any(stage.mix for stage in self.tableau.stages)
        before = base.copy() if mixes else base
        dressing = transport.dressing.copy() if transport.dressing_moves else None
        if dressing is not None:
            transport.dressing_base[...] = dressing
        try:
            self._stages(step)
            if self.flow.moves:
                self.flow.set_time(final)
                transport.occupy()
            self._judge()
        except KineticError:
            transport.u[...] = before
            if dressing is not None:
                transport.dressing[...] = dressing
            self.flow.set_time(self.time)
            transport.occupy()
            raise
        self.ledger.commit()

    def _split_step(self, splitting: Splitting, step: float, final: float) -> None:
        try:
            leak = splitting.advance(self.time, step)
        except KineticError:
            self.flow.set_time(self.time)
            raise
        self.ledger.begin()
        self.ledger.stage(0.0, 1.0, 1.0, leak, 0.0)
        self.ledger.commit()
        self.mended += splitting.mended
        self.flow.set_time(final)
        self.transport.occupy()

    def _stages(self, step: float) -> None:
        transport, ledger = self.transport, self.ledger
        stages = self.tableau.stages
        ends = [*(stage.time for stage in stages[1:]), 1.0]
        collide: Callable[[float], Array] | None = None
        ledger.begin()
        for stage, end in zip(stages, ends, strict=True):
            if stage.mix is not None:
                _mix(transport.base, transport.u, *stage.mix)
                if transport.dressing_moves:
                    _mix(transport.dressing_base, transport.dressing, *stage.mix)
                ledger.mix(*stage.mix)
                transport.occupy()
            time = self.time + stage.time * step
            self.flow.set_time(time)
            share = stage.gamma * step
            if self._implicit:
                share = stage.kept * step
            else:
                collide = self._collide(time)
            weights = (stage.alpha, stage.beta, stage.gamma * step)
            leak = transport.stage(weights, collide, share)
            ledger.stage(*weights, leak, transport.faraday)
            ledger.scattered(transport.collided)
            if not self._implicit:
                self._bound()
            transport.occupy()
            if self._implicit:  # what an implicit stage starts from is no state: it has no bounds
                rate = self._solve(self.time + end * step, stage.solved * step)
                collide = partial(transport.scatter, rate)

    def _bound(self) -> None:
        if self.system.equation.limiter == "bounds":
            self.mended += self.transport.bound()

    def _solve(self, time: float, step: float) -> Array:
        """Collisions over an implicit stage; returns their rate at its end."""
        transport, collisions = self.transport, cast("Together", self.collisions)
        self.flow.set_time(time)
        if self.flow.moves:
            transport.occupy()
        rate = collisions.settle(step, time)
        self.ledger.scattered(transport.scatter(rate, step))
        self._bound()
        transport.occupy()
        return rate

    def _judge(self) -> None:
        """Refuse a state that is not a number, or a D_s that has lost its meaning."""
        require_numbers(self.transport.u, self.mesh, self.time)
        if self.collisions and self.steps % _WATCHED == 0:
            require_occupations(self.transport.u, self.time)
        if self.transport.dressing_moves:
            self.flow.check(self.transport.dressing)

    def _collide(self, time: float) -> Callable[[float], Array] | None:
        return None if self.collisions is None else self.collisions.change(time)

    # --- restart -------------------------------------------------------------------------------

    def state(self) -> dict[str, Array]:
        """Everything that a bitwise restart needs."""
        state: dict[str, Any] = {
            "u": self.transport.u,
            "dressing": self.transport.dressing,
            "ledger": self.ledger.total,
            "time": np.array(self.time),
            "steps": np.array(self.steps),
            "mended": np.array(self.mended),
            "handed": self.handed,
            "drive_step": np.array(self.drives.last),
            "glue_time": np.array(self.flow.glue_time),
        }
        return state | (self.collisions.state() if self.collisions else {})

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back a state that `state` handed over."""
        self.transport.u[...] = state["u"]
        self.transport.dressing[...] = state["dressing"]
        self.ledger.restore(np.array(state["ledger"]))
        self.time, self.steps = float(state["time"]), int(state["steps"])
        self.drives.last = float(state["drive_step"])
        self.mended, self.handed = int(state["mended"]), np.array(state["handed"])
        if self.collisions:
            self.collisions.restore(state)
        if self.flow.nodes_move:
            self.flow.set_time(float(state["glue_time"]))
            self.flow.follow_nodes()
            self.transport.take_glue()
        self.flow.set_time(self.time)
        self.transport.occupy()


def _mix(base: Array, value: Array, p: float, q: float, r: float, s: float) -> None:
    """u₀, u ← p u₀ + q u, r u₀ + s u."""
    mixed = r * base + s * value
    base *= p
    base += q * value
    value[...] = mixed
