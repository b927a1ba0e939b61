"""Where in a result: the cut, plane, instant, band or valley that a figure shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError, listing, suggestion
from kinetic.plotting.content import MOMENTUM, SPACE, Array

if TYPE_CHECKING:
    import xarray

RECORDS = ("time", "snapshot_time")


def parsed(entries: Sequence[str]) -> dict[str, float | str]:
    """Entries 'name=value' as a table; what reads as a number is one.

    Raises
    ------
    InputError
        If an entry has no such form, or a name comes twice.
    """
    table: dict[str, float | str] = {}
    for entry in entries:
        name, equals, text = (part.strip() for part in entry.partition("="))
        if not equals or not name or not text:
            raise InputError(f"--at {entry}: write NAME=VALUE, such as --at y=0 or --at t=2.5.")
        if name in table:
            raise InputError(f"--at {entry}: {name} was given already.")
        try:
            table[name] = float(text)
        except ValueError:
            table[name] = text
    return table


@dataclass(frozen=True)
class Request:
    """What is asked for besides the kind of figure.

    Parameters
    ----------
    variable
        The variable to draw, None for the one that the figure is usually made of.
    along
        An axis: of a line cut, of a space-time map, of a phase-space portrait.
    at
        Axes at coordinates, `t` at an instant, `band`, `valley`, `component` by label or
        number: {"y": 0.0, "t": 2.5, "band": "upper"}.
    most
        Records that are read, evenly spread over all; None reads every one.
    """

    variable: str | None = None
    along: str | None = None
    at: Mapping[str, Any] = field(default_factory=dict)
    most: int | None = None

    def takes(self, options: Sequence[str], what: str) -> None:
        """Refuse the options that a figure has no use for.

        Raises
        ------
        InputError
            Naming the first of them.
        """
        asked = {"variable": self.variable, "along": self.along, "at": self.at or None}
        for name, value in asked.items():
            if value is not None and name not in options:
                raise InputError(f"{what} takes no --{name}: leave it out.")

    def check(self, allowed: Sequence[str], what: str) -> None:
        """Refuse places that a figure does not have.

        Raises
        ------
        InputError
            Naming the places that there are.
        """
        for name in self.at:
            if name not in allowed:
                raise InputError(
                    f"at {name}: {what} has no such place; {suggestion(name, allowed)}"
                )

    def number(self, name: str) -> float | None:
        """The coordinate asked for along an axis.

        Raises
        ------
        InputError
            If it is not a number.
        """
        value = self.at.get(name)
        if value is None:
            return None
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not np.isfinite(value):
            raise InputError(f"at {name} = {value!r}: a finite number is wanted.")
        return float(value)

    def cell(self, name: str, centres: Array, default: float | None = None) -> int:
        """The cell nearest to the coordinate asked for, to `default`, or to the middle.

        Raises
        ------
        InputError
            If the coordinate lies outside the axis.
        """
        wanted = self.number(name)
        half = 0.5001 * float(np.abs(np.diff(centres)).max()) if len(centres) > 1 else np.inf
        low, high = float(centres.min()) - half, float(centres.max()) + half
        if wanted is None:
            wanted = 0.5 * (low + high) if default is None else default
            if not np.isfinite(wanted):
                return 0
        elif not low <= wanted <= high:
            raise InputError(
                f"at {name} = {wanted:.6g}: the axis goes from {low:.6g} to {high:.6g}."
            )
        return int(np.argmin(np.abs(centres - wanted)))

    def record(self, times: Array) -> int:
        """The record nearest to the time asked for, or the last one.

        Raises
        ------
        InputError
            If the time lies outside what was recorded.
        """
        wanted = self.number("t")
        if wanted is None:
            return len(times) - 1
        slack = 1e-9 * (1.0 + float(np.abs(times).max()))
        if not times.min() - slack <= wanted <= times.max() + slack:
            raise InputError(
                f"at t = {wanted:.6g}: there are records from t = {times.min():.6g} to "
                f"{times.max():.6g}."
            )
        return int(np.argmin(np.abs(times - wanted)))

    def entry(self, name: str, labels: Sequence[str]) -> int:
        """The entry of a small dimension asked for by its label or number.

        Raises
        ------
        InputError
            Naming the labels that there are.
        """
        value = self.at[name]
        text = f"{value:g}" if isinstance(value, float) else str(value)
        known = [str(label) for label in labels]
        if text in known:
            return known.index(text)
        if text.isdecimal() and int(text) < len(known):
            return int(text)
        raise InputError(f"at {name} = {text}: {suggestion(text, known)}")


def axes_of(array: xarray.DataArray) -> list[str]:
    """The axes in real space and momentum that a variable has, in the order x, y, z, kx, ..."""
    return [axis for axis in (*SPACE, *MOMENTUM) if axis in array.dims]


def names_of(array: xarray.DataArray) -> list[str]:
    """Everything that a place of a variable can be asked for by."""
    names = ["t" if str(dim) in RECORDS else str(dim) for dim in array.dims]
    return sorted(names)


def chosen_axis(asked: str | None, axes: Sequence[str], what: str) -> str:
    """The axis asked for, or the first.

    Raises
    ------
    InputError
        If there is no such axis.
    """
    if asked is None:
        return axes[0]
    if asked not in axes:
        raise InputError(f"along {asked}: {what} has the axes {listing(axes)}.")
    return asked
