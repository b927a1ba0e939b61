"""σ(ω) = S(0) + ∫₀^∞ dt e^{iωt} ∂ₜS from S at equally spaced times.

S between the instants is a cubic spline; its derivative times e^{iωt} is integrated by
Gauss-Legendre quadrature, exact to rounding up to the frequency π over the interval.  An answer
that has not died out when the run ends is damped by e^{-ηt}: that is σ(ω + iη).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from kinetic.averages import gauss
from kinetic.grid import Array

_NODES = 8
_ALIVE = 0.7  # of the answer to a kick, from a fifth of the run to the next: it does not die out
_NOISE = 1e-6
_LEFT = 7.0  # ηT, so that e^{-ηt} leaves a thousandth
_SPLINE = 7.0  # 2³ - 1: error of ∂ₜS from that of an interval twice as long


@dataclass(frozen=True)
class Spectrum:
    """σ(ω) of one element and its error from sampling and from the end of the run."""

    value: Array
    sampling: Array
    window: float


def dying(values: Array, scale: float) -> tuple[bool, float]:
    """Whether ∂ₜS dies out, and a bound on what it still does after the run: ∫_T^∞ |∂ₜS|.

    Fifths of the run whose ∫|∂ₜS| fall by a ratio r leave r/(1 - r) of the last one.  What is
    below a millionth of `scale` is no answer but noise.
    """
    moved = np.abs(np.diff(values))
    count = len(moved) // 5
    last, before = float(moved[-count:].sum()), float(moved[-2 * count : -count].sum())
    whole = float(moved.sum())
    if last <= 1e-9 * whole or whole <= _NOISE * scale:
        return True, last
    ratio = last / before if before > 0.0 else 1.0
    if ratio > _ALIVE and last > 1e-3 * whole:
        return False, float("inf")
    ratio = min(ratio, _ALIVE)
    return True, last * ratio / (1.0 - ratio)


def damping(times: Array) -> float:
    """η of an answer that does not die out."""
    return float(_LEFT / times[-1])


def spectrum(
    times: Array, values: Array, omega: Array, scale: float, eta: float = 0.0
) -> Spectrum:
    """σ(ω + iη) of S; `scale` is the largest of all elements."""
    fine = transformed(times, values, omega, eta)
    coarse = transformed(times[::2], values[::2], omega, eta)
    dies, rest = dying(values, scale)
    if not dies:
        rest = float(np.abs(np.diff(values)).sum())
    return Spectrum(fine, np.abs(fine - coarse) / _SPLINE, rest * float(np.exp(-eta * times[-1])))


def transformed(times: Array, values: Array, omega: Array, eta: float = 0.0) -> Array:
    """S(0) + ∫dt e^{i(ω + iη)t} ∂ₜS over the run, complex.  (ω)"""
    slope = CubicSpline(times, values).derivative()
    where, weights = gauss(_NODES)
    interval = float(times[1] - times[0])
    points = (times[:-1, None] + interval * where).ravel()
    shares = np.tile(interval * weights, len(times) - 1)
    rates = shares * slope(points) * np.exp(-eta * points)
    phases = np.exp(1j * np.outer(omega, points))
    return np.asarray(values[0] + phases @ rates)


def frequencies(times: Array, values: Array, count: int) -> Array:
    """From 0 to five times the mean frequency of an answer, ∫|∂ₜ²S|/∫|∂ₜS|.  values (n, ...)"""
    flat = values.reshape(len(times), -1)
    largest = int(np.argmax(np.abs(np.diff(flat, axis=0)).sum(axis=0)))
    first = np.gradient(flat[:, largest], times)
    second = np.gradient(first, times)
    scale = float(np.abs(first).sum())
    mean = float(np.abs(second).sum()) / scale if scale > 0.0 else 1.0 / float(times[-1])
    interval = float(times[1] - times[0])
    top = min(5.0 * max(mean, 2.0 / float(times[-1])), 0.5 * np.pi / interval)
    return np.linspace(0.0, top, count)
