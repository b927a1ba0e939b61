"""Every run file is executed; those with a sentence of physics are held to it."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray

from kinetic.cli import main
from kinetic.equation import COHERENT
from kinetic.registry import known

ROOT = Path(__file__).parent.parent
RUNS = sorted((ROOT / "runs").glob("*.toml"))
SHARE = {"weyl_chiral_anomaly": 0.01}  # of a run that the quick test makes; a tenth of the others


def execute(path, tmp_path, *overrides):
    """The result of a run file by way of the command line."""
    out = tmp_path / f"{path.stem}.nc"
    options = [part for assignment in overrides for part in ("--set", assignment)]
    code = main(["run", str(path), "-o", str(out), "--quiet", "--no-figure", *options])
    assert code == 0
    with xarray.open_dataset(out) as dataset:
        return dataset.load()


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_run_file_runs(path, tmp_path, capsys):
    """Exit code 0, a result that xarray reads as it is, a ledger that closes."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    start, stop = table["time"].get("start", 0.0), table["time"]["stop"]
    span = (stop - start) * SHARE.get(path.stem, 0.1)
    overrides = [f"time.stop={start + span}", f"output.every={span / 4}"]
    if "snapshots" in table["output"]:
        overrides.append(f"output.snapshots.every={span}")
    data = execute(path, tmp_path, *overrides)
    assert capsys.readouterr().out == ""
    assert data.sizes["time"] == 5
    assert data.attrs["title"] == table["title"]
    assert all(np.all(np.isfinite(data[name])) for name in data.data_vars)
    if table.get("equation", {}).get("level") not in COHERENT:
        assert np.all(np.abs(data.ledger_residual) <= 1e-14 * data.ledger_scale)
    for name, variable in data.data_vars.items():
        if "time" in variable.dims:
            assert {"units", "long_name"} <= set(variable.attrs), name


def test_every_run_file_tells_its_physics():
    """Two to four lines of prose before the first key."""
    for path in RUNS:
        lines = path.read_text(encoding="utf-8").splitlines()
        prose = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
        assert 2 <= len(prose) <= 4, path.name
        assert max(map(len, lines)) <= 140, path.name


def test_every_hamiltonian_has_a_run_file():
    from kinetic.assembly import load
    from kinetic.hamiltonians.base import Hamiltonian

    load("hamiltonians")
    named = {tomllib.loads(p.read_text(encoding="utf-8"))["hamiltonian"]["name"] for p in RUNS}
    ours = known(Hamiltonian).items()
    # A table is a file of its own; `test_space_invariance` makes one and runs it.
    named.add("tabulated")
    assert named == {name for name, cls in ours if cls.__module__.startswith("kinetic.")}


def test_show_describes_every_run_file(capsys):
    """Equation and sizes in Unicode, without running."""
    for path in RUNS:
        if path.stem not in SHARE:
            assert main(["show", str(path)]) == 0
            assert "∂ₜ" in capsys.readouterr().out


# --- what the comments say, at full length -------------------------------------------------


def full(name, tmp_path):
    return execute(ROOT / "runs" / f"{name}.toml", tmp_path)


@pytest.mark.slow
def test_rice_mele_transports_one_particle_per_cycle(tmp_path):
    data = full("rice_mele_pump", tmp_path)
    moved = np.trapezoid(data.current.values[:, 0], data.time.values)
    assert abs(moved) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.slow
def test_damped_bloch_oscillations_end_in_the_esaki_tsu_current(tmp_path):
    data = full("esaki_tsu", tmp_path)
    k = np.linspace(-np.pi, np.pi, 2000, endpoint=False)
    f = 1.0 / (1.0 + np.exp((-2.0 - 0.5 * np.cos(k) + 2.2) / 0.1))
    angle = 0.5 * 5.0
    expected = 0.5 * np.mean(f * np.cos(k)) * angle / (1.0 + angle**2)
    assert data.current.values[-1, 0] == pytest.approx(expected, rel=1e-4)
    assert data.current.values.max() > 2.0 * expected  # it has oscillated before


@pytest.mark.slow
def test_drifting_sea_comes_to_rest_with_its_relaxation_time(tmp_path):
    data = full("expression_drift", tmp_path)
    current = data.current.values[:, :2]
    expected = current[0] * np.exp(-data.time.values / 4.0)[:, None]
    assert np.abs(current - expected).max() <= 1e-3 * np.abs(current).max()


@pytest.mark.slow
def test_haldane_current_is_quantised(tmp_path):
    data = full("haldane_hall", tmp_path)
    field = 0.02 * math.tanh(0.3 * 15.0)
    assert abs(data.current.values[-1, 1]) == pytest.approx(field / (2 * np.pi), rel=1e-8)
    assert abs(data.current.values[-1, 0]) <= 1e-10


@pytest.mark.slow
def test_density_of_a_chern_insulator_follows_b(tmp_path):
    data = full("qwz_streda", tmp_path)
    b = 0.02 * np.sin(0.3 * data.time.values) ** 2
    assert np.abs(data.density.values - data.density.values[0] - b / (2 * np.pi)).max() <= 1e-7


@pytest.mark.slow
def test_dirac_cone_answers_a_ramped_field_by_streda(tmp_path):
    data = full("massive_dirac_streda", tmp_path)
    change = data.density.values[-1] - data.density.values[0]
    assert change == pytest.approx(0.05 * float(data.streda[0, 2]), rel=1e-3)
    assert change == pytest.approx(float(data.faraday_inflow[-1]), rel=1e-9)


@pytest.mark.slow
def test_valley_imbalance_saturates(tmp_path):
    data = full("weyl_pair_saturation", tmp_path)
    grown = data.valley_density.values[-1] - data.valley_density.values[0]
    expected = 4.0 * 1e-4 / (4.0 * np.pi**2) * (1.0 - math.exp(-20.0 / 4.0))
    assert grown == pytest.approx([expected, -expected], rel=1e-4)


@pytest.mark.slow
def test_double_node_pumps_twice(tmp_path):
    data = full("double_weyl", tmp_path)
    pumped = data.density.values[-1] - data.density.values[0]
    assert pumped == pytest.approx(2 * 10.0 * 2e-5 / (4 * np.pi**2), rel=1e-8)


@pytest.mark.slow
def test_graphene_pulse_leaves_a_hall_current_of_the_doping_difference(tmp_path):
    data = full("graphene_pulse", tmp_path)
    along, across = np.abs(data.current.values).max(axis=0)[:2]
    assert 1e-3 * along < across < 0.5 * along


@pytest.mark.slow
def test_graphene_emits_at_multiples_of_the_frequency(tmp_path):
    """Odd multiples stand out by ten times and more, even ones by less, up to the fifth."""
    data = full("graphene_harmonics", tmp_path)
    time = data.time.values
    rate = np.gradient(data.current.values[:, 0], time) * np.blackman(len(time))
    emitted = np.abs(np.fft.rfft(rate))
    multiple = 2 * np.pi * np.fft.rfftfreq(len(time), time[1] - time[0]) / 0.25
    on, between = (np.interp(np.arange(1.0, 6.0) + x, multiple, emitted) for x in (0.0, 0.5))
    assert np.all(on > 2.5 * between)
    assert np.all(on[::2] > 10.0 * between[::2])
    parts = [
        np.gradient(data[f"current_{n}"].values[:, 0], time) for n in ("intraband", "interband")
    ]
    inside, across = (np.abs(np.fft.rfft(p * np.blackman(len(time)))) for p in parts)
    beyond = (multiple > 6.0) & (multiple < 12.0)
    assert across[beyond].sum() > 3.0 * inside[beyond].sum()


@pytest.mark.slow
def test_hall_current_of_a_parabola_is_turned_by_its_cyclotron_angle(tmp_path):
    """tan θ = ω_c τ = 0.8 to the tolerance 1e-5 of the steady state and the grid's T/v h = 1."""
    data = full("hall", tmp_path)
    assert data.attrs["stopped"].startswith("steady at t = ")
    along, across = data.current.values[-1, :2]
    assert across / along == pytest.approx(-0.8, rel=1e-4)


@pytest.mark.slow
def test_drude_current_follows_its_field_with_the_phase_of_a_relaxation_time(tmp_path):
    """j_x ∝ cos(ωt - φ), tan φ = ωτ = 2, over the last period; the Hall current is in phase."""
    data = full("drude", tmp_path)
    late = data.time.values > 50.0 - 4.0 * np.pi
    phases = np.column_stack([np.cos(0.5 * data.time.values), np.sin(0.5 * data.time.values)])
    (cosine, sine), *_ = np.linalg.lstsq(phases[late], data.current.values[late, 0], rcond=None)
    assert sine / cosine == pytest.approx(2.0, rel=1e-3)
    (cosine, sine), *_ = np.linalg.lstsq(phases[late], data.current.values[late, 1], rcond=None)
    assert abs(sine / cosine) <= 1e-3
