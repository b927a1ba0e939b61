"""One pass over phase space: face fluxes of all axes and the Runge-Kutta update.

    u ← α u₀ + β u − γ Σ_j [Φ^j(right) − Φ^j(left)]/V + γ S

A task is one band and a block of A planes and B rows, narrow enough in B for the planes of its
stencil to stay in the second cache; the last plane of A fluxes and the last row of B fluxes are
kept in scratch memory of the worker.  Faces wa and wb carry one ghost column on each side of C.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels import UPWIND1
from kinetic.kernels.faces import across_row, along_row, graded_terms, plain_row
from kinetic.kernels.points import compiled, flux_upwind1, released, separate

# fmt: off

BLOCK = 512  # cells of a row treated together, so that all rows stay in the first cache
size = np.uintp


@compiled
def flux_a(planes, i, j, start, stop, f, w, scheme, tables, products, ghosts):
    """Fluxes through the A faces i of the cells (j, start ... stop - 1)."""
    nb, count, fj, c = w.shape[1], stop - start, j + ghosts[1], start + ghosts[2]
    if scheme == UPWIND1:
        plain_row(
            planes, i % 2, j, start, count, scheme, w, i, j, start + 1, f, i, fj, c, (1, 0, 0),
            tables, 0, i, False,
        )
        return
    across_row(
        planes, i % 2, j, start, count, scheme, w, i, j, start + 1, f, i, fj, c, 1, 0, tables, 0,
        i, i, (j + 1) % nb, i, (j - 1) % nb, products[1, 1, j], products[1, 2, j], 0,
        min(1, nb - 1), products, start,
    )


@compiled
def flux_b(rows, i, j, start, stop, f, w, scheme, tables, products, ghosts):
    """Fluxes through the B faces j of the cells (i, start ... stop - 1)."""
    na, count, fi, c = w.shape[0], stop - start, i + ghosts[0], start + ghosts[2]
    if scheme == UPWIND1:
        plain_row(
            rows, j % 2, 0, start, count, scheme, w, i, j, start + 1, f, fi, j, c, (0, 1, 0),
            tables, 1, j, False,
        )
        return
    across_row(
        rows, j % 2, 0, start, count, scheme, w, i, j, start + 1, f, fi, j, c, 0, 1, tables, 1, j,
        (i + 1) % na, j, (i - 1) % na, j, products[0, 1, i], products[0, 2, i], 1, 0,
        products, start,
    )


@compiled
def flux_c(line, i, j, start, stop, f, w, scheme, tables, products, ghosts, graded, open_row):
    """Fluxes through the C faces start ... stop of the row (i, j)."""
    na, nb, faces = w.shape
    fi, fj, count = i + ghosts[0], j + ghosts[1], stop - start + 1
    i1, i0, j1, j0 = (i + 1) % na, (i - 1) % na, (j + 1) % nb, (j - 1) % nb
    after_a, before_a = products[0, 1, i], products[0, 2, i]
    after_b, before_b = products[1, 1, j], products[1, 2, j]
    if scheme == UPWIND1 or graded or ghosts[0] == 0:
        column = start if graded else min(1, faces - 1)
        plain_row(
            line, 0, 0, 0, count, scheme, w, i, j, start, f, fi, fj, start, (0, 0, 1), tables, 2,
            column, graded,
        )
        if scheme != UPWIND1:
            graded_terms(
                line, start, count, w, i, j, f, fi, fj, i1, i0, after_a, before_a,
                j1, j0, after_b, before_b,
            )
    else:
        along_row(
            line, start, count, scheme, w, i, j, f, fi, fj, tables, min(1, faces - 1),
            i1, i0, after_a, before_a, j1, j0, after_b, before_b,
        )
    if open_row and not graded:
        # The outermost faces of an open row see the nearest cells alone.
        if start == 0:
            line[0, 0, 0] = flux_upwind1(w[i, j, 0], f[fi, fj, 2], f[fi, fj, 3])
        if stop + 1 == faces:
            line[0, 0, count - 1] = flux_upwind1(
                w[i, j, stop], f[fi, fj, stop + 2], f[fi, fj, stop + 3]
            )


@separate
def update_row(u, base, i, j, start, count, planes, rows, line, scale, inverse, alpha, beta,
               gamma):
    """u ← α u₀ + β u − γ ∇·Φ."""
    p0, p1, q0, q1 = size(i % 2), size((i + 1) % 2), size(j % 2), size((j + 1) % 2)
    i, j, k, one, zero, last = size(i), size(j), size(start), size(1), size(0), size(2)
    factor = gamma * scale
    if alpha != 0.0:
        for n in range(size(count)):
            net = (planes[p1, j, k + n] - planes[p0, j, k + n]) + (
                rows[q1, zero, k + n] - rows[q0, zero, k + n]
            )
            net += line[zero, zero, n + one] - line[zero, zero, n]
            kept = alpha * base[i, j, k + n] + beta * u[i, j, k + n]
            u[i, j, k + n] = kept - factor * inverse[last, k + n] * net
    else:
        for n in range(size(count)):
            net = (planes[p1, j, k + n] - planes[p0, j, k + n]) + (
                rows[q1, zero, k + n] - rows[q0, zero, k + n]
            )
            net += line[zero, zero, n + one] - line[zero, zero, n]
            u[i, j, k + n] = beta * u[i, j, k + n] - factor * inverse[last, k + n] * net


@separate
def add_row(u, source, i, j, start, count, gamma):
    """u += γ S."""
    i, j, k = size(i), size(j), size(start)
    for n in range(size(count)):
        u[i, j, k + n] += gamma * source[i, j, k + n]


@compiled
def total(values, p, q):
    """Sum of a row."""
    result = 0.0
    for k in range(values.shape[2]):
        result += values[p, q, k]
    return result


@compiled
def sweep_block(u, base, source, f, wa, wb, wc, i0, i1, j0, j1, weights, inverse, tables,
                products, ghosts, active, wraps, graded, scheme, sourced, planes, rows, line,
                leaks):
    """Update the rows i0 ... i1 - 1, j0 ... j1 - 1 of one band; record what leaves the grid."""
    alpha, beta, gamma = weights
    na, nb, nc = u.shape
    if active[0]:
        for j in range(j0, j1):
            flux_a(planes, i0, j, 0, nc, f, wa, scheme, tables, products, ghosts)
            if i0 == 0:
                leaks[0] -= total(planes, 0, j)
    for i in range(i0, i1):
        if active[1]:
            flux_b(rows, i, j0, 0, nc, f, wb, scheme, tables, products, ghosts)
            if j0 == 0:
                leaks[2] -= total(rows, 0, 0)
        for j in range(j0, j1):
            scale = inverse[0, i] * inverse[1, j]
            for start in range(0, nc, BLOCK):
                stop = min(start + BLOCK, nc)
                count = stop - start
                if active[0]:
                    flux_a(planes, i + 1, j, start, stop, f, wa, scheme, tables, products, ghosts)
                if active[1]:
                    flux_b(rows, i, j + 1, start, stop, f, wb, scheme, tables, products, ghosts)
                flux_c(
                    line, i, j, start, stop, f, wc, scheme, tables, products, ghosts, graded,
                    not wraps[2],
                )
                if start == 0:
                    leaks[4] -= line[0, 0, 0]
                if stop == nc:
                    leaks[5] += line[0, 0, count]
                update_row(
                    u, base, i, j, start, count, planes, rows, line, scale, inverse,
                    alpha, beta, gamma,
                )
                if sourced:
                    add_row(u, source, i, j, start, count, gamma)
            if active[0] and i + 1 == na:
                leaks[1] += total(planes, na % 2, j)
        if active[1] and j1 == nb:
            leaks[3] += total(rows, nb % 2, 0)


@released
def sweep(worker, workers, u, base, source, f, wa, wb, wc, weights, mesh, scheme, sourced, other,
          blocks, scratch, leaks):
    """One worker's share of the update; `leaks` (task, 6) receives ∫Φ dS through outer faces.

    other: 0, or 1 if the fluxes carry the occupation of the other band; blocks: parts in A and B.
    Tasks and their order of summation do not depend on the number of workers, so neither does
    the result.
    """
    na, nb = u.shape[1], u.shape[2]
    parts = blocks[0] * blocks[1]
    inverse, tables, products, ghosts, active, wraps, graded = mesh
    planes, rows, line = scratch[0][worker], scratch[1][worker], scratch[2][worker]
    for task in range(worker, u.shape[0] * parts, workers):
        band, a, b = task // parts, (task % parts) // blocks[1], task % blocks[1]
        leaks[task] = 0.0
        sweep_block(
            u[band], base[band], source[band], f[band ^ other], wa[band], wb[band], wc[band],
            a * na // blocks[0], (a + 1) * na // blocks[0],
            b * nb // blocks[1], (b + 1) * nb // blocks[1],
            weights, inverse, tables, products, ghosts, active, wraps, graded, scheme, sourced,
            planes, rows, line, leaks[task],
        )
