"""The command line: one line for a mistake, an exit code for everything."""

import subprocess
import sys

import fakes
import pytest

from kinetic import cli
from kinetic.errors import OutputError, PhysicsError


@pytest.fixture(autouse=True)
def fake_core(monkeypatch, tmp_path):
    fakes.install(monkeypatch.setattr)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.toml").write_text(fakes.BARE)


@pytest.fixture
def kinetic(capsys):
    """Call a command: its exit code, what it printed, what it complained."""

    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out, printed.err

    return call


def test_run_ends_with_a_table(kinetic, tmp_path):
    code, out, err = kinetic("run", "run.toml", "--no-figure")
    assert code == 0
    assert "pumping rate" in out
    assert "reached stop = 2" in out
    assert "wall time" in out
    assert "warning: the gap is small" in err
    assert (tmp_path / "run.nc").exists()


def test_quiet_run_says_nothing_and_its_log_everything(kinetic, tmp_path):
    code, out, err = kinetic("run", "run.toml", "--no-figure", "--quiet", "--log", "run.log")
    assert (code, out, err) == (0, "", "")
    log = (tmp_path / "run.log").read_text()
    assert "pumping rate" in log
    assert "gap is small" in log
    assert 'name = "fake"' in log


def test_overwriting_needs_force_and_set_reaches_the_result(kinetic, tmp_path):
    assert kinetic("run", "run.toml", "--no-figure")[0] == 0
    before = (tmp_path / "run.nc").read_bytes()
    code, _, err = kinetic("run", "run.toml", "--no-figure")
    assert code == 2
    assert "--force" in err
    assert (tmp_path / "run.nc").read_bytes() == before
    arguments = ("--no-figure", "--force", "--set", "time.stop=1.5", "--set", "title=other")
    code, out, _ = kinetic("run", "run.toml", *arguments)
    assert code == 0
    assert "reached stop = 1.5" in out


def test_resume_goes_on_or_says_that_all_is_done(kinetic):
    assert kinetic("run", "run.toml", "--no-figure")[0] == 0
    code, out, _ = kinetic("resume", "run.nc", "--no-figure")
    assert code == 0
    assert "complete" in out
    code, out, _ = kinetic("resume", "run.nc", "--no-figure", "--set", "time.stop=2.5")
    assert code == 0
    assert "reached stop = 2.5" in out


def test_show_prints_the_equation(kinetic, tmp_path):
    code, out, _ = kinetic("show", "run.toml")
    assert (code, out) == (0, "∂ₜu = cos(u + t)\n")
    assert not list(tmp_path.glob("*.nc*"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "run.toml", "-o", "no/such/folder.nc"),
        ("run", "run.toml", "-o", "run.toml/x.nc"),
        ("run", "run.toml", "-o", "/proc/x.nc"),
        ("run", "run.toml", "--log", "no/such/log"),
        ("run", "run.toml", "--figure", "no/such/x.png"),
    ],
)
def test_what_cannot_be_written_gives_one_line_and_exit_code_4(kinetic, arguments):
    code, out, err = kinetic(*arguments)
    assert (code, out) == (4, "")
    assert err.count("\n") == 1
    assert "cannot be written" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "missing.toml"),
        ("run", "."),
        ("run", "junk.toml"),
        ("run", "run.toml", "-o", "."),
        ("run", "run.toml", "-o", "run.toml", "--force"),
        ("run", "run.toml", "--figure", "x.xyz"),
        ("run", "run.toml", "--set", "time.stop=nan"),
        ("run", "run.toml", "--set", "time.stop"),
        ("run", "run.toml", "--set", "hamiltonian.rte=1"),
        ("run", "run.toml", "--sett", "x"),
        ("run",),
        ("rnu", "run.toml"),
        ("resume", "run.nc"),
        ("resume", "junk.toml"),
        ("show", "missing.toml"),
        ("plot", "missing.nc"),
        ("plot", "junk.toml"),
    ],
)
def test_mistake_gives_one_line_and_exit_code_2(kinetic, tmp_path, arguments):
    (tmp_path / "junk.toml").write_bytes(bytes(range(256)) * 10)
    code, out, err = kinetic(*arguments)
    assert code == 2, err
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert err.startswith("kinetic")
    assert not list(tmp_path.glob("*.nc*"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PhysicsError("D_s is negative."), 3),
        (OutputError("full."), 4),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("ours"), 70),
    ],
)
def test_exit_codes(kinetic, monkeypatch, tmp_path, error, code):
    def fail(self, target):
        raise error

    monkeypatch.setattr(fakes.FakeEvolution, "advance", fail)
    returned, _, err = kinetic("run", "run.toml", "--no-figure", "--log", tmp_path / "log")
    assert returned == code
    if code == 70:
        assert f"the log is {tmp_path / 'log'}" in err
        assert "report" in err
        assert "Traceback" in (tmp_path / "log").read_text()


HEAVY = ("numba", "matplotlib", "xarray", "netCDF4", "sympy", "scipy", "tqdm", "pandas")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["run", "missing.toml"],
        ["run", "run.toml", "--set", "time.stpo=3", "--set", "time.stop=nan"],
        ["run", "run.toml", "--set", "grdi.kx=[0,1,2]"],
        ["run", "run.toml", "--set", "grid.kx=[0,1]"],
        ["resume", "missing.nc"],
    ],
)
def test_help_and_mistakes_do_not_wait_for_heavy_imports(arguments):
    """The budget of 0.4 s in a form that no busy machine upsets."""
    program = (
        "import sys\nfrom kinetic.cli import main\n"
        f"code = main({arguments!r})\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], code, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    code = 0 if "--help" in arguments or "--version" in arguments else 2
    assert done.stderr.splitlines()[-1] == f"[] {code}", done.stderr


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("equation", ("  hbar = 1.0", "  preparation = coherent", "ħ; enters once per Berry")),
        ("time", ("  stop = (required)", "  courant = 0.9", "Upper limit of Δt")),
        ("grid", ("kx = [lower, upper, cells]", "  strength  of momentum axes", "specularity")),
        ("fields", ("  phi = 0.0", "φ, the potential energy of the carrier")),
        ("output", ("  checkpoint_every = 60.0", "Name of the result")),
        ("units", ("  length = nm", "Carrier charge")),
        ("validation", ("  klein   ", "Klein tunnelling of a Dirac packet")),
    ],
)
def test_list_of_a_table_shows_its_keys(table, lines, capsys):
    assert cli.main(["list", table]) == 0
    shown = capsys.readouterr().out
    for line in lines:
        assert line in shown


def test_list_of_a_name_shows_its_keys(capsys):
    assert cli.main(["list", "weyl"]) == 0
    out = capsys.readouterr().out
    assert "hamiltonian weyl" in out
    assert "chirality = 1" in out
