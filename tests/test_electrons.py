"""Electron-electron scattering: the rate of quasi-particles and exact invariants."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "laws"))
import cases

from kinetic.collisions.electrons import ElectronElectron
from kinetic.errors import InputError
from kinetic.evolution import Evolution
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.planar import GappedGraphene, MassiveDirac
from kinetic.initial import FermiDirac, fermi
from kinetic.stepping import Stepping
from kinetic.system import System

MU, T, A = 0.5, 0.08, 0.7


def evolution(collision, model=None, grid=None, **more):
    return cases.evolution(
        model or MassiveDirac(mass=0.3),
        grid or cases.box(2.0, (24, 24)),
        initial=FermiDirac(MU, T),
        collisions=[collision],
        stepping=Stepping(**more),
    )


@lru_cache
def dirac(**keys):
    """The operator without the cell averages of the initial state: f_FD at cell centres."""
    bath = {"chemical_potential": 0.31, "temperature": 0.1}
    run = evolution(ElectronElectron(**keys, **bath))
    return run.collisions.operators[0], run.collisions.surroundings


def rate_of(operator, f):
    out = np.zeros_like(f)
    operator.rate(f, 0.0, out)
    return out


def test_quasi_particles_decay_at_the_rate_of_a_fermi_liquid():
    """A quadrupole has no invariants: C[f] = -A[(ε - μ)² + (πT)²] δf, cell by cell."""
    operator, around = dirac(strength=A)
    kx, ky = around.momenta["kx"], around.momenta["ky"]
    base = fermi(around.energy, MU, T)
    bump = 0.05 * base * (1.0 - base) * (kx**2 - ky**2)
    rate = rate_of(operator, base + bump) - rate_of(operator, base)
    expected = -A * ((around.energy - MU) ** 2 + (np.pi * T) ** 2) * bump
    assert np.abs(expected).max() > 1e-4
    assert np.abs(rate - expected).max() <= 1e-12


def test_the_rate_follows_the_temperature_and_drift_of_the_state():
    """The same at T and μ of the state, in the frame in which it rests."""
    operator, around = dirac(strength=A)
    mu, temperature, drift = 0.4, 0.12, 0.1
    kx, ky = around.momenta["kx"], around.momenta["ky"]
    moving = around.energy - drift * kx
    base = fermi(moving, mu, temperature)
    operator.own.find(operator.own.flat(base))
    assert operator.own.local[0] == pytest.approx([mu, temperature], rel=1e-9)
    assert operator.own.drift[0] == pytest.approx([drift, 0.0], rel=1e-9, abs=1e-12)
    bump = 1e-3 * base * (1.0 - base) * kx * ky
    tau = operator.times(operator.own.flat(base + bump)).reshape(around.energy.shape)
    expected = A * ((moving - mu) ** 2 + (np.pi * temperature) ** 2)
    assert 1.0 / tau == pytest.approx(expected, rel=1e-2, abs=1e-4)
    assert not np.allclose(expected, A * ((around.energy - mu) ** 2 + (np.pi * T) ** 2), rtol=0.1)


@pytest.mark.parametrize("keys", [{"strength": A}, {"tau": 3.0}], ids=str)
@pytest.mark.parametrize("drift", [0.0, 0.15])
def test_drifting_fermi_functions_are_fixed_points(keys, drift):
    operator, around = dirac(**keys)
    f = fermi(around.energy - drift * around.momenta["ky"], 0.45, 0.11)
    assert np.abs(rate_of(operator, f)).max() <= 1e-11


@pytest.mark.parametrize("step", [1e-2, 1.0, 1e3])
@pytest.mark.parametrize("keys", [{"strength": A}, {"tau": 3.0}], ids=str)
def test_implicit_stage_is_solved_in_closed_form(keys, step):
    """f = f* + Δt C[f], with 0 <= f <= 1 and the invariants of f*."""
    operator, around = dirac(**keys)
    noise = np.random.default_rng(5).uniform(size=around.energy.shape)
    target = 0.6 * fermi(around.energy, 0.4, 0.2) + 0.4 * noise
    f = operator.solve(target, step, 0.0)
    assert np.abs(f - target - step * rate_of(operator, f)).max() <= 1e-13 * (1.0 + step)
    assert 0.0 <= f.min() <= f.max() <= 1.0
    for invariant in (1.0, around.energy, around.momenta["kx"], around.momenta["ky"]):
        content = around.weight * invariant
        assert abs(np.sum(content * (f - target))) <= 1e-13 * np.abs(content).sum()


def test_valleys_keep_their_charge_apart_only():
    changes = {}
    for valleys in ("apart", "together"):
        run = evolution(ElectronElectron(A, valleys=valleys), GappedGraphene(mass=0.4))
        operator, around = run.collisions.operators[0], run.collisions.surroundings
        f = fermi(around.energy, MU, T)
        f[:2] = fermi(around.energy[:2], MU + 0.1, T)
        content = around.weight * rate_of(operator, f)
        changes[valleys] = content.reshape(2, -1).sum(axis=1)
        assert abs(changes[valleys].sum()) <= 1e-13 * around.weight.sum()
    assert np.abs(changes["apart"]).max() <= 1e-13 * around.weight.sum()
    assert changes["together"][0] < -1e-5


def test_a_lattice_scatters_across_the_end_of_its_zone():
    case = next(c for c in cases.CASES if c.name == "qwz")
    with pytest.raises(InputError, match=r"'kx' and 'ky'.*Umklapp.*momentum = false"):
        evolution(ElectronElectron(A), case.model, case.grid())
    run = evolution(ElectronElectron(A, momentum=False), case.model, case.grid())
    around = run.collisions.surroundings
    f = fermi(around.energy, 0.0, 0.3) * (1.0 + 0.2 * np.sin(around.momenta["kx"]))
    rate = around.weight * rate_of(run.collisions.operators[0], f)
    assert abs(rate.sum()) <= 1e-13 * around.weight.sum()
    assert (
        abs((rate * around.energy).sum()) <= 1e-13 * np.abs(around.weight * around.energy).sum()
    )


def test_a_run_in_space_keeps_its_charge_and_restarts_bitwise():
    """1r×2k with Δt up to 10 τ, which is stiff."""
    grid = Grid((Axis.linear("x", 0.0, 6.0, 8, "periodic"), *cases.box(2.0, (14, 14)).axes))

    def run():
        system = System(
            grid=grid,
            hamiltonian=MassiveDirac(mass=0.3),
            initial=cases.Wavy(),
            fields=cases.Fields(),
            equation=cases.Equation(threads=1),
            collisions=(ElectronElectron(50.0, chemical_potential=MU, temperature=0.2),),
        )
        return Evolution(system, Stepping(stepper="imex", step=0.05), stop=0.5)

    one, two = run(), run()
    start = one.charge_held()
    cases.follow(one, 0.2)
    two.restore({key: np.array(value) for key, value in one.state().items()})
    for evolving in (one, two):
        cases.follow(evolving, 0.4)
    assert np.array_equal(one.transport.u, two.transport.u)
    assert abs(one.collision_inflow()) <= 1e-14 * start
    assert one.bounds()[0] >= 0.0
    assert one.bounds()[1] <= 1.0


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "one of strength .* and tau"),
        ({"strength": 1.0, "tau": 1.0}, "not both"),
        ({"strength": 0.0}, "above 0"),
        ({"strength": float("nan")}, "above 0"),
        ({"tau": "1"}, "above 0"),
        ({"tau": 1.0, "momentum": 1}, "true or false"),
        ({"tau": 1.0, "valleys": "apert"}, "did you mean 'apart'"),
        ({"tau": 1.0, "temperature": 0.0}, "above 0"),
    ],
)
def test_bad_keys_are_refused(keys, words):
    with pytest.raises(InputError, match=words):
        ElectronElectron(**keys)
