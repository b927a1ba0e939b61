"""Local Fermi functions: sums over the cells of a patch, Newton steps, relaxation.

    f = 1/(1 + exp(x)),   x = (ε̄ - μ)/T,   δf = f(1 - f)(δμ/T + x δT/T)

A patch is a site of real space in one valley; its cells are cut into pieces of equal length, so
that no sum depends on the number of workers.  A group is the patches that share μ and T.

In η = μ/T and β = 1/T the charge and the energy of a Fermi function are the slopes of a convex
function, so that a step along which neither is overshot by much always comes closer.
Source: Dennis and Schnabel, Numerical Methods for Unconstrained Optimization and Nonlinear
Equations (SIAM 1996), ch. 6.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.exponential import decay
from kinetic.kernels.points import choose, compiled, released, separate

# fmt: off

size = np.uintp
PIECE = 1024  # cells
SEARCHING, FOUND, STOPPED = 0, 1, 2
ROUNDING = 4e-16  # residuals over their scale below this are as good as 0
NOISE = 1e-14  # below this they may be rounding of the sums, which no step improves
NEGLIGIBLE = 1e-8  # a step δμ/T whose square is lost in rounding: no need to look again
COLD, HOT = 1e-13, 1e15  # T over the mean of |ε|: no cell is within T of μ; none is not
TINY = 1e-200


@separate
def content_row(energy, weight, f):
    """Σ w f, Σ w ε f, Σ w and Σ w|ε|."""
    charge, heat, states, scale = 0.0, 0.0, 0.0, 0.0
    for k in range(size(f.size)):
        w, e = weight[k], energy[k]
        charge += w * f[k]
        heat += w * e * f[k]
        states += w
        scale += w * abs(e)
    return charge, heat, states, scale


@separate
def charge_row(energy, weight, offset, mu, beta):
    """Σ w f and its slope Σ w f(1 - f) with f = f_FD + offset, within [0, 1]."""
    charge, slope = 0.0, 0.0
    for k in range(size(energy.size)):
        x = (energy[k] - mu) * beta
        q = decay(x)
        d = 1.0 / (1.0 + q)
        f = d * choose(x > 0.0, q, 1.0) + offset[k]
        kept = min(max(f, 0.0), 1.0)
        charge += weight[k] * kept
        slope += weight[k] * choose(kept == f, q * d * d, 0.0)
    return charge, slope


@separate
def heat_row(energy, other, pooled, weight, offset, mu, beta, centre):
    """Σ w f, Σ w y f and Σ w s, Σ w s y, Σ w s ỹ, Σ w s y ỹ with s = f(1 - f), y = ε - centre.

    Where the bands are `pooled` each carries half of the other's occupation: ỹ is their mean.
    """
    charge, heat, s00, s01, s10, s11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    shift = (centre - mu) * beta
    for k in range(size(energy.size)):
        y = energy[k] - centre
        mean = choose(pooled[k], 0.5 * (y + (other[k] - centre)), y)
        x = y * beta + shift
        q = decay(x)
        d = 1.0 / (1.0 + q)
        f = d * choose(x > 0.0, q, 1.0) + offset[k]
        kept = min(max(f, 0.0), 1.0)
        s = weight[k] * choose(kept == f, q * d * d, 0.0)
        charge += weight[k] * kept
        heat += weight[k] * mean * kept
        s00 += s
        s01 += s * y
        s10 += s * mean
        s11 += s * mean * y
    return charge, heat, s00, s01, s10, s11


@separate
def target_row(out, energy, offset, mu, beta):
    """f_FD + offset, within [0, 1]."""
    for k in range(size(out.size)):
        x = (energy[k] - mu) * beta
        q = decay(x)
        f = choose(x > 0.0, q, 1.0) / (1.0 + q) + offset[k]
        out[k] = min(max(f, 0.0), 1.0)


@separate
def approach_row(out, f, target, other, pooled, rate):
    """Add rate (target - f) to out; the target is the mean of both bands where `pooled`."""
    for k in range(size(out.size)):
        aim = choose(pooled[k], 0.5 * (target[k] + other[k]), target[k])
        out[k] += rate * (aim - f[k])


@released
def contents(worker, workers, sums, energy, weight, f):
    """Sums of `content_row` for every piece of every patch.  sums (patch, piece, 4)

    energy, weight, f (valley·site·band, cell).
    """
    patches, pieces, _ = sums.shape
    cells = energy.shape[1]
    for task in range(worker, patches * pieces, workers):
        patch, piece = task // pieces, task % pieces
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        total = sums[patch, piece]
        total[:] = 0.0
        for band in range(2 * patch, 2 * patch + 2):
            found = content_row(energy[band, a:b], weight[band, a:b], f[band, a:b])
            for n in range(4):
                total[n] += found[n]


@released
def moments(worker, workers, sums, energy, weight, offset, pooled, trial, states, both):
    """Sums of `heat_row` (`both`) or `charge_row` for the groups that are searching.

    sums (patch, piece, 6); pooled (patch, cell); offset (valley·site·band or 1, cell); trial
    (group, 3): μ, T and the energy that others are counted from; states (group,).  The group of a
    patch is its remainder.
    """
    patches, pieces, _ = sums.shape
    cells, groups = energy.shape[1], len(states)
    for task in range(worker, patches * pieces, workers):
        patch, piece = task // pieces, task % pieces
        group = patch % groups
        if states[group] != SEARCHING:
            continue
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        mu, beta, centre = trial[group, 0], 1.0 / trial[group, 1], trial[group, 2]
        total = sums[patch, piece]
        total[:] = 0.0
        for band in range(2 * patch, 2 * patch + 2):
            e, w = energy[band, a:b], weight[band, a:b]
            o = offset[band if len(offset) > 1 else 0, a:b]
            if both:
                other = energy[band + 1 - 2 * (band % 2), a:b]
                found = heat_row(e, other, pooled[patch, a:b], w, o, mu, beta, centre)
                for n in range(6):
                    total[n] += found[n]
            else:
                charge, slope = charge_row(e, w, o, mu, beta)
                total[0] += charge
                total[2] += slope


@released
def relax(worker, workers, out, f, energy, offset, pooled, local, rate, scratch):
    """out += (f_FD - f)/τ.  local (patch, 2): μ, T; scratch (workers, 2, PIECE)."""
    patches = len(local)
    cells = energy.shape[1]
    pieces = (cells + PIECE - 1) // PIECE
    for task in range(worker, patches * pieces, workers):
        patch, piece = task // pieces, task % pieces
        a, b = piece * PIECE, min((piece + 1) * PIECE, cells)
        mu, beta = local[patch, 0], 1.0 / max(local[patch, 1], 1e-300)
        lower, upper = scratch[worker, 0, : b - a], scratch[worker, 1, : b - a]
        low, high = 2 * patch, 2 * patch + 1
        shifts = len(offset) > 1
        target_row(lower, energy[low, a:b], offset[low if shifts else 0, a:b], mu, beta)
        target_row(upper, energy[high, a:b], offset[high if shifts else 0, a:b], mu, beta)
        glue = pooled[patch, a:b]
        approach_row(out[low, a:b], f[low, a:b], lower, upper, glue, rate)
        approach_row(out[high, a:b], f[high, a:b], upper, lower, glue, rate)


@compiled
def gather(sums, group, groups, n):
    """Σ over the patches and pieces of a group."""
    total = 0.0
    for patch in range(group, sums.shape[0], groups):
        for piece in range(sums.shape[1]):
            total += sums[patch, piece, n]
    return total


@compiled
def place(trial, origin, direction, t):
    """μ and T after a part t of the step (δμ/T, δT/T in η and β) from `origin`."""
    stretch = 1.0 - t * direction[1]
    trial[0] = origin[0] + t * direction[0] * origin[1] / stretch
    trial[1] = origin[1] / stretch


@compiled
def aim(sums, group, groups, trial, r0, ry, both):
    """The Newton step (δμ/T, δT/T) in η and β, and the slope along it (< 0).

    r0, ry: residuals of Σ w f and Σ w y f.
    """
    s00 = max(gather(sums, group, groups, 2), TINY)
    a, b = -r0 / s00, 0.0
    if not both:
        return a, b, a * r0
    s01 = gather(sums, group, groups, 3) / s00
    s10 = gather(sums, group, groups, 4) / s00
    s11 = gather(sums, group, groups, 5) / s00
    width = s11 - s10 * s01
    b = -(ry / s00 + s10 * a) / width
    a -= s01 * b
    if not (width > 1e-14 * s11 and a * r0 + b * ry < 0.0):  # lost in rounding: downhill
        a, b = -r0 / s00, -ry / max(s00 * s11, TINY)
    slope = a * r0 + b * ry
    mu, temperature, centre = trial
    return a + b * (mu - centre), b * temperature, slope


@compiled
def improve(content, sums, trial, origin, direction, walk, miss, states, both):
    """One move of every group that is searching; returns how many still are.

    content (patch, piece, 4) and sums as `contents` and `moments` found them; trial (group, 3) as
    there; origin (group, 2): μ and T where the step began; direction (group, 2): that step; walk
    (group, 4): the part of it made, the slope along it at its beginning, how far a step may go
    (in units of T) and whether this one went as far; miss (group,): largest residual over its
    scale.
    """
    left, groups = 0, len(states)
    for g in range(groups):
        if states[g] != SEARCHING:
            continue
        mu, temperature, centre = trial[g]
        charge, weight = gather(content, g, groups, 0), gather(content, g, groups, 2)
        r0, ry, missed = gather(sums, g, groups, 0) - charge, 0.0, 0.0
        if weight > 0.0:
            missed = abs(r0) / weight
        lost = False
        if both:
            scale = max(gather(content, g, groups, 3), TINY)
            heat = gather(content, g, groups, 1)
            ry = gather(sums, g, groups, 1) - (heat - centre * charge)
            missed = max(missed, abs(ry + centre * r0) / scale)
            lost = not COLD * scale < temperature * weight < HOT * scale
            trial[g, 2] = choose(abs(mu) * weight < 4.0 * scale, mu, 0.0)
        if not np.isfinite(charge):  # judged with the state itself
            states[g] = FOUND
            continue
        before = miss[g]
        miss[g] = missed
        if missed <= ROUNDING or (missed <= NOISE and missed > 0.5 * before):
            states[g] = FOUND
            continue
        if lost:
            states[g] = STOPPED
            continue
        t, slope = walk[g, 0], walk[g, 1]
        a, b = direction[g]
        if t > 0.0:
            r1 = (ry + (centre - mu) * r0) / temperature
            along = a * r0 + b * (r1 + t * a * r0) / (1.0 - t * b)
            if along > 0.5 * abs(slope):
                t *= min(0.5, max(0.1, slope / (slope - along)))
                walk[g, 0] = t
                if t < 1e-12:
                    states[g] = STOPPED
                    continue
                place(trial[g], origin[g], direction[g], t)
                left += 1
                continue
            if along < 0.0 and walk[g, 3] > 0.0:
                walk[g, 2] *= 2.0
        a, b, slope = aim(sums, g, groups, (mu, temperature, centre), r0, ry, both)
        origin[g, 0], origin[g, 1] = mu, temperature
        longest = max(abs(a), abs(b))
        part = min(1.0, walk[g, 2] / max(longest, TINY))
        part = min(part, 0.75 / max(b, TINY))  # T grows by no more than a factor 4
        direction[g, 0], direction[g, 1] = part * a, part * b
        place(trial[g], origin[g], direction[g], 1.0)
        if longest <= NEGLIGIBLE:
            states[g] = FOUND
            continue
        walk[g, 0], walk[g, 1], walk[g, 3] = 1.0, part * slope, choose(part < 1.0, 1.0, 0.0)
        left += 1
    return left
