"""The same force by φ(r), by a(r,t), or by neither: one distribution in three gauges.

    e = −∂_rφ − ∂ₜa,  b = ∇×a        f(r, k) of the kinetic momentum is f(r, p − a)

Three descriptions of one problem: "φ" puts the force into the energy on corners; "a" lets it act
as a drive through the Berry curvature; "p" takes the canonical momentum, where the Hamiltonian
d(r, p − a(r,t)) is a texture in motion and there is neither e nor b: F_rt, F_kt, F_rk and D_s
come from other components of the two-form.  They meet in the program nowhere before the fluxes.

Reference: gauge invariance; Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (24) and
(37), (38), are the same equations before and after p = k + a.  The potentials vanish at the end
where they depend on r; the uniform one has then moved the zone by a quarter, N/4 cells.

Tolerance. Each run has the error of the scheme, fourth order or better in the cells (linear5,
ssprk104 at a fixed Courant number): RMS differences between gauges must fall with an order of at
least 4.
Richardson's estimate of the error of a run is |u_N − u_{N/2}|/15; three times that is the bound,
since the moving texture of the gauge p is the least smooth of the three. A uniform φ is linear in
x, which the differences take exactly: it agrees with a to rounding, 1e-12 after 1e3 stages. In
the uniform case the open ends, whose inflow knows nothing of the force, are 4 lengths beyond the
sites that are compared: the fastest signal, |v| ≤ 1, covers 3.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, orders

TITLE = "one force in three gauges: φ(r), a(r,t), canonical momentum"
SOURCE = "gauge invariance"
FORCE = np.pi / 6

CASES = {
    "uniform": {
        "file": "uniform.toml",
        "names": "uniform e, 1r×1k",
        "cells": ((64, 32), (128, 64), (256, 128)),
        "gauges": {
            "φ": {"fields": {"phi": f"-{FORCE!r}*x"}},
            "a": {},
            "p": {
                "fields": {},
                "hamiltonian.d": [
                    f"0.4*sin(kx + {FORCE!r}*t) + 0.3*exp(-x**2)",
                    "0.4*x*exp(-x**2/2)",
                    f"1 + 0.3*cos(kx + {FORCE!r}*t)*(1 + 0.5*exp(-x**2))",
                ],
                "hamiltonian.d0": f"0.3*sin(kx + {FORCE!r}*t) + 0.2*exp(-x**2)",
            },
        },
    },
    "wave": {
        "file": "wave.toml",
        "names": "e(x,t), 1r×1k",
        "cells": ((32, 32), (64, 64), (128, 128)),
        "gauges": {
            "φ": {},
            "a": {"fields": {"a": ["0.4*cos(x)*sin(t)"]}},
            "p": {
                "fields": {},
                "hamiltonian.d": [
                    "0.4*sin(kx - 0.4*cos(x)*sin(t)) + 0.2*cos(x)",
                    "0.4*sin(x)",
                    "1 + 0.3*cos(kx - 0.4*cos(x)*sin(t) + x)",
                ],
                "hamiltonian.d0": "0.3*sin(kx - 0.4*cos(x)*sin(t)) + 0.2*cos(x)",
            },
        },
    },
    "field": {
        "file": "field.toml",
        "names": "e, b(x,t), 1r×2k",
        "cells": ((10, 10), (20, 20), (40, 40)),
        "gauges": {
            "a": {},
            "p": {
                "fields": {},
                "hamiltonian.d": [
                    "0.4*sin(kx - 0.2*cos(x)*sin(2*t)) + 0.2*cos(x)",
                    "0.4*sin(ky - 0.2*sin(x)*sin(2*t)) + 0.3*sin(x)",
                    "1.2 + 0.3*cos(kx + ky - 0.2*(cos(x) + sin(x))*sin(2*t) + x)",
                ],
                "hamiltonian.d0": "0.3*sin(kx - ky - 0.2*(cos(x) - sin(x))*sin(2*t))"
                " + 0.2*cos(x)*cos(ky - 0.2*sin(x)*sin(2*t))",
            },
        },
    },
}


def final(study: Study, case: dict, gauge: str, cells: tuple[int, int], level: str) -> np.ndarray:
    """u_s at the end in the kinetic momentum, sites that are compared.  (sites, band, *k)"""
    sites, momenta = cells
    table = study.tables(case["file"])["grid"]
    changes = {"equation.level": level, **case["gauges"][gauge]}
    for name, axis in table.items():
        lower, upper = (axis["lower"], axis["upper"]) if isinstance(axis, dict) else axis[:2]
        count = sites if name == "x" else momenta
        changes[f"grid.{name}"] = [lower, upper, count]
        if isinstance(axis, dict):
            changes[f"grid.{name}"] = {**axis, "cells": count}
    run = study.evolve(case["file"], changes)
    grid = run.system.grid
    u = run.transport.u.reshape(sites, 2, *(axis.cells for axis in grid.momentum))
    if case is CASES["uniform"]:
        if gauge == "p":  # k = p + et
            u = np.roll(u, momenta // 4, axis=2)
        u = u[np.abs(grid.space[0].centres) < 4.0]
    if (gauge, level) == ("a", "dressed"):
        study.data.setdefault("maps", {})[case["names"]] = u
    return u


def coarse(u: np.ndarray) -> np.ndarray:
    """Averages over pairs of momenta, for Richardson's estimate, at the mean of two sites."""
    for axis in range(2, u.ndim):
        u = 0.5 * (
            np.take(u, range(0, u.shape[axis], 2), axis)
            + np.take(u, range(1, u.shape[axis], 2), axis)
        )
    # Sixth-order interpolation half-way between the sites of the finer grid.
    weights = np.array([3.0, -25.0, 150.0, 150.0, -25.0, 3.0]) / 256.0
    moved = sum(w * np.roll(u, 2 - m, axis=0) for m, w in enumerate(weights))
    return moved[0::2]


def check(study: Study) -> None:
    study.data.update(differences={})
    for title, case in CASES.items():
        if study.quick and title == "field":
            continue
        sizes = case["cells"][:2] if study.quick else case["cells"]
        for level in ("dressed",) if study.quick else ("dressed", "projected"):
            runs = {
                gauge: [final(study, case, gauge, cells, level) for cells in sizes]
                for gauge in case["gauges"]
            }
            fine, rough = runs["a"][-1], runs["a"][-2]
            inner = slice(3, -3) if case is CASES["uniform"] else slice(None)
            change = coarse(fine)[inner] - rough[inner]
            richardson = float(np.sqrt(np.mean(change**2))) / 15.0
            for gauge, found in runs.items():
                if gauge == "a":
                    continue
                pairs = list(zip(found, runs["a"], strict=True))
                apart = [float(np.sqrt(np.mean((u - v) ** 2))) for u, v in pairs]
                name = f"{gauge} against a, {case['names']}, {level}"
                if max(apart) < 1e-12:
                    study.at_most(f"RMS difference, {name}", max(apart), 1e-12, SOURCE)
                    continue
                study.at_least(f"order, {name}", orders(apart)[-1], 4.0, SOURCE)
                study.compare(f"RMS difference, {name}", apart[-1], 0.0, 3 * richardson, SOURCE)
                study.data["differences"][name] = ([n[1] for n in sizes], apart)
            if case is CASES["uniform"]:
                given = {"fields": {"E": [FORCE]}}
                other = {**case, "gauges": {"E": given}}
                twin = final(study, {**other, "names": "E"}, "E", sizes[0], level)
                sites = twin.shape[0] // 4
                twin = twin[sites:-sites]
                same = np.abs(twin - runs["a"][0]).max()
                study.at_most(f"E against a = −et, {level}", same, 1e-13, SOURCE)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.7)
    left, right = page.subplots(1, 2)
    u = study.data["maps"]["uniform e, 1r×1k"][:, 1]
    image = left.imshow(
        u.T, origin="lower", extent=(-4, 4, -np.pi, np.pi), aspect="auto", cmap="viridis"
    )
    left.set(xlabel=r"$x$", ylabel=r"$k_x$", title=r"$g_+$ after $eT = \pi/2$")
    page.colorbar(image, ax=left, shrink=0.9)
    marks = {"dressed": "o-", "projected": "s:"}
    colours = {
        "uniform e": style.BLUE,
        "e(x,t)": style.VERMILLION,
        "e, b(x,t)": style.BLACK,
    }
    for name, (cells, apart) in study.data["differences"].items():
        gauge, level = name[0], name.split(", ")[-1]
        colour = next(c for key, c in colours.items() if f"against a, {key}" in name)
        filled = colour if gauge == "φ" else "none"
        label = name.split("against a, ")[1].split(", 1r")[0] if level == "dressed" else None
        if label is not None:
            label = f"{gauge}, {label}".replace("φ", r"$\phi$")
        right.loglog(
            cells, apart, marks[level], color=colour, markerfacecolor=filled, label=label
        )
    n = np.array([10.0, 64.0])
    right.loglog(n, 3e-3 * (n[0] / n) ** 4, "--", color=style.GREY, label=r"$N^{-4}$")
    right.set_xticks([10, 20, 40], ["10", "20", "40"])
    right.set_xticks([], minor=True)
    right.set(xlabel=r"momentum cells $N$", ylabel=r"RMS difference from the gauge $a$")
    right.legend(fontsize=6)
    return page
