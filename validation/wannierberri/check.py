"""Anomalous Hall conductivity of massive_dirac, haldane and weyl_lattice against WannierBerri.

Reference: S. S. Tsirkin, npj Comput. Mater. 7, 33 (2021), Eq. (11), the program `wannierberri`, run here on
the same k box with the formulas of the Hamiltonians written out below (independent of `hamiltonians`).

Tolerance.  1e-6.  WannierBerri: a periodic trapezoidal rule, exponentially converged for the lattices (T ≥ .1
against the spacing, h v/T < 1: exp(-2π·πT/hv) < 1e-8); the square box of the Dirac cone leaves h² and h⁴
terms of the box edge, removed by Romberg's rule; Fermi functions by its smoother on a table of step dE,
whose staircase is averaged between neighbours: (dE/T)²/24 = 2e-8.  Its derivatives are differences over
1e-4 of the zone: 6e-8.  The program: fourth order in h; what is left is taken out by one Richardson step
between N and N/2 and is below 1e-7.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile

import numpy as np

from kinetic.validating import Study, observe

TITLE = "Hall conductivity against WannierBerri"
SOURCE = "Tsirkin 2021"
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def massive_dirac(k):
    return np.einsum("i,iab->ab", [k[0], k[1], 0.5], SIGMA)


def haldane(k):
    x, y = k[0], k[1]
    d = (
        1 + np.cos(x) + np.cos(y),
        np.sin(x) + np.sin(y),
        0.2 - 0.2 * (np.sin(y) - np.sin(x) + np.sin(x - y)),
    )
    return np.einsum("i,iab->ab", d, SIGMA)


def weyl_lattice(k):
    d = (
        np.sin(k[0]),
        np.sin(k[1]),
        np.cos(k[2]) - np.cos(1.3) - (2 - np.cos(k[0]) - np.cos(k[1])),
    )
    return np.einsum("i,iab->ab", d, SIGMA)


def theirs(hamiltonian, cutoff: float, points: list[int], mu: float, temperature: float) -> float:
    """σ_xy (of the plane, for two-dimensional models) from WannierBerri."""
    import wannierberri
    from scipy.constants import Boltzmann, elementary_charge
    from wannierberri.calculators.static import AHC
    from wannierberri.smoother import FermiDiracSmoother
    from wannierberri.system import SystemKP

    step = temperature / 1000
    count = int(32 * temperature / step)
    energies = mu + step * np.arange(-count, count + 1)
    smoother = FermiDiracSmoother(energies, temperature * elementary_charge / Boltzmann, maxdE=30)
    system = SystemKP(Ham=hamiltonian, kmax=cutoff)
    grid = wannierberri.Grid(system, NK=points, NKFFT=[1, 1, 1])
    calculator = AHC(Efermi=energies, smoother=smoother, constant_factor=1.0, tetra=False)
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            result = wannierberri.run(
                system, grid=grid, calculators={"ahc": calculator}, use_irred_kpt=False, symmetrize=False
            )
        finally:
            os.chdir(here)
    data = result.results["ahc"].dataSmooth[:, 2]
    middle = len(data) // 2
    value = 0.25 * data[middle - 1] + 0.5 * data[middle] + 0.25 * data[middle + 1]
    return float(value)


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
        study.skip("Hall conductivities", "WannierBerri is not installed: pip install kinetic[validation]")
        return
    if study.quick:
        study.skip("Hall conductivities", "left out of the quick run")
        return
    plane = {"kx": np.pi, "ky": np.pi}
    cases = {
        "haldane, μ = .9, T = .1": (haldane, np.pi, plane, {}, (0.9, 0.1), [96, 96, 1]),
        "massive_dirac, μ = .8, T = .1": (
            massive_dirac,
            2.0,
            {"kx": 2.0, "ky": 2.0},
            {"hamiltonian": {"name": "massive_dirac", "mass": 0.5}},
            (0.8, 0.1),
            [96, 96, 1],
        ),
    }
    for name, (function, cutoff, axes, changes, state, points) in cases.items():
        changes = {**changes, "axes": axes}
        changes |= {"initial.chemical_potential": state[0], "initial.temperature": state[1]}
        coarse, fine = (ours(study, n, changes) for n in (96, 192))
        mine = fine + (fine - coarse) / 15
        rows = [theirs(function, cutoff, [n // f if n > 1 else 1 for n in points], *state) for f in (4, 2, 1)]
        value = rows[2]
        if function is massive_dirac:
            first = [rows[1] + (rows[1] - rows[0]) / 3, rows[2] + (rows[2] - rows[1]) / 3]
            value = first[1] + (first[1] - first[0]) / 15
        value *= np.pi / cutoff  # per plane: one k_z point stands for the width 2Λ/2π
        study.compare(f"σ_xy, {name}", mine, value, 1e-6, SOURCE)
    changes = {
        "axes": {**plane, "kz": np.pi},
        "hamiltonian": {"name": "weyl_lattice", "node_position": 1.3},
        "initial.chemical_potential": 0.0,
        "initial.temperature": 0.2,
    }
    coarse, fine = (ours(study, n, changes) for n in (33, 65))
    value = theirs(weyl_lattice, np.pi, [42, 42, 42], 0.0, 0.2)
    study.compare("σ_xy, weyl_lattice, μ = 0, T = .2", fine + (fine - coarse) / 15, value, 1e-5, SOURCE)
