"""What all evolutions with coherences share: the matrix Wigner function and how it is read.

    n̂(r,k) = n₀ + n·σ ,  n_s = n₀ + s m·n ,  n_⊥ = 2 [n − m (m·n)] ,  f_s = n_s − ¼F (n_+ − n_-)

at the centres of the cells, with m = d/|d| and kinetic momentum k.  What the other levels hold
are averages over momentum cells; `densities` gives those.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kinetic.errors import MissingMethodError
from kinetic.fields import SpaceFields
from kinetic.grid import Array, Axis
from kinetic.hamiltonians.base import Jet
from kinetic.mesh import Mesh
from kinetic.quantum.averages import cell_averages
from kinetic.system import System
from kinetic.twoform import TwoForm

_POINTS = 200_000  # what is worked on together
_FEW = 22  # cells that tell nothing about short waves


@dataclass(frozen=True)
class Block:
    """Some cells of one valley: a slab across the first axis.

    `rows` picks them along that axis; `k` and `r` (by name) broadcast to `shape`, r first.
    """

    valley: int
    rows: slice
    shape: tuple[int, ...]
    k: tuple[Array, ...]
    r: Mapping[str, Array]

class QuantumState:
    """What a matrix Wigner function holds; a `QuantumEvolution` moves it.

    Attributes
    ----------
    time
        Present time.
    hbar
        ħ.
    phase_space
        (2πħ)^d.
    filling
        1 where most of the lower band is full at the start, else 0.
    """

    system: System
    mesh: Mesh
    fields: SpaceFields
    time: float
    hbar: float
    phase_space: float
    filling: float
    initial_charge: float

    # --- points -------------------------------------------------------------------------------

    def blocks(self) -> Iterator[Block]:
        """All cells, slab by slab."""
        axes = self.system.grid.axes
        across = int(np.prod([axis.cells for axis in axes[1:]], dtype=int))
        thick = max(1, _POINTS // across)
        count = len(self.system.grid.space)
        for valley in range(self.system.valleys):
            for first in range(0, axes[0].cells, thick):
                rows = slice(first, min(first + thick, axes[0].cells))
                centres = [axes[0].centres[rows], *(axis.centres for axis in axes[1:])]
                points = np.meshgrid(*centres, indexing="ij", sparse=True)
                shape = tuple(len(x) for x in centres)
                names = [axis.name for axis in axes[:count]]
                place = dict(zip(names, points[:count], strict=True))
                yield Block(valley, rows, shape, tuple(points[count:]), place)

    def _used(self, block: Block) -> Mapping[str, Array] | None:
        """The coordinates that the Hamiltonian depends on."""
        needed = self.system.hamiltonian.space_names
        return {name: x for name, x in block.r.items() if name in needed} or None

    def jet(self, block: Block) -> Jet:
        """The Hamiltonian and its derivatives at the cells of a block, φ not included."""
        model = self.system.hamiltonian
        return model.jet(block.valley, block.k, self.time, self._used(block))

    def hamiltonian(self, block: Block) -> tuple[Array, Array]:
        """d₀ + φ and d at the cells of a block.  (*shape), (3, *shape)"""
        model = self.system.hamiltonian
        scalar, vector = model.values(block.valley, block.k, self.time, self._used(block))
        scalar = scalar + self.fields.potential_at(block.r, self.time)
        return np.broadcast_to(scalar, block.shape), _spread(vector, block.shape)

    def field_at(self, block: Block) -> Array:
        """F at the cells of a block.  (*shape)"""
        jet = self.jet(block)
        names = [name for name in block.r if name in self.system.hamiltonian.space_names]
        b = self.fields.magnetic_at(block.r, self.time)
        with np.errstate(all="ignore"):
            field = TwoForm(jet, names, b, self.hbar).field()
        whole = np.zeros(block.shape) if field is None else np.nan_to_num(field)
        return np.array(np.broadcast_to(whole, block.shape))

    # --- reading ------------------------------------------------------------------------------

    def wigner(self) -> Array:
        """n_μ at the centres of the cells.  (valley, 4, *r, *k)"""
        raise MissingMethodError(self, "wigner")

    def projections(self, wigner: Array | None = None) -> Array:
        """n_s = Tr P_s n̂ at the centres of the cells.  (valley, band, *r, *k)"""
        n = self.wigner() if wigner is None else wigner
        found = np.empty((len(n), 2, *n.shape[2:]))
        for block in self.blocks():
            m = directions(self.hamiltonian(block)[1])
            here = n[block.valley][:, block.rows]
            along = np.einsum("c...,c...->...", m, here[1:])
            found[block.valley, 0, block.rows] = here[0] - along
            found[block.valley, 1, block.rows] = here[0] + along
        return found

    def occupations(self, wigner: Array | None = None) -> Array:
        """f_s = n_s − ¼F (n_+ − n_-) at the centres of the cells.  (valley, band, *r, *k)"""
        n = self.projections(wigner)
        return np.asarray(n - 0.25 * (self.dressing() * (n[:, 1] - n[:, 0]))[:, None])

    def dressing(self) -> Array:
        """F = ħ (F_{r_l k_l} + b·B_k) at the centres of the cells.  (valley, *r, *k)"""
        found = np.empty((self.system.valleys, *self.system.grid.shape))
        for block in self.blocks():
            found[block.valley, block.rows] = self.field_at(block)
        return found

    def coherence(self, wigner: Array | None = None) -> Array:
        """n_⊥ = 2 [n − m (m·n)] at the centres of the cells.  (valley, 3, *r, *k)"""
        n = self.wigner() if wigner is None else wigner
        found = np.empty((len(n), 3, *n.shape[2:]))
        for block in self.blocks():
            m = directions(self.hamiltonian(block)[1])
            here = n[block.valley, 1:][:, block.rows]
            along = np.einsum("c...,c...->...", m, here)
            found[block.valley, :, block.rows] = 2.0 * (here - m * along)
        return found

    def cell_averages(self, values: Array) -> Array:
        """Averages over momentum cells of values at their centres.  (..., *r, *k)"""
        return cell_averages(values, self.system.grid.momentum)

    def densities(self) -> Array:
        """n_s averaged over momentum cells, as `State.densities`.  (valley·site·band, A, B, C)"""
        return self.laid_out(self.cell_averages(self.projections()))

    def laid_out(self, values: Array) -> Array:
        """(valley, band, *r, *k) as (valley·site·band, A, B, C)."""
        sites = len(self.mesh.sites)
        moved = np.moveaxis(values, 1, 1 + sites)
        return np.ascontiguousarray(moved).reshape(-1, *self.mesh.shape)

    def charge(self) -> float:
        """2 Σ∫n₀ over the grid, less a filled lower band if it starts full."""
        total = 0.0
        for valley in self.wigner():
            excess = 2.0 * valley[0] - self.filling
            total += float(np.sum(np.sum(excess, axis=self._space_axes) * self.volumes))
        return self.mesh.site_volume * total / self.phase_space

    @property
    def _space_axes(self) -> tuple[int, ...]:
        return tuple(range(len(self.mesh.sites)))

    @property
    def volumes(self) -> Array:
        """Momentum cell volumes.  (*k)"""
        return self.system.grid.volumes

    def charge_change(self) -> float:
        """Change of the total charge since the start."""
        return self.charge() - self.initial_charge

    def short_waves(self) -> tuple[str, float]:
        """Where Σ|n̂|² has its largest share in waves shorter than 2.2 cells, and that share.

        Only axes that engines transform along are looked at; ('', 0) if there is none.
        """
        import scipy.fft

        n, worst = self.wigner(), ("", 0.0)
        for place, axis in enumerate(self.system.grid.axes):
            if axis.cells < _FEW or not self._transforms(axis):
                continue
            power = np.abs(scipy.fft.rfft(n, axis=2 + place)) ** 2
            lines = np.moveaxis(power, 2 + place, 0).reshape(power.shape[2 + place], -1)
            shares = lines.sum(axis=1)
            share = float(shares[1 + int(axis.cells / 2.2) :].sum() / max(shares.sum(), 1e-300))
            worst = max(worst, (axis.name, share), key=lambda found: found[1])
        return worst

    def _transforms(self, axis: Axis) -> bool:
        """Whether the state is a Fourier series along an axis."""
        return axis.periodic and axis.uniform

    def energy(self, wigner: Array | None = None) -> float:
        """∫Tr[(Ĥ + φ) n̂] over the grid, which is ⟨H⟩ exactly."""
        n = self.wigner() if wigner is None else wigner
        total = 0.0
        for block in self.blocks():
            here = n[block.valley][:, block.rows]
            scalar, vector = self.hamiltonian(block)
            trace = 2.0 * (scalar * here[0] + np.einsum("c...,c...->...", vector, here[1:]))
            total += float(np.sum(trace * self._volumes_of(block)))
        return self.mesh.site_volume * total / self.phase_space

    def _volumes_of(self, block: Block) -> Array:
        return self.volumes if self.mesh.sites else self.volumes[block.rows]

    def purity(self, wigner: Array | None = None) -> float:
        """∫Tr n̂² / ∫Tr n̂ over the grid, 0 where there are no particles."""
        n = self.wigner() if wigner is None else wigner
        square = sum(float(np.sum(component**2 * self.volumes)) for v in n for component in v)
        whole = sum(float(np.sum(valley[0] * self.volumes)) for valley in n)
        return square / whole if whole else 0.0


def directions(vector: Array) -> Array:
    """The unit vector m = d/|d|, and 0 where d vanishes.  (3, ...)"""
    size = np.sqrt(np.einsum("c...,c...->...", vector, vector))
    return np.asarray(vector / np.where(size > 0.0, size, np.inf))


def _spread(values: Array, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(values, (len(values), *shape))
