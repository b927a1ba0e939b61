"""Scattering by a bath of phonons: exact laws on the grid, rates against the golden rule."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
import pytest
from scipy.integrate import quad

from kinetic.assembly import assemble
from kinetic.collisions.base import Surroundings
from kinetic.collisions.harmonics import degrees, harmonics, legendre, positive
from kinetic.collisions.ladder import quanta, sharpened
from kinetic.collisions.phonons import PhononBath
from kinetic.collisions.quanta import Profile, Sound, optical
from kinetic.errors import InputError
from kinetic.initial import fermi
from kinetic.study import advance, observe

BATH = 0.1
OPTICAL = PhononBath(phonons="optical", coupling=1.0, energy=0.25)
BATHS = {
    "optical": OPTICAL,
    "optical without overlap": dataclasses.replace(OPTICAL, overlap=False),
    "optical below the levels": dataclasses.replace(OPTICAL, energy=0.04),
    "acoustic": PhononBath(
        phonons="acoustic", coupling=1.0, velocity=0.4, harmonics=5, quasi_elastic=False
    ),
    "slow acoustic": PhononBath(
        phonons="acoustic", coupling=1.0, velocity=0.05, harmonics=3, quasi_elastic=False
    ),
}
QUASI_ELASTIC = PhononBath(phonons="acoustic", coupling=1.0, velocity=0.05, harmonics=3)


def tables(**changes):
    """A run of two valleys of gapped graphene in b."""
    run = {
        "grid": {"kx": [-1.5, 1.5, 20], "ky": [-1.5, 1.5, 20]},
        "hamiltonian": {"name": "graphene_gapped", "mass": 0.3, "haldane_mass": 0.05},
        "fields": {"B": 0.02},
        "equation": {"threads": 1},
        "collisions": [
            {"name": "phonon_bath", "phonons": "optical", "energy": 0.25, "coupling": 1.0}
        ],
        "initial": {"name": "fermi_dirac", "chemical_potential": 0.4, "temperature": BATH},
        "time": {"stop": 1.0, "step": 0.1},
    }
    return {**run, **changes}


@lru_cache
def graphene():
    return assemble(tables()).evolution()


def around(thermal=False):
    """What an operator sees; with plain energies at cell centres unless `thermal`."""
    return dataclasses.replace(graphene().collisions.surroundings, thermal=thermal)


def rate_of(operator, f):
    out = np.zeros_like(f)
    operator.rate(f, 0.0, out)
    return out


def random_state(seed, energy, roughness):
    random = np.random.default_rng(seed)
    f = fermi(energy, random.uniform(-0.3, 0.7), random.uniform(0.05, 0.4))
    return (1.0 - roughness) * f + roughness * random.uniform(0.0, 1.0, f.shape)


# --- laws ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bath", [*BATHS.values(), QUASI_ELASTIC], ids=[*BATHS, "quasi-elastic"])
@pytest.mark.parametrize("mu", [-0.6, 0.2, 1.3])
def test_fermi_functions_of_the_bath_are_fixed_points(bath, mu):
    """Pair by pair of cells, at any μ: catches the Bose function of anything but ε_i - ε_j."""
    seen = around()
    operator = bath.build(seen)
    rate = rate_of(operator, fermi(seen.energy, mu, BATH))
    assert np.abs(rate).max() <= 2e-15 * operator.fastest
    warm = rate_of(operator, fermi(seen.energy, mu, 1.5 * BATH))
    assert np.abs(warm).max() > 1e-4 * operator.fastest


@pytest.mark.parametrize("bath", [*BATHS.values(), QUASI_ELASTIC], ids=[*BATHS, "quasi-elastic"])
def test_charge_of_every_valley_is_kept(bath):
    seen = around()
    operator = bath.build(seen)
    for seed, roughness in enumerate((0.0, 0.3, 1.0)):
        content = seen.weight * rate_of(operator, random_state(seed, seen.energy, roughness))
        scale = operator.fastest * seen.weight.sum()
        assert np.abs(content.reshape(2, -1).sum(axis=1)).max() <= 1e-15 * scale


@pytest.mark.parametrize("bath", BATHS.values(), ids=BATHS)
def test_free_energy_does_not_rise_and_bounds_hold(bath):
    """dF/dt = Σ w C [ε + T ln f/(1 - f)] <= 0; and 0 <= f + C/fastest <= 1, from any state."""
    seen = around()
    operator = bath.build(seen)
    for seed in range(6):
        f = np.clip(random_state(seed, seen.energy, 0.2 * seed), 1e-9, 1.0 - 1e-9)
        if seed == 5:  # half-planes: as far from isotropic as can be
            f = np.where(np.cumsum(np.ones_like(f), axis=2) > 10, 1.0 - 1e-9, 1e-9)
        rate = rate_of(operator, f)
        produced = seen.weight * rate * (seen.energy + BATH * np.log(f / (1.0 - f)))
        assert produced.sum() <= 1e-13 * np.abs(produced).sum()
        after = f + rate / operator.fastest
        assert after.min() >= -1e-14
        assert after.max() <= 1.0 + 1e-14
        assert np.all(operator.loss() <= operator.fastest * (1.0 + 1e-12))


def test_quasi_elastic_part_turns_but_neither_heats_nor_cools():
    """Beside the exchanging part alone: the same power, a faster decay of a current."""
    seen = around()
    whole = QUASI_ELASTIC.build(seen)
    part = dataclasses.replace(QUASI_ELASTIC, quasi_elastic=False).build(seen)
    f = fermi(seen.energy, 0.4, 0.2)
    scale = np.sum(np.abs(seen.weight * seen.energy * rate_of(part, f)))
    assert whole.power(f) == pytest.approx(part.power(f), abs=1e-3 * scale)
    shifted = f + 0.3 * seen.momenta["kx"] * f * (1.0 - f)
    assert whole.power(shifted) == pytest.approx(part.power(shifted), abs=1e-3 * scale)
    lost = [
        -np.sum(seen.weight * seen.momenta["kx"] * rate_of(o, shifted)) for o in (part, whole)
    ]
    assert lost[1] > 3.0 * lost[0] > 0.0


@pytest.mark.parametrize("bath", BATHS.values(), ids=BATHS)
def test_derivative(bath):
    """Against a central difference; C is quadratic in f, so that this is exact."""
    seen = around()
    operator = bath.build(seen)
    f = random_state(3, seen.energy, 0.4)
    v = np.random.default_rng(4).normal(size=f.shape)
    found = np.zeros_like(f)
    operator.derivative(f, v, 0.0, found)
    exact = 0.5 * (rate_of(operator, f + v) - rate_of(operator, f - v))
    assert found == pytest.approx(exact, abs=1e-12 * np.abs(exact).max())


@pytest.mark.parametrize("bath", [*BATHS.values(), QUASI_ELASTIC], ids=[*BATHS, "quasi-elastic"])
def test_declared_equilibrium_is_a_fixed_point(bath):
    """Cell averages of the Fermi function, not point values, where the bath is the state's."""
    seen = around(thermal=True)
    operator = bath.build(seen)
    assert np.abs(seen.equilibrium - fermi(seen.energy, 0.4, BATH)).max() > 1e-3
    assert np.abs(rate_of(operator, seen.equilibrium)).max() <= 2e-15 * operator.fastest


def test_glued_cells_do_not_scatter():
    seen = around()
    glued = seen.glued.copy()
    glued[:, 9:11, 9:11] = True
    operator = OPTICAL.build(dataclasses.replace(seen, glued=glued))
    rate = rate_of(operator, random_state(1, seen.energy, 1.0))
    assert not np.any(rate[:, 9:11, 9:11])
    assert abs(np.sum(seen.weight * rate)) <= 1e-15 * seen.weight.sum() * operator.fastest


def test_sites_and_moving_potential():
    """Over hills φ(x, t) every site scatters by its own energies; the charge stays there."""
    run = assemble(
        tables(
            grid={
                "x": {"lower": 0.0, "upper": 6.0, "cells": 6, "boundary": "periodic"},
                "kx": [-1.5, 1.5, 14],
                "ky": [-1.5, 1.5, 14],
            },
            fields={"phi": "0.2*cos(2*pi*x/6)*cos(t)"},
        )
    ).evolution()
    seen = run.collisions.surroundings
    f = random_state(2, seen.energy, 0.5)
    advance(run, 0.3)
    f = run.transport.occupation()
    content = seen.weight * run.collisions.rate(f, run.time)
    sums = content.reshape(2, 6, -1).sum(axis=2)
    assert np.abs(sums).max() <= 1e-15 * seen.weight.sum()
    fixed = fermi(seen.energy, 0.4, BATH)
    plain = OPTICAL.build(dataclasses.replace(seen, thermal=False))
    assert np.abs(rate_of(plain, fixed)).max() <= 2e-15 * plain.fastest


@pytest.mark.parametrize("bath", [OPTICAL, QUASI_ELASTIC], ids=["optical", "quasi-elastic"])
def test_operator_follows_energies_in_place(bath):
    """A potential that moves changes nothing; a gap that moves gives what a new one would."""
    seen = dataclasses.replace(around(), energy=around().energy.copy())
    bath = dataclasses.replace(bath, spacing=0.125)
    operator = bath.build(seen)
    f = random_state(7, seen.energy, 0.3)
    still = rate_of(operator, f)
    seen.energy[:2] += 0.37
    assert rate_of(operator, f) == pytest.approx(still, abs=1e-12 * operator.fastest)
    seen.energy[:2] -= 0.37
    seen.energy[...] = np.sign(seen.energy) * np.sqrt(seen.energy**2 + 0.1)
    fresh = bath.build(dataclasses.replace(seen, energy=seen.energy.copy()))
    moved = rate_of(operator, f)
    assert moved == pytest.approx(rate_of(fresh, f), abs=1e-12 * operator.fastest)
    assert np.abs(moved - still).max() > 0.01 * np.abs(still).max()
    fixed = fermi(seen.energy, 0.4, BATH)
    assert np.abs(rate_of(operator, fixed)).max() <= 4e-15 * operator.fastest


@pytest.mark.parametrize("bath", [OPTICAL, QUASI_ELASTIC], ids=["optical", "quasi-elastic"])
def test_operator_follows_spinors_that_turn_at_constant_energies(bath):
    seen = around()
    spins = [seen.spin(), np.roll(seen.spin(), 5, axis=2)]
    now = [spins[0]]
    turning = dataclasses.replace(seen, spin=lambda: now[0], moving=True)
    operator = bath.build(turning)
    f = random_state(7, seen.energy, 0.3)
    still = rate_of(operator, f)
    now[0] = spins[1]
    moved = rate_of(operator, f)
    fresh = bath.build(dataclasses.replace(seen, spin=lambda: spins[1]))
    assert moved == pytest.approx(rate_of(fresh, f), abs=1e-12 * operator.fastest)
    assert np.abs(moved - still).max() > 0.01 * np.abs(still).max()


def test_a_resumed_run_is_bitwise_the_same():
    """Γ of the last look is what implicit stages divide by."""

    def fresh():
        return assemble(tables(time={"stop": 2.0, "stepper": "imex", "step": 0.5})).evolution()

    hot = tables()["initial"] | {"temperature": 0.2}
    runs = [
        assemble(
            tables(initial=hot, time={"stop": 2.0, "stepper": "imex", "step": 0.5})
        ).evolution()
        for _ in range(3)
    ]
    straight, first, second = runs
    advance(straight, 1.0)
    advance(straight, 2.0)
    advance(first, 1.0)
    second.restore({name: np.array(value) for name, value in first.state().items()})
    advance(second, 2.0)
    assert np.array_equal(straight.transport.u, second.transport.u)
    assert fresh().time == 0.0


# --- rates against the golden rule ---------------------------------------------------------


def test_optical_power_of_a_cone_against_quadrature():
    """Second order in the distance of the levels; overlap ½(1 + m²/εε') of the angle average."""
    mass, mu, hot, quantum = 0.3, 0.4, 0.2, 0.25

    def integrand(e):
        to = e + quantum
        if abs(e) <= mass or abs(to) <= mass:
            return 0.0
        pairs = abs(e * to) / (2.0 * np.pi) ** 2 * 0.5 * (1.0 + mass**2 / (e * to))
        return pairs * (fermi(e, mu, hot) - fermi(to, mu, hot))

    ends = [-mass - quantum, mass - quantum, -mass, mass]
    total = quad(integrand, -4.0, 4.0, points=ends, limit=400)[0]
    thermal = 1.0 / np.expm1(quantum / hot) - 1.0 / np.expm1(quantum / BATH)
    exact = 2.0 * np.pi * quantum * total * thermal
    errors = []
    for cells in (26, 52):
        run = assemble(
            tables(
                grid={"kx": [-2.6, 2.6, cells], "ky": [-2.6, 2.6, cells]},
                hamiltonian={"name": "massive_dirac", "mass": mass},
                fields={},
            )
        ).evolution()
        seen = run.collisions.surroundings
        bath = dataclasses.replace(OPTICAL, spacing=0.25 * 26 / (2 * cells))
        errors.append(
            float(bath.build(seen).power(fermi(seen.energy, mu, hot)).sum()) / exact - 1
        )
    assert abs(errors[1]) < 0.01
    assert abs(errors[1]) < 0.5 * abs(errors[0]) or abs(errors[0]) < 0.01


def parabola(dimensions):
    k = np.linspace(0.0, 2.0, 400)
    return Profile.of(k, 0.5 * k**2, 0.004, 0.02)


@pytest.mark.parametrize("sound", [0.3, 0.02])
def test_acoustic_rates_of_a_parabola_against_quadrature(sound):
    """Σ S₀ D (ε - ε') by levels below: the power Γω, at levels finer and coarser than ω."""
    step, energy = 0.02, 1.0
    levels = step * np.arange(101)
    rates = Sound(sound, 1.0, 3, 4).rates(parabola(3), levels)
    below = levels < energy
    density = np.sqrt(levels)
    row = int(np.argmin(np.abs(levels - energy)))
    found = np.sum((rates[0, row] * density * step * (energy - levels))[below])
    # ω = cq from k to k': q² = k² + k'² - 2kk'cos θ, average over cos θ is ∫ q dq/2kk'
    k = np.sqrt(2.0 * energy)
    largest = 2.0 * sound * (k - sound)
    exact = quad(
        lambda w: (w / sound) ** 2 * w * np.sqrt(energy - w)
        / (2.0 * k * np.sqrt(2.0 * (energy - w)) * sound),
        0.0,
        largest,
    )[0]  # fmt: skip
    assert found == pytest.approx(exact, rel=0.02)
    assert np.abs(rates - rates.transpose(0, 2, 1)).max() <= 1e-12
    assert rates[0].min() >= 0.0


def test_levels_exchange_the_power_of_sharp_ones():
    """Pairs of cells in hats, electrons at 2T: Σ S p r b x [...] against that of the levels."""
    y, w = np.polynomial.legendre.leggauss(24)
    y, w = np.concatenate([(y - 1) / 2, (y + 1) / 2]), np.concatenate([w, w]) / 2
    w = w * (1.0 - np.abs(y))
    for warmth in (0.6, 1.0, 3.0):
        for hops in (1.0, 2.0, 5.0):
            apart = hops + y[:, None] - y
            apart = np.where(np.abs(apart) < 1e-9, 1e-9, apart)
            p, r = (2.0 / (1.0 + np.exp(sign * y / warmth)) for sign in (1.0, -1.0))
            # energy lost: x (N + 1 down, N up) times ∫ f(ε + x)[1 - f(ε)] dε at T_e = 2T
            down = quanta(np.array(-hops), warmth) * r[:, None] * p
            up = quanta(np.array(hops), warmth) * p[:, None] * r
            flow = apart / np.expm1(apart / (2.0 * warmth))
            net = down * flow - up * flow * np.exp(apart / (2.0 * warmth))
            found = np.sum(np.outer(w, w) * apart * net)
            bare = hops / np.expm1(hops / (2.0 * warmth))
            exact = (
                hops
                * bare
                * (
                    quanta(np.array(-hops), warmth)
                    - quanta(np.array(hops), warmth) * np.exp(hops / (2.0 * warmth))
                )
            )
            factor = float(sharpened(np.array([hops]), warmth)[0])
            assert factor * found == pytest.approx(float(exact), rel=1e-9)


def test_optical_hops_share_a_quantum_linearly():
    rates = optical(8, 0.1, 0.25, 1.0)[0, 0]
    assert rates[0, 2:5] == pytest.approx([5.0, 5.0, 0.0])
    assert rates[0, 10:13] == pytest.approx([5.0, 5.0, 0.0])
    assert rates == pytest.approx(rates.T)
    whole = optical(8, 0.1, 0.3, 1.0)[0, 0]
    assert whole[0, 2:5] == pytest.approx([0.0, 10.0, 0.0])


@pytest.mark.parametrize(("dimensions", "most"), [(1, 1), (2, 7), (3, 6)])
def test_harmonics_add_up_and_blurred_directions_are_positive(dimensions, most):
    random = np.random.default_rng(1)
    v = random.normal(size=(dimensions, 40))
    v /= np.linalg.norm(v, axis=0)
    found, degree = harmonics(v, most), degrees(dimensions, most)
    cosine = v.T @ v
    count = {1: lambda l: 1, 2: lambda l: 2 if l else 1, 3: lambda l: 2 * l + 1}[dimensions]
    series = 0.0
    angle = np.cos(np.linspace(0.0, np.pi, 400 if dimensions > 1 else 2))
    damped = positive(dimensions, most)
    for l in range(most + 1):
        columns = found[:, degree == l]
        exact = count(l) * legendre(dimensions, l, cosine)
        assert columns @ columns.T == pytest.approx(exact, abs=1e-12)
        series = series + damped[l] * count(l) * legendre(dimensions, l, angle)
    assert np.min(series) >= -1e-12
    assert damped[0] == pytest.approx(1.0)


# --- what a user sees ----------------------------------------------------------------------


def test_temperature_and_power_are_recorded():
    """The initial μ and T exactly; the power is what the energy loses."""
    hot = {"name": "fermi_dirac", "chemical_potential": 0.4, "temperature": 0.2}
    cold = [{**tables()["collisions"][0], "temperature": BATH}]
    run = assemble(
        tables(initial=hot, collisions=cold, fields={}, time={"stop": 1.0, "step": 0.05})
    ).evolution()
    found = observe(run, "temperature")
    assert float(found["electron_temperature"]) == pytest.approx(0.2, abs=1e-9)
    assert float(found["chemical_potential"]) == pytest.approx(0.4, abs=1e-9)
    energies, powers = [], []
    for time in (0.0, 0.05, 0.1):
        advance(run, time)
        seen = run.collisions.surroundings
        energies.append(float(np.sum(seen.weight * seen.energy * run.transport.occupation())))
        powers.append(float(observe(run, "phonon_power")["phonon_power"]))
    mean = (powers[0] + 4.0 * powers[1] + powers[2]) / 6.0
    assert energies[0] - energies[2] == pytest.approx(0.1 * mean, rel=1e-6)
    assert float(observe(run, "temperature")["electron_temperature"]) < 0.2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phonons": "optic"}, "optical"),
        ({"energy": None}, "optical phonons need `energy`"),
        ({"velocity": 0.1}, "no `velocity`"),
        ({"energy": -0.1}, "must be above 0"),
        ({"coupling": -0.1}, "coupling = -0.1 must not be below 0"),
        ({"energy": "much"}, "is not a number"),
        ({"coupling": float("nan")}, "is not a number"),
        ({"temperature": 0.0}, "must be above 0"),
        ({"overlap": 1}, "true or false"),
        ({"harmonics": 2.5}, "whole number"),
    ],
)
def test_wrong_keys_are_named(changes, words):
    with pytest.raises(InputError, match=words):
        dataclasses.replace(OPTICAL, **changes)


def test_what_cannot_be_built_says_why():
    seen = around()
    slow = BATHS["slow acoustic"]
    stretched = dataclasses.replace(seen, energy=seen.energy + 0.3 * seen.momenta["kx"])
    with pytest.raises(InputError, match=r"function of \|k\| alone"):
        slow.build(stretched)
    with pytest.raises(InputError, match="needs a temperature"):
        OPTICAL.build(dataclasses.replace(seen, reservoirs=(None, None)))
    with pytest.raises(InputError, match="at T = 0"):
        OPTICAL.build(dataclasses.replace(seen, reservoirs=((0.4, 0.0), (0.4, 0.0))))
    assert isinstance(seen, Surroundings)
