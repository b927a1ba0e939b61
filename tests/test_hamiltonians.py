"""Every registered Hamiltonian: derivatives, chirality, periodicity, refusals."""

import pickle

import numpy as np
import pytest

import kinetic.hamiltonians as hamiltonians
from kinetic.errors import InputError
from kinetic.registry import from_table, known

H = hamiltonians.Hamiltonian
NEEDED = {
    "expression": {
        "d": ["sin(kx) + g*t", "m*tanh(kx/w)", "m + 0.1*kx**2"],
        "d0": "0.1*kx*m",
        "parameters": {"m": "0.5 + 0.1*t", "w": 2.0, "g": 0.3},
    }
}
DRIVEN = [
    {"name": "massive_dirac", "mass": "0.5*tanh(t)", "velocity": [[1, "0.1*t"], [0.2, 2]]},
    {"name": "massive_dirac", "mass": {"pulse": "ramp", "amplitude": 0.4, "duration": 2.0}},
    {
        "name": "weyl",
        "centre": ["0.1*t", 0, "sin(t)"],
        "tilt": [0.1, 0, "0.2*t"],
        "shift": "t",
    },
    {"name": "weyl", "chirality": -1, "velocity": [[0, 1, 0], [1, 0, 0], [0, 0.3, 2]]},
    {"name": "weyl_pair", "tilt": [0.1, 0.2, 0.3], "energy_offset": "0.1*t"},
    {"name": "multi_weyl", "charge": 3, "velocity": "-1 - 0.1*t"},
    {"name": "rashba", "zeeman": [0.1, "0.2*cos(t)", 0.3]},
    {"name": "rice_mele", "delta": "0.5*cos(t)", "staggering": "0.5*sin(t)"},
    {"name": "weyl_lattice", "node_position": "1 + 0.1*t"},
    {"name": "graphene_gapped", "haldane_mass": 0.2},
]
TEXTURED = [
    {
        "name": "expression",
        "d": ["kx", "sin(kx) + 0.1*y", "m*tanh((x - u*t)/w)"],
        "d0": "0.1*kx*m*cos(z)",
        "parameters": {"m": "0.5 + 0.1*sin(t*y)", "w": "2 + 0.1*x*z", "u": 0.3},
    },
    {"name": "massive_dirac", "mass": "0.5*tanh(x - 0.1*t)", "tilt": [0, "0.1*y"]},
    {"name": "rice_mele", "delta": "0.5*cos(x)", "staggering": "0.5*sin(x)"},
    {"name": "weyl", "centre": [0, "0.1*x", "0.1*t*y"], "velocity": "1 + 0.1*sin(z)"},
    {"name": "dirac_wall", "speed": 0.2, "centre": "0.1*t**2", "mass": "0.5 + 0.1*t"},
    {"name": "dirac_wall", "repeat": 20.0, "speed": -0.1},
    {"name": "rice_mele_texture", "twist": "pi", "frequency": 0.1, "speed": 0.2},
    {"name": "graphene_strain", "strain": ["0.1*y", "0.1*sin(x)*t"], "potential": "0.1*x*y"},
    {"name": "weyl_axial", "velocity": [[1, 0.1, 0], [0, 1, 0], [0, 0, 2]]},
    {"name": "weyl_axial", "node_position": ["0.1*z", "0.2*x", "0.1*t*y"], "energy_offset": "x"},
    {"name": "spin_spiral", "wave_vector": [0.3, 0.4], "plane": "cycloid", "cone": 1.0},
    {"name": "spin_spiral", "plane": "planar", "frequency": 0.3, "phase": "0.1*t"},
    {"name": "skyrmion", "velocity": [0.1, -0.2], "helicity": 0.7, "radius": 1.5},
    {"name": "skyrmion", "polarity": 1, "vorticity": -1, "centre": ["0.1*t", 1], "coupling": 0},
    {"name": "skyrmion_lattice", "lattice": "triangular", "helicity": 0.4, "vorticity": -1},
    {"name": "skyrmion_lattice", "polarity": 1, "velocity": [0.1, 0]},
]
TABLES = [
    {"name": name, **NEEDED.get(name, {})} for name in sorted(known(H)) if name != "tabulated"
]
TABLES += DRIVEN + TEXTURED


def build(table):
    return from_table(H, table, "hamiltonian")


def label(table):
    return table["name"] + "".join(f"-{key}" for key in table if key != "name")


def points(dimension, seed=1):
    return list(np.random.default_rng(seed).uniform(-2.5, 2.5, (dimension, 5, 4)))


def places(model, seed=2):
    shape = (len(model.space_names), 5, 4)
    values = np.random.default_rng(seed).uniform(-2.5, 2.5, shape)
    return dict(zip(sorted(model.space_names, reverse=True), values, strict=True))


def close(exact, numeric):
    assert exact.shape == numeric.shape
    assert np.allclose(exact, numeric, rtol=2e-9, atol=2e-8)


@pytest.mark.parametrize("table", TABLES, ids=label)
def test_derivatives_are_those_of_the_values(table):
    model, t, h = build(table), 0.7, 1e-5
    for dimension in model.dimensions:
        k, r = points(dimension), places(model)
        for valley in range(len(model.valleys())):
            jet = model.jet(valley, k, t, r)
            d0, d = model.values(valley, k, t, r)
            assert d.shape == (3, 5, 4)
            assert jet.vector_gradient.shape == (dimension, 3, 5, 4)
            assert jet.scalar_gradient.shape == (dimension, 5, 4)
            assert np.allclose(jet.scalar, d0, rtol=1e-14, atol=1e-14)
            assert np.allclose(jet.vector, d, rtol=1e-14, atol=1e-14)
            for i in range(dimension):
                step = [h * (i == j) for j in range(dimension)]
                up = model.values(valley, [a + s for a, s in zip(k, step, strict=True)], t, r)
                down = model.values(valley, [a - s for a, s in zip(k, step, strict=True)], t, r)
                close(jet.scalar_gradient[i], (up[0] - down[0]) / (2 * h))
                close(jet.vector_gradient[i], (up[1] - down[1]) / (2 * h))
            for i, name in enumerate(r):
                up = model.values(valley, k, t, {**r, name: r[name] + h})
                down = model.values(valley, k, t, {**r, name: r[name] - h})
                close(jet.scalar_slope[i], (up[0] - down[0]) / (2 * h))
                close(jet.vector_slope[i], (up[1] - down[1]) / (2 * h))
            assert jet.vector_slope.shape == (len(r), 3, 5, 4)
            assert jet.scalar_slope.shape == (len(r), 5, 4)
            up, down = model.values(valley, k, t + h, r), model.values(valley, k, t - h, r)
            close(jet.scalar_rate, (up[0] - down[0]) / (2 * h))
            close(jet.vector_rate, (up[1] - down[1]) / (2 * h))
            if not model.time_dependent:
                assert not jet.vector_rate.any()
                assert not jet.scalar_rate.any()


def winding(jet_at, radius=0.3, number=200):
    """(1/4π)∮ m·(∂_θ m × ∂_φ m): the charge inside a small sphere."""
    nodes, weights = np.polynomial.legendre.leggauss(number)
    phi = 2 * np.pi * np.arange(number) / number
    cosine, phi = np.meshgrid(nodes, phi, indexing="ij")
    sine = np.sqrt(1 - cosine**2)
    n = np.array([sine * np.cos(phi), sine * np.sin(phi), cosine])
    jet = jet_at(radius * n)
    size = np.linalg.norm(jet.vector, axis=0)
    gradient = jet.vector_gradient
    dets = [
        np.einsum("a...,a...->...", jet.vector, np.cross(gradient[i], gradient[j], axis=0))
        for i, j in ((1, 2), (2, 0), (0, 1))
    ]
    flux = np.einsum("a...,a...->...", n, dets) / size**3 * radius**2
    return (weights[:, None] * flux).sum() * 2 * np.pi / number / (4 * np.pi)


@pytest.mark.parametrize("table", TABLES, ids=label)
def test_chirality_is_the_charge_of_the_node(table):
    model = build(table)
    for index, valley in enumerate(model.valleys()):
        if valley.chirality is None or model.bounded:
            continue
        centre = np.array([valley.parameters.get(f"centre{i}", 0.0) for i in range(3)])
        if centre.dtype.kind != "f":
            centre = np.zeros(3)
        r = dict.fromkeys(model.space_names, 0.0)
        charge = winding(
            lambda n, i=index, c=centre, r=r: model.jet(i, c[:, None, None] + n, 0.0, r)
        )
        assert charge == pytest.approx(valley.chirality, abs=1e-6)


def test_lattice_nodes_have_the_stated_chirality():
    model = hamiltonians.WeylLattice(node_position=1.0)
    for sign in (1, -1):
        jet = model.jet(0, np.array([0.0, 0.0, sign * 1.0]), 0.0)
        assert np.allclose(jet.vector, 0)
        assert np.sign(np.linalg.det(jet.vector_gradient)) == -sign


@pytest.mark.parametrize("table", TABLES, ids=label)
def test_bounded_models_are_periodic(table):
    model = build(table)
    for dimension in model.dimensions:
        model.check(dimension)
        k, r = points(dimension), places(model)
        for i, name in enumerate(("kx", "ky", "kz")[:dimension]):
            period = model.period(name)
            assert (period is not None) == model.bounded
            if period is None:
                continue
            moved = [a + period * (i == j) for j, a in enumerate(k)]
            for here, there in zip(
                model.values(0, k, 0.3, r), model.values(0, moved, 0.3, r), strict=True
            ):
                assert np.allclose(here, there, atol=1e-13)


def chern(model, cells=40):
    """−(1/4π)∫ m·(∂ₓm × ∂ᵧm), lower band filled."""
    k = 2 * np.pi * (np.arange(cells) + 0.5) / cells
    jet = model.jet(0, np.meshgrid(k, k, indexing="ij", sparse=True), 0.0)
    triple = np.einsum("a...,a...->...", jet.vector, np.cross(*jet.vector_gradient, axis=0))
    density = triple / np.linalg.norm(jet.vector, axis=0) ** 3
    return -density.sum() * (2 * np.pi / cells) ** 2 / (4 * np.pi)


@pytest.mark.parametrize(("mass", "expected"), [(1.0, 1), (-1.0, -1), (3.0, 0)])
def test_qwz_chern_number(mass, expected):
    assert chern(hamiltonians.QiWuZhang(mass=mass)) == pytest.approx(expected, abs=1e-6)


def test_haldane_changes_phase_at_3_sqrt3_t2():
    edge = 3 * np.sqrt(3) * 0.2
    inside = chern(hamiltonians.Haldane(t2=0.2, mass=0.7 * edge), 200)
    assert abs(inside) == pytest.approx(1, abs=1e-6)
    assert chern(hamiltonians.Haldane(t2=0.2, mass=1.3 * edge), 200) == pytest.approx(0, abs=1e-6)
    opposite = chern(hamiltonians.Haldane(t2=0.2, phi=-np.pi / 2), 200)
    assert opposite == pytest.approx(-chern(hamiltonians.Haldane(t2=0.2), 200), abs=1e-6)


def test_valleys_of_graphene_have_opposite_curvature():
    model = hamiltonians.GappedGraphene(mass=0.5)
    k = [np.array([0.3]), np.array([-0.2])]
    triples = []
    for valley in (0, 1):
        jet = model.jet(valley, k, 0.0)
        triples.append((jet.vector * np.cross(*jet.vector_gradient, axis=0)).sum())
    assert triples[0] == pytest.approx(-triples[1])
    assert triples[0] == pytest.approx(0.5)


@pytest.mark.parametrize("table", TABLES, ids=label)
def test_models_are_values(table):
    model = build(table)
    assert model == build(table)
    assert pickle.loads(pickle.dumps(model)) == model
    assert "=" in model.formula() or "d" in model.formula()


def test_numbers_do_not_recompile():
    from kinetic.compilation import compiled

    k = points(3)
    hamiltonians.Weyl(velocity=1.0, tilt=[0.1, 0, 0]).jet(0, k, 0.0)
    before = compiled.cache_info().misses
    hamiltonians.Weyl(velocity=2.0, tilt=[0, 0.3, 0], centre=[0, 0, 1]).jet(0, k, 0.0)
    assert compiled.cache_info().misses == before


def test_sparse_and_full_points_agree():
    k = [np.linspace(-1, 1, n) for n in (3, 4, 5)]
    model = hamiltonians.WeylLattice()
    sparse = model.jet(0, np.meshgrid(*k, indexing="ij", sparse=True), 0.0)
    full = model.jet(0, np.meshgrid(*k, indexing="ij"), 0.0)
    assert sparse.vector_gradient.shape == (3, 3, 3, 4, 5)
    assert np.allclose(sparse.vector_gradient, full.vector_gradient, atol=1e-15)
    assert sparse.vector.flags.writeable
    assert sparse.vector.flags.c_contiguous


REFUSALS = [
    (
        {"name": "weyl", "chirality": 2},
        "[hamiltonian] chirality = 2: it is 1 or -1.",
    ),
    (
        {"name": "weyl", "velocity": 0},
        "[hamiltonian] velocity has no inverse: a point node needs det v different from 0.",
    ),
    (
        {"name": "weyl", "tilt": [0, 0]},
        "[hamiltonian] tilt has 2 entries; 3 are needed.",
    ),
    (
        {"name": "weyl", "tilt": "kx"},
        "[hamiltonian] tilt = 'kx': a list of 3 entries is needed.",
    ),
    (
        {"name": "massive_dirac", "mass": "kx"},
        "[hamiltonian] mass = 'kx': it depends on kx: a parameter is a number or a "
        "formula in t, x, y, z.",
    ),
    (
        {"name": "multi_weyl", "charge": 4},
        "[hamiltonian] charge = 4: it is 1, 2 or 3.",
    ),
    (
        {"name": "rashba", "mass": 0},
        "[hamiltonian] mass = 0: the effective mass must differ from 0.",
    ),
    (
        {"name": "expression", "d": ["kx", "ky"]},
        "[hamiltonian] d has 2 entries; 3 are needed.",
    ),
    (
        {"name": "expression", "d": ["kx", "ky", "mas"], "parameters": {"mass": 1}},
        "[hamiltonian] d[2] = 'mas': there is no 'mas' here; allowed are 'kx', 'ky', 'kz', "
        "'mass', 't', 'x', 'y' and 'z' and numbers, pi and functions. Did you mean 'mass'?",
    ),
    (
        {"name": "expression", "d": ["kx", "ky", "1"], "parameters": {"pi": 3}},
        "[hamiltonian] parameter 'pi': the name is taken; choose another one.",
    ),
    (
        {"name": "expression", "d": ["kx", "m", "1"], "parameters": {"m": "1 + kx*x"}},
        "[hamiltonian] m = '1 + kx*x': it depends on kx: a parameter is a number or a "
        "formula in t, x, y, z.",
    ),
    (
        {"name": "dirac_wall", "width": 0},
        "[hamiltonian] width = 0: it must be above 0.",
    ),
    (
        {"name": "dirac_wall", "width": "1 + t"},
        "[hamiltonian] width = '1 + t': a number is needed; it does not change.",
    ),
    (
        {"name": "dirac_wall", "centre": "y"},
        "[hamiltonian] centre = 'y': it is a number or a formula in t.",
    ),
    (
        {"name": "spin_spiral", "wave_vector": [0, 0]},
        "[hamiltonian] wave_vector = [0, 0]: a spiral needs one that is not 0.",
    ),
    (
        {"name": "spin_spiral", "plane": "bloch"},
        "[hamiltonian] plane = 'bloch': it is 'helix', 'cycloid' or 'planar'.",
    ),
    (
        {"name": "skyrmion", "vorticity": 2},
        "[hamiltonian] vorticity = 2: it is 1 or -1.",
    ),
    (
        {"name": "skyrmion", "radius": 300, "wall_width": 1},
        "[hamiltonian] radius = 300 is more than 100 times wall_width = 1: such a texture "
        "cannot be resolved; make the wall wider.",
    ),
    (
        {"name": "skyrmion_lattice", "lattice": "hexagonal"},
        "[hamiltonian] lattice = 'hexagonal': it is 'square' or 'triangular'.",
    ),
    (
        {"name": "tabulated", "path": "/no/such.nc"},
        "[hamiltonian] path = '/no/such.nc': there is no such file.",
    ),
    (
        {"name": "expression", "d": ["kx", "ky", "1"], "parameters": 3},
        "[hamiltonian] parameters = 3: write {name = number, ...}.",
    ),
]


@pytest.mark.parametrize(("table", "sentence"), REFUSALS)
def test_refusals(table, sentence):
    with pytest.raises(InputError) as caught:
        build(table)
    assert str(caught.value) == sentence


def test_a_grid_of_the_wrong_dimension_is_refused():
    with pytest.raises(InputError) as caught:
        hamiltonians.Weyl().jet(0, points(2), 0.0)
    assert str(caught.value) == (
        "weyl is not made for 2 momentum axes; give [grid] the axes kx, ky, kz."
    )
    model = hamiltonians.ExpressionModel(d=["kx", "ky", "kz"])
    with pytest.raises(InputError) as caught:
        model.check(2)
    assert str(caught.value) == (
        "the Hamiltonian contains 'kz', but the grid has only the momentum axes 'kx' and "
        "'ky'; add axes or take them out."
    )


def test_a_bounded_model_that_is_not_periodic_is_refused():
    model = hamiltonians.ExpressionModel(d=["sin(kx)", "ky", "1"], bounded=True)
    with pytest.raises(InputError) as caught:
        model.check(2)
    assert str(caught.value) == (
        "expression: bounded = true, but d or d0 changes when ky grows by 6.28319; "
        "write it periodic or set bounded = false."
    )


def test_a_singular_model_is_refused_at_the_point():
    model = hamiltonians.ExpressionModel(d=["kx", "ky", "1/sqrt(kx**2 + ky**2)"])
    with pytest.raises(InputError) as caught:
        model.values(0, [np.array([1.0, 0.0]), np.array([2.0, 0.0])], 0.0)
    assert str(caught.value) == (
        "expression: d0, d or a derivative is not finite at kx = 0, ky = 0, t = 0; "
        "write it without the singularity or move the grid."
    )
