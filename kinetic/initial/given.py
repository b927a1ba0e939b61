"""Occupations as given: by formulas, or by the result of another run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.expressions import parse
from kinetic.grid import SPACE, Array
from kinetic.initial.base import Initial, Points
from kinetic.initial.parameters import MOMENTA, constants, formula_values, require


@dataclass(frozen=True)
class Formula(Initial):
    """f_-(r, k), f_+(r, k) as written.

    Parameters
    ----------
    lower, upper
        Formulas in x, y, z, kx, ky, kz and the parameters, with values in [0, 1].
    parameters
        Numbers by name.
    """

    name = "expression"

    lower: Any
    upper: Any
    parameters: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", constants(self.parameters))
        allowed = (*SPACE, *MOMENTA, *self.parameters)
        for key in ("lower", "upper"):
            parse(getattr(self, key), allowed, key)

    def occupation(self, points: Points) -> Array:
        """The formulas at the points.

        Raises
        ------
        InputError
            If a value is not a number or leaves [0, 1].
        """
        momenta = dict(zip(MOMENTA, points.k, strict=False))
        variables = {name: points.r[name] for name in SPACE if name in points.r} | momenta
        values = formula_values(self._sources(variables), variables, self.parameters)
        f = np.stack([np.broadcast_to(value, points.shape) for value in values])
        for key, value in zip(("lower", "upper"), f, strict=True):
            bad = np.argwhere(~np.isfinite(value))
            if len(bad):
                raise InputError(
                    f"[initial] {key}: the formula is not a finite number at "
                    f"{_place(variables, points.shape, tuple(bad[0]))}: write it so that it has "
                    "a value there."
                )
        if f.min() < -1e-12 or f.max() > 1.0 + 1e-12:
            raise InputError(
                f"[initial] the formulas give occupations between {f.min():.6g} and "
                f"{f.max():.6g}; they must lie in [0, 1]."
            )
        return f

    def _sources(self, present: Collection[str]) -> list[str]:
        """Both formulas as text; they may use the present coordinates alone."""
        sources = [
            parse(getattr(self, key), (*SPACE, *MOMENTA, *self.parameters), key).source
            for key in ("lower", "upper")
        ]
        for key, source in zip(("lower", "upper"), sources, strict=True):
            require(key, source, present, self.parameters)
        return sources

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """Coordinates that have an axis."""
        self._sources((*space, *MOMENTA[:dimensions]))


def _place(
    coordinates: Mapping[str, Array], shape: tuple[int, ...], index: tuple[int, ...]
) -> str:
    """'kx = 0.5, ky = 0' of one of the points."""
    at = {name: float(np.broadcast_to(x, shape)[index]) for name, x in coordinates.items()}
    return ", ".join(f"{name} = {x:.6g}" for name, x in at.items())


@dataclass(frozen=True)
class FromFile(Initial):
    """f_s(r, k) from the last `occupation` snapshot of a result file with the same grid.

    Parameters
    ----------
    path
        A netCDF file written by this program.
    """

    name = "file"

    path: str

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise InputError(f"path = {self.path!r}: there is no such file.")

    def cells(self, shape: tuple[int, ...]) -> Array:
        """Occupations (valley, band, *r, *k) read from the file.

        Parameters
        ----------
        shape
            The shape that this run needs.

        Raises
        ------
        InputError
            If the file has no snapshot of that shape.
        """
        import xarray

        try:
            with xarray.open_dataset(self.path) as dataset:
                if "occupation" not in dataset:
                    raise InputError(
                        f"{self.path} holds no 'occupation' snapshot; write one with "
                        "[output.snapshots] variables = ['occupation']."
                    )
                values = np.asarray(dataset["occupation"].isel(snapshot_time=-1), dtype=float)
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} is not a result of this program: {error}.") from None
        if values.shape != shape:
            raise InputError(
                f"{self.path} has occupations of shape {values.shape}; this run needs {shape}."
            )
        return values
