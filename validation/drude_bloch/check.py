"""Drude-Zener and Bloch-Zener (Esaki-Tsu) transients with a relaxation time.

    Bloch:  j/j₀ = x/(1+x²) [1 - e^{-s}(cos xs - x sin xs)] , x = eτ, s = t/τ, j₀ = v_max ⟨cos k⟩₀
    Drude:  J = j_x + i j_y, ∂ₜJ = n e/m - (1/τ + i ω_c) J , σ_xx = σ₀(1-iωτ)/[(1-iωτ)² + (ω_cτ)²]

Reference: L. Esaki, R. Tsu, IBM J. Res. Dev. 14, 61 (1970); C. Zener, Proc. R. Soc. A 145, 523
(1934).  x = 2, s = 1: .728846.  The transient of Drude's equation is solved in closed form.

Tolerances. Bloch: the band current is the first harmonic of f; a linear fifth-order scheme
turns and damps it at the relative rate (h/1)⁶/60-ish·e per time, fourth-order products of the
current add (h⁴/30). Order ≥ 3.5 on 32, 64 and twice the Richardson estimate of the finest grid.
Drude: the parabola makes the equation of J exact for any f; on the grid v is a face mean (exact
for a linear v) and f of fifth order; the tail at the cutoff is exp(-(2 - .5)/.05) = 1e-13. The
same estimate. 'imex': second order in Δt, twice Richardson's estimate again; rates from 1e-3 to
1e3 steps are in the case stiff_relaxation.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad

from kinetic.initial import fermi
from kinetic.validating import Study, advance, observe, orders

TITLE = "Drude-Zener and Bloch-Zener transients"
SOURCE = "Esaki, Tsu 1970"


def esaki_tsu(x: float, s: np.ndarray) -> np.ndarray:
    return x / (1 + x * x) * (1 - np.exp(-s) * (np.cos(x * s) - x * np.sin(x * s)))


def bloch(study: Study, cells: int, times: np.ndarray, **stepping) -> np.ndarray:
    changes = {f"time.{key}": value for key, value in stepping.items()}
    run = study.evolution("bloch.toml", {"grid.kx": [-np.pi, np.pi, cells], **changes})
    values = []
    for time in times:
        advance(run, time)
        values.append(float(observe(run, "current")["current"][0]))
    return np.array(values)


def drude(study: Study, cells: int, times: np.ndarray) -> tuple[np.ndarray, float]:
    changes = {f"grid.{axis}": [-2.0, 2.0, cells] for axis in ("kx", "ky")}
    run = study.evolution("drude.toml", changes)
    values = []
    for time in times:
        advance(run, time)
        j = observe(run, "current")["current"]
        values.append(complex(j[0], j[1]))
    return np.array(values), float(
        np.sum(run.densities()[0] * run.mesh.volumes)
    ) / run.phase_space


def transient(times: np.ndarray, n: float) -> np.ndarray:
    """∂ₜJ = n e₀ cos ωt - (1/τ + iω_c) J from J = 0."""
    tau, cyclotron, omega, force = 5.0, 0.2, 0.3, 0.01
    a = 1 / tau + 1j * cyclotron
    out = np.zeros(len(times), dtype=complex)
    for sign in (1, -1):
        drive = 1j * sign * omega
        out += 0.5 * n * force * (np.exp(drive * times) - np.exp(-a * times)) / (a + drive)
    return out


def check(study: Study) -> None:
    f = lambda k: fermi(np.array(-np.cos(k) - 5.0), -5.2, 0.3)  # noqa: E731
    j0 = quad(lambda k: float(f(k)) * np.cos(k), -np.pi, np.pi, epsabs=1e-14)[0] / (2 * np.pi)
    times = np.linspace(0.0, 16.0, 33)
    numbers = (16, 32, 64)
    runs = [bloch(study, cells, times) for cells in numbers]
    exact = j0 * esaki_tsu(2.0, times / 4.0)
    at = int(np.argmin(np.abs(times - 4.0)))
    errors = [np.abs(run - exact).max() / j0 for run in runs]
    study.compare(
        "j/j₀ at x = 2, s = 1",
        runs[-1][at] / j0,
        0.728846,
        5e-7 + 2 * abs(runs[-1][at] - runs[-2][at]) / j0 / 15,
        SOURCE,
    )
    study.compare(
        "largest error of the Bloch transient, 64", errors[-1], 0.0, 2 * errors[-2] / 15, SOURCE
    )
    study.at_least("order in h, Bloch", orders(errors)[-1], 3.5, "scheme")
    implicit(study, j0)
    later = np.linspace(0.0, 40.0, 41)
    errors = []
    numbers_drude = (32, 64)
    for cells in numbers_drude:
        current, n = drude(study, cells, later)
        errors.append(np.abs(current - transient(later, n)).max() / (n * 0.05))
    study.compare(
        "largest error of the Drude transient/σ₀e, 64²",
        errors[-1],
        0.0,
        2 * errors[0] / 15 + 1e-12,
        "Zener 1934",
    )
    if errors[-1] > 1e-11:
        study.at_least("order in h, Drude", orders(errors)[-1], 3.5, "scheme")
    # steady state: the last period, by least squares
    tau, cyclotron, omega = 5.0, 0.2, 0.3
    sigma = (1 - 1j * omega * tau) / ((1 - 1j * omega * tau) ** 2 + (cyclotron * tau) ** 2)
    rest = np.exp(-40 / tau)
    steady = np.real(sigma * n * tau * 0.01 * np.exp(-1j * omega * later[-1]))
    study.compare(
        "j_x/σ₀e at t = 8 τ against σ_xx",
        current[-1].real / (n * 0.05),
        steady / (n * 0.05),
        2 * rest,
        "Drude, e^{-8} left",
    )
    study.data.update(times=times, bloch=runs[-1] / j0, later=later, drude=current / (n * 0.05))


def implicit(study: Study, j0: float) -> None:
    """The same current with the relaxation solved for in steps of τ/40 and τ/80."""
    exact = esaki_tsu(2.0, np.array([1.0]))[0]
    steps = (0.1, 0.05)
    found = [
        bloch(study, 64, np.array([4.0]), stepper="imex", step=step)[0] / j0 for step in steps
    ]
    study.compare(
        "j/j₀ at x = 2, s = 1, imex, Δt = τ/80",
        found[1],
        exact,
        2 * abs(found[1] - found[0]) / 3,
        SOURCE,
    )
    study.at_least("order in Δt, imex", orders(np.array(found) - exact)[0], 1.7, "second order")


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2)
    data = study.data
    s = np.linspace(0, 4, 300)
    left.plot(s, esaki_tsu(2.0, s), color=style.BLUE, label=r"Esaki and Tsu, $e\tau = 2$")
    left.plot(
        data["times"] / 4,
        data["bloch"],
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label="evolved",
    )
    left.set(xlabel=r"$t/\tau$", ylabel=r"$j/j_0$")
    left.legend()
    line = np.linspace(0.0, 40.0, 500)
    for part, name, colour in ((np.real, "x", style.BLUE), (np.imag, "y", style.VERMILLION)):
        right.plot(
            line / 5, part(transient(line, 1.0)) / 0.05, color=colour, label=rf"$j_{name}$"
        )
        right.plot(
            data["later"] / 5, part(data["drude"]), "o", color=colour, markerfacecolor="white"
        )
    right.set(
        xlabel=r"$t/\tau$",
        ylabel=r"$j/\sigma_0 e$",
        title=r"$\omega_c\tau = 1$, $\omega\tau = 1.5$",
    )
    right.legend()
    return page
