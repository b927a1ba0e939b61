"""The house: floors, rooms, sizes, words.  Imports point downwards, those in functions too."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import kinetic

ROOT = Path(kinetic.__file__).parent
LONGEST = 370
# From the cellar up.  A room may import from the floors below it; a package is one room, whose
# own modules form no cycle.
FLOORS = (
    ("errors", "device", "interrupts", "progress", "kernels"),  # words, threads, loops
    ("boundaries",),
    ("registry", "schedule", "units", "files", "grammar", "grid", "config"),
    ("expressions", "netcdf", "checkpoint", "mesh", "averages"),
    ("ledger", "stepping", "steady", "equation"),
    ("symbols", "storage", "judgement", "halo", "sweeps", "interband", "lines"),
    ("compilation",),
    ("pulses", "initial"),
    ("fields", "hamiltonians"),
    ("bands", "nodes"),
    ("collisions",),
    ("system", "links", "twoform", "sites"),  # what is simulated
    ("geometry", "drives", "potentials", "velocities", "applicability"),
    ("gluing", "landscape", "spacestored"),
    ("terrain", "spacemodes"),
    ("flow", "spaceflow"),
    ("preparation", "shores", "streaming", "spacecoupling"),
    ("spacepreparation", "transport"),
    ("spacetransport", "rigid"),
    ("splitting",),
    ("state",),
    ("evolution", "quantum"),
    ("observables",),
    ("validity",),
    ("reporting",),
    ("assembly",),  # from tables to objects
    ("contributed",),
    ("provenance",),
    ("recording",),
    ("simulation",),
    ("plotting", "study"),
    ("bench", "validating", "referee", "response"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
SPEAKING = ("cli", "commands", "bench", "validating")  # the last two are bodies of commands
HEAVY = {"numpy", "numba", "scipy", "sympy", "xarray", "netCDF4", "matplotlib", "findiff"}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its name below `kinetic`."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def room(name: str) -> str:
    return name.partition(".")[0]


def below_kinetic(dotted: str) -> str | None:
    """The longest part of a dotted name that is a module here, without 'kinetic.'."""
    head, *rest = dotted.split(".")
    if head != "kinetic":
        return None
    while rest and ".".join(rest) not in modules():
        rest.pop()
    return ".".join(rest) or None


def imports_of(tree: ast.AST) -> set[str]:
    """Modules of the package that a module imports when it runs, in functions too."""
    found: set[str | None] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            found |= {below_kinetic(f"{node.module}.{alias.name}") for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {below_kinetic(alias.name) for alias in node.names}
        found |= imports_of(node)
    return {name for name in found if name}


@cache
def graph() -> dict[str, set[str]]:
    """Who imports whom."""
    return {name: imports_of(tree) - {name} for name, tree in modules().items()}


def test_every_room_has_a_floor():
    assert {room(name) for name in modules() if name} == set(FLOOR)


def test_imports_point_downwards():
    upwards = [
        f"{name} imports {other}"
        for name, others in graph().items()
        for other in others
        if name and room(name) != room(other) and FLOOR[room(other)] >= FLOOR[room(name)]
    ]
    assert not upwards


def test_imports_form_no_cycle():
    """Also inside a room, and also where one of the imports waits inside a function."""
    waiting, done = dict(graph()), set()
    while waiting:
        ready = {name for name, others in waiting.items() if others <= done}
        assert ready, f"a cycle among {sorted(waiting)}"
        done |= ready
        waiting = {name: others for name, others in waiting.items() if name not in ready}


@pytest.mark.parametrize("name", sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*.py")))
def test_modules_are_short(name):
    path = ROOT / name
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST


def test_only_commands_print():
    speaking = {
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and room(name) not in SPEAKING
    }
    assert not speaking


def public_definitions(tree: ast.AST, prefix: str = ""):
    """Functions and classes that do not begin with an underscore, and their public methods."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If):
            yield from public_definitions(node, prefix)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node, f"{node.name}.")


@pytest.mark.parametrize("name", sorted(modules()))
def test_everything_public_has_a_docstring(name):
    tree = modules()[name]
    assert ast.get_docstring(tree), f"{name} has no docstring"
    silent = [n for n, node in public_definitions(tree) if not ast.get_docstring(node)]
    assert not silent


def loaded_by(code: str) -> set[str]:
    """Heavy packages that are loaded after some code ran in a fresh process."""
    found = f"(m for m in {sorted(HEAVY)} if m in sys.modules)"
    program = f"import sys\n{code}\nprint('LOADED', *{found})"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return set(result.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run", "missing.toml"]])
def test_help_and_input_errors_load_nothing_heavy(arguments):
    """They answer within 0.4 s only so."""
    code = f"from kinetic.cli import main\nmain({arguments})"
    heavy = loaded_by(code)
    assert heavy <= ({"numpy"} if arguments[-1].endswith("toml") else set())


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_by("import kinetic; kinetic.InputError")
