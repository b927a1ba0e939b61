"""Implicit stages of collisions that have no closed form: f = f* + Δt C[f].

Newton steps, halved within the bounds of occupations where the residual would grow; their linear
equations are solved by GMRES, preconditioned by 1/(1 + Δt Γ), with Γ the loss rate.  A relaxation
that keeps few invariants, or scattering of few harmonics, has few distinct eigenvalues then and
needs about as many iterations, however fast it is.

The result is f* + Δt C[f] of the last f, so that what C conserves is conserved to rounding.
Sources: Knoll and Keyes, J. Comput. Phys. 193, 357 (2004); Dennis and Schnabel, Numerical Methods
for Unconstrained Optimization and Nonlinear Equations (SIAM 1996), ch. 6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from kinetic.errors import PhysicsError
from kinetic.grid import Array

_NEWTON = 40  # steps
_BASIS = 20  # vectors of the state's size that GMRES keeps
_ENOUGH, _ACCEPTED = 1e-13, 1e-9  # largest residual, an occupation: aimed at, and still taken
_ROUGH = 1e-7  # residual, an occupation, up to which what is conserved to rounding is given back
_PATIENCE = 3  # Newton steps that hardly help, below what is still taken
_SHORTEST = 1e-3  # part of a Newton step
_FORCING = 1e-3  # a linear equation is solved to this part of its residual


class Rates(Protocol):
    """Collisions as an implicit stage sees them."""

    def total(self, f: Array, t: float) -> Array:
        """C[f]."""

    def loss(self) -> Array | float:
        """Γ."""

    def derivative(self, f: Array, v: Array, t: float) -> Array:
        """C′[f]v."""


def solved(collisions: Rates, target: Array, guess: Array, step: float, t: float) -> Array:
    """f with f = target + step C[f].

    Parameters
    ----------
    collisions
        C and its derivative.
    target, guess
        f*, and where to begin.  (valley·site·band, A, B, C)
    step, t
        Δt of the stage and the time at its end.

    Raises
    ------
    PhysicsError
        If no f is found.
    """
    lower, upper = min(0.0, float(target.min())), max(1.0, float(target.max()))
    ease = 1.0 / (1.0 + step * np.broadcast_to(collisions.loss(), target.shape))
    f, before, stalled = guess, np.inf, 0
    reached = target + step * collisions.total(f, t)
    for _ in range(_NEWTON):
        residual = reached - f
        # Fast modes are off by the residual over 1 + ΔtΓ; conserved ones have none.
        miss = float(np.abs(ease * residual).max())
        stalled += miss < _ACCEPTED and miss > 0.5 * before
        if not np.isfinite(miss) or miss <= _ENOUGH or stalled > _PATIENCE:
            break
        before, start, part = miss, f, 1.0
        change = _correction(collisions, f, residual, step, t, ease)
        f = start + change
        reached = target + step * collisions.total(f, t)
        while part > _SHORTEST and _size(ease * (reached - f)) > miss > _ACCEPTED:
            part *= 0.5
            f = np.clip(start + part * change, lower, upper)
            reached = target + step * collisions.total(f, t)
    if not miss <= _ACCEPTED:
        raise PhysicsError(
            f"at t = {t:.6g} the collisions could not be solved for over a stage of length "
            f"{step:.3g} (the occupations are still off by {miss:.3g}): give [time] a smaller "
            "step, or follow them with stepper = 'ssprk3'."
        )
    if float(np.abs(residual).max()) <= _ROUGH:
        return reached
    # Roundings of C times a rate so high would be more than the miss itself.
    return np.asarray(f + ease * residual)


def _size(residual: Array) -> float:
    """Root of its mean square."""
    return float(np.sqrt(np.mean(np.square(residual))))


def _correction(
    collisions: Rates, f: Array, residual: Array, step: float, t: float, weight: Array
) -> Array:
    """δ with (1 - Δt C′)δ = residual."""
    from scipy.sparse.linalg import LinearOperator, gmres

    def shaped(function: Callable[[Array], Array]) -> LinearOperator:
        def flat(v: Array) -> Array:
            return function(np.asarray(v).reshape(f.shape)).ravel()

        return LinearOperator((f.size, f.size), flat, dtype=float)

    found, _ = gmres(
        shaped(lambda v: weight * (v - step * collisions.derivative(f, v, t))),
        (weight * residual).ravel(),
        rtol=_FORCING,
        restart=_BASIS,
        maxiter=5,
    )
    return np.asarray(found).reshape(f.shape)
