"""From the evolved density to occupations, and sources that act cell by cell.

    boltzmann  f = u          dressed  f_s = g_s/D_s          projected  f_s = n_s - ¼F n_z

Cell averages of products obey ⟨ab⟩ = ⟨a⟩⟨b⟩ + (h²/12) ∂a·∂b, so the second term is taken off.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.kernels import BOLTZMANN, DRESSED
from kinetic.kernels.points import compiled, pointwise, released, separate

size = np.uintp
# fmt: off  (argument lists are easier to compare when packed)


@separate
def dressed_row(f, u, d, place, i, j, count, sign):
    """f = g/D_s with D_s = 1 + ½ s F."""
    fi, fj, fk = size(place[0]), size(place[1]), size(place[2])
    i, j, half = size(i), size(j), 0.5 * sign
    for k in range(size(count)):
        f[fi, fj, fk + k] = u[i, j, k] / (1.0 + half * d[i, j, k])


@pointwise
def bend(factor, half, value, ahead_u, back_u, ahead_d, back_d):
    """(h²/12) ∂D (∂g - f ∂D) of one direction; over D² it is the excess of ⟨g⟩/⟨D⟩ over ⟨f⟩."""
    step = half * (ahead_d - back_d)
    return factor * step * ((ahead_u - back_u) - value * step)


def _make_dressed_bent(crossed: bool) -> Any:
    """Kernel for f = g/D_s with the product rule of ⟨D f⟩; `crossed`: with the slot B."""

    @separate
    def dressed_bent(f, u, d, smooth, place, i, j, start, count, beside, factors, along, sign):
        ip, im, jp, jm = size(beside[0]), size(beside[1]), size(beside[2]), size(beside[3])
        fi, fj, fk = size(place[0]), size(place[1]), size(place[2] + start)
        i, j, k0, up, down = size(i), size(j), size(start), size(start + 1), size(start - 1)
        half = 0.5 * sign
        for n in range(size(count)):
            k = k0 + n
            inverse = 1.0 / (1.0 + half * d[i, j, k])
            value = u[i, j, k] * inverse
            excess = bend(
                factors[0], half, value, u[ip, j, k], u[im, j, k], d[ip, j, k], d[im, j, k]
            )
            if crossed:
                excess += bend(
                    factors[1], half, value, u[i, jp, k], u[i, jm, k], d[i, jp, k], d[i, jm, k]
                )
            excess += bend(
                along[k], half, value, u[i, j, up + n], u[i, j, down + n],
                d[i, j, up + n], d[i, j, down + n],
            )
            f[fi, fj, fk + n] = value - smooth[i, j, k] * excess * inverse * inverse

    return dressed_bent


dressed_bent_flat, dressed_bent_crossed = _make_dressed_bent(False), _make_dressed_bent(True)


@separate
def projected_row(f, low, high, d, place, i, j, count, band):
    """f_s = n_s - ¼ F (n_+ - n_-)."""
    fi, fj, fk = size(place[0]), size(place[1]), size(place[2])
    i, j, keep = size(i), size(j), 1.0 - band
    for k in range(size(count)):
        lower, upper = low[i, j, k], high[i, j, k]
        own = keep * lower + band * upper
        f[fi, fj, fk + k] = own - 0.25 * d[i, j, k] * (upper - lower)


@compiled
def end_bend(f, u, d, smooth, place, i, j, k, before, after, factor, sign):
    """The term along the row for one cell whose neighbours are `before` and `after`."""
    half = 0.5 * sign
    inverse = 1.0 / (1.0 + half * d[i, j, k])
    excess = bend(
        factor, half, u[i, j, k] * inverse, u[i, j, after], u[i, j, before],
        d[i, j, after], d[i, j, before],
    )
    f[place[0], place[1], place[2] + k] -= smooth[i, j, k] * excess * inverse * inverse


@separate
def projected_bend(f, low, high, d, smooth, place, i, j, ahead, back, count, factors):
    """Take ¼ (h²/12) ∂F ∂n_z off f along one direction.

    ahead, back: (i, j, first cell) of the rows before and after; factors: one per cell.
    """
    fi, fj, fk = size(place[0]), size(place[1]), size(place[2])
    i, j, start = size(i), size(j), size(place[3])
    i1, j1, k1 = size(ahead[0]), size(ahead[1]), size(ahead[2])
    i0, j0, k0 = size(back[0]), size(back[1]), size(back[2])
    for n in range(size(count)):
        slope = (high[i1, j1, k1 + n] - low[i1, j1, k1 + n]) - (
            high[i0, j0, k0 + n] - low[i0, j0, k0 + n]
        )
        step = d[i1, j1, k1 + n] - d[i0, j0, k0 + n]
        weight = 0.25 * factors[start + n] * smooth[i, j, start + n]
        f[fi, fj, fk + start + n] -= weight * step * slope


@separate
def subtract_row(f, rest, place, count):
    """f -= the split-off equilibrium, both padded."""
    fi, fj, fk = size(place[0]), size(place[1]), size(place[2])
    for k in range(size(count)):
        f[fi, fj, fk + k] -= rest[fi, fj, fk + k]


@compiled
def bent_row(f, u, d, smooth, place, i, j, spans, sign):
    """f = g/D_s of a whole row; its ends lack a neighbour, or find it at the other end.

    spans: factors of A, B and of the cells of the row.
    """
    na, nb, nc = u.shape
    beside = ((i + 1) % na, (i - 1) % na, (j + 1) % nb, (j - 1) % nb)
    factors = (spans[0][i, 0], spans[1][j, 0])
    along = spans[2][0]
    if nc > 2 and nb > 1:
        dressed_bent_crossed(
            f, u, d, smooth, place, i, j, 1, nc - 2, beside, factors, along, sign
        )
    elif nc > 2:
        dressed_bent_flat(f, u, d, smooth, place, i, j, 1, nc - 2, beside, factors, along, sign)
    for k in (0, nc - 1):
        half = 0.5 * sign
        inverse = 1.0 / (1.0 + half * d[i, j, k])
        value, excess = u[i, j, k] * inverse, 0.0
        for direction in range(2):
            ia = beside[0] if direction == 0 else i
            ib = beside[1] if direction == 0 else i
            ja = j if direction == 0 else beside[2]
            jb = j if direction == 0 else beside[3]
            excess += bend(
                factors[direction], half, value, u[ia, ja, k], u[ib, jb, k],
                d[ia, ja, k], d[ib, jb, k],
            )
        f[place[0], place[1], place[2] + k] = value - smooth[i, j, k] * excess * inverse**2
        if along[k] != 0.0:
            end_bend(
                f, u, d, smooth, place, i, j, k, (k - 1) % nc, (k + 1) % nc, along[k], sign
            )


@compiled
def projected_bent_row(f, low, high, d, smooth, place, i, j, spans):
    """The product rule of all directions for a row of the projected level."""
    na, nb, nc = low.shape
    gi, gj, gk = place
    if spans[0][i, 0] != 0.0:
        at = (gi, gj, gk, 0)
        ahead, back = ((i + 1) % na, j, 0), ((i - 1) % na, j, 0)
        projected_bend(f, low, high, d, smooth, at, i, j, ahead, back, nc, spans[0][i])
    if spans[1][j, 0] != 0.0:
        at = (gi, gj, gk, 0)
        ahead, back = (i, (j + 1) % nb, 0), (i, (j - 1) % nb, 0)
        projected_bend(f, low, high, d, smooth, at, i, j, ahead, back, nc, spans[1][j])
    along = spans[2][0]
    if nc > 2:
        at = (gi, gj, gk, 1)
        projected_bend(
            f, low, high, d, smooth, at, i, j, (i, j, 2), (i, j, 0), nc - 2, along
        )
    if along[0] != 0.0:
        for k in (0, nc - 1):
            at = (gi, gj, gk, k)
            ahead, back = (i, j, (k + 1) % nc), (i, j, (k - 1) % nc)
            projected_bend(f, low, high, d, smooth, at, i, j, ahead, back, 1, along)


@released
def occupations(
    worker, workers, f, u, dressing, equilibrium, split, level, spans, ghosts, bends, smooth
):
    """Fill the interior of f (padded) with the occupation minus the split-off equilibrium.

    u (valley·band, A, B, C); f, equilibrium padded; dressing F (valley, A, B, C); spans: product
    rule factors of each slot as rows (A, C), (B, C), (1, C); smooth: 1, or 0 next to glued
    cells, where F jumps.  (valley, A, B, C)
    """
    bands, na, nb, nc = u.shape
    for task in range(worker, bands * na, workers):
        index, i = task // na, task % na
        valley, band = index // 2, index % 2
        sign = 2.0 * band - 1.0
        low, high = u[2 * valley], u[2 * valley + 1]
        own, out, d = u[index], f[index], dressing[valley]
        flat = smooth[min(valley, len(smooth) - 1)]
        for j in range(nb):
            place = (i + ghosts[0], j + ghosts[1], ghosts[2])
            if level == BOLTZMANN:
                out[place[0], place[1], place[2] : place[2] + nc] = own[i, j]
            elif level == DRESSED:
                if bends:
                    bent_row(out, own, d, flat, place, i, j, spans, sign)
                else:
                    dressed_row(out, own, d, place, i, j, nc, sign)
            else:
                projected_row(out, low, high, d, place, i, j, nc, float(band))
                if bends:
                    projected_bent_row(out, low, high, d, flat, place, i, j, spans)
            if split:
                subtract_row(out, equilibrium[index], place, nc)


@released
def glue(f, u, equilibrium, split, valley, cells, shape, ghosts):
    """One occupation f = ½(u_+ + u_-) for both bands of every glued cell of a valley."""
    _, nb, nc = shape
    low, high = 2 * valley, 2 * valley + 1
    for cell in cells:
        i, j, k = cell // (nb * nc), (cell // nc) % nb, cell % nc
        shared = 0.5 * (u[low, i, j, k] + u[high, i, j, k])
        for band in (low, high):
            a, b, c = i + ghosts[0], j + ghosts[1], k + ghosts[2]
            own = equilibrium[band, a, b, c] if split else 0.0
            f[band, a, b, c] = shared - own
