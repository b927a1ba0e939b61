"""The README's examples run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.S)


def example(word: str) -> dict:
    """Names defined by the python block of the README that holds a word."""
    (source,) = [block for block in BLOCKS if word in block]
    names: dict = {}
    exec(compile(source, "README.md", "exec"), names)
    return names


RUN = {
    "grid": {"kx": [-np.pi, np.pi, 16]},
    "fields": {"E": [0.05]},
    "initial": {"name": "fermi_dirac", "chemical_potential": 0.2, "temperature": 0.2},
    "stop": 2.0,
    "every": 1.0,
}


def test_python_example_prints_the_pumping_rate():
    data = example("data.pumping_rate")["data"]
    exact = 0.002 * 0.01 / (4 * np.pi**2)
    assert float(data.pumping_rate[-1, 0]) == pytest.approx(exact, rel=1e-9)


def test_contributed_hamiltonian_collision_and_observable_are_found_by_name():
    import kinetic

    for word in ("class Ladder", "class TowardHalf", "class LargestOccupation"):
        example(word)
    data = kinetic.Simulation(
        hamiltonian={"name": "ladder", "mass": 0.5},
        collisions=[{"name": "toward_half", "tau": 5.0}],
        observables=["density", "largest_occupation"],
        **RUN,
    ).run()
    # The lower band relaxes from 1 to ½ at every k.
    assert float(data.largest_occupation[-1]) == pytest.approx(
        0.5 + (float(data.largest_occupation[0]) - 0.5) * np.exp(-2.0 / 5.0), rel=1e-3
    )


def test_the_two_lines_are_there():
    lines = re.findall(r"^python3 -m venv .*$", README, flags=re.M)
    assert len(lines) == 2
    assert "runs/weyl_chiral_anomaly.toml" in lines[0]
    assert "pytest" in lines[1]


def test_the_run_files_of_the_readme_are_those_in_runs():
    import tomllib

    texts = re.findall(r"```toml\n(.*?)```", README, flags=re.S)
    names = ("weyl_chiral_anomaly", "contacts_step", "anomalous_hall_disorder")
    for text, name in zip(texts, names, strict=True):
        shown = tomllib.loads(text)
        stored = tomllib.loads((ROOT / "runs" / f"{name}.toml").read_text())
        for table in ("grid", "hamiltonian", "fields", "equation", "initial", "time"):
            for key, value in shown.get(table, {}).items():
                assert stored[table][key] == value, (table, key)
        assert shown.get("collisions", []) in ([], stored.get("collisions", []))
