"""Elastic scattering: time per rate against the number of levels and of energy shells.

    H = σ·k + ½σ_z on |k_x|, |k_y| < 2, rate of C[f] on grids of N/4, N/2 and N cells per axis

Once with as many shells on all grids, once with shells two cells apart, more of them as N grows;
beside them a matrix between all levels, which takes K² operations.  One thread.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kinetic.errors import InputError

FULL, QUICK = ("elastic-128",), ("elastic-64",)
FLOOR = 2.0
"""The time of a level may grow by so much while the levels grow sixteenfold."""
_SHELLS = 64
_LARGEST = 1024
_DENSE = 4096  # levels
_KINDS: dict[str, dict[str, Any]] = {
    "white noise, as many shells": {"shells": _SHELLS},
    "white noise, shells two cells apart": {},
    "Gaussian, as many shells": {
        "shells": _SHELLS,
        "disorder": {"name": "gaussian", "length": 2.0},
    },
    "Gaussian, shells two cells apart": {"disorder": {"name": "gaussian", "length": 2.0}},
}


@dataclass
class Measured:
    """One rate.

    Attributes
    ----------
    levels
        K.
    shells
        Number of energy shells.
    rank
        Largest number of columns of the matrix of a shell; 4 with white noise.
    seconds
        Of a rate, their median.
    """

    levels: int
    shells: int
    rank: int
    seconds: float

    @property
    def nanoseconds(self) -> float:
        """Time of a level."""
        return 1e9 * self.seconds / self.levels


@dataclass
class Curves:
    """Rates on three grids for each kind of disorder and of shells, and of the dense matrix."""

    name: str
    curves: dict[str, list[Measured]]
    dense: Measured

    def growth(self, kind: str) -> float:
        """Time of a level on the finest grid over that on the coarsest."""
        curve = self.curves[kind]
        return curve[-1].nanoseconds / curve[0].nanoseconds


def known(name: str) -> bool:
    """Whether a name is one of these cases."""
    return name.startswith("elastic")


def check(name: str) -> None:
    """Refuse a size that is not allowed."""
    _cells(name)


def _cells(name: str) -> int:
    size = name.removeprefix("elastic-")
    if not size.isdecimal() or not 32 <= int(size) <= _LARGEST:
        raise InputError(f"bench {name}: write elastic-N with N from 32 to {_LARGEST}.")
    return int(size)


def operator(cells: int, entries: dict[str, Any]) -> Any:
    """The program's own operator."""
    from kinetic.assembly import assemble

    axis = [-2.0, 2.0, cells]
    run = {
        "grid": {"kx": axis, "ky": axis},
        "hamiltonian": {"name": "massive_dirac", "mass": 0.5},
        "collisions": [{"name": "elastic", "strength": 1.0, **entries}],
        "initial": {"name": "fermi_dirac", "chemical_potential": 0.8, "temperature": 0.1},
        "time": {"stop": 1.0},
        "equation": {"threads": 1},
    }
    return assemble(run).evolution().collisions.operators[0]


def _median(work: Callable[[], object], budget: float) -> float:
    """Seconds of the processor, in turns until the budget is spent or five times."""
    work()
    spent: list[float] = []
    while len(spent) < 5 or sum(spent) < budget:
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


def _rate(cells: int, entries: dict[str, Any], budget: float) -> Measured:
    built = operator(cells, entries)
    f = built.around.equilibrium
    f = f + 0.1 * f * (1.0 - f) * built.around.momenta["kx"]
    out = np.zeros_like(f)
    seconds = _median(lambda: built.rate(f, 0.0, out), budget)
    rank = max(getattr(part, "rank", 4) for part in built.parts)
    return Measured(f.size, len(built.shells.energies), rank, seconds)


def _dense(budget: float) -> Measured:
    """A matrix of that many levels times the occupations."""
    matrix, f = np.ones((_DENSE, _DENSE)), np.ones(_DENSE)
    return Measured(_DENSE, 1, _DENSE, _median(lambda: matrix @ f, budget))


def measure(name: str, threads: int, budget: float) -> Curves:
    """All curves, for an equal share of the budget each."""
    cells, share = _cells(name), budget / (3 * len(_KINDS) + 1)
    curves = {
        kind: [_rate(n, entries, share) for n in (cells // 4, cells // 2, cells)]
        for kind, entries in _KINDS.items()
    }
    return Curves(name, curves, _dense(share))


def describe(case: Curves) -> list[str]:
    """Growth first, the curves below."""
    from kinetic.bench.table import verdict

    lines = [f"{case.name}: one rate of elastic scattering, 1 thread"]
    for kind in case.curves:
        if kind.endswith("as many shells"):
            words = f"times the time of a level, {kind}"
            lines.append(verdict((words, case.growth(kind), "<=", FLOOR, ".2f")))
    for kind, curve in case.curves.items():
        lines.append(f"    {kind:<36}{'levels':>8} shells  rank  ms per rate  ns per level")
        lines += [
            f"    {'':<36}{row.levels:>8}{row.shells:>7}{row.rank:>6}"
            f"{1e3 * row.seconds:>13.2f}{row.nanoseconds:>14.1f}"
            for row in curve
        ]
    finest = case.curves["white noise, shells two cells apart"][-1]
    dense = case.dense.seconds * (finest.levels / case.dense.levels) ** 2
    lines.append(
        f"    a matrix of {case.dense.levels}² takes {1e3 * case.dense.seconds:.2f} ms, one of "
        f"{finest.levels}² would take {dense:.3g} s: {dense / finest.seconds:.3g} times as long"
    )
    return lines


def content(case: Curves) -> dict[str, Any]:
    """Figures for a file."""
    curves = {
        kind: [asdict(row) | {"nanoseconds": row.nanoseconds} for row in curve]
        for kind, curve in case.curves.items()
    }
    return {"case": case.name, "curves": curves, "dense": asdict(case.dense)}
