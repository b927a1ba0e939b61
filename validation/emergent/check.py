"""Emergent electrodynamics: the Hall force of skyrmions, charge bound and pumped by textures.

    k̇_a = q_s (F_ab v_b + F_at)            ∫F_xy d²r = 4π per skyrmion (α = 0, p = −1, v = 1)
    δρ = −½s ∫F_{k x} dk/2π = −∂_xP ,      j = ½s ∫F_kt dk/2π = ∂_tP        (filled lower band)

Reference.  Skyrmions: electrons of band s feel b = q_s F_xy and e_a = q_s F_at; with a texture
n(r − ut) F_at = −F_ab u_b, the force on a homogeneous sea of density N and mean velocity v is
dP/dt = 4π q_s N (v − u)×ẑ, Galilei invariant (N. Nagaosa, Y. Tokura, Nature Nanotech. 8, 899
(2013); T. Schulz et al., Nature Phys. 8, 301 (2012)).  A broad packet: the
equations of motion with F_xy by sympy and scipy's DOP853.  Charge: J. Goldstone, F. Wilczek,
Phys. Rev. Lett. 47, 986 (1981), −1 per turn of θ in space, and −½ in a wall between the two
dimerisations by inversion symmetry (W. P. Su, J. R. Schrieffer, A. J. Heeger, Phys. Rev. B 22,
2099 (1980)); D. J. Thouless, Phys. Rev. B 27, 6083 (1983): as much is carried past a point.

Tolerances.  Flux: F_xy is summed over the sites, a trapezoid sum: twice what twice as many sites
change.  The force adds products of cell averages in k, fourth order or better: twice Richardson's
estimate of the finest grid with order 4.  Single skyrmion: the same error as the lattice on the
same k grid, and what lies beyond the square, at most (sinh(R/w)/sinh(L/w))² of the flux.  Charges
and currents of filled bands are trapezoid sums of periodic functions of k, exact to e^{−.7 N}:
1e-9.  Density evolved for a third of a cycle: streaming of sixth order, 48 sites, 3e-5 on 24:
5e-6.  Walls: the tail of the wall beyond the ends or the times of the run, κ e^{−2ℓ/w} of an
angle (times 1/2π, at most), besides 1e-6 for the sum over sites.  Packet: twice Richardson's
estimate with order 4 in units of the widths; one coarse grid alone, which was seen to be off by
2e-3: 2e-2.

Signs: the reversal of any one of q_s, F_xy, F_xt, F_kt or F_xk changes a number here from n to
−n.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from scipy.integrate import solve_ivp

from kinetic.observables.anomaly import rates
from kinetic.validating import Study, advance, observe, orders

TITLE = "skyrmion Hall force 4πq_s, Goldstone-Wilczek charge, pumping by moving walls"
HALL = "4π q_s N v"
PI = float(np.pi)


# --- skyrmions --------------------------------------------------------------------------------


def momentum_rate(run: Any) -> np.ndarray:
    """∂_t Σ k u of each band over πN, N its number per area.  (band, component)"""
    grid, change = run.system.grid, rates(run).change
    k = np.meshgrid(*[axis.centres for axis in grid.momentum], indexing="ij")
    shape = (-1, 2, *[axis.cells for axis in grid.momentum])
    volumes = run.mesh.volumes
    moved = (change * volumes).reshape(shape).sum(axis=0) * run.mesh.site_volume
    held = (run.transport.u * volumes).reshape(shape).mean(axis=0)
    force = np.array([[(moved[s] * x).sum() for x in k] for s in (0, 1)])
    return np.asarray(force / held.sum(axis=(1, 2))[:, None] / PI)


def forces(study: Study) -> None:
    """A homogeneous sea of mean velocity (0, .4) over skyrmions at rest and in motion."""
    sums = []
    for cells in (16, 32, 64):
        line = 12.0 * (np.arange(cells) + 0.5) / cells
        sums.append(flux(LATTICE, line, 12.0 / cells))
    flux_error = 2 * abs(sums[2] - sums[1]) + 1e-13
    study.compare("ΣF_xy/4π of the lattice, 32²", sums[1], 1.0, flux_error, "quantised")
    study.report("ΣF_xy/4π of the lattice, 16²", sums[0], 1.0, "quantised")
    for velocity in ((0.0, 0.0), (-0.1, 0.25)):
        found = []
        for cells in (16, 24) if study.quick else (16, 24, 32):
            tables = {"grid.kx": [-2.0, 2.0, cells], "grid.ky": [-1.6, 2.4, cells]}
            run = study.evolution(
                "lattice.toml", {**tables, "hamiltonian.velocity": list(velocity)}
            )
            found.append(momentum_rate(run))
        rate = np.array(found)
        for band, sign in ((0, 1.0), (1, -1.0)):
            drift = np.array([0.4 - velocity[1], velocity[0]])  # (v − u) × ẑ
            reference = 2.0 * sign * drift
            ratio = 1.5 if study.quick else 4 / 3
            tolerance = 2 * np.abs(rate[-1] - rate[-2]).max() / (ratio**4 - 1) + flux_error
            for i in (0, 1):
                study.compare(
                    f"dP_{'xy'[i]}/dt /πN, band {'−+'[band]}, u = {velocity}",
                    rate[-1, band, i],
                    reference[i],
                    tolerance,
                    HALL,
                )
        if velocity == (0.0, 0.0):
            errors = np.abs(rate[:, 0, 0] - 0.8)
            study.at_least("order of the force in Δk", orders(errors[:2], 1.5)[0], 4.0)
            study.data["force"] = errors
    run = study.evolution("skyrmion.toml", {"hamiltonian.velocity": [0.0, 0.0]})
    rate = momentum_rate(run)
    tail = 1.1 * (np.sinh(2.0) / np.sinh(14.0 / 1.5)) ** 2
    off = study.data["force"][0]
    study.compare("dP_x/dt /πN, one skyrmion, band −", rate[0, 0], 0.8, 1.1 * off + tail, HALL)
    study.compare("dP_x/dt /πN, one skyrmion, band +", rate[1, 0], -0.8, 1.1 * off + tail, HALL)


LATTICE = ("sin(w*x)", "sin(w*y)", "-(cos(w*x) + cos(w*y) - 1)", {"w": 2 * sympy.pi / 12})


def flux(formulas: Any, line: np.ndarray, step: float) -> float:
    """∫F_xy d²r/4π of m = −n by the sum over sites."""
    x, y = sympy.symbols("x y", real=True)
    table = {"x": x, "y": y, **formulas[3]}
    m = -sympy.Matrix([sympy.sympify(text, table) for text in formulas[:3]])
    curvature = m.dot(m.diff(x).cross(m.diff(y))) / m.dot(m) ** sympy.Rational(3, 2)
    value = sympy.lambdify((x, y), curvature, "numpy", cse=True)
    return float(value(line[:, None], line[None]).sum() * step**2 / (4 * PI))


def skyrmion_field(radius: float, width: float) -> Any:
    """F_xy(x, y) of m = −n, tan ½Θ = sinh(R/w)/sinh(ρ/w) smoothed at its centre, helicity 0."""
    x, y = sympy.symbols("x y", real=True)
    depth = sympy.sqrt((x**2 + y**2) / width**2 + sympy.Rational(1, 100))
    rim = sympy.sqrt(sympy.Float(radius / width) ** 2 + sympy.Rational(1, 100))
    # Stereographic image w = (x + iy) g(ρ)/(R g(R)), g = sinh(p)/p: 4/(1 + |w|²)² × Jacobian.
    scale = sympy.sinh(depth) / depth / (radius * sympy.sinh(rim) / rim)
    u, v = x * scale, y * scale
    area = 4 * (u.diff(x) * v.diff(y) - u.diff(y) * v.diff(x)) / (1 + u**2 + v**2) ** 2
    return sympy.lambdify((x, y), area, "numpy", cse=True)


def beam(study: Study) -> None:
    """A packet turned aside by one skyrmion, 2r×2k, lower band."""
    field = skyrmion_field(2.0, 2.0)
    steps = 0.75 * np.arange(-8, 9) if study.quick else 0.5 * np.arange(-12, 13)
    u = np.stack([a.ravel() for a in np.meshgrid(*[steps] * 4, indexing="ij")])
    u = u[:, (u * u).sum(axis=0) < 34.0]
    start = (
        np.array([-4.0, 0.0, 2.6, 0.0])[:, None] + np.array([1.6, 1.6, 0.25, 0.25])[:, None] * u
    )
    weights = np.exp(-0.5 * (u * u).sum(axis=0))

    def motion(t: float, y: np.ndarray) -> np.ndarray:
        x, z, kx, ky = y.reshape(4, -1)
        b = 0.5 * field(x, z)
        return np.concatenate([kx, ky, ky * b, -kx * b])

    stop = study.tables("beam.toml")["time"]["stop"]
    ends = solve_ivp(motion, (0, stop), start.ravel(), "DOP853", rtol=1e-8, atol=1e-9).y[:, -1]
    reference = (ends.reshape(4, -1) * weights).sum(axis=1) / weights.sum()
    values = []
    for factor in (1.0,) if study.quick else (1.0, 1.5):
        tables: dict[str, Any] = {}
        for name, axis in study.tables("beam.toml")["grid"].items():
            if isinstance(axis, dict):
                tables[f"grid.{name}"] = {**axis, "cells": round(axis["cells"] * factor)}
            else:
                tables[f"grid.{name}"] = [*axis[:2], round(axis[2] * factor)]
        run = advance(study.evolution("beam.toml", tables), stop)
        grid = run.system.grid
        g = run.transport.u.reshape(*grid.sites, 2, *[a.cells for a in grid.momentum])[:, :, 0]
        mean = []
        for place, axis in enumerate((*grid.space, *grid.momentum)):
            rest = tuple(i for i in range(4) if i != place)
            mean.append((g.sum(axis=rest) * axis.centres).sum() / g.sum())
        values.append(mean)
    values = np.array(values)
    apart = np.abs(values - reference)
    study.data["beam"] = (
        [a.edges for a in grid.space],
        g.sum(axis=(2, 3)) * run.mesh.volumes.flat[0],
        reference,
    )
    names = ["⟨x⟩", "⟨y⟩", "⟨kx⟩", "⟨ky⟩"]
    if study.quick:
        for name, value, expected in zip(names, values[0], reference, strict=True):
            study.compare(f"beam, {name}, coarse", value, expected, 2e-2, "DOP853")
        return
    units = np.array([1.6, 1.6, 0.25, 0.25])
    change = np.max(np.abs(values[1] - values[0]) / units)
    for i, name in enumerate(names):
        tolerance = 2 * change * units[i] / (1.5**4 - 1)
        study.compare(f"beam, {name}", values[1, i], reference[i], tolerance, "DOP853")
    study.at_least("beam, order", orders((apart / units).max(axis=1), 1.5)[0], 4.0)


# --- charge -------------------------------------------------------------------------------------


def curvatures(angle: Any) -> Any:
    """F_xk and F_kt of the Rice-Mele chain with a given θ(x, t)."""
    x, k, t = sympy.symbols("x k t", real=True)
    turn = sympy.sympify(angle, {"x": x, "t": t})
    delta, stagger = sympy.cos(turn) / 2, sympy.Rational(4, 5) * sympy.sin(turn)
    d = sympy.Matrix(
        [1 + delta + (1 - delta) * sympy.cos(k), (1 - delta) * sympy.sin(k), stagger]
    )
    cube = d.dot(d) ** sympy.Rational(3, 2)
    first = d.dot(d.diff(x).cross(d.diff(k))) / cube
    second = d.dot(d.diff(k).cross(d.diff(t))) / cube
    return [sympy.lambdify((x, k, t), f, "numpy", cse=True) for f in (first, second)]


def charges(study: Study) -> None:
    """Sliding wave and moving walls, 1r×1k, with the lower band filled."""
    angle = "pi*x/10 - t/5"
    field, motion = curvatures(angle)
    k = 2 * PI * np.arange(256) / 256
    local, currents, cells = [], [], (16, 32, 64)
    for count in cells:
        run = study.evolution("slide.toml", {"grid.kx": [-PI, PI, count]})
        x = run.system.grid.space[0].centres
        local.append(np.asarray(observe(run, "density")["density"]))
        currents.append(np.asarray(observe(run, "current")["current"][0]))
    density = 1 - 0.5 * field(x[:, None], k, 0.0).mean(axis=1)
    carried = -0.5 * motion(x[:, None], k, 0.0).mean(axis=1)
    for name, found, exact in (("ρ(x)", local, density), ("j(x)", currents, carried)):
        errors = [np.abs(v - exact).max() for v in found]
        study.at_most(
            f"{name} of the sliding wave, largest error", errors[-1], 1e-12, "quadrature"
        )
        study.report(f"the same, {cells[0]} cells in k", errors[0], 0.0, "quadrature")
    study.data["slide"] = (x, local[-1], density, currents[-1], carried)
    run = study.evolution("slide.toml")
    length = run.system.grid.space[0].length
    bound = float(local[1].sum()) * run.mesh.site_volume - length
    study.compare("charge bound by one turn", bound, -1.0, 1e-9, "Goldstone, Wilczek")
    passed, period = np.zeros(len(x)), run.stop
    third = local[1]
    for piece in range(24):
        passed += observe(run, "current")["current"][0] * period / 24
        advance(run, period * (piece + 1) / 24)
        if piece == 7:
            third = np.asarray(observe(run, "density")["density"])
    for site in (0, 15):
        study.compare(
            f"charge pumped per cycle, site {site}", passed[site], -1.0, 1e-9, "Thouless"
        )
    moved = 1 - 0.5 * field(x[:, None], k, period / 3).mean(axis=1)
    off = np.abs(third - moved).max()
    study.at_most("density evolved for a third of a cycle", off, 5e-6, "quadrature")
    drift = np.abs(observe(run, "density")["density"] - local[1]).max()
    study.at_most("density after one cycle", drift, 1e-12, "periodic")
    kept = np.abs(run.transport.occupation() - np.array([1.0, 0.0] * len(x))[:, None, None, None])
    study.at_most("occupation of the sea", kept.max(), 1e-12, "exact")
    walls = ((0.5, -0.5), (1.0, -1.0), (-0.5, 0.5))
    for turns, reference in walls[:1] if study.quick else walls:
        wall(study, turns, reference)


def wall(study: Study, turns: float, reference: float) -> None:
    """A soliton of 2π·turns: the charge it binds, and what passes the middle with it."""
    twist, speed, centre = 2 * PI * turns, 0.8, -30.0
    width = 9.0 if abs(turns) > 0.5 else 6.0
    tables: dict[str, Any] = {"hamiltonian.twist": twist, "hamiltonian.width": width}
    run = study.evolution("wall.toml", tables)
    axis = run.system.grid.space[0]
    middle = axis.cells // 2
    place = axis.centres[middle]
    name = f"wall of {turns:g} turns"
    bound = float(observe(run, "density")["density"].sum()) * axis.widths[0] - axis.length
    near = abs(twist) * np.exp(-2 * (axis.edges[-1] + centre) / width)
    study.compare(
        f"charge bound by a {name}", bound, reference, 1e-6 + near, "Su, Schrieffer, Heeger"
    )
    times, flows = np.linspace(0.0, run.stop, 61), []
    for time in times:
        advance(run, time)
        flows.append(observe(run, "current")["current"][0][middle])
    _, motion = curvatures(f"{0.5 * twist!r}*(1 + tanh((x - ({centre}) - {speed}*t)/{width}))")
    k = 2 * PI * np.arange(128) / 128
    exact = [-0.5 * float(np.mean(motion(place, k, t))) for t in times]
    off = np.abs(np.subtract(flows, exact)).max()
    study.at_most(f"j(t) at one site, {name}, largest error", off, 1e-9, "quadrature")
    passed = float(np.trapezoid(flows, times))
    tail = abs(twist) * np.exp(-2 * (abs(centre) - 1) / width)
    study.compare(f"charge pumped by a moving {name}", passed, reference, tail, "Thouless")
    if turns == 0.5:
        study.data["wall"] = (times, flows, exact)


def check(study: Study) -> None:
    charges(study)
    forces(study)
    beam(study)


def figure(study: Study) -> Any:
    """The packet turned aside, density and current of the sliding wave, a wall passing."""
    from kinetic.plotting import style

    data = study.data
    if not {"beam", "slide", "wall"} <= set(data):
        return None
    page = style.canvas(2 * style.COLUMN, 2.5)
    first, second, third = page.subplots(1, 3)
    (x, y), density, mean = data["beam"]
    image = first.pcolormesh(x, y, density.T / (4 * PI**2), cmap="Blues", rasterized=True)
    page.colorbar(image, ax=first, shrink=0.8)
    angle = np.linspace(0, 2 * PI, 200)
    first.plot(2 * np.cos(angle), 2 * np.sin(angle), ":", color=style.VERMILLION, label="$n_z=0$")
    first.plot([-4, 0], [0, 0], "--", color=style.GREY)
    first.plot(*mean[:2], "o", color=style.BLACK, label="trajectories")
    first.set(
        xlabel="$x$",
        ylabel="$y$",
        aspect="equal",
        title="packet past a skyrmion",
        xlim=(-8, 9),
        ylim=(-9, 8),
    )
    first.legend(fontsize=6.5, loc="upper right")
    place, density, exact, current, carried = data["slide"]
    second.plot(place, exact - 1, color=style.BLUE)
    second.plot(place, density - 1, "o", color=style.BLUE, label=r"$\rho-1$")
    second.plot(place, carried, color=style.VERMILLION)
    second.plot(place, current, "s", color=style.VERMILLION, label="$j$")
    second.axhline(0.0, color=style.GREY, linewidth=0.5)
    second.set(xlabel="$x$", title="one turn of the phase", ylim=(-0.1, 0.06))
    second.legend(ncols=2, loc="upper center")
    times, flows, exact = data["wall"]
    third.plot(times, exact, color=style.GREEN, label=r"$-\int\mathcal{F}_{kt}\,dk/4\pi$")
    third.plot(times, flows, "o", color=style.GREEN, markerfacecolor="white", label="run")
    third.set(xlabel="$t$", ylabel="$j$", title="half a particle goes by")
    third.set(ylim=(-0.05, 0.012))
    third.legend(fontsize=6.5, loc="upper center", ncols=2)
    return page
