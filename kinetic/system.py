"""The frozen bundle that says what is simulated: grid, Hamiltonian, fields, equation, state."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.fields import Fields
from kinetic.grid import Array, Grid
from kinetic.hamiltonians.base import Hamiltonian
from kinetic.nodes import settle

if TYPE_CHECKING:
    from kinetic.collisions.base import Collision
    from kinetic.initial import Initial


@dataclass(frozen=True)
class System:
    """Everything that defines a run except how long and how finely it is stepped.

    Parameters
    ----------
    grid
        Phase-space axes; axes without a boundary become periodic for lattice models, else open.
    hamiltonian
        H = d₀ + d·σ.
    initial
        State at the start.
    fields
        Forces e(t), b(t).
    equation
        Level of theory and numerics.
    collisions
        Operators that are summed.

    Raises
    ------
    InputError
        If the parts do not fit together.
    """

    grid: Grid
    hamiltonian: Hamiltonian
    initial: Initial
    fields: Fields = field(default_factory=Fields)
    equation: Equation = field(default_factory=Equation)
    collisions: tuple[Collision, ...] = ()
    start: float = 0.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        space = self.grid.space
        places = {axis.name: axis.centres for axis in space}
        self.hamiltonian.check(self.grid.dimensions, places)
        self.fields.check(self.grid.dimensions, space)
        self._check_bands(places)
        if space:
            self.fields.check_space(space, (self.start,))
            self._check_repeats(places)
        grid = self.grid
        for axis in grid.momentum:
            period = self.hamiltonian.period(axis.name)
            whole = period is not None and abs(axis.length - period) < 1e-9 * period
            if period is not None and not whole and abs(axis.length - period) < 0.01 * period:
                raise InputError(
                    f"[grid] {axis.name} is {axis.length:.8g} long, nearly one zone of "
                    f"{period:.8g}: write the edges exactly, such as ['-pi', 'pi', 64]."
                )
            if axis.periodic and period is None and self._jumps(axis.name):
                raise InputError(
                    f"[grid] {axis.name} is periodic, but {self.hamiltonian.name} is not: d or "
                    "d0 differs between its ends; drop boundary = 'periodic'."
                )
            if axis.periodic and period is not None and not whole:
                raise InputError(
                    f"[grid] {axis.name} is periodic but {axis.length:.6g} long; the period "
                    f"of {self.hamiltonian.name} is {period:.6g}: take one whole zone."
                )
            grid = grid.replace(axis.bounded("periodic" if whole else "open"))
        object.__setattr__(self, "collisions", tuple(self.collisions))
        if self.equation.berry and grid.dimensions > 1 and not self.hamiltonian.textured:
            grid, notes = settle(self.hamiltonian, grid, self.start)
            object.__setattr__(self, "notes", (*self.notes, *notes))
        object.__setattr__(self, "grid", grid)

    def _check_bands(self, places: dict[str, Array]) -> None:
        """Refuse a Hamiltonian whose two bands coincide everywhere."""
        needed = self.hamiltonian.space_names
        few = {n: np.quantile(x, (0.1, 0.37, 0.8)) for n, x in places.items() if n in needed}
        k = [np.quantile(axis.centres, (0.07, 0.41, 0.83)) for axis in self.grid.momentum]
        mesh = np.meshgrid(*few.values(), *k, indexing="ij", sparse=True)
        r = dict(zip(few, mesh, strict=False))
        for valley in range(self.valleys):
            points = mesh[len(few) :]
            _, vector = self.hamiltonian.values(valley, points, self.start, r or None)
            if not np.any(vector):
                raise InputError(
                    f"[hamiltonian] d of {self.hamiltonian.name} vanishes everywhere: the two "
                    "bands coincide and cannot be told apart; give d a splitting."
                )

    def _check_repeats(self, places: dict[str, Array]) -> None:
        """Refuse a periodic axis of real space along which the texture does not repeat."""
        for axis in self.grid.space:
            ends = (axis.edges[0], axis.edges[-1])
            if axis.periodic and not self.hamiltonian.repeats(
                axis.name, *ends, self.grid.dimensions, places, (self.start,)
            ):
                raise InputError(
                    f"[grid] {axis.name} is periodic, but {self.hamiltonian.name} differs "
                    f"between {axis.name} = {ends[0]:.6g} and {ends[1]:.6g}: take a whole "
                    "period, make the texture die out before the ends, or set "
                    "boundary = 'open'."
                )

    def _jumps(self, name: str) -> bool:
        """Whether d₀ or d differs between the two ends of an axis."""
        axes = self.grid.momentum
        inside = [axis.centres[:: max(1, axis.cells // 5)][:3] for axis in axes]
        index = [axis.name for axis in axes].index(name)
        ends = []
        needed = self.hamiltonian.space_names
        middle = {a.name: a.centres[a.cells // 2] for a in self.grid.space if a.name in needed}
        for edge in (axes[index].edges[0], axes[index].edges[-1]):
            k = list(inside)
            k[index] = np.array([edge])
            mesh = np.meshgrid(*k, indexing="ij", sparse=True)
            for valley in range(self.valleys):
                scalar, vector = self.hamiltonian.values(valley, mesh, self.start, middle)
                ends.append(np.concatenate([scalar.ravel(), vector.ravel()]))
        low, high = ends[: len(ends) // 2], ends[len(ends) // 2 :]
        size = max(float(np.abs(end).max()) for end in ends) + 1e-300
        return any(
            float(np.abs(a - b).max()) > 1e-9 * size for a, b in zip(low, high, strict=True)
        )

    @cached_property
    def valleys(self) -> int:
        """Number of valleys."""
        return len(self.hamiltonian.valleys())

    @property
    def bounded(self) -> bool:
        """Whether the sea is finite: every axis is a whole Brillouin zone."""
        return self.hamiltonian.bounded and all(a.periodic for a in self.grid.momentum)
