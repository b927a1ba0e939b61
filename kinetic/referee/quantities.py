"""What a comparison compares, and what errors are relative to.

n_s and f_s are compared cell by cell, ρ(r) and j(r) place by place, as RMS deviations relative to
the RMS of what is exact: of n_s and f_s themselves; for ρ of

    ρ₀(r) = Σ_s ∫dᵈk |n_s − n_sea| ,

n_sea a filled lower band where most of it is full, so that ρ₀ counts electrons and holes; for j
of j or ρ₀ ⟨v²⟩^½, whichever is larger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kinetic import bands
from kinetic.applicability import Sample
from kinetic.grid import Array, Axis
from kinetic.observables.applicability import held
from kinetic.observables.base import momenta
from kinetic.observables.weights import averaged_product
from kinetic.study import observe

QUANTITIES = {"n_s": "n_s", "f_s": "f_s", "density": "the density", "current": "the current"}
_FEW = 20_000  # cells that a mean speed is taken over
_MIDPOINT = np.array([3.0, -25.0, 150.0, 150.0, -25.0, 3.0]) / 256.0


def read(evolution: Any) -> dict[str, Array]:
    """Averages of n_s and f_s over momentum cells, (2πħ)^d ρ and (2πħ)^d j, by name."""
    mesh, measure = evolution.mesh, evolution.phase_space
    f, n = held(evolution), momenta(evolution, evolution.densities())
    if evolution.system.equation.coherent:
        f = evolution.cell_averages(f)
    elif evolution.system.equation.level != "projected":
        n = f
        if evolution.system.equation.berry:
            cells = [axis.cells for axis in mesh.grid.momentum]
            dressing = evolution.transport.dressing.reshape(len(f), *mesh.sites, *cells)
            n = f + 0.25 * averaged_product(mesh, dressing, f[:, 1] - f[:, 0])[:, None]
    within = tuple(range(-mesh.dimensions, 0))
    density = np.sum(n * mesh.grid.volumes, axis=within).sum(axis=(0, 1))
    current = observe(evolution, "current")["current"][: mesh.dimensions]
    return {"n_s": n, "f_s": f, "density": density, "current": measure * current}


def rms(values: Array) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def scales(evolution: Any, exact: Mapping[str, Array]) -> dict[str, float]:
    """What errors are relative to, by name; see the head of this module."""
    system, volumes = evolution.system, evolution.system.grid.volumes
    mobile = np.array(exact["n_s"])
    mobile[:, 0] -= evolution.filling
    np.abs(mobile, out=mobile)
    within = tuple(range(-evolution.mesh.dimensions, 0))
    carried = np.sum(mobile * volumes, axis=within).sum(axis=(0, 1))
    density = max(rms(carried), 1e-9 * float(volumes.sum()))
    sample = Sample.of(system, _FEW)
    weight = squares = 1e-300
    for valley in range(system.valleys):
        here = mobile[valley][(slice(None), *sample.index)]
        with np.errstate(all="ignore"):
            v = np.nan_to_num(bands.velocities(sample.jet(system, valley, evolution.time)))
        squares += float(np.sum(here * np.einsum("is...,is...->s...", v, v)))
        weight += float(np.sum(here))
    speed = np.sqrt(squares / weight)
    current = max(rms(exact["current"]), density * speed)
    return {
        "n_s": rms(exact["n_s"]),
        "f_s": rms(exact["f_s"]),
        "density": density,
        "current": current,
    }


def merged(values: Array, axes: Sequence[Axis]) -> Array:
    """Averages over pairs of momentum cells; between sites by interpolation of sixth order."""
    for place, axis in enumerate(axes):
        lines = np.moveaxis(values, 2 + place, -1)
        if axis.spatial:
            wide = np.pad(
                lines,
                [(0, 0)] * (lines.ndim - 1) + [(2, 2)],
                mode="wrap" if axis.periodic else "edge",
            )
            count = axis.cells
            lines = sum(
                (w * wide[..., i : i + count : 2] for i, w in enumerate(_MIDPOINT)),
                start=np.zeros(()),
            )
        else:
            weights = axis.widths / np.repeat(axis.widths[0::2] + axis.widths[1::2], 2)
            lines = lines[..., 0::2] * weights[0::2] + lines[..., 1::2] * weights[1::2]
        values = np.moveaxis(lines, -1, 2 + place)
    return values
