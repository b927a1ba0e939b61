"""Beyond the open ends of the matrix equation: a wider grid, what stands there, and layers.

Cells beyond the ends hold the initial state with the bands of the present, and layers before the
ends pull n̂ to the same state, so that what arrives does not come back:

    ∂ₜn̂ = −γ (n̂ − n̂_beyond) ,   γ = 24 (v/w) ξ² ,   ξ = depth in the layer/w ,

v the largest speed along the axis.  On the way to the end it decays by e^{−8}.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import numpy as np

from kinetic.grid import Array, Axis, Grid
from kinetic.initial import FromFile
from kinetic.quantum.base import QuantumEvolution
from kinetic.quantum.generator import Generator
from kinetic.quantum.gradients import REACH
from kinetic.quantum.moyal import Moyal
from kinetic.quantum.preparation import prepared
from kinetic.system import System

CELLS = 2 * REACH
"""Cells beyond an open end: so far reaches a second derivative."""
_STRENGTH = 24.0
_SLICES = 8.0  # steps in which the fastest crosses a layer, at least


class Beyond:
    """The grid of an evolution with more cells beyond its open ends.

    Parameters
    ----------
    evolution
        Whose grid it is; it stands at its start.

    Attributes
    ----------
    axes
        Those of the wide grid.
    held
        The cells of the evolution, along every axis.
    judged
        Components and cells that neither layers nor what stands beyond the ends touch in a step.
    state
        n̂ that stands beyond the ends.  (valley, 4, *wide)
    lower
        f_- of the cells of the evolution at the start.  (valley, *r, *k)
    """

    def __init__(self, evolution: QuantumEvolution) -> None:
        self._evolution = evolution
        self._wide = QuantumEvolution(
            widened(evolution.system), evolution.stepping, evolution.start, evolution.stop
        )
        self.axes = self._wide.system.grid.axes
        self.held = tuple(
            slice(None) if axis.periodic else slice(CELLS, CELLS + axis.cells)
            for axis in evolution.system.grid.axes
        )
        self.judged = (slice(None), slice(None), *(self._quiet(axis) for axis in self.axes))
        self.present = any(not axis.periodic for axis in self.axes)
        self.state, self.lower = self._reference(evolution.start)
        self._rate: Array | None = None

    def _quiet(self, axis: Axis) -> slice:
        """The middle of an open axis of the wide grid."""
        if axis.periodic:
            return slice(None)
        inside = axis.cells - 2 * CELLS
        layer = int(np.ceil(self._evolution.system.equation.absorber * inside))
        depth = CELLS + min(layer + CELLS, inside // 3)
        return slice(depth, axis.cells - depth)

    def renew(self, t: float) -> None:
        """What stands beyond the ends at time t."""
        self.state, _ = self._reference(t)

    def _reference(self, t: float) -> tuple[Array, Array]:
        evolution, wide = self._evolution, self._wide
        system = evolution.system
        if system.equation.preparation == "exact":
            n = Moyal(system, evolution.stepping, t, evolution.stop).wigner()
            return n, evolution.occupations(n)[:, 0]
        coherent = system.equation.preparation == "coherent"
        if isinstance(system.initial, FromFile) and self.present:
            inside, lower = prepared(evolution, coherent)
            more = [(cells.start or 0, cells.start or 0) for cells in self.held]
            return np.pad(inside, [(0, 0), (0, 0), *more], mode="edge"), lower
        wide.time = t
        n, lower = prepared(wide, coherent)
        return np.ascontiguousarray(n), lower[(slice(None), *self.held)]

    # --- layers -------------------------------------------------------------------------------

    def lay(self, generators: Iterable[Generator]) -> None:
        """Set the rates of the layers to the largest speeds of the generators."""
        speeds = np.zeros(len(self.axes))
        for generator in generators:
            speeds = np.maximum(speeds, [generator.speed(a) for a in range(len(speeds))])
        system = self._evolution.system
        share = system.equation.absorber
        rate: Array = np.zeros([axis.cells for axis in self.axes])
        for place, axis in enumerate(system.grid.axes):
            if axis.periodic or share == 0.0:
                continue
            width = share * axis.length
            centres = self.axes[place].centres
            depth = np.maximum(axis.edges[0] + width - centres, centres - axis.edges[-1] + width)
            profile = _STRENGTH * speeds[place] / width * np.clip(depth / width, 0.0, None) ** 2
            rate = rate + profile.reshape(-1, *[1] * (rate.ndim - 1 - place))
        self._rate = rate if np.any(rate[self.held]) else None

    @property
    def limit(self) -> float:
        """Largest step in which the fastest does not cross too much of a layer."""
        if self._rate is None:
            return np.inf
        return _STRENGTH / (_SLICES * float(self._rate[self.held].max()))

    def absorb(self, n: Array, step: float) -> float:
        """The layers over a step; returns Σ Tr n̂ that they have taken."""
        if self._rate is None:
            return 0.0
        excess = -np.expm1(-step * self._rate) * (n - self.state)
        n -= excess
        return 2.0 * float(excess[(slice(None), 0, *self.held)].sum())


def widened(system: System) -> System:
    """The system with its open axes continued beyond their ends.

    It is not checked again: what lies there is no part of the run.
    """
    axes = []
    for axis in system.grid.axes:
        if axis.periodic:
            axes.append(axis)
            continue
        more = CELLS * axis.length / axis.cells
        ends = axis.edges[0] - more, axis.edges[-1] + more
        axes.append(Axis.linear(axis.name, *ends, axis.cells + 2 * CELLS, axis.boundary))
    wide = copy.copy(system)
    object.__setattr__(wide, "grid", Grid(tuple(axes)))
    return wide
