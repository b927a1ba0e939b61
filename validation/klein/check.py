"""Klein tunnelling: a Dirac packet at a potential step, against the closed form.

    T = sinh(πwp) sinh(πwp′) / {sinh[½πw(V + p - p′)] sinh[½πw(V - p + p′)]}      ħ = v = 1

for φ = ½V(1 + tanh(x/w)), H = k_x σ_x + k_y σ_y, p² = E² - k_y², p′² = (E - V)² - k_y², V - E >
|k_y|. Reference: A. I. Nikishov, Nucl. Phys. B 21, 346 (1970); as w → 0 the sharp step of O.
Klein, Z. Phys. 53, 157 (1929), 4pp′/[V² - (p - p′)²]; as w → ∞ exp(-πk_y²/F), F = V/2w: V. V.
Cheianov and V. I. Fal'ko, Phys. Rev. B 74, 041403 (2006). No transmission where |E - V| <
|k_y|; the packet does not reach energies above that.

The packet has one spin for all its momenta. Its share of the lower band, 5e-4, runs away from
the step; the share of the upper band at k is ½(1 + s·m(k)). So the number behind the step in
the end is ∫dk |g(k)|² ½(1 + s·m) T(k), with |g|² the Gaussian of width 1/2w₀ around 1.2.

Tolerance, 2e-5. Inside the step momentum q appears with the amplitude e^{-πwq/2}; what exceeds
the grid, |k| > 3.5 or 2.2 beyond the packet's 1.3, comes back on its other side,
(e^{-π·2.2/2})² = 1e-3 of the wave, for the time of the crossing alone and at once carried on by
the step: 1e-6 of it is seen to count. Splitting of order 4: (h F)⁴/1000 = (.5 × 1.3)⁴/1000 =
2e-4 in the amplitude of other momenta, which do not interfere: 4e-8. The slow tail of the
packet, k < .35, five widths off, holds 1e-6, as does what is still in the step in the end.
Together 3e-6; full mode shows the same with more momenta, sites and steps. The number of
particles is kept to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.validating import Study

TITLE = "Klein tunnelling of a Dirac packet through a smooth step"
SOURCE = "Nikishov 1970"
HEIGHT, SLOPE, ACROSS, MOMENTUM, SIZE = 2.6, 1.0, 0.4, 1.2, 3.0


def transmission(energy: np.ndarray, across: float, width: float = SLOPE) -> np.ndarray:
    """T(E, k_y) of the step in the Klein zone; 0 beyond it, where no packet here reaches."""
    before = np.sqrt(energy**2 - across**2)
    inside = energy < HEIGHT - across
    behind = np.sqrt(np.where(inside, (energy - HEIGHT) ** 2 - across**2, 0.0))
    shares = np.sinh(np.pi * width * before) * np.sinh(np.pi * width * behind)
    apart = np.where(inside, before - behind, 0.0)
    return shares / (
        np.sinh(0.5 * np.pi * width * (HEIGHT + apart))
        * np.sinh(0.5 * np.pi * width * (HEIGHT - apart))
    )


def integrated(energy: float, across: float, width: float = SLOPE) -> float:
    """T by integration of the stationary equation through the step."""
    from scipy.integrate import solve_ivp

    def slope(x: float, wave: np.ndarray) -> np.ndarray:
        rest = energy - 0.5 * HEIGHT * (1 + np.tanh(x / width))
        # k_x ψ = σ_x (E - φ - k_y σ_y) ψ in the basis where σ_y is diagonal
        return 1j * np.array([(rest + across) * wave[1], (rest - across) * wave[0]])

    def momentum(rest: float) -> float:
        return float(np.sign(rest) * np.sqrt(rest**2 - across**2))

    def wave(k: float, rest: float) -> np.ndarray:
        return np.array([k, rest - across], dtype=complex)

    def flux(wave: np.ndarray) -> float:
        return float(2 * np.real(np.conj(wave[0]) * wave[1]))

    end = 16 * width
    behind = wave(momentum(energy - HEIGHT), energy - HEIGHT)
    front = solve_ivp(slope, (end, -end), behind, method="DOP853", rtol=1e-11, atol=1e-13).y[
        :, -1
    ]
    k = momentum(energy)
    there, back = wave(k, energy), wave(-k, energy)
    share = np.linalg.solve(np.stack([there, back], axis=1), front)[0]
    return flux(behind) / (flux(there) * abs(share) ** 2)


def expected(across: float) -> tuple[float, float]:
    """Numbers behind the step, and in the lower band."""
    k = np.linspace(1e-9, MOMENTUM + 4.5 / SIZE, 10001)
    weight = np.exp(-2 * SIZE**2 * (k - MOMENTUM) ** 2) * SIZE * np.sqrt(2 / np.pi)
    energy = np.hypot(k, across)
    upper = 0.5 * (1 + (MOMENTUM * k + across**2) / (np.hypot(MOMENTUM, across) * energy))
    through = np.trapezoid(weight * upper * transmission(energy, across), k)
    return float(through), float(np.trapezoid(weight * (1 - upper), k))


def packet(study: Study, across: float, changes: dict[str, Any]) -> dict[str, Any]:
    """Numbers behind the step and in all at the end, and what the figure shows."""
    spin = np.array([MOMENTUM, across, 0.0]) / np.hypot(MOMENTUM, across)
    own = {"hamiltonian.parameters": {"across": across}, "initial.spin": spin.tolist()}
    run = study.evolve("step.toml", {**own, **changes})
    space, momentum = run.system.grid.space[0], run.system.grid.momentum[0]
    wigner = run.wigner()[0, 0]
    numbers = 2 * wigner.sum(axis=-1) * momentum.widths[0] * space.widths[0] / (2 * np.pi)
    behind = float(np.sum(numbers[space.centres > 0]))
    shown = {"x": space.centres, "k": momentum.centres, "wigner": wigner}
    return {"behind": behind, "all": float(np.sum(numbers)), **shown}


def check(study: Study) -> None:
    for energy, across in ((1.0, 0.4), (1.3, 0.7)):
        study.compare(
            f"T(E = {energy:g}, k_y = {across:g}), closed form",
            float(transmission(np.array(energy), across)),
            integrated(energy, across),
            1e-9,
            "stationary equation integrated",
        )
    measured = {}
    for across in (0.4,) if study.quick else (0.4, 0.0, 0.2, 0.6):
        through, lower = expected(across)
        end = packet(study, across, {})
        name = f"k_y = {across:g}"
        study.compare(f"number behind the step, {name}", end["behind"], through, 2e-5, SOURCE)
        study.compare(f"number in all, {name}", end["all"], 1.0, 1e-12, "unitarity")
        study.report(f"share of the lower band, {name}", lower, source="runs away from the step")
        measured[across] = end["behind"]
        if across == 0.4:
            study.data.update(end)
    study.data["measured"] = measured
    if not study.quick:
        finer = {
            "grid.x": {"lower": -56.0, "upper": 32.0, "cells": 240, "boundary": "open"},
            "grid.kx": {"lower": -4.0, "upper": 4.0, "cells": 192, "boundary": "open"},
            "time.step": 0.25,
        }
        end = packet(study, 0.4, finer)
        through, _ = expected(0.4)
        study.compare("number behind the step, finer grid", end["behind"], through, 2e-5, SOURCE)


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2)
    largest = float(np.abs(data["wigner"]).max())
    image = left.pcolormesh(
        data["x"],
        data["k"],
        data["wigner"].T,
        cmap="RdBu_r",
        vmin=-largest,
        vmax=largest,
        rasterized=True,
    )
    page.colorbar(image, ax=left, label=r"$\frac{1}{2}\mathrm{Tr}\,\hat n$")
    left.plot(data["x"], 0.5 * HEIGHT * (1 + np.tanh(data["x"])), ":", color=style.BLACK)
    left.set(xlabel=r"$x$", ylabel=r"$k_x$, $\phi$", xlim=(-30, 30), ylim=(-2.8, 2.8))
    line = np.linspace(0.0, 0.9, 31)
    right.plot(line, [expected(across)[0] for across in line], color=style.BLUE)
    right.plot(line, np.exp(-np.pi * line**2 / 1.3), ":", color=style.GREY)
    right.text(0.42, 0.72, r"$e^{-\pi k_y^2/F}$", color=style.GREY)
    for across, value in data["measured"].items():
        right.plot(across, value, "o", color=style.BLUE, markerfacecolor="white")
    right.set(xlabel=r"$k_y$", ylabel="transmission", ylim=(0, 1.05), xlim=(0, 0.9))
    return page
