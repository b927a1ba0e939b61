"""Loops over the Fourier coefficients of a matrix Wigner function n̂ = n₀ + n·σ.

Arrays have six axes of phase space behind the component; what does not depend on an axis is
broadcast along it.
"""

from __future__ import annotations

from math import cos, sin, sqrt
from typing import Any

from numba import njit

from kinetic.kernels.points import pointwise

turning = njit(cache=True, error_model="numpy", nogil=True)


@pointwise
def rotation(h_x: float, h_y: float, h_z: float, scale: float) -> Any:
    """exp(-i τ h·σ) = c - i (s_x, s_y, s_z)·σ; returns c, s_x, s_y, s_z."""
    size = sqrt(h_x * h_x + h_y * h_y + h_z * h_z)
    angle = scale * size
    sine = sin(angle) / size if size > 0.0 else 0.0
    return cos(angle), sine * h_x, sine * h_y, sine * h_z


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
        Complex n_μ, (4, six axes).
    delta
        Δh₀ = h₀⁻ - h₀⁺.
    left, right
        h⁻ and h⁺, (3, six axes).
    push
        χ.
    scale
        τ.
    """
    _, n0, n1, n2, n3, n4, n5 = n.shape
    lines = n0 * n1 * n2 * n3 * n4
    for line in range(worker * lines // workers, (worker + 1) * lines // workers):
        rest, e = divmod(line, n4)
        rest, d = divmod(rest, n3)
        rest, c = divmod(rest, n2)
        a, b = divmod(rest, n1)
        for f in range(n5):
            c_l, x_l, y_l, z_l = rotation(
                left[0, a, b, c, d, e, f],
                left[1, a, b, c, d, e, f],
                left[2, a, b, c, d, e, f],
                scale,
            )
            c_r, x_r, y_r, z_r = rotation(
                right[0, a, b, c, d, e, f],
                right[1, a, b, c, d, e, f],
                right[2, a, b, c, d, e, f],
                scale,
            )
            t = n[0, a, b, c, d, e, f]
            x = n[1, a, b, c, d, e, f]
            y = n[2, a, b, c, d, e, f]
            z = n[3, a, b, c, d, e, f]
            # (c - i s·σ)(t + v·σ) = (c t - i s·v) + (c v - i t s + s × v)·σ
            t1 = c_l * t - 1j * (x_l * x + y_l * y + z_l * z)
            x1 = c_l * x - 1j * t * x_l + (y_l * z - z_l * y)
            y1 = c_l * y - 1j * t * y_l + (z_l * x - x_l * z)
            z1 = c_l * z - 1j * t * z_l + (x_l * y - y_l * x)
            # (t + v·σ)(c + i s·σ) = (c t + i s·v) + (c v + i t s + s × v)·σ, as i v × i s = s × v
            t2 = c_r * t1 + 1j * (x_r * x1 + y_r * y1 + z_r * z1)
            x2 = c_r * x1 + 1j * t1 * x_r + (y_r * z1 - z_r * y1)
            y2 = c_r * y1 + 1j * t1 * y_r + (z_r * x1 - x_r * z1)
            z2 = c_r * z1 + 1j * t1 * z_r + (x_r * y1 - y_r * x1)
            angle = scale * delta[a, b, c, d, e, f] + push[a, b, c, d, e, f]
            phase = complex(cos(angle), -sin(angle))
            n[0, a, b, c, d, e, f] = phase * t2
            n[1, a, b, c, d, e, f] = phase * x2
            n[2, a, b, c, d, e, f] = phase * y2
            n[3, a, b, c, d, e, f] = phase * z2


@turning
def shift(worker: int, workers: int, n: Any, delta: Any, push: Any, scale: float) -> None:
    """n̂ ← e^{-i(τ Δh₀ + χ)} n̂; arguments as of `turn`."""
    _, n0, n1, n2, n3, n4, n5 = n.shape
    lines = n0 * n1 * n2 * n3 * n4
    for line in range(worker * lines // workers, (worker + 1) * lines // workers):
        rest, e = divmod(line, n4)
        rest, d = divmod(rest, n3)
        rest, c = divmod(rest, n2)
        a, b = divmod(rest, n1)
        for f in range(n5):
            angle = scale * delta[a, b, c, d, e, f] + push[a, b, c, d, e, f]
            phase = complex(cos(angle), -sin(angle))
            for component in range(4):
                n[component, a, b, c, d, e, f] *= phase


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
