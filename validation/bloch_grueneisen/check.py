"""Bloch-Grüneisen: acoustic phonons relax the momentum as T⁵ at low and as T at high temperature.

A drift δf = -k_x ∂f/∂ε of a three-dimensional parabola, the trial function of the variational
solution, loses its momentum at the rate (M: coupling, q = |k - k'|, ω = cq)

    Γ = (2πM/3) ∫∫ D D' ⟨q³ δ(ω - cq)⟩ f(ε)[1 - f(ε+ω)] n(ω) dε dω / (1/3)∫ D k² f(1 - f) dε

which for ω, T ≪ ε_F and m = k_F = 1 is the Bloch-Grüneisen law

    Γ = M T⁵ J₅(Θ/T)/2πc⁵ ,   J₅(y) = ∫₀ʸ x⁵/[(eˣ-1)(1-e⁻ˣ)] dx ,   Θ = 2ck_F .

Reference: F. Bloch, Z. Phys. 59, 208 (1930); E. Grüneisen, Ann. Phys. (Leipzig) 408, 530 (1933);
J. M. Ziman, Electrons and Phonons (Oxford 1960), Sec. 9.5.  Both integrals by quadrature; the
operator's rate is that of its own linearisation.

The cells are spherical, shells of equal steps in energy times directions of a Gauss rule, so that
levels resolve T down to Θ/25, which no Cartesian grid does.  At T = 2.5 Θ most quanta are below
the distance of the levels: there the quasi-elastic part is tested.

Tolerances.  A level is a hat of variance h²/6.  The two of a pair blur a quantum by h²/3, half of
which the factor of the levels takes off: relative to the smaller of T² and (Θ/4)², which is where
the quanta are, and with the ½ of the second order of a Taylor series, an error of a twelfth of
(4h/Θ)² or (h/T)².  Two steps h extrapolate to a tenth of it, the next order.  Order at least 1.7.
The powers of T hold to what the law itself is off at these ends: J₅(25) is J₅(∞) to 1e-4, and at
y = 0.4 the slope of the law is 1 + y²/9 = 1.018.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import quad

from kinetic.collisions.base import Surroundings
from kinetic.collisions.phonons import PhononBath
from kinetic.initial import fermi
from kinetic.validating import Study, orders

TITLE = "Bloch-Grüneisen crossover of the momentum relaxation from T⁵ to T"
SOURCE = "golden rule, quadrature"
MU, SOUND = 0.5, 0.002  # m = k_F = 1
THETA = 2.0 * SOUND


def sphere(temperature: float, step: float) -> tuple[Surroundings, np.ndarray]:
    """Shells around the Fermi surface, two to a level, times 3×4 directions; and k_x."""
    half = 2 * int(np.ceil((11.0 * temperature + THETA) / step))
    edges = MU + 0.5 * step * np.arange(-half, half + 1)
    energy = 0.5 * (edges[1:] + edges[:-1])
    k = np.sqrt(2.0 * energy)
    z, share = np.polynomial.legendre.leggauss(3)
    angle = (np.arange(4) + 0.5) * np.pi / 2.0
    sine = np.sqrt(1.0 - z**2)
    directions = np.stack(
        [np.outer(sine, np.cos(angle)), np.outer(sine, np.sin(angle)), np.outer(z, np.ones(4))]
    ).reshape(3, -1)
    volumes = np.outer(k * np.diff(edges), np.outer(share, np.full(4, np.pi / 2.0)).ravel())
    shape = (2, *volumes.shape, 1)
    energies = np.broadcast_to(energy[:, None, None], shape).copy()
    weight = np.broadcast_to(volumes[..., None] / (2.0 * np.pi) ** 3, shape).copy()
    momenta = {
        name: (k[:, None] * direction)[..., None]
        for name, direction in zip(("kx", "ky", "kz"), directions, strict=True)
    }
    around = Surroundings(
        energy=energies,
        weight=weight,
        equilibrium=fermi(energies, MU, temperature),
        glued=np.zeros((1, *volumes.shape, 1), dtype=bool),
        reservoirs=((MU, temperature),),
        thermal=False,
        volumes=np.full((*volumes.shape, 1), np.diff(k).min() ** 3),
        momenta=momenta,
        wraps=dict.fromkeys(momenta, False),
    )
    return around, np.broadcast_to(momenta["kx"], shape)


def measured(temperature: float, parts: int) -> float:
    """Rate at which the operator takes momentum from a drift.  Levels T/parts apart."""
    step = min(temperature, THETA / 4.0) / parts
    around, momentum = sphere(temperature, step)
    bath = PhononBath(
        phonons="acoustic",
        coupling=1.0,
        velocity=SOUND,
        overlap=False,
        harmonics=1,
        positive=False,
        spacing=step,
    ).build(around)
    f = around.equilibrium
    drift = momentum * f * (1.0 - f)
    rate = np.zeros_like(f)
    bath.derivative(f, drift, 0.0, rate)
    return float(
        -np.sum(around.weight * momentum * rate) / np.sum(around.weight * momentum * drift)
    )


def golden_rule(temperature: float) -> float:
    """The double integral; quanta up to q = k + k', where ω = 2c(k + c)."""
    nodes, shares = np.polynomial.legendre.leggauss(300)
    half = min(40.0 * temperature, MU)
    energy, dense = MU + half * nodes, half * shares
    e = energy[:, None]
    largest = 2.0 * SOUND * (np.sqrt(2.0 * e) + SOUND)
    largest = np.minimum(largest, 60.0 * temperature)
    w, width = 0.5 * largest * (nodes + 1.0), 0.5 * largest * shares
    # D D' ⟨q³ δ⟩ = (1/4π⁴) q⁴/2c, with D = k/2π²
    pairs = (w / SOUND) ** 4 / (8.0 * np.pi**4 * SOUND)
    blocked = fermi(e, MU, temperature) * (1.0 - fermi(e + w, MU, temperature))
    lost = np.sum(width * pairs * blocked / np.expm1(w / temperature), axis=1)
    f = fermi(energy, MU, temperature)
    held = np.sum(dense * (2.0 * energy) ** 1.5 / (2.0 * np.pi**2) * f * (1.0 - f)) / 3.0
    return float(2.0 * np.pi / 3.0 * np.sum(dense * lost) / held)


def law(temperature: float) -> float:
    """T⁵ J₅(Θ/T)/2πc⁵."""
    integral = quad(
        lambda x: x**5 / np.expm1(x) / -np.expm1(-x), 0.0, THETA / temperature, epsabs=0.0
    )[0]
    return float(temperature**5 / (2.0 * np.pi * SOUND**5) * integral)


def slope(function: Callable[[float], float], temperature: float) -> float:
    """d ln Γ/d ln T, by a central difference over ±4 %."""
    ratio = function(1.04 * temperature) / function(temperature / 1.04)
    return float(np.log(ratio) / (2.0 * np.log(1.04)))


def check(study: Study) -> None:
    bound = 1.0 / 48.0  # of levels T/2 or Θ/8 apart
    places = (("Θ/25", 25.0), ("Θ/5", 5.0), ("2.5 Θ", 0.4))
    for name, part in places[::2] if study.quick else places:
        temperature = THETA / part
        exact = golden_rule(temperature)
        coarse, fine = (measured(temperature, n) / exact - 1.0 for n in (1, 2))
        study.compare(f"Γ at T = {name} over the golden rule", 1.0 + fine, 1.0, bound, SOURCE)
        study.compare(
            f"  levels extrapolated, T = {name}",
            1.0 + (4.0 * fine - coarse) / 3.0,
            1.0,
            0.1 * bound,
            SOURCE,
        )
        study.at_least("  order in their distance", orders([coarse, fine])[0], 1.7, "scheme")
    for name, part, power in (("Θ/25", 25.0, 5.0), ("2.5 Θ", 0.4, 1.0)):
        found = slope(lambda t: measured(t, 1), THETA / part)
        study.compare(f"power of T at {name}", found, power, 0.02, "Bloch-Grüneisen")
    if study.quick:
        return
    ratios = np.geomspace(1.0 / 25.0, 2.5, 13)
    study.data.update(
        ratios=ratios,
        rates=[(4.0 * measured(r * THETA, 2) - measured(r * THETA, 1)) / 3.0 for r in ratios],
    )
    off = [
        rate / law(r * THETA) - 1.0 for r, rate in zip(ratios, study.data["rates"], strict=True)
    ]
    study.at_most("largest distance from the law", np.abs(off).max(), 0.01, "T², Θ over ε_F")


def figure(study: Study):
    from kinetic.plotting import style

    if "rates" not in study.data:
        return None
    page = style.canvas(2 * style.COLUMN, 2.6)
    left, right = page.subplots(1, 2)
    ratios, rates = study.data["ratios"], np.array(study.data["rates"])
    unit = law(THETA)
    line = np.geomspace(0.03, 3.2, 120)
    exact = np.array([law(x * THETA) for x in line]) / unit
    left.loglog(line, exact, color=style.BLUE, label="Bloch-Grüneisen law")
    left.loglog(
        ratios, rates / unit, "o", color=style.VERMILLION, markerfacecolor="white",
        label="phonon_bath",
    )  # fmt: skip
    low, high = line[line < 0.12], line[line > 0.5]
    five = 124.43 * THETA**5 / (2.0 * np.pi * SOUND**5) / unit
    left.loglog(low, 2.0 * five * low**5, "--", color=style.GREY, linewidth=0.8)
    left.loglog(high, 0.7 * exact[-1] * high / line[-1], "--", color=style.GREY, linewidth=0.8)
    left.text(0.036, 6e-4, "$T^5$")
    left.text(1.3, 0.45, "$T$")
    left.set(xlabel=r"$T/\Theta$", ylabel=r"$\Gamma(T)/\Gamma(\Theta)$")
    left.legend(loc="upper left")
    middle = np.sqrt(ratios[1:] * ratios[:-1])
    right.semilogx(line, [slope(law, x * THETA) for x in line], color=style.BLUE)
    right.semilogx(
        middle, np.diff(np.log(rates)) / np.diff(np.log(ratios)), "o", color=style.VERMILLION,
        markerfacecolor="white",
    )  # fmt: skip
    right.set(xlabel=r"$T/\Theta$", ylabel=r"$d\,\ln\Gamma/d\,\ln T$", ylim=(0.5, 5.5))
    right.grid(visible=True)
    return page
