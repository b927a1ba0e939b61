"""Figures and movies of results that live in real space, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinetic.errors import InputError, listing
from kinetic.plotting import page, planes, portrait, profiles, scenes, streamlines, texture
from kinetic.plotting.content import MOMENTUM, SPACE, Content
from kinetic.plotting.maps import available, plane_of
from kinetic.plotting.pictures import Picture, clock, place, principal, read, spread_out
from kinetic.plotting.places import Request, axes_of, chosen_axis
from kinetic.plotting.style import PAGE, canvas, titled

SNAPSHOTS = {"occupation": "occupation", "projection": "band_projection"}
"""Figures made of snapshots, and the variable of each."""

_TAKEN = {
    "cut": ("variable", "along", "at"),
    "portrait": ("variable", "along", "at"),
    "spacetime": ("variable", "along", "at"),
    "streamlines": ("variable", "at"),
    "texture": ("along", "at"),
    "totals": (),
}
_Scene = Callable[[Content, Request], scenes.Scene]


def missing(path: Path, what: str, why: str) -> InputError:
    """The sentence for a figure that a file has nothing for."""
    return InputError(f"{path} has no '{what}': {why}.")


def no_snapshots(path: Path, what: str, name: str) -> InputError:
    """The sentence for a figure of snapshots that were not taken."""
    wanted = f" of '{name}'" if name else ""
    return missing(path, what, f"no snapshots{wanted}: ask for them in [output.snapshots]")


def check(content: Content, path: Path, what: str, request: Request) -> None:
    """Refuse a figure of real space that a result cannot fill.

    Raises
    ------
    InputError
        Saying what the result lacks.
    """
    if not content.space:
        raise missing(
            path,
            what,
            "the run has no axes in real space (x, y, z); see 'occupation', 'density' and the "
            "other figures of a homogeneous run",
        )
    request.takes(_TAKEN[what], f"'{what}'")
    if what == "portrait":
        name = _snapshot(request)
        if not available(content, name):
            raise no_snapshots(path, what, name)
    elif what == "totals":
        if not len(content.time):
            raise missing(path, what, "nothing was recorded: see [output] observables")
    elif what == "streamlines":
        if len(content.space) < 2:
            raise missing(
                path,
                what,
                f"they need two axes in real space and this run has {listing(content.space)}: "
                "take 'spacetime' or 'cut'",
            )
    elif what != "texture":
        _known(content, path, what, request.variable or principal(content))
    if what == "spacetime" and not len(content.time):
        raise missing(path, what, "nothing was recorded in time")


def _known(content: Content, path: Path, what: str, name: str) -> None:
    """Refuse a variable without axes in real space."""
    if name not in content.maps():
        known = listing(content.maps()) or "no variable"
        raise missing(path, what, f"'{name}' is not recorded in real space; there is {known}")


def _snapshot(request: Request) -> str:
    return request.variable or "occupation"


# --- figures ----------------------------------------------------------------------------------


def variable(content: Content, name: str, request: Request) -> Any:
    """A variable: its history along one axis, or its maps at several times."""
    axes = content.spread(name)
    if request.along is not None or len(axes) == 1:
        return _history(content, replace(request, variable=name), changes=False)
    picture = read(content, name, axes[:2], request)
    if "t" not in request.at:
        return planes.at_times(content, picture)
    return planes.at_times(content, _instant(picture, request))


def _instant(picture: Picture, request: Request) -> Picture:
    """A picture of the one record asked for."""
    record = request.record(picture.times)
    layers = tuple(
        replace(layer, values=layer.values[record : record + 1]) for layer in picture.layers
    )
    return replace(picture, times=picture.times[record : record + 1], layers=layers)


def spacetime(content: Content, request: Request) -> Any:
    """A variable and its change along an axis and in time."""
    return _history(content, request, changes=True)


def _history(content: Content, request: Request, changes: bool) -> Any:
    name = request.variable or principal(content)
    axis = chosen_axis(request.along, content.spread(name), f"'{name}'")
    picture = read(content, name, [axis], request)
    if len(picture.times) < 2 or "t" in request.at:
        return profiles.still(content, picture, _record(picture, request))
    return planes.spacetime(content, picture, changes)


def _record(picture: Picture, request: Request) -> int | None:
    """The record asked for, if one is."""
    if "t" not in request.at or not len(picture.times):
        return None
    return request.record(picture.times)


def cut(content: Content, request: Request) -> Any:
    """A variable along one axis at several times, or at one."""
    name = request.variable or principal(content)
    axis = chosen_axis(request.along, content.spread(name), f"'{name}'")
    picture = read(content, name, [axis], request)
    return profiles.still(content, picture, _record(picture, request))


def _flow(content: Content, request: Request) -> streamlines.Flow:
    name = request.variable or principal(content)
    axes = content.spread(name)
    if len(axes) < 2 or content.dataset[name].dims[0] != "time":
        raise InputError(
            f"streamlines are drawn over a variable recorded in time on two axes in real space; "
            f"'{name}' is not."
        )
    return streamlines.Flow.read(content, (axes[0], axes[1]), request)


def currents(content: Content, request: Request) -> Any:
    """Streamlines of the current at one time, the last if none is asked for."""
    flow = _flow(content, request)
    record = request.record(flow.picture.times)
    return streamlines.still(content, flow, record, clock(flow.picture.times)[record])


def phase_space(content: Content, request: Request) -> Any:
    """The portrait of the first and last snapshots, or of the one asked for."""
    picture = portrait.picture_of(content, _snapshot(request), request)
    return portrait.still(content, picture, _record(picture, request))


def directions(content: Content, request: Request) -> Any:
    """The texture at the last time, or at the one asked for."""
    model = texture.Texture.read(content, request)
    time = request.number("t")
    words = ""
    if model.hamiltonian.time_dependent:
        if time is None:
            time = float(content.time[-1]) if len(content.time) else 0.0
        words = place("t", time)
    return texture.still(content, model, time or 0.0, words)


def totals(content: Content, _: Request) -> Any:
    """Density, current, energy and the budget, summed over real space."""
    sums = content.totals
    panels = page.time_panels(sums)
    if not panels:
        raise InputError("nothing was recorded that could be summed: see [output] observables.")
    figure = canvas(PAGE, 0.6 + 1.7 * -(-len(panels) // 2))
    titled(figure, content.title, PAGE)
    page.side_by_side(figure, sums, panels)
    return figure


FIGURES: dict[str, Callable[[Content, Request], Any]] = {
    "cut": cut,
    "portrait": phase_space,
    "spacetime": spacetime,
    "streamlines": currents,
    "texture": directions,
    "totals": totals,
}


def plain_portrait(content: Content, name: str, request: Request) -> bool:
    """Whether snapshots have one axis of each kind, and nobody asks for a place on them."""
    axes = axes_of(content.array(name))
    plain = request.along is None and request.variable is None and not set(request.at) & set(axes)
    return plain and len(axes) == 2 and axes[0] in SPACE and axes[1] in MOMENTUM


def site(content: Content, name: str, request: Request) -> Content:
    """The result with the snapshots of one place in real space: in the middle, or as asked."""
    request.takes(("at",), "a map of momentum space")
    axes = [axis for axis in axes_of(content.array(name)) if axis in SPACE]
    request.check(axes, f"a map of momentum space in '{name}'")
    cells, words = {}, []
    for axis in axes:
        centres = content.array(name)[axis].values
        cells[axis] = request.cell(axis, centres)
        words.append(place(axis, float(centres[cells[axis]])))
    return content.at_site(name, cells, tuple(words)) if cells else content


# --- movies -----------------------------------------------------------------------------------


def usual(content: Content) -> str:
    """What a movie shows if nothing is named."""
    if not content.space:
        return "occupation"
    name = principal(content)
    two = len(content.spread(name)) > 1 and content.spread("current")
    return "streamlines" if two else name


def scene(content: Content, path: Path, what: str, request: Request) -> scenes.Scene:
    """The scene that a movie of a figure or variable is made of.

    Raises
    ------
    InputError
        If it does not move, or there is nothing of it in the file.
    """
    name = SNAPSHOTS.get(what, what)
    if what in SNAPSHOTS or what == "portrait":
        name = _snapshot(request) if what == "portrait" else name
        if not available(content, name):
            raise no_snapshots(path, what, name)
        request.takes(_TAKEN["portrait"] if what == "portrait" else ("at",), f"'{what}'")
        made = _phase_space_scene(content, what, name, request)
    elif what in FIGURES and what not in ("spacetime", "totals"):
        check(content, path, what, request)
        made = _SCENES[what](content, request)
    elif what in content.maps() and content.dataset[what].dims[0] == "time":
        request.takes(("along", "at"), f"'{what}'")
        made = _variable_scene(content, what, request)
    else:
        raise InputError(
            f"'{what}' does not make a movie: it shows a variable recorded in real space, or "
            f"{listing(['streamlines', 'portrait', 'texture', 'cut', *SNAPSHOTS])}."
        )
    if made.count < 2:
        raise missing(path, what, "a movie needs at least two records, and there is one")
    return made


def _phase_space_scene(content: Content, what: str, name: str, request: Request) -> scenes.Scene:
    axes = [axis for axis in axes_of(content.array(name)) if axis in MOMENTUM]
    if what == "portrait":
        picture = portrait.picture_of(content, name, request)
    else:
        picture = read(content, name, plane_of(content, axes), request)
    return _moving(content, picture)


def _moving(content: Content, picture: Picture) -> scenes.Scene:
    if len(picture.axes) == 1:
        return scenes.lines(content, picture)
    return scenes.maps(content, picture)


def _variable_scene(content: Content, name: str, request: Request) -> scenes.Scene:
    axes = content.spread(name)
    if request.along is not None or len(axes) == 1:
        return _cut_scene(content, replace(request, variable=name))
    return _moving(content, read(content, name, axes[:2], request))


def _cut_scene(content: Content, request: Request) -> scenes.Scene:
    name = request.variable or principal(content)
    axis = chosen_axis(request.along, content.spread(name), f"'{name}'")
    picture = read(content, name, [axis], request)
    if name == "density" and content.spread("band_density") and axis in content.spread(name):
        total = [replace(layer, entry="total") for layer in picture.layers]
        bands = read(content, "band_density", [axis], request)
        picture = replace(picture, layers=(*total, *bands.layers))
    return _moving(content, picture)


def _texture_scene(content: Content, request: Request) -> scenes.Scene:
    model = texture.Texture.read(content, request)
    if not model.hamiltonian.time_dependent:
        raise InputError("the texture of this run does not move: draw it without --movie.")
    times = content.time[spread_out(len(content.time), request.most or len(content.time))]
    return scenes.directions(content, model, times)


_SCENES: dict[str, _Scene] = {
    "cut": _cut_scene,
    "streamlines": lambda content, request: scenes.flow(content, _flow(content, request)),
    "texture": _texture_scene,
}
