"""E(t), B(t) and pulses."""

import pickle

import numpy as np
import pytest
from scipy.integrate import quad

from kinetic.errors import InputError
from kinetic.fields import Fields
from kinetic.pulses import Pulse, time_function
from kinetic.registry import known

PULSES = {
    "gaussian": {
        "amplitude": 0.3,
        "centre": 2.0,
        "width": 0.7,
        "frequency": 3.0,
        "phase": 0.4,
    },
    "ramp": {"amplitude": 0.3, "duration": 3.0, "start": 0.5, "initial": -0.1},
    "chirp": {"amplitude": 0.3, "centre": 2.0, "width": 0.7, "frequency": 3.0, "rate": 0.5},
    "few_cycle": {"amplitude": 0.3, "centre": 2.0, "duration": 3.0, "frequency": 5.0},
}


def test_every_pulse_is_tested():
    assert set(PULSES) == set(known(Pulse))


@pytest.mark.parametrize("name", PULSES)
def test_pulse_rate_is_its_derivative(name):
    pulse = time_function({"pulse": name, **PULSES[name]})
    h = 1e-5
    for t in np.linspace(-1.0, 5.0, 61):
        assert pulse.rate(t) == pytest.approx(
            (pulse(t + h) - pulse(t - h)) / (2 * h), abs=1e-8
        )
    assert not pulse.constant
    assert pickle.loads(pickle.dumps(pulse)) == pulse


def test_the_ramp_is_flat_outside_and_halfway_in_the_middle():
    ramp = time_function({"pulse": "ramp", **PULSES["ramp"]})
    assert [ramp(t) for t in (-3.0, 0.5)] == [-0.1, -0.1]
    assert [ramp(t) for t in (3.5, 9.0)] == [0.3, 0.3]
    assert [ramp.rate(t) for t in (0.5, 0.5 + 1e-9, 3.5 - 1e-9, 3.5)] == [0.0] * 4
    assert ramp(2.0) == pytest.approx(0.1, abs=1e-15)


def test_the_few_cycle_pulse_leaves_no_net_force():
    pulse = time_function({"pulse": "few_cycle", **PULSES["few_cycle"], "phase": 0.9})
    assert quad(pulse, 0.5, 3.5, epsabs=1e-13, limit=200)[0] == pytest.approx(0, abs=1e-12)
    assert pulse(2.0) == pytest.approx(0.3 * np.cos(0.9))


def test_fields():
    fields = Fields.from_table({"E": [0, "0.1*sin(t)"], "B": 0.2})
    assert fields.electric(1.0).tolist() == [0.0, 0.1 * np.sin(1.0), 0.0]
    assert fields.magnetic(1.0).tolist() == [0.0, 0.0, 0.2]
    assert fields.magnetic_rate(1.0).tolist() == [0.0, 0.0, 0.0]
    assert not fields.electric_constant
    assert fields.magnetic_constant
    fields.check(2)
    driven = Fields(B=[0, 0, {"pulse": "ramp", "amplitude": 0.01, "duration": 2.0}])
    assert not driven.magnetic_constant
    assert driven.magnetic_rate(1.0)[2] > 0
    assert pickle.loads(pickle.dumps(driven)) == driven
    assert Fields(E=[1]) == Fields(E=(1.0, 0, 0)) != Fields()
    assert Fields().electric_constant
    assert Fields(E=fields.E, B=fields.B) == fields


REFUSALS = [
    ({"e": [1]}, "[fields] e: no such field; known are 'B' and 'E'."),
    (
        {"E": ["sin(x)"]},
        "[fields] E[0] = 'sin(x)': it depends on x: inhomogeneous fields need grid axes in "
        "real space; write a function of t only.",
    ),
    ({"E": [1, 2, 3, 4]}, "[fields] E has 4 components; give 1, 2 or 3."),
    ({"E": []}, "[fields] E has 0 components; give 1, 2 or 3."),
    ({"B": [1, 2]}, "[fields] B has 2 components; give 3, or one number along z."),
    (
        {"B": "heaviside(t)"},
        "[fields] B[2] = 'heaviside(t)': a jump of B is an infinite electric field by "
        "Faraday's law; use {pulse = 'ramp', amplitude = ..., duration = ...}.",
    ),
    (
        {"E": [{"pulse": "gausian"}]},
        "[fields] [E[0]] name = 'gausian': there is no such pulse; "
        "did you mean 'gaussian'?",
    ),
    (
        {"E": [{"amplitude": 1}]},
        "[fields] E[0] = {'amplitude': 1}: the key 'pulse' says which one is meant.",
    ),
    (
        {"E": [{"pulse": "ramp", "amplitude": 1, "duration": 0}]},
        "[fields] [E[0]] duration = 0: it must be above 0.",
    ),
    ({"E": [None]}, "[fields] E[0] = None: write a number or a formula in quotes."),
]


@pytest.mark.parametrize(("table", "sentence"), REFUSALS)
def test_refusals(table, sentence):
    with pytest.raises(InputError) as caught:
        Fields.from_table(table)
    assert str(caught.value) == sentence


def test_components_without_an_axis_are_refused():
    with pytest.raises(InputError) as caught:
        Fields(E=[0, 0, 1]).check(2)
    assert str(caught.value) == (
        "[fields] E[2] = '1.0': with the momentum axes kx and ky it must be 0; "
        "add momentum axes or take it out."
    )
    for fields in (Fields(B=0.1), Fields(E=[0, 1])):
        with pytest.raises(InputError, match="with the momentum axes kx it must be 0"):
            fields.check(1)
    Fields(E=[1, 2, 3], B=[1, 2, 3]).check(3)
