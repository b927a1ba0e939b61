"""What an observable is: a description that, built on an evolution, becomes a recorder.

Where the lower band is filled at an open cutoff the sea is infinite.  Then densities, energies
and currents are relative to a filled lower and an empty upper band; what was taken off is kept
in the attribute `sea`.

In real space densities and currents are local: they have the axes x, y, z of the grid.  What is
counted over everything (charges, outflows) is then a number in the whole sample, per length of
the directions that have no axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from kinetic.errors import InputError, MissingMethodError
from kinetic.grid import Array, Axis
from kinetic.registry import Description, construct, find, from_table
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.quantum.base import QuantumEvolution

    Evolving: TypeAlias = Evolution | QuantumEvolution

_WHERE = "output.observables"


@dataclass(frozen=True)
class Recorder:
    """Rows of the result and how their values are measured.

    Parameters
    ----------
    variables
        Rows of the result.
    function
        Gives name → value for all of them at the present time.
    coordinates
        Coordinates that only these rows have: name → (dimensions, values, attributes).
    """

    variables: tuple[Variable, ...]
    function: Callable[[], Mapping[str, Any]]
    coordinates: Mapping[str, Any] = field(default_factory=dict)

    def measure(self) -> dict[str, np.ndarray]:
        """Values of all variables at the present time."""
        return {name: np.asarray(value) for name, value in self.function().items()}


class Observable(Description):
    """Inert description of something measured in the course of a run.

    A leaf that is also for evolutions with coherences says `quantum = True`.
    """

    kind = "observable"
    quantum: ClassVar[bool] = False

    def fits(self, evolution: Evolution) -> str | None:
        """None, or why this system does not have it and what to do."""
        return None

    def recorder(self, evolution: Evolution) -> Recorder:
        """The recorder, for a system that fits."""
        raise MissingMethodError(self, "recorder")

    def build(self, evolution: Evolution) -> Recorder:
        """The recorder of an evolution that stands at its start.

        Raises
        ------
        InputError
            If the system does not have what is asked for.
        """
        obstacle = self.obstacle(evolution)
        if obstacle is not None:
            raise InputError(f"[{_WHERE}] {self.name}: {obstacle}")
        return self.recorder(evolution)

    def obstacle(self, evolution: Evolution) -> str | None:
        """None, or why it cannot be measured at this level or in this system."""
        equation = evolution.system.equation
        if equation.coherent and not self.quantum:
            return (
                f"it is part of the gradient expansion and has no meaning at level "
                f"'{equation.level}': leave it out, or use 'projected' or 'dressed'."
            )
        return self.fits(evolution)


STANDARD = (
    "density",
    "particles",
    "band_density",
    "valley_density",
    "chirality_density",
    "current",
    "energy",
    "coherence",
    "purity",
    "absorbed",
    "berry_map",
    "boundary_outflow",
    "faraday_inflow",
    "collision_inflow",
    "valley_transfer",
    "node_exchange",
    "pumping_rate",
    "occupation_bounds",
    "ledger_residual",
    "applicability",
)


@dataclass(frozen=True)
class Standard(Observable):
    """densities, current by contributions, energy, charge budget: those that the system has"""

    name = "standard"
    quantum = True

    def recorder(self, evolution: Evolution) -> Recorder:
        """All recorders as one."""
        chosen = [construct(find(Observable, name, _WHERE), {}, _WHERE) for name in STANDARD]
        parts = [o.recorder(evolution) for o in chosen if o.obstacle(evolution) is None]

        def measure() -> dict[str, Any]:
            return {name: value for part in parts for name, value in part.measure().items()}

        coordinates = {k: v for part in parts for k, v in part.coordinates.items()}
        return Recorder(tuple(v for p in parts for v in p.variables), measure, coordinates)


def default_observables(names: Sequence[Any] | None) -> list[Observable]:
    """Observables from names, tables or objects; None stands for the standard set.

    Raises
    ------
    InputError
        Naming the nearest known observable or parameter.
    """
    if names is None:
        return [Standard()]
    chosen: list[Observable] = []
    for index, entry in enumerate(names):
        if isinstance(entry, Observable):
            chosen.append(entry)
        elif isinstance(entry, Mapping):
            chosen.append(from_table(Observable, entry, f"{_WHERE}.{index}"))
        else:
            chosen.append(construct(find(Observable, entry, _WHERE), {}, _WHERE))
    return chosen


# --- what several observables share -----------------------------------------------------------


def per_volume(evolution: Evolving, quantity: str = "1", time: bool = False) -> str:
    """Units of a density of `quantity`, per time if asked."""
    return _per_lengths(quantity, evolution.mesh.dimensions, time)


def in_sample(evolution: Evolving, quantity: str = "1", time: bool = False) -> str:
    """Units of a number in the sample: the density's where there are no axes in real space."""
    return _per_lengths(quantity, evolution.mesh.dimensions - len(evolution.mesh.sites), time)


def per_area(evolution: Evolving, quantity: str = "1") -> str:
    """Units of a current density of `quantity`."""
    return _per_lengths(quantity, evolution.mesh.dimensions - 1, True)


def _per_lengths(quantity: str, power: int, time: bool) -> str:
    above = [quantity] if quantity != "1" else []
    below: list[str] = []
    if power:
        length = "length" if abs(power) == 1 else f"length^{abs(power)}"
        (below if power > 0 else above).append(length)
    below += ["time"] if time else []
    whole = " ".join(above) or "1"
    if not below:
        return whole
    return f"{whole}/{below[0]}" if len(below) == 1 else f"{whole}/({' '.join(below)})"


def times_length(units: str, power: int) -> str:
    """Units of a density (or current density), times length^power."""
    above, _, below = units.partition("/")
    length = 0
    kept: list[str] = []
    for sign, side in ((-1, above), (1, below.strip("()"))):
        for token in side.split():
            name, _, exponent = token.partition("^")
            if name == "length":
                length += sign * int(exponent or 1)
            elif sign < 0 and name != "1":
                kept.append(token)
    return _per_lengths(" ".join(kept) or "1", length - power, "time" in below)


def places(evolution: Evolving) -> tuple[str, ...]:
    """Names of the axes of real space, () in a homogeneous run."""
    return tuple(axis.name for axis in evolution.system.grid.space)


def described(axis: Axis) -> dict[str, str]:
    """Units and title of the coordinate along an axis."""
    if axis.spatial:
        return {"units": "length", "long_name": f"position {axis.name}, cell centres"}
    return {"units": "hbar/length", "long_name": f"momentum {axis.name}, cell centres"}


def momenta(evolution: Evolution, values: Array) -> Array:
    """A (valley·site·band, A, B, C) array as (valley, band, *sites, *k)."""
    sites = evolution.mesh.sites
    k = [axis.cells for axis in evolution.system.grid.momentum]
    whole = values.reshape(evolution.system.valleys, *sites, -1, *k)
    return np.moveaxis(whole, 1 + len(sites), 1)


def at_sites(evolution: Evolution, values: Array, *first: int) -> Array:
    """Sums of (valley, band, *sites, *k) over all but the sites and `first`: 0 valley, 1 band.

    (*first, *sites)
    """
    kept = (*first, *range(2, 2 + len(evolution.mesh.sites)))
    moved = np.moveaxis(values, kept, range(len(kept)))
    return np.asarray(moved.reshape(*moved.shape[: len(kept)], -1).sum(axis=-1))


def sea(evolution: Evolution, dressed: bool = True) -> Array | None:
    """Filled lower band f = (1, 0) in the evolved variable; None if the sea is finite.

    `dressed` takes u of f = (1, 0) with the present F: (1 - F/2, 0) in g_s, (1 - F/4, -F/4) in
    n_s; otherwise F = 0 is taken, so that the response of the sea to b shows.
    (valley·site·band, A, B, C)
    """
    if not evolution.sea_filled:
        return None
    patches = evolution.system.valleys * evolution.mesh.site_count
    filled: Array = np.zeros((2 * patches, *evolution.mesh.shape))
    filled[0::2] = 1.0
    level = evolution.system.equation.level
    if dressed and level != "boltzmann":
        field_ = evolution.transport.dressing
        if level == "dressed":
            filled[0::2] -= 0.5 * field_
        else:
            filled -= 0.25 * np.repeat(field_, 2, axis=0)
    return filled
