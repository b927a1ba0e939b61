"""Conservative sweeps: the flux kernels with their coefficients and scratch memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.device import Device
from kinetic.grid import Array
from kinetic.kernels import LINEAR5
from kinetic.kernels.sweep import sweep
from kinetic.mesh import Mesh, packed

Faces = tuple[Array, Array, Array]
_CACHE = 2**21  # bytes: eleven planes of rows of one task should fit into them


class Sweeps:
    """∂ₜu = -∂_j(W^j f) + S on a mesh, one Runge-Kutta stage at a time.

    Parameters
    ----------
    mesh
        The k grid.
    device
        Where the loops run.
    bands
        Number of patches times bands.

    Attributes
    ----------
    through
        What left the outer faces of every patch and band per time in the last update.
        (valley·site·band,)
    """

    def __init__(self, mesh: Mesh, device: Device, bands: int) -> None:
        self.device = device
        a, b, c = mesh.shape
        self.constants = self.laid(mesh)
        inverse, tables, products, *layout = self.constants
        # Fluxes of the other band have no side they come from: faces take the mean.
        central = tables.copy()
        central[:, 6:] = 0.0
        self._central = (inverse, central, products, *layout)
        tile = max(1, _CACHE // (11 * 8 * (c + 8)))
        parts_b = -(-b // tile)
        parts_a = max(1, min(a // 4, 8 // parts_b, a * b * c // 2048))
        self.blocks = (parts_a, parts_b)
        workers = device.threads
        self._scratch = (
            np.zeros((workers, 2, b, c)),
            np.zeros((workers, b + 1 if mesh.active[1] else 1, c)),
            np.zeros((workers, b, c + 1)),
        )
        self._leaks = np.zeros((bands * parts_a * parts_b, 6))
        self._bands = bands
        self.through = np.zeros(bands)
        self.small = bands * a * b * c < 4096

    @staticmethod
    def laid(mesh: Mesh) -> Any:
        """The grid as the kernels take it: widths, coefficients, product rule, layout."""
        inverse = packed([1.0 / width for width in mesh.widths])
        graded = not mesh.grid.momentum[-1].uniform
        layout = (mesh.ghosts, mesh.active, mesh.periodic, graded)
        return inverse, packed(mesh.faces), packed(mesh.products), *layout

    def update(
        self,
        u: Array,
        base: Array,
        f: Array,
        w: Faces,
        weights: tuple[float, float, float],
        scheme: int,
        source: Array | None = None,
    ) -> Array:
        """u ← α u₀ + β u + γ(S - ∇·(W f)), weights (α, β, γ); returns the leak rates.  (6,)"""
        sourced = source is not None
        rest = base if source is None else source
        total = self._launch(u, base, rest, f, w, weights, self.constants, scheme, sourced, 0)
        self.through = self._by_band()
        return total

    def _by_band(self) -> Array:
        return np.asarray(self._leaks.reshape(self._bands, -1).sum(axis=1))

    def exchange(self, u: Array, f: Array, w: Faces, gamma: float) -> Array:
        """u_s -= γ ∇·(W_s f_-s) with central face values; returns the leak rates.  (6,)"""
        weights = (0.0, 1.0, gamma)
        total = self._launch(u, u, u, f, w, weights, self._central, LINEAR5, False, 1)
        self.through = self.through + self._by_band()
        return total

    def _launch(
        self, u: Array, base: Array, source: Array, f: Array, w: Faces, *rest: object
    ) -> Array:
        weights, mesh, scheme, sourced, other = rest
        self.device.launch(
            sweep,
            u,
            base,
            source,
            f,
            *w,
            weights,
            mesh,
            scheme,
            sourced,
            other,
            self.blocks,
            self._scratch,
            self._leaks,
            small=self.small,
        )
        return np.asarray(self._leaks.sum(axis=0))
