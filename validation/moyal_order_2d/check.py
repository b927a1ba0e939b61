"""Which kinetic equation is right, 2r×2k: every form of it against exact quantum dynamics.

    ∂_tn_s + ∂^iε_s ∂_in_s + [−¼∂^j(ΔF) + q_s w_s^j] ∂_jn_s + ¼F ∂^iΔ ∂_in_−s
           − ¼n_z(∂_t + ∂^iε_s ∂_i)F = 0          F = ħ(F_{xk_x} + F_{yk_y}) ,  q_s = −sħ/2

As in one pair (case moyal_order_1d), where F_rk is the only curvature; here F_xy, F_{k_xk_y} and
F_{xk_y} turn the bands' motion too, and −¼∂^j(ΔF) differs from q_sw_s^j.

Reference: the von Neumann equation (level `moyal`), started from the coherence (20) of Wong and
Tserkovnyak; a generic smooth texture at rest on a torus.

Tolerances.  Orders over the last halving as in moyal_order_1d: 2 ± .05 for right equations, 1 for
wrong ones with .05 + (3/2 ln 2)(bħ/a)², 1 ± .05 for their part odd in ħ, above 2 for that of the
right ones.  18 points per axis (14 at ħ = .4 and .2) leave 1 % of the smallest error.  The
coherence: ± .25, for what the start lacks of it, ħ², precesses with the phase Δt/ħ and is read at
one time.  The levels of the program, of fourth order in the size of the cells, are asked at
larger ħ: 2e-5 of n_s are theirs on 24⁴ cells, against 4.4e-4 and 1.2e-4 at ħ = .4 and .2: ± .25.
In the quick part ħ = .4 and .2 on 12⁴ points: the next order in ħ and the grid: ± .1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.validating import Study

sys.path.append(str(Path(__file__).parent.parent / "moyal_order_1d"))

from comparison import Errors, Problem
from gradient_forms import FORMS, integrate

TITLE = "order in ħ of every form of the kinetic equation against exact dynamics, 2r×2k"
SOURCE = "Wong, Tserkovnyak 2011, (21) corrected"
VALUES = (0.4, 0.2, 0.1, 0.05)
RIGHT = ("corrected (21)", "exchange form (b)", "exchange form (b′)", "g_s and the map")
SKIPPED = ("f_s and the map", "wave packet, advective")
WRONG = tuple(form for form in FORMS if form not in RIGHT + SKIPPED)
FEW = ("corrected (21)", "printed sign of (21)", "energy shift dropped", "no Berry terms")


def scan(study: Study) -> Errors:
    """Errors of the forms; those odd in ħ for the two smallest ħ."""
    values = VALUES[:2] if study.quick else VALUES
    forms = list(FEW if study.quick else RIGHT + WRONG)
    errors = Errors()
    for hbar in values:
        points = 12 if study.quick else 18 if hbar in values[-2:] else 14
        problem = Problem(study, "static.toml", points)
        apart: dict[str, list[Any]] = {}
        for signed in (hbar, -hbar) if hbar in values[-2:] else (hbar,):
            exact, coherent = problem.exact(signed)
            found = integrate(
                problem.texture, problem.start(signed), signed, problem.stop, 6, forms
            )
            for form in forms:
                apart.setdefault(form, []).append(found[form] - exact)
            apart.setdefault("coherence (20)", []).append(coherent)
            if signed > 0.1 and not study.quick:
                for level in ("projected", "dressed"):
                    there = problem.level(level, signed, 24) - exact
                    apart.setdefault(f"level {level}", []).append(there)
        for name, pair in apart.items():
            errors.add(name, hbar, *pair[:2])
    return errors


def check(study: Study) -> None:
    errors = scan(study)

    def row(name: str, expected: int, allowed: float, odd: bool = False) -> None:
        words = f"{name}{', odd in ħ' if odd else ''} ({errors.last(name, odd):.1e})"
        study.compare(words, errors.order(name, odd), expected, allowed, SOURCE)

    for form in WRONG:
        if form in errors.whole:
            if not study.quick:
                share = errors.last("corrected (21)") / errors.last(form)
                row(form, 1, 0.05 + 1.5 / np.log(2) * share**2)
            row(form, 1, 0.1 if study.quick else 0.05, odd=True)
    for form in RIGHT:
        if form in errors.whole:
            row(form, 2, 0.1 if study.quick else 0.05)
    if not study.quick:
        row("coherence (20)", 2, 0.25)
        for form in ("corrected (21)", "g_s and the map"):
            words = f"{form}, odd in ħ ({errors.last(form, True):.1e})"
            study.at_least(words, errors.order(form, odd=True), 2.0, SOURCE)
        for level in ("projected", "dressed"):
            row(f"level {level}", 2, 0.25)
    study.data["errors"] = errors


def figure(study: Study) -> Any:
    """Error against ħ, with the orders."""
    from order_figure import drawn, legend

    from kinetic.plotting import style

    page = style.canvas(style.PAGE, 3.2)
    axis, key = page.subplots(1, 2, width_ratios=[1.1, 1.0])
    drawn(axis, study.data["errors"], "two directions, at rest")
    legend(key, [study.data["errors"]], study.data["errors"], "order in ħ; of the odd part")
    return page
