"""kinetic show FILE: equation, array sizes, step and validity, without running."""

from __future__ import annotations

import argparse

from kinetic import reporting
from kinetic.simulation import Simulation


def main(options: argparse.Namespace) -> int:
    """Print what a run file would do."""
    simulation = Simulation.from_file(options.file, options.overrides)
    print(reporting.describe(simulation.evolution))
    return 0
