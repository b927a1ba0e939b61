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
from kinetic.collisions.hats import averaged_hats, energy_ranges
from kinetic.grid import Array

CELLS_PER_SHELL = 2.0
"""Distance of shells by default, in the change of energy across a cell."""

LEAST, MOST = 3, 4096


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
        E_n, counted from what `potential` says of the site.  (shell,)
    spacing
        ΔE.
    sharpness
        β of `sharpen`.
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
        φ of the sites less that of the first one at the start.  (site,)
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
        self._held: tuple[Any, ...] = ()
        self._zero: float | None = None
        self.spacing = 0.0
        self.update()

    # --- levels -------------------------------------------------------------------------------

    def update(self) -> bool:
        """Count the levels anew if they have moved; whether they have.

        A potential that moves shifts all levels of a site alike, and leaves their shells.
        """
        around = self.around
        now = (around.energy, around.weight, around.glued)
        turning = around.moving and self.overlap  # spins may turn at constant energy
        if self._seen and not turning and all(map(np.array_equal, self._seen, now)):
            return False
        self._seen = [array.copy() for array in now]
        if not self._take(*now):
            return False
        self._count()
        self._weigh()
        return True

    def recount(self, spacing: float) -> None:
        """Count the levels in shells of another distance."""
        self.spacing = spacing
        self._count()
        self._weigh()

    def by_site(self, values: Any) -> Any:
        """Levels as (site, valley·band, cell)."""
        shape = (self.valleys, self.sites, -1, self.cells)
        return values.reshape(shape).swapaxes(0, 1).reshape(self.sites, -1, self.cells)

    def _take(self, energy: Array, weight: Array, glued: NDArray[np.bool_]) -> bool:
        """Energies and weights by pattern; whether they are others than before."""
        energies, weights = self.by_site(energy), self.by_site(weight)
        if self._zero is None:
            self._zero = float(energies[0, 0, 0])
        self.potential = energies[:, 0, 0] - self._zero
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
        patterns = 1 if same else self.sites
        now = (levels[:patterns], weights[:patterns], glue[:patterns], spins[:patterns])
        if self._held and all(map(_agree, self._held, now)):
            return False
        self._held = tuple(np.array(array) for array in now)
        self.patterns = patterns
        self.levels, _, self.glued, _ = self._held
        self.weight, self.spin = np.array(weights[:patterns]), np.array(spins[:patterns])
        self.means = self.levels
        if self.glued.any():
            self.means = self.levels.copy()
            shape = (self.patterns, self.valleys, 2, self.cells)
            pair_w, pair_e = self.weight.reshape(shape), self.means.reshape(shape)
            total = pair_w.sum(axis=2, keepdims=True)
            mean = (pair_w * pair_e).sum(axis=2, keepdims=True) / total
            pooled = self.glued[:, :, None]
            self.spin *= ~pooled if self.overlap else 1.0
            pair_e[...] = np.where(pooled, mean, pair_e)
            pair_w[...] = np.where(pooled, 0.5 * total, pair_w)
        return True

    def _spins(self) -> Array:
        """m by site, or one 0 for all of them.  (site, valley, 3, cell)"""
        if not self.overlap:
            return np.zeros((1, self.valleys, 3, 1))
        found = self.around.spin().reshape(self.valleys, self.sites, 3, self.cells)
        return np.asarray(found.swapaxes(0, 1))

    def _mean(self, values: Array) -> float:
        """Mean over the levels where the equilibrium varies, over all where it does not."""
        f = self.by_site(self.around.equilibrium)[: self.patterns]
        share = self.weight * np.clip(f * (1.0 - f), 0.0, None)
        if not float(share.sum()) > 0.0:
            share = self.weight
        return float((share * values).sum() / share.sum())

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
            spacing = CELLS_PER_SHELL * self._mean(across)
        spacing = min(max(spacing, width / (MOST - 3)), width / (LEAST - 1))
        lower = spacing * np.floor(low / spacing)
        return lower, spacing, int(np.floor((high - lower) / spacing)) + 2

    def _count(self) -> None:
        """The hats of every level."""
        shape = self.around.energy.shape[1:]
        ranges = energy_ranges(self.means.reshape(self.patterns, self.rows, *shape))
        lower, self.spacing, number = self._space(ranges)
        spread = self._mean((ranges**2).sum(axis=0).reshape(self.means.shape)) / 3.0
        self.sharpness = 1.0 / 12.0 + 0.5 * spread / self.spacing**2
        self.energies = lower + self.spacing * np.arange(number)
        axes, flat = sum(n > 1 for n in shape), self.means.reshape(-1)
        found = averaged_hats(flat, ranges, lower, self.spacing, axes, self.around.device)
        self._first, self._offset, self._value = found
        self._first = self._first.reshape(self.means.shape)
        self.width = int(np.diff(self._offset).max())

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

    def launch(self, kernel: Callable[..., Any], *arguments: Any) -> None:
        """Run a kernel on all workers, or on one where there are few levels."""
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
        self.launch(collect, sums, flat, self.weight, self.spin, *hats)
        return sums

    def distribute(self, out: Array, coefficients: Array, scale: float = 1.0) -> None:
        """Add scale · Σ_n φ_n (c_n0 + s m·c_n) to out.  (site, valley, shell, 1 or 4)"""
        from kinetic.kernels.shells import distribute

        hats = (self._first, self._offset, self._value)
        flat = out.reshape(-1, self.cells)
        self.launch(distribute, flat, scale, coefficients, self.spin, *hats)

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

    def sharpen(self, values: Array) -> Array:
        """χ_n = φ_n - β (φ_n+1 - 2φ_n + φ_n-1), or sums with χ_n instead of φ_n.

        Σ_n χ_n(ε) χ_n(ε')/ΔE is a δ function that leaves parabolas as they are, while that of
        φ_n spreads them.  (..., shell, component)
        """
        out: Array = (1.0 + 2.0 * self.sharpness) * values
        out[..., 1:, :] -= self.sharpness * values[..., :-1, :]
        out[..., :-1, :] -= self.sharpness * values[..., 1:, :]
        return out

    def members(self, pattern: int, valley: int) -> list[tuple[NDArray[np.int64], Array]]:
        """Of every shell of a valley the levels, counted as band·cells + cell, and their χ_n."""
        from scipy.sparse import csr_matrix, diags_array

        first = self._first[pattern, 2 * valley : 2 * valley + 2].ravel()
        base = (pattern * self.rows + 2 * valley) * self.cells
        offset = self._offset[base : base + len(first) + 1]
        counts, number = np.diff(offset), len(self.energies)
        level = np.repeat(np.arange(len(first)), counts)
        shell = first[level] + (np.arange(offset[0], offset[-1]) - offset[level])
        hats = csr_matrix(
            (self._value[offset[0] : offset[-1]], (shell, level)), shape=(number, len(first))
        )
        side = np.full(number - 1, -self.sharpness)
        whole = np.full(number, 1.0 + 2.0 * self.sharpness)
        found = csr_matrix(diags_array([side, whole, side], offsets=[-1, 0, 1]) @ hats)
        found.sort_indices()
        cuts = found.indptr[1:-1]
        levels = np.split(found.indices.astype(np.int64), cuts)
        return list(zip(levels, np.split(found.data, cuts), strict=True))

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
        self.launch(settle, out, sums, self._factor, self._scale, self._mass, self._scratch)
        return out

    def remove(self, g: Array) -> None:
        """g ← Q g: take out the function of the energy nearest to it, in place."""
        self.distribute(g, self.coefficients(g), -1.0)

    def project(self, g: Array) -> Array:
        """P g, the function of the energy nearest to g."""
        return self.interpolate(self.coefficients(g)[..., 0])


def _agree(first: Any, second: Any) -> bool:
    """Whether two arrays have one shape and differ by rounding alone."""
    if first.shape != second.shape or first.dtype == bool:
        return np.array_equal(first, second)
    return bool(np.abs(first - second).max() <= 1e-13 * np.abs(second).max())
