"""What happens at nodes, and between the bands.

A node is no source: it hands χ e·b/4π²ħ² from the lower to the upper band; the particles that
appear above it have come in through the open faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.observables.base import (
    Observable,
    Recorder,
    in_sample,
    per_volume,
    places,
)
from kinetic.observables.cuts import Local
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution


@dataclass(frozen=True)
class Rates:
    """Rates at an instant, per time: of what crosses faces, and of the state.

    `outflow` (face,) as in the ledger; `faraday`; `exchange` ∫X′ (valley·site,); `change` ∂ₜu_s
    (valley·site·band, A, B, C); `leak` through the open k faces of every patch (valley·site,),
    0 in a homogeneous run.  Integrated over k, not yet divided by (2πħ)^d.
    """

    outflow: Array
    faraday: float
    exchange: Array
    change: Array
    leak: Array


def rates(evolution: Evolution) -> Rates:
    """∂ₜu_s and the flows through boundaries at the present time; the state stays as it is."""
    transport = evolution.transport
    evolution.flow.set_time(evolution.time)
    transport.occupy()
    collide = evolution._collide(evolution.time)
    transport.base[...] = transport.u
    dressing = transport.dressing.copy()
    transport._exchange_rates[...] = 0.0
    try:
        # The stage u ← 0·u + 1·L(f) leaves the rate in u; u₀ is free between steps.
        outflow = transport.stage((0.0, 0.0, 1.0), collide)
        change = transport.u.copy()
        leak = np.array(getattr(transport, "site_leak", np.zeros(1)))
    finally:
        transport.u[...] = transport.base
        transport.dressing[...] = dressing
    exchange = transport._exchange_rates.sum(axis=1)
    return Rates(outflow, float(transport.faraday), exchange, change, leak)


def product(evolution: Evolution, t: float) -> float:
    """e·b, in real space its integral over the sample."""
    fields, flow = evolution.system.fields, evolution.flow
    if not places(evolution):
        return float(fields.electric(t) @ fields.magnetic(t))
    return evolution.mesh.site_volume * float(np.sum(flow.force(t) * flow.magnetic(t)))


def drive(evolution: Evolution, start: float, stop: float) -> float:
    """∫e·b dt, in real space also over the sample."""
    fields = evolution.system.fields
    if fields.electric_constant and fields.magnetic_constant:
        return product(evolution, start) * (stop - start)
    nodes, weights = np.polynomial.legendre.leggauss(5)
    edges = np.linspace(start, stop, 201)
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    times = middle[:, None] + half[:, None] * nodes
    values = np.array([[product(evolution, t) for t in row] for row in times])
    return float(np.sum(half[:, None] * weights * values))


def node_fluxes(evolution: Evolution) -> Array:
    """χ/4π²ħ² of every node: what it hands upward per e·b.  (node,)"""
    scale = 4.0 * np.pi**2 * evolution.system.equation.hbar**2
    return np.array([node.charge / scale for node in evolution.flow.nodes])


def pumped(evolution: Evolution, change: Array | None = None) -> Array:
    """Change of the charge in the cells that belong to each node.  (node,)

    `change` (valley·band, A, B, C); by default what has changed since the start.
    """
    if change is None:
        return evolution.node_charges() - evolution.initial_node_charges
    return evolution.near_nodes(change[0::2] + change[1::2])


def transfer_rate(evolution: Evolution) -> Array:
    """Σ_s∫D_s C[f]_s of every valley at the present time, number per volume.  (valley,)"""
    transport, collisions = evolution.transport, evolution.collisions
    if collisions is None:
        return np.zeros(evolution.system.valleys)
    evolution.flow.set_time(evolution.time)
    transport.occupy()
    rate = collisions.rate(transport.occupation(), evolution.time)
    content = rate * collisions.surroundings.weight
    summed = content.reshape(evolution.system.valleys, -1).sum(axis=1)
    return np.asarray(evolution.mesh.site_volume * summed)


def collided_apart(evolution: Evolution) -> bool:
    """Whether it is known what collisions bring to every node: each has a valley of its own."""
    own = [node.valley for node in evolution.flow.nodes]
    return evolution.collisions is None or len(set(own)) == len(own)


def reference(evolution: Evolution, span: float) -> Array:
    """Mean pumping rate of every node since the start from its charge.  (node,)

    χ ∫e·b dt/4π²ħ² over the time span; with what collisions brought where every node has a valley
    of its own; where b(t) moves and there is one node only, with what Faraday's law brings into
    the grid (it cannot be told apart between several nodes).
    """
    rate = node_fluxes(evolution) * drive(evolution, evolution.start, evolution.time) / span
    if evolution.flow.b_moves and len(rate) == 1:
        rate = rate + evolution.faraday_inflow() / span
    return rate + _of_nodes(evolution, evolution.valley_transfer()) / span


def _of_nodes(evolution: Evolution, valleys: Array) -> Array:
    """What collisions bring to valleys as that of their nodes; 0 where it cannot be told."""
    if not collided_apart(evolution):
        return np.zeros(len(evolution.flow.nodes))
    return np.array([valleys[node.valley] for node in evolution.flow.nodes])


def _no_nodes(evolution: Evolution) -> str | None:
    if evolution.flow.nodes:
        return None
    return "no gap closing was found on the grid, or the level has no Berry terms."


def _open_ends(evolution: Evolution) -> str | None:
    for axis in evolution.system.grid.space:
        if not axis.periodic:
            return f"particles also come and go at the ends of {axis.name}: use 'node_exchange'."
    return None


@dataclass(frozen=True)
class NodeExchange(Observable):
    """∫dt of what each glued node hands from the lower to the upper band, > 0 upward"""

    name = "node_exchange"

    def fits(self, evolution: Evolution) -> str | None:
        """Nodes."""
        return _no_nodes(evolution)

    def recorder(self, evolution: Evolution) -> Recorder:
        """node_exchange, node_exchange_rate, node_flux(time, node)."""
        fluxes = node_fluxes(evolution)
        rate_units = in_sample(evolution, time=True)
        rows = (
            Variable(
                self.name,
                ("node",),
                in_sample(evolution),
                "particles handed from the lower to the upper band at each node",
                {"formula": self.formula()},
            ),
            Variable(
                "node_exchange_rate",
                ("node",),
                rate_units,
                "rate at which each node hands particles upward",
                {"formula": "½∂ₜ∫(u_- - u_+) over the glued cells, bands kept apart"},
            ),
            Variable(
                "node_flux",
                ("node",),
                rate_units,
                "rate expected from the monopole charge with a filled sea",
                {"formula": "χ e·b/4π²ħ²", "source": "Nielsen and Ninomiya, 1983"},
            ),
        )

        def measure() -> dict[str, Any]:
            return {
                self.name: evolution.node_exchange(),
                "node_exchange_rate": evolution.handed_upward(rates(evolution).change),
                "node_flux": fluxes * product(evolution, evolution.time),
            }

        return Recorder(rows, measure)


@dataclass(frozen=True)
class PumpingRate(Observable):
    """(ρ_node(t) - ρ_node(t₀))/(t - t₀) of the cells nearest to each node, beside χ e·b/4π²ħ²"""

    name = "pumping_rate"

    def fits(self, evolution: Evolution) -> str | None:
        """Nodes, and no other way for particles to come and go."""
        return _no_nodes(evolution) or _open_ends(evolution)

    def recorder(self, evolution: Evolution) -> Recorder:
        """pumping_rate, pumping_reference(time, node)."""
        units, fluxes = in_sample(evolution, time=True), node_fluxes(evolution)
        rows = (
            Variable(
                self.name,
                ("node",),
                units,
                "mean rate at which particles appear around each node, from the evolved state",
                {"formula": self.formula()},
            ),
            Variable(
                "pumping_reference",
                ("node",),
                units,
                "the same from the monopole charge",
                {
                    "formula": "[χ ∫e·b dt/4π²ħ² + collisions + Faraday inflow of a single node]"
                    "/(t - t₀)",
                    "comment": "collisions are left out where several nodes share a valley",
                },
            ),
        )

        def measure() -> dict[str, Any]:
            span = evolution.time - evolution.start
            if span > 0.0:
                expected = reference(evolution, span)
                return {self.name: pumped(evolution) / span, "pumping_reference": expected}
            now = product(evolution, evolution.time)
            present = rates(evolution)
            expected = fluxes * now + _of_nodes(evolution, transfer_rate(evolution))
            if evolution.flow.b_moves and len(fluxes) == 1:
                expected = expected + present.faraday / evolution.phase_space
            return {self.name: pumped(evolution, present.change), "pumping_reference": expected}

        return Recorder(rows, measure)


@dataclass(frozen=True)
class InterbandExchange(Local):
    """∫dᵈk/(2πħ)ᵈ X′ with ∂ₜn_s + ∂_k·Φ_s = -s X′, > 0 from the upper to the lower band"""

    name = "interband_exchange"

    def fits(self, evolution: Evolution) -> str | None:
        """Level `projected`."""
        if evolution.system.equation.level == "projected":
            return None
        return "only level 'projected' exchanges particles between the bands."

    def recorder(self, evolution: Evolution) -> Recorder:
        """interband_exchange(time, valley, *r)."""
        attributes = {
            "formula": self.formula(),
            "comment": "the circulation of a split-off equilibrium, which drops out, is left out",
        }
        title = "rate of the interband exchange"
        units = per_volume(evolution, time=True)
        row = Variable(self.name, ("valley", *places(evolution)), units, title, attributes)
        shape = (evolution.system.valleys, *evolution.mesh.sites)

        def measure() -> dict[str, Any]:
            exchange = rates(evolution).exchange.reshape(shape)
            return {self.name: exchange / evolution.phase_space}

        return Recorder((row,), measure)
