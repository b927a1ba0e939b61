"""What a run says of itself: coordinates, sizes, validity, the closing table."""

import numpy as np
import pytest

from kinetic import reporting
from kinetic.equation import Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Grid
from kinetic.hamiltonians import MassiveDirac, QiWuZhang, RiceMele, Weyl, WeylLattice
from kinetic.initial import FermiDirac, Formula
from kinetic.simulation import Simulation
from kinetic.system import System


def evolution(hamiltonian, axes, initial, fields=None, stop=10.0, **equation):
    system = System(
        grid=Grid.from_table(axes),
        hamiltonian=hamiltonian,
        initial=initial,
        fields=Fields(**(fields or {})),
        equation=Equation(threads=1, **equation),
    )
    return Evolution(system, stop=stop)


def weyl(cells=13, limit=2.0, chemical_potential=0.4, temperature=0.05, e=0.002, b=0.01, **eq):
    axes = {k: [-limit, limit, cells] for k in ("kx", "ky", "kz")}
    fields = {"E": (0, 0, e), "B": (0, 0, b)}
    return evolution(Weyl(), axes, FermiDirac(chemical_potential, temperature), fields, **eq)


ZONE = {"kx": [-np.pi, np.pi, 6], "ky": [-np.pi, np.pi, 5]}


def figures(state):
    return {name: (value, warning) for name, value, warning in reporting.validity(state)}


def test_coordinates_name_every_dimension():
    found = reporting.coordinates(weyl())
    assert list(found["valley"][1]) == ["node"]
    assert list(found["band"][1]) == ["lower", "upper"]
    assert list(found["component"][1]) == ["x", "y", "z"]
    assert list(found["face"][1])[:2] == ["kx lower", "kx upper"]
    assert len(found["kz"][1]) == 13
    assert found["node_charge"][1] == [1]
    assert found["node_kz"][1] == pytest.approx([0.0], abs=1e-12)
    closed = reporting.coordinates(evolution(QiWuZhang(), ZONE, Formula("1", "0")))
    assert "face" not in closed  # a dimension of size 0 would be unlimited in the file
    assert "node" not in closed
    for name, (dims, values, attributes) in found.items():
        assert np.ndim(values) == len(dims) == 1, name
        assert attributes["long_name"]


def test_description_shows_equation_sizes_and_steps():
    text = reporting.describe(weyl(level="projected"))
    for words in ("∂ₜn_s", "13 × 13 × 13", "geometry", "time step", "to t = 10", "charge +1"):
        assert words in text
    assert "glued cell" in text


def test_description_holds_the_notes_of_the_grid():
    axes = {k: [-np.pi, np.pi, 6] for k in ("kx", "ky", "kz")}
    state = evolution(WeylLattice(node_position=np.pi / 3), axes, Formula("1", "0"))
    assert "shifted by half a cell" in reporting.describe(state)


@pytest.mark.parametrize("level", ["boltzmann", "projected", "dressed"])
def test_every_level_and_dimension_reports(level):
    for model, axes in (
        (RiceMele(), {"kx": [-np.pi, np.pi, 8]}),
        (QiWuZhang(), ZONE),
        (Weyl(), {k: [-2.0, 2.0, 7] for k in ("kx", "ky", "kz")}),
    ):
        state = evolution(model, axes, FermiDirac(0.4, 0.3), level=level)
        assert reporting.describe(state)
        assert reporting.summary(state)


def test_good_run_is_not_warned_of():
    state = weyl(41, temperature=0.06)
    assert not [warning for _, _, warning in reporting.validity(state) if warning]


def test_tail_at_the_cutoff_is_measured():
    state = weyl(13, limit=1.0, temperature=0.1, b=0.05)
    tail, warning = figures(state)["thermal tail at the cutoff"]
    # f averaged over the outer cell in the middle of a face, between its values at both sides
    inner, outer = (1 / (1 + np.exp((k - 0.4) / 0.1)) for k in (1 - 2 / 13, 1.0))
    assert outer < float(tail) < inner
    assert "enlarge the grid" in warning


def test_unresolved_edge_is_warned_of():
    value, warning = figures(weyl(9, node_radius=0.5))["cells per thermal width T/(v h)"]
    assert float(value) == pytest.approx(0.05 / (4 / 9), rel=0.02)
    assert "refine the grid" in warning


def test_landau_zener_estimate_is_that_of_the_gap():
    """P = exp(-π m²/(v E)) = .24323 for m = .3, E = .2."""
    axes = {k: [-2.0, 2.0, 41] for k in ("kx", "ky")}
    state = evolution(MassiveDirac(mass=0.3), axes, FermiDirac(0.0, 0.05), {"E": (0.2, 0.0)})
    value, warning = figures(state)["max Landau-Zener exp(-π Δ²/4ħ|e·∂d|)"]
    assert float(value) == pytest.approx(0.24323, rel=0.01)
    assert "lower E" in warning
    turn, _ = figures(state)["max ħ|e·∂m|/Δ outside the glue"]
    assert float(turn) == pytest.approx(0.2 / (2 * 0.3**2), rel=0.02)


def test_large_density_correction_is_warned_of():
    state = weyl(21, chemical_potential=0.15, b=0.04, temperature=0.03)
    _, warning = figures(state)["max |F| where the occupation varies"]
    assert "lower B" in warning


def test_summary_compares_pumping_with_the_exact_rate():
    state = weyl(node_radius=0.35)
    while state.time < 5.0:
        state.advance(5.0)
    table = dict(reporting.summary(state))
    exact = 0.002 * 0.01 / (4 * np.pi**2)
    assert float(table["pumping rate (evolved)"]) == pytest.approx(exact, rel=1e-9)
    assert float(table["χ e·b/4π²ħ² (exact)"]) == pytest.approx(exact, rel=1e-12)
    assert abs(float(table["relative deviation"])) < 1e-9
    assert "charge-ledger residual" in table
    assert float(table["boundary outflow"]) == pytest.approx(-5.0 * exact, rel=1e-6)
    assert "node exchange (lower to upper)" in table


def test_summary_names_each_lattice_node():
    axes = {k: [-np.pi, np.pi, 10] for k in ("kx", "ky", "kz")}
    fields = {"E": (0, 0, 0.002), "B": (0, 0, 0.01)}
    state = evolution(WeylLattice(node_position=1.3), axes, FermiDirac(0.0, 0.1), fields)
    state.advance(0.5)
    names = [name for name, _ in reporting.summary(state)]
    assert sum(name.startswith("pumping rate at (") for name in names) == 2
    assert "tail at the dividing plane (bound)" in names


def test_whole_run_into_a_dataset():
    """Recorders, coordinates and snapshots through the real run loop."""
    axis = [-2.0, 2.0, 9]
    simulation = Simulation(
        {"kx": axis, "ky": axis, "kz": axis},
        {"name": "weyl"},
        {"name": "fermi_dirac", "chemical_potential": 0.4, "temperature": 0.05},
        fields={"E": [0, 0, 0.002], "B": [0, 0, 0.01]},
        equation={"node_radius": 0.5, "threads": 1},
        stop=1.0,
        every=0.5,
        snapshots={"every": 1.0, "select": {"kz": 0.0}, "stride": 2},
    )
    data = simulation.run(progress=False)
    assert data.sizes["time"] == 3
    assert data.sizes["snapshot_time"] == 2
    parts = sum(data[name] for name in data if str(name).startswith("current_"))
    assert np.allclose(parts, data["current"], atol=1e-17)
    assert data["occupation"].dims == ("snapshot_time", "valley", "band", "kx", "ky")
    assert data.sizes["kx"] == 5
    assert float(data["kz"]) == pytest.approx(0.0, abs=1e-15)
    change = data["density"] - data["density"][0]
    assert np.allclose(change, -data["boundary_outflow"].sum("face"), atol=1e-17)
    assert data["density"].attrs["sea"] > 0.1
    assert "max |F|" in data.attrs["validity"]
