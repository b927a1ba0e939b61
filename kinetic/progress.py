"""Progress of a run: a bar with the physical time, the steps and the time left."""

from __future__ import annotations

import shutil
import sys
from typing import Any

_FORMAT = "{desc} {percentage:3.0f}% |{bar}| {elapsed} < {remaining}{postfix}"


class Progress:
    """A bar on the terminal, or nothing.

    Parameters
    ----------
    start, stop, now
        Physical times: where the run began, ends, and stands.
    shown
        True or False; None shows the bar only where standard error is a terminal.
    """

    def __init__(self, start: float, stop: float, now: float, shown: bool | None = None) -> None:
        self._bar: Any = None
        self._start = start
        if shown or (shown is None and sys.stderr is not None and sys.stderr.isatty()):
            from tqdm import tqdm

            self._bar = tqdm(
                total=stop - start,
                initial=now - start,
                desc="compiling",
                bar_format=_FORMAT,
                ncols=min(100, shutil.get_terminal_size().columns),
                nrows=20,  # or tqdm hides the bar on a terminal of unknown size
                file=sys.stderr,
            )

    def update(self, time: float, steps: int) -> None:
        """A step was made: the run stands at `time`."""
        if self._bar is not None:
            self._bar.set_description_str(f"t = {time:.4g}", refresh=False)
            self._bar.set_postfix_str(f"step {steps}", refresh=False)
            self._bar.update(time - self._start - self._bar.n)

    def close(self) -> None:
        """Leave the terminal on a fresh line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
