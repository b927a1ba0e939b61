"""Split semi-Lagrangian steps: one axis after another, each by its own exact flow.

    f(t + Δt) = Π_i exp(−α_i Δt W^a ∂_a) f      where every W^a is constant along its own axis a

Free streaming, the kicks of e(r,t) and the rotation by b of a separable band are such flows: a
line moves as a whole by any distance (`kernels.shifts`).  Time is one more variable of the
composition, carried by a flow of its own.

The state holds averages over k cells, but a line of a k cell moves with the velocity of one k.
Within a step f is therefore held at points in k,

    p = C⁻¹ u ,   C = 1 + δ²/24 − 17 δ⁴/5760 ,

and u = C p at its end: C⁻¹C is the identity to rounding, so that steps add no error.  With
limiter = 'bounds' C = 1 + δ²/24 has positive weights, and u keeps the bounds of p.

An equilibrium is not split off here: it moves with the rest and stays to the order of the step.
Composition is of its full order where f is constant near open ends; within one shift of an end
through which something else enters it is of first order.

Source: Cheng and Knorr, J. Comput. Phys. 22, 330 (1976); for t as a variable Blanes and Casas,
A Concise Introduction to Geometric Numerical Integration (CRC Press, 2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError, PhysicsError
from kinetic.grid import Array
from kinetic.judgement import require_numbers
from kinetic.kernels import MP5
from kinetic.kernels.state import flag_rows, repair
from kinetic.lines import Filter, Line, at_points, scratch
from kinetic.rigid import rigid
from kinetic.transport import TOLERANCE, Transport

if TYPE_CHECKING:
    from kinetic.stepping import Stepping
    from kinetic.system import System

_SAME = 1e-12  # variation of a velocity along its line, relative to its largest value
_CLOCK = -1
_OTHERS = "take 'ssprk3' or 'ssprk104'"


class Splitting:
    """The split steps of a system.

    Parameters
    ----------
    system
        What is simulated.
    flow
        Velocities.
    transport
        The state.
    stepping
        Which composition.

    Attributes
    ----------
    mended
        Cells whose bounds could not be kept in the last step.

    Raises
    ------
    InputError
        If the system has terms that are not shifts along axes.
    """

    def __init__(
        self, system: System, flow: Any, transport: Transport, stepping: Stepping
    ) -> None:
        assert stepping.composition is not None
        self.system, self.flow, self.transport = system, flow, transport
        self.mesh, self.device = transport.mesh, transport.device
        self.composition, self.name = stepping.composition, stepping.stepper
        self.mended = 0
        self._check()
        self.limited = transport.scheme == MP5
        self.bounded = system.equation.limiter == "bounds"
        self._bounds: tuple[float, float] | None = None
        if self.limited:
            self._bounds = (0.0, 1.0) if self.bounded else (-np.inf, np.inf)
        self.filter = Filter(4 if self.bounded else 6)
        self._lay_lines()
        self._vary = np.zeros((len(self.lines), len(self.shape)), dtype=bool)
        self._refresh(InputError)
        self._choose_order()
        self._fill_beyond()
        self._allocate()

    # --- what can be split --------------------------------------------------------------------

    def _refuse(self, what: str, instead: str = _OTHERS) -> InputError:
        return InputError(f"[time] stepper = '{self.name}': {what}; {instead}.")

    def _check(self) -> None:
        system, transport, flow = self.system, self.transport, self.flow
        if system.collisions:
            raise self._refuse("collisions are not a shift along an axis")
        if system.equation.scheme not in ("linear5", "mp5"):
            raise self._refuse(
                f"there is no shift with scheme = '{system.equation.scheme}'",
                "take 'linear5' or 'mp5'",
            )
        for axis in system.grid.momentum:
            if not axis.uniform:
                raise self._refuse(
                    f"the cells of {axis.name} differ in width, and a shift needs equal ones"
                )
        if transport.dresses or np.any(flow.glued) or flow.faraday_rate() is not None:
            raise self._refuse(
                "D_s differs from 1 (a Berry curvature meets b, or a texture varies in space or "
                "time), which couples the axes"
            )
        for axis in system.grid.space:
            for end, side in zip(axis.sides, ("lower", "upper"), strict=True):
                if end.kind == "wall":
                    raise self._refuse(f"a wall at the {side} end of {axis.name} reflects")

    def _lay_lines(self) -> None:
        """One `Line` per axis, those of real space first."""
        mesh, count = self.mesh, len(self.mesh.sites)
        shape = (self.system.valleys, *mesh.sites, 2, *mesh.shape)
        self.shape = shape
        self.lines = [
            Line(axis, 1 + n, shape, 6 + 2 * self.flow.direction(n))
            for n, axis in enumerate(mesh.grid.space)
        ]
        for axis, slot in zip(mesh.grid.momentum, mesh.slots, strict=True):
            self.lines.append(Line(axis, 2 + count + slot, shape, 2 * slot))

    @property
    def momenta(self) -> list[Line]:
        """The lines along k axes."""
        return self.lines[len(self.mesh.sites) :]

    # --- velocities -----------------------------------------------------------------------------

    def _refresh(self, error: type[InputError] | type[PhysicsError] = PhysicsError) -> None:
        """Speeds of all lines at the time of the flow."""
        for n, line in enumerate(self.lines):
            speed = self._speed(n, line, error)
            for place, size in enumerate(speed.shape):
                if size > 1 and not self._vary[n, place]:
                    spread_ = np.ptp(speed, axis=place).max()
                    self._vary[n, place] = spread_ > _SAME * np.abs(speed).max()
            for other in self.momenta:
                if other is not line and self._vary[n, other.place]:
                    speed = at_points(speed, other.place, other.axis.periodic)
            line.speed[...] = line.per_line(speed)

    def _speed(self, n: int, line: Line, error: type[InputError] | type[PhysicsError]) -> Array:
        """Velocity in cells per time, with length 1 along its own axis."""
        velocity, apart = rigid(self.flow, self.mesh, n)
        largest = float(np.abs(velocity).max())
        name = line.axis.name
        if not np.isfinite(largest + apart):
            raise PhysicsError(
                f"at t = {self.flow.time:.6g} the velocity along {name} is not finite: "
                "a gap closing has come onto a cell corner; shift the grid."
            )
        if apart > _SAME * largest:
            share = f"by {apart / largest:.2g} of its value" if largest > 0.0 else "from zero"
            raise error(
                f"[time] stepper = '{self.name}': the velocity along {name} changes along {name} "
                f"itself ({share}), so that a line does not move as a whole; {_OTHERS}."
            )
        return velocity

    def _choose_order(self) -> None:
        """Groups of axes whose flows commute, and the parts of a step."""
        flow = self.flow
        # What depends on time may couple later what is not coupled now.
        certain = not flow.geometry_moves and not (flow.e_moves and flow.hbar)
        groups: list[list[int]] = []
        for n, line in enumerate(self.lines):
            if not flow.moves and not np.any(line.speed):
                continue
            joins = certain and bool(groups) and all(self._commute(n, m) for m in groups[-1])
            if joins:
                groups[-1].append(n)
            else:
                groups.append([n])
        self.groups = groups
        seen: Any = self._vary[[m for group in groups for m in group]].any(axis=0)
        self.filtered = [line for line in self.momenta if not certain or seen[line.place]]
        order = [*range(len(groups)), *([_CLOCK] if flow.moves else [])]
        parts: list[tuple[int, float]] = []
        for i, share in enumerate(self.composition.shares):
            for which in order if i % 2 == 0 else order[::-1]:
                if parts and parts[-1][0] == which:
                    parts[-1] = (which, parts[-1][1] + share)
                else:
                    parts.append((which, share))
        self.parts = parts if len(order) > 1 else [(which, 1.0) for which in order]
        for axis in self.mesh.grid.space:
            if not axis.periodic and any(share < 0.0 for _, share in self.parts):
                # All compositions beyond second order do.  (Sheng, IMA J. Numer. Anal. 9, 199)
                raise self._refuse(
                    "parts of its step go back in time, and what has left through the open ends "
                    f"of {axis.name} does not return",
                    "take 'split2', 'ssprk3' or 'ssprk104'",
                )

    def _commute(self, n: int, m: int) -> bool:
        """Whether two axes are of one space and neither speed depends on the other axis."""
        first, second = self.lines[n], self.lines[m]
        apart = self._vary[n, second.place] or self._vary[m, first.place]
        return first.axis.spatial == second.axis.spatial and not apart

    # --- what lies beyond the ends --------------------------------------------------------------

    def _fill_beyond(self) -> None:
        transport = self.transport
        for n, line in enumerate(self.lines):
            if line.axis.periodic:
                continue
            if line.axis.spatial:
                shores: Any = transport.shores  # type: ignore[attr-defined]
                ends = [shore.waiting + shore.rest for shore in shores.ends[n]]
                values = np.stack([np.stack([end] * 3) for end in ends])
            else:
                slot = line.face // 2
                given = transport.inflow[slot]
                if transport.split:
                    given = given + self._rest(slot)
                values = np.moveaxis(given, 0, 2)
            values = values.reshape(2, 3, *line.without)
            for other in self.filtered:
                if other is not line:
                    values = other.pointed(values, self.filter.pointing)
            line.beyond = np.ascontiguousarray(values).reshape(2, 3, line.outer, line.inner)

    def _rest(self, slot: int) -> Array:
        """The split-off equilibrium beyond an open k axis.  (band, side, layer, others)"""
        padded = self.transport.padded_equilibrium
        others = tuple(self.mesh.interior[other] for other in range(3) if other != slot)
        ends = np.moveaxis(padded, slot + 1, 1)[(slice(None), slice(None), *others)]
        return np.stack([ends[:, :3], ends[:, -3:]], axis=1)

    def _allocate(self) -> None:
        longest = max(line.axis.cells for line in self.lines)
        self._scratch = scratch(longest, len(self.filter.pointing), self.device.threads)
        self._crossing = np.zeros(2 * max(line.outer * line.inner for line in self.lines))
        self.small = self.transport.small
        self._sites_leak = np.zeros(self.flow.patches)
        self._marks = np.zeros(self.transport.u.shape[:3], dtype=bool)

    # --- the step ------------------------------------------------------------------------------

    @property
    def stages(self) -> int:
        """Shifts of the whole state per step."""
        return sum(len(self.groups[which]) for which, _ in self.parts if which != _CLOCK)

    @property
    def rate(self) -> float:
        """Farthest that a part of a step carries a line, in cells per length of the step."""
        self._refresh()
        moving = [share for which, share in self.parts if which != _CLOCK]
        speeds = [float(np.abs(line.speed).max()) for line in self.lines]
        return max(map(abs, moving), default=0.0) * max(speeds)

    def advance(self, time: float, step: float) -> Array:
        """One step of the densities; returns what has left through every face.  (12,)

        The state is changed only if the step succeeds.
        """
        transport, p = self.transport, self.transport.base
        p[...] = transport.u
        self.mended = 0
        self._convert(p, self.filter.pointing)
        self._bound(p)
        leak = np.zeros(12)
        self._sites_leak[...] = 0.0
        seen = None
        for now, group, share in self._schedule():
            if self.flow.moves and now != seen:
                self.flow.set_time(time + now * step)
                self._refresh()
                seen = now
            for n in group:
                leak += self._shift(p, self.lines[n], share * step)
        if not self.limited:
            self._bound(p)
        self._convert(p, self.filter.averaging)
        require_numbers(p, self.mesh, time)
        transport.u[...] = p
        if hasattr(transport, "site_leak"):
            transport.site_leak = self._sites_leak / step
        return leak

    def arrays(self) -> list[Array]:
        """All arrays of the lines."""
        held = [array for line in self.lines for array in (line.speed, line.beyond)]
        return [*held, self._crossing, *self._scratch]

    def _schedule(self) -> Iterator[tuple[float, list[int], float]]:
        """Parts of a step in order: when (as a share of the step), axes, how far."""
        now = 0.0
        for which, share in self.parts:
            if which == _CLOCK:
                now += share
            else:
                yield now, self.groups[which], share

    def _convert(self, p: Array, taps: Array) -> None:
        for line in self.filtered:
            line.convert(p, taps, self.device, self._scratch, self.small)

    def _bound(self, p: Array) -> None:
        """Bring 0 <= f <= 1 back where a start has steps within a cell, or no limiter acts."""
        if not self.bounded:
            return
        transport, marks = self.transport, self._marks
        self.device.launch(flag_rows, marks, p, transport.dressing, TOLERANCE, small=self.small)
        flagged = np.flatnonzero(marks)
        if len(flagged):
            where = (flagged, self.flow.glued, self.mesh.periodic, TOLERANCE)
            self.mended += int(repair(p, transport.dressing, self.mesh.volumes, *where))

    def _shift(self, p: Array, line: Line, span: float) -> Array:
        through = self._crossing[: 2 * line.outer * line.inner]
        through = through.reshape(2, line.outer, line.inner)
        extrapolated = line.axis.spatial and not self.limited
        line.move(
            p, span, through, self._bounds, extrapolated, self.device, self._scratch, self.small
        )
        leak = np.zeros(12)
        if line.axis.periodic:
            return leak
        cell = float(self.mesh.volumes.flat[0])
        content = cell * self.mesh.site_volume
        leak[line.face : line.face + 2] = content * through.sum(axis=(1, 2)) * [-1.0, 1.0]
        if not line.axis.spatial:
            lines = (through[1] - through[0]).reshape(self.flow.patches, -1)
            self._sites_leak += cell * lines.sum(axis=1)
        return leak


__all__ = ["Splitting"]
