"""Order of the whole scheme in real space: textures in motion, e and b on, every dimensionality.

The reference are trajectories in canonical variables (see `characteristics`), which share no
algebra with the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from characteristics import Characteristics, cell_means

from kinetic.equation import Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.initial import Initial
from kinetic.stepping import Stepping
from kinetic.system import System

HBAR = 0.3
B = 0.15


@dataclass(frozen=True)
class Problem:
    """A texture that no symmetry makes simple, fields by their potentials, and grid sizes.

    `fields` is what the run is given, `phi` and `a` what the trajectories are given.
    """

    space: str
    momenta: int
    d: tuple[str, str, str]
    d0: str
    fields: dict[str, Any]
    phi: str
    a: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    stop: float = 0.4

    @property
    def model(self) -> ExpressionModel:
        return ExpressionModel(d=list(self.d), d0=self.d0, bounded=True)

    def grid(self, sites: int, cells: int) -> Grid:
        axes = [Axis.linear(name, 0.0, 2 * np.pi, sites, "periodic") for name in self.space]
        names = ("kx", "ky", "kz")[: self.momenta]
        return Grid((*axes, *(Axis.linear(k, -np.pi, np.pi, cells, "periodic") for k in names)))


PROBLEMS = {
    "1r1k": Problem(
        "x",
        1,
        ("0.4*sin(kx) + 0.2*cos(x)*cos(t)", "0.4*sin(x)", "1 + 0.3*cos(kx + x)"),
        "0.3*sin(kx) + 0.2*cos(x)",
        {"phi": "0.25*sin(x)*cos(t)", "a": ["0.3*sin(t)"]},
        "0.25*sin(x)*cos(t)",
        ("0.3*sin(t)",),
        ((16, 16), (32, 32)),
        0.6,
    ),
    "1r2k": Problem(
        "x",
        2,
        (
            "0.4*sin(kx) + 0.2*cos(x)*cos(t)",
            "0.4*sin(ky) + 0.3*sin(x)",
            "1.2 + 0.3*cos(kx + ky + x)",
        ),
        "0.3*sin(kx - ky) + 0.2*cos(x)*cos(ky)",
        {"phi": "0.25*sin(x)", "B": B, "a": ["0.2*sin(t)", "0.075*sin(x)*cos(2*t)"]},
        "0.25*sin(x)",
        ("0.2*sin(t)", f"{B}*x + 0.075*sin(x)*cos(2*t)"),
        ((10, 10), (20, 20)),
    ),
    "2r1k": Problem(
        "xy",
        1,
        ("0.4*sin(kx) + 0.2*cos(x + y)*cos(t)", "0.4*sin(x)*cos(y)", "1 + 0.3*cos(kx + x + y)"),
        "0.3*sin(kx + y) + 0.2*cos(x)",
        {"phi": "0.25*sin(x)", "a": ["0.3*sin(t)"]},
        "0.25*sin(x)",
        ("0.3*sin(t)",),
        ((12, 12), (24, 24)),
    ),
    "2r2k": Problem(
        "xy",
        2,
        (
            "0.4*sin(kx) + 0.2*cos(x)*cos(t)",
            "0.4*sin(ky) + 0.3*sin(y)",
            "1.2 + 0.3*cos(kx + ky + x - y)",
        ),
        "0.3*sin(kx - ky) + 0.2*cos(x)*cos(y)",
        {"phi": "0.25*sin(x + y)", "a": ["0.1*sin(y)", "0.15*sin(x)*cos(2*t)"]},
        "0.25*sin(x + y)",
        ("0.1*sin(y)", "0.15*sin(x)*cos(2*t)"),
        ((9, 9), (18, 18)),
        0.3,
    ),
    "1r3k": Problem(
        "x",
        3,
        (
            "0.4*sin(kx) + 0.2*cos(x)*cos(t)",
            "0.4*sin(ky) + 0.3*sin(x)",
            "1.4 + 0.3*cos(kx + ky) + 0.3*sin(kz + x)",
        ),
        "0.3*sin(kx - kz) + 0.2*cos(x)*cos(ky)",
        {"phi": "0.25*sin(x)", "B": [0.1, -0.08, B], "a": ["0.2*sin(t)", "0", "0.1*t"]},
        "0.25*sin(x)",
        ("0.2*sin(t)", f"{B}*x", "0.1*t + 0.1*y + 0.08*x"),
        ((10, 10), (20, 20)),
        0.3,
    ),
}


def beginning(r, k) -> np.ndarray:
    """A wave along every axis.  (band, S)"""
    wave = np.ones(())
    for shift, x in zip((0.3, -0.5, 0.1), r, strict=False):
        wave = wave * np.cos(x + shift)
    for shift, x in zip((-0.2, 0.4, 0.7), k, strict=False):
        wave = wave * np.cos(x + shift)
    return np.stack([0.6 + 0.3 * wave, 0.3 - 0.2 * wave])


@dataclass(frozen=True)
class Waves(Initial):
    """The same as an initial state."""

    name: ClassVar[str] = "test_waves"

    def occupation(self, points):
        place = [points.r[name] for name in ("x", "y", "z") if name in points.r]
        return points.spread(beginning(place, points.k) + 0.0 * points.energy)


def evolved(problem, sites, cells, *, level="dressed", hbar=HBAR, stop=None, scheme="linear5"):
    """A run to its end with steps small enough for the error of the grid to be seen."""
    system = System(
        grid=problem.grid(sites, cells),
        hamiltonian=problem.model,
        initial=Waves(),
        fields=Fields(**problem.fields),
        equation=Equation(level=level, scheme=scheme, limiter="none", hbar=hbar, threads=1),
    )
    stop = problem.stop if stop is None else stop
    run = Evolution(system, Stepping(stepper="ssprk104", step=0.1), stop=stop)
    while run.time < stop:
        run.advance(stop)
    return run


def error(problem, run, hbar=HBAR, places=120, at=None) -> float:
    """RMS difference from the trajectories in a random choice of cells of both bands.

    `at`: the time of the trajectories, if it is not that of the run.
    """
    time = run.time if at is None else at
    grid, random = run.system.grid, np.random.default_rng(1)
    chosen = [random.integers(0, axis.cells, places) for axis in grid.axes]
    count = len(grid.space)
    r = [a.centres[i] for a, i in zip(grid.space, chosen, strict=False)]
    k = [a.centres[i] for a, i in zip(grid.momentum, chosen[count:], strict=True)]
    f = run.transport.occupation().reshape(*grid.sites, 2, *grid.shape[count:])
    squares = []
    for band, sign in ((0, -1), (1, 1)):
        path = Characteristics(
            run.system.hamiltonian,
            max(len(grid.space), grid.dimensions),
            grid.dimensions,
            sign,
            hbar,
            problem.phi,
            problem.a,
        )
        widths = [axis.widths[0] for axis in grid.momentum]
        mean = cell_means(
            path,
            lambda x, p, b=band: beginning(x, p)[b],
            r,
            k,
            widths,
            time,
            steps=max(1, round(time / 0.1)),
        )
        found = f[(*chosen[:count], band, *chosen[count:])]
        squares.append(np.mean((found - mean) ** 2))
    return float(np.sqrt(np.mean(squares)))


@pytest.mark.parametrize("name", PROBLEMS)
def test_dressed_evolution_follows_the_trajectories_with_order_four(name):
    """Every Berry component acts: F_rr, F_rk, F_kk, F_rt, F_kt, the energy shift and D_s."""
    problem = PROBLEMS[name]
    places = 30 if problem.momenta == 3 else 100
    errors = [error(problem, evolved(problem, *n), places=places) for n in problem.sizes]
    order = np.log2(errors[0] / errors[1])
    assert order >= 4.0, (errors, order)


def test_boltzmann_follows_the_trajectories_without_berry_terms():
    """φ, b and a of the classical problem; catches a force lost with the curvature."""
    problem = PROBLEMS["1r2k"]
    errors = [
        error(problem, evolved(problem, *n, level="boltzmann"), hbar=0.0, places=60)
        for n in problem.sizes
    ]
    assert np.log2(errors[0] / errors[1]) >= 4.0, errors


@pytest.mark.parametrize(
    ("name", "cells", "hbars"), [("1r1k", 24, (0.4, 0.2, 0.1)), ("1r2k", 20, (1.0, 0.5))]
)
def test_projected_differs_from_dressed_by_hbar_squared(name, cells, hbars):
    """n_s with its interband terms and g_s are the same theory; catches any of them missing.

    The errors of the grid differ by O(ħ h⁵), so ħ is taken large enough to see the rest.
    """
    found = []
    for hbar in hbars:
        dressed, projected = (
            evolved(PROBLEMS[name], cells, cells, level=level, hbar=hbar).transport.occupation()
            for level in ("dressed", "projected")
        )
        found.append(np.sqrt(np.mean((projected - dressed) ** 2)))
    order = np.log(found[0] / found[-1]) / np.log(hbars[0] / hbars[-1])
    assert order == pytest.approx(2.0, abs=0.15), found


def test_phase_space_of_six_dimensions():
    """3r×3k: follows the trajectories, keeps the charge and a constant."""
    problem = Problem(
        "xyz",
        3,
        ("0.4*sin(kx) + 0.2*cos(x)*cos(t)", "0.4*sin(ky) + 0.3*sin(y)", "1.5 + 0.3*cos(kz + z)"),
        "0.3*sin(kx - kz)",
        {"phi": "0.25*sin(x + z)", "a": ["0.1*sin(y)", "0.1*sin(z)*cos(t)", "0"]},
        "0.25*sin(x + z)",
        ("0.1*sin(y)", "0.1*sin(z)*cos(t)", "0"),
        ((7, 6),),
        0.2,
    )
    run = evolved(problem, *problem.sizes[0])
    residual, scale = run.ledger_residual()
    assert abs(residual) <= 1e-14 * scale
    off = error(problem, run, places=8)
    moved = error(problem, evolved(problem, 7, 6, stop=1e-9), places=8, at=run.time)
    assert off <= 0.1 * moved
