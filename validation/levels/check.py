"""`projected` and `dressed` are one theory to first order in ħ: their n_s differ at O(ħ²).

    n_s = f_s + ¼F (f_+ - f_-) ,   F = ħ b·B_k

Reference: Wong and Tserkovnyak, Eq. (26) corrected, and its conserved form, with their map.

State: a generic occupation that is no function of the energy, in a non-separable band with e
and b on, t = 1. ħ = .8, .4, .2, .1; the exact map is algebraic, both runs start from the same
f.

Tolerance. The order of the RMS difference over the last halving must be 2 within .15: the next
term is of relative size F_max = ħ b B_max = .1 × .3 × 1.3 = .04, or (ħ → ħ/2) .03 in the order,
and the schemes share their reconstruction of f, so that what they do not share is O(ħ) × (h⁴ =
3e-4)(errors of fourth order in the product rule), .1 × 3e-4 × 1e-2, against the difference of
1e-4: another .01.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, orders

TITLE = "projected - dressed = O(ħ²)"
SOURCE = "Wong, Tserkovnyak 2011"
VALUES = (0.8, 0.4, 0.2, 0.1)


def projection(study: Study, level: str, hbar: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Occupations f_s, n_s point by point, and the largest F."""
    run = study.evolve("scan.toml", {"equation.level": level, "equation.hbar": hbar})
    f, field = run.transport.occupation(), run.transport.dressing
    n = f + 0.25 * np.repeat(field * (f[1::2] - f[0::2]), 2, axis=0)
    return f, n, float(np.abs(field).max())


def check(study: Study) -> None:
    apart, bare, largest = [], [], []
    for hbar in VALUES:
        f_dressed, n_dressed, strength = projection(study, "dressed", hbar)
        _, n_projected, _ = projection(study, "projected", hbar)
        f_boltzmann, _, _ = projection(study, "boltzmann", hbar)
        apart.append(float(np.sqrt(np.mean((n_projected - n_dressed) ** 2))))
        bare.append(float(np.sqrt(np.mean((f_dressed - f_boltzmann) ** 2))))
        largest.append(strength)
    study.compare("order of the difference in ħ", orders(apart)[-1], 2.0, 0.15, SOURCE)
    study.compare("order of dressed - boltzmann", orders(bare)[-1], 1.0, 0.15, "first order in ħ")
    study.report("RMS difference at ħ = .1", apart[-1], bare[-1], "beside dressed - boltzmann")
    study.report("largest F at ħ = .1", largest[-1], source="small parameter")
    study.data.update(apart=np.array(apart), bare=np.array(bare))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.5)
    axis = page.subplots()
    hbar = np.array(VALUES)
    axis.loglog(
        hbar, study.data["bare"], "s-", color=style.VERMILLION, label="dressed − boltzmann"
    )
    axis.loglog(hbar, study.data["apart"], "o-", color=style.BLUE, label="projected − dressed")
    for data, power, text in (
        (study.data["bare"], 1, r"$\hbar$"),
        (study.data["apart"], 2, r"$\hbar^2$"),
    ):
        line = 0.6 * data[-1] * (hbar / hbar[-1]) ** power
        axis.loglog(hbar, line, ":", color=style.GREY)
        axis.text(hbar[1], 0.5 * line[1], text, color=style.GREY)
    axis.set_xticks(hbar, [f"{value:g}" for value in hbar])
    axis.set_xticks([], minor=True)
    axis.set(xlabel=r"$\hbar$", ylabel=r"RMS difference")
    axis.legend()
    return page
