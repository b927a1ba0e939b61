"""What must not move: a Fermi function in static b, a constant occupation in any field.

    {ε̄_s, f(ε̄_s)} = 0          ∂ₜD_s + ∂_k·(D_s k̇_s) + q_s B_k·ḃ = 0

Reference: Liouville's theorem for the flow D_s k̇_s.

Tolerances. Fermi function: its flux is the circulation of the grand potential b G(ε̄) along the
edges of a face, which is divergence-free term by term; each of the S stages adds a rounding of
1e-16 × (Courant number ≤ 1), S < 1000 here: 1e-12 is the bound of the issue, 1e-13 the
estimate. Constant occupation: D_s is advanced with the same Runge-Kutta sums as u, so that u/D
is the constant in every stage; roundings of S stages: 1e-14 asked.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study

TITLE = "steady states: Fermi function in b, constant occupation in b(t)"
SOURCE = "Liouville"
PI = float(np.pi)
LATTICE = {axis: [-PI, PI, 21] for axis in ("kx", "ky")}
SPACE = {axis: [-2.0, 2.0, 21] for axis in ("kx", "ky", "kz")}


def check(study: Study) -> None:
    systems = {
        "massive Dirac 64²": {},
        "QWZ 21²": {"grid": LATTICE, "hamiltonian": {"name": "qwz", "mass": 1.0}},
        "Weyl 21³": {"grid": SPACE, "hamiltonian": {"name": "weyl"}},
    }
    for name, changes in systems.items():
        for level in ("boltzmann", "dressed", "projected"):
            run = study.evolution("fermi.toml", {**changes, "equation.level": level})
            start = run.transport.u.copy()
            while run.time < run.stop:
                run.advance(run.stop)
            moved = np.abs(run.transport.u - start).max()
            study.at_most(f"Fermi function, one period, {name}, {level}", moved, 1e-12, SOURCE)
    moving = {
        "b(t)": {},
        "m(t)": {"fields.B": 0.05, "hamiltonian.mass": "0.5 + 0.1*tanh(t)"},
        "b(t), m(t)": {"hamiltonian.mass": "0.5 + 0.1*tanh(t)"},
        "lattice Weyl, b(t)": {
            "grid": {axis: [-PI, PI, 13] for axis in ("kx", "ky", "kz")},
            "hamiltonian": {"name": "weyl_lattice"},
            "fields": {"E": [0.01, 0.02, 0.01], "B": ["0.01*cos(t)", 0.02, "0.03*sin(2*t)"]},
        },
    }
    for name, changes in moving.items():
        for level in ("dressed", "projected"):
            for scheme in ("mp5",) if study.quick else ("mp5", "linear5", "upwind1"):
                equation = {"level": level, "scheme": scheme, "limiter": "none"}
                run = study.evolve("constant.toml", {**changes, "equation": equation})
                off = np.abs(run.transport.occupation() - 0.37).max()
                study.at_most(f"constant f, {name}, {level}, {scheme}", off, 1e-14, SOURCE)
