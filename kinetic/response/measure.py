"""From answers to steps of e, ∇T and b to the coefficients of transport.

    j = σ e + α (-∇T) ,   j_Q = Π_e e + κ₀ (-∇T) ,   j_Q = j_ε - μ j
    ρ = σ⁻¹ ,   S = σ⁻¹ α ,   Π = Π_e σ⁻¹ ,   κ = κ₀ - Π_e σ⁻¹ α ,   L = κ/(σ T)

e and b have the charge q in them and j counts particles: σ times q², α and Π_e times q, S and Π
over q, and the Hall coefficient R = (ρ_yx odd in b)/b over q are those of charges and volts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kinetic.errors import InputError, suggestion
from kinetic.grid import Array
from kinetic.response.gradient import intrinsic
from kinetic.response.probe import SAMPLES, Notice, Probe, Steps
from kinetic.response.result import Number, Response, unit
from kinetic.response.transform import damping, dying, frequencies, spectrum, transformed

WHAT = ("conductivity", "hall", "thermoelectric", "streda", "magnetoconductivity")
_COUNT = 201  # frequencies
_ROUNDING = 1e-11  # of the largest element
_RAMPED = 200  # steps of a ramp at least: its rate is smooth to all orders
_TURNED = 0.01  # of the squared width of the distribution: δb of a Středa ramp


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
        Whether to estimate what the size of e and the time step make.
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
        raise InputError(f"force = {force} must be a number above 0.")
    probe = Probe(run, samples, force, errors, notice)
    return _Measurement(probe, str(run.get("title", "")), omega, magnetic).all(what)


class _Measurement:
    """One response in the making."""

    def __init__(
        self, probe: Probe, title: str, omega: Array | None, magnetic: Sequence[float]
    ) -> None:
        self.probe, self.title, self.magnetic = probe, title, magnetic
        self.names, self.d = probe.names, probe.dimensions
        self.omega = None if omega is None else np.asarray(omega, dtype=float)
        self.numbers: list[Number] = []
        self.notes: list[str] = []

    def all(self, chosen: Sequence[str]) -> Response:
        heat = "thermoelectric" in chosen
        if heat:
            self._require_thermal()
        answers = [self.probe.answer(j, heat=heat) for j in range(self.d)]
        response = self._conductivity(answers)
        self.even = max(a.even for a in answers)
        steady = response["damping"] == 0.0
        self.sigma, self.wrong = response["static"], response["static_error"]
        if steady:
            self._elements("sigma", "σ", self.sigma, self.wrong, unit(self.d))
        else:
            self._weights(response["answers"], answers[0].times)
        if not chosen and steady and np.any(self.probe.b) and self.d > 1:
            chosen = ("hall",)
        if not steady and {"hall", "thermoelectric", "magnetoconductivity"} & set(chosen):
            raise InputError(
                "the current does not become steady before stop: no static response can be "
                "told. Let the run last longer, or add collisions."
            )
        if "hall" in chosen:
            self._hall()
        if heat:
            self._thermoelectric(answers)
        if "streda" in chosen:
            self._streda()
        if "magnetoconductivity" in chosen:
            self._magnetoconductivity()
        equation = self.probe.pieces["equation"]
        kept = ("omega", "conductivity", "error", "errors", "damping", "times", "answers")
        return Response(
            title=self.title,
            level=equation.level,
            components=self.names,
            numbers=self.numbers,
            magnetic=self.probe.b,
            force=0.5 * self.probe.force,
            even=self.even,
            notes=self.notes,
            **{name: response[name] for name in kept},
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
        floor = _ROUNDING * largest
        static_error = floor + window + sum(np.abs(v[-1]) for v in differences.values())
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
        }

    def _elements(
        self, name: str, symbol: str, values: Array, errors: Array, units: str, note: str = ""
    ) -> None:
        """All elements of a matrix as numbers."""
        for i, row in enumerate(self.names):
            for j, column in enumerate(self.names):
                self.numbers.append(
                    Number(
                        f"{name}_{row}{column}",
                        f"{symbol}_{row}{column}",
                        float(values[i, j]),
                        float(errors[i, j]),
                        units,
                        note,
                    )
                )

    def _weights(self, answers: Array, times: Array) -> None:
        """∂ₜS of currents that go on for ever."""
        late = len(times) // 2
        halves = [np.diff(part, axis=0).mean(axis=0) for part in (answers, answers[late:])]
        slopes = [half / (times[1] - times[0]) for half in halves]
        units = unit(self.d) + " energy/hbar"
        self._elements("drude_weight", "D", slopes[1], np.abs(slopes[1] - slopes[0]), units)

    def _static(self, b: Array) -> Array:
        """σ_ij at another b, without its own errors."""
        columns = [
            self.probe.answer(j, b, errors=False).value[-1, : self.d] for j in range(self.d)
        ]
        return np.stack(columns, axis=-1)

    def _add(
        self,
        name: str,
        symbol: str,
        function: Callable[..., float],
        inputs: Sequence[tuple[Array, Array]],
        units: str,
        note: str = "",
    ) -> None:
        """A number made of matrices, with the errors of their elements carried along."""
        values = [value for value, _ in inputs]
        central = function(*values)
        error = 0.0
        for place, (value, wrong) in enumerate(inputs):
            for index in np.ndindex(value.shape):
                moved = value.copy()
                moved[index] += wrong[index]
                changed = function(*values[:place], moved, *values[place + 1 :])
                error += abs(changed - central)
        self.numbers.append(Number(name, symbol, central, error, units, note))

    # --- Hall ---------------------------------------------------------------------------------

    def _hall(self) -> None:
        """ρ_xy, the Hall angle, and the Hall coefficient from the part odd in b."""
        if self.d < 2:
            raise InputError("a Hall response needs two momentum axes: add ky.")
        b = self.probe.b
        i, j = _plane(b, self.d)
        x, y = self.names[i], self.names[j]
        own = (self.sigma, self.wrong)
        resistance = {2: "hbar", 3: "hbar length"}[self.d]
        rho = f"ρ_{x}{y}"
        self._add(f"rho_{x}{y}", rho, lambda s: float(np.linalg.inv(s)[i, j]), [own], resistance)
        self._add(
            "hall_angle",
            "tan θ_H",
            lambda s: float(s[i, j] / s[i, i]),
            [own],
            "1",
            f"σ_{x}{y}/σ_{x}{x}",
        )
        if not np.any(b):
            return
        other = (self._static(-b), self.wrong)
        strength = float(b @ np.eye(3)[3 - i - j]) if self.d == 3 else float(b[2])

        def transverse(s: Array) -> float:
            inverse = np.linalg.inv(s)
            return float(0.5 * (inverse[j, i] - inverse[i, j]))

        self._add(
            "hall_coefficient",
            "R_H",
            lambda s, r: (transverse(s) - transverse(r)) / (2.0 * strength),
            [own, other],
            f"length^{self.d}",
            f"(ρ_{y}{x} - ρ_{x}{y})/2b, odd in b; 1/n of one parabola",
        )
        self._add(
            "hall_resistivity_even",
            f"ρ_{y}{x}(even in b)",
            lambda s, r: 0.5 * (transverse(s) + transverse(r)),
            [own, other],
            resistance,
            "anomalous",
        )

    # --- heat ---------------------------------------------------------------------------------

    def _require_thermal(self) -> None:
        self.probe.bath()
        equation = self.probe.pieces["equation"]
        if np.any(self.probe.b) and equation.berry and self.d == 3:
            raise InputError(
                "thermoelectric responses with Berry curvature and b in three dimensions are not "
                "known here: set B = 0, or level = 'boltzmann'."
            )

    def _thermoelectric(self, answers: Sequence[Steps]) -> None:
        """α, S, Π_e, κ and L from -∇T, with α beside its Onsager partner."""
        d, (_, temperature) = self.d, self.probe.bath()
        gradients = [
            self.probe.answer(j, heat=True, thermal=True, errors=False) for j in range(d)
        ]
        berry_heat, berry_conduction = (
            matrix[:d, :d] for matrix in intrinsic(self.probe.evolution(), *self.probe.bath())
        )
        lasting = []  # what scattering lets through, without what e itself makes of the sea
        for found, first in ((answers, True), (gradients, False)):
            for part in (slice(0, d), slice(3, 3 + d)):
                values = np.stack([a.value[:, part] for a in found], axis=-1)
                size = float(np.abs(values).max())
                rest = np.array(
                    [[dying(values[:, i, j], size)[1] for j in range(d)] for i in range(d)]
                )
                lasting.append((values[-1] - (values[0] if first else 0.0), rest))
        (_, _), (peltier, wrong_peltier), (seebeck, wrong_seebeck), (heat, wrong_heat) = lasting
        # of -∇T/T and e: the symmetric parts are one and the same
        symmetric = 0.5 * np.abs(seebeck + seebeck.T - peltier - peltier.T)
        if np.any(self.probe.b):
            symmetric = np.diag(np.diag(symmetric))
        mismatch = float(symmetric.max())
        wrong = wrong_seebeck + wrong_peltier + mismatch
        alpha = ((seebeck + berry_heat) / temperature, wrong / temperature)
        heating = (peltier + berry_heat, wrong)
        conduction = ((heat + berry_conduction) / temperature, wrong_heat / temperature)
        relative = float(np.abs(self.wrong).max() / np.abs(self.sigma).max())
        conduction[1][...] += relative * np.abs(conduction[0]).max()
        own = (self.sigma, self.wrong)
        scale = float(np.abs(alpha[0]).max())
        agrees = f"Onsager to {mismatch / temperature / scale:.1e}" if scale else ""
        self._elements("alpha", "α", *alpha, unit(d), agrees)
        for i, x in enumerate(self.names):
            self._add(
                f"seebeck_{x}{x}",
                f"S_{x}{x}",
                lambda s, a, i=i: float(np.linalg.solve(s, a)[i, i]),
                [own, alpha],
                "1",
                "k_B/q",
            )
            self._add(
                f"peltier_{x}{x}",
                f"Π_{x}{x}",
                lambda s, p, i=i: float((p @ np.linalg.inv(s))[i, i]),
                [own, heating],
                "energy",
                "over q",
            )
            for j, y in enumerate(self.names):
                self._add(
                    f"kappa_{x}{y}",
                    f"κ_{x}{y}",
                    lambda s, a, p, k, i=i, j=j: float((k - p @ np.linalg.solve(s, a))[i, j]),
                    [own, alpha, heating, conduction],
                    unit(d) + " energy",
                )
            self._add(
                f"lorenz_{x}{x}",
                f"L_{x}{x}",
                lambda s, a, p, k, i=i: float(
                    (k - p @ np.linalg.solve(s, a))[i, i] / (s[i, i] * temperature)
                ),
                [own, alpha, heating, conduction],
                "1",
                f"κ/σT; π²/3 = {np.pi**2 / 3:.6f} at low T",
            )

    # --- b ------------------------------------------------------------------------------------

    def _direction(self) -> Array:
        """Along b, or z where there is none."""
        size = float(np.linalg.norm(self.probe.b))
        return self.probe.b / size if size > 0.0 else np.array([0.0, 0.0, 1.0])

    def _streda(self) -> None:
        """∂ρ/∂b at frozen occupation: b is ramped, and Faraday's e brings charge."""
        probe = self.probe
        if self.d < 2 or not probe.pieces["equation"].berry:
            raise InputError(
                "a Středa response is made of Berry curvature in two momentum axes at least: "
                "add ky, and take level = 'dressed' or 'projected'."
            )
        along = self._direction()
        change = _TURNED * probe.width**2

        def odd(size: float) -> float:
            return 0.5 * (self._inflow(size * along) - self._inflow(-size * along)) / size

        value, double = odd(change), odd(2.0 * change)
        self.numbers.append(
            Number(
                "streda",
                "∂ρ/∂b",
                value,
                abs(double - value) / 3.0 + _ROUNDING * abs(value),
                unit(self.d),
                "occupation frozen; 2πħ times it is ν in 2D",
            )
        )

    def _inflow(self, change: Array) -> float:
        """Charge that a ramp of b by `change` brings, without collisions."""
        probe = self.probe
        ramped = [
            {
                "pulse": "ramp",
                "amplitude": float(b + db),
                "initial": float(b),
                "start": float(probe.start),
                "duration": probe.span,
            }
            if db
            else float(b)
            for b, db in zip(probe.b, change, strict=True)
        ]
        evolution = probe.evolution(magnetic=ramped, step=probe.span / _RAMPED, collide=False)
        while evolution.time < probe.stop:
            evolution.advance(probe.stop)
        return float(evolution.faraday_inflow())

    def _magnetoconductivity(self) -> None:
        """σ_ii(b) - σ_ii(0) along the b of the run or z."""
        strengths = [float(x) for x in self.magnetic]
        own = float(np.linalg.norm(self.probe.b))
        if not strengths:
            if own == 0.0:
                raise InputError("σ(b) - σ(0) needs fields: give --magnetic B…, or [fields] B.")
            strengths = [own]
        along, still = self._direction(), np.zeros(3)
        zero = self._static(still) if own else self.sigma
        for strength in strengths:
            if not np.isfinite(strength) or strength == 0.0:
                raise InputError(f"--magnetic {strength}: a field other than 0 is needed.")
            at = self._static(strength * along)
            for i, x in enumerate(self.names):
                self._add(
                    f"delta_sigma_{x}{x}_{strength:g}",
                    f"σ_{x}{x}({strength:g}) - σ_{x}{x}(0)",
                    lambda s, r, i=i: float(s[i, i] - r[i, i]),
                    [(at, self.wrong), (zero, np.zeros_like(zero))],
                    unit(self.d),
                    f"{(at[i, i] - zero[i, i]) / zero[i, i]:+.4g} of σ(0)",
                )


def _plane(b: Array, dimensions: int) -> tuple[int, int]:
    """Two directions across b, in the cyclic order."""
    if dimensions == 2:
        return 0, 1
    normal = int(np.argmax(np.abs(b))) if np.any(b) else 2
    return (normal + 1) % 3, (normal + 2) % 3
