"""Relations between coefficients: Einstein, Mott, Wiedemann and Franz, Kelvin.

    σ = χ D ,  χ = ∂n/∂μ                D from the decay of a density wave, σ from a small e
    α = (π²/3) T ∂σ/∂μ + (7π⁴/90) T³ ∂³σ/∂μ³ + O(T⁵)                     Mott, next order
    L = κ/σT = π²/3 + O(T²)                                   Wiedemann and Franz, elastic

References: A. Einstein, Ann. Phys. 322, 549 (1905); M. Cutler, N. F. Mott, Phys. Rev. 181, 1336
(1969), Eq. (14); N. W. Ashcroft, N. D. Mermin, Solid State Physics, Eqs. (13.52)-(13.62), (C.10);
white noise and Dirac spinors: τ_tr = 4|ε|/[W(ε² + 3m²)] (Sinitsyn et al., Phys. Rev. B 75, 045315
(2007), Eq. (38)), here the transport time that `disordered` Drude conductivities contain.

Density wave.  With f relaxing to the Fermi function of the local μ the wave e^{iqx - γt} obeys

    1 = ∫dε g(ε) (-f') ⟨[1 - γτ + iqτ v cos θ]⁻¹⟩/χ = ∫dε g(-f')/χ [(1 - γτ)² + (qτv)²]^{-½} ,

solved by scipy; γ = Dq² [1 + O(q²τ²v²)], and D(q) of q and 2q extrapolate to D with (qτv)⁴ left.

Tolerances.  Coefficients: those that the response states, which hold the difference of α from e
and from ∇T, and O(h⁴) of the grid: twice the Richardson estimate from 3/4 of the cells; in the
quick part, where there is one coarser grid, 2e-3 (h over the width T/v of f is 1.1).  Rates that
depend on the energy are taken at centres of cells: O(h²), h²τ''/12τ in the quick part.  Cutoffs
take ∫x²(-f') beyond them from α and κ, e^{-11.6} 160.  Decay: fluxes of fifth order along x damp
at (qh)⁶/60 ⟨|v_x|⟩/h; momentum sums on 32 cells 2e-3, on 20 (h over T/v is 1.7) 8e-3.  The
expansion of Sommerfeld is tested at m = .1, where the band edge, which it does not know and the
grid does not resolve, leaves (μ/T) e^{-(μ - m)/T}, 3e-3 at T = .1.
"""

from __future__ import annotations

import numpy as np
import sympy
from scipy.integrate import quad
from scipy.optimize import brentq

from kinetic.response import Response, respond
from kinetic.validating import Study, advance, observe

TITLE = "relations of transport: Einstein, Mott, Wiedemann and Franz, Kelvin"
SOURCE = "quadrature"
MASS, MU, T, TAU, CUT = 0.5, 0.9, 0.1, 2.0, 2.0
CELLS, SITES = 40, 16
LIGHT = 0.1  # mass where Sommerfeld's expansion must know no band edge
RICHARDSON = 2.0 / ((4.0 / 3.0) ** 4 - 1.0)
SECOND = 2.0 / ((4.0 / 3.0) ** 2 - 1.0)  # of what is O(h²)
ONE_GRID = 2e-3
CENTRES = (2.0 * CUT / 30.0) ** 2 / 12.0 * 4.0 / (0.5 + 2.0 * MU**2)  # h²τ''/12τ
VARIED = "0.5 + 2*energy**2"


def varied(e: float) -> float:
    """The same."""
    return 0.5 + 2.0 * e * e


def slope(e: float, mu: float, t: float) -> float:
    """-∂f/∂ε."""
    return float(0.25 / t / np.cosh(0.5 * (e - mu) / t) ** 2)


def moment(power: int, tau, t: float = T, mass: float = MASS) -> float:
    """∫dε (-f') (ε - μ)^p τ(ε) (ε² - m²)/4π|ε| of both bands."""

    def integrand(e: float) -> float:
        bare = (e * e - mass * mass) / (4.0 * np.pi * abs(e))
        return slope(e, MU, t) * (e - MU) ** power * tau(e) * bare

    found = (quad(integrand, mass, 6.0, epsabs=1e-12, points=[MU]),
             quad(integrand, -6.0, -mass, epsabs=1e-12))  # fmt: skip
    return float(sum(part[0] for part in found))


def tail(tau) -> float:
    """∫dx x² (-f') σ(ε)/σ(μ) of what lies beyond the cutoff, over π²/3."""
    end = float(np.hypot(CUT, MASS))
    x = (end - MU) / T
    grown = tau(end) * end / (tau(MU) * MU)
    return float(np.exp(-x) * (x * x + 2.0 * x + 2.0) * grown / (np.pi**2 / 3.0))


def lorenz(tau, t: float, mass: float = MASS) -> float:
    """κ/σT by quadrature."""
    zeroth, first, second = (moment(power, tau, t, mass) for power in range(3))
    return (second - first * first / zeroth) / (zeroth * t * t)


def measured(
    study: Study,
    collision: dict,
    t: float = T,
    cells: int = CELLS,
    stop: float = 26.0,
    mass: float = MASS,
) -> Response:
    changes = {f"grid.{axis}": [-CUT, CUT, cells] for axis in ("kx", "ky")}
    changes |= {
        "hamiltonian.mass": mass,
        "initial.temperature": t,
        "collisions": [collision],
        "time.stop": stop,
    }
    tables = study.tables("metal.toml", changes)
    return respond(tables, ["thermoelectric"], [0.0], samples=30, errors=False)


# --- Einstein -------------------------------------------------------------------------------


def states(e: float) -> float:
    """g = |ε|/2π."""
    return abs(e) / (2.0 * np.pi)


def compressibility() -> float:
    both = (quad(lambda e: states(e) * slope(e, MU, T), MASS, 6.0, points=[MU]),
            quad(lambda e: states(e) * slope(e, MU, T), -6.0, -MASS))  # fmt: skip
    return float(sum(part[0] for part in both))


def dispersion(q: float) -> float:
    """γ(q) of the wave."""
    chi = compressibility()

    def missing(gamma: float) -> float:
        def integrand(e: float) -> float:
            v = np.sqrt(1.0 - (MASS / e) ** 2)
            turned = np.hypot(1.0 - gamma * TAU, q * TAU * v)
            return states(e) * slope(e, MU, T) / turned

        both = (quad(integrand, MASS, 6.0, points=[MU]), quad(integrand, -6.0, -MASS))
        return float(sum(part[0] for part in both)) / chi - 1.0

    return float(brentq(missing, 0.0, 0.9 / TAU, xtol=1e-14))


def decay(study: Study, length: float, cells: int, stop: float) -> tuple[float, np.ndarray]:
    """γ of a wave in a box, from its amplitude after the transients e^{-t/τ}."""
    changes = {
        "grid.x": {"lower": 0.0, "upper": length, "cells": SITES, "boundary": "periodic"},
        "initial.chemical_potential": f"{MU} + 0.002*cos(2*pi*x/{length})",
        **{f"grid.{axis}": [-CUT, CUT, cells] for axis in ("kx", "ky")},
        "time.stop": stop,
    }
    run = study.evolution("wave.toml", changes)
    x = np.asarray(run.system.grid.space[0].centres)
    wave = np.cos(2.0 * np.pi * x / length)
    amplitudes = []
    times = np.linspace(0.0, stop, 13)
    for time in times:
        advance(run, time)
        amplitudes.append(float(wave @ observe(run, "density")["density"]))
    late = np.array(amplitudes)
    rate = np.log(late[-4] / late[-1]) / (times[-1] - times[-4])
    return float(rate), np.array([times, late / late[0]])


def einstein(study: Study) -> None:
    sigma = moment(0, lambda e: TAU)
    chi = compressibility()
    lengths = ((20.0, 24.0),) if study.quick else ((20.0, 28.0), (40.0, 48.0))
    cells = 20 if study.quick else 32
    found, damped = [], 0.0
    for length, stop in lengths:
        q = 2.0 * np.pi / length
        rate, curve = decay(study, length, cells, stop)
        exact = dispersion(q)
        # transients e^{-t/τ} against e^{-γt}: their share at 3/4 of the run, of the order (qℓ)²
        rest = np.exp(-0.75 * stop * (1.0 / TAU - exact))
        tolerance = ONE_GRID * (4.0 if study.quick else 1.0) + rest
        # fifth-order fluxes damp a wave at (qh)⁶/60 ⟨|v_x|⟩/h
        h = length / SITES
        speed = 2.0 / np.pi * np.sqrt(1.0 - (MASS / MU) ** 2)
        damped = (q * h) ** 6 / 60.0 * speed / h / exact
        tolerance += damped
        study.compare(f"γ of the wave, q = 2π/{length:g}", rate / exact, 1.0, tolerance, SOURCE)
        found.append(rate / q**2)
        study.data[f"wave {length:g}"] = (curve, exact)
    if len(found) > 1:
        d = (4.0 * found[1] - found[0]) / 3.0
        # what the extrapolation leaves of the dispersion
        ideal = [dispersion(2.0 * np.pi / length) for length, _ in lengths]
        squares = [(2.0 * np.pi / length) ** 2 for length, _ in lengths]
        limit = (4.0 * ideal[1] / squares[1] - ideal[0] / squares[0]) / 3.0
        left = abs(chi * limit / sigma - 1.0) + 2.0 * damped
        study.compare("χD/σ, D for q → 0", chi * d / sigma, 1.0, left + ONE_GRID, "Einstein 1905")


# --- Mott, Wiedemann and Franz --------------------------------------------------------------


def thermoelectric(study: Study) -> None:
    kinds = {
        "τ = const": (
            {"name": "relaxation_time", "tau": TAU},
            lambda e: TAU,
        ),
        "τ(ε)": (
            {"name": "relaxation_time", "tau": VARIED},
            varied,
        ),
        "white noise": (
            {"name": "elastic", "strength": 1.0},
            lambda e: 4.0 * abs(e) / (e * e + 3.0 * MASS**2),
        ),
    }
    chosen = ("τ(ε)",) if study.quick else tuple(kinds)
    for name in chosen:
        collision, tau = kinds[name]
        stop = 40.0 if name == "white noise" else 26.0
        fine = measured(study, collision, cells=30 if study.quick else CELLS, stop=stop)
        coarse = None if study.quick else measured(study, collision, cells=30, stop=stop)
        zeroth, first = moment(0, tau), moment(1, tau)
        rows = (
            ("sigma_xx", "σ", zeroth),
            ("alpha_xx", "α", first / T),
            ("lorenz_xx", "κ/σT", lorenz(tau, T)),
        )
        for key, symbol, exact in rows:
            number = fine.number(key)
            tolerance = number.error / abs(exact) + ONE_GRID + CENTRES
            if coarse is not None:
                apart = abs(number.value - coarse.number(key).value) / abs(exact)
                share = RICHARDSON if name == "τ = const" else SECOND
                tolerance = number.error / abs(exact) + share * apart + 1e-5
            if key != "sigma_xx":
                tolerance += tail(tau)
            study.compare(
                f"{symbol}, {name}, over quadrature", number.value / exact, 1.0, tolerance, SOURCE
            )
        ratio = fine.number("peltier_xx").value / (T * fine.number("seebeck_xx").value)
        error = fine.number("seebeck_xx").error / abs(fine.number("seebeck_xx").value)
        study.compare(f"Π/TS, {name}", ratio, 1.0, 2.0 * error + 1e-6, "Kelvin")
    if not study.quick:
        sommerfeld(study)


def expanded(tau: str, order: int) -> float:
    """Sommerfeld's term 2n c_n σ^{(2n-1)}(μ) of α/T^{2n-1}, c_n = 2(1 - 2^{1-2n})ζ(2n)."""
    e = sympy.Symbol("energy", positive=True)
    sigma = sympy.sympify(tau, {"energy": e}) * (e * e - LIGHT**2) / (4 * sympy.pi * e)
    c = 2 * (1 - sympy.Rational(2) ** (1 - 2 * order)) * sympy.zeta(2 * order)
    return float(2 * order * c * sigma.diff(e, 2 * order - 1).subs(e, MU))


def sommerfeld(study: Study) -> None:
    """α and L at several temperatures beside the limits T → 0."""
    collision, tau = {"name": "relaxation_time", "tau": VARIED}, varied
    terms = [expanded(VARIED, order) for order in (1, 2, 3)]
    temperatures = (0.07, 0.085, 0.1, 0.12)
    alphas, lorenzes, deviations = [], [], []
    for t in temperatures:
        found = measured(study, collision, t, stop=36.0, mass=LIGHT)
        alpha = found.number("alpha_xx")
        alphas.append(alpha.value)
        lorenzes.append(found.number("lorenz_xx").value)
        powers = [term * t ** (2 * n + 1) for n, term in enumerate(terms)]
        edge = np.exp(-(MU - LIGHT) / t) * MU / t
        study.compare(
            f"α over Mott and T³ term, T = {t:g}",
            alpha.value / (powers[0] + powers[1]),
            1.0,
            2.0 * abs(powers[2] / powers[0]) + edge + alpha.error / alpha.value,
            "Cutler, Mott 1969",
        )
        deviations.append(abs(moment(1, tau, t, LIGHT) / t / powers[0] - 1.0))
    logs = np.log(np.array(temperatures))
    order = np.polyfit(logs, np.log(np.abs(np.array(alphas) / terms[0] / temperatures - 1.0)), 1)
    expected = np.polyfit(logs, np.log(deviations), 1)
    study.compare(
        "power of T of α/Mott - 1", order[0], expected[0], 0.3, "quadrature; 2 for T → 0"
    )
    limit = np.pi**2 / 3.0
    squares = np.array(temperatures) ** 2
    fit = np.polynomial.polynomial.polyfit(squares, lorenzes, 2)
    exact = [lorenz(tau, t, LIGHT) for t in temperatures]
    ideal = np.polynomial.polynomial.polyfit(squares, exact, 2)
    # the parabola in T² carries 1e-3 at the lowest T to T = 0 about fivefold
    tolerance = abs(ideal[0] / limit - 1.0) + 8.0 * ONE_GRID
    study.compare("L for T → 0", fit[0] / limit, 1.0, tolerance, "Wiedemann, Franz")
    study.data["sommerfeld"] = (np.array(temperatures), np.array(alphas), np.array(lorenzes))


def check(study: Study) -> None:
    einstein(study)
    thermoelectric(study)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.6)
    left, right = page.subplots(1, 2)
    waves = [name for name in study.data if name.startswith("wave")]
    for colour, name in zip(style.CYCLE, waves, strict=False):
        (times, amplitude), rate = study.data[name]
        late = times >= 0.5 * times[-1]
        left.semilogy(times / TAU, amplitude, "o", color=colour, markerfacecolor="white",
                      label=rf"$q = 2\pi/{float(name.split()[1]):g}$")  # fmt: skip
        line = amplitude[-1] * np.exp(-rate * (times[late] - times[-1]))
        left.semilogy(times[late] / TAU, line, color=colour)
    left.set(xlabel=r"$t/\tau$", ylabel="amplitude of the wave")
    left.legend(title=r"lines: $e^{-\gamma t}$, solved")
    limit, first = np.pi**2 / 3.0, expanded(VARIED, 1)
    line = np.linspace(0.02, 0.125, 40)
    right.axhline(1.0, color=style.GREY, linewidth=0.6)
    mott = [moment(1, varied, t, LIGHT) / t / (first * t) for t in line]
    right.plot(line / MU, mott, color=style.BLUE, label=r"$\alpha$ over Mott")
    franz = [lorenz(varied, t, LIGHT) / limit for t in line]
    right.plot(line / MU, franz, "--", color=style.VERMILLION, label=r"$L/(\pi^2/3)$")
    if "sommerfeld" in study.data:
        temperatures, alphas, lorenzes = study.data["sommerfeld"]
        pairs = ((alphas / (first * temperatures), "o", style.BLUE),
                 (lorenzes / limit, "s", style.VERMILLION))  # fmt: skip
        for values, mark, colour in pairs:
            right.plot(temperatures / MU, values, mark, color=colour, markerfacecolor="white")
    right.set(xlabel=r"$T/\mu$", ylabel="over the limit of low T")
    right.legend(title="lines: quadrature")
    return page
