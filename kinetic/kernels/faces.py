"""Fluxes through rows of faces: one loop a row, all loads shared.

    Φ = W ⟨f⟩_face + Σ_⊥ (h²/12) ∂W ∂f        (McCorquodale and Colella 2011, Eq. 15)

Indices: w[i, j, k] faces, f[fi, fj, c] padded cells, (da, db, dc) the step across a face,
(ta, tb) the step of a transverse derivative.  `after` and `before` are the factors of
`mesh.product_factors`; they vanish at open ends.  Loops are written out per scheme because a
branch inside them would keep them from being vectorised.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels import LINEAR5, UPWIND1
from kinetic.kernels.points import (
    combine,
    compiled,
    flux_upwind1,
    pointwise,
    separate,
    upwind_monotone5,
)

# fmt: off  (argument lists are easier to compare when packed)

size = np.uintp  # indices without a sign need no wrap-around test, so loops vectorise


@pointwise
def product_term(after, before, w_after, w_before, l_after, r_after, l_before, r_before):
    """(h²/12) ∂W ∂f, with f at a face the mean of the cells l and r beside it."""
    slope = (l_after + r_after) - (l_before + r_before)
    return 0.5 * (after * w_after - before * w_before) * slope


@compiled
def plain_row(out, p, q, to, count, scheme, w, i, j, k, f, fi, fj, c, step, table, face, graded):
    """W ⟨f⟩ without product rule, any scheme, any axis; f[fi, fj, c] is m2 of the first face.

    `graded` takes a new column of coefficients for every face of the row.
    """
    da, db, dc = step
    for n in range(count):
        column = face + n if graded else face
        mean, half = 0.0, 0.0
        for m in range(6):
            value = f[fi + m * da, fj + m * db, c + n + m * dc]
            mean += table[m, column] * value
            half += table[m + 6, column] * value
        m2 = f[fi, fj, c + n]
        m1 = f[fi + da, fj + db, c + n + dc]
        m0 = f[fi + 2 * da, fj + 2 * db, c + n + 2 * dc]
        p0 = f[fi + 3 * da, fj + 3 * db, c + n + 3 * dc]
        p1 = f[fi + 4 * da, fj + 4 * db, c + n + 4 * dc]
        p2 = f[fi + 5 * da, fj + 5 * db, c + n + 5 * dc]
        v = w[i, j, k + n]
        if scheme == UPWIND1:
            out[p, q, to + n] = flux_upwind1(v, m0, p0)
        elif scheme == LINEAR5:
            out[p, q, to + n] = v * mean + abs(v) * half
        else:
            out[p, q, to + n] = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)


@separate
def across_row(
    out,
    p,
    q,
    to,
    count,
    scheme,
    w,
    i,
    j,
    kw,
    f,
    fi,
    fj,
    c,
    step,
    table,
    face,
    crossing,
    along,
    ka,
):
    """Fluxes through faces normal to the row, cells ka ... ka + count - 1.

    w[i, j, kw] and f[fi, fj, c] belong to the first cell, f of it to m2.  crossing: (i1, j1,
    i0, j0, after, before, ta, tb), the direction normal to face and row; along: factors of the
    direction of the row.
    """
    da, db = step
    i1, j1, i0, j0, after, before, ta, tb = crossing
    p, q, to, i, j = size(p), size(q), size(to), size(i), size(j)
    a0, b0, a1, b1, a2, b2 = (
        size(fi),
        size(fj),
        size(fi + da),
        size(fj + db),
        size(fi + 2 * da),
        size(fj + 2 * db),
    )
    a3, b3, a4, b4, a5, b5 = (
        size(fi + 3 * da),
        size(fj + 3 * db),
        size(fi + 4 * da),
        size(fj + 4 * db),
        size(fi + 5 * da),
        size(fj + 5 * db),
    )
    la, lb, ra, rb = (
        size(fi + 2 * da + ta),
        size(fj + 2 * db + tb),
        size(fi + 3 * da + ta),
        size(fj + 3 * db + tb),
    )
    ma, mb, na, nb = (
        size(fi + 2 * da - ta),
        size(fj + 2 * db - tb),
        size(fi + 3 * da - ta),
        size(fj + 3 * db - tb),
    )
    i1, j1, i0, j0 = size(i1), size(j1), size(i0), size(j0)
    c0, c1, c2, c3, c4, c5 = (
        table[0, face],
        table[1, face],
        table[2, face],
        table[3, face],
        table[4, face],
        table[5, face],
    )
    d0, d1, d2, d3, d4, d5 = (
        table[6, face],
        table[7, face],
        table[8, face],
        table[9, face],
        table[10, face],
        table[11, face],
    )
    ahead, back = size(1), size(2)
    w0, w_up, w_down = size(kw), size(kw + 1), size(kw - 1)
    f0, f_up, f_down, k0 = size(c), size(c + 1), size(c - 1), size(ka)
    if scheme == LINEAR5 and (after != 0.0 or before != 0.0):
        for n in range(size(count)):
            v = w[i, j, w0 + n]
            m2, m1, m0 = f[a0, b0, f0 + n], f[a1, b1, f0 + n], f[a2, b2, f0 + n]
            p0, p1, p2 = f[a3, b3, f0 + n], f[a4, b4, f0 + n], f[a5, b5, f0 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[p, q, to + n] = (
                v * mean
                + abs(v) * half
                + product_term(
                    along[ahead, k0 + n],
                    along[back, k0 + n],
                    w[i, j, w_up + n],
                    w[i, j, w_down + n],
                    f[a2, b2, f_up + n],
                    f[a3, b3, f_up + n],
                    f[a2, b2, f_down + n],
                    f[a3, b3, f_down + n],
                )
                + product_term(
                    after,
                    before,
                    w[i1, j1, w0 + n],
                    w[i0, j0, w0 + n],
                    f[la, lb, f0 + n],
                    f[ra, rb, f0 + n],
                    f[ma, mb, f0 + n],
                    f[na, nb, f0 + n],
                )
            )
    elif scheme == LINEAR5:
        for n in range(size(count)):
            v = w[i, j, w0 + n]
            m2, m1, m0 = f[a0, b0, f0 + n], f[a1, b1, f0 + n], f[a2, b2, f0 + n]
            p0, p1, p2 = f[a3, b3, f0 + n], f[a4, b4, f0 + n], f[a5, b5, f0 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[p, q, to + n] = (
                v * mean
                + abs(v) * half
                + product_term(
                    along[ahead, k0 + n],
                    along[back, k0 + n],
                    w[i, j, w_up + n],
                    w[i, j, w_down + n],
                    f[a2, b2, f_up + n],
                    f[a3, b3, f_up + n],
                    f[a2, b2, f_down + n],
                    f[a3, b3, f_down + n],
                )
            )
    elif after != 0.0 or before != 0.0:
        for n in range(size(count)):
            v = w[i, j, w0 + n]
            m2, m1, m0 = f[a0, b0, f0 + n], f[a1, b1, f0 + n], f[a2, b2, f0 + n]
            p0, p1, p2 = f[a3, b3, f0 + n], f[a4, b4, f0 + n], f[a5, b5, f0 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[p, q, to + n] = (
                v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
                + product_term(
                    along[ahead, k0 + n],
                    along[back, k0 + n],
                    w[i, j, w_up + n],
                    w[i, j, w_down + n],
                    f[a2, b2, f_up + n],
                    f[a3, b3, f_up + n],
                    f[a2, b2, f_down + n],
                    f[a3, b3, f_down + n],
                )
                + product_term(
                    after,
                    before,
                    w[i1, j1, w0 + n],
                    w[i0, j0, w0 + n],
                    f[la, lb, f0 + n],
                    f[ra, rb, f0 + n],
                    f[ma, mb, f0 + n],
                    f[na, nb, f0 + n],
                )
            )
    else:
        for n in range(size(count)):
            v = w[i, j, w0 + n]
            m2, m1, m0 = f[a0, b0, f0 + n], f[a1, b1, f0 + n], f[a2, b2, f0 + n]
            p0, p1, p2 = f[a3, b3, f0 + n], f[a4, b4, f0 + n], f[a5, b5, f0 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[p, q, to + n] = v * upwind_monotone5(
                v, mean, half, m2, m1, m0, p0, p1, p2
            ) + product_term(
                along[ahead, k0 + n],
                along[back, k0 + n],
                w[i, j, w_up + n],
                w[i, j, w_down + n],
                f[a2, b2, f_up + n],
                f[a3, b3, f_up + n],
                f[a2, b2, f_down + n],
                f[a3, b3, f_down + n],
            )


@separate
def along_row(out, start, count, scheme, w, i, j, f, fi, fj, table, face, cross_a, cross_b):
    """Fluxes through the faces start ... of a row, with the product rule of A and B.

    cross_a: (i1, i0, after, before), the neighbouring rows in A; cross_b likewise in B.
    """
    i1, i0, after_a, before_a = cross_a
    j1, j0, after_b, before_b = cross_b
    i1, i0, j1, j0, i, j = size(i1), size(i0), size(j1), size(j0), size(i), size(j)
    a, b = size(fi), size(fj)
    up, down, right, left = size(fi + 1), size(fi - 1), size(fj + 1), size(fj - 1)
    c0, c1, c2, c3, c4, c5 = (
        table[0, face],
        table[1, face],
        table[2, face],
        table[3, face],
        table[4, face],
        table[5, face],
    )
    d0, d1, d2, d3, d4, d5 = (
        table[6, face],
        table[7, face],
        table[8, face],
        table[9, face],
        table[10, face],
        table[11, face],
    )
    zero, k0, k1, k2 = size(0), size(start), size(start + 1), size(start + 2)
    k3, k4, k5 = size(start + 3), size(start + 4), size(start + 5)
    if scheme == LINEAR5 and (after_b != 0.0 or before_b != 0.0):
        for n in range(size(count)):
            v = w[i, j, k0 + n]
            m2, m1, m0 = f[a, b, k0 + n], f[a, b, k1 + n], f[a, b, k2 + n]
            p0, p1, p2 = f[a, b, k3 + n], f[a, b, k4 + n], f[a, b, k5 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[zero, zero, n] = (
                v * mean
                + abs(v) * half
                + product_term(
                    after_a,
                    before_a,
                    w[i1, j, k0 + n],
                    w[i0, j, k0 + n],
                    f[up, b, k2 + n],
                    f[up, b, k3 + n],
                    f[down, b, k2 + n],
                    f[down, b, k3 + n],
                )
                + product_term(
                    after_b,
                    before_b,
                    w[i, j1, k0 + n],
                    w[i, j0, k0 + n],
                    f[a, right, k2 + n],
                    f[a, right, k3 + n],
                    f[a, left, k2 + n],
                    f[a, left, k3 + n],
                )
            )
    elif scheme == LINEAR5:
        for n in range(size(count)):
            v = w[i, j, k0 + n]
            m2, m1, m0 = f[a, b, k0 + n], f[a, b, k1 + n], f[a, b, k2 + n]
            p0, p1, p2 = f[a, b, k3 + n], f[a, b, k4 + n], f[a, b, k5 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[zero, zero, n] = (
                v * mean
                + abs(v) * half
                + product_term(
                    after_a,
                    before_a,
                    w[i1, j, k0 + n],
                    w[i0, j, k0 + n],
                    f[up, b, k2 + n],
                    f[up, b, k3 + n],
                    f[down, b, k2 + n],
                    f[down, b, k3 + n],
                )
            )
    elif after_b != 0.0 or before_b != 0.0:
        for n in range(size(count)):
            v = w[i, j, k0 + n]
            m2, m1, m0 = f[a, b, k0 + n], f[a, b, k1 + n], f[a, b, k2 + n]
            p0, p1, p2 = f[a, b, k3 + n], f[a, b, k4 + n], f[a, b, k5 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[zero, zero, n] = (
                v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
                + product_term(
                    after_a,
                    before_a,
                    w[i1, j, k0 + n],
                    w[i0, j, k0 + n],
                    f[up, b, k2 + n],
                    f[up, b, k3 + n],
                    f[down, b, k2 + n],
                    f[down, b, k3 + n],
                )
                + product_term(
                    after_b,
                    before_b,
                    w[i, j1, k0 + n],
                    w[i, j0, k0 + n],
                    f[a, right, k2 + n],
                    f[a, right, k3 + n],
                    f[a, left, k2 + n],
                    f[a, left, k3 + n],
                )
            )
    else:
        for n in range(size(count)):
            v = w[i, j, k0 + n]
            m2, m1, m0 = f[a, b, k0 + n], f[a, b, k1 + n], f[a, b, k2 + n]
            p0, p1, p2 = f[a, b, k3 + n], f[a, b, k4 + n], f[a, b, k5 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[zero, zero, n] = v * upwind_monotone5(
                v, mean, half, m2, m1, m0, p0, p1, p2
            ) + product_term(
                after_a,
                before_a,
                w[i1, j, k0 + n],
                w[i0, j, k0 + n],
                f[up, b, k2 + n],
                f[up, b, k3 + n],
                f[down, b, k2 + n],
                f[down, b, k3 + n],
            )


@compiled
def graded_terms(out, start, count, w, i, j, f, fi, fj, cross_a, cross_b):
    """Product rule of A and B added to the faces of a row of graded cells."""
    for n in range(count):
        k = start + n
        i1, i0, after, before = cross_a
        if after != 0.0 or before != 0.0:
            out[0, 0, n] += product_term(
                after,
                before,
                w[i1, j, k],
                w[i0, j, k],
                f[fi + 1, fj, k + 2],
                f[fi + 1, fj, k + 3],
                f[fi - 1, fj, k + 2],
                f[fi - 1, fj, k + 3],
            )
        j1, j0, after, before = cross_b
        if after != 0.0 or before != 0.0:
            out[0, 0, n] += product_term(
                after,
                before,
                w[i, j1, k],
                w[i, j0, k],
                f[fi, fj + 1, k + 2],
                f[fi, fj + 1, k + 3],
                f[fi, fj - 1, k + 2],
                f[fi, fj - 1, k + 3],
            )
