"""Published numbers: the quick part of every case always, the whole under `-m validation`."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from kinetic import validating
from kinetic.assembly import assemble
from kinetic.config import read
from kinetic.errors import InputError

FOLDER = validating.directory()
CASES = validating.case_names(FOLDER)


def failures(study):
    return [" ".join(row.cells()) for row in study.rows if not row.holds]


@pytest.mark.parametrize("case", CASES)
def test_quick_comparisons_hold(case):
    module, study = validating.run_case(FOLDER / case, quick=True, threads=1)
    assert study.rows
    assert module.TITLE
    assert not failures(study), "\n".join(failures(study))


@pytest.mark.validation
@pytest.mark.parametrize("case", CASES)
def test_all_comparisons_hold_and_the_figure_is_drawn(case, tmp_path, request):
    if "validation" not in request.config.getoption("markexpr"):
        pytest.skip("run by: pytest -m validation")
    module, study = validating.run_case(FOLDER / case)
    assert not failures(study), "\n".join(failures(study))
    path = validating.draw(module, study, tmp_path)
    if hasattr(module, "figure"):
        assert path is not None
        assert path.stat().st_size > 10_000


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*/*.toml")), ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_run_file_of_a_case_is_a_run(path):
    run = read(path)
    assert run["title"]
    assert tomllib.loads(path.read_text())
    assemble(run)


@pytest.mark.parametrize("case", CASES)
def test_case_tells_reference_and_tolerance(case):
    module = validating.load_case(FOLDER / case)
    assert "Reference" in module.__doc__
    assert "Tolerance" in module.__doc__


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (validating.Row("a", 1.0, 1.0 + 1e-9, 1e-8), "holds"),
        (validating.Row("a", 1.0, 1.1, 1e-8), "FAILS"),
        (validating.Row("a", np.nan, 1.1, 1.0), "FAILS"),
        (validating.Row("a", 100.0, 101.0, 0.02, relative=True), "holds"),
        (validating.Row("a", 3.9, 4.0, relation=">="), "FAILS"),
        (validating.Row("a", np.nan, 4.0, relation="<="), "FAILS"),
        (validating.Row("a", 3.9, 4.0, relation="<="), "holds"),
        (validating.Row("a", 1.0, 2.0, np.inf), "reported"),
        (validating.Row("a", note="not installed"), "skipped"),
        (validating.Row("a", note="it broke", failed=True), "FAILS"),
    ],
)
def test_verdict(row, verdict):
    assert row.verdict == verdict
    assert row.holds == (verdict != "FAILS")


def test_a_failing_comparison_ends_with_exit_code_3(tmp_path, monkeypatch, capsys):
    case = tmp_path / "validation" / "wrong"
    case.mkdir(parents=True)
    (case / "check.py").write_text(
        "TITLE = 'two is three'\n\ndef check(study):\n    study.compare('2', 2, 3, 0.1)\n"
    )
    monkeypatch.setattr(validating, "directory", lambda: case.parent)
    assert validating.validate() == 3
    assert "FAILS" in capsys.readouterr().out
    with pytest.raises(InputError, match="wrong"):
        validating.validate(["wrongg"])


def test_a_case_that_stops_is_a_failure(tmp_path):
    (tmp_path / "check.py").write_text(
        "TITLE = ''\n\ndef check(study):\n    study.evolve('none.toml')\n"
    )
    _, study = validating.run_case(tmp_path)
    assert [row.verdict for row in study.rows] == ["FAILS"]


def test_missing_folder_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        validating, "__file__", str(tmp_path / "site" / "kinetic" / "validating.py")
    )
    with pytest.raises(InputError, match="validation"):
        validating.directory()
