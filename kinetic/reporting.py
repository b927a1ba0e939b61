"""What an evolution says of itself: coordinates, sizes, the closing table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.grid import Array
from kinetic.nodes import node_shares
from kinetic.observables.anomaly import collided_apart, drive, pumped, reference
from kinetic.observables.base import described, momenta
from kinetic.observables.coherent import bounds, coherent
from kinetic.validity import cutoff_tail, validity

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.nodes import Node
    from kinetic.quantum.base import QuantumEvolution

Row = tuple[str, str]


def coordinates(evolution: Evolution) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
    """Coordinates of the result: name → (dimensions, values, attributes)."""
    valleys = evolution.system.hamiltonian.valleys()
    found: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]] = {
        "valley": (("valley",), [v.label for v in valleys], {"long_name": "valley"}),
        "valley_chirality": (
            ("valley",),
            [v.chirality or 0 for v in valleys],
            {"units": "1", "long_name": "sum of the node charges of a valley, 0 if none"},
        ),
        "band": (("band",), ["lower", "upper"], {"long_name": "band s = -, +"}),
        "component": (("component",), ["x", "y", "z"], {"long_name": "Cartesian component"}),
    }
    for axis in evolution.system.grid.axes:
        found[axis.name] = ((axis.name,), axis.centres, described(axis))
    if evolution.system.equation.coherent:
        return found
    faces = [name for name, _ in evolution.faces()]
    if faces:
        found["face"] = (("face",), faces, {"long_name": "open face of the grid"})
    nodes = evolution.flow.nodes
    if nodes:
        found["node"] = (("node",), np.arange(len(nodes)), {"long_name": "gap closing"})
        columns: list[tuple[str, list[Any], str]] = [
            ("node_charge", [n.charge for n in nodes], "monopole charge ∮B_k·dS/4π"),
            ("node_valley", [n.valley for n in nodes], "index of the valley"),
        ]
        for name, values, title in columns:
            found[name] = (("node",), np.array(values), {"units": "1", "long_name": title})
        for i, axis in enumerate(evolution.system.grid.momentum):
            about = {"units": "hbar/length", "long_name": f"{axis.name} of the node"}
            found[f"node_{axis.name}"] = (("node",), [n.position[i] for n in nodes], about)
    return found


# --- kinetic show -------------------------------------------------------------------------------


def describe(evolution: Evolution) -> str:
    """Equation, grid, memory, steps, nodes and validity in words."""
    quantum = coherent(evolution)
    lines = [*_setting(evolution), ""]
    lines += _grid(evolution)
    lines += _size(evolution) if quantum is None else _matrix(quantum)
    lines += _steps(evolution)
    lines += _nodes(evolution) if quantum is None else []
    lines += [f"note              {note}" for note in evolution.system.notes]
    figures = validity(evolution)
    lines += ["", *(f"{name:<40}  {value}" for name, value, _ in figures)]
    lines += [f"warning: {warning}" for _, _, warning in figures if warning]
    return "\n".join(lines).rstrip()


def _setting(evolution: Evolution) -> list[str]:
    """Level, model, ħ, the equation and its collisions."""
    system = evolution.system
    lines = [
        f"level {system.equation.level}, {system.hamiltonian.name}, ħ = {system.equation.hbar:g}",
        system.equation.show(bool(system.grid.space)),
    ]
    together = evolution.collisions if system.collisions else None
    operators = together.operators if together is not None else []
    for collision, operator in zip(system.collisions, operators, strict=True):
        kept = ", ".join(name.replace("_", " ") for name in collision.conserves) or "nothing"
        lines += [
            f"{collision.formula()}",
            f"    {collision.name}, rates up to {operator.fastest:.4g}, conserves {kept}",
        ]
    return lines


def _grid(evolution: Evolution) -> list[str]:
    grid = evolution.system.grid
    lines = [f"grid              {' × '.join(str(n) for n in grid.shape)} cells"]
    for axis in grid.axes:
        width = f"{axis.widths.min():.4g}"
        width += "" if axis.uniform else f" to {axis.widths.max():.4g}"
        lines.append(
            f"  {axis.name:<16}[{axis.edges[0]:.6g}, {axis.edges[-1]:.6g}], "
            f"{axis.cells} cells of {width}, {axis.beyond}"
        )
    return lines


def _size(evolution: Evolution) -> list[str]:
    """What the densities are and what they and their geometry take."""
    system = evolution.system
    lines = [_sites(evolution)] if system.grid.space else []
    shape = ", ".join(str(n) for n in (system.valleys, 2, *system.grid.shape))
    names = "(valley, band, *r, *k)" if system.grid.space else "(valley, band, *k)"
    size = _bytes(evolution.transport.u.nbytes)
    lines.append(f"state             {names} = ({shape}), {size}")
    return lines + [f"{name:<18}{value}" for name, value in _memory(evolution)]


def _matrix(evolution: QuantumEvolution) -> list[str]:
    """What the matrix Wigner function is and what it is moved by."""
    system = evolution.system
    shape = (system.valleys, 4, *system.grid.shape)
    names = "(valley, n_μ, *r, *k)" if system.grid.space else "(valley, n_μ, *k)"
    size = _bytes(8.0 * math.prod(shape))
    text = ", ".join(str(n) for n in shape)
    lines = [f"state             {names} = ({text}), {size}"]
    held: Mapping[str, int] = getattr(evolution, "held", dict)()
    for name, count in held.items():
        if name != "state" and count:
            whole = f"{count / held.get('state', count):.2f} of the state"
            lines.append(f"{name:<18}{_bytes(count)}, {whole}")
    parts = getattr(evolution, "parts", None)
    if parts is not None:
        lines.append(f"splitting         Ĥ = {' + '.join(part.label for part in parts.parts)}")
    lines.append(f"preparation       {system.equation.preparation}")
    return lines


def _steps(evolution: Evolution) -> list[str]:
    """The time step and how many of them."""
    limit = evolution.step_limit()
    lines = []
    if np.isfinite(limit):
        lines.append(f"time step         {limit:.4g}, {_made(evolution)}")
    stop = getattr(evolution, "stop", None)
    if stop is not None:
        span = stop - evolution.start
        moving = " at the present step" if _moves(evolution) else ""
        steps = int(np.ceil(span / limit * (1.0 - 1e-12))) if np.isfinite(limit) else 1
        lines.append(f"steps             {max(1, steps)} to t = {stop:.6g}{moving}")
    return lines


def _made(evolution: Evolution) -> str:
    """What a step is made of."""
    stepping, stages = evolution.stepping, evolution.stages
    if evolution.system.equation.coherent:
        flows = getattr(evolution, "composition", None)
        if flows is not None:
            return f"{stages} exact flows of order {flows.order}"
        return f"{stages} stage{'' if stages == 1 else 's'}"
    if stepping.composition is None:
        tableau = evolution.tableau
        solved = ", collisions solved for in each" if tableau.implicit else ""
        return f"{stages} stages of order {tableau.order}{solved}"
    reach = stepping.courant * stepping.composition.coefficient
    return f"{stages} shifts of order {stepping.order}, by at most {reach:.3g} cells"


def _moves(evolution: Evolution) -> bool:
    """Whether the step may change in the course of the run."""
    if evolution.system.equation.coherent:
        return evolution.stepping.step is None
    return bool(evolution.flow.moves)


def _sites(evolution: Evolution) -> str:
    """How many sites, what they hold, and what changes from one to another."""
    mesh, flow = evolution.mesh, evolution.flow
    names = sorted(evolution.system.hamiltonian.space_names)
    changes = [f"a texture in {', '.join(names)}"] if names else []
    if not flow.fields.potential_zero:
        changes.append("φ")
    if not flow.fields.magnetic_uniform:
        changes.append("b")
    varying = f", with {' and '.join(changes)}" if changes else ""
    count = 2 * evolution.system.valleys * mesh.volumes.size
    return f"sites             {mesh.site_count} with {count} cells each{varying}"


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000.0:
            return f"{count:.3g} {unit}"
        count /= 1000.0
    return f"{count:.3g} GB"


def _memory(evolution: Evolution) -> list[Row]:
    """Bytes of the arrays, also in units of the state."""
    transport, flow = evolution.transport, evolution.flow
    whole = transport.u.nbytes
    groups: dict[str, list[Array]] = {
        "evolving arrays": [transport.u, transport.base, transport.f],
        "densities D_s": [transport.dressing, transport.dressing_base],
        "equilibrium": [],
    }
    if transport.split:
        groups["equilibrium"] = [
            transport.padded_equilibrium,
            transport.source,
        ]
    if evolution.splitting is not None:
        groups["speeds of lines"] = evolution.splitting.arrays()
    totals = {name: sum(a.nbytes for a in arrays) for name, arrays in groups.items()}
    totals["geometry"] = sum(array.nbytes for array in flow.arrays())
    return [
        (name, f"{_bytes(total)}, {total / whole:.2f} of the state")
        for name, total in totals.items()
        if total
    ]


def _nodes(evolution: Evolution) -> list[str]:
    lines = []
    at_each = " at each site" if evolution.mesh.sites else ""
    for index, node in enumerate(evolution.flow.nodes):
        glue = evolution.flow.glue[node.valley * evolution.mesh.site_count]
        glued = int(np.count_nonzero(glue.nodes == index))
        label = evolution.system.hamiltonian.valleys()[node.valley].label
        lines.append(
            f"node              {node.label} of {label}, charge {node.charge:+d}, "
            f"{glued} glued cell{'' if glued == 1 else 's'}{at_each}"
        )
    return lines


# --- closing table ---------------------------------------------------------------------------


def summary(evolution: Evolution) -> list[Row]:
    """Rows of the closing table: the anomaly beside its exact rate, then the charge ledger.

    In real space these are numbers in the whole sample; where it has open ends what nodes pump is
    not told from what comes and goes.
    """
    quantum = coherent(evolution)
    if quantum is not None:
        return _coherent_summary(quantum)
    rows: list[Row] = []
    span = evolution.time - evolution.start
    closed = all(axis.periodic for axis in evolution.system.grid.space)
    nodes = [node for node in evolution.flow.nodes if node.charge and closed]
    driven = drive(evolution, evolution.start, evolution.time) if nodes else 0.0
    if span > 0.0 and driven != 0.0:
        rows += _pumping(evolution, nodes, driven, span)
    residual, scale = evolution.ledger_residual()
    rows.append(("charge-ledger residual", f"{residual:+.2e} of {scale:.3e} held or passed"))
    rows.append(("change of the charge", f"{evolution.charge_change():+.6e}"))
    outflow = evolution.boundary_outflow()
    if len(outflow):
        rows.append(("boundary outflow", f"{outflow.sum():+.6e}"))
    if evolution.flow.b_moves:
        rows.append(("Faraday inflow", f"{evolution.faraday_inflow():+.6e}"))
    if evolution.collisions:
        rows.append(("collision inflow", f"{evolution.collision_inflow():+.6e}"))
    if evolution.flow.nodes and evolution.flow.largest_b > 0.0:
        exchange = ", ".join(f"{value:+.6e}" for value in evolution.node_exchange())
        rows.append(("node exchange (lower to upper)", exchange))
    rows.append(_bounds(*evolution.bounds()))
    return rows


def _bounds(low: float, high: float) -> Row:
    top = f"1 {high - 1.0:+.1e}" if abs(high - 1.0) < 1e-3 else f"{high:.6g}"
    return "occupation bounds", f"{low:.1e} to {top}"


def _coherent_summary(evolution: QuantumEvolution) -> list[Row]:
    """What unitary motion keeps, and what absorbing layers took."""
    rows = [("change of the charge", f"{evolution.charge_change():+.6e}")]
    if any(not axis.periodic for axis in evolution.system.grid.space):
        rows.append(("absorbed at the ends", f"{evolution.absorbed:+.6e}"))
    system = evolution.system
    energy, purity = evolution.energy(), evolution.purity()
    moved = evolution.drives.fields_move or system.hamiltonian.time_dependent
    force = not evolution.fields.drive_zero
    title = "work done on the system" if moved or force else "change of the energy"
    rows.append((title, f"{energy - evolution.initial_energy:+.6e}"))
    rows.append(("purity", f"{purity:.9g}, {purity - evolution.initial_purity:+.1e} since start"))
    rows.append(_bounds(*bounds(evolution)))
    return rows


def _pumping(evolution: Evolution, nodes: list[Node], driven: float, span: float) -> list[Row]:
    """Evolved and exact pumping rates of every charged node."""
    rows: list[Row] = []
    evolved = pumped(evolution) / span
    exact = reference(evolution, span)
    term = " + Faraday" if evolution.flow.b_moves and len(evolution.flow.nodes) == 1 else ""
    known = not (evolution.flow.texture_moves or (evolution.flow.b_moves and not term))
    doubt = "exact" if known else "node at rest, static b"
    if evolution.collisions is not None and collided_apart(evolution):
        term = f" + collisions{term}"
    elif evolution.collisions is not None:
        known, doubt = False, "without collisions"
    for index, node in enumerate(evolution.flow.nodes):
        if not node.charge:
            continue
        where = "" if len(nodes) == 1 else f" at {node.label}"
        ratio = evolved[index] / exact[index] - 1.0
        rows += [
            (f"pumping rate{where} (evolved)", f"{evolved[index]:+.12e}"),
            (
                f"χ e·b/4π²ħ²{term}{where} ({doubt})",
                f"{exact[index]:+.12e}",
            ),
        ]
        if known:
            rows.append(("relative deviation", f"{ratio:+.2e}"))
    tail = cutoff_tail(evolution)
    if tail is not None:
        rows.append(("thermal tail at the cutoff (bound)", f"{tail:.2e}"))
    else:
        rows.append(("tail at the dividing plane (bound)", f"{_divide_tail(evolution):.2e}"))
    rounding = 2.0**-52 * evolution.ledger_residual()[1] / float(np.abs(exact).max() * span)
    rows.append(("rounding of the charge over what was pumped", f"{rounding:.2e}"))
    return rows


def _divide_tail(evolution: Evolution) -> float:
    """Largest f_+ and 1 - f_- on cells that are about as near to one node as to another."""
    shares = node_shares(evolution.flow.nodes, evolution.system.grid)
    f = momenta(evolution, evolution.transport.occupation())
    worst = 0.0
    for node, share in zip(evolution.flow.nodes, shares, strict=True):
        border = (share > 0.0) & (share < 1.0)
        for axis in range(share.ndim):
            rivals = np.minimum(np.roll(share, 1, axis), np.roll(share, -1, axis))
            border |= (share > 0.5) & (rivals < 0.5)
        if border.any():
            lower, upper = f[node.valley, 0][..., border], f[node.valley, 1][..., border]
            worst = max(worst, float((1.0 - lower).max()), float(upper.max()))
    return worst


__all__ = ["coordinates", "describe", "summary", "validity"]
