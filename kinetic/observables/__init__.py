"""Observables, one class each; importing this package registers them."""

from kinetic.observables.anomaly import InterbandExchange, NodeExchange, PumpingRate
from kinetic.observables.base import Observable, Recorder, Standard
from kinetic.observables.currents import Current
from kinetic.observables.densities import (
    BandDensity,
    ChiralityDensity,
    Density,
    Energy,
    ValleyDensity,
)
from kinetic.observables.ledger import (
    BoundaryOutflow,
    CollisionInflow,
    FaradayInflow,
    LedgerResidual,
    OccupationBounds,
)
from kinetic.observables.responses import Hall, Streda

__all__ = [
    "BandDensity",
    "BoundaryOutflow",
    "ChiralityDensity",
    "CollisionInflow",
    "Current",
    "Density",
    "Energy",
    "FaradayInflow",
    "Hall",
    "InterbandExchange",
    "LedgerResidual",
    "NodeExchange",
    "Observable",
    "OccupationBounds",
    "PumpingRate",
    "Recorder",
    "Standard",
    "Streda",
    "ValleyDensity",
]
