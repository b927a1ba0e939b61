"""Weights of momentum sums: cell averages of velocities, curvatures and their products.

With u given as cell averages, ∫ u w = Σ [V⟨u⟩⟨w⟩ + V (h²/12) ∂u·∂w] + O(h⁴) (`product_rule`).
Averages of w come from the cell faces, so that they telescope and a filled band is exact:

    V⟨∂_jε⟩ = ∮ ε dS_j      V⟨v·B⟩ = ∮ (ε - ε_node) B·dS      V⟨∂δε·B⟩ = ∮ δε B·dS
    V⟨B_j⟩ = ½h_j(Φ_j₊ + Φ_j₋) + Σ_{i≠j} [∫(k_j - c_j)B_i dS]₋⁺ - 4πχ(k_node - c)_j

The last line is ∮(k_j - c_j) B·dS with the Berry fluxes Φ of the links and c the centre of
the cell: the fluxes quantise, the node's place within its cell is taken into account.  F is
cut to [-1, 1] as in ε̄, where the expansion ends, so that all weights are finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kinetic import bands
from kinetic.averages import box_averages
from kinetic.grid import Array, Axis
from kinetic.mesh import Mesh
from kinetic.nodes import Node, find_nodes

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.hamiltonians.base import Jet

Index = NDArray[np.intp]
Field = Callable[[Sequence[Array]], Array]
_ORDERS = {1: 1, 2: 6, 3: 2}  # Gauss points per direction of a face
_INSIDE = {1: 6, 2: 4, 3: 2}  # of a cell; even, so that a node in the centre is no point
_REFINED, _REACH = 10, 2  # Gauss points near nodes, and how many cells that is
_KEPT_BYTES = 300 * 2**20
_SLAB = 250_000


def product_rule(mesh: Mesh, values: Array) -> Array:
    """V⟨u⟩ and what the product rule adds: Σ out·⟨w⟩ = ∫ u w + O(h⁴).  (..., *k)"""
    volumes = mesh.grid.volumes
    out = values * volumes
    for direction, slot in enumerate(mesh.slots):
        shape = [1] * mesh.dimensions
        shape[direction] = -1
        axis = direction - mesh.dimensions
        factor = mesh.products[slot][0].reshape(shape) * volumes
        slope = factor * (np.roll(values, -1, axis) - np.roll(values, 1, axis))
        out += np.roll(slope, 1, axis) - np.roll(slope, -1, axis)
    return out


def averaged_product(mesh: Mesh, one: Array, other: Array) -> Array:
    """⟨ab⟩ = ⟨a⟩⟨b⟩ + (h²/12) ∂a·∂b + O(h⁴) of every cell.  (..., *k)"""
    out = one * other
    for direction, slot in enumerate(mesh.slots):
        shape = [1] * mesh.dimensions
        shape[direction] = -1
        axis = direction - mesh.dimensions
        steps = [np.roll(x, -1, axis) - np.roll(x, 1, axis) for x in (one, other)]
        out += mesh.products[slot][0].reshape(shape) * steps[0] * steps[1]
    return np.asarray(out)


def dot(weight: Array, content: Array) -> Array:
    """Σ over bands and cells of content·w for each component.  w (i, ...) → (i,)"""
    return np.asarray((weight * content).reshape(len(weight), -1).sum(axis=1))


def rows_of(contents: Array, rows: slice, mesh: Mesh) -> Array:
    """Rows of the first k axis.  (..., *k) → (..., *rows)"""
    index: tuple[Any, ...] = (Ellipsis, rows, *[slice(None)] * (mesh.dimensions - 1))
    return np.asarray(contents[index])


def dots(weight: Array, contents: Array) -> Array:
    """Σ over cells for each component and site.  w (i, *k), u (*sites, *k) → (i, site)"""
    cells = int(np.prod(weight.shape[1:], dtype=int))
    return np.asarray(weight.reshape(-1, cells) @ contents.reshape(-1, cells).T)


class Weights:
    """Cell averages of the weights of one valley.

    Parameters
    ----------
    evolution, valley
        The system and which valley of it.
    parts
        Which weights: 'group' ∂ε_s (dim, band, *k), 'moment' ∂δε (dim, *k), 'curvature' B_k
        (3, *k), 'chiral' v_s·B_k (band, *k), 'shifted' ∂δε·B_k (1, *k), 'rescaling' F v̄ and
        ¼F ∂Δ (2·dim, *k), 'texture' ℰ_k (3, *k), 'magnetisation' ¼Δ ħB_k (3, *k), 'gradient' its
        product with ½ħB_k (9, *k).
    b
        The field in δε and F; None takes that of a homogeneous system.
    """

    def __init__(
        self, evolution: Evolution, valley: int, parts: Sequence[str], b: Array | None = None
    ) -> None:
        self.evolution, self.valley, self.parts = evolution, valley, tuple(parts)
        self.mesh, self.system = evolution.mesh, evolution.system
        self.axes = self.system.grid.momentum
        self.dimensions = len(self.axes)
        self.geometry = evolution.flow.geometries[valley]
        self.hbar = self.system.equation.hbar
        self.b = b
        self.static = not evolution.flow.geometry_moves
        sizes = {
            "group": 2 * self.dimensions,
            "moment": self.dimensions,
            "curvature": 3,
            "chiral": 2,
            "shifted": 1,
            "rescaling": 2 * self.dimensions,
            "texture": 3,
            "magnetisation": 3,
            "gradient": 9,
        }
        self._shape = tuple(axis.cells for axis in self.axes)
        cells = int(np.prod(self._shape))
        total = 8 * cells * sum(sizes[part] for part in parts) * self.system.valleys
        self._keep = self.static and total <= _KEPT_BYTES
        self._kept: list[tuple[slice, dict[str, Array]]] = []
        self._topology: tuple[tuple[Array, ...], list[Node]] | None = None

    def slabs(self, time: float) -> Iterator[tuple[slice, dict[str, Array]]]:
        """Rows of the first axis and the weights of their cells."""
        if self._kept:
            yield from self._kept
            return
        if self._topology is None or not self.static:
            self._topology = self._fluxes(time)
        b = self.system.fields.magnetic(time) if self.b is None else self.b
        others = int(np.prod(self._shape[1:], dtype=int))
        step = max(1, _SLAB // others)
        for start in range(0, self.axes[0].cells, step):
            rows = slice(start, min(start + step, self.axes[0].cells))
            entry = rows, self._slab(rows, time, b)
            if self._keep:
                self._kept.append(entry)
            yield entry

    # --- one slab -------------------------------------------------------------------------

    def _fluxes(self, time: float) -> tuple[tuple[Array, ...], list[Node]]:
        """Berry fluxes through all faces (or cells, in 2D) and the nodes."""
        if not {"curvature", "chiral", "shifted"} & set(self.parts):
            return (), []
        fluxes = self.geometry.fluxes(time)
        if not isinstance(fluxes, tuple):
            return (fluxes,), []
        if self.static:
            return fluxes, [n for n in self.evolution.flow.nodes if n.valley == self.valley]
        charges: list[Array | None] = [None] * self.system.valleys
        charges[self.valley] = self.geometry.charges(fluxes)
        found = find_nodes(self.system.hamiltonian, self.system.grid, charges, time)
        return fluxes, [node for node in found if node.valley == self.valley]

    def _slab(self, rows: slice, time: float, b: Array) -> dict[str, Array]:
        out: dict[str, Array] = {}
        faces = self._on_faces(rows, time, b)
        widths = [axis.widths for axis in self.axes]
        widths[0] = widths[0][rows]
        volume = np.ones(())
        for width in widths:
            volume = volume[..., None] * width

        def step(direction: int, component: int) -> Array:
            return np.diff(faces[direction][component], axis=direction)

        def per_width(direction: int) -> Array:
            shape = [1] * self.dimensions
            shape[direction] = -1
            return widths[direction].reshape(shape)

        directions = range(self.dimensions)
        if "group" in self.parts:
            out["group"] = np.stack(
                [np.stack([step(i, 0), step(i, 1)]) / per_width(i) for i in directions]
            )
        if "moment" in self.parts:
            out["moment"] = np.stack([-step(i, 2) / per_width(i) for i in directions])
        if "curvature" in self.parts:
            out["curvature"] = self._curvature(rows, faces, volume)

        def through(component: int) -> Array:
            parts = [step(i, component) * volume / per_width(i) for i in directions]
            return np.asarray(np.sum(parts, axis=0))

        if "chiral" in self.parts:
            net, chiral = through(3), np.stack([through(7), through(8)])
            for node in self._nodes(rows):
                cell = (node.cell[0] - rows.start, *node.cell[1:])
                jet = self.geometry.jet([np.array(x) for x in node.position], time)
                chiral[(slice(None), *cell)] -= float(jet.scalar) * net[cell]
            out["chiral"] = chiral / volume
        if "shifted" in self.parts:
            out["shifted"] = -through(9)[None] / volume
        if "rescaling" in self.parts:
            out["rescaling"] = self._inside(rows, time, lambda jet: _rescaling(jet, b, self.hbar))
        if "texture" in self.parts:
            out["texture"] = self._inside(rows, time, bands.fictitious_electric)
        if "magnetisation" in self.parts:
            moment = self._inside(rows, time, bands.magnetic_moment)
            out["magnetisation"] = self.hbar * moment
        if "gradient" in self.parts:
            out["gradient"] = 0.5 * self.hbar**2 * self._inside(rows, time, _moment_flux)
        return out

    def _nodes(self, rows: slice) -> list[Node]:
        assert self._topology is not None
        return [node for node in self._topology[1] if rows.start <= node.cell[0] < rows.stop]

    def _curvature(self, rows: slice, faces: Sequence[Array], volume: Array) -> Array:
        """Cell averages of B_k from link fluxes.  (3, *k)"""
        assert self._topology is not None
        fluxes = self._topology[0]
        out = np.zeros((3, *volume.shape))
        if self.dimensions == 2:
            out[2] = fluxes[0][rows] / volume
            return out
        for j in range(3):
            first = slice(rows.start, rows.stop + 1) if j == 0 else rows
            flux = fluxes[j][first]
            ends = [np.arange(side, flux.shape[j] - 1 + side) for side in (0, 1)]
            both = np.sum([np.take(flux, end, axis=j) for end in ends], axis=0)
            shape = [1, 1, 1]
            shape[j] = -1
            inside = rows if j == 0 else slice(None)
            width = self.axes[j].widths[inside].reshape(shape)
            centre = self.axes[j].centres[inside].reshape(shape)
            total = 0.5 * width * both
            for i in range(3):
                if i == j:
                    continue
                normal = self.axes[i].widths[rows if i == 0 else slice(None)]
                area = volume / normal.reshape([-1 if axis == i else 1 for axis in range(3)])
                moment, mean = (np.diff(faces[i][c], axis=i) for c in (4 + j, 3))
                total += area * (moment - centre * mean)
            for node in self._nodes(rows):
                cell = (node.cell[0] - rows.start, *node.cell[1:])
                offset = node.position[j] - self.axes[j].centres[node.cell[j]]
                total[cell] -= 4.0 * np.pi * node.charge * offset
            out[j] = total / volume
        return out

    # --- averages --------------------------------------------------------------------------

    def _on_faces(self, rows: slice, time: float, b: Array) -> list[Array]:
        """Averages over the faces normal to every direction; near nodes by a finer rule.

        Components: ε_-, ε_+, -δε; in 3D with curvature also B_i, k_x B_i, k_y B_i, k_z B_i,
        ε_- B_i, ε_+ B_i, -δε B_i.
        """
        needed = {"group", "moment", "chiral", "shifted"} & set(self.parts)
        curved = self.dimensions == 3 and {"curvature", "chiral", "shifted"} & set(self.parts)
        if not needed and not curved:
            return []
        out = []
        for normal in range(self.dimensions):
            cells = [np.arange(axis.cells + int(d == normal)) for d, axis in enumerate(self.axes)]
            cells[0] = np.arange(rows.start, rows.stop + int(normal == 0))

            def function(k: Sequence[Array], normal: int = normal) -> Array:
                jet = self.geometry.jet(k, time)
                return self._components(jet, k, b, normal, bool(curved))

            whole = self._average(function, normal, cells, _ORDERS[self.dimensions])
            assert self._topology is not None
            near = self._topology[1] or self.evolution.flow.nodes
            for node in (node for node in near if node.valley == self.valley):
                chosen = [
                    _around(axis, node.cell[d], d == normal, cells[d])
                    for d, axis in enumerate(self.axes)
                ]
                if all(len(index) for index in chosen):
                    finer = self._average(function, normal, chosen, _REFINED)
                    chosen[0] = chosen[0] - rows.start
                    for component, values in zip(whole, finer, strict=True):
                        component[np.ix_(*chosen)] = values
            out.append(whole)
        return out

    def _average(self, function: Field, normal: int, cells: Sequence[Index], order: int) -> Array:
        lower, upper = [], []
        for direction, (axis, index) in enumerate(zip(self.axes, cells, strict=True)):
            edges = np.asarray(axis.edges)
            lower.append(edges[index])
            upper.append(edges[index] if direction == normal else edges[index + 1])
        return box_averages(function, lower, upper, order)

    def _components(
        self, jet: Jet, k: Sequence[Array], b: Array, normal: int, curved: bool
    ) -> Array:
        gap = bands.half_gap(jet)
        rows = [jet.scalar - gap, jet.scalar + gap]
        berry = np.zeros((3, *gap.shape))
        if "moment" in self.parts or curved:
            with np.errstate(invalid="ignore", divide="ignore"):
                berry = np.nan_to_num(bands.curvature(jet), posinf=0.0, neginf=0.0)
        rows.append(0.5 * gap * np.clip(self.hbar * np.einsum("i,i...->...", b, berry), -1, 1))
        if curved:
            flux = berry[normal]
            rows += [flux, *(x * flux for x in k), *(row * flux for row in rows[:3])]
        return np.stack(rows)

    def _inside(self, rows: slice, time: float, weight: Callable[[Jet], Array]) -> Array:
        """Averages over cells of a function of the jet."""
        edges = [np.asarray(axis.edges) for axis in self.axes]
        lower, upper = [e[:-1] for e in edges], [e[1:] for e in edges]
        lower[0], upper[0] = lower[0][rows], upper[0][rows]

        def function(k: Sequence[Array]) -> Array:
            with np.errstate(invalid="ignore", divide="ignore"):
                value = weight(self.geometry.jet(k, time))
            return np.asarray(np.nan_to_num(value, posinf=0.0, neginf=0.0))

        return box_averages(function, lower, upper, _INSIDE[self.dimensions])


def _around(axis: Axis, cell: int, faces: bool, present: Index) -> Index:
    """Indices of cells or faces near a cell, those that are present."""
    index = np.arange(cell - _REACH, cell + _REACH + 1 + int(faces))
    if axis.periodic:
        index = index % axis.cells
        if faces and 0 in index:
            index = np.append(index, axis.cells)
    return np.intersect1d(index, present)


def _moment_flux(jet: Jet) -> Array:
    """M_m B_l at 3m + l.  (9, S)"""
    flux = bands.curvature(jet)
    products = np.einsum("m...,l...->ml...", bands.magnetic_moment(jet), flux)
    return np.asarray(products.reshape(9, *flux.shape[1:]))


def _rescaling(jet: Jet, b: Array, hbar: float) -> Array:
    """F v̄ and ¼F ∂Δ.  (2·dim, S)"""
    field = hbar * np.einsum("i,i...->...", b, bands.curvature(jet))
    field = np.clip(field, -1.0, 1.0)
    slope = np.einsum("i...,ai...->a...", jet.vector, jet.vector_gradient)
    slope = slope / bands.half_gap(jet)
    return np.concatenate([field * jet.scalar_gradient, 0.5 * field * slope])
