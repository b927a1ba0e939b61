"""Whole figures: a stack of panels for one column, the report for two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kinetic.errors import InputError
from kinetic.plotting import maps as _maps
from kinetic.plotting import series
from kinetic.plotting.content import Content
from kinetic.plotting.style import COLUMN, PAGE, canvas, wrapped

_HEIGHT = 2.0  # of a panel, inches
_MOST = 8  # panels of a report
Panel = Callable[[Any, Content], None]


def _title(figure: Any, content: Content, width: float) -> None:
    if content.title:
        figure.suptitle(wrapped(content.title, width))


def stack(content: Content, panels: Sequence[Panel]) -> Any:
    """Panels above each other in one column."""
    figure = canvas(COLUMN, 0.3 + _HEIGHT * len(panels))
    _title(figure, content, COLUMN)
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)
    for row, (axes, panel) in enumerate(zip(grid[:, 0], panels, strict=True)):
        panel(axes, content)
        if row + 1 < len(panels):
            axes.set_xlabel("")
    figure.align_ylabels()
    return figure


def maps(content: Content, name: str) -> Any:
    """f on a plane at several times, and its change."""
    shots = _maps.Snapshots.read(content, name)
    if len(shots.axes) == 1:
        return lines(content, name)
    rows = len(shots.bands) * (2 if len(shots.times) > 1 else 1)
    columns = len(shots.chosen(4))
    figure = canvas(PAGE if columns > 1 else COLUMN, 0.7 + 1.5 * rows)
    _title(figure, content, PAGE if columns > 1 else COLUMN)
    _maps.maps(figure, content, name)
    return figure


def lines(content: Content, name: str) -> Any:
    """Cuts through the node."""
    shots = _maps.Snapshots.read(content, name)
    width = COLUMN if len(shots.axes) == 1 else PAGE
    figure = canvas(width, 0.8 + 1.35 * 2 * len(shots.bands))
    _title(figure, content, width)
    _maps.lines(figure, content, name)
    return figure


def report(content: Content, path: Path) -> Any:
    """Panels of every family side by side, maps of the change below."""
    panels = _panels(content)
    drawn = [name for name in ("occupation", "band_projection") if _maps.available(content, name)]
    if not panels and not drawn:
        raise InputError(f"{path} holds nothing that can be drawn.")
    columns = 2 if len(panels) > 1 else 1
    rows = -(-len(panels) // columns)
    pictures = 0.0
    if drawn:
        shots = _maps.Snapshots.read(content, drawn[0])
        pictures = 0.8 + 1.55 * len(shots.bands) * (1 if len(shots.axes) > 1 else 1.7)
    figure = canvas(PAGE if columns > 1 or drawn else COLUMN, 0.3 + _HEIGHT * rows + pictures)
    _title(figure, content, PAGE)
    upper, lower = figure, figure
    if panels and drawn:
        upper, lower = figure.subfigures(2, 1, height_ratios=(_HEIGHT * rows, pictures))
    if panels:
        grid = upper.subplots(rows, columns, squeeze=False)
        spare = list(grid.flat)
        for axes, panel, letter in zip(spare, panels, "abcdefghij", strict=False):
            panel(axes, content)
            axes.set_title(f"({letter})", loc="left", pad=3.0)
        for axes in spare[len(panels) :]:
            axes.set_visible(False)
        upper.align_ylabels()
    if drawn and len(shots.axes) > 1:
        _maps.maps(lower, content, drawn[0], changes_only=True)
    elif drawn:
        _maps.lines(lower, content, drawn[0])
    return figure


def _panels(content: Content) -> list[Panel]:
    """The panels of a report, most telling first."""
    names = ["anomaly"] if content.pumps else ["density"]
    panels = [p for name in names for p in series.available(content, series.FAMILIES[name])]
    if content.has("current"):
        panels += series.currents(content)
    for name in ("response", "energy", "boundary", "bounds"):
        panels += series.available(content, series.FAMILIES[name])
    return panels[:_MOST]
