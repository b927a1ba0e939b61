"""Sources that act cell by cell, and the repair of occupations that left [0, 1]."""

from __future__ import annotations

import numpy as np

from kinetic.kernels import DRESSED, PROJECTED
from kinetic.kernels.points import compiled, released, separate

size = np.uintp


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
                    lower += equilibrium[low, i + ga, j + gb, k + gc]
                    upper += equilibrium[high, i + ga, j + gb, k + gc]
                change = gamma * rate[valley, i, j, k]
                if level == DRESSED:
                    u[low, i, j, k] -= 0.5 * change * lower
                    u[high, i, j, k] += 0.5 * change * upper
                else:
                    # f_+ - f_- = n_z exactly, since both bands carry the same shift.
                    u[low, i, j, k] += 0.25 * change * (upper - lower)
                    u[high, i, j, k] += 0.25 * change * (upper - lower)


@separate
def scatter_row(low, high, lower, upper, d, volume, share, own, other, dressed):
    """Add D C of a row to both bands; returns the charge that it brings."""
    found = 0.0
    for k in range(size(d.size)):
        apart = d[k] * (upper[k] - lower[k])
        found += volume[k] * (lower[k] + upper[k] + dressed * apart)
        low[k] += share * (lower[k] - own * d[k] * lower[k] + other * apart)
        high[k] += share * (upper[k] + own * d[k] * upper[k] + other * apart)
    return found


@released
def add_collisions(worker, workers, sums, u, rate, dressing, volumes, share, level):
    """u += share C_s, C_s = C[f]_s, D_s C[f]_s or C[f]_s + ¼F(C[f]_+ - C[f]_-).

    sums (valley·site, A): the charge that it brings.
    """
    bands, na, nb, _ = u.shape
    own = 0.5 if level == DRESSED else 0.0
    other = 0.25 if level == PROJECTED else 0.0
    dressed = 0.5 if level in (DRESSED, PROJECTED) else 0.0
    for task in range(worker, (bands // 2) * na, workers):
        patch, i = task // na, task % na
        low, high, found = 2 * patch, 2 * patch + 1, 0.0
        for j in range(nb):
            found += scatter_row(
                u[low, i, j], u[high, i, j], rate[low, i, j], rate[high, i, j],
                dressing[patch, i, j], volumes[i, j], share, own, other, dressed,
            )
        sums[patch, i] = share * found


@compiled
def place(position, size, wraps):
    """Index of a neighbour, or -1 beyond an open end."""
    if 0 <= position < size:
        return position
    return position % size if wraps else -1


@compiled
def reach(size, radius, wraps):
    """How far a search may go along an axis without meeting a cell twice."""
    return min(radius, (size - 1) // 2 if wraps else size - 1)


@compiled
def room(u, dressing, glued, band, a, b, c, deficit):
    """What a cell can give (to a deficit) or take, per volume.

    Glued cells pool their bands and may take a little more: bounds are not judged there.
    """
    low = band - band % 2
    if glued[band // 2, a, b, c]:
        value, limit = u[low, a, b, c] + u[low + 1, a, b, c], 2.01
    else:
        value = u[band, a, b, c]
        limit = 1.0 + (band % 2 - 0.5) * dressing[band // 2, a, b, c]
    return max(value if deficit else limit - value, 0.0)


@released
def repair(u, dressing, volumes, flagged, glued, periodic, tolerance, farthest=1 << 30):
    """Bring f = u/D_s back into [0, 1] by exchange with nearby cells of the same band.

    Each excess is shared out in proportion to the room of the cells around, in the smallest
    cube that has enough; the charge is kept to rounding and no bound is broken anew.  Returns
    how many cells could not be mended.
    Source: Shashkov and Wendroff, J. Comput. Phys. 198, 265 (2004) ("repair").
    flagged: flat (valley·band, A, B) indices of rows that break a bound; farthest: how many cells
    away the search ends.
    """
    _, na, nb, nc = u.shape
    failures = 0
    for entry in flagged:
        band, i, j = entry // (na * nb), (entry // nb) % na, entry % nb
        for k in range(nc):
            if glued[band // 2, i, j, k]:
                continue
            top = 1.0 + (band % 2 - 0.5) * dressing[band // 2, i, j, k]
            value = u[band, i, j, k]
            if -tolerance * top <= value <= top * (1.0 + tolerance):
                continue
            excess = value if value < 0.0 else value - top
            mass = excess * volumes[i, j, k]
            mended = False
            for radius in range(1, min(max(na, nb, nc), farthest + 1)):
                ra = reach(na, radius, periodic[0])
                rb = reach(nb, radius, periodic[1])
                rc = reach(nc, radius, periodic[2])
                total = 0.0
                for share in range(2):
                    part = mass / total if share else 0.0
                    for da in range(-ra, ra + 1):
                        for db in range(-rb, rb + 1):
                            for dc in range(-rc, rc + 1):
                                a = place(i + da, na, periodic[0])
                                b = place(j + db, nb, periodic[1])
                                c = place(k + dc, nc, periodic[2])
                                if min(a, b, c) < 0 or (da == 0 and db == 0 and dc == 0):
                                    continue
                                free = room(u, dressing, glued, band, a, b, c, excess < 0.0)
                                if share:
                                    u[band, a, b, c] += part * free
                                else:
                                    total += free * volumes[a, b, c]
                    if total < abs(mass):
                        break
                    mended = share == 1
                if mended:
                    u[band, i, j, k] = value - excess
                    break
            if not mended:
                failures += 1
    return failures


@separate
def outside(u, dressing, i, j, half, tolerance):
    """Whether any f = u/D_s of a row leaves [0, 1]."""
    i, j, found = size(i), size(j), 0
    for k in range(size(u.shape[2])):
        value, top = u[i, j, k], 1.0 + half * dressing[i, j, k]
        found |= int(value < -tolerance) | int(value - top > tolerance)
    return found != 0


@released
def flag_rows(worker, workers, marks, u, dressing, tolerance):
    """Mark the rows in which f = u/D_s leaves [0, 1].  marks (valley·band, A, B)"""
    bands, na, nb, _ = u.shape
    for task in range(worker, bands * na, workers):
        band, i = task // na, task % na
        half = (band % 2) - 0.5
        for j in range(nb):
            marks[band, i, j] = outside(u[band], dressing[band // 2], i, j, half, tolerance)
