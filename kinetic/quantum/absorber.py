"""Layers at open ends that absorb what arrives, so that it does not come round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from kinetic.errors import InputError
from kinetic.grid import SPACE, Array, Axis

if TYPE_CHECKING:
    from kinetic.quantum.moyal import Moyal

_DEPTH = 6.0  # e-foldings of n̂ on the way through a layer; more would reflect more
_EXPONENT = 2
_FEWEST = 4  # cells of a layer
_OCCUPIED = 1e-2  # of the state, at an open end
_SHARE = 0.1  # of the way through a layer in one step


class Absorber:
    """n̂ ← e^{−Γ(c⁻)τ/2} n̂ e^{−Γ(c⁺)τ/2}: an imaginary potential −½iħΓ in the layers.

    Γ(c) = Γ₀ (depth in the layer/its width)² at both ends of every open axis in real
    space.  Γ₀ lets what crosses the layer at the largest speed decay by e^{−6}; the
    layer of the other end, which follows on the torus, doubles that.

    Parameters
    ----------
    evolution
        Whose grid and fields these are.

    Attributes
    ----------
    limit
        Largest step: a tenth of the time that the crossing of a layer takes.
    """

    def __init__(self, evolution: Moyal) -> None:
        self._evolution = evolution
        share = evolution.system.equation.absorber
        self.limit = np.inf
        self._layers: list[tuple[int, int, Array]] = []
        axes = evolution.system.grid.axes
        names = [axis.name for axis in axes]
        for place, axis in enumerate(axes):
            if axis.periodic or not axis.spatial or share == 0.0:
                continue
            speed, partner = _speed(evolution, axis), f"k{axis.name}"
            if speed == 0.0:
                continue
            _check_layer(evolution, place, axis, share)
            strength = _DEPTH * (_EXPONENT + 1) * speed / (share * axis.length)
            other = names.index(partner)
            rates = _rates(evolution, axis, axes[other], share, strength)
            self._layers.append((place, other, rates))
            self.limit = min(self.limit, _SHARE * share * axis.length / speed)

    def absorb(self, n: Array, step: float) -> float:
        """Absorb over a step; returns the number of particles taken."""
        if not self._layers:
            return 0.0
        before = self._evolution.charge()
        for place, other, rates in self._layers:
            modes = scipy.fft.rfft(n, axis=2 + other, workers=self._evolution.device.threads)
            shape = [1] * modes.ndim
            shape[2 + place], shape[2 + other] = rates.shape
            modes *= np.exp(-step * rates).reshape(shape)
            n[...] = scipy.fft.irfft(modes, n.shape[2 + other], axis=2 + other)
        return before - self._evolution.charge()


def _check_layer(evolution: Moyal, place: int, axis: Axis, share: float) -> None:
    """Refuse a layer that the cells do not hold, or that the state already fills."""
    cells = share * axis.cells
    if cells < _FEWEST:
        raise InputError(
            f"[equation] absorber = {share:g} makes layers of {cells:.2g} cells of {axis.name}: "
            f"take {_FEWEST / axis.cells:.2g} or more, or 0 for none."
        )
    ends = np.abs(np.take(evolution.n[:, 0], (0, -1), axis=1 + place)).max()
    if ends > _OCCUPIED * np.abs(evolution.n[:, 0]).max():
        raise InputError(
            f"[grid] {axis.name} is open, and the state fills its ends (½Tr n̂ = {ends:.2g}): the "
            "absorbing layers would take it away; make the axis periodic, with a texture and a φ "
            "that repeat, or start from a packet. With absorber = 0 the axis is a torus."
        )


def _rates(evolution: Moyal, axis: Axis, other: Axis, share: float, strength: float) -> Array:
    """½[Γ(c⁻) + Γ(c⁺)] by coordinate and wave number of its partner."""
    waves = 2.0 * np.pi / other.length * np.arange(other.cells // 2 + 1)
    if other.cells % 2 == 0:
        waves[-1] = 0.0
    width = share * axis.length
    total = np.zeros((axis.cells, len(waves)))
    for sign in (-0.5, 0.5):
        where = axis.centres[:, None] + sign * evolution.hbar * waves
        # The state is periodic: beyond an end lies the layer of the other one.
        where = axis.edges[0] + np.mod(where - axis.edges[0], axis.length)
        depth = np.maximum(axis.edges[0] + width - where, where - axis.edges[-1] + width)
        total += 0.5 * strength * np.clip(depth / width, 0.0, None) ** _EXPONENT
    return total


def _speed(evolution: Moyal, axis: Axis) -> float:
    """Largest group speed along an axis of real space."""
    fastest, i = 0.0, SPACE.index(axis.name)
    for block in evolution.blocks():
        jet = evolution.jet(block)
        scalar, vector = jet.scalar_gradient[i], jet.vector_gradient[i]
        size = np.sqrt(np.einsum("c...,c...->...", vector, vector))
        fastest = max(fastest, float(np.max(np.abs(scalar))) + float(np.max(size)))
    return fastest
