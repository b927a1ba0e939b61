"""What a collision operator is.

C[f]_s is the rate of the occupation.  The equation maps it to the evolved variable:
C_s = C[f]_s (boltzmann), D_s C[f]_s (dressed), C[f]_s + ¼F(C[f]_+ - C[f]_-) (projected), so
an invariant w of a collision is a vanishing Σ_s ∫ D_s C[f]_s w, at every site of real space where
there are some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kinetic.device import Device
from kinetic.errors import MissingMethodError
from kinetic.grid import Array
from kinetic.hamiltonians.base import Jet
from kinetic.registry import Description

_NUDGE = 1e-6  # of the largest occupation: both halves of a central difference of C stay accurate


def _absent(*_: Any) -> Any:
    raise MissingMethodError(Surroundings, "this look at the system")


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
    momenta
        Kinetic momentum at cell centres by axis name, broadcastable to (A, B, C).
    wraps
        Whether an axis of `momenta` is periodic.
    hbar
        ħ.
    chiralities
        Sum of the charges of the nodes of each valley inside the grid.
    spin
        m = d/|d| at cell centres at the present time.  () → (valley·site, 3, A, B, C)
    force
        e at the sites, -∂_rφ included.  t → (site, 3)
    jets
        D and its derivatives at cell centres, of each valley of a Hamiltonian that is the same
        everywhere.  () → list of `Jet` with S = (A, B, C)
    moving
        Whether energy, weight or glued may change.
    regions
        Share of every cell in each node, the nearest one of its valley.  () → list of (A, B, C)
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
    momenta: Mapping[str, Array] = field(default_factory=dict)
    wraps: Mapping[str, bool] = field(default_factory=dict)
    hbar: float = 1.0
    chiralities: tuple[float, ...] = ()
    spin: Callable[[], Array] = _absent
    force: Callable[[float], Array] = _absent
    jets: Callable[[], list[Jet]] = _absent
    moving: bool = True
    regions: Callable[[], list[Array]] = _absent

    @property
    def dimensions(self) -> int:
        """Number of momentum axes."""
        return len(self.momenta)

    @property
    def valleys(self) -> int:
        """Number of valleys."""
        return len(self.reservoirs)

    def where(self, site: int) -> str:
        """' at x = 0.25, y = 1' for messages; empty where there is no axis in real space."""
        named = [f"{name} = {float(x[site]):.6g}" for name, x in self.places.items()]
        return f" at {', '.join(named)}" if named else ""


class Operator:
    """A collision operator on a given grid.

    Occupations and rates are (valley·site·band, A, B, C), C order.
    """

    fastest: float = 0.0
    """Largest relaxation rate; explicit steps are kept below its reciprocal."""

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add C[f]_s to out."""
        raise MissingMethodError(self, "rate")

    def loss(self) -> Array | float:
        """Γ >= 0 of the part -Γf of C, broadcastable to f: what implicit stages divide by."""
        return self.fastest

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """Add C′[f]v to out; by a central difference where an operator knows no better."""
        size = float(np.abs(v).max())
        if size == 0.0:
            return
        nudge = _NUDGE / size
        ahead, behind = np.zeros_like(f), np.zeros_like(f)
        self.rate(f + nudge * v, t, ahead)
        self.rate(f - nudge * v, t, behind)
        out += (ahead - behind) / (2.0 * nudge)

    def solve(self, target: Array, step: float, t: float) -> Array | None:
        """f with f = target + step C[f], or None where it has to be iterated for."""
        return None

    def side_velocity(self, t: float) -> Array | None:
        """Velocity that scattering itself gives.  (valley·site·band, dimension, A, B, C)"""
        return None

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
