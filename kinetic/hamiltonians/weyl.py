"""Point nodes in three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kinetic.errors import InputError
from kinetic.hamiltonians.base import MOMENTUM, Hamiltonian, Valley
from kinetic.hamiltonians.parameters import (
    checked,
    checked_all,
    chirality_sign,
    freeze,
    linear,
    orientation,
    vector,
)

_Q = tuple(f"({k} - centre{i})" for i, k in enumerate(MOMENTUM))
_TILT = " + ".join(f"tilt{i}*{q}" for i, q in enumerate(_Q))


def _node(
    label: str, chirality: int, velocity: Any, tilt: Any, centre: Any, shift: Any
) -> Valley:
    formulas, parameters = linear(velocity, _Q)
    sign = "" if chirality > 0 else "-"
    return Valley(
        label,
        f"shift + {_TILT}",
        tuple(f"{sign}({formula})" for formula in formulas),  # type: ignore[arg-type]
        {
            **parameters,
            **vector(tilt, "tilt", 3),
            **vector(centre, "centre", 3),
            "shift": checked(shift, "shift"),
        },
        chirality * orientation(velocity, 3),
    )


@dataclass(frozen=True)
class Weyl(Hamiltonian):
    """H = χ Σᵢⱼ vᵢⱼ qᵢ σⱼ + α·q + ε₀, q = k − k₀

    Parameters
    ----------
    chirality
        χ = ±1; the chirality of the node is χ sign det v.
    velocity
        v, a number (v δᵢⱼ) or the 3×3 rows vᵢⱼ (i momentum, j Pauli matrix).
    tilt
        α, added alike to both bands; |α| < v is type I.
    centre
        k₀, where the node lies.
    shift
        ε₀, the energy of the node.

    Notes
    -----
    N. P. Armitage, E. J. Mele, A. Vishwanath, Rev. Mod. Phys. 90, 015001 (2018), Sec. II.
    Every number may be a formula in t and r.
    """

    name = "weyl"
    dimensions = (3,)
    chirality: int = 1
    velocity: Any = 1.0
    tilt: Any = (0.0, 0.0, 0.0)
    centre: Any = (0.0, 0.0, 0.0)
    shift: Any = 0.0

    def __post_init__(self) -> None:
        freeze(self, "velocity", "tilt", "centre")
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The one node."""
        sign = chirality_sign(self.chirality)
        return (_node("node", sign, self.velocity, self.tilt, self.centre, self.shift),)


@dataclass(frozen=True)
class WeylPair(Hamiltonian):
    """H_χ = χ (Σᵢⱼ vᵢⱼ kᵢ σⱼ + α·k + ε₀) for the two valleys χ = +1 (R) and χ = −1 (L)

    Each node sits at the origin of its own momentum grid.  Tilt and node energy are
    opposite, as inversion and its breaking demand of a pair at ±K.

    Parameters
    ----------
    velocity
        v, a number (v δᵢⱼ) or the 3×3 rows vᵢⱼ.
    tilt
        α of the node R; −α for L.
    energy_offset
        ε₀, energy of the node R; −ε₀ for L.

    Notes
    -----
    D. T. Son, B. Z. Spivak, Phys. Rev. B 88, 104412 (2013).  Every number may be a formula
    in t and r.  With det v < 0 the chiralities of R and L are exchanged.
    """

    name = "weyl_pair"
    dimensions = (3,)
    velocity: Any = 1.0
    tilt: Any = (0.0, 0.0, 0.0)
    energy_offset: Any = 0.0

    def __post_init__(self) -> None:
        freeze(self, "velocity", "tilt")
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """R and L."""
        parameters = vector(self.tilt, "tilt", 3)
        parameters["offset"] = checked(self.energy_offset, "energy_offset")
        formulas, velocities = linear(self.velocity, MOMENTUM)
        scalar = (
            "(offset + " + " + ".join(f"tilt{i}*{k}" for i, k in enumerate(MOMENTUM)) + ")"
        )
        sign = orientation(self.velocity, 3)
        return tuple(
            Valley(
                label,
                prefix + scalar,
                tuple(f"{prefix}({formula})" for formula in formulas),  # type: ignore[arg-type]
                {**parameters, **velocities},
                chirality * sign,
            )
            for label, prefix, chirality in (("R", "", 1), ("L", "-", -1))
        )


_PERPENDICULAR = {
    1: ("kx", "ky"),
    2: ("(kx**2 - ky**2)", "2*kx*ky"),
    3: ("(kx**3 - 3*kx*ky**2)", "(3*kx**2*ky - ky**3)"),
}


@dataclass(frozen=True)
class MultiWeyl(Hamiltonian):
    """H = a k_⊥ᴶ (cos Jφ σ_x + sin Jφ σ_y) + χ v k_z σ_z, k_x + i k_y = k_⊥ e^{iφ}

    Parameters
    ----------
    charge
        J = 1, 2 or 3; the chirality of the node is χ J sign v.
    chirality
        χ = ±1.
    velocity
        v, along k_z.
    strength
        a, energy over momentumᴶ.

    Notes
    -----
    C. Fang, M. J. Gilbert, X. Dai, B. A. Bernevig, Phys. Rev. Lett. 108, 266802 (2012).
    v and a may be formulas in t and r.
    """

    name = "multi_weyl"
    dimensions = (3,)
    charge: int = 2
    chirality: int = 1
    velocity: Any = 1.0
    strength: Any = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.charge, bool) or self.charge not in _PERPENDICULAR:
            raise InputError(f"charge = {self.charge!r}: it is 1, 2 or 3.")
        orientation(self.strength, 1, "strength")
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The one node."""
        chi = chirality_sign(self.chirality)
        x, y = _PERPENDICULAR[self.charge]
        sign = chi * orientation(self.velocity, 1)
        return (
            Valley(
                "node",
                "0",
                (f"strength*{x}", f"strength*{y}", f"{'' if chi > 0 else '-'}velocity*kz"),
                checked_all(self, "velocity", "strength"),
                sign * self.charge,
            ),
        )
