"""Single-particle flow in real and momentum space: what crosses the faces of every (r, k) cell.

    D_s ṙ_s, D_s k̇_s  from  ε̄_s + φ, e, b and the Berry curvatures F_rr, F_rk, F_kk, F_rt, F_kt

Where the Hamiltonian is the same everywhere the force e acts through the exact Berry fluxes of
the k cells, as in a homogeneous run; a texture is integrated with its potential φ (see
`landscape`).

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (24), (37), (38).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.device import Device
from kinetic.grid import Array
from kinetic.judgement import require_positive_density
from kinetic.kernels.assembly import fastest_outflow
from kinetic.kernels.modes import fastest_blended
from kinetic.mesh import Mesh
from kinetic.potentials import bare, total
from kinetic.sites import LAYERS, derivative
from kinetic.spacemodes import face_modes, mode_stream
from kinetic.spacestored import driven_along, driven_faces, laid_out, put
from kinetic.system import System
from kinetic.terrain import Terrain
from kinetic.velocities import FaceModes, Faces, Stream


class SpaceFlow(Terrain):
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
        super().__init__(system, mesh, start, stop)
        self.device = device
        self.factored = not self.textured and self.fields.magnetic_uniform and not self.projected
        self._allocate()
        self.set_time(start, force=True)
        self.dressing = self.dressing_now()
        self.check(self.dressing)

    def _allocate(self) -> None:
        a, b, c = self.mesh.shape
        bands, active = 2 * self.patches, self.mesh.active
        shapes = [
            (bands, a + 1, b, c + 2) if active[0] else (bands, 2, 1, 3),
            (bands, a, b + 1, c + 2) if active[1] else (bands, 1, 2, 3),
            (bands, a, b, c + 1),
        ]
        self.shapes = shapes
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

    def set_time(self, t: float, force: bool = False) -> None:
        """Velocities at time t."""
        if not force and (t == self.time or not self.moves):
            self.time = t
            return
        self.time = t
        if force or self.geometry_moves or (self.textured and self.e_moves):
            if self.texture_moves and not force:
                self.measure(t)
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
        a, b, c = (np.zeros(shape) for shape in self.shapes)
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
                part = driven_faces(self, v, j, t, berry, potential)
                put(self, out, v, j, faces[j] + part)
            for n in range(count):
                along[n].append(real[n] + driven_along(self, v, n, t, berry, potential))
        parts = [np.broadcast_arrays(*values) for values in along]
        return out, [laid_out(self, n, values) for n, values in enumerate(parts)]

    def laid(self, n: int, values: Array) -> Stream:
        """A stream from values at every site, with the layers of its own axis."""
        return laid_out(self, n, list(values.reshape(*values.shape[:-3], *self.cells)))

    def spread(self, stream: Stream, n: int, where: slice = slice(None)) -> Array:
        """A stream at every site, with the layers of its own axis, or at a part of them.

        (valley, *sites, band, A, B, C)
        """
        sites = list(self.mesh.sites)
        sites[n] += 0 if self.space[n].periodic else 2 * LAYERS
        return stream.spread(self.system.valleys, tuple(sites), n, where)

    # --- rates of D_s -----------------------------------------------------------------------

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
        rate = self.fields.faraday_rate(self.time)
        source = self.hbar * np.einsum("i,vi...->v...", rate, self.curvature)
        source = np.repeat(source, self.mesh.site_count, axis=0)
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
