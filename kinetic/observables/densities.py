"""Particle and energy densities: of everything, of bands, of valleys, of chiralities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.nodes import Node, find_nodes, node_shares
from kinetic.observables.base import (
    Observable,
    Recorder,
    at_sites,
    in_sample,
    momenta,
    per_volume,
    places,
    sea,
)
from kinetic.observables.coherent import coherent, energy_recorder
from kinetic.observables.cuts import Local
from kinetic.observables.energies import Energies
from kinetic.observables.weights import product_rule
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


def above_sea(evolution: Evolution) -> Array:
    """(u_s - u_sea) V/(2πħ)^d of every cell, as (valley, band, *sites, *k)."""
    u, filled = evolution.densities(), sea(evolution, dressed=False)
    if filled is not None:
        u -= filled
    return momenta(evolution, u * evolution.mesh.volumes / evolution.phase_space)


def sea_density(evolution: Evolution) -> float:
    """What is taken off the density of one valley."""
    if not evolution.sea_filled:
        return 0.0
    return float(evolution.mesh.volumes.sum()) / evolution.phase_space


def nodes_of(evolution: Evolution) -> list[Node]:
    """The gap closings at the start, in three dimensions with their charges.

    Where there is no Berry flux on the grid the charge is sign det ∂d/∂k.
    """
    system = evolution.system
    if not system.equation.coherent:
        return list(evolution.flow.nodes)
    if system.hamiltonian.textured or evolution.mesh.dimensions != 3:
        return []
    none = [np.zeros(system.grid.volumes.shape)] * system.valleys
    return find_nodes(system.hamiltonian, system.grid, none, evolution.start)


def chirality_shares(evolution: Evolution) -> Array | None:
    """Share of every cell in chirality -1 and +1; None if nothing is chiral.  (2, valley, *k)

    A valley with a chirality of its own belongs to it as a whole, otherwise each of its cells
    belongs to the nearest charged node.
    """
    k = [axis.cells for axis in evolution.system.grid.momentum]
    shape = (evolution.system.valleys, *k)
    shares = np.zeros((2, *shape))
    for index, valley in enumerate(evolution.system.hamiltonian.valleys()):
        if valley.chirality:
            shares[int(valley.chirality > 0), index] = 1.0
    nodes = nodes_of(evolution)
    if any(node.charge for node in nodes):
        for node, share in zip(nodes, node_shares(nodes, evolution.system.grid), strict=True):
            own = evolution.system.hamiltonian.valleys()[node.valley].chirality
            if not own and node.charge:
                shares[int(node.charge > 0), node.valley] += share
    return shares if shares.any() else None


def _one(
    evolution: Evolution,
    name: str,
    dims: tuple[str, ...],
    long_name: str,
    reduce: Callable[[Array], Any],
    attributes: dict[str, Any],
    coordinates: dict[str, Any] | None = None,
) -> Recorder:
    """A recorder of one number density."""
    if evolution.sea_filled:
        attributes["sea_meaning"] = (
            "taken off: a filled lower and an empty upper band at D_s = 1, in number density"
        )
    dims = (*dims, *places(evolution))
    row = Variable(name, dims, per_volume(evolution), long_name, attributes)
    return Recorder((row,), lambda: {name: reduce(above_sea(evolution))}, coordinates or {})


@dataclass(frozen=True)
class Density(Local):
    """ρ = Σ_s ∫dᵈk/(2πħ)ᵈ u_s, u_s = n_s or g_s (their sums agree)"""

    name = "density"
    quantum = True

    def recorder(self, evolution: Evolution) -> Recorder:
        """density(time, *r)."""
        attributes = {
            "formula": self.formula(),
            "sea": sea_density(evolution) * evolution.system.valleys,
        }

        def reduce(u: Array) -> Any:
            return at_sites(evolution, u)

        return _one(evolution, self.name, (), "particle density", reduce, attributes)


@dataclass(frozen=True)
class Particles(Observable):
    """N = ∫dᵈr ρ, the number of particles in the sample"""

    name = "particles"
    quantum = True

    def fits(self, evolution: Evolution) -> str | None:
        """Axes in real space."""
        if places(evolution):
            return None
        return "the grid has no axes in real space: use 'density'."

    def recorder(self, evolution: Evolution) -> Recorder:
        """particles(time)."""
        taken = sea_density(evolution) * evolution.system.valleys
        volume = evolution.mesh.site_volume
        attributes = {
            "formula": self.formula(),
            "sea": taken * volume * evolution.mesh.site_count,
        }
        title, units = "number of particles in the sample", in_sample(evolution)
        row = Variable(self.name, (), units, title, attributes)
        return Recorder((row,), lambda: {self.name: volume * np.sum(above_sea(evolution))})


@dataclass(frozen=True)
class BandDensity(Local):
    """ρ_s = ∫dᵈk/(2πħ)ᵈ u_s in the evolved variable: f_s, n_s or g_s"""

    name = "band_density"
    quantum = True

    def recorder(self, evolution: Evolution) -> Recorder:
        """band_density(time, band, *r)."""
        taken = sea_density(evolution) * evolution.system.valleys
        attributes = {"formula": self.formula(), "sea": [taken, 0.0]}

        def reduce(u: Array) -> Any:
            return at_sites(evolution, u, 1)

        title = "particle density of each band"
        return _one(evolution, self.name, ("band",), title, reduce, attributes)


@dataclass(frozen=True)
class ValleyDensity(Local):
    """ρ_v = Σ_s ∫dᵈk/(2πħ)ᵈ u_s(v)"""

    name = "valley_density"
    quantum = True

    def fits(self, evolution: Evolution) -> str | None:
        """Several valleys."""
        if evolution.system.valleys > 1:
            return None
        return "the Hamiltonian has one valley: use 'density'."

    def recorder(self, evolution: Evolution) -> Recorder:
        """valley_density(time, valley, *r)."""
        attributes = {
            "formula": self.formula(),
            "sea": [sea_density(evolution)] * evolution.system.valleys,
        }

        def reduce(u: Array) -> Any:
            return at_sites(evolution, u, 0)

        title = "particle density of each valley"
        return _one(evolution, self.name, ("valley",), title, reduce, attributes)


@dataclass(frozen=True)
class ChiralityDensity(Local):
    """ρ_χ = Σ_s ∫dᵈk/(2πħ)ᵈ u_s over the valleys, or the cells nearest to the nodes, of χ = ∓1"""

    name = "chirality_density"
    quantum = True

    def fits(self, evolution: Evolution) -> str | None:
        """Something chiral."""
        if chirality_shares(evolution) is not None:
            return None
        return "no valley has a chirality and no charged node was found on the grid."

    def recorder(self, evolution: Evolution) -> Recorder:
        """chirality_density(time, chirality, *r)."""
        shares = chirality_shares(evolution)
        assert shares is not None
        taken = np.zeros(2)
        if evolution.sea_filled:
            volumes = evolution.system.grid.volumes / evolution.phase_space
            taken = (shares * volumes).reshape(2, -1).sum(axis=1)

        def reduce(u: Array) -> Any:
            # Chiralities take the place of the bands, which are summed over.
            between = tuple(range(1, 1 + len(evolution.mesh.sites)))
            spread = np.expand_dims(shares.swapaxes(0, 1), tuple(1 + n for n in between))
            return at_sites(evolution, spread * u.sum(axis=1)[:, None], 1)

        attributes = {"formula": self.formula(), "sea": taken}
        title = "particle density of each chirality"
        own = {
            "chirality": (("chirality",), np.array([-1, 1]), {"long_name": "sign of the node"})
        }
        return _one(evolution, self.name, ("chirality",), title, reduce, attributes, own)


@dataclass(frozen=True)
class Energy(Local):
    """⟨H⟩ = Σ_s ∫dᵈk/(2πħ)ᵈ (ε̄_s + φ) g_s = Σ_s ∫dᵈk/(2πħ)ᵈ (ε_s + φ) n_s"""

    name = "energy"
    quantum = True

    def recorder(self, evolution: Evolution) -> Recorder:
        """energy(time, *r)."""
        quantum = coherent(evolution)
        if quantum is not None:
            return energy_recorder(self.name, quantum)
        energies = Energies(evolution)
        filled = sea(evolution)
        attributes: dict[str, Any] = {"formula": self.formula(), "sea": 0.0}
        if filled is not None:
            taken = energies.sum(product_rule(evolution.mesh, momenta(evolution, filled)))
            attributes["sea"] = float(np.mean(taken)) / evolution.phase_space
            attributes["sea_meaning"] = "taken off at the start: energy density of f = (1, 0)"
            if places(evolution):
                attributes["sea_meaning"] += ", its mean over the sites"

        def measure() -> dict[str, Any]:
            u, beneath = evolution.densities(), sea(evolution)
            if beneath is not None:
                u -= beneath
            content = product_rule(evolution.mesh, momenta(evolution, u))
            return {self.name: energies.sum(content) / evolution.phase_space}

        units = per_volume(evolution, "energy")
        row = Variable(self.name, places(evolution), units, "energy density", attributes)
        return Recorder((row,), measure)
