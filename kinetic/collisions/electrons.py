"""Scattering of electrons by electrons at the rate of quasi-particles in a Fermi liquid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.collisions.relaxation import baths_of, check_bath
from kinetic.errors import InputError, listing, suggestion
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.collisions.local import LocalEquilibrium

_SLOWEST = 1e-12  # of the fastest rate: 1/τ must not vanish where T is all but 0


@dataclass(frozen=True)
class ElectronElectron(Collision):
    """C[f]_s = -A[(ε̄_s - u·k - μ)² + (πT)²] (f_s - f_FD(ε̄_s - u·k; μ, T))

    A relaxation with the decay rate of quasi-particles, that keeps charge, energy and momentum at
    every place to rounding.  In the rate μ, T and u are those of the Fermi function with the
    charge, energy and momentum of f; in f_FD they are those with which C keeps all three, as in
    gases with a collision frequency that depends on velocity.  Both solutions exist for every f,
    the entropy never falls, and an implicit stage has a closed form, since the rate is the same
    before and after it.

    Why not the collision integral of pairs, or its linear form: the first is a sum over all pairs
    and momentum transfers, in which a grid cannot keep energy and momentum both exactly; the
    second knows one equilibrium only and keeps no invariants away from it.  What is lost: all
    deviations at an energy decay at one rate, whereas in two dimensions those that are odd in k
    live longer by about (E_F/T)² than even ones (no tomographic regime), the drift of a band has
    to be a good invariant, and the ratio of viscosity and heat conductivity is that of the model.
    Neither are the logarithm of two dimensions and screening part of A.

    Sources: D. Pines and P. Nozières, The Theory of Quantum Liquids I (Benjamin 1966), Sec. 1.8;
    G. F. Giuliani and G. Vignale, Quantum Theory of the Electron Liquid (Cambridge 2005), Ch. 8
    (rate); H. Struchtrup, Continuum Mech. Thermodyn. 9, 23 (1997) (conservation);
    P. J. Ledwith, H. Guo and L. Levitov, Ann. Phys. 411, 167913 (2019) (odd harmonics).

    Parameters
    ----------
    strength
        A > 0 (1/(energy² time)).
    tau
        In place of A a constant τ > 0 (time): the rate is 1/τ at every energy.
    momentum
        Whether momentum is kept.  On a periodic axis it is not (Umklapp): say false there.
    valleys
        'apart': charge, energy and momentum of each valley are kept; 'together': those of all.
    chemical_potential, temperature
        μ and T to begin the search with; by default those of the initial state.
    """

    name = "electron_electron"

    strength: float | None = None
    tau: float | None = None
    momentum: bool = True
    valleys: str = "apart"
    chemical_potential: float | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        if (self.strength is None) == (self.tau is None):
            raise InputError("give one of strength (A) and tau (τ), not both or neither.")
        for key in ("strength", "tau"):
            value = getattr(self, key)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0.0:
                raise InputError(f"{key} = {value!r} must be a number above 0.")
        if not isinstance(self.momentum, bool):
            raise InputError(f"momentum = {self.momentum!r} must be true or false.")
        if self.valleys not in ("apart", "together"):
            raise InputError(
                f"valleys = {self.valleys!r}: "
                f"{suggestion(str(self.valleys), ('apart', 'together'))}"
            )
        check_bath(self.chemical_potential, self.temperature)

    @property
    def conserves(self) -> tuple[str, ...]:  # type: ignore[override]
        """Charge (of each valley), energy and momentum."""
        charge = "charge" if self.valleys == "together" else "valley_charge"
        return (charge, "energy", "momentum") if self.momentum else (charge, "energy")

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator on a grid.

        Raises
        ------
        InputError
            If there are no μ and T to begin with, T is 0, or momentum is to be kept on a
            periodic axis.
        """
        from kinetic.collisions.local import LocalEquilibrium  # slow: the compiled loops

        round_ = [name for name, wraps in surroundings.wraps.items() if wraps]
        if self.momentum and round_:
            raise InputError(
                f"[collisions] {self.name} cannot keep the momentum along {listing(round_)}: the "
                "axis is periodic, and electrons scatter across its end (Umklapp); give "
                "momentum = false."
            )
        mu, temperature = self.chemical_potential, self.temperature
        baths = baths_of(surroundings, mu, temperature, self.name, "leave it out")
        own, kept = (
            LocalEquilibrium(self.conserves, surroundings, baths, self.name) for _ in range(2)
        )
        return QuasiParticles(self.strength, self.tau, own, kept)


class QuasiParticles(Operator):
    """-(f - f_local)/τ with τ of the μ, T and drift of the state itself.

    Parameters
    ----------
    strength, tau
        A, or τ where that is given instead.
    own
        The Fermi function with the invariants of f, which the rate is taken from.
    kept
        The one that makes C keep them.
    """

    def __init__(
        self,
        strength: float | None,
        tau: float | None,
        own: LocalEquilibrium,
        kept: LocalEquilibrium,
    ) -> None:
        self.strength, self.own, self.kept = strength, own, kept
        self._tau = np.array([[tau]], dtype=float)
        if strength is not None:
            self._tau = self._times(strength)
        self.fastest = 1.0 / float(self._tau.min())

    @property
    def local(self) -> Array:
        """μ and T of the last local equilibrium.  (valley·site, 2)"""
        return self.kept.local

    def _times(self, strength: float) -> Array:
        """τ of every cell for the present μ, T and u.  (valley·site·band, cell)"""
        around, shape = self.own.around, self.own.around.energy.shape
        rows = self.own.local  # k counted from 0
        x = around.energy - np.repeat(rows[:, 0], 2).reshape(-1, 1, 1, 1)
        drift = self.own.drift
        for n, k in enumerate(list(around.momenta.values())[: drift.shape[1]]):
            x -= np.repeat(drift[:, n], 2).reshape(-1, 1, 1, 1) * k
        np.square(x, out=x)
        x += np.repeat((np.pi * rows[:, 1]) ** 2, 2).reshape(-1, 1, 1, 1)
        if around.glued.any():
            lower, upper, glued = x[0::2], x[1::2], around.glued
            lower[glued] = upper[glued] = 0.5 * (lower[glued] + upper[glued])
        x *= strength
        np.maximum(x, _SLOWEST * x.max(), out=x)
        tau: Array = (1.0 / x).reshape(shape[0], -1)
        return tau

    def times(self, f: Array) -> Array:
        """τ at the occupations f, (1, 1) or of every cell."""
        if self.strength is not None:
            self.own.find(f)
            self._tau = self._times(self.strength)
            self.fastest = 1.0 / float(self._tau.min())
        return self._tau

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add -(f - f_local)/τ."""
        flat = self.kept.flat
        tau = self.times(flat(f))
        self.kept.find(flat(f), tau)
        self.kept.approach(flat(out), flat(f), tau)

    def loss(self) -> Array | float:
        """1/τ of the occupations looked at last."""
        if self._tau.size == 1:
            return self.fastest
        rate: Array = 1.0 / self._tau.reshape(self.own.around.energy.shape)
        return rate

    def solve(self, target: Array, step: float, t: float) -> Array:
        """f = (τ f* + Δt f_local)/(τ + Δt) of f = f* + Δt C[f].

        f has the charge, energy and momentum of f*, and so its μ, T, u and τ; f_local is found as
        for any τ that is known, see `LocalRelaxation`.
        """
        flat = self.kept.flat
        out: Array = target.copy()
        tau = self.times(flat(target))
        self.kept.find(flat(target), tau, step)
        self.kept.approach(flat(out), flat(target), tau, step, step)
        return out

    def state(self) -> dict[str, Array]:
        """Where both searches begin, and the fastest rate."""
        return {
            "own": self.own.state(),
            "kept": self.kept.state(),
            "fastest": np.array(self.fastest),
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Take them back."""
        self.own.restore(np.array(state["own"]))
        self.kept.restore(np.array(state["kept"]))
        self.fastest = float(state["fastest"])
        if self.strength is not None:
            self._tau = self._times(self.strength)
