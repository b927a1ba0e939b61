"""H(k,t) = d₀ + d·σ: values and exact derivatives of two-band Hamiltonians.

ε = 2d₀, Δ = 2|d|.  A model gives its formulas as text with named parameters; derivatives
are exact and compiled once per formula, parameters are arguments of the compiled function.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.compilation import compiled
from kinetic.errors import InputError, MissingMethodError, listing
from kinetic.expressions import check_names, parse
from kinetic.pulses import TimeFunction, time_function
from kinetic.registry import Description

Array = NDArray[np.float64]
Parameter = float | str | TimeFunction
MOMENTUM = ("kx", "ky", "kz")
SPACE = ("x", "y", "z")
_SPACE_HINTS = {
    name: f"it depends on {name}: the Hamiltonian is homogeneous here; a texture in "
    "x, y, z needs grid axes in real space and a model made for them."
    for name in SPACE
}


@dataclass(frozen=True)
class Jet:
    """d₀, d and their first derivatives at points of shape S.

    `scalar` d₀ (S); `vector` d (3, *S); `scalar_gradient` ∂d₀/∂kᵢ (dim, *S);
    `vector_gradient` ∂d/∂kᵢ (dim, 3, *S); `scalar_rate` ∂d₀/∂t (S); `vector_rate` ∂d/∂t
    (3, *S).  float64, C order.
    Energy units over momentum or time units.
    """

    scalar: Array
    vector: Array
    scalar_gradient: Array
    vector_gradient: Array
    scalar_rate: Array
    vector_rate: Array


@dataclass(frozen=True)
class Valley:
    """One low-energy patch: formulas of d₀ and d and the parameters in them.

    Parameters
    ----------
    label
        Name in the output: 'K', "K'", 'R', 'L'.
    scalar, vector
        Formulas of d₀ and (d_x, d_y, d_z) in kx, ky, kz, t and the parameters.
    parameters
        Numbers, formulas in t or time functions, by name.
    chirality
        Sum of sign det(∂d/∂k) of the nodes of the patch, None if it has no point node.
    """

    label: str
    scalar: str
    vector: tuple[str, str, str]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    chirality: int | None = None


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
    def time_dependent(self) -> bool:
        """Whether any valley changes in time."""
        return any(_model(*_key(valley)).time_dependent for valley in self.valleys())

    def jet(self, valley: int, k: Sequence[Any], t: float) -> Jet:
        """Values and exact first derivatives.

        Parameters
        ----------
        valley
            Index into `valleys()`.
        k
            One broadcastable array per momentum dimension, kx first (units of momentum).
        t
            Time.

        Raises
        ------
        InputError
            If the model does not have that many dimensions, or something is not finite.
        """
        model = _model(*_key(self.valleys()[valley]))
        points, shape = self._points(k)
        groups, rates = model.jet(points, float(t))
        for group in groups:
            self._check_finite(group, k, shape, t)
        static = [output for group in groups for output in group]
        dim = len(k)
        gradient = [static[4 * i + c] for i in range(1, 1 + dim) for c in (1, 2, 3)]
        return Jet(
            _filled(static[:1], shape).reshape(shape),
            _filled(static[1:4], shape),
            _filled(static[4::4], shape),
            _filled(gradient, shape).reshape(dim, 3, *shape),
            _filled(rates[:1], shape).reshape(shape),
            _filled(rates[1:], shape),
        )

    def values(self, valley: int, k: Sequence[Any], t: float) -> tuple[Array, Array]:
        """d₀ (S) and d (3, *S) without derivatives; arguments as for `jet`."""
        model = _model(*_key(self.valleys()[valley]))
        points, shape = self._points(k)
        outputs = model.values(points, float(t))
        self._check_finite(outputs, k, shape, t)
        return _filled(outputs[:1], shape).reshape(shape), _filled(outputs[1:], shape)

    def check(self, dimensions: int) -> None:
        """Refuse a grid the model is not made for, and a bounded model that is aperiodic.

        Raises
        ------
        InputError
            Naming the dimensions that are allowed, or the axis along which d₀ or d differ.
        """
        self._check_dimensions(dimensions)
        points = [
            0.37 + 0.61 * i + np.linspace(-2.0, 2.0, 7) * (i + 1) for i in range(dimensions)
        ]
        for valley in range(len(self.valleys())):
            here = np.concatenate(
                [np.atleast_2d(a) for a in self.values(valley, points, 0.0)]
            )
            for axis, name in enumerate(MOMENTUM[:dimensions]):
                period = self.period(name)
                if period is None:
                    continue
                moved = [p + period * (i == axis) for i, p in enumerate(points)]
                there = np.concatenate(
                    [np.atleast_2d(a) for a in self.values(valley, moved, 0.0)]
                )
                if not np.allclose(
                    here, there, rtol=0.0, atol=1e-9 * (1 + np.abs(here).max())
                ):
                    raise InputError(
                        f"{self.name}: bounded = true, but d or d0 changes when {name} "
                        f"grows by {period:.6g}; write it periodic or set bounded = false."
                    )

    def _check_dimensions(self, dimensions: int) -> None:
        if dimensions not in self.dimensions:
            axes = " or ".join(", ".join(MOMENTUM[:d]) for d in self.dimensions)
            raise InputError(
                f"{self.name} is not made for {dimensions} momentum axes; "
                f"give [grid] the axes {axes}."
            )

    def _points(self, k: Sequence[Any]) -> tuple[tuple[Array, ...], tuple[int, ...]]:
        self._check_dimensions(len(k))
        points = tuple(np.asarray(component, dtype=np.float64) for component in k)
        return points, np.broadcast_shapes(*(p.shape for p in points))

    def _check_finite(
        self, outputs: Sequence[Array], k: Sequence[Any], shape: tuple[int, ...], t: float
    ) -> None:
        for output in outputs:
            # One pass without a temporary; inf - inf and nan both end as nan.
            if math.isfinite(float(output.sum())) or np.all(np.isfinite(output)):
                continue
            finite = np.broadcast_to(np.isfinite(output), shape)
            index = np.unravel_index(int(np.argmin(finite)), shape)
            where = ", ".join(
                f"{name} = {np.broadcast_to(component, shape)[index]:.6g}"
                for name, component in zip(MOMENTUM, k, strict=False)
            )
            raise InputError(
                f"{self.name}: d0, d or a derivative is not finite at {where}, "
                f"t = {t:.6g}; write it without the singularity or move the grid."
            )


def _key(
    valley: Valley,
) -> tuple[str, tuple[str, str, str], tuple[tuple[str, Parameter], ...]]:
    return valley.scalar, valley.vector, tuple(sorted(valley.parameters.items()))


@dataclass(frozen=True)
class _Model:
    """The compiled side of a valley."""

    formulas: tuple[str, str, str, str]
    parameters: tuple[tuple[str, TimeFunction], ...]
    names: frozenset[str]

    @property
    def time_dependent(self) -> bool:
        return "t" in self.names or any(not f.constant for _, f in self.parameters)

    def _arguments(self, dimensions: int) -> tuple[str, ...]:
        momentum = MOMENTUM[:dimensions]
        extra = (self.names & set(MOMENTUM)) - set(momentum)
        if extra:
            raise InputError(
                f"the Hamiltonian contains {listing(extra)}, but the grid has only the "
                f"momentum axes {listing(momentum)}; add axes or take them out."
            )
        return (*momentum, "t", *(name for name, _ in self.parameters))

    def _call(
        self, points: tuple[Array, ...], t: float, by: tuple[str, ...]
    ) -> list[Array]:
        outputs = tuple((formula, variable) for variable in by for formula in self.formulas)
        function = compiled(self._arguments(len(points)), outputs)
        results = function(*points, t, *(f(t) for _, f in self.parameters))
        return [np.asarray(result, dtype=np.float64) for result in results]

    def values(self, points: tuple[Array, ...], t: float) -> list[Array]:
        """(d₀, d), not yet broadcast."""
        return self._call(points, t, ("",))

    def jet(
        self, points: tuple[Array, ...], t: float
    ) -> tuple[list[list[Array]], list[Array]]:
        """[(d₀, d), (∂ₓd₀, ∂ₓd), ...] and (∂ₜd₀, ∂ₜd), not yet broadcast."""
        moving = [(name, f) for name, f in self.parameters if not f.constant]
        explicit = ("t",) if "t" in self.names else ()
        by = ("", *MOMENTUM[: len(points)], *explicit, *(name for name, _ in moving))
        outputs = self._call(points, t, by)
        groups = [outputs[i : i + 4] for i in range(0, len(outputs), 4)]
        static, driven = groups[: 1 + len(points)], groups[1 + len(points) :]
        weights = [*(1.0 for _ in explicit), *(f.rate(t) for _, f in moving)]
        rates: list[Array] = [np.zeros(())] * 4
        for weight, group in zip(weights, driven, strict=True):
            rates = [
                np.asarray(rate + weight * part)
                for rate, part in zip(rates, group, strict=True)
            ]
        return static, rates


def _filled(outputs: Sequence[Array], shape: tuple[int, ...]) -> Array:
    stack = np.empty((len(outputs), *shape))
    for row, output in enumerate(outputs):
        stack[row] = output
    return stack


@lru_cache(maxsize=512)
def _model(
    scalar: str, vector: tuple[str, str, str], parameters: tuple[tuple[str, Parameter], ...]
) -> _Model:
    """Check the formulas and parameters of a valley."""
    names = [name for name, _ in parameters]
    check_names(names, (*MOMENTUM, *SPACE, "t"), "parameter")
    functions = tuple((n, time_function(p, n, _SPACE_HINTS)) for n, p in parameters)
    allowed = (*MOMENTUM, "t", *names)
    formulas = [parse(scalar, allowed, "d0", _SPACE_HINTS)]
    formulas += [parse(f, allowed, f"d[{i}]", _SPACE_HINTS) for i, f in enumerate(vector)]
    found = frozenset().union(*(formula.names for formula in formulas))
    texts = tuple(formula.source for formula in formulas)
    return _Model(texts, functions, found)  # type: ignore[arg-type]
