"""Functions of x, y, z and t with exact derivatives, and the sums that fields are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.compilation import compiled
from kinetic.errors import InputError
from kinetic.expressions import Expression, check_names, parse
from kinetic.grammar import Tree
from kinetic.pulses import Pulse, TimeFunction, time_function

Array = NDArray[np.float64]
Places = Mapping[str, Any]
"""Broadcastable arrays of x, y, z, by name."""
Moment = float | Array
"""A time, or an array of times that broadcasts against the places."""
SPACE = ("x", "y", "z")
VARIABLES = (*SPACE, "t")
_HINTS = {
    name: f"'{name}' is a momentum: only x, y, z and t may stand here."
    for name in ("kx", "ky", "kz")
}


@dataclass(frozen=True, init=False)
class SpaceTimeFunction:
    """F(x,y,z,t) and its derivatives of any order, from a number or a formula.

    Parameters
    ----------
    source
        A number or a formula in x, y, z, t and the names of `constants`.
    constants
        Numbers by name; those that the formula does not contain are dropped.
    what
        What the function is, for messages.

    Raises
    ------
    InputError
        If the source is not an allowed formula, or (at evaluation) it is not finite or needs
        a coordinate that is not given.
    """

    source: str
    constants: tuple[tuple[str, float], ...]
    what: str = field(compare=False)

    def __init__(
        self,
        source: str | float,
        constants: Mapping[str, float] | None = None,
        what: str = "formula",
    ) -> None:
        values = dict(constants or {})
        check_names(values, VARIABLES, "parameter")
        expression = parse(source, (*VARIABLES, *values), what, _HINTS)
        used = sorted(expression.names & set(values))
        object.__setattr__(self, "source", expression.source)
        object.__setattr__(self, "constants", tuple((n, float(values[n])) for n in used))
        object.__setattr__(self, "what", what)

    def __repr__(self) -> str:
        if not self.constants:
            return self.source
        return self.source + " with " + ", ".join(f"{n}={v!r}" for n, v in self.constants)

    @property
    def expression(self) -> Expression:
        """The checked formula."""
        return parse(self.source, (*VARIABLES, *(n for n, _ in self.constants)), self.what)

    @cached_property
    def jumps(self) -> frozenset[str]:
        """Variables along which a heaviside or sign in the formula jumps."""
        found: set[str] = set()
        waiting: list[tuple[Tree, bool]] = [(self.expression.tree, False)]
        while waiting:
            (head, *rest), inside = waiting.pop()
            if head == "name" and inside:
                found.add(rest[0])
            elif head == "call":
                stepping = inside or rest[0] in ("heaviside", "sign")
                waiting += [(argument, stepping) for argument in rest[1]]
            elif head not in ("name", "number"):
                waiting += [(branch, inside) for branch in rest]
        return frozenset(found & set(VARIABLES))

    def names(self, by: Sequence[str] = ()) -> frozenset[str]:
        """Which of x, y, z, t the derivative by the variables `by` depends on."""
        expression = self.expression
        if expression.number is not None or not set(by) <= expression.names:
            return frozenset()
        if self._time is not None and not by:
            return frozenset(expression.names & {"t"})
        return _dependence(self._arguments, self.source, tuple(sorted(by)))[0]

    def vanishes(self, by: Sequence[str] = ()) -> bool:
        """Whether the derivative is zero everywhere and always."""
        if not set(by) <= self.expression.names:
            return True
        return not self.names(by) and float(self.at({}, 0.0, by)) == 0.0

    def at(self, r: Places, t: Moment, by: Sequence[str] = ()) -> Array:
        """The derivative by the variables `by` (the value if none), not yet broadcast.

        Parameters
        ----------
        r
            Arrays of the coordinates x, y, z, as far as the function needs them.
        t
            Time, or an array of times that broadcasts against r.
        by
            Variables by which it is differentiated, such as ('x', 't').

        Raises
        ------
        InputError
            If a coordinate is missing, or the result is not finite.
        """
        if not set(by) <= self.expression.names:
            return np.zeros(())
        if self._time is not None and len(by) < 2 and np.ndim(t) == 0:
            moment = float(t)
            return np.asarray(self._time.rate(moment) if by else self._time(moment))
        variables = tuple(sorted(by))
        needed, function = _dependence(self._arguments, self.source, variables)
        require(self, needed, r)
        places = [r.get(name, 0.0) for name in SPACE]
        (result,) = function(*places, t, *(value for _, value in self.constants))
        result = np.asarray(result, dtype=np.float64)
        if not np.all(np.isfinite(result)):
            self._refuse(result, {**r, "t": t}, variables)
        return result

    @property
    def _arguments(self) -> tuple[str, ...]:
        return (*VARIABLES, *(name for name, _ in self.constants))

    @cached_property
    def _time(self) -> TimeFunction | None:
        """The same function if x, y and z do not occur: value and rate in one."""
        if self.expression.names & set(SPACE):
            return None
        return TimeFunction(self.source, dict(self.constants), self.what)

    def _refuse(self, result: Array, places: Places, by: Sequence[str]) -> None:
        given = {n: np.asarray(v) for n, v in places.items() if n in VARIABLES}
        shape = np.broadcast_shapes(result.shape, *(v.shape for v in given.values()))
        bad = ~np.isfinite(np.broadcast_to(result, shape))
        index = np.unravel_index(int(np.argmax(bad)), shape)
        where = ", ".join(
            f"{n} = {float(np.broadcast_to(v, shape)[index]):.6g}" for n, v in given.items()
        )
        subject = f"its derivative by {', '.join(by)}" if by else "it"
        raise InputError(
            f"{self.what} = '{self}': {subject} is not finite at {where}; write a formula "
            "that is finite on the whole grid at all times of the run."
        )


@lru_cache(maxsize=1024)
def _dependence(
    arguments: tuple[str, ...], source: str, by: tuple[str, ...]
) -> tuple[frozenset[str], Any]:
    """Variables in a derivative, and the compiled function of it.

    An output is not expanded along an argument that it does not contain, so its shape tells
    what it depends on.
    """
    function = compiled(arguments, ((source, ",".join(by)),))
    count = len(VARIABLES)
    probes = [np.full([1] * i + [2] + [1] * (count - i - 1), 0.5) for i in range(count)]
    (result,) = function(*probes, *(1.0 for _ in arguments[count:]))
    shape = np.shape(result)
    names = VARIABLES[count - len(shape) :]
    found = (name for name, extent in zip(names, shape, strict=True) if extent == 2)
    return frozenset(found), function


def spacetime_function(
    value: object, what: str = "formula", constants: Mapping[str, float] | None = None
) -> SpaceTimeFunction:
    """A number, a formula in x, y, z, t, a {pulse = ...} table, or a function made before.

    Parameters
    ----------
    value
        What the run file says.
    what
        What it is for, for messages.
    constants
        Numbers that a formula may contain, by name.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(value, SpaceTimeFunction):
        return value
    if isinstance(value, Mapping | Pulse):
        value = time_function(value, what)
    if isinstance(value, TimeFunction):
        return SpaceTimeFunction(value.source, dict(value.constants), what)
    return SpaceTimeFunction(value, constants, what)  # type: ignore[arg-type]


def require(what: object, needed: Collection[str], given: Collection[str]) -> None:
    """Refuse a function of coordinates that are not there.

    Raises
    ------
    InputError
        Naming the first of them.
    """
    for name in SPACE:
        if name in needed and name not in given:
            called = getattr(what, "what", what)
            raise InputError(f"{called} depends on {name}: give [grid] an axis {name}.")


@dataclass(frozen=True)
class Term:
    """±∂F: one function, or a derivative of it, as a part of a field.

    Parameters
    ----------
    sign
        Factor before it.
    function
        F.
    by
        Variables by which F is differentiated.
    """

    sign: float
    function: SpaceTimeFunction
    by: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Which of x, y, z, t it depends on."""
        return self.function.names(self.by)

    @property
    def vanishes(self) -> bool:
        """Whether it is zero everywhere and always."""
        return self.function.vanishes(self.by)

    def by_also(self, variable: str) -> Term:
        """Its derivative by a variable."""
        return Term(self.sign, self.function, (*self.by, variable))

    def at(self, r: Places, t: Moment) -> Array:
        """Its values, not yet broadcast."""
        return np.asarray(self.sign * self.function.at(r, t, self.by))


Sum = tuple[Term, ...]
"""Terms that add up to one component of a field."""


def sum_of(*terms: Term) -> Sum:
    """The terms that do not vanish."""
    return tuple(term for term in terms if not term.vanishes)


def derivative(terms: Sum, variable: str) -> Sum:
    """∂(Σ terms)/∂variable."""
    return sum_of(*(term.by_also(variable) for term in terms))


def names_of(sums: Collection[Sum]) -> frozenset[str]:
    """Which of x, y, z, t occur in any of the sums."""
    return frozenset().union(*(term.names for terms in sums for term in terms))


def total(terms: Sum, r: Places, t: Moment, shape: tuple[int, ...]) -> Array:
    """Σ terms at points r and times t.  (shape)"""
    result = np.zeros(shape)
    for term in terms:
        result += term.at(r, t)
    return result


def shape_of(r: Places) -> tuple[int, ...]:
    """The common shape S of coordinate arrays."""
    return np.broadcast_shapes(*(np.shape(values) for values in r.values()))
