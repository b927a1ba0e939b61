"""Where particles go in real space: what leaves every site through open k faces, and whether

    ∂ₜρ + Σ_n ∂Φ_n/∂x_n = -(outflow through k faces) + (Faraday and collision inflow)

closes for the fluxes Φ of the scheme itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.observables.anomaly import rates
from kinetic.observables.base import Observable, Recorder, at_sites, momenta, per_volume, places
from kinetic.observables.cuts import Local
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

_HOMOGENEOUS = "the grid has no axes in real space: use 'ledger_residual'."


def _content(evolution: Evolution, values: Array) -> Array:
    """Σ_s∫ of a density of both bands at the sites.  (valley·site·band, A, B, C) → (*sites)"""
    return at_sites(evolution, momenta(evolution, values * evolution.mesh.volumes))


def _per_site(evolution: Evolution, values: Array) -> Array:
    """A number per patch, summed over valleys.  (valley·site,) → (*sites)"""
    shape = (evolution.system.valleys, *evolution.mesh.sites)
    return np.asarray(values.reshape(shape).sum(axis=0))


def streamed(evolution: Evolution) -> tuple[list[Array], Array]:
    """-∂Φ_n/∂x_n of every axis, and what they add up to beyond what crosses the ends.

    ([(*sites), ...], (axis,)); integrated over k.  The flow stands at the present time.
    """
    transport, mesh = evolution.transport, evolution.mesh
    _, streams = transport._velocities()
    coupling = transport._coupled()
    change = np.empty_like(transport.u)
    found, missing = [], np.zeros(len(mesh.sites))
    sample = mesh.site_volume * mesh.site_count
    for n in range(len(mesh.sites)):
        change[...] = 0.0
        shore = transport._shored(n, transport.f, streams[n], transport.scheme)
        carried = streams[n] if coupling is None else coupling.along_diagonal[n]
        through = transport.streaming.update(
            n, change, transport.f, carried, 1.0, transport.scheme, shore
        )
        if coupling is not None:
            transport.exchange_along(n, change, transport.f, streams[n], coupling, 1.0, shore)
        rate = _content(evolution, change)
        missing[n] = abs(float(rate.mean()) + float(np.sum(through)) / sample)
        if mesh.grid.space[n].periodic:
            missing[n] = np.abs(rate.sum(axis=n)).max()
        found.append(rate)
    return found, missing


def brought(evolution: Evolution) -> Array:
    """Faraday and collision inflow at the sites, integrated over k.  (*sites)"""
    transport = evolution.transport
    inflow = np.zeros(evolution.mesh.sites)
    if evolution.system.equation.level != "boltzmann":
        rate = evolution.flow.faraday_rate()
        if rate is not None:
            f = transport.occupation()
            lost = rate * (f[1::2] - f[0::2]) * evolution.mesh.volumes
            inflow += 0.5 * _per_site(evolution, lost.reshape(len(lost), -1).sum(axis=1))
    if evolution.collisions is not None:
        collide = evolution.collisions.rate(transport.occupation(), evolution.time)
        gained = collide[0::2] + collide[1::2]
        if transport.dresses and evolution.system.equation.level != "boltzmann":
            gained = gained + 0.5 * transport.dressing * (collide[1::2] - collide[0::2])
        gained = (gained * evolution.mesh.volumes).reshape(len(gained), -1).sum(axis=1)
        inflow += _per_site(evolution, gained)
    return inflow


@dataclass(frozen=True)
class MomentumOutflow(Local):
    """∮ Σ_s Φ_s·dS_k/(2πħ)ᵈ through the open k faces of every site, > 0 leaves"""

    name = "momentum_outflow"

    def fits(self, evolution: Evolution) -> str | None:
        """Axes in real space and open k faces."""
        if not places(evolution):
            return "the grid has no axes in real space: use 'boundary_outflow'."
        if all(axis.periodic for axis in evolution.system.grid.momentum):
            return "every momentum axis is periodic: nothing leaves."
        return None

    def recorder(self, evolution: Evolution) -> Recorder:
        """momentum_outflow(time, *r)."""
        row = Variable(
            self.name,
            places(evolution),
            per_volume(evolution, time=True),
            "rate at which particles leave through the open momentum faces of each site",
            {"formula": self.formula()},
        )

        def measure() -> dict[str, Any]:
            leak = _per_site(evolution, rates(evolution).leak)
            return {self.name: leak / evolution.phase_space}

        return Recorder((row,), measure)


@dataclass(frozen=True)
class ContinuityResidual(Observable):
    """max_r |∂ₜρ + Σ_n ∂Φ_n/∂x_n + outflow - inflow| of the scheme, zero to rounding"""

    name = "continuity_residual"

    def fits(self, evolution: Evolution) -> str | None:
        """Axes in real space."""
        return None if places(evolution) else _HOMOGENEOUS

    def recorder(self, evolution: Evolution) -> Recorder:
        """continuity_residual(time), continuity_scale(time)."""
        units = per_volume(evolution, time=True)
        formula = {"formula": self.formula()}
        rows = (
            Variable(self.name, (), units, "what is missing in the continuity equation", formula),
            Variable(
                "continuity_scale",
                (),
                units,
                "largest rate of any cell of phase space times their number per site",
                formula,
            ),
        )

        def measure() -> dict[str, Any]:
            present = rates(evolution)
            found, missing = streamed(evolution)
            residual = _content(evolution, present.change) - np.sum(found, axis=0)
            residual += _per_site(evolution, present.leak) - brought(evolution)
            transport = evolution.transport
            if transport.split:
                # What the drive does to the split-off equilibrium; its k fluxes leave as printed.
                source = _content(evolution, transport.source)
                residual -= source + _per_site(evolution, transport.source_site_leak)
            worst = max(float(np.abs(residual).max()), float(np.abs(missing).max()))
            rate = np.abs(present.change) * evolution.mesh.volumes
            count = evolution.system.valleys * 2 * evolution.mesh.volumes.size
            scale = count * float(rate.max())
            return {
                self.name: worst / evolution.phase_space,
                "continuity_scale": scale / evolution.phase_space,
            }

        return Recorder(rows, measure)
