"""What is measured: grids, schemes, and the bytes that a stage of the program moves.

Bytes follow STREAM: every array that a pass reads or writes counts once per pass with its
true size, ghosts included; what a write fetches from memory beforehand does not count.

    occupy   read u, F once per band, equilibrium; write f          (linear5: and the mask)
    ghosts   read and write the ghost cells of f                    (with r axes: while in cache)
    sweep    read f, W of every slot, u, source, u₀ where α ≠ 0; write u
             (with r axes: and streaming along the last of them)
    stream   read f, u, write u, for every other r axis
    bounds   read u, F once per band                                 (mp5 with bounds)
    step     copy u to u₀, sum u: once per step, shared by its stages
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kinetic.errors import InputError

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.grid import Array

SCHEMES = ("linear5", "mp5")
FULL = ("2k-512", "2k-1024", "3k-128", "1r2k-256", "2r2k-64")
QUICK = ("2k-192", "3k-24", "1r2k-32", "2r2k-12")
_HEADS = {"2k": (2, 0), "3k": (3, 0), "1r2k": (2, 1), "2r2k": (2, 2)}
_LARGEST = {(2, 0): 16384, (3, 0): 512, (2, 1): 512, (2, 2): 128}
_SMALL = {(2, 1): 96, (2, 2): 32}


@dataclass(frozen=True)
class Yardstick:
    """A grid with a model on it.

    Parameters
    ----------
    dimensions
        2 (Qi-Wu-Zhang, non-separable) or 3 (Weyl lattice, general directions of e and b).
    cells
        Cells of every axis.
    space
        Axes in real space: then a potential φ(x) besides b, and no drive.
    """

    dimensions: int
    cells: int
    space: int = 0

    @classmethod
    def named(cls, name: str) -> Yardstick:
        """The yardstick of a name such as '2k-512'.

        Raises
        ------
        InputError
            If the name has another form or the grid an impossible size.
        """
        head, dash, tail = name.partition("-")
        if not dash or head not in _HEADS or not tail.isdecimal():
            raise InputError(
                f"bench case '{name}': write dimensions and cells per axis, such as "
                f"{', '.join(FULL)}."
            )
        kind, cells = _HEADS[head], int(tail)
        if not 8 <= cells <= _LARGEST[kind]:
            raise InputError(
                f"bench case '{name}': {head} takes 8 to {_LARGEST[kind]} cells per axis."
            )
        return cls(kind[0], cells, kind[1])

    @property
    def name(self) -> str:
        """Name on the command line."""
        return f"{self._head}-{self.cells}"

    @property
    def _head(self) -> str:
        return f"{self.space}r{self.dimensions}k" if self.space else f"{self.dimensions}k"

    @property
    def title(self) -> str:
        """Name in the table."""
        return f"{self._head} 2×{self.cells}{'²³⁴'[self.dimensions + self.space - 2]}"

    def of(self, cells: int) -> Yardstick:
        """The same with other cells."""
        return replace(self, cells=cells)

    @property
    def rivals(self) -> Yardstick:
        """Where others are measured beside: in real space a grid that they have memory for."""
        small = _SMALL.get((self.dimensions, self.space), self.cells)
        return self.of(min(self.cells, small))

    @property
    def growing(self) -> tuple[Yardstick, ...]:
        """Grids with up to 64 times fewer cells, for the growth of the time with cells."""
        axes = self.dimensions + self.space
        steps = [round(self.cells / factor ** (1.0 / axes)) for factor in (64.0, 8.0)]
        return tuple(self.of(cells) for cells in steps if cells >= 8)

    def evolution(self, scheme: str, threads: int) -> Evolution:
        """The program's own system on this grid, level dressed, uniform b, e or φ(x)."""
        from kinetic.equation import Equation
        from kinetic.evolution import Evolution
        from kinetic.fields import Fields
        from kinetic.grid import Axis, Grid
        from kinetic.hamiltonians.lattice import QiWuZhang, WeylLattice
        from kinetic.initial import FermiDirac
        from kinetic.stepping import Stepping
        from kinetic.system import System

        sites = tuple(
            Axis.linear(name, 0.0, 2.0 * np.pi, self.cells, "periodic")
            for name in ("x", "y")[: self.space]
        )
        axes = sites + tuple(
            Axis.linear(name, -np.pi, np.pi, self.cells, "periodic")
            for name in ("kx", "ky", "kz")[: self.dimensions]
        )
        flat = self.dimensions == 2
        system = System(
            grid=Grid(axes),
            hamiltonian=QiWuZhang(1.0) if flat else WeylLattice(),
            initial=FermiDirac(0.4, 0.1),
            fields=Fields(phi="0.05*cos(x)", B=0.01)
            if self.space
            else Fields(
                E=(0.01, 0.02) if flat else (0.01, 0.02, 0.03),
                B=0.01 if flat else (0.003, 0.002, 0.005),
            ),
            equation=Equation(level="dressed", scheme=scheme, threads=threads),
        )
        return Evolution(system, Stepping(stepper="ssprk3"))


def advance(evolution: Evolution) -> None:
    """One step of the length that the program chooses."""
    evolution.advance(evolution.time + 3.0 * evolution.step_limit())


def use_threads(evolution: Evolution, threads: int) -> None:
    """Let an evolution go on with fewer threads than it was built for."""
    from kinetic.device import Device

    device = Device(threads)
    evolution.device = evolution.flow.device = evolution.transport.device = device


def traffic(evolution: Evolution) -> dict[str, float]:
    """Bytes that each pass of a stage moves, per cell; the mean over the stages of a step."""
    transport, stages = evolution.transport, evolution.stepping.tableau.stages
    state, f = transport.u.nbytes, transport.f.nbytes
    per_band = 2 * transport.dressing.nbytes if transport.dresses else 0
    split = transport.equilibrium.nbytes if transport.split else 0
    mask = 2 * transport.u.size // 2 if transport.bend else 0
    registers = sum(stage.alpha != 0.0 for stage in stages) / len(stages)
    sites = evolution.mesh.sites
    carried: list[Array] = []
    if sites:
        faces, streams = evolution.flow.carriers
        carried = [*(faces if isinstance(faces, tuple) else faces.arrays)]
        carried += [array for stream in streams for array in stream.arrays]
    else:
        carried = [evolution.flow.w[slot] for slot in transport.mesh.slots]
    velocities = sum(array.nbytes for array in carried)
    moved = {
        "occupy": state + per_band + split + f + mask,
        "ghosts": 0 if sites else 2 * (f - state),
        "sweep": f + velocities + 2 * state + registers * state,
        "stream": max(0, len(sites) - 1) * (f + 2 * state),
        "bounds": 0,
        "step": 3 * state / len(stages),
    }
    if transport.split:
        moved["sweep"] += transport.source.nbytes
    if transport.equation.limiter == "bounds":
        moved["bounds"] = state + per_band
    return {name: amount / evolution.cells for name, amount in moved.items()}
