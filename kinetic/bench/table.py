"""Figures against floors, as text and as plain data for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinetic.bench.rounds import Measured

DESIGN_BYTES = {2: 37.3}
"""Bytes per cell and stage of the fourth-order design in 2k: u three times, u₀ in two stages
of three, f, W."""

SPACE_BYTES = 21.3
"""The same with axes in real space: u twice, u₀ in two stages of three; f and W cached."""

SPACE_FLOORS = {1: 0.20, 2: 0.16}
"""Share of triad by the number of r axes."""

_IN_CACHE = 2 * 8 * 640**2


def floors(case: Measured, linear: Measured | None) -> list[tuple[str, float, str, float, str]]:
    """Rows (what, value, relation, floor, format) of one case."""
    dimensions = case.yardstick.dimensions
    most = max(case.seconds)
    cached = case.cells * 8 <= _IN_CACHE
    rows: list[tuple[str, float, str, float, str]] = []
    space = case.yardstick.space
    if case.scheme == "linear5" and space:
        what = f"of triad at {SPACE_BYTES} B, 1 thread"
        rows.append((what, case.share(1, SPACE_BYTES), ">=", SPACE_FLOORS[space], ".0%"))
    elif case.scheme == "linear5" and dimensions == 2:
        what = f"of triad at {DESIGN_BYTES[2]} B, 1 thread"
        rows.append((what, case.share(1, DESIGN_BYTES[2]), ">=", 0.30, ".0%"))
    if case.scheme == "linear5" and dimensions == 3:
        for threads in sorted(case.seconds):
            moved = sum(case.traffic.values())
            what = f"of triad at {moved:.0f} B, {threads} thread{'s' * (threads > 1)}"
            rows.append((what, case.share(threads), ">=", 0.20, ".0%"))
    if linear is not None:
        cost = case.seconds[1] / linear.seconds[1]
        rows.append(("times the cost of linear5", cost, "<=", 2.9 if cached else 1.75, ".2f"))
    if case.plain is not None:
        own = case.seconds[1] if case.beside is None else case.beside
        rows.append(("times plain numpy, 1 thread", case.plain / own, ">=", 10.0, ".1f"))
    if case.jax is not None:
        what = f"times jax, {most} thread{'s' * (most > 1)}"
        rows.append((what, case.jax / case.seconds[most], ">=", 3.0, ".1f"))
    if most > 1:
        rows.append((f"speed-up on {most} threads", case.speedup, ">=", 0.925 * most, ".2f"))
    if case.growth:
        _, cells, seconds = case.growth[0]
        change = (case.seconds[1] / seconds) / (case.cells / cells)
        what = f"times the time of a cell, {case.cells / cells:.0f} times the cells"
        rows.append((what, change, "<=", 2.0, ".2f"))
    rows.append(("largest difference to plain numpy", case.deviation, "<=", 1e-13, ".0e"))
    return rows


def met(value: float, relation: str, floor: float) -> bool:
    """Whether a figure keeps its floor."""
    return value >= floor if relation == ">=" else value <= floor


def verdict(row: tuple[str, float, str, float, str]) -> str:
    """One line: the figure, its floor, pass or below."""
    what, value, relation, floor, form = row
    word = "pass" if met(value, relation, floor) else "below"
    sign = "≥" if relation == ">=" else "≤"
    return f"    {value:>8{form}} {what:<38} floor {sign} {floor:{form}}   {word}"


def heading(cases: Sequence[Measured]) -> list[str]:
    """The machine as the cases saw it."""
    lines = []
    for threads in sorted(cases[0].seconds):
        copy = sorted(case.copy[threads] for case in cases)
        triad = sorted(case.triad[threads] for case in cases)
        lines.append(
            f"{threads} thread{'s' * (threads > 1)}: "
            f"copy {copy[len(copy) // 2] / 1e9:.1f} GB/s, "
            f"triad {triad[len(triad) // 2] / 1e9:.1f} GB/s "
            f"(between cases {triad[0] / 1e9:.1f} to {triad[-1] / 1e9:.1f})"
        )
    return lines


def describe(case: Measured, linear: Measured | None) -> list[str]:
    """The lines of one case: ratios first, absolute figures and bytes below."""
    lines = [f"{case.yardstick.title}  {case.scheme}"]
    lines += [verdict(row) for row in floors(case, linear)]
    if case.beside is not None:
        lines.append(f"    plain numpy beside {case.yardstick.rivals.title}, for its memory")
    elif case.jax is None:
        lines.append("    jax not installed: no ratio to it")
    for threads in sorted(case.seconds):
        lines.append(
            f"    {threads} thread{'s' * (threads > 1)}: "
            f"{case.rate(threads) / 1e6:.0f} million cell updates per second and stage, "
            f"{case.share(threads):.0%} of triad at {sum(case.traffic.values()):.0f} B"
        )
    parts = ", ".join(f"{name} {moved:.0f}" for name, moved in case.traffic.items() if moved)
    lines.append(f"    bytes per cell and stage: {parts}")
    if case.growth:
        whole = (case.yardstick.title, case.cells, case.seconds[1])
        lines.append("    cells                        ns per cell and stage, 1 thread")
        for title, cells, seconds in (*case.growth, whole):
            lines.append(f"    {title:<16}{cells:>12} {1e9 * seconds / cells:>8.2f}")
    if case.memory:
        state = case.memory["state"]
        peak = (case.memory["peak"] - case.memory["idle"]) / state
        lines.append(
            f"    memory: state {state / 2**20:.1f} MiB, arrays held "
            f"{case.memory['held'] / state:.1f} states, peak of the process "
            f"{case.memory['peak'] / 2**20:.0f} MiB ({peak:.1f} states above idle)"
        )
    return lines


def data(case: Measured) -> dict[str, Any]:
    """One case as plain numbers."""
    return {
        "case": case.yardstick.name,
        "scheme": case.scheme,
        "cells": case.cells,
        "seconds_per_stage": {str(n): value for n, value in case.seconds.items()},
        "copy": {str(n): value for n, value in case.copy.items()},
        "triad": {str(n): value for n, value in case.triad.items()},
        "speedup": case.speedup,
        "bytes_per_cell_stage": case.traffic,
        "share_of_triad": {str(n): case.share(n) for n in case.seconds},
        "plain_seconds": case.plain,
        "jax_seconds": case.jax,
        "plain_beside_seconds": case.beside,
        "growth": case.growth,
        "deviation": case.deviation,
        "memory": case.memory,
    }
