"""Collisions: declared invariants, equilibrium as fixed point, no decrease of the entropy."""

from __future__ import annotations

from functools import lru_cache

import cases
import numpy as np
import pytest
from cases import ALL_LEVELS, CASES
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetic import collisions  # noqa: F401  (registers the operators)
from kinetic.collisions.base import Collision, Surroundings
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.hamiltonians.planar import GappedGraphene
from kinetic.initial import FermiDirac, fermi
from kinetic.registry import known
from kinetic.stepping import Stepping

BATH = (0.3, 0.2)
SETS = [
    (),
    ("charge",),
    ("valley_charge",),
    ("charge", "energy"),
    ("valley_charge", "energy"),
]
SEEDS = st.integers(0, 2**32 - 1)


@lru_cache
def graphene():
    """Two valleys on a dressed grid, as an operator sees them."""
    return cases.evolution(
        GappedGraphene(mass=0.4, haldane_mass=0.1),
        cases.box(2.0, (10, 12)),
        b=0.05,
        initial=FermiDirac(*BATH),
    )


@lru_cache
def operator(conserving, thermal):
    """The operator on that grid, with exact (`thermal`) or point values of the bath."""
    run = graphene()
    mu, temperature = BATH
    geometries = run.flow.geometries
    k = np.meshgrid(*(a.centres for a in run.system.grid.momentum), indexing="ij", sparse=True)
    energy = np.concatenate([g.energies(k, 0.0, run.flow.b) for g in geometries])
    energy = energy.reshape(run.transport.u.shape)
    around = Surroundings(
        energy,
        run.densities_of_states() * run.mesh.volumes,
        run.transport.occupation(),
        run.flow.glued,
        (BATH, BATH),
        thermal,
    )
    description = RelaxationTime(
        tau=2.0, conserving=conserving, chemical_potential=mu, temperature=temperature
    )
    return description.build(around), around


def random_state(seed, around, roughness):
    """Occupations near (0) or far from (1) a Fermi function with its own μ and T, or the bath."""
    random = np.random.default_rng(seed)
    f = fermi(around.energy, random.uniform(-0.5, 0.8), random.uniform(0.1, 0.5))
    if around.thermal:
        f = around.equilibrium
    noise = random.uniform(0.0, 1.0, f.shape)
    return (1.0 - 0.6 * roughness) * f + 0.6 * roughness * noise


def rate_of(built, f):
    out = np.zeros_like(f)
    built.rate(f, 0.0, out)
    return out


@pytest.mark.parametrize("thermal", [True, False])
@pytest.mark.parametrize("conserving", SETS, ids="+".join)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=SEEDS, roughness=st.floats(0.0, 1.0))
def test_collision_conserves_what_it_declares(conserving, thermal, seed, roughness):
    """Σ_s∫D_s C[f]_s w = 0; catches sums without D_s, or one μ for valleys with their own."""
    built, around = operator(conserving, thermal)
    f = random_state(seed, around, roughness)
    content = around.weight * rate_of(built, f)
    scale = np.sum(around.weight)
    if "charge" in conserving or "valley_charge" in conserving:
        assert abs(content.sum()) <= 1e-13 * scale
    if "valley_charge" in conserving:
        assert np.abs(content.reshape(2, -1).sum(axis=1)).max() <= 1e-13 * scale
    if "energy" in conserving:
        weighted = np.abs(around.weight * around.energy).sum()
        assert abs((content * around.energy).sum()) <= 1e-13 * weighted


@pytest.mark.parametrize("conserving", SETS, ids="+".join)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=SEEDS, roughness=st.floats(0.05, 1.0))
def test_entropy_does_not_fall(conserving, seed, roughness):
    """dS/dt - (dE - μ dN)/T >= 0 with μ, T of the local equilibrium: H-theorem, bath included.

    Catches a relaxation towards something that is not the Fermi function of the invariants.
    """
    built, around = operator(conserving, False)
    f = np.clip(random_state(seed, around, roughness), 1e-9, 1.0 - 1e-9)
    rate = rate_of(built, f)
    affinity = np.log((1.0 - f) / f)
    mu, temperature = np.repeat(built.local, 2, axis=0).T.reshape(2, -1, 1, 1, 1)
    produced = around.weight * rate * (affinity - (around.energy - mu) / temperature)
    assert produced.sum() >= -1e-12 * np.abs(produced).sum()
    if conserving == ("charge", "energy"):  # closed: the entropy itself
        entropy = around.weight * rate * affinity
        assert entropy.sum() >= -1e-12 * np.abs(entropy).sum()


@pytest.mark.parametrize("conserving", SETS, ids="+".join)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(mu=st.floats(-0.4, 0.8), temperature=st.floats(0.12, 0.5))
def test_fermi_functions_are_fixed_points(conserving, mu, temperature):
    """What is conserved may have any value: its own Fermi function does not relax."""
    built, around = operator(conserving, False)
    own = {
        (): BATH,
        ("charge",): (mu, BATH[1]),
        ("valley_charge",): (mu, BATH[1]),
    }.get(conserving, (mu, temperature))
    f = fermi(around.energy, *own)
    assert np.abs(rate_of(built, f)).max() <= 1e-11


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_initial_equilibrium_is_a_fixed_point_of_every_operator(case, level):
    """Cell averages of f_FD(ε̄), not f_FD of cell averages, with b on: to rounding."""
    for name in known(Collision):
        description = {"relaxation_time": RelaxationTime(tau=1.0, conserving=["charge"])}[name]
        run = cases.evolution(
            case.model,
            case.grid(),
            b=cases.B[case.dimensions],
            initial=FermiDirac(*BATH),
            collisions=[description],
            stepping=Stepping(step=0.1),
            level=level,
        )
        before = run.transport.u.copy()
        cases.follow(run, 1.0)
        assert np.abs(run.transport.u - before).max() <= 1e-13


@pytest.mark.parametrize("drive", ["static", "b(t)", "moving"])
@pytest.mark.parametrize("level", ALL_LEVELS)
def test_charge_is_conserved_in_a_run_at_every_level(level, drive):
    """The invariant is Σ_s∫D_s C_s with the D_s of the moment, also for n_s.

    Catches weights that stay those of the start, or that are 1 in `projected`, where
    Σ_s[C_s + ¼F(C_+ - C_-)] = Σ_s D_s C_s.
    """
    case = next(c for c in CASES if c.name == "graphene_gapped")
    keep = RelaxationTime(tau=1.0, conserving=["charge"], chemical_potential=0.3, temperature=0.2)
    run = cases.evolution(
        case.model if drive == "static" else cases.moving(case),
        case.grid(),
        b=(cases.B_WAVES if drive == "b(t)" else cases.B)[2],
        initial=cases.Wavy(),
        collisions=[keep],
        stepping=Stepping(step=0.1),
        stop=1.0,
        level=level,
    )
    cases.follow(run, 1.0)
    cases.assert_ledger(run)
    assert abs(run.collision_inflow()) <= 1e-14 * run.charge_held()


def test_relaxation_follows_its_exponential():
    """δf(t) = δf(0) exp(-t/τ) without fields."""
    case = next(c for c in CASES if c.name == "rice_mele")
    bath = RelaxationTime(tau=0.7, chemical_potential=0.1, temperature=0.3)
    run = cases.evolution(
        case.model,
        case.grid(),
        initial=cases.Wavy(),
        collisions=[bath],
        stepping=Stepping(stepper="ssprk104", step=0.1),
    )
    k = [run.system.grid.momentum[0].centres]
    final = fermi(run.flow.geometries[0].energies(k, 0.0, run.flow.b), 0.1, 0.3)
    before = run.transport.occupation()[:, 0, 0] - final
    cases.follow(run, 2.1)
    after = run.transport.occupation()[:, 0, 0] - final
    assert after == pytest.approx(before * np.exp(-3.0), abs=1e-6)
