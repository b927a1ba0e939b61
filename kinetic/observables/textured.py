"""Momentum sums at every site where the Hamiltonian changes in space.

    D_s ṙ_s^j = Σ_i ∂_i(ε̄_s P_s^{ji}) - ½ s R^{r_j r_i} e_i + ½ħ s F_{k_j t}

is taken apart at the corners of the k cells: group velocity, energy shift and chiral magnetic
part are differences over k, the Hall velocity ½ s R^{rr}(∂_rε_s - e) is a product, and what
remains is due to F_rk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.grid import SPACE, Array
from kinetic.landscape import Landscape
from kinetic.observables.local import curl
from kinetic.observables.sums import Sums
from kinetic.potentials import SIGNS, chiral, energies, moment, total
from kinetic.sites import derivative, inside
from kinetic.twoform import TIME, Entry, TwoForm, momentum, position

_KEPT_BYTES = 300 * 2**20
Places = NDArray[np.intp]
Block = tuple[Places, dict[str, Array]]  # sites told apart; name → (j, site, band, *k)


class TexturedSums(Sums):
    """Sums over k of the contributions to the current at every site."""

    def _open(self) -> None:
        evolution, flow = self.evolution, self.evolution.flow
        self.mesh, self.lands = evolution.mesh, flow.landscapes
        self.d = evolution.mesh.dimensions
        self.hbar = self.lands[0].hbar
        fields = flow.fields
        moving = flow.moves if self.hbar else not fields.potential_constant or flow.texture_moves
        cells = len(self.names) * self.d * 2 * int(np.prod(evolution.mesh.grid.shape))
        self._keep = not moving and 8 * cells * evolution.system.valleys <= _KEPT_BYTES
        self._kept: dict[int, list[Block]] = {}
        entries = self.lands[0].entries
        self.told = [n for n in range(len(entries)) if entries[n] > 1]
        self.free = [n for n in range(len(entries)) if entries[n] == 1]

    # --- sites in two groups: those that the geometry tells apart, and the rest ----------------

    def _grouped(self, values: Array, before: int) -> Array:
        """(..., *sites, ...) as (..., told, free, ...), `before` axes ahead of the sites."""
        order = [before + n for n in (*self.told, *self.free)]
        moved = np.moveaxis(values, order, range(before, before + len(order)))
        told = int(np.prod([self.mesh.sites[n] for n in self.told], dtype=int))
        shape = values.shape
        return moved.reshape(*shape[:before], told, -1, *shape[before + len(order) :])

    def _at_sites(self, values: Array) -> Array:
        """(3, told, free) as (3, *sites)."""
        order = (*self.told, *self.free)
        laid = values.reshape(3, *(self.mesh.sites[n] for n in order))
        return np.moveaxis(laid, range(1, 1 + len(order)), [1 + n for n in order])

    def _present(self, land: Landscape, part: slice) -> tuple[Places, Places]:
        """Which entries of a block are sites of the grid, and their place among those told."""
        index = np.arange(part.start, part.stop)
        places = np.unravel_index(index, land.entries)
        kept = np.ones(len(index), dtype=bool)
        flat = np.zeros(len(index), dtype=np.intp)
        for n in self.told:
            cells = self.mesh.sites[n]
            own = places[n] - (land.entries[n] - cells) // 2
            kept &= (own >= 0) & (own < cells)
            flat = flat * cells + own
        return np.flatnonzero(kept), flat[kept]

    # --- velocities ---------------------------------------------------------------------------

    def blocks(self, valley: int, time: float) -> Iterator[Block]:
        """Sites in blocks and the cell averages of all velocities there."""
        if valley in self._kept:
            yield from self._kept[valley]
            return
        found = []
        for block in self._measured(valley, time):
            if self._keep:
                found.append(block)
            yield block
        if self._keep:
            self._kept[valley] = found

    def _measured(self, valley: int, time: float) -> Iterator[Block]:
        land, flow = self.lands[valley], self.evolution.flow
        e = self._grouped(flow.force(time), 1)[:, :, 0]
        drive = self._grouped(flow.force(time, potential=False), 1)[:, :, 0]
        sideways = self._sideways(land, time)
        for part, form in land.blocks(time):
            kept, sites = self._present(land, part)
            if not len(kept):
                continue
            out = self._block(land, form, part)
            forces = np.zeros((2, 3, part.stop - part.start))
            forces[0][:, kept], forces[1][:, kept] = e[:, sites], drive[:, sites]
            if "anomalous" in self.names:
                out["anomalous"] = self._hall(land, form, forces[0])
                hall = self._hall(land, form, forces[0] - forces[1])
                rest = out.pop("total") - hall
                for name in ("group", "shift", "chiral_magnetic"):
                    if name in out:
                        rest -= out[name]
                out["mixed"] = rest
                if self.evolution.sea_filled:
                    still = self._hall(land, form, np.zeros_like(forces[0]))
                    out["driven"] = out["anomalous"] - still
            out = {name: value[:, kept] for name, value in out.items()}
            if "mixed" in out:
                out["mixed"] += sideways[:, sites]
            yield sites, out

    def _block(self, land: Landscape, form: TwoForm, part: slice) -> dict[str, Array]:
        """What is local in r.  name → (j, entry, band, *k)"""
        count = part.stop - part.start
        shape = (self.d, count, 2, *(axis.cells for axis in land.axes))
        out = {"group": np.zeros(shape)}
        for j in range(self.d):
            out["group"][j] = _slope(land, form, energies(form, shifted=False), j)
        if "magnetic_moment" in self.names:
            out["shift"] = np.zeros(shape)
            for j in range(self.d):
                out["shift"][j] += _slope(land, form, moment(form, position(j), momentum(j)), j)
            if self.projected:
                out["rescaling"] = np.zeros(shape)
                for j in range(self.d):
                    out["rescaling"][j] += _mean(land, form, _rescaled(form, j))
        if "anomalous" in self.names:
            out["total"] = np.zeros(shape)
            for j in range(self.d):
                for i in range(self.d):
                    value = total(form, position(j), momentum(i))
                    out["total"][j] += _slope(land, form, value, i)
        if "chiral_magnetic" in self.names:
            out["chiral_magnetic"] = np.zeros(shape)
            for j in range(self.d):
                for i in range(self.d):
                    value = chiral(form, position(j), momentum(i))
                    out["chiral_magnetic"][j] += _slope(land, form, value, i)
        if "texture" in self.names:
            out["texture"] = np.zeros(shape)
            for j in range(self.d):
                value = _banded(form.curvature(momentum(j), TIME))
                out["texture"][j] += 0.5 * self.hbar * _mean(land, form, value)
        if "magnetisation" in self.names:
            out["magnetisation"] = np.zeros((3, *shape[1:2], 1, *shape[3:]))
            for a, c, axis in ((1, 2, 0), (2, 0, 1), (0, 1, 2)):
                if max(a, c) < self.d:
                    value = form.curvature(momentum(a), momentum(c))
                    if value is not None:
                        value = 0.5 * self.hbar * form.half_gap * value
                    out["magnetisation"][axis] += _mean(land, form, value)
        return out

    def _hall(self, land: Landscape, form: TwoForm, force: Array) -> Array:
        """½ s R^{r_j r_i} (∂_{r_i} ε_s - force_i).  (j, entry, band, *k)"""
        k = [axis.cells for axis in land.axes]
        out = np.zeros((self.d, force.shape[1], 2, *k))
        slopes = _rises(form, land)
        for j in range(self.d):
            for i in range(self.d):
                entry = form.berry(position(j), position(i))
                if entry is None:
                    continue
                value = np.asarray(entry)[:, None] * _column(-force[i], self.d)
                if i in slopes:
                    value = value + np.asarray(entry)[:, None] * slopes[i]
                signs = SIGNS.reshape(1, 2, *[1] * self.d)
                out[j] += _mean(land, form, 0.5 * signs * value)
        return out

    def _sideways(self, land: Landscape, time: float) -> Array:
        """Σ_i ∂_{x_i}(ε̄_s P_s^{r_j r_i}), which needs neighbours.  (j, told, band, *k)"""
        k = [axis.cells for axis in land.axes]
        told = [self.mesh.sites[n] for n in self.told]
        out = np.zeros((self.d, int(np.prod(told, dtype=int)), 2, *k))
        if "mixed" not in self.names:
            return out
        directions = {SPACE.index(land.space[n].name): n for n in self.told}
        for a in range(self.d):
            for c in range(a + 1, self.d):
                if a not in directions and c not in directions:
                    continue

                def quantity(form: TwoForm, a: int = a, c: int = c) -> Entry:
                    return total(form, position(a), position(c))

                crossed = _everywhere(land, time, quantity)
                if crossed is None:
                    continue
                for j, i, sign in ((a, c, 1.0), (c, a, -1.0)):
                    if i in directions:
                        slope = self._along(land, crossed, directions[i])
                        out[j] += sign * slope.reshape(out.shape[1:])
        return out

    def _along(self, land: Landscape, values: Array, place: int) -> Array:
        """∂/∂x of (*entries, band, *k) at the sites of the grid."""
        slope = derivative(values, land.space[place], place)
        for other, axis in enumerate(land.space):
            if other != place:
                slope = inside(slope, axis, other)
        return slope

    # --- sums -----------------------------------------------------------------------------------

    def sum(self, above: Array, whole: Array) -> dict[str, Array]:
        """Contributions of the contents without and, where it converges, with the sea.

        Of the Hall velocity that is the part of the force e: what the texture itself makes of a
        full band is one sum with `mixed` and `magnetisation`, and the sea's is taken off.
        """
        evolution, time = self.evolution, self.evolution.time
        count = evolution.mesh.site_count
        told = int(np.prod([self.mesh.sites[n] for n in self.told], dtype=int))
        found = {name: np.zeros((3, told, count // told)) for name in self.names}
        for valley in range(evolution.system.valleys):
            u, both = self._grouped(above[valley], 1), self._grouped(whole[valley], 1)
            for sites, w in self.blocks(valley, time):
                part, beneath = u[:, sites], both[:, sites]
                for name, value in w.items():
                    if name == "texture":
                        found[name][: self.d, sites] += _contract(value, beneath)
                    elif name == "driven":
                        sea = beneath - part
                        found["anomalous"][: self.d, sites] += _contract(value, sea)
                    elif name == "magnetisation":
                        n = part[:1] + part[1:]
                        found[name][:, sites] += _contract(value, n)
                    elif name == "shift":
                        found["magnetic_moment"][: self.d, sites] += _contract(value, part)
                    elif name == "rescaling":
                        both_bands = 0.5 * value.sum(axis=2, keepdims=True)
                        n = part[:1] + part[1:]
                        moved = _contract(both_bands, n)
                        found["magnetic_moment"][: self.d, sites] += moved
                        rescaled = _contract(value, part)
                        found["density_of_states"][: self.d, sites] -= rescaled
                    else:
                        found[name][: self.d, sites] += _contract(value, part)
        out = {name: self._at_sites(value) for name, value in found.items()}
        if "magnetisation" in out:
            out["magnetisation"] = curl(self.mesh, out["magnetisation"])
        return {name: value / evolution.phase_space for name, value in out.items()}


def _column(values: Array, dimensions: int) -> Array:
    """Per entry, with axes for band and k behind."""
    return values.reshape(-1, *[1] * (1 + dimensions))


def _banded(entry: Entry) -> Array | None:
    """s times a quantity: (entry, band, corners)."""
    if entry is None:
        return None
    value = np.asarray(entry)[:, None]
    return np.asarray(value * SIGNS.reshape(1, 2, *[1] * (value.ndim - 2)))


def _mean(land: Landscape, form: TwoForm, value: Entry) -> Array | float:
    """Means over the k cells, 0 if there is nothing."""
    mean = land.averaged(form, value)
    return 0.0 if mean is None else mean


def _slope(land: Landscape, form: TwoForm, value: Entry, direction: int) -> Array | float:
    """Means of ∂/∂k_i over the k cells, 0 if there is nothing."""
    faces = land.averaged(form, value, (direction,))
    if faces is None:
        return 0.0
    shape = [1] * land.dimensions
    shape[direction] = -1
    return np.asarray(
        np.diff(faces, axis=2 + direction) / land.axes[direction].widths.reshape(shape)
    )


def _rescaled(form: TwoForm, j: int) -> Array | None:
    """½ s F v_s along j.  (entry, band, corners)"""
    field = form.field()
    if field is None:
        return None
    jet = form.jet
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = np.einsum("c...,c...->...", jet.vector, jet.vector_gradient[j]) / form.half_gap
    rise = np.nan_to_num(rise, posinf=0.0, neginf=0.0)
    scalar = jet.scalar_gradient[j]
    speeds = np.stack([scalar - rise, scalar + rise], axis=1)
    signs = SIGNS.reshape(1, 2, *[1] * form.dimensions)
    return np.asarray(0.5 * signs * np.clip(field, -1.0, 1.0)[:, None] * speeds)


def _rises(form: TwoForm, land: Landscape) -> dict[int, Array]:
    """∂ε_s/∂r_l of a texture by direction.  (entry, band, corners)"""
    jet, names = form.jet, [a.name for a in land.space]
    used = [name for name in names if name in land.hamiltonian.space_names]
    found: dict[int, Array] = {}
    for place, name in enumerate(used):
        with np.errstate(invalid="ignore", divide="ignore"):
            rise = np.einsum("c...,c...->...", jet.vector, jet.vector_slope[place])
            rise = np.nan_to_num(rise / form.half_gap, posinf=0.0, neginf=0.0)
        scalar = jet.scalar_slope[place]
        found[SPACE.index(name)] = np.stack([scalar - rise, scalar + rise], axis=1)
    return found


def _everywhere(land: Landscape, time: float, quantity: Any) -> Array | None:
    """Means over k cells at all entries, those beyond open ends too.  (*entries, band, *k)"""
    pieces, found = [], False
    k = [axis.cells for axis in land.axes]
    for part, form in land.blocks(time):
        piece = np.zeros((part.stop - part.start, 2, *k))
        value = land.averaged(form, quantity(form))
        if value is not None:
            piece += value
            found = True
        pieces.append(piece)
    return np.concatenate(pieces).reshape(*land.entries, 2, *k) if found else None


def _contract(weight: Array, content: Array) -> Array:
    """Σ over bands and cells.  (j, site, band, *k), (band, site, free, *k) → (j, site, free)"""
    w = weight.reshape(*weight.shape[:3], -1)
    u = content.reshape(*content.shape[:3], -1)
    return np.asarray(np.einsum("jebk,befk->jef", w, u, optimize=False))
