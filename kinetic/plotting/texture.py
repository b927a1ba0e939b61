"""The direction m = d/|d| of a textured Hamiltonian in real space, at one momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.plotting.content import Array, Content
from kinetic.plotting.maps import image
from kinetic.plotting.pictures import axis_label, place
from kinetic.plotting.places import Request, chosen_axis
from kinetic.plotting.planes import bar, labelled, told
from kinetic.plotting.style import BLUE, COLUMN, GREEN, VERMILLION, canvas, titled

_ARROWS = 19  # along the longer side of a map
_TOUCHING = 1e-9  # of the largest |d|: below it there is no direction
_SYMBOL = r"$\mathbf{m}=\mathbf{d}/|\mathbf{d}|$"


@dataclass(frozen=True)
class Texture:
    """d(r, k, t) of one valley on one or two axes of real space.

    Attributes
    ----------
    hamiltonian, valley
        The model and the index of the valley.
    k
        Momentum, one number for each axis of the grid.
    axes, cut
        name → centres of the axes that are drawn; the other axes at one coordinate.
    where
        Momentum, cut and valley in words.
    """

    hamiltonian: Any
    valley: int
    k: tuple[float, ...]
    axes: dict[str, Array]
    cut: Mapping[str, float]
    where: tuple[str, ...]

    @classmethod
    def read(cls, content: Content, request: Request) -> Texture:
        """The texture of the run that a result tells of.

        Raises
        ------
        InputError
            If the file does not hold the run, if its Hamiltonian has no texture, or a place
            asked for is not there.
        """
        pieces = _pieces(content)
        hamiltonian, momenta = pieces["hamiltonian"], pieces["grid"].momentum
        if not hamiltonian.textured:
            raise InputError(
                f"the Hamiltonian {hamiltonian.name} of this run does not depend on "
                f"{' or '.join(content.space)}: it has no texture."
            )
        names = [axis.name for axis in momenta]
        request.check(("t", "valley", *content.space, *names), "a texture")
        shown = list(content.space[:2])
        if request.along is not None:
            shown = [chosen_axis(request.along, content.space, "the result")]
        k = []
        for axis in momenta:
            asked = request.number(axis.name)
            nearest = float(axis.centres[request.cell(axis.name, axis.centres, 0.0)])
            k.append(nearest if asked is None else asked)
        cut = {}
        for name in content.space:
            if name not in shown:
                centres = content.values(name)
                cut[name] = float(centres[request.cell(name, centres)])
        labels = [valley.label for valley in hamiltonian.valleys()]
        valley = request.entry("valley", labels) if "valley" in request.at else 0
        places = dict(zip(names, k, strict=True)) | cut
        where = [place(name, value) for name, value in places.items()]
        where += [f"valley {labels[valley]}"] if len(labels) > 1 else []
        axes = {name: content.values(name) for name in shown}
        return cls(hamiltonian, valley, tuple(k), axes, cut, tuple(where))

    def directions(self, time: float) -> Array:
        """m at every cell, NaN where the bands touch.  (component, *axes)"""
        count = len(self.axes)
        r: dict[str, Any] = {}
        for i, (name, centres) in enumerate(self.axes.items()):
            r[name] = centres.reshape([-1 if j == i else 1 for j in range(count)])
        r |= {name: np.full((1,) * count, value) for name, value in self.cut.items()}
        k = [np.full((1,) * count, value) for value in self.k]
        d = self.hamiltonian.values(self.valley, k, time, r)[1]
        shape = tuple(len(centres) for centres in self.axes.values())
        d = np.broadcast_to(d, (3, *shape))
        length = np.sqrt(np.sum(d**2, axis=0))
        touching = length <= _TOUCHING * length.max()
        return np.asarray(d / np.where(touching, np.nan, length))


def _pieces(content: Content) -> Mapping[str, Any]:
    """The objects of the run, without building its system."""
    from kinetic import config
    from kinetic.assembly import assemble

    text = str(content.dataset.attrs.get("run", ""))
    if not text:
        raise InputError("a texture is computed from the run's text, which this result lacks.")
    try:
        return assemble(config.parse(text)).pieces
    except InputError as error:
        raise InputError(
            f"a texture is computed from the run's text, which cannot be read here: {error}"
        ) from None


def figure_of(content: Content, model: Texture) -> tuple[Any, Any]:
    """An empty figure and its axes."""
    tall = 1.9
    if len(model.axes) == 2:
        across, up = (float(np.ptp(centres)) or 1.0 for centres in model.axes.values())
        tall = (COLUMN - 1.35) * min(1.6, max(0.45, up / across))
    figure = canvas(COLUMN, 1.05 + tall)
    titled(figure, content.title, COLUMN)
    told(figure, model.where)
    return figure, figure.subplots()


def panel(figure: Any, axes: Any, content: Content, model: Texture, time: float) -> Any:
    """m at one time: three lines, or arrows over the colour of m_z; what moves it to another."""
    m = model.directions(time)
    if len(model.axes) == 1:
        drawn = _lines(axes, content, model, m)

        def moved(later: float) -> None:
            for line, values in zip(drawn, model.directions(later), strict=True):
                line.set_ydata(values)

        return moved
    (first, x), (second, y) = model.axes.items()
    mesh = image(axes, x, y, m[2], cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    labelled(axes, content, [first, second])
    step = max(1, -(-max(len(x), len(y)) // _ARROWS))
    chosen = tuple(slice(((n - 1) % step) // 2, None, step) for n in (len(x), len(y)))
    arrows = axes.quiver(
        x[chosen[0]],
        y[chosen[1]],
        m[0][chosen].T,
        m[1][chosen].T,
        angles="xy",
        scale_units="xy",
        scale=1.1 / (step * float(np.diff(x[:2]).sum() or 1.0)),
        pivot="middle",
        width=0.006,
        headwidth=3.6,
        headlength=4.0,
        headaxislength=3.6,
    )
    bar(figure, mesh, axes, "$m_z$")

    def turned(later: float) -> None:
        m = model.directions(later)
        mesh.set_array(m[2].T)
        arrows.set_UVC(m[0][chosen].T, m[1][chosen].T)

    return turned


def _lines(axes: Any, content: Content, model: Texture, m: Array) -> list[Any]:
    (axis, centres), *_ = model.axes.items()
    drawn: list[Any] = []
    styles = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."))
    for name, values, (colour, dash) in zip("xyz", m, styles, strict=True):
        drawn += axes.plot(centres, values, color=colour, linestyle=dash, label=f"$m_{name}$")
    axes.set_ylim(-1.1, 1.5)
    axes.set_yticks([-1.0, -0.5, 0.0, 0.5, 1.0])
    axes.set_xlabel(axis_label(axis, content))
    axes.set_ylabel(_SYMBOL)
    axes.margins(x=0.0)
    axes.grid(visible=True)
    axes.legend(loc="upper left", ncols=3)
    return drawn


def still(content: Content, model: Texture, time: float, words: str) -> Any:
    """One instant."""
    figure, axes = figure_of(content, model)
    panel(figure, axes, content, model, time)
    axes.set_title(words)
    return figure
