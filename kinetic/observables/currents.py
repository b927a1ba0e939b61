"""The particle current and the energy current; see `contributions` for the formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.observables.base import Recorder, momenta, per_area, places
from kinetic.observables.coherent import coherent
from kinetic.observables.coherentcurrents import current_recorder
from kinetic.observables.contributions import CONVERGENT, TITLES
from kinetic.observables.cuts import Local
from kinetic.observables.energies import Energies
from kinetic.observables.local import LocalSums
from kinetic.observables.sums import Sums
from kinetic.observables.textured import TexturedSums
from kinetic.observables.weights import averaged_product
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


def sums_of(evolution: Evolution, occupied: bool = False) -> Sums:
    """The momentum sums that a system needs."""
    if not places(evolution):
        return Sums(evolution, occupied)
    if evolution.system.hamiltonian.textured:
        return TexturedSums(evolution, occupied)
    return LocalSums(evolution, occupied)


def _taken(sums: Sums) -> dict[str, Array]:
    """The sea's part of every contribution at the start, its mean over the sites.  name → (3,)"""
    filled, beneath = sums.sea()
    if filled is None:
        return {name: np.zeros(3) for name in sums.names}
    return {
        name: np.zeros(3) if name in CONVERGENT else value.reshape(3, -1).mean(axis=1)
        for name, value in sums.sum(beneath, beneath).items()
    }


@dataclass(frozen=True)
class Current(Local):
    """j = Σ_s ∫dᵈk/(2πħ)ᵈ u_s ṙ_s, the sum of its contributions in the level's own variable"""

    name = "current"
    quantum = True

    def recorder(self, evolution: Evolution) -> Recorder:
        """current(time, component, *r) and current_<contribution>."""
        quantum = coherent(evolution)
        if quantum is not None:
            return current_recorder(self.name, quantum)
        sums = sums_of(evolution)
        taken = _taken(sums)
        units = per_area(evolution)
        variable = "n_s" if sums.projected else "f_s"
        dims = ("component", *places(evolution))

        def row(name: str, title: str, formula: str, value: Array) -> Variable:
            attributes: dict[str, Any] = {"formula": formula, "variable": variable, "sea": value}
            if evolution.sea_filled:
                attributes["sea_meaning"] = (
                    "taken off: the current of a filled lower and an empty upper band on this "
                    "grid at the start"
                )
                if places(evolution):
                    attributes["sea_meaning"] += ", its mean over the sites"
            return Variable(name, dims, units, title, attributes)

        everything = np.sum(list(taken.values()), axis=0)
        rows = [row("current", "particle current", self.formula(), everything)]
        rows += [
            row(f"current_{n}", f"particle current: {TITLES[n]}", sums.formulas[n], taken[n])
            for n in sums.names
        ]

        def measure() -> dict[str, Any]:
            parts = sums.present()
            values: dict[str, Any] = {f"current_{name}": parts[name] for name in sums.names}
            values["current"] = np.sum(list(parts.values()), axis=0)
            return values

        return Recorder(tuple(rows), measure)


@dataclass(frozen=True)
class EnergyCurrent(Local):
    """j_ε = Σ_s ∫dᵈk/(2πħ)ᵈ (ε̄_s + φ) f_s D_s ṙ_s, without the curl of an energy magnetisation"""

    name = "energy_current"

    def recorder(self, evolution: Evolution) -> Recorder:
        """energy_current(time, component, *r)."""
        sums, energies = sums_of(evolution, occupied=True), Energies(evolution, bare=False)
        attributes: dict[str, Any] = {"formula": self.formula()}
        if evolution.sea_filled:
            attributes["sea_meaning"] = "taken off: a filled lower and an empty upper band"
        row = Variable(
            self.name,
            ("component", *places(evolution)),
            per_area(evolution, "energy"),
            "energy current",
            attributes,
        )

        def measure() -> dict[str, Any]:
            f, (filled, _) = sums.state(), sums.sea()
            if filled is not None:
                f = f - filled
            carried = averaged_product(
                evolution.mesh, momenta(evolution, f), energies.with_potential()
            )
            contents = sums.weighed(carried)
            parts = sums.sum(contents, contents)
            whole = [value for name, value in parts.items() if name != "magnetisation"]
            return {self.name: np.sum(whole, axis=0)}

        return Recorder((row,), measure)
