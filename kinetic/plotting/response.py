"""The conductivity as a function of frequency, real and imaginary part, with error bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.plotting.style import COLUMN, CYCLE, DASHES, GREY, canvas, titled

if TYPE_CHECKING:
    import xarray

_SEEN = 1e-4  # of the largest element: smaller ones are not drawn
_FEW = 3  # frequencies: no more than that are markers
_MARKERS = "osD^"
_SAME = 1e-3  # of the largest element: two elements this close share a line


def spectra(data: xarray.Dataset) -> Any:
    """Re σ_ij above Im σ_ij; equal elements share a line, those that vanish have none."""
    names = [str(name) for name in data["row"].values]
    omega = data["omega"].values
    sigma = data["conductivity_real"].values + 1j * data["conductivity_imag"].values
    error = np.zeros(sigma.shape)
    if "conductivity_error" in data:
        error = data["conductivity_error"].values
    figure = canvas(COLUMN, 4.2)
    above, below = figure.subplots(2, 1, sharex=True)
    for axes in (above, below):
        axes.axhline(0.0, color=GREY, linewidth=0.6)
    for n, (label, values, band) in enumerate(_lines(names, sigma, error)):
        style = {"color": CYCLE[n % len(CYCLE)], "linestyle": DASHES[n % len(DASHES)]}
        for axes, part in ((above, values.real), (below, values.imag)):
            if len(omega) <= _FEW:
                marked = {"fmt": _MARKERS[n % len(_MARKERS)], "capsize": 2.0, "label": label}
                bars = band if np.any(band) else None
                axes.errorbar(omega, part, bars, color=style["color"], **marked)
                continue
            axes.plot(omega, part, **style, label=label)
            axes.fill_between(omega, part - band, part + band, color=style["color"], alpha=0.2)
    units = str(data["conductivity_real"].attrs["units"]).replace("hbar", "ħ")
    above.set_ylabel(rf"Re $\sigma$ ($q^2$ × {units})")
    below.set_ylabel(rf"Im $\sigma$ ($q^2$ × {units})")
    below.set_xlabel(r"$\omega$ (energy/ħ)")
    if len(omega) > _FEW:
        below.set_xlim(float(omega.min()), float(omega.max()))
    for axes in (above, below):
        axes.grid(visible=True)
    figure.align_ylabels([above, below])
    handles, labels = above.get_legend_handles_labels()
    if float(data.attrs.get("damping", 0.0)) > 0.0:
        head = rf"$\sigma(\omega + i\eta)$, $\eta$ = {data.attrs['damping']:.3g}"
    else:
        head = ""
    figure.legend(
        handles, labels, loc="outside lower center", ncols=min(3, len(labels)) or 1, title=head
    )
    titled(figure, str(data.attrs.get("title", "")), COLUMN)
    return figure


def _lines(names: list[str], sigma: Any, error: Any) -> list[tuple[str, Any, Any]]:
    """Label, values and error of every line; the label tells equal and opposite elements."""
    largest = float(np.abs(sigma).max(initial=0.0))
    found: list[tuple[str, Any, Any]] = []
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            values = sigma[:, i, j]
            if np.abs(values).max(initial=0.0) <= _SEEN * largest:
                continue
            symbol = rf"\sigma_{{{row}{column}}}"
            for n, (label, others, band) in enumerate(found):
                for sign, relation in ((1.0, "="), (-1.0, "= -")):
                    if np.abs(values - sign * others).max() <= _SAME * largest:
                        found[n] = (f"{label[:-1]} {relation} {symbol}$", others, band)
                        break
                else:
                    continue
                break
            else:
                found.append((f"${symbol}$", values, error[:, i, j]))
    return found
