"""Energy shells: what all levels of one energy have in common, and what they have not.

    φ_n(i) = ⟨hat((ε - E_n)/ΔE)⟩_cell i ,   Σ_n φ_n = 1 ,   Σ_n E_n φ_n = ε_i
    P g = Σ_nn' φ_n (M⁻¹)_nn' ∫_n' g ,   ∫_n g = Σ_i w_i φ_n(i) g_i ,   M = ∫ φ_n φ_n'

Hat functions of the energy are averaged over each cell, along which the energy is taken as
linear, so that the number of levels in a shell does not jump from grid to grid (the tetrahedron
method does the same for piecewise constant shells: Bloechl, Jepsen and Andersen, Phys. Rev. B 49,
16223 (1994)).  Q = 1 - P takes out of a rate whatever would change the number of particles in any
shell: then charge and energy, and all that hats can tell apart, are kept to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.collisions.base import Surroundings
from kinetic.errors import InputError
from kinetic.grid import Array

CELLS_PER_SHELL = 2.0
"""Distance of shells by default, in the change of energy across a cell."""

LEAST, MOST = 3, 4096
_POINTS = {0: 1, 1: 16, 2: 5, 3: 3}  # of the product rule along an axis, by their number
_MEMORY = 4 * 2**30  # bytes


class Shells:
    """Energy shells of a grid.

    Arrays of levels are (valley·site·band, A, B, C) like those of the surroundings; arrays of
    shells are (site, valley, shell).

    Parameters
    ----------
    surroundings
        The grid.
    count
        Number of shells; by default they are two cells apart where the equilibrium varies.
    pooled
        Whether the shells of all valleys are one: then only the sum over them is kept by Q.
    overlap
        Whether the spin direction of the levels is wanted.

    Attributes
    ----------
    energies
        E_n, counted from the potential φ of the site.  (shell,)
    spacing
        ΔE.
    patterns
        Number of sites whose bands differ; 1 if those of all sites agree.
    density
        States per energy, Σ w φ_n/ΔE.  (pattern, valley, shell)
    levels, means
        Energies as they are, and those by which levels are counted: the mean of both bands in
        glued cells.  (pattern, valley·band, cell)
    weight
        w, the mean of both bands in glued cells.  (pattern, valley·band, cell)
    spin
        m, 0 in glued cells; only with `overlap`.  (pattern, valley, 3, cell)
    potential
        φ of the sites.  (site,)
    """

    def __init__(
        self,
        surroundings: Surroundings,
        count: int | None = None,
        pooled: bool = False,
        overlap: bool = True,
    ) -> None:
        self.around, self.pooled, self.overlap = surroundings, pooled, overlap
        self.sites, self.valleys = surroundings.sites, surroundings.valleys
        self.groups = 1 if pooled else self.valleys
        self.rows, self.cells = 2 * self.valleys, int(surroundings.energy[0].size)
        self._asked = count
        self._seen: list[Any] = []
        self.spacing = 0.0
        self.update()

    # --- levels -------------------------------------------------------------------------------

    def update(self) -> bool:
        """Count the levels anew if they have moved; whether they have."""
        around = self.around
        now = (around.energy, around.weight, around.glued)
        if self._seen and all(map(np.array_equal, self._seen, now)):
            return False
        self._seen = [array.copy() for array in now]
        self._take(*now)
        self._count()
        self._weigh()
        return True

    def by_site(self, values: Any) -> Any:
        """Levels as (site, valley·band, cell)."""
        shape = (self.valleys, self.sites, -1, self.cells)
        return values.reshape(shape).swapaxes(0, 1).reshape(self.sites, -1, self.cells)

    def _take(self, energy: Array, weight: Array, glued: NDArray[np.bool_]) -> None:
        """Energies and weights by pattern."""
        energies, weights = self.by_site(energy), self.by_site(weight)
        self.potential = energies[:, 0, 0] - energies[0, 0, 0]
        levels = energies - self.potential[:, None, None]
        glue = self.by_site(glued)
        spins = self._spins()
        scale = float(np.abs(energies).max(initial=0.0))
        same = self.sites == 1 or bool(
            np.abs(levels - levels[0]).max() <= 1e-12 * scale
            and np.abs(weights - weights[0]).max() <= 1e-12 * np.abs(weights).max()
            and np.array_equal(glue, np.broadcast_to(glue[:1], glue.shape))
            and np.abs(spins - spins[:1]).max() <= 1e-12
        )
        self.patterns = 1 if same else self.sites
        self.levels = np.ascontiguousarray(levels[: self.patterns])
        self.weight = np.array(weights[: self.patterns])
        self.glued = np.ascontiguousarray(glue[: self.patterns])
        self.spin = np.array(spins[: self.patterns])  # one for all where there is none
        self.means = self.levels
        if self.glued.any():
            self.means = self.levels.copy()
            shape = (self.patterns, self.valleys, 2, self.cells)
            pair_w, pair_e = self.weight.reshape(shape), self.means.reshape(shape)
            total = pair_w.sum(axis=2, keepdims=True)
            mean = (pair_w * pair_e).sum(axis=2, keepdims=True) / total
            pooled = self.glued[:, :, None]
            self.spin *= ~pooled
            pair_e[...] = np.where(pooled, mean, pair_e)
            pair_w[...] = np.where(pooled, 0.5 * total, pair_w)

    def _spins(self) -> Array:
        """m by site, or one 0 for all of them.  (site, valley, 3, cell)"""
        if not self.overlap:
            return np.zeros((1, self.valleys, 3, 1))
        found = self.around.spin().reshape(self.valleys, self.sites, 3, self.cells)
        return np.asarray(found.swapaxes(0, 1))

    def _ranges(self) -> Array:
        """Half the change of energy across a cell along every axis.  (3, level)"""
        shape = (self.patterns, self.rows, *self.around.energy.shape[1:])
        energy = self.means.reshape(shape)
        out = np.zeros((3, *shape))
        for axis in range(3):
            if shape[axis + 2] > 1:
                out[axis] = 0.5 * np.abs(np.gradient(energy, axis=axis + 2))
        return out.reshape(3, -1)

    def _space(self, ranges: Array) -> tuple[float, float, int]:
        """Lowest shell, distance and number of shells."""
        half = ranges.sum(axis=0)
        low = float((self.means.ravel() - half).min())
        high = float((self.means.ravel() + half).max())
        width = max(high - low, 1e-12 * max(abs(high), abs(low)), 1e-300)
        spacing = self.spacing
        if self._asked is not None:
            spacing = width / (self._asked - 1)
        elif spacing == 0.0:
            across = 2.0 * np.sqrt((ranges**2).sum(axis=0)).reshape(self.means.shape)
            f = self.by_site(self.around.equilibrium)[: self.patterns]
            share = self.weight * np.clip(f * (1.0 - f), 0.0, None)
            if not float(share.sum()) > 0.0:
                share = self.weight
            spacing = CELLS_PER_SHELL * float((share * across).sum() / share.sum())
        spacing = min(max(spacing, width / (MOST - 3)), width / (LEAST - 1))
        lower = spacing * np.floor(low / spacing)
        return lower, spacing, int(np.floor((high - lower) / spacing)) + 2

    def _count(self) -> None:
        """The hats of every level."""
        from kinetic.kernels.shells import count_hats, fill_hats

        ranges = self._ranges()
        lower, self.spacing, number = self._space(ranges)
        self.energies = lower + self.spacing * np.arange(number)
        flat = self.means.reshape(-1)
        first, count = np.zeros(flat.size, np.int32), np.zeros(flat.size, np.int32)
        small = flat.size < 4096
        launch = self.around.device.launch
        launch(count_hats, first, count, flat, ranges, lower, self.spacing, small=small)
        self._offset = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
        need = 8 * int(self._offset[-1]) + 60 * flat.size
        if need > _MEMORY:
            raise InputError(
                f"[collisions] energy shells of this grid take {need / 2**30:.1f} GiB, at "
                f"most {_MEMORY / 2**30:.0f} GiB are allowed: take fewer cells or sites, or bands "
                "that are the same at every site."
            )
        self._value = np.zeros(int(self._offset[-1]))
        axes = sum(n > 1 for n in self.around.energy.shape[1:])
        points, shares = np.polynomial.legendre.leggauss(_POINTS[axes])
        arguments = (flat, ranges, points, 0.5 * shares, lower, self.spacing)
        launch(fill_hats, self._value, first, self._offset, *arguments, small=small)
        self._first = first.reshape(self.means.shape)
        self.width = int(count.max())

    def _weigh(self) -> None:
        """The mass matrix and its factor."""
        from kinetic.kernels.shells import PIECE, factors, masses

        number, device = len(self.energies), self.around.device
        shape = (self.patterns, self.groups, self.width, number)
        self._mass, self._factor = np.zeros(shape), np.zeros(shape)
        self._scale = np.ones((self.patterns, self.groups, number))
        hats = (self._first, self._offset, self._value)
        device.launch(masses, self._mass, self.weight, *hats, self.pooled)
        device.launch(factors, self._factor, self._scale, self._mass)
        self._pieces = -(-self.cells // PIECE)
        self._scratch = np.empty((device.threads, 2, number))
        ones = np.ones_like(self.around.energy)
        self.density = self.moments(ones)[: self.patterns] / self.spacing

    # --- sums over shells ---------------------------------------------------------------------

    def _launch(self, kernel: Callable[..., Any], *arguments: Any) -> None:
        small = self.around.energy.size < 4096
        self.around.device.launch(kernel, *arguments, small=small)

    def collect(self, g: Array, components: int = 1) -> Array:
        """∫_n g, or ∫_n g (1, s m) with four components.

        (site, piece, valley, shell, component): to be summed over the pieces.
        """
        from kinetic.kernels.shells import collect

        number = len(self.energies)
        sums = np.empty((self.sites, self._pieces, self.valleys, number, components))
        hats = (self._first, self._offset, self._value)
        flat = g.reshape(-1, self.cells)
        self._launch(collect, sums, flat, self.weight, self.spin, *hats)
        return sums

    def distribute(self, out: Array, coefficients: Array, scale: float = 1.0) -> None:
        """Add scale · Σ_n φ_n (c_n0 + s m·c_n) to out.  (site, valley, shell, 1 or 4)"""
        from kinetic.kernels.shells import distribute

        hats = (self._first, self._offset, self._value)
        flat = out.reshape(-1, self.cells)
        self._launch(distribute, flat, scale, coefficients, self.spin, *hats)

    def moments(self, g: Array) -> Array:
        """∫_n g = Σ w φ_n g.  (site, valley, shell)"""
        return np.asarray(self.collect(g).sum(axis=1)[..., 0])

    def average(self, g: Array) -> Array:
        """⟨g⟩_n = ∫_n g/∫_n 1, 0 in empty shells.  (site, valley, shell)

        Pooled shells are averaged over all valleys.
        """
        sums = self.moments(g)
        states = np.broadcast_to(self.density * self.spacing, sums.shape)
        if self.pooled:
            sums, states = (x.sum(axis=1, keepdims=True) for x in (sums, states))
        full = states > 1e-14 * states.max()
        mean = np.where(full, sums, 0.0) / np.where(full, states, 1.0)
        return np.asarray(np.broadcast_to(mean, (*mean.shape[:1], self.valleys, mean.shape[2])))

    def interpolate(self, values: Array) -> Array:
        """Σ_n φ_n(i) g_n: a function of the energy on the levels."""
        out: Array = np.zeros_like(self.around.energy)
        self.distribute(out, np.ascontiguousarray(values)[..., None])
        return out

    def at(self, values: Array, energy: float) -> Array:
        """A function of the energy between its shells.  (..., shell) → (...)"""
        x = float(np.clip((energy - self.energies[0]) / self.spacing, 0, len(self.energies) - 1))
        n = min(int(x), len(self.energies) - 2)
        return np.asarray(values[..., n] + (x - n) * (values[..., n + 1] - values[..., n]))

    # --- projection ---------------------------------------------------------------------------

    def coefficients(self, g: Array) -> Array:
        """M⁻¹ ∫_n g, the function of the energy nearest to g.  (site, valley, shell, 1)"""
        from kinetic.kernels.shells import settle

        sums = self.collect(g)
        out = np.empty((self.sites, self.valleys, len(self.energies), 1))
        self._launch(settle, out, sums, self._factor, self._scale, self._mass, self._scratch)
        return out

    def remove(self, g: Array) -> None:
        """g ← Q g: take out the function of the energy nearest to it, in place."""
        self.distribute(g, self.coefficients(g), -1.0)

    def project(self, g: Array) -> Array:
        """P g, the function of the energy nearest to g."""
        return self.interpolate(self.coefficients(g)[..., 0])
