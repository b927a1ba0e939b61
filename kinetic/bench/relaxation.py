"""What relaxation adds to a step: the same system with and without collisions, in turns.

A Weyl node in e and b on 2×N³ cells and gapped graphene over a potential on 2·2×N×N² (1r×2k),
level dressed, mp5.  Ratios are medians over pairs of steps, one with and one without.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

FULL, QUICK = ("relaxation-3k-128", "relaxation-1r2k-256"), ("relaxation-3k-24",)
FLOOR = 1.30
INVARIANTS: dict[str, tuple[str, ...]] = {
    "no invariant": (),
    "charge": ("charge",),
    "charge and energy": ("charge", "energy"),
}
_TAU, _PAIRS = 20.0, 5
_LARGEST = {"3k": 256, "1r2k": 256}


@dataclass
class Compared:
    """Ratios and seconds of a step without collisions by the kind of invariants."""

    name: str
    threads: int
    cells: int
    ratios: dict[str, float]
    seconds: dict[str, float]


def known(name: str) -> bool:
    """Whether a name is one of these cases."""
    return name.startswith("relaxation")


def check(name: str) -> None:
    """Refuse a size that is not allowed."""
    _shape(name)


def _shape(name: str) -> tuple[str, int]:
    head, _, size = name.removeprefix("relaxation-").partition("-")
    if head not in _LARGEST or not size.isdecimal() or not 8 <= int(size) <= _LARGEST[head]:
        raise InputError(
            f"bench {name}: write relaxation-3k-N or relaxation-1r2k-N with N from 8 to 256."
        )
    return head, int(size)


def evolution(name: str, conserving: tuple[str, ...], threads: int) -> Evolution:
    """The system of a case with its collisions."""
    from kinetic.collisions.relaxation import RelaxationTime
    from kinetic.equation import Equation
    from kinetic.evolution import Evolution
    from kinetic.fields import Fields
    from kinetic.grid import Axis, Grid
    from kinetic.hamiltonians.planar import GappedGraphene
    from kinetic.hamiltonians.weyl import Weyl
    from kinetic.initial import FermiDirac
    from kinetic.stepping import Stepping
    from kinetic.system import System

    head, cells = _shape(name)
    model: Any
    if head == "3k":
        odd = cells - 1 + cells % 2  # the node lies inside a cell
        axes = [Axis.linear(axis, -2.0, 2.0, odd) for axis in ("kx", "ky", "kz")]
        model, fields = Weyl(), Fields(E=(0.0, 0.0, 0.002), B=(0.0, 0.0, 0.01))
    else:
        axes = [Axis.linear("x", 0.0, 2.0 * np.pi, cells, "periodic")]
        axes += [Axis.linear(axis, -2.0, 2.0, cells) for axis in ("kx", "ky")]
        model, fields = GappedGraphene(mass=0.2), Fields(phi="0.05*cos(x)", B=0.01)
    system = System(
        grid=Grid(tuple(axes)),
        hamiltonian=model,
        initial=FermiDirac(0.4, 0.05),
        fields=fields,
        equation=Equation(level="dressed", scheme="mp5", threads=threads),
        collisions=(RelaxationTime(_TAU, conserving),),
    )
    return Evolution(system, Stepping(stepper="ssprk3"))


def measure(name: str, threads: int, budget: float) -> Compared:
    """Pairs of steps for `budget` seconds or five times, for each kind of invariants."""
    ratios, seconds, cells = {}, {}, 0
    for kind, conserving in INVARIANTS.items():
        run = evolution(name, conserving, threads)
        collisions, step, cells = run.collisions, 0.9 * run.step_limit(), run.cells
        timed = _timed(run, step)
        timed()
        run.collisions = None
        timed()
        pairs: list[tuple[float, float]] = []
        begun = time.perf_counter()
        while len(pairs) < _PAIRS or time.perf_counter() - begun < budget:
            run.collisions = None
            bare = timed()
            run.collisions = collisions
            pairs.append((timed(), bare))
        ratios[kind] = statistics.median(both / bare for both, bare in pairs)
        seconds[kind] = statistics.median(bare for _, bare in pairs)
    return Compared(name, threads, cells, ratios, seconds)


def _timed(run: Evolution, step: float) -> Callable[[], float]:
    """One step; returns its seconds."""

    def once() -> float:
        begun = time.perf_counter()
        run.advance(run.time + step)
        return time.perf_counter() - begun

    return once


def describe(case: Compared) -> list[str]:
    """Ratios first, absolute figures below."""
    from kinetic.bench.table import verdict

    lines = [f"{case.name}: relaxation towards a local equilibrium, mp5, {case.threads} threads"]
    for kind, ratio in case.ratios.items():
        words = f"times a step without, {kind}"
        lines.append(verdict((words, ratio, "<=", FLOOR, ".2f")))
    bare = statistics.median(case.seconds.values())
    lines.append(
        f"    a step without: {bare:.3f} s, {3 * case.cells / bare / 1e6:.0f} million cells"
    )
    return lines


def content(case: Compared) -> dict[str, Any]:
    """Figures for a file."""
    return {
        "case": case.name,
        "threads": case.threads,
        "ratios": case.ratios,
        "seconds_per_bare_step": case.seconds,
    }
