"""Forces on the carrier: e = qE(t) and b = qB(t), uniform in space.

The run file's E and B are e and b (force k̇ = e + ṙ×b); no sign is applied to them.  Each
component is a number, a formula in t, or a pulse, with its exact rate: ∂b/∂t enters
Faraday's law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError, suggestion
from kinetic.pulses import Pulse, TimeFunction, time_function

Array = NDArray[np.float64]
_HINTS = {
    name: f"it depends on {name}: inhomogeneous fields need grid axes in real space; "
    "write a function of t only."
    for name in ("x", "y", "z")
}


@dataclass(frozen=True)
class Fields:
    """k̇ = e(t) + ṙ × b(t)

    Parameters
    ----------
    E
        e = qE: one to three components, padded by 0 (force).  A component is a number, a
        formula in t, or a table {pulse = "ramp", ...}; see `kinetic.pulses`.
    B
        b = qB: three components, or one alone for the component along z (1/length²).

    Raises
    ------
    InputError
        If a component is not allowed, or B jumps: its rate would not be a function.
    """

    E: Any = (0.0, 0.0, 0.0)
    B: Any = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        electric = self.E if _is_list(self.E) else [self.E]
        if not 1 <= len(electric) <= 3:
            raise InputError(f"E has {len(electric)} components; give 1, 2 or 3.")
        magnetic = self.B if _is_list(self.B) else [0.0, 0.0, self.B]
        if len(magnetic) != 3:
            raise InputError(
                f"B has {len(magnetic)} components; give 3, or one number along z."
            )
        object.__setattr__(self, "E", _components("E", [*electric, 0.0, 0.0][:3]))
        object.__setattr__(self, "B", _components("B", magnetic))
        for i, component in enumerate(self.B):
            if component.jumps:
                raise InputError(
                    f"B[{i}] = '{component}': a jump of B is an infinite electric field by "
                    "Faraday's law; use {pulse = 'ramp', amplitude = ..., duration = ...}."
                )

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Fields:
        """Read the `[fields]` table.

        Raises
        ------
        InputError
            If a key is not E or B, or a component is not allowed.
        """
        if not isinstance(table, Mapping):
            raise InputError(f"[fields] = {table!r}: a table with E and B is needed.")
        for key in table:
            if key not in ("E", "B"):
                raise InputError(
                    f"[fields] {key}: no such field; {suggestion(key, ('E', 'B'))}"
                )
        try:
            return cls(**table)
        except InputError as error:
            raise InputError(f"[fields] {error}") from None

    def electric(self, t: float) -> Array:
        """Force e at time t.  (3,)"""
        return np.array([component(t) for component in self.E])

    def magnetic(self, t: float) -> Array:
        """Field b at time t.  (3,)"""
        return np.array([component(t) for component in self.B])

    def magnetic_rate(self, t: float) -> Array:
        """∂b/∂t at time t.  (3,)"""
        return np.array([component.rate(t) for component in self.B])

    @property
    def electric_constant(self) -> bool:
        """Whether e does not depend on time."""
        return all(component.constant for component in self.E)

    @property
    def magnetic_constant(self) -> bool:
        """Whether b does not depend on time."""
        return all(component.constant for component in self.B)

    def check(self, dimensions: int) -> None:
        """Refuse components that the momentum axes cannot carry.

        Parameters
        ----------
        dimensions
            Number of momentum axes: e must lie along them; b needs kx and ky, and lies
            along z unless kz is there too.

        Raises
        ------
        InputError
            Naming the component.
        """
        forbidden = ["E[2]", "B[0]", "B[1]"] if dimensions < 3 else []
        forbidden += ["E[1]", "B[2]"] if dimensions < 2 else []
        components = {f"E[{i}]": f for i, f in enumerate(self.E)}
        components |= {f"B[{i}]": f for i, f in enumerate(self.B)}
        axes = "kx" if dimensions == 1 else "kx and ky"
        for name in forbidden:
            if not _vanishes(components[name]):
                raise InputError(
                    f"[fields] {name} = '{components[name]}': with the momentum axes "
                    f"{axes} it must be 0; add momentum axes or take it out."
                )


def _vanishes(component: TimeFunction) -> bool:
    return component.constant and component(0.0) == 0.0


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def _components(name: str, entries: Sequence[object]) -> tuple[TimeFunction, ...]:
    return tuple(
        time_function(entry, f"{name}[{i}]", _HINTS) for i, entry in enumerate(entries)
    )


__all__ = ["Fields", "Pulse", "TimeFunction"]
