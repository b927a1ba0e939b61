"""Level `moyal`: order, unitarity, reversibility, drives, fields, ends, restart, refusals."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from kinetic.errors import InputError, PhysicsError
from kinetic.quantum import moyal
from kinetic.quantum.base import QuantumEvolution
from kinetic.simulation import Simulation
from kinetic.stepping import COMPOSITIONS

RING = {"lower": 0.0, "upper": 2 * np.pi, "cells": 20}
TEXTURE = {
    "name": "expression",
    "bounded": True,
    "d0": "0.2*cos(kx) + 0.1*sin(x)",
    "d": [
        "0.5*sin(kx) + 0.3*cos(x)",
        "0.4*cos(kx) + 0.2*sin(x)",
        "1.0 + 0.3*cos(kx) + 0.2*sin(x)",
    ],
}
MOVING = copy.deepcopy(TEXTURE)
MOVING["d"][1] = "0.4*cos(kx + 0.5*sin(t)) + 0.2*sin(x - t)"
CASE = {
    "grid": {"x": RING, "kx": ["-pi", "pi", 18]},
    "hamiltonian": TEXTURE,
    "equation": {"level": "moyal", "hbar": 0.4},
    "initial": {
        "name": "expression",
        "lower": "0.8 + 0.1*cos(x)*sin(kx)",
        "upper": "0.2 + 0.1*sin(x + kx)",
    },
    "time": {"stop": 1.0},
}
PLANE = {
    "grid": {
        "x": {**RING, "cells": 6},
        "y": {**RING, "cells": 8},
        "kx": ["-pi", "pi", 8],
        "ky": ["-pi", "pi", 7],
    },
    "hamiltonian": {**TEXTURE, "d": ["sin(kx) + 0.3*cos(y)", "sin(ky)", "2 + cos(kx) + sin(x)"]},
}
PACKET = {
    "grid": {"x": [-24.0, 24.0, 96], "kx": [-3.0, 3.0, 96]},
    "hamiltonian": {"name": "expression", "d": ["kx", "0", "0.5"]},
    "initial": {
        "name": "wave_packet",
        "position": [-6.0],
        "momentum": [0.9],
        "width": 2.5,
        "band": "upper",
    },
}


def build(*changes, **tables) -> QuantumEvolution:
    """The evolution of CASE with tables exchanged, or entries as 'table.key'."""
    run = copy.deepcopy(CASE)
    for change in (*changes, tables):
        for name, value in change.items():
            place, _, key = name.partition(".")
            if key:
                run.setdefault(place, {})[key] = value
            else:
                run[place] = copy.deepcopy(value)
    return Simulation.from_dict(run).evolution


def follow(evolution, stop=1.0):
    while evolution.time < stop:
        evolution.advance(stop)
    return evolution


# --- the engine ---------------------------------------------------------------------------------


DRIVEN_IN_B = {
    "grid": {"kx": ["-pi", "pi", 20], "ky": ["-pi", "pi", 20]},
    "hamiltonian": {"name": "qwz", "mass": 1.0},
    "fields": {"B": 0.3, "E": ["0.3*cos(2*t)", "0.5*sin(3*t)"]},
    "initial": {"name": "fermi_dirac", "chemical_potential": 0.3, "temperature": 1.0},
    "equation": {"level": "moyal"},
}
CASES = {
    "static": {},
    "moving": {"hamiltonian": MOVING},
    "driven": {"fields": {"E": "0.5*sin(3*t)"}},
    "driven in b": DRIVEN_IN_B,
}


@pytest.mark.parametrize("stepper", COMPOSITIONS)
@pytest.mark.parametrize("case", CASES)
def test_order_of_the_compositions(stepper, case):
    """Three runs with halved steps; the next order changes the ratio by its share, below .4.

    A force or a Hamiltonian taken at the wrong instant gives order one.
    """
    order = COMPOSITIONS[stepper].order
    first = {2: 0.05, 4: 0.2, 6: 0.25}[order]
    coarse, middle, fine = (
        follow(
            build({"time": {"stop": 1.0, "step": first / 2**i, "stepper": stepper}}, CASES[case])
        ).n
        for i in range(3)
    )
    found = np.log2(np.abs(coarse - middle).mean() / np.abs(middle - fine).mean())
    assert abs(found - order) < 0.4, found


def energy(evolution) -> float:
    """Σ Tr Ĥ n̂, exact because the trace of a ⋆ product is that of the plain one."""
    total = 0.0
    for block in evolution.blocks():
        scalar, vector = evolution.hamiltonian(block)
        n = evolution.n[block.valley][:, block.rows]
        total += 2.0 * float(np.sum(scalar * n[0]) + np.sum(vector * n[1:]))
    return total


@pytest.mark.parametrize("case", [{}, PLANE], ids=["1r1k", "2r2k"])
def test_trace_purity_and_energy_are_kept(case):
    """Trace and purity to rounding; energy to that of the split step, h⁶, here 1e-12."""
    run = build(case, {"time.step": 0.004, "time.stop": 0.04})
    trace, purity, held = run.n[:, 0].sum(), np.sum(run.n**2), energy(run)
    follow(run, 0.04)
    assert abs(run.n[:, 0].sum() / trace - 1.0) < 1e-12
    assert abs(np.sum(run.n**2) / purity - 1.0) < 1e-12
    assert abs(energy(run) / held - 1.0) < 1e-12


@pytest.mark.parametrize("model", [TEXTURE, MOVING], ids=["static", "moving"])
def test_time_reversal_returns_the_initial_state(model):
    """The compositions are symmetric: steps of -h undo steps of h, whatever h is."""
    run = build({"time.step": 0.1}, hamiltonian=model)
    start = run.n.copy()
    for n in range(10):
        run._move(run.n, 0.1 * n, 0.1)
    assert np.abs(run.n - start).max() > 0.02
    for n in reversed(range(10)):
        run._move(run.n, 0.1 * (n + 1), -0.1)
    np.testing.assert_allclose(run.n, start, atol=1e-13)


def test_steps_follow_the_tolerance():
    """RMS errors below 1e-10 of the state per radian of Ĥt/ħ, of which there are about 7."""
    exact = follow(build({"time.step": 0.005}))
    own = follow(build())
    apart = np.sqrt(np.mean((own.n - exact.n) ** 2) / np.mean(exact.n**2))
    assert 5.0 < own._radians < 10.0
    assert own.steps < 60
    assert apart < 1e-10 * own._radians


def test_threads_do_not_change_a_bit():
    one, two = (follow(build({"time.step": 0.1, "equation.threads": n})) for n in (1, 2))
    np.testing.assert_array_equal(one.n, two.n)


def test_restart_is_bitwise(tmp_path):
    run = {**copy.deepcopy(CASE), "time": {"stop": 0.5}, "output": {"every": 0.25}}
    run["equation"]["level"] = "moyal"
    whole = copy.deepcopy(run) | {"time": {"stop": 1.0}}
    straight = Simulation.from_dict(whole)
    straight.run()
    Simulation.from_dict(run).integrate(tmp_path / "a.nc")
    resumed = Simulation.resume(tmp_path / "a.nc", ["time.stop=1.0"])
    resumed.integrate()
    again = Simulation.resume(tmp_path / "a.nc")
    assert again.complete
    np.testing.assert_array_equal(resumed.evolution.n, straight.evolution.n)


def test_state_and_restore_continue_bitwise():
    run, other = build(hamiltonian=MOVING), build(hamiltonian=MOVING)
    for _ in range(3):
        run.advance(1.0)
    other.restore(copy.deepcopy(run.state()))
    np.testing.assert_array_equal(follow(run).n, follow(other).n)


# --- fields and ends ----------------------------------------------------------------------------


def test_a_uniform_force_is_that_of_a_linear_potential():
    """e = .05 against φ = -.05 x, for a packet that stays away from the ends."""
    x = {"lower": -24.0, "upper": 24.0, "cells": 96, "boundary": "open"}
    still = {"time": {"stop": 4.0}, "grid": {"x": x, "kx": [-3.0, 3.0, 96]}}
    still["equation.absorber"] = 0.0
    pushed = follow(build(PACKET, still, fields={"E": 0.05}), 4.0)
    fallen = follow(build(PACKET, still, fields={"phi": "-0.05*x"}), 4.0)
    assert np.abs(pushed.n).max() > 0.1
    np.testing.assert_allclose(pushed.n, fallen.n, atol=2e-7)


def test_the_mean_momentum_follows_a_moving_force():
    run = follow(build(PACKET, {"time": {"stop": 6.0}}, fields={"E": "0.05*sin(t)"}), 6.0)
    k = run.system.grid.momentum[0].centres
    weight = run.n[0, 0].sum(axis=0)
    mean = float((k * weight).sum() / weight.sum())
    assert abs(mean - 0.9 - 0.05 * (1.0 - np.cos(6.0))) < 1e-9


def test_open_ends_absorb():
    """A packet leaves: less than 1e-3 comes back from a layer of four wavelengths/2π."""
    grid = {"x": {"lower": -24.0, "upper": 24.0, "cells": 96, "boundary": "open"}}
    run = build(PACKET, {"time": {"stop": 70.0}, "equation.absorber": 0.2})
    assert run.absorber.limit == np.inf
    run = build(
        PACKET,
        {"time": {"stop": 70.0}, "equation.absorber": 0.2},
        {"initial.momentum": [1.5]},
        grid={**grid, "kx": [-3.0, 3.0, 96]},
    )
    follow(run, 70.0)
    assert abs(run.charge() + run.absorbed - run.initial_charge) < 1e-10 * run.initial_charge
    assert abs(run.charge()) < 1e-3 * run.initial_charge


# --- states -------------------------------------------------------------------------------------

HOFSTADTER = {
    "grid": {"kx": ["-pi", "pi", 36], "ky": ["-pi", "pi", 36]},
    "hamiltonian": {"name": "qwz", "mass": 1.0},
    "fields": {"B": 0.1},
    "equation": {"level": "moyal", "preparation": "exact"},
    "initial": {"name": "fermi_dirac", "chemical_potential": -0.4, "temperature": 0.3},
}


def test_the_thermal_state_of_the_operator_is_stationary():
    """[Ĥ, f(Ĥ)] = 0 also where momenta do not commute; steps leave 1e-8 of the state."""
    run = build(HOFSTADTER)
    start = run.n.copy()
    follow(run)
    assert run.steps > 1
    np.testing.assert_allclose(run.n, start, atol=2e-7)


def test_the_thermal_state_is_that_of_a_matrix():
    """Particles and energy of f(Ĥ) against Harper's equation.

    ∫ Tr n̂ and ∫ Tr Ĥ n̂ over the torus are traces; in a field b = 2π/q the bands of a cell of
    q sites give them by quadrature.
    """
    q = 12
    run = build(HOFSTADTER, {"fields": {"B": 2.0 * np.pi / q}})
    cells = run.system.grid.shape[0] * run.system.grid.shape[1]
    density, heat = 2.0 * run.n[0, 0].sum() / cells, energy(run) / cells
    exact_density, exact_heat = harper(q, mu=-0.4, temperature=0.3)
    assert abs(density - exact_density) < 1e-10
    assert abs(heat - exact_heat) < 1e-10


def harper(q: int, mu: float, temperature: float) -> tuple[float, float]:
    """Particles and energy per site of the square lattice, from its matrix in x, b = 2π/q.

    [kx, ky] = ib: e^{ikx} is a step to the next of q sites, at which ky is larger by b.
    """
    x, y, z = (np.array(m) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]))
    count, total, heat = 16, 0.0, 0.0
    for bloch in 2 * np.pi / q * (np.arange(count) + 0.5) / count:
        for ky in 2 * np.pi / q * (np.arange(count) + 0.5) / count:
            h = np.zeros((q, 2, q, 2), dtype=complex)
            for j in range(q):
                k = ky + 2 * np.pi / q * j
                h[j, :, j, :] += np.sin(k) * y + (1.0 - np.cos(k)) * z
                turn = np.exp(1j * bloch)
                hop = (-0.5j * x - 0.5 * z) * turn  # sin kx and -cos kx
                h[(j + 1) % q, :, j, :] += hop
                h[j, :, (j + 1) % q, :] += hop.conj().T
            levels = np.linalg.eigvalsh(h.reshape(2 * q, 2 * q))
            f = 0.5 * (1.0 - np.tanh(0.5 * (levels - mu) / temperature))
            total += f.sum() / q
            heat += (f * levels).sum() / q
    return total / count**2, heat / count**2


def test_a_coherent_start_does_not_tremble():
    """Half a beat πħ/Δ later the coherence is what it was, up to O(ħ); a bare one has doubled."""

    def at_half_beat(preparation):
        run = build({"equation.preparation": preparation, "equation.hbar": 0.02})
        first = build({"equation.hbar": 0.02}).coherence()
        gap = 2.0 * np.mean(
            np.abs(np.linalg.norm(run.hamiltonian(next(run.blocks()))[1], axis=0))
        )
        follow(run, np.pi * 0.02 / gap)
        return np.linalg.norm(run.coherence() - first) / np.linalg.norm(first)

    assert at_half_beat("coherent") < 0.1
    assert 0.8 < at_half_beat("bare") < 1.2


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hamiltonian.d": ["(1 + 0.2*cos(x))*sin(kx)", "0", "1"]}, "as the sum A\\(kx\\) \\+ V"),
        ({"collisions": [{"name": "relaxation_time", "tau": 1.0}]}, "has no collisions"),
        ({"time": {"stop": 1.0, "stepper": "ssprk3"}}, "exact flows"),
        ({"equation.preparation": "exact"}, "fermi_dirac"),
        ({"equation.limiter": "bounds"}, "no meaning in level 'moyal'"),
        ({"grid": {"x": {**RING, "boundary": "specular"}, "kx": ["-pi", "pi", 18]}}, "a wall"),
        ({"fields": {"E": "0.1*sin(x)"}}, "changes in space"),
        ({"hamiltonian.d": ["1", "0.3*sin(kx)", "1 + (1-cos(t))*sin(x)*sin(kx)"]}, "at t = 0.0"),
        ({"equation.dephasing": 3.0}, "every momentum is by itself"),
        ({"equation.hbar": 1e4}, "eigenvalues of n̂ at the start"),
        (
            {"grid": {"x": {**RING, "boundary": "open"}, "kx": ["-pi", "pi", 18]}},
            "layers of 2 cells of x",
        ),
    ],
)
def test_refusals_say_why(changes, words):
    with pytest.raises(InputError, match=words):
        build(changes)


def test_a_sea_at_an_open_cutoff_is_refused():
    with pytest.raises(InputError, match="reaches the ends of kx"):
        build(
            PACKET,
            initial={"name": "fermi_dirac", "chemical_potential": 0.0, "temperature": 0.1},
            fields={"phi": "0.1*sin(2*pi*x/48)"},
        )


def test_an_absorbing_layer_does_not_take_a_filled_sea():
    x = {"lower": -10.0, "upper": 10.0, "cells": 48, "boundary": "open"}
    with pytest.raises(InputError, match="the state fills its ends"):
        build(grid={"x": x, "kx": ["-pi", "pi", 18]})


@pytest.mark.parametrize("changes", [{"equation.hbar": 20.0}, {"time.stop": 1e-9}])
def test_a_run_of_few_radians_takes_few_steps(changes):
    """Below rounding no step is right: the tolerance ends there."""
    run = build({"equation.preparation": "bare", **changes})
    stop = run.stop
    while run.time < stop:
        run.advance(stop)
    assert run.steps < 20


def test_a_step_that_nothing_makes_right_is_refused(monkeypatch):
    """The state stays that of the last step."""
    monkeypatch.setattr(moyal, "_SMALLEST", 0.0)
    monkeypatch.setattr(moyal, "_TOLERANCE", 1e-40)
    run = build()
    start = run.n.copy()
    with pytest.raises(PhysicsError, match="jumps there"):
        follow(run)
    np.testing.assert_array_equal(run.n, start)
    assert run.time == 0.0


def test_other_levels_refuse_what_belongs_to_coherences():
    with pytest.raises(InputError, match="belongs to the levels matrix and moyal"):
        build({"equation": {"level": "dressed", "preparation": "bare"}})


# --- a field in a sample ------------------------------------------------------------------------

STRIP = {
    "grid": {
        "x": {"lower": -13.0, "upper": 13.0, "cells": 48, "boundary": "open"},
        "kx": [-3.8, 3.8, 40],
        "ky": [-3.8, 3.8, 40],
    },
    "hamiltonian": {"name": "expression", "d": ["kx", "ky", "0.6"]},
    "fields": {"B": 0.15, "phi": "0.4*cos(0.4*x)"},
    "equation": {"level": "moyal", "absorber": 0.0, "hbar": 1.0},
    "initial": {
        "name": "spinor_packet",
        "position": [-1.0],
        "momentum": [0.7, 0.3],
        "width": 1.3,
        "momentum_width": [0.55, 0.55],
        "spin": [0.6, 0.0, 0.8],
    },
    "time": {"stop": 2.0, "step": 0.2},
}


def landau_gauge(run, time):
    """ρ(x, t) of STRIP from matrices: H(p_y) = σ_x p̂ + σ_y (p_y − b x̂) + .6 σ_z + φ(x̂).

    Nothing depends on y: p_y = k_y + b x is conserved, and n̂(x, k_x, k_y) is at fixed p_y the
    Weyl symbol of an operator in x alone.
    """
    axis = run.system.grid.space[0]
    x, ky = axis.centres, run.system.grid.momentum[1]
    b, count = 0.15, axis.cells
    waves = 2 * np.pi * np.fft.fftfreq(count, axis.widths[0])
    waves[count // 2] = 0.0
    turn = np.fft.fft(np.eye(count), axis=0, norm="ortho")
    momentum = turn.conj().T @ (waves[:, None] * turn)
    s_x, s_y, s_z = (
        np.array(m) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
    )
    step = ky.widths[0]
    reach = 3.8 + b * 13.0
    spin = 0.5 * (np.eye(2) + 0.6 * s_x + 0.8 * s_z)
    middle = 0.5 * (x[:, None] + x[None, :])
    apart = x[:, None] - x[None, :]
    density = np.zeros(count)
    for p_y in np.arange(-reach, reach + step, 2.0 * step):
        weight = np.exp(-0.5 * ((p_y - b * middle - 0.3) / 0.55) ** 2)
        weight = weight * np.exp(-0.5 * ((middle + 1.0) / 1.3) ** 2)
        # ∫dk_x e^{ik(x−x')} of the packet
        weight = weight * np.exp(0.7j * apart - 0.5 * (0.55 * apart) ** 2)
        if np.abs(weight).max() < 1e-12:
            continue
        operator = np.kron(weight, spin)
        h = np.kron(momentum, s_x) + np.kron(np.diag(p_y - b * x), s_y)
        h = h + np.kron(np.eye(count), 0.6 * s_z)
        h = h + np.kron(np.diag(0.4 * np.cos(0.4 * x)), np.eye(2))
        levels, states = np.linalg.eigh(h)
        inside = states.conj().T @ operator @ states
        inside = inside * np.exp(-1j * time * (levels[:, None] - levels[None, :]))
        moved = states @ inside @ states.conj().T
        density += np.real(np.diag(moved)).reshape(count, 2).sum(axis=1) * 2.0 * step
    return density * np.sqrt(2 * np.pi) * 0.55


def test_a_field_in_a_sample_is_that_of_landau_gauge():
    """1r×2k in b: density after t = 2 against matrices in x; packets 7 widths from the ends."""
    run = follow(build(STRIP), 2.0)
    k = run.system.grid.momentum
    density = 2.0 * run.n[0, 0].sum(axis=(1, 2)) * k[0].widths[0] * k[1].widths[0]
    exact = landau_gauge(run, 2.0)
    start = 2.0 * build(STRIP).n[0, 0].sum(axis=(1, 2)) * k[0].widths[0] * k[1].widths[0]
    assert np.abs(density - start).max() > 0.1 * start.max()
    np.testing.assert_allclose(density, exact, atol=1e-6 * exact.max())
