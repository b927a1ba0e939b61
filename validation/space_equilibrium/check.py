"""Equilibrium stays: f_FD(ε̄_s + φ(r) − μ) in every texture and static field, between any ends.

    D_s ẋ_s·∂ (ε̄_s + φ) = 0        so that any function of ε̄_s + φ is at rest

Reference: zero change; the flow is a generalised curl of ε̄ P_s with P_s antisymmetric (Wong and
Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eq. (24)), which conserves ε̄_s + φ.

Tolerance. The flux of the split-off equilibrium is left out, so u changes by roundings alone:
the issue asks 1e-10; with S < 1000 stages of at most 1e-16 each, 1e-13 is asked here. Without the
split the Fermi function is advected like any f: its change must be far above rounding, and in a
smooth state fall with the order of the scheme, at least 4.  In the level `projected` f(ε̄_s) is
stationary up to O(ħ²), the order of that level: what the grid leaves there must fall as ħ² (1.8
asked, the scheme's own error is in it).
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, orders

TITLE = "equilibrium in textures, potentials, static b and between walls and contacts"
SOURCE = "Liouville"
LEVELS = ("boltzmann", "dressed", "projected")
Q = "pi/12"
PHI = f"0.1*sin({Q}*x)"
X, Y = [0.0, 24.0, 16], [0.0, 24.0, 7]
K = {"kx": [-1.6, 1.6, 15], "ky": [-1.6, 1.6, 16]}
FIELDS = {"phi": PHI, "a": ["0", f"0.4*sin({Q}*x)"]}
CONTACT = {"kind": "reservoir", "chemical_potential": 0.3, "temperature": 0.1}
SMALL = {"kx": [-1.6, 1.6, 8], "ky": [-1.6, 1.6, 9]}
CUBE = {"kx": [-1.2, 1.2, 7], "ky": [-1.2, 1.2, 8], "kz": [-1.2, 1.2, 7]}
TEXTURES = {
    "spin_spiral": {},
    "dirac_wall": {
        "hamiltonian": {"name": "dirac_wall", "width": 3.0, "repeat": 24.0, "centre": -6.0}
    },
    "graphene_strain": {
        "hamiltonian": {
            "name": "graphene_strain",
            "step": 0.0,
            "potential": f"0.1*cos({Q}*x)",
            "strain": [f"0.1*sin({Q}*x)", f"0.1*cos({Q}*x)"],
        }
    },
    "rice_mele_texture": {
        "grid": {"x": X, "kx": ["-pi", "pi", 24]},
        "hamiltonian": {"name": "rice_mele_texture", "wave_number": float(np.pi / 12)},
        "fields": {"phi": PHI},
    },
    "weyl_axial": {
        "grid": {"x": X, **CUBE},
        "hamiltonian": {"name": "weyl_axial", "node_position": [0.0, f"0.1*sin({Q}*x)", 0.0]},
        "fields": {**FIELDS, "B": [0.01, 0.0, 0.02]},
    },
    "skyrmion": {
        "grid": {
            n: {"lower": -12, "upper": 12, "cells": 7, "boundary": "open"} for n in ("x", "y")
        }
        | SMALL,
        "hamiltonian": {"name": "skyrmion", "radius": 6.0, "wall_width": 3.0},
    },
    "skyrmion_lattice": {
        "grid": {"x": [0.0, 24.0, 8], "y": Y, **SMALL},
        "hamiltonian": {"name": "skyrmion_lattice", "lattice_constant": 24.0},
    },
}


def between(ends) -> dict:
    """A mass step between ends; the band has the mirror that a specular wall asks for."""
    return {
        "grid": {"x": {"lower": -8.0, "upper": 8.0, "cells": 16, "boundary": ends}, **K},
        "hamiltonian": {
            "name": "expression",
            "d": ["0.8*kx", "0.7*ky", "0.6 + 0.2*tanh(x/3)"],
            "d0": "0.1*ky",
        },
        "fields": {"phi": "0.1*tanh(x/4)"},
    }


ENDS = {
    "open": "open",
    "specular": "specular",
    "diffuse": "diffuse",
    "p = 0.4": {"kind": "wall", "specularity": 0.4},
    "contacts": CONTACT,
}


def change(study: Study, changes: dict, level: str, split: bool) -> float:
    """Largest change of u."""
    run = study.evolution(
        "spiral.toml",
        {**changes, "equation.level": level, "equation.well_balanced": split},
    )
    before = run.transport.u.copy()
    advance(run, 2.0 if study.quick or not split else run.stop)
    return float(np.abs(run.transport.u - before).max())


def loose_change(study: Study, cells: int, level: str, hbar: float) -> float:
    """RMS change of u without the split, in a smooth state."""
    grid = {"x": [0.0, "2*pi", cells], "kx": ["-pi", "pi", cells]}
    changes = {"grid": grid, "equation.level": level, "equation.hbar": hbar}
    run = study.evolution("smooth.toml", changes)
    before = run.transport.u.copy()
    advance(run, run.stop)
    return float(np.sqrt(np.mean((run.transport.u - before) ** 2)))


def check(study: Study) -> None:
    systems = {
        **TEXTURES,
        **{f"mass step, {name}": between(ends) for name, ends in ENDS.items()},
    }
    found: dict[str, list[float]] = {}
    for name, changes in systems.items():
        for level in LEVELS:
            moved = change(study, changes, level, True)
            study.at_most(f"{name}, {level}", moved, 1e-13, SOURCE)
            found.setdefault(name, []).append(moved)
        if name in ("spin_spiral", "graphene_strain", "mass step, contacts"):
            loose = change(study, changes, "dressed", False)
            study.at_least(f"{name}, without the split", loose, 1e-5, "the law can fail")
            found[name].append(loose)
    sizes = (16, 32) if study.quick else (16, 32, 64)
    errors = {level: [loose_change(study, n, level, 0.5) for n in sizes] for level in LEVELS}
    for level in LEVELS[:2]:
        order = orders(errors[level])[-1]
        study.at_least(f"order without the split, {level}", order, 4.0, SOURCE)
    # In `projected` f(ε̄) is at rest up to the order of the level.
    left = [loose_change(study, sizes[-1], "projected", hbar) for hbar in (0.5, 0.25)]
    study.at_least("order in ħ of what is left, projected", orders(left)[-1], 1.8, "O(ħ²)")
    study.data["errors"] = errors
    study.data.update(found=found, sizes=sizes)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 3.0)
    left, right = page.subplots(1, 2, width_ratios=(1.4, 1))
    colours = (style.GREY, style.BLUE, style.VERMILLION, style.BLACK)
    labels = ("boltzmann", "dressed", "projected", "dressed, no split")
    names = list(study.data["found"])
    for index, (colour, label) in enumerate(zip(colours, labels, strict=True)):
        points = [
            (max(values[index], 1e-17), place)
            for place, values in enumerate(study.data["found"].values())
            if len(values) > index
        ]
        left.semilogx(*zip(*points, strict=True), "os^D"[index], color=colour, label=label)
    left.axvline(1e-10, color=style.GREY, linestyle=":")
    left.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=6)
    left.invert_yaxis()
    left.set(xlabel=r"largest change of $u$")
    left.legend(fontsize=6)
    sizes = np.array(study.data["sizes"], dtype=float)
    for (level, errors), colour in zip(study.data["errors"].items(), colours, strict=False):
        right.loglog(sizes, errors, "o-", color=colour, label=level)
    right.loglog(
        sizes, errors[0] * (sizes[0] / sizes) ** 4, "--", color=style.GREY, label=r"$N^{-4}$"
    )
    right.set_xticks(sizes, [f"{n:.0f}" for n in sizes])
    right.set_xticks([], minor=True)
    right.set(xlabel=r"cells per axis $N$", ylabel="RMS change, no split")
    right.legend(fontsize=6)
    return page
