"""H(r,k,t) = d₀ + d·σ: values and exact derivatives of two-band Hamiltonians.

ε = 2d₀, Δ = 2|d|.  A model gives its formulas as text with named parameters; derivatives
are exact and compiled once per formula, parameters are arguments of the compiled function.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kinetic.errors import InputError, MissingMethodError
from kinetic.hamiltonians.formulas import (
    MOMENTUM,
    SPACE,
    Array,
    Parameter,
    Place,
    ValleyFormulas,
    valley_formulas,
)
from kinetic.registry import Description

__all__ = ["MOMENTUM", "SPACE", "Array", "Hamiltonian", "Jet", "Parameter", "Place", "Valley"]


@dataclass(frozen=True)
class Jet:
    """d₀, d and their first derivatives at points of shape S.

    `scalar` d₀ (S); `vector` d (3, *S); `scalar_gradient` ∂d₀/∂kᵢ (dim, *S);
    `vector_gradient` ∂d/∂kᵢ (dim, 3, *S); `scalar_rate` ∂d₀/∂t (S); `vector_rate` ∂d/∂t
    (3, *S); `scalar_slope` ∂d₀/∂r_l (n, *S) and `vector_slope` ∂d/∂r_l (n, 3, *S) for the n
    coordinates that were given, in their order.  float64, C order.
    Energy units over momentum, time or length units.
    """

    scalar: Array
    vector: Array
    scalar_gradient: Array
    vector_gradient: Array
    scalar_rate: Array
    vector_rate: Array
    scalar_slope: Array
    vector_slope: Array


@dataclass(frozen=True)
class Valley:
    """One low-energy patch: formulas of d₀ and d and the parameters in them.

    Parameters
    ----------
    label
        Name in the output: 'K', "K'", 'R', 'L'.
    scalar, vector
        Formulas of d₀ and (d_x, d_y, d_z) in kx, ky, kz, x, y, z, t and the parameters.
    parameters
        Numbers, formulas in t, x, y, z or time functions, by name.
    chirality
        Sum of sign det(∂d/∂k) of the nodes of the patch, None if it has no point node.
    rest
        Momenta that are 0 where the grid has no axis for them.
    """

    label: str
    scalar: str
    vector: tuple[str, str, str]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    chirality: int | None = None
    rest: tuple[str, ...] = ()

    @property
    def formulas(self) -> ValleyFormulas:
        """The compiled side."""
        parameters = tuple(sorted(self.parameters.items()))
        return valley_formulas(self.scalar, self.vector, parameters, self.rest)


class Hamiltonian(Description):
    """A two-band Hamiltonian H(k,t) = d₀ + d·σ on one or more valleys.

    A leaf states `name`, the momentum `dimensions` it is made for, whether it is `bounded`
    (periodic in k, finite sea) and its `valleys()`.
    """

    kind = "hamiltonian"
    dimensions: tuple[int, ...] = (1, 2, 3)
    bounded: bool = False

    def valleys(self) -> tuple[Valley, ...]:
        """The patches, in the order of the valley index."""
        raise MissingMethodError(self, "valleys")

    def period(self, axis_name: str) -> float | None:
        """Period of a momentum axis, None where the model is not periodic."""
        return 2 * math.pi if self.bounded and axis_name in MOMENTUM else None

    @property
    def space_names(self) -> frozenset[str]:
        """Which of x, y, z occur in any valley."""
        return frozenset().union(*(v.formulas.space_names for v in self.valleys()))

    @property
    def textured(self) -> bool:
        """Whether any valley changes in space."""
        return bool(self.space_names)

    @property
    def time_dependent(self) -> bool:
        """Whether any valley changes in time."""
        return any(valley.formulas.time_dependent for valley in self.valleys())

    def jet(self, valley: int, k: Sequence[Any], t: float, r: Place | None = None) -> Jet:
        """Values and exact first derivatives.

        Parameters
        ----------
        valley
            Index into `valleys()`.
        k
            One broadcastable array per momentum dimension, kx first (units of momentum).
        t
            Time.
        r
            Coordinates by name (x, y, z or some of them), broadcastable with `k`.

        Raises
        ------
        InputError
            If the model does not have that many dimensions, depends on a coordinate that is
            not in `r`, or something is not finite.
        """
        formulas = self.valleys()[valley].formulas
        points, place, shape = self._points(k, r)
        groups, rates, slopes = formulas.jet(points, place, float(t))
        for group in (*groups, *slopes):
            self._check_finite(group, points, place, shape, t)
        static = [output for group in groups for output in group]
        sloped = [output for group in slopes for output in group]
        dim = len(points)
        gradient = [static[4 * i + c] for i in range(1, 1 + dim) for c in (1, 2, 3)]
        slope = [sloped[4 * i + c] for i in range(len(place)) for c in (1, 2, 3)]
        return Jet(
            _filled(static[:1], shape).reshape(shape),
            _filled(static[1:4], shape),
            _filled(static[4::4], shape),
            _filled(gradient, shape).reshape(dim, 3, *shape),
            _filled(rates[:1], shape).reshape(shape),
            _filled(rates[1:], shape),
            _filled(sloped[::4], shape),
            _filled(slope, shape).reshape(len(place), 3, *shape),
        )

    def values(
        self, valley: int, k: Sequence[Any], t: float, r: Place | None = None
    ) -> tuple[Array, Array]:
        """d₀ (S) and d (3, *S) without derivatives; arguments as for `jet`."""
        formulas = self.valleys()[valley].formulas
        points, place, shape = self._points(k, r)
        outputs = formulas.values(points, place, float(t))
        self._check_finite(outputs, points, place, shape, t)
        return _filled(outputs[:1], shape).reshape(shape), _filled(outputs[1:], shape)

    def require(self, space: Collection[str]) -> None:
        """Refuse a grid without a coordinate that occurs.

        Raises
        ------
        InputError
            Naming what depends on it.
        """
        for valley in self.valleys():
            valley.formulas.require(space)

    def check(self, dimensions: int, r: Place | None = None) -> None:
        """Refuse a grid the model is not made for, and a bounded model that is aperiodic.

        Parameters
        ----------
        dimensions
            Number of momentum axes.
        r
            Coordinates of the grid by name, one-dimensional (cell centres): every one that
            the model depends on must be there, and a few of them are tried.  None: the model
            is tried round the origin.

        Raises
        ------
        InputError
            Naming the dimensions that are allowed, the missing coordinate, or the axis along
            which d₀ or d differ.
        """
        self._check_dimensions(dimensions)
        if r is None:
            place = {name: np.linspace(-0.9, 1.1, 3) for name in sorted(self.space_names)}
        else:
            self.require(r)
            place = {name: _few(c) for name, c in r.items() if name in self.space_names}
        place = _crossed(place)
        points = self._probes(dimensions)
        for valley in range(len(self.valleys())):
            here = self._stacked(valley, points, 0.0, place)
            for axis, name in enumerate(MOMENTUM[:dimensions]):
                period = self.period(name)
                if period is None:
                    continue
                moved = [p + period * (i == axis) for i, p in enumerate(points)]
                there = self._stacked(valley, moved, 0.0, place)
                if not np.allclose(
                    here, there, rtol=0.0, atol=1e-9 * (1 + np.abs(here).max())
                ):
                    raise InputError(
                        f"{self.name}: bounded = true, but d or d0 changes when {name} "
                        f"grows by {period:.6g}; write it periodic or set bounded = false."
                    )

    def repeats(
        self,
        axis: str,
        lower: float,
        upper: float,
        dimensions: int,
        others: Place | None = None,
        times: Sequence[float] = (0.0,),
        tolerance: float = 1e-6,
    ) -> bool:
        """Whether d₀, d and their derivatives agree at both ends of a real-space axis.

        Parameters
        ----------
        axis, lower, upper
            Name and ends of the axis: x, y or z.
        dimensions
            Number of momentum axes.
        others
            The other coordinates by name, one-dimensional; a few of each are tried.
        times
            When.
        tolerance
            Largest jump of d₀, d and L∂d₀, L∂d, L the length of the axis, relative to the
            largest of their values.

        Raises
        ------
        InputError
            If a coordinate is missing or something is not finite.
        """
        if axis not in self.space_names:
            return True
        place = {name: _few(c) for name, c in (others or {}).items() if name != axis}
        points = self._probes(dimensions)
        for valley in range(len(self.valleys())):
            for t in times:
                ends = []
                for end in (lower, upper):
                    jet = self.jet(valley, points, t, _crossed({axis: end, **place}))
                    slope = (upper - lower) * jet.vector_slope[0]
                    rise = (upper - lower) * jet.scalar_slope[:1]
                    ends.append(np.concatenate([jet.vector, slope, jet.scalar[None], rise]))
                size = max(float(np.abs(end).max()) for end in ends)
                if float(np.abs(ends[1] - ends[0]).max()) > tolerance * size:
                    return False
        return True

    def _stacked(self, valley: int, k: Sequence[Array], t: float, r: Place) -> Array:
        scalar, vector = self.values(valley, k, t, r)
        return np.concatenate([scalar[None], vector])

    def _probes(self, dimensions: int) -> list[Array]:
        """Seven points of momentum space that no symmetry relates."""
        spread = np.linspace(-2.0, 2.0, 7)
        return [0.37 + 0.61 * i + spread * (i + 1) for i in range(dimensions)]

    def _check_dimensions(self, dimensions: int) -> None:
        if dimensions not in self.dimensions:
            axes = " or ".join(", ".join(MOMENTUM[:d]) for d in self.dimensions)
            raise InputError(
                f"{self.name} is not made for {dimensions} momentum axes; "
                f"give [grid] the axes {axes}."
            )

    def _points(
        self, k: Sequence[Any], r: Place | None
    ) -> tuple[tuple[Array, ...], dict[str, Array], tuple[int, ...]]:
        self._check_dimensions(len(k))
        points = tuple(np.asarray(component, dtype=np.float64) for component in k)
        place = {n: np.asarray(c, dtype=np.float64) for n, c in (r or {}).items()}
        shapes = (p.shape for p in (*points, *place.values()))
        return points, place, np.broadcast_shapes(*shapes)

    def _check_finite(
        self,
        outputs: Sequence[Array],
        points: Sequence[Array],
        place: Place,
        shape: tuple[int, ...],
        t: float,
    ) -> None:
        for output in outputs:
            # One pass without a temporary; inf - inf and nan both end as nan.
            if math.isfinite(float(output.sum())) or np.all(np.isfinite(output)):
                continue
            finite = np.broadcast_to(np.isfinite(output), shape)
            index = np.unravel_index(int(np.argmin(finite)), shape)
            coordinates = {**place, **dict(zip(MOMENTUM, points, strict=False))}
            where = ", ".join(
                f"{name} = {np.broadcast_to(component, shape)[index]:.6g}"
                for name, component in coordinates.items()
            )
            raise InputError(
                f"{self.name}: d0, d or a derivative is not finite at {where}, "
                f"t = {t:.6g}; write it without the singularity or move the grid."
            )


def _few(coordinates: Any) -> Array:
    """At most five of the coordinates along an axis, both ends among them."""
    values = np.atleast_1d(np.asarray(coordinates, dtype=np.float64)).ravel()
    chosen = np.unique(np.linspace(0, len(values) - 1, 5).astype(int))
    return np.asarray(values[chosen])


def _crossed(place: Mapping[str, Any]) -> dict[str, Array]:
    """Every combination of coordinates, before one axis of momenta."""
    if not place:
        return {}
    mesh = np.meshgrid(*place.values(), indexing="ij")
    return {name: c.reshape(-1, 1) for name, c in zip(place, mesh, strict=True)}


def _filled(outputs: Sequence[Array], shape: tuple[int, ...]) -> Array:
    stack = np.empty((len(outputs), *shape))
    for row, output in enumerate(outputs):
        stack[row] = output
    return stack
