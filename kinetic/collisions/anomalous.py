"""What impurities do beyond symmetric rates: coordinate shift and skew scattering.

With n_l = s m the spin direction of a state l = (s, k) and a_l = m × ∂_k m, the same in both
bands, an event l → l' displaces the carrier by

    δr_l'l = i⟨u'|∂'u'⟩ - i⟨u|∂u⟩ - (∂ + ∂')arg⟨u'|u⟩ = (n'·a - n·a')/2(1 + n·n')

The overlap |⟨u'|u⟩|² = ½(1 + n·n') of the golden rule takes the denominator away.  The rate of
l → l' beyond the Born approximation has for white noise the antisymmetric part

    ω^a_l'l = (2π/ħ) δ(ε - ε') ½π Σ_l'' δ(ε - ε'') n'·(n'' × n) [nV₁³ + (nV₀²)²(x + x' + x'')]

with x = s/Δ, the reciprocal distance to the other band.  The first term is of third order, there
if the disorder is not Gaussian; the second is of fourth order without crossing lines: the
initial, the final or the intermediate state passes through the other band.

Source: Sinitsyn, Niu, Sinova and Nomura, Phys. Rev. B 72, 045346 (2005), and Sinitsyn, Niu and
MacDonald, Phys. Rev. B 73, 075318 (2006) (coordinate shift); Sinitsyn, MacDonald, Jungwirth,
Dugaev and Sinova, Phys. Rev. B 75, 045315 (2007) (distribution and rates, for the Dirac cone,
where x = x' = x''); Sinitsyn, J. Phys.: Condens. Matter 20, 023201 (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kinetic.collisions.base import Operator
from kinetic.collisions.born import BornScattering
from kinetic.collisions.correlated import Correlated
from kinetic.collisions.shells import Shells
from kinetic.errors import InputError
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.collisions.elastic import Elastic

_DIRECTIONS = ("kx", "ky", "kz")
_CORRECTIONS, _NEGLIGIBLE = 60, 1e-14  # of an implicit stage: at most so many; an occupation
_CLOSED = 1e-9  # of the widest gap: bands that touch there
_DIFFERENCES = np.array(
    [
        [0.0, -1.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, -1.0, 1.0, 0.0],
        [0.0, -0.5, 0.0, 0.5, 0.0],
        [1.0 / 12.0, -2.0 / 3.0, 0.0, 2.0 / 3.0, -1.0 / 12.0],
    ]
)
Smear = Callable[[Array], Array]


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
        self.skew = SkewScattering(shells, fourth, skew) if np.any(fourth) or skew else None
        shifts = description.side_jump or description.anomalous_distribution
        self.shift = CoordinateShift(shells, self._smearing) if shifts else None
        self._levels = shells.density
        self.fastest = born.fastest

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
        self.fastest = self.born.fastest
        self._look()
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


class SkewScattering:
    """Σ_l' ω^a_ll' f_l' for white noise.

    Rows and columns of ω^a add up to 0 in every shell: particles of every energy are kept, and a
    function of the energy alone is not changed.

    Parameters
    ----------
    shells
        Energy shells that have their spin directions.
    strengths
        nV₀² within and between valleys; zeros leave the fourth order out.  (valley, valley)
    third_moment
        nV₁³ within every valley.
    """

    def __init__(self, shells: Shells, strengths: Array, third_moment: float) -> None:
        self.shells, self.strengths, self.third_moment = shells, strengths, third_moment
        self.update()

    def update(self) -> None:
        """Take over levels that have moved."""
        shells = self.shells
        gap = np.diff(shells.levels.reshape(shells.patterns, -1, 2, shells.cells), axis=2)
        open_ = ~shells.glued[:, :, None] & (gap > _CLOSED * gap.max())
        nearness = np.where(open_, 1.0, 0.0) / np.where(open_, gap, 1.0)
        both = np.concatenate([-nearness, nearness], axis=2)
        sites = np.broadcast_to(both, (shells.sites, *both.shape[1:]))
        # a copy of its own: kernels are compiled anew for arrays that cannot be written
        self.nearness = sites.swapaxes(0, 1).copy().reshape(shells.around.energy.shape)
        self.spins = self._directions(np.ones_like(self.nearness))
        self.near = self._directions(self.nearness)

    def _directions(self, g: Array) -> Array:
        """Σ_l δ(ε - ε_l) n_l g_l.  (site, valley, shell, 3)"""
        sums = self.shells.sharpen(self.shells.collect(g, 4).sum(axis=1))
        return np.asarray(sums[..., 1:] / self.shells.spacing)

    def _coupled(self, vectors: Array) -> Array:
        """Σ_v' nV₀²_vv' of vectors.  (site, valley, shell, 3)"""
        return np.asarray(np.einsum("vw,swni->svni", self.strengths, vectors))

    def add(self, g: Array, out: Array) -> None:
        """Add Σ_l' ω^a_ll' g_l' to out."""
        shells = self.shells
        factor = np.pi**2 / shells.around.hbar
        turned = self._directions(g)
        first = self.third_moment * np.cross(self.spins, turned)
        if np.any(self.strengths):
            inside, coming = self._coupled(self.spins), self._coupled(turned)
            through = np.cross(self.near, coming)
            through += np.cross(inside, self._directions(self.nearness * g))
            first += self._coupled(through)
            last = np.zeros_like(out)
            self._distribute(last, np.cross(inside, coming), factor)
            last *= self.nearness
            out += last
        self._distribute(out, first, factor)

    def _distribute(self, out: Array, vectors: Array, factor: float) -> None:
        """Add factor · Σ_n χ_n n_l·c_n."""
        coefficients = np.zeros((*vectors.shape[:-1], 4))
        coefficients[..., 1:] = self.shells.sharpen(vectors)
        self.shells.distribute(out, coefficients, factor)


class CoordinateShift:
    """v^sj_l = Σ_l' ω_l'l δr_l'l = ½π Σ_l' δ(ε - ε') n|V|² (n_l'·a_l - n_l·a_l')

    Parameters
    ----------
    shells
        Energy shells that have their spin directions.
    smearing
        Makes the function g → Σ_l' δ(ε - ε') n|V|² g_l': the golden rule without 2π/ħ and
        overlap.

    Attributes
    ----------
    velocity
        v^sj.  (valley·band, dimension, A, B, C)
    """

    def __init__(self, shells: Shells, smearing: Callable[[], Smear]) -> None:
        self.shells, self.smearing = shells, smearing
        self.update()

    def update(self) -> None:
        """Take over levels that have moved."""
        shells, around = self.shells, self.shells.around
        shape = around.energy.shape
        spins = np.repeat(shells.spin[0], 2, axis=0).reshape(-1, 2, 3, *shape[1:])
        spins[:, 0] *= -1.0
        spins = np.moveaxis(spins.reshape(-1, 3, *shape[1:]), 1, 0)
        smear = self.smearing()
        found = [smear(np.ascontiguousarray(spin)) for spin in spins]
        glued = shells.glued[0].reshape(-1, *shape[1:])
        jets = around.jets()
        self.velocity = np.zeros((shape[0], around.dimensions, *shape[1:]))
        for axis in range(around.dimensions):
            for i, (spin, around_spin) in enumerate(zip(spins, found, strict=True)):
                turns = np.stack(
                    [_turn(jet.vector, jet.vector_gradient[axis])[i] for jet in jets]
                )
                turns = np.repeat(np.where(glued, 0.0, turns), 2, axis=0)
                self.velocity[:, axis] += turns * around_spin - spin * smear(turns)
        self.velocity *= 0.5 * np.pi
        self._slope = _Slope(shells)

    def add(self, f: Array, force: Array, out: Array) -> None:
        """Add the work of e in the events: -Σ_l' ω_ll' e·δr_ll' ∂f/∂ε = e·v^sj_l ∂f/∂ε.

        Linear in e·δr, which is all that a coordinate shift found at e = 0 knows; ∂f/∂ε is that
        of the function of the energy nearest to f, since the rest of f is itself of order e.  So
        the source adds up to 0 in every shell.  The heat e·j^sj, of second order, is left out; it
        vanishes where the side jump is across e.

        Parameters
        ----------
        f, out
            Occupation and rate.  (valley·band, A, B, C)
        force
            e.  (3,)
        """
        names = list(self.shells.around.momenta)
        along = np.array([force[_DIRECTIONS.index(name)] for name in names])
        if np.any(along):
            source = np.einsum("i,li...->l...", along, self.velocity)
            source *= self._slope.of(f)
            self.shells.remove(source)
            out += source


def _turn(vector: Array, gradient: Array) -> Array:
    """m × ∂m = d × ∂d/|d|², 0 where d = 0.  (3, A, B, C)"""
    square = np.einsum("i...,i...->...", vector, vector)
    turned = np.cross(vector, gradient, axis=0)
    return np.asarray(np.where(square > 0.0, turned, 0.0) / np.where(square > 0.0, square, 1.0))


class _Slope:
    """∂f/∂ε of the function of the energy nearest to f: differences of shells with states."""

    def __init__(self, shells: Shells) -> None:
        self.shells = shells
        density = shells.density
        if shells.pooled:
            density = np.broadcast_to(density.sum(axis=1, keepdims=True), density.shape)
        full = density > 1e-6 * density.max(initial=0.0)
        number = full.shape[-1]
        table = np.zeros((*full.shape, 5))
        for weights in _DIFFERENCES:  # from the plainest to the best that there are shells for
            fits = full.copy()
            for move in np.flatnonzero(weights) - 2:
                here = np.arange(number) + move
                inside = (here >= 0) & (here < number)
                fits &= inside & full[..., np.clip(here, 0, number - 1)]
            table[fits] = weights
        self._table = table / shells.spacing

    def of(self, f: Array) -> Array:
        """∂f/∂ε of the levels."""
        values = self.shells.coefficients(f)[..., 0]
        slope = np.zeros_like(values)
        for move in range(-2, 3):
            slope += self._table[..., move + 2] * np.roll(values, -move, axis=-1)
        return self.shells.interpolate(slope)
