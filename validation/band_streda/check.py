"""Per-band Středa response: half and half in n_s, all in the filled band in g_s.

    ∂ₜn_s = +¼ n_z B_k·ḃ ,    ∂ₜg_s = -q_s f_s B_k·ḃ

Reference: Wong and Tserkovnyak, Eq. (44) as corrected; m = .5, gap, δb = .01, Λ → ∞:
δn_± = -3.97887e-4 each, δg_- = -7.95775e-4, δg_+ = 0.  In the box |k_x|, |k_y| < 10 the factor
is (2/π) atan(Λ²/(m √(m² + 2Λ²))).

Tolerances. b(t) = δb sin²ωt: the third-order stepper integrates ḃ by Simpson's rule, over the
ramp with the error (Δt⁴/2880)·[d⁴b/dt⁴] = 16 δb (ωΔt)⁴/2880, which is 5.6e-11 δb at Δt = .2, ω
= .05. The charge held by the sea in this box is 10.1, and the ledger is asked to close to 1e-14
of it: 1e-13. In g_s, f = (1, 0) is exact. n_s is correct to first order in F: terms of second
order may move charge between the bands, less than F²_max = (b/m²)² = 1.6e-3 of it; their sum
has no such term.
"""

from __future__ import annotations

import numpy as np

from kinetic.validating import Study, advance

TITLE = "per-band Středa response, b(t) evolved in both levels"
SOURCE = "Wong, Tserkovnyak (44) corr."


def bands(evolution, start: np.ndarray) -> np.ndarray:
    """Change of the charge of each band."""
    change = (evolution.densities() - start) * evolution.mesh.volumes
    return change.reshape(2, -1).sum(axis=1) / evolution.phase_space


def check(study: Study) -> None:
    mass, cutoff, b = 0.5, 10.0, 0.01
    total = -np.arctan(cutoff**2 / (mass * np.sqrt(mass**2 + 2 * cutoff**2))) / np.pi
    total *= b / (2 * np.pi)
    # Λ → ∞: what the box lacks is known in closed form.
    factor = -0.25 * b / np.pi / total
    expected = {"dressed": (total, 0.0), "projected": (0.5 * total, 0.5 * total)}
    study.data["time"] = np.linspace(0.0, 10 * np.pi, 26)
    for level, reference in expected.items():
        run = study.evolution("ramp.toml", {"equation.level": level, "time.step": 0.2})
        history, start = [], run.densities()
        for time in study.data["time"]:
            advance(run, time)
            history.append(bands(run, start))
        study.data[level] = np.array(history)
        exact_sum = 5.6e-11 * abs(total) + 1e-14 * abs(run.charge_held())
        variable = "g" if level == "dressed" else "n"
        for name, value, exact in zip(("-", "+"), history[-1], reference, strict=True):
            tolerance = exact_sum if level == "dressed" else (b / mass**2) ** 2 * abs(total)
            study.compare(
                f"δ{variable}_{name}, Λ → ∞", value * factor, exact * factor, tolerance, SOURCE
            )
        name = f"δ{variable}_- + δ{variable}_+, Λ → ∞"
        study.compare(name, history[-1].sum() * factor, -0.25 * b / np.pi, exact_sum, SOURCE)


def figure(study: Study):
    from kinetic.plotting import style

    page = style.canvas(2 * style.COLUMN, 2.4)
    axes = page.subplots(1, 2, sharey=True)
    for axis, level, symbol in zip(axes, ("dressed", "projected"), "gn", strict=True):
        values = study.data[level] * 1e4
        axis.plot(
            study.data["time"], values[:, 0], color=style.BLUE, label=rf"$\delta {symbol}_-$"
        )
        axis.plot(
            study.data["time"],
            values[:, 1],
            "--",
            color=style.VERMILLION,
            label=rf"$\delta {symbol}_+$",
        )
        axis.plot(study.data["time"], values.sum(1), ":", color=style.BLACK, label="sum")
        axis.set(xlabel="time $t$", title=f"level {level}", xlim=(0, 10 * np.pi))
        axis.legend()
    axes[0].set_ylabel(r"charge of the band  ($10^{-4}$ per area)")
    return page
