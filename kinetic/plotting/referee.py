"""Errors of a level against exact dynamics, as functions of ħ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.plotting.style import COLUMN, CYCLE, DASHES, GREY, canvas, titled

if TYPE_CHECKING:
    import xarray

_LABELS = {"n_s": "$n_s$", "f_s": "$f_s$", "density": r"density $\rho$", "current": "current $j$"}
_MARKERS = "osD^"
_TINY = 1e-10  # a rounding, not drawn


def orders(data: xarray.Dataset) -> Any:
    """RMS deviations on logarithmic axes, with lines ∝ ħ and ∝ ħ² to go by."""
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

    figure = canvas(COLUMN, 3.5)
    axes = figure.add_subplot()
    hbar, error = data["hbar"].values, np.array(data["error"].values)
    error[error < _TINY] = np.nan
    tolerance = float(data.attrs["tolerance"])
    for n, name in enumerate(data["quantity"].values):
        values = error[:, n]
        if not np.any(np.isfinite(values)):
            continue
        order = data["order"].values[-1, n] if len(hbar) > 1 else np.nan
        told = f" ({order:.2f})" if np.isfinite(order) else ""
        axes.loglog(
            hbar,
            values,
            color=CYCLE[n],
            linestyle=DASHES[n],
            marker=_MARKERS[n],
            markerfacecolor="none",
            label=f"{_LABELS.get(name, name)}{told}",
            clip_on=False,
            zorder=3,
        )
    drawn = error[np.isfinite(error)]
    low, high = drawn.min(initial=tolerance), drawn.max(initial=_TINY)
    if len(hbar) > 1 and len(drawn):
        for power, place in ((1, 1.8), (2, 0.4)):
            guide = place * high * (hbar / hbar[0]) ** power
            axes.loglog(hbar, guide, color=GREY, linewidth=0.7, zorder=1)
            words = r"$\propto\hbar$" if power == 1 else r"$\propto\hbar^2$"
            side = {"ha": "center", "va": "bottom" if power == 1 else "top", "color": GREY}
            middle = (np.sqrt(hbar[0] * hbar[1]), np.sqrt(guide[0] * guide[1]))
            shift = (-4, 2) if power == 1 else (6, -2)
            axes.annotate(words, middle, shift, textcoords="offset points", **side)
            low = min(low, float(guide.min()))
    known = data["grid_error"].values
    floor = float(np.nanmax(known)) if np.any(np.isfinite(known)) else 0.0
    if floor > 0.0:
        axes.axhline(floor, color=GREY, linewidth=0.7, linestyle=":")
        at = (hbar.max(), floor)
        axes.annotate("grid", at, (0, 2), textcoords="offset points", color=GREY, ha="right")
        low = min(low, floor)
    axes.axhline(tolerance, color=GREY, linewidth=0.7, linestyle="--")
    axes.annotate(
        "tolerance", (hbar.min(), tolerance), (2, 2), textcoords="offset points", color=GREY
    )
    axes.set_ylim(0.5 * low, 4.0 * max(1.8 * high, tolerance))
    axes.set_xticks(hbar, [f"{value:.4g}" for value in hbar])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(r"$\hbar$")
    axes.set_ylabel(f"RMS deviation from {data.attrs['reference']}, relative")
    axes.grid(visible=True)
    head = f"level {data.attrs['level']}" + (" (order in ħ)" if len(hbar) > 1 else "")
    figure.legend(loc="outside lower center", ncols=2, title=head, title_fontsize=8.0)
    titled(figure, data.attrs.get("title", ""), COLUMN)
    return figure
