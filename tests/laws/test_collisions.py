"""Collisions: declared invariants, equilibrium as fixed point, no decrease of the entropy.

Over every registered operator; `operators.py` says with which arguments and in which systems.
"""

from __future__ import annotations

from functools import lru_cache

import cases
import numpy as np
import pytest
from cases import ALL_LEVELS, CASES
from hypothesis import given, settings
from hypothesis import strategies as st
from operators import BATH, EXAMPLES, PLACE, REFUSED, TRIED, surroundings

from kinetic.collisions.base import Collision
from kinetic.collisions.implicit import solved
from kinetic.collisions.local import LocalEquilibrium
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.errors import InputError
from kinetic.initial import FermiDirac, fermi
from kinetic.registry import known
from kinetic.stepping import Stepping

SEEDS = st.integers(0, 2**32 - 1)
everywhere = pytest.mark.parametrize(("example", "system", "level"), TRIED, ids=str)
few = settings(max_examples=4, deadline=None, derandomize=True)


@lru_cache
def at(index, system, level, thermal=False):
    """The operator of an example in a system, and what it sees."""
    around = surroundings(system, level, thermal)
    return EXAMPLES[index].description.build(around), around


def made(example, system, level, thermal=False):
    return at(EXAMPLES.index(example), system, level, thermal)


def pooled(around, values):
    """Bands of glued cells share a value: a carrier there has the mean energy of both."""
    found = np.array(np.broadcast_to(values, around.energy.shape))
    mean = 0.5 * (found[0::2] + found[1::2])
    for band in (0, 1):
        found[band::2][around.glued] = mean[around.glued]
    return found


def random_state(seed, around, roughness):
    """Occupations near (0) or far from (1) a Fermi function with its own μ and T."""
    random = np.random.default_rng(seed)
    f = fermi(around.energy, random.uniform(-0.3, 0.7), random.uniform(0.15, 0.5))
    if around.thermal:
        f = around.equilibrium
    noise = random.uniform(0.0, 1.0, f.shape)
    return pooled(around, (1.0 - 0.6 * roughness) * f + 0.6 * roughness * noise)


def rate_of(operator, f):
    out = np.zeros_like(f)
    operator.rate(f, 0.0, out)
    return out


def by_place(around, values, valleys=False, bands=False):
    """Sums at every site, of each valley and band if asked."""
    whole = values.reshape(around.valleys, around.sites, 2, -1).sum(axis=3)
    if not bands:
        whole = whole.sum(axis=2)
    return whole if valleys else whole.sum(axis=0)


def assert_invariants(description, around, change, tolerance):
    """Σ_s∫D_s (change) w = 0 at every site for all declared invariants w."""
    weight = around.weight
    known_ = {"charge", "valley_charge", "band_charge", "energy", "momentum"}
    assert set(description.conserves) <= known_, "give the law of this invariant"
    for name in description.conserves:
        apart = {"valleys": "valley" in name or "band" in name, "bands": "band" in name}
        quantities = [np.ones((1, 1, 1, 1))]
        if name == "energy":
            quantities = [pooled(around, around.energy)]
        if name == "momentum":
            quantities = list(around.momenta.values())
        for quantity in quantities:
            content = np.abs(by_place(around, weight * change * quantity, **apart))
            scale = by_place(around, weight * np.abs(quantity)).max()
            assert content.max() <= tolerance * scale, name


def test_every_registered_collision_is_tried():
    package = {n for n, c in known(Collision).items() if c.__module__.startswith("kinetic.")}
    assert package == {example.name for example in EXAMPLES}


@pytest.mark.parametrize(("example", "system"), REFUSED, ids=str)
def test_where_it_does_not_exist_it_is_refused_in_a_sentence(example, system):
    with pytest.raises(InputError, match=rf"\[collisions\].*{example.name}.*\.$"):
        example.description.build(surroundings(system, "dressed"))


@everywhere
@few
@given(seed=SEEDS, roughness=st.floats(0.0, 1.0))
def test_collision_conserves_what_it_declares(example, system, level, seed, roughness):
    """Catches sums without D_s, one μ for valleys with their own, and sites that are mixed."""
    for thermal in (True, False):
        operator, around = made(example, system, level, thermal)
        rate = rate_of(operator, random_state(seed, around, roughness))
        # Rates are measured in the fastest one; invariants are found to 1e-14 of what is held.
        assert_invariants(example.description, around, rate / operator.fastest, 1e-13)


@everywhere
@few
@given(seed=SEEDS, log_step=st.floats(-2.0, 3.0))
def test_implicit_stage_keeps_invariants_and_bounds(example, system, level, seed, log_step):
    """f = f* + Δt C[f]: its residual, what C conserves, 0 <= f <= 1, at any Δt/τ."""
    operator, around = made(example, system, level)
    step = 10.0**log_step / operator.fastest
    target = random_state(seed, around, 1.0)
    found = operator.solve(target, step, 0.0)
    if found is None:
        found = solved(Alone(operator), target, target, step, 0.0)
    apart = found - target - step * rate_of(operator, found)
    ratio = 1.0 + step * operator.fastest
    assert np.abs(apart).max() <= 3e-11 * ratio  # the searches for μ and T: 1e-11 each
    assert_invariants(example.description, around, found - target, 1e-13 * ratio)
    if example.bounded:
        assert found.min() >= -1e-13
        assert found.max() <= 1.0 + 1e-13


class Alone:
    """One operator as what the generic solver asks."""

    def __init__(self, operator):
        self._operator = operator
        self.loss = operator.loss

    def total(self, f, t):
        return rate_of(self._operator, f)

    def derivative(self, f, v, t):
        out = np.zeros_like(f)
        self._operator.derivative(f, v, t, out)
        return out


@everywhere
def test_closed_form_agrees_with_newton_and_krylov(example, system, level):
    operator, around = made(example, system, level)
    target, step = random_state(11, around, 0.5), 20.0 / operator.fastest
    closed = operator.solve(target, step, 0.0)
    generic = solved(Alone(operator), target, target, step, 0.0)
    if closed is not None:
        # The iteration ends below 1e-9 at the latest.
        assert np.abs(closed - generic).max() <= 1e-8


@everywhere
def test_derivative_is_that_of_the_rate(example, system, level):
    """C′[f]v beside a central difference; what it leaves out slows Newton's method by as much."""
    operator, around = made(example, system, level)
    f, nudge = random_state(5, around, 0.3), 1e-4
    v = pooled(around, np.random.default_rng(6).normal(size=f.shape))
    out = np.zeros_like(f)
    operator.derivative(f, v, 0.0, out)
    apart = rate_of(operator, f + nudge * v) - rate_of(operator, f - nudge * v)
    assert np.abs(out - apart / (2.0 * nudge)).max() <= 0.1 * np.abs(out).max()


@everywhere
@few
@given(seed=SEEDS, roughness=st.floats(0.05, 1.0))
def test_entropy_does_not_fall(example, system, level, seed, roughness):
    """The H-theorem of each kind of operator, see `Example.entropy`.

    Catches a relaxation towards something that is not the Fermi function of the invariants.
    """
    operator, around = made(example, system, level)
    f = np.clip(random_state(seed, around, roughness), 1e-9, 1.0 - 1e-9)
    weight, energy = around.weight, pooled(around, around.energy)
    if example.entropy == "near":
        f = near(around, seed)
    rate = rate_of(operator, f)
    force = np.log((1.0 - f) / f)
    if example.entropy == "square":
        force = nearest(around, f) - f
    if example.entropy in ("bath", "near") and "energy" not in example.description.conserves:
        # Heat goes into the bath; so do particles that are not conserved.
        free = "charge" in " ".join(example.description.conserves)
        force = force - (energy - (0.0 if free else BATH[0])) / BATH[1]
    produced = weight * rate * force
    assert produced.sum() >= -1e-12 * np.abs(produced).sum()


def near(around, seed):
    """Fermi functions of the bath's T with a μ of their own for every valley, or node."""
    random = np.random.default_rng(seed)
    if around.valleys > 1:
        mu = np.repeat(random.uniform(0.1, 0.5, around.valleys), 2 * around.sites)
        return pooled(around, fermi(around.energy, mu.reshape(-1, 1, 1, 1), BATH[1]))
    parts = (
        r * fermi(around.energy, random.uniform(0.1, 0.5), BATH[1]) for r in around.regions()
    )
    return pooled(around, sum(parts))


def nearest(around, f):
    """f_FD with charge and energy of f at every place."""
    found = LocalEquilibrium(("charge", "energy"), around, [BATH] * around.valleys)
    found.find(found.flat(f))
    return found.fermi().reshape(f.shape)


@everywhere
@settings(max_examples=3, deadline=None, derandomize=True)
@given(mu=st.floats(-0.2, 0.6), temperature=st.floats(0.15, 0.4))
def test_fermi_functions_are_fixed_points(example, system, level, mu, temperature):
    """What is conserved may have any value: its own Fermi function does not relax."""
    operator, around = made(example, system, level)
    own = mu if "mu" in example.free else BATH[0], temperature if "T" in example.free else BATH[1]
    f = pooled(around, fermi(around.energy, *own))
    assert np.abs(rate_of(operator, f)).max() <= 1e-11 * operator.fastest


SMALL = {1: (16,), 2: (9, 8), 3: (7, 7, 9)}


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_initial_equilibrium_is_a_fixed_point_in_every_model(case, level):
    """Cell averages of f_FD(ε̄), not f_FD of cell averages, with b on: to rounding."""
    run = cases.evolution(
        case.model,
        case.grid(SMALL[case.dimensions]),
        b=cases.B[case.dimensions],
        initial=FermiDirac(*BATH),
        collisions=[RelaxationTime(tau=1.0)],
        level=level,
    )
    around, f = run.collisions.surroundings, run.transport.occupation()
    for example in EXAMPLES:
        try:
            operator = example.description.build(around)
        except InputError as refused:
            assert example.name in str(refused)  # noqa: PT017
            continue
        assert np.abs(rate_of(operator, f)).max() <= 1e-12 * operator.fastest, str(example)


@everywhere
def test_what_is_handed_over_brings_the_same_rate_back(example, system, level):
    """Bitwise, though Newton starts from where it was."""
    operator, around = made(example, system, level)
    fresh = example.description.build(around)
    for seed in (1, 2):
        rate_of(operator, random_state(seed, around, 0.6))
    fresh.restore({key: np.array(value) for key, value in operator.state().items()})
    f = random_state(3, around, 0.4)
    assert np.array_equal(rate_of(operator, f), rate_of(fresh, f))


KEEPING = [e for e in EXAMPLES if "charge" in "".join(e.description.conserves)]
ONE_OF_EACH = {example.name: example for example in reversed(KEEPING)}.values()


@pytest.mark.parametrize("drive", ["static", "b(t)", "moving"])
@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("example", ONE_OF_EACH, ids=str)
def test_charge_is_conserved_in_a_run_at_every_level(example, level, drive):
    """The invariant is Σ_s∫D_s C_s with the D_s of the moment, also for n_s.

    Catches weights that stay those of the start, or that are 1 in `projected`, where
    Σ_s[C_s + ¼F(C_+ - C_-)] = Σ_s D_s C_s.
    """
    case = next(c for c in CASES if c.name == "graphene_gapped")
    run = cases.evolution(
        case.model if drive == "static" else cases.moving(case),
        case.grid(SMALL[2]),
        b=(cases.B_WAVES if drive == "b(t)" else cases.B)[2],
        initial=cases.Wavy(),
        collisions=[example.description],
        stepping=Stepping(step=0.1),
        stop=0.3,
        level=level,
    )
    cases.follow(run, 0.3)
    cases.assert_ledger(run)
    assert abs(run.collision_inflow()) <= 1e-14 * run.charge_held()


def test_relaxation_follows_its_exponential():
    """δf(t) = δf(0) exp(-t/τ) without fields."""
    case = next(c for c in CASES if c.name == "rice_mele")
    bath = RelaxationTime(tau=0.7, **{**PLACE, "chemical_potential": 0.1})
    run = cases.evolution(
        case.model,
        case.grid(),
        initial=cases.Wavy(),
        collisions=[bath],
        stepping=Stepping(stepper="ssprk104", step=0.1),
    )
    k = [run.system.grid.momentum[0].centres]
    final = fermi(run.flow.geometries[0].energies(k, 0.0, run.flow.b), 0.1, BATH[1])
    before = run.transport.occupation()[:, 0, 0] - final
    cases.follow(run, 2.1)
    after = run.transport.occupation()[:, 0, 0] - final
    assert after == pytest.approx(before * np.exp(-3.0), abs=1e-6)
