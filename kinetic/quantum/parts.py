"""Ĥ = Σ parts, each a function of coordinates that commute with one another.

    [r_i, k_j] = iħ δ_ij ,   [k_i, k_j] = iħ ε_ijl b_l

Without b the parts are A(k,t) and V(r,t); with b along an axis the momenta across it no longer
commute, and A must be a sum over them: A₁(k_x, k_z) + A₂(k_y, k_z) for b along z.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kinetic.errors import InputError
from kinetic.fields import SpaceFields
from kinetic.fields.spacetime import names_of
from kinetic.grid import SPACE, Array
from kinetic.hamiltonians.base import MOMENTUM
from kinetic.system import System

_TRIED = 61  # points of phase space at which the sum of the parts is compared with Ĥ
_ROUNDING = 1e-10


def poisson(one: str, other: str, b: Array) -> float:
    """Π of two coordinates: Π^{rk} = 1, Π^{k_i k_j} = ε_ijl b_l."""
    real = (one in SPACE, other in SPACE)
    if all(real) or one == other:
        return 0.0
    if any(real):
        same = one[-1] == other[-1]
        return (1.0 if real[0] else -1.0) if same else 0.0
    i, j = MOMENTUM.index(one), MOMENTUM.index(other)
    left = 3 - i - j
    return float(b[left] if (j - i) % 3 == 1 else -b[left])


@dataclass(frozen=True)
class Part:
    """One term of Ĥ: a function of commuting coordinates.

    Parameters
    ----------
    label
        How it is called in words: A(kx, ky).
    coordinates
        What it depends on; they have axes.
    partners
        Axes whose coordinate does not commute with these, each with Π^{cp} by coordinate c: the
        part sees c ∓ ½ħ Π^{cp} κ_p.
    pushed
        Momenta along which the force e moves the state together with this part.
    matrix
        Whether the part is more than a number times the unit matrix.
    """

    label: str
    coordinates: tuple[str, ...]
    partners: Mapping[str, Mapping[str, float]]
    pushed: tuple[str, ...]
    matrix: bool


class Parts:
    """The parts of a system's Hamiltonian.

    Parameters
    ----------
    system, fields
        What is simulated.
    b
        Uniform magnetic field.
    times
        When the form of Ĥ is examined.

    Raises
    ------
    InputError
        If Ĥ is no such sum.
    """

    def __init__(
        self, system: System, fields: SpaceFields, b: Array, times: Iterable[float]
    ) -> None:
        self.system, self.fields, self.b = system, fields, b
        axes = system.grid.axes
        self.names = tuple(axis.name for axis in axes)
        self.middle = {a.name: float(a.centres[a.cells // 2]) for a in axes}
        self._check_fields()
        self.textured = tuple(n for n in self.names if n in system.hamiltonian.space_names)
        self.moves = system.hamiltonian.time_dependent
        self._groups = self._commuting()
        self.parts = self._made()
        for time in times:
            self.verify(time)

    def _check_fields(self) -> None:
        """Refuse e and b that differ from place to place, but for the force of φ."""
        if names_of(self.fields.fields.drive) & set(SPACE) or self.fields.circulation:
            raise InputError(
                "[fields] E or a changes in space: level 'moyal' takes a uniform e(t) and any "
                "potential: write the force as phi."
            )
        if not self.fields.magnetic_uniform:
            raise InputError(
                "[fields] b changes in space: level 'moyal' takes a uniform b; write the vector "
                "potential of a Dirac or Weyl model into its d, k − a(r), with B and a zero."
            )

    def _commuting(self) -> list[tuple[str, ...]]:
        """Sets of commuting coordinates, momenta first, that Ĥ is a sum over."""
        momenta = tuple(name for name in self.names if name in MOMENTUM)
        clashing = [pair for pair in combinations(momenta, 2) if poisson(*pair, self.b) != 0.0]
        space = tuple(name for name in self.names if name in SPACE)
        groups: list[tuple[str, ...]]
        if not clashing:
            groups = [momenta]
        elif len(clashing) == 1:
            both = clashing[0]
            groups = [tuple(n for n in momenta if n != leave) for leave in both[::-1]]
        else:
            groups = [(name,) for name in momenta]
        return [*groups, space] if space else groups

    def _made(self) -> list[Part]:
        made: list[Part] = []
        pushed: set[str] = set()
        force = self._driven()
        for group in self._groups:
            partners: dict[str, dict[str, float]] = {}
            for other in self.names:
                brackets = {c: poisson(c, other, self.b) for c in group}
                brackets = {c: value for c, value in brackets.items() if value != 0.0}
                if brackets and other not in group:
                    partners[other] = brackets
            own = tuple(n for n in partners if n in force and n not in pushed)
            pushed |= set(own)
            spatial = group[0] in SPACE
            letter = "V" if spatial else "A"
            matrix = not spatial or bool(self.textured)
            label = f"{letter}({', '.join(group)})"
            made.append(Part(label, group, partners, own, matrix))
        rest = tuple(name for name in force if name not in pushed)
        if rest:
            made.append(Part("e", (), {name: {} for name in rest}, rest, False))
        scalar = not self.fields.potential_zero
        return [p for p in made if p.matrix or p.pushed or (scalar and p.coordinates)]

    def _driven(self) -> tuple[str, ...]:
        """Momenta along which a uniform force may act."""
        found = []
        for i, terms in enumerate(self.fields.fields.drive):
            if terms and MOMENTUM[i] in self.names:
                found.append(MOMENTUM[i])
        return tuple(found)

    # --- values -------------------------------------------------------------------------------

    def values(
        self, part: Part, valley: int, places: Mapping[str, Array], t: float
    ) -> tuple[Array, Array]:
        """(h₀, h) of a part where its coordinates are `places`.  (S), (3, *S)"""
        index = self._groups.index(part.coordinates)
        spatial = part.coordinates[0] in SPACE
        shape = np.broadcast_shapes(*(place.shape for place in places.values()))
        scalar, vector = np.zeros(shape), np.broadcast_to(0.0, (3, *shape))
        if part.matrix:
            scalar, vector = self._at(valley, places, t)
        if part.matrix and index > 0:  # what the first part has taken already
            shared = {n: places[n] for n in part.coordinates if n in self._groups[0]}
            taken, turned = self._at(valley, shared, t)
            ahead = [1] * (vector.ndim - turned.ndim)
            scalar, vector = scalar - taken, vector - turned.reshape(3, *ahead, *taken.shape)
        if spatial and not self.fields.potential_zero:
            scalar = scalar + self.fields.potential_at(dict(places), t)
        return np.asarray(scalar), np.asarray(vector)

    def _at(self, valley: int, places: Mapping[str, Array], t: float) -> tuple[Array, Array]:
        """Ĥ without φ where some coordinates are given and the others stay in the middle."""
        middle = {name: np.asarray(value) for name, value in self.middle.items()}
        where = middle | dict(places)
        k = [where[name] for name in self.names if name in MOMENTUM]
        r = {name: where[name] for name in self.textured} or None
        scalar, vector = self.system.hamiltonian.values(valley, k, t, r)
        return scalar, vector

    # --- the form -----------------------------------------------------------------------------

    def verify(self, time: float) -> None:
        """Compare the sum of the parts with Ĥ at scattered points.

        Raises
        ------
        InputError
            If they differ.
        """
        spread = np.random.default_rng(7).random((len(self.names), _TRIED))
        where = {}
        for axis, share in zip(self.system.grid.axes, spread, strict=True):
            where[axis.name] = axis.edges[0] + axis.length * share
        model = self.system.hamiltonian
        for valley in range(self.system.valleys):
            scalar, vector = self._at(valley, where, time)
            for part in self.parts:
                if not part.coordinates:
                    continue
                own = {n: where[n] for n in part.coordinates}
                part_scalar, part_vector = self.values(part, valley, own, time)
                scalar, vector = scalar - part_scalar, vector - part_vector
            if not self.fields.potential_zero:
                places = {n: where[n] for n in self.names if n in SPACE}
                scalar = scalar + self.fields.potential_at(places, time)
            left = max(float(np.abs(scalar).max()), float(np.abs(vector).max()))
            whole = self._at(valley, where, time)
            size = max(float(np.abs(part).max()) for part in whole)
            if left > _ROUNDING * (1.0 + size):
                form = " + ".join(part.label for part in self.parts if part.coordinates)
                cause = "in a field b" if np.any(self.b) else "of this form"
                raise InputError(
                    f"[hamiltonian] level 'moyal' splits Ĥ into exact flows and needs it {cause} "
                    f"as the sum {form}; {model.name} differs from that by {left:.3g} "
                    f"at t = {time:.4g}: take level 'matrix', or a "
                    "Hamiltonian in which these coordinates do not multiply."
                )
