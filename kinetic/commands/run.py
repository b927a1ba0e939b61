"""kinetic run FILE: integrate, with progress, figure and a closing table."""

from __future__ import annotations

import argparse
from pathlib import Path

from kinetic.commands.closing import integrate
from kinetic.simulation import Simulation


def main(options: argparse.Namespace) -> int:
    """Run a run file."""
    from kinetic.files import check_output

    simulation = Simulation.from_file(options.file, options.overrides)
    output = options.output or simulation.assembly.output.file
    output = Path(output or f"{options.file.stem}.nc")
    check_output(output, options.force)
    return integrate(simulation, output, options)
