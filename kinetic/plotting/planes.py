"""Maps on two axes: space-time, a plane of real space at several times, phase space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic.plotting.content import MOMENTUM, Array, Content
from kinetic.plotting.maps import image
from kinetic.plotting.pictures import Layer, Picture, axis_label, clock, colours, spread_out
from kinetic.plotting.style import COLUMN, PAGE, canvas, folded, titled

_TALLEST, _FLATTEST = 1.6, 0.45  # height over width of a map


def to_scale(axes: Sequence[str]) -> bool:
    """Whether two axes are of one kind, so that lengths on them compare."""
    return len({axis in MOMENTUM for axis in axes}) == 1


def ratio(picture: Picture) -> float:
    """Height over width of a map."""
    if not to_scale(list(picture.axes)):
        return 0.8
    across, up = (float(np.ptp(c)) or 1.0 for c in picture.axes.values())
    return min(_TALLEST, max(_FLATTEST, up / across)) if 0.25 < up / across < 4.0 else 0.8


def bar(figure: Any, drawn: Any, axes: Any, label: str, entry: str = "") -> Any:
    """A colour bar as tall as its map, at its right, with what the map shows."""
    columns = axes.get_subplotspec().get_gridspec().ncols
    place = axes.inset_axes([1.03, 0.0, min(0.09, 0.04 + 0.01 * columns), 1.0])
    made = figure.colorbar(drawn, cax=place)
    made.set_label(f"{entry}\n{label}" if entry else folded(label))
    made.outline.set_linewidth(0.5)
    made.locator = _round()
    made.update_ticks()
    return made


def _round() -> Any:
    """Ticks at 1, 2 and 5 times powers of ten: few, and of about one width in every layout."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, steps=[1, 2, 5, 10])


def told(figure: Any, where: Sequence[str]) -> None:
    """Places of the axes that are not drawn, below the figure."""
    if where:
        figure.supxlabel("at " + ", ".join(where), fontsize=8.0)


def draw(axes: Any, picture: Picture, values: Array, scale: dict[str, Any]) -> Any:
    """One map of one record."""
    x, y = picture.axes.values()
    drawn = image(axes, x, y, values, to_scale=to_scale(list(picture.axes)), **scale)
    axes.xaxis.set_major_locator(_round())
    axes.yaxis.set_major_locator(_round())
    return drawn


def labelled(axes: Any, content: Content, names: Sequence[str]) -> None:
    """Labels of both axes."""
    axes.set_xlabel(axis_label(names[0], content))
    axes.set_ylabel(axis_label(names[1], content))


def at_times(content: Content, picture: Picture, count: int = 4) -> Any:
    """Columns: times, with one scale for all; rows: bands, components or parts."""
    columns = spread_out(len(picture.layers[0].values), count)
    width = PAGE if len(columns) > 1 else COLUMN
    tall = (width - 1.4) / len(columns) * ratio(picture)
    rows = len(picture.layers)
    figure = canvas(width, 0.75 + rows * (min(tall, 2.6) + 0.1))
    titled(figure, content.title, width)
    panels = figure.subplots(rows, len(columns), sharex=True, sharey=True, squeeze=False)
    names = list(picture.axes)
    for line, layer in zip(panels, picture.layers, strict=True):
        scale = colours(layer.values)
        for axes, record in zip(line, columns, strict=True):
            drawn = draw(axes, picture, layer.values[record], scale)
        bar(figure, drawn, line[-1], layer.label, layer.entry)
        line[0].set_ylabel(axis_label(names[1], content))
    for axes in panels[-1]:
        axes.set_xlabel(axis_label(names[0], content))
    if len(picture.times):
        for axes, words in zip(panels[0], clock(picture.times[columns]), strict=True):
            axes.set_title(words)
    told(figure, picture.where)
    return figure


def history(axes: Any, content: Content, picture: Picture, layer: Layer, change: bool) -> Any:
    """One map of position and time, time upwards."""
    (axis, centres), *_ = picture.axes.items()
    values = layer.change if change else layer.values
    drawn = image(
        axes, centres, picture.times, values.T, to_scale=False, **colours(values, change)
    )
    axes.set_ylim(picture.times[0], picture.times[-1])
    axes.xaxis.set_major_locator(_round())
    axes.set_xlabel(axis_label(axis, content))
    axes.set_ylabel(content.time_label())
    return drawn


def spacetime(content: Content, picture: Picture, changes: bool) -> Any:
    """Maps of position and time above each other, the change since the start beside them."""
    columns = 2 if changes else 1
    width = PAGE if changes else COLUMN
    rows = len(picture.layers)
    figure = canvas(width, 0.75 + 2.1 * rows)
    titled(figure, content.title, width)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for line, layer in zip(panels, picture.layers, strict=True):
        for change, axes in enumerate(line):
            drawn = history(axes, content, picture, layer, bool(change))
            label = layer.change_label if change else layer.label
            bar(figure, drawn, axes, label, layer.entry)
            axes.label_outer()
    told(figure, picture.where)
    return figure
