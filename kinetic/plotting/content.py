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
_POWERS = {"energy": (1, 0, 0), "length": (0, 1, 0), "time": (0, 0, 1), "hbar": (1, 0, 1)}


def in_si(units: str, scales: Mapping[str, Any]) -> str | None:
    """The SI value of units such as 'energy/length^2', or None if the file cannot tell it.

    Momenta stay in ħ/length, as everybody plots them.
    """
    if "si_energy" not in scales or units in ("", "1", "hbar/length"):
        return None
    total = [0, 0, 0]
    for sign, side in zip(
        (1, -1), units.replace("(", "").replace(")", "").split("/"), strict=False
    ):
        for token in side.split():
            name, _, power = token.partition("^")
            if name == "1":
                continue
            if name not in _POWERS or not (power or "1").isdecimal():
                return None
            for i, each in enumerate(_POWERS[name]):
                total[i] += sign * int(power or 1) * each
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
    """

    dataset: xarray.Dataset

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
