"""Interband terms of the projected level.

    Φ_s - W_s f_s = ¼F (f_+ - f_-) W_s + q_s F n_s a_s + ¼F n_{-s} w_z
    X′ = ¼ n ∇·(F a) + ⅛ n_z ∇·(F w_z) - sources of F

with a_s = e + ∂ε̄_s × b, w_z = a_+ - a_-, a = ½(a_+ + a_-), q_s F → -½ s F.  X′ is taken from the
same face values of F as the flux, so that n_s = const is stationary to rounding.
"""

from __future__ import annotations

from kinetic.kernels.points import compiled, released


@compiled
def face_flux(low, high, dressing, w_low, w_high, a_low, a_high):
    """Φ_- - W_- f_- and Φ_+ - W_+ f_+ from the occupations and F at the face."""
    quarter = 0.25 * dressing
    shift = quarter * (high - low)
    n_low, n_high = low + shift, high + shift
    relative = a_high - a_low
    flux_low = shift * w_low + 2.0 * quarter * n_low * a_low + quarter * n_high * relative
    flux_high = shift * w_high - 2.0 * quarter * n_high * a_high + quarter * n_low * relative
    return flux_low, flux_high


@compiled
def six(f, a, b, c, da, db, dc, table, face):
    """Sixth-order central face value of a padded array; (a, b, c) is the cell m2."""
    total = 0.0
    for m in range(6):
        total += table[m, face] * f[a + m * da, b + m * db, c + m * dc]
    return total


@compiled
def at_face(cell, i, j, k, axis, wraps):
    """Mean of F over the two cells next to the left face of cell (i, j, k) along an axis."""
    na, nb, nc = cell.shape
    i0, j0, k0 = i, j, k
    i1, j1, k1 = i, j, k
    if axis == 0:
        i0, i1 = i - 1, i
        if wraps:
            i0, i1 = i0 % na, i1 % na
        i0, i1 = max(i0, 0), min(i1, na - 1)
    elif axis == 1:
        j0, j1 = j - 1, j
        if wraps:
            j0, j1 = j0 % nb, j1 % nb
        j0, j1 = max(j0, 0), min(j1, nb - 1)
    else:
        k0, k1 = k - 1, k
        if wraps:
            k0, k1 = k0 % nc, k1 % nc
        k0, k1 = max(k0, 0), min(k1, nc - 1)
    return 0.5 * (cell[i0, j0, k0] + cell[i1, j1, k1])


@released
def exchange(
    worker,
    workers,
    u,
    f,
    equilibrium,
    split,
    dressing,
    w,
    drift,
    texture,
    gamma,
    mesh,
    leaks,
    rates,
):
    """Add the interband fluxes and -s X′ to u; leaks (task, 6) as in `sweep`.

    f, equilibrium: padded occupation (without the split-off part) and its equilibrium; the
    ∂ε̄×b parts act on f alone, since they leave the equilibrium as it is.
    w, drift: per slot W_s with all terms, and e + ∂ε̄×b alone.  rates (valley, A): Σ X′ V.
    texture: -∇·∫ħℰ×b per volume, the rate of F from a texture in motion.  (valley, A, B, C)
    """
    inverse, tables, ghosts, active, wraps, electric, widths = mesh
    bands, na, nb, nc = u.shape
    ga, gb, gc = ghosts
    sizes = (na, nb, nc)
    for task in range(worker, (bands // 2) * na, workers):
        valley, i = task // na, task % na
        low, high = 2 * valley, 2 * valley + 1
        cells = dressing[valley]
        leaks[task] = 0.0
        rates[valley, i] = 0.0
        for j in range(nb):
            for k in range(nc):
                scale = inverse[0][i] * inverse[1][j] * inverse[2][k]
                net_low, net_high = 0.0, 0.0
                mean_b, mean_e, relative = 0.0, 0.0, 0.0
                for axis in range(3):
                    if not active[axis]:
                        continue
                    da, db, dc = int(axis == 0), int(axis == 1), int(axis == 2)
                    area = scale and 1.0 / (scale * widths[axis][(i, j, k)[axis]])
                    push = electric[axis] * area
                    for side in range(2):
                        fa, fb, fc = i + side * da, j + side * db, k + side * dc
                        face = (fa, fb, fc)[axis]
                        # m2 of the stencil: three cells below the face along this axis.
                        pa, pb, pc = fa + ga * (1 - da), fb + gb * (1 - db), fc + gc * (1 - dc)
                        table = tables[axis]
                        place = face if axis < 2 else min(face, table.shape[1] - 1)
                        f_low = six(f[low], pa, pb, pc, da, db, dc, table, place)
                        f_high = six(f[high], pa, pb, pc, da, db, dc, table, place)
                        field = at_face(cells, fa, fb, fc, axis, wraps[axis])
                        column = fc if axis == 2 else fc + 1  # A and B faces have a ghost
                        w_low = w[axis][low, fa, fb, column]
                        w_high = w[axis][high, fa, fb, column]
                        a_low, a_high = (
                            drift[axis][low, fa, fb, column],
                            drift[axis][high, fa, fb, column],
                        )
                        flux_low, flux_high = face_flux(
                            f_low, f_high, field, w_low, w_high, a_low, a_high
                        )
                        if split:
                            e_low = six(equilibrium[low], pa, pb, pc, da, db, dc, table, place)
                            e_high = six(equilibrium[high], pa, pb, pc, da, db, dc, table, place)
                            more_low, more_high = face_flux(
                                e_low,
                                e_high,
                                field,
                                w_low - a_low + push,
                                w_high - a_high + push,
                                push,
                                push,
                            )
                            flux_low += more_low
                            flux_high += more_high
                        sign = 2.0 * side - 1.0
                        net_low += sign * flux_low
                        net_high += sign * flux_high
                        mean_b += sign * field * (0.5 * (a_low + a_high) - push)
                        mean_e += sign * field * push
                        relative += sign * field * (a_high - a_low)
                        if not wraps[axis]:
                            if side == 0 and face == 0:
                                leaks[task, 2 * axis] -= flux_low + flux_high
                            if side == 1 and face == sizes[axis]:
                                leaks[task, 2 * axis + 1] += flux_low + flux_high
                d_low = f[low, i + ga, j + gb, k + gc]
                d_high = f[high, i + ga, j + gb, k + gc]
                shift = 0.5 * cells[i, j, k] * (d_high - d_low)
                n = d_low + d_high + shift
                whole = n
                if split:
                    q_low = equilibrium[low, i + ga, j + gb, k + gc]
                    q_high = equilibrium[high, i + ga, j + gb, k + gc]
                    whole += q_low + q_high + 0.5 * cells[i, j, k] * (q_high - q_low)
                n_z = d_high - d_low
                transfer = scale * (0.25 * (n * mean_b + whole * mean_e) + 0.125 * n_z * relative)
                transfer += 0.25 * whole * texture[valley, i, j, k]
                u[low, i, j, k] += gamma * (transfer - scale * net_low)
                u[high, i, j, k] -= gamma * (transfer + scale * net_high)
                rates[valley, i] += transfer / scale
