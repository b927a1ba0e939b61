"""Figures and movies of results in real space, from fabricated files laid out as a run's."""

import numpy as np
import pytest
import xarray
from matplotlib import rc_context
from PIL import Image

from kinetic import plotting
from kinetic.cli import main
from kinetic.errors import InputError, OutputError
from kinetic.plotting import (
    movie,
    overview,
    pictures,
    portrait,
    profiles,
    real_space,
    streamlines,
    style,
    texture,
)
from kinetic.plotting.content import Content, times_length
from kinetic.plotting.places import Request, parsed

RUNS = {
    1: """title = "Moving wall"
[grid]
x = [-10.0, 10.0, 40]
kx = [-1.0, 1.0, 24]
[hamiltonian]
name = "expression"
d = ["kx", "0.3", "0.5*tanh((x - 0.5*t)/w)"]
parameters = {w = 2.0}
[initial]
name = "fermi_dirac"
chemical_potential = 0.1
temperature = 0.05
[time]
stop = 6.0
""",
    2: """title = "Skyrmion"
[grid]
x = [-10.0, 10.0, 32]
y = [-8.0, 8.0, 26]
kx = [-1.0, 1.0, 9]
ky = [-1.0, 1.0, 9]
[hamiltonian]
name = "expression"
d = ["kx + 2*4*x/(x**2+y**2+16)", "ky + 2*4*y/(x**2+y**2+16)", "(x**2+y**2-16)/(x**2+y**2+16)"]
[initial]
name = "fermi_dirac"
chemical_potential = 0.1
temperature = 0.05
[time]
stop = 6.0
""",
}
LENGTHS = {"x": (20.0, 40), "y": (16.0, 26), "z": (6.0, 8)}


def centres(axis, cells=None):
    """Cell centres of an axis about 0."""
    length, usual = LENGTHS[axis]
    cells = cells or usual
    return (np.arange(cells) + 0.5) * length / cells - 0.5 * length


def result(space=1, momentum=None, records=13, shots=3, valleys=1, si=False, thinned=False):
    """A packet that moves along x and spreads; the current turns about the middle."""
    momentum = momentum or min(2, space)
    axes, k = ["x", "y", "z"][:space], ["kx", "ky", "kz"][:momentum]
    time = np.linspace(0.0, 6.0, records)
    r = {axis: centres(axis, 32 if space == 2 and axis == "x" else None) for axis in axes}
    mesh = np.meshgrid(*r.values(), indexing="ij")
    data, unit = {}, f"1/length^{momentum}" if momentum > 1 else "1/length"

    def put(name, dims, values, units="1", **more):
        about = {"units": units, "long_name": name.replace("_", " "), **more}
        data[name] = (dims, values, about)

    def moving(t, width=2.0):
        square = (mesh[0] + 3.0 - t) ** 2 + sum(m**2 for m in mesh[1:])
        return np.exp(-square / (2.0 * width**2 * (1.0 + 0.05 * t)))

    upper = np.stack([moving(t) for t in time])
    lower = np.stack([-0.2 * moving(0.3 * t, 3.0) for t in time])
    bands = 0.1 * np.stack([lower, upper], 1)
    density = bands.sum(1)
    put("density", ("time", *axes), density, unit)
    put("band_density", ("time", "band", *axes), bands, unit)
    if valleys > 1:
        split = np.stack([density * (1.0 + i) for i in range(valleys)], 1)
        put("valley_density", ("time", "valley", *axes), split, unit)
    y = mesh[1] if space > 1 else 0.0 * mesh[0]
    flow = np.zeros((records, 3, *density.shape[1:]))
    flow[:, 0] = density * (1.0 - 0.2 * y)
    if space > 1:
        flow[:, 1] = density * 0.2 * (mesh[0][None] + 3.0 - time.reshape(-1, *[1] * space))
    flux = "1/time" if momentum == 1 else "1/(length time)"
    put("current", ("time", "component", *axes), flow, flux)
    put("current_group", ("time", "component", *axes), 0.8 * flow, flux)
    put("current_anomalous", ("time", "component", *axes), 0.2 * flow, flux)
    put("energy", ("time", *axes), 0.5 * density, f"energy/{unit[2:]}")
    put("energy_current", ("time", "component", *axes), 0.5 * flow, f"energy {flux[2:]}")
    volume = np.prod([c[1] - c[0] for c in r.values()])
    total = density.reshape(records, -1).sum(1) * volume
    put("total_density", ("time",), total, "1")
    put("ledger_residual", ("time",), 1e-17 * np.sin(time), "1")
    put("ledger_scale", ("time",), np.ones(records), "1")
    put("occupation_min", ("time",), -1e-5 * time)
    put("occupation_max", ("time",), 1.0 - 0.1 * np.exp(-time))
    put("curvature_rk", tuple(axes), np.tanh(mesh[0]), "1", long_name="curvature F_xkx")
    coordinates = {
        "time": ("time", time, {"units": "hbar/energy"}),
        "band": ["lower", "upper"],
        "component": ["x", "y", "z"],
        "valley": ["K", "K'"][:valleys],
    }
    for axis in axes:
        coordinates[axis] = (axis, r[axis], {"units": "length"})
    if shots:
        place = dict(r)
        names = list(axes)
        if thinned:
            place = {axis: c[1::2] for axis, c in r.items()}
            names = [f"snapshot_{axis}" for axis in axes]
        p = {axis: np.linspace(-1.0, 1.0, 25 if momentum == 1 else 9) for axis in k}
        sparse = np.meshgrid(*place.values(), *p.values(), indexing="ij", sparse=True)
        when = np.linspace(0.0, 6.0, shots)
        f = []
        for t in when:
            square = (sparse[0] + 3.0 - t * (1.0 + sparse[space])) ** 2 / 8.0
            square = square + sum(s**2 for s in sparse[1:space]) / 8.0
            square = square + sum(s**2 for s in sparse[space:]) / 0.08
            packet = 0.6 * np.exp(-square)
            f.append(np.stack([1.0 - 0.1 * packet, packet]))
        f = np.repeat(np.stack(f)[:, None], valleys, axis=1)
        put("occupation", ("snapshot_time", "valley", "band", *names, *k), f)
        coordinates["snapshot_time"] = ("snapshot_time", when, {"units": "hbar/energy"})
        for axis, name in zip(axes, names, strict=True):
            coordinates[name] = (name, place[axis], {"units": "length"})
        for axis in k:
            coordinates[axis] = (axis, p[axis], {"units": "hbar/length"})
    scales = {"si_energy": 1.6e-19, "si_length": 1e-9, "si_time": 6.6e-16} if si else {}
    attributes = {
        "title": "A packet that was made up",
        "run": RUNS.get(space, ""),
        "format_version": 1,
        **scales,
    }
    return xarray.Dataset(data, coordinates, attributes)


@pytest.fixture(autouse=True)
def _coarse(monkeypatch):
    """Few dots: what is drawn is what counts here."""
    monkeypatch.setitem(style.PARAMETERS, "savefig.dpi", 40.0)
    monkeypatch.setattr(movie, "_DOTS", 40)


@pytest.fixture
def write(tmp_path):
    """Write a dataset and return its path."""

    def call(dataset, name="out.nc"):
        path = tmp_path / name
        dataset.to_netcdf(path)
        return path

    return call


def is_png(path):
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def drawable(space):
    return [name for name in plotting.SPACE_FIGURES if space > 1 or name != "streamlines"]


# --- figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("space", "what"),
    [(space, what) for space in (1, 2) for what in drawable(space)] + [(3, "streamlines")],
)
def test_every_figure_is_drawn_beside_the_result(space, what, write):
    path = write(result(space, records=4, shots=2))
    figure = plotting.plot(path, what)
    assert figure == path.with_name(f"out_{what}.png")
    assert is_png(figure)
    assert {p.name for p in path.parent.iterdir()} == {"out.nc", figure.name}


@pytest.mark.parametrize(
    "options",
    [
        {"space": 1},
        {"space": 1, "momentum": 3, "shots": 2, "thinned": True},
        {"space": 2, "momentum": 1, "valleys": 2, "si": True, "thinned": True},
        {"space": 3, "records": 2, "shots": 0},
        {"space": 2, "records": 1, "shots": 1},
    ],
)
def test_the_report_takes_what_there_is(options, write):
    path = write(result(**options))
    assert plotting.plot(path) == path.with_suffix(".png")
    assert is_png(path.with_suffix(".png"))


def test_the_report_does_without_density_current_and_records(write):
    names = ["density", "current", "total_density"]
    assert is_png(plotting.report(write(result(2, shots=0).drop_vars(names))))
    only = result(1)[["occupation"]]
    assert is_png(plotting.report(write(only.drop_vars("time", errors="ignore"), "shots.nc")))


@pytest.mark.parametrize("what", ["current", "band_density", "curvature_rk", "total_density"])
@pytest.mark.parametrize("space", [1, 2])
def test_any_variable_can_be_drawn(space, what, write):
    assert is_png(plotting.plot(write(result(space, shots=0)), what))


@pytest.mark.parametrize(
    ("space", "what"), [(1, "occupation"), (2, "occupation"), (2, "lines"), (1, "budget")]
)
def test_the_figures_of_a_homogeneous_run_are_drawn_at_one_site_or_of_the_totals(
    space, what, write
):
    assert is_png(plotting.plot(write(result(space, thinned=True)), what))


@pytest.mark.parametrize(
    ("what", "options"),
    [
        ("cut", {"along": "y", "variable": "current", "at": {"x": 1.0, "component": "x"}}),
        ("cut", {"at": {"t": 2.0}}),
        ("density", {"at": {"t": 2.0}}),
        ("density", {"along": "y"}),
        ("spacetime", {"along": "y", "variable": "band_density", "at": {"band": "upper"}}),
        ("streamlines", {"variable": "energy", "at": {"t": 0.0}}),
        ("portrait", {"along": "y", "at": {"ky": 0.5, "band": 1, "t": 6.0}}),
        ("texture", {"along": "x", "at": {"kx": 0.2, "y": 0.3}}),
        ("occupation", {"at": {"x": -3.0, "y": 0.0}}),
    ],
)
def test_places_can_be_chosen(what, options, write):
    assert is_png(plotting.plot(write(result(2)), what, **options))


def test_few_cells_get_arrows_and_no_current_no_lines(write):
    small = result(2, shots=0).isel(x=slice(10, 16), y=slice(8, 14))
    assert is_png(plotting.plot(write(small), "streamlines"))
    still = result(2, shots=0)
    still["current"] = still["current"] * 0.0
    assert is_png(plotting.plot(write(still, "still.nc"), "streamlines"))


@pytest.mark.parametrize("what", ["report", "current", "curvature_rk", "portrait", "cut"])
def test_nothing_is_cut_off(what, write):
    path = write(result(2))
    content = Content.read(path)
    with content.dataset, rc_context(style.PARAMETERS):
        if what == "report":
            figure = overview.report(content, path)
        else:
            figure = plotting._figure(content, path, what, Request())
        figure.draw_without_rendering()
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) > 0.0


# --- what is in them --------------------------------------------------------------------------


def test_totals_are_sums_over_cells_times_their_volume(write):
    dataset = result(2)
    content = Content.read(write(dataset))
    with content.dataset:
        totals = content.totals
        assert totals.dataset["density"].attrs["units"] == "1"  # the recorded total
        np.testing.assert_array_equal(totals.values("density"), dataset["total_density"].values)
        bands = totals.values("band_density")
        assert bands.shape == (13, 2)
        np.testing.assert_allclose(bands.sum(1), dataset["total_density"], rtol=1e-12)
        assert totals.dataset["current"].attrs["units"] == "length/time"
        assert "curvature_rk" not in totals.dataset


@pytest.mark.parametrize(
    ("units", "power", "expected"),
    [
        ("1/length^3", 1, "1/length^2"),
        ("1/length", 1, "1"),
        ("1/(length^2 time)", 2, "1/time"),
        ("energy/length^2", 3, "energy length"),
        ("1", 2, "length^2"),
        ("1/(length^2 time)", 1, "1/(length time)"),
        ("odd^x", 1, "odd^x length^1"),
    ],
)
def test_units_of_integrals(units, power, expected):
    assert times_length(units, power) == expected


def test_a_cut_goes_through_the_cell_asked_for(write):
    dataset = result(2)
    content = Content.read(write(dataset))
    with content.dataset:
        request = Request(at={"y": 3.4, "band": "upper"})
        picture = pictures.read(content, "band_density", ["x"], request)
        (layer,) = picture.layers
        expected = dataset["band_density"].sel(band="upper").sel(y=3.4, method="nearest")
        np.testing.assert_array_equal(layer.values, expected)
        assert (layer.symbol, layer.entry) == (r"$\rho_+$", "upper band")
        assert picture.where == ("$y=3.38$",)
        np.testing.assert_array_equal(layer.change[0], 0.0)


def test_places_where_a_run_cut_its_records_are_told(write):
    dataset = result(2)
    cut = dataset["density"].isel(y=3, drop=True).assign_attrs(y=-5.8)
    shots = dataset["occupation"].isel(ky=4, drop=True)
    dataset = dataset.drop_vars(["occupation", "ky"]).assign(
        density_along_x=cut, occupation=shots, ky=((), 0.0)
    )
    path = write(dataset)
    content = Content.read(path)
    with content.dataset:
        assert "density_along_x" in content.maps()
        picture = pictures.read(content, "density_along_x", ["x"], Request())
        assert picture.where == ("$y=-5.8$",)
        picture = portrait.picture_of(content, "occupation", Request())
        assert picture.where == ("$y=-0.308$", "$k_y=0$")
        assert pictures.read(content, "density", ["x", "y"], Request()).where == ()
    assert is_png(plotting.plot(path, "density_along_x"))


def test_components_in_which_nothing_flows_are_left_out(write):
    content = Content.read(write(result(2)))
    with content.dataset:
        picture = pictures.read(content, "current", ["x", "y"], Request())
        assert [layer.symbol for layer in picture.layers] == ["$j_x$", "$j_y$"]


def test_streamlines_follow_the_current_on_the_middle_plane(write):
    dataset = result(3)
    content = Content.read(write(dataset))
    with content.dataset:
        flow = streamlines.Flow.read(content, ("x", "y"), Request())
        middle = dataset.isel(z=int(np.argmin(np.abs(dataset["z"].values))))
        np.testing.assert_array_equal(flow.across, middle["current"].sel(component="x"))
        np.testing.assert_array_equal(flow.up, middle["current"].sel(component="y"))
        np.testing.assert_array_equal(flow.picture.layers[0].values, middle["density"])
        assert flow.picture.where == (f"$z={float(middle['z']):.3g}$",)


@pytest.mark.parametrize("thinned", [False, True])
def test_a_portrait_holds_position_and_its_momentum(thinned, write):
    dataset = result(2, thinned=thinned)
    content = Content.read(write(dataset))
    with content.dataset:
        picture = portrait.picture_of(content, "occupation", Request(along="y", at={"x": -3.0}))
        assert list(picture.axes) == ["y", "ky"]
        prefix = "snapshot_" if thinned else ""
        expected = (
            dataset["occupation"]
            .isel(valley=0)
            .sel({f"{prefix}x": -3.0, "kx": 0.0}, method="nearest")
        )
        for band, layer in enumerate(picture.layers):
            np.testing.assert_array_equal(layer.values, expected.isel(band=band))
        assert len(picture.axes["y"]) == (13 if thinned else 26)


@pytest.mark.parametrize("what", ["occupation", "coherence_vector"])
def test_snapshots_of_one_axis_of_each_kind_are_maps_of_both(what, write, monkeypatch):
    dataset = result(1, momentum=1)
    shape = [dataset["occupation"].sizes[d] for d in dataset["occupation"].dims]
    place = dataset["occupation"].dims.index("band")
    dims = [d if d != "band" else "component" for d in dataset["occupation"].dims]
    shape[place] = 3
    values = np.random.default_rng(3).normal(size=shape)
    dataset = dataset.assign(coherence_vector=(dims, values, {"units": "1"}))
    path, shown = write(dataset), []
    whole = portrait.still

    def seen(content, picture, record):
        shown.append((picture.name, list(picture.axes), len(picture.layers)))
        return whole(content, picture, record)

    monkeypatch.setattr(portrait, "still", seen)
    assert is_png(plotting.plot(path, what))
    assert shown == [(what, ["x", "kx"], 2 if what == "occupation" else 3)]
    assert is_png(plotting.plot(path, what, at={"x": 1.0}))
    assert len(shown) == 1
    with pytest.raises(InputError, match="takes no --along"):
        plotting.plot(path, what, along="x")


def test_roundings_of_one_band_beside_another_are_no_picture(write):
    dataset = result(1)
    dataset["occupation"][:, :, 1] = 1e-15 * dataset["occupation"][:, :, 1]
    content = Content.read(write(dataset))
    with content.dataset:
        lower, upper = portrait.picture_of(content, "occupation", Request()).layers
    assert np.any(lower.change)
    assert not np.any(upper.values)
    assert not np.any(upper.between(0, -1))
    assert pictures.colours(upper.values) == {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0}
    low, high = profiles.limits([pictures.Layer("f", "", "", 0.5 + 1e-16 * np.arange(-2.0, 3.0))])
    assert high - low > 0.05


def test_the_texture_is_that_of_the_run(write):
    content = Content.read(write(result(1)))
    with content.dataset:
        model = texture.Texture.read(content, Request(at={"kx": 0.4}))
        x, time = content.values("x"), 2.0
        d = np.stack([0.4 + 0 * x, 0.3 + 0 * x, 0.5 * np.tanh((x - 0.5 * time) / 2.0)])
        expected = d / np.linalg.norm(d, axis=0)
        np.testing.assert_allclose(model.directions(time), expected, atol=1e-14)
    content = Content.read(write(result(2), "two.nc"))
    with content.dataset:
        m = texture.Texture.read(content, Request()).directions(0.0)
        assert m.shape == (3, 32, 26)
        np.testing.assert_allclose(np.sum(m**2, axis=0), 1.0, atol=1e-14)
        radius = np.hypot(*np.meshgrid(content.values("x"), content.values("y"), indexing="ij"))
        expected = (radius**2 - 16.0) / (radius**2 + 16.0)
        np.testing.assert_allclose(m[2], expected, atol=1e-14)


def test_where_bands_touch_there_is_no_direction(write):
    dataset = result(1)
    run = RUNS[1].replace('"0.3"', '"0"').replace("x - 0.5*t", "x - 0.25")
    dataset.attrs["run"] = run.replace("[-1.0, 1.0, 24]", "[-1.0, 1.0, 25]")
    path = write(dataset)
    content = Content.read(path)
    with content.dataset:
        m = texture.Texture.read(content, Request()).directions(0.0)
        touching = np.isclose(content.values("x"), 0.25)
        assert touching.sum() == 1
        np.testing.assert_array_equal(np.isnan(m).all(axis=0), touching)
    assert is_png(plotting.plot(path, "texture"))


def test_colours_are_diverging_about_0_for_two_signs_and_changes():
    two = pictures.colours(np.array([-1.0, 3.0]))
    assert two == {"cmap": "RdBu_r", "vmin": -3.0, "vmax": 3.0}
    one = pictures.colours(np.array([-1e-6, 3.0, np.nan]))
    assert one == {"cmap": "viridis", "vmin": -1e-6, "vmax": 3.0}
    change = pictures.colours(np.array([0.0, 2.0]), change=True)
    assert (change["vmin"], change["vmax"]) == (-2.0, 2.0)
    for flat in (0.0, 1.0, np.nan):
        scale = pictures.colours(np.full(3, flat))
        assert scale["vmin"] < scale["vmax"]


def test_times_are_told_as_finely_as_they_are_recorded():
    assert pictures.clock(np.array([0.0, 0.25, 0.5]))[1] == "$t=0.25$"
    assert pictures.clock(np.array([0.0, 2.0]))[1] == "$t=2$"
    assert pictures.clock(np.array([1e-9, 2e-9]))[0] == "$t=1e-09$"
    assert pictures.clock(np.zeros(0)) == [""]
    for count in range(1, 30):
        for most in (1, 2, 4, 50):
            chosen = pictures.spread_out(count, most)
            assert chosen[-1] == count - 1
            assert len(chosen) == min(most, count)


# --- movies -----------------------------------------------------------------------------------


def frames_of(path):
    with Image.open(path) as image:
        return image.n_frames


@pytest.mark.parametrize(
    ("space", "what"),
    [
        (1, None),
        (1, "current"),
        (1, "portrait"),
        (1, "texture"),
        (1, "occupation"),
        (2, None),
        (2, "band_density"),
        (2, "occupation"),
        (2, "cut"),
        (3, "density"),
    ],
)
def test_every_movie_is_drawn_beside_the_result(space, what, write):
    path = write(result(space, records=3, shots=3))
    made = plotting.plot(path, what, movie=True)
    name = what or ("density" if space == 1 else "streamlines")
    assert made == path.with_name(f"out_{name}.gif")
    assert frames_of(made) == 3
    assert {p.name for p in path.parent.iterdir()} == {"out.nc", made.name}


def test_frames_are_thinned_evenly_and_last_as_asked(write, tmp_path):
    path = write(result(1, records=13, shots=0))
    made = plotting.plot(path, "density", tmp_path / "a.gif", movie=True, frames=4, fps=5)
    with Image.open(made) as image:
        assert image.n_frames == 4
        assert image.info["duration"] == 200


@pytest.mark.parametrize("what", ["density", "streamlines", "portrait"])
def test_colours_and_axes_stay_while_the_movie_runs(what, write):
    content = Content.read(write(result(2, records=4)))
    with content.dataset:
        scene = real_space.scene(content, "out.nc", what, Request())
        movie_axes = scene.figure.axes[0]
        mesh = movie_axes.collections[0]
        seen = []
        for record in range(scene.count):
            scene.show(record)
            seen.append((mesh.get_clim(), movie_axes.get_xlim(), movie_axes.get_ylim()))
        assert len(set(seen)) == 1
        axes = ["x", "kx"] if what == "portrait" else ["x", "y"]
        name = "occupation" if what == "portrait" else "density"
        picture = pictures.read(content, name, axes, Request())
        np.testing.assert_array_equal(mesh.get_array(), picture.layers[0].values[-1].T)


def test_white_stays_white_and_colours_do_not_flicker(write):
    made = plotting.plot(write(result(2, records=3, shots=0)), "density", movie=True)
    with Image.open(made) as image:
        corners, bars = set(), []
        for frame in range(image.n_frames):
            image.seek(frame)
            dots = np.asarray(image.convert("RGB"))
            corners.add(tuple(dots[0, 0].tolist()))
            bars.append(dots[:, int(0.78 * dots.shape[1]) :])
    assert corners == {(255, 255, 255)}
    assert len({bar.tobytes() for bar in bars}) == 1
    assert len(np.unique(bars[0].reshape(-1, 3), axis=0)) > 30


def test_mp4_needs_ffmpeg(write, tmp_path, monkeypatch):
    from matplotlib.animation import writers

    monkeypatch.setattr(writers, "is_available", lambda name: False)
    with pytest.raises(InputError, match=r"MP4 needs the program ffmpeg.*a\.gif for a GIF"):
        plotting.plot(write(result(1)), "density", tmp_path / "a.mp4", movie=True)
    with pytest.raises(InputError, match=r"must end in \.gif or \.mp4"):
        plotting.plot(write(result(1)), "density", tmp_path / "a.png", movie=True)


def test_a_movie_is_written_whole_or_not_at_all(write, tmp_path, monkeypatch):
    path = write(result(1, shots=0))
    with pytest.raises(OutputError, match="could not be written"):
        plotting.plot(path, "density", tmp_path / "nowhere" / "a.gif", movie=True)

    def interrupted(count):
        yield 0
        raise KeyboardInterrupt

    monkeypatch.setattr(movie, "_progress", interrupted)
    with pytest.raises(KeyboardInterrupt):
        plotting.plot(path, "density", movie=True)
    assert [p.name for p in tmp_path.iterdir()] == ["out.nc"]


# --- what cannot be drawn ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "options", "sentence"),
    [
        ("densty", {}, r"'densty' cannot be drawn; did you mean 'density'.*'portrait'"),
        ("streamlines", {}, r"two axes in real space and this run has 'x'"),
        ("cut", {"variable": "densty"}, r"'densty' is not recorded in real space; .*'density'"),
        ("cut", {"along": "y"}, r"along y: 'density' has the axes 'x'"),
        ("cut", {"at": {"y": 0.0}}, r"at y: 'density' has no such place; known are 't' and 'x'"),
        ("cut", {"at": {"t": 99.0}}, r"t = 99: there are records from t = 0 to 6"),
        ("portrait", {"at": {"band": "uper"}}, r"band = uper: did you mean 'upper'"),
        ("portrait", {"along": "z"}, r"along z: .*have 'x'"),
        ("texture", {"at": {"kx": "left"}}, r"kx = 'left': a finite number is wanted"),
        ("texture", {"variable": "density"}, r"takes no --variable"),
        ("density", {"variable": "energy"}, r"takes no --variable"),
        ("totals", {"at": {"t": 1.0}}, r"takes no --at"),
        ("bounds", {"along": "x"}, r"takes no --along"),
        (None, {"along": "x"}, r"a report takes no --along"),
        ("density", {"frames": 5}, r"ask for one with --movie"),
        ("density", {"movie": True, "frames": 1}, r"2 to 10000"),
        ("density", {"movie": True, "fps": 0.0}, r"0\.1 to 100"),
        ("spacetime", {"movie": True}, r"'spacetime' does not make a movie"),
        ("totals", {"movie": True}, r"'totals' does not make a movie"),
        ("curvature_rk", {"movie": True}, r"does not make a movie"),
    ],
)
def test_sentences(what, options, sentence, write):
    path = write(result(1))
    with pytest.raises(InputError, match=sentence):
        plotting.plot(path, what, **options)
    assert [p.name for p in path.parent.iterdir()] == ["out.nc"]


def test_what_a_result_lacks_is_told(write):
    flat = result(1).mean("x")
    with pytest.raises(InputError, match=r"no 'cut': the run has no axes in real space"):
        plotting.plot(write(flat, "flat.nc"), "cut")
    bare = write(result(2, shots=0), "bare.nc")
    with pytest.raises(InputError, match=r"no snapshots of 'occupation'.*output\.snapshots"):
        plotting.plot(bare, "portrait")
    with pytest.raises(InputError, match=r"no snapshots of 'occupation'.*output\.snapshots"):
        plotting.plot(bare, "portrait", movie=True)
    with pytest.raises(InputError, match="add it to"):
        plotting.plot(write(result(2).drop_vars("current"), "no.nc"), "streamlines")
    with pytest.raises(InputError, match="does not move"):
        plotting.plot(bare, "texture", movie=True)
    with pytest.raises(InputError, match="at least two records"):
        plotting.plot(write(result(1, records=1), "one.nc"), "density", movie=True)
    plane = result(1).isel(x=3)
    with pytest.raises(InputError, match="axis in real space and one in momentum"):
        plotting.plot(
            write(plane.assign(density=result(1)["density"].rename(x="x")), "p.nc"), "portrait"
        )
    many = result(1)
    many["odd"] = (("time", "node", "x"), np.ones((13, 9, 40)))
    with pytest.raises(InputError, match="too many for one figure: choose one with --at node="):
        plotting.plot(write(many, "many.nc"), "odd")


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("", "which this result lacks"),
        ("[grid]", "cannot be read here"),
        (
            RUNS[1].replace("tanh((x - 0.5*t)/w)", "1*w"),
            "does not depend on x: it has no",
        ),
    ],
)
def test_a_texture_needs_the_run(run, sentence, write):
    dataset = result(1)
    dataset.attrs["run"] = run
    with pytest.raises(InputError, match=sentence):
        plotting.plot(write(dataset), "texture")


def test_places_are_read_from_words():
    assert parsed(["y=0", "band=upper", "t = 2.5"]) == {"y": 0.0, "band": "upper", "t": 2.5}
    for wrong in (["y"], ["=1"], ["y="], ["y=1", "y=2"]):
        with pytest.raises(InputError, match="--at"):
            parsed(wrong)


def test_the_command_line_says_all_of_it(write, capsys):
    path = write(result(2, records=3, shots=0))
    cut = ["plot", str(path), "cut", "--along", "x", "--variable", "density", "--at", "y=0"]
    assert main(cut) == 0
    assert capsys.readouterr().out.strip() == str(path.with_name("out_cut.png"))
    target = path.with_name("film.gif")
    assert main(["plot", str(path), "--movie", "--frames", "2", "-o", str(target)]) == 0
    assert frames_of(target) == 2
    assert main(["plot", str(path), "cut", "--at", "y=99"]) == 2
    assert "the axis goes from" in capsys.readouterr().err
