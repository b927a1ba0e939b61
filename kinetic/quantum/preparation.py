"""From an initial state f_s(r, k) to a matrix Wigner function.

n_s = f_s + ¼F (f_+ − f_-), and the coherence that keeps n_s from trembling,

    n_⊥ = −ħ m × { (n_z/Δ) D m − ½ {m, n} } ,   D = ∂ₜ + {·, d₀} + e·∂_k
    {A, B} = ∂_rA·∂_kB − ∂_kA·∂_rB + b·(∂_kA × ∂_kB)

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eq. (20); in a field b: the same
with kinetic momentum.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import scipy.fft

from kinetic.errors import InputError
from kinetic.grid import SPACE, Array, Axis
from kinetic.initial import FromFile, Points
from kinetic.quantum.base import QuantumEvolution
from kinetic.quantum.state import Block, directions

_ORDER = 6  # of the differences along open axes
_NEAR = 1e-12  # of the largest gap: bands that touch have no coherence of first order


class Spinorial(Protocol):
    """An initial state that knows its matrix Wigner function."""

    def matrix(self, points: Points, hbar: float) -> Array:
        """n_μ at the points.  (4, S)"""


def occupation(evolution: QuantumEvolution) -> Array:
    """f_s of the initial state at the centres of the cells.  (valley, band, *r, *k)"""
    system = evolution.system
    shape = (system.valleys, 2, *system.grid.shape)
    if isinstance(system.initial, FromFile):
        return system.initial.cells(shape)
    found = np.empty(shape)
    for block in evolution.blocks():
        found[block.valley, :, block.rows] = system.initial.occupation(_points(evolution, block))
    return found


def _points(evolution: QuantumEvolution, block: Block) -> Points:
    """The cells of a block with ε̄_s and φ."""
    jet = evolution.jet(block)
    half_gap = np.sqrt(np.einsum("c...,c...->...", jet.vector, jet.vector))
    field = np.clip(evolution.field_at(block), -1.0, 1.0)
    scalar = jet.scalar - 0.5 * half_gap * field
    energy = np.stack([scalar - half_gap, scalar + half_gap])
    energy = np.broadcast_to(energy, (2, *block.shape))
    potential = evolution.fields.potential_at(block.r, evolution.time)
    potential = np.broadcast_to(potential, block.shape)
    return Points(block.k, energy, block.valley, block.r, potential)


def spinorial(evolution: QuantumEvolution, initial: Spinorial) -> Array:
    """n_μ of an initial state that gives it itself.  (valley, 4, *r, *k)"""
    system = evolution.system
    found = np.empty((system.valleys, 4, *system.grid.shape))
    for block in evolution.blocks():
        n = initial.matrix(_points(evolution, block), evolution.hbar)
        found[block.valley, :, block.rows] = n
    return found


def prepared(evolution: QuantumEvolution, coherent: bool = True) -> tuple[Array, Array]:
    """The initial matrix Wigner function, and f_- that it was made of.

    Parameters
    ----------
    evolution
        Stands at its start.
    coherent
        Whether it gets the coherence of first order.

    Returns
    -------
    wigner
        n_μ.  (valley, 4, *r, *k)
    lower
        f_-.  (valley, *r, *k)
    """
    initial = evolution.system.initial
    if hasattr(initial, "matrix"):
        if not coherent:
            raise InputError(
                f"[equation] preparation = 'bare': {initial.name} gives its own coherence; take "
                "the key out."
            )
        n = spinorial(evolution, initial)
        return n, evolution.occupations(n)[:, 0]
    f = occupation(evolution)
    relative = f[:, 1] - f[:, 0]
    mean = 0.5 * (f[:, 0] + f[:, 1]) + 0.25 * evolution.dressing() * relative
    n = np.empty((len(f), 4, *mean.shape[1:]))
    n[:, 0] = mean
    slopes = _slopes(2.0 * mean, evolution.system.grid.axes) if coherent else {}
    for block in evolution.blocks():
        half = 0.5 * relative[block.valley, block.rows]
        m = directions(evolution.hamiltonian(block)[1])
        vector = half * m
        if coherent:
            here = {name: slope[block.valley, block.rows] for name, slope in slopes.items()}
            vector = vector + 0.5 * first_coherence(evolution, block, 2.0 * half, here)
        n[block.valley, 1:, block.rows] = vector
    if not np.all(np.isfinite(n)):
        raise InputError(
            "[initial] the matrix Wigner function is not finite: the bands touch at the centre "
            "of a cell; shift the grid or take preparation = 'bare'."
        )
    return n, f[:, 0]


def first_coherence(
    evolution: QuantumEvolution, block: Block, relative: Array, slopes: dict[str, Array]
) -> Array:
    """n_⊥ = −ħ m × { (n_z/Δ)[∂ₜ + {·, d₀} + e·∂_k] m − ½ {m, n} }.  (3, *shape)

    Parameters
    ----------
    evolution, block
        Where.
    relative
        n_z of the block.
    slopes
        ∂n of the block along the axes of the grid, by name.
    """
    jet = evolution.jet(block)
    half_gap = np.sqrt(np.einsum("c...,c...->...", jet.vector, jet.vector))
    safe = np.maximum(half_gap, _NEAR * float(half_gap.max()))
    m = jet.vector / safe
    dimensions = len(jet.vector_gradient)
    zero = np.zeros(block.shape)
    names = [name for name in block.r if name in evolution.system.hamiltonian.space_names]
    moved = {SPACE.index(name): n for n, name in enumerate(names)}
    force = evolution.fields.electric_at(block.r, evolution.time)
    b = evolution.fields.magnetic_at(block.r, evolution.time)
    speed = [*jet.scalar_gradient, *[zero] * (3 - dimensions)]
    turned = [_cross(speed, b, i) for i in range(3)]  # (v̄ × b)_i
    flow = jet.vector_rate / safe  # D m + a part along m, which m × takes out
    twist = np.zeros((3, *block.shape))  # {m, n} likewise
    in_k = [slopes.get(f"k{name}", zero) for name in SPACE]
    for i in range(dimensions):
        by_k = jet.vector_gradient[i] / safe
        fall = -jet.scalar_slope[moved[i]] if i in moved else 0.0
        flow = flow + (force[i] + fall + turned[i]) * by_k
        # b·(∂_km × ∂_kn) = (∂_kn × b)·∂_km
        twist = twist + (_cross(in_k, b, i) - slopes.get(SPACE[i], zero)) * by_k
        if i in moved:
            by_r = jet.vector_slope[moved[i]] / safe
            flow = flow + speed[i] * by_r
            twist = twist + in_k[i] * by_r
    inside = relative / (2.0 * safe) * flow - 0.5 * twist
    return np.asarray(-evolution.hbar * np.cross(m, inside, axis=0))


def _cross(a: list[Array], b: Array, i: int) -> Array:
    """(a × b)_i."""
    j, k = (i + 1) % 3, (i + 2) % 3
    return np.asarray(a[j] * b[k] - a[k] * b[j])


def _slopes(values: Array, axes: tuple[Axis, ...]) -> dict[str, Array]:
    """∂u along every axis, by name.  Spectral on periodic axes, of sixth order on open ones."""
    from findiff import Diff

    found = {}
    for place, axis in enumerate(axes):
        along = place + 1
        if axis.periodic and axis.uniform:
            found[axis.name] = spectral_derivative(values, along, axis)
        elif axis.cells == 1:
            found[axis.name] = np.zeros_like(values)
        else:
            accuracy = _ORDER if axis.cells > _ORDER + 2 else 2
            step = float(axis.widths[0]) if axis.uniform else axis.centres
            found[axis.name] = np.asarray(Diff(along, step, acc=accuracy)(values))
    return found


def spectral_derivative(values: Array, along: int, axis: Axis) -> Array:
    """∂u = F⁻¹ iκ F u along a periodic axis; the mode at the edge of the band has none."""
    modes = scipy.fft.rfft(values, axis=along)
    waves = 2.0 * np.pi / axis.length * np.arange(modes.shape[along])
    if axis.cells % 2 == 0:
        waves[-1] = 0.0
    shape = [1] * values.ndim
    shape[along] = -1
    modes *= 1j * waves.reshape(shape)
    return np.asarray(scipy.fft.irfft(modes, axis.cells, axis=along))
