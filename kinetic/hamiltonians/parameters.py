"""Parameters of Hamiltonians: numbers, lists and tensors of numbers or formulas in t, x, y, z."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError
from kinetic.hamiltonians.formulas import SPACE, Parameter, Profile, parameter_function

Parameters = dict[str, Parameter]


def checked(value: object, what: str) -> Parameter:
    """A number, a formula in t, x, y, z, or a {pulse = ...} table, ready for a `Valley`.

    Raises
    ------
    InputError
        If it is none of these.
    """
    function = parameter_function(value, what)
    if isinstance(function, Profile):
        return function.source
    if function.constants:
        return function
    number = function.expression.number
    return function.source if number is None else number


def checked_all(model: object, *names: str) -> Parameters:
    """`checked` for several attributes of a model, by name."""
    return {name: checked(getattr(model, name), name) for name in names}


def at_origin(value: object, what: str) -> float:
    """A parameter at r = 0, t = 0.

    Raises
    ------
    InputError
        If it is not allowed or not finite there.
    """
    function = parameter_function(value, what)
    if isinstance(function, Profile):
        return float(function(dict.fromkeys(SPACE, np.zeros(())), 0.0))
    return function(0.0)


def number(value: object, what: str, positive: bool = False) -> float:
    """A number, or a formula without variables such as '2*pi/20'.

    Raises
    ------
    InputError
        If it is neither, or not above 0 where it must be.
    """
    function = parameter_function(value, what)
    if isinstance(function, Profile) or not function.constant:
        raise InputError(f"{what} = {value!r}: a number is needed; it does not change.")
    result = function(0.0)
    if positive and result <= 0:
        raise InputError(f"{what} = {value!r}: it must be above 0.")
    return result


def travelling(
    axis: str, centre: object, speed: object, suffix: str = "", name: str = "speed"
) -> tuple[str, Parameters]:
    """The formula of x − x₀ − ut without the terms that are 0, and the parameters in it.

    Raises
    ------
    InputError
        If x₀ is not a number or formula in t, or u not a number.
    """
    where = checked(centre, "centre" + (f"[{suffix}]" if suffix else ""))
    if set(SPACE) & parameter_function(where, "centre").expression.names:
        raise InputError(f"centre = {centre!r}: it is a number or a formula in t.")
    rate = number(speed, name + (f"[{suffix}]" if suffix else ""))
    text, parameters = axis, Parameters()
    if where != 0.0:
        text += f" - centre{suffix}"
        parameters[f"centre{suffix}"] = where
    if rate != 0.0:
        text += f" - {name}{suffix}*t"
        parameters[f"{name}{suffix}"] = rate
    return f"({text})", parameters


def chosen(value: object, what: str, allowed: Sequence[Any]) -> Any:
    """One of a few values.

    Raises
    ------
    InputError
        If it is anything else.
    """
    if isinstance(value, bool) or value not in allowed:
        names = [repr(entry) for entry in allowed]
        raise InputError(f"{what} = {value!r}: it is {', '.join(names[:-1])} or {names[-1]}.")
    return value


def listed(value: object, what: str, count: int) -> tuple[Any, ...]:
    """A list of `count` entries as a tuple.

    Raises
    ------
    InputError
        If it is not a list of that length.
    """
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        raise InputError(f"{what} = {value!r}: a list of {count} entries is needed.")
    if len(value) != count:
        raise InputError(f"{what} has {len(value)} entries; {count} are needed.")
    return tuple(value)


def vector(value: object, what: str, count: int) -> Parameters:
    """Parameters what0, what1, ... of a list of numbers or formulas."""
    entries = listed(value, what, count)
    return {f"{what}{i}": checked(entry, f"{what}[{i}]") for i, entry in enumerate(entries)}


def is_tensor(value: object) -> bool:
    """Whether a parameter is given as rows."""
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def linear(
    velocity: object, momenta: Sequence[str], what: str = "velocity"
) -> tuple[list[str], Parameters]:
    """Formulas of Σᵢ v_ij qᵢ for each j, and the parameters in them.

    Parameters
    ----------
    velocity
        A number (v_ij = v δ_ij) or the rows v_i of a tensor; entries may depend on t and r.
    momenta
        Formulas of qᵢ.
    what
        Name of the parameter.

    Raises
    ------
    InputError
        If it is neither.
    """
    count = len(momenta)
    if not is_tensor(velocity):
        return [f"{what}*{q}" for q in momenta], {what: checked(velocity, what)}
    parameters: Parameters = {}
    for i, row in enumerate(listed(velocity, what, count)):
        for j, entry in enumerate(listed(row, f"{what}[{i}]", count)):
            parameters[f"{what}{i}{j}"] = checked(entry, f"{what}[{i}][{j}]")
    formulas = [
        " + ".join(f"{what}{i}{j}*{momenta[i]}" for i in range(count)) for j in range(count)
    ]
    return formulas, parameters


def orientation(velocity: object, count: int, what: str = "velocity") -> int:
    """The sign of det v at r = 0, t = 0.

    Raises
    ------
    InputError
        If det v = 0: there is no isolated node then.
    """
    matrix: NDArray[np.float64] = np.eye(count)
    if is_tensor(velocity):
        rows = listed(velocity, what, count)
        entries = [listed(row, f"{what}[{i}]", count) for i, row in enumerate(rows)]
        matrix = np.array([[at_origin(v, what) for v in row] for row in entries])
    else:
        matrix = matrix * at_origin(velocity, what)
    determinant = float(np.linalg.det(matrix))
    if abs(determinant) <= 1e-12 * float(np.abs(matrix).max(initial=0.0)) ** count:
        raise InputError(
            f"{what} has no inverse: a point node needs det v different from 0."
        )
    return 1 if determinant > 0 else -1


def frozen(value: Any) -> Any:
    """Lists as tuples, so that equal models compare equal."""
    if isinstance(value, list | tuple):
        return tuple(frozen(entry) for entry in value)
    return frozen(value.tolist()) if isinstance(value, np.ndarray) else value


def freeze(model: object, *names: str) -> None:
    """Replace list attributes of a frozen model by tuples."""
    for name in names:
        object.__setattr__(model, name, frozen(getattr(model, name)))


def chirality_sign(value: object) -> int:
    """±1.

    Raises
    ------
    InputError
        If it is anything else.
    """
    return int(chosen(value, "chirality", (1, -1)))
