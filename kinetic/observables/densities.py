"""Particle and energy densities: of everything, of bands, of valleys, of chiralities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic import bands
from kinetic.averages import box_averages
from kinetic.grid import Array
from kinetic.nodes import node_shares
from kinetic.observables.base import Observable, Recorder, momenta, per_volume, sea
from kinetic.observables.weights import product_rule
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


def above_sea(evolution: Evolution) -> Array:
    """(u_s - u_sea) V/(2πħ)^d of every cell, as (valley, band, *k)."""
    u, filled = evolution.densities(), sea(evolution, dressed=False)
    if filled is not None:
        u -= filled
    return momenta(evolution, u * evolution.mesh.volumes / evolution.phase_space)


def sea_density(evolution: Evolution) -> float:
    """What is taken off the density of one valley."""
    if not evolution.sea_filled:
        return 0.0
    return float(evolution.mesh.volumes.sum()) / evolution.phase_space


def chirality_shares(evolution: Evolution) -> Array | None:
    """Share of every cell in chirality -1 and +1; None if nothing is chiral.  (2, valley, *k)

    A valley with a chirality of its own belongs to it as a whole, otherwise each of its cells
    belongs to the nearest charged node.
    """
    shape = (evolution.system.valleys, *evolution.system.grid.shape)
    shares = np.zeros((2, *shape))
    for index, valley in enumerate(evolution.system.hamiltonian.valleys()):
        if valley.chirality:
            shares[int(valley.chirality > 0), index] = 1.0
    nodes = evolution.flow.nodes
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
    row = Variable(name, dims, per_volume(evolution), long_name, attributes)
    return Recorder((row,), lambda: {name: reduce(above_sea(evolution))}, coordinates or {})


@dataclass(frozen=True)
class Density(Observable):
    """ρ = Σ_s ∫dᵈk/(2πħ)ᵈ u_s, u_s = n_s or g_s (their sums agree)"""

    name = "density"

    def recorder(self, evolution: Evolution) -> Recorder:
        """density(time)."""
        attributes = {
            "formula": self.formula(),
            "sea": sea_density(evolution) * evolution.system.valleys,
        }
        return _one(evolution, self.name, (), "particle density", np.sum, attributes)


@dataclass(frozen=True)
class BandDensity(Observable):
    """ρ_s = ∫dᵈk/(2πħ)ᵈ u_s in the evolved variable: f_s, n_s or g_s"""

    name = "band_density"

    def recorder(self, evolution: Evolution) -> Recorder:
        """band_density(time, band)."""
        taken = sea_density(evolution) * evolution.system.valleys
        attributes = {"formula": self.formula(), "sea": [taken, 0.0]}

        def reduce(u: Array) -> Any:
            return u.swapaxes(0, 1).reshape(2, -1).sum(axis=1)

        title = "particle density of each band"
        return _one(evolution, self.name, ("band",), title, reduce, attributes)


@dataclass(frozen=True)
class ValleyDensity(Observable):
    """ρ_v = Σ_s ∫dᵈk/(2πħ)ᵈ u_s(v)"""

    name = "valley_density"

    def fits(self, evolution: Evolution) -> str | None:
        """Several valleys."""
        if evolution.system.valleys > 1:
            return None
        return "the Hamiltonian has one valley: use 'density'."

    def recorder(self, evolution: Evolution) -> Recorder:
        """valley_density(time, valley)."""
        attributes = {
            "formula": self.formula(),
            "sea": [sea_density(evolution)] * evolution.system.valleys,
        }

        def reduce(u: Array) -> Any:
            return u.reshape(len(u), -1).sum(axis=1)

        title = "particle density of each valley"
        return _one(evolution, self.name, ("valley",), title, reduce, attributes)


@dataclass(frozen=True)
class ChiralityDensity(Observable):
    """ρ_χ = Σ_s ∫dᵈk/(2πħ)ᵈ u_s over the valleys, or the cells nearest to the nodes, of χ = ∓1"""

    name = "chirality_density"

    def fits(self, evolution: Evolution) -> str | None:
        """Something chiral."""
        if chirality_shares(evolution) is not None:
            return None
        return "no valley has a chirality and no charged node was found on the grid."

    def recorder(self, evolution: Evolution) -> Recorder:
        """chirality_density(time, chirality)."""
        shares = chirality_shares(evolution)
        assert shares is not None
        taken = np.zeros(2)
        if evolution.sea_filled:
            volumes = evolution.system.grid.volumes / evolution.phase_space
            taken = (shares * volumes).reshape(2, -1).sum(axis=1)

        def reduce(u: Array) -> Any:
            return (shares * u.sum(axis=1)).reshape(2, -1).sum(axis=1)

        attributes = {"formula": self.formula(), "sea": taken}
        title = "particle density of each chirality"
        own = {
            "chirality": (("chirality",), np.array([-1, 1]), {"long_name": "sign of the node"})
        }
        return _one(evolution, self.name, ("chirality",), title, reduce, attributes, own)


def energy_averages(evolution: Evolution, time: float) -> Array:
    """Cell averages of ε̄_s, or of ε_s in `projected`.  (valley, band, *k)"""
    system = evolution.system
    lower = [np.asarray(axis.edges)[:-1] for axis in system.grid.momentum]
    upper = [np.asarray(axis.edges)[1:] for axis in system.grid.momentum]
    b, bare = system.fields.magnetic(time), system.equation.level == "projected"
    averages = []
    for geometry in evolution.flow.geometries:

        def energies(k: Any, geometry: Any = geometry) -> Array:
            if bare:
                return bands.energies(geometry.jet(k, time))
            return np.asarray(geometry.energies(k, time, b))

        order = {1: 6, 2: 4, 3: 2}[system.grid.dimensions]
        averages.append(box_averages(energies, lower, upper, order))
    return np.stack(averages)


@dataclass(frozen=True)
class Energy(Observable):
    """⟨H⟩ = Σ_s ∫dᵈk/(2πħ)ᵈ ε̄_s g_s = Σ_s ∫dᵈk/(2πħ)ᵈ ε_s n_s"""

    name = "energy"

    def recorder(self, evolution: Evolution) -> Recorder:
        """energy(time)."""
        averages = energy_averages(evolution, evolution.time)
        filled = sea(evolution)
        attributes: dict[str, Any] = {"formula": self.formula(), "sea": 0.0}
        if filled is not None:
            content = product_rule(evolution.mesh, momenta(evolution, filled))
            attributes["sea"] = float(np.sum(content * averages)) / evolution.phase_space
            attributes["sea_meaning"] = "taken off at the start: energy density of f = (1, 0)"
        kept = None if evolution.flow.geometry_moves else averages

        def measure() -> dict[str, Any]:
            now = energy_averages(evolution, evolution.time) if kept is None else kept
            u, taken = evolution.densities(), sea(evolution)
            if taken is not None:
                u -= taken
            content = product_rule(evolution.mesh, momenta(evolution, u))
            return {self.name: np.sum(content * now) / evolution.phase_space}

        units = per_volume(evolution, "energy")
        return Recorder((Variable(self.name, (), units, "energy density", attributes),), measure)
