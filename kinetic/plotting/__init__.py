"""Figures of a result, made from its file alone: one family at a time, or all on a page.

PNG at 200 dpi, or PDF and SVG by the name of the figure's file.  Nothing is imported before
a figure is asked for, and no display is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinetic.errors import InputError, OutputError, listing, suggestion

if TYPE_CHECKING:
    from kinetic.plotting.content import Content

_MAPS = {"occupation": "occupation", "projection": "band_projection"}
FIGURES = (
    "anomaly",
    "boundary",
    "bounds",
    "current",
    "density",
    "energy",
    "lines",
    "occupation",
    "projection",
    "response",
)
"""What can be drawn, besides any variable that is recorded in time."""

_FORMATS = (".png", ".pdf", ".svg")


def plot(dataset_path: Path | str, what: str | None = None, output: Path | None = None) -> Path:
    """Draw one family of variables of a result, or the report if none is named.

    Parameters
    ----------
    dataset_path
        The netCDF file of a run.
    what
        One of `FIGURES`, or a variable recorded in time.
    output
        The figure; `RESULT_WHAT.png` beside the result if not given.

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
    path = Path(dataset_path)
    if what is None or what == "report":
        return report(path, output)
    content = _read(path)
    with content.dataset:
        target = _target(output, path.with_name(f"{path.stem}_{what}.png"))
        return _drawn(target, lambda: _figure(content, path, what))


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
        from kinetic.plotting import page

        target = _target(figure, path.with_suffix(".png"))
        return _drawn(target, lambda: page.report(content, path))


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


def _figure(content: Content, path: Path, what: str) -> Any:
    """One figure."""
    from kinetic.plotting import currents, maps, page, series

    if what in _MAPS:
        if maps.available(content, _MAPS[what]):
            return page.maps(content, _MAPS[what])
        _missing(
            path, what, f"no snapshots of '{_MAPS[what]}': ask for them in [output.snapshots]"
        )
    if what == "lines":
        for name in _MAPS.values():
            if maps.available(content, name):
                return page.lines(content, name)
        _missing(path, what, "no snapshots: ask for them in [output.snapshots]")
    panels: Sequence[Callable[..., None]] = ()
    if what == "current":
        panels = currents.panels(content) if content.has("current") else ()
    elif what in series.FAMILIES:
        panels = series.available(content, series.FAMILIES[what])
    elif content.has(what) and content.dataset[what].dims[:1] == ("time",) and what != "time":
        panels = [series.variable(what)]
    else:
        near = suggestion(what, FIGURES)
        near = f"; {near}" if near.startswith("did") else "."
        raise InputError(
            f"'{what}' cannot be drawn{near} There are {listing(FIGURES)}, and any variable "
            "recorded in time."
        )
    if not panels:
        _missing(path, what, "nothing of it was recorded: see [output] observables")
    return page.stack(content, panels)


def _missing(path: Path, what: str, why: str) -> None:
    raise InputError(f"{path} has no '{what}': {why}.")


def _drawn(target: Path, make: Callable[[], Any]) -> Path:
    """Make a figure in the house style and write it, whole or not at all."""
    from matplotlib import rc_context

    from kinetic.files import reason
    from kinetic.plotting.style import PARAMETERS

    partial = target.with_name(f".{target.stem}.partial{target.suffix}")
    with rc_context(PARAMETERS):
        figure = make()
        try:
            figure.savefig(partial)
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise OutputError(
                f"the figure {target} could not be written: {reason(error)}."
            ) from None
    return target
