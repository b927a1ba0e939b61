"""Relaxation with one τ straight into the state, and local equilibria by their Taylor series.

    C = (f_local - f)/τ ,     f_local = F(x) + h ,    F = 1/(1 + eˣ) ,    x = (ε̄ - μ)/T

f is as the fluxes see it: padded, and without the equilibrium where that is split off; h is what
belongs to the bath besides.  As long as x stays near x₀ of some μ₀ and T₀,

    x = x₀ + b x₀ - a :     Σ w F(x) x₀ᵐ = Σ_n 1/n! Σ_w F⁽ⁿ⁾(x₀) (b x₀ - a)ⁿ x₀ᵐ ,

so that μ and T follow from sums that are made once.  Rows are those of C, a task is a number of
rows of one patch, so that no sum depends on the number of workers.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.exponential import decay
from kinetic.kernels.points import choose, compiled, released, separate

# fmt: off

size = np.uintp
ORDER = 8
SUMS = (ORDER + 1) * (ORDER + 4) // 2  # n = 0 ... ORDER, m = 0 ... n + 1
REACH, STRETCH = 0.06, 0.004  # |a| and |b| up to which the series is right to rounding
STILL, GIVEN, BESIDE = 0, 1, 2
TINY, ROUNDING = 1e-300, 1e-15


def _derivatives():
    """Coefficients of F⁽ⁿ⁾/n! as polynomials in F, by F' = -F(1 - F).  (n, power)"""
    table = np.zeros((ORDER + 1, ORDER + 2))
    row = np.polynomial.Polynomial([0.0, 1.0])
    for n in range(ORDER + 1):
        table[n, : len(row.coef)] = row.coef
        row = row.deriv() * np.polynomial.Polynomial([0.0, -1.0, 1.0]) / (n + 1.0)
    return table


DERIVATIVES = _derivatives()


@separate
def fermi_row(f, x, energy, mu, beta):
    """F and x."""
    for k in range(size(energy.size)):
        y = (energy[k] - mu) * beta
        q = decay(y)
        x[k] = y
        f[k] = choose(y > 0.0, q, 1.0) / (1.0 + q)


@separate
def derivative_row(out, f, weight, coefficients):
    """w F⁽ⁿ⁾/n! from its coefficients."""
    last = size(coefficients.size - 1)
    for k in range(size(f.size)):
        value = coefficients[last]
        for n in range(1, coefficients.size):
            value = value * f[k] + coefficients[last - size(n)]
        out[k] = weight[k] * value


@separate
def raise_row(out, x):
    """Σ out, and out ← out x."""
    found = 0.0
    for k in range(size(x.size)):
        found += out[k]
        out[k] *= x[k]
    return found


@separate
def leaves(f, x, offset):
    """How many cells F + offset may leave [0, 1] in while the series is used."""
    found = 0
    for k in range(size(f.size)):
        change = REACH + STRETCH * abs(x[k])
        shrunk = 1.0 / (1.0 + change + change * change)
        low, high = f[k] * shrunk + offset[k], (1.0 - f[k]) * shrunk - offset[k]
        found += int(low < -ROUNDING) + int(high < -ROUNDING)
    return found


@released
def series(worker, workers, sums, energy, weight, offset, about, wanted, length, scratch):
    """K_nm = Σ w F⁽ⁿ⁾ xᵐ/n! for the groups that are wanted.  sums (patch, piece, SUMS + 1)

    They stand at n (n + 3)/2 + m; the last number is that of `leaves`.  energy, weight
    (valley·site·band, cell); about (group, 2): μ and T.
    """
    patches, pieces, _ = sums.shape
    cells, groups = energy.shape[1], len(wanted)
    f, x, values = scratch[worker, 0], scratch[worker, 1], scratch[worker, 2]
    for task in range(worker, patches * pieces, workers):
        patch, piece = task // pieces, task % pieces
        group = patch % groups
        if not wanted[group]:
            continue
        a, b = piece * length, min((piece + 1) * length, cells)
        found = sums[patch, piece]
        found[:] = 0.0
        for band in range(2 * patch, 2 * patch + 2):
            e, w = energy[band, a:b], weight[band, a:b]
            fermi_row(f[: b - a], x[: b - a], e, about[group, 0], 1.0 / about[group, 1])
            for n in range(ORDER + 1):
                derivative_row(values[: b - a], f[: b - a], w, DERIVATIVES[n])
                for m in range(n + 2):
                    found[n * (n + 3) // 2 + m] += raise_row(values[: b - a], x[: b - a])
            if len(offset) > 1:
                found[SUMS] += leaves(f[: b - a], x[: b - a], offset[band, a:b])


@compiled
def expanded(k, a, b, shift):
    """Σ_n Σ_m C(n, m) bᵐ (-a)ⁿ⁻ᵐ K_{n, m + shift}, and its slopes along a and b."""
    value, by_a, by_b = 0.0, 0.0, 0.0
    for n in range(ORDER + 1):
        share = 1.0  # C(n, m)
        for m in range(n + 1):
            held = share * k[n * (n + 3) // 2 + m + shift]
            value += held * b**m * (-a) ** (n - m)
            if m < n:
                by_a -= held * (n - m) * b**m * (-a) ** (n - m - 1)
            if m > 0:
                by_b += held * m * b ** (m - 1) * (-a) ** (n - m)
            share *= (n - m) / (m + 1.0)
    return value, by_a, by_b


@compiled
def follow(k, content, about, heats, found, lost):
    """μ and T with which Σ w F = N and Σ w F ε = E, by Newton's method on the series.

    k (group, SUMS); content (group, 2): N and E; about, found (group, 2); lost (group,): whether
    they are too far from `about` for the series.  Returns how many are.
    """
    count = 0
    for g in range(len(lost)):
        mu, beta = about[g, 0], 1.0 / about[g, 1]
        charge = content[g, 0]
        heat = (content[g, 1] - mu * charge) * beta
        a, b, change = 0.0, 0.0, 1.0
        for _ in range(20):
            n, n_a, n_b = expanded(k[g], a, b, 0)
            if heats:
                e, e_a, e_b = expanded(k[g], a, b, 1)
                determinant = n_a * e_b - n_b * e_a
                r, s = charge - n, heat - e
                da, db = (r * e_b - s * n_b) / determinant, (s * n_a - r * e_a) / determinant
            else:
                da, db = (charge - n) / n_a, 0.0
            a, b, change = a + da, b + db, max(abs(da), abs(db))
            if not change > 1e-15 or not max(abs(a), abs(b)) < 1.0:
                break
        lost[g] = not (abs(a) <= REACH and abs(b) <= STRETCH and change <= 1e-8)
        count += int(lost[g])
        found[g, 0] = mu + a / (beta * (1.0 + b))
        found[g, 1] = 1.0 / (beta * (1.0 + b))
    return count


@separate
def held_row(f, d, volume, half):
    """Σ w f."""
    found = 0.0
    for k in range(size(f.size)):
        found += (1.0 + half * d[k]) * volume[k] * f[k]
    return found


@separate
def held_heat_row(f, energy, d, volume, half):
    """Σ w f and Σ w ε f."""
    found, heat = 0.0, 0.0
    for k in range(size(f.size)):
        value = (1.0 + half * d[k]) * volume[k] * f[k]
        found += value
        heat += value * energy[k]
    return found, heat


@released
def holdings(worker, workers, sums, f, energy, dressing, volumes, dresses, heats, ghosts, rows):
    """Σ w f and Σ w ε f of padded f, for every task.  sums (patch, task, 2)

    energy (valley·site·band, A, B, C), dressing (valley·site, A, B, C), volumes (A or 1, B or 1,
    C); rows: those of a task.
    """
    patches, tasks, _ = sums.shape
    _, na, nb, nc = energy.shape
    half = 0.5 * dresses
    for task in range(worker, patches * tasks, workers):
        patch, part = task // tasks, task % tasks
        charge, heat = 0.0, 0.0
        for row in range(part * rows, min((part + 1) * rows, na * nb)):
            i, j = row // nb, row % nb
            d, volume = dressing[patch, i, j], volumes[i % len(volumes), j % volumes.shape[1]]
            for side in range(2):
                band = 2 * patch + side
                own = f[band, i + ghosts[0], j + ghosts[1], ghosts[2] : ghosts[2] + nc]
                factor = half * (2 * side - 1)
                if heats:
                    n, e = held_heat_row(own, energy[band, i, j], d, volume, factor)
                    charge += n
                    heat += e
                else:
                    charge += held_row(own, d, volume, factor)
        sums[patch, part, 0], sums[patch, part, 1] = charge, heat


@separate
def still_row(low, high, f, g, d, volume, rate, maps):
    """Add D C/τ with C = -f to both bands; returns the charge that it brings."""
    own, other, dressed = maps
    found = 0.0
    for k in range(size(low.size)):
        lower, upper = -rate * f[k], -rate * g[k]
        apart = d[k] * (upper - lower)
        found += volume[k] * (lower + upper + dressed * apart)
        low[k] += lower - own * d[k] * lower + other * apart
        high[k] += upper + own * d[k] * upper + other * apart
    return found


@separate
def given_row(low, high, f, g, aim, aim_high, d, volume, rate, maps):
    """The same with C = aim - f."""
    own, other, dressed = maps
    found = 0.0
    for k in range(size(low.size)):
        lower, upper = rate * (aim[k] - f[k]), rate * (aim_high[k] - g[k])
        apart = d[k] * (upper - lower)
        found += volume[k] * (lower + upper + dressed * apart)
        low[k] += lower - own * d[k] * lower + other * apart
        high[k] += upper + own * d[k] * upper + other * apart
    return found


@separate
def beside_row(aim, energy, mu, beta, h):
    """F + h."""
    for k in range(size(aim.size)):
        x = (energy[k] - mu) * beta
        q = decay(x)
        aim[k] = choose(x > 0.0, q, 1.0) / (1.0 + q) + h[k]


@separate
def thermal_row(low, high, f, g, energy, energy_high, h, h_high, mu, beta, d, volume, rate, maps):
    """The same with F + h."""
    own, other, dressed = maps
    found = 0.0
    for k in range(size(low.size)):
        x, y = (energy[k] - mu) * beta, (energy_high[k] - mu) * beta
        p, q = decay(x), decay(y)
        aim = choose(x > 0.0, p, 1.0) / (1.0 + p) + h[k]
        aim_high = choose(y > 0.0, q, 1.0) / (1.0 + q) + h_high[k]
        lower, upper = rate * (aim - f[k]), rate * (aim_high - g[k])
        apart = d[k] * (upper - lower)
        found += volume[k] * (lower + upper + dressed * apart)
        low[k] += lower - own * d[k] * lower + other * apart
        high[k] += upper + own * d[k] * upper + other * apart
    return found


@released
def restore(worker, workers, sums, u, f, energy, h, dressing, volumes, local, rate, kind,
            maps, ghosts, rows):
    """u += D C/τ with C = h - f of padded f, and F besides; sums (patch, task): its charge.

    energy, h (valley·site·band, cell).

    kind: STILL (h = 0), GIVEN (no F) or BESIDE; local (patch, 7): μ and T first; maps: of C to u,
    see `still_row`.
    """
    patches, tasks = sums.shape
    _, na, nb, nc = u.shape
    for task in range(worker, patches * tasks, workers):
        patch, part = task // tasks, task % tasks
        low, high = 2 * patch, 2 * patch + 1
        mu, beta = local[patch, 0], 1.0 / max(local[patch, 1], TINY)
        charge = 0.0
        for row in range(part * rows, min((part + 1) * rows, na * nb)):
            i, j = row // nb, row % nb
            a, b, c = i + ghosts[0], j + ghosts[1], ghosts[2]
            own, other = f[low, a, b, c : c + nc], f[high, a, b, c : c + nc]
            d, volume = dressing[patch, i, j], volumes[i % len(volumes), j % volumes.shape[1]]
            lower, upper = u[low, i, j], u[high, i, j]
            if kind == STILL:
                charge += still_row(lower, upper, own, other, d, volume, rate, maps)
                continue
            k = row * nc
            h0, h1 = h[low, k : k + nc], h[high, k : k + nc]
            if kind == GIVEN:
                charge += given_row(lower, upper, own, other, h0, h1, d, volume, rate, maps)
                continue
            e0, e1 = energy[low, k : k + nc], energy[high, k : k + nc]
            charge += thermal_row(lower, upper, own, other, e0, e1, h0, h1, mu, beta, d, volume,
                                  rate, maps)
        sums[patch, part] = charge


@separate
def lead_row(out, f, rate):
    """rate (out - f) into out."""
    for k in range(size(out.size)):
        out[k] = rate * (out[k] - f[k])


@released
def differences(worker, workers, out, f, energy, h, local, rate, kind, ghosts):
    """rate (f_local - f) of padded f, as in `restore`.  out (valley·site·band, A, B, C)"""
    bands, na, nb, nc = out.shape
    for task in range(worker, bands * na, workers):
        band, i = task // na, task % na
        mu, beta = local[band // 2, 0], 1.0 / max(local[band // 2, 1], TINY)
        for j in range(nb):
            row = out[band, i, j]
            if kind == STILL:
                row[:] = 0.0
            elif kind == GIVEN:
                row[:] = h[band, i, j]
            else:
                beside_row(row, energy[band, i, j], mu, beta, h[band, i, j])
            a, b, c = i + ghosts[0], j + ghosts[1], ghosts[2]
            lead_row(row, f[band, a, b, c : c + nc], rate)
