"""What the laws of real space are tried on: every registered texture on a small grid."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import cases
import numpy as np
import xarray

from kinetic.equation import Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.base import Hamiltonian
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.registry import known
from kinetic.stepping import Stepping
from kinetic.system import System

LENGTH = 24.0  # of every axis in real space
WAVE = 2 * math.pi / LENGTH
SITES = {1: (12,), 2: (7, 8), 3: (6, 6, 6)}
CELLS = {1: (13,), 2: (9, 8), 3: (5, 6, 5)}
PHI = {
    "": "0",
    "x": f"0.1*sin({WAVE!r}*x)",
    "xy": f"0.1*sin({WAVE!r}*x)*cos({WAVE!r}*y)",
    "xyz": f"0.1*sin({WAVE!r}*x)*cos({WAVE!r}*y)",
}


@dataclass(frozen=True)
class Texture:
    """A model at rest (`table`) and in motion (`moves`) on some axes.

    Parameters
    ----------
    name
        Of the registered model.
    space, momenta
        Axes in real space as letters, number of momentum axes.
    table, moves
        Its parameters, and those that are different where it moves.
    boundary
        Of the axes in real space.
    reach
        Half the length of open momentum axes.
    middle
        Of the momentum axes.
    """

    name: str
    space: str
    momenta: int
    table: dict[str, Any]
    moves: dict[str, Any]
    boundary: Any = "periodic"
    reach: float = 1.6
    middle: float = 0.0

    def model(self, moving: bool = False) -> Hamiltonian:
        cls = known(Hamiltonian)[self.name]
        return cls(**{**self.table, **(self.moves if moving else {})})

    def grid(self, boundary: Any = None) -> Grid:
        n, d = len(self.space), self.momenta
        axes = [
            Axis.linear(name, -0.5 * LENGTH, 0.5 * LENGTH, cells, boundary or self.boundary)
            for name, cells in zip(self.space, SITES[n], strict=True)
        ]
        bounded = self.model().bounded
        reach, shift = (math.pi, 0.0) if bounded else (self.reach, self.middle)
        momenta = zip(cases.MOMENTA, CELLS[d], strict=False)
        axes += [
            Axis.linear(k, shift - reach, shift + reach, cells, "periodic" if bounded else "open")
            for k, cells in momenta
        ]
        return Grid(tuple(axes))

    def fields(self, moving: bool = False) -> dict[str, Any]:
        """φ(r), and b(r) with its own e(r) where it moves.  Periodic in the sample."""
        found: dict[str, Any] = {"phi": PHI[self.space[: self.momenta]]}
        if self.momenta > 1:
            amplitude = f"{0.1 / WAVE!r}"
            found["a"] = ["0", f"{amplitude}*sin({WAVE!r}*x)", "0"]
            if moving:
                found["a"][1] += "*cos(2*t)"
        if self.momenta == 3:
            found["B"] = [0.02, 0.0, 0.03]
        if moving:
            found["E"] = ["0.05*sin(t)"]
        return found

    def __str__(self) -> str:
        return f"{self.name}-{len(self.space)}r{self.momenta}k"


TABLE_D0 = "0.1*cos(kx) + 0.1*sin(pi*x/12)"
TABLE_D = ["0.4*sin(kx) + 0.2*cos(pi*x/12)", "0.3*sin(pi*x/12)", "1 + 0.3*cos(kx + pi*x/12)"]


def table_file(path) -> str:
    """A small table of TABLE_D, TABLE_D0 for `tabulated`; returns its path."""
    x = np.linspace(-0.5 * LENGTH, 0.5 * LENGTH, 32, endpoint=False)
    k = np.linspace(-np.pi, np.pi, 32, endpoint=False)
    q, x_ = np.meshgrid(k, WAVE * x)
    parts = {
        "d0": 0.1 * np.cos(q) + 0.1 * np.sin(x_),
        "dx": 0.4 * np.sin(q) + 0.2 * np.cos(x_),
        "dy": 0.3 * np.sin(x_),
        "dz": 1.0 + 0.3 * np.cos(q + x_),
    }
    data = xarray.Dataset(
        {name: (("x", "kx"), values) for name, values in parts.items()},
        coords={"x": x, "kx": k},
    )
    data.to_netcdf(path)
    return str(path)


_Q = repr(WAVE)
_GENERIC = {
    "xy1": (
        [
            "0.4*sin(kx) + 0.2*cos(QX + QY)*cos(t)",
            "0.4*sin(QX)",
            "1 + 0.3*cos(kx + QX + QY)",
        ],
        "0.2*cos(QX)",
    ),
    "x3": (
        [
            "sin(kx) + 0.2*cos(QX)*cos(t)",
            "sin(ky) + 0.2*sin(QX)",
            "3.2 - cos(ky)*cos(kz) + 0.3*cos(kx + QX)",
        ],
        "0.2*sin(kx - kz)",
    ),
    "xyz3": (
        [
            "0.4*sin(kx) + 0.2*cos(QX)*cos(t)",
            "0.4*sin(ky) + 0.2*sin(QY)",
            "1.5 + 0.3*cos(kz + QZ)",
        ],
        "0.2*sin(kx - kz)",
    ),
}


def generic(key: str) -> dict[str, Any]:
    """Expressions with all Berry components, by axes and number of momenta."""

    def written(text: str) -> str:
        for name in "XYZ":
            text = text.replace(f"Q{name}", f"{_Q}*{name.lower()}")
        return text

    d, d0 = _GENERIC[key]
    return {"d": [written(text) for text in d], "d0": written(d0), "bounded": True}


def _still(table: dict[str, Any]) -> dict[str, Any]:
    return {**table, "d": [text.replace("*cos(t)", "") for text in table["d"]]}


def _expression(space: str, momenta: int) -> Texture:
    table = generic(f"{space}{momenta}")
    return Texture("expression", space, momenta, _still(table), {"d": table["d"]})


_WALL = {"mass": 0.8, "width": 3.0, "repeat": LENGTH, "centre": -6.0}
_AXIAL = {"node_position": (0.0, f"0.1*sin({_Q}*x)", 0.0)}
_STRAIN = {
    "mass": 0.6,
    "step": 0.0,
    "potential": f"0.1*cos({_Q}*x)",
    "strain": (f"0.1*sin({_Q}*x)", f"0.1*cos({_Q}*x)"),
}
TEXTURES = (
    Texture("dirac_wall", "x", 1, _WALL, {"speed": 0.5}),
    Texture("dirac_wall", "x", 2, _WALL, {"speed": 0.5}, middle=2.4),  # off the node
    Texture("rice_mele_texture", "x", 1, {"wave_number": WAVE}, {"frequency": 0.5}),
    Texture("graphene_strain", "x", 1, _STRAIN, {"strain": (f"0.1*sin({_Q}*x - t)", 0.0)}),
    Texture("graphene_strain", "x", 2, _STRAIN, {"strain": (f"0.1*sin({_Q}*x - t)", 0.1)}),
    Texture("weyl_axial", "x", 3, _AXIAL, {"energy_offset": f"0.1*sin({_Q}*x)*sin(t)"}),
    Texture("spin_spiral", "x", 1, {"wave_vector": (WAVE, 0.0)}, {"frequency": 0.5}),
    Texture("spin_spiral", "x", 2, {"wave_vector": (WAVE, 0.0), "cone": 1.0}, {"frequency": 0.5}),
    Texture("spin_spiral", "xy", 2, {"wave_vector": (WAVE, WAVE)}, {"frequency": 0.5}),
    Texture(
        "skyrmion",
        "xy",
        2,
        {"radius": 6.0, "wall_width": 3.0},
        {"velocity": (0.3, 0.2)},
        boundary="open",
    ),
    Texture("skyrmion_lattice", "xy", 2, {"lattice_constant": LENGTH}, {"velocity": (0.3, 0.2)}),
    _expression("xy", 1),
    _expression("x", 3),
    _expression("xyz", 3),
)
WITHOUT = ("tabulated",)  # it needs a file
MODELS = tuple(
    name
    for name, cls in sorted(known(Hamiltonian).items())
    if cls.__module__ in cases.INHOMOGENEOUS and name not in WITHOUT
)


def evolution(
    model, grid, initial, *, stepping=None, start=0.0, stop=None, fields=None, **equation
):
    """An evolution; `fields` holds the `[fields]` table, `equation` the `[equation]` table."""
    equation.setdefault("threads", 1)
    system = System(
        grid=grid,
        hamiltonian=model,
        initial=initial,
        fields=Fields(**(fields or {})),
        equation=Equation(**equation),
        start=start,
    )
    return Evolution(system, stepping or Stepping(), start=start, stop=stop)


__all__ = ["MODELS", "TEXTURES", "ExpressionModel", "Texture", "dataclasses", "evolution"]
