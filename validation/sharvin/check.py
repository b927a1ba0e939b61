"""Ballistic channel between two contacts: Sharvin's conductance, and a Landauer count of modes.

    j = ∫dE M(E) [f_L(E) - f_R(E)] / 2π ,      M(E) = k(E)/π modes per width

Without scattering every state carries the occupation of the contact it comes from, so that
each mode of the channel conducts q²/h.  k(E) is the radius of the circle of energy E: √(E² - m²)
for massive Dirac electrons; √(2M(E ∓ h)) for the two spins of a parabolic band in a field h.  A
smooth potential φ(x) stops, classically, what cannot pass its summit: k(E - φ_max) for k(E); a
well and a second, lower summit change nothing.  k_y is conserved.

Reference: Yu. V. Sharvin, Sov. Phys. JETP 21, 655 (1965); S. Datta, Electronic Transport in
Mesoscopic Systems (Cambridge, 1995), Ch. 2; energies by quadrature.

Tolerance. f jumps at k_x = 0 by f_L - f_R.  In the two cells beside the jump the product rule
⟨W f⟩ = ⟨W⟩⟨f⟩ + (h²/12) ∂W ∂f takes the jump for a slope, which adds exactly

    δj = (h²/12) ∫dk_y/(2π)² Σ_s ∂_kx v_s (f_L - f_R) at k_x = 0 ,

h²/(12 k_F²) of j at low T: order 2, in every scheme with that rule.  Closed form + δj is met to
what the fourth-order product rule leaves of a Fermi edge of width T, C h⁴ with C from the
coarser grid (taken twice), plus what the slowest cells, v = h/2E, have not yet carried away at
the stop (the spread of j over x, which a steady current has not).  Barrier: beside the orbit that
just passes, a scheme smears f over about a cell of k: h/4 of k_max.  Equal contacts: the
equilibrium is split off, rounding.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad

from kinetic.validating import Study, advance, observe, orders

TITLE = "Sharvin's conductance of a ballistic channel"
SOURCE = "Sharvin 1965"
MASS, TEMPERATURE, MU = 0.3, 0.1, 0.8
HEAVY, ZEEMAN = 1.0, 0.1
REACH = 2.2  # of the momentum grid
RASHBA = {"name": "rashba", "coupling": 0.0, "mass": HEAVY, "zeeman": [0.0, 0.0, ZEEMAN]}
CONE = {"name": "massive_dirac", "mass": MASS}


def fermi(energy, mu):
    return 1.0 / (1.0 + np.exp(np.clip((energy - mu) / TEMPERATURE, -700.0, 700.0)))


def radius(energy: float, model: str, spin: int = 1) -> float:
    """k of the circle of an energy; 0 in the gap."""
    if model == "bands":
        return float(np.sqrt(max(2 * HEAVY * (energy - spin * ZEEMAN), 0.0)))
    return float(np.sqrt(energy**2 - MASS**2)) if energy > MASS else 0.0


def sharvin(left: float, right: float, model: str = "cone", summit: float = 0.0) -> float:
    """The current per width."""
    total = 0.0
    for spin in (1, -1):
        if model == "cone" and spin < 0:  # the lower band: the same with E for -E
            total += sharvin(-right, -left, "upper")
            continue
        bottom = summit + (spin * ZEEMAN if model == "bands" else MASS)

        def integrand(u: float, spin: int = spin, bottom: float = bottom) -> float:
            energy = bottom + u * u  # takes the square root at the bottom away
            width = fermi(energy, left) - fermi(energy, right)
            return 2 * u * radius(energy - summit, model, spin) * width

        top = np.sqrt(max(left, right) + 40 * TEMPERATURE - bottom)
        total += quad(integrand, 0.0, top, limit=400, epsabs=1e-15)[0] / (2 * np.pi**2)
        if model == "upper":
            break
    return total


def at_the_jump(left: float, right: float, h: float, model: str = "cone") -> float:
    """δj of the head."""

    def integrand(k: float) -> float:
        if model == "cone":
            energy = np.hypot(k, MASS)
            pairs = [(energy, 1 / energy), (-energy, -1 / energy)]
        else:
            pairs = [(k * k / (2 * HEAVY) + s * ZEEMAN, 1 / HEAVY) for s in (1, -1)]
        return sum(bend * (fermi(e, left) - fermi(e, right)) for e, bend in pairs)

    return h**2 / 12 * 2 * quad(integrand, 0.0, 3.0, limit=400, epsabs=1e-15)[0] / (4 * np.pi**2)


def contacts(bias: float) -> list[dict]:
    return [
        {
            "kind": "reservoir",
            "chemical_potential": MU + sign * bias / 2,
            "temperature": TEMPERATURE,
        }
        for sign in (1, -1)
    ]


def current(study: Study, cells: int, bias: float, changes: dict | None = None):
    """j in the middle, its spread over x, and the run."""
    bounds = {f"grid.{axis}": [-REACH, REACH, cells] for axis in ("kx", "ky")}
    run = study.evolution(
        "channel.toml",
        {
            **bounds,
            "grid.x.boundary": contacts(bias),
            "time.stop": 1.5 * cells,
            **(changes or {}),
        },
    )
    advance(run, run.stop)
    j = observe(run, "current")["current"][0]
    return float(j.mean()), float(np.ptp(j)), run


def clean(study: Study, model: str, bias: float) -> None:
    """Channels without a potential on finer and finer cells."""
    numbers = (16, 24, 32) if study.quick else (24, 32, 48)
    name = {"cone": "massive Dirac", "bands": "two spins"}[model]
    changes = {"hamiltonian": CONE if model == "cone" else RASHBA}
    left, right = MU + bias / 2, MU - bias / 2
    exact = sharvin(left, right, model)
    raw, rest, spreads = [], [], []
    for cells in numbers:
        j, spread, run = current(study, cells, bias, changes)
        raw.append(j / exact - 1)
        rest.append((j - at_the_jump(left, right, 2 * REACH / cells, model)) / exact - 1)
        spreads.append(spread / exact)
    fine, coarse = numbers[-1], numbers[-2]
    tolerance = min(2 * abs(rest[-2]) * (coarse / fine) ** 4 + spreads[-1], 1e-3)
    label = f"j/δμ, {name}, bias {bias:g}, {fine}²"
    study.compare(
        f"{label}, jump taken off",
        (1 + rest[-1]) * exact / bias,
        exact / bias,
        tolerance,
        SOURCE,
        relative=True,
    )
    study.report(f"{label}, as it is", (1 + raw[-1]) * exact / bias, exact / bias, SOURCE)
    order = orders(raw[-2:], fine / coarse)[0]
    study.compare(f"order in h, {name}, bias {bias:g}", order, 2.0, 0.25, "jump at k_x = 0")
    study.data[model, bias] = (np.array(numbers), np.array(raw), np.array(rest))
    if model == "cone" and bias < 0.01:
        landauer(study, (1 + rest[-1]) * exact / bias, tolerance)
        study.data["f"] = run.transport.occupation()[1::2].reshape(-1, fine, fine)
        study.data["k"] = run.system.grid.momentum[0].centres


def landauer(study: Study, conductance: float, tolerance: float) -> None:
    """Modes of a hard-walled channel of width W, counted one by one.

    Σ_n f(E(πn/W)), n = 1, 2, ..., is the Euler-Maclaurin sum of k_F W/π with the end term
    -½f(m), to exp(-2π T W/v).
    """
    for width in (50.0, 400.0):
        n = np.arange(1, int(3 * width / np.pi))
        modes = float(np.sum(fermi(np.hypot(np.pi * n / width, MASS), MU)))
        own = 2 * np.pi * conductance * width
        study.compare(
            f"modes in a channel of width {width:g}: ours less half a mode",
            own - 0.5 * fermi(MASS, MU),
            modes,
            1e-4 + own * tolerance,
            "Landauer",
        )
        study.report(f"modes in a channel of width {width:g}: count over ours", modes / own, 1.0)


def obstructed(study: Study) -> None:
    """A barrier, a well, two barriers."""
    bias, cells, sites = (0.001, 24, 16) if study.quick else (0.001, 32, 32)
    shapes = {
        "barrier .25": ("0.25*sin(pi*x)**2", 0.25),
    }
    if not study.quick:
        shapes["well .25"] = ("-0.25*sin(pi*x)**2", 0.0)
        shapes["barriers .15 and .25"] = ("(0.2 - 0.05*cos(pi*x))*sin(2*pi*x)**2", None)
    free = sharvin(MU + bias / 2, MU - bias / 2)
    for name, (formula, summit) in shapes.items():
        if summit is None:
            x = np.linspace(0, 1, 20001)
            summit = float(np.max((0.2 - 0.05 * np.cos(np.pi * x)) * np.sin(2 * np.pi * x) ** 2))
        exact = sharvin(MU + bias / 2, MU - bias / 2, summit=summit)
        changes = {
            "fields.phi": formula,
            "grid.x.cells": sites,
            "time.stop": 10.0,
            "equation.scheme": "mp5",
        }
        j, _, _ = current(study, cells, bias, changes)
        study.compare(
            f"transmission, {name}",
            j / free,
            exact / free,
            0.25 * 2 * REACH / cells * exact / free,
            "classical motion",
        )
    level, _, _ = current(
        study, cells, 0.0, {"fields.phi": "0.25*sin(pi*x)**2", "time.stop": 2.0}
    )
    study.at_most(
        "current between equal contacts over a barrier", abs(level), 1e-15, "equilibrium"
    )


def check(study: Study) -> None:
    clean(study, "cone", 0.001)
    clean(study, "bands", 0.001)
    if not study.quick:
        clean(study, "cone", 0.2)
    obstructed(study)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.7)
    left, right = page.subplots(1, 2)
    f, k = study.data["f"], study.data["k"]
    middle = f[len(f) // 2]
    away = middle - middle[::-1]
    image = left.pcolormesh(k, k, away.T * 1e3, cmap="PuOr_r", rasterized=True)
    left.set(
        xlim=(-1.2, 1.2),
        ylim=(-1.2, 1.2),
        aspect="equal",
        xlabel=r"$k_x$",
        ylabel=r"$k_y$",
        title=r"$10^3\,[f(k_x) - f(-k_x)]$, mid-channel",
    )
    page.colorbar(image, ax=left, shrink=0.9)
    names = {
        ("cone", 0.001): "massive Dirac",
        ("bands", 0.001): "two spins",
        ("cone", 0.2): "massive Dirac, bias .2",
    }
    colours = (style.BLUE, style.VERMILLION, style.BLACK)
    for (key, name), colour in zip(names.items(), colours, strict=True):
        if key not in study.data:
            continue
        numbers, raw, rest = study.data[key]
        right.loglog(2 * REACH / numbers, np.abs(raw), "o-", color=colour, label=name)
        right.loglog(2 * REACH / numbers, np.abs(rest), "s:", color=colour)
    h = 2 * REACH / numbers
    right.loglog(h, 0.12 * h**2, "--", color=style.GREY, label=r"$h^2$")
    right.set(xlabel=r"cell width $h$", ylabel=r"error of $j$ (dotted: jump taken off)")
    right.set_xticks(list(h), [f"{x:.3f}" for x in h])
    right.set_xticks([], minor=True)
    right.legend()
    return page
