"""Hot carriers cool as the two-temperature model has it.

    dU/dt = -P(T_e, T) at constant N ,
    P = 2πM Σ ∫∫ D(ε)D(ε+ω) o ω [f(ε) - f(ε+ω)] [n(ω/T_e) - n(ω/T)] × δ(ω - Ω) or ⟨q o δ(ω - cq)⟩

for electrons that keep a Fermi function among themselves: the golden rule on the cone
ε = ±(k² + m²)^½, D = |ε|/2π, o = ½[1 + (m² + kk'cos θ)/εε'], by quadrature, without a cutoff.

Reference: R. Bistritzer, A. H. MacDonald, Phys. Rev. Lett. 102, 206410 (2009); J. K. Viljas,
T. T. Heikkilä, Phys. Rev. B 81, 245404 (2010), Eqs. (8)-(14).

Tolerances.  (a) Levels h apart, about the step of the energy from cell to cell, are of second
order: their factor takes the power of electrons at 2T off the blur, what is left of it at other
temperatures is a fraction of the variance h²/6 of a level, (h/T)²/50 of the power for T_e between
T and 3T.  An error p of the power is one of p/e of the cooling at most (s exp(-s) at s = 1) in
T_e.  (b) Electrons are a Fermi function but for τ times their scattering rate by phonons, 0.5 ×
0.05 at most, of which what cools is a fraction.  (c) Steps of 8 in a decay of about 100: 1e-3.
Together (h/T)²/50e + 1e-2 of T_e(0) - T.  The order of the power, or of T_e at the end where that
changes sign on the way, is above 1.5.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from kinetic.initial import fermi
from kinetic.validating import Study, advance, observe, orders

TITLE = "Hot carriers against the two-temperature model"
SOURCE = "two-temperature model, golden rule"
MASS, MU, HOT, COLD = 0.1, 0.4, 0.12, 0.05
LARGEST = 4.0  # energy

_NODES, _SHARES = np.polynomial.legendre.leggauss(60)


def panels(*ends: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss-Legendre panels between ends."""
    edges = np.unique(np.concatenate([np.linspace(a, b, 9) for a, b in pairwise(ends)]))
    half = 0.5 * np.diff(edges)
    middle = 0.5 * (edges[1:] + edges[:-1])
    return (middle[:, None] + half[:, None] * _NODES).ravel(), (half[:, None] * _SHARES).ravel()


def bose(x: np.ndarray, temperature: float) -> np.ndarray:
    return 1.0 / np.expm1(x / temperature)


def contents(mu: float, temperature: float) -> tuple[float, float]:
    """N and U above the filled lower band."""
    e, w = panels(MASS, LARGEST)
    density = w * e / (2.0 * np.pi)
    above, holes = fermi(e, mu, temperature), fermi(e, -mu, temperature)
    return float(np.sum(density * (above - holes))), float(np.sum(density * e * (above + holes)))


def optical(mu: float, hot: float, quantum: float, coupling: float) -> float:
    """P of quanta Ω."""
    inner = [-LARGEST, -quantum - MASS, MASS - quantum, -MASS, MASS, LARGEST]
    e, w = panels(*sorted(inner))
    to = e + quantum
    real = (np.abs(e) > MASS) & (np.abs(to) > MASS)
    pairs = np.abs(e * to) / (2.0 * np.pi) ** 2 * 0.5 * (1.0 + MASS**2 / (e * to))
    flow = fermi(e, mu, hot) - fermi(to, mu, hot)
    thermal = float(bose(quantum, hot) - bose(quantum, COLD))
    return 2.0 * np.pi * coupling * quantum * thermal * float(np.sum(w * real * pairs * flow))


def acoustic(mu: float, hot: float, sound: float, coupling: float) -> float:
    """P of quanta cq inside each band; ω(ε, θ) from ε(k') = ε + cq."""
    k, w = panels(0.0, LARGEST)
    theta, turn = panels(0.0, np.pi)
    cosine, turn = np.cos(theta)[None], turn / np.pi
    total = 0.0
    for sign in (1.0, -1.0):
        e = (sign * np.sqrt(k**2 + MASS**2))[:, None]
        omega = np.zeros((len(k), len(theta)))
        for _ in range(60):
            to = e + omega
            other = np.sqrt(np.maximum(to**2 - MASS**2, 1e-30))
            q = np.sqrt(
                np.maximum(k[:, None] ** 2 + other**2 - 2.0 * k[:, None] * other * cosine, 1e-30)
            )
            omega = sound * q
        real = sign * to > MASS
        bend = 1.0 - sound * (other - k[:, None] * cosine) / q * to / other
        overlap = 0.5 * (1.0 + (MASS**2 + k[:, None] * other * cosine) / (e * to))
        pairs = k[:, None] * np.abs(to) / (2.0 * np.pi) ** 2 * q * overlap / np.abs(bend)
        flow = fermi(e, mu, hot) - fermi(to, mu, hot)
        thermal = bose(omega, hot) - bose(omega, COLD)
        lost = np.where(real, pairs * omega * flow * thermal, 0.0)
        total += float(np.einsum("i,j,ij", w, turn, lost))
    return 2.0 * np.pi * coupling * total


def model(power, times: np.ndarray) -> np.ndarray:
    """T_e(t) of the two-temperature model."""
    number = contents(MU, HOT)[0]
    ladder = np.linspace(HOT, COLD + 0.002, 40)
    mu = [brentq(lambda x, T=T: contents(x, T)[0] - number, 0.0, 1.0, xtol=1e-13) for T in ladder]
    energy = CubicSpline(
        ladder[::-1], [contents(m, T)[1] for m, T in zip(mu, ladder, strict=True)][::-1]
    )
    speed = [energy(T, 1) / power(m, T) for m, T in zip(mu, ladder, strict=True)]
    passed = CubicSpline(ladder[::-1], speed[::-1]).antiderivative()
    clock = passed(HOT) - passed(ladder)
    return CubicSpline(clock, ladder)(times)


def cooling(study: Study, file: str, cells: int, times: np.ndarray) -> tuple[float, np.ndarray]:
    """Power at the start and T_e(t)."""
    axes = {f"grid.{axis}": [-1.8, 1.8, cells] for axis in ("kx", "ky")}
    run = study.evolution(file, axes)
    power = float(observe(run, "phonon_power")["phonon_power"])
    found = []
    for time in times:
        advance(run, float(time))
        found.append(float(observe(run, "temperature")["electron_temperature"]))
    return power, np.array(found)


def check(study: Study) -> None:
    cases = {
        "optical": lambda mu, T: optical(mu, T, 0.2, 0.05),
        "acoustic": lambda mu, T: acoustic(mu, T, 0.1, 0.2),
    }
    for name, power in cases.items():
        if study.quick and name == "acoustic":
            continue
        start, grids = power(MU, HOT), (40, 60) if study.quick else (40, 60, 90)
        times = np.arange(0.0, 161.0, 80.0) if study.quick else np.arange(0.0, 241.0, 16.0)
        exact, powers, apart = model(power, times), [], []
        for cells in grids:
            whole = cells == 40 or (cells == 60 and not study.quick)
            heat, found = cooling(study, f"{name}.toml", cells, times if whole else times[:1])
            powers.append(heat / start - 1.0)
            blur = (3.6 / cells / COLD) ** 2 / 50.0
            label = f"{name}, {cells}²"
            study.compare(f"P at the start, {label}", heat, start, blur, SOURCE, relative=True)
            if not whole:
                continue
            apart.append(float(found[-1] - exact[-1]))
            worst = found[int(np.argmax(np.abs(found - exact)))]
            study.compare(
                f"T_e farthest from the model, {label}",
                worst,
                exact[int(np.argmax(np.abs(found - exact)))],
                (blur / np.e + 0.01) * (HOT - COLD),
                SOURCE,
            )
            study.data[name] = (times, found, exact)
        if name == "optical":
            study.at_least("order of the power", orders(powers, 1.5).min(), 1.5, "scheme")
        else:
            study.at_least("order of T_e, acoustic", orders(apart, 1.5)[0], 1.5, "scheme")


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(1.3 * style.COLUMN, 2.6)
    axes = page.subplots()
    for name, colour in (("optical", style.BLUE), ("acoustic", style.VERMILLION)):
        if name not in study.data:
            continue
        times, found, exact = study.data[name]
        line = np.linspace(0.0, times[-1], 200)
        axes.plot(line, CubicSpline(times, exact)(line), color=colour, label=f"{name}, model")
        axes.plot(
            times, found, "o", color=colour, markerfacecolor="white", label=f"{name}, evolved"
        )
    axes.axhline(COLD, color=style.GREY, linewidth=0.8, linestyle="--")
    axes.text(2.0, COLD + 0.001, "phonons", color=style.GREY)
    axes.set(xlabel=r"time $t$", ylabel=r"$k_BT$ of the electrons", ylim=(0.045, 0.125))
    axes.legend(loc="upper right")
    return page
