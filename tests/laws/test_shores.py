"""Ends of the sample: walls return everything, contacts in equilibrium carry nothing."""

from __future__ import annotations

import numpy as np
import pytest
from cases import assert_ledger, follow
from cases import evolution as evolve

from kinetic.errors import InputError
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.lattice import QiWuZhang
from kinetic.hamiltonians.planar import MassiveDirac
from kinetic.initial import FermiDirac, LocalEquilibrium, WavePacket

BATH = {"kind": "reservoir", "chemical_potential": 0.5, "temperature": 0.15}
WALLS = ("specular", "diffuse", {"kind": "wall", "specularity": 0.4})


def channel(boundary, cells=10, sites=12, reach=1.5):
    x = Axis.linear("x", -2.0, 2.0, sites, boundary)
    return Grid((x, *(Axis.linear(k, -reach, reach, cells) for k in ("kx", "ky"))))


def run(boundary, *, initial=None, e=None, stop=1.0, **equation):
    fields = Fields(**(e or {}))
    return evolve(
        MassiveDirac(mass=0.4),
        channel(boundary),
        e=fields.E,
        b=fields.B,
        initial=initial or FermiDirac(0.5, 0.15),
        stop=stop,
        **equation,
    )


@pytest.mark.parametrize("boundary", WALLS, ids=str)
@pytest.mark.parametrize("scheme", ["mp5", "linear5", "upwind1"])
@pytest.mark.parametrize("well_balanced", [True, False])
def test_nothing_crosses_a_wall(boundary, scheme, well_balanced):
    """Whatever arrives is returned at the same site, to rounding."""
    heap = LocalEquilibrium("0.5 + 0.2*sin(x)", 0.15)
    e = run(boundary, initial=heap, scheme=scheme, limiter="none", well_balanced=well_balanced)
    before, start = e.charge(), e.transport.u.copy()
    follow(e, 1.0)
    assert np.abs(e.transport.u - start).max() > 1e-3  # something happened
    assert abs(e.charge() - before) < 1e-14
    assert np.abs(e.ledger.outflow[6:8]).max() < 1e-15


def test_split_and_unsplit_equilibria_agree_at_walls():
    """The same channel in a Hall geometry, with its equilibrium split off or not."""
    found = []
    for well_balanced in (True, False):
        e = run(
            "diffuse",
            e={"E": [0.0, 0.05], "B": 0.02},
            scheme="linear5",
            limiter="none",
            well_balanced=well_balanced,
        )
        start = e.transport.occupation()
        follow(e, 1.0)
        found.append(e.transport.occupation() - start)
    change = np.abs(found[0]).max()
    assert change > 0.01
    assert np.abs(found[0] - found[1]).max() < 0.1 * change  # rough grid: 10 cells per momentum


def test_a_filled_band_stays_within_bounds_between_walls_in_a_hall_field():
    """The Hall velocity of a filled band has no net flux: a wall must not pile it up."""
    grid = Grid(
        (
            Axis.linear("x", -5.0, 5.0, 12, "diffuse"),
            *(Axis.linear(k, -np.pi, np.pi, 14, "periodic") for k in ("kx", "ky")),
        )
    )
    fields = Fields(E=[0.0, 0.05, 0.0], B=0.02)
    e = evolve(
        QiWuZhang(mass=3.2), grid, e=fields.E, b=fields.B, initial=FermiDirac(2.0, 0.25), stop=4.0
    )
    follow(e, 4.0)
    low, high = e.bounds()
    assert low > -1e-12
    assert high < 1.0 + 1e-12
    assert_ledger(e)


@pytest.mark.parametrize("level", ["boltzmann", "dressed", "projected"])
def test_contacts_in_equilibrium_with_the_sample_carry_nothing(level):
    e = run([BATH, BATH], level=level)
    start = e.transport.u.copy()
    follow(e, 1.0)
    assert np.abs(e.transport.u - start).max() < 1e-14
    assert np.abs(e.ledger.outflow[6:8]).max() < 1e-14


def test_current_flows_from_the_contact_of_higher_chemical_potential():
    """Outflow at the lower end of what the upper, fuller contact sends."""
    hot = {**BATH, "chemical_potential": 0.6}
    e = follow(run([BATH, hot], stop=6.0), 6.0)
    assert e.ledger.outflow[7] < 0.0 < e.ledger.outflow[6]
    assert_ledger(e)


def test_an_open_end_lets_a_packet_out():
    packet = WavePacket(
        position=[0.5], momentum=[0.8, 0.0], width=0.4, momentum_width=0.15, rest="empty"
    )
    e = run("open", initial=packet, stop=4.0, scheme="linear5", limiter="none")
    held = float(e.transport.u.sum())
    follow(e, 4.0)
    assert abs(float(e.transport.u.sum())) < 0.02 * held
    assert_ledger(e, 1e-13)  # little is held by then


def test_a_wall_refuses_what_it_cannot_return():
    lopsided = Grid(
        (
            Axis.linear("x", 0.0, 1.0, 8, "specular"),
            Axis.linear("kx", -1.0, 1.5, 10),
            Axis.linear("ky", -1.0, 1.0, 10),
        )
    )
    with pytest.raises(InputError, match="not symmetric"):
        evolve(MassiveDirac(), lopsided)
    packet = WavePacket(position=[0.5], momentum=[0.5, 0.0], width=0.3, rest="empty")
    with pytest.raises(InputError, match="diffuse wall"):
        run("diffuse", initial=packet)
