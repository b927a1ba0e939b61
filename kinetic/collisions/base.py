"""What a collision operator is.

C[f]_s is the rate of the occupation.  The equation maps it to the evolved variable:
C_s = C[f]_s (boltzmann), D_s C[f]_s (dressed), C[f]_s + ¼F(C[f]_+ - C[f]_-) (projected), so
an invariant w of a collision is a vanishing Σ_s ∫ D_s C[f]_s w, at every site of real space where
there are some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kinetic.device import Device
from kinetic.errors import MissingMethodError
from kinetic.grid import Array
from kinetic.registry import Description


@dataclass(frozen=True)
class Surroundings:
    """What an operator may look at; where b, φ or the texture moves the arrays follow in place.

    The first index of arrays is ((valley·sites + site)·2 + band).  Sites are counted in the order
    of the axes x, y, z, the last one fastest; a run without axes in real space has one.

    energy
        ε̄_s + φ at cell centres.  (valley·site·band, A, B, C)
    weight
        Phase-space volume of cells, D_s V/(2πħ)^d.  (valley·site·band, A, B, C)
    equilibrium
        Cell averages of the initial occupation, or of the equilibrium that is split off.
        (valley·site·band, A, B, C)
    glued
        Cells whose bands share one occupation.  (valley·site, A, B, C)
    reservoirs
        (μ, T) of each valley if the initial state has them, else None; with axes in real space
        those of the global equilibrium f_FD(ε̄_s + φ).
    thermal
        Whether `equilibrium` is the Fermi function of the reservoirs.
    sites
        Number of sites in real space.
    volumes
        Momentum volume V of cells.  (A, B, C)
    places
        Coordinates of the sites by name.  (site,)
    device
        Where loops run.
    """

    energy: Array
    weight: Array
    equilibrium: Array
    glued: NDArray[np.bool_]
    reservoirs: tuple[tuple[float, float] | None, ...]
    thermal: bool
    sites: int = 1
    volumes: Array = field(default_factory=lambda: np.ones((1, 1, 1)))
    places: Mapping[str, Array] = field(default_factory=dict)
    device: Device = field(default_factory=lambda: Device(1))

    @property
    def valleys(self) -> int:
        """Number of valleys."""
        return len(self.reservoirs)

    def where(self, site: int) -> str:
        """' at x = 0.25, y = 1' for messages; empty where there is no axis in real space."""
        named = [f"{name} = {float(x[site]):.6g}" for name, x in self.places.items()]
        return f" at {', '.join(named)}" if named else ""


class Operator:
    """A collision operator on a given grid."""

    fastest: float = 0.0
    """Largest relaxation rate; the step is kept below its reciprocal."""

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add C[f]_s to out.  f, out (valley·site·band, A, B, C), C order."""
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
