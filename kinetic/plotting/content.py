"""What a result file holds, in the words of a figure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError
from kinetic.plotting.style import number, powers

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]
SPACE, MOMENTUM = ("x", "y", "z"), ("kx", "ky", "kz")
_POWERS = {"energy": (1, 0, 0), "length": (0, 1, 0), "time": (0, 0, 1), "hbar": (1, 0, 1)}


def axis_of(dimension: str) -> str:
    """The axis that a dimension runs along: x of `x` and of `snapshot_x`."""
    axis = dimension.removeprefix("snapshot_")
    return axis if axis in (*SPACE, *MOMENTUM) else dimension


def _factors(units: str) -> dict[str, int] | None:
    """Powers of the names in units such as 'energy/(length^2 time)', None if they are odd."""
    powers: dict[str, int] = {}
    sides = units.replace("(", "").replace(")", "").split("/")
    for sign, side in zip((1, -1), sides, strict=False):
        for token in side.split():
            name, _, power = token.partition("^")
            if not (power or "1").isdecimal():
                return None
            if name != "1":
                powers[name] = powers.get(name, 0) + sign * int(power or 1)
    return powers


def times_length(units: str, power: int) -> str:
    """Units times length^power: what a density has when it is summed over real space."""
    powers = _factors(units)
    if powers is None:
        return f"{units} length^{power}"
    powers["length"] = powers.get("length", 0) + power
    above, below = (
        " ".join(n if abs(p) == 1 else f"{n}^{abs(p)}" for n, p in powers.items() if sign * p > 0)
        for sign in (1, -1)
    )
    return (above or "1") + (f"/({below})" if " " in below else f"/{below}" if below else "")


def in_si(units: str, scales: Mapping[str, Any]) -> str | None:
    """The SI value of units such as 'energy/length^2', or None if the file cannot tell it.

    Momenta stay in ħ/length, as everybody plots them.
    """
    if "si_energy" not in scales or units in ("", "1", "hbar/length"):
        return None
    factors = _factors(units)
    if factors is None or not factors.keys() <= _POWERS.keys():
        return None
    total = [0, 0, 0]
    for name, power in factors.items():
        for i, each in enumerate(_POWERS[name]):
            total[i] += power * each
    value, words = 1.0, []
    for kind, letter, count in zip(("energy", "length", "time"), "Jms", total, strict=True):
        value *= float(scales[f"si_{kind}"]) ** count
        if count:
            words.append(letter if count == 1 else f"{letter}^{count}")
    return f"{number(value)} {' '.join(words)}"


@dataclass(frozen=True)
class Content:
    """A result as figures see it.

    Parameters
    ----------
    dataset
        The open file.
    places
        What the variables were cut at, in words.
    """

    dataset: xarray.Dataset
    places: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Content:
        """Open a file; arrays are read when they are drawn.

        Raises
        ------
        InputError
            If there is no result at `path`.
        """
        import xarray

        if not path.is_file():
            raise InputError(f"{path} is not a result: there is no such file.")
        try:
            dataset = xarray.open_dataset(path, engine="netcdf4", decode_times=False)
        except (OSError, ValueError, RuntimeError) as error:
            words = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise InputError(f"{path} is not a readable result: {words.rstrip('.')}.") from None
        return cls(dataset)

    @property
    def title(self) -> str:
        """The run's title."""
        return str(self.dataset.attrs.get("title", "")).strip()

    def has(self, name: str) -> bool:
        """Whether a variable is there, with at least one number in it."""
        return name in self.dataset.variables and self.dataset[name].size > 0

    def values(self, name: str) -> Array:
        """A variable as numbers, record dimension first."""
        return np.asarray(self.dataset[name].values, dtype=float)

    # --- real space ------------------------------------------------------------------------

    def array(self, name: str) -> xarray.DataArray:
        """A variable whose axes are called x, kx, ..., also where snapshots are thinned."""
        variable = self.dataset[name]
        names = {str(name) for name in (*variable.dims, *variable.coords)}
        return variable.rename({n: axis_of(n) for n in names if axis_of(n) != n})

    @cached_property
    def space(self) -> tuple[str, ...]:
        """Names of the axes in real space that something is recorded along."""
        names = {axis_of(str(d)) for v in self.dataset.variables.values() for d in v.dims}
        return tuple(axis for axis in SPACE if axis in names)

    def spread(self, name: str) -> tuple[str, ...]:
        """The axes in real space that a variable has."""
        if not self.has(name):
            return ()
        found = {axis_of(str(dim)) for dim in self.dataset[name].dims}
        return tuple(axis for axis in SPACE if axis in found)

    def maps(self) -> list[str]:
        """The variables that have axes in real space and none in momentum."""
        kept = []
        for key, variable in self.dataset.variables.items():
            dims = {axis_of(str(dim)) for dim in variable.dims}
            if dims & set(SPACE) and not dims & set(MOMENTUM) and key not in variable.dims:
                kept.append(str(key))
        return kept

    @cached_property
    def totals(self) -> Content:
        """The same result with its densities summed over real space, as far as recorded in time.

        A recorded `total_density` stands for the sum of `density`.
        """
        kept = {}
        for key, variable in self.dataset.data_vars.items():
            name, axes = str(key), self.spread(str(key))
            if not axes:
                kept[name] = variable
            elif variable.dims[:1] == ("time",) and name in self.maps():
                ready = self.dataset.get(f"total_{name}")
                expected = tuple(dim for dim in variable.dims if dim not in axes)
                if ready is None or ready.dims != expected:
                    sizes = [float(np.diff(self.values(axis)[:2]).sum()) for axis in axes]
                    ready = variable.sum(axes) * float(np.prod([h or 1.0 for h in sizes]))
                    units = str(variable.attrs.get("units", "1"))
                    ready.attrs = {**variable.attrs, "units": times_length(units, len(axes))}
                kept[name] = ready
        first = self.dataset.drop_vars(list(self.dataset.data_vars))
        return Content(first.assign(kept).assign_attrs(self.dataset.attrs))

    def at_site(self, name: str, cells: Mapping[str, int], places: tuple[str, ...]) -> Content:
        """The same result with one variable at one cell of some of its axes."""
        array = self.array(name).isel(dict(cells), drop=True)
        return Content(self.dataset.assign({name: array}), places)

    @cached_property
    def time(self) -> Array:
        """Times of the records."""
        return self.values("time") if self.has("time") else np.zeros(0)

    def label(self, name: str, symbol: str) -> str:
        """An axis label: symbol and units; the SI value of a unit where the file knows it."""
        units = str(self.dataset[name].attrs.get("units", "")) if self.has(name) else ""
        units = in_si(units, self.dataset.attrs) or units
        if units in ("", "1"):
            return symbol
        return f"{symbol}  ({powers(units)})"

    def time_label(self, name: str = "time") -> str:
        """Label of a time axis."""
        return self.label(name, "time $t$")

    def names(self, dimension: str) -> list[str]:
        """Labels of the entries of a small dimension, as the file names them."""
        if dimension in self.dataset.coords:
            entries = self.dataset[dimension].values
        else:
            entries = np.arange(self.dataset.sizes[dimension])
        if dimension == "chirality":
            return [f"χ = {int(entry):+d}".replace("-", "−") for entry in entries]
        if dimension in ("node", "valley") and entries.dtype.kind in "iu":
            return [f"{dimension} {entry}" for entry in entries]
        if dimension == "band" and entries.dtype.kind in "UO":
            return [f"{entry} band" for entry in entries]
        return [str(entry) for entry in entries]

    def lines(self, name: str) -> Iterator[tuple[str, Array]]:
        """A recorded variable as (label, series), one for every entry of its dimensions."""
        variable = self.dataset[name]
        values = np.asarray(variable.values, dtype=float)
        values = values.reshape(len(values), -1)
        labels = [""]
        for dimension in variable.dims[1:]:
            entries = self.names(str(dimension))
            labels = [f"{head} {entry}".strip() for head in labels for entry in entries]
        for column, label in enumerate(labels):
            yield label, values[:, column]

    # --- the physics that the file tells ---------------------------------------------------

    @cached_property
    def run(self) -> dict[str, Any]:
        """The run's tables, or nothing if the file has none."""
        try:
            return tomllib.loads(str(self.dataset.attrs.get("run", "")))
        except tomllib.TOMLDecodeError:
            return {}

    def field(self, name: str) -> Array:
        """E or B of the run as three numbers; a component that depends on time counts as 1."""
        value = self.run.get("fields", {}).get(name, [])
        if not isinstance(value, list):
            value = [0.0, 0.0, value] if name == "B" else [value]
        numbers = [float(v) if isinstance(v, int | float) else 1.0 for v in value]
        return np.array([*numbers, 0.0, 0.0, 0.0][:3])

    @cached_property
    def elapsed(self) -> Array:
        """Times since the first record."""
        return self.time - self.time[:1]

    @property
    def pumps(self) -> bool:
        """Whether nodes pump: e·b is not zero."""
        return (
            self.has("pumping_rate")
            and self.has("pumping_reference")
            and bool(np.any(self.values("pumping_reference")))
        )

    def pumped(self, name: str) -> Array:
        """Charge gathered around each node since the start, from its mean rate.  (time, node)"""
        return self.values(name) * self.elapsed[:, None]

    def nodes(self) -> Array:
        """Positions of the nodes, as far as the file tells them.  (node, k)"""
        found = [self.values(f"node_{k}") for k in ("kx", "ky", "kz") if self.has(f"node_{k}")]
        return np.stack(found, axis=1) if found else np.zeros((0, 3))
