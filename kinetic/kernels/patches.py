"""Occupations of whole patches with their ghosts: where patches are many, their rows are short.

f = u, or f_s = g_s/D_s with the product rule of ⟨D f⟩ as in `occupation`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.kernels.occupation import bend
from kinetic.kernels.points import compiled, released, separate

# fmt: off

size = np.uintp


def _make_patch(dressed: bool, bent: bool, split: bool, crossed: bool = False) -> Any:
    """Kernel for the interior of f.

    `bent`: with the product rule, `crossed`: also of the slot B; `split`: less a background.
    """

    @separate
    def patch(f, u, d, smooth, rest, spans, sign, ghosts):
        na, nb, nc = size(u.shape[0]), size(u.shape[1]), size(u.shape[2])
        ga, gb, gc = size(ghosts[0]), size(ghosts[1]), size(ghosts[2])
        one, zero, half = size(1), size(0), 0.5 * sign
        along = spans[2]
        for i in range(na):
            up, down, factor_a = (i + one) % na, (i + na - one) % na, spans[0][i, zero]
            for j in range(nb):
                right, left, factor_b = (j + one) % nb, (j + nb - one) % nb, spans[1][j, zero]
                if not bent:
                    for k in range(nc):
                        value = u[i, j, k]
                        if dressed:
                            value = value / (1.0 + half * d[i, j, k])
                        if split:
                            value -= rest[i + ga, j + gb, k + gc]
                        f[i + ga, j + gb, k + gc] = value
                else:
                    for n in range(nc - one - one):
                        k = n + one
                        inverse = 1.0 / (1.0 + half * d[i, j, k])
                        value = u[i, j, k] * inverse
                        excess = bend(factor_a, half, value, u[up, j, k], u[down, j, k],
                                      d[up, j, k], d[down, j, k])
                        if crossed:
                            excess += bend(factor_b, half, value, u[i, right, k], u[i, left, k],
                                           d[i, right, k], d[i, left, k])
                        excess += bend(along[zero, k], half, value, u[i, j, k + one],
                                       u[i, j, n], d[i, j, k + one], d[i, j, n])
                        value -= smooth[i, j, k] * excess * inverse * inverse
                        if split:
                            value -= rest[i + ga, j + gb, k + gc]
                        f[i + ga, j + gb, k + gc] = value
                    for side in range(size(2)):
                        k = side * (nc - one)
                        after, before = (k + one) % nc, (k + nc - one) % nc
                        inverse = 1.0 / (1.0 + half * d[i, j, k])
                        value = u[i, j, k] * inverse
                        excess = bend(factor_a, half, value, u[up, j, k], u[down, j, k],
                                      d[up, j, k], d[down, j, k])
                        if crossed:
                            excess += bend(factor_b, half, value, u[i, right, k], u[i, left, k],
                                           d[i, right, k], d[i, left, k])
                        excess += bend(along[zero, k], half, value, u[i, j, after],
                                       u[i, j, before], d[i, j, after], d[i, j, before])
                        value -= smooth[i, j, k] * excess * inverse * inverse
                        if split:
                            value -= rest[i + ga, j + gb, k + gc]
                        f[i + ga, j + gb, k + gc] = value

    return patch


plain_patch, plain_rest = _make_patch(False, False, False), _make_patch(False, False, True)
dressed_patch, dressed_rest = _make_patch(True, False, False), _make_patch(True, False, True)
bent_patch, bent_rest = _make_patch(True, True, False), _make_patch(True, True, True)
cube_patch, cube_rest = _make_patch(True, True, False, True), _make_patch(True, True, True, True)


@compiled
def wrap_patch(f, cells, ghosts, wraps):
    """Fill the ghosts of the periodic slots of a patch, A first."""
    na, nb, nc = cells
    ga, gb, gc = ghosts
    if wraps[0] and ga > 0:
        for n in range(ga):
            f[ga - 1 - n] = f[ga + (na - 1 - n) % na]
            f[ga + na + n] = f[ga + n % na]
    if wraps[1] and gb > 0:
        for i in range(na + 2 * ga):
            for n in range(gb):
                f[i, gb - 1 - n] = f[i, gb + (nb - 1 - n) % nb]
                f[i, gb + nb + n] = f[i, gb + n % nb]
    if wraps[2]:
        for i in range(na + 2 * ga):
            for j in range(nb + 2 * gb):
                for n in range(gc):
                    f[i, j, gc - 1 - n] = f[i, j, gc + (nc - 1 - n) % nc]
                    f[i, j, gc + nc + n] = f[i, j, gc + n % nc]


@released
def occupied(worker, workers, f, u, dressing, smooth, rest, split, dressed, bent, spans, ghosts,
             wraps):
    """Fill f (patch·band, padded) from u, less a split-off background, and its periodic ghosts.

    Other arguments as `occupation.occupations`.
    """
    for index in range(worker, len(u), workers):
        patch, sign = index // 2, 2.0 * (index % 2) - 1.0
        d, flat = dressing[patch], smooth[min(patch, len(smooth) - 1)]
        out, own, off = f[index], u[index], rest[index if split else 0]
        if bent and split and ghosts[1] > 0:
            cube_rest(out, own, d, flat, off, spans, sign, ghosts)
        elif bent and ghosts[1] > 0:
            cube_patch(out, own, d, flat, off, spans, sign, ghosts)
        elif bent and split:
            bent_rest(out, own, d, flat, off, spans, sign, ghosts)
        elif bent:
            bent_patch(out, own, d, flat, off, spans, sign, ghosts)
        elif dressed and split:
            dressed_rest(out, own, d, flat, off, spans, sign, ghosts)
        elif dressed:
            dressed_patch(out, own, d, flat, off, spans, sign, ghosts)
        elif split:
            plain_rest(out, own, d, flat, off, spans, sign, ghosts)
        else:
            plain_patch(out, own, d, flat, off, spans, sign, ghosts)
        wrap_patch(out, own.shape, ghosts, wraps)
