"""The state of an inhomogeneous system and one stage of its equation.

Sweeps over the k cells of every patch, then streaming along the axes of real space.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.device import Device
from kinetic.equation import Equation
from kinetic.grid import Array
from kinetic.halo import put
from kinetic.initial import Initial
from kinetic.kernels import BOLTZMANN, MP5, PROJECTED
from kinetic.kernels.patches import occupied
from kinetic.preparation import density_of
from kinetic.spacecoupling import SpaceCoupling
from kinetic.spaceflow import SpaceFlow
from kinetic.spacepreparation import background, prepared_in_space, shores, thermal
from kinetic.streaming import Streaming
from kinetic.transport import Transport
from kinetic.velocities import FaceModes, Faces, Stream

_BLOCK = 100_000  # cells whose products are made together

Velocities = tuple[Faces | FaceModes, list[Stream]]


class SpaceTransport(Transport):
    """The state on its grid in real and momentum space.

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

    Attributes
    ----------
    site_leak
        ∮Φ·dS through the open k faces of every patch in the last stage, both bands.
        (valley·site,)
    """

    flow: SpaceFlow  # type: ignore[assignment]
    repair_reach = 4  # where a patch has no room, a search through all of it would find none

    def __init__(
        self, flow: SpaceFlow, equation: Equation, initial: Initial, device: Device
    ) -> None:
        self.streaming = Streaming(flow.mesh, device, flow.system.valleys)
        self.site_leak = np.zeros(flow.patches)
        self._exchange: SpaceCoupling | None = None
        super().__init__(flow, equation, initial, device)  # type: ignore[arg-type]
        if not self.dressing_moves:
            self.dressing = self.dressing_base = flow.dressing

    def _splits(self, initial: Initial) -> bool:
        flow = self.flow
        still = flow.fields.potential_constant and not flow.geometry_moves
        self.background = background(initial, flow)
        return bool(self.equation.well_balanced and still and self.background is not None)

    def _prepare(self, initial: Initial) -> None:
        """Fill u, the inflow of open faces, the ends of open axes and the equilibrium."""
        split, self.split = self.split, False
        f, self.inflow = prepared_in_space(initial, self.flow, self.equation)
        self.initial_occupation = f
        self._fill(f)
        rest = self.background if split else None
        self.shores = shores(initial, self.flow, rest)
        if rest is not None:
            self._split_background(initial, rest)

    def _fill(self, f: Array) -> None:
        """U of given averages of the occupation, a few patches at a time."""
        factors = [self.mesh.products[slot][0] for slot in range(3)] if self.bend else None
        count = max(1, _BLOCK // int(np.prod(self.mesh.shape)))
        for start in range(0, self.flow.patches, count):
            part = slice(start, min(start + count, self.flow.patches))
            both = slice(2 * part.start, 2 * part.stop)
            smooth = self._smooth[part] if len(self._smooth) > 1 else self._smooth
            self.u[both] = density_of(f[both], self.dressing[part], self.level, factors, smooth)

    def _split_background(self, initial: Initial, rest: list[tuple[float, float]]) -> None:
        """Take off the global equilibrium, which static fields and textures leave alone."""
        f, inflow = self.initial_occupation, self.inflow
        if not initial.equilibrium:
            f, inflow = prepared_in_space(initial, self.flow, self.equation, thermal(rest))
            self._fill(f)
        # As the stages see it, so that nothing is left of a state that is this equilibrium.
        self.occupy()
        padded = self.f.copy()
        put(padded, self.mesh, inflow)
        if not initial.equilibrium:
            self._fill(self.initial_occupation)
        self.inflow = {slot: self.inflow[slot] - inflow[slot] for slot in inflow}
        self.steady_leak = np.zeros(12)
        self.split, self.padded_equilibrium = True, padded
        self.source = np.zeros_like(self.u) if self.flow.driven else np.zeros((0, 1, 1, 1))
        self._equilibrium_source()

    def _equilibrium_source(self) -> None:
        """What the drive does to the split-off equilibrium."""
        flow = self.flow
        self.source_leak = np.zeros(12)
        self.source_site_leak = np.zeros(flow.patches)
        if not flow.driven:
            return
        self.source[...] = 0.0
        velocities: Any = flow.field_part()
        coupling = None
        if self.level == PROJECTED and self.dresses:
            coupling = SpaceCoupling(flow, self.device, self.dressing)
            drift: Any = flow.field_part(berry=0.0)
            coupling.assemble_all(velocities, drift, self.dressing)
        self._still = True
        self.source_leak = self._transport(
            self.source,
            self.padded_equilibrium,
            velocities,
            coupling,
            (0.0, 1.0, 1.0),
            MP5,
            False,
        )
        self._still = False
        self.source_site_leak = self.site_leak

    def occupy(self) -> None:
        """F from u (less the split-off equilibrium), with its ghosts."""
        dressed = self.dresses and self.level != BOLTZMANN
        if dressed and self.level == PROJECTED:
            super().occupy()
            return
        self.device.launch(
            occupied,
            self.f,
            self.u,
            self.dressing,
            self._smooth,
            self.padded_equilibrium,
            self.split,
            dressed,
            self.bend,
            self._spans,
            self.mesh.ghosts,
            self.mesh.periodic,
            small=self.small,
        )
        if self.inflow or any(len(glue.cells) for glue in self.flow.glue):
            self._glue_and_fill()

    def _velocities(self) -> Velocities:
        return self.flow.carriers

    def _coupled(self) -> Any:
        if self.level != PROJECTED or not self.dresses:
            return None
        flow = self.flow
        if self._exchange is None or flow.moves:
            if self._exchange is None:
                self._exchange = SpaceCoupling(flow, self.device, self.dressing)
            bare = (flow.drift, flow.along_drift)
            self._exchange.assemble_all((flow.w, flow.along), bare, self.dressing)
        return self._exchange

    def _texture_rate(self) -> Array:
        if self.flow.geometry_moves:
            return self.flow.texture_rate
        return np.zeros_like(self.dressing)

    _still = False

    def _transport(
        self,
        u: Array,
        f: Array,
        w: Any,
        coupling: Any,
        weights: tuple[float, float, float],
        scheme: int,
        sourced: bool,
    ) -> Array:
        """Fluxes and exchange of the occupation f into u; returns the leak rates.  (12,)

        Six faces of the k grid, then two ends for each of x, y, z.
        """
        faces, streams = w
        leak, gamma = np.zeros(12), weights[2]
        last = len(self.mesh.sites) - 1  # neighbours along the last axis lie nearest in memory
        for n in reversed(range(last + 1)):
            shore = self._shored(n, f, streams[n], scheme)
            carried = streams[n] if coupling is None else coupling.along_diagonal[n]
            if n == last and coupling is None:
                source = self.source if sourced and len(self.source) else None
                leak[:6], bands, through = self.streaming.advance(
                    n, u, self.base, f, faces, carried, weights, scheme, source, shore
                )
            else:
                if n == last:
                    leak[:6] = super()._transport(u, f, faces, coupling, weights, scheme, sourced)
                    bands = self.sweeps.through
                through = self.streaming.update(n, u, f, carried, gamma, scheme, shore)
            place = 6 + 2 * self.flow.direction(n)
            leak[place : place + 2] = through
            if coupling is not None:
                self.exchange_along(n, u, f, streams[n], coupling, gamma, shore)
        leak[:6] *= self.mesh.site_volume
        self.site_leak = bands.reshape(-1, 2).sum(axis=1)
        if sourced:
            self.site_leak = self.site_leak + self.source_site_leak
        return leak

    def exchange_along(
        self,
        n: int,
        u: Array,
        f: Array,
        velocity: Stream,
        coupling: SpaceCoupling,
        gamma: float,
        shore: tuple[Array, Array] | None,
    ) -> None:
        """u_s -= γ ∂_x(M_s,-s f_-s) along axis n, with what it sends through open ends."""
        diagonal, off = coupling.along_diagonal[n], coupling.along_off[n]
        if shore is not None:
            shore = shore[0], self.shores.exchanged(n, velocity, diagonal, off)
        self.streaming.exchange(n, u, f, off, gamma, shore)

    def _shored(
        self, n: int, f: Array, velocity: Stream, scheme: int
    ) -> tuple[Array, Array] | None:
        """What lies beyond the ends of an axis; an equilibrium goes on as it is."""
        if self._still and not self.mesh.grid.space[n].periodic:
            return self.shores.continued(n, f, velocity)
        return self.shores.crossing(n, f, velocity, scheme)
