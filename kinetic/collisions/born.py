"""Golden-rule rates on energy shells, and the operator that is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.collisions.base import Operator, Surroundings
from kinetic.collisions.correlated import Correlated
from kinetic.collisions.shells import Shells
from kinetic.errors import InputError, PhysicsError
from kinetic.grid import Array

if TYPE_CHECKING:
    from kinetic.collisions.elastic import Elastic

_ITERATIONS = 200
_ACCURACY = 1e-12


class Separable:
    """K g = Σ_n χ_n(i)/ΔE Σ_v' κ_vv' (1, s m)·∫_n (1, s m) g in valley v': the same for all q.

    Parameters
    ----------
    shells
        Energy shells.
    coupling
        κ, (2π/ħ) W of pairs of valleys.  (valley, valley)
    """

    def __init__(self, shells: Shells, coupling: Array) -> None:
        self.shells, self.coupling = shells, coupling

    def add(self, g: Array, out: Array) -> None:
        """Add K g to out."""
        shells = self.shells
        sums = shells.sharpen(shells.collect(g, 4 if shells.overlap else 1).sum(axis=1))
        factor = (0.5 if shells.overlap else 1.0) / shells.spacing
        mixed = shells.sharpen(np.einsum("uv,svna->suna", self.coupling, sums))
        shells.distribute(out, mixed, factor)


class BornScattering(Operator):
    """Scattering by disorder on energy shells.

    Parameters
    ----------
    description
        What scatters.
    surroundings
        The grid.

    Attributes
    ----------
    shells
        Energy shells.
    gamma
        Γ of the levels, the golden-rule rate.  (pattern, valley·band, cell)
    """

    def __init__(self, description: Elastic, surroundings: Surroundings) -> None:
        self.description, self.around = description, surroundings
        self.strength = float(description.strength or 1.0)
        pooled = description.inter_valley > 0.0 and surroundings.valleys > 1
        self.shells = Shells(surroundings, description.shells, pooled, description.overlap)
        self._work = np.zeros((4, *surroundings.energy.shape))
        shells = self.shells
        self.local = np.full((shells.sites, shells.groups, 2), -1.0)
        self._bath = np.full_like(self.local, -1.0)
        self._offset = np.zeros((1, shells.cells))
        self._set_bath()
        self._set_rates()

    # --- set-up -------------------------------------------------------------------------------

    def _set_bath(self) -> None:
        """μ - φ and T of the reservoirs, where all valleys of a group have the same."""
        shells, around = self.shells, self.around
        reservoirs = around.reservoirs
        for group in range(shells.groups):
            known = {reservoirs[group]} if shells.groups > 1 else set(reservoirs)
            own = known.pop()
            if not known and own is not None:
                self._bath[:, group, 0] = own[0] - shells.potential
                self._bath[:, group, 1] = own[1]
        self.local = self._bath.copy()
        # A declared equilibrium is a fixed point to rounding, as cell averages.
        if around.thermal and np.all(self._bath[..., 1] >= 0.0):
            apart = np.zeros_like(around.energy)
            self._deviate(around.equilibrium, apart)
            self._offset = apart.reshape(-1, shells.cells)

    def _set_rates(self) -> None:
        """Operators of the scattering in, and Γ."""
        valleys, description = self.shells.valleys, self.description
        golden = 2.0 * np.pi / self.around.hbar * self.strength
        between = golden * description.inter_valley * (1.0 - np.eye(valleys))
        if description.potential().flat:
            self.parts: list[Any] = [Separable(self.shells, between + golden * np.eye(valleys))]
        else:
            self.parts = [Correlated(self.shells, description.potential(), golden)]
            if np.any(between):
                self.parts.append(Separable(self.shells, between))
        gain: Array = np.zeros_like(self.around.energy)
        for part in self.parts:
            part.add(np.ones_like(gain), gain)
        gain = np.maximum(gain, 0.0)
        by_site = self.shells.by_site(gain)
        self.gamma = np.ascontiguousarray(by_site[: self.shells.patterns])
        self._gamma = gain
        self.fastest = float(gain.max(initial=0.0))
        if not np.isfinite(self.fastest):
            raise PhysicsError("elastic: the golden-rule rate is not finite on this grid.")

    def normalise(self, energy: float, tau: float) -> None:
        """Set the strength so that the mean of Γ at an energy is 1/τ.

        Raises
        ------
        InputError
            If no level has that energy.
        """
        shells = self.shells
        rate = shells.average(self._gamma)[0]
        share = shells.density[0]
        states = float(shells.at(share.sum(axis=0), energy))
        if not shells.energies[0] <= energy <= shells.energies[-1] or states <= 0.0:
            raise InputError(
                f"[collisions] elastic: no level of the grid has the energy {energy:.6g} at "
                "which tau holds; give another energy, or strength."
            )
        mean = float(shells.at((rate * share).sum(axis=0), energy)) / states
        self.strength *= 1.0 / (tau * mean)
        self._set_rates()

    def look(self) -> None:
        """Follow bands that move."""
        if self.shells.update():
            self._set_rates()
        for group, reservoir in enumerate(self.around.reservoirs[: self.shells.groups]):
            if reservoir is not None and np.all(self._bath[:, group, 1] >= 0.0):
                self._bath[:, group, 0] = reservoir[0] - self.shells.potential

    # --- the operator -------------------------------------------------------------------------

    def _deviate(self, f: Array, out: Array) -> None:
        """out = f - f_FD, or f where no Fermi function is known."""
        from kinetic.kernels.fermi import deviate

        shells = self.shells
        rows, cells = (-1, shells.cells), self._offset
        self._launch(
            deviate,
            out.reshape(rows),
            f.reshape(rows),
            cells,
            self.local,
            shells.levels,
            shells.glued,
        )

    def _launch(self, kernel: Any, *arguments: Any) -> None:
        self.around.device.launch(kernel, *arguments, small=self.around.energy.size < 4096)

    def _fit(self, f: Array) -> None:
        """μ and T of the Fermi functions with charge and energy of f; the bath's if none has."""
        from kinetic.kernels.fermi import nearest_fermi

        shells = self.shells
        start = np.where(self.local[..., 1:] > 0.0, self.local, self._bath)
        cold = start[..., 1] <= 0.0
        start[..., 0] = np.where(
            self._bath[..., 1] < 0.0, np.median(shells.energies), start[..., 0]
        )
        start[..., 1] = np.where(cold, shells.spacing, start[..., 1])
        self._launch(
            nearest_fermi,
            self.local,
            start,
            f.reshape(-1, shells.cells),
            self._offset,
            shells.levels,
            shells.means,
            shells.weight,
            shells.groups,
        )
        lost = self.local[..., 1] <= 0.0
        self.local[lost] = self._bath[lost]

    def _scatter(self, g: Array, out: Array) -> None:
        """out = Q (K - Γ) g."""
        from kinetic.kernels.shells import lose

        rows = (-1, self.shells.cells)
        self._launch(lose, out.reshape(rows), self.gamma, g.reshape(rows), self.shells.sites)
        for part in self.parts:
            part.add(g, out)
        self.shells.remove(out)

    def rate(self, f: Array, t: float, out: Array) -> None:
        """Add Q (K - Γ) Q (f - f_FD)."""
        self.look()
        change = self._work[1]
        self._scatter(self.deviation(f), change)
        out += change

    def deviation(self, f: Array) -> Array:
        """Q (f - f_FD); the next call uses the array anew."""
        self._fit(f)
        self._deviate(f, self.apart)
        self.shells.remove(self.apart)
        return self.apart

    @property
    def apart(self) -> Array:
        """Q (f - f_FD) of the last `rate` or `deviation`, Q v of the last `derivative`."""
        return np.asarray(self._work[0])

    def settled(self, right: Array, step: float) -> Array:
        """y with y - step Q (K - Γ) y = right, of a right-hand side under Q."""
        return self._conjugate(right, step)

    def loss(self) -> Array:
        """Γ."""
        return self._gamma

    def derivative(self, f: Array, v: Array, t: float, out: Array) -> None:
        """Add Q (K - Γ) Q v."""
        apart, change = self._work[0], self._work[1]
        apart[...] = v
        self.shells.remove(apart)
        self._scatter(apart, change)
        out += change

    def solve(self, target: Array, step: float, t: float) -> Array | None:
        """f with f = target + step C[f], by conjugate gradients in what Q leaves.

        (1 - step Q(K - Γ)) y = Q (target - f_FD) is solved for y = Q (f - f_FD), preconditioned
        by Q (1 + step Γ)⁻¹ Q.  The change of f is a sum of changes under Q: nothing is lost.
        """
        self.look()
        self._fit(target)
        start: Array = np.zeros_like(target)
        self._deviate(target, start)
        self.shells.remove(start)
        solution = self._conjugate(start, step)
        return np.asarray(target + (solution - start))

    def _conjugate(self, right: Array, step: float) -> Array:
        """y with y - step Q (K - Γ) y = right."""
        weight = self.around.weight
        ease = 1.0 / (1.0 + step * self._gamma)
        y: Array = ease * right
        self.shells.remove(y)
        change = self._work[1]
        self._scatter(y, change)
        rest: Array = right - y + step * change
        size = float(np.sum(weight * right * right))
        scaled: Array = ease * rest
        self.shells.remove(scaled)
        along = float(np.sum(weight * rest * scaled))
        direction = scaled.copy()
        for _ in range(_ITERATIONS):
            if not along > _ACCURACY**2 * size:
                return y
            self._scatter(direction, change)
            image = direction - step * change
            part = along / float(np.sum(weight * direction * image))
            y += part * direction
            rest -= part * image
            np.multiply(ease, rest, out=scaled)
            self.shells.remove(scaled)
            before, along = along, float(np.sum(weight * rest * scaled))
            direction *= along / before
            direction += scaled
        return y

    def state(self) -> dict[str, Array]:
        """The last μ and T, where Newton starts, and what was chosen at the start of the run."""
        return {"local": self.local.copy(), "chosen": self._chosen()}

    def _chosen(self) -> Array:
        """Distance of the shells and strength of the disorder."""
        return np.array([self.shells.spacing, self.strength])

    def restore(self, state: dict[str, Array]) -> None:
        """Take μ and T back, and the choices where the bands have moved since."""
        self.local = np.array(state["local"])
        if not np.array_equal(state["chosen"], self._chosen()):
            spacing, self.strength = map(float, state["chosen"])
            self.shells.recount(spacing)
            self._set_rates()
