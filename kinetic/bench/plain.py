"""The same stage in plain numpy: padded slices, results written in place.

What does not change from stage to stage (|W|, ∂W of the product rule, 1/D_s) is made
beforehand, which favours this version: ratios to it are lower bounds.  Periodic uniform
axes, level dressed, a flow that stands still.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kinetic.bench.limited import limited_value
from kinetic.bench.plainstream import Line, Streamed
from kinetic.grid import Array
from kinetic.kernels import LINEAR5, MP5
from kinetic.mesh import GHOSTS, wrap

if TYPE_CHECKING:
    from kinetic.spaceflow import SpaceFlow
    from kinetic.transport import Transport


@dataclass
class Frozen:
    """Everything that a stage needs besides u and u₀.

    Attributes
    ----------
    velocity
        W on the faces of each slot.
    slope
        ½(h²/12)(∂W) of each (slot, direction across it).
    inverse
        1/D_s.
    lines
        What streams along each axis of real space, see `plainstream`.
    step, bend
        Coefficients of the product rule of u = D f along each slot: ½s∂F/D and
        (h²/12)½s∂F/D², 0 where F jumps.
    """

    slots: tuple[int, ...]
    shape: tuple[int, ...]
    limited: bool
    mean: Array
    half: Array
    volume: float
    velocity: dict[int, Array]
    slope: dict[tuple[int, int], Array]
    inverse: Array
    step: dict[int, Array] = field(default_factory=dict)
    bend: dict[int, Array] = field(default_factory=dict)
    top: Array | None = None
    glued: tuple[Any, ...] = ()
    equilibrium: Array | None = None
    source: Array | None = None
    lines: tuple[Line, ...] = ()

    @classmethod
    def of(cls, transport: Transport) -> Frozen:
        """The constants of a transport at its present time."""
        mesh, flow = transport.mesh, transport.flow
        assert transport.scheme in (LINEAR5, MP5)
        assert all(mesh.periodic[slot] for slot in mesh.slots)
        sign = np.where(np.arange(transport.bands) % 2 == 1, 1.0, -1.0)[:, None, None, None]
        dressing = np.repeat(transport.dressing, 2, axis=0)
        density = 1.0 + 0.5 * sign * dressing
        frozen = cls(
            mesh.slots,
            transport.u.shape,
            transport.scheme == MP5,
            mesh.faces[mesh.slots[0]][:6, 1],
            mesh.faces[mesh.slots[0]][6:, 1],
            float(mesh.volumes.flat[0]),
            {slot: np.ascontiguousarray(flow.faces(flow.w, slot)) for slot in mesh.slots},
            {},
            1.0 / density,
        )
        for slot in mesh.slots:
            factor = float(mesh.products[slot][0, 0])
            for other in mesh.slots:
                if other != slot:
                    steps = _difference(frozen.velocity[other], slot + 1)
                    frozen.slope[other, slot] = 0.5 * factor * steps
            if transport.bend:
                smooth = np.repeat(transport._smooth, 2, axis=0)
                step = 0.5 * sign * _difference(dressing, slot + 1) * frozen.inverse
                frozen.step[slot] = step
                frozen.bend[slot] = factor * smooth * step * frozen.inverse
        cells = [glue.cells for glue in flow.glue]
        if any(len(each) for each in cells):
            frozen.glued = tuple(cells)
        if transport.split:
            frozen.equilibrium = np.ascontiguousarray(transport.equilibrium)
            frozen.source = transport.source if len(transport.source) else None
        if transport.equation.limiter == "bounds":
            frozen.top = density
        if mesh.sites:
            frozen.lines = tuple(
                Line.of(cast("SpaceFlow", flow), n) for n in range(len(mesh.sites))
            )
        return frozen


def _difference(array: Array, axis: int) -> Array:
    return np.roll(array, -1, axis=axis) - np.roll(array, 1, axis=axis)


class Plain:
    """A stage on buffers that are made once.

    Parameters
    ----------
    frozen
        The constants.
    """

    def __init__(self, frozen: Frozen) -> None:
        self.frozen = frozen
        ghosts = [GHOSTS if slot in frozen.slots else 0 for slot in range(3)]
        bands, *cells = frozen.shape
        self._ghosts = ghosts
        self.f = np.zeros((bands, *(n + 2 * g for n, g in zip(cells, ghosts, strict=True))))
        self._u = np.zeros_like(self.f)
        self._net = np.zeros(frozen.shape)
        self._cells = [np.zeros(frozen.shape) for _ in range(2)]
        count = 14 if frozen.limited else 3
        self._faces = {
            slot: [np.zeros(w.shape) for _ in range(count)] for slot, w in frozen.velocity.items()
        }
        self._left = {slot: w >= 0.0 for slot, w in frozen.velocity.items()}
        self._speed = {slot: np.abs(w) for slot, w in frozen.velocity.items()}
        self._streams = [Streamed(line, frozen.limited) for line in frozen.lines]

    def _view(self, padded: Array, shift: dict[int, int], faces: int = -1) -> Array:
        """Interior of a padded array, shifted along slots; one more along `faces`."""
        index = [slice(None)]
        for slot in range(3):
            first = self._ghosts[slot] + shift.get(slot, 0)
            extra = int(slot == faces)
            index.append(slice(first, first + self.frozen.shape[slot + 1] + extra))
        return padded[tuple(index)]

    def _wrap(self, padded: Array) -> None:
        for slot in self.frozen.slots:
            wrap(padded, slot + 1, self.frozen.shape[slot + 1], self._ghosts[slot])

    def occupy(self, u: Array) -> None:
        """f from u, less the equilibrium, with its ghosts."""
        c, inner = self.frozen, self._view(self.f, {})
        np.multiply(u, c.inverse, out=inner)
        if c.bend:
            self._view(self._u, {})[...] = u
            self._wrap(self._u)
            slope, product = self._cells
            for slot in c.slots:
                ahead, back = (self._view(self._u, {slot: side}) for side in (1, -1))
                np.subtract(ahead, back, out=slope)
                np.multiply(u, c.step[slot], out=product)
                slope -= product
                slope *= c.bend[slot]
                inner -= slope
        for valley, cells in enumerate(c.glued):
            pair = u[2 * valley : 2 * valley + 2].reshape(2, -1)[:, cells].mean(axis=0)
            where = np.unravel_index(cells, c.shape[1:])
            for band in (2 * valley, 2 * valley + 1):
                inner[(band, *where)] = pair
        if c.equilibrium is not None:
            inner -= c.equilibrium
        self._wrap(self.f)

    def stage(self, u: Array, base: Array, alpha: float, beta: float, gamma: float) -> None:
        """u ← α u₀ + β u + γ (S − ∇·Φ), from the present f."""
        c, net = self.frozen, self._net
        net[...] = 0.0
        for slot in c.slots:
            flux = self._limited(slot) if c.limited else self._linear(slot)
            self._correct(slot, flux)
            faces = np.moveaxis(flux, slot + 1, 0)
            target = np.moveaxis(net, slot + 1, 0)
            target += faces[1:]
            target -= faces[:-1]
        net *= -gamma / c.volume
        u *= beta
        u += net
        if alpha:
            np.multiply(base, alpha, out=net)
            u += net
        if c.source is not None:
            np.multiply(c.source, gamma, out=net)
            u += net
        for stream in self._streams:
            stream.move(u, self.f, self._ghosts, gamma)

    def unbounded(self, u: Array) -> int:
        """How many cells have left 0 ≤ f ≤ 1."""
        assert self.frozen.top is not None
        rest = np.subtract(self.frozen.top, u, out=self._cells[0])
        return int(np.count_nonzero((u < -1e-14) | (rest < -1e-14)))

    def _around(self, slot: int) -> list[Array]:
        return [self._view(self.f, {slot: m - 3}, slot) for m in range(6)]

    def _values(self, slot: int) -> tuple[Array, Array]:
        """(L + R)/2 and (L − R)/2 at the faces; both are (anti)symmetric about the face."""
        c, cells = self.frozen, self._around(slot)
        mean, half, pair = self._faces[slot][:3]
        np.add(cells[2], cells[3], out=mean)
        mean *= c.mean[2]
        np.subtract(cells[2], cells[3], out=half)
        half *= c.half[2]
        for m in (1, 0):
            np.add(cells[m], cells[5 - m], out=pair)
            pair *= c.mean[m]
            mean += pair
            np.subtract(cells[m], cells[5 - m], out=pair)
            pair *= c.half[m]
            half += pair
        return mean, half

    def _linear(self, slot: int) -> Array:
        mean, half = self._values(slot)
        mean *= self.frozen.velocity[slot]
        half *= self._speed[slot]
        mean += half
        return mean

    def _limited(self, slot: int) -> Array:
        mean, half = self._values(slot)
        left, cells = self._left[slot], self._around(slot)
        value = limited_value(mean, half, left, cells, self._faces[slot][2:])
        value *= self.frozen.velocity[slot]
        return value

    def _correct(self, slot: int, flux: Array) -> None:
        """Product rule: the slopes of W and of the two cells next to the face."""
        slope = self._faces[slot][1]
        for other in self.frozen.slots:
            if other == slot:
                continue
            for sign, out in ((1, np.add), (-1, np.subtract)):
                for side in (-1, 0):
                    cells = self._view(self.f, {slot: side, other: sign}, slot)
                    if sign == 1 and side == -1:
                        np.copyto(slope, cells)
                    else:
                        out(slope, cells, out=slope)
            slope *= self.frozen.slope[slot, other]
            flux += slope
