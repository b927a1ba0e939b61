"""From the evolved density to occupations, and sources that act cell by cell.

    boltzmann  f = u          dressed  f_s = g_s/D_s          projected  f_s = n_s - ¼F n_z

Cell averages of products obey ⟨ab⟩ = ⟨a⟩⟨b⟩ + (h²/12) ∂a·∂b, so the second term is taken off.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import compiled, released

BOLTZMANN, PROJECTED, DRESSED = 0, 1, 2


@compiled
def dressed_row(out, u, dressing, sign):
    """f = g/D_s with D_s = 1 + ½ s F."""
    for k in range(np.uintp(out.size)):
        out[k] = u[k] / (1.0 + 0.5 * sign * dressing[k])


@compiled
def dressed_bend(out, u, dressing, sign, ahead_u, back_u, ahead_d, back_d, factor):
    """Take (h²/12) ∂D ∂f/D off f, along one direction, with ∂f = (∂g - f ∂D)/D."""
    half = 0.5 * sign
    for k in range(np.uintp(out.size)):
        inverse = 1.0 / (1.0 + half * dressing[k])
        step = half * (ahead_d[k] - back_d[k])
        slope = (ahead_u[k] - back_u[k]) - u[k] * inverse * step
        out[k] -= factor[k] * step * slope * inverse * inverse


@compiled
def projected_row(out, own, low, high, dressing):
    """f_s = n_s - ¼ F (n_+ - n_-)."""
    for k in range(np.uintp(out.size)):
        out[k] = own[k] - 0.25 * dressing[k] * (high[k] - low[k])


@compiled
def projected_bend(out, ahead_low, ahead_high, back_low, back_high, ahead_d, back_d, factor):
    """Take ¼ (h²/12) ∂F ∂n_z off f, along one direction."""
    for k in range(np.uintp(out.size)):
        slope = (ahead_high[k] - ahead_low[k]) - (back_high[k] - back_low[k])
        out[k] -= 0.25 * factor[k] * (ahead_d[k] - back_d[k]) * slope


@compiled
def bend_row(out, u, dressing, level, band, i, j, i1, j1, i0, j0, a, b, factor):
    """Product-rule term between the rows (i1, j1) and (i0, j0), faces a:b of the output."""
    d1, d0 = dressing[i1, j1], dressing[i0, j0]
    if level == DRESSED:
        sign = 2.0 * band - 1.0
        dressed_bend(
            out,
            u[band, i, j],
            dressing[i, j],
            sign,
            u[band, i1, j1],
            u[band, i0, j0],
            d1,
            d0,
            factor,
        )
    else:
        projected_bend(
            out, u[0, i1, j1], u[1, i1, j1], u[0, i0, j0], u[1, i0, j0], d1, d0, factor
        )


@released
def occupations(
    worker, workers, f, u, dressing, equilibrium, split, level, products, ghosts, bend, spans
):
    """Fill the interior of f (padded) with the occupation minus the split-off equilibrium.

    u, equilibrium (valley·band, A, B, C); dressing F (valley, A, B, C); spans: per-slot factors
    (A, C), (B, C) rows of constant product factors and (C,) for the row itself.
    """
    bands, na, nb, nc = u.shape
    ga, gb, gc = ghosts
    for task in range(worker, bands * na, workers):
        index, i = task // na, task % na
        valley, band = index // 2, index % 2
        pair = u[2 * valley : 2 * valley + 2]
        d = dressing[valley]
        up, down = (i + 1) % na, (i - 1) % na
        for j in range(nb):
            out = f[index, i + ga, j + gb, gc : gc + nc]
            if level == BOLTZMANN:
                out[:] = u[index, i, j]
            elif level == DRESSED:
                dressed_row(out, u[index, i, j], d[i, j], 2.0 * band - 1.0)
            else:
                projected_row(out, pair[band, i, j], pair[0, i, j], pair[1, i, j], d[i, j])
            if bend:
                if na > 1 and products[0][0, i] != 0.0:
                    bend_row(out, pair, d, level, band, i, j, up, j, down, j, 0, nc, spans[0][i])
                if nb > 1 and products[1][0, j] != 0.0:
                    jp, jm = (j + 1) % nb, (j - 1) % nb
                    bend_row(out, pair, d, level, band, i, j, i, jp, i, jm, 0, nc, spans[1][j])
                for k in range(nc):
                    factor = products[2][0, k]
                    if factor == 0.0:
                        continue
                    kp = k + 1 if k + 1 < nc else 0
                    km = k - 1 if k > 0 else nc - 1
                    step = d[i, j, kp] - d[i, j, km]
                    if level == DRESSED:
                        sign = 2.0 * band - 1.0
                        inverse = 1.0 / (1.0 + 0.5 * sign * d[i, j, k])
                        change = pair[band, i, j, kp] - pair[band, i, j, km]
                        change -= pair[band, i, j, k] * inverse * 0.5 * sign * step
                        out[k] -= factor * 0.5 * sign * step * change * inverse * inverse
                    else:
                        change = (pair[1, i, j, kp] - pair[0, i, j, kp]) - (
                            pair[1, i, j, km] - pair[0, i, j, km]
                        )
                        out[k] -= 0.25 * factor * step * change
            if split:
                for k in range(np.uintp(nc)):
                    out[k] -= equilibrium[index, i, j, k]


@released
def glue(f, u, equilibrium, split, valley, cells, shape, ghosts):
    """One occupation f = ½(u_+ + u_-) for both bands of every glued cell of a valley."""
    _, nb, nc = shape
    low, high = 2 * valley, 2 * valley + 1
    for cell in cells:
        i, j, k = cell // (nb * nc), (cell // nc) % nb, cell % nc
        shared = 0.5 * (u[low, i, j, k] + u[high, i, j, k])
        for band in (low, high):
            own = equilibrium[band, i, j, k] if split else 0.0
            f[band, i + ghosts[0], j + ghosts[1], k + ghosts[2]] = shared - own


@released
def add_source(worker, workers, u, f, equilibrium, split, rate, gamma, level, ghosts):
    """Faraday's source of a uniform b(t): -q_s f_s B·ḃ in g_s, +¼ n_z B·ḃ in n_s.

    rate: ħ B·ḃ of every cell.  (valley, A, B, C)
    """
    bands, na, nb, nc = u.shape
    ga, gb, gc = ghosts
    for task in range(worker, (bands // 2) * na, workers):
        valley, i = task // na, task % na
        low, high = 2 * valley, 2 * valley + 1
        for j in range(nb):
            for k in range(nc):
                lower = f[low, i + ga, j + gb, k + gc]
                upper = f[high, i + ga, j + gb, k + gc]
                if split:
                    lower += equilibrium[low, i, j, k]
                    upper += equilibrium[high, i, j, k]
                change = gamma * rate[valley, i, j, k]
                if level == DRESSED:
                    u[low, i, j, k] -= 0.5 * change * lower
                    u[high, i, j, k] += 0.5 * change * upper
                else:
                    # f_+ - f_- = n_z exactly, since both bands carry the same shift.
                    u[low, i, j, k] += 0.25 * change * (upper - lower)
                    u[high, i, j, k] += 0.25 * change * (upper - lower)


@released
def add_collisions(worker, workers, u, rate, dressing, gamma, level):
    """u += γ C with C_s = C[f]_s, D_s C[f]_s or C[f]_s + ¼F(C[f]_+ - C[f]_-)."""
    bands, na, nb, nc = u.shape
    for task in range(worker, (bands // 2) * na, workers):
        valley, i = task // na, task % na
        low, high = 2 * valley, 2 * valley + 1
        for j in range(nb):
            for k in range(nc):
                lower, upper = rate[low, i, j, k], rate[high, i, j, k]
                f = dressing[valley, i, j, k]
                if level == DRESSED:
                    lower, upper = (1.0 - 0.5 * f) * lower, (1.0 + 0.5 * f) * upper
                elif level == PROJECTED:
                    shift = 0.25 * f * (upper - lower)
                    lower, upper = lower + shift, upper + shift
                u[low, i, j, k] += gamma * lower
                u[high, i, j, k] += gamma * upper


@released
def repair(u, dressing, volumes, flagged, skip, periodic, tolerance):
    """Bring f = u/D_s back into [0, 1] by exchange with neighbouring cells; returns failures.

    Each excess is shared out to the neighbours in proportion to the room they have, so the
    charge is kept to rounding and no bound is broken anew.
    Source: Shashkov and Wendroff, J. Comput. Phys. 198, 265 (2004) ("repair").
    flagged: flat (valley·band, A, B) indices of rows that break a bound.
    skip: glued cells, where only the sum of the bands matters.  (valley, A, B, C)
    """
    bands, na, nb, nc = u.shape
    failures = 0
    room = np.zeros(6)
    where = np.zeros((6, 3), dtype=np.int64)
    for entry in flagged:
        band, i, j = entry // (na * nb), (entry // nb) % na, entry % nb
        valley, sign = band // 2, 2.0 * (band % 2) - 1.0
        for k in range(nc):
            if skip[valley, i, j, k]:
                continue
            top = 1.0 + 0.5 * sign * dressing[valley, i, j, k]
            value = u[band, i, j, k]
            if value < -tolerance * top:
                excess = value
            elif value > top * (1.0 + tolerance):
                excess = value - top
            else:
                continue
            mass = excess * volumes[i, j, k]
            count, total = 0, 0.0
            for axis in range(3):
                size = (na, nb, nc)[axis]
                if size < 2:
                    continue
                for step in (-1, 1):
                    position = (i, j, k)[axis] + step
                    if position < 0 or position >= size:
                        if not periodic[axis]:
                            continue
                        position %= size
                    a = position if axis == 0 else i
                    b = position if axis == 1 else j
                    c = position if axis == 2 else k
                    if skip[valley, a, b, c]:
                        continue
                    limit = 1.0 + 0.5 * sign * dressing[valley, a, b, c]
                    free = u[band, a, b, c] if mass < 0.0 else limit - u[band, a, b, c]
                    where[count, 0], where[count, 1], where[count, 2] = a, b, c
                    room[count] = max(free, 0.0) * volumes[a, b, c]
                    total += room[count]
                    count += 1
            moved = min(1.0, total / abs(mass)) if total > 0.0 else 0.0
            if moved < 1.0:
                failures += 1
            for n in range(count):
                if total > 0.0:
                    share = moved * mass * room[n] / total
                    a, b, c = where[n, 0], where[n, 1], where[n, 2]
                    u[band, a, b, c] += share / volumes[a, b, c]
            u[band, i, j, k] -= moved * excess
    return failures


@released
def flag_rows(worker, workers, marks, u, dressing, tolerance):
    """Mark the rows in which f = u/D_s leaves [0, 1].  marks (valley·band, A, B)"""
    bands, na, nb, nc = u.shape
    for task in range(worker, bands * na, workers):
        band, i = task // na, task % na
        half = 0.5 * (2.0 * (band % 2) - 1.0)
        for j in range(nb):
            row, d = u[band, i, j], dressing[band // 2, i, j]
            worst = 0.0
            for k in range(np.uintp(nc)):
                top = 1.0 + half * d[k]
                worst = max(worst, max(-row[k], row[k] - top))
            marks[band, i, j] = worst > tolerance


@released
def update_scalar(u, base, rate, alpha, beta, gamma):
    """u ← α u₀ + β u + γ rate, for the dressing F."""
    for index in range(np.uintp(u.size)):
        u[index] = alpha * base[index] + beta * u[index] + gamma * rate[index]
