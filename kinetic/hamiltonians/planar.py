"""Unbounded models in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kinetic.errors import InputError
from kinetic.hamiltonians.base import Hamiltonian, Valley
from kinetic.hamiltonians.parameters import (
    at_origin,
    checked,
    checked_all,
    freeze,
    linear,
    vector,
)

_K = ("kx", "ky")
_TILT = "tilt0*kx + tilt1*ky"


@dataclass(frozen=True)
class MassiveDirac(Hamiltonian):
    """H = Σᵢⱼ vᵢⱼ kᵢ σⱼ + m σ_z + α·k

    Parameters
    ----------
    mass
        m; half the gap.
    velocity
        v, a number (v δᵢⱼ) or the 2×2 rows vᵢⱼ (i momentum, j Pauli matrix).
    tilt
        α, added alike to both bands.

    Notes
    -----
    Curvature B = m v²/E³, E = √(v²k² + m²) for α = 0 and a number v.
    D. Xiao, M.-C. Chang, Q. Niu, Rev. Mod. Phys. 82, 1959 (2010), Sec. III.
    Every number may be a formula in t and r.
    """

    name = "massive_dirac"
    dimensions = (2,)
    mass: Any = 0.5
    velocity: Any = 1.0
    tilt: Any = (0.0, 0.0)

    def __post_init__(self) -> None:
        freeze(self, "velocity", "tilt")
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The one cone."""
        (x, y), parameters = linear(self.velocity, _K)
        parameters |= {**vector(self.tilt, "tilt", 2), "mass": checked(self.mass, "mass")}
        return (Valley("cone", _TILT, (x, y, "mass"), parameters),)


@dataclass(frozen=True)
class Rashba(Hamiltonian):
    """H = k²/2m + α (k_x σ_y − k_y σ_x) + h·σ

    Parameters
    ----------
    mass
        m, the effective mass, different from 0.
    coupling
        α, multiplies ẑ·(k × σ).
    zeeman
        h, three components; energy.

    Notes
    -----
    Yu. A. Bychkov, E. I. Rashba, J. Phys. C 17, 6039 (1984), there with the opposite
    sign of α.  Every number may be a formula in t and r.
    """

    name = "rashba"
    dimensions = (2,)
    mass: Any = 1.0
    coupling: Any = 1.0
    zeeman: Any = (0.0, 0.0, 0.1)

    def __post_init__(self) -> None:
        freeze(self, "zeeman")
        if at_origin(self.mass, "mass") == 0.0:
            raise InputError("mass = 0: the effective mass must differ from 0.")
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The one parabola."""
        parameters = checked_all(self, "mass", "coupling") | vector(
            self.zeeman, "zeeman", 3
        )
        return (
            Valley(
                "zone centre",
                "(kx**2 + ky**2)/(2*mass)",
                ("zeeman0 - coupling*ky", "zeeman1 + coupling*kx", "zeeman2"),
                parameters,
            ),
        )


@dataclass(frozen=True)
class GappedGraphene(Hamiltonian):
    """H_τ = v (τ k_x σ_x + k_y σ_y) + (Δ + τ Δ_H) σ_z, τ = +1 (K) and −1 (K')

    Parameters
    ----------
    mass
        Δ, the staggered sublattice potential: opposite curvature in the valleys.
    haldane_mass
        Δ_H, the Haldane or (for one spin) intrinsic spin–orbit mass: equal curvature.
    velocity
        v.

    Notes
    -----
    D. Xiao, W. Yao, Q. Niu, Phys. Rev. Lett. 99, 236809 (2007);
    F. D. M. Haldane, Phys. Rev. Lett. 61, 2015 (1988).  Every number may be a formula in t and r.
    """

    name = "graphene_gapped"
    dimensions = (2,)
    mass: Any = 0.5
    haldane_mass: Any = 0.0
    velocity: Any = 1.0

    def __post_init__(self) -> None:
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """K and K'."""
        parameters = checked_all(self, "mass", "haldane_mass", "velocity")
        return (
            Valley(
                "K",
                "0",
                ("velocity*kx", "velocity*ky", "mass + haldane_mass"),
                parameters,
            ),
            Valley(
                "K'",
                "0",
                ("-velocity*kx", "velocity*ky", "mass - haldane_mass"),
                parameters,
            ),
        )
