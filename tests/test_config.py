"""Run files: read, overridden, checked, and written again."""

import math

import fakes
import pytest

from kinetic import assembly, config
from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.units import ELEMENTARY_CHARGE, Units


@pytest.fixture(autouse=True)
def fake_core(monkeypatch):
    fakes.install(monkeypatch.setattr)


BAD = {
    "grid = 3": "grid = 3 must be a table",
    "[grdi]\nkx = [0, 1, 2]": r"\[grdi\].*did you mean 'grid'",
    "titel = 'x'": "did you mean 'title'",
    "title = 3": "must be a string",
    "[collisions]\nname = 'x'": "array of tables",
    "collisions = [1]": r"\[collisions.0\] must be a table",
    "[hamiltonian]\nname = 'fake'\nrate = nan": "hamiltonian.rate = nan",
    "[hamiltonian]\nname = 'fake'\nrate = [1, [inf]]": "hamiltonian.rate.1.0 = inf",
    "[hamiltonian]\nname = 'fake'\nrte = 1": "did you mean 'rate'",
    "[time]\nstop = '5'": r"\[time\] stop = '5' is not a number",
    "[time]\nstart = 3\nstop = 2": "must lie after",
    "[time]\nstart = 3": "stop is missing",
    "[time]\nstop = true": "not a number",
    "[time]\nstop = 1979-05-27": "is a date",
    "[grid]\nkx = [-1, 1, 0]": "whole number above 0",
    "[grid]\nkx = [1, -1, 5]": "must lie below",
    "[grid]\nkx = [-1, 1, 1e12]": "too many",
    "[grid]\nkx=[0,1,1000000]\nky=[0,1,1000000]\nkz=[0,1,9]": "no machine",
    f"[grid]\nkx = [-1, 1, {10**30}]": "beyond 2",
    "[grid]\nqx = [-1, 1, 5]": "did you mean",
    "[output]\nevery = 0": "must be above 0",
    "[output]\nevery = 1e-12": "longer",
    "[output]\nevry = 1": "did you mean 'every'",
    "[output]\nobservables = 'density'": "must be a list",
    "[output]\nsnapshots = 3": "must be a table",
    "[output.snapshots]\nstride = 2": "every is missing",
    "[output]\nkeep_checkpoint = 1": "true or false",
    "[output]\nfile = ''": "name of a file",
    "[output]\ncheckpoint_every = -1": "negative",
    "[units]\nenergy = 'eW'": "did you mean 'eV'",
    "[units]\nlenth = 'nm'": "did you mean 'length'",
    "[units]\nenergy = '-1 eV'": "multiple",
    "[units]\ncharge = 0": "charged",
    "[hamiltonian." + "a." * 100 + "a]": "nested",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_run_is_refused_with_its_place(text):
    with pytest.raises(InputError, match=BAD[text]) as caught:
        assembly.assemble({**config.parse(fakes.BARE), **config.parse(text)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", config.REQUIRED)
def test_missing_table_is_named(name):
    run = config.parse(fakes.BARE)
    del run[name]
    with pytest.raises(InputError, match=rf"\[{name}\] is missing"):
        assembly.assemble(run)


@pytest.mark.parametrize(
    "text",
    ["[grid", "a = ", "a = 1\na = 2", "a = " + "[" * 5000, "\x00", f"a = {'9' * 5000}"],
)
def test_text_that_is_no_toml_is_refused_in_one_line(text):
    with pytest.raises(InputError) as caught:
        config.parse(text)
    assert "\n" not in str(caught.value)


def test_unreadable_files_are_refused(tmp_path):
    junk = tmp_path / "junk.toml"
    junk.write_bytes(bytes(range(256)))
    for path, words in ((junk, "UTF-8"), (tmp_path, "cannot be read"), (junk / "x", "read")):
        with pytest.raises(InputError, match=words):
            config.read(path)


def test_overrides_reach_every_place_and_leave_the_original():
    run = config.parse(fakes.BARE)
    before = config.text(run)
    changed = config.override(
        run,
        [
            "time.stop=3",
            "grid.kx.2=65",
            "hamiltonian.name=other",
            "fields.E=[0, 0, 0.1]",
            "fields.B = sin(t)",
            "title=a = b",
        ],
    )
    assert changed["time"]["stop"] == 3
    assert changed["grid"]["kx"] == [-1.0, 1.0, 65]
    assert changed["hamiltonian"]["name"] == "other"
    assert changed["fields"] == {"E": [0, 0, 0.1], "B": "sin(t)"}
    assert changed["title"] == "a = b"
    assert config.text(run) == before


@pytest.mark.parametrize(
    "assignment",
    ["time.stop", "=3", "time..stop=3", "title.x=3", "grid.kx.cells=3", "grid.kx.7=1"],
)
def test_bad_overrides_are_refused(assignment):
    with pytest.raises(InputError, match="--set"):
        config.override(config.parse(fakes.BARE), [assignment])


def test_text_goes_round_to_the_last_bit():
    run = config.parse(fakes.BARE)
    run["hamiltonian"] |= {"rate": [0.1 + 0.2, 1e-300, -0.0, 3], "level": "∂'\"\\\n\t"}
    again = config.parse(config.text(run))
    assert again == run
    assert math.copysign(1, again["hamiltonian"]["rate"][2]) == -1


def test_objects_become_tables():
    from kinetic.grid import Axis, Grid

    grid = Grid((Axis.graded("kx", -1, 1, 9, 0.1, 3.0), Axis.linear("ky", 0, 1, 3, "periodic")))
    run = {**config.parse(fakes.BARE), "grid": grid, "fields": object()}
    plain, incomplete = assembly.tabulate(run)
    assert incomplete == ["fields"]
    assert Grid.from_table(config.parse(config.text(plain))["grid"]) == grid


def test_units_of_one_electronvolt_and_nanometre():
    scales = Units("eV", "nm", -1).scales(3)
    assert scales["time"][0] == pytest.approx(6.582119569e-16, rel=1e-9)
    assert scales["electric_field"] == (pytest.approx(1e9), "V/m")
    assert scales["magnetic_field"][0] == pytest.approx(658.2119569, rel=1e-9)  # ħ/(e nm²)
    quantum = ELEMENTARY_CHARGE**2 / 1.054571817e-34
    assert Units("5 meV", "angstrom").scales(2)["conductivity"] == (
        pytest.approx(quantum),
        "S",
    )
    assert scales["conductivity"] == (pytest.approx(quantum * 1e9), "S m^-1")
    assert Units().attributes(3)["si_time_unit"] == "s"


def test_a_truth_is_no_action():
    with pytest.raises(InputError, match="hbar = True must be a number above 0"):
        Equation(hbar=True)
