"""Linear response: Drude and Zener, Hall, heat, Středa, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from scipy.integrate import quad
from scipy.special import spence

from kinetic.cli import main
from kinetic.errors import InputError
from kinetic.response import respond
from kinetic.response.gradient import entropy, second_moment
from kinetic.response.transform import dying, transformed

PARABOLA = {
    "grid": {"kx": [-2.0, 2.0, 28], "ky": [-2.0, 2.0, 28]},
    "hamiltonian": {
        "name": "rashba",
        "mass": 1.0,
        "coupling": 0.0,
        "zeeman": [0.0, 0.0, 5.0],
    },
    "fields": {"E": [0.3, 0.1], "B": 0.4},
    "equation": {"scheme": "linear5"},
    "initial": {"name": "fermi_dirac", "chemical_potential": -4.5, "temperature": 0.12},
    "collisions": [{"name": "relaxation_time", "tau": 3.0}],
    "time": {"stop": 42.0},
}
DIRAC = {
    "grid": {"kx": [-2.0, 2.0, 32], "ky": [-2.0, 2.0, 32]},
    "hamiltonian": {"name": "massive_dirac", "mass": 0.5},
    "equation": {"scheme": "linear5"},
    "initial": {"name": "fermi_dirac", "chemical_potential": 0.8, "temperature": 0.1},
    "collisions": [{"name": "relaxation_time", "tau": 2.0}],
    "time": {"stop": 36.0, "stepper": "ssprk3"},
}

CHAIN = {"name": "expression", "d": ["0", "0", "5"], "d0": "-cos(kx)", "bounded": True}


@pytest.fixture(scope="module")
def drude():
    return respond(PARABOLA, samples=84)


@pytest.fixture(scope="module")
def dirac():
    return respond(DIRAC, ["thermoelectric", "streda"], samples=60, errors=False)


def test_transform_of_an_exponential_is_that_of_drude():
    """S = σ₀[1 - e^{-t/τ}] + a: σ(ω) = a + σ₀/(1 - iωτ), to the spline's (Δt/τ)⁴/100."""
    times, tau = np.linspace(0.0, 40.0, 401), 2.0
    omega = np.linspace(0.0, 5.0, 11)
    sigma = transformed(times, 0.3 + 1.5 * (1.0 - np.exp(-times / tau)), omega)
    assert np.abs(sigma - 0.3 - 1.5 / (1.0 - 1j * omega * tau)).max() <= 1.5 * 0.05**3 / 10


@pytest.mark.parametrize(("rate", "dies"), [(1.0, True), (0.2, True), (0.01, False)])
def test_what_is_left_after_the_run_is_bounded(rate, dies):
    """The bound must not lie below the truth e^{-ΓT}, and must tell a run that is too short."""
    times = np.linspace(0.0, 30.0, 301)
    found, left = dying(1.0 - np.exp(-rate * times), 1.0)
    assert found is dies
    assert left >= 0.99 * np.exp(-rate * 30.0)


def test_drude_and_zener_over_all_frequencies(drude):
    """σ₀(1 - iωτ)/[(1 - iωτ)² + (ω_cτ)²]: the parabola makes the equation of the current exact.

    What is left is the grid's: f of width T/v h = 0.6 cells is resolved to 1e-4, which also
    limits n.  A sign of b or of e^{-iωt} would show at once.
    """
    density = 1.0 / drude.number("hall_coefficient").value
    delay = 1.0 - 3j * drude.omega
    expected = density * 3.0 * delay / (delay**2 + 1.2**2)
    crossed = density * 3.0 * 1.2 / (delay**2 + 1.2**2)
    largest = np.abs(expected).max()
    assert drude.damping == 0.0
    assert np.abs(drude.conductivity[:, 0, 0] - expected).max() <= 1e-3 * largest
    assert np.abs(drude.conductivity[:, 0, 1] - crossed).max() <= 1e-3 * largest
    assert np.abs(drude.conductivity[:, 1, 0] + crossed).max() <= 1e-3 * largest


def test_hall_coefficient_is_one_over_the_density(drude):
    """R_H = 1/n with n by quadrature of the Fermi function; the same error of the grid."""
    mu, temperature = 0.5, 0.12
    density = temperature * np.log1p(np.exp(mu / temperature)) / (2.0 * np.pi)
    found = drude.number("hall_coefficient")
    assert found.value * density == pytest.approx(1.0, abs=2e-3)
    assert found.error < 1e-3 * found.value
    assert np.tan(drude.number("hall_angle").value) == pytest.approx(1.2, rel=1e-3)
    assert abs(drude.number("hall_resistivity_even").value) <= 1e-6


def test_errors_are_told_apart_and_even_parts_removed(drude):
    assert drude.even <= 1e-6
    assert set(drude.errors) == {"force", "step", "sampling", "window"}
    assert np.all(drude.error > 0.0)
    assert np.all(drude.error <= 1e-2 * np.abs(drude.conductivity).max())
    data = drude.dataset()
    assert data.conductivity_real.dims == ("omega", "row", "column")
    assert data.conductivity_real.attrs["units"] == "1/hbar"
    assert list(data.row.values) == ["x", "y"]
    assert "σ_xx" in drude.table()


def energies(power, tau=2.0, mass=0.5, mu=0.8, temperature=0.1):
    """τ ∫dε (ε - μ)^p (-f') (ε² - m²)/4π|ε| over both bands of the cone."""

    def integrand(e):
        slope = 0.25 / temperature / np.cosh(0.5 * (e - mu) / temperature) ** 2
        return (e - mu) ** power * slope * (e * e - mass * mass) / (4.0 * np.pi * abs(e))

    whole = (quad(integrand, mass, 4.0, epsabs=1e-13), quad(integrand, -4.0, -mass, epsabs=1e-13))
    return tau * sum(part[0] for part in whole)


def test_thermoelectric_coefficients_of_massive_dirac_electrons(dirac):
    """Against quadrature over energy; O(h⁴) of 32 cells: 3e-4 of α at T = .08, less here."""
    sigma, first, second = (energies(power) for power in range(3))
    assert dirac.number("sigma_xx").value == pytest.approx(sigma, rel=1e-3)
    assert dirac.number("alpha_xx").value == pytest.approx(first / 0.1, rel=2e-3)
    hall, nernst = (dirac.number(f"{name}_xy").value for name in ("sigma", "alpha"))
    along = (sigma * first / 0.1 + hall * nernst) / (sigma**2 + hall**2)
    assert dirac.number("seebeck_xx").value == pytest.approx(along, rel=2e-3)
    peltier = dirac.number("peltier_xx").value  # Kelvin: Π = T S
    assert peltier == pytest.approx(0.1 * dirac.number("seebeck_xx").value, rel=1e-3)
    # κ₀ alone is ∫(ε-μ)²/T; taken off is Π_e σ⁻¹ α with its Hall parts
    s = np.array([[sigma, hall], [-hall, sigma]])
    a = np.array([[first / 0.1, nernst], [-nernst, first / 0.1]])
    kappa = second / 0.1 - (0.1 * a @ np.linalg.solve(s, a))[0, 0]
    assert dirac.number("kappa_xx").value == pytest.approx(kappa, rel=3e-3)


def test_anomalous_nernst_is_the_entropy_of_the_curvature(dirac):
    """α_xy = Σ_s∫q_s B_k s(f): trapezoid on a fine grid; B = m/E³, q = -s/2."""
    k = (np.arange(400) + 0.5) / 100.0 - 2.0
    energy = np.sqrt(k[:, None] ** 2 + k**2 + 0.25)
    x = np.stack([-energy, energy])
    berry = 0.5 / energy**3
    weighed = (entropy((x - 0.8) / 0.1) * np.array([0.5, -0.5])[:, None, None]).sum(axis=0)
    flux = np.sum(weighed * berry) * 1e-4 / (2.0 * np.pi) ** 2
    assert abs(dirac.number("alpha_xy").value) == pytest.approx(abs(flux), rel=2e-3)
    # j = -e × flux, as the Hall current
    assert dirac.number("alpha_xy").value * flux < 0.0


def test_streda_is_the_intrinsic_hall_conductivity(dirac):
    """∂ρ/∂b at frozen f = σ_xy (Streda, J. Phys. C 15, L717 (1982)); sums differ by O(h²)."""
    assert dirac.number("streda").value == pytest.approx(dirac.number("sigma_xy").value, rel=1e-2)


def test_moments_of_the_fermi_function():
    """Against quadrature; deep in the sea s = 0 and c₂ = π²/3."""
    for x in (-40.0, -1.3, 0.0, 0.7, 5.0):
        slope = lambda y: y * y * 0.25 / np.cosh(0.5 * min(abs(y), 300.0)) ** 2  # noqa: E731
        assert second_moment(np.array(x)) == pytest.approx(quad(slope, x, 60.0)[0], abs=1e-8)
        f = 1.0 / (np.exp(x) + 1.0)
        if abs(x) < 10.0:
            direct = -f * np.log(f) - (1.0 - f) * np.log(1.0 - f)
            assert entropy(np.array(x)) == pytest.approx(direct, rel=1e-12)
    assert spence(2.0) == pytest.approx(-(np.pi**2) / 12.0)


def test_currents_that_never_end_have_a_drude_weight():
    """No collisions, b = 0: D = n/m, and σ(ω + iη) = iD/(ω + iη)."""
    tables = {**PARABOLA, "fields": {}, "time": {"stop": 20.0}}
    found = respond({k: v for k, v in tables.items() if k != "collisions"}, samples=60)
    weight = found.number("drude_weight_xx").value
    expected = 1j * weight / (found.omega + 1j * found.damping)
    # e^{-7} of the answer is cut off at the end of the run
    assert np.abs(found.conductivity[:, 0, 0] - expected).max() <= 2e-3 * np.abs(expected).max()
    assert abs(found.number("sigma_instantaneous_xy").value) <= 1e-9 * weight
    with pytest.raises(InputError, match="steady"):
        respond({k: v for k, v in tables.items() if k != "collisions"}, ["hall"], errors=False)


@pytest.mark.parametrize(
    ("changes", "what", "words"),
    [
        ({}, ["hal"], "did you mean 'hall'"),
        (
            {"grid": {"kx": [-2.0, 2.0, 8], "ky": [-2.0, 2.0, 8], "x": [0.0, 1.0, 6]}},
            [],
            "homogeneous",
        ),
        ({"fields": {"B": ["0", "0", "0.1*sin(t)"]}}, [], "constant B"),
        (
            {"hamiltonian": {**PARABOLA["hamiltonian"], "zeeman": [0, 0, "5+sin(t)"]}},
            [],
            "at rest",
        ),
        ({"fields": {}}, ["magnetoconductivity"], "--magnetic"),
        ({"grid": {"kx": ["-pi", "pi", 16]}, "fields": {}, "hamiltonian": CHAIN}, ["hall"], "ky"),
        ({"equation": {"level": "boltzmann"}}, ["streda"], "Berry curvature"),
        ({"equation": {"level": "moyal"}}, [], "occupations"),
    ],
)
def test_what_has_no_response_is_refused_in_a_sentence(changes, what, words):
    with pytest.raises(InputError) as caught:
        respond({**PARABOLA, **changes}, what, samples=30, errors=False)
    assert words in str(caught.value)


def test_frequencies_beyond_the_samples_are_refused():
    with pytest.raises(InputError, match="samples"):
        respond(PARABOLA, omega=[0.0, 50.0], samples=30, errors=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"omega": [0.0, np.nan]}, "--omega nan"),
        ({"omega": [np.inf]}, "--omega inf"),
        ({"omega": []}, "--omega"),
        ({"magnetic": [np.nan]}, "--magnetic nan"),
        ({"what": ["magnetoconductivity"], "magnetic": [0.0]}, "--magnetic 0"),
        ({"force": 0.0}, "--field 0"),
        ({"force": np.nan}, "--field nan"),
    ],
)
def test_numbers_that_are_none_are_refused_before_anything_runs(monkeypatch, arguments, words):
    monkeypatch.setattr("kinetic.response.measure.Probe", None)
    with pytest.raises(InputError) as caught:
        respond(PARABOLA, **arguments)
    assert words in str(caught.value)


def test_what_no_error_holds_is_noted(drude, dirac):
    """A sea that ends at the cutoff is told of; a parabola has none."""
    assert any("momentum grid" in note for note in drude.notes)
    assert not any("cutoff" in note for note in drude.notes)
    assert any("cutoff" in note for note in dirac.notes)


def test_errors_that_were_not_estimated_are_not_told(dirac):
    assert not dirac.estimated
    assert "error" not in dirac.table()
    data = dirac.dataset()
    assert not [name for name in data if "error" in name]
    assert "error" not in data.sigma_xx.attrs


def test_sea_of_a_massive_cone_inside_a_square():
    """σ_xy(t=0) of the gap: (1/π) atan(L²/(m√(m² + 2L²))) of 1/2πħ; O(h⁴) of 24 cells."""
    initial = {**DIRAC["initial"], "chemical_potential": 0.0, "temperature": 0.03}
    grid = {"kx": [-2.0, 2.0, 24], "ky": [-2.0, 2.0, 24]}
    tables = {**DIRAC, "grid": grid, "initial": initial, "collisions": [], "time": {"stop": 2.0}}
    found = respond(tables, samples=20, errors=False)
    share = np.arctan(4.0 / (0.5 * np.sqrt(0.25 + 8.0))) / np.pi
    value = found.answers[0, 0, 1]
    assert abs(value) == pytest.approx(share / (2.0 * np.pi), rel=1e-3)


def test_command_writes_table_data_and_figure(tmp_path, capsys):
    import tomli_w

    file, out, figure = (tmp_path / name for name in ("run.toml", "out.nc", "out.png"))
    tables = {**PARABOLA, "grid": {"kx": [-2.0, 2.0, 12], "ky": [-2.0, 2.0, 12]}}
    file.write_text(tomli_w.dumps(tables), encoding="utf-8")
    arguments = [
        "response",
        str(file),
        "-o",
        str(out),
        "--figure",
        str(figure),
        "--samples",
        "40",
    ]
    assert main([*arguments, "--no-errors", "--omega", "0", "0.4"]) == 0
    printed = capsys.readouterr().out
    assert "σ_xx" in printed
    assert "error of" not in printed.splitlines()[0]
    assert "momentum grid is not included" in printed
    assert "R_H" in printed
    assert figure.exists()
    with xarray.open_dataset(out) as data:
        assert data.sizes["omega"] == 2
        assert data.hall_coefficient.attrs["units"] == "length^2"
    assert main([*arguments, "--no-errors"]) == 2
    assert "exists" in capsys.readouterr().err
    assert main(["response", str(file), "--what", "nothing", "--no-figure"]) == 2
    assert "--what nothing" in capsys.readouterr().err
