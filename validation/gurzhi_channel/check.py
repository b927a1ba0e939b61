"""Electrons between diffuse walls: from ballistic flow over Knudsen's minimum to Poiseuille's.

    cos θ ∂_x h = e sin θ - h/l_mr - (h - 2 sin θ ⟨h sin θ⟩)/l_mc ,  h = 0 from both walls

Reference: R. N. Gurzhi, Sov. Phys. JETP 17, 521 (1963); M. J. M. de Jong, L. W. Molenkamp, Phys.
Rev. B 51, 13389 (1995).  With 1/l = 1/l_mr + 1/l_mc the current, over that of a wide channel with
l = W, obeys j(x) = ∫K(|x - x'|/l) [1 + j(x')/l_mc] dx', K = (2/π)[K₀ - Ki₂] (K₀ a Bessel, Ki₂ a
Bickley function), which is solved here by product integration to 1e-8.  l_mr = 50 W, mean of j at
l_mc/W = 10, 1.5, .3, .02: 2.16743, 1.84369 (the minimum), 2.40957, 12.6538.

Electrons of speed 1 at every energy: each shell |k| obeys the same equation, and the drift u·k of
the local Fermi function couples them through their momentum alone; so the momentum density, over
l_mr e n, is j of the circular line at any T.  The particle current is what one collision less
makes of it: j_T = j₁ + r (j - j₁), j₁ = ∫K dx', r = ⟨k⟩²/⟨1⟩⟨k²⟩ over -∂f₀/∂ε.  A mirror in the
middle of the channel halves the work.

Tolerance, relative.  Electrons that graze the walls: h(θ) varies over cos θ ~ W/l, which cells
of width h₀ at k_x = 0 resolve to second order, (h₀ l/W)²/12.  Sums over a Fermi edge by the
midpoint rule: 4y e^{-y}, y = 2π²T/h (the first harmonic of -∂f₀/∂ε in k, both signs, weighted
with k), 3e-3 at T = h/2.  1e-3 for layers of width l at the walls, 3e-3 where cells are wider
than .7 l, and for what is left unsteady (tolerance × slowest time / j, some 5e-4).  The drive is
linear to (e l/T)² = 4e-6.  What the walls receive adds up to nothing to first order, by
symmetry, so that they return f₀: the density stays flat to the same 4e-6.  Beside the mirror the
sites are of second order in their width, h²/12; twice that is allowed where the whole channel is
compared.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar
from scipy.special import k0

from kinetic.simulation import Simulation
from kinetic.validating import Study, orders

TITLE = "Gurzhi channel: Knudsen's minimum and Poiseuille's flow"
SOURCE = "integral equation"
LONG, FORCE = 50.0, 1e-5
PUBLISHED = {10.0: 2.16743, 1.5: 1.84369, 0.3: 2.40957, 0.02: 12.6538}


class Resolution(NamedTuple):
    """Cells along k_x, sites in half of the channel, T, the end of the k grid."""

    cells: int
    sites: int = 8
    temperature: float = 0.065
    cutoff: float = 1.9
    tolerance: float = 1e-4  # of the steady state

    @property
    def along(self) -> int:
        """Cells along k_y."""
        return 8 * self.cells // 11


# --- the reference --------------------------------------------------------------------------


def kernel(u: np.ndarray) -> np.ndarray:
    """K(u) = (2/π) ∫₀^{π/2} sin²θ/cos θ e^{-u/cos θ} dθ = (2/π) [K₀(u) - Ki₂(u)]."""
    u = np.maximum(u, 1e-300)
    t = 0.2 * np.arange(100)  # the trapezoidal rule errs by exp(-π²/.2)
    bickley = np.zeros_like(u)
    for n, c in enumerate(np.cosh(t)):
        bickley += (0.1 if n == 0 else 0.2) * np.exp(-u * c) / c**2
    return 2 / np.pi * (k0(u) - bickley)


@cache
def circular(short: float, order: int = 6, levels: int = 8):
    """x, weights, j(x) and j₁(x) in a channel of width 1: Gauss points on panels graded to walls.

    On its own panel and beside it the kernel is integrated with the Lagrange polynomials, the
    logarithm at u = 0 taken away by u ∝ q⁶.
    """
    path = 1 / (1 / LONG + 1 / short)
    ends = np.r_[0, 0.5 * 2.0 ** -np.arange(levels, -1, -1.0)]
    half = [0.0]
    for start, stop in pairwise(ends):
        half += list(np.linspace(start, stop, 1 + int(np.ceil((stop - start) / (3 * path)))))[1:]
    edges = np.r_[half, 1 - np.array(half)[-2::-1]]
    low, wide = edges[:-1], np.diff(edges)
    g, gw = np.polynomial.legendre.leggauss(order)
    x = (low[:, None] + wide[:, None] * (g + 1) / 2).ravel()
    weight = (wide[:, None] * gw / 2).ravel()
    bary = np.array([1 / np.prod(g[i] - np.delete(g, i)) for i in range(order)])
    q, qw = np.polynomial.legendre.leggauss(24)
    s, sw = ((q + 1) / 2) ** 6, 3 * ((q + 1) / 2) ** 5 * qw
    matrix = kernel(np.abs(x[:, None] - x) / path) * weight
    close = (x[:, None] > low - wide) & (x[:, None] < low + 2 * wide)
    target, panel = np.nonzero(close)
    matrix[np.repeat(close, order, axis=1)] = 0.0
    near = np.clip(x[target], low[panel], low[panel] + wide[panel])
    for far in (low[panel], low[panel] + wide[panel]):
        at = near[:, None] + (far - near)[:, None] * s
        apart = (2 * (at - low[panel, None]) / wide[panel, None] - 1)[..., None] - g
        lagrange = bary / np.where(apart == 0.0, 1e-300, apart)
        lagrange /= lagrange.sum(axis=-1, keepdims=True)
        value = kernel(np.abs(at - x[target, None]) / path) * sw * np.abs(far - near)[:, None]
        share = np.einsum("nq,nqj->nj", value, lagrange)
        for j in range(order):
            matrix[target, panel * order + j] += share[:, j]
    single = matrix.sum(axis=1)
    return x, weight, np.linalg.solve(np.eye(len(x)) - matrix / short, single), single


def mean_current(short: float) -> float:
    _, weight, j, _ = circular(short)
    return float(weight @ j)


def thermal_share(temperature: float) -> float:
    """r of the head."""
    moments = []
    for power in (1, 2, 3):
        value = lambda k, n=power: k**n / np.cosh((k - 1) / (2 * temperature)) ** 2  # noqa: E731
        moments.append(quad(value, 0.0, 1 + 30 * temperature, points=[1.0])[0])
    return moments[1] ** 2 / (moments[0] * moments[2])


# --- the channel ----------------------------------------------------------------------------


def slant(short: float) -> float:
    """How much finer the k_x cells are at 0: more so where electrons graze the walls."""
    return 2.0 if short < 1.0 else 4.0


def channel(study: Study, short: float, grid: Resolution, whole: bool = False):
    """x, momentum and current over those of a wide channel with l = W, and the run."""
    line = {"lower": -grid.cutoff, "upper": grid.cutoff, "cells": grid.cells, "focus": 0.0}
    changes = {
        "initial.temperature": grid.temperature,
        "grid.x.cells": grid.sites,
        "grid.kx": {**line, "strength": slant(short)},
        "grid.ky": [-grid.cutoff, grid.cutoff, grid.along],
        "time.tolerance": grid.tolerance,
        "collisions": [
            {"name": "two_rate", "momentum_conserving": short, "momentum_relaxing": LONG}
        ],
    }
    if whole:
        both = {"upper": 1.0, "cells": 2 * grid.sites, "boundary": "diffuse"}
        changes |= {f"grid.x.{key}": value for key, value in both.items()}
    run = Simulation.from_dict(study.tables("channel.toml", changes))
    start = run.evolution.transport.occupation()[0::2].copy()
    data = run.run(progress=False)
    assert data.attrs["steady"] == "true"
    warm = grid.temperature
    across, along = run.evolution.system.grid.momentum
    volume = np.outer(across.widths, along.widths)
    f = run.evolution.transport.occupation()[0::2].reshape(-1, *volume.shape)
    ky = along.centres
    edge = 1 / (np.exp((np.hypot(across.centres, grid.cutoff) - 1) / warm) + 1)
    n = np.sum(start[0].reshape(volume.shape) * volume) - 2 * grid.cutoff * edge @ across.widths
    momentum = np.sum((f - start.reshape(f.shape)) * volume * ky, axis=(1, 2)) / (FORCE * n)
    slope = lambda k: k / np.cosh((k - 1) / (2 * warm)) ** 2 / (4 * warm)  # noqa: E731
    wide = FORCE * quad(slope, 0, grid.cutoff, points=[1.0])[0] / (4 * np.pi)
    current = data["current"].values[-1, 1] / wide
    return run.evolution.system.grid.space[0].centres, momentum, current, data


def tolerance(short: float, grid: Resolution) -> float:
    """What the head allows, relative to j."""
    path, strength = 1 / (1 / LONG + 1 / short), slant(short)
    width = 2 * np.arcsinh(strength * grid.cutoff) / (strength * grid.cells)
    sharp = 2 * np.pi**2 * grid.temperature * grid.along / (2 * grid.cutoff)
    layer = 1e-3 if 0.5 / grid.sites <= 0.7 * path else 3e-3
    return float((width * path) ** 2 / 12 + 4 * sharp * np.exp(-sharp) + layer)


def point(study: Study, short: float, grid: Resolution) -> None:
    """One l_mc: mean momentum and current, their profile, what the walls return."""
    x, weight, j, single = circular(short)
    places, momentum, current, data = channel(study, short, grid)
    mean, alone = float(weight @ j), float(weight @ single)
    allowed = tolerance(short, grid)
    label = f"l_mc = {short:g} W, {grid.cells} cells"
    study.compare(f"momentum, {label}", momentum.mean(), mean, allowed * mean, SOURCE)
    share = thermal_share(grid.temperature)
    exact = alone + share * (mean - alone)
    study.compare(f"current, {label}", current.mean(), exact, allowed * exact, SOURCE)
    profile = CubicSpline(x, j)(places)
    apart = float(np.abs(momentum - profile).max() / mean)
    study.at_most(f"largest error of the profile, {label}", apart, 3 * allowed, SOURCE)
    density = data["density"].values
    study.at_most(
        f"charge at the walls, {label}",
        float(np.abs(density[-1] / density[0] - 1).max()),
        4e-6,
        "walls return f₀",
    )
    study.data.setdefault("points", {})[short] = float(momentum.mean())
    study.data.setdefault("profiles", {})[short] = (x, j, places, momentum)


def check(study: Study) -> None:
    for short, value in PUBLISHED.items():
        if not study.quick or short == 1.5:
            own = mean_current(short)
            study.compare(f"reference, l_mc = {short:g} W", own, value, 6e-6 * value, "published")
    if study.quick:
        point(study, 1.5, Resolution(28, 6, 0.08, 1.7, 5e-4))
        return
    for short in (0.02, 0.05, 0.1, 0.3, 0.7, 1.0, 1.5, 2.2, 3.5, 10.0):
        point(study, short, Resolution(44, 16 if short < 0.2 else 8))
    minimum(study)
    numbers = (44, 66)
    grids = [Resolution(cells, tolerance=2e-5) for cells in numbers]
    errors = np.array([channel(study, 10.0, grid)[1].mean() for grid in grids])
    order = orders(errors / mean_current(10.0) - 1, numbers[1] / numbers[0])[0]
    study.at_least("order in the width of k cells, l_mc = 10 W", order, 1.5, "grazing electrons")
    grid = Resolution(32)
    half, whole = (channel(study, 1.5, grid, whole=both)[1].mean() for both in (False, True))
    mirror = half * (0.5 / grid.sites) ** 2 / 6
    study.compare("whole channel against its half with a mirror", whole, half, mirror, "symmetry")


def minimum(study: Study) -> None:
    """Where the current is least, by a cubic in ln l_mc through the five lowest points."""
    exact = minimize_scalar(
        lambda y: mean_current(np.exp(y)), bounds=(-0.5, 1.2), method="bounded"
    )
    near = (0.7, 1.0, 1.5, 2.2, 3.5)
    curve = np.polynomial.Polynomial.fit(
        np.log(near), [study.data["points"][short] for short in near], 3
    )
    own = minimize_scalar(curve, bounds=(-0.3, 1.2), method="bounded")
    study.compare("Knudsen's minimum", own.fun, exact.fun, 4e-3 * exact.fun, SOURCE)
    study.compare("l_mc/W at the minimum", np.exp(own.x), np.exp(exact.x), 0.15, SOURCE)
    study.data["minimum"] = (float(np.exp(own.x)), float(own.fun))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.8)
    left, right = page.subplots(1, 2)
    line = np.geomspace(0.015, 15.0, 60)
    left.loglog(
        line, [mean_current(s) for s in line], color=style.BLUE, label="integral equation"
    )
    path = 1 / (1 / LONG + 1 / line)
    wide = np.sqrt(path * LONG) / 2
    viscous = LONG * (1 - 2 * wide * np.tanh(0.5 / wide))
    left.loglog(line, viscous, "--", color=style.GREY, label="viscous, no slip")
    points = study.data["points"]
    left.loglog(
        list(points), list(points.values()), "o", color=style.BLUE, mfc="white", label="evolved"
    )
    if "minimum" in study.data:
        left.plot(*study.data["minimum"], "v", color=style.VERMILLION, label="least")
    left.set(xlabel=r"$l_\mathrm{mc}/W$", ylabel=r"$j$ / ohmic $j$ of $l = W$", ylim=(1.2, 20))
    left.set_yticks([2, 5, 10, 20], ["2", "5", "10", "20"])
    left.set_yticks([], minor=True)
    left.legend()
    shades = (style.BLUE, style.VERMILLION, style.BLACK, style.GREY)
    shown = [short for short in (0.02, 0.1, 1.5, 10.0) if short in study.data["profiles"]]
    for colour, short in zip(shades, shown, strict=False):
        x, j, places, momentum = study.data["profiles"][short]
        mean = mean_current(short)
        right.plot(x, j / mean, color=colour, label=rf"$l_\mathrm{{mc}} = {short:g}\,W$")
        right.plot(np.r_[places, 1 - places], np.r_[momentum, momentum] / mean, "o", color=colour,
                   mfc="white")  # fmt: skip
    right.set(xlabel=r"$x/W$", ylabel=r"$j(x)/\langle j\rangle$", xlim=(0, 1), ylim=(0, None))
    right.legend()
    return page
