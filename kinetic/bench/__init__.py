"""kinetic bench: the program's own steps against the machine, numpy and JAX.

Everything is measured in turns within one process, so that ratios hold although the machine
is shared; medians of the rounds are printed.  Ratios come first: absolute figures say more
about the machine than about the program.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinetic.errors import InputError, OutputError

if TYPE_CHECKING:
    from kinetic.bench.rounds import Measured

_FULL_ELEMENTS, _QUICK_ELEMENTS = 16 * 2**20, 8 * 2**20


def parser() -> argparse.ArgumentParser:
    """The arguments of `kinetic bench`."""
    from kinetic.bench.yardsticks import FULL

    top = argparse.ArgumentParser(
        prog="kinetic bench", description="Measure the speed of the program on this machine."
    )
    top.add_argument(
        "cases", metavar="CASE", nargs="*", help=f"such as {', '.join(FULL)} (the default)"
    )
    top.add_argument("--quick", action="store_true", help="small grids, for a first look")
    top.add_argument("--threads", metavar="N", type=int, help="all processors by default")
    top.add_argument("--json", metavar="FILE", type=Path, help="write all figures there")
    return top


def main(arguments: list[str]) -> int:
    """Measure, print, and write the figures if a file is named."""
    options = parser().parse_args(arguments)
    from kinetic.bench import elastic, moyal, relaxation, twolevel
    from kinetic.bench.yardsticks import FULL, QUICK, SCHEMES, Yardstick
    from kinetic.device import available_threads

    own = (moyal, twolevel, relaxation, elastic)  # cases with rivals of their own
    chosen = [(QUICK, FULL), *((module.QUICK, module.FULL) for module in own)]
    every = [name for quick, full in chosen for name in (quick if options.quick else full)]
    names = options.cases or every
    others = [(m, name) for name in names for m in own if m.known(name)]
    yardsticks = [Yardstick.named(n) for n in names if not any(m.known(n) for m in own)]
    for module, name in others:
        module.check(name)
    threads = available_threads() if options.threads is None else options.threads
    if threads < 1:
        raise InputError(f"--threads {threads}: give a whole number above 0.")
    if options.json is not None and not options.json.parent.is_dir():
        raise InputError(f"{options.json}: there is no folder {options.json.parent}.")
    from kinetic.bench import fresh, padslice, rounds, table
    from kinetic.bench.bandwidth import Bandwidth

    cases: list[Measured] = []
    starts: dict[str, Any] = {}
    with _status() as say:
        say("bandwidth")
        jax = padslice.start(threads) if padslice.available() else None
        bandwidth = Bandwidth(_QUICK_ELEMENTS if options.quick else _FULL_ELEMENTS)
        for yardstick in yardsticks:
            for scheme in SCHEMES:
                say(f"{yardstick.title} {scheme}")
                budget = 0.5 if options.quick else 4.0
                case = rounds.measure(yardstick, scheme, threads, bandwidth, jax, budget)
                cases.append(case)
                if yardstick.space and scheme == SCHEMES[0]:
                    say(f"{yardstick.title}: growth with cells")
                    case.growth = rounds.growth(yardstick, scheme)
                if not options.quick:
                    say(f"{yardstick.title} {scheme}: memory")
                    with contextlib.suppress(fresh.NotMeasured):
                        case.memory = fresh.memory(yardstick, scheme, threads)
        compared: list[tuple[Any, Any]] = []
        for module, name in others:
            say(name)
            compared.append(
                (module, module.measure(name, threads, 0.5 if options.quick else 4.0))
            )
        say("start-up")
        starts = _starts(options.quick)
    for line in (*table.heading(cases), "") if cases else ():
        print(line)
    linear = {case.yardstick: case for case in cases if case.scheme == "linear5"}
    for case in cases:
        beside = linear.get(case.yardstick) if case.scheme == "mp5" else None
        print("\n".join(table.describe(case, beside)), end="\n\n")
    for module, figures in compared:
        print("\n".join(module.describe(figures)), end="\n\n")
    print("start-up")
    for name, (seconds, limit) in starts.items():
        if isinstance(seconds, str):
            print(f"    {name}: not measured ({seconds})")
        elif limit is None:
            print(f"    {seconds:>8.2f} s {name}")
        else:
            print(table.verdict((f"s {name}", seconds, "<=", limit, ".2f")))
    if options.json is not None:
        rates = [m.content(figures) for m, figures in compared if m is elastic]
        exact = [m.content(figures) for m, figures in compared if m is not elastic]
        _write(options.json, threads, cases, exact, rates, starts)
    return 0


def _starts(quick: bool) -> dict[str, tuple[float | str, float | None]]:
    """Start-up times and what they may be; the reason where one could not be measured."""
    from kinetic.bench import fresh

    starts: dict[str, tuple[float | str, float | None]] = {}
    try:
        starts["kinetic --help"] = (fresh.help_seconds(3 if quick else 7), 0.4)
    except fresh.NotMeasured as error:
        starts["kinetic --help"] = (str(error), None)
    if quick:
        return starts
    try:
        cold, warm = fresh.first_step_seconds()
        starts["run of one step, warm cache"] = (warm, 1.5)
        starts["run of one step, empty cache"] = (cold, None)
    except fresh.NotMeasured as error:
        starts["run of one step"] = (str(error), None)
    return starts


def _write(
    path: Path,
    threads: int,
    cases: list[Measured],
    exact: list[dict[str, Any]],
    rates: list[dict[str, Any]],
    starts: dict[str, Any],
) -> None:
    from kinetic.bench import table

    content = {
        "threads": threads,
        "cases": [table.data(case) for case in cases],
        "exact_dynamics": exact,
        "elastic_scattering": rates,
        "start_up": {name: value[0] for name, value in starts.items()},
    }
    try:
        path.write_text(json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise OutputError(f"{path} could not be written: {error.strerror}.") from None


@contextlib.contextmanager
def _status() -> Iterator[Any]:
    """Say on the terminal what is being measured; nothing where there is no terminal."""
    shown = sys.stderr is not None and sys.stderr.isatty()

    def say(text: str) -> None:
        if shown:
            print(f"\r\033[Kbench: {text} …", end="", file=sys.stderr, flush=True)

    try:
        yield say
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
