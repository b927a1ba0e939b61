"""Interband exchange of the projected level in real space: M and X′ with their parts along r.

    Φ_s = Σ_s' M_ss' f_s' ,      X′ = ¼ n ∇·(F a) + ⅛ n_z ∇·(F w_z) ,      ∇ = (∂_r, ∂_k)

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (26) and (36), with the sign of
the interband term corrected, in flux-balanced form.
"""

from __future__ import annotations

import numpy as np

from kinetic.device import Device
from kinetic.flow import Faces
from kinetic.grid import Array, Axis
from kinetic.interband import Coupling
from kinetic.sites import LAYERS, derivative
from kinetic.spaceflow import SpaceFlow
from kinetic.velocities import Stream


def couplings(quarter: Array, w: Array, a: Array) -> tuple[Array, Array, Array]:
    """M_ss, M_s,-s (band in the last axis but three) and F w_z from ¼F, W_s and a_s."""
    low, high = np.split(w, 2, axis=-4)
    a_low, a_high = np.split(a, 2, axis=-4)
    relative = quarter * (a_high - a_low)
    down, up = low + 2.0 * quarter * a_low, high - 2.0 * quarter * a_high
    diagonal = [
        down * (1.0 - quarter) - relative * quarter,
        up * (1.0 + quarter) + relative * quarter,
    ]
    off = [
        down * quarter + relative * (1.0 + quarter),
        -up * quarter + relative * (1.0 - quarter),
    ]
    return np.concatenate(diagonal, axis=-4), np.concatenate(off, axis=-4), 4.0 * relative


class SpaceCoupling(Coupling):
    """Coefficients M and divergences of one set of velocities, in k and in r.

    Attributes
    ----------
    along_diagonal, along_off
        M_ss and M_s,-s along every r axis.
    """

    def __init__(self, flow: SpaceFlow, device: Device, dressing: Array) -> None:
        super().__init__(flow.mesh, device, flow.w)
        self.flow = flow
        self.along_diagonal: list[Stream] = []
        self.along_off: list[Stream] = []

    def assemble_all(
        self,
        carried: tuple[Faces, list[Stream]],
        bare: tuple[Faces, list[Stream]],
        dressing: Array,
    ) -> None:
        """Coefficients for the velocities W_s, a_s and the cell values of F."""
        (w, along), (drift, along_drift) = carried, bare
        self.assemble(w, drift, dressing, self.flow.glued)
        self.along_diagonal, self.along_off = [], []
        for n, axis in enumerate(self.flow.space):
            diagonal, off, relative = self._along(n, axis, along[n], along_drift[n], dressing)
            whole = self.flow.spread(along[n], n)
            both = (diagonal + off - whole)[..., 1:, :, :, :]
            self.mean += self._slope(-2.0 * both, n, axis)
            self.relative += self._slope(relative, n, axis)
            self.along_diagonal.append(self.flow.laid(n, diagonal))
            self.along_off.append(self.flow.laid(n, off))

    def _slope(self, values: Array, n: int, axis: Axis) -> Array:
        """∂/∂x of a cell quantity.  (valley·site, A, B, C)"""
        return derivative(values, axis, n + 1).reshape(-1, *self.mesh.shape)

    def _along(
        self, n: int, axis: Axis, w: Stream, a: Stream, dressing: Array
    ) -> tuple[Array, Array, Array]:
        """Cell averages of the coefficients along one r axis, with its layers."""
        quarter = 0.25 * dressing.reshape(
            self.flow.system.valleys, *self.mesh.sites, 1, *self.mesh.shape
        )
        if not axis.periodic:
            width = [(0, 0)] * quarter.ndim
            width[n + 1] = (LAYERS, LAYERS)
            quarter = np.pad(quarter, width, mode="edge")
        fast, slow = self.flow.spread(w, n), self.flow.spread(a, n)
        here = couplings(quarter, fast, slow)
        total = [value.copy() for value in here]
        smooth = self._flat(self.flow.glued).reshape(
            self.flow.system.valleys, *self.mesh.sites, 1, *self.mesh.shape
        )
        if not axis.periodic:
            smooth = np.pad(smooth, width, mode="edge")
        for slot in self.mesh.slots:
            place = slot - 3
            shape = [1, 1, 1]
            shape[slot] = -1
            reach = np.sqrt(12.0 * self.mesh.products[slot][0]).reshape(shape)

            def change(values: Array, place: int = place, reach: Array = reach) -> Array:
                return reach * (np.roll(values, -1, place) - np.roll(values, 1, place))

            steps = [change(values) for values in (quarter, fast, slow)]
            after = couplings(quarter + steps[0], fast + steps[1], slow + steps[2])
            before = couplings(quarter - steps[0], fast - steps[1], slow - steps[2])
            for value, u, v, x in zip(total, after, before, here, strict=True):
                value += smooth * (u + v - 2.0 * x) / 24.0
        return total[0], total[1], total[2]
