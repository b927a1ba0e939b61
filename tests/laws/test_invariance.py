"""What must not matter: the gauge of the Pauli matrices, the order of valleys, threads."""

from __future__ import annotations

from dataclasses import dataclass

import cases
import numpy as np
import pytest
from cases import ALL_LEVELS, CASES
from scipy.spatial.transform import Rotation

from kinetic.hamiltonians.base import Hamiltonian
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.planar import GappedGraphene
from kinetic.hamiltonians.weyl import WeylPair
from kinetic.simulation import Simulation

DECLARED = ("valley_chirality", "chirality_density")  # by the model; an expression has none
FERMI = {"name": "fermi_dirac", "chemical_potential": 0.4, "temperature": 0.1}
SINGLE = [case for case in CASES if len(case.model.valleys()) == 1]


def recorded(model, grid, level, **options):
    """Every variable of the standard result, from a run through the whole program."""
    d = grid.dimensions
    simulation = Simulation(
        grid,
        model,
        options.pop("initial", FERMI),
        fields={"E": [5 * e for e in cases.E[d]], "B": cases.B[d]},
        equation={"level": level, **options.pop("equation", {})},
        stop=1.0,
        every=0.5,
        **options,
    )
    return simulation.run()


def rotated(model, seed) -> ExpressionModel:
    """The model with d → R d for a random constant R of SO(3), written as text."""
    (valley,) = model.valleys()
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    parts = [f"({formula})" for formula in valley.vector]
    rows = [
        " + ".join(f"({r!r})*{part}" for r, part in zip(row, parts, strict=True))
        for row in turn.tolist()
    ]
    return ExpressionModel(
        d=rows, d0=valley.scalar, parameters=dict(valley.parameters), bounded=model.bounded
    )


@pytest.mark.parametrize("level", ["projected", "dressed"])
@pytest.mark.parametrize("case", SINGLE, ids=str)
def test_a_rotation_of_the_pauli_matrices_changes_no_observable(case, level):
    """H → U H U† with a constant U.  Nothing gauge-dependent leaves the geometry.

    Catches a spinor that is singular at a pole, a d_z that is preferred, a parameter in motion
    whose rate is lost in the rotated formulas.
    """
    model = cases.moving(case)
    grid = case.grid()
    before = recorded(model, grid, level)
    after = recorded(rotated(model, 7), grid, level)
    for name, values in before.data_vars.items():
        if name in DECLARED:
            continue
        expected, found = values.values, after[name].values
        scale = max(1.0, np.abs(expected).max())
        assert np.abs(expected - found).max() <= 1e-12 * scale, name


PAIRS = [GappedGraphene(haldane_mass=0.2), WeylPair(tilt=(0.1, 0, 0.2))]


@dataclass(frozen=True)
class Reordered(Hamiltonian):
    """The valleys of a model in another order."""

    original: Hamiltonian
    order: tuple[int, ...]
    name: str
    dimensions: tuple[int, ...]

    def valleys(self):
        found = self.original.valleys()
        return tuple(found[index] for index in self.order)


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("model", PAIRS, ids=lambda model: model.name)
def test_the_order_of_the_valleys_does_not_matter(model, level):
    """Catches an offset into (valley, band) that is right for the first valley only."""
    d = model.dimensions[0]
    grid = cases.box(2.0, cases.CELLS[d])
    found = []
    for order in ((0, 1), (1, 0)):
        mu = [(0.4, 0.2)[index] for index in order]
        found.append(
            recorded(
                Reordered(model, order, "reordered", model.dimensions),
                grid,
                level,
                initial={"name": "fermi_dirac", "chemical_potential": mu, "temperature": 0.1},
                collisions=[{"name": "relaxation_time", "tau": 2.0, "conserving": ["charge"]}],
            )
        )
    before, after = found
    assert np.allclose(
        before.valley_density.values, after.valley_density.values[:, ::-1], rtol=0, atol=1e-13
    )
    for name, values in before.data_vars.items():
        if "valley" in values.dims or "node" in values.dims:
            continue
        assert np.abs(values.values - after[name].values).max() <= 1e-12, name


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("name", ["massive_dirac", "weyl", "rice_mele"])
def test_threads_change_no_bit(name, level):
    """Sums in the order in which threads finish, or races at the rim of a block, differ."""
    case = next(c for c in CASES if c.name == name)
    cells = {1: (4099,), 2: (70, 66), 3: (15, 14, 13)}[case.dimensions]
    one, two = (
        recorded(cases.moving(case), case.grid(cells), level, equation={"threads": threads})
        for threads in (1, 2)
    )
    for variable in one.variables:
        assert np.array_equal(one[variable].values, two[variable].values), variable
