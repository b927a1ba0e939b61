"""Temperature and chemical potential of the electrons, and the power that phonons take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import PhysicsError
from kinetic.grid import Array
from kinetic.observables.base import Recorder, per_volume, places
from kinetic.observables.cuts import Local
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


@dataclass(frozen=True)
class Temperature(Local):
    """μ and T of the f_FD((ε̄ + φ - μ)/T) that has the charge and the energy of the state

    At every site, with one μ and T for all valleys; not a number where no Fermi function has
    them.  Needs [[collisions]], which know the energies of the cells.
    """

    name = "temperature"

    def fits(self, evolution: Evolution) -> str | None:
        """A run with collisions."""
        if evolution.collisions:
            return None
        return "there are no [[collisions]] that would make a temperature: leave it out."

    def recorder(self, evolution: Evolution) -> Recorder:
        """electron_temperature(time, *r), chemical_potential(time, *r)."""
        from kinetic.collisions.local import LocalEquilibrium  # slow: the compiled loops

        together = evolution.collisions
        assert together is not None
        around = together.surroundings
        width = float(np.ptp(around.energy)) or 1.0
        baths = [(r[0], r[1] or 1e-3 * width) if r else None for r in around.reservoirs]
        own = (float(np.mean(around.energy)), 0.1 * width)
        own = next((bath for bath in baths if bath), own)
        local = LocalEquilibrium(
            ("charge", "energy"), around, [bath or own for bath in baths], "temperature"
        )
        sites = evolution.mesh.sites

        def measure() -> dict[str, Any]:
            together.look()
            local.parameters = local.baths.copy()  # the past of a run must not show
            try:
                local.find(local.flat(np.ascontiguousarray(evolution.transport.occupation())))
                found = local.local[: around.sites]
            except PhysicsError:
                found = np.full((around.sites, 2), np.nan)
            return {
                "electron_temperature": found[:, 1].reshape(sites),
                "chemical_potential": found[:, 0].reshape(sites),
            }

        attributes = {"formula": self.formula()}
        rows = tuple(
            Variable(name, places(evolution), "energy", title, attributes)
            for name, title in (
                ("electron_temperature", "temperature of the electrons, k_B T"),
                ("chemical_potential", "chemical potential of the electrons"),
            )
        )
        return Recorder(rows, measure)


@dataclass(frozen=True)
class PhononPower(Local):
    """P = -Σ_s∫dᵈk/(2πħ)ᵈ D_s (ε̄_s + φ) C[f]_s of the collisions with phonon baths"""

    name = "phonon_power"

    def fits(self, evolution: Evolution) -> str | None:
        """A bath of phonons."""
        if _baths(evolution):
            return None
        return "there is no phonon_bath among the [[collisions]]: nothing goes to phonons."

    def recorder(self, evolution: Evolution) -> Recorder:
        """phonon_power(time, *r)."""
        baths, sites = _baths(evolution), evolution.mesh.sites
        together = evolution.collisions
        assert together is not None

        def measure() -> dict[str, Any]:
            together.look()
            f = np.ascontiguousarray(evolution.transport.occupation())
            total: Array = sum(np.asarray(bath.power(f)).sum(axis=0) for bath in baths)
            return {self.name: total.reshape(sites)}

        row = Variable(
            self.name,
            places(evolution),
            per_volume(evolution, "energy", time=True),
            "power that phonons take from the electrons",
            {"formula": self.formula()},
        )
        return Recorder((row,), measure)


def _baths(evolution: Evolution) -> list[Any]:
    """The operators that give energy to phonons."""
    operators = evolution.collisions.operators if evolution.collisions else []
    return [operator for operator in operators if hasattr(operator, "power")]
