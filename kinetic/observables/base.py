"""What an observable is: a description that, built on an evolution, becomes a recorder.

Where the lower band is filled at an open cutoff the sea is infinite.  Then densities, energies
and currents are relative to a filled lower and an empty upper band; what was taken off is kept
in the attribute `sea`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError, MissingMethodError
from kinetic.grid import Array
from kinetic.registry import Description, construct, find, from_table
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

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
    """Inert description of something measured in the course of a run."""

    kind = "observable"

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
        obstacle = self.fits(evolution)
        if obstacle is not None:
            raise InputError(f"[{_WHERE}] {self.name}: {obstacle}")
        return self.recorder(evolution)


STANDARD = (
    "density",
    "band_density",
    "valley_density",
    "chirality_density",
    "current",
    "energy",
    "boundary_outflow",
    "faraday_inflow",
    "collision_inflow",
    "node_exchange",
    "pumping_rate",
    "occupation_bounds",
    "ledger_residual",
)


@dataclass(frozen=True)
class Standard(Observable):
    """densities, current by contributions, energy, charge budget: those that the system has"""

    name = "standard"

    def recorder(self, evolution: Evolution) -> Recorder:
        """All recorders as one."""
        chosen = [construct(find(Observable, name, _WHERE), {}, _WHERE) for name in STANDARD]
        parts = [o.recorder(evolution) for o in chosen if o.fits(evolution) is None]

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


def per_volume(evolution: Evolution, quantity: str = "1", time: bool = False) -> str:
    """Units of a density of `quantity`, per time if asked."""
    length = "length" if evolution.mesh.dimensions == 1 else f"length^{evolution.mesh.dimensions}"
    return f"{quantity}/({length} time)" if time else f"{quantity}/{length}"


def momenta(evolution: Evolution, values: Array) -> Array:
    """A (valley·band, A, B, C) array as (valley, band, *k)."""
    return values.reshape(evolution.system.valleys, -1, *evolution.system.grid.shape)


def sea(evolution: Evolution, dressed: bool = True) -> Array | None:
    """Filled lower band f = (1, 0) in the evolved variable; None if the sea is finite.

    `dressed` takes u of f = (1, 0) with the present F: (1 - F/2, 0) in g_s, (1 - F/4, -F/4) in
    n_s; otherwise F = 0 is taken, so that the response of the sea to b shows.
    (valley·band, A, B, C)
    """
    if not evolution.sea_filled:
        return None
    filled = np.zeros_like(evolution.transport.u)
    filled[0::2] = 1.0
    level = evolution.system.equation.level
    if dressed and level != "boltzmann":
        field_ = evolution.transport.dressing
        if level == "dressed":
            filled[0::2] -= 0.5 * field_
        else:
            filled -= 0.25 * np.repeat(field_, 2, axis=0)
    return filled
