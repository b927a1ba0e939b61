"""Drude conductivity of massive Dirac electrons from Born scattering, and the Weyl node in 3D.

    σ_xx = Σ_s ∫d²k/(2π)² v_x² τ_tr(ε) (-∂f/∂ε) = (1/4π) ∫dε (ε² - m²)/|ε| τ_tr (-∂f/∂ε)
    1/τ_tr = (2π/ħ) n N(ε) ⟨|V(q)|² |⟨u|u'⟩|² (1 - cos φ)⟩_φ ,   N = |ε|/2π ,   q = 2k sin φ/2
    |⟨u|u'⟩|² = ½[1 + m²/ε² + (1 - m²/ε²) cos φ]

White noise: 1/τ_tr = W (ε² + 3m²)/4|ε|, with overlap = false W|ε|.  Weyl node, white noise:
1/τ_tr = Wε²/3π, two thirds of Γ, and Wε²/π = Γ without overlap; a Fermi sea that drifts slowly
loses its current as ∫dε ε|ε|² (-∂f/∂ε) e^{-t/τ_tr} / ∫dε ε|ε|² (-∂f/∂ε).

Reference: N. A. Sinitsyn et al., Phys. Rev. B 75, 045315 (2007), for τ_tr of the massive Dirac
model; R. R. Biswas, S. Ryu, Phys. Rev. B 89, 014205 (2014), for that of Weyl nodes; the averages
over angle and energy by scipy.

Tolerance. The evolved σ is that of the grid: sums over cells of second order in h, the δ function
of the shells of fourth order in their distance of two cells (which is beyond its reach where two
cells are not small against T: h v/T = 1 on 40², 2/3 on 60²).  Twice the
largest coefficient of h² between neighbouring grids bounds both; what is left of the transient
is e^{-64/2.3} = 1e-12 (W = 20 makes it as short for the other kinds of disorder), what is of
third order in the force (e τ/T)² = 2e-5 relative, which is added to the bound.
Weyl node, h = .097, half a cell against T = .08 in the initial cell averages: sums over cells of
1/τ_tr on shells of curvature 2/ε are off by (h²/24)(2/ε²) = .2 %, which the exponent of
e^{-t/τ} multiplies by its size 1 (2.6 without overlap) at t = .5: 1 % with the slow levels below
2h, which no shell resolves.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad

from kinetic.validating import Study, advance, observe, orders

TITLE = "Drude conductivity from impurity scattering in Born approximation"
SOURCE = "Sinitsyn et al. 2007, quadrature"
M, MU, T, FORCE = 0.5, 0.8, 0.1, 2e-4
DISORDER = {
    "white noise": ("white_noise", lambda q: 1.0, 1.0),
    "Gaussian": ({"name": "gaussian", "length": 2.0}, lambda q: np.exp(-4.0 * q * q), 20.0),
    "Coulomb": ({"name": "coulomb", "screening": 0.3}, lambda q: (1.0 + q / 0.3) ** -2, 20.0),
}


def slope(energy: float, mu: float = MU, temperature: float = T) -> float:
    """-∂f/∂ε."""
    return float(1.0 / (4.0 * temperature * np.cosh(0.5 * (energy - mu) / temperature) ** 2))


def rate(energy: float, potential, overlap: bool = True) -> float:
    """1/τ_tr of the massive Dirac model by quadrature over the angle, n V₀² = 1."""
    k, c2 = np.sqrt(energy**2 - M**2), (M / energy) ** 2

    def integrand(angle: float) -> float:
        factor = 0.5 * (1.0 + c2 + (1.0 - c2) * np.cos(angle)) if overlap else 1.0
        return potential(2.0 * k * np.sin(0.5 * angle)) * factor * (1.0 - np.cos(angle))

    return abs(energy) * quad(integrand, 0.0, np.pi, epsabs=1e-12)[0] / np.pi


def conductivity(potential, overlap: bool = True) -> float:
    """W σ_xx by quadrature over the energies of both bands."""

    def integrand(energy: float) -> float:
        tau = 1.0 / rate(energy, potential, overlap)
        thermal = slope(energy) + slope(-energy)
        return (energy**2 - M**2) / energy * tau * thermal / (4.0 * np.pi)

    return float(quad(integrand, M, 3.0, epsabs=1e-10, epsrel=1e-8, limit=200)[0])


def evolved(study: Study, cells: int, **entries) -> float:
    """W σ_xx of the steady state."""
    changes = {f"grid.{axis}": [-2.0, 2.0, cells] for axis in ("kx", "ky")}
    strength = entries.setdefault("strength", 1.0)
    changes["collisions"] = [{"name": "elastic", **entries}]
    run = study.evolve("plane.toml", changes)
    return float(observe(run, "current")["current"][0]) * strength / FORCE


def compared(study: Study, what: str, numbers, reference: float, **entries) -> list[float]:
    """Compare σ_xx on a sequence of grids with the quadrature; its relative errors."""
    found = [evolved(study, cells, **entries) for cells in numbers]
    errors = [value / reference - 1.0 for value in found]
    squares = np.array(numbers, dtype=float) ** -2  # of h, up to a factor
    bends = np.abs(np.diff(found) / np.diff(squares))
    bound = 2.0 * float(bends.max()) * squares[-1] / reference + 2e-5
    study.compare(
        f"W σ_xx, {what}, {numbers[-1]}²", found[-1], reference, bound, SOURCE, relative=True
    )
    return errors


def decay(study: Study, overlap: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Current of a Weyl node over that at the start, evolved and by quadrature."""
    run = study.evolution(
        "node.toml",
        {"collisions": [{"name": "elastic", "strength": 40.0, "overlap": overlap}]},
    )
    times, values = np.linspace(0.0, 1.0, 11), []
    for time in times:
        advance(run, time)
        values.append(float(observe(run, "current")["current"][2]))
    share = 1.0 / 3.0 if overlap else 1.0
    exact = []
    for time in times:

        def integrand(e: float, t: float = time) -> float:
            thermal = slope(e, 0.6, 0.08) - slope(-e, 0.6, 0.08)
            return e**3 * thermal * np.exp(-40.0 * e * e / np.pi * share * t)

        exact.append(quad(integrand, 0.0, 2.0, epsabs=1e-12)[0])
    return times, np.array(values) / values[0], np.array(exact) / exact[0]


def check(study: Study) -> None:
    closed = M, 0.9, 1.7
    worst = max(abs(rate(e, lambda q: 1.0) * 4 * e / (e * e + 3 * M * M) - 1) for e in closed)
    study.at_most("1/τ_tr by quadrature less W(ε² + 3m²)/4ε, relative", worst, 1e-10, SOURCE)
    white = DISORDER["white noise"][1]
    numbers = (40, 60) if study.quick else (40, 60, 80, 120)
    errors = compared(study, "white noise", numbers, conductivity(white))
    study.data["white noise"] = (numbers, errors)
    small = (40, 60) if study.quick else (60, 80)
    plain = conductivity(white, False)
    compared(study, "overlap = false", small, plain, overlap=False)
    if study.quick:
        return
    study.at_least(
        "order in h from 40² to 120²", orders(errors[::3], 3.0)[-1], 2.0, "second order"
    )
    for name in ("Gaussian", "Coulomb"):
        table, potential, strength = DISORDER[name]
        reference = conductivity(potential)
        study.data[name] = (
            numbers[1:],
            compared(study, name, numbers[1:], reference, disorder=table, strength=strength),
        )
    reference, counts = conductivity(white), (12, 24, 48, 96)
    apart = [evolved(study, 120, shells=n) / reference - 1.0 for n in counts]
    study.at_least(
        "order in ΔE from 12 to 96 shells, 120²", orders(apart[::3], 8.0)[-1], 2.0, "hats"
    )
    study.data["shells"] = (counts, apart)
    for overlap in (True, False):
        times, found, exact = decay(study, overlap)
        words = "" if overlap else ", overlap = false"
        study.compare(
            f"current of a Weyl node at t = 0.5{words}",
            found[5],
            exact[5],
            0.01,
            "Biswas, Ryu 2014, quadrature",
            relative=True,
        )
        study.data[f"decay {overlap}"] = (times, found, exact)


def figure(study: Study):
    from kinetic.plotting import style

    data = study.data
    if "shells" not in data:
        return None
    page = style.canvas(style.PAGE, 2.5)
    left, middle, right = page.subplots(1, 3)
    energies = np.linspace(M + 1e-6, 2.0, 120)
    colours = dict(zip(DISORDER, (style.BLUE, style.VERMILLION, style.GREEN), strict=True))
    for name, (_, potential, _) in DISORDER.items():
        rates = [rate(e, potential) for e in energies]
        left.plot(energies / M, rates, color=colours[name], label=name)
    rates = [rate(e, DISORDER["white noise"][1], False) for e in energies]
    left.plot(energies / M, rates, "--", color=style.GREY, label="no overlap")
    left.set(xlabel=r"$\varepsilon/m$", ylabel=r"$1/\tau_{tr}$ ($nV_0^2$)", yscale="log")
    left.legend(loc="upper right", bbox_to_anchor=(1.0, 0.68))
    for name, marker in zip(DISORDER, "os^", strict=True):
        cells, errors = data[name]
        middle.loglog(
            4.0 / np.array(cells), np.abs(errors), marker + "-", color=colours[name], label=name
        )
    line = np.array([4.0 / 120, 4.0 / 40])
    middle.loglog(line, 1e-2 * (line / line[1]) ** 2, ":", color=style.GREY)
    middle.text(line[0] * 1.1, 2.2e-3, r"$h^2$", color=style.GREY)
    middle.set(xlabel=r"$h$", ylabel=r"error of $\sigma_{xx}$")
    middle.set_xticks([0.04, 0.06, 0.1], ["0.04", "0.06", "0.1"])
    middle.set_xticks([], minor=True)
    middle.legend()
    for overlap, colour, words in (
        (True, style.BLUE, "spinor overlap"),
        (False, style.GREY, "no overlap"),
    ):
        times, found, exact = data[f"decay {overlap}"]
        right.plot(times, exact, color=colour, label=words)
        right.plot(times, found, "o", color=colour, markerfacecolor="white")
    right.set(xlabel=r"$t$", ylabel=r"$j(t)/j(0)$, Weyl node", ylim=(0.0, 1.02))
    right.legend()
    return page
