"""Initial states: occupations f_s(k) at the start, and the equilibrium they declare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError, MissingMethodError
from kinetic.grid import Array
from kinetic.registry import Description


@dataclass(frozen=True)
class Points:
    """Momenta at which an initial state is asked for, with the energies there.

    `k`: broadcastable arrays, one per direction; `energy` ε̄_s (band, S); `valley` its index.
    """

    k: Sequence[Array]
    energy: Array
    valley: int


def fermi(energy: Array, chemical_potential: float, temperature: float) -> Array:
    """f_FD = 1/(1 + exp((ε - μ)/T)), without overflow; a step at T = 0.  (S)"""
    if temperature == 0.0:
        return np.heaviside(chemical_potential - energy, 0.5)
    x = (energy - chemical_potential) / temperature
    return np.asarray(0.5 * (1.0 - np.tanh(0.5 * x)))


def grand_potential(energy: Array, chemical_potential: float, temperature: float) -> Array:
    """G = -T ln(1 + exp(-(ε - μ)/T)), with dG/dε = f_FD.  (S)"""
    if temperature == 0.0:
        return np.minimum(energy - chemical_potential, 0.0)
    x = (energy - chemical_potential) / temperature
    return np.asarray(-temperature * np.logaddexp(0.0, -x))


class Initial(Description):
    """A state f_s(k) at the start.

    `equilibrium` says whether it is a Fermi function of ε̄ that static fields leave alone.
    """

    kind = "initial"
    equilibrium = False

    def occupation(self, points: Points) -> Array:
        """f_s at the points.  (band, S)"""
        raise MissingMethodError(self, "occupation")

    def reservoir(self, valley: int) -> tuple[float, float] | None:
        """(μ, T) of a valley if the state has them."""
        return None

    def check(self, valleys: int, dimensions: int) -> None:
        """Refuse parameters that do not fit the Hamiltonian or the grid."""


def _number(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not np.isfinite(value):
        raise InputError(f"{name} = {value!r} is not a finite number.")
    return float(value)


def _per_valley(name: str, value: Any) -> tuple[float, ...] | float:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_number(name, item) for item in value)
    return _number(name, value)


def _vector(name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError(f"{name} = {value!r} must be a list of numbers.")
    return tuple(_number(name, item) for item in value)


def _pick(value: tuple[float, ...] | float, valley: int) -> float:
    return value[valley] if isinstance(value, tuple) else value


def _check_valleys(name: str, value: tuple[float, ...] | float, valleys: int) -> None:
    if isinstance(value, tuple) and len(value) != valleys:
        raise InputError(
            f"[initial] {name} has {len(value)} entries, the Hamiltonian {valleys} "
            f"valley{'s' if valleys > 1 else ''}; give one number or one per valley."
        )


@dataclass(frozen=True)
class FermiDirac(Initial):
    """f_s = 1/(1 + exp((ε̄_s - μ)/T)), the dressed equilibrium.

    Parameters
    ----------
    chemical_potential
        μ, a number or one per valley (energy).
    temperature
        T >= 0, a number or one per valley (energy).
    """

    name = "fermi_dirac"
    equilibrium = True

    chemical_potential: Any
    temperature: Any

    def __post_init__(self) -> None:
        for key in ("chemical_potential", "temperature"):
            object.__setattr__(self, key, _per_valley(key, getattr(self, key)))
        if np.any(np.asarray(self.temperature) < 0.0):
            raise InputError(f"temperature = {self.temperature} must not be negative.")

    def reservoir(self, valley: int) -> tuple[float, float]:
        """(μ, T) of a valley."""
        return _pick(self.chemical_potential, valley), _pick(self.temperature, valley)

    def occupation(self, points: Points) -> Array:
        """f_FD(ε̄_s)."""
        return fermi(points.energy, *self.reservoir(points.valley))

    def check(self, valleys: int, dimensions: int) -> None:
        """One value per valley."""
        _check_valleys("chemical_potential", self.chemical_potential, valleys)
        _check_valleys("temperature", self.temperature, valleys)


@dataclass(frozen=True)
class ShiftedFermiDirac(Initial):
    """f_s = 1/(1 + exp((ε̄_s - u·k - μ)/T)), a Fermi sea that drifts with velocity u.

    Parameters
    ----------
    chemical_potential, temperature
        μ and T > 0 (energy).
    drift
        u, one component per momentum direction (energy over momentum).
    """

    name = "shifted_fermi_dirac"

    chemical_potential: float
    temperature: float
    drift: Any

    def __post_init__(self) -> None:
        _number("chemical_potential", self.chemical_potential)
        if _number("temperature", self.temperature) < 0.0:
            raise InputError(f"temperature = {self.temperature} must not be negative.")
        object.__setattr__(self, "drift", _vector("drift", self.drift))

    def reservoir(self, valley: int) -> tuple[float, float]:
        """(μ, T)."""
        return self.chemical_potential, self.temperature

    def occupation(self, points: Points) -> Array:
        """f_FD(ε̄_s - u·k)."""
        along = sum(u * k for u, k in zip(self.drift, points.k, strict=True))
        return fermi(points.energy - along, self.chemical_potential, self.temperature)

    def check(self, valleys: int, dimensions: int) -> None:
        """One component per direction."""
        if len(self.drift) != dimensions:
            raise InputError(
                f"[initial] drift has {len(self.drift)} components, the grid {dimensions} "
                "momentum directions."
            )


@dataclass(frozen=True)
class Gaussian(Initial):
    """f_s = A exp(-|k - k₀|²/2w²) in one band, the other band empty (lower band filled if below).

    Parameters
    ----------
    centre
        k₀, one component per momentum direction.
    width
        w > 0.
    amplitude
        0 < A <= 1.
    band
        'upper' (the lower band is filled) or 'lower' (the upper band is empty).
    """

    name = "gaussian"

    centre: Any
    width: float
    amplitude: float = 1.0
    band: str = "upper"

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre", _vector("centre", self.centre))
        if _number("width", self.width) <= 0.0:
            raise InputError(f"width = {self.width} must be above 0.")
        if not 0.0 < _number("amplitude", self.amplitude) <= 1.0:
            raise InputError(f"amplitude = {self.amplitude} must lie in (0, 1].")
        if self.band not in ("upper", "lower"):
            raise InputError(f"band = {self.band!r}: write 'upper' or 'lower'.")

    def occupation(self, points: Points) -> Array:
        """The packet over the filled or empty rest."""
        squared = sum((k - c) ** 2 for k, c in zip(points.k, self.centre, strict=True))
        packet = self.amplitude * np.exp(-0.5 * np.asarray(squared) / self.width**2)
        packet = np.broadcast_to(packet, points.energy.shape[1:])
        if self.band == "upper":
            return np.stack([np.ones_like(packet), packet])
        return np.stack([packet, np.zeros_like(packet)])

    def check(self, valleys: int, dimensions: int) -> None:
        """One component per direction."""
        if len(self.centre) != dimensions:
            raise InputError(
                f"[initial] centre has {len(self.centre)} components, the grid {dimensions} "
                "momentum directions."
            )


@dataclass(frozen=True)
class Formula(Initial):
    """f_-(k), f_+(k) as written.

    Parameters
    ----------
    lower, upper
        Formulas in kx, ky, kz and the parameters, with values in [0, 1].
    parameters
        Numbers by name.
    """

    name = "expression"

    lower: Any
    upper: Any
    parameters: Any = None

    def __post_init__(self) -> None:
        from kinetic.expressions import parse

        object.__setattr__(self, "parameters", dict(self.parameters or {}))
        allowed = ("kx", "ky", "kz", *self.parameters)
        for key in ("lower", "upper"):
            parse(getattr(self, key), allowed, key)

    def occupation(self, points: Points) -> Array:
        """The formulas at the points.

        Raises
        ------
        InputError
            If a value is not a number or leaves [0, 1].
        """
        from kinetic.compilation import compiled
        from kinetic.expressions import parse

        names = ("kx", "ky", "kz")[: len(points.k)]
        allowed = (*names, *self.parameters)
        formulas = tuple(
            (parse(formula, allowed, key).source, "")
            for key, formula in (("lower", self.lower), ("upper", self.upper))
        )
        values = compiled(allowed, formulas)(*points.k, *self.parameters.values())
        shape = points.energy.shape[1:]
        f = np.stack([np.broadcast_to(np.asarray(v, dtype=float), shape) for v in values])
        if not np.all(np.isfinite(f)) or f.min() < -1e-12 or f.max() > 1.0 + 1e-12:
            raise InputError(
                f"[initial] the formulas give occupations between {np.nanmin(f):.6g} and "
                f"{np.nanmax(f):.6g}; they must lie in [0, 1]."
            )
        return f


@dataclass(frozen=True)
class FromFile(Initial):
    """f_s(k) from the last `occupation` snapshot of a result file with the same grid.

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

    def cells(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Cell averages (valley, band, *k) read from the file.

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
