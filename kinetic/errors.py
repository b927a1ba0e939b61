"""What went wrong, in sentences: what was asked, what is allowed, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class KineticError(Exception):
    """A failure the program foresaw; `exit_code` is what the command line returns."""

    exit_code = 70


class InputError(KineticError):
    """The user asked for something that is not allowed."""

    exit_code = 2


class UserCodeError(InputError):
    """A class or function supplied by the user failed."""


class MissingMethodError(UserCodeError, NotImplementedError):
    """A description lacks a method that its kind must have."""

    def __init__(self, leaf: object, method: str) -> None:
        super().__init__(f"the class {type(leaf).__name__} must define the method '{method}'.")


class PhysicsError(KineticError):
    """The run left the validity of the theory or of the scheme."""

    exit_code = 3


class OutputError(KineticError):
    """A result or checkpoint could not be written."""

    exit_code = 4


def listing(names: Iterable[str]) -> str:
    """Names as an English list: 'a', 'b' and 'c'."""
    quoted = [f"'{name}'" for name in sorted(set(names))]
    if len(quoted) < 2:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]


def suggestion(asked: str, known: Iterable[str]) -> str:
    """'; did you mean ...?' for the nearest known name, else the list of what is known."""
    known = list(known)
    near = difflib.get_close_matches(asked, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known are {listing(known)}." if known else "nothing is allowed here."
