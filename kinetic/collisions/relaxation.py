"""Relaxation towards a local Fermi function that carries the declared invariants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.collisions.times import Time
from kinetic.errors import InputError, suggestion

CHARGES = ("charge", "valley_charge", "band_charge")
INVARIANTS = (*CHARGES, "energy", "momentum")


@dataclass(frozen=True)
class RelaxationTime(Collision):
    """C[f]_s = -(f_s - f_FD(ε̄_s - u·k; μ, T))/τ

    With axes in real space the invariants are kept at every place, with μ(r), T(r) and u(r), and
    the bath is the global equilibrium f_FD(ε̄_s + φ).  Where τ depends on energy or k, μ, T and u
    are those for which the declared quantities are kept, not those with the contents of f.

    Parameters
    ----------
    tau
        τ > 0 (time), a number or a formula in energy (ε̄_s + φ, as μ is counted), kx, ky, kz, x,
        y, z and band (-1 or 1), such as "20/(1 + 4*energy**2)".
    conserving
        One of 'charge' (one μ for all valleys), 'valley_charge' (μ of each valley) and
        'band_charge' (μ of each band of each valley); with it 'energy' (T as well) and 'momentum'
        (the drift u along every axis, which must be open).  T and u are those of all valleys
        with 'charge', else of each valley.  What is not conserved relaxes to the bath.
    chemical_potential, temperature
        μ and T of the bath; by default those of the initial state.
    """

    name = "relaxation_time"

    tau: Any
    conserving: Any = ()
    chemical_potential: float | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        Time(self.tau, "tau")
        listed = [self.conserving] if isinstance(self.conserving, str) else self.conserving
        if not isinstance(listed, list | tuple):
            raise InputError(
                f"conserving = {listed!r} must be a list of {', '.join(INVARIANTS)}."
            )
        for invariant in listed:
            if invariant not in INVARIANTS:
                raise InputError(
                    f"conserving = {invariant!r}: {suggestion(str(invariant), INVARIANTS)}"
                )
        object.__setattr__(self, "conserving", tuple(listed))
        charges = [name for name in CHARGES if name in listed]
        if len(charges) > 1:
            raise InputError(
                f"conserving = {list(listed)}: name one of 'charge', 'valley_charge' and "
                "'band_charge'; each keeps what those before it keep."
            )
        if len(set(listed)) < len(listed):
            raise InputError(f"conserving = {list(listed)} names an invariant twice.")
        for name in ("energy", "momentum"):
            if name in listed and not charges:
                raise InputError(
                    f"conserving = ['{name}'] alone leaves μ open; add 'charge', "
                    "'valley_charge' or 'band_charge'."
                )
        check_bath(self.chemical_potential, self.temperature)

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
            the charge, or momentum is to be kept on a periodic axis.
        """
        # slow: the compiled loops
        from kinetic.collisions.local import LocalEquilibrium, LocalRelaxation

        baths = baths_of(
            surroundings,
            self.chemical_potential,
            self.temperature,
            self.name,
            "drop 'conserving'" if self.conserving else "",
        )
        equilibrium = LocalEquilibrium(self.conserving, surroundings, baths)
        return LocalRelaxation(Time(self.tau, "tau"), equilibrium)


def check_bath(mu: object, temperature: object) -> None:
    """Refuse what is no μ or no T.

    Raises
    ------
    InputError
        Naming the key.
    """
    for key, value in (("chemical_potential", mu), ("temperature", temperature)):
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
            raise InputError(f"{key} = {value!r} is not a number.")
    if isinstance(temperature, int | float) and temperature <= 0:
        raise InputError(f"temperature = {temperature} must be above 0.")


def baths_of(
    surroundings: Surroundings,
    mu: float | None,
    temperature: float | None,
    operator: str,
    instead: str = "",
) -> Sequence[tuple[float, float]]:
    """(μ, T) of every valley: what is given, else those of the initial state.

    Parameters
    ----------
    operator
        What asks, for messages.
    instead
        What else to do where μ is to follow the charge and T is 0; '' where it is not to.

    Raises
    ------
    InputError
        If there are none, or T is 0 where μ is to follow the charge.
    """
    baths = []
    for reservoir in surroundings.reservoirs:
        own = (mu, temperature)
        filled = tuple(
            value if value is not None else (reservoir[i] if reservoir else None)
            for i, value in enumerate(own)
        )
        if filled[0] is None or filled[1] is None:
            raise InputError(
                f"[collisions] {operator} needs chemical_potential and temperature: "
                "the initial state has none of its own."
            )
        baths.append((float(filled[0]), float(filled[1])))
    if instead and any(temperature <= 0.0 for _, temperature in baths):
        raise InputError(
            f"[collisions] {operator}: at T = 0 no μ carries a given charge on a grid; "
            f"give it a temperature above 0, or {instead}."
        )
    return tuple(baths)
