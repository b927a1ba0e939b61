"""Streaming in real space: the kernels along r with their coefficients and scratch memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.device import Device
from kinetic.grid import Array
from kinetic.kernels import LINEAR5
from kinetic.kernels.streaming import stream
from kinetic.mesh import Mesh, packed
from kinetic.sweeps import Sweeps
from kinetic.velocities import FaceModes, Faces, Stream

_NONE5, _NONE6 = np.zeros((1, 1, 1, 1, 1)), np.zeros((1, 1, 1, 1, 1, 1))
_CELLS = 6000  # of a tile: what a loop needs of the seven sites around it stays in the cache
_TASKS = 16  # parts of a pass that are worth having, for workers to share


class Streaming:
    """∂ₜu = -∂_x(W f) along each axis of real space, one Runge-Kutta stage at a time.

    Parameters
    ----------
    mesh
        The grid.
    device
        Where the loops run.
    valleys
        Number of valleys.
    """

    def __init__(self, mesh: Mesh, device: Device, valleys: int) -> None:
        self.mesh, self.device, self.valleys = mesh, device, valleys
        sites, (a, b, c) = mesh.sites, mesh.shape
        self.layouts = [
            (
                valleys,
                int(np.prod(sites[:n], dtype=int)),
                sites[n],
                int(np.prod(sites[n + 1 :], dtype=int)),
            )
            for n in range(len(sites))
        ]
        parts_b = max(1, -(-b * c // _CELLS))
        rows = -(-b // parts_b)
        self.blocks = (max(1, -(-a * rows * c // _CELLS)), parts_b)
        tall = -(-a // self.blocks[0])
        ghosts = [min(ghost, 1) for ghost in mesh.ghosts]
        wide = (tall + 2 * ghosts[0], rows + 2 * ghosts[1], c + 2)
        workers = device.threads
        self._scratch = (
            np.zeros((workers, 6, *wide)),
            np.zeros((workers, 6, tall, rows, c)),
            np.zeros((workers, 3, tall, rows, c)),
            np.zeros((workers, *wide)),
            np.zeros((workers, *wide)),
            np.zeros((workers, tall, rows, c)),
        )
        faces = [(tall + 1, rows, c), (tall, rows + 1, c), (tall, rows, c + 1)]
        around = [
            (tall + 1, rows + 2 * ghosts[1], c + 2),
            (tall + 2 * ghosts[0], rows + 1, c + 2),
            (tall + 2 * ghosts[0], rows + 2 * ghosts[1], c + 1),
        ]
        self._buffers = tuple(
            tuple(np.zeros((workers, *shape)) for shape in shapes)
            for shapes in (around, faces, faces, faces)
        )
        self._constants = Sweeps.laid(mesh)
        self._mesh = (packed(mesh.products), mesh.ghosts)
        self._bands = 2 * valleys * mesh.site_count
        self._leaks = np.zeros((self._bands * self.blocks[0] * self.blocks[1], 6))
        self._small = self._bands * a * b * c < 4096

    def update(
        self,
        n: int,
        u: Array,
        f: Array,
        velocity: Stream,
        gamma: float,
        scheme: int,
        shore: tuple[Array, Array] | None,
    ) -> Array:
        """u -= γ ∂_x Φ along axis n; returns what leaves through its two ends per time.  (2,)

        `shore`: f beyond the ends and the fluxes through them, see `kinetic.shores`; None for a
        periodic axis.
        """
        self._launch(n, u, f, velocity, gamma, scheme, shore, 0)
        return self._ends(n, shore)

    def advance(
        self,
        n: int,
        u: Array,
        base: Array,
        f: Array,
        faces: Faces | FaceModes,
        velocity: Stream,
        weights: tuple[float, float, float],
        scheme: int,
        source: Array | None,
        shore: tuple[Array, Array] | None,
    ) -> tuple[Array, Array, Array]:
        """u ← α u₀ + β u + γ(S - ∂_k(W f)), then u -= γ ∂_x Φ along axis n, in one pass.

        Returns the leak rates of the k faces (6,), those of every patch and band (6 summed), and
        what leaves through the ends of the axis (2,).
        """
        swept = (base, source, faces, weights)
        self._launch(n, u, f, velocity, weights[2], scheme, shore, 0, swept)
        leaks = self._leaks.reshape(self._bands, -1)
        return self._leaks.sum(axis=0), leaks.sum(axis=1), self._ends(n, shore)

    def _ends(self, n: int, shore: tuple[Array, Array] | None) -> Array:
        if shore is None:
            return np.zeros(2)
        axis = self.mesh.grid.space[n]
        through = np.sum(shore[1] * self.mesh.volumes, axis=(1, 2, 3, 4))
        area = self.mesh.site_volume / axis.widths[0]
        return np.asarray(through * np.array([-area, area]))

    def exchange(
        self,
        n: int,
        u: Array,
        f: Array,
        velocity: Stream,
        gamma: float,
        shore: tuple[Array, Array] | None,
    ) -> None:
        """u_s -= γ ∂_x(W_s f_-s) with central face values; `shore` as in `update`.

        The fluxes through the ends add up to zero over the bands.
        """
        if shore is not None:  # the kernel takes both by the line that f comes from
            beyond, ends = shore
            pairs = ends.reshape(2, -1, 2, *self.mesh.shape)[:, :, ::-1]
            shore = beyond, np.ascontiguousarray(pairs).reshape(ends.shape)
        self._launch(n, u, f, velocity, gamma, LINEAR5, shore, 1)

    def _launch(
        self,
        n: int,
        u: Array,
        f: Array,
        velocity: Stream,
        gamma: float,
        scheme: int,
        shore: tuple[Array, Array] | None,
        other: int,
        swept: Any = None,
    ) -> None:
        axis = self.mesh.grid.space[n]
        beyond, ends = (_NONE6, _NONE5) if shore is None else shore
        carried = (
            velocity.values,
            velocity.strides,
            velocity.modes,
            velocity.weights,
            velocity.weight_strides,
        )
        self.device.launch(
            stream,
            u,
            f,
            beyond,
            ends,
            self.layouts[n],
            carried,
            gamma / float(axis.widths[0]),
            self._mesh,
            axis.periodic,
            scheme,
            other,
            self._parts(n),
            self._scratch,
            swept is not None,
            self._swept(u, swept),
            self._leaks,
            small=self._small,
        )

    def _parts(self, n: int) -> tuple[int, int, int]:
        """Parts of a line, of A and of B: enough tasks to share, none of them tiny."""
        valleys, outer, cells, inner = self.layouts[n]
        tasks = 2 * valleys * outer * inner * self.blocks[0] * self.blocks[1]
        return max(1, min(cells // 16, _TASKS // tasks)), *self.blocks

    def _swept(self, u: Array, swept: Any) -> tuple[Any, ...]:
        """What the pass through the k cells needs; placeholders if there is none."""
        if swept is None:
            base, source, faces, weights = u, None, None, (0.0, 1.0, 0.0)
        else:
            base, source, faces, weights = swept
        modes, factors = (_NONE5, _NONE5, _NONE5), np.ones((1, 3, 1))
        stored = not isinstance(faces, FaceModes)
        steady = False
        if isinstance(faces, FaceModes):
            modes, factors, steady = faces.modes, faces.factors, faces.steady
        elif faces is not None:
            modes = (faces[0][None], faces[1][None], faces[2][None])
        sourced = source is not None
        rest = source if source is not None else base
        rates = (base, rest, modes, stored, factors, weights, self._constants, steady)
        return *rates, sourced, self._buffers
