"""Electrons that exchange quanta with a bath, pair by pair of cells, by way of energy levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from kinetic.collisions.base import Operator, Surroundings
from kinetic.collisions.harmonics import degrees
from kinetic.collisions.ladder import Ladder, quanta, sharpened
from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.kernels.phonons import PIECE, divide, gather, spread, weigh

_FAINT = 1e-15  # occupations nearer to 0 or 1 have the logarithm of it
_SURE = 1e-13  # occupations nearer to 0 or 1 do not tell the energy of their cell
_MOST = 5e7  # numbers in the matrices of a ladder


@dataclass(frozen=True)
class Rates:
    """What a ladder of given energies scatters with.

    Parameters
    ----------
    exchanging
        S_l between levels for every valley: all of both bands (block = 1) or of each band alone
        (2).  (valley, block, degree, level, level)
    elastic
        What exchanges no energy, or None.  (valley, band, degree, level)
    """

    exchanging: Array
    elastic: Array | None = None


class BathScattering(Operator):
    """C[f]_i = Σ_j S_ij [(1 - f_i) p_i r_j f_j - f_i r_i p_j (1 - f_j)] w_j + elastic part

    The first part keeps 0 <= f <= 1 in steps up to 1/`fastest`.  The elastic part, of quanta too
    small to be told from none, is linear: Q L Q (f - f̂), where Q takes off what depends on the
    energy alone (so that charge and energy stay) and f̂ is a function of the energy, the Fermi
    function itself if f is one.  Cells whose bands are glued do not scatter.

    Parameters
    ----------
    surroundings
        The grid.
    temperatures
        T of the bath of each valley.
    step
        Distance of the levels.
    most
        Largest degree of the harmonics of the direction of k.
    overlap
        Whether the overlap ½(1 + ss′m·m′) of the spinors is a factor.
    turns
        Harmonics.  (cell, harmonic)
    tabulate
        Ladder → `Rates`.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        temperatures: Sequence[float],
        step: float,
        most: int,
        overlap: bool,
        turns: Array,
        tabulate: Callable[[Ladder], Rates],
    ) -> None:
        self.around = surroundings
        self.temperatures = np.repeat(np.asarray(temperatures, float), surroundings.sites)
        self.step, self.overlap = step, overlap
        self.turns, self.tabulate = turns, tabulate
        self._degrees = degrees(max(surroundings.dimensions, 1), most)
        self._shift = self._displacement()
        self._settle()
        self._loss: Array | None = None
        self._looked: Array | None = None

    @staticmethod
    def _flat(values: Any) -> Any:
        """Cells in one row for every patch and band; the same memory."""
        return values.reshape(len(values), -1)

    def _displacement(self) -> Array:
        """Energy that the declared equilibrium gives a cell, less that of its centre.

        The equilibrium holds averages over cells.  Where the bath has its temperature the cells
        count by their energies in it, so that it is a fixed point to rounding.
        """
        around = self.around
        energy = self._flat(around.energy)
        shift: Array = np.zeros_like(energy)
        if not around.thermal:
            return shift
        rest = self._flat(around.equilibrium)
        for valley, reservoir in enumerate(around.reservoirs):
            first, last = (2 * around.sites * v for v in (valley, valley + 1))
            if reservoir is None or reservoir[1] != self.temperatures[valley * around.sites]:
                continue
            mu, warmth = reservoir
            f = rest[first:last]
            sure = (f > _SURE) & (f < 1.0 - _SURE)
            f = np.where(sure, f, 0.5)
            counted = mu + warmth * (np.log1p(-f) - np.log(f))
            apart = np.where(sure, counted - energy[first:last], 0.0)
            shift[first:last] = np.clip(apart, -self.step, self.step)
        return shift

    def _settle(self) -> None:
        """Everything that follows from the energies and spinors of the cells."""
        around = self.around
        self._energy = around.energy.copy()
        counted = self._flat(self._energy) + self._shift
        self.ladder = Ladder(counted, self.temperatures, self.step)
        self.rates = self.tabulate(self.ladder)
        self.spins = self._spins(counted.shape)
        levels, width = self.ladder.count, self.turns.shape[1] * self.spins.shape[2]
        rows, cells = counted.shape
        size = rows * levels * width * -(-cells // PIECE)
        if size > _MOST:
            raise InputError(
                "[collisions] phonon_bath: the sums over levels, harmonics and sites take "
                f"{16e-9 * size:.2g} GB; a coarser `spacing` or fewer `harmonics` are needed."
            )
        self._sums = np.zeros((rows, -(-cells // PIECE), 2, levels, width))
        away = np.arange(self.rates.exchanging.shape[-1]) % levels
        hops = (away[:, None] - away).astype(float)
        self._bose = [
            quanta(hops * self.step, warmth) * sharpened(np.abs(hops), warmth / self.step)
            for warmth in self.temperatures[:: around.sites]
        ]
        self._hats = 0.5 * (self.ladder.take + self.ladder.emit)
        self._unit = np.ones((cells, 1)), np.ones((1, cells, 1))
        ones = np.ones(counted.shape)
        most = self._rate(ones, 1.0, self._flat(np.zeros_like(around.energy)), empty=True)
        if self.rates.elastic is not None:
            self._calm = self._scattered(ones)
            most = most + self._calm
        self.fastest = float(most.max())

    def _spins(self, shape: tuple[int, ...]) -> Array:
        """(1, sm)/√2 of every cell, components that vanish left out.  (patch·band, cell, ·)"""
        if not self.overlap:
            return np.ones((1, shape[1], 1))
        m = self.around.spin().reshape(shape[0] // 2, 3, shape[1])
        m = m[:, np.abs(m).max(axis=(0, 2)) > 1e-14]
        both = np.ones((shape[0] // 2, 2, shape[1], 1 + m.shape[1]))
        both[:, 1, :, 1:] = m.transpose(0, 2, 1)
        both[:, 0, :, 1:] = -both[:, 1, :, 1:]
        return np.asarray(np.sqrt(0.5) * both.reshape(*shape, -1))

    # --- sums over cells --------------------------------------------------------------------

    def _launch(self, kernel: Callable[..., Any], *arguments: Any) -> None:
        small = self.around.energy.size < 4096
        self.around.device.launch(kernel, *arguments, small=small)

    def _gather(
        self, f: Array, lead: float, take: Any, emit: Any, turns: Any, spins: Any
    ) -> Array:
        """Σ w r f Z and Σ w p (lead - f) Z.  (patch·band, 2, level, harmonic, spin)"""
        around, width = self.around, turns.shape[1] * spins.shape[2]
        sums = self._sums
        if width != sums.shape[-1]:
            sums = np.zeros((*sums.shape[:-1], width))
        weight, glued = self._flat(around.weight), self._flat(around.glued)
        level = self.ladder.level
        self._launch(gather, sums, level, emit, take, weight, glued, lead, f, turns, spins)
        whole: Array = sums.sum(axis=1)
        return whole.reshape(len(f), 2, -1, turns.shape[1], spins.shape[2])

    def _spread(
        self,
        out: Array,
        total: Array,
        f: Array,
        v: Array | None,
        rates: Array,
        take: Any,
        emit: Any,
        turns: Any,
        spins: Any,
    ) -> None:
        """Rates of cells from those of levels (patch·band, 2, level, ·); see `spread_row`."""
        around = self.around
        weight, glued = self._flat(around.weight), self._flat(around.glued)
        varied = v is not None
        self._launch(
            spread, out, total, self.ladder.level, emit, take, weight, glued, f,
            f if v is None else v, varied, rates, turns, spins,
        )  # fmt: skip

    def _exchanged(self, sums: Array) -> Array:
        """Gains and losses of levels from sums over levels.  (patch·band, 2, level, ·)"""
        around, strengths = self.around, self.rates.exchanging
        valleys, blocks, count = strengths.shape[0], strengths.shape[1], strengths.shape[-1]
        _, _, _, turns, spins = sums.shape
        # (valley, site, band, 2, level, ...) as (valley, site, block, 2, band and level, ...)
        grouped = sums.reshape(around.valleys, around.sites, 2, 2, -1, turns, spins)
        if blocks == 1:
            grouped = grouped.transpose(0, 1, 3, 2, 4, 5, 6)
            grouped = grouped.reshape(around.valleys, around.sites, 1, 2, count, turns, spins)
        out = np.zeros_like(grouped)
        for valley in range(around.valleys):
            for block in range(blocks):
                for degree in np.unique(self._degrees):
                    column = self._degrees == degree
                    into = strengths[valley % valleys, block, degree] * self._bose[valley]
                    here = grouped[valley, :, block][..., column, :]
                    shape = here.shape
                    here = here.reshape(*shape[:3], -1)
                    gains, losses = into @ here[:, 0], into.T @ here[:, 1]
                    out[valley, :, block][..., column, :] = np.stack(
                        [gains, losses], axis=1
                    ).reshape(shape)
        if blocks == 1:
            out = out.reshape(around.valleys, around.sites, 2, 2, -1, turns, spins)
            out = out.transpose(0, 1, 3, 2, 4, 5, 6)
        return np.ascontiguousarray(out.reshape(len(sums), 2, -1, turns * spins))

    def _rate(self, f: Array, lead: float, out: Array, empty: bool = False) -> Array:
        """Add the exchanging part to out; returns its Γ.  `empty`: sums (1 - f) with f = 0."""
        take, emit = self.ladder.take, self.ladder.emit
        total = np.zeros_like(f)
        sums = self._gather(f, lead, take, emit, self.turns, self.spins)
        if empty:
            nothing = np.zeros_like(f)
            sums[:, 1] = self._gather(nothing, 1.0, take, emit, self.turns, self.spins)[:, 1]
        rates = self._exchanged(sums)
        self._spread(out, total, f, None, rates, take, emit, self.turns, self.spins)
        return total

    # --- the elastic part -------------------------------------------------------------------

    def _overlaps(self) -> Array:
        """Σ w φ_n² and Σ w φ_n φ_{n+1}.  (patch·band, level, 2)"""
        masses = np.zeros((len(self._hats), self.ladder.count, 2))
        weight, glued = self._flat(self.around.weight), self._flat(self.around.glued)
        self._launch(weigh, masses, self.ladder.level, self._hats, weight, glued)
        return masses

    def _interpolant(self, g: Array) -> Array:
        """Piecewise linear function of the energy next to g in the mean square.  As g."""
        turns, spins = self._unit
        sums = self._gather(g, 0.0, self._hats, self._hats, turns, spins)[:, 0, :, 0, 0]
        sums = np.ascontiguousarray(sums)
        self._launch(divide, sums, self._overlaps())
        rates = np.zeros((len(g), 2, self.ladder.count, 1))
        rates[:, 0, :, 0] = sums
        return self._laid(rates, turns, spins)

    def _laid(self, rates: Array, turns: Array, spins: Array) -> Array:
        """Levels' numbers (patch·band, 2, level, ·), second half 0, at the cells."""
        found: Array = np.zeros(self.ladder.level.shape)
        total = np.zeros_like(found)
        zero = np.zeros_like(found)
        self._spread(found, total, zero, None, rates, self._hats, self._hats, turns, spins)
        return found

    def _scattered(self, g: Array) -> Array:
        """Σ_j K_ij w_j g_j of the elastic part."""
        around = self.around
        sums = self._gather(g, 0.0, self._hats, self._hats, self.turns, self.spins)
        assert self.rates.elastic is not None
        kernel = self.rates.elastic[:, :, self._degrees]  # (valley, band, harmonic, level)
        kernel = np.repeat(kernel[:, None], around.sites, axis=1)
        kernel = kernel.reshape(len(g), *kernel.shape[3:]).transpose(0, 2, 1)
        sums[:, 0] *= kernel[..., None]
        sums[:, 1] = 0.0
        return self._laid(sums.reshape(len(g), 2, self.ladder.count, -1), self.turns, self.spins)

    def _turned(self, g: Array) -> Array:
        """Q L Q g."""
        dead = np.repeat(self._flat(self.around.glued), 2, axis=0)
        g = np.where(dead | ~(self._flat(self.around.weight) > 0.0), 0.0, g)
        g = g - self._interpolant(g)
        g = self._scattered(g) - self._calm * g
        g = np.where(dead, 0.0, g)
        return g - self._interpolant(g)

    def _smooth(self, f: Array) -> Array:
        """f̂: its logarithm of f/(1 - f) is piecewise linear in the energy."""
        logit = np.log(np.maximum(f, _FAINT)) - np.log(np.maximum(1.0 - f, _FAINT))
        return np.asarray(expit(self._interpolant(logit)))

    # --- what the program asks for ------------------------------------------------------------

    def _look(self) -> None:
        """Follow energies that have moved, and spinors, which may turn at constant energy."""
        turning = self.overlap and self.around.moving
        moved = not np.array_equal(self._energy, self.around.energy)
        if moved or (turning and self._spins_moved()):
            self._settle()
            self._looked = None

    def _spins_moved(self) -> bool:
        """Whether spinors are others than those that are known."""
        return not np.array_equal(self._spins(self.ladder.level.shape), self.spins)

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add C[f]_s to out."""
        self._look()
        occupation, rate = self._flat(f), self._flat(out)
        self._loss = self._rate(occupation, 1.0, rate)
        self._looked = occupation.copy()
        if self.rates.elastic is not None:
            rate += self._turned(occupation - self._smooth(occupation))
            self._loss = self._loss + self._calm

    def loss(self) -> Array | float:
        """Γ at the occupations looked at last."""
        return (
            self.fastest if self._loss is None else self._loss.reshape(self.around.energy.shape)
        )

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """Add C′[f]v: -Γv + (1 - f) G[v] + f O[v], in the elastic part at fixed f̂."""
        self._look()
        occupation, change, rate = self._flat(f), self._flat(v), self._flat(out)
        if self._looked is None or not np.array_equal(self._looked, occupation):
            self.rate(f, t, np.zeros_like(f))
        take, emit = self.ladder.take, self.ladder.emit
        sums = self._gather(change, 0.0, take, emit, self.turns, self.spins)
        rates, total = self._exchanged(sums), self._loss
        assert total is not None
        if self.rates.elastic is not None:
            total = total - self._calm
            rate += self._turned(change)
        self._spread(rate, total, occupation, change, rates, take, emit, self.turns, self.spins)

    def power(self, f: Array) -> Array:
        """Energy that the bath takes up per time and volume, -Σ w ε̄ C[f].  (valley, site)"""
        before, rate = (self._loss, self._looked), np.zeros_like(f)
        self.rate(f, 0.0, rate)
        self._loss, self._looked = before  # a look from outside must not show in the run
        lost: Array = -self.around.weight * self.around.energy * rate
        return np.asarray(lost.reshape(self.around.valleys, self.around.sites, -1).sum(axis=2))

    def state(self) -> dict[str, Array]:
        """Γ, which implicit stages divide by."""
        return {} if self._loss is None else {"loss": self._loss.copy()}

    def restore(self, state: dict[str, Array]) -> None:
        """Take Γ back."""
        if "loss" in state:
            self._loss = np.array(state["loss"])
