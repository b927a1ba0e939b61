"""Functions of time that are followed: polynomials piece by piece, and their integral."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

from kinetic.errors import InputError
from kinetic.grid import Array

_DEGREE = 15
_NODES = chebyshev.chebpts1(_DEGREE + 1)
_RESOLVED, _ZERO = 1e-13, 1e-16  # of the largest value, and by itself: last terms of a piece
_SHORTEST = 1e-9  # of the longest piece: there the function jumps
_MOST = 100_000
_ROOM = 0.01  # of the range of an integral, for what lies between samples


class Pieces:
    """A vector function of time as polynomials that resolve it, with its integral.

    They are made one after another as far as they are asked for; where the run will end does not
    change them.

    Parameters
    ----------
    function
        X of an array of times.  (component, time)
    start
        Where the integral is zero.
    longest
        Length of a piece that is not to be exceeded.
    stop
        The function need not be finite beyond it.
    """

    def __init__(
        self, function: Callable[[Array], Array], start: float, longest: float, stop: float
    ) -> None:
        self._function, self._longest, self._stop = function, longest, stop
        self._length = longest
        angles = np.arange(_DEGREE + 1)[:, None] * np.arccos(_NODES)
        self._transform = np.cos(angles) * (2.0 / (_DEGREE + 1))
        self._transform[0] *= 0.5
        self._size: Array | float = 0.0
        self._ends = [start]
        self._found: list[Array] = []
        self._made()

    def _made(self) -> None:
        """Lay what is there into arrays."""
        self._edges = np.array(self._ends)
        self._terms = np.array(self._found)  # (piece, component, degree + 2)
        if self._found:
            sums = np.cumsum(self._terms.sum(axis=2), axis=0)
            self._before = np.concatenate([np.zeros((1, sums.shape[1])), sums])

    def reach(self, time: float) -> None:
        """Make pieces up to a time."""
        if self._ends[-1] >= time and self._found:
            return
        while not self._found or self._ends[-1] < time:
            self._next()
        self._made()

    def _next(self) -> None:
        if len(self._found) > _MOST:
            raise InputError(
                "[fields] e or a parameter changes too fast to be followed through this run: "
                f"more than {_MOST} pieces are needed; smooth it, or shorten the run."
            )
        begin = self._ends[-1]
        while True:
            end = begin + self._length
            try:
                values = self._function(0.5 * (begin + end) + 0.5 * self._length * _NODES)
            except InputError:
                if begin >= self._stop or end <= self._stop:
                    raise
                self._length = self._stop - begin
                continue
            size = np.maximum(self._size, np.abs(values).max(axis=1))
            terms = values @ self._transform.T
            noise = _DEGREE * np.finfo(float).eps * abs(end) / self._length  # of t itself
            rest = np.abs(terms[:, -3:]).max(axis=1)
            if np.all(rest <= (_RESOLVED + noise) * size + _ZERO):
                break
            if self._length <= _SHORTEST * self._longest:
                break
            self._length *= 0.5
        self._size = size
        self._ends.append(end)
        half = 0.5 * (end - begin)
        self._found.append(np.asarray(half * chebyshev.chebint(terms, lbnd=-1.0, axis=1)))
        self._length = min(2.0 * self._length, self._longest)

    def integral(self, times: Array) -> Array:
        """∫ X dt from the start.  (component, *times)"""
        flat = np.ravel(times)
        self.reach(float(flat.max()))
        piece = np.searchsorted(self._edges, flat, side="right") - 1
        piece = np.clip(piece, 0, len(self._terms) - 1)
        low, high = self._edges[piece], self._edges[piece + 1]
        x = (2.0 * flat - low - high) / (high - low)
        angles = np.arccos(np.clip(x, -1.0, 1.0))
        waves = np.cos(np.arange(_DEGREE + 2) * angles[:, None])
        value = np.einsum("td,tcd->tc", waves, self._terms[piece]) + self._before[piece]
        return np.asarray(value.T.reshape(-1, *np.shape(times)))

    def shortest(self, start: float, stop: float) -> float:
        """Length of the shortest piece between two times."""
        self.reach(stop)
        first = int(np.searchsorted(self._edges, start, side="right")) - 1
        last = int(np.searchsorted(self._edges, stop, side="left"))
        return float(np.diff(self._edges[first : max(last, first + 1) + 1]).min())

    def extremes(self, stop: float, count: int) -> tuple[Array, Array]:
        """Smallest and largest integral of `count` components up to a time, with some room."""
        self.reach(stop)
        edges = np.minimum(self._edges, stop)
        times = edges[:-1] + np.linspace(0.0, 1.0, 33)[:, None] * np.diff(edges)
        values = self.integral(times)[:count].reshape(count, -1)
        low, high = np.minimum(values.min(axis=1), 0.0), np.maximum(values.max(axis=1), 0.0)
        return low - _ROOM * (high - low), high + _ROOM * (high - low)
