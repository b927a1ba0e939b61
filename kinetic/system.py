"""The frozen bundle that says what is simulated: grid, Hamiltonian, fields, equation, state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.fields import Fields
from kinetic.grid import Grid
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
        if self.grid.space:
            names = ", ".join(axis.name for axis in self.grid.space)
            raise InputError(
                f"[grid] has the real-space axes {names}: this version solves homogeneous "
                "systems; give momentum axes kx, ky, kz only."
            )
        self.hamiltonian.check(self.grid.dimensions)
        self.fields.check(self.grid.dimensions)
        grid = self.grid
        for axis in grid.momentum:
            period = self.hamiltonian.period(axis.name)
            whole = period is not None and abs(axis.length - period) < 1e-9 * period
            if axis.periodic and period is not None and not whole:
                raise InputError(
                    f"[grid] {axis.name} is periodic but {axis.length:.6g} long; the period "
                    f"of {self.hamiltonian.name} is {period:.6g}: take one whole zone."
                )
            grid = grid.replace(axis.bounded("periodic" if whole else "open"))
        object.__setattr__(self, "collisions", tuple(self.collisions))
        if self.equation.berry and grid.dimensions > 1:
            grid, notes = settle(self.hamiltonian, grid, self.start)
            object.__setattr__(self, "notes", (*self.notes, *notes))
        object.__setattr__(self, "grid", grid)

    @property
    def valleys(self) -> int:
        """Number of valleys."""
        return len(self.hamiltonian.valleys())

    @property
    def bounded(self) -> bool:
        """Whether the sea is finite: every axis is a whole Brillouin zone."""
        return self.hamiltonian.bounded and all(a.periodic for a in self.grid.momentum)
