"""Split semi-Lagrangian steps: shifts, filters, orders, ledger, bounds, what they refuse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from kinetic.collisions.relaxation import RelaxationTime
from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.planar import MassiveDirac
from kinetic.initial import FermiDirac, Initial
from kinetic.kernels.shifts import shift, spread
from kinetic.lines import Filter, at_points, scratch
from kinetic.reporting import describe
from kinetic.stepping import COMPOSITIONS, Stepping
from kinetic.system import System

SPLIT = tuple(COMPOSITIONS)
TURN = 2.0 * np.pi


# --- the table ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPLIT)
def test_composition_has_its_order(name):
    """Of three flows that do not commute; a wrong digit of a share lowers the order."""
    generators = np.random.default_rng(5).normal(size=(3, 4, 4))
    exact, errors = expm(generators.sum(axis=0)), []
    for steps in (8, 16):
        step = np.eye(4)
        for i, share in enumerate(COMPOSITIONS[name].shares):
            for generator in generators if i % 2 == 0 else generators[::-1]:
                step = expm(share / steps * generator) @ step
        errors.append(np.abs(np.linalg.matrix_power(step, steps) - exact).max())
    found = np.log2(errors[0] / errors[1])
    assert COMPOSITIONS[name].order - 0.1 < found < COMPOSITIONS[name].order + 0.5
    assert sum(COMPOSITIONS[name].shares) == pytest.approx(1.0, abs=1e-15)


# --- shifts of lines --------------------------------------------------------------------------


def shifted(u, distances, periodic=True, limited=False, beyond=None, extrapolated=False):
    """Lines (outer, cells, inner) moved by distances (outer, inner); what crossed the ends."""
    u, (outer, cells, inner) = u.copy(), u.shape
    speed = np.broadcast_to(np.asarray(distances, float), (outer, inner)).copy()
    beyond = np.zeros((2, 3, outer, inner)) if beyond is None else beyond
    leak, room = np.full((2, outer, inner), np.nan), scratch(cells, 1, 1)
    arguments = (beyond, leak, periodic, extrapolated, limited, 0.0, 1.0, room)
    shift(0, 1, u, speed, 1.0, *arguments)
    return u, leak


def wave(cells, distance=0.0):
    """Cell averages of a smooth function that is moved by so many cells."""
    edges = TURN * (np.arange(cells + 1) - distance) / cells
    primitive = 0.5 * edges + 0.2 * np.sin(edges) - 0.05 * np.cos(3.0 * edges)
    return np.diff(primitive) / (TURN / cells)


@pytest.mark.parametrize("distance", [0.3, -0.3, 2.75, -7.4, 41.5])
def test_shift_is_of_fifth_order_for_any_distance(distance):
    errors = [
        np.abs(shifted(wave(n)[None, :, None], distance)[0].ravel() - wave(n, distance)).max()
        for n in (32, 64)
    ]
    assert errors[1] < 2e-6
    assert np.log2(errors[0] / errors[1]) > 5.5  # 6 in one shift, 5 with steps ∝ h


@pytest.mark.parametrize("limited", [False, True])
def test_whole_cells_are_moved_exactly(limited):
    u = np.random.default_rng(1).random((2, 20, 3))
    distances = np.array([[3.0, -4.0, 23.0], [0.0, 1.0, -40.0]])
    moved, _ = shifted(u, distances, limited=limited)
    for outer, inner in np.ndindex(2, 3):
        expected = np.roll(u[outer, :, inner], int(distances[outer, inner]))
        assert np.array_equal(moved[outer, :, inner], expected)


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("periodic", [False, True])
def test_lines_that_are_contiguous_move_as_those_that_are_not(periodic, limited):
    rng = np.random.default_rng(2)
    u, distances = rng.random((1, 30, 150)), rng.normal(scale=4.0, size=(1, 150))
    beyond = rng.random((2, 3, 1, 150))
    across, leak = shifted(u, distances, periodic, limited, beyond)
    turned = np.ascontiguousarray(np.moveaxis(u, 2, 0)).reshape(150, 30, 1)
    along, other = shifted(
        turned, distances.T, periodic, limited, np.moveaxis(beyond, 3, 2).copy()
    )
    assert np.abs(across[0].T - along[..., 0]).max() < 1e-15
    if not periodic:
        assert np.abs(leak[:, 0] - other[..., 0]).max() < 1e-14


@pytest.mark.parametrize("distance", [0.4, -0.7, 3.2, -5.9, 90.3])
@pytest.mark.parametrize("limited", [False, True])
def test_what_leaves_is_what_is_missing(distance, limited):
    rng = np.random.default_rng(3)
    u, beyond = rng.random((1, 24, 5)), rng.random((2, 3, 1, 5))
    moved, leak = shifted(u, distance, False, limited, beyond)
    gained = (leak[0] - leak[1])[0]
    assert np.abs(moved.sum(axis=1) - u.sum(axis=1) - gained).max() < 1e-12
    if distance == 90.3:  # all that was there has left; three layers wait, the last goes on
        assert np.abs(moved - beyond[0, 0]).max() < 1e-14
        assert leak[0, 0] == pytest.approx(
            beyond[0, 1:].sum(axis=0)[0] + 88.3 * beyond[0, 0, 0], rel=1e-14
        )


@pytest.mark.parametrize("distance", [0.5, -0.31, 2.2])
def test_limited_shift_keeps_bounds_and_steps(distance):
    """Also 0 and 1 themselves, and no new extrema beside a step; extrema keep their order."""
    u = np.random.default_rng(4).random((1, 64, 7))
    u[0, :, 0] = (np.arange(64) > 20) & (np.arange(64) < 40)
    for _ in range(20):
        u, _ = shifted(u, distance, limited=True)
        assert u.min() > -1e-15
        assert u.max() < 1.0 + 1e-15
    turns = np.sign(np.diff(u[0, :, 0]))[np.abs(np.diff(u[0, :, 0])) > 1e-12]
    assert np.count_nonzero(np.diff(turns)) <= 2
    smooth = wave(48)[None, :, None]
    smooth, plain = (shifted(smooth, distance, limited=m)[0] for m in (True, False))
    assert np.abs(smooth - plain).max() < 1e-15


def test_outflow_end_that_is_extrapolated_is_of_high_order():
    """A cubic that leaves: the last cells keep its values."""
    cells = np.arange(20.0)

    def cubic(distance):
        edges = (np.arange(21.0) - distance) / 20.0
        return np.diff(0.1 + edges + edges**4) * 20.0

    moved, _ = shifted(cubic(0.0)[None, :, None], 0.4, False, extrapolated=True)
    assert np.abs(moved.ravel() - cubic(0.4))[cells > 3].max() < 1e-12


# --- filters --------------------------------------------------------------------------------


def filtered(u, taps, periodic):
    u = u.copy()
    spread(0, 1, u, taps, periodic, scratch(u.shape[1], len(taps), 1))
    return u


@pytest.mark.parametrize("order", [4, 6])
@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("shape", [(2, 9, 70), (3, 40, 1)])
def test_filters_are_inverse_and_keep_sums(order, periodic, shape):
    filter_, u = Filter(order), np.random.default_rng(6).random(shape)
    points = filtered(u, filter_.pointing, periodic)
    assert np.abs(points.sum(axis=1) - u.sum(axis=1)).max() < 1e-13
    assert np.abs(filtered(points, filter_.averaging, periodic) - u).max() < 4e-16
    assert np.abs(points - u).max() > 0.01


@pytest.mark.parametrize("order", [4, 6])
def test_filter_averages_to_its_order(order):
    errors = []
    for n in (16, 32):
        centres = TURN * (np.arange(n) + 0.5) / n
        points = 0.5 + 0.2 * np.cos(centres) + 0.15 * np.sin(3.0 * centres)
        found = filtered(points[None, :, None], Filter(order).averaging, True)
        errors.append(np.abs(found.ravel() - wave(n)).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.3)
    step = filtered((np.arange(30.0) > 14)[None, :, None] * 1.0, Filter(4).averaging, False)
    assert step.min() >= 0.0
    assert step.max() <= 1.0


def test_velocities_at_points_of_open_axes():
    """A quintic is got back to rounding, at the ends too."""
    edges = np.linspace(-1.0, 2.0, 13)
    averages = np.diff(edges**6 / 6.0 - edges**2) / np.diff(edges)
    centres = 0.5 * (edges[1:] + edges[:-1])
    found = at_points(averages[None, :], 1, False)[0]
    assert np.abs(found - centres**5 + 2.0 * centres).max() < 1e-12


# --- whole runs -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Ripple(Initial):
    """Smooth in x and k, different in both bands."""

    def occupation(self, points):
        """f_s at points."""
        w = np.cos(points.k[0] - 0.2)
        for name, x in points.r.items():
            w = w * np.cos(x + (0.3 if name == "x" else 0.1))
        return points.spread(np.stack([0.6 + 0.3 * w, 0.3 - 0.2 * w]) + 0.0 * points.energy)


@dataclass(frozen=True)
class Blob(Initial):
    """A Gaussian off the origin of k, half as high in the upper band."""

    def occupation(self, points):
        """f_s at points."""
        square = (points.k[0] - 0.9) ** 2 + sum(k**2 for k in points.k[1:])
        w = np.exp(-square / 0.2) + 0.0 * points.energy[0]
        return points.spread(np.stack([w, 0.5 * w]))


@dataclass(frozen=True)
class Disc(Initial):
    """1 in a disc of phase space, 0 outside: a step within a cell."""

    def occupation(self, points):
        """f_s at points."""
        square = points.k[0] ** 2 + (points.r["x"] - np.pi) ** 2
        w = 1.0 * (square < 1.0) + 0.0 * points.energy[0]
        return points.spread(np.stack([w, 1.0 - w]))


RING = ("x", 0.0, TURN, 32, "periodic")
ZONE = ("kx", -np.pi, np.pi, 32, "periodic")
PLANE = (("kx", -3.0, 3.0, 64), ("ky", -3.0, 3.0, 64))
PARABOLA = "(kx**2 + ky**2)/2"


def build(axes, d0="1 - cos(kx)", stepper="split4", *, step=None, stop=1.0, **options):
    """An evolution; two bands a constant apart unless `d` or `model` say otherwise."""
    d = options.pop("d", ("0", "0", "2"))
    model = options.pop("model", None) or ExpressionModel(d=d, d0=d0)
    parts = {name: options.pop(name) for name in ("initial", "collisions") if name in options}
    fields = Fields(**options.pop("fields", {}))
    equation = {"level": "dressed", "scheme": "linear5", "limiter": "none", "threads": 1}
    system = System(
        grid=Grid(tuple(Axis.linear(*axis) for axis in axes)),
        hamiltonian=model,
        fields=fields,
        equation=Equation(**(equation | options)),
        **({"initial": Ripple()} | parts),
    )
    return Evolution(system, Stepping(stepper=stepper, step=step), stop=stop)


def follow(run, stop=1.0):
    """Step up to a time."""
    while run.time < stop:
        run.advance(stop)
    return run


def pendulum(x, k, time, moving):
    """Ripple carried by ẋ = sin k, k̇ = sin x (1 + moving sin 3t), at points."""

    def velocity(t, y):
        x, k = y.reshape(2, -1)
        return np.concatenate([np.sin(k), np.sin(x) * (1.0 + moving * np.sin(3.0 * t))])

    start = np.stack(np.broadcast_arrays(x, k)).reshape(2, -1).ravel()
    back = solve_ivp(velocity, (time, 0.0), start, "DOP853", rtol=1e-11, atol=1e-11).y[:, -1]
    x0, k0 = back.reshape(2, -1)
    w = np.cos(x0 + 0.3) * np.cos(k0 - 0.2)
    return np.stack([0.6 + 0.3 * w, 0.3 - 0.2 * w])


def pendulum_error(cells, moving, **options):
    """Largest error of the cell averages after t = 1."""
    fields = {"phi": f"cos(x)*(1 + {moving}*sin(3*t))"}
    axes = [(*axis[:3], cells, axis[4]) for axis in (RING, ZONE)]
    run = follow(build(axes, fields=fields, **options))
    (x,), (momentum,) = (a.centres for a in run.system.grid.space), run.system.grid.momentum
    nodes, weights = np.polynomial.legendre.leggauss(4)
    exact = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        k = momentum.centres + 0.5 * node * momentum.widths
        exact = exact + 0.5 * weight * pendulum(x[:, None], k, 1.0, moving)
    f = run.transport.occupation().reshape(cells, 2, cells)
    return np.abs(np.moveaxis(f, 1, 0) - exact.reshape(2, cells, cells)).max()


def test_order_in_the_widths_of_all_cells():
    """Free streaming by the mean velocity of a k cell would be of second order."""
    errors = [pendulum_error(cells, 0.0, step=6.0 / cells) for cells in (24, 48, 96)]
    found = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[-1] < 2e-6
    assert found[-1] > 4.3, found


def leap(steps, stop, *arguments, **options):
    """Densities after so many steps, however far they carry a line."""
    run = build(*arguments, **options)
    for n in range(steps):
        run.splitting.advance(n * stop / steps, stop / steps)
    return run.transport.u.copy()


@pytest.mark.parametrize("stepper", [s for s in SPLIT if COMPOSITIONS[s].order < 6])
@pytest.mark.parametrize("moving", [0.0, 0.5])
def test_order_in_time(stepper, moving):
    """Three runs with halved steps; a force taken at the wrong time gives order one.

    Sixth order drowns in the widths of the cells; level `moyal` shows it.
    """
    axes = [(*axis[:3], 96, axis[4]) for axis in (RING, ZONE)]
    options = {"stepper": stepper, "fields": {"phi": f"cos(x)*(1 + {moving}*sin(3*t))"}}
    order = COMPOSITIONS[stepper].order
    first = 1 if order == 4 else 2
    coarse, middle, fine = (leap(first * n, 1.5, axes, **options) for n in (1, 2, 4))
    found = np.log2(np.abs(coarse - middle).mean() / np.abs(middle - fine).mean())
    assert order - 0.3 < found < order + 0.6, found


def test_kick_of_a_homogeneous_run_follows_the_drive():
    """k̇ = e(t): a shift by ∫e dt, of fourth order in Δt."""
    axis = (*ZONE[:3], 64, ZONE[4])
    away = 1.0 + (1.0 - np.cos(4.0)) / 4.0
    edges = np.linspace(-np.pi, np.pi, 65) - away
    exact = 0.6 + 0.3 * np.diff(np.sin(edges - 0.2)) / np.diff(edges)
    errors = [
        np.abs(leap(n, 1.0, [axis], fields={"E": ["1 + sin(4*t)"]})[0].ravel() - exact).max()
        for n in (2, 4, 8)
    ]
    assert errors[-1] < 3e-7
    assert np.all(np.log2(np.array(errors[:-1]) / errors[1:]) > 3.8)


@pytest.mark.parametrize("level", ["boltzmann", "dressed"])
def test_rotation_by_b_returns_after_a_turn(level):
    """Two axes of k whose flows do not commute, parabolic bands, no curvature."""
    axes, fields = PLANE, {"B": 1.0}
    run = build(axes, PARABOLA, fields=fields, level=level, initial=Blob(), stop=TURN)
    start = run.densities()
    assert [len(group) for group in run.splitting.groups] == [1, 1]
    follow(run, 0.25 * TURN)
    quarter = np.rot90(start[0, :, 0], -1)
    assert np.abs(run.densities()[0, :, 0] - quarter).max() < 4e-3
    follow(run, TURN)
    assert np.abs(run.densities() - start).max() < 8e-3
    assert run.steps < 30
    residual, scale = run.ledger_residual()
    assert abs(residual) < 1e-14 * scale


def test_axes_that_commute_are_one_flow():
    """x with y, kx with ky; a b couples kx with ky."""
    axes = [("x", 0.0, TURN, 8, "periodic"), ("y", 0.0, TURN, 8, "periodic")]
    axes += [("kx", -3.0, 3.0, 8), ("ky", -3.0, 3.0, 8)]
    run = build(axes, PARABOLA, fields={"phi": "0.1*cos(x + y)"})
    assert run.splitting.groups == [[0, 1], [2, 3]]
    run = build(axes, PARABOLA, fields={"phi": "0.1*cos(x + y)", "B": 0.2})
    assert run.splitting.groups == [[0, 1], [2], [3]]


@pytest.mark.parametrize("scheme", ["linear5", "mp5"])
def test_two_by_two_dimensions_agree_with_runge_kutta(scheme):
    """With b, e(r) and open k axes that nothing reaches."""
    axes = [("x", 0.0, TURN, 12, "periodic"), ("y", 0.0, TURN, 12, "periodic")]
    axes += [("kx", -3.0, 3.0, 24), ("ky", -3.0, 3.0, 24)]
    common = {"fields": {"phi": "0.1*cos(x + y)", "B": 0.3}, "initial": Blob(), "scheme": scheme}
    runs = [follow(build(axes, PARABOLA, s, **common), 0.5) for s in ("split4", "ssprk3")]
    apart = np.abs(runs[0].densities() - runs[1].densities())
    assert apart.max() < 0.02
    assert runs[0].steps < runs[1].steps / 2
    residual, scale = runs[0].ledger_residual()
    assert abs(residual) < 1e-13 * scale


# --- conservation, bounds, ends -----------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["linear5", "mp5"])
def test_ledger_closes_where_charge_crosses_open_faces(scheme):
    """A kick through both ends of kx; every site knows what left through its faces."""
    axes = [RING, ("kx", -1.0, 1.0, 24)]
    limiter = "bounds" if scheme == "mp5" else "none"
    options = {"scheme": scheme, "limiter": limiter, "fields": {"phi": "2.0*cos(x)"}}
    run = build(axes, "0.5*kx**2", **options)
    run.advance(0.1)
    before, start = run.ledger.outflow.copy(), run.time
    run.advance(0.3)
    passed = run.transport.site_leak.sum() * run.mesh.site_volume * (run.time - start)
    assert passed == pytest.approx((run.ledger.outflow - before).sum(), rel=1e-12, abs=1e-14)
    follow(run)
    residual, scale = run.ledger_residual()
    assert abs(residual) < 1e-14 * scale
    assert np.abs(run.boundary_outflow()).min() > 1e-4


@pytest.mark.parametrize("stepper", SPLIT)
def test_bounds_hold_for_steps_within_a_cell(stepper):
    """The start, a disc, has no point values between 0 and 1; its charge stays."""
    axes = [RING, ("kx", -3.0, 3.0, 33)]
    options = {"scheme": "mp5", "limiter": "bounds", "initial": Disc()}
    run = build(axes, "0.5*kx**2", stepper, fields={"phi": "0.5*(1 + cos(x))"}, **options)
    start = run.charge()
    for _ in range(12):
        run.advance(100.0)
        low, high = run.bounds()
        assert low > -2e-14
        assert high < 1.0 + 2e-14
    assert run.charge() == pytest.approx(start, rel=1e-13)
    assert run.mended == 0


@pytest.mark.parametrize("stepper", SPLIT)
def test_inflow_through_open_ends_is_exact_streaming(stepper):
    """f(x − vt) of an initial Fermi function and empty leads; no kick, so any step is exact."""
    axes = [("x", 0.0, 4.0, 64, {"kind": "open", "inflow": "empty"}), ("kx", -2.0, 2.0, 16)]
    run = build(axes, "kx", stepper, scheme="mp5", initial=FermiDirac(0.3, 0.4))
    start = run.densities()
    assert run.splitting.stages == 1
    follow(run, 0.5)
    f = run.densities()
    x = run.system.grid.space[0].centres
    assert np.abs(f.reshape(64, 2, 16)[x < 0.5 - 0.1]).max() < 1e-12
    ahead = (f - start).reshape(64, 2, 16)[x > 0.6]
    assert np.abs(ahead).max() < 1e-12
    residual, scale = run.ledger_residual()
    assert abs(residual) < 1e-14 * scale
    names = [name for name, _ in run.faces()]
    passed = dict(zip(names, run.boundary_outflow(), strict=True))
    expected = start.reshape(64, 2, 16)[0].sum() * 0.25 * 0.5 / TURN
    assert passed["x upper"] == pytest.approx(expected, rel=1e-12)
    assert passed["x lower"] == 0.0


def test_reservoirs_feed_a_steady_current():
    """Two contacts: the current of the ballistic states between their chemical potentials."""
    ends = [
        {"kind": "reservoir", "chemical_potential": mu, "temperature": 0.05} for mu in (0.6, 0.4)
    ]
    axes = [("x", 0.0, 2.0, 24, ends), ("kx", -2.5, 2.5, 160)]
    start = FermiDirac(0.5, 0.05)
    options = {"initial": start, "scheme": "mp5", "limiter": "bounds", "d": ("0", "0", "50")}
    run = build(axes, "0.5*kx**2 + 50", "split2", **options)
    follow(run, 60.0)
    left = run.boundary_outflow().copy()
    follow(run, 61.0)
    names = [name for name, _ in run.faces()]
    rate = dict(zip(names, run.boundary_outflow() - left, strict=True))
    assert rate["x upper"] == pytest.approx(-rate["x lower"], rel=1e-6)
    # ∫dε (f_L − f_R)/2π, less the exponential tail below the bottom of the band.
    assert rate["x upper"] == pytest.approx(0.2 / TURN, rel=1e-3)


@pytest.mark.parametrize("stepper", SPLIT)
def test_equilibrium_that_other_steppers_split_off_enters_here_as_well(stepper):
    """Bands that are full at the k faces: what waits there is split off by the others."""
    options = {"fields": {"B": 0.2}, "initial": FermiDirac(-1.5, 0.3), "scheme": "mp5"}
    run = build(PLANE, f"-{PARABOLA}", stepper, limiter="bounds", d=("0", "0", "0.5"), **options)
    assert run.transport.split
    start = run.transport.occupation()
    assert start[:, 0, 0].min() > 0.99
    follow(run)
    assert np.abs(run.transport.occupation() - start).max() < 1e-3
    residual, scale = run.ledger_residual()
    assert abs(residual) < 1e-14 * scale


# --- restart, threads, words ----------------------------------------------------------------


@pytest.mark.parametrize("stepper", SPLIT)
def test_resumed_run_is_the_uninterrupted_one_bitwise(stepper):
    fields = {"phi": "cos(x)*(1 + 0.5*sin(3*t))"}
    axes = [RING, ("kx", -2.0, 2.0, 32)]
    options = {"fields": fields, "scheme": "mp5", "limiter": "bounds", "initial": Disc()}
    whole, first, second = (build(axes, "0.5*kx**2", stepper, **options) for _ in range(3))
    follow(follow(whole, 0.5), 1.0)
    second.restore({name: np.copy(x) for name, x in follow(first, 0.5).state().items()})
    follow(second)
    again = second.state()
    for name, values in whole.state().items():
        assert np.array_equal(values, again[name]), name
    assert np.array_equal(whole.transport.f, second.transport.f)


def test_threads_change_nothing():
    axes = [("x", 0.0, TURN, 24, "periodic"), ("kx", -3.0, 3.0, 17), ("ky", -3.0, 3.0, 19)]
    options = {"fields": {"phi": "cos(x)", "B": 0.4}, "scheme": "mp5", "limiter": "bounds"}
    one, three = (
        follow(build(axes, PARABOLA, threads=n, **options), 0.4).state() for n in (1, 3)
    )
    for name, values in one.items():
        assert np.array_equal(values, three[name]), name


def test_show_says_what_a_step_is():
    words = describe(build(PLANE, PARABOLA, fields={"B": 1.0}, initial=Blob()))
    assert "13 shifts of order 4" in words
    assert "7.2 cells" in words


WALL = ("x", 0.0, 4.0, 16, "specular")
OPEN = ("x", 0.0, 4.0, 16, "open")
BATH = RelaxationTime(tau=0.5, chemical_potential=0.2, temperature=0.4)
REFUSED = {
    "velocity along its own axis": (
        (PLANE, "kx**2*ky**2"),
        {"fields": {"B": 0.3}},
        "velocity along kx changes along kx itself",
    ),
    "texture": (
        ([RING, ZONE], "cos(x)*cos(kx)"),
        {"level": "boltzmann"},
        "velocity along x changes along x itself",
    ),
    "curvature": ((PLANE,), {"model": MassiveDirac(mass=0.5), "fields": {"B": 0.1}}, "D_s"),
    "collisions": (([ZONE],), {"collisions": (BATH,)}, "collisions"),
    "wall": (([WALL, ZONE],), {"initial": FermiDirac(0.3, 0.2)}, "wall at the lower end of x"),
    "open end": (([OPEN, ZONE],), {"fields": {"phi": "x**2/9"}}, "'split2'"),
    "scheme": (([RING, ZONE],), {"scheme": "upwind1"}, "'linear5' or 'mp5'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_shift_is_refused(case):
    arguments, options, words = REFUSED[case]
    with pytest.raises(InputError, match="stepper = 'split4'") as error:
        build(*arguments, **options)
    assert words in str(error.value)
    if case not in ("open end", "scheme"):
        assert "take 'ssprk3' or 'ssprk104'" in str(error.value)


def test_graded_axis_is_refused():
    axis = Axis.graded("kx", -2.0, 2.0, 20, 0.0, 2.0)
    model = ExpressionModel(d=("0", "0", "2"), d0="0.5*kx**2")
    system = System(grid=Grid((axis,)), hamiltonian=model, initial=Ripple())
    with pytest.raises(InputError, match="cells of kx differ in width"):
        Evolution(system, Stepping(stepper="split2"))


def test_unknown_stepper_is_told_the_known_ones():
    with pytest.raises(InputError, match="split4"):
        Stepping(stepper="splt4")
