"""The coordinate shift: by how much a scattering event displaces the carrier.

With n_l = s m the spin direction of a state l = (s, k) and a_l = m × ∂_k m, the same in both
bands,

    δr_l'l = i⟨u'|∂'u'⟩ - i⟨u|∂u⟩ - (∂ + ∂')arg⟨u'|u⟩ = (n'·a - n·a')/2(1 + n·n')

The overlap |⟨u'|u⟩|² = ½(1 + n·n') of the golden rule takes the denominator away.

Source: Sinitsyn, Niu, Sinova and Nomura, Phys. Rev. B 72, 045346 (2005); Sinitsyn, Niu and
MacDonald, Phys. Rev. B 73, 075318 (2006).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinetic.collisions.shells import Shells
from kinetic.grid import Array

_DIRECTIONS = ("kx", "ky", "kz")
_DIFFERENCES = np.array(
    [
        [0.0, -1.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, -1.0, 1.0, 0.0],
        [0.0, -0.5, 0.0, 0.5, 0.0],
        [1.0 / 12.0, -2.0 / 3.0, 0.0, 2.0 / 3.0, -1.0 / 12.0],
    ]
)
Smear = Callable[[Array], Array]


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
