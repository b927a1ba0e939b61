"""Streaming along a periodic axis of real space in plain numpy: padded copies and slices.

Φ = c₆(⟨W f⟩) + |c₆(W)| × half the jump, or with limits c₆(⟨W f⟩) + c₆(W) (f̂ − c₆(f)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.bench.limited import limited_value
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.spaceflow import SpaceFlow

_MEAN = (1.0 / 60.0, -8.0 / 60.0, 37.0 / 60.0)  # c₆ and half the jump: outer, middle, inner
_JUMP = (1.0 / 60.0, -5.0 / 60.0, 10.0 / 60.0)
_REACH = 3


@dataclass
class Line:
    """What does not change from stage to stage along one axis of real space.

    Arrays have the axes (outer sites, sites, inner sites and bands, A, B, C).

    Attributes
    ----------
    shape
        Of the whole state in these axes.
    width
        Of a site.
    velocity
        W at the sites.
    speed
        c₆(W) at the faces, one more than sites.
    slopes
        (h²/12) ∂W of every slot.
    """

    shape: tuple[int, ...]
    width: float
    velocity: Array
    speed: Array
    slopes: dict[int, Array]

    @classmethod
    def of(cls, flow: SpaceFlow, n: int) -> Line:
        """The constants of the axis n."""
        axis, mesh = flow.space[n], flow.mesh
        assert axis.periodic
        outer = flow.system.valleys * int(np.prod(mesh.sites[:n], dtype=int))
        inner = 2 * int(np.prod(mesh.sites[n + 1 :], dtype=int))
        shape = (outer, mesh.sites[n], inner, *mesh.shape)
        velocity = np.ascontiguousarray(flow.spread(flow.along[n], n)).reshape(shape)
        padded = np.zeros((shape[0], shape[1] + 2 * _REACH, *shape[2:]))
        _wrap(padded, velocity)
        speed = np.zeros((shape[0], shape[1] + 1, *shape[2:]))
        for m, weight in enumerate((*_MEAN, *_MEAN[::-1])):
            speed += weight * padded[:, m : m + speed.shape[1]]
        slopes = {}
        for slot in mesh.slots:
            form = [1, 1, 1]
            form[slot] = -1
            change = np.roll(velocity, -1, slot - 3) - np.roll(velocity, 1, slot - 3)
            slopes[slot] = mesh.products[slot][0].reshape(form) * change
        return cls(shape, float(axis.widths[0]), velocity, speed, slopes)


def _wrap(padded: Array, values: Array) -> None:
    padded[:, _REACH:-_REACH] = values
    padded[:, :_REACH] = values[:, -_REACH:]
    padded[:, -_REACH:] = values[:, :_REACH]


class Streamed:
    """u -= γ ∂_x Φ on buffers that are made once.

    Parameters
    ----------
    line
        The constants.
    limited
        Whether face values are limited.
    """

    def __init__(self, line: Line, limited: bool) -> None:
        self.line, self.limited = line, limited
        wide = (line.shape[0], line.shape[1] + 2 * _REACH, *line.shape[2:])
        self._f, self._g = np.zeros(wide), np.zeros(wide)
        self._cells = [np.zeros(line.shape) for _ in range(2)]
        self._faces = [np.zeros(line.speed.shape) for _ in range(14 if limited else 3)]
        self._left, self._fast = line.speed >= 0.0, np.abs(line.speed)

    def move(self, u: Array, f: Array, ghosts: list[int], gamma: float) -> None:
        """Advance u by the fluxes of the padded f."""
        line = self.line
        product, change = self._cells
        inner = self._view(f, ghosts, {})
        np.multiply(line.velocity, inner, out=product)
        for slot, slope in line.slopes.items():
            ahead, back = (self._view(f, ghosts, {slot: side}) for side in (1, -1))
            np.subtract(ahead, back, out=change)
            change *= slope
            product += change
        _wrap(self._g, product)
        _wrap(self._f, inner)
        flux = self._flux()
        np.subtract(flux[:, 1:], flux[:, :-1], out=change)
        change *= gamma / line.width
        target = u.reshape(line.shape)
        target -= change

    def _view(self, f: Array, ghosts: list[int], shift: dict[int, int]) -> Array:
        cells = self.line.shape[-3:]
        index: list[Any] = [Ellipsis]
        for slot in range(3):
            first = ghosts[slot] + shift.get(slot, 0)
            index.append(slice(first, first + cells[slot]))
        whole = f.reshape(*self.line.shape[:3], *f.shape[1:])
        return np.asarray(whole[tuple(index)])

    def _combined(
        self, values: Array, weights: tuple[float, float, float], sign: float, out: Array
    ) -> None:
        """Σ w_m (v_m ± v_{5-m}) at the faces."""
        count, pair = out.shape[1], self._faces[2]
        combine = np.add if sign > 0.0 else np.subtract
        for m in (2, 1, 0):
            first, last = values[:, m : m + count], values[:, 5 - m : 5 - m + count]
            target = out if m == 2 else pair
            combine(first, last, out=target)
            target *= weights[m]
            if m < 2:
                out += pair

    def _flux(self) -> Array:
        flux, jump = self._faces[:2]
        self._combined(self._g, _MEAN, 1.0, flux)
        self._combined(self._f, _JUMP, -1.0, jump)
        if not self.limited:
            jump *= self._fast
            flux += jump
            return flux
        mean = self._faces[3]
        self._combined(self._f, _MEAN, 1.0, mean)
        count = self.line.shape[1] + 1
        cells = [self._f[:, m : m + count] for m in range(6)]
        kept, scratch = self._faces[13], [self._faces[2], *self._faces[4:13]]
        np.copyto(kept, mean)
        value = limited_value(mean, jump, self._left, cells, scratch)
        value -= kept
        value *= self.line.speed
        flux += value
        return flux
