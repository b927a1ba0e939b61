"""The ledger of charge: what crossed the open faces, what b(t) and collisions brought in.

It is advanced with the weights of the Runge-Kutta stages, exactly as the state is, so that the
change of the charge equals its entries to rounding.
"""

from __future__ import annotations

import numpy as np

from kinetic.grid import Array

FACES = 12


class Ledger:
    """Integrals since the start: outflow through faces and ends, Faraday and collision inflow.

    Six faces of the k grid, then the lower and the upper end of x, y and z.

    A step is `begin`, one `stage` per stage (after a `mix` where the tableau has one) with what
    is `scattered` after it, and `commit`; without the last nothing is entered.
    """

    def __init__(self) -> None:
        self.total = np.zeros(FACES + 2)
        self._base, self._now = np.zeros(FACES + 2), np.zeros(FACES + 2)

    @property
    def outflow(self) -> Array:
        """∫dt ∮Φ·dS of the faces lower A, upper A, lower B, ..., lower x, ...  (12,)"""
        return self.total[:FACES]

    @property
    def faraday(self) -> float:
        """-∫dt Σ_s∫q_s f_s B_k·ḃ dV."""
        return float(self.total[FACES])

    @property
    def collisions(self) -> float:
        """∫dt Σ_s∫D_s C[f]_s dV: what operators that do not conserve charge exchange with."""
        return float(self.total[FACES + 1])

    def begin(self) -> None:
        """Start a step from what is entered."""
        self._base, self._now = self.total.copy(), self.total.copy()

    def mix(self, p: float, q: float, r: float, s: float) -> None:
        """The mix of the registers before a stage."""
        base, now = self._base, self._now
        self._base, self._now = p * base + q * now, r * base + s * now

    def stage(
        self, alpha: float, beta: float, gamma: float, leak: Array, faraday: float
    ) -> None:
        """One stage with its rates."""
        rates = np.zeros(FACES + 2)
        rates[: len(leak)] = leak
        rates[FACES] = faraday
        self._now = alpha * self._base + beta * self._now + gamma * rates

    def scattered(self, charge: float) -> None:
        """Collisions have brought in a charge after the last stage."""
        self._now[FACES + 1] += charge

    def restore(self, total: Array) -> None:
        """Take back the entries; those of older runs have no ends in real space."""
        self.total = np.zeros(FACES + 2)
        self.total[: len(total) - 2] = total[:-2]
        self.total[FACES:] = total[-2:]

    def commit(self) -> None:
        """Enter the step."""
        self.total = self._now.copy()
