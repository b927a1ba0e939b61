"""Relaxation in real space: one Fermi function for every place, found for all of them at once."""

from __future__ import annotations

import dataclasses
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from scipy.optimize import brentq, root

sys.path.insert(0, str(Path(__file__).parent / "laws"))
import cases
from cases import ALL_LEVELS

from kinetic.collisions.base import Surroundings
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.device import Device
from kinetic.equation import Equation
from kinetic.errors import InputError, PhysicsError
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.planar import GappedGraphene
from kinetic.initial import FermiDirac, LocalEquilibrium, fermi
from kinetic.kernels.exponential import decay
from kinetic.kernels.relaxation import PIECE
from kinetic.stepping import Stepping
from kinetic.system import System

BATH = (0.3, 0.2)
SETS = [
    (),
    ("charge",),
    ("valley_charge",),
    ("charge", "energy"),
    ("valley_charge", "energy"),
]
KEEPING = SETS[1:]
HILLS = "0.2*cos(x) + 0.1*sin(x)"
TEXTURE = ExpressionModel(
    d=["0.4*sin(kx) + 0.1*cos(x)", "0.3*sin(x)", "1 + 0.3*cos(kx + x)"],
    d0="0.2*sin(kx) + 0.1*cos(x)",
    bounded=True,
)


def ring(sites, *axes):
    """A periodic x axis of length 2π and k axes."""
    return Grid((Axis.linear("x", 0.0, 2.0 * np.pi, sites, "periodic"), *axes))


def square(*cells):
    axes = zip(("kx", "ky"), cells, strict=True)
    return [Axis.linear(name, -2.0, 2.0, n) for name, n in axes]


ZONE = Axis.linear("kx", -np.pi, np.pi, 16, "periodic")


def evolution(grid, model, initial=None, fields=None, keep=None, **equation):
    equation.setdefault("threads", 1)
    system = System(
        grid=grid,
        hamiltonian=model,
        initial=initial or FermiDirac(*BATH),
        fields=fields or Fields(),
        equation=Equation(**equation),
        collisions=() if keep is None else (RelaxationTime(tau=1.0, conserving=keep),),
    )
    return Evolution(system, Stepping(step=0.05), stop=1.0)


@lru_cache
def hilly():
    """Two valleys over hills of φ, in b; glued cells are added for the energy they exchange."""
    run = evolution(
        ring(6, *square(10, 13)),
        GappedGraphene(mass=0.4, haldane_mass=0.1),
        fields=Fields(phi=HILLS, B=0.05),
        keep=["charge"],
    )
    glued = np.zeros(run.transport.dressing.shape, dtype=bool)
    glued[:, 4:6, :, 6] = True
    around = run.collisions.surroundings
    weight = around.weight.copy()
    weight[0::2][glued] = weight[1::2][glued]
    return dataclasses.replace(around, glued=glued, weight=weight, thermal=False)


def built(conserving, around, temperature=BATH[1], mu=BATH[0]):
    return RelaxationTime(
        tau=2.0, conserving=conserving, chemical_potential=mu, temperature=temperature
    ).build(around)


def rate_of(operator, f):
    out = np.zeros_like(f)
    operator.rate(f, 0.0, out)
    return out


def by_site(values, around):
    """Sums over cells and bands.  (valley, site)"""
    return values.reshape(around.valleys, around.sites, -1).sum(axis=2)


def apart():
    """The same without glued cells."""
    return dataclasses.replace(hilly(), glued=np.zeros_like(hilly().glued))


def profile(around, values):
    """Numbers per valley and site against cells.  (valley·site·band, 1, 1, 1)"""
    return np.repeat(np.asarray(values).ravel(), 2).reshape(-1, 1, 1, 1)


def random_state(seed, around, roughness):
    """Occupations with another μ, T and noise at every place."""
    random = np.random.default_rng(seed)
    places = (around.valleys, around.sites)
    mu = profile(around, random.uniform(-0.6, 0.9, places))
    temperature = profile(around, random.uniform(0.08, 0.6, places))
    noise = random.uniform(0.0, 1.0, around.energy.shape)
    f = (1.0 - roughness) * fermi(around.energy, mu, temperature) + roughness * noise
    pair = f.reshape(-1, 2, *f.shape[1:])
    pair[...] = np.where(around.glued[:, None], pair.mean(axis=1, keepdims=True), pair)
    return f


def test_exponential_of_the_kernels():
    """Against the C library, from the Fermi edge to where nothing is left."""

    @njit
    def evaluated(x, out):
        for i in range(x.size):
            out[i] = decay(x[i])

    x = np.concatenate([np.linspace(-60.0, 60.0, 20001), [0.0, 699.0, -1e9, np.inf]])
    out = np.empty_like(x)
    evaluated(x, out)
    exact = np.exp(-np.abs(x))
    assert np.abs(out - exact).max() <= 2.3e-16
    assert out[:-2] == pytest.approx(exact[:-2], rel=4e-14)
    assert np.all(out[-2:] < 1e-300)


@pytest.mark.parametrize("roughness", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("conserving", KEEPING, ids="+".join)
def test_invariants_are_kept_at_every_place(conserving, roughness):
    """Σ_s∫dk D_s C[f]_s w = 0 at each x, also where glued bands share one occupation.

    Catches one μ for the whole system, energies without φ, and the energy of a pooled target.
    """
    around = hilly()
    for seed in range(3):
        f = random_state(seed, around, roughness)
        content = around.weight * rate_of(built(conserving, around), f)
        charge = by_site(content, around)
        energy = by_site(content * around.energy, around)
        if "charge" in conserving:
            charge, energy = charge.sum(axis=0), energy.sum(axis=0)
        states = by_site(around.weight, around)[0]
        assert np.all(np.abs(charge) <= 3e-14 * states)
        if "energy" in conserving:
            scale = by_site(around.weight * np.abs(around.energy), around)[0]
            assert np.all(np.abs(energy) <= 3e-14 * scale)
        else:
            assert np.abs(energy).max() > 1e-6 * states.max()


@pytest.mark.parametrize("conserving", KEEPING, ids="+".join)
def test_local_mu_and_temperature_against_an_independent_solver(conserving):
    """Sums with numpy's exp, roots by Brent's and Powell's methods, place by place."""
    around = apart()
    f = random_state(5, around, 0.3)
    operator = built(conserving, around)
    rate_of(operator, f)
    shape = (around.valleys, around.sites, -1)
    w, e, f = (x.reshape(shape) for x in (around.weight, around.energy, f))
    found = operator.local.reshape(around.valleys, around.sites, 2)
    for site in range(around.sites):
        for valley in range(around.valleys):
            own = slice(None) if "charge" in conserving else valley
            weight, energy, state = w[own, site], e[own, site], f[own, site]

            def excess(mu, temperature, weight=weight, energy=energy, state=state):
                change = weight * (fermi(energy, mu, temperature) - state)
                return change.sum(), (change * energy).sum()

            if "energy" in conserving:
                exact = root(lambda p, g=excess: g(*p), found[valley, site], tol=1e-13).x
            else:
                exact = [brentq(lambda mu, g=excess: g(mu, BATH[1])[0], -9, 9, xtol=1e-14), 0.2]
            assert found[valley, site] == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize("start", [(0.0, 0.01), (-3.0, 10.0), (1.9, 0.03), (0.3, 0.2)])
def test_newton_starts_from_anywhere(start):
    """Cold, across a gap, from far off: catches steps that stall where f(1 - f) has died out."""
    around = apart()
    mu = profile(around, np.linspace(-1.0, 1.0, 12))
    for temperature in (0.02, 0.3, 4.0):
        f = fermi(around.energy, mu, temperature)
        both = built(["valley_charge", "energy"], around, *start[::-1])
        assert np.abs(rate_of(both, f)).max() <= 1e-9
        one = built(["valley_charge"], around, temperature, start[0])
        assert np.abs(rate_of(one, f)).max() <= 1e-9
    for value in (0.0, 0.37, 1.0):  # empty, the same everywhere (T = ∞), full
        f = np.full_like(around.energy, value)
        for conserving in KEEPING if value == 0.37 else SETS[1:3]:
            content = around.weight * rate_of(built(conserving, around, *start[::-1]), f)
            assert np.abs(content.sum()) <= 1e-14 * around.weight.sum()
            if "energy" in conserving:
                assert np.abs((content * around.energy).sum()) <= 1e-12 * around.weight.sum()


@pytest.mark.parametrize("conserving", SETS, ids="+".join)
def test_entropy_does_not_fall_at_any_place(conserving):
    """dS/dt - (dE - μ dN)/T >= 0 at each x with its own μ and T."""
    around = apart()
    for seed in range(4):
        f = np.clip(random_state(seed, around, 0.2 * seed + 0.05), 1e-9, 1.0 - 1e-9)
        operator = built(conserving, around)
        rate = rate_of(operator, f)
        affinity = np.log((1.0 - f) / f)
        mu, temperature = (profile(around, operator.local[:, n]) for n in (0, 1))
        produced = around.weight * rate * (affinity - (around.energy - mu) / temperature)
        size = by_site(np.abs(produced), around)
        assert np.all(by_site(produced, around) >= -1e-12 * size)
        if "energy" in conserving:  # closed: the entropy itself, of all valleys that share μ
            entropy = by_site(around.weight * rate * affinity, around)
            if "charge" in conserving:
                entropy, size = entropy.sum(axis=0), size.sum(axis=0)
            assert np.all(entropy >= -1e-12 * size)


@pytest.mark.parametrize("well_balanced", [True, False])
@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("conserving", SETS, ids="+".join)
def test_equilibrium_over_hills_is_a_fixed_point(conserving, level, well_balanced):
    """f_FD(ε̄(r,k) + φ(r)) of a texture under a potential does not relax: to rounding."""
    run = evolution(
        ring(8, ZONE),
        TEXTURE,
        fields=Fields(phi="0.2*cos(x)"),
        keep=conserving,
        level=level,
        well_balanced=well_balanced,
    )
    f = run.transport.occupation()
    around = run.collisions.surroundings
    assert around.energy == pytest.approx(run.flow.cell_energies())
    assert np.ptp(around.energy.reshape(8, -1).mean(axis=1)) > 0.2
    assert np.abs(run.collisions.rate(f, 0.0)).max() <= 2e-15
    if well_balanced:
        before = run.transport.u.copy()
        cases.follow(run, 0.5)
        assert np.abs(run.transport.u - before).max() <= 1e-13


@pytest.mark.parametrize("conserving", SETS, ids="+".join)
def test_split_off_equilibrium_is_a_fixed_point(conserving):
    """Cell averages of the background of a disturbed state, not of the state."""
    initial = LocalEquilibrium("0.3 + 0.05*sin(x)", 0.1)
    run = evolution(ring(8, ZONE), TEXTURE, initial, keep=conserving)
    assert run.transport.split
    rest = np.ascontiguousarray(run.transport.equilibrium)
    assert np.abs(rest - fermi(run.flow.cell_energies(), 0.3, 0.1)).max() > 1e-4
    assert np.abs(run.collisions.rate(rest, 0.0)).max() <= 2e-15
    assert np.abs(run.collisions.rate(run.transport.occupation(), 0.0)).max() > (
        1e-6 if conserving else 1e-2
    )


def test_the_bath_is_the_global_equilibrium():
    """Without invariants f(r) ends as f_FD(ε̄ + φ - μ): the density follows the hills."""
    bath = RelaxationTime(tau=0.1, chemical_potential=0.1, temperature=0.15)
    run = evolution(ring(6, ZONE), TEXTURE, LocalEquilibrium(0.5, 0.3), Fields(phi=HILLS))
    system = dataclasses.replace(run.system, collisions=(bath,))
    run = Evolution(system, Stepping(step=0.02), stop=3.0)
    aim = fermi(run.flow.cell_energies(), 0.1, 0.15)
    assert np.abs(run.transport.occupation() - aim).max() > 0.1
    rate = run.collisions.rate(run.transport.occupation(), 0.0)
    assert rate == pytest.approx(10.0 * (aim - run.transport.occupation()), abs=1e-12)


@pytest.mark.parametrize("level", ALL_LEVELS)
def test_charge_and_energies_follow_what_moves(level):
    """With ε̄(r,k,t), φ(r,t) and D_s(t) of the moment the invariant is kept at every place."""
    model = dataclasses.replace(TEXTURE, d0="0.2*sin(kx) + 0.1*cos(x - t)")
    run = evolution(
        ring(12, ZONE),
        model,
        LocalEquilibrium("0.3 + 0.1*sin(x)", 0.2),
        Fields(phi="0.1*cos(x)*cos(2*t)"),
        keep=["charge", "energy"],
        level=level,
        well_balanced=False,
    )
    before = run.collisions.surroundings.energy.copy()
    cases.follow(run, 0.3)
    cases.assert_ledger(run)
    around = run.collisions.surroundings
    content = around.weight * run.collisions.rate(run.transport.occupation(), run.time)
    assert around.energy == pytest.approx(run.flow.cell_energies(), abs=1e-14)
    assert np.abs(around.energy - before).max() > 0.01
    states = by_site(around.weight, around)
    assert np.all(np.abs(by_site(content, around)) <= 3e-14 * states)
    assert np.all(np.abs(by_site(content * around.energy, around)) <= 1e-13 * states)
    assert abs(run.collision_inflow()) <= 1e-14 * run.charge_held()


@pytest.mark.parametrize("conserving", KEEPING, ids="+".join)
def test_restart_is_bitwise(conserving):
    """μ and T of every place are where Newton starts: a checkpoint must not forget them."""

    def fresh():
        return evolution(
            ring(8, *square(8, 7)),
            GappedGraphene(mass=0.4),
            LocalEquilibrium("0.3 + 0.1*sin(x)", "0.2 + 0.05*cos(x)"),
            Fields(phi="0.1*cos(x)", B=0.02),
            keep=conserving,
        )

    straight, first, second = fresh(), fresh(), fresh()
    cases.follow(straight, 0.25)
    cases.follow(straight, 0.5)
    cases.follow(first, 0.25)
    second.restore({name: np.array(value) for name, value in first.state().items()})
    assert second.state()["collision0.local"].shape == (2 * 8, 2)
    cases.follow(second, 0.5)
    again = second.state()
    for name, value in straight.state().items():
        assert np.array_equal(value, again[name]), name


def test_every_number_of_threads_gives_the_same():
    """Sums over pieces of fixed length, also where a patch has several."""
    around = hilly()
    cells = 2 * PIECE + 37
    random = np.random.default_rng(3)
    energy = random.uniform(-2.0, 2.0, (24, 1, 1, cells))
    long = dataclasses.replace(
        around,
        energy=energy,
        weight=random.uniform(0.8, 1.2, energy.shape),
        equilibrium=np.zeros_like(energy),
        glued=np.zeros((12, 1, 1, cells), dtype=bool),
    )
    f = 0.9 * fermi(energy, 0.1, 0.4) + 0.1 * random.uniform(0.0, 1.0, energy.shape)
    one = rate_of(built(["charge", "energy"], long), f)
    three = rate_of(built(["charge", "energy"], dataclasses.replace(long, device=Device(3))), f)
    assert np.array_equal(one, three)
    content = by_site(long.weight * one, long).sum(axis=0)
    assert np.all(np.abs(content) <= 1e-13 * by_site(long.weight, long)[0])


def test_a_place_without_local_equilibrium_is_named():
    """An inverted population carries more energy than any T allows; its neighbours do not."""
    around = apart()
    f = fermi(around.energy, 0.3, 0.2)
    inverted = f.reshape(2, 6, 2, *f.shape[1:])
    inverted[1, 4] = 1.0 - inverted[1, 4]
    operator = built(["valley_charge", "energy"], around)
    named = rf"charge and energy of the state at x = {around.places['x'][4]:.6g} in valley 1 \("
    with pytest.raises(PhysicsError, match=named):
        rate_of(operator, f)


def test_what_is_not_a_number_is_left_to_the_judge_of_the_state():
    """One NaN must not be blamed on the collisions, nor touch the other places."""
    around = hilly()
    f = random_state(1, around, 0.2)
    sound = rate_of(built(["valley_charge"], around), f)
    f[4, 0, 0, 0] = np.nan
    rate = rate_of(built(["valley_charge"], around), f)
    assert np.array_equal(np.delete(rate, [4, 5], axis=0), np.delete(sound, [4, 5], axis=0))


def test_zero_temperature():
    """No μ at T = 0 carries a given charge on a grid; a bath at T = 0 is a step."""
    around = dataclasses.replace(apart(), reservoirs=((0.3, 0.0), (0.3, 0.0)))
    with pytest.raises(InputError, match="at T = 0"):
        RelaxationTime(tau=1.0, conserving=["charge"]).build(around)
    step = rate_of(RelaxationTime(tau=1.0).build(around), np.zeros_like(around.energy))
    assert step == pytest.approx(np.heaviside(0.3 - around.energy, 0.5), abs=1e-300)


def test_surroundings_of_a_homogeneous_run():
    """One site without coordinates: nothing is said about where."""
    run = cases.evolution(
        GappedGraphene(mass=0.4),
        cases.box(2.0, (8, 9)),
        initial=FermiDirac(*BATH),
        collisions=[RelaxationTime(tau=1.0)],
    )
    around = run.collisions.surroundings
    assert isinstance(around, Surroundings)
    assert (around.sites, around.valleys, around.where(0)) == (1, 2, "")
    assert around.volumes.sum() == pytest.approx(16.0)
    assert hilly().where(2).startswith(" at x = 2.61")
