"""Intrinsic Hall conductivity of a lattice Weyl metal with nodes at (0, 0, ±K₀).

    σ_xy = -K/4π² ,  K = 2K₀          K₀ = π/3: -.0530516 q²/ħ

Reference: K.-Y. Yang, Y.-M. Lu, Y. Ran, Phys. Rev. B 84, 075129 (2011).

Tolerance. A sum of link fluxes alone counts whole planes: it is quantised in Δk_z/4π²
(reported). With the term of the node's place within its cell (the moment of the flux through
the cell faces) the sum over the zone telescopes and only -4πχ k_node is left: rounding of N³
terms of size 4π h²/(2π)³, below 1e-12. The moments of the faces enter twice with opposite
signs.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, observe

TITLE = "intrinsic Hall conductivity of the two-node lattice"
SOURCE = "Yang, Lu, Ran 2011"


def links_only(evolution) -> float:
    """The sum of the link fluxes of the filled band without the node term."""
    fluxes = evolution.flow.geometries[0].fluxes(0.0)
    planes = fluxes[2][:, :, :-1].sum(axis=(0, 1))
    widths = evolution.system.grid.momentum[2].widths
    return -0.5 * float(planes @ widths) / (2 * np.pi) ** 3


def check(study: Study) -> None:
    places = (np.pi / 3, 1.0, 1.3) if study.quick else (np.pi / 3, 0.4, 1.0, 1.3, 2.0, 2.7)
    values, plain = [], []
    for place in places:
        run = study.evolution("lattice.toml", {"hamiltonian.node_position": place})
        hall = observe(run, "hall")["hall"]
        values.append(float(hall[2]))
        plain.append(links_only(run))
        name = "π/3" if place == np.pi / 3 else f"{place:g}"
        exact = -place / (2 * np.pi**2)
        study.compare(f"σ_xy, K₀ = {name}, 16²×21", hall[2], exact, 1e-12, SOURCE)
    study.compare("σ_yz, σ_zx", float(np.abs(hall[:2]).max()), 0.0, 1e-12, "mirror planes")
    step = 2 * np.pi / 21 / (4 * np.pi**2)
    study.compare(
        "links alone, in units Δk_z/4π²",
        plain[0] / step,
        np.round(plain[0] / step),
        1e-10,
        "quantised",
    )
    study.report("links alone, K₀ = π/3", plain[0], values[0], "coarse by Δk_z/4π²")
    study.compare("σ_xy, K₀ = π/3 (digits)", values[0], -0.0530516, 5e-8, "closed form")
    study.data.update(places=np.array(places), values=np.array(values), plain=np.array(plain))


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    page = style.canvas(style.COLUMN, 2.3)
    axis = page.subplots()
    line = np.linspace(0, np.pi, 50)
    axis.plot(line, -line / (2 * np.pi**2), color=style.GREY, label=r"$-K_0/2\pi^2$")
    axis.plot(
        data["places"], data["plain"], "x", color=style.VERMILLION, label="link fluxes alone"
    )
    axis.plot(
        data["places"],
        data["values"],
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label="with the node term",
    )
    axis.set(xlabel="node position $K_0$", ylabel=r"$\sigma_{xy}$  ($q^2/\hbar\,$length)")
    axis.legend()
    return page
