"""Driven two-level systems: exponentials against Runge-Kutta integrators of the same problem.

    ∂ₜn̂ + e·∂_k n̂ = −i[Ĥ, n̂] ,   d = (sin k_x, sin k_y, 2.3 − cos k_x − cos k_y)

The rivals are in `plainbands`.  All run on one thread with as many steps as bring the current to
the same accuracy; seconds are those of the processor.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.bench.plainbands import MASS, bloch_steps, density_steps
from kinetic.errors import InputError
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.quantum.twolevel import TwoLevel

FULL, QUICK = ("twolevel-64",), ("twolevel-16",)
ACCURACY = 1e-6
"""Error of the current relative to its largest value."""
FLOOR = 10.0
_STOP, _RECORDS = 40.0, 40
_FIELD = (
    "0.4*exp(-((t - 20)/8)**2)*cos(0.9*(t - 20))",
    "0.2*exp(-((t - 20)/8)**2)*sin(0.9*(t - 20))",
)
_MOST = 10_000
_LARGEST = 1024


@dataclass
class Measured:
    """What one method needs.

    Attributes
    ----------
    steps
        Of a run that reaches the accuracy.
    error
        That it reaches.
    seconds
        Of such a run, their median.
    points
        Momenta.
    """

    steps: int
    error: float
    seconds: float
    points: int

    @property
    def rate(self) -> float:
        """Momenta times steps per second."""
        return self.points * self.steps / self.seconds


@dataclass
class Compared:
    """All methods by name, the program's own first."""

    name: str
    methods: dict[str, Measured]

    def ratio(self, name: str) -> float:
        """Time of a method over that of the program."""
        return self.methods[name].seconds / self.methods["exponentials"].seconds


def known(name: str) -> bool:
    """Whether a name is one of these cases."""
    return name.startswith("twolevel")


def check(name: str) -> None:
    """Refuse a size that is not allowed."""
    _cells(name)


def _cells(name: str) -> int:
    size = name.removeprefix("twolevel-")
    if not size.isdecimal() or not 8 <= int(size) <= _LARGEST:
        raise InputError(f"bench {name}: write twolevel-N with N from 8 to {_LARGEST}.")
    return int(size)


def evolution(cells: int, step: float | None = None) -> TwoLevel:
    """The program's own system."""
    from kinetic.equation import Equation
    from kinetic.fields import Fields
    from kinetic.grid import Axis, Grid
    from kinetic.hamiltonians.lattice import QiWuZhang
    from kinetic.initial import FermiDirac
    from kinetic.quantum.twolevel import TwoLevel
    from kinetic.stepping import Stepping
    from kinetic.system import System

    axes = (Axis.linear(name, -np.pi, np.pi, cells, "periodic") for name in ("kx", "ky"))
    system = System(
        grid=Grid(tuple(axes)),
        hamiltonian=QiWuZhang(MASS),
        initial=FermiDirac(0.0, 0.05),
        fields=Fields(E=_FIELD),
        equation=Equation(level="moyal", threads=1),
    )
    return TwoLevel(system, Stepping(step=step), stop=_STOP)


def current(k: list[Array], vector: Array) -> Array:
    """Σ_k 2 (∂_k d)·n.  (2,)"""
    x, y = k
    along = np.cos(x) * vector[0] + np.sin(x) * vector[2]
    across = np.cos(y) * vector[1] + np.sin(y) * vector[2]
    return np.array([float(along.sum()), float(across.sum())])


def program(cells: int, step: float | None) -> tuple[Array, float, int]:
    """Currents of one run at all records, its seconds and its steps."""
    run, seconds, found = evolution(cells, step), 0.0, []
    for record in range(1, _RECORDS + 1):
        begun = time.process_time()
        while run.time < record * _STOP / _RECORDS:
            run.advance(record * _STOP / _RECORDS)
        seconds += time.process_time() - begun
        k, wigner = run.carried()
        found.append(current(k, wigner[0, 1:]))
    return np.array(found), seconds, run.steps


def rival(cells: int, per_record: int, kernel: Callable[..., None]) -> tuple[Array, float, int]:
    """The same by Runge-Kutta steps."""
    start = evolution(cells)
    k, wigner = start.carried()
    shape = wigner.shape[2:]
    kx, ky = (np.ascontiguousarray(np.broadcast_to(each, shape)).ravel() for each in k)
    n = np.ascontiguousarray(wigner[0, 1:].reshape(3, -1))
    seconds, found, h = 0.0, [], _STOP / _RECORDS / per_record
    for record in range(_RECORDS):
        ticks = np.arange(2 * per_record + 1, dtype=float)
        times: Array = np.asarray(record * _STOP / _RECORDS + 0.5 * h * ticks)
        moved = np.ascontiguousarray(start.comoving.shifts(times).T)
        force = np.ascontiguousarray(start.fields.electric_at({}, times)[:2].T)
        begun = time.process_time()
        kernel(n, kx, ky, moved, force, h, per_record)
        seconds += time.process_time() - begun
        found.append(current([kx + moved[-1, 0], ky + moved[-1, 1]], n))
    return np.array(found), seconds, _RECORDS * per_record


def measure(name: str, threads: int, budget: float) -> Compared:
    """The program and its rivals in turns for `budget` seconds or three times; one thread."""
    cells = _cells(name)
    exact, _, _ = program(cells, None)
    size = float(np.abs(exact).max())
    methods: dict[str, Callable[[int], tuple[Array, float, int]]] = {
        "exponentials": lambda count: program(cells, _STOP / _RECORDS / count),
        "density matrix": lambda count: rival(cells, count, density_steps),
        "Bloch vectors": lambda count: rival(cells, count, bloch_steps),
    }

    def fewest(method: Callable[[int], tuple[Array, float, int]]) -> tuple[int, float]:
        count = 1
        while True:
            error = float(np.abs(method(count)[0] - exact).max()) / size
            if error <= ACCURACY or count > _MOST:
                return count, error
            count = max(count + 1, int(1.1 * count))

    chosen = {key: fewest(method) for key, method in methods.items()}
    seconds: dict[str, list[float]] = {key: [] for key in methods}
    begun = time.perf_counter()
    while len(seconds["exponentials"]) < 3 or time.perf_counter() - begun < budget:
        for key, method in methods.items():
            seconds[key].append(method(chosen[key][0])[1])
    found = {
        key: Measured(_RECORDS * count, error, statistics.median(seconds[key]), cells * cells)
        for key, (count, error) in chosen.items()
    }
    return Compared(name, found)


def describe(case: Compared) -> list[str]:
    """Ratios first, absolute figures below."""
    from kinetic.bench.table import verdict

    lines = [f"{case.name}: current of driven two-level systems to {ACCURACY:g}, 1 thread"]
    words = "times Runge-Kutta, density matrix"
    lines.append(verdict((words, case.ratio("density matrix"), ">=", FLOOR, ".1f")))
    lines.append(f"    {case.ratio('Bloch vectors'):>8.1f} times Runge-Kutta, Bloch vectors")
    for name, each in case.methods.items():
        lines.append(
            f"    {name:<14} {each.steps:>6} steps, error {each.error:.1e}, "
            f"{each.rate / 1e6:.2f} million momenta and steps per second, "
            f"{each.points / each.seconds:.3g} runs of a momentum"
        )
    return lines


def content(case: Compared) -> dict[str, Any]:
    """Figures for a file."""
    methods = {name: asdict(each) | {"rate": each.rate} for name, each in case.methods.items()}
    return {"case": case.name, "methods": methods}
