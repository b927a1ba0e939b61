"""Velocities along lines that move as a whole, and how far the others are from that."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.grid import Array
from kinetic.mesh import Mesh
from kinetic.velocities import FaceModes


def rigid(flow: Any, mesh: Mesh, n: int) -> tuple[Array, float]:
    """Speed along one axis at the lower ends of its lines, and how far it varies along them.

    Parameters
    ----------
    flow
        Velocities, of a homogeneous run or in real space.
    mesh
        The grid, equally spaced.
    n
        Which axis: those of real space first.

    Returns
    -------
    speed
        Cells per time.  (valley, *sites, band, A, B, C), of length 1 along the axis, and along
        axes of real space on which nothing depends.
    apart
        Largest variation along a line (an upper bound of it); 0 if lines move as a whole.
    """
    space = len(mesh.sites)
    if n < space:
        first, apart = _along(flow, n)
        unit = float(mesh.grid.space[n].widths[0])
    else:
        first, apart = _through(flow, mesh, mesh.slots[n - space])
        unit = float(mesh.volumes.flat[0])
    return first / unit, apart / unit


def _along(flow: Any, n: int) -> tuple[Array, float]:
    """D_s ẋ_s at the first sites of an r axis."""
    stream, apart = flow.carriers[1][n], 0.0
    if stream.varies:
        apart = float(np.ptp(flow.spread(stream, n), axis=1 + n).max())
    first = flow.spread(stream, n, slice(0, 1))
    one = tuple(slice(0, 1 if stride == 0 else None) for stride in first.strides)
    return first[one], apart


def _through(flow: Any, mesh: Mesh, slot: int) -> tuple[Array, float]:
    """Volume per time through the first faces of a k axis."""
    held = flow.carriers[0] if mesh.sites else flow.w
    if isinstance(held, FaceModes):
        first = held.of_patches(slot, (0,))
        first = first if slot == 2 else first[..., 1:-1]
        weights = np.abs(held.factors[:, slot]).max(axis=0)
        spreads = [float(np.ptp(mode, axis=slot + 1).max()) for mode in held.modes[slot]]
        apart = float(weights @ spreads)
    else:
        whole = flow.faces(held, slot)
        first = np.take(whole, [0], axis=slot + 1)
        apart = float(np.ptp(whole, axis=slot + 1).max())
    return first.reshape(-1, *mesh.sites, 2, *first.shape[1:]), apart
