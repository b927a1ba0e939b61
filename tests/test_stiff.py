"""Relaxation slow and fast against the step: orders, limits, what the program chooses itself."""

from __future__ import annotations

import numpy as np
import pytest

from kinetic import validating
from kinetic.study import Study, advance, orders

FOLDER = validating.directory() / "stiff_relaxation"
CASE = validating.load_case(FOLDER)


@pytest.fixture
def study():
    return Study(FOLDER, threads=1)


@pytest.mark.parametrize(
    ("stepper", "order"), [("ssprk2", 2), ("ssprk3", 3), ("ssprk104", 4), ("imex", 2)]
)
def test_order_of_a_driven_and_relaxing_band(study, stepper, order):
    """Δt = τ/25, τ/50 in a force that depends on time; would catch a stage at the wrong time."""
    errors = [CASE.band_error(study, 1.0, step, stepper) for step in (0.04, 0.02)]
    assert orders(errors)[-1] == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("tau", [1e2, 1.0, 1e-2, 1e-4])
def test_error_is_bounded_at_any_rate(study, tau):
    """Δt³ of the transport and Δt² min(1/τ, τ/Δt) of the collisions, τ/Δt from 1e-3 to 1e3."""
    step = 0.1
    bound = step**3 + step**2 * min(1.0 / tau, tau / step, 1.0)
    assert CASE.band_error(study, tau, step, "imex") < bound
    assert CASE.wave_error(study, tau, step, "imex") < bound


@pytest.mark.parametrize("tau", [1e-1, 1e-4])
def test_diffusion_is_right_for_steps_beyond_the_relaxation_time(study, tau):
    """s = -⟨v²⟩τ: a scheme that is not asymptotic preserving diffuses with v²Δt."""
    step = 0.1
    exact = np.linalg.eigvals(CASE.generator(16, 24, tau)).real.max()
    assert CASE.measured_damping(study, tau, step) == pytest.approx(exact, rel=step**2)


def test_program_steps_over_fast_collisions_by_itself(study):
    """Without a stepper the fast band is carried as by 'imex', the slow one as by 'ssprk3'."""
    for tau, stepper in ((1e-3, "imex"), (5.0, "ssprk3")):
        states = []
        for name in (None, stepper):
            run = study.evolution("band.toml", CASE.tables(tau, 0.1, name))
            states.append(advance(run, 1.0).transport.occupation().copy())
        assert np.array_equal(*states)
