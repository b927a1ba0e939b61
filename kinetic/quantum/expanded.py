"""Level `matrix`: the matrix equation to second order in gradients, coherences evolved.

    ∂ₜn̂ + D_a ½{U_a, n̂} = (2/ħ) d × n − (ħ/4) D_a D_b (M_ab × n)

A step is exp(Δt L) as a series of Chebyshev polynomials; where L changes in time, it is two of
them with means of L, of fourth order,

    n̂(t + Δt) = exp[Δt (βL₁ + αL₂)] exp[Δt (αL₁ + βL₂)] n̂(t) ,   α, β = ¼ ± √3/6 ,

L₁, L₂ at t + Δt (½ ∓ √3/6).  So a static problem has no error in time, and the precession Δ/ħ
costs terms, not accuracy.

Sources: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eq. (9); Blanes and Moan, Appl.
Numer. Math. 56, 1519 (2006), on commutator-free Magnus integrators.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kinetic.errors import InputError, PhysicsError
from kinetic.grid import Array
from kinetic.quantum.base import QuantumEvolution
from kinetic.quantum.beyond import CELLS, Beyond
from kinetic.quantum.chebyshev import exponential, weights
from kinetic.quantum.coefficients import Coefficients
from kinetic.quantum.generator import Generator
from kinetic.stepping import Stepping
from kinetic.system import System

_FARTHEST = 32.0  # R Δt of a step
_TOLERANCE = 1e-7  # RMS error of a run by its steps, relative to the state
_CONTROLLED = 32  # every how many steps the error of a step is looked at
_TRIES = 12
_LOOKS = 9  # times of the run at which speeds and modes are looked at
_EXACT = 1e-16  # weight of the terms that a step leaves out
_SMALLEST = 1e-13  # of those in a driven run
_EARLY, _LATE = 0.25 + np.sqrt(3.0) / 6.0, 0.25 - np.sqrt(3.0) / 6.0
_NODES = (0.5 - np.sqrt(3.0) / 6.0, 0.5 + np.sqrt(3.0) / 6.0)


class Expanded(QuantumEvolution):
    """A matrix Wigner function moved by the equation of second order.

    Parameters
    ----------
    system
        What is simulated: any H(r,k,t), e and φ; b uniform and constant.
    stepping
        Step control.
    start
        Time of the initial state.
    stop
        End of the run if it is known.

    Attributes
    ----------
    outflow
        Number that has left through each end of each axis; 0 on periodic ones.  (axis, end)
    step
        Step that keeps the error of a driven run; without bound where nothing depends on time.
    evaluations
        How often L has been applied.

    Raises
    ------
    InputError
        If b depends on r, an axis has unequal cells or too few of them, or a key does not
        belong to this level.
    """

    def __init__(
        self,
        system: System,
        stepping: Stepping | None = None,
        start: float = 0.0,
        stop: float | None = None,
    ) -> None:
        super().__init__(system, stepping, start, stop)
        self._check_keys()
        self._check_axes()
        self._beyond = Beyond(self)
        self._inner = (slice(None), slice(None), *self._beyond.held)
        self._coefficients = [
            Coefficients(
                system.hamiltonian,
                self.fields,
                self._beyond.axes,
                valley,
                self.hbar,
                self._beyond.held,
                system.equation.threads,
            )
            for valley in range(system.valleys)
        ]
        self._generators: list[Generator] = []
        for t in self._moments():
            for coefficients in self._coefficients:
                coefficients.settle(t)
        self._beyond.state = self._projected(self._beyond.state)
        self._n = self._beyond.state.copy()
        self._start(self.wigner(), self._beyond.lower)
        self.initial_charge = self.charge()
        self.outflow = np.zeros((len(system.grid.axes), 2))
        self.evaluations = self._since = 0
        self.step = np.inf
        self._largest = max(generator.fastest() for generator in self.generators(start))
        self._beyond.lay(g for t in self._moments() for g in self.generators(t))

    def _check_keys(self) -> None:
        """Refuse what this level does not have."""
        system, level = self.system, self.system.equation.level
        if not system.fields.magnetic_uniform:
            raise InputError(
                f"[fields] b depends on r: level '{level}' takes a uniform b; put the rest into "
                "the Hamiltonian as a vector potential, k → k − a(r)."
            )
        if system.equation.dephasing is not None:
            raise InputError(
                f"[equation] dephasing = {system.equation.dephasing}: level '{level}' has none; "
                "take it out, or level = 'moyal' without axes in real space."
            )
        if self.stepping.stepper is not None:
            raise InputError(
                f"[time] stepper = '{self.stepping.stepper}': level '{level}' steps by "
                "exponentials of its own; leave it out."
            )
        exact = system.equation.preparation == "exact"
        if exact and not all(axis.periodic for axis in system.grid.axes):
            raise InputError(
                f"[equation] preparation = 'exact': level '{level}' needs periodic axes for it; "
                "take 'coherent' or 'bare'."
            )

    def _check_axes(self) -> None:
        level = self.system.equation.level
        for axis in self.system.grid.axes:
            if not axis.uniform:
                raise InputError(
                    f"[grid] {axis.name} has cells of different width: level '{level}' needs "
                    "equal ones; give lower, upper and cells alone."
                )
            if not axis.periodic and axis.cells < CELLS:
                raise InputError(
                    f"[grid] {axis.name} has {axis.cells} cells: level '{level}' needs at least "
                    f"{CELLS} along an open axis."
                )

    # --- reading ------------------------------------------------------------------------------

    def wigner(self) -> Array:
        """n_μ at the centres of the cells.  (valley, 4, *r, *k)"""
        return self._n[self._inner]

    @property
    def constant(self) -> bool:
        """Whether nothing that moves the state depends on time."""
        return all(coefficients.constant for coefficients in self._coefficients)

    def generators(self, t: float) -> list[Generator]:
        """L of every valley at time t."""
        if not (self.constant and self._generators):
            self._generators = [coefficients.at(t) for coefficients in self._coefficients]
        return self._generators

    def _moments(self) -> list[float]:
        """Some times across the run; its start alone if nothing depends on time."""
        stop = self.start if self.stop is None or self.constant else self.stop
        return [float(t) for t in np.unique(np.linspace(self.start, stop, _LOOKS))]

    def _projected(self, n: Array) -> Array:
        """A state on the wide grid without the modes that would fold back."""
        generators = self.generators(self.start)
        return np.stack([g.projected(v) for g, v in zip(generators, n, strict=True)])

    def tendency(self) -> Array:
        """∂ₜn_μ at the present time, layers aside.  (valley, 4, *r, *k)"""
        parts = zip(self.generators(self.time), self._n, strict=True)
        return np.stack([generator(n)[0] for generator, n in parts])[self._inner]

    def current(self) -> Array:
        """J_a = ∫ Tr ½{U_a, n̂} dk/(2πħ)^d along the axes in real space.  (axis, *r)

        ∂ₜ∫Tr n̂ + Σ_a D_a J_a = 0 to rounding where the momentum axes are periodic.  Modes that
        would fold back are left out.
        """
        count = len(self.mesh.sites)
        found = np.zeros((count, *self.mesh.sites))
        inner = tuple(range(count, len(self._beyond.held)))
        for generator, n in zip(self.generators(self.time), self._n, strict=True):
            for a in range(count):
                flux = generator.projected(generator.flux(a, n))
                number = 2.0 * flux[0][self._beyond.held]
                found[a] += number.sum(axis=inner) * self._cell / self.mesh.site_volume
        return found

    @property
    def _cell(self) -> float:
        """Number of particles in a cell where Tr n̂ = 1."""
        widths = [float(axis.widths[0]) for axis in self.system.grid.axes]
        return float(np.prod(widths)) / self.phase_space

    # --- the step -----------------------------------------------------------------------------

    @property
    def stages(self) -> int:
        """Evaluations of L in a step."""
        reach = self._largest * self.step_limit()
        if self.constant:
            return max(1, len(weights(reach)) - 1)
        return 2 * max(1, len(weights(0.5 * reach, _SMALLEST)) - 1)

    def step_limit(self) -> float:
        """Largest step that L, the layers and the user allow at the present time."""
        reach = self.stepping.courant * _FARTHEST
        limit = reach / self._largest if self._largest > 0.0 else np.inf
        wish = self.step if self.stepping.step is None else self.stepping.step
        return float(min(limit, self._beyond.limit, wish))

    def advance(self, target: float) -> None:
        """Make one step, not beyond `target`; steps up to it are of equal length.

        Raises
        ------
        PhysicsError
            If the step collapses, or the state stops being a number.  The state is then that
            of the last completed step.
        """
        remaining = target - self.time
        if remaining <= 0.0:
            return
        limit = self.step_limit()
        free = self.stepping.step is None
        if free:
            limit = self.drives.limit(self.time, min(limit, remaining))
        if not limit > 1e-12 * max(abs(self.time), abs(target), remaining):
            raise PhysicsError(
                f"at t = {self.time:.6g} the time step has collapsed to {limit:.3g}: the "
                "Hamiltonian or the fields grow or change without bound; stop earlier."
            )
        count = max(1.0, np.ceil(remaining / limit * (1.0 - 1e-12)))
        step = remaining / count
        before = self._contents()
        if free and not self.constant and self._since % _CONTROLLED == 0:
            step = self._controlled(step, target)
        else:
            self._step(self.time, step)
        if not np.all(np.isfinite(self._n)):
            self._put(before)
            raise PhysicsError(
                f"at t = {self.time:.6g} the matrix Wigner function stops being a number: take a "
                "shorter [time] step."
            )
        last = abs(target - self.time - step) < 1e-12 * step
        self.time = target if last else self.time + step
        self.steps += 1
        self._since += 1

    def _contents(self) -> tuple[Array, float, Array]:
        return self._n.copy(), self.absorbed, self.outflow.copy()

    def _put(self, contents: tuple[Array, float, Array]) -> None:
        self._n[...] = contents[0]
        self.absorbed, self.outflow = contents[1], contents[2].copy()

    def _controlled(self, step: float, target: float) -> float:
        """A step of the right length, which one against two halves of it tell."""
        before = self._contents()
        size = float(np.sqrt(np.mean(before[0] ** 2))) or 1.0
        span = (self.stop if self.stop is not None else target) - self.start
        ratio, last = 1.0, np.inf
        for _ in range(_TRIES):
            self._step(self.time, step)
            whole = self._n.copy()
            self._put(before)
            self._step(self.time, 0.5 * step)
            self._step(self.time + 0.5 * step, 0.5 * step)
            apart = (whole - self._n)[self._beyond.judged]
            rate = float(np.sqrt(np.mean(apart**2))) / (size * step)
            allowed = _TOLERANCE / max(span, step)
            ratio = (allowed / max(rate, 1e-300)) ** 0.25 if np.isfinite(rate) else 0.1
            if ratio > 0.7:
                break
            if rate > 0.5 * last:  # shorter steps do not help: rounding, or a jump in time
                ratio = 1.0
                break
            last = rate
            self._put(before)
            step *= min(0.5, max(0.1, 0.8 * ratio))
        self.step = 0.9 * step * min(2.0, ratio)
        return step

    def _step(self, t: float, step: float) -> None:
        """n̂(t + Δt) from n̂(t)."""
        beyond = self._beyond
        if beyond.present and not self.constant:
            beyond.renew(t + 0.5 * step)
            inside = self.wigner().copy()
            beyond.state = self._projected(beyond.state)
            self._n[...] = beyond.state
            self._n[self._inner] = inside
        self.absorbed += self._cell * beyond.absorb(self._n, 0.5 * step)
        if self.constant:
            self._carry(self.generators(t), step)
        else:
            one, two = ([c.at(t + x * step) for c in self._coefficients] for x in _NODES)
            for early, late in ((_EARLY, _LATE), (_LATE, _EARLY)):
                pairs = zip(one, two, strict=True)
                means = [a.mixed(b, early, late) for a, b in pairs]
                self._largest = 2.0 * max(mean.fastest() for mean in means)
                self._carry(means, step)
        self.absorbed += self._cell * beyond.absorb(self._n, 0.5 * step)

    def _carry(self, generators: list[Generator], step: float) -> None:
        smallest = _EXACT if self.constant else _SMALLEST
        across = [self._cell / float(axis.widths[0]) for axis in self.system.grid.axes]
        for valley, generator in enumerate(generators):
            n, passed, count = exponential(
                generator, generator.fastest(), step, self._n[valley], smallest
            )
            self._n[valley] = n
            self.evaluations += count
            self.outflow += np.array(across)[:, None] * np.array([-1.0, 1.0]) * passed

    # --- restart ------------------------------------------------------------------------------

    def state(self) -> dict[str, Array]:
        """Everything that a bitwise restart needs."""
        return {
            "n": self._n,
            "time": np.array(self.time),
            "steps": np.array(self.steps),
            "step": np.array(self.step),
            "since": np.array(self._since),
            "largest": np.array(self._largest),
            "absorbed": np.array(self.absorbed),
            "outflow": self.outflow,
            "drive_step": np.array(self.drives.last),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back a state that `state` handed over."""
        self._n[...] = state["n"]
        self.time, self.steps = float(state["time"]), int(state["steps"])
        self.step, self._since = float(state["step"]), int(state["since"])
        self.absorbed, self._largest = float(state["absorbed"]), float(state["largest"])
        self.outflow = np.array(state["outflow"])
        self.drives.last = float(state["drive_step"])
