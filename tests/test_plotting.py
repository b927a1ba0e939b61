"""Figures: every kind from fabricated results, and sentences for what cannot be drawn."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray
from matplotlib import rc_context

from kinetic import plotting
from kinetic.errors import InputError, OutputError
from kinetic.plotting import page
from kinetic.plotting.content import Content, in_si
from kinetic.plotting.drive import driven, peak
from kinetic.plotting.maps import Snapshots
from kinetic.plotting.rounding import settled
from kinetic.plotting.spectrum import even, labelled_harmonics, power
from kinetic.plotting.style import PARAMETERS

RUN = """[grid]
kx = [-1.0, 1.0, 9]
[fields]
E = [0.0, 0.0, 0.02]
B = [0.0, 0.0, "0.05*t"]
"""


def result(
    dimensions=3, valleys=1, nodes=1, records=9, shots=4, level="dressed", si=False, node_valley=0
):
    """A dataset laid out as a run writes it, with made-up numbers."""
    axes = ["kx", "ky", "kz"][:dimensions]
    time = np.linspace(0.0, 4.0, records)
    bands, component = ["lower", "upper"], ["x", "y", "z"]
    faces = [f"{axis} {side}" for axis in axes for side in ("lower", "upper")]
    unit = f"1/length^{dimensions}" if dimensions > 1 else "1/length"
    data, rng = {}, np.random.default_rng(1)

    def put(name, dims, values, units="1"):
        data[name] = (dims, values, {"units": units, "long_name": name.replace("_", " ")})

    put("density", ("time",), 1.0 + 0.1 * time, unit)
    put("band_density", ("time", "band"), np.stack([0.02 * time, 1.0 + 0.08 * time], 1), unit)
    put("energy", ("time",), time**2, f"energy/{unit[2:]}")
    for name in ("current", "current_group", "current_anomalous"):
        values = np.outer(time, [1e-14, 0.5, 1.0]) * (2.0 if name == "current" else 1.0)
        put(name, ("time", "component"), values, "1/(length^2 time)")
    put("boundary_outflow", ("time", "face"), np.outer(-time, np.ones(len(faces))), unit)
    put("faraday_inflow", ("time",), 0.01 * time, unit)
    put("occupation_min", ("time",), np.zeros(records))
    put("occupation_max", ("time",), np.ones(records))
    put("ledger_residual", ("time",), 1e-17 * rng.normal(size=records), unit)
    put("ledger_scale", ("time",), np.ones(records), unit)
    put("hall", ("time",), np.cos(time), "q^2/hbar")
    for name in ("curvature", "gradient", "turning", "frequency", "tunnelling"):
        put(f"applicability_{name}", ("time",), 0.01 * time)
    put("odd_thing", ("time", "band"), rng.normal(size=(records, 2)))
    if level == "projected":
        put("interband_exchange", ("time", "valley"), np.ones((records, valleys)), unit)
    if valleys > 1:
        put("valley_density", ("time", "valley"), np.outer(time, np.arange(valleys)), unit)
    if nodes:
        charge = np.resize([1.0, -1.0], nodes)
        rate = np.tile(charge, (records, 1))
        put("node_exchange", ("time", "node"), np.outer(time, charge), unit)
        put("pumping_rate", ("time", "node"), rate * (1.0 + 1e-9), unit)
        put("pumping_reference", ("time", "node"), rate, unit)
        put("node_valley", ("node",), np.full(nodes, node_valley))
        for axis in axes:
            put(f"node_{axis}", ("node",), np.linspace(0.0, 0.4, nodes), "hbar/length")
    coordinates = {
        "time": ("time", time, {"units": "hbar/energy"}),
        "band": bands,
        "component": component,
        "face": faces,
        "valley": [f"K{i}" for i in range(valleys)],
    }
    if nodes:
        coordinates["node"] = np.arange(nodes)
    if shots:
        sizes = [9, 11, 13][:dimensions]
        for axis, n in zip(axes, sizes, strict=True):
            centres = np.linspace(-1.0, 1.0, n)
            coordinates[axis] = (axis, centres, {"units": "hbar/length"})
        coordinates["snapshot_time"] = ("snapshot_time", np.linspace(0.0, 4.0, shots))
        f = rng.random((shots, valleys, 2, *sizes))
        put("occupation", ("snapshot_time", "valley", "band", *axes), f)
        put("band_projection", ("snapshot_time", "valley", "band", *axes), 1.3 * f - 0.1)
    scales = {"si_energy": 1.6e-19, "si_length": 1e-9, "si_time": 6.6e-16} if si else {}
    attributes = {"title": "A made-up run of β = ħ", "run": RUN, "level": level, **scales}
    return xarray.Dataset(data, coordinates, attributes)


@pytest.fixture
def write(tmp_path):
    """Write a dataset and return its path."""

    def call(dataset, name="out.nc"):
        path = tmp_path / name
        dataset.to_netcdf(path)
        return path

    return call


def is_png(path):
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("what", plotting.FIGURES)
def test_every_figure_is_drawn_beside_the_result(what, write):
    path = write(result())
    at = {"frequency": 4.0} if what == "spectrum" else None  # nothing oscillates here
    figure = plotting.plot(path, what, at=at)
    assert figure == path.with_name(f"out_{what}.png")
    assert is_png(figure)
    assert {p.name for p in path.parent.iterdir()} == {"out.nc", figure.name}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dimensions": 1, "nodes": 0},
        {"dimensions": 2, "nodes": 0, "valleys": 2, "si": True},
        {"nodes": 2, "level": "projected"},
        {"nodes": 0, "shots": 0},
        {"records": 1, "shots": 1},
        {"records": 2, "shots": 2, "valleys": 2, "nodes": 1, "node_valley": 1},
        {"shots": 11},
    ],
)
def test_the_report_takes_what_there_is(options, write):
    path = write(result(**options))
    assert is_png(plotting.report(path))
    assert plotting.plot(path) == path.with_suffix(".png")


@pytest.mark.parametrize(
    ("suffix", "head"), [("pdf", b"%PDF"), ("svg", b"<?xml"), ("PNG", b"\x89")]
)
def test_the_name_of_the_figure_says_its_format(suffix, head, write, tmp_path):
    target = tmp_path / f"figure.{suffix}"
    assert plotting.plot(write(result(shots=0)), "density", target) == target
    assert target.read_bytes().startswith(head)


def test_any_variable_recorded_in_time_can_be_drawn(write):
    path = write(result())
    assert is_png(plotting.plot(path, "odd_thing"))
    with pytest.raises(InputError, match="'kx' cannot be drawn"):
        plotting.plot(path, "kx")


def test_unknown_names_are_told_what_there_is(write):
    path = write(result())
    with pytest.raises(InputError, match=r"did you mean 'current'.*'anomaly'.*'lines'"):
        plotting.plot(path, "curent")
    with pytest.raises(InputError, match=r"no 'occupation'.*output\.snapshots"):
        plotting.plot(write(result(shots=0), "bare.nc"), "occupation")
    with pytest.raises(InputError, match=r"no 'anomaly'.*observables"):
        plotting.plot(write(result(nodes=0), "none.nc"), "anomaly")


def test_files_that_are_no_results_are_refused(tmp_path, write):
    with pytest.raises(InputError, match="no such file"):
        plotting.report(tmp_path / "missing.nc")
    (tmp_path / "text.nc").write_text("not netCDF")
    with pytest.raises(InputError, match="not a readable result"):
        plotting.report(tmp_path / "text.nc")
    with pytest.raises(InputError, match="nothing that can be drawn"):
        plotting.report(write(xarray.Dataset(attrs={"title": "empty"}), "empty.nc"))


def test_figures_that_cannot_be_written_are_told_so(write, tmp_path):
    path = write(result(shots=0))
    with pytest.raises(OutputError, match="could not be written"):
        plotting.report(path, tmp_path / "nowhere" / "figure.png")
    with pytest.raises(InputError, match=r"must end in \.png, \.pdf or \.svg"):
        plotting.report(path, tmp_path / "figure.txt")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        plotting.report(path, tmp_path / "folder.png")


def test_the_plane_holds_the_node_and_the_fields(write):
    path = write(result(nodes=2))
    content = Content.read(path)
    with content.dataset as dataset:
        shots = Snapshots.read(content, "occupation")
        first, second, values, where = shots.plane(content)
        assert (first, second) == ("kx", "kz")
        assert where == {"ky": 0.0}
        expected = dataset["occupation"].isel(valley=0, ky=5).values
        assert np.array_equal(values, expected)
        cut = shots.cuts()["kz"]
        assert np.array_equal(cut, dataset["occupation"].isel(valley=0, kx=4, ky=5).values)


def test_the_snapshots_are_those_of_the_valley_of_the_node(write):
    path = write(result(valleys=2, node_valley=1))
    content = Content.read(path)
    with content.dataset as dataset:
        shots = Snapshots.read(content, "occupation")
        assert shots.valley == "valley K1"
        assert np.array_equal(shots.values, dataset["occupation"].isel(valley=1).values)


def test_snapshots_of_one_plane_and_band_are_drawn(write):
    dataset = result()
    kept = dataset.isel(band=1, valley=0, ky=3, drop=False)
    kept["occupation"].attrs["band"] = "upper"
    kept = kept.drop_vars([name for name in kept.variables if name == "band"])
    for what in ("occupation", "lines"):
        assert is_png(plotting.plot(write(kept), what))


def test_snapshot_times_are_evenly_spread_and_end_with_the_last():
    for count in range(1, 30):
        shots = Snapshots("occupation", np.arange(count), np.zeros((count, 1)), (), {}, (), "")
        for skip in (0, 1):
            chosen = shots.chosen(4, skip)
            assert len(chosen) <= 5
            assert chosen == sorted(set(chosen))
            if count > skip:
                assert chosen[0] == skip
                assert chosen[-1] == count - 1


def test_units_in_si_follow_the_units_of_the_variable():
    scales = {"si_energy": 2.0, "si_length": 10.0, "si_time": 5.0}
    assert in_si("energy/length^2", scales) == "0.02 J m^-2"
    assert in_si("1/(length time)", scales) == "0.02 m^-1 s^-1"
    assert in_si("hbar/energy", scales) == "5 s"
    assert in_si("q^2/hbar", scales) is None
    assert in_si("hbar/length", scales) is None
    assert in_si("1/length", {}) is None


def test_drawing_needs_neither_numba_nor_pyplot_nor_a_display(write):
    path = write(result())
    code = (
        "import sys; from kinetic import plotting; "
        f"plotting.report({str(path)!r}); "
        "assert not {'numba', 'matplotlib.pyplot'} & set(sys.modules), 'too much'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"MPLBACKEND": "agg"}
    )
    assert done.returncode == 0, done.stderr


# --- spectra and components -------------------------------------------------------------------


def wave(frequency=0.4, times=None):
    times = np.arange(0.0, 200.0, 0.25) if times is None else times
    envelope = np.exp(-(((times - 100.0) / 30.0) ** 2))
    a = 1.5 * envelope * np.sin(frequency * times)
    current = np.zeros((len(times), 3))
    current[:, 0] = np.sin(a) + 0.2
    data = {
        name: (("time", "component"), current, {}) for name in ("current", "current_intraband")
    }
    units = {"units": "hbar/energy"}
    return xarray.Dataset(data, {"time": ("time", times, units), "component": ["x", "y", "z"]})


def test_a_spectrum_finds_the_frequency_of_a_pulse_and_its_odd_harmonics():
    """Sin(a sin ωt) has odd harmonics alone; the mean does not count as a frequency."""
    dataset = wave()
    times, values = dataset["time"].values, dataset["current"].values[:, 0]
    assert peak(times, values) == pytest.approx(0.4, rel=2e-3)
    frequency, found = power(times, values)
    at = [found[np.argmin(np.abs(frequency - 0.4 * order))] for order in (1, 2, 3, 4, 5)]
    assert at[1] < 1e-6 * at[0]
    assert at[3] < 1e-4 * at[2]
    assert at[2] > 1e-3 * at[0]
    assert at[4] > 1e-8 * at[0]


RUN_OF_FIELD = """
[grid]
kx = ["-pi", "pi", 8]
[hamiltonian]
name = "expression"
d = ["sin(kx)", "0", "1"]
bounded = true
[fields]
E = [FIELD]
[equation]
level = "moyal"
[initial]
name = "expression"
lower = 1.0
upper = 0.0
[time]
stop = 200.0
"""
PULSE = '{ pulse = "few_cycle", amplitude = 0.2, centre = 100, duration = 200, frequency = 0.25 }'


@pytest.mark.parametrize(
    ("field", "omega"),
    [
        (PULSE, 0.25),  # of its spectrum the top lies at 0.2546
        (f'"0.3*cos(0.6*t)", {PULSE}', 0.6),
        ('"0.1*cos(0.3*t) + 1.0"', 0.3),
        ('"0.1*sin(0.07*t)"', 0.07),  # 2.2 cycles
        ("0.2", None),
        ('"0.001*t"', None),
        ('"exp(-((t - 90)/8)**2)"', None),
        ('"cos(pi*t/100)"', None),  # one cycle
    ],
)
def test_harmonics_are_counted_from_the_frequency_of_the_drive(field, omega, write):
    """Whatever the current does: here it oscillates with 0.4."""
    dataset = wave().assign_attrs(run=RUN_OF_FIELD.replace("FIELD", field))
    found = driven(Content.read(write(dataset)))
    assert found == (None if omega is None else pytest.approx(omega, rel=5e-3))


def test_without_a_drive_the_current_tells_its_frequency_or_there_is_none(write):
    path = write(wave().assign_attrs(run=RUN_OF_FIELD.replace("FIELD", "0.1")))
    assert is_png(plotting.plot(path, "spectrum"))
    bloch = wave(times=np.arange(0.0, 2.0 * np.pi / 0.1, 0.5))
    one = np.sin(0.1 * bloch["time"].values + 0.7)
    bloch["current"][:, 0], bloch["current_intraband"][:, 0] = one, one
    path = write(bloch, "one.nc")
    with pytest.raises(InputError, match="Name one with --at frequency"):
        plotting.plot(path, "spectrum")
    assert is_png(plotting.plot(path, "spectrum", at={"frequency": 0.1}))


def test_odd_harmonics_have_labels_as_far_as_there_is_room():
    assert list(labelled_harmonics(9.5)) == [1, 3, 5, 7, 9]
    for top in (6.0, 24.0, 33.0, 120.0, 999.0, 54321.0):
        labels = labelled_harmonics(top)
        assert 3 <= len(labels) <= 14
        assert np.all(labels % 2 == 1)


def test_the_power_of_a_line_is_that_of_its_window():
    """Of cos ωt the window sin⁸ keeps 35/128 of the records in ½e^{iωt}."""
    times = np.arange(0.0, 100.0, 0.05)
    omega = 2.0 * np.pi * 40 / 100.0
    _, found = power(times, 3.0 * np.cos(omega * times))
    expected = (omega * 0.5 * 3.0 * 100.0 * 35.0 / 128.0) ** 2
    assert found.max() == pytest.approx(expected, rel=1e-9)
    assert found[60] < 1e-25 * found.max()


def test_a_record_off_the_rhythm_ends_a_spectrum(write):
    times = np.append(np.arange(0.0, 40.0, 0.5), 39.7)
    assert even(times) == 80
    assert is_png(plotting.plot(write(wave(times=times)), "spectrum"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"at": {"component": "w"}}, "at component = w"),
        ({"at": {"frequency": -1.0}}, "an angular frequency above 0"),
        ({"at": {"place": 1.0}}, "a spectrum has no such place"),
        ({"variable": "energy"}, "a spectrum is of 'current' and 'current_intraband'"),
        ({"along": "x"}, "takes no --along"),
    ],
)
def test_spectra_that_cannot_be_drawn(write, options, words):
    with pytest.raises(InputError, match=words):
        plotting.plot(write(wave()), "spectrum", **options)


def test_too_few_records_make_no_spectrum(write):
    with pytest.raises(InputError, match="has 4 records in equal steps; a spectrum needs 8"):
        plotting.plot(write(wave(times=np.arange(4.0))), "spectrum")
    with pytest.raises(InputError, match="has no 'current'"):
        plotting.plot(write(result().drop_vars("current")), "spectrum")


@pytest.mark.parametrize("dimensions", [1, 2])
def test_components_of_a_matrix_are_drawn(write, dimensions):
    axes = ["kx", "ky"][:dimensions]
    dataset = result(dimensions=dimensions, nodes=0)
    shape = [dataset.sizes[axis] for axis in axes]
    values = np.random.default_rng(2).normal(size=(4, 1, 4, *shape))
    dims = ("snapshot_time", "valley", "pauli", *axes)
    dataset = dataset.assign({"wigner": (dims, values, {"units": "1"})})
    path = write(dataset.assign_coords(pauli=["0", "x", "y", "z"]))
    assert is_png(plotting.plot(path, "wigner"))
    shots = Snapshots.read(Content.read(path), "wigner")
    assert [shots.of(i) for i in range(4)] == ["n_0", "n_x", "n_y", "n_z"]


# --- what is a rounding -----------------------------------------------------------------------


def noisy(**changes):
    """A packet at rest: constants with roundings of 1e-16 on them, a spin that turns."""
    time = np.linspace(0.0, 10.0, 21)
    noise = np.random.default_rng(5)
    unit = {"units": "1/length"}

    def rough(size, *shape):
        return 1e-16 * size * noise.integers(-3, 4, (21, *shape))

    spin = np.stack([np.cos(time), np.sin(time), 0.5 + rough(1, 1)[:, 0]], 1)
    data = {
        "density": ("time", 0.5 + rough(1), unit),
        "band_density": (("time", "band"), np.array([0.5, 0.0]) + rough(1, 2), unit),
        "energy": ("time", -0.3 + rough(1), {"units": "energy/length"}),
        "coherence": ("time", rough(1), unit),
        "spin": (("time", "component"), spin, unit),
        "purity": ("time", 1.0 + rough(2), {"units": "1"}),
        "current": (("time", "component"), rough(0.1, 3), {"units": "1/time"}),
        "current_intraband": (("time", "component"), rough(0.1, 3), {"units": "1/time"}),
        "occupation_min": ("time", rough(0.1)),
        "occupation_max": ("time", 1.0 - np.abs(rough(1))),
    }
    coordinates = {"time": time, "band": ["lower", "upper"], "component": ["x", "y", "z"]}
    return xarray.Dataset(data, coordinates).drop_vars(changes.get("without", []))


def drawn(dataset, write):
    """The panels of a report: label → lines, and all tick labels."""
    content = Content.read(write(dataset))
    with content.dataset, rc_context(PARAMETERS):
        figure = page.report(content, Path("out.nc"))
        figure.canvas.draw()
        panels, labels = {}, []
        for axes in figure.axes:
            if axes.get_visible():
                panels[axes.get_ylabel().split("  ")[0].split("\n")[0]] = axes
                labels += [label.get_text() for label in axes.get_yticklabels()]
                labels.append(axes.yaxis.get_offset_text().get_text())
    return panels, [re.sub(r"\\mathdefault|[${}]", "", label) for label in labels]


def test_roundings_are_drawn_flat_with_short_labels(write):
    panels, labels = drawn(noisy(), write)
    assert set(panels) == {
        r"$\Delta\rho$",
        r"$\Delta\langle H\rangle$",
        r"$\langle\sigma\rangle$",
        r"$\frac{1}{2}\int|n_\perp|$",
    }
    for label, axes in panels.items():
        if "sigma" not in label:
            for line in axes.get_lines():
                assert np.ptp(line.get_ydata()) == 0.0
            low, high = axes.get_ylim()
            assert high - low > 1e-3
    assert max(map(len, labels)) < 9
    assert not any("10^" in label for label in labels)


def test_a_spin_is_in_the_report_and_purity_stands_in_for_coherence(write):
    panels, labels = drawn(noisy(without=["coherence", "occupation_min"]), write)
    assert r"$\langle\sigma\rangle$" in panels
    (line,) = panels["purity"].get_lines()
    assert np.ptp(line.get_ydata()) == 0.0
    assert max(map(len, labels)) < 9
    x = panels[r"$\langle\sigma\rangle$"].get_lines()[0]
    np.testing.assert_array_equal(x.get_ydata(), noisy()["spin"][:, 0])


def test_a_current_that_flows_is_in_the_report(write):
    dataset = noisy()
    dataset["current"][:, 0] = 1e-9 * np.sin(dataset["time"])
    panels, _ = drawn(dataset, write)
    assert any("j_x" in label for label in panels)


def test_small_things_that_are_no_rounding_stay():
    values = 1e-6 * np.linspace(0.0, 1.0, 5)
    assert settled(values, 1.0) is values
    assert settled(1.0 + values) is not None
    assert np.ptp(settled(1.0 + values)) > 0.9e-6
    assert np.all(settled(1e-13 * values, 1.0) == 0.0)
    gaps = np.array([np.nan, 1e-15])
    np.testing.assert_array_equal(settled(gaps, 1.0), [np.nan, 0.0])
    assert np.all(settled(np.array([0.5, 0.5 + 1e-16, 0.5 - 1e-16])) == 0.5)


def test_snapshots_of_an_empty_band_are_empty(write):
    dataset = result(dimensions=1, nodes=0)
    dataset["occupation"][:, :, 1] = 1e-15 * dataset["occupation"][:, :, 1]
    content = Content.read(write(dataset))
    with content.dataset:
        shots = Snapshots.read(content, "occupation")
    assert np.all(shots.values[:, 1] == 0.0)
    assert np.any(shots.values[:, 0])
