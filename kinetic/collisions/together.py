"""The collision operators of a run, built on its grid and summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kinetic.collisions.base import Collision, Surroundings
from kinetic.grid import Array


class Together:
    """Σ C[f] of all operators.

    Parameters
    ----------
    collisions
        Descriptions, in the order of the run file.
    surroundings
        What the operators may look at.
    """

    def __init__(self, collisions: Sequence[Collision], surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.operators = [collision.build(surroundings) for collision in collisions]
        self._rate = np.zeros_like(surroundings.energy)

    @property
    def fastest(self) -> float:
        """Sum of the largest relaxation rates: the step stays below its reciprocal."""
        return sum(operator.fastest for operator in self.operators)

    def rate(self, f: Array, t: float) -> Array:
        """C[f]_s of the occupations.  (valley·band, A, B, C)"""
        self._rate[...] = 0.0
        for operator in self.operators:
            operator.rate(f, t, self._rate)
        return self._rate

    def state(self) -> dict[str, Array]:
        """Whatever the operators must find again after a restart."""
        return {
            f"collision{index}.{key}": value
            for index, operator in enumerate(self.operators)
            for key, value in operator.state().items()
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` handed over."""
        for index, operator in enumerate(self.operators):
            prefix = f"collision{index}."
            operator.restore(
                {k[len(prefix) :]: np.array(v) for k, v in state.items() if k.startswith(prefix)}
            )
