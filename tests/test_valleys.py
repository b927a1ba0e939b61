"""Charge that collisions move between valleys or nodes, and the books kept of it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "laws"))
import cases

from kinetic.collisions.inter_node import InterNode
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.errors import InputError
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.planar import GappedGraphene
from kinetic.hamiltonians.weyl import Weyl, WeylPair
from kinetic.initial import FermiDirac, fermi
from kinetic.observables.anomaly import PumpingRate
from kinetic.observables.valleys import ValleyTransfer
from kinetic.reporting import summary
from kinetic.stepping import Stepping
from kinetic.system import System

E, B, TAU = 0.05, 0.01, 2.0
PUMPED = E * B / (4.0 * np.pi**2)
INTRA = RelaxationTime(2.0, ["valley_charge"])


def weyl_pair(*collisions, level="dressed", stepper="ssprk3", step=0.2, **more):
    return cases.evolution(
        WeylPair(),
        cases.box(3.5, (15, 15, 15)),
        e=(0.0, 0.0, E),
        b=(0.0, 0.0, B),
        initial=FermiDirac(0.4, 0.08),
        collisions=collisions,
        stepping=Stepping(stepper=stepper, step=step),
        level=level,
        **more,
    )


def held(run):
    """Charge of every valley."""
    content = run.densities() * run.mesh.volumes / run.phase_space
    return content.reshape(run.system.valleys, -1).sum(axis=1)


@pytest.mark.parametrize("stepper", ["ssprk3", "imex"])
@pytest.mark.parametrize("level", ["projected", "dressed"])
def test_anomaly_budget_of_every_valley_closes_to_rounding(level, stepper):
    """Δρ_v = χ_v∫e·b dt/4π² + collisions; catches stages that are entered with other weights.

    At T = 0.08 the tail at the cutoff 3.5 is exp(-39), below rounding.
    """
    run = weyl_pair(InterNode(TAU), INTRA, level=level, stepper=stepper, step=0.5)
    recorder = ValleyTransfer().build(run)
    before = held(run)
    cases.follow(run, 2.0)
    found = recorder.measure()
    budget = found["valley_pumping"] + found["valley_transfer"]
    assert found["valley_pumping"] == pytest.approx([2.0 * PUMPED, -2.0 * PUMPED])
    assert np.abs(found["valley_transfer"]).min() > 0.1 * PUMPED
    assert held(run) - before == pytest.approx(budget, abs=1e-14 * run.charge_held())
    assert abs(found["valley_transfer"].sum()) <= 1e-14 * run.charge_held()
    assert found["chiral_transfer"] == pytest.approx(found["valley_transfer"] @ [1, -1])
    change = found["chiral_charge"] - float(before @ [1, -1])
    assert change == pytest.approx(float(budget @ [1, -1]), abs=1e-14)


@pytest.mark.parametrize("energy", ["bath", "exchanged"])
def test_chiral_charge_saturates(energy):
    """ρ₅ = (e·b τ/2π²)(1 - exp(-t/τ)); step 0.2 = τ/10 in a third-order stepper."""
    run = weyl_pair(InterNode(TAU, energy))
    recorder = ValleyTransfer().build(run)
    cases.follow(run, 4.0)
    exact = 2.0 * PUMPED * TAU * (1.0 - np.exp(-2.0))
    found = recorder.measure()
    assert float(found["chiral_charge"]) == pytest.approx(exact, rel=1e-4)
    assert float(found["chiral_transfer_rate"]) == pytest.approx(-exact / TAU, rel=1e-4)


def test_nodes_of_one_zone_exchange_charge():
    """The same between the two nodes of a lattice, each with the cells nearest to it.

    The tail at the dividing plane and the cells on it hold the tolerance.
    """
    model = next(c for c in cases.CASES if c.name == "weyl_lattice").model
    charges = {}
    for tau in (0.5, None):
        run = cases.evolution(
            model,
            cases.box(np.pi, (12, 12, 15)),
            e=(0.0, 0.0, E),
            b=(0.0, 0.0, B),
            initial=FermiDirac(0.0, 0.06),
            collisions=() if tau is None else [InterNode(tau)],
            stepping=Stepping(step=0.05),
        )
        start = run.node_charges()
        cases.follow(run, 1.0)
        charges[tau] = run.node_charges() - start
        cases.assert_ledger(run)
    free, relaxed = charges[None], charges[0.5]
    assert abs(relaxed.sum()) <= 1e-14
    assert relaxed == pytest.approx(free * 0.5 * (1.0 - np.exp(-2.0)), rel=1e-3)


def test_valleys_relax_in_the_shape_of_their_fermi_functions():
    """C_v = -(f_v - f̄)/τ for Fermi functions f_v, whatever else f holds; at any Δt/τ."""
    run = cases.evolution(
        GappedGraphene(mass=0.4),
        cases.box(3.0, (16, 17)),
        initial=FermiDirac(0.3, 0.1),
        collisions=[InterNode(TAU, chemical_potential=0.3, temperature=0.1)],
        stepping=Stepping(step=0.1),
    )
    around, operator = run.collisions.surroundings, run.collisions.operators[0]
    f = fermi(around.energy, 0.3, 0.1)
    f[:2] = fermi(around.energy[:2], 0.5, 0.1)
    rate = np.zeros_like(f)
    operator.rate(f, 0.0, rate)
    assert np.sign(rate[1].sum()) == -1.0
    assert np.sign(rate[3].sum()) == 1.0
    weights = around.weight
    for step in (0.01, 1.0, 300.0):
        g = operator.solve(f, step, 0.0)
        again = np.zeros_like(f)
        operator.rate(g, 0.0, again)
        # μ is known to 1e-14 of the states over those within T of it, 1 in 100
        assert np.abs(g - f - step * again).max() <= 1e-12 * (1.0 + step)
        before, after = ((weights * x).reshape(2, -1).sum(axis=1) for x in (f, g))
        mean = before.mean()
        exact = mean + (before - mean) / (1.0 + step / TAU)
        assert after == pytest.approx(exact, abs=1e-13 * (1.0 + step) * weights.sum())


def test_every_place_relaxes_by_itself():
    """Two valleys on a ring: the charge of every place stays, where b and φ differ too."""
    grid = Grid(
        (
            Axis.linear("x", 0.0, 2.0 * np.pi, 6, "periodic"),
            Axis.linear("kx", -2.0, 2.0, 12),
            Axis.linear("ky", -2.0, 2.0, 11),
        )
    )
    system = System(
        grid=grid,
        hamiltonian=GappedGraphene(mass=0.4),
        initial=FermiDirac(0.3, 0.2),
        fields=Fields(B="0.05 + 0.01*cos(x)", phi="0.2*cos(x)"),
        equation=cases.Equation(threads=1),
        collisions=(InterNode(1.0, "exchanged"),),
    )
    run = Evolution(system, Stepping(step=0.05), stop=1.0)
    around, operator = run.collisions.surroundings, run.collisions.operators[0]
    noise = np.random.default_rng(3).normal(0.0, 0.1, around.energy.shape)
    f = np.clip(around.equilibrium + noise, 0.0, 1.0)
    rate = np.zeros_like(f)
    operator.rate(f, 0.0, rate)
    for weight in (around.weight, around.weight * around.energy):
        content = (rate * weight).reshape(2, 6, -1).sum(axis=(0, 2))
        assert np.abs(content).max() <= 1e-13 * np.abs(weight).sum() / 6.0


@pytest.mark.parametrize("energy", ["bath", "exchanged"])
def test_one_table_with_within_is_both_relaxations(energy):
    kept = ["valley_charge", "energy"] if energy == "exchanged" else ["valley_charge"]
    rates = []
    for collisions in (
        [InterNode(TAU, within=0.5, energy=energy)],
        [InterNode(TAU, energy=energy), RelaxationTime(0.5, kept)],
    ):
        run = weyl_pair(*collisions)
        f = run.transport.occupation()
        f[:2] *= 1.0 - 0.1 * np.sin(run.collisions.surroundings.momenta["kz"]) ** 2
        rates.append(run.collisions.rate(f, 0.0).copy())
    assert np.abs(rates[0]).max() > 1e-2
    assert np.abs(rates[0] - rates[1]).max() <= 1e-13


def test_restart_is_bitwise():
    one, two = (weyl_pair(InterNode(TAU, "exchanged"), INTRA) for _ in range(2))
    cases.follow(one, 1.0)
    two.restore({key: np.array(value) for key, value in one.state().items()})
    for run in (one, two):
        cases.follow(run, 2.0)
    assert np.array_equal(one.transport.u, two.transport.u)
    assert np.array_equal(one.valley_transfer(), two.valley_transfer())


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"tau": 0.0}, "above 0"),
        ({"tau": "2"}, "must be a number above 0"),
        ({"tau": 2.0, "within": -1.0}, "within = -1.0 must be a number above 0"),
        ({"tau": 1.0, "energy": "kept"}, "'bath' and 'exchanged'"),
        ({"tau": 1.0, "temperature": -1.0}, "must be above 0"),
    ],
)
def test_bad_keys_are_refused(keys, words):
    with pytest.raises(InputError, match=words):
        InterNode(**keys)


def test_one_node_alone_is_refused():
    with pytest.raises(InputError, match="inter_node moves charge between valleys or nodes"):
        cases.evolution(Weyl(), cases.box(2.0, (9, 9, 9)), collisions=[InterNode(1.0)])
    gapped = ExpressionModel(d=["sin(kx)", "0", "1.5 + cos(kx)"], bounded=True)
    with pytest.raises(InputError, match="no node on the grid"):
        cases.evolution(gapped, cases.box(np.pi, (9,)), collisions=[InterNode(1.0)])


def test_transfer_is_refused_where_there_is_none():
    run = cases.evolution(Weyl(), cases.box(2.0, (9, 9, 9)))
    with pytest.raises(InputError, match="one valley"):
        ValleyTransfer().build(run)
    run = cases.evolution(WeylPair(), cases.box(2.0, (9, 9, 9)))
    with pytest.raises(InputError, match="no \\[\\[collisions\\]\\]"):
        ValleyTransfer().build(run)


def test_pumping_is_reported_beside_what_collisions_took():
    """The reference of the evolved charge of each node holds with collisions as without."""
    run = weyl_pair(InterNode(TAU, within=1.0))
    recorder = PumpingRate().build(run)
    first = recorder.measure()
    assert first["pumping_rate"] == pytest.approx(first["pumping_reference"], rel=1e-9)
    cases.follow(run, 2.0)
    last = recorder.measure()
    assert abs(last["pumping_rate"][0]) < 0.8 * PUMPED
    assert last["pumping_rate"] == pytest.approx(last["pumping_reference"], rel=1e-9)
    told = dict(summary(run))
    assert any("χ e·b/4π²ħ² + collisions" in name and "exact" in name for name in told)
