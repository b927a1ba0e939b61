"""exp(Δt L) n̂ for a linear operator with its spectrum near the imaginary axis.

    e^{zX} = J₀(z) + 2 Σ_k J_k(z) φ_k ,   φ_{k+1} = 2X φ_k + φ_{k-1} ,  φ₁ = X φ₀ ,  φ₀ = 1 ,

X = L/R, z = R Δt, with R the largest frequency of L.  A number of terms a little above z gives
all digits; an R that is too small by some per cent costs digits, no stability.  The weights of
the even terms are made to add up to 1, so that what L conserves stays as it is to rounding.

Source: Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967 (1984), Eqs. (3.10)-(3.13).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import jv

from kinetic.grid import Array

_SMALLEST = 1e-16  # of the Bessel functions that are kept
Operator = Callable[[Array], tuple[Array, Array]]


def weights(z: float, smallest: float = _SMALLEST) -> Array:
    """J₀(z), 2J₁(z), 2J₂(z), ... as far as they are above `smallest`."""
    count = int(z + 30.0 + 8.0 * z ** (1.0 / 3.0))
    found = jv(np.arange(count), z)
    found[1:] *= 2.0
    found = found[: int(np.flatnonzero(np.abs(found) > smallest)[-1]) + 1]
    found[0] += 1.0 - float(found[::2].sum())
    return np.asarray(found)


def exponential(
    operator: Operator, largest: float, step: float, state: Array, smallest: float = _SMALLEST
) -> tuple[Array, Array, int]:
    """exp(Δt L) u, and what passed through the ends of the axes meanwhile.

    Parameters
    ----------
    operator
        U ↦ (L u, fluxes through the ends), both linear in u.
    largest
        R.
    step
        Δt.
    state
        u.
    smallest
        Weight of the terms that are left out.

    Returns
    -------
    state
        The new u.
    passed
        ∫dt of the fluxes.
    count
        Evaluations of L.
    """
    if largest * step < smallest:
        slope, through = operator(state)
        return state + step * slope, step * through, 1
    series = weights(largest * step, smallest)
    before, result = state, series[0] * state
    slope, through = operator(state)
    slope /= largest
    here, gone, passed_before = slope, through / largest, np.zeros_like(through)
    passed = np.zeros_like(through)
    for k, weight in enumerate(series[1:], 1):
        result += weight * here
        passed += weight * gone
        if k + 1 == len(series):
            break
        slope, through = operator(here)
        slope *= 2.0 / largest
        slope += before
        before, here = here, slope
        passed_before, gone = gone, passed_before + 2.0 / largest * through
    return result, passed, len(series) - 1
