"""Chiral magnetic wave: the charge of a Weyl node drifts along b without a drive.

    ∂ₜρ_χ + ∇·j_χ = 0 ,   j_χ = χ δμ b/4π² - D ∇ρ        ⇒        speed χ b/4π²χ_s

χ_s = ∂ρ/∂μ = μ²/2π² + T²/6 of a node; μ = .4, b = .01: .03125 at T = 0, .0297222 at T = .05.
The charge of the node R moves along b, that of L against it.  With a relaxation time τ that
keeps the charge of each node at each place, f = f₀ - f₀′φ and φ = δμ/(1 - iωτ + iqτ ẋ); to first
order in b and for any qτ (a = 1 - iωτ, Q = qτ, N = 2π²χ_s, ẋ = u + ½(b/k²)u² along b, u = cos θ)
this gives

    atan(Q/a)/Q - 1 - (b/4N) 2iQ/(a² + Q²) = 0 ,      ω → b q/2N - i q²τ/3 as Q → 0

The wave starts as a local equilibrium; what is no wave dies within some τ, and the phase and
size of the first Fourier component of the density of each node between t = 4 and 8 give ω.

Reference: D. E. Kharzeev, H.-U. Yee, Phys. Rev. D 83, 085007 (2011), with χ_s of free
electrons; the relation above, solved by scipy.

Tolerance.  The operator puts the local Fermi function at the centres of cells, where averages
are meant: the sums of b-odd weights, ∝ 1/k², then lack (h²/24) ∇², of order 5/k² each:
.2 (h/k_F)² of the speed (2.5 % on 17³, 1.2 % on 25³, k_F = .4).  Damping: half of that, its
weights being smoother, and 1 % for what the fifth-order fluxes along x damp, ⟨|u|⟩ (v/h)(qh)⁶/60
= 8e-5 of .0104.  R and L are mirror images: 1e-6.  Without b nothing drifts: rounding over time.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import newton

from kinetic.validating import Study, advance, observe

TITLE = "chiral magnetic wave: speed and damping of the charge of two nodes"
SOURCE = "Kharzeev, Yee"
MU, TEMPERATURE, B, Q = 0.4, 0.05, 0.01, 0.25
REACH = 1.2
TIMES = (4.0, 8.0)


def content(temperature: float) -> float:
    """N = 2π²χ_s."""
    return MU**2 + np.pi**2 * temperature**2 / 3


def dispersion(tau: float, b: float = B) -> complex:
    """ω of the wave of the node R."""
    n, span = content(TEMPERATURE), Q * tau

    def residual(omega: complex) -> complex:
        a = 1 - 1j * omega * tau
        return np.arctan(span / a) / span - 1 - b / (4 * n) * 2j * span / (a * a + span * span)

    start = b * Q / (2 * n) - 1j * Q**2 * tau / 3
    return complex(newton(residual, start, x1=1.001 * start, tol=1e-12))


def waves(study: Study, cells: int, tau: float = 0.5, b: float = B):
    """ω of both nodes, and the densities at the start and the end."""
    collision = {
        "name": "relaxation_time",
        "tau": tau,
        "conserving": "valley_charge",
        "chemical_potential": MU,
        "temperature": TEMPERATURE,
    }
    changes = {f"grid.{axis}": [-REACH, REACH, cells] for axis in ("kx", "ky", "kz")}
    changes |= {"collisions": [collision], "fields.B": [b, 0, 0]}
    run = study.evolution("wave.toml", changes)
    x = run.system.grid.space[0].centres
    level = observe(run, "valley_density")["valley_density"]
    seen, found = [level - level.mean(axis=1, keepdims=True)], []
    for time in TIMES:
        advance(run, time)
        density = observe(run, "valley_density")["valley_density"]
        seen.append(density - density.mean(axis=1, keepdims=True))
        found.append(density @ np.exp(-1j * Q * x))
    omega = 1j * np.log(found[1] / found[0]) / (TIMES[1] - TIMES[0])
    return omega, x, seen, run


def check(study: Study) -> None:
    study.compare(
        "speed at T = 0 (digits)", B / (2 * content(0.0)), 0.03125, 1e-12, "closed form"
    )
    study.compare(
        "speed at T = .05 (digits)", B / (2 * content(0.05)), 0.0297222, 5e-8, "closed form"
    )
    numbers = (17,) if study.quick else (17, 25)
    for cells in numbers:
        for tau in (0.5,) if cells != 25 else (0.5, 1.0):
            omega, x, seen, run = waves(study, cells, tau)
            exact = dispersion(tau)
            share = 0.2 * (2 * REACH / cells / MU) ** 2
            # The closed form's own number: the measured one over the relation's correction.
            speed = omega[0].real / exact.real * B / (2 * content(TEMPERATURE))
            label = f"{cells}³, τ = {tau:g}"
            study.compare(
                f"speed of R at qτ → 0, {label}",
                speed,
                B / (2 * content(TEMPERATURE)),
                share,
                SOURCE,
                relative=True,
            )
            study.compare(
                f"ω of R, {label}", omega[0].real, exact.real, share, "relation", relative=True
            )
            study.compare(
                f"damping of R, {label}",
                -omega[0].imag,
                -exact.imag,
                0.01 + share / 2,
                "relation",
                relative=True,
            )
            study.at_most(
                f"ω_R + ω_L*, {label}", abs(omega[0] + np.conj(omega[1])), 1e-6, "mirror"
            )
            if tau == 0.5:
                study.data.update(x=x, seen=seen, omega=omega, cells=cells)
            study.data.setdefault("points", []).append((cells, tau, omega[0]))
    if not study.quick:
        still, *_ = waves(study, 13, b=0.0)
        study.at_most("speed without b", np.abs(still.real).max() / Q, 1e-10, "symmetry")
        residual, scale = run.ledger_residual()
        study.at_most("ledger", abs(residual) / scale, 1e-13, "continuity")


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.7)
    left, right = page.subplots(1, 2)
    x, seen = study.data["x"], study.data["seen"]
    fine = np.linspace(0, 2 * np.pi / Q, 200)
    exact = dispersion(0.5)
    span = TIMES[1] - TIMES[0]
    for row, colour, name, sign in ((0, style.BLUE, "R", 1), (1, style.VERMILLION, "L", -1)):
        first = 2 * np.mean(seen[1][row] * np.exp(-1j * Q * x))
        later = first * np.exp(-1j * span * (sign * exact.real + 1j * exact.imag))
        left.plot(x, seen[2][row] * 1e5, "o", color=colour, label=name)
        left.plot(
            fine, (later * np.exp(1j * Q * fine)).real * 1e5, "-", color=colour, linewidth=0.8
        )
    left.plot(x, seen[0][0] * 1e5, "+", color=style.GREY, label=r"$t = 0$")
    left.set(
        xlabel=r"$x$",
        ylabel=r"$10^5\,\delta\rho_\chi$ at $t = 8$",
        title=r"$\mathbf{b} \parallel x$",
    )
    left.legend()
    taus = np.linspace(0.02, 1.2, 40)
    relation = np.array([dispersion(tau) for tau in taus])
    right.plot(taus, relation.real / Q, color=style.BLUE, label=r"speed $\omega'/q$")
    right.plot(taus, -relation.imag / Q, color=style.VERMILLION, label=r"damping $-\omega''/q$")
    for cells, tau, omega in study.data["points"]:
        mark = "o" if cells == 17 else "s"
        right.plot(tau, omega.real / Q, mark, color=style.BLUE)
        right.plot(tau, -omega.imag / Q, mark, color=style.VERMILLION)
    right.axhline(B / (2 * content(TEMPERATURE)), linestyle=":", color=style.GREY)
    right.set(xlabel=r"$\tau$", ylim=(0, 0.1), title=r"circles $17^3$, squares $25^3$")
    right.legend()
    return page
