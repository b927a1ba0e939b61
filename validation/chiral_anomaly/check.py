"""Chiral anomaly of a Weyl node: ∂ₜρ = χ e·b/4π², whatever the rest.

Reference: S. L. Adler, Phys. Rev. 177, 2426 (1969); J. S. Bell, R. Jackiw, Nuovo Cimento A 60,
47 (1969); H. B. Nielsen, M. Ninomiya, Phys. Lett. B 130, 389 (1983). e = .002, b = .01:
5.06606e-7. A node of charge J pumps J times as much.

Tolerance. The flux of e·b B_k out of the grid is 4πχ e·b to rounding (link fluxes), and what
enters with f = (1, 0) is exactly that: 1e-10 leaves a million roundings. The evolved charge
differs by what the state at the cutoff differs from (1, 0): each cell of the outermost layers
adds at most e·S f/(2π)³, S the area of the cutoff. The sum over the faces is bounded by
(tail)·S/(2πb), but the excess is carried in through one face and out through the other and
enters only with the change it makes during the run, (e t/T)·(tail); with e t/T = .4 and S/(2πb)
of the thermal cap 2πTΛ/(2πb) = 10 the product is 4, and half of the cap leaves while half
enters. The check allows 1e-10 + 2 × tail. The tail is printed: max |f - (1, 0)| in the
outermost cells. In `projected` the filled sea itself changes at second order in F, and the tail
contains that.
"""

from __future__ import annotations

import numpy as np

from kinetic.errors import InputError
from kinetic.reporting import cutoff_tail
from kinetic.validating import Study, advance

TITLE = "chiral anomaly of Weyl nodes: ∂ₜρ = χ e·b/4π²"
SOURCE = "Adler; Bell, Jackiw 1969"
RATE = 0.002 * 0.01 / (4 * np.pi**2)
ANY = {"fields.E": [0.001, -0.0012, 0.0011], "fields.B": [0.006, 0.004, 0.008]}
ROWS = [[1.1, 0.1, 0.0], [0.0, 0.9, 0.2], [0.1, 0.0, 1.2]]


def size(cells: int, cutoff: float) -> dict[str, list[float]]:
    return {f"grid.{axis}": [-cutoff, cutoff, cells] for axis in ("kx", "ky", "kz")}


def variants(quick: bool) -> dict[str, tuple[dict, float]]:
    """Name → (changes of the run file, factor of the rate)."""
    found: dict[str, tuple[dict, float]] = {}
    for cells in (13, 21) if quick else (13, 21, 49):
        for sign in (1, -1):
            found[f"χ = {sign:+d}, {cells}³"] = (
                {**size(cells, 2.0), "hamiltonian.chirality": sign},
                sign,
            )
        found[f"level projected, {cells}³"] = (
            {**size(cells, 2.0), "equation.level": "projected"},
            1,
        )
        found[f"node off-centre, {cells}³"] = (
            {**size(cells, 2.3), "hamiltonian.centre": [0.21, -0.13, 0.07]},
            1,
        )
    any_way = np.dot(ANY["fields.E"], ANY["fields.B"]) / (0.002 * 0.01)
    found["any directions of e, b"] = ({**size(21, 2.5), **ANY}, any_way)
    found["e against b"] = ({"fields.E": [0.0, 0.0, -0.002]}, -1)
    found["e across b"] = ({"fields.E": [0.002, 0.0, 0.0]}, 0)
    tilted = {**size(21, 3.5), "hamiltonian.tilt": [0.0, 0.1, 0.3]}
    found["tilt (0, .1, .3)"] = (tilted, 1)
    found["tilt, any directions"] = ({**tilted, **ANY}, any_way)
    anisotropic = {**size(21, 2.5), "hamiltonian.velocity": ROWS}
    found["velocity tensor"] = (anisotropic, 1)
    found["velocity tensor, any directions"] = ({**anisotropic, **ANY}, any_way)
    mirrored = {**size(21, 2.5), "hamiltonian.velocity": [[-1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]}
    found["det v < 0"] = (mirrored, -1)
    for mu, temperature in ((0.0, 0.05), (-0.4, 0.05), (0.4, 0.02), (0.6, 0.03)):
        state = {"initial.chemical_potential": mu, "initial.temperature": temperature}
        found[f"μ = {mu:g}, T = {temperature:g}"] = (state, 1)
    for charge in (2, 3):
        node = {"name": "multi_weyl", "charge": charge}
        # The gap grows as k_⊥ᴶ: a cutoff at which k_⊥ᴶ and k_z both exceed μ + 27 T.
        found[f"charge J = {charge}, 31³"] = ({**size(31, 2.5), "hamiltonian": node}, charge)
    return found


def check(study: Study) -> None:
    for name, (changes, factor) in variants(study.quick).items():
        run = study.evolve("node.toml", changes)
        charge = sum(node.charge for node in run.flow.nodes)
        product = run.flow.e @ run.flow.b / (4 * np.pi**2)
        curvature = charge * product / RATE
        study.compare(f"node flux: {name}", curvature, factor, 1e-10, SOURCE)
        rate = run.charge_change() / 10.0 / RATE
        tail = cutoff_tail(run)
        tolerance = 1e-10 + 2.0 * tail
        study.compare(f"evolved: {name}, tail {tail:.0e}", rate, factor, tolerance, SOURCE)
    run = study.evolve("node.toml", size(13, 2.0))
    study.compare("χ = 1: rate", run.charge_change() / 10, 5.06606e-7, 5e-13, "closed form")
    refusals(study)
    if not study.quick:
        picture(study)


def refusals(study: Study) -> None:
    """Nodes on faces, edges and corners of the grid."""
    for name, axes in (
        ("a face", ("kx",)),
        ("an edge", ("kx", "ky")),
        ("a corner", ("kx", "ky", "kz")),
    ):
        refused = 0
        try:
            study.evolution("node.toml", {f"grid.{axis}": [-2.0, 2.0, 20] for axis in axes})
        except InputError as error:
            refused = int("19" in str(error) or "21" in str(error))
        study.compare(f"node on {name}: refused, odd count named", refused, 1, 0, "links")
    half = {f"grid.{axis}": [-np.pi, np.pi, 16] for axis in ("kx", "ky", "kz")}
    lattice = {"name": "weyl_lattice", "node_position": 1.3}
    run = study.evolution("node.toml", {**half, "hamiltonian": lattice})
    study.compare("periodic axes shifted by half a cell", len(run.system.notes), 2, 0, "links")
    charges = sorted(node.charge for node in run.flow.nodes)
    study.compare("charges after the shift", charges[1] - charges[0], 2, 0, "χ = ∓1")


def picture(study: Study) -> None:
    """f - f(0) on the plane ky = 0 through the node, at several times."""
    run = study.evolution("stress.toml")
    start = run.transport.occupation().copy()
    planes, times = [], (2.5, 5.0, 10.0)
    for time in times:
        advance(run, time)
        planes.append((run.transport.occupation() - start)[:, :, 24, :])
    rate = run.charge_change() / 10.0 / (25 * RATE)
    tail = cutoff_tail(run)
    # e t/T = 10 here: the whole cap is exchanged, the bound is 10 × tail.
    study.compare(f"stress set e = .05, tail {tail:.0e}", rate, 1.0, 1e-10 + 10 * tail, SOURCE)
    study.data.update(planes=planes, times=times, k=run.system.grid.momentum[0].centres)


def figure(study: Study):
    """The pumping of a node on the plane k_y = 0."""
    from kinetic.plotting import style

    if "planes" not in study.data:
        return None
    k, times = study.data["k"], study.data["times"]
    page = style.canvas(2 * style.COLUMN, 4.1)
    axes = page.subplots(2, 3, sharex=True, sharey=True)
    edges = np.concatenate([k - 0.5 * (k[1] - k[0]), [k[-1] + 0.5 * (k[1] - k[0])]])
    for column, (time, plane) in enumerate(zip(times, study.data["planes"], strict=True)):
        for row, band in enumerate((1, 0)):
            axis = axes[row, column]
            # k_x across, k_z (along e and b) upwards
            image = axis.pcolormesh(
                edges, edges, plane[band].T, cmap="PuOr_r", vmin=-1, vmax=1, rasterized=True
            )
            axis.plot(0, 0, ".", color=style.BLACK, markersize=3)
            axis.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
            if row == 0:
                axis.set_title(rf"$t = {time:g}$")
            else:
                axis.set_xlabel(r"$k_x$")
        axes[0, 0].set_ylabel("upper band\n" + r"$k_z$ ($\parallel e, b$)")
        axes[1, 0].set_ylabel("lower band\n" + r"$k_z$ ($\parallel e, b$)")
    page.colorbar(image, ax=axes, label=r"$f(t) - f(0)$", shrink=0.8)
    return page
