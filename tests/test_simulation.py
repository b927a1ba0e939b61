"""Runs: recording, callbacks, stopping, resuming bitwise, faults.  With a fake core."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time as clock
from pathlib import Path

import fakes
import numpy as np
import pytest
import xarray
from fakes import BARE

from kinetic import config
from kinetic.errors import InputError, OutputError, PhysicsError
from kinetic.interrupts import Interrupted
from kinetic.simulation import Simulation, StopRun


@pytest.fixture(autouse=True)
def fake_core(monkeypatch):
    fakes.install(monkeypatch.setattr)


def run_of(*overrides):
    return config.override(config.parse(BARE), overrides)


def simulation(*overrides):
    return Simulation.from_dict(run_of(*overrides))


def data_of(path):
    with xarray.open_dataset(path) as dataset:
        return dataset.load()


def assert_same(a, b):
    """Same variables, bit by bit."""
    assert set(a.variables) == set(b.variables)
    for name in a.variables:
        assert np.array_equal(a[name].values, b[name].values), name


@pytest.fixture
def reference():
    return simulation().run()


@pytest.fixture(autouse=True)
def heed_sigint():
    """Undo an ignored SIGINT (nohup, background jobs), which the program would respect."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def command(*arguments, limit=None, **options):
    environment = dict(os.environ)
    if limit is not None:
        environment["FILE_LIMIT"] = str(limit)
    program = [sys.executable, str(Path(fakes.__file__)), *map(str, arguments)]
    return subprocess.Popen(
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def test_records_lie_exactly_on_their_due_times(reference):
    assert reference.time.values.tolist() == [0.25 * k for k in range(9)]
    assert reference.snapshot_time.values.tolist() == [0.5 * k for k in range(5)]


def test_file_and_memory_hold_the_same(tmp_path, reference):
    out = tmp_path / "out.nc"
    with simulation().run(out) as dataset:
        assert_same(dataset, reference)
        for name in reference.variables:
            assert dataset[name].attrs == reference[name].attrs
            assert dataset[name].dims == reference[name].dims
        assert set(dataset.attrs) == set(reference.attrs)
        assert dataset.attrs["stopped"] == "reached stop = 2"
        assert dataset.attrs["warnings"] == "the gap is small: raise it."
        assert config.parse(dataset.attrs["run"]) == run_of()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.nc", "out.nc.checkpoint"]


def test_stop_between_due_times_is_recorded_once():
    dataset = simulation("time.stop=1.1", "output.every=0.5").run()
    assert dataset.time.values.tolist() == [0.0, 0.5, 1.0, 1.1]
    assert dataset.snapshot_time.values.tolist() == [0.0, 0.5, 1.0, 1.1]


def test_python_interface_takes_the_same_checks():
    dataset = Simulation(
        grid={"kx": [-1, 1, 9]},
        hamiltonian={"name": "fake"},
        initial={"name": "fake"},
        stop=1.0,
        every=0.5,
    ).run()
    assert dataset.sizes == {"band": 2, "kx": 9, "time": 3}
    with pytest.raises(InputError, match="finite"):
        Simulation({"kx": [-1, 1, 9]}, {"name": "fake"}, {"name": "fake"}, stop=float("nan"))
    with pytest.raises(InputError, match="did you mean 'rate'"):
        Simulation({"kx": [-1, 1, 9]}, {"name": "x", "rte": 1}, {"name": "x"}, stop=1)


def test_stepping_by_hand_gives_the_run(reference):
    stepped = simulation()
    assert stepped.time == 0.0
    while stepped.step():
        pass
    assert_same(stepped.dataset(), reference)
    assert not stepped.step()


def test_callbacks_see_their_due_times_and_end_the_run():
    seen = []

    def watch(run):
        seen.append(run.time)
        if run.time > 0.9:
            raise StopRun("it is steady")

    watched = simulation()
    watched.every(0.3, watch)
    dataset = watched.run()
    assert seen == [0.3 * k for k in range(5)]  # 3·0.3 < 0.9
    assert dataset.attrs["stopped"].endswith("it is steady")
    assert dataset.time.values[-1] == watched.time == seen[-1]


def test_callback_returning_true_ends_the_run():
    stopped = simulation()

    @stopped.every(0.5)
    def enough(run):
        return run.time >= 1.0

    stopped.run()
    assert stopped.time == 1.0


def test_resumed_run_is_the_uninterrupted_one_bitwise(tmp_path, reference):
    out = tmp_path / "out.nc"
    simulation("time.stop=1.0").run(out).close()
    resumed = Simulation.resume(out, ["time.stop=2.0"])
    with resumed.run() as dataset:
        assert_same(dataset, reference)
        assert dataset.attrs["history"].count("resumed") == 1


def test_interrupted_between_records_goes_on_bitwise(tmp_path, reference):
    out = tmp_path / "out.nc"
    stopped = simulation()
    step = stopped._step

    def step_and_interrupt():
        more = step()
        if stopped.evolution.steps == 50:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)  # twice quickly
        return more

    stopped._step = step_and_interrupt
    with pytest.raises(Interrupted) as caught:
        stopped.run(out)
    assert caught.value.exit_code == 130
    assert stopped.evolution.steps == 50
    assert data_of(out).attrs["stopped"] == "interrupted by SIGINT"
    Simulation.resume(out).run().close()
    assert_same(data_of(out), reference)


def test_records_beyond_the_checkpoint_are_cut_off(tmp_path, reference):
    out, checkpoint = tmp_path / "out.nc", tmp_path / "out.nc.checkpoint"
    simulation("time.stop=1.0").run(out).close()
    early = checkpoint.read_bytes()
    Simulation.resume(out, ["time.stop=1.75"]).run().close()
    assert data_of(out).sizes["time"] == 8
    checkpoint.write_bytes(early)
    Simulation.resume(out, ["time.stop=2.0"]).run().close()
    assert_same(data_of(out), reference)


@pytest.mark.parametrize("moment", range(8))
def test_killed_at_any_moment_resumes_bitwise(tmp_path, reference, moment):
    """SIGKILL leaves no time for anything: also between result and checkpoint."""
    (tmp_path / "run.toml").write_text(BARE)
    out, checkpoint = tmp_path / "run.nc", tmp_path / "run.nc.checkpoint"
    options = ["--quiet", "--no-figure", "--set", "hamiltonian.delay=0.002"]
    process = command("run", tmp_path / "run.toml", "-o", out, *options)
    deadline = clock.monotonic() + 60
    while not checkpoint.exists() and process.poll() is None:
        assert clock.monotonic() < deadline
        clock.sleep(0.001)
    clock.sleep(random.Random(moment).uniform(0.0, 0.6))
    process.kill()
    process.communicate()
    if out.exists():
        data_of(out)
    Simulation.resume(out).run().close()
    assert_same(data_of(out), reference)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["run.nc", "run.nc.checkpoint", "run.toml"]


def test_third_signal_does_not_wait_for_a_long_step(tmp_path):
    """The checkpoint is then the one before the step, and the file is whole."""
    (tmp_path / "run.toml").write_text(BARE)
    out = tmp_path / "run.nc"
    options = ["--no-figure", "--set", "hamiltonian.delay=30"]
    process = command("run", tmp_path / "run.toml", "-o", out, *options)
    deadline = clock.monotonic() + 60
    while not out.exists() and process.poll() is None:
        assert clock.monotonic() < deadline
        clock.sleep(0.01)
    for _ in range(3):
        clock.sleep(0.2)
        process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130, stderr
    assert data_of(out).attrs["stopped"] == "interrupted by SIGINT"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_with_their_code_and_a_checkpoint(tmp_path, reference, number, code):
    (tmp_path / "run.toml").write_text(BARE)
    out = tmp_path / "run.nc"
    options = ["--no-figure", "--set", "hamiltonian.delay=0.01"]
    process = command("run", tmp_path / "run.toml", "-o", out, *options)
    deadline = clock.monotonic() + 60
    while not out.exists() and process.poll() is None:
        assert clock.monotonic() < deadline
        clock.sleep(0.001)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert "kinetic resume" in stderr
    assert "Traceback" not in stderr
    Simulation.resume(out).run().close()
    assert_same(data_of(out), reference)


def test_physics_error_leaves_the_last_good_state(tmp_path):
    out = tmp_path / "out.nc"
    with pytest.raises(PhysicsError, match="lower the step"):
        simulation("hamiltonian.fail=1.3").run(out)
    dataset = data_of(out)
    assert dataset.time.values[-1] == 1.25
    assert "lower the step" in dataset.attrs["stopped"]
    resumed = Simulation.resume(out)
    with pytest.raises(PhysicsError):
        resumed.run()
    assert_same(data_of(out), dataset)


def test_full_disk_keeps_the_last_good_result(tmp_path):
    (tmp_path / "run.toml").write_text(BARE.replace("9]", "9000]"))
    out = tmp_path / "run.nc"
    process = command("run", tmp_path / "run.toml", "-o", out, "--no-figure", limit=600_000)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert "could not be written" in stderr
    assert "Traceback" not in stderr
    assert not list(tmp_path.glob("*.partial"))
    held = data_of(out).sizes["time"]
    assert held >= 1
    Simulation.resume(out).run().close()
    whole = Simulation.from_file(tmp_path / "run.toml").run()
    assert_same(data_of(out), whole)


def test_full_disk_from_the_start_is_said_so(tmp_path):
    (tmp_path / "run.toml").write_text(BARE)
    out = tmp_path / "run.nc"
    process = command("run", tmp_path / "run.toml", "-o", out, "--no-figure", limit=100)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert "Traceback" not in stderr
    assert not out.exists()


def test_failure_within_a_batch_loses_nothing(tmp_path, monkeypatch):
    out = tmp_path / "out.nc"
    simulation("time.stop=1.0").run(out).close()
    before = out.read_bytes()
    resumed = Simulation.resume(out, ["time.stop=2.0"])

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("kinetic.storage.reserve", full)
        with pytest.raises(OutputError, match="No space left"):
            resumed.run()
    assert out.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


def test_damaged_files_are_told(tmp_path):
    out, checkpoint = tmp_path / "out.nc", tmp_path / "out.nc.checkpoint"
    with pytest.raises(InputError, match="no checkpoint"):
        Simulation.resume(out)
    simulation("time.stop=1.0").run(out).close()
    good = out.read_bytes(), checkpoint.read_bytes()
    for content in (b"", b"junk" * 100, good[1][:-50], good[1][: len(good[1]) // 2]):
        checkpoint.write_bytes(content)
        with pytest.raises(InputError, match="damaged"):
            Simulation.resume(out)
    checkpoint.write_bytes(good[1])
    for content in (b"", b"junk" * 100):
        out.write_bytes(content)
        with pytest.raises(InputError, match="readable"):
            Simulation.resume(out)
    out.unlink()
    simulation("time.stop=0.5").run(out, force=True).close()
    checkpoint.write_bytes(good[1])
    with pytest.raises(InputError, match="another run"):
        Simulation.resume(out)


def test_resumed_run_keeps_its_physics(tmp_path):
    out = tmp_path / "out.nc"
    simulation("time.stop=1.0").run(out).close()
    with pytest.raises(InputError, match="keeps its physics"):
        Simulation.resume(out, ["hamiltonian.rate=2"])
    with pytest.raises(InputError, match=r"did you mean 'time\.stop'"):
        Simulation.resume(out, ["time.stp=2"])
    with pytest.raises(InputError, match="lies before"):
        Simulation.resume(out, ["time.stop=0.5"])


def test_objects_without_table_form_must_be_given_again(tmp_path, reference):
    class Opaque(fakes.FakePiece):
        to_table = property(lambda self: self._refuse)

        def _refuse(self):
            raise TypeError("no table form")

    out = tmp_path / "out.nc"
    run = run_of("time.stop=1.0") | {"hamiltonian": Opaque({"name": "fake"})}
    Simulation.from_dict(run).run(out).close()
    with pytest.raises(InputError, match=r"Simulation\.resume\(path, hamiltonian="):
        Simulation.resume(out)
    again = Simulation.resume(out, ["time.stop=2.0"], hamiltonian=Opaque({"name": "fake"}))
    again.run().close()
    assert_same(data_of(out), reference)


def test_results_are_not_overwritten_unasked(tmp_path):
    out = tmp_path / "out.nc"
    simulation("time.stop=0.5").run(out).close()
    before = out.read_bytes()
    with pytest.raises(InputError, match="exists already"):
        simulation().run(out)
    assert out.read_bytes() == before
    simulation().run(out, force=True).close()
    assert data_of(out).time.values[-1] == 2.0


def test_two_runs_cannot_write_one_result(tmp_path):
    out = tmp_path / "out.nc"
    first = simulation()

    @first.every(1.0)
    def second(run):
        if run.time == 1.0:
            with pytest.raises(InputError, match="another run"):
                Simulation.resume(out).run()

    first.run(out).close()


def test_reader_may_keep_the_file_open(tmp_path, reference):
    """In the same process and in another one, both while batches are appended."""
    out = tmp_path / "out.nc"
    reader = (
        "import sys, xarray\n"
        "with xarray.open_dataset(sys.argv[1]) as data:\n"
        "    print('open', flush=True); sys.stdin.readline()\n"
        "    print(float(data.density.sum()), data.sizes['time'])\n"
    )
    watched = simulation()
    with contextlib.ExitStack() as stack:
        others = []

        @watched.every(0.5)
        def read(run):
            if run.time == 0.5:
                stack.enter_context(xarray.open_dataset(out))
                other = subprocess.Popen(
                    [sys.executable, "-c", reader, str(out)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                assert other.stdout.readline() == "open\n"
                others.append(other)
            elif run.time > 0:
                stack.enter_context(xarray.open_dataset(out)).density.load()

        watched.run(out).close()
        answer, _ = others[0].communicate("go\n", timeout=60)
        total, count = answer.split()
        seen = reference.density[: int(count)]
        assert float(total) == float(seen.sum())
    assert_same(data_of(out), reference)


def test_finished_run_may_drop_its_checkpoint(tmp_path):
    out = tmp_path / "out.nc"
    simulation("output.keep_checkpoint=false").run(out).close()
    assert [p.name for p in tmp_path.iterdir()] == ["out.nc"]
    assert np.isfinite(data_of(out).density).all()


def test_bar_shows_time_and_steps(capsys):
    simulation().run(progress=True)
    shown = capsys.readouterr().err
    assert "compiling" in shown
    assert "100%" in shown
    simulation().run(progress=False)
    simulation().run()
    assert capsys.readouterr().err == ""
