"""Whole figures: a stack of panels for one column, the report for two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kinetic.errors import InputError
from kinetic.plotting import currents, series
from kinetic.plotting import maps as _maps
from kinetic.plotting.content import Content
from kinetic.plotting.rounding import flows
from kinetic.plotting.style import COLUMN, PAGE, canvas, titled

_HEIGHT = 2.0  # of a panel, inches
_MOST = 8  # panels of a report
Panel = Callable[[Any, Content], None]


def stack(content: Content, panels: Sequence[Panel]) -> Any:
    """Panels above each other in one column."""
    figure = canvas(COLUMN, 0.3 + _HEIGHT * len(panels))
    titled(figure, content.title, COLUMN)
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
    width = PAGE if len(shots.times) > 1 else COLUMN
    columns = len(shots.chosen(4))
    figure = canvas(width, 0.9 + rows * _map_height(shots, width, columns))
    titled(figure, content.title, width)
    _maps.maps(figure, content, name)
    return figure


def _map_height(shots: _maps.Snapshots, width: float, columns: int) -> float:
    """Height of a row of maps that fill a figure of so many inches."""
    return min(2.1, (width - 1.5) / columns * shots.shape_ratio + 0.1)


def lines(content: Content, name: str) -> Any:
    """Cuts through the node."""
    shots = _maps.Snapshots.read(content, name)
    rows = 2 if len(shots.axes) == 1 else 2 * len(shots.bands)
    figure = canvas(PAGE, 0.8 + 1.35 * rows)
    titled(figure, content.title, PAGE)
    _maps.lines(figure, content, name)
    return figure


def report(content: Content, path: Path) -> Any:
    """Panels of every family side by side, maps of the change below."""
    panels = time_panels(content)
    drawn = [name for name in ("occupation", "band_projection") if _maps.available(content, name)]
    if not panels and not drawn:
        raise InputError(f"{path} holds nothing that can be drawn.")
    columns = 2 if len(panels) > 1 else 1
    rows = -(-len(panels) // columns)
    pictures = 0.0
    if drawn:
        shots = _maps.Snapshots.read(content, drawn[0])
        pictures = 3.4
        if len(shots.axes) > 1:
            times = len(shots.chosen(4, skip=1)) or 1
            pictures = 0.8 + _map_height(shots, PAGE, times) * len(shots.bands)
    series_height = 0.4 + 1.6 * rows if panels else 0.0
    width = PAGE if columns > 1 or drawn else COLUMN
    figure = canvas(width, 0.25 + series_height + pictures)
    titled(figure, content.title, width)
    upper, lower = figure, figure
    if panels and drawn:
        upper, lower = figure.subfigures(2, 1, height_ratios=(series_height, pictures))
    if panels:
        side_by_side(upper, content, panels)
    if drawn and len(shots.axes) > 1:
        _maps.maps(lower, content, drawn[0], changes_only=True)
    elif drawn:
        _maps.lines(lower, content, drawn[0])
    return figure


def lettered(axes: Any, index: int) -> None:
    """(a), (b), ... left above a panel."""
    axes.annotate(
        f"({'abcdefghij'[index]})",
        (0.0, 1.0),
        xytext=(-33.0, 4.0),
        xycoords="axes fraction",
        textcoords="offset points",
    )


def side_by_side(figure: Any, content: Content, panels: Sequence[Panel], letter: int = 0) -> None:
    """Panels in two columns with one time axis below each."""
    columns = 2 if len(panels) > 1 else 1
    rows = -(-len(panels) // columns)
    grid = figure.subplots(rows, columns, squeeze=False, sharex="col")
    for index, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
        panel(axes, content)
        lettered(axes, letter + index)
        if index + columns < len(panels):
            axes.set_xlabel("")
        else:
            axes.xaxis.set_tick_params(labelbottom=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    figure.align_ylabels()


def time_panels(content: Content) -> list[Panel]:
    """The panels of a report, most telling first."""
    names = ["anomaly"] if content.pumps else ["density"]
    panels = [p for name in names for p in series.available(content, series.FAMILIES[name])]
    if flows(content):
        panels += currents.panels(content, least=1e-3)
    mixed = "coherence" if content.has("coherence") else "purity"
    for name in ("response", "temperature", "energy", "spin", mixed, "budget", "bounds"):
        panels += series.available(content, series.FAMILIES[name])
    panels = panels[:_MOST]
    # The last panel of an odd number would stand alone.
    return panels[:-1] if len(panels) > 4 and len(panels) % 2 else panels
