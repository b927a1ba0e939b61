"""Levels with coherences: exact quantum dynamics, `moyal`, and its expansion, `matrix`.

Here n̂ = n₀ + n·σ and Ĥ = d₀ + d·σ.  In the equation as it is shown, n̂ = ½n + ½N·σ and
Ĥ = ½ε + ½Δ·σ, a number n is Tr n̂ = 2n₀, N = 2n, ε = 2d₀ and Δ = 2d.
"""

from __future__ import annotations

from kinetic.quantum.base import QuantumEvolution
from kinetic.stepping import Stepping
from kinetic.system import System

__all__ = ["QuantumEvolution", "quantum_evolution"]


def quantum_evolution(
    system: System,
    stepping: Stepping | None = None,
    start: float = 0.0,
    stop: float | None = None,
) -> QuantumEvolution:
    """The evolution of a system at such a level; arguments as of `QuantumEvolution`."""
    if system.equation.level == "matrix":
        from kinetic.quantum.expanded import Expanded

        return Expanded(system, stepping, start, stop)
    from kinetic.quantum.moyal import Moyal
    from kinetic.quantum.twolevel import TwoLevel

    if system.equation.level == "moyal" and TwoLevel.describes(system):
        return TwoLevel(system, stepping, start, stop)
    return Moyal(system, stepping, start, stop)
