"""Elastic scattering by static disorder in Born approximation.

    C = Q (-Γ + K) Q (f - f_FD) ,   K_ij = (2π/ħ) W_ij Σ_n χ_n(i) χ_n(j)/ΔE ,   Γ_i = Σ_j K_ij w_j

K is symmetric, Γ its row sum, so that Σ w (f - f_FD)² never grows; Q (see `shells`) keeps the
number of particles in every energy shell; f_FD, the Fermi function with charge and energy of the
state, only takes away the error with which hats would carry it.  Σ χ_n χ_n/ΔE is the δ function
of the golden rule, of fourth order in the distance of shells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.collisions.disorder import Disorder, above_zero
from kinetic.errors import InputError
from kinetic.initial.parameters import number
from kinetic.registry import from_table


@dataclass(frozen=True)
class Elastic(Collision):
    """C[f]_k = Σ_k' (2π/ħ) n|V(k-k')|² |⟨u_k|u_k'⟩|² δ(ε̄_k - ε̄_k') (f_k' - f_k)

    |⟨u_s|u_s'⟩|² = ½(1 + ss' m·m'); the sum is over all bands and over D_s' dk'/(2πħ)^d.  The
    number of particles in every energy shell is kept, and with it charge and energy.
    Source: Sinitsyn, J. Phys.: Condens. Matter 20, 023201 (2008).

    Parameters
    ----------
    strength
        W = n V₀², density of impurities times the square of their V(q = 0); energy² × volume.
    tau, energy
        Instead of `strength`: the mean lifetime 1/Γ of the levels at an energy, which is the
        chemical potential of the initial state by default.
    disorder
        'white_noise', or a table with a name (kinetic list disorders) and its keys.
    inter_valley
        W between valleys over W within one.  The momentum between valleys is taken to be so large
        that it does not matter where in its valley a state is: no dependence on q.
    overlap
        Whether scattering has the factor |⟨u|u'⟩|²; else it is 1.
    shells
        Number of energy shells; by default they are as far apart as the energy changes across
        two cells, where the initial occupation varies.
    side_jump
        Whether the displacement in scattering events adds Σ_l' ω_l'l δr_l'l to the velocity.
    anomalous_distribution
        Whether e does work in these displacements.
    skew_gaussian
        Whether there is skew scattering of fourth order, (nV₀²)²; white noise.
    skew_third_moment
        nV₁³ of disorder that is not Gaussian, for skew scattering of third order within every
        valley; energy³ × volume².  0 leaves it out; white noise.
    """

    name = "elastic"
    conserves = ("charge", "energy")
    instead = "'tau', or one of both"

    strength: float | None = None
    tau: float | None = None
    energy: float | None = None
    disorder: Any = "white_noise"
    inter_valley: float = 0.0
    overlap: bool = True
    shells: int | None = None
    side_jump: bool = False
    anomalous_distribution: bool = False
    skew_gaussian: bool = False
    skew_third_moment: float = 0.0

    def __post_init__(self) -> None:
        if (self.strength is None) == (self.tau is None):
            raise InputError(
                "give one of both: strength = n V₀², or tau = 1/Γ at an energy."
            )
        for key in ("strength", "tau"):
            if getattr(self, key) is not None:
                above_zero(key, getattr(self, key))
        if self.energy is not None:
            number("energy", self.energy)
            if self.tau is None:
                raise InputError("energy says where tau holds; strength needs none.")
        if number("inter_valley", self.inter_valley) < 0.0:
            raise InputError(f"inter_valley = {self.inter_valley} must not be below 0.")
        for key in ("overlap", "side_jump", "anomalous_distribution", "skew_gaussian"):
            if not isinstance(getattr(self, key), bool):
                raise InputError(f"{key} = {getattr(self, key)!r} must be true or false.")
        number("skew_third_moment", self.skew_third_moment)
        whole = isinstance(self.shells, int) and not isinstance(self.shells, bool)
        if self.shells is not None and not (whole and 4 <= self.shells <= 4000):
            raise InputError(f"shells = {self.shells!r} must be a whole number from 4 to 4000.")
        self.potential()

    def potential(self) -> Disorder:
        """The description of the disorder."""
        table = self.disorder
        if isinstance(table, Disorder):
            return table
        if not isinstance(table, str | Mapping):
            raise InputError(f"disorder = {table!r} must be a name or a table with a name.")
        return from_table(
            Disorder, {"name": table} if isinstance(table, str) else table, "disorder"
        )

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator on a grid.

        Raises
        ------
        InputError
            If the energy of `tau` is not known, or no level has it.
        """
        from kinetic.collisions.born import BornScattering

        operator = BornScattering(self, surroundings)
        if self.tau is not None:
            operator.normalise(self._energy(surroundings), self.tau)
        if not self.anomalous:
            return operator
        from kinetic.collisions.anomalous import AnomalousScattering

        return AnomalousScattering(self, operator)

    @property
    def anomalous(self) -> bool:
        """Whether anything beyond symmetric rates is asked for."""
        shifted = self.side_jump or self.anomalous_distribution
        return bool(shifted or self.skew_gaussian or self.skew_third_moment)

    def _energy(self, surroundings: Surroundings) -> float:
        if self.energy is not None:
            return float(self.energy)
        known = [reservoir for reservoir in surroundings.reservoirs if reservoir is not None]
        if not known:
            raise InputError(
                "[collisions] elastic: tau needs an energy, for the initial state has no "
                "chemical potential of its own."
            )
        return float(np.mean([mu for mu, _ in known]))


__all__ = ["Elastic"]
