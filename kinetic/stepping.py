"""Strong-stability-preserving Runge-Kutta steppers and compositions of exact shifts, as tables.

Each stage replaces u by α u₀ + β u + γ Δt L(u, t + c Δt).  Two registers suffice; a `mix`
before a stage sets u₀, u ← p u₀ + q u, r u₀ + s u.  The weights of what is kept add up to 1 in
floating point too: a deficit of one rounding per step would be a drift of the charge.

A composition makes a step of χ(α₁Δt) χ*(α₂Δt) χ(α₃Δt) ..., where χ carries the axes one after
another, each by its own exact flow, and χ* does so in the opposite order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinetic.errors import InputError, suggestion
from kinetic.registry import Description, construct


@dataclass(frozen=True)
class Stage:
    """u ← α u₀ + β u + γ Δt L(u, t + c Δt), after an optional mix (p, q, r, s).

    With η > 0 (`solved`) the collisions are not in L: then u ← u + δ Δt C(u of the stage before)
    + η Δt C(u), the last u being the result; δ is `kept`.
    """

    alpha: float
    beta: float
    gamma: float
    time: float
    mix: tuple[float, float, float, float] | None = None
    kept: float = 0.0
    solved: float = 0.0


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

    @property
    def implicit(self) -> bool:
        """Whether collisions are solved for."""
        return any(stage.solved > 0.0 for stage in self.stages)


# Transport by ssprk3.  With δ + η = γ in every stage a steady state is one for every Δt; order 2
# then asks for η₂ = ½ + (3/2)η₃.  η₃ is where the amplification of du/dt = -λu falls off as 1/λ²
# and stays positive: 3η₃² + η₃ = 1.
_ETA = (13.0**0.5 - 1.0) / 6.0
_IMPLICIT = (
    Stage(0.0, 1.0, 1.0, 0.0, solved=1.0),
    Stage(0.75, 0.25, 0.25, 1.0, kept=-0.25 - 1.5 * _ETA, solved=0.5 + 1.5 * _ETA),
    Stage(1.0 - 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 0.5, kept=2.0 / 3.0 - _ETA, solved=_ETA),
)
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
    "imex": Tableau(
        2,
        1.0,
        _IMPLICIT,
        "explicit part Shu and Osher, J. Comput. Phys. 77, 439 (1988), Eq. (2.18); implicit part "
        "from the order conditions of Pareschi and Russo, J. Sci. Comput. 25, 129 (2005), "
        "Sec. 2, and the last stage as result: Boscarino, SIAM J. Numer. Anal. 45, 1600 (2007)",
    ),
}


@dataclass(frozen=True)
class Composition:
    """A stepper made of exact flows along single axes: its order and the shares α of a step.

    `coefficient` is the farthest that a part of a step may carry a line, in cells: shifts are
    stable at any distance, and beyond some cells the time error is the larger one.
    """

    order: int
    coefficient: float
    shares: tuple[float, ...]
    source: str


_BLANES_MOAN = (
    0.0792036964311957,
    0.1303114101821663,
    0.2228614958676077,
    -0.3667132690474257,
    0.3246481886897062,
)
_HALF = (*_BLANES_MOAN, 0.5 - sum(_BLANES_MOAN))


def _alternating(first: Sequence[float], second: Sequence[float]) -> tuple[float, ...]:
    """Shares α of χ(α₁) χ*(α₂) ... from the steps a, b of a splitting into two parts."""
    shares = [first[0]]
    for a, b in zip(first[1:], second, strict=True):
        shares.append(b - shares[-1])
        shares.append(a - shares[-1])
    return tuple(shares)


_S10_A = (
    0.0502627644003922,
    0.413514300428344,
    0.0450798897943977,
    -0.188054853819569,
    0.541960678450780,
)
_S10_B = (0.148816447901042, -0.132385865767784, 0.067307604692185, 0.432666402578175)
_S10_HALF = _alternating(_S10_A, _S10_B)
_S10 = (*_S10_HALF, 0.5 - sum(_S10_HALF))

COMPOSITIONS = {
    "split2": Composition(
        2,
        4.0,
        (0.5, 0.5),
        "Strang, SIAM J. Numer. Anal. 5, 506 (1968)",
    ),
    "split4": Composition(
        4,
        8.0,
        (*_HALF, *_HALF[::-1]),
        "Blanes and Moan, J. Comput. Appl. Math. 142, 313 (2002), S₆ of order 4; as χ χ* χ ...: "
        "McLachlan, SIAM J. Sci. Comput. 16, 151 (1995)",
    ),
    "split6": Composition(
        6,
        10.0,
        (*_S10, *_S10[::-1]),
        "Blanes and Moan, J. Comput. Appl. Math. 142, 313 (2002), S₁₀ of order 6",
    ),
}
DEFAULT = "ssprk3"
STEPPERS = (*TABLEAUX, *COMPOSITIONS)


@dataclass(frozen=True)
class Stepping(Description):
    """Δt = courant · coefficient / max Σ_faces outflow/(V D_s), or a given step.

    Parameters
    ----------
    stepper
        'ssprk2', 'ssprk3' or 'ssprk104' (fourth order, ten stages); 'imex' (ssprk3 for the
        transport, collisions solved for in every stage: of second order in them, stable for any
        rate, and right in the limit of fast relaxation); where the velocity along
        every axis is constant on each of its lines, also 'split2', 'split4' or 'split6': exact
        shifts along one axis at a time, in steps of many cells.  Level `moyal` is made of exact
        flows and takes the last three.  None is 'ssprk3', in `moyal` 'split6', and 'imex' where
        collisions are too fast to be followed (see `step`).
    courant
        Fraction of the largest step that keeps first-order fluxes monotone; of the split
        steppers, of the farthest that a part of a step carries a line: four cells (split2),
        eight (split4) or ten (split6); very smooth states gain by less.
    step
        Upper limit of Δt, units of time.  With None the step follows the Courant number, a
        tenth of the relaxation time, and how fast e(t), b(t) and the parameters change; a
        given step takes their resolution into the user's hands.  With `stepper` open as well a
        relaxation that needs more than 20 times the steps of the rest, and more than 100 between
        two records, is not followed: 'imex' steps over it, five times between records or more.
        'imex' by name never follows it.
    """

    kind = "stepping"

    stepper: str | None = None
    courant: float = 0.9
    step: float | None = None

    def __post_init__(self) -> None:
        if self.stepper is not None and self.stepper not in STEPPERS:
            raise InputError(
                f"stepper = {self.stepper!r}: {suggestion(str(self.stepper), STEPPERS)}"
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
    def open(self) -> bool:
        """Whether the stepper is chosen by the program, step by step."""
        return self.stepper is None

    @property
    def tableau(self) -> Tableau:
        """The stages of the chosen Runge-Kutta stepper."""
        return TABLEAUX[self.stepper or DEFAULT]

    @property
    def composition(self) -> Composition | None:
        """The shares of the chosen split stepper; None of a Runge-Kutta stepper."""
        return COMPOSITIONS.get(self.stepper or DEFAULT)

    @property
    def order(self) -> int:
        """Order in Δt."""
        return (self.composition or self.tableau).order
