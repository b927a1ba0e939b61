"""The Berry curvature of phase space: maps at one momentum, and its largest sum at every site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError
from kinetic.grid import SPACE, Array
from kinetic.observables.base import Observable, Recorder, places
from kinetic.observables.coherent import coherent
from kinetic.storage import Variable
from kinetic.twoform import TwoForm, momentum, position

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_K = ("kx", "ky", "kz")


@dataclass(frozen=True)
class BerryMap(Observable):
    """F_ij = m·(∂_i m × ∂_j m) at one k for all pairs of x, y, z, kx, ky, kz, and max_k |F|

    Parameters
    ----------
    k
        The momentum, one component per axis; None is the middle of the grid.
    """

    name = "berry_map"
    quantum = True

    k: Any = None

    def __post_init__(self) -> None:
        if self.k is None:
            return
        given = list(self.k) if isinstance(self.k, list | tuple | np.ndarray) else [self.k]
        for value in given:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not np.isfinite(value):
                raise InputError(f"k = {self.k!r}: give one finite number per momentum axis.")
        object.__setattr__(self, "k", tuple(float(value) for value in given))

    def fits(self, evolution: Evolution) -> str | None:
        """A texture in real space."""
        if not evolution.system.hamiltonian.textured:
            return "the Hamiltonian is the same everywhere: there is nothing to map."
        if evolution.system.equation.level == "boltzmann":
            return "level 'boltzmann' leaves out Berry curvature: use 'dressed' or 'projected'."
        axes = evolution.system.grid.momentum
        if self.k is not None and len(self.k) != len(axes):
            names = ", ".join(axis.name for axis in axes)
            return f"k has {len(self.k)} components; give one for each of {names}."
        return None

    def recorder(self, evolution: Evolution) -> Recorder:
        """curvature_xy, curvature_x_kx, curvature_kx_ky, ... and largest_field, all over *r.

        Coordinates without time where nothing moves; several valleys have a dimension.
        """
        several = evolution.system.valleys > 1
        dims = (*(("valley",) if several else ()), *places(evolution))
        attributes = {"formula": "F_ij = m·(∂_i m × ∂_j m)", "k": list(self._momentum(evolution))}
        rows = [
            Variable(name, dims, units, f"Berry curvature {title}", attributes)
            for name, title, units, _ in self._pairs(evolution)
        ]
        largest = {"formula": "max_k |F|, F = ħ(F_rk + b·B_k)"}
        title = "largest |F| of each site outside glued cells"
        rows.append(Variable("largest_field", dims, "1", title, largest))

        def measure() -> dict[str, Any]:
            return self._values(evolution)

        quantum = coherent(evolution)
        moves = evolution.flow.geometry_moves if quantum is None else quantum.drives.texture_moves
        if moves:
            return Recorder(tuple(rows), measure)
        values = measure()
        static = {
            row.name: (
                row.dims,
                values[row.name],
                {"units": row.units, "long_name": row.long_name, **row.attributes},
            )
            for row in rows
        }
        return Recorder((), dict, static)

    def _momentum(self, evolution: Evolution) -> tuple[float, ...]:
        axes = evolution.system.grid.momentum
        if self.k is not None:
            return tuple(self.k)
        return tuple(0.5 * (axis.edges[0] + axis.edges[-1]) for axis in axes)

    def _pairs(self, evolution: Evolution) -> list[tuple[str, str, str, tuple[int, int]]]:
        """Name, symbol, units and directions of every pair."""
        space = [(name, position(SPACE.index(name))) for name in places(evolution)]
        axes = [(_K[j], momentum(j)) for j in range(evolution.mesh.dimensions)]
        found = []
        for group, units in ((space, "1/length^2"), (axes, "length^2/hbar^2")):
            for n, (one, i) in enumerate(group):
                for other, j in group[n + 1 :]:
                    joined = f"{one}{other}" if group is space else f"{one}_{other}"
                    found.append((f"curvature_{joined}", f"F_{one},{other}", units, (i, j)))
        for one, i in space:
            for other, j in axes:
                name = f"curvature_{one}_{other}"
                found.append((name, f"F_{one},{other}", "1/hbar", (i, j)))
        return found

    def _values(self, evolution: Evolution) -> dict[str, Array]:
        sites, hbar = evolution.mesh.sites, float(evolution.system.equation.hbar)
        valleys, d = evolution.system.valleys, evolution.mesh.dimensions
        model = evolution.system.hamiltonian
        k = [np.full([1] * (len(sites) + d), x) for x in self._momentum(evolution)]
        space = evolution.system.grid.space
        centres = np.meshgrid(*(axis.centres for axis in space), indexing="ij", sparse=True)
        r = {
            axis.name: x.reshape(*x.shape, *[1] * d)
            for axis, x in zip(space, centres, strict=True)
            if axis.name in model.space_names
        }
        pairs = self._pairs(evolution)
        found: dict[str, list[Array]] = {name: [] for name, *_ in pairs}
        for valley in range(valleys):
            jet = model.jet(valley, k, evolution.time, r)
            form = TwoForm(jet, tuple(r), np.zeros((3, 1)), hbar)
            for name, _, _, (i, j) in pairs:
                value = form.curvature(i, j)
                flat = np.zeros(()) if value is None else np.asarray(value)
                flat = flat.reshape(flat.shape[: len(sites)]) if flat.ndim else flat
                found[name].append(np.broadcast_to(flat, sites))
        quantum = coherent(evolution)
        field = evolution.transport.dressing if quantum is None else quantum.dressing()
        largest = np.abs(field).reshape(valleys, *sites, -1).max(axis=-1)
        values = {name: np.stack(maps) for name, maps in found.items()}
        values["largest_field"] = largest
        return {name: value if valleys > 1 else value[0] for name, value in values.items()}
