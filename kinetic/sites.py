"""Sites of an axis in real space: with layers beyond open ends, and derivatives between them."""

from __future__ import annotations

import numpy as np

from kinetic.grid import Array, Axis

LAYERS = 3  # sites beyond an open end: the reach of a sixth-order derivative
_SIXTH = np.array([-1.0, 9.0, -45.0, 45.0, -9.0, 1.0]) / 60.0


def extended(axis: Axis) -> Array:
    """Sites of an axis, with `LAYERS` more beyond each open end."""
    if axis.periodic:
        return axis.centres
    width = axis.widths[0]
    beyond = width * np.arange(1, LAYERS + 1)
    return np.concatenate(
        [axis.centres[0] - beyond[::-1], axis.centres, axis.centres[-1] + beyond]
    )


def derivative(values: Array, axis: Axis, place: int) -> Array:
    """Sixth-order ∂/∂x at the sites from those around: wrapped, or with their layers beyond.

    Along `place` the result has the cells of the axis; it is zero where there is one entry only.
    """
    if values.shape[place] == 1:
        return np.zeros_like(values)
    moved = np.moveaxis(values, place, 0)
    n, width = axis.cells, axis.widths[0]
    out = np.zeros((n, *moved.shape[1:]))
    for offset, weight in zip((-3, -2, -1, 1, 2, 3), _SIXTH, strict=True):
        if axis.periodic:
            out += (weight / width) * np.roll(moved, -offset, axis=0)
        else:
            out += (weight / width) * moved[LAYERS + offset : LAYERS + offset + n]
    return np.moveaxis(out, 0, place)


def inside(values: Array, axis: Axis, place: int) -> Array:
    """The sites of the grid alone."""
    if axis.periodic or values.shape[place] == 1:
        return values
    index = [slice(None)] * values.ndim
    index[place] = slice(LAYERS, -LAYERS)
    return values[tuple(index)]
