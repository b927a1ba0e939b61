"""Figures that can show any of their instants: what a movie is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kinetic.plotting import profiles, streamlines, texture
from kinetic.plotting.content import Array, Content
from kinetic.plotting.pictures import Picture, clock, colours
from kinetic.plotting.planes import bar, draw, labelled, ratio, told
from kinetic.plotting.style import COLUMN, PAGE, canvas, wrapped

_ABREAST = 3  # maps beside each other


@dataclass(frozen=True)
class Scene:
    """A figure and its instants.

    Attributes
    ----------
    figure
        As large and laid out alike at every instant.
    count
        Of the instants.
    show
        Brings the figure to one of them.
    """

    figure: Any
    count: int
    show: Callable[[int], None]


def _headed(figure: Any, content: Content, width: float, times: list[str]) -> Any:
    """The title with the time below; what sets the time."""
    title = wrapped(content.title, width) + "\n" if content.title else ""
    text = figure.suptitle(title + times[-1])
    return lambda record: text.set_text(title + times[record])


def maps(content: Content, picture: Picture) -> Scene:
    """Maps of all bands or parts beside each other, with fixed colours."""
    count = len(picture.layers)
    columns = min(_ABREAST, count)
    rows = -(-count // columns)
    width = COLUMN if count == 1 else PAGE
    tall = min((width - 1.1 * columns) / columns * ratio(picture), 2.8)
    figure = canvas(width, 0.9 + rows * (tall + 0.35))
    told(figure, picture.where)
    head = _headed(figure, content, width, clock(picture.times))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    meshes = []
    for axes, layer in zip(panels.flat, picture.layers, strict=False):
        mesh = draw(axes, picture, layer.values[-1], colours(layer.values))
        bar(figure, mesh, axes, layer.label)
        labelled(axes, content, list(picture.axes))
        axes.label_outer()
        axes.set_title(layer.entry)
        meshes.append(mesh)
    for axes in panels.flat[count:]:
        axes.set_visible(False)

    def show(record: int) -> None:
        head(record)
        for mesh, layer in zip(meshes, picture.layers, strict=True):
            mesh.set_array(layer.values[record].T)

    return Scene(figure, len(picture.times), show)


def lines(content: Content, picture: Picture) -> Scene:
    """One panel with a line per band or part, on a fixed scale."""
    figure = canvas(COLUMN, 2.7)
    told(figure, picture.where)
    head = _headed(figure, content, COLUMN, clock(picture.times))
    drawn = profiles.lines(figure.subplots(), content, picture, -1)

    def show(record: int) -> None:
        head(record)
        for line, layer in zip(drawn, picture.layers, strict=True):
            line.set_ydata(layer.values[record])

    return Scene(figure, len(picture.times), show)


def flow(content: Content, flow: streamlines.Flow) -> Scene:
    """Streamlines of the current over the density, on fixed scales."""
    layer = flow.picture.layers[0]
    scale = colours(layer.values)
    figure, axes = streamlines.figure_of(content, flow)
    head = _headed(figure, content, COLUMN, clock(flow.picture.times))
    mesh = draw(axes, flow.picture, layer.values[-1], scale)
    bar(figure, mesh, axes, layer.label)
    labelled(axes, content, list(flow.picture.axes))
    lasting = set(axes.get_children())
    colour = "white" if scale["cmap"] == "viridis" else "black"

    def show(record: int) -> None:
        head(record)
        for artist in set(axes.get_children()) - lasting:
            artist.remove()
        mesh.set_array(layer.values[record].T)
        streamlines.lines(axes, flow, record, colour)

    return Scene(figure, len(flow.picture.times), show)


def directions(content: Content, model: texture.Texture, times: Array) -> Scene:
    """The texture as it moves."""
    figure, axes = texture.figure_of(content, model)
    head = _headed(figure, content, COLUMN, clock(times))
    move = texture.panel(figure, axes, content, model, float(times[-1]))

    def show(record: int) -> None:
        head(record)
        move(float(times[record]))

    return Scene(figure, len(times), show)
