"""Descriptions by name: defining a class enters it into the program.

A description (Hamiltonian, field, collision operator, initial state, observable, ...) is an
inert frozen dataclass.  Its constructor is the schema of its table in the run file, its
docstring's first line is its formula.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from kinetic.errors import InputError, suggestion

_KINDS: dict[str, dict[str, type[Description]]] = {}


class Description:
    """Base of everything that a run file can name.

    A direct subclass declares `kind`; a leaf declares `name` and is a frozen dataclass.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    instead: ClassVar[str] = ""
    """What else to take, in words, where a required key is missing."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "kind" in cls.__dict__:
            _KINDS.setdefault(cls.kind, {})
        if "name" in cls.__dict__:
            _KINDS[cls.kind][cls.name] = cls

    @classmethod
    def formula(cls) -> str:
        """First line of the docstring."""
        return (cls.__doc__ or "").strip().splitlines()[0]

    @classmethod
    def called(cls) -> str:
        """What a run file calls it."""
        return f"'{cls.name}'" if hasattr(cls, "name") else "this table"


D = TypeVar("D", bound=Description)


def known(base: type[D]) -> dict[str, type[D]]:
    """All registered leaves of a kind, by name."""
    return dict(_KINDS[base.kind])  # type: ignore[arg-type]


def kinds() -> dict[str, dict[str, type[Description]]]:
    """Every kind with its registered leaves."""
    return {kind: dict(leaves) for kind, leaves in _KINDS.items()}


def find(base: type[D], name: object, where: str) -> type[D]:
    """The leaf of a kind with this name.

    Raises
    ------
    InputError
        If there is none; the nearest known name is suggested.
    """
    leaves = known(base)
    if not isinstance(name, str) or name not in leaves:
        raise InputError(
            f"[{where}] name = {name!r}: there is no such {base.kind}; "
            f"{suggestion(str(name), leaves)}"
        )
    return leaves[name]


def construct(cls: type[D], table: Mapping[str, Any], where: str) -> D:
    """Build a description from its table; unknown and missing keys are refused by name."""
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise InputError(
                f"[{where}] {key}: {cls.called()} takes no such parameter; "
                f"{suggestion(key, fields)}"
            )
    for key, field in fields.items():
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and key not in table:
            other = f" ({cls.instead})" if cls.instead else ""
            raise InputError(f"[{where}] {key} is missing: {cls.called()} needs it{other}.")
    try:
        return cls(**table)
    except InputError as error:
        raise type(error)(f"[{where}] {error}") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"[{where}] {cls.called()}: {error}.") from None


def from_table(base: type[D], table: Mapping[str, Any], where: str) -> D:
    """Build the description that `table["name"]` names, from the rest of the table."""
    if not isinstance(table, Mapping):
        raise InputError(f"[{where}] must be a table with a 'name', not {table!r}.")
    if "name" not in table:
        raise InputError(
            f"[{where}] name is missing: it says which {base.kind} is meant; "
            f"{suggestion('', known(base))}"
        )
    cls = find(base, table["name"], where)
    return construct(cls, {k: v for k, v in table.items() if k != "name"}, where)
