"""Pumping between the two nodes of a lattice: ∂ₜρ_χ = χ e·b/4π², the total stays.

Reference: H. B. Nielsen, M. Ninomiya, Phys. Lett. B 130, 389 (1983).  K₀ = 1.3.

Tolerance.  Total charge: the ledger's 1e-14 of the charge held.  Chirality-resolved densities are
divided on the planes k_z = 0 and π: there the gap is smallest on the k_z axis, |d| = 1 - cos K₀ =
.7325.  With μ = .1, T = .025 electrons and holes on the plane are exp(-25.3) = 1e-11; a current
e S f/(2π)³ of them through the area S = 2πT|d| (thermal, quadratic minimum) compares to e·b/4π² as
f S/(2πb) = 1.8 f.  In cells beside the plane f is larger, exp(.7 h²/2T...) being up to 20 times with
h = .25; 1e-9 covers it, and the plane's tail is printed.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, observe

TITLE = "pumping between the two nodes of a lattice"
SOURCE = "Nielsen, Ninomiya 1983"


def check(study: Study) -> None:
    rate = 0.002 * 0.01 / (4 * np.pi**2)
    for cells in (13, 25):
        changes = {f"grid.{a}": [-np.pi, np.pi, cells] for a in ("kx", "ky", "kz")}
        run = study.evolution("lattice.toml", changes)
        start = observe(run, "chirality_density")["chirality_density"]
        times, history = np.linspace(0.0, 20.0, 6), []
        for time in times:
            advance(run, time)
            density = observe(run, "chirality_density")["chirality_density"]
            history.append([*(density - start), run.charge_change()])
        left, right, total = np.array(history[-1])
        plane = np.exp(-(1 - np.cos(1.3) - 0.1) / 0.025)
        name = f"{cells}³, tail {plane:.0e}"
        study.compare(f"rate, χ = +1, {name}", right / 20 / rate, 1.0, 1e-9, SOURCE)
        study.compare(f"rate, χ = -1, {name}", left / 20 / rate, -1.0, 1e-9, SOURCE)
        study.compare(
            f"change of the total charge, {cells}³", total, 0.0, 1e-14 * run.initial_charge, "conserved"
        )
    study.data.update(times=times, history=np.array(history))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.4)
    axis = page.subplots()
    times, history = study.data["times"], study.data["history"] * 1e6
    exact = times * 0.002 * 0.01 / (4 * np.pi**2) * 1e6
    for sign, column, colour in ((1, 1, style.VERMILLION), (-1, 0, style.BLUE)):
        axis.plot(times, sign * exact, color=colour, linewidth=0.8)
        axis.plot(
            times, history[:, column], "o", color=colour, markerfacecolor="white",
            label=rf"$\chi = {'+' if sign > 0 else '-'}1$",
        )
    axis.plot(times, history[:, 2], "s", color=style.BLACK, label="total")
    axis.plot([], [], color=style.GREY, linewidth=0.8, label=r"$\pm e\cdot b\,t/4\pi^2$")
    axis.set(xlabel="time $t$", ylabel=r"change of density  ($10^{-6}$/length$^3$)")
    axis.legend()
    return page
