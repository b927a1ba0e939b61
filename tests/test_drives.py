"""Steps resolve what drives them, however seldom the run is recorded."""

from __future__ import annotations

import numpy as np
import pytest

import kinetic
from kinetic.errors import InputError

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
