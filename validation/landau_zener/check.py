"""Landau-Zener transitions: P = exp(-π m²/(vE)) of H = v k σ_z + m σ_x, k = K + E t.

Reference: L. D. Landau, Phys. Z. Sowjetunion 2, 46 (1932); C. Zener, Proc. R. Soc. A 137, 696
(1932). E = .2, v = 1: m = .3, .4, .5 give .24324, .08100, .01970; the centres of ky stand for m.

The lower band is filled at k = -40 with its coherence of first order and read at k = +40, in the
bands there. A second set reads k = 5, 10, 20 at the end of shorter sweeps.

Tolerance. The bands at k turn by dθ/dt = E m/k² against a splitting 2k: a state that follows
them has the amplitude a = E m/(4k³) in the other band, so that n_+ read at k trembles by 2 a
√(P(1 - P)) < 3e-7 at k = 40, 2e-6 at k = 20 (quick); the initial coherence takes the same out of
the start but for its next order, E/k² = 1e-4 of it. The steps add 1e-12 × 400 × 80 = 3e-8 at
most. What trembles falls as k⁻³.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, orders

TITLE = "Landau-Zener probabilities"
SOURCE = "Landau 1932, Zener 1932"
FORCE, END = 0.2, 40.0
DIGITS = {0.3: 0.24324, 0.4: 0.08100, 0.5: 0.01970}


def probability(mass: np.ndarray | float) -> np.ndarray:
    return np.exp(-np.pi * np.asarray(mass) ** 2 / FORCE)


def trembling(mass: np.ndarray | float, k: float) -> np.ndarray:
    p = probability(mass)
    return 2 * FORCE * np.asarray(mass) / (4 * k**3) * np.sqrt(p * (1 - p))


def upper(study: Study, k: float, cells: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """N_+ of cells around k for each m, after a sweep from -k.  (cells, m)"""
    changes = {"grid.kx": [k - 0.5, k + 0.5, cells], "time.stop": 2 * k / FORCE}
    evolution = study.evolve("sweep.toml", changes)
    return evolution.system.grid.momentum[1].centres, evolution.projections()[0, 1]


def check(study: Study) -> None:
    end = 20.0 if study.quick else END
    masses, found = upper(study, end)
    for mass, read in zip(masses, found[0], strict=True):
        tolerance = 1.1 * float(trembling(mass, end)) + 3e-8
        study.compare(f"P, m = {mass:g}", read, probability(mass), tolerance, SOURCE)
        digits = DIGITS[round(float(mass), 6)]
        study.compare(f"P, m = {mass:g}, printed digits", read, digits, 8e-6, SOURCE)
    ends = (5.0, 10.0, 20.0)
    worst = []
    for k in ends:
        _, read = upper(study, k, 8)
        worst.append(float(np.abs(read - probability(masses)).max()))
    study.at_least("order in 1/k of what is left", orders(worst)[-1], 2.5, "E m/4k³")
    if study.quick:
        return
    changes = {"grid.kx": [-0.05, 39.95, 400], "time.stop": 200.0}
    evolution = study.evolution("sweep.toml", changes)
    evolution = advance(evolution, 200.0)
    k = evolution.system.grid.momentum[0].centres
    study.data.update(k=k, n=evolution.projections()[0, 1], masses=masses)
    study.data.update(ends=ends, worst=worst)


def figure(study: Study):
    from kinetic.plotting import style

    if "k" not in study.data:
        return None
    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2)
    inside = study.data["k"] < 12.0
    for n, mass in enumerate(study.data["masses"]):
        colour = style.CYCLE[n]
        left.plot(
            study.data["k"][inside],
            study.data["n"][inside, n],
            color=colour,
            label=f"$m$ = {mass:g}",
        )
        left.axhline(probability(mass), color=colour, linestyle=":", linewidth=0.8)
    left.set(xlabel="$k$", ylabel="$n_+$")
    left.legend()
    ends = np.array(study.data["ends"])
    right.loglog(ends, study.data["worst"], "o-", color=style.BLUE)
    right.loglog(ends, study.data["worst"][0] * (ends[0] / ends) ** 3, ":", color=style.GREY)
    right.set(xlabel="$k$", ylabel=r"$\max |n_+ - P|$")
    right.set_xticks(ends, [f"{k:g}" for k in ends])
    right.set_xticks([], minor=True)
    return page
