"""The collision operators of a run, built on its grid and summed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kinetic.collisions.base import Surroundings
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.flow import Flow
    from kinetic.spaceflow import SpaceFlow
    from kinetic.spacetransport import SpaceTransport
    from kinetic.system import System
    from kinetic.transport import Transport


class Together:
    """Σ C[f] of all operators of a system.

    Parameters
    ----------
    system, flow, transport
        What is simulated, its velocities and its state at the start.
    phase_space
        (2πħ)^d.
    """

    def __init__(
        self,
        system: System,
        flow: Flow | SpaceFlow,
        transport: Transport,
        phase_space: float,
    ) -> None:
        self._system, self._transport = system, transport
        self._flow: Any = flow
        self._cells = flow.mesh.volumes / phase_space
        equilibrium, thermal = transport.initial_occupation, system.initial.equilibrium
        reservoirs = [system.initial.reservoir(v) for v in range(system.valleys)]
        if system.grid.space:
            found = cast("SpaceTransport", transport).background
            reservoirs = list(found) if found is not None else [None] * system.valleys
            if transport.split:
                equilibrium, thermal = np.ascontiguousarray(transport.equilibrium), True
        self.surroundings = Surroundings(
            self._energies(),
            self._weights(),
            equilibrium,
            flow.glued.copy(),
            tuple(reservoirs),
            thermal,
            flow.mesh.site_count,
            flow.mesh.volumes,
            self._places(),
            transport.device,
        )
        self.operators = [collision.build(self.surroundings) for collision in system.collisions]
        self._rate = np.zeros_like(transport.u)

    def _places(self) -> dict[str, Array]:
        """Coordinates of the sites by name.  (site,)"""
        space = self._system.grid.space
        found = np.meshgrid(*(axis.centres for axis in space), indexing="ij")
        return {axis.name: x.ravel() for axis, x in zip(space, found, strict=True)}

    def _energies(self) -> Array:
        """ε̄_s + φ at cell centres at the present time.  (valley·site·band, A, B, C)"""
        axes, flow = self._system.grid.momentum, self._flow
        if self._system.grid.space:
            return np.ascontiguousarray(flow.cell_energies())
        k = np.meshgrid(*(axis.centres for axis in axes), indexing="ij", sparse=True)
        energy = [geometry.energies(k, flow.time, flow.b) for geometry in flow.geometries]
        return np.concatenate(energy).reshape(self._transport.u.shape)

    @property
    def _energies_move(self) -> bool:
        flow = self._flow
        shifting = self._system.grid.space and not flow.fields.potential_constant
        return bool(flow.geometry_moves or shifting)

    def _weights(self) -> Array:
        """D_s V/(2πħ)^d, whose sum with C[f]_s is the change of charge at every level."""
        states: Array = np.ones_like(self._transport.u)
        if self._system.equation.berry:
            states[0::2] -= 0.5 * self._transport.dressing
            states[1::2] += 0.5 * self._transport.dressing
        return states * self._cells

    @property
    def fastest(self) -> float:
        """Sum of the largest relaxation rates: the step stays below its reciprocal."""
        return sum(operator.fastest for operator in self.operators)

    def rate(self, f: Array, t: float) -> Array:
        """C[f]_s of the occupations.  (valley·site·band, A, B, C)"""
        if self._energies_move:
            self.surroundings.energy[...] = self._energies()
        if self._flow.geometry_moves:
            self.surroundings.glued[...] = self._flow.glued
        if self._transport.dressing_moves:
            self.surroundings.weight[...] = self._weights()
        self._rate[...] = 0.0
        for operator in self.operators:
            operator.rate(f, t, self._rate)
        return self._rate

    def state(self) -> dict[str, Array]:
        """Whatever the operators must find again after a restart."""
        return {
            f"collision{index}.{key}": value
            for index, operator in enumerate(self.operators)
            for key, value in operator.state().items()
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` handed over."""
        for index, operator in enumerate(self.operators):
            prefix = f"collision{index}."
            operator.restore(
                {k[len(prefix) :]: np.array(v) for k, v in state.items() if k.startswith(prefix)}
            )
