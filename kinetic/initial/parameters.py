"""Parameters of initial states: numbers, lists, one value per valley, profiles in x, y, z."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.expressions import check_names, parse
from kinetic.grid import SPACE, Array

MOMENTA = ("kx", "ky", "kz")


def number(name: str, value: Any) -> float:
    """A finite number.

    Raises
    ------
    InputError
        If it is none.
    """
    allowed = isinstance(value, int | float | np.floating | np.integer)
    if not allowed or isinstance(value, bool) or not np.isfinite(value):
        raise InputError(f"{name} = {value!r} is not a finite number.")
    return float(value)


def is_list(value: Any) -> bool:
    """Whether it has entries."""
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def per_valley(name: str, value: Any) -> tuple[float, ...] | float:
    """A number, or one per valley."""
    if is_list(value):
        return tuple(number(name, item) for item in value)
    return number(name, value)


def vector(name: str, value: Any) -> tuple[float, ...]:
    """A list of numbers."""
    if not is_list(value):
        raise InputError(f"{name} = {value!r} must be a list of numbers.")
    return tuple(number(name, item) for item in value)


def positive(name: str, value: Any) -> tuple[float, ...] | float:
    """A number above 0, or a list of them.

    Raises
    ------
    InputError
        If one is not.
    """
    values = vector(name, value) if is_list(value) else number(name, value)
    if np.any(np.asarray(values) <= 0.0):
        raise InputError(f"{name} = {value} must be above 0.")
    return values


def one_each(value: tuple[float, ...] | float, count: int) -> list[float]:
    """The entries, or one number so many times."""
    return list(value) if isinstance(value, tuple) else [value] * count


def pick(value: Any, valley: int) -> Any:
    """The entry of a valley."""
    return value[valley] if isinstance(value, tuple) else value


def check_valleys(name: str, value: Any, valleys: int) -> None:
    """Refuse a list that has not one entry per valley."""
    if isinstance(value, tuple) and len(value) != valleys:
        raise InputError(
            f"[initial] {name} has {len(value)} entr{'y' if len(value) == 1 else 'ies'}, the "
            f"Hamiltonian {valleys} valley{'s' if valleys > 1 else ''}; give one for all or one "
            "per valley."
        )


def check_components(
    name: str, value: Sequence[float], kind: str, directions: Sequence[str]
) -> None:
    """Refuse a list that has not one component per axis of a kind, 'r' or 'momentum'."""
    if len(value) != len(directions):
        plural = "" if len(value) == 1 else "s"
        axes = ", ".join(directions)
        own = f"has the {kind} axes {axes}" if axes else f"has no {kind} axes"
        raise InputError(
            f"[initial] {name} has {len(value)} component{plural}, but the grid {own}: "
            f"give {len(directions)}."
        )


def constants(value: Any) -> dict[str, float]:
    """The named numbers of formulas.

    Raises
    ------
    InputError
        If it is no table of numbers, or a name is taken.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"parameters = {value!r} must be a table of numbers by name.")
    check_names(value, (*SPACE, *MOMENTA, "t"), "parameter")
    return {name: number(f"parameter {name}", entry) for name, entry in value.items()}


def profile(name: str, value: Any, parameters: Mapping[str, float]) -> float | str:
    """A number, or the text of a formula in x, y, z and the parameters.

    Raises
    ------
    InputError
        If it is not a formula of these.
    """
    expression = parse(value, (*SPACE, *parameters), name)
    plain = expression.number
    return expression.source if plain is None else plain


def profiles(name: str, value: Any, parameters: Mapping[str, float]) -> Any:
    """One profile, or a tuple of one per valley."""
    if is_list(value):
        return tuple(profile(f"{name}[{i}]", v, parameters) for i, v in enumerate(value))
    return profile(name, value, parameters)


def check_profiles(
    name: str, value: Any, space: Collection[str], parameters: Mapping[str, float]
) -> None:
    """Refuse a profile, or one of a tuple, that uses a coordinate without an axis."""
    for source in value if isinstance(value, tuple) else (value,):
        if isinstance(source, str):
            require(name, source, space, parameters)


def evaluated(
    name: str, value: float | str, r: Mapping[str, Array], parameters: Mapping[str, float]
) -> Array:
    """A profile at positions; it broadcasts against them.

    Raises
    ------
    InputError
        If it uses a coordinate that is not there, or is not finite somewhere.
    """
    if not isinstance(value, str):
        return np.asarray(value)
    require(name, value, r, parameters)
    (values,) = formula_values((value,), r, parameters)
    if not np.all(np.isfinite(values)):
        raise InputError(f"[initial] {name} = '{value}' is not finite everywhere on the grid.")
    return values


def formula_values(
    sources: Sequence[str], variables: Mapping[str, Array], parameters: Mapping[str, float]
) -> tuple[Array, ...]:
    """Formulas at points, however large their values; each broadcasts against the points."""
    from kinetic.compilation import compiled

    names = (*variables, *parameters)
    values = compiled(names, tuple((source, "") for source in sources))(
        *variables.values(), *parameters.values()
    )
    return tuple(np.asarray(value, dtype=float) for value in values)


def require(
    name: str, source: str, present: Collection[str], parameters: Mapping[str, float]
) -> None:
    """Refuse the coordinates of a formula that are not present.

    Raises
    ------
    InputError
        Naming the first one.
    """
    coordinates = (*SPACE, *MOMENTA)
    used = parse(source, (*coordinates, *parameters), name).names
    for coordinate in coordinates:
        if coordinate in used and coordinate not in present:
            raise InputError(
                f"[initial] {name} = '{source}' depends on {coordinate}, but the grid has no "
                f"axis {coordinate}; add it to [grid] or take {coordinate} out of the formula."
            )
