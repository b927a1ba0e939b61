"""Golden-rule rates between the levels of a ladder by quanta of a given energy.

    Σ_j (2π/ħ)|V|² δ(|ε_i - ε_j| - ω)   →   S between levels, whose distances share ω linearly

A quantum ω = (m + t)h goes to levels m and m + 1 steps away by 1 - t and t.  With the Bose
function of the true distance of the levels the power that is given up spontaneously, Γω, is
kept for any ω, and so is the diffusion of the energy, 2Γω T, for T above the distance h.  Of
quanta ω < h the part 1 - t exchanges no energy; see `Remainder`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from kinetic.collisions.harmonics import angles, legendre, positive
from kinetic.collisions.ladder import sharpened
from kinetic.errors import InputError
from kinetic.grid import Array

_ROUNDS = 60  # of the fixed point q = |k' - k| with ε(k') = ε(k) ± cq
_STEEP = 0.2  # smallest |1 - ∂ω/∂ε'| kept: slower electrons than sound are at the band's edge
_ANGLES = 160
_APART = 0.05  # of a level's distance: how far energies may be from a function of |k|


def optical(count: int, step: float, quantum: float, strength: float) -> Array:
    """S of quanta of one energy between all levels of both bands.  (1, 1, 2 level, 2 level)

    strength: (2π/ħ)|V|².
    """
    whole, part = split(np.array(quantum), step)
    once = np.zeros((count, count))
    for hop, share in ((int(whole), 1.0 - float(part)), (int(whole) + 1, float(part))):
        if 0 < hop < count and share > 0.0:
            once += share * (np.eye(count, k=hop) + np.eye(count, k=-hop))
    return strength / step * np.tile(once, (2, 2))[None, None]


def split(energy: Array, step: float) -> tuple[Array, Array]:
    """m and t of energy = (m + t) step; whole multiples are whole in spite of rounding."""
    ratio = energy / step
    nearest = np.rint(ratio)
    ratio = np.where(np.abs(ratio - nearest) < 1e-9, nearest, ratio)
    whole = np.floor(ratio)
    return whole, ratio - whole


@dataclass(frozen=True)
class Profile:
    """ε(k), a rising or falling function of k = |k|.

    Parameters
    ----------
    radii, energies
        Table of the function, dense, energies from low to high.
    slopes
        dε/dk there.
    """

    radii: Array
    energies: Array
    slopes: Array

    @classmethod
    def of(cls, radius: Array, energy: Array, width: float, step: float) -> Profile:
        """From the cells of a band.  width: distance of the rings that are told apart.

        Raises
        ------
        InputError
            If the energy is no such function, to the accuracy of the levels.
        """
        order = np.argsort(radius, kind="stable")
        kept, last = [], -np.inf
        for place, k in zip(order.tolist(), radius[order].tolist(), strict=True):
            if k - last >= width:
                kept.append(place)
                last = k
        k, e = radius[kept], energy[kept]
        if len(k) < 4:
            raise InputError(
                "[collisions] phonon_bath: the grid is too coarse for acoustic phonons."
            )
        curve = PchipInterpolator(k, e)
        apart = float(np.abs(curve(radius) - energy).max())
        rises = np.diff(e)
        if apart > _APART * step or not (np.all(rises > 0.0) or np.all(rises < 0.0)):
            raise InputError(
                "[collisions] phonon_bath with phonons = 'acoustic' is made for bands whose "
                "energy is a rising or falling function of |k| alone in every valley; this one "
                f"is off by {apart:.3g} or turns back.  Optical phonons scatter in any band."
            )
        table = np.linspace(k[0], k[-1], 20001)
        values, slopes = curve(table), curve.derivative()(table)
        if rises[0] < 0.0:
            table, values, slopes = table[::-1], values[::-1], slopes[::-1]
        return cls(table, values, slopes)

    def radius(self, energy: Array) -> Array:
        """k of an energy, within the table."""
        return np.asarray(np.interp(energy, self.energies, self.radii))

    def slope(self, energy: Array) -> Array:
        """dε/dk at an energy."""
        return np.asarray(np.interp(energy, self.energies, self.slopes))


@dataclass(frozen=True)
class Sound:
    """ω = cq, |V_q|² = Mq.

    Parameters
    ----------
    velocity
        c.
    strength
        2πM/ħ.
    dimensions
        Of the momenta.
    most
        L, largest degree of the harmonics.
    blurred
        Whether a direction is a non-negative kernel of degree L around it, or its plain series.
    """

    velocity: float
    strength: float
    dimensions: int
    most: int
    blurred: bool = True

    def moments(self, cosine: Array, weights: Array) -> Array:
        """Weights times the harmonics of a direction.  (L + 1, ...)

        Where it is blurred the first one is exact for cosines that the kernel's mean reaches.
        """
        damped, turned = np.ones(self.most + 1), cosine
        if self.blurred:
            damped = positive(self.dimensions, self.most)
            mean = damped[1] if self.most and damped[1] > 0.1 else 1.0
            turned = np.clip(cosine / mean, -1.0, 1.0)
        parts = [
            damped[l] * weights * legendre(self.dimensions, l, turned)
            for l in range(self.most + 1)
        ]
        return np.stack(parts)

    def rates(self, profile: Profile, levels: Array) -> Array:
        """S_l between the levels of a band, for every l.  (L + 1, level, level)

        S_l(ε, ε') = 2πM/ħ ⟨ q δ(|ε - ε'| - cq) P_l(cos θ) ⟩ , symmetric
        """
        step, count, c = float(levels[1] - levels[0]), len(levels), self.velocity
        mu, shares = angles(self.dimensions, _ANGLES)
        energy = np.clip(levels, profile.energies[0], profile.energies[-1])[:, None]
        k = profile.radius(energy)
        found = np.zeros((self.most + 1, count, count))
        places = np.arange(count)[:, None]
        for sign in (-1, 1):
            q = np.zeros((count, len(mu)))
            for _ in range(_ROUNDS):
                before, other = q, profile.radius(energy + sign * c * q)
                q = np.sqrt(np.maximum(k**2 + other**2 - 2.0 * k * other * mu, 0.0))
                if np.abs(q - before).max() <= 1e-14 * profile.radii.max():
                    break
            end = energy + sign * c * q
            inside = (end >= profile.energies[0]) & (end <= profile.energies[-1])
            run = q * profile.slope(end)
            change = sign * c * (other - k * mu) / np.where(run == 0.0, np.inf, run)
            density = 1.0 / np.maximum(np.abs(1.0 - change), _STEEP)
            weights = self.strength * q * density * np.where(inside, shares, 0.0) / step
            whole, part = split(c * q, step)
            for hop, share in ((whole, 1.0 - part), (whole + 1.0, part)):
                target = places + sign * hop.astype(int)
                fits = (hop > 0) & (target >= 0) & (target < count)
                parts = self.moments(np.broadcast_to(mu, q.shape), share * weights)
                rows = np.broadcast_to(places, q.shape)[fits]
                for l in range(self.most + 1):
                    np.add.at(found[l], (rows, target[fits]), parts[l][fits])
        return 0.5 * (found + found.transpose(0, 2, 1))

    def remainder(self, profile: Profile, levels: Array, temperature: float) -> Array:
        """Rates of what exchanges no energy between levels.  (L + 1, level)

            2πM/ħ ⟨ q [coth(ω/2T) - c t coth(h/2T)] P_l(cos θ) ⟩ , ω = cq = th, t < 1

        with the factor c of `sharpened`.
        """
        step = float(levels[1] - levels[0])
        mu, shares = angles(self.dimensions, _ANGLES)
        k = profile.radius(levels)[:, None]
        q = k * np.sqrt(np.maximum(2.0 - 2.0 * mu, 0.0))
        t = self.velocity * q / step
        kept = sharpened(np.ones(1), temperature / step)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            left = q / np.tanh(0.5 * self.velocity * q / temperature)
        left = np.where(q > 0.0, left, 2.0 * temperature / self.velocity)
        left = left - q * t * kept / np.tanh(0.5 * step / temperature)
        weights = self.strength / step * np.where(t < 1.0, left, 0.0) * shares
        return np.asarray(self.moments(np.broadcast_to(mu, q.shape), weights).sum(axis=2))
