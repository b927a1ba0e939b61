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

    Six faces of the k grid, then the lower and the upper end of x, y and z; collisions bring
    charge into each valley.

    A step is `begin`, one `stage` per stage (after a `mix` where the tableau has one) with what
    is `scattered` after it, and `commit`; without the last nothing is entered.
    """

    def __init__(self, valleys: int = 1) -> None:
        self.total = np.zeros(FACES + 1 + valleys)
        self._base, self._now = self.total.copy(), self.total.copy()

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
        return float(self.total[FACES + 1 :].sum())

    @property
    def transfer(self) -> Array:
        """The same of each valley: also what collisions move between them.  (valley,)"""
        return self.total[FACES + 1 :]

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
        rates = np.zeros_like(self.total)
        rates[: len(leak)] = leak
        rates[FACES] = faraday
        self._now = alpha * self._base + beta * self._now + gamma * rates

    def scattered(self, charge: Array) -> None:
        """Collisions have brought a charge into each valley after the last stage.  (valley,)"""
        self._now[FACES + 1 :] += charge

    def restore(self, total: Array) -> None:
        """Take back the entries.

        Those of older runs have no ends in real space and do not tell valleys apart: each gets
        an equal share.
        """
        if len(total) == len(self.total):
            self.total = total
            return
        self.total = np.zeros_like(self.total)
        self.total[: len(total) - 2] = total[:-2]
        self.total[FACES] = total[-2]
        self.total[FACES + 1 :] = total[-1] / len(self.transfer)

    def commit(self) -> None:
        """Enter the step."""
        self.total = self._now.copy()
