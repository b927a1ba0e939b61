"""Spectral flow through Weyl nodes in e ∥ b, by exact dynamics.

    ρ_χ(t) = ρ_χ(0) + χ e·b t/4π² ,      P_n = exp(-2πnb/e) ,  P_0 = 1

Reference: H. B. Nielsen and M. Ninomiya, Phys. Lett. B 130, 389 (1983). At k_z = et the doublet
|n↑⟩, |n-1 ↓⟩ of the levels of a Weyl node is H_n = k_z σ_z + √(2nb) σ_x: an avoided crossing,
whose lower level ends in the upper one with P_n (L. Landau, C. Zener 1932); the chiral level
|0↑⟩, E = k_z, goes through.

1. One slice of a node, k_z = et: the initial Wigner matrix is the sum of the projectors on the
chiral level and the lower levels n = 1, 2, 3 (Laguerre polynomials); in the end the weights of
all levels are read with the same symbols, to stand beside P_n and the two amplitudes of each
doublet integrated by scipy over the same time.

2. A lattice with nodes at k_z = ±π/2, thermal at the start, f(Ĥ): no node is a special place
here. With b = 4π/N the translations of the N × N lattice close after N sites, so that it is an
exact finite system. Each slice of constant k_z + et keeps its particles; the numbers of slices
between the nodes and outside differ by b/2π (Středa), and e moves this step of ρ(k_z) along.

Tolerances. 1: splitting in order 6, h = .15, (h k_z)⁶ × 1e-3 = 2e-5 of the phase at the ends
alone, 1e-5; beside P_n the coherence left over at both ends of the sweep counts, √(P_n(1 -
P_n)) √(2nb) e/k_z³ = 9e-4 for n = 1 at k_z = 3.6, so 1e-3. 2: e moves the slices by two of 48
(one of 24 in quick mode), so that the sum over slices is exact; what a node gains is the step
of ρ(k_z) between places .26 about k_z = 0 and π, where the zero mode lies at |cos k_z| - b/2 or
further: b/2π but for thermal holes in it, 2e^{-(.96 - b/2)/T} of it, T = .05, b = 4π/24 (4π/12
in quick mode). Charge: to rounding of 24 or 48 slices, 1e-12 each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import eval_genlaguerre, eval_laguerre

from kinetic.study import advance
from kinetic.validating import Study

TITLE = "spectral flow through Weyl nodes, level by level and on a lattice"
SOURCE = "Nielsen, Ninomiya 1983"
FIELD, FORCE, LEVELS, END = 0.1, 0.3, (1, 2, 3), 12.0


# --- levels ---------------------------------------------------------------------------------


def symbol(run, n: int, kz: float, sign: int) -> np.ndarray:
    """n_μ of the projector on a Landau level; n = 0: the chiral level.  (4, kx, ky)"""
    kx, ky = (axis.centres for axis in run.system.grid.momentum)
    kx, ky = kx[:, None], ky[None, :]
    y = (kx**2 + ky**2) / FIELD
    up = 2 * (-1.0) ** n * np.exp(-y) * eval_laguerre(n, 2 * y)
    if n == 0:
        return 0.5 * np.stack([up, 0 * up, 0 * up, up])
    down = 2 * (-1.0) ** (n - 1) * np.exp(-y) * eval_laguerre(n - 1, 2 * y)
    half = np.sqrt(2 * n * FIELD)
    across = 4 * (-1.0) ** (n - 1) / half * np.exp(-y) * eval_genlaguerre(n - 1, 1, 2 * y)
    energy = sign * np.hypot(kz, half)
    first, second = np.array([half, energy - kz]) / np.hypot(half, energy - kz)
    up, down, across = first**2 * up, second**2 * down, first * second * across
    return np.stack([0.5 * (up + down), across * kx, across * ky, 0.5 * (up - down)])


def weight(run, n: int, kz: float, sign: int) -> float:
    """Occupation of a level, ∫dk/2πb tr n̂ P."""
    product = 2 * np.sum(run.wigner()[0] * symbol(run, n, kz, sign))
    return float(product * np.mean(run.volumes) / (2 * np.pi * FIELD))


def doublet(n: int) -> float:
    """Weight of the upper level after the sweep of the lower one, from the amplitudes."""
    half = np.sqrt(2 * n * FIELD)

    def slope(t: float, c: np.ndarray) -> np.ndarray:
        kz = FORCE * t
        return -1j * np.array([kz * c[0] + half * c[1], half * c[0] - kz * c[1]])

    def level(t: float, sign: int) -> np.ndarray:
        kz = FORCE * t
        vector = np.array([half, sign * np.hypot(kz, half) - kz])
        return vector / np.linalg.norm(vector)

    begin = level(-END, -1).astype(complex)
    end = solve_ivp(slope, (-END, END), begin, method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
    return float(abs(np.vdot(level(END, 1), end)) ** 2)


def levels(study: Study) -> None:
    run = study.evolution("level.toml")
    kz = FORCE * END
    start = dict(run.state())
    start["n"] = run.wigner().copy()
    start["n"][0] = symbol(run, 0, -kz, 1) + sum(symbol(run, n, -kz, -1) for n in LEVELS)
    run.restore(start)
    study.compare("lower level n = 2 at the start", weight(run, 2, -kz, -1), 1.0, 1e-12, "filled")
    advance(run, END)
    study.compare("chiral level in the end", weight(run, 0, kz, 1), 1.0, 1e-9, "P_0 = 1")
    measured = {}
    for n in LEVELS:
        upper, lower = weight(run, n, kz, 1), weight(run, n, kz, -1)
        exact = np.exp(-2 * np.pi * n * FIELD / FORCE)
        study.compare(f"upper level n = {n}, amplitudes", upper, doublet(n), 1e-5, "scipy")
        study.compare(f"upper level n = {n}, P_n", upper, exact, 1e-3, "Landau, Zener")
        study.compare(f"both levels n = {n}", upper + lower, 1.0, 1e-6, "unitarity")
        measured[n] = upper
    study.data["levels"] = measured


# --- a lattice ------------------------------------------------------------------------------


def slices(run) -> np.ndarray:
    """∫dk_x dk_y/(2π)² Tr n̂ by k_z."""
    return np.asarray(2 * run.wigner()[0, 0].mean(axis=(0, 1)))


def lattice(study: Study) -> None:
    changes: dict[str, Any] = {}
    sites, across = (12, 24) if study.quick else (24, 48)
    if study.quick:
        for name, cells in (("kx", sites), ("ky", sites), ("kz", across)):
            changes[f"grid.{name}"] = [-np.pi, np.pi, cells]
        changes["fields.B"] = [0.0, 0.0, 4 * np.pi / sites]
    run = study.evolution("lattice.toml", changes)
    b, e = 4 * np.pi / sites, 0.1
    kz = run.system.grid.momentum[2].centres
    before = slices(run)
    advance(run, run.stop)
    after = slices(run)
    time = run.time - run.start
    width = 2 * np.pi / across
    moved = np.roll(before, round(e * time / width))
    study.at_most(
        "ρ(k_z, t) - ρ(k_z - et, 0)", np.abs(after - moved).max(), 1e-9, "Bloch's force"
    )
    study.compare("whole charge", after.sum(), before.sum(), 1e-12 * across, "unitarity")
    for chirality in (-1, 1):
        inside = np.abs(kz + chirality * 0.5 * np.pi) < 0.5 * np.pi
        gained = np.sum((after - before)[inside]) * width / (2 * np.pi)
        expected = chirality * e * b * time / (4 * np.pi**2)
        study.compare(
            f"gain at the node χ = {chirality:+d}",
            gained,
            expected,
            2 * np.exp(-(0.96 - 0.5 * b) / 0.05),
            SOURCE,
            relative=True,
        )
    study.data.update(kz=kz, before=before, after=after, step=b / (2 * np.pi))


def check(study: Study) -> None:
    levels(study)
    lattice(study)


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    page = style.canvas(2 * style.COLUMN, 2.4)
    left, right = page.subplots(1, 2)
    line = np.linspace(0, 3.3, 100)
    left.semilogy(line, np.exp(-2 * np.pi * line * FIELD / FORCE), color=style.BLUE)
    left.semilogy(
        list(data["levels"]),
        list(data["levels"].values()),
        "o",
        color=style.BLUE,
        markerfacecolor="white",
    )
    left.text(1.6, 0.06, r"$e^{-2\pi n b/e}$", color=style.BLUE)
    left.set(xlabel=r"Landau level $n$", ylabel="weight in the upper level", xlim=(0, 3.3))
    for name, colour, words in (
        ("before", style.GREY, r"$t = 0$"),
        ("after", style.VERMILLION, r"after $et$"),
    ):
        right.step(data["kz"], data[name] - 1, where="mid", color=colour, label=words)
    right.axhline(-data["step"], linestyle=":", color=style.GREY)
    right.text(-3.0, -0.92 * data["step"], r"$-b/2\pi$", color=style.GREY)
    for node in (-0.5 * np.pi, 0.5 * np.pi):
        right.axvline(node, linestyle=":", color=style.GREY)
    right.set(xlabel=r"$k_z$", ylabel=r"$\rho(k_z) - 1$", xlim=(-np.pi, np.pi))
    right.legend(loc="lower left", bbox_to_anchor=(0.28, 0.35))
    return page
