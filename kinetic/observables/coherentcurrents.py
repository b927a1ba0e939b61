"""The particle current of a matrix Wigner function.

    j = ∫ Tr[∂_kĤ n̂] = Σ_s ∫ n_s v_s + ½ ∫ (∂_kΔ)_⊥·n_⊥        ∫ = ∫dᵈk/(2πħ)ᵈ ,  Δ = 2d

is what the gradient expansion of second order conserves.  Under the exact dynamics of
Ĥ = A(k) + V(r) particles jump over finite distances; with n̂(q,k) the Fourier transform in r,

    ∂ₜρ(q) = (1/iħ) ∫ Tr{[A(k + ½ħq) - A(k - ½ħq)] n̂(q,k)} = -iq·j(q)
    j(q)   = ∫ ∫_{-½}^{½}dλ Tr[∂_kA(k + λħq) n̂(q,k)]

What this has beyond the local current is of second order in ħ, and zero where ∂_kA is linear in
k.
A uniform b changes nothing: k is then the kinetic momentum.
Source: continuity equation of the Moyal equation, e.g. Hillery, O'Connell, Scully and Wigner,
Phys. Rep. 106, 121 (1984), Sec. 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.averages import gauss
from kinetic.grid import SPACE, Array, Axis
from kinetic.observables.base import Recorder, per_area, places
from kinetic.observables.coherent import Sea, integrated, trace
from kinetic.quantum.state import directions
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.quantum.base import QuantumEvolution
    from kinetic.quantum.state import Block

TITLES = {
    "intraband": "velocities of the bands",
    "interband": "coherence between the bands",
    "nonlocal": "what is beyond the local velocity",
}
_FORMULAS = {
    "intraband": "Σ_s ∫ n_s v_s",
    "interband": "½ ∫ (∂_kΔ)_⊥·n_⊥",
    "nonlocal": "∫ ∫dλ Tr{[∂_kA(k + λħq) - ∂_kA(k)] n̂(q,k)} at every q",
}
_EXACT = "∫ ∫dλ Tr[∂_kA(k + λħq) n̂(q,k)] at every q"
_ORDERS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
_FINEST = 48
_TOLERANCE = 1e-13
_POINTS = 200_000
_KEPT_BYTES = 100 * 2**20


class CoherentSums:
    """The local current and its contributions.

    Parameters
    ----------
    evolution
        The system.
    """

    def __init__(self, evolution: QuantumEvolution) -> None:
        self.evolution = evolution
        self.sea = Sea(evolution)
        self.nonlocal_part: Nonlocal | None = None
        if evolution.mesh.sites and evolution.system.equation.level == "moyal":
            part = Nonlocal(evolution)
            self.nonlocal_part = part if part.order > 1 else None
        self.names = ["intraband", "interband"]
        self.names += ["nonlocal"] if self.nonlocal_part is not None else []

    def _weigh(self, block: Block, n: Array) -> Array:
        """Both contributions of every cell.  (2, dim, *shape)"""
        jet = self.evolution.jet(block)
        m = directions(jet.vector)
        gradient = jet.vector_gradient
        steep = np.einsum("c...,ac...->a...", m, gradient)
        along = np.einsum("c...,c...->...", m, n[1:])
        whole = np.einsum("ac...,c...->a...", gradient, n[1:])
        return 2.0 * np.stack([jet.scalar_gradient * n[0] + steep * along, whole - steep * along])

    def taken(self) -> Array:
        """What the sea itself carries within its bands.  (3,)"""
        out = np.zeros(3)
        if self.sea.filled:
            out[: self.evolution.mesh.dimensions] = self.sea.taken(self._weigh)[0]
        return out

    def present(self) -> dict[str, Array]:
        """All contributions at the present time.  name → (3, *sites)"""
        evolution = self.evolution
        d, sites = evolution.mesh.dimensions, evolution.mesh.sites
        wigner = evolution.wigner()
        local = integrated(
            evolution, lambda block, n: self._weigh(block, self.sea.above(block, n)), wigner
        )
        parts = {name: np.zeros((3, *sites)) for name in self.names}
        parts["intraband"][:d], parts["interband"][:d] = local
        if self.nonlocal_part is not None:
            parts["nonlocal"][:d] = self.nonlocal_part.present(wigner)
        return parts


class Nonlocal:
    """j(q) - j_local(q) of the exact dynamics.

    ∫dλ is done by Gauss-Legendre quadrature with as many points as it takes at the largest q.

    Parameters
    ----------
    evolution
        A system with axes in real space whose Ĥ is A(k) + V(r).

    Attributes
    ----------
    order
        Points of the quadrature; with one of them there is no such part.
    """

    def __init__(self, evolution: QuantumEvolution) -> None:
        self.evolution = evolution
        grid = evolution.system.grid
        self.space = grid.space
        self.waves = [_waves(axis, axis is grid.space[-1]) for axis in grid.space]
        needed = evolution.system.hamiltonian.space_names
        # V has no momentum in it: the velocity is that of any one place.
        self.place = {a.name: a.centres[0] for a in grid.space if a.name in needed} or None
        self.order = self._order()
        self._kept: dict[tuple[int, int], tuple[Array, Array]] = {}

    def _velocity(self, valley: int, k: Sequence[Array], t: float) -> tuple[Array, Array]:
        """∂_kA at points.  (dim, S), (dim, 3, S)"""
        jet = self.evolution.system.hamiltonian.jet(valley, k, t, self.place)
        return jet.scalar_gradient, jet.vector_gradient

    def _excess(
        self, valley: int, q: Sequence[Array], k: Sequence[Array], t: float, order: int
    ) -> tuple[Array, Array]:
        """∫dλ ∂_kA(k + λħq) - ∂_kA(k).  (dim, S), (dim, 3, S)"""
        scalar, vector = (-part for part in self._velocity(valley, k, t))
        for place, weight in zip(*gauss(order), strict=True):
            moved = list(k)
            for axis, wave in zip(self.space, q, strict=True):
                direction = SPACE.index(axis.name)
                if direction < len(k):
                    shift = (place - 0.5) * self.evolution.hbar * wave
                    moved[direction] = k[direction] + shift
            one, three = self._velocity(valley, moved, t)
            scalar, vector = scalar + weight * one, vector + weight * three
        return scalar, vector

    def _table(
        self, valley: int, rows: slice, q: Sequence[Array], k: Sequence[Array]
    ) -> tuple[Array, Array]:
        """The present excess at the momenta of some rows, kept where A does not change."""
        key = valley, rows.start
        if key in self._kept:
            return self._kept[key]
        found = self._excess(valley, q, k, self.evolution.time, self.order)
        held = sum(array.nbytes for pair in self._kept.values() for array in pair)
        size = sum(array.nbytes for array in found)
        still = not self.evolution.system.hamiltonian.time_dependent
        if still and held + size <= _KEPT_BYTES:
            self._kept[key] = found
        return found

    def _order(self) -> int:
        """The least number of points that is exact to rounding."""
        evolution = self.evolution
        system = evolution.system
        shares = np.linspace(0.03, 0.97, 5)
        chosen = [np.quantile(axis.centres, shares) for axis in system.grid.momentum]
        largest = [wave[np.argsort(np.abs(wave))[[-1, len(wave) // 2]]] for wave in self.waves]
        mesh = np.meshgrid(*largest, *chosen, indexing="ij", sparse=True)
        q, k = mesh[: len(largest)], mesh[len(largest) :]
        times = [evolution.start]
        if system.hamiltonian.time_dependent and evolution.stop is not None:
            times = list(np.linspace(evolution.start, evolution.stop, 5))
        order = 1
        for valley in range(system.valleys):
            for t in times:
                exact = self._excess(valley, q, k, t, _FINEST)
                size = max(float(np.abs(x).max()) for x in self._velocity(valley, k, t))
                for tried in (*(n for n in _ORDERS if n >= order), _FINEST):
                    found = self._excess(valley, q, k, t, tried)
                    apart = max(
                        float(np.abs(a - b).max()) for a, b in zip(found, exact, strict=True)
                    )
                    order = tried
                    if apart <= _TOLERANCE * (size + 1e-300):
                        break
        return order

    def _slabs(self) -> Iterator[slice]:
        """Rows of the first momentum axis."""
        axes = self.evolution.system.grid.axes
        first = len(self.space)
        others = int(np.prod([a.cells for i, a in enumerate(axes) if i != first], dtype=int))
        thick = max(1, _POINTS // others)
        for start in range(0, axes[first].cells, thick):
            yield slice(start, min(start + thick, axes[first].cells))

    def present(self, wigner: Array) -> Array:
        """The part of n_μ (valley, 4, *r, *k) at the sites.  (dim, *sites)"""
        import scipy.fft

        evolution = self.evolution
        momentum, sites = evolution.system.grid.momentum, evolution.mesh.sites
        d, count = len(momentum), len(sites)
        total = np.zeros((d, *(len(wave) for wave in self.waves)), dtype=complex)
        space = tuple(range(1, 1 + count))
        for rows in self._slabs():
            centres = [momentum[0].centres[rows], *(axis.centres for axis in momentum[1:])]
            mesh = np.meshgrid(*self.waves, *centres, indexing="ij", sparse=True)
            volumes = evolution.volumes[rows]
            for valley, whole in enumerate(wigner):
                part = whole[(slice(None), *[slice(None)] * count, rows)]
                n = scipy.fft.rfftn(part, axes=space)
                scalar, vector = self._table(valley, rows, mesh[:count], mesh[count:])
                for direction in range(d):
                    content = trace(scalar[direction], vector[direction], n) * volumes
                    total[direction] += content.reshape(*content.shape[:count], -1).sum(axis=-1)
        moved = scipy.fft.irfftn(total, sites, axes=space)
        return np.asarray(moved) / evolution.phase_space


def _waves(axis: Axis, half: bool) -> Array:
    """Wave numbers q of an axis; the mode at the edge, its own conjugate, is not shifted."""
    frequencies = np.fft.rfftfreq if half else np.fft.fftfreq
    modes = np.rint(frequencies(axis.cells) * axis.cells)
    if axis.cells % 2 == 0:
        modes = np.where(np.abs(modes) == axis.cells // 2, 0.0, modes)
    return np.asarray(2.0 * np.pi / axis.length * modes)


def current_recorder(name: str, evolution: QuantumEvolution) -> Recorder:
    """The recorder of the current and its contributions."""
    sums = CoherentSums(evolution)
    taken = sums.taken()
    units, dims = per_area(evolution), ("component", *places(evolution))

    def row(name: str, title: str, formula: str, value: Array) -> Variable:
        attributes: dict[str, Any] = {"formula": formula, "variable": "n̂", "sea": value}
        if evolution.sea_filled:
            attributes["sea_meaning"] = sums.sea.meaning
        return Variable(name, dims, units, title, attributes)

    formula = "∫ Tr[∂_kĤ n̂]" if len(sums.names) == 2 else _EXACT
    rows = [row(name, "particle current", formula, taken)]
    for part in sums.names:
        value = taken if part == "intraband" else np.zeros(3)
        title = f"particle current: {TITLES[part]}"
        rows.append(row(f"{name}_{part}", title, _FORMULAS[part], value))

    def measure() -> dict[str, Any]:
        parts = sums.present()
        values: dict[str, Any] = {f"{name}_{part}": parts[part] for part in sums.names}
        values[name] = np.sum(list(parts.values()), axis=0)
        return values

    return Recorder(tuple(rows), measure)
