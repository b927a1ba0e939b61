"""kinetic list [KIND]: what a run file can name, each with its formula."""

from __future__ import annotations

import argparse

from kinetic.assembly import load_all
from kinetic.errors import InputError, suggestion
from kinetic.registry import kinds


def main(options: argparse.Namespace) -> int:
    """Print names and formulas."""
    load_all()
    known = kinds()
    if options.kind is not None:
        singular = options.kind.removesuffix("s")
        if singular not in known:
            raise InputError(f"list {options.kind}: {suggestion(options.kind, known)}")
        known = {singular: known[singular]}
    for kind, leaves in sorted(known.items()):
        print(f"{kind}:")
        width = max((len(name) for name in leaves), default=0)
        for name, leaf in sorted(leaves.items()):
            print(f"  {name:<{width}}  {leaf.formula()}")
    return 0
