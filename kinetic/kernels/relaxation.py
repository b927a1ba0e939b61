"""Local Fermi functions: sums over the cells of a patch, and relaxation.

    f = 1/(1 + exp(x)),   x = (ε̄ - u·k - μ)/T,   δf = -f(1 - f) δx

A patch is a site of real space in one valley; its cells are cut into pieces of equal length, so
that no sum depends on the number of workers.  A group is the patches that share μ, T and u.
Where bands are pooled both carry one occupation, that of the mean of their energies and μ.

Local parameters are rows (μ, T, u₁, u₂, u₃, μ of the upper band, centre of energies); k is
counted from the middle of the grid and μ accordingly.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.convex import SEARCHING
from kinetic.kernels.exponential import decay
from kinetic.kernels.points import choose, compiled, released, separate

# fmt: off

size = np.uintp
PIECE = 1024  # cells
ROWS = 9  # of a piece that a worker holds at a time
TINY = 1e-300


@separate
def total(a):
    """Σ a."""
    found = 0.0
    for k in range(size(a.size)):
        found += a[k]
    return found


@separate
def dot(a, b):
    """Σ a b."""
    found = 0.0
    for k in range(size(a.size)):
        found += a[k] * b[k]
    return found


@separate
def dot_square(a, b):
    """Σ a b²."""
    found = 0.0
    for k in range(size(a.size)):
        found += a[k] * b[k] * b[k]
    return found


@separate
def dot_all(a, b, c):
    """Σ a b c."""
    found = 0.0
    for k in range(size(a.size)):
        found += a[k] * b[k] * c[k]
    return found


@separate
def absolute(a, b):
    """Σ a |b|."""
    found = 0.0
    for k in range(size(a.size)):
        found += a[k] * abs(b[k])
    return found


@separate
def pool_row(out, energy, other, pooled):
    """ε, or the mean of both bands where they are pooled."""
    for k in range(size(out.size)):
        out[k] = choose(pooled[k], 0.5 * (energy[k] + other[k]), energy[k])


@separate
def weigh_row(out, weight, tau, shift):
    """w/(τ + shift)."""
    for k in range(size(out.size)):
        out[k] = weight[k] / (tau[k] + shift)


@separate
def shift_row(out, energy, centre):
    """ε - centre."""
    for k in range(size(out.size)):
        out[k] = energy[k] - centre


@separate
def carry_row(out, momentum, drift):
    """Take u k off."""
    for k in range(size(out.size)):
        out[k] -= drift * momentum[k]


@separate
def fermi_row(charges, slopes, energy, weight, offset, mu, beta):
    """w f and w f(1 - f) with f = f_FD + offset, within [0, 1]."""
    for k in range(size(energy.size)):
        x = (energy[k] - mu) * beta
        q = decay(x)
        d = 1.0 / (1.0 + q)
        f = d * choose(x > 0.0, q, 1.0) + offset[k]
        kept = min(max(f, 0.0), 1.0)
        charges[k] = weight[k] * kept
        slopes[k] = weight[k] * choose(kept == f, q * d * d, 0.0)


@separate
def approach_row(out, f, energy, offset, mu, beta, rate):
    """Add rate (f_FD + offset - f) to out, the former within [0, 1]."""
    for k in range(size(out.size)):
        x = (energy[k] - mu) * beta
        q = decay(x)
        aim = choose(x > 0.0, q, 1.0) / (1.0 + q) + offset[k]
        out[k] += rate * (min(max(aim, 0.0), 1.0) - f[k])


@separate
def approach_varying_row(out, f, energy, offset, mu, beta, tau, part, shift):
    """The same with rate = part/(τ + shift) of every cell."""
    for k in range(size(out.size)):
        x = (energy[k] - mu) * beta
        q = decay(x)
        aim = choose(x > 0.0, q, 1.0) / (1.0 + q) + offset[k]
        out[k] += part / (tau[k] + shift) * (min(max(aim, 0.0), 1.0) - f[k])


@compiled
def momentum_rows(out, momenta, slots, shape, start, count):
    """k of consecutive cells, one row for each axis.  momenta (axis, longest), slots (axis,)"""
    nb, nc = shape[1], shape[2]
    n = 0
    while n < count:
        cell = start + n
        k = cell % nc
        run = min(nc - k, count - n)
        for axis in range(len(slots)):
            if slots[axis] == 2:
                out[axis, n : n + run] = momenta[axis, k : k + run]
            else:
                place = cell // (nb * nc) if slots[axis] == 0 else (cell // nc) % nb
                out[axis, n : n + run] = momenta[axis, place]
        n += run


@compiled
def own_energies(rows, energy, pooled, band, a, b):
    """ε of a piece of a band; a view where no cell is pooled."""
    if pooled.shape[1] == 0:
        return energy[band, a:b]
    e = rows[0, : b - a]
    other = energy[band + 1 - 2 * (band % 2), a:b]
    pool_row(e, energy[band, a:b], other, pooled[band // 2, a:b])
    return e


@compiled
def own_weights(rows, weight, tau, shift, band, a, b):
    """w/(τ + shift) of a piece of a band; w itself where τ is a number."""
    if tau.shape[1] == 1:
        return weight[band, a:b]
    w = rows[4, : b - a]
    weigh_row(w, weight[band, a:b], tau[band, a:b], shift)
    return w


@separate
def share_row(out, pooled, shift):
    """Add the shift where bands are pooled."""
    for k in range(size(out.size)):
        out[k] += choose(pooled[k], shift, 0.0)


@separate
def pooled_total(a, pooled):
    """Σ a where bands are pooled."""
    found = 0.0
    for k in range(size(a.size)):
        found += choose(pooled[k], a[k], 0.0)
    return found


@compiled
def exponents(rows, energy, parameters, kinds, pooled, band, a):
    """ε - u·k - μ + μ_band of a piece whose k are in the rows from 6; the μ of pooled bands is
    their mean.
    """
    shares = kinds[0] == 2 and pooled.shape[1] > 0
    if kinds[2] == 0 and not shares:
        return energy
    e = rows[1, : energy.size]
    e[:] = energy
    for axis in range(kinds[2]):
        carry_row(e, rows[6 + axis, : energy.size], parameters[2 + axis])
    if shares:
        apart = (band % 2 - 0.5) * (parameters[5] - parameters[0])
        share_row(e, pooled[band // 2, a : a + energy.size], apart)
    return e


@compiled
def level_of(parameters, band, classes):
    """μ of a band."""
    return parameters[5] if classes == 2 and band % 2 == 1 else parameters[0]


@released
def contents(
    worker, workers, sums, f, energy, weight, pooled, tau, shift, momenta, slots, shape, kinds,
    scratch,
):
    """Σ w f φ, and Σ w |φ|, of all invariants φ for every piece.  sums (patch, piece, 12)

    f, energy, weight, tau (valley·site·band, cell), pooled (patch, cell); kinds: numbers of μ,
    of T and of axes; invariants are counted in this order.
    """
    patches, pieces, _ = sums.shape
    cells = energy.shape[1]
    classes, heats, axes = kinds
    rows = scratch[worker]
    for task in range(worker, patches * pieces, workers):
        patch, piece = task // pieces, task % pieces
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        found = sums[patch, piece]
        found[:] = 0.0
        if axes:
            momentum_rows(rows[6:], momenta, slots, shape, a, b - a)
        for band in range(2 * patch, 2 * patch + 2):
            e = own_energies(rows, energy, pooled, band, a, b)
            w = own_weights(rows, weight, tau, shift, band, a, b)
            kind = band % 2 if classes == 2 else 0
            held = f[band, a:b]
            found[kind] += dot(w, held)
            found[6 + kind] += total(w)
            if heats:
                found[classes] += dot_all(w, held, e)
                found[6 + classes] += absolute(w, e)
            for axis in range(axes):
                k = rows[6 + axis, : b - a]
                found[classes + heats + axis] += dot_all(w, held, k)
                found[6 + classes + heats + axis] += absolute(w, k)


@released
def moments(
    worker, workers, sums, energy, weight, offset, pooled, tau, shift, momenta, slots, shape,
    kinds, trial, states, scratch,
):
    """Σ w f φ and Σ w f(1 - f) φ φ of the groups that are searching.  sums (patch, piece, 27)

    Those of pairs i >= j stand at 6 + i (i + 1)/2 + j.  offset (valley·site·band or 1, cell);
    trial (group, 7); states (group,).  The group of a patch is its remainder.
    """
    patches, pieces, _ = sums.shape
    cells, groups = energy.shape[1], len(states)
    classes, heats, axes = kinds
    rows = scratch[worker]
    for task in range(worker, patches * pieces, workers):
        patch, piece = task // pieces, task % pieces
        group = patch % groups
        if states[group] != SEARCHING:
            continue
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        own = trial[group]
        found = sums[patch, piece]
        found[:] = 0.0
        if axes:
            momentum_rows(rows[6:], momenta, slots, shape, a, b - a)
        charges, slopes, y = rows[2, : b - a], rows[3, : b - a], rows[5, : b - a]
        for band in range(2 * patch, 2 * patch + 2):
            e = own_energies(rows, energy, pooled, band, a, b)
            w = own_weights(rows, weight, tau, shift, band, a, b)
            o = offset[band if len(offset) > 1 else 0, a:b]
            kind = band % 2 if classes == 2 else 0
            if heats:
                shift_row(y, e, own[6])
            mu = level_of(own, band, classes)
            e = exponents(rows, e, own, kinds, pooled, band, a)
            fermi_row(charges, slopes, e, w, o, mu, 1.0 / own[1])
            found[kind] += total(charges)
            found[6 + kind * (kind + 3) // 2] += total(slopes)
            if classes == 2 and pooled.shape[1] > 0:  # δμ of either counts half
                both = pooled_total(slopes, pooled[patch, a:b])
                found[6 + kind * (kind + 3) // 2] -= 0.5 * both
                found[7] += 0.25 * both
            for m in range(heats + axes):
                first = rows[6 - heats + m, : b - a]
                i = classes + m
                found[i] += dot(charges, first)
                found[6 + i * (i + 1) // 2 + kind] += dot(slopes, first)
                for n in range(m + 1):
                    second = rows[6 - heats + n, : b - a]
                    j = 6 + i * (i + 1) // 2 + classes + n
                    if n == m:
                        found[j] += dot_square(slopes, first)
                    else:
                        found[j] += dot_all(slopes, first, second)


@released
def relax(
    worker, workers, out, f, energy, offset, pooled, tau, part, shift, momenta, slots, shape,
    kinds, local, scratch,
):
    """out += part/(τ + shift) (f_FD - f).  local (patch, 7)"""
    patches, cells = len(local), energy.shape[1]
    pieces = (cells + PIECE - 1) // PIECE
    classes, _, axes = kinds
    rows = scratch[worker]
    for task in range(worker, patches * pieces, workers):
        patch, piece = task // pieces, task % pieces
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        own = local[patch]
        beta = 1.0 / max(own[1], TINY)
        if axes:
            momentum_rows(rows[6:], momenta, slots, shape, a, b - a)
        for band in range(2 * patch, 2 * patch + 2):
            e = own_energies(rows, energy, pooled, band, a, b)
            e = exponents(rows, e, own, kinds, pooled, band, a)
            o = offset[band if len(offset) > 1 else 0, a:b]
            mu = level_of(own, band, classes)
            if tau.shape[1] == 1:
                rate = part / (tau[0, 0] + shift)
                approach_row(out[band, a:b], f[band, a:b], e, o, mu, beta, rate)
            else:
                approach_varying_row(
                    out[band, a:b], f[band, a:b], e, o, mu, beta, tau[band, a:b], part, shift
                )
