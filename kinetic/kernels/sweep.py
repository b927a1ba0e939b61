"""One pass over phase space: face fluxes of all axes and the Runge-Kutta update.

    u ← α u₀ + β u − γ Σ_j [Φ^j(right) − Φ^j(left)]/V + γ S

A task is one band and a block of A planes and B rows, narrow enough in B for the planes of its
stencil to stay in the cache; fluxes of a plane are kept in scratch memory of the worker.  Faces
wa and wb carry one ghost column on each side of C.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.faces import plane_a, plane_b, plane_c
from kinetic.kernels.points import compiled, released, separate

# fmt: off

size = np.uintp


@separate
def update_plane(u, base, source, i, j0, j1, fluxes_a, fluxes_b, fluxes_c, inverse, alpha, beta,
                 gamma, sourced):
    """u ← α u₀ + β u − γ ∇·Φ + γ S for the rows j0 ... j1 - 1 of the plane i."""
    p0, p1, i, one, last = size(i % 2), size((i + 1) % 2), size(i), size(1), size(2)
    nc = size(u.shape[2])
    crossed = fluxes_b.shape[0] > 1
    for j in range(size(j0), size(j1)):
        factor = gamma * inverse[size(0), i] * inverse[one, j]
        after = j + one if crossed else size(0)
        before = j if crossed else size(0)
        if alpha != 0.0:
            for k in range(nc):
                net = (fluxes_a[p1, j, k] - fluxes_a[p0, j, k]) + (
                    fluxes_b[after, k] - fluxes_b[before, k]
                )
                net += fluxes_c[j, k + one] - fluxes_c[j, k]
                kept = alpha * base[i, j, k] + beta * u[i, j, k]
                u[i, j, k] = kept - factor * inverse[last, k] * net
        else:
            for k in range(nc):
                net = (fluxes_a[p1, j, k] - fluxes_a[p0, j, k]) + (
                    fluxes_b[after, k] - fluxes_b[before, k]
                )
                net += fluxes_c[j, k + one] - fluxes_c[j, k]
                u[i, j, k] = beta * u[i, j, k] - factor * inverse[last, k] * net
        if sourced:
            for k in range(nc):
                u[i, j, k] += gamma * source[i, j, k]


@compiled
def total(values):
    """Sum of a row."""
    result = 0.0
    for k in range(values.size):
        result += values[k]
    return result


@compiled
def sweep_block(u, base, source, f, wa, wb, wc, i0, i1, j0, j1, weights, inverse, tables,
                products, ghosts, active, wraps, graded, scheme, sourced, fluxes_a, fluxes_b,
                fluxes_c, leaks):
    """Update the rows i0 ... i1 - 1, j0 ... j1 - 1 of one band; record what leaves the grid."""
    alpha, beta, gamma = weights
    na, nb, nc = u.shape
    if active[0]:
        plane_a(fluxes_a, i0 % 2, i0, j0, j1, f, wa, scheme, tables, products, ghosts)
        if i0 == 0:
            for j in range(j0, j1):
                leaks[0] -= total(fluxes_a[0, j])
    for i in range(i0, i1):
        if active[0]:
            ahead = (i + 1) % 2
            plane_a(fluxes_a, ahead, i + 1, j0, j1, f, wa, scheme, tables, products, ghosts)
            if i + 1 == na:
                for j in range(j0, j1):
                    leaks[1] += total(fluxes_a[ahead, j])
        if active[1]:
            plane_b(fluxes_b, i, j0, j1, f, wb, scheme, tables, products, ghosts)
            if j0 == 0:
                leaks[2] -= total(fluxes_b[0])
            if j1 == nb:
                leaks[3] += total(fluxes_b[nb])
        plane_c(
            fluxes_c, i, j0, j1, f, wc, scheme, tables, products, ghosts, graded, not wraps[2]
        )
        for j in range(j0, j1):
            leaks[4] -= fluxes_c[j, 0]
            leaks[5] += fluxes_c[j, nc]
        update_plane(
            u, base, source, i, j0, j1, fluxes_a, fluxes_b, fluxes_c, inverse, alpha, beta, gamma,
            sourced,
        )


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
    fluxes_a, fluxes_b, fluxes_c = scratch[0][worker], scratch[1][worker], scratch[2][worker]
    for task in range(worker, u.shape[0] * parts, workers):
        band, a, b = task // parts, (task % parts) // blocks[1], task % blocks[1]
        leaks[task] = 0.0
        sweep_block(
            u[band], base[band], source[band], f[band ^ other], wa[band], wb[band], wc[band],
            a * na // blocks[0], (a + 1) * na // blocks[0],
            b * nb // blocks[1], (b + 1) * nb // blocks[1],
            weights, inverse, tables, products, ghosts, active, wraps, graded, scheme, sourced,
            fluxes_a, fluxes_b, fluxes_c, leaks[task],
        )
