"""Pumping between the two nodes of a lattice: ∂ₜρ_χ = χ e·b/4π², the total stays.

Reference: H. B. Nielsen, M. Ninomiya, Phys. Lett. B 130, 389 (1983).  K₀ = 1.3.

Tolerance. Total charge: the ledger's 1e-14 of the charge held. Chirality-resolved densities are
divided on the planes k_z = 0 and π; the gap there is smallest on the k_z axis, |d| = 1 - cos K₀
= .7325. The face fluxes on the plane are rebuilt from three cells on each side, so what may
cross it is bounded by the largest f_+ and 1 - f_- in those cells, the tail that is printed: a
current e S f/(2π)³ through the thermal area S = 2πT|d| compares to e·b/4π² as f S/(2πb) = 1.8
f. The check allows 1e-10 + 1.8 × tail; T = .01 keeps it small on 37³ (the rate does not ask for
a resolved edge).
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, observe

TITLE = "pumping between the two nodes of a lattice"
SOURCE = "Nielsen, Ninomiya 1983"


def tail_at_planes(run) -> float:
    """Largest f_+ and 1 - f_- in the three cells on each side of k_z = 0 and π."""
    f = run.transport.occupation()
    axis = run.system.grid.momentum[2]
    reach = 3.01 * axis.widths.max()
    apart = np.minimum(np.abs(axis.centres), np.pi - np.abs(axis.centres))
    near = f[..., apart < reach]
    return float(max(near[1].max(), (1.0 - near[0]).max()))


def check(study: Study) -> None:
    rate = 0.002 * 0.01 / (4 * np.pi**2)
    for cells in (37,) if study.quick else (37, 49):
        changes = {f"grid.{a}": [-np.pi, np.pi, cells] for a in ("kx", "ky", "kz")}
        run = study.evolution("lattice.toml", changes)
        start = observe(run, "chirality_density")["chirality_density"]
        times, history = np.linspace(0.0, 20.0, 6), []
        for time in times:
            advance(run, time)
            density = observe(run, "chirality_density")["chirality_density"]
            history.append([*(density - start), run.charge_change()])
        held = run.charge_held()
        left, right, total = np.array(history[-1])
        tail = tail_at_planes(run)
        name = f"{cells}³, tail {tail:.0e}"
        tolerance = 1e-10 + 1.8 * tail
        study.compare(f"rate, χ = +1, {name}", right / 20 / rate, 1.0, tolerance, SOURCE)
        study.compare(f"rate, χ = -1, {name}", left / 20 / rate, -1.0, tolerance, SOURCE)
        study.compare(
            f"change of the total charge, {cells}³", total, 0.0, 1e-14 * held, "conserved"
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
            times,
            history[:, column],
            "o",
            color=colour,
            markerfacecolor="white",
            label=rf"$\chi = {'+' if sign > 0 else '-'}1$",
        )
    axis.plot(times, history[:, 2], "s", color=style.BLACK, label="total")
    axis.plot([], [], color=style.GREY, linewidth=0.8, label=r"$\pm e\cdot b\,t/4\pi^2$")
    axis.set(xlabel="time $t$", ylabel=r"change of density  ($10^{-6}$/length$^3$)")
    axis.legend()
    return page
