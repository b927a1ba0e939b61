"""What lies beyond the grid: ghost cells of periodic and open axes.

A wrap and a wall are one call; a neighbouring part of a divided grid will be a third case of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kinetic.grid import Array
from kinetic.mesh import GHOSTS, Mesh, wrap


def fill(f: Array, mesh: Mesh, inflow: Mapping[int, Array], faces: Mapping[int, Array]) -> None:
    """Fill the ghosts of a padded array in place.

    Parameters
    ----------
    f
        (valley·band, padded A, B, C).
    mesh
        The k grid.
    inflow
        Per open slot the values that wait beyond its faces: (valley·band, side, layer, others).
    faces
        Per open slot the velocities through its faces: where they point outwards the ghosts
        repeat the last cell.
    """
    for slot, values in inflow.items():
        _fill_open(f, mesh, slot, values, faces[slot])
    for slot in mesh.slots:
        if mesh.periodic[slot]:
            wrap(f, slot + 1, mesh.shape[slot], mesh.ghosts[slot])


def _fill_open(f: Array, mesh: Mesh, slot: int, values: Array, faces: Array) -> None:
    ends = np.moveaxis(f, slot + 1, 1)
    through = np.moveaxis(faces, slot + 1, 1)
    others = tuple(mesh.interior[other] for other in range(3) if other != slot)
    low, high = tuple(range(GHOSTS)), tuple(range(-GHOSTS, 0))
    for side, (ghosts, cell, face, outwards) in enumerate(
        ((low, GHOSTS, 0, -1.0), (high, -GHOSTS - 1, -1, 1.0))
    ):
        leaves = outwards * through[:, face] > 0.0
        last = ends[:, cell][(slice(None), *others)]
        for layer, index in enumerate(ghosts):
            ends[:, index][(slice(None), *others)] = np.where(
                leaves, last, values[:, side, layer]
            )


def put(padded: Array, mesh: Mesh, values: Mapping[int, Array]) -> None:
    """Write given values into the ghosts of open slots, and wrap the periodic ones."""
    for slot, value in values.items():
        ends = np.moveaxis(padded, slot + 1, 1)
        index = [slice(None), slice(None)]
        index += [mesh.interior[other] for other in range(3) if other != slot]
        ends[:, :GHOSTS][tuple(index)] = value[:, 0]
        ends[:, -GHOSTS:][tuple(index)] = value[:, 1]
    fill(padded, mesh, {}, {})
