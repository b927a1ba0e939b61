"""What a matrix Wigner function n̂ = n₀ + n·σ holds: sums over momentum, coherence, purity, spin.

Where the sea has no end it is taken off first: the matrix of f = (1, 0),

    n̂_sea = ½ - ¼F - ½ m·σ        m = d/|d|

which has no coherence, so that what fields do to the sea stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kinetic.grid import Array
from kinetic.observables.base import Observable, Recorder, in_sample, per_volume, places
from kinetic.observables.cuts import Local
from kinetic.quantum.state import directions
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.quantum.base import QuantumEvolution
    from kinetic.quantum.state import Block

Weigh = Callable[["Block", Array], Array]
_NONE = "level '{}' has no coherence between the bands: use 'matrix' or 'moyal'."
SEA_MEANING = (
    "taken off at the start: that of a filled lower and an empty upper band on this grid"
)


def coherent(evolution: Evolution) -> QuantumEvolution | None:
    """The evolution if it knows the coherence between the bands, None at the other levels."""
    if not evolution.system.equation.coherent:
        return None
    return cast("QuantumEvolution", evolution)


def trace(scalar: Array, vector: Array, n: Array) -> Array:
    """Tr[(a + a·σ)(n₀ + n·σ)] = 2(a n₀ + a·n).  (S)"""
    return np.asarray(2.0 * (scalar * n[0] + np.einsum("c...,c...->...", vector, n[1:])))


def integrated(evolution: QuantumEvolution, weigh: Weigh, wigner: Array | None = None) -> Array:
    """Σ_valleys ∫dᵈk/(2πħ)ᵈ of weigh(block, n̂).

    Parameters
    ----------
    evolution
        The system.
    weigh
        Gives (*components, *shape) from a block of cells and n_μ there, (4, *shape).
    wigner
        The n_μ of all cells; None takes the present ones.

    Returns
    -------
    (*components, *sites)
    """
    n = evolution.wigner() if wigner is None else wigner
    sites, d = evolution.mesh.sites, evolution.mesh.dimensions
    total: Array | None = None
    for block in evolution.blocks():
        values = weigh(block, n[block.valley][:, block.rows])
        volumes = evolution.volumes if sites else evolution.volumes[block.rows]
        content = (values * volumes).sum(axis=tuple(range(values.ndim - d, values.ndim)))
        components = values.shape[: values.ndim - len(block.shape)]
        if total is None:
            total = np.zeros((*components, *sites))
        if sites:
            total[(*[slice(None)] * len(components), block.rows)] += content
        else:
            total += content
    assert total is not None
    return total / evolution.phase_space


class Sea:
    """The matrix of a filled lower and an empty upper band, 0 where the sea is finite.

    Parameters
    ----------
    evolution
        The system.
    """

    def __init__(self, evolution: QuantumEvolution) -> None:
        self.evolution = evolution
        self.filled = evolution.sea_filled
        fields = evolution.fields
        magnetic = not fields.magnetic_uniform or np.any(fields.magnetic_at({}, evolution.start))
        self.dressed = bool(magnetic) or evolution.system.hamiltonian.textured

    def matrix(self, block: Block) -> Array:
        """n̂_sea at the cells of a block.  (4, *shape)"""
        out = np.zeros((4, *block.shape))
        if self.filled:
            out[0] = 0.5
            out[1:] = -0.5 * directions(self.evolution.hamiltonian(block)[1])
            if self.dressed:  # F is cut as in ε̄, where the expansion ends
                out[0] -= 0.25 * np.clip(self.evolution.field_at(block), -1.0, 1.0)
        return out

    def above(self, block: Block, n: Array) -> Array:
        """n̂ - n̂_sea.  (4, *shape)"""
        return n - self.matrix(block) if self.filled else n

    def taken(self, weigh: Weigh) -> Array:
        """What a sum over the sea itself is, its mean over the sites.  (*components)"""
        evolution = self.evolution

        def weighed(block: Block, n: Array) -> Array:
            return weigh(block, self.matrix(block))

        whole = integrated(evolution, weighed)
        count = whole.ndim - len(evolution.mesh.sites)
        return np.asarray(whole.reshape(*whole.shape[:count], -1).mean(axis=-1))

    def attributes(self, weigh: Weigh) -> dict[str, Any]:
        """The attributes `sea` and `sea_meaning` of a sum."""
        if not self.filled:
            return {"sea": 0.0}
        return {"sea": self.taken(weigh), "sea_meaning": self.meaning}

    @property
    def meaning(self) -> str:
        """What was taken off, in words."""
        return SEA_MEANING + (", its mean over the sites" if self.evolution.mesh.sites else "")


def energy_recorder(name: str, evolution: QuantumEvolution) -> Recorder:
    """⟨H⟩ = ∫dᵈk/(2πħ)ᵈ Tr[(Ĥ + φ) n̂], exact: ∫Tr[Ĥ ⋆ n̂] = ∫Tr[Ĥ n̂]."""
    sea = Sea(evolution)

    def weigh(block: Block, n: Array) -> Array:
        return trace(*evolution.hamiltonian(block), n)

    def measure() -> dict[str, Any]:
        return {name: integrated(evolution, lambda block, n: weigh(block, sea.above(block, n)))}

    attributes = {"formula": "∫dᵈk/(2πħ)ᵈ Tr[(Ĥ + φ) n̂]", **sea.attributes(weigh)}
    units = per_volume(evolution, "energy")
    row = Variable(name, places(evolution), units, "energy density", attributes)
    return Recorder((row,), measure)


def kinetic_level(evolution: Evolution) -> str | None:
    """None at levels with coherences, else why there are none and what to do."""
    equation = evolution.system.equation
    return None if equation.coherent else _NONE.format(equation.level)


@dataclass(frozen=True)
class Coherence(Local):
    """∫dᵈk/(2πħ)ᵈ |⟨+|n̂|-⟩| = ½ ∫dᵈk/(2πħ)ᵈ |n_⊥|, and the largest |⟨+|n̂|-⟩| of any cell

    No constant of motion, not even of a free packet: sizes are summed and not their squares, so
    that it grows as a packet spreads or comes apart into fringes.  What is conserved is the
    purity, with ∫(Σ_s n_s² + ½n_⊥²).
    """

    name = "coherence"
    quantum = True

    def fits(self, evolution: Evolution) -> str | None:
        """A level with coherences."""
        return kinetic_level(evolution)

    def recorder(self, evolution: Evolution) -> Recorder:
        """coherence, coherence_largest(time, *r)."""
        quantum = cast("QuantumEvolution", evolution)
        dims = places(evolution)
        rows = (
            Variable(
                self.name,
                dims,
                per_volume(evolution),
                "coherence between the bands",
                {"formula": "½ ∫dᵈk/(2πħ)ᵈ |n_⊥|,  n_⊥ = 2 [n - m (m·n)]"},
            ),
            Variable(
                "coherence_largest",
                dims,
                "1",
                "largest coherence between the bands of any momentum",
                {"formula": "max_k |⟨+|n̂|-⟩| = max_k ½|n_⊥|"},
            ),
        )

        def measure() -> dict[str, Any]:
            size = 0.5 * np.linalg.norm(quantum.coherence(), axis=1)
            d = quantum.mesh.dimensions
            momenta = tuple(range(size.ndim - d, size.ndim))
            whole = (size * quantum.volumes).sum(axis=(0, *momenta)) / quantum.phase_space
            return {self.name: whole, "coherence_largest": size.max(axis=(0, *momenta))}

        return Recorder(rows, measure)


@dataclass(frozen=True)
class Purity(Observable):
    """∫Tr n̂² / ∫Tr n̂ over phase space: conserved, and 1 where n̂ is a projector"""

    name = "purity"
    quantum = True

    def fits(self, evolution: Evolution) -> str | None:
        """A level with coherences."""
        return kinetic_level(evolution)

    def recorder(self, evolution: Evolution) -> Recorder:
        """purity(time)."""
        quantum = cast("QuantumEvolution", evolution)
        row = Variable(
            self.name,
            (),
            "1",
            "purity of the state on the grid",
            {"formula": "∫Tr n̂² / ∫Tr n̂ = ∫(Σ_s n_s² + ½n_⊥²) / ∫Σ_s n_s"},
        )
        return Recorder((row,), lambda: {self.name: quantum.purity()})


@dataclass(frozen=True)
class Spin(Local):
    """⟨σ⟩ = ∫dᵈk/(2πħ)ᵈ Tr[σ n̂] = ∫dᵈk/(2πħ)ᵈ (Σ_s s m n_s + n_⊥)"""

    name = "spin"
    quantum = True

    def fits(self, evolution: Evolution) -> str | None:
        """A level with coherences."""
        return kinetic_level(evolution)

    def recorder(self, evolution: Evolution) -> Recorder:
        """spin(time, component, *r)."""
        quantum = cast("QuantumEvolution", evolution)
        sea = Sea(quantum)

        def weigh(block: Block, n: Array) -> Array:
            return 2.0 * n[1:]

        def measure() -> dict[str, Any]:
            return {
                self.name: integrated(quantum, lambda block, n: weigh(block, sea.above(block, n)))
            }

        attributes = {"formula": self.formula(), **sea.attributes(weigh)}
        title = "density of the (pseudo)spin σ"
        dims = ("component", *places(evolution))
        row = Variable(self.name, dims, per_volume(evolution), title, attributes)
        return Recorder((row,), measure)


@dataclass(frozen=True)
class Absorbed(Observable):
    """Number of particles that the absorbing layers at open ends have taken since the start"""

    name = "absorbed"
    quantum = True

    def fits(self, evolution: Evolution) -> str | None:
        """A level with coherences and open ends in real space."""
        missing = kinetic_level(evolution)
        if missing is None and all(axis.periodic for axis in evolution.system.grid.space):
            return "no axis in real space has an open end: nothing is absorbed."
        return missing

    def recorder(self, evolution: Evolution) -> Recorder:
        """absorbed(time)."""
        quantum = cast("QuantumEvolution", evolution)
        title = "particles taken by the absorbing layers"
        formula = {"formula": self.formula()}
        row = Variable(self.name, (), in_sample(evolution), title, formula)
        return Recorder((row,), lambda: {self.name: quantum.absorbed})


def bounds(evolution: QuantumEvolution) -> tuple[float, float]:
    """Smallest and largest f_s at the centres of the cells."""
    f = evolution.occupations()
    return float(f.min()), float(f.max())
