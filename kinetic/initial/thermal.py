"""Fermi functions: in equilibrium, locally in equilibrium, drifting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.initial.base import Initial, Points, fermi
from kinetic.initial.parameters import (
    MOMENTA,
    check_components,
    check_profiles,
    check_valleys,
    constants,
    evaluated,
    number,
    per_valley,
    pick,
    profiles,
    vector,
)


@dataclass(frozen=True)
class FermiDirac(Initial):
    """f_s = 1/(1 + exp((ε̄_s + φ(r) - μ)/T)), the dressed equilibrium.

    Parameters
    ----------
    chemical_potential
        μ, a number or one per valley; the same at every r, whatever the potential φ does
        (energy).
    temperature
        T >= 0, a number or one per valley (energy).
    """

    name = "fermi_dirac"
    equilibrium = True

    chemical_potential: Any
    temperature: Any

    def __post_init__(self) -> None:
        for key in ("chemical_potential", "temperature"):
            object.__setattr__(self, key, per_valley(key, getattr(self, key)))
        if np.any(np.asarray(self.temperature) < 0.0):
            raise InputError(f"temperature = {self.temperature} must not be negative.")

    def reservoir(self, valley: int) -> tuple[float, float]:
        """(μ, T) of a valley."""
        return pick(self.chemical_potential, valley), pick(self.temperature, valley)

    def occupation(self, points: Points) -> Array:
        """f_FD(ε̄_s + φ)."""
        f = fermi(points.energy + points.potential, *self.reservoir(points.valley))
        return points.spread(f)

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """One value per valley."""
        check_valleys("chemical_potential", self.chemical_potential, valleys)
        check_valleys("temperature", self.temperature, valleys)


@dataclass(frozen=True)
class LocalEquilibrium(Initial):
    """f_s = 1/(1 + exp((ε̄_s - μ(r))/T(r))), a Fermi function of its own at every place.

    It is at rest only where μ(r) + φ(r) and T(r) are the same everywhere.

    Parameters
    ----------
    chemical_potential
        μ(r), measured from the bands as they are without the potential φ: a number or a
        formula in x, y, z, or a list of one per valley (energy).
    temperature
        T(r) >= 0, likewise: 'T0 + slope*x' is a thermal gradient (energy).
    parameters
        Numbers by name for the formulas.
    """

    name = "local_equilibrium"

    chemical_potential: Any
    temperature: Any
    parameters: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", constants(self.parameters))
        for key in ("chemical_potential", "temperature"):
            value = profiles(key, getattr(self, key), self.parameters)
            object.__setattr__(self, key, value)
        listed = self.temperature if isinstance(self.temperature, tuple) else [self.temperature]
        if any(not isinstance(value, str) and value < 0.0 for value in listed):
            raise InputError(f"temperature = {self.temperature} must not be negative.")

    def reservoir(self, valley: int) -> tuple[float, float] | None:
        """(μ, T) of a valley if neither is a formula."""
        mu, temperature = pick(self.chemical_potential, valley), pick(self.temperature, valley)
        if isinstance(mu, str) or isinstance(temperature, str):
            return None
        return mu, temperature

    def background(
        self, valley: int, r: Mapping[str, Array], potential: Array | float = 0.0
    ) -> tuple[float, float]:
        """Means of μ(r) + φ(r) and of T(r) over the sites."""
        mu, temperature = self.profiles(valley, r)
        return float(np.mean(mu + potential)), float(np.mean(temperature))

    def profiles(self, valley: int, r: Mapping[str, Array]) -> tuple[Array, Array]:
        """μ(r) and T(r) of a valley; they broadcast against the coordinates.

        Raises
        ------
        InputError
            If one is not finite, or T is negative somewhere.
        """
        mu, temperature = (
            evaluated(key, pick(getattr(self, key), valley), r, self.parameters)
            for key in ("chemical_potential", "temperature")
        )
        if temperature.min() < 0.0:
            raise InputError(
                f"[initial] temperature = '{pick(self.temperature, valley)}' falls to "
                f"{temperature.min():.6g} on the grid; it must not be negative."
            )
        return mu, temperature

    def occupation(self, points: Points) -> Array:
        """f_FD(ε̄_s; μ(r), T(r))."""
        f = fermi(points.energy, *self.profiles(points.valley, points.r))
        return points.spread(f)

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """One profile per valley, in coordinates that have an axis."""
        for key in ("chemical_potential", "temperature"):
            check_valleys(key, getattr(self, key), valleys)
            check_profiles(key, getattr(self, key), space, self.parameters)


@dataclass(frozen=True)
class ShiftedFermiDirac(Initial):
    """f_s = 1/(1 + exp((ε̄_s + φ(r) - u·k - μ)/T)), a Fermi sea that drifts with velocity u.

    Parameters
    ----------
    chemical_potential, temperature
        μ and T >= 0 (energy).
    drift
        u, one component per momentum direction (energy over momentum).
    """

    name = "shifted_fermi_dirac"

    chemical_potential: float
    temperature: float
    drift: Any

    def __post_init__(self) -> None:
        number("chemical_potential", self.chemical_potential)
        if number("temperature", self.temperature) < 0.0:
            raise InputError(f"temperature = {self.temperature} must not be negative.")
        object.__setattr__(self, "drift", vector("drift", self.drift))

    def reservoir(self, valley: int) -> tuple[float, float]:
        """(μ, T)."""
        return self.chemical_potential, self.temperature

    def occupation(self, points: Points) -> Array:
        """f_FD(ε̄_s + φ - u·k)."""
        along = sum(u * k for u, k in zip(self.drift, points.k, strict=True))
        energy = points.energy + points.potential - along
        f = fermi(energy, self.chemical_potential, self.temperature)
        return points.spread(f)

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """One component per direction."""
        check_components("drift", self.drift, "momentum", MOMENTA[:dimensions])
