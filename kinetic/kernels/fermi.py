"""Fermi functions nearest to a state: charge and energy by Newton steps, and what is left.

    f = 1/(1 + e^x) ,   x = β y - η ,   y = ε - E₀

In η and β the equations for charge and energy are those of the minimum of a convex function.
"""

from __future__ import annotations

import numpy as np

from kinetic.kernels.exponential import decay
from kinetic.kernels.points import choose, compiled, released, separate

# fmt: off

size = np.uintp
LOOKS = 60


@separate
def content_row(energy, weight, f, offset):
    """Σ w g, Σ w ε g, Σ w and Σ w|ε| of g = f - offset."""
    charge, heat, states, scale = 0.0, 0.0, 0.0, 0.0
    for k in range(size(f.size)):
        w, e, g = weight[k], energy[k], f[k] - offset[k]
        charge += w * g
        heat += w * e * g
        states += w
        scale += w * abs(e)
    return charge, heat, states, scale


@separate
def fermi_row(energy, mean, weight, eta, beta):
    """Σ w f, Σ w ȳ f and Σ w s, Σ w s y, Σ w s ȳ, Σ w s y ȳ with s = f(1 - f)."""
    charge, heat, s00, s01, s10, s11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(size(energy.size)):
        y, z = energy[k], mean[k]
        x = y * beta - eta
        q = decay(x)
        d = 1.0 / (1.0 + q)
        f = weight[k] * d * choose(x > 0.0, q, 1.0)
        s = weight[k] * q * d * d
        charge += f
        heat += z * f
        s00 += s
        s01 += s * y
        s10 += s * z
        s11 += s * y * z
    return charge, heat, s00, s01, s10, s11


@compiled
def sums_of(energy, mean, weight, row, last, eta, beta):
    """`fermi_row` over some rows."""
    a, b, c, d, e, g = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for r in range(row, last):
        found = fermi_row(energy[r], mean[r], weight[r], eta, beta)
        a, b, c = a + found[0], b + found[1], c + found[2]
        d, e, g = d + found[3], e + found[4], g + found[5]
    return a, b, c, d, e, g


@compiled
def search(start, charge, heat, states, scale, energy, mean, weight, row, last):
    """μ and T of the Fermi function with that charge and energy; T = -1 where none is found."""
    mu, temperature = start
    eta, beta = mu / temperature, 1.0 / temperature
    tiny = 1e-300
    found = sums_of(energy, mean, weight, row, last, eta, beta)
    r0, r1 = found[0] - charge, found[1] - heat
    missed = abs(r0) / states + abs(r1) / scale
    for _ in range(LOOKS):
        if not np.isfinite(missed):
            break
        det = found[2] * found[5] - found[3] * found[4]
        if not det > 1e-13 * found[2] * found[5] + tiny:
            break
        a = (-r0 * found[5] + r1 * found[3]) / det
        b = (-r0 * found[4] + r1 * found[2]) / det
        part = 1.0
        if abs(b) > 0.5 * beta:
            part = 0.5 * beta / abs(b)
        small = abs(b) < 1e-7 * beta and abs(a) < 1e-7 * (1.0 + abs(eta))
        for _ in range(30):
            found = sums_of(energy, mean, weight, row, last, eta + part * a, beta + part * b)
            r0, r1 = found[0] - charge, found[1] - heat
            left = abs(r0) / states + abs(r1) / scale
            if left < missed or left < 1e-14 or small:
                break
            part *= 0.5
        eta, beta, missed = eta + part * a, beta + part * b, left
        if small:
            return eta / beta, 1.0 / beta
    return 0.0, -1.0


@released
def nearest_fermi(worker, workers, local, start, f, offset, energy, mean, weight, groups):
    """μ and T of every group at every site.  local (site, group, 2), start likewise

    f (valley·site·band, cell); offset the same or one row; energy, mean, weight (pattern,
    valley·band, cell).
    """
    sites = len(local)
    patterns, rows, _ = energy.shape
    for task in range(worker, sites * groups, workers):
        site, group = task // groups, task % groups
        p = site if patterns > 1 else 0
        row, last = (0, rows) if groups == 1 else (2 * group, 2 * group + 2)
        charge, heat, states, scale = 0.0, 0.0, 0.0, 1e-300
        for r in range(row, last):
            here = 2 * (r // 2 * sites + site) + r % 2
            o = offset[here if len(offset) > 1 else 0]
            found = content_row(mean[p, r], weight[p, r], f[here], o)
            charge, heat = charge + found[0], heat + found[1]
            states, scale = states + found[2], scale + found[3]
        mu, temperature = search((start[site, group, 0], start[site, group, 1]), charge, heat,
                                 states, scale, energy[p], mean[p], weight[p], row, last)
        local[site, group, 0], local[site, group, 1] = mu, temperature


@separate
def fermi_values(out, energy, mu, beta):
    """f_FD."""
    for k in range(size(out.size)):
        x = (energy[k] - mu) * beta
        out[k] = choose(x > 0.0, decay(x), 1.0) / (1.0 + decay(x))


@released
def deviate(worker, workers, out, f, offset, local, energy, glued):
    """out = f - f_FD - offset, the mean of both bands where they are `glued`.

    local (site, group, 2): where T < 0 nothing is subtracted.  glued (pattern, valley, cell).
    """
    sites, groups, _ = local.shape
    patterns, rows, cells = energy.shape
    valleys = rows // 2
    for task in range(worker, sites * valleys, workers):
        site, valley = task // valleys, task % valleys
        p = site if patterns > 1 else 0
        group = valley if groups > 1 else 0
        low = 2 * (valley * sites + site)
        mu, temperature = local[site, group]
        for band in range(2):
            to, own = out[low + band], f[low + band]
            if temperature < 0.0:
                to[:] = own
                continue
            fermi_values(to, energy[p, 2 * valley + band], mu, 1.0 / max(temperature, 1e-300))
            o = offset[low + band if len(offset) > 1 else 0]
            for k in range(cells):
                to[k] = own[k] - to[k] - o[k]
        for k in range(cells):
            if glued[p, valley, k]:
                mean = 0.5 * (out[low, k] + out[low + 1, k])
                out[low, k] = mean
                out[low + 1, k] = mean
