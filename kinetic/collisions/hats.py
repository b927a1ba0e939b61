"""Hat functions of the energy, averaged over the cells of a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinetic.device import Device
from kinetic.errors import InputError
from kinetic.grid import Array

_POINTS = {0: 1, 1: 16, 2: 5, 3: 3}  # of the product rule along an axis, by their number
_MEMORY = 4 * 2**30  # bytes


def energy_ranges(energy: Array) -> Array:
    """Half the change of energy across a cell along every axis.  (..., A, B, C) → (3, level)"""
    out = np.zeros((3, *energy.shape))
    for axis in range(3):
        along = energy.ndim - 3 + axis
        if energy.shape[along] > 1:
            out[axis] = 0.5 * np.abs(np.gradient(energy, axis=along))
    return out.reshape(3, -1)


def averaged_hats(
    energy: Array, ranges: Array, lower: float, spacing: float, axes: int, device: Device
) -> tuple[NDArray[np.int32], NDArray[np.int64], Array]:
    """⟨hat((ε - E_n)/ΔE)⟩ over every cell, along which the energy is linear.

    Parameters
    ----------
    energy, ranges
        Energies at the centres, and half their change across the cell along each axis; (level,),
        (3, level).
    lower, spacing
        E₀ and ΔE.
    axes
        Number of axes along which there are several cells.
    device
        Where loops run.

    Returns
    -------
    The first shell of every level, where its hats begin among all, and those.

    Raises
    ------
    InputError
        If they would take too much memory.
    """
    from kinetic.kernels.shells import count_hats, fill_hats

    first, count = np.zeros(energy.size, np.int32), np.zeros(energy.size, np.int32)
    small = energy.size < 4096
    device.launch(count_hats, first, count, energy, ranges, lower, spacing, small=small)
    offset = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    need = 8 * int(offset[-1]) + 60 * energy.size
    if need > _MEMORY:
        raise InputError(
            f"[collisions] energy shells of this grid take {need / 2**30:.1f} GiB, more than "
            f"the {_MEMORY / 2**30:.0f} GiB allowed: take fewer cells or sites, or bands that "
            "are the same at every site."
        )
    value = np.zeros(int(offset[-1]))
    points, shares = np.polynomial.legendre.leggauss(_POINTS[axes])
    arguments = (energy, ranges, points, 0.5 * shares, lower, spacing)
    device.launch(fill_hats, value, first, offset, *arguments, small=small)
    return first, offset, value
