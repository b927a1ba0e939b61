"""kinetic list [KIND | NAME]: what a run file can name, with formulas; or one in full."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
from typing import Any

from kinetic.assembly import load_all
from kinetic.errors import InputError, suggestion
from kinetic.registry import Description, kinds


def main(options: argparse.Namespace) -> int:
    """Print names and formulas, or the parameters of one description."""
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
        print("\nkinetic list NAME shows the parameters of one of them.")
    return 0


def _in_full(name: str, known: dict[str, dict[str, type[Description]]]) -> int:
    """Documentation and parameters with defaults of everything of that name."""
    found = [(kind, leaves[name]) for kind, leaves in sorted(known.items()) if name in leaves]
    if not found:
        names = [*known, *(leaf for leaves in known.values() for leaf in leaves)]
        raise InputError(f"list {name}: {suggestion(name, names)}")
    for kind, leaf in found:
        print(f"{kind} {name}:\n")
        print(inspect.cleandoc(leaf.__doc__ or ""))
        fields = [field for field in dataclasses.fields(leaf) if field.init]  # type: ignore[arg-type]
        if fields:
            print("\nKeys")
        for field in fields:
            print(f"  {field.name} = {_default(field)}")
    return 0


def _default(field: Any) -> str:
    if field.default is not dataclasses.MISSING:
        return "none" if field.default is None else str(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return str(field.default_factory())
    return "(required)"
