"""Models that vary in real space: walls, pumps in space, strain, nodes that move about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kinetic.hamiltonians.base import MOMENTUM, Hamiltonian, Valley
from kinetic.hamiltonians.parameters import (
    checked,
    checked_all,
    freeze,
    linear,
    number,
    orientation,
    travelling,
    vector,
)


@dataclass(frozen=True)
class DiracWall(Hamiltonian):
    """H = v (k_x σ_x + k_y σ_y) + m tanh[(x − x₀ − ut)/w] σ_z

    On a grid with k_x only, k_y = 0.

    Parameters
    ----------
    mass
        m; the mass is −m far to the left of the wall and m to the right.
    width
        w > 0.
    centre
        x₀; a formula in t moves the wall on any path.
    speed
        u.
    repeat
        L: two opposite walls per period, m tanh[(L/2πw) sin(2π(x − x₀ − ut)/L)], at x₀ and
        x₀ + L/2.  None: one wall.
    velocity
        v.

    Notes
    -----
    R. Jackiw, C. Rebbi, Phys. Rev. D 13, 3398 (1976).  m and v may be formulas in t and r.
    """

    name = "dirac_wall"
    dimensions = (1, 2)
    mass: Any = 0.5
    width: Any = 2.0
    centre: Any = 0.0
    speed: Any = 0.0
    repeat: Any = None
    velocity: Any = 1.0

    def __post_init__(self) -> None:
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The one cone."""
        place, parameters = travelling("x", self.centre, self.speed)
        parameters |= checked_all(self, "mass", "velocity")
        parameters["width"] = number(self.width, "width", positive=True)
        profile = f"tanh({place}/width)"
        if self.repeat is not None:
            parameters["repeat"] = number(self.repeat, "repeat", positive=True)
            profile = f"tanh(repeat/(2*pi*width)*sin(2*pi*{place}/repeat))"
        formulas = ("velocity*kx", "velocity*ky", f"mass*{profile}")
        return (Valley("cone", "0", formulas, parameters, rest=("ky",)),)


@dataclass(frozen=True)
class RiceMeleTexture(Hamiltonian):
    """d = (J + δ + (J − δ) cos k, (J − δ) sin k, Δ), δ = δ₀ cos θ(x,t), Δ = Δ₀ sin θ(x,t)

    with θ = θ₀ + qx − ωt + ½κ(1 + tanh[(x − x₀ − ut)/w]); lattice constant 1.

    Parameters
    ----------
    hopping
        J, the mean hopping.
    dimerisation, staggering
        δ₀ and Δ₀.
    phase
        θ₀.
    wave_number, frequency
        q and ω of a travelling wave of θ.
    twist
        κ, by which θ grows across a soliton: π turns one dimerisation into the other.
    width, centre, speed
        w > 0, x₀ and u of the soliton.

    Notes
    -----
    Where θ turns by 2π in space, one particle sits per turn; in time, one passes.
    J. Goldstone, F. Wilczek, Phys. Rev. Lett. 47, 986 (1981); D. Xiao, J. Shi,
    D. P. Clougherty, Q. Niu, Phys. Rev. Lett. 102, 087602 (2009).  J, δ₀, Δ₀ and θ₀ may be
    formulas in t and r.
    """

    name = "rice_mele_texture"
    dimensions = (1,)
    bounded = True
    hopping: Any = 1.0
    dimerisation: Any = 0.5
    staggering: Any = 0.5
    phase: Any = 0.0
    wave_number: Any = 0.1
    frequency: Any = 0.0
    twist: Any = 0.0
    width: Any = 5.0
    centre: Any = 0.0
    speed: Any = 0.0

    def __post_init__(self) -> None:
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """The whole zone."""
        parameters = checked_all(self, "hopping", "dimerisation", "staggering", "phase")
        angle = "phase"
        place, travel = travelling("x", self.centre, self.speed)
        width = number(self.width, "width", positive=True)
        for name, term in (
            ("wave_number", " + wave_number*x"),
            ("frequency", " - frequency*t"),
            ("twist", f" + twist/2*(1 + tanh({place}/width))"),
        ):
            value = number(getattr(self, name), name)
            if value != 0.0:
                angle += term
                parameters |= {name: value}
        if "twist" in parameters:
            parameters |= {"width": width, **travel}
        delta = f"dimerisation*cos({angle})"
        formulas = (
            f"hopping + {delta} + (hopping - {delta})*cos(kx)",
            f"(hopping - {delta})*sin(kx)",
            f"staggering*sin({angle})",
        )
        return (Valley("zone", "0", formulas, parameters),)


@dataclass(frozen=True)
class GrapheneStrain(Hamiltonian):
    """H_τ = v (τ q_x σ_x + q_y σ_y) + (Δ + τ Δ_H) σ_z + V(r,t), q = k + τA(r,t), τ = ±1 (K, K')

    with V = V₁ + V₀ tanh[(x − x₀ − ut)/w].  On a grid with k_x only, k_y = 0.

    Parameters
    ----------
    mass, haldane_mass
        Δ and Δ_H, as in `graphene_gapped`.
    velocity
        v.
    strain
        A, two components, momentum; numbers or formulas in x, y, z, t.  In graphene
        A = (β/2a)(u_xx − u_yy, −2u_xy) with the zigzag direction along x.
    step
        V₀, half the height of a p–n junction; energy.
    width, centre, speed
        w > 0, x₀ and u of the junction.
    potential
        V₁; a number or formula.

    Notes
    -----
    M. A. H. Vozmediano, M. I. Katsnelson, F. Guinea, Phys. Rep. 496, 109 (2010), Sec. 3;
    V. V. Cheianov, V. I. Fal'ko, Phys. Rev. B 74, 041403(R) (2006).  The pseudomagnetic field
    ∇ × A is opposite in the valleys.
    """

    name = "graphene_strain"
    dimensions = (1, 2)
    mass: Any = 0.5
    haldane_mass: Any = 0.0
    velocity: Any = 1.0
    strain: Any = (0.0, 0.0)
    step: Any = 0.2
    width: Any = 5.0
    centre: Any = 0.0
    speed: Any = 0.0
    potential: Any = 0.0

    def __post_init__(self) -> None:
        freeze(self, "strain")
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """K and K'."""
        parameters = checked_all(self, "mass", "haldane_mass", "velocity", "potential", "step")
        parameters |= vector(self.strain, "strain", 2)
        scalar = "potential"
        place, travel = travelling("x", self.centre, self.speed)
        width = number(self.width, "width", positive=True)
        if parameters["step"] == 0.0:
            del parameters["step"]
        else:
            scalar += f" + step*tanh({place}/width)"
            parameters |= {"width": width, **travel}
        return tuple(
            Valley(
                label,
                scalar,
                (
                    f"{prefix}velocity*(kx {sign} strain0)",
                    f"velocity*(ky {sign} strain1)",
                    f"mass {sign} haldane_mass",
                ),
                parameters,
                rest=("ky",),
            )
            for label, prefix, sign in (("K", "", "+"), ("K'", "-", "-"))
        )


@dataclass(frozen=True)
class WeylAxial(Hamiltonian):
    """H_χ = χ [Σᵢⱼ vᵢⱼ (k − χK(r,t))ᵢ σⱼ + ε₀(r,t)] for the valleys χ = +1 (R) and −1 (L)

    Parameters
    ----------
    node_position
        K, three components: R lies at K, L at −K.  Numbers or formulas in x, y, z, t: the
        axial fields are b₅ = ∇ × K and e₅ = −∂ₜK, felt as b + χb₅ and e + χe₅.
    velocity
        v, a number (v δᵢⱼ) or the 3×3 rows vᵢⱼ.
    energy_offset
        ε₀, the axial potential; −∇ε₀ adds to e₅.

    Notes
    -----
    D. I. Pikulin, A. Chen, M. Franz, Phys. Rev. X 6, 041021 (2016);
    R. Ilan, A. G. Grushin, D. I. Pikulin, Nat. Rev. Phys. 2, 29 (2020).  With det v < 0 the
    chiralities of R and L are exchanged.
    """

    name = "weyl_axial"
    dimensions = (3,)
    node_position: Any = (0.0, "0.05*x", 0.0)
    velocity: Any = 1.0
    energy_offset: Any = 0.0

    def __post_init__(self) -> None:
        freeze(self, "node_position", "velocity")
        self.valleys()

    def valleys(self) -> tuple[Valley, ...]:
        """R and L."""
        shared = vector(self.node_position, "node_position", 3)
        shared["energy_offset"] = checked(self.energy_offset, "energy_offset")
        found = []
        for label, prefix, chirality in (("R", "", 1), ("L", "-", -1)):
            away = "-" if chirality > 0 else "+"
            momenta = [f"({k} {away} node_position{i})" for i, k in enumerate(MOMENTUM)]
            (x, y, z), parameters = linear(self.velocity, momenta)
            found.append(
                Valley(
                    label,
                    f"{prefix}energy_offset",
                    (f"{prefix}({x})", f"{prefix}({y})", f"{prefix}({z})"),
                    {**shared, **parameters},
                    chirality * orientation(self.velocity, 3),
                )
            )
        return tuple(found)
