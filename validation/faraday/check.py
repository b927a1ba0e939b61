"""Faraday's law in momentum space: ∂ₜB_k + ∂_k × ℰ_k = 0 for a Dirac mass m(t).

    B_k = m/E³ ,  ℰ_k = (ṁ/E³) ẑ×k ,  Ḃ_k = ṁ (k² - 2m²)/E⁵        |ℰ| is largest at k = m/√2

Reference: Wong and Tserkovnyak, Fig. 7. A mass that crosses zero at k = 0 is a monopole
current: the flux of B_k through the plane jumps from -2π to +2π without ∮ℰ having moved it.

Tolerances. Discrete law: link phases through the six faces of a cell in (k_x, k_y, t) add up to
a multiple of 4π; eight roundings of phases below π, 1e-14. Closed forms of the jets: rounding,
1e-13 relative. Space-time link fluxes against the closed forms: second order in Δt and h at the
middle of the step, (Δt²/24) ∂ₜ²ℰ + (h²/24) ∂²ℰ < 1e-4 ṁ/m² at Δt·ṁ = .01 m, h = .1 m; the order
in h and Δt together is measured and must reach 1.8. Evolved: with b on and a filled sea, the
charge changes by (b/2π)[ν(t) - ν(0)] of the square box, ν(Λ) = -(1/π) atan(Λ²/(m √(m²+2Λ²))),
through the open faces. The texture flux through a face is a Gauss rule of order 4 and F follows
the same fluxes, so f = (1, 0) is exact and the error is that of the quadrature of ℰ:
(h/2m)⁴/4320 = 2e-8 relative on the straight boundary, and of the time integral (third order,
exact part: Simpson) far below; 1e-6 asked.
"""

from __future__ import annotations

import numpy as np

from kinetic import bands
from kinetic.hamiltonians.planar import MassiveDirac
from kinetic.links import Plaquettes, electric_fluxes
from kinetic.validating import Study, orders

TITLE = "Faraday's law in momentum space, m(t)"
SOURCE = "Wong, Tserkovnyak, Fig. 7"


def vectors(model: MassiveDirac, edges: np.ndarray, time: float) -> np.ndarray:
    k = np.meshgrid(edges, edges, indexing="ij", sparse=True)
    return model.values(0, k, time)[1]


def chord_fluxes(corners: np.ndarray) -> np.ndarray:
    """Fluxes of B_k from the phases of the corners alone."""
    u = bands.spinor(corners)
    x = np.sum(np.conj(u[:, :-1]) * u[:, 1:], axis=0)
    y = np.sum(np.conj(u[:, :, :-1]) * u[:, :, 1:], axis=0)
    return 2 * np.angle(x[:, :-1] * y[1:] * np.conj(x[:, 1:]) * np.conj(y[:-1]))


def defect(before: np.ndarray, after: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Φ(after) - Φ(before) + ∮∫ℰ of every cell, in units of 4π."""
    ex = electric_fluxes([edges, edges], before, after, 0)
    ey = electric_fluxes([edges, edges], before, after, 1)
    around = ex[:, :-1] + ey[1:] - ex[:, 1:] - ey[:-1]
    return (chord_fluxes(after) - chord_fluxes(before) + around) / (4 * np.pi)


def check(study: Study) -> None:
    rate = 0.1
    model = MassiveDirac(mass="0.5 + 0.1*t")
    edges = np.linspace(-2.0, 2.0, 41)
    law = defect(vectors(model, edges, 0.0), vectors(model, edges, 0.7), edges)
    study.at_most(
        "discrete law: largest defect/4π off an integer", np.abs(law - np.round(law)).max(), 1e-14
    )
    study.compare(
        "discrete law: cells with a monopole, m > 0",
        np.abs(np.round(law)).sum(),
        0,
        0,
        "no gap closing",
    )
    crossing = MassiveDirac(mass="0.1*t")
    edges = np.linspace(-2.05, 2.05, 42)
    law = defect(vectors(crossing, edges, -0.3), vectors(crossing, edges, 0.3), edges)
    study.compare("mass through zero: monopoles", np.abs(np.round(law)).sum(), 1, 0, SOURCE)
    middle = abs(round(float(law[20, 20])))
    study.compare("mass through zero: of charge, at k = 0", middle, 1, 0, SOURCE)
    # closed forms
    k = np.linspace(0.0, 3.0, 601)
    angle = 0.7
    jet = model.jet(0, [k * np.cos(angle), k * np.sin(angle)], 0.0)
    e = bands.fictitious_electric(jet)
    azimuthal = -np.sin(angle) * e[0] + np.cos(angle) * e[1]
    radial = np.cos(angle) * e[0] + np.sin(angle) * e[1]
    energy = np.hypot(k, 0.5)
    study.at_most("|ℰ_φ - ṁ k/E³|", np.abs(azimuthal - rate * k / energy**3).max(), 1e-13, SOURCE)
    study.at_most("|ℰ_k|, radial", np.abs(radial).max(), 1e-13, SOURCE)
    from scipy.optimize import minimize_scalar

    def strength(x: float) -> float:
        return -float(
            np.linalg.norm(
                bands.fictitious_electric(model.jet(0, [np.array(x), np.array(0.0)], 0.0))
            )
        )

    peak = minimize_scalar(
        strength, bounds=(0.1, 1.0), method="bounded", options={"xatol": 1e-10}
    ).x
    study.compare("peak of |ℰ| at k/m", peak / 0.5, 1 / np.sqrt(2), 1e-7, SOURCE)
    errors_e, errors_b = [], []
    for cells in (40, 80, 160):
        edges, step = np.linspace(-2.0, 2.0, cells + 1), 8.0 / cells
        before, after = (vectors(model, edges, t) for t in (-0.5 * step, 0.5 * step))
        h = edges[1] - edges[0]
        ex = electric_fluxes([edges, edges], before, after, 0) / (h * step)
        x, y = np.meshgrid(0.5 * (edges[1:] + edges[:-1]), edges, indexing="ij")
        exact = -rate * y / (x**2 + y**2 + 0.25) ** 1.5
        errors_e.append(np.abs(ex - exact).max())
        flux = [
            Plaquettes(
                [edges, edges], [False, False], lambda k, t=t: model.values(0, k, t)[1]
            ).fluxes()[(0, 1)]
            for t in (-0.5 * step, 0.5 * step)
        ]
        x, y = np.meshgrid(*[0.5 * (edges[1:] + edges[:-1])] * 2, indexing="ij")
        q = x**2 + y**2
        change = (flux[1] - flux[0]) / (h**2 * step)
        errors_b.append(np.abs(change - rate * (q - 0.5) / (q + 0.25) ** 2.5).max())
    study.at_least("order of ℰ from links", orders(errors_e)[-1], 1.8, SOURCE)
    study.at_least("order of Ḃ from links", orders(errors_b)[-1], 1.8, SOURCE)
    study.compare("ℰ from links, 160², largest error/ṁ", errors_e[-1] / rate, 0.0, 2e-3, SOURCE)
    evolved(study)
    study.data.update(rate=rate)


def evolved(study: Study) -> None:
    run = study.evolve("ramp.toml")

    def response(mass: float) -> float:
        return -np.arctan(4.0 / (mass * np.sqrt(mass**2 + 8.0))) / np.pi

    expected = 0.01 / (2 * np.pi) * (response(0.6) - response(0.5))
    study.compare(
        "charge of the sea in b, m(t) evolved",
        run.charge_change() / expected,
        1.0,
        1e-6,
        "Středa, box closed form",
    )
    study.compare(
        "occupation of the sea",
        np.abs(run.transport.occupation()[0] - 1).max(),
        0.0,
        1e-14,
        "exact",
    )
    residual, scale = run.ledger_residual()
    study.at_most("ledger residual over charge held", abs(residual) / scale, 1e-14)


def figure(study: Study):
    """Figure 7 of the paper from link phases in (k, t) and from the jets."""
    from kinetic.plotting import style

    rate, mass = study.data["rate"], 0.5
    model = MassiveDirac(mass="0.5 + 0.1*t")
    k = np.linspace(0.0, 2.0, 401)
    jet = model.jet(0, [k, 0 * k], 0.0)
    electric = mass**2 / rate * bands.fictitious_electric(jet)[1]
    edges, step = np.linspace(-2.05, 2.05, 42), 0.05
    before, after = (vectors(model, edges, t) for t in (-0.5 * step, 0.5 * step))
    h = edges[1] - edges[0]
    ey = electric_fluxes([edges, edges], before, after, 1)[20:, 20] / (h * step)
    flux = (chord_fluxes(after) - chord_fluxes(before))[20, 20:] / (h * h * step)
    centres = 0.5 * (edges[21:] + edges[20:-1])
    page = style.canvas(style.COLUMN, 2.5)
    axis = page.subplots()
    axis.axhline(0.0, color=style.GREY, linewidth=0.5)
    axis.plot(k / mass, electric, color=style.BLUE, label=r"$(m^2/\dot m)\,\mathcal{E}_k$")
    change = mass**3 * (k**2 - 2 * mass**2) / np.hypot(k, mass) ** 5
    axis.plot(
        k / mass,
        change,
        "--",
        color=style.VERMILLION,
        label=r"$(m^3/\dot m)\,\dot{\mathcal{B}}_k$",
    )
    open_ = {"markerfacecolor": "white", "linestyle": "none"}
    places = edges[20:]
    inside = places >= 0
    axis.plot(places[inside] / mass, mass**2 / rate * ey[inside], "o", color=style.BLUE, **open_)
    axis.plot(centres / mass, mass**3 / rate * flux, "s", color=style.VERMILLION, **open_)
    axis.plot([], [], "o", color=style.GREY, label="link phases", **open_)
    axis.axvline(1 / np.sqrt(2), color=style.GREY, linewidth=0.6, linestyle=":")
    axis.set(xlabel=r"$k/m$", ylabel="dimensionless", xlim=(0, 4))
    axis.legend()
    return page
