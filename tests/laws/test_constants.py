"""A constant occupation stays constant: the discrete flow is divergence-free (free stream)."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from cases import ALL_LEVELS, ALL_SCHEMES, ALL_STEPPERS, CASES, DEEP, WIDE

from kinetic.hamiltonians.weyl import Weyl
from kinetic.stepping import Stepping

VALUE = 0.37
TOLERANCE = 1e-14


def drift_of_a_constant(model, grid, b, *, stop=0.6, steps=6, stepper="ssprk3", **equation):
    """Largest change of f = 0.37, glued cells included, and the run."""
    dimensions = grid.dimensions
    run = cases.evolution(
        model,
        grid,
        e=cases.E[dimensions],
        b=b,
        initial=cases.Uniform(VALUE),
        stepping=Stepping(stepper=stepper, step=stop / steps),
        stop=stop,
        **equation,
    )
    cases.follow(run, stop)
    assert run.steps >= steps
    cases.assert_ledger(run)
    return np.abs(run.transport.occupation() - VALUE).max(), run


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_constant_occupation_is_stationary_in_static_fields(case, level):
    """Catches ∂ε̄×b from cell values (not a circulation) and Berry fluxes that do not close."""
    b = cases.B[case.dimensions]
    assert drift_of_a_constant(case.model, case.grid(), b, level=level)[0] <= TOLERANCE


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", WIDE, ids=str)
def test_constant_occupation_is_stationary_under_any_b_of_t(case, level):
    """D_s must be advanced with the quadrature of the step, not set to its value at t + Δt.

    With b(t) a polynomial of low order both agree; sin, cos and exp tell them apart.
    """
    b = cases.B_WAVES[case.dimensions]
    assert drift_of_a_constant(case.model, case.grid(), b, level=level)[0] <= TOLERANCE


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_constant_occupation_is_stationary_in_a_moving_texture(case, level):
    """Catches ∂ₜF from a time difference beside ℰ_k×b from face integrals."""
    b = cases.B[case.dimensions]
    assert drift_of_a_constant(cases.moving(case), case.grid(), b, level=level)[0] <= TOLERANCE


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_constant_occupation_is_stationary_on_graded_axes(case, level):
    """Catches a width taken from the wrong cell, on open and on periodic axes."""
    b = cases.B_WAVES[case.dimensions]
    model, grid = cases.moving(case), cases.graded(case)
    assert drift_of_a_constant(model, grid, b, level=level)[0] <= TOLERANCE


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
@pytest.mark.parametrize("scheme", ALL_SCHEMES)
@pytest.mark.parametrize("level", ALL_LEVELS)
def test_every_scheme_and_stepper_keeps_a_constant(level, scheme, stepper):
    """A stage that advances D_s with other weights than g_s, or a mix that forgets D_s, fails."""
    case = next(c for c in WIDE if c.name == "massive_dirac")
    drift, _ = drift_of_a_constant(
        cases.moving(case),
        case.grid(),
        cases.B_WAVES[2],
        level=level,
        scheme=scheme,
        limiter="none",
        stepper=stepper,
    )
    assert drift <= TOLERANCE


@pytest.mark.parametrize("level", ["projected", "dressed"])
def test_constant_occupation_survives_a_node_that_crosses_cells(level):
    """The cells that the glued ball leaves and takes must get D_s f, not half of the pair."""
    model = Weyl(centre=(0.03, "0.01 + 1.2*t", "0.2*sin(3*t)"))
    grid = cases.box(2.0, (11, 11, 11))
    drift, run = drift_of_a_constant(
        model, grid, (0.01, 0.02, "0.02*cos(2*t)"), stop=1.0, steps=20, level=level
    )
    assert run.flow.nodes[0].cell[1] >= 8  # it started in cell 5
    assert drift <= TOLERANCE


@pytest.mark.parametrize("boundary", ["open", "periodic"])
@pytest.mark.parametrize("case", [c for c in DEEP if c.model.bounded], ids=str)
def test_lattice_models_keep_a_constant_on_open_and_periodic_axes(case, boundary):
    """Catches seams: links or corner energies that differ on the two sides of a zone."""
    reach = np.pi if boundary == "periodic" else 2.5
    grid = cases.box(reach, (9, 11, 9), boundary)
    assert drift_of_a_constant(case.model, grid, cases.B_WAVES[3])[0] <= TOLERANCE
