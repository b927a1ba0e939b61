"""How figures look: sizes of a journal column, letters of 8 pt, colours for every eye.

Source of the colours: Okabe and Ito, "Color Universal Design" (2008).
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

COLUMN, PAGE = 3.4, 7.0
"""Widths of one and two columns in inches."""

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#7F7F7F"
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, GREY)
DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))

PARAMETERS: Any = {
    "font.size": 8.0,
    "font.family": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": True,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "figure.titlesize": 9.0,
    "figure.dpi": 100.0,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.5,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.labelspacing": 0.25,
    "legend.borderaxespad": 0.2,
    "legend.columnspacing": 1.2,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.0,
    "savefig.dpi": 200.0,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


def canvas(width: float, height: float) -> Any:
    """An empty figure that needs no display and leaves no trace in pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.03, hspace=0.03)
    figure = Figure(figsize=(width, height), layout=engine)
    FigureCanvasAgg(figure)
    return figure


def powers(text: str) -> str:
    """Units with their powers raised: 1/length^3 becomes 1/length³."""
    table = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    text = re.sub(r"\^(-?\d+)", lambda found: found[1].translate(table), text)
    return text.replace("hbar", "ħ")


def number(value: float) -> str:
    """Three digits, powers of ten raised: 6.58×10⁻¹⁶."""
    digits, _, exponent = f"{value:.3g}".partition("e")
    return f"{digits}×10^{int(exponent)}" if exponent else digits


def folded(label: str, most: int = 21) -> str:
    """An axis label with its units on a second line if it is long."""
    seen = re.sub(r"\\[a-z]+|[${}]", "", label)
    return label.replace("  (", "\n(", 1) if len(seen) > most else label


def wrapped(title: str, width: float) -> str:
    """A title broken into lines that fit a figure of so many inches."""
    return "\n".join(textwrap.wrap(title, int(13.0 * width)))


def titled(figure: Any, title: str, width: float) -> None:
    """The run's title above a figure of so many inches."""
    if title:
        figure.suptitle(wrapped(title, width))
