"""The grid as the kernels see it: three slots, stencil coefficients, product-rule factors.

A patch is one site of real space in one valley; every patch has the same k cells.  One, two and
three momentum dimensions share one code path: kx, ky, kz occupy the slots

    1D: (-, -, kx)      2D: (kx, -, ky)      3D: (kx, ky, kz)

and an empty slot has one cell and no faces.  The last slot is contiguous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kinetic.grid import Array, Axis, Grid

GHOSTS = 3
SLOTS = {1: (2,), 2: (0, 2), 3: (0, 1, 2)}
_NEAREST = np.array([0, 0, 0.5, 0.5, 0, 0, 0, 0, 0.5, -0.5, 0, 0])
_LEFT = np.array([2.0, -13.0, 47.0, 27.0, -3.0, 0.0]) / 60.0


def face_coefficients(axis: Axis) -> Array:
    """Fifth-order face values from cell averages on any axis.

    The quartic whose integrals over five cells are the given averages, evaluated at the
    face; left- and right-biased values L and R are returned as (L + R)/2 and (L - R)/2.
    The outer faces of an open axis take the nearest cells alone: what crosses the cutoff is
    not reconstructed from the inside.
    (12, cells + 1): six coefficients of the mean, six of the half difference.
    """
    table = _inner_coefficients(axis)
    if not axis.periodic:
        for face in (0, -1):
            table[:, face] = _NEAREST
    return table


def _inner_coefficients(axis: Axis) -> Array:
    if axis.uniform:
        left, right = _LEFT, _LEFT[::-1]
        column = np.concatenate([(left + right) / 2, (left - right) / 2])
        return np.repeat(column[:, None], axis.cells + 1, axis=1)
    edges = axis.extended_edges(GHOSTS)
    table = np.empty((12, axis.cells + 1))
    for face in range(axis.cells + 1):
        local = edges[face : face + 2 * GHOSTS + 1] - edges[face + GHOSTS]
        left = np.append(_biased(local[:6]), 0.0)
        right = np.append(0.0, _biased(local[1:]))
        table[:, face] = np.concatenate([(left + right) / 2, (left - right) / 2])
    return table


def _biased(edges: Array) -> Array:
    """Weights of five cell averages for the value at coordinate 0 of their quartic."""
    powers = np.arange(1, 6)
    scale = np.ptp(edges)
    moments = np.diff((edges[:, None] / scale) ** powers, axis=0) / (
        np.diff(edges)[:, None] / scale * powers
    )
    return np.linalg.solve(moments.T, np.eye(5)[0])


def edge_weights(axis: Axis) -> Array:
    """Fourth-order mean over a cell from the values at its two edges and one beyond each.

    (4, cells): uniform cells have (-1, 13, 13, -1)/24.
    """
    if axis.uniform:
        return np.repeat(
            np.array([[-1.0], [13.0], [13.0], [-1.0]]) / 24.0, axis.cells, axis=1
        )
    edges = axis.extended_edges(1)
    table = np.empty((4, axis.cells))
    for cell in range(axis.cells):
        local = (edges[cell : cell + 4] - edges[cell + 1]) / (
            edges[cell + 2] - edges[cell + 1]
        )
        powers = np.arange(4)
        table[:, cell] = np.linalg.solve((local[:, None] ** powers).T, 1.0 / (powers + 1))
    return table


def product_factors(axis: Axis) -> Array:
    """Rows (g²/12, g²/12·h_i/h_{i+1}, g²/12·h_i/h_{i-1}) with g = h_i/(k_{i+1} - k_{i-1}).

    They turn differences over two cells into (h²/12) ∂a ∂b, the second term of
    ⟨ab⟩ = ⟨a⟩⟨b⟩ + (h²/12) ∂a·∂b + O(h⁴).
    Source: McCorquodale and Colella, Commun. Appl. Math. Comput. Sci. 6, 1 (2011), Eq. (15).
    At the ends of an open axis the difference is zero.  (3, cells)
    """
    if axis.cells < 2:
        return np.zeros((3, axis.cells))
    widths = np.diff(axis.extended_edges(1))
    here, after, before = widths[1:-1], widths[2:], widths[:-2]
    squared = (here / (0.5 * (before + after) + here)) ** 2 / 12.0
    if not axis.periodic:
        squared[0] = squared[-1] = 0.0
    return np.array([squared, squared * here / after, squared * here / before])


@dataclass(frozen=True)
class Mesh:
    """The momentum axes of a grid laid into three slots, and its sites in real space."""

    grid: Grid

    @property
    def sites(self) -> tuple[int, ...]:
        """Cells of the axes in real space; () in a homogeneous run."""
        return self.grid.sites

    @property
    def site_count(self) -> int:
        """Number of sites; 1 in a homogeneous run."""
        return int(np.prod(self.sites, dtype=int))

    @property
    def site_volume(self) -> float:
        """Volume of a site; 1 in a homogeneous run."""
        return float(self.grid.site_volume)

    @property
    def dimensions(self) -> int:
        """Number of momentum directions."""
        return self.grid.dimensions

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """Slot of each momentum axis."""
        return SLOTS[self.dimensions]

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Cells in each slot."""
        cells = [1, 1, 1]
        for slot, axis in zip(self.slots, self.grid.momentum, strict=True):
            cells[slot] = axis.cells
        return (cells[0], cells[1], cells[2])

    @cached_property
    def ghosts(self) -> tuple[int, int, int]:
        """Ghost cells on each side of each slot."""
        counts = [GHOSTS if slot in self.slots else 0 for slot in range(3)]
        return (counts[0], counts[1], counts[2])

    @cached_property
    def padded_shape(self) -> tuple[int, int, int]:
        """Cells with ghosts in each slot."""
        a, b, c = (n + 2 * g for n, g in zip(self.shape, self.ghosts, strict=True))
        return (a, b, c)

    @property
    def interior(self) -> tuple[slice, slice, slice]:
        """The cells without their ghosts."""
        a, b, c = (slice(g, g + n) for n, g in zip(self.shape, self.ghosts, strict=True))
        return (a, b, c)

    @cached_property
    def active(self) -> tuple[bool, bool, bool]:
        """Which slots hold an axis."""
        return (0 in self.slots, 1 in self.slots, 2 in self.slots)

    @cached_property
    def periodic(self) -> tuple[bool, bool, bool]:
        """Which slots wrap (empty slots do, trivially)."""
        flags = [True, True, True]
        for slot, axis in zip(self.slots, self.grid.momentum, strict=True):
            flags[slot] = axis.periodic
        return (flags[0], flags[1], flags[2])

    def _per_slot(
        self, empty: Array, values: Sequence[Array]
    ) -> tuple[Array, Array, Array]:
        rows = [empty, empty, empty]
        for slot, value in zip(self.slots, values, strict=True):
            rows[slot] = np.ascontiguousarray(value)
        return (rows[0], rows[1], rows[2])

    @cached_property
    def widths(self) -> tuple[Array, Array, Array]:
        """Cell widths of each slot; an empty slot has width 1."""
        return self._per_slot(np.ones(1), [axis.widths for axis in self.grid.momentum])

    @cached_property
    def faces(self) -> tuple[Array, Array, Array]:
        """Reconstruction coefficients of each slot, see `face_coefficients`."""
        return self._per_slot(
            np.zeros((12, 2)), [face_coefficients(axis) for axis in self.grid.momentum]
        )

    @cached_property
    def edges(self) -> tuple[Array, Array, Array]:
        """Edge-mean weights of each slot, see `edge_weights`."""
        return self._per_slot(
            np.array([[0.0], [1.0], [0.0], [0.0]]),
            [edge_weights(axis) for axis in self.grid.momentum],
        )

    @cached_property
    def products(self) -> tuple[Array, Array, Array]:
        """Product-rule factors of each slot, see `product_factors`."""
        return self._per_slot(
            np.zeros((3, 1)), [product_factors(axis) for axis in self.grid.momentum]
        )

    @cached_property
    def volumes(self) -> Array:
        """Cell volumes.  (A, B, C)"""
        a, b, c = self.widths
        return a[:, None, None] * b[None, :, None] * c[None, None, :]

    def field_slots(self, vector: Array) -> Array:
        """A Cartesian vector with its components in the order of the slots.

        Two dimensions have the slots (x, z, y): the field along z sits in the empty slot, and
        the handedness of (A, B, C) is restored by its sign in the kernels' b.
        """
        slotted = np.zeros(3)
        for direction, slot in enumerate(self.slots):
            slotted[slot] = vector[direction]
        return slotted

    def padded(self, array: Array) -> Array:
        """Ghosts added to the last three axes: wrapped where periodic, zero elsewhere."""
        out = np.zeros((*array.shape[:-3], *self.padded_shape))
        out[(..., *self.interior)] = array
        for slot in self.slots:
            if self.periodic[slot]:
                wrap(out, slot - 3, self.shape[slot], self.ghosts[slot])
        return out


def wrap(array: Array, axis: int, cells: int, ghosts: int) -> None:
    """Fill the ghosts of a periodic axis in place."""
    view = np.moveaxis(array, axis, 0)
    for ghost in range(ghosts):
        view[ghosts - 1 - ghost] = view[ghosts + (cells - 1 - ghost) % cells]
        view[ghosts + cells + ghost] = view[ghosts + ghost % cells]


def packed(rows: Sequence[Array]) -> Array:
    """Per-slot tables of different lengths in one array, padded by zeros.  (slot, ..., n)"""
    longest = max(row.shape[-1] for row in rows)
    out = np.zeros((len(rows), *rows[0].shape[:-1], longest))
    for slot, row in enumerate(rows):
        out[slot, ..., : row.shape[-1]] = row
    return out
