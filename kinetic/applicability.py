"""How near a system comes to where a gradient expansion of two bands ends.

    |F| = ħ|F_{r_l k_l} + b·B_k|            ħ|{Δ, m}|/Δ        ħ|Dm|/Δ        ħω/Δ
    P = exp(−πΔ²/(4ħ|Dd|))                  √(ħ|b|) |∂Δ|/Δ

    {Δ, m} = ∂_kΔ·∂_r m − ∂_rΔ·∂_k m + b·(∂_kΔ × ∂_k m)
    D = ∂ₜ + ∂_k d₀·∂_r + (e − ∂_r d₀ + ∂_k d₀ × b)·∂_k ,    the change along the mean motion

Each is the largest over phase space of the quantity times |f₊ − f₋|: where both bands are full or
both are empty nothing can go wrong.  P is the probability to change bands in one passage.

Source: Wong and Tserkovnyak, Phys. Rev. B 84, 115209 (2011), Eqs. (9), (20), for what the
expansion takes to be small; C. Zener, Proc. R. Soc. A 137, 696 (1932), for P.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from kinetic import bands
from kinetic.grid import SPACE, Array
from kinetic.hamiltonians.base import Jet
from kinetic.system import System
from kinetic.twoform import TwoForm

SAMPLES = 100_000
_TINY = 1e-100
_TOUCHING = 1e-9  # of the largest gap: where the bands touch there is no pair of them
_TURNED = 1.3 * 2.0 * np.pi  # above √60, what a parabola seems to turn by: no cycle yet
_SHARES = (0.11, 0.36, 0.5, 0.71, 0.9)
_NEAR = 1e-5  # of the time span, for rates


@dataclass(frozen=True)
class Applicability:
    """The largest of each number, weighted by |f₊ − f₋|; see the head of this module.

    Parameters
    ----------
    curvature
        |F|.
    gradient
        ħ|{Δ, m}|/Δ.
    turning
        ħ|Dm|/Δ.
    frequency
        ħω/Δ.
    tunnelling
        P.
    magnetic
        √(ħ|b|)|∂Δ|/Δ: the Landau level spacing over the gap.
    """

    curvature: float = 0.0
    gradient: float = 0.0
    turning: float = 0.0
    frequency: float = 0.0
    tunnelling: float = 0.0
    magnetic: float = 0.0

    def larger(self, other: Applicability) -> Applicability:
        """The larger of each."""
        names = [field.name for field in fields(self)]
        return Applicability(*(max(getattr(self, n), getattr(other, n)) for n in names))


@dataclass(frozen=True)
class Sample:
    """Cells of phase space that are looked at.

    `index` picks them along every axis, r first; `k` and `r` (by name) broadcast to (*r, *k).
    """

    index: tuple[slice, ...]
    k: list[Array]
    r: dict[str, Array]

    @classmethod
    def of(cls, system: System, most: int = SAMPLES) -> Sample:
        """Every so many cells of each axis that no more than `most` are left."""
        axes = system.grid.axes
        shape = [axis.cells for axis in axes]
        stride = 1
        while np.prod([-(-n // stride) for n in shape], dtype=float) > most:
            stride += 1
        index = tuple(slice((n - 1) % stride // 2, None, stride) for n in shape)
        centres = [axis.centres[s] for axis, s in zip(axes, index, strict=True)]
        points = list(np.meshgrid(*centres, indexing="ij", sparse=True))
        count = len(system.grid.space)
        names = [axis.name for axis in axes[:count]]
        return cls(index, points[count:], dict(zip(names, points[:count], strict=True)))

    def jet(self, system: System, valley: int, time: float) -> Jet:
        """The Hamiltonian at the cells."""
        return system.hamiltonian.jet(valley, self.k, time, self._used(system))

    def directions(self, system: System, valley: int, time: float) -> Array:
        """The direction m = d/|d| at the cells, 0 where d vanishes.  (3, *cells)"""
        _, d = system.hamiltonian.values(valley, self.k, time, self._used(system))
        size = np.linalg.norm(d, axis=0)
        return np.asarray(d / np.where(size > 0.0, size, np.inf))

    def _used(self, system: System) -> dict[str, Array] | None:
        names = system.hamiltonian.space_names
        return {name: x for name, x in self.r.items() if name in names} or None


def assess(
    system: System, sample: Sample, contrast: Array, time: float, omega: float = 0.0
) -> Applicability:
    """The numbers at an instant.

    Parameters
    ----------
    system
        Hamiltonian, fields and ħ.
    sample
        The cells that are looked at.
    contrast
        |f₊ − f₋| there, or |n₊ − n₋|.  (valley, *r, *k)
    time
        When.
    omega
        Angular frequency of the drives, see `drive_frequency`.
    """
    outside = system.fields.in_space(system.grid.space)
    e, b = outside.electric_at(sample.r, time), outside.magnetic_at(sample.r, time)
    used = [name for name in sample.r if name in system.hamiltonian.space_names]
    found = Applicability()
    for valley in range(system.valleys):
        jet = sample.jet(system, valley, time)
        with np.errstate(all="ignore"):
            values = _at_cells(jet, used, e, b, system.equation.hbar, omega)
            half = bands.half_gap(jet)
            apart = contrast[valley] * (half > _TOUCHING * half.max())
            weighed = [np.nan_to_num(apart * x, posinf=0.0) for x in values]
        found = found.larger(Applicability(*(float(np.max(x, initial=0.0)) for x in weighed)))
    return found


def _at_cells(
    jet: Jet, used: list[str], e: Array, b: Array, hbar: float, omega: float
) -> list[Array]:
    """The numbers at every cell, in the order of `Applicability`, not weighted."""
    count = len(jet.vector_gradient)
    half = np.maximum(bands.half_gap(jet), _TINY)
    gap, m = 2.0 * half, jet.vector / half

    def split(change: Array) -> tuple[Array, Array]:
        """∂Δ and ∂m of a change ∂d."""
        steep = np.einsum("c...,c...->...", m, change)
        return 2.0 * steep, (change - m * steep) / half

    in_k = [split(change) for change in jet.vector_gradient]
    moved, force = np.array(jet.vector_rate), list(e)
    field = TwoForm(jet, used, b, hbar).field()
    bracket = np.zeros_like(m)
    for place, direction in enumerate(SPACE.index(name) for name in used):
        if direction >= count:  # no momentum belongs to this axis
            continue
        slope = jet.vector_slope[place]
        steep, turned = split(slope)
        bracket = bracket + in_k[direction][0] * turned - steep * in_k[direction][1]
        moved = moved + jet.scalar_gradient[direction] * slope
        force[direction] = force[direction] - jet.scalar_slope[place]
    for i in range(count):
        for j in range(count):
            if i != j:
                sign, axis = (1.0 if (j - i) % 3 == 1 else -1.0), 3 - i - j
                force[i] = force[i] + sign * jet.scalar_gradient[j] * b[axis]
                bracket = bracket + sign * b[axis] * in_k[i][0] * in_k[j][1]
    for i in range(count):
        moved = moved + force[i] * jet.vector_gradient[i]
    turning = split(moved)[1]
    speed = np.maximum(np.linalg.norm(moved, axis=0), 1e-300)
    steepest = np.max([np.linalg.norm(change, axis=0) for change in jet.vector_gradient], axis=0)
    spacing = np.sqrt(hbar * np.linalg.norm(b, axis=0)) * 2.0 * steepest / gap
    return [
        np.zeros(()) if field is None else np.abs(field),
        hbar * np.linalg.norm(bracket, axis=0) / gap,
        hbar * np.linalg.norm(turning, axis=0) / gap,
        hbar * omega / gap,
        np.exp(-np.pi * half**2 / (hbar * speed)),
        spacing,
    ]


# --- how fast the drives are ------------------------------------------------------------------


def drive_frequency(system: System, start: float, stop: float) -> float:
    """ω of the fastest of e(r,t), b(r,t) and d(r,k,t):  ω² = ∫|∂ₜX|²dt / ∫|X − ⟨X⟩|²dt

    By Parseval's theorem this is the mean square frequency of the power spectrum of X without
    its constant part, ∫ω²|X(ω)|²dω / ∫|X(ω)|²dω: the ω of a sine, the carrier of a pulse, about
    one over the duration of a ramp.  X is taken at some places between `start` and `stop`; a
    jump counts as a ramp between two of the times that are looked at.  0 where nothing has gone
    through 1.3 cycles: of less than that no frequency can be told.
    """
    span = stop - start
    if not span > 0.0:
        return 0.0
    found = [0.0]
    outside = system.fields.in_space(system.grid.space)
    sites = [np.quantile(axis.centres, _SHARES) for axis in system.grid.space]
    names = [axis.name for axis in system.grid.space]
    behind = [x[None] for x in np.meshgrid(*sites, indexing="ij", sparse=True)]
    places = dict(zip(names, behind, strict=True)) if sites else {}

    def over(field: Callable[..., Array]) -> Callable[[Array], Array]:
        def rows(times: Array) -> Array:
            values = field(places, times.reshape(-1, *[1] * len(sites)))
            return np.moveaxis(values, 1, 0).reshape(len(times), -1)

        return rows

    if not outside.electric_constant:
        found.append(_spectral(over(outside.electric_at), start, span, 1025))
    if not outside.magnetic_constant:
        found.append(_spectral(over(outside.magnetic_at), start, span, 1025))
    if system.hamiltonian.time_dependent:
        found.append(_spectral(_texture(system), start, span, 65))
    return max(found)


def _texture(system: System) -> Callable[[Array], Array]:
    """d at some points of phase space, one row per time."""
    axes, model = system.grid.axes, system.hamiltonian
    chosen = [np.quantile(axis.centres, _SHARES[::2]) for axis in axes]
    mesh: list[Any] = list(np.meshgrid(*chosen, indexing="ij", sparse=True))
    count = len(system.grid.space)
    names = [axis.name for axis in axes[:count]]
    r = {n: x for n, x in zip(names, mesh, strict=False) if n in model.space_names}

    def rows(times: Array) -> Array:
        values = [
            np.concatenate(
                [
                    model.values(valley, mesh[count:], float(t), r or None)[1].ravel()
                    for valley in range(system.valleys)
                ]
            )
            for t in times
        ]
        return np.array(values)

    return rows


def _spectral(drive: Callable[[Array], Array], start: float, span: float, samples: int) -> float:
    """ω of one drive given by rows, one per time."""
    times = start + span * np.linspace(0.0, 1.0, samples)
    inner = times[1:-1:2]
    values = drive(times)
    varied = float(np.mean(np.abs(values - values.mean(axis=0)) ** 2))
    if varied <= 1e-18 * float(np.mean(values**2)):
        return 0.0
    near = _NEAR * span
    rate = (drive(inner + near) - drive(inner - near)) / (2.0 * near)
    jumps = np.diff(values, axis=0) * ((samples - 1) / span)
    power = max(float(np.mean(rate**2)), float(np.mean(jumps**2)))
    omega = float(np.sqrt(power / varied))
    return omega if omega * span >= _TURNED else 0.0
