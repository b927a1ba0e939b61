"""What a map or a profile shows: a variable on one or two axes, record by record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError
from kinetic.plotting.content import MOMENTUM, SPACE, Array, Content
from kinetic.plotting.places import RECORDS, Request, names_of
from kinetic.plotting.rounding import FULL, largest, settled

if TYPE_CHECKING:
    import xarray

MOST = 6
"""Entries (bands, components, ...) that one figure can hold."""

_SYMBOLS = {
    "density": r"\rho",
    "band_density": r"\rho",
    "valley_density": r"\rho",
    "chirality_density": r"\rho",
    "energy": r"\langle H\rangle",
    "occupation": "f",
    "band_projection": "n",
    "coherence_vector": r"n^\perp",
    "wigner": "n",
    "spin": r"\sigma",
}
_SIGNS = {"lower": "-", "upper": "+"}


@dataclass(frozen=True)
class Layer:
    """One scalar of a picture.

    Attributes
    ----------
    symbol, units
        Its name, in mathematical form where there is one, and its units in brackets.
    entry
        Which band, valley or part it is, '' if there is only one.
    values
        (record, *axes)
    scale
        Size of what the values are a part of: all entries of the variable.
    """

    symbol: str
    units: str
    entry: str
    values: Array
    scale: float = 0.0

    @property
    def label(self) -> str:
        """Symbol and units for a colour bar or an axis."""
        return f"{self.symbol}  {self.units}".strip()

    @property
    def change_label(self) -> str:
        """The same for the change since the first record."""
        symbol = f"$\\Delta {self.symbol[1:]}" if self.symbol[:1] == "$" else f"Δ {self.symbol}"
        return f"{symbol}  {self.units}".strip()

    @property
    def change(self) -> Array:
        """What has changed since the first record; a rounding of the values is no change."""
        return self.between(0, slice(None))

    def between(self, first: int, last: int | slice) -> Array:
        """What has changed from a record to another, or to some of them."""
        scale = max(self.scale, largest(self.values))
        return settled(self.values[last] - self.values[first], scale)


@dataclass(frozen=True)
class Picture:
    """A variable on one or two axes.

    Attributes
    ----------
    name
        The variable.
    times
        Of its records; empty if it does not depend on time.
    axes
        name → centres, of those that are drawn.
    layers
        What is drawn on them.
    where
        Places of the other axes, in words: 'z = 0.05'.
    """

    name: str
    times: Array
    axes: dict[str, Array]
    layers: tuple[Layer, ...]
    where: tuple[str, ...]


def symbol_of(axis: str) -> str:
    """$x$ or $k_x$."""
    return f"$k_{axis[1]}$" if axis in MOMENTUM else f"${axis}$"


def axis_label(axis: str, content: Content) -> str:
    """An axis with its units."""
    known = content.has(axis)
    return content.label(axis if known else f"snapshot_{axis}", symbol_of(axis))


def place(axis: str, value: float) -> str:
    """'$z$ = 0.05' for a title."""
    shown = 0.0 if abs(value) < 1e-12 else value
    return f"{symbol_of(axis)[:-1]}={shown:.3g}$"


def principal(content: Content) -> str:
    """The variable that figures show if none is named: the density, if there is one."""
    names = [name for name in content.maps() if content.dataset[name].dims[0] == "time"]
    return "density" if "density" in names or not names else names[0]


def read(content: Content, name: str, shown: Sequence[str], request: Request) -> Picture:
    """The picture of a variable on the axes `shown`; other axes at the place asked for.

    Where nothing is asked, axes in real space are cut in the middle and those in momentum at
    the first node, or at 0.

    Raises
    ------
    InputError
        If a place asked for is not there, or there are too many entries for one figure.
    """
    array = content.array(name)
    request.check(names_of(array), f"'{name}'")
    record = str(array.dims[0]) if array.dims and str(array.dims[0]) in RECORDS else ""
    array, where = _cut(content, array, [*shown, record], request)
    times = content.values(record) if record else np.zeros(0)
    if record and request.most is not None:
        kept_times = spread_out(len(times), request.most)
        array, times = array.isel({record: kept_times}), times[kept_times]
    entries = [str(dim) for dim in array.dims if dim not in (*shown, record)]
    order = (*((record,) if record else ()), *entries, *shown)
    values = np.asarray(array.transpose(*order).values, dtype=float)
    if not record:
        values = values[None]
    axes = {axis: np.asarray(array[axis].values, dtype=float) for axis in shown}
    sizes = [array.sizes[dim] for dim in entries]
    values = values.reshape(len(values), -1, *(len(centres) for centres in axes.values()))
    kept = _kept(values, sizes, entries)
    if len(kept) > MOST:
        raise InputError(
            f"'{name}' has {len(kept)} entries along {', '.join(entries)}, too many for one "
            f"figure: choose one with --at {entries[0]}=..."
        )
    units, scale = content.label(name, "").strip(), largest(values)
    if record == "snapshot_time" and set(axes) & set(MOMENTUM):
        scale = max(scale, FULL)
    layers = []
    for index in kept:
        place_ = dict(zip(entries, np.unravel_index(index, sizes), strict=True)) if sizes else {}
        symbol, entry = _named(content, name, array, place_)
        layers.append(Layer(symbol, units, entry, settled(values[:, index], scale), scale))
    return Picture(name, times, axes, tuple(layers), tuple(where))


def _cut(
    content: Content, array: xarray.DataArray, kept: Sequence[str], request: Request
) -> tuple[xarray.DataArray, list[str]]:
    """A variable at the places asked for, and what they are."""
    where = []
    nodes = content.nodes()
    node = dict(zip(MOMENTUM, nodes[0].tolist(), strict=False)) if len(nodes) else {}
    for axis in (*SPACE, *MOMENTUM):
        if axis in array.dims and axis not in kept:
            centres = np.asarray(array[axis].values, dtype=float)
            middle = None if axis in SPACE else node.get(axis, 0.0)
            array = array.isel({axis: request.cell(axis, centres, middle)})
        fixed = _fixed(content, array, axis)
        if fixed is not None:
            where.append(place(axis, fixed))
    for dim in [str(dim) for dim in array.dims]:
        if dim in request.at and dim not in (*SPACE, *MOMENTUM):
            labels = [str(entry) for entry in array[dim].values] if dim in array.coords else []
            labels = labels or [str(i) for i in range(array.sizes[dim])]
            index = request.entry(dim, labels)
            # Kept with one entry, so that symbols know it.
            array = array.isel({dim: slice(index, index + 1)})
    return array, where


def _fixed(content: Content, array: xarray.DataArray, axis: str) -> float | None:
    """Where a variable lies on an axis it was cut at, here or when it was recorded."""
    if axis in array.dims:
        return None
    if axis in array.coords:
        return float(array[axis])
    if axis in array.attrs:
        return float(array.attrs[axis])
    for name in (f"snapshot_{axis}", axis) if "snapshot_time" in array.dims else ():
        if name in content.dataset.variables and not content.dataset[name].dims:
            return float(content.dataset[name])
    return None


def _kept(values: Array, sizes: Sequence[int], entries: Sequence[str]) -> list[int]:
    """Entries that are drawn: components in which nothing flows are not."""
    count = values.shape[1]
    if "component" not in entries or count == 1:
        return list(range(count))
    largest = np.nan_to_num(np.abs(values)).max(axis=(0, *range(2, values.ndim)))
    found = np.flatnonzero(largest > 1e-9 * largest.max())
    return [int(i) for i in found] or [0]


def _named(
    content: Content, name: str, array: xarray.DataArray, where: dict[str, Any]
) -> tuple[str, str]:
    """Symbol and words of one entry."""
    long_name = str(array.attrs.get("long_name", name.replace("_", " ")))
    symbol = _SYMBOLS.get(name, "")
    words = [str(array.attrs[key]) + f" {key}" for key in ("band",) if key in array.attrs]
    part = ""
    if name == "current" or name.startswith("current_"):
        symbol, part = "j", name.removeprefix("current").replace("_", " ").strip()
    elif name.startswith("energy_current"):
        symbol = "j^E"
    below = ""
    for dim, index in where.items():
        labels = [str(entry) for entry in array[dim].values] if dim in array.coords else []
        label = labels[index] if labels else str(index)
        if dim == "band":
            below = _SIGNS.get(label, "")
            words.append(f"{label} band")
        elif dim in ("component", "pauli"):
            below = label
            if not symbol:
                words.append(f"{label} component")
        elif dim == "chirality":
            words.append(f"χ = {int(float(label)):+d}".replace("-", "−"))
        elif array.sizes[dim] > 1 or dim in content.dataset.sizes:
            several = content.dataset.sizes.get(dim, 1) > 1
            words += [f"{dim} {label}"] if several else []
    words += [part] if part else []
    if not symbol:
        return long_name if len(long_name) < 40 else name.replace("_", " "), ", ".join(words)
    return f"${symbol}_{below}$" if below else f"${symbol}$", ", ".join(words)


# --- colours and clocks -----------------------------------------------------------------------


def colours(values: Array, change: bool = False) -> dict[str, Any]:
    """A scale for all records: diverging about 0 for what has two signs, sequential else."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    size = max(abs(low), abs(high)) or 1.0
    if change or min(-low, high) > 0.02 * size:
        return {"cmap": "RdBu_r", "vmin": -size, "vmax": size}
    if low == high == 0.0:
        high = 1.0
    elif high - low < 1e-9 * size:
        low, high = low - 0.5 * size, high + 0.5 * size
    return {"cmap": "viridis", "vmin": low, "vmax": high}


def clock(times: Array) -> list[str]:
    """Times in words of equal length, as fine as the records are."""
    if not len(times):
        return [""]
    steps = np.diff(times)
    finest = float(steps[steps > 0.0].min(initial=np.inf))
    largest = float(np.abs(times).max())
    if not np.isfinite(finest) or not finest >= 1e-4 or largest >= 1e5:
        return [f"$t={value:.4g}$".replace("e+0", "e").replace("e+", "e") for value in times]
    decimals = 0
    while decimals < 4 and abs(finest - round(finest, decimals)) > 0.01 * finest:
        decimals += 1
    return [f"$t={value:.{decimals}f}$" for value in times]


def spread_out(count: int, most: int, first: int = 0) -> list[int]:
    """Indices of at most `most` records, evenly spread, the last among them."""
    most = min(most, count - first)
    if most < 2:
        return [count - 1]
    return sorted({round(float(i)) for i in np.linspace(first, count - 1, most)})
