"""The charge ledger: what crosses open faces, what Faraday brings, what remains.

    d/dt Σ_s∫u_s = -(outflow through open faces) + (Faraday inflow)

Collisions conserve the charge only if they declare so; what they take shows in the residual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kinetic.observables.anomaly import rates
from kinetic.observables.base import Observable, Recorder, in_sample
from kinetic.observables.coherent import bounds, coherent
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


@dataclass(frozen=True)
class BoundaryOutflow(Observable):
    """∫dt ∮ Σ_s Φ_s·dS/(2πħ)ᵈ through each open face since the start, > 0 leaves"""

    name = "boundary_outflow"

    def fits(self, evolution: Evolution) -> str | None:
        """Open faces."""
        return None if evolution.faces() else "every axis is periodic: nothing leaves."

    def recorder(self, evolution: Evolution) -> Recorder:
        """boundary_outflow(time, face), boundary_rate(time, face)."""
        places = [place for _, place in evolution.faces()]
        rows = (
            Variable(
                self.name,
                ("face",),
                in_sample(evolution),
                "particles that left through each open face",
                {"formula": self.formula()},
            ),
            Variable(
                "boundary_rate",
                ("face",),
                in_sample(evolution, time=True),
                "rate at which particles leave through each open face",
                {"formula": "∮ Σ_s Φ_s·dS/(2πħ)ᵈ"},
            ),
        )

        def measure() -> dict[str, Any]:
            now = rates(evolution).outflow[places] / evolution.phase_space
            return {self.name: evolution.boundary_outflow(), "boundary_rate": now}

        return Recorder(rows, measure)


@dataclass(frozen=True)
class FaradayInflow(Observable):
    """-∫dt Σ_s∫dᵈk/(2πħ)ᵈ q_s f_s B_k·ḃ since the start"""

    name = "faraday_inflow"

    def fits(self, evolution: Evolution) -> str | None:
        """A field b(t) with Berry curvature."""
        if evolution.flow.b_moves and evolution.flow.hbar:
            return None
        return "b is constant, or the level has no Berry terms: it vanishes."

    def recorder(self, evolution: Evolution) -> Recorder:
        """faraday_inflow(time), faraday_rate(time)."""
        rows = (
            Variable(
                self.name,
                (),
                in_sample(evolution),
                "particles brought by Faraday's field of b(t)",
                {"formula": self.formula()},
            ),
            Variable(
                "faraday_rate",
                (),
                in_sample(evolution, time=True),
                "rate at which Faraday's field of b(t) brings particles",
                {"formula": "-Σ_s∫dᵈk/(2πħ)ᵈ q_s f_s B_k·ḃ"},
            ),
        )

        def measure() -> dict[str, Any]:
            rate = rates(evolution).faraday / evolution.phase_space
            return {self.name: evolution.faraday_inflow(), "faraday_rate": rate}

        return Recorder(rows, measure)


@dataclass(frozen=True)
class CollisionInflow(Observable):
    """∫dt Σ_s∫dᵈk/(2πħ)ᵈ D_s C[f]_s since the start"""

    name = "collision_inflow"

    def fits(self, evolution: Evolution) -> str | None:
        """A run with collisions."""
        return None if evolution.collisions else "there are no [[collisions]]: it vanishes."

    def recorder(self, evolution: Evolution) -> Recorder:
        """collision_inflow(time)."""
        row = Variable(
            self.name,
            (),
            in_sample(evolution),
            "particles exchanged with the bath of collisions that do not conserve charge",
            {"formula": self.formula()},
        )
        return Recorder((row,), lambda: {self.name: evolution.collision_inflow()})


@dataclass(frozen=True)
class OccupationBounds(Observable):
    """min f_s and max f_s outside glued cells"""

    name = "occupation_bounds"
    quantum = True

    def recorder(self, evolution: Evolution) -> Recorder:
        """occupation_min(time), occupation_max(time)."""
        quantum = coherent(evolution)
        return _pair(
            self,
            evolution.bounds if quantum is None else lambda: bounds(quantum),
            ("occupation_min", "smallest occupation outside glued cells", "1"),
            ("occupation_max", "largest occupation outside glued cells", "1"),
        )


@dataclass(frozen=True)
class LedgerResidual(Observable):
    """Δρ + outflow - Faraday and collision inflow, zero to rounding of what is held or passed"""

    name = "ledger_residual"

    def recorder(self, evolution: Evolution) -> Recorder:
        """ledger_residual(time), ledger_scale(time)."""
        units = in_sample(evolution)
        return _pair(
            self,
            evolution.ledger_residual,
            ("ledger_residual", "what is missing in the charge ledger", units),
            ("ledger_scale", "charge held or passed, whichever is larger", units),
        )


def _pair(
    observable: Observable,
    function: Callable[[], tuple[float, float]],
    *rows: tuple[str, str, str],
) -> Recorder:
    """A recorder of two numbers."""
    formula = {"formula": observable.formula()}
    variables = tuple(Variable(name, (), units, title, formula) for name, title, units in rows)
    names = [name for name, _, _ in rows]
    return Recorder(variables, lambda: dict(zip(names, function(), strict=True)))
