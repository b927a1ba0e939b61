"""Berry flux through the faces of momentum cells from link variables.

    Φ(face) = ∫ B_k·dS = 2 arg ∏ ⟨u_a|u_{a+1}⟩      around the face

The sum over the faces of a closed surface is then a multiple of 4π to rounding: the discrete
Bianchi identity, Chern numbers and monopole charges are exact.  Where one phase per face would
alias, the face is divided and its neighbours share the divided edges.

Source: Fukui, Hatsugai and Suzuki, J. Phys. Soc. Jpn. 74, 1674 (2005), Eqs. (7)-(9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kinetic.bands import direction, spinor
from kinetic.errors import PhysicsError
from kinetic.grid import Array

Complex = NDArray[np.complex128]
VectorField = Callable[[Sequence[Array]], Array]  # d(k) for one array per dimension
FINEST = 128
_SUSPECT_PHASE, _SUSPECT_OVERLAP = 0.6, 0.9
_BATCH = 200_000


def closed(values: Array, periodic: Sequence[bool]) -> Array:
    """Repeat the first corner behind the last one along periodic axes (last axes)."""
    dimensions = len(periodic)
    for axis, wraps in enumerate(periodic):
        if wraps:
            at = values.ndim - dimensions + axis
            values = np.concatenate([values, np.take(values, [0], axis=at)], axis=at)
    return values


class Plaquettes:
    """Berry fluxes through all faces of a k grid at one instant.

    Parameters
    ----------
    edges
        Cell edges of each momentum axis.
    periodic
        Which axes close on themselves.
    vector
        d(k); called with broadcastable coordinate arrays.
    """

    def __init__(
        self, edges: Sequence[Array], periodic: Sequence[bool], vector: VectorField
    ) -> None:
        self.edges, self.periodic, self.vector = edges, periodic, vector
        self.dimensions = len(edges)
        axes = [e[:-1] if wraps else e for e, wraps in zip(edges, periodic, strict=True)]
        corner = vector(np.meshgrid(*axes, indexing="ij", sparse=True))
        self.spinors = spinor(closed(corner, periodic))
        self.links = [self._link(axis) for axis in range(self.dimensions)]

    def _link(self, axis: int) -> Complex:
        count = self.spinors.shape[axis + 1]
        here = np.take(self.spinors, range(count - 1), axis=axis + 1)
        ahead = np.take(self.spinors, range(1, count), axis=axis + 1)
        chord = np.conj(here[0]) * ahead[0] + np.conj(here[1]) * ahead[1]
        # m runs along a curve, the link along the great circle that cuts its corner.  The area
        # between them is 4/3 of the triangle with the midpoint, up to h⁵.
        middle = spinor(self._midpoints(axis))
        out = np.conj(here[0]) * middle[0] + np.conj(here[1]) * middle[1]
        back = np.conj(middle[0]) * ahead[0] + np.conj(middle[1]) * ahead[1]
        detour = np.angle(out * back * np.conj(chord))
        return np.asarray(chord * np.exp(1j * (4.0 / 3.0) * detour))

    def _midpoints(self, axis: int) -> Array:
        """d at the middle of every edge along an axis.  (3, edges)"""
        axes = []
        for other, (edges, wraps) in enumerate(zip(self.edges, self.periodic, strict=True)):
            if other == axis:
                axes.append(0.5 * (edges[1:] + edges[:-1]))
            else:
                axes.append(edges[:-1] if wraps else edges)
        values = self.vector(np.meshgrid(*axes, indexing="ij", sparse=True))
        return closed(values, [w and i != axis for i, w in enumerate(self.periodic)])

    def _around(self, a: int, b: int) -> Complex:
        """Products of links around the faces spanned by the axes a and b."""
        la, lb = self.links[a], self.links[b]
        nb, na = la.shape[b], lb.shape[a]
        bottom, top = np.take(la, range(nb - 1), axis=b), np.take(la, range(1, nb), axis=b)
        left, right = np.take(lb, range(na - 1), axis=a), np.take(lb, range(1, na), axis=a)
        return np.asarray(bottom * right * np.conj(top) * np.conj(left))

    def _suspect(self, a: int, b: int) -> NDArray[np.bool_]:
        la, lb = np.abs(self.links[a]) ** 2, np.abs(self.links[b]) ** 2
        nb, na = la.shape[b], lb.shape[a]
        weakest = np.minimum(
            np.minimum(
                np.take(la, range(nb - 1), axis=b), np.take(la, range(1, nb), axis=b)
            ),
            np.minimum(
                np.take(lb, range(na - 1), axis=a), np.take(lb, range(1, na), axis=a)
            ),
        )
        phase = np.abs(np.angle(self._around(a, b)))
        return np.asarray((weakest < _SUSPECT_OVERLAP) | (phase > _SUSPECT_PHASE))

    def fluxes(self, strict: bool = True) -> dict[tuple[int, int], Array]:
        """Φ through the faces spanned by each pair of axes (a, b), oriented a × b.

        Raises
        ------
        PhysicsError
            If `strict` and a face cannot be resolved: a node lies practically on it.  Its flux
            is otherwise one of the two values that differ by 4π.
        """
        n = self.dimensions
        pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
        suspects = {pair: np.argwhere(self._suspect(*pair)) for pair in pairs}
        if not any(len(faces) for faces in suspects.values()):
            return {pair: 2.0 * np.angle(self._around(*pair)) for pair in pairs}
        original = [link.copy() for link in self.links]
        parts = 4
        while True:
            self.links = [link.copy() for link in original]
            self._divide_edges(suspects, parts)
            resolved = {
                pair: self._divided(pair, faces, parts) for pair, faces in suspects.items()
            }
            if all(largest < np.pi / 2 for _, largest in resolved.values()):
                break
            parts *= 2
            if parts > FINEST and not strict:
                break
            if parts > FINEST:
                raise PhysicsError(
                    f"the Berry flux through a cell face is not resolved by {FINEST}² parts: "
                    "a gap closing lies on the face; change the number of cells or shift the "
                    "grid so that nodes lie inside cells."
                )
        out = {}
        for pair, faces in suspects.items():
            flux = 2.0 * np.angle(self._around(*pair))
            flux[tuple(faces.T)] = resolved[pair][0]
            out[pair] = flux
        return out

    def _coordinates(self, axis: int, index: NDArray[np.intp], parts: int) -> Array:
        """Coordinates of the dividing points of edges along an axis.  (edge, parts + 1)"""
        low, high = self.edges[axis][index], self.edges[axis][index + 1]
        fraction = np.linspace(0.0, 1.0, parts + 1)
        return np.asarray(low[:, None] * (1.0 - fraction) + high[:, None] * fraction)

    def _divide_edges(
        self, suspects: dict[tuple[int, int], NDArray[np.intp]], parts: int
    ) -> None:
        """Replace the links of suspect faces by products of links along divided edges."""
        for axis in range(self.dimensions):
            marked = np.zeros(self.links[axis].shape, dtype=bool)
            for pair, faces in suspects.items():
                if axis in pair and len(faces):
                    other = pair[1] if pair[0] == axis else pair[0]
                    marked[tuple(faces.T)] = True
                    shifted = faces.copy()
                    shifted[:, other] += 1
                    marked[tuple(shifted.T)] = True
            for other in range(self.dimensions):
                if other != axis and self.periodic[other]:
                    seam = np.take(marked, 0, axis=other) | np.take(marked, -1, axis=other)
                    index: list[slice | int] = [slice(None)] * self.dimensions
                    for end in (0, -1):
                        index[other] = end
                        marked[tuple(index)] = seam
            edges = np.argwhere(marked)
            if not len(edges):
                continue
            k = [
                self._corner(other, edges[:, other])[:, None]
                for other in range(self.dimensions)
            ]
            k[axis] = self._coordinates(axis, edges[:, axis], parts)
            path = spinor(self.vector(np.broadcast_arrays(*k)))
            path[:, :, 0] = self.spinors[(slice(None), *edges.T)]
            ahead = edges.copy()
            ahead[:, axis] += 1
            path[:, :, -1] = self.spinors[(slice(None), *ahead.T)]
            steps = np.einsum("sep,sep->ep", np.conj(path[:, :, :-1]), path[:, :, 1:])
            self.links[axis][tuple(edges.T)] = np.prod(steps, axis=1)

    def _corner(self, axis: int, index: NDArray[np.intp]) -> Array:
        """Coordinate of corners; the seam of a periodic axis has one coordinate."""
        edges = self.edges[axis]
        if self.periodic[axis]:
            index = index % (len(edges) - 1)
        return np.asarray(edges[index])

    def _divided(
        self, pair: tuple[int, int], faces: NDArray[np.intp], parts: int
    ) -> tuple[Array, float]:
        """Fluxes of divided faces and the largest phase of a part."""
        a, b = pair
        fluxes, largest = np.zeros(len(faces)), 0.0
        batch = max(1, _BATCH // (parts + 1) ** 2)
        for start in range(0, len(faces), batch):
            chosen = faces[start : start + batch]
            k = [
                self._corner(other, chosen[:, other])[:, None, None]
                for other in range(self.dimensions)
            ]
            k[a] = self._coordinates(a, chosen[:, a], parts)[:, :, None]
            k[b] = self._coordinates(b, chosen[:, b], parts)[:, None, :]
            u = spinor(self.vector(np.broadcast_arrays(*k)))
            along = np.einsum("sfij,sfij->fij", np.conj(u[:, :, :-1]), u[:, :, 1:])
            across = np.einsum("sfij,sfij->fij", np.conj(u[..., :-1]), u[..., 1:])
            around = (
                along[:, :, :-1]
                * across[:, 1:]
                * np.conj(along[:, :, 1:])
                * np.conj(across[:, :-1])
            )
            phases = np.angle(around)
            fluxes[start : start + batch] = 2.0 * phases.sum(axis=(1, 2))
            if phases.size:
                largest = max(largest, float(np.abs(phases).max()))
        return fluxes, largest


def cell_charges(fluxes: dict[tuple[int, int], Array]) -> Array:
    """Monopole charge of every cell, ∮B·dS/4π: an integer to rounding.  (kx, ky, kz)"""
    x, y, z = fluxes[(1, 2)], -fluxes[(0, 2)], fluxes[(0, 1)]
    return (np.diff(x, axis=0) + np.diff(y, axis=1) + np.diff(z, axis=2)) / (4.0 * np.pi)


def electric_fluxes(
    edges: Sequence[Array], before: Array, after: Array, axis: int
) -> Array:
    """∫∫ ℰ_k·dk dt over the edges along `axis` between two instants, from d on the corners.

    With Φ at both instants they obey Faraday's law Φ(after) - Φ(before) + ∮∫ℰ = 0 modulo 4π
    per face, to rounding.
    """
    del edges
    early, late = spinor(before), spinor(after)
    count = early.shape[axis + 1]
    here, ahead = range(count - 1), range(1, count)

    def overlap(one: Array, two: Array) -> Complex:
        return np.asarray(np.conj(one[0]) * two[0] + np.conj(one[1]) * two[1])

    e0, e1 = (np.take(early, part, axis=axis + 1) for part in (here, ahead))
    l0, l1 = (np.take(late, part, axis=axis + 1) for part in (here, ahead))
    around = overlap(e0, e1) * overlap(e1, l1) * overlap(l1, l0) * overlap(l0, e0)
    return np.asarray(2.0 * np.angle(around))


__all__ = ["Plaquettes", "cell_charges", "closed", "direction", "electric_fluxes"]
