"""Axes and cells of phase space.

A cell average lives on a cell, a flux on a face, a link on an edge, ε̄ and m on corners.
Axes keep the order x, y, z, kx, ky, kz; the last one is contiguous in memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.boundaries import Side, sides
from kinetic.errors import InputError, suggestion

AXIS_NAMES = ("x", "y", "z", "kx", "ky", "kz")
SPACE = AXIS_NAMES[:3]
BOUNDARIES = ("open", "periodic")
AXIS_KEYS = {
    "lower": "first edge, a number or a formula such as '-pi'",
    "upper": "last edge",
    "cells": "how many",
    "boundary": "what lies beyond: 'open' or 'periodic'; of x, y, z: their ends",
    "edges": "of momentum axes: all edges, instead of the three above",
    "focus": "of momentum axes: k₀ where cells are finest, widths ∝ √(1 + strength²(k − k₀)²)",
    "strength": "of momentum axes: how much finer",
}
"""Keys of the table of an axis, and what they are."""

FEWEST_SITES = 6  # the widest stencil across a face
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """One axis: edges k_0 < k_1 < ... < k_N and what lies beyond them.

    Parameters
    ----------
    name
        One of x, y, z, kx, ky, kz.
    edges
        N + 1 increasing cell edges; those of x, y and z are equally spaced, at least seven.
    boundary
        Of kx, ky, kz: 'open', 'periodic', or None: the Hamiltonian decides (lattice models are
        periodic).  Of x, y, z: a name, a table or a `Side`, or two of these for the lower and
        the upper end, kept as a pair of `Side`; None is periodic.
    """

    name: str
    edges: tuple[float, ...]
    boundary: Any = None

    def __post_init__(self) -> None:
        if self.name not in AXIS_NAMES:
            raise InputError(f"axis '{self.name}': {suggestion(self.name, AXIS_NAMES)}")
        edges = np.asarray(self.edges, dtype=float)
        if edges.ndim != 1 or edges.size < 2 or not np.all(np.isfinite(edges)):
            raise InputError(f"axis {self.name} needs at least one cell between finite edges.")
        if np.any(np.diff(edges) <= 0):
            raise InputError(f"the edges of axis {self.name} must increase.")
        object.__setattr__(self, "edges", tuple(edges.tolist()))
        if self.spatial:
            self._settle_space()
        elif not (self.boundary is None or self.boundary in BOUNDARIES):
            raise InputError(
                f"boundary = {self.boundary!r} of axis {self.name}: "
                f"{suggestion(str(self.boundary), BOUNDARIES)}"
            )

    def _settle_space(self) -> None:
        """Equal cells, enough of them, and a pair of ends."""
        if not self.uniform:
            raise InputError(
                f"the cells of axis {self.name} differ in width: axes in real space have equal "
                "cells; give lower, upper and cells."
            )
        if self.cells < FEWEST_SITES:
            raise InputError(
                f"axis {self.name} has {self.cells} cell{'s' if self.cells > 1 else ''}: an axis "
                f"in real space needs at least {FEWEST_SITES}; take more, or leave the axis out "
                "where nothing depends on it."
            )
        equal = np.linspace(self.edges[0], self.edges[-1], self.cells + 1)
        object.__setattr__(self, "edges", tuple(equal.tolist()))
        ends = sides(self.boundary, f"boundary of axis {self.name}")
        object.__setattr__(self, "boundary", ends)

    @classmethod
    def linear(
        cls, name: str, lower: float, upper: float, cells: int, boundary: Any = None
    ) -> Axis:
        """Equal cells between `lower` and `upper`."""
        return cls(name, tuple(np.linspace(lower, upper, cells + 1)), boundary)

    @classmethod
    def graded(
        cls,
        name: str,
        lower: float,
        upper: float,
        cells: int,
        focus: float,
        strength: float,
        boundary: str | None = None,
    ) -> Axis:
        """Cells finest at `focus`: k(ξ) = focus + sinh(strength·ξ)/…, ξ uniform."""
        start, stop = (np.arcsinh((end - focus) * strength) for end in (lower, upper))
        edges = focus + np.sinh(np.linspace(start, stop, cells + 1)) / strength
        edges[0], edges[-1] = lower, upper
        return cls(name, tuple(edges), boundary)

    @classmethod
    def from_table(cls, name: str, spec: Any) -> Axis:
        """Read `[lower, upper, cells]`, or a table of `AXIS_KEYS`."""
        where = f"[grid] {name}"
        if isinstance(spec, Sequence) and not isinstance(spec, str):
            if len(spec) != 3:
                raise InputError(f"{where} = {spec!r}: write [lower, upper, cells].")
            spec = dict(zip(("lower", "upper", "cells"), spec, strict=True))
        if not isinstance(spec, Mapping):
            raise InputError(f"{where} = {spec!r}: write [lower, upper, cells] or a table.")
        for key in spec:
            if key not in AXIS_KEYS:
                raise InputError(f"{where}: no such key '{key}'; {suggestion(key, AXIS_KEYS)}")
            if name in SPACE and key in ("edges", "focus", "strength"):
                raise InputError(
                    f"{where}: '{key}' is for momentum axes; axes in real space have equal "
                    "cells: give lower, upper, cells and boundary."
                )
        boundary = spec.get("boundary")
        if "edges" in spec:
            if set(spec) - {"edges", "boundary"}:
                raise InputError(f"{where}: 'edges' excludes lower, upper, cells and grading.")
            edges = spec["edges"]
            if not isinstance(edges, Sequence) or not all(_is_number(e) for e in edges):
                raise InputError(f"{where}: edges must be a list of numbers.")
            return cls(name, tuple(float(e) for e in edges), boundary)
        for key in ("lower", "upper", "cells"):
            if key not in spec:
                raise InputError(f"{where}: '{key}' is missing.")
            if not _is_number(spec[key]):
                raise InputError(f"{where}: {key} = {spec[key]!r} is not a number.")
        lower, upper, cells = spec["lower"], spec["upper"], spec["cells"]
        if int(cells) != cells or cells < 1:
            raise InputError(f"{where}: cells = {cells!r} must be a whole number above 0.")
        if not lower < upper:
            raise InputError(f"{where}: lower = {lower} must lie below upper = {upper}.")
        if "strength" in spec or "focus" in spec:
            strength, focus = spec.get("strength", 1.0), spec.get("focus", 0.0)
            if not _is_number(strength) or strength <= 0 or not _is_number(focus):
                raise InputError(f"{where}: focus and strength > 0 must be numbers.")
            return cls.graded(
                name, float(lower), float(upper), int(cells), focus, strength, boundary
            )
        return cls.linear(name, float(lower), float(upper), int(cells), boundary)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.edges) - 1

    @property
    def length(self) -> float:
        """Upper minus lower edge."""
        return self.edges[-1] - self.edges[0]

    @cached_property
    def widths(self) -> Array:
        """Cell widths.  (cells,)"""
        return np.asarray(np.diff(np.asarray(self.edges)))

    @cached_property
    def centres(self) -> Array:
        """Cell centres.  (cells,)"""
        edges = np.asarray(self.edges)
        return np.asarray(0.5 * (edges[1:] + edges[:-1]))

    @property
    def spatial(self) -> bool:
        """Whether the axis is one of x, y, z."""
        return self.name in SPACE

    @property
    def sides(self) -> tuple[Side, Side]:
        """What lies beyond the lower and the upper end of an axis in real space.

        Raises
        ------
        TypeError
            On a momentum axis.
        """
        if not self.spatial:
            raise TypeError(f"{self.name} is a momentum axis: it has no sides.")
        lower, upper = self.boundary
        return lower, upper

    @property
    def periodic(self) -> bool:
        """Whether the axis closes on itself."""
        return self.sides[0].periodic if self.spatial else self.boundary == "periodic"

    @property
    def beyond(self) -> str:
        """The boundary in words."""
        if not self.spatial:
            return self.boundary or "not decided"
        lower, upper = self.sides
        return str(lower) if lower == upper else f"below {lower}; above {upper}"

    @cached_property
    def uniform(self) -> bool:
        """Whether all cells have the same width (to rounding)."""
        spread = float(np.ptp(self.widths))
        return spread <= 1e-12 * max(abs(self.edges[0]), abs(self.edges[-1]), self.length)

    def extended_edges(self, ghosts: int) -> Array:
        """Edges with `ghosts` more on each side: wrapped if periodic, else repeated widths."""
        edges, widths = np.asarray(self.edges), self.widths
        if self.periodic:
            index = np.arange(-ghosts, self.cells + ghosts)
            padded = widths[index % self.cells]
            start = edges[0] - padded[:ghosts].sum()
            return np.asarray(start + np.concatenate([[0.0], np.cumsum(padded)]))
        below = edges[0] - widths[0] * np.arange(ghosts, 0, -1)
        above = edges[-1] + widths[-1] * np.arange(1, ghosts + 1)
        return np.concatenate([below, edges, above])

    def shifted(self, distance: float) -> Axis:
        """The same axis moved by `distance`."""
        return Axis(self.name, tuple(np.asarray(self.edges) + distance), self.boundary)

    def bounded(self, boundary: str) -> Axis:
        """The same axis with its boundary decided, if it is not decided yet."""
        return Axis(self.name, self.edges, self.boundary or boundary)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Grid:
    """The axes of phase space, real space first.

    `Grid.from_table({"kx": [-1, 1, 33], ...})` reads the `[grid]` table of a run file.
    """

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        names = [axis.name for axis in self.axes]
        if sorted(set(names), key=AXIS_NAMES.index) != names:
            raise InputError("grid axes must be distinct and in the order x, y, z, kx, ky, kz.")
        momentum = [name for name in names if name.startswith("k")]
        if momentum != ["kx", "ky", "kz"][: len(momentum)] or not momentum:
            raise InputError(
                f"[grid] has the momentum axes {momentum}: give kx; kx and ky; or kx, ky and kz."
            )

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Grid:
        """Read the `[grid]` table."""
        for name in table:
            if name not in AXIS_NAMES:
                raise InputError(f"[grid] {name}: no such axis; {suggestion(name, AXIS_NAMES)}")
        return cls(tuple(Axis.from_table(n, table[n]) for n in AXIS_NAMES if n in table))

    @property
    def momentum(self) -> tuple[Axis, ...]:
        """The k axes."""
        return tuple(axis for axis in self.axes if not axis.spatial)

    @property
    def space(self) -> tuple[Axis, ...]:
        """The r axes (none in a homogeneous run)."""
        return tuple(axis for axis in self.axes if axis.spatial)

    @property
    def dimensions(self) -> int:
        """Number of momentum directions."""
        return len(self.momentum)

    @property
    def shape(self) -> tuple[int, ...]:
        """Cells along every axis, (*r, *k)."""
        return tuple(axis.cells for axis in self.axes)

    @property
    def sites(self) -> tuple[int, ...]:
        """Cells along the r axes, (*r); () in a homogeneous run."""
        return tuple(axis.cells for axis in self.space)

    @cached_property
    def site_volume(self) -> float:
        """Volume of one cell of the r axes; 1 in a homogeneous run."""
        return math.prod(axis.length / axis.cells for axis in self.space)

    @cached_property
    def volumes(self) -> Array:
        """Momentum cell volumes.  (*k)"""
        volume = np.ones(())
        for axis in self.momentum:
            volume = volume[..., None] * axis.widths
        return volume

    def replace(self, axis: Axis) -> Grid:
        """The grid with the axis of that name exchanged."""
        return Grid(tuple(axis if old.name == axis.name else old for old in self.axes))
