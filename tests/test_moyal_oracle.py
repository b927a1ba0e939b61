"""Level `moyal` against dense matrices that share no code with it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from kinetic.simulation import Simulation

sys.path.insert(0, str(Path(__file__).parent / "laws"))
from exact import PAULI, QuantumTorus

FORMULAS = {
    "at rest": (
        "0.3*cos(kx + 0.5) + 0.25*sin(x)",
        ["0.5*sin(kx) + 0.4*cos(x)", "0.4*cos(kx - 0.4) + 0.4*sin(x + 0.3)", "1.6 + 0.3*cos(x)"],
    ),
    "in motion": (
        "0.3*cos(kx + 0.5*t) + 0.25*sin(x - t)",
        [
            "0.5*sin(kx + t) + 0.4*cos(x)*cos(2*t)",
            "0.4*cos(kx - 0.4) + 0.4*sin(x + 0.3)",
            "1.6 + 0.3*cos(x - t)",
        ],
    ),
}


def hamiltonian(case: str, x: np.ndarray, k: np.ndarray, t: float) -> np.ndarray:
    """The formulas once more, in Python."""
    names = {name: getattr(np, name) for name in ("sin", "cos")}
    scope = {**names, "x": x[:, None], "kx": k, "t": t}
    d0, d = FORMULAS[case]
    shape = (len(x), len(k))
    return np.stack([np.broadcast_to(eval(text, scope), shape) for text in (d0, *d)])


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """2×2 products of real components that commute as symbols."""
    one, other = (np.einsum("m...,mab->ab...", c, PAULI) for c in (a, b))
    both = np.einsum("ab...,bc...->ac...", one, other)
    return np.einsum("ab...,mba->m...", both, PAULI) / 2


def points(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Cell centres of [0, 2π] and [-π, π]."""
    line = 2 * np.pi * (np.arange(n) + 0.5) / n
    return line, line - np.pi


def wave(x: np.ndarray, k: np.ndarray) -> np.ndarray:
    """A state with all four components.  (4, x, k)"""
    x = x[:, None]
    return np.stack(
        [
            0.5 + 0.2 * np.cos(x - k),
            0.1 * np.sin(x + 0.2) * np.cos(k),
            0.1 * np.cos(2 * x - k),
            0.2 + 0.1 * np.sin(k) * np.cos(x),
        ]
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_the_oracle_keeps_symbols_and_multiplies_plane_waves_by_their_area(sign):
    torus = QuantumTorus(9, 2, sign)
    x, k = points(17)
    n = wave(x, k)
    there = torus.operators(n, x[0], k[0])
    assert np.allclose(torus.symbol(there, x, k), n, rtol=0, atol=1e-13)
    assert np.allclose(there, there.conj().swapaxes(1, 2), rtol=0, atol=1e-13)
    # 2 cos x ⋆ 2 cos k + 2 cos k ⋆ 2 cos x = 2·4 cos ½ħ cos x cos k ;  [x̂, k̂] = iħ > 0
    grid = np.zeros((2, 4, 17, 17))
    grid[0, 0], grid[1, 0] = 2 * np.cos(x)[:, None], 2 * np.cos(k)
    a, b = (torus.operators(g, x[0], k[0]) for g in grid)
    both = torus.symbol(a @ b + b @ a, x, k)[0]
    expected = 8 * np.cos(0.5 * torus.hbar) * np.cos(x)[:, None] * np.cos(k)
    assert np.allclose(both, expected, rtol=0, atol=1e-12)
    turned = torus.symbol(-1j * (a @ b - b @ a), x, k)[0]
    expected = 8 * np.sin(0.5 * torus.hbar) * np.sin(x)[:, None] * np.sin(k)
    assert np.allclose(turned, expected, rtol=0, atol=1e-12)


def test_the_oracle_follows_a_drift_that_is_known():
    torus = QuantumTorus(9, 2)
    x, k = points(17)
    n = np.zeros((4, 17, 17))
    n[0] = 0.5 + 0.3 * np.cos(x[:, None] + 0.4 * np.sin(k))  # modes die off as J_κ(0.4)
    energy = np.zeros_like(n)
    energy[0] = np.sin(k)
    there = torus.evolve(lambda t: energy, n, 0.7, x[0], k[0], moves=False)
    # A wave e^{iqx} is carried by the finite difference [A(k + ½ħq) − A(k − ½ħq)]/ħ, q = 1.
    speed = 2 * np.cos(k) * np.sin(0.5 * torus.hbar) / torus.hbar
    expected = 0.5 + 0.3 * np.cos(x[:, None] - 0.7 * speed + 0.4 * np.sin(k))
    assert np.allclose(torus.symbol(there, x, k)[0], expected, rtol=0, atol=1e-9)


START = {"preparation": "bare"}  # coherences swing


# ħ = 2π/N for the matrices; M twists; the grid of the program tells as many modes apart.
@pytest.mark.parametrize(
    ("case", "size", "twists", "cells", "stepper", "steps"),
    [
        ("at rest", 17, 2, 36, "split6", 40),
        ("at rest", 8, 4, 32, "split4", 80),
        ("at rest", 34, 1, 35, "split6", 50),
        ("in motion", 8, 4, 32, "split6", 32),
    ],
)
def test_moyal_agrees_with_dense_matrices(case, size, twists, cells, stepper, steps):
    torus = QuantumTorus(size, twists)
    stop = 0.8
    d0, d = FORMULAS[case]
    simulation = Simulation.from_dict(
        {
            "grid": {"x": [0.0, 2 * np.pi, cells], "kx": [-np.pi, np.pi, cells]},
            "hamiltonian": {"name": "expression", "d0": d0, "d": d, "bounded": True},
            "equation": {"level": "moyal", "hbar": torus.hbar, "threads": 1, **START},
            "initial": {
                "name": "expression",
                "lower": "0.6 + 0.2*cos(kx + 0.3)*cos(x - 0.4)",
                "upper": "0.3 + 0.2*sin(kx - x)",
            },
            "time": {"stop": stop, "stepper": stepper, "step": stop / steps},
            "output": {"observables": ["density"], "every": stop},
        }
    )
    run = simulation.evolution
    x, k = points(cells)
    start = np.array(run.wigner()[0])
    while run.time < stop:
        run.advance(stop)
    few = 2 * np.pi * np.arange(5) / 5  # Ĥ has no higher modes than e^{±2i(x, k)}
    there = torus.evolve(
        lambda t: hamiltonian(case, x[0] + few, k[0] + few, t),
        start,
        stop,
        x[0],
        k[0],
        moves=case != "at rest",
    )
    expected = torus.symbol(there, x, k)
    assert np.abs(expected - start).max() > 0.05
    apart = float(np.abs(run.wigner()[0] - expected).max())
    assert apart < 3e-9, apart
