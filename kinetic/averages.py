"""Averages over momentum cells and faces by Gauss-Legendre quadrature."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from kinetic.grid import Array

_POINTS = 400_000


def gauss(order: int) -> tuple[Array, Array]:
    """Nodes on [0, 1] and weights that add up to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return 0.5 * (nodes + 1.0), 0.5 * weights


def box_averages(
    function: Callable[[Sequence[Array]], Array],
    lower: Sequence[Array],
    upper: Sequence[Array],
    order: int,
) -> Array:
    """Means over all boxes lower_i <= k_i <= upper_i of a function of k.

    Parameters
    ----------
    function
        Takes one broadcastable array per direction, returns (*components, *points).
    lower, upper
        Box ends along each direction; equal ends make a face or an edge.
    order
        Gauss points per direction of non-zero length.

    Returns
    -------
    (*components, *boxes)
    """
    rules = [
        gauss(1 if np.array_equal(low, high) else order)
        for low, high in zip(lower, upper, strict=True)
    ]
    rows = len(lower[0])
    others = int(np.prod([len(low) for low in lower[1:]], dtype=int))
    block = max(1, _POINTS // max(1, others))
    pieces = []
    for start in range(0, rows, block):
        part = slice(start, start + block)
        mean: Array | None = None
        for choice in itertools.product(*(range(len(rule[0])) for rule in rules)):
            weight = 1.0
            points = []
            for direction, pick in enumerate(choice):
                where, how_much = rules[direction]
                low, high = lower[direction], upper[direction]
                if direction == 0:
                    low, high = low[part], high[part]
                points.append(low + (high - low) * where[pick])
                weight *= float(how_much[pick])
            value = weight * function(np.meshgrid(*points, indexing="ij", sparse=True))
            mean = value if mean is None else mean + value
        assert mean is not None
        pieces.append(mean)
    return np.concatenate(pieces, axis=pieces[0].ndim - len(lower))
