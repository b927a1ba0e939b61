"""Gap closings: where |d(k)| = 0, in which cell, and which cells are glued around them.

A band-projected theory breaks down where ħ|b||B_k| ~ 1; there the two bands share one
occupation: what enters on the lower band re-emerges on the upper one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError
from kinetic.grid import Array, Axis, Grid
from kinetic.hamiltonians.base import Hamiltonian

_EDGE = 1e-6  # a node nearer than this many cell widths to a face lies on it
_BLOCK = 200_000


@dataclass(frozen=True)
class Node:
    """A point where the bands touch.

    Parameters
    ----------
    valley
        Index of the valley.
    position
        k of the node, units of momentum.
    cell
        Index of the cell that holds it.
    charge
        Monopole charge ∮B·dS/4π (0 for an accidental touching in two dimensions).
    """

    valley: int
    position: tuple[float, ...]
    cell: tuple[int, ...]
    charge: int = 0

    @property
    def label(self) -> str:
        """Position in words."""
        return "(" + ", ".join(f"{x:.4g}" for x in self.position) + ")"


def _candidates(hamiltonian: Hamiltonian, valley: int, axes: Sequence[Axis], t: float) -> Array:
    """Centres of cells in which |d| may vanish: |d| <= Σ (h_i/2)|∂_i d| at the centre."""
    grids = np.meshgrid(*(axis.centres for axis in axes), indexing="ij")
    widths = np.meshgrid(*(axis.widths for axis in axes), indexing="ij")
    points = np.stack([grid.ravel() for grid in grids])
    sizes = np.stack([width.ravel() for width in widths])
    found = []
    for start in range(0, points.shape[1], _BLOCK):
        k = points[:, start : start + _BLOCK]
        jet = hamiltonian.jet(valley, list(k), t)
        slope = np.linalg.norm(jet.vector_gradient, axis=1)
        reach = np.einsum("i...,i...->...", sizes[:, start : start + _BLOCK], slope)
        near = np.linalg.norm(jet.vector, axis=0) <= 0.75 * reach
        found.append(k[:, near])
    return np.concatenate(found, axis=1).T


def _refine(
    hamiltonian: Hamiltonian, valley: int, guesses: Array, reach: Array, t: float
) -> Array:
    """Gauss-Newton from every guess at once; returns the points where |d| vanishes."""
    k = guesses.copy()
    for _ in range(120):
        jet = hamiltonian.jet(valley, list(k.T), t)
        slope = np.moveaxis(jet.vector_gradient, -1, 0)  # (point, dim, 3)
        residual = np.moveaxis(jet.vector, -1, 0)
        step = np.einsum("pij,pj->pi", np.linalg.pinv(np.swapaxes(slope, 1, 2)), residual)
        longest = np.max(np.abs(step) / reach, axis=1, keepdims=True)
        step /= np.maximum(1.0, longest)
        k -= step
        if np.all(np.abs(step) <= 1e-13 * reach):
            break
    gap = np.linalg.norm(hamiltonian.values(valley, list(k.T), t)[1], axis=0)
    inside = np.all(np.abs(k - guesses) <= 2.5 * reach, axis=1)
    scale = np.linalg.norm(hamiltonian.values(valley, list(guesses.T), t)[1], axis=0)
    return np.asarray(k[(gap <= 1e-9 * np.maximum(scale, 1e-300)) & inside])


def find_positions(
    hamiltonian: Hamiltonian, valley: int, axes: Sequence[Axis], t: float
) -> list[Array]:
    """Positions of all gap closings inside the grid."""
    guesses = _candidates(hamiltonian, valley, axes, t)
    if not len(guesses) or len(guesses) > 20_000:
        return []
    reach = np.array([axis.widths.max() for axis in axes])
    positions: list[Array] = []
    for k in _refine(hamiltonian, valley, guesses, reach, t):
        wrapped = k.copy()
        for i, axis in enumerate(axes):
            if axis.periodic:
                wrapped[i] = axis.edges[0] + (k[i] - axis.edges[0]) % axis.length
                if axis.edges[-1] - wrapped[i] < _EDGE * reach[i]:
                    wrapped[i] = axis.edges[0]
            elif not axis.edges[0] <= k[i] <= axis.edges[-1]:
                break
        else:
            if all(np.max(np.abs(wrapped - known) / reach) > 1e-3 for known in positions):
                positions.append(wrapped)
    return sorted(positions, key=tuple)


def _on_face(axis: Axis, k: float) -> bool:
    edges = np.asarray(axis.edges)
    return bool(np.min(np.abs(edges - k)) <= _EDGE * axis.widths.max())


def settle(hamiltonian: Hamiltonian, grid: Grid, t: float) -> tuple[Grid, list[str]]:
    """A grid on which every gap closing lies inside a cell, and what was done to get it.

    Periodic axes are shifted by half a cell.

    Raises
    ------
    InputError
        If a node lies on a face of an open axis; the nearest cell counts that avoid it are
        named.
    """
    notes: list[str] = []
    for valley in range(len(hamiltonian.valleys())):
        for position in find_positions(hamiltonian, valley, grid.momentum, t):
            for axis, k in zip(grid.momentum, position, strict=True):
                if not _on_face(axis, k):
                    continue
                if axis.periodic:
                    shift = 0.5 * float(axis.widths[0])
                    grid = grid.replace(axis.shifted(shift))
                    notes.append(
                        f"axis {axis.name} was shifted by half a cell ({shift:.6g}): a gap "
                        f"closing at {axis.name} = {k:.6g} lay on a cell face"
                    )
                    settled, more = settle(hamiltonian, grid, t)
                    return settled, notes + more
                odd = axis.cells + 1 if axis.cells % 2 == 0 else axis.cells + 2
                raise InputError(
                    f"[grid] {axis.name}: a gap closing at {axis.name} = {k:.6g} lies on a "
                    f"face of a cell, where the Berry flux is not defined; take "
                    f"{odd if axis.cells % 2 == 0 else axis.cells + 1} cells"
                    f"{f' or {axis.cells - 1}' if axis.cells > 1 else ''}, or move lower/upper."
                )
    return grid, notes


def find_nodes(
    hamiltonian: Hamiltonian, grid: Grid, charges: Sequence[Array | None], t: float
) -> list[Node]:
    """Nodes of all valleys with their cells and, in three dimensions, monopole charges."""
    nodes = []
    for valley in range(len(hamiltonian.valleys())):
        charged = charges[valley]
        places = []
        for position in find_positions(hamiltonian, valley, grid.momentum, t):
            cell = tuple(
                int(np.clip(np.searchsorted(axis.edges, k, side="right") - 1, 0, axis.cells - 1))
                for axis, k in zip(grid.momentum, position, strict=True)
            )
            places.append((position, cell))
        claimed = [cell for _, cell in places]
        for position, cell in places:
            if charged is None:
                charge = 0
            elif claimed.count(cell) == 1 and abs(charged[cell]) > 0.5:
                charge = round(float(charged[cell]))
            else:  # several nodes share the cell, or it lies on a face: sign det ∂d tells
                point = [np.array([x]) for x in position]
                slope = hamiltonian.jet(valley, point, t).vector_gradient[:, :, 0]
                charge = int(np.sign(np.linalg.det(slope)))
            nodes.append(Node(valley, tuple(map(float, position)), cell, charge))
        if charged is None:
            continue
        for found in np.argwhere(np.abs(charged) > 0.5):
            cell = tuple(int(i) for i in found)
            if cell not in claimed:
                centre = tuple(
                    float(axis.centres[i]) for axis, i in zip(grid.momentum, cell, strict=True)
                )
                nodes.append(Node(valley, centre, cell, round(float(charged[cell]))))
    return nodes


def distance(node: Node, grid: Grid) -> Array:
    """|k - k_node| of every cell centre, the short way round periodic axes.  (*k)"""
    squared = np.zeros(())
    for axis, k in zip(grid.momentum, node.position, strict=True):
        apart = axis.centres - k
        if axis.periodic:
            apart = (apart + 0.5 * axis.length) % axis.length - 0.5 * axis.length
        squared = squared[..., None] + apart**2
    return np.sqrt(squared)


def node_shares(nodes: Sequence[Node], grid: Grid) -> list[Array]:
    """Share of every cell in each node: 1 where the node is nearest, ties divided.  (*k)"""
    distances = [distance(node, grid) for node in nodes]
    smallest = min(float(axis.widths.min()) for axis in grid.momentum)
    shares = []
    for index, node in enumerate(nodes):
        rivals = [i for i, other in enumerate(nodes) if other.valley == node.valley]
        nearest = np.min([distances[i] for i in rivals], axis=0) + 1e-9 * smallest
        near = {i: distances[i] <= nearest for i in rivals}
        shares.append(near[index] / np.sum(list(near.values()), axis=0))
    return shares


def _around(node: Node, grid: Grid) -> list[tuple[int, ...]]:
    """The cell of a node and those nearer to it than a third of their width."""
    choices = []
    for axis, k, index in zip(grid.momentum, node.position, node.cell, strict=True):
        near = [index]
        low, high = axis.edges[index], axis.edges[index + 1]
        for distance, beside in ((k - low, index - 1), (high - k, index + 1)):
            if axis.periodic:
                beside %= axis.cells
            if 0 <= beside < axis.cells and distance < axis.widths[index] / 3.0:
                near.append(beside)
        choices.append(near)
    return list(itertools.product(*choices))


def glued_cells(
    nodes: Sequence[Node],
    valley: int,
    grid: Grid,
    strength: Array,
    radius: float | None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Flat cell indices of one valley that are glued, and the index of the nearest node.

    Parameters
    ----------
    nodes
        All nodes.
    valley
        Valley looked at.
    grid
        The grid.
    strength
        ħ|b||B_k| of every cell over its limit; cells above 1 are glued.  (*k)
    radius
        Radius of the glued ball; None takes `strength` instead.
    """
    own = [(index, node) for index, node in enumerate(nodes) if node.valley == valley]
    if not own:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    apart = np.stack([distance(node, grid) for _, node in own])
    nearest = np.argmin(apart, axis=0)
    glued = strength >= 1.0 if radius is None else np.min(apart, axis=0) <= radius
    for order, (_, node) in enumerate(own):
        for cell in _around(node, grid):
            glued[cell] = True
            nearest[cell] = order
    cells = np.flatnonzero(glued)
    index = np.array([index for index, _ in own], dtype=np.intp)
    return cells, index[nearest.ravel()[cells]]


def node_rate(nodes: Sequence[Node], hamiltonian: Hamiltonian, grid: Grid, t: float) -> float:
    """Fastest motion of a node in cells per time, from J·k̇ = -∂ₜd at the node."""
    fastest = 0.0
    for node in nodes:
        jet = hamiltonian.jet(node.valley, [np.array([x]) for x in node.position], t)
        slope = jet.vector_gradient[:, :, 0].T
        velocity = -np.linalg.pinv(slope) @ jet.vector_rate[:, 0]
        for axis, speed in zip(grid.momentum, velocity, strict=True):
            fastest = max(fastest, abs(float(speed)) / float(axis.widths.min()))
    return fastest
