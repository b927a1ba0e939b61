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
