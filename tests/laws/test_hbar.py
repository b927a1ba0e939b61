"""ħ: once per Berry term and in the measure; the two levels agree to first order in it."""

from __future__ import annotations

import cases
import numpy as np
import pytest

from kinetic.hamiltonians.expression import ExpressionModel
from kinetic.hamiltonians.planar import MassiveDirac, Rashba
from kinetic.hamiltonians.weyl import MultiWeyl, Weyl
from kinetic.initial import FermiDirac
from kinetic.stepping import Stepping

CURVED = ExpressionModel(
    d=["0.7*sin(kx)", "0.7*sin(ky)", "1.6 - 0.5*cos(kx) - 0.5*cos(ky) + 0.2*cos(kx + ky)"],
    d0="0.2*sin(kx - ky)",
    bounded=True,
)


def test_projected_and_dressed_differ_at_second_order():
    """f from n_s and from g_s: halving ħ divides the difference by four.

    A missing or halved interband term of form b' leaves a difference of first order.
    """
    differences = []
    for hbar in (0.8, 0.4, 0.2):
        occupations = []
        for level in ("projected", "dressed"):
            run = cases.evolution(
                CURVED,
                cases.box(np.pi, (64, 64)),
                e=(0.2, -0.1),
                b=0.3,
                initial=cases.Wavy(),
                stepping=Stepping(stepper="ssprk104", courant=0.5),
                level=level,
                hbar=hbar,
                scheme="linear5",
            )
            occupations.append(cases.follow(run, 2.0).transport.occupation())
        differences.append(np.abs(occupations[0] - occupations[1]).mean())
    ratios = np.array(differences[:-1]) / np.array(differences[1:])
    assert differences[0] > 1e-5
    assert np.all(np.abs(ratios - 4.0) < 0.5), (differences, ratios)


@pytest.mark.parametrize("level", ["projected", "dressed"])
@pytest.mark.parametrize("hbar", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pumping_rate_is_e_dot_b_over_4_pi2_hbar2(level, hbar, seed):
    """Any direction, tilt and anisotropy: ħ once in q_s (e·b) B_k, three times in (2πħ)³.

    The filled sea of `projected` is not steady at second order in ħ: it drifts as b²t, by
    some 1e-6 of the rate where e lies across b, so that e is taken along b there.
    """
    random = np.random.default_rng(seed)
    velocity = np.eye(3) + 0.15 * random.uniform(-1, 1, (3, 3))
    b = 0.01 / hbar * random.uniform(-1, 1, 3)
    e = 0.01 * random.uniform(-1, 1, 3) if level == "dressed" else 0.5 * b
    run = cases.evolution(
        Weyl(velocity=velocity.tolist(), tilt=(0.05, -0.1, 0.02), centre=(0.05, -0.1, 0.12)),
        cases.box(2.0, (13, 13, 13)),
        e=e.tolist(),
        b=b.tolist(),
        initial=FermiDirac(0.2, 0.03),
        level=level,
        hbar=hbar,
    )
    cases.follow(run, 1.0)
    expected = float(e @ b) / (4.0 * np.pi**2 * hbar**2)
    assert run.charge_change() / run.time == pytest.approx(
        expected, rel=1e-9 if level == "dressed" else 2e-8, abs=0.0
    )


# Lengths of momentum, space and hence ħ and energy are rescaled; powers of two keep rounding.
LAMBDA, MU = 2.0, 4.0
ENERGY = LAMBDA * MU
SCALED = {
    "massive_dirac": (
        MassiveDirac(mass=0.5, tilt=(0.1, 0.2)),
        MassiveDirac(mass=0.5 * ENERGY, velocity=MU, tilt=(0.1 * MU, 0.2 * MU)),
    ),
    "rashba": (
        Rashba(mass=1.0, coupling=0.7, zeeman=(0.1, 0.0, 0.3)),
        Rashba(
            mass=LAMBDA / MU,
            coupling=0.7 * MU,
            zeeman=(0.1 * ENERGY, 0.0, 0.3 * ENERGY),
        ),
    ),
    "weyl": (Weyl(tilt=(0.1, 0, 0.2)), Weyl(velocity=MU, tilt=(0.1 * MU, 0, 0.2 * MU))),
    "multi_weyl": (MultiWeyl(), MultiWeyl(velocity=MU, strength=ENERGY / LAMBDA**2)),
    "driven": (
        MassiveDirac(mass="0.5 + 0.2*tanh(t)"),
        MassiveDirac(mass=f"{ENERGY}*(0.5 + 0.2*tanh(t))", velocity=MU),
    ),
}


@pytest.mark.parametrize("level", ["boltzmann", "projected", "dressed"])
@pytest.mark.parametrize("name", SCALED)
def test_physics_does_not_depend_on_the_units_of_momentum_and_length(name, level):
    """k → λk, x → μx, ħ → λμħ, energies λμ, e → λe, b → (λ/μ)b: f is the same, ρ scales by μ⁻ᵈ.

    An ħ that is missing, or stands twice, in one Berry term breaks it.
    """
    results = []
    for index, model in enumerate(SCALED[name]):
        momentum, length = (LAMBDA, MU) if index else (1.0, 1.0)
        energy = momentum * length
        d = 3 if name in ("weyl", "multi_weyl") else 2
        b = np.array(cases.B[3] if d == 3 else (0.0, 0.0, cases.B[2])) * momentum / length
        run = cases.evolution(
            model,
            cases.box(2.0 * momentum, cases.CELLS[d]),
            e=(np.array(cases.E[d]) * 5.0 * momentum).tolist(),
            b=b.tolist(),
            initial=FermiDirac(0.4 * energy, 0.1 * energy),
            stop=2.0,
            level=level,
            hbar=0.7 * energy,
        )
        cases.follow(run, 2.0)
        results.append((run.transport.occupation(), run.charge_change() * length**d, run.steps))
    (f, change, steps), (scaled_f, scaled_change, scaled_steps) = results
    assert steps == scaled_steps
    assert np.abs(f - scaled_f).max() <= 1e-12
    assert scaled_change == pytest.approx(change, rel=1e-11, abs=1e-15)
