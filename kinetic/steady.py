"""Steady states: when a run has come to rest, and how to get there in fewer steps.

    ‖∂ₜu‖ = Σ_s∫|u_s(t) - u_s(t - w)| / w

is the charge that changes its place in a window w of the run, per time.  Its scale is the largest
one of the run.  What decays as fast as the run began to move is then followed to `tolerance` of
its own size; a mode slower by a factor x is left with x times that.  Limiters at an edge sharper
than the cells keep some of them in motion, at 1e-5 or so of that scale: take a grid that
resolves the edge, or scheme = 'linear5'.

Anderson mixing takes the window for a map u → G(u) and goes on from

    u ← Σ_j α_j G(u_j) ,   Σ_j α_j = 1 ,   α = argmin ‖Σ_j α_j [G(u_j) - u_j]‖

over the last windows.  Since the α add up to 1, charge, ledger and whatever else is linear and
conserved stay what they are; time is then a count of steps, and the ledger closes without being
a history.
Source: Walker and Ni, SIAM J. Numer. Anal. 49, 1715 (2011), Algorithm AA.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.errors import InputError, suggestion
from kinetic.grid import Array
from kinetic.registry import Description
from kinetic.schedule import Schedule, check_interval

UNTIL = ("stop", "steady")
ACCELERATIONS = ("none", "anderson")
_DEPTH = 6  # windows that are mixed
_DEPENDENT = 1e-12  # of the Gram matrix of their residuals: directions below are dropped
_ASTRAY = 10.0  # growth of ‖∂ₜu‖ after which the windows before are forgotten
_OUTSIDE = 1e-2  # of an occupation: how far a mixture may leave its bounds and be mended
_ROUNDING = 8.0 * float(np.finfo(float).eps)
_SHARE = 0.75  # of the fastest relaxation time: the default window
_WINDOWS = 100  # in a run where nothing collides


@dataclass(frozen=True)
class Steadiness(Description):
    """‖∂ₜu‖ ≤ tolerance · max ‖∂ₜu‖: the end of a run that comes to rest

    Parameters
    ----------
    until
        'stop', or 'steady': the run ends when nothing moves any more, at `stop` at the latest.
        Fields that depend on time must have come to rest before.
    tolerance
        What ‖∂ₜu‖ = Σ_s∫|Δu_s|/w, the charge that changes its place per time, must have fallen
        to: a fraction of the largest one of the run.
    acceleration
        'anderson' mixes the ends of the last windows to the state from which the next one
        starts: fewer steps to the steady state, on a time axis that is no physical one.
    window
        Length w of a window (time); by default 3/4 of the fastest
        relaxation time, or a step where that is longer.
    """

    kind = "steady"

    until: str = "stop"
    tolerance: float = 1e-6
    acceleration: str = "none"
    window: float | None = None

    def __post_init__(self) -> None:
        for key, allowed in (("until", UNTIL), ("acceleration", ACCELERATIONS)):
            value = getattr(self, key)
            if value not in allowed:
                raise InputError(f"{key} = {value!r}: {suggestion(str(value), allowed)}")
        for key in ("tolerance", "window"):
            value = getattr(self, key)
            if value is None and key == "window":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0.0:
                raise InputError(f"{key} = {value!r} must be a number above 0.")
        if self.tolerance >= 1.0:
            raise InputError(f"tolerance = {self.tolerance} must lie below 1.")
        if self.until == "stop" and (self.acceleration != "none" or self.window is not None):
            key = "window" if self.acceleration == "none" else "acceleration"
            raise InputError(f"{key} belongs to until = 'steady'; a run until stop has none.")

    @property
    def wanted(self) -> bool:
        """Whether the run ends when it has come to rest."""
        return self.until == "steady"


class Settling:
    """Watches an evolution come to rest, and mixes its windows where that is asked for.

    Parameters
    ----------
    steadiness
        What is asked for.
    evolution
        What is watched, at its start.

    Attributes
    ----------
    schedule
        Ends of the windows, on which steps must land.
    tendency, largest
        ‖∂ₜu‖ of the last window, and the largest one (charge per time and volume).
    mixed
        How many windows began from a mixture.

    Raises
    ------
    InputError
        If the system cannot come to rest: exact dynamics, a Hamiltonian in motion, or a field
        that still moves in the last window.
    """

    def __init__(self, steadiness: Steadiness, evolution: Any) -> None:
        self.steadiness, self._evolution = steadiness, evolution
        equation = evolution.system.equation
        if equation.coherent:
            raise InputError(
                f"[time] until = 'steady': level '{equation.level}' is reversible and never "
                "comes to rest; take another level, or a stop alone."
            )
        if evolution.system.hamiltonian.time_dependent:
            raise InputError(
                "[time] until = 'steady': the Hamiltonian depends on time; leave 'until' out."
            )
        self.window = self._length()
        last = max(evolution.stop - self.window, evolution.time)
        if not evolution.drives.resting(last, evolution.stop):
            raise InputError(
                f"[time] until = 'steady': a field still moves at stop = {evolution.stop:.6g}, "
                "so that nothing comes to rest before; leave 'until' out, or take a later stop."
            )
        self.schedule = Schedule(evolution.start, self.window)
        self.schedule.serve(evolution.start)
        self.tendency = self.largest = float("inf")
        self.mixed, self._resting = 0, False
        self._since = float(evolution.start)
        self._begun: Array = evolution.transport.u.copy()
        self._ends: list[Array] = []
        self._residuals: list[Array] = []
        self._counts: list[Array] = []
        self._tendencies: list[float] = []

    def _content(self, change: Array) -> float:
        """Σ_s∫|u_s|."""
        mesh = self._evolution.mesh
        whole = float(np.sum(np.abs(change).sum(axis=0) * mesh.volumes))
        return float(mesh.site_volume * whole / self._evolution.phase_space)

    def _length(self) -> float:
        """The window: as asked for, or most of the fastest relaxation time."""
        evolution, asked = self._evolution, self.steadiness.window
        span = evolution.stop - evolution.start
        if asked is not None:
            if asked > span:
                raise InputError(f"[time] window = {asked} is longer than the run, {span:.6g}.")
            check_interval(asked, span, "[time] window")
            return float(asked)
        if evolution.collisions is None or evolution.collisions.fastest == 0.0:
            return float(span / _WINDOWS)
        step = min(float(evolution.step_limit()), span)
        return float(min(max(_SHARE / evolution.collisions.fastest, step), 0.1 * span))

    @property
    def steady(self) -> bool:
        """Whether ‖∂ₜu‖ is small enough, and no field moves any more."""
        bound = self.steadiness.tolerance * self.largest
        return self._resting and self.tendency <= max(bound, self._floor)

    @property
    def _floor(self) -> float:
        """What roundings alone can make of ‖∂ₜu‖."""
        return _ROUNDING * self._content(self._begun) / self.window

    def look(self) -> None:
        """At the end of a window measure ‖∂ₜu‖ and prepare the next one."""
        evolution = self._evolution
        if not self.schedule.reached(evolution.time):
            return
        self.schedule.serve(evolution.time)
        u, elapsed = evolution.transport.u, evolution.time - self._since
        residual = u - self._begun
        self.tendency = self._content(residual) / elapsed
        known = self.largest if np.isfinite(self.largest) else 0.0
        self.largest = max(known, self.tendency)
        self._resting = self._resting or evolution.drives.resting(evolution.time, evolution.stop)
        if self.steadiness.acceleration == "anderson" and self._resting and not self.steady:
            self._mix(residual)
        self._begun[...] = u
        self._since = float(evolution.time)

    # --- Anderson mixing ----------------------------------------------------------------------

    def _mix(self, residual: Array) -> None:
        """Go on from the mixture of the last windows that moves least."""
        evolution = self._evolution
        transport = evolution.transport
        if self._tendencies and self.tendency > _ASTRAY * min(self._tendencies):
            self._forget()
        self._tendencies.append(self.tendency)
        self._ends.append(transport.u.copy())
        self._residuals.append(residual)
        self._counts.append(np.concatenate([evolution.ledger.total.ravel(), evolution.handed]))
        for kept in (self._ends, self._residuals, self._counts, self._tendencies):
            del kept[:-_DEPTH]
        if len(self._ends) < 2:
            return
        weights = _weights(self._residuals)
        low, high = evolution.bounds()
        transport.u += _combined(self._ends, weights)
        if not self._bounded(min(low, 0.0), max(high, 1.0)):
            transport.u[...] = self._ends[-1]
            transport.occupy()
            self._forget()
            return
        counts = self._counts[-1] + _combined(self._counts, weights)
        places = evolution.ledger.total.size
        evolution.ledger.restore(counts[:places].reshape(evolution.ledger.total.shape))
        evolution.handed = counts[places:]
        transport.occupy()
        self.mixed += 1

    def _bounded(self, low: float, high: float) -> bool:
        """Whether the mixture keeps the bounds on f, mended where it leaves them by little."""
        evolution = self._evolution
        least, most = evolution.bounds()
        if least < low - _OUTSIDE or most > high + _OUTSIDE:
            return False
        if evolution.system.equation.limiter == "bounds":
            return int(evolution.transport.bound()) == 0
        return True

    def _forget(self) -> None:
        for kept in (self._ends, self._residuals, self._counts, self._tendencies):
            kept.clear()

    # --- what is told and kept ----------------------------------------------------------------

    def words(self) -> str:
        """‖∂ₜu‖ beside what it must fall to."""
        bound = self.steadiness.tolerance * self.largest
        return f"‖∂ₜu‖ = {self.tendency:.3g}, tolerance {bound:.3g}"

    def attributes(self) -> dict[str, Any]:
        """What a result says of its steadiness."""
        found: dict[str, Any] = {
            "tendency": self.tendency,
            "tendency_largest": self.largest,
            "tendency_meaning": f"charge that changes its place in a window of {self.window:.6g},"
            " per time and volume: the last one, and the largest one of the run",
            "steady": str(self.steady).lower(),
            "acceleration": self.steadiness.acceleration,
        }
        if self.steadiness.acceleration != "none":
            found["mixed_windows"] = self.mixed
            found["time_meaning"] = (
                "a count of steps: states were mixed on the way (Anderson), so only the last "
                "record is physical; the ledger closes but is no history"
            )
        return found

    def state(self) -> dict[str, Array]:
        """Everything that a bitwise restart needs."""
        numbers = [self.window, self.tendency, self.largest, self._since, float(self._resting)]
        state = {
            "steady.numbers": np.array([*numbers, float(self.mixed), self._floor]),
            "steady.served": np.array(self.schedule.state()),
            "steady.begun": self._begun,
        }
        if self._ends:
            state["steady.ends"] = np.array(self._ends)
            state["steady.residuals"] = np.array(self._residuals)
            state["steady.counts"] = np.array(self._counts)
            state["steady.tendencies"] = np.array(self._tendencies)
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back a state that `state` handed over."""
        numbers = [float(value) for value in state["steady.numbers"]]
        self.window, self.tendency, self.largest, self._since = numbers[:4]
        self._resting, self.mixed = bool(numbers[4]), int(numbers[5])
        self.schedule = Schedule(self._evolution.start, self.window)
        self.schedule.restore(int(state["steady.served"]), self._evolution.time)
        self._begun[...] = state["steady.begun"]
        self._forget()
        if "steady.ends" in state:
            self._ends = [np.array(value) for value in state["steady.ends"]]
            self._residuals = [np.array(value) for value in state["steady.residuals"]]
            self._counts = [np.array(value) for value in state["steady.counts"]]
            self._tendencies = [float(value) for value in state["steady.tendencies"]]


def at_rest(state: Mapping[str, Array], tolerance: float) -> bool:
    """Whether the state of a checkpoint is that of a run which has come to rest."""
    if "steady.numbers" not in state:
        return False
    _, tendency, largest, _, resting, _, floor = (float(x) for x in state["steady.numbers"])
    return bool(resting) and tendency <= max(tolerance * largest, floor)


def _weights(residuals: Sequence[Array]) -> Array:
    """β_j = argmin ‖r_n + Σ_j β_j (r_j - r_n)‖ over all but the last; α_n = 1 - Σβ."""
    last = residuals[-1]
    apart = [residual - last for residual in residuals[:-1]]
    gram = np.array([[float(np.sum(a * b)) for b in apart] for a in apart])
    toward = np.array([-float(np.sum(a * last)) for a in apart])
    size = np.sqrt(np.diag(gram))
    size[size == 0.0] = 1.0
    scaled = np.linalg.lstsq(gram / np.outer(size, size), toward / size, rcond=_DEPENDENT)[0]
    return np.asarray(scaled / size)


def _combined(values: Sequence[Array], weights: Array) -> Array:
    """Σ_j β_j (x_j - x_n)."""
    total = np.zeros_like(values[-1])
    for value, weight in zip(values[:-1], weights, strict=True):
        total += weight * (value - values[-1])
    return total
