"""Relaxation of the charge between valleys, or between the nodes of one zone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.errors import InputError, listing
from kinetic.grid import Array

_ENERGIES = ("bath", "exchanged")


@dataclass(frozen=True)
class InterNode(Collision):
    """C[f]_s = -(f_FD(ε̄_s; μ_v, T_v) - f_FD(ε̄_s; μ, T))/τ

    μ_v carries the charge of valley v, μ that of all valleys together: the charges relax towards
    their common equilibrium, ∂ₜρ_v = -(ρ_v - ρ̄_v)/τ, and the shape of the distribution within a
    valley is left alone.  The total charge is conserved, at every place in real space.  Beside
    relaxation_time with conserving = ['valley_charge'] this is
    C = -(f - f_loc)/τ_intra - (f_loc - f̄)/τ: inter-node scattering that is slow beside the one
    within a node.  Source: Son and Spivak, Phys. Rev. B 88, 104412 (2013).

    Where the Hamiltonian has one valley, the nodes found on the grid take the place of valleys:
    each has the cells that are nearest to it at the start.

    A charge that is moved comes as a difference of two Fermi functions.  It fits into
    0 <= f <= 1 where f is near f_loc, which a relaxation within the valleys with τ_intra <= τ
    keeps up; alone and far from equilibrium it can overfill a state.

    Parameters
    ----------
    tau
        τ > 0 (time).
    energy
        'bath': T_v and T are that of the bath.  'exchanged': T_v carries the energy of the
        valley and T that of all, and the total energy is conserved as well.
    chemical_potential, temperature
        μ and T of the bath; by default those of the initial state.
    """

    name = "inter_node"

    tau: float
    energy: str = "bath"
    chemical_potential: float | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        if self.energy not in _ENERGIES:
            raise InputError(f"energy = {self.energy!r}: known are {listing(_ENERGIES)}.")
        if isinstance(self.tau, str):
            raise InputError(f"tau = {self.tau!r} must be a number above 0.")
        self._towards("charge")

    @property
    def conserves(self) -> tuple[str, ...]:  # type: ignore[override]
        """Charge, and the energy if it is exchanged."""
        return ("charge", "energy") if self.energy == "exchanged" else ("charge",)

    def _towards(self, charge: str) -> RelaxationTime:
        """Relaxation to the Fermi functions with μ (and T) of every valley, or of all."""
        both = [charge, "energy"] if self.energy == "exchanged" else [charge]
        return RelaxationTime(self.tau, both, self.chemical_potential, self.temperature)

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator on a grid.

        Raises
        ------
        InputError
            If there are neither several valleys nor several nodes, or if neither the table nor
            the initial state gives μ and T.
        """
        try:
            common = self._towards("charge").build(surroundings)
            if surroundings.valleys > 1:
                local: Operator = self._towards("valley_charge").build(surroundings)
            else:
                local = _Regions(surroundings, self._towards("charge"))
        except InputError as error:
            words = str(error).replace("relaxation_time", self.name)
            raise InputError(words) from None
        return Between(self.tau, common, local)


class Between(Operator):
    """C = (f̄ - f_loc)/τ as the difference of two relaxations, -(f - f̄)/τ and -(f - f_loc)/τ.

    Parameters
    ----------
    tau
        τ.
    common, local
        Relaxation to f̄ and to f_loc.
    """

    def __init__(self, tau: float, common: Operator, local: Operator) -> None:
        self.tau, self.fastest = tau, 1.0 / tau
        self.common, self.local = common, local

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add (f̄ - f_loc)/τ."""
        self.common.rate(f, t, out)
        apart = np.zeros_like(out)
        self.local.rate(f, t, apart)
        out -= apart

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """Add C′[f]v."""
        self.common.derivative(f, v, t, out)
        apart = np.zeros_like(out)
        self.local.derivative(f, v, t, apart)
        out -= apart

    def loss(self) -> float:
        """0: no part of C is -Γf."""
        return 0.0

    def solve(self, target: Array, step: float, t: float) -> Array | None:
        """f = f* + (Δt/τ)(f̄ - f_loc).

        The charge of all is that of f*, so f̄ is that of f*; the charge of a valley is that of
        (f* + λf̄)/(1 + λ) with λ = Δt/τ, and so f_loc is known.  With energies likewise.  Cells
        that belong to two nodes in halves mix their charges: then there is no closed form.
        """
        if isinstance(self.local, _Regions) and self.local.overlap:
            return None
        ratio = step / self.tau
        missing = np.zeros_like(target)  # f̄ - f*
        self.common.rate(target, t, missing)
        missing *= self.tau
        mixed = target + ratio / (1.0 + ratio) * missing
        apart = np.zeros_like(target)  # f_loc - mixed
        self.local.rate(mixed, t, apart)
        missing *= ratio / (1.0 + ratio)
        missing -= step * apart
        missing += target
        return missing

    def state(self) -> dict[str, Array]:
        """Where both begin to look for their μ and T."""
        return {
            f"{name}.{key}": value
            for name, part in (("common", self.common), ("local", self.local))
            for key, value in part.state().items()
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Take that back."""
        for name, part in (("common", self.common), ("local", self.local)):
            start = f"{name}."
            own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            part.restore(own)


class _Regions(Operator):
    """-(f - f_loc)/τ with a local equilibrium of its own around every node of one valley.

    A node's equilibrium carries the charge of its cells; cells between two nodes belong to both
    in halves.
    """

    def __init__(self, surroundings: Surroundings, towards: RelaxationTime) -> None:
        shares = surroundings.regions()
        if len(shares) < 2:
            raise InputError(
                "[collisions] inter_node moves charge between valleys or nodes, but this "
                f"Hamiltonian has one valley and {'one' if len(shares) else 'no'} node on the "
                "grid: take one with several, such as 'weyl_pair' or 'weyl_lattice'."
            )
        self.around, self.shares = surroundings, shares
        self.overlap = any(np.any((share > 0.0) & (share < 1.0)) for share in shares)
        self.weights = [surroundings.weight * share for share in shares]
        self.parts = [
            towards.build(replace(surroundings, weight=weight)) for weight in self.weights
        ]
        self.fastest = 1.0 / towards.tau

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add -(f - f_loc)/τ."""
        found = np.empty_like(out)
        for share, weight, part in zip(self.shares, self.weights, self.parts, strict=True):
            np.multiply(self.around.weight, share, out=weight)
            found[...] = 0.0
            part.rate(f, t, found)
            found *= share
            out += found

    def state(self) -> dict[str, Array]:
        """Where each begins to look for its μ and T."""
        return {
            f"{index}.{key}": value
            for index, part in enumerate(self.parts)
            for key, value in part.state().items()
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Take that back."""
        for index, part in enumerate(self.parts):
            start = f"{index}."
            own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            part.restore(own)
