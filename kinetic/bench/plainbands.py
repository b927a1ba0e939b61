"""Runge-Kutta integrators of a driven two-level system at every momentum.

    ∂ₜρ = −i[ε − e·𝐝, ρ] ,   𝐝_nm = i⟨n|∂_k m⟩ ,   k = K + ∫e dt

Classical fourth-order steps of the density matrix in the eigenstates at moving momenta (length
gauge), as programs for high harmonics make them: one loop over all momenta, all steps of one
momentum in registers, e and its integral tabulated beforehand, energies and dipole matrix
elements from their formulas in every right-hand side.  A leaner one steps dn/dt = 2d × n and
evaluates d once per time.

Compared program: CUED, J. Wilhelm et al., Phys. Rev. B 103, 125419 (2021).
"""

# mypy: allow-untyped-defs

from __future__ import annotations

import numpy as np

from kinetic.kernels.points import pointwise, released

MASS = 2.3
"""Of d = (sin k_x, sin k_y, MASS − cos k_x − cos k_y), with d_z > 0: smooth spinors."""


@pointwise
def bands(kx, ky):
    """2d."""
    return (2.0 * np.sin(kx), 2.0 * np.sin(ky), 2.0 * (MASS - np.cos(kx) - np.cos(ky)))


@pointwise
def precession(w, x, y, z):
    """Ω × n."""
    return (w[1] * z - w[2] * y, w[2] * x - w[0] * z, w[0] * y - w[1] * x)


@released
def bloch_steps(n, kx, ky, moved, force, h, steps):
    """Steps of n (3, momentum); moved, force (2·steps + 1, 2): ∫e dt and e every half step."""
    for i in range(n.shape[1]):
        x, y, z = n[0, i], n[1, i], n[2, i]
        for step in range(steps):
            first = bands(kx[i] + moved[2 * step, 0], ky[i] + moved[2 * step, 1])
            half = bands(kx[i] + moved[2 * step + 1, 0], ky[i] + moved[2 * step + 1, 1])
            last = bands(kx[i] + moved[2 * step + 2, 0], ky[i] + moved[2 * step + 2, 1])
            a, b, c = precession(first, x, y, z)
            d, e, f = precession(half, x + 0.5 * h * a, y + 0.5 * h * b, z + 0.5 * h * c)
            p, q, r = precession(half, x + 0.5 * h * d, y + 0.5 * h * e, z + 0.5 * h * f)
            s, t, u = precession(last, x + h * p, y + h * q, z + h * r)
            x += h / 6.0 * (a + 2.0 * (d + p) + s)
            y += h / 6.0 * (b + 2.0 * (e + q) + t)
            z += h / 6.0 * (c + 2.0 * (f + r) + u)
        n[0, i], n[1, i], n[2, i] = x, y, z


@pointwise
def eigenstate(kx, ky):
    """D, |d|, |d| + d_z of the spinors (|d| + d_z, d_x + i d_y), (−d_x + i d_y, |d| + d_z)."""
    x, y, z = np.sin(kx), np.sin(ky), MASS - np.cos(kx) - np.cos(ky)
    energy = np.sqrt(x * x + y * y + z * z)
    return x, y, z, energy, energy + z


@pointwise
def density_rate(kx, ky, ex, ey, relative, coherence):
    """d/dt of ρ_++ − ρ_-- and ρ_+-."""
    x, y, z, energy, top = eigenstate(kx, ky)
    dx, dy = ex * np.cos(kx), ey * np.cos(ky)
    dz = ex * np.sin(kx) + ey * np.sin(ky)
    scale = 0.5 / (energy * top)
    rise = (x * dx + y * dy + z * dz) / energy + dz
    dipole = 1j * scale * ((x - 1j * y) * rise - top * (dx - 1j * dy))  # e·𝐝_+-
    diagonal = -2.0 * scale * (x * dy - y * dx)  # e·(𝐝_++ − 𝐝_--)
    rate = -1j * (2.0 * energy - diagonal) * coherence - 1j * dipole * relative
    return 4.0 * (coherence * dipole.conjugate()).imag, rate


@released
def density_steps(n, kx, ky, moved, force, h, steps):
    """The same of the density matrix in the eigenstates."""
    for i in range(n.shape[1]):
        x, y, z, energy, top = eigenstate(kx[i] + moved[0, 0], ky[i] + moved[0, 1])
        a, b, c = n[0, i], n[1, i], n[2, i]
        r = 2.0 * (x * a + y * b + z * c) / energy
        minus, raised = x - 1j * y, a + 1j * b
        q = top * top * raised.conjugate() - minus * minus * raised - 2.0 * c * top * minus
        q *= 0.5 / (energy * top)  # ⟨+|n·σ|−⟩
        for step in range(steps):
            j = 2 * step
            ux, uy, fx, fy = kx[i] + moved[j, 0], ky[i] + moved[j, 1], force[j, 0], force[j, 1]
            r1, q1 = density_rate(ux, uy, fx, fy, r, q)
            j += 1
            ux, uy, fx, fy = kx[i] + moved[j, 0], ky[i] + moved[j, 1], force[j, 0], force[j, 1]
            r2, q2 = density_rate(ux, uy, fx, fy, r + 0.5 * h * r1, q + 0.5 * h * q1)
            r3, q3 = density_rate(ux, uy, fx, fy, r + 0.5 * h * r2, q + 0.5 * h * q2)
            j += 1
            ux, uy, fx, fy = kx[i] + moved[j, 0], ky[i] + moved[j, 1], force[j, 0], force[j, 1]
            r4, q4 = density_rate(ux, uy, fx, fy, r + h * r3, q + h * q3)
            r += h / 6.0 * (r1 + 2.0 * (r2 + r3) + r4)
            q += h / 6.0 * (q1 + 2.0 * (q2 + q3) + q4)
        end = 2 * steps
        x, y, z, energy, top = eigenstate(kx[i] + moved[end, 0], ky[i] + moved[end, 1])
        plus, half = x + 1j * y, 0.5 * r / energy
        q *= 0.5 / (energy * top)
        # n = ½ r m + Re q⟨−|σ|+⟩
        n[0, i] = half * x + (q * (top * top - plus * plus)).real
        n[1, i] = half * y + (1j * q * (top * top + plus * plus)).real
        n[2, i] = half * z - (2.0 * q * plus * top).real
