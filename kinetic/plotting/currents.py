"""Panels of the current: each component in total and by contribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.plotting.content import Content
from kinetic.plotting.rounding import flows, settled
from kinetic.plotting.series import Panel, draw, finish
from kinetic.plotting.style import BLACK, GREY

_COMPONENTS = ("x", "y", "z")
CONTRIBUTIONS = {
    "group": "group",
    "intraband": "intraband",
    "interband": "interband",
    "nonlocal": "nonlocal",
    "anomalous": "anomalous",
    "chiral_magnetic": "chiral magnetic",
    "magnetic_moment": "moment",
    "density_of_states": "rescaling of D",
    "texture": "texture",
    "mixed": "mixed curvature",
    "magnetisation": "magnetisation",
    "side_jump": "side jump",
}


def components(content: Content, least: float) -> list[int]:
    """Components that reach `least` of the largest."""
    largest = np.abs(content.values("current")).max(axis=0)
    for name in CONTRIBUTIONS:
        if content.has(f"current_{name}"):
            parts = np.abs(content.values(f"current_{name}")).max(axis=0)
            largest = np.maximum(largest, parts)
    chosen = np.flatnonzero(largest > least * largest.max())
    return [int(i) for i in chosen] or [0]


def panels(content: Content, least: float = 1e-9) -> list[Panel]:
    """One panel per component that flows, in units of the largest at least so much."""
    return [_current(component) for component in components(content, least)]


def _current(component: int) -> Panel:
    def panel(axes: Any, content: Content) -> None:
        total = content.values("current")[:, component]
        parts = {
            label: content.values(f"current_{name}")[:, component]
            for name, label in CONTRIBUTIONS.items()
            if content.has(f"current_{name}")
        }
        scale = max([np.abs(total).max(), *(np.abs(v).max() for v in parts.values())])
        shown = {k: v for k, v in parts.items() if np.abs(v).max() > 1e-9 * scale}
        if len(shown) > 1:
            draw(axes, content, shown.items(), scale)
        flat = settled(total, scale if flows(content) else np.inf)
        axes.plot(content.time, flat, color=BLACK, linewidth=1.0, label="total", zorder=1)
        axes.axhline(0.0, color=GREY, linewidth=0.5)
        only = f", all {next(iter(shown))}" if len(shown) == 1 else ""
        symbol = f"$j_{_COMPONENTS[component]}${only}"
        legend = len(shown) + 1 if len(shown) > 1 else 0
        finish(axes, content, content.label("current", symbol), legend)

    return panel
