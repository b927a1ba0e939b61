"""Elastic scattering beyond symmetric rates: Born, coordinate shift and skew scattering together.

    C[f]_l = C_Born[f]_l + Σ_l' ω^a_ll' f_l' - Σ_l' ω_ll' e·δr_ll' ∂f/∂ε
    v^sj_l = Σ_l' ω_l'l δr_l'l

with the antisymmetric rates ω^a of `skew` and the displacements δr of `shift`.

Source: Sinitsyn, MacDonald, Jungwirth, Dugaev and Sinova, Phys. Rev. B 75, 045315 (2007);
Sinitsyn, J. Phys.: Condens. Matter 20, 023201 (2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinetic.collisions.base import Operator
from kinetic.collisions.born import BornScattering
from kinetic.collisions.correlated import Correlated
from kinetic.collisions.shift import CoordinateShift, Smear
from kinetic.collisions.skew import SkewScattering
from kinetic.errors import InputError
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.collisions.elastic import Elastic

_NEGATIVE = 0.05  # of all transition probabilities: more below 0 are refused
_CORRECTIONS, _NEGLIGIBLE = 60, 1e-14  # of an implicit stage: at most so many; an occupation


class AnomalousScattering(Operator):
    """Scattering in Born approximation and what a description asks for beyond.

    Parameters
    ----------
    description
        Which parts.
    born
        The symmetric part, with its final strength.

    Raises
    ------
    InputError
        If a part is not made for this disorder or this grid.
    """

    def __init__(self, description: Elastic, born: BornScattering) -> None:
        self.description, self.born = description, born
        self._refuse()
        shells, skew = born.shells, description.skew_third_moment
        between = description.inter_valley * (1.0 - np.eye(shells.valleys))
        self.strengths = born.strength * (np.eye(shells.valleys) + between)
        fourth = self.strengths * description.skew_gaussian
        self.skew: SkewScattering | None = None
        if np.any(fourth) or skew:
            self.skew = SkewScattering(shells, born.strength, fourth, skew)
            self._require_positive(self.skew)
        shifts = description.side_jump or description.anomalous_distribution
        self.shift = CoordinateShift(shells, self._smearing) if shifts else None
        self._levels = shells.density
        self._hurry()

    def _hurry(self) -> None:
        """The fastest rate: symmetric and antisymmetric ones add up."""
        self.fastest = self.born.fastest + (self.skew.fastest if self.skew else 0.0)

    @staticmethod
    def _require_positive(skew: SkewScattering) -> None:
        """Refuse skew scattering that is more frequent than scattering."""
        share, energy = skew.negative()
        if share > _NEGATIVE:
            raise InputError(
                "[collisions] elastic: skew scattering exceeds the scattering it is a correction "
                f"to: at the energy {energy:.4g} transition probabilities below 0 make up "
                f"{share:.2g} of all: lower skew_third_moment (nV₁³) against strength (nV₀²), or "
                "with skew_gaussian the strength."
            )

    def _refuse(self) -> None:
        description, places = self.description, self.born.around.places
        shifted = description.side_jump or description.anomalous_distribution
        if not description.overlap:
            raise InputError(
                "[collisions] elastic: coordinate shift and skew scattering come from the phases "
                "of ⟨u|u'⟩, which overlap = false leaves out: set overlap = true or drop them."
            )
        skewed = description.skew_gaussian or description.skew_third_moment
        if skewed and not description.potential().flat:
            raise InputError(
                "[collisions] elastic: skew scattering is made for disorder = 'white_noise': "
                "take that, or drop skew_gaussian and skew_third_moment."
            )
        if shifted and places:
            raise InputError(
                "[collisions] elastic: side_jump and anomalous_distribution displace carriers "
                "from site to site, which is made for homogeneous runs only: take out the axes "
                f"{', '.join(places)}, or drop both."
            )

    def _smearing(self) -> Smear:
        """The function g → Σ_l' δ(ε - ε') n|V|² g_l' of the present levels."""
        shells, potential = self.born.shells, self.description.potential()
        flat, inside = self.strengths, None
        if not potential.flat:
            flat = self.strengths * (1.0 - np.eye(shells.valleys))
            inside = Correlated(shells, potential, self.born.strength, overlap=False)

        def smear(g: Array) -> Array:
            sums = shells.sharpen(shells.moments(g)[..., None])
            sums = shells.sharpen(np.einsum("vw,swna->svna", flat, sums))
            out = shells.interpolate(sums[..., 0] / shells.spacing)
            if inside is not None:
                inside.add(g, out)
            return out

        return smear

    def _look(self) -> None:
        """Follow bands that have moved; the Born part has looked at them before."""
        if self._levels is not self.born.shells.density:
            self._levels = self.born.shells.density
            if self.skew:
                self.skew.update()
            if self.shift:
                self.shift.update()

    def _add(self, f: Array, apart: Array, t: float, out: Array) -> None:
        """Add what there is beyond the Born part, from f and Q (f - f_FD); linear in both."""
        shells = self.born.shells
        if self.skew:
            change = np.zeros_like(out)
            self.skew.add(apart, change)
            shells.remove(change)
            out += change
        if self.shift and self.description.anomalous_distribution:
            self.shift.add(f, self.born.around.force(t)[0], out)

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add the Born part and the rest."""
        self.born.rate(f, t, out)
        self._look()
        self._hurry()
        self._add(f, self.born.apart, t, out)

    def loss(self) -> Array:
        """Γ of the Born part."""
        return self.born.loss()

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """Add what is linear: all but the choice of f_FD, which only takes an error away."""
        self.born.derivative(f, v, t, out)
        self._add(v, self.born.apart, t, out)

    def solve(self, target: Array, step: float, t: float) -> Array | None:
        """f with f = target + step C[f], by corrections to the f of the Born part.

        With S = (1 - step C_Born)⁻¹ and A the rest of C these are (step S A)ⁿ f, smaller and
        smaller as long as skew scattering is rarer than scattering; otherwise None.
        """
        f = self.born.solve(target, step, t)
        self._look()
        if f is None:
            return None
        rest, size = np.zeros_like(f), np.inf
        self._add(f, self.born.deviation(f), t, rest)
        for _ in range(_CORRECTIONS):
            change = self.born.settled(step * rest, step)
            f += change
            before, size = size, float(np.abs(change).max())
            if size <= _NEGLIGIBLE:
                return f
            if not size < 0.7 * before:
                return None
            rest[...] = 0.0
            self._add(change, change, t, rest)
        return None

    def side_velocity(self, t: float) -> Array | None:
        """v^sj of the present levels, where it is asked for."""
        if self.shift is None or not self.description.side_jump:
            return None
        self.born.look()
        self._look()
        return self.shift.velocity

    def state(self) -> dict[str, Array]:
        """That of the Born part."""
        return self.born.state()

    def restore(self, state: dict[str, Array]) -> None:
        """Take it back."""
        self.born.restore(state)
