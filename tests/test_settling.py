"""Steady states: where a run ends, what Anderson mixing keeps, and what it saves."""

from __future__ import annotations

import numpy as np
import pytest

from kinetic.errors import InputError
from kinetic.simulation import Simulation

DRUDE = {
    "grid": {"kx": [-2.0, 2.0, 24], "ky": [-2.0, 2.0, 24]},
    "hamiltonian": {
        "name": "rashba",
        "mass": 1.0,
        "coupling": 0.0,
        "zeeman": [0.0, 0.0, 5.0],
    },
    "fields": {"E": [0.002, 0.0], "B": 0.2},
    "equation": {"scheme": "linear5"},
    "initial": {"name": "fermi_dirac", "chemical_potential": -4.5, "temperature": 0.1},
    "collisions": [
        {"name": "relaxation_time", "tau": 2.0, "conserving": ["charge", "energy"]},
        {"name": "relaxation_time", "tau": 100.0},
    ],
    "time": {"stop": 1500.0, "until": "steady"},
    "output": {"every": 10.0, "observables": ["density", "current", "energy", "ledger_residual"]},
}


def changed(**tables):
    return {name: {**DRUDE.get(name, {}), **tables.get(name, {})} for name in {**DRUDE, **tables}
            if name != "collisions"} | {"collisions": DRUDE["collisions"]}  # fmt: skip


def finished(**tables):
    simulation = Simulation.from_dict(changed(**tables))
    return simulation, simulation.run(progress=False)


@pytest.fixture(scope="module")
def runs():
    return {name: finished(time={"acceleration": name}) for name in ("none", "anderson")}


def test_run_ends_where_nothing_moves_any_more(runs):
    """The slow mode, τ = 100, decays as exp(-t/τ): its tendency is τ_fast/τ_slow of the scale."""
    simulation, data = runs["none"]
    assert simulation.stopped.startswith("steady at t = ")
    assert data.attrs["steady"] == "true"
    assert data.attrs["tendency"] <= 1e-6 * data.attrs["tendency_largest"]
    assert data.time.values[-1] == simulation.time < 1500.0
    # ‖∂ₜu‖ is recorded as the change of charge per time; what is left is τ_slow ‖∂ₜu‖
    assert 2.0 < data.time.values[-1] / 100.0 < 14.0


def test_drude_current_of_the_steady_state(runs):
    """j_x + i j_y = n e τ'/(1 + iω_cτ'), 1/τ' = 1/τ₁ + 1/τ₂; n from the record."""
    _, data = runs["none"]
    rate = 1.0 / 2.0 + 1.0 / 100.0
    expected = data.density.values[-1] * 0.002 / (rate + 0.2j)
    current = complex(*data.current.values[-1, :2])
    # sixth-order face values of f, resolved over T/v h = 0.6 cells: 1e-4 of the current
    assert abs(current - expected) <= 2e-4 * abs(expected)


def test_mixing_saves_steps_and_finds_the_same_state(runs):
    """A mixture that lost the balance of its weights would end at another charge."""
    plain, mixed = runs["none"][0], runs["anderson"][0]
    assert mixed.stopped.startswith("steady")
    assert 5 * mixed.evolution.steps < plain.evolution.steps
    apart = np.abs(mixed.evolution.transport.u - plain.evolution.transport.u).max()
    # both are within τ_slow of tolerance × ‖∂ₜu‖ (1e-6 · 6e-4 / cell share) of the fixed point
    drift = np.abs(plain.evolution.transport.u - changed_start()).max()
    assert apart <= 1e-4 * drift
    data = runs["anderson"][1]
    assert "no history" in data.attrs["time_meaning"]
    # weights of size Σ|α| ~ 1e2 multiply the rounding of what each window entered
    assert np.all(np.abs(data.ledger_residual) <= 1e-11 * data.ledger_scale)


def changed_start():
    return Simulation.from_dict(DRUDE).evolution.transport.u.copy()


def test_mixing_keeps_the_charge_of_a_lattice():
    """Closed grid, charge-conserving collisions: the charge stays to rounding of the weights."""
    grid = {axis: [-np.pi, np.pi, 16] for axis in ("kx", "ky")}
    tables = {
        "grid": grid,
        "hamiltonian": {"name": "qwz", "mass": 1.0},
        "fields": {"E": [0.05, 0.0]},
        "equation": {"scheme": "linear5", "limiter": "none"},
        "initial": {"name": "fermi_dirac", "chemical_potential": 1.2, "temperature": 0.3},
        "collisions": [{"name": "relaxation_time", "tau": 3.0, "conserving": ["charge"]}],
        "time": {"stop": 400.0, "until": "steady", "acceleration": "anderson"},
        "output": {"every": 50.0, "observables": ["density"]},
    }
    simulation = Simulation.from_dict(tables)
    simulation.run(progress=False)
    evolution = simulation.evolution
    assert simulation.stopped.startswith("steady")
    assert simulation._settling.mixed > 3
    assert abs(evolution.charge_change()) <= 1e-13 * evolution.charge_held()


@pytest.mark.parametrize("acceleration", ["none", "anderson"])
def test_resumed_run_is_the_uninterrupted_one_bitwise(tmp_path, acceleration):
    time = {"acceleration": acceleration, "window": 2.0, "tolerance": 1e-3}
    whole, _ = finished(time=time)
    begun = Simulation.from_dict(changed(time={**time, "stop": 10.0}))
    path = tmp_path / "run.nc"
    begun.integrate(path, progress=False)
    assert begun.stopped.startswith("reached stop = 10 before it was steady")
    rest = Simulation.resume(path, ["time.stop=1500.0"])
    rest.integrate(progress=False)
    assert rest.stopped == whole.stopped
    assert np.array_equal(rest.evolution.transport.u, whole.evolution.transport.u)
    assert Simulation.resume(path).complete


def test_equilibrium_is_steady_at_once():
    simulation, data = finished(fields={"E": [0.0, 0.0]})
    assert simulation.stopped.startswith("steady")
    assert data.sizes["time"] == 2


def test_a_field_that_is_still_to_come_is_waited_for():
    """The tendency before a pulse is 0, and that is no steady state."""
    field = {"pulse": "ramp", "amplitude": 0.002, "duration": 10.0, "start": 20.0}
    simulation, data = finished(fields={"E": [field, 0.0]}, time={"tolerance": 1e-2})
    assert simulation.stopped.startswith("steady")
    assert data.time.values[-1] > 30.0
    assert data.current.values[-1, 0] > 0.0


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ({"until": "stedy"}, "steady"),
        ({"tolerance": 0.0}, "above 0"),
        ({"tolerance": 2.0}, "below 1"),
        ({"tolerance": True}, "above 0"),
        ({"acceleration": "andersen"}, "anderson"),
        ({"window": -1.0}, "above 0"),
        ({"window": 1e4}, "longer than the run"),
        ({"until": "stop", "acceleration": "anderson"}, "until = 'steady'"),
        ({"until": "stop", "window": 1.0}, "until = 'steady'"),
        ({"untill": "steady"}, "until"),
    ],
)
def test_bad_keys_are_refused_in_a_sentence(time, words):
    with pytest.raises(InputError, match=r"\[time\]") as caught:
        _ = Simulation.from_dict(changed(time=time)).step()
    assert words in str(caught.value)


def test_a_field_that_never_rests_is_refused():
    with pytest.raises(InputError, match=r"still moves at stop = 1500"):
        Simulation.from_dict(changed(fields={"E": ["0.01*cos(t)", 0.0]})).step()


def test_what_cannot_come_to_rest_is_refused():
    with pytest.raises(InputError, match="depends on time"):
        Simulation.from_dict(changed(hamiltonian={"zeeman": [0.0, 0.0, "5 + 0.1*sin(t)"]})).step()
    tables = changed(equation={"level": "moyal"}, fields={"B": 0.0})
    tables["equation"] = {"level": "moyal"}
    with pytest.raises(InputError, match=r"never comes to rest|collisions"):
        Simulation.from_dict({k: v for k, v in tables.items() if k != "collisions"}).step()
