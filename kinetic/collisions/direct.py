"""Relaxation with one τ straight into the state: no rates in between, local μ and T by series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.collisions.base import Operator
from kinetic.collisions.local import LocalRelaxation
from kinetic.grid import Array
from kinetic.kernels import BOLTZMANN, DRESSED
from kinetic.kernels.restoring import (
    BESIDE,
    GIVEN,
    STILL,
    SUMS,
    differences,
    follow,
    holdings,
    restore,
    series,
)

if TYPE_CHECKING:
    from kinetic.transport import Transport

_CELLS = 1024  # of a task
_NONE = np.zeros((1, 1, 1, 1))


class Direct:
    """u += share D C[f] of one relaxation time, with f as the fluxes see it.

    For energies and densities of states that do not move, a τ that is a number, and charge and
    energy as invariants.  The local μ and T are those of `LocalEquilibrium`, found from a Taylor
    series about values `about` that are renewed when they have moved too far.

    Parameters
    ----------
    relaxation
        The operator.
    transport
        The state.
    cells
        V/(2πħ)^d.  (A, B, C)

    Attributes
    ----------
    usable
        Whether F + h has stayed within [0, 1] by itself.
    """

    def __init__(self, relaxation: LocalRelaxation, transport: Transport, cells: Array) -> None:
        self.relaxation, self.transport = relaxation, transport
        self._cells = _rows_of(cells)
        self.equilibrium, self.tau = relaxation.equilibrium, float(relaxation.tau[0, 0])
        around, equilibrium = self.equilibrium.around, self.equilibrium
        _, na, nb, nc = around.energy.shape
        self._rows = max(1, _CELLS // nc)
        patches, tasks = len(equilibrium.baths), -(-na * nb // self._rows)
        self._brought = np.zeros((patches, tasks))
        self._held = np.zeros((patches, tasks, 2))
        self._scratch = np.zeros((around.device.threads, 3, _CELLS))
        self._volumes = _rows_of(transport.mesh.volumes)
        dresses = transport.dresses and transport.level != BOLTZMANN
        self._dresses = float(dresses)
        if not dresses:
            self._maps = (0.0, 0.0, 0.0)
        else:
            self._maps = (0.5, 0.0, 0.5) if transport.level == DRESSED else (0.0, 0.25, 0.5)
        self._energy = self._shared(around.energy)
        self._lay_bath()
        groups = equilibrium.groups
        self.about = np.full((groups, 2), np.nan)
        self._found, self._lost = self.about.copy(), np.ones(groups, dtype=bool)
        self._series = np.zeros((groups, SUMS))
        self._rate: Array | None = None
        self.usable = True

    @staticmethod
    def suits(operators: list[Operator], transport: Transport) -> bool:
        """Whether the collisions of a run are of this kind."""
        if len(operators) != 1 or not isinstance(operators[0], LocalRelaxation):
            return False
        relaxation = operators[0]
        classes, _, axes = relaxation.equilibrium.kinds
        moves = relaxation.equilibrium.around.moving or transport.dressing_moves
        return relaxation.uniform and classes == 1 and axes == 0 and not moves

    def _shared(self, energy: Array) -> Array:
        """ε̄, the mean of both bands where they share one occupation."""
        glued = self.equilibrium.around.glued
        if not glued.any():
            return energy
        shared = energy.copy()
        mean = 0.5 * (energy[0::2] + energy[1::2])
        shared[0::2][glued] = shared[1::2][glued] = mean[glued]
        return shared

    def _lay_bath(self) -> None:
        """What f relaxes to besides F(μ, T), less the equilibrium that is split off."""
        equilibrium, transport = self.equilibrium, self.transport
        flat, split = equilibrium.flat, transport.split
        exact = len(equilibrium.offset) > 1  # the bath is the declared equilibrium
        own = equilibrium.offset.reshape(-1, *self._energy.shape[1:])
        rest = np.ascontiguousarray(transport.equilibrium) if split else None
        self._h, self.kind = _NONE, BESIDE if equilibrium.conserving else GIVEN
        if exact and split and not equilibrium.conserving:
            self.kind = STILL
        else:
            bath = equilibrium.fermi().reshape(self._energy.shape)
            if exact and split:
                self._h = own - bath  # -F of the bath
            else:
                self._h = own + np.zeros_like(bath) if equilibrium.conserving else bath
                if rest is not None:
                    self._h -= rest
        weight = flat(equilibrium.around.weight)
        beside = np.zeros_like(weight) if rest is None else flat(rest)
        if exact:
            beside = beside - equilibrium.offset
        content = (weight * beside).reshape(len(equilibrium.baths), -1)
        heat = content * self._energy.reshape(content.shape)
        self._beside = self._grouped(np.stack([content.sum(axis=1), heat.sum(axis=1)], axis=1))

    def _grouped(self, patches: Array) -> Array:
        """Sums over the patches of a group."""
        groups = self.equilibrium.groups
        shared: Array = patches.reshape(-1, groups, *patches.shape[1:]).sum(axis=0)
        return shared

    def _launch(self, kernel: Any, *arguments: Any) -> None:
        self.transport.device.launch(kernel, *arguments, small=self.transport.small)

    def find(self) -> None:
        """Local μ and T of the present occupations."""
        equilibrium, transport = self.equilibrium, self.transport
        if not equilibrium.conserving:
            return
        heats = equilibrium.kinds[1] == 1
        self._launch(
            holdings,
            self._held,
            transport.f,
            self._energy,
            transport.dressing,
            self._cells,
            self._dresses,
            heats,
            transport.mesh.ghosts,
            self._rows,
        )
        content = self._grouped(self._held.sum(axis=1)) + self._beside
        if not follow(self._series, content, self.about, heats, self._found, self._lost):
            self._take()
            return
        equilibrium.find(equilibrium.flat(transport.occupation()))
        exact = equilibrium.parameters[: len(self.about), :2].copy()
        self._renew(self._lost, exact)
        if follow(self._series, content, self.about, heats, self._found, self._lost):
            self._found[self._lost] = exact[self._lost]
        self._take()

    def _take(self) -> None:
        """Hand the μ and T of every group to its patches."""
        parameters = self.equilibrium.parameters
        parameters[:, :2] = np.tile(self._found, (len(parameters) // len(self._found), 1))

    def _renew(self, wanted: Any, about: Array) -> None:
        """Expand about other μ and T."""
        around, flat = self.equilibrium.around, self.equilibrium.flat
        self.about[wanted] = about[wanted]
        cells = flat(around.energy).shape[1]
        sums = np.zeros((len(self._brought), -(-cells // _CELLS), SUMS + 1))
        self._launch(
            series,
            sums,
            flat(self._energy),
            flat(around.weight),
            self.equilibrium.offset,
            self.about,
            wanted,
            _CELLS,
            self._scratch,
        )
        found = self._grouped(sums.sum(axis=1))
        self._series[wanted] = found[wanted, :SUMS]
        self.usable = self.usable and not found[wanted, SUMS].any()

    def add(self, share: float) -> Array:
        """Add share C[f] to u; returns the charge that it brings into each valley."""
        transport, equilibrium = self.transport, self.equilibrium
        self._launch(
            restore,
            self._brought,
            transport.u,
            transport.f,
            equilibrium.flat(self._energy),
            equilibrium.flat(self._h),
            transport.dressing,
            self._volumes,
            equilibrium.parameters,
            share / self.tau,
            self.kind,
            self._maps,
            transport.mesh.ghosts,
            self._rows,
        )
        valleys = equilibrium.around.valleys
        charge: Array = self._brought.reshape(valleys, -1).sum(axis=1)
        return charge * transport.mesh.site_volume

    def settled(self, step: float) -> Array:
        """C[f] of the f with f = f* + Δt C[f], f* that of now: (f_local - f*)/(τ + Δt)."""
        if self._rate is None:
            self._rate = np.zeros_like(self._energy)
        self._launch(
            differences,
            self._rate,
            self.transport.f,
            self._energy,
            self._h,
            self.equilibrium.parameters,
            1.0 / (self.tau + step),
            self.kind,
            self.transport.mesh.ghosts,
        )
        return self._rate

    def state(self) -> dict[str, Array]:
        """Where the series is expanded."""
        return {"collisions.about": self.about.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Expand there again."""
        about = np.array(state["collisions.about"])
        self._renew(np.isfinite(about[:, 0]), about)


def _rows_of(volumes: Array) -> Array:
    """Volumes (A or 1, B or 1, C): one row where all are the same."""
    first = volumes[:1, :1]
    return np.ascontiguousarray(first if np.all(volumes == first) else volumes)
