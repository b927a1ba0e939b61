"""One pass over phase space: face fluxes of all axes and the Runge-Kutta update.

    u ← α u₀ + β u − γ Σ_j [Φ^j(right) − Φ^j(left)]/V + γ S

with Φ = W⟨f⟩_face + Σ_⊥ (h²/12) ∂W ∂f, the fourth-order product rule.  A task is one band and
a block of A planes; planes and rows of fluxes are kept in scratch memory of the worker.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels import CENTRAL6, LINEAR5, MP5, UPWIND1
from kinetic.kernels.points import (
    combine,
    compiled,
    flux_upwind1,
    monotone5,
    released,
)


@compiled
def flux_row(out, scheme, w, m2, m1, m0, p0, p1, p2, table, face, graded):
    """Flux through a row of faces; `graded` takes one column of coefficients per face."""
    n = np.uintp(out.size)
    c0, c1, c2 = table[0, face], table[1, face], table[2, face]
    c3, c4, c5 = table[3, face], table[4, face], table[5, face]
    d0, d1, d2 = table[6, face], table[7, face], table[8, face]
    d3, d4, d5 = table[9, face], table[10, face], table[11, face]
    if scheme == UPWIND1:
        for k in range(n):
            out[k] = flux_upwind1(w[k], m0[k], p0[k])
    elif graded:
        t = table
        for k in range(n):
            a, b, c, d, e, f = m2[k], m1[k], m0[k], p0[k], p1[k], p2[k]
            mean = combine(t[0, k], t[1, k], t[2, k], t[3, k], t[4, k], t[5, k], a, b, c, d, e, f)
            half = combine(
                t[6, k], t[7, k], t[8, k], t[9, k], t[10, k], t[11, k], a, b, c, d, e, f
            )
            if scheme == MP5:
                left = w[k] >= 0.0
                face_value = mean + half if left else mean - half
                face_value = monotone5(
                    face_value,
                    a if left else f,
                    b if left else e,
                    c if left else d,
                    d if left else c,
                    e if left else b,
                )
                out[k] = w[k] * face_value
            else:
                out[k] = w[k] * mean + abs(w[k]) * half
    elif scheme == LINEAR5:
        for k in range(n):
            a, b, c, d, e, f = m2[k], m1[k], m0[k], p0[k], p1[k], p2[k]
            mean = combine(c0, c1, c2, c3, c4, c5, a, b, c, d, e, f)
            half = combine(d0, d1, d2, d3, d4, d5, a, b, c, d, e, f)
            out[k] = w[k] * mean + abs(w[k]) * half
    elif scheme == MP5:
        for k in range(n):
            a, b, c, d, e, f = m2[k], m1[k], m0[k], p0[k], p1[k], p2[k]
            mean = combine(c0, c1, c2, c3, c4, c5, a, b, c, d, e, f)
            half = combine(d0, d1, d2, d3, d4, d5, a, b, c, d, e, f)
            left = w[k] >= 0.0
            face_value = mean + half if left else mean - half
            u2 = a if left else f
            u1 = b if left else e
            u0 = c if left else d
            v0 = d if left else c
            v1 = e if left else b
            out[k] = w[k] * monotone5(face_value, u2, u1, u0, v0, v1)
    else:
        for k in range(n):
            a, b, c, d, e, f = m2[k], m1[k], m0[k], p0[k], p1[k], p2[k]
            mean = combine(c0, c1, c2, c3, c4, c5, a, b, c, d, e, f)
            half = combine(d0, d1, d2, d3, d4, d5, a, b, c, d, e, f)
            left = monotone5(mean + half, a, b, c, d, e)
            right = monotone5(mean - half, f, e, d, c, b)
            out[k] = 0.5 * w[k] * (left + right)


@compiled
def correct_across(out, w_after, w_before, after, before, l_after, r_after, l_before, r_before):
    """Product rule across rows: out += (h²/12) ∂W ∂f in a direction normal to the rows."""
    for k in range(np.uintp(out.size)):
        slope = (l_after[k] + r_after[k]) - (l_before[k] + r_before[k])
        out[k] += 0.5 * (after * w_after[k] - before * w_before[k]) * slope


@compiled
def correct_along(out, w_after, w_before, after, before, l_after, r_after, l_before, r_before):
    """Product rule along the row: as `correct_across`, with one factor per cell."""
    for k in range(np.uintp(out.size)):
        slope = (l_after[k] + r_after[k]) - (l_before[k] + r_before[k])
        out[k] += 0.5 * (after[k] * w_after[k] - before[k] * w_before[k]) * slope


@compiled
def update_row(u, base, source, a0, a1, b0, b1, c, inverse, width, alpha, beta, gamma, sourced):
    """u ← α u₀ + β u + γ (S − ∇·Φ)."""
    one = np.uintp(1)
    factor = gamma * inverse
    if alpha != 0.0:
        for k in range(np.uintp(u.size)):
            net = (a1[k] - a0[k]) + (b1[k] - b0[k]) + (c[k + one] - c[k])
            u[k] = alpha * base[k] + beta * u[k] - factor * width[k] * net
    else:
        for k in range(np.uintp(u.size)):
            net = (a1[k] - a0[k]) + (b1[k] - b0[k]) + (c[k + one] - c[k])
            u[k] = beta * u[k] - factor * width[k] * net
    if sourced:
        for k in range(np.uintp(u.size)):
            u[k] += gamma * source[k]


@compiled
def plane_a(out, i, f, w, scheme, tables, products, ghosts, graded, wraps):
    """Fluxes through the A faces i.  (B, C)"""
    gb, gc = ghosts[1], ghosts[2]
    nb, nc = out.shape
    after, before = products[2][1], products[2][2]
    for j in range(nb):
        jj = j + gb
        m0, p0 = f[i + 2, jj], f[i + 3, jj]
        flux_row(
            out[j],
            scheme,
            w[i, j],
            f[i, jj, gc : gc + nc],
            f[i + 1, jj, gc : gc + nc],
            m0[gc : gc + nc],
            p0[gc : gc + nc],
            f[i + 4, jj, gc : gc + nc],
            f[i + 5, jj, gc : gc + nc],
            tables[0],
            i,
            False,
        )
        if scheme == UPWIND1:
            continue
        if nb > 1 and products[1][0, j] != 0.0:
            up, down = (j + 1) % nb, (j - 1) % nb
            correct_across(
                out[j],
                w[i, up],
                w[i, down],
                products[1][1, j],
                products[1][2, j],
                f[i + 2, jj + 1, gc : gc + nc],
                f[i + 3, jj + 1, gc : gc + nc],
                f[i + 2, jj - 1, gc : gc + nc],
                f[i + 3, jj - 1, gc : gc + nc],
            )
        row = w[i, j]
        correct_along(
            out[j, 1 : nc - 1],
            row[2:nc],
            row[0 : nc - 2],
            after[1 : nc - 1],
            before[1 : nc - 1],
            m0[gc + 2 : gc + nc],
            p0[gc + 2 : gc + nc],
            m0[gc : gc + nc - 2],
            p0[gc : gc + nc - 2],
        )
        if wraps[2] and nc > 1:
            for k in (0, nc - 1):
                slope = (m0[gc + k + 1] + p0[gc + k + 1]) - (m0[gc + k - 1] + p0[gc + k - 1])
                step = after[k] * row[(k + 1) % nc] - before[k] * row[(k - 1) % nc]
                out[j, k] += 0.5 * step * slope


@compiled
def row_b(out, i, j, f, w, scheme, tables, products, ghosts, wraps):
    """Fluxes through the B faces j of the cells (i, ·).  (C,)"""
    ga, gc = ghosts[0], ghosts[2]
    na, nc = w.shape[0], out.size
    ii = i + ga
    m0, p0 = f[ii, j + 2], f[ii, j + 3]
    flux_row(
        out,
        scheme,
        w[i, j],
        f[ii, j, gc : gc + nc],
        f[ii, j + 1, gc : gc + nc],
        m0[gc : gc + nc],
        p0[gc : gc + nc],
        f[ii, j + 4, gc : gc + nc],
        f[ii, j + 5, gc : gc + nc],
        tables[1],
        j,
        False,
    )
    if scheme == UPWIND1:
        return
    if na > 1 and products[0][0, i] != 0.0:
        correct_across(
            out,
            w[(i + 1) % na, j],
            w[(i - 1) % na, j],
            products[0][1, i],
            products[0][2, i],
            f[ii + 1, j + 2, gc : gc + nc],
            f[ii + 1, j + 3, gc : gc + nc],
            f[ii - 1, j + 2, gc : gc + nc],
            f[ii - 1, j + 3, gc : gc + nc],
        )
    after, before = products[2][1], products[2][2]
    row = w[i, j]
    correct_along(
        out[1 : nc - 1],
        row[2:nc],
        row[0 : nc - 2],
        after[1 : nc - 1],
        before[1 : nc - 1],
        m0[gc + 2 : gc + nc],
        p0[gc + 2 : gc + nc],
        m0[gc : gc + nc - 2],
        p0[gc : gc + nc - 2],
    )
    if wraps[2] and nc > 1:
        for k in (0, nc - 1):
            slope = (m0[gc + k + 1] + p0[gc + k + 1]) - (m0[gc + k - 1] + p0[gc + k - 1])
            step = after[k] * row[(k + 1) % nc] - before[k] * row[(k - 1) % nc]
            out[k] += 0.5 * step * slope


@compiled
def end_face(out, line, face, w, scheme):
    """Flux through an outer face of an open row from the nearest cells alone."""
    left, right = line[face + 2], line[face + 3]
    if scheme == CENTRAL6:
        out[face] = 0.5 * w[face] * (left + right)
    else:
        out[face] = flux_upwind1(w[face], left, right)


@compiled
def row_c(out, i, j, f, w, scheme, tables, products, ghosts, graded, wraps):
    """Fluxes through the C faces of the row (i, j).  (C + 1,)"""
    ga, gb = ghosts[0], ghosts[1]
    na, nb, n = w.shape[0], w.shape[1], out.size
    ii, jj = i + ga, j + gb
    line = f[ii, jj]
    flux_row(
        out,
        scheme,
        w[i, j],
        line[0:n],
        line[1 : n + 1],
        line[2 : n + 2],
        line[3 : n + 3],
        line[4 : n + 4],
        line[5 : n + 5],
        tables[2],
        min(1, tables[2].shape[1] - 1),
        graded,
    )
    if not (graded or wraps[2]):
        end_face(out, line, 0, w[i, j], scheme)
        end_face(out, line, n - 1, w[i, j], scheme)
    if scheme == UPWIND1:
        return
    if na > 1 and products[0][0, i] != 0.0:
        up, down = f[ii + 1, jj], f[ii - 1, jj]
        correct_across(
            out,
            w[(i + 1) % na, j],
            w[(i - 1) % na, j],
            products[0][1, i],
            products[0][2, i],
            up[2 : n + 2],
            up[3 : n + 3],
            down[2 : n + 2],
            down[3 : n + 3],
        )
    if nb > 1 and products[1][0, j] != 0.0:
        up, down = f[ii, jj + 1], f[ii, jj - 1]
        correct_across(
            out,
            w[i, (j + 1) % nb],
            w[i, (j - 1) % nb],
            products[1][1, j],
            products[1][2, j],
            up[2 : n + 2],
            up[3 : n + 3],
            down[2 : n + 2],
            down[3 : n + 3],
        )


@compiled
def total(values):
    """Sum of a row."""
    result = 0.0
    for k in range(np.uintp(values.size)):
        result += values[k]
    return result


@compiled
def sweep_block(
    u,
    base,
    source,
    f,
    wa,
    wb,
    wc,
    first,
    last,
    weights,
    mesh,
    scheme,
    sourced,
    scratch,
    leaks,
):
    """Update the planes first ... last - 1 of one band and record what leaves the grid."""
    inverse, tables, products, ghosts, active, wraps, graded = mesh
    alpha, beta, gamma = weights
    planes, rows, line = scratch
    na, nb, nc = u.shape
    if active[0]:
        plane_a(planes[first % 2], first, f, wa, scheme, tables, products, ghosts, graded, wraps)
        if first == 0:
            for j in range(nb):
                leaks[0] -= total(planes[0, j])
    for i in range(first, last):
        here, ahead = planes[i % 2], planes[(i + 1) % 2]
        if active[0]:
            plane_a(ahead, i + 1, f, wa, scheme, tables, products, ghosts, graded, wraps)
            if i + 1 == na:
                for j in range(nb):
                    leaks[1] += total(ahead[j])
        if active[1]:
            row_b(rows[0], i, 0, f, wb, scheme, tables, products, ghosts, wraps)
            leaks[2] -= total(rows[0])
        for j in range(nb):
            if active[1]:
                row_b(
                    rows[(j + 1) % 2],
                    i,
                    j + 1,
                    f,
                    wb,
                    scheme,
                    tables,
                    products,
                    ghosts,
                    wraps,
                )
            row_c(line, i, j, f, wc, scheme, tables, products, ghosts, graded, wraps)
            leaks[4] -= line[0]
            leaks[5] += line[nc]
            update_row(
                u[i, j],
                base[i, j],
                source[i, j],
                here[j],
                ahead[j],
                rows[j % 2],
                rows[(j + 1) % 2],
                line,
                inverse[0][i] * inverse[1][j],
                inverse[2],
                alpha,
                beta,
                gamma,
                sourced,
            )
        if active[1]:
            leaks[3] += total(rows[nb % 2])


@released
def sweep(
    worker,
    workers,
    u,
    base,
    source,
    f,
    wa,
    wb,
    wc,
    weights,
    mesh,
    scheme,
    sourced,
    blocks,
    scratch,
    leaks,
):
    """One worker's share of the update; `leaks` (task, 6) receives ∫Φ dS through outer faces.

    Tasks and their order of summation do not depend on the number of workers, so neither does
    the result.
    """
    planes = u.shape[1]
    memory = (scratch[0][worker], scratch[1][worker], scratch[2][worker])
    for task in range(worker, u.shape[0] * blocks, workers):
        band, block = task // blocks, task % blocks
        leaks[task] = 0.0
        sweep_block(
            u[band],
            base[band],
            source[band],
            f[band],
            wa[band],
            wb[band],
            wc[band],
            block * planes // blocks,
            (block + 1) * planes // blocks,
            weights,
            mesh,
            scheme,
            sourced,
            memory,
            leaks[task],
        )
