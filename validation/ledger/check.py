"""The charge ledger: change = Faraday inflow - outflow, with the node exchange apart.

    Δρ = -∫dt ∮Σ_sΦ_s·dS - ∫dt Σ_s∫q_s f_s B_k·ḃ

Reference: conservation; every term is summed with the weights of the Runge-Kutta scheme.

Tolerance. 1e-14 of the charge held or of the gross throughput, whichever is larger.
The roundings of S stages, random, would be S^{1/2} 1e-16 = 2e-15 for the runs here.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance

TITLE = "charge ledger: outflow, Faraday inflow, node exchange"
SOURCE = "conservation"


def check(study: Study) -> None:
    for level in ("boltzmann", "dressed", "projected"):
        run = study.evolve("budget.toml", {"equation.level": level})
        residual, scale = run.ledger_residual()
        study.at_most(
            f"|residual|/held, {level}, {run.steps} steps", abs(residual) / scale, 1e-14, SOURCE
        )
        if level == "boltzmann":
            continue
        study.report(
            f"  change of the charge, {level}", run.charge_change(), source="printed apart"
        )
        study.report(
            f"  boundary outflow, {level}", run.boundary_outflow().sum(), source="printed apart"
        )
        study.report(f"  Faraday inflow, {level}", run.faraday_inflow(), source="printed apart")
        study.report(
            f"  node exchange, {level}", run.node_exchange().sum(), source="printed apart"
        )
    for stepper in ("ssprk3", "ssprk104") if study.quick else ("ssprk2", "ssprk3", "ssprk104"):
        step = 0.3 if study.quick else 0.1
        long = {"time.stepper": stepper, "time.step": step, "equation.level": "dressed"}
        run = study.evolve("sea.toml", long)
        residual, scale = run.ledger_residual()
        study.at_most(
            f"|residual|/held, {stepper}, {run.steps} steps", abs(residual) / scale, 1e-14, SOURCE
        )
    run = study.evolution("budget.toml")
    times = np.linspace(0.0, 60.0, 41)
    rows = []
    for time in times:
        advance(run, time)
        rows.append(
            [
                run.charge_change(),
                -run.boundary_outflow().sum(),
                run.faraday_inflow(),
                run.node_exchange().sum(),
            ]
        )
    study.data.update(times=times, rows=np.array(rows))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.4)
    axis = page.subplots()
    names = (
        "change of the charge",
        "inflow through the cutoff",
        "Faraday inflow",
        "node: lower to upper",
    )
    rows = study.data["rows"] - study.data["rows"][0]
    for column, (name, colour, dash) in enumerate(
        zip(names, style.CYCLE, style.DASHES, strict=False)
    ):
        axis.plot(
            study.data["times"], 1e4 * rows[:, column], color=colour, linestyle=dash, label=name
        )
    axis.set(xlabel="time $t$", ylabel=r"number since $t = 0$  ($10^{-4}$/length$^3$)")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return page
