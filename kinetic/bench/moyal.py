"""Level `moyal` against the Fourier transforms that it is made of.

Steps and the bare transforms of the same slabs are timed in turns; the ratio says what everything
else costs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError

if TYPE_CHECKING:
    from kinetic.grid import Array
    from kinetic.quantum.moyal import Moyal

FULL = ("moyal-1r1k-256", "moyal-2r2k-64")
QUICK = ("moyal-1r1k-64",)
FLOOR = 2.0  # times its own transforms
STATES = 3.0
_ROUNDS = 3
_LARGEST = {1: 4096, 2: 96}
_MODEL = {
    1: ["0.5*sin(kx) + 0.3*cos(x)", "0.4*cos(kx) + 0.2*sin(x)", "1 + 0.3*cos(kx) + 0.2*sin(x)"],
    2: ["0.5*sin(kx) + 0.3*cos(y)", "0.4*sin(ky) + 0.2*sin(x)", "1 + 0.3*cos(kx) + 0.2*sin(x+y)"],
}


@dataclass
class Exact:
    """What was measured of one grid: seconds per step and of its transforms by threads."""

    name: str
    cells: int
    steps: dict[int, float] = field(default_factory=dict)
    transforms: dict[int, float] = field(default_factory=dict)
    states: float = 0.0
    flows: int = 0

    def ratio(self, threads: int) -> float:
        """A step over its own transforms."""
        return self.steps[threads] / self.transforms[threads]


def known(name: str) -> bool:
    """Whether a name is one of these cases."""
    return name.startswith("moyal")


def check(name: str) -> None:
    """Refuse a size that is not allowed."""
    _sizes(name)


def _sizes(name: str) -> tuple[int, int]:
    head, _, size = name.removeprefix("moyal-").partition("-")
    space = {"1r1k": 1, "2r2k": 2}.get(head, 0)
    if not space or not size.isdecimal() or not 8 <= int(size) <= _LARGEST[space]:
        raise InputError(
            f"bench {name}: write moyal-1r1k-N with N from 8 to {_LARGEST[1]}, or moyal-2r2k-N "
            f"with N from 8 to {_LARGEST[2]}."
        )
    return space, int(size)


def built(name: str, threads: int) -> Moyal:
    """The evolution of a case."""
    from kinetic.simulation import Simulation

    space, cells = _sizes(name)
    ring = {"lower": 0.0, "upper": 2.0 * np.pi, "cells": cells}
    zone = ["-pi", "pi", cells]
    grid = (
        {"x": ring, "kx": zone} if space == 1 else {"x": ring, "y": ring, "kx": zone, "ky": zone}
    )
    evolution: Moyal = Simulation.from_dict(
        {
            "grid": grid,
            "hamiltonian": {"name": "expression", "bounded": True, "d": _MODEL[space]},
            "equation": {
                "level": "moyal",
                "hbar": 0.2,
                "threads": threads,
                "preparation": "bare",
            },
            "initial": {
                "name": "expression",
                "lower": "0.8 + 0.1*cos(x)*sin(kx)",
                "upper": "0.2 + 0.1*sin(x + kx)",
            },
            "time": {"stop": 1e6, "step": 0.01, "stepper": "split4"},
        }
    ).evolution
    return evolution


def measure(name: str, threads: int, budget: float) -> Exact:
    """Steps and transforms in turns for `budget` seconds each, on one thread and on all."""
    case: Exact | None = None
    for count in sorted({1, threads}):
        evolution = built(name, count)
        if case is None:
            case = Exact(name, int(np.prod(evolution.system.grid.shape)), flows=evolution.stages)
        evolution.advance(1e6)  # compiles, and makes the tables
        whole: list[float] = []
        bare: list[float] = []
        begun = time.perf_counter()
        while len(whole) < _ROUNDS or time.perf_counter() - begun < budget:
            whole.append(_timed(lambda e=evolution: e.advance(1e6)))
            bare.append(_timed(lambda e=evolution: _transforms(e)))
        case.steps[count] = float(np.median(whole))
        case.transforms[count] = float(np.median(bare))
        slab = max(4 * flow.largest_slab for flow in evolution.flows) * 16
        case.states = (sum(evolution.held().values()) + slab) / evolution.n.nbytes
    assert case is not None
    return case


def _timed(function: Any) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def _transforms(evolution: Moyal) -> None:
    """The transforms of one step, there and back, and nothing else."""
    kept: list[Array] = []
    for index, _, _ in evolution.operations:
        flow = evolution.flows[index]
        for whole in evolution.n:
            for slab_index in flow.slabs():
                slab = whole[(slice(None), *slab_index)]
                kept.append(flow.back(flow.transform(slab), slab.shape))
                del kept[:-1]  # as many arrays as in a step: else the system takes pages back


def describe(case: Exact) -> list[str]:
    """Figures and floors as text."""
    lines = [f"{case.name}: {case.cells} cells, 4 numbers each, {case.flows} exact flows a step"]
    for threads in sorted(case.steps):
        value = case.ratio(threads)
        verdict = "met" if value <= FLOOR else "MISSED"
        plural = "s" if threads > 1 else ""
        rate = case.cells * case.flows / case.steps[threads] / 1e6
        lines.append(
            f"    {value:>8.2f} times its own transforms, {threads} thread{plural}  "
            f"(floor <= {FLOOR:g}: {verdict});  {rate:.1f} million cells and flows a second"
        )
    verdict = "met" if case.states <= STATES else "MISSED"
    lines.append(f"    {case.states:>8.2f} states held  (floor <= {STATES:g}: {verdict})")
    return lines


def content(case: Exact) -> dict[str, Any]:
    """Figures for a file."""
    return {
        "case": case.name,
        "cells": case.cells,
        "flows": case.flows,
        "seconds_per_step": {str(k): v for k, v in case.steps.items()},
        "seconds_of_transforms": {str(k): v for k, v in case.transforms.items()},
        "states_held": case.states,
    }
