"""The kinetic equation of each level of theory, and the numerics it is solved with.

∂ₜu_s + ∂_j Φ_s^j = −s X′ + C_s        u = f (boltzmann), n (projected), g = D f (dressed)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kinetic.errors import InputError, suggestion
from kinetic.kernels import LINEAR5, MP5, UPWIND1
from kinetic.registry import Description, construct

LEVELS = {
    "boltzmann": "f_s",
    "projected": "n_s",
    "dressed": "g_s = D_s f_s",
    "matrix": "n_s and interband coherences, to second order in gradients",
    "moyal": "2×2 matrix Wigner function, exact",
}
COHERENT = ("matrix", "moyal")
PREPARATIONS = ("coherent", "bare", "exact")
SCHEMES = {"upwind1": UPWIND1, "linear5": LINEAR5, "mp5": MP5}
LIMITERS = ("bounds", "none")
INFLOWS = ("initial", "filled")

_SHOWN = {
    "boltzmann": """\
∂ₜf_s + ∂_k·(f_s k̇_s) = C[f]_s
k̇_s = e + ∂_kε_s × b                                    s = − (lower), + (upper)""",
    "dressed": """\
∂ₜg_s + ∂_k·(f_s D_s k̇_s) + q_s f_s B_k·ḃ = D_s C[f]_s      g_s = D_s f_s
D_s k̇_s = e + ∂_kε̄_s × b − q_s (e·b) B_k − q_s ℰ_k × b
D_s = 1 − q_s b·B_k ,  ε̄_s = ε_s − ¼Δ ħ b·B_k ,  q_s = −sħ/2       s = − (lower), + (upper)""",
    "projected": """\
∂ₜn_s + ∂_k·Φ_s + q_s n_s B_k·ḃ = −s X′ + C[f]_s + ¼F(C[f]₊ − C[f]₋)      F = ħ b·B_k
Φ_s = n_s [e + ∂_kε̄_s × b − q_s (e·b) B_k + q_s F (e + v_s × b) − q_s ℰ_k × b]
      + ¼F n_₋s (v₊ − v₋) × b
X′  = ¼n [∂ₜ + (e + v̄ × b)·∂_k] F + ⅛n_z ((v₊ − v₋) × b)·∂_k F
f_s = n_s − ¼F n_z ,  q_s = −sħ/2                                   s = − (lower), + (upper)""",
    "matrix": """\
∂ₜn + e·∂_k n = ½(b × ∂_k ε)·∂_k n + ½(b × ∂_k Δ)·∂_k N        n̂ = ½n + ½N·σ ,  Ĥ = ½ε + ½Δ·σ
∂ₜN + e·∂_k N = Δ × N/ħ + ½(b × ∂_k ε)·∂_k N + ½(b × ∂_k Δ)·∂_k n − ⅛ħ ∂_i∂_jΔ × ∂^i∂^jN
∂^i = Π^{ij} ∂_j ,  Π^{k_i k_j} = ε_ijl b_l ,  n_s = ½(n + s m·N) ,  m = Δ/|Δ|""",
    "moyal": """\
iħ (∂ₜ + e·∂_k) n̂ = Ĥ ⋆ n̂ − n̂ ⋆ Ĥ            n̂ = ½n + ½N·σ ,  Ĥ = ½ε + ½Δ·σ
⋆ = exp(½iħ ∂⃖_i Π^{ij} ∂⃗_j) ,  Π^{k_i k_j} = ε_ijl b_l ,  n_s = ½(n + s m·N) ,  m = Δ/|Δ|""",
}

_FLOW_IN_SPACE = """\
D_s ẋ_s^j = P_s^{ji} (∂_i ε̄_s + ∂_i φ − e_i) + q_s Π^{ji} F_ti           x = (r, k)
P_s^{ij} = (1 + ½sF) Π^{ij} + q_s Π^{ik} Π^{jl} F_kl ,  Π^{rk} = 1 ,  Π^{k_i k_j} = ε_ijl b_l
D_s = 1 + ½sF ,  F = ½ħ Π^{ij} F_ij = ħ (F_{r_l k_l} + b·B_k) ,  ε̄_s = ε_s − ¼ΔF
F_ij = m·(∂_i m × ∂_j m) ,  q_s = −sħ/2                             s = − (lower), + (upper)"""
_SHOWN_IN_SPACE = {
    "boltzmann": """\
∂ₜf_s + ∂_r·(f_s ∂_kε_s) + ∂_k·[f_s (e − ∂_r(ε_s + φ) + ∂_kε_s × b)] = C[f]_s
                                                        s = − (lower), + (upper)""",
    "dressed": f"""\
∂ₜg_s + ∂_j(f_s D_s ẋ_s^j) = D_s C[f]_s                               g_s = D_s f_s
{_FLOW_IN_SPACE}""",
    "projected": f"""\
∂ₜn_s + ∂_j Φ_s^j = −s X′ + C[f]_s + ¼F(C[f]₊ − C[f]₋)
Φ_s^j = n_s ẋ_s^j + ¼F n_₋s (a₊^j − a₋^j) ,  a_s^j = Π^{{ji}} (∂_i ε̄_s + ∂_i φ − e_i)
X′ = ¼n [∂ₜF + ∂_j(F a^j)] + ⅛n_z ∂_j(F (a₊ − a₋)^j) ,  a = ½(a₊ + a₋) ,  f_s = n_s − ¼F n_z
{_FLOW_IN_SPACE}""",
    "matrix": """\
∂ₜn + e·∂_k n = ½[∂_iε ∂^i n + ∂_iΔ·∂^iN]                 n̂ = ½n + ½N·σ ,  Ĥ = ½ε + ½Δ·σ + φ
∂ₜN + e·∂_k N = Δ × N/ħ + ½[∂_iε ∂^iN + ∂_iΔ ∂^i n] − ⅛ħ ∂_i∂_jΔ × ∂^i∂^jN
∂_iA ∂^iB = ∂_rA·∂_kB − ∂_kA·∂_rB + b·(∂_kA × ∂_kB) ,  n_s = ½(n + s m·N) ,  m = Δ/|Δ|""",
    "moyal": """\
iħ (∂ₜ + e·∂_k) n̂ = Ĥ ⋆ n̂ − n̂ ⋆ Ĥ         n̂ = ½n + ½N·σ ,  Ĥ = ½ε + ½Δ·σ + φ = A(k,t) + V(r,t)
⋆ = exp(½iħ ∂⃖_i Π^{ij} ∂⃗_j) ,  Π^{rk} = 1 ,  Π^{k_i k_j} = ε_ijl b_l ,  n_s = ½(n + s m·N)""",
}


@dataclass(frozen=True)
class Equation(Description):
    """∂ₜu_s + ∂_j Φ_s^j = −s X′ + C_s: which level, which ħ, which scheme.

    Parameters
    ----------
    level
        'boltzmann' (no Berry terms), 'projected' (n_s with interband n_z exchange), 'dressed'
        (g_s = D_s f_s, bands decouple, 0 <= f <= 1); with coherences: 'matrix' (second order in
        gradients), 'moyal' (exact quantum dynamics).
    hbar
        ħ; enters once per Berry term and in the measure d^dk/(2πħ)^d.
    scheme
        Reconstruction at faces: 'mp5' (fifth order, limited), 'linear5', 'upwind1'.
    limiter
        'bounds' keeps 0 <= f <= 1 by conservative repair between neighbouring cells
        (`boltzmann` and `dressed` only), 'none' leaves overshoots and reports them.
    well_balanced
        Split off the flux of the declared equilibrium, so that it stays put to rounding.
    node_radius
        Radius in k of the ball in which both bands share one occupation; by default the
        cells with ħ|b||B_k| >= 1 (a quarter in `projected`).
    inflow
        What enters through open faces: the 'initial' state there, or a 'filled' lower and
        empty upper band.
    threads
        Processor threads; by default all that are available.
    preparation
        Levels with coherences: 'coherent' (the n_s of the initial f_s with the coherence of
        first order, so that nothing trembles), 'bare' (the same n_s alone), 'exact' (the Fermi
        function f(Ĥ) of the operator Ĥ).
    absorber
        Levels with coherences: width of the layer that absorbs what reaches an open end, as a
        fraction of the axis; 0 turns it off.  Waves longer than the layer are reflected.
    dephasing
        T₂ of the coherence between the bands in a homogeneous `moyal` run without b (time).
    """

    kind = "equation"

    level: str = "dressed"
    hbar: float = 1.0
    scheme: str = "mp5"
    limiter: str | None = None
    well_balanced: bool = True
    node_radius: float | None = None
    inflow: str = "initial"
    threads: int | None = None
    preparation: str = "coherent"
    absorber: float = 0.1
    dephasing: float | None = None

    def __post_init__(self) -> None:
        choices: tuple[tuple[str, Any, Any], ...] = (
            ("level", self.level, LEVELS),
            ("scheme", self.scheme, SCHEMES),
            ("inflow", self.inflow, INFLOWS),
            ("preparation", self.preparation, PREPARATIONS),
        )
        for key, value, allowed in choices:
            if value not in allowed:
                raise InputError(f"{key} = {value!r}: {suggestion(str(value), allowed)}")
        if self.limiter is None:
            bounded = self.scheme == "mp5" and self.level in ("boltzmann", "dressed")
            object.__setattr__(self, "limiter", "bounds" if bounded else "none")
        if self.limiter not in LIMITERS:
            raise InputError(
                f"limiter = {self.limiter!r}: {suggestion(str(self.limiter), LIMITERS)}"
            )
        if self.limiter == "bounds" and self.level not in ("boltzmann", "dressed"):
            raise InputError(
                f"limiter = 'bounds' has no meaning in level '{self.level}': n_s may leave "
                "[0, 1] by design; use 'none'."
            )
        if not isinstance(self.well_balanced, bool):
            raise InputError(f"well_balanced = {self.well_balanced!r}: write true or false.")
        plain = isinstance(self.hbar, int | float) and not isinstance(self.hbar, bool)
        if not plain or not 0 < self.hbar < float("inf"):
            raise InputError(f"hbar = {self.hbar!r} must be a number above 0.")
        if self.node_radius is not None and (
            not isinstance(self.node_radius, int | float) or self.node_radius < 0
        ):
            raise InputError(f"node_radius = {self.node_radius!r} must be a number >= 0.")
        if self.threads is not None and (not isinstance(self.threads, int) or self.threads < 1):
            raise InputError(f"threads = {self.threads!r} must be a whole number above 0.")
        self._check_coherent()

    def _check_coherent(self) -> None:
        """What the levels with coherences take, and they alone."""
        for key in ("absorber", "dephasing"):
            value = getattr(self, key)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | float)
            ):
                raise InputError(f"{key} = {value!r} must be a number.")
        if not 0.0 <= self.absorber < 0.5:
            raise InputError(f"absorber = {self.absorber} must lie in [0, 0.5).")
        if self.dephasing is not None and not 0.0 < self.dephasing < float("inf"):
            raise InputError(f"dephasing = {self.dephasing} must be a time above 0.")
        if self.coherent:
            return
        for key in ("preparation", "absorber", "dephasing"):
            if getattr(self, key) != type(self).__dataclass_fields__[key].default:
                raise InputError(
                    f"{key} belongs to the levels {' and '.join(COHERENT)}; level "
                    f"'{self.level}' has no coherence between the bands: take it out."
                )

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Equation:
        """Read the `[equation]` table."""
        return construct(cls, table, "equation")

    @property
    def berry(self) -> bool:
        """Whether the level has terms of the Berry curvature; coherences do without."""
        return self.level in ("projected", "dressed")

    @property
    def coherent(self) -> bool:
        """Whether the coherence between the bands is evolved."""
        return self.level in COHERENT

    def show(self, space: bool = False) -> str:
        """The equation of this level in Unicode; `space`: with axes in real space."""
        shown = _SHOWN_IN_SPACE[self.level] if space else _SHOWN[self.level]
        if self.dephasing is not None:
            shown += f"\nand −[N − m (m·N)]/T₂ on the right of ∂ₜN ,  T₂ = {self.dephasing:g}"
        return shown
