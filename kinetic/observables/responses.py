"""Responses at frozen occupation: Hall conductivity and Středa coefficients.

    ν = (1/4π) ∫d²k n_z B_k      σ_xy = ∂ρ/∂b = ν/2πħ      n_z = f_+ - f_- = n_+ - n_-

in two dimensions.  In glued cells n_z = 0: where b is on they do not contribute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.observables.base import Observable, Recorder, momenta, places
from kinetic.observables.weights import Weights, dot, dots, product_rule, rows_of
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_PLANES = ("yz", "zx", "xy")  # normal to x, y, z
_NEEDS = "it is made of Berry curvature, which {}: {}."


def _obstacle(evolution: Evolution) -> str | None:
    if not evolution.system.equation.berry:
        return _NEEDS.format("level 'boltzmann' leaves out", "use 'dressed' or 'projected'")
    if evolution.mesh.dimensions < 2:
        return _NEEDS.format("needs two momentum axes", "add ky")
    if evolution.system.hamiltonian.textured:
        return _NEEDS.format("is mixed with that of a texture in space", "use 'current'")
    return None


class _Curvature:
    """Sums of f_s B_k over the grid."""

    def __init__(self, evolution: Evolution) -> None:
        self.evolution = evolution
        self.weights = [
            Weights(evolution, v, ("curvature",), np.zeros(3))
            for v in range(evolution.system.valleys)
        ]

    def band_sums(self) -> Array:
        """½ħ ∫dᵈk/(2πħ)ᵈ f_s B_k.  (band, 3, *sites)"""
        evolution = self.evolution
        f = momenta(evolution, evolution.transport.occupation())
        contents = product_rule(evolution.mesh, f)
        sites = evolution.mesh.sites
        total = np.zeros((2, 3, *sites))
        for valley, weights in enumerate(self.weights):
            for rows, w in weights.slabs(evolution.time):
                for band in range(2):
                    part = rows_of(contents[valley, band], rows, evolution.mesh)
                    if sites:
                        total[band] += dots(w["curvature"], part).reshape(3, *sites)
                    else:
                        total[band] += dot(w["curvature"], part)
        return 0.5 * evolution.system.equation.hbar * total / evolution.phase_space


@dataclass(frozen=True)
class Hall(Observable):
    """σ_xy = ½ħ ∫dᵈk/(2πħ)ᵈ n_z B_z, and cyclic: j_x = σ_xy e_y"""

    name = "hall"

    def fits(self, evolution: Evolution) -> str | None:
        """Berry curvature."""
        return _obstacle(evolution)

    def recorder(self, evolution: Evolution) -> Recorder:
        """hall(time, plane, *r)."""
        sums, d = _Curvature(evolution), evolution.mesh.dimensions
        first = 0 if d == 3 else 2
        units = "q^2/hbar" if d == 2 else "q^2/(hbar length)"
        attributes = {
            "formula": self.formula(),
            "source": "Wong and Tserkovnyak, Eq. (45) as corrected; frozen occupation",
        }
        dims, title = ("plane", *places(evolution)), "intrinsic Hall conductivity"
        row = Variable(self.name, dims, units, title, attributes)

        def measure() -> dict[str, Any]:
            lower, upper = sums.band_sums()
            return {self.name: (upper - lower)[first:]}

        planes = np.array(_PLANES[first:])
        own = {"plane": (("plane",), planes, {"long_name": "indices ij of j_i = σ_ij e_j"})}
        return Recorder((row,), measure, own)


@dataclass(frozen=True)
class Streda(Observable):
    """∂ρ/∂b at frozen f: ½sħ ∫f_s B_k per band in g_s, ¼ħ ∫n_z B_k per band in n_s"""

    name = "streda"

    def fits(self, evolution: Evolution) -> str | None:
        """Berry curvature."""
        return _obstacle(evolution)

    def recorder(self, evolution: Evolution) -> Recorder:
        """streda(time, component, *r); streda_dressed, streda_projected also with a band."""
        sums, r = _Curvature(evolution), places(evolution)
        units = "1" if evolution.mesh.dimensions == 2 else "1/length"
        attributes = {
            "formula": self.formula(),
            "source": "Wong and Tserkovnyak, Eqs. (44), (46) as corrected",
        }
        title = "Streda response of the density to b"
        rows = (
            Variable(self.name, ("component", *r), units, title, attributes),
            Variable(
                "streda_dressed",
                ("band", "component", *r),
                units,
                f"{title}, per band in g_s",
                {"formula": "½sħ ∫dᵈk/(2πħ)ᵈ f_s B_k"},
            ),
            Variable(
                "streda_projected",
                ("band", "component", *r),
                units,
                f"{title}, per band in n_s",
                {"formula": "¼ħ ∫dᵈk/(2πħ)ᵈ n_z B_k"},
            ),
        )

        def measure() -> dict[str, Any]:
            lower, upper = sums.band_sums()
            total = upper - lower
            return {
                self.name: total,
                "streda_dressed": np.stack([-lower, upper]),
                "streda_projected": np.stack([0.5 * total, 0.5 * total]),
            }

        return Recorder(rows, measure)
