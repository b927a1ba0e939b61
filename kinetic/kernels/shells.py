"""Energy shells: hat functions averaged over cells, sums over shells, their projection.

    φ_n(i) = ⟨hat((ε - E_n)/ΔE)⟩_cell i ,   Σ_n φ_n = 1 ,   Σ_n E_n φ_n = ε_i

A level is a cell of a band.  Levels are kept by pattern (the sites of a run that have the same
bands share one), with as many hats for each as its cell has in its range of energies: the hats of
level l are value[offset[l]:offset[l + 1]], the first of them that of shell first[l].  Sums are
made over pieces of a site, so that none depends on the number of workers.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import compiled, released, separate

# fmt: off

size = np.uintp
PIECE = 2048  # cells
SINGULAR = 1e-12  # added to the scaled mass matrix; refinement takes it out again


@released
def count_hats(worker, workers, first, count, energy, spread, lower, spacing):
    """How many hats a level has, and the first of them.  spread (3, level): half ranges."""
    for level in range(worker, energy.size, workers):
        half = spread[0, level] + spread[1, level] + spread[2, level]
        x = (energy[level] - lower) / spacing
        a = int(np.floor(x - half / spacing))
        first[level] = a
        count[level] = int(np.floor(x + half / spacing)) + 2 - a


@released
def fill_hats(worker, workers, value, first, offset, energy, spread, points, shares, lower,
              spacing):
    """φ_n of every level, by a product rule with `points` in (-1, 1) and their `shares`."""
    for level in range(worker, energy.size, workers):
        start = offset[level]
        x = (energy[level] - lower) / spacing - first[level]
        for i in range(points.size if spread[0, level] > 0.0 else 1):
            px, wx = 0.0, 1.0
            if spread[0, level] > 0.0:
                px, wx = points[i] * spread[0, level] / spacing, shares[i]
            for j in range(points.size if spread[1, level] > 0.0 else 1):
                py, wy = px, wx
                if spread[1, level] > 0.0:
                    py, wy = px + points[j] * spread[1, level] / spacing, wx * shares[j]
                for k in range(points.size if spread[2, level] > 0.0 else 1):
                    y, w = x + py, wy
                    if spread[2, level] > 0.0:
                        y, w = y + points[k] * spread[2, level] / spacing, wy * shares[k]
                    n = int(y)
                    part = y - n
                    value[start + n] += w * (1.0 - part)
                    value[start + n + 1] += w * part


@separate
def collect_row(sums, g, weight, first, offset, value):
    """Σ w g φ_n."""
    for k in range(size(g.size)):
        x = weight[k] * g[k]
        a, n = offset[k], first[k]
        for t in range(offset[k + 1] - a):
            sums[n + t, 0] += x * value[a + t]


@separate
def collect_spin_row(sums, g, weight, sign, mx, my, mz, first, offset, value):
    """Σ w g φ_n (1, s m)."""
    for k in range(size(g.size)):
        x = weight[k] * g[k]
        xx, xy, xz = x * sign * mx[k], x * sign * my[k], x * sign * mz[k]
        a, n = offset[k], first[k]
        for t in range(offset[k + 1] - a):
            h = value[a + t]
            sums[n + t, 0] += x * h
            sums[n + t, 1] += xx * h
            sums[n + t, 2] += xy * h
            sums[n + t, 3] += xz * h


@separate
def spread_row(out, scale, coefficients, first, offset, value):
    """Add scale · Σ_n c_n φ_n to out."""
    for k in range(size(out.size)):
        a, n = offset[k], first[k]
        total = 0.0
        for t in range(offset[k + 1] - a):
            total += coefficients[n + t, 0] * value[a + t]
        out[k] += scale * total


@separate
def spread_spin_row(out, scale, coefficients, sign, mx, my, mz, first, offset, value):
    """Add scale · Σ_n (c_n0 + s m·c_n) φ_n to out."""
    for k in range(size(out.size)):
        a, n = offset[k], first[k]
        c0, cx, cy, cz = 0.0, 0.0, 0.0, 0.0
        for t in range(offset[k + 1] - a):
            h = value[a + t]
            c0 += coefficients[n + t, 0] * h
            cx += coefficients[n + t, 1] * h
            cy += coefficients[n + t, 2] * h
            cz += coefficients[n + t, 3] * h
        out[k] += scale * (c0 + sign * (mx[k] * cx + my[k] * cy + mz[k] * cz))


@released
def collect(worker, workers, sums, g, weight, spin, first, offset, value):
    """Σ w g φ_n (1, s m) of every piece of every site.  sums (site, piece, valley, shell, 1 or 4)

    g (valley·site·band, cell); weight, first (pattern, valley·band, cell); spin (pattern, valley,
    3, cell), not looked at where only the first component is wanted.
    """
    sites, pieces, valleys, _, components = sums.shape
    patterns, _, cells = weight.shape
    for task in range(worker, sites * pieces, workers):
        site, piece = task // pieces, task % pieces
        p = site if patterns > 1 else 0
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        sums[site, piece] = 0.0
        for valley in range(valleys):
            total = sums[site, piece, valley]
            for band in range(2):
                row = 2 * valley + band
                base = (p * 2 * valleys + row) * cells
                part = g[2 * (valley * sites + site) + band, a:b]
                w, n, o = weight[p, row, a:b], first[p, row, a:b], offset[base + a : base + b + 1]
                if components == 1:
                    collect_row(total, part, w, n, o, value)
                else:
                    m = spin[p, valley]
                    collect_spin_row(total, part, w, 2.0 * band - 1.0, m[0, a:b], m[1, a:b],
                                     m[2, a:b], n, o, value)


@released
def distribute(worker, workers, out, scale, coefficients, spin, first, offset, value):
    """Add scale · Σ_n (c_n0 + s m·c_n) φ_n to out.  coefficients (site, valley, shell, 1 or 4)"""
    sites, valleys, _, components = coefficients.shape
    patterns, _, cells = first.shape
    pieces = (cells + PIECE - 1) // PIECE
    for task in range(worker, sites * pieces, workers):
        site, piece = task // pieces, task % pieces
        p = site if patterns > 1 else 0
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        for valley in range(valleys):
            c = coefficients[site, valley]
            for band in range(2):
                row = 2 * valley + band
                base = (p * 2 * valleys + row) * cells
                part = out[2 * (valley * sites + site) + band, a:b]
                n, o = first[p, row, a:b], offset[base + a : base + b + 1]
                if components == 1:
                    spread_row(part, scale, c, n, o, value)
                else:
                    m = spin[p, valley]
                    spread_spin_row(part, scale, c, 2.0 * band - 1.0, m[0, a:b], m[1, a:b],
                                    m[2, a:b], n, o, value)


@separate
def loss_row(out, loss, g):
    """out = -Γ g."""
    for k in range(size(out.size)):
        out[k] = -loss[k] * g[k]


@released
def lose(worker, workers, out, loss, g, sites):
    """out = -Γ g.  loss (pattern, valley·band, cell)"""
    patterns, rows, _ = loss.shape
    for task in range(worker, sites * rows, workers):
        site, row = task // rows, task % rows
        p = site if patterns > 1 else 0
        here = 2 * (row // 2 * sites + site) + row % 2
        loss_row(out[here], loss[p, row], g[here])


@released
def exchange(worker, workers, out, g, weight, members, begin, factors, place, colour, colours,
             scratch):
    """Add Σ_n B_n B_nᵀ w g to out, of the shells n ≡ colour: no level is in two of them.

    members: levels band·cells + cell of one block after the other, those of block b =
    (pattern·valleys + valley)·shells + n from begin[b]; factors: B_n(level, rank) likewise, from
    place[b].  scratch (workers, largest rank).
    """
    patterns, rows, cells = weight.shape
    valleys = rows // 2
    sites = len(g) // rows
    count = (len(begin) - 1) // (patterns * valleys)
    for task in range(worker, sites * valleys * count, workers):
        site, block = task // (valleys * count), task % (valleys * count)
        valley, n = block // count, block % count
        if n % colours != colour:
            continue
        p = site if patterns > 1 else 0
        block += p * valleys * count
        a, e = begin[block], begin[block + 1]
        if a == e:
            continue
        rank = (place[block + 1] - place[block]) // (e - a)
        table = factors[place[block] : place[block + 1]].reshape(e - a, rank)
        sums = scratch[worker, :rank]
        sums[:] = 0.0
        low = 2 * (valley * sites + site)
        for i in range(e - a):
            band, k = members[a + i] // cells, members[a + i] % cells
            x = weight[p, 2 * valley + band, k] * g[low + band, k]
            for r in range(rank):
                sums[r] += x * table[i, r]
        for i in range(e - a):
            total = 0.0
            for r in range(rank):
                total += sums[r] * table[i, r]
            band, k = members[a + i] // cells, members[a + i] % cells
            out[low + band, k] += total


@released
def masses(worker, workers, mass, weight, first, offset, value, pooled):
    """Lower bands of Σ w φ_n φ_n' of every group.  mass (pattern, group, band of it, shell)"""
    patterns, groups, _, _ = mass.shape
    _, rows, cells = weight.shape
    for task in range(worker, patterns * groups, workers):
        p, group = task // groups, task % groups
        total = mass[p, group]
        total[...] = 0.0
        for row in range(rows):
            if not pooled and row // 2 != group:
                continue
            base = (p * rows + row) * cells
            for k in range(cells):
                a, e, n = offset[base + k], offset[base + k + 1], first[p, row, k]
                w = weight[p, row, k]
                for t in range(e - a):
                    for d in range(e - a - t):
                        total[d, n + t] += w * value[a + t] * value[a + t + d]


@compiled
def factorise(factor, scale, mass):
    """Cholesky factor of the scaled banded matrix s M s + tiny, s = M_nn^{-1/2}."""
    width, count = mass.shape
    for n in range(count):
        scale[n] = 1.0 / np.sqrt(mass[0, n]) if mass[0, n] > 0.0 else 1.0
    for n in range(count):
        for d in range(min(width, count - n)):
            factor[d, n] = mass[d, n] * scale[n] * scale[n + d]
        factor[0, n] = 1.0 + SINGULAR
    for n in range(count):
        factor[0, n] = np.sqrt(max(factor[0, n], 0.25 * SINGULAR))
        for d in range(1, min(width, count - n)):
            factor[d, n] /= factor[0, n]
        for d in range(1, min(width, count - n)):
            for e in range(d, min(width, count - n)):
                factor[e - d, n + d] -= factor[d, n] * factor[e, n]


@compiled
def banded_solve(x, factor, scale, right):
    """Add (s M s + tiny)⁻¹ of the right-hand side to x; `right` is used up."""
    width, count = factor.shape
    for n in range(count):
        right[n] *= scale[n]
    for n in range(count):
        right[n] /= factor[0, n]
        for d in range(1, min(width, count - n)):
            right[n + d] -= factor[d, n] * right[n]
    for n in range(count - 1, -1, -1):
        for d in range(1, min(width, count - n)):
            right[n] -= factor[d, n] * right[n + d]
        right[n] /= factor[0, n]
        x[n] += scale[n] * right[n]


@compiled
def residual(out, right, mass, x):
    """out = right - M x."""
    width, count = mass.shape
    for n in range(count):
        out[n] = right[n] - mass[0, n] * x[n]
    for n in range(count):
        for d in range(1, min(width, count - n)):
            out[n] -= mass[d, n] * x[n + d]
            out[n + d] -= mass[d, n] * x[n]


@released
def factors(worker, workers, factor, scale, mass):
    """`factorise` for every pattern and group."""
    patterns, groups, _, _ = mass.shape
    for task in range(worker, patterns * groups, workers):
        p, group = task // groups, task % groups
        factorise(factor[p, group], scale[p, group], mass[p, group])


@released
def settle(worker, workers, coefficients, sums, factor, scale, mass, scratch):
    """M⁻¹ Σ_pieces of the first components of the sums.  coefficients (site, valley, shell, 1)

    One group for all valleys, or one for each.  scratch (workers, 2, shell).
    """
    sites, pieces, valleys, count, _ = sums.shape
    patterns, groups, _, _ = mass.shape
    for task in range(worker, sites * groups, workers):
        site, group = task // groups, task % groups
        p = site if patterns > 1 else 0
        right, rest = scratch[worker, 0], scratch[worker, 1]
        right[:] = 0.0
        for valley in range(valleys):
            if groups == 1 or valley == group:
                for piece in range(pieces):
                    for n in range(count):
                        right[n] += sums[site, piece, valley, n, 0]
        x = coefficients[site, group, :, 0]
        x[:] = 0.0
        for _ in range(3):
            residual(rest, right, mass[p, group], x)
            banded_solve(x, factor[p, group], scale[p, group], rest)
        if groups == 1:
            for valley in range(1, valleys):
                for n in range(count):
                    coefficients[site, valley, n, 0] = x[n]
