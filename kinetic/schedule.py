"""When things are due: t_k = start + k·Δ, by multiplication, never by summing.

A run steps exactly onto the earliest due time of all its schedules.  Two times closer than
1e-9 Δ are one time: 3·0.1 and 0.3 differ in the last bit and must not make two records.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from kinetic.errors import InputError

_SAME = 1e-9
_MOST = 10_000_000


@dataclass
class Schedule:
    """Due times start, start + Δ, start + 2Δ, …  with a count of those already served.

    Parameters
    ----------
    start
        First due time.
    interval
        Δ > 0.
    count
        Number of due times served so far; the next one is start + count·Δ.
    """

    start: float
    interval: float
    count: int = field(default=0)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.interval) and self.interval > 0):
            raise InputError(f"an interval of {self.interval} is not above 0.")

    def due(self, index: int) -> float:
        """The due time number `index`: start + index·Δ."""
        return self.start + index * self.interval

    @property
    def tolerance(self) -> float:
        """Times closer than this are one time."""
        return _SAME * self.interval

    def next_due(self, after: float) -> float:
        """The first due time later than `after`."""
        return self.due(self._served_by(after))

    def reached(self, time: float) -> bool:
        """Whether the next due time has come."""
        return self.due(self.count) <= time + self.tolerance

    def serve(self, time: float) -> None:
        """Count all due times up to `time` as served."""
        self.count = self._served_by(time)

    def state(self) -> int:
        """What a checkpoint must hold."""
        return self.count

    def restore(self, state: int, time: float) -> None:
        """Take back a state; if Δ has changed since, count again from `time`."""
        agrees = self._served_by(time) == state
        self.count = state if agrees else self._served_by(time)

    def _served_by(self, time: float) -> int:
        if time < self.start - self.tolerance:
            return 0
        index = max(0, math.floor((time - self.start) / self.interval))
        while self.due(index) <= time + self.tolerance:
            index += 1
        while index > 0 and self.due(index - 1) > time + self.tolerance:
            index -= 1
        return index


def next_target(schedules: Iterable[Schedule], time: float, stop: float) -> float:
    """Where the next steps must land: the earliest due time after `time`, or `stop`.

    A due time that coincides with `stop` to 1e-9 Δ is replaced by it.
    """
    target = stop
    for schedule in schedules:
        due = schedule.next_due(time)
        if due < target and stop - due > schedule.tolerance:
            target = due
    return target


def check_interval(interval: float, span: float, where: str) -> None:
    """Refuse a Δ that is not positive or that makes more than ten million due times."""
    if interval <= 0:
        raise InputError(f"{where} = {interval} is not allowed: it must be above 0.")
    if span / interval > _MOST:
        raise InputError(
            f"{where} = {interval} makes {span / interval:.1e} records in this run; "
            f"at most {_MOST:.0e} are allowed: choose a longer interval."
        )
