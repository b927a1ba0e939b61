"""Newton steps towards the local Fermi functions that carry given invariants.

    y = η - β ε + βu·k ,    Σ w f(y) φ = N_φ ,    φ = 1, ε, k

The unknowns η = μ/T, β = 1/T and βu enter y linearly, so that the charge, the energy and the
momentum of f are the slopes of a convex function (Σ w ln(1 + eʸ)), and a step along which none
is overshot by much always comes closer.
Source: Dennis and Schnabel, Numerical Methods for Unconstrained Optimization and Nonlinear
Equations (SIAM 1996), ch. 6.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import choose, compiled

# fmt: off

SEARCHING, FOUND, STOPPED = 0, 1, 2
ROUNDING = 4e-16  # residuals over their scale below this are as good as 0
NOISE = 1e-14  # below this they may be rounding of the sums, which no step improves
NEGLIGIBLE = 1e-8  # a step δy whose square is lost in rounding: no need to look again
COLD, HOT = 1e-13, 1e15  # T over the mean of |ε|: no cell is within T of μ; none is not
SINGULAR = 1e-13
TINY = 1e-200


@compiled
def gather(sums, group, groups, out):
    """Σ over the patches and pieces of a group."""
    out[:] = 0.0
    for patch in range(group, sums.shape[0], groups):
        for piece in range(sums.shape[1]):
            for n in range(out.size):
                out[n] += sums[patch, piece, n]


@compiled
def place(trial, origin, step, t, kinds):
    """μ, T and u after a part t of the step δy = A + B (ε - centre) + Q·k from `origin`."""
    classes, heats, axes = kinds
    rise = step[classes] if heats else 0.0
    beta = 1.0 / origin[1] - t * rise
    for kind in range(classes):
        column = 5 if kind else 0
        lift = step[kind] - rise * (origin[6] - origin[column])
        trial[column] = origin[column] + t * lift / beta
    for axis in range(axes):
        push = step[classes + heats + axis]
        trial[2 + axis] = origin[2 + axis] + t * (push + rise * origin[2 + axis]) / beta
    if heats:
        trial[1] = 1.0 / beta


@compiled
def newton(sums, residual, scale, step, kinds, work):
    """The Newton step by Cholesky's factors of the matrix with unit diagonal; its slope (< 0).

    An unknown that no state depends on any more stays where its residual is rounding.
    """
    n = kinds[0] + kinds[1] + kinds[2]
    sound = True
    for i in range(n):
        diagonal = sums[6 + i * (i + 1) // 2 + i]
        idle = diagonal <= TINY and abs(residual[i]) <= NOISE * scale[i]
        work[6, i] = choose(idle, 0.0, 1.0 / np.sqrt(max(diagonal, TINY)))
    for i in range(n):
        for j in range(i + 1):
            value = sums[6 + i * (i + 1) // 2 + j] * work[6, i] * work[6, j]
            for m in range(j):
                value -= work[i, m] * work[j, m]
            if i == j:
                if work[6, i] == 0.0:
                    value = 1.0
                sound = sound and value > SINGULAR
                work[i, i] = np.sqrt(max(value, SINGULAR))
            else:
                work[i, j] = value / work[j, j]
    for i in range(n):
        value = -residual[i] * work[6, i]
        for m in range(i):
            value -= work[i, m] * step[m]
        step[i] = value / work[i, i]
    for i in range(n - 1, -1, -1):
        value = step[i]
        for m in range(i + 1, n):
            value -= work[m, i] * step[m]
        step[i] = value / work[i, i]
    slope = 0.0
    for i in range(n):
        step[i] *= work[6, i]
        slope += step[i] * residual[i]
    if not (sound and slope < 0.0):  # lost in rounding: downhill
        slope = 0.0
        for i in range(n):
            step[i] = -residual[i] * work[6, i] ** 2
            slope += step[i] * residual[i]
    return slope


@compiled
def longest_of(step, parameters, widths, kinds):
    """Largest change of y that a part of the step makes: by μ at μ, by T at T, by u at an end."""
    classes, heats, axes = kinds
    rise = step[classes] if heats else 0.0
    found = abs(rise) * parameters[1]
    for kind in range(classes):
        column = 5 if kind else 0
        found = max(found, abs(step[kind] + rise * (parameters[column] - parameters[6])))
    for axis in range(axes):
        found = max(found, abs(step[classes + heats + axis]) * widths[axis])
    return found


@compiled
def improve(content, scale, sums, widths, trial, origin, direction, walk, miss, states, kinds):
    """One move of every group that is searching; returns how many still are.

    content, scale (group, 6): Σ w f φ of the state and Σ w |φ|; sums (patch, piece, 27) as
    `relaxation.moments` found them; widths (axis,): largest |k|; trial, origin (group, 7): the
    parameters now and where the step began; direction (group, 6): that step; walk (group, 4):
    the part of it made, the slope along it at its beginning, how far a step may go and whether
    this one went as far; miss (group,): largest residual over its scale.
    """
    classes, heats, axes = kinds
    count, left, groups = classes + heats + axes, 0, len(states)
    found, residual, work = np.zeros(27), np.zeros(6), np.zeros((7, 6))
    for g in range(groups):
        if states[g] != SEARCHING:
            continue
        own = trial[g]
        gather(sums, g, groups, found)
        missed, finite, charge, states_ = 0.0, True, 0.0, 0.0
        for i in range(count):
            residual[i] = found[i] - content[g, i]
            finite = finite and np.isfinite(content[g, i])
            if i < classes:
                charge += content[g, i]
                states_ += scale[g, i]
            elif heats and i == classes:
                moved = 0.0
                for kind in range(classes):
                    moved += residual[kind]
                residual[i] += own[6] * charge
                missed = max(missed, abs(residual[i] + own[6] * moved) / max(scale[g, i], TINY))
                continue
            if scale[g, i] > 0.0:
                missed = max(missed, abs(residual[i]) / scale[g, i])
        if not finite:  # judged with the state itself
            states[g] = FOUND
            continue
        before, miss[g] = miss[g], missed
        if missed <= ROUNDING or (missed <= NOISE and missed > 0.5 * before):
            states[g] = FOUND
            continue
        if heats:
            heat = scale[g, classes]
            lost = not COLD * heat < own[1] * states_ < HOT * heat
        else:
            lost = False
        for axis in range(axes):
            lost = lost or not abs(own[2 + axis]) * widths[axis] * COLD < own[1]
        if lost:
            states[g] = STOPPED
            continue
        t, slope = walk[g, 0], walk[g, 1]
        if t > 0.0:
            along = 0.0
            for i in range(count):
                along += residual[i] * direction[g, i]
            if along > 0.5 * abs(slope):
                t *= min(0.5, max(0.1, slope / (slope - along)))
                walk[g, 0] = t
                if t < 1e-12:
                    states[g] = STOPPED
                    continue
                place(own, origin[g], direction[g], t, kinds)
                left += 1
                continue
            if along < 0.0 and walk[g, 3] > 0.0:
                walk[g, 2] *= 2.0
        step = direction[g]
        slope = newton(found, residual, scale[g], step, kinds, work)
        longest = longest_of(step, own, widths, kinds)
        part = min(1.0, walk[g, 2] / max(longest, TINY))
        if heats:
            part = min(part, 0.75 / max(step[classes] * own[1], TINY))  # T grows fourfold at most
            level = 0.5 * (own[0] + own[5]) if classes == 2 else own[0]
            fresh = choose(abs(level) * states_ < 4.0 * scale[g, classes], level, 0.0)
            for kind in range(classes):
                step[kind] += step[classes] * (fresh - own[6])
            own[6] = fresh
        for i in range(count):
            step[i] *= part
        origin[g] = own
        place(own, origin[g], step, 1.0, kinds)
        if longest <= NEGLIGIBLE:
            states[g] = FOUND
            continue
        walk[g, 0], walk[g, 1], walk[g, 3] = 1.0, part * slope, choose(part < 1.0, 1.0, 0.0)
        left += 1
    return left
