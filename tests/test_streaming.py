"""Streaming and the pass through k: modes, tiles and parts against slow references."""

import dataclasses

import numpy as np
import pytest

from kinetic.device import Device
from kinetic.equation import Equation
from kinetic.evolution import Evolution
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.lattice import QiWuZhang, WeylLattice
from kinetic.initial import FermiDirac
from kinetic.kernels import LINEAR5, MP5, UPWIND1
from kinetic.mesh import Mesh
from kinetic.spaceflow import SpaceFlow
from kinetic.stepping import Stepping
from kinetic.streaming import Streaming
from kinetic.sweeps import Sweeps
from kinetic.system import System
from kinetic.velocities import FaceModes, Stream

SCHEMES = (UPWIND1, LINEAR5, MP5)


def axes(names, cells, boundary="periodic"):
    return tuple(
        Axis.linear(n, -np.pi, np.pi, c, boundary) for n, c in zip(names, cells, strict=True)
    )


def build(grid, fields, model=None, **equation):
    model = model or QiWuZhang(1.0)
    settings = {"level": "dressed", "scheme": "mp5", "threads": 1, "hbar": 0.5} | equation
    system = System(
        grid=grid,
        hamiltonian=model,
        initial=FermiDirac(0.4, 0.3),
        fields=fields,
        equation=Equation(**settings),
    )
    return Evolution(system, Stepping())


PLANE = Grid(axes(("x", "y"), (7, 6)) + axes(("kx", "ky"), (9, 8)))
CUBE = Grid(axes(("x",), (6,)) + axes(("kx", "ky", "kz"), (8, 7, 6)))
OPEN = Grid(axes(("x",), (7,)) + axes(("kx", "ky"), (9, 8), "open"))
CROSSED = {
    "plane": (PLANE, Fields(phi="0.1*cos(x+y)", B=0.05, E=(0.03, 0.02)), None),
    "cube": (
        CUBE,
        Fields(phi="0.1*cos(x)", B=(0.02, 0.03, 0.05), E=(0.01, 0.02, 0.03)),
        WeylLattice(),
    ),
    "open": (OPEN, Fields(phi="0.1*cos(x)", B=0.05, E=(0.0, 0.05)), None),
}


class Stored(SpaceFlow):
    """The same flow with velocities for all of phase space."""

    @property
    def factored(self):
        return False

    @factored.setter
    def factored(self, value):
        assert value


@pytest.mark.parametrize("name", CROSSED)
def test_modes_are_the_stored_velocities(name):
    """W of every face and site by two ways: sums of modes, and all of phase space at once."""
    grid, fields, model = CROSSED[name]
    flow = build(grid, fields, model).flow
    whole = Stored(flow.system, flow.mesh, flow.device, 0.0, 1.0)
    assert isinstance(flow.carriers[0], FaceModes)
    assert not isinstance(whole.carriers[0], FaceModes)
    for slot in flow.mesh.slots:
        assert np.abs(flow.w[slot] - whole.w[slot]).max() < 1e-15
        ends = flow.faces(whole.w, slot).take((0, -1), axis=slot + 1)
        assert np.abs(flow.end_faces(slot) - ends).max() < 1e-15
    for n, (mine, theirs) in enumerate(zip(flow.along, whole.along, strict=True)):
        assert np.abs(flow.spread(mine, n) - whole.spread(theirs, n)).max() < 1e-15
    assert np.abs(flow.divergence() - whole.divergence()).max() < 1e-13
    rates = [each.fastest(flow.dressing) for each in (flow, whole)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-13)
    held = [sum(array.nbytes for array in each.arrays()) for each in (flow, whole)]
    assert held[0] < 0.6 * held[1]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", CROSSED)
def test_one_pass_is_the_sweep_and_the_streaming(name, scheme):
    """Tiles against the planes of homogeneous runs and fluxes written in numpy."""
    grid, fields, model = CROSSED[name]
    evolution = build(grid, fields, model)
    transport, flow = evolution.transport, evolution.flow
    u, f = transport.u.copy(), transport.f.copy()
    f *= 1.0 + 0.2 * np.sin(0.37 * np.arange(f.size)).reshape(f.shape)
    base, n = 0.9 * u, len(grid.space) - 1
    faces, streams = flow.carriers
    weights = (0.75, 0.25, 0.02)
    got = u.copy()
    leak, bands, _ = transport.streaming.advance(
        n, got, base, f, faces, streams[n], weights, scheme, None, None
    )
    sweeps = Sweeps(flow.mesh, Device(1), len(u))
    wanted = u.copy()
    theirs = sweeps.update(wanted, base, f, flow.w, weights, scheme)
    wanted -= 0.02 * slow_change(flow, n, f, scheme)
    assert np.abs(got - wanted).max() < 3e-15
    assert np.abs(leak - theirs).max() < 1e-13
    assert np.abs(bands - sweeps.through).max() < 1e-13


def slow_change(flow, n, f, scheme):
    """∂_x Φ along a periodic axis, term by term."""
    mesh, axis = flow.mesh, flow.space[n]
    w = flow.spread(flow.along[n], n)
    shape = (flow.system.valleys, *mesh.sites, 2)
    whole = f.reshape(*shape, *f.shape[1:])
    inner = whole[(Ellipsis, *mesh.interior)]
    product = w * inner
    for slot in mesh.slots:
        place = slot - 3
        form = [1, 1, 1]
        form[slot] = -1
        shifted = []
        for side in (1, -1):
            index = list(mesh.interior)
            cells = index[slot]
            index[slot] = slice(cells.start + side, cells.stop + side)
            shifted.append(whole[(Ellipsis, *index)])
        slope = np.roll(w, -1, place) - np.roll(w, 1, place)
        product = product + mesh.products[slot][0].reshape(form) * slope * (
            shifted[0] - shifted[1]
        )

    def around(values):
        return [np.roll(values, 3 - m, axis=n + 1) for m in range(6)]  # left face of every site

    mean = np.array([1.0, -8.0, 37.0, 37.0, -8.0, 1.0]) / 60.0
    half = np.array([1.0, -5.0, 10.0, -10.0, 5.0, -1.0]) / 60.0
    speed = sum(c * x for c, x in zip(mean, around(w), strict=True))
    cells = around(inner)
    if scheme == UPWIND1:
        edge = 0.5 * (around(w)[2] + around(w)[3])
        flux = np.maximum(edge, 0.0) * cells[2] + np.minimum(edge, 0.0) * cells[3]
    else:
        flux = sum(c * x for c, x in zip(mean, around(product), strict=True))
        jump = sum(c * x for c, x in zip(half, cells, strict=True))
        if scheme == LINEAR5:
            flux = flux + np.abs(speed) * jump
        else:
            middle = sum(c * x for c, x in zip(mean, cells, strict=True))
            upwind = np.where(speed >= 0.0, cells[:5], cells[:0:-1])
            face = middle + np.where(speed >= 0.0, jump, -jump)
            flux = flux + speed * (monotone(face, *upwind) - middle)
    change = (np.roll(flux, -1, axis=n + 1) - flux) / axis.widths[0]
    return change.reshape(-1, *mesh.shape)


def monotone(face, a, b, c, d, e):
    """Suresh and Huynh, J. Comput. Phys. 136, 83 (1997), Eqs. (2.26)-(2.30), α = 4."""

    def minmod(*values):
        stack = np.stack(values)
        return np.maximum(stack.min(axis=0), 0.0) + np.minimum(stack.max(axis=0), 0.0)

    before, here, after = a - 2 * b + c, b - 2 * c + d, c - 2 * d + e
    right = minmod(4 * here - after, 4 * after - here, here, after)
    left = minmod(4 * here - before, 4 * before - here, here, before)
    upper, median = c + 4 * (c - b), 0.5 * (c + d) - 0.5 * right
    curved = c + 0.5 * (c - b) + 4.0 / 3.0 * left
    lowest = np.maximum(np.min([c, d, median], axis=0), np.min([c, upper, curved], axis=0))
    highest = np.minimum(np.max([c, d, median], axis=0), np.max([c, upper, curved], axis=0))
    return np.clip(face, lowest, highest)


def test_parts_of_lines_and_tiles_change_nothing():
    """Would catch a halo that is too small, and a face between parts that is counted twice."""
    grid = Grid(axes(("x",), (64,)) + axes(("kx", "ky"), (9, 8)))
    mesh, rng = Mesh(grid), np.random.default_rng(3)
    f = mesh.padded(rng.random((128, *mesh.shape)))
    velocity = Stream(rng.random((128, *mesh.shape)) - 0.5, (64, 0, 1, 0))
    results = []
    for blocks, threads in (((1, 1), 1), ((4, 1), 1), ((3, 1), 2)):
        streaming = Streaming(mesh, Device(threads), 1)
        streaming.blocks = blocks
        u = np.zeros((128, *mesh.shape))
        streaming.update(0, u, f, velocity, 0.1, MP5, None)
        results.append(u)
        assert np.abs(u.sum(axis=0)).max() < 1e-13 * 128
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_weights_that_do_not_change_along_an_axis_keep_one_entry_there():
    stream = build(*CROSSED["plane"]).flow.carriers[1]
    assert all(len(each.modes) == 1 and each.varies for each in stream)
    only_x = Fields(phi="0.1*cos(x)", B=0.05)
    first, second = build(PLANE, only_x).flow.carriers[1]
    assert not len(first.modes)
    assert not first.varies
    assert len(second.weights[0]) == 7  # e_x(x) bends the way along y, the same for all y
    assert not second.varies
    bent = dataclasses.replace(second, weights=2.0 * second.weights)
    assert bent.largest > 0.0


def test_two_threads_give_the_same_bits():
    grid, fields, _ = CROSSED["plane"]
    states = []
    for threads in (1, 2):
        evolution = build(grid, fields, threads=threads)
        evolution.advance(evolution.time + 3.0 * evolution.step_limit())
        states.append(evolution.transport.u)
    assert np.array_equal(*states)


@pytest.mark.parametrize("scheme", ["linear5", "mp5"])
def test_no_array_of_velocities_is_as_large_as_the_state(scheme):
    evolution = build(PLANE, Fields(phi="0.1*cos(x)", B=0.05), scheme=scheme)
    flow, state = evolution.flow, evolution.transport.u.nbytes
    large = [array for array in flow.arrays() if array.nbytes > 0.2 * state]
    assert [array is flow.dressing for array in large] == [True]
    assert evolution.transport.dressing is flow.dressing
    assert not len(evolution.transport.source)
