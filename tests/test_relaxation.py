"""Relaxation with drift, with rates that differ from cell to cell, and in one implicit step."""

from __future__ import annotations

import dataclasses
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import root
from scipy.special import expit

sys.path.insert(0, str(Path(__file__).parent / "laws"))
import cases

from kinetic.collisions.base import Surroundings
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.device import Device
from kinetic.equation import Equation
from kinetic.errors import InputError, PhysicsError
from kinetic.evolution import Evolution
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.planar import GappedGraphene
from kinetic.initial import FermiDirac
from kinetic.stepping import Stepping
from kinetic.system import System

CHARGES = ("charge", "valley_charge", "band_charge")
SETS = [
    (charge, *others)
    for charge in CHARGES
    for others in ((), ("energy",), ("momentum",), ("energy", "momentum"))
]
FORMULA = "0.8 + 0.7/(1 + energy**2) + 0.3*cos(2*kx - ky) + 0.2*band + 0.1*sin(x)"


@lru_cache
def around(glued=False, axes=("kx", "ky"), sites=3, device=None):
    """Two tilted valleys and uneven weights on a grid whose middle is not k = 0."""
    random = np.random.default_rng(4)
    cells = {"kx": 9, "ky": 7, "kz": 6}
    shape, momenta = [1, 1, 1], {}
    slots = {1: (2,), 2: (0, 2), 3: (0, 1, 2)}[len(axes)]
    for slot, name in zip(slots, axes, strict=True):
        shape[slot] = cells[name]
        layout = [1, 1, 1]
        layout[slot] = -1
        centre = 0.5 if name == "kx" else 0.0
        momenta[name] = np.linspace(-1.5 + centre, 1.5 + centre, cells[name]).reshape(layout)
    energy = np.empty((2, sites, 2, *shape))
    for valley in range(2):
        for site in range(sites):
            k = [value - 0.3 * (valley - 0.5) for value in momenta.values()]
            size = np.sqrt(0.1 + sum(value**2 for value in k))
            for band in range(2):
                tilt = 0.2 * k[0] * (1 - 2 * valley) + 0.1 * site
                energy[valley, site, band] = (2 * band - 1) * size + tilt
    energy = energy.reshape(-1, *shape)
    weight = random.uniform(0.7, 1.3, energy.shape)
    pooled = np.zeros((2 * sites, *shape), dtype=bool)
    if glued:
        pooled[:, shape[0] // 2, :, shape[2] // 2] = True
        weight[0::2][pooled] = weight[1::2][pooled]
    return Surroundings(
        energy,
        weight,
        np.zeros_like(energy),
        pooled,
        ((0.3, 0.2), (0.3, 0.2)),
        False,
        sites=sites,
        places={"x": np.linspace(0.0, 2.0, sites)},
        device=Device(device or 1),
        momenta=momenta,
        wraps=dict.fromkeys(momenta, False),
    )


def built(conserving, where=None, tau=2.0, **bath):
    return RelaxationTime(tau=tau, conserving=conserving, **bath).build(where or around())


def random_state(seed, where, roughness=0.5):
    """A drifting Fermi function at every place, and noise."""
    random = np.random.default_rng(seed)
    valleys, sites = where.valleys, where.sites
    shape = where.energy.shape[1:]
    energy = where.energy.reshape(valleys, sites, 2, *shape)
    places = (valleys, sites, 1, 1, 1, 1)
    y = random.uniform(-0.6, 0.9, places) - energy
    for k in where.momenta.values():
        y = y + random.uniform(-0.3, 0.3, places) * k
    f = expit(y / random.uniform(0.1, 0.3, places))
    f = (1 - roughness) * f + roughness * random.uniform(0.0, 1.0, f.shape)
    pair = f.reshape(-1, 2, *shape)
    pair[...] = np.where(where.glued[:, None], pair.mean(axis=1, keepdims=True), pair)
    return np.ascontiguousarray(f.reshape(where.energy.shape))


def rate_of(operator, f):
    out = np.zeros_like(f)
    operator.rate(f, 0.0, out)
    return out


def sums(values, where, conserving):
    """Sums over the cells that share an invariant, per group."""
    parts = values.reshape(where.valleys, where.sites, 2, -1).sum(axis=3)
    if "band_charge" in conserving:
        return parts
    parts = parts.sum(axis=2)
    return parts if "valley_charge" in conserving else parts.sum(axis=0)


def defects(content, where, conserving):
    """Largest breach of each declared invariant, relative to what could be held."""
    shared = [name for name in conserving if name != "band_charge"]
    weights = {"charge": np.ones(1)}
    if "energy" in conserving:
        weights["energy"] = where.energy
    if "momentum" in conserving:
        weights.update(where.momenta)
    found = []
    for name, weight in weights.items():
        kind = conserving if name == "charge" else (*shared, "valley_charge")
        if conserving[0] == "charge":
            kind = ("charge",)
        held = np.abs(where.weight * weight).sum() / where.sites
        found.append(np.abs(sums(content * weight, where, kind)).max() / held)
    return np.array(found)


def inverted(f, where, conserving):
    """Whether some place holds more energy than T = ∞ with its charges and momenta allows.

    There f is no function of energy: 1/(1 + exp(-η - p·k)), found by scipy.
    """
    shape = where.energy.shape[1:]
    groups = where.sites * (1 if conserving[0] == "charge" else 2)
    patches = where.energy.size // int(np.prod(shape)) // 2
    for group in range(groups):
        own = np.ravel([[2 * p, 2 * p + 1] for p in range(group, patches, groups)])
        weight, state, energy = (a[own] for a in (where.weight, f, where.energy))
        phi = [np.ones(weight.shape)]
        if conserving[0] == "band_charge":
            side = np.broadcast_to((own % 2).reshape(-1, 1, 1, 1), weight.shape)
            side = np.where(where.glued[own // 2], 0.5, side)
            phi = [1.0 - side, 1.0 * side]
        if "momentum" in conserving:
            phi += [np.broadcast_to(k, weight.shape) for k in where.momenta.values()]

        def hottest(p, phi=phi):
            return expit(sum(a * b for a, b in zip(p, phi, strict=True)))

        def excess(p, phi=phi, weight=weight, state=state):
            return [(weight * (hottest(p) - state) * b).sum() for b in phi]

        p = root(excess, np.zeros(len(phi)), tol=1e-12).x
        assert np.abs(excess(p)).max() < 1e-8
        if (weight * (state - hottest(p)) * energy).sum() > -1e-3:
            return True
    return False


@pytest.mark.parametrize("tau", [2.0, FORMULA], ids=["number", "formula"])
@pytest.mark.parametrize("conserving", SETS, ids="+".join)
def test_declared_invariants_are_kept(conserving, tau):
    """Σ_s∫D_s C[f]_s φ = 0 at every place, for any state, with τ in the integral.

    Catches an equilibrium with the contents of f where τ depends on k, drifts of all valleys
    together where each has its own, and pooled bands.
    """
    energy = "energy" in conserving
    for glued in (False, True):
        for axes in (("kx",), ("kx", "ky"), ("kx", "ky", "kz")):
            where = around(glued, axes)
            if len(axes) == 1 and tau == FORMULA:
                tau = tau.replace("ky", "kx")
            for seed, roughness in ((1, 0.0), (2, 0.3), (3, 1.0)):
                f = random_state(seed, where, roughness)
                operator = built(conserving, where, tau)
                share = where.weight * np.broadcast_to(operator.loss(), f.shape)
                if energy and inverted(f, dataclasses.replace(where, weight=share), conserving):
                    continue
                content = where.weight * rate_of(operator, f)
                assert defects(content, where, conserving).max() <= 3e-14


@pytest.mark.parametrize("conserving", SETS, ids="+".join)
def test_drifting_fermi_functions_are_fixed_points(conserving):
    """Whatever is conserved may have any value; its own Fermi function does not relax."""
    where = around()
    for mu, temperature, push in ((0.3, 0.2, 0.0), (-0.5, 0.35, 0.3), (0.9, 0.1, -0.2)):
        if "energy" not in conserving:
            temperature = 0.2
        moved = push if "momentum" in conserving else 0.0
        k = where.momenta["kx"] - 0.5 * where.momenta["ky"]
        f = expit((mu + moved * k - where.energy) / temperature)
        operator = built(conserving)
        assert np.abs(rate_of(operator, f)).max() <= 1e-9
        assert operator.local[:, 0] == pytest.approx(mu, abs=1e-8)
        if moved:
            drift = operator.equilibrium.drift
            assert drift == pytest.approx(np.tile([moved, -0.5 * moved], (6, 1)), abs=1e-8)


@pytest.mark.parametrize("tau", [2.0, FORMULA], ids=["number", "formula"])
def test_parameters_against_an_independent_solver(tau):
    """μ, T and u of a rough state by scipy's root finder with numpy sums."""
    where = around(False, ("kx", "ky"))
    f = random_state(7, where, 0.4)
    operator = built(("valley_charge", "energy", "momentum"), where, tau)
    rate_of(operator, f)
    local, drift = operator.local, operator.equilibrium.drift
    kx, ky = (np.broadcast_to(k, where.energy.shape[1:]) for k in where.momenta.values())
    band = np.array([-1.0, 1.0]).reshape(2, 1, 1, 1)
    for patch in range(6):
        energy, weight, state = (
            a[2 * patch : 2 * patch + 2] for a in (where.energy, where.weight, f)
        )
        if tau == FORMULA:
            x = where.places["x"][patch % 3]
            spread = 0.3 * np.cos(2 * kx - ky) + 0.2 * band + 0.1 * np.sin(x)
            weight = weight / (0.8 + 0.7 / (1 + energy**2) + spread)

        def excess(p, energy=energy, weight=weight, state=state):
            y = (p[0] + p[2] * kx + p[3] * ky - energy) / p[1]
            change = weight * (expit(y) - state)
            return [(change * phi).sum() for phi in (1.0, energy, kx, ky)]

        start = np.array([*local[patch], *drift[patch]])
        nearby = start + np.array([0.03, 0.02, -0.02, 0.01])
        exact = root(excess, nearby, tol=1e-13).x
        assert start == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("start", [(0.0, 0.02), (-3.0, 5.0), (1.9, 0.03)])
def test_newton_finds_drifts_from_anywhere(start):
    """From cold and from far off, also to drifts faster than the bands are."""
    where = around()
    bath = {"chemical_potential": start[0], "temperature": start[1]}
    for mu, temperature, push in ((0.3, 0.05, 0.8), (-0.4, 1.5, 2.0), (0.6, 0.2, -0.3)):
        f = expit((mu + push * where.momenta["ky"] - where.energy) / temperature)
        for charge in ("charge", "valley_charge"):
            operator = built((charge, "energy", "momentum"), where, **bath)
            assert np.abs(rate_of(operator, f)).max() <= 1e-8
    for value in (0.0, 0.37, 1.0):
        f = np.full_like(where.energy, value)
        for charge in CHARGES:
            kept = (charge, "momentum")
            content = where.weight * rate_of(built(kept, where, **bath), f)
            assert defects(content, where, kept).max() <= 1e-13


@pytest.mark.parametrize("conserving", SETS, ids="+".join)
def test_entropy_does_not_fall(conserving):
    """dS/dt >= (dE - u·dP - μ dN)/T at every place, with a τ of every cell."""
    where = around()
    for seed in range(3):
        f = np.clip(random_state(seed, where, 0.1 * seed + 0.05), 1e-9, 1 - 1e-9)
        operator = built(conserving, tau=FORMULA)
        rate = rate_of(operator, f)
        found = operator.equilibrium
        per = [np.repeat(column, 2) for column in found.parameters.T]
        mu = np.where(np.arange(12) % 2 == 1, per[5], per[0]) if found.kinds[0] == 2 else per[0]
        y = -where.energy + mu.reshape(-1, 1, 1, 1)
        for n, k in enumerate(where.momenta.values()):
            if n < found.kinds[2]:
                y = y + per[2 + n].reshape(-1, 1, 1, 1) * (k - found.middle[n])
        affinity = np.log((1 - f) / f) + y / per[1].reshape(-1, 1, 1, 1)
        produced = where.weight * rate * affinity
        assert np.all(sums(produced, where, ("valley_charge",)) >= -1e-13)
        assert produced.sum() > 1e-3


@pytest.mark.parametrize("tau", [0.7, FORMULA], ids=["number", "formula"])
@pytest.mark.parametrize("conserving", [(), *SETS[3::4], ("charge",)], ids="+".join)
def test_implicit_step_solves_its_equation(conserving, tau):
    """f = f* + Δt C[f], bounded, with the invariants of f*, for steps short and long."""
    where = around(True)
    target = random_state(11, where, 0.2)
    for step in (1e-3, 0.3, 1e3):
        operator = built(conserving, where, tau)
        f = operator.solve(target, step, 0.0)
        residual = f - target - step * rate_of(operator, f)
        assert np.abs(residual).max() <= 1e-12 * (1 + step)
        assert f.min() >= 0.0
        assert f.max() <= 1.0
        if conserving:
            content = where.weight * (f - target)
            assert defects(content, where, conserving).max() <= 1e-13


def test_implicit_steps_follow_the_exponential():
    """Many implicit steps end where explicit ones do: first order, halved by half the step."""
    where = around()
    kept = ("charge", "energy", "momentum")
    start = random_state(3, where, 0.4)
    fine, operator = start.copy(), built(kept, where, FORMULA)
    for _ in range(400):
        middle = fine + 0.00125 * rate_of(operator, fine)
        fine = fine + 0.0025 * rate_of(operator, middle)
    errors = []
    for count in (50, 100):
        f, operator = start.copy(), built(kept, where, FORMULA)
        for _ in range(count):
            f = operator.solve(f, 1.0 / count, 0.0)
        errors.append(np.abs(f - fine).max())
    assert errors[1] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.1)


def test_threads_and_restart():
    """The same bits on any number of workers, and after the parameters were handed over."""
    kept = ("band_charge", "energy", "momentum")
    one, three = around(True), around(True, device=3)
    f = random_state(5, one, 0.6)
    first, second = built(kept, one, FORMULA), built(kept, three, FORMULA)
    assert np.array_equal(rate_of(first, f), rate_of(second, f))
    later = random_state(6, one, 0.6)
    third = built(kept, one, FORMULA)
    third.restore(first.state())
    assert np.array_equal(rate_of(first, later), rate_of(third, later))


def test_formula_of_tau():
    """Every name takes its own values; a number and the same formula agree."""
    where = around()
    f = random_state(2, where, 0.5)
    bath = built((), tau=1.0)
    plain = rate_of(bath, f)
    kx, ky = where.momenta["kx"], where.momenta["ky"]
    x = np.tile(np.repeat(where.places["x"], 2), 2).reshape(-1, 1, 1, 1)
    band = np.tile([-1.0, 1.0], 6).reshape(-1, 1, 1, 1)
    expected = {
        "3": 3.0,
        "1 + energy**2": 1 + where.energy**2,
        "2 + kx": 2 + kx,
        "3 + ky": 3 + ky,
        "1 + x": 1 + x,
        "2 + band": 2 + band,
    }
    for formula, tau in expected.items():
        operator = built((), tau=formula)
        assert rate_of(operator, f) == pytest.approx(plain / tau, rel=1e-13, abs=1e-15)
        assert operator.fastest == pytest.approx(1 / np.min(tau))
        assert np.broadcast_to(operator.loss(), f.shape) == pytest.approx(
            np.broadcast_to(1 / tau, f.shape)
        )


@pytest.mark.parametrize(
    ("tau", "message"),
    [
        (0, "above 0"),
        (-1.5, "above 0"),
        ("kx - 1", "is -2 at kx = -1, ky = -1.5, x = 0 in the lower band: a relaxation time"),
        ("1/(band + 1)", "finite and above 0"),
        ("1e-320*(2 + band)", "finite and above 0"),
        ("1 + kz**2", "depends on kz: give"),
        ("1 + y**2", "depends on y: give"),
        ("1 + t", "does not depend on t"),
        ("__import__('os')", "not allowed"),
        (True, "number or a formula"),
        ([1.0], "number or a formula"),
        (float("nan"), "finite number"),
    ],
)
def test_times_that_are_none(tau, message):
    with pytest.raises(InputError, match=message):
        built((), tau=tau)


@pytest.mark.parametrize(
    ("conserving", "message"),
    [
        (["momentum"], "leaves μ open"),
        (["energy"], "leaves μ open"),
        (["valley_charge", "charge"], "name one of"),
        (["charge", "energy", "energy"], "twice"),
        (["charge", "charge"], "twice"),
        (["momenta"], "momentum"),
        (3, "must be a list"),
    ],
)
def test_invariants_that_are_none(conserving, message):
    with pytest.raises(InputError, match=message):
        RelaxationTime(tau=1.0, conserving=conserving)


def test_a_periodic_axis_has_no_momentum():
    where = dataclasses.replace(around(), wraps={"kx": False, "ky": True})
    with pytest.raises(InputError, match="momentum cannot be conserved on the periodic axis ky"):
        built(("charge", "momentum"), where)
    built(("charge", "energy"), where)


def test_a_state_beyond_any_equilibrium_is_named():
    """An inverted population at one place of one valley; its neighbours are sound."""
    where = around()
    f = random_state(1, where, 0.2)
    f[8:10] = 1.0 - f[8:10]
    named = r"charge, energy and momentum of the state at x = 1 in valley 1 \("
    with pytest.raises(PhysicsError, match=named):
        rate_of(built(("valley_charge", "energy", "momentum")), f)


@pytest.mark.parametrize("level", cases.ALL_LEVELS)
def test_a_run_keeps_its_momentum(level):
    """Between collisions nothing else acts: P and E of a displaced sea stay, at every level."""
    grid = Grid(tuple(Axis.linear(name, -2.0, 2.0, 12) for name in ("kx", "ky")))
    system = System(
        grid=grid,
        hamiltonian=GappedGraphene(mass=0.4),
        initial=cases.Wavy(),
        equation=Equation(level=level, threads=1, limiter="none"),
        collisions=(
            RelaxationTime(
                tau="1 + kx**2",
                conserving=["valley_charge", "energy", "momentum"],
                chemical_potential=0.3,
                temperature=0.2,
            ),
        ),
    )
    run = Evolution(system, Stepping(step=0.1), stop=1.0)
    around_ = run.collisions.surroundings

    def contents():
        f = around_.weight * run.transport.occupation()
        factors = (1.0, around_.energy, *around_.momenta.values())
        return np.array([(f * factor).reshape(2, -1).sum(axis=1) for factor in factors])

    before, state = contents(), run.transport.u.copy()
    cases.follow(run, 1.0)
    assert np.abs(run.transport.u - state).max() > 1e-2
    assert contents() == pytest.approx(before, abs=1e-12)
    assert FermiDirac(0.3, 0.2).equilibrium
