"""What only a fresh process shows: start-up with a cold and a warm cache, memory at its peak."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kinetic.bench.yardsticks import Yardstick

_TIMEOUT = 600.0
_RUN = """title = "first step"
[grid]
kx = [-2.0, 2.0, 13]
ky = [-2.0, 2.0, 13]
kz = [-2.0, 2.0, 13]
[hamiltonian]
name = "weyl"
[fields]
E = [0.0, 0.0, 0.002]
B = [0.0, 0.0, 0.01]
[initial]
name = "fermi_dirac"
chemical_potential = 0.4
temperature = 0.05
[time]
stop = 1e-3
[output]
every = 1e-3
"""


class NotMeasured(Exception):
    """A process failed; the text says how."""


def _process(arguments: list[str], folder: Path, cache: Path | None) -> tuple[float, str]:
    """Seconds from launch to exit, and what was printed.

    Raises
    ------
    NotMeasured
        If the process fails.
    """
    environment = dict(os.environ)
    if cache is not None:
        for name in ("NUMBA_CACHE_DIR", "KINETIC_CACHE_DIR", "MPLCONFIGDIR"):
            environment[name] = str(cache)
    begun = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasured(str(error)) from None
    seconds = time.perf_counter() - begun
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise NotMeasured(lines[-1] if lines else f"exit code {done.returncode}")
    return seconds, done.stdout


def help_seconds(rounds: int = 5) -> float:
    """Median time of `kinetic --help`."""
    with tempfile.TemporaryDirectory() as folder:
        times = [_process(["kinetic", "--help"], Path(folder), None)[0] for _ in range(rounds)]
    return sorted(times)[rounds // 2]


def first_step_seconds(rounds: int = 3) -> tuple[float, float]:
    """A run of one step from launch to exit: with an empty cache, and with its own (median)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "run.toml").write_text(_RUN)
        command = ["kinetic", "run", "run.toml", "-o", "out.nc", "--quiet", "--no-figure"]
        cache = folder / "cache"
        cache.mkdir()
        cold, _ = _process(command, folder, cache)
        warm = []
        for _ in range(rounds):
            (folder / "out.nc").unlink(missing_ok=True)
            warm.append(_process(command, folder, cache)[0])
    return cold, sorted(warm)[rounds // 2]


def memory(yardstick: Yardstick, scheme: str, threads: int) -> dict[str, float]:
    """Bytes of a fresh process: after imports, at its peak, of the state, of the arrays held."""
    command = ["kinetic.bench.fresh", yardstick.name, scheme, str(threads)]
    _, text = _process(command, Path(), None)
    measured: dict[str, float] = json.loads(text)
    return measured


def _peak() -> float:
    """Largest memory of this process so far, in bytes.

    Linux hands the high-water mark that getrusage tells down from the parent; VmHWM it does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024.0 * float(line.split()[1])
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used * (1.0 if sys.platform == "darwin" else 1024.0)


def _measure(name: str, scheme: str, threads: int) -> dict[str, float]:
    from kinetic.bench.yardsticks import advance

    small = Yardstick.named(name).of(8).evolution(scheme, threads)
    advance(small)
    idle = _peak()
    evolution = Yardstick.named(name).evolution(scheme, threads)
    built = _peak()
    advance(evolution)
    transport, flow = evolution.transport, evolution.flow
    held = {id(array): int(array.nbytes) for array in flow.arrays()}
    for owner in (evolution, transport, flow):
        for value in vars(owner).values():
            for array in value if isinstance(value, tuple) else (value,):
                if hasattr(array, "nbytes") and getattr(array, "base", None) is None:
                    held[id(array)] = int(array.nbytes)
    return {
        "idle": idle,
        "built": built,
        "peak": _peak(),
        "state": float(transport.u.nbytes),
        "held": float(sum(held.values())),
    }


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
