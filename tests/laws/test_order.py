"""Order of accuracy of the whole scheme: space, product rule, D_s, time stepping."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from kinetic.equation import Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.initial import Initial, fermi
from kinetic.stepping import Stepping
from kinetic.system import System

# Non-separable, gapped, periodic bands in one, two and three dimensions.
MODELS = {
    1: ExpressionModel(
        d=["0.4*sin(kx)", "0.3", "1 + 0.3*cos(kx)"], d0="0.2*sin(kx)", bounded=True
    ),
    2: ExpressionModel(
        d=["0.7*sin(kx)", "0.7*sin(ky)", "1.6 - 0.5*cos(kx) - 0.5*cos(ky) + 0.2*cos(kx + ky)"],
        d0="0.2*sin(kx - ky)",
        bounded=True,
    ),
    3: ExpressionModel(
        d=["0.6*sin(kx)", "0.6*sin(ky)", "1.7 - 0.4*cos(kx)*cos(kz) - 0.4*cos(ky)"],
        d0="0.2*sin(kx - kz)",
        bounded=True,
    ),
}
FIELDS = {
    1: ((0.3,), 0.0),
    2: ((0.2, -0.1), (0.0, 0.0, 0.3)),
    3: ((0.2, -0.1, 0.15), (0.1, 0.2, 0.25)),
}


@dataclass(frozen=True)
class SmoothFermi(Initial):
    """f = F(ε̄) (+ a ripple): smooth, stationary without e and ripple."""

    name: ClassVar[str] = "test_smooth_fermi"
    ripple: float = 0.0

    def occupation(self, points):
        f = fermi(points.energy, 0.3, 0.5)
        wave = np.ones_like(f)
        for index, k in enumerate(points.k):
            wave = wave * np.cos(k + 0.3 * index)
        return f + self.ripple * wave


def evolved(dimension, cells, *, stationary, level="dressed", scheme="linear5", time=0.5):
    names = ("kx", "ky", "kz")[:dimension]
    grid = Grid(tuple(Axis.linear(n, -np.pi, np.pi, cells, "periodic") for n in names))
    e, b = FIELDS[dimension]
    system = System(
        grid=grid,
        hamiltonian=MODELS[dimension],
        initial=SmoothFermi(0.0 if stationary else 0.05),
        fields=Fields(E=(0, 0, 0) if stationary else e, B=b),
        equation=Equation(
            level=level, scheme=scheme, limiter="none", well_balanced=False, threads=1
        ),
    )
    evolution = Evolution(system, Stepping(stepper="ssprk104", courant=0.5))
    start = evolution.densities().copy()
    while evolution.time < time:
        evolution.advance(time)
    return start, evolution.densities()


def coarsened(u, dimension):
    """Means over pairs of cells in every direction."""
    for slot in {1: (3,), 2: (1, 3), 3: (1, 2, 3)}[dimension]:
        u = 0.5 * (
            np.take(u, range(0, u.shape[slot], 2), axis=slot)
            + np.take(u, range(1, u.shape[slot], 2), axis=slot)
        )
    return u


def orders(errors):
    return np.log2(np.array(errors[:-1]) / np.array(errors[1:]))


SIZES = {1: (16, 32, 64, 128), 2: (16, 32, 64, 128), 3: (12, 24, 48)}


@pytest.mark.parametrize("dimension", [2, 3])
def test_stationary_state_of_a_curved_band_has_order_four(dimension):
    """Face velocity times reconstructed f, without the product rule, gives order two here."""
    errors = []
    for cells in SIZES[dimension]:
        before, after = evolved(dimension, cells, stationary=True)
        errors.append(np.abs(after - before).mean())
    assert orders(errors)[-1] > 3.8, orders(errors)


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("level", ["boltzmann", "projected", "dressed"])
def test_smooth_evolution_has_order_four(dimension, level):
    """b and e on; errors by comparison with twice the cells.  Catches a missing ∂D·∂f term."""
    states = [
        evolved(dimension, cells, stationary=False, level=level)[1] for cells in SIZES[dimension]
    ]
    errors = [
        np.abs(coarse - coarsened(fine, dimension)).mean() for coarse, fine in pairwise(states)
    ]
    assert orders(errors)[-1] > 3.8, orders(errors)
