"""Steps to a steady state, with Anderson mixing and without.

    u ← Σ_j α_j G(u_j) ,  Σα = 1 ,  α = argmin ‖Σ_j α_j [G(u_j) - u_j]‖

Reference: Walker and Ni, SIAM J. Numer. Anal. 49, 1715 (2011): on a linear problem the mixture is
a GMRES iterate, so that a few slow modes cost a few windows, while plain steps take
τ_slow ln(1/tolerance).

Tolerances.  Both runs stop at 1e-6 of the largest ‖∂ₜu‖.  A mode of lifetime τ_s is then off by
τ_s ‖∂ₜu‖, that is, relative to what moved at first in the time τ_f, by 1e-6 τ_s/τ_f; the two runs
may lie on opposite sides, twice that: 1e-4 for τ_s/τ_f = 50 (Drude), 1e-5 for the channel, whose
slowest electrons graze the walls and live τ, three times the flight across it.  The factors are
those measured, less a third: 6 or more with the slow relaxation, 1.5 in the channel.
"""

from __future__ import annotations

import numpy as np

from kinetic.steady import Settling, Steadiness
from kinetic.validating import Study, advance

TITLE = "Anderson mixing: steps to the steady state of a Drude current and of a channel"
SOURCE = "Walker, Ni 2011"
CASES = {"drude": (None, 6.0, 1e-4), "channel": (4.0, 1.5, 1e-5)}


def course(study: Study, name: str, acceleration: str, window: float | None):
    """Steps and ‖∂ₜu‖ at the ends of the windows, and the state at the end."""
    evolution = study.evolution(f"{name}.toml")
    start = evolution.transport.u.copy()
    wanted = Steadiness(until="steady", acceleration=acceleration, window=window)
    settling = Settling(wanted, evolution)
    rows = []
    while evolution.time < evolution.stop and not settling.steady:
        due = settling.schedule.next_due(evolution.time)
        advance(evolution, min(due, evolution.stop))
        settling.look()
        rows.append((evolution.steps, settling.tendency / settling.largest))
    return np.array(rows), evolution, start, settling.steady


def check(study: Study) -> None:
    for name, (window, factor, tolerance) in CASES.items():
        if study.quick and name != "drude":
            continue
        plain, slow, start, rests = course(study, name, "none", window)
        mixed, fast, _, too = course(study, name, "anderson", window)
        study.at_least(f"{name}: both come to rest", float(rests and too), 1.0, "‖∂ₜu‖")
        study.at_least(
            f"{name}: steps saved, factor", plain[-1, 0] / mixed[-1, 0], factor, SOURCE
        )
        moved = np.abs(slow.transport.u - start).max()
        apart = np.abs(slow.transport.u - fast.transport.u).max() / moved
        study.at_most(f"{name}: distance of the two states", apart, tolerance, "derived")
        residual, scale = fast.ledger_residual()
        # weights up to Σ|α| ~ 1e2 multiply the rounding of what every window entered
        study.at_most(
            f"{name}: charge ledger after mixing", abs(residual) / scale, 1e-11, "Σα = 1"
        )
        study.data[name] = (plain, mixed)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.4)
    titles = {"drude": "Drude current, slow relaxation", "channel": "channel, diffuse walls"}
    panels = np.atleast_1d(page.subplots(1, len(study.data), sharey=True))
    for axes, (name, (plain, mixed)) in zip(panels, study.data.items(), strict=True):
        axes.semilogy(*plain.T, color=style.GREY, label="plain steps")
        axes.semilogy(
            *mixed.T, "o-", color=style.BLUE, markerfacecolor="white", label="Anderson mixing"
        )
        axes.axhline(1e-6, color=style.BLACK, linewidth=0.6, linestyle=":")
        axes.set(xlabel="steps", title=titles[name])
        axes.legend(loc="upper right")
    panels[0].set_ylabel(r"$\|\partial_t u\|$ over its largest value")
    return page
