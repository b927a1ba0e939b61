"""A run that was stopped and resumed is bitwise the run that was not."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import xarray
from cases import ALL_STEPPERS

from kinetic.simulation import Simulation

FERMI = {"name": "fermi_dirac", "chemical_potential": 0.4, "temperature": 0.1}
CUBE = {name: [-2.0, 2.0, 7] for name in ("kx", "ky", "kz")}
SQUARE = {"kx": [-2.0, 2.0, 17], "ky": [-2.0, 2.0, 15]}
RUNS = {
    "static": {
        "grid": CUBE,
        "hamiltonian": {"name": "weyl"},
        "fields": {"E": [0.02, 0, 0.03], "B": [0.005, 0, 0.01]},
    },
    "projected": {
        "grid": CUBE,
        "hamiltonian": {"name": "weyl"},
        "fields": {"E": [0.02, 0, 0.03], "B": [0.005, 0, 0.01]},
        "equation": {"level": "projected"},
    },
    "b(t) on an open grid": {
        "grid": SQUARE,
        "hamiltonian": {"name": "massive_dirac", "tilt": [0.1, 0.0]},
        "fields": {"E": [0.1, 0.0], "B": "0.05*sin(t)*exp(-0.1*t)"},
    },
    "moving node": {
        "grid": CUBE,
        "hamiltonian": {"name": "weyl", "centre": [0.03, "0.01 + 1.2*t", 0.0]},
        "fields": {"E": [0, 0, 0.05], "B": [0, 0, 0.02]},
    },
    "collisions": {
        "grid": SQUARE,
        "hamiltonian": {"name": "graphene_gapped", "mass": 0.4},
        "fields": {"E": ["0.1*sin(3*t)", 0.1], "B": 0.03},
        "collisions": [
            {"name": "relaxation_time", "tau": 3.0, "conserving": ["valley_charge", "energy"]}
        ],
    },
    "quench": {
        "grid": {"kx": [-3.141592653589793, 3.141592653589793, 40]},
        "hamiltonian": {"name": "rice_mele", "staggering": "0.5*tanh(t)"},
        "fields": {"E": ["0.3*cos(t)"]},
    },
}


def simulation(kind, stepper, stop):
    run = copy.deepcopy(RUNS[kind]) | {
        "initial": FERMI,
        "time": {"stop": stop, "stepper": stepper},
        "output": {"every": 0.25, "snapshots": {"every": 0.5, "variables": ["occupation"]}},
    }
    return Simulation.from_dict(run)


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
@pytest.mark.parametrize("kind", RUNS)
def test_resumed_run_equals_the_uninterrupted_one_bitwise(tmp_path, kind, stepper):
    """Catches whatever a checkpoint forgets: D_s under b(t), the ledger, μ and T where Newton
    starts, charge handed over by nodes in motion, the cells that are glued.
    """
    whole, parts = tmp_path / "whole.nc", tmp_path / "parts.nc"
    straight = simulation(kind, stepper, 1.0)
    straight.run(whole).close()
    simulation(kind, stepper, 0.5).run(parts).close()
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


def test_the_node_does_move_while_it_is_stopped():
    """The run above must cross cells on both sides of the checkpoint."""
    run = simulation("moving node", "ssprk3", 1.0)
    cells = []
    run.every(0.5, lambda run: cells.append(run.evolution.flow.nodes[0].cell))
    run.run()
    assert len(set(cells)) == 3
