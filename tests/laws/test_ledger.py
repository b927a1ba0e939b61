"""Charge changes only by what is printed: outflow, Faraday inflow; nodes only change bands."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from cases import ALL_LEVELS, ALL_SCHEMES, ALL_STEPPERS, CASES

from kinetic.collisions.relaxation import RelaxationTime
from kinetic.hamiltonians.weyl import Weyl
from kinetic.initial import FermiDirac
from kinetic.stepping import Stepping

TWO = [case for case in CASES if case.name in ("weyl", "massive_dirac")]
CHARGE = RelaxationTime(tau=3.0, conserving=["charge"], chemical_potential=0.4, temperature=0.1)


def run_of(case, level, *, drive, collide, initial=None, **options):
    moves = drive == "moving"
    b = cases.B_WAVES if drive != "static" else cases.B
    stop = 1.5
    return cases.follow(
        cases.evolution(
            cases.moving(case) if moves else case.model,
            case.grid(),
            e=tuple(6 * e for e in cases.E[case.dimensions]),
            b=b[case.dimensions],
            initial=initial or cases.Wavy(),
            collisions=[CHARGE] if collide else [],
            stepping=options.pop("stepping", None) or Stepping(step=stop / 6),
            stop=stop,
            level=level,
            **options,
        ),
        stop,
    )


@pytest.mark.parametrize("drive", ["static", "b(t)", "moving"])
@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_charge_changes_only_by_printed_fluxes(case, level, drive):
    """Outflow, Faraday inflow, node exchange, limiter (on by default in mp5).

    Catches a flux that one neighbour adds and the other forgets, a limiter that creates
    charge, a ledger with other Runge-Kutta weights than the state.
    """
    run = run_of(case, level, drive=drive, collide=False)
    cases.assert_ledger(run)
    if not case.model.bounded:
        assert np.abs(run.boundary_outflow()).max() > 1e-6  # something was there to count


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_collisions_that_keep_the_charge_leave_the_ledger_closed(case, level):
    """With everything in motion; catches invariants summed with the D_s of the start."""
    run = run_of(case, level, drive="moving", collide=True)
    cases.assert_ledger(run)
    assert abs(run.collision_inflow()) <= 1e-14 * run.charge_held()


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
@pytest.mark.parametrize("scheme", ALL_SCHEMES)
@pytest.mark.parametrize("case", TWO, ids=str)
def test_ledger_closes_for_every_scheme_and_stepper(case, scheme, stepper):
    """Catches ledger weights that fit one stepper only (the mix of ssprk104)."""
    run = run_of(
        case,
        "dressed",
        drive="moving",
        collide=False,
        scheme=scheme,
        stepping=Stepping(stepper=stepper, step=0.2),
    )
    cases.assert_ledger(run)


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
def test_ledger_stays_closed_over_many_steps(stepper):
    """Weights of a stage that add up to 1 - 6e-17 lose charge at every step, always downwards:

    1/3 + 2/3 in ssprk3 as floating-point numbers.
    """
    case = next(c for c in CASES if c.name == "qwz")
    stepping = Stepping(stepper=stepper, step=0.05)
    options = {"e": (0.1, 0.05), "b": 0.02, "initial": cases.Wavy(), "stepping": stepping}
    run = cases.follow(cases.evolution(case.model, case.grid(), **options), 40.0)
    assert run.steps == 800
    cases.assert_ledger(run)


@pytest.mark.parametrize("level", ["projected", "dressed"])
def test_node_exchange_is_what_the_upper_band_gained(level):
    """Lower → upper through the node, beside the outflow of each band: no charge of its own."""
    run = cases.evolution(
        Weyl(chirality=-1),
        cases.box(2.0, (13, 13, 13)),
        e=(0.0, 0.0, 0.01),
        b=(0.0, 0.0, 0.02),
        initial=FermiDirac(0.3, 0.05),
        level=level,
    )
    cases.follow(run, 4.0)
    cases.assert_ledger(run)
    pumped = -0.01 * 0.02 / (4.0 * np.pi**2) * run.time
    assert run.charge_change() == pytest.approx(pumped, rel=1e-9)
    assert np.sign(run.node_exchange()[0]) == -1
    # Both bands hold f in glued cells, so that half of the pumped charge crosses there.
    assert abs(run.node_exchange()[0]) > 0.4 * abs(pumped)


@pytest.mark.parametrize("level", ALL_LEVELS)
def test_what_a_bath_gives_is_printed(level):
    """A collision that keeps nothing exchanges charge: it is an entry of its own."""
    case = next(c for c in CASES if c.name == "massive_dirac")
    bath = RelaxationTime(tau=3.0, chemical_potential=0.4, temperature=0.1)
    run = cases.evolution(
        case.model, case.grid(), b=0.02, initial=cases.Wavy(), collisions=[bath], level=level
    )
    cases.follow(run, 1.0)
    cases.assert_ledger(run)
    assert abs(run.collision_inflow()) > 1e-3 * run.charge_held()


def test_the_ledger_can_fail():
    """The residual is no identity: charge that comes from nowhere shows."""
    case = next(c for c in CASES if c.name == "massive_dirac")
    run = cases.evolution(case.model, case.grid(), e=(0.1, 0.0), initial=cases.Wavy())
    cases.follow(run, 1.0)
    run.restore({**run.state(), "u": run.transport.u * (1.0 + 1e-12)})
    residual, scale = run.ledger_residual()
    assert abs(residual) > 1e-13 * scale
