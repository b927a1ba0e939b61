"""Anomalous Hall conductivity of massive_dirac, haldane and weyl_lattice against WannierBerri.

Reference: S. S. Tsirkin, npj Comput. Mater. 7, 33 (2021), Eq. (11), σ_xy = -∫[dk] f Ω: energies
and Berry curvatures of the program `wannierberri` on the same k box, with the formulas of the
Hamiltonians written out below (independent of `hamiltonians`) and their exact derivatives.

Tolerance.  Planes: 1e-6.  The sums over WannierBerri's points are midpoint sums; for the Haldane
lattice they err by exp(-2π·πT/hv) < 1e-9 (poles of the Fermi function; T = .05, h = .025,
v = 1.5 at most); the square box of the Dirac cone leaves even powers of h from its edge, taken
off by Romberg's rule on 64, 128, 256 points per direction, which leaves (h/m)⁶ < 1e-8.  The
program is of fourth order in h (or better); one Richardson step between N and N/2 leaves 1e-7.

Lattice Weyl metal: at μ = .6, T = .1 both bands are filled at the nodes but for n_z =
exp(-6), and the sums are smooth: WannierBerri on 52³ points errs by exp(-2π·πT/hv) = 1e-7 of
σ; the program by h⁴ and by the node term below times exp(-6), .003/N² = 7e-7. With μ at the
nodes, n_z has a cusp -|d|/2T there, which meets B ~ 1/k²; cell averages miss their covariance
in the cell of a node, (1/16π³)·(h/4T)·∫_cell |B_z| d³k with ∫_cell |B_z| = πh, twice for two
nodes: h²/32π²T = 1/(8TN²). That is of second order with a factor that depends on the node's
place in its cell, whatever the scheme; the reference there is a quadrature graded towards the
nodes.
"""

from __future__ import annotations

import importlib.util
from itertools import pairwise

import numpy as np

from kinetic.initial import fermi
from kinetic.validating import Study, observe

TITLE = "Hall conductivity against WannierBerri"
SOURCE = "Tsirkin 2021"
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def dot(d):
    return np.einsum("i,iab->ab", d, SIGMA)


def stack(*rows):
    """∂H from the rows ∂d/∂k_i.  (2, 2, 3)"""
    return np.stack([dot(row) for row in rows], axis=-1)


NOTHING = (0.0, 0.0, 0.0)
NODE = np.pi / 3


def massive_dirac(k):
    return dot([k[0], k[1], 0.5])


def massive_dirac_slope(k):
    return stack((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), NOTHING)


def haldane(k):
    x, y = k[0], k[1]
    mass = 0.2 - 0.2 * (np.sin(y) - np.sin(x) + np.sin(x - y))
    return dot([1 + np.cos(x) + np.cos(y), np.sin(x) + np.sin(y), mass])


def haldane_slope(k):
    x, y = k[0], k[1]
    return stack(
        (-np.sin(x), np.cos(x), 0.2 * (np.cos(x) - np.cos(x - y))),
        (-np.sin(y), np.cos(y), -0.2 * (np.cos(y) - np.cos(x - y))),
        NOTHING,
    )


def weyl_lattice(k):
    third = np.cos(k[2]) - np.cos(NODE) - 2 + np.cos(k[0]) + np.cos(k[1])
    return dot([np.sin(k[0]), np.sin(k[1]), third])


def weyl_lattice_slope(k):
    return stack(
        (np.cos(k[0]), 0.0, -np.sin(k[0])),
        (0.0, np.cos(k[1]), -np.sin(k[1])),
        (0.0, 0.0, -np.sin(k[2])),
    )


def theirs(model, cutoff: float, points: list[int], mu: float, temperature: float) -> float:
    """σ_xy from WannierBerri at midpoints of cells; per plane for two-dimensional models."""
    import wannierberri
    from wannierberri.calculators.tabulate import BerryCurvature, Energy
    from wannierberri.data_K import get_data_k_class_from_system
    from wannierberri.system import SystemKP

    system = SystemKP(Ham=model[0], derHam=model[1], kmax=cutoff)
    total, count = 0.0, 0
    slabs = points[2]
    plane = wannierberri.Grid(system, NK=[*points[:2], 1], NKFFT=[*points[:2], 1])
    for slab in range(slabs):
        offset = np.array([0.5 / points[0], 0.5 / points[1], (slab + 0.5) / slabs])
        if slabs == 1:
            offset[2] = 0.0
        data = get_data_k_class_from_system(system)(system, grid=plane, dK=offset)
        energy = Energy(print_comment=False)(data).data
        curvature = BerryCurvature(kwargs_formula={"external_terms": False}, print_comment=False)
        total -= float(np.sum(fermi(energy, mu, temperature) * curvature(data).data[..., 2]))
        count += len(energy)
    dimensions = 2 if slabs == 1 else 3
    return total / count * (cutoff / np.pi) ** dimensions


def ours(study: Study, cells: int, changes: dict) -> float:
    axes = changes["axes"]
    run = study.evolution(
        "run.toml",
        {
            "grid": {axis: [-limit, limit, cells] for axis, limit in axes.items()},
            **{name: value for name, value in changes.items() if name != "axes"},
        },
    )
    hall = observe(run, "hall")["hall"]
    return float(hall[2] if len(axes) == 3 else hall[0])


def check(study: Study) -> None:
    at_the_node(study)
    if importlib.util.find_spec("wannierberri") is None:
        study.skip(
            "Hall conductivities",
            "WannierBerri is not installed: pip install kinetic[validation]",
        )
        return
    if study.quick:
        study.skip("Hall conductivities", "left out of the quick run")
        return
    plane = {"kx": np.pi, "ky": np.pi}
    state = {"initial.chemical_potential": 0.9, "initial.temperature": 0.05, "axes": plane}
    fine = richardson(study, 192, state)
    value = theirs((haldane, haldane_slope), np.pi, [256, 256, 1], 0.9, 0.05)
    study.compare("σ_xy, haldane, μ = .9, T = .05", fine, value, 1e-6, SOURCE)
    state = {
        "initial.chemical_potential": 0.8,
        "initial.temperature": 0.05,
        "axes": {"kx": 2.0, "ky": 2.0},
        "hamiltonian": {"name": "massive_dirac", "mass": 0.5},
    }
    fine = richardson(study, 192, state)
    model = (massive_dirac, massive_dirac_slope)
    values = [theirs(model, 2.0, [n, n, 1], 0.8, 0.05) for n in (64, 128, 256)]
    study.compare("σ_xy, massive_dirac, μ = .8, T = .05", fine, romberg(values), 1e-6, SOURCE)
    state = {
        "initial.chemical_potential": 0.6,
        "initial.temperature": 0.1,
        "axes": {**plane, "kz": np.pi},
        "hamiltonian": {"name": "weyl_lattice", "node_position": NODE},
    }
    value = theirs((weyl_lattice, weyl_lattice_slope), np.pi, [52, 52, 52], 0.6, 0.1)
    study.compare(
        "σ_xy, weyl_lattice, μ = .6, T = .1", richardson(study, 66, state), value, 1e-6, SOURCE
    )


def at_the_node(study: Study) -> None:
    """The Weyl lattice with μ at its nodes, against a quadrature."""
    exact = graded(0.2)
    for cells in (17, 33, 49):
        state = {
            "initial.chemical_potential": 0.0,
            "initial.temperature": 0.2,
            "axes": dict.fromkeys(("kx", "ky", "kz"), np.pi),
            "hamiltonian": {"name": "weyl_lattice", "node_position": NODE},
        }
        name = f"σ_xy, weyl_lattice, μ = 0, T = .2, {cells}³"
        tolerance = 1 / (8 * 0.2 * cells**2)
        study.compare(name, ours(study, cells, state), exact, tolerance, "graded quadrature")


def graded(temperature: float) -> float:
    """σ_xy of the lattice at μ = 0 by Gauss rules in k ~ u³ around each node."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    u, w = 0.5 * (nodes + 1), 0.5 * weights
    x, wx = np.pi * u**3, np.pi * 3 * u**2 * w
    total = 0.0
    for end in (0.0, np.pi):
        z, wz = NODE + (end - NODE) * u**3, abs(end - NODE) * 3 * u**2 * w
        kx, ky, kz = np.meshgrid(x, x, z, indexing="ij", sparse=True)
        third = np.cos(kz) - np.cos(NODE) - 2 + np.cos(kx) + np.cos(ky)
        gap = np.sqrt(np.sin(kx) ** 2 + np.sin(ky) ** 2 + third**2)
        triple = (
            np.cos(kx) * np.cos(ky) * third
            + np.sin(kx) ** 2 * np.cos(ky)
            + np.sin(ky) ** 2 * np.cos(kx)
        )
        value = triple / gap**3 * np.tanh(gap / (2 * temperature))
        total += float(np.einsum("i,j,k,ijk->", wx, wx, wz, value))
    return -0.5 * 8 * total / (2 * np.pi) ** 3


def richardson(study: Study, cells: int, changes: dict) -> float:
    coarse, fine = (ours(study, n, changes) for n in (cells // 2, cells))
    return fine + (fine - coarse) / 15


def romberg(values: list[float]) -> float:
    """Three values at h, h/2, h/4 without their h² and h⁴ terms."""
    first = [fine + (fine - coarse) / 3 for coarse, fine in pairwise(values)]
    return first[1] + (first[1] - first[0]) / 15
