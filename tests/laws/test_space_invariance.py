"""What must not matter in real space: the frame of the spin, axes, threads, a restart."""

from __future__ import annotations

import copy
import dataclasses
import re
from typing import Any

import cases
import numpy as np
import pytest
import textures
import xarray
from cases import ALL_LEVELS, CASES
from test_invariance import rotated
from textures import TEXTURES

from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.weyl import Weyl
from kinetic.initial import FermiDirac, Initial
from kinetic.simulation import Simulation
from kinetic.stepping import Stepping

SINGLE = [
    t
    for t in TEXTURES
    if len(t.model().valleys()) == 1 and not (t.momenta == 1 and t.model().valleys()[0].rest)
]


# --- the frame of the spin --------------------------------------------------------------------


def occupation(model, grid, level, fields, *, initial=None, stop=0.4, **options) -> np.ndarray:
    run = textures.evolution(
        model,
        grid,
        initial or FermiDirac(0.3, 0.2),
        fields=fields,
        stepping=Stepping(step=0.1),
        stop=stop,
        level=level,
        **options,
    )
    return cases.follow(run, stop).transport.occupation()


@pytest.mark.parametrize("level", ["projected", "dressed"])
@pytest.mark.parametrize("texture", SINGLE, ids=str)
def test_a_rotation_of_the_spin_changes_nothing(texture, level):
    """d → R d with a constant R: the eigenvectors get another gauge, at every (r, k, t)."""
    model, grid, fields = texture.model(moving=True), texture.grid(), texture.fields(moving=True)
    before = occupation(model, grid, level, fields)
    after = occupation(rotated(model, 11), grid, level, fields)
    assert np.abs(before - after).max() <= 1e-12


# --- nothing depends on r ---------------------------------------------------------------------


def alike(alone, spread) -> None:
    """Give a run in space the state and the inflow of a homogeneous one.

    Their initial averages differ by the error of the quadrature over a cell.
    """
    valleys, sites = spread.system.valleys, spread.mesh.site_count

    def at_every_site(values):
        pairs = values.reshape(valleys, 1, 2, *values.shape[1:])
        return np.repeat(pairs, sites, axis=1).reshape(-1, *values.shape[1:])

    spread.transport.u[...] = at_every_site(alone.transport.u)
    inflow = alone.transport.inflow
    spread.transport.inflow = {slot: at_every_site(v) for slot, v in inflow.items()}
    spread.transport.occupy()


def apart(alone, spread) -> float:
    """Largest difference of u between any site and the homogeneous run."""
    u, valleys = alone.transport.u, alone.system.valleys
    found = spread.transport.u.reshape(valleys, -1, 2, *u.shape[1:])
    return float(np.abs(found - u.reshape(valleys, 1, 2, *u.shape[1:])).max())


def homogeneous_and_local(model, grid, space, fields, **options):
    initial, stepping = FermiDirac(0.4, 0.1), Stepping(step=0.1)
    return [
        textures.evolution(
            model, g, initial, fields=fields, stepping=stepping, stop=0.4, **options
        )
        for g in (grid, Grid((*space, *grid.axes)))
    ]


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_run_without_structure_in_space_equals_the_homogeneous_run(case, level):
    """e, b and e·b ≠ 0: the Berry fluxes of the k cells and the glued nodes are the same.

    Catches a drive that acts through another curvature than that of the homogeneous run, and a
    level without a force of b.
    """
    d = case.dimensions
    fields = {"E": [5.0 * e for e in cases.E[d]], "B": cases.B[d]}
    axis = Axis.linear("x", 0.0, 60.0, 6, "periodic")  # so long that it does not set the step
    grid = case.grid()
    alone, spread = homogeneous_and_local(
        case.model, grid, [axis], fields, level=level, well_balanced=False, limiter="none"
    )
    alike(alone, spread)
    for run in (alone, spread):
        cases.follow(run, 0.4)
    assert apart(alone, spread) <= 1e-13


@pytest.mark.parametrize("level", ["projected", "dressed"])
def test_anomaly_of_a_node_is_the_same_at_every_site(level):
    """Two axes in space, e·b ≠ 0 at a Weyl node, the equilibrium split off: what is pumped."""
    fields = {"E": [0.0, 0.01, 0.02], "B": [0.0, 0.005, 0.02]}
    space = [Axis.linear("y", 0, 30, 6), Axis.linear("z", 0, 40, 7)]
    alone, spread = homogeneous_and_local(
        Weyl(), cases.box(1.5, (9, 9, 9)), space, fields, level=level
    )
    assert apart(alone, spread) <= 1e-15
    for run in (alone, spread):
        cases.follow(run, 0.4)
    assert apart(alone, spread) <= 1e-13
    assert alone.charge_change() > 1e-7
    assert spread.charge_change() == pytest.approx(1200.0 * alone.charge_change(), rel=1e-6)


# --- names of axes ----------------------------------------------------------------------------

_PAIRS = {"x": "y", "y": "x", "kx": "ky", "ky": "kx"}


def swapped(text: str) -> str:
    """A formula with x and y exchanged."""
    return re.sub(r"\b(kx|ky|x|y)\b", lambda found: _PAIRS[found[0]], text)


@dataclasses.dataclass(frozen=True)
class Bump(Initial):
    """A state without symmetry; `turned` exchanges the axes."""

    turned: bool = False

    def occupation(self, points):
        x, y = points.r["x"], points.r["y"]
        kx, ky = points.k
        if self.turned:
            x, y, kx, ky = y, x, ky, kx
        wave = np.cos(x + 0.3) * np.cos(y - 0.5) * np.cos(kx + 0.2) * np.cos(ky - 0.4)
        return points.spread(np.stack([0.6 + 0.3 * wave, 0.3 - 0.2 * wave]))


@pytest.mark.parametrize("level", ALL_LEVELS)
def test_x_and_y_exchange(level):
    """The mirror image: x ↔ y, kx ↔ ky, b → −b.  Catches an axis that is treated apart.

    The sweeps along r come one after another within a stage, so the sums differ in rounding.
    """
    d = [
        "0.4*sin(kx) + 0.2*cos(x)*cos(t)",
        "0.4*sin(ky) + 0.3*sin(y)",
        "1.2 + 0.3*cos(kx + ky + x - 2*y)",
    ]
    d0, phi = "0.3*sin(kx - 2*ky)", "0.2*sin(x + 2*y)"
    a = ["0.1*sin(y)", "0.15*sin(x)*cos(2*t)"]
    cells = {"x": 7, "y": 8, "kx": 9, "ky": 10}
    found = []
    for turned in (False, True):
        change = swapped if turned else str
        axes = []
        for name in cells:
            ends = (0.0, 2 * np.pi) if name in "xy" else (-np.pi, np.pi)
            count = cells[_PAIRS[name] if turned else name]
            axes.append(Axis.linear(name, *ends, count, "periodic"))
        model = ExpressionModel(d=[change(text) for text in d], d0=change(d0), bounded=True)
        potential = [change(text) for text in (a[::-1] if turned else a)]
        f = occupation(
            model,
            Grid(tuple(axes)),
            level,
            {"phi": change(phi), "a": potential},
            initial=Bump(turned),
            hbar=0.3,
        )
        shape = (axes[0].cells, axes[1].cells, 2, axes[2].cells, axes[3].cells)
        found.append(f.reshape(shape))
    assert np.abs(found[0] - found[1].transpose(1, 0, 2, 4, 3)).max() <= 1e-12


# --- threads and restart ------------------------------------------------------------------------

FERMI = {"name": "fermi_dirac", "chemical_potential": 0.3, "temperature": 0.1}
K2 = {"kx": [-1.5, 1.5, 10], "ky": [-1.5, 1.5, 9]}
CONTACT = {"kind": "reservoir", "chemical_potential": 0.4, "temperature": 0.1}
RUNS: dict[str, dict[str, Any]] = {
    "moving wall, b(t) in a sample": {
        "grid": {"x": {"lower": -6, "upper": 6, "cells": 14, "boundary": "open"}, **K2},
        "hamiltonian": {"name": "expression", "d": ["kx", "ky", "1 + 0.3*tanh((x - t)/2)"]},
        "fields": {"E": ["0.1*cos(t)"], "B": "0.05*sin(t)", "phi": "0.1*tanh(x/3)"},
    },
    "walls": {
        "grid": {
            "x": {"lower": -6, "upper": 6, "cells": 14, "boundary": ["specular", "diffuse"]},
            **K2,
        },
        "hamiltonian": {"name": "expression", "d": ["0.8*kx", "0.8*ky", "1 + 0.3*tanh(x/2)"]},
        "fields": {"E": ["0.1", "0.1"], "phi": "0.1*tanh(x/3)"},
    },
    "reservoirs, projected": {
        "grid": {
            "x": {
                "lower": -6,
                "upper": 6,
                "cells": 14,
                "boundary": [CONTACT, {**CONTACT, "chemical_potential": 0.1}],
            },
            **K2,
        },
        "hamiltonian": {"name": "graphene_strain", "strain": [0.0, "0.1*tanh(x/2)"]},
        "equation": {"level": "projected"},
    },
    "spiral in motion, projected": {
        "grid": {"x": [0.0, 12.566370614359172, 12], **K2},
        "hamiltonian": {"name": "spin_spiral", "wave_vector": [0.5, 0.0], "frequency": 0.5},
        "equation": {"level": "projected"},
        "collisions": [{"name": "relaxation_time", "tau": 3.0, "conserving": ["charge"]}],
    },
    "skyrmions": {
        "grid": {"x": [0, 20, 8], "y": [0, 20, 7], "kx": [-1.5, 1.5, 8], "ky": [-1.5, 1.5, 8]},
        "hamiltonian": {
            "name": "skyrmion_lattice",
            "lattice_constant": 20.0,
            "velocity": [0.5, 0.1],
        },
    },
    "wave of b": {
        "grid": {"x": [0.0, 6.283185307179586, 8], **{k: [-1.5, 1.5, 7] for k in cases.MOMENTA}},
        "hamiltonian": {"name": "weyl"},
        "fields": {"a": ["0", "0.02*sin(x - t)", "0"], "phi": "0.05*sin(x)"},
    },
    "growing b at a node": {
        "grid": {"x": [0.0, 6.283185307179586, 8], **{k: [-1.5, 1.5, 7] for k in cases.MOMENTA}},
        "hamiltonian": {"name": "weyl"},
        "fields": {"a": ["0", "0.3*t*sin(x)", "0"]},
    },
}


def simulation(kind, stop, **equation):
    run = copy.deepcopy(RUNS[kind])
    run["equation"] = {**run.get("equation", {}), **equation}
    return Simulation.from_dict(
        run
        | {
            "initial": FERMI,
            "time": {"stop": stop},
            "output": {"every": 0.25, "snapshots": {"every": 0.5, "variables": ["occupation"]}},
        }
    )


@pytest.mark.parametrize("kind", RUNS)
def test_resumed_run_equals_the_uninterrupted_one_bitwise(tmp_path, kind):
    """Ends, textures in motion, b(r,t), collisions, both levels."""
    whole, parts = tmp_path / "whole.nc", tmp_path / "parts.nc"
    straight = simulation(kind, 1.0)
    straight.run(whole).close()
    simulation(kind, 0.5).run(parts).close()
    resumed = Simulation.resume(parts, ["time.stop=1.0"])
    resumed.run().close()
    state, again = straight.evolution.state(), resumed.evolution.state()
    assert set(state) == set(again)
    for name, values in state.items():
        assert np.array_equal(values, again[name]), name
    with xarray.open_dataset(whole) as one, xarray.open_dataset(parts) as two:
        assert set(one.variables) == set(two.variables)
        for name in one.variables:
            assert np.array_equal(one[name].values, two[name].values), name


def test_table_is_the_formula_it_was_made_of(tmp_path):
    """A texture from a netCDF file runs as its formula does, up to the error of its splines."""
    table = textures.table_file(tmp_path / "texture.nc")
    run = {
        "grid": {"x": [-12.0, 12.0, 12], "kx": ["-pi", "pi", 13]},
        "fields": {"phi": "0.1*sin(pi*x/12)", "E": ["0.05*sin(t)"]},
        "initial": FERMI,
        "time": {"stop": 0.5},
        "output": {"every": 0.5},
    }
    given = {"name": "tabulated", "path": table, "periodic": ["x", "kx"]}
    written = {
        "name": "expression",
        "d": textures.TABLE_D,
        "d0": textures.TABLE_D0,
        "bounded": True,
    }
    found = []
    for model in (given, written):
        simulation = Simulation.from_dict(copy.deepcopy(run) | {"hamiltonian": model})
        simulation.run()
        cases.assert_ledger(simulation.evolution)
        found.append(simulation.evolution.transport.occupation())
    assert 0.0 < np.abs(found[1] - found[0]).max() <= 1e-5


@pytest.mark.parametrize("kind", RUNS)
def test_threads_change_no_bit(kind):
    one, two = (simulation(kind, 0.5, threads=threads).run() for threads in (1, 2))
    for variable in one.variables:
        assert np.array_equal(one[variable].values, two[variable].values), variable
