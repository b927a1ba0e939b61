"""What is drawn flat: values, and changes of values, that are a rounding of something larger."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.plotting.content import Array, Content

ROUNDING = 1e-12
"""Of the largest value, or of what the quantity is a part of."""

FULL = 1e-2
"""Size of occupations and coherences of cells, whatever little of them there is."""

_STILL = 1e-14  # of the density, in units of velocity: no current
_ROOM = 0.05  # above and below a flat line, of its value


def largest(*arrays: Array) -> float:
    """The largest finite |value| of all."""
    found = [np.abs(a)[np.isfinite(a)].max(initial=0.0) for a in arrays]
    return float(max(found, default=0.0))


def settled(values: Array, scale: float = 0.0) -> Array:
    """Values without what is a rounding of them or of `scale`: zero, or the first of them.

    Parameters
    ----------
    values
        Records first.
    scale
        Size of what the values are a part of.
    """
    least = ROUNDING * max(scale, largest(values))
    if largest(values) <= least:
        return np.where(np.isfinite(values), 0.0, values)
    change = values - values[:1]
    if largest(change) <= least and np.all(np.isfinite(values)):
        return np.broadcast_to(values[:1], values.shape)
    return values


def scale_of(content: Content, name: str) -> float:
    """The largest value of a variable and its sea, or of the density if that has its units."""
    names = [name]
    if content.has("density") and content.has(name):
        units = [content.dataset[n].attrs.get("units") for n in ("density", name)]
        names += ["density"] if units[0] == units[1] else []
    found = [0.0]
    for each in names:
        if content.has(each):
            sea = np.asarray(content.dataset[each].attrs.get("sea", 0.0), dtype=float)
            found += [largest(content.values(each)), largest(sea)]
    return max(found)


def flows(content: Content) -> bool:
    """Whether a current was recorded that is more than a rounding of what could flow."""
    names = [n for n in map(str, content.dataset.data_vars) if n.split("_")[0] == "current"]
    if not content.has("current"):
        return False
    moving = max(largest(content.values(name)) for name in names)
    return moving > _STILL * (scale_of(content, "density") if content.has("density") else 0.0)


def level(axes: Any) -> None:
    """Limits of a panel in which every line is flat: room for labels that can be read."""
    lines = [line for line in axes.get_lines() if line.get_transform() == axes.transData]
    values = [np.asarray(line.get_ydata(), dtype=float) for line in lines]
    finite = np.concatenate([v[np.isfinite(v)] for v in values]) if values else np.zeros(0)
    if axes.get_yscale() != "linear" or not finite.size:
        return
    low, high = float(finite.min()), float(finite.max())
    size = max(abs(low), abs(high))
    if high - low <= ROUNDING * size:
        room = _ROOM * (size or 1.0)
        axes.set_ylim(low - room, high + room)
