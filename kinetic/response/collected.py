"""Numbers of a response as they come in, with the errors of what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kinetic.grid import Array
from kinetic.response.result import Number


class Numbers:
    """The static numbers of a response.

    Parameters
    ----------
    names
        Of the directions.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names, self.found = names, list[Number]()

    def elements(
        self, name: str, symbol: str, values: Array, errors: Array, units: str, note: str = ""
    ) -> None:
        """All elements of a matrix as numbers."""
        for i, row in enumerate(self.names):
            for j, column in enumerate(self.names):
                self.found.append(
                    Number(
                        f"{name}_{row}{column}",
                        f"{symbol}_{row}{column}",
                        float(values[i, j]),
                        float(errors[i, j]),
                        units,
                        note,
                    )
                )

    def made(
        self,
        name: str,
        symbol: str,
        function: Callable[..., float],
        inputs: Sequence[tuple[Array, Array]],
        units: str,
        note: str = "",
    ) -> None:
        """A number made of matrices, with the errors of their elements carried along."""
        values = [value for value, _ in inputs]
        central = function(*values)
        error = 0.0
        for place, (value, wrong) in enumerate(inputs):
            for index in np.ndindex(value.shape):
                moved = value.copy()
                moved[index] += wrong[index]
                changed = function(*values[:place], moved, *values[place + 1 :])
                error += abs(changed - central)
        self.found.append(Number(name, symbol, central, error, units, note))
