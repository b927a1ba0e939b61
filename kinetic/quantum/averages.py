"""Averages over momentum cells from values at their centres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinetic.grid import Array, Axis

_SIXTH = (1.0, 1.0 / 24.0, -17.0 / 5760.0)  # powers of δ² in the mean of a cell


def cell_averages(values: Array, momentum: Sequence[Axis]) -> Array:
    """⟨u⟩ = (1/h)∫u dk over each cell; the last axes of `values` are those of `momentum`.

    A Fourier mode e^{iκk} averages to sin(κh/2)/(κh/2) of itself on a periodic axis; on an open
    axis of equal cells ⟨u⟩ = u + δ²u/24 − 17 δ⁴u/5760 + O(h⁶), where the two cells at each end
    keep the terms that they have the neighbours for.  Cells of unequal width keep the value.
    """
    import scipy.fft

    averaged = np.array(values)
    for place, axis in enumerate(reversed(momentum)):
        lines = np.moveaxis(averaged, -1 - place, -1)
        if axis.periodic and axis.uniform:
            count = axis.cells
            modes = scipy.fft.rfft(lines, axis=-1)
            modes *= np.sinc(np.arange(count // 2 + 1) / count)
            lines[...] = scipy.fft.irfft(modes, count, axis=-1)
        elif axis.uniform:
            second = _second_difference(lines)
            fourth = _second_difference(second)
            fourth[..., [1, -2]] = 0.0
            lines += _SIXTH[1] * second + _SIXTH[2] * fourth
    return averaged


def _second_difference(lines: Array) -> Array:
    out = np.zeros_like(lines)
    if lines.shape[-1] > 2:
        out[..., 1:-1] = lines[..., 2:] - 2.0 * lines[..., 1:-1] + lines[..., :-2]
    return out
