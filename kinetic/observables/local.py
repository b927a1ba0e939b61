"""Momentum sums at every site where the Hamiltonian is the same everywhere.

Forces and fields of the sites multiply sums whose weights are those of a homogeneous system:
δε is linear in b, so that one weight per component of b does for all sites.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.bands import BANDS
from kinetic.grid import SPACE, Array, Axis
from kinetic.mesh import Mesh
from kinetic.observables.sums import Sums
from kinetic.observables.weights import Weights, dots, rows_of
from kinetic.sites import LAYERS, derivative, extended, inside

_CUBIC = np.array([4.0, -6.0, 4.0, -1.0])
_FAINT = 2.0**-10  # a field for the weights of a b(t) that is zero at the start


class LocalSums(Sums):
    """Sums over k of the contributions to the current at every site."""

    def _open(self) -> None:
        evolution, flow = self.evolution, self.evolution.flow
        parts = {"group"}
        names = {"anomalous": "curvature", "chiral_magnetic": "chiral", "texture": "texture"}
        parts |= {names[name] for name in self.names if name in names}
        if "magnetisation" in self.names:
            parts.add("magnetisation")
            if not flow.fields.magnetic_uniform:
                parts.add("gradient")
        valleys = range(evolution.system.valleys)
        self.weights = [Weights(evolution, v, sorted(parts), np.zeros(3)) for v in valleys]
        self.tilted: list[list[tuple[Array, Weights]]] = [[] for _ in valleys]
        if "magnetic_moment" in self.names:
            tilts = ["moment", "rescaling"] if self.projected else ["moment"]
            if "chiral_magnetic" in self.names and not self.projected:
                tilts.append("shifted")
            for b in self._fields():
                for v in valleys:
                    self.tilted[v].append((b, Weights(evolution, v, tilts, b)))

    def _fields(self) -> list[Array]:
        """Fields of which b(r, t) is made: itself, or its components at their largest."""
        flow = self.evolution.flow
        b = flow.magnetic(self.evolution.time).reshape(3, -1)
        if flow.fields.magnetic_uniform and flow.fields.magnetic_constant:
            return [b[:, 0]]
        # Nothing here may depend on how long the run is meant to last.
        largest = np.abs(flow.magnetic(flow.times[0])).reshape(3, -1).max(axis=1)
        later = [np.abs(flow.magnetic(t)).reshape(3, -1).max(axis=1) for t in flow.times]
        largest[(largest == 0.0) & (np.max(later, axis=0) > 0.0)] = _FAINT
        return [largest[m] * np.eye(3)[m] for m in np.flatnonzero(largest)]

    def sum(self, above: Array, whole: Array) -> dict[str, Array]:
        """Contributions of the contents without and, where it converges, with the sea."""
        evolution, time = self.evolution, self.evolution.time
        flow, half = evolution.flow, 0.5 * evolution.system.equation.hbar
        count = evolution.mesh.site_count
        e, b = (x.reshape(3, count) for x in (flow.force(time), flow.magnetic(time)))
        total = {name: np.zeros((3, count)) for name in self.names}
        magnetisation = np.zeros((3, count))
        d = evolution.mesh.dimensions
        for valley, weights in enumerate(self.weights):
            for rows, w in weights.slabs(time):
                u, both = (rows_of(x[valley], rows, evolution.mesh) for x in (above, whole))
                signed = BANDS[0] * both[0] + BANDS[1] * both[1]
                for band in range(2):
                    total["group"][:d] += dots(w["group"][:, band], u[band])
                if "curvature" in w:
                    flux = half * dots(w["curvature"], signed)
                    total["anomalous"] += np.cross(e, flux, axis=0)
                if "gradient" in w:
                    pulled = dots(w["gradient"], signed).reshape(3, 3, count)
                    total["anomalous"] += self._pulled(pulled, time)
                if "chiral" in w:
                    lower, upper = (dots(w["chiral"][s][None], u[s])[0] for s in (0, 1))
                    total["chiral_magnetic"] += half * (upper - lower) * b
                if "texture" in w:
                    total["texture"] += half * dots(w["texture"], signed)
                if "magnetisation" in w:
                    magnetisation += dots(w["magnetisation"], u[0] + u[1])
            self._add_tilted(total, valley, above[valley], b)
        if "magnetisation" in total:
            sites = magnetisation.reshape(3, *evolution.mesh.sites)
            total["magnetisation"] = curl(evolution.mesh, sites)
        shape = (3, *evolution.mesh.sites)
        return {
            name: value.reshape(shape) / evolution.phase_space for name, value in total.items()
        }

    def _add_tilted(
        self, total: dict[str, Array], valley: int, contents: Array, b: Array
    ) -> None:
        """What is linear in b: the moment, in `projected` the density of states; ∂_kδε·B_k."""
        d = self.evolution.mesh.dimensions
        half = 0.5 * self.evolution.system.equation.hbar
        for field, weights in self.tilted[valley]:
            share = field @ b / (field @ field)
            for rows, w in weights.slabs(self.evolution.time):
                u = rows_of(contents, rows, self.evolution.mesh)
                n = u[0] + u[1]
                total["magnetic_moment"][:d] += share * dots(w["moment"], n)
                if "shifted" in w:
                    along = half * share * dots(w["shifted"], u[1] - u[0])
                    total["chiral_magnetic"] += along * b
                if "rescaling" in w:
                    shift = dots(w["rescaling"][d:], n)
                    mean = dots(w["rescaling"][:d], u[1] - u[0])
                    total["magnetic_moment"][:d] += share * shift
                    total["density_of_states"][:d] -= share * (0.5 * mean + shift)

    def _pulled(self, tensor: Array, time: float) -> Array:
        """½ħ Σ s f (-∂_rδε)×B_k for δε = -M_k·b(r): ε_ail ∂_i b_m T_ml.  (3, site)"""
        flow, mesh = self.evolution.flow, self.evolution.mesh
        out = np.zeros((3, mesh.site_count))
        wide = {}
        for place, axis in enumerate(flow.space):
            shape = [1] * len(flow.space)
            shape[place] = -1
            wide[axis.name] = extended(axis).reshape(shape)
        b = np.asarray(flow.fields.magnetic_at(wide, time))
        b = np.broadcast_to(b, (3, *(len(extended(axis)) for axis in flow.space)))
        for place, axis in enumerate(flow.space):
            slope = derivative(b, axis, place + 1)
            for other, second in enumerate(flow.space):
                if other != place:
                    slope = inside(slope, second, other + 1)
            pull = np.einsum("mr,mlr->lr", slope.reshape(3, -1), tensor)
            unit = np.zeros((3, 1))
            unit[SPACE.index(axis.name)] = 1.0
            out += np.cross(unit, pull, axis=0)
        return out


def continued(values: Array, axis: Axis, place: int) -> Array:
    """Values with `LAYERS` more sites beyond each open end, by a cubic through the last four."""
    if axis.periodic:
        return values
    lines = list(np.moveaxis(values, place, 0))
    for _ in range(LAYERS):
        lines.append(sum(c * x for c, x in zip(_CUBIC, lines[-1:-5:-1], strict=True)))
        lines.insert(0, sum(c * x for c, x in zip(_CUBIC, lines[:4], strict=True)))
    return np.moveaxis(np.stack(lines), 0, place)


def curl(mesh: Mesh, vector: Array) -> Array:
    """∇×M by the derivatives of the grid; 0 along directions without an axis.  (3, *sites)"""
    out: Any = np.zeros_like(vector)
    for place, axis in enumerate(mesh.grid.space):
        slope = derivative(continued(vector, axis, place + 1), axis, place + 1)
        unit = np.zeros((3, *[1] * len(mesh.sites)))
        unit[SPACE.index(axis.name)] = 1.0
        out += np.cross(unit, slope, axis=0)
    return np.asarray(out)
