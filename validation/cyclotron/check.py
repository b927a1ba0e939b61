"""Cyclotron motion: dφ_k/dt = -ω_s, ω_s = (b/E)(s + b m/2E³).

Reference: Wong and Tserkovnyak, App. on cyclotron motion; the exact Landau value is b/W.
m = .5, k = .6, b = .01: ω_+ = .0128709, ω_- = -.0127365.

The state is a first harmonic cos φ in f on a ring around k = .6; each ring turns rigidly, so
the phase of f on the circle k = .6 is -ωt exactly, with the ω of the program's own flow, ω = b
∂_k ε̄_s/(k D_s), which differs from the formula at O(b³).

Tolerance. Scheme: fourth order in h. On N cells a harmonic of wave number 1/k on a ring of
width .3 has (h/.3)⁴/30-like errors; the phase converges with at least order 3.5 and
Richardson's estimate of the error of the finest grid, |φ_N - φ_{N/2}|/(2⁴ - 1), doubled, is the
tolerance against the program's own flow. Formula: the remainder is (b m/2E³)² ω_s = 2.7e-5 ω to
leading order, times 2 at most (expansion of (1 + 2x)/(1 + x) = 1 + x - x²), so 3e-5 |ω| +
tolerance above.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RectBivariateSpline

from kinetic.validating import Study, advance, orders

TITLE = "cyclotron frequencies of both bands from the evolved phase"
SOURCE = "Wong, Tserkovnyak"
MASS, K, TIME = 0.5, 0.6, 120.0


def formula(sign: int, b: float) -> float:
    energy = np.hypot(K, MASS)
    return b / energy * (sign + 0.5 * b * MASS / energy**3)


def own(sign: int, b: float) -> float:
    """The frequency of the continuous flow of the program."""
    energy = np.hypot(K, MASS)
    slope = sign * K / energy + b * MASS * K / energy**4
    return b * slope / K / (1 + 0.5 * sign * b * MASS / energy**3)


def phase(run, band: int, harmonic: int = 1) -> float:
    """Phase of the first harmonic on the circle k = K, from point values of f."""
    f = run.transport.occupation()[band].reshape(run.system.grid.shape)
    k, h = run.system.grid.momentum[0].centres, run.system.grid.momentum[0].widths[0]
    point = f.copy()
    for axis in (0, 1):  # cell averages to point values
        point -= (np.roll(point, 1, axis) - 2 * point + np.roll(point, -1, axis)) / 24
    spline = RectBivariateSpline(k, k, point, kx=5, ky=5, s=0)
    del h
    angle = 2 * np.pi * np.arange(128) / 128
    values = spline.ev(K * np.cos(angle), K * np.sin(angle))
    return float(np.angle(np.sum(values * np.exp(1j * harmonic * angle))))


def frequencies(study: Study, cells: int, b: float, time: float) -> np.ndarray:
    """ω_-, ω_+ from the phases at the start and after a time."""
    changes = {f"grid.{axis}": [-1.2, 1.2, cells] for axis in ("kx", "ky")}
    run = study.evolution("orbit.toml", {**changes, "fields.B": b})
    start = [phase(run, band) for band in (0, 1)]
    advance(run, time)
    turned = np.array([phase(run, band) for band in (0, 1)]) - start
    if cells >= 64 and "f" not in study.data:
        study.data.update(
            f=run.transport.occupation().reshape(2, cells, cells),
            k=run.system.grid.momentum[0].centres,
        )
    # Σ f e^{iφ} of cos(φ - φ₀) has the phase φ₀, and φ₀ = -ω t.
    return -turned / time


def check(study: Study) -> None:
    b = 0.01
    numbers = (24, 48) if study.quick else (24, 48, 96)
    measured = np.array([frequencies(study, n, b, TIME) for n in numbers])
    for band, sign in ((1, 1), (0, -1)):
        exact = own(sign, b)
        estimate = 2 * abs(measured[-1, band] - measured[-2, band]) / 15
        symbol = "ω_+" if sign > 0 else "ω_-"
        name = f"{symbol}, {numbers[-1]}², own flow"
        study.compare(name, measured[-1, band], exact, estimate, SOURCE)
        tolerance = estimate + 3e-5 * abs(exact)
        study.compare(
            f"{symbol}, formula", measured[-1, band], formula(sign, b), tolerance, SOURCE
        )
        study.at_least(f"order in h, {symbol}", orders(measured[:, band] - exact)[-1], 3.5)
    study.compare("ω_+ (digits)", formula(1, b), 0.0128709, 6e-8, "closed form")
    study.compare("ω_- (digits)", formula(-1, b), -0.0127365, 6e-8, "closed form")
    if not study.quick:
        # O(b³): the part of ω_+ + ω_- and ω_+ - ω_- that the formula lacks.
        fields = (0.08, 0.04)
        lacking = []
        for field in fields:
            value = frequencies(study, numbers[-1], field, 1.2 / field)[1]
            lacking.append(value - formula(1, field))
        study.compare(
            "order in b of what the formula lacks", orders(lacking)[0], 3.0, 0.3, "O(b³)"
        )
    study.data.update(numbers=numbers, measured=measured)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.7)
    left, right = page.subplots(1, 2)
    if "f" in study.data:
        k = study.data["k"]
        image = left.pcolormesh(k, k, study.data["f"][1].T - 0.5, cmap="PuOr_r", rasterized=True)
        turned = -own(1, 0.01) * TIME
        circle = np.linspace(0, 2 * np.pi, 200)
        left.plot(K * np.cos(circle), K * np.sin(circle), ":", color=style.BLACK, linewidth=0.7)
        left.annotate(
            "",
            (np.cos(turned), np.sin(turned)),
            (0, 0),
            arrowprops={"arrowstyle": "->", "lw": 0.9},
        )
        left.set(
            xlabel=r"$k_x$",
            ylabel=r"$k_y$",
            aspect="equal",
            title=r"$f_+ - \frac{1}{2}$ at $t = 120$",
        )
        page.colorbar(image, ax=left, shrink=0.9)
    numbers, measured = np.array(study.data["numbers"]), study.data["measured"]
    for band, sign, colour in ((1, 1, style.BLUE), (0, -1, style.VERMILLION)):
        error = np.abs(measured[:, band] / own(sign, 0.01) - 1)
        right.loglog(
            2.4 / numbers,
            error,
            "o-",
            color=colour,
            label=rf"$\omega_{'+' if sign > 0 else '-'}$",
        )
    right.loglog(
        2.4 / numbers,
        error[0] * (numbers[0] / numbers) ** 4.0,
        ":",
        color=style.GREY,
        label=r"$h^4$",
    )
    ticks = [2.4 / n for n in numbers]
    right.set_xticks(ticks, [f"{tick:.3f}" for tick in ticks])
    right.set_xticks([], minor=True)
    right.set(xlabel=r"cell width $h$", ylabel="relative error of the frequency")
    right.legend()
    return page
