"""The local current needs the curl of the magnetisation: (30) alone is wrong at first order in ħ.

    j = Σ_s∫_k n_s U_{r,s} + ∇×∫_k ¼Δ B_k n ,   (j_mag)_a = ∂_{r_l} ∫_k ¼Δ n ħF_{k_ak_l}
    exact, H = A(k) + V(r):  j = ∫_k Tr[(∂_kA) n̂] + O(ħ²)

Reference: Wong and Tserkovnyak, Eq. (30), and the von Neumann equation (level `moyal`) for the
texture of moyal_order_2d; what the level adds to j for continuity to hold beyond first order, its
nonlocal part, is left out.  U is taken at the n_s of the corrected (21), integrated with Fourier
derivatives; the level `dressed` runs as users run it and its observable `current` is read.

Tolerances.  A current that lacks a term, or has the curl with the wrong sign, is off by aħ + bħ²
with bħ² the error of the complete one: order 1 with .05 + (3/2 ln 2)(bħ/a)².  The complete one
is of second order; the start is coherent only to first order in ħ, Zitterbewegung of second order
is left and its phase at the time of reading scatters the order: above 1.6.  The curl counts if
without it the error is at least thrice as large at the smallest ħ.  In the quick part, at larger
ħ, bħ² is not small beside aħ: only the last two are asked, and a factor 1.5.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.validating import Study, observe

sys.path.append(str(Path(__file__).parent.parent / "moyal_order_1d"))

from comparison import KINETIC, Errors, Problem, resampled
from gradient_forms import Geometry, Torus, integrate, local_current

TITLE = "local current with and without the magnetisation curl, 2r×2k"
SOURCE = "Wong, Tserkovnyak 2011, (30)"
PARTS: dict[str, dict[str, float]] = {
    "group velocity alone": {"berry": 0.0},
    "(30) alone": {"curl": 0.0},
    "(30) minus the curl": {"curl": -1.0},
    "(30) and the curl": {},
}


def exact_current(problem: Problem, wigner: np.ndarray) -> np.ndarray:
    """∫_k Tr[(∂_kA) n̂] per (2π)²: d₀ and d at any r give ∂_kA.  (a, x, y)"""
    torus: Torus = problem.torus
    h = problem.texture.values(0.0)
    found = [
        2.0 * (torus.slope(h, 2 + a) * wigner).sum(axis=(0, -2, -1)) / torus.points**2
        for a in (0, 1)
    ]
    return np.stack(found)


def level_current(problem: Problem, hbar: float, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """The observable `current` at level `dressed` and its curl part, per (2π)².  (a, x, y)"""
    more: dict[str, Any] = {"equation__level": "dressed", "time__stepper": "ssprk104", **KINETIC}
    changes = problem.changes(hbar, cells, **more)
    read = observe(problem.study.evolve(problem.file, changes), "current")
    pair = []
    for name in ("current", "current_magnetisation"):
        values = np.asarray(read[name])[:2] * hbar**2
        pair.append(resampled(values, problem.points, 2))
    return pair[0], pair[1]


def check(study: Study) -> None:
    values = (0.2, 0.1) if study.quick else (0.4, 0.2, 0.1, 0.05)
    problem = Problem(study, "texture.toml", 10 if study.quick else 14)
    errors, off = Errors(), 0.0
    for hbar in values:
        run = problem.exact_run(hbar)
        exact = exact_current(problem, np.asarray(run.wigner()[0]))
        read = observe(run, "current")
        local = np.asarray(read["current_intraband"] + read["current_interband"])[:2] * hbar**2
        off = max(off, float(np.abs(local - exact).max()))
        n = integrate(
            problem.texture, problem.start(hbar), hbar, problem.stop, 6, ["corrected (21)"]
        )["corrected (21)"]
        geometry = Geometry(problem.texture, problem.stop, hbar)
        for name, part in PARTS.items():
            errors.add(name, hbar, local_current(geometry, n, **part) - exact)
        if hbar > 0.1 and not study.quick:
            whole, curl = level_current(problem, hbar, 24)
            errors.add("level dressed", hbar, whole - exact)
            errors.add("level dressed without the curl", hbar, whole - curl - exact)
    for name in PARTS:
        words = f"{name} ({errors.last(name):.1e})"
        if name == "(30) and the curl":
            study.at_least(words, errors.order(name), 1.6, SOURCE)
        elif not study.quick or name != "(30) alone":
            share = errors.last("(30) and the curl") / errors.last(name)
            allowed = 0.05 + 1.5 / np.log(2) * share**2
            study.compare(words, errors.order(name), 1.0, allowed, SOURCE)
    study.at_most("level moyal, intraband and interband current less ∫Tr[(∂_kA) n̂]", off, 1e-12)
    gain = errors.last("(30) alone") / errors.last("(30) and the curl")
    study.at_least("error without the curl over error", gain, 1.5 if study.quick else 3.0, SOURCE)
    if not study.quick:
        with_, without = (errors.whole[f"level dressed{w}"] for w in ("", " without the curl"))
        study.at_least("level dressed, order", errors.order("level dressed"), 1.6, SOURCE)
        study.at_least("level dressed, without the curl over with", without[-1] / with_[-1], 1.5)
    study.data.update(errors=errors, exact=exact, curl=local_current(geometry, n) - exact)
    study.data["alone"] = local_current(geometry, n, curl=0.0) - exact


def figure(study: Study) -> Any:
    """Errors against ħ; what (30) misses at the smallest ħ, place by place."""
    from kinetic.plotting import style

    errors: Errors = study.data["errors"]
    page = style.canvas(style.PAGE, 2.9)
    first, second = page.subplots(1, 2)
    hbar = np.array(errors.hbar["(30) alone"])
    marks = zip("osDv", (style.VERMILLION, style.ORANGE, style.GREY, style.BLUE), strict=True)
    for name, (marker, colour) in zip(PARTS, marks, strict=True):
        label = f"{name}: {errors.order(name):.2f}"
        first.loglog(hbar, errors.whole[name], f"{marker}-", color=colour, label=label)
    for name, marker in (("level dressed", "x"), ("level dressed without the curl", "+")):
        if name in errors.whole:
            there = errors.whole[name]
            first.loglog(hbar[: len(there)], there, marker, color=style.BLACK, label=name)
    first.set_xticks(hbar, [f"{value:g}" for value in hbar])
    first.minorticks_off()
    first.set(xlabel=r"$\hbar$", ylabel="RMS error of $j$", title="order in ħ in the legend")
    first.legend(fontsize=6.5)
    missed = study.data["alone"]
    line = 2 * np.pi * (np.arange(missed.shape[-1]) + 0.5) / missed.shape[-1]
    size = np.sqrt((missed**2).sum(axis=0))
    image = second.pcolormesh(line, line, size.T, cmap="Blues", rasterized=True)
    page.colorbar(image, ax=second, shrink=0.9)
    second.quiver(line, line, missed[0].T, missed[1].T, color=style.BLACK)
    second.set(xlabel="$x$", ylabel="$y$", title=f"what (30) misses, ħ = {hbar[-1]:g}: a curl")
    second.set_aspect("equal")
    return page
