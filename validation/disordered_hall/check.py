"""Anomalous Hall effect of the massive Dirac cone with white noise, mechanism by mechanism.

    -σ_xy/(e²/h):   intrinsic m/2μ ,   third moment nV₁³ m k⁴/[(nV₀²)² (4m² + k²)²]
    side-jump velocity and anomalous distribution (m/2μ) 2k²/(4m² + k²) each
    Gaussian skew (m/2μ) 3k⁴/(4m² + k²)² ,   k² = μ² - m²
    all but the third moment together 4μm(μ² + m²)/(μ² + 3m²)²

Reference: N. A. Sinitsyn, A. H. MacDonald, T. Jungwirth, V. K. Dugaev, J. Sinova, Phys. Rev. B
75, 045315 (2007).  All of it is found again here from the golden rule: spinors in a gauge, their
Berry connections and arg⟨u|u'⟩, and |T|² up to the fourth order with every state between, summed
over angles (`golden_rule`); nothing in it is shared with the program, which works with the spin
directions.

The evolved numbers are steady states of the program's own operators in a force e along y, stepped
implicitly over some twenty lifetimes at a time (what is left of the start: below 1e-8), each
mechanism on its own and all together.  e τ/T = 4e-3, so that currents beyond the linear one are
(eτ/T)² = 1e-5.  References are averaged with -f'.

Tolerances. The δ functions of energy shells leave parabolas as they are; what remains of second
order is that spin directions, velocities and their products are those of cell centres, h²∂²/24
each on the scale k: ½(h/k)² of every part is allowed, and order 2 has to show.  The intrinsic
part is a sum over cells as in `parity_anomaly`, (h/2πT)⁴·ν.  Relaxation alone makes no current
across e by the group velocity: a linear scheme keeps the mirror symmetry to rounding, and 1e-15
of the state over e is 1e-9.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad

from kinetic.validating import Study, observe, orders

TITLE = "anomalous Hall effect of a disordered massive Dirac cone"
SOURCE = "Sinitsyn et al. 2007"
RATIOS = (1.5, 2.0, 3.0, 5.0)
TOTALS = (0.707483, 0.816327, 0.833333, 0.663265)
TEMPERATURE, STRENGTH, THIRD, FORCE = 0.05, 0.02, 2e-4, 1e-6
NAMES = {
    "intrinsic": "intrinsic",
    "velocity": "side-jump velocity",
    "distribution": "anomalous distribution",
    "skew": "Gaussian skew",
}


# --- closed forms, golden rule -----------------------------------------------------------------


def closed(m: float, mu: float) -> dict[str, float]:
    """-σ_xy in e²/h at T = 0."""
    k2 = mu * mu - m * m
    share, half = 4 * m * m + k2, 0.5 * m / mu
    return {
        "intrinsic": half,
        "velocity": half * 2 * k2 / share,
        "distribution": half * 2 * k2 / share,
        "skew": half * 3 * k2**2 / share**2,
        "third moment": THIRD / STRENGTH**2 * m * k2**2 / share**2,
    }


def averaged(m: float, mu: float) -> dict[str, float]:
    """The same at T, with -f'; the filled band has its -½ apart."""

    def mean(name: str) -> float:
        return quad(
            lambda e: closed(m, e)[name] / np.cosh(0.5 * (e - mu) / TEMPERATURE) ** 2,
            m,
            mu + 30 * TEMPERATURE,
            epsabs=1e-12,
            limit=200,
        )[0] / (4 * TEMPERATURE)

    found = {name: mean(name) for name in closed(m, mu)}
    # holes and electrons: ν = ½ for μ in the gap
    found["intrinsic"] += 0.5 * float(1.0 / (1.0 + np.exp((mu - m) / TEMPERATURE)))
    return found


def spinors(k: np.ndarray, m: float, band: int) -> np.ndarray:
    """(2, state)"""
    theta, phi = np.arctan2(np.hypot(*k), m), np.arctan2(k[1], k[0])
    turn = np.exp(1j * phi)
    if band > 0:
        return np.stack([np.cos(theta / 2) + 0 * turn, np.sin(theta / 2) * turn])
    return np.stack([-np.sin(theta / 2) / turn, np.cos(theta / 2) + 0 * turn])


def golden_rule(m: float, mu: float, angles: int = 12) -> dict[str, float]:
    """-σ_xy in e²/h of one energy, from rates between states on the Fermi circle.

    All rates are trigonometric polynomials, for which sums over equal angles are exact; T-matrix:
    T = V + VGV + VGVGV, ⟨VV⟩ = nV₀² contracted without crossing, on-shell G = -iπδ.
    """
    small = 1e-3 * STRENGTH  # nV₀²: to be far from (τ/τ_skew)²
    phi = 2 * np.pi * (np.arange(angles) + 0.3) / angles
    k = np.sqrt(mu * mu - m * m) * np.stack([np.cos(phi), np.sin(phi)])
    share, velocity = mu / (2 * np.pi) / angles, k / mu
    u, w = spinors(k, m, 1), spinors(k, m, -1)
    overlap, across = u.conj().T @ u, u.conj().T @ w  # ⟨u'|u⟩ and ⟨u'|w⟩, rows u'
    born = 2 * np.pi * small * np.abs(overlap) ** 2
    shift = []
    for axis in range(2):
        slope = np.zeros_like(u)
        for step, c in ((1, 0.75), (2, -0.15), (3, 1 / 60)):
            move = np.zeros_like(k)
            move[axis] = 0.01 * step * m
            slope += c * (spinors(k + move, m, 1) - spinors(k - move, m, 1)) / (0.01 * m)
        connection = np.real(1j * np.sum(u.conj() * slope, axis=0))
        turning = np.imag((slope.conj().T @ u + u.conj().T @ slope) / overlap)
        shift.append(connection[:, None] - connection - turning)
    side = share * np.sum(born * np.array(shift), axis=1)
    between = -1j * np.pi * share * (u @ u.conj().T)  # Σ_l'' G |u''⟩⟨u''|
    third = 2 * np.real(overlap.conj() * (u.conj().T @ between @ u))
    fourth = np.zeros((angles, angles))
    for c in range(angles):  # |VGV|² with one path on the shell, one in the other band
        on = np.outer(overlap[:, c], overlap[c]) * -1j * np.pi * share
        off = np.outer(across[:, c], across[:, c].conj()) / (2 * mu)
        fourth += 2 * np.real(on * off.conj())
    mixed = overlap.conj() * across * np.sum(w.conj() * (between @ u), axis=0)  # initial state
    fourth += 2 * np.real(mixed) / (2 * mu)
    mixed = overlap.conj() * across.conj().T * np.sum(u.conj() * (between @ w), axis=0)[:, None]
    fourth += 2 * np.real(mixed) / (2 * mu)  # final state

    def conductivity(rates: np.ndarray, source: np.ndarray, current: np.ndarray) -> float:
        """2π Σ j g with Σ (ω g' - ω g) = source."""
        balance = share * rates - np.diag(share * rates.sum(axis=0))
        apart = np.linalg.lstsq(balance, source, rcond=1e-12)[0]
        return 2 * np.pi * share * float(current @ apart)

    def skew(rates: np.ndarray) -> np.ndarray:
        return born + np.pi * (rates - rates.T)

    y, drive = velocity[1], -velocity[0]  # -σ_xy = σ_yx: the force along x
    scale = THIRD * (small / STRENGTH) ** 2
    return {
        "velocity": conductivity(born, drive, side[1]),
        "distribution": conductivity(born, side[0], y),
        "skew": conductivity(skew(small**2 * fourth), drive, y),
        "third moment": conductivity(skew(scale * third), drive, y),
    }


# --- evolution ----------------------------------------------------------------------------------


def box(m: float, cutoff: float = 2.0) -> float:
    """ν of the filled lower band in the square box, to be replaced by -½."""
    return -np.arctan(cutoff**2 / (m * np.sqrt(m**2 + 2 * cutoff**2))) / np.pi


def hall(study: Study, m: float, cells: int, elastic: dict, force: float = FORCE) -> dict:
    """-2π j_x/e_y by contribution, and σ_yy of the group velocity."""
    changes = {f"grid.{axis}": [-2.0, 2.0, cells] for axis in ("kx", "ky")}
    changes |= {"hamiltonian.mass": m, "fields.E": [0, force], "collisions": [elastic]}
    found = observe(study.evolve("cone.toml", changes, 4), "current")
    out = {name: -2 * np.pi * value[0] / force for name, value in found.items()}
    out["drude"] = 2 * np.pi * found["current_group"][1] / force
    return out


def mechanisms(study: Study, m: float, cells: int) -> dict[str, float]:
    """-σ_xy in e²/h: every mechanism, and all of them in one run."""
    white = {"name": "elastic", "strength": STRENGTH}
    shift = {"side_jump": True, "anomalous_distribution": True}
    one = hall(study, m, cells, white | shift)
    two = hall(study, m, cells, white | {"skew_gaussian": True})
    whole = hall(study, m, cells, white | shift | {"skew_gaussian": True})
    return {
        "intrinsic": one["current_anomalous"] + box(m) + 0.5,
        "velocity": one["current_side_jump"],
        "distribution": one["current_group"],
        "skew": two["current_group"],
        "total": whole["current"] + box(m) + 0.5,
    }


def check(study: Study) -> None:
    for ratio, total in zip(RATIOS, TOTALS, strict=True):
        exact, found = closed(1 / ratio, 1.0), golden_rule(1 / ratio, 1.0)
        worst = max(abs(found[name] / exact[name] - 1.0) for name in found)
        study.at_most(f"golden rule against closed forms, μ = {ratio:g}m", worst, 3e-8, SOURCE)
        whole = exact["intrinsic"] + sum(found.values()) - found["third moment"]
        study.compare(f"golden rule and m/2μ, total, μ = {ratio:g}m", whole, total, 1e-6, SOURCE)
    alone(study)
    cells = 48 if study.quick else 128
    data = {}
    for ratio in (2.0,) if study.quick else RATIOS:
        m = 1 / ratio
        expected, found = averaged(m, 1.0), mechanisms(study, m, cells)
        expected["total"] = sum(expected[name] for name in NAMES)
        for name, value in found.items():
            tolerance = 0.5 * (4.0 / cells) ** 2 / (1.0 - m * m) * expected[name]
            if name == "intrinsic":
                tolerance = 0.5 * (4.0 / cells / (2 * np.pi * TEMPERATURE)) ** 4
            where = f"{name}, μ = {ratio:g}m, {cells}²"
            study.compare(f"-σ_xy, {where}", value, expected[name], tolerance, SOURCE)
        data[ratio] = found
    study.data.update(found=data)
    if not study.quick:
        convergence(study, data[2.0])
        strengths(study, data[2.0])


def alone(study: Study) -> None:
    """Relaxation, by a time or by disorder, without anything else."""
    relaxing = {"name": "relaxation_time", "tau": 100.0, "conserving": ["charge"]}
    for label, table in (
        ("relaxation time", relaxing),
        ("Born rates", {"name": "elastic", "strength": STRENGTH}),
    ):
        found = hall(study, 0.5, 48 if study.quick else 64, table)
        rest = found["current"] - found["current_anomalous"]
        study.compare(f"{label} alone: -σ_xy beyond the intrinsic part", rest, 0.0, 1e-9, SOURCE)


def convergence(study: Study, finest: dict[str, float]) -> None:
    """Errors at μ = 2m on coarser grids."""
    expected, numbers = averaged(0.5, 1.0), (32, 48, 64, 96, 128)
    runs = [mechanisms(study, 0.5, cells) for cells in numbers[:-1]] + [finest]
    errors = {
        name: np.array([run[name] / expected[name] - 1.0 for run in runs]) for name in NAMES
    }
    for name in ("velocity", "skew"):
        study.at_least(f"order of {name} in h", orders(errors[name][[2, 4]])[0], 1.7, "shells")
    study.data.update(numbers=np.array(numbers), errors=errors)


def strengths(study: Study, weak: dict[str, float]) -> None:
    """What must not depend on nV₀², what is odd in e, and disorder that is not Gaussian."""
    white = {"name": "elastic", "side_jump": True, "anomalous_distribution": True}
    strong = hall(study, 0.5, 128, white | {"skew_gaussian": True, "strength": 2 * STRENGTH})
    whole = strong["current"] + box(0.5) + 0.5
    # (τ/τ_skew)² of both and what side jump makes of the distribution: of second order in nV₀²
    study.compare(
        "total at twice nV₀² less total, μ = 2m", whole - weak["total"], 0.0, 1e-4, "theory"
    )
    back = hall(study, 0.5, 64, white | {"strength": STRENGTH}, -FORCE)
    ahead = hall(study, 0.5, 64, white | {"strength": STRENGTH})
    study.compare(
        "σ_xy(e) - σ_xy(-e), 64²", ahead["current"] - back["current"], 0.0, 1e-9, "odd in e"
    )
    third = {"name": "elastic", "strength": STRENGTH, "skew_third_moment": THIRD}
    expected = averaged(0.5, 1.0)["third moment"]
    study.compare(
        "-σ_xy, third moment, μ = 2m, 128²",
        hall(study, 0.5, 128, third)["current_group"],
        expected,
        0.5 * (4.0 / 128) ** 2 / 0.75 * expected,
        SOURCE,
    )


def figure(study: Study):
    from kinetic.plotting import style

    whole = "errors" in study.data
    page = style.canvas(style.PAGE if whole else 4.0, 2.9)
    left, *others = page.subplots(1, 1 + whole, squeeze=False)[0]
    ratios = np.linspace(1.2, 6.0, 60)
    rows = [averaged(1 / ratio, 1.0) for ratio in ratios]
    colours = (style.BLUE, style.SKY, style.GREEN, style.ORANGE)
    below, found = np.zeros_like(ratios), study.data["found"]
    at = np.array(sorted(found))
    points = np.zeros_like(at)
    for (name, label), colour in zip(NAMES.items(), colours, strict=True):
        above = below + [row[name] for row in rows]
        left.fill_between(ratios, below, above, color=colour, alpha=0.35, linewidth=0)
        left.plot(ratios, above, color=colour, label=label)
        points = points + [found[ratio][name] for ratio in at]
        left.plot(at, points, "o", color=colour, markerfacecolor="white", markersize=4)
        below = above
    together = [found[ratio]["total"] for ratio in at]
    left.plot(at, together, "x", color=style.BLACK, markersize=5, label="all in one run")
    cold = [sum(closed(1 / ratio, 1.0)[name] for name in NAMES) for ratio in ratios]
    left.plot(ratios, cold, ":", color=style.BLACK, linewidth=0.8, label=r"total at $T = 0$")
    left.set(
        xlabel=r"$\mu/m$",
        ylabel=r"$-\sigma_{xy}$  ($e^2/h$), stacked",
        xlim=(1.2, 6.0),
        ylim=(0, 1.32),
    )
    left.legend(ncols=2, loc="upper right")
    if others:
        convergence_panel(study, others[0], colours)
    return page


def convergence_panel(study: Study, axes, colours) -> None:
    from kinetic.plotting import style

    spacing = 4.0 / study.data["numbers"]
    for (name, label), colour, mark in zip(NAMES.items(), colours, "osD^", strict=True):
        if name != "intrinsic":
            error = np.abs(study.data["errors"][name])
            axes.loglog(spacing, error, mark + "-", color=colour, label=label)
    guide = np.array([spacing[-1], spacing[0]])
    axes.loglog(guide, 0.3 * guide**2, ":", color=style.GREY, label=r"$h^2$")
    axes.set(xlabel=r"$vh/\mu$", ylabel=r"relative error, $\mu = 2m$", ylim=(2e-8, 0.1))
    ticks = [0.03, 0.05, 0.1]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.legend(loc="lower right")
