"""Loops over the Fourier coefficients of a matrix Wigner function n̂ = n₀ + n·σ.

Arrays have six axes of phase space behind the component; what does not depend on an axis is
broadcast along it.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numba import njit

turning = njit(cache=True, error_model="numpy", nogil=True)
inlined = njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
vectorised = njit(cache=True, error_model="numpy", nogil=True, fastmath={"contract", "nsz"})

_PI, _PI_REST = 3.141592653589793116, 1.2246467991473532e-16
_ROUND = 6755399441055744.0  # 1.5·2⁵²: what is added to it is rounded to a whole number


@inlined
def cosine_and_sine(x: float) -> Any:
    """The pair cos x, sin x to 3e-16 for |x| < 1e8, without a branch, so that loops vectorise.

    x = jπ + y, |y| <= π/2; Taylor series in y up to y²⁰ and y¹⁹: remainders of 2e-17 and 3e-16.
    """
    j = (x * (1.0 / _PI) + _ROUND) - _ROUND
    y = (x - j * _PI) - j * _PI_REST
    odd = j - 2.0 * ((0.5 * j + _ROUND) - _ROUND)
    sign = 1.0 - 2.0 * odd * odd
    s = y * y
    cosine = 1.0 / 2432902008176640000.0
    cosine = cosine * s - 1.0 / 6402373705728000.0
    cosine = cosine * s + 1.0 / 20922789888000.0
    cosine = cosine * s - 1.0 / 87178291200.0
    cosine = cosine * s + 1.0 / 479001600.0
    cosine = cosine * s - 1.0 / 3628800.0
    cosine = cosine * s + 1.0 / 40320.0
    cosine = cosine * s - 1.0 / 720.0
    cosine = cosine * s + 1.0 / 24.0
    cosine = cosine * s - 0.5
    cosine = cosine * s + 1.0
    sine = -1.0 / 121645100408832000.0
    sine = sine * s + 1.0 / 355687428096000.0
    sine = sine * s - 1.0 / 1307674368000.0
    sine = sine * s + 1.0 / 6227020800.0
    sine = sine * s - 1.0 / 39916800.0
    sine = sine * s + 1.0 / 362880.0
    sine = sine * s - 1.0 / 5040.0
    sine = sine * s + 1.0 / 120.0
    sine = sine * s - 1.0 / 6.0
    sine = sine * s + 1.0
    return sign * cosine, sign * (sine * y)


@vectorised
def rotations(h: Any, scale: float, count: int) -> None:
    """exp(-i τ h·σ) = c - i s·σ: rows (h_x, h_y, h_z, ·) of a line become (s_x, s_y, s_z, c)."""
    for f in range(count):
        x, y, z = h[0, f], h[1, f], h[2, f]
        size = sqrt(x * x + y * y + z * z)
        c, s = cosine_and_sine(scale * size)
        s = s / (size + 1e-300)
        h[0, f], h[1, f], h[2, f], h[3, f] = s * x, s * y, s * z, c


@vectorised
def phases(angle: Any, count: int) -> None:
    """Rows (χ, ·) become (cos χ, sin χ)."""
    for f in range(count):
        angle[0, f], angle[1, f] = cosine_and_sine(angle[0, f])


@vectorised
def multiply(n0: Any, n1: Any, n2: Any, n3: Any, l: Any, r: Any, p: Any, count: int) -> None:
    """n̂ ← (p₀ - i p₁)(l₃ - i l·σ) n̂ (r₃ + i r·σ) along a line of (real, imaginary) pairs."""
    for f in range(count):
        t_r, t_i = n0[2 * f], n0[2 * f + 1]
        x_r, x_i = n1[2 * f], n1[2 * f + 1]
        y_r, y_i = n2[2 * f], n2[2 * f + 1]
        z_r, z_i = n3[2 * f], n3[2 * f + 1]
        # (c - i s·σ)(t + v·σ) = (c t - i s·v) + (c v - i t s + s × v)·σ
        a, b, d, c = l[0, f], l[1, f], l[2, f], l[3, f]
        t1_r = c * t_r + (a * x_i + b * y_i + d * z_i)
        t1_i = c * t_i - (a * x_r + b * y_r + d * z_r)
        x1_r = c * x_r + t_i * a + (b * z_r - d * y_r)
        x1_i = c * x_i - t_r * a + (b * z_i - d * y_i)
        y1_r = c * y_r + t_i * b + (d * x_r - a * z_r)
        y1_i = c * y_i - t_r * b + (d * x_i - a * z_i)
        z1_r = c * z_r + t_i * d + (a * y_r - b * x_r)
        z1_i = c * z_i - t_r * d + (a * y_i - b * x_i)
        # (t + v·σ)(c + i s·σ) = (c t + i s·v) + (c v + i t s + s × v)·σ
        a, b, d, c = r[0, f], r[1, f], r[2, f], r[3, f]
        t_r = c * t1_r - (a * x1_i + b * y1_i + d * z1_i)
        t_i = c * t1_i + (a * x1_r + b * y1_r + d * z1_r)
        x_r = c * x1_r - t1_i * a + (b * z1_r - d * y1_r)
        x_i = c * x1_i + t1_r * a + (b * z1_i - d * y1_i)
        y_r = c * y1_r - t1_i * b + (d * x1_r - a * z1_r)
        y_i = c * y1_i + t1_r * b + (d * x1_i - a * z1_i)
        z_r = c * z1_r - t1_i * d + (a * y1_r - b * x1_r)
        z_i = c * z1_i + t1_r * d + (a * y1_i - b * x1_i)
        c, s = p[0, f], p[1, f]
        n0[2 * f], n0[2 * f + 1] = c * t_r + s * t_i, c * t_i - s * t_r
        n1[2 * f], n1[2 * f + 1] = c * x_r + s * x_i, c * x_i - s * x_r
        n2[2 * f], n2[2 * f + 1] = c * y_r + s * y_i, c * y_i - s * y_r
        n3[2 * f], n3[2 * f + 1] = c * z_r + s * z_i, c * z_i - s * z_r


@vectorised
def retard(n: Any, p: Any, count: int) -> None:
    """n ← (p₀ - i p₁) n along a line of (real, imaginary) pairs."""
    for f in range(count):
        real, imaginary, c, s = n[2 * f], n[2 * f + 1], p[0, f], p[1, f]
        n[2 * f], n[2 * f + 1] = c * real + s * imaginary, c * imaginary - s * real


@turning
def turn(
    worker: int,
    workers: int,
    n: Any,
    delta: Any,
    left: Any,
    right: Any,
    push: Any,
    scale: float,
) -> None:
    """n̂ ← e^{-i(τ Δh₀ + χ)} e^{-iτ h⁻·σ} n̂ e^{iτ h⁺·σ}

    Parameters
    ----------
    n
        n_μ as (real, imaginary) pairs along the last axis, (4, six axes).
    delta
        Δh₀ = h₀⁻ - h₀⁺.
    left, right
        h⁻ and h⁺, (3, six axes).
    push
        χ.
    scale
        τ.
    """
    _, n0, n1, n2, n3, n4, twice = n.shape
    count = twice // 2
    before, after = np.empty((4, count)), np.empty((4, count))
    angle = np.empty((2, count))
    lines = n0 * n1 * n2 * n3 * n4
    for line in range(worker * lines // workers, (worker + 1) * lines // workers):
        rest, e = divmod(line, n4)
        rest, d = divmod(rest, n3)
        rest, c = divmod(rest, n2)
        a, b = divmod(rest, n1)
        for i in range(3):
            for f in range(count):
                before[i, f] = left[i, a, b, c, d, e, f]
            for f in range(count):
                after[i, f] = right[i, a, b, c, d, e, f]
        for f in range(count):
            angle[0, f] = scale * delta[a, b, c, d, e, f] + push[a, b, c, d, e, f]
        rotations(before, scale, count)
        rotations(after, scale, count)
        phases(angle, count)
        multiply(
            n[0, a, b, c, d, e],
            n[1, a, b, c, d, e],
            n[2, a, b, c, d, e],
            n[3, a, b, c, d, e],
            before,
            after,
            angle,
            count,
        )


@turning
def shift(worker: int, workers: int, n: Any, delta: Any, push: Any, scale: float) -> None:
    """n̂ ← e^{-i(τ Δh₀ + χ)} n̂; arguments as of `turn`."""
    _, n0, n1, n2, n3, n4, twice = n.shape
    count = twice // 2
    angle = np.empty((2, count))
    lines = n0 * n1 * n2 * n3 * n4
    for line in range(worker * lines // workers, (worker + 1) * lines // workers):
        rest, e = divmod(line, n4)
        rest, d = divmod(rest, n3)
        rest, c = divmod(rest, n2)
        a, b = divmod(rest, n1)
        for f in range(count):
            angle[0, f] = scale * delta[a, b, c, d, e, f] + push[a, b, c, d, e, f]
        phases(angle, count)
        for component in range(4):
            retard(n[component, a, b, c, d, e], angle, count)


@turning
def symmetric_product(
    worker: int, workers: int, n: Any, total: Any, left: Any, right: Any
) -> None:
    """n̂ ← ½ (h⁻ n̂ + n̂ h⁺), with h = h₀ + h·σ

    Parameters
    ----------
    n
        Complex n_μ, (4, six axes).
    total
        h₀⁻ + h₀⁺.
    left, right
        h⁻ and h⁺, (3, six axes).
    """
    _, n0, n1, n2, n3, n4, n5 = n.shape
    lines = n0 * n1 * n2 * n3 * n4
    for line in range(worker * lines // workers, (worker + 1) * lines // workers):
        rest, e = divmod(line, n4)
        rest, d = divmod(rest, n3)
        rest, c = divmod(rest, n2)
        a, b = divmod(rest, n1)
        for f in range(n5):
            t = n[0, a, b, c, d, e, f]
            x = n[1, a, b, c, d, e, f]
            y = n[2, a, b, c, d, e, f]
            z = n[3, a, b, c, d, e, f]
            h = 0.5 * total[a, b, c, d, e, f]
            x_l, y_l, z_l = (
                left[0, a, b, c, d, e, f],
                left[1, a, b, c, d, e, f],
                left[2, a, b, c, d, e, f],
            )
            x_r, y_r, z_r = (
                right[0, a, b, c, d, e, f],
                right[1, a, b, c, d, e, f],
                right[2, a, b, c, d, e, f],
            )
            x_m, y_m, z_m = 0.5 * (x_l + x_r), 0.5 * (y_l + y_r), 0.5 * (z_l + z_r)
            x_d, y_d, z_d = 0.5 * (x_l - x_r), 0.5 * (y_l - y_r), 0.5 * (z_l - z_r)
            # ½(h⁻v + v h⁺)·: means multiply and dot, half differences turn.
            n[0, a, b, c, d, e, f] = h * t + x_m * x + y_m * y + z_m * z
            n[1, a, b, c, d, e, f] = h * x + t * x_m + 1j * (y_d * z - z_d * y)
            n[2, a, b, c, d, e, f] = h * y + t * y_m + 1j * (z_d * x - x_d * z)
            n[3, a, b, c, d, e, f] = h * z + t * z_m + 1j * (x_d * y - y_d * x)
