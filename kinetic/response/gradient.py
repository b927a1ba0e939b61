"""A gradient of the temperature in a homogeneous system: the statistical force as a source.

    ∂ₜ(D_s f_s) = ... - D_s ṙ_s·∇T ∂f₀/∂T = X·∂_k[T s(f₀(ε̄_s))] ,   X = ∇T/T ,

s(f) = -f ln f - (1 - f) ln(1 - f), because ∂_ε(T s) = (ε - μ) ∂_ε f₀.  Means over cells are
differences of means over faces, so that the source brings no charge.  Berry curvature adds

    j_Q = -e × Σ_s∫ q_s B_k T s ,   j = X × Σ_s∫ q_s B_k T s ,
    j_Q = X × Σ_s∫ q_s B_k ∫_{ε̄-μ}^∞ dy y² (-∂f₀/∂y)

once the currents of the magnetisations are taken off.
Sources: Xiao, Yao, Fang, Niu, Phys. Rev. Lett. 97, 026603 (2006), Eqs. (7)-(10); Qin, Niu, Shi,
Phys. Rev. Lett. 107, 236601 (2011), Eq. (15).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import spence

from kinetic.averages import box_averages
from kinetic.bands import BANDS
from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.grid import Array

_ORDER = 4  # Gauss points per direction of a face


def entropy(x: Array) -> Array:
    """s = -f ln f - (1 - f) ln(1 - f) of f = 1/(e^x + 1), x = (ε - μ)/T."""
    distance = np.abs(x)
    return np.asarray(
        np.log1p(np.exp(-distance)) + distance * np.exp(-distance) / (1.0 + np.exp(-distance))
    )


def second_moment(x: Array) -> Array:
    """c₂ = ∫_x^∞ dy y² (-∂f/∂y), f = 1/(e^y + 1): π²/3 deep in the sea, 0 far above."""
    distance = np.abs(x)
    tail = np.exp(-distance)
    above = (
        distance**2 * tail / (1.0 + tail) + 2.0 * distance * np.log1p(tail)
        - 2.0 * spence(1.0 + tail)
    )  # fmt: skip
    return np.asarray(np.where(x >= 0.0, above, np.pi**2 / 3.0 - above))


class Gradient(Collision):
    """∂ₜ(D_s f_s) = X ∂_{k_i}[T s(f₀)], X = ∇T/T: made for one grid, with no name in run files.

    Parameters
    ----------
    evolution
        The system it is made for.
    direction
        i.
    size
        -X.
    chemical_potential, temperature
        μ, T of f₀.
    """

    def __init__(
        self,
        evolution: Any,
        direction: int,
        size: float,
        chemical_potential: float,
        temperature: float,
    ) -> None:
        mesh, flow = evolution.mesh, evolution.flow
        axes = evolution.system.grid.momentum
        ends = [np.asarray(axis.edges) for axis in axes]
        lower = [e if i == direction else e[:-1] for i, e in enumerate(ends)]
        upper = [e if i == direction else e[1:] for i, e in enumerate(ends)]
        rows = []
        for geometry in flow.geometries:

            def carried(k: Any, geometry: Any = geometry) -> Array:
                energy = geometry.energies(k, evolution.time, flow.b)
                return temperature * entropy((energy - chemical_potential) / temperature)

            faces = box_averages(carried, lower, upper, _ORDER)
            shape = [1] * len(axes)
            shape[direction] = -1
            widths = np.asarray(axes[direction].widths).reshape(shape)
            rows.append(np.diff(faces, axis=1 + direction) / widths)
        self._source = -size * np.concatenate(rows).reshape(evolution.transport.u.shape)
        self._cells = mesh.volumes / evolution.phase_space

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator: the source over D_s, the same at all times."""
        return _Source(self._source * self._cells / surroundings.weight)


@dataclass
class _Source(Operator):
    """C[f] = source, whatever f is."""

    source: Array

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add the source."""
        out += self.source

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """A source does not depend on f."""


def intrinsic(
    evolution: Any, chemical_potential: float, temperature: float
) -> tuple[Array, Array]:
    """j_Q per e and j_Q per -X that curvature gives.  Two matrices (3, 3)"""
    found = [np.zeros((3, 3)), np.zeros((3, 3))]
    if not evolution.system.equation.berry or evolution.mesh.dimensions < 2:
        return found[0], found[1]
    flow = evolution.flow
    axes = evolution.system.grid.momentum
    lower = [np.asarray(axis.edges)[:-1] for axis in axes]
    upper = [np.asarray(axis.edges)[1:] for axis in axes]
    for matrix, function, power in ((found[0], entropy, 1), (found[1], second_moment, 2)):
        rows = []
        for geometry in flow.geometries:

            def weighed(k: Any, geometry: Any = geometry, function: Any = function) -> Array:
                energy = geometry.energies(k, evolution.time, flow.b)
                return np.asarray(function((energy - chemical_potential) / temperature))

            rows.append(box_averages(weighed, lower, upper, _ORDER))
        values = temperature**power * np.array(rows)
        flux = _flux(evolution, values)
        for i, unit in enumerate(np.eye(3)):
            matrix[:, i] = np.cross(unit, flux)
    return found[0], found[1]


def _flux(evolution: Any, values: Array) -> Array:
    """Σ_s∫dᵈk/(2πħ)ᵈ q_s B_k times values.  (valley, band, *k) → (3,)"""
    from kinetic.observables.weights import Weights, dot, product_rule

    contents, total = product_rule(evolution.mesh, values), np.zeros(3)
    half = 0.5 * evolution.system.equation.hbar
    for valley, content in enumerate(contents):
        weights = Weights(evolution, valley, ("curvature",))
        for rows, parts in weights.slabs(evolution.time):
            signed = BANDS[0] * content[0, rows] + BANDS[1] * content[1, rows]
            total += half * dot(parts["curvature"], signed)
    return np.asarray(total / evolution.phase_space)
