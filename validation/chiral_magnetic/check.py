"""The chiral magnetic current: none in equilibrium, μ₅ b/2π² out of it, one third when b is fast.

    j = χ μ b/4π² per node (static b) ,      j = χ μ b/4π² [s(t) - ∫₀¹du (1 - u²) C(u, t)]

for b = b s(t) cos(qx) ẑ from 0 at t = 0 with Faraday's e, where
C = ∫₀ᵗ ṡ(t′) cos[q u (t - t′)] dt′.  The second follows from the kinetic equation to first order
in b: f₁ = f₀′ δε + h, ∂ₜh + v_x ∂_x h = f₀′ (M_k·ḃ - e·v), carried along x - v_x t; the frozen f₀
gives 2/3 s, f₁ v_z gives ⟨u_z²(s - C)⟩ and the curl of the magnetisation -⟨u_y² C⟩, averaged over
the directions u of k.  As q → 0 or ω ≫ vq the current is s/3, for slow b it is the static one.

Reference: closed forms; D. E. Kharzeev, H. J. Warringa, Phys. Rev. D 80, 034028 (2009), whose
one third it is; M. M. Vazifeh, M. Franz, Phys. Rev. Lett. 111, 027201 (2013), for equilibrium.
μ = .4, b = .01: 1.01321e-4; fast 3.37737e-5; μ_R - μ_L = .1: 2.53303e-5.  Values are relative to
bands filled up to the node.

Tolerance.  Sums over nodes at the same μ, j_x, and the flow through a section (the sum over x of
j_y, which is a curl) vanish by symmetry: rounding of the terms, 1e-16 against 1e-4.  Static
current: the chiral level's is linear in b, but f(ε̄) and D_s carry O(F²), F = b/μ² = .0625
at the Fermi level (largest b: .094), and cells around the node are glued: F² = 4e-3.  The
cutoff leaves exp[-(Λ - μ)/T] = 1e-7.  Fast b: the same 4e-3 of the static current; a quarter of
the field must be at least twice closer (full run), since what deviates is of higher order in b.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad

from kinetic.validating import Study, advance, observe

TITLE = "chiral magnetic current: equilibrium, imbalance, and the a.c. third"
SOURCE = "chiral level"
MU, B = 0.4, 0.01
UNIT = MU * B / (4 * np.pi**2)


def response(time: float, q: float, w: float) -> float:
    """j/(μb/4π²) of s = sin ωt."""

    def carried(u: float) -> float:
        return quad(lambda t: w * np.cos(w * t) * np.cos(q * u * (time - t)), 0, time, limit=200)[
            0
        ]

    return float(np.sin(w * time) - quad(lambda u: (1 - u * u) * carried(u), 0, 1)[0])


def grid(cells: int) -> dict:
    return {f"grid.{axis}": [-1.2, 1.2, cells] for axis in ("kx", "ky", "kz")}


def static(study: Study) -> None:
    cells = 13 if study.quick else 21
    run = study.evolution("static.toml", grid(cells))
    j = observe(run, "current")["current"]
    study.at_most(
        f"equilibrium, both nodes: j along b, {cells}³", np.abs(j[2]).max(), 1e-16, SOURCE
    )
    study.at_most("... j along x: divergence", np.abs(j[0]).max(), 1e-16, SOURCE)
    study.at_most("... flow along y through a section", abs(j[1].mean()), 1e-16, SOURCE)
    study.report("... largest j along y, a curl", np.abs(j[1]).max())
    advance(run, run.stop)
    moved = np.abs(observe(run, "current")["current"] - j).max()
    study.at_most("... and the current after a while, changed by", moved, 1e-15, SOURCE)

    sides = []
    for chirality in (1, -1):
        one = {"hamiltonian": {"name": "weyl", "chirality": chirality}}
        node = study.evolution("static.toml", {**grid(cells), **one})
        b = node.flow.magnetic(0.0)[2]
        sides.append(observe(node, "current")["current"][2])
        ratio = np.abs(chirality * sides[-1] * B / (b * UNIT) - 1).max()
        study.at_most(
            f"χ = {chirality:+d}: j/b over μ/4π², largest deviation over x", ratio, 4e-3, SOURCE
        )
    place = int(np.argmin(np.abs(b - B)))
    study.compare(
        "χ = +1, j at b = .01", sides[0][place] * B / b[place], UNIT, 4e-3 * UNIT, SOURCE
    )

    uneven = {"initial.chemical_potential": [0.45, 0.35]}
    run = study.evolution("static.toml", {**grid(cells), **uneven})
    j = observe(run, "current")["current"][2] * B / b
    exact = 0.1 * B / (4 * np.pi**2)
    study.compare(
        "μ_R - μ_L = .1, j at b = .01", j.mean(), exact, 4e-3 * exact, "(μ_R - μ_L) b/4π²"
    )
    study.data["static"] = (run.system.grid.space[0].centres, sides)


def oscillating(study: Study, cells: int, b: float, q: float, w: float, times) -> np.ndarray:
    """Amplitude of cos(qx) in j, over the static current."""
    changes = {
        **grid(cells),
        "fields.parameters": {"b": b, "q": q, "w": w},
        "grid.x": [0.0, 2 * np.pi / q, 12],
        "time.stop": times[-1],
    }
    run = study.evolution("ac.toml", changes)
    wave, out = np.cos(q * run.system.grid.space[0].centres), []
    for time in times:
        advance(run, time)
        out.append(2 * np.mean(observe(run, "current")["current"][2] * wave) * B / b / UNIT)
    return np.array(out)


def fast(study: Study) -> None:
    q, w = 0.25, 2.0
    quarter = np.pi / 2 / w
    cells = 13 if study.quick else 17
    value = oscillating(study, cells, B, q, w, [quarter])[0]
    exact = response(quarter, q, w)
    study.compare(
        f"fast b, q = .25, ω = 2, {cells}³",
        value * UNIT,
        exact * UNIT,
        4e-3 * UNIT,
        "kinetic theory in q",
    )
    beyond = 4e-3 + (exact - 1 / 3)
    study.compare(
        "fast b, one third", value * UNIT, UNIT / 3, beyond * UNIT, "Kharzeev, Warringa"
    )
    if study.quick:
        return
    weak = oscillating(study, cells, B / 4, q, w, [quarter])[0]
    study.at_most(
        "... a quarter of b is closer, in units of the deviation at b",
        abs(weak - exact) / abs(value - exact),
        0.5,
        "higher order in b",
    )
    for q, w, span in ((0.5, 2.0, 3.0), (0.5, 0.25, 6.0)):
        times = np.linspace(span / 8, span, 8)
        values = oscillating(study, cells, B, q, w, list(times))
        expected = np.array([response(t, q, w) for t in times])
        study.at_most(
            f"q = {q:g}, ω = {w:g}, up to t = {span:g}: largest deviation over μb/4π²",
            np.abs(values - expected).max(),
            4e-3,
            "kinetic theory in q",
        )
        study.data[w] = (times, values, q)


def check(study: Study) -> None:
    static(study)
    fast(study)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.7)
    left, right = page.subplots(1, 2)
    x, sides = study.data["static"]
    fine = np.linspace(0, 4 * np.pi, 200)
    shape = MU * B * (1 + 0.5 * np.cos(fine / 2)) / (4 * np.pi**2) * 1e4
    for values, sign, colour, name in zip(
        sides, (1, -1), (style.BLUE, style.VERMILLION), "RL", strict=True
    ):
        left.plot(x, values * 1e4, "o", color=colour, label=name)
        left.plot(fine, sign * shape, "-", color=style.GREY, linewidth=0.8)
    left.plot(x, (sides[0] + sides[1]) * 1e4, "s", color=style.BLACK, label="sum")
    left.set(xlabel=r"$x$", ylabel=r"$10^4\,j_z$ in equilibrium")
    left.legend()
    for w, colour in ((2.0, style.BLUE), (0.25, style.VERMILLION)):
        if w not in study.data:
            continue
        times, values, q = study.data[w]
        dense = np.linspace(0, times[-1], 40)
        right.plot(
            w * dense,
            [response(t, q, w) for t in dense],
            "-",
            color=colour,
            linewidth=0.8,
            label=rf"$\omega = {w / q:g}\,vq$",
        )
        right.plot(w * times, values, "o", color=colour)
    phase = np.linspace(0, 6, 100)
    for factor in (1, 1 / 3):
        right.plot(phase, factor * np.sin(phase), ":", color=style.GREY)
    right.set(xlabel=r"$\omega t$", ylabel=r"$j_z / (\mu b / 4\pi^2)$")
    right.legend()
    return page
