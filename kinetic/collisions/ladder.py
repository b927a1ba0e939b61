"""Levels of equal distance to which the cells of a grid belong by their energies.

    rate j → i = S_nm b(E_n - E_m) p_n(ε_i) r_m(ε_j) ,
    p_n = 2φ_n/(1 + e^{(ε - E_n)/T}) ,   r_m = 2φ_m/(1 + e^{-(ε - E_m)/T})

with the shares φ_n of linear interpolation between the levels, Σφ_n = 1, and
b(x) = |1/(e^{x/T} - 1)|, N quanta absorbed (x > 0) or N + 1 emitted (x < 0).  For a symmetric S
the rates of i → j and j → i have the ratio e^{(ε_i - ε_j)/T} of the energies of the cells
themselves, so that the Fermi function of these energies is a fixed point, pair by pair, at any
width of the levels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.kernels.phonons import settle

_MOST = 2000  # levels: the rates between them are a matrix
_COLD = 0.5  # distances of levels


class Ladder:
    """The levels of every patch (a site of real space in one valley).

    Parameters
    ----------
    energy
        Energies that the cells are counted by.  (patch·band, cell)
    temperatures
        T of the bath.  (patch,)
    step
        Distance of the levels.

    Attributes
    ----------
    bottom
        Energy of the lowest level.  (patch,)
    count
        Number of levels.
    level
        Index of the level below a cell.  (patch·band, cell)
    take, emit
        p and r of the levels below and above a cell.  (patch·band, cell, 2)
    """

    def __init__(self, energy: Array, temperatures: Array, step: float) -> None:
        self.step = step
        patches = len(temperatures)
        self.bottom = energy.reshape(patches, -1).min(axis=1) - 1e-9 * step
        highest = energy.reshape(patches, -1).max(axis=1)
        self.count = int(np.ceil(np.max((highest - self.bottom) / step))) + 2
        if self.count > _MOST:
            raise InputError(
                f"[collisions] phonon_bath: {self.count} energy levels {step:.3g} apart would be "
                f"needed, more than the {_MOST} allowed; a coarser `spacing` or fewer energies "
                "on the grid are."
            )
        self.level: NDArray[np.int32] = np.zeros(energy.shape, dtype=np.int32)
        share = np.zeros(energy.shape)
        settle(self.level, share, energy, self.bottom, step)
        self.take, self.emit = np.empty((2, *energy.shape, 2))
        warmth = np.repeat(temperatures, 2)[:, None]
        with np.errstate(over="ignore"):
            for place, part in ((0, 1.0 - share), (1, share)):
                away = (place == 0) * share - (place == 1) * (1.0 - share)
                x = away * step / warmth
                self.take[..., place] = 2.0 * part * expit(-x)
                self.emit[..., place] = 2.0 * part * expit(x)


def quanta(x: Array, temperature: float) -> Array:
    """b(x) = |1/(e^{x/T} - 1)|, 0 at x = 0: N if |x| is absorbed (x > 0), N + 1 if emitted."""
    with np.errstate(over="ignore", divide="ignore"):
        found = np.abs(1.0 / np.expm1(np.asarray(x, dtype=float) / temperature))
    return np.where(x == 0.0, 0.0, found)


def sharpened(hops: Array, warmth: float) -> Array:
    """Factor of S that makes levels of finite width exchange what sharp ones would.

        1/c = ⟨(x/X)² sech(y/2T) sech(y′/2T)⟩ ,   x = X + y - y′

    over the offsets y, y′ of two cells from their levels, X apart: with c the power that
    electrons at 2T give up is that of the levels themselves, since there n_B(x/2T) - n_B(x/T)
    cancels the sinh(x/2T) of p r b.  For T below half the distance of the levels it goes over
    into the power that is given up spontaneously, 1/c = 1 + (2N + 1) ⟨2y tanh(y/2T)⟩/X.

    hops: X, and warmth: T, in units of the distance of the levels.
    """
    nodes, weights = np.polynomial.legendre.leggauss(40)
    y = 0.5 * (nodes + 1.0)
    hat = weights * (1.0 - y)
    sharp = 1.0 / np.cosh(0.5 * y / max(warmth, _COLD))
    mean, square = float(np.sum(hat * sharp)), float(np.sum(hat * sharp * y**2))
    hops = np.maximum(np.asarray(hops, dtype=float), 1.0)
    inverse = mean**2 + 2.0 * mean * square / hops**2
    if warmth < _COLD:
        lag = 2.0 * float(np.sum(hat * y * np.tanh(0.5 * y / warmth)))
        own = 1.0 + lag / (hops * np.tanh(0.5 * hops / warmth))
        part = warmth / _COLD
        inverse = part * inverse + (1.0 - part) * own
    return np.asarray(1.0 / inverse)


def coarseness(energy: Array) -> float:
    """Root mean square of the step of the energy from a cell to its neighbours.

    energy (row, A, B, C).
    """
    total = 0.0
    for axis in (1, 2, 3):
        if energy.shape[axis] > 1:
            total += float(np.mean(np.diff(energy, axis=axis) ** 2))
    return float(np.sqrt(total))
