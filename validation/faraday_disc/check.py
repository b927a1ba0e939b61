"""A spot of flux switched on and off in a filled band: what Faraday's e(r) carries in, stays.

    j = (ν/2π) e×ẑ ,   ∇×e = -∂ₜb ẑ        ⇒        δρ(r) = ν δb(r)/2π

QWZ model, M = 1: ν = C = +1 on the whole zone, b = ∇×a of a smooth spot without net flux on a
periodic sample, so that all that gathers in the spot left the ring around it.  Massive Dirac
electrons, m = .5, k in a box ±Λ, in a sample open all around: b has net flux, and the charge
comes in through the ends; ν = -(1/π) atan(Λ²/(m√(m² + 2Λ²))).

In g_s the lower band takes all of δρ and nothing ever enters the upper one; in n_s each band
takes half, n_+ = -¼F, and when the flux is gone so is n_+: the interband terms are a change of
counting, no pump.

Reference: closed form; Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (44)-(47) as
corrected; P. Streda, J. Phys. C 15, L717 (1982).

Tolerance.  e acts through the sixth-order differences of the grid, so that in `dressed` δρ is
ν(∇×a)/2π with that very curl (written again below) to the Runge-Kutta error of ∫ṡ dt, 1e-6
here; against the true b it converges with the sixth order (5 is asked of the finer grids, 4 of
12² and 18²: the spot has a width of two to four cells).  The open sample has one-sided ends:
order 4 (3.5 of 10² and 14²) is asked, and its charge is that of νb/2π at the sites to the
Runge-Kutta error.  Hall current: weights of the observable are quantised, 1e-10.  Total charge,
and f_+ of `dressed`: rounding.  `projected` follows n_s to O(F²): the halves are met to the error
of the curl, by a tenth more for n_s's own, plus F² of b; what n_+ keeps is of order 2 in b (1.8
is asked), at most ¼F².
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance, observe, orders

TITLE = "Faraday's law in a disc: flux on, charge in; flux off, nothing left"
SOURCE = "Středa; Wong, Tserkovnyak"
PI = float(np.pi)
BOX, MASS = 3.0, 0.5
NU = -np.arctan(BOX**2 / (MASS * np.sqrt(MASS**2 + 2 * BOX**2))) / PI


def magnetic(run) -> np.ndarray:
    return np.array(np.broadcast_to(run.flow.magnetic(run.time)[2], run.mesh.sites))


def bands(run) -> np.ndarray:
    """Density of each band in the evolved variable.  (band, x, y)"""
    return observe(run, "band_density")["band_density"]


def discrete_curl(run, c: float) -> np.ndarray:
    """∂_x a_y - ∂_y a_x at full strength by sixth-order central differences."""
    x = run.system.grid.space[0].centres
    X, Y = np.meshgrid(x, x, indexing="ij")
    a = c * np.exp(np.cos(X) + np.cos(Y) - 2) * np.stack([-np.sin(Y), np.sin(X)])
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}

    def slope(values, axis):
        parts = (
            w * (np.roll(values, -m, axis) - np.roll(values, m, axis)) for m, w in weights.items()
        )
        return sum(parts) / (x[1] - x[0])

    return slope(a[1], 0) - slope(a[0], 1)


def spot(cells: int, c: float, level: str) -> dict:
    axes = {f"grid.{axis}": ["-pi", "pi", cells] for axis in ("x", "y")}
    return {**axes, "fields.parameters": {"c": c, "w": 1.0}, "equation.level": level}


def closed(study: Study) -> None:
    """The periodic sample in the dressed variable."""
    numbers, least = ((12, 18), 4.0) if study.quick else ((12, 18, 24), 5.0)
    errors = []
    for cells in numbers:
        run = study.evolution("disc.toml", spot(cells, 0.02, "dressed"))
        start, charge = bands(run), run.charge()
        largest = 0.0
        advance(run, 2.0)
        half, force = observe(run, "current")["current_anomalous"], run.flow.force(2.0)
        advance(run, 4.0)
        full, b, change = (
            observe(run, "current")["current_anomalous"],
            magnetic(run),
            bands(run) - start,
        )
        errors.append(np.abs(2 * PI * change[0] - b).max() / b.max())
        if cells == 18:
            own = np.abs(2 * PI * change[0] - discrete_curl(run, 0.02)).max() / b.max()
            study.at_most("g_-: 2πδρ less the curl of the grid, over b", own, 1e-6, SOURCE)
            # The part of δε, linear in b, is the same at both times but for the factor ½.
            hall = half[:2] - 0.5 * full[:2]
            expected = np.stack([force[1], -force[0]]) / (2 * PI)
            off = np.abs(hall - expected).max() / np.abs(expected).max()
            study.at_most("Hall current at half the flux, off by", off, 1e-10, "j = e×ẑ/2π")
            study.data.update(
                b=b, change=change[0], x=run.system.grid.space[0].centres, hall=hall
            )
        largest = max(largest, np.abs(change[1]).max(), np.abs(run.transport.u[1::2]).max())
        if study.quick and cells != numbers[0]:
            continue
        advance(run, 8.0)
        largest = max(largest, np.abs(run.transport.u[1::2]).max())
        study.at_most(f"g_+ at any place and time, {cells}²", largest, 1e-14, SOURCE)
        study.at_most(
            f"total charge has changed by, {cells}²", abs(run.charge() - charge), 1e-12, ""
        )
        back = np.abs(run.transport.u[0::2] - 1).max()
        study.at_most(f"g_- - 1 after the flux is gone, {cells}²", back, 1e-8, SOURCE)
    study.at_least(
        "order in the cells of x and y", orders(errors[-2:], numbers[-1] / numbers[-2])[0], least
    )
    study.compare(
        "g_-: 2πδρ/b in the middle, finest",
        *middle(change[0], b, 1.0),
        errors[-2] * (numbers[-2] / numbers[-1]) ** least,
        SOURCE,
    )
    study.data["closed"] = (np.array(numbers), np.array(errors))


def middle(change, b, share) -> tuple[float, float]:
    """2πδρ/b where b is largest, and what it should be."""
    place = np.unravel_index(np.argmax(b), b.shape)
    return 2 * PI * change[place] / b[place], share


def exchanged(study: Study) -> None:
    """The periodic sample in n_s."""
    cells = 10 if study.quick else 18
    kept = []
    for c in (0.02, 0.01):
        run = study.evolution("disc.toml", spot(cells, c, "projected"))
        start = bands(run)
        advance(run, 4.0)
        b, change = magnetic(run), bands(run) - start
        field = run.transport.dressing
        upper = np.abs(run.transport.u[1::2].reshape(field.shape) + 0.25 * field).max()
        largest = np.abs(field).max()
        curl = np.abs(discrete_curl(run, c) - b).max() / b.max()
        for band, name in enumerate(("n_-", "n_+")):
            off = np.abs(2 * PI * change[band] - 0.5 * b).max() / b.max()
            study.at_most(
                f"{name}: 2πδρ - b/2 over b, max F = {largest:.2g}",
                off,
                1.1 * curl + largest**2,
                SOURCE,
            )
        study.at_most(
            f"n_+ + ¼F at full flux, max F = {largest:.2g}", upper, 0.25 * largest**2, SOURCE
        )
        advance(run, 8.0)
        kept.append(np.abs(run.transport.u[1::2]).max())
        study.at_most(
            f"n_+ after the flux is gone, max F = {largest:.2g}",
            kept[-1],
            0.25 * largest**2,
            "no pump survives",
        )
    study.at_least("order in b of what n_+ keeps", orders(kept)[0], 1.8, "no pump survives")
    study.data["kept"] = kept


def opened(study: Study) -> None:
    """Net flux through a sample with open ends."""
    numbers, errors = (10, 14) if study.quick else (12, 16, 20), []
    for cells in numbers:
        changes = {f"grid.{axis}.cells": cells for axis in ("x", "y")}
        run = study.evolution("open.toml", changes)
        start, charge = bands(run), run.charge()
        advance(run, 3.0)
        b, change = magnetic(run), bands(run) - start
        errors.append(np.abs(2 * PI * change[0] / NU - b).max() / b.max())
        if cells != numbers[-1]:
            continue
        brought = run.charge() - charge
        inside = NU * b.sum() * run.mesh.site_volume / (2 * PI)
        study.compare(
            f"massive Dirac, charge that came in, {cells}²",
            brought,
            inside,
            1e-6,
            "νΣb/2π",
            relative=True,
        )
        if study.quick:
            continue
        advance(run, 6.0)
        gone = abs(run.charge() - charge)
        study.at_most("... and is left after the flux is gone", gone, 1e-8, SOURCE)
        study.at_most("upper band at the end", np.abs(run.transport.u[1::2]).max(), 1e-14, SOURCE)
        residual, scale = run.ledger_residual()
        study.at_most("ledger", abs(residual) / scale, 1e-14, "continuity")
    study.at_least(
        "order, open sample",
        orders(errors[-2:], numbers[-1] / numbers[-2])[0],
        3.5 if study.quick else 4.0,
    )
    study.data["open"] = (np.array(numbers), np.array(errors))


def check(study: Study) -> None:
    closed(study)
    exchanged(study)
    opened(study)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.7)
    left, right = page.subplots(1, 2)
    x, hall = study.data["x"], study.data["hall"]
    image = left.pcolormesh(x, x, study.data["change"].T * 1e3, cmap="PuOr_r", rasterized=True)
    bound = np.abs(study.data["change"]).max() * 1e3
    image.set_clim(-bound, bound)
    left.quiver(x, x, hall[0].T, hall[1].T, width=0.005)
    left.set(
        xlabel=r"$x$",
        ylabel=r"$y$",
        aspect="equal",
        title=r"$10^3\,\delta\rho$ at full flux; $\mathbf{j}$ on the way",
    )
    page.colorbar(image, ax=left, shrink=0.9)
    for name, label, colour in (
        ("closed", "QWZ, periodic", style.BLUE),
        ("open", "massive Dirac, open", style.VERMILLION),
    ):
        numbers, errors = study.data[name]
        width = (2 * PI if name == "closed" else 6.0) / numbers
        right.loglog(width, errors, "o-", color=colour, label=label)
    right.loglog(
        width, 0.7 * errors[0] * (width / width[0]) ** 6, ":", color=style.GREY, label=r"$h^6$"
    )
    right.set(
        xlabel=r"cell width of $x$ and $y$", ylabel=r"$\max|2\pi\delta\rho/\nu - b|\,/\,\max b$"
    )
    ticks = [0.3, 0.4, 0.5]
    right.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    right.set_xticks([], minor=True)
    right.legend()
    return page
