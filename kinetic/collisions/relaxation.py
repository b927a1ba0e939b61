"""Relaxation towards a local Fermi function that carries the declared invariants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.errors import InputError, suggestion

INVARIANTS = ("charge", "valley_charge", "energy")


@dataclass(frozen=True)
class RelaxationTime(Collision):
    """C[f]_s = -(f_s - f_FD(ε̄_s; μ, T))/τ

    With axes in real space the invariants are kept at every place, with μ(r) and T(r), and the
    bath is the global equilibrium f_FD(ε̄_s + φ).

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
            If neither the table nor the initial state gives μ and T, or T = 0 and μ is to follow
            the charge.
        """
        from kinetic.collisions.local import LocalRelaxation  # slow: the compiled loops

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
        if self.conserving and any(temperature <= 0.0 for _, temperature in baths):
            raise InputError(
                "[collisions] relaxation_time: at T = 0 no μ carries a given charge on a grid; "
                "give it a temperature above 0, or drop 'conserving'."
            )
        return LocalRelaxation(self.tau, self.conserving, surroundings, tuple(baths))
