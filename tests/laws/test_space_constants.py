"""What stays in real space: a constant f, phase-space volume, charge, a Fermi function."""

from __future__ import annotations

import cases
import numpy as np
import pytest
import textures
from cases import ALL_LEVELS, ALL_SCHEMES, ALL_STEPPERS
from textures import MODELS, TEXTURES, Texture

from kinetic.initial import FermiDirac
from kinetic.stepping import Stepping

VALUE = 0.37
WALL = next(t for t in TEXTURES if str(t) == "dirac_wall-1r2k")
SPIRAL = next(t for t in TEXTURES if str(t) == "spin_spiral-1r2k")
STEP = Texture(
    "expression",
    "x",
    2,
    {"d": ["0.5*kx", "0.4*ky", "1 + 0.3*tanh(x/2)"], "d0": "0.1*ky"},
    {},
)
MOVING_STEP = Texture(
    "expression",
    "x",
    2,
    {"d": ["0.5*kx", "0.4*ky + 0.2*tanh(x)", "1 + 0.3*tanh((x - 0.3*t)/2)"]},
    {},
)
CONTACTS = [
    {"kind": "reservoir", "chemical_potential": 0.3, "temperature": 0.1},
    {"kind": "reservoir", "chemical_potential": 0.2, "temperature": 0.2},
]
ENDS = {
    "open": "open",
    "empty": {"kind": "open", "inflow": "empty"},
    "specular": "specular",
    "diffuse": "diffuse",
    "mixed": [{"kind": "wall", "specularity": 0.3}, "open"],
    "reservoirs": CONTACTS,
}


def test_every_texture_is_tried():
    assert {t.name for t in TEXTURES} >= set(MODELS)


def run_of(
    texture, *, moving, initial, level, steps=4, stop=0.4, grid=None, fields=None, **options
):
    stepper = options.pop("stepper", "ssprk3")
    run = textures.evolution(
        texture.model(moving),
        grid or texture.grid(),
        initial,
        fields=texture.fields(moving) if fields is None else fields,
        stepping=Stepping(stepper=stepper, step=stop / steps),
        stop=stop,
        level=level,
        **options,
    )
    return run, cases.follow(run, stop)


# --- a constant occupation ------------------------------------------------------------------


def drift(texture, *, moving, level, **options):
    run, _ = run_of(texture, moving=moving, initial=cases.Uniform(VALUE), level=level, **options)
    cases.assert_ledger(run)
    return np.abs(run.transport.occupation() - VALUE).max()


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("moving", [False, True], ids=["still", "moving"])
@pytest.mark.parametrize("texture", TEXTURES, ids=str)
def test_constant_occupation_is_stationary(texture, moving, level):
    """φ(r), b(r) and e throughout; in motion the texture moves, and b(r,t) brings its e(r,t).

    Catches a Berry component that is missing in one direction only, a derivative along r that
    is not the one of the sweep, D_s set instead of carried along by the flow.
    """
    assert drift(texture, moving=moving, level=level) <= 2e-14


@pytest.mark.parametrize("stepper", ALL_STEPPERS)
@pytest.mark.parametrize("scheme", ALL_SCHEMES)
def test_every_scheme_and_stepper_keeps_a_constant(scheme, stepper):
    for level in ("dressed", "projected"):
        options = {"scheme": scheme, "stepper": stepper, "limiter": "none"}
        assert drift(SPIRAL, moving=True, level=level, **options) <= 2e-14


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("boundary", ["open", "specular"])
def test_constant_occupation_is_stationary_between_ends(boundary, level):
    """What enters is the constant, or what left; a mirror-symmetric band, b(t) in a sample that
    has room for its e(r).
    """
    texture = STEP
    fields = {"phi": "0.1*tanh(x/3)", "B": "0.05 + 0.02*sin(3*t)"}
    if boundary == "specular":
        fields = {"phi": "0.1*tanh(x/3)"}  # b turns the momenta that the mirror exchanges
    off = drift(texture, moving=False, level=level, grid=texture.grid(boundary), fields=fields)
    assert off <= 2e-14


def test_a_mismatch_of_one_part_in_a_million_is_seen():
    """The law can fail: a face velocity that is a little wrong moves a constant."""
    run, _ = run_of(WALL, moving=False, initial=cases.Uniform(VALUE), level="dressed", steps=1)
    run.flow.w[0][...] *= 1.0 + 1e-6 * np.arange(run.flow.w[0].shape[1])[:, None, None]
    cases.follow(run, 0.8)
    assert np.abs(run.transport.occupation() - VALUE).max() > 1e-9


# --- phase-space volume ---------------------------------------------------------------------


@pytest.mark.parametrize("texture", TEXTURES, ids=str)
def test_phase_space_volume_of_a_band_is_conserved(texture):
    """Σ D_s d^n k d^n r changes by what crosses the faces of k alone, ± the same in the bands;
    where these close on themselves, not at all.  D_s from the flow stays D_s of the texture.
    """
    run, _ = run_of(
        texture,
        moving=True,
        initial=cases.Uniform(0.0),
        level="dressed",
        steps=1,
        stop=1e-9,
    )
    weight = run.mesh.volumes * run.mesh.site_volume
    before = np.sum(run.transport.dressing * weight)
    run.stepping = Stepping(step=0.05)
    run.stop = 0.4
    cases.follow(run, 0.4)
    dressing = run.transport.dressing
    bounded = run.system.bounded and texture.boundary == "periodic"
    total = np.sum(weight) * len(dressing) / len(run.transport.dressing)
    change = abs(np.sum(dressing * weight) - before)
    if bounded:
        assert change <= 1e-13 * total
    of_texture = run.flow.dressing_now()
    size = np.abs(of_texture).max()
    if size > 0.0:
        assert np.abs(dressing - of_texture).max() <= 0.2 * size


# --- charge ---------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("boundary", ENDS)
def test_charge_changes_only_by_what_crosses_the_ends(boundary, level):
    """A p–n junction or wall in motion, b(t), e(t); every kind of end."""
    texture = MOVING_STEP
    fields = {"phi": "0.1*tanh(x/3)", "B": "0.05 + 0.02*sin(3*t)", "E": ["0.5*cos(t)"]}
    run, _ = run_of(
        texture,
        moving=False,
        initial=FermiDirac(0.3, 0.2),
        level=level,
        grid=texture.grid(ENDS[boundary]),
        fields=fields,
    )
    cases.assert_ledger(run)
    outflow = dict(zip([name for name, _ in run.faces()], run.boundary_outflow(), strict=True))
    lower, upper = outflow["x lower"], outflow["x upper"]
    if boundary in ("specular", "diffuse"):
        assert max(abs(lower), abs(upper)) <= 1e-13
    else:
        assert max(abs(lower), abs(upper)) > 1e-7


# --- equilibrium ----------------------------------------------------------------------------


def fermi_change(texture, level, grid=None, fields=None, stop=2.0, **options):
    static = {key: value for key, value in texture.fields().items() if key != "E"}
    run = textures.evolution(
        texture.model(),
        grid or texture.grid(),
        FermiDirac(0.3, 0.1),
        fields=static if fields is None else fields,
        stop=stop,
        level=level,
        **options,
    )
    before = run.transport.u.copy()
    cases.follow(run, stop)
    cases.assert_ledger(run)
    return np.abs(run.transport.u - before).max()


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("texture", TEXTURES, ids=str)
def test_equilibrium_with_constant_electrochemical_potential_stays(texture, level):
    """f_FD(ε̄ + φ − μ) with φ(r) and b(r) in every texture."""
    assert fermi_change(texture, level) <= 1e-13


@pytest.mark.parametrize("level", ALL_LEVELS)
@pytest.mark.parametrize("boundary", ["open", "specular", "diffuse", "mixed", "reservoirs"])
def test_equilibrium_between_ends_stays(boundary, level):
    """Walls return the Fermi function, contacts of the same μ and T send it."""
    same = {"kind": "reservoir", "chemical_potential": 0.3, "temperature": 0.1}
    ends = same if boundary == "reservoirs" else ENDS[boundary]
    texture = STEP
    change = fermi_change(texture, level, texture.grid(ends), {"phi": "0.1*tanh(x/3)"})
    assert change <= 1e-13


def test_without_the_split_equilibrium_is_kept_to_the_order_of_the_scheme():
    """The law above can fail: it is the split that holds it."""
    texture = next(t for t in TEXTURES if str(t) == "rice_mele_texture-1r1k")
    changes = []
    for cells in (16, 32, 64):
        axes = [texture.grid().axes[0], texture.grid().axes[1]]
        axes = [type(a).linear(a.name, a.edges[0], a.edges[-1], cells, "periodic") for a in axes]
        run = textures.evolution(
            texture.model(),
            type(texture.grid())(tuple(axes)),
            FermiDirac(0.2, 0.6),
            fields=texture.fields(),
            stop=0.5,
            level="dressed",
            scheme="linear5",
            limiter="none",
            hbar=0.3,
            well_balanced=False,
            stepping=Stepping(stepper="ssprk104", step=0.1),
        )
        before = run.transport.u.copy()
        cases.follow(run, 0.5)
        changes.append(np.abs(run.transport.u - before).max())
    order = np.log2(changes[1] / changes[2])
    assert changes[-1] > 1e-10
    assert order >= 4.0, changes
