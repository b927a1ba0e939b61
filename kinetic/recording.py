"""The memory of a run: what is recorded when, its result and its checkpoints."""

from __future__ import annotations

import contextlib
import logging
import time as clock
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinetic import reporting
from kinetic.assembly import Assembly
from kinetic.checkpoint import Checkpoint, path_of
from kinetic.errors import OutputError
from kinetic.interrupts import Interrupts
from kinetic.netcdf import attributes_of
from kinetic.provenance import Origin, attributes_from, now, why
from kinetic.schedule import Schedule
from kinetic.steady import Settling
from kinetic.storage import Result, Stream

_log = logging.getLogger("kinetic")
_SHARE = 20.0  # pause / duration of a checkpoint, at least


@dataclass
class _Track:
    """One stream of records with its schedule and its recorders."""

    stream: Stream
    schedule: Schedule
    recorders: list[Any]


class Recording:
    """Records, result and checkpoints of an evolution.

    Parameters
    ----------
    assembly, origin, evolution
        The run.
    path
        The result, or None to keep it in memory.
    checkpoint
        Where to go on from, if the run is resumed.
    interrupts
        The signals that must wait while a file is written.
    settling
        What watches the run come to rest, if anything does.
    """

    def __init__(
        self,
        assembly: Assembly,
        origin: Origin,
        evolution: Any,
        path: Path | None,
        checkpoint: Checkpoint | None,
        interrupts: Interrupts | None = None,
        settling: Settling | None = None,
    ) -> None:
        self._settling = settling
        self._assembly, self._origin, self._evolution = assembly, origin, evolution
        self.interrupts = interrupts or Interrupts()
        self._clock = clock.monotonic()
        self._before = checkpoint.wall_time if checkpoint else 0.0
        self._kept = -float("inf")
        self._pause = assembly.output.checkpoint_every
        self._seconds, self._steps = 0.0, -1
        self.consistent = True
        # Recorders first: one that looks at the initial state must find it, resumed or not.
        self._tracks = _tracks(assembly, evolution)
        self.run_id = checkpoint.run_id if checkpoint is not None else uuid.uuid4().hex
        history = f"{now()} created"
        self.warnings: list[str] = []
        counts = None if checkpoint is None or checkpoint.fresh else checkpoint.counts
        if checkpoint is not None and counts is not None:
            assert path is not None
            history = f"{attributes_of(path).get('history', '')}\n{now()} resumed"
            evolution.restore(checkpoint.state)
            if settling is not None:
                settling.restore(checkpoint.state)
            for name, track in self._tracks.items():
                track.schedule.restore(checkpoint.schedules.get(name, 0), evolution.time)
            self.warnings = [w for w in attributes_of(path).get("warnings", "").split("\n") if w]
        self.result = Result(
            path,
            [track.stream for track in self._tracks.values()],
            _coordinates(evolution, self._tracks.values()),
            attributes_from(assembly, origin, evolution)
            | {"run_id": self.run_id, "history": history, **self._judgement()},
        )
        if counts is not None:
            self.result.resume(counts)

    @property
    def schedules(self) -> list[Schedule]:
        """The schedules that the steps must land on."""
        return [track.schedule for track in self._tracks.values()]

    @property
    def wall_time(self) -> float:
        """Seconds since the run began, those before a resume included."""
        return self._before + clock.monotonic() - self._clock

    @property
    def speed(self) -> float:
        """Cell updates per second, over all steps but the first, which may compile."""
        updates = self._evolution.cells * getattr(self._evolution, "stages", 1)
        return float(updates * self._steps / self._seconds) if self._steps > 0 else 0.0

    def timed(self, seconds: float) -> None:
        """A step took this long."""
        self._steps += 1
        if self._steps > 0:
            self._seconds += seconds

    def record(self, last: bool = False) -> None:
        """Record what is due; everything if this is the last instant."""
        time = float(self._evolution.time)
        for track in self._tracks.values():
            if track.schedule.reached(time) or (last and track.stream.last != time):
                values: dict[str, Any] = {}
                for recorder in track.recorders:
                    values |= recorder.measure()
                track.stream.record(time, values)
                track.schedule.serve(time)

    def keep(self) -> None:
        """Write what is due to be written."""
        if self.result.path is None:
            return
        if self._kept == -float("inf") or clock.monotonic() - self._kept >= self._pause:
            self.checkpoint()
        else:
            with self._patience():
                self.result.flush_if_due()

    def checkpoint(self) -> None:
        """Write all records, then the checkpoint that counts them."""
        path, evolution = self.result.path, self._evolution
        if path is None:
            return
        begun = clock.monotonic()
        fresh = evolution.steps == 0
        checkpoint = Checkpoint(
            run=self._origin.text,
            run_id=self.run_id,
            incomplete=self._origin.incomplete,
            contributed=self._origin.contributed,
            time=float(evolution.time),
            counts=self.result.counts,
            schedules={name: t.schedule.state() for name, t in self._tracks.items()},
            wall_time=self.wall_time,
            state={} if fresh else evolution.state() | self._watched(),
        )
        with self._patience():
            # A fresh checkpoint counts nothing and goes first: it disowns an older result.
            if fresh:
                checkpoint.write(path)
            self.result.flush()
            if not fresh:
                checkpoint.write(path)
        self._kept = clock.monotonic()
        spent = self._kept - begun
        self._pause = max(self._assembly.output.checkpoint_every, _SHARE * spent)

    def _watched(self) -> dict[str, Any]:
        return self._settling.state() if self._settling is not None else {}

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Complete the result and write a checkpoint, whatever ends the run within."""
        try:
            yield
        except OutputError:
            raise
        except BaseException as error:
            try:
                self._close(why(error))
            except OutputError as second:
                error.add_note(str(second))
            raise

    def finish(self, stopped: str) -> None:
        """The run has come to its end: complete the result."""
        path = self.result.path
        self._close(stopped)
        if path is not None and not self._assembly.output.keep_checkpoint:
            path_of(path).unlink(missing_ok=True)

    def _close(self, stopped: str) -> None:
        self.result.annotate(stopped=stopped, wall_time=self.wall_time)
        if self.consistent:
            self.result.annotate(**self._judgement(), steps=self._evolution.steps)
            self.checkpoint()
        with self._patience():
            self.result.flush()

    def _judgement(self) -> dict[str, Any]:
        """Validity figures and warnings as attributes; warnings once given stay."""
        lines = []
        for name, value, warning in reporting.validity(self._evolution):
            lines.append(f"{name} = {value}")
            if warning and warning not in self.warnings:
                self.warnings.append(warning)
                _log.warning("%s", warning)
        told = {"validity": "\n".join(lines), "warnings": "\n".join(self.warnings)}
        return told | (self._settling.attributes() if self._settling is not None else {})

    @contextlib.contextmanager
    def _patience(self) -> Iterator[None]:
        interrupts = self.interrupts
        before, interrupts.patient = interrupts.patient, True
        try:
            yield
        finally:
            interrupts.patient = before


def _tracks(assembly: Assembly, evolution: Any) -> dict[str, _Track]:
    """What is recorded, by record dimension."""
    output = assembly.output
    recorders = [observable.build(evolution) for observable in assembly.observables]
    tracks = {"time": _track("time", assembly.start, assembly.every, recorders)}
    if output.snapshots is not None:
        table = {key: value for key, value in output.snapshots.items() if key != "every"}
        every = float(output.snapshots["every"])
        snapshots = [_snapshots(evolution, table)]
        tracks["snapshot_time"] = _track("snapshot_time", assembly.start, every, snapshots)
    return tracks


def _snapshots(evolution: Any, table: dict[str, Any]) -> Any:
    from kinetic.observables.snapshots import snapshot_recorder

    return snapshot_recorder(evolution, table)


def _track(dimension: str, start: float, every: float, recorders: list[Any]) -> _Track:
    variables = tuple(row for recorder in recorders for row in recorder.variables)
    return _Track(Stream(dimension, variables), Schedule(start, every), recorders)


def _coordinates(evolution: Any, tracks: Iterable[_Track]) -> dict[str, Any]:
    """Coordinates of the evolution and of recorders with their own (sub-sampled) axes."""
    coordinates = dict(reporting.coordinates(evolution))
    for track in tracks:
        for recorder in track.recorders:
            own = getattr(recorder, "coordinates", {})
            coordinates |= own() if callable(own) else own
    return coordinates
