"""From answers to steps of e, ∇T and b to the coefficients of transport.

    j = σ e + α (-∇T) ,   j_Q = Π_e e + κ₀ (-∇T) ,   j_Q = j_ε - μ j
    ρ = σ⁻¹ ,   S = σ⁻¹ α ,   Π = Π_e σ⁻¹ ,   κ = κ₀ - Π_e σ⁻¹ α ,   L = κ/(σ T)

e and b have the charge q in them and j counts particles: σ times q², α and Π_e times q, S and Π
over q, and the Hall coefficient R = (ρ_yx odd in b)/b over q are those of charges and volts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kinetic.errors import InputError, suggestion
from kinetic.grid import Array
from kinetic.response.collected import Numbers
from kinetic.response.heat import require, thermoelectric
from kinetic.response.magnetic import hall, magnetoconductivity, streda
from kinetic.response.probe import SAMPLES, Notice, Probe, Steps
from kinetic.response.result import ROUNDING, Response, unit
from kinetic.response.transform import damping, dying, frequencies, spectrum, transformed

WHAT = ("conductivity", "hall", "thermoelectric", "streda", "magnetoconductivity")
_COUNT = 201  # frequencies


def respond(
    run: Mapping[str, Any],
    what: Sequence[str] = (),
    omega: Array | None = None,
    *,
    samples: int = SAMPLES,
    force: float | None = None,
    magnetic: Sequence[float] = (),
    errors: bool = True,
    notice: Notice | None = None,
) -> Response:
    """The linear response of the system of a run file, e exchanged for a small one.

    Parameters
    ----------
    run
        Tables of the run file; the answer is followed from its start to its stop.
    what
        Any of `WHAT`; σ_ij(ω) always is found.  By default the Hall coefficient too where there
        is a b.
    omega
        Frequencies; by default up to five times the mean one of the answer.
    samples
        Instants at which the answers are looked at.
    force
        Size of e.
    magnetic
        Fields b of σ(b) - σ(0), along the b of the run or z; by default the b of the run.
    errors
        Whether to estimate what the size of e and the time step make; without it the errors
        hold sampling and the end of the run alone, and are neither printed nor stored.
    notice
        Told what is being done.

    Raises
    ------
    InputError
        If the system has no such response.
    """
    for name in what:
        if name not in WHAT:
            raise InputError(f"--what {name}: {suggestion(name, WHAT)}")
    if samples < 20:
        raise InputError(f"samples = {samples}: at least 20 are needed.")
    if force is not None and not 0.0 < force < np.inf:
        raise InputError(f"--field {force:g}: the size of e must be a finite number above 0.")
    for key, values in (("omega", omega), ("magnetic", magnetic)):
        for value in () if values is None else values:
            if not np.isfinite(value):
                raise InputError(f"--{key} {value}: every number must be finite.")
    if "magnetoconductivity" in what and 0.0 in magnetic:
        raise InputError("--magnetic 0: a field other than 0 is needed.")
    if omega is not None and not len(omega):
        raise InputError("--omega: one frequency at least is needed.")
    probe = Probe(run, samples, force, errors, notice)
    try:
        return _Measurement(probe, str(run.get("title", "")), omega, magnetic).all(what)
    except np.linalg.LinAlgError:
        raise InputError(
            "nothing flows here, so that σ has no inverse: Hall and Seebeck coefficients do not "
            "exist; ask for --what conductivity alone."
        ) from None


class _Measurement:
    """One response in the making."""

    def __init__(
        self, probe: Probe, title: str, omega: Array | None, magnetic: Sequence[float]
    ) -> None:
        self.probe, self.title, self.magnetic = probe, title, magnetic
        self.names, self.d = probe.names, probe.dimensions
        self.omega = None if omega is None else np.asarray(omega, dtype=float)
        self.numbers = Numbers(self.names)
        self.notes: list[str] = []

    def all(self, chosen: Sequence[str]) -> Response:
        heat = "thermoelectric" in chosen
        if heat:
            require(self.probe)
        answers = [self.probe.answer(j, heat=heat) for j in range(self.d)]
        response = self._conductivity(answers)
        self.even = max(a.even for a in answers)
        steady = response["damping"] == 0.0
        self.sigma, self.wrong = response["static"], response["static_error"]
        if steady:
            self.numbers.elements("sigma", "σ", self.sigma, self.wrong, unit(self.d))
        else:
            self._weights(response["answers"], answers[0].times)
            self.numbers.elements(
                "sigma_instantaneous",
                "σ(t=0)",
                response["answers"][0],
                response["first_error"],
                unit(self.d),
                "intrinsic",
            )
        if not chosen and steady and np.any(self.probe.b) and self.d > 1:
            chosen = ("hall",)
        if not steady and {"hall", "thermoelectric", "magnetoconductivity"} & set(chosen):
            raise InputError(
                "the current does not become steady before stop: no static response can be "
                "told. Let the run last longer, or add collisions."
            )
        if "hall" in chosen:
            hall(self.probe, self.numbers, self.sigma, self.wrong)
        if heat:
            thermoelectric(self.probe, self.numbers, answers, self.sigma, self.wrong)
        if "streda" in chosen:
            streda(self.probe, self.numbers)
        if "magnetoconductivity" in chosen:
            magnetoconductivity(self.probe, self.numbers, self.sigma, self.wrong, self.magnetic)
        self._limits()
        equation = self.probe.pieces["equation"]
        kept = ("omega", "conductivity", "error", "errors", "damping", "times", "answers")
        return Response(
            title=self.title,
            level=equation.level,
            components=self.names,
            numbers=self.numbers.found,
            estimated=self.probe.errors,
            magnetic=self.probe.b,
            force=0.5 * self.probe.force,
            even=self.even,
            notes=self.notes,
            **{name: response[name] for name in kept},
        )

    def _limits(self) -> None:
        """Note what no error holds."""
        first = "the error" if self.probe.errors else "errors are not estimated; that"
        self.notes.append(
            f"{first} of the momentum grid is not included: run it on another grid"
        )
        if self.probe.cut_sea:
            self.notes.append(
                "the sea has no end: its curvature beyond the cutoff is left out of the "
                "intrinsic σ_ij and of ∂ρ/∂b, a share that falls as 1/cutoff (two dimensions)"
            )

    # --- σ(ω) ---------------------------------------------------------------------------------

    def _conductivity(self, answers: Sequence[Steps]) -> dict[str, Any]:
        d, times = self.d, answers[0].times
        stacked = np.stack([a.value[:, :d] for a in answers], axis=-1)
        differences = {
            "force": np.stack([a.linearity[:, :d] for a in answers], axis=-1),
            "step": np.stack([a.stepping[:, :d] for a in answers], axis=-1),
        }
        largest = float(np.abs(stacked).max())
        dies = [dying(stacked[:, i, j], largest)[0] for i in range(d) for j in range(d)]
        eta = 0.0 if all(dies) else damping(times)
        if eta:
            self.notes.append(
                f"the current does not die out before stop: σ(ω + iη) with η = {eta:.4g}; "
                "let the run last longer, or add collisions"
            )
        omega = frequencies(times, stacked, _COUNT) if self.omega is None else self.omega
        reach = np.pi / (times[1] - times[0])
        if np.abs(omega).max(initial=0.0) > reach:
            raise InputError(
                f"ω up to {np.abs(omega).max():.4g} is beyond {reach:.4g}, what "
                f"{len(times) - 1} samples of this run can tell: take more of them."
            )
        sigma = np.zeros((len(omega), d, d), dtype=complex)
        errors = {name: np.zeros(sigma.shape) for name in ("force", "step", "sampling", "window")}
        window = np.zeros((d, d))
        for i in range(d):
            for j in range(d):
                found = spectrum(times, stacked[:, i, j], omega, largest, eta)
                sigma[:, i, j] = found.value
                errors["sampling"][:, i, j] = found.sampling
                errors["window"][:, i, j] = window[i, j] = found.window
                for name, values in differences.items():
                    change = transformed(times, values[:, i, j], omega, eta)
                    errors[name][:, i, j] = np.abs(change)
        floor = ROUNDING * largest
        changes = differences.values()
        static_error = floor + window + sum(np.abs(values[-1]) for values in changes)
        first_error = floor + sum(np.abs(values[0]) for values in changes)
        return {
            "omega": omega,
            "conductivity": sigma,
            "errors": errors,
            "error": floor + sum(errors.values()),
            "damping": eta,
            "times": times,
            "answers": stacked,
            "static": stacked[-1],
            "static_error": static_error,
            "first_error": first_error,
        }

    def _weights(self, answers: Array, times: Array) -> None:
        """∂ₜS of currents that go on for ever."""
        late = len(times) // 2
        halves = [np.diff(part, axis=0).mean(axis=0) for part in (answers, answers[late:])]
        slopes = [half / (times[1] - times[0]) for half in halves]
        units = unit(self.d) + " energy/hbar"
        self.numbers.elements(
            "drude_weight", "D", slopes[1], np.abs(slopes[1] - slopes[0]), units
        )
