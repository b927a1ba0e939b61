"""What an evolution says of itself: coordinates, sizes, validity figures, the closing table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic import bands
from kinetic.grid import Array
from kinetic.observables.anomaly import drive, node_fluxes, pumped
from kinetic.observables.base import momenta

if TYPE_CHECKING:
    from kinetic.evolution import Evolution
    from kinetic.nodes import Node

_SAMPLES = 100_000
Row = tuple[str, str]


def coordinates(evolution: Evolution) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
    """Coordinates of the result: name → (dimensions, values, attributes)."""
    valleys = evolution.system.hamiltonian.valleys()
    found: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]] = {
        "valley": (("valley",), [v.label for v in valleys], {"long_name": "valley"}),
        "valley_chirality": (
            ("valley",),
            [v.chirality or 0 for v in valleys],
            {"long_name": "sum of the node charges of a valley, 0 if none"},
        ),
        "band": (("band",), ["lower", "upper"], {"long_name": "band s = -, +"}),
        "component": (("component",), ["x", "y", "z"], {"long_name": "Cartesian component"}),
    }
    for axis in evolution.system.grid.momentum:
        about = {"units": "hbar/length", "long_name": f"momentum {axis.name}, cell centres"}
        found[axis.name] = ((axis.name,), axis.centres, about)
    faces = [name for name, _ in evolution.faces()]
    if faces:
        found["face"] = (("face",), faces, {"long_name": "open face of the momentum grid"})
    nodes = evolution.flow.nodes
    if nodes:
        found["node"] = (("node",), np.arange(len(nodes)), {"long_name": "gap closing"})
        columns: list[tuple[str, list[Any], str]] = [
            ("node_charge", [n.charge for n in nodes], "monopole charge ∮B_k·dS/4π"),
            ("node_valley", [n.valley for n in nodes], "index of the valley"),
        ]
        for name, values, title in columns:
            found[name] = (("node",), np.array(values), {"long_name": title})
        for i, axis in enumerate(evolution.system.grid.momentum):
            about = {"units": "hbar/length", "long_name": f"{axis.name} of the node"}
            found[f"node_{axis.name}"] = (("node",), [n.position[i] for n in nodes], about)
    return found


# --- kinetic show -------------------------------------------------------------------------------


def describe(evolution: Evolution) -> str:
    """Equation, grid, memory, steps, nodes and validity in words."""
    system, transport = evolution.system, evolution.transport
    cells = " × ".join(str(n) for n in system.grid.shape)
    shape = ", ".join(str(n) for n in (system.valleys, 2, *system.grid.shape))
    lines = [
        f"level {system.equation.level}, {system.hamiltonian.name}, ħ = {system.equation.hbar:g}",
        system.equation.show(),
        "",
        f"grid              {cells} cells",
    ]
    for axis in system.grid.momentum:
        width = f"{axis.widths.min():.4g}" + ("" if axis.uniform else f" to {axis.widths.max():.4g}")
        lines.append(
            f"  {axis.name}              [{axis.edges[0]:.6g}, {axis.edges[-1]:.6g}], "
            f"{axis.cells} cells of {width}, {axis.boundary}"
        )
    lines.append(f"state             (valley, band, *k) = ({shape}), {_bytes(transport.u.nbytes)}")
    lines += [f"{name:<18}{value}" for name, value in _memory(evolution)]
    limit = evolution.step_limit()
    tableau = evolution.stepping.tableau
    if np.isfinite(limit):
        lines.append(
            f"time step         {limit:.4g}, {evolution.stages} stages of order {tableau.order}"
        )
    stop = getattr(evolution, "stop", None)
    if stop is not None:
        span = stop - evolution.start
        moving = " at the present step" if evolution.flow.moves else ""
        steps = int(np.ceil(span / limit * (1.0 - 1e-12))) if np.isfinite(limit) else 1
        lines.append(f"steps             {max(1, steps)} to t = {stop:.6g}{moving}")
    lines += _nodes(evolution)
    lines += [f"note              {note}" for note in system.notes]
    figures = validity(evolution)
    lines += ["", *(f"{name:<40}  {value}" for name, value, _ in figures)]
    lines += [f"warning: {warning}" for _, _, warning in figures if warning]
    return "\n".join(lines)


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
        "initial state": [evolution.initial_density, transport.initial_occupation],
    }
    if transport.split:
        groups["equilibrium"] = [
            transport.equilibrium,
            transport.padded_equilibrium,
            transport.source,
        ]
    totals = {name: sum(a.nbytes for a in arrays) for name, arrays in groups.items()}
    totals["geometry"] = flow.bytes
    return [
        (name, f"{_bytes(total)}, {total / whole:.2f} of the state")
        for name, total in totals.items()
        if total
    ]


def _nodes(evolution: Evolution) -> list[str]:
    lines = []
    for index, node in enumerate(evolution.flow.nodes):
        glue = evolution.flow.glue[node.valley]
        glued = int(np.count_nonzero(glue.nodes == index))
        label = evolution.system.hamiltonian.valleys()[node.valley].label
        lines.append(
            f"node              {node.label} of {label}, charge {node.charge:+d}, "
            f"{glued} glued cell{'' if glued == 1 else 's'}"
        )
    return lines


# --- validity -----------------------------------------------------------------------------------


def validity(evolution: Evolution) -> list[tuple[str, str, str | None]]:
    """Figures by which the theory and the grid can be judged: (name, value, warning or None)."""
    figures = _density_figures(evolution) if evolution.system.equation.berry else []
    figures += _gap_figures(evolution)
    figures += _edge_figures(evolution)
    tail = cutoff_tail(evolution)
    if tail is not None:
        warning = None
        if tail > 1e-6 and evolution.system.initial.reservoir(0) is not None:
            warning = (
                f"the state reaches the cutoff with {tail:.2g}: charge and pumping rate are wrong "
                "by about that fraction; enlarge the grid."
            )
        figures.append(("thermal tail at the cutoff", f"{tail:.2e}", warning))
    if evolution.system.equation.limiter == "bounds":
        mended = evolution.mended
        warning = None
        if mended:
            warning = (
                f"0 ≤ f ≤ 1 could not be restored in {mended} cells: lower [time] courant or "
                "refine the grid."
            )
        figures.append(("cells that broke a bound for good", str(mended), warning))
    return figures


def _density_figures(evolution: Evolution) -> list[tuple[str, str, str | None]]:
    dressing = np.abs(evolution.transport.dressing)
    largest = float(dressing.max(initial=0.0))
    if largest == 0.0:
        return []
    f = evolution.transport.occupation()
    edge = np.maximum(f[0::2] * (1.0 - f[0::2]), f[1::2] * (1.0 - f[1::2]))
    varied = float(np.max(dressing * (edge > 0.05), initial=0.0))
    warning = None
    if varied > 0.25:
        warning = (
            f"|F| = ħ|b·B_k| reaches {varied:.2g} where the occupation varies: errors of order "
            "F² ; lower B or move the Fermi edge away from the gap closing."
        )
    return [
        ("max |F| outside the glue", f"{largest:.3g}", None),
        ("max |F| where the occupation varies", f"{varied:.3g}", warning),
        ("min D_s", f"{1.0 - 0.5 * largest:.3g}", None),
    ]


def _samples(evolution: Evolution) -> list[slice]:
    """Every how many cells of each axis, so that no more than 100 000 are looked at."""
    shape = evolution.system.grid.shape
    stride = 1
    while np.prod([-(-n // stride) for n in shape], dtype=float) > _SAMPLES:
        stride += 1
    return [slice((n - 1) % stride // 2, None, stride) for n in shape]


def _gap_figures(evolution: Evolution) -> list[tuple[str, str, str | None]]:
    """Fields against the gap, where the bands differ in occupation."""
    system, flow = evolution.system, evolution.flow
    e, b = system.fields.electric(evolution.time), flow.largest_b
    if not np.any(e) and flow.largest_e > 0.0:
        for t in np.linspace(evolution.start, evolution.start + 1.0, 33):
            e = e if np.any(e) else system.fields.electric(t)
    norm = float(np.linalg.norm(e))
    e = e * (flow.largest_e / norm) if norm else e
    hbar = system.equation.hbar
    if not (np.any(e) or b):
        return []
    places = _samples(evolution)
    centres = [axis.centres[s] for axis, s in zip(system.grid.momentum, places, strict=True)]
    k = np.meshgrid(*centres, indexing="ij", sparse=True)
    f = momenta(evolution, evolution.transport.occupation())
    turn = magnetic = tunnel = 0.0
    for valley, geometry in enumerate(flow.geometries):
        jet = geometry.jet(k, evolution.time)
        contrast = np.abs(f[(valley, 1, *places)] - f[(valley, 0, *places)])
        outside = ~flow.glued[valley].reshape(system.grid.shape)
        for node in flow.nodes:
            if node.valley == valley:
                outside[node.cell] = False
        contrast = contrast * outside[tuple(places)]
        gap = np.maximum(2.0 * bands.half_gap(jet), 1e-300)
        slope = np.linalg.norm(jet.vector_gradient, axis=1)
        steepest = 2.0 * np.max(slope, axis=0) / gap
        along = np.einsum("a,ac...->c...", e[: len(slope)], jet.vector_gradient)
        m = jet.vector / (0.5 * gap)
        across = along - m * np.einsum("c...,c...->...", m, along)
        turning = hbar * np.linalg.norm(across, axis=0) / (0.5 * gap**2)
        speed = hbar * np.linalg.norm(along, axis=0)
        with np.errstate(divide="ignore"):
            passed = np.exp(-np.pi * (0.5 * gap) ** 2 / np.maximum(speed, 1e-300))
        turn = max(turn, float(np.max(contrast * turning)))
        tunnel = max(tunnel, float(np.max(contrast * passed)))
        magnetic = max(magnetic, float(np.max(contrast * steepest * np.sqrt(hbar * b))))
    figures: list[tuple[str, str, str | None]] = []
    if np.any(e):
        warning = None
        if tunnel > 1e-2:
            warning = (
                f"Landau-Zener tunnelling of {tunnel:.2g} per passage is not in this theory: "
                "lower E or widen the gap."
            )
        figures += [
            ("max ħ|e·∂m|/Δ outside the glue", f"{turn:.3g}", None),
            ("max Landau-Zener exp(-π Δ²/4ħ|e·∂d|)", f"{tunnel:.3g}", warning),
        ]
    if b:
        warning = None
        if magnetic > 1.0:
            warning = (
                f"√(ħ|b|)|∂Δ|/Δ reaches {magnetic:.2g} where the bands differ in occupation: the "
                "gap is smaller than the Landau level spacing; lower B."
            )
        figures.append(("max √(ħ|b|)|∂Δ|/Δ outside the glue", f"{magnetic:.3g}", warning))
    return figures


def _edge_figures(evolution: Evolution) -> list[tuple[str, str, str | None]]:
    """How well the grid resolves a Fermi edge: T/(|v_j| h_j)."""
    system = evolution.system
    places = _samples(evolution)
    centres = [axis.centres[s] for axis, s in zip(system.grid.momentum, places, strict=True)]
    k = np.meshgrid(*centres, indexing="ij", sparse=True)
    worst = np.inf
    for valley, geometry in enumerate(evolution.flow.geometries):
        reservoir = system.initial.reservoir(valley)
        if reservoir is None:
            continue
        mu, temperature = reservoir
        jet = geometry.jet(k, evolution.start)
        with np.errstate(invalid="ignore", divide="ignore"):
            speeds = np.abs(np.nan_to_num(bands.velocities(jet), posinf=0.0, neginf=0.0))
        across = np.zeros((2, *jet.scalar.shape))
        for direction, (axis, place) in enumerate(zip(system.grid.momentum, places, strict=True)):
            shape = [1] * len(centres)
            shape[direction] = -1
            across = np.maximum(across, speeds[direction] * axis.widths[place].reshape(shape))
        distance = np.abs(bands.energies(jet) - mu)
        near = distance <= np.maximum(across, 2.0 * temperature)
        if np.any(near & (across > 0.0)):
            worst = min(worst, temperature / float(across[near].max()))
    if not np.isfinite(worst):
        return []
    warning = None
    if worst < 0.5:
        warning = (
            f"the Fermi edge is {worst:.2g} cells wide (T over velocity and cell width): momentum "
            "sums are rough; refine the grid or raise T above "
            "half a cell."
        )
    return [("cells per thermal width T/(v h)", f"{worst:.3g}", warning)]


def cutoff_tail(evolution: Evolution) -> float | None:
    """max |f_s - (1, 0)| in the cells along open faces; None where the sea is finite."""
    faces = evolution.faces()
    if evolution.system.bounded or not faces:
        return None
    f = evolution.transport.occupation()
    worst = 0.0
    for _, place in faces:
        ends = np.moveaxis(f, place // 2 + 1, 1)[:, -(place % 2)]
        worst = max(worst, float(np.max(1.0 - ends[0::2])), float(np.max(ends[1::2])))
    return worst


# --- closing table --------------------------------------------------------------------------------


def summary(evolution: Evolution) -> list[Row]:
    """Rows of the closing table: the anomaly beside its exact rate, then the charge ledger."""
    rows: list[Row] = []
    span = evolution.time - evolution.start
    nodes = [node for node in evolution.flow.nodes if node.charge]
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
    if evolution.flow.nodes and evolution.flow.largest_b > 0.0:
        exchange = ", ".join(f"{value:+.6e}" for value in evolution.node_exchange())
        rows.append(("node exchange (lower to upper)", exchange))
    low, high = evolution.bounds()
    rows.append(("occupation bounds", f"{low:.3g} … 1 {high - 1.0:+.2g}"))
    return rows


def _pumping(
    evolution: Evolution, nodes: list[Node], driven: float, span: float
) -> list[Row]:
    """Evolved and exact pumping rates of every charged node."""
    rows: list[Row] = []
    evolved = pumped(evolution) / span
    exact = node_fluxes(evolution) * driven / span
    for index, node in enumerate(evolution.flow.nodes):
        if not node.charge:
            continue
        where = "" if len(nodes) == 1 else f" at {node.label}"
        ratio = evolved[index] / exact[index] - 1.0
        rows += [
            (f"pumping rate{where} (evolved)", f"{evolved[index]:+.12e}"),
            (f"χ e·b/4π²ħ²{where} (exact)", f"{exact[index]:+.12e}"),
            ("relative deviation", f"{ratio:+.2e}"),
        ]
    tail = cutoff_tail(evolution)
    if tail is not None:
        rows.append(("thermal tail at the cutoff (bound)", f"{tail:.2e}"))
    elif nodes:
        rows.append(("tail at the dividing plane (bound)", f"{_divide_tail(evolution):.2e}"))
    return rows


def _divide_tail(evolution: Evolution) -> float:
    """Largest f_+ and 1 - f_- on cells that are about as near to one node as to another."""
    from kinetic.observables.densities import node_shares

    shares = node_shares(evolution)
    f = momenta(evolution, evolution.transport.occupation())
    worst = 0.0
    for node, share in zip(evolution.flow.nodes, shares, strict=True):
        border = (share > 0.0) & (share < 1.0)
        for axis in range(share.ndim):
            border |= (share > 0.5) & ((np.roll(share, 1, axis) < 0.5) | (np.roll(share, -1, axis) < 0.5))
        if border.any():
            lower, upper = f[node.valley, 0][border], f[node.valley, 1][border]
            worst = max(worst, float((1.0 - lower).max()), float(upper.max()))
    return worst


__all__ = ["coordinates", "cutoff_tail", "describe", "summary", "validity"]
