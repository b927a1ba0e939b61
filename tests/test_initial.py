"""Initial states at points of phase space: numbers by hand, shapes, and what is refused."""

import math

import numpy as np
import pytest
import xarray

from kinetic import assembly, config
from kinetic.errors import InputError
from kinetic.initial import (
    FermiDirac,
    Formula,
    FromFile,
    Gaussian,
    Initial,
    LocalEquilibrium,
    Points,
    ShiftedFermiDirac,
    WavePacket,
    fermi,
)
from kinetic.registry import from_table, known

X, Y = np.linspace(-3.0, 3.0, 7), np.linspace(-1.0, 1.0, 4)
KX, KY = np.linspace(-2.0, 2.0, 9), np.linspace(-1.5, 1.5, 6)
SHAPE = (7, 4, 9, 6)


def plane(valley=0, sparse=True):
    """Points of a 2r×2k grid with φ(x, y) and bands ±½(1 + k² + 0.1x)."""
    x, y, kx, ky = np.meshgrid(X, Y, KX, KY, indexing="ij", sparse=sparse)
    gap = np.broadcast_to(1.0 + kx**2 + ky**2 + 0.1 * x, SHAPE)
    potential = 0.2 * x - 0.1 * y**2
    return Points([kx, ky], np.stack([-gap, gap]) / 2, valley, {"x": x, "y": y}, potential)


LEAVES = {
    "fermi_dirac": {"chemical_potential": [0.3, 0.1], "temperature": 0.2},
    "local_equilibrium": {
        "chemical_potential": ["0.3 + a*x", 0.2],
        "temperature": "0.2 + 0.01*y/a",
        "parameters": {"a": 0.5},
    },
    "shifted_fermi_dirac": {"chemical_potential": 0.3, "temperature": 0.2, "drift": [0.1, 0.2]},
    "gaussian": {"centre": [0.1, 0.2], "width": 0.4, "band": "lower"},
    "wave_packet": {
        "position": [0.5, 0.2],
        "momentum": [0.1, 0.2],
        "width": [0.5, 1.0],
        "rest": "sea",
    },
    "expression": {
        "lower": "1 - 0.1*exp(-x**2)",
        "upper": "a*exp(-y**2 - kx**2)*cos(ky)**2",
        "parameters": {"a": 0.5},
    },
    "spinor_packet": None,
    "file": None,
}


def test_every_state_is_tested():
    own = {name for name, leaf in known(Initial).items() if leaf.__module__.startswith("kinetic")}
    assert own == set(LEAVES)


@pytest.mark.parametrize("name", [name for name, table in LEAVES.items() if table])
def test_states_fill_phase_space(name):
    """Sparse coordinates give what full ones give; the table comes back; 0 <= f <= 1."""
    state = from_table(Initial, {"name": name, **LEAVES[name]}, "initial")
    state.check(2, 2, ("x", "y"))
    for valley in (0, 1):
        f = state.occupation(plane(valley))
        assert f.shape == (2, *SHAPE)
        assert f.flags.writeable
        assert 0 <= f.min() < f.max() <= 1
        full = state.occupation(plane(valley, sparse=False))
        assert np.array_equal(f, full)
        thin = plane(valley)
        thin = Points(thin.k, thin.energy[:, :1, :1], valley, thin.r, thin.potential)
        assert state.occupation(thin).shape == (2, *SHAPE)
    plain, incomplete = assembly.tabulate({"initial": state})
    assert not incomplete
    again = config.parse(config.text(plain))["initial"]
    assert from_table(Initial, again, "initial") == state


@pytest.mark.parametrize("name", ["fermi_dirac", "shifted_fermi_dirac", "gaussian"])
def test_states_without_positions_stay_as_they_were(name):
    state = from_table(Initial, {"name": name, **LEAVES[name]}, "initial")
    state.check(2, 2)
    grid = plane()
    f = state.occupation(Points([k[0, 0] for k in grid.k], grid.energy[:, 3, 2], 0))
    assert np.array_equal(f, state.occupation(Points(grid.k, grid.energy, 0))[:, 3, 2])


def test_the_fermi_function_by_hand():
    """f = 1/(1 + exp((ε̄ + φ - μ)/T)) and its drift, at one point."""
    points = plane(1)
    place = (2, 1, 3, 4)
    x, y, kx, ky = X[2], Y[1], KX[3], KY[4]
    energy = (1 + kx**2 + ky**2 + 0.1 * x) / 2 + 0.2 * x - 0.1 * y**2
    state = FermiDirac([0.3, 0.1], 0.2)
    assert state.occupation(points)[(1, *place)] == pytest.approx(
        1 / (1 + math.exp((energy - 0.1) / 0.2)), rel=1e-13
    )
    drifting = ShiftedFermiDirac(0.3, 0.2, [0.5, -0.4])
    assert drifting.occupation(points)[(1, *place)] == pytest.approx(
        1 / (1 + math.exp((energy - 0.5 * kx + 0.4 * ky - 0.3) / 0.2)), rel=1e-13
    )
    local = LocalEquilibrium("0.1 + 0.3*x", ["0.1", "0.2 + 0.1*y**2"])
    free = energy - 0.2 * x + 0.1 * y**2
    assert local.occupation(points)[(1, *place)] == pytest.approx(
        1 / (1 + math.exp((free - 0.1 - 0.3 * x) / (0.2 + 0.1 * y**2))), rel=1e-13
    )


def test_fermi_functions_of_fields():
    """μ(r) and T(r) as arrays, with places at T = 0 among them; no overflow."""
    energy = np.array([-1.0, 0.0, 1.0, 2.0])
    mu, temperature = np.array([[0.0], [1.0]]), np.array([[0.0], [0.5]])
    f = fermi(energy, mu, temperature)
    assert f[0].tolist() == [1.0, 0.5, 0.0, 0.0]
    assert f[1] == pytest.approx(1 / (1 + np.exp((energy - 1.0) / 0.5)), rel=1e-14)
    assert fermi(energy, 0.0, 1e-308).tolist() == [1.0, 0.5, 0.0, 0.0]


def test_constant_electrochemical_potential_is_the_global_equilibrium():
    """μ(r) = μ₀ - φ(r) in a potential is f_FD(ε̄ + φ - μ₀), and this is what is split off."""
    points = plane()
    local = LocalEquilibrium("m - 0.2*x + 0.1*y**2", 0.2, {"m": 0.3})
    state = FermiDirac(0.3, 0.2)
    assert local.occupation(points) == pytest.approx(state.occupation(points), abs=1e-14)
    background = local.background(0, points.r, points.potential)
    assert background == pytest.approx((0.3, 0.2), abs=1e-14)
    assert state.background(0, points.r, points.potential) == (0.3, 0.2)
    assert state.equilibrium
    assert not local.equilibrium


def test_the_background_is_the_mean_over_the_sites():
    local = LocalEquilibrium(["0.5*x**2", 7], ["0.3", "0.2 + 0.05*sin(y)**2"])
    points = plane()
    mu, temperature = local.background(0, points.r, 2.0)
    assert mu == pytest.approx(2.0 + 0.5 * np.mean(X**2), rel=1e-14)
    assert temperature == 0.3
    assert local.background(1, points.r, points.potential) == pytest.approx(
        (7 - 0.1 * np.mean(Y**2), 0.2 + 0.05 * np.mean(np.sin(Y) ** 2)), rel=1e-13
    )
    assert local.reservoir(0) is None
    assert LocalEquilibrium([0.1, 0.2], 0.3).reservoir(1) == (0.2, 0.3)
    assert LocalEquilibrium(0.1, 0.3).background(0, {}) == (0.1, 0.3)
    assert ShiftedFermiDirac(0.1, 0.2, [0.1]).background(0, {}) == (0.1, 0.2)
    assert Gaussian([0.0], 0.1).background(0, points.r) is None
    assert WavePacket([0.0], [0.0], 0.1).background(0, points.r) is None


def test_a_wave_packet_is_the_wigner_function_of_a_gaussian_wave():
    """W(x, k) = ∫ψ*(x + s/2)ψ(x - s/2)e^{iks}ds of ψ = exp(-(x - x₀)²/4w² + ik₀x)."""
    w, centre, momentum = 0.7, 0.4, 1.3
    s = np.linspace(-16.0, 16.0, 4001)

    def psi(x):
        return np.exp(-((x - centre) ** 2) / (4 * w**2) + 1j * momentum * x)

    x, k = np.linspace(-1.0, 2.0, 5), np.linspace(0.0, 2.5, 6)
    wave = np.conj(psi(x[:, None] + s / 2)) * psi(x[:, None] - s / 2)
    wigner = (wave @ np.exp(1j * np.outer(s, k))).real * (s[1] - s[0])
    wigner /= 2 * w * math.sqrt(2 * math.pi)  # its value at the centre
    state = WavePacket([centre], [momentum], w)
    points = Points([k[None, :]], np.zeros((2, 5, 6)), 0, {"x": x[:, None]})
    f = state.occupation(points)
    assert f[1] == pytest.approx(wigner, abs=1e-12)
    assert np.all(f[0] == 0)


def test_a_spinor_packet_is_the_wigner_matrix_of_a_spinor_wave():
    """∫dy e^{-iky/ħ} ψ(x + y/2) ψ†(x - y/2) of a Gaussian times χ, by quadrature."""
    hbar, w, centre, momentum = 0.6, 0.7, 0.3, -0.4
    chi = np.array([np.cos(0.4), np.exp(0.9j) * np.sin(0.4)])
    spin = [np.sin(0.8) * np.cos(0.9), np.sin(0.8) * np.sin(0.9), np.cos(0.8)]
    table = {"position": [centre], "momentum": [momentum], "spin": spin, "width": w}
    state = from_table(Initial, {"name": "spinor_packet", **table, "amplitude": 2.0}, "initial")
    state.check(1, 1, ("x",))
    x, k = np.array([-0.2, 0.5])[:, None], np.array([-0.9, -0.3, 0.2])
    n = state.matrix(Points([k], np.zeros((2, 1, 1)), 0, {"x": x}), hbar)
    y, weight = np.linspace(-12, 12, 4001), 24 / 4000

    def wave(x):
        return (2 * np.pi * w**2) ** -0.25 * np.exp(
            -((x - centre) ** 2) / (4 * w**2) + 1j * momentum * x / hbar
        )

    pair = wave(x[..., None] + y / 2) * np.conj(wave(x[..., None] - y / 2))
    symbol = np.sum(pair * np.exp(-1j * k[:, None] * y / hbar), axis=-1) * weight
    matrix = np.einsum("xk,a,b->abxk", symbol, chi, np.conj(chi))
    expected = [matrix[0, 0] + matrix[1, 1], matrix[0, 1] + matrix[1, 0]]
    expected += [1j * (matrix[0, 1] - matrix[1, 0]), matrix[0, 0] - matrix[1, 1]]
    assert n.shape == (4, 2, 3)
    assert np.allclose(n, 0.5 * np.array(expected), rtol=0, atol=1e-13)
    with pytest.raises(InputError, match="superposition of both bands"):
        state.occupation(Points([k], np.zeros((2, 1, 1)), 0, {"x": x}))
    plain, incomplete = assembly.tabulate({"initial": state})
    assert not incomplete
    assert from_table(Initial, plain["initial"], "initial") == state


def test_a_spinor_packet_without_positions():
    state = from_table(
        Initial,
        {"name": "spinor_packet", "momentum": [0.1, 0], "spin": [0, 0, 1], "momentum_width": 0.2},
        "initial",
    )
    state.check(1, 2)
    n = state.matrix(Points([KX[:, None], KY[None, :]], np.zeros((2, 9, 6)), 0), 1.0)
    packet = np.exp(-12.5 * ((KX[:, None] - 0.1) ** 2 + KY**2))
    assert np.allclose(n[[0, 3]], 0.5 * packet, rtol=0, atol=1e-15)
    assert not n[1:3].any()


def test_widths_and_bands_of_a_wave_packet():
    lower = WavePacket([0.5, 0.2], [0.1, 0.2], [0.5, 1.0], 0.3, amplitude=0.8, band="lower")
    f = lower.occupation(plane())
    arguments = ((X[4] - 0.5) / 0.5, (Y[2] - 0.2) / 1.0, (KX[5] - 0.1) / 0.3, (KY[3] - 0.2) / 0.3)
    expected = 0.8 * math.exp(-0.5 * sum(a**2 for a in arguments))
    assert f[0, 4, 2, 5, 3] == pytest.approx(expected, rel=1e-13)
    assert not f[1].any()
    sea = WavePacket([0.5, 0.2], [0.1, 0.2], 0.5, rest="sea").occupation(plane())
    assert np.all(sea[0] == 1)
    assert lower.widths(("x", "y"), 2) == ([0.5, 1.0], [0.3, 0.3])
    default = WavePacket([0, 0], [0, 0, 0], [0.5, 2.0])
    assert default.widths(("x", "z"), 3) == ([0.5, 2.0], [1.0, 1.0, 0.25])
    assert WavePacket([], [0.1], 0.5).occupation(Points([KX], np.zeros((2, 9)), 0))[
        1
    ] == pytest.approx(np.exp(-((KX - 0.1) ** 2) / 2), rel=1e-13)


def test_formulas_in_real_space():
    state = Formula("0.5*(1 + tanh(x/w))", "exp(-kx**2)*sin(y)**2", {"w": 2.0})
    state.check(1, 2, ("x", "y"))
    f = state.occupation(plane())
    assert f[0, 5, 1, 2, 3] == pytest.approx(0.5 * (1 + math.tanh(X[5] / 2)), rel=1e-14)
    expected = math.exp(-(KX[2] ** 2)) * math.sin(Y[1]) ** 2
    assert f[1, 5, 1, 2, 3] == pytest.approx(expected, rel=1e-13)
    with pytest.raises(InputError, match=r"occupations between -3 and 3; they must lie in"):
        Formula("x", 0).occupation(plane())


def test_occupations_of_a_file_have_the_axes_of_the_run(tmp_path):
    path = tmp_path / "last.nc"
    values = np.random.default_rng(1).random((2, 1, 2, 7, 9))
    dimensions = ("snapshot_time", "valley", "band", "x", "kx")
    xarray.Dataset({"occupation": (dimensions, values)}).to_netcdf(path)
    state = FromFile(str(path))
    state.check(1, 1, ("x",))
    assert np.array_equal(state.cells((1, 2, 7, 9)), values[-1])
    with pytest.raises(InputError, match=r"this run needs \(1, 2, 9\)"):
        state.cells((1, 2, 9))


NO_X = "depends on x, but the grid has no axis x; add it to [grid] or take x out of the formula."
REFUSALS = [
    (
        {"name": "fermi_dirac", "chemical_potential": [1, 2, 3], "temperature": 0.1},
        "[initial] chemical_potential has 3 entries, the Hamiltonian 2 valleys; give one for all "
        "or one per valley.",
    ),
    (
        {"name": "fermi_dirac", "chemical_potential": 1, "temperature": -0.1},
        "[initial] temperature = -0.1 must not be negative.",
    ),
    (
        {"name": "local_equilibrium", "chemical_potential": "x", "temperature": 0.1},
        f"[initial] chemical_potential = 'x' {NO_X}",
    ),
    (
        {"name": "local_equilibrium", "chemical_potential": 0, "temperature": [0.1, "1 + x"]},
        f"[initial] temperature = '1 + x' {NO_X}",
    ),
    (
        {"name": "local_equilibrium", "chemical_potential": [0], "temperature": 0.1},
        "[initial] chemical_potential has 1 entry, the Hamiltonian 2 valleys; give one for all "
        "or one per valley.",
    ),
    (
        {"name": "local_equilibrium", "chemical_potential": 0, "temperature": [0.1, -1]},
        "[initial] temperature = (0.1, -1.0) must not be negative.",
    ),
    (
        {"name": "local_equilibrium", "chemical_potential": "kx", "temperature": 0.1},
        "[initial] chemical_potential = 'kx': there is no 'kx' here; allowed are 'x', 'y' and "
        "'z' and numbers, pi and functions. Did you mean 'x'?",
    ),
    (
        {
            "name": "local_equilibrium",
            "chemical_potential": 0,
            "temperature": 1,
            "parameters": {"x": 1},
        },
        "[initial] parameter 'x': the name is taken; choose another one.",
    ),
    (
        {
            "name": "expression",
            "lower": "a",
            "upper": 0,
            "parameters": {"a": "one"},
        },
        "[initial] parameter a = 'one' is not a finite number.",
    ),
    (
        {"name": "expression", "lower": 1, "upper": "exp(-x**2)"},
        f"[initial] upper = 'exp(-x**2)' {NO_X}",
    ),
    (
        {"name": "expression", "lower": 1, "upper": "cos(kz)**2"},
        "[initial] upper = 'cos(kz)**2' depends on kz, but the grid has no axis kz; add it to "
        "[grid] or take kz out of the formula.",
    ),
    (
        {"name": "shifted_fermi_dirac", "chemical_potential": 0, "temperature": 1, "drift": [1]},
        "[initial] drift has 1 component, but the grid has the momentum axes kx, ky: give 2.",
    ),
    (
        {"name": "wave_packet", "position": [0], "momentum": [0, 0], "width": 1},
        "[initial] position has 1 component, but the grid has the r axes y, z: give 2.",
    ),
    (
        {"name": "wave_packet", "position": [0, 0], "momentum": [0, 0], "width": [1, 2, 3]},
        "[initial] width has 3 components, but the grid has the r axes y, z: give 2.",
    ),
    (
        {
            "name": "wave_packet",
            "position": [0, 0],
            "momentum": [0, 0],
            "width": 1,
            "momentum_width": [1],
        },
        "[initial] momentum_width has 1 component, but the grid has the momentum axes kx, ky: "
        "give 2.",
    ),
    (
        {"name": "wave_packet", "position": [0, 0], "momentum": [0, 0], "width": [1, 0]},
        "[initial] width = [1, 0] must be above 0.",
    ),
    (
        {"name": "wave_packet", "position": [0, 0], "momentum": [0, 0], "width": "wide"},
        "[initial] width = 'wide' is not a finite number.",
    ),
    (
        {
            "name": "wave_packet",
            "position": [0, 0],
            "momentum": [0, 0],
            "width": 1,
            "band": "lower",
            "rest": "sea",
        },
        "[initial] rest = 'sea' fills the lower band: no packet fits into it; take band = "
        "'upper' or rest = 'empty'.",
    ),
    (
        {
            "name": "spinor_packet",
            "position": [0, 0],
            "momentum": [0, 0],
            "width": 1,
            "spin": [1, 1, 0],
        },
        "[initial] spin = [1.0, 1.0, 0.0] must be three numbers with |s| <= 1.",
    ),
    (
        {"name": "spinor_packet", "position": [0, 0], "momentum": [0, 0], "spin": [1, 0, 0]},
        "[initial] width is missing: give w of the r axes.",
    ),
    (
        {
            "name": "spinor_packet",
            "position": [0, 0],
            "momentum": [0, 0],
            "width": 1,
            "spin": [1, 0, 0],
        },
        "[initial] momentum_width is missing: kx has no r axis whose width w would give ħ/2w.",
    ),
    (
        {"name": "gaussian", "centre": [0, 0], "width": 1, "band": ["upper"]},
        "[initial] band = ['upper']: write 'upper' or 'lower'.",
    ),
]


@pytest.mark.parametrize(("table", "sentence"), REFUSALS)
def test_refusals(table, sentence):
    """On a grid of y, z, kx, ky and a Hamiltonian of two valleys."""
    with pytest.raises(InputError) as caught:
        from_table(Initial, table, "initial").check(2, 2, ("y", "z"))
    assert str(caught.value) == sentence


def test_profiles_that_fail_on_the_grid_are_refused():
    points = plane()
    for state, sentence in (
        (LocalEquilibrium(0, "0.1*x"), r"temperature = '0.1\*x' falls to -0.3 on the grid"),
        (LocalEquilibrium("1/x", 0.1), r"chemical_potential = '1/x' is not finite everywhere"),
        (LocalEquilibrium("z", 0.1), r"depends on z, but the grid has no axis z"),
    ):
        with pytest.raises(InputError, match=sentence):
            state.occupation(points)


def test_a_packet_in_a_homogeneous_run_has_no_position():
    with pytest.raises(InputError, match="no r axes: without them 'gaussian' is the packet"):
        WavePacket([0.0], [0.0], 1.0).check(1, 1)
    table = {"name": "wave_packet", "momentum": [0.0], "width": 1.0}
    with pytest.raises(InputError) as caught:
        from_table(Initial, table, "initial")
    assert str(caught.value) == (
        "[initial] position is missing: 'wave_packet' needs it (without r axes 'gaussian' is the "
        "packet)."
    )


def test_formulas_that_are_no_numbers_say_where():
    k = np.linspace(-1.0, 1.0, 5)
    points = Points([k], np.zeros((2, 5)), 0)
    for lower, place in (("sin(kx)/kx", "kx = 0"), ("0.2 + 0.1*sqrt(kx + 0.4)", "kx = -1")):
        with pytest.raises(InputError) as caught:
            Formula(lower, 0.5).occupation(points)
        assert f"lower: the formula is not a finite number at {place}:" in str(caught.value)
        assert "between" not in str(caught.value)
