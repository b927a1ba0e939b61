"""A run: from a run file or from Python, step by step or to its end, into a result.

Order within one instant: records first, so that they show the state reached; then
callbacks, which may end the run; then the file and the checkpoint, so that a checkpoint
never knows of a record that the file lacks; last the signals, so that an interrupted run has
its checkpoint at the very state it stopped in.
"""

from __future__ import annotations

import contextlib
import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinetic import config
from kinetic.assembly import Assembly, assemble, tabulate
from kinetic.checkpoint import Checkpoint
from kinetic.errors import InputError, PhysicsError
from kinetic.progress import Progress
from kinetic.schedule import Schedule, check_interval, next_target
from kinetic.steady import Settling, at_rest

if TYPE_CHECKING:
    import xarray

    from kinetic.interrupts import Interrupts
    from kinetic.recording import Recording

Callback = Callable[["Simulation"], Any]


class StopRun(Exception):
    """Raised by a callback to end the run; its text says why."""


class Simulation:
    """One run of the kinetic equation.

    Parameters
    ----------
    grid, hamiltonian, initial, fields, equation, collisions, units
        The tables of a run file, as tables (`{"kx": [-1, 1, 33]}`) or as the objects
        they stand for.
    stop, start
        The run lasts from `start` to `stop`.
    every
        Time between records; a hundredth of the run if not given.
    observables
        What is recorded: names or tables.
    snapshots
        Table of `[output.snapshots]`.
    stepping
        The rest of the `[time]` table: stepper, courant, step.
    output
        The rest of the `[output]` table.
    title
        Name of the run.
    callbacks
        Pairs (interval, function): see `every`.
    """

    def __init__(
        self,
        grid: Any,
        hamiltonian: Any,
        initial: Any,
        *,
        stop: float,
        start: float = 0.0,
        every: float | None = None,
        fields: Any = None,
        equation: Any = None,
        collisions: Sequence[Any] = (),
        observables: Sequence[Any] | None = None,
        snapshots: Mapping[str, Any] | None = None,
        stepping: Mapping[str, Any] | None = None,
        output: Mapping[str, Any] | None = None,
        units: Any = None,
        title: str = "",
        callbacks: Iterable[tuple[float, Callback]] = (),
    ) -> None:
        recorded = {"every": every, "observables": observables, "snapshots": snapshots}
        recorded = {name: value for name, value in recorded.items() if value is not None}
        run: dict[str, Any] = {
            "title": title or None,
            "grid": grid,
            "hamiltonian": hamiltonian,
            "fields": fields,
            "equation": equation,
            "collisions": list(collisions) or None,
            "initial": initial,
            "time": {"start": start, "stop": stop, **(stepping or {})},
            "output": {k: v for k, v in recorded.items() if v is not None} | dict(output or {}),
            "units": units,
        }
        self._setup({name: value for name, value in run.items() if value is not None})
        for interval, function in callbacks:
            self.every(interval, function)

    @classmethod
    def from_dict(cls, run: Mapping[str, Any]) -> Simulation:
        """A run from tables laid out as in a run file."""
        simulation = cls.__new__(cls)
        simulation._setup(run)
        return simulation

    @classmethod
    def from_file(cls, path: str | Path, overrides: Iterable[str] = ()) -> Simulation:
        """A run from a run file, with `table.key=value` overrides."""
        return cls.from_dict(config.override(config.read(path), overrides))

    @classmethod
    def resume(
        cls, path: str | Path, overrides: Iterable[str] = (), **objects: Any
    ) -> Simulation:
        """The run of the result at `path`, standing where its checkpoint was written.

        Parameters
        ----------
        path
            The result; its checkpoint lies beside it.
        overrides
            Assignments to `time.stop`, `output.every` and the like; the physics stays.
        objects
            The pieces that were Python objects with no table form.
        """
        from kinetic.provenance import resumed

        path = Path(path)
        checkpoint = Checkpoint.read(path)
        run = resumed(path, checkpoint, overrides, objects)
        simulation = cls.from_dict(run)
        if checkpoint.time > simulation.stop:
            raise InputError(
                f"[time] stop = {simulation.stop} lies before t = {checkpoint.time}, "
                f"which {path} has reached."
            )
        simulation._resumed = (path, checkpoint)
        return simulation

    def _setup(self, run: Mapping[str, Any]) -> None:
        self.assembly: Assembly = assemble(run)
        self.run_tables, self.incomplete = tabulate(run)
        self.run_text = config.text(self.run_tables)
        self.stop = self.assembly.stop
        self.stopped = "running"
        self._callbacks: list[tuple[Schedule, Callback]] = []
        self._evolution: Any = None
        self._recording: Recording | None = None
        self._settling: Settling | None = None
        self._resumed: tuple[Path, Checkpoint] | None = None

    @property
    def evolution(self) -> Any:
        """The evolving system; built on first use."""
        if self._evolution is None:
            self._evolution = self.assembly.evolution()
            if self.assembly.steadiness.wanted:
                self._settling = Settling(self.assembly.steadiness, self._evolution)
        return self._evolution

    @property
    def time(self) -> float:
        """The time reached."""
        return float(self.evolution.time)

    @property
    def complete(self) -> bool:
        """Whether a resumed run has nothing left to do."""
        if self._resumed is None:
            return False
        checkpoint, wanted = self._resumed[1], self.assembly.steadiness
        return checkpoint.time >= self.stop or at_rest(checkpoint.state, wanted.tolerance)

    @property
    def warnings(self) -> list[str]:
        """What the run was warned of so far."""
        return list(self._recording.warnings) if self._recording else []

    @property
    def performance(self) -> tuple[float, float]:
        """Wall time in seconds, and cell updates per second."""
        recording = self._recording
        return (recording.wall_time, recording.speed) if recording else (0.0, 0.0)

    def every(self, interval: float, function: Callback | None = None) -> Any:
        """Call `function(simulation)` every `interval` of time, exactly on its due times.

        A function that returns True, or raises `StopRun("why")`, ends the run.  Without
        `function` this is a decorator.
        """
        if function is None:
            return lambda decorated: self.every(interval, decorated)
        check_interval(interval, self.stop - self.assembly.start, "callback interval")
        schedule = Schedule(self.assembly.start, interval)
        if self._recording is not None:
            schedule.serve(self.time)
        self._callbacks.append((schedule, function))
        return function

    def step(self) -> bool:
        """Make one step; False when there was none to make any more."""
        self._begin(self._path(None))
        return self._step()

    def run(
        self,
        output: str | Path | None = None,
        progress: bool | None = None,
        force: bool = False,
    ) -> xarray.Dataset:
        """Integrate to the end and return what was recorded.

        Parameters
        ----------
        output
            The netCDF file to write; None keeps the records in memory.  A resumed run
            goes on in its own file.
        progress
            Whether to show a bar; None shows it on a terminal only.
        force
            Whether an existing file may be replaced.

        Raises
        ------
        PhysicsError
            If the run leaves the validity of theory or scheme; the result and a checkpoint
            of the last good state are written before.
        OutputError
            If result or checkpoint cannot be written.
        """
        self.integrate(output, progress, force)
        return self.dataset()

    def dataset(self) -> xarray.Dataset:
        """What has been recorded so far; a file is read lazily."""
        return self._begin(self._path(None)).result.dataset()

    def integrate(
        self,
        output: str | Path | None = None,
        progress: bool | None = None,
        force: bool = False,
    ) -> None:
        """Like `run`, without opening the result."""
        from kinetic.files import Lock, check_output
        from kinetic.interrupts import Interrupts

        path = self._path(output)
        with contextlib.ExitStack() as stack:
            if path is not None:
                begun = self._resumed is not None or self._recording is not None
                check_output(path, force or begun)
                stack.enter_context(Lock(path))
            interrupts = stack.enter_context(Interrupts())
            recording = self._begin(path, interrupts)
            stack.enter_context(recording.guarded())
            bar = Progress(self.assembly.start, self.stop, self.time, progress)
            stack.callback(bar.close)
            interrupts.check()
            while self._step():
                bar.update(self.time, self.evolution.steps)
                interrupts.check()
            bar.close()
            recording.finish(self.stopped)

    def _path(self, output: str | Path | None) -> Path | None:
        """The result's path: the one asked for, unless the run has one already."""
        asked = None if output is None else Path(output)
        if self._recording is not None:
            settled = self._recording.result.path
        elif self._resumed is not None:
            settled = self._resumed[0]
        else:
            return asked
        if asked is not None and asked != settled:
            raise InputError(
                f"this run is recorded {f'into {settled}' if settled else 'in memory'}: "
                f"name {asked} before its first step."
            )
        return settled

    def _begin(self, path: Path | None, interrupts: Interrupts | None = None) -> Recording:
        """Open the recording, once, and record the state at the start."""
        from kinetic.contributed import sources
        from kinetic.provenance import Origin
        from kinetic.recording import Recording

        if self._recording is None:
            checkpoint = self._resumed[1] if self._resumed else None
            title = str(self.run_tables.get("title", ""))
            evolution = self.evolution
            self._recording = Recording(
                self.assembly,
                Origin(self.run_text, self.incomplete, title, sources(self.assembly)),
                evolution,
                path,
                checkpoint,
                interrupts,
                self._settling,
            )
            if checkpoint is not None and not checkpoint.fresh:
                for schedule, _ in self._callbacks:
                    schedule.serve(self.time)
            with self._recording.guarded():
                self._instant()
        if interrupts is not None:
            self._recording.interrupts = interrupts
        return self._recording

    def _step(self) -> bool:
        """Advance by one step and do what is due then."""
        recording = self._recording
        assert recording is not None
        if self.stopped != "running":
            return False
        schedules = [*recording.schedules, *(schedule for schedule, _ in self._callbacks)]
        if self._settling is not None:
            schedules.append(self._settling.schedule)
        target = next_target(schedules, self.time, self.stop)
        begun = clock.perf_counter()
        recording.consistent = False
        try:
            self.evolution.advance(target)
        except PhysicsError:
            recording.consistent = True  # the state is that of the last good step
            raise
        if self._settling is not None:
            self._settling.look()
        recording.consistent = True
        recording.timed(clock.perf_counter() - begun)
        self._instant()
        return True

    def _ended(self) -> str:
        """Why the run ends here, or 'running'."""
        settling = self._settling
        if settling is not None and settling.steady:
            return f"steady at t = {self.time:.6g}: {settling.words()}"
        if self.time < self.stop:
            return "running"
        short = f" before it was steady: {settling.words()}" if settling is not None else ""
        return f"reached stop = {self.stop:.6g}{short}"

    def _instant(self) -> None:
        """All that belongs to the time reached: records, callbacks, files."""
        recording = self._recording
        assert recording is not None
        recording.record()
        for schedule, function in self._callbacks:
            if schedule.reached(self.time):
                schedule.serve(self.time)
                ended = f"a callback ended the run at t = {self.time:.6g}"
                try:
                    if function(self) is True:
                        self.stopped = ended
                except StopRun as words:
                    self.stopped = f"{ended}: {words}"
        if self.stopped == "running":
            self.stopped = self._ended()
        if self.stopped != "running":
            recording.record(last=True)
        recording.keep()
