"""Phase-space volume per unit time through the faces of momentum cells.

    W^j = ∫ [ e + ∂_k ε̄ × b + ½ s T ]_j dS ,      T = ħ (e·b) B_k + ħ ℰ_k × b

The ε̄ part is the circulation of ε̄ b around the face, so it is divergence-free to rounding;
T is a flux through the face (plaquette phases).  Slots are (A, B, C), see `kinetic.mesh`.
`energy` is ε̄ on the corners of one band with one ghost corner on each side; an empty slot
has a single corner.  Every function fills the faces `start` ... `stop - 1` of one row along C.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import compiled


@compiled
def row(energy, i, j, start, stop):
    """Corners start ... stop - 1 of a row; an empty slot has one corner only."""
    return energy[min(i, energy.shape[0] - 1), min(j, energy.shape[1] - 1), start:stop]


@compiled
def add_steps(out, r0, r1, r2, r3, weights, factor):
    """Add factor × the step along C of the edge mean taken across four rows."""
    c0, c1, c2, c3 = (
        factor * weights[0],
        factor * weights[1],
        factor * weights[2],
        factor * weights[3],
    )
    one = np.uintp(1)
    for k in range(np.uintp(out.size)):
        outer = c0 * (r0[k + one] - r0[k]) + c3 * (r3[k + one] - r3[k])
        out[k] += outer + (c1 * (r1[k + one] - r1[k]) + c2 * (r2[k + one] - r2[k]))


@compiled
def add_means(out, r0, r1, r2, r3, weights, factor):
    """Add factor × the edge mean taken across four rows."""
    c0, c1, c2, c3 = (
        factor * weights[0],
        factor * weights[1],
        factor * weights[2],
        factor * weights[3],
    )
    for k in range(np.uintp(out.size)):
        out[k] += (c0 * r0[k] + c3 * r3[k]) + (c1 * r1[k] + c2 * r2[k])


@compiled
def add_rise(out, low, high, weights, start, stop, widths, factor):
    """Add factor × the difference of two rows' integrals over the edges along C."""
    one, two, three = np.uintp(1), np.uintp(2), np.uintp(3)
    w0, w1 = weights[0, start:stop], weights[1, start:stop]
    w2, w3 = weights[2, start:stop], weights[3, start:stop]
    for k in range(np.uintp(out.size)):
        outer = w0[k] * (high[k] - low[k]) + w3[k] * (high[k + three] - low[k + three])
        inner = w1[k] * (high[k + one] - low[k + one]) + w2[k] * (high[k + two] - low[k + two])
        out[k] += factor * widths[k] * (outer + inner)


@compiled
def fill_scaled(out, values, factor):
    """Set factor × values."""
    for k in range(np.uintp(out.size)):
        out[k] = factor * values[k]


@compiled
def velocity_a(out, energy, i, j, start, stop, e, b, widths, edges):
    """E + ∂ε̄×b through the A faces i of the cells (j, start...stop-1)."""
    width_b, width_c = widths[1], widths[2]
    fill_scaled(out, width_c[start:stop], e[0] * width_b[j])
    if b[2] != 0.0:
        low = row(energy, i + 1, j + 1, start, stop + 3)
        high = row(energy, i + 1, j + 2, start, stop + 3)
        add_rise(out, low, high, edges[2], start, stop, width_c[start:stop], b[2])
    if b[1] != 0.0:
        add_steps(
            out,
            row(energy, i + 1, j, start + 1, stop + 2),
            row(energy, i + 1, j + 1, start + 1, stop + 2),
            row(energy, i + 1, j + 2, start + 1, stop + 2),
            row(energy, i + 1, j + 3, start + 1, stop + 2),
            edges[1][:, j],
            -b[1] * width_b[j],
        )


@compiled
def velocity_b(out, energy, i, j, start, stop, e, b, widths, edges):
    """E + ∂ε̄×b through the B faces j of the cells (i, start...stop-1)."""
    width_a, width_c = widths[0], widths[2]
    fill_scaled(out, width_c[start:stop], e[1] * width_a[i])
    if b[0] != 0.0:
        add_steps(
            out,
            row(energy, i, j + 1, start + 1, stop + 2),
            row(energy, i + 1, j + 1, start + 1, stop + 2),
            row(energy, i + 2, j + 1, start + 1, stop + 2),
            row(energy, i + 3, j + 1, start + 1, stop + 2),
            edges[0][:, i],
            b[0] * width_a[i],
        )
    if b[2] != 0.0:
        low = row(energy, i + 1, j + 1, start, stop + 3)
        high = row(energy, i + 2, j + 1, start, stop + 3)
        add_rise(out, low, high, edges[2], start, stop, width_c[start:stop], -b[2])


@compiled
def velocity_c(out, energy, i, j, start, stop, e, b, widths, edges):
    """E + ∂ε̄×b through the C faces start ... stop-1 of the row (i, j)."""
    width_a, width_b = widths[0], widths[1]
    out[:] = e[2] * width_a[i] * width_b[j]
    if b[1] != 0.0:
        for side, sign in ((2, 1.0), (1, -1.0)):
            add_means(
                out,
                row(energy, i + side, j, start + 1, stop + 1),
                row(energy, i + side, j + 1, start + 1, stop + 1),
                row(energy, i + side, j + 2, start + 1, stop + 1),
                row(energy, i + side, j + 3, start + 1, stop + 1),
                edges[1][:, j],
                sign * b[1] * width_b[j],
            )
    if b[0] != 0.0:
        for side, sign in ((2, -1.0), (1, 1.0)):
            add_means(
                out,
                row(energy, i, j + side, start + 1, stop + 1),
                row(energy, i + 1, j + side, start + 1, stop + 1),
                row(energy, i + 2, j + side, start + 1, stop + 1),
                row(energy, i + 3, j + side, start + 1, stop + 1),
                edges[0][:, i],
                sign * b[0] * width_a[i],
            )


@compiled
def add_scaled(out, flux, factor):
    """Add factor × flux."""
    for k in range(np.uintp(out.size)):
        out[k] += factor * flux[k]
