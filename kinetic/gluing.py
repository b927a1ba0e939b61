"""Cells around gap closings in which the two bands share one occupation.

There the bands are not told apart by the field (ħ|b·B_k| is of order one), and what crosses
the node passes from one band to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinetic.geometry import Geometry
from kinetic.grid import Array
from kinetic.mesh import Mesh
from kinetic.nodes import Node, find_nodes, glued_cells
from kinetic.system import System

Fluxes = Sequence[tuple[Array, Array, Array] | Array]
_LARGE = 1e100


@dataclass(frozen=True)
class Glue:
    """Cells of one valley whose bands share one occupation.

    `cells` are flat indices, `nodes` the index of the nearest node of each.
    """

    cells: NDArray[np.intp]
    nodes: NDArray[np.intp]


class Gluing:
    """Nodes of a system and the cells that are glued around them.

    Attributes
    ----------
    nodes
        Gap closings on the grid.
    glue
        Glued cells, per valley.
    glued
        Whether a cell is glued.  (valley, A, B, C)
    glue_time
        When the cells were last chosen.
    """

    def __init__(
        self, system: System, mesh: Mesh, geometries: Sequence[Geometry], hbar: float
    ) -> None:
        self.system, self.geometries, self.hbar = system, geometries, hbar
        self.nodes: list[Node] = []
        self.glued = np.zeros((system.valleys, *mesh.shape), dtype=bool)
        self.glue_time = 0.0
        self._strengths: list[Array] = []
        self._let_go()

    def _let_go(self) -> None:
        none = Glue(np.zeros(0, np.intp), np.zeros(0, np.intp))
        self.glue = [none] * self.system.valleys
        self.glued[...] = False

    def update(self, t: float, size: float, b_moves: bool, fluxes: Fluxes) -> None:
        """Find the nodes and glue the cells around them at time t.

        The balls have the `size` |b| has now (a quarter more where b moves), so that a run does
        not depend on how long it is meant to last.
        """
        system = self.system
        self._let_go()
        if system.hamiltonian.time_dependent or not self._strengths:
            charges = [g.charges(f) for g, f in zip(self.geometries, fluxes, strict=True)]
            self.nodes = find_nodes(system.hamiltonian, system.grid, charges, t)
            self._strengths = [geometry.strength(t) for geometry in self.geometries]
        if size == 0.0 and not b_moves:
            return
        limit = 0.25 if system.equation.level == "projected" else 1.0
        for valley, strength in enumerate(self._strengths):
            if not any(node.valley == valley for node in self.nodes):
                continue
            relative = self.hbar * size * np.minimum(strength, _LARGE) / limit
            cells, nearest = glued_cells(
                self.nodes, valley, system.grid, relative, system.equation.node_radius
            )
            self.glue[valley] = Glue(cells, nearest)
            self.glued[valley].reshape(-1)[cells] = True

    def release(self) -> None:
        """Drop what fixed nodes do not need again."""
        self._strengths = []
