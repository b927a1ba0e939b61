"""The `[fields]` table: e and b as given, by themselves and by potentials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError, suggestion
from kinetic.fields.consistency import check_electromagnetism, check_jumps
from kinetic.fields.sample import SpaceFields
from kinetic.fields.spacetime import (
    SPACE,
    SpaceTimeFunction,
    Sum,
    Term,
    names_of,
    require,
    spacetime_function,
    sum_of,
    total,
)
from kinetic.fields.spacetime import derivative as derivative_of
from kinetic.grid import Axis

Array = NDArray[np.float64]
KEYS = ("E", "B", "phi", "a", "parameters")


@dataclass(frozen=True)
class Fields:
    """k̇ = e(r,t) + ṙ × b(r,t),  e = E − ∂_rφ − ∂ₜa,  b = B + ∇×a

    Parameters
    ----------
    E
        qE: one to three components, padded by 0 (force).  A component is a number, a
        formula in x, y, z, t, or a table {pulse = "ramp", ...}; see `kinetic.pulses`.
    B
        qB: three components, or one alone for the component along z (1/length²).
    phi
        φ, the potential energy of the carrier.
    a
        One to three components of the vector potential, padded by 0 (momentum).
    parameters
        Numbers by name that the formulas may contain.

    Raises
    ------
    InputError
        If a component is not allowed, or jumps where its derivative makes a field.
    """

    E: Any = (0.0, 0.0, 0.0)
    B: Any = (0.0, 0.0, 0.0)
    phi: Any = 0.0
    a: Any = (0.0, 0.0, 0.0)
    parameters: Any = ()

    def __post_init__(self) -> None:
        numbers = _numbers(self.parameters)
        magnetic = self.B if _is_list(self.B) else [0.0, 0.0, self.B]
        if len(magnetic) != 3:
            raise InputError(f"B has {len(magnetic)} components; give 3, or one number along z.")
        electric, potential = _padded("E", self.E), _padded("a", self.a)
        object.__setattr__(self, "E", _components("E", electric, numbers))
        object.__setattr__(self, "B", _components("B", magnetic, numbers))
        object.__setattr__(self, "phi", spacetime_function(self.phi, "phi", numbers))
        object.__setattr__(self, "a", _components("a", potential, numbers))
        object.__setattr__(self, "parameters", tuple(sorted(numbers.items())))
        check_jumps(self.E, self.B, self.phi, self.a)

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Fields:
        """Read the `[fields]` table.

        Raises
        ------
        InputError
            If a key is none of E, B, phi, a, parameters, or a component is not allowed.
        """
        if not isinstance(table, Mapping):
            raise InputError(f"[fields] = {table!r}: a table with E and B is needed.")
        for key in table:
            if key not in KEYS:
                raise InputError(f"[fields] {key}: no such field; {suggestion(key, KEYS)}")
        try:
            return cls(**table)
        except InputError as error:
            raise InputError(f"[fields] {error}") from None

    def to_table(self) -> dict[str, Any]:
        """The `[fields]` table that gives these fields again.

        Raises
        ------
        TypeError
            If a component is a pulse: its constants have no place in a formula.
        """

        def text(function: SpaceTimeFunction) -> str:
            if not set(function.constants) <= set(self.parameters):
                raise TypeError(f"{function!r} has constants")
            return function.source

        table: dict[str, Any] = {"E": [text(f) for f in self.E], "B": [text(f) for f in self.B]}
        if self.phi != spacetime_function(0.0):
            table["phi"] = text(self.phi)
        if set(self.a) != {spacetime_function(0.0)}:
            table["a"] = [text(f) for f in self.a]
        return table | ({"parameters": dict(self.parameters)} if self.parameters else {})

    @cached_property
    def drive(self) -> tuple[Sum, ...]:
        """E − ∂ₜa: e without the force of φ, as sums of terms."""
        return tuple(
            sum_of(Term(1.0, given), Term(-1.0, potential, ("t",)))
            for given, potential in zip(self.E, self.a, strict=True)
        )

    @cached_property
    def descent(self) -> tuple[Sum, ...]:
        """−∂_rφ: the force of φ, as sums of terms."""
        return tuple(sum_of(Term(-1.0, self.phi, (name,))) for name in SPACE)

    @cached_property
    def force(self) -> tuple[Sum, ...]:
        """e = E − ∂ₜa − ∂_rφ, as sums of terms."""
        return tuple((*d, *s) for d, s in zip(self.drive, self.descent, strict=True))

    @cached_property
    def induction(self) -> tuple[Sum, ...]:
        """b = B + ∇×a, as sums of terms."""
        found = []
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            curl = Term(1.0, self.a[k], (SPACE[j],)), Term(-1.0, self.a[j], (SPACE[k],))
            found.append(sum_of(Term(1.0, self.B[i]), *curl))
        return tuple(found)

    @cached_property
    def induction_rate(self) -> tuple[Sum, ...]:
        """∂b/∂t, as sums of terms."""
        return tuple(derivative_of(terms, "t") for terms in self.induction)

    def electric(self, t: float) -> Array:
        """Force e at time t, where it is uniform.  (3,)"""
        return np.array([total(terms, {}, t, ()) for terms in self.force])

    def magnetic(self, t: float) -> Array:
        """Field b at time t, where it is uniform.  (3,)"""
        return np.array([total(terms, {}, t, ()) for terms in self.induction])

    def magnetic_rate(self, t: float) -> Array:
        """∂b/∂t at time t, where it is uniform.  (3,)"""
        return np.array([total(terms, {}, t, ()) for terms in self.induction_rate])

    @property
    def uniform(self) -> bool:
        """Whether e and b do not depend on r, and there is no φ."""
        return not self.space_names and self.phi.vanishes()

    @property
    def magnetic_uniform(self) -> bool:
        """Whether b does not depend on r."""
        return not names_of(self.induction) & set(SPACE)

    @cached_property
    def space_names(self) -> frozenset[str]:
        """Which of x, y and z e, b and φ depend on."""
        names = names_of((*self.force, *self.induction)) | self.phi.names()
        return frozenset(names & set(SPACE))

    @property
    def electric_constant(self) -> bool:
        """Whether e does not depend on time."""
        return "t" not in names_of(self.force)

    @property
    def magnetic_constant(self) -> bool:
        """Whether b does not depend on time."""
        return "t" not in names_of(self.induction)

    def in_space(
        self, axes: Sequence[Axis], centre: Mapping[str, float] | None = None
    ) -> SpaceFields:
        """The fields in a sample, with what Faraday's law adds to them.

        Parameters
        ----------
        axes
            Axes of the sample in real space, none in a homogeneous run.
        centre
            Where the electric field of a uniform B(t) vanishes, by axis name; the middle of
            the sample where it is not given.
        """
        return SpaceFields(self, tuple(axes), tuple(sorted((centre or {}).items())))

    def check(self, dimensions: int, axes: Sequence[Axis] = ()) -> None:
        """Refuse what the axes of the grid cannot carry.

        Parameters
        ----------
        dimensions
            Number of momentum axes: e must lie along them; b needs kx and ky, and lies
            along z unless kz is there too.
        axes
            Axes in real space: the fields may depend on their coordinates.

        Raises
        ------
        InputError
            Naming the component.
        """
        self._check_coordinates(axes)
        names = ("kx", "kx and ky", "kx, ky and kz")[dimensions - 1]
        refused = [("force", i, self.force[i]) for i in range(dimensions, 3)]
        refused += [("field", i, self.induction[i]) for i in range((3, 2, 0)[dimensions - 1])]
        for kind, i, terms in refused:
            for term in terms:
                subject = f"its {kind} along {SPACE[i]}" if term.by else "it"
                raise InputError(
                    f"[fields] {term.function.what} = '{term.function}': with the momentum "
                    f"axes {names} {subject} must be 0; add momentum axes or take it out."
                )

    def check_space(self, axes: Sequence[Axis], times: Sequence[float]) -> None:
        """Refuse fields that break Maxwell's homogeneous equations or a periodic axis.

        Parameters
        ----------
        axes
            Axes in real space; nothing depends on the directions that have none.
        times
            Times of the run, at least its ends.

        Raises
        ------
        InputError
            With the residual of ∇×e + ∂b/∂t = 0 or ∇·b = 0 and where it was found, or
            naming the axis along which a field does not repeat.
        """
        self._check_coordinates(axes)
        try:
            check_electromagnetism(self.in_space(axes), times)
        except InputError as error:
            raise InputError(f"[fields] {error}") from None

    def _check_coordinates(self, axes: Sequence[Axis]) -> None:
        given = [axis.name for axis in axes]
        terms = [Term(1.0, self.phi)]
        terms += [t for terms in (*self.force, *self.induction) for t in terms]
        for term in terms:
            try:
                require(term.function, term.names, given)
            except InputError as error:
                raise InputError(f"[fields] {error}") from None
        if not given and not self.phi.vanishes():
            raise InputError(
                f"[fields] phi = '{self.phi}': without grid axes in real space a potential "
                "does nothing; take it out, or write the force as E."
            )


def _numbers(parameters: object) -> dict[str, float]:
    try:
        numbers = dict(parameters)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise InputError(
            f"parameters = {parameters!r}: a table {{name = number}} is needed."
        ) from None
    for name, value in numbers.items():
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise InputError(f"parameters.{name} = {value!r}: a finite number is needed.")
    return {name: float(value) for name, value in numbers.items()}


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def _padded(name: str, given: Any) -> list[Any]:
    entries = list(given) if _is_list(given) else [given]
    if not 1 <= len(entries) <= 3:
        raise InputError(f"{name} has {len(entries)} components; give 1, 2 or 3.")
    return [*entries, 0.0, 0.0][:3]


def _components(
    name: str, entries: Sequence[object], numbers: Mapping[str, float]
) -> tuple[SpaceTimeFunction, ...]:
    return tuple(
        spacetime_function(entry, f"{name}[{i}]", numbers) for i, entry in enumerate(entries)
    )
