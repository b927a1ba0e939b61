"""Ctrl-C and SIGTERM: asked for once, obeyed between two steps, with a checkpoint."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_PATIENCE = 3


class Interrupted(KeyboardInterrupt):
    """The run was asked to end by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.number = number

    @property
    def exit_code(self) -> int:
        """128 + signal number: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.number


class Interrupts:
    """Context in which SIGINT and SIGTERM only leave a note, looked at by `check`.

    A third signal ends a step that takes too long at once, but never a write: files are
    safe either way, only the checkpoint is then an older one.  Outside the main thread,
    where no handler may be set, the context does nothing.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.patient = False
        self._asked = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, background jobs
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `Interrupted` if a signal has come."""
        if self.number is not None:
            raise Interrupted(self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        self._asked += 1
        if not self.patient and self._asked >= _PATIENCE:
            raise Interrupted(self.number)
