"""Skew scattering: the antisymmetric part of golden-rule rates beyond the Born approximation.

With n_l = s m the spin direction of a state l and x = s/Δ the reciprocal distance to the other
band, the rate of l → l' has for white noise the antisymmetric part

    ω^a_l'l = (2π/ħ) δ(ε - ε') ½π Σ_l'' δ(ε - ε'') n'·(n'' × n) [nV₁³ + (nV₀²)²(x + x' + x'')]

The first term is of third order, there if the disorder is not Gaussian; the second is of fourth
order without crossing lines: the initial, the final or the intermediate state passes through the
other band.

Source: Sinitsyn, MacDonald, Jungwirth, Dugaev and Sinova, Phys. Rev. B 75, 045315 (2007), for the
Dirac cone, where x = x' = x''; Sinitsyn, J. Phys.: Condens. Matter 20, 023201 (2008).
"""

from __future__ import annotations

import numpy as np

from kinetic.collisions.shells import Shells
from kinetic.grid import Array

_CLOSED = 1e-9  # of the widest gap: bands that touch there
_SAMPLE = 96  # levels of a shell
_VARYING = 1e-2  # of the largest ∫f(1 - f) of a shell: where the initial occupation varies


class SkewScattering:
    """Σ_l' ω^a_ll' f_l' for white noise.

    Rows and columns of ω^a add up to 0 in every shell: particles of every energy are kept, and a
    function of the energy alone is not changed.

    Parameters
    ----------
    shells
        Energy shells that have their spin directions.
    strength
        nV₀² within every valley, that of the symmetric rates.
    strengths
        nV₀² within and between valleys; zeros leave the fourth order out.  (valley, valley)
    third_moment
        nV₁³ within every valley.

    Attributes
    ----------
    fastest
        Bound of Σ_l' |ω^a_ll'| over all levels.
    """

    def __init__(
        self, shells: Shells, strength: float, strengths: Array, third_moment: float
    ) -> None:
        self.strength = strength
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
        self.fastest = self._bound()

    def _bound(self) -> float:
        """Largest Σ_l' |ω^a_ll'|, where |n'·(n'' × n)| is at most 1."""
        shells = self.shells

        def states(g: Array) -> Array:
            return np.asarray(shells.moments(g)[..., None] / shells.spacing)

        def length(vectors: Array) -> Array:
            return np.asarray(np.linalg.norm(vectors, axis=-1, keepdims=True))

        x = np.abs(self.nearness)
        density, spins = states(np.ones_like(x)), length(self.spins)
        first = abs(self.third_moment) * spins * density
        last = 0.0
        if np.any(self.strengths):
            inside, reached = length(self._coupled(self.spins)), self._coupled(density)
            first += self._coupled(length(self.near) * reached + inside * states(x))
            last = x * shells.interpolate((inside * reached)[..., 0])
        rates = shells.interpolate(first[..., 0]) + last
        return float(np.pi**2 / shells.around.hbar * rates.max(initial=0.0))

    def negative(self) -> tuple[float, float]:
        """How much of the scattering has ω^s + ω^a < 0, where this is most; and the energy there.

        Σ max(0, |ω^a| - ω^s) over Σ ω^s within a valley, for a sample of the levels of every
        shell in which the initial occupation varies, or of all shells if it varies in none.
        """
        shells, found = self.shells, (0.0, 0.0)
        f = shells.around.equilibrium
        varying = shells.moments(np.clip(f * (1.0 - f), 0.0, None))
        if not varying.max() > 0.0:
            varying = shells.moments(np.ones_like(f))
        looked = varying > _VARYING * varying.max()
        inside, nearness = self._coupled(self.spins), shells.by_site(self.nearness)
        near = self._coupled(self.near)
        for pattern in range(shells.patterns):
            for valley in range(shells.valleys):
                rows = nearness[pattern, 2 * valley : 2 * valley + 2].ravel()
                members = shells.members(pattern, valley)
                for n in np.flatnonzero(looked[pattern, valley]):
                    level, hat = members[n]
                    level = level[hat >= 0.5 * hat.max(initial=0.0)]
                    level = level[:: max(1, len(level) // _SAMPLE)]
                    cell = level % shells.cells
                    spin = shells.spin[pattern, valley][:, cell]
                    spin = (spin * np.where(level < shells.cells, -1.0, 1.0)).T
                    x = rows[level]
                    strength = self.strength * 0.5 * (1.0 + spin @ spin.T)
                    at = (pattern, valley, n)
                    through = self.third_moment * self.spins[at]
                    if np.any(self.strengths):
                        through = through + self.strengths[valley, valley] * near[at]
                    turned = np.cross(through, spin) @ spin.T
                    if np.any(self.strengths):
                        own = self.strengths[valley, valley] * np.cross(inside[at], spin)
                        turned += (own @ spin.T) * (x[:, None] + x)
                    lost = np.maximum(0.5 * np.pi * np.abs(turned) - strength, 0.0).sum()
                    share = float(lost / max(strength.sum(), 1e-300))
                    if share > found[0]:
                        found = share, float(shells.energies[n])
        return found

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
