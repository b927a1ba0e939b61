"""Single-particle flow in momentum space: what crosses each face, and the density D_s.

    D_s k̇_s = e + ∂_k ε̄_s × b − q_s (e·b) B_k − q_s ℰ_k × b ,      D_s = 1 + ½ s F ,  F = ħ b·B_k

The flux of ∂ε̄×b through a face is the circulation of ε̄ b around it, that of B_k a sum of link
phases: away from nodes the flow of each band is divergence-free to rounding.  F is advanced
with the Runge-Kutta scheme (`dressing_rate`), so that constant f stays constant when b or the
texture depends on time.

Source: Wong and Tserkovnyak, Eqs. (24), (37), (38); Xiao, Chang and Niu, Rev. Mod. Phys. 82,
1959 (2010), Sec. V, for the volume-preserving form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kinetic.device import Device
from kinetic.geometry import Geometry
from kinetic.gluing import Glue, Gluing
from kinetic.grid import Array
from kinetic.judgement import require_positive_density
from kinetic.kernels.assembly import assemble, fastest_outflow
from kinetic.mesh import Mesh
from kinetic.nodes import Node, node_rate
from kinetic.system import System

Faces = tuple[Array, Array, Array]
_NONE = np.zeros((1, 1, 1, 1))


class Flow:
    """Face velocities and densities of all valleys and bands.

    Parameters
    ----------
    system
        What is simulated.
    mesh
        Its k grid.
    device
        Where the loops run.
    start, stop
        Time span of the run; the largest e and b on it are reported.

    Attributes
    ----------
    w
        W_s^j per slot: volume per time through faces, with a ghost column on each side of
        C in the slots A and B (see `faces`).  (valley·band, faces)
    drift
        The same without the Berry flux, ∫(e + ∂ε̄×b)·dS, for the interband terms.
    dressing
        F = ħ b·B_k at the start, 0 in glued cells.  (valley, A, B, C)
    """

    def __init__(
        self, system: System, mesh: Mesh, device: Device, start: float, stop: float | None
    ) -> None:
        self.system, self.mesh, self.device = system, mesh, device
        equation, fields = system.equation, system.fields
        self.hbar = equation.hbar if equation.berry and mesh.dimensions > 1 else 0.0
        self.geometries = [
            Geometry(system.hamiltonian, valley, mesh, self.hbar)
            for valley in range(system.valleys)
        ]
        self.texture_moves = system.hamiltonian.time_dependent
        self.b_moves = not fields.magnetic_constant
        self.e_moves = not fields.electric_constant
        self.geometry_moves = self.texture_moves or self.b_moves
        self.moves = self.geometry_moves or self.e_moves
        times = [start] if stop is None else np.linspace(start, stop, 129)
        self.largest_b = max(float(np.linalg.norm(fields.magnetic(t))) for t in times)
        self.largest_e = max(float(np.linalg.norm(fields.electric(t))) for t in times)
        self.time = start
        self.e, self.b = fields.electric(start), fields.magnetic(start)
        self._allocate()
        self._fluxes: list[Faces | Array] = []
        self.curvature: Array | None = None
        if self.hbar:
            self._measure_geometry(start, strict=True)
        self.gluing = Gluing(system, mesh, self.geometries, self.hbar)
        self._glue(start)
        self.dressing = self.dressing_now()
        self._set_corners(start)
        self._assemble(start)
        self.check(self.dressing)

    # --- set-up -----------------------------------------------------------------------------

    def _allocate(self) -> None:
        a, b, c = self.mesh.shape
        bands, active = 2 * self.system.valleys, self.mesh.active
        shapes = [
            (bands, a + 1, b, c + 2) if active[0] else (bands, 2, 1, 3),
            (bands, a, b + 1, c + 2) if active[1] else (bands, 1, 2, 3),
            (bands, a, b, c + 1),
        ]
        self.w: Faces = (np.zeros(shapes[0]), np.zeros(shapes[1]), np.zeros(shapes[2]))
        self.drift: Faces = self.w
        self._driven: Faces | None = None
        self._rates = np.zeros((bands, a))
        self._line = np.zeros((self.device.threads, c))

    def _measure_geometry(self, t: float, strict: bool = False) -> None:
        """Berry fluxes and curvatures at time t.

        A node in motion crosses cell faces; there the two cells beside it are glued, and the
        fluxes of the bands cancel.  Only at the start must every face be resolved (`strict`).
        """
        self._fluxes = [geometry.fluxes(t, strict) for geometry in self.geometries]
        if self.largest_b > 0.0 or self.b_moves:
            self.curvature = np.stack(
                [g.cell_curvature(f) for g, f in zip(self.geometries, self._fluxes, strict=True)]
            )

    def _glue(self, t: float) -> None:
        """Glue the cells around the nodes at time t, in balls of the size that b has now."""
        self.gluing.glue_time = t
        if self.hbar:
            size = float(np.linalg.norm(self.b)) * (1.25 if self.b_moves else 1.0)
            self.gluing.update(t, size, self.b_moves, self._fluxes)

    @property
    def glue_time(self) -> float:
        """When the glued cells were last chosen."""
        return self.gluing.glue_time

    @property
    def patches(self) -> int:
        """Sites times valleys: the valleys."""
        return self.system.valleys

    @property
    def nodes(self) -> list[Node]:
        """Gap closings on the grid."""
        return self.gluing.nodes

    @property
    def glue(self) -> list[Glue]:
        """Glued cells of every valley."""
        return self.gluing.glue

    @property
    def glued(self) -> NDArray[np.bool_]:
        """Whether a cell is glued.  (valley, A, B, C)"""
        return self.gluing.glued

    @property
    def nodes_move(self) -> bool:
        """Whether glued balls have to follow their nodes or a growing b."""
        moves = self.texture_moves and self.largest_b > 0.0
        return bool((moves or self.b_moves) and self.hbar and self.nodes)

    def follow_nodes(self) -> bool:
        """Glue the balls around where the nodes are now; says whether any cell changed."""
        before = self.glued.copy()
        self._glue(self.time)
        return not np.array_equal(before, self.glued)

    def node_rate(self) -> float:
        """Fastest motion of a node in cells per time."""
        if not self.texture_moves:
            return 0.0
        return node_rate(self.nodes, self.system.hamiltonian, self.system.grid, self.time)

    def dressing_now(self) -> Array:
        """F = ħ b·B_k of every cell, 0 where the bands are glued.  (valley, A, B, C)"""
        if self.curvature is None:
            return np.zeros((self.system.valleys, *self.mesh.shape))
        dressing = self.hbar * np.einsum("i,vi...->v...", self.b, self.curvature)
        dressing[self.glued] = 0.0
        return np.asarray(dressing)

    def _set_corners(self, t: float) -> None:
        """ε̄ on the corners of all bands."""
        self.corners = np.concatenate(
            [geometry.corner_energies(t, self.b) for geometry in self.geometries]
        )

    # --- the flow at an instant ---------------------------------------------------------------

    def slotted(self, vector: Array) -> Array:
        """A force with its components in the order of the slots."""
        return self.mesh.field_slots(vector)

    def slotted_b(self) -> Array:
        """b by slots; in 2D in the empty slot, negative since (x, z, y) is left-handed."""
        if self.mesh.dimensions == 2:
            return np.array([0.0, -self.b[2], 0.0])
        return np.asarray(self.mesh.field_slots(self.b))

    def _berry_flux(self, t: float) -> tuple[Faces, float]:
        """T = ħ(e·b)B_k + ħℰ_k×b through faces, as arrays and the factor they lack."""
        strength: float = 0.0
        flux: Faces = (_NONE, _NONE, _NONE)
        along = self.hbar * float(self.e @ self.b)
        texture = self.hbar != 0.0 and self.texture_moves and bool(np.any(self.b))
        if texture:
            parts = [g.texture_flux(t, self.b) for g in self.geometries]
            flux = _stacked(parts)
            self.texture_rate = self._outflow_of(flux)
            strength = 1.0
            if along and self.mesh.dimensions == 3:
                for total, berry in zip(flux, _stacked(self._fluxes), strict=True):
                    total += along * berry
        elif along and self.mesh.dimensions == 3:
            flux = _stacked(self._fluxes)
            strength = along
        return flux, strength

    def _assemble(self, t: float) -> None:
        """Fill W for the fields at time t."""
        flux, strength = self._berry_flux(t)
        self._run_assembly(self.w, flux, strength)
        if self.system.equation.level == "projected":
            if strength and self.drift is self.w:
                self.drift = self._like_w()
            if self.drift is not self.w:
                self._run_assembly(self.drift, flux, 0.0)

    def _run_assembly(
        self,
        out: Faces,
        flux: Faces,
        strength: float,
        corners: Array | None = None,
        e: Array | None = None,
        b: Array | None = None,
    ) -> None:
        self.device.launch(
            assemble,
            *out,
            self.corners if corners is None else corners,
            flux,
            self.slotted(self.e) if e is None else e,
            self.slotted_b() if b is None else b,
            strength,
            self.mesh.widths,
            self.mesh.edges,
            self.mesh.active,
        )

    def _like_w(self) -> Faces:
        return (np.zeros_like(self.w[0]), np.zeros_like(self.w[1]), np.zeros_like(self.w[2]))

    def end_faces(self, slot: int) -> Array:
        """W through the faces of a slot, the outer ones at least."""
        return self.faces(self.w, slot)

    @staticmethod
    def faces(velocities: Faces, slot: int) -> Array:
        """Face quantities of a slot without ghost columns.  (valley·band, faces)"""
        return velocities[slot] if slot == 2 else velocities[slot][..., 1:-1]

    def circulation(self, corners: Array) -> Faces:
        """∮ A b·dl around every face for any band quantity A on the corners, as W without e."""
        out = self._like_w()
        self._run_assembly(out, (_NONE, _NONE, _NONE), 0.0, corners, np.zeros(3))
        return out

    def field_part(self) -> Faces:
        """W without the circulation of ε̄ b: what drives a Fermi function of ε̄."""
        if self._driven is None:
            self._driven = self._like_w()
        flux, strength = self._berry_flux(self.time)
        self._run_assembly(self._driven, flux, strength, b=np.zeros(3))
        return self._driven

    def _outflow_of(self, flux: Faces) -> Array:
        """-∇·∫T per volume: the rate of F from a texture in motion.  (valley, A, B, C)"""
        rate = np.zeros((self.system.valleys, *self.mesh.shape))
        for slot in self.mesh.slots:
            rate -= np.diff(flux[slot], axis=slot + 1)
        rate /= self.mesh.volumes
        return rate

    def set_time(self, t: float) -> None:
        """Fields, energies, curvatures and face velocities at time t."""
        if t == self.time or not self.moves:
            self.time = t
            return
        self.time = t
        self.e, self.b = self.system.fields.electric(t), self.system.fields.magnetic(t)
        if self.texture_moves and self.hbar and (self.largest_b > 0.0 or self.b_moves):
            self._measure_geometry(t)
        if self.geometry_moves:
            self._set_corners(t)
        self._assemble(t)

    def faraday_rate(self) -> Array | None:
        """ħ B_k·ḃ of every cell, the Faraday source of a uniform b(t).  (valley, A, B, C)"""
        if not (self.b_moves and self.curvature is not None):
            return None
        rate = self.system.fields.magnetic_rate(self.time)
        source = self.hbar * np.einsum("i,vi...->v...", rate, self.curvature)
        source[self.glued] = 0.0
        return np.asarray(source)

    def dressing_rate(self) -> Array | None:
        """∂ₜF = ħ(B·ḃ + b·Ḃ) by the discrete flow itself; None if F is constant."""
        if not (self.geometry_moves and self.curvature is not None):
            return None
        rate = self.faraday_rate()
        if self.texture_moves and np.any(self.b):
            moving = np.where(self.glued, 0.0, self.texture_rate)
            rate = moving if rate is None else rate + moving
        return rate

    def fastest(self, dressing: Array) -> float:
        """max Σ_faces outflow/(V D_s): the reciprocal of the largest stable forward step."""
        self.device.launch(
            fastest_outflow,
            self._rates,
            *self.w,
            dressing,
            tuple(1.0 / width for width in self.mesh.widths),
            self.mesh.active,
            self._line,
        )
        return float(self._rates.max())

    def check(self, dressing: Array) -> None:
        """Refuse a D_s that is not positive where the level evolves D_s f_s."""
        if self.system.equation.level == "dressed" and self.hbar:
            require_positive_density(dressing, self.mesh, self.time)

    def field_drift(self) -> Faces:
        """∫e·dS alone, the drift that belongs to `field_part`."""
        out = self._like_w()
        self._run_assembly(out, (_NONE, _NONE, _NONE), 0.0, b=np.zeros(3))
        return out

    def arrays(self) -> list[Array]:
        """All arrays that the geometry holds."""
        held = [
            *self.w,
            self.dressing,
            self.corners,
            *(() if self.drift is self.w else self.drift),
        ]
        held += [] if self.curvature is None else [self.curvature]
        for flux in self._fluxes:
            held += [*flux] if isinstance(flux, tuple) else [flux]
        return held

    def release(self) -> None:
        """Drop what a static flow does not need again."""
        if not self.moves:
            self.corners = np.zeros((0, 0, 0, 0))
            self._fluxes, self._driven, self.curvature = [], None, None
            self.gluing.release()


def _stacked(parts: Sequence[Faces | Array]) -> Faces:
    """Fluxes of the valleys one by one, as one array per slot."""
    first, second, third = (np.stack(of_slot) for of_slot in zip(*parts, strict=True))
    return first, second, third
