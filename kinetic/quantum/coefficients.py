"""The coefficients of the matrix equation on a grid: velocity matrices and bends of d.

Along periodic axes H is differentiated by the D that differentiates n̂, so that the flow keeps a
constant n̂ and, but for the last term, Σ Tr Hn̂ to rounding.  Along open ones its derivatives are
those of its formula, and second ones centred differences of these on points much nearer than
cells: a constant and the energy are then kept to the accuracy of D, the charge still to rounding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kinetic.fields.sample import SpaceFields
from kinetic.grid import SPACE, Array, Axis
from kinetic.hamiltonians.base import Hamiltonian, Jet
from kinetic.quantum.generator import Entry, Generator, Pair, added, lean
from kinetic.quantum.gradients import Derivative

_NEAR = 0.125  # of a cell: the distance of points whose difference is a second derivative
_DAMPING = 1.7  # a wave of two cells would grow at 1.6 |∂U|, one of four at 0.2 of it
_ROUNDING = 2e-15  # of what is transformed
_WEIGHTS = (0.75, -0.15, 1.0 / 60.0)
Row = tuple[Entry, ...]
Shift = tuple[str, float] | None
_NOTHING: Row = (None, None, None, None)


@dataclass
class Coefficients:
    """Makes the generator of one valley at any time.

    Parameters
    ----------
    hamiltonian, fields
        What moves.  b is uniform and constant.
    axes
        Of the arrays.
    valley
        Its index.
    hbar
        ħ.
    held
        Cells that move, of every axis.
    workers
        Threads of the Fourier transforms.
    """

    hamiltonian: Hamiltonian
    fields: SpaceFields
    axes: tuple[Axis, ...]
    valley: int
    hbar: float
    held: tuple[slice, ...]
    workers: int | None = None

    def __post_init__(self) -> None:
        count = len(self.axes)
        self.derivatives = tuple(
            Derivative(axis, place - count, self.workers) for place, axis in enumerate(self.axes)
        )
        self.names = [axis.name for axis in self.axes]
        mesh = np.meshgrid(*(axis.centres for axis in self.axes), indexing="ij", sparse=True)
        self.points = dict(zip(self.names, mesh, strict=True))
        self.magnetic = self.fields.fields.magnetic(0.0)
        self._static: Generator | None = None
        self._h: Row = _NOTHING
        self._jets: dict[Shift, tuple[Jet, Array, list[str]]] = {}

    def settle(self, t: float) -> None:
        """Leave out the modes that would fold back with the coefficients of time t.

        Where no velocity varies along its own axis, as for H = A(k) + V(r), nothing does.
        """
        generator, found = self._built(t), []
        coefficients = [x for row in generator.velocities for x in row if x is not None]
        coefficients += [x for row in generator.bends.values() for x in row if x is not None]
        for a, derivative in enumerate(self.derivatives):
            if derivative.spectral and generator.folds(a):
                cells = derivative.axis.cells
                widest = max(derivative.bandwidth(x) for x in coefficients)
                kept = max(1, (cells - min(widest, cells // 3) - 1) // 2)
                kept = kept if derivative.kept is None else min(kept, derivative.kept)
                derivative = dataclasses.replace(derivative, kept=kept)
            found.append(derivative)
        self.derivatives, self._static = tuple(found), None

    @property
    def moves(self) -> bool:
        """Whether H without e depends on time."""
        return self.hamiltonian.time_dependent or not self.fields.potential_constant

    @property
    def constant(self) -> bool:
        """Whether nothing depends on time."""
        return not self.moves and self.fields.drive_constant

    def at(self, t: float) -> Generator:
        """The generator at time t."""
        if self._static is None or self.moves:
            self._static = self._built(t)
        if self.fields.drive_zero:
            return self._static
        drive = self.fields.drive_at(self._places(self.points), t)
        velocities = []
        for name, velocity in zip(self.names, self._static.velocities, strict=True):
            if not name.startswith("k"):
                velocities.append(velocity)
                continue
            force = lean(_raised(drive[SPACE.index(name[1])], len(self.axes)))
            velocities.append((added(velocity[0], force), *velocity[1:]))
        return dataclasses.replace(self._static, velocities=tuple(velocities))

    # --- H and its derivatives ----------------------------------------------------------------

    def _places(self, points: Mapping[str, Array]) -> dict[str, Array]:
        return {name: x for name, x in points.items() if name in SPACE}

    def _momenta(self, points: Mapping[str, Array]) -> list[Array]:
        return [x for name, x in points.items() if name not in SPACE]

    def _used(self, points: Mapping[str, Array]) -> dict[str, Array] | None:
        needed = self.hamiltonian.space_names
        return {n: x for n, x in points.items() if n in needed} or None

    def _jet(self, shift: Shift, t: float) -> tuple[Jet, Array, list[str]]:
        """The jet at points shifted along an axis, −∂φ there, and the names of its slopes."""
        if shift not in self._jets:
            points = dict(self.points)
            if shift is not None:
                points[shift[0]] = points[shift[0]] + shift[1]
            used, places = self._used(points), self._places(points)
            jet = self.hamiltonian.jet(self.valley, self._momenta(points), t, used)
            force = np.zeros(3)
            if not self.fields.potential_zero:
                force = self.fields.electric_at(places, t) - self.fields.drive_at(places, t)
            self._jets[shift] = jet, force, list(used or {})
        return self._jets[shift]

    def _values(self, t: float) -> Row:
        """d₀ + φ, d."""
        used = self._used(self.points)
        scalar, vector = self.hamiltonian.values(self.valley, self._momenta(self.points), t, used)
        potential = self.fields.potential_at(self._places(self.points), t)
        count = len(self.axes)
        total = added(lean(_raised(scalar, count)), lean(_raised(potential, count)))
        return (total, *(lean(_raised(row, count)) for row in vector))

    def _analytic(self, axis: int, shift: Shift, t: float) -> Row:
        """∂H along an axis from its formula, φ included, at points that are shifted."""
        jet, force, slopes = self._jet(shift, t)
        name, count = self.names[axis], len(self.axes)
        if name not in SPACE:
            i = SPACE.index(name[1])
            rows = (jet.scalar_gradient[i], *jet.vector_gradient[i])
            return tuple(lean(_raised(row, count)) for row in rows)
        row: Row = _NOTHING
        if name in slopes:
            i = slopes.index(name)
            rows = (jet.scalar_slope[i], *jet.vector_slope[i])
            row = tuple(lean(_raised(entry, count)) for entry in rows)
        fall = lean(_raised(force[SPACE.index(name)], count))
        return (added(row[0], fall, -1.0), *row[1:])

    def _built(self, t: float) -> Generator:
        self._jets.clear()
        values = self._h = self._values(t)
        first = {a: self._first(a, values, t) for a in range(len(self.axes))}
        second: dict[Pair, Row] = {}

        def twice(a: int, b: int) -> Row:
            pair = (min(a, b), max(a, b))
            if pair not in second:
                second[pair] = self._second(*pair, first, t)
            return second[pair]

        count = len(self.axes)
        velocities = []
        for a in range(count):
            row = _NOTHING
            for i, factor in self._raising(a).items():
                row = tuple(added(x, y, -factor) for x, y in zip(row, first[i], strict=True))
            velocities.append(row)
        bends: dict[Pair, Row] = {}
        for a in range(count):
            for b in range(a, count):
                row = _NOTHING
                for i, one in self._raising(a).items():
                    for j, other in self._raising(b).items():
                        bent = twice(i, j)
                        row = tuple(
                            added(x, y, one * other) for x, y in zip(row, bent, strict=True)
                        )
                if any(entry is not None for entry in row[1:]):
                    bends[a, b] = row[1:]
        self._jets.clear()
        steepest = [
            0.0 if d.spectral else _DAMPING * _steepest(d, row)
            for d, row in zip(self.derivatives, velocities, strict=True)
        ]
        return Generator(
            self.derivatives,
            self.hbar,
            values[1:],
            tuple(velocities),
            bends,
            self.held,
            tuple(steepest),
        )

    def _raising(self, a: int) -> dict[int, float]:
        """The i and Π^{ia} of 𝒟^a = Σ_i Π^{ia} ∂_i."""
        name, found = self.names[a], {}
        if name in SPACE:
            partner = f"k{name}"
            return {self.names.index(partner): -1.0} if partner in self.names else {}
        j = SPACE.index(name[1])
        if SPACE[j] in self.names:
            found[self.names.index(SPACE[j])] = 1.0
        for i, sign in (((j + 1) % 3, -1.0), ((j + 2) % 3, 1.0)):
            partner = f"k{SPACE[i]}"
            b = sign * float(self.magnetic[3 - i - j])  # ε_ijl b_l
            if b != 0.0 and partner in self.names:
                found[self.names.index(partner)] = b
        return found

    def _first(self, a: int, values: Sequence[Entry], t: float) -> Row:
        if not self.derivatives[a].spectral:
            return self._analytic(a, None, t)
        return tuple(self._differentiated(a, x, _ROUNDING * _largest(x)) for x in values)

    def _second(self, a: int, b: int, first: Mapping[int, Row], t: float) -> Row:
        for along, of in ((a, b), (b, a)):
            if self.derivatives[along].spectral:
                # A first derivative by Fourier modes has the rounding of H times its wave number.
                share = self.derivatives[of].largest if self.derivatives[of].spectral else 0.0
                return tuple(
                    self._differentiated(
                        along, x, _ROUNDING * (_largest(x) + share * _largest(h))
                    )
                    for x, h in zip(first[of], self._h, strict=True)
                )
        name, row = self.names[b], _NOTHING
        distance = _NEAR * self.derivatives[b].width
        for j, weight in enumerate(_WEIGHTS, 1):
            for side in (1, -1):
                there = self._analytic(a, (name, side * j * distance), t)
                row = tuple(
                    added(x, y, side * weight / distance) for x, y in zip(row, there, strict=True)
                )
        return tuple(_cleaned(x, y, distance) for x, y in zip(row, first[a], strict=True))

    def _differentiated(self, along: int, entry: Entry, rounding: float) -> Entry:
        """∂ along a periodic axis of an entry that is known up to its rounding."""
        derivative = self.derivatives[along]
        if entry is None or entry.shape[derivative.place] == 1:
            return None
        return lean(derivative(entry), derivative.largest * rounding)


def _steepest(derivative: Derivative, velocity: Row) -> float:
    """The largest |∂_aU_a|."""
    found = 0.0
    for entry in velocity:
        if entry is not None and entry.shape[derivative.place] > 1:
            slope = np.diff(entry, axis=derivative.place) / derivative.width
            found += float(np.abs(slope).max())
    return found


def _largest(entry: Entry) -> float:
    return 0.0 if entry is None else float(np.abs(entry).max())


def _cleaned(second: Entry, first: Entry, distance: float) -> Entry:
    """0 where a difference is nothing but the rounding of what it was taken of."""
    if second is None or first is None:
        return None
    return lean(second, 1e-13 * _largest(first) / distance)


def _raised(values: Array, count: int) -> Array:
    """As many axes as the grid has."""
    return np.reshape(values, (1,) * (count - np.ndim(values)) + np.shape(values))
