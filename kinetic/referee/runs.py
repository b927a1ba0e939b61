"""The runs of a comparison: at the level of the run and at the reference, for every ħ.

Both start from the same f_s.  A gradient expansion that keeps all terms of first order errs by
O(ħ²), one that lacks a term by O(ħ).  What remains as ħ → 0 is the error of the grid; it is
estimated by a run on cells twice as wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kinetic.applicability import Applicability
from kinetic.equation import COHERENT
from kinetic.errors import InputError, suggestion
from kinetic.grid import Array, Axis, Grid
from kinetic.observables.applicability import monitor
from kinetic.referee.comparison import Comparison
from kinetic.referee.quantities import QUANTITIES, merged, read, rms, scales

REFERENCE = "moyal"
FRACTIONS = (1.0, 0.5, 0.25, 0.125)
_GRID_ORDERS = {"upwind1": 1}  # else 4: fifth order in cells, third or fourth in time
_COSTLIER = 4.0  # exact dynamics over a kinetic run, at the ħ of the run
_KINETIC_KEYS = ("scheme", "limiter", "well_balanced", "node_radius", "inflow")
_COHERENT_KEYS = ("preparation", "absorber", "dephasing")

Notice = Callable[[float, str], None]


def compare(
    run: Mapping[str, Any],
    hbar: Sequence[float] | None = None,
    *,
    reference: str = REFERENCE,
    tolerance: float = 0.01,
    notice: Notice | None = None,
) -> Comparison:
    """Run the tables of a run file at their level and at the reference, for every ħ.

    Parameters
    ----------
    run
        Tables by name.
    hbar
        Values of ħ; that of the run, and a half, a quarter and an eighth of it, if not given.
        The largest one is what is judged.
    reference
        The level that judges, 'moyal' or 'matrix'.
    tolerance
        Largest RMS deviation of a result that is trusted.
    notice
        Is told how much is done (0 to 1) and what is being done.

    Raises
    ------
    InputError
        If the run cannot be made at the reference level, or is at that level already.
    """
    equation = dict(run.get("equation", {}))
    level = equation.get("level", "dressed")
    if reference not in COHERENT:
        raise InputError(
            f"reference = '{reference}' has no coherences: {suggestion(reference, COHERENT)}"
        )
    if level == reference:
        raise InputError(
            f"[equation] level = '{level}' is what others are compared with: name the level to "
            "judge, such as --set equation.level=dressed."
        )
    values = _sequence(hbar, float(equation.get("hbar", 1.0)))
    if not 0.0 < tolerance < np.inf:
        raise InputError(f"tolerance = {tolerance} must be a number above 0.")
    judge = _judge(run, level, reference, values[0])  # first: it is set up sooner
    own = _evolution(run, level, values[0])
    if own.system.grid != judge.system.grid:
        judge = _evolution({**run, "grid": own.system.grid}, reference, values[0])
    run = {**run, "grid": own.system.grid}  # as it was settled
    steps = _Steps(values, notice)
    spread: dict[str, list[float]] = {name: [] for name in QUANTITIES}
    farthest: dict[str, list[float]] = {name: [] for name in QUANTITIES}
    scale: dict[str, float] = {}
    numbers = Applicability()
    for value in values:
        own = own or _evolution(run, level, value)
        judge = judge or _evolution(run, reference, value)
        mine = read(steps.follow(own, level, value))
        exact = read(steps.follow(judge, reference, value))
        if not scale:
            numbers, scale = monitor(own)(), scales(judge, exact)
        for name in QUANTITIES:
            apart = mine[name] - exact[name]
            spread[name].append(rms(apart) / scale[name])
            farthest[name].append(float(np.abs(apart).max()) / scale[name])
        end, own, judge = own.time, None, None
    return Comparison(
        level,
        reference,
        end,
        values,
        {name: np.array(entries) for name, entries in spread.items()},
        {name: np.array(entries) for name, entries in farthest.items()},
        _grid_error(run, level, values[-1], mine, scale, steps),
        numbers,
        tolerance,
        str(run.get("title", "")),
    )


def _judge(run: Mapping[str, Any], level: str, reference: str, hbar: float) -> Any:
    """The system at the reference level, at its start.

    Raises
    ------
    InputError
        If there is no such run at all, or none at this level; it tells whether 'matrix' could.
    """
    from kinetic.system import System

    try:
        return _evolution(run, reference, hbar)
    except InputError as error:
        System(**_assembly(run, level, hbar).pieces)  # what is wrong at any level is told as such
        words = f"level '{reference}' cannot follow this run: {error}"
    other = next(name for name in COHERENT if name != reference)
    if other == "matrix" and level != other:
        try:
            _evolution(run, other, hbar)
            words += f" Level '{other}' can, to second order in gradients: --reference {other}."
        except InputError:
            pass
    raise InputError(words)


def _sequence(hbar: Sequence[float] | None, own: float) -> tuple[float, ...]:
    """The values of ħ, falling."""
    if hbar is None:
        return tuple(own * fraction for fraction in FRACTIONS)
    for value in hbar:
        if not 0.0 < value < np.inf:
            raise InputError(f"ħ = {value} must be a number above 0.")
    if len(set(hbar)) != len(hbar) or not hbar:
        raise InputError("give each ħ once, such as --hbar 0.2 0.1 0.05.")
    return tuple(sorted((float(value) for value in hbar), reverse=True))


def _evolution(run: Mapping[str, Any], level: str, hbar: float) -> Any:
    """The system of a run at a level and ħ, at its start."""
    return _assembly(run, level, hbar).evolution()


def _assembly(run: Mapping[str, Any], level: str, hbar: float) -> Any:
    """The pieces of a run at a level and ħ."""
    from kinetic.assembly import assemble

    own = run.get("equation", {})
    coherent = level in COHERENT
    foreign = _KINETIC_KEYS if coherent else _COHERENT_KEYS
    equation = {key: value for key, value in own.items() if key not in foreign}
    time = dict(run["time"])
    if level != own.get("level", "dressed"):
        time = {key: time[key] for key in ("start", "stop") if key in time}
    tables = {key: value for key, value in run.items() if key != "output"}
    tables |= {"equation": {**equation, "level": level, "hbar": hbar}, "time": time}
    return assemble(tables)


class _Steps:
    """Follows the runs and tells how much of all their work is done."""

    def __init__(self, hbar: Sequence[float], notice: Notice | None) -> None:
        self._first, self._notice, self._done = hbar[0], notice, 0.0
        exact = sum(self._weight(True, value) for value in hbar)
        self._whole = exact + len(hbar) + 0.25

    def _weight(self, coherent: bool, hbar: float) -> float:
        return _COSTLIER * self._first / hbar if coherent else 1.0

    def follow(self, evolution: Any, level: str, hbar: float, share: float = 1.0) -> Any:
        """Advance an evolution to its stop."""
        start, stop = evolution.start, evolution.stop
        weight = share * self._weight(evolution.system.equation.coherent, hbar)
        while evolution.time < stop:
            evolution.advance(stop)
            if self._notice is not None:
                passed = (evolution.time - start) / (stop - start)
                done = (self._done + weight * passed) / self._whole
                self._notice(done, f"{level} at ħ = {hbar:.4g}")
        self._done += weight
        return evolution


def _grid_error(
    run: Mapping[str, Any],
    level: str,
    hbar: float,
    fine: Mapping[str, Array],
    scale: Mapping[str, float],
    steps: _Steps,
) -> dict[str, float]:
    """Error of the grid from a run on cells twice as wide; {} where there are no such cells."""
    axes = run["grid"].axes
    if any(axis.cells % 2 for axis in axes):
        return {}
    try:
        coarse = _evolution({**run, "grid": Grid(tuple(map(_coarser, axes)))}, level, hbar)
    except InputError:
        return {}
    rough = read(steps.follow(coarse, level, hbar, 0.25))
    share = 2.0 ** _GRID_ORDERS.get(coarse.system.equation.scheme, 4) - 1.0
    return {
        name: rms(merged(fine[name], axes) - rough[name]) / share / scale[name]
        for name in ("n_s", "f_s")
    }


def _coarser(axis: Axis) -> Axis:
    """Cells twice as wide."""
    return Axis(axis.name, axis.edges[::2], axis.boundary)
