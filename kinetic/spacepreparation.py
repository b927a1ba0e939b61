"""From an initial state in real space to arrays: averages over k cells at every site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kinetic.averages import box_averages
from kinetic.equation import Equation
from kinetic.grid import Array, Axis
from kinetic.initial import FromFile, Initial, Points, fermi
from kinetic.mesh import GHOSTS
from kinetic.preparation import inside_and_beyond
from kinetic.shores import Shore, Shores
from kinetic.spaceflow import SpaceFlow

_ORDERS = {1: 3, 2: 3, 3: 2}  # Gauss points per direction of a k cell, as in a homogeneous run
_POINTS = 500_000  # what is worked on together stays near the processor
State = Callable[[Points], Array]


def averages(flow: SpaceFlow, state: State, sites: Mapping[str, Array], ghosts: bool) -> Array:
    """Means of f over k cells at the given sites.  (valley, site, band, A, B, C)

    Parameters
    ----------
    flow
        The flow and its grid.
    state
        f_s at points.
    sites
        One-dimensional coordinate arrays of equal length by name.
    ghosts
        Whether open k axes get ghost cells.
    """
    lower, upper = [], []
    for axis in flow.mesh.grid.momentum:
        wide = ghosts and not axis.periodic
        edges = axis.extended_edges(GHOSTS) if wide else np.asarray(axis.edges)
        lower.append(edges[:-1])
        upper.append(edges[1:])
    count = len(next(iter(sites.values())))
    cells = int(np.prod([len(edge) for edge in lower]))
    block = max(1, _POINTS // cells)
    d = len(lower)
    out: Array | None = None
    for valley in range(flow.system.valleys):
        for start in range(0, count, block):
            part = slice(start, min(start + block, count))
            r = {name: x[part].reshape(-1, *[1] * d) for name, x in sites.items()}

            def occupation(k: Sequence[Array], r: dict[str, Array] = r, v: int = valley) -> Array:
                energy = flow.energies(v, k, r)
                potential = np.asarray(flow.fields.potential_at(r, flow.time))
                shape = np.broadcast_shapes(energy.shape[1:], *(x.shape for x in r.values()))
                energy = np.broadcast_to(energy, (2, *shape))
                return state(Points(k, energy, v, r, np.broadcast_to(potential, shape)))

            mean = np.moveaxis(box_averages(occupation, lower, upper, _ORDERS[d]), 0, 1)
            if out is None:
                out = np.empty((flow.system.valleys, count, *mean.shape[1:]))
            out[valley, part] = mean
    assert out is not None
    shape = [1, 1, 1]
    for slot, size in zip(flow.mesh.slots, out.shape[3:], strict=True):
        shape[slot] = size
    return out.reshape(*out.shape[:3], *shape)


def all_sites(space: Sequence[Axis]) -> dict[str, Array]:
    """Coordinates of the sites as flat arrays, by name."""
    grids = np.meshgrid(*(axis.centres for axis in space), indexing="ij")
    return {axis.name: x.ravel() for axis, x in zip(space, grids, strict=True)}


def end_sites(space: Sequence[Axis], place: int, side: int) -> dict[str, Array]:
    """Coordinates of the faces at one end of an axis, by name."""
    points = [axis.centres for axis in space]
    points[place] = np.array([space[place].edges[-side]])
    grids = np.meshgrid(*points, indexing="ij")
    return {axis.name: x.ravel() for axis, x in zip(space, grids, strict=True)}


def background(initial: Initial, flow: SpaceFlow) -> list[tuple[float, float]] | None:
    """(μ₀, T₀) of the global equilibrium of every valley, if the state has one."""
    r = flow.coordinates()
    potential = np.asarray(flow.fields.potential_at(r, flow.time))
    found = [initial.background(v, r, potential) for v in range(flow.system.valleys)]
    kept = [entry for entry in found if entry is not None]
    return kept if len(kept) == len(found) else None


def thermal(reservoirs: Sequence[tuple[float, float]]) -> State:
    """f_FD(ε̄_s + φ - μ) of every valley."""

    def state(points: Points) -> Array:
        return fermi(points.energy + points.potential, *reservoirs[points.valley])

    return state


def prepared_in_space(
    initial: Initial, flow: SpaceFlow, equation: Equation, state: State | None = None
) -> tuple[Array, dict[int, Array]]:
    """Averages of f at the start and the inflow of the open k faces, as `preparation.prepared`.

    `state` is prepared instead of the initial one if given.
    """
    mesh = flow.mesh
    if isinstance(initial, FromFile) and state is None:
        k = [axis.cells for axis in mesh.grid.momentum]
        values = initial.cells((flow.system.valleys, 2, *mesh.sites, *k))
        values = np.moveaxis(values, 1, 1 + len(mesh.sites)).reshape(-1, *mesh.shape)
        width = [(0, 0)] + [
            (0, 0) if mesh.periodic[slot] else (GHOSTS, GHOSTS) for slot in range(3)
        ]
        extended = np.pad(values, width, mode="edge")
    else:
        extended = averages(flow, state or initial.occupation, all_sites(flow.space), True)
        extended = extended.reshape(-1, *extended.shape[3:])
    filled = equation.inflow == "filled" and state is None
    return inside_and_beyond(extended, mesh, flow.glue, filled)


def shores(
    initial: Initial, flow: SpaceFlow, rest: Sequence[tuple[float, float]] | None
) -> Shores:
    """The open ends with what waits beyond them; `rest`: (μ₀, T₀) that are split off, or None."""
    found: dict[int, tuple[Shore, Shore]] = {}
    thermal_state = background(initial, flow)
    for place, axis in enumerate(flow.space):
        if axis.periodic:
            continue
        pair = []
        for side, end in enumerate(axis.sides):
            where = end_sites(flow.space, place, side)

            def at_end(state: State, where: dict[str, Array] = where, n: int = place) -> Array:
                values = averages(flow, state, where, False)
                outer = int(np.prod(flow.mesh.sites[:n], dtype=int))
                return values.reshape(values.shape[0], outer, -1, *values.shape[2:])

            taken: Array | float = 0.0 if rest is None else at_end(thermal(rest))
            waiting: Array | None = None
            equilibrium: Array | None = None
            if end.kind == "wall":
                equilibrium = None if thermal_state is None else at_end(thermal(thermal_state))
            elif end.kind == "reservoir":
                assert end.reservoir is not None
                waiting = at_end(thermal([end.reservoir] * flow.system.valleys)) - taken
            elif end.inflow == "empty":
                waiting = 0.0 * at_end(lambda points: np.zeros_like(points.energy)) - taken
            elif isinstance(initial, FromFile):
                waiting = at_end(lambda points: np.zeros_like(points.energy)) - taken
            else:
                waiting = at_end(initial.occupation) - taken
            pair.append(Shore(flow, place, side, waiting, equilibrium, taken))
        found[place] = (pair[0], pair[1])
    return Shores(found)
