"""Geometry of the bands on the grid: corner energies, Berry fluxes, cell curvatures.

One object per valley; everything is a function of time and nothing depends on a gauge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinetic.averages import box_averages
from kinetic.bands import curvature, fictitious_electric, half_gap
from kinetic.grid import Array
from kinetic.hamiltonians.base import Hamiltonian, Jet
from kinetic.links import Plaquettes, cell_charges
from kinetic.mesh import Mesh

_TINY = 1e-150


def shifted_energies(jet: Jet, b: Array, hbar: float) -> Array:
    """ε̄_s = ε_s - ¼Δ F with F = ħ b·B_k cut to [-1, 1], where the expansion ends.  (band, S)"""
    gap = half_gap(jet)
    shift = 0.0
    if hbar and np.any(b):
        with np.errstate(invalid="ignore", divide="ignore"):
            curved = hbar * np.einsum("i,i...->...", b, curvature(jet))
        shift = 0.5 * gap * np.clip(np.nan_to_num(curved), -1.0, 1.0)
    return np.stack([jet.scalar - gap - shift, jet.scalar + gap - shift])


class Geometry:
    """Band geometry of one valley on a mesh.

    Parameters
    ----------
    hamiltonian, valley
        The model and the index of its valley.
    mesh
        The k grid.
    hbar
        ħ, or 0 for a theory without Berry terms.
    """

    def __init__(
        self, hamiltonian: Hamiltonian, valley: int, mesh: Mesh, hbar: float
    ) -> None:
        self.hamiltonian, self.valley = hamiltonian, valley
        self.mesh, self.hbar = mesh, hbar
        self.axes = mesh.grid.momentum

    def jet(self, k: Sequence[Array], t: float) -> Jet:
        """D and its derivatives; see `Hamiltonian.jet`."""
        return self.hamiltonian.jet(self.valley, k, t)

    def energies(self, k: Sequence[Array], t: float, b: Array) -> Array:
        """ε̄_s at points.  (band, S)"""
        return shifted_energies(self.jet(k, t), b, self.hbar)

    def corner_energies(self, t: float, b: Array) -> Array:
        """ε̄_s on corners with one ghost corner on each side, by slots.  (band, A, B, C)"""
        points, periods = [], []
        for axis in self.axes:
            edges = axis.extended_edges(1)
            points.append(edges[1:-2] if axis.periodic else edges)
            periods.append(axis.periodic)
        rows = max(1, 300_000 // int(np.prod([len(p) for p in points[1:]], dtype=int)))
        pieces = []
        for start in range(0, len(points[0]), rows):
            part = [points[0][start : start + rows], *points[1:]]
            k = np.meshgrid(*part, indexing="ij", sparse=True)
            pieces.append(self.energies(k, t, b))
        energy = np.concatenate(pieces, axis=1)
        for direction, wraps in enumerate(periods):
            if wraps:
                count = energy.shape[direction + 1]
                index = np.arange(-1, count + 2) % count
                energy = np.take(energy, index, axis=direction + 1)
        shape = [1, 1, 1]
        for slot, size in zip(self.mesh.slots, energy.shape[1:], strict=True):
            shape[slot] = size
        return np.ascontiguousarray(energy.reshape(2, *shape))

    def fluxes(self, t: float, strict: bool = True) -> tuple[Array, Array, Array] | Array:
        """∫B_k·dS: three arrays of face fluxes in 3D, one of cell fluxes in 2D.

        `strict` refuses a face that is not resolved, see `Plaquettes.fluxes`.

        (A+1, B, C), (A, B+1, C), (A, B, C+1); or (kx, ky).
        """
        plaquettes = Plaquettes(
            [np.asarray(axis.edges) for axis in self.axes],
            [axis.periodic for axis in self.axes],
            lambda k: self.hamiltonian.values(self.valley, k, t)[1],
        )
        flux = plaquettes.fluxes(strict)
        if len(self.axes) == 2:
            return flux[(0, 1)]
        return flux[(1, 2)], -flux[(0, 2)], flux[(0, 1)]

    def cell_curvature(self, fluxes: tuple[Array, Array, Array] | Array) -> Array:
        """Cell averages of B_k from the fluxes.  (3, A, B, C); in 2D only z is not zero."""
        shape = self.mesh.shape
        out = np.zeros((3, *shape))
        if not isinstance(fluxes, tuple):
            out[2] = (fluxes / self.mesh.grid.volumes).reshape(shape)
            return out
        for direction, flux in enumerate(fluxes):
            axis = self.axes[direction]
            area = self.mesh.volumes / np.moveaxis(
                axis.widths[:, None, None], 0, direction
            ).reshape([-1 if i == direction else 1 for i in range(3)])
            out[direction] = self._mean(flux, direction) / area
        return out

    def _mean(self, flux: Array, direction: int) -> Array:
        """Fourth-order mean over cells of a quantity on the faces normal to `direction`."""
        axis, weights = self.axes[direction], self.mesh.edges[direction]
        f = np.moveaxis(flux, direction, -1)
        n = axis.cells
        if axis.periodic:
            f = np.concatenate([f[..., n - 1 : n], f, f[..., 1:2]], axis=-1)
            mean = sum(weights[m] * f[..., m : m + n] for m in range(4))
        else:
            mean = 0.5 * (f[..., 1:] + f[..., :-1])
            inner = sum(weights[m, 1:-1] * f[..., m : m + n - 2] for m in range(4))
            if n > 2:
                mean[..., 1:-1] = inner
        return np.moveaxis(np.asarray(mean), -1, direction)

    def charges(self, fluxes: tuple[Array, Array, Array] | Array) -> Array | None:
        """Monopole charge of every cell (3D only).  (kx, ky, kz)"""
        if not isinstance(fluxes, tuple):
            return None
        x, y, z = fluxes
        return cell_charges({(1, 2): x, (0, 2): -y, (0, 1): z})

    def strength(self, t: float) -> Array:
        """|B_k| at cell centres.  (*k)"""
        k = np.meshgrid(*(axis.centres for axis in self.axes), indexing="ij", sparse=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            norm = np.linalg.norm(curvature(self.jet(k, t)), axis=0)
        return np.asarray(np.nan_to_num(norm, nan=np.inf, posinf=np.inf))

    def texture_flux(self, t: float, b: Array) -> tuple[Array, Array, Array]:
        """ħ∫(ℰ_k × b)·dS through the faces of every slot.  Shapes as `fluxes` in 3D."""
        empty = np.zeros((1, 1, 1))
        out = [empty, empty, empty]
        low = [np.asarray(axis.edges)[:-1] for axis in self.axes]
        high = [np.asarray(axis.edges)[1:] for axis in self.axes]

        def drive(k: Sequence[Array]) -> Array:
            with np.errstate(invalid="ignore", divide="ignore"):
                field = np.nan_to_num(fictitious_electric(self.jet(k, t)))
            return np.stack(
                [
                    field[1] * b[2] - field[2] * b[1],
                    field[2] * b[0] - field[0] * b[2],
                    field[0] * b[1] - field[1] * b[0],
                ]
            )

        for direction, slot in enumerate(self.mesh.slots):
            lower, upper = list(low), list(high)
            lower[direction] = upper[direction] = np.asarray(self.axes[direction].edges)
            mean = box_averages(drive, lower, upper, 2)[direction]
            area = np.ones(())
            for other, axis in enumerate(self.axes):
                area = area[..., None] * (
                    np.ones(axis.cells + 1) if other == direction else axis.widths
                )
            flux = self.hbar * mean * area
            if self.axes[direction].periodic:
                index = [slice(None)] * flux.ndim
                first = list(index)
                index[direction], first[direction] = slice(-1, None), slice(0, 1)
                flux[tuple(index)] = flux[tuple(first)]
            shape = [1, 1, 1]
            for s, size in zip(self.mesh.slots, flux.shape, strict=True):
                shape[s] = size
            out[slot] = np.ascontiguousarray(flux.reshape(shape))
        return out[0], out[1], out[2]
