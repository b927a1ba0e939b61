"""Scalar flux functions: no index, no array, one formula each.

Cells left of a face are m2, m1, m0, cells right of it p0, p1, p2; w is the phase-space
volume that crosses the face per unit time (> 0 to the right).
"""

from __future__ import annotations

from numba import njit

FAST = {"contract", "nsz", "arcp", "reassoc"}
compiled = njit(cache=True, error_model="numpy", fastmath=FAST)
released = njit(cache=True, error_model="numpy", fastmath=FAST, nogil=True)


@compiled
def combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2):
    """Σ c_i f_i over the six cells around a face."""
    return ((c0 * m2 + c5 * p2) + (c1 * m1 + c4 * p1)) + (c2 * m0 + c3 * p0)


@compiled
def minmod4(a, b, c, d):
    """The argument of smallest modulus if all four agree in sign, else 0."""
    lowest = min(min(a, b), min(c, d))
    highest = max(max(a, b), max(c, d))
    return max(0.0, lowest) + min(0.0, highest)


@compiled
def monotone5(face, a, b, c, d, e):
    """Monotonicity-preserving limit of a face value (upwind order a, b, c | d, e).

    Source: Suresh and Huynh, J. Comput. Phys. 136, 83 (1997), Eqs. (2.26)-(2.30), α = 4.
    """
    before = a - 2.0 * b + c
    here = b - 2.0 * c + d
    after = c - 2.0 * d + e
    bend_right = minmod4(4.0 * here - after, 4.0 * after - here, here, after)
    bend_left = minmod4(4.0 * here - before, 4.0 * before - here, here, before)
    upper_limit = c + 4.0 * (c - b)
    median = 0.5 * (c + d) - 0.5 * bend_right
    curved = c + 0.5 * (c - b) + (4.0 / 3.0) * bend_left
    lowest = max(min(min(c, d), median), min(min(c, upper_limit), curved))
    highest = min(max(max(c, d), median), max(max(c, upper_limit), curved))
    return max(lowest, min(highest, face))


@compiled
def flux_upwind1(w, m0, p0):
    """First-order upwind flux w⁺ f_left + w⁻ f_right."""
    return max(w, 0.0) * m0 + min(w, 0.0) * p0
