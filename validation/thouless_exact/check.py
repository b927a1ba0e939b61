"""A Thouless pump by exact dynamics: quantised, thermal, and what speed costs.

    Q = ∫ j dt ,   j = ∫dk/2π Tr[∂_kH n̂] ,   adiabatic: Q = ∫dk/2π ∮ (f_- - f_+) F_kt dt = 1

Rice-Mele chain, d = (J + δ + (J - δ)cos k, (J - δ) sin k, Δ), J = 1, δ + iΔ = ½e^{iφ}, one turn
of φ. D. J. Thouless, Phys. Rev. B 27, 6083 (1983). Thermal, collisionless: f(k) of the start, Q
= ∫dk/2π tanh(E(k)/2T) ∮ F dφ: T = .1, .3, .5, 1: .999952, .950345, .807826, .515998.

Reference at any speed: the Bloch equations ∂ₜs = 2d × s of every k with Q by their side,
integrated by scipy (order 8, adaptive), which share nothing with the program's exponentials.

Laws of the speed. A smooth start and stop, φ = π(1 + tanh(t/τ)): transitions, and with them Q -
1, are exponentially small in τ (A. M. Dykhne, Sov. Phys. JETP 14, 941 (1962)). A sudden start
of φ = 2πt/T from n̂ without coherence leaves an excitation of amplitude ~1/T, which trembles at
2E(k) and fades as the stationary phases of the k sum do, T^{-1/2}: |Q - 1| ~ T^{-3/2}. Started
with the coherence of first order the tremor is of amplitude 1/T² and fades too; what is left, Q
- 1 = c/T², is the second-order current of the moving state itself. So it is with a smooth start
where f(k) is not constant: Q - Q_∞ ~ 1/τ², as only the sum over a filled band is a winding
number.

Tolerances. Program and scipy: 1e-9 (step control of the program) × the time 200 over which a
deviation of n̂ may add to Q, and 1e-11 relative of scipy: 2e-7; quadrature of j by 8 Gauss
points per time 1.5, on which 4E_max/2 = 3 rad pass: 1e-10. Thermal values: extrapolated from τ
= 40 and 60 in 1/τ²; the next even power is a tenth of (Q - Q_∞) = 8e-6 at τ = 40, of which 5e-7
stays, transitions leave 2e-7, digits of the table 5e-7: 2e-6. Law c/T² (coherent): of order 2
within .02 from T = 160 on, the tremor left being (2π/T)³ T^{-1/2}/4 = 3e-6 × 0.3 beside 3.4e-5.
Law T^{-3/2} (bare): excitation (2π/T)|∂_φm|/2E ≤ (2π/T)/2, shift of its charge v/2E < 1, share
of the stationary phases √(2π/2|E″|T)/2π: below .9 T^{-3/2}. The sum over k must resolve the
phases 2E(k)T for that: 1024 cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from kinetic.study import advance
from kinetic.validating import Study, orders

TITLE = "Thouless pump by exact dynamics: adiabatic, thermal, fast"
SOURCE = "Thouless 1983"
THERMAL = {0.1: 0.999952, 0.3: 0.950345, 0.5: 0.807826, 1.0: 0.515998}


# --- the reference --------------------------------------------------------------------------


def vector(k: np.ndarray, phase: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """D, ∂_k d and ∂_φ d of the chain.  (3, k) each"""
    delta, staggering = 0.5 * np.cos(phase), 0.5 * np.sin(phase)
    hop = 1 - delta
    d = np.array([1 + delta + hop * np.cos(k), hop * np.sin(k), staggering + 0 * k])
    along = np.array([-hop * np.sin(k), hop * np.cos(k), 0 * k])
    turned = np.array([staggering * (np.cos(k) - 1), staggering * np.sin(k), delta + 0 * k])
    return d, along, turned


def bloch(
    phase: Callable[[float], float], span: tuple[float, float], cells: int, speed: float = 0.0
) -> float:
    """Q from the Bloch equations; `speed` = ∂ₜφ at the start if coherence is prepared."""
    k = (np.arange(cells) + 0.5) * 2 * np.pi / cells - np.pi
    d, _, turned = vector(k, phase(span[0]))
    energy = np.sqrt(np.sum(d**2, axis=0))
    spin = -d / energy + 0.5 * speed * np.cross(d, turned, axis=0) / energy**3

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        spin = y[:-1].reshape(3, -1)
        d, along, _ = vector(k, phase(t))
        current = np.sum(along * spin) / cells
        return np.append(2 * np.cross(d, spin, axis=0).ravel(), current)

    begin = np.append(spin.ravel(), 0.0)
    solution = solve_ivp(slope, span, begin, method="DOP853", rtol=1e-10, atol=1e-12)
    return float(solution.y[-1, -1])


# --- the program ----------------------------------------------------------------------------


def pumped(study: Study, changes: dict[str, Any], panel: float = 1.5) -> dict[str, Any]:
    """∫ j dt and its parts over the run, by Gauss points on equal panels."""
    from kinetic.assembly import load
    from kinetic.observables.base import Observable
    from kinetic.registry import construct, find

    run = study.evolution("cycle.toml", changes)
    load("observables")
    current = construct(find(Observable, "current", "observables"), {}, "current").build(run)
    count = int(np.ceil((run.stop - run.start) / panel))
    edges = np.linspace(run.start, run.stop, count + 1)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)[:, None]
    times = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes).ravel()
    factors = (half * weights).ravel()
    found: dict[str, list[float]] = {"current": [], "current_interband": []}
    for t in times:
        advance(run, float(t))
        values = current.measure()
        for name, series in found.items():
            series.append(float(values[name][0]))
    advance(run, run.stop)
    result: dict[str, Any] = {name: float(factors @ series) for name, series in found.items()}
    return {**result, "times": times, "j": np.array(found["current"])}


def smooth(tau: float) -> dict[str, Any]:
    """Changes of the run file: the cycle with a smooth start."""
    angle = f"pi*(1 + tanh(t/{tau!r}))"
    return {
        "hamiltonian.delta": f"0.5*cos({angle})",
        "hamiltonian.staggering": f"0.5*sin({angle})",
        "time.start": -9 * tau,
        "time.stop": 9 * tau,
    }


def sudden(period: float, preparation: str, cells: int) -> dict[str, Any]:
    """Changes of the run file: the cycle at constant speed."""
    angle = f"2*pi*t/{period!r}"
    return {
        "grid.kx": [-np.pi, np.pi, cells],
        "hamiltonian.delta": f"0.5*cos({angle})",
        "hamiltonian.staggering": f"0.5*sin({angle})",
        "equation.preparation": preparation,
        "time.start": 0.0,
        "time.stop": period,
    }


def check(study: Study) -> None:
    deviations = {}
    for tau in (12.0,) if study.quick else (8.0, 12.0, 16.0, 24.0):
        found = pumped(study, smooth(tau))
        phase = lambda t, tau=tau: np.pi * (1 + np.tanh(t / tau))  # noqa: E731
        exact = bloch(phase, (-9 * tau, 9 * tau), 64)
        study.compare(f"Q, smooth start, τ = {tau:g}", found["current"], exact, 2e-7, "scipy")
        deviations[tau] = abs(found["current"] - 1)
        study.data[f"j {tau:g}"] = (found["times"] / tau, found["j"] * tau)
    part = found["current_interband"] / found["current"]
    study.report(
        "share of the interband current", part, source="the rest moves excited particles"
    )
    costs: dict[str, dict[float, float]] = {"bare": {}, "coherent": {}}
    for period in (40.0,) if study.quick else (40.0, 80.0, 120.0, 160.0, 320.0):
        cells = 256 if period == 40.0 else 1024
        for preparation in costs:
            found = pumped(study, sudden(period, preparation, cells))
            costs[preparation][period] = abs(found["current"] - 1)
            if period > 120.0:
                continue
            speed = 2 * np.pi / period if preparation == "coherent" else 0.0
            phase = lambda t, period=period: 2 * np.pi * t / period  # noqa: E731
            exact = bloch(phase, (0.0, period), cells, speed)
            name = f"Q, sudden start, {preparation}, T = {period:g}"
            study.compare(name, found["current"], exact, 2e-7, "scipy")
    study.data.update(smooth=deviations, **costs)
    if study.quick:
        return
    for temperature in (0.3, 1.0):
        slow = [
            pumped(study, {**smooth(tau), "initial.temperature": temperature}, 3.0)["current"]
            for tau in (40.0, 60.0)
        ]
        limit = slow[1] + (slow[1] - slow[0]) / ((60 / 40) ** 2 - 1)
        study.compare(
            f"Q, τ → ∞, T = {temperature:g}", limit, THERMAL[temperature], 2e-6, "frozen f(k)"
        )
        study.report(f"(Q - Q_∞) τ², T = {temperature:g}", (slow[1] - limit) * 3600)
    late = [costs["coherent"][period] for period in (160.0, 320.0)]
    study.compare("order of Q - 1 in 1/T, coherent", orders(late)[0], 2.0, 0.02, "second order")
    study.report("(Q - 1) T², coherent", late[1] * 320.0**2)
    bounds = [value * period**1.5 for period, value in costs["bare"].items() if period > 100]
    study.at_most("largest |Q - 1| T^{3/2}, bare", max(bounds), 0.9, "stationary phase")
    rate = np.log(deviations[16.0] / deviations[24.0]) / 8
    study.report("rate of decay of Q - 1 with τ", rate, source="exponential")


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2)
    for colour, name in zip(
        style.CYCLE, [key for key in data if key.startswith("j ")], strict=False
    ):
        times, current = data[name]
        left.plot(times, current, color=colour, label=rf"$\tau = {name[2:]}$")
    left.set(xlabel=r"$t/\tau$", ylabel=r"$\tau j$", xlim=(-3, 3))
    left.legend()
    marks = (("smooth", "o-", r"smooth, $T = 2\pi\tau$"), ("bare", "s-", "sudden, bare"))
    for colour, (name, mark, words) in zip(
        style.CYCLE, (*marks, ("coherent", "^-", "sudden, coherent")), strict=False
    ):
        scale = 2 * np.pi if name == "smooth" else 1.0
        periods = scale * np.array(list(data[name]))
        right.loglog(periods, list(data[name].values()), mark, color=colour, label=words)
    line = np.array([80.0, 320.0])
    right.loglog(line, 0.3 / line**2, ":", color=style.GREY)
    right.text(100, 9e-6, r"$T^{-2}$", color=style.GREY)
    right.set(xlabel=r"duration $T$", ylabel=r"$|Q - 1|$")
    right.legend()
    return page
