"""What came out of a response: numbers with errors, σ_ij(ω), table, data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array

if TYPE_CHECKING:
    import xarray

ROUNDING = 1e-11  # of the largest element
_HEADS = ("quantity", "value", "error", "unit", "")
_POWERS = {-1: "length/{}", 0: "1/{}", 1: "1/({} length)"}


def unit(dimensions: int, over: str = "hbar") -> str:
    """Unit of a number current over a force; times q² that of a conductivity."""
    return _POWERS[dimensions - 2].format(over)


@dataclass(frozen=True)
class Number:
    """One number of a response.

    Parameters
    ----------
    name, symbol
        Name in the file and symbol in the table.
    value, error
        With error NaN where it is not known.
    unit
        Its unit.
    note
        What else there is to say.
    """

    name: str
    symbol: str
    value: float
    error: float
    unit: str
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """Value to two digits beyond its error."""
        error = f"{self.error:.1e}" if np.isfinite(self.error) else "unknown"
        digits = 3 if self.error >= abs(self.value) > 0.0 else 9
        if np.isfinite(self.error) and 0.0 < self.error < abs(self.value):
            digits = int(np.clip(np.ceil(np.log10(abs(self.value) / self.error)) + 2, 3, 10))
        return (self.symbol, f"{self.value:+.{digits}g}", error, self.unit, self.note)


@dataclass(frozen=True)
class Response:
    """The linear response of a homogeneous system.

    Parameters
    ----------
    title, level
        Of the run.
    components
        Names of the directions.
    omega
        Frequencies.
    conductivity
        σ_ij(ω + iη), complex.  (ω, i, j)
    error
        Its estimated error.  (ω, i, j)
    errors
        The same by what it comes from.  name → (ω, i, j)
    numbers
        Static numbers of the table.
    magnetic
        b of the run.
    force
        Size of the smallest force.
    damping
        η; 0 where all answers die out within the run.
    times, answers
        S_ij(t).  (n), (n, i, j)
    notes
        What the reader must know.
    estimated
        Whether the errors are whole; if not, they hold sampling and the end of the run alone.
    """

    title: str
    level: str
    components: Sequence[str]
    omega: Array
    conductivity: Array
    error: Array
    errors: Mapping[str, Array]
    numbers: Sequence[Number]
    magnetic: Array
    force: float
    damping: float
    times: Array
    answers: Array
    even: float = 0.0
    notes: Sequence[str] = field(default_factory=tuple)
    estimated: bool = True

    def number(self, name: str) -> Number:
        """A static number by its name."""
        return next(n for n in self.numbers if n.name == name)

    def table(self) -> str:
        """Static numbers with their errors, where these were estimated, as aligned text."""
        lines = [_HEADS, *(n.cells() for n in self.numbers)]
        if not self.estimated:
            lines = [(*line[:2], "", *line[3:]) for line in lines]
        widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADS))]
        return "\n".join(
            "  ".join(
                f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True) if w
            ).rstrip()
            for line in lines
        )

    def dataset(self) -> xarray.Dataset:
        """σ_ij(ω), its errors, S_ij(t) and all numbers."""
        import xarray

        sigma = unit(len(self.components))
        dims = ("omega", "row", "column")

        def row(values: Array, title: str) -> tuple[Any, Array, dict[str, str]]:
            return dims, values, {"units": sigma, "long_name": title}

        found: dict[str, Any] = {
            "conductivity_real": row(self.conductivity.real, "Re σ_ij: j_i = σ_ij e_j"),
            "conductivity_imag": row(self.conductivity.imag, "Im σ_ij, for e^{-iωt}"),
            "step_response": (
                ("since", "row", "column"),
                self.answers,
                {"units": sigma, "long_name": "j_i/e_j since e_j was switched on"},
            ),
        }
        if self.estimated:
            found["conductivity_error"] = row(self.error, "estimated error of σ_ij")
        for name, values in self.errors.items() if self.estimated else ():
            found[f"conductivity_error_{name}"] = row(values, f"of it, from {name}")
        for entry in self.numbers:
            about: dict[str, Any] = {"units": entry.unit, "long_name": entry.symbol}
            if self.estimated:
                about["error"] = entry.error
            note = {"comment": entry.note} if entry.note else {}
            found[entry.name] = ((), entry.value, {**about, **note})
        names = list(self.components)
        coordinates = {
            "omega": ("omega", self.omega, {"units": "energy/hbar", "long_name": "frequency"}),
            "since": ("since", self.times, {"units": "hbar/energy", "long_name": "time"}),
            "row": ("row", names, {"long_name": "component of the current"}),
            "column": ("column", names, {"long_name": "component of the force"}),
        }
        return xarray.Dataset(
            found,
            coordinates,
            {
                "title": self.title,
                "level": self.level,
                "magnetic_field": [float(x) for x in self.magnetic],
                "force": self.force,
                "damping": self.damping,
                "even_part": self.even,
                "notes": "\n".join(self.notes),
            },
        )
