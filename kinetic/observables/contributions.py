"""The particle current, contribution by contribution.

In terms of f_s (levels `dressed` and, group alone, `boltzmann`):

    j = Σ_s∫ f_s [∂_kε̄_s - q_s e×B_k - q_s (∂_kε̄_s·B_k) b - q_s ℰ_k] + ∇×Σ_s∫ n_s M_k

and in terms of n_s (level `projected`):

    j = Σ_s∫ n_s [v_s - ¼Δ ∂_k(b·B_k) + q_s (b·B_k) v_s - q_s e×B_k - q_s (v_s·B_k) b - q_s ℰ_k]
        + ∇×Σ_s∫ n_s M_k

with M_k = ¼Δ ħB_k and e less ∂_rε̄_s in real space, where b·B_k is F and the curvatures F_rk of a
texture add -q_s (F_rk∂_kε_s - F_kr∂_kε_s).  The lines of the two differ one by one; only their
totals agree (to first order in ħ).  The first, with ε̄_s = ε_s + δε throughout, is D_s ẋ_s to all
orders in b: its work e·j is what the energy Σ_s∫ D_s ε̄_s f_s gains.
Source: Wong and Tserkovnyak, quantum kinetic equation in phase-space textured multiband
systems, Eqs. (30), (39) as corrected; the curl makes the local current complete.

Scattering that displaces the carriers adds Σ_s∫ D_s f_s v^sj_s at every level, with the side-jump
velocity v^sj of the collisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kinetic.grid import Array
from kinetic.observables.base import places

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

TITLES = {
    "group": "group velocity",
    "magnetic_moment": "magnetic moment",
    "density_of_states": "density-of-states rescaling",
    "anomalous": "anomalous Hall velocity",
    "chiral_magnetic": "chiral magnetic velocity",
    "mixed": "curvature F_rk of the texture",
    "texture": "time-dependent texture",
    "magnetisation": "curl of the magnetisation",
    "side_jump": "side-jump velocity of scattering",
}
_DRESSED = {
    "group": "Σ_s ∫ f_s v_s",
    "magnetic_moment": "-Σ_s ∫ f_s ∂_k(¼Δ ħ b·B_k)",
    "anomalous": "-Σ_s ∫ q_s f_s e×B_k",
    "chiral_magnetic": "-Σ_s ∫ q_s f_s (∂_kε̄_s·B_k) b",
    "texture": "-Σ_s ∫ q_s f_s ℰ_k",
}
_PROJECTED = {
    "group": "Σ_s ∫ n_s v_s",
    "magnetic_moment": "-Σ_s ∫ n_s ¼Δ ∂_k(ħ b·B_k)",
    "density_of_states": "Σ_s ∫ q_s (b·B_k) n_s v_s",
    "anomalous": "-Σ_s ∫ q_s n_s e×B_k",
    "chiral_magnetic": "-Σ_s ∫ q_s n_s (v_s·B_k) b",
    "texture": "-Σ_s ∫ q_s n_s ℰ_k",
}
_LOCAL = {
    "anomalous": "-Σ_s ∫ q_s {} (e - ∂_rε̄_s)×B_k",
    "magnetisation": "∇×Σ_s ∫ ¼Δ ħB_k n_s",
}
_TEXTURED = {
    "magnetic_moment": "-Σ_s ∫ f_s ∂_k(¼ΔF)",
    "density_of_states": "-½ Σ_s ∫ s F n_s v_s",
    "mixed": "-Σ_s ∫ q_s {} (F_rk - F_kr) ∂_kε_s, with F for (F_rk)_ll where {} is f_s",
}
_SIDE_JUMP = {"side_jump": "Σ_s ∫ D_s f_s v^sj_s"}
CONVERGENT = ("anomalous", "texture")  # sums over the whole sea exist


def side_velocity(evolution: Evolution) -> Array | None:
    """v^sj at the present time, None without any.  (valley·band, dimension, A, B, C)"""
    collisions = evolution.collisions
    return None if collisions is None else collisions.side_velocity(evolution.time)


def contributions(evolution: Evolution, projected: bool) -> dict[str, str]:
    """Names and formulas of the contributions that a system has, in terms of n_s or of f_s."""
    system, flow = evolution.system, evolution.flow
    formulas = dict(_PROJECTED if projected else _DRESSED)
    local, textured = bool(places(evolution)), system.hamiltonian.textured
    variable = "n_s" if projected else "f_s"
    if local:
        formulas |= {name: text.format(variable) for name, text in _LOCAL.items()}
    if textured:
        formulas |= {name: text.format(variable, variable) for name, text in _TEXTURED.items()}
        if projected:
            formulas["magnetic_moment"] = "-Σ_s ∫ n_s ¼Δ ∂_kF"
        else:
            del formulas["density_of_states"]
    formulas |= _SIDE_JUMP
    names = ["group"]
    if system.equation.berry:
        planar = evolution.mesh.dimensions > 1
        magnetic = planar and flow.largest_b > 0.0
        names += ["magnetic_moment", "density_of_states"] if magnetic or textured else []
        names += ["anomalous"] if planar else []
        names += ["chiral_magnetic"] if magnetic and evolution.mesh.dimensions == 3 else []
        names += ["mixed"] if planar and textured else []
        names += ["texture"] if flow.texture_moves else []
        names += ["magnetisation"] if planar and local else []
    names += ["side_jump"] if side_velocity(evolution) is not None else []
    return {name: formulas[name] for name in names if name in formulas}
