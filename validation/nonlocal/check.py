"""Decay of the imbalance between valleys from one contact to the other, along b.

    1/ℓ² = 1/Dτ_v + c²/D² ,   D = v²τ/3 ,   c = b/4π²ν

from ∂ₓj = 0, ∂ₓj₅ = -ρ₅/τ_v, j = cρ₅ - D∂ₓρ, j₅ = cρ - D∂ₓρ₅.  D = 2, τ_v = 40: 8.94427, with
c = .03125 8.85818.  The contact at x = 0 sends in f_FD with μ ± .01 for R and L.  The net current
is not zero here, and ρ₅ is what decays beside the constant cJℓ²/D².

The run has τ = 1, so that ℓ_mfp/ℓ_v = .27 and the next order in it, O((ℓ_mfp/ℓ_v)²), can be seen:
with φ ∝ e^{-κx} in f = f₀ - f₀′φ the equation with relaxation within and between the nodes gives

    δμ_χ = S_χ [(1 - λ/2) δμ_χ + (λ/2) δμ_-χ] ,   S_χ = atanh(X)/X + χ (b/4N) 2X/(1 - X²) ,

X = κτ, λ = τ/τ_v, N = μ² + π²T²/3, v = 1: without b (1 - λ) atanh(X)/X = 1.

Reference: S. A. Parameswaran, T. Grover, D. A. Abanin, D. A. Pesin, A. Vishwanath, Phys. Rev. X
4, 031035 (2014), for the first line; the relation, by scipy.

How it is measured.  Half of the difference of two runs that differ in the sign of the
imbalance: what the ends of the grid do to the equilibrium drops out.  Away from the contacts
ρ₅(x - a) + ρ₅(x + a) = 2 cosh(κa) ρ₅(x) + constant; least squares.

Tolerance.  5 % of ℓ: the layers at the contacts, e^{-x/ℓ_mfp} with x > 2, and the sums over k on
cells of half a Fermi momentum, .2 (h/k_F)² of c.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from kinetic.simulation import Simulation
from kinetic.validating import Study

TITLE = "decay of the imbalance between valleys along b"
SOURCE = "relation"
MU, TEMPERATURE, B, TAU, BETWEEN = 0.4, 0.08, 0.01, 1.0, 40.0


def transport(diffusion: float, between: float, c: float) -> float:
    """ℓ of the transport equations."""
    return 1 / np.sqrt(1 / (diffusion * between) + (c / diffusion) ** 2)


def decay(between: float, b: float) -> float:
    """κ of the kinetic equation."""
    half, content = 0.5 * TAU / between, MU**2 + np.pi**2 * TEMPERATURE**2 / 3

    def residual(kappa: float) -> float:
        x = kappa * TAU
        even, odd = np.arctanh(x) / x, b / (4 * content) * 2 * x / (1 - x * x)
        right, left = even + odd, even - odd
        return (1 - right * (1 - half)) * (1 - left * (1 - half)) - right * left * half**2

    guess = 1 / transport(TAU / 3, between, b / (2 * content))
    return float(brentq(residual, 0.7 * guess, min(1.3 * guess, 0.999 / TAU)))


def imbalance(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """x and the part of ρ₅ that is odd in what the contact sends in."""
    found = []
    for sign in ("+", "-"):
        waves = study.tables("contact.toml")["initial"]["chemical_potential"]
        waves = waves if sign == "+" else waves[::-1]
        tables = study.tables("contact.toml", {"initial.chemical_potential": waves})
        data = Simulation.from_dict(tables).run(progress=False)
        found.append(data.valley_density.values[-1])
    right, left = 0.5 * (found[0] - found[1])
    return data.x.values, right - left


def fitted(x: np.ndarray, values: np.ndarray, reach: int = 4) -> float:
    """κ between the layers at the contacts."""
    at = np.arange(4 + reach, len(x) - 4 - reach)
    columns = np.stack([values[at], np.full(len(at), np.abs(values).mean())], axis=1)
    sums = values[at - reach] + values[at + reach]
    slope = np.linalg.lstsq(columns, sums, rcond=None)[0][0]
    return float(np.arccosh(max(slope / 2, 1.0)) / (reach * (x[1] - x[0])))


def check(study: Study) -> None:
    source = "transport equations"
    study.compare("ℓ_v, D = 2, τ_v = 40", transport(2, 40, 0), 8.94427, 5e-6, source)
    study.compare("ℓ with c = .03125", transport(2, 40, 0.03125), 8.85818, 5e-6, source)
    thin = [decay(between, 0.0) * transport(TAU / 3, between, 0.0) - 1 for between in (40, 80)]
    study.compare(
        "order of κℓ_v - 1 in (ℓ_mfp/ℓ_v)²", np.log2(thin[0] / thin[1]), 1.0, 0.02, SOURCE
    )
    content = MU**2 + np.pi**2 * TEMPERATURE**2 / 3
    length, rough = 1 / decay(BETWEEN, B), transport(TAU / 3, BETWEEN, B / (2 * content))
    study.report("ℓ of the kinetic equation beside that of transport", length, rough, SOURCE)
    if study.quick:
        return
    x, values = imbalance(study)
    study.compare(
        "ℓ between the contacts", 1 / fitted(x, values), length, 0.05, SOURCE, relative=True
    )
    study.data.update(x=x, values=values, length=length)


def figure(study: Study):
    from kinetic.plotting import style

    if "values" not in study.data:
        return None
    page = style.canvas(style.COLUMN, 2.4)
    axis = page.subplots()
    x, values, length = (study.data[name] for name in ("x", "values", "length"))
    inner = (x > 2) & (x < 8)
    modes = np.stack([np.exp(-x / length), np.exp(x / length), np.ones(len(x))], axis=1)
    weights = np.linalg.lstsq(modes[inner], values[inner], rcond=None)[0]
    axis.plot(x, 1e5 * modes @ weights, color=style.BLUE, linewidth=0.8, label="kinetic length")
    axis.plot(x, 1e5 * values, "o", color=style.BLUE, markerfacecolor="white", label="evolved")
    axis.set(xlabel="$x$", ylabel=r"$10^5\,\rho_5$")
    axis.legend()
    return page
