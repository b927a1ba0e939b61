"""The ends of an open axis in real space: what waits beyond them, what crosses them.

    Φ = W⁺ f̂ + W⁻ f_in   (outwards)        f_in: given, or [p R f̂ + (1 − p) f₀] shifted by c

f̂ is extrapolated from the sites inside, R the mirror; at a wall c makes the net flux of every
site of the wall zero to rounding.  Where an equilibrium is split off, f is what it leaves.

Source: Fuchs, Math. Proc. Camb. Phil. Soc. 34, 100 (1938); for degenerate electrons the diffuse
part is a Fermi function whose chemical potential is c T off: f → f/[f + (1 − f) e⁻ᶜ].
"""

from __future__ import annotations

import numpy as np

from kinetic.errors import InputError, PhysicsError
from kinetic.grid import Array
from kinetic.hamiltonians.base import SPACE
from kinetic.kernels import LINEAR5, UPWIND1
from kinetic.sites import LAYERS
from kinetic.spaceflow import SpaceFlow
from kinetic.velocities import Stream

_CELLS = (0, 3, 4, 5, 6)  # all but the sites of an end
_NEWTON, _LEAST = 60, 1e-300
_FACE = np.array([1.0, -8.0, 37.0, 37.0, -8.0, 1.0]) / 60.0


class Shore:
    """One end of one axis.

    Parameters
    ----------
    flow
        The flow and its grid.
    place, side
        Which axis of real space, and 0 for its lower or 1 for its upper end.
    waiting
        Occupations that enter (less the split-off equilibrium); None at a wall.
        (valley, outer, inner, band, A, B, C)
    equilibrium
        Background f₀ at the end, for walls; None if there is none.
    rest
        The split-off equilibrium at the end, 0 if nothing is split off.
    """

    def __init__(
        self,
        flow: SpaceFlow,
        place: int,
        side: int,
        waiting: Array | None,
        equilibrium: Array | None,
        rest: Array | float,
    ) -> None:
        self.flow, self.mesh, self.place, self.side = flow, flow.mesh, place, side
        axis = flow.space[place]
        self.axis, self.end = axis, axis.sides[side]
        self.waiting, self.equilibrium, self.rest = waiting, equilibrium, rest
        self._value = np.zeros(0)  # f at the end, as the last flux took it
        direction = SPACE.index(axis.name)
        # What the drive sends of a split-off equilibrium outwards: a wall returns it too.
        self.carried: Array | float = 0.0
        self.mirror: int | None = None
        if self.end.kind == "wall":
            if direction >= flow.mesh.dimensions:
                raise InputError(
                    f"[grid] {axis.name}: a wall reflects k{axis.name}, which the grid does not "
                    "have; take 'open' or 'periodic'."
                )
            self.mirror = flow.mesh.slots[direction] - 3
            self._check_wall(flow.mesh.grid.momentum[direction].centres)

    def _check_wall(self, centres: Array) -> None:
        name = f"[grid] {self.axis.name} {'upper' if self.side else 'lower'} end"
        specularity = self.end.specularity or 0.0
        symmetric = np.allclose(centres, -centres[::-1], atol=1e-9 * np.ptp(centres))
        if specularity > 0.0 and not symmetric:
            raise InputError(
                f"{name}: a specular wall turns k{self.axis.name} into -k{self.axis.name}, but "
                "the grid is not symmetric about 0; make it so, or take a diffuse wall."
            )
        if specularity < 1.0 and self.equilibrium is None:
            raise InputError(
                f"{name}: a diffuse wall returns electrons at a temperature, and the initial "
                "state has none; start from a thermal state or take a specular wall."
            )

    def speeds(self, velocity: Stream) -> Array:
        """W at the face of the end.  (valley, outer, inner, band, A, B, C)"""
        n = self.place
        if not velocity.varies:
            near = np.take(self.flow.spread(velocity, n, slice(0, 1)), 0, axis=n + 1)
        else:
            part = slice(0, 2 * LAYERS) if self.side == 0 else slice(-2 * LAYERS, None)
            around = self.flow.spread(velocity, n, part)
            near = sum(weight * np.take(around, m, axis=n + 1) for m, weight in enumerate(_FACE))
        return self._lines(np.asarray(near))

    def _lines(self, values: Array) -> Array:
        """(valley, *sites, band, A, B, C) with the sites before and after the axis apart."""
        sites, n = self.mesh.sites, self.place
        outer = int(np.prod(sites[:n], dtype=int))
        return values.reshape(values.shape[0], outer, -1, *values.shape[-4:])

    def crossing(self, f: Array, velocity: Stream, scheme: int) -> tuple[Array, Array]:
        """F beyond the end (3, lines, padded k) and the flux through it (lines, A, B, C)."""
        mesh, n = self.mesh, self.place
        outer = int(np.prod(mesh.sites[:n], dtype=int))
        inner = int(np.prod(mesh.sites[n + 1 :], dtype=int))
        cells = mesh.sites[n]
        view = f.reshape(self.flow.system.valleys, outer, cells, inner, 2, *f.shape[1:])
        order = (0, 1, 2) if self.side == 0 else (cells - 1, cells - 2, cells - 3)
        inner_k = (Ellipsis, *mesh.interior)
        near = [view[:, :, index] for index in order]
        first, second, third = (layer[inner_k] for layer in near)
        leaving = _extrapolated(first, second, third, scheme)
        speed = self.speeds(velocity)
        outwards = speed if self.side == 1 else -speed
        entering = self._entering(leaving, outwards)
        value = np.where(outwards > 0.0, leaving, entering)
        flux = speed * value + self._product(speed, value)
        self._value = value
        layers = []
        for layer in range(3):
            inside = (first, second, third)[layer]
            given = self._mirrored(inside) if self._specular else entering
            layers.append(mesh.padded(np.where(outwards > 0.0, first, given)))
        if self.side == 0:
            layers.reverse()
        beyond = np.stack(layers).reshape(3, -1, *f.shape[1:])
        return beyond, flux.reshape(-1, *mesh.shape)

    def continued(self, f: Array, velocity: Stream) -> tuple[Array, Array]:
        """The same for an f that goes on as it is at the last site."""
        mesh, n = self.mesh, self.place
        outer = int(np.prod(mesh.sites[:n], dtype=int))
        view = f.reshape(self.flow.system.valleys, outer, mesh.sites[n], -1, 2, *f.shape[1:])
        last = view[:, :, 0 if self.side == 0 else -1]
        speed, values = self.speeds(velocity), last[(Ellipsis, *mesh.interior)]
        flux = speed * values + self._product(speed, values)
        self._value = values
        outwards = flux if self.side else -flux
        self.carried = np.sum(outwards * mesh.volumes, axis=_CELLS, keepdims=True)
        beyond = np.broadcast_to(last, (3, *last.shape)).reshape(3, -1, *f.shape[1:])
        return np.ascontiguousarray(beyond), flux.reshape(-1, *mesh.shape)

    def exchanged(self, velocity: Stream, diagonal: Stream, off: Stream) -> Array:
        """What changes bands in the flux through the end: (M f - W f)_s, antisymmetric in s."""
        own, other = self._value, self._value[:, :, :, ::-1]
        more, swapped = self.speeds(diagonal) - self.speeds(velocity), self.speeds(off)
        moved = more * own + swapped * other
        moved += self._product(more, own) + self._product(swapped, other)
        half = 0.5 * (moved[:, :, :, 1:] - moved[:, :, :, :1])
        return np.concatenate([-half, half], axis=3).reshape(-1, *self.mesh.shape)

    @property
    def _specular(self) -> bool:
        return self.end.kind == "wall" and self.end.specularity == 1.0

    def _mirrored(self, values: Array) -> Array:
        """R f: k normal to the wall reversed (of the whole f, not of what a split leaves)."""
        assert self.mirror is not None
        turned = np.flip(values + self.rest, axis=self.mirror)
        return np.asarray(turned - self.rest)

    def _product(self, speed: Array, values: Array) -> Array:
        """(h²/12) ∂W ∂f over the k cells, as inside; of second order where f jumps at W = 0."""
        out = np.zeros_like(values)
        for slot in self.mesh.slots:
            axis = slot - 3
            shape = [1, 1, 1]
            shape[slot] = -1
            factor = self.mesh.products[slot][0].reshape(shape)
            steps = [np.roll(x, -1, axis) - np.roll(x, 1, axis) for x in (speed, values)]
            out += factor * steps[0] * steps[1]
        return out

    def _entering(self, leaving: Array, outwards: Array) -> Array:
        """Occupations that enter.  (valley, outer, inner, band, A, B, C)"""
        if self.waiting is not None:
            return self.waiting
        share = self.end.specularity or 0.0
        whole = np.zeros_like(leaving)
        if share > 0.0:
            whole = share * (self._mirrored(leaving) + self.rest)
        if self.equilibrium is not None:
            whole = whole + (1.0 - share) * self.equilibrium
        return self._balanced(np.clip(whole, 0.0, 1.0), leaving, outwards)

    def _balanced(self, whole: Array, leaving: Array, outwards: Array) -> Array:
        """What enters at a wall: f → f/[f + (1 - f) e^-c], c from zero net flux at every site.

        It is the Fermi function whose chemical potential is c T off if f is one, and stays in
        [0, 1] for any c.  Newton's steps are cut to 2; the last rest is taken off linearly.
        """

        def net(values: Array) -> Array:
            mixed = np.where(outwards > 0.0, leaving, values)
            flux = outwards * mixed + self._product(outwards, mixed)
            return np.asarray(np.sum(flux * self.mesh.volumes, axis=_CELLS, keepdims=True))

        c = np.zeros((1, *whole.shape[1:3], 1, 1, 1, 1))
        size = np.sum(np.abs(outwards) * self.mesh.volumes, axis=_CELLS, keepdims=True) + _LEAST
        for _ in range(_NEWTON):
            entering = whole / (whole + (1.0 - whole) * np.exp(-c) + _LEAST)
            excess = net(entering - self.rest) + self.carried
            weight = entering * (1.0 - entering)
            opened = np.where(outwards < 0.0, weight, 0.0)
            inflow = outwards * opened + self._product(outwards, opened)
            capacity = -np.sum(inflow * self.mesh.volumes, axis=_CELLS, keepdims=True)
            known = capacity > 1e-12 * size
            step = np.divide(excess, capacity, out=np.sign(excess), where=known)
            if np.all(np.abs(excess) <= 1e-9 * size):
                break
            c = c + np.clip(step, -2.0, 2.0)
        else:
            raise PhysicsError(
                f"the wall at the {'upper' if self.side else 'lower'} end of {self.axis.name} "
                "receives particles that it cannot return: the states that move away from it "
                "are full or empty. A Hall current into a wall is carried on by edge states, "
                "which are not in this theory: lower the field along the wall, or take "
                "'open' or 'periodic' ends."
            )
        return np.asarray(entering - self.rest + np.where(known, step, 0.0) * weight)


def _extrapolated(first: Array, second: Array, third: Array, scheme: int) -> Array:
    """The face value from the three sites inside; limited schemes stay within a linear one.

    Source: Shu, ICASE report 97-65 (1997), Table 2.1, k = 3, r = -1.
    """
    if scheme == UPWIND1:
        return first
    value = (11.0 * first - 7.0 * second + 2.0 * third) / 6.0
    if scheme == LINEAR5:
        return np.asarray(value)
    line = first + (first - second)
    return np.asarray(np.clip(value, np.minimum(first, line), np.maximum(first, line)))


class Shores:
    """All open ends of a grid."""

    def __init__(self, ends: dict[int, tuple[Shore, Shore]]) -> None:
        self.ends = ends

    def crossing(
        self, n: int, f: Array, velocity: Stream, scheme: int
    ) -> tuple[Array, Array] | None:
        """F beyond the ends of axis n and the fluxes through them; None if it is periodic."""
        if n not in self.ends:
            return None
        pairs = [shore.crossing(f, velocity, scheme) for shore in self.ends[n]]
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    def exchanged(self, n: int, velocity: Stream, diagonal: Stream, off: Stream) -> Array:
        """What changes bands in the fluxes through the ends of axis n.  (2, lines, A, B, C)"""
        return np.stack([shore.exchanged(velocity, diagonal, off) for shore in self.ends[n]])

    def continued(self, n: int, f: Array, velocity: Stream) -> tuple[Array, Array]:
        """The same where f goes on beyond the ends as it is at the last sites."""
        pairs = [shore.continued(f, velocity) for shore in self.ends[n]]
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])


__all__ = ["Shore", "Shores"]
