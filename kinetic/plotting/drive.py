"""The frequency that a run is driven with: of the fields in its text, or of what was recorded."""

from __future__ import annotations

import numpy as np

from kinetic.plotting.content import Array, Content

CYCLES = 1.6
"""Fewer than these in the time looked at are no oscillation: one cycle looks like up to 1.5."""

_FLAT = 1e-10  # of the largest value: no variation
_CLEAR = 1e-2  # of the largest power: below are sidelobes of what is slow (Hann: 8e-4)
_PADDED = 16
_SHARES = (0.13, 0.38, 0.62, 0.87)  # of an axis in real space, where fields are looked at
_FINEST = 65_536
_SHIFTED = 0.3  # of the carrier: how far the envelope of two cycles moves the top


def peak(times: Array, values: Array) -> float | None:
    """ω at which |∫dt w (X − ⟨X⟩_w) e^{iωt}| is largest, w = sin²(πt/T); None if there is no top.

    The top of a windowed line is a parabola in the logarithm.

    Parameters
    ----------
    times
        In equal steps.
    values
        X, one row per time.
    """
    count = len(times)
    window = np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2
    values = np.asarray(values, dtype=float).reshape(count, -1)
    rest = values - window @ values / window.sum()
    if np.abs(rest).max(initial=0.0) <= _FLAT * np.abs(values).max(initial=0.0):
        return None
    amplitude = np.fft.rfft(window[:, None] * rest, _PADDED * count, axis=0)
    size = np.sum(np.abs(amplitude) ** 2, axis=1)
    inner, least = size[1:-1], _CLEAR * size.max()
    tops = np.flatnonzero((inner >= size[:-2]) & (inner > size[2:]) & (inner > least))
    tops = tops[tops + 1 >= CYCLES * _PADDED] + 1
    if not len(tops):
        return None
    top = int(tops[np.argmax(size[tops])])
    below, here, above = np.log(size[top - 1 : top + 2] + 1e-300)
    bend = below - 2.0 * here + above
    shift = 0.5 * (below - above) / bend if bend < 0.0 else 0.0
    return float(2.0 * np.pi * (top + shift) / (_PADDED * count * (times[1] - times[0])))


def driven(content: Content) -> float | None:
    """The top of e(r,t) or, where that does not oscillate, of b(r,t); of a pulse its carrier.

    None if the result does not hold the whole run, or nothing in it oscillates.
    """
    from kinetic import config
    from kinetic.assembly import assemble
    from kinetic.errors import InputError

    text = str(content.dataset.attrs.get("run", ""))
    if not text or len(content.time) < 2:
        return None
    try:
        pieces = assemble(config.parse(text)).pieces
    except InputError:
        return None
    space = pieces["grid"].space
    outside = pieces["fields"].in_space(space)
    count = int(np.clip(16 * len(content.time), 2048, _FINEST))
    times = np.linspace(content.time[0], content.time[-1], count)
    behind = np.meshgrid(*[np.quantile(a.centres, _SHARES) for a in space], indexing="ij")
    places = {axis.name: x[None] for axis, x in zip(space, behind, strict=True)}
    for field, moves in (
        (outside.electric_at, not outside.electric_constant),
        (outside.magnetic_at, not outside.magnetic_constant),
    ):
        if not moves:
            continue
        values = field(places, times.reshape(-1, *[1] * len(space)))
        found = _oscillation(times, np.moveaxis(values, 1, 0).reshape(count, -1))
        if found is not None:
            return next(iter(_carriers(content, found)), found)
    return None


def _carriers(content: Content, top: float) -> list[float]:
    """Carriers of pulses of the run near a top, the nearest first: envelopes shift tops."""
    found = []
    for name in ("E", "a", "B"):
        given = content.run.get("fields", {}).get(name, [])
        for pulse in given if isinstance(given, list) else [given]:
            if isinstance(pulse, dict) and "pulse" in pulse:
                found.append(abs(float(pulse.get("frequency", 0.0))))
    near = [omega for omega in found if abs(omega - top) < _SHIFTED * top]
    return sorted(near, key=lambda omega: abs(omega - top))


def _oscillation(times: Array, values: Array) -> float | None:
    """The frequency of what passes its mean more often than a bump does."""
    strongest = values[:, int(np.argmax(np.ptp(values, axis=0)))]
    passed = np.count_nonzero(np.diff(np.signbit(strongest - strongest.mean())))
    return peak(times, values) if passed >= 3 else None
