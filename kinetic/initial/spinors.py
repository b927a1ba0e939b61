"""Packets with a spin of their own: a matrix-valued Wigner function, for the coherent levels."""

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


@dataclass(frozen=True)
class SpinorPacket(Initial):
    """n̂ = A exp(-|r - r₀|²/2w² - |k - k₀|²/2κ²) ½(1 + s·σ), in levels 'matrix' and 'moyal'.

    With |s| = 1, κ = ħ/2w and A = 2ᵈ this is the Wigner function of the wave function
    exp(-|r - r₀|²/4w² + i k₀·r/ħ) χ, of one particle: E. Wigner, Phys. Rev. 40, 749 (1932).
    The packet has no images: keep it several widths away from the ends of the axes.

    Parameters
    ----------
    momentum
        k₀, one component per momentum direction.
    spin
        s, three components with |s| <= 1.
    position
        r₀, one component per r axis.
    width
        w > 0, a number or one per r axis (length).
    momentum_width
        κ > 0, a number or one per momentum direction.  By default ħ/(2w) of the r axis of the
        same direction; a direction without an r axis needs it.
    amplitude
        A > 0, the largest value of Tr n̂; up to 2 per direction for a quantum state.
    """

    name = "spinor_packet"

    momentum: Any
    spin: Any
    position: Any = ()
    width: Any = None
    momentum_width: Any = None
    amplitude: float = 1.0

    def __post_init__(self) -> None:
        for key in ("momentum", "spin", "position"):
            object.__setattr__(self, key, vector(key, getattr(self, key)))
        for key in ("width", "momentum_width"):
            if getattr(self, key) is not None:
                object.__setattr__(self, key, positive(key, getattr(self, key)))
        if len(self.spin) != 3 or np.linalg.norm(self.spin) > 1.0 + 1e-12:
            raise InputError(f"spin = {list(self.spin)} must be three numbers with |s| <= 1.")
        if number("amplitude", self.amplitude) <= 0.0:
            raise InputError(f"amplitude = {self.amplitude} must be above 0.")

    def occupation(self, points: Points) -> Array:
        """Refused: the state has coherence between the bands."""
        raise InputError(
            "[initial] spinor_packet is a superposition of both bands: take [equation] level = "
            "'moyal' or 'matrix', or the initial state 'wave_packet'."
        )

    def matrix(self, points: Points, hbar: float) -> Array:
        """n₀ and n of n̂ = n₀ + n·σ at the points.  (4, S)

        Parameters
        ----------
        points
            Where; their energies are not used.
        hbar
            ħ, which the width in momentum follows.
        """
        space = [name for name in SPACE if name in points.r]
        across = one_each(self.width, len(space)) if space else []
        along = self._along(space, len(points.k), hbar)
        exponent = np.zeros(points.shape)
        for name, centre, width in zip(space, self.position, across, strict=True):
            exponent = exponent - 0.5 * ((points.r[name] - centre) / width) ** 2
        for k, centre, width in zip(points.k, self.momentum, along, strict=True):
            exponent = exponent - 0.5 * ((k - centre) / width) ** 2
        packet = 0.5 * self.amplitude * np.exp(exponent)
        return np.stack([packet, *(component * packet for component in self.spin)])

    def _along(self, space: Sequence[str], dimensions: int, hbar: float) -> list[float]:
        """κ of each momentum direction."""
        if self.momentum_width is not None:
            return one_each(self.momentum_width, dimensions)
        own = dict(zip(space, one_each(self.width, len(space)), strict=True))
        return [0.5 * hbar / own[name[1:]] for name in MOMENTA[:dimensions]]

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """One component per axis, and a width of each."""
        names = MOMENTA[:dimensions]
        if self.amplitude > 2.0**dimensions * (1.0 + 1e-12):
            raise InputError(
                f"[initial] amplitude = {self.amplitude:g}: Tr n̂ of a quantum state in "
                f"{dimensions} directions is at most {2**dimensions}."
            )
        check_components("position", self.position, "r", space)
        check_components("momentum", self.momentum, "momentum", names)
        if isinstance(self.width, tuple):
            check_components("width", self.width, "r", space)
        if isinstance(self.momentum_width, tuple):
            check_components("momentum_width", self.momentum_width, "momentum", names)
        if space and self.width is None:
            raise InputError("[initial] width is missing: give w of the r axes.")
        alone = [name for name in names if name[1:] not in space]
        if alone and self.momentum_width is None:
            raise InputError(
                f"[initial] momentum_width is missing: {', '.join(alone)} has no r axis whose "
                "width w would give ħ/2w."
            )
