"""How near a run comes to the end of the gradient expansion: closed forms, records, warnings."""

from __future__ import annotations

import numpy as np
import pytest

from kinetic import reporting
from kinetic.applicability import Sample, assess, drive_frequency
from kinetic.equation import Equation
from kinetic.fields import Fields
from kinetic.grid import Grid
from kinetic.hamiltonians import ExpressionModel, MassiveDirac, SpinSpiral
from kinetic.initial import FermiDirac, Formula
from kinetic.simulation import Simulation
from kinetic.system import System

PLANE = {"kx": [-2.0, 2.0, 81], "ky": [-2.0, 2.0, 81]}
LINE = {"kx": [-2.0, 2.0, 41]}
RING = {"x": [0.0, 2 * np.pi, 32]}


def system(hamiltonian, axes, hbar=1.0, **fields):
    return System(
        Grid.from_table(axes),
        hamiltonian,
        Formula("1", "0"),
        Fields(**fields),
        Equation(hbar=hbar, threads=1),
    )


def numbers(whole, time=0.0, omega=0.0):
    """The numbers of a system whose bands differ by one electron everywhere."""
    sample = Sample.of(whole)
    return assess(whole, sample, np.ones((whole.valleys, *whole.grid.shape)), time, omega)


def test_a_massive_dirac_cone_in_a_magnetic_field():
    """F = ħbm/E³, ħ|{Δ, m}|/Δ = ħbk/E³, √(ħb) 2/(2E): at k = 0, m/√2 and 0."""
    mass, b, hbar = 0.5, 0.03, 0.7
    found = numbers(system(MassiveDirac(mass=mass), PLANE, hbar, B=b))
    assert found.curvature == pytest.approx(hbar * b / mass**2, rel=1e-12)
    k = mass / np.sqrt(2.0)
    assert found.gradient == pytest.approx(hbar * b * k / (1.5 * mass**2) ** 1.5, rel=2e-3)
    assert found.magnetic == pytest.approx(np.sqrt(hbar * b) / mass, rel=1e-12)
    assert found.turning == 0.0
    assert found.tunnelling == 0.0


def test_a_force_turns_the_bands_and_makes_them_tunnel():
    """ħ|e·∂m|/Δ = ħe/2m² and P = exp(-πm²/ħve): .24323 for m = .3, e = .2 (v = ħ = 1)."""
    found = numbers(system(MassiveDirac(mass=0.3), PLANE, E=(0.2, 0.0)))
    assert found.turning == pytest.approx(0.2 / (2 * 0.3**2), rel=1e-12)
    assert found.tunnelling == pytest.approx(0.24323, abs=1e-5)
    less = numbers(system(MassiveDirac(mass=0.3), PLANE, 0.5, E=(0.2, 0.0)))
    assert less.tunnelling == pytest.approx(found.tunnelling**2, rel=1e-12)
    assert less.turning == pytest.approx(0.5 * found.turning, rel=1e-12)


def test_a_tilt_drifts_across_the_magnetic_field():
    """d₀ = αk_y: v̄ × b = (αb, 0) turns the bands like that force."""
    tilted = ExpressionModel(d=["kx", "ky", "0.4"], d0="0.3*ky")
    found = numbers(system(tilted, PLANE, B=0.05))
    pushed = numbers(system(MassiveDirac(mass=0.4), PLANE, E=(0.3 * 0.05, 0.0)))
    assert found.turning == pytest.approx(pushed.turning, rel=1e-12)


def test_a_gap_swept_in_time_tunnels_as_one_swept_in_momentum():
    """Landau and Zener: P = exp(-πg²/ħ|ḋ|) at the crossing, d = (g, 0, at)."""
    swept = ExpressionModel(d=["0.3 + 0*kx", "0", "0.2*t"])
    found = numbers(system(swept, LINE, hbar=0.8))
    assert found.tunnelling == pytest.approx(np.exp(-np.pi * 0.09 / (0.8 * 0.2)), rel=1e-12)
    assert found.turning == pytest.approx(0.8 * 0.2 / (2 * 0.09), rel=1e-12)


def test_a_texture_is_passed_by_the_mean_motion():
    """d₀ = vk_x, φ = u cos x, m turning in x and k: F = ħF_xk."""
    model = ExpressionModel(d=["cos(x)", "sin(x)", "kx"], d0="0.5*kx")
    hbar = 0.6
    found = numbers(system(model, {**RING, **LINE}, hbar))
    # At k = 0: |∂_x m| = 1, Δ = 2; F_xk = m·(∂_x m × ∂_k m) = -1/E³
    assert found.turning == pytest.approx(hbar * 0.5 / 2, rel=1e-12)
    assert found.curvature == pytest.approx(hbar, rel=1e-12)
    # {Δ, m} = ∂_kΔ ∂_x m: (2k/E)(1/E) over 2E, largest at k = 1/√2
    assert found.gradient == pytest.approx(hbar * np.sqrt(0.5) / 1.5**1.5, rel=5e-3)
    pushed = numbers(system(model, {**RING, **LINE}, hbar, phi="0.2*cos(x)"))
    # e·∂_k m is orthogonal to v ∂_x m at k = 0
    steepest = 0.2 * np.abs(np.sin(system(model, {**RING, **LINE}).grid.axes[0].centres)).max()
    assert pushed.turning == pytest.approx(hbar * np.hypot(0.5, steepest) / 2, rel=1e-12)


def test_bands_that_hold_the_same_do_not_count():
    whole = system(MassiveDirac(mass=0.5), PLANE, E=(0.1, 0.0), B=0.03)
    found = assess(whole, Sample.of(whole), np.zeros((1, *whole.grid.shape)), 0.0, 3.0)
    assert not any(vars(found).values())


def test_large_grids_are_looked_at_in_part():
    few = Sample.of(system(MassiveDirac(mass=0.5), PLANE), 1000)
    assert np.prod([len(x.ravel()) for x in few.k]) <= 1000
    assert 0.0 in few.k[0]


# --- the drives -----------------------------------------------------------------------------


@pytest.mark.parametrize("pulse", ["0.1*sin(2.5*t)", "0.3 + 0.1*cos(2.5*t + 0.4)"])
def test_the_frequency_of_a_sine(pulse):
    """ħω/Δ with the frequency of the sine; exact over whole periods, also when sampled rarely."""
    whole = system(MassiveDirac(mass=0.5), PLANE, 0.8, E=(pulse, 0.0))
    for periods in (4, 900):
        omega = drive_frequency(whole, 0.0, periods * 2 * np.pi / 2.5)
        assert omega == pytest.approx(2.5, rel=2e-3)
    assert numbers(whole, omega=2.5).frequency == pytest.approx(0.8 * 2.5 / (2 * 0.5), rel=1e-12)


def test_the_frequency_of_a_pulse_is_its_carrier():
    pulse = {"pulse": "few_cycle", "amplitude": 0.1, "centre": 20, "duration": 30, "frequency": 2}
    whole = system(MassiveDirac(mass=0.5), PLANE, E=(pulse, 0.0))
    assert drive_frequency(whole, 0.0, 40.0) == pytest.approx(2.0, rel=0.02)


def test_the_frequency_of_a_gaussian_magnetic_pulse():
    """∫|∂ₜX|²/∫|X|² of exp(-t²/2w²) is 1/2w²; its constant part is small in a long run."""
    whole = system(MassiveDirac(mass=0.5), PLANE, B="0.01*exp(-(t - 200)**2/2)")
    assert drive_frequency(whole, 0.0, 400.0) == pytest.approx(np.sqrt(0.5), rel=5e-3)


def test_a_turning_texture_has_its_frequency():
    spiral = SpinSpiral(coupling=0.6, exchange=0.8, wave_vector=(0.25, 0.0), frequency=0.7)
    axes = {"x": [0.0, 8 * np.pi, 16], **LINE}
    assert drive_frequency(system(spiral, axes), 0.0, 45.0) == pytest.approx(0.7, rel=0.03)


@pytest.mark.parametrize("pulse", ["0.2", "0.01*t", "0.1*sin(0.05*t)"])
def test_what_goes_through_no_cycle_has_no_frequency(pulse):
    whole = system(MassiveDirac(mass=0.5), PLANE, E=(pulse, 0.0))
    assert drive_frequency(whole, 0.0, 10.0) == 0.0
    assert drive_frequency(whole, 0.0, 0.0) == 0.0


# --- in a run -------------------------------------------------------------------------------


def driven(level="dressed", stop=6.0, every=1.5, frequency=3.0):
    return Simulation(
        {"kx": [-1.5, 1.5, 17], "ky": [-1.5, 1.5, 17]},
        MassiveDirac(mass=0.5),
        FermiDirac(0.2, 0.1),
        fields={"E": [f"0.04*sin({frequency}*t)", 0.01], "B": 0.02},
        equation={"level": level, "threads": 1},
        stop=stop,
        every=every,
        stepping={"step": 0.05},
    )


def figures(run):
    """Values and warnings by name."""
    return {name: (value, words) for name, value, words in reporting.validity(run.evolution)}


@pytest.mark.parametrize("level", ["boltzmann", "projected", "dressed"])
def test_every_level_records_the_numbers(level):
    data = driven(level).run(progress=False)
    names = [f"applicability_{n}" for n in ("curvature", "gradient", "turning", "tunnelling")]
    for name in names:
        assert data[name].dims == ("time",)
        assert data[name].attrs["formula"].startswith("max ")
        assert np.all(data[name] > 0.0)
        assert np.all(data[name] < 1.0)
    frequency = data.applicability_frequency.values
    assert frequency[0] == 0.0  # nothing has gone through a cycle
    # Half full and half empty somewhere: the contrast at the edge of the gap is near one.
    assert frequency[-1] == pytest.approx(3.0 / 1.0, rel=0.25)
    assert "ħω/Δ" in data.attrs["warnings"]


def test_records_do_not_depend_on_how_long_the_run_will_be():
    short, long = (driven(stop=stop).run(progress=False) for stop in (3.0, 6.0))
    for name in short:
        if str(name).startswith("applicability"):
            assert np.array_equal(short[name], long[name][: short.sizes["time"]])


def test_nodes_and_glued_cells_do_not_count():
    run = Simulation(
        {k: [-1.0, 1.0, 9] for k in ("kx", "ky", "kz")},
        {"name": "weyl"},
        {"name": "fermi_dirac", "chemical_potential": 0.4, "temperature": 0.05},
        fields={"E": [0, 0, 0.002], "B": [0, 0, 0.01]},
        equation={"node_radius": 0.3, "threads": 1},
        stop=0.1,
        observables=["applicability"],
    )
    data = run.run(progress=False)
    assert float(data.applicability_curvature.max()) < 0.01 / 0.3**2
    assert float(data.applicability_tunnelling.max()) < 1e-6


def test_fast_drives_are_warned_of_and_slow_ones_not():
    value, words = figures(driven())["max ħω/Δ of the drives"]
    assert float(value) > 0.5
    assert "lower the frequency" in words
    assert "max ħω/Δ of the drives" not in figures(driven(frequency=0.2))


@pytest.mark.parametrize("level", ["matrix", "moyal"])
def test_exact_runs_tell_whether_a_kinetic_one_would_do(level):
    def verdict(frequency):
        run = Simulation(
            {"kx": [-np.pi, np.pi, 32]},
            ExpressionModel(d=["0.5 + 0.5*cos(kx)", "0.5*sin(kx)", "0.3"], bounded=True),
            FermiDirac(0.0, 0.1),
            fields={"E": [f"0.02*sin({frequency}*t)"]},
            equation={"level": level, "threads": 1},
            stop=10.0,
            observables=["applicability"],
        )
        data = run.run(progress=False)
        assert not data.attrs["warnings"]
        assert "applicability_turning" in data
        told = {n: v for n, (v, _) in figures(run).items() if n.startswith("whether a kinetic")}
        return next(iter(told.values()))

    assert verdict(0.1) == "yes"
    assert verdict(2.0).startswith("no: max ħω/Δ of the drives = ")


def test_the_numbers_of_exact_and_kinetic_runs_agree():
    found = {}
    for level in ("dressed", "moyal"):
        run = Simulation(
            {"x": [0.0, 2 * np.pi, 24], "kx": [-np.pi, np.pi, 24]},
            ExpressionModel(
                d=["0.5*sin(kx) + 0.5*cos(x)", "0.4*cos(kx - 0.4) + 0.5*sin(x)", "1.2"],
                d0="0.3*cos(kx)",
                bounded=True,
            ),
            FermiDirac(0.3, 0.5),
            equation={"level": level, "hbar": 0.2, "threads": 1},
            stop=0.2,
            every=0.1,
            observables=["applicability"],
        )
        data = run.run(progress=False)
        names = [f"applicability_{n}" for n in ("curvature", "gradient", "turning")]
        found[level] = np.array([data[name].values for name in names])
    assert np.all(found["dressed"] > 0.0)
    assert found["moyal"] == pytest.approx(found["dressed"], rel=0.02)
