"""Rashba electrons in a magnet whose direction n(r,t) varies: spirals and skyrmions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.errors import InputError, MissingMethodError
from kinetic.hamiltonians.base import Hamiltonian, Valley
from kinetic.hamiltonians.parameters import (
    Parameters,
    at_origin,
    checked,
    checked_all,
    chosen,
    freeze,
    listed,
    number,
    travelling,
)

Direction = tuple[tuple[str, str, str], Parameters]
"""Formulas of n_x, n_y, n_z and the parameters in them."""


@dataclass(frozen=True)
class RashbaMagnet(Hamiltonian):
    """H = k²/2m + α (k_x σ_y − k_y σ_x) − J n(r,t)·σ

    What the magnets share.  On a grid with k_x only, k_y = 0.  With α = 0 and J > 0 the
    lower band has its spin along n.

    Parameters
    ----------
    mass
        m, the effective mass, different from 0.
    coupling
        α, multiplies ẑ·(k × σ).
    exchange
        J; half the splitting at k = 0.
    """

    dimensions = (1, 2)
    mass: Any = 1.0
    coupling: Any = 0.2
    exchange: Any = 1.0

    def __post_init__(self) -> None:
        if at_origin(self.mass, "mass") == 0.0:
            raise InputError("mass = 0: the effective mass must differ from 0.")
        lists = ("wave_vector", "centre", "velocity")
        freeze(self, *(name for name in lists if hasattr(self, name)))
        self.valleys()

    def direction(self) -> Direction:
        """Formulas of n, a unit vector."""
        raise MissingMethodError(self, "direction")

    def valleys(self) -> tuple[Valley, ...]:
        """The one parabola."""
        (x, y, z), parameters = self.direction()
        parameters |= checked_all(self, "mass", "exchange", "coupling")
        across, along = " - coupling*ky", " + coupling*kx"
        if parameters["coupling"] == 0.0:
            across = along = ""
            del parameters["coupling"]
        formulas = (f"-exchange*{x}{across}", f"-exchange*{y}{along}", f"-exchange*{z}")
        scalar = "(kx**2 + ky**2)/(2*mass)"
        return (Valley("zone centre", scalar, formulas, parameters, rest=("ky",)),)


_PLANES = ("helix", "cycloid", "planar")


@dataclass(frozen=True)
class SpinSpiral(RashbaMagnet):
    """H = k²/2m + α (k_x σ_y − k_y σ_x) − J n·σ, n = sin β (e₁ cos φ + e₂ sin φ) + cos β e₁ × e₂

    with φ = q·r − ωt + φ₀.

    Parameters
    ----------
    mass, coupling, exchange
        m, α and J.
    wave_vector
        q = (q_x, q_y), not 0.
    plane
        'helix': e₁ = ẑ, e₂ = ẑ × q̂ (Bloch, the plane is normal to q); 'cycloid': e₁ = ẑ,
        e₂ = q̂ (Néel); 'planar': e₁ = x̂, e₂ = ŷ.
    cone
        β, the angle between n and the normal of the plane; π/2 is flat.
    frequency
        ω.
    phase
        φ₀; a number or formula.

    Notes
    -----
    With α = 0 and β = π/2 the local frame turns a planar spiral into a homogeneous spin–orbit
    coupling q/2m: T. A. Kaplan, Phys. Rev. 124, 329 (1961) and references to it.  A single
    spiral has F_xy = 0.
    """

    name = "spin_spiral"
    wave_vector: Any = (0.2, 0.0)
    plane: str = "helix"
    cone: Any = math.pi / 2
    frequency: Any = 0.0
    phase: Any = 0.0

    def direction(self) -> Direction:
        """Formulas of n, without the terms that are 0."""
        entries = listed(self.wave_vector, "wave_vector", 2)
        q = [number(entry, f"wave_vector[{i}]") for i, entry in enumerate(entries)]
        length = math.hypot(*q)
        if length == 0.0:
            raise InputError("wave_vector = [0, 0]: a spiral needs one that is not 0.")
        parameters: Parameters = {"phase": checked(self.phase, "phase")}
        angle = "phase"
        for i, name in enumerate("xy"):
            if q[i] != 0.0:
                angle += f" + wave_vector{i}*{name}"
                parameters[f"wave_vector{i}"] = q[i]
        frequency = number(self.frequency, "frequency")
        if frequency != 0.0:
            angle += " - frequency*t"
            parameters["frequency"] = frequency
        along = np.array([q[0] / length, q[1] / length, 0.0])
        first, second = np.array([0.0, 0.0, 1.0]), along
        match chosen(self.plane, "plane", _PLANES):
            case "helix":
                second = np.cross(first, along)
            case "planar":
                first, second = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
        cone = number(self.cone, "cone")
        sine, cosine = _exact(math.sin(cone)), _exact(math.cos(cone))
        formulas = []
        for i, letter in enumerate("xyz"):
            terms = []
            for name, value, factor in (
                ("first", sine * first[i], f"*cos({angle})"),
                ("second", sine * second[i], f"*sin({angle})"),
                ("normal", cosine * np.cross(first, second)[i], ""),
            ):
                if value != 0.0:
                    terms.append(f"{name}_{letter}{factor}")
                    parameters[f"{name}_{letter}"] = float(value)
            formulas.append(f"({' + '.join(terms) or '0'})")
        return (formulas[0], formulas[1], formulas[2]), parameters


def _exact(value: float) -> float:
    """0 for the sine of π and the cosine of π/2."""
    return 0.0 if abs(value) < 1e-15 else value


def _turned(x: str, y: str, helicity: float, vorticity: int) -> tuple[str, str, Parameters]:
    """Formulas of the in-plane vector (x, ±y), turned by the helicity."""
    cosine, sine = _exact(math.cos(helicity)), _exact(math.sin(helicity))
    if vorticity < 0:
        y = f"(-{y})"
    if sine == 0.0 and cosine == 1.0:
        return x, y, {}
    turned = (f"(cosine*{x} - sine*{y})", f"(sine*{x} + cosine*{y})")
    return (*turned, {"cosine": cosine, "sine": sine})


@dataclass(frozen=True)
class _SkyrmionMagnet(RashbaMagnet):
    """The keys of one skyrmion and of a lattice of them."""

    helicity: Any = 0.0
    vorticity: int = 1
    polarity: int = -1
    centre: Any = (0.0, 0.0)
    velocity: Any = (0.0, 0.0)

    def _frame(self) -> tuple[str, str, Parameters]:
        chosen(self.vorticity, "vorticity", (1, -1))
        chosen(self.polarity, "polarity", (1, -1))
        centre = listed(self.centre, "centre", 2)
        velocity = listed(self.velocity, "velocity", 2)
        x, parameters = travelling("x", centre[0], velocity[0], "0", "velocity")
        y, more = travelling("y", centre[1], velocity[1], "1", "velocity")
        return x, y, parameters | more


_CORE = 0.01
"""ρ² + w²/100 stands for ρ²: the same field with a smooth formula at its centre."""


@dataclass(frozen=True)
class Skyrmion(_SkyrmionMagnet):
    """H = k²/2m + α (k_x σ_y − k_y σ_x) − J n·σ, n_x + i n_y = sin Θ e^{i(vφ + γ)}, n_z = cos Θ

    with tan ½Θ = sinh(R/w)/sinh(ρ/w) for polarity −1: n = −ẑ at the centre, 0 in n_z at
    ρ = R, ẑ far away up to 4 sinh²(R/w) e^{−2ρ/w}.

    Parameters
    ----------
    mass, coupling, exchange
        m, α and J.
    radius
        R > 0, where n_z = 0.
    wall_width
        w > 0; R/w at most 100.
    helicity
        γ: 0 and π Néel, ±π/2 Bloch.
    vorticity
        v = 1, or −1 for an antiskyrmion.
    polarity
        n_z at the centre, 1 or −1; far away it is opposite.
    centre
        Two numbers or formulas in t.
    velocity
        Two numbers.

    Notes
    -----
    ∫n·(∂ₓn × ∂ᵧn) d²r = 4π v p exactly, p the polarity; the lower band of α = 0 has m = −n.
    Profile: H. B. Braun, Phys. Rev. B 50, 16485 (1994); X. S. Wang, H. Y. Yuan, X. R. Wang,
    Commun. Phys. 1, 31 (2018).  In it g(ρ) = sinh(ρ/w)/ρ is taken at √(ρ² + w²/100), which
    keeps the flux and R and is smooth at the centre.
    """

    name = "skyrmion"
    radius: Any = 5.0
    wall_width: Any = 2.0

    def direction(self) -> Direction:
        """Formulas of n: the stereographic image of (x + iy) g(ρ)."""
        x, y, parameters = self._frame()
        radius = number(self.radius, "radius", positive=True)
        width = number(self.wall_width, "wall_width", positive=True)
        if radius > 100 * width:
            raise InputError(
                f"radius = {radius:g} is more than 100 times wall_width = {width:g}: "
                "such a texture cannot be resolved; make the wall wider."
            )
        rim = math.sqrt((radius / width) ** 2 + _CORE)
        # Numerator and denominator of sinh(p)/p over its value at the rim, without overflow.
        square = f"({x}**2 + {y}**2)"
        depth = f"sqrt({square}/width**2 + core)"
        above = f"(1 - exp(-2*{depth}))"
        below = f"(rise*{depth}*exp(rim - {depth}))"
        total = f"({square}*{above}**2 + {below}**2)"
        helicity = number(self.helicity, "helicity")
        first, second, turn = _turned(x, y, helicity, self.vorticity)
        parameters |= turn | {
            "width": width,
            "core": _CORE,
            "rim": rim,
            "rise": radius * -math.expm1(-2 * rim) / rim,
        }
        inside, outside = f"{below}**2", f"{square}*{above}**2"
        if self.polarity == -1:
            inside, outside = outside, inside
        return (
            f"(2*{above}*{below}*{first}/{total})",
            f"(2*{above}*{below}*{second}/{total})",
            f"(({inside} - {outside})/{total})",
        ), parameters


@dataclass(frozen=True)
class SkyrmionLattice(_SkyrmionMagnet):
    """H = k²/2m + α (k_x σ_y − k_y σ_x) − J n·σ, n = N/|N|, one skyrmion per cell

    square: N = (sin X, sin Y, p[cos X + cos Y − 1]), (X, Y) = 2π(x, y)/a; triangular:
    N = Σᵢ (q̂ᵢ sin qᵢ·r, p cos qᵢ·r), three qᵢ at 120°, |qᵢ| = 4π/√3a, q₁ along x.

    Parameters
    ----------
    mass, coupling, exchange
        m, α and J.
    lattice_constant
        a > 0, the distance of neighbours.  A triangular lattice repeats in a rectangle of
        √3a along x and a along y, which holds two skyrmions.
    lattice
        'square' or 'triangular'.
    helicity
        γ, by which (N_x, N_y) are turned: 0 and π Néel, ±π/2 Bloch.
    vorticity
        1, or −1 for antiskyrmions (N_y is reversed before the turn).
    polarity
        p = n_z at the centres, 1 or −1.
    centre
        Two numbers or formulas in t: the place of one of the skyrmions.
    velocity
        Two numbers.

    Notes
    -----
    ∫n·(∂ₓn × ∂ᵧn) d²r = 4π v p per skyrmion, v the vorticity.
    S. Mühlbauer et al., Science 323, 915 (2009), the triangular lattice as three helices;
    X.-L. Qi, Y.-S. Wu, S.-C. Zhang, Phys. Rev. B 74, 085308 (2006), the map of the square.
    """

    name = "skyrmion_lattice"
    lattice_constant: Any = 20.0
    lattice: str = "square"

    def direction(self) -> Direction:
        """Formulas of n."""
        x, y, parameters = self._frame()
        period = number(self.lattice_constant, "lattice_constant", positive=True)
        if chosen(self.lattice, "lattice", ("square", "triangular")) == "square":
            parameters["wave"] = 2 * math.pi / period
            angles = [f"wave*{x}", f"wave*{y}"]
            first, second = (f"sin({angle})" for angle in angles)
            third = f"(cos({angles[0]}) + cos({angles[1]}) - 1)"
        else:
            parameters["wave"] = 4 * math.pi / (math.sqrt(3) * period)
            parameters["half"] = math.sqrt(3) / 2
            # sin and cos of q₂·r and q₃·r by their sum and difference.
            one, two, three = f"wave*{x}", f"wave*{x}/2", f"half*wave*{y}"
            first = f"(sin({one}) + sin({two})*cos({three}))"
            second = f"(2*half*cos({two})*sin({three}))"
            third = f"(cos({one}) + 2*cos({two})*cos({three}))"
        helicity = number(self.helicity, "helicity")
        first, second, turn = _turned(first, second, helicity, self.vorticity)
        if self.polarity == -1:
            third = f"(-{third})"
        length = f"sqrt({first}**2 + {second}**2 + {third}**2)"
        return (
            f"({first}/{length})",
            f"({second}/{length})",
            f"({third}/{length})",
        ), parameters | turn
