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
    """C[f]_s = -(f_v - f_FD(ε̄_s; μ, T))/τ - (f_s - f_v)/τ_within,  f_v = f_FD(ε̄_s; μ_v, T_v)

    μ_v carries the charge of valley v, μ that of all valleys together: the charges relax towards
    their common equilibrium, ∂ₜρ_v = -(ρ_v - ρ̄_v)/τ, and the shape of the distribution within a
    valley is left alone unless `within` is given.  The total charge is conserved, at every place
    in real space.  Scattering between nodes is slow beside that within them: τ > τ_within, here
    or in a relaxation_time beside it that conserves 'valley_charge'.
    Source: Son and Spivak, Phys. Rev. B 88, 104412 (2013).

    Where the Hamiltonian has one valley, the nodes found on the grid take the place of valleys:
    each has the cells that are nearest to it at the start.

    A charge that is moved comes as a difference of two Fermi functions.  With `within` <= τ this
    keeps 0 <= f <= 1 and never lowers the entropy (less the heat over T of the bath); without
    `within`, alone and far from equilibrium it can overfill a state.

    Parameters
    ----------
    tau
        τ > 0 (time).
    energy
        'bath': T_v and T are that of the bath.  'exchanged': T_v carries the energy of the
        valley and T that of all, and the total energy is conserved as well.
    within
        τ_within > 0: the shape within every valley relaxes towards its local Fermi function as
        well.  One table with `within` needs fewer local equilibria than two tables, and its
        implicit stages have a closed form.
    chemical_potential, temperature
        μ and T of the bath; by default those of the initial state.
    """

    name = "inter_node"

    tau: float
    energy: str = "bath"
    within: float | None = None
    chemical_potential: float | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        if self.energy not in _ENERGIES:
            raise InputError(f"energy = {self.energy!r}: known are {listing(_ENERGIES)}.")
        for key in ("tau", "within"):
            value = getattr(self, key)
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            if not (plain and value > 0.0) and not (key == "within" and value is None):
                raise InputError(f"{key} = {value!r} must be a number above 0.")
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
        return Between(self.tau, self.within, common, local)


class Between(Operator):
    """C = (f̄ - f_loc)/τ - (f - f_loc)/τ_within, of relaxations -(f - f̄)/τ and -(f - f_loc)/τ.

    Parameters
    ----------
    tau, within
        τ, and τ_within or None.
    common, local
        Relaxation to f̄ and to f_loc, both with τ.
    """

    def __init__(
        self, tau: float, within: float | None, common: Operator, local: Operator
    ) -> None:
        self.tau, self.inner = tau, 0.0 if within is None else 1.0 / within
        self.fastest = max(1.0 / tau, self.inner)
        self.common, self.local = common, local

    def _combine(self, first: Array, second: Array, out: Array) -> None:
        """Add the first relaxation, and τ/τ_within - 1 times the second one."""
        out += first
        second *= self.tau * self.inner - 1.0
        out += second

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add C[f]."""
        first, second = np.zeros_like(out), np.zeros_like(out)
        self.common.rate(f, t, first)
        self.local.rate(f, t, second)
        self._combine(first, second, out)

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """Add C′[f]v."""
        first, second = np.zeros_like(out), np.zeros_like(out)
        self.common.derivative(f, v, t, first)
        self.local.derivative(f, v, t, second)
        self._combine(first, second, out)

    def loss(self) -> float:
        """1/τ_within: no other part of C is -Γf."""
        return self.inner

    def solve(self, target: Array, step: float, t: float) -> Array | None:
        """f = (f* + κ f_loc + λ(f̄ - f_loc))/(1 + κ), λ = Δt/τ, κ = Δt/τ_within.

        The charge of all is that of f*, so f̄ is that of f*; the charge of a valley is that of
        (f* + λf̄)/(1 + λ), and so f_loc is known.  With energies likewise.  Cells that belong to
        two nodes in halves mix their charges: then there is no closed form.
        """
        if isinstance(self.local, _Regions) and self.local.overlap:
            return None
        ratio, kept = step / self.tau, step * self.inner
        common, local = np.zeros_like(target), np.zeros_like(target)
        self.common.rate(target, t, common)
        common *= self.tau
        common += target
        mixed = (target + ratio * common) / (1.0 + ratio)
        self.local.rate(mixed, t, local)
        local *= self.tau
        local += mixed
        found: Array = (target + kept * local + ratio * (common - local)) / (1.0 + kept)
        return found

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
