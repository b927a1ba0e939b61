"""kinetic plot OUT.nc [WHAT]: draw a result."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from kinetic.errors import InputError


def main(options: argparse.Namespace) -> int:
    """Draw a figure and print its file."""
    if not options.file.is_file():
        raise InputError(f"{options.file} is not a result: there is no such file.")
    from kinetic.netcdf import attributes_of

    attributes_of(options.file)
    plotting: Any = importlib.import_module("kinetic.plotting")
    places: Any = importlib.import_module("kinetic.plotting.places")
    drawn = plotting.plot(
        options.file,
        options.what,
        options.output,
        variable=options.variable,
        along=options.along,
        at=places.parsed(options.at),
        movie=options.movie,
        frames=options.frames,
        fps=options.fps,
    )
    print(drawn)
    return 0
