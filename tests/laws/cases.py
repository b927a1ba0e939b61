"""What the laws are tried on: every registered model on a small grid, and how to run it."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic import hamiltonians  # noqa: F401  (registers the models)
from kinetic.equation import COHERENT, LEVELS, SCHEMES, Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.base import Hamiltonian
from kinetic.initial import FermiDirac, Initial
from kinetic.registry import known
from kinetic.stepping import TABLEAUX, Stepping
from kinetic.system import System

MOMENTA = ("kx", "ky", "kz")
# Models without default parameters, by dimension: gapped, tilted, not separable.
GIVEN: dict[str, dict[int, dict[str, Any]]] = {
    "expression": {
        1: {"d": ["0.4*sin(kx)", "m", "1 + 0.3*cos(kx)"], "d0": "0.2*sin(kx)"},
        2: {"d": ["sin(kx)", "0.8*sin(ky)", "m + 0.4*kx**2"], "d0": "0.1*kx*ky"},
        3: {"d": ["0.6*sin(kx)", "0.6*ky", "1.2 - m*cos(kx)*cos(kz)"], "d0": "0.2*sin(kx - kz)"},
    }
}
# Models that need axes in real space.
INHOMOGENEOUS = {f"kinetic.hamiltonians.{room}" for room in ("textures", "magnets", "tabulated")}
CELLS = {1: (31,), 2: (15, 17), 3: (9, 11, 9)}


@dataclass(frozen=True)
class Case:
    """A registered model on a grid of one of its dimensions."""

    name: str
    dimensions: int

    @property
    def model(self) -> Hamiltonian:
        cls = known(Hamiltonian)[self.name]
        if self.name not in GIVEN:
            return cls()
        table = GIVEN[self.name][self.dimensions]
        return cls(**table, parameters={"m": 0.7})

    def grid(self, cells=None) -> Grid:
        reach = math.pi if self.model.bounded else 2.0
        return box(reach, cells or CELLS[self.dimensions])

    def __str__(self) -> str:
        return f"{self.name}-{self.dimensions}k"


def box(reach, cells, boundary=None) -> Grid:
    """Cells of equal size in [-reach, reach]^d."""
    axes = zip(MOMENTA, cells, strict=False)
    return Grid(tuple(Axis.linear(name, -reach, reach, n, boundary) for name, n in axes))


def every_case() -> list[Case]:
    found = []
    for name, cls in sorted(known(Hamiltonian).items()):
        if cls.__module__.startswith("kinetic.") and cls.__module__ not in INHOMOGENEOUS:
            missing = [
                f.name
                for f in dataclasses.fields(cls)
                if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
            ]
            assert not missing or name in GIVEN, f"give {name} example parameters in cases.py"
            found += [Case(name, d) for d in cls.dimensions]
    return found


CASES = every_case()
WIDE = [case for case in CASES if case.dimensions > 1]  # where b exists
DEEP = [case for case in CASES if case.dimensions == 3]
ALL_LEVELS = tuple(level for level in LEVELS if level not in COHERENT)  # with occupations
ALL_SCHEMES, ALL_STEPPERS = tuple(SCHEMES), tuple(TABLEAUX)

E = {1: (0.05,), 2: (0.03, -0.02), 3: (0.02, -0.03, 0.04)}
B = {1: 0.0, 2: 0.02, 3: (0.004, -0.003, 0.006)}
B_WAVES = {
    1: 0.0,
    2: "0.02 + 0.01*sin(3*t)*exp(-t)",
    3: ("0.004*cos(2*t)", "-0.003*exp(-t)", "0.006 + 0.002*sin(5*t)"),
}


@dataclass(frozen=True)
class Uniform(Initial):
    """f_s = value in both bands."""

    value: float = 0.37

    def occupation(self, points):
        return np.full(points.energy.shape, self.value)


@dataclass(frozen=True)
class Wavy(Initial):
    """f_s smooth, between 0 and 1, different in the bands and valleys, far from equilibrium."""

    def occupation(self, points):
        wave = np.ones(points.energy.shape[1:])
        for index, k in enumerate(points.k):
            wave = wave * np.cos(k * (1.0 + 0.1 * points.valley) + 0.4 * index)
        return np.stack([0.6 + 0.3 * wave, 0.3 - 0.2 * wave])


def evolution(
    model,
    grid,
    *,
    e=None,
    b=None,
    initial=None,
    stepping=None,
    stop=None,
    collisions=(),
    start=0.0,
    **equation,
) -> Evolution:
    """An evolution with little to write; `equation` holds the `[equation]` table."""
    equation.setdefault("threads", 1)
    system = System(
        grid=grid,
        hamiltonian=model,
        initial=initial or FermiDirac(0.4, 0.1),
        fields=Fields(E=e if e is not None else 0.0, B=b if b is not None else 0.0),
        equation=Equation(**equation),
        collisions=tuple(collisions),
        start=start,
    )
    return Evolution(system, stepping or Stepping(), start=start, stop=stop)


def follow(evolution, stop, steps=None) -> Evolution:
    """Advance to `stop`, or by so many steps towards it."""
    made = evolution.steps
    while evolution.time < stop and (steps is None or evolution.steps - made < steps):
        evolution.advance(stop)
    return evolution


def outside(evolution) -> np.ndarray:
    """Cells that are not glued.  (valley·band, A, B, C)"""
    return ~np.repeat(evolution.flow.glued, 2, axis=0)


def assert_ledger(evolution, tolerance=1e-14) -> None:
    """The charge changed by what crossed the faces, and by what b(t) and baths brought."""
    residual, scale = evolution.ledger_residual()
    assert abs(residual) <= tolerance * scale, (residual, scale)


# Each model with something in it that moves; nodes move in `weyl` and `weyl_lattice`.
MOVING: dict[str, dict[str, Any]] = {
    "expression": {"parameters": {"m": "0.7 + 0.1*sin(2*t)"}},
    "graphene_gapped": {"mass": "0.5 + 0.1*tanh(t)", "haldane_mass": "0.1*t*exp(-t)"},
    "haldane": {"phi": "1.5 + 0.3*sin(t)", "mass": "0.1*t"},
    "massive_dirac": {"mass": "0.5 + 0.1*tanh(t)", "tilt": ("0.1*sin(t)", 0.05)},
    "multi_weyl": {"strength": "1 + 0.1*sin(t)"},
    "qwz": {"mass": "1 + 0.2*sin(2*t)"},
    "rashba": {"zeeman": ("0.05*sin(3*t)", "0.05*cos(3*t)", 0.3)},
    "rice_mele": {"delta": "0.5*cos(t)", "staggering": "0.5*sin(t)"},
    "weyl": {"centre": (0.03, "0.01 + 0.1*t", "0.1*sin(3*t)")},
    "weyl_lattice": {"node_position": "1.6 + 0.3*sin(t)"},
    "weyl_pair": {"velocity": "1 + 0.1*sin(t)", "energy_offset": "0.1*t"},
}


def moving(case: Case) -> Hamiltonian:
    assert case.name in MOVING, f"give {case.name} a parameter in motion in cases.py"
    return dataclasses.replace(case.model, **MOVING[case.name])


def graded(case: Case) -> Grid:
    """Cells of unequal size: finest off-centre (open axes) or in waves (periodic axes)."""
    axes = []
    for axis, shift in zip(case.grid().axes, (0.1, 0.33, -0.2), strict=False):
        if case.model.bounded:
            x = np.asarray(axis.edges)
            wave = 0.25 * (np.sin(x + shift) - np.sin(x[0] + shift))
            axes.append(Axis(axis.name, tuple(x + wave)))
        else:
            low, high = axis.edges[0], axis.edges[-1]
            axes.append(Axis.graded(axis.name, low, high, axis.cells, shift, 1.2))
    return Grid(tuple(axes))
