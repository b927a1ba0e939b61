"""Snapshots: f on a plane of momenta or along lines, and what has changed since the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.plotting.content import Array, Content
from kinetic.plotting.rounding import FULL, largest, settled
from kinetic.plotting.style import BLACK, DASHES

_AXES = ("kx", "ky", "kz")
_BANDS = ("lower", "upper")
_SYMBOLS = {
    "occupation": "f",
    "band_projection": "n",
    "coherence_vector": r"n^\perp",
    "wigner": "n",
}
_INDICES = {"occupation": "s", "band_projection": "s", "coherence_vector": "i", "wigner": r"\mu"}
_ENTRIES = ("component", "pauli")


@dataclass(frozen=True)
class Snapshots:
    """Snapshots of one variable and valley.

    Attributes
    ----------
    values
        (snapshot, band, *k) with the axes of `axes`.
    bands, axes
        Names of the bands or components, and name → centres of the axes that have cells.
    """

    name: str
    times: Array
    values: Array
    bands: tuple[str, ...]
    axes: dict[str, Array]
    nodes: tuple[dict[str, float], ...]
    valley: str

    @classmethod
    def read(cls, content: Content, name: str) -> Snapshots:
        """The snapshots of the valley of the first node, or of the first valley."""
        variable = content.dataset[name]
        position = content.nodes()
        belongs = np.zeros(len(position))
        if content.has("node_valley"):
            belongs = content.values("node_valley")
        label = ""
        if "valley" in variable.dims:
            valley = int(belongs[0]) if len(belongs) else 0
            if variable.sizes["valley"] > 1:
                label = f"valley {content.names('valley')[valley]}"
                position = position[belongs == valley]
            variable = variable.isel(valley=valley)
        values = np.asarray(variable.values, dtype=float)
        bands = tuple(_BANDS)
        entries = [str(dim) for dim in variable.dims if dim in _ENTRIES]
        if entries:
            bands = tuple(content.names(entries[0]))
        elif "band" not in variable.dims:
            values = values[:, None]
            bands = (str(variable.attrs.get("band", "")),)
        names = [str(dim) for dim in variable.dims if dim in _AXES]
        axes = {axis: content.values(axis) for axis in names}
        nodes = tuple(dict(zip(names, row.tolist(), strict=False)) for row in position)
        if len(names) < position.shape[1]:
            nodes = ()
        scale = max(largest(values), FULL)
        values = np.stack([settled(values[:, i], scale) for i in range(values.shape[1])], axis=1)
        return cls(name, content.values("snapshot_time"), values, bands, axes, nodes, label)

    @property
    def symbol(self) -> str:
        """f or n."""
        return _SYMBOLS[self.name]

    @property
    def indexed(self) -> str:
        """f_s or n_μ, for all bands or components together."""
        return f"{self.symbol}_{_INDICES[self.name]}"

    def of(self, band: int) -> str:
        """f_- or n_x, for one of them."""
        label = self.bands[band]
        sign = {"lower": "-", "upper": "+"}.get(label, label or "s")
        return f"{self.symbol}_{sign}"

    def words(self, band: int) -> str:
        """'lower band', or a component in mathematical form."""
        label = self.bands[band]
        return f"{label} band" if label in _BANDS else f"${self.of(band)}$" if label else ""

    @property
    def shape_ratio(self) -> float:
        """Height over width of the plane, as far as it is drawn to scale."""
        spans = [float(np.ptp(centres)) or 1.0 for centres in self.axes.values()]
        ratio = spans[-1] / spans[0]
        return ratio if 0.25 < ratio < 4.0 else 1.0

    def chosen(self, count: int, skip: int = 0) -> list[int]:
        """Indices of about `count` snapshots, evenly spread if possible, the last among them."""
        last = len(self.times) - 1
        if last - skip + 1 <= count:
            return list(range(skip, last + 1))
        for tried in (count, count + 1, count - 1):
            if tried > 1 and (last - skip) % (tried - 1) == 0:
                count = tried
                break
        return [round(float(x)) for x in np.linspace(skip, last, count)]

    def cell(self, axis: str) -> int:
        """The cell of an axis that the node lies in, or the one nearest to 0."""
        node = self.nodes[0] if self.nodes else {}
        return int(np.argmin(np.abs(self.axes[axis] - node.get(axis, 0.0))))

    def plane(self, content: Content) -> tuple[str, str, Array, dict[str, float]]:
        """Two axes, f on their plane (snapshot, band, first, second), and where that lies.

        In three dimensions the plane through the node that holds the directions of e and b.
        """
        names = list(self.axes)
        where: dict[str, float] = {}
        values = self.values
        for normal in set(names) - set(plane_of(content, names)):
            cell = self.cell(normal)
            where[normal] = float(self.axes[normal][cell])
            values = np.take(values, cell, axis=2 + names.index(normal))
            names.remove(normal)
        return names[0], names[1], values, where

    def cuts(self) -> dict[str, Array]:
        """Axis → f along it through the node.  (snapshot, band, k)"""
        lines = {}
        for axis in self.axes:
            values = self.values
            for other in reversed(list(self.axes)):
                if other != axis:
                    place = 2 + list(self.axes).index(other)
                    values = np.take(values, self.cell(other), axis=place)
            lines[axis] = values
        return lines


def plane_of(content: Content, names: list[str]) -> list[str]:
    """The axes of momentum that are drawn: of three, those that e and b have most of."""
    if len(names) < 3:
        return names
    fields = [content.field(name) for name in ("B", "E")]
    weight = sum(np.abs(v) / (np.abs(v).max() or 1.0) for v in fields)
    normal = int(np.argmin(np.asarray(weight) + np.array([2e-3, 1e-3, 3e-3])))
    return [name for i, name in enumerate(names) if i != normal]


def available(content: Content, name: str = "occupation") -> bool:
    """Whether there are snapshots of a variable."""
    return content.has(name) and content.has("snapshot_time")


def label_of(axis: str, content: Content) -> str:
    """$k_x$ with its units."""
    return content.label(axis, f"$k_{axis[1]}$")


def _time_of(value: float) -> str:
    return f"$t={value:.4g}$".replace("e+0", "e").replace("e+", "e")


def image(
    axes: Any, x: Array, y: Array, values: Array, to_scale: bool = True, **options: Any
) -> Any:
    """A map with x to the right and y up; values (x, y)."""
    drawn = axes.pcolormesh(x, y, values.T, shading="nearest", rasterized=True, **options)
    if to_scale and 0.25 < np.ptp(y) / max(np.ptp(x), 1e-300) < 4.0:
        axes.set_aspect("equal")
    axes.tick_params(direction="out", length=2.0)
    return drawn


def maps(
    figure: Any, content: Content, name: str, count: int = 4, changes_only: bool = False
) -> None:
    """Rows: f of each band and its change since the start; columns: times."""
    shots = Snapshots.read(content, name)
    first, second, values, where = shots.plane(content)
    x, y = shots.axes[first], shots.axes[second]
    change = values - values[:1]
    symbol = shots.indexed
    later = shots.chosen(count, skip=1)
    columns = later if later and changes_only else shots.chosen(count)
    rows: list[tuple[str, Array, dict[str, Any]]] = []
    spread = max(float(np.abs(change).max()), 1e-300)
    if not changes_only or not later:
        span = (0.0, 1.0)
        signed = len(shots.bands) > 2
        if signed:
            largest = max(float(np.abs(values).max()), 1e-300)
            span = (-largest, largest)
        elif values.min() < -0.02 or values.max() > 1.02:
            span = (float(values.min()), float(values.max()))
        colours = "RdBu_r" if signed else "viridis"
        rows += [("", values, {"cmap": colours, "vmin": span[0], "vmax": span[1]})]
    if later:
        rows += [("Δ", change, {"cmap": "RdBu_r", "vmin": -spread, "vmax": spread})]
    panels = figure.subplots(
        len(rows) * len(shots.bands),
        len(columns),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for block, (mark, data, options) in enumerate(rows):
        block_panels = panels[block * len(shots.bands) : (block + 1) * len(shots.bands)]
        for band, line in enumerate(block_panels):
            for axes, index in zip(line, columns, strict=True):
                drawn = image(axes, x, y, data[index, band], **options)
                for place in _marks(shots, where, first, second):
                    axes.plot(*place, "+", color=BLACK, markersize=5.0, markeredgewidth=0.7)
            line[0].set_ylabel(label_of(second, content))
            line[-1].annotate(
                shots.words(band),
                (1.0, 0.5),
                xytext=(3, 0),
                xycoords="axes fraction",
                textcoords="offset points",
                rotation=270,
                va="center",
            )
        text = f"${symbol}-{symbol}(0)$" if mark else f"${symbol}$"
        bar = figure.colorbar(drawn, ax=block_panels, pad=0.02, aspect=28, fraction=0.05)
        bar.set_label(text)
        bar.outline.set_linewidth(0.5)
    for axes, index in zip(panels[0], columns, strict=True):
        axes.set_title(_time_of(shots.times[index]))
    for axes in panels[-1]:
        axes.set_xlabel(label_of(first, content))
    said = [f"$k_{axis[1]}={value:.3g}$" for axis, value in where.items()]
    said += [shots.valley] if shots.valley else []
    if said or content.places:
        head = "plane " if where else ""
        figure.supxlabel(head + ", ".join([*said, *content.places]), fontsize=8.0)


def _marks(shots: Snapshots, where: dict[str, float], *plane: str) -> list[tuple[float, ...]]:
    """Nodes within half a cell of the plane."""
    found = []
    for node in shots.nodes:
        near = True
        for axis, value in where.items():
            near &= bool(abs(node[axis] - value) <= 0.51 * np.diff(shots.axes[axis]).max())
        if near:
            found.append(tuple(node[axis] for axis in plane))
    return found


def shade(order: int, count: int) -> Any:
    """Early times dark, late ones light: an order that survives in grey."""
    from matplotlib import colormaps

    return colormaps["viridis"](0.88 * order / max(1, count - 1))


def lines(figure: Any, content: Content, name: str, count: int = 5) -> None:
    """Cuts through the node along every axis: f above, its change below, at several times."""
    shots = Snapshots.read(content, name)
    cuts, chosen = shots.cuts(), shots.chosen(count)
    single = len(cuts) == 1
    wide = len(shots.bands) if single else len(cuts)
    tall = 2 if single else 2 * len(shots.bands)
    panels = figure.subplots(tall, wide, sharex="col", squeeze=False)
    for column, (axis, values) in enumerate(cuts.items()):
        for band in range(len(shots.bands)):
            symbol = shots.of(band)
            for row, data in enumerate((values, values - values[:1])):
                axes = panels[(row, band) if single else (2 * band + row, column)]
                for order, index in enumerate(chosen):
                    axes.plot(
                        shots.axes[axis],
                        data[index, band],
                        color=shade(order, len(chosen)),
                        linestyle=DASHES[order % len(DASHES)],
                        label=_time_of(shots.times[index]),
                    )
                axes.margins(x=0.0)
                axes.grid(visible=True)
                if row == 0 and len(shots.bands) < 3:
                    low, high = axes.get_ylim()
                    axes.set_ylim(min(low, -0.05), max(high, 1.05))
                if column == 0:
                    axes.set_ylabel(f"${symbol}-{symbol}(0)$" if row else f"${symbol}$")
                if axes in panels[-1]:
                    axes.set_xlabel(label_of(axis, content))
    if content.places:
        panels[0, 0].set_title("at " + ", ".join(content.places))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(chosen))
