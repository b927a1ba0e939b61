"""A Fermi function of ε̄ does not move in a static magnetic field."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from cases import ALL_LEVELS, CASES, WIDE

from kinetic.initial import FermiDirac

MU, T = 0.8, 0.05
ONE_OF_EACH = [c for c in WIDE if c.name in ("massive_dirac", "qwz", "weyl")]


def change_over_a_period(case, level, **options):
    """Largest change of u after a cyclotron period 2πμ/v²b of the Dirac cone."""
    b = 2.0 * np.asarray(cases.B[case.dimensions])
    run = cases.evolution(
        case.model,
        case.grid(),
        b=b.tolist(),
        initial=FermiDirac(MU, T),
        level=level,
        **options,
    )
    before = run.transport.u.copy()
    period = 2.0 * np.pi * MU / float(np.linalg.norm(b))
    cases.follow(run, period)
    return np.abs(run.transport.u - before).max(), run


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", WIDE, ids=str)
def test_fermi_function_is_steady_over_a_cyclotron_period(case, level):
    """Without the flux of the equilibrium split off it decays by percents per period."""
    change, run = change_over_a_period(case, level)
    assert run.steps > 10
    assert change <= 1e-12
    cases.assert_ledger(run)


@pytest.mark.parametrize("scheme", ["upwind1", "mp5"])
@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", ONE_OF_EACH, ids=str)
def test_without_the_split_it_is_not_steady(case, level, scheme):
    """The law above can fail: it is the split that holds it."""
    change, _ = change_over_a_period(case, level, scheme=scheme, well_balanced=False)
    assert change > 1e-4


@pytest.mark.parametrize("case", [c for c in CASES if c.dimensions == 1], ids=str)
def test_anything_is_steady_in_one_dimension_without_fields(case):
    """No b along a line: nothing may move."""
    run = cases.evolution(case.model, case.grid(), initial=cases.Wavy())
    before = run.transport.u.copy()
    cases.follow(run, 5.0)
    assert np.abs(run.transport.u - before).max() <= 1e-15
