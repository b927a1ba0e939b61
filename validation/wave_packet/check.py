"""A packet follows the semiclassical equations of motion: walls, fields, moving textures.

    D_s ẋ_s^j = D_s ∂^jε̄_s + q_s (F_t^j − F^{ij} ∂_iε̄_s) ,   D_s = 1 − q_s F ,   q_s = −sħ/2

in canonical pairs (r, p), and in kinetic momentum with fields e, b of a texture of k alone

    D_s ṙ = ∂_kε̄_s − q_s e×B ,   D_s k̇ = e + ∂_kε̄_s × b ,   D_s = 1 − q_s b·B ,   ε̄_s = ε_s − M·b

Reference: Wong and Tserkovnyak, Eqs. (24) and (37), (38) with D_s kept, so that ∂_t D_s +
∂_j(D_s ẋ^j) = 0 (Xiao, Chang, Niu, Rev. Mod. Phys. 82, 1959 (2010), Sec. VI).  Here the
equations are derived again from H(r, p, t) with sympy and integrated by scipy's DOP853 (rtol
1e-10) for every point of a lattice of steps σ/2 over ±6σ of the Gaussian packet, weighted with
D_s f: trapezoid sums of analytic functions.  Liouville's theorem makes the means of the lattice
those of the evolved density, ⟨x^i⟩ = ∫g x^i / ∫g, whatever the width of the packet.

Closed forms.  Precessing wall n = (sech(x/w) cos Ωt, sech(x/w) sin Ωt, tanh(x/w)), H = k²/2 −
n·σ: ħF_xt is a gradient, so that ½k² + ½sΩ n_z is kept: a packet of the lower band that crosses
from n_z = −1 to 1 gains Ω of kinetic energy (S. E. Barnes, S. Maekawa, Phys. Rev. Lett. 98,
246601 (2007): an electromotive force of ħΩ).  Massive Dirac cone in e along x: k_x = k_x0 + et
and Δy = ∫∂_{k_y}ε_s dt − ½s∫B dk_x: at k_y = 0 the second is −½s[k_x/(m E)], the first 0.

Tolerances.  The scheme is of fourth order (cell averages and products in k, stepper; fifth and
sixth along r).  Grid and time step are refined by 3/2 together; the order of the errors from the
coarsest to the finest grid, in units of the widths of the packet, the largest coordinate
counting, must reach 4 less a quarter, the scatter of such a measurement.  Against the reference
the tolerance is twice Richardson's estimate from the two finest grids, |⟨x⟩_N −
⟨x⟩_{2N/3}|/((3/2)⁴ − 1); no less than 2e-7 for the lattice sums.  Rows 'without' say by how much
the reference misses if a term is left out; they must exceed a hundred tolerances.  The whole
wall: n_z is ∓.99 where the packet starts and ends. (24) expanded to first order, without 1/D_s,
differs from this by ħ²: its order in ħ is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from scipy.integrate import solve_ivp

from kinetic.validating import Study, advance, observe, orders

TITLE = "wave packets: walls, cyclotron arc, moving textures, anomalous shift"
SOURCE = "DOP853"
RATIO = 1.5
FLOOR = 2e-7
Motion = tuple[Callable[..., Any], Callable[..., Any]]


# --- the equations of motion ----------------------------------------------------------------


def canonical(
    scalar: str,
    vector: list[str],
    pairs: int,
    sign: int,
    hbar: float = 1.0,
    expanded: bool = False,
    without: str = "",
) -> Motion:
    """Velocity ẋ(t, X) and D_s(t, X) of H = scalar + vector·σ, X = (r..., p...).

    `expanded`: (24) as printed, without D_s; `without`: 'rp', 'rt' or 'pt', a curvature left out.
    """
    names = ["x", "y"][:pairs] + ["kx", "ky"][:pairs] + ["t"]
    symbols = sympy.symbols(names, real=True)
    table = dict(zip(names, symbols, strict=True))
    d = sympy.Matrix([sympy.sympify(text, table) for text in vector])
    length = sympy.sqrt(d.dot(d))
    n, time = pairs, 2 * pairs

    def kind(i: int, j: int) -> str:
        return "".join(sorted("rpt"[0 if i < n else 1 if i < time else 2] for i in (i, j)))

    def curvature(i: int, j: int) -> Any:
        if "".join(sorted(without)) == kind(i, j):
            return sympy.Integer(0)
        return d.dot(d.diff(symbols[i]).cross(d.diff(symbols[j]))) / length**3

    half = sympy.Rational(1, 2)
    whole = hbar * sum(curvature(i, n + i) for i in range(n))
    bare = sympy.sympify(scalar, table) + sign * length
    energy = bare - half * length * whole  # ε − ¼ΔF, Δ = 2|d|
    charge = -sign * hbar * half
    density = 1 + half * sign * whole
    raise_ = [(i + n, 1) if i < n else (i - n, -1) for i in range(2 * n)]
    velocity = []
    for j in range(2 * n):
        k, turn = raise_[j]
        slope = turn * energy.diff(symbols[k])
        drift = turn * curvature(time, k)
        for i in range(2 * n):
            m, other = raise_[i]
            pulled = bare if expanded else energy
            drift -= other * turn * curvature(m, k) * pulled.diff(symbols[i])
        velocity.append(slope + charge * drift if expanded else slope + charge * drift / density)
    move = sympy.lambdify(symbols, velocity, "numpy", cse=True)
    dense = sympy.lambdify(symbols, density, "numpy", cse=True)

    def moved(t: float, X: np.ndarray) -> np.ndarray:
        return np.stack([np.broadcast_to(v, X[0].shape) for v in move(*X, t)])

    return moved, lambda t, X: np.broadcast_to(dense(*X, t), X[0].shape)


def dirac_in_fields(
    mass: float, b: float, e: float, sign: int, moment: float = 1.0, dense: float = 1.0
) -> Motion:
    """(x, y, kx, ky) of a massive Dirac cone, e along x, b along z; by hand."""

    def density(t: float, X: np.ndarray) -> np.ndarray:
        cube = (X[2] ** 2 + X[3] ** 2 + mass**2) ** 1.5
        return 1 + 0.5 * sign * dense * b * mass / cube

    def motion(t: float, X: np.ndarray) -> np.ndarray:
        k = X[2:]
        energy = np.sqrt((k * k).sum(axis=0) + mass**2)
        slope = k * (sign / energy + moment * b * mass / energy**4)
        hall = 0.5 * sign * mass / energy**3  # −q_s B
        d = density(t, X)
        turned = np.stack([slope[1], -slope[0]])  # v × ẑ
        force = b * turned
        force[0] = force[0] + e
        moved = slope.copy()
        moved[1] = moved[1] - hall * e  # e × ẑ = −e ŷ
        return np.concatenate([moved, force]) / d

    return motion, density


# --- an ensemble and the packet of a run ------------------------------------------------------


class Ensemble:
    """Trajectories from a lattice over a Gaussian packet, weighted with D_s f."""

    def __init__(self, motion: Motion, centre: list[float], widths: list[float]) -> None:
        self.motion, density = motion
        steps = 0.5 * np.arange(-12, 13)
        lines = [steps if w else np.zeros(1) for w in widths]
        u = np.stack([x.ravel() for x in np.meshgrid(*lines, indexing="ij")])
        u = u[:, (u * u).sum(axis=0) < 40.0]  # e^{-20}
        self.start = np.array(centre)[:, None] + np.array(widths)[:, None] * u
        self.weights = np.exp(-0.5 * (u * u).sum(axis=0)) * density(0.0, self.start)
        self.centre = np.array(centre)

    def means(self, time: float) -> np.ndarray:
        """⟨x^i⟩ at a time."""
        shape = self.start.shape
        ends = solve_ivp(
            lambda t, y: self.motion(t, y.reshape(shape)).ravel(),
            (0.0, time),
            self.start.ravel(),
            "DOP853",
            rtol=1e-10,
            atol=1e-11,
        ).y[:, -1]
        self.ends = ends.reshape(shape)
        return np.asarray((self.ends * self.weights).sum(axis=1) / self.weights.sum())

    def path(self, times: np.ndarray) -> np.ndarray:
        """The trajectory of the centre.  (coordinate, time)"""
        return np.asarray(
            solve_ivp(
                lambda t, y: self.motion(t, y[:, None])[:, 0],
                (0.0, times[-1]),
                self.centre,
                "DOP853",
                times,
                rtol=1e-10,
                atol=1e-11,
            ).y
        )


def means(run: Any, band: int = 1) -> np.ndarray:
    """⟨r⟩, ⟨k⟩ of the density in one band, one per axis of the grid."""
    grid = run.system.grid
    u = run.transport.u.reshape(*grid.sites, 2, *[a.cells for a in grid.momentum])
    u = np.take(u, band, axis=len(grid.sites)) * grid.volumes
    found = []
    for place, axis in enumerate((*grid.space, *grid.momentum)):
        rest = tuple(i for i in range(u.ndim) if i != place)
        found.append(float((u.sum(axis=rest) * axis.centres).sum() / u.sum()))
    return np.array(found)


def refined(study: Study, file: str, factors: tuple[float, ...], **changes: Any) -> list[Any]:
    """The run of a file at its stop on grids, and in steps, refined by the factors."""
    given = study.tables(file)
    grid, step = given["grid"], given["time"]["step"]
    found = []
    for factor in factors:
        tables: dict[str, Any] = {"time.step": step / factor}
        for name, axis in grid.items():
            if isinstance(axis, dict):
                tables[f"grid.{name}"] = {**axis, "cells": round(axis["cells"] * factor)}
            else:
                tables[f"grid.{name}"] = [*axis[:2], round(axis[2] * factor)]
        run = study.evolution(file, {**tables, **changes})
        advance(run, run.stop)
        found.append(run)
    return found


def judge(
    study: Study,
    name: str,
    symbols: list[str],
    values: np.ndarray,
    reference: np.ndarray,
    widths: list[float],
    source: str = SOURCE,
) -> np.ndarray:
    """Rows for the finest grid and the order in units of the widths; returns the tolerances."""
    units = np.array(widths)
    change = np.max(np.abs(values[-1] - values[-2]) / units)
    tolerances = units * max(2 * change / (RATIO**4 - 1), FLOOR)
    for i, symbol in enumerate(symbols):
        study.compare(f"{name}, {symbol}", values[-1, i], reference[i], tolerances[i], source)
    worst = np.max(np.abs(values - reference) / units, axis=1)
    measured = orders(worst[[0, -1]], RATIO ** (len(worst) - 1))[0]
    study.at_least(f"{name}, order in h", measured, 3.75)
    study.data.setdefault("errors", {})[name] = worst
    return tolerances


def missed(study: Study, name: str, apart: np.ndarray, tolerances: np.ndarray) -> None:
    """How far off the reference is without a term, in units of the tolerances."""
    study.at_least(f"{name}, off by tolerances", np.max(np.abs(apart) / tolerances), 100.0)


# --- the cases --------------------------------------------------------------------------------


WALL = ("0", ["kx", "ky", "tanh(x/3)/2"])


def wall(study: Study, factors: tuple[float, ...]) -> None:
    """(a) A static wall, 1r×2k: ⟨x⟩, ⟨kx⟩, ⟨ky⟩, and ⟨ẏ⟩ by the current."""
    start = ([-4.0, 0.0, 0.6, 0.9], [1.4, 0.0, 0.11, 0.075])
    ensemble = Ensemble(canonical(*WALL, 2, 1), *start)
    runs = refined(study, "wall.toml", factors)
    stop = runs[-1].stop
    reference = ensemble.means(stop)
    sideways = ensemble.motion(stop, ensemble.ends)[1]
    speed = float((sideways * ensemble.weights).sum() / ensemble.weights.sum())
    values = []
    for run in runs:
        width = run.mesh.site_volume
        across = observe(run, "current")["current"][1].sum() * width * run.phase_space
        u = run.transport.u[1::2] * run.mesh.volumes
        values.append([*means(run), across / (u.sum() * width)])
    expected = np.array([reference[0], reference[2], reference[3], speed])
    names = ["⟨x⟩", "⟨kx⟩", "⟨ky⟩", "⟨ẏ⟩"]
    tolerances = judge(study, "wall", names, np.array(values), expected, [1.4, 0.11, 0.075, 1.0])
    plain = Ensemble(canonical(*WALL, 2, 1, without="rp"), *start).means(stop)
    missed(study, "wall without F_xk", plain[[0, 2, 3]] - reference[[0, 2, 3]], tolerances[:3])
    study.report(
        "wall, centre alone, x", ensemble.path(np.array([0.0, stop]))[0, -1], reference[0]
    )
    apart = []
    for hbar in (0.25, 0.125) if study.quick else (0.5, 0.25, 0.125):
        both = [
            Ensemble(canonical(*WALL, 2, 1, hbar, expanded=flag), *start).path(
                np.array([0.0, stop])
            )[:, -1]
            for flag in (False, True)
        ]
        apart.append(np.abs(both[0] - both[1]).max())
    study.compare("(24) expanded, order in ħ", orders(apart)[-1], 2.0, 0.2, "O(ħ²)")
    times = np.linspace(0.0, stop, 61)
    study.data["wall"] = (times, ensemble.path(times), plain)


def orbit(study: Study, factors: tuple[float, ...]) -> None:
    """(b) A cyclotron arc, 1r×2k: moment and D_s."""
    start = ([0.0, 0.0, 0.0, 0.6], [1.4, 0.0, 0.18, 0.18])
    for band, sign in ((1, 1),) if study.quick else ((1, 1), (0, -1)):
        changes = {"initial.band": "upper" if band else "lower"}
        runs = refined(study, "orbit.toml", factors, **changes)
        stop = runs[-1].stop
        ensemble = Ensemble(dirac_in_fields(0.5, 0.08, 0.0, sign), *start)
        reference = ensemble.means(stop)[[0, 2, 3]]
        values = np.array([means(run, band) for run in runs])
        name = f"arc, band {'+' if sign > 0 else '−'}"
        tolerances = judge(
            study, name, ["⟨x⟩", "⟨kx⟩", "⟨ky⟩"], values, reference, [1.4, 0.18, 0.18]
        )
        for word, part in (("moment", {"moment": 0.0}), ("D_s", {"dense": 0.0})):
            other = Ensemble(dirac_in_fields(0.5, 0.08, 0.0, sign, **part), *start)
            apart = other.means(stop)[[0, 2, 3]] - reference
            missed(study, f"{name}, without {word}", apart, tolerances)


ANGLE = "(3/2*(1 + tanh((x + 3 - 0.9*t)/5)))"
CHAIN = [
    f"1 + cos({ANGLE})/2 + (1 - cos({ANGLE})/2)*cos(kx)",
    f"(1 - cos({ANGLE})/2)*sin(kx)",
    f"3*sin({ANGLE})/5",
]


def soliton(study: Study, factors: tuple[float, ...]) -> None:
    """(c) A soliton in motion, 1r×1k: F_xk and F_kt; F_xt = 0."""
    start = ([3.0, 1.2], [2.0, 0.35])
    ensemble = Ensemble(canonical("0", CHAIN, 1, 1), *start)
    runs = refined(study, "soliton.toml", factors)
    stop = runs[-1].stop
    reference = ensemble.means(stop)
    values = np.array([means(run) for run in runs])
    tolerances = judge(study, "soliton", ["⟨x⟩", "⟨k⟩"], values, reference, start[1])
    words = {"rp": "F_xk", "pt": "F_kt"}
    for part, word in words.items():
        other = Ensemble(canonical("0", CHAIN, 1, 1, without=part), *start).means(stop)
        missed(study, f"soliton without {word}", other - reference, tolerances)
    last = runs[-1]
    g = last.transport.u[1::2].reshape(last.system.grid.shape)
    axes = (last.system.grid.space[0].edges, last.system.grid.momentum[0].edges)
    study.data["soliton"] = (axes, g, ensemble.path(np.linspace(0.0, stop, 81)), reference)


def motive(study: Study, factors: tuple[float, ...]) -> None:
    """(c) The electromotive force of a precessing wall, 1r×1k."""
    rate = 0.2
    runs = refined(study, "motive.toml", factors)
    stop = runs[-1].stop
    spin = ["-cos(t/5)/cosh(x/2)", "-sin(t/5)/cosh(x/2)", "-tanh(x/2)"]
    start = ([-6.0, 1.0], [1.3, 0.08])
    ensemble = Ensemble(canonical("kx**2/2", spin, 1, -1), *start)
    reference = ensemble.means(stop)
    values = np.array([means(run, 0) for run in runs])
    tolerances = judge(study, "precessing wall", ["⟨x⟩", "⟨k⟩"], values, reference, start[1])
    other = Ensemble(canonical("kx**2/2", spin, 1, -1, without="rt"), *start).means(stop)
    missed(study, "precessing wall without F_xt", other - reference, tolerances)
    passed = 0.5 * rate * (np.tanh(0.5 * ensemble.ends[0]) - np.tanh(0.5 * ensemble.start[0]))
    change = 0.5 * (ensemble.ends[1] ** 2 - ensemble.start[1] ** 2)
    kept = np.abs(change - passed).max()
    study.at_most("precessing wall, ½k² + ½sΩn_z along paths", kept, 1e-8, "Barnes, Maekawa")
    mean = float((passed * ensemble.weights).sum() / ensemble.weights.sum())
    gained = []
    for run in runs:
        axis = run.system.grid.momentum[0]
        u = run.transport.u[0::2].sum(axis=0).ravel() * axis.widths
        square = axis.centres**2 - axis.widths**2 / 12  # of averages
        gained.append(0.5 * ((u * square).sum() / u.sum() - (1.0 + 0.08**2)))
    estimate = max(2 * abs(gained[-1] - gained[-2]) / (RATIO**4 - 1), FLOOR)
    study.compare(
        "kinetic energy gained/Ω", gained[-1] / rate, mean / rate, estimate / rate, "closed form"
    )
    study.compare("the same of the whole wall", gained[-1] / rate, 1.0, 2e-2, "Barnes, Maekawa")


def shift(study: Study, factors: tuple[float, ...]) -> None:
    """(d) The sideways shift in an e field, a Berry phase: 1r×2k with y."""
    e, start, mass = 0.1, -0.8, 0.5
    runs = refined(study, "shift.toml", factors)
    stop = runs[-1].stop

    def reached(kx: Any, ky: Any, curved: float = 1.0) -> Any:
        """Δy on the way from kx to kx + e·stop at fixed ky, upper band."""
        last, square = kx + e * stop, ky**2 + mass**2
        group = ky / e * (np.arcsinh(last / np.sqrt(square)) - np.arcsinh(kx / np.sqrt(square)))
        area = [mass * k / (square * np.sqrt(square + k * k)) for k in (kx, last)]
        return group - 0.5 * curved * (area[1] - area[0])

    nodes = 0.25 * np.arange(-28, 29)
    weights = np.exp(-0.5 * nodes**2) / np.exp(-0.5 * nodes**2).sum()
    kx, ky = np.meshgrid(start + 0.14 * nodes, 0.066 * nodes, indexing="ij")
    mean = [weights @ reached(kx, ky, flag) @ weights for flag in (1.0, 0.0)]
    reference = np.array([mean[0], start + e * stop, 0.0])
    values = np.array([means(run) for run in runs])
    names = ["⟨y⟩", "⟨kx⟩", "⟨ky⟩"]
    tolerances = judge(
        study, "shift", names, values, reference, [1.4, 0.14, 0.066], "closed form"
    )
    missed(study, "shift without e×B", np.array([mean[1] - mean[0]]), tolerances[:1])
    centre = reached(start, 0.0)
    study.compare(
        "centre: −½∮B dk, k from −.8 to .8",
        centre,
        -0.8 / (mass * np.hypot(0.8, mass)),
        1e-14,
        "closed form",
    )
    ensemble = Ensemble(dirac_in_fields(mass, 0.0, e, 1), [0, 0, start, 0], [0, 0, 0.14, 0.066])
    study.compare("closed form by trajectories", ensemble.means(stop)[1], mean[0], 1e-8, SOURCE)
    last = runs[-1]
    u = last.transport.u.reshape(*last.system.grid.sites, 2, *last.system.grid.shape[1:])
    y = last.system.grid.space[0].centres
    study.data["shift"] = (y, u[:, 1].sum(axis=(1, 2)), mean)


def check(study: Study) -> None:
    factors = (1.0, 1.5) if study.quick else (1.0, 1.5, 2.25)
    for case in (wall, orbit, soliton, motive, shift):
        case(study, factors)
    study.data["factors"] = factors


def figure(study: Study) -> Any:
    """Path through the wall, packet and soliton, sideways shift, errors."""
    from kinetic.plotting import style

    data = study.data
    if "errors" not in data or "shift" not in data:
        return None
    page = style.canvas(2 * style.COLUMN, 5.0)
    (first, second), (third, fourth) = page.subplots(2, 2)
    times, path, _ = data["wall"]
    plain = Ensemble(canonical(*WALL, 2, 1, without="rp"), [-4.0, 0.0, 0.6, 0.9], [0.0] * 4).path(
        times
    )
    first.plot(path[0], path[1], color=style.BLUE, label=r"with $\mathcal{F}_{xk}$")
    first.plot(plain[0], plain[1], "--", color=style.VERMILLION, label="without")
    first.axvspan(-3, 3, color=style.GREY, alpha=0.15, linewidth=0)
    first.set(xlabel="$x$", ylabel="$y$", title="through a mass wall (grey), centre of packet")
    first.legend(loc="lower right")
    (x, k), g, line, mean = data["soliton"]
    image = second.pcolormesh(x, k, g.T, cmap="Blues", rasterized=True)
    page.colorbar(image, ax=second, shrink=0.9)
    second.plot(line[0], line[1], color=style.VERMILLION, label="path of the centre")
    second.plot(*mean, "o", color=style.BLACK, label="mean of trajectories")
    second.set(
        xlabel="$x$", ylabel="$k$", xlim=(-8, 8), ylim=(-1, 3), title="$g_+$ after a soliton"
    )
    second.legend(loc="lower right")
    y, density, mean = data["shift"]
    third.plot(y, density / density.sum() / (y[1] - y[0]), "o-", color=style.BLUE)
    third.axvline(0.0, color=style.GREY, linewidth=0.6)
    third.axvline(mean[0], color=style.VERMILLION, label=r"$-\frac{s}{2}\int\mathcal{B}\,dk_x$")
    third.set(xlabel="$y$", ylabel="density", title="shift across the force")
    third.legend()
    factors = np.array(data["factors"])
    for (name, errors), colour in zip(data["errors"].items(), style.CYCLE, strict=False):
        fourth.loglog(1 / factors, errors, "o-", color=colour, label=name)
    reference = np.array([1.0, 1 / factors[-1]])
    scale = max(errors[0] for errors in data["errors"].values())
    fourth.loglog(reference, scale * reference**4, ":", color=style.GREY, label="$h^4$")
    fourth.set(xlabel="$h/h_0$", ylabel="error of means / widths", title="convergence")
    fourth.set_xticks(1 / factors, [f"{1 / factor:.2f}" for factor in factors])
    fourth.minorticks_off()
    fourth.legend(fontsize=6.5)
    return page
