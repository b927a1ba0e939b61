"""Exact quantum dynamics in matrices: the noncommutative torus by its clock and shift.

    U = e^{ix̂}, V = e^{ik̂}, VU = e^{iħ}UV,   Ŵ_qκ = e^{i(qx̂ + κk̂)} = e^{½iħqκ} U^q V^κ
    f̂ = Σ f_qκ Ŵ_qκ ,   f_qκ = τ(f̂ Ŵ_qκ†) ,   τ the mean of Tr/N over the twists

H. Weyl, Z. Phys. 46, 1 (1927); J. Schwinger, Proc. Natl. Acad. Sci. 46, 570 (1960); the twists:
D. J. Thouless, M. Kohmoto, M. P. Nightingale, M. den Nijs, Phys. Rev. Lett. 49, 405 (1982).

x and k have the period 2π.  With ħ = ±2π/N the algebra has matrices of size N: U = e^{iα}
diag(e^{iħj}), V = e^{iβ} (|j⟩ → |j − 1⟩), and U^N, V^N are numbers that the twists α, β give all
phases.  M² of them tell (NM)² Fourier modes apart, so that a symbol whose modes have fallen off
there goes to operators and back without loss, and products of operators are Moyal products; no
doubling of the grid, no gradient expansion, no splitting: ρ̂(t) = Û ρ̂ Û† with Û from the spectrum
of Ĥ, or from scipy's DOP853 where Ĥ depends on time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

PAULI = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


class QuantumTorus:
    """2×2-matrix symbols n̂ = n₀ + n·σ on x, k ∈ [0, 2π)² as operators, and back.

    Parameters
    ----------
    size
        N; ħ = 2π/N.
    twists
        M per direction.
    sign
        Of ħ.
    """

    def __init__(self, size: int, twists: int = 1, sign: int = 1) -> None:
        self.size, self.hbar = size, sign * 2 * np.pi / size
        self.points = size * twists
        angles = 2 * np.pi * np.arange(twists) / (size * twists)
        self.twists = [(a, b) for a in angles for b in angles]

    def modes(self, symbol: np.ndarray, x0: float, k0: float) -> tuple[np.ndarray, ...]:
        """f_qκ of values at x0 + 2πi/n, k0 + 2πj/n; q, κ below n/2.  (..., q, κ)"""
        n, m = symbol.shape[-2:]
        q, kappa = ((np.arange(s) - s // 2)[s % 2 == 0 :] for s in (n, m))
        f = np.fft.fft2(symbol) / (n * m)
        f = np.take(np.take(f, q, axis=-2), kappa, axis=-1)
        f = f * np.exp(-1j * (q[:, None] * x0 + kappa * k0))
        return f, q, kappa

    def operators(self, symbol: np.ndarray, x0: float = 0.0, k0: float = 0.0) -> np.ndarray:
        """f̂ of real components.  (4, n, n) -> (twist, 2N, 2N)"""
        f, q, kappa = self.modes(symbol, x0, k0)
        f = np.einsum("mqk,mab->qkab", f, PAULI)
        j = np.arange(self.size)
        found = []
        for alpha, beta in self.twists:
            out = np.zeros((self.size, 2, self.size, 2), dtype=complex)
            for column, shift in enumerate(kappa):
                middle = alpha + self.hbar * (j - 0.5 * shift)  # between |j⟩ and |j − κ⟩
                line = np.einsum("qab,jq->jab", f[:, column], np.exp(1j * np.outer(middle, q)))
                out[(j - shift) % self.size, :, j, :] += np.exp(1j * beta * shift) * line
            found.append(out.reshape(2 * self.size, 2 * self.size))
        return np.stack(found)

    def symbol(self, operators: np.ndarray, x: np.ndarray, k: np.ndarray) -> np.ndarray:
        """f(x, k) at the crossings of two lines of points.  (4, x, k)"""
        n, half = self.points, (self.points - 1) // 2
        q = np.arange(-half, half + 1)
        j = np.arange(self.size)
        modes = np.zeros((4, len(q), len(q)), dtype=complex)
        for (alpha, beta), operator in zip(self.twists, operators, strict=True):
            entries = operator.reshape(self.size, 2, self.size, 2)
            for column, shift in enumerate(q):
                block = entries[(j - shift) % self.size, :, j, :]
                middle = alpha + self.hbar * (j - 0.5 * shift)
                wave = np.exp(-1j * np.outer(q, middle) - 1j * beta * shift)
                parts = np.einsum("jab,mba->mj", block, PAULI) / 2
                modes[:, :, column] += parts @ wave.T
        modes /= self.size * len(self.twists)
        assert n >= len(q)
        values = np.einsum(
            "xq,mqk,kp->mxp", np.exp(1j * np.outer(x, q)), modes, np.exp(1j * np.outer(q, k))
        )
        assert np.abs(values.imag).max() < 1e-10
        return np.asarray(values.real)

    def evolve(
        self,
        hamiltonian: Callable[[float], np.ndarray],
        state: np.ndarray,
        stop: float,
        x0: float = 0.0,
        k0: float = 0.0,
        moves: bool = True,
    ) -> np.ndarray:
        """ρ̂(stop) from the symbols H(t) (4, n, n) and n̂ (4, n, n): iħ∂_tρ̂ = [Ĥ, ρ̂]."""
        rho = self.operators(state, x0, k0)
        if not moves:
            energies, vectors = np.linalg.eigh(self.operators(hamiltonian(0.0), x0, k0))
            phases = np.exp(-1j * energies * stop / self.hbar)
            turned = np.einsum("tab,tb,tcb->tac", vectors, phases, vectors.conj())
            return turned @ rho @ turned.conj().swapaxes(1, 2)
        shape = rho.shape

        def rate(t: float, y: np.ndarray) -> np.ndarray:
            h = self.operators(hamiltonian(t), x0, k0)
            return (-1j / self.hbar * (h @ y.reshape(shape))).ravel()

        start = np.broadcast_to(np.eye(shape[-1], dtype=complex), shape).ravel()
        done = solve_ivp(rate, (0.0, stop), start, "DOP853", rtol=1e-11, atol=1e-12)
        turned = done.y[:, -1].reshape(shape)
        return turned @ rho @ turned.conj().swapaxes(1, 2)
