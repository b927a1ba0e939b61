"""Disorder potentials: how the strength of scattering depends on the change of momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.errors import InputError, MissingMethodError
from kinetic.grid import Array
from kinetic.initial.parameters import number
from kinetic.registry import Description


def above_zero(name: str, value: Any) -> float:
    """A finite number above 0.

    Raises
    ------
    InputError
        If it is none.
    """
    if number(name, value) <= 0.0:
        raise InputError(f"{name} = {value!r} must be above 0.")
    return float(value)


class Disorder(Description):
    """|V(q)|²/|V(0)|² of a random potential without correlations beyond the second one."""

    kind = "disorder"

    @property
    def flat(self) -> bool:
        """Whether it is the same for all q."""
        return False

    def weight(self, q: Array, dimensions: int) -> Array:
        """|V(q)|²/|V(0)|² of wave vectors q, in that many dimensions."""
        raise MissingMethodError(self, "weight")


@dataclass(frozen=True)
class WhiteNoise(Disorder):
    """|V(q)|² = V₀²: impurities shorter than every wavelength."""

    name = "white_noise"

    @property
    def flat(self) -> bool:
        """It is."""
        return True

    def weight(self, q: Array, dimensions: int) -> Array:
        """1."""
        return np.ones_like(q)


@dataclass(frozen=True)
class GaussianDisorder(Disorder):
    """|V(q)|² = V₀² exp(-q²ξ²)

    Correlations ⟨V(r)V(0)⟩ ~ exp(-r²/4ξ²).

    Parameters
    ----------
    length
        ξ > 0.
    """

    name = "gaussian"

    length: float

    def __post_init__(self) -> None:
        above_zero("length", self.length)

    def weight(self, q: Array, dimensions: int) -> Array:
        """exp(-q²ξ²)."""
        return np.asarray(np.exp(-((q * self.length) ** 2)))


@dataclass(frozen=True)
class ScreenedCoulomb(Disorder):
    """|V(q)|² = V₀² [1 + (q/q_TF)²]⁻² in 3D, V₀² [1 + q/q_TF]⁻² in 2D

    Charged impurities screened after Thomas and Fermi.  Source: Ando, Fowler and Stern, Rev. Mod.
    Phys. 54, 437 (1982) (2D); Ashcroft and Mermin, Solid State Physics (1976), ch. 17
    (3D).

    Parameters
    ----------
    screening
        q_TF > 0, inverse length.
    """

    name = "coulomb"

    screening: float

    def __post_init__(self) -> None:
        above_zero("screening", self.screening)

    def weight(self, q: Array, dimensions: int) -> Array:
        """The square of the screened potential, 1 at q = 0."""
        if dimensions not in (2, 3):
            raise InputError(
                "disorder 'coulomb' is made for 2 and 3 momentum axes; take 'gaussian' or "
                "'white_noise'."
            )
        x = q / self.screening
        return np.asarray((1.0 + (x * x if dimensions == 3 else x)) ** -2.0)
