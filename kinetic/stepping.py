"""Strong-stability-preserving Runge-Kutta steppers as tables.

Each stage replaces u by α u₀ + β u + γ Δt L(u, t + c Δt).  Two registers suffice; a `mix`
before a stage sets u₀, u ← p u₀ + q u, r u₀ + s u.  The weights of what is kept add up to 1 in
floating point too: a deficit of one rounding per step would be a drift of the charge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kinetic.errors import InputError, suggestion
from kinetic.registry import Description, construct


@dataclass(frozen=True)
class Stage:
    """u ← α u₀ + β u + γ Δt L(u, t + c Δt), after an optional mix (p, q, r, s)."""

    alpha: float
    beta: float
    gamma: float
    time: float
    mix: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Tableau:
    """A stepper: its order, its stages and the largest step it may take.

    `coefficient` counts forward-Euler steps of the first-order scheme: the smaller of the SSP
    coefficient and the linear stability limit with fifth-order upwind fluxes (1.43, 3.09 for
    ssprk3, ssprk104; ssprk2 has none, its growth per step is below 1e-4 at 0.3).
    """

    order: int
    coefficient: float
    stages: tuple[Stage, ...]
    source: str


_SIXTH = 1.0 / 6.0
_KETCHESON = (
    *(Stage(0.0, 1.0, _SIXTH, i * _SIXTH) for i in range(5)),
    Stage(0.0, 1.0, _SIXTH, 2.0 * _SIXTH, mix=(1.0 - 0.6 - 0.36, 0.36, 0.6, 0.4)),
    *(Stage(0.0, 1.0, _SIXTH, (2.0 + i) * _SIXTH) for i in range(1, 4)),
    Stage(1.0, 0.6, 0.1, 1.0),
)

TABLEAUX = {
    "ssprk2": Tableau(
        2,
        0.3,
        (Stage(0.0, 1.0, 1.0, 0.0), Stage(0.5, 0.5, 0.5, 1.0)),
        "Shu and Osher, J. Comput. Phys. 77, 439 (1988), Eq. (2.16)",
    ),
    "ssprk3": Tableau(
        3,
        1.0,
        (
            Stage(0.0, 1.0, 1.0, 0.0),
            Stage(0.75, 0.25, 0.25, 1.0),
            Stage(1.0 - 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 0.5),
        ),
        "Shu and Osher, J. Comput. Phys. 77, 439 (1988), Eq. (2.18)",
    ),
    "ssprk104": Tableau(
        4,
        3.0,
        _KETCHESON,
        "Ketcheson, SIAM J. Sci. Comput. 30, 2113 (2008), Pseudocode 3",
    ),
}


@dataclass(frozen=True)
class Stepping(Description):
    """Δt = courant · coefficient / max Σ_faces outflow/(V D_s), or a given step.

    Parameters
    ----------
    stepper
        'ssprk2', 'ssprk3' or 'ssprk104' (fourth order, ten stages).
    courant
        Fraction of the largest step that keeps first-order fluxes monotone.
    step
        Upper limit of Δt, units of time.  With None the step follows the Courant number, a
        tenth of the relaxation time, and how fast e(t), b(t) and the parameters change; a
        given step takes their resolution into the user's hands.
    """

    kind = "stepping"

    stepper: str = "ssprk3"
    courant: float = 0.9
    step: float | None = None

    def __post_init__(self) -> None:
        if self.stepper not in TABLEAUX:
            raise InputError(
                f"stepper = {self.stepper!r}: {suggestion(str(self.stepper), TABLEAUX)}"
            )
        if not isinstance(self.courant, int | float) or not 0.0 < self.courant <= 1.0:
            raise InputError(f"courant = {self.courant!r} must lie in (0, 1].")
        if self.step is not None and (
            not isinstance(self.step, int | float)
            or isinstance(self.step, bool)
            or not 0.0 < self.step < float("inf")
        ):
            raise InputError(f"step = {self.step!r} must be a number above 0.")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Stepping:
        """Read the numerical part of the `[time]` table."""
        return construct(cls, table, "time")

    @property
    def tableau(self) -> Tableau:
        """The stages of the chosen stepper."""
        return TABLEAUX[self.stepper]
