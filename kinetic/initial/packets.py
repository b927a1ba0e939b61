"""Packets: Gaussians in momentum, and in momentum and real space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.grid import SPACE, Array
from kinetic.initial.base import Initial, Points
from kinetic.initial.parameters import (
    MOMENTA,
    check_components,
    number,
    one_each,
    positive,
    vector,
)

BANDS = ("lower", "upper")
RESTS = ("empty", "sea")


def _check_packet(amplitude: float, band: str) -> None:
    if not 0.0 < number("amplitude", amplitude) <= 1.0:
        raise InputError(f"amplitude = {amplitude} must lie in (0, 1].")
    if band not in BANDS:
        raise InputError(f"band = {band!r}: write 'upper' or 'lower'.")


def _squared(
    coordinates: Sequence[Array], centre: Sequence[float], widths: Sequence[float]
) -> Array:
    """Σ (x - x₀)²/w², which broadcasts like the coordinates."""
    terms = zip(coordinates, centre, widths, strict=True)
    with np.errstate(over="ignore"):
        return np.asarray(sum(((x - c) / w) ** 2 for x, c, w in terms))


@dataclass(frozen=True)
class Gaussian(Initial):
    """f_s = A exp(-|k - k₀|²/2w²) in one band, the other band empty (lower band filled if below).

    Parameters
    ----------
    centre
        k₀, one component per momentum direction.
    width
        w > 0.
    amplitude
        0 < A <= 1.
    band
        'upper' (the lower band is filled) or 'lower' (the upper band is empty).
    """

    name = "gaussian"

    centre: Any
    width: float
    amplitude: float = 1.0
    band: str = "upper"

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre", vector("centre", self.centre))
        if number("width", self.width) <= 0.0:
            raise InputError(f"width = {self.width} must be above 0.")
        _check_packet(self.amplitude, self.band)

    def occupation(self, points: Points) -> Array:
        """The packet over the filled or empty rest, the same at every r."""
        squared = sum((k - c) ** 2 for k, c in zip(points.k, self.centre, strict=True))
        packet = self.amplitude * np.exp(-0.5 * np.asarray(squared) / self.width**2)
        packet = np.broadcast_to(packet, points.shape)
        if self.band == "upper":
            return np.stack([np.ones_like(packet), packet])
        return np.stack([packet, np.zeros_like(packet)])

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """One component per direction."""
        check_components("centre", self.centre, "momentum", MOMENTA[:dimensions])


@dataclass(frozen=True)
class WavePacket(Initial):
    """f_s = A exp(-|r - r₀|²/2w² - |k - k₀|²/2κ²) in one band.

    The packet has no images: keep it several widths away from the ends of periodic axes.

    Parameters
    ----------
    position
        r₀, one component per r axis.
    momentum
        k₀, one component per momentum direction.
    width
        w > 0, a number or one per r axis (length).
    momentum_width
        κ > 0, a number or one per momentum direction.  By default 1/(2w), of the r axis of the
        same direction or, where there is none, of the first: the Wigner function of a Gaussian
        wave function of that width, in units of ħ = 1.
    amplitude
        0 < A <= 1.
    band
        'upper' or 'lower'.
    rest
        'empty': there is nothing else; 'sea': the lower band is filled and the packet is in
        the upper one.
    """

    name = "wave_packet"
    instead = "without r axes 'gaussian' is the packet"

    position: Any
    momentum: Any
    width: Any
    momentum_width: Any = None
    amplitude: float = 1.0
    band: str = "upper"
    rest: str = "empty"

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", vector("position", self.position))
        object.__setattr__(self, "momentum", vector("momentum", self.momentum))
        object.__setattr__(self, "width", positive("width", self.width))
        if self.momentum_width is not None:
            widths = positive("momentum_width", self.momentum_width)
            object.__setattr__(self, "momentum_width", widths)
        _check_packet(self.amplitude, self.band)
        if self.rest not in RESTS:
            raise InputError(f"rest = {self.rest!r}: write 'empty' or 'sea'.")
        if self.rest == "sea" and self.band == "lower":
            raise InputError(
                "rest = 'sea' fills the lower band: no packet fits into it; take band = 'upper' "
                "or rest = 'empty'."
            )

    def widths(self, space: Sequence[str], dimensions: int) -> tuple[list[float], list[float]]:
        """w of each r axis and κ of each momentum direction."""
        across = one_each(self.width, len(space))
        if self.momentum_width is not None:
            return across, one_each(self.momentum_width, dimensions)
        first: float = self.width[0] if isinstance(self.width, tuple) else self.width
        own = dict(zip(space, across, strict=True))
        return across, [0.5 / own.get(name[1:], first) for name in MOMENTA[:dimensions]]

    def occupation(self, points: Points) -> Array:
        """The packet over the filled or empty rest."""
        space = [name for name in SPACE if name in points.r]
        across, along = self.widths(space, len(points.k))
        near = np.exp(-0.5 * _squared([points.r[name] for name in space], self.position, across))
        packet = self.amplitude * near * np.exp(-0.5 * _squared(points.k, self.momentum, along))
        f = np.zeros((2, *points.shape))
        f[BANDS.index(self.band)] = packet
        if self.rest == "sea":
            f[0] = 1.0
        return f

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """One component per axis, of which one is in real space."""
        if not space:
            raise InputError(
                "[initial] 'wave_packet' has a position, but the grid has no r axes: without "
                "them 'gaussian' is the packet."
            )
        check_components("position", self.position, "r", space)
        check_components("momentum", self.momentum, "momentum", MOMENTA[:dimensions])
        if isinstance(self.width, tuple):
            check_components("width", self.width, "r", space)
        if isinstance(self.momentum_width, tuple):
            check_components(
                "momentum_width", self.momentum_width, "momentum", MOMENTA[:dimensions]
            )
