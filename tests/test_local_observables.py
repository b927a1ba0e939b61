"""Observables in real space against closed forms, the homogeneous ones, and the flow itself."""

import numpy as np
import pytest
from scipy.integrate import dblquad

from kinetic import judgement, reporting
from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Grid
from kinetic.hamiltonians import ExpressionModel, MassiveDirac, QiWuZhang, Weyl
from kinetic.initial import FermiDirac, Formula, WavePacket
from kinetic.mesh import Mesh
from kinetic.observables import (
    BandDensity,
    BerryMap,
    ContinuityResidual,
    Current,
    Density,
    Energy,
    EnergyCurrent,
    Hall,
    MomentumOutflow,
    Observable,
    Particles,
    PumpingRate,
    Standard,
    Streda,
)
from kinetic.observables.base import momenta, times_length
from kinetic.observables.currents import sums_of
from kinetic.observables.snapshots import snapshot_recorder
from kinetic.observables.weights import product_rule
from kinetic.registry import known
from kinetic.sites import derivative, inside
from kinetic.system import System
from kinetic.validity import validity

PI = np.pi
ZONE = {"kx": [-PI, PI, 10], "ky": [-PI, PI, 10]}
RING = [0.0, 2 * PI, 12]
FIELDS = {"phi": "0.3*cos(x) + 0.2*sin(y)", "B": 0.1}
TEXTURE = ExpressionModel(
    d=["0.4*sin(kx) + 0.2*cos(x)", "0.5*sin(ky) + 0.3*sin(x + y)", "1.5 + 0.3*cos(kx + x)"],
    d0="0.2*sin(kx) + 0.1*cos(x)",
    bounded=True,
)
RIDGE = ExpressionModel(
    d=["0.4*sin(kx) + 0.2*cos(x)", "0.5*sin(ky) + 0.3*sin(x)", "1.5 + 0.3*cos(kx + x + ky)"],
    d0="0.2*sin(kx) + 0.1*cos(x)",
    bounded=True,
)


def evolution(
    hamiltonian, grid, initial=None, fields=None, level="dressed", stop=None, **numerics
):
    system = System(
        grid=Grid.from_table(grid),
        hamiltonian=hamiltonian,
        initial=initial or FermiDirac(0.4, 0.3),
        fields=Fields(**(fields or {})),
        equation=Equation(level=level, threads=1, **numerics),
    )
    return Evolution(system, stop=stop)


def opened(lower, upper, cells):
    return {"lower": lower, "upper": upper, "cells": cells, "boundary": "open"}


def measure(observable, state):
    return observable.build(state).measure()


# --- the same as in a homogeneous system where nothing depends on r ----------------------------


@pytest.mark.parametrize("level", ["dressed", "projected", "boltzmann"])
def test_uniform_sites_have_the_homogeneous_values(level):
    """Catches weights, seas and units that differ between the two kinds of runs."""
    k = {"kx": [-2, 2, 11], "ky": [-2, 2, 13], "kz": [-2, 2, 11]}
    b = [0.01, 0.02, 0.03]
    fields = {"E": [0.002, 0.0, 0.001], "B": b}
    start = FermiDirac(0.4, 0.2)
    alone = evolution(Weyl(), k, start, fields, level)
    sites = evolution(Weyl(), {"x": [0, 3.0, 6], **k}, start, fields, level)
    for observable in (Density(), BandDensity(), Energy(), Current(), EnergyCurrent()):
        here, there = observable.build(alone), observable.build(sites)
        one, other = here.measure(), there.measure()
        assert set(one) == set(other) - {"current_magnetisation"}
        for row in here.variables:
            expected = np.asarray(one[row.name])
            found = other[row.name]
            assert found.shape == (*expected.shape, 6)
            spread = np.repeat(expected[..., None], 6, axis=-1)
            scale = np.abs(expected).max()
            assert found == pytest.approx(spread, rel=1e-12, abs=1e-14 * scale + 1e-18), row.name
        titles = {row.name: row for row in there.variables}
        for row in here.variables:
            assert titles[row.name].units == row.units
            sea = row.attributes.get("sea", 0.0)
            assert titles[row.name].attributes.get("sea", 0.0) == pytest.approx(sea, abs=1e-15)


def test_responses_are_local():
    """σ_xy of a filled Chern band at every site; a texture has none."""
    state = evolution(QiWuZhang(mass=1.0), {"x": RING, **ZONE}, Formula("1", "0"))
    assert measure(Hall(), state)["hall"] * 2 * PI == pytest.approx(np.ones((1, 12)), abs=1e-12)
    streda = measure(Streda(), state)["streda"]
    assert streda.shape == (3, 12)
    assert streda[2] * 2 * PI == pytest.approx(np.ones(12), abs=1e-12)
    with pytest.raises(InputError, match="use 'current'"):
        Hall().build(evolution(RIDGE, {"x": RING, **ZONE}))


# --- closed forms -------------------------------------------------------------------------------


def test_packet_carries_its_density_with_its_velocity():
    """j = k₀ρ, j_ε = ½(k₀³ + 3k₀κ²)ρ + φj for a Gaussian packet in a parabolic band."""
    model = ExpressionModel(d=["0", "0", "50"], d0="-50 + 0.5*kx**2", bounded=False)
    start = WavePacket([2.5], momentum=[0.6], width=0.6, momentum_width=0.3, amplitude=0.5)
    grid = {"x": [0, 6.0, 24], "kx": [-2.0, 3.2, 104]}
    state = evolution(model, grid, start, {"phi": "0.1*cos(pi*x/3)"}, "boltzmann")
    x = state.system.grid.space[0].centres
    rho = 0.5 * np.exp(-((x - 2.5) ** 2) / (2 * 0.6**2)) * 0.3 / np.sqrt(2 * PI)
    density = measure(Density(), state)["density"]
    assert density == pytest.approx(rho, abs=1e-9)
    assert measure(Current(), state)["current"][0] == pytest.approx(0.6 * rho, abs=1e-9)
    phi = 0.1 * np.cos(PI * x / 3)
    energy = (0.6**2 + 0.3**2) / 2 + phi
    assert measure(Energy(), state)["energy"] == pytest.approx(energy * rho, abs=1e-8)
    flow = ((0.6**3 + 3 * 0.6 * 0.3**2) / 2 + 0.6 * phi) * rho
    assert measure(EnergyCurrent(), state)["energy_current"][0] == pytest.approx(flow, abs=1e-6)


def test_filled_chern_band_conducts_the_hall_current_of_the_local_force():
    """j_y = -e_x/2π, also along a direction without an axis; nothing flows along e."""
    fields = {"phi": "0.3*cos(x)"}
    state = evolution(QiWuZhang(mass=1.0), {"x": RING, **ZONE}, Formula("1", "0"), fields)
    axis = state.system.grid.space[0]
    force = -derivative(0.3 * np.cos(axis.centres), axis, 0)
    current = measure(Current(), state)["current_anomalous"]
    assert current[1] == pytest.approx(-force / (2 * PI), abs=1e-14)
    assert np.abs(current[[0, 2]]).max() < 1e-15


@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_curl_of_the_magnetisation(boundary):
    """(∇×M)_y = -∂_xM_z with M_z = n(x) ∫d²k/(2π)² m/2(k² + m²)."""
    wide = {"lower": 0, "upper": 2 * PI, "cells": 32, "boundary": boundary}
    start = Formula("0.3 + 0.15*cos(x)", "0")
    grid = {"x": wide, "kx": [-1, 1, 16], "ky": [-1, 1, 16]}
    state = evolution(MassiveDirac(mass=0.5), grid, start)
    x = state.system.grid.space[0].centres
    area = dblquad(lambda p, q: 0.25 / (p * p + q * q + 0.25), -1, 1, -1, 1)[0]
    expected = 0.15 * np.sin(x) * area / (4 * PI**2)
    found = measure(Current(), state)["current_magnetisation"]
    tolerance = 1e-5 if boundary == "periodic" else 3e-3
    assert found[1] == pytest.approx(expected, abs=tolerance * np.abs(expected).max())
    assert np.abs(found[[0, 2]]).max() < 1e-15


def test_equilibrium_current_is_solenoidal():
    """In f(ε̄ + φ - μ) what flows is a circulation: group velocity alone gives nothing."""
    worst = []
    for sites in (12, 24):
        grid = {"x": [0, 2 * PI, sites], "y": [0, 2 * PI, sites], **ZONE}
        state = evolution(QiWuZhang(mass=1.0), grid, None, {"phi": "0.3*cos(x) + 0.2*sin(y)"})
        parts = measure(Current(), state)
        assert np.abs(parts["current_anomalous"]).max() > 1e-2
        axes = state.system.grid.space
        for name in ("current", "current_magnetisation"):
            flow = parts[name]
            sink = derivative(flow[0], axes[0], 0) + derivative(flow[1], axes[1], 1)
            worst.append(float(np.abs(sink).max()))
        assert np.abs(parts["current_group"]).max() < 1e-12
        assert np.abs(parts["current_anomalous"].mean(axis=(1, 2))).max() < 1e-14
    assert max(worst[1::2]) < 1e-15  # the curl has no sources on the grid
    assert worst[2] < worst[0] / 40  # sixth order in the sites
    assert worst[0] < 5e-5


# --- the same velocities as the flow ------------------------------------------------------------


def by_the_flow(state, n):
    """Σ_s∫ f_s W^{x_n} of the velocities that the scheme streams with."""
    flow, mesh = state.flow, state.mesh
    axis, count = flow.space[n], len(mesh.sites)
    k = [a.cells for a in mesh.grid.momentum]
    speed = inside(flow.spread(flow.along[n], n), axis, n + 1)
    speed = np.moveaxis(speed.reshape(-1, *mesh.sites, 2, *k), 1 + count, 1)
    content = product_rule(mesh, momenta(state, state.transport.occupation()))
    order = range(2, 2 + count)
    carried = np.moveaxis(content * speed, order, range(count))
    return carried.reshape(*mesh.sites, -1).sum(axis=-1) / state.phase_space


def transported(state):
    parts = sums_of(state, occupied=True).present()
    return sum(value for name, value in parts.items() if name != "magnetisation")


@pytest.mark.parametrize("level", ["dressed", "projected", "boltzmann"])
@pytest.mark.parametrize("end", ["periodic", "open"])
def test_contributions_add_up_to_the_flow_of_a_texture(level, end):
    grid = {"x": RING, "y": {"lower": 0, "upper": 2 * PI, "cells": 8, "boundary": end}, **ZONE}
    start = Formula("0.5 + 0.3*cos(x + kx)", "0.3 - 0.2*sin(kx - ky)")
    state = evolution(TEXTURE, grid, start, {**FIELDS, "E": [0.0, 0.05]}, level)
    total = transported(state)
    for n in range(2):
        expected = by_the_flow(state, n)
        assert np.abs(expected).max() > 5e-4
        assert total[n] == pytest.approx(expected, abs=1e-16)


def test_contributions_add_up_to_the_flow_of_a_moving_texture():
    model = ExpressionModel(
        d=["0.4*sin(kx) + 0.2*cos(x)", "0.3*sin(x) + 0.2*cos(t)", "1.5 + 0.3*cos(kx + x)"],
        bounded=True,
    )
    state = evolution(model, {"x": RING, "kx": [-PI, PI, 12]}, None, stop=1.0)
    state.advance(0.3)
    assert measure(Current(), state)["current_texture"][0].max() > 1e-6
    assert transported(state)[0] == pytest.approx(by_the_flow(state, 0), abs=1e-16)


@pytest.mark.parametrize("b", [0.1, "0.3*cos(x)"])
def test_contributions_add_up_to_the_flow_without_a_texture(b):
    """Fourth order apart: the flow has corner energies, the sums exact Berry fluxes."""
    apart = []
    for cells in (10, 20):
        grid = {"x": RING, "y": RING, "kx": [-PI, PI, cells], "ky": [-PI, PI, cells]}
        state = evolution(QiWuZhang(mass=1.0), grid, None, {**FIELDS, "B": b})
        total = transported(state)
        apart.append(max(np.abs(total[n] - by_the_flow(state, n)).max() for n in range(2)))
    assert apart[1] < max(1e-15, apart[0] / 14)
    assert apart[1] < 1e-5


@pytest.mark.parametrize("level", ["dressed", "projected"])
def test_a_direction_without_an_axis_carries_the_same_current(level):
    """The current along y of a texture in x alone, from grids without and with y."""
    fields = {"phi": "0.3*cos(x)", "B": 0.1}
    one = evolution(RIDGE, {"x": RING, **ZONE}, None, fields, level)
    two = evolution(RIDGE, {"x": RING, "y": [0, 1.0, 6], **ZONE}, None, fields, level)
    line, sheet = measure(Current(), one), measure(Current(), two)
    assert np.abs(line["current_mixed"][1]).max() > 1e-6
    for name, value in line.items():
        assert sheet[name] == pytest.approx(np.repeat(value[..., None], 6, axis=-1), abs=1e-15)


@pytest.mark.parametrize("model", [RIDGE, QiWuZhang(mass=1.0)])
def test_columns_agree_to_first_order(model):
    """Totals in terms of n_s and of f_s differ by O(ħ²) at the same occupation."""
    apart, fine = [], {"kx": [-PI, PI, 20], "ky": [-PI, PI, 20]}
    for hbar in (0.1, 0.05):
        fields = {"phi": "0.3*cos(x)", "B": "0.3*cos(x)"}
        start = Formula("0.5 + 0.3*cos(x + kx)", "0.3 - 0.2*sin(kx - ky)")
        found = [
            evolution(model, {"x": RING, **fine}, start, fields, level, hbar=hbar)
            for level in ("dressed", "projected")
        ]
        totals = [measure(Current(), state) for state in found]
        assert "current_density_of_states" in totals[1]
        scale = (2 * PI * hbar) ** 2
        apart.append(scale * np.abs(totals[0]["current"] - totals[1]["current"]).max())
    assert apart[0] > 1e-9
    assert apart[0] > 3.8 * apart[1]


# --- continuity --------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["dressed", "projected"])
@pytest.mark.parametrize("scheme", ["mp5", "linear5"])
def test_continuity_closes_to_rounding(level, scheme):
    start = Formula("0.5 + 0.3*cos(x + kx)", "0.3 - 0.2*sin(kx - ky)")
    grid = {"x": RING, "y": opened(0, 2 * PI, 8), **ZONE}
    state = evolution(TEXTURE, grid, start, FIELDS, level, scheme=scheme, limiter="none")
    state.advance(0.05)
    values = measure(ContinuityResidual(), state)
    assert values["continuity_scale"] > 1e-2
    assert values["continuity_residual"] < 1e-15 * values["continuity_scale"]


@pytest.mark.parametrize("b", [0.1, "0.1 + 0.2*t"])
def test_continuity_counts_what_leaves_through_momentum_faces(b, monkeypatch):
    grid = {"x": RING, "kx": [-1, 1, 9], "ky": [-1, 1, 9]}
    start = Formula("0.5 + 0.3*cos(x + kx)", "0.3 - 0.2*sin(kx - ky)")
    fields = {"phi": "0.3*cos(x)", "B": b}
    state = evolution(MassiveDirac(mass=0.5), grid, start, fields, stop=1.0)
    state.advance(0.05)
    leak = measure(MomentumOutflow(), state)["momentum_outflow"]
    assert np.abs(leak).max() > 1e-4
    closed = measure(ContinuityResidual(), state)
    assert closed["continuity_residual"] < 1e-15 * closed["continuity_scale"]
    monkeypatch.setattr(
        "kinetic.observables.continuity._per_site", lambda e, v: np.zeros(e.mesh.sites)
    )
    missed = measure(ContinuityResidual(), state)["continuity_residual"]
    assert missed > 0.5 * np.abs(leak).max()


def test_particles_change_by_what_crosses_the_ends():
    model = ExpressionModel(d=["0", "0", "5"], d0="-5 + 0.5*kx**2", bounded=False)
    start = WavePacket([4.5], momentum=[1.5], width=0.6, momentum_width=0.3, amplitude=0.5)
    grid = {"x": opened(0, 6, 24), "kx": [-1.5, 3.5, 32]}
    state = evolution(model, grid, start, None, "boltzmann")
    recorder = Standard().build(state)
    before = recorder.measure()
    while state.time < 1.0:
        state.advance(1.0)
    after = recorder.measure()
    gone = before["particles"] - after["particles"]
    assert gone > 0.1 * before["particles"]
    assert gone == pytest.approx(after["boundary_outflow"].sum(), rel=1e-12)
    assert after["density"].sum() * 0.25 == pytest.approx(after["particles"], rel=1e-13)
    faces = dict(state.faces())
    assert list(faces) == ["kx lower", "kx upper", "x lower", "x upper"]
    assert after["boundary_outflow"][3] == pytest.approx(gone, rel=1e-3)
    assert {row.name: row.units for row in recorder.variables}["particles"] == "1"


def test_pumping_at_every_site_adds_up():
    """χ∫e·b/4π² in the whole sample; open ends are told from what a node pumps."""
    k = {"kx": [-2, 2, 13], "ky": [-2, 2, 13], "kz": [-2, 2, 13]}
    fields = {"E": [0, 0, 0.002], "B": [0, 0, 0.01]}
    state = evolution(Weyl(), {"x": [0, 3.0, 6], **k}, FermiDirac(0.4, 0.05), fields)
    values = measure(PumpingRate(), state)
    exact = 3.0 * 2e-5 / (4 * PI**2)
    assert values["pumping_reference"] == pytest.approx([exact], rel=1e-12)
    assert values["pumping_rate"] == pytest.approx([exact], rel=1e-9)
    ends = evolution(Weyl(), {"x": opened(0, 3, 6), **k}, FermiDirac(0.4, 0.05), fields)
    with pytest.raises(InputError, match="ends of x"):
        PumpingRate().build(ends)


# --- maps, cuts, snapshots ----------------------------------------------------------------------


def unit(x, y, p, q):
    d = np.array(
        [
            0.4 * np.sin(p) + 0.2 * np.cos(x),
            0.5 * np.sin(q) + 0.3 * np.sin(x + y),
            1.5 + 0.3 * np.cos(p + x),
        ]
    )
    return d / np.linalg.norm(d)


def test_berry_map_is_the_curvature_of_the_direction():
    """Against solid angles by finite differences of m = d/|d|."""
    state = evolution(TEXTURE, {"x": RING, "y": RING, **ZONE})
    recorder = BerryMap(k=[0.7, -0.4]).build(state)
    assert not recorder.variables
    assert not recorder.measure()
    x, y = (axis.centres[3] for axis in state.system.grid.space)
    point, step = np.array([x, y, 0.7, -0.4]), 1e-4
    names = ("x", "y", "kx", "ky")
    m = unit(*point)
    slopes = [
        (unit(*(point + step * e)) - unit(*(point - step * e))) / (2 * step) for e in np.eye(4)
    ]
    for i, one in enumerate(names):
        for j in range(i + 1, 4):
            joined = "xy" if j == 1 else f"{one}_{names[j]}"
            dims, values, about = recorder.coordinates[f"curvature_{joined}"]
            assert dims == ("x", "y")
            expected = m @ np.cross(slopes[i], slopes[j])
            assert values[3, 3] == pytest.approx(expected, abs=1e-7), joined
            assert about["units"]
    largest = recorder.coordinates["largest_field"][1]
    assert largest.max() == pytest.approx(np.abs(state.transport.dressing).max())
    with pytest.raises(InputError, match="one for each of kx, ky"):
        BerryMap(k=[0.1, 0.2, 0.3]).build(state)
    with pytest.raises(InputError, match="the same everywhere"):
        BerryMap().build(evolution(QiWuZhang(mass=1.0), {"x": RING, **ZONE}))


def test_cuts_and_integrals():
    state = evolution(TEXTURE, {"x": RING, "y": opened(0, 4, 8), **ZONE}, None, FIELDS)
    full = measure(Current(), state)["current"]
    density = measure(Density(), state)["density"]
    cut = Density(along="x", at={"y": 1.2}).build(state)
    assert cut.measure()["density_along_x"] == pytest.approx(density[:, 2], abs=0)
    assert cut.variables[0].dims == ("x",)
    assert cut.variables[0].attributes["y"] == pytest.approx(1.25)
    assert measure(Density(along="y"), state)["density_along_y"] == pytest.approx(density[6])
    summed = Current(integrate=["y"]).build(state)
    assert summed.measure()["current_over_y"] == pytest.approx(0.5 * full.sum(axis=2))
    assert summed.variables[0].units == "1/time"
    both = Current(at={"x": 0.1}, integrate="y").build(state).measure()
    assert both["current_at_x_over_y"] == pytest.approx(0.5 * full[:, 0].sum(axis=1))
    assert measure(Particles(), state)["particles"] == pytest.approx(
        measure(Density(integrate=["x", "y"]), state)["density_over_x_over_y"]
    )


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"along": "z"}, "along"),
        ({"at": {"y": 9.0}}, "between 0 and 4"),
        ({"at": {"kx": 0.0}}, "at"),
        ({"at": {"x": 0.0}, "integrate": ["x"]}, "choose"),
        ({"along": "x", "at": {"x": 0.0}}, "choose"),
    ],
)
def test_bad_cuts_are_refused(keys, match):
    state = evolution(TEXTURE, {"x": RING, "y": opened(0, 4, 8), **ZONE})
    with pytest.raises(InputError, match=match):
        Density(**keys).build(state)


def test_cuts_need_axes_in_real_space():
    with pytest.raises(InputError, match="this one has none"):
        Density(along="x").build(evolution(QiWuZhang(mass=1.0), ZONE))
    with pytest.raises(InputError, match="must be a table"):
        Density(at=0.3)
    with pytest.raises(InputError, match="name one axis"):
        Density(along=1)


@pytest.mark.parametrize(
    ("units", "once", "twice"),
    [
        ("1/length^2", "1/length", "1"),
        ("energy/(length^2 time)", "energy/(length time)", "energy/time"),
        ("1/time", "length/time", "length^2/time"),
    ],
)
def test_units_of_integrals(units, once, twice):
    assert (times_length(units, 1), times_length(units, 2)) == (once, twice)


def test_snapshots_have_places():
    state = evolution(TEXTURE, {"x": RING, "y": opened(0, 4, 8), **ZONE})
    f = momenta(state, state.transport.occupation())
    whole = snapshot_recorder(state, {"variables": ["occupation"]})
    assert whole.variables[0].dims == ("valley", "band", "x", "y", "kx", "ky")
    assert whole.measure()["occupation"] == pytest.approx(f, abs=0)
    table = {"select": {"y": 1.2, "ky": 0.1, "band": "upper"}, "stride": {"x": 2}}
    part = snapshot_recorder(state, table)
    assert part.variables[0].dims == ("valley", "snapshot_x", "kx")
    assert part.measure()["occupation"] == pytest.approx(f[:, 1, ::2, 2, :, 5], abs=0)
    assert part.coordinates["snapshot_x"][1] == pytest.approx(
        state.system.grid.space[0].centres[::2]
    )
    assert part.coordinates["snapshot_y"][1] == pytest.approx(1.25)
    with pytest.raises(InputError, match=r"select\.z"):
        snapshot_recorder(state, {"select": {"z": 0.0}})
    with pytest.raises(InputError, match="between 0 and 4"):
        snapshot_recorder(state, {"select": {"y": 4.5}})


# --- the family, and what a run says of itself --------------------------------------------------


@pytest.mark.parametrize("model", [TEXTURE, QiWuZhang(mass=1.0)])
def test_every_observable_is_recorded_or_says_why_not_in_real_space(model):
    state = evolution(model, {"x": RING, "y": opened(0, 4, 8), **ZONE}, None, FIELDS)
    state.advance(0.02)
    sizes = {"x": 12, "y": 8}
    for name, leaf in known(Observable).items():
        if leaf().fits(state) is not None:
            with pytest.raises(InputError, match=rf"\[output.observables\] {name}: "):
                leaf().build(state)
            continue
        recorder = leaf().build(state)
        values = recorder.measure()
        assert set(values) == {v.name for v in recorder.variables}
        for row in recorder.variables:
            value = values[row.name]
            assert value.ndim == len(row.dims)
            for dim, size in zip(row.dims, value.shape, strict=True):
                assert sizes.get(dim, size) == size
            assert np.all(np.isfinite(value))


def test_coordinates_and_description():
    state = evolution(TEXTURE, {"x": RING, "y": opened(0, 4, 8), **ZONE}, None, FIELDS, stop=1.0)
    found = reporting.coordinates(state)
    dims, values, about = found["y"]
    assert (dims, about["units"]) == (("y",), "length")
    assert values == pytest.approx(0.25 + 0.5 * np.arange(8))
    assert found["face"][1] == ["y lower", "y upper"]
    text = reporting.describe(state)
    assert "sites             96 with 200 cells each, with a texture in x, y and φ" in text
    assert "[0, 4], 8 cells of 0.5, open" in text
    assert "12 cells of 0.5236, periodic" in text
    assert "(valley, band, *r, *k) = (1, 2, 12, 8, 10, 10)" in text
    assert reporting.summary(state)


def test_validity_of_uniform_sites_is_the_homogeneous_one():
    fields = {"E": [0.02, 0.01], "B": 0.05}
    k = {"kx": [-2, 2, 21], "ky": [-2, 2, 21]}
    alone = evolution(MassiveDirac(mass=0.5), k, FermiDirac(0.8, 0.1), fields, stop=1.0)
    sites = evolution(
        MassiveDirac(mass=0.5), {"x": RING, **k}, FermiDirac(0.8, 0.1), fields, stop=1.0
    )
    here, there = (
        [figure for figure in validity(state) if "tail" not in figure[0]]  # rougher averages
        for state in (alone, sites)
    )
    assert len(here) > 6
    assert here == there


def test_validity_sees_textures_and_potentials():
    rough = ExpressionModel(d=["0.2*cos(x)", "0.5*sin(kx)", "0.2*sin(x)"], bounded=True)
    grid, cold = {"x": RING, "kx": [-PI, PI, 16]}, FermiDirac(0.0, 0.02)
    state = evolution(rough, grid, cold, {"phi": "0.4*cos(x)"})
    figures = {name: (value, warning) for name, value, warning in validity(state)}
    value, warning = figures["max ħ|∂_kΔ·∂_r m - ∂_rΔ·∂_k m|/Δ"]
    assert float(value) > 0.5
    assert "gradient expansion" in warning
    assert "refine the axes of real space" in figures["sites per thermal width T/(|∂_r ε| h)"][1]
    slope = evolution(
        QiWuZhang(mass=1.0), {"x": RING, **ZONE}, FermiDirac(-2.0, 0.3), {"phi": "0.3*cos(x)"}
    )
    found = {name: float(value) for name, value, _ in validity(slope)}
    steepest = 0.3 * np.abs(np.sin(slope.system.grid.space[0].centres)).max() * 2 * PI / 12
    ratio = found["sites per thermal width T/(|∂_r ε| h)"]
    assert ratio == pytest.approx(0.3 / steepest, rel=5e-3)


def test_a_bad_cell_is_named_with_its_place():
    table = {"x": RING, "y": opened(0, 4, 8), "kx": [-1, 1, 4], "ky": [-1, 1, 4]}
    mesh = Mesh(Grid.from_table(table))
    u = np.zeros((2 * 96 * 2, *mesh.shape))
    u[(96 + 8 * 3 + 5) * 2 + 1, 2, 0, 1] = 1.0
    band, where = judgement.place(mesh, int(np.argmax(u)), u.shape, 2)
    assert band == 3
    assert where == "x = 1.833, y = 2.75, kx = 0.25, ky = -0.25"
