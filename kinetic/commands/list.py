"""kinetic list [KIND | NAME | TABLE]: what a run file can name, with formulas; or one in full."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
from typing import Any

from kinetic.assembly import load_all
from kinetic.boundaries import Side
from kinetic.config import Output
from kinetic.equation import Equation
from kinetic.errors import InputError, suggestion
from kinetic.fields import Fields
from kinetic.grid import AXIS_KEYS, AXIS_NAMES
from kinetic.registry import Description, kinds
from kinetic.steady import Steadiness
from kinetic.stepping import Stepping
from kinetic.units import Units

_TABLES = {
    "equation": Equation,
    "fields": Fields,
    "output": Output,
    "time": Stepping,
    "units": Units,
}
_WORDS = (*_TABLES, "grid", "validation")


def main(options: argparse.Namespace) -> int:
    """Print names and formulas, or the parameters of one description or table."""
    if options.kind == "validation":
        return _cases()
    if options.kind == "grid":
        return _grid()
    if options.kind in _TABLES:
        return _table(options.kind)
    load_all()
    known = {kind: leaves for kind, leaves in kinds().items() if leaves}
    if options.kind is not None:
        singular = options.kind.removesuffix("s")
        if singular not in known:
            return _in_full(options.kind, known)
        known = {singular: known[singular]}
    for kind, leaves in sorted(known.items()):
        print(f"{kind}:")
        width = max((len(name) for name in leaves), default=0)
        for name, leaf in sorted(leaves.items()):
            print(f"  {name:<{width}}  {leaf.formula()}")
    if options.kind is None:
        print("\nkinetic list NAME shows the parameters of one of them;")
        print(f"NAME may also be {', '.join(sorted(_WORDS)[:-1])} (keys of these tables)")
        print("or validation (the cases of kinetic validate).")
    return 0


def _table(name: str) -> int:
    """Documentation and keys of a table that is no choice among descriptions."""
    print(f"[{name}]\n")
    print(inspect.cleandoc(_TABLES[name].__doc__ or ""))
    print("\nKeys")
    if name == "time":
        print("  start = 0.0")
        print("  stop = (required)")
    _keys(_TABLES[name])
    if name == "time":
        print(f"\n{inspect.cleandoc(Steadiness.__doc__ or '')}\n\nKeys")
        _keys(Steadiness)
    return 0


def _grid() -> int:
    """Axes, and what one is given by."""
    print(f"[grid]\n\nAxes {', '.join(AXIS_NAMES)}, kx at least; momenta are counted from kx:")
    print("  kx = [lower, upper, cells]")
    print("  kx = {lower = ..., upper = ..., cells = ..., boundary = ...}\n\nKeys of an axis")
    width = max(map(len, AXIS_KEYS))
    for name, words in AXIS_KEYS.items():
        print(f"  {name:<{width}}  {words}")
    sides = inspect.cleandoc(Side.__doc__ or "")
    print(f"\nEnds of x, y and z: {sides}")
    return 0


def _cases() -> int:
    """The cases of `kinetic validate`."""
    from kinetic.validating import titles

    found = titles()
    width = max(map(len, found))
    print("validation:")
    for name, title in found.items():
        print(f"  {name:<{width}}  {title}")
    return 0


def _keys(leaf: Any) -> None:
    """Fields with their defaults, one on a line."""
    for field in dataclasses.fields(leaf):
        if field.init:
            print(f"  {field.name} = {_default(field)}")


def _in_full(name: str, known: dict[str, dict[str, type[Description]]]) -> int:
    """Documentation and parameters with defaults of everything of that name."""
    found = [(kind, leaves[name]) for kind, leaves in sorted(known.items()) if name in leaves]
    if not found:
        names = [*known, *_WORDS, *(leaf for leaves in known.values() for leaf in leaves)]
        raise InputError(f"list {name}: {suggestion(name, names)}")
    for kind, leaf in found:
        print(f"{kind} {name}:\n")
        print(inspect.cleandoc(leaf.__doc__ or ""))
        if any(field.init for field in dataclasses.fields(leaf)):  # type: ignore[arg-type]
            print("\nKeys")
        _keys(leaf)
    return 0


def _default(field: Any) -> str:
    if field.default is not dataclasses.MISSING:
        return "none" if field.default is None else str(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return str(field.default_factory())
    return "(required)"
