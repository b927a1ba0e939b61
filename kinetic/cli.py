"""The command `kinetic`: arguments in, exit codes out; the work is in `kinetic.commands`.

Exit codes: 0 done, 2 input error, 3 physics or validity error, 4 could not write,
130 and 143 interrupted with a checkpoint, 70 internal error.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from kinetic.errors import KineticError

_EPILOG = """exit codes:
  0 done   2 input error   3 physics error   4 could not write
  130, 143 interrupted with a checkpoint     70 internal error"""


class _Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    top = _Parser(
        prog="kinetic",
        description="Band-projected quantum kinetics of two-band electrons.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EPILOG,
    )
    top.add_argument("--version", action="store_true", help="print the version")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser("run", help="integrate a run file")
    run.add_argument("file", metavar="FILE", type=Path, help="run file (TOML)")
    run.add_argument("-o", "--output", metavar="OUT.nc", type=Path, help="result")
    run.add_argument("--force", action="store_true", help="replace an existing result")

    resume = commands.add_parser("resume", help="go on from a checkpoint")
    resume.add_argument("file", metavar="OUT.nc", type=Path, help="result of the run")
    for command in (run, resume):
        command.add_argument("--quiet", action="store_true", help="print errors only")
        command.add_argument("--log", metavar="FILE", type=Path, help="log to append to")
        figure = command.add_mutually_exclusive_group()
        figure.add_argument("--figure", metavar="FIG", type=Path, help="file of the figure")
        figure.add_argument("--no-figure", action="store_true", help="draw no figure")

    show = commands.add_parser("show", help="print equation, sizes and validity of a run")
    show.add_argument("file", metavar="FILE", type=Path, help="run file (TOML)")

    referee = commands.add_parser("referee", help="compare a run with exact quantum dynamics")
    referee.add_argument("file", metavar="FILE", type=Path, help="run file (TOML)")
    referee.add_argument(
        "--hbar",
        metavar="H",
        type=float,
        nargs="+",
        help="by default ħ, ħ/2, ħ/4 and ħ/8 of the run",
    )
    referee.add_argument(
        "--tolerance", metavar="E", type=float, default=0.01, help="error to be trusted to (0.01)"
    )
    referee.add_argument(
        "--reference",
        metavar="LEVEL",
        default="moyal",
        help="level that judges: moyal, or matrix",
    )
    referee.add_argument("--output", metavar="OUT.nc", type=Path, help="file of the errors")
    referee.add_argument("--force", action="store_true", help="replace an existing file")
    referee.add_argument("--quiet", action="store_true", help="print the verdict only")
    referee.add_argument("-o", "--figure", metavar="FIG", type=Path, help="file of the figure")
    referee.add_argument("--no-figure", action="store_true", help="draw no figure")
    _response(commands)
    for command in (run, resume, show, referee, commands.choices["response"]):
        command.add_argument(
            "--set",
            dest="overrides",
            metavar="table.key=value",
            action="append",
            default=[],
            help="override one entry of the run (repeatable)",
        )

    names = commands.add_parser("list", help="what a run file can name, with formulas")
    names.add_argument(
        "kind", metavar="KIND", nargs="?", help="such as hamiltonians, weyl, equation"
    )
    for command in (run, resume, show, referee, names, commands.choices["response"]):
        command.add_argument(
            "--with",
            dest="contributed",
            metavar="FILE.py",
            type=Path,
            action="append",
            default=[],
            help="Python file with collisions, Hamiltonians, ... of your own (repeatable)",
        )

    plot = commands.add_parser("plot", help="draw a result")
    plot.add_argument("file", metavar="OUT.nc", type=Path, help="result of a run")
    plot.add_argument("what", metavar="WHAT", nargs="?", help="variable or figure")
    plot.add_argument("-o", "--output", metavar="FIG", type=Path, help="file of the figure")
    plot.add_argument("--variable", metavar="NAME", help="of a cut, space-time map, streamlines")
    plot.add_argument("--along", metavar="AXIS", help="axis of a cut, space-time map, portrait")
    plot.add_argument(
        "--at",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="place, time, band, valley or component, such as y=0 or t=2.5 (repeatable)",
    )
    plot.add_argument("--movie", action="store_true", help="all instants, as GIF or MP4")
    plot.add_argument("--frames", metavar="N", type=int, help="instants of a movie at most")
    plot.add_argument("--fps", metavar="N", type=float, help="frames of a movie per second")

    validate = commands.add_parser("validate", help="compare with published numbers")
    validate.add_argument("cases", metavar="CASE", nargs="*", help="all if none is named")
    validate.add_argument("--quick", action="store_true", help="leave out what takes long")
    validate.add_argument("-o", "--output", metavar="DIR", type=Path, help="folder of figures")
    validate.add_argument("--no-figure", action="store_true", help="draw no figures")

    bench = commands.add_parser("bench", help="measure the speed", add_help=False)
    bench.add_argument("arguments", nargs=argparse.REMAINDER)
    return top


def _response(commands: Any) -> None:
    """The arguments of `kinetic response`."""
    response = commands.add_parser("response", help="linear response: σ(ω), Hall, Seebeck, …")
    response.add_argument("file", metavar="FILE", type=Path, help="run file (TOML)")
    response.add_argument("-o", "--output", metavar="OUT.nc", type=Path, help="file of the data")
    response.add_argument("--force", action="store_true", help="replace an existing file")
    response.add_argument(
        "--what",
        nargs="+",
        default=[],
        metavar="NAME",
        help="besides conductivity, σ(ω): hall (by default where there is a field), "
        "thermoelectric, streda, magnetoconductivity",
    )
    response.add_argument(
        "--omega", metavar="W", type=float, nargs="+", help="frequencies (201 by default)"
    )
    response.add_argument(
        "--magnetic",
        metavar="B",
        type=float,
        nargs="+",
        default=[],
        help="fields of σ(b) - σ(0), along that of the run or z",
    )
    response.add_argument("--field", metavar="E", type=float, help="size of e")
    response.add_argument(
        "--samples", metavar="N", type=int, default=400, help="instants of an answer (400)"
    )
    response.add_argument(
        "--no-errors", action="store_true", help="spare the runs that errors are estimated from"
    )
    response.add_argument("--quiet", action="store_true", help="print nothing")
    response.add_argument("--figure", metavar="FIG", type=Path, help="file of the figure")
    response.add_argument("--no-figure", action="store_true", help="draw no figure")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Greek on terminals that have none
            stream.reconfigure(errors="replace")
    options = argparse.Namespace()
    try:
        top = parser()
        options, rest = top.parse_known_args(arguments, options)
        if rest and options.command == "bench":
            options.arguments = rest + options.arguments
        elif rest:
            top.error(f"unknown arguments: {' '.join(rest)}")
        if options.version:
            from importlib.metadata import version

            print(f"kinetic {version('kinetic')}")
            return 0
        if options.command is None:
            top.print_help()
            return 0
        for path in getattr(options, "contributed", ()):
            importlib.import_module("kinetic.contributed").read(path)
        command = importlib.import_module(f"kinetic.commands.{options.command}")
        return int(command.main(options) or 0)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    except BaseException as error:
        return _failed(error, getattr(options, "log", None))


def _failed(error: BaseException, log: Path | None) -> int:
    """Say what happened in a line; the traceback of an internal error goes to a log."""
    if isinstance(error, BrokenPipeError):  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    if isinstance(error, KineticError | KeyboardInterrupt):
        words = str(error) or "interrupted"
        print(f"kinetic: {words}", file=sys.stderr)
        for note in getattr(error, "__notes__", ()):
            print(f"kinetic: {note}", file=sys.stderr)
        return int(getattr(error, "exit_code", 130))
    blamed = _blamed(error)
    if blamed is not None:
        print(f"kinetic: {blamed}", file=sys.stderr)
        if log is not None:
            with contextlib.suppress(OSError), log.open("a") as file:
                traceback.print_exception(error, file=file)
        return 2
    place = "no log could be written"
    for path in (log, Path(tempfile.gettempdir()) / f"kinetic-error-{os.getpid()}.log"):
        if path is not None:
            with contextlib.suppress(OSError), path.open("a") as file:
                traceback.print_exception(error, file=file)
                place = f"the log is {path}"
                break
    words = " ".join(str(error).split())[:200]
    print(
        f"kinetic: internal error ({type(error).__name__}: {words}); "
        f"please report it with the run file; {place}.",
        file=sys.stderr,
    )
    return 70


def _blamed(error: BaseException) -> str | None:
    """File, line and words of an error of the user's own code, else None."""
    module: Any = sys.modules.get("kinetic.contributed")
    words: str | None = None if module is None else module.blamed(error)
    return words


if __name__ == "__main__":
    sys.exit(main())
