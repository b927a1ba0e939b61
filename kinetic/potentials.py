"""Antisymmetric potentials ε̄_s P_s^{ji} of the flow, and their parts by mechanism.

    D_s ẋ_s^j = Σ_i ∂_i (ε̄_s P_s^{ji}) ,      P_s = Π + ½ s R

Every function takes a two-form at points and two indices j, i of phase space, and gives a part of
the potential (entry, band, corners), or None where it is zero.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinetic.grid import Array
from kinetic.twoform import TIME, Entry, TwoForm, momentum, position

SIGNS = np.array([-1.0, 1.0])  # s of the bands
Term = Callable[[TwoForm, int, int], Entry]


def _banded(form: TwoForm, entry: Entry, signed: bool) -> Array | None:
    """A quantity with a band axis behind the entries: (entry, 1 or band, corners)."""
    if entry is None:
        return None
    value = np.asarray(entry, dtype=float)
    if value.ndim == 0:
        value = value.reshape([1] * (1 + form.dimensions))
    value = value[:, None]
    if signed:
        value = value * SIGNS.reshape(1, 2, *[1] * form.dimensions)
    return value


def energies(form: TwoForm, shifted: bool = True) -> Array:
    """ε̄_s (+ φ), or ε_s.  (entry, band, corners)"""
    values = form.shifted_energies() if shifted else form.energies()
    return np.asarray(np.moveaxis(values + form.potential, 0, 1))


def total(form: TwoForm, j: int, i: int) -> Entry:
    """ε̄_s P_s^{ji}."""
    return _summed(bare(form, j, i), tilted(form, j, i))


def bare(form: TwoForm, j: int, i: int) -> Entry:
    """ε̄_s Π^{ji}."""
    factor = _banded(form, form.poisson(j, i), False)
    return None if factor is None else energies(form) * factor


def tilted(form: TwoForm, j: int, i: int) -> Entry:
    """½ s ε̄_s R^{ji}."""
    factor = _banded(form, form.berry(j, i), True)
    return None if factor is None else 0.5 * energies(form) * factor


def group(form: TwoForm, j: int, i: int) -> Entry:
    """ε_s Π^{ji}."""
    factor = _banded(form, form.poisson(j, i), False)
    return None if factor is None else energies(form, shifted=False) * factor


def moment(form: TwoForm, j: int, i: int) -> Entry:
    """-¼ΔF Π^{ji}, the same in both bands."""
    factor, shift = form.poisson(j, i), form.shift()
    if factor is None or shift is None:
        return None
    return _banded(form, factor * shift, False)


def chiral(form: TwoForm, j: int, i: int) -> Entry:
    """½ s ε̄_s ħ b_j B_i on pairs (x_j, k_i)."""
    if not (j < 3 <= i < TIME):
        return None
    factor = _banded(form, form.chiral(j, i - 3), True)
    return None if factor is None else 0.5 * energies(form) * factor


def mixed(form: TwoForm, j: int, i: int) -> Entry:
    """½ s ε̄_s times what R^{x_j k_i} holds besides ħ b_j B_i: F_rk."""
    whole = tilted(form, j, i) if j < 3 <= i < TIME else None
    part = chiral(form, j, i)
    return whole if whole is None or part is None else whole - part


def anomalous(form: TwoForm, j: int, i: int) -> Entry:
    """½ s ε̄_s R^{x_j x_i}: the Hall velocity in the force -∂_r ε̄."""
    return tilted(form, j, i) if j < 3 and i < 3 else None


def _summed(one: Entry, other: Entry) -> Entry:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def moving_force(j: int) -> Callable[[TwoForm], Entry]:
    """F_{r_j t} + Σ_i Π^{k_j k_i} F_{k_i t}, which -q_s turns into a force along k_j."""

    def entry(form: TwoForm) -> Entry:
        total: Entry = form.curvature(position(j), TIME)
        for i in range(form.dimensions):
            factor = form.poisson(momentum(j), momentum(i))
            moving = form.curvature(momentum(i), TIME)
            if factor is not None and moving is not None:
                part = -factor * moving
                total = part if total is None else total + part
        return total

    return entry
