"""Observables of the levels with coherences against closed forms and a wave function."""

import numpy as np
import pytest

from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Grid
from kinetic.hamiltonians import ExpressionModel, MassiveDirac, QiWuZhang, WeylLattice
from kinetic.initial import FermiDirac, Formula
from kinetic.observables import (
    Absorbed,
    ChiralityDensity,
    Coherence,
    Current,
    Density,
    Energy,
    Hall,
    Observable,
    OccupationBounds,
    Particles,
    Purity,
    Spin,
    Standard,
)
from kinetic.observables.coherentcurrents import CoherentSums
from kinetic.observables.snapshots import snapshot_recorder
from kinetic.quantum.base import QuantumEvolution
from kinetic.quantum.preparation import prepared
from kinetic.registry import known
from kinetic.system import System

PI = np.pi
FILLED = Formula("1", "0")
ZONE = {"kx": [-PI, PI, 48], "ky": [-PI, PI, 48]}


class Still(QuantumEvolution):
    """A state that does not move: as prepared, or given."""

    stages = 1

    def __init__(self, system, wigner=None):
        super().__init__(system)
        coherent = system.equation.preparation == "coherent"
        self.n, lower = prepared(self, coherent)
        if wigner is not None:
            self.n = wigner
        self._start(self.n, lower)
        self.initial_charge = self.charge()

    def wigner(self):
        return self.n

    def step_limit(self):
        return np.inf


def still(hamiltonian, grid, initial=FILLED, level="moyal", wigner=None, fields=None, **options):
    system = System(
        grid=Grid.from_table(grid),
        hamiltonian=hamiltonian,
        initial=initial,
        fields=Fields(**(fields or {})),
        equation=Equation(level=level, threads=1, **options),
    )
    if level in ("moyal", "matrix"):
        return Still(system, wigner)
    return Evolution(system)


def measure(observable, state):
    return observable.build(state).measure()


# --- homogeneous -------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", [1.0, -1.0, 3.0])
def test_a_filled_band_carries_the_quantised_hall_current(mass):
    """The interband part of first order is -q_s e×B_k summed: C/2πħ, and nothing else flows."""
    model, hbar = QiWuZhang(mass), 0.7
    force = np.array([0.02, -0.01])
    fields = {"E": (*force, 0.0)}
    state = still(model, ZONE, fields=fields, hbar=hbar)
    found = measure(Current(), state)
    kinetic = still(model, ZONE, level="dressed", fields=fields, hbar=hbar)
    sigma = measure(Hall(), kinetic)["hall"][0]
    chern = round(float(sigma * 2.0 * PI * hbar))
    assert abs(chern) == (1 if abs(mass) < 2.0 else 0)
    exact = chern / (2.0 * PI * hbar) * np.array([force[1], -force[0], 0.0])
    np.testing.assert_allclose(found["current_interband"], exact, atol=2e-13)
    np.testing.assert_allclose(found["current_intraband"], 0.0, atol=1e-15)
    parts = [value for name, value in found.items() if name != "current"]
    np.testing.assert_allclose(found["current"], np.sum(parts, axis=0), atol=1e-16)


def test_the_sea_of_a_dirac_cone_is_taken_off_but_its_hall_current_stays():
    """σ_xy = -(m/4πħ)(1/|m| - 1/E(Λ)) of a disc; a square is compared with its own sum."""
    state = still(
        MassiveDirac(0.5),
        {"kx": [-3.0, 3.0, 61], "ky": [-3.0, 3.0, 61]},
        fields={"E": (0.01, 0.0, 0.0)},
    )
    assert state.sea_filled
    found = measure(Current(), state)
    kx, ky = np.meshgrid(*(axis.centres for axis in state.system.grid.axes), indexing="ij")
    curvature = 0.5 / (kx**2 + ky**2 + 0.25) ** 1.5
    hall = -0.5 * np.sum(curvature) * (6.0 / 61) ** 2 / (2 * PI) ** 2
    np.testing.assert_allclose(found["current"][1], -hall * 0.01, rtol=2e-14)
    np.testing.assert_allclose(found["current_intraband"], 0.0, atol=1e-15)
    assert abs(measure(Density(), state)["density"]) < 1e-14
    assert abs(measure(Energy(), state)["energy"]) < 1e-13


def test_spin_of_a_texture_of_filled_spins():
    """A filled band of H = -B·σ alone has ⟨σ⟩ = B/|B| times its density."""
    model = ExpressionModel(d=["0.6 + 0.0*kx", "0", "0.8"], d0="cos(kx)", bounded=True)
    state = still(model, {"kx": [-PI, PI, 16]})
    density = measure(Density(), state)["density"]
    assert density == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(measure(Spin(), state)["spin"], [-0.6, 0.0, -0.8], atol=1e-14)
    assert measure(Purity(), state)["purity"] == pytest.approx(1.0, abs=1e-14)
    assert measure(Coherence(), state)["coherence"] == pytest.approx(0.0, abs=1e-14)


def test_energy_of_fermi_functions_is_that_of_the_kinetic_levels():
    """At b = 0 and in a homogeneous system both are Σ_s∫ε_s f_s."""
    grid, initial = {"kx": [-PI, PI, 40], "ky": [-PI, PI, 40]}, FermiDirac(0.2, 0.3)
    one, other = (still(QiWuZhang(1.0), grid, initial, level) for level in ("moyal", "dressed"))
    exact = measure(Energy(), other)["energy"]
    assert measure(Energy(), one)["energy"] == pytest.approx(float(exact), rel=2e-6)
    low, high = measure(OccupationBounds(), one).values()
    assert 0.0 <= low < high <= 1.0


# --- real space --------------------------------------------------------------------------------

HBAR, WIDTH, PLACE, MOMENTUM = 0.2, 0.5, 3.1, 0.4
SPINOR = np.array([0.8, 0.6j * np.exp(0.3j)])
CHAIN = ExpressionModel(
    d=["sin(kx)", "0.3*cos(2*kx) + 0.2*sin(x)", "1 - cos(kx)"],
    d0="0.4*cos(kx) + 0.2*cos(x)",
    bounded=True,
)
CHAIN_GRID = {"x": [0.0, 2 * PI, 64], "kx": [-PI, PI, 64]}


def pauli(scalar, vector):
    """A + a·σ as matrices.  (..., 2, 2)"""
    x, y, z = vector
    return np.moveaxis(
        np.array([[scalar + z, x - 1j * y], [x + 1j * y, scalar - z]]), (0, 1), (-2, -1)
    )


def packet(x, k):
    """W |χ⟩⟨χ| of a Gaussian packet: 2 exp(-(x - x₀)²/w² - (k - k₀)²w²/ħ²)."""
    weight = 2.0 * np.exp(-(((x - PLACE) / WIDTH) ** 2) - ((k - MOMENTUM) * WIDTH / HBAR) ** 2)
    up, down = SPINOR
    flip = np.conj(up) * down
    vector = [2 * flip.real, 2 * flip.imag, abs(up) ** 2 - abs(down) ** 2]
    return 0.5 * weight * np.array([1.0, *vector])[:, None, None]


def chain(level="moyal"):
    axes = Grid.from_table(CHAIN_GRID).axes
    x, k = np.meshgrid(*(axis.centres for axis in axes), indexing="ij")
    return still(CHAIN, CHAIN_GRID, level=level, wigner=packet(x, k)[None], hbar=HBAR)


def rate_of_the_wave_function(x):
    """∂ₜ|ψ|² = (2/ħ) Im ψ†Ĥψ on the line, Ĥ = A(p̂) + V(x), with as many waves as it takes."""
    count, box = 512, 8 * PI
    y = PLACE + box * (np.arange(count) / count - 0.5)
    wave = (PI * WIDTH**2) ** -0.25 * np.exp(
        -0.5 * ((y - PLACE) / WIDTH) ** 2 + 1j * MOMENTUM * (y - PLACE) / HBAR
    )
    p = HBAR * 2 * PI * np.fft.fftfreq(count, box / count)
    kinetic = pauli(0.4 * np.cos(p), [np.sin(p), 0.3 * np.cos(2 * p), 1 - np.cos(p)])
    spectrum = np.fft.fft(wave)[:, None] * SPINOR
    moved = np.fft.ifft(np.einsum("pij,pj->pi", kinetic, spectrum), axis=0)
    rate = 2.0 / HBAR * np.imag(np.einsum("i,xi->x", SPINOR.conj(), wave.conj()[:, None] * moved))
    modes = np.fft.fft(rate) / count
    waves = 2 * PI * np.fft.fftfreq(count, box / count)
    return np.real(np.exp(1j * np.outer(x - y[0], waves)) @ modes)


def divergence(values, length):
    waves = 2j * PI * np.fft.rfftfreq(len(values), length / len(values))
    return np.fft.irfft(waves * np.fft.rfft(values), len(values))


def test_the_exact_current_obeys_the_continuity_equation_of_a_wave_function():
    """-∂_x j = ∂ₜ|ψ|² of the same packet; what is local alone misses by O(ħ²)."""
    state = chain()
    x = state.system.grid.axes[0].centres
    found = measure(Current(), state)
    rate = rate_of_the_wave_function(x)
    size = np.abs(rate).max()
    assert np.abs(rate + divergence(found["current"][0], 2 * PI)).max() < 1e-8 * size
    local = found["current"] - found["current_nonlocal"]
    assert np.abs(rate + divergence(local[0], 2 * PI)).max() > 1e-4 * size
    expansion = measure(Current(), chain("matrix"))
    assert "current_nonlocal" not in expansion
    np.testing.assert_allclose(expansion["current"], local, atol=1e-15)
    assert found["current_nonlocal"][0].sum() == pytest.approx(0.0, abs=1e-13)
    assert measure(Purity(), state)["purity"] == pytest.approx(1.0, abs=1e-9)
    assert measure(Particles(), state)["particles"] == pytest.approx(1.0, abs=1e-9)


def test_the_energy_of_a_packet_is_that_of_its_wave_function():
    """∫dx Tr[Ĥ n̂] = ⟨ψ|A(p̂) + V|ψ⟩ with Gaussian averages of the harmonics."""
    state = chain()
    energy = measure(Energy(), state)["energy"].sum() * state.mesh.site_volume
    up, down = SPINOR
    flip = 2 * np.conj(up) * down
    spread_k = np.exp(-0.25 * (HBAR / WIDTH) ** 2 * np.arange(3) ** 2)
    spread_x = np.exp(-0.25 * WIDTH**2)
    sines, cosines = (f(np.arange(3) * MOMENTUM) * spread_k for f in (np.sin, np.cos))
    sigma = np.array([flip.real, flip.imag, abs(up) ** 2 - abs(down) ** 2])
    d = [sines[1], 0.3 * cosines[2] + 0.2 * np.sin(PLACE) * spread_x, 1.0 - cosines[1]]
    exact = 0.4 * cosines[1] + 0.2 * np.cos(PLACE) * spread_x + sigma @ d
    assert energy == pytest.approx(exact, abs=1e-9)
    spin = measure(Spin(), state)["spin"].sum(axis=1) * state.mesh.site_volume
    np.testing.assert_allclose(spin, sigma, atol=1e-9)


def test_a_dirac_cone_has_no_current_beyond_the_local_one():
    """∂_kA is constant: one point of the quadrature is exact."""
    model = ExpressionModel(d=["kx", "0.2*cos(x)", "0.5"])
    grid = {"x": [0.0, 2 * PI, 16], "kx": [-4.0, 4.0, 31]}
    state = still(model, grid, Formula("0", "0.3*exp(-kx**2)"))
    assert CoherentSums(state).nonlocal_part is None
    assert "current_nonlocal" not in measure(Current(), state)


def test_two_dimensions_agree_with_one():
    """A product state in y changes nothing in x; A = A₁(kx) + A₂(ky) moves along y by itself."""
    model = ExpressionModel(
        d=["sin(kx)", "0.3*cos(2*kx)", "1 - cos(kx)"], d0="0.5*cos(ky)", bounded=True
    )
    grid = {
        "x": [0.0, 2 * PI, 32],
        "y": [0.0, 2 * PI, 6],
        "kx": [-PI, PI, 40],
        "ky": [-PI, PI, 6],
    }
    axes = Grid.from_table(grid).axes
    x, k = np.meshgrid(axes[0].centres, axes[2].centres, indexing="ij")
    one = packet(x, k)
    y, ky = np.meshgrid(axes[1].centres, axes[3].centres, indexing="ij")
    both = np.einsum("cxk,yq->cxykq", one, 1 + 0.5 * np.cos(y) + 0.2 * np.sin(ky))
    both *= 2 * PI * HBAR / (2 * PI)  # ∫dky/2πħ of 1 is then 1
    found = measure(Current(), still(model, grid, wigner=both[None], hbar=HBAR))
    line = ExpressionModel(d=["sin(kx)", "0.3*cos(2*kx)", "1 - cos(kx)"], bounded=True)
    reference = measure(
        Current(),
        still(line, {k: grid[k] for k in ("x", "kx")}, wigner=one[None], hbar=HBAR),
    )
    envelope = 1 + 0.5 * np.cos(axes[1].centres)
    for name in ("current", "current_nonlocal"):
        expected = np.multiply.outer(reference[name][0], envelope)
        np.testing.assert_allclose(found[name][0], expected, atol=1e-13)
    # j_y = -0.5 ⟨sin(ky)⟩: the modulation 0.2 sin(ky) gives -0.05 everywhere.
    density = 2.0 * one[0].sum(axis=1) * (2 * PI / 40) / (2 * PI * HBAR)
    np.testing.assert_allclose(
        found["current"][1], np.repeat(-0.05 * density[:, None], 6, axis=1), atol=1e-13
    )


# --- the house ---------------------------------------------------------------------------------


def test_standard_and_snapshots_at_a_coherent_level():
    state = chain()
    found = measure(Standard(), state)
    assert {"density", "particles", "band_density", "current", "energy", "coherence"} <= set(
        found
    )
    assert {"purity", "occupation_min", "current_nonlocal"} <= set(found)
    assert not {"ledger_residual", "boundary_outflow", "absorbed"} & set(found)
    assert all(np.all(np.isfinite(value)) for value in found.values())
    names = ["occupation", "band_projection", "coherence_vector", "wigner"]
    shots = snapshot_recorder(
        state, {"variables": names, "stride": {"x": 2}, "select": {"band": "upper"}}
    )
    dims = {row.name: row.dims for row in shots.variables}
    assert dims["occupation"] == ("valley", "snapshot_x", "kx")
    assert dims["coherence_vector"] == ("valley", "component", "snapshot_x", "kx")
    assert dims["wigner"] == ("valley", "pauli", "snapshot_x", "kx")
    values = shots.measure()
    assert values["wigner"].shape == (1, 4, 32, 64)
    sizes = {name: len(value) for name, (_, value, _) in shots.coordinates.items()}
    assert sizes["pauli"] == 4
    np.testing.assert_array_equal(values["wigner"][0, :, :, 3], state.n[0, :, ::2, 3])
    with pytest.raises(InputError, match="'wigner' is for the levels 'matrix' and 'moyal'"):
        snapshot_recorder(
            still(QiWuZhang(), {"kx": [-PI, PI, 8], "ky": [-PI, PI, 8]}, level="dressed"),
            {"variables": ["wigner"]},
        )


@pytest.mark.parametrize("name", sorted(known(Observable)))
def test_every_observable_is_measured_or_refused_in_a_sentence(name):
    observable = known(Observable)[name]
    state = chain()
    if observable.quantum and observable().fits(state) is None:
        found = measure(observable(), state)
        assert all(np.all(np.isfinite(value)) for value in found.values())
    else:
        with pytest.raises(InputError, match=rf"\[output.observables\] {name}: .*\.$"):
            observable().build(state)


def test_coherences_are_refused_at_the_kinetic_levels():
    state = still(QiWuZhang(), {"kx": [-PI, PI, 8], "ky": [-PI, PI, 8]}, level="dressed")
    for observable in (Coherence(), Purity(), Spin(), Absorbed()):
        with pytest.raises(InputError, match="level 'dressed' has no coherence"):
            observable.build(state)


def test_chirality_density_finds_the_nodes_of_a_lattice():
    """A filled half above each node: the densities of both chiralities add up to the whole."""
    grid = {f"k{axis}": [-PI + PI / 12, PI + PI / 12, 12] for axis in "xyz"}
    state = still(WeylLattice(), grid, Formula("1", "0.2*exp(sin(kz))"), preparation="bare")
    found = measure(ChiralityDensity(), state)["chirality_density"]
    assert found.sum() == pytest.approx(float(measure(Density(), state)["density"]), rel=1e-13)
    kinetic = still(WeylLattice(), grid, Formula("1", "0.2*exp(sin(kz))"), level="dressed")
    np.testing.assert_allclose(
        found, measure(ChiralityDensity(), kinetic)["chirality_density"], rtol=1e-3
    )


# --- beside the kinetic levels -----------------------------------------------------------------


def test_the_local_current_is_that_of_the_kinetic_levels_with_their_curl():
    """Tr[∂_kĤ n̂] with the coherence of first order = Σ_s n_s U_s + ∇×Σ ¼ΔB n, to O(ħ²).

    Cell averages leave 2e-4 of j_x and 7e-5 of j_y here at every ħ; the curl alone is 1.5e-3.
    """
    hbar = 0.05
    model = ExpressionModel(
        d=["sin(kx)", "sin(ky)", "1 + 0.3*cos(x) - cos(kx) - cos(ky)"],
        d0="0.2*sin(ky)*cos(x)",
        bounded=True,
    )
    grid = {"x": [0.0, 2 * PI, 16], "kx": [-PI, PI, 24], "ky": [-PI, PI, 24]}
    initial = Formula("0.8 + 0.1*cos(ky)*cos(x)", "0.1 + 0.1*sin(kx)")
    options = {"grid": grid, "initial": initial, "hbar": hbar}
    exact = measure(Current(), still(model, level="matrix", **options))
    other = measure(Current(), still(model, level="projected", **options))
    scale = (2 * PI * hbar) ** 2 / (2 * PI) ** 2
    apart = np.abs(exact["current"] - other["current"]).max(axis=1) * scale
    assert apart[0] < 3e-4
    assert apart[1] < 1e-4
    assert np.abs(other["current_magnetisation"][1]).max() * scale > 5e-4


@pytest.mark.parametrize("level", ["projected", "dressed", "matrix"])
def test_a_full_sea_at_a_domain_wall_carries_no_current_of_its_own(level):
    """All that a texture makes of f = (1, 0) is taken off, the Hall velocity of ∂_rε̄ with it."""
    model = ExpressionModel(d=["kx", "ky", "0.6 + 0.2*tanh(x)"])
    axis = {"lower": -6.0, "upper": 6.0, "cells": 16, "boundary": "open"}
    grid = {"x": axis, "kx": [-3.0, 3.0, 17], "ky": [-3.0, 3.0, 9]}
    state = still(model, grid, FILLED, level=level, hbar=0.3)
    assert state.sea_filled
    assert np.abs(measure(Current(), state)["current"]).max() < 1e-13
