"""The formulas of a valley as functions of r, k and t, with exact derivatives by all of them.

Parameters are arguments of one compiled function.  A parameter that moves in time or changes
in space enters the derivatives by the chain rule, so that it stays as small as the arrays it
depends on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.compilation import compiled
from kinetic.errors import InputError, listing
from kinetic.expressions import Expression, check_names, parse
from kinetic.pulses import TimeFunction, time_function

Array = NDArray[np.float64]
Parameter = float | str | TimeFunction
Place = Mapping[str, Array]
"""Coordinate arrays by name, a subset of x, y, z; broadcastable."""
Group = list[Array]
"""(d₀, d_x, d_y, d_z) or a derivative of them, not yet broadcast."""
MOMENTUM = ("kx", "ky", "kz")
SPACE = ("x", "y", "z")
_HINTS = {
    name: f"it depends on {name}: a parameter is a number or a formula in t, x, y, z."
    for name in MOMENTUM
}


@dataclass(frozen=True)
class Profile:
    """p(r,t) and its exact derivatives, from a formula in x, y, z and t.

    Parameters
    ----------
    source
        The formula.
    what
        What it is, for messages.

    Raises
    ------
    InputError
        If it is not an allowed formula, or (at evaluation) not finite.
    """

    source: str
    what: str = field(default="formula", compare=False)

    @property
    def expression(self) -> Expression:
        """The checked formula."""
        return parse(self.source, (*SPACE, "t"), self.what, _HINTS)

    def __call__(self, place: Place, t: float) -> Array:
        """Value, of the shape of the coordinates that occur."""
        return self.rate("", place, t)

    def rate(self, variable: str, place: Place, t: float) -> Array:
        """Derivative by x, y, z or t; the value for ''."""
        used = [name for name in SPACE if name in self.expression.names]
        function = compiled((*used, "t"), ((self.source, variable),))
        result = np.asarray(function(*(place[name] for name in used), t)[0])
        if not np.isfinite(result.sum()) and not np.isfinite(result).all():
            raise InputError(
                f"{self.what} = '{self.source}' or its derivative is not finite everywhere "
                f"at t = {t:.6g}; write it without the singularity or move the grid."
            )
        return result


def parameter_function(value: object, what: str) -> TimeFunction | Profile:
    """A number, a formula in t, x, y, z or a {pulse = ...} table as a function.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(value, str):
        names = parse(value, (*SPACE, "t"), what, _HINTS).names
        if names & set(SPACE):
            return Profile(value, what)
    return time_function(value, what, _HINTS)


@dataclass(frozen=True)
class ValleyFormulas:
    """The compiled side of a valley: d₀ and d at r, k, t.

    `formulas` of (d₀, d_x, d_y, d_z); `parameters` by name in calling order; `names` in each
    of the formulas; `depends` the same for each of the parameters; `rest` as in `Valley`.
    """

    formulas: tuple[str, str, str, str]
    parameters: tuple[tuple[str, TimeFunction | Profile], ...]
    names: tuple[frozenset[str], ...]
    depends: tuple[frozenset[str], ...]
    rest: tuple[str, ...] = ()

    @cached_property
    def occurring(self) -> frozenset[str]:
        """Every name in the formulas, of variables and parameters."""
        return frozenset().union(*self.names)

    @cached_property
    def variables(self) -> frozenset[str]:
        """Which of t, x, y, z occur in formulas or parameters."""
        return self.occurring.union(*self.depends) & {*SPACE, "t"}

    @property
    def space_names(self) -> frozenset[str]:
        """Which of x, y, z occur."""
        return self.variables - {"t"}

    @property
    def time_dependent(self) -> bool:
        """Whether t occurs."""
        return "t" in self.variables

    def require(self, space: Collection[str]) -> None:
        """Refuse a grid without a coordinate that occurs.

        Raises
        ------
        InputError
            Naming the formula or parameter and the coordinate.
        """
        if self.space_names <= set(space):
            return
        labels = ("d0", "d[0]", "d[1]", "d[2]", *(name for name, _ in self.parameters))
        for label, names in zip(labels, (*self.names, *self.depends), strict=True):
            for name in SPACE:
                if name in names and name not in space:
                    raise InputError(
                        f"{label} depends on {name}: give [grid] an axis {name}."
                    )

    def values(self, points: Sequence[Array], place: Place, t: float) -> Group:
        """(d₀, d)."""
        self.require(place)
        return self._call(points, place, t, ("",))

    def jet(
        self, points: Sequence[Array], place: Place, t: float
    ) -> tuple[list[Group], Group, list[Group]]:
        """[(d₀, d), its derivatives by k], its derivative by t, and those by r."""
        self.require(place)
        momentum = MOMENTUM[: len(points)]
        driven = [v for v in ("t", *place) if v in self.variables]
        explicit = [v for v in driven if v in self.occurring]
        moving = [
            (name, function, names)
            for (name, function), names in zip(self.parameters, self.depends, strict=True)
            if names & set(driven)
        ]
        by = ("", *momentum, *explicit, *(name for name, _, _ in moving))
        outputs = self._call(points, place, t, by)
        groups = {variable: outputs[4 * i : 4 * i + 4] for i, variable in enumerate(by)}

        def total(variable: str) -> Group:
            rates: Group = [np.zeros(())] * 4
            terms: list[tuple[Any, Group]] = []
            if variable in explicit:
                terms.append((1.0, groups[variable]))
            for name, function, names in moving:
                if variable in names:
                    weight = _rate(function, variable, place, t)
                    terms.append((weight, groups[name]))
            for weight, group in terms:
                rates = [
                    np.asarray(rate + weight * part)
                    for rate, part in zip(rates, group, strict=True)
                ]
            return rates

        static = [groups[v] for v in ("", *momentum)]
        return static, total("t"), [total(name) for name in place]

    def _resting(self, dimensions: int) -> tuple[str, ...]:
        momentum = MOMENTUM[:dimensions]
        missing = (self.occurring & set(MOMENTUM)) - set(momentum)
        extra = missing - set(self.rest)
        if extra:
            raise InputError(
                f"the Hamiltonian contains {listing(extra)}, but the grid has only the "
                f"momentum axes {listing(momentum)}; add axes or take them out."
            )
        return tuple(sorted(missing))

    def _call(
        self, points: Sequence[Array], place: Place, t: float, by: tuple[str, ...]
    ) -> Group:
        outputs = tuple((formula, variable) for variable in by for formula in self.formulas)
        resting = self._resting(len(points))
        used = tuple(name for name in SPACE if name in self.occurring)
        names = (name for name, _ in self.parameters)
        arguments = (*MOMENTUM[: len(points)], *resting, *used, "t", *names)
        function = compiled(arguments, outputs)
        numbers = (
            f(t) if isinstance(f, TimeFunction) else f(place, t) for _, f in self.parameters
        )
        space = (place[name] for name in used)
        results = function(*points, *(0.0 for _ in resting), *space, t, *numbers)
        return [np.asarray(result, dtype=np.float64) for result in results]


def _rate(
    function: TimeFunction | Profile, variable: str, place: Place, t: float
) -> float | Array:
    if isinstance(function, TimeFunction):
        return function.rate(t)
    return function.rate(variable, place, t)


@lru_cache(maxsize=512)
def valley_formulas(
    scalar: str,
    vector: tuple[str, str, str],
    parameters: tuple[tuple[str, Parameter], ...],
    rest: tuple[str, ...] = (),
) -> ValleyFormulas:
    """Check the formulas and parameters of a valley.

    Raises
    ------
    InputError
        If one is not allowed or contains an unknown name.
    """
    names = [name for name, _ in parameters]
    check_names(names, (*MOMENTUM, *SPACE, "t"), "parameter")
    functions = tuple((n, parameter_function(p, n)) for n, p in parameters)
    allowed = (*MOMENTUM, *SPACE, "t", *names)
    formulas = [parse(scalar, allowed, "d0")]
    formulas += [parse(f, allowed, f"d[{i}]") for i, f in enumerate(vector)]
    return ValleyFormulas(
        tuple(formula.source for formula in formulas),  # type: ignore[arg-type]
        functions,
        tuple(formula.names for formula in formulas),
        tuple(f.expression.names & {*SPACE, "t"} for _, f in functions),
        rest,
    )
