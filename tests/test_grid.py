"""Axes, their ends, and the cells of phase space."""

import pickle

import numpy as np
import pytest

from kinetic import assembly, config
from kinetic.boundaries import Side, sides
from kinetic.errors import InputError
from kinetic.grid import Axis, Grid

OPEN, MIRROR, ROUGH = Side("open"), Side("specular"), Side("diffuse")
CONTACT = Side("reservoir", chemical_potential=0.5, temperature=0.05)
CONTACT_TABLE = {"kind": "reservoir", "chemical_potential": 0.5, "temperature": 0.05}

BOUNDARIES = [
    (None, (Side("periodic"), Side("periodic"))),
    ("periodic", (Side("periodic"), Side("periodic"))),
    (["periodic", "periodic"], (Side("periodic"), Side("periodic"))),
    ("open", (OPEN, OPEN)),
    ({"kind": "open", "inflow": "initial"}, (OPEN, OPEN)),
    (["open", {"kind": "open", "inflow": "empty"}], (OPEN, Side("open", inflow="empty"))),
    ("specular", (MIRROR, MIRROR)),
    (["diffuse", {"kind": "wall", "specularity": 1}], (ROUGH, MIRROR)),
    ({"kind": "wall", "specularity": 0.3}, (Side("wall", specularity=0.3),) * 2),
    (["open", CONTACT_TABLE], (OPEN, CONTACT)),
    ((CONTACT, "diffuse"), (CONTACT, ROUGH)),
    ([CONTACT_TABLE, {**CONTACT_TABLE, "chemical_potential": 0.4}], None),
]


@pytest.mark.parametrize(("boundary", "expected"), BOUNDARIES)
def test_an_axis_has_two_ends_and_a_table(boundary, expected):
    """Table to axis to run text to axis: the same one, to the last bit of its edges."""
    axis = Axis.linear("x", -0.1, 0.7, 11, boundary)
    if expected is not None:
        assert axis.sides == expected
    assert axis.periodic == axis.sides[0].periodic == (axis.sides[0].kind == "periodic")
    grid = Grid((axis, Axis.linear("kx", -1, 1, 9, "periodic")))
    plain, incomplete = assembly.tabulate({"grid": grid})
    assert not incomplete
    again = Grid.from_table(config.parse(config.text(plain))["grid"])
    assert again == grid
    assert hash(again) == hash(grid)
    assert pickle.loads(pickle.dumps(grid)) == grid
    assert again.replace(axis.bounded("open")) == grid  # its boundary is decided already
    moved = axis.shifted(0.25)
    assert moved.sides == axis.sides
    assert moved.edges[3] == pytest.approx(axis.edges[3] + 0.25, abs=1e-15)


def test_formulas_stand_for_the_ends_of_an_axis():
    table = {"x": ["-pi", "2*pi/3", 12], "kx": {"lower": 0, "upper": "pi", "cells": 4}}
    table["y"] = {"lower": 0, "upper": "pi/2", "cells": 6, "boundary": ["open", CONTACT_TABLE]}
    grid = assembly._grid(table)
    assert [axis.name for axis in grid.axes] == ["x", "y", "kx"]
    assert grid.axes[0].edges[0] == -np.pi
    assert grid.axes[0].length == pytest.approx(5 * np.pi / 3)
    assert grid.axes[1].sides == (OPEN, CONTACT)


def test_a_space_axis_given_by_its_edges_is_the_linear_one():
    edges = np.linspace(0.1, 0.9, 9) * (1 + 1e-16)
    edges[3] += 1e-16
    assert Axis("y", tuple(edges)) == Axis.linear("y", edges[0], edges[-1], 8)


def test_cells_of_phase_space():
    grid = Grid.from_table({"z": [0, 3, 12], "x": [-1, 1, 8], "kx": [-2, 2, 5]})
    assert [axis.name for axis in grid.space] == ["x", "z"]
    assert (grid.dimensions, grid.sites, grid.shape) == (1, (8, 12), (8, 12, 5))
    assert grid.site_volume == pytest.approx(2 / 8 * 3 / 12)
    assert grid.volumes == pytest.approx(np.full(5, 0.8))
    homogeneous = Grid.from_table({"kx": [-2, 2, 5], "ky": [0, 1, 2]})
    assert (homogeneous.sites, homogeneous.site_volume) == ((), 1.0)
    assert homogeneous.shape == (5, 2) == homogeneous.volumes.shape


def test_boundaries_in_words():
    words = [
        Axis.linear("x", 0, 1, 8, entry).beyond for entry in (None, "open", [ROUGH, CONTACT])
    ]
    assert words == [
        "periodic",
        "open",
        "below wall of specularity 0; above reservoir of μ = 0.5, T = 0.05",
    ]
    assert Axis.linear("kx", 0, 1, 8).beyond == "not decided"
    assert str(Side("open", inflow="empty")) == "open, nothing enters"


def test_what_an_end_takes():
    assert Side("wall", specularity=0) == Side("diffuse") != Side("specular")
    assert Side("open") == Side("open", inflow="initial")
    assert CONTACT.reservoir == (0.5, 0.05)
    assert OPEN.reservoir is None
    assert sides(CONTACT, "here") == (CONTACT, CONTACT)


def x(**keys):
    return {"x": {"lower": 0, "upper": 1, "cells": 8, **keys}, "kx": [0, 1, 4]}


WHERE = "boundary of axis x"
REFUSALS = [
    (
        x(boundary=["periodic", "open"]),
        f"{WHERE}: one end is periodic, the other is not; an axis closes on itself at both ends "
        "or at none.",
    ),
    (
        x(boundary="opne"),
        f"{WHERE}: kind = 'opne': did you mean 'open'?",
    ),
    (
        x(boundary=["open", "open", "open"]),
        f"{WHERE} has 3 entries; write one for both ends, or a list of two for the lower and the "
        "upper end.",
    ),
    (
        x(boundary=["open", 3]),
        f"{WHERE}, upper end = 3: write 'periodic', 'open', 'specular', 'diffuse', or a table "
        "such as {kind = 'wall', specularity = 0.3}.",
    ),
    (
        x(boundary=[{"specularity": 0.5}, "open"]),
        f"{WHERE}, lower end = {{'specularity': 0.5}}: write 'periodic', 'open', 'specular', "
        "'diffuse', or a table such as {kind = 'wall', specularity = 0.3}.",
    ),
    (x(boundary="wall"), f"{WHERE}: specularity is missing: a wall needs it."),
    (
        x(boundary={"kind": "wall", "specularity": 1.2}),
        f"{WHERE}: specularity = 1.2 must lie between 0 (diffuse) and 1 (specular).",
    ),
    (
        x(boundary={"kind": "wall", "specularity": "half"}),
        f"{WHERE}: specularity = 'half' is not a finite number.",
    ),
    (
        x(boundary={"kind": "diffuse", "specularity": 0.5}),
        f"{WHERE}: a diffuse wall takes no 'specularity'; write {{kind = 'wall', specularity = "
        "...} for one between specular and diffuse.",
    ),
    (
        x(boundary={"kind": "open", "temperature": 0.5}),
        f"{WHERE}: 'open' takes no 'temperature'; that is a key of kind = 'reservoir'.",
    ),
    (
        x(boundary={"kind": "open", "inflow": "full"}),
        f"{WHERE}: inflow = 'full': known are 'empty' and 'initial'.",
    ),
    (
        x(boundary={"kind": "reservoir", "chemical_potential": 0.5}),
        f"{WHERE}: temperature is missing: a reservoir needs it.",
    ),
    (
        x(boundary={"kind": "reservoir", "chemical_potential": 0.5, "temperature": -1}),
        f"{WHERE}: temperature = -1.0 must not be negative.",
    ),
    (
        x(boundary={"kind": "reservoir", "chemical_potential": True, "temperature": 1}),
        f"{WHERE}: chemical_potential = True is not a finite number.",
    ),
    (
        x(boundary={"kind": "reservoir", "temprature": 1}),
        f"{WHERE}: no such key 'temprature'; did you mean 'temperature'?",
    ),
    (
        x(cells=5),
        "axis x has 5 cells: an axis in real space needs at least 6; take more, or leave the "
        "axis out where nothing depends on it.",
    ),
    (
        x(focus=0.5),
        "[grid] x: 'focus' is for momentum axes; axes in real space have equal cells: give "
        "lower, upper, cells and boundary.",
    ),
    (
        {"x": {"edges": [0, 1, 2, 3, 4, 5, 6, 7]}, "kx": [0, 1, 4]},
        "[grid] x: 'edges' is for momentum axes; axes in real space have equal cells: give "
        "lower, upper, cells and boundary.",
    ),
    (
        {"kx": {"lower": 0, "upper": 1, "cells": 4, "boundary": "specular"}},
        "boundary = 'specular' of axis kx: known are 'open' and 'periodic'.",
    ),
    (
        {"kx": {"lower": 0, "upper": 1, "cells": 4, "boundary": ["open", "open"]}},
        "boundary = ['open', 'open'] of axis kx: known are 'open' and 'periodic'.",
    ),
    (
        {"x": [0, 1, 8]},
        "[grid] has the momentum axes []: give kx; kx and ky; or kx, ky and kz.",
    ),
]


@pytest.mark.parametrize(("table", "sentence"), REFUSALS)
def test_refusals(table, sentence):
    with pytest.raises(InputError) as caught:
        Grid.from_table(table)
    assert str(caught.value) == sentence


def test_unequal_cells_in_real_space_are_refused():
    with pytest.raises(InputError, match=r"^the cells of axis x differ in width"):
        Axis.graded("x", -1, 1, 12, 0.0, 3.0)


def test_a_momentum_axis_has_no_sides():
    with pytest.raises(TypeError, match="momentum axis"):
        _ = Axis.linear("kx", 0, 1, 4, "open").sides
