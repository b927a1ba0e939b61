"""Continuity at every site: ∂ₜρ + ∇·j = −∮Σ_s Φ_s·dS_k/(2πħ)ᵈ, with every contribution on.

A texture moving in r and k, b(r), a potential and a drive together give group, moment,
anomalous, chiral magnetic, F_rk, F_kt and magnetisation currents at once.

Reference.  Twice: (1) the fluxes of the scheme itself, of which ∂ₜρ is made: to rounding, at
every end of an axis (periodic, open, wall, reservoir) and at every level; (2) the recorded
current j of Wong and Tserkovnyak, Eqs. (30), (31) as corrected, a sum of momentum integrals that
the scheme never uses: its divergence, taken with the sixth-order derivative of the grid, against
∂ₜρ.

Tolerances.  (1) is judged against the sum over k of the largest rate of a cell: 2N terms are
added and taken off, N ≤ 1e5 cells of a site, rounding about 1e-16 √N: 1e-14.  (2) converges with
the scheme, of fourth order in k and fifth or higher in r: the order, between grids refined by
3/2 on all axes, must reach 3.75 (4 less the scatter of such a measurement).  Without any one of
the contributions the mismatch must exceed that of the finest grid thirtyfold: each is needed,
with its sign.  The magnetisation current is a curl: its divergence is zero to rounding.  In terms
of n_s the columns of the current agree with the fluxes to first order: what is left falls as ħ².
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.landscape import derivative
from kinetic.observables.anomaly import rates
from kinetic.validating import Study, advance, observe, orders

TITLE = "continuity with every contribution, by the fluxes and by the recorded current"
SOURCE = "Wong, Tserkovnyak (30), (31)"
RATIO = 1.5
ENDS: dict[str, Any] = {
    "open": "open",
    "walls": [{"kind": "wall", "specularity": 0.6}, "diffuse"],
    "reservoir, open": [
        {"kind": "reservoir", "chemical_potential": 1.2, "temperature": 0.3},
        "open",
    ],
}


def rounding(study: Study, name: str, file: str, changes: dict[str, Any]) -> None:
    """The continuity of the scheme's own fluxes after some steps."""
    run = study.evolution(file, changes)
    advance(run, run.stop)
    found = observe(run, "continuity_residual")
    share = float(found["continuity_residual"] / found["continuity_scale"])
    study.at_most(f"fluxes, {name}", share, 1e-14, "exact")


def balance(run: Any, left_out: str | None = None) -> np.ndarray:
    """∂ₜρ + ∇·j + momentum outflow at every site, by the recorded current."""
    grid, mesh = run.system.grid, run.mesh
    change = rates(run).change * mesh.volumes
    per_site = change.reshape(run.system.valleys, mesh.site_count, -1).sum(axis=(0, 2))
    out = per_site.reshape(mesh.sites) / run.phase_space
    if any(not axis.periodic for axis in grid.momentum):
        out = out + observe(run, "momentum_outflow")["momentum_outflow"]
    current = observe(run, "current")
    j = current["current"] if left_out is None else current["current"] - current[left_out]
    for place, axis in enumerate(grid.space):
        out = out + derivative(j["xyz".index(axis.name)], axis, place)
    return np.asarray(out)


def recorded(
    study: Study, name: str, file: str, sizes: dict[str, int], changes: dict[str, Any]
) -> None:
    """∂ₜρ against the recorded current on refined grids, and without each of its parts."""
    table = study.tables(file)["grid"]
    factors = (1.0, RATIO) if study.quick else (1.0, RATIO, RATIO**2)
    errors = []
    for factor in factors:
        grid = {
            f"grid.{axis}": [*table[axis][:2], round(cells * factor)]
            for axis, cells in sizes.items()
        }
        run = study.evolution(file, {**grid, **changes})
        errors.append(np.abs(balance(run)).max())
    study.at_least(f"j, {name}, order", orders(errors, RATIO)[-1], 3.75, SOURCE)
    current, parts = observe(run, "current"), {}
    along = ["xyz".index(axis.name) for axis in run.system.grid.space]
    for part in sorted(current):
        if part in ("current", "current_magnetisation"):
            continue
        if np.abs(current[part][along]).max() < 1e-12 * np.abs(current["current"]).max():
            continue  # R^{x k} = 0 where x is the only axis
        parts[part[8:]] = np.abs(balance(run, part)).max()
        study.at_least(
            f"j, {name}, without {part[8:]}, over error", parts[part[8:]] / errors[-1], 30.0
        )
    curl = current["current_magnetisation"]
    spread = sum(
        derivative(curl["xyz".index(axis.name)], axis, place)
        for place, axis in enumerate(run.system.grid.space)
    )
    study.at_most(f"∇·j_mag, {name}", np.abs(spread).max(), 1e-12 * np.abs(curl).max())
    study.data.setdefault("errors", {})[name] = (1 / np.array(factors), errors, parts)


def check(study: Study) -> None:
    for level in ("boltzmann", "dressed", "projected"):
        change = {"equation.level": level}
        rounding(study, f"2r×2k, {level}", "planes.toml", change)
        rounding(study, f"1r×3k with nodes, {level}", "weyl.toml", change)
        axis = study.tables("channel.toml")["grid"]["x"]
        for name, ends in ENDS.items():
            rounding(
                study,
                f"1r×2k, {name}, {level}",
                "channel.toml",
                {**change, "grid.x": {**axis, "boundary": ends}},
            )
    sizes = {"x": 10, "y": 10, "kx": 12, "ky": 12}
    recorded(study, "2r×2k", "planes.toml", sizes, {})
    deep = {"x": 10, "kx": 8, "ky": 8, "kz": 8}
    recorded(study, "1r×3k", "gapped.toml", deep, {})
    if study.quick:
        return
    # In terms of n_s the columns of the current and the fluxes of (b') differ by ħ².
    apart = []
    for hbar in (0.5, 0.25):
        grid: dict[str, Any] = {f"grid.{axis}": [-1.6, 1.6, 16] for axis in ("kx", "ky")}
        grid |= {f"grid.{axis}": [0.0, 2 * np.pi, 26] for axis in ("x", "y")}
        change = {"equation.level": "projected", "equation.hbar": hbar}
        run = study.evolution("planes.toml", {**grid, **change})
        apart.append(np.abs(balance(run)).max() * run.phase_space)
    study.compare("j, 2r×2k projected, order in ħ", orders(apart)[0], 2.0, 0.3, "O(ħ²)")


def figure(study: Study) -> Any:
    """Mismatch of the recorded current against h, and without each contribution."""
    from kinetic.plotting import style

    if len(study.data.get("errors", {})) < 2:
        return None
    page = style.canvas(2 * style.COLUMN, 2.7)
    panels = page.subplots(1, 2, sharey=True)
    for panel, (name, (steps, errors, parts)) in zip(
        panels, study.data["errors"].items(), strict=False
    ):
        panel.loglog(steps, errors, "o-", color=style.BLUE, label="all contributions")
        panel.loglog(steps, errors[0] * steps**4, ":", color=style.GREY, label="$h^4$")
        for (part, value), colour in zip(parts.items(), style.CYCLE[1:], strict=False):
            words = f"without {part.replace('_', ' ')}"
            panel.axhline(value, color=colour, linestyle="--", label=words)
        panel.set_xticks(steps, [f"{step:.2f}" for step in steps])
        panel.minorticks_off()
        panel.set(xlabel="$h/h_0$", title=name, ylim=(3e-9, 3e-1))
        panel.legend(fontsize=6.5, loc="upper center", ncols=2)
    panels[0].set_ylabel(r"max $|\partial_t\rho+\nabla\cdot j+$outflow$|$")
    return page
