"""The benchmark: its rivals solve the same scheme, its bytes and verdicts are right."""

import json

import numpy as np
import pytest

from kinetic import bench
from kinetic.bench import (
    elastic,
    fresh,
    padslice,
    relaxation,
    rounds,
    table,
    twolevel,
    yardsticks,
)
from kinetic.bench.plain import Frozen, Plain
from kinetic.bench.plainbands import bloch_steps, density_steps
from kinetic.bench.yardsticks import SCHEMES, Yardstick, advance, traffic
from kinetic.errors import InputError

TINY = ("2k-16", "3k-10")
SPACE = ("1r2k-12", "2r2k-8")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", [*TINY, *SPACE])
def test_plain_numpy_makes_the_same_stage(name, scheme):
    """Would catch a rival that is fast because it leaves out a term."""
    evolution = Yardstick.named(name).evolution(scheme, 1)
    plain = Plain(Frozen.of(evolution.transport))
    before = evolution.transport.u.copy()
    assert rounds._deviation(evolution, plain) < 2e-14
    assert np.array_equal(evolution.transport.u, before)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", TINY)
def test_jax_makes_the_same_stage(name, scheme):
    pytest.importorskip("jax")
    jax = padslice.start(1)
    evolution = Yardstick.named(name).evolution(scheme, 1)
    frozen = Frozen.of(evolution.transport)
    u = evolution.transport.u * (
        1.0 + 0.1 * np.sin(np.arange(evolution.transport.u.size))
    ).reshape(evolution.transport.u.shape)
    theirs = np.asarray(padslice.build(jax, frozen)(u, u, 0.75, 0.25, 0.1))
    plain, ours = Plain(frozen), u.copy()
    plain.occupy(ours)
    plain.stage(ours, u, 0.75, 0.25, 0.1)
    assert np.abs(theirs - ours).max() < 2e-14


def test_bytes_are_those_of_the_arrays():
    n, bands = 16, 2
    evolution = Yardstick(2, n).evolution("mp5", 1)
    cells, ghosts = n * n, (n + 6) ** 2
    moved = traffic(evolution)
    assert moved["occupy"] == pytest.approx(8 * (3 * cells + ghosts) / cells)
    assert moved["ghosts"] == pytest.approx(16 * (ghosts - cells) / cells)
    assert moved["bounds"] == 16.0
    assert moved["step"] == 8.0
    # f, u twice, source, u₀ in two stages of three, and the two velocities with their last faces
    faces = sum(evolution.flow.w[slot].nbytes for slot in (0, 2)) / bands / cells
    assert 16.0 < faces < 20.0
    expected = 8 * (ghosts / cells + 3 + 2 / 3) + faces
    assert moved["sweep"] == pytest.approx(expected)


def test_bytes_in_real_space_are_those_of_the_arrays():
    n, bands = 8, 2
    evolution = Yardstick(2, n, 2).evolution("mp5", 1)
    moved = traffic(evolution)
    padded = 8 * ((n + 6) / n) ** 2
    assert moved["stream"] == pytest.approx(padded + 16.0)
    assert moved["ghosts"] == 0.0
    faces, streams = evolution.flow.carriers
    held = [*faces.arrays, *(array for stream in streams for array in stream.arrays)]
    small = sum(array.nbytes for array in held) / evolution.cells
    assert small < 2.0  # 16 sites per entry and less: not one number for every cell
    # f, u twice, u₀ in two stages of three; no source where nothing is driven
    assert moved["sweep"] == pytest.approx(padded + 16.0 + 8.0 * 2.0 / 3.0 + small)
    assert len(evolution.transport.source) == 0
    assert evolution.cells == bands * n**4


def test_a_step_of_the_yardstick_is_the_programs_own():
    evolution = Yardstick(2, 16).evolution("mp5", 1)
    limit = evolution.step_limit()
    advance(evolution)
    assert (evolution.steps, evolution.stages) == (1, 3)
    assert 0.5 * limit < evolution.time <= limit


def test_names_of_cases():
    assert Yardstick.named("3k-24") == Yardstick(3, 24)
    assert Yardstick(2, 512).title == "2k 2×512²"
    assert Yardstick.named("2r2k-64") == Yardstick(2, 64, 2)
    assert Yardstick(2, 256, 1).title == "1r2k 2×256³"
    assert Yardstick(2, 64, 2).rivals == Yardstick(2, 32, 2)
    assert [smaller.cells for smaller in Yardstick(2, 256, 1).growing] == [64, 128]
    for name in ("3r2k-8", "1r1k-8", "4k-8", "2k", "2k-", "2k-x", "3k-4096", "2k-4"):
        with pytest.raises(InputError, match="bench case"):
            Yardstick.named(name)


def measured(**changes):
    case = rounds.Measured(
        yardstick=Yardstick(2, 512),
        scheme="linear5",
        cells=1000,
        seconds={1: 2e-6, 2: 1e-6},
        copy={1: 3e10, 2: 6e10},
        triad={1: 4e10, 2: 8e10},
        paired={},
        speedup=2.0,
        traffic={"sweep": 60.0, "bounds": 0.0, "step": 20.0},
        deviation=1e-15,
        plain=2.4e-5,
        jax=2e-6,
    )
    for name, value in changes.items():
        setattr(case, name, value)
    case.paired = {n: case.seconds[n] * case.triad[n] for n in case.seconds}
    return case


def test_shares_and_verdicts():
    case = measured()
    assert case.rate(2) == pytest.approx(1e9)
    assert case.share(1) == pytest.approx(80.0 * 5e8 / 4e10)
    text = "\n".join(table.describe(case, None))
    assert "12.0 times plain numpy, 1 thread" in text
    lines = {
        line.split("floor")[0].split(maxsplit=1)[1].strip(): line
        for line in text.splitlines()
        if "floor" in line
    }
    assert lines["times plain numpy, 1 thread"].endswith("pass")
    assert lines["times jax, 2 threads"].endswith("below")
    assert lines["speed-up on 2 threads"].endswith("pass")
    limited = measured(scheme="mp5", seconds={1: 8e-6, 2: 4e-6}, jax=None)
    text = "\n".join(table.describe(limited, case))
    assert "4.00 times the cost of linear5" in text
    assert "jax not installed" in text


def test_growth_and_the_grid_of_the_rivals_are_told():
    case = measured(
        yardstick=Yardstick(2, 256, 1),
        seconds={1: 6.4e-5},
        jax=None,
        beside=1.2e-6,
        growth=[("1r2k 2×64³", 250, 1e-6), ("1r2k 2×128³", 500, 2e-6)],
    )
    lines = table.describe(case, None)
    text = "\n".join(lines)
    assert "20.0 times plain numpy, 1 thread" in text
    assert "plain numpy beside 1r2k 2×96³" in text
    growth = next(line for line in lines if "times the time of a cell" in line)
    assert growth.split()[0] == "16.00"
    assert growth.endswith("below")
    share = next(line for line in lines if "of triad at 21.3 B" in line)
    assert "floor ≥ 20%" in share
    assert [line.split()[-1] for line in lines if "2×64³" in line] == ["4.00"]


def test_growth_is_measured():
    found = rounds.growth(Yardstick(2, 32, 1), "linear5")
    assert [entry[1] for entry in found] == [2 * 8**3, 2 * 16**3]
    assert all(seconds > 0.0 for _, _, seconds in found)


def test_the_whole_benchmark_on_tiny_grids(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(bench, "_FULL_ELEMENTS", 4096)
    monkeypatch.setattr(padslice, "available", lambda: False)
    monkeypatch.setattr(
        fresh, "memory", lambda *_: dict.fromkeys(("idle", "peak", "state", "held"), 1.0)
    )
    monkeypatch.setattr(fresh, "help_seconds", lambda *_: 0.1)

    def fails():
        raise fresh.NotMeasured("no such run")

    monkeypatch.setattr(fresh, "first_step_seconds", fails)
    file = tmp_path / "bench.json"
    assert bench.main([*TINY, SPACE[0], "--threads", "2", "--json", str(file)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for words in (
        "2k 2×16²  linear5",
        "3k 2×10³  mp5",
        "1r2k 2×12³  linear5",
        "triad",
        "kinetic --help",
        "(no such run)",
    ):
        assert words in printed.out
    content = json.loads(file.read_text())
    assert [case["scheme"] for case in content["cases"]] == [*SCHEMES] * 3
    assert all(case["deviation"] < 1e-13 for case in content["cases"])
    assert set(content["cases"][0]["seconds_per_stage"]) == {"1", "2"}


def test_scattering_costs_as_much_for_a_level_on_any_grid():
    case = elastic.measure("elastic-64", 1, 0.1)
    assert "white noise, as many shells" in "\n".join(elastic.describe(case))
    assert json.loads(json.dumps(elastic.content(case)))["case"] == "elastic-64"
    for kind, curve in case.curves.items():
        assert [row.levels for row in curve] == [2 * n * n for n in (16, 32, 64)]
        fixed = kind.endswith("as many shells")
        assert len({row.shells for row in curve}) == (1 if fixed else 3)
        # 16 times the levels: K² would make a level 16 times as dear
        assert case.growth(kind) < 8.0


def test_mistakes_are_told_before_anything_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(rounds, "measure", lambda *_: pytest.fail("measured"))
    for arguments, words in (
        (["5k-1"], "bench case"),
        (["--threads", "0"], "--threads 0"),
        (["--json", str(tmp_path / "none" / "x.json")], "no folder"),
    ):
        with pytest.raises(InputError, match=words):
            bench.main(arguments)


def test_a_fresh_process_tells_its_memory():
    memory = fresh.memory(Yardstick(2, 32), "linear5", 1)
    assert memory["state"] == 2 * 32 * 32 * 8
    assert memory["state"] < memory["held"] < 40 * memory["state"]
    assert 1e7 < memory["idle"] <= memory["built"] <= memory["peak"] < 2e9


def test_a_process_that_fails_says_why(tmp_path):
    with pytest.raises(fresh.NotMeasured, match="no_such_module"):
        fresh._process(["no_such_module"], tmp_path, None)
    assert 0.0 < fresh.help_seconds(1) < 60.0


def test_quick_cases_are_small():
    for name in yardsticks.QUICK:
        case = Yardstick.named(name)
        assert case.cells ** (case.dimensions + case.space) <= 40_000


@pytest.mark.parametrize("kernel", [density_steps, bloch_steps], ids=["density", "Bloch"])
def test_runge_kutta_solves_the_same_two_level_problem(kernel):
    """Of fourth order towards the program's own current: no term is left out or added."""
    exact, _, _ = twolevel.program(8, None)
    errors = [np.abs(twolevel.rival(8, n, kernel)[0] - exact).max() for n in (40, 80)]
    assert errors[1] < 1e-6 * np.abs(exact).max()
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.2)


def test_two_level_systems_are_measured_and_told():
    case = twolevel.measure("twolevel-8", 1, 0.0)
    methods = case.methods
    assert all(each.error <= twolevel.ACCURACY for each in methods.values())
    assert methods["exponentials"].steps < methods["density matrix"].steps
    words = "\n".join(twolevel.describe(case))
    assert "times Runge-Kutta, density matrix" in words
    assert twolevel.content(case)["methods"]["exponentials"]["points"] == 64
    with pytest.raises(InputError, match="twolevel-N"):
        twolevel.check("twolevel-x")


def test_relaxation_is_measured_against_the_same_step_without():
    """All kinds of invariants on a small grid of either shape; sizes out of range are refused."""
    for name in ("relaxation-3k-9", "relaxation-1r2k-8"):
        case = relaxation.measure(name, 1, 0.0)
        assert set(case.ratios) == set(relaxation.INVARIANTS)
        assert min(case.ratios.values()) > 0.0
        words = "\n".join(relaxation.describe(case))
        assert "floor ≤ 1.30" in words
        assert relaxation.content(case)["ratios"] == case.ratios
    for name in ("relaxation-3k-x", "relaxation-2k-64", "relaxation-3k-4"):
        with pytest.raises(InputError, match="relaxation-3k-N"):
            relaxation.check(name)
