"""Responses that b is part of: Hall, Středa, magnetoconductivity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.response.collected import Numbers
from kinetic.response.probe import Probe
from kinetic.response.result import ROUNDING, Number, unit

_RAMPED = 200  # steps of a ramp at least: its rate is smooth to all orders
_TURNED = 0.01  # of the squared width of the distribution: δb of a Středa ramp


def static(probe: Probe, b: Array) -> Array:
    """σ_ij at another b, without its own errors."""
    columns = [
        probe.answer(j, b, errors=False).value[-1, : probe.dimensions]
        for j in range(probe.dimensions)
    ]
    return np.stack(columns, axis=-1)


def hall(probe: Probe, numbers: Numbers, sigma: Array, wrong: Array) -> None:
    """ρ_xy, the Hall angle, and the Hall coefficient from the part odd in b."""
    if probe.dimensions < 2:
        raise InputError("a Hall response needs two momentum axes: add ky.")
    b = probe.b
    i, j = _plane(b, probe.dimensions)
    x, y = probe.names[i], probe.names[j]
    own = (sigma, wrong)
    resistance = {2: "hbar", 3: "hbar length"}[probe.dimensions]
    rho = f"ρ_{x}{y}"
    numbers.made(f"rho_{x}{y}", rho, lambda s: float(np.linalg.inv(s)[i, j]), [own], resistance)
    numbers.made(
        "hall_angle",
        "θ_H",
        lambda s: float(np.arctan2(s[i, j], s[i, i])),
        [own],
        "rad",
        f"tan θ_H = σ_{x}{y}/σ_{x}{x}",
    )
    if not np.any(b):
        return
    other = (static(probe, -b), wrong)
    strength = float(b @ np.eye(3)[3 - i - j]) if probe.dimensions == 3 else float(b[2])

    def transverse(s: Array) -> float:
        inverse = np.linalg.inv(s)
        return float(0.5 * (inverse[j, i] - inverse[i, j]))

    numbers.made(
        "hall_coefficient",
        "R_H",
        lambda s, r: (transverse(s) - transverse(r)) / (2.0 * strength),
        [own, other],
        f"length^{probe.dimensions}",
        f"(ρ_{y}{x} - ρ_{x}{y})/2b, odd in b; 1/n of one parabola",
    )
    numbers.made(
        "hall_resistivity_even",
        f"ρ_{y}{x}(even in b)",
        lambda s, r: 0.5 * (transverse(s) + transverse(r)),
        [own, other],
        resistance,
        "anomalous",
    )


def _direction(probe: Probe) -> Array:
    """Along b, or z where there is none."""
    size = float(np.linalg.norm(probe.b))
    return probe.b / size if size > 0.0 else np.array([0.0, 0.0, 1.0])


def streda(probe: Probe, numbers: Numbers) -> None:
    """∂ρ/∂b at frozen occupation: b is ramped, and Faraday's e brings charge."""
    if probe.dimensions < 2 or not probe.pieces["equation"].berry:
        raise InputError(
            "a Středa response is made of Berry curvature in two momentum axes at least: "
            "add ky, and take level = 'dressed' or 'projected'."
        )
    along = _direction(probe)
    change = _TURNED * probe.width**2

    def odd(size: float) -> float:
        return 0.5 * (_inflow(probe, size * along) - _inflow(probe, -size * along)) / size

    value, double = odd(change), odd(2.0 * change)
    numbers.found.append(
        Number(
            "streda",
            "∂ρ/∂b",
            value,
            abs(double - value) / 3.0 + ROUNDING * abs(value),
            unit(probe.dimensions),
            "occupation frozen; 2πħ times it is ν in 2D",
        )
    )


def _inflow(probe: Probe, change: Array) -> float:
    """Charge that a ramp of b by `change` brings, without collisions."""
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


def magnetoconductivity(
    probe: Probe, numbers: Numbers, sigma: Array, wrong: Array, magnetic: Sequence[float]
) -> None:
    """σ_ii(b) - σ_ii(0) along the b of the run or z."""
    strengths = [float(x) for x in magnetic]
    own = float(np.linalg.norm(probe.b))
    if not strengths:
        if own == 0.0:
            raise InputError("σ(b) - σ(0) needs fields: give --magnetic B…, or [fields] B.")
        strengths = [own]
    along, still = _direction(probe), np.zeros(3)
    zero = static(probe, still) if own else sigma
    for strength in strengths:
        if not np.isfinite(strength) or strength == 0.0:
            raise InputError(f"--magnetic {strength}: a field other than 0 is needed.")
        at = static(probe, strength * along)
        for i, x in enumerate(probe.names):
            numbers.made(
                f"delta_sigma_{x}{x}_{strength:g}",
                f"σ_{x}{x}({strength:g}) - σ_{x}{x}(0)",
                lambda s, r, i=i: float(s[i, i] - r[i, i]),
                [(at, wrong), (zero, np.zeros_like(zero))],
                unit(probe.dimensions),
                f"{(at[i, i] - zero[i, i]) / zero[i, i]:+.4g} of σ(0)",
            )


def _plane(b: Array, dimensions: int) -> tuple[int, int]:
    """Two directions across b, in the cyclic order."""
    if dimensions == 2:
        return 0, 1
    normal = int(np.argmax(np.abs(b))) if np.any(b) else 2
    return (normal + 1) % 3, (normal + 2) % 3
