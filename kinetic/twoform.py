"""The closed two-form of a particle in phase space, at points, to first order in ħ.

    ω = dk∧dr + ½ b·(dr×dr) + q_s F ,      Π = ω₀⁻¹ ,      F = ½ ħ Π^{ij} F_ij

    D_s = 1 + ½ s F ,      D_s ẋ_s^j = P_s^{ji} (∂_i ε̄_s − e_i) + Π^{ji} q_s F_{ti}

    P_s^{ij} = Π^{ij} + ½ s R^{ij} ,      R^{ij} = F Π^{ij} − ħ Π^{ik} Π^{jl} F_kl

F is the whole Berry curvature: rr, rk, kk, rt and kt.  P is antisymmetric and ∂_i P^{ij} = 0, so
that P^{ji} ∂_i ε̄ = ∂_i (ε̄ P^{ji}): a generalised curl, free of divergence on any grid.

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (18), (24), (37), (38); Xiao,
Chang and Niu, Rev. Mod. Phys. 82, 1959 (2010), Sec. VI.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from kinetic import bands
from kinetic.grid import Array
from kinetic.hamiltonians.base import SPACE, Jet

TIME = 6
Entry = Array | float | None  # None stands for zero


def position(direction: int) -> int:
    """Index of r_l."""
    return direction


def momentum(direction: int) -> int:
    """Index of k_l."""
    return 3 + direction


def permutation(i: int, j: int) -> tuple[int, float] | None:
    """(l, ε_ijl) of two directions, or None if they are the same."""
    if i == j:
        return None
    left = 3 - i - j
    return left, 1.0 if (i, j) in ((0, 1), (1, 2), (2, 0)) else -1.0


class TwoForm:
    """Berry curvatures, P and ε̄ at points of phase space.

    Parameters
    ----------
    jet
        d₀, d and their derivatives; see `Hamiltonian.jet`.
    axes
        Names of the directions of `jet.vector_slope`, in their order.
    b
        Magnetic field, (3, *S) or broadcastable to it.
    hbar
        ħ, or 0 for a theory without Berry terms.
    potential
        φ, an energy added to both bands.

    Attributes
    ----------
    dimensions
        Number of momentum directions.
    """

    def __init__(
        self,
        jet: Jet,
        axes: Sequence[str],
        b: Array,
        hbar: float,
        potential: Array | float = 0.0,
    ) -> None:
        self.jet, self.b, self.hbar, self.potential = jet, b, hbar, potential
        self.dimensions = len(jet.vector_gradient)
        self._place = {SPACE.index(name): n for n, name in enumerate(axes)}
        self._magnetic = [bool(np.any(component)) for component in b]
        self._known: dict[tuple[int, int], Entry] = {}
        self.half_gap = bands.half_gap(jet)

    # --- curvatures ---------------------------------------------------------------------------

    def _slope(self, index: int) -> Array | None:
        """∂d along a direction of phase space or time; None if there is none."""
        if index == TIME:
            return self.jet.vector_rate
        if index >= 3:
            return np.asarray(self.jet.vector_gradient[index - 3])
        place = self._place.get(index)
        return None if place is None else np.asarray(self.jet.vector_slope[place])

    def curvature(self, i: int, j: int) -> Entry:
        """F_ij = d·(∂_i d × ∂_j d)/|d|³.  (S)"""
        if i == j or self.hbar == 0.0:
            return None
        if i > j:
            return _scaled(self.curvature(j, i), -1.0)
        if (i, j) not in self._known:
            first, second = self._slope(i), self._slope(j)
            value = None
            if first is not None and second is not None:
                with np.errstate(invalid="ignore", divide="ignore"):
                    value = np.nan_to_num(
                        bands.triple(self.jet, first, second), posinf=0.0, neginf=0.0
                    )
            self._known[i, j] = value if value is None or np.any(value) else None
        return self._known[i, j]

    def poisson(self, i: int, j: int) -> Entry:
        """Π^{ij}: Π^{rk} = 1, Π^{kk} = ε_ijl b_l."""
        if i < 3 and j < 3:
            return None
        if i < 3 or j < 3:
            return (1.0 if i < 3 else -1.0) if abs(i - j) == 3 else None
        turn = permutation(i - 3, j - 3)
        if turn is None or not self._magnetic[turn[0]]:
            return None
        return np.asarray(turn[1] * self.b[turn[0]])

    def field(self) -> Entry:
        """F = ħ (F_{r_l k_l} + b·B_k).  (S)"""
        return self._field

    @cached_property
    def _field(self) -> Entry:
        total: Entry = None
        for i in range(self.dimensions):
            total = _plus(total, self.curvature(position(i), momentum(i)))
            for j in range(i + 1, self.dimensions):
                entry = self.poisson(momentum(i), momentum(j))
                total = _plus(total, _times(entry, self.curvature(momentum(i), momentum(j))))
        return _scaled(total, self.hbar)

    def berry(self, i: int, j: int) -> Entry:
        """R^{ij} = F Π^{ij} - ħ Π^{ik} Π^{jl} F_kl.  (S)"""
        total = _times(self.field(), self.poisson(i, j))
        for m in self._directions():
            left = self.poisson(i, m)
            if left is None:
                continue
            for n in self._directions():
                right = self.poisson(j, n)
                if right is None:
                    continue
                raised = _times(_times(left, right), self.curvature(m, n))
                total = _plus(total, _scaled(raised, -self.hbar))
        return total

    def chiral(self, i: int, j: int) -> Entry:
        """The part ħ b_i B_j of R^{r_i k_j}: chiral magnetic.  (S)"""
        turns = [permutation(j, other) for other in range(self.dimensions)]
        total: Entry = None
        for other, turn in enumerate(turns):
            if turn is None or turn[0] <= other or not self._magnetic[i]:
                continue
            # B_j = F_{k_other k_left} with (j, other, left) in cyclic order, or its negative.
            if turn[0] < self.dimensions:
                value = self.curvature(momentum(other), momentum(turn[0]))
                total = _plus(total, _times(_scaled(value, turn[1]), self.b[i]))
        return _scaled(total, self.hbar)

    def _directions(self) -> list[int]:
        each = range(self.dimensions)
        return [position(i) for i in each] + [momentum(i) for i in each]

    # --- energies -----------------------------------------------------------------------------

    def energies(self) -> Array:
        """ε_s = d₀ + s|d|.  (band, S)"""
        scalar = self.jet.scalar
        return np.stack([scalar - self.half_gap, scalar + self.half_gap])

    def shift(self) -> Entry:
        """ε̄_s - ε_s = -¼ΔF, F cut to [-1, 1] where the expansion ends.  (S)"""
        field = self.field()
        if field is None:
            return None
        return np.asarray(-0.5 * self.half_gap * np.clip(field, -1.0, 1.0))

    def shifted_energies(self) -> Array:
        """ε̄_s = ε_s - ¼ΔF.  (band, S)"""
        shift = self.shift()
        return self.energies() if shift is None else np.asarray(self.energies() + shift)


def _scaled(value: Entry, factor: float) -> Entry:
    return None if value is None else factor * value


def _times(one: Entry, other: Entry) -> Entry:
    return None if one is None or other is None else one * other


def _plus(one: Entry, other: Entry) -> Entry:
    if one is None or other is None:
        return other if one is None else one
    return one + other
