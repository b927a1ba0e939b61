"""kinetic validate [CASE…]: compare with published numbers."""

from __future__ import annotations

import argparse
import importlib
from typing import Any


def main(options: argparse.Namespace) -> int:
    """Run validation cases."""
    module: Any = importlib.import_module("kinetic.validating")
    return int(
        module.validate(
            options.cases,
            quick=options.quick,
            output=options.output,
            figures=not options.no_figure,
        )
    )
