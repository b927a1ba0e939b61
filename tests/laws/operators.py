"""Every registered collision with arguments to try it with, and the systems it is tried in."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cases
import numpy as np

from kinetic.assembly import load
from kinetic.collisions.base import Collision, Surroundings
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.equation import Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.planar import GappedGraphene, MassiveDirac
from kinetic.hamiltonians.weyl import WeylPair
from kinetic.initial import FermiDirac
from kinetic.registry import known
from kinetic.system import System

load("collisions")

BATH = (0.3, 0.2)
PLACE = {"chemical_potential": BATH[0], "temperature": BATH[1]}
WARM = {"temperature": BATH[1]}
KEEPING: list[tuple[str, ...]] = [
    (),
    ("charge",),
    ("valley_charge",),
    ("band_charge",),
    ("charge", "energy"),
    ("valley_charge", "energy"),
]


@dataclass(frozen=True)
class Example:
    """A collision with arguments.

    Parameters
    ----------
    keys
        Arguments.
    free
        Which of μ and T the Fermi functions that are at rest may have of their own.
    entropy
        'closed': that of Fermi particles does not fall.  'bath': less the heat over T of the
        bath it does not.  'square': Σ w (f - f_FD)² does not grow.  'near': near the local Fermi
        functions only.
    bounded
        Whether an implicit stage keeps 0 <= f <= 1 of any state.
    systems
        Where it is tried.
    refused
        Where it does not exist, and is refused in a sentence.
    """

    name: str
    keys: dict[str, Any] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    entropy: str = "bath"
    bounded: bool = True
    systems: tuple[str, ...] = ("graphene", "ring", "pair", "zone")
    refused: tuple[str, ...] = ()

    @property
    def description(self) -> Collision:
        return known(Collision)[self.name](**self.keys)

    def __str__(self) -> str:
        words = [
            "+".join(value) if isinstance(value, tuple) else f"{value}"
            for key, value in self.keys.items()
            if key not in PLACE
        ]
        return "-".join([self.name, *words])


OPEN = ("graphene", "ring", "pair")  # with a momentum on every axis
SEVERAL = ("graphene", "ring", "pair", "nodes")  # valleys or nodes

EXAMPLES = [
    *(
        Example(
            "relaxation_time",
            {"tau": 2.0, "conserving": kept, **PLACE},
            free=("mu", "T") if "energy" in kept else ("mu",) if kept else (),
            entropy="closed" if "energy" in kept else "bath",
        )
        for kept in KEEPING
    ),
    Example(
        "relaxation_time",
        {"tau": "1/(0.4 + energy**2)", "conserving": ("valley_charge", "energy"), **PLACE},
        free=("mu", "T"),
        entropy="closed",
    ),
    Example(
        "relaxation_time",
        {"tau": 2.0, "conserving": ("charge", "energy", "momentum"), **PLACE},
        free=("mu", "T"),
        entropy="closed",
        systems=OPEN,
        refused=("zone",),
    ),
    *(
        Example(
            "electron_electron",
            {"strength": 0.3, "valleys": valleys, **PLACE},
            free=("mu", "T"),
            entropy="closed",
            systems=OPEN,
            refused=("zone",),
        )
        for valleys in ("apart", "together")
    ),
    Example(
        "electron_electron",
        {"strength": 0.3, "momentum": False, **PLACE},
        free=("mu", "T"),
        entropy="closed",
    ),
    *(
        Example(
            "inter_node",
            {"tau": 4.0, "within": 1.5, "energy": energy, **PLACE},
            free=("mu", "T") if energy == "exchanged" else ("mu",),
            entropy="closed" if energy == "exchanged" else "bath",
            systems=SEVERAL,
            refused=("zone",),
        )
        for energy in ("bath", "exchanged")
    ),
    *(
        Example(
            "inter_node",
            {"tau": 2.0, "energy": energy, **PLACE},
            free=("mu", "T") if energy == "exchanged" else ("mu",),
            entropy="near",
            bounded=False,
            systems=SEVERAL,
            refused=("zone",),
        )
        for energy in ("bath", "exchanged")
    ),
    *(
        Example(
            "two_rate",
            {
                "momentum_conserving": 2.0,
                "momentum_relaxing": 5.0,
                "energy": energy,
                "valleys": valleys,
                **PLACE,
            },
            free=("mu", "T") if energy == "conserved" else ("mu",),
            entropy="closed" if energy == "conserved" else "bath",
            systems=OPEN,
            refused=("zone",),
        )
        for energy, valleys in (("bath", "together"), ("conserved", "apart"))
    ),
    Example("elastic", {"strength": 0.5}, free=("mu", "T"), entropy="square"),
    Example(
        "elastic",
        {
            "strength": 0.5,
            "disorder": {"name": "gaussian", "length": 0.5},
            "inter_valley": 0.3,
        },
        free=("mu", "T"),
        entropy="square",
    ),
    Example(
        "elastic",
        {"strength": 0.5, "side_jump": True, "skew_gaussian": True, "skew_third_moment": 0.2},
        free=("mu", "T"),
        entropy="square",
        systems=("graphene", "pair", "zone", "cone"),
        refused=("ring",),
    ),
    Example(
        "phonon_bath", {"phonons": "optical", "coupling": 0.2, "energy": 0.4, **WARM}, ("mu",)
    ),
    Example(
        "phonon_bath",
        {"phonons": "acoustic", "coupling": 0.2, "velocity": 0.1, **WARM},
        free=("mu",),
        systems=("cone",),
        refused=("ring", "pair", "zone"),
    ),
]


@lru_cache
def surroundings(system: str, level: str, thermal: bool = False) -> Surroundings:
    """What an operator sees of a system; `thermal` with exact cell averages of the bath."""
    initial = FermiDirac(*BATH)
    some = [RelaxationTime(tau=1.0)]
    if system == "graphene":
        model = GappedGraphene(mass=0.4, haldane_mass=0.1)
        grid, b = cases.box(2.0, (10, 12)), 0.05
    elif system == "pair":
        model, grid, b = WeylPair(), cases.box(1.6, (7, 9, 7)), (0.01, -0.02, 0.03)
    elif system == "cone":
        model, grid, b = MassiveDirac(mass=0.4), cases.box(1.5, (11, 12)), 0.03
    elif system == "zone":
        model = next(c for c in cases.CASES if c.name == "qwz").model
        grid, b = cases.box(np.pi, (11, 10)), 0.02
    elif system == "nodes":
        model = next(c for c in cases.CASES if c.name == "weyl_lattice").model
        grid, b = cases.box(np.pi, (7, 9, 12)), (0.01, -0.02, 0.03)
    else:
        assert system == "ring"
        ring = Axis.linear("x", 0.0, 2.0 * np.pi, 6, "periodic")
        run = Evolution(
            System(
                grid=Grid((ring, *cases.box(1.8, (9, 8)).axes)),
                hamiltonian=GappedGraphene(mass=0.4),
                initial=initial,
                fields=Fields(B="0.05 + 0.02*cos(x)", phi="0.2*cos(x) + 0.1*sin(x)"),
                equation=Equation(threads=1, level=level),
                collisions=tuple(some),
            )
        )
        assert run.collisions is not None
        return dataclasses.replace(run.collisions.surroundings, thermal=thermal)
    run = cases.evolution(model, grid, b=b, initial=initial, collisions=some, level=level)
    assert run.collisions is not None
    return dataclasses.replace(run.collisions.surroundings, thermal=thermal)


PLACES = [
    ("graphene", "boltzmann"),
    ("graphene", "projected"),
    ("graphene", "dressed"),
    ("ring", "projected"),
    ("ring", "dressed"),
    ("pair", "dressed"),
    ("cone", "dressed"),
    ("zone", "projected"),
    ("nodes", "dressed"),
]
TRIED = [
    (example, system, level)
    for example in EXAMPLES
    for system, level in PLACES
    if system in example.systems
]
REFUSED = [(example, system) for example in EXAMPLES for system in example.refused]
