"""The formula language: what it accepts, what it refuses, what it compiles to."""

import os
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from kinetic.compilation import compiled
from kinetic.errors import InputError
from kinetic.expressions import parse
from kinetic.grammar import FUNCTIONS
from kinetic.pulses import TimeFunction, time_function

HOSTILE = [
    "__import__('os').system('true')",
    "__import__(kx)",
    "kx.__class__",
    "kx.real",
    "(1).__class__",
    "lambda: 1",
    "lambda x: x",
    "[k for k in (1, 2)]",
    "(kx for kx in kx)",
    "f'{kx}'",
    "'a'*1000",
    "kx[0]",
    "{kx}",
    "9**9**9",
    "9**9**9**9",
    "9**999999999",
    "kx**1000",
    "((kx**20)**20)**20",
    "(" * 10000,
    "(" * 1500 + "1" + ")" * 1500,
    "-" * 3000 + "1",
    "sin(" * 90 + "kx" + ")" * 90,
    "kx+" * 5000 + "kx",
    "kx+" * 900 + "kx",
    "1e999",
    "-1e999",
    "nan",
    "inf",
    "1j",
    "True",
    "None",
    "...",
    "kx == 1",
    "kx if kx else 1",
    "kx and ky",
    "not kx",
    "~1",
    "kx // 2",
    "kx % 2",
    "kx @ ky",
    "kx << 2",
    "kx ^ 2",
    "(kx := 1)",
    "sin(x=1)",
    "sin(*kx)",
    "sin(kx, ky)",
    "sin()",
    "sin",
    "eval(kx)",
    "exec(kx)",
    "open(kx)",
    "gamma(kx)",
    "kx(1)",
    "sin(kx)(1)",
    "𝐬in(kx)",
    "kⅹ",
    "kx − ky",
    "kх",  # Cyrillic
    "1; 2",
    "kx\x00",
    "kx # comment",
    "",
    "   ",
    "1/0",
    "1/(2 - 2)",
    "kx/0",
    "sqrt(-1)",
    "log(0)",
    "(-8)**(1/3)",
    "acos(2)",
    "exp(1000)",
    "where(kx, 1, 2)",
    "where(1 < kx < 2, 1, 2)",
    "0x" + "f" * 400,
    "9" * 3000,
    "1" + "0" * 400,
    "(kx, ky)",
    "kx,",
    "kx ky",
    "2kx",
    "kx\nimport os",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_hostile_or_meaningless_text_is_refused_at_once(text):
    start = time.perf_counter()
    with pytest.raises(InputError) as caught:
        parse(text, ("kx", "ky"), "d[0]")
    assert time.perf_counter() - start < 1.0
    assert str(caught.value).startswith("d[0] = ")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, [1], 1j, 10**400])
def test_values_that_are_no_finite_numbers_are_refused(value):
    with pytest.raises(InputError, match=r"^mass = "):
        parse(value, (), "mass")


def test_messages_say_what_is_allowed():
    with pytest.raises(InputError) as caught:
        parse("kx^2", ("kx",), "d[1]")
    assert str(caught.value) == (
        "d[1] = 'kx^2': the character '^' is not allowed; powers are written **, as in kx**2."
    )
    with pytest.raises(InputError) as caught:
        parse("kx*mas", ("kx", "mass"), "d[1]")
    assert str(caught.value) == (
        "d[1] = 'kx*mas': there is no 'mas' here; allowed are 'kx' and 'mass' and numbers, "
        "pi and functions. Did you mean 'mass'?"
    )
    with pytest.raises(InputError) as caught:
        parse("9**9**9", (), "E[0]")
    assert str(caught.value) == (
        "E[0] = '9**9**9': the exponent is too large; at most 64 is allowed."
    )


def evaluate(text, variable="", **values):
    (result,) = compiled(tuple(values), ((text, variable),))(*values.values())
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*kx + 1", 2 * 0.3 + 1),
        ("-kx**2", -(0.3**2)),
        ("2**-kx", 2**-0.3),
        ("kx/ky/2", 0.3 / -0.7 / 2),
        ("1e3*kx", 300.0),
        ("pi*kx", np.pi * 0.3),
        ("sqrt(2)*kx", np.sqrt(2) * 0.3),
        ("atan2(ky, kx)", np.arctan2(-0.7, 0.3)),
        ("where(kx < ky, 1, 2)*kx", 0.6),
        ("where(kx >= 0.3, 5, ky)", 5.0),
        ("where(1 < 2, kx, ky)", 0.3),
        ("min(kx, ky) + 2*max(kx, ky)", -0.1),
        ("heaviside(kx) + heaviside(ky) + heaviside(kx - kx)", 1.5),
        ("erf(kx)", 0.3286267594591274),
        ("abs(ky)**1.5", 0.7**1.5),
        ("kx**3*ky**-2", 0.3**3 / 0.49),
        ("sign(ky)", -1.0),
    ],
)
def test_value(text, expected):
    assert evaluate(text, kx=0.3, ky=-0.7) == pytest.approx(expected, rel=1e-15)


SMOOTH = [
    *(f"{name}(0.4*x + 0.1*x**2)" for name, (arity, _) in FUNCTIONS.items() if arity == 1),
    "atan2(x, 1 + x**2)",
    "x**p + p**x + (1 + x)**-3",
    "x**2.5/(1 + x)**1.5",
    "where(x < 0.5, x**2, x**3) + where(x >= 0.1, sin(x), 7)",
    "min(x, x**2) + max(x, x**2)",
    "sqrt(x**2 + p**2)*exp(-x/p)",
    "tanh(x/p)**3/(cosh(x) + sinh(x))",
]


@pytest.mark.parametrize("text", SMOOTH)
def test_derivative_is_that_of_the_value(text):
    x, h = np.array([0.2, 0.3, 0.7]), 1e-5
    for variable in ("x", "p"):
        p = 1.3
        up = evaluate(text, x=x + h * (variable == "x"), p=p + h * (variable == "p"))
        down = evaluate(text, x=x - h * (variable == "x"), p=p - h * (variable == "p"))
        exact = evaluate(text, variable, x=x, p=p)
        assert np.allclose(exact, (up - down) / (2 * h), rtol=1e-8, atol=1e-9)


def test_powers_of_negative_numbers_keep_their_derivative():
    assert evaluate("kx**n", "kx", kx=np.array([-2.0, 0.0]), n=2.0).tolist() == [-4.0, 0.0]


def test_the_branch_not_taken_leaves_no_trace():
    x = np.array([-1.0, 0.0, 2.0])
    assert evaluate("where(x > 0, log(x), 0)", x=x).tolist() == [0, 0, np.log(2)]
    assert evaluate("where(x > 0, log(x), 0)", "x", x=x).tolist() == [0, 0, 0.5]


def test_names_cannot_reach_the_generated_code():
    names = ("np", "w0", "a1", "evaluate", "integer_power")
    text = "np + 2*w0 + 3*a1 + 4*evaluate + 5*integer_power + sin(np + w0)*cos(np + w0)"
    (value,) = compiled(names, ((text, ""),))(1.0, 1.0, 1.0, 1.0, 1.0)
    assert value == pytest.approx(15 + np.sin(2) * np.cos(2))


def test_the_largest_allowed_formulas_compile_in_seconds():
    start = time.perf_counter()
    product = "*".join(f"(kx + {i})" for i in range(240))
    nested = "sin(" * 40 + "kx" + ")" * 40
    huge = "*".join(["(9007199254740991*kx)**64"] * 60)
    powers = "**".join(["(1 + kx)"] * 20)
    minima = "min(" * 40 + "kx" + ", ky)" * 40
    total = " + ".join(f"{i}*sin({i}*kx)*cos(ky/{i})" for i in range(1, 70))
    for text in (product, nested, powers, minima, total):
        compiled(("kx", "ky"), ((text, ""), (text, "kx")))
    with pytest.raises(InputError, match="1e308"):
        compiled(("kx",), ((huge, ""),))
    assert time.perf_counter() - start < 20


SCRIPT = """
import sys
from kinetic.compilation import compiled
f = compiled(("kx", "m"), (("sqrt(kx**2 + m**2)", ""), ("sqrt(kx**2 + m**2)", "kx")))
print("sympy" in sys.modules, *f(3.0, 4.0))
"""


def run_script(folder, seed="0"):
    temporary = next(p for p in folder.parents if p.is_dir())
    environment = {
        **os.environ,
        "KINETIC_CACHE_DIR": str(folder),
        "TMPDIR": str(temporary),
        "PYTHONHASHSEED": seed,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_cached_module_is_loaded_without_sympy(tmp_path):
    folder = tmp_path / "cache"
    assert run_script(folder) == ["True", "5.0", "0.6"]
    assert run_script(folder) == ["False", "5.0", "0.6"]


def test_the_generated_code_does_not_depend_on_the_hash_seed(tmp_path):
    run_script(tmp_path / "a" / "cache", seed="1")
    run_script(tmp_path / "b" / "cache", seed="2")
    (one,) = (tmp_path / "a" / "cache").iterdir()
    (two,) = (tmp_path / "b" / "cache").iterdir()
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="file owners are a POSIX notion")
def test_a_module_that_others_may_write_or_that_is_damaged_is_not_trusted(tmp_path):
    folder = tmp_path / "cache"
    run_script(folder)
    (module,) = folder.iterdir()
    good = module.read_bytes()
    module.chmod(0o666)
    assert run_script(folder)[0] == "True"
    assert module.stat().st_mode & 0o022 == 0
    module.write_bytes(good.replace(b"np.sqrt", b"np.cbrt"))
    assert run_script(folder) == ["True", "5.0", "0.6"]
    module.write_bytes(good[: len(good) // 2])
    assert run_script(folder) == ["True", "5.0", "0.6"]
    assert module.read_bytes() == good


def test_an_unwritable_cache_falls_back_to_a_temporary_one(tmp_path):
    folder = tmp_path / "file" / "cache"
    folder.parent.write_text("a file where a folder should be")
    assert run_script(folder) == ["True", "5.0", "0.6"]
    assert run_script(folder) == ["False", "5.0", "0.6"]


def test_time_function():
    f = TimeFunction("0.1*sin(0.2*t)")
    assert f(1.0) == pytest.approx(0.1 * np.sin(0.2), rel=1e-15)
    assert f.rate(1.0) == pytest.approx(0.02 * np.cos(0.2), rel=1e-15)
    assert type(f(1.0)) is float
    assert not f.constant
    assert repr(f) == "0.1*sin(0.2*t)"
    assert pickle.loads(pickle.dumps(f)) == f == TimeFunction(" 0.1*sin(0.2*t) ")
    assert hash(pickle.loads(pickle.dumps(f))) == hash(f)
    half = TimeFunction("a/2", {"a": 1.0})
    assert half.constant
    assert (half(7.0), half.rate(7.0)) == (0.5, 0.0)
    assert TimeFunction(2)(0.0) == 2.0
    assert TimeFunction("2*pi").constant
    assert time_function(f) is f


def test_time_function_refuses():
    with pytest.raises(InputError) as caught:
        TimeFunction("sin(kx)", what="mass")
    assert str(caught.value) == "mass = 'sin(kx)': 'kx' is not a time: only t may stand here."
    with pytest.raises(InputError) as caught:
        TimeFunction("1/t", what="mass")(0.0)
    assert str(caught.value) == (
        "mass = '1/t' or its rate is not finite at t = 0; "
        "write a formula that is finite at all times of the run."
    )
    with pytest.raises(InputError, match="the name is taken"):
        TimeFunction("sin", {"sin": 1.0})
    with pytest.raises(InputError, match="reserved word"):
        TimeFunction("t", {"lambda": 1.0})
