"""Two rates: one kind of scattering keeps the momentum of the carriers, the other relaxes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.collisions.relaxation import baths_of, check_bath
from kinetic.collisions.times import SPACE, Time
from kinetic.errors import InputError, suggestion
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.collisions.local import LocalEquilibrium

_HINT = (
    "the times of two_rate may differ from place to place, not from cell to cell; "
    "relaxation_time takes energy, k and band."
)


@dataclass(frozen=True)
class TwoRate(Collision):
    """C[f]_s = -(f_s - f_FD(ε̄_s - u·k; μ, T))/τ_mc - (f_s - f_FD(ε̄_s; μ, T))/τ_mr

    Electron hydrodynamics: collisions among carriers keep charge and momentum, those with
    impurities, phonons and edges keep the charge alone.  Both local Fermi functions are those of
    a degenerate gas at any drift; each has the contents of f that it conserves.
    Source: J. Callaway, Phys. Rev. 113, 1046 (1959); for electrons R. N. Gurzhi, Sov. Phys. Usp.
    11, 255 (1968), and M. J. M. de Jong, L. W. Molenkamp, Phys. Rev. B 51, 13389 (1995).

    Parameters
    ----------
    momentum_conserving, momentum_relaxing
        τ_mc, τ_mr > 0 (times, not rates): numbers or formulas in x, y, z.  A mean free path is
        the velocity at the Fermi level times one of them.
    energy
        'bath': both Fermi functions have the temperature of the bath (a degenerate channel at
        low currents); 'conserved': both have a local T, so that energy is kept.
    valleys
        'together': one μ, T and u for all valleys at a place; 'apart': those of each valley.
    chemical_potential, temperature
        μ and T of the bath; by default those of the initial state.
    """

    name = "two_rate"

    momentum_conserving: Any
    momentum_relaxing: Any
    energy: str = "bath"
    valleys: str = "together"
    chemical_potential: float | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        self._times()
        for key, words in (("energy", ("bath", "conserved")), ("valleys", ("together", "apart"))):
            value = getattr(self, key)
            if value not in words:
                raise InputError(f"{key} = {value!r}: {suggestion(str(value), words)}")
        check_bath(self.chemical_potential, self.temperature)

    def _times(self) -> list[Time]:
        hints = dict.fromkeys(("energy", "kx", "ky", "kz", "band"), _HINT)
        return [
            Time(getattr(self, key), key, SPACE, tuple(hints.items()))
            for key in ("momentum_conserving", "momentum_relaxing")
        ]

    @property
    def conserves(self) -> tuple[str, ...]:  # type: ignore[override]
        """The invariants of the sum of both."""
        charge = "charge" if self.valleys == "together" else "valley_charge"
        return (charge, "energy") if self.energy == "conserved" else (charge,)

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator on a grid.

        Raises
        ------
        InputError
            If there is no bath, its T is 0, or an axis is periodic.
        """
        from kinetic.collisions.local import LocalEquilibrium  # slow: the compiled loops

        baths = baths_of(
            surroundings,
            self.chemical_potential,
            self.temperature,
            self.name,
            "take 'relaxation_time', conserving nothing",
        )
        drifting, resting = (
            LocalEquilibrium(kept, surroundings, baths, self.name)
            for kept in ((*self.conserves, "momentum"), self.conserves)
        )
        conserving, relaxing = self._times()
        return TwoRelaxations(conserving, relaxing, drifting, resting)


class TwoRelaxations(Operator):
    """-(f - f_mc)/τ_mc - (f - f_mr)/τ_mr, and its implicit step in closed form.

    Parameters
    ----------
    conserving, relaxing
        τ_mc and τ_mr.
    drifting, resting
        The local equilibria f_mc and f_mr.
    """

    def __init__(
        self,
        conserving: Time,
        relaxing: Time,
        drifting: LocalEquilibrium,
        resting: LocalEquilibrium,
    ) -> None:
        self.drifting, self.resting = drifting, resting
        around = drifting.around
        self.conserving, self.relaxing = (
            time.at_sites(around) for time in (conserving, relaxing)
        )
        self.fastest = float(np.max(1.0 / self.conserving + 1.0 / self.relaxing))

    def _of_cells(self, tau: Array) -> Array:
        """(1, 1) where τ is the same at all sites, else τ of every cell."""
        if np.ptp(tau) == 0.0:
            return np.array([[tau[0]]])
        around = self.drifting.around
        bands = np.tile(np.repeat(tau, 2), around.valleys)
        cells = int(np.prod(around.energy.shape[1:]))
        return np.repeat(bands[:, None], cells, axis=1)

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add -(f - f_mc)/τ_mc - (f - f_mr)/τ_mr."""
        flat = self.drifting.flat
        content, scale = self.drifting.contents(flat(f))
        pairs = ((self.drifting, self.conserving), (self.resting, self.relaxing))
        for equilibrium, tau in pairs:
            equilibrium.fit(content, scale)
            equilibrium.approach(flat(out), flat(f), self._of_cells(tau))

    def loss(self) -> Array | float:
        """1/τ_mc + 1/τ_mr."""
        tau = 1.0 / (1.0 / self.conserving + 1.0 / self.relaxing)
        if np.ptp(tau) == 0.0:
            return self.fastest
        rate: Array = 1.0 / self._of_cells(tau).reshape(self.drifting.around.energy.shape)
        return rate

    def solve(self, target: Array, step: float, t: float) -> Array:
        """f = (f* + a f_mc + b f_mr)/(1 + a + b) of f = f* + Δt C[f]; a, b = Δt/τ_mc, Δt/τ_mr.

        Σ w times this: f_mc and f_mr have the charge (and energy) of f, so that f has those of
        f*, and with them f_mr is known.  f_mc has the momentum P of f, and therefore
        P (1 + b) = P* + b P_mr, which gives f_mc.
        """
        drifting, resting, flat = self.drifting, self.resting, self.drifting.flat
        content, scale = drifting.contents(flat(target))
        resting.fit(content, scale)
        at_rest, _ = drifting.contents(resting.fermi())
        first = drifting.kinds[0] + drifting.kinds[1]
        groups = np.arange(len(content)) % drifting.around.sites
        b = (step / self.relaxing)[groups][:, None]
        content[:, first:] = (content[:, first:] + b * at_rest[:, first:]) / (1.0 + b)
        drifting.fit(content, scale)
        out: Array = target.copy()
        total = 1.0 + step / self.conserving + step / self.relaxing
        for equilibrium, tau in ((drifting, self.conserving), (resting, self.relaxing)):
            share = self._of_cells(total * tau / step)
            equilibrium.approach(flat(out), flat(target), share)
        return out

    def state(self) -> dict[str, Array]:
        """The last parameters of both: where Newton starts."""
        return {"drifting": self.drifting.state(), "resting": self.resting.state()}

    def restore(self, state: dict[str, Array]) -> None:
        """Take them back."""
        self.drifting.restore(np.array(state["drifting"]))
        self.resting.restore(np.array(state["resting"]))
