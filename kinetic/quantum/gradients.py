"""Skew-adjoint derivatives along the axes of phase space.

Spectral on periodic axes; on open ones centred differences of sixth order,

    ∂u ≈ (1/h) Σ_j c_j (u_{+j} − u_{-j}) ,   c = (45, −9, 1)/60 ,

with nothing beyond the ends of the array.  Both are antisymmetric matrices: Σ a Du = −Σ u Da, and
the sum of Du over an open axis is what passes through its two ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from kinetic.grid import Array, Axis

REACH = 3
"""Neighbours on either side that a difference along an open axis takes."""
_WEIGHTS = (0.75, -0.15, 1.0 / 60.0)
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
    """

    axis: Axis
    place: int
    workers: int | None = None

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
        return np.asarray(2.0 * np.pi / self.axis.length * np.arange((self.axis.cells + 1) // 2))

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
