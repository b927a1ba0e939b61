"""Landau levels inside the exact dynamics: a spinor on a Dirac cone, and f(Ĥ) of a lattice in b.

    H = (m, k_-; k_+, -m) ,  k_+ = √(2b) a ,  W_n = ±√(m² + 2nb) ,  doublets |n↑⟩, |n-1 ↓⟩

Reference: each part has its own.

1. A Gaussian of width √(b/2) in k is the coherent state |k₀/√(2b)⟩ of the oscillator. ⟨k_+⟩ and
⟨σ⟩ at any time are sums over the doublets (E. T. Jaynes and F. W. Cummings, Proc. IEEE 51, 89
(1963)): all frequencies W_{n+1} ± W_n occur.

2. f(Ĥ) in the program is a Chebyshev series. Beside it stands f of the dense Hofstadter matrix
(Phys. Rev. B 14, 2239 (1976)): b = 2π/N makes magnetic translations by N sites commute with all
others, so that Ĥ at given Bloch phases is a 2N × 2N matrix; its density and energy per site are
∫dk/(2π)² Tr f(Ĥ) and Tr Ĥ f(Ĥ). It does not move.

3. Its n_s against n_s = f(ε̄_s) + ¼F [f(ε̄_+) - f(ε̄_-)]: they differ by O(b²).

4. The closed-form symbols of |n⟩⟨n| by Laguerre polynomials (H. J. Groenewold, Physica 12, 405
(1946)) against displaced parity, 2 Tr[|n⟩⟨n| D(α)(-1)^{a†a}D†(α)] (A. Royer, Phys. Rev. A 15,
449 (1977)), with D(α) as the exponential of a dense matrix.

Tolerances. 1: the splitting in order 6 with h = .2: error c h⁶, its order is measured between
.4 and .2 (6 within .5: the next term is of relative size (h|k|)² = .2) and the error must be
below 1e-7 (64 times less than 3e-7 at .4); sums over k are exact. 2: rounding of some hundred
products of a series, 1e-12; the lattice sums of Bloch phases, 8 × 8, converge as e^{-πTN·8}.
Stationary: Ĥ commutes with f(Ĥ) but not with its parts, the error is the splitting's, h⁶ × 1e-3
= 1e-9 at h = .1. 3: order 2 within .3, the next term being of relative size b/(8 T²) = .1 and
more for three orders. 4: 1e-10, the matrix of 100 levels is cut where |α|² = 5 has weight
1e-60.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm
from scipy.special import eval_laguerre

from kinetic.validating import Study, orders

TITLE = "Landau levels in the exact dynamics, and f(Ĥ) of a lattice in b"
SOURCE = "Jaynes, Cummings 1963"
MASS, FIELD, LEVELS = 0.5, 0.1, 60
MOMENTUM, SPIN = (0.6, 0.2), np.array([0.48, 0.6, 0.64])


# --- a spinor on the cone -------------------------------------------------------------------


def doublets(times: np.ndarray) -> dict[str, np.ndarray]:
    """⟨k_+⟩ and ⟨σ⟩ from the Landau levels."""
    alpha = (MOMENTUM[0] + 1j * MOMENTUM[1]) / np.sqrt(2 * FIELD)
    n = np.arange(LEVELS)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, LEVELS)))])
    coherent = np.exp(-0.5 * abs(alpha) ** 2 - 0.5 * logs) * alpha**n
    polar, azimuth = np.arccos(SPIN[2]), np.arctan2(SPIN[1], SPIN[0])
    up = np.cos(polar / 2) * coherent
    down = np.exp(1j * azimuth) * np.sin(polar / 2) * coherent
    half, level = np.sqrt(2 * FIELD * n), np.sqrt(MASS**2 + 2 * FIELD * n)
    result: dict[str, list] = {"turning": [], "spin": []}
    for t in times:
        c, s = np.cos(level * t), -1j * np.sin(level * t) / level
        below = np.concatenate([[0.0], down[:-1]])  # of |n-1 ↓⟩, by n
        above = (c + s * MASS) * up + s * half * below
        below = s * half * up + (c - s * MASS) * below
        moved = np.append(below[1:], 0.0)
        ladder = np.sqrt(n[1:])
        turning = np.vdot(above[:-1], ladder * above[1:]) + np.vdot(
            moved[:-1], ladder * moved[1:]
        )
        across = 2 * np.vdot(above, moved)
        along = np.vdot(above, above) - np.vdot(moved, moved)
        result["turning"].append(np.sqrt(2 * FIELD) * turning)
        result["spin"].append([across.real, across.imag, along.real])
    return {name: np.array(values) for name, values in result.items()}


def measured(run) -> tuple[complex, np.ndarray]:
    """⟨k_+⟩ and ⟨σ⟩ of the run; the cell holds 1/2πb states."""
    n = run.wigner()[0]
    kx, ky = (axis.centres for axis in run.system.grid.momentum)
    cell = float(np.mean(run.volumes)) / (2 * np.pi * FIELD)
    turning = 2 * cell * np.sum(n[0] * (kx[:, None] + 1j * ky[None, :]))
    return complex(turning), 2 * cell * n[1:].sum(axis=(1, 2))


def spinor(study: Study, step: float, times: np.ndarray) -> dict[str, np.ndarray]:
    from kinetic.study import advance

    run = study.evolution("cone.toml", {"time.step": step})
    result: dict[str, list] = {"turning": [], "spin": []}
    for t in times:
        turning, spin = measured(advance(run, float(t)))
        result["turning"].append(turning)
        result["spin"].append(spin)
    return {name: np.array(values) for name, values in result.items()}


def on_the_cone(study: Study) -> None:
    end = 20.0 if study.quick else 40.0
    times = np.linspace(0.0, end, 11 if study.quick else 101)
    exact = doublets(times)
    errors = {}
    for step in (0.4, 0.2):
        found = spinor(study, step, times)
        errors[step] = max(float(np.abs(found[name] - exact[name]).max()) for name in exact)
    study.compare("order in the step", orders(list(errors.values()))[0], 6.0, 0.5, "split6")
    study.at_most("largest deviation of ⟨k_+⟩, ⟨σ⟩", errors[0.2], 1e-7, SOURCE)
    line = np.linspace(0.0, end, 801)
    study.data.update(times=times, found=found, line=line, exact=doublets(line))


# --- thermal states of a lattice ------------------------------------------------------------


def hofstadter(sites: int, mass: float, mu: float, temperature: float) -> tuple[float, float]:
    """Density and energy per site of f(Ĥ), d = (sin k_x, sin k_y, M - cos k_x - cos k_y).

    k_y is a phase and k_x a shift of it by b: e^{ik_x}e^{ik_y} = e^{-ib}e^{ik_y}e^{ik_x}.
    """
    b, phases = 2 * np.pi / sites, 2 * np.pi * np.arange(8) / 8
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    density = energy = 0.0
    for one in phases:
        for other in phases / sites:
            ky = b * np.arange(sites) + other
            shift = np.roll(np.eye(sites), 1, axis=0) * np.exp(1j * one / sites)
            turn = np.diag(np.exp(1j * ky))
            sines = [(x - x.conj().T) / 2j for x in (shift, turn)]
            cosines = [(x + x.conj().T) / 2 for x in (shift, turn)]
            vector = [*sines, mass * np.eye(sites) - cosines[0] - cosines[1]]
            matrix = sum(np.kron(part, sigma) for part, sigma in zip(vector, pauli, strict=True))
            levels = np.linalg.eigvalsh(matrix)
            f = 0.5 * (1 - np.tanh(0.5 * (levels - mu) / temperature))
            density += float(f.sum()) / (sites * phases.size**2)
            energy += float((f * levels).sum()) / (sites * phases.size**2)
    return density, energy


def thermal_sums(run) -> tuple[float, float]:
    """Density and energy per site of the run.  ⟨Ĥ⟩ = ∫dk/(2π)² Tr H(k) n̂(k), exactly."""
    n, block = run.wigner()[0], next(run.blocks())
    scalar, vector = run.hamiltonian(block)
    energy = 2 * np.mean(scalar * n[0] + np.sum(vector * n[1:], axis=0))
    return float(2 * np.mean(n[0])), float(energy)


def on_the_lattice(study: Study) -> None:
    mu, temperature = 0.7, 0.25
    sites = 48
    run = study.evolution("lattice.toml", {"fields.B": 2 * np.pi / sites})
    density, energy = thermal_sums(run)
    exact = hofstadter(sites, 1.5, mu, temperature)
    study.compare("density of f(Ĥ), b = 2π/48", density, exact[0], 1e-12, "Hofstadter matrix")
    study.compare("energy of f(Ĥ)", energy, exact[1], 1e-12, "Hofstadter matrix")
    start = run.wigner().copy()
    from kinetic.study import advance

    moved = np.abs(advance(run, 5.0).wigner() - start).max()
    study.at_most("largest change of f(Ĥ) until t = 5", moved, 1e-9, "stationary")
    errors = []
    fields = (0.1, 0.05, 0.025)
    for b in fields:
        exact_run = study.evolution("lattice.toml", {"fields.B": b})
        changes = {"fields.B": b, "equation.preparation": "bare"}
        kinetic = study.evolution("lattice.toml", changes)
        apart = exact_run.projections() - kinetic.projections()
        errors.append(float(np.sqrt(np.mean(apart**2))))
    study.compare(
        "order in b of n_s - kinetic", orders(errors)[-1], 2.0, 0.3, "first order in b is right"
    )
    study.report("error of n_s/b², RMS", errors[-1] / fields[-1] ** 2)
    study.data.update(fields=np.array(fields), errors=np.array(errors))


# --- symbols --------------------------------------------------------------------------------


def parity(n: int, alpha: complex, size: int = 100) -> float:
    """2 ⟨n|D(α)(-1)^{a†a}D†(α)|n⟩ with dense matrices."""
    lower = np.diag(np.sqrt(np.arange(1, size)), 1)
    displaced = expm(np.conj(alpha) * lower - alpha * lower.T)[:, n]
    return float(2 * np.sum((-1.0) ** np.arange(size) * np.abs(displaced) ** 2))


def check(study: Study) -> None:
    for n in (0, 1, 5):
        for radius in (0.4, 1.6):
            closed = 2 * (-1.0) ** n * np.exp(-2 * radius**2) * eval_laguerre(n, 4 * radius**2)
            study.compare(
                f"symbol of |{n}⟩⟨{n}| at k = {radius:g}√(2b)",
                closed,
                parity(n, radius * np.exp(0.3j)),
                1e-10,
                "displaced parity",
            )
    on_the_cone(study)
    on_the_lattice(study)


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2, width_ratios=(1.6, 1))
    left.plot(data["line"], data["exact"]["turning"].real, color=style.BLUE)
    left.plot(
        data["times"],
        data["found"]["turning"].real,
        "o",
        color=style.BLUE,
        markerfacecolor="white",
        label=r"$\langle k_x\rangle$",
    )
    left.plot(data["line"], data["exact"]["spin"][:, 2], color=style.VERMILLION)
    left.plot(
        data["times"],
        data["found"]["spin"][:, 2],
        "s",
        color=style.VERMILLION,
        markerfacecolor="white",
        label=r"$\langle\sigma_z\rangle$",
    )
    left.set(xlabel=r"$t$", xlim=(0, data["line"][-1]), ylim=(-1, 1.3))
    left.legend(title="lines: Landau levels", ncols=2, loc="upper right")
    right.loglog(data["fields"], data["errors"], "o-", color=style.BLUE)
    line = 0.6 * data["errors"][-1] * (data["fields"] / data["fields"][-1]) ** 2
    right.loglog(data["fields"], line, ":", color=style.GREY)
    right.text(data["fields"][1], 0.45 * line[1], r"$b^2$", color=style.GREY)
    right.set_xticks(data["fields"], [f"{value:g}" for value in data["fields"]])
    right.set_xticks([], minor=True)
    right.set(xlabel=r"$b$", ylabel=r"RMS of $n_s$ less kinetic formula")
    return page
