"""Momenta that move with the force: k = K + ∫e dt, what the force adds up to and how k is read.

A homogeneous state only precesses at fixed K.  It is held on a lattice in K that covers whatever
enters the window of the grid, and read at the cell centres by a shift of all of it: a phase for
every mode on periodic axes, polynomials of degree 15 through sixteen neighbours on open ones.  A
phase that turns by θ from cell to cell is then read to sin¹⁶(θ/2); coherences turn by ∫2|d|dt/ħ.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.fft

from kinetic.errors import InputError
from kinetic.grid import Array, Axis, Grid
from kinetic.initial import FermiDirac, FromFile
from kinetic.quantum.base import QuantumEvolution
from kinetic.quantum.pieces import Pieces
from kinetic.quantum.preparation import prepared

STENCIL = 16
"""Neighbours of an interpolating polynomial."""
_MOMENTA = (0.11, 0.47, 0.83)  # where a moving Hamiltonian is looked at
_LONGEST = 4.0 * np.pi  # radians of the fastest precession: how far ahead drives are looked at
_FLOOR = 1e-5  # of it: across a jump of a drive the control of the error alone sets the step
_WIDEST = 2**28


class Comoving:
    """The lattice in K of a homogeneous system, and where it stands at any time.

    Parameters
    ----------
    evolution
        At its start.
    fastest
        Largest rate of precession.

    Attributes
    ----------
    lattice
        Grid of the K.
    moving
        Whether the Hamiltonian itself changes in time.

    Raises
    ------
    InputError
        If the end of the run is needed and not known, or the lattice would not fit.
    """

    def __init__(self, evolution: QuantumEvolution, fastest: float) -> None:
        self.evolution, self.system = evolution, evolution.system
        self.fields, self.start, self.stop = evolution.fields, evolution.start, evolution.stop
        self.dimensions = self.system.grid.dimensions
        self.moving = self.system.hamiltonian.time_dependent
        self.steady = bool(self.fields.electric_constant)
        self._force = np.zeros(self.dimensions)
        if self.steady:
            self._force = self.fields.electric_at({}, self.start)[: self.dimensions]
        self._longest = _LONGEST / fastest
        self._pieces: Pieces | None = None
        if self.moving or not self.steady:
            if self.stop is None:
                raise InputError(
                    "[time] a field or Hamiltonian that changes in time is followed over the "
                    "whole run: give its end, stop."
                )
            self._pieces = Pieces(self._drive, self.start, self._longest, self.stop)
        self._lay_windows()

    def _drive(self, times: Array) -> Array:
        """e along the momentum axes, and d at a few momenta.  (component, time)"""
        rows = [self.fields.electric_at({}, times)[: self.dimensions]]
        if self.moving:
            few = [np.quantile(axis.centres, _MOMENTA) for axis in self.system.grid.momentum]
            k = np.meshgrid(*few, indexing="ij", sparse=True)
            model = self.system.hamiltonian
            for valley in range(self.system.valleys):
                seen = [model.values(valley, k, float(t))[1].ravel() for t in times]
                rows.append(np.array(seen).T)
        return np.concatenate(rows)

    def _lay_windows(self) -> None:
        axes = self.system.grid.momentum
        if self.steady:
            open_ = [not axis.periodic for axis in axes]
            if self.stop is None and np.any(self._force[open_]):
                raise InputError(
                    "[time] a force along an open momentum axis brings in states from beyond it: "
                    "give the end of the run, stop."
                )
            passed = self._force * (1.0 if self.stop is None else self.stop - self.start)
            ends = np.minimum(passed, 0.0), np.maximum(passed, 0.0)
        else:
            assert self._pieces is not None
            assert self.stop is not None
            ends = self._pieces.extremes(self.stop, len(axes))
        self.windows = [Window(*each) for each in zip(axes, *ends, strict=True)]
        points = float(np.prod([float(window.cells) for window in self.windows]))
        if points * self.system.valleys > _WIDEST:
            raise InputError(
                f"[grid] the force carries momenta through {points:.3g} lattice points during "
                "the run: shorten it, lower E, or take a periodic Hamiltonian on its whole zone."
            )
        self.lattice = Grid(tuple(window.lattice for window in self.windows))

    def shifts(self, times: Array | float) -> Array:
        """∫e dt since the start, k − K.  (direction, *times)"""
        if self.steady:
            passed = np.asarray(times, dtype=float) - self.start
            return np.asarray(np.multiply.outer(self._force, passed))
        assert self._pieces is not None
        return self._pieces.integral(np.asarray(times))[: self.dimensions]

    def resolved(self, time: float, ahead: float) -> float:
        """The longest step that does not overlook a change of the drives until `ahead`."""
        if self._pieces is None:
            return math.inf
        return max(self._pieces.shortest(time, ahead), _FLOOR * self._longest)

    def prepared(self) -> tuple[Array, Array]:
        """n_μ on the lattice in K, and f_- of the cells of the grid."""
        system, evolution = self.system, self.evolution
        wide = self.lattice.shape != system.grid.shape
        if wide and isinstance(system.initial, FromFile):
            raise InputError(
                "[initial] a file holds the state on the grid alone, but the force brings in "
                "states from beyond its open ends: give a formula, or a periodic Hamiltonian."
            )
        preparation = system.equation.preparation
        if preparation == "exact" and not isinstance(system.initial, FermiDirac):
            raise InputError(
                "[equation] preparation = 'exact' is f(Ĥ) of an initial 'fermi_dirac'; "
                f"'{system.initial.name}' has no such form: take 'coherent' or 'bare'."
            )
        if wide:
            whole = replace(system, grid=self.lattice)
            evolution = QuantumEvolution(whole, evolution.stepping, self.start, self.stop)
        wigner, lower = prepared(evolution, preparation == "coherent")  # f(Ĥ) has no coherence
        for n, window in enumerate(self.windows):
            inside = slice(window.before, window.before + window.axis.cells)
            lower = np.moveaxis(np.moveaxis(lower, n + 1, 0)[inside], 0, n + 1)
        return wigner, lower

    def read(self, values: Array, time: float) -> Array:
        """Values on the lattice, read at the cell centres; the last axes are those of K."""
        if time == self.start and self.lattice.shape == self.system.grid.shape:
            return values
        shifts = self.shifts(time)
        for n, (window, shift) in enumerate(zip(self.windows, shifts, strict=True)):
            values = window.read(values, n - len(self.windows), float(shift))
        return values


class Window:
    """The lattice of one axis in K.

    Parameters
    ----------
    axis
        The axis of the grid.
    low, high
        Smallest and largest ∫e dt along it.

    Raises
    ------
    InputError
        If its cells differ in width, while a force acts along it.
    """

    def __init__(self, axis: Axis, low: float, high: float) -> None:
        self.axis, self.before, self.after = axis, 0, 0
        self.moves = low != 0.0 or high != 0.0
        if not self.moves:
            return
        if not axis.uniform:
            raise InputError(
                f"[grid] the cells of {axis.name} differ in width: a force along it shifts the "
                "whole state, which needs equal cells; give lower, upper and cells."
            )
        self.width = axis.length / axis.cells
        if not axis.periodic:
            self.before = math.ceil(high / self.width) + STENCIL // 2
            self.after = math.ceil(-low / self.width) + STENCIL // 2

    @property
    def cells(self) -> int:
        """Cells of the lattice."""
        return self.before + self.axis.cells + self.after

    @property
    def lattice(self) -> Axis:
        """The axis with what lies beyond its ends."""
        if not (self.before or self.after):
            return self.axis
        index = np.arange(-self.before, self.axis.cells + self.after + 1)
        edges = self.axis.edges[0] + self.width * index
        edges[self.before : self.before + self.axis.cells + 1] = self.axis.edges
        return Axis(self.axis.name, tuple(edges), self.axis.boundary)

    def read(self, values: Array, along: int, shift: float) -> Array:
        """Values at the cell centres k = K + shift."""
        if not self.moves:
            return values
        if self.axis.periodic:
            return _turned(values, along, shift, self.axis) if shift else values
        whole = math.floor(-shift / self.width)
        weights = polynomial_weights(-shift / self.width - whole)
        first = self.before + whole - STENCIL // 2 + 1
        lines = np.moveaxis(values, along, -1)
        out = np.zeros((*lines.shape[:-1], self.axis.cells))
        for n, weight in enumerate(weights):
            if weight != 0.0:
                out += weight * lines[..., first + n : first + n + self.axis.cells]
        return np.moveaxis(out, -1, along)


def _turned(values: Array, along: int, shift: float, axis: Axis) -> Array:
    modes = scipy.fft.rfft(values, axis=along)
    waves = 2.0 * np.pi / axis.length * np.arange(modes.shape[along])
    shape = [1] * values.ndim
    shape[along] = -1
    modes *= np.exp(-1j * shift * waves).reshape(shape)
    return np.asarray(scipy.fft.irfft(modes, axis.cells, axis=along))


def polynomial_weights(share: float) -> Array:
    """Lagrange weights for a point `share` of a cell beyond the eighth of sixteen neighbours."""
    places = np.arange(STENCIL) - (STENCIL // 2 - 1.0)
    weights = np.ones(STENCIL)
    for i in range(STENCIL):
        for j in range(STENCIL):
            if i != j:
                weights[i] *= (share - places[j]) / (places[i] - places[j])
    return weights
