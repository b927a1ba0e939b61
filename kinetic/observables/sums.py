"""Momentum sums of the contributions to the current in a homogeneous system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinetic.bands import BANDS
from kinetic.grid import Array
from kinetic.observables.base import momenta, sea
from kinetic.observables.contributions import contributions, side_velocity
from kinetic.observables.weights import Weights, dot, product_rule

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_WEIGHTS = {
    "group": "group",
    "magnetic_moment": "moment",
    "density_of_states": "rescaling",
    "anomalous": "curvature",
    "chiral_magnetic": "chiral",
    "texture": "texture",
}


class Sums:
    """Momentum sums of one evolution with all weights that its contributions need.

    Parameters
    ----------
    evolution
        The system.
    occupied
        Whether the sums are in terms of f_s at any level; else in the level's own variable.
    """

    def __init__(self, evolution: Evolution, occupied: bool = False) -> None:
        self.evolution = evolution
        self.projected = evolution.system.equation.level == "projected" and not occupied
        self.formulas = contributions(evolution, self.projected)
        self.names = tuple(self.formulas)
        self._open()

    def _open(self) -> None:
        """Prepare the weights."""
        evolution = self.evolution
        parts = {_WEIGHTS[name] for name in self.names if name in _WEIGHTS}
        if self.projected and "moment" in parts:
            parts.add("rescaling")
        if not self.projected and "chiral" in parts:
            parts.add("shifted")
        self.weights = [
            Weights(evolution, valley, sorted(parts))
            for valley in range(evolution.system.valleys)
        ]

    def contents(self, values: Array) -> Array:
        """Effective content of the cells for the product rule.  (valley, band, *sites, *k)"""
        return self.weighed(momenta(self.evolution, values))

    def weighed(self, values: Array) -> Array:
        """The same from (valley, band, *sites, *k)."""
        return product_rule(self.evolution.mesh, values)

    def sea(self) -> tuple[Array | None, Array]:
        """The sea in the variable of the column, None if finite, and its contents."""
        filled = sea(self.evolution, dressed=self.projected)
        contents = np.zeros(()) if filled is None else self.contents(filled)
        return filled, contents

    def state(self) -> Array:
        """f_s, or n_s in `projected`.  (valley·site·band, A, B, C)"""
        if self.projected:
            return np.asarray(self.evolution.densities())
        return np.asarray(self.evolution.transport.occupation())

    def present(self) -> dict[str, Array]:
        """All contributions at the present time.  name → (3, *sites)"""
        state, (filled, beneath) = self.state(), self.sea()
        if filled is None:
            above = self.contents(state)
            return self.sum(above, above)
        above = self.contents(state - filled)
        return self.sum(above, above + beneath)

    def sum(self, above: Array, whole: Array) -> dict[str, Array]:
        """Contributions of the contents without and, where it converges, with the sea."""
        evolution, time = self.evolution, self.evolution.time
        fields, half = evolution.system.fields, 0.5 * evolution.system.equation.hbar
        e, b = fields.electric(time), fields.magnetic(time)
        total = {name: np.zeros(3) for name in self.names}
        d = evolution.mesh.dimensions
        for valley, weights in enumerate(self.weights):
            for rows, w in weights.slabs(time):
                u, both = above[valley][:, rows], whole[valley][:, rows]
                n = u[0] + u[1]
                signed = BANDS[0] * both[0] + BANDS[1] * both[1]
                total["group"][:d] += dot(w["group"], u)
                if "moment" in w:
                    total["magnetic_moment"][:d] += dot(w["moment"], n)
                if "rescaling" in w:
                    mean, relative = w["rescaling"][:d], w["rescaling"][d:]
                    shift = dot(relative, n)
                    rescaled = -0.5 * dot(mean, u[1] - u[0]) - shift
                    total["magnetic_moment"][:d] += shift
                    total["density_of_states"][:d] += rescaled
                if "curvature" in w:
                    flux = half * dot(w["curvature"], signed)
                    total["anomalous"] += np.cross(e, flux)
                if "chiral" in w:
                    along = np.sum(u[1] * w["chiral"][1] - u[0] * w["chiral"][0])
                    if "shifted" in w:
                        along += np.sum((u[1] - u[0]) * w["shifted"])
                    total["chiral_magnetic"] += half * along * b
                if "texture" in w:
                    total["texture"] += half * dot(w["texture"], signed)
        if "side_jump" in total:
            total["side_jump"][:d] += self._side_jump(above)
        return {name: value / evolution.phase_space for name, value in total.items()}

    def _side_jump(self, contents: Array) -> Array:
        """Σ_s∫ D_s f_s v^sj_s of contents in the variable of the column.  (dim,)"""
        evolution = self.evolution
        velocity = side_velocity(evolution)
        assert velocity is not None
        density = contents.copy()
        if evolution.system.equation.berry:
            half = 0.5 * momenta(evolution, np.repeat(evolution.transport.dressing, 2, axis=0))
            half[:, 0] *= -1.0
            # D_s = 1 + ½sF of f_s;  g_s = n_s + ¼sF (n_+ + n_-)
            mean = 0.5 * contents.sum(axis=1, keepdims=True) if self.projected else contents
            density += half * mean
        shape = (evolution.system.valleys, 2, velocity.shape[1], *density.shape[2:])
        carried = density[:, :, None] * velocity.reshape(shape)
        return np.asarray(np.moveaxis(carried, 2, 0).reshape(velocity.shape[1], -1).sum(axis=1))
