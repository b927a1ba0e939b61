"""A Hamiltonian read from a file: arrays of d₀ and d on a regular grid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kinetic.errors import InputError, listing, suggestion
from kinetic.files import reason
from kinetic.hamiltonians.base import MOMENTUM, SPACE, Array, Hamiltonian, Jet, Place, Valley
from kinetic.hamiltonians.parameters import freeze
from kinetic.hamiltonians.tables import SHORTEST, Table, TableAxis

_COORDINATES = ("t", *SPACE, *MOMENTUM)
_FUNCTIONS = ("d0", "dx", "dy", "dz")


@dataclass(frozen=True)
class Tabulated(Hamiltonian):
    """H = d₀ + d·σ with d₀ and d from a table

    Parameters
    ----------
    path
        A netCDF file with the variables dx, dy, dz and perhaps d0, each on some or all of the
        coordinates t, x, y, z, kx, ky, kz: equally spaced, increasing, at least 10 points.
    periodic
        Names of the coordinates along which the table repeats.  It holds one period without
        its end: the next point after the last is the first.

    Notes
    -----
    Values are joined by splines of degree 5 (order 6), derivatives are finite differences of
    order 8 on the table, joined likewise: measured on e^{sin x} with 64 points per period,
    5e-9 and 6.5e-8; with 32, 4e-7 and 1.2e-5.  Along an axis that is not periodic the
    table must reach a few cells beyond the grid; near its ends the error is 30 to 80 times as
    large.
    """

    name = "tabulated"
    path: str
    periodic: Any = ()
    _changed: ClassVar[int] = 0

    def __post_init__(self) -> None:
        freeze(self, "periodic")
        if not isinstance(self.path, str):
            raise InputError(f"path = {self.path!r}: the name of a file is needed.")
        if isinstance(self.periodic, str) or not isinstance(self.periodic, Collection):
            raise InputError(f"periodic = {self.periodic!r}: write a list of names.")
        try:
            changed = Path(self.path).stat().st_mtime_ns
        except OSError:
            raise InputError(f"path = {self.path!r}: there is no such file.") from None
        object.__setattr__(self, "_changed", changed)
        momenta = tuple(axis.name for axis in self._table.axes if axis.name in MOMENTUM)
        if momenta != MOMENTUM[: len(momenta)] or not momenta:
            raise InputError(
                f"{self.path} has the momenta {list(momenta)}: it needs kx; kx and ky; or kx, "
                "ky and kz."
            )
        # The file decides what other models say of their class.
        object.__setattr__(self, "dimensions", (len(momenta),))
        object.__setattr__(self, "bounded", set(momenta) <= set(self.periodic))

    @property
    def _table(self) -> Table:
        return _read(self.path, self.periodic, self._changed)

    def valleys(self) -> tuple[Valley, ...]:
        """One patch; its formulas stand for nothing."""
        return (Valley("table", "0", ("0", "0", "0")),)

    def period(self, axis_name: str) -> float | None:
        """The length of the table along a periodic momentum."""
        if axis_name in MOMENTUM and axis_name in self.periodic:
            return next(axis.length for axis in self._table.axes if axis.name == axis_name)
        return None

    @property
    def space_names(self) -> frozenset[str]:
        """Which of x, y, z the table has."""
        return frozenset(axis.name for axis in self._table.axes) & set(SPACE)

    @property
    def time_dependent(self) -> bool:
        """Whether the table has a time."""
        return any(axis.name == "t" for axis in self._table.axes)

    def require(self, space: Collection[str]) -> None:
        """Refuse a grid without a coordinate of the table."""
        for name in SPACE:
            if name in self.space_names and name not in space:
                raise InputError(f"{self.path} depends on {name}: give [grid] an axis {name}.")

    def check(self, dimensions: int, r: Place | None = None) -> None:
        """Refuse a grid that lacks coordinates of the table, or leaves it in real space."""
        self._check_dimensions(dimensions)
        if r is not None:
            self.require(r)
            for axis in self._table.axes:
                if axis.name in r:
                    axis.weights(np.asarray(r[axis.name], dtype=np.float64))

    def jet(self, valley: int, k: Sequence[Any], t: float, r: Place | None = None) -> Jet:
        """Values and first derivatives; see `Hamiltonian.jet`."""
        table, coordinates, names, shape = self._coordinates(k, t, r)
        held = {axis.name for axis in table.axes}
        scalars = np.zeros((2 + len(names), *shape))
        vectors = np.zeros((2 + len(names), 3, *shape))
        for row, by in enumerate(("", "t", *names)):
            if by in held or not by:
                found = self._spread(table.at(coordinates, by), len(shape))
                scalars[row], vectors[row] = found[0], found[1:]
        end = 2 + len(k)
        return Jet(
            scalars[0],
            vectors[0],
            scalars[2:end],
            vectors[2:end],
            scalars[1],
            vectors[1],
            scalars[end:],
            vectors[end:],
        )

    def values(
        self, valley: int, k: Sequence[Any], t: float, r: Place | None = None
    ) -> tuple[Array, Array]:
        """d₀ and d; see `Hamiltonian.values`."""
        table, coordinates, _, shape = self._coordinates(k, t, r)
        found = self._spread(table.at(coordinates), len(shape))
        full = np.broadcast_to(found, (4, *shape))
        return full[0].copy(), full[1:].copy()

    def _coordinates(
        self, k: Sequence[Any], t: float, r: Place | None
    ) -> tuple[Table, dict[str, Array], tuple[str, ...], tuple[int, ...]]:
        points, place, shape = self._points(k, r)
        self.require(place)
        momenta = dict(zip(MOMENTUM, points, strict=False))
        coordinates = {"t": np.asarray(float(t)), **momenta, **place}
        return self._table, coordinates, (*momenta, *place), shape

    @staticmethod
    def _spread(values: Array, dimensions: int) -> Array:
        """With slots of size 1 for coordinates that the table does not have."""
        missing = (1,) * (dimensions + 1 - values.ndim)
        return values.reshape(len(values), *missing, *values.shape[1:])

    def _probes(self, dimensions: int) -> list[Array]:
        found = []
        for i, axis in enumerate(a for a in self._table.axes if a.name in MOMENTUM):
            parts = np.linspace(0.05 + 0.02 * i, 0.95 - 0.03 * i, 7)
            found.append(axis.lower + axis.length * np.roll(parts, 2 * i))
        return found


@lru_cache(maxsize=4)
def _read(path: str, periodic: tuple[str, ...], changed: int) -> Table:
    """The table of a file, as it was at one time."""
    import xarray

    try:
        with xarray.open_dataset(path, engine="netcdf4", decode_times=False) as dataset:
            missing = [name for name in _FUNCTIONS[1:] if name not in dataset.variables]
            if missing:
                raise InputError(
                    f"{path} has no variable {listing(missing)}: a table of a Hamiltonian holds "
                    "dx, dy, dz and, if it is not 0, d0."
                )
            held = {name: dataset[name] for name in _FUNCTIONS if name in dataset.variables}
            names = {str(name) for array in held.values() for name in array.dims}
            for name in sorted(names - set(_COORDINATES)):
                raise InputError(
                    f"{path} has the dimension '{name}'; {suggestion(name, _COORDINATES)}"
                )
            order = [name for name in _COORDINATES if name in names]
            points = {}
            for name in order:
                if name not in dataset.coords:
                    raise InputError(f"{path} has no coordinate variable '{name}'.")
                points[name] = np.asarray(dataset[name].values, dtype=np.float64)
            arrays = {
                name: np.asarray(
                    array.transpose(*(n for n in order if n in array.dims)).values, np.float64
                ).reshape([len(points[n]) if n in array.dims else 1 for n in order])
                for name, array in held.items()
            }
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"{path} is not a readable table: {reason(error)}.") from None
    for name in sorted(set(periodic) - set(order)):
        raise InputError(f"periodic: {path} has no '{name}'; {suggestion(str(name), order)}")
    axes = tuple(_axis(path, name, points[name], name in periodic) for name in order)
    values = np.zeros((4, *(axis.points for axis in axes)))
    for row, name in enumerate(_FUNCTIONS):
        values[row] = arrays.get(name, 0.0)
        if not np.isfinite(values[row]).all():
            raise InputError(f"{path}: {name} is not finite everywhere; fill the gaps.")
    for slot, axis in enumerate(axes, start=1):
        first, last, middle = (values.take(i, axis=slot) for i in (0, -1, axis.points // 2))
        scale = float(np.abs(values).max())
        if (
            axis.periodic
            and float(np.abs(last - first).max()) <= 1e-12 * scale
            and float(np.abs(middle - first).max()) > 1e-6 * scale
        ):
            raise InputError(
                f"{path}: {axis.name} is periodic and its last point repeats the first; leave "
                "the last point out."
            )
    return Table(axes, values)


def _axis(path: str, name: str, points: Array, periodic: bool) -> TableAxis:
    if points.ndim != 1 or len(points) < SHORTEST:
        raise InputError(
            f"{path} has {points.size} points along {name}: at least {SHORTEST} are needed."
        )
    step = float(points[-1] - points[0]) / (len(points) - 1)
    straight = points[0] + step * np.arange(len(points))
    if not step > 0 or not np.allclose(points, straight, rtol=0.0, atol=1e-6 * step):
        raise InputError(f"{path}: the points along {name} must increase in equal steps.")
    return TableAxis(name, float(points[0]), step, len(points), periodic)
