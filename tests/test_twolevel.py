"""Driven two-level systems at every momentum: exponentials, orders, windows, reversal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.spatial.transform import Rotation

from kinetic.errors import InputError
from kinetic.kernels.twolevel import SMALL, relax, turn
from kinetic.quantum.comoving import polynomial_weights
from kinetic.quantum.pieces import Pieces
from kinetic.quantum.twolevel import ORDERS, TwoLevel
from kinetic.simulation import Simulation
from kinetic.study import advance

TURN = 2.0 * np.pi
PULSE = ["0.5*exp(-((t - 4)/2)**2)*cos(1.5*t)", "0.3*exp(-((t - 4)/2)**2)*sin(1.1*t)"]
RUN = {
    "grid": {"kx": ["-pi", "pi", 7], "ky": ["-pi", "pi", 5]},
    "hamiltonian": {"name": "qwz", "mass": 1.2},
    "fields": {"E": PULSE},
    "equation": {"level": "moyal"},
    "initial": {"name": "fermi_dirac", "chemical_potential": 0.2, "temperature": 0.2},
    "time": {"stop": 8.0},
}


def evolution(changes=None):
    run = {name: dict(table) for name, table in RUN.items()}
    for name, value in (changes or {}).items():
        table, _, key = name.partition(".")
        run[table] = {**run[table], key: value} if key else value
    return Simulation.from_dict(run).evolution


def finished(changes=None):
    found = evolution(changes)
    return advance(found, found.stop)


def integrated(evolution, dephasing=None):
    """The vectors of all K of the first valley at the stop, by DOP853."""
    model, hbar = evolution.system.hamiltonian, evolution.hbar
    n = evolution.vector
    valleys, shape = len(n), n.shape[2:]
    k = [np.broadcast_to(each, shape) for each in evolution.carried()[0]]
    count = len(k)

    def rate(t, state):
        vectors = state[count:].reshape(n.shape)
        moved = [each + shift for each, shift in zip(k, state, strict=False)]
        d = np.array([model.values(v, moved, t)[1] for v in range(valleys)])
        change = 2.0 / hbar * np.cross(d, vectors, axis=1)
        if dephasing:
            m = d / np.linalg.norm(d, axis=1, keepdims=True)
            along = np.sum(m * vectors, axis=1, keepdims=True)
            change -= (vectors - m * along) / dephasing
        e = evolution.fields.electric_at({}, float(t))[:count]
        return np.concatenate([e, change.ravel()])

    first = np.concatenate([np.zeros(count), n.ravel()])
    span = (evolution.start, evolution.stop)
    found = solve_ivp(rate, span, first, "DOP853", [span[1]], rtol=1e-12, atol=1e-14)
    return found.y[count:, -1].reshape(n.shape)


# --- exponentials ---------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["turn", "relax"])
def test_constant_rates_make_a_rotation(kernel):
    """By any angle, small ones too; a rotation by 0 changes nothing."""
    random = np.random.default_rng(3)
    vectors, axes = random.normal(size=(2, 3, 700))
    axes *= np.append(np.logspace(-9, 3 if kernel == "turn" else 1, 699), 0.0)
    n, worst = vectors.copy(), np.zeros((2, 700))
    rates = np.repeat(axes[:, None], 3, axis=1)
    if kernel == "turn":
        turn(n, rates, 1.0, 1.0, 1.0, *worst)
    else:
        relax(n, rates, 1.0, 1.0, 1.0, *worst, 0.0, 60, np.empty((12, SMALL)))
    exact = Rotation.from_rotvec(axes.T).apply(vectors.T).T
    angle = np.linalg.norm(axes, axis=0)
    assert np.all(np.abs(n - exact) <= 2e-14 + 1e-15 * angle)
    assert np.array_equal(n[:, -1], vectors[:, -1])
    assert not np.any(worst)


def test_dephasing_decays_what_is_across():
    """Static d: n along m stays, n across it turns and falls by exp(-t/T₂), in one step."""
    axis, vector, rate, h = np.array([0.3, -0.4, 1.2]), np.array([0.2, 0.5, -0.1]), 0.7, 2.0
    n = vector[:, None].copy()
    rates, room = np.repeat(axis[:, None, None], 3, axis=1), np.empty((12, SMALL))
    relax(n, rates, h, 1.0, 1.0, *np.zeros((2, 1)), rate, 8, room)
    m = axis / np.linalg.norm(axis)
    along = m * (m @ vector)
    across = Rotation.from_rotvec(h * axis).apply(vector - along)
    assert n[:, 0] == pytest.approx(along + np.exp(-rate * h) * across, abs=1e-15)


@pytest.mark.parametrize("dephasing", [None, 3.0])
@pytest.mark.parametrize("stepper", ORDERS)
def test_stepper_has_its_order(stepper, dephasing):
    changes = {"time.stepper": stepper, "equation.dephasing": dephasing}
    exact, errors = integrated(evolution(changes), dephasing), []
    for step in (0.2, 0.1):
        run = finished({**changes, "time.step": step})
        errors.append(float(np.abs(run.vector - exact).max()))
    order = ORDERS[stepper]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"equation.dephasing": 2.0},
        {"equation.hbar": 0.4, "time.stop": 5.0},
        {"hamiltonian.mass": "1.2 + 0.5*sin(2*t)", "fields.E": [0.3, 0], "time.stop": 3.0},
        {
            "hamiltonian": {"name": "graphene_gapped", "mass": 0.3, "haldane_mass": 0.1},
            "grid": {"kx": [-1.0, 1.0, 5], "ky": [-1.0, 1.0, 4]},
            "time.stop": 6.0,
        },
        {"fields.E": ["0.6*heaviside(t - 1.3)", "-0.2"], "time.stop": 3.0},
        {"time.stepper": "split4", "time.stop": 5.0},
    ],
    ids=["pulse", "dephasing", "hbar", "moving band", "valleys", "jump", "fourth order"],
)
def test_steps_are_short_enough_by_themselves(changes):
    """Tolerance: 1e-12 per radian, at most 150 of them, and as much of the integrator.

    Its own error at the jump is kept small by its step control too.
    """
    start = evolution(changes)
    exact = integrated(start, start.system.equation.dephasing)
    run = finished(changes)
    assert np.abs(run.vector - exact).max() < 4e-10
    assert run.steps > 20


def test_a_static_band_takes_long_steps():
    run = evolution({"fields.E": [0, 0], "time.stop": 1e3, "equation.preparation": "bare"})
    before = run.wigner()
    run.vector[:] = np.random.default_rng(1).normal(size=run.vector.shape)
    while run.time < 1e3:
        run.advance(1e3)
    assert run.steps < 150
    run = evolution({"fields.E": [0, 0], "time.stop": 1e3})
    advance(run, 1e3)
    assert np.abs(run.wigner() - before).max() < 1e-14  # a Fermi function rests


def test_a_short_kick_after_a_long_rest_is_not_overlooked():
    """The step could grow without end before; a kick shifts momenta faster than they precess."""
    kick = "4*exp(-((t - 60)/0.05)**2)"
    run = finished({"fields.E": [kick, 0], "time.stop": 70.0})
    moved = 4 * 0.05 * np.sqrt(np.pi)
    assert run.comoving.shifts(70.0) == pytest.approx([moved, 0.0], abs=1e-13)
    exact = finished({"fields.E": [kick, 0], "time.stop": 70.0, "time.step": 0.005})
    assert np.abs(run.vector - exact.vector).max() < 2e-10


# --- what is kept -----------------------------------------------------------------------------


def test_trace_and_length_are_kept():
    run = evolution()
    before = run.wigner()[0, 0].copy(), np.linalg.norm(run.vector, axis=1)
    advance(run, 8.0)
    assert run.steps > 100
    assert np.array_equal(run.constant[0], before[0])
    assert np.abs(np.linalg.norm(run.vector, axis=1) - before[1]).max() < 1e-13
    assert abs(run.charge_change()) < 1e-15


def test_time_reversal_returns_the_initial_state():
    """Backwards the Hamiltonian and the field change sign; grid values are handed over."""
    grid = {"kx": ["-pi", "pi", 64], "ky": ["-pi", "pi", 64]}
    model = {
        "name": "expression",
        "d": ["sin(kx)", "sin(ky)", "3.2 - cos(kx) - cos(ky)"],
        "bounded": True,
    }
    common = {"grid": grid, "time.stop": 3.0, "initial.temperature": 0.6}
    forward = evolution({**common, "hamiltonian": model, "fields.E": ["0.5*cos(2*t)", "0.2*t"]})
    before = forward.wigner()
    advance(forward, 3.0)
    assert np.abs(forward.wigner() - before).max() > 0.1
    turned = {**model, "d": [f"-({each})" for each in model["d"]]}
    field = ["-0.5*cos(2*(3 - t))", "-0.2*(3 - t)"]
    backward = evolution({**common, "hamiltonian": turned, "fields.E": field})
    backward.constant[...] = forward.wigner()[:, 0]
    backward.vector[...] = forward.wigner()[:, 1:]
    advance(backward, 3.0)
    assert np.abs(backward.wigner() - before).max() < 1e-10


@pytest.mark.parametrize("bands", ["zone", "window"])
def test_restart_is_bitwise(bands):
    changes = {"time.stop": 4.0}
    if bands == "window":
        changes["hamiltonian"] = {"name": "massive_dirac", "mass": "0.5 + 0.1*sin(t)"}
        changes["grid"] = {"kx": [-1.0, 1.0, 9], "ky": [-1.0, 1.0, 8]}
    whole = advance(advance(evolution(changes), 1.7), 4.0)
    first = advance(evolution(changes), 1.7)
    second = evolution(changes)
    second.restore({name: np.array(value) for name, value in first.state().items()})
    advance(second, 4.0)
    for name, value in whole.state().items():
        assert np.array_equal(value, second.state()[name]), name
    assert np.array_equal(whole.wigner(), second.wigner())


def test_the_stop_changes_no_bit_of_a_zone():
    early, late = evolution({"time.stop": 4.0}), evolution({"time.stop": 9.0})
    advance(early, 4.0)
    advance(late, 4.0)
    assert np.array_equal(early.vector, late.vector)


def test_workers_change_no_bit():
    changes = {"grid": {"kx": ["-pi", "pi", 90], "ky": ["-pi", "pi", 120]}, "time.stop": 0.5}
    one, two = (finished({**changes, "equation.threads": n}) for n in (1, 2))
    assert len(one._tasks) > 2
    assert np.array_equal(one.vector, two.vector)


# --- windows ------------------------------------------------------------------------------------


def test_open_window_lets_states_in():
    """A band that does not precess: f moves rigidly, f(k, t) = f(k - ∫e dt, 0)."""
    run = evolution(
        {
            "grid": {"kx": [-2.0, 2.0, 60], "ky": [-1.0, 1.0, 31]},
            "hamiltonian": {"name": "expression", "d": ["0", "0", "3"]},
            "fields.E": ["1.2*cos(t)", "-0.3"],
            "initial": {
                "name": "expression",
                "lower": "exp(-kx**2 - ky**2)",
                "upper": "0.5 + 0.1*sin(2*kx)*cos(ky)",
            },
            "equation.preparation": "bare",
            "time.stop": 3.5,
        }
    )
    kx, ky = np.meshgrid(*(a.centres for a in run.system.grid.momentum), indexing="ij")
    for time in (0.9, 2.0, 3.5):
        advance(run, time)
        x, y = kx - 1.2 * np.sin(time), ky + 0.3 * time
        n = run.projections()[0]
        assert np.abs(n[0] - np.exp(-(x**2) - y**2)).max() < 1e-13
        assert np.abs(n[1] - 0.5 - 0.1 * np.sin(2 * x) * np.cos(y)).max() < 1e-13
    rows, columns = run.comoving.lattice.shape
    assert rows == 60 + 2 * 8 + 19 + 7  # from 1.2 sin 3.5 = -0.42 to 1.2, and a little
    assert columns == 31 + 2 * 8 + 17 + 1


def test_zone_is_read_by_modes():
    """A whole zone in cells that a shift does not hit: exact for a band-limited state."""
    run = evolution(
        {
            "grid": {"kx": ["-pi", "pi", 12]},
            "hamiltonian": {"name": "expression", "d": ["0", "0", "2"], "bounded": True},
            "fields.E": ["0.7*t"],
            "initial": {
                "name": "expression",
                "lower": "0.5 + 0.3*cos(kx) + 0.1*sin(4*kx)",
                "upper": "0.5",
            },
            "time.stop": 2.0,
        }
    )
    advance(run, 2.0)
    x = run.system.grid.momentum[0].centres - 0.35 * 2.0**2
    expected = 0.5 + 0.3 * np.cos(x) + 0.1 * np.sin(4 * x)
    assert np.abs(run.projections()[0, 0] - expected).max() < 1e-14
    held = run.carried()
    assert np.cos(held[0][0]) == pytest.approx(np.cos(x + 2 * 0.35 * 2.0**2), abs=1e-13)


def test_polynomials_are_exact_through_their_degree():
    places = np.arange(16) - 7.0
    for share in (0.0, 0.3, 0.999):
        weights = polynomial_weights(share)
        powers = [np.sum(weights * (places / 8.0) ** p) - (share / 8.0) ** p for p in range(16)]
        assert np.abs(powers).max() < 1e-13


def test_pieces_follow_and_integrate():
    """A burst after silence, a jump, and a start that does not depend on the end."""

    def drive(times):
        burst = np.exp(-(((times - 20.0) / 0.2) ** 2)) * np.cos(9.0 * times)
        return np.array([np.sin(times) + burst, np.heaviside(times - 5.3, 1.0)])

    pieces = Pieces(drive, 0.0, 5.0, 40.0)
    later = pieces.integral(np.array([30.0, 40.0]))
    moved = 0.2 * np.sqrt(np.pi) * np.exp(-((0.2 * 9.0 / 2) ** 2)) * np.cos(180.0)
    assert later[0] == pytest.approx(1.0 - np.cos([30.0, 40.0]) + moved, abs=2e-13)
    assert later[1] == pytest.approx([24.7, 34.7], abs=1e-8)
    assert pieces.shortest(19.0, 21.0) < 1.0
    other = Pieces(drive, 0.0, 5.0, 12.0)
    times = np.linspace(0.0, 12.0, 41)
    assert np.array_equal(other.integral(times), pieces.integral(times))


# --- refusals -----------------------------------------------------------------------------------


def test_homogeneous_runs_without_b_come_here():
    assert type(evolution()) is TwoLevel
    with_b = {"fields": {"E": [0, 0], "B": 0.1}}
    assert not isinstance(evolution(with_b), TwoLevel)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time.stepper": "ssprk3"}, "split6"),
        ({"collisions": [{"name": "relaxation_time", "tau": 3.0}]}, "collisions"),
        (
            {
                "grid": {"kx": {"lower": -1, "upper": 1, "cells": 9, "focus": 0, "strength": 2}},
                "hamiltonian": {"name": "expression", "d": ["1", "0", "kx"]},
                "fields.E": [0.1],
            },
            "equal cells",
        ),
        (
            {
                "grid": {"kx": [-1, 1, 200], "ky": [-1, 1, 200]},
                "hamiltonian": {"name": "massive_dirac"},
                "fields.E": [0.5, 0.5],
                "time.stop": 1e4,
            },
            "lower E",
        ),
        (
            {
                "equation.preparation": "exact",
                "initial": {"name": "expression", "lower": "1", "upper": "0"},
            },
            "fermi_dirac",
        ),
    ],
    ids=["stepper", "collisions", "graded", "far", "exact"],
)
def test_refusals_say_what_to_do(changes, words):
    with pytest.raises(InputError, match=words):
        evolution(changes)


def test_ends_must_be_known_where_states_come_in():
    system = evolution({"time.stop": 2.0}).system
    with pytest.raises(InputError, match="give its end"):
        TwoLevel(system)
    opened = evolution(
        {
            "grid": {"kx": [-1.0, 1.0, 9], "ky": [-1.0, 1.0, 8]},
            "hamiltonian": {"name": "massive_dirac"},
            "fields.E": [0.1, 0],
        }
    )
    with pytest.raises(InputError, match="give the end of the run"):
        TwoLevel(opened.system)
    state = advance(opened, 1.0).state()
    longer = TwoLevel(opened.system, stop=30.0)
    with pytest.raises(InputError, match="begin anew"):
        longer.restore(state)


def test_exact_preparation_is_the_fermi_function_of_the_matrix():
    """Without e a Fermi function has no coherence: both preparations agree and rest."""
    static = {"fields.E": [0, 0]}
    exact = evolution({**static, "equation.preparation": "exact"})
    assert np.array_equal(exact.wigner(), evolution(static).wigner())
    d = exact.system.hamiltonian.values(0, exact.carried()[0], 0.0)[1]
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    values, vectors = np.linalg.eigh(np.einsum("cij,cab->ijab", d, pauli))
    f = 1.0 / (1.0 + np.exp((values - 0.2) / 0.2))
    matrix = np.einsum("ijas,ijs,ijbs->ijab", vectors, f, vectors.conj())
    expected = 0.5 * np.einsum("cba,ijab->cij", pauli, matrix).real
    assert np.abs(exact.wigner()[0, 1:] - expected).max() < 1e-15
