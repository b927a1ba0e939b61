"""What operators of a user's own give back is looked at before it reaches the state."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.errors import PhysicsError, UserCodeError
from kinetic.grid import Array


def built(collision: Collision, surroundings: Surroundings) -> Operator:
    """The operator of a description, guarded unless both belong to this program.

    Raises
    ------
    UserCodeError
        If `build` gives no operator.
    """
    operator = collision.build(surroundings)
    if not isinstance(operator, Operator):
        raise UserCodeError(
            f"the method 'build' of the class {type(collision).__name__} must return a "
            f"kinetic.collisions.Operator, not {type(operator).__name__}."
        )
    parts = (collision, operator)
    if all(type(part).__module__.partition(".")[0] == "kinetic" for part in parts):
        return operator
    return Guarded(collision, operator, surroundings)


class Guarded(Operator):
    """An operator whose rates are checked to be numbers.

    Parameters
    ----------
    collision, operator
        What is guarded.
    surroundings
        The grid, for messages.
    """

    def __init__(
        self, collision: Collision, operator: Operator, surroundings: Surroundings
    ) -> None:
        self.operator, self._around = operator, surroundings
        file = getattr(sys.modules.get(type(operator).__module__), "__file__", None)
        place = f" of {Path(file).name}" if file else ""
        name = getattr(collision, "name", type(collision).__name__)
        self._who = f"the collision '{name}' (class {type(operator).__name__}{place})"
        self._speed()

    def _speed(self) -> float:
        fastest = self.operator.fastest
        number = isinstance(fastest, int | float | np.number) and not isinstance(fastest, bool)
        if not number or not np.isfinite(fastest) or fastest < 0.0:
            raise UserCodeError(
                f"{self._who} has fastest = {fastest!r}: it must be its largest rate, a finite "
                "number not below 0."
            )
        return float(fastest)

    @property
    def fastest(self) -> float:  # type: ignore[override]
        """Largest rate."""
        return self._speed()

    def _look(self, values: Array, what: str, t: float) -> None:
        """Refuse what is not a number, naming its first place."""
        if np.isfinite(np.sum(values)):
            return
        around, wrong = self._around, ~np.isfinite(values)
        if not wrong.any():  # numbers whose sum is too large for one
            return
        row, *cell = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        valley, site = divmod(int(row) // 2, around.sites)
        shape = around.energy.shape[1:]
        k = {n: np.broadcast_to(x, shape)[tuple(cell)] for n, x in around.momenta.items()}
        where = ", ".join(f"{name} = {float(x):.4g}" for name, x in k.items())
        raise PhysicsError(
            f"at t = {t:.6g} {self._who} gave {what} that is not a number for "
            f"{int(wrong.sum())} of {wrong.size} occupations, first in the "
            f"{'upper' if row % 2 else 'lower'} band of valley {valley}{around.where(site)}"
            f"{' at ' if where else ''}{where}: look for a division by 0 or the logarithm of an "
            "occupation that is 0 or 1."
        )

    def _adds(self, method: str, what: str, found: Any, out: Array) -> None:
        """Refuse a rate that was returned."""
        if found is not None and found is not out:
            raise UserCodeError(
                f"{self._who}: the method '{method}' must add {what} to out, as in out += ...; "
                "what it returns is not used."
            )

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add C[f]_s to out."""
        add: Callable[..., Any] = self.operator.rate
        with np.errstate(all="ignore"):
            found = add(f, t, out)
        self._adds("rate", "C[f]", found, out)
        self._look(out, "a rate", t)

    def loss(self) -> Array | float:
        """Γ."""
        return self.operator.loss()

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """Add C′[f]v to out."""
        add: Callable[..., Any] = self.operator.derivative
        with np.errstate(all="ignore"):
            found = add(f, v, t, out)
        self._adds("derivative", "C'[f]v", found, out)
        self._look(out, "a derivative", t)

    def solve(self, target: Array, step: float, t: float) -> Array | None:
        """f with f = target + step C[f], if the operator has it."""
        with np.errstate(all="ignore"):
            found = self.operator.solve(target, step, t)
        if found is None:
            return None
        if np.shape(found) != target.shape:
            raise UserCodeError(
                f"{self._who}: the method 'solve' must return an array of shape {target.shape}, "
                f"not {np.shape(found)}."
            )
        self._look(found, "a solution", t)
        return found

    def side_velocity(self, t: float) -> Array | None:
        """Velocity that scattering itself gives."""
        return self.operator.side_velocity(t)

    def state(self) -> dict[str, Array]:
        """Whatever must survive a restart bit by bit."""
        return self.operator.state()

    def restore(self, state: dict[str, Array]) -> None:
        """Take back what `state` handed over."""
        self.operator.restore(state)
