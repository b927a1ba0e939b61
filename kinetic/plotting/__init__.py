"""Figures of a result, made from its file alone: one family at a time, or all on a page.

PNG at 200 dpi, or PDF and SVG by the name of the figure's file.  Nothing is imported before
a figure is asked for, and no display is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kinetic.errors import InputError, OutputError, listing, suggestion

if TYPE_CHECKING:
    import xarray

    from kinetic.plotting.content import Content
    from kinetic.plotting.places import Request

T = TypeVar("T")
_SNAPSHOTS = {
    "occupation": "occupation",
    "projection": "band_projection",
    "coherence_vector": "coherence_vector",
    "wigner": "wigner",
}
FIGURES = (
    "anomaly",
    "applicability",
    "boundary",
    "bounds",
    "current",
    "density",
    "energy",
    "lines",
    "occupation",
    "projection",
    "response",
    "spectrum",
)
"""What can be drawn, besides any variable that is recorded in time."""

SPACE_FIGURES = ("cut", "portrait", "spacetime", "streamlines", "texture", "totals")
"""What can be drawn of a run in real space, besides any variable that is recorded there."""

_FORMATS = (".png", ".pdf", ".svg")


def plot(
    dataset_path: Path | str,
    what: str | None = None,
    output: Path | None = None,
    *,
    variable: str | None = None,
    along: str | None = None,
    at: Mapping[str, Any] | None = None,
    movie: bool = False,
    frames: int | None = None,
    fps: float | None = None,
) -> Path:
    """Draw one family of variables of a result, or the report if none is named.

    Parameters
    ----------
    dataset_path
        The netCDF file of a run.
    what
        One of `FIGURES` or `SPACE_FIGURES`, or a variable recorded in time or real space.
    output
        The figure; `RESULT_WHAT.png` beside the result if not given, `.gif` for a movie.
    variable
        What a cut, a space-time map or streamlines show (density if not given), or which
        snapshots a portrait is made of.
    along
        The axis of a cut, a space-time map or a portrait.
    at
        Where: {"y": 0.0, "t": 2.5, "band": "upper"}.  Axes in real space are cut in the
        middle, axes in momentum at the first node or at 0, if nothing is given.
    movie
        Draw all records one after another, as GIF or MP4 by the name of `output`.
    frames, fps
        At most so many instants of a movie, and how many of them in a second.

    Returns
    -------
    path
        Where the figure is.

    Raises
    ------
    InputError
        If the file is no result or does not hold what is asked for.
    OutputError
        If the figure cannot be written.
    """
    from kinetic.plotting.places import Request

    path = Path(dataset_path)
    request = Request(variable, along, dict(at or {}))
    plain = what is None or what == "report"
    if movie:
        return _movie(path, None if plain else what, output, request, frames, fps)
    if frames is not None or fps is not None:
        raise InputError("frames and fps are for movies: ask for one with --movie.")
    if what is None or what == "report":
        request.takes((), "a report")
        return report(path, output)
    content = _read(path)
    with content.dataset:
        target = _target(output, path.with_name(f"{path.stem}_{what}.png"))
        return _drawn(target, lambda: _figure(content, path, what, request))


def _movie(
    path: Path,
    what: str | None,
    output: Path | None,
    request: Request,
    frames: int | None,
    fps: float | None,
) -> Path:
    """A movie of a figure or variable."""
    from kinetic.plotting import movie, real_space

    if frames is not None and (frames < 2 or frames > 10_000):
        raise InputError(f"frames = {frames}: a movie has 2 to 10000 of them.")
    if fps is not None and not 0.1 <= fps <= 100.0:
        raise InputError(f"fps = {fps:g}: take 0.1 to 100 frames per second.")
    request = replace(request, most=frames or movie.FRAMES)
    content = _read(path)
    with content.dataset:
        what = what or real_space.usual(content)
        target = Path(output or path.with_name(f"{path.stem}_{what}.gif"))
        movie.check(target)
        if target.is_dir():
            raise InputError(f"the movie {target} is a folder: name a file.")
        return _written(
            target,
            lambda: real_space.scene(content, path, what, request),
            lambda scene, partial: movie.write(scene, partial, fps),
        )


def report(path: Path | str, figure: Path | None = None) -> Path:
    """Draw everything that a result holds on one page, `RESULT.png` if not named otherwise.

    Raises
    ------
    InputError
        If there is no result at `path`, or nothing in it.
    OutputError
        If the figure cannot be written.
    """
    path = Path(path)
    content = _read(path)
    with content.dataset:
        from kinetic.plotting import overview, page

        target = _target(figure, path.with_suffix(".png"))
        whole = overview.report if content.space else page.report
        return _drawn(target, lambda: whole(content, path))


def referee(data: xarray.Dataset, figure: Path) -> Path:
    """Draw errors against ħ; `data` is that of `kinetic.referee.Comparison`.

    Raises
    ------
    InputError
        If the figure's name does not tell its format.
    OutputError
        If the figure cannot be written.
    """
    from kinetic.plotting.referee import orders

    return _drawn(_target(figure, figure), lambda: orders(data))


def response(data: xarray.Dataset, figure: Path) -> Path:
    """Draw σ_ij(ω); `data` is that of `kinetic.response.Response`.

    Raises
    ------
    InputError
        If the figure's name does not tell its format.
    OutputError
        If the figure cannot be written.
    """
    from kinetic.plotting.response import spectra

    return _drawn(_target(figure, figure), lambda: spectra(data))


def _read(path: Path) -> Content:
    from kinetic.plotting.content import Content

    return Content.read(path)


def _target(output: Path | None, default: Path) -> Path:
    """The figure's file, if it can be one."""
    target = default if output is None else Path(output)
    if target.suffix.lower() not in _FORMATS:
        raise InputError(
            f"the figure {target} must end in {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}."
        )
    if target.is_dir():
        raise InputError(f"the figure {target} is a folder: name a file.")
    return target


def _figure(content: Content, path: Path, what: str, request: Request) -> Any:
    """One figure."""
    from kinetic.plotting import currents, maps, page, real_space, series, spectrum

    if what in SPACE_FIGURES:
        real_space.check(content, path, what, request)
        return real_space.FIGURES[what](content, request)
    if what in content.maps():
        request.takes(("along", "at"), f"'{what}'")
        return real_space.variable(content, what, request)
    if what in (*_SNAPSHOTS, "lines"):
        names = [_SNAPSHOTS[what]] if what in _SNAPSHOTS else list(_SNAPSHOTS.values())
        for name in names:
            if maps.available(content, name):
                if what != "lines" and real_space.plain_portrait(content, name, request):
                    return real_space.phase_space(content, replace(request, variable=name))
                content = real_space.site(content, name, request)
                return page.lines(content, name) if what == "lines" else page.maps(content, name)
        raise real_space.no_snapshots(path, what, _SNAPSHOTS.get(what, ""))
    sums = content.totals if content.space else content
    if what == "spectrum":
        return spectrum.figure(sums, path, request)
    panels: Sequence[Callable[..., None]] = ()
    if what == "current":
        panels = currents.panels(sums) if sums.has("current") else ()
    elif what in series.FAMILIES:
        panels = series.available(sums, series.FAMILIES[what])
    elif sums.has(what) and sums.dataset[what].dims[:1] == ("time",) and what != "time":
        panels = [series.variable(what)]
    else:
        raise InputError(_unknown(content, what))
    request.takes((), f"'{what}'")
    if not panels:
        raise real_space.missing(
            path, what, "nothing of it was recorded: see [output] observables"
        )
    return page.stack(sums, panels)


def _unknown(content: Content, what: str) -> str:
    """The sentence for a name that cannot be drawn."""
    names = [*FIGURES, *(SPACE_FIGURES if content.space else ())]
    near = suggestion(what, [*names, *content.maps()])
    near = f"; {near}" if near.startswith("did") else "."
    where = "in time or real space" if content.space else "in time"
    return (
        f"'{what}' cannot be drawn{near} There are {listing(names)}, and any variable "
        f"recorded {where}."
    )


def _drawn(target: Path, make: Callable[[], Any]) -> Path:
    """Make a figure in the house style and write it."""
    return _written(target, make, lambda figure, partial: figure.savefig(partial))


def _written(target: Path, make: Callable[[], T], save: Callable[[T, Path], None]) -> Path:
    """Make something in the house style and write it, whole or not at all."""
    from matplotlib import rc_context

    from kinetic.files import reason
    from kinetic.plotting.style import PARAMETERS

    partial = target.with_name(f".{target.stem}.partial{target.suffix}")
    with rc_context(PARAMETERS):
        made = make()
        try:
            save(made, partial)
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise OutputError(
                f"the figure {target} could not be written: {reason(error)}."
            ) from None
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return target
