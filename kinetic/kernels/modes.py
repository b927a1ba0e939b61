"""How fast velocities that are sums of a few modes empty a cell."""

from __future__ import annotations

from kinetic.kernels.assembly import add_outflow, largest_rate
from kinetic.kernels.points import released
from kinetic.kernels.tiles import blend_rows

# fmt: off


@released
def fastest_blended(worker, workers, rates, modes, factors, layout, dressing, inverse, active,
                    scratch, line):
    """Largest Σ_faces outflow/(V D_s) of each patch and band.  rates (patch, band)

    modes: those of the slots A, B, C; factors (site, slot, mode); layout: (valleys, sites).
    """
    valleys, sites = layout
    na, nb, nc = dressing.shape[1:]
    planes, rows, faces = scratch[0][worker], scratch[1][worker], scratch[2][worker]
    out = line[worker]
    for task in range(worker, valleys * sites * 2, workers):
        patch, band = task // 2, task % 2
        entry, site = 2 * (patch // sites) + band, patch % sites
        sign, fastest = 2.0 * band - 1.0, 0.0
        for i in range(na):
            if active[0]:
                blend_rows(planes, modes[0], entry, i, 0, (2, nb), factors[site, 0])
            if active[1]:
                blend_rows(rows, modes[1], entry, i, 0, (1, nb + 1), factors[site, 1])
            blend_rows(faces, modes[2], entry, i, 0, (1, nb), factors[site, 2])
            for j in range(nb):
                out[:] = 0.0
                if active[0]:
                    add_outflow(out, planes[0, j, 1 : nc + 1], planes[1, j, 1 : nc + 1])
                if active[1]:
                    add_outflow(out, rows[0, j, 1 : nc + 1], rows[0, j + 1, 1 : nc + 1])
                add_outflow(out, faces[0, j, 0:nc], faces[0, j, 1 : nc + 1])
                rate = largest_rate(out, dressing[patch, i, j], sign,
                                    inverse[0][i] * inverse[1][j], inverse[2])
                fastest = max(fastest, rate)
        rates[patch, band] = fastest
