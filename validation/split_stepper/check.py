"""Error against cost: exact shifts along one axis at a time beside Runge-Kutta steppers.

    ẋ = k ,   k̇ = -sin x ;   f(x, k, t) = f(x₀, k₀, 0)  along these curves

Reference: the curves by an eighth-order Runge-Kutta integration to 1e-11 (Dormand and Prince, as
in scipy), averaged over k cells by four Gauss points.  Two states: smooth clouds with
scheme 'linear5', and a sea with a Fermi edge of one thirtieth of its radius with 'mp5'.

Tolerances. Orders: the shifts are of fifth order in h and the composition of order p in Δt ∝ h;
asked is p less 0.5, since the two largest grids still show some of the next term. Errors: on each
grid 'split4' makes a twentieth of the steps of 'ssprk3', and a shift errs by h⁶ at most, so its
error must not be the larger one on the finest grid. Cost: wall times depend on the machine and
are given relative to one run of 'ssprk3' on the coarsest grid in the same process; asked is a
factor 3 at equal cells, a third of what is found on a busy machine.
"""

from __future__ import annotations

import time as clock

import numpy as np
from scipy.integrate import solve_ivp

from kinetic.validating import Study, advance, orders

TITLE = "split steppers beside Runge-Kutta: error against cost"
SOURCE = "curves"
STEPPERS = ("ssprk3", "ssprk104", "split2", "split4")
EDGE = {
    "initial.lower": "0.5 - 0.5*tanh((sqrt((x - 0.6)**2 + kx**2) - 0.9)/0.03)",
    "initial.upper": "0.0*x*kx",
    "equation.scheme": "mp5",
}
STATES = {"clouds, linear5": {}, "Fermi edge, mp5": EDGE}


def started(name: str, x: np.ndarray, k: np.ndarray) -> np.ndarray:
    """f of both bands at the start, as the run file says.  (band, point)"""
    if name.startswith("clouds"):
        lower = np.exp(-((x - 0.9) ** 2 + k**2) / 0.15)
        return np.stack([lower, 0.5 * np.exp(-(x**2 + (k - 0.6) ** 2) / 0.15)])
    lower = 0.5 - 0.5 * np.tanh((np.hypot(x - 0.6, k) - 0.9) / 0.03)
    return np.stack([lower, 0.0 * lower])


def exact(name: str, run) -> np.ndarray:
    """Averages over k cells at the sites at the end.  (band, site, k)"""
    x, axis = run.system.grid.space[0].centres, run.system.grid.momentum[0]
    nodes, weights = np.polynomial.legendre.leggauss(4)
    total = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        k = axis.centres + 0.5 * node * axis.widths
        end = np.stack(np.meshgrid(x, k, indexing="ij")).ravel()

        def velocity(t, y):
            x, k = y.reshape(2, -1)
            return np.concatenate([k, -np.sin(x)])

        back = solve_ivp(velocity, (run.stop, 0.0), end, "DOP853", rtol=1e-11, atol=1e-11)
        x0, k0 = back.y[:, -1].reshape(2, -1)
        x0 = np.mod(x0 + np.pi, 2.0 * np.pi) - np.pi
        total = total + 0.5 * weight * started(name, x0, k0)
    return total.reshape(2, x.size, -1)


def measured(study: Study, changes: dict, stepper: str) -> tuple[np.ndarray, float, int, float]:
    """Occupations at the end, seconds, steps and the residual of the ledger over its scale."""
    seconds, spent = np.inf, 0.0
    while spent < 0.2:  # the shortest of several runs if they are short
        run = study.evolution("pendulum.toml", {**changes, "time.stepper": stepper})
        begin = clock.perf_counter()
        advance(run, run.stop)
        spent += clock.perf_counter() - begin
        seconds = min(seconds, clock.perf_counter() - begin)
    f = run.transport.occupation().reshape(*run.system.grid.sites, 2, -1)
    residual, scale = run.ledger_residual()
    return np.moveaxis(f, 1, 0), seconds, run.steps, abs(residual) / scale


def check(study: Study) -> None:
    numbers = (24, 48, 96) if study.quick else (24, 48, 96, 192)
    for name, state in STATES.items():
        errors = {stepper: [] for stepper in STEPPERS}
        times = {stepper: [] for stepper in STEPPERS}
        unit, worst = 0.0, 0.0
        for cells in numbers:
            axes = {"grid.x.cells": cells, "grid.kx": [-3.2, 3.2, cells]}
            changes = {**state, **axes}
            reference = exact(name, study.evolution("pendulum.toml", changes))
            for stepper in STEPPERS:
                f, seconds, steps, residual = measured(study, changes, stepper)
                unit, worst = unit or seconds, max(worst, residual)
                errors[stepper].append(np.abs(f - reference).sum() / reference.sum())
                times[stepper].append(seconds / unit)
                if cells == numbers[-1]:
                    study.report(f"{name}, {cells}²: {stepper}, error", errors[stepper][-1])
                    study.report(f"{name}, {cells}²: {stepper}, time", times[stepper][-1])
                    study.report(f"{name}, {cells}²: {stepper}, steps", steps)
        last = {stepper: errors[stepper][-1] for stepper in STEPPERS}
        cost = {stepper: times[stepper][-1] for stepper in STEPPERS}
        study.at_most(f"{name}: residual of the ledger", worst, 1e-13, "exact")
        study.at_most(f"{name}: error split4/ssprk3", last["split4"] / last["ssprk3"], 1.0)
        study.at_least(f"{name}: time ssprk3/split4", cost["ssprk3"] / cost["split4"], 3.0)
        if not state:
            found = {stepper: orders(errors[stepper])[-1] for stepper in STEPPERS}
            study.at_least(f"{name}: order of split4", found["split4"], 3.5)
            study.at_least(f"{name}: order of split2", found["split2"], 1.5)
            study.report(f"{name}: order of ssprk3", found["ssprk3"])
        study.data[name] = (errors, times)
        if name.startswith("Fermi"):
            study.data["final"] = f[0]  # the last of STEPPERS is split4


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.PAGE, 2.4)
    panels = page.subplots(1, 3)
    colours = dict(zip(STEPPERS, style.CYCLE, strict=False))
    for panel, name in zip(panels, STATES, strict=False):
        errors, times = study.data[name]
        for stepper in STEPPERS:
            mark = "o-" if stepper.startswith("split") else "s--"
            panel.loglog(
                times[stepper], errors[stepper], mark, color=colours[stepper], label=stepper
            )
        panel.set(xlabel="wall time, coarsest ssprk3 = 1", title=name)
    panels[0].set_ylabel(r"relative error, $L_1$")
    panels[0].legend()
    panels[2].imshow(
        study.data["final"].T,
        origin="lower",
        extent=(-np.pi, np.pi, -3.2, 3.2),
        aspect="auto",
        cmap="viridis",
    )
    panels[2].set(xlabel=r"$x$", ylabel=r"$k_x$", title="Fermi edge at $t = 4$, split4")
    return page
