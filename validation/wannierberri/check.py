"""Anomalous Hall conductivity of massive_dirac, haldane and weyl_lattice against WannierBerri.

Reference: S. S. Tsirkin, npj Comput. Mater. 7, 33 (2021), Eq. (11), σ_xy = -∫[dk] f Ω: energies and
Berry curvatures of the program `wannierberri` on the same k box, with the formulas of the
Hamiltonians written out below (independent of `hamiltonians`) and their exact derivatives.

Tolerance.  Planes: 1e-6.  The sums over WannierBerri's points are trapezoidal; for the Haldane
lattice they err by exp(-2π·πT/hv) = 1e-9 (poles of the Fermi function; T = .05, h = .02, v = 1.5
gives far less); the square box of the Dirac cone leaves even powers of h from its edge, taken
off by Romberg's rule on 64, 128, 256 midpoints per direction, which leaves (h/m)⁶ < 1e-8.  The
program is of fourth order in h (or better); one Richardson step between N and N/2 leaves 1e-7 at
h v/T < 1.
Lattice Weyl metal: at the nodes f_- - f_+ = tanh(|d|/2T) takes one power off the 1/k² of B_k, and the
1/k left makes point sums converge as h² with a factor that depends on where the nodes lie
between the points.  On grids of points whose planes keep the same distance to both nodes in units of
h that factor is constant: K₀ = π/3 lies on a third of a spacing for N = 32, 64, 128, and Romberg's
rule removes h² and h⁴.  The spread of the last two extrapolations is added to 1e-6.
"""

from __future__ import annotations

import importlib.util

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
        "initial.chemical_potential": 0.0,
        "initial.temperature": 0.2,
        "axes": {**plane, "kz": np.pi},
        "hamiltonian": {"name": "weyl_lattice", "node_position": NODE},
    }
    model = (weyl_lattice, weyl_lattice_slope)
    values = [theirs(model, np.pi, [n, n, n], 0.0, 0.2) for n in (16, 32, 64)]
    value, before = romberg(values), values[2] + (values[2] - values[1]) / 3
    spread = abs(value - before)
    for cells in (33, 65):
        mine = ours(study, cells, state)
        name = f"σ_xy, weyl_lattice, {cells}³, μ = 0, T = .2"
        tolerance = 1e-6 + spread if cells == 65 else np.inf
        study.compare(name, mine, value, tolerance, SOURCE)


def richardson(study: Study, cells: int, changes: dict) -> float:
    coarse, fine = (ours(study, n, changes) for n in (cells // 2, cells))
    return fine + (fine - coarse) / 15


def romberg(values: list[float]) -> float:
    """Three values at h, h/2, h/4 without their h² and h⁴ terms."""
    first = [fine + (fine - coarse) / 3 for coarse, fine in zip(values, values[1:], strict=False)]
    return first[1] + (first[1] - first[0]) / 15
