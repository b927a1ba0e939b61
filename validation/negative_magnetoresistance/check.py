"""Negative magnetoresistance of a pair of Weyl nodes with collisions within and between them.

    C = -(f - f_loc)/τ - (f_loc - f_eq)/τ_v ,   f_loc with the charge of its node, e ∥ b:

    σ(b) = 2 {τ [⟨Dż²⟩ - (b/4π²)²/ν] + τ_v (b/4π²)²/ν} ,   ⟨X⟩ = Σ_s ∫d³k/(2π)³ (-f_FD′(ε̄_s)) X

with ν = ⟨D⟩, D = 1 + s b u/2k², u = cos θ, ε̄ = s k - b u/2k, D ż = s u + b u²/k² + s b²u/4k⁴.
The stationary equation is linear: e·ż f_FD′ = C, for v×b only turns what is symmetric about b;
its charge gives ν δμ = τ_v e b/4π², ⟨Dż⟩ = b/4π².  At T = 0 and fixed μ
δσ = τ_v b²/(8π⁴ν) [1 - (11/15) τ/τ_v] as b → 0, without the orbital moment 7/15.

Reference: D. T. Son, B. Z. Spivak, Phys. Rev. B 88, 104412 (2013), for the leading term
(6.33257e-4 at T = 0, 6.0230e-4 at T = .05; μ = .4, b = .01, τ_v = 40); the integrals by
Gauss-Legendre.

How it is measured.  e = 5e-4, so that the order e³, (eτ/k_F)² and (δμ/μ)², is 1e-6.  After 16 τ
everything follows the charge between the nodes: j = j_D + α ρ₅, whose end is known exactly,
e b τ_v/2π² (validation/valley_relaxation).  Two times give α, and the stationary j without
waiting for it.

Tolerance.  The local Fermi function has its values at the centres of cells: .2 (h/k_F)² of the
leading term.  Two grids take it off, 1e-3 are allowed after that.  At T = .05 the node itself
is not empty of holes: ⟨Dż⟩ over k > √b, outside of the glued ball, is .9993, .9990 and .9986 of
b/4π² at b = .005, .01, .02, and no classical theory says what is within.  That share is added.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, observe

TITLE = "negative magnetoresistance of two Weyl nodes"
SOURCE = "relaxation-time integrals"
MU, TEMPERATURE, TAU, BETWEEN, FORCE = 0.4, 0.05, 0.4, 40.0, 5e-4
CUBE = 1.0
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(60)


# --- the integrals ----------------------------------------------------------------------------


def averages(b: float, temperature: float, reach: float, moment: bool = True):
    """ν, ⟨Dż²⟩ and ⟨Dż⟩ of a node over k > reach."""
    inner = np.linspace(reach, 0.2, 6)
    edges = np.concatenate([inner, np.linspace(0.2, 3.0, 120)[1:]])
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    k = (middle[:, None] + half[:, None] * _POINTS).reshape(-1, 1)
    weight = (half[:, None] * _WEIGHTS).reshape(-1, 1) * _WEIGHTS * k**2 / (4 * np.pi**2)
    u, field, shift = _POINTS, b / k**2, b / k**2 * moment
    total = np.zeros(3)
    for s in (1, -1):
        states = 1 + s * field * u / 2
        group = s * u - 0.5 * shift * (1 - 2 * u * u)
        flux = group + 0.5 * s * field * (s + 0.5 * shift * u)
        x = np.clip((s * k - 0.5 * shift * u * k - MU) / (2 * temperature), -300, 300)
        slope = weight / (4 * temperature * np.cosh(x) ** 2)
        total += [np.sum(slope * y) for y in (states, flux**2 / states, flux)]
    return total


def conductivity(b: float, tau: float, temperature: float = TEMPERATURE, moment: bool = True):
    """σ of both nodes."""
    nu, squares, _ = averages(b, temperature, max(np.sqrt(b), 1e-3), moment)
    valley = (b / (4 * np.pi**2)) ** 2 / nu
    return 2 * (tau * (squares - valley) + BETWEEN * valley)


def change(b: float, tau: float, temperature: float = TEMPERATURE, moment: bool = True):
    """σ(b) - σ(0)."""
    return conductivity(b, tau, temperature, moment) - conductivity(0.0, tau, temperature, moment)


def leading(b: float, temperature: float) -> float:
    """τ_v b²/8π⁴ν, as b → 0."""
    density = (MU**2 + np.pi**2 * temperature**2 / 3) / (2 * np.pi**2)
    return BETWEEN * b**2 / (8 * np.pi**4 * density)


# --- the same by the program ------------------------------------------------------------------


def stationary(study: Study, cells: int, b: float) -> float:
    """j/e in the end."""
    changes = {f"grid.{axis}": [-CUBE, CUBE, cells] for axis in ("kx", "ky", "kz")}
    run = study.evolution("pair.toml", {**changes, "fields.B": [0, 0, b]})
    names = ("current", "valley_density")
    start = {name: observe(run, name)[name] for name in names}
    seen = []
    for time in (16 * TAU, run.stop):
        advance(run, time)
        now = {name: observe(run, name)[name] - start[name] for name in names}
        seen.append([now["current"][2], -np.diff(now["valley_density"])[0]])
    if b == 0.0:
        return seen[-1][0] / FORCE
    (first, early), (last, late) = seen
    missing = FORCE * b * BETWEEN / (2 * np.pi**2) - late
    return (last + (last - first) / (late - early) * missing) / FORCE


def check(study: Study) -> None:
    for temperature, number in ((0.0, 6.33257e-4), (0.05, 6.0230e-4)):
        study.compare(
            f"leading term at T = {temperature:g} (digits)",
            leading(0.01, temperature),
            number,
            2e-8,
            "Son, Spivak 2013",
        )
    for moment, part in ((True, 11 / 15), (False, 7 / 15)):
        b, cold = 0.002, 0.002
        slope = change(b, 1.0, cold, moment) - change(b, 0.0, cold, moment)
        study.compare(
            f"share of τ/τ_v at T → 0, moment {'on' if moment else 'off'}",
            -slope * BETWEEN / leading(b, cold),
            part,
            5e-4,
            "closed form",
        )
    fields = (0.01,) if study.quick else (0.005, 0.01, 0.02)
    grids = (19,) if study.quick else (29, 37)
    found = np.array([[stationary(study, cells, b) for b in (0.0, *fields)] for cells in grids])
    found = found[:, 1:] - found[:, :1]
    squares = (2 * CUBE / np.array(grids)) ** 2
    for place, b in enumerate(fields):
        exact = change(b, TAU)
        node = 1 - averages(b, TEMPERATURE, np.sqrt(b))[2] * 4 * np.pi**2 / b
        for cells, square, value in zip(grids, squares, found[:, place], strict=True):
            study.compare(
                f"δσ, b = {b:g}, {cells}³",
                value,
                exact,
                0.2 * square / MU**2 + 1e-3 + node,
                SOURCE,
                relative=True,
            )
        if study.quick:
            continue
        coarse, fine = found[:, place]
        limit = fine + (fine - coarse) * squares[1] / (squares[0] - squares[1])
        label = f"δσ, b = {b:g}, {grids[0]}³ and {grids[1]}³ to h → 0"
        study.compare(label, limit, exact, 1e-3 + node, SOURCE, relative=True)
        found[-1, place] = limit
    study.data["points"] = list(zip(fields, found[-1], strict=True))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.4)
    axis = page.subplots()
    line = np.linspace(0.001, 0.022, 30)
    for tau, colour in ((TAU, style.BLUE), (8.0, style.GREEN)):
        values = [1e3 * change(b, tau) for b in line]
        axis.plot(1e4 * line**2, values, color=colour, linewidth=0.8, label=rf"$\tau = {tau:g}$")
    axis.plot(
        1e4 * line**2,
        [1e3 * leading(b, TEMPERATURE) for b in line],
        ":",
        color=style.GREY,
        label=r"$\tau_v b^2/8\pi^4\nu$",
    )
    b, values = np.array(study.data["points"]).T
    axis.plot(
        1e4 * b**2,
        1e3 * values,
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label="evolved",
    )
    axis.set(xlabel=r"$10^4\,b^2$", ylabel=r"$10^3\,\delta\sigma_{zz}$", title=r"$\tau_v = 40$")
    axis.legend()
    return page
