"""Two-level systems, many at once: dn/dt = ω(t) × n − γ [n − m (m·n)], ω = 2d/ħ, m = d/|d|.

One step of h is one exponential exp(Ω) of the Magnus series, its generator A taken at the three
Gauss nodes t + (½ ∓ √15/10) h and t + h/2.  With A₁, A₂, A₃ there,

    α₁ = h A₂ ,  α₂ = (√15 h/3)(A₃ − A₁) ,  α₃ = (10 h/3)(A₃ − 2A₂ + A₁)
    Ω₂ = α₁ ,  Ω₄ = α₁ + α₃/12 − [α₁, α₂]/12
    Ω₆ = α₁ + α₃/12 + [−20α₁ − α₃ + C₁, α₂ + C₂]/240
    C₁ = [α₁, α₂] ,  C₂ = −[α₁, 2α₃ + C₁]/60

Without γ the α are vectors, commutators are cross products and exp(Ω) is a rotation by |Ω|, in a
form that keeps |n| to rounding.  With γ they are 3×3 matrices [ω]_× + γ m mᵀ (the rest, −γ,
commutes) and exp(Ω) n is its Taylor series.  Every order is symmetric in time.

Source: Blanes, Casas and Ros, BIT 40, 434 (2000); Blanes, Casas, Oteo and Ros, Phys. Rep. 470,
151 (2009), Sec. 5.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from kinetic.kernels.exponential import nearest
from kinetic.kernels.points import Separate, choose

# fmt: off

# No reassociation: the reduction of the angle needs the order of its terms.
_ARITHMETIC = {"contract"}
pointwise = njit(cache=True, error_model="numpy", fastmath=_ARITHMETIC, forceinline=True)
separate = njit(cache=True, error_model="numpy", fastmath=_ARITHMETIC, pipeline_class=Separate)
released = njit(cache=True, error_model="numpy", fastmath=_ARITHMETIC, nogil=True)

size = np.uintp
CHUNK = 512  # points whose state stays in the nearest cache over all steps
SMALL = 128  # with nine more numbers each
TERMS = 18  # of the Taylor series: 1/19! is below rounding for |Ω| ≤ 1
TINY = 1e-300
SLOPE, BEND = 15.0**0.5 / 3.0, 10.0 / 3.0
QUARTER, QUARTER_LOW = 1.5707963267948966, 6.123233995736766e-17  # π/2 and what it lacks


@pointwise
def sine_and_cosine(x):
    """(sin x, cos x) for |x| < 1e8, both of them times one common sign or turned by a whole π."""
    n = nearest(x * (1.0 / QUARTER))
    r = (x - n * QUARTER) - n * QUARTER_LOW
    s = r * r
    p = -1.0 / 1307674368000.0
    p = p * s + 1.0 / 6227020800.0
    p = p * s - 1.0 / 39916800.0
    p = p * s + 1.0 / 362880.0
    p = p * s - 1.0 / 5040.0
    p = p * s + 1.0 / 120.0
    p = p * s - 1.0 / 6.0
    p = (p * s) * r + r
    q = 1.0 / 20922789888000.0
    q = q * s - 1.0 / 87178291200.0
    q = q * s + 1.0 / 479001600.0
    q = q * s - 1.0 / 3628800.0
    q = q * s + 1.0 / 40320.0
    q = q * s - 1.0 / 720.0
    q = q * s + 1.0 / 24.0
    q = (q * s) * s + (1.0 - 0.5 * s)
    odd = abs(n - 2.0 * nearest(0.5 * n)) > 0.5
    return choose(odd, q, p), choose(odd, -p, q)


@pointwise
def cross(ax, ay, az, bx, by, bz):
    """a × b."""
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


@pointwise
def rotated(wx, wy, wz, x, y, z):
    """n turned about Ω by |Ω|: n + 2 (qs Ω×n + s² Ω×(Ω×n))/(p² + q²), s = p/|Ω|.

    p and q are sine and cosine of ½|Ω|; their common error drops out.
    """
    angle = np.sqrt(wx * wx + wy * wy + wz * wz + TINY)
    p, q = sine_and_cosine(0.5 * angle)
    s = p / angle
    scale = 2.0 * s / (p * p + q * q)
    ux, uy, uz = cross(wx, wy, wz, x, y, z)
    vx, vy, vz = cross(wx, wy, wz, ux, uy, uz)
    return (x + scale * (q * ux + s * vx), y + scale * (q * uy + s * vy),
            z + scale * (q * uz + s * vz))


@separate
def turn_row(x, y, z, x1, y1, z1, x2, y2, z2, x3, y3, z3, h, fourth, sixth, coarse, fine):
    """One step of many n = (x, y, z), their ω at the three nodes; largest |Ω₄ − Ω₂|², |Ω₆ − Ω₄|².

    `fourth`, `sixth`: 1 or 0, whether the terms of that order are taken.
    """
    slope, bend, twelfth = SLOPE * h, BEND * h, 1.0 / 12.0
    for i in range(size(x.size)):
        ax, ay, az = h * x2[i], h * y2[i], h * z2[i]
        bx, by, bz = slope * (x3[i] - x1[i]), slope * (y3[i] - y1[i]), slope * (z3[i] - z1[i])
        cx = bend * ((x3[i] - x2[i]) - (x2[i] - x1[i]))
        cy = bend * ((y3[i] - y2[i]) - (y2[i] - y1[i]))
        cz = bend * ((z3[i] - z2[i]) - (z2[i] - z1[i]))
        ex, ey, ez = cross(ax, ay, az, bx, by, bz)  # C₁
        fx, fy, fz = cross(ax, ay, az, 2.0 * cx + ex, 2.0 * cy + ey, 2.0 * cz + ez)
        fx, fy, fz = fx * (-1.0 / 60.0), fy * (-1.0 / 60.0), fz * (-1.0 / 60.0)  # C₂
        # [−20α₁ − α₃ + C₁, α₂ + C₂]/240 = −C₁/12 + ([C₁ − α₃, α₂ + C₂] − 20 [α₁, C₂])/240
        gx, gy, gz = cross(ex - cx, ey - cy, ez - cz, bx + fx, by + fy, bz + fz)
        ux, uy, uz = cross(ax, ay, az, fx, fy, fz)
        gx, gy, gz = (gx * (1.0 / 240.0) - ux * twelfth, gy * (1.0 / 240.0) - uy * twelfth,
                      gz * (1.0 / 240.0) - uz * twelfth)
        lx, ly, lz = (cx - ex) * twelfth, (cy - ey) * twelfth, (cz - ez) * twelfth
        first, second = lx * lx + ly * ly + lz * lz, gx * gx + gy * gy + gz * gz
        coarse[i] = choose(first > coarse[i], first, coarse[i])
        fine[i] = choose(second > fine[i], second, fine[i])
        x[i], y[i], z[i] = rotated(
            ax + fourth * lx + sixth * gx, ay + fourth * ly + sixth * gy,
            az + fourth * lz + sixth * gz, x[i], y[i], z[i])


@released
def turn(n, rates, h, fourth, sixth, coarse, fine):
    """All steps of the points of a slab.

    n (3, points); rates: ω (3, 3·steps, points), node by node; coarse, fine (points,): largest
    squares of Ω₄ − Ω₂ and Ω₆ − Ω₄, which start as they are.
    """
    points, steps = n.shape[1], rates.shape[1] // 3
    for a in range(0, points, CHUNK):
        b = min(a + CHUNK, points)
        for step in range(steps):
            i, j, k = 3 * step, 3 * step + 1, 3 * step + 2
            turn_row(n[0, a:b], n[1, a:b], n[2, a:b],
                     rates[0, i, a:b], rates[1, i, a:b], rates[2, i, a:b],
                     rates[0, j, a:b], rates[1, j, a:b], rates[2, j, a:b],
                     rates[0, k, a:b], rates[1, k, a:b], rates[2, k, a:b],
                     h, fourth, sixth, coarse[a:b], fine[a:b])


@pointwise
def generator(wx, wy, wz, rate):
    """[ω]_× + γ m mᵀ, row by row."""
    scale = np.sqrt(rate) / np.sqrt(wx * wx + wy * wy + wz * wz + TINY)
    mx, my, mz = scale * wx, scale * wy, scale * wz
    return (mx * mx, mx * my - wz, mx * mz + wy,
            mx * my + wz, my * my, my * mz - wx,
            mx * mz - wy, my * mz + wx, mz * mz)


@pointwise
def product(a, b):
    """A B."""
    return (a[0] * b[0] + a[1] * b[3] + a[2] * b[6], a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
            a[0] * b[2] + a[1] * b[5] + a[2] * b[8], a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
            a[3] * b[1] + a[4] * b[4] + a[5] * b[7], a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
            a[6] * b[0] + a[7] * b[3] + a[8] * b[6], a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
            a[6] * b[2] + a[7] * b[5] + a[8] * b[8])


@pointwise
def weighted(p, a, q, b, r, c):
    """pA + qB + rC."""
    return (p * a[0] + q * b[0] + r * c[0], p * a[1] + q * b[1] + r * c[1],
            p * a[2] + q * b[2] + r * c[2], p * a[3] + q * b[3] + r * c[3],
            p * a[4] + q * b[4] + r * c[4], p * a[5] + q * b[5] + r * c[5],
            p * a[6] + q * b[6] + r * c[6], p * a[7] + q * b[7] + r * c[7],
            p * a[8] + q * b[8] + r * c[8])


@pointwise
def commutator(a, b):
    """[A, B]."""
    ab, ba = product(a, b), product(b, a)
    return weighted(1.0, ab, -1.0, ba, 0.0, ab)


@pointwise
def magnitude(a):
    """Σ A_ij²/2, the square of |Ω| for [Ω]_×."""
    return 0.5 * (a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + a[3] * a[3] + a[4] * a[4]
                  + a[5] * a[5] + a[6] * a[6] + a[7] * a[7] + a[8] * a[8])


@separate
def series_row(scratch, x1, y1, z1, x2, y2, z2, x3, y3, z3, h, rate, share, fourth, sixth,
               coarse, fine):
    """Ω·share of one step into nine rows of scratch, with γ = `rate`; the rest as `turn_row`."""
    count = x1.size
    m0, m1, m2 = scratch[0, :count], scratch[1, :count], scratch[2, :count]
    m3, m4, m5 = scratch[3, :count], scratch[4, :count], scratch[5, :count]
    m6, m7, m8 = scratch[6, :count], scratch[7, :count], scratch[8, :count]
    for i in range(size(x1.size)):
        first = generator(x1[i], y1[i], z1[i], rate)
        middle = generator(x2[i], y2[i], z2[i], rate)
        last = generator(x3[i], y3[i], z3[i], rate)
        after = weighted(1.0, last, -1.0, middle, 0.0, middle)
        before = weighted(1.0, middle, -1.0, first, 0.0, first)
        a1 = weighted(h, middle, 0.0, middle, 0.0, middle)
        a2 = weighted(SLOPE * h, after, SLOPE * h, before, 0.0, before)
        a3 = weighted(BEND * h, after, -BEND * h, before, 0.0, before)
        c1 = commutator(a1, a2)
        c2 = commutator(a1, weighted(-1.0 / 30.0, a3, -1.0 / 60.0, c1, 0.0, c1))
        mixed = commutator(weighted(1.0, c1, -1.0, a3, 0.0, a3),
                           weighted(1.0, a2, 1.0, c2, 0.0, c2))
        low = weighted(1.0 / 12.0, a3, -1.0 / 12.0, c1, 0.0, c1)
        high = weighted(1.0 / 240.0, mixed, -1.0 / 12.0, commutator(a1, c2), 0.0, c1)
        smaller, smallest = magnitude(low), magnitude(high)
        coarse[i] = choose(smaller > coarse[i], smaller, coarse[i])
        fine[i] = choose(smallest > fine[i], smallest, fine[i])
        (m0[i], m1[i], m2[i], m3[i], m4[i], m5[i], m6[i], m7[i], m8[i]) = weighted(
            share, a1, share * fourth, low, share * sixth, high)


@separate
def term_row(scratch, x, y, z, inverse):
    """P ← M p/k, n ← n + p; M in nine rows of scratch, p in three."""
    count = x.size
    m0, m1, m2 = scratch[0, :count], scratch[1, :count], scratch[2, :count]
    m3, m4, m5 = scratch[3, :count], scratch[4, :count], scratch[5, :count]
    m6, m7, m8 = scratch[6, :count], scratch[7, :count], scratch[8, :count]
    px, py, pz = scratch[9, :count], scratch[10, :count], scratch[11, :count]
    for i in range(size(x.size)):
        u, v, w = px[i] * inverse, py[i] * inverse, pz[i] * inverse
        a = m0[i] * u + m1[i] * v + m2[i] * w
        b = m3[i] * u + m4[i] * v + m5[i] * w
        c = m6[i] * u + m7[i] * v + m8[i] * w
        px[i], py[i], pz[i] = a, b, c
        x[i] += a
        y[i] += b
        z[i] += c


@released
def relax(n, rates, h, fourth, sixth, coarse, fine, rate, parts, scratch):
    """As `turn`, with dephasing at the `rate` γ; exp(Ω) is made of so many equal `parts`.

    scratch (12, SMALL).
    """
    points, steps = n.shape[1], rates.shape[1] // 3
    decay, share = np.exp(-rate * h / parts), 1.0 / parts
    for a in range(0, points, SMALL):
        b = min(a + SMALL, points)
        x, y, z = n[0, a:b], n[1, a:b], n[2, a:b]
        for step in range(steps):
            i, j, k = 3 * step, 3 * step + 1, 3 * step + 2
            series_row(scratch, rates[0, i, a:b], rates[1, i, a:b], rates[2, i, a:b],
                       rates[0, j, a:b], rates[1, j, a:b], rates[2, j, a:b],
                       rates[0, k, a:b], rates[1, k, a:b], rates[2, k, a:b],
                       h, rate, share, fourth, sixth, coarse[a:b], fine[a:b])
            for _ in range(parts):
                for i in range(b - a):
                    scratch[9, i], scratch[10, i], scratch[11, i] = x[i], y[i], z[i]
                for term in range(1, TERMS + 1):
                    term_row(scratch, x, y, z, 1.0 / term)
                x *= decay
                y *= decay
                z *= decay
