"""Steppers: order in time with drives at stage times, and the step they may take."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from cases import ALL_STEPPERS

from kinetic.collisions.relaxation import RelaxationTime
from kinetic.hamiltonians.lattice import QiWuZhang, RiceMele
from kinetic.mesh import _LEFT
from kinetic.stepping import TABLEAUX, Stepping

STOP = 1.0


def final(stepper, steps, **options):
    run = cases.evolution(stepping=Stepping(stepper=stepper, step=STOP / steps), **options)
    cases.follow(run, STOP)
    assert run.steps == steps
    return run.densities()


def order(stepper, steps, **options):
    """From three runs with halved steps: no exact solution and no spatial error enter."""
    coarse, middle, fine = (final(stepper, steps * n, **options) for n in (1, 2, 4))
    return np.log2(np.abs(coarse - middle).max() / np.abs(middle - fine).max())


def drives():
    wave = "0.6 + 0.4*sin(4*t)"
    line = {"model": RiceMele(), "grid": cases.box(np.pi, (24,))}
    plane = {"model": QiWuZhang(mass=1.2), "grid": cases.box(np.pi, (12, 12))}
    bath = RelaxationTime(tau=0.5, chemical_potential=0.2, temperature=0.4)
    return {
        "E(t)": {**line, "e": (wave,)},
        "E(t) and B(t)": {**plane, "e": (wave, 0.5), "b": "0.1 + 0.05*cos(5*t)"},
        "E(t) and collisions": {**line, "e": (wave,), "collisions": [bath]},
    }


@pytest.mark.parametrize("drive", drives())
@pytest.mark.parametrize("stepper", ALL_STEPPERS)
def test_stepper_has_its_order_in_time(stepper, drive):
    """A drive taken at t instead of the stage time gives order one; b(t) tests D_s as well."""
    expected = TABLEAUX[stepper].order
    if stepper == "imex" and "collisions" not in drive:
        expected = 3  # that of its explicit part
    options = {"scheme": "linear5", "initial": cases.Wavy(), "stop": STOP, **drives()[drive]}
    found = order(stepper, 8 if expected == 4 else 20, **options)
    assert found > expected - 0.25, found
    assert found < expected + 0.8, found


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
def test_tableau_is_consistent(stepper):
    """u' = g(t) with g a polynomial is integrated to the order; stages know their times."""
    tableau = TABLEAUX[stepper]
    for power in range(tableau.order):
        base, u = 0.0, 0.0
        for stage in tableau.stages:
            if stage.mix is not None:
                p, q, r, s = stage.mix
                base, u = p * base + q * u, r * base + s * u
            u = stage.alpha * base + stage.beta * u + stage.gamma * stage.time**power
        assert u == pytest.approx(1.0 / (power + 1), abs=1e-14)


def amplification(tableau, z):
    """Stability polynomial of the stages at z = λΔt."""
    base, u = np.ones_like(z), np.ones_like(z)
    for stage in tableau.stages:
        if stage.mix is not None:
            p, q, r, s = stage.mix
            base, u = p * base + q * u, r * base + s * u
        u = stage.alpha * base + (stage.beta + stage.gamma * z) * u
    return u


def symbol(weights, courant):
    """λΔt of upwind advection with face values Σ w_m u_{i+m} for all wave numbers."""
    phase = np.exp(1j * np.outer(np.arange(-2, len(weights) - 2), np.linspace(0, np.pi, 400)))
    face = np.asarray(weights) @ phase
    return -courant * face * (1.0 - np.exp(-1j * np.linspace(0, np.pi, 400)))


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
def test_largest_step_is_stable_and_a_larger_one_is_not_promised(stepper):
    """|R(λΔt)| <= 1 for first- and fifth-order upwind fluxes at the coefficient of the table.

    ssprk2 is unstable with fifth-order fluxes at any step; its growth must stay below 1e-4.
    """
    tableau = TABLEAUX[stepper]
    allowed = 1.0 + (1e-4 if stepper == "ssprk2" else 1e-12)
    for weights in ([0.0, 0.0, 1.0], _LEFT[:5]):
        growth = np.abs(amplification(tableau, symbol(weights, tableau.coefficient))).max()
        assert growth <= allowed
    beyond = symbol(_LEFT[:5], 1.6 * tableau.coefficient)
    assert np.abs(amplification(tableau, beyond)).max() > allowed


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
def test_monotone_fluxes_stay_monotone_at_the_largest_step(stepper):
    """The SSP property in a real run: an edge makes no new extremum at courant = 1."""
    run = cases.evolution(
        RiceMele(),
        cases.box(np.pi, (40,)),
        e=(1.0,),
        scheme="upwind1",
        limiter="none",
        stepping=Stepping(stepper=stepper, courant=1.0),
    )
    k = run.system.grid.momentum[0].centres
    u = np.broadcast_to(np.where(np.abs(k) < 1.0, 1.0, 0.0), run.transport.u.shape)
    run.restore({**run.state(), "u": u})
    cases.follow(run, 50.0)
    assert run.transport.u.min() >= -1e-14
    assert run.transport.u.max() <= 1.0 + 1e-14
    # A step is as long as promised: (1 forward-Euler step) × coefficient.
    width = 2.0 * np.pi / 40
    assert run.steps == pytest.approx(50.0 / (width * TABLEAUX[stepper].coefficient), abs=1.0)


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
def test_linear_scheme_does_not_grow_at_the_largest_step(stepper):
    """A rough state in linear5 over ten circuits of the zone: its norm never rises."""
    run = cases.evolution(
        RiceMele(),
        cases.box(np.pi, (32,)),
        e=(1.0,),
        scheme="linear5",
        stepping=Stepping(stepper=stepper, courant=1.0),
    )
    u = np.random.default_rng(0).uniform(0.0, 1.0, run.transport.u.shape)
    run.restore({**run.state(), "u": u})
    norm = np.linalg.norm(u)
    cases.follow(run, 20.0 * np.pi)
    assert np.linalg.norm(run.transport.u) <= norm
