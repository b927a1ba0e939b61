"""The monotonicity-preserving face value in plain numpy, on buffers that are made once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kinetic.grid import Array


def limited_value(
    mean: Array,
    half: Array,
    left: NDArray[np.bool_],
    cells: Sequence[Array],
    scratch: Sequence[Array],
) -> Array:
    """Limited upwind value into `mean`; formulas as `kernels.points.monotone5`.

    Parameters
    ----------
    mean, half
        (L + R)/2 and (L - R)/2 at the faces; both are overwritten.
    left
        Where the flow comes from the left.
    cells
        The six cells around the faces.
    scratch
        Ten buffers of the shape of the faces.
    """
    np.negative(half, out=half, where=~left)
    mean += half
    spare, a, b, c, d, e, x, y, low, high = scratch[:10]
    for out, m in ((a, 0), (b, 1), (c, 2), (d, 3), (e, 4)):
        np.copyto(out, cells[5 - m])
        np.copyto(out, cells[m], where=left)
    here, after, before = half, e, a
    np.multiply(c, -2.0, out=here)
    here += b
    here += d
    e += c  # after = c - 2d + e
    e -= d
    e -= d
    a += c  # before = a - 2b + c
    a -= b
    a -= b
    bend_right = _minmod4(here, after, x, y, low, high)
    np.add(c, d, out=low)
    low -= bend_right
    low *= 0.5  # median
    np.maximum(c, d, out=high)
    np.maximum(high, low, out=high)
    np.minimum(low, c, out=low)
    np.minimum(low, d, out=low)
    bend_left = _minmod4(here, before, x, y, spare, d)
    np.subtract(c, b, out=b)
    np.multiply(b, 0.5, out=y)
    y += c
    bend_left *= 4.0 / 3.0
    y += bend_left  # curved
    b *= 4.0
    b += c  # upper limit
    np.minimum(c, b, out=spare)
    np.minimum(spare, y, out=spare)
    np.maximum(low, spare, out=low)
    np.maximum(c, b, out=spare)
    np.maximum(spare, y, out=spare)
    np.minimum(high, spare, out=high)
    np.minimum(mean, high, out=mean)
    np.maximum(mean, low, out=mean)
    return mean


def _minmod4(p: Array, q: Array, x: Array, y: Array, low: Array, high: Array) -> Array:
    """minmod(4p − q, 4q − p, p, q) into `x`."""
    np.multiply(p, 4.0, out=x)
    x -= q
    np.multiply(q, 4.0, out=y)
    y -= p
    np.minimum(x, y, out=low)
    np.minimum(low, p, out=low)
    np.minimum(low, q, out=low)
    np.maximum(low, 0.0, out=low)
    np.maximum(x, y, out=high)
    np.maximum(high, p, out=high)
    np.maximum(high, q, out=high)
    np.minimum(high, 0.0, out=high)
    np.add(low, high, out=x)
    return x
