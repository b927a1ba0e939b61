"""Exact flow of a part of Ĥ: a Fourier transform, a product, and back.

Where a part h depends on coordinates c, its flow is diagonal once the partners p are transformed,
n̂ = Σ n̂(κ) e^{iκ·p}:

    h ⋆ n̂ = h(c − ½ħ Π^{cp} κ_p) n̂ ,   n̂ ⋆ h = n̂ h(c + ½ħ Π^{cp} κ_p)

    n̂(κ) ← e^{−i e·κ τ} e^{−iτ h(c⁻)/ħ} n̂(κ) e^{iτ h(c⁺)/ħ}

The mode at the edge of the band of an even number of cells is its own conjugate and is not
shifted, which keeps n̂ Hermitian and the flow unitary.

Source: Groenewold, Physica 12, 405 (1946); Cabrera, Bondar, Jacobs and Rabitz, Phys. Rev. A 92,
042122 (2015), for the split operator in phase space.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from kinetic.device import Device
from kinetic.grid import SPACE, Array, Axis
from kinetic.kernels.wigner import shift, symmetric_product, turn
from kinetic.quantum.parts import Part, Parts

_SLAB = 1 << 13  # cells that are worked on together: they stay near the processor
_AXES = 6
_EMPTY = np.zeros((3, *[1] * _AXES))


@dataclass(frozen=True)
class Table:
    """A part at the shifted coordinates of a slab: h₀⁻ ∓ h₀⁺ (S) and h⁻, h⁺ (3, S)."""

    scalar: Array
    left: Array
    right: Array

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return sum(array.nbytes for array in (self.scalar, self.left, self.right))


class ExactFlow:
    """The exact flow of one part.

    Parameters
    ----------
    part, parts
        The part and its Hamiltonian.
    axes
        Of the grid.
    hbar
        ħ.
    device
        Where the loops run.
    room
        Bytes of tables that may be kept.
    """

    def __init__(
        self,
        part: Part,
        parts: Parts,
        axes: tuple[Axis, ...],
        hbar: float,
        device: Device,
        room: float = 0.0,
    ) -> None:
        self.part, self.parts, self.axes, self.device = part, parts, axes, device
        self.hbar, self.room = hbar, room
        names = [axis.name for axis in axes]
        self.transformed = tuple(names.index(name) for name in part.partners)
        kept = [n for n in range(len(axes)) if n not in self.transformed]
        self.across = kept[0] if kept else None
        self.moves = self._moves()
        self.waves = self._waves()
        self._tables: dict[tuple[int, int], Table] = {}
        self._held = 0

    def _moves(self) -> bool:
        """Whether the part depends on time."""
        if not self.part.coordinates:
            return False
        spatial = self.part.coordinates[0] in SPACE
        driven = spatial and not self.parts.fields.potential_constant
        return driven or (self.part.matrix and self.parts.moves)

    def _waves(self) -> dict[str, Array]:
        """κ along the transformed axes, by name; the last one is halved."""
        found: dict[str, Array] = {}
        for place in self.transformed:
            axis = self.axes[place]
            step = 2.0 * np.pi / axis.length
            if place == self.transformed[-1]:
                modes = np.arange(axis.cells // 2 + 1)
            else:
                modes = np.rint(scipy.fft.fftfreq(axis.cells) * axis.cells)
            if axis.cells % 2 == 0:
                modes = np.where(np.abs(modes) == axis.cells // 2, 0, modes)
            shape = [1] * len(self.axes)
            shape[place] = -1
            found[axis.name] = np.asarray(step * modes, dtype=np.float64).reshape(shape)
        return found

    # --- slabs --------------------------------------------------------------------------------

    def slabs(self) -> Iterator[tuple[slice, ...]]:
        """Index of each slab behind the component."""
        whole = [slice(None)] * len(self.axes)
        if self.across is None:
            yield tuple(whole)
            return
        cells = [axis.cells for axis in self.axes]
        count = cells[self.across]
        rest = int(np.prod(cells)) // count
        thick = max(1, _SLAB // rest)
        for first in range(0, count, thick):
            whole[self.across] = slice(first, min(first + thick, count))
            yield tuple(whole)

    def _table(self, valley: int, index: tuple[slice, ...], t: float) -> Table:
        """The part at the shifted coordinates of a slab, for its flow: h₀⁻ − h₀⁺."""
        key = (valley, 0 if self.across is None else index[self.across].start)
        if key not in self._tables:
            (before, left), (after, right) = self._sides(valley, index, t)
            sides = (_padded(h, 1) if self.part.matrix else _EMPTY for h in (left, right))
            table = Table(_padded(before - after, 0), *sides)
            if self.moves or self._held + table.nbytes > self.room:
                return table
            self._tables[key] = table
            self._held += table.nbytes
        return self._tables[key]

    def _sides(
        self, valley: int, index: tuple[slice, ...], t: float
    ) -> list[tuple[Array, Array]]:
        """(h₀, h) of the part at c⁻ and at c⁺."""
        sides = []
        for sign in (-0.5, 0.5):
            places = {}
            for place, axis in enumerate(self.axes):
                if axis.name not in self.part.coordinates:
                    continue
                shape = [1] * len(self.axes)
                shape[place] = -1
                where = axis.centres[index[place]].reshape(shape)
                for partner, brackets in self.part.partners.items():
                    bracket = brackets.get(axis.name, 0.0)
                    if bracket:
                        where = where + sign * self.hbar * bracket * self.waves[partner]
                places[axis.name] = _inside(where, axis)
            sides.append(self.parts.values(self.part, valley, places, t))
        return sides

    @property
    def largest_slab(self) -> int:
        """Fourier coefficients of a slab, of one component."""
        cells = [axis.cells for axis in self.axes]
        slab = next(self.slabs())
        shape = [len(range(*s.indices(n))) for s, n in zip(slab, cells, strict=True)]
        last = self.transformed[-1]
        shape[last] = shape[last] // 2 + 1
        return int(np.prod(shape))

    @property
    def held(self) -> int:
        """Bytes of the tables that are kept."""
        return self._held

    # --- the flow -----------------------------------------------------------------------------

    def advance(self, n: Array, t: float, step: float, force: Mapping[str, float]) -> None:
        """The state n (valley, 4, *r, *k) after the flow over `step`, with Ĥ and e as at t.

        `force` is e by the names of the momenta.
        """
        push = np.zeros([1] * len(self.axes))
        for name in self.part.pushed:
            push = push + self.waves[name] * force[name] * step
        push = _padded(push, 0)
        for valley, whole in enumerate(n):
            for index in self.slabs():
                slab = whole[(slice(None), *index)]
                modes = self.transform(slab)
                self._turn(modes, valley, index, t, step / self.hbar, push)
                slab[...] = self.back(modes, slab.shape)

    def _turn(
        self,
        modes: NDArray[np.complex128],
        valley: int,
        index: tuple[slice, ...],
        t: float,
        scale: float,
        push: Array,
    ) -> None:
        six = _six(modes)
        shape = six.shape[1:]
        pushed, pairs = np.broadcast_to(push, shape), six.view(np.float64)
        if not self.part.coordinates:
            self.device.launch(shift, pairs, pushed, pushed, 0.0)
            return
        table = self._table(valley, index, t)
        delta = np.broadcast_to(table.scalar, shape)
        if self.part.matrix:
            left, right = (np.broadcast_to(h, (3, *shape)) for h in (table.left, table.right))
            self.device.launch(turn, pairs, delta, left, right, pushed, scale)
        else:
            self.device.launch(shift, pairs, delta, pushed, scale)

    def transform(self, slab: Array) -> NDArray[np.complex128]:
        """Fourier coefficients along the partners."""
        axes = [1 + place for place in self.transformed]
        modes: NDArray[np.complex128] = scipy.fft.rfftn(
            slab, axes=axes, workers=self.device.threads
        )
        return modes

    def back(self, modes: NDArray[np.complex128], shape: tuple[int, ...]) -> Array:
        """Values from Fourier coefficients."""
        axes = [1 + place for place in self.transformed]
        sizes = [shape[axis] for axis in axes]
        return np.asarray(
            scipy.fft.irfftn(
                modes, sizes, axes=axes, workers=self.device.threads, overwrite_x=True
            )
        )

    def add_product(self, out: Array, n: Array, t: float) -> None:
        """Add ½(h ⋆ n̂ + n̂ ⋆ h) of this part to `out`."""
        if not self.part.coordinates:
            return
        for valley, whole in enumerate(n):
            for index in self.slabs():
                slab = whole[(slice(None), *index)]
                modes = self.transform(slab)
                six = _six(modes)
                shape = six.shape[1:]
                (before, left), (after, right) = self._sides(valley, index, t)
                total = np.broadcast_to(_padded(before + after, 0), shape)
                left, right = (np.broadcast_to(_padded(h, 1), (3, *shape)) for h in (left, right))
                self.device.launch(symmetric_product, six, total, left, right)
                out[valley][(slice(None), *index)] += self.back(modes, slab.shape)

    def bounds(self, t: float) -> tuple[float, float]:
        """Lowest and highest value of h₀ ∓ |h| at the shifted coordinates."""
        low, high = np.inf, -np.inf
        if not self.part.coordinates:
            return 0.0, 0.0
        for valley in range(self.parts.system.valleys):
            for index in self.slabs():
                for scalar, vector in self._sides(valley, index, t):
                    size = np.sqrt(np.einsum("c...,c...->...", vector, vector))
                    low = min(low, float(np.min(scalar - size)))
                    high = max(high, float(np.max(scalar + size)))
        return low, high


def _inside(where: Array, axis: Axis) -> Array:
    """Coordinates brought back to a periodic axis."""
    if not axis.periodic:
        return where
    return axis.edges[0] + np.mod(where - axis.edges[0], axis.length)


def _six(modes: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The same numbers with six axes behind the component."""
    shape = modes.shape
    return modes.reshape(shape[0], *[1] * (_AXES + 1 - len(shape)), *shape[1:])


def _padded(values: Array, first: int) -> Array:
    """Six axes behind the first one or none."""
    values = np.asarray(values, dtype=float)
    kept = values.shape[:first]
    shape = values.shape[first:]
    return np.ascontiguousarray(values).reshape(*kept, *[1] * (_AXES - len(shape)), *shape)
