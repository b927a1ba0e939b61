"""Elastic scattering: every shell kept, Fermi functions at rest, rates of the golden rule."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.integrate import quad

from kinetic.assembly import assemble
from kinetic.collisions.elastic import Elastic
from kinetic.errors import InputError
from kinetic.initial import fermi
from kinetic.registry import construct

GAUSSIAN = {"name": "gaussian", "length": 1.5}
COULOMB = {"name": "coulomb", "screening": 0.4}
DIRAC = {"name": "massive_dirac", "mass": 0.5}
PLANE = {"kx": [-2.0, 2.0, 30], "ky": [-2.0, 2.0, 32]}
SPACE = {"x": [0.0, 10.0, 6], "kx": [-2.0, 2.0, 12], "ky": [-2.0, 2.0, 12]}
NODE = {axis: [-1.5, 1.5, 11] for axis in ("kx", "ky", "kz")}
ZONE = {"kx": [-np.pi, np.pi, 20], "ky": [-np.pi, np.pi, 24]}
SPIRAL = {"name": "spin_spiral", "wave_vector": [2 * np.pi / 10.0, 0.0], "exchange": 0.6}
# grid, model, fields, entries of the operator
CASES = {
    "plane": (PLANE, DIRAC, {}, {}),
    "gaussian": (PLANE, DIRAC, {}, {"disorder": GAUSSIAN}),
    "coulomb": (PLANE, DIRAC, {}, {"disorder": COULOMB}),
    "tilted": (PLANE, {**DIRAC, "mass": 0.1, "tilt": [1.4, 0.0]}, {}, {}),
    "valleys": (PLANE, {"name": "graphene_gapped", "mass": 0.3}, {}, {"inter_valley": 0.6}),
    "valleys-gaussian": (
        PLANE,
        {"name": "graphene_gapped", "mass": 0.3},
        {},
        {"inter_valley": 1.7, "disorder": GAUSSIAN},
    ),
    "zone": (ZONE, {"name": "qwz", "mass": 1.0}, {}, {"disorder": GAUSSIAN}),
    "chain": ({"kx": [-np.pi, np.pi, 48]}, {"name": "rice_mele"}, {}, {}),
    "node": (NODE, {"name": "weyl_pair"}, {"B": [0, 0, 0.03]}, {"inter_valley": 0.5}),
    "sites": (SPACE, DIRAC, {"phi": "0.1*sin(2*pi*x/10)"}, {"disorder": GAUSSIAN}),
    "texture": (SPACE, SPIRAL, {}, {}),
}


@lru_cache
def built(case):
    """The operator of a case, with what it looks at."""
    grid, model, fields, entries = CASES[case]
    run = {
        "grid": grid,
        "hamiltonian": model,
        "collisions": [{"name": "elastic", "strength": 1.0, **entries}],
        "initial": {"name": "fermi_dirac", "chemical_potential": 0.7, "temperature": 0.15},
        "time": {"stop": 1.0},
        "equation": {"threads": 1},
    }
    evolution = assemble(run | ({"fields": fields} if fields else {})).evolution()
    operator = evolution.collisions.operators[0]
    return operator, operator.around


def random_state(around, seed=0):
    """Any occupations, those of glued bands the same."""
    f = np.random.default_rng(seed).uniform(0.02, 0.98, around.energy.shape)
    pairs = f.reshape(-1, 2, *f.shape[1:])
    pairs[...] = np.where(around.glued[:, None], pairs.mean(axis=1, keepdims=True), pairs)
    return f


def rate_of(operator, f):
    out = np.zeros_like(f)
    operator.rate(f, 0.0, out)
    return out


@pytest.mark.parametrize("case", CASES)
def test_hats_carry_constants_and_the_energy(case):
    """Σ φ_n = 1, Σ E_n φ_n = ε, the second of the mean of both bands where they are glued."""
    operator, _ = built(case)
    shells = operator.shells
    shape = (shells.sites, shells.valleys, len(shells.energies))
    ones = shells.interpolate(np.ones(shape))
    assert np.abs(ones - 1.0).max() <= 1e-13
    energy = shells.by_site(shells.interpolate(np.broadcast_to(shells.energies, shape).copy()))
    scale = np.abs(shells.energies).max()
    assert np.abs(energy - shells.means).max() <= 1e-13 * scale


@pytest.mark.parametrize("case", CASES)
def test_every_shell_keeps_its_particles(case):
    """Σ w φ_n C = 0, and so charge and energy, at every site; catches weights without D_s."""
    operator, around = built(case)
    f = random_state(around)
    rate = rate_of(operator, f)
    shells = operator.shells
    gross = shells.moments(np.abs(rate)).sum(axis=(1, 2))
    moments = shells.moments(rate)
    if shells.pooled:
        moments = moments.sum(axis=1)
    assert np.abs(moments).max() <= 1e-13 * gross.max()
    content = shells.by_site(around.weight * rate)
    lost = np.abs(content.sum(axis=(1, 2)))
    assert lost.max() <= 1e-13 * gross.max()
    heat = np.abs((content * shells.by_site(around.energy)).sum(axis=(1, 2)))
    assert heat.max() <= 1e-13 * gross.max() * np.abs(around.energy).max()
    assert gross.max() > 1e-3 * operator.fastest * around.weight.sum() / shells.sites


@pytest.mark.parametrize("case", CASES)
def test_fermi_functions_are_at_rest(case):
    """The initial state to rounding; any other μ and T where no level is an average."""
    operator, around = built(case)
    assert np.abs(rate_of(operator, around.equilibrium)).max() <= 1e-13 * operator.fastest
    if around.glued.any():
        return
    offset = operator._offset
    operator._offset = np.zeros((1, operator.shells.cells))  # no averages over cells
    try:
        f = fermi(around.energy, 0.3, 0.3)
        assert np.abs(rate_of(operator, f)).max() <= 1e-12 * operator.fastest
    finally:
        operator._offset = offset


@pytest.mark.parametrize("case", CASES)
def test_entropy_grows(case):
    """Σ w (f - f_FD) C <= 0 for any state, and the entropy of Fermi particles grows."""
    operator, around = built(case)
    for seed in range(3):
        f = random_state(around, seed)
        rate = rate_of(operator, f)
        apart = np.zeros_like(f)
        operator._deviate(f, apart)
        assert np.sum(around.weight * apart * rate) < 0.0
        assert np.sum(around.weight * rate * np.log((1.0 - f) / f)) > 0.0


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stiffness", [0.1, 1e3, 1e8])
def test_implicit_step_solves_its_equation(case, stiffness):
    """f = target + step C[f] also where scattering is very fast, and nothing is lost."""
    operator, around = built(case)
    target = random_state(around)
    step = stiffness / operator.fastest
    f = operator.solve(target, step, 0.0)
    # the accuracy asked for is 1e-12 in the mean over levels, the condition number up to
    # 1 + stiffness in single ones
    assert np.abs(f - target - step * rate_of(operator, f)).max() <= 1e-9 * max(1.0, stiffness)
    change = operator.shells.by_site(around.weight * (f - target))
    assert np.abs(change.sum(axis=(1, 2))).max() <= 1e-13 * around.weight.sum()


@pytest.mark.parametrize("case", ["gaussian", "valleys", "texture"])
def test_derivative_is_that_of_the_rate(case):
    """C is linear apart from the Fermi function that is taken off, which Q all but removes."""
    operator, around = built(case)
    f, v = random_state(around), random_state(around, 1) - 0.5
    found = np.zeros_like(f)
    operator.derivative(f, v, 0.0, found)
    numeric = (rate_of(operator, f + 1e-4 * v) - rate_of(operator, f - 1e-4 * v)) / 2e-4
    assert np.abs(found - numeric).max() <= 0.02 * np.abs(found).max()


# --- rates --------------------------------------------------------------------------------------


def harmonic_rate(energy, order, potential, overlap=True, mass=0.5):
    """2π N ⟨|V|² |⟨u|u'⟩|² (1 - cos lφ)⟩ of the massive Dirac model; Γ itself for l = 0."""
    k, c2 = np.sqrt(energy**2 - mass**2), (mass / energy) ** 2

    def integrand(angle):
        factor = 0.5 * (1.0 + c2 + (1.0 - c2) * np.cos(angle)) if overlap else 1.0
        lost = 1.0 - np.cos(order * angle) if order else 1.0
        return potential(2.0 * k * np.sin(0.5 * angle)) * factor * lost

    return energy * quad(integrand, 0.0, np.pi)[0] / np.pi


POTENTIALS = {
    "white": ("white_noise", lambda q: 1.0),
    "gaussian": (GAUSSIAN, lambda q: np.exp(-((1.5 * q) ** 2))),
    "coulomb": (COULOMB, lambda q: (1.0 + q / 0.4) ** -2),
}


@lru_cache
def plane(disorder, overlap):
    run = {
        "grid": {"kx": [-2.0, 2.0, 50], "ky": [-2.0, 2.0, 50]},
        "hamiltonian": DIRAC,
        "collisions": [
            {
                "name": "elastic",
                "strength": 1.0,
                "disorder": POTENTIALS[disorder][0],
                "overlap": overlap,
            }
        ],
        "initial": {"name": "fermi_dirac", "chemical_potential": 1.1, "temperature": 0.15},
        "time": {"stop": 1.0},
        "equation": {"threads": 1},
    }
    return assemble(run).evolution().collisions.operators[0]


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("disorder", POTENTIALS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_angular_harmonics_decay_as_by_quadrature(disorder, overlap, order):
    """Decay rate of g(ε) cos lφ, g a Fermi edge of width T = .15, against that at each energy.

    h = .08: sums over cells are off by h²/24 (1/T² + l²/k²) = 1.3 %; the error of Γ, ten times as
    large as the rate in Coulomb disorder, by h²/24k² = .03 %.
    """
    operator = plane(disorder, overlap)
    around, (_, potential) = operator.around, POTENTIALS[disorder]
    angle = np.arctan2(around.momenta["ky"], around.momenta["kx"])
    energy = around.energy
    g = np.cos(order * angle) / np.cosh((energy - 1.1) / 0.3) ** 2
    g[0] = 0.0
    change = np.zeros_like(g)
    operator.derivative(g, g, 0.0, change)
    found = -np.sum(around.weight * g * change) / np.sum(around.weight * g * g)

    def weight(e):
        return e / np.cosh((e - 1.1) / 0.3) ** 4

    upper = quad(lambda e: weight(e) * harmonic_rate(e, order, potential, overlap), 0.5, 2.4)[0]
    assert found == pytest.approx(upper / quad(weight, 0.5, 2.4)[0], rel=0.02)


@pytest.mark.parametrize("disorder", POTENTIALS)
def test_golden_rule_rate(disorder):
    """Γ at the Fermi energy; Coulomb scattering through angles below 2π/96 is left out."""
    operator = plane(disorder, True)
    energy = operator.around.energy
    near = np.abs(energy - 1.1) < 0.1
    exact = np.array([harmonic_rate(e, 0, POTENTIALS[disorder][1]) for e in energy[near]])
    found = operator.loss()[near]
    assert np.mean(found / exact) == pytest.approx(1.0, abs=0.01)
    assert np.std(found / exact) <= 0.02


def test_valley_imbalance_decays_by_scattering_between_valleys():
    """2 (2π W r N) ½(1 + m²/ε²): in-plane spins of the two valleys average out."""
    operator, around = built("valleys")
    energy = around.energy
    g = 1.0 / np.cosh((energy - 0.9) / 0.3) ** 2
    g[0] = g[2] = 0.0
    g[3] *= -1.0
    change = np.zeros_like(g)
    operator.derivative(g, g, 0.0, change)
    found = -np.sum(around.weight * g * change) / np.sum(around.weight * g * g)

    def weight(e):
        return e / np.cosh((e - 0.9) / 0.3) ** 4

    def rate(e):
        return 0.6 * e * (1.0 + 0.09 / e**2)

    mean = quad(lambda e: weight(e) * rate(e), 0.3, 2.5)[0] / quad(weight, 0.3, 2.5)[0]
    assert found == pytest.approx(mean, rel=0.02)


def test_sites_scatter_one_by_one():
    """A potential shifts all energies of a site: the operator is that of the homogeneous run."""
    operator, around = built("sites")
    assert operator.shells.patterns == 1
    f = random_state(around).reshape(1, 6, 2, *around.energy.shape[1:])
    f[:, 1:] = f[:, :1]
    v = f.reshape(around.energy.shape)
    change = np.zeros_like(v)
    operator.derivative(v, v, 0.0, change)
    by_site = change.reshape(f.shape)[0]
    assert np.abs(by_site - by_site[0]).max() <= 1e-13 * np.abs(by_site).max()


def test_texture_has_its_own_shells_at_every_site():
    """Where the spin turns, equal energies are not enough to share a pattern."""
    operator, _ = built("texture")
    assert operator.shells.patterns == 6


def test_workers_do_not_change_the_sums():
    """Sums over shells are those of pieces, whoever makes them."""
    operator, around = built("plane")
    f = random_state(around)
    kept = operator.state()
    alone = rate_of(operator, f)
    operator.restore(kept)
    device = around.device
    threads, device.threads = device.threads, 3
    operator.shells._scratch = np.empty((3, *operator.shells._scratch.shape[1:]))
    launch = device.launch
    try:
        device.launch = lambda kernel, *arguments, small: launch(kernel, *arguments, small=False)
        assert np.array_equal(rate_of(operator, f), alone)
    finally:
        device.threads = threads
        del device.launch


# --- description --------------------------------------------------------------------------------


def test_tau_is_the_mean_lifetime_at_an_energy():
    run = {
        "grid": PLANE,
        "hamiltonian": DIRAC,
        "collisions": [{"name": "elastic", "tau": 4.0}],
        "initial": {"name": "fermi_dirac", "chemical_potential": 0.8, "temperature": 0.15},
        "time": {"stop": 1.0},
    }
    operator = assemble(run).evolution().collisions.operators[0]
    exact = 1.0 / (4.0 * harmonic_rate(0.8, 0, POTENTIALS["white"][1]))
    assert operator.strength == pytest.approx(exact, rel=0.02)  # h²/24k² and the edge of the band


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({}, "one of both"),
        ({"strength": 1.0, "tau": 2.0}, "one of both"),
        ({"strength": -1.0}, "above 0"),
        ({"strength": 1.0, "energy": 0.5}, "strength needs none"),
        ({"strength": 1.0, "inter_valley": -0.1}, "not be below 0"),
        ({"strength": 1.0, "overlap": 1}, "true or false"),
        ({"strength": 1.0, "shells": 2}, "whole number"),
        ({"strength": 1.0, "disorder": "gausian"}, "gaussian"),
        ({"strength": 1.0, "disorder": {"name": "gaussian"}}, "length is missing"),
        ({"strength": 1.0, "disorder": {"name": "gaussian", "length": 0.0}}, "above 0"),
        ({"strength": 1.0, "disorder": 3}, "a name or a table"),
    ],
)
def test_bad_entries_are_refused_in_a_sentence(entries, words):
    with pytest.raises(InputError, match=words):
        construct(Elastic, entries, "collisions.0")


def test_coulomb_disorder_is_refused_in_one_dimension():
    run = {
        "grid": CASES["chain"][0],
        "hamiltonian": CASES["chain"][1],
        "collisions": [{"name": "elastic", "strength": 1.0, "disorder": COULOMB}],
        "initial": {"name": "fermi_dirac", "chemical_potential": 0.8, "temperature": 0.15},
        "time": {"stop": 1.0},
    }
    with pytest.raises(InputError, match="2 and 3 momentum axes"):
        assemble(run).evolution()


def test_energy_of_tau_must_be_on_the_grid():
    run = {
        "grid": PLANE,
        "hamiltonian": DIRAC,
        "collisions": [{"name": "elastic", "tau": 4.0, "energy": 0.0}],
        "initial": {"name": "fermi_dirac", "chemical_potential": 0.8, "temperature": 0.15},
        "time": {"stop": 1.0},
    }
    with pytest.raises(InputError, match="no level of the grid"):
        assemble(run).evolution()


# --- bands that move ----------------------------------------------------------------------------


def test_shells_follow_a_mass_that_grows_and_stay_where_a_potential_moves():
    """Catches levels counted once and for all, and counting anew at every step."""
    operator, around = built("sites")
    shells, before = operator.shells, around.energy.copy()
    gamma = operator.gamma
    try:
        shift = 0.05 * (np.arange(12.0).reshape(12, 1, 1, 1) // 2)
        around.energy[...] += shift
        operator.look()
        assert operator.gamma is gamma
        assert shells.potential[1:] == pytest.approx(
            shells.by_site(around.energy)[1:, 0, 0] - before[0, 0, 0, 0]
        )
        around.energy[...] *= 1.1
        operator.look()
        assert operator.gamma is not gamma
        f = random_state(around)
        rate = rate_of(operator, f)
        assert np.abs(shells.moments(rate)).max() <= 1e-13 * shells.moments(np.abs(rate)).max()
    finally:
        around.energy[...] = before
        operator.look()


def test_a_restart_finds_the_choices_of_the_start():
    """Distance of shells and strength are those of the bands at the start of the run."""
    operator, around = built("plane")
    f = random_state(around)
    kept = operator.state()  # with μ and T, from which the search begins
    rate = rate_of(operator, f)
    operator.shells.recount(0.7 * operator.shells.spacing)
    operator.strength = 3.0
    operator.look()
    operator.restore(kept)
    assert np.array_equal(rate_of(operator, f), rate)


def far_from_rest(collision, **time):
    """A filled lower band and a pocket in the upper one, after one step of `time`."""
    upper = "0.5*exp(-(kx-0.5)**2/0.1-ky**2/0.3)"
    tables = {
        "grid": {"kx": [-1.8, 1.8, 24], "ky": [-1.8, 1.8, 24]},
        "hamiltonian": DIRAC,
        "equation": {"threads": 1},
        "collisions": [collision],
        "initial": {"name": "expression", "lower": "1", "upper": upper},
        "time": {"stop": 10.0, **time},
    }
    run = assemble(tables).evolution()
    around = run.collisions.surroundings
    before = run.transport.occupation()
    run.advance(10.0)
    change = around.weight * (run.transport.occupation() - before)
    scale = float((around.weight * np.abs(around.energy) * before)[1].sum())
    return run, float(change.sum()), float((around.energy * change).sum()) / scale


@pytest.mark.parametrize("step", [1.0, 10.0])
def test_implicit_stages_keep_the_energy_of_a_state_far_from_rest(step):
    collision = {"name": "elastic", "strength": 0.2}
    _, charge, energy = far_from_rest(collision, stepper="imex", step=step)
    assert abs(charge) < 1e-14
    assert abs(energy) < 1e-5


def test_bounds_are_not_mended_where_an_implicit_stage_begins():
    """f* of a stage is no state: it may lie far outside [0, 1]."""
    collision = {
        "name": "relaxation_time", "tau": 2.0, "chemical_potential": 0.8, "temperature": 0.1,
    }  # fmt: skip
    run, _, _ = far_from_rest(collision, stepper="imex", step=10.0)
    assert run.steps == 1
    assert run.mended == 0
    f = run.transport.occupation()
    assert f.min() >= 0.0
    assert f.max() <= 1.0 + 1e-14
