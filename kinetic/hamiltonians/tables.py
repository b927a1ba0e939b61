"""Functions given by their values on a regular grid: interpolation and derivatives.

Along every axis the values are joined by the spline of degree 5 through them; derivatives are
taken on the table by finite differences of order 8 and joined likewise.  Both are linear, so
that an axis is one matrix from the values of the table to the points: nothing but the table
is kept, and a product of axes costs one matrix product each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError

Array = NDArray[np.float64]
DEGREE = 5
ACCURACY = 8
SHORTEST = 10
"""Points that one-sided differences of order 8 and the spline need along an axis."""
_ENTRIES = 4_000_000  # of a sparse matrix at a time


@dataclass(frozen=True, eq=False)
class TableAxis:
    """One axis of a table.

    Parameters
    ----------
    name
        Of the coordinate.
    lower, step
        First point and distance of points.
    points
        Their number.
    periodic
        Whether the table repeats after points·step: its first point is not given twice.
    """

    name: str
    lower: float
    step: float
    points: int
    periodic: bool

    @property
    def length(self) -> float:
        """The period, or the distance of the ends."""
        return self.step * (self.points if self.periodic else self.points - 1)

    @cached_property
    def _spline(self) -> tuple[Array, Array]:
        """Knots, and coefficients from the values as a matrix (coefficients, points)."""
        from scipy.interpolate import make_interp_spline

        unit = np.eye(self.points)
        # In steps from the first point: knots as exact as they can be.
        where = np.arange(self.points + self.periodic, dtype=np.float64)
        if self.periodic:
            unit = np.concatenate([unit, unit[:1]])
        ends = "periodic" if self.periodic else None
        spline = make_interp_spline(where, unit, k=DEGREE, bc_type=ends)
        return spline.t, np.asarray(spline.c)

    @cached_property
    def _difference(self) -> Array:
        """∂ on the table as a matrix (points, points)."""
        from findiff import Diff

        unit, margin = np.eye(self.points), ACCURACY
        derivative = Diff(0, self.step, acc=ACCURACY)
        if not self.periodic:
            return np.asarray(derivative(unit))
        wrapped = derivative(np.pad(unit, ((margin, margin), (0, 0)), mode="wrap"))
        return np.asarray(wrapped[margin:-margin])

    def coefficients(self, rate: bool) -> Array:
        """Spline coefficients of the table or its derivative.  (coefficients, points)"""
        matrix = self._spline[1]
        return np.asarray(matrix @ self._difference) if rate else matrix

    def weights(self, where: Array) -> tuple[NDArray[np.intp], Array]:
        """The first of the 6 splines that do not vanish at points, and their values.

        Raises
        ------
        InputError
            If a point is outside the table.
        """
        from scipy.interpolate import BSpline

        steps = (where.ravel() - self.lower) / self.step
        last = self.length / self.step
        slack = 1e-9 * max(1.0, last)
        if self.periodic:
            steps = np.mod(steps, last)
        elif steps.size and (steps.min() < -slack or steps.max() > last + slack):
            index = int(np.argmax(np.abs(steps - last / 2)))
            raise InputError(
                f"{self.name} = {where.ravel()[index]:.6g} lies outside the table, which covers "
                f"{self.name} from {self.lower:.6g} to {self.lower + self.length:.6g}: let the "
                "table reach a few cells beyond the grid, or name the axis in 'periodic'."
            )
        steps = np.clip(steps, 0.0, last)
        knots, _ = self._spline
        found = BSpline.design_matrix(steps, knots, DEGREE)
        shape = (len(steps), DEGREE + 1)
        first = np.asarray(found.indices).reshape(shape)[:, 0].astype(np.intp)
        return first, np.asarray(found.data).reshape(shape)


@dataclass(frozen=True, eq=False)
class Table:
    """Several functions on one regular grid.

    Parameters
    ----------
    axes
        In the order of the array.
    values
        (functions, *points).
    """

    axes: tuple[TableAxis, ...]
    values: Array

    def at(self, coordinates: Mapping[str, Array], by: str = "") -> Array:
        """The functions, or their derivatives by one of the axes, at points.

        Parameters
        ----------
        coordinates
            Broadcastable arrays by name, one per axis of the table.
        by
            Name of an axis, or '' for the values.

        Returns
        -------
        values
            (functions, *S), S broadcast from all coordinates.

        Raises
        ------
        InputError
            If a point is outside the table.
        """
        names = [axis.name for axis in self.axes]
        shape = np.broadcast_shapes(*(coordinates[name].shape for name in names))
        # Each slot of the result belongs to the coordinates that vary along it.
        found = {
            name: np.asarray(coordinates[name]).reshape(
                (1,) * (len(shape) - coordinates[name].ndim) + coordinates[name].shape
            )
            for name in names
        }
        result, remaining = self.values, list(range(len(names)))
        groups = _together([found[name].shape for name in names])

        def growth(group: list[int]) -> float:
            sizes = np.broadcast_shapes(*(found[names[i]].shape for i in group))
            return float(np.prod(sizes) / np.prod([float(self.axes[i].points) for i in group]))

        for group in sorted(groups, key=growth):
            axes = [self.axes[i] for i in group]
            points = np.broadcast_arrays(*(found[axis.name] for axis in axes))
            moved = np.moveaxis(
                result,
                [1 + remaining.index(i) for i in group],
                range(result.ndim - len(group), result.ndim),
            )
            result = _joined(moved, axes, points, by)
            remaining = [i for i in remaining if i not in group]
            result = result.reshape(*result.shape[:-1], *points[0].shape)
            # The new slots are added at the end and folded into those of the result.
            result = _folded(result, 1 + len(remaining), len(shape))
        return np.ascontiguousarray(result.reshape(len(self.values), *shape))


def _together(shapes: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Groups of arrays that share a slot along which they vary."""
    groups: list[tuple[set[int], list[int]]] = []
    for index, shape in enumerate(shapes):
        slots = {slot for slot, size in enumerate(shape) if size > 1}
        members = [index]
        apart = []
        for others, old in groups:
            if others & slots:
                slots, members = slots | others, old + members
            else:
                apart.append((others, old))
        groups = [*apart, (slots, members)]
    return [sorted(members) for _, members in groups]


def _joined(values: Array, axes: Sequence[TableAxis], points: Sequence[Array], by: str) -> Array:
    """Contract the last axes of `values` with their splines at points.  (..., points)"""
    maps = [axis.coefficients(by == axis.name) for axis in axes]
    weights = [axis.weights(np.asarray(where)) for axis, where in zip(axes, points, strict=True)]
    if len(axes) == 1:
        (first, weight), (matrix,) = weights[0], maps
        rows = np.zeros((len(first), matrix.shape[1]))
        for offset in range(DEGREE + 1):
            rows += weight[:, offset, None] * matrix[first + offset]
        return np.asarray(values @ rows.T)
    for matrix in maps:
        # The axis in front of the others goes to the end: after all of them the order is back.
        values = np.moveaxis(values, values.ndim - len(axes), -1) @ matrix.T
    leading, sizes = values.shape[: -len(axes)], values.shape[-len(axes) :]
    table = np.ascontiguousarray(values.reshape(-1, int(np.prod(sizes))).T)
    count = points[0].size
    result = np.empty((count, table.shape[1]))
    filled = int((DEGREE + 1) ** len(axes))
    most = 1 + _ENTRIES // filled
    for start in range(0, count, most):
        part = slice(start, min(start + most, count))
        result[part] = _crossing([(f[part], w[part]) for f, w in weights], sizes) @ table
    return np.ascontiguousarray(result.T).reshape(*leading, count)


def _crossing(weights: Sequence[tuple[NDArray[np.intp], Array]], sizes: Sequence[int]) -> Any:
    """The products of splines of several axes as a sparse matrix (points, coefficients)."""
    from scipy.sparse import csr_array

    count = len(weights[0][0])
    index, value = np.zeros((count, 1), dtype=np.int64), np.ones((count, 1))
    for (first, weight), size in zip(weights, sizes, strict=True):
        columns = first[:, None] + np.arange(DEGREE + 1)
        index = (index[:, :, None] * size + columns[:, None, :]).reshape(count, -1)
        value = (value[:, :, None] * weight[:, None, :]).reshape(count, -1)
    pointer = np.arange(count + 1) * index.shape[1]
    return csr_array((value.ravel(), index.ravel(), pointer), (count, int(np.prod(sizes))))


def _folded(values: Array, leading: int, slots: int) -> Array:
    """Multiply out two sets of slots, old and new, of which one has size 1 everywhere."""
    shape = values.shape
    if len(shape) == leading + slots:
        return values
    old, new = shape[leading : leading + slots], shape[leading + slots :]
    order = [*range(leading)]
    for slot in range(slots):
        order += [leading + slot, leading + slots + slot]
    merged = [a * b for a, b in zip(old, new, strict=True)]
    return values.transpose(order).reshape(*shape[:leading], *merged)
