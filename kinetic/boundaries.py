"""What lies beyond the two ends of a real-space axis.

Periodic, open, a wall that reflects in part specularly and in part diffusely, or a reservoir
in equilibrium.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinetic.errors import InputError, suggestion

PARAMETERS: dict[str, tuple[str, ...]] = {
    "periodic": (),
    "open": ("inflow",),
    "wall": ("specularity",),
    "reservoir": ("chemical_potential", "temperature"),
}
"""The kinds of ends and what each of them takes."""
INFLOWS = ("initial", "empty")
_WALLS = {"specular": 1.0, "diffuse": 0.0}
_ALL = tuple(key for keys in PARAMETERS.values() for key in keys)


@dataclass(frozen=True)
class Side:
    """One end of a real-space axis.

    Parameters
    ----------
    kind
        'periodic'; 'open': what arrives leaves, what enters is the initial state; 'wall': what
        arrives returns; 'reservoir': what arrives leaves, what enters is f_FD(ε̄_s + φ - μ).
        'specular' and 'diffuse' are walls of specularity 1 and 0.
    inflow
        Of an open end: 'initial', or 'empty' where nothing enters.
    specularity
        Of a wall: 0 <= p <= 1, the share that is mirrored; 1 - p returns as a Fermi function
        without drift.  (Maxwell, Phil. Trans. R. Soc. 170, 231 (1879), appendix; Fuchs,
        Math. Proc. Camb. Phil. Soc. 34, 100 (1938))
    chemical_potential
        Of a reservoir: μ with the potential energy φ of the end counted in, so that two
        contacts with the same μ and T carry no current (energy).
    temperature
        Of a reservoir: T >= 0 (energy).

    Raises
    ------
    InputError
        If the kind is not known, or a parameter is missing, out of range, or of another kind.
    """

    kind: str
    inflow: str | None = None
    specularity: float | None = None
    chemical_potential: float | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in (*PARAMETERS, *_WALLS):
            known = suggestion(str(self.kind), (*PARAMETERS, *_WALLS))
            raise InputError(f"kind = {self.kind!r}: {known}")
        given = [key for key in _ALL if getattr(self, key) is not None]
        if self.kind in _WALLS and not given:
            object.__setattr__(self, "specularity", _WALLS[self.kind])
            object.__setattr__(self, "kind", "wall")
            return
        for key in given:
            if key not in PARAMETERS.get(self.kind, ()):
                raise InputError(_misplaced(self.kind, key))
        if self.kind == "open":
            self._check_inflow()
        for key in PARAMETERS[self.kind]:
            if key != "inflow":
                object.__setattr__(self, key, self._number(key))
        if self.specularity is not None and not 0.0 <= self.specularity <= 1.0:
            raise InputError(
                f"specularity = {self.specularity} must lie between 0 (diffuse) and 1 (specular)."
            )
        if self.temperature is not None and self.temperature < 0.0:
            raise InputError(f"temperature = {self.temperature} must not be negative.")

    def _check_inflow(self) -> None:
        inflow = INFLOWS[0] if self.inflow is None else self.inflow
        if not isinstance(inflow, str) or inflow not in INFLOWS:
            raise InputError(f"inflow = {inflow!r}: {suggestion(str(inflow), INFLOWS)}")
        object.__setattr__(self, "inflow", inflow)

    def _number(self, key: str) -> float:
        value = getattr(self, key)
        if value is None:
            raise InputError(f"{key} is missing: a {self.kind} needs it.")
        try:
            finite = not isinstance(value, bool | str) and math.isfinite(value)
        except (TypeError, OverflowError):
            finite = False
        if not finite:
            raise InputError(f"{key} = {value!r} is not a finite number.")
        return float(value)

    @property
    def periodic(self) -> bool:
        """Whether the axis closes on itself here."""
        return self.kind == "periodic"

    @property
    def reservoir(self) -> tuple[float, float] | None:
        """(μ, T) of a reservoir."""
        if self.chemical_potential is None or self.temperature is None:
            return None
        return self.chemical_potential, self.temperature

    def table(self) -> str | dict[str, Any]:
        """How a run file writes it: a name, or a table with the key 'kind'."""
        if self.kind == "wall":
            for name, specularity in _WALLS.items():
                if self.specularity == specularity:
                    return name
        given = {key: getattr(self, key) for key in PARAMETERS[self.kind]}
        if not given or self.inflow == INFLOWS[0]:
            return self.kind
        return {"kind": self.kind, **given}

    def __str__(self) -> str:
        if self.kind == "wall":
            return f"wall of specularity {self.specularity:g}"
        if self.kind == "reservoir":
            return f"reservoir of μ = {self.chemical_potential:g}, T = {self.temperature:g}"
        return "open, nothing enters" if self.inflow == "empty" else self.kind


def _misplaced(kind: str, key: str) -> str:
    if kind in _WALLS:
        return (
            f"a {kind} wall takes no '{key}'; write {{kind = 'wall', specularity = ...}} for one "
            "between specular and diffuse."
        )
    owner = next(owner for owner, keys in PARAMETERS.items() if key in keys)
    return f"{kind!r} takes no '{key}'; that is a key of kind = '{owner}'."


def sides(boundary: Any, where: str) -> tuple[Side, Side]:
    """The lower and the upper end of a real-space axis.

    Parameters
    ----------
    boundary
        A name, a table or a `Side` for both ends, a list of two of these for the lower and
        the upper one, or None: periodic.
    where
        The place in the run, for messages.

    Raises
    ------
    InputError
        If an end is not allowed, or only one of the two is periodic.
    """
    if boundary is None:
        boundary = "periodic"
    if isinstance(boundary, Sequence) and not isinstance(boundary, str):
        if len(boundary) != 2:
            raise InputError(
                f"{where} has {len(boundary)} entries; write one for both ends, or a list of two "
                "for the lower and the upper end."
            )
        lower, upper = (
            _side(entry, f"{where}, {end} end")
            for entry, end in zip(boundary, ("lower", "upper"), strict=True)
        )
    else:
        lower = upper = _side(boundary, where)
    if lower.periodic != upper.periodic:
        raise InputError(
            f"{where}: one end is periodic, the other is not; an axis closes on itself at both "
            "ends or at none."
        )
    return lower, upper


def _side(entry: Any, where: str) -> Side:
    if isinstance(entry, Side):
        return entry
    table = {"kind": entry} if isinstance(entry, str) else entry
    if not isinstance(table, Mapping) or "kind" not in table:
        raise InputError(
            f"{where} = {entry!r}: write 'periodic', 'open', 'specular', 'diffuse', or a table "
            "such as {kind = 'wall', specularity = 0.3}."
        )
    for key in table:
        if key not in ("kind", *_ALL):
            raise InputError(f"{where}: no such key '{key}'; {suggestion(str(key), _ALL)}")
    try:
        return Side(**table)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
