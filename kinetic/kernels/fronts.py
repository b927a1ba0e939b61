"""Fluxes through the face between two sites, for a tile of k rows, and what they move.

A tile is (first A, end, first B, end) of k cells, all of C.  Windows of W have one more cell on
each side of every k axis; `old` holds the fluxes of the face before, `moved` is γ/h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.kernels.ahead import fetch_row
from kinetic.kernels.points import (
    combine,
    compiled,
    flux_upwind1,
    separate,
    upwind_monotone5,
)

# fmt: off

size = np.uintp
C0, C1, C2 = 1.0 / 60.0, -8.0 / 60.0, 37.0 / 60.0  # sixth-order face value
D0, D1, D2 = 1.0 / 60.0, -5.0 / 60.0, 10.0 / 60.0  # half the jump of the two fifth-order ones


@separate
def put_row(out, row):
    """out[1:-1] ← row."""
    for k in range(size(row.size)):
        out[k + size(1)] = row[k]


@separate
def add_row(out, row, factor):
    """out[1:-1] += factor × row."""
    for k in range(size(row.size)):
        out[k + size(1)] += factor * row[k]


@compiled
def window_of(window, velocity, place, site, tile, ghosts):
    """W of a tile at a site, as if the k axes were periodic.

    velocity: (values, strides, modes, weights, strides); W = values[entry] + Σ_m weights[m, site]
    modes[m, valley·band]; place: the entry, valley·band and weight of the first site of the line.
    """
    values, strides, modes, weights, site_strides = velocity
    entry = place[0] + site * strides[2] * 2
    at = place[2] + site * site_strides[2]
    _, na, nb, nc = values.shape
    ha, hb = min(ghosts[0], 1), min(ghosts[1], 1)
    for a in range(tile[0] - ha, tile[1] + ha):
        for b in range(tile[2] - hb, tile[3] + hb):
            i, j = (a + na) % na, (b + nb) % nb
            out = window[a - tile[0] + ha, b - tile[2] + hb]
            put_row(out, values[entry, i, j])
            for m in range(len(modes)):
                add_row(out, modes[m, place[1], i, j], weights[m, at])
            out[0], out[nc + 1] = out[nc], out[1]


@separate
def slopes_of(slopes, window, tile, counts, products, ghosts):
    """(h²/12) ∂W of every slot, to be multiplied by ∂f.  (slot, tile)"""
    ha, hb = size(min(ghosts[0], 1)), size(min(ghosts[1], 1))
    zero, one, two, nc = size(0), size(1), size(2), size(slopes.shape[3])
    for a in range(size(counts[0])):
        factor_a = products[zero, zero, size(tile[0]) + a]
        for b in range(size(counts[1])):
            factor_b = products[one, zero, size(tile[2]) + b]
            for k in range(nc):
                here = k + one
                slopes[zero, a, b, k] = factor_a * (
                    window[a + ha + ha, b + hb, here] - window[a, b + hb, here]
                )
                slopes[one, a, b, k] = factor_b * (
                    window[a + ha, b + hb + hb, here] - window[a + ha, b, here]
                )
                slopes[two, a, b, k] = products[two, zero, k] * (
                    window[a + ha, b + hb, k + two] - window[a + ha, b + hb, k]
                )


@separate
def products_of(out, window, f, tile, counts, products, ghosts):
    """⟨W f⟩ = W f + Σ (h²/12) ∂W ∂f of a tile at one site."""
    ha, hb = size(min(ghosts[0], 1)), size(min(ghosts[1], 1))
    zero, one, two, nc = size(0), size(1), size(2), size(out.shape[2])
    a0, b0, c0 = size(tile[0] + ghosts[0]), size(tile[2] + ghosts[1]), size(ghosts[2])
    for a in range(size(counts[0])):
        factor_a = products[zero, zero, size(tile[0]) + a]
        i = a0 + a
        for b in range(size(counts[1])):
            factor_b = products[one, zero, size(tile[2]) + b]
            j = b0 + b
            for k in range(nc):
                here, c = k + one, c0 + k
                value = window[a + ha, b + hb, here] * f[i, j, c]
                value += factor_a * (
                    window[a + ha + ha, b + hb, here] - window[a, b + hb, here]
                ) * (f[i + ha, j, c] - f[i - ha, j, c])
                value += factor_b * (
                    window[a + ha, b + hb + hb, here] - window[a + ha, b, here]
                ) * (f[i, j + hb, c] - f[i, j - hb, c])
                value += products[two, zero, k] * (
                    window[a + ha, b + hb, k + two] - window[a + ha, b + hb, k]
                ) * (f[i, j, c + one] - f[i, j, c - one])
                out[a, b, k] = value


@separate
def face_values(means, jumps, f0, f1, f2, f3, f4, f5, tile, ghosts, next_f, next_u, next_base):
    """c₆(f) and half the jump between the two fifth-order values, on a tile and around it.

    next_f, next_u, next_base: what the next sites will need, asked for on the way.
    """
    ha, hb = size(min(ghosts[0], 1)), size(min(ghosts[1], 1))
    ga, gb, nc = size(ghosts[0]), size(ghosts[1]), next_u.shape[2]
    a0, b0, c0 = size(tile[0]) + ga - ha, size(tile[2]) + gb - hb, size(ghosts[2] - 1)
    last_a, last_b = size(tile[1] - 1), size(tile[3] - 1)
    for a in range(size(tile[1] - tile[0]) + ha + ha):
        i = a0 + a
        for b in range(size(tile[3] - tile[2]) + hb + hb):
            j = b0 + b
            fetch_row(next_f, i, j, means.shape[2])
            fetch_row(next_u, min(i - ga, last_a), min(j - gb, last_b), nc)
            fetch_row(next_base, min(i - ga, last_a), min(j - gb, last_b), nc)
            for k in range(size(means.shape[2])):
                c = c0 + k
                m2, m1, m0 = f0[i, j, c], f1[i, j, c], f2[i, j, c]
                p0, p1, p2 = f3[i, j, c], f4[i, j, c], f5[i, j, c]
                means[a, b, k] = combine(C0, C1, C2, C2, C1, C0, m2, m1, m0, p0, p1, p2)
                jumps[a, b, k] = combine(D0, D1, D2, -D2, -D1, -D0, m2, m1, m0, p0, p1, p2)


def _make_pass_constant(limited: bool, crossed: bool) -> Any:
    """Kernel for Φ where W is the same along the line; `crossed`: there is a slot B."""

    @separate
    def pass_constant(u, old, f0, f1, f2, f3, f4, f5, means, jumps, window, slopes, tile, ghosts,
                      moved, damping):
        ha, hb = size(min(ghosts[0], 1)), size(min(ghosts[1], 1))
        zero, one, two, nc = size(0), size(1), size(2), size(u.shape[2])
        a0, b0, g = size(tile[0]), size(tile[2]), size(ghosts[2])
        ga, gb = size(ghosts[0]), size(ghosts[1])
        for a in range(size(tile[1] - tile[0])):
            i, up = a0 + a, a + ha
            for b in range(size(tile[3] - tile[2])):
                j, right = b0 + b, b + hb
                for k in range(nc):
                    here = k + one
                    v, mean = window[up, right, here], means[up, right, here]
                    jump = jumps[up, right, here]
                    if limited:
                        c = k + g
                        value = v * upwind_monotone5(
                            v, mean, jump, f0[i + ga, j + gb, c], f1[i + ga, j + gb, c],
                            f2[i + ga, j + gb, c], f3[i + ga, j + gb, c], f4[i + ga, j + gb, c],
                            f5[i + ga, j + gb, c],
                        )
                    else:
                        value = v * mean + damping * abs(v) * jump
                    value += slopes[zero, a, b, k] * (
                        means[up + ha, right, here] - means[a, right, here]
                    )
                    if crossed:
                        value += slopes[one, a, b, k] * (
                            means[up, right + hb, here] - means[up, b, here]
                        )
                    value += slopes[two, a, b, k] * (
                        means[up, right, k + two] - means[up, right, k]
                    )
                    u[i, j, k] -= moved * (value - old[a, b, k])
                    old[a, b, k] = value

    return pass_constant


def _make_pass_varying(limited: bool) -> Any:
    """Kernel for Φ where W changes along the line; windows, rings: W and ⟨W f⟩ of six sites."""

    @separate
    def pass_varying(u, old, f0, f1, f2, f3, f4, f5, windows, rings, face, tile, ghosts, moved,
                     damping):
        ha, hb, one = size(min(ghosts[0], 1)), size(min(ghosts[1], 1)), size(1)
        r0, r1, r2 = size((face + 3) % 6), size((face + 4) % 6), size((face + 5) % 6)
        r3, r4, r5 = size(face % 6), size((face + 1) % 6), size((face + 2) % 6)
        a0, b0, g, nc = size(tile[0]), size(tile[2]), size(ghosts[2]), size(u.shape[2])
        ga, gb = size(ghosts[0]), size(ghosts[1])
        for a in range(size(tile[1] - tile[0])):
            i, up = a0 + a, a + ha
            p = i + ga
            for b in range(size(tile[3] - tile[2])):
                j, right = b0 + b, b + hb
                q = j + gb
                for k in range(nc):
                    here, c = k + one, k + g
                    m2, m1, m0 = f0[p, q, c], f1[p, q, c], f2[p, q, c]
                    p0, p1, p2 = f3[p, q, c], f4[p, q, c], f5[p, q, c]
                    speed = combine(
                        C0, C1, C2, C2, C1, C0, windows[r0, up, right, here],
                        windows[r1, up, right, here], windows[r2, up, right, here],
                        windows[r3, up, right, here], windows[r4, up, right, here],
                        windows[r5, up, right, here],
                    )
                    value = combine(
                        C0, C1, C2, C2, C1, C0, rings[r0, a, b, k], rings[r1, a, b, k],
                        rings[r2, a, b, k], rings[r3, a, b, k], rings[r4, a, b, k],
                        rings[r5, a, b, k],
                    )
                    jump = combine(D0, D1, D2, -D2, -D1, -D0, m2, m1, m0, p0, p1, p2)
                    if limited:
                        mean = combine(C0, C1, C2, C2, C1, C0, m2, m1, m0, p0, p1, p2)
                        limit = upwind_monotone5(speed, mean, jump, m2, m1, m0, p0, p1, p2)
                        value += speed * (limit - mean)
                    else:
                        value += damping * abs(speed) * jump
                    u[i, j, k] -= moved * (value - old[a, b, k])
                    old[a, b, k] = value

    return pass_varying


pass_linear = _make_pass_constant(limited=False, crossed=False)
pass_limited = _make_pass_constant(limited=True, crossed=False)
pass_linear_crossed = _make_pass_constant(limited=False, crossed=True)
pass_limited_crossed = _make_pass_constant(limited=True, crossed=True)
pass_varying_linear = _make_pass_varying(limited=False)
pass_varying_limited = _make_pass_varying(limited=True)


@compiled
def pass_upwind(u, old, f_left, f_right, windows, face, varies, tile, ghosts, moved):
    """Φ of the first-order upwind scheme: c₆(W) times f of the side it comes from."""
    ha, hb = min(ghosts[0], 1), min(ghosts[1], 1)
    w0, w1, w2, w3, w4, w5 = (windows[0], windows[0], windows[0], windows[0], windows[0],
                              windows[0])
    if varies:
        w0, w1, w2 = windows[(face + 3) % 6], windows[(face + 4) % 6], windows[(face + 5) % 6]
        w3, w4, w5 = windows[face % 6], windows[(face + 1) % 6], windows[(face + 2) % 6]
    for a in range(tile[1] - tile[0]):
        for b in range(tile[3] - tile[2]):
            i, j = tile[0] + a, tile[2] + b
            for k in range(u.shape[2]):
                p, q, r = a + ha, b + hb, k + 1
                speed = (w0[p, q, r] - 8.0 * w1[p, q, r] + 37.0 * w2[p, q, r]
                         + 37.0 * w3[p, q, r] - 8.0 * w4[p, q, r] + w5[p, q, r]) / 60.0
                c = k + ghosts[2]
                value = flux_upwind1(speed, f_left[i + ghosts[0], j + ghosts[1], c],
                                     f_right[i + ghosts[0], j + ghosts[1], c])
                u[i, j, k] -= moved * (value - old[a, b, k])
                old[a, b, k] = value


@compiled
def given_flux(u, old, flux, tile, moved):
    """What a given flux through an end moves."""
    for a in range(tile[1] - tile[0]):
        for b in range(tile[3] - tile[2]):
            i, j = tile[0] + a, tile[2] + b
            for k in range(u.shape[2]):
                u[i, j, k] -= moved * (flux[i, j, k] - old[a, b, k])
                old[a, b, k] = flux[i, j, k]
