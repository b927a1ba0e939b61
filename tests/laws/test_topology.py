"""Berry curvature: both bands together, closed surfaces, zones and nodes."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from cases import CASES, DEEP, WIDE

from kinetic.device import Device
from kinetic.equation import Equation
from kinetic.fields import Fields
from kinetic.flow import Flow
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.lattice import Haldane, QiWuZhang, WeylLattice
from kinetic.hamiltonians.weyl import MultiWeyl, Weyl
from kinetic.initial import FermiDirac
from kinetic.mesh import Mesh
from kinetic.system import System

ROUNDING = 1e-12


def flow_of(model, grid, **fields):
    fields.setdefault("B", (0.0, 0.0, 0.01))
    system = System(
        grid=grid,
        hamiltonian=model,
        initial=FermiDirac(0.4, 0.1),
        fields=Fields(**fields),
        equation=Equation(),
    )
    return Flow(system, Mesh(system.grid), Device(1), 0.0, None)


def net_flux(fluxes):
    """∮B·dS of every cell."""
    return sum(np.diff(flux, axis=axis) for axis, flux in enumerate(fluxes))


def node_cells(flow, valley, shape):
    """Charge of the known nodes of a valley in their cells."""
    charges = np.zeros(shape)
    for node in flow.nodes:
        if node.valley == valley:
            charges[node.cell] += node.charge
    return charges


@pytest.mark.parametrize("axes", [cases.Case.grid, cases.graded], ids=["uniform", "graded"])
@pytest.mark.parametrize("case", DEEP, ids=str)
def test_link_fluxes_of_every_cell_close_but_for_its_nodes(case, axes):
    """Bianchi: ∮B·dS = 0 to rounding, 4π times an integer in the cell of a node.

    Catches faces that are divided (multi_weyl) without their neighbours sharing the edges,
    seams of periodic axes, and a midpoint detour with a sign that depends on the face.
    """
    flow = flow_of(case.model, axes(case))
    for valley, fluxes in enumerate(flow._fluxes):
        found = net_flux(fluxes) / (4.0 * np.pi)
        expected = node_cells(flow, valley, found.shape)
        assert np.abs(found - expected).max() <= ROUNDING


@pytest.mark.parametrize("charge", [1, 2, 3])
@pytest.mark.parametrize("chirality", [1, -1])
def test_divided_faces_of_multiple_nodes_close(charge, chirality):
    """One phase per face aliases: it counts 0 and -1 where the charge is 2 and 3."""
    flow = flow_of(MultiWeyl(charge=charge, chirality=chirality), cases.box(1.5, (7, 9, 7)))
    found = net_flux(flow._fluxes[0]) / (4.0 * np.pi)
    assert found[3, 4, 3] == pytest.approx(charge * chirality, abs=ROUNDING)
    found[3, 4, 3] = 0.0
    assert np.abs(found).max() <= ROUNDING
    assert [node.charge for node in flow.nodes] == [charge * chirality]


@pytest.mark.parametrize("case", DEEP, ids=str)
def test_node_charges_are_the_declared_chiralities(case):
    """Catches a node that is missed, or counted on both sides of a periodic seam."""
    flow = flow_of(case.model, case.grid())
    for index, valley in enumerate(case.model.valleys()):
        found = [node.charge for node in flow.nodes if node.valley == index]
        assert sum(found) == (valley.chirality or 0)
        assert all(isinstance(charge, int) for charge in found)


@pytest.mark.parametrize("k0", [0.7, 1.3, 2.2])
def test_planes_between_the_nodes_of_a_lattice_have_integer_chern_numbers(k0):
    """∫B_z over a plane is 2πν with ν = -1 between the nodes, 0 outside, exactly."""
    flow = flow_of(WeylLattice(node_position=k0), cases.box(np.pi, (9, 9, 21)))
    numbers = flow._fluxes[0][2].sum(axis=(0, 1)) / (4.0 * np.pi)
    inside = np.abs(flow.system.grid.momentum[2].edges) < k0
    assert np.abs(numbers - numbers.round()).max() <= ROUNDING
    assert np.array_equal(np.abs(numbers.round()), inside.astype(float))


@pytest.mark.parametrize(
    ("model", "chern"),
    [
        (QiWuZhang(mass=1.0), 1),
        (QiWuZhang(mass=-0.6), -1),
        (QiWuZhang(mass=2.3), 0),
        (Haldane(), 1),
        (Haldane(mass=0.6), 0),
    ],
    ids=["qwz-topological", "qwz-opposite", "qwz-trivial", "haldane", "haldane-trivial"],
)
@pytest.mark.parametrize("cells", [5, 12, 31])
def test_chern_numbers_are_integers_on_any_grid(model, chern, cells):
    """From 5² cells up; catches fluxes from differentiated d, exact only for fine grids."""
    flow = flow_of(model, cases.box(np.pi, (cells, cells + 1)))
    total = flow._fluxes[0].sum() / (4.0 * np.pi)
    assert abs(total) == pytest.approx(abs(chern), abs=ROUNDING)
    if isinstance(model, QiWuZhang):
        assert total == pytest.approx(-chern, abs=ROUNDING)


def berry_flux_of_eigenvectors(model, valley, edges, band):
    """Flux of 𝓑_s = ∂×⟨u|i∂u⟩ through cells of a plane, from numpy's eigenvectors of H."""
    d0, d = model.values(valley, np.meshgrid(*edges, indexing="ij"), 0.0)
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    matrix = np.einsum("i...,iab->...ab", d, pauli) + d0[..., None, None] * np.eye(2)
    u = np.linalg.eigh(matrix)[1][..., band]
    x = np.sum(np.conj(u[:-1]) * u[1:], axis=-1)
    y = np.sum(np.conj(u[:, :-1]) * u[:, 1:], axis=-1)
    return -np.angle(x[:, :-1] * y[1:] * np.conj(x[:, 1:]) * np.conj(y[:-1]))


@pytest.mark.parametrize("case", [c for c in WIDE if c.dimensions == 2], ids=str)
def test_curvatures_of_the_bands_are_opposite_and_those_of_the_eigenvectors(case):
    """Σ_s Ω_s = 0, and Ω_s = q_s B_k with q_s = -s/2: the sign of B against an independent H.

    Catches a curvature of the wrong band or orientation, which every law of closed surfaces
    would let pass.
    """
    axes = [Axis.linear(name, -0.6, 0.7, 40, "open") for name in ("kx", "ky")]
    edges = [np.asarray(axis.edges) for axis in axes]
    flow = flow_of(case.model, Grid(tuple(axes)), B=0.0)
    for valley in range(flow.system.valleys):
        lower, upper = (
            berry_flux_of_eigenvectors(case.model, valley, edges, band) for band in (0, 1)
        )
        assert np.abs(lower + upper).max() <= 1e-14
        expected = flow._fluxes[valley]
        scale = max(np.abs(expected).max(), 1e-12)
        assert np.abs(-0.5 * expected - upper).max() <= 2e-3 * scale
        assert np.abs(0.5 * expected - lower).max() <= 2e-3 * scale


@pytest.mark.parametrize("case", WIDE, ids=str)
def test_berry_terms_of_the_bands_cancel_in_the_sum(case):
    """Σ_s D_s k̇_s has e and the circulation of ε̄ only, Σ_s D_s = 2: no anomaly in sum."""
    e, b = cases.E[case.dimensions], cases.B[case.dimensions]
    run = cases.evolution(cases.moving(case), case.grid(), e=e, b=b)
    plain = cases.evolution(cases.moving(case), case.grid(), e=e, level="boltzmann")
    driven = run.flow.field_part()
    for slot in run.mesh.slots:
        bands = run.flow.faces(driven, slot)
        force = plain.flow.faces(plain.flow.w, slot)
        assert np.abs(bands[0::2] + bands[1::2] - force[0::2] - force[1::2]).max() <= 1e-15
        if case.dimensions == 3:
            assert np.abs(bands[1::2] - bands[0::2]).max() > 1e-6
    d = run.densities_of_states()
    assert np.abs(d[0::2] + d[1::2] - 2.0).max() <= 1e-15


def test_every_dimension_is_tried():
    """A new model enters the laws by being registered."""
    assert {case.dimensions for case in CASES} == {1, 2, 3}
    assert len({case.name for case in CASES}) >= 11
    assert Weyl().dimensions == (3,)
