"""Files that are whole at every moment."""

import netCDF4
import numpy as np
import pytest
import xarray

from kinetic.checkpoint import Checkpoint, path_of
from kinetic.errors import InputError, OutputError
from kinetic.files import Lock, copy, replacing, reserve
from kinetic.netcdf import attributes_of, truncate
from kinetic.storage import Result, Stream, Variable


def streams(shape=(3, 4)):
    series = Variable("density", (), "1/length^3", "density", {"formula": "∑ₛ∫f"})
    flags = Variable("inside", ("kx",), "1", "a flag")
    field = Variable("occupation", ("band", "kx"), "1", "occupation")
    return Stream("time", (series, flags)), Stream("snapshot_time", (field,))


def result(path):
    coordinates = {
        "band": (("band",), ["lower", "upper", "third"], {"long_name": "band"}),
        "kx": (("kx",), np.arange(4.0), {"units": "1/length"}),
        "node_position": (("node",), np.array([0.5]), {}),
    }
    return Result(path, streams(), coordinates, {"title": "∂ₜ", "stopped": "running"})


def fill(result, first, last):
    series, field = result.streams
    for index in range(first, last):
        values = {"density": 0.1 * index, "inside": np.arange(4) > index}
        series.record(float(index), values)
        if index % 2 == 0:
            field.record(float(index), {"occupation": np.full((3, 4), index / 7)})


def test_batches_add_up_to_the_file_written_at_once(tmp_path):
    parts, whole, memory = result(tmp_path / "a.nc"), result(tmp_path / "b.nc"), result(None)
    for first in range(0, 2000, 333):
        fill(parts, first, min(first + 333, 2000))
        parts.flush()
    for one in (whole, memory):
        fill(one, 0, 2000)
        one.flush()
    with parts.dataset() as a, whole.dataset() as b:
        xarray.testing.assert_identical(a.load(), b.load())
        xarray.testing.assert_identical(a, memory.dataset())
        assert a.density.attrs == {
            "units": "1/length^3",
            "long_name": "density",
            "formula": "∑ₛ∫f",
        }
        assert a.band.values.tolist() == ["lower", "upper", "third"]


def test_reserved_room_is_given_back(tmp_path):
    out = result(tmp_path / "a.nc")
    fill(out, 0, 3)
    out.flush()
    size = (tmp_path / "a.nc").stat().st_size
    for index in range(3, 30):
        fill(out, index, index + 1)
        out.flush()
    assert (tmp_path / "a.nc").stat().st_size < 2 * size


def test_truncated_file_goes_on_as_if_it_had_never_been_longer(tmp_path):
    long, short = result(tmp_path / "a.nc"), result(tmp_path / "b.nc")
    fill(long, 0, 9)
    fill(short, 0, 9)
    for one in (long, short):
        one.flush()
    fill(long, 9, 40)
    long.flush()
    again = result(tmp_path / "a.nc")
    again.resume({"time": 9, "snapshot_time": 5})
    assert again.counts == {"time": 9, "snapshot_time": 5}
    for one in (again, short):
        fill(one, 9, 12)
        one.flush()
    with again.dataset() as a, short.dataset() as b:
        xarray.testing.assert_identical(a.load(), b.load())


def test_file_with_too_few_records_is_refused(tmp_path):
    out = result(tmp_path / "a.nc")
    fill(out, 0, 3)
    out.flush()
    with pytest.raises(InputError, match="holds 3 records along time"):
        truncate(tmp_path / "a.nc", {"time": 4, "snapshot_time": 2})
    (tmp_path / "b.nc").write_bytes(b"junk")
    with pytest.raises(InputError, match="cannot be read"):
        truncate(tmp_path / "b.nc", {"time": 1})
    with pytest.raises(InputError, match="not a readable result"):
        attributes_of(tmp_path / "c.nc")


def test_failed_batch_keeps_its_records_for_the_next(tmp_path, monkeypatch):
    out = result(tmp_path / "a.nc")
    fill(out, 0, 3)
    out.flush()
    fill(out, 3, 5)

    def broken(self, dataset):
        raise RuntimeError("NetCDF: HDF error")

    with monkeypatch.context() as patch:
        patch.setattr(Result, "_append", broken)
        with pytest.raises(OutputError, match=r"a\.nc could not be written: NetCDF: HDF error"):
            out.flush()
    with netCDF4.Dataset(tmp_path / "a.nc") as dataset:
        assert len(dataset["time"]) == 3
    out.flush()
    with out.dataset() as dataset:
        assert dataset.time.values.tolist() == [0, 1, 2, 3, 4]


def test_two_observables_of_one_name_are_refused():
    row = Variable("density", (), "1", "density")
    with pytest.raises(InputError, match="two observables"):
        Stream("time", (row, row))


def test_replacing_is_all_or_nothing(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ValueError, match="ours"), replacing(path) as partial:
        raise ValueError(f"ours: {partial.write_text('half')}")
    assert path.read_text() == "old"
    with replacing(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"
    nowhere = tmp_path / "no" / "file"
    with pytest.raises(OutputError, match="could not be written"), replacing(nowhere) as partial:
        partial.touch()
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("without", [True, False])
def test_copies_are_equal_also_without_help_of_the_system(tmp_path, monkeypatch, without):
    content = np.random.default_rng(0).bytes(5_000_001)
    (tmp_path / "a").write_bytes(content)
    if without:
        monkeypatch.setattr("os.copy_file_range", None, raising=False)
        monkeypatch.delattr("os.copy_file_range")
    copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content
    reserve(tmp_path / "b", 1000)
    assert (tmp_path / "b").read_bytes()[: len(content)] == content


def test_checkpoint_goes_round(tmp_path):
    out = tmp_path / "out.nc"
    state = {"u": np.linspace(0, 1, 7)[::-1], "time": np.array(0.1 + 0.2), "n": np.array(3)}
    saved = Checkpoint(
        "title = '∂'", "id", ["grid"], 0.1 + 0.2, {"time": 3}, {"time": 4}, 1.5, state
    )
    assert not saved.fresh
    saved.write(out)
    read = Checkpoint.read(out)
    for name, value in state.items():
        assert read.state[name].dtype == value.dtype
        assert np.array_equal(read.state[name], value)
    assert (read.run, read.run_id, read.incomplete) == ("title = '∂'", "id", ["grid"])
    assert (read.time, read.counts, read.schedules) == (0.1 + 0.2, {"time": 3}, {"time": 4})
    assert Checkpoint("", "id").fresh
    assert path_of(out).name == "out.nc.checkpoint"


def test_lock_is_held_by_one_and_leaves_nothing(tmp_path):
    out = tmp_path / "out.nc"
    with Lock(out), pytest.raises(InputError, match="another run"), Lock(out):
        pass
    with Lock(out):
        pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="cannot be written"), Lock(tmp_path / "no" / "out.nc"):
        pass
