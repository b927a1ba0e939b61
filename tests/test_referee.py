"""A run beside exact quantum dynamics: orders in ħ, verdicts, refusals, exit codes."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import xarray

from kinetic import cli, config
from kinetic.applicability import Applicability
from kinetic.errors import InputError
from kinetic.grid import Axis
from kinetic.referee import QUANTITIES, Comparison, compare, runs
from kinetic.referee.quantities import merged

RUN = """title = "A generic texture at rest"
[grid]
x = ["0", "2*pi", 24]
kx = ["-pi", "pi", 24]
[hamiltonian]
name = "expression"
d0 = "0.3*cos(kx + 0.5) + 0.25*sin(x)"
d = [
    "0.5*sin(kx) + 0.5*cos(x)",
    "0.4*cos(kx - 0.4) + 0.5*sin(x + 0.3)",
    "1.2 + 0.3*cos(kx) + 0.3*cos(x - 0.7)",
]
bounded = true
[equation]
level = "projected"
scheme = "linear5"
hbar = 0.3
threads = 1
[initial]
name = "expression"
lower = "0.65 + 0.2*cos(kx + 0.3)*cos(x - 0.4)"
upper = "0.3 + 0.1*sin(kx - x)"
[time]
stop = 0.5
stepper = "ssprk104"
"""


@pytest.fixture
def kinetic(capsys, tmp_path, monkeypatch):
    """Call a command in a folder with the run file: exit code, output, complaints."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.toml").write_text(RUN)

    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out, printed.err

    return call


def tables(tmp_path, *overrides):
    path = tmp_path / "run.toml"
    path.write_text(RUN)
    return config.override(config.read(path), overrides)


# --- the physics ----------------------------------------------------------------------------


def test_what_keeps_all_terms_errs_at_second_order_and_what_lacks_some_at_first(tmp_path):
    """The Berry curvature is O(ħ): without it n_s is off by O(ħ), with it by O(ħ²)."""
    found = {
        level: compare(tables(tmp_path, f"equation.level={level}"), [0.3, 0.15])
        for level in ("boltzmann", "projected", "dressed")
    }
    assert found["boltzmann"].order == pytest.approx(1.0, abs=0.1)
    for level in ("projected", "dressed"):
        assert found[level].order == pytest.approx(2.0, abs=0.3)
        assert found[level].errors["n_s"][-1] < 0.1 * found["boltzmann"].errors["n_s"][-1]
        assert found[level].grid["n_s"] < 0.3 * found[level].errors["n_s"][-1]
        assert found[level].trusted
        assert 0.0 < found[level].numbers.curvature < 0.3
    assert set(found["dressed"].errors) == set(QUANTITIES)


def test_the_command_prints_the_table_writes_the_errors_and_draws(kinetic, tmp_path):
    arguments = ("--hbar", 0.3, 0.15, "--output", "errors.nc", "-o", "picture.png")
    code, out, err = kinetic("referee", "run.toml", *arguments)
    assert (code, err) == (0, "")
    assert "level 'projected' beside 'moyal' at t = 0.5" in out
    assert out.count("At ħ = 0.3 the level 'projected' is off by") == 1
    assert "it can be trusted to 1 %." in out
    assert (tmp_path / "picture.png").stat().st_size > 10_000
    with xarray.open_dataset(tmp_path / "errors.nc") as data:
        assert data["error"].dims == ("hbar", "quantity")
        assert list(data["hbar"]) == [0.3, 0.15]
        row = next(line.split() for line in out.splitlines() if line.split()[:1] == ["0.15"])
        assert float(row[1]) == pytest.approx(float(data["error"][1, 0]), rel=0.01)
        assert float(row[2]) == pytest.approx(float(data["order"][1, 0]), abs=0.01)
        assert data.attrs["verdict"] in out
    code, _, err = kinetic("referee", "run.toml", *arguments)
    assert code == 2
    assert "--force" in err


def test_what_cannot_be_trusted_has_exit_code_3(kinetic, tmp_path):
    options = ("--hbar", 0.3, "--tolerance", 1e-6, "--quiet", "--no-figure")
    code, out, err = kinetic("referee", "run.toml", *options, "--set", "grid.x=['0', '2*pi', 16]")
    assert (code, err) == (3, "")
    assert out.count("\n") == 1
    assert "it cannot be trusted to 1.0e-06" in out
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["equation.level=moyal"], "name the level to judge"),
        (['hamiltonian.d=["sin(kx)*cos(x)", "0.3", "1"]'], "A(kx) + V(x)"),
        (
            ["collisions=[{name='relaxation_time', tau=5, chemical_potential=0, temperature=1}]"],
            "no collisions",
        ),
        (
            ['grid.x={lower = 0, upper = 6.28, cells = 16, boundary = "specular"}'],
            "x ends in a wall",
        ),
    ],
)
def test_a_run_that_the_exact_dynamics_cannot_follow_is_refused_by_name(
    kinetic, overrides, words
):
    options = [part for override in overrides for part in ("--set", override)]
    code, out, err = kinetic("referee", "run.toml", "--no-figure", *options)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("kinetic: run.toml: ")
    assert words in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("missing.toml",),
        (),
        ("run.toml", "--hbar", "0.1", "0.1"),
        ("run.toml", "--hbar", "-1"),
        ("run.toml", "--hbar", "nan"),
        ("run.toml", "--hbar", "small"),
        ("run.toml", "--tolerance", "0"),
        ("run.toml", "--reference", "dressed"),
        ("run.toml", "-o", "x.gif"),
        ("run.toml", "-o", "x.png", "--no-figure"),
        ("run.toml", "--set", "hamiltonian.rte=1"),
    ],
)
def test_mistakes_have_exit_code_2(kinetic, arguments):
    code, out, err = kinetic("referee", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_what_cannot_be_written_has_exit_code_4(kinetic):
    for option in ("-o", "--output"):
        code, _, err = kinetic("referee", "run.toml", option, "no/such/x.png")
        assert code == 4
        assert "no folder" in err


# --- words ----------------------------------------------------------------------------------

HBAR = (0.2, 0.1, 0.05)


def made(factor=0.1, power=2.0, floor=0.0, level="projected", **changes):
    """A comparison with the errors factor·ħ^power + floor."""
    errors = {name: factor * np.array(HBAR) ** power + floor for name in QUANTITIES}
    largest = {name: 3.0 * values for name, values in errors.items()}
    grid = {"n_s": floor, "f_s": floor}
    whole = Comparison(
        level, "moyal", 1.0, HBAR, errors, largest, grid, Applicability(), 0.01, "t"
    )
    return dataclasses.replace(whole, **changes)


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (made(), "order 2.00 in ħ: the gradient expansion converges): it can be trusted to 1 %."),
        (made(0.9), "it cannot be trusted to 1 %, but at ħ = 0.1 it can."),
        (made(9.0), "it cannot be trusted to 1 %; take level = 'moyal'"),
        (made(0.01, 1.0, level="boltzmann"), "where the Berry curvature is left out"),
        (made(1.0, 1.0, level="boltzmann"), "take 'projected' or 'dressed'"),
        (made(0.01, 1.2), "order 1.20 in ħ and not 2: ħ is too large for the expansion"),
        (
            made(0.01, 1.2, numbers=Applicability(tunnelling=0.3, frequency=2.0)),
            "with Landau-Zener tunnelling of 0.3 and ħω/Δ = 2 where the bands differ",
        ),
        (made(0.0, 2.0, 0.004), "that is the error of its grid, about 0.4 % in n_s"),
        (made(0.0), "it is exact here): it can be trusted"),
        (made(0.0, 2.0, 0.004, grid={}), "does not come from ħ; refine the grid"),
        (
            made(errors={name: np.array([3e-3, 4e-3, 1e-3]) for name in QUANTITIES}),
            "order 2.00 in ħ only below ħ = 0.1: ħ is too large for the expansion",
        ),
    ],
)
def test_the_verdict_is_one_sentence_that_says_why(comparison, words):
    sentence = comparison.verdict()
    assert words in sentence
    assert sentence.startswith("At ħ = 0.2 the level '")
    assert sentence.endswith(".")
    assert len(re.findall(r"\.\s", sentence)) == 0


def test_a_deviation_beyond_the_estimate_is_not_put_on_the_grid():
    """Errors of 1.9, 1.7, 1.7 times the grid's hide the order and are not the grid's alone."""
    for factors, of_it in (((1.9, 1.7, 1.7), False), ((1.4, 1.2, 1.1), True)):
        errors = {name: 0.004 * np.array(factors) for name in QUANTITIES}
        comparison = made(errors=errors, grid={"n_s": 0.004, "f_s": 0.004})
        sentence = comparison.verdict()
        assert ("that is the error of its grid" in sentence) is of_it
        assert ("hides the order in ħ" in sentence) is not of_it
    one = {name: np.array([0.0076]) for name in QUANTITIES}
    alone = made(hbar=(0.2,), errors=one, largest=one, grid={"n_s": 0.004})
    assert "for one ħ alone no order can be told" in alone.verdict()


OPEN_SEA = """[grid]
x = [0.0, 6.0, 8]
kx = [-2.0, 2.0, 24]
[hamiltonian]
name = "expression"
d = ["kx", "0.3", "0"]
[fields]
E = [0.05]
[equation]
level = "dressed"
[initial]
name = "fermi_dirac"
chemical_potential = 0.4
temperature = 0.05
[time]
stop = 1.0
"""


def test_a_refusal_names_the_other_reference_where_that_can_follow(tmp_path, monkeypatch):
    """And comes before the kinetic run is set up, which may take long."""
    asked = []
    whole = runs._evolution

    def counted(run, level, hbar):
        asked.append(level)
        return whole(run, level, hbar)

    monkeypatch.setattr(runs, "_evolution", counted)
    run = tables(tmp_path, 'hamiltonian.d=["sin(kx)*cos(x)", "0.3", "1"]')
    with pytest.raises(InputError, match=r"A\(kx\) \+ V\(x\).*--reference matrix"):
        compare(run)
    assert asked == ["moyal", "matrix"]
    wall = tables(tmp_path, 'grid.x={lower = 0, upper = 6.28, cells = 16, boundary = "specular"}')
    with pytest.raises(InputError) as caught:
        compare(wall)
    assert "--reference" not in str(caught.value)
    with pytest.raises(InputError) as caught:
        compare(tables(tmp_path, 'hamiltonian.d=["0", "0", "0"]'))
    assert "cannot follow" not in str(caught.value)
    assert "vanishes everywhere" in str(caught.value)


def test_an_open_cutoff_with_a_sea_is_judged_by_the_other_reference(tmp_path):
    path = tmp_path / "sea.toml"
    path.write_text(OPEN_SEA)
    run = config.read(path)
    with pytest.raises(InputError, match=r"reaches the ends of kx.*--reference matrix"):
        compare(run, [1.0])


def test_orders_where_the_grid_hides_the_error_are_not_used():
    hidden = made(0.1, 2.0, 3e-4)
    assert hidden.orders["n_s"][-1] < 1.6
    assert hidden.order == pytest.approx(hidden.orders["n_s"][0])


def test_the_table_has_a_row_for_every_hbar_and_the_largest_deviations():
    lines = made(floor=1e-7).table().splitlines()
    assert len(lines) == 1 + len(HBAR) + 2
    assert lines[0].split() == ["ħ", *(part for n in QUANTITIES for part in (n, "order"))]
    assert lines[2].split()[:3] == ["0.1", "1.00e-03", "2.00"]
    assert lines[-1].split() == ["largest", *["1.2e-02"] * 4]
    data = made().dataset()
    assert data["order"].values[1:] == pytest.approx(2.0)
    assert np.all(np.isnan(data["order"].values[0]))


def test_pairs_of_momentum_cells_are_merged_exactly():
    fine = Axis("kx", tuple(np.linspace(0.0, 1.0, 17) ** 1.5))
    coarse = Axis("kx", fine.edges[::2])
    one, other = (np.diff(np.sin(3.0 * np.asarray(k.edges))) / k.widths for k in (fine, coarse))
    assert merged(one[None, None], [fine])[0, 0] == pytest.approx(other, rel=1e-14)


def test_values_at_sites_are_merged_to_sixth_order():
    apart = []
    for cells in (16, 32):
        fine, coarse = (Axis.linear("x", 0.0, 2 * np.pi, n) for n in (cells, cells // 2))
        found = merged(np.sin(fine.centres)[None, None], [fine])[0, 0]
        apart.append(np.abs(found - np.sin(coarse.centres)).max())
    assert np.log2(apart[0] / apart[1]) == pytest.approx(6.0, abs=0.2)


def test_the_error_of_the_grid_is_estimated(tmp_path):
    """The run on 24 cells beside one on 48, which errs sixteen times less or better."""
    found = compare(tables(tmp_path), [0.15])
    fine = compare(
        tables(tmp_path, "grid.x=[0, '2*pi', 48]", "grid.kx=['-pi', 'pi', 48]"), [0.15]
    )
    assert 0.1 * found.grid["n_s"] > fine.grid["n_s"]
    # Both beside the same exact dynamics: the errors differ by less than the grid's.
    assert abs(found.errors["n_s"][0] - fine.errors["n_s"][0]) < found.grid["n_s"]


def test_a_bad_reference_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no coherences"):
        compare(tables(tmp_path), reference="boltzmann")
