"""Zitterbewegung: frequency 2E/ħ and amplitude, of spinors and of filled bands.

    σ(t) = m (m·s) + [s - m (m·s)] cos ωt + m × s sin ωt ,   ω = 2E/ħ ,  m = d/E

is the spin at one k. Reference: E. Schrödinger, Sitzungsber. Preuß. Akad. Wiss. 24, 418 (1930);
for d = (k, 0, m) the velocity is σ_x.

1. Uniform: j(t) = ∫dk/2πħ W(k) σ_x(k,t), W a Gaussian.

2. A packet, ψ = Gaussian × χ: ⟨x⟩(t) = ∫dk w(k) ∫₀ᵗσ_x dt′, w = |ψ(k)|²: drift, and a tremor of
the amplitude ħ/2E that fades as the packets of both bands part (J. A. Lock, Am. J. Phys. 47,
797 (1979)).

3. A filled band in a force e belongs to n_⊥ = ħe/(2E) m × ∂_km, Eq. (20) of Wong and
Tserkovnyak. Without it (`preparation = "bare"`) n_⊥ less that turns about m with ω from the
start on: an amplitude of order ħ; with it an amplitude of order ħ².

Tolerances. 1: step control of the program, 1e-9 of the state; its sum over k is exact: 1e-8 of
j(0). 2: one exact flow, sums of smooth functions: rounding, 1e-12 × |x| = 20 and the tail of W
at k = 2.4 = 9.6 widths, nothing; 1e-10. 3: D(t) is compared with its rotation by ωt at fixed k,
where e moves k by et = .015 meanwhile and tilts m: the deviation is of order 2 in e, within .2,
as the next term is of relative size e t ∂_kω t/2 = .03. Amplitudes in ħ, RMS over k and the
times 1 to 2 (more than a period): orders 1 and 2 within .15, next terms ħ e ∂_k/(2E) = .05.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic.study import advance, observe
from kinetic.validating import Study, orders

TITLE = "Zitterbewegung: frequency and amplitude"
SOURCE = "Schrödinger 1930"
HBAR, MASS = 0.5, 0.5


def spin_along_x(k: np.ndarray, spin: np.ndarray, t: np.ndarray) -> np.ndarray:
    """σ_x(k,t).  (t, k)"""
    energy = np.hypot(k, MASS)
    m = np.array([k, 0 * k, MASS + 0 * k]) / energy
    along = m[0] * (spin @ m)
    across = m[1] * spin[2] - m[2] * spin[1]
    angle = 2 * energy * np.asarray(t)[:, None] / HBAR
    return along + (spin[0] - along) * np.cos(angle) + across * np.sin(angle)


def path(k: np.ndarray, spin: np.ndarray, t: np.ndarray) -> np.ndarray:
    """∫₀ᵗσ_x dt′.  (t, k)"""
    energy = np.hypot(k, MASS)
    m = np.array([k, 0 * k, MASS + 0 * k]) / energy
    along = m[0] * (spin @ m)
    across = m[1] * spin[2] - m[2] * spin[1]
    rate = 2 * energy / HBAR
    time = np.asarray(t)[:, None]
    tremor = (spin[0] - along) * np.sin(rate * time) + across * (1 - np.cos(rate * time))
    return along * time + tremor / rate


def uniform(study: Study) -> None:
    times = np.linspace(0.0, 20.0, 41)
    run = study.evolution("line.toml")
    found = [observe(advance(run, float(t)), "current")["current"][0] for t in times]
    k, spin = np.linspace(-2.0, 2.0, 4001), np.array([0.6, 0.8, 0.0])
    packet = np.exp(-0.5 * ((k - 0.3) / 0.2) ** 2) / (2 * np.pi * HBAR)
    exact = np.trapezoid(packet * spin_along_x(k, spin, times), k, axis=1)
    apart = float(np.abs(np.array(found) - exact).max())
    study.at_most("current of a uniform spinor, t ≤ 20", apart, 1e-8 * exact[0], SOURCE)
    fine = np.linspace(0.0, 20.0, 801)
    line = np.trapezoid(packet * spin_along_x(k, spin, fine), k, axis=1)
    study.data.update(times=times, current=np.array(found), fine=fine, line=line)


def centre(study: Study) -> None:
    times = np.linspace(0.0, 12.0, 25)
    run = study.evolution("packet.toml")
    x = run.system.grid.space[0].centres
    found = []
    for t in times:
        density = advance(run, float(t)).wigner()[0, 0].sum(axis=1)
        found.append(float(density @ x / density.sum()))
    width = 0.5 * HBAR / 1.0
    k = np.linspace(-8 * width, 8 * width, 4001)
    weight = np.exp(-0.5 * (k / width) ** 2) / (np.sqrt(2 * np.pi) * width)
    exact = np.trapezoid(weight * path(k, np.array([0.0, 1.0, 0.0]), times), k, axis=1)
    apart = float(np.abs(np.array(found) - exact).max())
    study.at_most("centre of a packet, t ≤ 12", apart, 1e-10, SOURCE)
    fine = np.linspace(0.0, 12.0, 601)
    line = np.trapezoid(weight * path(k, np.array([0.0, 1.0, 0.0]), fine), k, axis=1)
    study.data.update(moments=times, centre=np.array(found), fine2=fine, line2=line)


def tremor(study: Study, changes: dict[str, Any], times: Sequence[float]) -> np.ndarray:
    """N_⊥ less that of the force, of the run and by closed form if bare.  (2, t, 3, k)"""
    run = study.evolution("chain.toml", {**changes, "time.stop": times[-1]})
    k, hbar = run.system.grid.momentum[0].centres, run.hbar
    force = float(run.fields.drive_at({}, 0.0)[0])
    d = np.array([np.sin(k), 0.4 * np.cos(k), 1.2 - np.cos(k)])
    slope = np.array([np.cos(k), -0.4 * np.sin(k), np.sin(k)])
    energy = np.sqrt(np.sum(d**2, axis=0))
    own = 0.5 * hbar * force * np.cross(d, slope, axis=0) / energy**3
    pairs = []
    for time in times:
        advance(run, float(time))
        angle = 2 * energy * time / hbar
        turned = np.cos(angle) * own + np.sin(angle) * np.cross(d / energy, own, axis=0)
        pairs.append((run.coherence()[0] - own, -turned))
    return np.swapaxes(pairs, 0, 1)


def filled(study: Study) -> None:
    errors = []
    for force in (0.01, 0.005):
        found, exact = tremor(study, {"fields.E": [force, 0.0, 0.0]}, (3.0,))
        errors.append(float(np.abs(found - exact).max()))
    largest = float(np.abs(exact).max())
    study.compare("order in e of the tremor's error", orders(errors)[0], 2.0, 0.2, SOURCE)
    study.report("error of the tremor, e = .005", errors[-1], largest, "beside the tremor")
    values = (0.1, 0.05, 0.025)
    amplitudes: dict[str, list[float]] = {"bare": [], "coherent": []}
    for preparation, sizes in amplitudes.items():
        for hbar in values:
            changes = {"equation.hbar": hbar, "equation.preparation": preparation}
            found, _ = tremor(study, changes, np.linspace(1.0, 2.0, 11).tolist())
            sizes.append(float(np.sqrt(np.mean(found**2))))
    for (preparation, sizes), order in zip(amplitudes.items(), (1.0, 2.0), strict=True):
        name = f"order in ħ of the tremor, {preparation}"
        study.compare(name, orders(sizes)[-1], order, 0.15, "coherence (20)")
    study.data.update(hbar=np.array(values), **amplitudes)


def check(study: Study) -> None:
    uniform(study)
    centre(study)
    filled(study)


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    page = style.canvas(2 * style.COLUMN, 2.3)
    left, middle, right = page.subplots(1, 3)
    for axis, line, marks, label in (
        (left, ("fine", "line"), ("times", "current"), r"$j$ of a uniform spinor"),
        (middle, ("fine2", "line2"), ("moments", "centre"), r"$\langle x\rangle$ of a packet"),
    ):
        axis.plot(data[line[0]], data[line[1]], color=style.BLUE)
        axis.plot(
            data[marks[0]],
            data[marks[1]],
            "o",
            color=style.BLUE,
            markerfacecolor="white",
        )
        axis.set(xlabel=r"$t$", ylabel=label, xlim=(0, data[line[0]][-1]))
    for colour, (name, power) in zip(style.CYCLE, (("bare", 1), ("coherent", 2)), strict=False):
        right.loglog(data["hbar"], data[name], "o-", color=colour, label=name)
        line = 0.6 * data[name][-1] * (data["hbar"] / data["hbar"][-1]) ** power
        right.loglog(data["hbar"], line, ":", color=style.GREY)
    right.set_xticks(data["hbar"], [f"{value:g}" for value in data["hbar"]])
    right.set_xticks([], minor=True)
    right.set(xlabel=r"$\hbar$", ylabel="tremor of a filled band")
    right.legend()
    return page
