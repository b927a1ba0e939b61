"""Errors of n_s against ħ, double logarithmic, with the measured orders in the legend."""

from __future__ import annotations

from typing import Any

import numpy as np
from comparison import Errors
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator

from kinetic.plotting import style

BROWN = "#8C564B"
# colour, marker, its size, whether filled, whether joined by a line
LOOKS: dict[str, tuple[str, str, float, bool, bool]] = {
    "no Berry terms": (style.VERMILLION, "o", 3.5, True, True),
    "level boltzmann": (style.VERMILLION, "o", 6.5, False, False),
    "energy shift dropped": (style.GREEN, "D", 3.0, True, True),
    "wave packet, conservative": (style.ORANGE, "s", 3.2, True, True),
    "wave packet, advective": (style.PURPLE, "^", 3.5, True, True),
    "n_z term dropped": (style.GREY, "p", 3.8, True, True),
    "anomalous velocity dropped": (style.SKY, "v", 3.5, True, True),
    "anomalous velocity, F_rk alone": (style.SKY, "v", 5.5, False, True),
    "printed sign of (21)": (style.BLACK, "X", 3.8, True, True),
    "interband term dropped": (BROWN, "h", 3.6, True, True),
    "corrected (21)": (style.BLUE, "o", 3.5, True, True),
    "exchange form (b)": (style.BLUE, "s", 5.0, False, False),
    "exchange form (b′)": (style.BLUE, "D", 6.0, False, False),
    "g_s and the map": (style.BLUE, "o", 7.5, False, False),
    "f_s and the map": (style.BLUE, "h", 9.0, False, False),
    "level projected": (style.BLUE, "+", 8.0, True, False),
    "level dressed": (style.BLUE, "x", 7.0, True, False),
    "level matrix": (style.BLACK, "1", 8.0, True, False),
}
WORDS = {"g_s": "$g_s$", "f_s": "$f_s$", "n_z": "$n_z$", "F_rk": r"$\mathcal{F}_{rk}$"}


def _look(name: str) -> dict[str, Any]:
    colour, marker, size, filled, joined = LOOKS[name]
    return {
        "color": colour,
        "marker": marker,
        "markersize": size,
        "markerfacecolor": colour if filled else "none",
        "markeredgewidth": 0.7,
        "linestyle": "-" if joined else "none",
        "linewidth": 0.9,
    }


def drawn(axis: Any, errors: Errors, title: str, odd: bool = False) -> None:
    """All errors of a case, or their parts odd in ħ, and two slopes to compare with."""
    hbar = np.array(errors.hbar["corrected (21)"])
    found = errors.odd if odd else errors.whole
    for name in LOOKS:
        if name in found:
            values = found[name]
            axis.loglog(errors.hbar[name][-len(values) :], values, **_look(name))
    right, wrong = found["corrected (21)"], found["no Berry terms"]
    power = 3 if odd else 2
    for start, slope in ((wrong, 1), (right, power)):
        n = len(start)
        line = start[-1] * (hbar[-n:] / hbar[-1]) ** slope
        factor = 1.9 if slope == 1 else 0.5
        axis.loglog(hbar[-n:], factor * line, ":", color=style.GREY, linewidth=0.9)
        words = {1: r"$\propto\hbar$", 2: r"$\propto\hbar^2$", 3: r"$\propto\hbar^3$"}[slope]
        where = {"va": "bottom", "ha": "right"} if slope == 1 else {"va": "top", "ha": "left"}
        place = (hbar[-n:][1], factor * line[1])
        axis.annotate(words, place, color=style.GREY, **where)
    axis.set_xticks(hbar, [f"{value:g}" for value in hbar])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_minor_formatter(NullFormatter())
    what = "odd part of the error" if odd else "error"
    axis.set(xlabel=r"$\hbar$", ylabel=f"RMS {what} of $n_s$", title=title)
    axis.grid(visible=True)


def legend(
    axis: Any, several: list[Errors], odd: Errors | None = None, head: str = "order in ħ"
) -> None:
    """One entry per form with its order in each case, of odd parts last, on an empty axis."""
    axis.set_axis_off()
    handles = []
    for name in LOOKS:
        if not any(name in errors.whole for errors in several):
            continue
        measured = [
            f"{errors.order(name):.2f}" if name in errors.whole else "\u2002–\u2002"
            for errors in several
        ]
        if odd is not None:
            measured.append(
                f"{odd.order(name, odd=True):.2f}" if name in odd.odd else "\u2002–\u2002"
            )
        words = name
        for plain, drawn_ in WORDS.items():
            words = words.replace(plain, drawn_)
        label = f"{', '.join(measured)}   {words}"
        handles.append(Line2D([], [], label=label, **_look(name)))
    axis.legend(
        handles=handles,
        loc="center left",
        title=head,
        alignment="left",
        fontsize=7.2,
        labelspacing=0.5,
        handlelength=2.2,
    )
