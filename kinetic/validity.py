"""Figures by which a run can be judged: is the expansion small, is the grid fine enough.

Judged where it matters: gaps and fields where the two bands differ in occupation, F where the
occupation varies, all outside glued cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinetic import bands
from kinetic.observables.base import momenta

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_SAMPLES = 100_000
Figure = tuple[str, str, str | None]


def validity(evolution: Evolution) -> list[Figure]:
    """Figures by which the theory and the grid can be judged: (name, value, warning or None)."""
    berry = evolution.system.equation.berry
    figures = [*_density_figures(evolution), *_gap_figures(evolution)] if berry else []
    figures += _edge_figures(evolution)
    tail = cutoff_tail(evolution)
    if tail is not None:
        warning = None
        if tail > 1e-6 and evolution.system.initial.reservoir(0) is not None:
            warning = (
                f"the state reaches the cutoff with {tail:.2g}: sums over momentum are "
                "wrong by about that fraction; enlarge the grid."
            )
        figures.append(("thermal tail at the cutoff", f"{tail:.2e}", warning))
    if evolution.system.equation.limiter == "bounds":
        mended = evolution.mended
        warning = None
        if mended:
            warning = (
                f"0 ≤ f ≤ 1 could not be restored in {mended} cells: lower [time] courant or "
                "refine the grid."
            )
        figures.append(("cells that broke a bound for good", str(mended), warning))
    return figures


def _density_figures(evolution: Evolution) -> list[Figure]:
    dressing = np.abs(evolution.transport.dressing)
    largest = float(dressing.max(initial=0.0))
    if largest == 0.0:
        return []
    f = evolution.transport.occupation()
    edge = np.maximum(f[0::2] * (1.0 - f[0::2]), f[1::2] * (1.0 - f[1::2]))
    varied = float(np.max(dressing * (edge > 0.05), initial=0.0))
    warning = None
    if varied > 0.25:
        warning = (
            f"|F| = ħ|b·B_k| reaches {varied:.2g} where the occupation varies: errors of order "
            "F² ; lower B or move the Fermi edge away from the gap closing."
        )
    return [
        ("max |F| outside the glue", f"{largest:.3g}", None),
        ("max |F| where the occupation varies", f"{varied:.3g}", warning),
        ("min D_s", f"{1.0 - 0.5 * largest:.3g}", None),
    ]


def _samples(evolution: Evolution) -> list[slice]:
    """Every how many cells of each axis, so that no more than 100 000 are looked at."""
    shape = evolution.system.grid.shape
    stride = 1
    while np.prod([-(-n // stride) for n in shape], dtype=float) > _SAMPLES:
        stride += 1
    return [slice((n - 1) % stride // 2, None, stride) for n in shape]


def _gap_figures(evolution: Evolution) -> list[Figure]:
    """Fields against the gap, where the bands differ in occupation."""
    system, flow = evolution.system, evolution.flow
    stop = evolution.start if evolution.stop is None else evolution.stop
    times = np.linspace(evolution.start, stop, 65)
    e = max((system.fields.electric(t) for t in times), key=lambda x: float(np.linalg.norm(x)))
    b = flow.largest_b
    hbar = system.equation.hbar
    if not (np.any(e) or b):
        return []
    places = _samples(evolution)
    centres = [axis.centres[s] for axis, s in zip(system.grid.momentum, places, strict=True)]
    k = np.meshgrid(*centres, indexing="ij", sparse=True)
    f = momenta(evolution, evolution.transport.occupation())
    turn = magnetic = tunnel = 0.0
    for valley, geometry in enumerate(flow.geometries):
        jet = geometry.jet(k, evolution.time)
        contrast = np.abs(f[valley, 1] - f[valley, 0])
        contrast[flow.glued[valley].reshape(system.grid.shape)] = 0.0
        for node in flow.nodes:
            if node.valley == valley:
                contrast[node.cell] = 0.0
        contrast = contrast[tuple(places)]
        gap = np.maximum(2.0 * bands.half_gap(jet), 1e-100)
        slope = np.linalg.norm(jet.vector_gradient, axis=1)
        steepest = 2.0 * np.max(slope, axis=0) / gap
        along = np.einsum("a,ac...->c...", e[: len(slope)], jet.vector_gradient)
        m = jet.vector / (0.5 * gap)
        across = along - m * np.einsum("c...,c...->...", m, along)
        turning = hbar * np.linalg.norm(across, axis=0) / (0.5 * gap**2)
        speed = hbar * np.linalg.norm(along, axis=0)
        with np.errstate(divide="ignore"):
            passed = np.exp(-np.pi * (0.5 * gap) ** 2 / np.maximum(speed, 1e-300))
        turn = max(turn, float(np.max(contrast * turning)))
        tunnel = max(tunnel, float(np.max(contrast * passed)))
        magnetic = max(magnetic, float(np.max(contrast * steepest * np.sqrt(hbar * b))))
    figures: list[Figure] = []
    if np.any(e):
        warning = None
        if tunnel > 1e-2:
            warning = (
                f"Landau-Zener tunnelling of {tunnel:.2g} per passage is not in this theory: "
                "lower E or widen the gap."
            )
        figures += [
            ("max ħ|e·∂m|/Δ outside the glue", f"{turn:.3g}", None),
            ("max Landau-Zener exp(-π Δ²/4ħ|e·∂d|)", f"{tunnel:.3g}", warning),
        ]
    if b:
        warning = None
        if magnetic > 1.0:
            warning = (
                f"√(ħ|b|)|∂Δ|/Δ reaches {magnetic:.2g} where the bands differ in occupation: the "
                "gap is smaller than the Landau level spacing; lower B."
            )
        figures.append(("max √(ħ|b|)|∂Δ|/Δ outside the glue", f"{magnetic:.3g}", warning))
    return figures


def _edge_figures(evolution: Evolution) -> list[Figure]:
    """How well the grid resolves a Fermi edge: T/(|v_j| h_j)."""
    system = evolution.system
    places = _samples(evolution)
    centres = [axis.centres[s] for axis, s in zip(system.grid.momentum, places, strict=True)]
    k = np.meshgrid(*centres, indexing="ij", sparse=True)
    worst = np.inf
    for valley, geometry in enumerate(evolution.flow.geometries):
        reservoir = system.initial.reservoir(valley)
        if reservoir is None:
            continue
        mu, temperature = reservoir
        jet = geometry.jet(k, evolution.start)
        with np.errstate(invalid="ignore", divide="ignore"):
            speeds = np.abs(np.nan_to_num(bands.velocities(jet), posinf=0.0, neginf=0.0))
        across = np.zeros((2, *jet.scalar.shape))
        for direction, (axis, place) in enumerate(zip(system.grid.momentum, places, strict=True)):
            shape = [1] * len(centres)
            shape[direction] = -1
            across = np.maximum(across, speeds[direction] * axis.widths[place].reshape(shape))
        distance = np.abs(bands.energies(jet) - mu)
        near = distance <= np.maximum(across, 2.0 * temperature)
        if np.any(near & (across > 0.0)):
            worst = min(worst, temperature / float(across[near].max()))
    if not np.isfinite(worst):
        return []
    warning = None
    if worst < 0.5:
        warning = (
            f"the Fermi edge is {worst:.2g} cells wide (T over velocity times cell width): "
            "momentum sums are rough; refine the grid or raise T to half a cell."
        )
    return [("cells per thermal width T/(v h)", f"{worst:.3g}", warning)]


def cutoff_tail(evolution: Evolution) -> float | None:
    """Largest distance of f from full or empty in the cells along open faces; None without."""
    faces = evolution.faces()
    if evolution.system.bounded or not faces:
        return None
    f = evolution.transport.occupation()
    worst = 0.0
    for _, place in faces:
        ends = np.moveaxis(f, place // 2 + 1, 1)[:, -(place % 2)]
        worst = max(worst, float(np.max(np.minimum(ends, 1.0 - ends))))
    return worst
