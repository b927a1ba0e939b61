"""What runs with coherences say of themselves, and their currents while they move."""

import numpy as np
import pytest

from kinetic import plotting, reporting
from kinetic.simulation import Simulation
from kinetic.study import observe

PI = np.pi
CHAIN = {
    "grid": {"x": [0.0, 2 * PI, 24], "kx": [-PI, PI, 24]},
    "hamiltonian": {
        "name": "expression",
        "d": ["sin(kx)", "0.3*cos(2*kx) + 0.2*sin(x)", "1.3 - cos(kx)"],
        "d0": "0.4*cos(kx) + 0.2*cos(x)",
        "bounded": True,
    },
    "equation": {"level": "moyal", "hbar": 0.3, "threads": 1},
    "initial": {"name": "expression", "lower": "0.5 + 0.3*cos(kx)*cos(x)", "upper": "0.2"},
    "time": {"stop": 0.4, "stepper": "split6"},
    "output": {"every": 0.1},
}
PLANE = {
    **CHAIN,
    "grid": {a: [0.0, 2 * PI, 8] for a in "xy"} | {f"k{a}": [-PI, PI, 8] for a in "xy"},
    "hamiltonian": {
        "name": "expression",
        "d": ["sin(kx)", "sin(ky) + 0.3*cos(x + y)", "2.5 - cos(kx) - cos(ky + 0.4)"],
        "d0": "0.3*cos(kx + ky) + 0.2*cos(x)",
        "bounded": True,
    },
    "initial": {
        "name": "expression",
        "lower": "0.5 + 0.2*cos(kx)*cos(x) + 0.1*sin(ky)*cos(y)",
        "upper": "0.1 + 0.1*sin(kx + y)",
    },
}


def run(tables, **changes):
    return Simulation.from_dict({**tables, **changes})


def spectral(values, axis, length):
    """∂/∂x of what has no mode at the edge of the band."""
    count = values.shape[axis]
    waves = 2j * PI * np.fft.fftfreq(count, length / count)
    waves[count // 2] = 0.0
    shape = [1] * values.ndim
    shape[axis] = count
    return np.fft.ifft(np.fft.fft(values, axis=axis) * waves.reshape(shape), axis=axis).real


@pytest.mark.parametrize(
    ("tables", "level"), [(CHAIN, "moyal"), (PLANE, "moyal"), (CHAIN, "matrix")]
)
def test_densities_change_as_the_current_says(tables, level):
    """∂ₜρ + ∂·j = 0 of the moving state.

    Five densities give ∂ₜρ to h⁴/30 of its fourth derivative, 1e-11, and a rounding over h, 1e-12
    of a rate of 1e-3; without the current beyond the local one 4e-3 of the rate is missing.
    """
    equation = {**tables["equation"], "level": level}
    time = {"stop": 0.4} if level == "matrix" else tables["time"]
    evolution = run(tables, equation=equation, time=time).evolution
    length, h = 2 * PI, 2e-3
    found = {}
    for count in range(5):
        while evolution.time < count * h:
            evolution.advance(count * h)
        found[count] = observe(evolution, "density")["density"]
        if count == 2:
            current = observe(evolution, "current")["current"]
    rate = (8.0 * (found[3] - found[1]) - (found[4] - found[0])) / (12.0 * h)
    outflow = sum(spectral(current[axis], axis, length) for axis in range(rate.ndim))
    assert np.abs(rate).max() > 1e-3
    assert np.abs(rate + outflow).max() < 1e-8 * np.abs(rate).max()


@pytest.mark.parametrize("tables", [CHAIN, PLANE])
def test_a_run_keeps_its_energy_and_purity_and_says_so(tables):
    simulation = run(tables)
    text = reporting.describe(simulation.evolution)
    assert "level moyal" in text
    assert "Ĥ = A(kx" in text
    assert "exact flows of order 6" in text
    result = simulation.run(progress=False)
    assert np.ptp(result["purity"].values) < 1e-12
    energy = result["energy"].sum(("x", "y")[: len(tables["grid"]) // 2])
    assert np.ptp(energy.values) < 1e-7 * float(abs(energy[0]))
    rows = dict(reporting.summary(simulation.evolution))
    assert abs(float(rows["change of the charge"])) < 1e-11
    assert abs(float(rows["change of the energy"])) < 1e-8
    assert "absorbed at the ends" not in rows
    assert "pauli" not in result.coords


def test_a_resumed_run_records_the_same(tmp_path):
    time = {"stop": 0.4, "stepper": "split4", "step": 0.05}
    output = {"every": 0.1, "checkpoint_every": 0.0, "keep_checkpoint": True}
    tables = {**CHAIN, "time": time, "output": output}
    whole = run(tables).run(tmp_path / "whole.nc", progress=False).load()
    first = {**tables, "time": {**time, "stop": 0.2}}
    run(first).run(tmp_path / "part.nc", progress=False).close()
    second = Simulation.resume(tmp_path / "part.nc", ["time.stop=0.4"])
    part = second.run(progress=False).load()
    assert float(dict(reporting.summary(second.evolution))["change of the energy"]) != 0.0
    for name in whole.data_vars:
        np.testing.assert_array_equal(part[name], whole[name])


def test_a_pulse_on_a_lattice_band_is_drawn(tmp_path):
    """Homogeneous: current by intraband and interband parts, spectrum, maps of the coherence."""
    tables = {
        "grid": {"kx": [-PI, PI, 16], "ky": [-PI, PI, 16]},
        "hamiltonian": {"name": "qwz", "mass": 1.0},
        "fields": {"E": ["0.3*sin(t)*exp(-((t - 8)/3)**2)", 0.0, 0.0]},
        "equation": {"level": "moyal", "threads": 1},
        "initial": {"name": "fermi_dirac", "chemical_potential": 0.0, "temperature": 0.2},
        "time": {"stop": 16.0},
        "output": {
            "every": 0.5,
            "snapshots": {"every": 8.0, "variables": ["occupation", "coherence_vector"]},
        },
    }
    path = tmp_path / "pulse.nc"
    result = run(tables).run(path, progress=False)
    parts = result["current_intraband"] + result["current_interband"]
    np.testing.assert_allclose(parts, result["current"], atol=1e-15)
    result.close()
    for what in ("spectrum", "coherence_vector"):
        assert plotting.plot(path, what).stat().st_size > 5000
