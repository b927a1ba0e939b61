"""Axes with cells of unequal size: order of the scheme, constants, moments."""

from __future__ import annotations

from itertools import pairwise

import cases
import numpy as np
import pytest
from test_order import FIELDS, MODELS, SmoothFermi, coarsened, orders

from kinetic.grid import Axis, Grid
from kinetic.mesh import edge_weights, face_coefficients
from kinetic.stepping import Stepping

SIZES = {1: (16, 32, 64, 128), 2: (16, 32, 64, 128), 3: (16, 32, 64)}


def wavy_axis(name, cells, shift=0.4):
    """A periodic axis with cells that differ by a factor 1.9, smoothly."""
    x = np.linspace(-np.pi, np.pi, cells + 1)
    return Axis(name, tuple(x + 0.3 * (np.sin(x + shift) - np.sin(shift - np.pi))), "periodic")


def evolved(dimension, cells, *, stationary, level="dressed"):
    grid = Grid(tuple(wavy_axis(n, cells, i) for i, n in enumerate(cases.MOMENTA[:dimension])))
    e, b = FIELDS[dimension]
    run = cases.evolution(
        MODELS[dimension],
        grid,
        e=None if stationary else e,
        b=b,
        initial=SmoothFermi(0.0 if stationary else 0.05),
        stepping=Stepping(stepper="ssprk104", courant=0.5),
        level=level,
        scheme="linear5",
        well_balanced=False,
    )
    before = run.densities()
    cases.follow(run, 0.5)
    return before, run.densities(), run.mesh.volumes


@pytest.mark.parametrize("dimension", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_stationary_state_has_order_four_on_graded_axes(dimension):
    """Catches centred weights of a uniform grid: order one or two here."""
    errors = []
    for cells in SIZES[dimension]:
        before, after, volumes = evolved(dimension, cells, stationary=True)
        errors.append((np.abs(after - before) * volumes).sum())
    assert orders(errors)[-1] > 3.8, orders(errors)


@pytest.mark.parametrize("dimension", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("level", ["boltzmann", "dressed"])
def test_smooth_evolution_has_order_four_on_graded_axes(dimension, level):
    """b and e on; the product-rule factors must know the widths on both sides."""
    runs = [evolved(dimension, n, stationary=False, level=level)[1:] for n in SIZES[dimension]]
    errors = []
    for (coarse, volumes), (fine, halves) in pairwise(runs):
        content = coarsened(fine * halves, dimension) * 2**dimension
        errors.append(np.abs(coarse * volumes - content).sum())
    assert orders(errors)[-1] > 3.8, orders(errors)


def averages(edges, power):
    return np.diff(np.asarray(edges) ** (power + 1)) / (power + 1) / np.diff(edges)


@pytest.mark.parametrize("axis", [
    Axis.graded("kx", -1.0, 2.0, 12, 0.4, 3.0, "open"),
    Axis("kx", tuple(np.sort(np.random.default_rng(5).uniform(-1, 1, 13))), "open"),
    Axis.linear("kx", -1.0, 2.0, 12, "open"),
], ids=["graded", "random", "uniform"])  # fmt: skip
def test_reconstruction_is_exact_for_quartics(axis):
    """L from the five cells biased to the left, R to the right; weights that add up to one."""
    table, edges = face_coefficients(axis), axis.extended_edges(3)
    for power in range(5):
        cells = averages(edges, power)
        for face in range(1, axis.cells):
            near = cells[face : face + 6]
            mean, half = table[:6, face] @ near, table[6:, face] @ near
            exact = axis.edges[face] ** power
            assert mean + half == pytest.approx(exact, abs=1e-10)
            assert mean - half == pytest.approx(exact, abs=1e-10)


def test_edge_means_are_exact_for_cubics():
    """The circulation of ε̄ along an edge from corner values: fourth order on any axis."""
    axis = wavy_axis("kx", 12)
    weights, edges = edge_weights(axis), axis.extended_edges(1)
    for power in range(4):
        exact = averages(axis.edges, power)
        found = sum(weights[m] * edges[m : m + axis.cells] ** power for m in range(4))
        assert np.abs(found - exact).max() <= 1e-12
