"""Figures by which a run can be judged: is the expansion small, is the grid fine enough.

Judged where it matters: gaps and fields where the two bands differ in occupation, F where the
occupation varies, all outside glued cells.  D, the change along the mean motion of the two bands,
is that of `applicability`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from kinetic import bands
from kinetic.applicability import Applicability, Sample, assess, drive_frequency
from kinetic.grid import SPACE, Array
from kinetic.initial import SpinorPacket, WavePacket
from kinetic.observables.applicability import contrast, held

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.hamiltonians.base import Jet
    from kinetic.quantum.base import QuantumEvolution
    from kinetic.system import System

Figure = tuple[str, str, str | None]
_APART = 0.25  # of an eigenvalue of n̂ from [0, 1]
_SHORT = 1e-3  # of Σ|n̂|²
_ROUND = 1e-3  # occupation at the ends of k that an exact run must not have


def validity(evolution: Evolution) -> list[Figure]:
    """Figures by which the theory and the grid can be judged: (name, value, warning or None)."""
    found = _worst(evolution)
    figures = [*_density_figures(evolution, found), *_gap_figures(evolution, found)]
    if evolution.system.equation.coherent:
        exact = cast("QuantumEvolution", evolution)
        figures = [*_without_warnings(figures), *_resolution_figures(exact)]
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
        elif tail > _ROUND and evolution.system.equation.coherent and evolution.mesh.sites:
            warning = (
                f"the state reaches the ends of the momentum axes with {tail:.2g}: what passes "
                "them comes round at the other end; widen the axes."
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


def _resolution_figures(evolution: QuantumEvolution) -> list[Figure]:
    """How well the cells hold the waves of a matrix Wigner function."""
    low, high = evolution.eigenvalues
    warning = None
    if low < -_APART or high > 1.0 + _APART:
        warning = (
            f"the eigenvalues of n̂ at the start lie between {low:.2g} and {high:.2g}: the "
            "first-order expansion that prepares the state is rough; lower ħ or the fields, or "
            "take preparation = 'exact'."
        )
    figures: list[Figure] = [
        ("eigenvalues of n̂ at the start", f"{low:.3g} to {high:.3g}", warning)
    ]
    name, share = evolution.short_waves()
    if not name:
        return figures
    warning = None
    if share > _SHORT:
        warning = (
            f"{share:.2g} of Σ|n̂|² is in waves shorter than 2.2 cells of {name}: the state is "
            "finer than the grid; take more cells, or stop earlier."
        )
    return [*figures, (f"share of waves under 2.2 cells ({name})", f"{share:.2g}", warning)]


def _without_warnings(figures: list[Figure]) -> list[Figure]:
    """The figures of an exact run: they only tell whether a kinetic one would do."""
    rough = [f"{name} = {value}" for name, value, warning in figures if warning]
    verdict = f"no: {', '.join(rough)}" if rough else "yes"
    plain: list[Figure] = [(name, value, None) for name, value, _ in figures]
    return [*plain, ("whether a kinetic level would do so far", verdict, None)] if plain else []


def _density_figures(evolution: Evolution, found: Applicability) -> list[Figure]:
    equation = evolution.system.equation
    if equation.coherent or not equation.berry:
        name, value = "max |F| where the bands differ", found.curvature
        rough = equation.coherent and value > 0.25
        return [(name, f"{value:.3g}", "rough" if rough else None)] if value else []
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


def _gap_figures(evolution: Evolution, found: Applicability) -> list[Figure]:
    """Drives and textures against the gap, where the bands differ in occupation."""
    model = evolution.system.hamiltonian
    textured, moving = model.textured, model.time_dependent
    figures: list[Figure] = []

    def add(name: str, value: float, limit: float, words: str) -> None:
        figures.append((name, f"{value:.3g}", words if value > limit else None))

    if found.turning or textured or moving:
        change = "Dm" if textured or moving else "e·∂m"
        remedy = "make the texture smoother" if textured else "lower E"
        remedy = "change it more slowly" if moving and not textured else remedy
        add(f"max ħ|{change}|/Δ outside the glue", found.turning, np.inf, "")
        add(
            f"max Landau-Zener exp(-π Δ²/4ħ|{change[:-1]}d|)",
            found.tunnelling,
            1e-2,
            f"Landau-Zener tunnelling of {found.tunnelling:.2g} per passage is not in this "
            f"theory: {remedy} or widen the gap.",
        )
    if textured:
        add(
            "max ħ|∂_kΔ·∂_r m - ∂_rΔ·∂_k m|/Δ",
            found.gradient,
            0.5,
            f"ħ|∂_kΔ·∂_r m - ∂_rΔ·∂_k m|/Δ reaches {found.gradient:.2g} where the bands differ "
            "in occupation: the gradient expansion is rough; make the texture smoother or "
            "widen the gap.",
        )
    if found.frequency:
        add(
            "max ħω/Δ of the drives",
            found.frequency,
            0.5,
            f"ħω/Δ of the drives reaches {found.frequency:.2g} where the bands differ in "
            "occupation: transitions between the bands are not in this theory; lower the "
            "frequency or widen the gap.",
        )
    if found.magnetic:
        add(
            "max √(ħ|b|)|∂Δ|/Δ outside the glue",
            found.magnetic,
            1.0,
            f"√(ħ|b|)|∂Δ|/Δ reaches {found.magnetic:.2g} where the bands differ in occupation: "
            "the gap is smaller than the Landau level spacing; lower B.",
        )
    return figures


def _worst(evolution: Evolution) -> Applicability:
    """The numbers at their largest: of the present state over the run, and of all records."""
    system, start, now = evolution.system, evolution.start, evolution.time
    sample = Sample.of(system)
    stop = now if evolution.stop is None else evolution.stop
    outside = system.fields.in_space(system.grid.space)
    instants = {now}
    scanned = np.linspace(start, max(stop, start), 65)
    for field, still in (
        (outside.electric_at, outside.electric_constant),
        (outside.magnetic_at, outside.magnetic_constant),
    ):
        if not still:
            sizes = [np.linalg.norm(field(sample.r, t), axis=0).max() for t in scanned]
            instants.add(float(scanned[int(np.argmax(sizes))]))
    if system.hamiltonian.time_dependent:
        instants |= {float(t) for t in scanned[::8]}
    differing = contrast(evolution, sample)
    omega = drive_frequency(system, start, stop)
    found = Applicability()
    for time in instants:
        found = found.larger(assess(system, sample, differing, time, omega))
    return found.larger(evolution.met)


def _edge_figures(evolution: Evolution) -> list[Figure]:
    """How well the grid resolves a Fermi edge: T/(|v_j| h_j), in real space T/(|∂_x ε| h_x)."""
    system = evolution.system
    sample = Sample.of(system)
    local = bool(system.grid.space)
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
        jet = sample.jet(system, valley, evolution.start)
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


def _potential(evolution: Evolution, sample: Sample) -> tuple[Array, dict[str, Array]]:
    """φ of the sites at the start, and its slope along each axis by name."""
    if not sample.r:
        return np.zeros(()), {}
    outside = evolution.system.fields.in_space(evolution.system.grid.space)
    phi = outside.potential_at(sample.r, evolution.start)
    drive = outside.drive_at(sample.r, evolution.start)
    slope = drive - outside.electric_at(sample.r, evolution.start)
    return phi, {name: slope[SPACE.index(name)] for name in sample.r}


def _steps(jet: Jet, sample: Sample, system: System, slopes: dict[str, Array]) -> Array:
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
    if evolution.time != evolution.start:
        return []
    if isinstance(initial, WavePacket):
        band = int(initial.band == "upper")
        peak = float(held(evolution)[:, band].max()) / initial.amplitude
    elif isinstance(initial, SpinorPacket):
        largest = 2.0 * cast("QuantumEvolution", evolution).wigner()[:, 0].max()
        peak = float(largest) / initial.amplitude
    else:
        return []
    warning = None
    if peak < 0.8:
        warning = (
            f"the largest occupation on the grid is {peak:.2g} of the packet's: it lies outside "
            "or is narrower than a cell; move or widen it, or refine the grid."
        )
    return [("peak of the packet on the grid", f"{peak:.3g}", warning)]


def cutoff_tail(evolution: Evolution) -> float | None:
    """Largest distance of f from full or empty in the cells along open k faces; None without."""
    system = evolution.system
    axes = list(enumerate(system.grid.momentum))
    ends = [i - len(axes) for i, axis in axes if not axis.periodic]
    if system.bounded or not ends:
        return None
    f = held(evolution)
    worst = 0.0
    for place in ends:
        outer = np.take(f, (0, -1), axis=place)
        worst = max(worst, float(np.max(np.minimum(outer, 1.0 - outer))))
        worst = max(worst, float(np.max(outer[:, 1])))  # a full upper band does not end here
    return worst
