"""Current of a driven Dirac band: every momentum against an adaptive Runge-Kutta integrator.

    dn/dt = 2 d(k,t) × n - [n - m (m·n)]/T₂ ,   k = K + ∫e dt ,   j = Σ_k 2 (∂_k d)·n

Reference: scipy's DOP853 (Hairer, Nørsett and Wanner) with relative tolerance 1e-12 and the
Hamiltonians, velocities, pulse and initial state written out here once more.

State: a Fermi function with the coherence of first order in e; a pulse of two cycles, peak .5 at
a gap of .6 (lattice) or 1.2 (cone), so that it carries states by half of the zone and lifts a
tenth of them. The lattice is summed over its zone at the moving momenta and on the fixed grid;
the cone is read in its open window, through which states come in and leave.

Tolerance. 1e-9 of the largest current: the step control allows 1e-12 per radian of the fastest
precession, 16 × 2 × 3.7 = 120 of them, 1.2e-10, and DOP853 comes to 3e-12 per unit of time. The
cone adds interpolation through 16 points at h = .03: the coherences turn by 2 t h = .54 from
cell to cell, (sin .27)¹⁶ = 7e-10 of their size, which is .1 of n at most, and falls again in the
sum.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from kinetic.validating import Study, advance

TITLE = "current of a driven Dirac band, momentum by momentum"
SOURCE = "DOP853, rtol 1e-12"
DEPHASING = 4.0
LATTICE_MASS, MASS = 1.7, 0.6


def field(t: float) -> np.ndarray:
    envelope = np.exp(-(((t - 8) / 3) ** 2))
    return envelope * np.array([0.5 * np.cos(1.5 * (t - 8)), 0.3 * np.sin(1.1 * (t - 8))])


def lattice(k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """D and (∂ₓd, ∂ᵧd) of the lattice model at k (2, n)."""
    x, y = k
    zero = np.zeros_like(x)
    d = np.array([np.sin(x), np.sin(y), LATTICE_MASS - np.cos(x) - np.cos(y)])
    slopes = np.array([[np.cos(x), zero, np.sin(x)], [zero, np.cos(y), np.sin(y)]])
    return d, slopes


def cone(k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of the cone."""
    x, y = k
    zero, one = np.zeros_like(x), np.ones_like(x)
    return np.array([x, y, MASS * one]), np.array([[one, zero, zero], [zero, one, zero]])


def start(model, momenta: np.ndarray, mu: float, temperature: float) -> np.ndarray:
    """The vector n of a Fermi function, with the first-order coherence of e(0).  (3, n)"""
    d, slopes = model(momenta)
    energy = np.linalg.norm(d, axis=0)
    m = d / energy
    upper, lower = (1 / (np.exp((s * energy - mu) / temperature) + 1) for s in (1, -1))
    relative = upper - lower
    carried = np.einsum("i,icn->cn", field(0.0), slopes) / energy
    return 0.5 * relative * (m - np.cross(m, carried, axis=0) / (2 * energy))


def integrated(model, momenta: np.ndarray, begin, times, dephasing=None):
    """The vectors n at some times, and ∫e dt there."""
    count = momenta.shape[1]

    def rate(t: float, state: np.ndarray) -> np.ndarray:
        n = state[2:].reshape(3, count)
        d, _ = model(momenta + state[:2, None])
        change = 2 * np.cross(d, n, axis=0)
        if dephasing:
            m = d / np.linalg.norm(d, axis=0)
            change -= (n - m * np.sum(m * n, axis=0)) / dephasing
        return np.concatenate([field(t), change.ravel()])

    first = np.concatenate([np.zeros(2), begin.ravel()])
    found = solve_ivp(rate, (0.0, times[-1]), first, "DOP853", times, rtol=1e-12, atol=1e-14).y.T
    return [(state[2:].reshape(3, count), state[:2]) for state in found]


def current(model, k: np.ndarray, n: np.ndarray, volume: float) -> np.ndarray:
    """J from vectors n at k."""
    _, slopes = model(k)
    return 2 * np.einsum("icn,cn->i", slopes, n) * volume / (2 * np.pi) ** 2


def flat(arrays) -> np.ndarray:
    return np.array([each.ravel() for each in np.broadcast_arrays(*arrays)])


def grid_current(model, evolution) -> np.ndarray:
    """J from the matrix Wigner function on the grid."""
    axes = evolution.system.grid.momentum
    k = flat(np.meshgrid(*(a.centres for a in axes), indexing="ij"))
    n = evolution.wigner()[0, 1:].reshape(3, -1)
    return current(model, k, n, float(axes[0].widths[0] * axes[1].widths[0]))


def compare_zone(study: Study, dephasing: float | None) -> None:
    changes = {"equation.dephasing": dephasing} if dephasing else {}
    evolution = study.evolution("zone.toml", changes)
    axes = evolution.system.grid.momentum
    momenta = flat(evolution.carried()[0])
    volume = float(axes[0].widths[0] * axes[1].widths[0])
    times = np.linspace(0.0, 16.0, 3 if study.quick else 33)[1:]
    begin = start(lattice, momenta, 0.3, 0.15)
    reference, moving, fixed = [], [], []
    for time, (n, shift) in zip(
        times, integrated(lattice, momenta, begin, times, dephasing), strict=True
    ):
        advance(evolution, float(time))
        k, wigner = evolution.carried()
        moving.append(current(lattice, flat(k), wigner[0, 1:].reshape(3, -1), volume))
        fixed.append(grid_current(lattice, evolution))
        reference.append(current(lattice, momenta + shift[:, None], n, volume))
    reference = np.array(reference)
    size = float(np.abs(reference).max())
    words = ", dephasing" if dephasing else ""
    for name, found in (("moving momenta", moving), ("fixed grid", fixed)):
        worst = float(np.abs(np.array(found) - reference).max()) / size
        study.at_most(f"zone, {name}{words}", worst, 1e-9, SOURCE)
    study.data[f"zone{words}"] = (times, reference, np.array(moving))


def compare_cone(study: Study, dephasing: float | None) -> None:
    changes = {"equation.dephasing": dephasing} if dephasing else {}
    evolution = study.evolution("cone.toml", changes)
    axes = evolution.system.grid.momentum
    k = flat(np.meshgrid(*(a.centres for a in axes), indexing="ij"))
    advance(evolution, 9.0)
    # Where the momenta of the grid come from takes one integral of e.
    ((_, shift),) = integrated(cone, k[:, :1], np.zeros((3, 1)), [9.0])
    momenta = k - shift[:, None]
    begin = start(cone, momenta, 0.3, 0.3)
    ((n, _),) = integrated(cone, momenta, begin, [9.0], dephasing)
    volume = float(axes[0].widths[0] * axes[1].widths[0])
    reference = current(cone, k, n, volume)
    apart = grid_current(cone, evolution) - reference
    words = ", dephasing" if dephasing else ""
    worst = float(np.abs(apart).max() / np.abs(reference).max())
    study.at_most(f"cone, open window{words}", worst, 1e-9, SOURCE)
    worst = float(np.abs(evolution.wigner()[0, 1:].reshape(3, -1) - n).max())
    study.at_most(f"cone, n at every momentum{words}", worst, 1e-9, SOURCE)


def check(study: Study) -> None:
    for dephasing in (None, DEPHASING):
        compare_zone(study, dephasing)
        if not (study.quick and dephasing):
            compare_cone(study, dephasing)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.6)
    axis = page.subplots()
    for words, colour, label in (
        ("", style.BLUE, "no dephasing"),
        (", dephasing", style.VERMILLION, f"$T_2$ = {DEPHASING:g}"),
    ):
        times, reference, found = study.data[f"zone{words}"]
        axis.plot(times, reference[:, 0], color=colour, label=label)
        axis.plot(times, found[:, 0], "o", color=colour)
    axis.plot([], [], "-", color=style.GREY, label="DOP853")
    axis.plot([], [], "o", color=style.GREY, label="exponentials")
    axis.set(xlabel="$t$", ylabel="$j_x$")
    axis.legend()
    return page
