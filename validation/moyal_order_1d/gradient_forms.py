"""Every form of the band-projected equation on a torus, term by term, by Fourier derivatives.

    ∂_tn_s + ∂^iε_s ∂_in_s + [−¼∂^j(ΔF) + q_s w_s^j] ∂_jn_s + ¼F ∂^iΔ ∂_in_−s
           − ¼n_z(∂_t + ∂^iε_s ∂_i)F = 0 ,      w_s^j = F_t^j − F^ij ∂_iε_s ,  q_s = −sħ/2

Wong and Tserkovnyak, Eq. (21) with its sign put right, its equivalents and what is left of it
without one term.  Lab frame, H = d₀ + d·σ with texts d₀, d in r, k, t; nothing is taken from the
program but the formulas: sympy reads them, derivatives along r and k are taken of m, Δ and ε on
the grid by its Fourier matrix, time steps are those of Runge and Kutta.  ħ may have either sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

Array = np.ndarray
BANDS = (-1, 1)
FULL = {"berry": 1.0, "shift": 1.0, "curved": 1.0, "interband": 1.0, "vertical": 1.0}
# Factors of the terms of (21): −¼∂(ΔF), q_s w_s, ¼F ∂Δ ∂n_−s, −¼n_z(∂_t + ∂ε_s ∂)F.
ADVECTIVE = {
    "corrected (21)": {},
    "printed sign of (21)": {"interband": -1.0},
    "interband term dropped": {"interband": 0.0},
    "n_z term dropped": {"vertical": 0.0},
    "energy shift dropped": {"shift": 0.0},
    "anomalous velocity dropped": {"curved": 0.0},
    "anomalous velocity, F_rk alone": {"curved": "diagonal"},
    "wave packet, advective": {"interband": 0.0, "vertical": 0.0},
    "no Berry terms": {"shift": 0.0, "curved": 0.0, "interband": 0.0, "vertical": 0.0},
}
FORMS = (
    *ADVECTIVE,
    "wave packet, conservative",
    "exchange form (b)",
    "exchange form (b′)",
    "g_s and the map",
    "f_s and the map",
)


class Torus:
    """A periodic grid of n points per axis, at cell centres, axes (r..., k...).

    Parameters
    ----------
    pairs
        Number of (r, k) pairs.
    points
        Points per axis.
    lower
        Lower ends of r and of k; the periods are 2π.
    """

    def __init__(
        self, pairs: int, points: int, lower: tuple[float, float] = (0.0, -np.pi)
    ) -> None:
        self.pairs, self.points = pairs, points
        line = 2 * np.pi * (np.arange(points) + 0.5) / points
        place = np.arange(2 * pairs)
        shape = np.where(place[:, None] == place, points, 1)
        self.coordinates = [
            (line + lower[i >= pairs]).reshape(tuple(shape[i])) for i in range(2 * pairs)
        ]
        waves = np.fft.fftfreq(points, 1.0 / points)
        if points % 2 == 0:
            waves[points // 2] = 0.0
        modes = np.fft.fft(np.eye(points), axis=0)
        self.derivative = np.fft.ifft(1j * waves[:, None] * modes, axis=0).real

    def slope(self, f: Array, i: int) -> Array:
        """∂_if along coordinate i, counted (r..., k...); leading axes are carried along."""
        inner = self.points ** (2 * self.pairs - 1 - i)
        return (self.derivative @ f.reshape(-1, self.points, inner)).reshape(f.shape)

    def gradient(self, f: Array) -> Array:
        """All slopes.  (2 pairs, ...)"""
        return np.stack([self.slope(f, i) for i in range(2 * self.pairs)])

    def raised(self, lower: Array) -> Array:
        """∂^r = ∂_k, ∂^k = −∂_r of a stack over the coordinates."""
        return np.concatenate([lower[self.pairs :], -lower[: self.pairs]])


class Texture:
    """H = d₀ + d·σ from texts: values and rates at the points of a torus.

    Parameters
    ----------
    torus
        Where.
    d0, d
        Formulas in x, y, kx, ky, t.
    """

    def __init__(self, torus: Torus, d0: str, d: Sequence[str]) -> None:
        self.torus = torus
        n = torus.pairs
        names = ["x", "y"][:n] + ["kx", "ky"][:n] + ["t"]
        symbols = sympy.symbols(names, real=True)
        table = dict(zip(names, symbols, strict=True))
        entries = [sympy.sympify(text, table) for text in (d0, *d)]
        rates = [entry.diff(symbols[-1]) for entry in entries]
        self.moves = any(symbols[-1] in entry.free_symbols for entry in entries)
        self._values = sympy.lambdify(symbols, entries, ["scipy", "numpy"], cse=True)
        self._rates = sympy.lambdify(symbols, rates, ["scipy", "numpy"], cse=True)
        self.shape = (torus.points,) * (2 * n)

    def values(self, t: float, shift: Sequence[Any] | None = None) -> Array:
        """(d₀, d) at the points, or at other coordinates.  (4, *points)"""
        where = self.torus.coordinates if shift is None else shift
        return self._filled(self._values(*where, t), np.broadcast_shapes(*map(np.shape, where)))

    def rates(self, t: float) -> Array:
        """∂_t(d₀, d)."""
        return self._filled(self._rates(*self.torus.coordinates, t), self.shape)

    @staticmethod
    def _filled(entries: Sequence[Any], shape: tuple[int, ...]) -> Array:
        return np.stack([np.broadcast_to(np.asarray(e, dtype=float), shape) for e in entries])


class Geometry:
    """What the equation needs of H at an instant: ε_s, Δ, m, F, w_s and their derivatives.

    Parameters
    ----------
    texture
        H.
    t
        When.
    hbar
        ħ, of either sign.
    """

    def __init__(self, texture: Texture, t: float, hbar: float) -> None:
        torus = self.torus = texture.torus
        self.hbar = hbar
        values = texture.values(t)
        d0, d = values[0], values[1:]
        rate = texture.rates(t)[1:]
        length = np.sqrt((d * d).sum(axis=0))
        self.m, self.delta = d / length, 2 * length
        self.m_rate = (rate - self.m * (self.m * rate).sum(axis=0)) / length
        self.m_slopes = torus.gradient(self.m)
        self.energy = np.stack([d0 + s * length for s in BANDS])
        self.slopes = np.moveaxis(torus.gradient(self.energy), 0, 1)  # (band, coordinate, ...)
        self.delta_slopes = torus.gradient(self.delta)
        n = torus.pairs
        self.F = hbar * sum(self.curvature(i, n + i) for i in range(n))
        self.F_slopes = torus.gradient(self.F)
        rates = torus.gradient(self.m_rate)
        self.F_rate = hbar * sum(
            triple(self.m_rate, self.m_slopes[i], self.m_slopes[n + i])
            + triple(self.m, rates[i], self.m_slopes[n + i])
            + triple(self.m, self.m_slopes[i], rates[n + i])
            for i in range(n)
        )
        self.shift = torus.raised(torus.gradient(self.delta * self.F))  # ∂^j(ΔF)

    def curvature(self, i: int, j: int) -> Array:
        """F_ij = m·(∂_im × ∂_jm)."""
        return triple(self.m, self.m_slopes[i], self.m_slopes[j])

    def anomalous(self, band: int, diagonal: bool = False) -> Array:
        """w_s^j = F_t^j − F^ij ∂_iε_s; `diagonal`: of F_ij those of one pair only.  (j, ...)"""
        torus = self.torus
        n = torus.pairs
        found = []
        lifted = torus.raised(self.slopes[band])  # ∂^jε_s
        for j in range(2 * n):
            partner, sign = (j + n, 1) if j < n else (j - n, -1)
            total = sign * triple(self.m, self.m_rate, self.m_slopes[partner])  # F_t^j
            for k in range(2 * n):
                # −F^ij ∂_iε = −J^ik J^jl F_kl ∂_iε = +J^jl F_kl ∂^kε
                if k != partner and (not diagonal or k % n == partner % n):
                    total = total + sign * self.curvature(k, partner) * lifted[k]
            found.append(total)
        return np.stack(found)


def triple(a: Array, b: Array, c: Array) -> Array:
    """a·(b × c)."""
    return np.asarray((a * np.cross(b, c, axis=0)).sum(axis=0))


def along(velocity: Array, slopes: Array) -> Array:
    """v^j ∂_jf."""
    return np.asarray((velocity * slopes).sum(axis=0))


class Equation:
    """The rate of one form at given geometry; the unknown is what the form evolves.

    Parameters
    ----------
    form
        One of `FORMS`.
    geometry
        The texture at the instant.
    """

    def __init__(self, form: str, geometry: Geometry) -> None:
        self.form, self.g = form, geometry
        torus, hbar = geometry.torus, geometry.hbar
        terms: dict[str, Any] = {**FULL, **ADVECTIVE.get(form, {})}
        diagonal = terms["curved"] == "diagonal"
        part = 1.0 if diagonal else float(terms["curved"])
        self.terms = terms
        group = torus.raised(np.moveaxis(geometry.slopes, 1, 0))  # (j, band, ...)
        self.group = np.moveaxis(group, 1, 0)
        self.spread = torus.raised(geometry.delta_slopes)  # ∂^jΔ
        self.velocity = np.stack(
            [
                self.group[b]
                - 0.25 * terms["shift"] * geometry.shift
                - 0.5 * s * hbar * part * geometry.anomalous(b, diagonal)
                for b, s in enumerate(BANDS)
            ]
        )
        self.current = self.velocity + 0.25 * geometry.F * self.spread  # U_s

    def rate(self, u: Array) -> Array:
        """∂_tu.  (band, ...)"""
        if self.form in ADVECTIVE:
            return self._advective(u)
        if self.form in ("wave packet, conservative", "g_s and the map"):
            return np.stack([-self._divergence(u[b] * self.velocity[b]) for b in (0, 1)])
        if self.form == "f_s and the map":
            slopes = self.g.torus.gradient(u)
            return np.stack([-along(self.velocity[b], slopes[:, b]) for b in (0, 1)])
        return self._exchange(u, balanced=self.form.endswith("(b′)"))

    def _divergence(self, flux: Array) -> Array:
        return np.asarray(sum(self.g.torus.slope(flux[j], j) for j in range(len(flux))))

    def _advective(self, n: Array) -> Array:
        g, terms = self.g, self.terms
        slopes = g.torus.gradient(n)
        nz = n[1] - n[0]
        found = []
        for b in (0, 1):
            total = along(self.velocity[b], slopes[:, b])
            if terms["interband"]:
                crossing = 0.25 * g.F * along(self.spread, slopes[:, 1 - b])
                total = total + terms["interband"] * crossing
            if terms["vertical"]:
                total = total - 0.25 * nz * (g.F_rate + along(self.group[b], g.F_slopes))
            found.append(-total)
        return np.stack(found)

    def _exchange(self, n: Array, balanced: bool) -> Array:
        g = self.g
        both, nz = n.sum(axis=0), n[1] - n[0]
        mean = 0.5 * (self.group[0] + self.group[1])
        source = 0.25 * both * (g.F_rate + along(mean, g.F_slopes))
        crossing = 0.125 * nz * along(self.spread, g.F_slopes)
        found = []
        if balanced:
            source = source + crossing
            flux = [n[b] * self.velocity[b] + 0.25 * g.F * n[1 - b] * self.spread for b in (0, 1)]
        else:
            change = along(self.spread, g.torus.gradient(nz))
            source = source - 0.25 * g.F * change - crossing
            flux = [n[b] * self.current[b] for b in (0, 1)]
        for b, s in enumerate(BANDS):
            found.append(-self._divergence(flux[b]) - s * source)
        return np.stack(found)


def evolved(form: str, n: Array, F: Array) -> Array:
    """From n_s to what a form evolves: g_s = n_s + ¼sFn, f_s = n_s − ¼Fn_z, or n_s."""
    if form == "g_s and the map":
        total = n.sum(axis=0)
        return np.stack([n[b] + 0.25 * s * F * total for b, s in enumerate(BANDS)])
    if form == "f_s and the map":
        return n - 0.25 * F * (n[1] - n[0])
    return n


def projected(form: str, u: Array, F: Array) -> Array:
    """From what a form evolves to n_s: n_s = g_s − ¼sFg, n_s = f_s + ¼F(f_+ − f_-)."""
    if form == "g_s and the map":
        total = u.sum(axis=0)
        return np.stack([u[b] - 0.25 * s * F * total for b, s in enumerate(BANDS)])
    if form == "f_s and the map":
        return u + 0.25 * F * (u[1] - u[0])
    return u


def integrate(
    texture: Texture,
    n: Array,
    hbar: float,
    stop: float,
    steps: int,
    forms: Sequence[str] = FORMS,
    start: float = 0.0,
) -> dict[str, Array]:
    """n_s at `stop` by every form, from n_s at `start`; classical Runge-Kutta steps."""
    first = Geometry(texture, start, hbar)
    state = {form: evolved(form, n, first.F) for form in forms}
    step = (stop - start) / steps
    kept: dict[float, dict[str, Equation]] = {}

    def at(t: float) -> dict[str, Equation]:
        key = t if texture.moves else start
        if key not in kept:
            while len(kept) > 2:
                kept.pop(next(iter(kept)))
            geometry = Geometry(texture, key, hbar)
            kept[key] = {form: Equation(form, geometry) for form in forms}
        return kept[key]

    for i in range(steps):
        t = start + i * step
        begin, middle, end = at(t), at(t + 0.5 * step), at(start + (i + 1) * step)
        for form in forms:
            u = state[form]
            a = begin[form].rate(u)
            b = middle[form].rate(u + 0.5 * step * a)
            c = middle[form].rate(u + 0.5 * step * b)
            d = end[form].rate(u + step * c)
            state[form] = u + step / 6 * (a + 2 * b + 2 * c + d)
    last = Geometry(texture, stop, hbar)
    return {form: projected(form, state[form], last.F) for form in forms}


def coherence(geometry: Geometry, n: Array) -> Array:
    """n_⊥ = ½ħ(n_z/Δ ∂_iε − ∂_in) m × ∂^im − ħ n_z/Δ m × ∂_tm, Eq. (20).  (3, ...)"""
    g = geometry
    nz, whole = n[1] - n[0], n.sum(axis=0)
    slopes = g.torus.gradient(whole)
    lifted = g.torus.raised(g.m_slopes)
    energy = g.slopes.sum(axis=0)
    total = -g.hbar * nz / g.delta * np.cross(g.m, g.m_rate, axis=0)
    for i in range(len(slopes)):
        weight = 0.5 * g.hbar * (nz / g.delta * energy[i] - slopes[i])
        total = total + weight * np.cross(g.m, lifted[i], axis=0)
    return np.asarray(total)


def local_current(geometry: Geometry, n: Array, curl: float = 1.0, berry: float = 1.0) -> Array:
    """Σ_s∫dk n_s U_{r,s} + ∂_{r_l}∫dk ¼Δ n ħF_{k_ak_l}, per (2π)^d: Eq. (30) and its curl.

    `berry` = 0: the group velocity alone.  (a, *r)
    """
    torus, pairs = geometry.torus, geometry.torus.pairs
    equation = Equation("corrected (21)" if berry else "no Berry terms", geometry)
    velocity = equation.current if berry else equation.group
    over = tuple(range(-pairs, 0))
    cell = points_measure(torus)
    found = []
    for a in range(pairs):
        total = (n[0] * velocity[0][a] + n[1] * velocity[1][a]).sum(axis=over) * cell
        if curl and berry:
            for l in range(pairs):
                moment = 0.25 * geometry.delta * n.sum(axis=0) * geometry.hbar
                moment = moment * geometry.curvature(pairs + a, pairs + l)
                total = total + curl * torus.slope(moment, l).sum(axis=over) * cell
        found.append(total)
    return np.stack(found)


def points_measure(torus: Torus) -> float:
    """d^dk/(2π)^d of a point."""
    return float(torus.points**-torus.pairs)


def root_mean_square(apart: Array) -> float:
    """√⟨δ²⟩ over bands and points."""
    return float(np.sqrt(np.mean(apart * apart)))
