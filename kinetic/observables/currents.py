"""The particle current, contribution by contribution.

In terms of f_s (levels `dressed` and, group alone, `boltzmann`):

    j = Σ_s∫ f_s [v_s + ∂_kδε - q_s e×B_k - q_s (v_s·B_k) b - q_s ℰ_k]

and in terms of n_s (level `projected`):

    j = Σ_s∫ n_s [v_s - ¼Δ ∂_k(b·B_k) + q_s (b·B_k) v_s - q_s e×B_k - q_s (v_s·B_k) b - q_s ℰ_k]

The lines of the two differ one by one; only their totals agree (to first order in ħ).
Source: Wong and Tserkovnyak, quantum kinetic equation in phase-space textured multiband
systems, Eqs. (30), (39) as corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.bands import BANDS
from kinetic.grid import Array
from kinetic.observables.base import Observable, Recorder, momenta, sea
from kinetic.observables.weights import Weights, dot, product_rule
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_TITLES = {
    "group": "group velocity",
    "magnetic_moment": "magnetic moment",
    "density_of_states": "density-of-states rescaling",
    "anomalous": "anomalous Hall velocity",
    "chiral_magnetic": "chiral magnetic velocity",
    "texture": "time-dependent texture",
}
_DRESSED = {
    "group": "Σ_s ∫ f_s v_s",
    "magnetic_moment": "-Σ_s ∫ f_s ∂_k(¼Δ ħ b·B_k)",
    "anomalous": "-Σ_s ∫ q_s f_s e×B_k",
    "chiral_magnetic": "-Σ_s ∫ q_s f_s (v_s·B_k) b",
    "texture": "-Σ_s ∫ q_s f_s ℰ_k",
}
_PROJECTED = {
    "group": "Σ_s ∫ n_s v_s",
    "magnetic_moment": "-Σ_s ∫ n_s ¼Δ ∂_k(ħ b·B_k)",
    "density_of_states": "Σ_s ∫ q_s (b·B_k) n_s v_s",
    "anomalous": "-Σ_s ∫ q_s n_s e×B_k",
    "chiral_magnetic": "-Σ_s ∫ q_s n_s (v_s·B_k) b",
    "texture": "-Σ_s ∫ q_s n_s ℰ_k",
}
_WEIGHTS = {
    "group": "group",
    "magnetic_moment": "moment",
    "density_of_states": "rescaling",
    "anomalous": "curvature",
    "chiral_magnetic": "chiral",
    "texture": "texture",
}
_CONVERGENT = ("anomalous", "texture")  # sums over the whole sea exist


def contributions(evolution: Evolution) -> dict[str, str]:
    """Names and formulas of the contributions that a system has."""
    system, flow = evolution.system, evolution.flow
    formulas = _PROJECTED if system.equation.level == "projected" else _DRESSED
    names = ["group"]
    if system.equation.berry:
        magnetic = evolution.mesh.dimensions > 1 and flow.largest_b > 0.0
        names += ["magnetic_moment", "density_of_states"] if magnetic else []
        names += ["anomalous"] if evolution.mesh.dimensions > 1 else []
        names += ["chiral_magnetic"] if magnetic and evolution.mesh.dimensions == 3 else []
        names += ["texture"] if flow.texture_moves else []
    return {name: formulas[name] for name in names if name in formulas}


class Sums:
    """Momentum sums of one evolution with all weights that its contributions need."""

    def __init__(self, evolution: Evolution) -> None:
        self.evolution = evolution
        self.names = tuple(contributions(evolution))
        self.projected = evolution.system.equation.level == "projected"
        parts = {_WEIGHTS[name] for name in self.names}
        if self.projected and "moment" in parts:
            parts.add("rescaling")
        self.weights = [
            Weights(evolution, valley, sorted(parts))
            for valley in range(evolution.system.valleys)
        ]

    def contents(self, values: Array) -> Array:
        """Effective content of the cells for the product rule.  (valley, band, *k)"""
        return product_rule(self.evolution.mesh, momenta(self.evolution, values))

    def sea(self) -> tuple[Array | None, Array]:
        """The sea in the variable of the column, None if finite, and its contents."""
        level = self.evolution.system.equation.level
        filled = sea(self.evolution, dressed=level == "projected")
        contents = np.zeros(()) if filled is None else self.contents(filled)
        return filled, contents

    def state(self) -> Array:
        """f_s, or n_s in `projected`.  (valley·band, A, B, C)"""
        if self.projected:
            return self.evolution.densities()
        return self.evolution.transport.occupation()

    def present(self) -> dict[str, Array]:
        """All contributions at the present time.  name → (3,)"""
        state, (filled, beneath) = self.state(), self.sea()
        above = self.contents(state if filled is None else state - filled)
        return self.sum(above, above + beneath)

    def sum(self, above: Array, whole: Array) -> dict[str, Array]:
        """Contributions of the contents without and, where it converges, with the sea."""
        evolution, time = self.evolution, self.evolution.time
        fields, half = evolution.system.fields, 0.5 * evolution.system.equation.hbar
        e, b = fields.electric(time), fields.magnetic(time)
        total = {name: np.zeros(3) for name in self.names}
        d = evolution.mesh.dimensions
        for valley, weights in enumerate(self.weights):
            for rows, w in weights.slabs(time):
                u, both = above[valley][:, rows], whole[valley][:, rows]
                n = u[0] + u[1]
                signed = BANDS[0] * both[0] + BANDS[1] * both[1]
                total["group"][:d] += dot(w["group"], u)
                if "moment" in w:
                    total["magnetic_moment"][:d] += dot(w["moment"], n)
                if "rescaling" in w:
                    mean, relative = w["rescaling"][:d], w["rescaling"][d:]
                    shift = dot(relative, n)
                    rescaled = -0.5 * dot(mean, u[1] - u[0]) - shift
                    total["magnetic_moment"][:d] += shift
                    total["density_of_states"][:d] += rescaled
                if "curvature" in w:
                    flux = half * dot(w["curvature"], signed)
                    total["anomalous"] += np.cross(e, flux)
                if "chiral" in w:
                    along = np.sum(u[1] * w["chiral"][1] - u[0] * w["chiral"][0])
                    total["chiral_magnetic"] += half * along * b
                if "texture" in w:
                    total["texture"] += half * dot(w["texture"], signed)
        return {name: value / evolution.phase_space for name, value in total.items()}


@dataclass(frozen=True)
class Current(Observable):
    """j = Σ_s ∫dᵈk/(2πħ)ᵈ u_s ṙ_s, the sum of its contributions in the level's own variable"""

    name = "current"

    def recorder(self, evolution: Evolution) -> Recorder:
        """current(time, component) and current_<contribution>."""
        sums = Sums(evolution)
        formulas = contributions(evolution)
        filled, beneath = sums.sea()
        taken = {name: np.zeros(3) for name in sums.names}
        if filled is not None:
            taken = {
                name: np.zeros(3) if name in _CONVERGENT else value
                for name, value in sums.sum(beneath, beneath).items()
            }
        d = evolution.mesh.dimensions
        units = "1/time" if d == 1 else f"1/(length{f'^{d - 1}' if d > 2 else ''} time)"
        variable = "n_s" if sums.projected else "f_s"

        def row(name: str, title: str, formula: str, value: Array) -> Variable:
            attributes: dict[str, Any] = {"formula": formula, "variable": variable, "sea": value}
            if filled is not None:
                attributes["sea_meaning"] = (
                    "taken off: the current of a filled lower and an empty upper band on this "
                    "grid at the start"
                )
            return Variable(name, ("component",), units, title, attributes)

        everything = np.sum(list(taken.values()), axis=0)
        rows = [row("current", "particle current", self.formula(), everything)]
        rows += [
            row(f"current_{n}", f"particle current: {_TITLES[n]}", formulas[n], taken[n])
            for n in sums.names
        ]

        def measure() -> dict[str, Any]:
            parts = sums.present()
            values: dict[str, Any] = {f"current_{name}": parts[name] for name in sums.names}
            values["current"] = np.sum(list(parts.values()), axis=0)
            return values

        return Recorder(tuple(rows), measure)
