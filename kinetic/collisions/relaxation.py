"""Relaxation towards a local Fermi function that carries the declared invariants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.errors import InputError, PhysicsError, suggestion
from kinetic.grid import Array
from kinetic.initial import fermi

INVARIANTS = ("charge", "valley_charge", "energy")
_ITERATIONS = 60


@dataclass(frozen=True)
class RelaxationTime(Collision):
    """C[f]_s = -(f_s - f_FD(ε̄_s; μ, T))/τ

    Parameters
    ----------
    tau
        τ > 0 (time).
    conserving
        Any of 'charge' (one μ for all valleys), 'valley_charge' (μ of each valley) and
        'energy' (T as well).  What is not conserved relaxes to the bath.
    chemical_potential, temperature
        μ and T of the bath; by default those of the initial state.
    """

    name = "relaxation_time"

    tau: float
    conserving: Any = ()
    chemical_potential: float | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.tau, int | float) or isinstance(self.tau, bool) or self.tau <= 0:
            raise InputError(f"tau = {self.tau!r} must be a number above 0.")
        listed = [self.conserving] if isinstance(self.conserving, str) else self.conserving
        for invariant in listed:
            if invariant not in INVARIANTS:
                raise InputError(
                    f"conserving = {invariant!r}: {suggestion(str(invariant), INVARIANTS)}"
                )
        object.__setattr__(self, "conserving", tuple(listed))
        if "energy" in self.conserving and not {"charge", "valley_charge"} & set(self.conserving):
            raise InputError(
                "conserving = ['energy'] alone leaves μ open; add 'charge' or 'valley_charge'."
            )
        for key in ("chemical_potential", "temperature"):
            value = getattr(self, key)
            if value is not None and not isinstance(value, int | float):
                raise InputError(f"{key} = {value!r} is not a number.")
        if self.temperature is not None and self.temperature <= 0:
            raise InputError(f"temperature = {self.temperature} must be above 0.")

    @property
    def conserves(self) -> tuple[str, ...]:  # type: ignore[override]
        """The declared invariants."""
        return tuple(self.conserving)

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator on a grid.

        Raises
        ------
        InputError
            If neither the table nor the initial state gives μ and T.
        """
        baths = []
        for reservoir in surroundings.reservoirs:
            own = (self.chemical_potential, self.temperature)
            filled = tuple(
                value if value is not None else (reservoir[i] if reservoir else None)
                for i, value in enumerate(own)
            )
            if filled[0] is None or filled[1] is None:
                raise InputError(
                    "[collisions] relaxation_time needs chemical_potential and temperature: "
                    "the initial state has none of its own."
                )
            baths.append((float(filled[0]), float(filled[1])))
        return _Relaxation(self, surroundings, tuple(baths))


class _Relaxation(Operator):
    """Finds μ (and T) of the local equilibrium by safeguarded Newton, then relaxes."""

    def __init__(
        self,
        description: RelaxationTime,
        surroundings: Surroundings,
        baths: tuple[tuple[float, float], ...],
    ) -> None:
        self.description, self.around = description, surroundings
        self.fastest = 1.0 / description.tau
        self.baths = np.array(baths)
        # The Fermi function of the bath on the grid.  Where it is the initial state its own
        # cell averages are taken, so that the initial equilibrium is a fixed point to rounding.
        same = surroundings.thermal and all(
            reservoir == bath
            for reservoir, bath in zip(surroundings.reservoirs, baths, strict=True)
        )
        self.offset = (
            surroundings.equilibrium - self._fermi(self.baths)
            if same
            else np.zeros_like(surroundings.equilibrium)
        )
        self.local = self.baths.copy()

    def _fermi(self, parameters: Array) -> Array:
        energy = self.around.energy
        return np.concatenate(
            [
                fermi(energy[2 * v : 2 * v + 2], mu, temperature)
                for v, (mu, temperature) in enumerate(parameters)
            ]
        )

    def _target(self, parameters: Array) -> Array:
        target = np.clip(self._fermi(parameters) + self.offset, 0.0, 1.0)
        for valley, glued in enumerate(self.around.glued):
            if glued.any():
                pair = target[2 * valley : 2 * valley + 2]
                pair[:, glued] = 0.5 * (pair[0, glued] + pair[1, glued])
        return target

    def _groups(self) -> list[list[int]]:
        """Valleys that share one μ."""
        valleys = list(range(len(self.baths)))
        if "valley_charge" in self.description.conserving:
            return [[valley] for valley in valleys]
        return [valleys]

    def _solve(self, f: Array) -> Array:
        parameters = self.baths.copy()
        conserving = self.description.conserving
        if not conserving:
            return parameters
        for group in self._groups():
            bands = [2 * v + b for v in group for b in (0, 1)]
            weight, energy = self.around.weight[bands], self.around.energy[bands]
            wanted = [float(np.sum(weight * f[bands]))]
            if "energy" in conserving:
                wanted.append(float(np.sum(weight * energy * f[bands])))
            parameters[group] = self._newton(group, bands, np.array(wanted))
        return parameters

    def _newton(self, group: list[int], bands: list[int], wanted: Array) -> Array:
        weight, energy = self.around.weight[bands], self.around.energy[bands]
        guess = self.local[group[0]].copy()
        offset = self.offset[bands]
        scale = np.array([np.sum(weight), np.sum(weight * np.abs(energy)) + 1e-300])[
            : len(wanted)
        ]

        def excess(values: Array) -> tuple[Array, Array]:
            f = fermi(energy, values[0], values[1])
            kept = np.clip(f + offset, 0.0, 1.0)
            slope = f * (1.0 - f) / values[1]
            columns = [slope, slope * (energy - values[0]) / values[1]]
            powers = [weight, weight * energy][: len(wanted)]
            residual = np.array([float(np.sum(p * kept)) for p in powers]) - wanted
            matrix = np.array([[float(np.sum(p * c)) for c in columns] for p in powers])
            return residual, matrix[:, : len(wanted)]

        residual, matrix = excess(guess)
        for _ in range(_ITERATIONS):
            if np.all(np.abs(residual) <= 4e-16 * scale):
                break
            try:
                step = np.linalg.solve(matrix, -residual)
            except np.linalg.LinAlgError:
                step = np.sign(-residual) * guess[1]
            step = np.clip(step, -4.0 * guess[1], 4.0 * guess[1])
            size = 1.0
            while True:
                trial = guess.copy()
                trial[: len(step)] += size * step
                if trial[1] > 0.1 * guess[1]:
                    changed, derivative = excess(trial)
                    if np.sum(np.abs(changed / scale)) < np.sum(np.abs(residual / scale)):
                        break
                size *= 0.5
                if size < 1e-8:
                    break
            if size < 1e-8:
                break
            guess, residual, matrix = trial, changed, derivative
        if np.any(np.abs(residual) > 1e-11 * scale):
            raise PhysicsError(
                "relaxation_time found no local Fermi function that carries the charge"
                f"{' and energy' if len(wanted) > 1 else ''} of the state (μ = {guess[0]:.4g}, "
                f"T = {guess[1]:.4g} reached): the state is too far from any equilibrium; take a "
                "larger grid or drop 'conserving'."
            )
        return np.asarray(guess)

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add -(f - f_local)/τ."""
        self.local = self._solve(f)
        target = self._target(self.local)
        target -= f
        target *= self.fastest
        out += target

    def state(self) -> dict[str, Array]:
        """The last μ and T: where Newton starts."""
        return {"local": self.local.copy()}

    def restore(self, state: dict[str, Array]) -> None:
        """Take μ and T back."""
        self.local = np.array(state["local"])
