"""What a collision operator is.

C[f]_s is the rate of the occupation.  The equation maps it to the evolved variable:
C_s = C[f]_s (boltzmann), D_s C[f]_s (dressed), C[f]_s + ¼F(C[f]_+ - C[f]_-) (projected), so
an invariant w of a collision is a vanishing Σ_s ∫ D_s C[f]_s w.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import MissingMethodError
from kinetic.grid import Array
from kinetic.registry import Description


@dataclass(frozen=True)
class Surroundings:
    """What an operator may look at; where b or the texture moves the arrays follow in place.

    energy
        ε̄_s at cell centres.  (valley·band, A, B, C)
    weight
        Phase-space volume of cells, D_s V/(2πħ)^d.  (valley·band, A, B, C)
    equilibrium
        Cell averages of the initial occupation.  (valley·band, A, B, C)
    glued
        Cells whose bands share one occupation.  (valley, A, B, C)
    reservoirs
        (μ, T) of each valley if the initial state has them, else None.
    thermal
        Whether the initial occupation is the Fermi function of the reservoirs.
    """

    energy: Array
    weight: Array
    equilibrium: Array
    glued: NDArray[np.bool_]
    reservoirs: tuple[tuple[float, float] | None, ...]
    thermal: bool


class Operator:
    """A collision operator on a given grid."""

    fastest: float = 0.0
    """Largest relaxation rate; the step is kept below its reciprocal."""

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add C[f]_s to out.  f, out (valley·band, A, B, C)."""
        raise MissingMethodError(self, "rate")

    def state(self) -> dict[str, Array]:
        """Whatever must survive a restart bit by bit."""
        return {}

    def restore(self, state: dict[str, Array]) -> None:
        """Take back what `state` handed over."""


class Collision(Description):
    """Inert description of a collision operator; `conserves` names its invariants."""

    kind = "collision"
    conserves: ClassVar[tuple[str, ...]] = ()

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator on a grid."""
        raise MissingMethodError(self, "build")
