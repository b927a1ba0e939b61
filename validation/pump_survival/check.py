"""No pump survives: a texture that comes and goes leaves no n_+ of any order in ħ.

    filled lower band, f_- = 1, f_+ = 0:   n_+ = −¼F ,  n_- = 1 − ¼F   while the texture is on

The interband terms of (21) move n_s between the bands by ¼F, and back: with f_s = n_s − ¼F n_z
nothing moves at all.  What is left after a cycle is what any switching excites, less than any
power of ħ.

Reference: the von Neumann equation (level `moyal`) from the coherence (20) of Wong and
Tserkovnyak; Gaussian pulse of the texture, e^{−18} of it at both ends.

Tolerances.  In the middle max |n_+| falls as ħ, ± .1, and n_+ + ¼F as ħ², ± .2, over the last
halving, where the switching excites nothing that could be seen; in the quick part, where it
excites 1.5e-3 of .010 at ħ = .2, the former ± .3.  At the end the order of max |n_+| must itself
grow from halving to halving, by 1 at least, and reach 6, as long as 1e-7 is left, the error of
the exact run's steps; less than 1e-4 of what there was in the middle (quick: 1e-3) may be left.
Levels: `dressed` keeps f_s and leaves no more than ¼F of the ends, e^{−36}, and rounding;
`projected` leaves what its terms of second order in ħ make: order 1.9 or more.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.validating import Study, advance, orders

sys.path.append(str(Path(__file__).parent.parent / "moyal_order_1d"))

from comparison import STEP, Problem
from gradient_forms import Geometry

TITLE = "no pump survives: a texture on and off over a filled band"
SOURCE = "Wong, Tserkovnyak 2011, (21) and the map"
FILE = "cycle.toml"


def cycle(
    problem: Problem, hbar: float, pieces: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, max |n_+| and max |n_+ + ¼F| from the start to the stop."""
    step = (0.4 if problem.study.quick else STEP) * hbar
    changes = problem.changes(hbar, problem.points, time__step=step)
    run = problem.study.evolution(FILE, changes)
    times = problem.stop * np.arange(pieces + 1) / pieces
    upper, apart = [], []
    for time in times:
        advance(run, time)
        bands, _ = problem.read(run, hbar)
        field = Geometry(problem.texture, time, hbar).F
        upper.append(np.abs(bands[1]).max())
        apart.append(np.abs(bands[1] + 0.25 * field).max())
    return times, np.array(upper), np.array(apart)


def check(study: Study) -> None:
    values = (0.4, 0.2, 0.1) if study.quick else (0.4, 0.2, 0.1, 0.05, 0.025)
    problem = Problem(study, FILE)
    pieces = 2 if study.quick else 30
    middle, apart, left = [], [], []
    for hbar in values:
        times, upper, off = cycle(problem, hbar, pieces)
        middle.append(upper[pieces // 2])
        apart.append(off[pieces // 2])
        left.append(upper[-1])
        study.data.setdefault("cycles", {})[hbar] = (times, upper, off)
    rate, allowed = orders(middle)[-1], 0.3 if study.quick else 0.1
    study.compare(f"middle: max |n_+|, order ({middle[-1]:.1e})", rate, 1.0, allowed, SOURCE)
    if not study.quick:
        rate = orders(apart)[-1]
        study.compare(f"middle: n_+ + ¼F, order ({apart[-1]:.1e})", rate, 2.0, 0.2, SOURCE)
    excited = [value for value in left if value > 1e-7]
    falling = orders(excited)
    study.at_least("end: order of max |n_+|, last halving", falling[-1], 6.0, "no order in ħ")
    study.at_least("end: its growth from halving to halving", np.diff(falling).min(), 1.0)
    bound = 1e-3 if study.quick else 1e-4
    study.at_most("end over middle, smallest ħ", left[-1] / middle[-1], bound, "no pump")
    for hbar, value in zip(values, left, strict=True):
        study.report(f"end: max |n_+| at ħ = {hbar:g}", value, source="excited by the switching")
    if not study.quick:
        dressed = np.abs(Problem(study, FILE, 16).level("dressed", 0.1, 16)[1]).max()
        study.at_most("level dressed, end: max |n_+| at ħ = .1", dressed, 1e-9, SOURCE)
        there = [np.abs(problem.level("projected", hbar, 48)[1]).max() for hbar in (0.1, 0.05)]
        words = f"level projected, end: order of max |n_+| ({there[-1]:.1e})"
        study.at_least(words, orders(there)[-1], 1.9, SOURCE)
    study.data.update(values=np.array(values), middle=np.array(middle), left=np.array(left))


def figure(study: Study) -> Any:
    """Max |n_+| in time for each ħ; its middle and its end against ħ."""
    from kinetic.plotting import style

    page = style.canvas(style.PAGE, 2.7)
    first, second = page.subplots(1, 2)
    for colour, (hbar, found) in zip(style.CYCLE, study.data["cycles"].items(), strict=False):
        shown = np.maximum(found[1], 1e-13)
        first.semilogy(found[0], shown, color=colour, label=rf"$\hbar$ = {hbar:g}")
    first.set(xlabel="time", ylabel="max $|n_+|$", title="the texture comes and goes")
    first.legend()
    hbar = study.data["values"]
    second.loglog(hbar, study.data["middle"], "o-", color=style.BLUE, label="in the middle")
    second.loglog(hbar, study.data["left"], "s-", color=style.VERMILLION, label="at the end")
    line = 0.5 * study.data["middle"][-1] * hbar / hbar[-1]
    second.loglog(hbar, line, ":", color=style.GREY, label=r"$\propto\hbar$")
    second.set_xticks(hbar, [f"{value:g}" for value in hbar])
    second.minorticks_off()
    second.set(xlabel=r"$\hbar$", ylabel="max $|n_+|$", title="what a pump would leave")
    second.legend()
    return page
