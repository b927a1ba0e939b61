"""Band quantities as functions of d(k,t) and its derivatives; nothing depends on a gauge.

    ε_s = d₀ + s|d|      F_IJ = d·(∂_I d × ∂_J d)/|d|³      M = ½|d| B_k

Source: Wong and Tserkovnyak, quantum kinetic equation in phase-space textured multiband
systems, Eqs. (16)-(18), (23), (35), with Δ = 2|d|.
"""

from __future__ import annotations

import numpy as np

from kinetic.grid import Array
from kinetic.hamiltonians.base import Jet

BANDS = np.array([-1.0, 1.0])  # s of band index 0 (lower) and 1 (upper)


def half_gap(jet: Jet) -> Array:
    """½Δ = |d|.  (S)"""
    return np.asarray(np.sqrt(np.einsum("i...,i...->...", jet.vector, jet.vector)))


def energies(jet: Jet) -> Array:
    """ε_s = d₀ + s|d|.  (band, S)"""
    gap = half_gap(jet)
    return np.stack([jet.scalar - gap, jet.scalar + gap])


def velocities(jet: Jet) -> Array:
    """v_s = ∂_k ε_s = ∂d₀ + s d·∂d/|d|.  (dim, band, S)"""
    slope = np.einsum("i...,ai...->a...", jet.vector, jet.vector_gradient) / half_gap(jet)
    return np.stack([jet.scalar_gradient - slope, jet.scalar_gradient + slope], axis=1)


def triple(jet: Jet, first: Array, second: Array) -> Array:
    """d·(a × b)/|d|³.  (S)"""
    a, b = first, second
    cross = (
        jet.vector[0] * (a[1] * b[2] - a[2] * b[1])
        + jet.vector[1] * (a[2] * b[0] - a[0] * b[2])
        + jet.vector[2] * (a[0] * b[1] - a[1] * b[0])
    )
    return np.asarray(cross / half_gap(jet) ** 3)


def curvature(jet: Jet) -> Array:
    """B_k with (B_k)_l = ½ ε_lij F_{k_i k_j}: 4π per Weyl node, Ω_s = q_s B_k.  (3, S)"""
    out = np.zeros((3, *jet.scalar.shape))
    gradient = jet.vector_gradient
    if len(gradient) >= 2:
        out[2] = triple(jet, gradient[0], gradient[1])
    if len(gradient) == 3:
        out[0] = triple(jet, gradient[1], gradient[2])
        out[1] = triple(jet, gradient[2], gradient[0])
    return out


def fictitious_electric(jet: Jet) -> Array:
    """ℰ_k = F_{kt}, the momentum-space electric field of a texture that moves.  (3, S)"""
    out = np.zeros((3, *jet.scalar.shape))
    for direction, gradient in enumerate(jet.vector_gradient):
        out[direction] = triple(jet, gradient, jet.vector_rate)
    return out


def magnetic_moment(jet: Jet) -> Array:
    """M_k = ¼Δ B_k, the same for both bands; δε = -ħ M·b.  (3, S)"""
    return 0.5 * half_gap(jet) * curvature(jet)


def direction(vector: Array) -> Array:
    """The direction m = d/|d|.  (3, S)"""
    return np.asarray(vector / np.sqrt(np.einsum("i...,i...->...", vector, vector)))


def spinor(vector: Array) -> Array:
    """Upper-band spinor of d·σ in some gauge, for gauge-invariant products only.  (2, S)"""
    m = direction(vector)
    north = m[2] > -0.5
    upper = np.where(north, 1.0 + m[2], m[0] - 1j * m[1])
    lower = np.where(north, m[0] + 1j * m[1], 1.0 - m[2])
    norm = np.sqrt(np.where(north, 2.0 * (1.0 + m[2]), 2.0 * (1.0 - m[2])))
    return np.stack([upper / norm, lower / norm])
