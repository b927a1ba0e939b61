"""Whole lines moved by any distance: conservative semi-Lagrangian shifts; filters of cells.

    f_i ← f_c − (φ_c − φ_{c−1}),  c = i − m        shift by m + α cells,  m whole,  0 <= α < 1

φ_c(α) is the content of the rightmost share α of cell c: the integral of the quartic whose
averages over the cells c−2 ... c+2 are given, limited if so asked.  The differences of φ
telescope: what is lost inside is what crosses the ends, to rounding, for any distance.

Source: Crouseilles, Mehrenberger and Sonnendrücker, J. Comput. Phys. 229, 1927 (2010), Sec. 2.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import compiled, pointwise, released, separate

# fmt: off

size = np.uintp
COLUMNS = 64  # lines that are moved together: a block of them stays in the second cache
REACH = 2  # cells on each side that a share is reconstructed from


@pointwise
def portion_kept(portion, share, a, b, c, d, e, lowest, highest):
    """The share of cell c such that both its parts stay between bounds that keep extrema.

    Source of the bounds: Umeda, Earth Planets Space 60, 773 (2008).
    """
    high_left = max(max(b, c), min(2.0 * b - a, 2.0 * c - d))
    high_right = max(max(d, c), min(2.0 * d - e, 2.0 * c - b))
    low_left = min(min(b, c), max(2.0 * b - a, 2.0 * c - d))
    low_right = min(min(d, c), max(2.0 * d - e, 2.0 * c - b))
    high = min(highest, max(high_left, high_right))
    low = max(lowest, min(low_left, low_right))
    rest = 1.0 - share
    least = max(share * low, c - rest * high)
    most = min(share * high, c - rest * low)
    return max(least, min(most, portion))


@compiled
def weigh(weights, k, a):
    """Weights of five averages for the content of the rightmost share a of the middle cell."""
    weights[0, k] = a * (4.0 + a * a * (-5.0 + a * a)) / 120.0
    weights[1, k] = a * (-26.0 + a * (-5.0 + a * (30.0 + a * (5.0 - 4.0 * a)))) / 120.0
    weights[2, k] = a * (94.0 + a * (75.0 + a * (-40.0 + a * (-15.0 + 6.0 * a)))) / 120.0
    weights[3, k] = a * (54.0 + a * (-75.0 + a * (10.0 + a * (15.0 - 4.0 * a)))) / 120.0
    weights[4, k] = a * (-6.0 + a * (5.0 + a * (5.0 + a * (-5.0 + a)))) / 120.0
    weights[5, k] = a


@separate
def portion_row(out, s, r, w):
    """Φ of the rows r ... r+4, column by column."""
    r0 = size(r)
    r1, r2, r3, r4 = r0 + size(1), r0 + size(2), r0 + size(3), r0 + size(4)
    for k in range(size(out.size)):
        out[k] = ((w[0, k] * s[r0, k] + w[4, k] * s[r4, k])
                  + (w[1, k] * s[r1, k] + w[3, k] * s[r3, k])) + w[2, k] * s[r2, k]


@separate
def limited_portion_row(out, s, r, w, lowest, highest):
    """Φ of the rows r ... r+4, limited."""
    r0 = size(r)
    r1, r2, r3, r4 = r0 + size(1), r0 + size(2), r0 + size(3), r0 + size(4)
    for k in range(size(out.size)):
        a, b, c, d, e = s[r0, k], s[r1, k], s[r2, k], s[r3, k], s[r4, k]
        portion = ((w[0, k] * a + w[4, k] * e) + (w[1, k] * b + w[3, k] * d)) + w[2, k] * c
        out[k] = portion_kept(portion, w[5, k], a, b, c, d, e, lowest, highest)


@separate
def copy_row(out, row):
    """out ← row."""
    for k in range(size(out.size)):
        out[k] = row[k]


@separate
def settle_row(u, s, before, after):
    """u ← s − (φ_after − φ_before)."""
    for k in range(size(u.size)):
        u[k] = s[k] - (after[k] - before[k])


@separate
def portion_line(out, s, w):
    """Φ along one contiguous line."""
    w0, w1, w2, w3, w4 = w[0, 0], w[1, 0], w[2, 0], w[3, 0], w[4, 0]
    for i in range(size(out.size)):
        out[i] = ((w0 * s[i] + w4 * s[i + size(4)])
                  + (w1 * s[i + size(1)] + w3 * s[i + size(3)])) + w2 * s[i + size(2)]


@separate
def limited_portion_line(out, s, w, lowest, highest):
    """Φ along one contiguous line, limited."""
    w0, w1, w2, w3, w4, share = w[0, 0], w[1, 0], w[2, 0], w[3, 0], w[4, 0], w[5, 0]
    for i in range(size(out.size)):
        a, b, c, d, e = s[i], s[i + size(1)], s[i + size(2)], s[i + size(3)], s[i + size(4)]
        portion = ((w0 * a + w4 * e) + (w1 * b + w3 * d)) + w2 * c
        out[i] = portion_kept(portion, share, a, b, c, d, e, lowest, highest)


@separate
def settle_line(u, s, flux):
    """u ← s − (φ_after − φ_before) along a contiguous line."""
    for i in range(size(u.size)):
        u[i] = s[i] - (flux[i + size(1)] - flux[i])


@compiled
def content(u, c, k, speed, beyond, extrapolated):
    """Cell c of line k, or what lies there beyond an open end.

    Where the flow enters this waits (`beyond`: side, layer, inner); where it leaves the last
    cell is repeated, or the cubic of the last four goes on.
    """
    cells = u.shape[0]
    if 0 <= c < cells:
        return u[c, k]
    if c < 0:
        if speed >= 0.0:
            return beyond[0, max(3 + c, 0), k]
        last, step, away = 0, 1, -c
    else:
        if speed <= 0.0:
            return beyond[1, min(c - cells, 2), k]
        last, step, away = cells - 1, -1, c - cells + 1
    if not extrapolated or away > REACH:
        return u[last, k]
    f0, f1 = u[last, k], u[last + step, k]
    f2, f3 = u[last + 2 * step, k], u[last + 3 * step, k]
    if away == 1:
        return 4.0 * (f0 + f2) - 6.0 * f1 - f3
    return 10.0 * f0 - 20.0 * f1 + 15.0 * f2 - 4.0 * f3


@compiled
def crossed(u, face, whole, k, speed, beyond, extrapolated):
    """Content of the whole cells that pass the face on the left of cell `face` to the right."""
    passed = 0.0
    for c in range(face - whole, face):
        passed += content(u, c, k, speed, beyond, extrapolated)
    for c in range(face, face - whole):
        passed -= content(u, c, k, speed, beyond, extrapolated)
    return passed


@compiled
def gather(s, u, first, whole, width, speed, beyond, periodic, extrapolated):
    """Row r of s ← the cells that come to the place r − 3, for `width` lines from `first` on."""
    cells = u.shape[0]
    start = 0
    while start < width:
        # Neighbouring lines mostly move by the same number of cells.
        m, stop = whole[start], start + 1
        while stop < width and whole[stop] == m:
            stop += 1
        for r in range(cells + 5):
            c = r - 3 - m
            if periodic:
                c %= cells
            if 0 <= c < cells:
                copy_row(s[r, start:stop], u[c, first + start : first + stop])
            else:
                for k in range(start, stop):
                    s[r, k] = content(u, c, first + k, speed[first + k], beyond, extrapolated)
        start = stop


@compiled
def gather_line(s, u, whole, speed, beyond, periodic, extrapolated):
    """The same for one line that is contiguous."""
    cells, r = u.shape[0], 0
    line = u.reshape(-1)
    while r < s.size:
        c = r - 3 - whole
        if periodic:
            c %= cells
        if 0 <= c < cells:
            run = min(s.size - r, cells - c)
            copy_row(s[r : r + run], line[c : c + run])
            r += run
        else:
            s[r] = content(u, c, 0, speed, beyond, extrapolated)
            r += 1


@compiled
def move_columns(u, first, s, weights, fluxes, limited, lowest, highest, leak):
    """Gathered lines to their new values; the shares that cross the ends into leak."""
    cells, width = u.shape[0], s.shape[1]
    for i in range(cells + 1):
        out = fluxes[i % 2]
        if limited:
            limited_portion_row(out, s, i, weights, lowest, highest)
        else:
            portion_row(out, s, i, weights)
        if i == 0 or i == cells:
            for k in range(width):
                leak[1 if i else 0, first + k] += out[k]
        if i > 0:
            settle_row(u[i - 1, first : first + width], s[i + 2], fluxes[(i + 1) % 2], out)


@compiled
def move_line(u, s, weights, flux, limited, lowest, highest, leak):
    """The same for one line that is contiguous."""
    if limited:
        limited_portion_line(flux, s, weights, lowest, highest)
    else:
        portion_line(flux, s, weights)
    leak[0, 0] += flux[0]
    leak[1, 0] += flux[flux.size - 1]
    settle_line(u, s[3 : 3 + u.size], flux)


@released
def shift(worker, workers, u, speed, time, beyond, leak, periodic, extrapolated, limited, lowest,
          highest, scratch):
    """Move every line of an axis by its speed · time.

    u (outer, cells, inner); speed (outer, inner), cells per time; beyond (side, layer, outer,
    inner): what waits beyond open ends; leak (2, outer, inner): what crosses the lower and the
    upper end to the right, contents of cells; lowest, highest: bounds of the limited scheme.
    """
    outers, cells, inner = u.shape
    blocks = (inner + COLUMNS - 1) // COLUMNS
    rows, all_weights, all_fluxes, wholes = scratch
    for task in range(worker, outers * blocks, workers):
        outer, first = task // blocks, (task % blocks) * COLUMNS
        width = min(COLUMNS, inner - first)
        lines, pace = u[outer], speed[outer]
        waits = beyond[:, :, 0 if periodic else outer]
        weights, whole, through = all_weights[worker], wholes[worker], leak[:, outer]
        for k in range(width):
            distance = pace[first + k] * time
            whole[k] = int(np.floor(distance))
            weigh(weights, k, distance - whole[k])
            for side in range(2):
                through[side, first + k] = 0.0
                if not periodic:
                    through[side, first + k] = crossed(lines, side * cells, whole[k], first + k,
                                                       pace[first + k], waits, extrapolated)
        s = rows[worker].reshape(-1)[: (cells + 5) * width].reshape(cells + 5, width)
        flux = all_fluxes[worker]
        if inner == 1:
            gather_line(s.reshape(-1), lines, whole[0], pace[0], waits, periodic, extrapolated)
            move_line(lines.reshape(-1), s.reshape(-1), weights, flux[: cells + 1], limited,
                      lowest, highest, through)
        else:
            gather(s, lines, first, whole, width, pace, waits, periodic, extrapolated)
            fluxes = flux[: 2 * width].reshape(2, width)
            move_columns(lines, first, s, weights, fluxes, limited, lowest, highest, through)


@compiled
def reflected(c, cells, periodic):
    """Where cell c lies: wrapped, or mirrored at the ends."""
    if periodic:
        return c % cells
    c %= 2 * cells
    return c if c < cells else 2 * cells - 1 - c


@compiled
def subtract_rows(out, right, left):
    """out ← right − left."""
    for k in range(size(out.size)):
        out[k] = right[k] - left[k]


@separate
def subtract_neighbours(out, line):
    """∂f along a contiguous line."""
    for i in range(size(out.size)):
        out[i] = line[i + size(1)] - line[i]


@separate
def spread_row(out, d, r, taps):
    """Σ_j q_j (d_{r+j} + d_{r−j}), column by column."""
    r0 = size(r)
    for k in range(size(out.size)):
        out[k] = taps[0] * d[r0, k]
    for j in range(size(1), size(taps.size)):
        q = taps[j]
        for k in range(size(out.size)):
            out[k] += q * (d[r0 + j, k] + d[r0 - j, k])


@separate
def spread_line(out, d, taps):
    """The same along a contiguous line."""
    reach = size(taps.size - 1)
    for i in range(size(out.size)):
        out[i] = taps[0] * d[i + reach]
    for j in range(size(1), size(taps.size)):
        q = taps[j]
        for i in range(size(out.size)):
            out[i] += q * (d[i + reach + j] + d[i + reach - j])


@separate
def change_row(u, before, after):
    """u += after − before."""
    for k in range(size(u.size)):
        u[k] += after[k] - before[k]


@released
def spread(worker, workers, u, taps, periodic, scratch):
    """f_i += G_{i+1/2} − G_{i−1/2},  G = Σ_j q_j ∂f, along an axis; nothing crosses open ends.

    u (outer, cells, inner); taps q_0, q_1 = q_-1, ...
    """
    outers, cells, inner = u.shape
    reach = taps.size - 1
    blocks = (inner + COLUMNS - 1) // COLUMNS
    rows, _, all_fluxes, _ = scratch
    count = cells + 1 + 2 * reach
    for task in range(worker, outers * blocks, workers):
        outer, first = task // blocks, (task % blocks) * COLUMNS
        width = min(COLUMNS, inner - first)
        lines = u[outer]
        d = rows[worker].reshape(-1)[: count * width].reshape(count, width)
        inside = (reach + 1, reach + cells) if inner == 1 else (0, 0)
        for r in range(count):
            if not inside[0] <= r < inside[1]:
                left = reflected(r - reach - 1, cells, periodic)
                right = reflected(r - reach, cells, periodic)
                subtract_rows(d[r], lines[right, first : first + width],
                              lines[left, first : first + width])
        flux = all_fluxes[worker]
        if inner == 1:
            subtract_neighbours(d.reshape(-1)[reach + 1 : reach + cells], lines.reshape(-1))
            spread_line(flux[: cells + 1], d.reshape(-1), taps)
            change_row(lines.reshape(-1), flux[:cells], flux[1 : cells + 1])
        else:
            fluxes = flux[: 2 * width].reshape(2, width)
            for i in range(cells + 1):
                spread_row(fluxes[i % 2], d, i + reach, taps)
                if i > 0:
                    change_row(lines[i - 1, first : first + width], fluxes[(i + 1) % 2],
                               fluxes[i % 2])
