"""The report of a run in real space: pictures above, totals below, phase space last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kinetic.errors import InputError
from kinetic.plotting import page, planes, portrait, profiles, streamlines
from kinetic.plotting.content import MOMENTUM, SPACE, Content
from kinetic.plotting.maps import available
from kinetic.plotting.pictures import MOST, Picture, clock, colours, principal, read
from kinetic.plotting.places import Request, axes_of
from kinetic.plotting.rounding import flows
from kinetic.plotting.style import PAGE, canvas, titled

_SNAPSHOTS = ("occupation", "band_projection", "coherence_vector")  # the first is drawn
_MOST = 6  # panels of totals
_Panel = Callable[[Any, Any], None]


def report(content: Content, path: Path) -> Any:
    """Maps of density and current, totals, and a portrait of phase space where there is one."""
    pictures, tall = _pictures(content)
    totals = page.time_panels(content.totals)[:_MOST]
    name = next((n for n in _SNAPSHOTS if _portrayed(content, n)), "")
    if not pictures and not totals and not name:
        raise InputError(f"{path} holds nothing that can be drawn.")
    rows = -(-len(totals) // 2)
    shots = _portrait(content, name) if name else None
    heights = {
        "pictures": tall if pictures else 0.0,
        "totals": 0.55 + 1.6 * rows if totals else 0.0,
        "portrait": 0.6 + 1.7 * len(shots.layers) if shots else 0.0,
    }
    heights = {part: height for part, height in heights.items() if height}
    figure = canvas(PAGE, 0.3 + sum(heights.values()))
    titled(figure, content.title, PAGE)
    made = figure.subfigures(len(heights), 1, height_ratios=list(heights.values()), squeeze=False)
    parts = dict(zip(heights, made[:, 0], strict=True))
    if pictures:
        grid = parts["pictures"].subplots(1, len(pictures), squeeze=False)[0]
        for index, (axes, draw) in enumerate(zip(grid, pictures, strict=True)):
            draw(parts["pictures"], axes)
            page.lettered(axes, index)
    if totals:
        over = ", ".join(f"${axis}$" for axis in content.space)
        parts["totals"].suptitle(f"totals: integrals over {over}", fontsize=8.0)
        page.side_by_side(parts["totals"], content.totals, totals, len(pictures))
    if shots:
        portrait.fill(parts["portrait"], content, shots, [0, len(shots.times) - 1])
    return figure


def _portrayed(content: Content, name: str) -> bool:
    """Whether there are snapshots with axes in real space and momentum."""
    if not available(content, name):
        return False
    axes = axes_of(content.array(name))
    return any(a in SPACE for a in axes) and any(a in MOMENTUM for a in axes)


def _portrait(content: Content, name: str) -> Picture:
    """The portrait of all bands and valleys, or of the first valley if they are many."""
    array = content.array(name)
    many = array.sizes.get("valley", 1) * array.sizes.get("band", 1) > MOST
    return portrait.picture_of(content, name, Request(at={"valley": 0} if many else {}))


def _pictures(content: Content) -> tuple[list[_Panel], float]:
    """Two panels side by side, and their height."""
    name = principal(content)
    axes = content.spread(name)
    if not axes or not len(content.time):
        return [], 0.0
    if len(axes) == 1:
        return _histories(content, name, axes[0])
    plane = (axes[0], axes[1])
    picture = read(content, name, plane, Request())
    tall = 0.75 + min(3.2, (0.5 * PAGE - 1.1) * planes.ratio(picture))
    drawn = [_flow(content, picture, plane)]
    return drawn + ([_change(content, picture)] if len(picture.times) > 1 else []), tall


def _histories(content: Content, name: str, axis: str) -> tuple[list[_Panel], float]:
    """Space-time maps of the density's change and of the current along the axis."""
    picture = read(content, name, [axis], Request())
    if len(picture.times) < 2:
        return [lambda _, axes: _profile(axes, content, picture)], 2.3
    shown = [(picture, True)]
    if content.spread("current") and flows(content):
        shown.append((read(content, "current", [axis], Request(at={"component": axis})), False))

    def panel(picture: Picture, change: bool) -> _Panel:
        def draw(figure: Any, axes: Any) -> None:
            layer = picture.layers[0]
            drawn = planes.history(axes, content, picture, layer, change)
            planes.bar(figure, drawn, axes, layer.change_label if change else layer.label)

        return draw

    return [panel(*each) for each in shown], 2.5


def _profile(axes: Any, content: Content, picture: Picture) -> None:
    profiles.lines(axes, content, picture, 0)


def _title(picture: Picture) -> str:
    return ", ".join([clock(picture.times)[-1], *picture.where])


def _flow(content: Content, picture: Picture, plane: tuple[str, str]) -> _Panel:
    """The density at the last time, with streamlines where the current was recorded."""

    def draw(figure: Any, axes: Any) -> None:
        layer = picture.layers[0]
        scale = colours(layer.values[-1])
        recorded = set(plane) <= set(content.spread("current"))
        if recorded and len(picture.layers) == 1 and flows(content):
            flow = streamlines.Flow.read(content, plane, Request())
            drawn = streamlines.panel(axes, content, flow, -1, scale)
        else:
            drawn = planes.draw(axes, picture, layer.values[-1], scale)
            planes.labelled(axes, content, plane)
        planes.bar(figure, drawn, axes, layer.label)
        axes.set_title(_title(picture))

    return draw


def _change(content: Content, picture: Picture) -> _Panel:
    """What has changed since the first record."""

    def draw(figure: Any, axes: Any) -> None:
        layer = picture.layers[0]
        change = layer.change[-1]
        drawn = planes.draw(axes, picture, change, colours(change, change=True))
        planes.labelled(axes, content, list(picture.axes))
        planes.bar(figure, drawn, axes, layer.change_label)
        axes.set_title(f"change since {clock(picture.times)[0]}")

    return draw
