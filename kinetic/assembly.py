"""From checked tables to the objects of a run, and from objects back to tables."""

from __future__ import annotations

import dataclasses
import importlib
import os
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic import config
from kinetic.errors import InputError, suggestion
from kinetic.grid import Grid
from kinetic.pulses import TimeFunction
from kinetic.registry import Description, construct, from_table
from kinetic.schedule import check_interval
from kinetic.steady import Steadiness
from kinetic.units import Units

_ENDING = {field.name for field in dataclasses.fields(Steadiness)}
_TIME = _ENDING | {"start", "stop"}
_FAMILIES = ("hamiltonians", "initial", "collisions", "observables")


@dataclass(frozen=True)
class Assembly:
    """The pieces of a run: what `System` and `Evolution` are made of, and when to stop."""

    pieces: Mapping[str, Any]
    stepping: Any
    steadiness: Steadiness
    start: float
    stop: float
    output: config.Output
    observables: Sequence[Any]
    units: Units | None

    @property
    def every(self) -> float:
        """Time between records: as asked, or a hundredth of the run."""
        return self.output.every or (self.stop - self.start) / 100

    def evolution(self) -> Any:
        """The system, ready to evolve."""
        from kinetic.evolution import Evolution
        from kinetic.quantum import quantum_evolution
        from kinetic.system import System

        _require_memory(self.pieces["grid"], self.pieces["hamiltonian"])
        kind: Any = quantum_evolution if self.pieces["equation"].coherent else Evolution
        try:
            found = kind(System(**self.pieces), self.stepping, start=self.start, stop=self.stop)
        except MemoryError:
            raise InputError("[grid] this run does not fit into the memory.") from None
        found.every = self.every
        return found


def _require_memory(grid: Any, hamiltonian: Any) -> None:
    """Refuse a grid whose set-up would not fit into the memory of the machine."""
    cells_ = float(np.prod([float(n) for n in grid.shape])) * len(hamiltonian.valleys())
    need = 30.0 * 16.0 * cells_
    try:
        have = float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return
    if need > 0.9 * have:
        cells = " × ".join(str(n) for n in grid.shape)
        raise InputError(
            f"[grid] {cells} cells need about {need / 1e9:.3g} GB while the run is set up; this "
            f"machine has {have / 1e9:.3g} GB: take fewer cells."
        )


def load(family: str) -> None:
    """Import every module of a package, so that its descriptions enter the registry."""
    package = importlib.import_module(f"kinetic.{family}")
    for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package.__name__}.{module.name}")


def load_all() -> None:
    """Import all that a run file can name."""
    for family in _FAMILIES:
        load(family)


def assemble(run: Mapping[str, Any]) -> Assembly:
    """Check a run and build its pieces, cheap ones first.

    Parameters
    ----------
    run
        Tables by name; a table may already be the object it stands for.

    Raises
    ------
    InputError
        With the place in the run, what is allowed, and what to do.
    """
    config.check(run)
    time = run["time"]
    start = config.number(time, "start", "time", 0.0)
    stop = config.number(time, "stop", "time")
    if stop <= start:
        raise InputError(f"[time] stop = {stop} must lie after start = {start}.")
    output = config.Output.from_table(run.get("output", {}))
    if output.every is not None:
        check_interval(output.every, stop - start, "[output] every")
    if output.snapshots is not None:
        every = float(output.snapshots["every"])
        check_interval(every, stop - start, "[output.snapshots] every")
    units = run.get("units")
    if isinstance(units, Mapping):
        units = Units.from_table(units)
    pieces = {
        "grid": _piece(run["grid"], _grid),
        "hamiltonian": _piece(run["hamiltonian"], _hamiltonian),
        "initial": _piece(run["initial"], _initial),
        "collisions": tuple(
            _piece(table, _collision(index))
            for index, table in enumerate(run.get("collisions", ()))
        ),
        "fields": _piece(run.get("fields", {}), _fields),
        "equation": _piece(run.get("equation", {}), _equation),
        "start": start,
    }
    ending = {key: value for key, value in time.items() if key in _ENDING}
    steadiness = construct(Steadiness, ending, "time")
    stepping = _stepping({key: value for key, value in time.items() if key not in _TIME})
    observables = _observables(output.observables)
    return Assembly(pieces, stepping, steadiness, start, stop, output, observables, units)


def _piece(table: Any, build: Callable[[Mapping[str, Any]], Any]) -> Any:
    """The object of a table; an object stays what it is."""
    return build(table) if isinstance(table, Mapping) else table


def _grid(table: Mapping[str, Any]) -> Any:
    return Grid.from_table({name: _numbers(spec, name) for name, spec in table.items()})


def _numbers(spec: Any, name: str) -> Any:
    """An axis with its formulas ('-pi', '2*pi/3') turned into numbers."""
    from kinetic.expressions import parse
    from kinetic.pulses import time_function

    def number(entry: Any, what: str) -> Any:
        if not isinstance(entry, str):
            return entry
        parse(entry, (), f"[grid] {name} {what}")
        return time_function(entry, f"[grid] {name} {what}")(0.0)

    if isinstance(spec, Mapping):
        keys = ("lower", "upper", "focus", "strength")
        return {k: number(v, k) if k in keys else v for k, v in spec.items()}
    if isinstance(spec, Sequence) and not isinstance(spec, str) and len(spec) == 3:
        return [number(spec[0], "lower"), number(spec[1], "upper"), spec[2]]
    return spec


def _hamiltonian(table: Mapping[str, Any]) -> Any:
    from kinetic.hamiltonians.base import Hamiltonian

    load("hamiltonians")
    return from_table(Hamiltonian, table, "hamiltonian")


def _initial(table: Mapping[str, Any]) -> Any:
    from kinetic.initial import Initial

    load("initial")
    return from_table(Initial, table, "initial")


def _collision(index: int) -> Callable[[Mapping[str, Any]], Any]:
    def build(table: Mapping[str, Any]) -> Any:
        from kinetic.collisions.base import Collision

        load("collisions")
        return from_table(Collision, table, f"collisions.{index}")

    return build


def _fields(table: Mapping[str, Any]) -> Any:
    from kinetic.fields import Fields

    return Fields.from_table(table)


def _equation(table: Mapping[str, Any]) -> Any:
    from kinetic.equation import Equation

    return Equation.from_table(table)


def _stepping(table: Mapping[str, Any]) -> Any:
    from kinetic.stepping import Stepping

    own = {field.name for field in dataclasses.fields(Stepping)}
    for key in table:
        if key not in own:
            raise InputError(f"[time] {key}: no such key; {suggestion(key, _TIME | own)}")
    return Stepping.from_table(table)


def _observables(names: Sequence[Any] | None) -> Sequence[Any]:
    from kinetic.observables.base import default_observables

    load("observables")
    observables: Sequence[Any] = default_observables(None if names is None else list(names))
    return observables


def tabulate(run: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A run as plain tables, and the names of those objects that have no table form."""
    plain: dict[str, Any] = {}
    incomplete: list[str] = []
    for name, value in run.items():
        try:
            table = _plain(value)
            if not _returns(name, value, table):
                raise TypeError
            plain[name] = table
        except (TypeError, ValueError, InputError):
            incomplete.append(name)
    return plain, incomplete


def _returns(name: str, value: Any, table: Any) -> bool:
    """Whether the table gives the same object again; tables that were tables do."""
    builders: dict[str, Callable[[Any], Any]] = {
        "grid": _grid,
        "hamiltonian": _hamiltonian,
        "initial": _initial,
        "fields": _fields,
        "equation": _equation,
        "units": Units.from_table,
    }
    if name == "collisions":
        return all(
            isinstance(entry, Mapping) or _collision(index)(table[index]) == entry
            for index, entry in enumerate(value)
        )
    if isinstance(value, Mapping) or name not in builders:
        return True
    return bool(builders[name](table) == value)


def _plain(value: Any) -> Any:
    """Numbers, strings, lists and tables that TOML can hold.

    Raises
    ------
    TypeError
        If the value has no such form.
    """
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if hasattr(value, "to_table"):
        return _plain(value.to_table())
    if isinstance(value, TimeFunction):
        if value.constants:
            raise TypeError(f"{value!r} has constants")
        return value.source
    if isinstance(value, Grid):
        return {axis.name: _axis(axis) for axis in value.axes}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        table = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        if isinstance(value, Description) and hasattr(value, "name"):
            table = {"pulse" if value.kind == "pulse" else "name": value.name, **table}
        return _plain(table)
    raise TypeError(f"{value!r} has no table form")


def _axis(axis: Any) -> dict[str, Any]:
    if axis.spatial:
        lower, upper = (side.table() for side in axis.sides)
        ends = {"lower": axis.edges[0], "upper": axis.edges[-1], "cells": axis.cells}
        return {**ends, "boundary": lower if lower == upper else [lower, upper]}
    table: dict[str, Any] = {"edges": list(axis.edges)}
    if axis.boundary is not None:
        table["boundary"] = axis.boundary
    return table
