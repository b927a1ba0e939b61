"""Phase-space portraits: f on one axis of real space and one of momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinetic.errors import InputError, listing
from kinetic.plotting.content import MOMENTUM, SPACE, Content
from kinetic.plotting.pictures import Picture, axis_label, clock, colours, read
from kinetic.plotting.places import Request, axes_of
from kinetic.plotting.planes import bar, draw, told
from kinetic.plotting.style import COLUMN, PAGE, canvas, titled


def plane_of(content: Content, name: str, along: str | None) -> tuple[str, str]:
    """The axis of real space asked for, or the first, and the momentum of its direction.

    Raises
    ------
    InputError
        If the snapshots have no such axes.
    """
    axes = axes_of(content.array(name))
    space = [axis for axis in axes if axis in SPACE]
    momentum = [axis for axis in axes if axis in MOMENTUM]
    if not space or not momentum:
        raise InputError(
            f"a portrait needs snapshots of '{name}' with an axis in real space and one in "
            f"momentum; these have {listing(axes) or 'none'}."
        )
    position = along.removeprefix("k") if along else space[0]
    if position not in space:
        raise InputError(f"along {along}: the snapshots of '{name}' have {listing(space)}.")
    partner = f"k{position}"
    return position, partner if partner in momentum else momentum[0]


def picture_of(content: Content, name: str, request: Request) -> Picture:
    """f of every band on the plane of a portrait, for every snapshot."""
    return read(content, name, plane_of(content, name, request.along), request)


def still(content: Content, picture: Picture, record: int | None) -> Any:
    """Rows: bands; columns: the first and last snapshot and what changed, or one instant."""
    columns = [record] if record is not None else [0, len(picture.times) - 1]
    width = PAGE if len(set(columns)) > 1 else COLUMN
    figure = canvas(width, 0.85 + 1.75 * len(picture.layers))
    titled(figure, content.title, width)
    fill(figure, content, picture, columns)
    return figure


def fill(figure: Any, content: Content, picture: Picture, columns: Sequence[int]) -> None:
    """The maps of some snapshots, and of what changed from the first of them to the last."""
    columns = sorted(set(columns))
    compared = len(columns) > 1
    rows, count = len(picture.layers), len(columns) + compared
    panels = figure.subplots(rows, count, sharex=True, sharey=True, squeeze=False)
    times = clock(picture.times[columns])
    names = list(picture.axes)
    for line, layer in zip(panels, picture.layers, strict=True):
        scale = colours(layer.values)
        for axes, index in zip(line, columns, strict=False):
            drawn = draw(axes, picture, layer.values[index], scale)
        bar(figure, drawn, line[len(columns) - 1], layer.label, layer.entry)
        if compared:
            change = layer.between(columns[0], columns[-1])
            drawn = draw(line[-1], picture, change, colours(change, change=True))
            bar(figure, drawn, line[-1], layer.change_label, layer.entry)
        line[0].set_ylabel(axis_label(names[1], content))
    for axes, words in zip(panels[0], times, strict=False):
        axes.set_title(words)
    if compared:
        panels[0, -1].set_title(f"change since {times[0]}")
    for axes in panels[-1]:
        axes.set_xlabel(axis_label(names[0], content))
    told(figure, picture.where)
