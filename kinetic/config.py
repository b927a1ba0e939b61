"""Run files: TOML in, checked tables out, and back to text.

One table is one constructor.  Everything here is cheap: a bad run file is refused before
numba, netCDF or matplotlib are imported.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinetic.errors import InputError, suggestion

TABLES: dict[str, type[str | dict[str, Any] | list[Any]]] = {
    "title": str,
    "grid": dict,
    "hamiltonian": dict,
    "fields": dict,
    "equation": dict,
    "collisions": list,
    "initial": dict,
    "time": dict,
    "output": dict,
    "units": dict,
}
REQUIRED = ("grid", "hamiltonian", "initial", "time")
RESUMABLE = (
    "title",
    "time.stop",
    "time.tolerance",
    "output.every",
    "output.snapshots.every",
    "output.checkpoint_every",
    "output.keep_checkpoint",
)
_KINDS: dict[type, str] = {str: "a string", dict: "a table", list: "an array of tables"}
_LARGEST_FILE = 16 * 2**20
_LARGEST_INTEGER = 2**53
_LARGEST_AXIS = 2**20
_LARGEST_GRID = 2**40
_DEEPEST = 16


def read(path: str | Path) -> dict[str, Any]:
    """The tables of a run file.

    Raises
    ------
    InputError
        If there is no such file, or it is not TOML.
    """
    path = Path(path)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InputError(f"{path} is not a file that could hold a run.")
        if path.is_file() and path.stat().st_size > _LARGEST_FILE:
            raise InputError(f"{path} is too large for a run file (over 16 MB).")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return parse(content.decode())
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is not a run file (it is not UTF-8 text); for a result use "
            "'kinetic plot' or xarray."
        ) from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def parse(text: str) -> dict[str, Any]:
    """The tables of a run text.

    Raises
    ------
    InputError
        If it is not TOML; the message holds line and column.
    """
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise InputError("this is not TOML for a run: it is nested too deeply.") from None
    except ValueError as error:
        raise InputError(f"this is not TOML: {error}.") from None
    for key, value in tables.items():
        check_values(value, key)
    return tables


def text(run: Mapping[str, Any]) -> str:
    """The run as TOML text; reading it gives the same tables, to the last bit."""
    import tomli_w

    return tomli_w.dumps({key: run[key] for key in TABLES if key in run})


def override(run: Mapping[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """The run with `table.key=value` assignments applied.

    The value is read as TOML and, where it is none, taken as a string.  Entries of lists
    are named by number: `collisions.0.tau=3`, `grid.kx.2=65`.

    Raises
    ------
    InputError
        If an assignment does not name a place in the run.
    """
    changed: dict[str, Any] = _copy(run)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        keys = [key.strip() for key in name.split(".")]
        if not equals or not all(keys):
            raise InputError(f"--set {assignment}: write table.key=value.")
        _assign(changed, keys, _value(value.strip()), f"--set {assignment}")
    return changed


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(entry) for key, entry in value.items()}
    return [_copy(entry) for entry in value] if isinstance(value, list) else value


def _value(source: str) -> Any:
    try:
        return tomllib.loads(f"value = {source}")["value"]
    except (ValueError, RecursionError):
        return source


def _assign(run: dict[str, Any], keys: Sequence[str], value: Any, where: str) -> None:
    place: Any = run
    for depth, key in enumerate(keys):
        path = ".".join(keys[:depth])
        last = depth == len(keys) - 1
        if isinstance(place, list):
            if not key.isdecimal() or int(key) >= len(place):
                raise InputError(
                    f"{where}: {path} is a list of {len(place)}; name an entry by its "
                    f"number, such as {path}.0."
                )
            index: Any = int(key)
        elif isinstance(place, dict):
            index = key
            if not last:
                place.setdefault(key, {})
        else:
            raise InputError(f"{where}: {path} = {place!r} has no entries.")
        if last:
            place[index] = value
        else:
            place = place[index]


def check(run: Mapping[str, Any]) -> None:
    """Refuse unknown and missing tables, wrong kinds, and numbers that are not finite.

    Tables that are Python objects already (from the Python interface) pass.

    Raises
    ------
    InputError
        With the place, what is allowed, and the nearest known name.
    """
    for key, value in run.items():
        if key not in TABLES:
            kind = f"[{key}]" if isinstance(value, dict | list) else key
            raise InputError(f"{kind}: a run has no such table; {suggestion(key, TABLES)}")
        kind_wanted = TABLES[key]
        plain = isinstance(value, str | int | float | list | dict)
        if plain and not isinstance(value, kind_wanted):
            raise InputError(f"{key} = {value!r} must be {_KINDS[kind_wanted]}.")
        check_values(value, key)
    for key in REQUIRED:
        if key not in run:
            raise InputError(f"[{key}] is missing: every run needs this table.")
    for index, entry in enumerate(run.get("collisions", ())):
        if isinstance(entry, str | int | float | list):
            raise InputError(f"[collisions.{index}] must be a table, not {entry!r}.")
    _check_size(run["grid"])


def check_values(value: Any, where: str, depth: int = 0) -> None:
    """Refuse NaN, infinities, dates and absurd integers, naming their place."""
    if depth > _DEEPEST:
        raise InputError(f"{where[:60]}…: a run is not nested that deeply.")
    if isinstance(value, Mapping):
        for key, entry in value.items():
            check_values(entry, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            check_values(entry, f"{where}.{index}", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where} = {value} is not allowed: every number must be finite.")
    elif isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        raise InputError(f"{where} is a whole number beyond 2^53: that is not meant here.")
    elif type(value).__module__ == "datetime":
        raise InputError(f"{where} = {value} is a date: a run has numbers and strings.")


def _check_size(grid: Any) -> None:
    """Refuse grids that no machine holds, before an array is made of them."""
    total = 1
    for name, axis in grid.items() if isinstance(grid, dict) else ():
        cells = axis.get("cells") if isinstance(axis, dict) else None
        if isinstance(axis, list) and len(axis) == 3:
            cells = axis[2]
        if isinstance(cells, int | float) and not isinstance(cells, bool) and cells > 0:
            if cells > _LARGEST_AXIS:
                raise InputError(
                    f"[grid] {name}: {cells} cells are too many; at most {_LARGEST_AXIS}."
                )
            total *= int(cells)
    if total > _LARGEST_GRID:
        raise InputError(f"[grid] has {total:.1e} cells: no machine holds that many.")


def number(table: Mapping[str, Any], key: str, where: str, default: Any = None) -> float:
    """A required number of a table, or its default."""
    value = table.get(key, default)
    if value is None:
        raise InputError(f"[{where}] {key} is missing.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"[{where}] {key} = {value!r} is not a number.")
    return float(value)


@dataclass(frozen=True)
class Output:
    """The `[output]` table: what is recorded, when, and where to.

    Parameters
    ----------
    observables
        Names or tables of observables; None leaves the choice to the program.
    every
        Time between records; None makes a hundred of the run.
    snapshots
        Table of the snapshots with their own `every`; None takes none.
    file
        Name of the result.
    checkpoint_every
        Seconds of wall time between checkpoints.
    keep_checkpoint
        Whether a finished run keeps its checkpoint, so that a later stop can be asked for.
    """

    observables: tuple[Any, ...] | None = None
    every: float | None = None
    snapshots: Mapping[str, Any] | None = None
    file: str | None = None
    checkpoint_every: float = 60.0
    keep_checkpoint: bool = True

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Output:
        """Read the `[output]` table."""
        known = cls.__dataclass_fields__
        for key in table:
            if key not in known:
                raise InputError(f"[output] {key}: no such key; {suggestion(key, known)}")
        observables = table.get("observables")
        if observables is not None:
            if not isinstance(observables, list | tuple):
                raise InputError(f"[output] observables = {observables!r} must be a list.")
            observables = tuple(observables)
        snapshots = table.get("snapshots")
        if snapshots is not None and not isinstance(snapshots, Mapping):
            raise InputError(f"[output.snapshots] must be a table, not {snapshots!r}.")
        if snapshots is not None:
            number(snapshots, "every", "output.snapshots")
        file, keep = table.get("file"), table.get("keep_checkpoint", True)
        if file is not None and (not isinstance(file, str) or not file.strip("./")):
            raise InputError(f"[output] file = {file!r} must be the name of a file.")
        if not isinstance(keep, bool):
            raise InputError(f"[output] keep_checkpoint = {keep!r} must be true or false.")
        every = number(table, "every", "output") if "every" in table else None
        pause = number(table, "checkpoint_every", "output", 60.0)
        if pause < 0:
            raise InputError(f"[output] checkpoint_every = {pause} must not be negative.")
        return cls(observables, every, snapshots, file, pause, keep)
