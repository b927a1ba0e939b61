"""Initial states: occupations f_s(r, k) at the start, and the equilibrium they declare."""

from kinetic.initial.base import (
    Initial,
    Points,
    fermi,
    grand_potential,
)
from kinetic.initial.given import Formula, FromFile
from kinetic.initial.packets import Gaussian, WavePacket
from kinetic.initial.spinors import SpinorPacket
from kinetic.initial.thermal import FermiDirac, LocalEquilibrium, ShiftedFermiDirac

__all__ = [
    "FermiDirac",
    "Formula",
    "FromFile",
    "Gaussian",
    "Initial",
    "LocalEquilibrium",
    "Points",
    "ShiftedFermiDirac",
    "SpinorPacket",
    "WavePacket",
    "fermi",
    "grand_potential",
]
