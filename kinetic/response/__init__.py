"""Linear response of a homogeneous run: σ_ij(ω), Hall, thermoelectric, Středa, σ(b)."""

from __future__ import annotations

from kinetic.response.measure import WHAT, respond
from kinetic.response.result import Number, Response

__all__ = ["WHAT", "Number", "Response", "respond"]
