"""Cell averages of the energies that densities carry, in momentum and in real space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic import bands
from kinetic.averages import box_averages
from kinetic.grid import Array
from kinetic.observables.base import at_sites
from kinetic.potentials import energies as corner_energies

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_KEPT_BYTES = 300 * 2**20


class Energies:
    """Cell averages of ε̄_s, or of ε_s in `projected`, and φ at the sites.

    Parameters
    ----------
    evolution
        The system.
    bare
        Whether ε_s is meant instead of ε̄_s; None: as the density of the level has it.
    """

    def __init__(self, evolution: Evolution, bare: bool | None = None) -> None:
        self.evolution = evolution
        level = evolution.system.equation.level
        self.bare = level == "projected" if bare is None else bare
        flow = evolution.flow
        self.local = bool(evolution.mesh.sites)
        self.moves = flow.geometry_moves
        # A texture is integrated together with its potential.
        self.joined = self.local and (flow.textured or not flow.fields.magnetic_uniform)
        if self.joined and flow.textured and not flow.fields.potential_constant:
            self.moves = True
        self._kept: Array | None = None

    def averages(self) -> Array:
        """Means over the cells at the present time.  (valley, band, *sites or 1, *k)"""
        if self._kept is not None:
            return self._kept
        found = self._at_sites() if self.joined else self._everywhere()
        if not self.moves and found.nbytes <= _KEPT_BYTES:
            self._kept = found
        return found

    def _everywhere(self) -> Array:
        """The same at every site, by a finer rule."""
        evolution, time = self.evolution, self.evolution.time
        system, mesh = evolution.system, evolution.mesh
        lower = [np.asarray(axis.edges)[:-1] for axis in system.grid.momentum]
        upper = [np.asarray(axis.edges)[1:] for axis in system.grid.momentum]
        if self.local:
            b = np.asarray(evolution.flow.fields.magnetic_at({}, time))
        else:
            b = system.fields.magnetic(time)
        averages = []
        for geometry in evolution.flow.geometries:

            def energies(k: Any, geometry: Any = geometry) -> Array:
                if self.bare:
                    return bands.energies(geometry.jet(k, time))
                return np.asarray(geometry.energies(k, time, b))

            order = {1: 6, 2: 4, 3: 2}[mesh.dimensions]
            averages.append(box_averages(energies, lower, upper, order))
        whole = np.stack(averages)
        return whole.reshape(*whole.shape[:2], *[1] * len(mesh.sites), *whole.shape[2:])

    def _at_sites(self) -> Array:
        """Of a texture, or in a field b(r)."""
        evolution = self.evolution
        sites, time = evolution.mesh.sites, evolution.time
        found = []
        for land in evolution.flow.landscapes:
            mean = land.gathered(
                time, lambda form: corner_energies(form, shifted=not self.bare), None, None
            )
            assert mean is not None
            found.append(np.moveaxis(mean, len(sites), 0))
        return np.stack(found)

    def potential(self) -> Array | float:
        """φ at the sites, where the averages lack it.  (*sites)"""
        evolution = self.evolution
        if not self.local or evolution.flow.textured:
            return 0.0
        r = evolution.flow.coordinates()
        phi = np.asarray(evolution.flow.fields.potential_at(r, evolution.time))
        return np.broadcast_to(phi, evolution.mesh.sites)

    def with_potential(self) -> Array:
        """Means of ε̄_s + φ.  (valley, band, *sites or 1, *k)"""
        potential = np.asarray(self.potential())
        if not np.any(potential):
            return self.averages()
        mesh = self.evolution.mesh
        spread = potential.reshape(*mesh.sites, *[1] * mesh.dimensions)
        return np.asarray(self.averages() + spread)

    def sum(self, content: Array) -> Array:
        """Σ of (valley, band, *sites, *k) contents times their energies.  (*sites)"""
        carried = at_sites(self.evolution, content * self.averages())
        potential = self.potential()
        if np.any(potential):
            carried = carried + potential * at_sites(self.evolution, content)
        return carried
