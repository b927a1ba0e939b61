"""Functions of time: numbers, formulas in t, and named pulses, each with its exact rate.

A pulse is a formula with named numbers, so that its derivative is exact and one compiled
function serves all amplitudes and durations.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kinetic.compilation import compiled
from kinetic.errors import InputError
from kinetic.expressions import Expression, check_names, parse
from kinetic.registry import Description, construct, find

_HINTS = {
    name: f"'{name}' is not a time: only t may stand here." for name in ("kx", "ky", "kz")
}


@dataclass(frozen=True, init=False)
class TimeFunction:
    """F(t) and dF/dt, from a number or a formula in t.

    Parameters
    ----------
    source
        A number or a formula in t and the names of `constants`.
    constants
        Numbers by name.
    hints
        Sentences for names that are refused for a particular reason.
    what
        What the function is, for messages.

    Raises
    ------
    InputError
        If the source is not an allowed formula, or (at evaluation) not finite.
    """

    source: str
    constants: tuple[tuple[str, float], ...]
    what: str = field(compare=False)

    def __init__(
        self,
        source: str | float,
        constants: Mapping[str, float] | None = None,
        what: str = "formula",
        hints: Mapping[str, str] | None = None,
    ) -> None:
        values = dict(constants or {})
        check_names(values, ("t",), "constant")
        expression = parse(source, ("t", *values), what, {**_HINTS, **(hints or {})})
        object.__setattr__(self, "source", expression.source)
        object.__setattr__(
            self, "constants", tuple((n, float(values[n])) for n in sorted(values))
        )
        object.__setattr__(self, "what", what)

    def __repr__(self) -> str:
        if not self.constants:
            return self.source
        return self.source + " with " + ", ".join(f"{n}={v!r}" for n, v in self.constants)

    @property
    def expression(self) -> Expression:
        """The checked formula."""
        return parse(self.source, ("t", *(name for name, _ in self.constants)), self.what)

    @property
    def constant(self) -> bool:
        """Whether t does not occur."""
        return "t" not in self.expression.names

    @property
    def jumps(self) -> bool:
        """Whether the formula contains a step, whose rate is not a function."""
        return bool(self.expression.functions & {"heaviside", "sign"})

    def __call__(self, t: float) -> float:
        """Value at time t."""
        return self._evaluate(t)[0]

    def rate(self, t: float) -> float:
        """Exact derivative at time t (at a kink or jump: that of one side)."""
        return self._evaluate(t)[1]

    def _evaluate(self, t: float) -> tuple[float, float]:
        number = self.expression.number
        if number is not None:
            return number, 0.0
        names = ("t", *(name for name, _ in self.constants))
        function = compiled(names, ((self.source, ""), (self.source, "t")))
        value, rate = function(t, *(constant for _, constant in self.constants))
        if not (math.isfinite(value) and math.isfinite(rate)):
            raise InputError(
                f"{self.what} = '{self}' or its rate is not finite at t = {t:.6g}; "
                "write a formula that is finite at all times of the run."
            )
        return float(value), float(rate)


class Pulse(Description):
    """A function of time that a table {pulse = "name", ...} names."""

    kind = "pulse"
    shape: ClassVar[str]

    def function(self, what: str = "pulse") -> TimeFunction:
        """The pulse as a function of time."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return TimeFunction(self.shape, values, what)


def time_function(
    value: object, what: str = "formula", hints: Mapping[str, str] | None = None
) -> TimeFunction:
    """A number, a formula in t, a {pulse = ...} table, a `Pulse` or a `TimeFunction`.

    Parameters
    ----------
    value
        What the run file says.
    what
        What it is for, for messages.
    hints
        Sentences for names that are refused for a particular reason.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(value, TimeFunction):
        return value
    if isinstance(value, Pulse):
        return value.function(what)
    if isinstance(value, Mapping):
        if "pulse" not in value:
            raise InputError(
                f"{what} = {dict(value)!r}: the key 'pulse' says which one is meant."
            )
        cls = find(Pulse, value["pulse"], what)
        table = {key: number for key, number in value.items() if key != "pulse"}
        return construct(cls, table, what).function(what)
    return TimeFunction(value, what=what, hints=hints)  # type: ignore[arg-type]


def _check_numbers(pulse: Pulse, positive: tuple[str, ...]) -> None:
    for f in dataclasses.fields(pulse):  # type: ignore[arg-type]
        value = getattr(pulse, f.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{f.name} = {value!r}: a number is needed.")
        if not math.isfinite(value):
            raise InputError(f"{f.name} = {value!r}: a finite number is needed.")
        if f.name in positive and value <= 0:
            raise InputError(f"{f.name} = {value!r}: it must be above 0.")


@dataclass(frozen=True)
class Gaussian(Pulse):
    """F(t) = A exp[−(t−t₀)²/2σ²] cos[ω(t−t₀) + φ]

    Parameters
    ----------
    amplitude
        A, units of the field.
    centre
        t₀.
    width
        σ > 0, the standard deviation of the envelope.
    frequency
        Angular frequency ω of the carrier; 0 for the bare envelope.
    phase
        φ.
    """

    name = "gaussian"
    shape = "amplitude*exp(-((t - centre)/width)**2/2)*cos(frequency*(t - centre) + phase)"
    amplitude: float
    centre: float
    width: float
    frequency: float = 0.0
    phase: float = 0.0

    def __post_init__(self) -> None:
        _check_numbers(self, ("width",))


@dataclass(frozen=True)
class Ramp(Pulse):
    """F(t) = A g(u)/[g(u) + g(1−u)], g(u) = exp(−1/u) for u > 0 else 0, u = (t−t₀)/T

    Smooth to all orders (C-infinity): exactly F₀ before t₀, exactly A after t₀ + T, so that
    nothing is excited at any power of 1/T.  With `initial` F₀ the ramp runs from F₀ to A.

    Parameters
    ----------
    amplitude
        A, the final value.
    duration
        T > 0.
    start
        t₀.
    initial
        F₀, the value before the ramp.
    """

    name = "ramp"
    shape = (
        "where(t <= start, initial, where(t >= start + duration, amplitude, "
        "(amplitude + initial)/2 + (amplitude - initial)/2"
        "*tanh(duration/2*(1/(start + duration - t) - 1/(t - start)))))"
    )
    amplitude: float
    duration: float
    start: float = 0.0
    initial: float = 0.0

    def __post_init__(self) -> None:
        _check_numbers(self, ("duration",))


@dataclass(frozen=True)
class Chirp(Pulse):
    """F(t) = A exp[−(t−t₀)²/2σ²] cos[ω(t−t₀) + ½β(t−t₀)² + φ]

    Parameters
    ----------
    amplitude
        A, units of the field.
    centre
        t₀.
    width
        σ > 0.
    frequency
        Angular frequency ω at the centre.
    rate
        β, the rate of the angular frequency.
    phase
        φ.
    """

    name = "chirp"
    shape = (
        "amplitude*exp(-((t - centre)/width)**2/2)"
        "*cos(frequency*(t - centre) + rate*(t - centre)**2/2 + phase)"
    )
    amplitude: float
    centre: float
    width: float
    frequency: float
    rate: float
    phase: float = 0.0

    def __post_init__(self) -> None:
        _check_numbers(self, ("width",))


@dataclass(frozen=True)
class FewCycle(Pulse):
    """F(t) = −dA/dt, A(t) = −(A/ω) cos⁴(πu) sin(ωτ + φ), τ = t − t₀, u = τ/T, |u| < ½

    The field is minus the derivative of a vector potential that vanishes at both ends, so
    its time integral is exactly zero, as that of a propagating pulse must be.  A is three
    times continuously differentiable, F twice.

    Parameters
    ----------
    amplitude
        A, the peak field up to corrections 1/(number of cycles).
    centre
        t₀.
    duration
        T > 0, full length of the pulse.
    frequency
        Angular frequency ω > 0.
    phase
        Carrier–envelope phase φ.

    Notes
    -----
    cos² envelopes of the vector potential are usual in strong-field physics;
    D. B. Milošević, G. G. Paulus, D. Bauer, W. Becker, J. Phys. B 39, R203 (2006).  cos⁴ is
    two steps smoother.
    """

    name = "few_cycle"
    shape = (
        "where(abs(t - centre) >= duration/2, 0, amplitude*cos(pi*(t - centre)/duration)**3"
        "*("
        "cos(pi*(t - centre)/duration)*cos(frequency*(t - centre) + phase)"
        " - 4*pi/(frequency*duration)*sin(pi*(t - centre)/duration)"
        "*sin(frequency*(t - centre) + phase)))"
    )
    amplitude: float
    centre: float
    duration: float
    frequency: float
    phase: float = 0.0

    def __post_init__(self) -> None:
        _check_numbers(self, ("duration", "frequency"))
