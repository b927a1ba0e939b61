"""kinetic referee FILE: a run beside exact quantum dynamics, for a sequence of ħ."""

from __future__ import annotations

import argparse
import importlib
import sys
import time as clock
from pathlib import Path
from typing import Any

from kinetic import config
from kinetic.commands.closing import check_figure, logged
from kinetic.errors import InputError
from kinetic.files import check_output, reason

DOUBTED = 3


def main(options: argparse.Namespace) -> int:
    """Compare, print the table, draw the figure; 3 if the run cannot be trusted."""
    if options.figure and options.no_figure:
        raise InputError("--figure and --no-figure exclude each other.")
    figure = options.figure or Path(f"{options.file.stem}_referee.png")
    if not options.no_figure:
        check_figure(figure)
    if options.output:
        check_output(options.output, options.force)
    run = config.override(config.read(options.file), options.overrides)
    module: Any = importlib.import_module("kinetic.referee")
    progress = _Progress(not options.quiet and sys.stderr.isatty())
    with logged(None, options.quiet):
        try:
            found = module.compare(
                run,
                options.hbar,
                reference=options.reference,
                tolerance=options.tolerance,
                notice=progress.show,
            )
        except InputError as error:
            raise InputError(f"{options.file}: {error}") from None
        finally:
            progress.clear()
    if not options.quiet:
        print(f"level '{found.level}' beside '{found.reference}' at t = {found.time:.6g}")
        print(found.table())
        print()
    print(found.verdict())
    if options.output:
        _write(found.dataset(), options.output)
    if not options.no_figure:
        plotting: Any = importlib.import_module("kinetic.plotting")
        drawn = plotting.referee(found.dataset(), figure)
        if not options.quiet:
            print(f"figure {drawn}")
    return 0 if found.trusted else DOUBTED


def _write(dataset: Any, path: Path) -> None:
    """The errors as a netCDF file, whole or not at all."""
    from kinetic.errors import OutputError

    partial = path.with_name(f".{path.name}.partial")
    try:
        dataset.to_netcdf(partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {reason(error)}.") from None


class _Progress:
    """What is being done and how long it will take, on a line of a terminal."""

    def __init__(self, shown: bool) -> None:
        self._shown, self._begun, self._last, self._width = shown, clock.monotonic(), 0.0, 0

    def show(self, done: float, words: str) -> None:
        """So much of the work is done, and this is being done."""
        now = clock.monotonic()
        if not self._shown or now - self._last < 0.2:
            return
        self._last = now
        left = (now - self._begun) * (1.0 - done) / max(done, 1e-3)
        line = f"{100.0 * done:3.0f}% {words}, about {left:.0f} s left"
        print(f"\r{line:<{self._width}}", end="", file=sys.stderr, flush=True)
        self._width = max(self._width, len(line))

    def clear(self) -> None:
        """Leave the terminal as it was."""
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
