"""E and B in space and time, potentials, Faraday's law, and pulses."""

import pickle

import numpy as np
import pytest
from scipy.integrate import quad

from kinetic.errors import InputError
from kinetic.fields import Fields, spacetime_function
from kinetic.grid import Axis
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
        assert pulse.rate(t) == pytest.approx((pulse(t + h) - pulse(t - h)) / (2 * h), abs=1e-8)
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
    ({"e": [1]}, "[fields] e: no such field; known are 'B', 'E', 'a', 'parameters' and 'phi'."),
    ({"parameter": {}}, "[fields] parameter: no such field; did you mean 'parameters'?"),
    (
        {"E": ["sin(kx)"]},
        "[fields] E[0] = 'sin(kx)': 'kx' is a momentum: only x, y, z and t may stand here.",
    ),
    ({"a": [0, 0, 0, 1]}, "[fields] a has 4 components; give 1, 2 or 3."),
    ({"parameters": 3}, "[fields] parameters = 3: a table {name = number} is needed."),
    (
        {"parameters": {"w": "2"}},
        "[fields] parameters.w = '2': a finite number is needed.",
    ),
    ({"parameters": {"x": 2}}, "[fields] parameter 'x': the name is taken; choose another one."),
    (
        {"phi": "0.1*heaviside(x)"},
        "[fields] phi = '0.1*heaviside(x)': its jump along x is an infinite force; write a "
        "smooth step such as (1 + tanh((x - c)/w))/2.",
    ),
    (
        {"E": [0, "sign(x - t)"]},
        "[fields] E[1] = 'sign(x - t)': its jump along x is an infinite curl of e; write a "
        "smooth step such as (1 + tanh((x - c)/w))/2.",
    ),
    (
        {"B": ["heaviside(x)", 0, 0]},
        "[fields] B[0] = 'heaviside(x)': its jump along x is an infinite divergence of b; "
        "write a smooth step such as (1 + tanh((x - c)/w))/2.",
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
        "[fields] [E[0]] name = 'gausian': there is no such pulse; did you mean 'gaussian'?",
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


X = Axis.linear("x", -3.0, 5.0, 32, "open")
Y = Axis.linear("y", -2.0, 2.0, 16, "open")
Z = Axis.linear("z", 0.0, 3.0, 16, "open")
RING = Axis.linear("x", 0.0, 2 * np.pi, 32, "periodic")
LOOP = Axis.linear("y", 0.0, 2 * np.pi, 32, "periodic")
FORMULA = "exp(-((x - u*t)/w)**2)*cos(2*y - t)*z**2 + where(x > 0, x**3*t, 0)"


def places(**centre):
    """Sparse points around a centre, z last."""
    lines = [np.linspace(centre[n] - 0.4, centre[n] + 0.4, 3 + i) for i, n in enumerate(centre)]
    return dict(zip(centre, np.meshgrid(*lines, indexing="ij", sparse=True), strict=True))


def slope(function, r, t, name, h=1e-5):
    """Central difference of fourth order."""

    def moved(d):
        return function(r, t + d) if name == "t" else function({**r, name: r[name] + d}, t)

    return (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)


def curl(field, r, t):
    """∇× of a vector field, derivatives along absent axes being zero."""
    d = {n: slope(field, r, t, n) if n in r else np.zeros_like(field(r, t)) for n in "xyz"}
    return np.stack([d["y"][2] - d["z"][1], d["z"][0] - d["x"][2], d["x"][1] - d["y"][0]])


@pytest.mark.parametrize("by", ["x", "y", "z", "t"])
def test_derivatives_of_a_function_in_space_and_time(by):
    f = spacetime_function(FORMULA, "f", {"u": 0.3, "w": 1.2, "unused": 1.0})
    r = places(x=0.5, y=0.3, z=1.1)
    assert f.constants == (("u", 0.3), ("w", 1.2))
    np.testing.assert_allclose(f.at(r, 0.7, (by,)), slope(f.at, r, 0.7, by), atol=1e-9)
    second = f.at(r, 0.7, ("x", by))
    expected = slope(lambda r, t: f.at(r, t, ("x",)), r, 0.7, by)
    np.testing.assert_allclose(second, expected, atol=1e-8)


def test_what_a_derivative_depends_on():
    f = spacetime_function("0.1*x*y + t*cos(z)", "f")
    assert f.names() == {"x", "y", "z", "t"}
    assert f.names(("x",)) == {"y"}
    assert f.names(("x", "y")) == frozenset()
    assert f.vanishes(("x", "z"))
    assert not f.vanishes(("x", "y"))
    assert f.at({"y": np.array([1.0, 2.0])}, 0.0, ("x",)).tolist() == [0.1, 0.2]
    with pytest.raises(InputError, match=r"f depends on y: give \[grid\] an axis y\."):
        f.at({"x": 0.0, "z": 0.0}, 0.0)
    with pytest.raises(InputError, match="derivative by x is not finite at x = 0, t = 2;"):
        spacetime_function("sqrt(x)", "f").at({"x": np.array([1.0, 0.0])}, 2.0, ("x",))
    assert pickle.loads(pickle.dumps(f)) == f


def test_potentials_give_fields_that_obey_maxwell():
    """e = E - ∂a/∂t - ∇φ and b = ∇×a against finite differences of φ and a."""
    fields = Fields.from_table(
        {
            "E": [{"pulse": "gaussian", "amplitude": 0.2, "centre": 1.0, "width": 0.5}],
            "B": [0, 0, 0.3],
            "phi": "v*cos(x)*exp(-y**2)*t",
            "a": ["z*sin(t*x)", "x*y*z*t**2", "cos(x - y)*t"],
            "parameters": {"v": 0.4},
        }
    )
    sample = fields.in_space((X, Y, Z))
    r, t = places(x=0.5, y=0.3, z=1.1), 0.7
    vector = [f.at for f in fields.a]

    def potential(r, t):
        return np.stack([np.broadcast_to(f(r, t), (3, 4, 5)) for f in vector])

    drive = (
        -slope(potential, r, t, "t") + fields.E[0].at({}, t) * np.eye(3)[0][:, None, None, None]
    )
    gradient = np.stack([slope(sample.potential_at, r, t, name) for name in "xyz"])
    np.testing.assert_allclose(sample.drive_at(r, t), drive, atol=1e-9)
    np.testing.assert_allclose(sample.electric_at(r, t), drive - gradient, atol=1e-9)
    b = curl(potential, r, t)
    b[2] += 0.3
    np.testing.assert_allclose(sample.magnetic_at(r, t), b, atol=1e-9)
    rate = slope(sample.magnetic_at, r, t, "t")
    np.testing.assert_allclose(sample.magnetic_rate_at(r, t), rate, atol=1e-9)
    np.testing.assert_allclose(rate, -curl(sample.electric_at, r, t), atol=1e-9)
    assert np.abs(rate).max() > 0.1
    assert sample.potential_at(r, t).shape == (3, 4, 5)
    assert sample.space_names == {"x", "y", "z"}
    assert not sample.uniform
    assert not sample.magnetic_uniform
    assert not sample.drive_zero
    fields.check(3, (X, Y, Z))
    fields.check_space((X, Y, Z), (0.0, 2.0))
    assert pickle.loads(pickle.dumps(fields)) == fields


def test_what_moves_and_what_is_uniform():
    still = Fields(phi="cos(x)", B="0.1*cos(x)").in_space((RING,))
    assert still.potential_constant
    assert still.drive_constant
    assert still.electric_constant
    assert still.magnetic_constant
    assert still.drive_zero
    assert not still.potential_zero
    assert not still.magnetic_uniform
    moving = Fields(phi="cos(x - t)", a=[0, "cos(x)*t"]).in_space((RING,))
    assert not moving.potential_constant
    assert moving.drive_constant  # -∂a/∂t = -cos(x)
    assert not moving.magnetic_constant  # ∇×a = -sin(x) t
    assert not moving.electric_constant
    gauge = Fields(a=["-0.05*y", "0.05*x"])  # the symmetric gauge of b = 0.1
    assert gauge.uniform
    assert gauge.magnetic(0.0).tolist() == [0.0, 0.0, 0.1]
    assert gauge.electric(0.0).tolist() == [0.0, 0.0, 0.0]
    gauge.check(2)
    driven = Fields(a=["0.2*cos(t)"], E=[0.1])
    assert driven.uniform
    assert driven.electric(1.0)[0] == pytest.approx(0.1 + 0.2 * np.sin(1.0))


def test_the_table_returns_the_fields():
    table = {
        "E": ["v*cos(x)"],
        "B": "0.1*y",
        "phi": "v*x",
        "a": [0, "t"],
        "parameters": {"v": 2.0},
    }
    fields = Fields.from_table(table)
    assert Fields.from_table(fields.to_table()) == fields
    assert set(Fields(E=[1], B=0.1).to_table()) == {"E", "B"}
    with pytest.raises(TypeError):
        Fields(E=[{"pulse": "ramp", "amplitude": 1.0, "duration": 1.0}]).to_table()


@pytest.mark.parametrize("axes", [(X,), (Y,), (X, Y), (RING, Y), (X, Y, Z)])
def test_a_uniform_rising_b_brings_its_curl(axes):
    """∇×e = -∂b/∂t on whatever open axes there are, e = 0 at the centre of the sample."""
    fields = Fields(B=[0, 0, "0.1*sin(t)"])
    sample = fields.in_space(axes)
    names = [axis.name for axis in axes]
    r = places(**dict.fromkeys(names, 0.4))
    circulation = curl(sample.electric_at, r, 0.7)
    expected = np.zeros_like(circulation)
    expected[2] = -0.1 * np.cos(0.7)
    np.testing.assert_allclose(circulation, expected, atol=1e-10)
    middle = {axis.name: np.array(0.5 * (axis.edges[0] + axis.edges[-1])) for axis in axes}
    assert np.abs(sample.electric_at(middle, 0.7)).max() == 0.0
    assert not sample.faraday_source
    assert not sample.faraday_rate(0.7).any()
    assert not sample.uniform
    assert not sample.drive_zero
    assert not sample.drive_constant
    assert sample.magnetic_uniform
    fields.check_space(axes, (0.0, 9.0))
    if axes == (X, Y):
        np.testing.assert_allclose(  # -½ ḃ ẑ × (r - r_c), r_c = (1, 0)
            sample.drive_at({"x": 3.0, "y": 0.5}, 0.0), [0.5 * 0.1 * 0.5, -0.5 * 0.1 * 2.0, 0.0]
        )
        moved = fields.in_space(axes, {"x": 3.0, "y": 0.5})
        assert not moved.drive_at({"x": 3.0, "y": 0.5}, 0.0).any()


def test_a_rising_b_in_any_direction():
    fields = Fields(B=["0.1*t", "0.2*t**2", "0.3*t"], E=[0.01, 0, "0.1*z"])
    sample = fields.in_space((X, Y, Z))
    r = places(x=0.5, y=0.3, z=1.1)
    expected = np.broadcast_to(-fields.magnetic_rate(0.7)[:, None, None, None], (3, 3, 4, 5))
    np.testing.assert_allclose(curl(sample.electric_at, r, 0.7), expected, atol=1e-10)
    fields.check_space((X, Y, Z), (0.0, 1.0))
    assert Fields(B="0.1*t").in_space((X, Y)).drive_constant


@pytest.mark.parametrize("axes", [(), (RING,), (RING, LOOP), (Z,)])
def test_a_rising_b_without_room_is_a_source(axes):
    fields = Fields(B="0.1*sin(t)", E=[0.02])
    sample = fields.in_space(axes)
    assert sample.faraday_source
    assert sample.faraday_rate(0.0).tolist() == [0.0, 0.0, 0.1]
    r = places(**{axis.name: 0.4 for axis in axes})
    assert set(np.unique(sample.electric_at(r, 0.7))) == {0.0, 0.02}
    assert sample.uniform
    fields.check_space(axes, (0.0, 9.0))
    assert not Fields(B=0.1).in_space(axes).faraday_source


def test_a_moving_b_that_brings_its_own_field_gets_no_other():
    """E with the right curl, or a, is what the user wants: nothing is added."""
    given = Fields(B="0.1*cos(t)", E=["0.1*sin(t)*(1 - y)"])
    sample = given.in_space((X, Y))
    given.check_space((X, Y), (0.0, 5.0))
    assert not sample.circulation
    assert not sample.faraday_source
    from_a = Fields(a=[0, "0.1*x*cos(t)"]).in_space((X, Y))
    assert not from_a.circulation
    assert from_a.magnetic_at({"x": 1.0, "y": 0.0}, 0.0).tolist() == [0.0, 0.0, 0.1]


IMPOSSIBLE = [
    (
        {"B": "0.01*(1 + 0.2*cos(x))*sin(t)"},
        (RING,),
        "[fields] (∇×e + ∂b/∂t)_z = 0.012 at x = 0, t = 0: Faraday's law is broken; give b "
        "through a vector potential a, which brings its e with it, or give E this curl.",
    ),
    ({"E": [0, "0.1*sin(x)"]}, (RING,), "[fields] (∇×e + ∂b/∂t)_z = 0.1 at x = 0, t = 0:"),
    (
        {"B": "0.1*cos(x - t)", "E": [0, "-0.1*cos(x - t)"]},
        (RING,),
        "[fields] (∇×e + ∂b/∂t)_z = ",
    ),
    (
        {"B": [0, 0, "0.1*z**2"]},
        (Z,),
        "[fields] ∇·b = 0.6 at z = 3, t = 0: there are no magnetic charges; give b through a "
        "vector potential a, or B without this divergence.",
    ),
    (
        {"phi": "0.1*x"},
        (RING,),
        "[fields] phi does not repeat along the periodic axis x: it is 0 at x = 0 and 0.628319 "
        "at x = 6.28319; write it periodic, or give [grid] x open ends.",
    ),
    ({"phi": "(x - pi)**2"}, (RING,), "[fields] e_x does not repeat along the periodic axis x"),
    ({"a": [0, "0.1*x*t"]}, (RING, Y), "[fields] e_y does not repeat along the periodic axis x"),
    ({"B": "exp(-x)"}, (RING,), "[fields] b_z does not repeat along the periodic axis x"),
    ({"phi": "1/(x - 1)"}, (X,), "[fields] phi = '1/(x - 1)': it is not finite at x = 1, t = 0;"),
    ({"phi": "cos(y)"}, (X,), "[fields] phi depends on y: give [grid] an axis y."),
]


@pytest.mark.parametrize(("table", "axes", "sentence"), IMPOSSIBLE)
def test_impossible_fields_are_refused(table, axes, sentence):
    with pytest.raises(InputError) as caught:
        Fields.from_table(table).check_space(axes, (0.0, 10.0))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("table", "axes"),
    [
        ({"B": "0.1*cos(x - t)", "E": [0, "0.1*cos(x - t)"]}, (RING,)),
        ({"E": ["heaviside(x)"], "B": "0.1*heaviside(y)"}, (X, Y)),
        ({"a": [0, "0.1*x"]}, (RING,)),
        ({"phi": "cos(x)*cos(y)*sin(t)"}, (RING, LOOP)),
        ({"B": [0, "sin(x)", "cos(x)"]}, (RING,)),
        ({"B": ["cos(y)", "sin(x)", "0.1*sin(x)*sin(y)"]}, (RING, LOOP)),
    ],
)
def test_possible_fields_pass(table, axes):
    Fields.from_table(table).check_space(axes, (0.0, 10.0))


TOO_FEW = [
    ({"E": ["sin(x)"]}, 2, (), "[fields] E[0] depends on x: give [grid] an axis x."),
    ({"B": "cos(y)"}, 2, (X,), "[fields] B[2] depends on y: give [grid] an axis y."),
    (
        {"phi": "x + y"},
        1,
        (X, Y),
        "[fields] phi = 'x + y': with the momentum axes kx its force along y must be 0; add "
        "momentum axes or take it out.",
    ),
    (
        {"a": [0, 0, "x"]},
        2,
        (X,),
        "[fields] a[2] = 'x': with the momentum axes kx and ky its field along y must be 0; add "
        "momentum axes or take it out.",
    ),
    (
        {"a": [0, "x"]},
        1,
        (X,),
        "[fields] a[1] = 'x': with the momentum axes kx its field along z must be 0; add "
        "momentum axes or take it out.",
    ),
    (
        {"phi": 0.3},
        2,
        (),
        "[fields] phi = '0.3': without grid axes in real space a potential does nothing; take "
        "it out, or write the force as E.",
    ),
]


@pytest.mark.parametrize(("table", "dimensions", "axes", "sentence"), TOO_FEW)
def test_fields_beyond_the_axes_are_refused(table, dimensions, axes, sentence):
    with pytest.raises(InputError) as caught:
        Fields.from_table(table).check(dimensions, axes)
    assert str(caught.value) == sentence


def test_coordinates_may_stand_where_nothing_depends_on_them():
    """A gauge, or an axis along which everything is constant."""
    Fields(a=["-0.1*y", "0.1*x"]).check(2, (X,))
    Fields(phi="x").check(1, (X, Y))
