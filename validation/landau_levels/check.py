"""Landau levels by Onsager quantisation with the program's ε̄_s and D_s.

    ∫₀^{k_n} D_s k dk = (n + s/2) b ,   then ε̄_s(k_n)        exact: ±√(m² + 2nb), graphene √(2nb)

Reference: L. Onsager, Phil. Mag. 43, 1006 (1952); the Berry phase is in D_s, the orbital moment
in ε̄_s. b = .01: graphene .141421, .2; m = .5: .519615, .538516.

Tolerances. Graphene is exact: k² = 2nb, 1e-12 (root and quadrature to rounding). m = .5: the
expansion ends at O(b²); the coefficient, from the next term of the expansion of √(m² + 2nb) in
b m/E⁴ at n = 1, 2, is .6 to .9 (exact levels), so b² is allowed; halving b = .0025 must show
order 2 within .1, the relative size of the next term being 10 b/m² · (1 - 1/2) = .05. The same
on the grid: D_s from the link fluxes of the cells, ε̄_s from the corners. The area in which
ε̄_s < W is summed over sub-cells of a spline of the cumulated flux: with 201² cells and
fourth-order averages the error is that of the radial interpolation, below 1e-6.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from kinetic import bands
from kinetic.geometry import shifted_energies
from kinetic.hamiltonians.planar import MassiveDirac
from kinetic.validating import Study, orders

TITLE = "Landau levels by the area rule"
SOURCE = "Onsager 1952"


def density(model: MassiveDirac, sign: int, k: float, b: float) -> float:
    jet = model.jet(0, [np.array(k), np.array(0.0)], 0.0)
    return 1 + 0.5 * sign * b * float(bands.curvature(jet)[2])


def energy(model: MassiveDirac, sign: int, k: float, b: float) -> float:
    jet = model.jet(0, [np.array(k), np.array(0.0)], 0.0)
    return float(shifted_energies(jet, np.array([0.0, 0.0, b]), 1.0)[int(sign > 0)])


def level(model: MassiveDirac, sign: int, n: int, b: float) -> float:
    """ε̄_s at the radius that holds n + s/2 quanta."""

    def excess(k: float) -> float:
        area = quad(lambda x: density(model, sign, x, b) * x, 0.0, k, epsabs=1e-15, epsrel=1e-13)[
            0
        ]
        return area - (n + 0.5 * sign) * b

    return energy(model, sign, brentq(excess, 1e-3, 2.0, xtol=1e-15, rtol=1e-14), b)


def graphene(n: int, b: float) -> float:
    """The same at m → 0, where half a flux quantum sits at the node: a phase of links."""
    model = MassiveDirac(mass=0.0)
    angle = 2 * np.pi * np.arange(65) / 64

    def excess(k: float) -> float:
        u = bands.spinor(model.values(0, [k * np.cos(angle), k * np.sin(angle)], 0.0)[1])
        u[:, -1] = u[:, 0]
        berry = 2 * np.angle(np.prod(np.sum(np.conj(u[:, :-1]) * u[:, 1:], axis=0))) % (4 * np.pi)
        return 0.5 * k * k + 0.5 * b * berry / (2 * np.pi) - (n + 0.5) * b

    return energy(model, 1, brentq(excess, 1e-3, 2.0, xtol=1e-15, rtol=1e-14), b)


def check(study: Study) -> None:
    b, model = 0.01, MassiveDirac(mass=0.5)
    for n in (1, 2):
        study.compare(f"graphene, n = {n}", graphene(n, b), np.sqrt(2 * n * b), 1e-12, SOURCE)
    for sign in (1, -1):
        for n in (1, 2, 3):
            exact = sign * np.sqrt(0.25 + 2 * n * b)
            value = level(model, sign, n, b)
            study.compare(f"m = .5, n = {n}, s = {sign:+d}", value, exact, b * b, SOURCE)
        errors = [
            level(model, sign, 1, x) - sign * np.sqrt(0.25 + 2 * x) for x in (0.0025, 0.00125)
        ]
        study.compare(f"order in b, s = {sign:+d}", orders(errors)[0], 2.0, 0.1, "O(b²)")
        study.report(
            f"error/b², n = 1, s = {sign:+d}",
            errors[1] / 0.00125**2,
            source="exact levels: .6 to .9",
        )
    from_grid(study, b)
    fields = np.linspace(0.0, 0.05, 11)[1:]
    study.data["fields"] = fields
    study.data["levels"] = {
        (sign, n): [level(model, sign, n, x) for x in fields]
        for sign in (1, -1)
        for n in (1, 2, 3)
    }


def from_grid(study: Study, b: float) -> None:
    """The area rule on the cells of the program's own grid."""
    run = study.evolution("cone.toml")
    grid, d = run.system.grid, run.densities_of_states().reshape(2, *run.system.grid.shape)
    edges = np.asarray(grid.momentum[0].edges)
    cumulated = np.zeros((2, len(edges), len(edges)))
    cumulated[:, 1:, 1:] = np.cumsum(np.cumsum(d * grid.volumes, axis=1), axis=2)
    from scipy.interpolate import RectBivariateSpline

    for sign, n in ((1, 1), (1, 2), (-1, 1)):
        # ∂²/∂k_x∂k_y of the cumulated density of states is D_s: a spline of it keeps the fluxes.
        spline = RectBivariateSpline(edges, edges, cumulated[int(sign > 0)], kx=5, ky=5, s=0)

        def inside(k: float, spline=spline) -> float:
            nodes, weights = np.polynomial.legendre.leggauss(24)
            radius = 0.5 * k * (nodes + 1)
            angle = 2 * np.pi * np.arange(64) / 64
            points = radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)
            mean = spline.ev(*points, dx=1, dy=1).mean(axis=1)
            return float(np.sum(0.5 * k * weights * radius * mean))

        root = brentq(lambda k, n=n, sign=sign: inside(k) - (n + 0.5 * sign) * b, 0.02, 0.7)
        value = energy(MassiveDirac(mass=0.5), sign, root, b)
        exact = level(MassiveDirac(mass=0.5), sign, n, b)
        study.compare(f"grid fluxes, n = {n}, s = {sign:+d}", value, exact, 1e-6, "own continuum")


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(style.COLUMN, 2.7)
    axis = page.subplots()
    line = np.linspace(0, 0.05, 200)
    axis.axhline(0.5, color=style.GREY, linewidth=0.8)
    for (sign, n), values in study.data["levels"].items():
        if sign < 0:
            continue
        axis.plot(line, np.sqrt(0.25 + 2 * n * line), color=style.CYCLE[n - 1])
        axis.plot(
            study.data["fields"],
            values,
            "o",
            color=style.CYCLE[n - 1],
            markerfacecolor="white",
            label=rf"$n = {n}$",
        )
    axis.set(xlabel=r"$b$", ylabel=r"energy $\bar\varepsilon_+(k_n)$", xlim=(0, 0.052))
    axis.legend(title=r"lines: $\sqrt{m^2 + 2nb}$")
    return page
