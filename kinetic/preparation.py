"""From an initial state to arrays: cell averages, what waits beyond open faces, the evolved u."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kinetic.averages import box_averages
from kinetic.equation import Equation
from kinetic.flow import Flow
from kinetic.geometry import Geometry
from kinetic.gluing import Glue
from kinetic.grid import Array
from kinetic.initial import FromFile, Initial, Points, grand_potential
from kinetic.kernels import BOLTZMANN, DRESSED
from kinetic.mesh import GHOSTS, Mesh


def _extended(initial: Initial, flow: Flow) -> Array:
    """Cell averages of the occupation with ghost layers on open axes, by slots.

    Gauss-Legendre quadrature of order 6 in one and two dimensions, 4 in three.
    """
    mesh = flow.mesh
    if isinstance(initial, FromFile):
        cells = initial.cells((len(flow.geometries), 2, *mesh.grid.shape))
        f = cells.reshape(-1, *mesh.shape)
        width = [(0, 0)] + [
            (0, 0) if mesh.periodic[slot] else (GHOSTS, GHOSTS) for slot in range(3)
        ]
        return np.pad(f, width, mode="edge")
    lower, upper = [], []
    for axis in mesh.grid.momentum:
        edges = np.asarray(axis.edges) if axis.periodic else axis.extended_edges(GHOSTS)
        lower.append(edges[:-1])
        upper.append(edges[1:])

    def average(valley: int, geometry: Geometry) -> Array:
        def occupation(k: Sequence[Array]) -> Array:
            return initial.occupation(Points(k, geometry.energies(k, flow.time, flow.b), valley))

        return box_averages(occupation, lower, upper, 3 if mesh.dimensions < 3 else 2)

    f = np.concatenate([average(v, g) for v, g in enumerate(flow.geometries)])
    shape = [1, 1, 1]
    for slot, size in zip(mesh.slots, f.shape[1:], strict=True):
        shape[slot] = size
    return f.reshape(-1, *shape)


def inside_and_beyond(
    extended: Array, mesh: Mesh, glue: Sequence[Glue], filled: bool
) -> tuple[Array, dict[int, Array]]:
    """F of the cells and the inflow of the open faces of each slot, from averages with ghosts.

    `glue`: per patch; `filled`: whether a filled lower and an empty upper band flow in.

    Returns
    -------
    occupation
        (patch·band, A, B, C); glued cells hold the mean of their bands.
    inflow
        Per open slot: (patch·band, side, ghost layer, other slots).
    """
    inside = [slice(None)] + [
        slice(None) if mesh.periodic[slot] else slice(GHOSTS, -GHOSTS) for slot in range(3)
    ]
    f = np.ascontiguousarray(extended[tuple(inside)])
    for patch, glue_ in enumerate(glue):
        if len(glue_.cells):
            pair = f[2 * patch : 2 * patch + 2].reshape(2, -1)
            pair[:, glue_.cells] = pair[:, glue_.cells].mean(axis=0)
    inflow: dict[int, Array] = {}
    for slot in mesh.slots:
        if mesh.periodic[slot]:
            continue
        sides = []
        for part in (slice(0, GHOSTS), slice(-GHOSTS, None)):
            pick = list(inside)
            pick[slot + 1] = part
            sides.append(np.moveaxis(extended[tuple(pick)], slot + 1, 1))
        inflow[slot] = np.stack(sides, axis=1)
        if filled:
            inflow[slot][0::2], inflow[slot][1::2] = 1.0, 0.0
    return f, inflow


def prepared(initial: Initial, flow: Flow, equation: Equation) -> tuple[Array, dict[int, Array]]:
    """Averages of f at the start and the inflow of the open faces, see `inside_and_beyond`."""
    extended = _extended(initial, flow)
    return inside_and_beyond(extended, flow.mesh, flow.glue, equation.inflow == "filled")


def density_of(
    f: Array,
    dressing: Array,
    level: int,
    factors: Sequence[Array] | None,
    smooth: NDArray[np.uint8],
) -> Array:
    """u of given cell averages of the occupation: g = D f, n_s = f_s + ¼F(f_+ - f_-), or f.

    `factors`: product-rule factors of each slot, so that ⟨D f⟩ is of fourth order, or None;
    `smooth`: where F has no jump.
    """
    if level == BOLTZMANN:
        return f.copy()
    both = np.repeat(dressing, 2, axis=0)
    sign = np.where(np.arange(len(f)) % 2 == 1, 1.0, -1.0)[:, None, None, None]
    if level == DRESSED:
        first, second = 0.5 * sign * both, f
    else:
        first, second = 0.25 * both, np.repeat(f[1::2] - f[0::2], 2, axis=0)
    u = f + first * second
    if factors is None:
        return u
    flat = np.repeat(smooth, 2, axis=0)
    for slot, factor in enumerate(factors):
        shape = [1, 1, 1]
        shape[slot] = -1
        steps = [
            np.roll(x, -1, axis=slot + 1) - np.roll(x, 1, axis=slot + 1) for x in (first, second)
        ]
        u += flat * factor.reshape(shape) * steps[0] * steps[1]
    return u


def steady_leak(initial: Initial, flow: Flow) -> Array:
    """What the split-off equilibrium sends through each outer face: ∮G(ε̄) b·dl, G′ = f_FD.

    Its flux is a circulation: it moves nothing inside, and the six faces add up to zero.  (6,)
    """
    potential = np.empty_like(flow.corners)
    for valley in range(len(flow.geometries)):
        reservoir = initial.reservoir(valley)
        assert reservoir is not None
        pair = slice(2 * valley, 2 * valley + 2)
        potential[pair] = grand_potential(flow.corners[pair], *reservoir)
    circulating = flow.circulation(potential)
    leak = np.zeros(6)
    for slot in flow.mesh.slots:
        if not flow.mesh.periodic[slot]:
            ends = np.moveaxis(flow.faces(circulating, slot), slot + 1, 0)
            leak[2 * slot], leak[2 * slot + 1] = -ends[0].sum(), ends[-1].sum()
    return leak
