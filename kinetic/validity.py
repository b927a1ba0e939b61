"""Figures by which a run can be judged: is the expansion small, is the grid fine enough.

Judged where it matters: gaps and fields where the two bands differ in occupation, F where the
occupation varies, all outside glued cells.  D stands for ∂_k d₀·∂_r + (e - ∂_r d₀)·∂_k, the
change along the mean motion of the two bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic import bands
from kinetic.grid import SPACE, Array
from kinetic.initial import WavePacket
from kinetic.observables.base import momenta

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.hamiltonians.base import Hamiltonian, Jet
    from kinetic.system import System

_SAMPLES = 100_000
Figure = tuple[str, str, str | None]


def validity(evolution: Evolution) -> list[Figure]:
    """Figures by which the theory and the grid can be judged: (name, value, warning or None)."""
    if evolution.system.equation.coherent:
        return []
    berry = evolution.system.equation.berry
    figures = [*_density_figures(evolution), *_gap_figures(evolution)] if berry else []
    figures += _edge_figures(evolution)
    figures += _packet_figures(evolution)
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
            low, high = evolution.bounds()
            warning = (
                f"0 ≤ f ≤ 1 could not be restored in {mended} cells (all stages counted); f lies "
                f"between {low:.2g} and {high:.6g} now: refine the grid, or lower the fields or "
                "gradients that compress f."
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
        textured = evolution.system.hamiltonian.textured
        size = "ħ|F_rk + b·B_k|" if textured else "ħ|b·B_k|"
        remedy = "make the texture smoother" if textured else "lower B"
        warning = (
            f"|F| = {size} reaches {varied:.2g} where the occupation varies: errors of order "
            f"F² ; {remedy} or move the Fermi edge away from the gap closing."
        )
    return [
        ("max |F| outside the glue", f"{largest:.3g}", None),
        ("max |F| where the occupation varies", f"{varied:.3g}", warning),
        ("min D_s", f"{1.0 - 0.5 * largest:.3g}", None),
    ]


@dataclass(frozen=True)
class _Sample:
    """Cells of phase space that are looked at, no more than 100 000.

    `index` picks them along every axis, r first; `k` and `r` (by name) broadcast to (*r, *k).
    """

    index: tuple[slice, ...]
    k: list[Array]
    r: dict[str, Array]

    def sites(self, values: Array) -> Array:
        """A quantity at the sites, (..., *sites), that broadcasts against the cells."""
        count = len(self.r)
        index: tuple[Any, ...] = (Ellipsis, *self.index[:count])
        picked = np.asarray(values[index])
        return picked.reshape(*picked.shape, *[1] * len(self.k))


def _samples(evolution: Evolution) -> _Sample:
    """Every how many cells of each axis."""
    axes = evolution.system.grid.axes
    shape = [axis.cells for axis in axes]
    stride = 1
    while np.prod([-(-n // stride) for n in shape], dtype=float) > _SAMPLES:
        stride += 1
    index = tuple(slice((n - 1) % stride // 2, None, stride) for n in shape)
    centres = [axis.centres[s] for axis, s in zip(axes, index, strict=True)]
    points = list(np.meshgrid(*centres, indexing="ij", sparse=True))
    count = len(evolution.mesh.sites)
    names = [axis.name for axis in axes[:count]]
    return _Sample(index, points[count:], dict(zip(names, points[:count], strict=True)))


def _jet(evolution: Evolution, valley: int, sample: _Sample, time: float) -> Jet:
    """The Hamiltonian at the cells of a sample."""
    model = evolution.system.hamiltonian
    used = {name: x for name, x in sample.r.items() if name in model.space_names}
    return model.jet(valley, sample.k, time, used or None)


def _force(evolution: Evolution) -> Array:
    """E at the instant when it is largest.  (3, *sites)"""
    flow, fields = evolution.flow, evolution.system.fields
    stop = evolution.start if evolution.stop is None else evolution.stop
    if evolution.mesh.sites:
        times = np.linspace(evolution.start, stop, 65 if flow.e_moves else 1)
        forces = (flow.force(t) for t in times)
        return max(forces, key=lambda x: float(np.linalg.norm(x, axis=0).max()))
    times = np.linspace(evolution.start, stop, 65)
    return max((fields.electric(t) for t in times), key=lambda x: float(np.linalg.norm(x)))


def _contrast(evolution: Evolution) -> Array:
    """|f_+ - f_-| outside glued cells and nodes.  (valley, *sites, *k)"""
    f = momenta(evolution, evolution.transport.occupation())
    contrast = np.abs(f[:, 1] - f[:, 0])
    contrast[evolution.flow.glued.reshape(contrast.shape)] = 0.0
    for node in evolution.flow.nodes:
        contrast[(node.valley, ..., *node.cell)] = 0.0
    return contrast


def _gap_figures(evolution: Evolution) -> list[Figure]:
    """Fields and textures against the gap, where the bands differ in occupation."""
    system, flow = evolution.system, evolution.flow
    e, b, hbar = _force(evolution), flow.largest_b, system.equation.hbar
    textured = system.hamiltonian.textured
    if not (np.any(e) or b or textured):
        return []
    sample, differing = _samples(evolution), _contrast(evolution)
    force = sample.sites(e)
    turn = magnetic = tunnel = twist = 0.0
    for valley in range(system.valleys):
        jet = _jet(evolution, valley, sample, evolution.time)
        contrast = differing[valley][sample.index]
        gap = np.maximum(2.0 * bands.half_gap(jet), 1e-100)
        slope = np.linalg.norm(jet.vector_gradient, axis=1)
        steepest = 2.0 * np.max(slope, axis=0) / gap
        along = np.einsum("a...,ac...->c...", force[: len(slope)], jet.vector_gradient)
        m = jet.vector / (0.5 * gap)
        if textured:
            moved, twisted = _along_texture(jet, m, list(sample.r), system.hamiltonian)
            along = along + moved
            twist = max(twist, float(np.max(contrast * hbar * twisted / gap)))
        across = along - m * np.einsum("c...,c...->...", m, along)
        turning = hbar * np.linalg.norm(across, axis=0) / (0.5 * gap**2)
        speed = hbar * np.linalg.norm(along, axis=0)
        with np.errstate(divide="ignore"):
            passed = np.exp(-np.pi * (0.5 * gap) ** 2 / np.maximum(speed, 1e-300))
        turn = max(turn, float(np.max(contrast * turning)))
        tunnel = max(tunnel, float(np.max(contrast * passed)))
        magnetic = max(magnetic, float(np.max(contrast * steepest * np.sqrt(hbar * b))))
    figures: list[Figure] = []
    if np.any(e) or textured:
        warning = None
        if tunnel > 1e-2:
            remedy = "make the texture smoother" if textured else "lower E"
            warning = (
                f"Landau-Zener tunnelling of {tunnel:.2g} per passage is not in this theory: "
                f"{remedy} or widen the gap."
            )
        change = "Dm" if textured else "e·∂m"
        figures += [
            (f"max ħ|{change}|/Δ outside the glue", f"{turn:.3g}", None),
            (f"max Landau-Zener exp(-π Δ²/4ħ|{change[:-1]}d|)", f"{tunnel:.3g}", warning),
        ]
    if textured:
        warning = None
        if twist > 0.5:
            warning = (
                f"ħ|∂_kΔ·∂_r m - ∂_rΔ·∂_k m|/Δ reaches {twist:.2g} where the bands differ in "
                "occupation: the gradient expansion is rough; make the texture smoother or "
                "widen the gap."
            )
        figures.append(("max ħ|∂_kΔ·∂_r m - ∂_rΔ·∂_k m|/Δ", f"{twist:.3g}", warning))
    if b:
        warning = None
        if magnetic > 1.0:
            warning = (
                f"√(ħ|b|)|∂Δ|/Δ reaches {magnetic:.2g} where the bands differ in occupation: the "
                "gap is smaller than the Landau level spacing; lower B."
            )
        figures.append(("max √(ħ|b|)|∂Δ|/Δ outside the glue", f"{magnetic:.3g}", warning))
    return figures


def _along_texture(
    jet: Jet, m: Array, names: list[str], model: Hamiltonian
) -> tuple[Array, Array]:
    """∂_k d₀·∂_r d - ∂_r d₀·∂_k d, and |∂_kΔ·∂_r m - ∂_rΔ·∂_k m|.  (3, S), (S)"""
    drift, change = np.zeros_like(m), np.zeros_like(m)
    used = [name for name in names if name in model.space_names]
    for place, name in enumerate(used):
        direction = SPACE.index(name)
        if direction >= len(jet.vector_gradient):
            continue
        in_r, in_k = jet.vector_slope[place], jet.vector_gradient[direction]
        drift += jet.scalar_gradient[direction] * in_r - jet.scalar_slope[place] * in_k
        steep_r, steep_k = (np.einsum("c...,c...->...", m, x) for x in (in_r, in_k))
        size = bands.half_gap(jet)
        turn_r, turn_k = ((x - m * y) / size for x, y in ((in_r, steep_r), (in_k, steep_k)))
        change += 2.0 * (steep_k * turn_r - steep_r * turn_k)
    return drift, np.asarray(np.linalg.norm(change, axis=0))


def _edge_figures(evolution: Evolution) -> list[Figure]:
    """How well the grid resolves a Fermi edge: T/(|v_j| h_j), in real space T/(|∂_x ε| h_x)."""
    system = evolution.system
    sample = _samples(evolution)
    local = bool(evolution.mesh.sites)
    potential, slopes = _potential(evolution, sample)
    worst = worst_site = np.inf
    for valley in range(system.valleys):
        if local:
            reservoir = system.initial.background(valley, sample.r, potential)
        else:
            reservoir = system.initial.reservoir(valley)
        if reservoir is None:
            continue
        mu, temperature = reservoir
        jet = _jet(evolution, valley, sample, evolution.start)
        with np.errstate(invalid="ignore", divide="ignore"):
            speeds = np.abs(_speeds(jet.scalar_gradient, jet.vector_gradient, jet))
            steps = _steps(jet, sample, system, slopes)
        across = np.zeros((2, *jet.scalar.shape))
        for direction, axis in enumerate(system.grid.momentum):
            shape = [1] * len(sample.index)
            shape[len(sample.r) + direction] = -1
            widths = axis.widths[sample.index[len(sample.r) + direction]]
            across = np.maximum(across, speeds[direction] * widths.reshape(shape))
        distance = np.abs(bands.energies(jet) + potential - mu)
        near = distance <= np.maximum(np.maximum(across, steps), 2.0 * temperature)
        if np.any(near & (across > 0.0)):
            fastest = float(np.broadcast_to(across, near.shape)[near].max())
            worst = min(worst, temperature / fastest)
        steepest = float(np.max(np.where(near, steps, 0.0)))
        if steepest > 1e-12:
            worst_site = min(worst_site, temperature / steepest)
    figures: list[Figure] = []
    for name, value, remedy in (
        ("cells per thermal width T/(v h)", worst, "momentum sums are rough; refine the grid"),
        ("sites per thermal width T/(|∂_r ε| h)", worst_site, "refine the axes of real space"),
    ):
        if not np.isfinite(value):
            continue
        warning = None
        if value < 0.5:
            what = "cells" if value is worst else "sites"
            over = "velocity times cell width" if what == "cells" else "force times site width"
            warning = (
                f"the Fermi edge is {value:.2g} {what} wide (T over {over}): "
                f"{remedy} or raise T to half a {what[:-1]}."
            )
        figures.append((name, f"{value:.3g}", warning))
    return figures


def _speeds(scalar: Array, vector: Array, jet: Jet) -> Array:
    """∂ε_s from ∂d₀ (i, S) and ∂d (i, 3, S); where the gap closes ∂d₀ alone.  (i, band, S)"""
    slope = np.einsum("c...,ac...->a...", jet.vector, vector) / bands.half_gap(jet)
    slope = np.nan_to_num(slope, posinf=0.0, neginf=0.0)
    return np.stack([scalar - slope, scalar + slope], axis=1)


def _potential(evolution: Evolution, sample: _Sample) -> tuple[Array, dict[str, Array]]:
    """φ of the sites at the start, and its slope along each axis by name."""
    if not sample.r:
        return np.zeros(()), {}
    flow = evolution.flow
    phi = np.asarray(flow.fields.potential_at(sample.r, evolution.start))
    descent = flow.force(evolution.start) - flow.force(evolution.start, potential=False)
    return phi, {n: -sample.sites(descent[SPACE.index(n)]) for n in sample.r}


def _steps(jet: Jet, sample: _Sample, system: System, slopes: dict[str, Array]) -> Array:
    """Largest change of ε_s + φ from one site to the next.  (band, S)"""
    shape = np.broadcast_shapes(jet.scalar.shape, *(x.shape for x in sample.r.values()))
    largest = np.zeros((2, *shape))
    used = [name for name in sample.r if name in system.hamiltonian.space_names]
    for axis in system.grid.space:
        slope = np.broadcast_to(slopes[axis.name], largest.shape)
        if axis.name in used:
            place = used.index(axis.name)
            own = slice(place, place + 1)
            slope = slope + _speeds(jet.scalar_slope[own], jet.vector_slope[own], jet)[0]
        largest = np.maximum(largest, np.abs(slope) * axis.widths[0])
    return largest


def _packet_figures(evolution: Evolution) -> list[Figure]:
    """Whether the grid holds and resolves the packet that it starts from."""
    initial = evolution.system.initial
    if not isinstance(initial, WavePacket) or evolution.time != evolution.start:
        return []
    band = int(initial.band == "upper")
    peak = float(evolution.transport.occupation()[band::2].max()) / initial.amplitude
    warning = None
    if peak < 0.8:
        warning = (
            f"the largest occupation on the grid is {peak:.2g} of the packet's: it lies outside "
            "or is narrower than a cell; move or widen it, or refine the grid."
        )
    return [("peak of the packet on the grid", f"{peak:.3g}", warning)]


def cutoff_tail(evolution: Evolution) -> float | None:
    """Largest distance of f from full or empty in the cells along open k faces; None without."""
    faces = [face for face in evolution.faces() if face[1] < 6]
    if evolution.system.bounded or not faces:
        return None
    f = evolution.transport.occupation()
    worst = 0.0
    for _, place in faces:
        ends = np.moveaxis(f, place // 2 + 1, 1)[:, -(place % 2)]
        worst = max(worst, float(np.max(np.minimum(ends, 1.0 - ends))))
        worst = max(worst, float(np.max(ends[1::2])))  # a full upper band does not end here
    return worst
