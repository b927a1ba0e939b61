"""Relaxation times as numbers or formulas in energy, k, r and band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinetic.collisions.base import Surroundings
from kinetic.compilation import compiled
from kinetic.errors import InputError
from kinetic.expressions import Expression, parse
from kinetic.grid import Array

MOMENTUM, SPACE = ("kx", "ky", "kz"), ("x", "y", "z")
NAMES = ("energy", *MOMENTUM, *SPACE, "band")
_HINTS = (("t", "a relaxation time does not depend on t."),)


@dataclass(frozen=True)
class Time:
    """τ(ε̄, k, r, s) > 0.

    Parameters
    ----------
    source
        A number or a formula.
    what
        The key, for messages.
    allowed
        Names that may occur.
    hints
        Sentences for names that are refused for a particular reason.

    Raises
    ------
    InputError
        If it is neither, or (on a grid) not finite and above 0 everywhere.
    """

    source: object
    what: str
    allowed: tuple[str, ...] = NAMES
    hints: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        number = self.expression.number
        if number is not None and not number > 0.0:
            raise InputError(f"{self.what} = {self.source!r} must be above 0.")

    @property
    def expression(self) -> Expression:
        """The checked formula."""
        return parse(self.source, self.allowed, self.what, dict(_HINTS + self.hints))

    @property
    def constant(self) -> bool:
        """Whether it is a plain number."""
        return self.expression.number is not None

    def on(self, around: Surroundings) -> Array:
        """τ of every cell; (1, 1) where it is a number.  (valley·site·band, cell)

        Bands that share one occupation share the mean of their rates.
        """
        number = self.expression.number
        if number is not None:
            return np.array([[number]])
        used = [name for name in NAMES if name in self.expression.names]
        shape = (around.valleys, around.sites, 2, *around.energy.shape[1:])
        values = [self._variable(name, around, shape) for name in used]
        (tau,) = compiled(tuple(used), ((self.expression.source, ""),))(*values)
        found: Array = np.array(np.broadcast_to(tau, shape), dtype=float)
        with np.errstate(all="ignore"):
            wrong = ~(np.isfinite(found) & (found > 0.0) & np.isfinite(1.0 / found))
        if wrong.any():
            first = np.unravel_index(int(np.argmax(wrong)), shape)
            where = self._where(first, around)
            raise InputError(
                f"[collisions] {self.what} = '{self.source}' is {found[first]:.6g}{where}: "
                "a relaxation time is finite and above 0 everywhere; add what keeps it so, such "
                "as a constant rate in the denominator."
            )
        if around.glued.any():
            glued = around.glued.reshape(shape[0], shape[1], *shape[3:])
            mean = 2.0 / (1.0 / found[:, :, 0] + 1.0 / found[:, :, 1])
            found[:, :, 0][glued] = found[:, :, 1][glued] = mean[glued]
        return found.reshape(2 * shape[0] * shape[1], -1)

    def at_sites(self, around: Surroundings) -> Array:
        """τ of every site, for one that depends on nothing else.  (site,)"""
        found = self.on(around)
        if found.size == 1:
            return np.full(around.sites, found[0, 0])
        sites: Array = found[0 : 2 * around.sites : 2, 0].copy()
        return sites

    def _variable(self, name: str, around: Surroundings, shape: tuple[int, ...]) -> Array:
        """Values of a variable that broadcast to (valley, site, band, A, B, C)."""
        if name == "energy":
            return around.energy.reshape(shape)
        if name == "band":
            return np.array([-1.0, 1.0]).reshape(1, 1, 2, 1, 1, 1)
        given = around.momenta if name in MOMENTUM else around.places
        if name not in given:
            raise InputError(
                f"[collisions] {self.what} = '{self.source}' depends on {name}: give [grid] an "
                f"axis {name}."
            )
        values: Array = np.asarray(given[name], dtype=float)
        return values if name in MOMENTUM else values.reshape(1, -1, 1, 1, 1, 1)

    @staticmethod
    def _where(index: tuple[np.intp, ...], around: Surroundings) -> str:
        """' at kx = 0, x = 1' of a cell."""
        cells = around.energy.shape[1:]
        k = {n: np.broadcast_to(v, cells)[index[3:]] for n, v in around.momenta.items()}
        r = {n: v[index[1]] for n, v in around.places.items()}
        parts = [f"{name} = {float(x):.6g}" for name, x in (*k.items(), *r.items())]
        band = "upper" if index[2] else "lower"
        return f" at {', '.join(parts)} in the {band} band" if parts else ""
