"""kinetic resume OUT.nc: go on from the checkpoint, as if nothing had happened."""

from __future__ import annotations

import argparse

from kinetic.commands.closing import integrate, logged
from kinetic.simulation import Simulation


def main(options: argparse.Namespace) -> int:
    """Resume a run."""
    with logged(options.log, options.quiet):
        simulation = Simulation.resume(options.file, options.overrides)
    if simulation.complete:
        if not options.quiet:
            print(
                f"{options.file} is complete: t = {simulation.stop:g} was reached. "
                "Ask for more with --set time.stop=…"
            )
        return 0
    return integrate(simulation, options.file, options)
