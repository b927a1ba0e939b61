"""Two-band Hamiltonians by name; importing this package registers all of them."""

from kinetic.hamiltonians.base import Hamiltonian, Jet, Valley
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.lattice import Haldane, QiWuZhang, RiceMele, WeylLattice
from kinetic.hamiltonians.planar import GappedGraphene, MassiveDirac, Rashba
from kinetic.hamiltonians.weyl import MultiWeyl, Weyl, WeylPair

__all__ = [
    "ExpressionModel",
    "GappedGraphene",
    "Haldane",
    "Hamiltonian",
    "Jet",
    "MassiveDirac",
    "MultiWeyl",
    "QiWuZhang",
    "Rashba",
    "RiceMele",
    "Valley",
    "Weyl",
    "WeylLattice",
    "WeylPair",
]
