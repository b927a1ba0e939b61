"""What an initial state is: points it is asked at, and what it says about equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from kinetic.errors import MissingMethodError
from kinetic.grid import Array
from kinetic.registry import Description


@dataclass(frozen=True)
class Points:
    """Points of phase space at which an initial state is asked for, with the energies there.

    Parameters
    ----------
    k
        Arrays that broadcast together, one per momentum direction.
    energy
        ε̄_s without φ.  (band, S)
    valley
        Its index.
    r
        Coordinates by the names x, y, z of the r axes; they broadcast against k.
    potential
        φ, the potential energy of the carrier; it broadcasts against k.
    """

    k: Sequence[Array]
    energy: Array
    valley: int
    r: Mapping[str, Array] = field(default_factory=dict)
    potential: Array | float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """S, what everything here broadcasts to."""
        potential = np.shape(self.potential)
        positions = (np.shape(r) for r in self.r.values())
        momenta = (np.shape(k) for k in self.k)
        return np.broadcast_shapes(self.energy.shape[1:], potential, *positions, *momenta)

    def spread(self, occupation: Array) -> Array:
        """An occupation at every point, also where it does not depend on one.  (band, S)"""
        shape = (len(self.energy), *self.shape)
        if occupation.shape == shape:
            return occupation
        return np.broadcast_to(occupation, shape).copy()


def fermi(energy: Array, chemical_potential: ArrayLike, temperature: ArrayLike) -> Array:
    """f_FD = 1/(1 + exp((ε - μ)/T)), without overflow; a step where T = 0.  (S)

    μ and T: numbers, or arrays that broadcast against ε.
    """
    mu, temperature = np.asarray(chemical_potential), np.asarray(temperature)
    cold = temperature == 0.0
    if np.all(cold):
        return np.heaviside(mu - energy, 0.5)
    with np.errstate(over="ignore"):
        x = (energy - mu) / np.where(cold, 1.0, temperature)
        smooth = np.asarray(0.5 * (1.0 - np.tanh(0.5 * x)))
    return np.where(cold, np.heaviside(mu - energy, 0.5), smooth) if np.any(cold) else smooth


def grand_potential(energy: Array, chemical_potential: float, temperature: float) -> Array:
    """G = -T ln(1 + exp(-(ε - μ)/T)), with dG/dε = f_FD.  (S)"""
    if temperature == 0.0:
        return np.minimum(energy - chemical_potential, 0.0)
    x = (energy - chemical_potential) / temperature
    return np.asarray(-temperature * np.logaddexp(0.0, -x))


class Initial(Description):
    """A state f_s(r, k) at the start.

    `equilibrium` says whether it is a Fermi function of ε̄ + φ with one μ and one T per valley,
    which static fields and textures leave alone.
    """

    kind = "initial"
    equilibrium = False

    def occupation(self, points: Points) -> Array:
        """f_s at the points.  (band, S)"""
        raise MissingMethodError(self, "occupation")

    def reservoir(self, valley: int) -> tuple[float, float] | None:
        """(μ, T) of a valley if the state has one of each."""
        return None

    def background(
        self, valley: int, r: Mapping[str, Array], potential: Array | float = 0.0
    ) -> tuple[float, float] | None:
        """(μ₀, T₀) of the global equilibrium f_FD(ε̄_s + φ - μ₀) that may be split off.

        Parameters
        ----------
        valley
            Its index.
        r, potential
            Coordinates by name and φ at the sites of the grid; they broadcast together.

        Returns
        -------
        tuple or None
            None where the state is no disturbed equilibrium.
        """
        return self.reservoir(valley)

    def check(self, valleys: int, dimensions: int, space: Sequence[str] = ()) -> None:
        """Refuse parameters that do not fit the Hamiltonian or the grid.

        Parameters
        ----------
        valleys
            How many the Hamiltonian has.
        dimensions
            Number of momentum directions.
        space
            Names of the r axes.

        Raises
        ------
        InputError
            Naming the parameter.
        """
