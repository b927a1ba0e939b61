"""Harmonics of directions, and how to cut a series of them without losing positivity.

A function of the angle θ between two directions is a sum over harmonics Y of both:

    K(θ) = Σ_l K_l c_l(θ) = Σ_l K_l Σ_m Y_lm(i) Y_lm(j)

with K_l the average over directions of K times cos lθ (two dimensions) or P_l(cos θ) (three), and
c_l = (2 - δ_l0) cos lθ or (2l + 1) P_l.

A ring δ(θ - θ₀) cut at l = L is negative somewhere.  Averaged over a non-negative kernel of
degree L it is not, and its moments are g_l P_l; of all such kernels those below have the largest
g₁ (in three dimensions: for even L).
Sources: L. Fejér, J. reine angew. Math. 146, 53 (1916) (two dimensions); G. Szegő, Orthogonal
Polynomials (AMS 1939), Sec. 7.72 (three: g₁ is the largest zero of P_{L/2+1}).
"""

from __future__ import annotations

import numpy as np
from scipy.special import eval_legendre, lpmv

from kinetic.grid import Array


def degrees(dimensions: int, most: int) -> Array:
    """l of every harmonic up to l = most, in the order of `harmonics`."""
    if dimensions == 1:
        found = [0, 1][: most + 1]
    elif dimensions == 2:
        found = [l for l in range(most + 1) for _ in range(2 if l else 1)]
    else:
        found = [l for l in range(most + 1) for _ in range(2 * l + 1)]
    return np.array(found)


def harmonics(directions: Array, most: int) -> Array:
    """Y_lm, of which the average of the square over directions is 1.  (cell, harmonic)

    directions (dimension, cell): unit vectors, or 0.
    """
    d, cells = directions.shape
    columns = [np.ones(cells)]
    if d == 1:
        columns += [directions[0]] if most else []
    elif d == 2:
        power = z = directions[0] + 1j * directions[1]
        for _ in range(most):
            columns += [np.sqrt(2.0) * power.real, np.sqrt(2.0) * power.imag]
            power = power * z
    else:
        azimuth = np.arctan2(directions[1], directions[0])
        for l in range(1, most + 1):
            for m in range(l + 1):
                ratio = np.prod(np.arange(l - m + 1, l + m + 1, dtype=float))
                size = np.sqrt((2 * l + 1) * (2.0 if m else 1.0) / ratio)
                part = size * lpmv(m, l, np.clip(directions[2], -1.0, 1.0))
                columns.append(part * np.cos(m * azimuth))
                if m:
                    columns.append(part * np.sin(m * azimuth))
    return np.ascontiguousarray(np.stack(columns, axis=1))


def legendre(dimensions: int, l: int, cosine: Array) -> Array:
    """cos lθ or P_l(cos θ)."""
    if dimensions == 3:
        return np.asarray(eval_legendre(l, cosine))
    return np.asarray(np.cos(l * np.arccos(np.clip(cosine, -1.0, 1.0))))


def positive(dimensions: int, most: int) -> Array:
    """g_l of the non-negative kernel of degree L with the largest g₁.  (L + 1,)"""
    if dimensions == 1 or most == 0:
        return np.ones(most + 1)
    if dimensions == 2:
        a = np.sin(np.arange(1, most + 2) * np.pi / (most + 2))
        lagged = [np.sum(a[l:] * a[: most + 1 - l]) for l in range(most + 1)]
        return np.asarray(np.array(lagged) / lagged[0])
    half = most // 2 + 1  # degree 2(half - 1) <= L
    nodes, weights = np.polynomial.legendre.leggauss(2 * most + 4)
    largest = np.polynomial.legendre.leggauss(half)[0][-1]
    kernel = weights * (eval_legendre(half, nodes) / (nodes - largest)) ** 2
    moments = [np.sum(kernel * eval_legendre(l, nodes)) for l in range(most + 1)]
    return np.asarray(np.array(moments) / moments[0])


def angles(dimensions: int, count: int) -> tuple[Array, Array]:
    """cos θ and weights of an average over directions."""
    if dimensions == 1:
        return np.array([1.0, -1.0]), np.array([0.5, 0.5])
    nodes, weights = np.polynomial.legendre.leggauss(count)
    theta = 0.5 * np.pi * (nodes + 1.0)
    if dimensions == 2:
        return np.cos(theta), 0.5 * weights
    share = 0.5 * weights * np.sin(theta)
    return np.cos(theta), share / share.sum()
