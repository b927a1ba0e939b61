"""Spectral flow of a Weyl node in b ∥ e, exactly: level by level, and the charge it adds up to.

    H_n = k_z σ_z + √(2nb) σ_x (n ≥ 1) ,   E₀ = k_z ,   k_z = K + e t ,   b/2π states per area
    P_n = exp(-2π n b/e) ,   ρ(t) = ρ_eq + e·b t/4π²

Reference: H. B. Nielsen and M. Ninomiya, Phys. Lett. B 130, 389 (1983); P_n is Landau-Zener's
probability with m² = 2nb. b = .02, e = .1: P = .28460, .08100, .02305, .00656.

Fermi functions (μ = 0, T = .2) of all levels; the window |k_z| < 20 loses and gains states at
its ends. Levels n ≥ 1 keep their number; the chiral one is filled up by e t: ρ grows by e·b
t/4π², although the field lifts the share P_n of every level across its gap.

Tolerance. P_n is read at k = 20 from states that started at k = -20, f = (1, 0) there: n_+
trembles by 2 a √(P(1 - P)), a = e m/(4k³) (see `landau_zener`), which is 1e-6; steps add 1e-12 ×
400 × 40 = 2e-8. Charges: thermal tails at the ends, exp(-17/.2), are nothing; a Fermi function
of width T is interpolated on cells of T/2, in the sum over cells to 1e-12 of the cells it
occupies; sums of 2400 numbers are rounded to 1e-13. 1e-10 of the change covers them.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance

TITLE = "Weyl Landau levels: spectral flow and Landau-Zener per level"
SOURCE = "Nielsen, Ninomiya 1983"
B, FORCE, END = 0.02, 0.1, 20.0


def probability(level: np.ndarray) -> np.ndarray:
    return np.exp(-2 * np.pi * level * B / FORCE)


def content(evolution) -> float:
    """Charge in the window per volume, less filled seas; b/2π per level, dk_z/2π."""
    wigner = evolution.wigner()[0, 0]
    width = float(evolution.system.grid.momentum[0].widths[0])
    states = 2.0 * wigner - (1.0 if wigner.ndim == 2 else 0.0)
    return float(states.sum()) * width * B / (2 * np.pi) ** 2


def check(study: Study) -> None:
    stop = {"time.stop": 100.0} if study.quick else {}
    levels, chiral = (study.evolution(f"{name}.toml", stop) for name in ("levels", "chiral"))
    start = content(levels) + content(chiral)
    times = np.array([33.3, 100.0] if study.quick else np.append(np.arange(1, 19) * 8.33, 160.0))
    grown = []
    for time in times:
        advance(levels, float(time))
        advance(chiral, float(time))
        grown.append(content(levels) + content(chiral) - start)
    expected = FORCE * B * times / (4 * np.pi**2)
    worst = float(np.abs(np.array(grown) / expected - 1).max())
    study.at_most("ρ - ρ_eq against e·b t/4π², relative", worst, 1e-10, SOURCE)
    study.compare("rate of ρ", grown[-1] / times[-1], 5.0660591821e-5, 1e-14, "e·b/4π²")
    # The states at k = 20 have crossed when the force has carried them from -20.
    crossing = {"grid.kx": [END - 1.0, END, 2], "time.stop": 2 * (END - 0.25) / FORCE}
    swept = study.evolve("levels.toml", crossing)
    found = swept.projections()[0, 1, -1]
    numbers = swept.system.grid.momentum[1].centres
    for n, read in zip(numbers, found, strict=True):
        p, mass = float(probability(n)), np.sqrt(2 * n * B)
        trembles = 2 * FORCE * mass / (4 * (END - 0.25) ** 3) * np.sqrt(p * (1 - p))
        study.compare(f"P, n = {n:g}", read, p, 1.1 * trembles + 4e-8, SOURCE)
    k = levels.system.grid.momentum[0].centres
    study.data.update(times=times, grown=np.array(grown), k=k)
    study.data.update(n=levels.projections()[0], chiral=chiral.projections()[0, 0])


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.5)
    left, right = page.subplots(1, 2)
    times, k = study.data["times"], study.data["k"]
    left.plot(times, 1e3 * study.data["grown"], "o", color=style.BLUE, label="levels summed")
    left.plot(
        times,
        1e3 * FORCE * B * times / (4 * np.pi**2),
        color=style.GREY,
        label="$eb\\,t/4\\pi^2$",
    )
    left.set(xlabel="$t$", ylabel=r"$10^3\,(\rho - \rho_{eq})$")
    left.legend()
    inside = np.abs(k) < END
    right.plot(k[inside], study.data["chiral"][inside], color=style.BLACK, label="chiral level")
    for n in range(3):
        upper = study.data["n"][1][inside, n]
        right.plot(k[inside], upper, color=style.CYCLE[n], label=f"$n_+$, level {n + 1}")
        right.axhline(probability(n + 1.0), color=style.CYCLE[n], linestyle=":", linewidth=0.8)
    right.set(xlabel="$k_z$", ylabel="occupation")
    right.legend()
    return page
