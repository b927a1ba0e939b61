"""Lines of phase space that move as a whole, and the filters between averages and points.

    p = C⁻¹ u ,   C = 1 + δ²/24 − 17 δ⁴/5760        cell averages u, values p at the centres

A line is a row of cells along one axis, the other coordinates held.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.device import Device
from kinetic.grid import Array, Axis
from kinetic.kernels.shifts import COLUMNS, shift, spread

Scratch = tuple[Array, Array, Array, Any]


class Filter:
    """f ± a discrete divergence: C and its inverse along one axis, sums kept to rounding.

    Parameters
    ----------
    order
        4 (positive weights) or 6: order in the cell width.

    Attributes
    ----------
    averaging, pointing
        Taps q_0, q_1 = q_-1, ... of C and C⁻¹, see `kernels.shifts.spread`.
    """

    def __init__(self, order: int) -> None:
        theta = 2.0 * np.pi * np.arange(256) / 256
        second = 2.0 - 2.0 * np.cos(theta)  # the symbol of −δ²
        q = 1.0 / 24.0 + (17.0 / 5760.0 * second if order == 6 else 0.0)
        self.averaging = self._taps(q * np.ones_like(second))
        self.pointing = self._taps(-q / (1.0 - second * q))

    @staticmethod
    def _taps(symbol: Array) -> Array:
        taps = np.fft.ifft(symbol).real[:128]
        # They fall off geometrically: cut where they do so to rounding.
        return np.array(taps[: int(np.argmax(np.abs(taps) < 1e-16 * np.abs(taps[0])))])


class Line:
    """One axis with the exact flow along it: its lines and how fast they move.

    Parameters
    ----------
    axis
        The axis.
    place
        Its place in (valley, *sites, band, A, B, C).
    shape
        That shape.
    face
        Place of its lower end in the ledger.

    Attributes
    ----------
    speed
        Cells per time of every line.  (outer, inner)
    beyond
        What waits beyond open ends.  (side, layer, outer, inner)
    """

    def __init__(self, axis: Axis, place: int, shape: tuple[int, ...], face: int) -> None:
        self.axis, self.place, self.shape, self.face = axis, place, shape, face
        self.outer = int(np.prod(shape[:place], dtype=int))
        self.inner = int(np.prod(shape[place + 1 :], dtype=int))
        self.speed = np.zeros((self.outer, self.inner))
        self.beyond = np.zeros((1, 1, 1, 1))

    def lines(self, u: Array) -> Array:
        """An array in C order as (outer, cells, inner)."""
        return u.reshape(self.outer, self.axis.cells, self.inner)

    @property
    def without(self) -> tuple[int, ...]:
        """The shape with length 1 along this axis."""
        return (*self.shape[: self.place], 1, *self.shape[self.place + 1 :])

    def per_line(self, values: Array) -> Array:
        """Values with length 1 along this axis, one per line.  (outer, inner)"""
        full = np.broadcast_to(values, self.without)
        return np.ascontiguousarray(full).reshape(self.outer, self.inner)

    def convert(
        self, u: Array, taps: Array, device: Device, scratch: Scratch, small: bool
    ) -> None:
        """Averages to points along this axis, or back."""
        device.launch(spread, self.lines(u), taps, self.axis.periodic, scratch, small=small)

    def pointed(self, values: Array, taps: Array) -> Array:
        """C⁻¹ along this axis of a few values.  (side, layer, *shape)"""
        cells = self.axis.cells
        matrix = np.eye(cells)
        spread(0, 1, matrix[None], taps, self.axis.periodic, scratch(cells, len(taps), 1))
        place = 2 + self.place
        return np.moveaxis(np.tensordot(values, matrix, axes=(place, 1)), -1, place)

    def move(
        self,
        u: Array,
        time: float,
        through: Array,
        bounds: tuple[float, float] | None,
        extrapolated: bool,
        device: Device,
        scratch: Scratch,
        small: bool,
    ) -> None:
        """Shift all lines by speed · time.

        Parameters
        ----------
        u
            Densities at points.
        time
            Any span, of either sign.
        through
            Filled with what crosses both ends, contents of cells.  (2, outer, inner)
        bounds
            Bounds of the limited scheme, None for the linear one.
        extrapolated
            Whether f goes on as a cubic beyond the ends it leaves through, or as a constant.
        device, scratch, small
            Where the loops run.
        """
        low, high = bounds or (0.0, 0.0)
        device.launch(
            shift,
            self.lines(u),
            self.speed,
            time,
            self.beyond,
            through,
            self.axis.periodic,
            extrapolated,
            bounds is not None,
            low,
            high,
            scratch,
            small=small,
        )


def scratch(cells: int, taps: int, workers: int) -> Scratch:
    """Memory of the kernels for axes of so many cells."""
    return (
        np.zeros((workers, (cells + 5 + 2 * max(2, taps)) * COLUMNS)),
        np.zeros((workers, 6, COLUMNS)),
        np.zeros((workers, max(2 * COLUMNS, cells + 1))),
        np.zeros((workers, COLUMNS), dtype=np.int64),
    )


def at_points(averages: Array, place: int, periodic: bool) -> Array:
    """A − δ²A/24 + 3δ⁴A/640: values at the centres of cells from averages over them.

    Beyond open ends the polynomial of the nearest cells, of degree five at most, goes on.
    """
    values = np.moveaxis(averages, place, -1)
    cells = values.shape[-1]
    if periodic:
        wide = values[..., np.arange(-2, cells + 2) % cells]
    else:
        near = min(6, cells)
        lower = values[..., :near] @ _continuation(near)
        upper = values[..., ::-1][..., :near] @ _continuation(near)
        wide = np.concatenate([lower[..., ::-1], values, upper], axis=-1)
    second = wide[..., 2:] - 2.0 * wide[..., 1:-1] + wide[..., :-2]
    fourth = second[..., 2:] - 2.0 * second[..., 1:-1] + second[..., :-2]
    out = values - second[..., 1:-1] / 24.0 + 3.0 / 640.0 * fourth
    return np.asarray(np.moveaxis(out, -1, place))


def _continuation(near: int) -> Array:
    """Weights of the first cells for one and two cells before them.  (near, 2)"""
    places = np.arange(near)
    weights = [
        [np.prod([(x - m) / (i - m) for m in places if m != i]) for x in (-1.0, -2.0)]
        for i in places
    ]
    return np.array(weights, dtype=float)
