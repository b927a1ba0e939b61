"""A pass through the k cells of a tile: fluxes through the faces of all slots, and the update.

    u ← α u₀ + β u − γ Σ_j [Φ^j(right) − Φ^j(left)]/V + γ S ,     Φ = W ⟨f⟩_face + (h²/12) ∂W ∂f

The fluxes are those of `faces`.  There a plane is the unit of work; where patches are many and
small, calls would cost more than the work, so here it is a tile: (first A, end, first B, end)
and all of C.  W of a tile is laid into a window with one more face on each side across its
direction, from memory or as a sum of modes: W(site, face) = Σ_m c_m(site) V_m(face).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.kernels import LINEAR5, UPWIND1
from kinetic.kernels.faces import plain_row
from kinetic.kernels.points import (
    combine,
    compiled,
    flux_upwind1,
    separate,
    upwind_monotone5,
)

# fmt: off

size = np.uintp


@separate
def blend_rows(window, modes, entry, first_a, first_b, counts, factors):
    """Σ_m c_m V_m of a few rows of faces, which wrap around.  modes (mode, entry, faces)"""
    zero, one, two, entry = size(0), size(1), size(2), size(entry)
    na, nb, columns = size(modes.shape[2]), size(modes.shape[3]), size(modes.shape[4])
    number = modes.shape[0]
    c0 = factors[0]
    c1 = factors[1] if number > 1 else 0.0
    c2 = factors[2] if number > 2 else 0.0
    for p in range(size(counts[0])):
        i = (size(first_a) + p) % na
        for q in range(size(counts[1])):
            j = (size(first_b) + q) % nb
            if number == 1:
                for k in range(columns):
                    window[p, q, k] = c0 * modes[zero, entry, i, j, k]
            elif number == 2:
                for k in range(columns):
                    window[p, q, k] = (
                        c0 * modes[zero, entry, i, j, k] + c1 * modes[one, entry, i, j, k]
                    )
            else:
                for k in range(columns):
                    both = c0 * modes[zero, entry, i, j, k] + c1 * modes[one, entry, i, j, k]
                    window[p, q, k] = both + c2 * modes[two, entry, i, j, k]


@compiled
def face_window(window, modes, entry, factors, slot, tile, ghosts):
    """W on the faces of a slot that belong to a tile, with its neighbours across."""
    ha = 0 if slot == 0 else min(ghosts[0], 1)
    hb = 0 if slot == 1 else min(ghosts[1], 1)
    na, nb = modes.shape[2], modes.shape[3]
    counts = (tile[1] - tile[0] + 2 * ha + int(slot == 0), tile[3] - tile[2] + 2 * hb
              + int(slot == 1))
    blend_rows(window, modes, entry, (tile[0] - ha + na) % na, (tile[2] - hb + nb) % nb, counts,
               factors)


@separate
def across(slope, window, factors, at, counts, halo, step, along):
    """(h²/24) ∂W of one direction across the faces of a tile.

    factors (3, cells): of that direction, see `mesh.product_factors`; at: its first cell; halo:
    extra faces in the window; step: the direction, as one of A, B, C.
    """
    da, db, dc = size(step == 0), size(step == 1), size(step == 2)
    oa, ob, oc = size(halo[0]), size(halo[1]), size(halo[2])
    one, two = size(1), size(2)
    for p in range(size(counts[0])):
        for q in range(size(counts[1])):
            i, j = p + oa, q + ob
            if along:
                for k in range(size(counts[2])):
                    slope[p, q, k] = 0.5 * (
                        factors[one, k] * window[i, j, k + oc + one]
                        - factors[two, k] * window[i, j, k + oc - one]
                    )
            else:
                cell = size(at) + p * da + q * db
                after, before = 0.5 * factors[one, cell], 0.5 * factors[two, cell]
                for k in range(size(counts[2])):
                    c = k + oc
                    slope[p, q, k] = (
                        after * window[i + da, j + db, c + dc]
                        - before * window[i - da, j - db, c - dc]
                    )


def _make_fluxes(limited: bool, crossed: int) -> Any:
    """Kernel for the fluxes through the faces of a tile; `crossed`: directions across them."""

    @separate
    def fluxes(out, window, first, second, f, table, slot, start, counts, halo, corner, steps):
        da, db, dc = size(slot == 0), size(slot == 1), size(slot == 2)
        one, two, three = size(1), size(2), size(3)
        four, five = size(4), size(5)
        oa, ob, oc = size(halo[0]), size(halo[1]), size(halo[2])
        fa, fb, fc = size(corner[0]), size(corner[1]), size(corner[2])
        a1, b1, c1 = size(steps[0] == 0), size(steps[0] == 1), size(steps[0] == 2)
        a2, b2, c2 = size(steps[1] == 0), size(steps[1] == 1), size(steps[1] == 2)
        s, face = size(slot), one
        for p in range(size(counts[0])):
            if slot == 0:
                face = size(start[0]) + p
            i0 = p + fa
            i1, i2, i3 = i0 + da, i0 + two * da, i0 + three * da
            i4, i5 = i0 + four * da, i0 + five * da
            for q in range(size(counts[1])):
                if slot == 1:
                    face = size(start[1]) + q
                j0 = q + fb
                j1, j2, j3 = j0 + db, j0 + two * db, j0 + three * db
                j4, j5 = j0 + four * db, j0 + five * db
                x0, x1, x2 = table[s, 0, face], table[s, 1, face], table[s, 2, face]
                x3, x4, x5 = table[s, 3, face], table[s, 4, face], table[s, 5, face]
                y0, y1, y2 = table[s, 6, face], table[s, 7, face], table[s, 8, face]
                y3, y4, y5 = table[s, 9, face], table[s, 10, face], table[s, 11, face]
                for k in range(size(counts[2])):
                    c = k + fc
                    left, right = c + two * dc, c + three * dc
                    v = window[p + oa, q + ob, k + oc]
                    m2, m1, m0 = f[i0, j0, c], f[i1, j1, c + dc], f[i2, j2, left]
                    p0, p1 = f[i3, j3, right], f[i4, j4, c + four * dc]
                    p2 = f[i5, j5, c + five * dc]
                    mean = combine(x0, x1, x2, x3, x4, x5, m2, m1, m0, p0, p1, p2)
                    half = combine(y0, y1, y2, y3, y4, y5, m2, m1, m0, p0, p1, p2)
                    if limited:
                        value = v * upwind_monotone5(v, mean, half, m2, m1, m0, p0, p1, p2)
                    else:
                        value = v * mean + abs(v) * half
                    if crossed > 0:
                        value += first[p, q, k] * (
                            (f[i2 + a1, j2 + b1, left + c1] + f[i3 + a1, j3 + b1, right + c1])
                            - (f[i2 - a1, j2 - b1, left - c1] + f[i3 - a1, j3 - b1, right - c1])
                        )
                    if crossed > 1:
                        value += second[p, q, k] * (
                            (f[i2 + a2, j2 + b2, left + c2] + f[i3 + a2, j3 + b2, right + c2])
                            - (f[i2 - a2, j2 - b2, left - c2] + f[i3 - a2, j3 - b2, right - c2])
                        )
                    out[p, q, k] = value

    return fluxes


fluxes_linear_0, fluxes_limited_0 = _make_fluxes(False, 0), _make_fluxes(True, 0)
fluxes_linear_1, fluxes_limited_1 = _make_fluxes(False, 1), _make_fluxes(True, 1)
fluxes_linear_2, fluxes_limited_2 = _make_fluxes(False, 2), _make_fluxes(True, 2)


@compiled
def add_products(out, first, second, f, slot, counts, corner, steps, crossed):
    """The product rule alone, for loops that leave it out."""
    ea, eb, ec = int(slot == 0), int(slot == 1), int(slot == 2)
    for number in range(crossed):
        slope, step = first if number == 0 else second, steps[number]
        da, db, dc = int(step == 0), int(step == 1), int(step == 2)
        for p in range(counts[0]):
            for q in range(counts[1]):
                for k in range(counts[2]):
                    i, j = p + corner[0] + 2 * ea, q + corner[1] + 2 * eb
                    c = k + corner[2] + 2 * ec
                    after = f[i + da, j + db, c + dc] + f[i + ea + da, j + eb + db, c + ec + dc]
                    before = f[i - da, j - db, c - dc] + f[i + ea - da, j + eb - db, c + ec - dc]
                    out[p, q, k] += slope[p, q, k] * (after - before)


@compiled
def tile_fluxes(out, window, first, second, f, slot, tile, k_mesh, scheme):
    """Fluxes through the faces of one slot of a tile."""
    _, table, _, ghosts, active, wraps, graded = k_mesh
    nc = f.shape[2] - 2 * ghosts[2]
    # Faces along the slot count from its first; there is one more of them.
    counts = (tile[1] - tile[0] + int(slot == 0), tile[3] - tile[2] + int(slot == 1),
              nc + int(slot == 2))
    halo = (0 if slot == 0 else min(ghosts[0], 1), 0 if slot == 1 else min(ghosts[1], 1),
            0 if slot == 2 else 1)
    corner = (tile[0] + (0 if slot == 0 else ghosts[0]),
              tile[2] + (0 if slot == 1 else ghosts[1]), 0 if slot == 2 else ghosts[2])
    start, steps = (tile[0], tile[2]), across_of(slot, active)
    crossed = int(active[0]) + int(active[1])
    if scheme == UPWIND1 or (slot == 2 and graded):
        for p in range(counts[0]):
            for q in range(counts[1]):
                face = tile[0] + p if slot == 0 else tile[2] + q if slot == 1 else 1
                column = 0 if slot == 2 and graded else min(face, table.shape[2] - 1)
                plain_row(out[p], q, counts[2], scheme, window, p + halo[0], q + halo[1], halo[2],
                          f, p + corner[0], q + corner[1], corner[2], slot, table, column,
                          slot == 2 and graded)
        if scheme != UPWIND1:
            add_products(out, first, second, f, slot, counts, corner, steps, crossed)
    elif scheme == LINEAR5:
        if crossed == 0:
            fluxes_linear_0(out, window, first, second, f, table, slot, start, counts, halo,
                            corner, steps)
        elif crossed == 1:
            fluxes_linear_1(out, window, first, second, f, table, slot, start, counts, halo,
                            corner, steps)
        else:
            fluxes_linear_2(out, window, first, second, f, table, slot, start, counts, halo,
                            corner, steps)
    elif crossed == 0:
        fluxes_limited_0(out, window, first, second, f, table, slot, start, counts, halo, corner,
                         steps)
    elif crossed == 1:
        fluxes_limited_1(out, window, first, second, f, table, slot, start, counts, halo, corner,
                         steps)
    else:
        fluxes_limited_2(out, window, first, second, f, table, slot, start, counts, halo, corner,
                         steps)
    if slot == 2 and not wraps[2] and not graded:
        # The outermost faces of an open row see the nearest cells alone.
        for p in range(counts[0]):
            for q in range(counts[1]):
                i, j = p + corner[0], q + corner[1]
                for k in (0, nc):
                    v = window[p + halo[0], q + halo[1], k]
                    out[p, q, k] = flux_upwind1(v, f[i, j, k + 2], f[i, j, k + 3])


@compiled
def across_of(slot, active):
    """The directions across a slot: the one that two momenta have, or both."""
    if slot == 2:
        return (0, 1)
    if slot == 1:
        return (0, 2)
    return (1, 2) if active[1] else (2, 2)


@compiled
def tile_slopes(first, second, window, slot, tile, k_mesh, cells):
    """(h²/24) ∂W of the directions across the faces of one slot."""
    _, _, products, ghosts, active, _, _ = k_mesh
    counts = (tile[1] - tile[0] + int(slot == 0), tile[3] - tile[2] + int(slot == 1),
              cells + int(slot == 2))
    halo = (0 if slot == 0 else min(ghosts[0], 1), 0 if slot == 1 else min(ghosts[1], 1),
            0 if slot == 2 else 1)
    steps = across_of(slot, active)
    for number in range(int(active[0]) + int(active[1])):
        step = steps[number]
        at = tile[0] if step == 0 else tile[2]
        across(first if number == 0 else second, window, products[step], at, counts, halo, step,
               step == 2)


@separate
def update_tile(u, base, source, tile, fluxes_a, fluxes_b, fluxes_c, inverse, weights, crossed,
                sourced):
    """u ← α u₀ + β u − γ ∇·Φ + γ S of a tile."""
    alpha, beta, gamma = weights[0], weights[1], weights[2]
    zero, one, two, nc = size(0), size(1), size(2), size(u.shape[2])
    for p in range(size(tile[1] - tile[0])):
        i = size(tile[0]) + p
        for q in range(size(tile[3] - tile[2])):
            j = size(tile[2]) + q
            factor = gamma * inverse[zero, i] * inverse[one, j]
            if crossed == 1 and alpha == 0.0:
                for k in range(nc):
                    net = fluxes_a[p + one, q, k] - fluxes_a[p, q, k]
                    net += fluxes_c[p, q, k + one] - fluxes_c[p, q, k]
                    u[i, j, k] = beta * u[i, j, k] - factor * inverse[two, k] * net
            elif crossed == 1:
                for k in range(nc):
                    net = fluxes_a[p + one, q, k] - fluxes_a[p, q, k]
                    net += fluxes_c[p, q, k + one] - fluxes_c[p, q, k]
                    kept = alpha * base[i, j, k] + beta * u[i, j, k]
                    u[i, j, k] = kept - factor * inverse[two, k] * net
            else:
                for k in range(nc):
                    net = fluxes_c[p, q, k + one] - fluxes_c[p, q, k]
                    if crossed == 2:
                        net += fluxes_a[p + one, q, k] - fluxes_a[p, q, k]
                        net += fluxes_b[p, q + one, k] - fluxes_b[p, q, k]
                    kept = beta * u[i, j, k]
                    if alpha != 0.0:
                        kept += alpha * base[i, j, k]
                    u[i, j, k] = kept - factor * inverse[two, k] * net
            if sourced:
                for k in range(nc):
                    u[i, j, k] += gamma * source[i, j, k]


@compiled
def record(leaks, tile, cells, fluxes_a, fluxes_b, fluxes_c, active):
    """Add what leaves the grid through the outer faces of a tile.  leaks (6,)"""
    na, nb, nc = cells
    rows, lines = tile[1] - tile[0], tile[3] - tile[2]
    if active[0]:
        for q in range(lines):
            for k in range(nc):
                if tile[0] == 0:
                    leaks[0] -= fluxes_a[0, q, k]
                if tile[1] == na:
                    leaks[1] += fluxes_a[rows, q, k]
    if active[1]:
        for p in range(rows):
            for k in range(nc):
                if tile[2] == 0:
                    leaks[2] -= fluxes_b[p, 0, k]
                if tile[3] == nb:
                    leaks[3] += fluxes_b[p, lines, k]
    for p in range(rows):
        for q in range(lines):
            leaks[4] -= fluxes_c[p, q, 0]
            leaks[5] += fluxes_c[p, q, nc]


@compiled
def sweep_tile(u, base, source, f, modes, entry, factors, tile, weights, k_mesh, scheme, sourced,
               bent, buffers, leaks):
    """Update a tile of one band.

    modes, factors: per slot; bent: whether the slopes of W have to be found anew, because they
    are not those of the site before; buffers: per slot window, slopes and fluxes.
    """
    inverse, _, _, ghosts, active, _, _ = k_mesh
    for slot in range(3):
        if active[slot]:
            window, first = buffers[0][slot], buffers[1][slot]
            second, out = buffers[2][slot], buffers[3][slot]
            face_window(window, modes[slot], entry, factors[slot], slot, tile, ghosts)
            if bent:
                tile_slopes(first, second, window, slot, tile, k_mesh, u.shape[2])
            tile_fluxes(out, window, first, second, f, slot, tile, k_mesh, scheme)
    crossed = int(active[0]) + int(active[1])
    update_tile(u, base, source, tile, buffers[3][0], buffers[3][1], buffers[3][2], inverse,
                weights, crossed, sourced)
    record(leaks, tile, u.shape, buffers[3][0], buffers[3][1], buffers[3][2], active)


