"""Arrays of the evolved state and one stage of its equation.

State-sized arrays: u, its Runge-Kutta register u₀, the padded occupation f that the fluxes
see, and, where an equilibrium is split off, that equilibrium and what e does to it.  The stages
of a collisionless step allocate nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kinetic.device import Device
from kinetic.equation import SCHEMES, Equation
from kinetic.flow import Flow
from kinetic.grid import Array
from kinetic.halo import fill, put
from kinetic.initial import Initial
from kinetic.interband import Coupling
from kinetic.kernels import BOLTZMANN, DRESSED, LINEAR5, MP5, PROJECTED
from kinetic.kernels.interband import exchange
from kinetic.kernels.occupation import glue, occupations
from kinetic.kernels.state import (
    add_collisions,
    add_source,
    flag_rows,
    repair,
)
from kinetic.preparation import density_of, prepared, steady_leak
from kinetic.sweeps import Sweeps

LEVEL = {"boltzmann": BOLTZMANN, "projected": PROJECTED, "dressed": DRESSED}
TOLERANCE = 1e-14
_NONE = np.zeros((1, 1, 1, 1))
Weights = tuple[float, float, float]
Collide = Callable[[float], Array]


class Transport:
    """The state on its mesh and the right-hand side of its equation.

    Parameters
    ----------
    flow
        Velocities and densities.
    equation
        Level and scheme.
    initial
        State at the start.
    device
        Where the loops run.
    """

    repair_reach = 1 << 30  # cells

    def __init__(self, flow: Flow, equation: Equation, initial: Initial, device: Device) -> None:
        self.flow, self.equation, self.device, self.mesh = flow, equation, device, flow.mesh
        mesh = self.mesh
        self.level = LEVEL[equation.level]
        self.scheme = SCHEMES[equation.scheme]
        self.bands = 2 * flow.patches
        self.u = np.zeros((self.bands, *mesh.shape))
        self.base = np.zeros_like(self.u)
        self.f = np.zeros((self.bands, *mesh.padded_shape))
        self.dressing = flow.dressing.copy()
        self.dressing_moves = flow.dressing_rate() is not None
        self.dressing_base = self.dressing.copy() if self.dressing_moves else self.dressing
        self.dresses = bool(np.any(self.dressing)) or self.dressing_moves
        self._constants()
        self.split = self._splits(initial)
        self.padded_equilibrium = _NONE
        self._prepare(initial)

    def _splits(self, initial: Initial) -> bool:
        """Whether the flux of the declared equilibrium drops out."""
        flow = self.flow
        balanced = self.equation.well_balanced and initial.equilibrium
        return bool(balanced and np.any(flow.b) and not flow.geometry_moves)

    def _constants(self) -> None:
        mesh = self.mesh
        a, b, c = mesh.shape
        # The product rule of u = D f is for the scheme of full order; it knows no bounds.
        self.bend = self.scheme == LINEAR5 and self.level != BOLTZMANN and self.dresses
        self.sweeps = Sweeps(mesh, self.device, self.bands)
        self.small = self.sweeps.small
        self._coupling: Coupling | None = None
        self._exchange_rates = np.zeros((self.bands // 2, a))
        self._spans = (
            np.repeat(mesh.products[0][0][:, None], c, axis=1),
            np.repeat(mesh.products[1][0][:, None], c, axis=1),
            mesh.products[2][0][None, :],
        )
        self._find_smooth()
        self._marks = np.zeros((self.bands, a, b), dtype=bool)

    def _find_smooth(self) -> None:
        """Where F has no jump: neither glued nor beside a glued cell."""
        self._smooth = np.zeros((1, 1, 1, 1), dtype=np.uint8)
        if self.bend:
            rough = self.flow.glued.copy()
            for slot in self.mesh.slots:
                rough |= np.roll(self.flow.glued, 1, axis=slot + 1)
                rough |= np.roll(self.flow.glued, -1, axis=slot + 1)
            self._smooth = (~rough).astype(np.uint8)

    # --- initial state --------------------------------------------------------------------

    def _prepare(self, initial: Initial) -> None:
        """Fill u, the inflow of open faces and the split-off equilibrium."""
        f, self.inflow = prepared(initial, self.flow, self.equation)
        self.initial_occupation = f
        factors = [self.mesh.products[slot][0] for slot in range(3)] if self.bend else None
        self.u[...] = density_of(f, self.dressing, self.level, factors, self._smooth)
        if self.split:
            self._split_off(initial)

    def _split_off(self, initial: Initial) -> None:
        """Declare the equilibrium whose ∂ε̄×b flux is circulation and drops out."""
        self.split = False
        self.occupy()
        padded = self.f.copy()
        self.steady_leak = steady_leak(initial, self.flow)
        put(padded, self.mesh, self.inflow)
        self.inflow = {slot: np.zeros_like(values) for slot, values in self.inflow.items()}
        self.split, self.padded_equilibrium = True, padded
        self.source = np.zeros_like(self.u)
        self._equilibrium_source()

    def _equilibrium_source(self) -> None:
        """What e does to the split-off equilibrium: the equation with W_e = W - ∮ε̄b alone."""
        flow = self.flow
        self.source[...] = 0.0
        self.source_leak = np.zeros(6)
        if not np.any(flow.e):
            return
        driven, coupling = flow.field_part(), None
        if self.level == PROJECTED and self.dresses:
            coupling = Coupling(self.mesh, self.device, flow.w)
            drift = flow.field_drift()
            coupling.assemble(driven, drift, self.dressing, flow.glued)
        self.source_leak = self._transport(
            self.source, self.padded_equilibrium, driven, coupling, (0.0, 1.0, 1.0), MP5, False
        )

    def release(self) -> None:
        """Drop what only the start needs."""
        self.initial_occupation = _NONE

    # --- one stage ------------------------------------------------------------------------

    def occupy(self) -> None:
        """f from u (less the split-off equilibrium), with its ghosts."""
        self.device.launch(
            occupations,
            self.f,
            self.u,
            self.dressing,
            self.padded_equilibrium,
            self.split,
            self.level if self.dresses else BOLTZMANN,
            self._spans,
            self.mesh.ghosts,
            self.bend,
            self._smooth,
            small=self.small,
        )
        self._glue_and_fill()

    def _glue_and_fill(self) -> None:
        """One occupation for glued bands; then the ghosts."""
        for valley, glue_ in enumerate(self.flow.glue):
            if len(glue_.cells):
                glue(
                    self.f,
                    self.u,
                    self.padded_equilibrium,
                    self.split,
                    valley,
                    glue_.cells,
                    self.mesh.shape,
                    self.mesh.ghosts,
                )
        faces = {slot: self.flow.end_faces(slot) for slot in self.inflow}
        fill(self.f, self.mesh, self.inflow, faces)

    def stage(
        self, weights: Weights, collide: Collide | None = None, share: float = 1.0
    ) -> Array:
        """u ← α u₀ + β u + γ L(f) with (α, β, γ); returns the leak rates of the outer faces.

        `collide` adds a share of what collisions do; `collided` is its charge in each valley.
        """
        flow = self.flow
        if self.split and flow.e_moves:
            self._equilibrium_source()
        coupling = self._coupled()
        alpha, beta, gamma = weights
        leak = self._transport(
            self.u, self.f, self._velocities(), coupling, weights, self.scheme, self.split
        )
        if self.split:
            leak = leak + self.source_leak + self.steady_leak
        self.faraday = 0.0
        rate = flow.faraday_rate()
        if rate is not None and self.level != BOLTZMANN:
            inner = self.f[(slice(None), *self.mesh.interior)]
            self.faraday = 0.5 * self.mesh.site_volume * float(
                np.sum(rate * (inner[1::2] - inner[0::2]) * self.mesh.volumes)
            )
            self.device.launch(
                add_source,
                self.u,
                self.f,
                self.padded_equilibrium,
                self.split,
                rate,
                gamma,
                self.level,
                self.mesh.ghosts,
                small=self.small,
            )
        self.collided: Any = 0.0 if collide is None else collide(share)
        dressing_rate = flow.dressing_rate()
        if dressing_rate is not None:
            self.dressing *= beta
            if alpha != 0.0:
                self.dressing += alpha * self.dressing_base
            self.dressing += gamma * dressing_rate
        return leak

    def _velocities(self) -> Any:
        """What carries the occupations at the present time."""
        return self.flow.w

    def scatter(self, change: Array, share: float = 1.0) -> Array:
        """Add a share of a change of f to u; returns its charge Σ_s∫D_s δf_s dV.  (valley,)"""
        brought = np.zeros((len(change) // 2, self.mesh.shape[0]))
        level = self.level if self.dresses else BOLTZMANN
        given = (change, self.dressing, self.mesh.volumes, share, level)
        self.device.launch(add_collisions, brought, self.u, *given, small=self.small)
        content = brought.reshape(self.flow.system.valleys, -1).sum(axis=1)
        return np.asarray(self.mesh.site_volume * content)

    def _coupled(self) -> Coupling | None:
        """The interband coefficients of the present flow; None if bands are uncoupled."""
        if self.level != PROJECTED or not self.dresses:
            return None
        flow = self.flow
        if self._coupling is None or flow.moves:
            if self._coupling is None:
                self._coupling = Coupling(self.mesh, self.device, flow.w)
            self._coupling.assemble(flow.w, flow.drift, self.dressing, flow.glued)
        return self._coupling

    def _transport(
        self,
        u: Array,
        f: Array,
        w: Any,
        coupling: Any,
        weights: Weights,
        scheme: int,
        sourced: bool,
    ) -> Array:
        """Fluxes and exchange of the occupation f into u; returns the leak rates."""
        source = self.source if sourced and len(self.source) else None
        if coupling is None:
            return self.sweeps.update(u, self.base, f, w, weights, scheme, source)
        gamma = weights[2]
        leak = self.sweeps.update(u, self.base, f, coupling.diagonal, weights, scheme, source)
        leak = leak + self.sweeps.exchange(u, f, coupling.off, gamma)
        texture = self._texture_rate()
        self.device.launch(
            exchange,
            u,
            f,
            self.dressing,
            coupling.mean,
            coupling.relative,
            texture,
            gamma,
            self.mesh.products,
            self.mesh.ghosts,
            self._smooth,
            self.bend,
            self._exchange_rates,
            self.mesh.volumes,
            small=self.small,
        )
        return leak

    def _texture_rate(self) -> Array:
        """∂ₜF of a texture in motion.  (valley, A, B, C)"""
        if self.flow.texture_moves and np.any(self.flow.b):
            return self.flow.texture_rate
        return np.zeros_like(self.dressing)

    def bound(self) -> int:
        """Bring 0 <= f <= 1 back after a stage; returns how many cells could not be mended."""
        self.device.launch(
            flag_rows, self._marks, self.u, self.dressing, TOLERANCE, small=self.small
        )
        flagged = np.flatnonzero(self._marks)
        if not len(flagged):
            return 0
        return int(
            repair(
                self.u,
                self.dressing,
                self.mesh.volumes,
                flagged,
                self.flow.glued,
                self.mesh.periodic,
                TOLERANCE,
                self.repair_reach,
            )
        )

    @property
    def equilibrium(self) -> Array:
        """The split-off equilibrium of every cell.  (valley·band, A, B, C)"""
        if not self.split:
            return self.padded_equilibrium
        return self.padded_equilibrium[(slice(None), *self.mesh.interior)]

    def reglue(self, handed: Array) -> None:
        """Let the glued balls follow moving nodes; `handed` (node,) collects the exchange.

        A cell that is glued keeps its charge; one that is released gets D_s f in each band.
        """
        before = self.flow.glue
        was = self.flow.glued.copy()
        if not self.flow.follow_nodes():
            return
        fresh = self.flow.dressing_now()
        for valley, glued in enumerate(was):
            low, high = self.u[2 * valley].reshape(-1), self.u[2 * valley + 1].reshape(-1)
            released = glued & ~self.flow.glued[valley]
            cells = np.flatnonzero(released)
            f = 0.5 * (low[cells] + high[cells])
            dressing = fresh[valley].reshape(-1)[cells]
            if self.level == DRESSED:
                upper, lower = f * (1.0 + 0.5 * dressing), f * (1.0 - 0.5 * dressing)
            else:
                upper, lower = f, f
            old = np.isin(before[valley].cells, cells)
            change = (upper - high[cells]) * self.mesh.volumes.reshape(-1)[cells]
            np.add.at(handed, before[valley].nodes[old], change)
            low[cells], high[cells] = lower, upper
            self.dressing[valley].reshape(-1)[cells] = dressing
            self.dressing[valley][self.flow.glued[valley]] = 0.0
        self._find_smooth()
        self.occupy()

    def take_glue(self) -> None:
        """Adapt to balls that the flow has glued anew, for a state that has them already."""
        self._find_smooth()

    def occupation(self) -> Array:
        """f_s of every cell, the equilibrium included.  (valley·band, A, B, C)"""
        out = self.f[(slice(None), *self.mesh.interior)].copy()
        if self.split:
            out += self.padded_equilibrium[(slice(None), *self.mesh.interior)]
        return out
