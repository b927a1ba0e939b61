"""Single-particle flow in real and momentum space: what crosses the faces of every (r, k) cell.

    D_s ṙ_s, D_s k̇_s  from  ε̄_s + φ, e, b and the Berry curvatures F_rr, F_rk, F_kk, F_rt, F_kt

Every site of the r grid holds its own k cells ("a patch" is a site of a valley).  Where the
Hamiltonian is the same everywhere the force e acts through the exact Berry fluxes of the k cells,
as in a homogeneous run; a texture is integrated with its potential φ (see `landscape`).

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (24), (37), (38).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kinetic.device import Device
from kinetic.errors import InputError
from kinetic.geometry import Geometry
from kinetic.gluing import Glue, Gluing
from kinetic.grid import Array
from kinetic.judgement import require_positive_density
from kinetic.kernels.assembly import fastest_outflow
from kinetic.kernels.modes import fastest_blended
from kinetic.landscape import Landscape
from kinetic.mesh import Mesh
from kinetic.nodes import Node
from kinetic.potentials import SIGNS, bare, total
from kinetic.sites import LAYERS, derivative, extended, inside
from kinetic.spacemodes import face_modes, mode_stream, moving_force
from kinetic.system import System
from kinetic.twoform import SPACE, TIME, Entry, TwoForm, momentum, permutation, position
from kinetic.velocities import FaceModes, Faces, Stream, steps


class SpaceFlow:
    """Velocities and densities of all patches and bands.

    Parameters
    ----------
    system
        What is simulated.
    mesh
        Its grid.
    device
        Where the loops run.
    start, stop
        Time span of the run.

    Attributes
    ----------
    factored
        Whether velocities are held as sums of a few modes instead of for all of phase space.
    drift, along_drift
        The same without Berry curvature, for the interband terms.
    dressing
        F of every cell, 0 in glued cells.  (valley·site, A, B, C)
    """

    def __init__(
        self, system: System, mesh: Mesh, device: Device, start: float, stop: float | None
    ) -> None:
        self.system, self.mesh, self.device = system, mesh, device
        self.space = mesh.grid.space
        model, equation = system.hamiltonian, system.equation
        self.textured = model.textured
        self.fields: Any = system.fields.in_space(self.space)
        curved = mesh.dimensions > 1 or self.textured or model.time_dependent
        self.hbar = equation.hbar if equation.berry and curved else 0.0
        self.texture_moves = model.time_dependent
        self.b_moves = not self.fields.magnetic_constant
        self.e_moves = not (self.fields.drive_constant and self.fields.potential_constant)
        self.factored = (
            not self.textured and self.fields.magnetic_uniform and not self.projected
        )
        self.geometry_moves = self.texture_moves or self.b_moves
        self.moves = self.geometry_moves or self.e_moves
        self.time = start
        self.times = [start] if stop is None else np.linspace(start, stop, 17)
        self._open_landscapes()
        self._links: list[Any] = []
        self.curvature: Array | None = None
        self._measure(start)
        self._glue_nodes(start)
        self._allocate()
        self.set_time(start, force=True)
        self.dressing = self.dressing_now()
        self.check(self.dressing)

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

    def _measure(self, t: float) -> None:
        """Berry fluxes of the k cells of a Hamiltonian that is the same everywhere."""
        if self.textured or not self.hbar or self.mesh.dimensions == 1:
            return
        self._links = [geometry.fluxes(t, t == self.time) for geometry in self.geometries]
        pairs = zip(self.geometries, self._links, strict=True)
        self.curvature = np.stack([g.cell_curvature(f) for g, f in pairs])

    def _glue_nodes(self, t: float) -> None:
        """Glue the cells around the nodes of every patch, in balls of the largest b."""
        patches = self.patches
        self.glued = np.zeros((patches, *self.mesh.shape), dtype=bool)
        self.glue = [Glue(np.zeros(0, np.intp), np.zeros(0, np.intp))] * patches
        self.nodes: list[Node] = []
        if not self.hbar or (self.mesh.dimensions == 1 and not self.textured):
            return
        if self.textured:
            self._glue_texture(t)
            return
        gluing = Gluing(self.system, self.mesh, self.geometries, self.hbar)
        gluing.update(t, self.largest_b, False, self._links)
        self.nodes = gluing.nodes
        if self.nodes and self.texture_moves and self.largest_b > 0.0:
            raise InputError(
                "[hamiltonian] nodes that move in time are followed in homogeneous runs only; "
                "keep them at rest, or drop the axes of real space."
            )
        for patch in range(patches):
            valley = patch // self.mesh.site_count
            self.glue[patch] = gluing.glue[valley]
            self.glued[patch] = gluing.glued[valley]

    def _glue_texture(self, t: float) -> None:
        """Glue the cells of a texture in which the expansion has no meaning: |F| >= 1."""
        limit = 0.25 if self.system.equation.level == "projected" else 1.0
        field = self._field_of_texture(t)
        if field is None:
            return
        for patch in np.flatnonzero((np.abs(field) >= limit).reshape(len(field), -1).any(axis=1)):
            cells = np.flatnonzero(np.abs(field[patch]).ravel() >= limit)
            self.glue[patch] = Glue(cells, np.zeros(len(cells), np.intp))
            self.glued[patch].reshape(-1)[cells] = True

    def _allocate(self) -> None:
        a, b, c = self.mesh.shape
        bands, active = 2 * self.patches, self.mesh.active
        shapes = [
            (bands, a + 1, b, c + 2) if active[0] else (bands, 2, 1, 3),
            (bands, a, b + 1, c + 2) if active[1] else (bands, 1, 2, 3),
            (bands, a, b, c + 1),
        ]
        self._shapes = shapes
        self._faces: Faces | FaceModes | None = None if self.factored else self._empty_faces()
        self._streams: list[Stream] = []
        self.drift: Any = self._faces
        self.along_drift: list[Stream] = []
        workers = self.device.threads
        self._rates = np.zeros((self.patches, 2) if self.factored else (bands, a))
        self._line = np.zeros((workers, c))
        extents = ((2, b, c + 2), (1, b + 1, c + 2), (1, b, c + 1))
        self._planes = tuple(np.zeros((workers, *extent)) for extent in extents)
        self._base: list[tuple[list[Array], list[Array]]] = []
        self._bare: list[tuple[list[Array], list[Array]]] = []

    # --- the flow at an instant ---------------------------------------------------------------

    @property
    def patches(self) -> int:
        """Sites times valleys."""
        return self.system.valleys * self.mesh.site_count

    @property
    def carriers(self) -> tuple[Faces | FaceModes, list[Stream]]:
        """Velocities as they are held: through k faces, and along every r axis."""
        assert self._faces is not None
        return self._faces, self._streams

    @property
    def w(self) -> Faces:
        """W_s^j per slot of the k grid: volume per time through faces.  (valley·site·band, faces)

        Made for all of phase space where it is held as modes.
        """
        faces = self._faces
        assert faces is not None
        if isinstance(faces, FaceModes):
            return faces.of_patches(0), faces.of_patches(1), faces.of_patches(2)
        return faces

    @property
    def along(self) -> list[Stream]:
        """D_s ẋ_s along every r axis, without modes."""
        found = []
        for n, stream in enumerate(self._streams):
            if len(stream.modes):
                stream = self.laid(n, self.spread(stream, n))
            found.append(stream)
        return found

    def end_faces(self, slot: int) -> Array:
        """W through the faces of a slot; only the outer ones where all are held as modes."""
        if isinstance(self._faces, FaceModes):
            ends = self._faces.of_patches(slot, (0, -1))
            return ends if slot == 2 else ends[..., 1:-1]
        return self.faces(self.w, slot)

    @property
    def projected(self) -> bool:
        """Whether the interband terms need the drift."""
        return bool(self.system.equation.level == "projected" and self.hbar)

    @property
    def b(self) -> Array:
        """B at the sites at the present time.  (3, *sites)"""
        return self.magnetic(self.time)

    def set_time(self, t: float, force: bool = False) -> None:
        """Velocities at time t."""
        if not force and (t == self.time or not self.moves):
            self.time = t
            return
        self.time = t
        if force or self.geometry_moves or (self.textured and self.e_moves):
            if self.texture_moves and not force:
                self._measure(t)
            self._base = [land.circulated(t, total) for land in self.landscapes]
            if self.projected:
                self._bare = [land.circulated(t, bare) for land in self.landscapes]
        self._faces, self._streams = self._assemble(self._faces, self._base, 1.0, t)
        if self.projected:
            if self.drift is self._faces:
                self.drift = self._empty_faces()
            self.drift, self.along_drift = self._assemble(self.drift, self._bare, 0.0, t)
        if not self.moves:
            self._base, self._bare = [], []

    def _empty_faces(self) -> Faces:
        a, b, c = (np.zeros(shape) for shape in self._shapes)
        return a, b, c

    def _assemble(
        self,
        out: Any,
        base: list[tuple[list[Array], list[Array]]],
        berry: float,
        t: float,
        potential: bool = True,
    ) -> tuple[Faces | FaceModes, list[Stream]]:
        """Fill face velocities: the circulation of ε̄, the drive, textures in motion.

        `berry` 0 leaves out the Berry curvature; `base` may be empty.
        """
        if self.factored:
            streams = [mode_stream(self, n, base, t, potential) for n in range(len(self.space))]
            return face_modes(self, base, t, potential), streams
        d, count = self.mesh.dimensions, len(self.space)
        along: list[list[Array]] = [[] for _ in range(count)]
        for v in range(self.system.valleys):
            real, faces = base[v] if base else ([0.0] * count, [0.0] * d)
            for j in range(d):
                part = self._driven_faces(v, j, t, berry, potential)
                self._put(out, v, j, faces[j] + part)
            for n in range(count):
                along[n].append(real[n] + self._driven_along(v, n, t, berry, potential))
        return out, [self._stream(n, np.broadcast_arrays(*parts)) for n, parts in enumerate(along)]

    def _sites_first(self, values: Array) -> Array:
        """(*sites) with axes for the band and k behind."""
        return values.reshape(*values.shape, *[1] * (1 + self.mesh.dimensions))

    def _signs(self) -> Array:
        return SIGNS.reshape(2, *[1] * self.mesh.dimensions)

    def _driven_faces(self, v: int, j: int, t: float, berry: float, potential: bool) -> Array:
        """What the drive and moving textures add to W^{k_j}.  (*sites, band, *faces)"""
        land, signs = self.landscapes[v], self._signs()
        e = self.force(t, potential=potential and not self.textured)
        out = self._sites_first(e[j]) * land.area(j) * np.ones_like(signs)
        if not berry or not self.hbar:
            return np.asarray(out)
        if not self.textured:
            b = np.broadcast_to(self.fields.magnetic_at(self.coordinates(), t), e.shape)
            if self.mesh.dimensions == 3:
                along = self._sites_first(np.sum(e * b, axis=0))
                out = out + (0.5 * self.hbar) * along * signs * self._links[v][j]
        else:
            for m in range(self.mesh.dimensions):
                if np.any(e[m]):
                    tensor = land.gathered(t, _berry_entry(m, j), j, None)
                    if tensor is not None:
                        part = 0.5 * self._sites_first(e[m]) * tensor * signs
                        out = out + part * land.area(j)
        if self.texture_moves:
            moved = land.gathered(t, moving_force(j), j, None)
            if moved is not None:
                out = out - 0.5 * self.hbar * signs * moved * land.area(j)
        return np.asarray(out)

    def _driven_along(self, v: int, n: int, t: float, berry: float, potential: bool) -> Array:
        """What the drive and moving textures add to W^{x_n}.  (*sites, band, *k)"""
        d = self.mesh.dimensions
        out = np.zeros([1] * (len(self.space) + 1 + d))
        direction = self.direction(n)
        if not berry or not self.hbar or direction >= d:
            return out
        signs, land = self._signs(), self.landscapes[v]
        e = self.force(t, keep=n, potential=potential and not self.textured)
        for m in range(d):
            if m == direction or not np.any(e[m]):
                continue
            if self.textured:
                tensor = land.gathered(t, _berry_entry(m, direction, real=True), None, n)
            else:
                turn = permutation(direction, m)
                assert turn is not None and self.curvature is not None
                tensor = self.hbar * turn[1] * self.curvature[v, turn[0]].reshape(self._cells)
                if not np.any(tensor):
                    tensor = None
            if tensor is not None:
                out = out + 0.5 * self._sites_first(e[m]) * tensor * signs
        if self.texture_moves:
            moved = land.gathered(t, lambda form: form.curvature(momentum(direction), TIME), None, n)
            if moved is not None:
                out = out + 0.5 * self.hbar * signs * moved
        return np.asarray(out)

    def _put(self, out: Faces, v: int, j: int, values: Array) -> None:
        """Lay (*sites, band, *faces) of one valley into the slots."""
        slot = self.mesh.slots[j]
        shape = self._shapes[slot][1:]
        if slot != 2:
            shape = (*shape[:2], shape[2] - 2)
        faces = [cells + int(i == j) for i, cells in enumerate(self._cells)]
        full = np.broadcast_to(values, (*self.mesh.sites, 2, *faces))
        count = 2 * self.mesh.site_count
        target = out[slot][v * count : (v + 1) * count]
        if slot == 2:
            target.reshape(*self.mesh.sites, 2, *full.shape[len(self.mesh.sites) + 1 :])[...] = full
            return
        target[..., 1:-1] = full.reshape(count, *shape)
        target[..., 0], target[..., -1] = target[..., -2], target[..., 1]

    def _stream(self, n: int, parts: Any) -> Stream:
        """The velocities along an r axis of all valleys, laid out for the kernel."""
        values = np.stack(parts)  # (valley, *sites, band, *k)
        sites = list(self.mesh.sites)
        sites[n] += 0 if self.space[n].periodic else 2 * LAYERS
        kept = list(values.shape[1 : 1 + len(sites)])
        for group in (range(n), range(n + 1, len(sites))):
            if any(kept[place] > 1 for place in group):
                for place in group:
                    kept[place] = sites[place]
        values = np.broadcast_to(values, (len(parts), *kept, 2, *self._cells))
        strides = steps(kept, n)
        return Stream(np.ascontiguousarray(values).reshape(-1, *self.mesh.shape), strides)

    def laid(self, n: int, values: Array) -> Stream:
        """A stream from values at every site, with the layers of its own axis."""
        return self._stream(n, list(values.reshape(*values.shape[:-3], *self._cells)))

    @property
    def _cells(self) -> list[int]:
        return [axis.cells for axis in self.mesh.grid.momentum]

    def direction(self, n: int) -> int:
        """Which of x, y, z an axis is."""
        return SPACE.index(self.space[n].name)

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
        shape = (2, self.mesh.site_count, *self._cells)
        found = [
            np.moveaxis(np.broadcast_to(self.energies(v, k, r) + potential, shape), 0, 1)
            for v in range(self.system.valleys)
        ]
        return np.concatenate(found).reshape(-1, *self.mesh.shape)

    def spread(self, stream: Stream, n: int, where: slice = slice(None)) -> Array:
        """A stream at every site, with the layers of its own axis, or at a part of them.

        (valley, *sites, band, A, B, C)
        """
        sites = list(self.mesh.sites)
        sites[n] += 0 if self.space[n].periodic else 2 * LAYERS
        return stream.spread(self.system.valleys, tuple(sites), n, where)

    # --- densities ------------------------------------------------------------------------------

    def _field_of_texture(self, t: float) -> Array | None:
        parts = [land.gathered(t, TwoForm.field, None, None) for land in self.landscapes]
        if all(part is None for part in parts):
            return None
        k = [axis.cells for axis in self.mesh.grid.momentum]
        full = [
            np.zeros((*self.mesh.sites, *k))
            if part is None
            else np.broadcast_to(part[(..., 0, *[slice(None)] * len(k))], (*self.mesh.sites, *k))
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

    def divergence(self) -> Array:
        """∂_j W_s^j of the discrete flow.  (valley·site·band, A, B, C)"""
        out = np.zeros((2 * self.patches, *self.mesh.shape))
        for slot in self.mesh.slots:
            if isinstance(self._faces, FaceModes):
                out += self._faces.differences(slot)
            else:
                out += np.diff(self.faces(self.w, slot), axis=slot + 1)
        out /= self.mesh.volumes
        for n, (axis, stream) in enumerate(zip(self.space, self._streams, strict=True)):
            if stream.varies:
                out += derivative(self.spread(stream, n), axis, n + 1).reshape(out.shape)
        return out

    def faraday_rate(self) -> Array | None:
        """ħ B_k·ḃ where a uniform b(t) has no e(r) on this grid.  (valley·site, A, B, C)"""
        if not (self.fields.faraday_source and self.curvature is not None):
            return None
        rate = np.asarray(self.fields.magnetic_rate_at(self.coordinates(), self.time))
        rate = np.broadcast_to(rate, (3, *self.mesh.sites)).reshape(3, -1)
        source = self.hbar * np.einsum("ir,vi...->vr...", rate, self.curvature)
        source = source.reshape(-1, *self.mesh.shape)
        source[self.glued] = 0.0
        return np.asarray(source)

    def dressing_rate(self) -> Array | None:
        """∂ₜF by the discrete flow itself; None if F is constant."""
        if not (self.geometry_moves and self.hbar):
            return None
        change = self.divergence()
        rate = change[0::2] - change[1::2]
        source = self.faraday_rate()
        if source is not None:
            rate = rate + source
        rate[self.glued] = 0.0
        return np.asarray(rate)

    @property
    def texture_rate(self) -> Array:
        """∂ₜF of a texture or field in motion, as the interband terms see it."""
        rate, source = self.dressing_rate(), self.faraday_rate()
        assert rate is not None
        return rate if source is None else rate - source

    @staticmethod
    def faces(velocities: Faces, slot: int) -> Array:
        """Face quantities of a slot without ghost columns.  (valley·site·band, faces)"""
        return velocities[slot] if slot == 2 else velocities[slot][..., 1:-1]

    # --- what the drive does to an equilibrium --------------------------------------------------

    @property
    def driven(self) -> bool:
        """Whether there is a force besides that of the potential."""
        return not self.fields.drive_zero

    def field_part(self, berry: float = 1.0) -> tuple[Faces | FaceModes, list[Stream]]:
        """Velocities due to the drive alone."""
        out = None if self.factored else self._empty_faces()
        return self._assemble(out, [], berry, self.time, potential=False)

    # --- judgement ------------------------------------------------------------------------------

    def fastest(self, dressing: Array) -> float:
        """Largest Σ_faces outflow/(V D_s): the reciprocal of the largest stable forward step."""
        widths = tuple(1.0 / width for width in self.mesh.widths)
        if isinstance(self._faces, FaceModes):
            self.device.launch(
                fastest_blended,
                self._rates,
                self._faces.modes,
                self._faces.factors,
                (self.system.valleys, self.mesh.site_count),
                dressing,
                widths,
                self.mesh.active,
                self._planes,
                self._line,
            )
        else:
            active = self.mesh.active
            self.device.launch(
                fastest_outflow, self._rates, *self.w, dressing, widths, active, self._line
            )
        rate = float(self._rates.max())
        smallest = 1.0 - 0.5 * float(np.abs(dressing).max(initial=0.0))
        for axis, stream in zip(self.space, self._streams, strict=True):
            rate += stream.largest / (axis.widths[0] * smallest)
        return rate

    def check(self, dressing: Array) -> None:
        """Refuse a D_s that is not positive where the level evolves D_s f_s."""
        if self.system.equation.level == "dressed" and self.hbar:
            require_positive_density(dressing, self.mesh, self.time)

    nodes_move = False
    glue_time = 0.0

    def node_rate(self) -> float:
        """Nodes are at rest."""
        return 0.0

    def follow_nodes(self) -> bool:
        """Nodes are at rest."""
        return False

    def arrays(self) -> list[Array]:
        """All arrays that the geometry holds."""
        faces = self._faces
        held: list[Array] = [self.dressing, self.glued]
        held += faces.arrays if isinstance(faces, FaceModes) else faces or ()
        for stream in (*self._streams, *self.along_drift):
            held += stream.arrays
        if self.drift is not faces:
            held += self.drift or ()
        for along, through in (*self._base, *self._bare):
            held += [*along, *through]
        return held

    def release(self) -> None:
        """Nothing is held that a static flow does not need."""


def _berry_entry(m: int, j: int, real: bool = False) -> Callable[[TwoForm], Entry]:
    """R^{r_m k_j} for the force along k_j, or -R^{r_j r_m} for the velocity along r_j."""

    def entry(form: TwoForm) -> Entry:
        if real:
            value = form.berry(position(j), position(m))
            return None if value is None else -value
        return form.berry(position(m), momentum(j))

    return entry
