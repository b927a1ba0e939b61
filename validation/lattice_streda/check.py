"""Středa response and Hall conductivity of the Qi-Wu-Zhang lattice: 2π δρ/δb = C.

    C = -(1/4π) ∫ m·(∂ₓm × ∂ᵧm)      M = 1: +1,  M = -1: -1,  M = 3: 0

Reference: X.-L. Qi, Y.-S. Wu, S.-C. Zhang, Phys. Rev. B 74, 085308 (2006); P. Středa,
J. Phys. C 15, L717 (1982).

Tolerance. The link fluxes of a closed surface add up to 4π C exactly, on any grid on which no
plaquette aliases (they are divided until none does); b(t) = t δb/t₁ is integrated exactly by
any Runge-Kutta rule, and f = (1, 0) but for exp(-1/T) = 4e-44. What is left is rounding: N²
cells of 1e-16 each, below 1e-12.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, observe

TITLE = "lattice Středa response and Chern numbers (Qi-Wu-Zhang)"
SOURCE = "Qi, Wu, Zhang 2006"
CHERN = {1.0: 1, -1.0: -1, 3.0: 0}


def check(study: Study) -> None:
    for mass, chern in CHERN.items():
        for cells in (3, 4, 9) if study.quick else (3, 4, 9, 33):
            half = np.pi
            changes = {f"grid.{axis}": [-half, half, cells] for axis in ("kx", "ky")}
            run = study.evolve("ramp.toml", {**changes, "hamiltonian.mass": mass})
            measured = 2 * np.pi * run.charge_change() / 0.01
            study.compare(f"2π δρ/δb, M = {mass:g}, {cells}²", measured, chern, 1e-12, SOURCE)
        hall = float(observe(run, "hall")["hall"][0])
        study.compare(f"2π σ_xy, M = {mass:g}", 2 * np.pi * hall, chern, 1e-12, SOURCE)
    run = study.evolve("ramp.toml", {"equation.level": "projected"})
    study.compare(
        "the same, level projected", 200 * np.pi * run.charge_change(), 1, 1e-12, SOURCE
    )
    masses = np.linspace(-3.05, 3.05, 16 if study.quick else 62)
    values = []
    for mass in masses:
        run = study.evolution("ramp.toml", {"hamiltonian.mass": float(mass)})
        values.append(2 * np.pi * float(observe(run, "hall")["hall"][0]))
    study.data.update(masses=masses, values=np.array(values))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.3)
    axis = page.subplots()
    exact = np.linspace(-3.2, 3.2, 641)
    chern = np.where(np.abs(exact) < 2, np.sign(exact), 0)
    axis.plot(exact, chern, color=style.GREY, label="Chern number")
    axis.plot(
        study.data["masses"],
        study.data["values"],
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label=r"8$^2$ cells",
    )
    axis.set(xlabel="mass $M$", ylabel=r"$2\pi\sigma_{xy}$  ($q^2/\hbar$)", ylim=(-1.3, 1.3))
    axis.legend()
    return page
