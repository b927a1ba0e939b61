"""Collisions of any rate: what a step Δt makes of relaxation times from 1e-3 Δt to 1e3 Δt.

    Band:  ∂ₜf + e(t) ∂_k f = -(f - f₀)/τ ,  e = 1 + ½ cos 2t, one cosine band (Esaki and Tsu)
    Wave:  ∂ₜf + v ∂_x f = -(f - f_loc)/τ ,  f_loc carries the charge of f;  δμ ∝ cos x at t = 0

References, exact in time, with the same differences in k and x, so that what is left is the error
of the stepper: harmonics of the band, f_n(t) = e^{Φ} f_n(0) + τ⁻¹∫₀ᵗ e^{Φ(t) - Φ(t')} f₀ₙ dt',
Φ = -λ_n ∫e dt - t/τ, λ_n the symbol of the fifth-order upwind difference, by Gauss rules; the
wave by the exponential of its matrix, δμ being linear in δf.  Steady current of a constant force:
j/j₀ = Re[-iλ₁τ/(1 + λ₁τ)] → x/(1 + x²), x = eτ.  Damping of the wave: the root of

    1 = ⟨1/(1 + sτ + ivτ)⟩ , ⟨…⟩ over -∂f₀/∂ε: s → -⟨v²⟩τ, diffusion  (q = 1)

L. Esaki, R. Tsu, IBM J. Res. Dev. 14, 61 (1970); L. Pareschi, G. Russo, J. Sci. Comput. 25, 129
(2005); order where τ is of Δt: S. Boscarino, SIAM J. Numer. Anal. 45, 1600 (2007).

Tolerances. Orders between the two finest steps may fall short of the scheme's by .3: what the
next order leaves at λΔt = .1 is a tenth of it. 'ssprk3' follows the relaxation, with Δt <= τ/10,
and is of third order. 'imex' is of second order where τ >> Δt, its error within Δt³ (transport)
+ Δt²/τ (collisions). For τ << Δt the limit of local equilibrium is exact. What is left of it is
∝ τ: in the driven band the collisions balance the mean force of a stage, not that at its end; in
the wave the first stage of the first step has no current yet. Both are errors of order τΔt, and
not more than that; so the largest error over all τ, at τ ≈ 1, falls as Δt². Steady currents do
not depend on Δt: 1e-11, the residual left by the implicit stages. Damping of the wave against the
matrix: Δt², relative. The matrix against the dispersion relation: -∂f₀/∂ε is taken at the
centres of the k cells, h²/12 at most; (2π/64)⁵/60 of upwind damping is 2e-7.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.optimize import brentq

from kinetic.validating import Study, advance, orders

TITLE = "relaxation of any rate, explicit and implicit"
SOURCE = "exact in time"
STOP, BATH = 3.2, {"chemical_potential": -5.2, "temperature": 0.5}
UPWIND = np.array([2.0, -13.0, 47.0, 27.0, -3.0]) / 60.0
STEPS = (0.1, 0.05, 0.025, 0.0125)
TIMES = (100.0, 10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4)


def tables(tau: float, step: float, stepper: str, **more) -> dict:
    return {
        "collisions": [{"name": "relaxation_time", "tau": tau, **BATH, **more}],
        "time.step": step,
        "time.stepper": stepper,
    }


def fermi_of_band(k: np.ndarray) -> np.ndarray:
    return 1.0 / (np.exp((-np.cos(k) - 5.0 - BATH["chemical_potential"]) / 0.5) + 1.0)


def symbol(cells: int) -> np.ndarray:
    """λ_n of ∂_k: the fifth-order upwind difference of e^{ink}."""
    h = 2 * np.pi / cells
    angle = h * np.fft.fftfreq(cells, 1.0 / cells)
    face = np.sum(UPWIND[:, None] * np.exp(1j * np.outer(np.arange(-2, 3), angle)), axis=0)
    return face * (1.0 - np.exp(-1j * angle)) / h


# --- the driven band ------------------------------------------------------------------------


def driven(start: np.ndarray, rest: np.ndarray, tau: float, t: float) -> np.ndarray:
    """f at time t; panels of the Gauss rule shrink towards t' = t, where e^{(t'-t)/τ} lives."""
    rate = symbol(len(start))[:, None]
    pushed = lambda s: s + 0.25 * np.sin(2 * s)  # noqa: E731 - ∫e dt
    nodes, weights = np.polynomial.legendre.leggauss(24)
    least = min(tau, t) / 4
    ends = np.unique(np.r_[0.0, np.minimum(least * 2.0 ** np.arange(60), t)])
    ends = np.unique(np.r_[ends, np.linspace(0.0, t, 17)])
    back = (ends[:-1, None] + np.diff(ends)[:, None] * (nodes + 1) / 2).ravel()
    weight = (np.diff(ends)[:, None] * weights / 2).ravel()
    kept = np.exp(-rate * (pushed(t) - pushed(t - back)) - back / tau) @ weight / tau
    free = np.exp(-rate[:, 0] * (pushed(t) - pushed(0.0)) - t / tau)
    return np.fft.ifft(free * np.fft.fft(start) + kept * np.fft.fft(rest)).real


def band_error(study: Study, tau: float, step: float, stepper: str) -> float:
    run = study.evolution("band.toml", tables(tau, step, stepper))
    start = run.transport.occupation()[0].ravel().copy()
    advance(run, STOP)
    exact = driven(start, fermi_of_band(run.system.grid.momentum[0].centres), tau, STOP)
    return float(np.abs(run.transport.occupation()[0].ravel() - exact).max())


def steady_current(study: Study, tau: float, step: float) -> tuple[float, float]:
    """j/j₀ of a constant force after 40 τ or 60 steps, and its exact value on this grid."""
    stop = max(40 * tau, 60 * step)
    changes = {**tables(tau, step, "imex"), "fields.E": [1.0], "time.stop": stop}
    run = study.evolve("band.toml", changes)
    rest = fermi_of_band(run.system.grid.momentum[0].centres)
    harmonic = lambda f: np.fft.fft(f)[1]  # noqa: E731

    found = harmonic(run.transport.occupation()[0].ravel()) / harmonic(rest)
    exact = 1.0 / (1.0 + symbol(len(rest))[1] * tau)
    return float(-found.imag), float(-exact.imag)


# --- the density wave -----------------------------------------------------------------------


def generator(sites: int, cells: int, tau: float) -> np.ndarray:
    """Rate of f e^{ix}: differences in x, the product rule in k, and relaxation."""
    h, d = 2 * np.pi / cells, 2 * np.pi / sites
    k = -np.pi + h * (np.arange(cells) + 0.5)
    v = (np.cos(k - h / 2) - np.cos(k + h / 2)) / h
    ahead = np.sum(UPWIND * np.exp(1j * d * np.arange(-2, 3)))
    behind = np.sum(UPWIND[::-1] * np.exp(1j * d * np.arange(-1, 4)))
    moved = np.diag(v * np.where(v > 0.0, ahead, behind))
    bend = (np.roll(v, -1) - np.roll(v, 1)) / 48 * 0.5 * (ahead + behind)
    for j in range(cells):
        moved[j, (j + 1) % cells] += bend[j]
        moved[j, (j - 1) % cells] -= bend[j]
    f = fermi_of_band(k)
    weight = f * (1.0 - f)
    local = np.outer(weight / weight.sum(), np.ones(cells))
    return -moved * (1.0 - np.exp(-1j * d)) / d + (local - np.eye(cells)) / tau


def wave(study: Study, tau: float, step: float, stepper: str, times=(0.0, STOP)):
    """f e^{ix} at some times, evolved, and the matrix of its exact rate."""
    changes = tables(tau, step, stepper, conserving=["charge"])
    run = study.evolution("wave.toml", changes)
    sites, cells = run.mesh.sites[0], run.system.grid.momentum[0].cells
    found = []
    for t in times:
        advance(run, t)
        f = run.transport.occupation().reshape(sites, 2, cells)[:, 0]
        found.append(np.fft.fft(f, axis=0)[1] / sites)
    return found, generator(sites, cells, tau)


def wave_error(study: Study, tau: float, step: float, stepper: str) -> float:
    (start, end), matrix = wave(study, tau, step, stepper)
    return float(np.abs(end - expm(matrix * STOP) @ start).max() / np.abs(start).max())


def damping(tau: float) -> float:
    """The root s of the dispersion relation, by quadrature over the band."""

    def weigh(k: float) -> float:
        f = float(fermi_of_band(np.array(k)))
        return f * (1.0 - f)

    def mean(value) -> float:
        norm = quad(weigh, 0.0, np.pi, epsabs=1e-14)[0]
        return quad(lambda k: weigh(k) * value(k), 0.0, np.pi, epsabs=1e-14)[0] / norm

    diffusion = mean(lambda k: np.sin(k) ** 2) * tau

    def excess(s: float) -> float:
        a = 1.0 + s * tau
        return mean(lambda k: a / (a * a + (np.sin(k) * tau) ** 2)) - 1.0

    return float(brentq(excess, -2.0 * diffusion, -0.2 * diffusion, xtol=1e-17, rtol=1e-12))


def measured_damping(study: Study, tau: float, step: float) -> float:
    """Rate of the charge of the wave between two times long after the start."""
    (_, early, late), _ = wave(study, tau, step, "imex", (0.0, STOP / 2, STOP))
    return float(np.log(np.abs(late.sum() / early.sum())) / (STOP / 2))


# --- what must hold -------------------------------------------------------------------------


def tables_of_errors(study: Study, name: str, error) -> None:
    """Errors of both steppers against Δt for every τ, and their orders."""
    steps = STEPS[:3] if study.quick else STEPS
    times = (100.0, 1.0, 0.01, 1e-4) if study.quick else TIMES
    found = {tau: np.array([error(study, tau, step, "imex") for step in steps]) for tau in times}
    for tau, errors in found.items():
        order, label = orders(errors)[-1], f"{name}, τ = {tau:g}"
        if tau == 1.0:
            study.at_least(f"order of imex, {label}", order, 1.7, "second order")
        elif tau < steps[-1]:
            study.at_least(f"order of imex, {label}", order, 0.8, "error ∝ τΔt")
            worst = float(np.max(errors / (tau * np.array(steps))))
            study.at_most(f"error of imex over τΔt, {label}", worst, 1.0, "τΔt at most")
        else:
            allowed = np.array(steps) ** 3 + np.array(steps) ** 2 / max(tau, 1.0)
            worst = float(np.max(errors / allowed))
            study.at_most(f"error of imex over Δt³ + Δt²/τ, {label}", worst, 1.0, "leading terms")
    worst = np.max(list(found.values()), axis=0)
    study.at_least(f"order of the worst τ, {name}", orders(worst)[-1], 1.7, "second order")
    followed = {}
    for tau in times:
        stable = [step for step in steps if step <= 0.1 * tau]
        if len(stable) < 2:
            continue
        followed[tau] = np.array([error(study, tau, step, "ssprk3") for step in stable])
        order = orders(followed[tau])[-1]
        study.at_least(f"order of ssprk3, {name}, τ = {tau:g}", order, 2.7, "third order")
    study.data[name] = (np.array(steps), found, followed)


def limits(study: Study) -> None:
    """Steady currents that do not know Δt, and diffusion that is right for Δt >> τ."""
    times = (2.0, 1e-3) if study.quick else (5.0, 2.0, 0.5, 0.05, 1e-3, 1e-4)
    for tau in times:
        coarse, exact = steady_current(study, tau, 0.2)
        fine, _ = steady_current(study, tau, 0.05)
        study.compare(f"steady j/j₀, eτ = {tau:g}", coarse, exact, 1e-11, "Esaki, Tsu 1970")
        study.compare(f"the same, Δt/4, eτ = {tau:g}", fine, exact, 1e-11, "Esaki, Tsu 1970")
        study.report(f"x/(1 + x²) on an infinite grid, x = {tau:g}", exact, tau / (1 + tau**2))
    step = 0.05
    for tau in (0.05,) if study.quick else (0.3, 0.05, 0.01, 1e-3, 1e-4):
        exact = float(np.linalg.eigvals(generator(16, 24, tau)).real.max())
        rate = measured_damping(study, tau, step)
        study.compare(
            f"damping of the wave, τ = {tau:g} = {tau / step:g} Δt",
            rate,
            exact,
            step**2,
            "eigenvalue",
            relative=True,
        )
    for tau in () if study.quick else (0.3, 0.05):
        fine = float(np.linalg.eigvals(generator(64, 96, tau)).real.max())
        study.compare(
            f"eigenvalue of 64 × 96 cells against 1 = ⟨…⟩, τ = {tau:g}",
            fine,
            damping(tau),
            (2 * np.pi / 96) ** 2 / 12,
            "dispersion relation",
            relative=True,
        )


def check(study: Study) -> None:
    tables_of_errors(study, "band", band_error)
    tables_of_errors(study, "wave", wave_error)
    limits(study)


def figure(study: Study):
    from matplotlib import colormaps

    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 3.0)
    panels = page.subplots(1, 2, sharey=True)
    names = {"band": "driven band", "wave": "density wave"}
    for axis, (name, title) in zip(panels, names.items(), strict=True):
        steps, found, followed = study.data[name]
        shades = colormaps["viridis"](np.linspace(0.0, 0.9, len(found)))
        for colour, (tau, errors) in zip(shades, found.items(), strict=True):
            power = int(np.round(np.log10(tau)))
            axis.loglog(steps, errors, "o-", color=colour, label=rf"$\tau = 10^{{{power}}}$")
            if tau in followed:
                stable = followed[tau]
                axis.loglog(steps[-len(stable) :], stable, "s:", color=colour)
        guide = np.array([steps[-1], steps[0]])
        axis.loglog(guide, 0.3 * guide**2, "--", color=style.GREY)
        axis.text(guide[1], 0.3 * guide[1] ** 2, r" $\Delta t^2$", color=style.GREY, va="top")
        axis.loglog(guide, 6e-8 * guide / guide[1], "--", color=style.GREY)
        axis.text(guide[1], 6e-8, r" $\Delta t$", color=style.GREY, va="center")
        axis.set(xlabel=r"step $\Delta t$", title=title, xlim=(0.8 * guide[0], 1.4 * guide[1]))
        axis.set_xticks(list(steps), [f"{x:g}" for x in steps])
        axis.set_xticks([], minor=True)
    panels[0].set(ylabel="largest error of $f$ (squares: ssprk3)")
    panels[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="imex")
    return page
