"""Level `matrix`: its right-hand side, its conservation laws, its order in time and in ħ."""

import dataclasses
from itertools import pairwise, product

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from sympy.physics.matrices import msigma

from kinetic.equation import Equation
from kinetic.errors import InputError
from kinetic.fields import Fields
from kinetic.grid import Axis, Grid
from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.lattice import QiWuZhang
from kinetic.initial import FermiDirac
from kinetic.quantum import quantum_evolution
from kinetic.quantum.chebyshev import exponential, weights
from kinetic.quantum.expanded import Expanded
from kinetic.quantum.gradients import Derivative
from kinetic.stepping import Stepping
from kinetic.system import System

CHAIN = ExpressionModel(
    d=("0.5*sin(kx) + 0.2*sin(x)", "0.4*cos(x)*(1 + 0.3*cos(kx))", "1.2 + 0.3*cos(kx + x)"),
    d0="0.3*cos(kx) + 0.2*cos(x - 0.3)*sin(kx)",
    bounded=True,
)
SUM = ExpressionModel(  # A(k) + V(r), which the exact level takes too
    d=("0.5*sin(kx) + 0.2*sin(x)", "0.4*cos(x)", "1.2 + 0.3*cos(kx)"),
    d0="0.3*cos(kx) + 0.2*cos(x)",
    bounded=True,
)
PLANE = ExpressionModel(
    d=("sin(kx) + 0.2*sin(x)", "sin(ky)*(1 + 0.2*cos(y))", "1.5 + cos(kx + ky) + 0.3*cos(x - y)"),
    d0="0.3*cos(kx - ky) + 0.2*cos(x)*sin(kx)",
    bounded=True,
)


PLANE_K = ("sin(kx)", "sin(ky)", "1.5+cos(kx+ky)")
RIBBON = ExpressionModel(
    d=("sin(kx)+0.2*sin(x)", "sin(ky)", "1.5+cos(kx+ky)+0.3*cos(x)"), bounded=True
)


def torus(**cells):
    """Periodic axes of length 2π."""
    return Grid(
        tuple(Axis.linear(name, -np.pi, np.pi, n, "periodic") for name, n in cells.items())
    )


def evolution(grid, model, fields=None, stop=None, stepping=None, initial=None, **equation):
    settings = {"level": "matrix", "hbar": 0.4, "threads": 1} | equation
    system = System(
        grid=grid,
        hamiltonian=model,
        initial=initial or FermiDirac(0.2, 0.5),
        fields=fields or Fields(),
        equation=Equation(**settings),
    )
    return quantum_evolution(system, stepping, 0.0, stop)


def run(evolution, stop):
    while evolution.time < stop:
        evolution.advance(stop)
    return evolution


def fill(evolution, n):
    evolution.restore(evolution.state() | {"n": n})


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


# --- the right-hand side ----------------------------------------------------------------------

PAULI = [sympy.eye(2), *(msigma(i) for i in (1, 2, 3))]


def star(f, g, names, b, hbar):
    """F ⋆ g to second order, product by product, with 2 × 2 matrices."""
    symbols = [sympy.Symbol(name, real=True) for name in names]
    poisson = sympy.zeros(len(names))
    for i, j in product(range(len(names)), repeat=2):
        if names[j] == f"k{names[i]}":
            poisson[i, j], poisson[j, i] = 1, -1
    if "ky" in names:
        poisson[names.index("kx"), names.index("ky")] = b
        poisson[names.index("ky"), names.index("kx")] = -b
    pairs = [p for p in product(range(len(names)), repeat=2) if poisson[p] != 0]
    half = sympy.I * hbar / 2
    total = f * g
    for i, j in pairs:
        total += half * poisson[i, j] * f.diff(symbols[i]) * g.diff(symbols[j])
        for k, m in pairs:
            weight = half**2 / 2 * poisson[i, j] * poisson[k, m]
            left = f.diff(symbols[i], symbols[k])
            total += weight * left * g.diff(symbols[j], symbols[m])
    return total


def matrix_of(parts):
    return sum((p * s for p, s in zip(parts, PAULI, strict=True)), sympy.zeros(2))


def exact_tendency(evolution, state, b=0.0, force=None, phi="0"):
    """State and ∂ₜn̂ from the formulas of a state and of the Hamiltonian of an evolution."""
    axes, model = evolution.system.grid.axes, evolution.system.hamiltonian
    names, hbar = [axis.name for axis in axes], evolution.hbar
    symbols = {name: sympy.Symbol(name, real=True) for name in names}
    read = lambda text: sympy.sympify(text, locals=symbols)  # noqa: E731
    n = matrix_of([read(text) for text in state])
    h = matrix_of([read(model.d0) + read(phi), *(read(text) for text in model.d)])
    rate = (star(h, n, names, b, hbar) - star(n, h, names, b, hbar)) / (sympy.I * hbar)
    for name, value in (force or {}).items():
        rate -= value * n.diff(symbols[name])
    mesh = np.meshgrid(*(axis.centres for axis in axes), indexing="ij")
    found = []
    for whole in (n, rate):
        rows = []
        for pauli in PAULI:
            entry = (whole * pauli).trace() / 2
            value = sympy.lambdify(list(symbols.values()), entry, "numpy")(*mesh)
            rows.append(np.real(value) * np.ones(mesh[0].shape))
        found.append(np.array(rows)[None])
    return found


RIGHT_HAND_SIDES = {
    "chain": (
        torus(x=14, kx=15),
        CHAIN,
        Fields(phi="0.3*sin(x)", E=0.2),
        ("0.5+0.1*cos(kx+x)", "0.2*sin(kx)", "0.1*cos(2*kx-x)", "0.2+0.1*sin(x)"),
        {"b": 0.0, "force": {"kx": 0.2}, "phi": "0.3*sin(x)"},
    ),
    "magnetic": (
        torus(kx=12, ky=14),
        ExpressionModel(PLANE_K, "cos(ky)", bounded=True),
        Fields(B=0.3, E=(0.1, 0.2)),
        ("0.5+0.1*cos(kx+ky)", "0.2*sin(kx)", "0.1*cos(2*ky-kx)", "0.2+0.1*sin(ky)"),
        {"b": 0.3, "force": {"kx": 0.1, "ky": 0.2}},
    ),
    "ribbon": (
        torus(x=11, kx=12, ky=10),
        RIBBON,
        Fields(B=0.3),
        ("0.5+0.1*cos(kx+ky)", "0.2*sin(kx+x)", "0.1*cos(ky-kx)", "0.2+0.1*sin(ky+x)"),
        {"b": 0.3},
    ),
    "plane": (
        torus(x=9, y=8, kx=9, ky=9),
        PLANE,
        Fields(B=0.3, phi="0.2*cos(x+y)"),
        ("0.5+0.1*cos(kx+x)", "0.2*sin(kx-y)", "0.1*cos(ky+x)", "0.2+0.1*sin(ky)*cos(y)"),
        {"b": 0.3, "phi": "0.2*cos(x+y)"},
    ),
}


@pytest.mark.parametrize("case", RIGHT_HAND_SIDES)
def test_tendency_is_the_commutator_to_second_order(case):
    """Trigonometric polynomials that the grid resolves: spectral derivatives are exact."""
    grid, model, fields, state, more = RIGHT_HAND_SIDES[case]
    matrix = evolution(grid, model, fields)
    n, rate = exact_tendency(matrix, state, **more)
    fill(matrix, n)
    assert np.abs(rate[:, 1:]).max() > 0.1
    np.testing.assert_allclose(matrix.tendency(), rate, rtol=0.0, atol=2e-13)


def test_open_axes_are_of_sixth_order():
    """Away from the ends by the reach of a second derivative, error ∝ h⁶."""
    model = ExpressionModel(d=("kx + 0.3*x*kx", "ky", "0.5 + 0.2*kx**2*tanh(x)"), d0="0.1*kx*ky")
    state = ("0.5*exp(-kx**2-x**2)", "0.2*sin(kx)*x", "0.1*cos(ky+x)", "exp(-ky**2)")
    errors = []
    for cells in (16, 24):
        grid = Grid(tuple(Axis.linear(a, -1.5, 1.5, cells, "open") for a in ("x", "kx", "ky")))
        matrix = evolution(grid, model, Fields(B=0.3))
        n, rate = exact_tendency(matrix, state, b=0.3)
        whole = matrix.state()["n"].copy()
        whole[matrix._inner] = n
        fill(matrix, whole)
        apart = (matrix.tendency() - rate)[(..., *[slice(cells // 8 * 3, -(cells // 8 * 3))] * 3)]
        errors.append(float(np.abs(apart).max()))
    assert np.log(errors[0] / errors[1]) / np.log(1.5) > 5.0
    assert errors[1] < 1e-4


def test_derivatives_are_skew_adjoint():
    generator = np.random.default_rng(1)
    u, w = generator.normal(size=(2, 3, 11, 4))
    for axis in (Axis.linear("x", 0.0, 2.0, 11, "open"), Axis.linear("kx", 0, 2, 11, "periodic")):
        derivative = Derivative(axis, -2)
        assert abs(np.sum(u * derivative(w)) + np.sum(w * derivative(u))) < 1e-11
        norm = np.linalg.norm(derivative(np.eye(11)[..., None])[..., 0], 2)
        assert 0.9 * derivative.largest < norm <= derivative.largest * (1 + 1e-4)


def test_exponential_of_a_skew_matrix():
    """Against scipy's, with a spectral radius that is too large or too small by a tenth."""
    a = np.random.default_rng(2).normal(size=(9, 9))
    a -= a.T
    u = np.arange(9.0)
    largest = float(np.abs(np.linalg.eigvals(a)).max())
    for factor in (0.9, 1.0, 1.4):
        found, passed, _ = exponential(
            lambda v: (a @ v, a[:1] @ v), factor * largest, 1.7, u, 1e-18
        )
        np.testing.assert_allclose(found, expm(1.7 * a) @ u, atol=2e-12)
        assert abs(passed[0] - (found[0] - u[0])) < 2e-12


def test_weights_of_what_is_conserved_add_up_to_one():
    for z in (1e-3, 0.7, 5.0, 31.0):
        assert abs(weights(z, 1e-13)[::2].sum() - 1.0) < 1e-15


# --- what is conserved --------------------------------------------------------------------------


def spectral(values, axis=-1):
    """∂ of a line of odd length 2π, by numpy."""
    count = values.shape[axis]
    waves = np.fft.fftfreq(count, 1.0 / count)
    shape = [1] * values.ndim
    shape[axis] = -1
    return np.real(
        np.fft.ifft(1j * waves.reshape(shape) * np.fft.fft(values, axis=axis), axis=axis)
    )


def low(values, highest=5):
    """The part of the last two axes, of length 2π, that has no modes above the highest."""
    modes = np.fft.fft2(values)
    for axis in (-2, -1):
        count = values.shape[axis]
        high = np.abs(np.fft.fftfreq(count, 1.0 / count)) > highest
        np.moveaxis(modes, axis, -1)[..., high] = 0.0
    return np.real(np.fft.ifft2(modes))


def test_density_obeys_its_continuity_equation_to_rounding():
    """Also for a state that no grid resolves."""
    matrix = evolution(torus(x=15, kx=14), CHAIN, Fields(phi="0.3*sin(x)", E=0.2))
    noise = np.random.default_rng(3).normal(size=(1, 4, 15, 14))
    fill(matrix, noise)
    rate = 2.0 * matrix.tendency()[:, 0].sum(axis=(0, 2)) * (2 * np.pi / 14) / matrix.phase_space
    current = matrix.current()[0]
    assert np.abs(current).max() > 0.1
    assert np.abs(rate + spectral(current)).max() < 1e-12 * np.abs(rate).max()


def test_current_is_the_velocity_of_the_formula():
    """J = ∫ ½∂_kε n + ½∂_kΔ·N with derivatives of the formula: a lattice model, to rounding."""
    matrix = evolution(torus(x=21, kx=21), CHAIN)
    fill(matrix, low(np.random.default_rng(3).normal(size=(1, 4, 21, 21))))
    (block,) = matrix.blocks()
    jet, n = matrix.jet(block), matrix.wigner()[0]
    local = 2.0 * (jet.scalar_gradient[0] * n[0] + np.sum(jet.vector_gradient[0] * n[1:], axis=0))
    current = local.sum(axis=-1) * (2 * np.pi / 21) / matrix.phase_space
    np.testing.assert_allclose(matrix.current()[0], current, atol=1e-13)


def test_spin_obeys_its_continuity_equation_with_the_quadrupole_of_the_torque():
    """∂ₜS + ∂J = T, T = ∫ (1/ħ)(s × Δ)·N̂ − (ħ/8) ∂²∫ (s × ∂_k²Δ)·N̂, for s = σ_x, σ_y, σ_z."""
    hbar = 0.4
    matrix = evolution(torus(x=21, kx=21), CHAIN, Fields(phi="0.3*sin(x)"), hbar=hbar)
    n = low(matrix.wigner()[0] + 0.1 * np.random.default_rng(3).normal(size=(4, 21, 21)))
    fill(matrix, n[None])
    (block,) = matrix.blocks()
    jet = matrix.jet(block)
    rate = 2.0 * matrix.tendency()[0, 1:].sum(axis=-1)
    flux = 2.0 * (jet.scalar_gradient[0] * n[1:] + jet.vector_gradient[0] * n[0]).sum(axis=-1)
    torque = 4.0 / hbar * np.cross(jet.vector, n[1:], axis=0).sum(axis=-1)
    bend = spectral(jet.vector_gradient[0], axis=-1)
    quadrupole = -hbar * np.cross(bend, n[1:], axis=0).sum(axis=-1) / 2.0
    quadrupole = spectral(spectral(quadrupole))
    without = rate + spectral(flux) - torque
    assert np.abs(without - quadrupole).max() < 1e-11
    assert np.abs(quadrupole).max() > 1e-3


def test_charge_and_energy_stay():
    """The energy Σ Tr Ĥn̂ too, by the skew-adjoint D, and by the resolution of the last term."""
    matrix = evolution(torus(x=32, kx=32), CHAIN, Fields(phi="0.3*sin(x)"), stop=3.0)

    def energy():
        (block,) = matrix.blocks()
        scalar, vector = matrix.hamiltonian(block)
        n = matrix.wigner()[0]
        return float(np.sum(scalar * n[0] + np.sum(vector * n[1:], axis=0)))

    charge, before = matrix.charge(), energy()
    run(matrix, 3.0)
    assert abs(matrix.charge() - charge) < 1e-14 * charge * 10
    assert abs(energy() / before - 1.0) < 1e-11


@pytest.mark.parametrize(
    ("grid", "model", "fields"),
    [
        (torus(x=12, kx=12), CHAIN, Fields(phi="0.3*sin(x)")),
        (torus(kx=8, ky=9), ExpressionModel(PLANE_K, bounded=True), Fields(B=0.3)),
        (torus(x=6, kx=7, ky=8), RIBBON, Fields(B=0.3)),
        (torus(x=12, kx=12), SUM, Fields(phi="0.3*sin(x)", E=0.1)),
    ],
)
def test_nothing_can_grow(grid, model, fields):
    """L is antisymmetric on the modes that are kept, also where H is no A(k) + V(r)."""
    matrix = evolution(grid, model, fields)
    (generator,) = matrix.generators(0.0)
    one, other = (
        generator.projected(v) for v in np.random.default_rng(5).normal(size=(2, 4, *grid.shape))
    )
    forth, back = np.sum(one * generator(other)[0]), np.sum(other * generator(one)[0])
    assert abs(forth) > 1.0
    assert abs(forth + back) < 1e-11 * abs(forth)


def test_largest_frequency_is_an_upper_bound():
    matrix = evolution(torus(kx=6, ky=7), ExpressionModel(PLANE_K, bounded=True), Fields(B=0.3))
    (generator,) = matrix.generators(0.0)
    units = np.eye(4 * 42).reshape(-1, 4, 6, 7)
    whole = np.stack([generator(generator.projected(unit))[0].ravel() for unit in units])
    largest = float(np.abs(np.linalg.eigvals(whole)).max())
    assert 0.3 * generator.fastest() < largest <= generator.fastest()


def test_a_texture_that_folds_back_stays_bounded_for_long():
    """Filaments finer than the cells: Σ Tr n̂² stays; if nothing is left out it has doubled."""
    matrix = evolution(torus(x=14, kx=14), CHAIN, Fields(phi="0.3*sin(x)"), hbar=0.2, stop=40.0)
    before = rms(matrix.wigner())
    run(matrix, 40.0)
    assert rms(matrix.wigner()) == pytest.approx(before, rel=1e-10)


def test_noise_at_open_ends_stays_bounded():
    """Velocities that vary, no layers: without damping the whole state has grown by a third."""
    grid = Grid((Axis.linear("x", -6, 6, 22, "open"), Axis.linear("kx", -2, 2, 16, "open")))
    model = ExpressionModel(
        ("(1 + 0.6*tanh(x/2))*kx", "0.4/cosh(x)", "0.5 + 0.3*kx**2*sin(2*x)"),
        "0.3*cos(kx)*sin(x)",
    )
    matrix = evolution(grid, model, hbar=0.2, stop=6.0, absorber=0.0)
    noise = np.random.default_rng(0).normal(size=(1, 4, 22, 16))
    whole = matrix.state()["n"].copy()
    whole[matrix._inner] += 0.1 * noise
    fill(matrix, whole)
    charge, before = matrix.charge(), rms(matrix.wigner())
    run(matrix, 6.0)
    assert rms(matrix.wigner()) < before
    assert abs(matrix.charge() - charge + matrix.outflow.sum()) < 1e-12


def test_what_leaves_open_ends_is_counted():
    grid = Grid((Axis.linear("x", -6, 6, 32, "open"), Axis.linear("kx", -2, 2, 24, "open")))
    model = ExpressionModel(d=("kx", "0.3", "0.5*tanh(x/2) + 0.1*sin(t)"))
    matrix = evolution(grid, model, Fields(phi="0.4*exp(-x**2)", E="0.1*cos(t)"), stop=0.3)
    run(matrix, 0.3)
    gone = matrix.outflow.sum() + matrix.absorbed
    assert abs(matrix.charge_change()) > 1e-7
    assert abs(matrix.charge_change() + gone) < 1e-13


def test_a_packet_leaves_through_an_open_end():
    """Of what crosses a layer and the end little comes back."""
    grid = Grid((Axis.linear("x", -8, 8, 64, "open"), Axis.linear("kx", -1, 1, 12, "open")))
    model = ExpressionModel(d=("0", "0", "1"), d0="2*kx")
    matrix = evolution(grid, model, Fields(), initial=FermiDirac(-50.0, 0.5), absorber=0.2)
    whole = matrix.state()["n"].copy()
    x = matrix._beyond.axes[0].centres[:, None]
    whole[:, 0], whole[:, 3] = np.exp(-((x + 1.0) ** 2)), -np.exp(-((x + 1.0) ** 2))
    fill(matrix, whole)
    start = np.abs(matrix.wigner()).max()
    run(matrix, 10.0)
    assert np.abs(matrix.wigner()).max() < 2e-3 * start


# --- exact solutions --------------------------------------------------------------------------


def test_a_uniform_state_precesses():
    """N(t) turns about Δ by Δt/ħ: to rounding in few steps."""
    matrix = evolution(torus(kx=6, ky=5), QiWuZhang(1.0), hbar=0.1)
    n = np.random.default_rng(4).normal(size=(1, 4, 6, 5))
    fill(matrix, n)
    run(matrix, 7.0)
    (block,) = matrix.blocks()
    d = matrix.hamiltonian(block)[1]
    size = np.sqrt(np.sum(d**2, axis=0))
    m, angle = d / size, 2.0 * size * 7.0 / 0.1
    along = m * np.sum(m * n[0, 1:], axis=0)
    across = n[0, 1:] - along
    turned = along + np.cos(angle) * across + np.sin(angle) * np.cross(m, across, axis=0)
    np.testing.assert_allclose(matrix.wigner()[0, 1:], turned, atol=5e-12)
    np.testing.assert_array_equal(matrix.wigner()[0, 0], n[0, 0])


def test_a_driven_lattice_against_a_solver_of_ordinary_equations():
    """n̂(k + ∫e, t) along its path, at four points, with e(t) and a mass that moves."""
    cells, stop, hbar = 60, 2.0, 0.5
    model = ExpressionModel(
        d=("sin(kx)", "0.3*sin(t)", "1.2 + cos(kx)"), d0="0.2*cos(kx)", bounded=True
    )
    width = 2.0 * np.pi / cells
    force = 8.0 * width / stop  # eight cells in all, with no mean of its oscillating part
    fields = Fields(E=f"{force}*(1 + sin(2*pi*t/{stop}))")
    matrix = evolution(torus(kx=cells), model, fields, stop=stop, hbar=hbar, preparation="bare")
    centres = matrix.system.grid.axes[0].centres
    start = matrix.wigner()[0].copy()
    run(matrix, stop)

    def slope(t, n, k):
        turn = stop / (2.0 * np.pi)
        here = k + force * (t + turn * (1.0 - np.cos(t / turn)))
        d = np.array([np.sin(here), 0.3 * np.sin(t), 1.2 + np.cos(here)])
        return 2.0 / hbar * np.cross(d, n)

    for cell in (3, 17, 30, 44):
        path = solve_ivp(
            slope,
            (0.0, stop),
            start[1:, cell],
            "DOP853",
            rtol=1e-11,
            atol=1e-12,
            args=(centres[cell],),
        )
        end = (cell + 8) % cells
        np.testing.assert_allclose(matrix.wigner()[0, 1:, end], path.y[:, -1], atol=3e-7)
        assert np.abs(path.y[:, -1] - start[1:, end]).max() > 1e-2


def test_a_thermal_state_without_texture_is_stationary():
    matrix = evolution(torus(kx=12, ky=12), QiWuZhang(1.0))
    before = matrix.wigner().copy()
    run(matrix, 5.0)
    np.testing.assert_allclose(matrix.wigner(), before, atol=2e-14)


def test_order_in_time_is_four():
    """Steps that are given, in a texture and a field that move, against a fine run."""
    model = dataclasses.replace(SUM, d=(SUM.d[0], SUM.d[1] + " + 0.3*sin(2*t)", SUM.d[2]))
    fields = Fields(E="0.2*cos(3*t)")

    def final(step):
        return run(
            evolution(torus(x=10, kx=12), model, fields, 1.0, Stepping(step=step)), 1.0
        ).wigner()

    fine = final(1.0 / 64)
    errors = [rms(final(step) - fine) for step in (0.25, 0.125)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.25)


def test_error_of_the_steps_is_kept_small():
    model = dataclasses.replace(SUM, d=(SUM.d[0], SUM.d[1] + " + 0.3*sin(2*t)", SUM.d[2]))
    fields = Fields(E="0.2*cos(3*t)")
    free = run(evolution(torus(x=10, kx=12), model, fields, 1.0), 1.0)
    fine = run(evolution(torus(x=10, kx=12), model, fields, 1.0, Stepping(step=0.01)), 1.0)
    assert free.steps < fine.steps
    assert rms(free.wigner() - fine.wigner()) < 1e-7 * rms(fine.wigner())


# --- beside the exact level -------------------------------------------------------------------


@pytest.mark.parametrize("drive", ["", " + 0.2*sin(0.7*t)"])
def test_error_of_the_expansion_is_of_second_order(drive):
    """N_s of `matrix` − `moyal` from the same state."""
    model = dataclasses.replace(SUM, d=(SUM.d[0], SUM.d[1] + drive, SUM.d[2]))
    errors = []
    for hbar in (0.2, 0.1):
        pair = [
            run(evolution(torus(x=20, kx=20), model, None, 0.3, level=level, hbar=hbar), 0.3)
            for level in ("matrix", "moyal")
        ]
        errors.append(rms(pair[0].projections() - pair[1].projections()))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.05)
    assert errors[0] > 1e-6


# --- restart and refusals ---------------------------------------------------------------------


ENDS = Grid((Axis.linear("x", -6, 6, 12, "open"), Axis.linear("kx", -2, 2, 12, "open")))
WALL = ExpressionModel(d=("kx", "0.3", "0.5*tanh(x/2)"))
MOVING = ExpressionModel(d=("sin(kx)", "0.3*cos(x)", "1.5+cos(kx)+0.1*sin(3*t)"), bounded=True)


@pytest.mark.parametrize(("grid", "model"), [(ENDS, WALL), (torus(x=8, kx=8), MOVING)])
def test_restart_is_bitwise(grid, model):
    def fresh():
        return evolution(grid, model, Fields(E="0.3*cos(4*t)"), stop=0.2)

    whole, first, second = fresh(), fresh(), fresh()
    for target in (0.1, 0.2):
        run(whole, target)
    run(first, 0.1)
    second.restore({name: np.array(value) for name, value in first.state().items()})
    run(second, 0.2)
    for name, value in whole.state().items():
        np.testing.assert_array_equal(value, second.state()[name])


def test_several_valleys_move_apart():
    from kinetic.hamiltonians.planar import GappedGraphene

    grid = Grid(tuple(Axis.linear(n, -2, 2, 15, "open") for n in ("kx", "ky")))
    matrix = evolution(grid, GappedGraphene(), Fields(E=(0.0, 0.1)), stop=0.5)
    run(matrix, 0.5)
    n = matrix.wigner()
    np.testing.assert_allclose(n[0, 0], n[1, 0], atol=1e-12)
    assert np.abs(n[0, 1] - n[1, 1]).max() > 0.1


OPEN = Grid((Axis.linear("x", -6, 6, 16, "open"), *torus(kx=8, ky=8).axes))
GRADED = Grid((Axis.graded("kx", -2, 2, 15, 0.1, 2.0), Axis.linear("ky", -2, 2, 15)))
REFUSED = {
    "b depends on r": (OPEN, QiWuZhang(1.0), {"fields": Fields(B="0.1*x")}),
    "dephasing": (torus(kx=8, ky=8), QiWuZhang(1.0), {"dephasing": 2.0}),
    "stepper": (torus(kx=8, ky=8), QiWuZhang(1.0), {"stepping": Stepping("ssprk3")}),
    "different width": (GRADED, ExpressionModel(d=("kx", "ky", "1")), {}),
    "at least 6": (
        Grid((Axis.linear("kx", -1, 1, 5),)),
        ExpressionModel(d=("kx", "1", "0")),
        {},
    ),
    "periodic axes": (OPEN, QiWuZhang(1.0), {"preparation": "exact"}),
}


@pytest.mark.parametrize("words", REFUSED)
def test_refusals_say_what_to_do(words):
    grid, model, more = REFUSED[words]
    with pytest.raises(InputError, match=words):
        evolution(grid, model, **more)


def test_exact_preparation_is_that_of_the_exact_level():
    pair = [
        evolution(torus(x=10, kx=10), SUM, level=level, preparation="exact")
        for level in ("matrix", "moyal")
    ]
    assert isinstance(pair[0], Expanded)
    np.testing.assert_array_equal(pair[0].wigner(), pair[1].wigner())


def test_finer_and_finer_ħ_needs_more_terms_not_more_steps():
    """A static run: steps follow the largest frequency alone."""
    steps = [
        run(evolution(torus(kx=8, ky=8), QiWuZhang(1.0), hbar=h), 1.0).steps for h in (1, 0.1)
    ]
    assert all(a <= b for a, b in pairwise(steps))
