"""Face velocities W of all bands, and how fast they empty a cell."""

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import compiled, released
from kinetic.kernels.velocity import add_scaled, velocity_a, velocity_b, velocity_c


@released
def assemble(worker, workers, wa, wb, wc, energy, flux, e, b, strength, widths, edges, active):
    """W = ∫[e + ∂ε̄×b + ½ s·strength·T]·dS on every face of every band.

    wa, wb carry a ghost column on each side of C, filled as if C were periodic.
    energy (band, corners); flux: T per valley and slot, used where strength is not 0.
    """
    bands = wa.shape[0]
    na, nb, nc = wa.shape[1] - 1, wb.shape[2] - 1, wc.shape[3] - 1
    for task in range(worker, bands * (na + 1), workers):
        band, i = task // (na + 1), task % (na + 1)
        valley, sign = band // 2, 2.0 * (band % 2) - 1.0
        factor = 0.5 * sign * strength
        if active[0]:
            for j in range(wa.shape[2]):
                row = wa[band, i, j, 1 : nc + 1]
                velocity_a(row, energy[band], i, j, 0, nc, e, b, widths, edges)
                if strength != 0.0:
                    add_scaled(row, flux[0][valley, i, j], factor)
                wa[band, i, j, 0], wa[band, i, j, nc + 1] = row[nc - 1], row[0]
        if i == na:
            continue
        if active[1]:
            for j in range(nb + 1):
                row = wb[band, i, j, 1 : nc + 1]
                velocity_b(row, energy[band], i, j, 0, nc, e, b, widths, edges)
                if strength != 0.0:
                    add_scaled(row, flux[1][valley, i, j], factor)
                wb[band, i, j, 0], wb[band, i, j, nc + 1] = row[nc - 1], row[0]
        for j in range(wc.shape[2]):
            velocity_c(wc[band, i, j], energy[band], i, j, 0, nc + 1, e, b, widths, edges)
            if strength != 0.0:
                add_scaled(wc[band, i, j], flux[2][valley, i, j], factor)


@compiled
def add_outflow(out, left, right):
    """Out += what leaves through the left and the right face."""
    for k in range(np.uintp(out.size)):
        out[k] += max(right[k], 0.0) + max(-left[k], 0.0)


@compiled
def largest_rate(out, dressing, sign, inverse, width):
    """Max over a row of out/(V D_s)."""
    fastest = 0.0
    for k in range(np.uintp(out.size)):
        rate = out[k] * inverse * width[k] / (1.0 + 0.5 * sign * dressing[k])
        fastest = max(fastest, rate)
    return fastest


@released
def fastest_outflow(worker, workers, rates, wa, wb, wc, dressing, inverse, active, scratch):
    """Largest Σ_faces outflow/(V D_s) of each plane of each band.  rates (band, A)"""
    bands, na, nb, nc = wc.shape[0], wc.shape[1], wc.shape[2], wc.shape[3] - 1
    line = scratch[worker]
    for task in range(worker, bands * na, workers):
        band, i = task // na, task % na
        sign = 2.0 * (band % 2) - 1.0
        rates[band, i] = 0.0
        for j in range(nb):
            line[:] = 0.0
            if active[0]:
                add_outflow(line, wa[band, i, j, 1 : nc + 1], wa[band, i + 1, j, 1 : nc + 1])
            if active[1]:
                add_outflow(line, wb[band, i, j, 1 : nc + 1], wb[band, i, j + 1, 1 : nc + 1])
            row = wc[band, i, j]
            add_outflow(line, row[0:nc], row[1 : nc + 1])
            fastest = largest_rate(
                line,
                dressing[band // 2, i, j],
                sign,
                inverse[0][i] * inverse[1][j],
                inverse[2],
            )
            rates[band, i] = max(rates[band, i], fastest)
