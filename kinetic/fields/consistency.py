"""Fields that cannot be: ∇×e + ∂b/∂t = 0, ∇·b = 0, and periodic axes on which they jump.

What follows from φ and a fulfils Maxwell's homogeneous equations identically, so only E and B
as given are checked, with exact derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError
from kinetic.fields.sample import SpaceFields
from kinetic.fields.spacetime import SPACE, SpaceTimeFunction, Sum, Term, sum_of
from kinetic.grid import Axis

Array = NDArray[np.float64]
_TOLERANCE = 1e-9  # of the largest term
_TIMES = 129
_POINTS = {1: 129, 2: 33, 3: 13}  # along every axis


def check_jumps(
    electric: Sequence[SpaceTimeFunction],
    magnetic: Sequence[SpaceTimeFunction],
    phi: SpaceTimeFunction,
    potential: Sequence[SpaceTimeFunction],
) -> None:
    """Refuse a heaviside or sign whose derivative would make a field infinite.

    Raises
    ------
    InputError
        Naming the component and what is infinite.
    """
    for component in magnetic:
        if "t" in component.jumps:
            raise InputError(
                f"{component.what} = '{component}': a jump of B is an infinite electric field "
                "by Faraday's law; use {pulse = 'ramp', amplitude = ..., duration = ...}."
            )
    across: list[tuple[SpaceTimeFunction, set[str], str]] = [(phi, {"t"}, "force")]
    across += [(f, {SPACE[i], "t"}, "curl of e") for i, f in enumerate(electric)]
    across += [(f, {*SPACE} - {SPACE[i]}, "divergence of b") for i, f in enumerate(magnetic)]
    across += [(f, set(), "field") for f in potential]
    for function, harmless, result in across:
        for name in sorted(function.jumps - harmless):
            raise InputError(
                f"{function.what} = '{function}': its jump along {name} is an infinite "
                f"{result}; write a smooth step such as (1 + tanh(({name} - c)/w))/2."
            )


def check_electromagnetism(sample: SpaceFields, times: Sequence[float]) -> None:
    """Refuse fields that break Faraday's law, have magnetic charges or do not repeat.

    Parameters
    ----------
    sample
        The fields on their axes.
    times
        Times of the run, at least its ends; points between them are taken too.

    Raises
    ------
    InputError
        With the residual and where it was found.
    """
    moments = np.unique([*times, *np.linspace(min(times), max(times), _TIMES)])
    places = _places(sample.axes)
    fields = sample.fields
    if not sample.induces:
        for i, (curl, rate) in enumerate(zip(sample.curl, sample.given_rate, strict=True)):
            _refuse_residual(
                (*curl, *rate),
                f"(∇×e + ∂b/∂t)_{SPACE[i]}",
                "Faraday's law is broken; give b through a vector potential a, which brings "
                "its e with it, or give E this curl.",
                places,
                moments,
            )
    divergence = sum_of(*(Term(1.0, fields.B[i], (SPACE[i],)) for i in range(3)))
    _refuse_residual(
        divergence,
        "∇·b",
        "there are no magnetic charges; give b through a vector potential a, or B without "
        "this divergence.",
        places,
        moments,
    )
    t = moments.reshape(-1, *(1 for _ in places))
    sizes = {name: np.abs(values).max() for name, values in _values(sample, places, t)}
    for axis in sample.axes:
        if axis.periodic:
            _refuse_jump(sample, axis, places, t, sizes)


def _places(axes: Sequence[Axis]) -> dict[str, Array]:
    """Points between the edges of every axis, those included, behind a dimension for t."""
    if not axes:
        return {}
    count = _POINTS[len(axes)]
    lines = (np.linspace(axis.edges[0], axis.edges[-1], count) for axis in axes)
    mesh = np.meshgrid(*lines, indexing="ij", sparse=True)
    return {axis.name: values[None] for axis, values in zip(axes, mesh, strict=True)}


def _refuse_residual(
    terms: Sum, name: str, advice: str, places: Mapping[str, Array], moments: Array
) -> None:
    if not terms:
        return
    t = moments.reshape(-1, *(1 for _ in places))
    shape = np.broadcast_shapes(t.shape, *(values.shape for values in places.values()))
    parts = [np.broadcast_to(term.at(places, t), shape) for term in terms]
    residual = np.sum(parts, axis=0)
    size = np.sum(np.abs(parts), axis=0)
    worst = np.unravel_index(int(np.argmax(np.abs(residual))), residual.shape)
    if abs(residual[worst]) > _TOLERANCE * float(np.max(size)):
        raise InputError(f"{name} = {residual[worst]:.3g} {_where(places, t, worst)}: {advice}")


def _values(
    sample: SpaceFields, places: Mapping[str, Array], t: Array
) -> tuple[tuple[str, Array], ...]:
    """Everything that must be finite, and repeat on a periodic axis.  (components, *S) each"""
    return (
        ("phi", sample.potential_at(places, t)[None]),
        ("e", sample.electric_at(places, t)),
        ("b", sample.magnetic_at(places, t)),
    )


def _refuse_jump(
    sample: SpaceFields,
    axis: Axis,
    places: Mapping[str, Array],
    t: Array,
    sizes: Mapping[str, float],
) -> None:
    """Compare φ, e and b at the two ends of a periodic axis."""
    ends = (axis.edges[0], axis.edges[-1])
    low, high = (
        _values(sample, {**places, axis.name: np.full_like(t, edge)}, t) for edge in ends
    )
    for (name, first), (_, last) in zip(low, high, strict=True):
        worst = np.unravel_index(int(np.argmax(np.abs(last - first))), first.shape)
        if abs(last[worst] - first[worst]) > _TOLERANCE * sizes[name]:
            component = "" if name == "phi" else f"_{SPACE[worst[0]]}"
            raise InputError(
                f"{name}{component} does not repeat along the periodic axis "
                f"{axis.name}: it is {first[worst]:.6g} at {axis.name} = {ends[0]:.6g} and "
                f"{last[worst]:.6g} at {axis.name} = {ends[1]:.6g}; write it periodic, or give "
                f"[grid] {axis.name} open ends."
            )


def _where(places: Mapping[str, Array], t: Array, index: tuple[np.intp, ...]) -> str:
    shape = np.broadcast_shapes(t.shape, *(values.shape for values in places.values()))
    named = {**places, "t": t}
    return "at " + ", ".join(
        f"{name} = {float(np.broadcast_to(values, shape)[index]):.6g}"
        for name, values in named.items()
    )
