"""Sums of cells over the levels of an energy ladder, and rates of cells from those of the levels.

A cell whose energy lies between two levels belongs to both by the shares of linear
interpolation.  What its occupation is weighted with besides: `turns` (harmonics of the direction
of k) and `spins` (1 and m = d/|d|), so that a sum over levels, harmonics and components of the
spin is a sum over all pairs of cells.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import compiled, released, separate

# fmt: off

size = np.uintp
PIECE = 2048  # cells
DEPENDENT = 1e-12  # of a level's own weight: what is left of it beside the others is rounding


@compiled
def product(z, turn, spin):
    """All products of the two."""
    column = 0
    for y in range(turn.size):
        for s in range(spin.size):
            z[column] = turn[y] * spin[s]
            column += 1


@separate
def add_level(lower, upper, z, a, b):
    """lower += a z, upper += b z."""
    for n in range(size(z.size)):
        lower[n] += a * z[n]
        upper[n] += b * z[n]


@separate
def project(lower, upper, z, a, b):
    """Σ (a lower + b upper) z"""
    found = 0.0
    for n in range(size(z.size)):
        found += (a * lower[n] + b * upper[n]) * z[n]
    return found


@compiled
def gather_row(sums, level, emit, take, weight, glued, lead, f, turns, spins):
    """Add the cells of a piece to (2, level, ·): Σ w emit f Z and Σ w take (lead - f) Z."""
    leaving, entering, z = sums[0], sums[1], np.empty(sums.shape[2])
    for k in range(f.size):
        w = weight[k]
        if glued[k] or not w > 0.0:
            continue
        n, full, empty = level[k], w * f[k], w * (lead - f[k])
        product(z, turns[k], spins[k])
        add_level(leaving[n], leaving[n + 1], z, emit[k, 0] * full, emit[k, 1] * full)
        add_level(entering[n], entering[n + 1], z, take[k, 0] * empty, take[k, 1] * empty)


@compiled
def spread_row(out, total, level, emit, take, weight, glued, f, v, varied, rates, turns, spins):
    """out += (1 - f) G - f O, with total = G + O (not `varied`) or less v·total (`varied`)."""
    gains, losses, z = rates[0], rates[1], np.empty(rates.shape[2])
    for k in range(f.size):
        if glued[k] or not weight[k] > 0.0:
            if not varied:
                total[k] = 0.0
            continue
        n = level[k]
        product(z, turns[k], spins[k])
        gain = project(gains[n], gains[n + 1], z, take[k, 0], take[k, 1])
        loss = project(losses[n], losses[n + 1], z, emit[k, 0], emit[k, 1])
        out[k] += (1.0 - f[k]) * gain - f[k] * loss
        if varied:
            out[k] -= v[k] * total[k]
        else:
            total[k] = gain + loss


@released
def gather(worker, workers, sums, level, emit, take, weight, glued, lead, f, turns, spins):
    """Sums of `gather_row` for every piece of every band of every patch.

    sums (patch·band, piece, 2, level, turn·spin); level (patch·band, cell); emit, take
    (patch·band, cell, 2); weight, f (patch·band, cell); glued (patch, cell); turns (cell, turn);
    spins (patch·band or 1, cell, spin).
    """
    rows, pieces = sums.shape[0], sums.shape[1]
    cells = f.shape[1]
    for task in range(worker, rows * pieces, workers):
        row, piece = task // pieces, task % pieces
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        sums[row, piece] = 0.0
        gather_row(
            sums[row, piece], level[row, a:b], emit[row, a:b], take[row, a:b], weight[row, a:b],
            glued[row // 2, a:b], lead, f[row, a:b], turns[a:b],
            spins[row if len(spins) > 1 else 0, a:b],
        )


@released
def spread(
    worker, workers, out, total, level, emit, take, weight, glued, f, v, varied, rates, turns,
    spins,
):
    """`spread_row` for every piece of every band of every patch.

    out, total, v (patch·band, cell); rates (patch·band, 2, level, turn·spin); others as in
    `gather`.
    """
    rows, cells = f.shape
    pieces = (cells + PIECE - 1) // PIECE
    for task in range(worker, rows * pieces, workers):
        row, piece = task // pieces, task % pieces
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        spread_row(
            out[row, a:b], total[row, a:b], level[row, a:b], emit[row, a:b], take[row, a:b],
            weight[row, a:b], glued[row // 2, a:b], f[row, a:b], v[row, a:b], varied, rates[row],
            turns[a:b], spins[row if len(spins) > 1 else 0, a:b],
        )


@compiled
def settle(level, share, energy, bottom, step):
    """Lower level and share of the upper one for every cell.  bottom (patch,)"""
    rows, cells = energy.shape
    for row in range(rows):
        for k in range(cells):
            x = (energy[row, k] - bottom[row // 2]) / step
            n = np.int32(x)
            level[row, k] = n
            share[row, k] = x - n


@released
def weigh(worker, workers, masses, level, share, weight, glued):
    """masses: Σ w φ_n² and Σ w φ_n φ_{n+1}.  (patch·band, level, 2); share: φ of the cells"""
    rows, cells = level.shape
    for row in range(worker, rows, workers):
        masses[row] = 0.0
        for k in range(cells):
            w, n = weight[row, k], level[row, k]
            if glued[row // 2, k] or not w > 0.0:
                continue
            a, b = share[row, k, 0], share[row, k, 1]
            masses[row, n, 0] += w * a * a
            masses[row, n, 1] += w * a * b
            masses[row, n + 1, 0] += w * b * b


@released
def divide(worker, workers, sums, masses):
    """Solve Σ_m (Σ w φ_n φ_m) x_m = sums_n in place.  sums (patch·band, level)

    By LDLᵀ; a level that follows from those below it (too few cells) gets x = 0, which solves
    the equations too, since their right-hand sides are sums over the same cells.
    """
    rows, levels = sums.shape
    factors = np.zeros((levels, 2))
    for row in range(worker, rows, workers):
        before = 0.0
        for n in range(levels):
            pivot, tie = masses[row, n, 0], 0.0
            if n > 0 and before > 0.0:
                tie = masses[row, n - 1, 1] / before
                pivot -= tie * masses[row, n - 1, 1]
                sums[row, n] -= tie * sums[row, n - 1]
            if not pivot > DEPENDENT * masses[row, n, 0]:
                pivot = 0.0
                sums[row, n] = 0.0
            factors[n, 0], factors[n, 1] = pivot, tie
            before = pivot
        for n in range(levels - 1, -1, -1):
            pivot = factors[n, 0]
            sums[row, n] = sums[row, n] / pivot if pivot > 0.0 else 0.0
            if n + 1 < levels:
                sums[row, n] -= factors[n + 1, 1] * sums[row, n + 1]
            if not pivot > 0.0:
                sums[row, n] = 0.0
