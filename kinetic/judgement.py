"""States that must stop a run, said with cell, term and remedy."""

from __future__ import annotations

import numpy as np

from kinetic.errors import PhysicsError
from kinetic.grid import Array
from kinetic.mesh import Mesh

_RUNAWAY = 100.0  # an occupation; overshoots of linear schemes and of n_s are far smaller


def place(mesh: Mesh, index: int, shape: tuple[int, ...], bands: int = 1) -> tuple[int, str]:
    """First index (valley·band) of a flat index, and where it lies in words.

    Parameters
    ----------
    mesh
        The grid.
    index, shape
        Flat index into an array of that shape, (valley·site·band, A, B, C).
    bands
        Bands of the array: 2, or 1 where it has none.
    """
    first, *cell = np.unravel_index(index, shape)
    patch, band = divmod(int(first), bands)
    valley, site = divmod(patch, mesh.site_count)
    sites = np.unravel_index(site, mesh.sites) if mesh.sites else ()
    spots = [(axis, n) for axis, n in zip(mesh.grid.space, sites, strict=True)]
    spots += [(a, cell[slot]) for a, slot in zip(mesh.grid.momentum, mesh.slots, strict=True)]
    where = ", ".join(f"{axis.name} = {axis.centres[n]:.4g}" for axis, n in spots)
    return bands * valley + band, where


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
    band, where = place(mesh, int(np.argmin(np.isfinite(u))), u.shape, 2)
    raise PhysicsError(
        f"after t = {time:.6g} the {'upper' if band % 2 else 'lower'} band of valley "
        f"{band // 2} is not a number at {where}: the transport term has become unstable; "
        "lower [time] courant, or use scheme = 'mp5'."
    )


def require_occupations(u: Array, time: float) -> None:
    """Refuse densities that have run away: occupations lie between 0 and 1.

    Raises
    ------
    PhysicsError
        Saying what to do.
    """
    size = max(float(u.max()), -float(u.min()))
    if size > _RUNAWAY:
        raise PhysicsError(
            f"at t = {time:.6g} the occupations have run away to {size:.3g}: collisions are "
            "faster than the step follows, or do not damp; take stepper = 'imex' or a smaller "
            "step, and see that an operator of your own states its largest rate."
        )
