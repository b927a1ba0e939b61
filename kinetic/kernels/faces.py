"""Fluxes through planes of faces: one loop per slot, all loads shared.

    Φ = W ⟨f⟩_face + Σ_⊥ (h²/12) ∂W ∂f        (McCorquodale and Colella 2011, Eq. 15)

Indices: w[i, j, k] faces (with a ghost column in the slots A and B), f[a, b, c] padded cells,
table[slot, :, face] coefficients, products[slot] the factors of `mesh.product_factors`, which
vanish at open ends.

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
def plain_row(out, to, count, scheme, w, i, j, k, f, fi, fj, c, slot, table, face, graded):
    """W ⟨f⟩ without product rule, any scheme, any slot, into out[to].

    w[i, j, k] is the first face and f[fi, fj, c] its m2; `graded` takes a new column of
    coefficients for every face of the row.
    """
    da, db, dc = int(slot == 0), int(slot == 1), int(slot == 2)
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
            out[to, n] = flux_upwind1(v, m0, p0)
        elif scheme == LINEAR5:
            out[to, n] = v * mean + abs(v) * half
        else:
            out[to, n] = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)


def _make_faces_a(limited: bool, crossed: bool) -> Any:
    """Kernel for the A faces of a plane; `crossed`: with the product rule of B besides C's."""

    @separate
    def faces_a(out, p, i, j0, j1, f, w, table, products, ghost_b, ghost_c):
        nc, nb = size(w.shape[2] - 2), size(w.shape[1])
        p, i = size(p), size(i)
        i0, i1, i2 = i, i + size(1), i + size(2)
        i3, i4, i5 = i + size(3), i + size(4), i + size(5)
        c0, c1, c2 = table[0, 0, i], table[0, 1, i], table[0, 2, i]
        c3, c4, c5 = table[0, 3, i], table[0, 4, i], table[0, 5, i]
        d0, d1, d2 = table[0, 6, i], table[0, 7, i], table[0, 8, i]
        d3, d4, d5 = table[0, 9, i], table[0, 10, i], table[0, 11, i]
        one, two, g = size(1), size(2), size(ghost_c)
        for j in range(size(j0), size(j1)):
            b = j + size(ghost_b)
            up, down = b + one, b - one
            after, before = products[one, one, j], products[one, two, j]
            j_up, j_down = (j + one) % nb, (j + nb - one) % nb
            for k in range(nc):
                v = w[i, j, k + one]
                c, c_up, c_down = k + g, k + (g + one), k + (g - one)
                m2, m1, m0 = f[i0, b, c], f[i1, b, c], f[i2, b, c]
                p0, p1, p2 = f[i3, b, c], f[i4, b, c], f[i5, b, c]
                mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
                half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
                if limited:
                    value = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
                else:
                    value = v * mean + abs(v) * half
                value += product_term(
                    products[two, one, k], products[two, two, k], w[i, j, k + two], w[i, j, k],
                    f[i2, b, c_up], f[i3, b, c_up], f[i2, b, c_down], f[i3, b, c_down],
                )
                if crossed:
                    value += product_term(
                        after, before, w[i, j_up, k + one], w[i, j_down, k + one],
                        f[i2, up, c], f[i3, up, c], f[i2, down, c], f[i3, down, c],
                    )
                out[p, j, k] = value

    return faces_a


def _make_faces_b(limited: bool) -> Any:
    """Kernel for the B faces j0 ... j1 of a plane, with the product rule of A and C."""

    @separate
    def faces_b(out, i, j0, j1, f, w, table, products, ghost_a, ghost_c):
        nc, na = size(w.shape[2] - 2), size(w.shape[0])
        i = size(i)
        a = i + size(ghost_a)
        one, two, three, four, five = size(1), size(2), size(3), size(4), size(5)
        g, up, down = size(ghost_c), a + one, a - one
        i_up, i_down = (i + one) % na, (i + na - one) % na
        after, before = products[size(0), one, i], products[size(0), two, i]
        for j in range(size(j0), size(j1) + one):
            c0, c1, c2 = table[1, 0, j], table[1, 1, j], table[1, 2, j]
            c3, c4, c5 = table[1, 3, j], table[1, 4, j], table[1, 5, j]
            d0, d1, d2 = table[1, 6, j], table[1, 7, j], table[1, 8, j]
            d3, d4, d5 = table[1, 9, j], table[1, 10, j], table[1, 11, j]
            b1, b2, b3, b4, b5 = j + one, j + two, j + three, j + four, j + five
            for k in range(nc):
                v = w[i, j, k + one]
                c, c_up, c_down = k + g, k + (g + one), k + (g - one)
                m2, m1, m0 = f[a, j, c], f[a, b1, c], f[a, b2, c]
                p0, p1, p2 = f[a, b3, c], f[a, b4, c], f[a, b5, c]
                mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
                half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
                if limited:
                    value = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
                else:
                    value = v * mean + abs(v) * half
                value += product_term(
                    products[two, one, k], products[two, two, k], w[i, j, k + two], w[i, j, k],
                    f[a, b2, c_up], f[a, b3, c_up], f[a, b2, c_down], f[a, b3, c_down],
                )
                value += product_term(
                    after, before, w[i_up, j, k + one], w[i_down, j, k + one],
                    f[up, b2, c], f[up, b3, c], f[down, b2, c], f[down, b3, c],
                )
                out[j, k] = value

    return faces_b


def _make_faces_c(limited: bool, crossed: bool) -> Any:
    """Kernel for the C faces of a plane; `crossed`: with the product rule of B besides A's."""

    @separate
    def faces_c(out, i, j0, j1, f, w, table, face, products, ghost_a, ghost_b):
        na, nb, faces = size(w.shape[0]), size(w.shape[1]), size(w.shape[2])
        i, zero = size(i), size(0)
        a = i + size(ghost_a)
        one, two, three, four, five = size(1), size(2), size(3), size(4), size(5)
        c0, c1, c2 = table[2, 0, face], table[2, 1, face], table[2, 2, face]
        c3, c4, c5 = table[2, 3, face], table[2, 4, face], table[2, 5, face]
        d0, d1, d2 = table[2, 6, face], table[2, 7, face], table[2, 8, face]
        d3, d4, d5 = table[2, 9, face], table[2, 10, face], table[2, 11, face]
        up, down, i_up, i_down = a + one, a - one, (i + one) % na, (i + na - one) % na
        after_a, before_a = products[zero, one, i], products[zero, two, i]
        for j in range(size(j0), size(j1)):
            b = j + size(ghost_b)
            right, left = b + one, b - one
            j_up, j_down = (j + one) % nb, (j + nb - one) % nb
            after_b, before_b = products[one, one, j], products[one, two, j]
            for k in range(faces):
                v = w[i, j, k]
                m2, m1, m0 = f[a, b, k], f[a, b, k + one], f[a, b, k + two]
                p0, p1, p2 = f[a, b, k + three], f[a, b, k + four], f[a, b, k + five]
                mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
                half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
                if limited:
                    value = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
                else:
                    value = v * mean + abs(v) * half
                value += product_term(
                    after_a, before_a, w[i_up, j, k], w[i_down, j, k],
                    f[up, b, k + two], f[up, b, k + three],
                    f[down, b, k + two], f[down, b, k + three],
                )
                if crossed:
                    value += product_term(
                        after_b, before_b, w[i, j_up, k], w[i, j_down, k],
                        f[a, right, k + two], f[a, right, k + three],
                        f[a, left, k + two], f[a, left, k + three],
                    )
                out[j, k] = value

    return faces_c


faces_a_linear = _make_faces_a(limited=False, crossed=False)
faces_a_linear_crossed = _make_faces_a(limited=False, crossed=True)
faces_a_limited = _make_faces_a(limited=True, crossed=False)
faces_a_limited_crossed = _make_faces_a(limited=True, crossed=True)
faces_b_linear, faces_b_limited = _make_faces_b(limited=False), _make_faces_b(limited=True)
faces_c_linear = _make_faces_c(limited=False, crossed=False)
faces_c_linear_crossed = _make_faces_c(limited=False, crossed=True)
faces_c_limited = _make_faces_c(limited=True, crossed=False)
faces_c_limited_crossed = _make_faces_c(limited=True, crossed=True)


@compiled
def plane_a(out, p, i, j0, j1, f, w, scheme, table, products, ghosts):
    """Fluxes through the A faces i of the rows j0 ... j1 - 1 into out[p, j]."""
    if scheme == UPWIND1:
        for j in range(j0, j1):
            plain_row(out[p], j, w.shape[2] - 2, scheme, w, i, j, 1, f, i, j + ghosts[1],
                      ghosts[2], 0, table, i, False)
    elif ghosts[1] == 0 and scheme == LINEAR5:
        faces_a_linear(out, p, i, j0, j1, f, w, table, products, ghosts[1], ghosts[2])
    elif ghosts[1] == 0:
        faces_a_limited(out, p, i, j0, j1, f, w, table, products, ghosts[1], ghosts[2])
    elif scheme == LINEAR5:
        faces_a_linear_crossed(out, p, i, j0, j1, f, w, table, products, ghosts[1], ghosts[2])
    else:
        faces_a_limited_crossed(out, p, i, j0, j1, f, w, table, products, ghosts[1], ghosts[2])


@compiled
def plane_b(out, i, j0, j1, f, w, scheme, table, products, ghosts):
    """Fluxes through the B faces j0 ... j1 of the plane i into out[j]."""
    if scheme == UPWIND1:
        for j in range(j0, j1 + 1):
            plain_row(out, j, w.shape[2] - 2, scheme, w, i, j, 1, f, i + ghosts[0], j, ghosts[2],
                      1, table, j, False)
    elif scheme == LINEAR5:
        faces_b_linear(out, i, j0, j1, f, w, table, products, ghosts[0], ghosts[2])
    else:
        faces_b_limited(out, i, j0, j1, f, w, table, products, ghosts[0], ghosts[2])


@compiled
def plane_c(out, i, j0, j1, f, w, scheme, table, products, ghosts, graded, open_row):
    """Fluxes through all C faces of the rows j0 ... j1 - 1 of the plane i into out[j]."""
    face = min(1, w.shape[2] - 1)
    if scheme == UPWIND1 or graded or ghosts[0] == 0:
        for j in range(j0, j1):
            column = 0 if graded else face
            plain_row(out, j, w.shape[2], scheme, w, i, j, 0, f, i + ghosts[0], j + ghosts[1],
                      0, 2, table, column, graded)
            if scheme != UPWIND1:
                plain_terms(out, i, j, f, w, products, ghosts)
    elif ghosts[1] == 0 and scheme == LINEAR5:
        faces_c_linear(out, i, j0, j1, f, w, table, face, products, ghosts[0], ghosts[1])
    elif ghosts[1] == 0:
        faces_c_limited(out, i, j0, j1, f, w, table, face, products, ghosts[0], ghosts[1])
    elif scheme == LINEAR5:
        faces_c_linear_crossed(out, i, j0, j1, f, w, table, face, products, ghosts[0], ghosts[1])
    else:
        faces_c_limited_crossed(out, i, j0, j1, f, w, table, face, products, ghosts[0], ghosts[1])
    if open_row and not graded:
        # The outermost faces of an open row see the nearest cells alone.
        last = w.shape[2] - 1
        for j in range(j0, j1):
            a, b = i + ghosts[0], j + ghosts[1]
            out[j, 0] = flux_upwind1(w[i, j, 0], f[a, b, 2], f[a, b, 3])
            out[j, last] = flux_upwind1(w[i, j, last], f[a, b, last + 2], f[a, b, last + 3])


@compiled
def plain_terms(out, i, j, f, w, products, ghosts):
    """Product rule of A and B added to the C faces of one row."""
    na, nb, faces = w.shape
    a, b = i + ghosts[0], j + ghosts[1]
    after, before = products[0, 1, i], products[0, 2, i]
    if after != 0.0 or before != 0.0:
        for k in range(faces):
            out[j, k] += product_term(
                after, before, w[(i + 1) % na, j, k], w[(i - 1) % na, j, k],
                f[a + 1, b, k + 2], f[a + 1, b, k + 3], f[a - 1, b, k + 2], f[a - 1, b, k + 3],
            )
    after, before = products[1, 1, j], products[1, 2, j]
    if after != 0.0 or before != 0.0:
        for k in range(faces):
            out[j, k] += product_term(
                after, before, w[i, (j + 1) % nb, k], w[i, (j - 1) % nb, k],
                f[a, b + 1, k + 2], f[a, b + 1, k + 3], f[a, b - 1, k + 2], f[a, b - 1, k + 3],
            )
