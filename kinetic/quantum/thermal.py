"""n̂ = f_FD(Ĥ), exactly: a Chebyshev series in the ⋆ product.

    T₀ = 1 ,  T₁ = Ĥ′ ,  T_{j+1} = 2 Ĥ′ ⋆ T_j − T_{j−1} ,  Ĥ′ = (Ĥ − centre)/half width

converges like exp(−j π T/half width).  Powers of Ĥ commute with it: ½(Ĥ⋆T + T⋆Ĥ) may stand for
Ĥ⋆T, which keeps T Hermitian.
Source: Weiße, Wellein, Alvermann and Fehske, Rev. Mod. Phys. 78, 275 (2006), Sec. II.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.initial import FermiDirac
from kinetic.initial.base import fermi

if TYPE_CHECKING:
    from kinetic.quantum.moyal import Moyal

_SMALL = 1e-15
_LONGEST = 100_000


def thermal(evolution: Moyal) -> Array:
    """f_FD(Ĥ) of the initial μ and T.  (valley, 4, *r, *k)

    Raises
    ------
    InputError
        If the initial state is not `fermi_dirac` with T > 0, or T is far too low.
    """
    initial = evolution.system.initial
    if not isinstance(initial, FermiDirac):
        raise InputError(
            "[equation] preparation = 'exact' is f(Ĥ) of an initial 'fermi_dirac'; "
            f"'{initial.name}' has no such form: take 'coherent' or 'bare'."
        )
    reservoirs = [initial.reservoir(v) for v in range(evolution.system.valleys)]
    bounds = [flow.bounds(evolution.time) for flow in evolution.flows]
    low, high = (sum(pair) for pair in zip(*bounds, strict=True))
    centre, half = 0.5 * (low + high), 0.5 * (high - low) * (1.0 + 1e-6) + 1e-12
    series = [_coefficients(mu, t, centre, half) for mu, t in reservoirs]
    longest = max(len(c) for c in series)
    weights = np.zeros((longest, len(series)))
    for valley, coefficients in enumerate(series):
        weights[: len(coefficients), valley] = coefficients
    shape = [-1, *[1] * (evolution.n.ndim - 1)]
    before = np.zeros_like(evolution.n)
    before[:, 0] = 1.0
    total: Array = weights[0].reshape(shape) * before
    now = _applied(evolution, before, centre, half)
    for weight in weights[1:]:
        total += weight.reshape(shape) * now
        after = _applied(evolution, now, centre, half)
        after *= 2.0
        after -= before
        before, now = now, after
    return total


def _applied(evolution: Moyal, n: Array, centre: float, half: float) -> Array:
    """(Ĥ − centre) ⋆ n̂ / half."""
    out = -centre * n
    for flow in evolution.flows:
        flow.add_product(out, n, evolution.time)
    out /= half
    return out


def _coefficients(mu: float, temperature: float, centre: float, half: float) -> Array:
    """Coefficients of f_FD(centre + half x) in T_j(x), down to rounding."""
    if temperature <= 0.0:
        raise InputError(
            "[initial] temperature = 0: f(Ĥ) of preparation 'exact' is a series that needs "
            "T > 0; raise T, or take preparation = 'coherent'."
        )
    count = int(2 ** np.ceil(np.log2(64.0 + 24.0 * half / temperature)))
    if count > _LONGEST:
        raise InputError(
            f"[initial] temperature = {temperature:.3g} is {2 * half / temperature:.3g} times "
            "smaller than the bands are wide: preparation 'exact' would take too long; raise T."
        )
    nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    values = fermi(centre + half * nodes, mu, temperature)
    coefficients = scipy.fft.dct(values) / count
    coefficients[0] *= 0.5
    large = np.flatnonzero(np.abs(coefficients) > _SMALL)
    return np.asarray(coefficients[: large[-1] + 1 if len(large) else 1])
