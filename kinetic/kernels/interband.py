"""Interband terms of the projected level: coefficients of the fluxes, and the exchange X′.

With κ = ¼F, n_± = f_± + κ(f_+ - f_-), a_s = e + ∂ε̄_s × b, w_z = a_+ - a_-, a = ½(a_+ + a_-):

    Φ_s = n_s (W_s - 2sκ a_s) + κ n_{-s} w_z = Σ_s' M_ss' f_s'
    X′ = ¼ n ∇·(F a) + ⅛ n_z ∇·(F w_z)

Face averages of the products are of fourth order; ∇·(F a) is taken from the same faces, so that
f_+ = f_- = const is stationary to rounding.
"""

from __future__ import annotations

from kinetic.kernels.points import compiled, pointwise, released


@pointwise
def couplings(quarter, w_low, w_high, a_low, a_high):
    """M_--, M_++, M_-+, M_+-, F w_z at a point."""
    relative = quarter * (a_high - a_low)
    low, high = w_low + 2.0 * quarter * a_low, w_high - 2.0 * quarter * a_high
    return (
        low * (1.0 - quarter) - relative * quarter,
        high * (1.0 + quarter) + relative * quarter,
        low * quarter + relative * (1.0 + quarter),
        -high * quarter + relative * (1.0 - quarter),
        4.0 * relative,
    )


@compiled
def face_value(dressing, table, face, i, j, k, step, flat):
    """F at a face from the cells around; (i, j, k) is m2 in the padded array."""
    da, db, dc = step
    if not flat:
        return 0.5 * (
            dressing[i + 2 * da, j + 2 * db, k + 2 * dc]
            + dressing[i + 3 * da, j + 3 * db, k + 3 * dc]
        )
    total = 0.0
    for m in range(6):
        total += table[m, face] * dressing[i + m * da, j + m * db, k + m * dc]
    return total


@released
def couple(
    worker,
    workers,
    slot,
    diagonal,
    off,
    relative,
    dressing,
    flat,
    w,
    drift,
    table,
    products,
    ghosts,
):
    """Fill the coefficients M of one slot with their face averages.

    diagonal, off (valley·band, faces), relative: F w_z (valley, faces); dressing: F padded;
    flat: whether the cells around have no jump of F (valley, A, B, C).  Faces of the slots A
    and B have ghost columns, which are filled as if C were periodic.
    """
    valleys, na, nb, nc = relative.shape
    pad = 0 if slot == 2 else 1
    nc -= 2 * pad
    step = (int(slot == 0), int(slot == 1), int(slot == 2))
    shift = (ghosts[0] * (1 - step[0]), ghosts[1] * (1 - step[1]), ghosts[2] * (1 - step[2]))
    cells = flat.shape
    for task in range(worker, valleys * na, workers):
        valley, i = task // na, task % na
        low, high = 2 * valley, 2 * valley + 1
        for j in range(nb):
            for k in range(nc):
                face = (i, j, k)[slot]
                ca, cb, cc = i % cells[1], j % cells[2], k % cells[3]
                p, column = k + pad, min(face, table.shape[1] - 1)
                even = flat[valley, ca, cb, cc] != 0
                quarter = 0.25 * face_value(
                    dressing[valley],
                    table,
                    column,
                    i + shift[0],
                    j + shift[1],
                    k + shift[2],
                    step,
                    even,
                )
                wl, wh = w[low, i, j, p], w[high, i, j, p]
                al, ah = drift[low, i, j, p], drift[high, i, j, p]
                m0, m1, m2, m3, m4 = couplings(quarter, wl, wh, al, ah)
                if even:
                    for t in range(3):
                        here = (i, j, k)[t]
                        if t == slot or products[t][0, here] == 0.0:
                            continue
                        slope = (12.0 * products[t][0, here]) ** 0.5
                        after = slope * products[t][1, here] / products[t][0, here]
                        before = slope * products[t][2, here] / products[t][0, here]
                        ta, tb, tc = int(t == 0), int(t == 1), int(t == 2)
                        ia, ib, ic = (i + ta) % na, (j + tb) % nb, (k + tc) % nc + pad
                        ja, jb, jc = (i - ta) % na, (j - tb) % nb, (k - tc) % nc + pad
                        dq = (
                            0.25
                            * slope
                            * (
                                face_value(
                                    dressing[valley],
                                    table,
                                    column,
                                    i + shift[0] + ta,
                                    j + shift[1] + tb,
                                    k + shift[2] + tc,
                                    step,
                                    True,
                                )
                                - face_value(
                                    dressing[valley],
                                    table,
                                    column,
                                    i + shift[0] - ta,
                                    j + shift[1] - tb,
                                    k + shift[2] - tc,
                                    step,
                                    True,
                                )
                            )
                        )
                        dwl = after * w[low, ia, ib, ic] - before * w[low, ja, jb, jc]
                        dwh = after * w[high, ia, ib, ic] - before * w[high, ja, jb, jc]
                        dal = after * drift[low, ia, ib, ic] - before * drift[low, ja, jb, jc]
                        dah = after * drift[high, ia, ib, ic] - before * drift[high, ja, jb, jc]
                        u0, u1, u2, u3, u4 = couplings(
                            quarter + dq, wl + dwl, wh + dwh, al + dal, ah + dah
                        )
                        v0, v1, v2, v3, v4 = couplings(
                            quarter - dq, wl - dwl, wh - dwh, al - dal, ah - dah
                        )
                        x0, x1, x2, x3, x4 = couplings(quarter, wl, wh, al, ah)
                        m0 += (u0 + v0 - 2.0 * x0) / 24.0
                        m1 += (u1 + v1 - 2.0 * x1) / 24.0
                        m2 += (u2 + v2 - 2.0 * x2) / 24.0
                        m3 += (u3 + v3 - 2.0 * x3) / 24.0
                        m4 += (u4 + v4 - 2.0 * x4) / 24.0
                diagonal[low, i, j, p], diagonal[high, i, j, p] = m0, m1
                off[low, i, j, p], off[high, i, j, p] = m2, m3
                relative[valley, i, j, p] = m4
            if pad:
                for array in (diagonal, off):
                    for band in (low, high):
                        array[band, i, j, 0] = array[band, i, j, nc]
                        array[band, i, j, nc + 1] = array[band, i, j, 1]


@released
def exchange(
    worker,
    workers,
    u,
    f,
    dressing,
    mean,
    relative,
    texture,
    gamma,
    products,
    ghosts,
    smooth,
    bend,
    rates,
    volumes,
):
    """u_s -= s γ X′ from the occupations f (padded); rates (valley, A) receives ∫X′.

    mean, relative: ∇·(F a), ∇·(F w_z) of every cell; texture: ∂ₜF of a texture in motion.
    """
    _, na, nb, nc = u.shape
    ga, gb, gc = ghosts
    valleys = dressing.shape[0]
    for task in range(worker, valleys * na, workers):
        valley, i = task // na, task % na
        low, high = 2 * valley, 2 * valley + 1
        rates[valley, i] = 0.0
        for j in range(nb):
            for k in range(nc):
                a, b, c = i + ga, j + gb, k + gc
                n_z = f[high, a, b, c] - f[low, a, b, c]
                half = 0.5 * dressing[valley, i, j, k]
                n = f[high, a, b, c] + f[low, a, b, c] + half * n_z
                drive = 0.25 * (mean[valley, i, j, k] + texture[valley, i, j, k])
                moved = n * drive + 0.125 * n_z * relative[valley, i, j, k]
                if bend and smooth[valley, i, j, k]:
                    for t in range(3):
                        factor = products[t][0, (i, j, k)[t]]
                        if factor == 0.0:
                            continue
                        ta, tb, tc = int(t == 0), int(t == 1), int(t == 2)
                        ia, ib, ic = (i + ta) % na, (j + tb) % nb, (k + tc) % nc
                        ja, jb, jc = (i - ta) % na, (j - tb) % nb, (k - tc) % nc
                        up_low, up_high = (
                            f[low, a + ta, b + tb, c + tc],
                            f[high, a + ta, b + tb, c + tc],
                        )
                        dn_low, dn_high = (
                            f[low, a - ta, b - tb, c - tc],
                            f[high, a - ta, b - tb, c - tc],
                        )
                        dz = (up_high - up_low) - (dn_high - dn_low)
                        df = dressing[valley, ia, ib, ic] - dressing[valley, ja, jb, jc]
                        dn = (up_high + up_low) - (dn_high + dn_low)
                        dn += half * dz + 0.5 * df * n_z
                        dm = mean[valley, ia, ib, ic] - mean[valley, ja, jb, jc]
                        dm += texture[valley, ia, ib, ic] - texture[valley, ja, jb, jc]
                        dr = relative[valley, ia, ib, ic] - relative[valley, ja, jb, jc]
                        # ⟨n⟩ itself is a product, n = f_+ + f_- + ½F n_z.
                        moved += factor * (
                            0.25 * dn * dm + 0.125 * dz * dr + 0.5 * df * dz * drive
                        )
                u[low, i, j, k] += gamma * moved
                u[high, i, j, k] -= gamma * moved
                rates[valley, i] += moved * volumes[i, j, k]
