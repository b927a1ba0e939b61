"""Velocities of sites that differ by the force e alone, as sums of a few modes.

    W^{k_j} = ∮(ε̄ b)_j + e_j dS_j + ½ s ħ (e·b) Φ_j
    W^{x_i} = ⟨∂_{k_i} ε̄⟩ + ½ s ħ (b_i chiral part + (e × B_k)_i)

Where the Hamiltonian is the same everywhere and b is uniform nothing else depends on r.

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (37), (38).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.potentials import moving_force
from kinetic.spacestored import laid_out
from kinetic.twoform import TIME, Entry, TwoForm, momentum, permutation
from kinetic.velocities import FaceModes, Stream, constant

if TYPE_CHECKING:
    from kinetic.spaceflow import SpaceFlow

Circulations = list[tuple[list[Array], list[Array]]]
"""Per valley W of every r axis and of every k axis, see `Landscape.circulated`; may be empty."""


def face_modes(flow: SpaceFlow, base: Circulations, t: float, potential: bool) -> FaceModes:
    """W through the k faces; `potential`: whether -∂φ belongs to e."""
    mesh, signs = flow.mesh, flow.signs
    chiral = bool(mesh.dimensions == 3 and flow.hbar)
    e = flow.force(t, potential=potential).reshape(3, -1)
    factors = np.zeros((e.shape[1], 3, 3 if chiral else 2))
    factors[:, :, 0] = 1.0
    if chiral:
        b = flow.magnetic(t).reshape(3, -1)
        factors[:, :, 2] = 0.5 * flow.hbar * np.sum(e * b, axis=0)[:, None]
    slots = []
    for slot in range(3):
        whole = np.zeros((factors.shape[2], 2 * flow.system.valleys, *flow.shapes[slot][1:]))
        if slot in mesh.slots:
            j = mesh.slots.index(slot)
            factors[:, slot, 1] = e[j]
            for v, land in enumerate(flow.landscapes):
                values: list[Any] = [base[v][1][j] if base else 0.0, land.area(j)]
                if flow.texture_moves:
                    moved = land.gathered(t, moving_force(j), j, None)
                    if moved is not None:
                        values[0] = values[0] - 0.5 * flow.hbar * signs * moved * land.area(j)
                if chiral:
                    values.append(signs * flow.links[v][j])
                for m, value in enumerate(values):
                    _lay(flow, whole[m, 2 * v : 2 * v + 2], slot, np.asarray(value))
        slots.append(whole)
    return FaceModes((slots[0], slots[1], slots[2]), factors)


def _lay(flow: SpaceFlow, out: Array, slot: int, values: Array) -> None:
    """Put (*1, band, *faces) into (band, A, B, C) with the ghost columns of its slot."""
    inner = out if slot == 2 else out[..., 1:-1]
    mesh = flow.mesh
    faces = [
        axis.cells + int(own == slot)
        for own, axis in zip(mesh.slots, mesh.grid.momentum, strict=True)
    ]
    if values.ndim > len(faces):
        values = values.reshape(values.shape[-len(faces) - 1 :])
    inner[...] = np.broadcast_to(values, (2, *faces)).reshape(inner.shape)
    if slot != 2:
        out[..., 0], out[..., -1] = out[..., -2], out[..., 1]


def mode_stream(flow: SpaceFlow, n: int, base: Circulations, t: float, potential: bool) -> Stream:
    """D_s ẋ_s along the r axis n."""
    mesh, direction, signs = flow.mesh, flow.direction(n), flow.signs
    cells = [axis.cells for axis in mesh.grid.momentum]
    empty = np.zeros((*[1] * len(flow.space), 2, *cells))
    values = [base[v][0][n] + empty if base else empty for v in range(flow.system.valleys)]
    curved = bool(flow.hbar) and direction < mesh.dimensions
    if curved and flow.texture_moves:
        for v, land in enumerate(flow.landscapes):
            moved = land.gathered(t, _moving_velocity(direction), None, n)
            if moved is not None:
                values[v] = values[v] + 0.5 * flow.hbar * signs * moved
    stream = laid_out(flow, n, values)
    if not curved:
        return stream
    e = flow.force(t, keep=n, potential=potential)
    modes, weights = [], []
    for m in range(mesh.dimensions):
        if m == direction or not np.any(e[m]):
            continue
        turn = permutation(direction, m)
        assert turn is not None
        assert flow.curvature is not None
        bend = flow.hbar * turn[1] * flow.curvature[:, turn[0]].reshape(-1, 1, *cells)
        if np.any(bend):
            modes.append((signs * bend).reshape(-1, *mesh.shape))
            weights.append(0.5 * e[m])
    if not modes:
        return stream
    return Stream(stream.values, stream.strides, np.stack(modes), *constant(weights, n))


def _moving_velocity(j: int) -> Callable[[TwoForm], Entry]:
    """F_{k_j t}."""
    return lambda form: form.curvature(momentum(j), TIME)
