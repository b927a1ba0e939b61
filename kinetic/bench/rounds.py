"""One case: bandwidth, the program's steps and its rivals, in turns within one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kinetic.bench.bandwidth import Bandwidth
from kinetic.bench.plain import Frozen, Plain
from kinetic.bench.yardsticks import Yardstick, advance, traffic, use_threads

_ALPHA, _BETA = 0.75, 0.25


@dataclass
class Measured:
    """Medians of one yardstick and scheme.

    Attributes
    ----------
    seconds
        Per stage of the program, by number of threads; `plain` and `jax` beside it.
    copy, triad
        Bytes per second, by number of threads.
    paired
        Median of seconds times triad of the same round: bytes that a triad would have moved in
        a stage's time, by number of threads.
    speedup
        Median of one thread's seconds over those of all threads in the same round.
    traffic
        Bytes per cell and stage of each pass.
    deviation
        Largest difference to plain numpy after one stage.
    beside
        Seconds per stage of the program on the grid of its rivals, where that is a smaller one.
    growth
        (title, cells, seconds per stage) of smaller grids, one thread.
    memory
        See `fresh.memory`.
    """

    yardstick: Yardstick
    scheme: str
    cells: int
    seconds: dict[int, float]
    copy: dict[int, float]
    triad: dict[int, float]
    paired: dict[int, float]
    speedup: float
    traffic: dict[str, float]
    deviation: float
    plain: float | None = None
    jax: float | None = None
    beside: float | None = None
    growth: list[tuple[str, int, float]] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)

    def rate(self, threads: int) -> float:
        """Cell updates per second and stage."""
        return self.cells / self.seconds[threads]

    def share(self, threads: int, moved: float | None = None) -> float:
        """Fraction of triad at `moved` bytes per cell and stage, by default those counted."""
        moved = sum(self.traffic.values()) if moved is None else moved
        return moved * self.cells / self.paired[threads]


def measure(
    yardstick: Yardstick,
    scheme: str,
    threads: int,
    bandwidth: Bandwidth,
    jax: Any,
    budget: float,
) -> Measured:
    """Measure one yardstick with one scheme.

    Parameters
    ----------
    threads
        Threads of the parallel figures; one thread is measured beside them.
    jax
        The module, or None.
    budget
        Seconds that the rounds may take; three rounds are made at least, nine at most.
    """
    evolution = yardstick.evolution(scheme, threads)
    advance(evolution)
    beside = evolution
    if yardstick.rivals != yardstick:
        beside = yardstick.rivals.evolution(scheme, 1)
        advance(beside)
    frozen = Frozen.of(beside.transport)
    plain = Plain(frozen)
    deviation = _deviation(beside, plain)
    counts = sorted({1, threads})
    samples: dict[tuple[str, int], list[float]] = {}
    stages = evolution.stages

    def timed(key: tuple[str, int], work: Callable[[], Any], share: int = 1) -> None:
        begun = time.perf_counter()
        work()
        samples.setdefault(key, []).append((time.perf_counter() - begun) / share)

    def program(count: int) -> None:
        use_threads(evolution, count)
        timed(("step", count), lambda: advance(evolution), stages)

    u, base = beside.transport.u.copy(), beside.transport.u.copy()
    gamma = _BETA * beside.step_limit()
    rivals: list[tuple[str, Callable[[], Any]]] = [
        ("plain", lambda: _plain_stage(plain, u, base, gamma))
    ]
    if beside is not evolution:
        rivals.append(("beside", lambda: advance(beside)))
    if jax is not None and not yardstick.space:
        from kinetic.bench import padslice

        stage = padslice.build(jax, frozen)
        ours = jax.device_put(base)
        stage(ours, ours, _ALPHA, _BETA, gamma)
        rivals.append(("jax", lambda: stage(ours, ours, _ALPHA, _BETA, gamma)))
    for count in counts:
        program(count)
    samples.clear()
    begun = time.perf_counter()
    for turn in range(9):
        for count in counts:
            samples.setdefault(("copy", count), []).append(bandwidth.copy(count))
            samples.setdefault(("triad", count), []).append(bandwidth.triad(count))
            program(count)
        if turn < 3:
            for name, work in rivals:
                timed((name, 0), work)
        if turn >= 2 and time.perf_counter() - begun > budget:
            break
    paired = {
        count: statistics.median(
            seconds * triad
            for seconds, triad in zip(
                samples["step", count], samples["triad", count], strict=True
            )
        )
        for count in counts
    }
    speedup = statistics.median(
        one / all_ for one, all_ in zip(samples["step", 1], samples["step", threads], strict=True)
    )
    median = {key: statistics.median(values) for key, values in samples.items()}
    use_threads(evolution, threads)
    same = beside is evolution
    return Measured(
        yardstick,
        scheme,
        evolution.cells,
        {count: median["step", count] for count in counts},
        {count: median["copy", count] for count in counts},
        {count: median["triad", count] for count in counts},
        paired,
        speedup,
        traffic(evolution),
        deviation,
        median["plain", 0],
        median.get(("jax", 0)),
        None if same else median["beside", 0] / stages,
    )


def growth(yardstick: Yardstick, scheme: str) -> list[tuple[str, int, float]]:
    """(title, cells, seconds per stage) of a yardstick on smaller grids, one thread, medians."""
    found = []
    for smaller in yardstick.growing:
        evolution = smaller.evolution(scheme, 1)
        advance(evolution)
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            advance(evolution)
            times.append((time.perf_counter() - begun) / evolution.stages)
        found.append((smaller.title, evolution.cells, statistics.median(times)))
    return found


def _plain_stage(plain: Plain, u: Any, base: Any, gamma: float) -> None:
    plain.stage(u, base, _ALPHA, _BETA, gamma)
    if plain.frozen.limited and plain.frozen.top is not None:
        plain.unbounded(u)
    plain.occupy(u)


def _deviation(evolution: Any, plain: Plain) -> float:
    """One stage of the program against the plain one, from a state far from equilibrium."""
    transport = evolution.transport
    saved, base = transport.u.copy(), transport.base.copy()
    ripple = np.sin(np.arange(saved.size, dtype=float)).reshape(saved.shape)
    transport.u *= 1.0 + 0.1 * ripple
    transport.base[...] = saved
    u = transport.u.copy()
    gamma = _BETA * evolution.step_limit()
    transport.occupy()
    transport.stage((_ALPHA, _BETA, gamma))
    plain.occupy(u)
    plain.stage(u, saved, _ALPHA, _BETA, gamma)
    largest = float(np.abs(u - transport.u).max())
    transport.u[...], transport.base[...] = saved, base
    transport.occupy()
    plain.occupy(saved)
    return largest
