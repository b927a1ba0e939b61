"""Charge pumped into a Weyl node against relaxation between the nodes.

    ∂ₜN_χ = χ e·b/4π² - N_χ/τ_v   ⇒   N_χ = χ (e·b τ_v/4π²)(1 - e^{-t/τ_v}) ,   ρ₅ = N_R - N_L

e = .05, b = .01, τ_v = 40: ρ₅ = 3.98668e-4 at t = 20 and 1.01321e-3 in the end.  Within a node
the distribution relaxes with τ = .4 and keeps its charge; `inter_node` moves it to the other.

Reference: closed form; D. T. Son, B. Z. Spivak, Phys. Rev. B 88, 104412 (2013), Eq. (11).

Tolerance.  1e-4 of N_χ.  The anomaly itself is exact; what passes the cutoff is e times the
reconstructed occupation there.  The distribution that e pushes along by eτ = .02 rings on cells
of .11 = 2T by some 1e-7 at the faces, whose area of 2.4² makes that 3e-5 of e·b/4π² (with τ = 1
it is 2e-4).  The step enters as (Δt/τ_v)³.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, observe

TITLE = "charge pumped into a Weyl node against inter-node relaxation"
SOURCE = "Son, Spivak 2013"
E, B = 0.05, 0.01


def exact(tau: float, times):
    return E * B * tau / (4 * np.pi**2) * (1 - np.exp(-np.asarray(times) / tau))


def history(study: Study, tau: float, times) -> np.ndarray:
    """Change of the charge of R and L.  (time, 2)"""
    within, between = study.tables("pair.toml")["collisions"]
    run = study.evolution("pair.toml", {"collisions": [within, {**between, "tau": tau}]})
    start = observe(run, "valley_density")["valley_density"]
    found = []
    for time in times:
        advance(run, time)
        found.append(observe(run, "valley_density")["valley_density"] - start)
    return np.array(found)


def check(study: Study) -> None:
    study.compare("ρ₅ at t = 20 (digits)", 2 * exact(40, 20), 3.98668e-4, 5e-10, "closed form")
    study.compare(
        "ρ₅ in the end (digits)", 2 * exact(40, np.inf), 1.01321e-3, 5e-9, "closed form"
    )
    study.data["curves"] = []
    for tau in (40.0,) if study.quick else (40.0, 10.0):
        times = (5.0, 10.0, 20.0) if study.quick or tau < 40 else (5.0, 10.0, 20.0, 40.0, 80.0)
        found = history(study, tau, times)
        for time, (right, left) in zip(times, found, strict=True):
            for name, value, sign in (("N_R", right, 1), ("N_L", left, -1)):
                study.compare(
                    f"{name}, τ_v = {tau:g}, t = {time:g}",
                    value,
                    sign * exact(tau, time),
                    1e-4,
                    SOURCE,
                    relative=True,
                )
        study.data["curves"].append((tau, np.array(times), found))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.4)
    axis = page.subplots()
    for (tau, times, found), colour in zip(
        study.data["curves"], (style.BLUE, style.GREEN), strict=False
    ):
        line = np.linspace(0, times[-1], 200)
        for sign, column, mark, node in ((1, 0, "o", "R"), (-1, 1, "s", "L")):
            axis.plot(line, sign * 1e4 * exact(tau, line), color=colour, linewidth=0.8)
            axis.plot(
                times,
                1e4 * found[:, column],
                mark,
                color=colour,
                markerfacecolor="white",
                label=rf"{node}, $\tau_v = {tau:g}$",
            )
    axis.set(xlabel="time $t$", ylabel=r"$10^4\,\delta N_\chi$  (1/length$^3$)")
    axis.legend()
    return page
