"""Hamiltonians that vary in real space: what the textures are, what is refused, tables."""

import pickle

import numpy as np
import pytest

import kinetic.hamiltonians as hamiltonians
from kinetic.errors import InputError
from kinetic.hamiltonians import ExpressionModel, Tabulated
from kinetic.registry import from_table

NOWHERE = [np.array(0.0), np.array(0.0)]


def sheet(width, height, cells):
    """Midpoints of a rectangle and the area of a cell."""
    x = (np.arange(cells) + 0.5) / cells * width - width / 2
    y = (np.arange(cells) + 0.5) / cells * height - height / 2
    return {"x": x[:, None], "y": y}, width * height / cells**2


def flux(model, width, height, cells=200, t=0.3):
    """∫m·(∂ₓm × ∂ᵧm) d²r at k = 0."""
    r, area = sheet(width, height, cells)
    jet = model.jet(0, NOWHERE, t, r)
    triple = np.einsum("a...,a...->...", jet.vector, np.cross(*jet.vector_slope, axis=0))
    return (triple / np.linalg.norm(jet.vector, axis=0) ** 3).sum() * area


def magnetisation(model, x, y, t=0.0):
    """n = −d/J at k = 0 without spin–orbit coupling."""
    return -model.values(0, NOWHERE, t, {"x": np.asarray(x), "y": np.asarray(y)})[1]


# The charge of n, and in the lower band (m = −n) its opposite.
@pytest.mark.parametrize("polarity", [1, -1])
@pytest.mark.parametrize("vorticity", [1, -1])
def test_a_skyrmion_carries_4_pi(polarity, vorticity):
    keys = {"polarity": polarity, "vorticity": vorticity, "coupling": 0, "helicity": 0.3}
    charge = -4 * np.pi * polarity * vorticity
    one = hamiltonians.Skyrmion(velocity=[1.0, 0.5], radius=4, wall_width=1, **keys)
    assert flux(one, 50, 50) == pytest.approx(charge, rel=1e-9)
    square = hamiltonians.SkyrmionLattice(centre=[1, "t"], **keys)
    assert flux(square, 20, 20, 60) == pytest.approx(charge, rel=1e-9)
    triangular = hamiltonians.SkyrmionLattice(lattice="triangular", **keys)
    assert flux(triangular, 20 * np.sqrt(3), 20, 120) == pytest.approx(2 * charge, rel=1e-9)


def test_the_skyrmion_has_its_radius_helicity_and_profile():
    model = hamiltonians.Skyrmion(
        coupling=0, radius=6, wall_width=1.5, helicity=np.pi / 2, centre=[1, 2]
    )
    angle = np.linspace(0, 6, 9)
    x, y = 1 + 6 * np.cos(angle), 2 + 6 * np.sin(angle)
    n = magnetisation(model, x, y)
    bloch = [-np.sin(angle), np.cos(angle), 0 * angle]
    assert np.allclose(n, bloch, atol=1e-12)
    assert np.allclose(magnetisation(model, 1.0, 2.0), [0, 0, -1], atol=1e-12)
    radius = np.array([3.0, 6.5, 9.0])
    theta = 2 * np.arctan(np.sinh(6 / 1.5) / np.sinh(radius / 1.5))
    assert np.allclose(
        magnetisation(model, 1 + radius, 2 + 0 * radius)[2], np.cos(theta), atol=5e-4
    )
    assert np.allclose(magnetisation(model, 1e4, 0.0), [0, 0, 1], rtol=0, atol=1e-15)


@pytest.mark.parametrize("lattice", ["square", "triangular"])
def test_lattices_repeat_where_they_say(lattice):
    model = hamiltonians.SkyrmionLattice(coupling=0, lattice_constant=7, lattice=lattice)
    x, y = np.random.default_rng(3).uniform(-5, 5, (2, 30))
    n = magnetisation(model, x, y)
    assert np.allclose((n**2).sum(axis=0), 1)
    width = 7 * (np.sqrt(3) if lattice == "triangular" else 1)
    moves = [(width, 0), (0, 7)] + [(width / 2, 3.5)] * (lattice == "triangular")
    for right, up in moves:
        assert np.allclose(magnetisation(model, x + right, y + up), n, atol=1e-13)
    assert np.allclose(magnetisation(model, 0.0, 0.0), [0, 0, -1])
    assert model.repeats("x", -0.3, -0.3 + width, 2, {"y": y})
    assert not model.repeats("x", 0, 0.9 * width, 2, {"y": y})


@pytest.mark.parametrize(
    ("plane", "normal"),
    [("helix", [0.6, 0.8, 0]), ("cycloid", [-0.8, 0.6, 0]), ("planar", [0, 0, 1])],
)
def test_spirals_turn_round_their_normal(plane, normal):
    q = np.array([0.3, 0.4])
    model = hamiltonians.SpinSpiral(
        coupling=0, wave_vector=q, plane=plane, cone=1.1, frequency=0.7
    )
    x, y = np.random.default_rng(4).uniform(-5, 5, (2, 30))
    n = magnetisation(model, x, y, 0.5)
    assert np.allclose((n**2).sum(axis=0), 1)
    assert np.allclose(np.abs(np.tensordot(normal, n, 1)), np.cos(1.1))
    # It runs along q with the speed ω/|q|.
    moved = np.array([x, y]) + (0.7 * 0.5 / 0.25) * q[:, None]
    assert np.allclose(magnetisation(model, *moved, 1.0), n)
    assert hamiltonians.SpinSpiral(plane=plane).space_names == {"x"}


def test_the_wall_moves_and_comes_in_pairs():
    x = np.linspace(-30, 30, 61)
    wall = hamiltonians.DiracWall(mass=0.4, width=3.0, centre=1.0, speed=0.5)
    for momenta in ([np.array(0.1)], [np.array(0.1), np.array(0.2)]):
        d = wall.values(0, momenta, 4.0, {"x": x})[1]
        assert np.allclose(d[2], 0.4 * np.tanh((x - 3) / 3))
        assert np.allclose(d[0], 0.1)
        assert np.allclose(d[1], 0.2 * (len(momenta) > 1))
    assert wall.time_dependent
    assert not hamiltonians.DiracWall(mass="0.4*cos(x)").time_dependent
    assert not wall.repeats("x", -30, 30, 1)
    pair = hamiltonians.DiracWall(mass=0.4, width=1.0, repeat=40.0)
    slope = pair.jet(0, NOWHERE, 0.0, {"x": np.array([0.0, 20.0])}).vector_slope[0, 2]
    assert np.allclose(slope, [0.4, -0.4])
    assert pair.repeats("x", -20, 20, 2)
    assert not pair.repeats("x", -20, 19, 2)


def test_a_turn_of_the_rice_mele_angle_holds_one_particle():
    model = hamiltonians.RiceMeleTexture(wave_number=2 * np.pi / 50)
    k = 2 * np.pi * np.arange(200) / 200
    jet = model.jet(0, [k], 0.0, {"x": (np.arange(200) / 4)[:, None]})
    m = jet.vector / np.linalg.norm(jet.vector, axis=0)
    triple = (
        np.einsum(
            "a...,a...->...",
            jet.vector,
            np.cross(jet.vector_slope[0], jet.vector_gradient[0], axis=0),
        )
        / np.linalg.norm(jet.vector, axis=0) ** 3
    )
    assert np.allclose((m**2).sum(axis=0), 1)
    assert abs(triple.sum() * (50 / 200) * (2 * np.pi / 200)) == pytest.approx(4 * np.pi)
    soliton = hamiltonians.RiceMeleTexture(wave_number=0, twist="pi", width=2, speed=0.1)
    ends = soliton.values(0, [np.array(np.pi)], 10.0, {"x": np.array([-50, 1.0, 50])})[1]
    assert np.allclose(ends[0], [1.0, 0, -1.0])
    assert np.allclose(ends[2], [0, 0.5, 0])
    assert hamiltonians.RiceMeleTexture(wave_number=0).space_names == frozenset()


def test_strain_and_axial_fields_are_opposite_in_the_valleys():
    graphene = hamiltonians.GrapheneStrain(strain=["0.2*y", 0.1], step=0.3, width=4)
    r = {"x": np.array(2.0), "y": np.array(0.5)}
    k = [np.array(0.3), np.array(-0.2)]
    for valley, tau in ((0, 1), (1, -1)):
        d0, d = graphene.values(valley, k, 0.0, r)
        assert np.allclose(d0, 0.3 * np.tanh(0.5))
        assert np.allclose(d, [tau * (0.3 + tau * 0.1), -0.2 + tau * 0.1, 0.5])
    weyl = hamiltonians.WeylAxial(node_position=["0.1*y", 0, 0.7], energy_offset=0.2)
    for valley, chi in ((0, 1), (1, -1)):
        at_node = [np.array(chi * 0.05), np.array(0.0), np.array(chi * 0.7)]
        d0, d = weyl.values(valley, at_node, 0.0, {"y": np.array(0.5)})
        assert np.allclose(d, 0)
        assert d0 == chi * 0.2
        assert weyl.valleys()[valley].chirality == chi
    assert weyl.space_names == {"y"}


def test_sparse_and_full_points_agree():
    model = hamiltonians.Skyrmion()
    axes = [np.linspace(-3, 3, n) for n in (3, 4, 5, 6)]
    jets = []
    for sparse in (True, False):
        x, y, kx, ky = np.meshgrid(*axes, indexing="ij", sparse=sparse)
        jets.append(model.jet(0, [kx, ky], 0.0, {"y": y, "x": x}))
    assert jets[0].vector_slope.shape == (2, 3, 3, 4, 5, 6)
    assert np.allclose(jets[0].vector_slope, jets[1].vector_slope, atol=1e-15)
    assert jets[0].vector_slope.flags.c_contiguous


def test_a_homogeneous_model_has_no_slope():
    model = hamiltonians.MassiveDirac()
    k = [np.linspace(-1, 1, 4), np.array(0.0)]
    assert model.jet(0, k, 0.0).vector_slope.shape == (0, 3, 4)
    jet = model.jet(0, k, 0.0, {"x": np.zeros((3, 1))})
    assert jet.vector.shape == (3, 3, 4)
    assert jet.scalar_slope.shape == (1, 3, 4)
    assert not jet.vector_slope.any()
    assert not model.textured
    assert model.repeats("x", 0, 1, 2)


def test_numbers_do_not_recompile():
    from kinetic.compilation import compiled

    r = {"x": np.array(0.3), "y": np.array(0.1)}
    hamiltonians.Skyrmion(radius=3).jet(0, NOWHERE, 0.0, r)
    hamiltonians.MassiveDirac(mass="0.3*x").jet(0, NOWHERE, 0.0, r)
    before = compiled.cache_info().misses
    hamiltonians.Skyrmion(radius=4, wall_width=1.7, exchange=3).jet(0, NOWHERE, 0.0, r)
    hamiltonians.MassiveDirac(mass="0.3*x", velocity=2.0).jet(0, NOWHERE, 0.0, r)
    assert compiled.cache_info().misses == before


ORIGIN = {"x": np.array([0.0, 1.0])}
REFUSED = [
    (
        lambda: hamiltonians.MassiveDirac(mass="0.1*x").jet(0, NOWHERE, 0.0),
        "mass depends on x: give [grid] an axis x.",
    ),
    (
        lambda: hamiltonians.DiracWall().values(0, NOWHERE, 0.0, {"y": np.array(0.0)}),
        "d[2] depends on x: give [grid] an axis x.",
    ),
    (
        lambda: ExpressionModel(d=["kx", "1", "y"], d0="x*y").check(1, ORIGIN),
        "d0 depends on y: give [grid] an axis y.",
    ),
    (
        lambda: hamiltonians.MassiveDirac(mass="1/x").jet(0, NOWHERE, 2.0, ORIGIN),
        "mass = '1/x' or its derivative is not finite everywhere at t = 2; write it without "
        "the singularity or move the grid.",
    ),
    (
        lambda: ExpressionModel(d=["kx", "1", "sqrt(x)"]).jet(0, NOWHERE[:1], 2.0, ORIGIN),
        "expression: d0, d or a derivative is not finite at x = 0, kx = 0, t = 2; write it "
        "without the singularity or move the grid.",
    ),
    (
        lambda: ExpressionModel(d=["sin(kx)", "cos(x*kx)", "1"], bounded=True).check(1),
        "expression: bounded = true, but d or d0 changes when kx grows by 6.28319; write it "
        "periodic or set bounded = false.",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_refusals(call, sentence):
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value) == sentence


# ---------------------------------------------------------------------------- tables


SOURCE = ExpressionModel(
    d=[
        "sin(kx)*(1 + 0.2*cos(x))",
        "0.3*sin(x) + 0.2*ky + 0.1*sin(kx)*ky",
        "0.5 + exp(sin(x))*cos(kx)*cos(ky)",
    ],
    d0="0.2*cos(kx + x)*sin(ky)",
)


def write(path, model, points, t=None, momenta=("kx", "ky"), space=("x",), d0=True):
    """A table of a model: periodic along x and kx, [−3, 3] along the others."""
    import xarray

    turns = np.arange(points) * 2 * np.pi / points
    lines = {n: turns if n in ("x", "kx") else np.linspace(-3, 3, points) for n in momenta}
    lines = {**dict.fromkeys(space, turns), **lines}
    mesh = dict(zip(lines, np.meshgrid(*lines.values(), indexing="ij", sparse=True), strict=True))
    times = [0.0] if t is None else t
    rows = []
    for time in times:
        place = {n: mesh[n] for n in space}
        rows.append(model.values(0, [mesh[n] for n in momenta], time, place))
    names = (*lines,) if t is None else ("t", *lines)
    arrays = [np.concatenate([row[0][None], row[1]]) for row in rows]
    stack = arrays[0] if t is None else np.stack(arrays, axis=1)
    variables = {name: (names, stack[i]) for i, name in enumerate(("d0", "dx", "dy", "dz"))}
    if not d0:
        del variables["d0"]
    if t is not None:
        lines["t"] = t
    xarray.Dataset(variables, coords=lines).to_netcdf(path)
    return str(path)


PARTS = (
    ("scalar", "vector"),
    tuple(f"{of}_{by}" for of in ("scalar", "vector") for by in ("gradient", "slope", "rate")),
)


def distance(found, exact, names):
    return max(np.abs(getattr(found, name) - getattr(exact, name)).max() for name in names)


def differences(table, model, t=0.0):
    """Largest errors of values and of derivatives, over points in a product, along a line and
    over a row of sites.
    """
    errors = np.zeros(2)
    random = np.random.default_rng(7)
    x, kx = random.uniform(-9, 9, (2, 40))
    ky = random.uniform(-2, 2, 40)
    for k, r in (
        ([kx[:, None], ky], {"x": x[:, None, None]}),
        ([kx, ky], {"x": x}),
        ([kx[:, None], ky], {"x": x}),
    ):
        found, exact = table.jet(0, k, t, r), model.jet(0, k, t, r)
        assert found.vector_gradient.shape == exact.vector_gradient.shape
        assert found.vector_slope.shape == exact.vector_slope.shape
        errors = np.maximum(errors, [distance(found, exact, names) for names in PARTS])
        values = table.values(0, k, t, r)
        assert np.array_equal(values[0], found.scalar)
        assert np.array_equal(values[1], found.vector)
    return errors


def test_tables_converge_with_order_six(tmp_path):
    errors = []
    for points in (16, 32, 64):
        path = write(tmp_path / f"{points}.nc", SOURCE, points)
        errors.append(differences(Tabulated(path, ["x", "kx"]), SOURCE))
    errors = np.array(errors)
    orders = np.log2(errors[:-1] / errors[1:])
    assert np.all(orders > 5.5), orders
    assert np.all(errors[-1] < [2e-8, 2e-7]), errors


def test_tables_in_time(tmp_path):
    model = ExpressionModel(d=["sin(kx)", "0.3*cos(x - 0.5*t)", "1 + 0.1*t*cos(kx)"])
    t = np.linspace(0, 4, 33)
    path = write(tmp_path / "t.nc", model, 48, t, ("kx",), d0=False)
    table = Tabulated(path, ["x", "kx"])
    assert table.time_dependent
    x, kx = np.random.default_rng(8).uniform(-5, 5, (2, 20))
    for time in (0.0, 1.7, 4.0):
        found = table.jet(0, [kx], time, {"x": x[:, None]})
        exact = model.jet(0, [kx], time, {"x": x[:, None]})
        for name in ("scalar", "vector", "vector_rate", "vector_slope", "vector_gradient"):
            assert np.allclose(getattr(found, name), getattr(exact, name), atol=2e-7), name
    with pytest.raises(InputError, match="t = 5 lies outside the table"):
        table.values(0, [kx], 5.0, {"x": x})


def test_a_table_is_a_model(tmp_path):
    path = write(tmp_path / "model.nc", SOURCE, 16)
    table = from_table(
        hamiltonians.Hamiltonian,
        {"name": "tabulated", "path": path, "periodic": ["x", "kx"]},
        "hamiltonian",
    )
    assert table == Tabulated(path, ("x", "kx"))
    assert pickle.loads(pickle.dumps(table)) == table
    assert table.dimensions == (2,)
    assert table.space_names == {"x"}
    assert table.textured
    assert not table.time_dependent
    assert not table.bounded
    assert table.period("kx") == pytest.approx(2 * np.pi)
    assert table.period("ky") is None
    table.check(2, {"x": np.linspace(-50, 50, 7)})
    assert table.repeats("x", -np.pi, np.pi, 2)
    assert not table.repeats("x", -np.pi, 3.0, 2)
    bounded = write(
        tmp_path / "bounded.nc",
        ExpressionModel(d=["sin(kx)", "1", "cos(x)"]),
        16,
        momenta=("kx",),
    )
    assert Tabulated(bounded, ["x", "kx"]).bounded


def spoiled(path, change):
    import xarray

    with xarray.open_dataset(path) as dataset:
        changed = change(dataset.load())
    out = path.with_name("spoiled.nc")
    changed.to_netcdf(out)
    return out


TABLE_REFUSALS = [
    (lambda s: s.drop_vars("dy"), "has no variable 'dy'"),
    (lambda s: s.rename(ky="q"), "has the dimension 'q'"),
    (lambda s: s.rename(ky="kz"), "has the momenta ['kx', 'kz']"),
    (lambda s: s.isel(ky=slice(0, 9)), "has 9 points along ky: at least 10 are needed."),
    (lambda s: s.isel(ky=slice(None, None, -1)), "the points along ky must increase in equal"),
    (lambda s: s.assign_coords(ky=s.ky**3), "the points along ky must increase in equal"),
    (lambda s: s.where(s.ky > -2.5), "d0 is not finite everywhere"),
    (lambda s: s.pad(x=(0, 1), mode="wrap").assign_coords(x=np.arange(17.0)), "its last point"),
    (lambda s: s.drop_vars("ky"), "has no coordinate variable 'ky'."),
]


@pytest.mark.parametrize(("change", "sentence"), TABLE_REFUSALS)
def test_tables_that_are_refused(tmp_path, change, sentence):
    write(tmp_path / "table.nc", SOURCE, 16)
    path = spoiled(tmp_path / "table.nc", change)
    with pytest.raises(InputError) as caught:
        Tabulated(str(path), ["x", "kx"])
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


def test_points_and_axes_that_a_table_lacks(tmp_path):
    path = write(tmp_path / "table.nc", SOURCE, 16)
    table = Tabulated(path, ["x", "kx"])
    for call, sentence in (
        (
            lambda: table.values(0, [np.array(0.0), np.array([1.0, 3.1])], 0.0, {"x": 0.0}),
            "ky = 3.1 lies outside the table, which covers ky from -3 to 3: let the table reach "
            "a few cells beyond the grid, or name the axis in 'periodic'.",
        ),
        (
            lambda: Tabulated(path, ["kx"]).check(2, {"x": np.array([0.0, 6.2])}),
            "x = 6.2 lies outside the table",
        ),
        (lambda: table.check(2, {}), f"{path} depends on x: give [grid] an axis x."),
        (lambda: table.check(3, {}), "tabulated is not made for 3 momentum axes"),
        (lambda: Tabulated(path, "x"), "periodic = 'x': write a list of names."),
        (lambda: Tabulated(path, ["z"]), f"periodic: {path} has no 'z'"),
        (lambda: Tabulated(3), "path = 3: the name of a file is needed."),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value).startswith(sentence)
    text = tmp_path / "text.nc"
    text.write_text("no table")
    with pytest.raises(InputError, match="is not a readable table"):
        Tabulated(str(text))
