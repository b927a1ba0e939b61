"""Models periodic in k; lattice constant 1, so that every period is 2π."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kinetic.hamiltonians.base import Hamiltonian, Valley
from kinetic.hamiltonians.parameters import checked_all


@dataclass(frozen=True)
class QiWuZhang(Hamiltonian):
    """d = (sin k_x, sin k_y, M − cos k_x − cos k_y)

    Parameters
    ----------
    mass
        M, may be a formula in t and r.  Gap closes at M = 0, ±2; C = 1 for 0 < M < 2, −1 for
        −2 < M < 0, else 0, with C = −(1/4π)∫ m·(∂ₓm × ∂ᵧm), lower band filled.

    Notes
    -----
    X.-L. Qi, Y.-S. Wu, S.-C. Zhang, Phys. Rev. B 74, 085308 (2006).
    """

    name = "qwz"
    dimensions = (2,)
    bounded = True
    mass: Any = 1.0

    def __post_init__(self) -> None:
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The whole zone."""
        vector = ("sin(kx)", "sin(ky)", "mass - cos(kx) - cos(ky)")
        return (Valley("zone", "0", vector, checked_all(self, "mass")),)


@dataclass(frozen=True)
class Haldane(Hamiltonian):
    """d = (t₁[1 + Σcos kᵢ], t₁Σsin kᵢ, M − 2t₂ sin φ Σsin βᵢ), d₀ = 2t₂ cos φ Σcos βᵢ

    with i = 1, 2 for k and β = (k₂, −k₁, k₁ − k₂).

    The axes kx, ky of the grid are the reduced momenta k₁, k₂ ∈ [0, 2π): the cell is a
    square and H is periodic in it.

    Parameters
    ----------
    t1
        Hopping between neighbours.
    t2
        Hopping between second neighbours.
    phi
        φ, its phase.
    mass
        M, the staggered potential; |M| < 3√3 |t₂ sin φ| is the Chern insulator.

    Notes
    -----
    Cartesian momenta: with neighbours at a₁ = a(√3/2, 1/2), a₂ = a(−√3/2, 1/2),
    a₃ = a(0, −1), kᵢ = k·(aᵢ − a₃), so k_x = (k₁ − k₂)/(√3 a), k_y = (k₁ + k₂)/(3a), and
    d²k = dk₁dk₂/(3√3 a²/2).  Forces and magnetic field of a reduced run are
    eᵢ = E·(aᵢ − a₃) and b = (3√3/2) a² B; velocities are r = Σ xᵢ (aᵢ − a₃).  The phases
    are those of the unit cell, not of the atoms: integrals over the zone are the same, the
    local curvature differs by a total derivative.
    F. D. M. Haldane, Phys. Rev. Lett. 61, 2015 (1988).  Every number may be a formula in t and r.
    """

    name = "haldane"
    dimensions = (2,)
    bounded = True
    t1: Any = 1.0
    t2: Any = 0.1
    phi: Any = math.pi / 2
    mass: Any = 0.0

    def __post_init__(self) -> None:
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The whole zone."""
        return (
            Valley(
                "zone",
                "2*t2*cos(phi)*(cos(kx) + cos(ky) + cos(kx - ky))",
                (
                    "t1*(1 + cos(kx) + cos(ky))",
                    "t1*(sin(kx) + sin(ky))",
                    "mass - 2*t2*sin(phi)*(sin(ky) - sin(kx) + sin(kx - ky))",
                ),
                checked_all(self, "t1", "t2", "phi", "mass"),
            ),
        )


@dataclass(frozen=True)
class WeylLattice(Hamiltonian):
    """d = (sin k_x, sin k_y, cos k_z − cos K₀ − (2 − cos k_x − cos k_y))

    Parameters
    ----------
    node_position
        K₀ in (0, π): nodes at (0, 0, ±K₀), χ = −1 at +K₀ and +1 at −K₀.  May be a formula
        in t and r.

    Notes
    -----
    σ_xy = −K₀/2π² (q²/ħ) at the nodes: planes with |k_z| < K₀ have ν = −1.
    K.-Y. Yang, Y.-M. Lu, Y. Ran, Phys. Rev. B 84, 075129 (2011).
    """

    name = "weyl_lattice"
    dimensions = (3,)
    bounded = True
    node_position: Any = math.pi / 2

    def __post_init__(self) -> None:
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The whole zone: the node charges add up to 0."""
        vector = (
            "sin(kx)",
            "sin(ky)",
            "cos(kz) - cos(node_position) - (2 - cos(kx) - cos(ky))",
        )
        return (Valley("zone", "0", vector, checked_all(self, "node_position"), 0),)


@dataclass(frozen=True)
class RiceMele(Hamiltonian):
    """d = (J + δ + (J − δ) cos k, (J − δ) sin k, Δ)

    Parameters
    ----------
    hopping
        J, the mean hopping.
    delta
        δ, half the difference of the two hoppings.
    staggering
        Δ, the staggered potential.

    Notes
    -----
    A loop of (δ, Δ) round (0, 0) pumps one particle per cycle.
    M. J. Rice, E. J. Mele, Phys. Rev. Lett. 49, 1455 (1982);
    D. J. Thouless, Phys. Rev. B 27, 6083 (1983).  Every number may be a formula in t and r:
    delta = "0.5*cos(0.01*t)", staggering = "0.5*sin(0.01*t)".
    """

    name = "rice_mele"
    dimensions = (1,)
    bounded = True
    hopping: Any = 1.0
    delta: Any = 0.5
    staggering: Any = 0.0

    def __post_init__(self) -> None:
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The whole zone."""
        vector = (
            "hopping + delta + (hopping - delta)*cos(kx)",
            "(hopping - delta)*sin(kx)",
            "staggering",
        )
        parameters = checked_all(self, "hopping", "delta", "staggering")
        return (Valley("zone", "0", vector, parameters),)
