"""Relaxation straight into the state against the same collisions by rates of all cells."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "laws"))
import cases
from cases import ALL_LEVELS

from kinetic.collisions.relaxation import RelaxationTime
from kinetic.equation import Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.planar import GappedGraphene
from kinetic.hamiltonians.weyl import Weyl
from kinetic.initial import FermiDirac, LocalEquilibrium
from kinetic.stepping import Stepping
from kinetic.system import System

SETS = [(), ("charge",), ("valley_charge",), ("charge", "energy"), ("valley_charge", "energy")]
BATHS = {"own": {}, "other": {"chemical_potential": 0.2, "temperature": 0.15}}


def evolution(
    kind,
    keep,
    level="dressed",
    bath="own",
    balanced=True,
    threads=1,
    e=0.02,
    stepper="ssprk3",
    **more,
):
    """A Weyl node in e and b (glued cells), or a ring of gapped graphene with hills."""
    collision = RelaxationTime(tau=0.5, conserving=keep, **BATHS[bath])
    if kind == "node":
        axes = [Axis.linear(name, -1.5, 1.5, 11) for name in ("kx", "ky", "kz")]
        model, fields = Weyl(), Fields(E=(0.0, 0.0, e), B=(0.0, 0.0, 0.02))
        initial = FermiDirac(0.4, 0.1)
    else:
        axes = [Axis.linear("x", 0.0, 2.0 * np.pi, 6, "periodic")]
        axes += [Axis.linear(name, -2.0, 2.0, n) for name, n in (("kx", 12), ("ky", 9))]
        model, fields = GappedGraphene(mass=0.4), Fields(phi="0.1*cos(x)", B=0.03)
        initial = LocalEquilibrium("0.3 + 0.05*sin(x)", 0.2)
    system = System(
        grid=Grid(tuple(axes)),
        hamiltonian=model,
        initial=initial,
        fields=fields,
        equation=Equation(level=level, threads=threads, well_balanced=balanced, **more),
        collisions=(collision,),
    )
    return Evolution(system, Stepping(stepper=stepper, step=0.05), stop=1.0)


@pytest.mark.parametrize("bath", BATHS)
@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("kind", ["node", "ring"])
@pytest.mark.parametrize("keep", SETS, ids="+".join)
def test_one_step_is_that_of_rates(keep, kind, balanced, bath):
    """The same state and ledger to rounding, for every kind of bath and of equilibrium.

    Catches a bath that is not taken off with the equilibrium, and μ of pooled bands.
    """
    direct = evolution(kind, keep, bath=bath, balanced=balanced)
    rates = evolution(kind, keep, bath=bath, balanced=balanced)
    rates.collisions._direct = None
    for run in (direct, rates):
        cases.follow(run, 0.3)
    assert direct.collisions._direct.usable
    assert np.abs(direct.transport.u - rates.transport.u).max() <= 1e-12
    assert np.abs(direct.collision_inflow() - rates.collision_inflow()) <= 1e-11
    assert direct.collisions.operators[0].local == pytest.approx(
        rates.collisions.operators[0].local, abs=1e-9
    )


@pytest.mark.parametrize("keep", SETS, ids="+".join)
def test_implicit_steps_are_those_of_rates(keep):
    """A collision within each stage, and that of the stage before."""
    for kind, bath in (("node", "own"), ("ring", "other")):
        direct, rates = (evolution(kind, keep, bath=bath, stepper="imex") for _ in range(2))
        rates.collisions._direct = None
        for run in (direct, rates):
            cases.follow(run, 0.2)
        assert np.abs(direct.transport.u - rates.transport.u).max() <= 1e-12
        assert np.abs(direct.collision_inflow() - rates.collision_inflow()) <= 1e-11


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("scheme", ["mp5", "linear5"])
def test_levels_and_schemes(level, scheme):
    """The map to n_s and D_s f, with the product rule of linear5."""
    direct, rates = (
        evolution("ring", ("charge", "energy"), level, scheme=scheme) for _ in range(2)
    )
    rates.collisions._direct = None
    for run in (direct, rates):
        cases.follow(run, 0.3)
    assert np.abs(direct.transport.u - rates.transport.u).max() <= 1e-12


@pytest.mark.parametrize("keep", SETS[1:], ids="+".join)
def test_invariants_over_many_steps(keep):
    """Charge and energy that C brings to each place stay rounding while μ and T drift far."""
    run = evolution("node", keep, e=0.4)
    about = []
    around = run.collisions.surroundings
    for _ in range(40):
        run.collisions.change(run.time)
        before = run.transport.u.copy()
        run.collisions._direct.add(1.0)
        change = run.transport.u - before
        run.transport.u[...] = before
        charge = (change * around.volumes).sum()
        scale = around.volumes.sum()
        assert abs(charge) <= 3e-14 * scale
        if "energy" in keep:
            energy = run.collisions._direct._energy
            assert abs((change * around.volumes * energy).sum()) <= 1e-13 * scale
        about.append(run.collisions._direct.about[0].copy())
        run.advance(run.time + 0.05)
    assert len(np.unique(np.array(about), axis=0)) > 1  # the series was renewed


def test_restart_and_threads():
    """Bitwise, although the series is expanded about values of long ago."""
    straight, first, second, three = (
        evolution("ring", ("valley_charge", "energy"), threads=n) for n in (1, 1, 1, 3)
    )
    for run in (straight, three):
        cases.follow(run, 0.25)
        cases.follow(run, 0.5)
    cases.follow(first, 0.25)
    second.restore({name: np.array(value) for name, value in first.state().items()})
    cases.follow(second, 0.5)
    again, other = second.state(), three.state()
    for name, value in straight.state().items():
        assert np.array_equal(value, again[name]), name
        assert np.array_equal(value, other[name]), name


def test_what_is_not_of_this_kind_goes_by_rates():
    """Momentum, single bands, a τ of cells, moving energies, several operators."""
    run = evolution("ring", ("charge", "momentum"))
    assert run.collisions._direct is None
    assert evolution("ring", ("band_charge",)).collisions._direct is None
    moving = evolution("ring", ("charge",))
    system = moving.system
    for collisions in (
        (RelaxationTime("1 + kx**2"),),
        (RelaxationTime(1.0), RelaxationTime(2.0)),
    ):
        changed = System(
            grid=system.grid,
            hamiltonian=system.hamiltonian,
            initial=system.initial,
            fields=system.fields,
            collisions=collisions,
        )
        assert Evolution(changed, Stepping(step=0.1)).collisions._direct is None
