"""Phase-space volume per time through the faces of (r, k) cells of one valley.

    W^{k_j} = ∫dS [ Σ_i δ_{k_i}(ε̄ P^{k_j k_i}) + Σ_i ∂_{x_i}(ε̄ P^{k_j x_i}) + ... ]
    W^{x_j} = ⟨ Σ_i δ_{k_i}(ε̄ P^{x_j k_i}) + Σ_i ∂_{x_i}(ε̄ P^{x_j x_i}) + ... ⟩

ε̄ P lives where two faces meet: on corners of the k cells, averaged over the directions that are
not named; δ_k is a difference of averages, ∂_x a sixth-order derivative at sites.  They commute
and P is antisymmetric, so the flow is free of divergence to rounding.  The dots are the drive e
and textures that move in time, to fourth order.  A geometry that does not depend on an axis has
one entry along it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kinetic.grid import Array
from kinetic.hamiltonians.base import SPACE, Hamiltonian
from kinetic.mesh import Mesh
from kinetic.potentials import Term
from kinetic.sites import derivative, extended, inside
from kinetic.twoform import Entry, TwoForm, momentum, position

_POINTS = 400_000


class Landscape:
    """Geometry of one valley over the sites of a grid.

    Parameters
    ----------
    hamiltonian, valley
        The model and the index of its valley.
    mesh
        The grid.
    hbar
        ħ, or 0 for a theory without Berry terms.
    along
        Names of the r axes on which the geometry depends.
    magnetic
        b(r, t), (3, *S) for coordinate arrays by name.
    potential
        Energy φ(r, t) added to both bands, or None.
    """

    def __init__(
        self,
        hamiltonian: Hamiltonian,
        valley: int,
        mesh: Mesh,
        hbar: float,
        along: frozenset[str],
        magnetic: Callable[[Mapping[str, Array], float], Array],
        potential: Callable[[Mapping[str, Array], float], Array] | None,
    ) -> None:
        self.hamiltonian, self.valley, self.mesh, self.hbar = hamiltonian, valley, mesh, hbar
        self.magnetic, self.potential = magnetic, potential
        self.space, self.axes = mesh.grid.space, mesh.grid.momentum
        self.dimensions = len(self.axes)
        self.weights = [mesh.edges[slot] for slot in mesh.slots]
        self.sites = [
            extended(axis) if axis.name in along else axis.centres[axis.cells // 2][None]
            for axis in self.space
        ]
        self.entries = tuple(len(x) for x in self.sites)

    # --- evaluation at corners ----------------------------------------------------------------

    def coordinates(self, index: NDArray[np.intp]) -> dict[str, Array]:
        """Positions of some entries, ready to be broadcast against k.  name → (entry, 1, ...)"""
        places = np.unravel_index(index, self.entries) if self.entries else ()
        shape = (-1, *[1] * self.dimensions)
        return {
            axis.name: x[place].reshape(shape)
            for axis, x, place in zip(self.space, self.sites, places, strict=True)
        }

    def blocks(self, t: float) -> Iterator[tuple[slice, TwoForm]]:
        """Entries in blocks, with the two-form on the corners of their k cells.

        There is one corner beyond each end; a periodic axis is evaluated once per corner.
        """
        points = []
        for axis in self.axes:
            edges = axis.extended_edges(1)
            points.append(edges[1:-2] if axis.periodic else edges)
        k = [x[None] for x in np.meshgrid(*points, indexing="ij", sparse=True)]
        for part in self.parts():
            r = self.coordinates(np.arange(part.start, part.stop))
            used = {name: x for name, x in r.items() if name in self.hamiltonian.space_names}
            jet = self.hamiltonian.jet(self.valley, k, t, used or None)
            b = self.magnetic(r, t)
            potential = 0.0 if self.potential is None else self.potential(r, t)
            yield part, TwoForm(jet, tuple(used), b, self.hbar, potential)

    def parts(self) -> list[slice]:
        """Entries that are evaluated together."""
        corners = int(np.prod([axis.cells + (0 if axis.periodic else 3) for axis in self.axes]))
        total = int(np.prod(self.entries, dtype=int))
        step = max(1, _POINTS // corners)
        return [slice(start, min(start + step, total)) for start in range(0, total, step)]

    def _closed(self, values: Array) -> Array:
        """Corners of periodic axes with those beyond the ends.  (entry, band, corners)"""
        for direction, axis in enumerate(self.axes):
            if axis.periodic:
                count = values.shape[2 + direction]
                values = np.take(values, np.arange(-1, count + 2) % count, axis=2 + direction)
        return values

    def _average(self, values: Array, faces: Sequence[int]) -> Array:
        """Means over the k cell edges of all directions, those of `faces` excepted."""
        for direction, weights in enumerate(self.weights):
            place = 2 + direction
            cells = weights.shape[1]
            if direction in faces:
                values = np.take(values, np.arange(1, cells + 2), axis=place)
                continue
            shape = [1] * values.ndim
            shape[place] = -1
            values = sum(
                weights[m].reshape(shape) * np.take(values, np.arange(m, m + cells), axis=place)
                for m in range(4)
            )
        return np.asarray(values)

    def averaged(self, form: TwoForm, value: Entry, faces: Sequence[int] = ()) -> Array | None:
        """Means of a quantity given at the corners of a block.  (entry, band, faces or cells)

        Quantities without a band, or equal in all entries, keep one entry there.
        """
        if value is None:
            return None
        corners = np.asarray(value, dtype=float)
        wanted = 2 + self.dimensions
        if corners.ndim == wanted - 1:
            corners = corners[:, None]
        corners = corners.reshape((1,) * (wanted - corners.ndim) + corners.shape)
        full = form.jet.scalar.shape[1:]
        corners = np.broadcast_to(corners, (*corners.shape[:2], *full))
        return self._average(self._closed(corners), faces)

    # --- sums ---------------------------------------------------------------------------------

    def _widths(self, direction: int) -> Array:
        shape = [1] * self.dimensions
        shape[direction] = -1
        return self.axes[direction].widths.reshape(shape)

    def area(self, direction: int) -> Array:
        """Area of the faces normal to a k axis, broadcastable.  (*k)"""
        area = np.ones([1] * self.dimensions)
        for other in range(self.dimensions):
            if other != direction:
                area = area * self._widths(other)
        return area

    def _empty(self, faces: int | None = None) -> Array:
        cells = [axis.cells + int(i == faces) for i, axis in enumerate(self.axes)]
        return np.zeros((int(np.prod(self.entries, dtype=int)), 2, *cells))

    def circulated(self, t: float, term: Term) -> tuple[list[Array], list[Array]]:
        """Σ_i ∂_i(term^{ji}): W^{x_j} of every r axis and W^{k_j} of every k axis.

        W^{x_j} has the layers of its own axis: (*sites, band, *k); W^{k_j} is integrated over the
        faces: (*sites, band, *faces).  `term(form, j, i)` is ε̄_s P_s^{ji} on corners.
        """
        names = [SPACE.index(axis.name) for axis in self.space]
        k = range(self.dimensions)
        real = [self._empty() for _ in names]
        crossed = {pair: self._empty() for pair in itertools.combinations(range(len(names)), 2)}
        mixed = {(n, j): self._empty(j) for n in range(len(names)) for j in k}
        inner = [self._empty(j) for j in k]
        seen: set[object] = set()

        def add(target: Array, part: slice, value: Array | None, key: object) -> None:
            if value is not None:
                target[part] += value
                seen.add(key)

        for part, form in self.blocks(t):
            for n, name in enumerate(names):
                for i in k:
                    value = self.averaged(form, term(form, position(name), momentum(i)), (i,))
                    if value is not None:
                        change = np.diff(value, axis=2 + i) / self._widths(i)
                        add(real[n], part, change, ("real", n))
                        add(mixed[n, i], part, -value, (n, i))
            for a, c in crossed:
                entry = term(form, position(names[a]), position(names[c]))
                add(crossed[a, c], part, self.averaged(form, entry), (a, c, "x"))
            for j in k:
                for i in k:
                    entry = None if i == j else term(form, momentum(j), momentum(i))
                    value = self.averaged(form, entry, (i, j))
                    if value is not None:
                        area = self.area(j) / self._widths(i)
                        add(inner[j], part, np.diff(value, axis=2 + i) * area, ("inner", j))
        return self._assembled(real, crossed, mixed, inner, seen)

    def _assembled(
        self,
        real: list[Array],
        crossed: dict[tuple[int, int], Array],
        mixed: dict[tuple[int, int], Array],
        inner: list[Array],
        seen: set[object],
    ) -> tuple[list[Array], list[Array]]:
        """Add the derivatives along r to the differences along k."""
        count = len(self.space)

        def trimmed(values: Array, kept: int | None) -> Array:
            values = values.reshape(*self.entries, *values.shape[1:])
            for place, axis in enumerate(self.space):
                if place != kept:
                    values = inside(values, axis, place)
            return values

        def slope(values: Array, place: int, kept: int | None) -> Array:
            values = values.reshape(*self.entries, *values.shape[1:])
            values = derivative(values, self.space[place], place)
            for other, axis in enumerate(self.space):
                if other not in (place, kept):
                    values = inside(values, axis, other)
            return values

        along = [trimmed(real[n], n) for n in range(count)]
        for (a, c), values in crossed.items():
            if (a, c, "x") in seen:
                along[a] = along[a] + slope(values, c, a)
                along[c] = along[c] - slope(values, a, c)
        faces = [trimmed(values, None) for values in inner]
        for (n, j), values in mixed.items():
            if (n, j) in seen and self.entries[n] > 1:
                faces[j] = faces[j] + self.area(j) * slope(values, n, None)
        return along, faces

    def gathered(
        self, t: float, quantity: Callable[[TwoForm], Entry], faces: int | None, keep: int | None
    ) -> Array | None:
        """Means of a quantity over k cells, or faces of one direction; None if it is zero.

        (*sites, 1 or band, *k); `keep`: the r axis whose layers stay.
        """
        pieces: list[Array | None] = []
        for part, form in self.blocks(t):
            value = self.averaged(form, quantity(form), () if faces is None else (faces,))
            if value is not None and value.shape[0] != part.stop - part.start:
                value = np.broadcast_to(value, (part.stop - part.start, *value.shape[1:]))
            pieces.append(value)
        shapes = [piece.shape[1:] for piece in pieces if piece is not None]
        if not shapes:
            return None
        whole = np.concatenate(
            [
                np.zeros((part.stop - part.start, *shapes[0])) if piece is None else piece
                for piece, part in zip(pieces, self.parts(), strict=True)
            ]
        )
        whole = whole.reshape(*self.entries, *whole.shape[1:])
        for place, axis in enumerate(self.space):
            if place != keep:
                whole = inside(whole, axis, place)
        return whole
