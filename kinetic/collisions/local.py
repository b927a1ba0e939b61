"""The local Fermi functions of a state, one for each place, and relaxation towards them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kinetic.collisions.base import Operator, Surroundings
from kinetic.errors import PhysicsError
from kinetic.grid import Array
from kinetic.kernels.relaxation import (
    FOUND,
    PIECE,
    SEARCHING,
    contents,
    improve,
    moments,
    relax,
)

_LOOKS = 200  # a step is halved or doubled as often before it spans all floating-point numbers
_TOLERANCE = 1e-11  # of what could be held at most


class LocalRelaxation(Operator):
    """Finds μ (and T) of the local equilibrium at every place by Newton steps, then relaxes.

    All places advance together; one that is found is left alone.

    Parameters
    ----------
    tau
        τ > 0 (time).
    conserving
        Names of the invariants, see `RelaxationTime`.
    surroundings
        The grid.
    baths
        (μ, T) of every valley.

    Attributes
    ----------
    local
        μ and T of the present local equilibrium; Newton starts from them.  (valley·site, 2)
    """

    def __init__(
        self,
        tau: float,
        conserving: Sequence[str],
        surroundings: Surroundings,
        baths: Sequence[tuple[float, float]],
    ) -> None:
        self.around, self.conserving = surroundings, tuple(conserving)
        self.fastest = 1.0 / tau
        self.baths = np.repeat(np.array(baths), surroundings.sites, axis=0)
        self.local = self.baths.copy()
        self.offset = np.zeros((1, self._flat(surroundings.energy).shape[1]))
        # The Fermi function of the bath on the grid.  Where it is the declared equilibrium the
        # cell averages of that are taken, so that it is a fixed point to rounding.
        same = surroundings.thermal and all(
            reservoir == bath
            for reservoir, bath in zip(surroundings.reservoirs, baths, strict=True)
        )
        if same:
            self.offset = self._flat(surroundings.equilibrium) - self._fermi()
        patches, cells = len(self.baths), self.offset.shape[1]
        groups = patches if "valley_charge" in self.conserving else surroundings.sites
        self._content = np.zeros((patches, -(-cells // PIECE), 4))
        self._sums = np.zeros((*self._content.shape[:2], 6))
        self._trial, self._origin = np.zeros((groups, 3)), np.zeros((groups, 2))
        self._direction, self._walk = np.zeros((groups, 2)), np.zeros((groups, 4))
        self._miss, self._states = np.zeros(groups), np.zeros(groups, dtype=np.int64)

    @staticmethod
    def _flat(values: Any) -> Any:
        """Cells in one row for every patch and band; the same memory."""
        return values.reshape(len(values), -1)

    def _launch(self, kernel: Callable[..., Any], *arguments: Any) -> None:
        small = self.around.energy.size < 4096
        self.around.device.launch(kernel, *arguments, small=small)

    def _relax(self, out: Array, f: Array, pooled: Any, rate: float) -> None:
        """Add rate (f_local - f) to out."""
        energy = self._flat(self.around.energy)
        scratch = np.empty((self.around.device.threads, 2, PIECE))
        self._launch(relax, out, f, energy, self.offset, pooled, self.local, rate, scratch)

    def _fermi(self) -> Array:
        """f_FD of the local μ and T at cell centres.  (valley·site·band, cell)"""
        energy = self._flat(self.around.energy)
        out: Array = np.zeros_like(energy)
        apart = np.zeros((len(self.local), energy.shape[1]), dtype=bool)
        self._relax(out, np.zeros_like(out), apart, 1.0)
        return out

    def _solve(self, f: Array) -> Array:
        """μ and T of the Fermi functions with the invariants of f.  (valley·site, 2)"""
        if not self.conserving:
            return self.baths
        around, both = self.around, "energy" in self.conserving
        energy, weight = self._flat(around.energy), self._flat(around.weight)
        pooled, groups = self._flat(around.glued), len(self._states)
        self._launch(contents, self._content, energy, weight, f)
        self._trial[...] = self.local[:groups, [0, 1, 0]]
        self._walk[...] = (0.0, 0.0, 4.0, 0.0)
        self._states[...], self._miss[...] = SEARCHING, np.inf
        for _ in range(_LOOKS):
            self._launch(
                moments,
                self._sums,
                energy,
                weight,
                self.offset,
                pooled,
                self._trial,
                self._states,
                both,
            )
            left = improve(
                self._content,
                self._sums,
                self._trial,
                self._origin,
                self._direction,
                self._walk,
                self._miss,
                self._states,
                both,
            )
            if left == 0:
                break
        self._judge(both)
        return np.tile(self._trial[:, :2], (len(self.baths) // groups, 1))

    def _judge(self, both: bool) -> None:
        """Refuse to go on where a place has no local equilibrium."""
        failed = np.flatnonzero((self._states != FOUND) & (self._miss > _TOLERANCE))
        if not len(failed):
            return
        group, sites = int(failed[np.argmax(self._miss[failed])]), self.around.sites
        where = self.around.where(group % sites)
        if len(self._states) > sites:
            where += f" in valley {group // sites}"
        more = f" ({len(failed)} places in all)" if len(failed) > 1 else ""
        mu, temperature = self._trial[group, :2]
        raise PhysicsError(
            "relaxation_time found no local Fermi function that carries the charge"
            f"{' and energy' if both else ''} of the state{where}{more} (μ = {mu:.4g}, "
            f"T = {temperature:.4g} reached): the state is too far from any equilibrium; take a "
            "larger grid or drop 'conserving'."
        )

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add -(f - f_local)/τ."""
        occupation = self._flat(f)
        self.local = self._solve(occupation)
        pooled = self._flat(self.around.glued)
        self._relax(self._flat(out), occupation, pooled, self.fastest)

    def state(self) -> dict[str, Array]:
        """The last μ and T: where Newton starts."""
        return {"local": self.local.copy()}

    def restore(self, state: dict[str, Array]) -> None:
        """Take μ and T back."""
        self.local = np.array(state["local"])
