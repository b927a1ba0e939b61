"""Velocities of all patches, stored or as sums of a few modes.

    W(site, k) = V(site, k) + Σ_m c_m(site) V_m(k)

Where the Hamiltonian is the same everywhere and b is uniform, sites differ by the force e alone:
then a few arrays over one set of k cells hold the velocities of all of phase space.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kinetic.grid import Array

Faces = tuple[Array, Array, Array]


@dataclass(frozen=True)
class Stream:
    """D_s ẋ_s along one axis of real space at the sites, averaged over k cells.

    `values` (entry, A, B, C); the entry of a site is its place times `strides` per valley, outer
    site, cell of the axis and inner site, twice, plus the band.  Open axes have three layers of
    sites beyond each end.  (`strides` 0: the same everywhere.)
    `modes` (mode, valley·band, A, B, C) and `weights` (mode, site) add Σ_m c_m V_m; the weight
    of a site has its place by `weight_strides`, 0 per valley.
    """

    values: Array
    strides: tuple[int, int, int, int]
    modes: Array = field(default_factory=lambda: np.zeros((0, 1, 1, 1, 1)))
    weights: Array = field(default_factory=lambda: np.zeros((0, 1)))
    weight_strides: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def varies(self) -> bool:
        """Whether it changes along its own axis."""
        return bool(self.strides[2] or self.weight_strides[2])

    @property
    def largest(self) -> float:
        """Largest |W|; an upper bound where there are several modes."""
        size = float(np.abs(self.values).max(initial=0.0))
        if not len(self.modes):
            return size
        bands = len(self.modes[0])
        whole = self.values.reshape(-1, bands, *self.values.shape[1:])
        if len(whole) > len(self.modes[0]):
            # Entries of many sites beside modes: each part by itself.
            parts = np.abs(self.weights).max(axis=1) * np.abs(self.modes).max(axis=(1, 2, 3, 4))
            return size + float(parts.sum())
        ends = np.stack([self.weights.min(axis=1), self.weights.max(axis=1)])
        for corner in np.ndindex(*[2] * len(self.modes)):
            shift = sum(
                ends[side, m] * self.modes[m].reshape(-1, *self.values.shape[1:])
                for m, side in enumerate(corner)
            )
            size = max(size, float(np.abs(self.values + shift).max()))
        return size

    def spread(self, valleys: int, sites: tuple[int, ...], n: int, where: slice) -> Array:
        """W at every site, with the layers of its own axis n.  (valley, *sites, band, A, B, C)

        sites: their number per axis, layers included; where: the part of the own axis.
        """
        cells = self.values.shape[1:]
        kept = _kept(self.strides, sites, n)
        values = self.values.reshape(valleys, *kept, 2, *cells)
        values = np.broadcast_to(values, (valleys, *sites, 2, *cells))[_along(n, where, 1)]
        if not len(self.modes):
            return values
        weights = self.weights.reshape(-1, *_kept(self.weight_strides, sites, n))
        weights = np.broadcast_to(weights, (len(weights), *sites))[_along(n, where, 1)]
        modes = self.modes.reshape(len(self.modes), valleys, 2, *cells)
        part = np.einsum("m...,mvsabc->v...sabc", weights, modes)
        return np.asarray(values + part)

    @property
    def arrays(self) -> list[Array]:
        """Everything that is held."""
        return [self.values, self.modes, self.weights]


def _kept(strides: tuple[int, int, int, int], sites: tuple[int, ...], n: int) -> list[int]:
    return [
        size if strides[1 if place < n else 3 if place > n else 2] else 1
        for place, size in enumerate(sites)
    ]


def _along(n: int, where: slice, before: int) -> tuple[slice, ...]:
    return (*[slice(None)] * (before + n), where)


@dataclass(frozen=True)
class FaceModes:
    """W_s^{k_j}(site, face) = Σ_m c_m(site) V_m(face).

    Parameters
    ----------
    modes
        Per slot (mode, valley·band, faces), laid out as `Flow.w`.
    factors
        (site, slot, mode); the first factor is 1.
    """

    modes: Faces
    factors: Array

    def of_patches(self, slot: int, part: slice | int | tuple[int, ...] = slice(None)) -> Array:
        """W on faces of all patches; `part` of the direction of the slot.

        (valley·site·band, faces)
        """
        modes = np.moveaxis(self.modes[slot], slot + 2, 2)[:, :, part]
        modes = np.moveaxis(modes, 2, slot + 2)
        count = modes.shape[1] // 2
        pairs = modes.reshape(len(modes), count, 2, *modes.shape[2:])
        out = np.einsum("rm,mvsabc->vrsabc", self.factors[:, slot], pairs)
        return np.ascontiguousarray(out).reshape(-1, *modes.shape[2:])

    def differences(self, slot: int) -> Array:
        """W after minus W before every cell.  (valley·site·band, A, B, C)"""
        modes = self.modes[slot] if slot == 2 else self.modes[slot][..., 1:-1]
        steps_ = np.diff(modes, axis=slot + 2)
        pairs = steps_.reshape(len(steps_), -1, 2, *steps_.shape[2:])
        out = np.einsum("rm,mvsabc->vrsabc", self.factors[:, slot], pairs)
        return np.asarray(out.reshape(-1, *steps_.shape[2:]))

    @cached_property
    def steady(self) -> bool:
        """Whether all sites have the same slopes of W across its faces."""
        for slot, modes in enumerate(self.modes):
            across = tuple(axis for axis in range(3) if axis != slot)
            for m in range(1, len(modes)):
                if not np.any(self.factors[:, slot, m]):
                    continue
                inner = modes[m] if slot == 2 else modes[m][..., 1:-1]
                change = np.ptp(inner, axis=tuple(axis + 1 for axis in across))
                if np.any(change > 1e-13 * np.abs(inner).max()):
                    return False
        return True

    @property
    def arrays(self) -> list[Array]:
        """Everything that is held."""
        return [*self.modes, self.factors]


def steps(kept: list[int], n: int) -> tuple[int, int, int, int]:
    """Strides per valley, outer site, cell of the axis n and inner site of an array of entries.

    kept: entries per r axis, 1 where nothing depends on it; those before n are kept together, and
    those behind.
    """
    outer, own = int(np.prod(kept[:n], dtype=int)), kept[n]
    inner = int(np.prod(kept[n + 1 :], dtype=int))
    return (
        outer * own * inner,
        own * inner if outer > 1 else 0,
        inner if own > 1 else 0,
        1 if inner > 1 else 0,
    )


def constant(weights: list[Array], n: int) -> tuple[Array, tuple[int, int, int, int]]:
    """Weights of the modes of a stream (mode, site), less the axes along which none changes."""
    whole = np.stack(weights)
    kept = list(whole.shape[1:])
    for group in (range(n), range(n, n + 1), range(n + 1, len(kept))):
        axes = tuple(place + 1 for place in group)
        if axes and not np.any(np.ptp(whole, axis=axes)):
            for place in group:
                whole, kept[place] = np.take(whole, [0], axis=place + 1), 1
    strides = steps(kept, n)
    return np.ascontiguousarray(whole).reshape(len(weights), -1), (0, *strides[1:])
