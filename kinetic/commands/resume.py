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
            ended, more = f"t = {simulation.stop:g} was reached", "time.stop=…"
            if simulation.assembly.steadiness.wanted:
                ended, more = "it is steady or at its stop", "time.tolerance=… or time.stop=…"
            print(f"{options.file} is complete: {ended}. Ask for more with --set {more}")
        return 0
    return integrate(simulation, options.file, options)
