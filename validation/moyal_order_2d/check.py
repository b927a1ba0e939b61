"""Which kinetic equation is right, 2r×2k: every form of it against exact quantum dynamics.

    ∂_tn_s + ∂^iε_s ∂_in_s + [−¼∂^j(ΔF) + q_s w_s^j] ∂_jn_s + ¼F ∂^iΔ ∂_in_−s
           − ¼n_z(∂_t + ∂^iε_s ∂_i)F = 0          F = ħ(F_{xk_x} + F_{yk_y}) ,  q_s = −sħ/2

As in one pair (case moyal_order_1d), where F_rk is the only curvature; here F_xy, F_{k_xk_y} and
F_{xk_y} turn the bands' motion too, and −¼∂^j(ΔF) differs from q_sw_s^j.

Reference: the von Neumann equation (level `moyal`), started from the coherence (20) of Wong and
Tserkovnyak; a generic smooth texture at rest on a torus.

Tolerances.  Orders over the last halving as in moyal_order_1d: 2 ± .05 for right equations, 1 for
wrong ones with .05 + (3/2 ln 2)(bħ/a)², 1 ± .05 for their part odd in ħ, above 2 for that of the
right ones.  18 points per axis (14 at ħ = .4 and .2) leave 1 % of the smallest error.

The levels `projected` and `dressed` have errors of fourth and fifth order in the width of the
cells: 2e-6 of n_s on 32⁴ of them, beside 7e-6 at ħ = .05.  Values from 20, 24 and 32 cells per
axis, at the same steps in time, give those at h = 0, n(h) = n + ah⁴ + bh⁵.  Against grids up to
40⁴ 2e-7 are left: 3 %, .04 of the order, if all of it lay along the error; in quadrature .001.
Steps in time leave 2e-8, the next order in ħ .01: 2 ± .05.  With h⁶ for h⁵ the order must not
change by more than .03.  Level `matrix`, spectral, on the points of the exact run: 2 ± .05.

The coherence: what the start lacks of it, of second order in ħ, precesses with the phase Δt/ħ.
Read at one time it is as large an error as that of (20), and the order, 1.5 to 2.2, depends on
that time.  The mean of n_⊥ − (20) over the run with the weight sin⁴(πt/T) is free of it from some
6 periods on, that is at ħ = .05 and below; then sin² and sin⁶ give the same to 4e-4, and 14
points leave 1e-3: 2 ± .05.
In the quick part ħ = .4 and .2 on 12⁴ points: the next order in ħ and the grid: ± .1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.validating import Study, advance

sys.path.append(str(Path(__file__).parent.parent / "moyal_order_1d"))

from comparison import STEP, Errors, Problem
from gradient_forms import FORMS, Array, integrate

TITLE = "order in ħ of every form of the kinetic equation against exact dynamics, 2r×2k"
SOURCE = "Wong, Tserkovnyak 2011, (21) corrected"
VALUES = (0.4, 0.2, 0.1, 0.05)
SLOW = (0.05, 0.025)  # of the mean coherence
RIGHT = ("corrected (21)", "exchange form (b)", "exchange form (b′)", "g_s and the map")
SKIPPED = ("f_s and the map", "wave packet, advective")
WRONG = tuple(form for form in FORMS if form not in RIGHT + SKIPPED)
FEW = ("corrected (21)", "printed sign of (21)", "energy shift dropped", "no Berry terms")
CELLS = (20, 24, 32)
POWERS = {"": (4, 5), ", other powers": (4, 6)}  # of the width of the cells


class Stepped(Problem):
    """Runs on all grids at the same steps in time."""

    def changes(self, hbar: float, points: int, **more: Any) -> dict[str, Any]:
        """Entries of the tables for one run."""
        return {"time.step": self.stop / 3, **super().changes(hbar, points, **more)}

    def extrapolated(self, level: str, hbar: float) -> dict[str, Array]:
        """n_s of a level where its cells have no width, for every pair of powers."""
        runs = np.stack([self.level(level, hbar, cells) for cells in CELLS])
        found = {}
        for words, powers in POWERS.items():
            system = np.array([[cells**-p for cells in CELLS] for p in (0.0, *powers)])
            found[words] = np.tensordot(np.linalg.solve(system, [1.0, 0.0, 0.0]), runs, 1)
        return found

    def mean_coherence(self, hbar: float) -> Array:
        """Mean of n_⊥ − (20) over an exact run, ∫... sin⁴(πt/T) dt/∫sin⁴(πt/T) dt."""
        more = {"time__step": STEP * hbar}
        run = self.study.evolution(self.file, self.changes(hbar, self.points, **more))
        count = round(self.stop / (STEP * hbar))
        weights = np.sin(np.pi * np.arange(1, count) / count) ** 4
        mean: Any = 0.0
        for i, weight in enumerate(weights / weights.sum(), 1):
            advance(run, self.stop * i / count)
            mean = mean + weight * self.read(run, hbar)[1]
        return np.asarray(mean)


def scan(study: Study) -> Errors:
    """Errors of the forms; those odd in ħ for the two smallest ħ."""
    values = VALUES[:2] if study.quick else VALUES
    forms = list(FEW if study.quick else RIGHT + WRONG)
    errors = Errors()
    for hbar in values:
        points = 12 if study.quick else 18 if hbar in values[-2:] else 14
        problem = Stepped(study, "static.toml", points)
        apart: dict[str, list[Any]] = {}
        for signed in (hbar, -hbar) if hbar in values[-2:] else (hbar,):
            exact, coherent = problem.exact(signed)
            apart.setdefault("coherence at one time", []).append(coherent)
            found = integrate(
                problem.texture, problem.start(signed), signed, problem.stop, 6, forms
            )
            for form in forms:
                apart.setdefault(form, []).append(found[form] - exact)
            if signed > 0 and not study.quick:
                apart["level matrix"] = [problem.level("matrix", signed, points) - exact]
            if 0 < signed < 0.3 and not study.quick:
                for level in ("projected", "dressed"):
                    for words, there in problem.extrapolated(level, signed).items():
                        apart[f"level {level}{words}"] = [there - exact]
        for name, pair in apart.items():
            errors.add(name, hbar, *pair)
    for hbar in () if study.quick else SLOW:
        errors.add("coherence (20)", hbar, Stepped(study, "static.toml", 14).mean_coherence(hbar))
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
    for form in (*RIGHT, "level matrix"):
        if form in errors.whole:
            row(form, 2, 0.1 if study.quick else 0.05)
    if not study.quick:
        for level in ("projected", "dressed"):
            row(f"level {level}", 2, 0.05)
            change = errors.order(f"level {level}, other powers") - errors.order(f"level {level}")
            study.at_most(f"level {level}: h⁶ for h⁵ changes the order by", abs(change), 0.03)
        row("coherence (20)", 2, 0.05)
        name = "coherence at one time"
        study.report(f"{name} ({errors.last(name):.1e})", errors.order(name), 2.0, SOURCE)
        for form in ("corrected (21)", "g_s and the map"):
            words = f"{form}, odd in ħ ({errors.last(form, True):.1e})"
            study.at_least(words, errors.order(form, odd=True), 2.0, SOURCE)
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
