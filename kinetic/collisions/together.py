"""The collision operators of a run, built on its grid and summed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kinetic.collisions.base import Surroundings
from kinetic.collisions.direct import Direct
from kinetic.collisions.guarded import built
from kinetic.collisions.implicit import solved
from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.hamiltonians.base import Jet

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
    regions
        Shares of the cells in every node.  () → list of (A, B, C)
    """

    def __init__(
        self,
        system: System,
        flow: Flow | SpaceFlow,
        transport: Transport,
        phase_space: float,
        regions: Callable[[], list[Array]],
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
            self._momenta(),
            {axis.name: axis.periodic for axis in system.grid.momentum},
            system.equation.hbar,
            self._chiralities(),
            self._spin,
            self._force,
            self._jets,
            self._energies_move or transport.dressing_moves,
            regions,
        )
        self.operators = [built(collision, self.surroundings) for collision in system.collisions]
        self._rate: Array | None = None
        self._direct: Direct | None = None
        if Direct.suits(self.operators, transport):
            self._direct = Direct(cast("Any", self.operators[0]), transport, self._cells)

    def _places(self) -> dict[str, Array]:
        """Coordinates of the sites by name.  (site,)"""
        space = self._system.grid.space
        found = np.meshgrid(*(axis.centres for axis in space), indexing="ij")
        return {axis.name: x.ravel() for axis, x in zip(space, found, strict=True)}

    def _momenta(self) -> dict[str, Array]:
        """Coordinates of the cells by name, broadcastable to (A, B, C)."""
        found = {}
        for slot, axis in zip(self._flow.mesh.slots, self._system.grid.momentum, strict=True):
            shape = [1, 1, 1]
            shape[slot] = -1
            found[axis.name] = axis.centres.reshape(shape)
        return found

    def _chiralities(self) -> tuple[float, ...]:
        """Sum of the charges of the nodes of each valley."""
        found = [0.0] * self._system.valleys
        for node in self._flow.nodes:
            found[node.valley] += node.charge
        return tuple(found)

    def _spin(self) -> Array:
        """m = d/|d| at cell centres.  (valley·site, 3, A, B, C)"""
        system, mesh = self._system, self._flow.mesh
        r = {
            name: x.reshape(-1, *[1] * mesh.dimensions)
            for name, x in self._places().items()
            if name in system.hamiltonian.space_names
        }
        k = np.meshgrid(*(a.centres for a in system.grid.momentum), indexing="ij", sparse=True)
        cells = [len(axis.centres) for axis in system.grid.momentum]
        found = []
        for valley in range(system.valleys):
            d = system.hamiltonian.values(valley, k, self._flow.time, r or None)[1]
            d = np.broadcast_to(d.reshape(3, -1, *cells), (3, mesh.site_count, *cells))
            size = np.linalg.norm(d, axis=0)
            found.append(np.moveaxis(d / np.where(size > 0.0, size, 1.0), 1, 0))
        return np.concatenate(found).reshape(-1, 3, *mesh.shape)

    def _force(self, t: float) -> Array:
        """e at the sites.  (site, 3)"""
        if self._system.grid.space:
            return np.ascontiguousarray(self._flow.force(t).reshape(3, -1).T)
        return np.asarray(self._system.fields.electric(t), dtype=float).reshape(1, 3)

    def _jets(self) -> list[Jet]:
        """D and its derivatives at cell centres, of every valley.  S = (A, B, C)"""
        system, shape = self._system, self._flow.mesh.shape
        if system.hamiltonian.textured:
            raise InputError(
                f"[collisions] scattering with a coordinate shift is not made for a Hamiltonian "
                f"that changes in space, such as this {system.hamiltonian.name}."
            )
        k = np.meshgrid(*(a.centres for a in system.grid.momentum), indexing="ij", sparse=True)
        axes = len(system.grid.momentum)
        jets = [system.hamiltonian.jet(v, k, self._flow.time) for v in range(system.valleys)]
        return [
            Jet(*(x.reshape(*x.shape[: x.ndim - axes], *shape) for x in astuple(jet)))
            for jet in jets
        ]

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

    def look(self) -> None:
        """Take over what has moved: energies, glued cells, densities of states."""
        if self._energies_move:
            self.surroundings.energy[...] = self._energies()
        if self._flow.geometry_moves:
            self.surroundings.glued[...] = self._flow.glued
        if self._transport.dressing_moves:
            self.surroundings.weight[...] = self._weights()

    def rate(self, f: Array, t: float) -> Array:
        """C[f]_s of the occupations; the next call uses the array anew.

        (valley·site·band, A, B, C)
        """
        self.look()
        if self._rate is None:
            self._rate = np.zeros_like(f)
        self._rate[...] = 0.0
        for operator in self.operators:
            operator.rate(f, t, self._rate)
        return self._rate

    def change(self, t: float) -> Callable[[float], Array]:
        """What adds a share of C[f] to the state and returns its charge; f is that of now."""
        if self._direct is not None and self._direct.usable:
            self._direct.find()
            if self._direct.usable:
                return self._direct.add
        return partial(self._transport.scatter, self.rate(self._transport.occupation(), t))

    def settle(self, step: float, t: float) -> Array:
        """C[f] of the f with f = f* + step C[f], where f* is that of the state."""
        if self._direct is not None and self._direct.usable:
            self._direct.find()
            if self._direct.usable:
                return self._direct.settled(step)
        return self.solve(self._transport.occupation(), step, t)

    def solve(self, target: Array, step: float, t: float) -> Array:
        """C[f] of the occupations f with f = target + step C[f]."""
        self.look()
        guess = target
        for operator in self.operators:
            found = operator.solve(guess, step, t)
            guess = guess if found is None else found
        if len(self.operators) > 1 or found is None:
            guess = self._balanced(solved(self, target, guess, step, t), target)
        return (guess - target) / step

    def _balanced(self, f: Array, target: Array) -> Array:
        """The state with the charge of the target at every site, where every operator keeps it.

        What iterations leave is taken off as f(1 - f), which keeps the bounds.
        """
        if not all("charge" in collision.conserves for collision in self._system.collisions):
            return f
        shape = (self._system.valleys, self._flow.mesh.site_count, -1)
        weight = self.surroundings.weight
        excess = (weight * (f - target)).reshape(shape).sum(axis=(0, 2))
        soft = f * (1.0 - f)
        room = (weight * soft).reshape(shape).sum(axis=(0, 2))
        share = np.divide(excess, room, out=np.zeros_like(excess), where=room > np.abs(excess))
        by_row = np.tile(np.repeat(share, 2), self._system.valleys)
        return np.asarray(f - by_row.reshape(-1, 1, 1, 1) * soft)

    def total(self, f: Array, t: float) -> Array:
        """C[f]_s in an array of its own."""
        out = np.zeros_like(f)
        for operator in self.operators:
            operator.rate(f, t, out)
        return out

    def loss(self) -> Array | float:
        """Γ of all operators."""
        return sum(operator.loss() for operator in self.operators)

    def derivative(self, f: Array, v: Array, t: float) -> Array:
        """C′[f]v."""
        out = np.zeros_like(f)
        for operator in self.operators:
            operator.derivative(f, v, t, out)
        return out

    def side_velocity(self, t: float) -> Array | None:
        """Velocity that scattering gives.  (valley·site·band, dimension, A, B, C)"""
        self.look()
        found = [operator.side_velocity(t) for operator in self.operators]
        given = [velocity for velocity in found if velocity is not None]
        return sum(given[1:], start=given[0]) if given else None

    def state(self) -> dict[str, Array]:
        """Whatever the operators must find again after a restart."""
        direct = self._direct.state() if self._direct is not None else {}
        return direct | {
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
        if self._direct is not None:
            self._direct.restore(state)
