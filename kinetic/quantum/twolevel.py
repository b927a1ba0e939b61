"""Homogeneous systems without b: every momentum is a driven two-level system of its own.

    ∂ₜn̂ + e·∂_k n̂ = (1/iħ)[Ĥ(k,t), n̂] − [n − m (m·n)]·σ/T₂                 n̂ = n₀ + n·σ

At K = k − ∫e dt the vector n only precesses about d(K + ∫e dt, t), by 2|d|/ħ per time; n₀ stays.
A step is one exponential of the Magnus series of second, fourth or sixth order (steppers split2,
split4, split6; the sixth order costs no more than the others and is the default).  Dephasing of
the coherence in the bands of the moment is part of the same exponential.

Step control: the series is summed at every momentum and step up to the sixth order; with
δ₂ = |Ω₄ − Ω₂| and δ₄ = |Ω₆ − Ω₄| the error of a step is taken as δ₂, δ₄ or δ₄²/δ₂, the largest of
all momenta, and may be `TOLERANCE` per radian of the fastest precession.  A given step is taken
as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kinetic.errors import InputError, PhysicsError
from kinetic.grid import Array
from kinetic.kernels import twolevel
from kinetic.quantum.base import QuantumEvolution
from kinetic.quantum.comoving import Comoving
from kinetic.stepping import Stepping
from kinetic.system import System

TOLERANCE = 1e-12
"""Error of n̂ that may come with every radian of the fastest precession."""
ORDERS = {"split2": 2, "split4": 4, "split6": 6}
DEFAULT = "split6"
NODES = np.array([0.5 - np.sqrt(15.0) / 10.0, 0.5, 0.5 + np.sqrt(15.0) / 10.0])
_SLAB = 4096  # points that are worked on together, at least a row across the first axis
_BUFFER = 124_000  # points times nodes held for them
_MOST_STEPS = 128  # that are judged together
_SHORTEST = 1e-3  # T₂ in radians of the fastest precession
_LARGEST = 2.0  # |Ω| of the first step, before anything is known about errors
_SAFETY, _MARGIN = 0.8, 1e-12
_ROOM = 1.1  # by which |Ω| may exceed h max|ω|


class TwoLevel(QuantumEvolution):
    """N precesses about d(k,t), at every momentum by itself.

    Parameters
    ----------
    system
        Level moyal, without axes in real space and without b.
    stepping
        Stepper split2, split4 or split6; the last by default.
    start, stop
        The run; its end must be known where e or the Hamiltonian changes, or an axis is open.

    Attributes
    ----------
    constant
        n₀ on the lattice in K.  (valley, *K)
    vector
        n likewise.  (valley, 3, *K)

    Raises
    ------
    InputError
        If the system has what this does not describe.
    """

    def __init__(
        self,
        system: System,
        stepping: Stepping | None = None,
        start: float = 0.0,
        stop: float | None = None,
    ) -> None:
        super().__init__(system, stepping, start, stop)
        self.order = self._order()
        self.fastest = self._fastest()
        self.damping = self._damping()  # 1/T₂
        self.comoving = Comoving(self, self.fastest)
        wigner, lower = self.comoving.prepared()
        self.constant = np.ascontiguousarray(wigner[:, 0])
        self.vector = np.ascontiguousarray(wigner[:, 1:])
        self._start(self.wigner(), lower)
        self._slabs()
        self._step = _LARGEST / self.fastest
        self.initial_charge = self.charge()

    def _order(self) -> int:
        name = self.stepping.stepper or DEFAULT
        if name not in ORDERS:
            raise InputError(
                f"[time] stepper = '{name}': a homogeneous run of level 'moyal' takes 'split2', "
                "'split4' or 'split6'."
            )
        return ORDERS[name]

    @staticmethod
    def describes(system: System) -> bool:
        """Whether the system is homogeneous and without b."""
        return not system.grid.space and not any(system.fields.induction)

    def _check(self) -> None:
        super()._check()
        if not self.describes(self.system):
            raise InputError(
                "[grid] two-level dynamics at every momentum by itself needs a homogeneous "
                "system without b."
            )

    def _damping(self) -> float:
        life = self.system.equation.dephasing
        if life is None:
            return 0.0
        if life * self.fastest < _SHORTEST:
            raise InputError(
                f"[equation] dephasing = {life}: T₂ is {life * self.fastest:.2g} radians of the "
                f"fastest precession; take T₂ = {_SHORTEST / self.fastest:.2g} or more, which "
                "leaves no coherence either."
            )
        return 1.0 / life

    def _fastest(self) -> float:
        """Largest 2|d|/ħ on the grid at the start."""
        largest = 0.0
        for block in self.blocks():
            vector = self.hamiltonian(block)[1]
            largest = max(largest, float(np.einsum("c...,c...->...", vector, vector).max()))
        return 2.0 * float(np.sqrt(largest)) / self.hbar or 1.0

    # --- reading ------------------------------------------------------------------------------

    def wigner(self) -> Array:
        """n_μ at the centres of the cells.  (valley, 4, *k)"""
        held = np.concatenate([self.constant[:, None], self.vector], axis=1)
        return self.comoving.read(held, self.time)

    def carried(self) -> tuple[list[Array], Array]:
        """Momenta k = K + ∫e dt and n_μ there: sums over a whole zone need no more.

        Returns
        -------
        k
            One array per direction; they broadcast.
        wigner
            n_μ.  (valley, 4, *K)
        """
        axes = self.comoving.lattice.axes
        k = np.meshgrid(*(axis.centres for axis in axes), indexing="ij", sparse=True)
        shifts = self.comoving.shifts(self.time)
        held = np.concatenate([self.constant[:, None], self.vector], axis=1)
        return [each + shift for each, shift in zip(k, shifts, strict=True)], held

    # --- the step -----------------------------------------------------------------------------

    @property
    def stages(self) -> int:
        """Exponentials per step."""
        return 1

    def _slabs(self) -> None:
        """Pieces of the lattice that stay in the cache, and what is held for each worker."""
        rows, *others = self.comoving.lattice.shape
        across = int(np.prod(others, dtype=int))
        thick = min(rows, max(1, _SLAB // across))
        self._tasks = [
            (valley, slice(first, min(first + thick, rows)))
            for valley in range(self.system.valleys)
            for first in range(0, rows, thick)
        ]
        self._together = int(np.clip(_BUFFER // (3 * thick * across), 1, _MOST_STEPS))
        self._trial = np.empty_like(self.vector)
        nodes = 3 * self._together
        self._rates = [np.empty(3 * nodes * thick * across) for _ in range(self.device.threads)]
        self._worst = np.zeros((len(self._tasks), 2))
        self._formulas = [valley.formulas for valley in self.system.hamiltonian.valleys()]

    def step_limit(self) -> float:
        """Largest step that the accuracy or the user allows at the present time."""
        return float(self._step if self.stepping.step is None else self.stepping.step)

    def advance(self, target: float) -> None:
        """Make steps of equal length, not beyond `target`, as many as are judged together.

        Raises
        ------
        PhysicsError
            If no step is small enough.  The state is then that of the last completed step.
        """
        remaining = target - self.time
        if remaining <= 0.0:
            return
        while True:
            limit = self._limited(remaining)
            count = max(1, int(np.ceil(remaining / limit * (1.0 - _MARGIN))))
            step = remaining / count
            if step < _MARGIN * max(abs(target), abs(self.time), remaining):
                raise PhysicsError(
                    f"at t = {self.time:.6g} the time step has collapsed to {step:.3g}: the "
                    "Hamiltonian is not finite or jumps; smooth its drive, or give [time] step."
                )
            made = -(-count // -(-count // self._together))  # equal shares of the way
            coarse, fine = self._try(step, made)
            if self.stepping.step is not None:
                break
            error = self._error(coarse, fine)
            allowed = TOLERANCE * step * self.fastest
            self._step = min(step * self._growth(error / allowed), 2.0 * remaining)
            if error <= allowed:
                break
        if not np.isfinite(float(self._trial.sum())):
            raise PhysicsError(
                f"after t = {self.time:.6g} the state is not a number: the Hamiltonian is not "
                "finite at a momentum that the force has brought in."
            )
        self.vector, self._trial = self._trial, self.vector
        self.time = target if made == count else self.time + made * step
        self.steps += made

    def _limited(self, remaining: float) -> float:
        if self.stepping.step is not None:
            return min(self.stepping.step, remaining)
        limit = min(self._step, remaining)
        ahead = self.time + min(limit * self._together, remaining)
        return min(limit, self.comoving.resolved(self.time, ahead))

    def _error(self, coarse: float, fine: float) -> float:
        """Error of a step of the present order, in radians."""
        if self.order == 2:
            return coarse
        if self.order == 4:
            return fine
        return fine * fine / coarse if coarse > 0.0 else 0.0

    def _growth(self, share: float) -> float:
        """By how much a step may grow whose error is such a share of what is allowed."""
        if share == 0.0:
            return np.inf
        growth = _SAFETY * share ** (-1.0 / self.order)
        return float(np.clip(growth, 0.1, 2.0)) if np.isfinite(growth) else 0.1

    def _try(self, step: float, count: int) -> tuple[float, float]:
        """Make steps from the present state into `_trial`; largest |Ω₄ − Ω₂| and |Ω₆ − Ω₄|."""
        times = self.time + step * (np.arange(count)[:, None] + NODES)
        moments = times.ravel()
        shifts = self.comoving.shifts(moments)
        self.device.launch(self._work, step, count, moments, shifts, small=len(self._tasks) < 2)
        coarse, fine = self._worst.max(axis=0)
        return float(np.sqrt(coarse)), float(np.sqrt(fine))

    def _work(
        self, worker: int, workers: int, step: float, count: int, times: Array, shifts: Array
    ) -> None:
        fourth, sixth = float(self.order > 2), float(self.order > 4)
        across = self.vector[0, 0, 0].size
        valleys = len(self.vector)
        state = self.vector.reshape(valleys, 3, -1)
        trial = self._trial.reshape(valleys, 3, -1)
        for task in range(worker, len(self._tasks), workers):
            valley, rows = self._tasks[task]
            points = slice(rows.start * across, rows.stop * across)
            n = state[valley, :, points].copy()  # its rows are contiguous: loops vectorise
            rates = self._rates[worker][: 3 * len(times) * n.shape[1]].reshape(3, len(times), -1)
            self._precession(rates, valley, rows, times, shifts)
            worst = np.zeros((2, n.shape[1]))
            if self.damping:
                size = np.sqrt(np.einsum("cti,cti->ti", rates, rates).max())
                parts = int(np.ceil((_ROOM * size + 2.0 * self.damping) * step))
                rate = self.damping
                scratch = np.empty((12, twolevel.SMALL))
                twolevel.relax(
                    n, rates, step, fourth, sixth, *worst, rate, max(parts, 1), scratch
                )
            else:
                twolevel.turn(n, rates, step, fourth, sixth, *worst)
            trial[valley, :, points] = n
            self._worst[task] = worst.max(axis=1)

    def _precession(
        self, rates: Array, valley: int, rows: slice, times: Array, shifts: Array
    ) -> None:
        """ω = 2d/ħ at all nodes, of a slab.  rates (3, time, points)"""
        axes = self.comoving.lattice.axes
        centres = [axes[0].centres[rows], *(axis.centres for axis in axes[1:])]
        target = rates.reshape(3, len(times), *(len(x) for x in centres))
        ones = [1] * len(axes)
        k = []
        for n, (centre, shift) in enumerate(zip(centres, shifts, strict=True)):
            along = [len(centre) if m == n else 1 for m in range(len(axes))]
            k.append(centre.reshape(1, *along) + shift.reshape(-1, *ones))
        formulas, factor = self._formulas[valley], 2.0 / self.hbar
        if not self.comoving.moving:
            for c, value in enumerate(formulas.values(k, {}, self.start)[1:]):
                np.multiply(value, factor, out=target[c])
            return
        for node, time in enumerate(times):
            here = [each[node] if len(each) > 1 else each[0] for each in k]
            for c, value in enumerate(formulas.values(here, {}, float(time))[1:]):
                np.multiply(value, factor, out=target[c, node])

    # --- restart ------------------------------------------------------------------------------

    def state(self) -> dict[str, Array]:
        """Everything that a bitwise restart needs."""
        return {
            "vector": self.vector,
            "time": np.array(self.time),
            "steps": np.array(self.steps),
            "step": np.array(self._step),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back a state that `state` handed over.

        Raises
        ------
        InputError
            If the run now ends so late that momenta enter which were not carried along.
        """
        if state["vector"].shape != self.vector.shape:
            raise InputError(
                "[time] stop: the momenta that the force brings in through open ends were chosen "
                "for the end of the run as it was first given; keep stop, or begin anew."
            )
        self.vector[...] = state["vector"]
        self.time, self.steps = float(state["time"]), int(state["steps"])
        self._step = float(state["step"])
