"""Parity anomaly of the massive Dirac cone H = k·σ + m σ_z.

    ν = (1/4π) ∫d²k n_z B_k ,  σ_xy = ν/2π ,  δρ = ν δb/2π       gap: ν = -½ sgn m

Reference: A. N. Redlich, Phys. Rev. Lett. 52, 18 (1984); in the box |k_x|, |k_y| < Λ

    ν(Λ) = -(1/π) atan(Λ²/(m √(m² + 2Λ²)))

and in the metal, with f_± the Fermi functions, ν = ν(Λ) + ½∫k dk B (f_+ + 1 - f_-).

Tolerances. Gap: link fluxes add up to the solid angle of m over the box. d is linear in k, so a
straight edge of the box is an arc of a great circle on which a link is exact, whatever its
length; 1e-12 of ν is 4500 roundings, and the thermal part is exp(-m/T) = 2e-22. Středa: b = t
δb/t₁ is linear in time, so every Runge-Kutta rule integrates ḃ exactly; f = (1, 0) stays to
rounding, δρ to 1e-12 of itself plus the rounding 1e-16 × 40² cells × V/4π² = 1e-15. Metal: a
midpoint-like sum of a smooth f with the product rule is of fourth order; at T = .05, h = 1/32
the edge is 1.6 cells wide and the error is below (h/2πT)⁴·|ν| = 3e-5. The sum over a full Fermi
circle converges faster than any power until (h/T)-resolved: the order is measured on h = 1/4,
1/8, 1/16.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad

from kinetic.initial import fermi
from kinetic.validating import Study, observe, orders

TITLE = "parity anomaly of the massive Dirac cone: σ_xy = ν/2π and Středa"
SOURCE = "Redlich 1984; box closed form"


def box(mass: float, cutoff: float) -> float:
    """ν of the filled lower band in a square box."""
    return -np.arctan(cutoff**2 / (mass * np.sqrt(mass**2 + 2 * cutoff**2))) / np.pi


def metal(mass: float, mu: float, temperature: float, cutoff: float) -> float:
    """ν with electrons and holes."""

    def integrand(k: float) -> float:
        energy = np.array([-1.0, 1.0]) * np.hypot(k, mass)
        lower, upper = fermi(energy, mu, temperature)
        return k * mass / np.hypot(k, mass) ** 3 * (upper + 1.0 - lower)

    thermal = quad(integrand, 0.0, cutoff, epsabs=1e-14, points=[np.sqrt(mu**2 - mass**2)])[0]
    return box(mass, cutoff) + 0.5 * thermal


def check(study: Study) -> None:
    for cells in (20, 40, 61):
        sizes = {f"grid.{a}": [-10.0, 10.0, cells] for a in ("kx", "ky")}
        gap = study.evolution("gap.toml", sizes)
        nu = 2 * np.pi * float(observe(gap, "hall")["hall"][0])
        study.compare(f"ν in the gap, Λ = 10, {cells}²", nu, box(0.5, 10.0), 1e-12, SOURCE)
    ramped = study.evolve("gap.toml")
    expected = box(0.5, 10.0) * 0.01 / (2 * np.pi)
    study.compare(
        "Středa δρ, b(t) evolved", ramped.charge_change(), expected, 1e-12, SOURCE, relative=True
    )
    study.compare(
        "δρ extrapolated, Λ → ∞",
        ramped.charge_change() - expected - 0.25 * 0.01 / np.pi,
        -7.95775e-4,
        5e-10,
        "closed form, six digits",
    )
    closed = metal(0.5, 0.8, 0.05, 2.0) - box(0.5, 2.0) - 0.5
    study.compare("ν of the metal, Λ → ∞ (quadrature)", closed, -0.316606, 5e-7, "closed form")
    errors, numbers = [], (16, 32, 64) if study.quick else (16, 32, 64, 128)
    for cells in numbers:
        sizes = {f"grid.{a}": [-2.0, 2.0, cells] for a in ("kx", "ky")}
        nu = 2 * np.pi * float(observe(study.evolution("metal.toml", sizes), "hall")["hall"][0])
        errors.append(nu - metal(0.5, 0.8, 0.05, 2.0))
        if cells == numbers[-1]:
            h = 4.0 / cells
            tolerance = 0.32 * (h / (2 * np.pi * 0.05)) ** 4
            name = f"ν of the metal, T = .05, {cells}²"
            study.compare(name, nu, metal(0.5, 0.8, 0.05, 2.0), tolerance, "quadrature")
    study.at_least("order of ν in h", float(orders(errors)[-1]), 2.0, "product rule")
    study.data.update(numbers=np.array(numbers), errors=np.array(errors))


def figure(study: Study):
    """Figure 5 of the paper: B_k and M_k of the cone, with the program's link fluxes."""
    from kinetic import bands
    from kinetic.hamiltonians.planar import MassiveDirac
    from kinetic.links import Plaquettes
    from kinetic.plotting import style

    model, edges = MassiveDirac(mass=0.5), np.linspace(-2.0, 2.0, 42)
    links = Plaquettes([edges, edges], [False, False], lambda k: model.values(0, k, 0.0)[1])
    flux = links.fluxes()[(0, 1)][20, 20:] / (edges[1] - edges[0]) ** 2
    centres = 0.5 * (edges[21:] + edges[20:-1])
    k = np.linspace(0.0, 2.0, 400)
    jet = model.jet(0, [k, 0 * k], 0.0)
    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2)
    left.plot(k / 0.5, 0.25 * bands.curvature(jet)[2], color=style.BLUE, label=r"$m^2 B_k$")
    left.plot(
        k / 0.5,
        0.5 * bands.magnetic_moment(jet)[2],
        color=style.VERMILLION,
        linestyle="--",
        label=r"$m M_k$",
    )
    left.plot(
        centres / 0.5,
        0.25 * flux,
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label="link flux per cell",
    )
    left.set(xlabel=r"$k/m$", ylabel="dimensionless", xlim=(0, 4), ylim=(0, 1.05))
    left.legend()
    numbers, errors = study.data["numbers"], np.abs(study.data["errors"])
    right.loglog(4.0 / numbers / 0.05, errors, "o-", color=style.BLUE, label="measured")
    slope = errors[-2] * (numbers[-2] / numbers) ** 4
    right.loglog(4.0 / numbers / 0.05, slope, ":", color=style.GREY, label=r"$h^4$")
    ticks = [0.5, 1, 2, 4]
    right.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    right.set_xticks([], minor=True)
    right.set(xlabel=r"$v h/T$", ylabel=r"$|\nu - \nu_{\mathrm{exact}}|$, $T = 0.05$")
    right.legend()
    return page
