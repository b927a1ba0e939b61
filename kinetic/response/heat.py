"""Heat: α, Seebeck, Peltier, κ and the Lorenz number from answers to e and to -∇T."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinetic.errors import InputError
from kinetic.grid import Array
from kinetic.response.collected import Numbers
from kinetic.response.gradient import intrinsic
from kinetic.response.probe import Probe, Steps
from kinetic.response.result import unit
from kinetic.response.transform import dying

_CONDUCTS = 1e-9  # of the largest element of σ: below there is no Lorenz number


def require(probe: Probe) -> None:
    """Refuse what has no heat current of this kind."""
    probe.bath()
    equation = probe.pieces["equation"]
    if np.any(probe.b) and equation.berry and probe.dimensions == 3:
        raise InputError(
            "thermoelectric responses with Berry curvature and b in three dimensions are not "
            "known here: set B = 0, or level = 'boltzmann'."
        )


def thermoelectric(
    probe: Probe,
    numbers: Numbers,
    answers: Sequence[Steps],
    sigma: Array,
    wrong_sigma: Array,
) -> None:
    """α, S, Π_e, κ and L from -∇T, with α beside its Onsager partner."""
    d, (_, temperature) = probe.dimensions, probe.bath()
    gradients = [probe.answer(j, heat=True, thermal=True, errors=False) for j in range(d)]
    berry_heat, berry_conduction = (
        matrix[:d, :d] for matrix in intrinsic(probe.evolution(), *probe.bath())
    )
    lasting = []  # what scattering lets through, without what e itself makes of the sea
    for found, first in ((answers, True), (gradients, False)):
        for part in (slice(0, d), slice(3, 3 + d)):
            values = np.stack([a.value[:, part] for a in found], axis=-1)
            size = float(np.abs(values).max())
            rest = np.array(
                [[dying(values[:, i, j], size)[1] for j in range(d)] for i in range(d)]
            )
            lasting.append((values[-1] - (values[0] if first else 0.0), rest))
    (_, _), (peltier, wrong_peltier), (seebeck, wrong_seebeck), (heat, wrong_heat) = lasting
    # of -∇T/T and e: the symmetric parts are one and the same
    symmetric = 0.5 * np.abs(seebeck + seebeck.T - peltier - peltier.T)
    if np.any(probe.b):
        symmetric = np.diag(np.diag(symmetric))
    mismatch = float(symmetric.max())
    wrong = wrong_seebeck + wrong_peltier + mismatch
    alpha = ((seebeck + berry_heat) / temperature, wrong / temperature)
    heating = (peltier + berry_heat, wrong)
    conduction = ((heat + berry_conduction) / temperature, wrong_heat / temperature)
    relative = float(np.abs(wrong_sigma).max() / np.abs(sigma).max())
    conduction[1][...] += relative * np.abs(conduction[0]).max()
    own = (sigma, wrong_sigma)
    scale = float(np.abs(alpha[0]).max())
    agrees = f"Onsager to {mismatch / temperature / scale:.1e}" if scale else ""
    numbers.elements("alpha", "α", *alpha, unit(d), agrees)
    for i, x in enumerate(probe.names):
        numbers.made(
            f"seebeck_{x}{x}",
            f"S_{x}{x}",
            lambda s, a, i=i: float(np.linalg.solve(s, a)[i, i]),
            [own, alpha],
            "1",
            "k_B/q",
        )
        numbers.made(
            f"peltier_{x}{x}",
            f"Π_{x}{x}",
            lambda s, p, i=i: float((p @ np.linalg.inv(s))[i, i]),
            [own, heating],
            "energy",
            "over q",
        )
        for j, y in enumerate(probe.names):
            numbers.made(
                f"kappa_{x}{y}",
                f"κ_{x}{y}",
                lambda s, a, p, k, i=i, j=j: float((k - p @ np.linalg.solve(s, a))[i, j]),
                [own, alpha, heating, conduction],
                unit(d) + " energy",
            )
        if abs(sigma[i, i]) > _CONDUCTS * float(np.abs(sigma).max()):
            numbers.made(
                f"lorenz_{x}{x}",
                f"L_{x}{x}",
                lambda s, a, p, k, i=i: float(
                    (k - p @ np.linalg.solve(s, a))[i, i] / (s[i, i] * temperature)
                ),
                [own, alpha, heating, conduction],
                "1",
                f"κ/σT; π²/3 = {np.pi**2 / 3:.6f} at low T",
            )
