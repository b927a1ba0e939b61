"""How near a run comes to where the gradient expansion ends, in the course of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kinetic.applicability import Applicability, Sample, assess, drive_frequency
from kinetic.grid import Array
from kinetic.observables.base import Observable, Recorder, momenta
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.quantum.base import QuantumEvolution

_SAMPLES = 20_000
_ROWS = (
    (
        "curvature",
        "|F|, the Berry curvature of a phase-space cell",
        "ħ|F_rk + b·B_k| |f_+ - f_-|",
    ),
    ("gradient", "twist of the texture over the gap", "ħ|{Δ, m}|/Δ |f_+ - f_-|"),
    ("turning", "turning of the bands over the gap", "ħ|Dm|/Δ |f_+ - f_-|"),
    ("frequency", "frequency of the drives so far over the gap", "ħω/Δ |f_+ - f_-|"),
    (
        "tunnelling",
        "Landau-Zener probability of one passage",
        "exp(-πΔ²/(4ħ|Dd|)) |f_+ - f_-|",
    ),
)


def held(evolution: Evolution) -> Array:
    """f_s of all cells: averages over them, or at their centres at the coherent levels.

    (valley, band, *r, *k)
    """
    if evolution.system.equation.coherent:
        return cast("QuantumEvolution", evolution).occupations()
    return momenta(evolution, evolution.transport.occupation())


def contrast(evolution: Evolution, sample: Sample) -> Array:
    """|f_+ - f_-| of the sampled cells outside glued ones and nodes.  (valley, *r, *k)

    At the coherent levels |n_+ - n_-|, which is the same to first order.
    """
    system = evolution.system
    if system.equation.coherent:
        whole = cast("QuantumEvolution", evolution).wigner()
        n = whole[(slice(None), slice(1, 4), *sample.index)]
        relative = [
            np.einsum(
                "c...,c...->...", sample.directions(system, valley, evolution.time), n[valley]
            )
            for valley in range(system.valleys)
        ]
        return np.asarray(2.0 * np.abs(relative))
    f = held(evolution)[(slice(None), slice(None), *sample.index)]
    differing = np.abs(f[:, 1] - f[:, 0])
    flow = evolution.flow
    if flow.glued.any() or flow.nodes:
        cells = [axis.cells for axis in system.grid.momentum]
        free = ~flow.glued.reshape(system.valleys, *evolution.mesh.sites, *cells)
        for node in flow.nodes:
            free[(node.valley, ..., *node.cell)] = False
        differing *= free[(slice(None), *sample.index)]
    return np.asarray(differing)


def monitor(evolution: Evolution, most: int = _SAMPLES) -> Callable[[], Applicability]:
    """The numbers at the present time of an evolution, on so many of its cells at most."""
    system, start = evolution.system, evolution.start
    sample = Sample.of(system, most)

    def present() -> Applicability:
        time = evolution.time
        omega = drive_frequency(system, start, time)
        return assess(system, sample, contrast(evolution, sample), time, omega)

    return present


@dataclass(frozen=True)
class Monitor(Observable):
    """max of |F|, ħ|{Δ, m}|/Δ, ħ|Dm|/Δ, ħω/Δ and exp(−πΔ²/4ħ|Dd|), each times |f₊ − f₋|"""

    name = "applicability"
    quantum = True

    def recorder(self, evolution: Evolution) -> Recorder:
        """applicability_<number>(time)."""
        present = monitor(evolution)
        rows = [
            Variable(f"{self.name}_{number}", (), "1", title, {"formula": f"max {formula}"})
            for number, title, formula in _ROWS
        ]

        def measure() -> dict[str, Any]:
            found = present()
            evolution.met = evolution.met.larger(found)
            return {f"{self.name}_{number}": getattr(found, number) for number, _, _ in _ROWS}

        return Recorder(tuple(rows), measure)
