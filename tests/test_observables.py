"""Observables against closed forms, and the laws that tie them together."""

import itertools

import numpy as np
import pytest

from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Grid
from kinetic.hamiltonians import (
    ExpressionModel,
    MassiveDirac,
    QiWuZhang,
    RiceMele,
    Weyl,
    WeylLattice,
    WeylPair,
)
from kinetic.initial import FermiDirac, Formula, ShiftedFermiDirac
from kinetic.observables import (
    BandDensity,
    BoundaryOutflow,
    ChiralityDensity,
    Current,
    Density,
    Energy,
    FaradayInflow,
    Hall,
    InterbandExchange,
    LedgerResidual,
    NodeExchange,
    Observable,
    OccupationBounds,
    PumpingRate,
    Standard,
    Streda,
    ValleyDensity,
)
from kinetic.observables.base import default_observables
from kinetic.observables.currents import Sums
from kinetic.observables.snapshots import snapshot_recorder
from kinetic.registry import known
from kinetic.system import System

FILLED = Formula("1", "0")
PI = np.pi


def evolution(
    hamiltonian, grid, initial, level="dressed", E=(0, 0, 0), B=(0, 0, 0), stop=None, **numerics
):
    system = System(
        grid=Grid.from_table(grid),
        hamiltonian=hamiltonian,
        initial=initial,
        fields=Fields(E=E, B=B),
        equation=Equation(level=level, threads=1, **numerics),
    )
    return Evolution(system, stop=stop)


def box(limit, cells, axes="xyz"):
    cells = cells if isinstance(cells, tuple) else (cells,) * len(axes)
    return {f"k{a}": [-limit, limit, n] for a, n in zip(axes, cells, strict=True)}


def measure(observable, state):
    return observable.build(state).measure()


def weyl(cells=13, hamiltonian=None, **options):
    options = {"E": (0, 0, 0.002), "B": (0, 0, 0.01), **options}
    return evolution(hamiltonian or Weyl(), box(2.0, cells), FermiDirac(0.4, 0.05), **options)


# --- Hall and Streda ---------------------------------------------------------------------------


def cutoff_value(m, limit):
    """ν of the filled lower band of a massive Dirac cone in a square."""
    return -np.arctan(limit**2 / (m * np.sqrt(m**2 + 2 * limit**2))) / PI


@pytest.mark.parametrize("cells", [(21, 24), (7, 50)])
def test_parity_anomaly_is_the_cutoff_value_on_any_grid(cells):
    """Catches a Berry weight by quadrature: it is exact only through link fluxes."""
    state = evolution(MassiveDirac(mass=0.5), box(10.0, cells, "xy"), FermiDirac(0.0, 0.01))
    nu = cutoff_value(0.5, 10.0)
    assert measure(Hall(), state)["hall"] == pytest.approx([nu / (2 * PI)], abs=1e-13)
    streda = measure(Streda(), state)
    expected = nu / (2 * PI)
    assert streda["streda"] == pytest.approx([0, 0, expected], abs=1e-13)
    assert streda["streda_dressed"][:, 2] == pytest.approx([expected, 0], abs=1e-13)
    assert streda["streda_projected"][:, 2] == pytest.approx([expected / 2] * 2, abs=1e-13)


def test_hall_conductivity_of_the_metal():
    """Row 1 of the reference table, μ = .8, T = .05, converging faster than h³."""
    reference = (-0.316606 + 0.5 + cutoff_value(0.5, 3.0)) / (2 * PI)
    errors = []
    for cells in (25, 50, 100):
        state = evolution(MassiveDirac(mass=0.5), box(3.0, cells, "xy"), FermiDirac(0.8, 0.05))
        errors.append(abs(measure(Hall(), state)["hall"][0] - reference))
    assert errors[2] < 5e-7  # six printed digits of the reference, over 2π
    assert errors[0] > 8 * errors[1]


@pytest.mark.parametrize(("mass", "chern"), [(1.0, 1), (-1.0, -1), (3.0, 0)])
@pytest.mark.parametrize("cells", [3, 8])
def test_lattice_streda_and_hall_are_the_chern_number(mass, chern, cells):
    state = evolution(QiWuZhang(mass=mass), box(PI, cells, "xy"), FILLED, B=0.01)
    assert measure(Hall(), state)["hall"] * 2 * PI == pytest.approx([chern], abs=1e-12)
    assert measure(Streda(), state)["streda"][2] * 2 * PI == pytest.approx(chern, abs=1e-12)


def test_density_of_filled_chern_band_follows_streda():
    """∂ρ/∂b of the state itself: catches a sea that is subtracted with its D_s."""
    densities = []
    for b in (0.0, 0.01):
        state = evolution(QiWuZhang(mass=1.0), box(PI, 8, "xy"), FILLED, B=b)
        densities.append(float(measure(Density(), state)["density"]))
    assert 2 * PI * (densities[1] - densities[0]) / 0.01 == pytest.approx(1.0, abs=1e-11)
    state = evolution(MassiveDirac(mass=0.5), box(10.0, 20, "xy"), FermiDirac(0.0, 0.01), B=0.01)
    change = float(measure(Density(), state)["density"])
    assert change == pytest.approx(cutoff_value(0.5, 10.0) * 0.01 / (2 * PI), abs=1e-14)


@pytest.mark.parametrize(("k0", "cells"), [(PI / 3, 12), (1.3, 13), (1.3, (8, 9, 11)), (0.4, 9)])
def test_lattice_weyl_hall_knows_where_the_nodes_lie(k0, cells):
    """The plain link sum is quantised in Δk_z/4π²; the node-position term makes it exact."""
    state = evolution(WeylLattice(node_position=k0), box(PI, cells), FILLED)
    expected = [0.0, 0.0, -2 * k0 / (4 * PI**2)]
    assert measure(Hall(), state)["hall"] == pytest.approx(expected, abs=1e-13)


def test_lattice_weyl_hall_with_moving_nodes():
    state = evolution(WeylLattice(node_position="1.0 + 0.1*t"), box(PI, 11), FILLED)
    recorder = Hall().build(state)
    for time in (0.0, 2.0):
        state.time = time
        expected = -2 * (1.0 + 0.1 * time) / (4 * PI**2)
        assert recorder.measure()["hall"][2] == pytest.approx(expected, abs=1e-12)


# --- currents -------------------------------------------------------------------------------


def test_group_current_of_a_drifting_parabolic_band_is_u_n():
    """Galilei: ε = k²/2 shifted by u carries j = u n.  The velocity is linear in k, so the
    product rule is exact; plain cell averages miss (h²/12) n' and fail at 1e-4.
    """
    model = ExpressionModel(d0="(kx**2 + ky**2)/2", d=["0", "0", "1.0"])
    drift = (0.3, -0.2)
    state = evolution(
        model, box(8.0, 64, "xy"), ShiftedFermiDirac(0.5, 0.5, drift), level="boltzmann"
    )
    recorder = Density().build(state)
    density = float(recorder.measure()["density"]) + recorder.variables[0].attributes["sea"]
    current = measure(Current(), state)["current"]
    assert current == pytest.approx([*(density * u for u in drift), 0.0], rel=1e-10)


@pytest.mark.parametrize("level", ["boltzmann", "projected", "dressed"])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_contributions_add_up(level, dimensions):
    initial, t = Formula("1", "exp(-(kx - 0.3)**2)*0.3"), "0.1*sin(t + 1)"
    model = {
        1: RiceMele(delta="0.3*cos(t)", staggering="0.3*sin(t)"),
        2: MassiveDirac(mass="0.5 + " + t),
        3: Weyl(tilt=(0.2, 0.1, 0.0)),
    }[dimensions]
    fields = {
        1: {"E": (0.1,)},
        2: {"E": (0.1, 0.2), "B": 0.05},
        3: {"E": (0.1, 0.2, 0.05), "B": (0.01, 0.02, -0.01)},
    }[dimensions]
    limit, cells = (PI if dimensions == 1 else 2.0), 9 if dimensions == 3 else 16
    state = evolution(model, box(limit, cells, "xyz"[:dimensions]), initial, level, **fields)
    recorder = Current().build(state)
    values = recorder.measure()
    parts = {name: v for name, v in values.items() if name != "current"}
    total = sum(parts.values())
    assert np.allclose(values["current"], total, rtol=0, atol=1e-16)
    assert [v.name for v in recorder.variables] == ["current", *parts]
    expected = {"current_group"}
    if level != "boltzmann":
        expected |= {"current_texture"} if dimensions < 3 else set()
        expected |= {"current_anomalous", "current_magnetic_moment"} if dimensions > 1 else set()
        expected |= {"current_chiral_magnetic"} if dimensions == 3 else set()
        if level == "projected" and dimensions > 1:
            expected.add("current_density_of_states")
    assert set(parts) == expected
    assert all(np.all(np.isfinite(v)) for v in parts.values())


def test_columns_of_the_current_agree_to_first_order():
    """Total current and energy in n_s and in f_s differ at second order in b: a wrong sign of
    the moment or of the rescaling leaves a difference of first order.
    """
    differences = []
    for b in (0.04, 0.02):
        values = []
        for level in ("dressed", "projected"):
            state = evolution(
                MassiveDirac(mass=0.5, tilt=(0.3, 0.2)),
                box(4.0, 48, "xy"),
                ShiftedFermiDirac(0.8, 0.1, (0.1, 0.05)),
                level,
                E=(0.01, 0.02),
                B=b,
                scheme="linear5",
            )
            energy = measure(Energy(), state)["energy"]
            values.append([*measure(Current(), state)["current"][:2], float(energy)])
        differences.append(np.abs(np.subtract(*values)))
    ratio = differences[0] / differences[1]
    assert np.all(ratio > 3.6)
    assert np.all(ratio < 4.5)


def test_filled_lattice_band_carries_the_hall_current_alone():
    """Weights telescope: no current of a filled band but e×B_k, to rounding."""
    state = evolution(QiWuZhang(mass=1.0), box(PI, 9, "xy"), FILLED, E=(0.03, -0.01), B=0.02)
    values = measure(Current(), state)
    hall = 1.0 / (2 * PI)
    assert values["current"] == pytest.approx([hall * -0.01, -hall * 0.03, 0], abs=1e-15)
    assert values["current_anomalous"] == pytest.approx(values["current"], abs=1e-15)


def test_static_chiral_magnetic_current_of_one_node():
    """μ b/4π² relative to filling at the node, up to b²/μ³ and the resolution of the edge."""
    b, mu = 0.005, 0.4
    state = weyl(41, E=(0, 0, 0), B=(0, 0, b))
    total = measure(Current(), state)["current"]
    assert total == pytest.approx([0, 0, mu * b / (4 * PI**2)], rel=1e-3, abs=1e-15)


def test_chiral_magnetic_velocity_is_that_of_the_shifted_energy():
    """¼b² Σ_s s ∫ f_s u/k⁴ is all there is of second order; the packet is odd in k_z.

    It would have caught a velocity v_s·B_k in place of ∂_kε̄_s·B_k: the magnetoconductivity within
    a node was off by b²/24π²k_F² per 1/τ.
    """
    f = "0.5 + 0.4*tanh(4*kz)*exp(-((sqrt(kx**2 + ky**2 + kz**2) - 0.9)/0.15)**2)"
    found = []
    for b in (0.0, 0.05, -0.05):
        state = evolution(Weyl(), box(1.8, 25, "xyz"), Formula("0.5", f), B=(0, 0, b))
        found.append(measure(Current(), state)["current"][2])
    second = 0.5 * (found[1] + found[2]) - found[0]

    k, w = np.polynomial.legendre.leggauss(200)
    u = k[:, None]
    q = 0.9 + 0.85 * k
    shell = 0.4 * np.tanh(4 * q * u) * np.exp(-(((q - 0.9) / 0.15) ** 2)) * u / q**2
    exact = 0.05**2 / 4 * 0.85 * float(w @ shell @ w) / (4 * PI**2)
    assert second == pytest.approx(exact, rel=0.01)


def test_thouless_pump_carries_one_particle_per_cycle():
    state = evolution(
        RiceMele(delta="0.5*cos(t)", staggering="0.5*sin(t)"), box(PI, 40, "x"), FILLED
    )
    sums, times = Sums(state), np.arange(60) * 2 * PI / 60
    pumped = 0.0
    for state.time in times:
        pumped += sums.present()["texture"][0] * 2 * PI / 60
    assert pumped == pytest.approx(1.0, abs=1e-10)  # -q_s∮∮F = +1 where ∮∮F = -4π


def test_momentum_sums_are_of_fourth_order():
    """A smooth packet in a tilted band with b and e on; plain cell averages give two."""
    packet = Formula("0", "0.8*exp(-((kx - 0.3)**2 + (ky + 0.2)**2)/0.18)")
    values = []
    for cells in (24, 48, 96):
        state = evolution(
            MassiveDirac(mass=0.5, tilt=(0.3, 0.2)),
            box(2.4, cells, "xy"),
            packet,
            E=(0.01, 0.02),
            B=0.05,
            scheme="linear5",
        )
        current = measure(Current(), state)
        rows = [current[f"current_{n}"][0] for n in ("group", "magnetic_moment", "anomalous")]
        values.append([*rows, float(measure(Energy(), state)["energy"])])
    coarse, fine = np.abs(np.diff(values, axis=0))
    assert np.all(np.log2(coarse / fine) > 3.7)


def test_large_grids_are_summed_slab_by_slab(monkeypatch):
    state = evolution(
        WeylLattice(node_position=1.3),
        box(PI, 9),
        FermiDirac(0.3, 0.2),
        E=(0.02, 0.01, 0.03),
        B=(0.002, 0.0, 0.01),
    )
    whole = measure(Current(), state)
    monkeypatch.setattr("kinetic.observables.weights._KEPT_BYTES", 0)
    monkeypatch.setattr("kinetic.observables.weights._SLAB", 200)
    recorder = Current().build(state)
    for _ in range(2):
        parts = recorder.measure()
        for name, value in whole.items():
            assert np.allclose(parts[name], value, rtol=0, atol=1e-15)


# --- densities and energy ---------------------------------------------------------------------


def test_energy_of_a_parabolic_band_in_two_dimensions():
    """∫ε f = T² g (π²/6 …) with g = 1/2π: F₁(μ/T), here by μ = 0: T² π²/12/2π."""
    model = ExpressionModel(d0="(kx**2 + ky**2)/2", d=["0", "0", "20.0"])
    state = evolution(model, box(9.0, 90, "xy"), FermiDirac(-20.0, 0.8), level="boltzmann")
    recorder = Energy().build(state)
    density = Density().build(state)
    energy = float(recorder.measure()["energy"]) + recorder.variables[0].attributes["sea"]
    number = float(density.measure()["density"]) + density.variables[0].attributes["sea"]
    kinetic = energy + 20.0 * number
    assert kinetic == pytest.approx(0.8**2 * PI / 24, rel=1e-4)
    assert number == pytest.approx(0.8 * np.log(2.0) / (2 * PI), rel=1e-12)


@pytest.mark.parametrize("level", ["projected", "dressed"])
def test_densities_add_up(level):
    state = evolution(WeylPair(), box(2.0, 9), FermiDirac([0.5, 0.3], 0.1), level, B=(0, 0, 0.01))
    density = measure(Density(), state)["density"]
    valley = measure(ValleyDensity(), state)["valley_density"]
    chirality = measure(ChiralityDensity(), state)["chirality_density"]
    assert valley.sum() == pytest.approx(float(density), abs=1e-18)
    assert chirality == pytest.approx(valley[::-1], abs=1e-18)
    bands = measure(BandDensity(), state)["band_density"]
    assert bands.sum() == pytest.approx(float(density), abs=1e-18)
    assert valley[0] > valley[1]


def test_density_resolves_tiny_changes():
    """A change of 1e-17 of a state with a sea of order one."""
    state = weyl(13)
    recorder = Density().build(state)
    before = float(recorder.measure()["density"])
    state.transport.u[1, 6, 6, 3] += 1e-13
    change = 1e-13 * state.mesh.volumes[6, 6, 3] / state.phase_space
    assert change < 2e-17
    assert float(recorder.measure()["density"]) - before == pytest.approx(change, rel=0.05)


# --- the anomaly budget -------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["projected", "dressed"])
def test_rates_are_those_of_the_next_step(level):
    """Rates leave the state as it is, and the change is minus the outflow."""
    state = weyl(13, level=level, node_radius=0.35)
    before = state.transport.u.copy()
    rate = measure(BoundaryOutflow(), state)["boundary_rate"]
    assert np.array_equal(state.transport.u, before)
    pumping = measure(PumpingRate(), state)
    exact = 0.002 * 0.01 / (4 * PI**2)
    assert -rate.sum() == pytest.approx(exact, rel=1e-9)
    assert pumping["pumping_rate"] == pytest.approx([exact], rel=1e-9)
    state.advance(1e-3)
    outflow = measure(BoundaryOutflow(), state)["boundary_outflow"]
    assert outflow == pytest.approx(rate * 1e-3, rel=1e-5, abs=1e-14)
    after = measure(PumpingRate(), state)
    assert after["pumping_rate"] == pytest.approx([exact], rel=1e-6)  # 5e-10 of change, 1e-16
    assert after["pumping_reference"] == pytest.approx([exact], rel=1e-14)
    node = measure(NodeExchange(), state)
    assert node["node_flux"] == pytest.approx([exact], rel=1e-14)
    assert node["node_exchange"] == pytest.approx(node["node_exchange_rate"] * 1e-3, rel=1e-4)
    residual = measure(LedgerResidual(), state)
    assert abs(residual["ledger_residual"]) < 1e-14 * residual["ledger_scale"]
    if level == "projected":
        assert np.all(np.isfinite(measure(InterbandExchange(), state)["interband_exchange"]))
    else:
        bounds = measure(OccupationBounds(), state)
        assert bounds["occupation_min"] >= -1e-14
        assert bounds["occupation_max"] <= 1 + 1e-14


def test_lattice_nodes_pump_into_each_other():
    state = evolution(
        WeylLattice(node_position=1.3),
        box(PI, 16),
        FermiDirac(0.0, 0.05),
        E=(0, 0, 0.002),
        B=(0, 0, 0.01),
    )
    recorder = ChiralityDensity().build(state)
    before = recorder.measure()["chirality_density"]
    state.advance(0.5)
    change = recorder.measure()["chirality_density"] - before
    exact = 0.002 * 0.01 / (4 * PI**2)
    charges = [node.charge for node in state.flow.nodes]
    values = measure(PumpingRate(), state)
    assert sorted(charges) == [-1, 1]
    assert values["pumping_reference"] == pytest.approx([exact * q for q in charges])
    assert values["pumping_rate"] == pytest.approx([exact * q for q in charges], rel=1e-4)
    assert change == pytest.approx([-0.5 * exact, 0.5 * exact], rel=1e-4)


def test_faraday_inflow_is_the_streda_response():
    """A filled band in a growing b: all of the change of charge is Faraday's inflow."""
    state = evolution(QiWuZhang(mass=1.0), box(PI, 8, "xy"), FILLED, B="0.01*t**2", stop=0.3)
    recorder = FaradayInflow().build(state)
    density = Density().build(state)
    start = float(density.measure()["density"])
    state.advance(0.3)
    values = recorder.measure()
    assert values["faraday_rate"] == pytest.approx(0.02 * state.time / (2 * PI), rel=1e-10)
    change = float(density.measure()["density"]) - start
    assert values["faraday_inflow"] == pytest.approx(change, abs=1e-15)


# --- the family ------------------------------------------------------------


def test_every_observable_is_recorded_or_says_why_not():
    """Each leaf has its rows measured, or refuses the system in a sentence."""
    state = weyl(9, node_radius=0.5)
    state.advance(0.1)
    refused = set()
    for name, leaf in known(Observable).items():
        if leaf().fits(state) is not None:
            with pytest.raises(InputError, match=rf"\[output.observables\] {name}: "):
                leaf().build(state)
            refused.add(name)
            continue
        recorder = leaf().build(state)
        values = recorder.measure()
        assert set(values) == {v.name for v in recorder.variables}
        for row in recorder.variables:
            assert values[row.name].ndim == len(row.dims)
            assert row.units
            assert row.attributes["formula"]
        assert not leaf.formula().startswith("Inert")
    assert refused == {
        "absorbed",
        "berry_map",
        "coherence",
        "collision_inflow",
        "continuity_residual",
        "faraday_inflow",
        "interband_exchange",
        "momentum_outflow",
        "particles",
        "phonon_power",
        "purity",
        "spin",
        "temperature",
        "valley_density",
        "valley_transfer",
    }


def test_standard_set_fits_every_system():
    for state in (
        weyl(9, node_radius=0.5),
        evolution(QiWuZhang(), box(PI, 5, "xy"), FILLED),
        evolution(RiceMele(), box(PI, 5, "x"), FILLED, level="boltzmann"),
    ):
        recorder = Standard().build(state)
        assert {v.name for v in recorder.variables} == set(recorder.measure())


def test_observables_by_name_table_or_object():
    chosen = default_observables(["density", {"name": "hall"}, Current()])
    assert chosen == [Density(), Hall(), Current()]
    assert default_observables(None) == [Standard()]
    with pytest.raises(InputError, match="did you mean 'current'"):
        default_observables(["curent"])
    with pytest.raises(InputError, match="takes no such parameter"):
        default_observables([{"name": "hall", "plane": "xy"}])
    with pytest.raises(InputError, match="use 'dressed' or 'projected'"):
        Hall().build(evolution(QiWuZhang(), box(PI, 5, "xy"), FILLED, level="boltzmann"))


# --- snapshots ------------------------------------------------------------


def test_snapshots_have_the_shape_of_the_state():
    state = weyl(9, node_radius=0.5)
    recorder = snapshot_recorder(state, {"variables": ["occupation", "band_projection"]})
    values = recorder.measure()
    assert recorder.variables[0].dims == ("valley", "band", "kx", "ky", "kz")
    assert all(v.shape == (1, 2, 9, 9, 9) for v in values.values())
    f, n = values["occupation"], values["band_projection"]
    shift = 0.25 * state.transport.dressing * (f[:, 1] - f[:, 0])
    assert np.allclose(n - f, shift[:, None], atol=1e-15)


def test_snapshots_are_thinned_and_cut():
    state = weyl(9, node_radius=0.5)
    table = {"stride": {"kx": 4, "ky": 2}, "select": {"kz": 0.1, "band": "upper"}}
    recorder = snapshot_recorder(state, table)
    values = recorder.measure()["occupation"]
    assert recorder.variables[0].dims == ("valley", "kx", "ky")
    assert recorder.variables[0].attributes["band"] == "upper"
    whole = snapshot_recorder(state, {}).measure()["occupation"]
    assert np.array_equal(values, whole[:, 1, ::4, ::2, 4])
    assert np.allclose(recorder.coordinates["kx"][1], state.system.grid.axes[0].centres[::4])
    assert recorder.coordinates["kz"][0] == ()
    assert recorder.coordinates["kz"][1] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"variables": ["occupations"]}, "did you mean 'occupation'"),
        ({"stride": 0}, "above 0"),
        ({"stride": {"kw": 2}}, "kw"),
        ({"select": {"kz": 5.0}}, "between"),
        ({"select": {"kw": 0.0}}, "select.kw"),
        ({"select": {"band": "uper"}}, "did you mean 'upper'"),
        ({"strides": 2}, "did you mean 'stride'"),
    ],
)
def test_bad_snapshot_tables_are_told(table, words):
    state = weyl(9, node_radius=0.5)
    with pytest.raises(InputError, match=words):
        snapshot_recorder(state, table)


def test_recorders_do_not_disturb_the_run():
    """A run with records is bitwise the run without."""
    runs = [weyl(9, node_radius=0.5) for _ in range(2)]
    recorder = Standard().build(runs[0])
    for target in (0.5, 1.0):
        for run in runs:
            run.advance(target)
        recorder.measure()
    assert all(np.array_equal(a.transport.u, b.transport.u) for a, b in itertools.pairwise(runs))
