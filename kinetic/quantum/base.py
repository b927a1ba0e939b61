"""What all engines share: how a run of a matrix Wigner function begins and is stepped."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kinetic.applicability import Applicability
from kinetic.device import Device
from kinetic.drives import Drives
from kinetic.errors import InputError, MissingMethodError
from kinetic.grid import Array
from kinetic.mesh import Mesh
from kinetic.quantum.state import QuantumState
from kinetic.stepping import Stepping
from kinetic.system import System

_BEYOND = 2.0  # by how much an eigenvalue of n̂ may leave [0, 1] at the start


class QuantumEvolution(QuantumState):
    """A matrix Wigner function and its motion.

    Parameters
    ----------
    system
        What is simulated, at a level with coherences.
    stepping
        Stepper and step control.
    start
        Time of the initial state.
    stop
        End of the run if it is known.

    Attributes
    ----------
    time, steps
        Present time and number of steps made.
    absorbed
        Number of particles that absorbing layers have taken since the start (per volume in a
        homogeneous run).
    phase_space
        (2πħ)^d.
    filling
        1 where most of the lower band is full at the start, else 0.
    eigenvalues
        Lowest and highest eigenvalue of n̂ of any cell at the start.
    met
        How near the recorded states came to the end of the expansion.
    initial_charge, initial_energy, initial_purity
        What unitary motion keeps, at the start.

    Raises
    ------
    InputError
        If the system has what these levels do not describe.
    """

    def __init__(
        self,
        system: System,
        stepping: Stepping | None = None,
        start: float = 0.0,
        stop: float | None = None,
    ) -> None:
        self.system, self.stepping = system, stepping or Stepping()
        self.start, self.stop, self.time, self.steps = start, stop, start, 0
        space = system.grid.space
        system.initial.check(system.valleys, system.grid.dimensions, [a.name for a in space])
        self._check()
        self.mesh = Mesh(system.grid)
        self.device = Device(system.equation.threads)
        self.fields = system.fields.in_space(space)
        self.hbar = float(system.equation.hbar)
        self.phase_space = (2.0 * np.pi * self.hbar) ** system.grid.dimensions
        self.drives = Drives(system)
        self.absorbed = 0.0
        self.sea_filled, self.filling = False, 0.0
        self.eigenvalues = 0.0, 1.0
        self.met = Applicability()
        self.initial_charge = self.initial_energy = self.initial_purity = 0.0

    def _check(self) -> None:
        """Refuse collisions, contacts and walls, and a field b that changes in time."""
        system = self.system
        level = system.equation.level
        if system.collisions:
            raise InputError(
                f"[collisions] level '{level}' has no collisions: take them out, or choose one "
                "of the levels boltzmann, projected, dressed."
            )
        for axis in system.grid.space:
            for side in axis.sides:
                if side.kind not in ("periodic", "open"):
                    raise InputError(
                        f"[grid] {axis.name} ends in a {side.kind}: level '{level}' knows "
                        "'periodic' ends and 'open' ones, which absorb; make a wall out of a "
                        "potential φ or a mass."
                    )
        if not system.fields.magnetic_constant:
            raise InputError(
                f"[fields] b changes in time: level '{level}' takes a constant b; let e or a "
                "parameter of the Hamiltonian change instead."
            )

    # --- the step -----------------------------------------------------------------------------

    @property
    def cells(self) -> int:
        """Numbers that a stage advances."""
        return 4 * self.system.valleys * int(np.prod(self.system.grid.shape))

    @property
    def stages(self) -> int:
        """Stages per step."""
        raise MissingMethodError(self, "stages")

    def step_limit(self) -> float:
        """Largest step at the present time."""
        raise MissingMethodError(self, "step_limit")

    def advance(self, target: float) -> None:
        """Make one step, not beyond `target`; steps up to it are of equal length."""
        raise MissingMethodError(self, "advance")

    def state(self) -> dict[str, Array]:
        """Everything that a bitwise restart needs."""
        raise MissingMethodError(self, "state")

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back a state that `state` handed over."""
        raise MissingMethodError(self, "restore")

    def _start(self, wigner: Array, lower: Array) -> None:
        """Take note of what the initial state is: `lower` is f_- of its cells."""
        self.filling = 1.0 if float(lower.mean()) > 0.5 else 0.0
        self.sea_filled = self._has_sea(lower)
        self.initial_energy, self.initial_purity = self.energy(wigner), self.purity(wigner)
        self._check_state(wigner)

    def _check_state(self, wigner: Array) -> None:
        """Refuse a state far beyond what occupations can be."""
        if hasattr(self.system.initial, "matrix"):  # as given
            return
        size = np.sqrt(np.einsum("vc...,vc...->v...", wigner[:, 1:], wigner[:, 1:]))
        low, high = float((wigner[:, 0] - size).min()), float((wigner[:, 0] + size).max())
        self.eigenvalues = low, high
        if low < -_BEYOND or high > 1.0 + _BEYOND:
            raise InputError(
                f"[equation] the eigenvalues of n̂ at the start lie between {low:.3g} and "
                f"{high:.3g}: the first-order expansion that prepares n_s and the coherence "
                "fails, as ħ|D m|/Δ or |F| is far above 1; lower ħ, the fields or the gradients, "
                "or take preparation = 'exact'."
            )

    def _has_sea(self, lower: Array) -> bool:
        """Whether the lower band is filled at open cutoffs: then its sea has no end."""
        if self.system.bounded:
            return False
        axes = self.system.grid.axes
        places = [n for n, axis in enumerate(axes) if not (axis.spatial or axis.periodic)]
        ends = [np.take(lower, (0, -1), axis=n + 1).ravel() for n in places]
        return bool(not ends or np.concatenate(ends).mean() > 0.5)
