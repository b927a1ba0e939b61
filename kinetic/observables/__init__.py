"""Observables, one class each; importing this package registers them."""

from kinetic.observables.anomaly import InterbandExchange, NodeExchange, PumpingRate
from kinetic.observables.applicability import Monitor
from kinetic.observables.base import Observable, Recorder, Standard
from kinetic.observables.coherent import Absorbed, Coherence, Purity, Spin
from kinetic.observables.continuity import ContinuityResidual, MomentumOutflow
from kinetic.observables.currents import Current, EnergyCurrent
from kinetic.observables.densities import (
    BandDensity,
    ChiralityDensity,
    Density,
    Energy,
    Particles,
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
from kinetic.observables.texture import BerryMap
from kinetic.observables.thermal import PhononPower, Temperature
from kinetic.observables.valleys import ValleyTransfer

__all__ = [
    "Absorbed",
    "BandDensity",
    "BerryMap",
    "BoundaryOutflow",
    "ChiralityDensity",
    "Coherence",
    "CollisionInflow",
    "ContinuityResidual",
    "Current",
    "Density",
    "Energy",
    "EnergyCurrent",
    "FaradayInflow",
    "Hall",
    "InterbandExchange",
    "LedgerResidual",
    "MomentumOutflow",
    "Monitor",
    "NodeExchange",
    "Observable",
    "OccupationBounds",
    "Particles",
    "PhononPower",
    "PumpingRate",
    "Purity",
    "Recorder",
    "Spin",
    "Standard",
    "Streda",
    "Temperature",
    "ValleyDensity",
    "ValleyTransfer",
]
