"""Interband exchange of the projected level, as coefficients for the conservative sweeps.

    Φ_s = Σ_s' M_ss' f_s' ,      X′ = ¼ n ∇·(F a) + ⅛ n_z ∇·(F w_z)

Σ_s(s X′) = 0 identically, so the exchange changes bands and never the charge.

Source: Wong and Tserkovnyak, Eqs. (26) and (36), with the sign of the interband term corrected,
in flux-balanced form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kinetic.device import Device
from kinetic.grid import Array
from kinetic.kernels.interband import couple
from kinetic.mesh import Mesh

Faces = tuple[Array, Array, Array]


class Coupling:
    """Face coefficients M and cell divergences of one set of face velocities.

    Attributes
    ----------
    diagonal, off
        M_ss and M_s,-s per slot, laid out as `Flow.w`.
    mean, relative
        ∇·(F a) and ∇·(F w_z) of every cell.  (valley, A, B, C)
    """

    def __init__(self, mesh: Mesh, device: Device, like: Faces) -> None:
        self.mesh, self.device = mesh, device
        along_a, along_b, along_c = like
        self.diagonal = np.zeros_like(along_a), np.zeros_like(along_b), np.zeros_like(along_c)
        self.off = np.zeros_like(along_a), np.zeros_like(along_b), np.zeros_like(along_c)
        self._weighted = tuple(np.zeros_like(x[0::2]) for x in like)
        valleys = like[2].shape[0] // 2
        self.mean = np.zeros((valleys, *mesh.shape))
        self.relative = np.zeros((valleys, *mesh.shape))

    def assemble(self, w: Faces, drift: Faces, dressing: Array, glued: NDArray[np.bool_]) -> None:
        """Coefficients for the velocities W_s, a_s and the cell values of F.

        Where F jumps (near `glued` cells) faces take the mean of two cells.
        """
        mesh = self.mesh
        padded = mesh.padded(dressing)
        self._extend(padded)
        self.mean[...] = 0.0
        self.relative[...] = 0.0
        for slot in mesh.slots:
            self.device.launch(
                couple,
                slot,
                self.diagonal[slot],
                self.off[slot],
                self._weighted[slot],
                padded,
                self._flat(glued),
                w[slot],
                drift[slot],
                mesh.faces[slot],
                mesh.products,
                mesh.ghosts,
            )
            columns = slice(None) if slot == 2 else slice(1, -1)
            weighted = self._weighted[slot][..., columns]
            # M_++ + M_+- = W_+ - ½ F a, from either band.
            both = (self.diagonal[slot] + self.off[slot] - w[slot])[1::2, ..., columns]
            self.mean -= 2.0 * np.diff(both, axis=slot + 1)
            self.relative += np.diff(weighted, axis=slot + 1)
        self.mean /= mesh.volumes
        self.relative /= mesh.volumes

    def _extend(self, padded: Array) -> None:
        """Repeat the outermost cells into the ghosts of open axes."""
        for slot in self.mesh.slots:
            if self.mesh.periodic[slot]:
                continue
            ends = np.moveaxis(padded, slot + 1, 0)
            ghosts, last = self.mesh.ghosts[slot], ends.shape[0] - self.mesh.ghosts[slot]
            ends[:ghosts], ends[last:] = ends[ghosts], ends[last - 1]

    def _flat(self, glued: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Cells with no jump of F within the reach of a face stencil."""
        near = glued.copy()
        for slot in self.mesh.slots:
            spread = near.copy()
            for distance in (1, 2, 3):
                spread |= np.roll(near, distance, axis=slot + 1)
                spread |= np.roll(near, -distance, axis=slot + 1)
            near = spread
        return (~near).astype(np.uint8)
