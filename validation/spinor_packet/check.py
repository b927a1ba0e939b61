"""A spinor wave packet in a generic texture: the Wigner matrix against the wave function.

    iħ ∂ₜψ = Ĥψ ,   ρ = |ψ|² ,   s = ψ†σψ ;      ρ = 2 ∫dk/2πħ n₀ ,   s = 2 ∫dk/2πħ n

Reference: Ĥ as a dense matrix on 256 points (plane waves for k, so that both k² and k are
exact), diagonalised; where the texture moves, the same equation by an adaptive Runge-Kutta
method of eighth order (Hairer, Nørsett, Wanner). It shares nothing with the program: no Wigner
function, no splitting, no grid in k.

Tolerance. Wave function and Wigner function are smooth and have vanished at the ends of both
grids (below 1e-13; the layers that absorb there are off), sums over k converge beyond all
orders: the error is that of the splitting alone. Its order must be 2, 4, 6 within .15: from h =
.4 (.2 for order 2) to half of it the next term is of relative size (h·1)²/2 at most, 1 being
the rate at which texture and motion turn the spin. The size at h = .2 in order 6 was c h⁶ =
3e-8/2⁶ by the step h = .4, so 1e-9; in full mode, at h = .1, 1e-11 and rounding of 60 steps,
1e-10. ∫Tr n̂² and the number of particles are kept to rounding, as every flow is unitary,
1e-12. The adaptive reference is good to 1e-10.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.validating import Study, orders

TITLE = "a spinor wave packet against the wave function"
SOURCE = "dense matrix exponential"
POINTS, LENGTH, WAVE = 256, 40.0, np.pi / 10
START, MOMENTUM, SIZE, SPIN = -2.0, 0.6, 1.2, np.array([0.6, 0.48, 0.64])


class Wave:
    """ψ(x) on a ring of POINTS points."""

    def __init__(self, hbar: float = 1.0, speed: float = 0.0) -> None:
        self.hbar, self.speed = hbar, speed
        self.x = (np.arange(POINTS) + 0.5) * LENGTH / POINTS - 0.5 * LENGTH
        k = hbar * 2 * np.pi * np.fft.fftfreq(POINTS, LENGTH / POINTS)
        self.kinetic = (0.1 * k**2, k, 0 * k, 0.5 + 0 * k)

    def texture(self, t: float) -> tuple[np.ndarray, ...]:
        phase = WAVE * self.x
        return (
            0.2 * np.cos(phase),
            0.3 * np.sin(phase - self.speed * t),
            0.4 * np.cos(phase + 0.5 - self.speed * t),
            0.2 * np.sin(2 * phase),
        )

    def packet(self) -> np.ndarray:
        """The initial wave function.  (2, x)"""
        polar, azimuth = np.arccos(SPIN[2]), np.arctan2(SPIN[1], SPIN[0])
        chi = [np.cos(polar / 2), np.exp(1j * azimuth) * np.sin(polar / 2)]
        shape = np.exp(-(((self.x - START) / SIZE) ** 2) / 4 + 1j * MOMENTUM * self.x / self.hbar)
        return np.outer(chi, shape / (2 * np.pi * SIZE**2) ** 0.25)

    def apply(self, wave: np.ndarray, t: float) -> np.ndarray:
        """Ĥψ.  (2, x)"""
        moved = np.fft.ifft(_times(self.kinetic, np.fft.fft(wave)))
        return moved + _times(self.texture(t), wave)

    def diagonalised(self, time: float) -> np.ndarray:
        """exp(-iĤt/ħ)ψ of a texture at rest, from all eigenvectors.  (2, x)"""
        unit = np.eye(2 * POINTS).reshape(-1, 2, POINTS)
        matrix = np.stack([self.apply(column, 0.0).ravel() for column in unit], axis=1)
        energies, vectors = np.linalg.eigh(matrix)
        shares = vectors.conj().T @ self.packet().ravel()
        turned = np.exp(-1j * energies * time / self.hbar) * shares
        return np.asarray(vectors @ turned).reshape(2, -1)

    def integrated(self, time: float) -> np.ndarray:
        """The same where the texture moves.  (2, x)"""
        from scipy.integrate import solve_ivp

        def slope(t: float, wave: np.ndarray) -> np.ndarray:
            return -1j * self.apply(wave.reshape(2, -1), t).ravel() / self.hbar

        begin = self.packet().ravel()
        solution = solve_ivp(slope, (0, time), begin, method="DOP853", rtol=1e-11, atol=1e-12)
        return np.asarray(solution.y[:, -1]).reshape(2, -1)

    def densities(self, wave: np.ndarray, x: np.ndarray) -> np.ndarray:
        """ρ and s at any x, by the trigonometric interpolation of ψ.  (4, x)"""
        modes = np.fft.fft(wave) / POINTS
        waves = 2 * np.pi * np.fft.fftfreq(POINTS, LENGTH / POINTS)
        up, down = modes @ np.exp(1j * np.outer(waves, x - self.x[0]))
        across = 2 * np.conj(up) * down
        rho, along = np.abs(up) ** 2 + np.abs(down) ** 2, np.abs(up) ** 2 - np.abs(down) ** 2
        return np.stack([rho, across.real, across.imag, along])

    def energy(self, wave: np.ndarray) -> float:
        value = np.vdot(wave, self.apply(wave, 0.0)).real * LENGTH / POINTS
        return float(value)


def _times(h: tuple[np.ndarray, ...], wave: np.ndarray) -> np.ndarray:
    """(h₀ + h·σ)ψ."""
    up, down = wave
    return np.stack(
        [
            (h[0] + h[3]) * up + (h[1] - 1j * h[2]) * down,
            (h[1] + 1j * h[2]) * up + (h[0] - h[3]) * down,
        ]
    )


def densities(run) -> np.ndarray:
    """ρ and s of the run.  (4, x)"""
    grid = run.system.grid
    sums = 2 * run.wigner()[0].sum(axis=-1) * grid.momentum[0].widths[0]
    return np.asarray(sums / (2 * np.pi * run.system.equation.hbar))


def purity(run) -> float:
    """∫dx dk/2πħ Tr n̂²."""
    grid = run.system.grid
    cell = grid.space[0].widths[0] * grid.momentum[0].widths[0]
    return float(2 * np.sum(run.wigner() ** 2) * cell / (2 * np.pi * run.system.equation.hbar))


def deviation(study: Study, wave: Wave, exact: np.ndarray, stepper: str, step: float):
    """The run at its end, and the largest deviations of ρ and s."""
    changes: dict[str, Any] = {
        "time.stepper": stepper,
        "time.step": step,
        "equation.hbar": wave.hbar,
        "hamiltonian.parameters": {"g": WAVE, "u": wave.speed},
    }
    if wave.hbar < 1.0:  # coherence between places y apart needs cells below πħ/y
        changes["grid.kx"] = {"lower": -3.0, "upper": 4.0, "cells": 128, "boundary": "open"}
    run = study.evolve("packet.toml", changes)
    x = run.system.grid.space[0].centres
    return run, np.abs(densities(run) - wave.densities(exact, x)).max(axis=1)


def check(study: Study) -> None:
    wave = Wave()
    exact = wave.diagonalised(6.0)
    steps = {"split2": (0.2, 0.1), "split4": (0.4, 0.2), "split6": (0.4, 0.2)}
    errors = {}
    for stepper, pair in steps.items():
        order = int(stepper[-1])
        if study.quick and order < 6:
            continue
        runs = [deviation(study, wave, exact, stepper, step) for step in pair]
        errors[stepper] = [float(apart.max()) for _, apart in runs]
        study.compare(f"order of {stepper}", orders(errors[stepper])[0], order, 0.15, SOURCE)
    run, apart = runs[-1]
    study.at_most("largest |ρ - |ψ|²|, t = 6, h = .2", apart[0], 1e-9, SOURCE)
    study.at_most("largest |s - ψ†σψ|, t = 6, h = .2", apart[1:].max(), 1e-9, SOURCE)
    study.compare("∫Tr n̂²", purity(run), 1.0, 1e-12, "a pure state")
    study.compare("number of particles", run.charge(), 1.0, 1e-12, "unitarity")
    x = run.system.grid.space[0].centres
    study.data.update(x=x, spin=densities(run), line=wave.x, exact=wave.densities(exact, wave.x))
    study.data.update(wigner=run.wigner()[0, 0], k=run.system.grid.momentum[0].centres)
    if study.quick:
        return
    _, apart = deviation(study, wave, exact, "split6", 0.1)
    study.at_most("largest deviation, h = .1", apart.max(), 1e-10, SOURCE)
    small = Wave(hbar=0.5)
    _, apart = deviation(study, small, small.diagonalised(6.0), "split6", 0.05)
    study.at_most("largest deviation, ħ = .5", apart.max(), 1e-9, SOURCE)
    moving = Wave(speed=0.4)
    _, apart = deviation(study, moving, moving.integrated(6.0), "split6", 0.1)
    study.at_most("largest deviation, moving texture", apart.max(), 1e-9, "Runge-Kutta, order 8")


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
    left.set(xlabel=r"$x$", ylabel=r"$k_x$", xlim=(-12, 12), ylim=(-3, 4))
    names = (r"$\rho$", r"$s_x$", r"$s_y$", r"$s_z$")
    for row, (name, colour) in enumerate(zip(names, style.CYCLE, strict=False)):
        right.plot(data["line"], data["exact"][row], color=colour, label=name)
        right.plot(
            data["x"][::2],
            data["spin"][row][::2],
            "o",
            color=colour,
            markerfacecolor="white",
        )
    right.set(xlabel=r"$x$", ylabel=r"density", xlim=(-12, 12))
    right.legend(title="lines: wave function")
    return page
