"""What a particle finds at every site: fields, geometry of the bands, D_s, glued cells.

Every site of the r grid holds its own k cells ("a patch" is a site of a valley).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError
from kinetic.geometry import Geometry
from kinetic.gluing import Glue, Gluing
from kinetic.grid import SPACE, Array
from kinetic.landscape import Landscape
from kinetic.mesh import Mesh
from kinetic.nodes import Node
from kinetic.potentials import SIGNS
from kinetic.sites import derivative, extended, inside
from kinetic.system import System
from kinetic.twoform import TwoForm


class Terrain:
    """Fields, geometries and densities of states of all patches.

    Parameters
    ----------
    system
        What is simulated.
    mesh
        Its grid.
    start, stop
        Time span of the run.

    Attributes
    ----------
    landscapes, geometries
        Geometry over (r, k), and over k alone, of every valley.
    links, curvature
        Berry fluxes through the k faces and averages of B_k over k cells, of a Hamiltonian that
        is the same everywhere.
    glue, glued, nodes
        Glued cells of every patch, and the gap closings that all sites share.
    """

    def __init__(self, system: System, mesh: Mesh, start: float, stop: float | None) -> None:
        self.system, self.mesh = system, mesh
        self.space = mesh.grid.space
        model, equation = system.hamiltonian, system.equation
        self.textured = model.textured
        self.fields: Any = system.fields.in_space(self.space)
        curved = mesh.dimensions > 1 or self.textured or model.time_dependent
        self.hbar = equation.hbar if equation.berry and curved else 0.0
        self.texture_moves = model.time_dependent
        self.b_moves = not self.fields.magnetic_constant
        self.e_moves = not (self.fields.drive_constant and self.fields.potential_constant)
        self.geometry_moves = self.texture_moves or self.b_moves
        self.moves = self.geometry_moves or self.e_moves
        self.time = start
        self.times = [start] if stop is None else np.linspace(start, stop, 17)
        self._open_landscapes()
        self.links: list[Any] = []
        self.curvature: Array | None = None
        self.measure(start)
        self._glue_nodes(start)

    @property
    def patches(self) -> int:
        """Sites times valleys."""
        return self.system.valleys * self.mesh.site_count

    @property
    def b(self) -> Array:
        """B at the sites at the present time.  (3, *sites)"""
        return self.magnetic(self.time)

    @property
    def cells(self) -> list[int]:
        """Cells of every k axis."""
        return [axis.cells for axis in self.mesh.grid.momentum]

    @property
    def signs(self) -> Array:
        """The signs s of the bands, to be broadcast against k.  (band, 1, ...)"""
        return SIGNS.reshape(2, *[1] * self.mesh.dimensions)

    def direction(self, n: int) -> int:
        """Which of x, y, z an axis is."""
        return SPACE.index(self.space[n].name)

    def sites_first(self, values: Array) -> Array:
        """(*sites) with axes for the band and k behind."""
        return values.reshape(*values.shape, *[1] * (1 + self.mesh.dimensions))

    # --- set-up -----------------------------------------------------------------------------

    def _open_landscapes(self) -> None:
        fields, model = self.fields, self.system.hamiltonian
        along = set(model.space_names)
        if not fields.magnetic_uniform:
            along |= set(fields.space_names)
        potential = None
        if self.textured:
            along |= set(fields.space_names)
            potential = fields.potential_at
        self.landscapes = [
            Landscape(
                model, v, self.mesh, self.hbar, frozenset(along), fields.magnetic_at, potential
            )
            for v in range(self.system.valleys)
        ]
        self.geometries = [
            Geometry(model, v, self.mesh, self.hbar) for v in range(self.system.valleys)
        ]
        b = [np.abs(self.magnetic(t)) for t in self.times]
        self.largest_b = max(float(np.linalg.norm(x, axis=0).max()) for x in b)
        e = [self.force(t) for t in self.times]
        self.largest_e = max(float(np.linalg.norm(x, axis=0).max()) for x in e)

    def measure(self, t: float) -> None:
        """Berry fluxes of the k cells of a Hamiltonian that is the same everywhere."""
        if self.textured or not self.hbar or self.mesh.dimensions == 1:
            return
        self.links = [geometry.fluxes(t, t == self.time) for geometry in self.geometries]
        pairs = zip(self.geometries, self.links, strict=True)
        self.curvature = np.stack([g.cell_curvature(f) for g, f in pairs])

    def _glue_nodes(self, t: float) -> None:
        """Glue the cells around the nodes of every patch, in balls of the size that b has now."""
        patches = self.patches
        self.glued = np.zeros((patches, *self.mesh.shape), dtype=bool)
        self.glue = [Glue(np.zeros(0, np.intp), np.zeros(0, np.intp))] * patches
        self.nodes: list[Node] = []
        self.gluing: Gluing | None = None
        if not self.hbar or (self.mesh.dimensions == 1 and not self.textured):
            return
        if self.textured:
            self._glue_texture(t)
            return
        self.gluing = Gluing(self.system, self.mesh, self.geometries, self.hbar)
        self._follow(t)
        self.nodes = self.gluing.nodes
        if self.nodes and self.texture_moves and self.largest_b > 0.0:
            raise InputError(
                "[hamiltonian] nodes that move in time are followed in homogeneous runs only; "
                "keep them at rest, or drop the axes of real space."
            )

    def _follow(self, t: float) -> None:
        """The balls at time t, the same at every site; a quarter larger where b moves."""
        assert self.gluing is not None
        largest = float(np.linalg.norm(self.magnetic(t), axis=0).max())
        self.gluing.glue_time = t
        size = largest * (1.25 if self.b_moves else 1.0)
        self.gluing.update(t, size, self.b_moves, self.links)
        sites = self.mesh.site_count
        self.glue = [self.gluing.glue[patch // sites] for patch in range(self.patches)]
        self.glued[...] = np.repeat(self.gluing.glued, sites, axis=0)

    @property
    def glue_time(self) -> float:
        """When the glued cells were last chosen."""
        return 0.0 if self.gluing is None else self.gluing.glue_time

    @property
    def nodes_move(self) -> bool:
        """Whether glued balls have to follow a growing b; nodes themselves are at rest."""
        return bool(self.b_moves and self.nodes)

    def node_rate(self) -> float:
        """Fastest motion of a node in cells per time: they are at rest."""
        return 0.0

    def follow_nodes(self) -> bool:
        """Glue the balls of the present size; says whether any cell changed."""
        before = self.glued.copy()
        self._follow(self.time)
        return not np.array_equal(before, self.glued)

    def _glue_texture(self, t: float) -> None:
        """Glue the cells of a texture in which the expansion has no meaning.

        Where |F| >= 1, and in three k dimensions in and beside the cells of gap closings.
        """
        limit = 0.25 if self.system.equation.level == "projected" else 1.0
        field = self._field_of_texture(t)
        if field is not None:
            self.glued |= np.abs(field) >= limit
        if self.mesh.dimensions == 3:
            self.glued |= self._gap_closings(t)
        for patch in np.flatnonzero(self.glued.reshape(self.patches, -1).any(axis=1)):
            cells = np.flatnonzero(self.glued[patch].ravel())
            self.glue[patch] = Glue(cells, np.zeros(len(cells), np.intp))

    def _gap_closings(self, t: float) -> NDArray[np.bool_]:
        """Cells in which |d| may vanish, |d| <= Σ (h_i/2)|∂_i d|, and those beside them.

        (valley·site, A, B, C)
        """
        model, axes = self.system.hamiltonian, self.mesh.grid.momentum
        k = np.meshgrid(*(axis.centres for axis in axes), indexing="ij", sparse=True)
        found = np.zeros((self.system.valleys, self.mesh.site_count, *self.cells), dtype=bool)
        places = {n: np.broadcast_to(x, self.mesh.sites) for n, x in self.coordinates().items()}
        for site in range(self.mesh.site_count):
            r = {n: x.ravel()[site] for n, x in places.items() if n in model.space_names}
            for valley in range(self.system.valleys):
                jet = model.jet(valley, k, t, r)
                slope = np.linalg.norm(jet.vector_gradient, axis=1)
                widths = np.array([axis.widths.max() for axis in axes])
                reach = 0.5 * np.einsum("i,i...->...", widths, slope)
                near = np.linalg.norm(jet.vector, axis=0) <= reach
                for direction in range(len(axes) if near.any() else 0):
                    spread = near | np.roll(near, 1, direction) | np.roll(near, -1, direction)
                    near = spread
                found[valley, site] = near
        return found.reshape(self.patches, *self.mesh.shape)

    # --- fields and energies ------------------------------------------------------------------

    def coordinates(self, keep: int | None = None) -> dict[str, Array]:
        """Positions of the sites by name, broadcastable; `keep`: the axis with its layers."""
        found = {}
        for place, axis in enumerate(self.space):
            shape = [1] * len(self.space)
            shape[place] = -1
            x = extended(axis) if place == keep else axis.centres
            found[axis.name] = x.reshape(shape)
        return found

    def magnetic(self, t: float) -> Array:
        """B at the sites.  (3, *sites)"""
        b = np.asarray(self.fields.magnetic_at(self.coordinates(), t))
        return np.broadcast_to(b, (3, *self.mesh.sites))

    def force(self, t: float, keep: int | None = None, potential: bool = True) -> Array:
        """E = drive - ∂φ at the sites, ∂φ by the derivative of the grid.  (3, *sites)

        `keep`: the axis with its layers; the force along it is left out.
        """
        r = self.coordinates(keep)
        shape = np.broadcast_shapes(*(x.shape for x in r.values()))
        e = np.array(np.broadcast_to(self.fields.drive_at(r, t), (3, *shape)))
        if potential:
            wide = {}
            for place, axis in enumerate(self.space):
                form = [1] * len(self.space)
                form[place] = -1
                wide[axis.name] = extended(axis).reshape(form)
            phi = np.broadcast_to(
                self.fields.potential_at(wide, t), tuple(len(extended(a)) for a in self.space)
            )
            for place in range(len(self.space)):
                # Its slope is exactly 0 where it does not change, not a rounding of 0.
                if not np.any(np.ptp(phi, axis=place)):
                    phi = np.take(phi, [0], axis=place)
            for place, axis in enumerate(self.space):
                if place == keep:
                    continue
                slope = derivative(phi, axis, place)
                for other, second in enumerate(self.space):
                    if other not in (place, keep):
                        slope = inside(slope, second, other)
                e[SPACE.index(axis.name)] -= slope
        return e

    def energies(self, valley: int, k: Any, r: dict[str, Array]) -> Array:
        """ε̄_s without φ at points, at the present time.  (band, S)"""
        land = self.landscapes[valley]
        model = self.system.hamiltonian
        used = {name: x for name, x in r.items() if name in model.space_names}
        d = self.mesh.dimensions
        points = [x.reshape(*[1] * (d + 1 - x.ndim), *x.shape) for x in k]
        jet = model.jet(valley, points, self.time, used or None)
        b = np.asarray(self.fields.magnetic_at(r, self.time)) if self.hbar else np.zeros((3, 1))
        b = b.reshape(3, *[1] * (d + 2 - b.ndim), *b.shape[1:]) if b.ndim < d + 2 else b
        return TwoForm(jet, tuple(used), b, land.hbar).shifted_energies()

    def cell_energies(self) -> Array:
        """ε̄_s + φ at the centres of the k cells.  (valley·site·band, A, B, C)"""
        centres = [axis.centres for axis in self.mesh.grid.momentum]
        k = np.meshgrid(*centres, indexing="ij", sparse=True)
        r = {
            name: np.broadcast_to(x, self.mesh.sites).reshape(-1, *[1] * self.mesh.dimensions)
            for name, x in self.coordinates().items()
        }
        potential = np.asarray(self.fields.potential_at(r, self.time))
        shape = (2, self.mesh.site_count, *self.cells)
        found = [
            np.moveaxis(np.broadcast_to(self.energies(v, k, r) + potential, shape), 0, 1)
            for v in range(self.system.valleys)
        ]
        return np.concatenate(found).reshape(-1, *self.mesh.shape)

    # --- densities ------------------------------------------------------------------------------

    def _field_of_texture(self, t: float) -> Array | None:
        parts = [land.gathered(t, TwoForm.field, None, None) for land in self.landscapes]
        if all(part is None for part in parts):
            return None
        shape = (*self.mesh.sites, *self.cells)
        band = -1 - self.mesh.dimensions
        full = [
            np.zeros(shape) if part is None else np.broadcast_to(np.take(part, 0, band), shape)
            for part in parts
        ]
        return np.stack(full).reshape(-1, *self.mesh.shape)

    def dressing_now(self) -> Array:
        """F of every cell, 0 where the bands are glued.  (valley·site, A, B, C)"""
        patches = self.patches
        dressing = np.zeros((patches, *self.mesh.shape))
        if self.hbar and self.textured:
            field = self._field_of_texture(self.time)
            dressing = dressing if field is None else np.array(field)
        elif self.hbar and self.curvature is not None and self.largest_b > 0.0:
            b = self.magnetic(self.time).reshape(3, -1)
            dressing = self.hbar * np.einsum("ir,vi...->vr...", b, self.curvature)
            dressing = dressing.reshape(patches, *self.mesh.shape)
        dressing[self.glued] = 0.0
        return dressing
