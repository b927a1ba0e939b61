"""Skew-adjoint derivatives along the axes of phase space.

Spectral on periodic axes; on open ones centred differences of sixth order,

    ∂u ≈ (1/h) Σ_j c_j (u_{+j} − u_{-j}) ,   c = (45, −9, 1)/60 ,

with nothing beyond the ends of the array.  Both are antisymmetric matrices: Σ a Du = −Σ u Da, and
the sum of Du over an open axis is what passes through its two ends.

Where a velocity U varies along its own axis, D(Un) feeds modes that the cells fold back, and
these would grow.  Along periodic axes modes above `kept` are then left out, so that none folds
back onto the others (Orszag, J. Atmos. Sci. 28, 1074 (1971)); along open ones the sixth
difference damps them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from kinetic.grid import Array, Axis

REACH = 3
"""Neighbours on either side that a difference along an open axis takes."""
_WEIGHTS = (0.75, -0.15, 1.0 / 60.0)
_NOTHING = 1e-12  # of the largest mode of a coefficient
_LARGEST = 1.5861  # of 2 Σ c_j sin jθ, at θ = 1.93


@dataclass(frozen=True)
class Derivative:
    """D: ∂ along one axis of arrays, of the order and end conditions of its grid axis.

    Parameters
    ----------
    axis
        The axis; its cells are equal.
    place
        Which axis of the arrays it is, from the end (−1 is the last).
    workers
        Threads of the Fourier transforms.
    kept
        The highest mode along a periodic axis that is not left out; None keeps all.
    """

    axis: Axis
    place: int
    workers: int | None = None
    kept: int | None = None

    @property
    def spectral(self) -> bool:
        """Whether it is taken in Fourier space."""
        return self.axis.periodic

    @property
    def width(self) -> float:
        """The cell width h."""
        return self.axis.length / self.axis.cells

    @property
    def largest(self) -> float:
        """The norm of D."""
        if not self.spectral:
            return _LARGEST / self.width
        return float(self.waves[-1]) if self.axis.cells > 2 else 0.0

    @property
    def waves(self) -> Array:
        """Wave numbers κ that have a derivative: the mode at the edge of the band has none."""
        count = (self.axis.cells + 1) // 2
        if self.kept is not None:
            count = min(count, self.kept + 1)
        return np.asarray(2.0 * np.pi / self.axis.length * np.arange(count))

    def __call__(self, values: Array) -> Array:
        """∂ of arrays (..., cells, ...)."""
        if not self.spectral:
            return self._difference(values)
        return self.together(values, None)

    def together(self, first: Array, second: Array | None) -> Array:
        """∂u + ∂²w in one, w with as many leading entries as the last ones of u.

        Parameters
        ----------
        first
            u.  (n, ...)
        second
            w, or None.  (m <= n, ...)
        """
        if not self.spectral:
            if second is not None:
                first[len(first) - len(second) :] += self._difference(second)
            return self._difference(first)
        place, cells = self.place, self.axis.cells
        waves = np.zeros(cells // 2 + 1)
        waves[: len(self.waves)] = self.waves
        waves = waves.reshape(-1, *[1] * (-place - 1))
        modes = scipy.fft.rfft(first, axis=place, workers=self.workers)
        modes *= 1j * waves
        if second is not None:
            more = scipy.fft.rfft(second, axis=place, workers=self.workers)
            more *= waves**2
            modes[len(first) - len(second) :] -= more
        return np.asarray(
            scipy.fft.irfft(modes, cells, axis=place, overwrite_x=True, workers=self.workers)
        )

    def project(self, values: Array) -> Array:
        """The same without the modes that are left out."""
        if self.kept is None:
            return values
        modes = scipy.fft.rfft(values, axis=self.place, workers=self.workers)
        np.moveaxis(modes, self.place, 0)[self.kept + 1 :] = 0.0
        return np.asarray(
            scipy.fft.irfft(modes, self.axis.cells, axis=self.place, workers=self.workers)
        )

    def bandwidth(self, values: Array) -> int:
        """The highest mode of a coefficient along a periodic axis."""
        if values.shape[self.place] == 1:
            return 0
        modes = np.moveaxis(np.abs(scipy.fft.rfft(values, axis=self.place)), self.place, 0)
        size = modes.reshape(len(modes), -1).max(axis=1)
        return int(np.flatnonzero(size > _NOTHING * size.max())[-1])

    def damped(self, values: Array) -> Array:
        """δ⁶u/64 along an open axis: −sin⁶(½κh) u of a wave.  Zero near the ends of the array."""
        out = np.zeros_like(values)
        lines, found = (np.moveaxis(a, self.place, 0) for a in (values, out))
        found[REACH:-REACH] = np.diff(lines, 2 * REACH, axis=0) / 4**REACH
        return out

    def damped_through(self, values: Array, first: int, last: int) -> tuple[Array, Array]:
        """−h δ⁵u/64 at the two ends of a range of cells: the flux of `damped`; see `through`."""
        lines = np.moveaxis(values, self.place, 0)
        ends = [
            -self.width * np.diff(lines[end - REACH : end + REACH], 2 * REACH - 1, axis=0)[0]
            for end in (first, last)
        ]
        return ends[0] / 4**REACH, ends[1] / 4**REACH

    def _difference(self, values: Array) -> Array:
        out = np.zeros_like(values)
        lines, found = (np.moveaxis(a, self.place, 0) for a in (values, out))
        for j, weight in enumerate(_WEIGHTS, 1):
            share = weight / self.width
            found[:-j] += share * lines[j:]
            found[j:] -= share * lines[:-j]
        return out

    def through(self, flux: Array, first: int, last: int) -> tuple[Array, Array]:
        """What Σ D flux over the cells first .. last − 1 sends through the two ends of these.

        The sum of the lines; the difference upper − lower is Σ h D flux.

        Parameters
        ----------
        flux
            With at least three more cells beyond either end.
        first, last
            The range of cells.
        """
        lines = np.moveaxis(flux, self.place, 0)
        ends = []
        for end in (first, last):
            total = np.zeros(lines.shape[1:])
            for j, weight in enumerate(_WEIGHTS, 1):
                total += weight * lines[end - j : end + j].sum(axis=0)
            ends.append(total)
        return ends[0], ends[1]
