"""Two rates of relaxation: momentum decays with one of them, charge and energy with none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from test_relaxation import around, random_state, rate_of, sums

from kinetic.collisions.relaxation import RelaxationTime
from kinetic.collisions.two_rate import TwoRate
from kinetic.errors import InputError

KINDS = [(e, v) for e in ("bath", "conserved") for v in ("together", "apart")]
PLACES = "0.5 + 0.4*cos(x)"


def built(energy="bath", valleys="together", where=None, times=(0.5, 3.0)):
    description = TwoRate(*times, energy=energy, valleys=valleys)
    return description.build(where or around()), description


def contents(values, where, kept):
    """Charge, energy and momenta of every place (and valley)."""
    factors = (1.0, where.energy, *where.momenta.values())
    return np.array([sums(where.weight * values * factor, where, kept) for factor in factors])


@pytest.mark.parametrize("times", [(0.5, 3.0), (PLACES, "2*x + 1")], ids=["numbers", "formulas"])
@pytest.mark.parametrize(("energy", "valleys"), KINDS)
def test_contents_decay_with_their_rates(energy, valleys, times):
    """dN/dt = 0, dP/dt = -(P - P_mr)/τ_mr, and dE/dt = 0 where it is kept, at every place."""
    where = around(True)
    operator, description = built(energy, valleys, where, times)
    f = random_state(5, where, 0.2)
    charge, heat, *push = contents(rate_of(operator, f), where, description.conserves)
    scale = where.weight.sum()
    assert np.abs(charge).max() <= 1e-14 * scale
    assert (np.abs(heat).max() <= 1e-14 * scale) == (energy == "conserved")
    rest = contents(operator.resting.fermi().reshape(f.shape), where, description.conserves)
    held = contents(f, where, description.conserves)
    x = where.places["x"]
    tau = 3.0 if times[0] == 0.5 else 2.0 * x + 1.0
    assert np.array(push) == pytest.approx(-(held - rest)[2:] / tau, abs=1e-13 * scale)
    assert np.abs(push).max() > 1e-4 * scale


@pytest.mark.parametrize("times", [(0.5, 3.0), (PLACES, "2*x + 1")], ids=["numbers", "formulas"])
@pytest.mark.parametrize(("energy", "valleys"), KINDS)
def test_implicit_step_solves_its_equation(energy, valleys, times):
    """f = f* + Δt C[f] for steps short and long, within [0, 1]."""
    where = around(True)
    target = random_state(8, where, 0.3)
    for step in (1e-3, 0.7, 1e4):
        operator, _ = built(energy, valleys, where, times)
        f = operator.solve(target, step, 0.0)
        residual = f - target - step * rate_of(operator, f)
        assert np.abs(residual).max() <= 1e-12 * (1.0 + step)
        assert f.min() >= 0.0
        assert f.max() <= 1.0


def test_fast_collisions_among_carriers_leave_a_drifting_fermi_function():
    """τ_mc → 0: f is f_mc, whose drift decays by 1/(1 + Δt/τ_mr) in an implicit step."""
    where = around()
    operator, description = built("conserved", times=(1e-6, 3.0))
    f = random_state(2, where, 0.4)
    after = operator.solve(f, 0.5, 0.0)
    drifting = operator.drifting.fermi().reshape(f.shape)
    rest = operator.resting.fermi().reshape(f.shape)
    assert np.abs(f - drifting).max() > 0.1
    assert np.abs(after - drifting).max() <= 1e-5
    start, end, idle = (contents(g, where, description.conserves)[2:] for g in (f, after, rest))
    assert end - idle == pytest.approx((start - idle) / (1.0 + 0.5 / 3.0), abs=1e-10)


def test_limits_are_relaxation_times():
    """Each of both rates alone is `relaxation_time` with its invariants."""
    where = around()
    f = random_state(3, where, 0.4)
    for times, kept in (((2.0, 1e12), ["charge", "momentum"]), ((1e12, 2.0), ["charge"])):
        operator, _ = built(times=times)
        alone = RelaxationTime(2.0, kept).build(where)
        assert rate_of(operator, f) == pytest.approx(rate_of(alone, f), abs=1e-11)
        step = operator.solve(f, 0.4, 0.0)
        assert step == pytest.approx(alone.solve(f, 0.4, 0.0), abs=1e-11)


def test_entropy_does_not_fall():
    """With energy kept: dS/dt >= 0 for both parts at once, at every place."""
    where = around()
    for seed in range(3):
        f = np.clip(random_state(seed, where, 0.1 * seed + 0.05), 1e-9, 1 - 1e-9)
        operator, _ = built("conserved")
        produced = where.weight * rate_of(operator, f) * np.log((1 - f) / f)
        assert np.all(sums(produced, where, ("charge",)) > 0.0)


def test_equilibria_at_rest_are_fixed_points():
    """A drifting one relaxes by τ_mr alone, its charge stays."""
    where = around()
    operator, _ = built()
    rest = expit((0.7 - where.energy) / 0.2)
    assert np.abs(rate_of(operator, rest)).max() <= 1e-9
    k = where.momenta["kx"]
    moving = expit((0.3 + 0.2 * k - where.energy) / 0.2)
    rate = rate_of(operator, moving)
    resting = operator.resting.fermi().reshape(moving.shape)
    assert rate == pytest.approx((resting - moving) / 3.0, abs=1e-9)


def test_restart_keeps_both():
    where = around()
    f, later = random_state(1, where, 0.5), random_state(2, where, 0.5)
    first, second = built()[0], built()[0]
    rate_of(first, f)
    second.restore({name: np.array(value) for name, value in first.state().items()})
    assert np.array_equal(rate_of(first, later), rate_of(second, later))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"momentum_relaxing": 0.0}, "momentum_relaxing = 0.0 must be above 0"),
        ({"momentum_conserving": "1 + kx**2"}, "from place to place, not from cell to cell"),
        ({"momentum_conserving": "x - 1"}, "is -1 at .*x = 0"),
        ({"energy": "kept"}, "energy = 'kept'"),
        ({"valleys": 2}, "valleys = 2"),
        ({"temperature": -1.0}, "must be above 0"),
    ],
)
def test_refusals(changes, message):
    table = {"momentum_conserving": 1.0, "momentum_relaxing": 2.0} | changes
    with pytest.raises(InputError, match=message):
        TwoRate(**table).build(around())
