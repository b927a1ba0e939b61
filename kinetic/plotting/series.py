"""Panels against time: densities, energy, the charge budget, bounds, responses.

A panel is a function (axes, content) that draws one set of axes; `FAMILIES` says which panels
make up a figure and `available` which of them a file can fill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from kinetic.plotting.content import Array, Content
from kinetic.plotting.rounding import largest, level, scale_of, settled
from kinetic.plotting.style import BLACK, BLUE, CYCLE, DASHES, GREY, VERMILLION, folded

Panel = Callable[[Any, Content], None]
_TINY = 1e-17
_SMALL = 1e-5  # of what is neglected: not drawn
_NUMBERS = {
    "curvature": r"$|\mathcal{F}|$",
    "gradient": r"$\hbar|\{\Delta,\mathbf{m}\}|/\Delta$",
    "turning": r"$\hbar|D\mathbf{m}|/\Delta$",
    "frequency": r"$\hbar\omega/\Delta$",
    "tunnelling": "Landau-Zener",
}


def available(
    content: Content, panels: Iterable[tuple[Panel, Callable[[Content], bool]]]
) -> list[Panel]:
    """The panels that a file can fill."""
    return [panel for panel, possible in panels if possible(content)]


def finish(axes: Any, content: Content, ylabel: str, legend: int = 0) -> None:
    """Labels, room for the legend, no lines that lead nowhere."""
    axes.set_xlabel(content.time_label())
    axes.set_ylabel(folded(ylabel))
    axes.margins(x=0.0)
    axes.grid(visible=True)
    level(axes)
    if legend:
        low, high = axes.get_ylim()
        rows = -(-legend // 2)
        if axes.get_yscale() == "linear":
            axes.set_ylim(low, high + 0.17 * rows * (high - low))
        else:
            axes.set_ylim(low, high * (high / low) ** (0.17 * rows))
        axes.legend(loc="upper left", ncols=2, mode=None)


def draw(
    axes: Any, content: Content, rows: Iterable[tuple[str, Array]], scale: float = 0.0
) -> int:
    """Lines of different colour and dash; returns how many.

    What is a rounding of the largest of them, or of `scale`, is flat.
    """
    count, rows = 0, list(rows)
    scale = max([scale, *(largest(values) for _, values in rows)])
    for index, (label, values) in enumerate(rows):
        axes.plot(
            content.time,
            settled(values, scale),
            color=CYCLE[index % len(CYCLE)],
            linestyle=DASHES[index % len(DASHES)],
            label=label or None,
        )
        count += 1
    return count


def _marks(content: Content, count: int = 14) -> slice:
    """Every how many records a marker is drawn."""
    return slice(None, None, max(1, len(content.time) // count))


# --- densities ----------------------------------------------------------------------------------


def density(axes: Any, content: Content) -> None:
    """Change of the density, in total and of bands, valleys or chiralities."""
    names = ("density", "valley_density", "chirality_density", "band_density")
    count, scale = 0, max(scale_of(content, name) for name in names)
    for name in names:
        if not content.has(name):
            continue
        rows = list(content.lines(name))
        if name == "density":
            rows = [("total", rows[0][1])]
        for label, values in rows:
            style = {"color": CYCLE[count % len(CYCLE)], "linestyle": DASHES[count % len(DASHES)]}
            if name == "density":
                style = {"color": BLACK, "linestyle": "-"}
            axes.plot(content.time, settled(values - values[0], scale), label=label, **style)
            count += name != "density"
    label = "density" if content.has("density") else "band_density"
    finish(axes, content, content.label(label, r"$\Delta\rho$"), count + 1)


def pumping(axes: Any, content: Content) -> None:
    """Charge gathered around the nodes beside χ ∫e·b dt/4π²ħ²."""
    exact, found = content.pumped("pumping_reference"), content.pumped("pumping_rate")
    marks = _marks(content)
    several = found.shape[1] > 1
    for node, name in enumerate(content.names("node")):
        colour = CYCLE[node % len(CYCLE)] if several else VERMILLION
        line = colour if several else BLACK
        axes.plot(content.time, exact[:, node], color=line, linewidth=0.9)
        axes.plot(
            content.time[marks],
            found[marks, node],
            "o",
            color=colour,
            markerfacecolor="none",
            label=name if several else "evolved state",
            clip_on=False,
            zorder=3,
        )
    label = r"$\chi\int\mathbf{e}\cdot\mathbf{b}\,dt/4\pi^2\hbar^2$"
    alone = not several and content.has("collision_inflow")
    if alone or content.has("valley_transfer"):
        label += " + collisions"
    axes.plot([], [], color=BLACK, linewidth=0.9, label=label)
    name = "density" if content.has("density") else "pumping_rate"
    label = content.label(name, r"$\Delta\rho_\mathrm{node}$")
    finish(axes, content, label, 1 + found.shape[1])


def pumping_residual(axes: Any, content: Content) -> None:
    """|rate/exact − 1| of every node."""
    exact, found = content.values("pumping_reference"), content.values("pumping_rate")
    for node, name in enumerate(content.names("node")):
        used = (exact[:, node] != 0.0) & (content.elapsed > 0.0)
        error = np.abs(found[used, node] / exact[used, node] - 1.0)
        axes.semilogy(
            content.time[used],
            np.maximum(error, _TINY),
            color=CYCLE[node % len(CYCLE)],
            linestyle=DASHES[node % len(DASHES)],
            label=name if found.shape[1] > 1 else None,
        )
    legend = found.shape[1] if found.shape[1] > 1 else 0
    finish(axes, content, "|rate/exact − 1|", legend)
    _decades(axes)


def _decades(axes: Any) -> None:
    """A logarithmic axis of at least two decades with few labels."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axes.get_ylim()
    if high / low < 100.0:
        middle = np.sqrt(low * high)
        axes.set_ylim(middle / 10.0, middle * 10.0)
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())


def energy(axes: Any, content: Content) -> None:
    """Change of the energy."""
    values = content.values("energy")
    change = settled(values - values[0], scale_of(content, "energy"))
    axes.plot(content.time, change, color=BLUE)
    finish(axes, content, content.label("energy", r"$\Delta\langle H\rangle$"))


def temperature(axes: Any, content: Content) -> None:
    """Temperature of the electrons, from 0."""
    rows = list(content.lines("electron_temperature"))[: len(CYCLE)]
    draw(axes, content, rows)
    label = content.label("electron_temperature", "$k_BT$ of the electrons")
    finish(axes, content, label, len(rows) if len(rows) > 1 else 0)
    axes.set_ylim(bottom=0.0)


# --- the charge budget --------------------------------------------------------------------------


def boundary(axes: Any, content: Content) -> None:
    """What came in through each open face."""
    flows = [(label, -values) for label, values in content.lines("boundary_outflow")]
    count = draw(axes, content, flows, scale_of(content, "boundary_outflow"))
    finish(axes, content, content.label("boundary_outflow", "inflow by face"), count)


def budget(axes: Any, content: Content) -> None:
    """Net inflow along each axis and from Faraday's field, beside the change of the total."""
    rows: dict[str, Array] = {}
    if content.has("boundary_outflow"):
        for face, values in content.lines("boundary_outflow"):
            axis = face.split()[0]
            name = f"along $k_{axis[1]}$" if axis in ("kx", "ky", "kz") else face
            rows[name] = rows.get(name, 0.0) - values
    if content.has("faraday_inflow"):
        rows["Faraday"] = content.values("faraday_inflow")
    count = draw(axes, content, rows.items(), scale_of(content, "density"))
    if content.has("density"):
        marks = _marks(content)
        values = content.values("density")
        axes.plot(
            content.time[marks],
            settled(values - values[0], scale_of(content, "density"))[marks],
            "o",
            color=BLACK,
            markerfacecolor="none",
            label="change",
            zorder=3,
        )
        count += 1
    name = "density" if content.has("density") else "boundary_outflow"
    finish(axes, content, content.label(name, "net inflow"), count)


def exchange(axes: Any, content: Content) -> None:
    """What each node handed from the lower to the upper band."""
    count = draw(
        axes, content, content.lines("node_exchange"), scale_of(content, "node_exchange")
    )
    label = content.label("node_exchange", "node exchange")
    finish(axes, content, label, count if count > 1 else 0)


def ledger(axes: Any, content: Content) -> None:
    """|Δρ + outflow − inflow| beside rounding of what is held or has passed."""
    residual = np.maximum(np.abs(content.values("ledger_residual")), _TINY)
    axes.semilogy(content.time, residual, color=BLUE, label="residual")
    count = 1
    if content.has("ledger_scale"):
        scale = 1e-14 * content.values("ledger_scale")
        label = r"$10^{-14}$ of the charge"
        axes.semilogy(content.time, scale, color=VERMILLION, linestyle="--", label=label)
        count = 2
    finish(axes, content, content.label("ledger_residual", "charge ledger"), count)
    _decades(axes)


def bounds(axes: Any, content: Content) -> None:
    """How far f has come from 0 and 1, or beyond."""
    lowest = settled(content.values("occupation_min"), 1.0)
    highest = settled(1.0 - content.values("occupation_max"), 1.0)
    axes.plot(content.time, lowest, color=BLUE, label=r"$\min f$")
    axes.plot(content.time, highest, color=VERMILLION, linestyle="--", label=r"$1-\max f$")
    size = largest(lowest, highest) or 0.1
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -0.5 * size), max(high, 0.5 * size))
    axes.axhline(0.0, color=GREY, linewidth=0.5)
    finish(axes, content, "distance from [0, 1]", 2)


def bands(axes: Any, content: Content) -> None:
    """Rate of the exchange between the bands."""
    count = draw(
        axes,
        content,
        content.lines("interband_exchange"),
        scale_of(content, "interband_exchange"),
    )
    label = content.label("interband_exchange", r"$\int X'$, $+\to-$")
    finish(axes, content, label, count if count > 1 else 0)


def variable(name: str, symbol: str = "") -> Panel:
    """Any recorded variable, one line for every entry."""

    def panel(axes: Any, content: Content) -> None:
        rows = list(content.lines(name))[: len(CYCLE)]
        draw(axes, content, rows, scale_of(content, name))
        words = str(content.dataset[name].attrs.get("long_name", name))
        label = symbol or (words if len(words) < 30 else name)
        finish(axes, content, content.label(name, label), len(rows) if len(rows) > 1 else 0)

    return panel


def _has(*names: str) -> Callable[[Content], bool]:
    return lambda content: any(content.has(name) for name in names) and len(content.time) > 0


def _pumps(content: Content) -> bool:
    return content.pumps and len(content.time) > 1


def applicability(axes: Any, content: Content) -> None:
    """How near the run comes to the end of the gradient expansion."""
    rows = []
    for name, label in _NUMBERS.items():
        values = content.values(f"applicability_{name}")
        if np.any(values > _SMALL):
            rows.append((label, np.where(values > _SMALL, values, np.nan)))
    axes.set_yscale("log")
    count = draw(axes, content, rows)
    axes.axhline(1.0, color=GREY, linewidth=0.7)
    low, high = axes.get_ylim()
    axes.set_ylim(low, max(2.0, high))
    finish(axes, content, "size of what is neglected", count)


FAMILIES: dict[str, tuple[tuple[Panel, Callable[[Content], bool]], ...]] = {
    "density": ((density, _has("density", "band_density")),),
    "energy": ((energy, _has("energy")),),
    "temperature": (
        (temperature, _has("electron_temperature")),
        (variable("chemical_potential", r"$\mu$"), _has("chemical_potential")),
        (variable("phonon_power", "power to phonons"), _has("phonon_power")),
    ),
    "coherence": ((variable("coherence", r"$\frac{1}{2}\int|n_\perp|$"), _has("coherence")),),
    "purity": ((variable("purity"), _has("purity")),),
    "spin": ((variable("spin", r"$\langle\sigma\rangle$"), _has("spin")),),
    "boundary": (
        (boundary, _has("boundary_outflow")),
        (budget, _has("boundary_outflow", "faraday_inflow")),
        (exchange, _has("node_exchange")),
        (bands, _has("interband_exchange")),
        (ledger, _has("ledger_residual")),
    ),
    "budget": (
        (budget, _has("boundary_outflow", "faraday_inflow")),
        (exchange, _has("node_exchange")),
        (bands, _has("interband_exchange")),
        (ledger, _has("ledger_residual")),
    ),
    "applicability": ((applicability, _has("applicability_curvature")),),
    "anomaly": ((pumping, _pumps), (pumping_residual, _pumps)),
    "bounds": ((bounds, _has("occupation_min")),),
    "response": (
        (variable("hall", r"Hall $\sigma$"), _has("hall")),
        (variable("streda", r"Streda $\partial\rho/\partial\mathbf{b}$"), _has("streda")),
    ),
}
"""Panels of each figure; those of the current are in `currents`, one per component."""
