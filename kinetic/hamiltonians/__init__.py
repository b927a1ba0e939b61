"""Two-band Hamiltonians by name; importing this package registers all of them."""

from kinetic.hamiltonians.base import Hamiltonian, Jet, Valley
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.lattice import Haldane, QiWuZhang, RiceMele, WeylLattice
from kinetic.hamiltonians.magnets import Skyrmion, SkyrmionLattice, SpinSpiral
from kinetic.hamiltonians.planar import GappedGraphene, MassiveDirac, Rashba
from kinetic.hamiltonians.tabulated import Tabulated
from kinetic.hamiltonians.textures import DiracWall, GrapheneStrain, RiceMeleTexture, WeylAxial
from kinetic.hamiltonians.weyl import MultiWeyl, Weyl, WeylPair

__all__ = [
    "DiracWall",
    "ExpressionModel",
    "GappedGraphene",
    "GrapheneStrain",
    "Haldane",
    "Hamiltonian",
    "Jet",
    "MassiveDirac",
    "MultiWeyl",
    "QiWuZhang",
    "Rashba",
    "RiceMele",
    "RiceMeleTexture",
    "Skyrmion",
    "SkyrmionLattice",
    "SpinSpiral",
    "Tabulated",
    "Valley",
    "Weyl",
    "WeylAxial",
    "WeylLattice",
    "WeylPair",
]
