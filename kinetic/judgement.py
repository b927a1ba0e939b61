"""States that must stop a run, said with cell, term and remedy."""

from __future__ import annotations

import numpy as np

from kinetic.errors import PhysicsError
from kinetic.grid import Array
from kinetic.mesh import Mesh


def place(mesh: Mesh, index: int, shape: tuple[int, ...]) -> tuple[int, str]:
    """First index (band or valley) and the momentum of a flat index, in words."""
    first, *cell = np.unravel_index(index, shape)
    where = ", ".join(
        f"{axis.name} = {axis.centres[cell[slot]]:.4g}"
        for axis, slot in zip(mesh.grid.momentum, mesh.slots, strict=True)
    )
    return int(first), where


def require_positive_density(dressing: Array, mesh: Mesh, time: float) -> None:
    """Refuse a D_s = 1 ± ½F that is not positive outside the glued cells.

    Raises
    ------
    PhysicsError
        Naming the cell and what to do.
    """
    size = np.abs(dressing)
    worst = float(size.max())
    if worst < 2.0:
        return
    valley, where = place(mesh, int(np.argmax(size)), dressing.shape)
    raise PhysicsError(
        f"D_s = 1 - q_s b·B_k reaches {1.0 - 0.5 * worst:.3g} at {where} (valley {valley}, "
        f"t = {time:.6g}): the magnetic length is shorter than the distance to the gap "
        "closing; lower B, or enlarge the glued ball with [equation] node_radius."
    )


def require_numbers(u: Array, mesh: Mesh, time: float) -> None:
    """Refuse a state that is not finite.

    Raises
    ------
    PhysicsError
        Naming band, cell and what to do.
    """
    if np.isfinite(float(u.sum())):
        return
    band, where = place(mesh, int(np.argmin(np.isfinite(u))), u.shape)
    raise PhysicsError(
        f"after t = {time:.6g} the {'upper' if band % 2 else 'lower'} band of valley "
        f"{band // 2} is not a number at {where}: the transport term has become unstable; "
        "lower [time] courant, or use scheme = 'mp5'."
    )
