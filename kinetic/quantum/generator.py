"""The matrix equation to second order in gradients, as a linear operator.

    ∂ₜn̂ = −D_a ½{U_a, n̂} + (2/ħ) d × n − (ħ/4) D_a D_b (M_ab × n) ,     n̂ = n₀ + n·σ
    U_r = ∂_kH ,   U_k = −∂_rH + e + ∂_kH × b ,   M_ab = 𝒟^a 𝒟^b d ,   𝒟^j = Π^{ij} ∂_i

with H = d₀ + φ + d·σ, a and b running over the axes of the grid, U the velocity matrices along
them, and the last term on n alone.  In this form, with one D for each axis, Σ_k of the first
component is the continuity equation of the density with the current ½{∂_kH, n̂}, and that of the
others those of the spin, with the torque and its quadrupole.

Modes that a derivative leaves out are left out of ∂ₜn̂ as a whole.  As {U_a, ·} is symmetric,
Σ_a ∂_aU_a = 0 and no product folds back, L is then antisymmetric: nothing can grow.

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eq. (9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kinetic.grid import Array
from kinetic.quantum.gradients import Derivative

Entry = Array | None
"""A coefficient with one cell along the axes on which it does not depend; None where it is 0."""
Pair = tuple[int, int]


def lean(values: Array, rounding: float = 0.0) -> Entry:
    """The same coefficient with one cell along every axis on which it does not depend.

    Parameters
    ----------
    values
        On all cells.
    rounding
        Changes up to this size are none.
    """
    for place in range(values.ndim):
        if values.shape[place] > 1:
            first = values.take([0], axis=place)
            if float(np.abs(values - first).max()) <= rounding:
                values = first
    return np.ascontiguousarray(values) if float(np.abs(values).max()) > rounding else None


def added(one: Entry, other: Entry, weight: float = 1.0, share: float = 1.0) -> Entry:
    """share·one + weight·other."""
    if other is None or weight == 0.0:
        return None if one is None else share * one
    return weight * other if one is None else share * one + weight * other


@dataclass(frozen=True)
class Generator:
    """∂ₜn̂ = L n̂ of one valley.

    Parameters
    ----------
    derivatives
        D along every axis of the arrays.
    hbar
        ħ.
    precession
        d.
    velocities
        U_a as (U₀, U_x, U_y, U_z) for every axis.
    bends
        M_ab for a <= b; pairs that vanish are left out.
    held
        Cells that move, of every axis: those beyond are given.
    dampings
        Rate at which a wave of two cells is damped, by axis; 0 on periodic ones.
    """

    derivatives: tuple[Derivative, ...]
    hbar: float
    precession: tuple[Entry, ...]
    velocities: tuple[tuple[Entry, ...], ...]
    bends: Mapping[Pair, tuple[Entry, ...]]
    held: tuple[slice, ...]
    dampings: tuple[float, ...]

    def mixed(self, other: Generator, share: float, weight: float) -> Generator:
        """share·L + weight·L′ with the generator L′ of another time."""

        def sums(mine: Sequence[Entry], theirs: Sequence[Entry]) -> tuple[Entry, ...]:
            return tuple(
                added(a, None, share=share + weight) if a is b else added(a, b, weight, share)
                for a, b in zip(mine, theirs, strict=True)
            )

        none: tuple[Entry, ...] = (None, None, None)
        pairs = sorted({*self.bends, *other.bends})
        return Generator(
            self.derivatives,
            self.hbar,
            sums(self.precession, other.precession),
            tuple(sums(*both) for both in zip(self.velocities, other.velocities, strict=True)),
            {p: sums(self.bends.get(p, none), other.bends.get(p, none)) for p in pairs},
            self.held,
            tuple((share + weight) * rate for rate in self.dampings),
        )

    # --- the operator -------------------------------------------------------------------------

    def flux(self, a: int, n: Array) -> Array:
        """½{U_a, n̂} along one axis.  (4, *S)"""
        velocity, out = self.velocities[a], np.zeros_like(n)
        for component, speed in enumerate(velocity):
            if speed is None:
                continue
            if component == 0:
                out += speed * n
            else:
                out[0] += speed * n[component]
                out[component] += speed * n[0]
        return out

    def turned(self, n: Array) -> Array:
        """(2/ħ) d × n, and 0 for n₀.  (4, *S)"""
        out = np.zeros_like(n)
        _cross(self.precession, n[1:], out[1:], 2.0 / self.hbar)
        return out

    def __call__(self, n: Array) -> tuple[Array, Array]:
        """L n̂, and the flux of number through the ends of every axis.

        Returns
        -------
        tendency
            Zero in the cells that are given.  (4, *S)
        through
            Σ over the cells along the end of Tr ½{U, n̂}; 0 on periodic axes.  (axis, end)
        """
        out = self.turned(n)
        through = np.zeros((len(self.derivatives), 2))
        for a, derivative in enumerate(self.derivatives):
            parts = self._along(a, n)
            if parts is None:
                continue
            flux, second = parts
            if not derivative.spectral:
                through[a] = self._ends(a, flux, derivative.through)
            out -= derivative.together(flux, second)
        for a, (derivative, rate) in enumerate(zip(self.derivatives, self.dampings, strict=True)):
            if rate > 0.0:
                out += rate * derivative.damped(n)
                through[a] += rate * self._ends(a, n, derivative.damped_through)
        return self._zeroed(self.projected(out)), through

    def projected(self, n: Array) -> Array:
        """The state without the modes that are left out."""
        for derivative in self.derivatives:
            n = derivative.project(n)
        return n

    def _along(self, a: int, n: Array) -> tuple[Array, Array | None] | None:
        """What stands behind D_a, and behind D_a²."""
        flux = self.flux(a, n) if any(u is not None for u in self.velocities[a]) else None
        second = None
        for (one, other), bend in self.bends.items():
            if one != a:
                continue
            cross = np.zeros_like(n[1:])
            _cross(bend, n[1:], cross, 0.25 * self.hbar * (1.0 if one == other else 2.0))
            if one == other:
                second = cross
                continue
            if flux is None:
                flux = np.zeros_like(n)
            flux[1:] += self.derivatives[other](cross)
        if flux is None and second is not None:
            flux = np.zeros_like(n)
        return None if flux is None else (flux, second)

    def _ends(self, a: int, flux: Array, ends: Callable[..., tuple[Array, Array]]) -> Array:
        """The sums of 2 flux₀ at the two ends of an axis."""
        held = list(self.held)
        here = held[a]
        held[a] = slice(None)
        lower, upper = ends(2.0 * flux[0][tuple(held)], here.start, here.stop)
        return np.array([float(lower.sum()), float(upper.sum())])

    def _zeroed(self, out: Array) -> Array:
        """The cells that are given stay as they are."""
        for place, cells in enumerate(self.held, 1):
            if cells.start is not None:
                lines = np.moveaxis(out, place, 0)
                lines[: cells.start] = 0.0
                lines[cells.stop :] = 0.0
        return out

    def folds(self, a: int) -> bool:
        """Whether what is differentiated along an axis has a coefficient that varies along it."""
        place = self.derivatives[a].place
        rows = [self.velocities[a], *(row for pair, row in self.bends.items() if a in pair)]
        return any(x is not None and x.shape[place] > 1 for row in rows for x in row)

    def fastest(self) -> float:
        """The largest frequency: max of (2/ħ)|d| + Σ_a κ_a |U_a| + (ħ/4) Σ_ab κ_a κ_b |M_ab|."""
        rate = 2.0 / self.hbar * _size(self.precession)
        waves = [derivative.largest for derivative in self.derivatives]
        for wave, velocity in zip(waves, self.velocities, strict=True):
            scalar = velocity[0]
            rate = rate + wave * _size(velocity[1:])
            if scalar is not None:
                rate = rate + wave * np.abs(scalar)
        for (a, b), bend in self.bends.items():
            twice = 1.0 if a == b else 2.0
            rate = rate + 0.25 * self.hbar * twice * waves[a] * waves[b] * _size(bend)
        return float(np.max(rate))

    def speed(self, a: int) -> float:
        """The largest velocity along an axis."""
        scalar = self.velocities[a][0]
        size = _size(self.velocities[a][1:])
        return float(np.max(size if scalar is None else size + np.abs(scalar)))


def _size(vector: Sequence[Entry]) -> Array:
    """|v| of a vector of coefficients."""
    total: Array = np.zeros(())
    for entry in vector:
        if entry is not None:
            total = total + entry**2
    return np.sqrt(total)


def _cross(vector: Sequence[Entry], n: Array, out: Array, factor: float) -> None:
    """Add factor·v × n to `out`."""
    for i in range(3):
        entry = vector[i]
        if entry is None:
            continue
        j, k = (i + 1) % 3, (i + 2) % 3
        scaled = factor * entry
        out[k] += scaled * n[j]
        out[j] -= scaled * n[k]
