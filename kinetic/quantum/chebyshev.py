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
    first, through = operator(state)
    first /= largest
    through = through / largest
    result = state + series[1] * first if len(series) > 1 else state.copy()
    passed = series[1] * through if len(series) > 1 else np.zeros_like(through)
    # ψ_k = φ_k − φ₀ for even k, and φ_k for odd ones: what is conserved is 0 in all of them.
    before, here = None, first
    passed_before, passed_here = np.zeros_like(through), through
    for k, weight in enumerate(series[2:], 1):
        after, passing = operator(here)
        after *= 2.0 / largest
        passing = 2.0 / largest * passing + passed_before
        if before is not None:
            after += before
        if k % 2 == 0:
            after += 2.0 * first
            passing += 2.0 * through
        result += weight * after
        passed += weight * passing
        before, here = here, after
        passed_before, passed_here = passed_here, passing
    return result, passed, max(1, len(series) - 1)
