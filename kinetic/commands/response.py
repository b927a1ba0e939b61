"""kinetic response FILE: the linear response of a run file's system to small changes of e."""

from __future__ import annotations

import argparse
import importlib
import sys
import time as clock
from pathlib import Path
from typing import Any

from kinetic import config
from kinetic.commands.closing import check_figure, logged
from kinetic.errors import InputError, OutputError
from kinetic.files import check_output, reason


def main(options: argparse.Namespace) -> int:
    """Measure, print the table, draw the figure."""
    if options.figure and options.no_figure:
        raise InputError("--figure and --no-figure exclude each other.")
    figure = options.figure or Path(f"{options.file.stem}_response.png")
    if not options.no_figure:
        check_figure(figure)
    if options.output:
        check_output(options.output, options.force)
    run = config.override(config.read(options.file), options.overrides)
    module: Any = importlib.import_module("kinetic.response")
    progress = _Progress(not options.quiet and sys.stderr.isatty())
    with logged(None, options.quiet):
        try:
            found = module.respond(
                run,
                options.what,
                options.omega,
                samples=options.samples,
                force=options.field,
                magnetic=options.magnetic,
                errors=not options.no_errors,
                notice=progress.show,
            )
        except InputError as error:
            raise InputError(f"{options.file}: {error}") from None
        finally:
            progress.clear()
    if not options.quiet:
        print(found.table())
        print(f"\nforce {found.force:.3g}, even part {found.even:.1e} of the odd one (removed)")
        for note in found.notes:
            print(f"note: {note}")
    if options.output:
        _write(found.dataset(), options.output)
    if not options.no_figure:
        plotting: Any = importlib.import_module("kinetic.plotting")
        drawn = plotting.response(found.dataset(), figure)
        if not options.quiet:
            print(f"figure {drawn}")
    return 0


def _write(dataset: Any, path: Path) -> None:
    """The response as a netCDF file, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        dataset.to_netcdf(partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {reason(error)}.") from None


class _Progress:
    """What is being measured, on a line of a terminal."""

    def __init__(self, shown: bool) -> None:
        self._shown, self._begun, self._width = shown, clock.monotonic(), 0

    def show(self, done: float, words: str) -> None:
        """So many answers are known, and this one is being followed."""
        if not self._shown:
            return
        line = f"{done:.0f} answers in {clock.monotonic() - self._begun:.0f} s, now {words}"
        print(f"\r{line:<{self._width}}", end="", file=sys.stderr, flush=True)
        self._width = max(self._width, len(line))

    def clear(self) -> None:
        """Leave the terminal as it was."""
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
