"""Where the current flows: streamlines over a map of the density."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.plotting.content import Array, Content
from kinetic.plotting.pictures import Picture, colours, principal, read
from kinetic.plotting.places import Request
from kinetic.plotting.planes import bar, draw, labelled, ratio, told
from kinetic.plotting.style import COLUMN, canvas, titled

_TINY = 12  # cells of an axis below which arrows are drawn
_STILL = 0.02  # of the largest current over time: where less flows no line is drawn


@dataclass(frozen=True)
class Flow:
    """A density and the current on its plane.

    Attributes
    ----------
    picture
        The density.
    across, up
        Current along the two axes.  (record, first, second)
    """

    picture: Picture
    across: Array
    up: Array

    @property
    def largest(self) -> float:
        """The largest current of all records."""
        return float(np.sqrt(np.nanmax(self.across**2 + self.up**2)))

    @classmethod
    def read(cls, content: Content, plane: tuple[str, str], request: Request) -> Flow:
        """Density (or energy) and its current on a plane of real space.

        Raises
        ------
        InputError
            If there is more than one density to draw, or a place asked for is not there.
        """
        name = request.variable or principal(content)
        current = "energy_current" if name == "energy" else "current"
        if not set(plane) <= set(content.spread(current)):
            raise InputError(
                f"there is no '{current}' to draw streamlines of: add it to [output] observables."
            )
        picture = read(content, name, plane, request)
        if len(picture.layers) > 1:
            raise InputError(
                f"streamlines over '{name}': choose one entry of it, such as --at band=upper."
            )
        known = ("t", *content.spread(current))
        at = {key: value for key, value in request.at.items() if key in known}
        across, up = (
            read(content, current, plane, replace(request, at={**at, "component": axis}))
            for axis in plane
        )
        return cls(picture, across.layers[0].values, up.layers[0].values)


def panel(axes: Any, content: Content, flow: Flow, record: int, scale: dict[str, Any]) -> Any:
    """The density in colour, the current in lines as thick as it is strong."""
    drawn = draw(axes, flow.picture, flow.picture.layers[0].values[record], scale)
    labelled(axes, content, list(flow.picture.axes))
    lines(axes, flow, record, "white" if scale["cmap"] == "viridis" else "black")
    return drawn


def lines(axes: Any, flow: Flow, record: int, colour: str) -> None:
    """Streamlines where something flows, or arrows on few cells."""
    x, y = (np.linspace(c[0], c[-1], len(c)) for c in flow.picture.axes.values())
    u, v = flow.across[record].T, flow.up[record].T
    strength = np.nan_to_num(np.hypot(u, v))
    flowing = strength > _STILL * flow.largest
    if not flowing.any():
        return
    limits = axes.get_xlim(), axes.get_ylim()
    if min(len(x), len(y)) < _TINY:
        axes.quiver(x, y, u, v, color=colour, pivot="middle", width=0.008)
    else:
        axes.streamplot(
            x,
            y,
            np.ma.masked_where(~flowing, u),
            np.ma.masked_where(~flowing, v),
            color=colour,
            linewidth=0.3 + 1.1 * strength / flow.largest,
            density=0.9,
            arrowsize=0.6,
        )
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def figure_of(content: Content, flow: Flow) -> tuple[Any, Any]:
    """An empty figure of the size of the map, and its axes."""
    tall = (COLUMN - 1.35) * ratio(flow.picture)
    figure = canvas(COLUMN, 0.85 + tall + (0.2 if flow.picture.where else 0.0))
    titled(figure, content.title, COLUMN)
    told(figure, flow.picture.where)
    return figure, figure.subplots()


def still(content: Content, flow: Flow, record: int, words: str) -> Any:
    """One instant."""
    figure, axes = figure_of(content, flow)
    layer = flow.picture.layers[0]
    drawn = panel(axes, content, flow, record, colours(layer.values[record]))
    bar(figure, drawn, axes, layer.label)
    axes.set_title(words)
    return figure
