"""One validation case: measured numbers beside their references, and how a case runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_HEADS = ("quantity", "measured", "reference", "deviation", "tolerance", "verdict", "source")


@dataclass(frozen=True)
class Row:
    """One number beside its reference.

    Parameters
    ----------
    quantity
        What was measured.
    measured, reference
        The two numbers.
    tolerance
        Largest deviation allowed; infinite in rows that only report.
    source
        Where the reference comes from.
    relation
        '=' (within the tolerance), '>=' or '<=' (the reference is a bound).
    relative
        Whether deviation and tolerance are relative to the reference.
    note
        Why there is no number, if there is none.
    failed
        Whether the lack of a number is a failure.
    """

    quantity: str
    measured: float = np.nan
    reference: float = np.nan
    tolerance: float = 0.0
    source: str = ""
    relation: str = "="
    relative: bool = False
    note: str = ""
    failed: bool = False

    @property
    def deviation(self) -> float:
        """Measured less reference, relative to it if so asked."""
        apart = self.measured - self.reference
        return apart / abs(self.reference) if self.relative else apart

    @property
    def holds(self) -> bool:
        """Whether the comparison is as it should be; a NaN never is."""
        if self.note:
            return not self.failed
        if np.isinf(self.tolerance):
            return True
        if self.relation == ">=":
            return self.measured >= self.reference
        if self.relation == "<=":
            return self.measured <= self.reference
        return bool(abs(self.deviation) <= self.tolerance)

    @property
    def verdict(self) -> str:
        """One word."""
        if self.note and not self.failed:
            return "skipped"
        if np.isinf(self.tolerance):
            return "reported"
        return "holds" if self.holds else "FAILS"

    def cells(self) -> tuple[str, ...]:
        """The row as text, one entry per column."""
        if self.note:
            return (self.quantity, self.note, "", "", "", self.verdict, self.source)
        if np.isinf(self.tolerance):
            beside = "" if np.isnan(self.reference) else f"{self.reference:.9g}"
            number = f"{self.measured:.9g}"
            return (self.quantity, number, beside, "", "", self.verdict, self.source)
        bound = {">=": "≥ ", "<=": "≤ "}.get(self.relation, "")
        apart = tolerance = ""
        if not bound:
            mark = " rel" if self.relative else ""
            apart, tolerance = f"{self.deviation:+.1e}", f"{self.tolerance:.1e}{mark}"
        return (
            self.quantity,
            f"{self.measured:.9g}",
            f"{bound}{self.reference:.9g}",
            apart,
            tolerance,
            self.verdict,
            self.source,
        )


@dataclass
class Study:
    """What a check works with: run files, comparisons, and data for the figure.

    Parameters
    ----------
    folder
        Folder of the case.
    quick
        Whether to leave out what takes more than some five seconds.
    threads
        Processor threads of the runs; None takes all.
    """

    folder: Path
    quick: bool = False
    threads: int | None = None
    rows: list[Row] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    # --- runs -----------------------------------------------------------------------------

    def tables(self, file: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The tables of a run file of the case with `table.key` entries exchanged."""
        from kinetic import config

        run = config.read(self.folder / file)
        for name, value in (changes or {}).items():
            place, *keys = name.split(".")
            if not keys:
                run[place] = value
                continue
            table = run.setdefault(place, {})
            for key in keys[:-1]:
                table = table.setdefault(key, {})
            table[keys[-1]] = value
        if self.threads is not None and isinstance(run.get("equation", {}), Mapping):
            run["equation"] = {**run.get("equation", {}), "threads": self.threads}
        return run

    def evolution(self, file: str, changes: Mapping[str, Any] | None = None) -> Evolution:
        """The system of a run file at its start."""
        from kinetic.simulation import Simulation

        evolution: Evolution = Simulation.from_dict(self.tables(file, changes)).evolution
        return evolution

    def evolve(
        self, file: str, changes: Mapping[str, Any] | None = None, pieces: int = 1
    ) -> Evolution:
        """The system of a run file at its stop, reached over so many equal output times."""
        evolution = self.evolution(file, changes)
        assert evolution.stop is not None
        span = evolution.stop - evolution.start
        for piece in range(1, pieces + 1):
            advance(evolution, evolution.start + span * piece / pieces)
        return evolution

    # --- comparisons ----------------------------------------------------------------------

    def compare(
        self,
        quantity: str,
        measured: float,
        reference: float,
        tolerance: float,
        source: str = "",
        relative: bool = False,
    ) -> None:
        """A number that must agree with its reference."""
        self.rows.append(
            Row(
                quantity,
                float(measured),
                float(reference),
                float(tolerance),
                source,
                relative=relative,
            )
        )

    def at_least(self, quantity: str, measured: float, bound: float, source: str = "") -> None:
        """A number that must not lie below a bound, such as an order of convergence."""
        self.rows.append(
            Row(quantity, float(measured), float(bound), source=source, relation=">=")
        )

    def at_most(self, quantity: str, measured: float, bound: float, source: str = "") -> None:
        """A number that must not lie above a bound, such as a residual."""
        self.rows.append(
            Row(quantity, float(measured), float(bound), source=source, relation="<=")
        )

    def report(
        self, quantity: str, measured: float, reference: float = np.nan, source: str = ""
    ) -> None:
        """A number, maybe beside another one, that is not judged."""
        self.compare(quantity, measured, reference, np.inf, source)

    def skip(self, quantity: str, reason: str) -> None:
        """A comparison that cannot be made here."""
        self.rows.append(Row(quantity, note=reason))


def advance(evolution: Evolution, time: float) -> Evolution:
    """Step up to a time."""
    while evolution.time < time:
        evolution.advance(time)
    return evolution


def observe(evolution: Evolution, name: str) -> dict[str, np.ndarray]:
    """What an observable records at the present time, by variable."""
    from kinetic.assembly import load
    from kinetic.observables.base import Observable
    from kinetic.registry import construct, find

    load("observables")
    return construct(find(Observable, name, "observables"), {}, name).build(evolution).measure()


def orders(errors: Sequence[float], factor: float = 2.0) -> np.ndarray:
    """Observed orders of convergence between neighbours of a refinement by `factor`."""
    e = np.abs(np.asarray(errors, dtype=float))
    return np.asarray(np.log(e[:-1] / e[1:]) / np.log(factor))


def table(rows: Sequence[Row]) -> str:
    """Rows as aligned text."""
    cells = [_HEADS, *(row.cells() for row in rows)]
    counted = [line for line, row in zip(cells[1:], rows, strict=True) if not row.note]
    widths = [max(len(line[i]) for line in [_HEADS, *counted]) for i in range(len(_HEADS))]
    widths[0] = max(len(line[0]) for line in cells)
    lines = []
    for line in cells:
        text = "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        lines.append(f"  {text}".rstrip())
    return "\n".join(lines)
