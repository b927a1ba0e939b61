"""Scattering by phonons that stay at the temperature of a bath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from kinetic.collisions.base import Collision, Operator, Surroundings
from kinetic.errors import InputError, suggestion
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.collisions.bath import Rates
    from kinetic.collisions.ladder import Ladder

BRANCHES = ("optical", "acoustic")
_HARMONICS = {0: 0, 1: 1, 2: 12, 3: 6}
_FINE = 1e-3  # of the range of energies: levels are not nearer than that


@dataclass(frozen=True)
class PhononBath(Collision):
    """C[f]_i = Σ_j (2π/ħ)|V|² δ(|ε_i-ε_j| - ω) {(1-f_i) f_j b(ε_i-ε_j) - f_i (1-f_j) b(ε_j-ε_i)}

    with b(x) = |1/(e^{x/T} - 1)|: N quanta absorbed or N + 1 emitted.  Charge is kept, detailed
    balance holds pair by pair of cells, and f stays in [0, 1] in steps up to 1/(fastest rate)
    (but for the quasi-elastic part, which is linear in f - f̂(ε)).

    Parameters
    ----------
    phonons
        'optical': ω = `energy`, |V|² = `coupling`, any band, also between the bands.
        'acoustic': ω = `velocity` q, |V_q|² = `coupling` q, q = |k - k′|, inside a band whose
        energy rises or falls with |k| alone in every valley.
    coupling
        M >= 0: energy² volume (optical), energy² volume/momentum (acoustic, for a deformation
        potential Ξ and a mass density ρ: M = Ξ²/2ρc).
    energy
        Ω > 0 of optical phonons.
    velocity
        c > 0 of acoustic phonons.
    temperature
        T of the bath, by default that of the initial state.
    overlap
        Whether the overlap |⟨u_i|u_j⟩|² = ½(1 + ss′m·m′) is a factor of |V|².
    harmonics
        Acoustic: largest degree of the harmonics of the angle between k and k′ (default 12 in
        two, 6 in three dimensions).
    positive
        Acoustic: whether directions are blurred over their resolution so that no rate is
        negative; the mean cosine is exact where a positive series can have it.  With false the
        plain series is taken, which is exact up to its degree, so that 1 is enough for currents
        near equilibrium; states far from isotropy may leave [0, 1] then.
    quasi_elastic
        Acoustic: whether quanta below the distance of the levels turn k at constant energy, with
        the share of their rate that exchanges none.
    spacing
        Distance of the energy levels the cells are shared among; by default about the step of
        the energy from cell to cell, and a fraction of Ω if that is above.

    Notes
    -----
    Valleys scatter each on its own.  G. D. Mahan, Many-Particle Physics (Plenum 2000), Sec. 8.4;
    for graphene J. K. Viljas, T. T. Heikkilä, Phys. Rev. B 81, 245404 (2010).
    """

    name = "phonon_bath"
    conserves: ClassVar[tuple[str, ...]] = ("charge", "valley_charge")

    phonons: str
    coupling: float
    energy: float | None = None
    velocity: float | None = None
    temperature: float | None = None
    overlap: bool = True
    harmonics: int | None = None
    positive: bool = True
    quasi_elastic: bool = True
    spacing: float | None = None

    def __post_init__(self) -> None:
        if self.phonons not in BRANCHES:
            raise InputError(
                f"phonons = {self.phonons!r}: {suggestion(str(self.phonons), BRANCHES)}"
            )
        for key in ("coupling", "energy", "velocity", "temperature", "spacing"):
            value = getattr(self, key)
            if value is None:
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not np.isfinite(value):
                raise InputError(f"{key} = {value!r} is not a number.")
            if value < 0.0 or (value == 0.0 and key != "coupling"):
                limit = "not be below 0" if key == "coupling" else "be above 0"
                raise InputError(f"{key} = {value} must {limit}.")
        own, other = (
            ("energy", "velocity") if self.phonons == "optical" else ("velocity", "energy")
        )
        if getattr(self, own) is None:
            raise InputError(f"{self.phonons} phonons need `{own}`.")
        if getattr(self, other) is not None:
            raise InputError(f"{self.phonons} phonons have no `{other}`, only `{own}`.")
        for key in ("overlap", "positive", "quasi_elastic"):
            if not isinstance(getattr(self, key), bool):
                raise InputError(f"{key} = {getattr(self, key)!r} must be true or false.")
        if self.harmonics is not None:
            whole = isinstance(self.harmonics, int) and not isinstance(self.harmonics, bool)
            if not whole or not 0 <= self.harmonics <= 64:
                raise InputError(
                    f"harmonics = {self.harmonics!r} must be a whole number, 0 to 64."
                )

    def build(self, surroundings: Surroundings) -> Operator:
        """The operator on a grid.

        Raises
        ------
        InputError
            If no temperature is known, or acoustic phonons meet a band that is not isotropic.
        """
        from kinetic.collisions.bath import BathScattering  # slow: the compiled loops
        from kinetic.collisions.harmonics import harmonics

        temperatures = self._temperatures(surroundings)
        step = self._step(surroundings)
        directions, radius = _polar(surroundings)
        most = 0
        if self.phonons == "acoustic":
            if not surroundings.momenta:
                raise InputError("[collisions] phonon_bath: acoustic phonons need momentum axes.")
            most = _HARMONICS[surroundings.dimensions]
            if self.harmonics is not None and surroundings.dimensions > 1:
                most = self.harmonics
        turns = harmonics(directions, most)
        turns[radius == 0.0, 1:] = 0.0

        last: list[Any] = []

        def tabulate(ladder: Ladder) -> Rates:
            """Anew where energies have moved by more than a potential."""
            shape = (surroundings.valleys * surroundings.sites, -1)
            own = surroundings.energy.reshape(shape) - ladder.bottom[:, None]
            if last and last[0] == ladder.count and np.abs(last[1] - own).max() <= 1e-12 * step:
                return cast("Rates", last[2])
            rates = self._rates(ladder, surroundings, radius, most, temperatures)
            last[:] = ladder.count, own, rates
            return rates

        return BathScattering(
            surroundings, temperatures, step, most, self.overlap, turns, tabulate
        )

    def _temperatures(self, surroundings: Surroundings) -> list[float]:
        """T of the bath of each valley."""
        found = []
        for reservoir in surroundings.reservoirs:
            given = self.temperature
            if given is None:
                if reservoir is None:
                    raise InputError(
                        "[collisions] phonon_bath needs a temperature: the initial state has "
                        "none of its own."
                    )
                given = float(reservoir[1])
            if given <= 0.0:
                raise InputError(
                    "[collisions] phonon_bath: at T = 0 the initial state gives the bath no "
                    "temperature; set one above 0."
                )
            found.append(given)
        return found

    def _step(self, surroundings: Surroundings) -> float:
        """Distance of the levels."""
        from kinetic.collisions.ladder import coarseness

        energy = surroundings.energy
        own = coarseness(energy) if self.spacing is None else self.spacing
        own = max(own, _FINE * float(np.ptp(energy)))
        if self.energy is None:
            if own <= 0.0:
                raise InputError("[collisions] phonon_bath: a flat band has no acoustic phonons.")
            return own
        if own <= 0.0 or self.energy < own:
            return own or self.energy
        return self.energy / round(self.energy / own)

    def _rates(
        self,
        ladder: Ladder,
        surroundings: Surroundings,
        radius: Array,
        most: int,
        temperatures: list[float],
    ) -> Rates:
        """Strengths between the levels of a ladder."""
        from kinetic.collisions.bath import Rates
        from kinetic.collisions.quanta import Profile, Sound, optical

        strength = 2.0 * np.pi * self.coupling / surroundings.hbar
        if self.energy is not None:
            return Rates(optical(ladder.count, ladder.step, self.energy, strength)[None])
        assert self.velocity is not None
        d = surroundings.dimensions
        sound = Sound(self.velocity, strength, d, most, self.positive)
        sites = surroundings.sites
        energy = surroundings.energy.reshape(surroundings.valleys, sites, 2, -1)
        glued = surroundings.glued.reshape(surroundings.valleys, sites, -1)
        bottom = ladder.bottom.reshape(-1, sites)
        exchanging, elastic = [], []
        width = 0.2 * (surroundings.volumes.min()) ** (1.0 / surroundings.dimensions)
        for valley in range(surroundings.valleys):
            own = energy[valley] - bottom[valley][:, None, None]
            if np.abs(own - own[0]).max() > 0.05 * ladder.step:
                raise InputError(
                    "[collisions] phonon_bath with phonons = 'acoustic' is made for bands that "
                    "are the same at every site, up to the potential."
                )
            levels: Array = ladder.step * np.arange(ladder.count, dtype=float)
            free = ~glued[valley, 0]
            for band in range(2):
                profile = Profile.of(radius[free], own[0, band][free], width, ladder.step)
                exchanging.append(sound.rates(profile, levels))
                elastic.append(sound.remainder(profile, levels, temperatures[valley]))
        both = (surroundings.valleys, 2)
        strengths = np.array(exchanging).reshape(*both, *exchanging[0].shape)
        rest = np.array(elastic).reshape(*both, *elastic[0].shape)
        return Rates(strengths, rest if self.quasi_elastic else None)


def _polar(surroundings: Surroundings) -> tuple[Array, Array]:
    """Direction and size of k at cell centres.  (dimension, cell), (cell,)"""
    shape = surroundings.energy.shape[1:]
    if not surroundings.momenta:
        return np.ones((1, int(np.prod(shape)))), np.ones(int(np.prod(shape)))
    k = np.stack([np.broadcast_to(x, shape).ravel() for x in surroundings.momenta.values()])
    radius = np.linalg.norm(k, axis=0)
    return k / np.where(radius > 0.0, radius, 1.0), radius
