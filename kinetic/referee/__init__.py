"""A run at its own level beside exact quantum dynamics, for a sequence of ħ."""

from __future__ import annotations

from kinetic.referee.comparison import Comparison
from kinetic.referee.quantities import QUANTITIES
from kinetic.referee.runs import compare

__all__ = ["QUANTITIES", "Comparison", "compare"]
