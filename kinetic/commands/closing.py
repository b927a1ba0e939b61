"""What `run` and `resume` have in common: the log, the figure, the closing table."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kinetic import reporting
from kinetic.checkpoint import path_of
from kinetic.errors import InputError, OutputError
from kinetic.simulation import Simulation

_log = logging.getLogger("kinetic")


def integrate(simulation: Simulation, output: Path, options: argparse.Namespace) -> int:
    """Run to the end, draw the figure and print the table."""
    if options.figure and not options.no_figure:
        check_figure(options.figure)
    with logged(options.log, options.quiet):
        _log.info("run of %s\n%s", output, simulation.run_text)
        try:
            simulation.integrate(
                output,
                progress=False if options.quiet else None,
                force=getattr(options, "force", False),
            )
        except BaseException as error:
            _log.info("stopped: %s", error)
            if not isinstance(error, InputError) and path_of(output).exists():
                error.add_note(f"to go on from the checkpoint: kinetic resume {output}")
            raise
        table = rows(simulation, output)
        failure: Exception | None = None
        if not options.no_figure:
            try:
                table.append(("figure", str(_figure(output, options.figure))))
            except Exception as error:  # the result is safe: tell of it first
                failure = error
        text = aligned(table)
        _log.info("done\n%s", text)
        if not options.quiet:
            print(text)
        if failure is not None:
            raise failure
    return 0


def check_figure(figure: Path) -> None:
    """Refuse a figure that could not be drawn, before anything is integrated."""
    kinds = (".png", ".pdf", ".svg")
    if figure.suffix.lower() not in kinds:
        raise InputError(f"{figure}: a figure ends in {', '.join(kinds)}.")
    if not figure.parent.is_dir():
        raise OutputError(f"{figure} cannot be written: there is no folder {figure.parent}.")


def _figure(result: Path, figure: Path | None) -> Path:
    """Draw the figure of a run: where it is wanted, or beside the result."""
    plotting: Any = importlib.import_module("kinetic.plotting")
    drawn: Path = plotting.report(result, figure) if figure else plotting.report(result)
    return drawn


def rows(simulation: Simulation, output: Path) -> list[tuple[str, str]]:
    """The closing table: physics first, then cost and files."""
    seconds, speed = simulation.performance
    return [
        *reporting.summary(simulation.evolution),
        ("stopped", simulation.stopped),
        ("steps", str(simulation.evolution.steps)),
        ("wall time", f"{seconds:.2f} s"),
        ("cell updates", f"{speed:.3g} per second and stage" if speed else "not measured"),
        ("result", str(output)),
    ]


def aligned(table: Sequence[tuple[str, str]]) -> str:
    """Rows with their second column aligned."""
    width = max(len(name) for name, _ in table)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in table)


@contextlib.contextmanager
def logged(path: Path | None, quiet: bool) -> Iterator[None]:
    """Warnings to the terminal, unless it must be quiet, and everything to the log file."""
    handlers: list[logging.Handler] = [logging.NullHandler()]
    if not quiet:
        terminal = logging.StreamHandler()
        terminal.addFilter(lambda record: record.levelno == logging.WARNING)
        terminal.setFormatter(logging.Formatter("kinetic: warning: %(message)s"))
        handlers.append(terminal)
    if path is not None:
        try:
            file = logging.FileHandler(path, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"the log {path} cannot be written: {error.strerror}.") from None
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(file)
    level, _log.level = _log.level, logging.INFO
    for handler in handlers:
        _log.addHandler(handler)
    try:
        yield
    finally:
        _log.setLevel(level)
        for handler in handlers:
            _log.removeHandler(handler)
            handler.close()
