"""Streaming along one axis of real space, with the pass through the k cells before it if wanted.

    Φ = c₆(⟨W f⟩) + c₆(W) (f̂ − c₆(f))        Φ = ⟨W f̂⟩  where W is the same all along the line

Values at sites are points in r and averages over k cells.  c₆ is the sixth-order face value of
the sliding-average form, f̂ the upwind-biased (and limited) one; ⟨W f⟩ carries the product rule of
the k axes.  A constant f has Φ = c₆(W), whose differences are the sixth-order derivative of W.

A task is a part of a line of sites and a tile of k rows, so small that the tiles of the sites
around a face stay in the cache: the pass through k and the streaming read f from memory once.

Source: Shu and Osher, J. Comput. Phys. 83, 32 (1989); Jiang and Shu, ibid. 126, 202 (1996).
"""

from __future__ import annotations

from kinetic.kernels import LINEAR5, UPWIND1
from kinetic.kernels.fronts import (
    face_values,
    given_flux,
    pass_limited,
    pass_limited_crossed,
    pass_linear,
    pass_linear_crossed,
    pass_upwind,
    pass_varying_limited,
    pass_varying_linear,
    products_of,
    slopes_of,
    window_of,
)
from kinetic.kernels.points import compiled, released
from kinetic.kernels.tiles import sweep_tile

# fmt: off


@compiled
def layer(f, beyond, first, step, line, i, cells, periodic):
    """Padded f of the site i of a line, or of what waits beyond its ends."""
    if periodic:
        return f[first + ((i + cells) % cells) * step]
    if 0 <= i < cells:
        return f[first + i * step]
    side, place = (0, i + 3) if i < 0 else (1, i - cells)
    return beyond[side, place, line]


@compiled
def stream_line(u, f, beyond, ends, first, source, step, line, span, cells, tile, velocity, place,
                gamma, mesh, periodic, scheme, damping, scratch, sweeps, swept, leaks):
    """Advance one tile of k rows of the sites span[0] ... span[1] - 1 of a line.

    first, step: place of the sites of the line in u, `source` of those in f; velocity, place: see
    `window_of`; beyond (side, layer, line, padded k): f at three sites beyond each open end;
    ends (side, line, k): the fluxes through the open ends; swept: see `stream`.
    """
    products, ghosts = mesh
    windows, rings, slopes, means, jumps, old = scratch
    varies = velocity[1][2] != 0 or velocity[4][2] != 0
    counts = (tile[1] - tile[0], tile[3] - tile[2])
    shift = 0 if periodic else 3
    old[...] = 0.0
    if varies:
        for i in range(span[0] - 3, span[0] + 2):
            at = (i + 6) % 6
            site = (i + cells) % cells if periodic else i + shift
            window_of(windows[at], velocity, place, site, tile, ghosts)
            products_of(rings[at], windows[at], layer(f, beyond, source, step, line, i, cells,
                        periodic), tile, counts, products, ghosts)
    else:
        window_of(windows[0], velocity, place, 0, tile, ghosts)
        slopes_of(slopes, windows[0], tile, counts, products, ghosts)
    for face in range(span[0], span[1] + 1):
        # The flux into the first site has nothing before it to empty: it moves nothing.
        moved = 0.0 if face == span[0] else gamma
        site = max(face - 1, span[0])
        if sweeps and face > span[0]:
            (base, rest, modes, entry, factors, at, every, blocks, weights, k_mesh, steady,
             sourced, buffers) = swept
            index = first + site * step
            task = index * blocks + at
            leaks[task] = 0.0
            sweep_tile(
                u[index], base[index], rest[index], f[index], modes,
                index if entry < 0 else entry,
                factors[(every[0] + site * every[1]) % len(factors)], tile, weights, k_mesh,
                scheme, sourced, not steady or face == span[0] + 1, buffers, leaks[task],
            )
        out = u[first + site * step]
        if varies:
            i = face + 2
            at = i % 6
            place_r = (i + cells) % cells if periodic else i + shift
            window_of(windows[at], velocity, place, place_r, tile, ghosts)
            products_of(rings[at], windows[at], layer(f, beyond, source, step, line, i, cells,
                        periodic), tile, counts, products, ghosts)
        if not periodic and (face == 0 or face == cells):
            given_flux(out, old, ends[1 if face == cells else 0, line], tile, moved)
            continue
        f0 = layer(f, beyond, source, step, line, face - 3, cells, periodic)
        f1 = layer(f, beyond, source, step, line, face - 2, cells, periodic)
        f2 = layer(f, beyond, source, step, line, face - 1, cells, periodic)
        f3 = layer(f, beyond, source, step, line, face, cells, periodic)
        f4 = layer(f, beyond, source, step, line, face + 1, cells, periodic)
        f5 = layer(f, beyond, source, step, line, face + 2, cells, periodic)
        if scheme == UPWIND1:
            pass_upwind(out, old, f2, f3, windows, face, varies, tile, ghosts, moved)
        elif varies:
            if scheme == LINEAR5:
                pass_varying_linear(out, old, f0, f1, f2, f3, f4, f5, windows, rings, face, tile,
                                    ghosts, moved, damping)
            else:
                pass_varying_limited(out, old, f0, f1, f2, f3, f4, f5, windows, rings, face, tile,
                                     ghosts, moved, damping)
        else:
            further = min(face + 3, cells + 2)
            coming = layer(f, beyond, source, step, line, further, cells, periodic)
            follows = first + min(face, cells - 1) * step
            face_values(means, jumps, f0, f1, f2, f3, f4, f5, tile, ghosts, coming, u[follows],
                        swept[0][follows])
            if scheme == LINEAR5 and ghosts[1] > 0:
                pass_linear_crossed(out, old, f0, f1, f2, f3, f4, f5, means, jumps, windows[0],
                                    slopes, tile, ghosts, moved, damping)
            elif scheme == LINEAR5:
                pass_linear(out, old, f0, f1, f2, f3, f4, f5, means, jumps, windows[0], slopes,
                            tile, ghosts, moved, damping)
            elif ghosts[1] > 0:
                pass_limited_crossed(out, old, f0, f1, f2, f3, f4, f5, means, jumps, windows[0],
                                     slopes, tile, ghosts, moved, damping)
            else:
                pass_limited(out, old, f0, f1, f2, f3, f4, f5, means, jumps, windows[0], slopes,
                             tile, ghosts, moved, damping)


@released
def stream(worker, workers, u, f, beyond, ends, layout, velocity, gamma, mesh, periodic, scheme,
           other, parts, scratch, sweeps, swept, leaks):
    """u -= γ ∂_x Φ along one axis of real space; with `sweeps` the pass through k before.

    u (valley·site·band, A, B, C), f the same padded.
    layout: (valleys, outer sites, cells along the axis, inner sites); gamma: γ/h; other: 1 if the
    fluxes carry the occupation of the other band, which has no side it comes from; parts: of the
    line, of A and of B; velocity: (values, strides, modes, weights, strides of these), see
    `Stream`; swept: what `sweep_tile` needs besides; stored: modes are W of every patch and band;
    steady: the slopes of W across its faces are the same at all sites; leaks (part, 6).
    """
    valleys, outer, cells, inner = layout
    na, nb = u.shape[1], u.shape[2]
    blocks = parts[1] * parts[2]
    count = parts[0] * blocks
    strides, site_strides = velocity[1], velocity[4]
    base, rest, modes, stored, factors, weights, k_mesh, steady, sourced, k_buffers = swept
    windows, rings, slopes = scratch[0][worker], scratch[1][worker], scratch[2][worker]
    buffers = (windows, rings, slopes, scratch[3][worker], scratch[4][worker], scratch[5][worker])
    planes = (
        (k_buffers[0][0][worker], k_buffers[0][1][worker], k_buffers[0][2][worker]),
        (k_buffers[1][0][worker], k_buffers[1][1][worker], k_buffers[1][2][worker]),
        (k_buffers[2][0][worker], k_buffers[2][1][worker], k_buffers[2][2][worker]),
        (k_buffers[3][0][worker], k_buffers[3][1][worker], k_buffers[3][2][worker]),
    )
    for task in range(worker, valleys * outer * inner * 2 * count, workers):
        line, part = task // count, task % count
        section, block = part // blocks, part % blocks
        a, b = block // parts[2], block % parts[2]
        band, within = line % 2, (line // 2) % inner
        without, valley = (line // (2 * inner)) % outer, line // (2 * inner * outer)
        first = ((valley * outer + without) * cells * inner + within) * 2
        start = (valley * strides[0] + without * strides[1] + within * strides[3]) * 2 + band
        at = without * site_strides[1] + within * site_strides[3]
        entry = 2 * valley + band
        tile = (a * na // parts[1], (a + 1) * na // parts[1],
                b * nb // parts[2], (b + 1) * nb // parts[2])
        span = (section * cells // parts[0], (section + 1) * cells // parts[0])
        every = (without * cells * inner + within, inner)
        more = (base, rest, modes, -1 if stored else entry, factors, block, every, blocks,
                weights, k_mesh, steady, sourced, planes)
        stream_line(u, f, beyond, ends, first + band, first + (band ^ other), 2 * inner,
                    line ^ other, span, cells, tile, velocity, (start, entry, at), gamma, mesh,
                    periodic, scheme, 1.0 - other, buffers, sweeps, more, leaks)
