"""A user's own Hamiltonian, written in the run file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kinetic.errors import InputError
from kinetic.hamiltonians.base import Hamiltonian, Valley
from kinetic.hamiltonians.parameters import checked, freeze, listed


@dataclass(frozen=True)
class ExpressionModel(Hamiltonian):
    """H = d₀ + d·σ with d₀ and d as written

    Parameters
    ----------
    d
        Three formulas in kx, ky, kz, x, y, z, t and the parameters.
    d0
        One formula.
    parameters
        Numbers or formulas in x, y, z, t, by name.
    bounded
        Whether d₀ and d have the period 2π in every momentum (a lattice model).

    Raises
    ------
    InputError
        If a formula is not allowed or contains an unknown name.
    """

    name = "expression"
    dimensions = (1, 2, 3)
    d: Any
    d0: Any = "0"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bounded: bool = False

    def __post_init__(self) -> None:
        freeze(self, "d")
        if not isinstance(self.parameters, Mapping):
            raise InputError(
                f"parameters = {self.parameters!r}: write {{name = number, ...}}."
            )
        if not isinstance(self.bounded, bool):
            raise InputError(f"bounded = {self.bounded!r}: it is true or false.")
        _ = self.time_dependent  # checks every formula

    def valleys(self) -> tuple[Valley, ...]:
        """The one patch."""
        x, y, z = (_formula(entry) for entry in listed(self.d, "d", 3))
        parameters = {name: checked(value, name) for name, value in self.parameters.items()}
        return (Valley("model", _formula(self.d0), (x, y, z), parameters),)


def _formula(entry: object) -> str:
    return entry if isinstance(entry, str) else repr(entry)
