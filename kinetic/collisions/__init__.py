"""Collision operators, one class each; importing this package registers them."""

from kinetic.collisions.base import Collision, Operator
from kinetic.collisions.elastic import Elastic
from kinetic.collisions.electrons import ElectronElectron
from kinetic.collisions.inter_node import InterNode
from kinetic.collisions.phonons import PhononBath
from kinetic.collisions.relaxation import RelaxationTime
from kinetic.collisions.two_rate import TwoRate

__all__ = [
    "Collision",
    "Elastic",
    "ElectronElectron",
    "InterNode",
    "Operator",
    "PhononBath",
    "RelaxationTime",
    "TwoRate",
]
