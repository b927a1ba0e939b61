"""Classes of a user's own file: found by --with, asked for by resume, blamed by line."""

from __future__ import annotations

import re
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from kinetic import cli, contributed, registry
from kinetic.assembly import load_all
from kinetic.errors import InputError

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
(EXAMPLE,) = (
    block
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.S)
    if "class TowardHalf" in block
)
RUN = """
[grid]
kx = ["-pi", "pi", 16]
[hamiltonian]
name = "rice_mele"
[[collisions]]
name = "toward_half"
tau = 5.0
[initial]
name = "fermi_dirac"
chemical_potential = 0.2
temperature = 0.2
[time]
stop = 1.0
step = 0.1
[output]
every = 0.5
observables = ["density", "band_density"]
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """An empty folder, and a registry that forgets afterwards."""
    load_all()
    kinds = {kind: dict(leaves) for kind, leaves in registry.kinds().items()}
    kinds["collision"].pop("toward_half", None)
    monkeypatch.setattr(registry, "_KINDS", kinds)
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(RUN)
    Path("mine.py").write_text(EXAMPLE)


@pytest.fixture
def kinetic(capsys):
    """Call a command: its exit code and what it complained."""

    def call(*arguments):
        code = cli.main(list(arguments))
        complaint = capsys.readouterr().err
        assert "Traceback" not in complaint
        return code, complaint

    return call


def run(kinetic, *more):
    return kinetic("run", "run.toml", "--no-figure", "--quiet", "--force", *more)


def forget():
    registry._KINDS["collision"].pop("toward_half", None)


def test_a_run_file_names_a_class_of_the_users_file(kinetic):
    assert run(kinetic, "--with", "mine.py") == (0, "")
    with netCDF4.Dataset("run.nc") as data:
        lower = data["band_density"][:, 0]
        assert re.fullmatch(r"mine\.py sha256 [0-9a-f]{64}", data.contributed)
    # ½ of a full zone remains; third order in step/τ = 0.02
    assert lower[-1] - 0.5 == pytest.approx((lower[0] - 0.5) * np.exp(-0.2), rel=1e-6)


def test_without_the_file_the_name_is_unknown(kinetic):
    code, complaint = run(kinetic)
    assert code == 2
    assert "no such collision" in complaint


def test_resume_asks_for_the_same_file(kinetic):
    assert run(kinetic, "--with", "mine.py")[0] == 0
    forget()
    again = ("resume", "run.nc", "--no-figure", "--quiet", "--set", "time.stop=2")
    code, complaint = kinetic(*again)
    assert code == 2
    assert "was made with classes of mine.py" in complaint
    assert "--with mine.py" in complaint
    assert kinetic(*again, "--with", "mine.py") == (0, "")


def test_resume_tells_that_the_file_has_changed(kinetic):
    assert run(kinetic, "--with", "mine.py")[0] == 0
    with Path("mine.py").open("a") as file:
        file.write("# another thought\n")
    again = ("resume", "run.nc", "--no-figure", "--set", "time.stop=2", "--with", "mine.py")
    code, complaint = kinetic(*again)
    assert code == 0
    assert "mine.py has changed since run.nc was begun" in complaint


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("out +=", "out += no_such_thing +", "mine.py, line 19: NameError: name 'no_such_thing'"),
        ("out +=", "out[9] +=", "mine.py, line 19: IndexError"),
        ("class HalfFilling(Operator):", "class HalfFilling(Operator", "mine.py, line 14: "),
        (
            "class HalfFilling(Operator):",
            "class HalfFilling(Other):",
            "mine.py, line 14: NameErr",
        ),
        ("toward_half", "relaxation_time", "there is a collision of that name in this program"),
        ("@dataclass(frozen=True)\n", "", "write @dataclass(frozen=True) above"),
        ("(Collision)", "", "defines no class that a run file could name"),
    ],
)
def test_mistakes_in_the_file_are_told_in_one_line(kinetic, old, new, words):
    assert old in EXAMPLE
    Path("mine.py").write_text(EXAMPLE.replace(old, new))
    code, complaint = run(kinetic, "--with", "mine.py")
    assert code == 2
    assert words in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize("name", ["missing.py", "run.toml", "."])
def test_what_is_no_such_file_is_refused(name):
    with pytest.raises(InputError, match="--with"):
        contributed.read(name)


def test_files_beside_it_can_be_imported(kinetic):
    Path("my_rates_of_decay.py").write_text("def towards(f):\n    return 0.5 - f\n")
    text = EXAMPLE.replace("(0.5 - f)", "towards(f)")
    Path("mine.py").write_text("from my_rates_of_decay import towards\n" + text)
    assert run(kinetic, "--with", "mine.py") == (0, "")


@pytest.mark.parametrize("stepper", ["ssprk3", "imex"])
def test_a_rate_that_is_no_number_names_the_operator(kinetic, stepper):
    """After a while only: the result up to there and a checkpoint are written."""
    text = EXAMPLE.replace("out += ", "out += np.log(0.75 - t) + ")
    Path("mine.py").write_text("import numpy as np\n" + text)
    code, complaint = run(kinetic, "--with", "mine.py", "--set", f"time.stepper={stepper}")
    assert code == 3
    assert re.search(
        r"at t = 0\.[78]\S* the collision 'toward_half' \(class HalfFilling of mine\.py\) gave "
        r"a rate that is not a number for 32 of 32 occupations, first in the lower band of "
        r"valley 0 at kx = -2\.945",
        complaint,
    )
    assert Path("run.nc.checkpoint").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1.0 / tau", "None", "has fastest = None: it must be its largest rate"),
        ("1.0 / tau", "-tau", "has fastest = -5.0"),
        ("return HalfFilling(self.tau)", "HalfFilling(self.tau)", "must return a kinetic.coll"),
        ("out += ", "return ", "(class HalfFilling of mine.py): the method 'rate' must add"),
        ("def rate", "def rates", "the class HalfFilling must define the method 'rate'"),
    ],
)
def test_an_operator_that_is_none_is_refused_in_a_sentence(kinetic, old, new, words):
    Path("mine.py").write_text(EXAMPLE.replace(old, new))
    code, complaint = run(kinetic, "--with", "mine.py")
    assert code == 2
    assert words in complaint


def test_an_object_from_python_needs_no_file():
    """Simulation(collisions=[TowardHalf(...)]): the same, with the class of this process."""
    import kinetic as package

    names: dict = {"__name__": "__main__"}
    exec(compile(EXAMPLE, "README.md", "exec"), names)
    data = package.Simulation(
        grid={"kx": [-np.pi, np.pi, 16]},
        hamiltonian={"name": "rice_mele"},
        initial={"name": "fermi_dirac", "chemical_potential": 0.2, "temperature": 0.2},
        collisions=[names["TowardHalf"](tau=5.0)],
        observables=["band_density"],
        stop=1.0,
        every=0.5,
    ).run()
    lower = np.asarray(data.band_density[:, 0])
    assert lower[-1] - 0.5 == pytest.approx((lower[0] - 0.5) * np.exp(-0.2), rel=1e-4)
