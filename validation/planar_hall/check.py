"""Planar Hall effect of a pair of Weyl nodes: e and b in a plane, at an angle θ.

    σ_xx = σ_⊥ + Δσ cos²θ ,   σ_xy = Δσ sin θ cos θ ,   Δσ = σ_∥ - σ_⊥

for e along x, without a Lorentz force out of what is measured: the tensor is made of δ_ij and
b_i b_j.  In relaxation time Δσ is known at any b, σ_∥ as in negative_magnetoresistance:

    σ_∥ = 2 {τ [⟨Dż²⟩ - (b/4π²)²/ν] + τ_v (b/4π²)²/ν} ,   σ_⊥ = 2τ ⟨ṽ_⊥²/2D (1 + ω_c²τ²)⁻¹⟩ ,

ṽ = ∂_kε̄, ω_c = b ṽ_⊥/(k_⊥ D); b = .02, μ = .4, T = .05, τ = .4, τ_v = 40.

Reference: S. Nandy, G. Sharma, A. Taraphder, S. Tewari, Phys. Rev. Lett. 119, 176804 (2017);
A. A. Burkov, Phys. Rev. B 96, 041110 (2017).

Tolerance.  Angles: between θ = 0 and π/4 only the grid knows the directions; its errors there are
those of Δσ, and 2e-3 of it are allowed for their difference (the glued ball of cells around the
node, which has no circular shape, holds that much of the current at T = .05).  Amplitude: the
local Fermi function at the centres of cells, .2 (h/k_F)², and 2e-3 for the node, as there.
j is taken from two times, as there.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, observe

TITLE = "planar Hall effect of two Weyl nodes"
SOURCE = "Nandy et al.; Burkov"
MU, TEMPERATURE, TAU, BETWEEN, FORCE, B = 0.4, 0.05, 0.4, 40.0, 5e-4, 0.02
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(60)


def conductivities(b: float) -> tuple[float, float]:
    """σ_∥ and σ_⊥ of both nodes."""
    edges = np.concatenate([np.linspace(np.sqrt(b), 0.2, 6), np.linspace(0.2, 3.0, 120)[1:]])
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    k = (middle[:, None] + half[:, None] * _POINTS).reshape(-1, 1)
    weight = (half[:, None] * _WEIGHTS).reshape(-1, 1) * _WEIGHTS * k**2 / (4 * np.pi**2)
    u, field = _POINTS, b / k**2
    total = np.zeros(3)
    for s in (1, -1):
        states = 1 + s * field * u / 2
        along = s * u - 0.5 * field * (1 - 2 * u * u)
        along = along + 0.5 * s * field * (s + 0.5 * field * u)
        aside = (s + field * u) * np.sqrt(1 - u * u)  # ṽ_⊥
        turn = TAU * b * (s + field * u) / (k * states)
        x = np.clip((s * k - 0.5 * field * u * k - MU) / (2 * TEMPERATURE), -300, 300)
        slope = weight / (4 * TEMPERATURE * np.cosh(x) ** 2)
        parts = (states, along**2 / states, aside**2 / (2 * states * (1 + turn**2)))
        total += [np.sum(slope * part) for part in parts]
    nu, parallel, across = total
    valley = (b / (4 * np.pi**2)) ** 2 / nu
    return 2 * (TAU * (parallel - valley) + BETWEEN * valley), 2 * TAU * across


def stationary(study: Study, cells: int, angle: float) -> np.ndarray:
    """j_x/e and j_y/e in the end."""
    changes = {f"grid.{axis}": [-1.0, 1.0, cells] for axis in ("kx", "ky", "kz")}
    b = [B * np.cos(angle), B * np.sin(angle), 0.0]
    run = study.evolution("plane.toml", {**changes, "fields.B": b})
    names = ("current", "valley_density")
    start = {name: observe(run, name)[name] for name in names}
    seen = []
    for time in (16 * TAU, run.stop):
        advance(run, time)
        now = {name: observe(run, name)[name] - start[name] for name in names}
        seen.append((now["current"][:2], -np.diff(now["valley_density"])[0]))
    (first, early), (last, late) = seen
    end = FORCE * b[0] * BETWEEN / (2 * np.pi**2)
    if abs(end) > 1e-12:
        last = last + (last - first) / (late - early) * (end - late)
    return last / FORCE


def check(study: Study) -> None:
    parallel, across = conductivities(B)
    exact, cells = parallel - across, 19 if study.quick else 25
    degrees = (0, 45, 90) if study.quick else (0, 22.5, 45, 67.5, 90)
    found = np.array([stationary(study, cells, np.radians(angle)) for angle in degrees])
    amplitude = found[0, 0] - found[-1, 0]
    bound = 0.2 * (2.0 / cells / MU) ** 2 + 2e-3
    study.compare(f"Δσ, {cells}³", amplitude, exact, bound, SOURCE, relative=True)
    for angle, (along, aside) in zip(degrees[1:-1], found[1:-1], strict=True):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        share = (along - found[-1, 0]) / amplitude
        study.compare(f"(σ_xx - σ_⊥)/Δσ at {angle:g}°", share, c * c, 2e-3, SOURCE)
        study.compare(f"σ_xy/Δσ at {angle:g}°", aside / amplitude, s * c, 2e-3, SOURCE)
    for place in (0, -1):
        share = abs(found[place, 1]) / amplitude
        study.at_most(f"σ_xy/Δσ at {degrees[place]:g}°", share, 1e-8, "mirror")
    study.data.update(degrees=degrees, found=found, lines=(across, exact))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.4)
    axis = page.subplots()
    across, exact = study.data["lines"]
    line = np.linspace(0, 90, 100)
    c, s = np.cos(np.radians(line)), np.sin(np.radians(line))
    found = study.data["found"]
    for values, measured, colour, name in (
        (exact * c * c, found[:, 0] - across, style.BLUE, r"$\sigma_{xx} - \sigma_\perp$"),
        (exact * s * c, found[:, 1], style.VERMILLION, r"$\sigma_{xy}$"),
    ):
        axis.plot(line, 1e3 * values, color=colour, linewidth=0.8)
        axis.plot(
            study.data["degrees"],
            1e3 * measured,
            "o",
            color=colour,
            markerfacecolor="white",
            label=name,
        )
    axis.set(
        xlabel=r"angle between $\mathbf{e}$ and $\mathbf{b}$  (degrees)",
        ylabel=r"$10^3\,\sigma$",
        xticks=[0, 22.5, 45, 67.5, 90],
        title=r"$b = 0.02$, $\tau_v = 40$",
    )
    axis.legend()
    return page
