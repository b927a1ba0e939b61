"""Copy and triad through the loops and threads of the program.

    copy   a ← b        16 bytes per element        triad   a ← b + s c        24 bytes

Source: J. D. McCalpin, IEEE TCCA Newsletter, December 1995 (STREAM).
"""

from __future__ import annotations

import time

import numpy as np

from kinetic.device import Device
from kinetic.grid import Array
from kinetic.kernels.points import released


@released
def copy(worker: int, workers: int, a: Array, b: Array) -> None:
    """A worker's share of a ← b."""
    first, last = worker * a.size // workers, (worker + 1) * a.size // workers
    out, source = a[first:last], b[first:last]
    for k in range(np.uintp(out.size)):
        out[k] = source[k]


@released
def triad(worker: int, workers: int, a: Array, b: Array, c: Array, factor: float) -> None:
    """A worker's share of a ← b + s c."""
    first, last = worker * a.size // workers, (worker + 1) * a.size // workers
    out, left, right = a[first:last], b[first:last], c[first:last]
    for k in range(np.uintp(out.size)):
        out[k] = left[k] + factor * right[k]


class Bandwidth:
    """Three arrays that no cache holds, and the rates at which they are worked through.

    Parameters
    ----------
    elements
        Numbers per array.
    """

    def __init__(self, elements: int) -> None:
        self._arrays = tuple(np.full(elements, value) for value in (0.0, 1.0, 2.0))
        for threads in (1, 2):
            self.copy(threads)
            self.triad(threads)

    def copy(self, threads: int) -> float:
        """Bytes per second of one pass."""
        a, b, _ = self._arrays
        begun = time.perf_counter()
        Device(threads).launch(copy, a, b)
        return 2.0 * a.nbytes / (time.perf_counter() - begun)

    def triad(self, threads: int) -> float:
        """Bytes per second of one pass."""
        a, b, c = self._arrays
        begun = time.perf_counter()
        Device(threads).launch(triad, a, b, c, 3.0)
        return 3.0 * a.nbytes / (time.perf_counter() - begun)
