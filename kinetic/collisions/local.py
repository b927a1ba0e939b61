"""The local Fermi functions of a state, one for each place, and relaxation towards them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kinetic.collisions.base import Operator, Surroundings
from kinetic.collisions.times import Time
from kinetic.errors import InputError, PhysicsError
from kinetic.grid import Array
from kinetic.kernels.convex import FOUND, SEARCHING, improve
from kinetic.kernels.relaxation import PIECE, ROWS, contents, moments, relax

_LOOKS = 200  # a step is halved or doubled as often before it spans all floating-point numbers
_TOLERANCE = 1e-11  # of what could be held at most
_UNIFORM = np.ones((1, 1))  # τ of no cell in particular


class LocalEquilibrium:
    """f_FD((ε̄ - u·k - μ)/T) with the invariants of a state at every place.

    What is not conserved is that of the bath; without any invariant the bath itself is meant.
    All places advance together; one that is found is left alone.

    Parameters
    ----------
    conserving
        Names of the invariants, see `RelaxationTime`.
    surroundings
        The grid.
    baths
        (μ, T) of every valley.
    operator
        What asks, for messages.

    Attributes
    ----------
    parameters
        Rows (μ, T, u₁, u₂, u₃, μ of the upper band, 0) of the last equilibrium found, with k
        counted from the middle of the grid; Newton starts from them.  (valley·site, 7)
    """

    def __init__(
        self,
        conserving: Sequence[str],
        surroundings: Surroundings,
        baths: Sequence[tuple[float, float]],
        operator: str = "relaxation_time",
    ) -> None:
        self.around, self.conserving = surroundings, tuple(conserving)
        self.operator, self._shape = operator, surroundings.energy.shape[1:]
        self._lay_momenta("momentum" in self.conserving)
        classes = 2 if "band_charge" in self.conserving else 1
        self.kinds = (classes, int("energy" in self.conserving), len(self._slots))
        self.baths = np.zeros((len(baths) * surroundings.sites, 7))
        for column, n in ((0, 0), (1, 1), (5, 0)):
            self.baths[:, column] = np.repeat([bath[n] for bath in baths], surroundings.sites)
        self.parameters = self.baths.copy()
        patches, cells = len(self.baths), int(np.prod(self._shape))
        self.offset = np.zeros((1, cells))
        self._scratch = np.zeros((surroundings.device.threads, ROWS, PIECE))
        # The Fermi function of the bath on the grid.  Where it is the declared equilibrium the
        # cell averages of that are taken, so that it is a fixed point to rounding.
        same = surroundings.thermal and all(
            reservoir == bath
            for reservoir, bath in zip(surroundings.reservoirs, baths, strict=True)
        )
        if same:
            self.offset = self.flat(surroundings.equilibrium) - self.fermi()
        apart = {"valley_charge", "band_charge"} & set(self.conserving)
        groups = patches if apart else surroundings.sites
        pieces = -(-cells // PIECE)
        self._content = np.zeros((patches, pieces, 12))
        self._sums = np.zeros((patches, pieces, 27))
        self._trial, self._origin = np.zeros((groups, 7)), np.zeros((groups, 7))
        self._direction, self._walk = np.zeros((groups, 6)), np.zeros((groups, 4))
        self._miss, self._states = np.zeros(groups), np.zeros(groups, dtype=np.int64)

    def _lay_momenta(self, conserved: bool) -> None:
        """Kinetic momenta of the cells of every axis, from the middle of the grid."""
        names = list(self.around.momenta) if conserved else []
        for name in names:
            if self.around.wraps[name]:
                raise InputError(
                    f"[collisions] {self.operator}: momentum cannot be conserved on the periodic "
                    f"axis {name}, which has no momentum but one up to a period; make the axis "
                    "open, or conserve charge and energy alone."
                )
        rows = [np.asarray(self.around.momenta[name], dtype=float) for name in names]
        slots = [int(np.argmax(row.shape)) for row in rows]
        for n, name in enumerate(names):
            if rows[n].size == 1:
                slots[n] = {"kx": 0, "ky": 1, "kz": 2}[name]
        self._slots = np.array(slots, dtype=np.int64)
        self._momenta = np.zeros((len(rows), max(self._shape)))
        self.middle, self._widths = np.zeros(len(rows)), np.ones(len(rows))
        for n, row in enumerate(rows):
            k = row.ravel()
            self.middle[n] = 0.5 * (k.min() + k.max())
            self._momenta[n, : k.size] = k - self.middle[n]
            self._widths[n] = np.abs(self._momenta[n]).max() or 1.0

    @staticmethod
    def flat(values: Any) -> Any:
        """Cells in one row for every patch and band; the same memory."""
        return values.reshape(len(values), -1)

    @property
    def _pooled(self) -> Any:
        """Where the bands share one occupation; without columns if they do nowhere."""
        glued = self.around.glued
        return self.flat(glued) if glued.any() else np.zeros((len(glued), 0), dtype=bool)

    def _launch(self, kernel: Callable[..., Any], *arguments: Any) -> None:
        small = self.around.energy.size < 4096
        self.around.device.launch(kernel, *arguments, small=small)

    def _grid(self) -> tuple[Any, ...]:
        return self._momenta, self._slots, self._shape, self.kinds

    def fermi(self) -> Array:
        """f_FD of the present parameters at cell centres.  (valley·site·band, cell)"""
        out: Array = np.zeros_like(self.flat(self.around.energy))
        self.approach(out, np.zeros_like(out))
        return out

    def approach(
        self, out: Array, f: Array, tau: Array = _UNIFORM, part: float = 1.0, shift: float = 0.0
    ) -> None:
        """Add part/(τ + shift) (f_local - f) to out.  (valley·site·band, cell)"""
        energy = self.flat(self.around.energy)
        self._launch(
            relax,
            out,
            f,
            energy,
            self.offset,
            self._pooled,
            tau,
            part,
            shift,
            *self._grid(),
            self.parameters,
            self._scratch,
        )

    def contents(self, f: Array, tau: Array = _UNIFORM, shift: float = 0.0) -> Array:
        """Σ w f φ/(τ + shift) of all invariants φ, and Σ w |φ|/(τ + shift).  (2, group, 6)

        A τ that is one number is left out.  The invariants are charges, energy, momenta.
        """
        energy, weight = self.flat(self.around.energy), self.flat(self.around.weight)
        self._launch(
            contents,
            self._content,
            f,
            energy,
            weight,
            self._pooled,
            tau,
            shift,
            *self._grid(),
            self._scratch,
        )
        groups = len(self._states)
        shared: Array = self._content.sum(axis=1).reshape(-1, groups, 12).sum(axis=0)
        return np.array([shared[:, :6], shared[:, 6:]])

    def find(self, f: Array, tau: Array = _UNIFORM, shift: float = 0.0) -> None:
        """Take the parameters for which Σ w (f_local - f) φ/(τ + shift) vanishes."""
        if self.conserving:
            content, scale = self.contents(f, tau, shift)
            self.fit(content, scale, tau, shift)

    def fit(
        self, content: Array, scale: Array, tau: Array = _UNIFORM, shift: float = 0.0
    ) -> None:
        """Take the parameters for which f_local carries the given contents.

        Raises
        ------
        PhysicsError
            Where there are none.
        """
        around, groups = self.around, len(self._states)
        energy, weight, pooled = self.flat(around.energy), self.flat(around.weight), self._pooled
        self._trial[...] = self.parameters[:groups]
        self._trial[:, 6] = self._trial[:, 0]
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
                tau,
                shift,
                *self._grid(),
                self._trial,
                self._states,
                self._scratch,
            )
            left = improve(
                content,
                scale,
                self._sums,
                self._widths,
                self._trial,
                self._origin,
                self._direction,
                self._walk,
                self._miss,
                self._states,
                self.kinds,
            )
            if left == 0:
                break
        self._judge()
        self.parameters = np.tile(self._trial, (len(self.baths) // groups, 1))
        self.parameters[:, 6] = 0.0

    def _judge(self) -> None:
        """Refuse to go on where a place has no local equilibrium."""
        failed = np.flatnonzero((self._states != FOUND) & (self._miss > _TOLERANCE))
        if not len(failed):
            return
        group, sites = int(failed[np.argmax(self._miss[failed])]), self.around.sites
        where = self.around.where(group % sites)
        if len(self._states) > sites:
            where += f" in valley {group // sites}"
        more = f" ({len(failed)} places in all)" if len(failed) > 1 else ""
        kept = ["charge", *(name for name in ("energy", "momentum") if name in self.conserving)]
        mu, temperature = self._trial[group, :2]
        raise PhysicsError(
            f"{self.operator} found no local Fermi function that carries the "
            f"{', '.join(kept[:-1])}{' and ' if kept[1:] else ''}{kept[-1]} of the state{where}"
            f"{more} (μ = {mu:.4g}, T = {temperature:.4g} reached): the state is too far from "
            "any equilibrium; take a larger grid or drop 'conserving'."
        )

    @property
    def groups(self) -> int:
        """Number of places that have their own μ and T: sites, or sites of valleys."""
        return len(self._states)

    @property
    def local(self) -> Array:
        """μ (of the lower band) and T.  (valley·site, 2)"""
        found = self.parameters[:, :2].copy()
        found[:, 0] -= self.drift @ self.middle
        return found

    @property
    def drift(self) -> Array:
        """u along every axis of the grid, if momentum is conserved.  (valley·site, axis)"""
        return self.parameters[:, 2 : 2 + self.kinds[2]].copy()

    def state(self) -> Array:
        """Where Newton starts, as far as it is not that of the bath."""
        wide = self.kinds[0] == 2 or self.kinds[2] > 0
        return self.parameters[:, : 6 if wide else 2].copy()

    def restore(self, state: Array) -> None:
        """Take it back."""
        self.parameters[:, : state.shape[1]] = state
        if state.shape[1] == 2:
            self.parameters[:, 5] = state[:, 0]


class LocalRelaxation(Operator):
    """C = -(f - f_local)/τ and its implicit step, both in closed form once f_local is found.

    Parameters
    ----------
    time
        τ.
    equilibrium
        The local equilibrium.
    """

    def __init__(self, time: Time, equilibrium: LocalEquilibrium) -> None:
        self._time, self.equilibrium = time, equilibrium
        self._tau = time.on(equilibrium.around)
        self.fastest = 1.0 / float(self._tau.min())

    @property
    def uniform(self) -> bool:
        """Whether τ is a number."""
        return self._time.constant

    @property
    def local(self) -> Array:
        """μ and T of the last local equilibrium.  (valley·site, 2)"""
        return self.equilibrium.local

    @property
    def tau(self) -> Array:
        """τ of the moment, (1, 1) or of every cell."""
        around = self.equilibrium.around
        if around.moving and not self._time.constant:
            self._tau = self._time.on(around)
            self.fastest = 1.0 / float(self._tau.min())
        return self._tau

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add -(f - f_local)/τ."""
        flat, tau = self.equilibrium.flat, self.tau
        self.equilibrium.find(flat(f), tau)
        self.equilibrium.approach(flat(out), flat(f), tau)

    def loss(self) -> Array | float:
        """1/τ."""
        tau = self.tau
        if tau.size == 1:
            return self.fastest
        rate: Array = 1.0 / tau.reshape(self.equilibrium.around.energy.shape)
        return rate

    def solve(self, target: Array, step: float, t: float) -> Array:
        """f = (τ f* + Δt f_local)/(τ + Δt) of f = f* + Δt C[f].

        f - f_local is τ/(τ + Δt) (f* - f_local), so that the invariants of C[f],
        Σ w φ (f - f_local)/τ = 0, are Σ w φ (f* - f_local)/(τ + Δt) = 0: f_local is found from
        f* with these weights (for one τ: it has the charge, energy and momentum of f*).
        """
        flat, tau = self.equilibrium.flat, self.tau
        out: Array = target.copy()
        self.equilibrium.find(flat(target), tau, step)
        self.equilibrium.approach(flat(out), flat(target), tau, step, step)
        return out

    def state(self) -> dict[str, Array]:
        """The last parameters: where Newton starts."""
        return {"local": self.equilibrium.state()}

    def restore(self, state: dict[str, Array]) -> None:
        """Take them back."""
        self.equilibrium.restore(np.array(state["local"]))
