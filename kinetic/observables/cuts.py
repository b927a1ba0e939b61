"""Cuts and integrals of what is local: along a line, at a place, over an axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError, suggestion
from kinetic.observables.base import Observable, Recorder, places, times_length
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


@dataclass(frozen=True)
class Local(Observable):
    """An observable with a value at every site, of which a part may be kept.

    Parameters
    ----------
    along
        The one axis to keep: a cut through the middle of the others, or through `at`.
    at
        Places by axis: {y = 0.0} keeps the sites nearest to y = 0.
    integrate
        Axes that are integrated over, such as ["y"].
    """

    along: Any = None
    at: Any = None
    integrate: Any = None

    def __post_init__(self) -> None:
        if self.along is not None and not isinstance(self.along, str):
            raise InputError(f"along = {self.along!r}: name one axis, such as 'x'.")
        if self.at is not None and not isinstance(self.at, Mapping):
            raise InputError(f"at = {self.at!r} must be a table such as {{y = 0.0}}.")
        if self.integrate is not None:
            names = [self.integrate] if isinstance(self.integrate, str) else self.integrate
            if not isinstance(names, Sequence) or not all(isinstance(n, str) for n in names):
                raise InputError(f"integrate = {self.integrate!r}: name axes, such as ['y'].")
            object.__setattr__(self, "integrate", tuple(dict.fromkeys(names)))

    def build(self, evolution: Evolution) -> Recorder:
        """The recorder of an evolution that stands at its start; see `Observable.build`."""
        recorder = super().build(evolution)
        if self.along is None and self.at is None and self.integrate is None:
            return recorder
        return Part(self, evolution).of(recorder)


class Part:
    """What is kept of the axes in real space.

    Parameters
    ----------
    observable
        With its keys `along`, `at` and `integrate`.
    evolution
        The system.

    Raises
    ------
    InputError
        If an axis is not there, a place lies outside, or an axis is named twice.
    """

    def __init__(self, observable: Local, evolution: Evolution) -> None:
        self.where = f"[output.observables] {observable.name}"
        self.axes = {axis.name: axis for axis in evolution.system.grid.space}
        names = places(evolution)
        at = dict(observable.at or {})
        over = tuple(observable.integrate or ())
        along = observable.along
        if not names:
            raise InputError(
                f"{self.where}: 'along', 'at' and 'integrate' are for grids with axes in real "
                "space; this one has none."
            )
        for key, given in (("along", [along] if along else []), ("at", at), ("integrate", over)):
            for name in given:
                if name not in names:
                    raise InputError(f"{self.where} {key}: {suggestion(name, names)}")
        for name in over:
            if name in at or name == along:
                raise InputError(
                    f"{self.where}: {name} is integrated over and kept or cut; choose."
                )
        if along in at:
            raise InputError(f"{self.where}: {along} is both kept whole and cut; choose.")
        self.cells = {name: self._nearest(name, value) for name, value in at.items()}
        if along:
            for name in names:
                if name != along and name not in at and name not in over:
                    self.cells[name] = self.axes[name].cells // 2
        self.over = over
        words = [f"along_{along}"] if along else [f"at_{name}" for name in at]
        words += [f"over_{name}" for name in over]
        self.suffix = "_" + "_".join(words)

    def _nearest(self, name: str, wanted: Any) -> int:
        axis = self.axes[name]
        good = isinstance(wanted, int | float) and not isinstance(wanted, bool)
        if not good or not axis.edges[0] <= wanted <= axis.edges[-1]:
            raise InputError(
                f"{self.where} at.{name} = {wanted!r} must be a number between "
                f"{axis.edges[0]:.6g} and {axis.edges[-1]:.6g}."
            )
        return int(np.argmin(np.abs(axis.centres - wanted)))

    def of(self, recorder: Recorder) -> Recorder:
        """The same recorder with the part alone; its rows are called after it."""
        kept = {row.name: row for row in recorder.variables}

        def measure() -> dict[str, Any]:
            values = recorder.measure()
            return {
                name + self.suffix: self._taken(row, values[name]) for name, row in kept.items()
            }

        rows = tuple(self._row(row) for row in recorder.variables)
        return Recorder(rows, measure, recorder.coordinates)

    def _row(self, row: Variable) -> Variable:
        dims = tuple(d for d in row.dims if d not in self.cells and d not in self.over)
        attributes = dict(row.attributes)
        units = times_length(row.units, sum(name in row.dims for name in self.over))
        for name, cell in self.cells.items():
            if name in row.dims:
                attributes[name] = float(self.axes[name].centres[cell])
        title = row.long_name
        if self.over:
            title += f", integrated over {' and '.join(self.over)}"
        return Variable(row.name + self.suffix, dims, units, title, attributes)

    def _taken(self, row: Variable, value: np.ndarray) -> np.ndarray:
        for place in reversed(range(len(row.dims))):
            name = row.dims[place]
            if name in self.cells:
                value = np.take(value, self.cells[name], axis=place)
            elif name in self.over:
                value = value.sum(axis=place) * float(self.axes[name].widths[0])
        return np.asarray(value)
