"""Results: a netCDF-4 file that grows while the run goes and is whole at every moment.

Records are gathered in memory and written in batches.  A batch never touches the published
file: it is appended to a copy (`OUT.nc.partial`), which then replaces `OUT.nc` in one
rename.  So a reader, also one that keeps the file open, sees a complete file; a process
killed at any moment leaves the last complete one; and a full disk is noticed, by reserving
the room beforehand, while the old file is still there.  The price is one copy of the file
per batch: batches are at least two seconds apart, and twenty times as far as a batch takes,
so that copying costs at most about five per cent of the run.  (Appending in place would
save the copy, but HDF5 has no journal: a kill within an append would lose the whole file.)
"""

from __future__ import annotations

import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError
from kinetic.files import copy, replacing, reserve
from kinetic.netcdf import last_time, truncate

if TYPE_CHECKING:
    import xarray

FORMAT_VERSION = 1
Coordinates = Mapping[str, tuple[tuple[str, ...], Any, Mapping[str, Any]]]

_PAUSE = 2.0  # seconds between batches, at least
_SHARE = 20.0  # pause / duration of a batch, at least
_PENDING_BYTES = 256 * 2**20
_CHUNK_SERIES = 64 * 2**10
_CHUNK_FIELD = 4 * 2**20


@dataclass(frozen=True)
class Variable:
    """One row of the result: name, dimensions, units and a sentence.

    Parameters
    ----------
    name
        Name in the netCDF file.
    dims
        Dimensions besides the record dimension (`time` or `snapshot_time`).
    units, long_name
        Attributes of that name.
    attributes
        Further attributes (formula, source, ...).
    """

    name: str
    dims: tuple[str, ...]
    units: str
    long_name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Stream:
    """Records along one unlimited dimension: those written and those pending."""

    dimension: str
    variables: tuple[Variable, ...]
    written: int = 0
    times: list[float] = field(default_factory=list)
    rows: list[dict[str, np.ndarray]] = field(default_factory=list)
    last: float | None = None

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for variable in self.variables:
            if variable.name in seen:
                raise InputError(
                    f"[output] '{variable.name}' is written by two observables: keep one."
                )
            seen.add(variable.name)

    @property
    def count(self) -> int:
        """Records altogether."""
        return self.written + len(self.times)

    @property
    def pending_bytes(self) -> int:
        """Bytes of the records not yet written."""
        return sum(value.nbytes for row in self.rows for value in row.values())

    def record(self, time: float, values: Mapping[str, Any]) -> None:
        """Keep a copy of the values at `time`, which must be later than the last record."""
        assert self.last is None or time > self.last, "a record would be written twice"
        names = {variable.name for variable in self.variables}
        assert set(values) == names, f"recorded {set(values)}, declared {names}"
        self.rows.append({name: np.array(values[name]) for name in names})
        self.times.append(time)
        self.last = time


class Result:
    """The result of a run: streams of records, in memory or in a netCDF file.

    Parameters
    ----------
    path
        The file, or None to keep everything in memory.
    streams
        What is recorded.
    coordinates
        name → (dimensions, values, attributes).
    attributes
        Global attributes.
    """

    def __init__(
        self,
        path: Path | None,
        streams: Sequence[Stream],
        coordinates: Coordinates,
        attributes: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.streams = tuple(streams)
        self.coordinates = coordinates
        self.attributes = dict(attributes)
        self._stale: set[str] = set(self.attributes)
        self._flushed = -np.inf
        self._pause = _PAUSE

    @property
    def counts(self) -> dict[str, int]:
        """Records of every stream, pending ones included."""
        return {stream.dimension: stream.count for stream in self.streams}

    def annotate(self, **attributes: Any) -> None:
        """Set global attributes; they are written with the next batch."""
        for name, value in attributes.items():
            if self.attributes.get(name) != value:
                self.attributes[name] = value
                self._stale.add(name)

    def flush_if_due(self) -> None:
        """Write a batch if the last one is long enough ago or memory fills up."""
        if self.path is None or not any(stream.times for stream in self.streams):
            return
        waited = clock.monotonic() - self._flushed >= self._pause
        if waited or sum(s.pending_bytes for s in self.streams) > _PENDING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all pending records and attributes.

        Raises
        ------
        OutputError
            If that is not possible; the published file is then the one before.
        """
        if self.path is None or not (self._stale or any(s.times for s in self.streams)):
            return
        begun = clock.monotonic()
        created = not any(stream.written for stream in self.streams)
        with replacing(self.path) as partial:
            import netCDF4

            if created:
                with netCDF4.Dataset(partial, "w") as dataset:
                    self._define(dataset)
            else:
                copy(self.path, partial)
            reserve(partial, sum(_room(stream) for stream in self.streams))
            with netCDF4.Dataset(partial, "a") as dataset:
                self._append(dataset)
        for stream in self.streams:
            stream.written = stream.count
            stream.times.clear()
            stream.rows.clear()
        self._stale.clear()
        self._flushed = clock.monotonic()
        self._pause = max(_PAUSE, _SHARE * (self._flushed - begun))

    def resume(self, counts: Mapping[str, int]) -> None:
        """Cut the published file down to `counts` records and go on from there."""
        assert self.path is not None
        truncate(self.path, counts)
        for stream in self.streams:
            stream.written = counts.get(stream.dimension, 0)
            stream.last = last_time(self.path, stream.dimension)

    def dataset(self) -> xarray.Dataset:
        """What has been recorded so far; from a file it is read lazily."""
        import xarray

        if self.path is not None:
            self.flush()
            return xarray.open_dataset(self.path)
        import netCDF4

        with netCDF4.Dataset("memory", "w", diskless=True, persist=False) as memory:
            self._define(memory)
            self._append(memory)
            store = xarray.backends.NetCDF4DataStore(memory)
            dataset: xarray.Dataset = xarray.open_dataset(store).load()
        dataset.encoding.clear()
        return dataset

    def _define(self, dataset: Any) -> None:
        """Dimensions, coordinates and variables, without any record."""
        for name, (dims, values, attributes) in self.coordinates.items():
            array = np.asarray(values)
            _ensure_dimensions(dataset, dims, array.shape)
            text = array.dtype.kind in "UO"
            variable = dataset.createVariable(name, str if text else array.dtype, dims)
            variable[...] = array.astype(object) if text else array
            variable.setncatts(dict(attributes))
        for stream in self.streams:
            dimension = stream.dimension
            dataset.createDimension(dimension, None)
            times = dataset.createVariable(dimension, "f8", (dimension,), chunksizes=(1024,))
            times.setncatts({"units": "hbar/energy", "long_name": "time"})
            for row in stream.variables:
                example = stream.rows[0][row.name] if stream.rows else np.zeros(())
                if example.dtype == bool:
                    example = example.astype("i1")
                _ensure_dimensions(dataset, row.dims, example.shape)
                variable = dataset.createVariable(
                    row.name,
                    example.dtype,
                    (dimension, *row.dims),
                    chunksizes=_chunks(example),
                )
                variable.setncatts(
                    {"units": row.units, "long_name": row.long_name, **row.attributes}
                )

    def _append(self, dataset: Any) -> None:
        """Pending records behind the written ones, and changed attributes."""
        for stream in self.streams:
            records = slice(stream.written, stream.count)
            if stream.times:
                dataset[stream.dimension][records] = np.array(stream.times)
                for row in stream.variables:
                    values = np.stack([pending[row.name] for pending in stream.rows])
                    dataset[row.name][records] = values
        names = self._stale if self.path is not None else self.attributes
        dataset.setncatts({name: self.attributes[name] for name in sorted(names)})


def _ensure_dimensions(dataset: Any, dims: Sequence[str], shape: Sequence[int]) -> None:
    assert len(dims) == len(shape), f"dimensions {dims} for an array of shape {shape}"
    for name, size in zip(dims, shape, strict=True):
        if name not in dataset.dimensions:
            dataset.createDimension(name, size)
        assert len(dataset.dimensions[name]) == size, f"{name} has two sizes"


def _chunks(example: np.ndarray) -> tuple[int, ...]:
    """One record or more per chunk, 64 kB for series, at most 4 MB for fields."""
    records = min(1024, max(1, _CHUNK_SERIES // max(1, example.nbytes)))
    shape = list(example.shape)
    for axis in range(len(shape)):
        while np.prod(shape) * example.itemsize > _CHUNK_FIELD and shape[axis] > 1:
            shape[axis] = -(-shape[axis] // 2)
    return (records, *shape)


def _room(stream: Stream) -> int:
    """Bytes that the pending records may need: whole chunks, and 64 kB of book-keeping."""
    room = 0
    for row in stream.variables:
        if stream.rows:
            example = stream.rows[0][row.name]
            chunks = _chunks(example)
            pieces = [-(-n // c) for n, c in zip(example.shape, chunks[1:], strict=True)]
            records = len(stream.rows) + chunks[0] - 1
            room += records * int(np.prod(pieces) * np.prod(chunks[1:])) * example.itemsize
    return room + 65536
