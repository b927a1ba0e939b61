"""What a system holds at an instant: densities, charges, what crossed its faces, its bounds."""

from __future__ import annotations

import numpy as np

from kinetic.applicability import Applicability
from kinetic.flow import Flow
from kinetic.grid import SPACE, Array
from kinetic.ledger import Ledger
from kinetic.mesh import Mesh
from kinetic.nodes import node_shares
from kinetic.system import System
from kinetic.transport import Transport

_FACES = ("lower", "upper")


class State:
    """Contents of the phase space of a system; `Evolution` moves them.

    In real space charges are numbers in the whole sample (per area or length of the directions
    that have no axis); in a homogeneous run they are numbers per volume.

    Attributes
    ----------
    transport
        The densities u_s and what advances them.
    ledger
        What has crossed the open faces and come from sources.
    handed
        What glued cells that have been released handed upward.  (node,)
    phase_space
        (2πħ)^d.
    filling
        1 where most of the lower band is full at the start, else 0.
    met
        How near the recorded states came to the end of the expansion.
    """

    system: System
    mesh: Mesh
    flow: Flow
    transport: Transport
    ledger: Ledger
    handed: Array
    phase_space: float
    initial_charge: float
    filling: float
    met: Applicability = Applicability()

    def densities_of_states(self) -> Array:
        """D_s of every cell (1 unless the level is dressed).  (valley·band, A, B, C)"""
        d = np.ones_like(self.transport.u)
        if self.system.equation.level == "dressed":
            d[0::2] -= 0.5 * self.transport.dressing
            d[1::2] += 0.5 * self.transport.dressing
        return d

    def densities(self) -> Array:
        """u_s of every cell with the bands of glued cells told apart by f.

        In glued cells only the sum of the bands is evolved; each holds half of it.
        """
        u = self.transport.u.copy()
        for valley, glue in enumerate(self.flow.glue):
            if len(glue.cells):
                pair = u[2 * valley : 2 * valley + 2].reshape(2, -1)
                pair[:, glue.cells] = pair[:, glue.cells].mean(axis=0)
        return u

    def charge(self) -> float:
        """Σ_s∫u over the grid, less a filled lower band if it starts full: small terms, exact."""
        u = self.transport.u
        rest = np.einsum("iabc,abc->", u[1::2], self.mesh.volumes)
        lower = float(np.sum((u[0::2] - self.filling) * self.mesh.volumes))
        return self.mesh.site_volume * (float(rest) + lower) / self.phase_space

    def charge_held(self) -> float:
        """Σ_s∫u over the grid, number per volume."""
        whole = self.flow.patches * float(self.mesh.volumes.sum()) / self.phase_space
        return self.charge() + self.filling * self.mesh.site_volume * whole

    def charge_change(self) -> float:
        """Change of the total charge since the start, number per volume."""
        return self.charge() - self.initial_charge

    def faces(self) -> list[tuple[str, int]]:
        """Names of the open faces and their place in `outflow`."""
        found = []
        for axis, slot in zip(self.system.grid.momentum, self.mesh.slots, strict=True):
            if not axis.periodic:
                found += [(f"{axis.name} {side}", 2 * slot + i) for i, side in enumerate(_FACES)]
        for axis in self.system.grid.space:
            if not axis.periodic:
                place = 6 + 2 * SPACE.index(axis.name)
                found += [(f"{axis.name} {side}", place + i) for i, side in enumerate(_FACES)]
        return found

    def boundary_outflow(self) -> Array:
        """What left through each open face since the start, number per volume.  (face,)"""
        places = [index for _, index in self.faces()]
        return self.ledger.outflow[places] / self.phase_space

    def faraday_inflow(self) -> float:
        """-∫dt Σ_s∫q_s f_s B_k·ḃ since the start, number per volume."""
        return self.ledger.faraday / self.phase_space

    def collision_inflow(self) -> float:
        """∫dt Σ_s∫D_s C[f]_s since the start, number per volume; 0 if charge is conserved."""
        return self.ledger.collisions / self.phase_space

    def valley_transfer(self) -> Array:
        """What collisions brought into each valley since the start, number per volume."""
        return self.ledger.transfer / self.phase_space

    def ledger_residual(self) -> tuple[float, float]:
        """Change of charge less inflow, and the charge or throughput it must be small to."""
        through = self.boundary_outflow()
        inflow = np.array([self.faraday_inflow(), self.collision_inflow()])
        residual = self.charge_change() + float(through.sum()) - float(inflow.sum())
        held = abs(self.charge_held())
        return residual, max(held, float(np.abs(through).sum()), float(np.abs(inflow).max()))

    def handed_upward(self, densities: Array) -> Array:
        """½Σ(u_- - u_+) of the glued cells of each node, their bands kept apart.  (node,)

        In a glued cell both bands hold the same f; the upper one has received what its own
        fluxes did not bring.
        """
        handed = np.zeros(len(self.flow.nodes))
        for valley, glue in enumerate(self.flow.glue):
            pair = densities[2 * valley : 2 * valley + 2].reshape(2, -1)[:, glue.cells]
            volumes = self.mesh.volumes.ravel()[glue.cells]
            np.add.at(handed, glue.nodes, 0.5 * (pair[0] - pair[1]) * volumes)
        return handed * self.mesh.site_volume / self.phase_space

    def node_exchange(self) -> Array:
        """Charge each node has handed from the lower to the upper band.  (node,)"""
        released = self.mesh.site_volume * self.handed / self.phase_space
        return released + self.handed_upward(self.transport.u)

    def near_nodes(self, density: Array) -> Array:
        """∫ of a density over the cells nearest to each node.  (valley, A, B, C) -> (node,)"""
        momenta = [axis.cells for axis in self.system.grid.momentum]
        content = (density * self.mesh.volumes).reshape(self.system.valleys, -1, *momenta)
        content = content.sum(axis=1)
        pairs = zip(self.flow.nodes, node_shares(self.flow.nodes, self.system.grid), strict=True)
        sums = [float(np.sum(share * content[n.valley])) for n, share in pairs]
        return self.mesh.site_volume * np.array(sums) / self.phase_space

    def node_regions(self) -> list[Array]:
        """Share of every cell in each node, the nearest of its valley.  (A, B, C) of each"""
        shares = node_shares(self.flow.nodes, self.system.grid)
        return [share.reshape(self.mesh.shape) for share in shares]

    def node_charges(self) -> Array:
        """Charge in the cells nearest to each node, less a filled lower band.  (node,)"""
        return self.near_nodes(self.transport.u[0::2] - 1.0 + self.transport.u[1::2])

    def bounds(self) -> tuple[float, float]:
        """Smallest and largest occupation f_s = u/D_s outside glued cells."""
        level = self.system.equation.level
        u = self.transport.u
        if level == "dressed":
            f = u / self.densities_of_states()
        elif level == "projected":
            f = u - np.repeat(0.25 * self.transport.dressing * (u[1::2] - u[0::2]), 2, axis=0)
        else:
            f = u
        outside = ~np.repeat(self.flow.glued, 2, axis=0)
        if not outside.any():
            return 0.0, 0.0
        return float(f[outside].min()), float(f[outside].max())
