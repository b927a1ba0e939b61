"""One pass over phase space: face fluxes of all axes and the Runge-Kutta update.

    u ← α u₀ + β u − γ Σ_j [Φ^j(right) − Φ^j(left)]/V + γ S

with Φ = W⟨f⟩_face + Σ_⊥ (h²/12) ∂W ∂f, the fourth-order product rule.  A task is one band and
a block of A planes; planes and rows of fluxes are kept in scratch memory of the worker.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels import LINEAR5, UPWIND1
from kinetic.kernels.points import (
    combine,
    compiled,
    flux_upwind1,
    released,
    separate,
    upwind_monotone5,
)

size = np.uintp  # indices without a sign need no wrap-around test, so loops vectorise

BLOCK = 512  # cells of a row treated together, so that all rows stay in the first cache


@separate
def flux_row(out, p, q, to, count, scheme, w, i, j, k, f, fi, fj, fk, da, db, dc, table, face):
    """Fluxes out[p, q, to...] through the faces w[i, j, k...]; f[fi, fj, fk...] are their m2.

    (da, db, dc) steps from one cell of the stencil to the next.
    """
    p, q, to, i, j, k = size(p), size(q), size(to), size(i), size(j), size(k)
    i0, j0, k0 = size(fi), size(fj), size(fk)
    i1, j1, k1 = size(fi + da), size(fj + db), size(fk + dc)
    i2, j2, k2 = size(fi + 2 * da), size(fj + 2 * db), size(fk + 2 * dc)
    i3, j3, k3 = size(fi + 3 * da), size(fj + 3 * db), size(fk + 3 * dc)
    i4, j4, k4 = size(fi + 4 * da), size(fj + 4 * db), size(fk + 4 * dc)
    i5, j5, k5 = size(fi + 5 * da), size(fj + 5 * db), size(fk + 5 * dc)
    c0, c1, c2 = table[0, face], table[1, face], table[2, face]
    c3, c4, c5 = table[3, face], table[4, face], table[5, face]
    d0, d1, d2 = table[6, face], table[7, face], table[8, face]
    d3, d4, d5 = table[9, face], table[10, face], table[11, face]
    if scheme == UPWIND1:
        for n in range(size(count)):
            out[p, q, to + n] = flux_upwind1(w[i, j, k + n], f[i2, j2, k2 + n], f[i3, j3, k3 + n])
    elif scheme == LINEAR5:
        for n in range(size(count)):
            v = w[i, j, k + n]
            m2, m1, m0 = f[i0, j0, k0 + n], f[i1, j1, k1 + n], f[i2, j2, k2 + n]
            p0, p1, p2 = f[i3, j3, k3 + n], f[i4, j4, k4 + n], f[i5, j5, k5 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[p, q, to + n] = v * mean + abs(v) * half
    else:
        for n in range(size(count)):
            v = w[i, j, k + n]
            m2, m1, m0 = f[i0, j0, k0 + n], f[i1, j1, k1 + n], f[i2, j2, k2 + n]
            p0, p1, p2 = f[i3, j3, k3 + n], f[i4, j4, k4 + n], f[i5, j5, k5 + n]
            mean = combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2)
            half = combine(d0, d1, d2, d3, d4, d5, m2, m1, m0, p0, p1, p2)
            out[p, q, to + n] = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)


@compiled
def flux_graded(out, count, scheme, w, i, j, k, f, fi, fj, table):
    """Fluxes along the row through the faces k ... of an axis with graded cells."""
    for n in range(count):
        face = k + n
        v, row = w[i, j, face], f[fi, fj]
        mean, half = 0.0, 0.0
        for m in range(6):
            mean += table[m, face] * row[face + m]
            half += table[m + 6, face] * row[face + m]
        m2, m1, m0 = row[face], row[face + 1], row[face + 2]
        p0, p1, p2 = row[face + 3], row[face + 4], row[face + 5]
        if scheme == UPWIND1:
            out[0, 0, n] = flux_upwind1(v, m0, p0)
        elif scheme == LINEAR5:
            out[0, 0, n] = v * mean + abs(v) * half
        else:
            out[0, 0, n] = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)


@separate
def correct_across(
    out, p, q, to, count, w, i1, j1, i0, j0, k, after, before, f, fi, fj, fk, da, db, dc, ta, tb
):
    """Product rule normal to the rows: out += (h²/12) ∂W ∂f.

    w[i1, j1] and w[i0, j0] are the faces after and before; f[fi, fj, fk...] the cells left of
    the faces, (da, db, dc) the step across them, (ta, tb) the step of the derivative.
    """
    p, q, to, k = size(p), size(q), size(to), size(k)
    i1, j1, i0, j0 = size(i1), size(j1), size(i0), size(j0)
    la, lb, lc = size(fi + ta), size(fj + tb), size(fk)
    ra, rb, rc = size(fi + ta + da), size(fj + tb + db), size(fk + dc)
    ma, mb = size(fi - ta), size(fj - tb)
    na, nb = size(fi - ta + da), size(fj - tb + db)
    for n in range(size(count)):
        slope = (f[la, lb, lc + n] + f[ra, rb, rc + n]) - (f[ma, mb, lc + n] + f[na, nb, rc + n])
        step = after * w[i1, j1, k + n] - before * w[i0, j0, k + n]
        out[p, q, to + n] += 0.5 * step * slope


@separate
def correct_along(out, p, q, to, count, w, i, j, k, products, f, fi, fj, fk, da, db):
    """Product rule along the row for the cells k ...: as `correct_across`, a factor a cell."""
    p, q, to, i, j, k = size(p), size(q), size(to), size(i), size(j), size(k)
    la, lb, ra, rb = size(fi), size(fj), size(fi + da), size(fj + db)
    up, down = size(fk + 1), size(fk - 1)
    one, after, before = size(1), size(1), size(2)
    for n in range(size(count)):
        slope = (f[la, lb, up + n] + f[ra, rb, up + n]) - (
            f[la, lb, down + n] + f[ra, rb, down + n]
        )
        step = products[after, k + n] * w[i, j, k + n + one]
        step -= products[before, k + n] * w[i, j, k + n - one]
        out[p, q, to + n] += 0.5 * step * slope


@compiled
def correct_ends(out, p, q, start, stop, w, i, j, products, f, fi, fj, shift, da, db):
    """Product rule along a periodic row for its first and last cell."""
    last = w.shape[2] - 1
    for k in (0, last):
        if start <= k < stop:
            up, down = k + 1 + shift, k - 1 + shift
            slope = (f[fi, fj, up] + f[fi + da, fj + db, up]) - (
                f[fi, fj, down] + f[fi + da, fj + db, down]
            )
            step = products[1, k] * w[i, j, (k + 1) % (last + 1)]
            step -= products[2, k] * w[i, j, (k - 1) % (last + 1)]
            out[p, q, k] += 0.5 * step * slope


@compiled
def correct_row(out, p, q, start, stop, w, i, j, products, f, fi, fj, shift, da, db, wraps):
    """Product rule along the row for faces normal to it, cells start ... stop - 1."""
    low, high = max(start, 1), min(stop, w.shape[2] - 1)
    if high > low:
        correct_along(
            out, p, q, low, high - low, w, i, j, low, products, f, fi, fj, low + shift, da, db
        )
    if wraps and w.shape[2] > 1:
        correct_ends(out, p, q, start, stop, w, i, j, products, f, fi, fj, shift, da, db)


@separate
def update_row(
    u,
    base,
    i,
    j,
    start,
    count,
    planes,
    p0,
    p1,
    rows,
    q0,
    q1,
    line,
    scale,
    width,
    alpha,
    beta,
    gamma,
):
    """u ← α u₀ + β u − γ ∇·Φ."""
    i, j, k, one, zero = size(i), size(j), size(start), size(1), size(0)
    p0, p1, q0, q1 = size(p0), size(p1), size(q0), size(q1)
    factor = gamma * scale
    if alpha != 0.0:
        for n in range(size(count)):
            net = (planes[p1, j, k + n] - planes[p0, j, k + n]) + (
                rows[q1, zero, k + n] - rows[q0, zero, k + n]
            )
            net += line[zero, zero, n + one] - line[zero, zero, n]
            u[i, j, k + n] = (
                alpha * base[i, j, k + n] + beta * u[i, j, k + n] - factor * width[k + n] * net
            )
    else:
        for n in range(size(count)):
            net = (planes[p1, j, k + n] - planes[p0, j, k + n]) + (
                rows[q1, zero, k + n] - rows[q0, zero, k + n]
            )
            net += line[zero, zero, n + one] - line[zero, zero, n]
            u[i, j, k + n] = beta * u[i, j, k + n] - factor * width[k + n] * net


@separate
def add_row(u, source, i, j, start, count, gamma):
    """u += γ S."""
    i, j, k = size(i), size(j), size(start)
    for n in range(size(count)):
        u[i, j, k + n] += gamma * source[i, j, k + n]


@compiled
def flux_a(planes, i, j, start, stop, f, w, scheme, tables, products, ghosts, wraps):
    """Fluxes through the A faces i of the cells (j, start ... stop - 1)."""
    count, p, jj, k, nb = stop - start, i % 2, j + ghosts[1], start + ghosts[2], w.shape[1]
    flux_row(
        planes, p, j, start, count, scheme, w, i, j, start, f, i, jj, k, 1, 0, 0, tables[0], i
    )
    if scheme == UPWIND1:
        return
    if products[1][0, j] != 0.0:
        after, before = products[1][1, j], products[1][2, j]
        correct_across(
            planes,
            p,
            j,
            start,
            count,
            w,
            i,
            (j + 1) % nb,
            i,
            (j - 1) % nb,
            start,
            after,
            before,
            f,
            i + 2,
            jj,
            k,
            1,
            0,
            0,
            0,
            1,
        )
    correct_row(
        planes, p, j, start, stop, w, i, j, products[2], f, i + 2, jj, ghosts[2], 1, 0, wraps[2]
    )


@compiled
def flux_b(rows, i, j, start, stop, f, w, scheme, tables, products, ghosts, wraps):
    """Fluxes through the B faces j of the cells (i, start ... stop - 1)."""
    count, p, ii, k, na = stop - start, j % 2, i + ghosts[0], start + ghosts[2], w.shape[0]
    flux_row(rows, p, 0, start, count, scheme, w, i, j, start, f, ii, j, k, 0, 1, 0, tables[1], j)
    if scheme == UPWIND1:
        return
    if products[0][0, i] != 0.0:
        after, before = products[0][1, i], products[0][2, i]
        correct_across(
            rows,
            p,
            0,
            start,
            count,
            w,
            (i + 1) % na,
            j,
            (i - 1) % na,
            j,
            start,
            after,
            before,
            f,
            ii,
            j + 2,
            k,
            0,
            1,
            0,
            1,
            0,
        )
    correct_row(
        rows, p, 0, start, stop, w, i, j, products[2], f, ii, j + 2, ghosts[2], 0, 1, wraps[2]
    )


@compiled
def end_face(f, fi, fj, face, w):
    """Flux through an outer face of an open row from the nearest cells alone."""
    left, right = f[fi, fj, face + 2], f[fi, fj, face + 3]
    return flux_upwind1(w, left, right)


@compiled
def flux_c(line, i, j, start, stop, f, w, scheme, tables, products, ghosts, graded, wraps):
    """Fluxes through the C faces start ... stop of the row (i, j)."""
    ii, jj, count = i + ghosts[0], j + ghosts[1], stop - start + 1
    na, nb, faces = w.shape[0], w.shape[1], w.shape[2]
    if graded:
        flux_graded(line, count, scheme, w, i, j, start, f, ii, jj, tables[2])
    else:
        face = min(1, faces - 1)
        flux_row(
            line,
            0,
            0,
            0,
            count,
            scheme,
            w,
            i,
            j,
            start,
            f,
            ii,
            jj,
            start,
            0,
            0,
            1,
            tables[2],
            face,
        )
        if not wraps[2] and start == 0:
            line[0, 0, 0] = end_face(f, ii, jj, 0, w[i, j, 0])
        if not wraps[2] and stop + 1 == faces:
            line[0, 0, count - 1] = end_face(f, ii, jj, stop, w[i, j, stop])
    if scheme == UPWIND1:
        return
    if products[0][0, i] != 0.0:
        after, before = products[0][1, i], products[0][2, i]
        correct_across(
            line,
            0,
            0,
            0,
            count,
            w,
            (i + 1) % na,
            j,
            (i - 1) % na,
            j,
            start,
            after,
            before,
            f,
            ii,
            jj,
            start + 2,
            0,
            0,
            1,
            1,
            0,
        )
    if products[1][0, j] != 0.0:
        after, before = products[1][1, j], products[1][2, j]
        correct_across(
            line,
            0,
            0,
            0,
            count,
            w,
            i,
            (j + 1) % nb,
            i,
            (j - 1) % nb,
            start,
            after,
            before,
            f,
            ii,
            jj,
            start + 2,
            0,
            0,
            1,
            0,
            1,
        )


@compiled
def total(values, p, q):
    """Sum of a row."""
    result = 0.0
    for k in range(values.shape[2]):
        result += values[p, q, k]
    return result


@compiled
def sweep_block(
    u, base, source, f, wa, wb, wc, first, last, weights, mesh, scheme, sourced, scratch, leaks
):
    """Update the planes first ... last - 1 of one band and record what leaves the grid."""
    inverse, tables, products, ghosts, active, wraps, graded = mesh
    alpha, beta, gamma = weights
    planes, rows, line = scratch
    na, nb, nc = u.shape
    if active[0]:
        for j in range(nb):
            flux_a(planes, first, j, 0, nc, f, wa, scheme, tables, products, ghosts, wraps)
            if first == 0:
                leaks[0] -= total(planes, 0, j)
    for i in range(first, last):
        if active[1]:
            flux_b(rows, i, 0, 0, nc, f, wb, scheme, tables, products, ghosts, wraps)
            leaks[2] -= total(rows, 0, 0)
        for j in range(nb):
            scale = inverse[0][i] * inverse[1][j]
            for start in range(0, nc, BLOCK):
                stop = min(start + BLOCK, nc)
                if active[0]:
                    flux_a(
                        planes,
                        i + 1,
                        j,
                        start,
                        stop,
                        f,
                        wa,
                        scheme,
                        tables,
                        products,
                        ghosts,
                        wraps,
                    )
                if active[1]:
                    flux_b(
                        rows,
                        i,
                        j + 1,
                        start,
                        stop,
                        f,
                        wb,
                        scheme,
                        tables,
                        products,
                        ghosts,
                        wraps,
                    )
                flux_c(
                    line,
                    i,
                    j,
                    start,
                    stop,
                    f,
                    wc,
                    scheme,
                    tables,
                    products,
                    ghosts,
                    graded,
                    wraps,
                )
                if start == 0:
                    leaks[4] -= line[0, 0, 0]
                if stop == nc:
                    leaks[5] += line[0, 0, stop - start]
                update_row(
                    u,
                    base,
                    i,
                    j,
                    start,
                    stop - start,
                    planes,
                    i % 2,
                    (i + 1) % 2,
                    rows,
                    j % 2,
                    (j + 1) % 2,
                    line,
                    scale,
                    inverse[2],
                    alpha,
                    beta,
                    gamma,
                )
                if sourced:
                    add_row(u, source, i, j, start, stop - start, gamma)
            if active[0] and i + 1 == na:
                leaks[1] += total(planes, na % 2, j)
        if active[1]:
            leaks[3] += total(rows, nb % 2, 0)


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
