"""What collisions move between valleys, beside what their nodes pump.

    dN_v/dt = χ_v e·b/4π²ħ² + (collisions),   N₅ = Σ_v χ_v N_v

The first is the flow through the open faces of a valley: its anomaly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.observables.anomaly import drive, node_fluxes, transfer_rate
from kinetic.observables.base import Observable, Recorder, in_sample
from kinetic.observables.densities import above_sea, nodes_of
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


def chiralities(evolution: Evolution) -> Array:
    """χ_v: of the valley, or the sum over its nodes on the grid.  (valley,)"""
    found = np.zeros(evolution.system.valleys)
    for node in nodes_of(evolution):
        found[node.valley] += node.charge
    for index, valley in enumerate(evolution.system.hamiltonian.valleys()):
        if valley.chirality:
            found[index] = valley.chirality
    return found


@dataclass(frozen=True)
class ValleyTransfer(Observable):
    """∫dt Σ_s∫dᵈk/(2πħ)ᵈ D_s C[f]_s of each valley since the start, > 0 into the valley"""

    name = "valley_transfer"

    def fits(self, evolution: Evolution) -> str | None:
        """Several valleys and collisions."""
        if evolution.system.valleys < 2:
            return "the Hamiltonian has one valley: use 'collision_inflow', or 'pumping_rate'."
        if evolution.collisions is None:
            return "there are no [[collisions]]: it vanishes."
        return None

    def recorder(self, evolution: Evolution) -> Recorder:
        """Rows by valley, and weighted by chirality where valleys have one.

        valley_transfer, valley_transfer_rate (time, valley); with nodes valley_pumping(time,
        valley); with chiralities chiral_charge, chiral_transfer (time).
        """
        units, rate_units = in_sample(evolution), in_sample(evolution, time=True)
        chirality = chiralities(evolution)
        fluxes = np.zeros(evolution.system.valleys)
        for node, flux in zip(evolution.flow.nodes, node_fluxes(evolution), strict=True):
            fluxes[node.valley] += flux
        rows = [
            Variable(
                self.name,
                ("valley",),
                units,
                "particles that collisions brought into each valley",
                {"formula": self.formula()},
            ),
            Variable(
                "valley_transfer_rate",
                ("valley",),
                rate_units,
                "rate at which collisions bring particles into each valley",
                {"formula": "Σ_s∫dᵈk/(2πħ)ᵈ D_s C[f]_s"},
            ),
        ]
        if fluxes.any():
            rows.append(
                Variable(
                    "valley_pumping",
                    ("valley",),
                    units,
                    "particles that the nodes of each valley pumped into it",
                    {"formula": "χ_v ∫e·b dt/4π²ħ²", "source": "Nielsen and Ninomiya, 1983"},
                )
            )
        if chirality.any():
            signs = {"chirality": chirality, "formula": "N₅ = Σ_v χ_v N_v"}
            rows += [
                Variable("chiral_charge", (), units, "particles weighted by chirality", signs),
                Variable(
                    "chiral_transfer",
                    (),
                    units,
                    "change of the chiral charge by collisions",
                    {**signs, "formula": "Σ_v χ_v valley_transfer"},
                ),
                Variable(
                    "chiral_transfer_rate",
                    (),
                    rate_units,
                    "rate at which collisions change the chiral charge",
                    {**signs, "formula": "Σ_v χ_v valley_transfer_rate"},
                ),
            ]

        def measure() -> dict[str, Any]:
            moved, rate = evolution.valley_transfer(), transfer_rate(evolution)
            found: dict[str, Any] = {self.name: moved, "valley_transfer_rate": rate}
            if fluxes.any():
                passed = drive(evolution, evolution.start, evolution.time)
                found["valley_pumping"] = fluxes * passed
            if chirality.any():
                held = above_sea(evolution).reshape(len(chirality), -1).sum(axis=1)
                found["chiral_charge"] = evolution.mesh.site_volume * float(chirality @ held)
                found["chiral_transfer"] = float(chirality @ moved)
                found["chiral_transfer_rate"] = float(chirality @ rate)
            return found

        return Recorder(tuple(rows), measure)
