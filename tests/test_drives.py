"""Steps resolve what drives them, however seldom the run is recorded."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import kinetic
from kinetic.drives import Drives
from kinetic.errors import InputError
from kinetic.fields import Fields
from kinetic.grid import Grid
from kinetic.hamiltonians.expression import ExpressionModel

CHAIN = {
    "grid": {"kx": ["-pi", "pi", 48]},
    "hamiltonian": {
        "name": "expression",
        "d": ["0", "0", "5"],
        "d0": "-cos(kx)",
        "bounded": True,
    },
    "initial": {"name": "fermi_dirac", "chemical_potential": -5.3, "temperature": 0.2},
    "observables": ["current"],
}


def last_current(stop, every, **run):
    simulation = kinetic.Simulation(**CHAIN, stop=stop, every=every, **run)
    return float(simulation.run().current[-1, 0])


def test_a_pulse_between_two_records_is_not_missed():
    """Catches steps limited by the present field alone: before a pulse it is zero."""
    pulse = {"pulse": "gaussian", "amplitude": 1.0, "centre": 30.0, "width": 1.0}
    often = last_current(60.0, 0.5, fields={"E": [pulse]})
    seldom = last_current(60.0, 60.0, fields={"E": [pulse]})
    assert abs(often) > 0.1
    assert seldom == pytest.approx(often, rel=1e-4)


def test_a_fast_drive_is_resolved():
    """A cosine of period 1 recorded every 2 has no direct current."""
    seldom = last_current(20.0, 2.0, fields={"E": ["0.5*cos(2*pi*t)"]})
    often = last_current(20.0, 0.05, fields={"E": ["0.5*cos(2*pi*t)"]})
    assert seldom == pytest.approx(often, abs=1e-4)


def test_a_ramp_of_b_brings_its_whole_inflow_in_a_run_of_one_record():
    """A symmetric ramp has the right ∫b at its three stage times, but not the right ∫ḃ."""
    ramp = "0.005*(1 - cos(pi*t/10))"
    momenta = {axis: [-3.0, 3.0, 24] for axis in ("kx", "ky")}
    data = kinetic.Simulation(
        momenta,
        {"name": "massive_dirac", "mass": 0.5},
        {"name": "fermi_dirac", "chemical_potential": 0.0, "temperature": 0.02},
        fields={"B": ramp},
        observables=["faraday_inflow"],
        stop=10.0,
        every=10.0,
    ).run()
    # ν δb/2π of a filled band in a square of ±3; thermal holes e^(-m/T) are 1e-11.
    nu = -np.arctan(9.0 / (0.5 * np.sqrt(0.25 + 18.0))) / np.pi
    assert float(data.faraday_inflow[-1]) == pytest.approx(nu * 0.01 / (2.0 * np.pi), rel=1e-6)


def test_a_parameter_that_moves_is_resolved():
    run = {**CHAIN, "hamiltonian": {"name": "rice_mele", "delta": "0.3*cos(5*t)"}}
    results = [
        kinetic.Simulation(**run, stop=6.0, every=every, fields={"E": [0.02]}).run()
        for every in (6.0, 0.1)
    ]
    ends = [float(result.current[-1, 0]) for result in results]
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)


def test_relaxation_follows_its_exponential():
    """j(t) = j(0) exp(-t/τ) without a field, recorded once."""
    drifting = {**CHAIN["initial"], "name": "shifted_fermi_dirac", "drift": [0.1]}
    run = {**CHAIN, "initial": drifting}
    bath = {"name": "relaxation_time", "tau": 1.0}
    data = kinetic.Simulation(**run, stop=3.0, every=3.0, collisions=[bath]).run()
    ratio = float(data.current[-1, 0] / data.current[0, 0])
    assert ratio == pytest.approx(np.exp(-3.0), rel=1e-3)


@pytest.mark.parametrize(
    ("grid", "hamiltonian", "words"),
    [
        ([-3.1416, 3.1416, 16], {"name": "rice_mele"}, "nearly one zone"),
        (
            {"lower": -2, "upper": 2, "cells": 16, "boundary": "periodic"},
            {"name": "expression", "d": ["kx", "0", "1"]},
            "is periodic, but expression is not",
        ),
        (["-pie", "pi", 16], {"name": "rice_mele"}, "pie"),
    ],
)
def test_a_grid_that_does_not_close_is_refused(grid, hamiltonian, words):
    run = {**CHAIN, "grid": {"kx": grid}, "hamiltonian": hamiltonian}
    with pytest.raises(InputError, match=words):
        _ = kinetic.Simulation(**run, stop=1.0).evolution


def test_a_grid_beyond_the_memory_is_refused_before_it_is_made():
    run = {**CHAIN, "hamiltonian": {"name": "weyl"}}
    run["grid"] = {axis: [-2.0, 2.0, 4001] for axis in ("kx", "ky", "kz")}
    with pytest.raises(InputError, match=r"GB while the run is set up"):
        _ = kinetic.Simulation(**run, stop=1.0).evolution


def drives_of(fields=None, axes=None, **hamiltonian):
    """Drives on a grid with real space, without the rest of a system."""
    formulas = {"d": ["kx", "0", "1"], **hamiltonian}
    model = ExpressionModel(**formulas)
    axes = axes or {"x": {"lower": 0, "upper": 6, "cells": 40, "boundary": "open"}}
    grid = Grid.from_table({**axes, "kx": [-2, 2, 16], "ky": [-2, 2, 16]})
    system = SimpleNamespace(
        grid=grid,
        fields=Fields.from_table(fields or {}),
        hamiltonian=model,
        valleys=len(model.valleys()),
    )
    return Drives(system)


@pytest.mark.parametrize("x", [0.5, 3.1, 5.4])
def test_a_drive_somewhere_in_space_is_resolved(x):
    """The step is that of the same drive everywhere, wherever the spot lies."""
    spot = f"exp(-(x - {x})**2/0.08)"
    here = drives_of({"E": [f"0.1*cos(8*t)*{spot}"]}).limit(0.0, 5.0)
    everywhere = drives_of({"E": ["0.1*cos(8*t)"]}).limit(0.0, 5.0)
    assert everywhere / 2 <= here <= 2 * everywhere < 1.0


@pytest.mark.parametrize(
    "fields",
    [
        {"phi": "0.1*cos(x - 8*t)"},
        {"a": ["0.02*sin(x - 8*t)"]},
        {"a": [0, "0.02*sin(x - 8*t)"]},
        {"B": "0.05*sin(8*t)"},
    ],
)
def test_every_way_to_move_a_field_limits_the_step(fields):
    assert drives_of(fields).limit(0.0, 5.0) < 0.5


def test_static_fields_do_not_limit_the_step():
    drives = drives_of({"phi": "cos(x)", "B": "0.1*cos(x)", "E": [0.1], "a": [0, "x**2"]})
    assert not drives.fields_move
    assert not drives.texture_moves
    assert drives.limit(0.0, 5.0) == 5.0


def test_the_circulation_of_a_rising_b_is_a_drive():
    """A B(t) too weak to bend a path still pushes at the rim: e = -½ ḃ × (r - r_c)."""
    table = {"B": "1e-13*sin(8*t)"}
    axes = {n: {"lower": -1e3, "upper": 1e3, "cells": 40, "boundary": "open"} for n in "xy"}
    rim, alone = drives_of(table, axes), drives_of(table)
    alone.fields, alone._sites = alone.system.fields.in_space(()), {}
    assert alone.limit(0.0, 5.0) == 5.0
    assert rim.limit(0.0, 5.0) < 5.0


def test_a_texture_that_moves_in_space_is_resolved():
    moving = drives_of(d=["kx", "0", "tanh((x - 3 - sin(8*t))/0.5)"])
    assert moving.texture_moves
    assert moving.limit(0.0, 5.0) < 0.5
    assert drives_of(d=["kx", "0", "tanh(x - 3)"]).limit(0.0, 5.0) == 5.0
