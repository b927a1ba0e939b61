"""Velocities through the faces of all patches, where they are stored one by one.

The drive e, textures in motion, and how (*sites, band, *k) is laid out for the kernels.

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (24), (37), (38).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.potentials import moving_force
from kinetic.sites import LAYERS
from kinetic.twoform import TIME, Entry, TwoForm, momentum, permutation, position
from kinetic.velocities import Faces, Stream, steps

if TYPE_CHECKING:
    from kinetic.spaceflow import SpaceFlow


def driven_faces(
    flow: SpaceFlow, v: int, j: int, t: float, berry: float, potential: bool
) -> Array:
    """What the drive and moving textures add to W^{k_j}.  (*sites, band, *faces)"""
    land, signs = flow.landscapes[v], flow.signs
    e = flow.force(t, potential=potential and not flow.textured)
    out = flow.sites_first(e[j]) * land.area(j) * np.ones_like(signs)
    if not berry or not flow.hbar:
        return np.asarray(out)
    if not flow.textured:
        b = np.broadcast_to(flow.fields.magnetic_at(flow.coordinates(), t), e.shape)
        if flow.mesh.dimensions == 3:
            along = flow.sites_first(np.sum(e * b, axis=0))
            out = out + (0.5 * flow.hbar) * along * signs * flow.links[v][j]
    else:
        for m in range(flow.mesh.dimensions):
            if np.any(e[m]):
                tensor = land.gathered(t, _berry_entry(m, j), j, None)
                if tensor is not None:
                    part = 0.5 * flow.sites_first(e[m]) * tensor * signs
                    out = out + part * land.area(j)
    if flow.texture_moves:
        moved = land.gathered(t, moving_force(j), j, None)
        if moved is not None:
            out = out - 0.5 * flow.hbar * signs * moved * land.area(j)
    return np.asarray(out)


def driven_along(
    flow: SpaceFlow, v: int, n: int, t: float, berry: float, potential: bool
) -> Array:
    """What the drive and moving textures add to W^{x_n}.  (*sites, band, *k)"""
    d = flow.mesh.dimensions
    out = np.zeros([1] * (len(flow.space) + 1 + d))
    direction = flow.direction(n)
    if not berry or not flow.hbar or direction >= d:
        return out
    signs, land = flow.signs, flow.landscapes[v]
    e = flow.force(t, keep=n, potential=potential and not flow.textured)
    for m in range(d):
        if m == direction or not np.any(e[m]):
            continue
        if flow.textured:
            tensor = land.gathered(t, _berry_entry(m, direction, real=True), None, n)
        else:
            turn = permutation(direction, m)
            assert turn is not None
            assert flow.curvature is not None
            tensor = flow.hbar * turn[1] * flow.curvature[v, turn[0]].reshape(flow.cells)
            if not np.any(tensor):
                tensor = None
        if tensor is not None:
            out = out + 0.5 * flow.sites_first(e[m]) * tensor * signs
    if flow.texture_moves:
        moved = land.gathered(t, lambda form: form.curvature(momentum(direction), TIME), None, n)
        if moved is not None:
            out = out + 0.5 * flow.hbar * signs * moved
    return np.asarray(out)


def put(flow: SpaceFlow, out: Faces, v: int, j: int, values: Array) -> None:
    """Lay (*sites, band, *faces) of one valley into the slots."""
    slot = flow.mesh.slots[j]
    shape = flow.shapes[slot][1:]
    if slot != 2:
        shape = (*shape[:2], shape[2] - 2)
    faces = [cells + int(i == j) for i, cells in enumerate(flow.cells)]
    full = np.broadcast_to(values, (*flow.mesh.sites, 2, *faces))
    count = 2 * flow.mesh.site_count
    target = out[slot][v * count : (v + 1) * count]
    if slot == 2:
        target.reshape(*flow.mesh.sites, 2, *full.shape[len(flow.mesh.sites) + 1 :])[...] = full
        return
    target[..., 1:-1] = full.reshape(count, *shape)
    target[..., 0], target[..., -1] = target[..., -2], target[..., 1]


def laid_out(flow: SpaceFlow, n: int, parts: Any) -> Stream:
    """The velocities along an r axis of all valleys, laid out for the kernel."""
    values = np.stack(parts)  # (valley, *sites, band, *k)
    sites = list(flow.mesh.sites)
    sites[n] += 0 if flow.space[n].periodic else 2 * LAYERS
    kept = list(values.shape[1 : 1 + len(sites)])
    for group in (range(n), range(n + 1, len(sites))):
        if any(kept[place] > 1 for place in group):
            for place in group:
                kept[place] = sites[place]
    values = np.broadcast_to(values, (len(parts), *kept, 2, *flow.cells))
    strides = steps(kept, n)
    return Stream(np.ascontiguousarray(values).reshape(-1, *flow.mesh.shape), strides)


def _berry_entry(m: int, j: int, real: bool = False) -> Callable[[TwoForm], Entry]:
    """R^{r_m k_j} for the force along k_j, or -R^{r_j r_m} for the velocity along r_j."""

    def entry(form: TwoForm) -> Entry:
        if real:
            value = form.berry(position(j), position(m))
            return None if value is None else -value
        return form.berry(position(m), momentum(j))

    return entry
