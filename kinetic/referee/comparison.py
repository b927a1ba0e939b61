"""What came out of a comparison: table, verdict, data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kinetic.applicability import Applicability
from kinetic.grid import Array
from kinetic.referee.quantities import QUANTITIES

if TYPE_CHECKING:
    import xarray

_ORDERS = {"boltzmann": 1}  # in ħ, of what a level leaves out; else 2
ROUNDING = 1e-10  # errors below this are none
_ESTIMATE = 1.5  # how far a deviation may exceed the estimate of the grid's error, if it is that
_SCATTER = 0.5  # of an order; what is odd in ħ raises it


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Parameters
    ----------
    level, reference
        The level that is judged, and the one that judges it.
    time
        When they were compared.
    hbar
        Values of ħ, that of the run first.
    errors, largest
        RMS and largest deviation of each of `QUANTITIES`, relative.  name → (ħ)
    grid
        Part of the error at the smallest ħ that comes from the grid, as far as it is known.
    numbers
        Applicability at the end of the run with the first ħ.
    tolerance
        Largest RMS deviation of a result that is trusted.
    title
        Name of the run.
    """

    level: str
    reference: str
    time: float
    hbar: tuple[float, ...]
    errors: Mapping[str, Array]
    largest: Mapping[str, Array]
    grid: Mapping[str, float]
    numbers: Applicability
    tolerance: float
    title: str = ""
    orders: dict[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        steps = np.diff(np.log(self.hbar))
        with np.errstate(all="ignore"):
            orders = {n: np.diff(np.log(e)) / steps for n, e in self.errors.items()}
        for name, values in orders.items():
            values[self.errors[name][1:] < ROUNDING] = np.nan
        object.__setattr__(self, "orders", orders)

    @property
    def error(self) -> float:
        """The largest of the RMS deviations at the ħ of the run."""
        return max(float(e[0]) for e in self.errors.values())

    @property
    def trusted(self) -> bool:
        """Whether the result can be trusted to the tolerance."""
        return self.error <= self.tolerance

    @property
    def _clear(self) -> list[int]:
        """Which orders of n_s the error of the grid does not hide."""
        errors, floor = self.errors["n_s"], 2.0 * self.grid.get("n_s", 0.0) + ROUNDING
        return [n for n in range(len(self.orders["n_s"])) if errors[n + 1] > floor]

    @property
    def _of_the_grid(self) -> bool:
        """Whether the error of the grid is as large as the deviation, as far as it is known."""
        known = [name for name in self.grid if name in self.errors]
        return bool(known) and all(
            self.errors[name][0] <= _ESTIMATE * self.grid[name] + ROUNDING for name in known
        )

    @property
    def order(self) -> float | None:
        """Order of n_s in ħ where the grid does not show; None if that is nowhere."""
        clear = self._clear
        return float(self.orders["n_s"][clear[-1]]) if clear else None

    @property
    def settled(self) -> float | None:
        """Largest ħ below which n_s has its order; None if it has that nowhere."""
        found = None
        for n in self._clear[::-1]:
            if abs(self.orders["n_s"][n] - self.expected) > _SCATTER:
                break
            found = self.hbar[n]
        return found

    @property
    def expected(self) -> int:
        """Order in ħ of what the level leaves out."""
        return _ORDERS.get(self.level, 2)

    # --- in words -----------------------------------------------------------------------------

    def table(self) -> str:
        """Errors and observed orders as aligned text."""
        names = list(self.errors)
        heads = ["ħ", *(part for name in names for part in (name, "order"))]
        lines = [heads]
        for n, hbar in enumerate(self.hbar):
            line = [f"{hbar:.4g}"]
            for name in names:
                order = f"{self.orders[name][n - 1]:.2f}" if n else ""
                line += [f"{self.errors[name][n]:.2e}", order.replace("nan", "")]
            lines.append(line)
        if self.grid:
            known = [f"{self.grid[n]:.1e}" if n in self.grid else "" for n in names]
            lines.append(["grid", *(part for value in known for part in (value, ""))])
        worst = [f"{self.largest[name][0]:.1e}" for name in names]
        lines.append(["largest", *(part for value in worst for part in (value, ""))])
        widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
        return "\n".join(
            "  ".join(
                f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)
            ).rstrip()
            for line in lines
        )

    def verdict(self) -> str:
        """One sentence: how far off the run is, why, and whether it can be trusted."""
        off = [f"{_percent(e[0])} in {QUANTITIES[name]}" for name, e in self.errors.items()]
        listed = ", ".join(off[:-1]) + f" and {off[-1]}"
        can = "it can be trusted" if self.trusted else "it cannot be trusted"
        words = (
            f"At ħ = {self.hbar[0]:.4g} the level '{self.level}' is off by {listed} "
            f"({self._reason()}): {can} to {_percent(self.tolerance)}"
        )
        return f"{words}{self._remedy()}."

    def _reason(self) -> str:
        """What the errors do as ħ falls, and why."""
        if self.error <= ROUNDING:
            return "it is exact here"
        order, floor = self.order, self.grid.get("n_s", 0.0)
        if order is None:
            if self._of_the_grid:
                return f"that is the error of its grid, about {_percent(floor)} in n_s"
            if len(self.hbar) > 1 and floor:
                about = f"about {_percent(floor)} in n_s"
                return f"the error of its grid, {about}, hides the order in ħ: refine the grid"
            return "for one ħ alone no order can be told"
        words = f"order {order:.2f} in ħ"
        if self.settled == self.hbar[0]:
            if self.expected == 1:
                return f"{words}, as it must be where the Berry curvature is left out"
            return f"{words}: the gradient expansion converges"
        if self.settled is not None:
            return f"{words} only below ħ = {self.settled:.4g}{self._culprit()}"
        if floor > 0.2 * self.errors["n_s"][-1]:
            return f"{words}, slowed by the error of the grid, about {_percent(floor)}"
        if order < 0.5 and not floor:
            return f"{words}: what remains does not come from ħ; refine the grid"
        return f"{words} and not {self.expected}{self._culprit()}"

    def _culprit(self) -> str:
        """What of the applicability numbers is large."""
        numbers = self.numbers
        found = []
        if numbers.tunnelling > 1e-3:
            found.append(f"Landau-Zener tunnelling of {numbers.tunnelling:.2g}")
        if numbers.frequency > 0.5:
            found.append(f"ħω/Δ = {numbers.frequency:.2g}")
        if numbers.curvature > 0.25:
            found.append(f"|F| = {numbers.curvature:.2g}")
        if numbers.gradient > 0.5 or numbers.turning > 0.5:
            found.append(f"gradients of {max(numbers.gradient, numbers.turning):.2g} of the gap")
        if found:
            return f", with {' and '.join(found)} where the bands differ"
        return ": ħ is too large for the expansion, or something sets off a trembling"

    def _remedy(self) -> str:
        """Where it would be better."""
        good = None
        for n, hbar in reversed(list(enumerate(self.hbar))):
            if max(float(e[n]) for e in self.errors.values()) > self.tolerance:
                break
            good = hbar
        if self.trusted:
            return ""
        if self.level == "boltzmann":
            return "; take 'projected' or 'dressed'"
        if good:
            return f", but at ħ = {good:.4g} it can"
        return f"; take level = '{self.reference}', or smoother textures and fields"

    def dataset(self) -> xarray.Dataset:
        """Errors, orders and the verdict; order(n) stands between hbar(n) and hbar(n + 1)."""
        import xarray

        names = list(self.errors)
        about = {"units": "1", "comment": "relative to the exact one at the first hbar"}
        orders = np.full((len(self.hbar), len(names)), np.nan)
        orders[1:] = np.array([self.orders[n] for n in names]).T
        grid = [self.grid.get(name, np.nan) for name in names]
        dims = ("hbar", "quantity")
        return xarray.Dataset(
            {
                "error": (dims, _columns(self.errors), {**about, "long_name": "RMS deviation"}),
                "largest": (
                    dims,
                    _columns(self.largest),
                    {**about, "long_name": "largest deviation"},
                ),
                "order": (
                    dims,
                    orders,
                    {"units": "1", "long_name": "observed order in hbar since the row before"},
                ),
                "grid_error": ("quantity", grid, {**about, "long_name": "error of the grid"}),
            },
            {"hbar": ("hbar", list(self.hbar)), "quantity": ("quantity", names)},
            {
                "title": self.title,
                "level": self.level,
                "reference": self.reference,
                "time": self.time,
                "tolerance": self.tolerance,
                "expected_order": self.expected,
                "verdict": self.verdict(),
            },
        )


def _columns(values: Mapping[str, Array]) -> Array:
    return np.array(list(values.values())).T


def _percent(value: float) -> str:
    """Two digits, in per cent where that is readable."""
    if value < ROUNDING:
        return "0 %"
    return f"{100.0 * value:.2g} %" if 1e-5 <= value < 10.0 else f"{value:.1e}"
