"""The power spectrum of a current: harmonics of what drives it.

    S(ω) = |ω ∫dt w(t) [j(t) - ⟨j⟩] e^{iωt}|² ,   w = sin⁸(πt/T) over the records

ω is counted in ω₀, the frequency of the fields of the run, or of the current where none of them
oscillates.  S is what a current radiates (Larmor), so that a plateau of high harmonics is a
plateau here.  Eight steps of frequency away from a line the window leaves 10⁻¹⁰ of it, which
falls as ω⁻¹⁸.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kinetic.errors import InputError, listing
from kinetic.plotting.content import Array, Content
from kinetic.plotting.currents import CONTRIBUTIONS, components
from kinetic.plotting.drive import CYCLES, driven, peak
from kinetic.plotting.places import Request
from kinetic.plotting.style import BLACK, COLUMN, CYCLE, DASHES, canvas, number, titled

LEAST = 8
"""Records that a spectrum needs."""

_FLOOR = 1e-20  # of the largest power: below is rounding
_HEIGHT = 2.4
_LABELS = 13  # that fit below a panel
_MINOR = 90.0  # harmonics that have ticks of their own
_COMPONENTS = ("x", "y", "z")
_PLACES = ("component", "frequency")


def even(times: Array) -> int:
    """How many of the first records follow each other in equal steps."""
    steps = np.diff(times)
    if not len(steps):
        return len(times)
    odd = np.flatnonzero(np.abs(steps - steps[0]) > 1e-6 * abs(steps[0]))
    return int(odd[0]) + 1 if len(odd) else len(times)


def power(times: Array, values: Array) -> tuple[Array, Array]:
    """Angular frequencies and S(ω) of records in equal steps.

    Returns
    -------
    frequency, power
        (ω,), from 0 to that of two records.
    """
    step = float(times[1] - times[0])
    window = np.sin(np.pi * (np.arange(len(times)) + 0.5) / len(times)) ** 8
    amplitude = np.fft.rfft(window * (values - values.mean())) * step
    frequency = np.asarray(2.0 * np.pi * np.fft.rfftfreq(len(times), step))
    return frequency, np.asarray(np.abs(frequency * amplitude) ** 2)


def _unit(content: Content, request: Request, name: str, count: int, chosen: list[int]) -> float:
    """The frequency asked for, that of the drive, or that of the strongest component."""
    asked = request.number("frequency")
    if asked is not None:
        if asked <= 0.0:
            raise InputError(f"at frequency = {asked:g}: an angular frequency above 0 is wanted.")
        return asked
    found = driven(content)
    if found is None:
        values = content.values(name)[:count, chosen]
        strongest = int(np.argmax(np.ptp(values, axis=0)))
        found = peak(content.time[:count], values[:, strongest])
    if found is None:
        raise InputError(
            f"no field of this run oscillates, and the current goes through less than {CYCLES:g} "
            "cycles: there is no frequency to count harmonics of. Name one with "
            "--at frequency=..., or record for longer."
        )
    return found


def _chosen(content: Content, request: Request) -> list[int]:
    """The component asked for, or all that flow."""
    if "component" in request.at:
        return [request.entry("component", _COMPONENTS)]
    return components(content, 1e-6)


def _names(content: Content, request: Request) -> dict[str, str]:
    """Variables and their labels: one asked for, or the current and its contributions."""
    there = {"current": "total"} | {f"current_{n}": label for n, label in CONTRIBUTIONS.items()}
    there = {name: label for name, label in there.items() if content.has(name)}
    if request.variable is None:
        return there
    if request.variable not in there:
        raise InputError(f"variable {request.variable}: a spectrum is of {listing(list(there))}.")
    return {request.variable: there[request.variable]}


def figure(content: Content, path: Path, request: Request) -> Any:
    """One panel per component: the total in black, the contributions in colour.

    Raises
    ------
    InputError
        If no current was recorded, or too few times.
    """
    request.takes(("variable", "at"), "'spectrum'")
    request.check(_PLACES, "a spectrum")
    if not content.has("current"):
        raise InputError(
            f"{path} has no 'current', of which a spectrum is made: see [output] observables."
        )
    count = even(content.time)
    if count < LEAST:
        raise InputError(
            f"{path} has {count} records in equal steps; a spectrum needs {LEAST}: lower "
            "[output] every."
        )
    names, chosen = _names(content, request), _chosen(content, request)
    unit = _unit(content, request, next(iter(names)), count, chosen)
    made = canvas(COLUMN, 0.3 + _HEIGHT * len(chosen))
    titled(made, content.title, COLUMN)
    grid = made.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0]
    for axes, component in zip(grid, chosen, strict=True):
        _panel(axes, content, names, component, count, unit)
    grid[-1].set_xlabel(
        rf"$\omega/\omega_0$,  $\omega_0={_digits(unit)}$ {_units(content)}".strip()
    )
    return made


def _digits(value: float) -> str:
    """A number in mathematical form."""
    digits, power_, exponent = number(value).partition("×10^")
    return rf"{digits}\times 10^{{{exponent}}}" if power_ else digits


def _units(content: Content) -> str:
    """Of an angular frequency."""
    label = content.time_label().partition("(")[2].rstrip(")")
    above, slash, below = label.partition("/")
    return f"{below}/{above}" if slash else f"per {label}" if label else ""


def _panel(
    axes: Any, content: Content, names: dict[str, str], component: int, count: int, unit: float
) -> None:
    times = content.time[:count]
    spectra = {}
    for name, label in names.items():
        frequency, found = power(times, content.values(name)[:count, component])
        spectra[label] = found
    highest = max(float(found.max()) for found in spectra.values()) or 1.0
    largest = float(spectra["total"].max()) if "total" in spectra else highest
    if largest < 1e-12 * highest:  # contributions that cancel
        largest = highest
    shown = {k: v for k, v in spectra.items() if v.max() > 1e-12 * highest}
    alone = len(shown) <= 2 and len(names) > 1
    for index, (label, found) in enumerate(shown.items()):
        total = label == "total"
        if alone and not total:
            continue  # a single contribution is the total
        axes.semilogy(
            frequency[1:] / unit,
            np.maximum(found[1:] / largest, 0.1 * _FLOOR),
            color=BLACK if total or len(shown) == 1 else CYCLE[(index - 1) % len(CYCLE)],
            linestyle="-" if total else DASHES[index % len(DASHES)],
            linewidth=1.0 if total else 0.9,
            label=label,
            zorder=2 if total else 1,
        )
    seen = [np.flatnonzero(found > _FLOOR * largest) for found in shown.values()]
    last = max((int(index[-1]) for index in seen if len(index)), default=0)
    top = min(float(frequency[-1]), max(1.1 * float(frequency[last]), 5.0 * unit)) / unit
    lowest = min(float(found[1:].min()) for found in shown.values()) / largest
    axes.set_ylim(max(0.3 * lowest, _FLOOR), 30.0 * highest / largest)
    axes.set_xlim(0.0, top)
    _harmonics(axes, top)
    symbol = rf"$|\omega j_{_COMPONENTS[component]}(\omega)|^2$"
    whose = "\nover the maximum of the total" if len(shown) > 1 else " over its maximum"
    axes.set_ylabel(f"{symbol}{whose}")
    axes.grid(visible=True)
    if len(shown) > 1 and not alone:
        axes.legend(loc="upper right", ncols=2)


def labelled_harmonics(top: float) -> Array:
    """Odd harmonics up to `top` with room for their numbers: 1, 3, 5, ... or 1, 11, 21, ..."""
    steps = [step * 10.0**power_ for power_ in range(1, 9) for step in (0.2, 0.4, 1.0)]
    step = next((s for s in steps if top / s <= _LABELS), steps[-1])
    return np.arange(1.0, top, max(2.0, step))


def _harmonics(axes: Any, top: float) -> None:
    """Ticks at all harmonics, labels at odd ones."""
    from matplotlib.ticker import LogLocator, NullFormatter

    if top > 2.0:
        axes.set_xticks(labelled_harmonics(top))
        if top <= _MINOR:
            axes.set_xticks(np.arange(1.0, top), minor=True)
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_minor_formatter(NullFormatter())
