"""Chiral magnetic wave with relaxation between the nodes: from a wave to diffusion.

    ∂ₜρ + c∂ₓρ₅ = D∂ₓ²ρ ,   ∂ₜρ₅ + c∂ₓρ = D∂ₓ²ρ₅ - ρ₅/τ_v

    ω = -iDq² - i/2τ_v ± √(c²q² - 1/4τ_v²) ,   c = b/4π²ν ,   D = v²τ/3

With 2cqτ_v > 1 there are two waves, with less two modes that decay: the charge, which diffuses
with D + c²τ_v, and the imbalance.  For any qτ, to first order in b,

    δμ_χ = S_χ [(1 - λ/2) δμ_χ + (λ/2) δμ_-χ] ,   S_χ = atan(Q/a)/Q - χ (b/4N) 2iQ/(a² + Q²) ,

a = 1 - iωτ, Q = qτ, λ = τ/τ_v, N = μ² + π²T²/3: see chiral_magnetic_wave.  Two runs, one
from a wave of the charge and one from a wave of the imbalance, give the matrix that takes both
from t = 4 to t = 8; its eigenvalues are e^{-4iω}.

Reference: D. E. Kharzeev, H.-U. Yee, Phys. Rev. D 83, 085007 (2011); the relation, by scipy.

Tolerance.  As there: .2 (h/k_F)² of c, with which c²q² enters, half of that and 1 % of what is
damped by D q²; inter-node relaxation by implicit steps, (Δt/τ_v)²/6.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import root

from kinetic.validating import Study, advance, observe

TITLE = "chiral magnetic wave overdamped by inter-node relaxation"
SOURCE = "Kharzeev, Yee; relation"
MU, TEMPERATURE, B, Q, TAU = 0.4, 0.05, 0.01, 0.25, 0.5
CONTENT = MU**2 + np.pi**2 * TEMPERATURE**2 / 3
REACH, TIMES = 1.2, (4.0, 8.0)


def simple(between: float) -> np.ndarray:
    """ω of the two equations of the first lines."""
    c, rate = B / (2 * CONTENT), 0.5 / between
    split = np.sqrt(complex((c * Q) ** 2 - rate**2))
    return -1j * (Q**2 * TAU / 3 + rate) + np.array([split, -split])


def dispersion(between: float) -> np.ndarray:
    """ω for any qτ."""
    span, half = Q * TAU, 0.5 * TAU / between

    def residual(parts):
        a = 1 - 1j * complex(*parts) * TAU
        even = np.arctan(span / a) / span
        odd = B / (4 * CONTENT) * 2j * span / (a * a + span * span)
        right, left = even - odd, even + odd
        value = (1 - right * (1 - half)) * (1 - left * (1 - half)) - right * left * half**2
        return [value.real, value.imag]

    found = [root(residual, [w.real, w.imag], tol=1e-13).x for w in simple(between)]
    return np.array([complex(*parts) for parts in found])


def measured(study: Study, between: float) -> np.ndarray:
    """ω of both modes on the grid."""
    columns = []
    for sign in (1, -1):
        collisions = study.tables("wave.toml")["collisions"]
        collisions[1]["tau"] = between
        waves = [f"0.4 + 0.004*cos(0.25*x)*{factor}" for factor in (1, sign)]
        changes = {"collisions": collisions, "initial.chemical_potential": waves}
        run = study.evolution("wave.toml", changes)
        x, seen = run.system.grid.space[0].centres, []
        for time in TIMES:
            advance(run, time)
            density = observe(run, "valley_density")["valley_density"] @ np.exp(-1j * Q * x)
            seen.append([density[0] + density[1], density[0] - density[1]])
        columns.append(seen)
    early, late = np.moveaxis(np.array(columns), 0, 2)
    values = np.linalg.eigvals(late @ np.linalg.inv(early))
    return 1j * np.log(values) / (TIMES[1] - TIMES[0])


def order(omega: np.ndarray) -> np.ndarray:
    """Waves by direction, decaying modes by rate."""
    return omega[np.lexsort((omega.imag, np.round(omega.real, 6)))][::-1]


def check(study: Study) -> None:
    share = 0.2 * (2 * REACH / 13 / MU) ** 2
    for between in (5.0,) if study.quick else (5.0, 40.0, 200.0):
        found, exact = order(measured(study, between)), order(dispersion(between))
        damped = (0.01 + share / 2) * Q**2 * TAU / 3 + (0.25 / between) ** 2 / between
        shift = share * (B / (2 * CONTENT) * Q) ** 2
        shift /= max(abs(exact[0] - exact[1]) / 2, 1e-9)
        for place, (one, other) in enumerate(zip(found, exact, strict=True)):
            label = f"mode {place + 1}, τ_v = {between:g}"
            bound = damped + shift
            study.compare(f"ω′, {label}", one.real, other.real, bound, SOURCE)
            study.compare(f"-ω″, {label}", -one.imag, -other.imag, bound, SOURCE)
        study.data.setdefault("points", []).append((between, found))


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2)
    line = np.geomspace(3, 400, 160)
    modes = np.array([order(dispersion(between)) for between in line])
    rough = np.array([order(simple(between)) for between in line])
    for place, colour in ((0, style.BLUE), (1, style.VERMILLION)):
        for axis, part in ((left, np.real), (right, lambda w: -np.imag(w))):
            values = 1e3 * part(modes[:, place])
            axis.plot(line, values, color=colour, linewidth=0.8, label=f"mode {place + 1}")
            axis.plot(line, 1e3 * part(rough[:, place]), ":", color=style.GREY)
            for between, found in study.data["points"]:
                axis.plot(
                    between, 1e3 * part(found[place]), "o", color=colour, markerfacecolor="white"
                )
    for axis, name in ((left, r"$10^3\,\omega'$"), (right, r"$-10^3\,\omega''$")):
        axis.set(xscale="log", xlabel=r"$\tau_v$", ylabel=name)
        axis.axvline(CONTENT / (B * Q), linestyle=":", color=style.GREY)
    right.set(yscale="log")
    right.legend()
    left.set_title(r"relation (lines), $\tau \to 0$ (dotted), grid (circles)")
    return page
