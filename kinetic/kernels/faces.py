"""Fluxes through rows of faces: one loop a row, all loads shared.

    Φ = W ⟨f⟩_face + Σ_⊥ (h²/12) ∂W ∂f        (McCorquodale and Colella 2011, Eq. 15)

Indices: w[i, j, k] faces, f[fi, fj, c] padded cells, (da, db, dc) the step across a face,
(ta, tb) the step of a transverse derivative, table[slot, :, face] coefficients, products[slot]
the factors of `mesh.product_factors`; these vanish at open ends.

A loop with a branch inside is not vectorised, so every variant of a loop is a kernel of its own,
made from one source: the branch on a constant of the closure is gone when it is compiled.
"""

from __future__ import annotations

from typing import Any

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

# fmt: off

size = np.uintp  # indices without a sign need no wrap-around test, so loops vectorise


@pointwise
def product_term(after, before, w_after, w_before, l_after, r_after, l_before, r_before):
    """(h²/12) ∂W ∂f, with f at a face the mean of the cells l and r beside it."""
    slope = (l_after + r_after) - (l_before + r_before)
    return 0.5 * (after * w_after - before * w_before) * slope


@compiled
def plain_row(out, p, q, to, count, scheme, w, i, j, k, f, fi, fj, c, step, table, slot, face,
              graded):
    """W ⟨f⟩ without product rule, any scheme, any axis; f[fi, fj, c] is m2 of the first face.

    `graded` takes a new column of coefficients for every face of the row.
    """
    da, db, dc = step
    for n in range(count):
        column = face + n if graded else face
        mean, half = 0.0, 0.0
        for m in range(6):
            value = f[fi + m * da, fj + m * db, c + n + m * dc]
            mean += table[slot, m, column] * value
            half += table[slot, m + 6, column] * value
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


def _make_across_row(limited: bool, crossed: bool) -> Any:
    """Kernel for faces normal to a row; `crossed`: with the direction normal to both."""

    @separate
    def across_row(out, p, q, to, count, w, i, j, kw, f, fi, fj, c, da, db, table, slot, face,
                   i1, j1, i0, j0, after, before, ta, tb, products, first):
        p, q, to, i, j = size(p), size(q), size(to), size(i), size(j)
        a0, a1, a2 = size(fi), size(fi + da), size(fi + 2 * da)
        a3, a4, a5 = size(fi + 3 * da), size(fi + 4 * da), size(fi + 5 * da)
        b0, b1, b2 = size(fj), size(fj + db), size(fj + 2 * db)
        b3, b4, b5 = size(fj + 3 * db), size(fj + 4 * db), size(fj + 5 * db)
        la, lb, ra, rb = a2 + size(ta), b2 + size(tb), a3 + size(ta), b3 + size(tb)
        ma, mb, na, nb = a2 - size(ta), b2 - size(tb), a3 - size(ta), b3 - size(tb)
        i1, j1, i0, j0 = size(i1), size(j1), size(i0), size(j0)
        c0, c1, c2 = table[slot, 0, face], table[slot, 1, face], table[slot, 2, face]
        c3, c4, c5 = table[slot, 3, face], table[slot, 4, face], table[slot, 5, face]
        d0, d1, d2 = table[slot, 6, face], table[slot, 7, face], table[slot, 8, face]
        d3, d4, d5 = table[slot, 9, face], table[slot, 10, face], table[slot, 11, face]
        one, two, k0 = size(1), size(2), size(first)
        w0, w_up, w_down = size(kw), size(kw + 1), size(kw - 1)
        f0, f_up, f_down = size(c), size(c + 1), size(c - 1)
        for n in range(size(count)):
            v = w[i, j, w0 + n]
            m2, m1, m0 = f[a0, b0, f0 + n], f[a1, b1, f0 + n], f[a2, b2, f0 + n]
            p0, p1, p2 = f[a3, b3, f0 + n], f[a4, b4, f0 + n], f[a5, b5, f0 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            if limited:
                value = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
            else:
                value = v * mean + abs(v) * half
            value += product_term(
                products[two, one, k0 + n], products[two, two, k0 + n],
                w[i, j, w_up + n], w[i, j, w_down + n],
                f[a2, b2, f_up + n], f[a3, b3, f_up + n],
                f[a2, b2, f_down + n], f[a3, b3, f_down + n],
            )
            if crossed:
                value += product_term(
                    after, before, w[i1, j1, w0 + n], w[i0, j0, w0 + n],
                    f[la, lb, f0 + n], f[ra, rb, f0 + n], f[ma, mb, f0 + n], f[na, nb, f0 + n],
                )
            out[p, q, to + n] = value

    return across_row


def _make_along_row(limited: bool, crossed: bool) -> Any:
    """Kernel for the faces along a row; `crossed`: with the product rule of B besides A's."""

    @separate
    def along_row(out, start, count, w, i, j, f, fi, fj, table, face,
                  i1, i0, after_a, before_a, j1, j0, after_b, before_b):
        i1, i0, j1, j0, i, j = size(i1), size(i0), size(j1), size(j0), size(i), size(j)
        a, b = size(fi), size(fj)
        up, down, right, left = size(fi + 1), size(fi - 1), size(fj + 1), size(fj - 1)
        c0, c1, c2 = table[2, 0, face], table[2, 1, face], table[2, 2, face]
        c3, c4, c5 = table[2, 3, face], table[2, 4, face], table[2, 5, face]
        d0, d1, d2 = table[2, 6, face], table[2, 7, face], table[2, 8, face]
        d3, d4, d5 = table[2, 9, face], table[2, 10, face], table[2, 11, face]
        zero, k0, k1, k2 = size(0), size(start), size(start + 1), size(start + 2)
        k3, k4, k5 = size(start + 3), size(start + 4), size(start + 5)
        for n in range(size(count)):
            v = w[i, j, k0 + n]
            m2, m1, m0 = f[a, b, k0 + n], f[a, b, k1 + n], f[a, b, k2 + n]
            p0, p1, p2 = f[a, b, k3 + n], f[a, b, k4 + n], f[a, b, k5 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            if limited:
                value = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
            else:
                value = v * mean + abs(v) * half
            value += product_term(
                after_a, before_a, w[i1, j, k0 + n], w[i0, j, k0 + n],
                f[up, b, k2 + n], f[up, b, k3 + n], f[down, b, k2 + n], f[down, b, k3 + n],
            )
            if crossed:
                value += product_term(
                    after_b, before_b, w[i, j1, k0 + n], w[i, j0, k0 + n],
                    f[a, right, k2 + n], f[a, right, k3 + n],
                    f[a, left, k2 + n], f[a, left, k3 + n],
                )
            out[zero, zero, n] = value

    return along_row


across_linear = _make_across_row(limited=False, crossed=False)
across_linear_crossed = _make_across_row(limited=False, crossed=True)
across_limited = _make_across_row(limited=True, crossed=False)
across_limited_crossed = _make_across_row(limited=True, crossed=True)
along_linear = _make_along_row(limited=False, crossed=False)
along_linear_crossed = _make_along_row(limited=False, crossed=True)
along_limited = _make_along_row(limited=True, crossed=False)
along_limited_crossed = _make_along_row(limited=True, crossed=True)


@compiled
def across_row(out, p, q, to, count, scheme, w, i, j, kw, f, fi, fj, c, da, db, table, slot, face,
               i1, j1, i0, j0, after, before, ta, tb, products, first):
    """Fluxes through faces normal to the row, cells first ... first + count - 1.

    w[i, j, kw] and f[fi, fj, c] belong to the first cell, f of it to m2.  (i1, j1), (i0, j0),
    after, before and (ta, tb) are of the direction normal to face and row.
    """
    crossed = after != 0.0 or before != 0.0
    if scheme == LINEAR5 and crossed:
        across_linear_crossed(
            out, p, q, to, count, w, i, j, kw, f, fi, fj, c, da, db, table, slot, face,
            i1, j1, i0, j0, after, before, ta, tb, products, first,
        )
    elif scheme == LINEAR5:
        across_linear(
            out, p, q, to, count, w, i, j, kw, f, fi, fj, c, da, db, table, slot, face,
            i1, j1, i0, j0, after, before, ta, tb, products, first,
        )
    elif crossed:
        across_limited_crossed(
            out, p, q, to, count, w, i, j, kw, f, fi, fj, c, da, db, table, slot, face,
            i1, j1, i0, j0, after, before, ta, tb, products, first,
        )
    else:
        across_limited(
            out, p, q, to, count, w, i, j, kw, f, fi, fj, c, da, db, table, slot, face,
            i1, j1, i0, j0, after, before, ta, tb, products, first,
        )


@compiled
def along_row(out, start, count, scheme, w, i, j, f, fi, fj, table, face,
              i1, i0, after_a, before_a, j1, j0, after_b, before_b):
    """Fluxes through the faces start ... of a row, with the product rule of A and B.

    i1, i0, j1, j0 are the neighbouring rows of faces.
    """
    crossed = after_b != 0.0 or before_b != 0.0
    if scheme == LINEAR5 and crossed:
        along_linear_crossed(
            out, start, count, w, i, j, f, fi, fj, table, face, i1, i0, after_a, before_a,
            j1, j0, after_b, before_b,
        )
    elif scheme == LINEAR5:
        along_linear(
            out, start, count, w, i, j, f, fi, fj, table, face, i1, i0, after_a, before_a,
            j1, j0, after_b, before_b,
        )
    elif crossed:
        along_limited_crossed(
            out, start, count, w, i, j, f, fi, fj, table, face, i1, i0, after_a, before_a,
            j1, j0, after_b, before_b,
        )
    else:
        along_limited(
            out, start, count, w, i, j, f, fi, fj, table, face, i1, i0, after_a, before_a,
            j1, j0, after_b, before_b,
        )


@compiled
def graded_terms(out, start, count, w, i, j, f, fi, fj, i1, i0, after_a, before_a, j1, j0,
                 after_b, before_b):
    """Product rule of A and B added to the faces of a row of graded cells."""
    for n in range(count):
        k = start + n
        if after_a != 0.0 or before_a != 0.0:
            out[0, 0, n] += product_term(
                after_a, before_a, w[i1, j, k], w[i0, j, k],
                f[fi + 1, fj, k + 2], f[fi + 1, fj, k + 3],
                f[fi - 1, fj, k + 2], f[fi - 1, fj, k + 3],
            )
        if after_b != 0.0 or before_b != 0.0:
            out[0, 0, n] += product_term(
                after_b, before_b, w[i, j1, k], w[i, j0, k],
                f[fi, fj + 1, k + 2], f[fi, fj + 1, k + 3],
                f[fi, fj - 1, k + 2], f[fi, fj - 1, k + 3],
            )
