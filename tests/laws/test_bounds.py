"""0 <= f <= 1: the Pauli principle under transport."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from cases import ALL_STEPPERS, CASES

from kinetic.stepping import Stepping


def roughened(run, seed):
    """The same run with cell averages drawn at random, a third of them 0, a third 1."""
    random = np.random.default_rng(seed)
    f = np.clip(random.uniform(-1.0, 2.0, run.transport.u.shape), 0.0, 1.0)
    for valley, glued in enumerate(run.flow.glued):
        pair = f[2 * valley : 2 * valley + 2]
        pair[:, glued] = pair[:, glued].mean(axis=0)
    run.restore({**run.state(), "u": f * run.densities_of_states()})
    run.initial_charge = run.charge()
    return run


def rough(case, seed, *, b=None, stepper="ssprk3", level="dressed", model=None):
    run = cases.evolution(
        model or case.model,
        case.grid(),
        e=tuple(10 * e for e in cases.E[case.dimensions]),
        b=cases.B[case.dimensions] if b is None else b,
        initial=cases.Wavy(),
        stepping=Stepping(stepper=stepper),
        stop=2.0,
        level=level,
        scheme="mp5",
    )
    return roughened(run, seed)


@pytest.mark.parametrize("level", ["boltzmann", "dressed"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_rough_data_stay_within_the_bounds(case, level):
    """Random cells in e and b: limited reconstruction alone overshoots by percents.

    Catches a limiter that works along one axis only, forgets D_s, or makes charge.
    """
    run = rough(case, 1, level=level)
    for _ in range(8):
        cases.follow(run, 2.0, 1)
        low, high = run.bounds()
        assert low >= -1e-13
        assert high <= 1.0 + 1e-13
    assert run.mended == 0 or not case.model.bounded
    cases.assert_ledger(run)


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
@pytest.mark.parametrize("name", ["massive_dirac", "weyl", "qwz"])
def test_every_stepper_keeps_the_bounds(name, stepper):
    """With b(t) and a texture in motion; catches registers of ssprk104 that leave [0, 1]."""
    case = next(c for c in CASES if c.name == name)
    waves = cases.B_WAVES[case.dimensions]
    run = rough(case, 2, b=waves, stepper=stepper, model=cases.moving(case))
    cases.follow(run, 2.0, 6)
    low, high = run.bounds()
    assert low >= -1e-13
    assert high <= 1.0 + 1e-13
    cases.assert_ledger(run)


def test_without_the_limiter_the_bounds_break():
    """The law can fail: linear reconstruction of the same data overshoots."""
    case = next(c for c in CASES if c.name == "massive_dirac")
    run = cases.evolution(
        case.model, case.grid(), e=(0.3, -0.2), b=0.02, scheme="linear5", initial=cases.Wavy()
    )
    cases.follow(roughened(run, 3), 2.0, 4)
    low, high = run.bounds()
    assert low < -1e-3
    assert high > 1.0 + 1e-3
