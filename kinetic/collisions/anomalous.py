"""What impurity scattering does beyond its symmetric rates: coordinate shift and skew scattering.

With n_l = s m the spin direction of a state l = (s, k) and a_l = m × ∂_k m (the same in both bands)

    δr_l'l = i⟨u'|∂'u'⟩ - i⟨u|∂u⟩ - (∂ + ∂')arg⟨u'|u⟩ = (n'·a - n·a')/2(1 + n·n')

is the displacement in the event l → l'; the overlap |⟨u'|u⟩|² = ½(1 + n·n') in the golden rule takes
the denominator away.  The antisymmetric part of the rate l → l' beyond the Born approximation is

    ω^a_l'l = (2π/ħ) δ(ε - ε') ½π Σ_l'' δ(ε - ε'') n'·(n'' × n) [nV₁³ + (nV₀²)²(x + x' + x'')]

for white noise, with x = s/Δ the reciprocal distance to the other band: the first term is of third
order and there if the disorder is not Gaussian; the second one is of fourth order without crossing
lines, where the intermediate, the initial or the final state passes through the other band.

Source: Sinitsyn, Niu and MacDonald, Phys. Rev. B 73, 075318 (2006), Eq. (12), and Sinitsyn, Niu,
Sinova and Nomura, Phys. Rev. B 72, 045346 (2005) (coordinate shift); Sinitsyn, MacDonald,
Jungwirth, Dugaev and Sinova, Phys. Rev. B 75, 045315 (2007), Sec. III (distribution and rates; there
for the Dirac cone, where x = x' = x''); Sinitsyn, J. Phys.: Condens. Matter 20, 023201 (2008).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinetic.collisions.base import Surroundings
from kinetic.collisions.shells import Shells
from kinetic.errors import InputError
from kinetic.grid import Array

_DIRECTIONS = ("kx", "ky", "kz")
Smear = Callable[[Array], Array]


def refuse_places(surroundings: Surroundings) -> None:
    """Refuse a coordinate shift where there are axes in real space.

    Raises
    ------
    InputError
        If there are any.
    """
    if surroundings.places:
        raise InputError(
            "[collisions] side_jump and anomalous_distribution displace carriers from site to site "
            "in every scattering event, which is made for homogeneous runs only: take out the axes "
            f"{', '.join(surroundings.places)}, or set both to false."
        )


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
        open_ = ~shells.glued[:, :, None] & (gap > 0.0)
        nearness = np.where(open_, 1.0, 0.0) / np.where(open_, gap, 1.0)
        both = np.concatenate([-nearness, nearness], axis=2)
        self.nearness = np.ascontiguousarray(
            np.broadcast_to(both, (shells.sites, *both.shape[1:])).swapaxes(0, 1)
        ).reshape(shells.around.energy.shape)
        self.spins = self._directions(np.ones_like(self.nearness))
        self.near = self._directions(self.nearness)

    def _directions(self, g: Array) -> Array:
        """Σ_l δ(ε - ε_l) n_l g_l.  (site, valley, shell, 3)"""
        sums = self.shells.collect(g, 4)[..., 1:].sum(axis=1)
        return np.asarray(sums / self.shells.spacing)

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
        """Add factor · Σ_n φ_n n_l·c_n."""
        coefficients = np.zeros((*vectors.shape[:-1], 4))
        coefficients[..., 1:] = vectors
        self.shells.distribute(out, coefficients, factor)


class CoordinateShift:
    """v^sj_l = Σ_l' ω_l'l δr_l'l = (π/2) Σ_l' δ(ε - ε') nV² (n_l'·a_l - n_l·a_l')

    Parameters
    ----------
    shells
        Energy shells that have their spin directions.
    smear
        g → Σ_l' δ(ε - ε') nV² g_l', the golden rule without 2π/ħ and overlap.

    Attributes
    ----------
    velocity
        v^sj.  (valley·band, dimension, A, B, C)
    """

    def __init__(self, shells: Shells, smear: Smear) -> None:
        self.shells, self.smear = shells, smear
        self.update()

    def update(self) -> None:
        """Take over levels that have moved."""
        shells, around = self.shells, self.shells.around
        shape = around.energy.shape
        spins = np.repeat(shells.spin[0], 2, axis=0).reshape(-1, 2, 3, *shape[1:])
        spins[:, 0] *= -1.0
        spins = np.moveaxis(spins.reshape(-1, 3, *shape[1:]), 1, 0)
        found = [self.smear(np.ascontiguousarray(spin)) for spin in spins]
        glued = shells.glued[0].reshape(-1, *shape[1:])
        jets = around.jets()
        self.velocity = np.zeros((shape[0], around.dimensions, *shape[1:]))
        for axis in range(around.dimensions):
            for i, (spin, around_spin) in enumerate(zip(spins, found, strict=True)):
                turns = np.stack(
                    [_turn(jet.vector, jet.vector_gradient[axis])[i] for jet in jets]
                )
                turns = np.repeat(np.where(glued, 0.0, turns), 2, axis=0)
                self.velocity[:, axis] += turns * around_spin - spin * self.smear(turns)
        self.velocity *= 0.5 * np.pi
        self._slope = _Slope(shells)

    def add(self, f: Array, force: Array, out: Array) -> None:
        """Add the work of e in the events: -Σ_l' ω_ll' e·δr_ll' ∂f/∂ε = e·v^sj_l ∂f/∂ε.

        Linear in e·δr, which is all that a coordinate shift found at e = 0 knows; ∂f/∂ε is that of
        the function of the energy nearest to f, since the rest of f is itself of order e.  Then the
        source adds up to 0 in every shell.  Of second order e·j^sj of heat is left out, which
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
    """∂f/∂ε of the function of the energy nearest to f, by differences over shells with states."""

    def __init__(self, shells: Shells) -> None:
        self.shells = shells
        density = shells.density
        if shells.pooled:
            density = np.broadcast_to(density.sum(axis=1, keepdims=True), density.shape)
        full = density > 1e-6 * density.max(initial=0.0)
        ahead, behind = np.zeros_like(full), np.zeros_like(full)
        ahead[..., :-1] = full[..., 1:] & full[..., :-1]
        behind[..., 1:] = ahead[..., :-1]
        self._ahead, self._behind = ahead, behind
        self._steps = np.maximum(1.0 * ahead + behind, 1.0) * shells.spacing

    def of(self, f: Array) -> Array:
        """∂f/∂ε of the levels."""
        values = self.shells.coefficients(f)[..., 0]
        step = np.diff(values, axis=-1, append=0.0)
        difference = np.where(self._ahead, step, 0.0)
        difference += np.where(self._behind, np.roll(step, 1, axis=-1), 0.0)
        return self.shells.interpolate(difference / self._steps)
