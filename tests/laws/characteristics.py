"""Semiclassical trajectories of a band in canonical variables: an oracle for runs in real space.

    D ẋ^i = (1 + ½ s F) ∂^i ε̄ + q_s (F_t^i − F^{ji} ∂_j ε̄)        D = 1 + ½ s F,  q_s = −s ħ/2

x = (r, p) with p = k + a(r,t): the potentials a and φ are part of the Hamiltonian, and nothing
here knows of e, b, kinetic momenta, cells or sites.  All derivatives are finite differences of
d₀ and d, so this shares with the program only the values of the Hamiltonian.

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eq. (24), in the form without
products of q_s in D ẋ.  f is constant along a trajectory: f(x, t) = f(x(0), 0).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.hamiltonians.base import MOMENTUM, SPACE, Hamiltonian

_CURVED, _STEEP = 1e-4, 2e-3  # steps of the differences of m and of ε̄
_OFFSETS, _WEIGHTS = (1, -1, 2, -2), (8.0, -8.0, -1.0, 1.0)  # over 12 steps


def formula(text: str) -> Callable[..., Any]:
    """A formula in x, y, z, t as a function of them."""
    code = compile(text, "formula", "eval")
    words = {"sin": np.sin, "cos": np.cos, "tanh": np.tanh, "exp": np.exp, "pi": np.pi}

    def value(r: Sequence[Any], t: float) -> Any:
        place = dict(zip(SPACE, r, strict=False))
        return eval(code, {"__builtins__": {}}, {**words, **place, "t": t})

    return value


@dataclass(frozen=True)
class Characteristics:
    """Trajectories of one band.

    Parameters
    ----------
    model, valley
        The Hamiltonian; its values alone are used.
    pairs
        n: number of pairs (r_l, p_l); coordinates without an axis are there, too.
    momenta
        Number of momentum axes.
    sign
        s = ∓1 for the lower and the upper band.
    hbar
        ħ.
    phi, a
        φ(r, t) and the components of a(r, t), as formulas.
    """

    model: Hamiltonian
    pairs: int
    momenta: int
    sign: int
    hbar: float = 1.0
    phi: str = "0"
    a: tuple[str, ...] = ()
    valley: int = 0

    def kinetic(self, x: np.ndarray, t: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """r and k = p − a(r,t)."""
        n = self.pairs
        r, k = list(x[:n]), list(x[n:])
        for direction, text in enumerate(self.a):
            k[direction] = k[direction] - formula(text)(r, t)
        return r, k

    def canonical(self, r: Sequence[Any], k: Sequence[Any], t: float) -> np.ndarray:
        """x = (r, k + a(r,t)); coordinates that are not given are 0.  (2n, S)"""
        given = np.broadcast_arrays(*r, *k)
        size = given[0].size
        x = np.zeros((2 * self.pairs, size))
        for l, values in enumerate(given[: len(r)]):
            x[l] = values.ravel()
        for l, values in enumerate(given[len(r) :]):
            x[self.pairs + l] = values.ravel()
        for direction, text in enumerate(self.a):
            x[self.pairs + direction] += formula(text)(x[: self.pairs], t)
        return x

    def _vector(self, x: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
        r, k = self.kinetic(x, t)
        place = dict(zip(SPACE, r, strict=False))
        used = {name: place[name] for name in sorted(self.model.space_names)}
        scalar, vector = self.model.values(self.valley, k[: self.momenta], t, used or None)
        shape = x.shape[1:]
        scalar = np.broadcast_to(scalar, shape) + formula(self.phi)(r, t)
        return scalar, np.broadcast_to(vector, (3, *shape))

    def _direction(self, x: np.ndarray, t: float) -> np.ndarray:
        vector = self._vector(x, t)[1]
        return vector / np.sqrt(np.sum(vector**2, axis=0))

    def _slopes(self, function: Any, x: np.ndarray, t: float, step: float) -> np.ndarray:
        """∂/∂x^i of a function.  (2n, ..., S)"""
        size, count = len(x), x.shape[1]
        moved = np.tile(x[:, None, None], (1, size, 4, 1))
        for i, (m, offset) in itertools.product(range(size), enumerate(_OFFSETS)):
            moved[i, i, m] += offset * step
        values = function(moved.reshape(size, -1), t)
        values = values.reshape(*values.shape[:-1], size, 4, count)
        slope = np.einsum("...imp,m->...ip", values, np.array(_WEIGHTS)) / (12.0 * step)
        return np.moveaxis(slope, -2, 0)

    def _turns(self, x: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
        return self._direction(x, t), self._slopes(self._direction, x, t, _CURVED)

    def field(self, x: np.ndarray, t: float) -> np.ndarray:
        """F = ħ F_{r_l p_l}.  (S)"""
        m, slopes = self._turns(x, t)
        n = self.pairs
        return self.hbar * sum(
            np.sum(m * np.cross(slopes[l], slopes[n + l], axis=0), axis=0) for l in range(n)
        )

    def energy(self, x: np.ndarray, t: float) -> np.ndarray:
        """ε̄ = d₀ + φ + s|d| − ½|d|F.  (S)"""
        scalar, vector = self._vector(x, t)
        half = np.sqrt(np.sum(vector**2, axis=0))
        return scalar + self.sign * half - 0.5 * half * self.field(x, t)

    def velocity(self, x: np.ndarray, t: float) -> np.ndarray:
        """ẋ.  (2n, S)"""
        n, charge = self.pairs, -0.5 * self.sign * self.hbar
        m, slopes = self._turns(x, t)
        rate = sum(
            weight * self._direction(x, t + offset * _CURVED)
            for offset, weight in zip(_OFFSETS, _WEIGHTS, strict=True)
        ) / (12.0 * _CURVED)

        def curvature(one: np.ndarray, other: np.ndarray) -> np.ndarray:
            return np.sum(m * np.cross(one, other, axis=0), axis=0)

        def raised(covector: np.ndarray) -> np.ndarray:
            return np.concatenate([covector[n:], -covector[:n]])  # ∂^r = ∂_p, ∂^p = −∂_r

        field = self.hbar * sum(curvature(slopes[l], slopes[n + l]) for l in range(n))
        uphill = raised(self._slopes(self.energy, x, t, _STEEP))
        density = 1.0 + 0.5 * self.sign * field
        # F_t^j and −F^{ij}∂_iε̄ as covectors with a lower index k, then raised.
        lower = [
            curvature(rate, slopes[k])
            + sum(curvature(slopes[i], slopes[k]) * uphill[i] for i in range(2 * n))
            for k in range(2 * n)
        ]
        return uphill + charge * raised(np.array(lower)) / density

    def origin(self, x: np.ndarray, t: float, steps: int) -> np.ndarray:
        """Where a trajectory that is at x at time t was at time 0 (Runge–Kutta).  (2n, S)"""
        h = -t / steps
        for _ in range(steps):
            one = self.velocity(x, t)
            two = self.velocity(x + 0.5 * h * one, t + 0.5 * h)
            three = self.velocity(x + 0.5 * h * two, t + 0.5 * h)
            four = self.velocity(x + h * three, t + h)
            x, t = x + h / 6.0 * (one + 2.0 * two + 2.0 * three + four), t + h
        return x


def cell_means(
    path: Characteristics,
    start: Callable[[list[np.ndarray], list[np.ndarray]], np.ndarray],
    r: Sequence[np.ndarray],
    k: Sequence[np.ndarray],
    widths: Sequence[float],
    t: float,
    steps: int = 6,
    points: int = 3,
) -> np.ndarray:
    """Averages over k cells, at sites r, of an f that began as `start(r, k)`.  (S)

    `points` Gauss points per momentum.
    """
    nodes, weights = np.polynomial.legendre.leggauss(points)
    places, shares = [], []
    for chosen in itertools.product(range(points), repeat=len(k)):
        inner = [c + 0.5 * h * nodes[i] for c, h, i in zip(k, widths, chosen, strict=True)]
        places.append(path.canonical(r, inner, t))
        shares.append(np.prod(0.5 * weights[list(chosen)]))
    x = path.origin(np.concatenate(places, axis=1), t, steps)
    position, momentum = path.kinetic(x, 0.0)
    values = start(position[: len(r)], momentum[: len(k)]).reshape(len(shares), -1)
    return np.asarray(np.array(shares) @ values)


__all__ = ["MOMENTUM", "Characteristics", "cell_means", "formula"]
