"""kinetic bench: measure bandwidth and steps."""

from __future__ import annotations

import argparse
import importlib
from typing import Any


def main(options: argparse.Namespace) -> int:
    """Run the benchmark."""
    module: Any = importlib.import_module("kinetic.bench")
    return int(module.main(options.arguments) or 0)
