"""Implicit stages: their equation, what they keep, when they are taken, restarts."""

from __future__ import annotations

from dataclasses import dataclass

import cases
import numpy as np
import pytest
from cases import ALL_LEVELS

from kinetic.collisions.base import Collision, Operator
from kinetic.collisions.elastic import Elastic
from kinetic.collisions.implicit import solved
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.collisions.two_rate import TwoRate
from kinetic.errors import PhysicsError
from kinetic.hamiltonians.planar import MassiveDirac
from kinetic.initial import FermiDirac
from kinetic.stepping import TABLEAUX, Stepping

BATH = {"chemical_potential": 0.3, "temperature": 0.2}
FIRST = FermiDirac(0.6, 0.3)


def run(collisions, stepper=None, step=None, level="dressed", e=(0.05, 0.02), **options):
    return cases.evolution(
        MassiveDirac(mass=0.4),
        cases.box(1.5, (10, 12)),
        e=e,
        b=0.05,
        level=level,
        initial=FIRST,
        collisions=collisions,
        stepping=Stepping(stepper=stepper, step=step),
        **options,
    )


def relaxation(tau, conserving=(), **bath):
    return RelaxationTime(tau=tau, conserving=conserving, **(bath or BATH))


@pytest.mark.parametrize("tau", [1e-6, 1e-2, 1.0, 1e3])
def test_two_baths_have_their_weighted_mean(tau):
    """f = (f* + λ₁f₁ + λ₂f₂)/(1 + λ₁ + λ₂) for -(f - f₁)/τ₁ - (f - f₂)/τ₂, λ = Δt/τ."""
    second = {"chemical_potential": -0.2, "temperature": 0.4}
    made = run([relaxation(tau), relaxation(2.0 * tau, **second)])
    together, f, step = made.collisions, made.transport.occupation(), 0.3
    targets = []
    for operator in together.operators:
        out = np.zeros_like(f)
        operator.rate(np.zeros_like(f), 0.0, out)
        targets.append(out / operator.fastest)
    one, two = step / tau, step / (2.0 * tau)
    expected = (f + one * targets[0] + two * targets[1]) / (1.0 + one + two)
    found = f + step * together.solve(f, step, 0.0)
    # GMRES stops at a residual of 1e-13, or where rounding of C, 1e-16 λ, ends it.
    assert np.abs(found - expected).max() < 1e-12 + 1e-15 * one


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("rate", [1e-3, 1.0, 1e3])
def test_charge_is_kept_and_the_ledger_closes(level, rate):
    """What conserves charge brings in none, however stiff; what does not is in the ledger."""
    step = 0.2
    kept = run([relaxation(step / rate, ("charge",))], "imex", step, level)
    free = run([relaxation(step / rate)], "imex", step, level)
    scale = kept.charge() - kept.initial_charge + np.abs(kept.transport.u).sum()
    for made in (kept, free):
        cases.follow(made, 0.8)
        leak = -made.ledger.outflow.sum() + made.ledger.faraday + made.ledger.collisions
        change = (made.charge() - made.initial_charge) * made.phase_space
        assert abs(change - leak) < 1e-14 * scale * (1.0 + rate)
    assert abs(kept.ledger.collisions) < 1e-13 * scale
    assert abs(free.ledger.collisions) > 1e-4


def test_steady_state_does_not_depend_on_the_step():
    """e·∂f = C[f] solved by two very different steps: δ + η = γ in every stage."""
    tau = 0.05
    states = []
    for step in (2.0 * tau, 10.0 * tau):
        made = run([relaxation(tau)], "imex", step)
        cases.follow(made, 400.0 * tau)
        states.append(made.transport.occupation())
    moved = np.abs(states[0] - run([relaxation(tau)]).transport.occupation()).max()
    assert moved > 0.05  # it has gone to the bath
    assert np.abs(states[0] - states[1]).max() < 1e-12


def amplification(z):
    """u after a step of Δt = 1 with du/dt = -z u."""
    base, u, rate = 1.0, 1.0, 0.0
    for stage in TABLEAUX["imex"].stages:
        u = (stage.alpha * base + stage.beta * u + stage.kept * rate) / (1.0 + stage.solved * z)
        rate = -z * u
    return u


def test_damping_is_monotone_at_any_rate():
    """0 < R(z) < 1, second order for small z, and as 1/z² for large z."""
    z = np.logspace(-6, 9, 400)
    found = np.array([amplification(x) for x in z])
    assert (found > -1e-16).all()
    assert (found <= 1.0).all()
    small = np.array([amplification(x) - np.exp(-x) for x in (0.02, 0.01)])
    assert np.log2(small[0] / small[1]) == pytest.approx(3.0, abs=0.05)  # local: one more
    assert amplification(1e7) * 1e7 < 1e-5


@pytest.mark.parametrize(
    ("tau", "options", "implicit"),
    [
        (1.0, {}, False),
        (1e-4, {}, True),
        (1e-4, {"stepper": "ssprk3"}, False),
        (1.0, {"stepper": "imex"}, True),
        (1.0, {"step": 0.5}, False),
        (0.1, {"step": 0.5}, True),
    ],
)
def test_relaxation_is_followed_where_that_is_affordable(tau, options, implicit):
    made = run([relaxation(tau)], **options)
    made.every = 0.5
    limit = made.step_limit()
    assert made.tableau.implicit == implicit
    if not implicit:
        assert limit <= (1.0 if "step" in options else 0.1) * tau
    else:
        assert limit > 10.0 * tau or options.get("stepper") == "imex" or "step" in options


@pytest.mark.parametrize("stiff", [False, True])
def test_restart_and_threads_are_bitwise(stiff):
    tau = 1e-4 if stiff else 0.3
    collisions = [relaxation(tau, ("charge", "energy")), relaxation(3.0 * tau, ("charge",))]

    def make(threads=1):
        return run(collisions, threads=threads, step=0.05)

    whole, other = make(), make(2)
    cases.follow(whole, 0.2)
    cases.follow(other, 0.2)
    first, second = make(), make()
    first.advance(0.05)
    second.restore(first.state())
    while second.time < 0.2:
        second.advance(0.2)
    assert np.array_equal(whole.transport.u, second.transport.u)
    assert np.array_equal(whole.transport.u, other.transport.u)


def test_equation_without_a_solution_is_refused():
    """C = +f/τ + 1 has none that is found for Δt = τ: a sentence, not a NaN."""

    class Growth(Operator):
        def total(self, f, t):
            return f + 1.0

        def loss(self):
            return 0.0

        def derivative(self, f, v, t):
            return v

    with pytest.raises(PhysicsError, match="smaller step"):
        solved(Growth(), np.full((2, 1, 1, 3), 0.5), np.full((2, 1, 1, 3), 0.5), 1.0, 0.0)


def test_a_rate_that_is_too_long_for_its_step_ends_the_run():
    """An operator that hides its rate: a sentence, not occupations of 1e20."""

    @dataclass(frozen=True)
    class Hidden(Collision):
        """C[f] = -1e4 f"""

        def build(self, surroundings):
            return HiddenRate()

    class HiddenRate(Operator):
        fastest = 1e-9

        def rate(self, f, t, out):
            out -= 1e4 * f

    made = run([Hidden()], "ssprk3", 0.05)
    with pytest.raises(PhysicsError, match="run away"):
        cases.follow(made, 10.0)


@pytest.mark.parametrize("tau", [1e-9, 1e-5])
def test_very_fast_collisions_beside_slow_ones_are_solved_for(tau):
    """Elastic scattering beside a drift that is kept: charge to rounding, no step refused."""
    collisions = [
        Elastic(strength=0.2),
        TwoRate(momentum_conserving=tau, momentum_relaxing=8.0),
    ]
    made = run(collisions, "imex", 0.3)
    cases.follow(made, 1.5)
    f = made.transport.occupation()
    assert f.min() >= 0.0
    assert f.max() <= 1.0 + 1e-12
    assert abs(made.ledger.collisions) < 1e-14 * np.abs(made.transport.u).sum()
