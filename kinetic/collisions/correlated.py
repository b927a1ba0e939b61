"""Scattering in by disorder with correlations in space: one matrix of low rank for each shell.

    K_n = (2π/ħ) n|V(k - k')|² |⟨u|u'⟩|² χ_n χ_n'/ΔE ≈ B_n B_nᵀ

|V(q)|² and the overlap are positive definite kernels, so that a Cholesky decomposition with
pivots stops after as many columns as there are angular harmonics in them.  What is left out is
scattering through small angles: its total rate is missing in Γ and K alike.
Source: Harbrecht, Peters and Schneider, Appl. Numer. Math. 62, 428 (2012).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinetic.collisions.disorder import Disorder
from kinetic.collisions.shells import Shells
from kinetic.errors import InputError
from kinetic.grid import Array

Levels = NDArray[np.int64]

_RANK = {1: 32, 2: 96, 3: 256}  # at most, by the number of momentum axes
_TOLERANCE = 1e-4  # of the mean |V(0)|²
_MEMORY = 4 * 2**30  # bytes
_FLAT = 1e-2  # of the mean velocity: slower levels are not moved further than such ones


class Correlated:
    """K g = Σ_n B_n B_nᵀ w g within every valley.

    Levels of a shell are taken as if they lay on its surface of constant energy, where their
    velocity leads to: q is that between points of one energy.

    Parameters
    ----------
    shells
        Energy shells.
    disorder
        How |V|² depends on the change of momentum.
    golden
        (2π/ħ) n|V(0)|².
    overlap
        Whether |⟨u|u'⟩|² is in it; by default where the shells have spin directions.

    Attributes
    ----------
    rank
        The largest number of columns of any B_n.
    """

    def __init__(
        self, shells: Shells, disorder: Disorder, golden: float, overlap: bool | None = None
    ) -> None:
        self.shells, self.disorder = shells, disorder
        self._overlap = shells.overlap if overlap is None else overlap
        members, factors, held = [], [], 0
        for pattern in range(shells.patterns):
            for valley in range(shells.valleys):
                normal = self._normals(pattern, valley)
                energy = shells.means[pattern, 2 * valley : 2 * valley + 2].ravel()
                found = shells.members(pattern, valley)
                for n, (level, hat) in enumerate(found):
                    away = shells.energies[n] - energy[level]
                    move = away[:, None] * normal[level]
                    table = self._decompose(pattern, valley, level, move, hat)
                    table *= np.sqrt(golden / shells.spacing) * hat[:, None]
                    members.append(level)
                    factors.append(table)
                    held += table.nbytes
                    if held > _MEMORY:
                        raise InputError(
                            "[collisions] elastic: the scattering matrices of this disorder "
                            f"take more than {_MEMORY / 2**30:.0f} GiB on this grid; take fewer "
                            "cells, disorder of a shorter range, or white noise."
                        )
        self._members = np.concatenate(members)
        self._begin = np.concatenate([[0], np.cumsum([len(x) for x in members])])
        self._place = np.concatenate([[0], np.cumsum([x.size for x in factors])])
        self._factors = np.concatenate([x.ravel() for x in factors])
        self.rank = max(x.shape[1] for x in factors)
        self._scratch = np.empty((shells.around.device.threads, self.rank))

    def _normals(self, pattern: int, valley: int) -> Array:
        """∂k/∂ε along the velocity v/|v|² of the levels of a valley.  (level, axis)"""
        shells = self.shells
        around = shells.around
        energy = shells.means[pattern, 2 * valley : 2 * valley + 2]
        energy = energy.reshape(2, *around.energy.shape[1:])
        slopes = []
        for k in around.momenta.values():
            slot = int(np.argmax(k.shape)) + 1
            alone = k.size == 1
            slope = np.zeros_like(energy) if alone else np.gradient(energy, k.ravel(), axis=slot)
            slopes.append(slope.ravel())
        v = np.stack(slopes, axis=1)
        square = np.sum(v * v, axis=1)
        least = _FLAT**2 * float(square.mean())
        return np.asarray(v / np.maximum(square, max(least, 1e-300))[:, None])

    def _points(self, cell: Levels, move: Array) -> Array:
        """Wave vectors; a periodic axis is wound up to a circle, so that q is its chord."""
        around = self.shells.around
        shape = around.energy.shape[1:]
        columns = []
        for axis, (name, k) in enumerate(around.momenta.items()):
            place = np.broadcast_to(k, shape).ravel()[cell] + move[:, axis]
            centres = k.ravel()
            if around.wraps.get(name, False) and len(centres) > 1:
                steps = np.diff(centres)
                period = centres[-1] - centres[0] + 0.5 * (steps[0] + steps[-1])
                radius = period / (2.0 * np.pi)
                columns += [radius * np.cos(place / radius), radius * np.sin(place / radius)]
            else:
                columns.append(place)
        return np.stack(columns, axis=1) / around.hbar

    def _decompose(
        self, pattern: int, valley: int, level: Levels, move: Array, hat: Array
    ) -> Array:
        """Columns B with B Bᵀ the |V|² |⟨u|u'⟩|² of the levels of a shell.  (level, rank)

        Levels count by the square of their `hat`; what is left out is small in the mean.
        """
        shells = self.shells
        cell, sign = level % shells.cells, np.where(level < shells.cells, -1.0, 1.0)
        place = self._points(cell, move)
        spin = (shells.spin[pattern, valley][:, cell] * sign).T if self._overlap else None
        rest = np.ones(len(level))
        if spin is not None:
            rest = 0.5 * (1.0 + np.einsum("ia,ia->i", spin, spin))
        importance = hat * hat
        whole = float(importance @ rest)
        out = np.zeros((min(_RANK[self.shells.around.dimensions], len(level)), len(level)))
        for column in range(len(out)):
            pivot = int(np.argmax(rest * importance))
            if rest[pivot] <= 0.0 or float(importance @ rest) <= _TOLERANCE * whole:
                return np.ascontiguousarray(out[:column].T)
            q = np.sqrt(np.sum((place - place[pivot]) ** 2, axis=1))
            kernel = self.disorder.weight(q, shells.around.dimensions)
            if spin is not None:
                kernel *= 0.5 * (1.0 + spin @ spin[pivot])
            kernel -= out[:column, pivot] @ out[:column]
            out[column] = kernel / np.sqrt(rest[pivot])
            np.maximum(rest - out[column] ** 2, 0.0, out=rest)
            rest[pivot] = 0.0
        return np.ascontiguousarray(out.T)

    def add(self, g: Array, out: Array) -> None:
        """Add K g to out."""
        from kinetic.kernels.shells import exchange

        shells = self.shells
        rows = (-1, shells.cells)
        blocks = (self._members, self._begin, self._factors, self._place)
        colours = shells.width + 2
        for colour in range(colours):
            shells.launch(
                exchange,
                out.reshape(rows),
                g.reshape(rows),
                shells.weight,
                *blocks,
                colour,
                colours,
                self._scratch,
            )
