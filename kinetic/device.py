"""Where the loops run: a pool of threads that each call compiled, GIL-free kernels."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=threads, thread_name_prefix="kinetic")


def available_threads() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Device:
    """A number of processor threads.

    `launch(kernel, *arguments)` calls `kernel(worker, workers, *arguments)` once per worker and
    returns when all are done.  Kernels divide their work into tasks that do not depend on the
    number of workers.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or available_threads()

    def launch(
        self, kernel: Callable[..., Any], *arguments: Any, small: bool = False
    ) -> None:
        """Run a kernel on all workers, or on one if the work is `small`."""
        if small or self.threads == 1:
            kernel(0, 1, *arguments)
            return
        pool, workers = _pool(self.threads), self.threads
        running = [
            pool.submit(kernel, worker, workers, *arguments) for worker in range(1, workers)
        ]
        kernel(0, workers, *arguments)
        for future in running:
            future.result()
