"""Nonlinear Hall effect from the Berry-curvature dipole of a tilted cone.

    j_x = -τ e_y² D_y ,   D_y = Σ_s ∫d²k/4π² f_s ∂_y Ω_s    D_y = -(3αm/8π)(μ² - m²)/μ⁴, small α

Reference: I. Sodemann, L. Fu, Phys. Rev. Lett. 115, 216806 (2015). m = .5, μ = .8, α = .1, T =
0: -5.68272e-3, exact in α -5.66367e-3. Here time-stepped at T = .05 with a relaxation time, and
[j(e) + j(-e)]/2 taken; the reference at T = .05 is a radial and angular quadrature of f_s ∂_y
Ω_s.

Tolerance. In the steady state f = ∫₀^∞ ds e^{-s} f₀(k - eτs), so [j(e)+j(-e)]/2e² = -τ[D +
(eτ)² D⁽²⁾ + …] with D⁽²⁾ = Σ∫ f ∂_y³Ω: the quadrature includes it (it is reported by its size),
and what follows is (eτ)⁴ D⁽⁴⁾ < (.005)⁴/T⁴ D = 1e-4 D only if the edge were bare; curvature
varies on m, so (eτ/m)⁴ = 1e-8. Scheme: ∂_y of fifth order, products of fourth: relative error
(h/πT)⁴/30 per point at h = 1/24, averaged round the circle below 1e-4; order ≥ 3.5 is asked for
on N = 48, 96 and the Richardson estimate |D_96 - D_48|/15, doubled, is the tolerance. What has
not relaxed at t = 30 τ is 30 e^{-30} = 3e-12.
"""

from __future__ import annotations

import numpy as np

from kinetic.initial import fermi
from kinetic.validating import Study, observe, orders

TITLE = "nonlinear Hall current from the Berry-curvature dipole"
SOURCE = "Sodemann, Fu 2015; quadrature"
MASS, MU, ALPHA, TAU, FORCE = 0.5, 0.8, 0.1, 5.0, 0.001


def moments(temperature: float, tilt: float, panels: int = 60) -> tuple[float, float]:
    """D and D⁽²⁾ by Gauss and trapezoidal rules; derivatives of Ω in closed form."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    width = 2.0 / panels
    k = (width * (np.arange(panels)[:, None] + 0.5 * (nodes + 1.0))).ravel()
    w = np.tile(0.5 * width * weights, panels)
    angle = 2 * np.pi * np.arange(256) / 256
    x, y = k[:, None] * np.cos(angle), k[:, None] * np.sin(angle)
    energy = np.sqrt(x**2 + y**2 + MASS**2)
    upper = fermi(energy + tilt * y, MU, temperature)
    lower = fermi(-energy + tilt * y, MU, temperature)
    # Ω_s = -s m/2E³ ; only the difference to the sea counts, its own dipole is odd in y.
    n = upper - (lower - 1.0)
    first = 1.5 * MASS * y / energy**5
    third = 1.5 * MASS * (-15 * y / energy**7 + 35 * y**3 / energy**9)
    measure = (w * k)[:, None] * (2 * np.pi / 256) / (4 * np.pi**2)
    return float(np.sum(measure * n * first)), float(np.sum(measure * n * third))


def dipole(study: Study, cells: int, level: str = "dressed") -> tuple[float, float]:
    """-[j_x(e) + j_x(-e)]/2τe² and the same of j_y, from evolved states."""
    total = np.zeros(3)
    for sign in (1, -1):
        changes = {f"grid.{axis}": [-2.0, 2.0, cells] for axis in ("kx", "ky")}
        changes["equation.level"] = level
        run = study.evolve("dipole.toml", {**changes, "fields.E": [0.0, sign * FORCE]}, pieces=1)
        total += 0.5 * observe(run, "current")["current"]
    return -float(total[0]) / (TAU * FORCE**2), -float(total[1]) / (TAU * FORCE**2)


def check(study: Study) -> None:
    numbers = (24, 48) if study.quick else (24, 48, 96)
    d, second = moments(0.05, ALPHA)
    exact = d + (FORCE * TAU) ** 2 * second
    measured = np.array([dipole(study, cells)[0] for cells in numbers])
    tolerance = 2 * abs(measured[-1] - measured[-2]) / 15
    study.compare(f"D_y, T = .05, {numbers[-1]}²", measured[-1], exact, tolerance, SOURCE)
    study.at_least("order in h", orders(measured - exact)[-1], 3.5, "scheme")
    tiny = 1e-3
    cold = moments(tiny, ALPHA)[0]
    study.compare("quadrature, T → 0, exact in α", cold, -5.66367e-3, 3e-7, "closed form; O(T²)")
    linear = moments(tiny, 1e-3, 300)[0] * 100
    study.compare("quadrature, T → 0, α → 0", linear, -5.68272e-3, 3e-7, "closed form; O(T²)")
    study.report("(eτ)² D⁽²⁾/D", (FORCE * TAU) ** 2 * second / d, source="included")
    study.report("T = .05 against T = 0", d, cold, "quadrature")
    study.data.update(numbers=np.array(numbers), measured=measured, exact=exact)
    forces = np.array([-2, -1, -0.5, 0.5, 1, 2]) * FORCE * 4
    hall = []
    for force in forces:
        run = study.evolve(
            "dipole.toml",
            {
                "fields.E": [0.0, float(force)],
                "grid.kx": [-2.0, 2.0, 48],
                "grid.ky": [-2.0, 2.0, 48],
            },
        )
        hall.append(observe(run, "current")["current"][0])
    study.data.update(forces=forces, hall=np.array(hall))


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    page = style.canvas(style.COLUMN, 2.5)
    axis = page.subplots()
    forces, hall = data["forces"], data["hall"]
    even = 0.5 * (hall + hall[::-1])
    odd = 0.5 * (hall - hall[::-1])
    line = np.linspace(-0.0085, 0.0085, 101)
    axis.plot(
        line * 1e3,
        -TAU * line**2 * data["exact"] * 1e6,
        color=style.BLUE,
        label=r"$-\tau e_y^2 D_y$",
    )
    axis.plot(
        forces * 1e3,
        even * 1e6,
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label=r"even part of $j_x$",
    )
    slope = (odd[-1] / forces[-1]) * line
    twin = axis.twinx()
    twin.plot(line * 1e3, slope * 1e4, "--", color=style.VERMILLION)
    twin.plot(forces * 1e3, odd * 1e4, "s", color=style.VERMILLION, markerfacecolor="white")
    twin.set_ylabel(r"odd part of $j_x$  ($10^{-4}$)", color=style.VERMILLION)
    axis.set(xlabel=r"force $e_y$  ($10^{-3}$)", ylabel=r"even part of $j_x$  ($10^{-6}$)")
    axis.legend(loc="upper center")
    return page
