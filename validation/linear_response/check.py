"""σ_ij(ω) of `kinetic response` against closed forms: Drude and Zener, massive Dirac, Středa.

    σ_xx = σ₀ (1 - iωτ)/[(1 - iωτ)² + (ω_cτ)²] ,  σ_xy = σ₀ ω_cτ/[...] ,  σ₀ = nτ/m ,  R_H = 1/n
    σ_xx = τ/4π ∫dε (-f') (ε² - m²)/|ε| ,  σ_xy = ν/2π = ∂ρ/∂b ,  ν = (1/4π)∫d²k (f₊ - f₋) m/E³

References: P. Drude, Ann. Phys. 306, 566 (1900); C. Zener, Proc. R. Soc. A 145, 523 (1934);
Streda, J. Phys. C 15, L717 (1982), at frozen f.  n, the Drude weight and ν of the grid
are found by scipy.

Tolerances.  The parabola makes the equation of the current exact; what is left is the error h⁴ of
n and of the flux: twice the Richardson estimate from the grid with 3/4 of the cells,
|fine - coarse|/((4/3)⁴ - 1), plus the errors that the response states itself.  The cutoff leaves
e^{-(2 - .5)/.12} = 4e-6 of n.  The charge that a ramp of b brings is a sum of cell means of f
times Berry fluxes, O(h²), and judged as such.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import dblquad, quad

from kinetic.response import Response, respond
from kinetic.validating import Study

TITLE = "linear response: Drude and Zener at any frequency, Drude weight, Hall and Středa"
SOURCE = "Drude 1900, Zener 1934"
TAU, CUT = 2.0, 2.0
RICHARDSON = 2.0 / ((4.0 / 3.0) ** 4 - 1.0)
SECOND = 2.0 / ((4.0 / 3.0) ** 2 - 1.0)
TAIL = 1e-5


def measured(study: Study, file: str, cells: int, b: float, what: list[str]) -> Response:
    changes = {f"grid.{axis}": [-CUT, CUT, cells] for axis in ("kx", "ky")}
    tables = study.tables(file, {**changes, "fields": {"B": b}})
    return respond(
        tables, what, np.linspace(0.0, 3.0, 61), samples=60 if study.quick else 120, errors=False
    )


def drude(omega: np.ndarray, turned: float) -> tuple[np.ndarray, np.ndarray]:
    delay = 1.0 - 1j * omega * TAU
    return delay / (delay**2 + turned**2), turned / (delay**2 + turned**2)


def particles() -> float:
    f = lambda k: k / (1.0 + np.exp((0.5 * k * k - 0.5) / 0.12))  # noqa: E731
    return float(quad(f, 0.0, 6.0, epsabs=1e-13)[0] / (2.0 * np.pi))


def weight() -> float:
    def integrand(e: float) -> float:
        slope = 2.5 / np.cosh(5.0 * (e - 0.8)) ** 2
        return float(slope * (e * e - 0.25) / (4.0 * np.pi * abs(e)))

    parts = (quad(integrand, 0.5, 4.0, epsabs=1e-13), quad(integrand, -4.0, -0.5, epsabs=1e-13))
    return float(sum(part[0] for part in parts))


def flux() -> float:
    def integrand(y: float, x: float) -> float:
        e = np.sqrt(x * x + y * y + 0.25)
        upper, lower = (1.0 / (1.0 + np.exp(10.0 * (s * e - 0.8))) for s in (1.0, -1.0))
        return float((upper - lower) * 0.5 / e**3)

    found = dblquad(integrand, 0.0, CUT, 0.0, CUT, epsabs=1e-10)[0]
    return float(4.0 * found / (4.0 * np.pi) / (2.0 * np.pi))


def check(study: Study) -> None:
    n = particles()
    numbers = (24, 32) if study.quick else (27, 36)
    for turned in (1.0,) if study.quick else (0.0, 1.0, 3.0):
        coarse, fine = (
            measured(study, "drude.toml", cells, turned / TAU, []) for cells in numbers
        )
        along, across = drude(fine.omega, turned)
        stated = float(fine.error.max()) / (n * TAU)
        for element, exact in (((0, 0), along), ((0, 1), across)):
            values = [r.conductivity[:, *element] / (n * TAU) for r in (coarse, fine)]
            name = "xx" if element == (0, 0) else "xy"
            if turned == 0.0 and name == "xy":
                continue
            study.compare(
                f"largest error of σ_{name}(ω)/σ₀, ω_cτ = {turned:g}",
                float(np.abs(values[1] - exact).max()),
                0.0,
                RICHARDSON * float(np.abs(values[1] - values[0]).max()) + stated + TAIL,
                SOURCE,
            )
        if turned:
            found = [r.number("hall_coefficient") for r in (coarse, fine)]
            study.compare(
                f"n R_H, ω_cτ = {turned:g}",
                n * found[1].value,
                1.0,
                n * (RICHARDSON * abs(found[1].value - found[0].value) + found[1].error) + TAIL,
                "Drude 1900",
            )
        study.data[f"drude {turned:g}"] = (fine.omega, fine.conductivity / (n * TAU))
    what = [] if study.quick else ["streda"]
    coarse, fine = (measured(study, "dirac.toml", cells, 0.0, what) for cells in numbers)
    rows = [("sigma_xx", "Drude weight, massive Dirac", 1.0 / TAU, weight(), "quadrature")]
    rows += [("sigma_xy", "σ_xy = ν/2π", 1.0, -abs(flux()), "quadrature")]
    if what:
        rows += [("streda", "∂ρ/∂b at frozen f = ν/2π", 1.0, -abs(flux()), "Streda 1982")]
    for name, quantity, factor, exact, source in rows:
        found = [r.number(name) for r in (coarse, fine)]
        share = SECOND if name == "streda" else RICHARDSON
        apart = share * abs(found[1].value - found[0].value) + found[1].error
        study.compare(quantity, factor * found[1].value, exact, factor * apart + TAIL, source)


def figure(study: Study):
    from kinetic.plotting import style

    cases = sorted(study.data)
    page = style.canvas(2 * style.COLUMN, 2.9)
    panels = page.subplots(1, 2, sharex=True)
    for colour, name in zip(style.CYCLE, cases, strict=False):
        omega, sigma = study.data[name]
        turned = float(name.split()[1])
        line = np.linspace(0.0, omega[-1], 400)
        exact = drude(line, turned)
        for axes, element in zip(panels, ((0, 0), (0, 1)), strict=True):
            which = 0 if element == (0, 0) else 1
            if which and not turned:
                continue
            for part, dash, full in ((np.real, "-", True), (np.imag, "--", False)):
                label = rf"$\omega_c\tau$ = {turned:g}" if full else None
                axes.plot(line * TAU, part(exact[which]), dash, color=colour, label=label)
                axes.plot(
                    omega[::3] * TAU,
                    part(sigma[::3, *element]),
                    "o" if full else "s",
                    color=colour,
                    markerfacecolor="white",
                )
    for axes, name in zip(panels, ("xx", "xy"), strict=True):
        axes.axhline(0.0, color=style.GREY, linewidth=0.6, zorder=0)
        axes.set(xlabel=r"$\omega\tau$", ylabel=rf"$\sigma_{{{name}}}/\sigma_0$")
    handles, labels = panels[0].get_legend_handles_labels()
    head = "real (—) and imaginary (– –) part, closed form; points: evolved"
    page.legend(handles, labels, loc="outside lower center", ncols=3, title=head)
    return page
