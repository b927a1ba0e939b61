"""Line cuts: a variable along one axis at several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic.plotting.content import Content
from kinetic.plotting.maps import shade
from kinetic.plotting.pictures import Layer, Picture, axis_label, clock, spread_out
from kinetic.plotting.planes import told
from kinetic.plotting.rounding import ROUNDING
from kinetic.plotting.style import BLACK, COLUMN, CYCLE, DASHES, canvas, folded, titled


def limits(layers: Sequence[Layer]) -> tuple[float, float]:
    """A vertical axis that holds every record."""
    values = np.concatenate([layer.values.ravel() for layer in layers])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    size = max(abs(low), abs(high))
    room = 0.06 * (high - low if high - low > ROUNDING * size else size) or 1.0
    return low - room, high + room


def _finish(axes: Any, content: Content, picture: Picture, layers: Sequence[Layer]) -> None:
    (axis,) = picture.axes
    axes.set_xlabel(axis_label(axis, content))
    axes.set_ylabel(folded(layers[0].label))
    axes.set_ylim(*limits(layers))
    axes.margins(x=0.0)
    axes.grid(visible=True)


def still(content: Content, picture: Picture, record: int | None, count: int = 5) -> Any:
    """Panels above each other, one per band or part, lines at several times; or one instant."""
    if record is not None or len(picture.times) < 2:
        return instant(content, picture, record or 0)
    rows = len(picture.layers)
    (centres,) = picture.axes.values()
    chosen = spread_out(len(picture.times), count)
    figure = canvas(COLUMN, 0.95 + 1.75 * rows)
    titled(figure, content.title, COLUMN)
    panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    times = clock(picture.times[chosen])
    for axes, layer in zip(panels, picture.layers, strict=True):
        for order, index in enumerate(chosen):
            axes.plot(
                centres,
                layer.values[index],
                color=shade(order, len(chosen)),
                linestyle=DASHES[order % len(DASHES)],
                label=times[order],
            )
        _finish(axes, content, picture, [layer])
        axes.label_outer()
        if layer.entry:
            axes.set_title(layer.entry)
    figure.align_ylabels()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    if picture.where:
        panels[0].set_title(_joined(picture.layers[0].entry, picture.where))
    return figure


def _joined(entry: str, where: Sequence[str]) -> str:
    return ", ".join([*([entry] if entry else []), *where])


def instant(content: Content, picture: Picture, record: int) -> Any:
    """One panel, one line per band or part, at one time."""
    figure = canvas(COLUMN, 2.5)
    titled(figure, content.title, COLUMN)
    axes = figure.subplots()
    lines(axes, content, picture, record)
    if len(picture.times):
        axes.set_title(clock(picture.times)[record])
    told(figure, picture.where)
    return figure


def lines(axes: Any, content: Content, picture: Picture, record: int) -> list[Any]:
    """One line per band or part; what was drawn, so that it can move."""
    (centres,) = picture.axes.values()
    drawn = []
    count = 0
    for layer in picture.layers:
        style = {"color": CYCLE[count % len(CYCLE)], "linestyle": DASHES[count % len(DASHES)]}
        if layer.entry == "total":
            style = {"color": BLACK, "linestyle": "-"}
        drawn += axes.plot(centres, layer.values[record], label=layer.entry or None, **style)
        count += layer.entry != "total"
    _finish(axes, content, picture, picture.layers)
    if len(drawn) > 1:
        low, high = axes.get_ylim()
        rows = -(-len(drawn) // 2)
        axes.set_ylim(low, high + 0.13 * rows * (high - low))
        axes.legend(loc="upper left", ncols=2)
    return drawn
