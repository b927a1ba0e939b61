"""SI scales of a run: one unit of energy, of length, and the charge of the carrier.

T = ħ_SI/(ħ E),  e-unit = E/(L|q|),  b-unit = E T/(L²|q|),  j-unit = |q| L^(1−d)/T,
σ-unit = j-unit / e-unit.  They are attributes of the result and labels of a plot; no number
of the run depends on them.

Source of the constants: exact values of the SI (BIPM, 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kinetic.errors import InputError, suggestion

ELEMENTARY_CHARGE = 1.602176634e-19  # C
PLANCK_REDUCED = 6.62607015e-34 / 6.283185307179586  # J s
ENERGIES = {"eV": ELEMENTARY_CHARGE, "meV": 1e-3 * ELEMENTARY_CHARGE, "J": 1.0}
LENGTHS = {"m": 1.0, "um": 1e-6, "nm": 1e-9, "angstrom": 1e-10}


@dataclass(frozen=True)
class Units:
    """What one unit of energy and of length is, and the charge of the carrier in e.

    Parameters
    ----------
    energy, length
        A unit ("meV") or a multiple of one ("10 meV").
    charge
        Carrier charge in units of the elementary charge; electrons have −1.
    """

    energy: str = "eV"
    length: str = "nm"
    charge: float = -1.0

    def __post_init__(self) -> None:
        _quantity("energy", self.energy, ENERGIES)
        _quantity("length", self.length, LENGTHS)
        if isinstance(self.charge, bool) or not isinstance(self.charge, int | float):
            raise InputError(f"[units] charge = {self.charge!r} is not a number.")
        if self.charge == 0:
            raise InputError("[units] charge = 0: the carriers must be charged.")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Units:
        """Read the `[units]` table."""
        known = ("energy", "length", "charge")
        for key in table:
            if key not in known:
                raise InputError(f"[units] {key}: no such key; {suggestion(key, known)}")
        return cls(**table)

    def scales(self, dimensions: int, hbar: float = 1.0) -> dict[str, tuple[float, str]]:
        """SI value and unit of one program unit of each quantity (`dimensions`: of k)."""
        energy = _quantity("energy", self.energy, ENERGIES)
        length = _quantity("length", self.length, LENGTHS)
        charge = abs(self.charge) * ELEMENTARY_CHARGE
        time = PLANCK_REDUCED / (hbar * energy)
        electric = energy / (length * charge)
        current = charge * length ** (1 - dimensions) / time
        return {
            "energy": (energy, "J"),
            "length": (length, "m"),
            "time": (time, "s"),
            "momentum": (energy * time / length, "kg m/s"),
            "density": (length**-dimensions, f"m^-{dimensions}"),
            "electric_field": (electric, "V/m"),
            "magnetic_field": (energy * time / (length**2 * charge), "T"),
            "current_density": (current, "A" + _power(1 - dimensions)),
            "conductivity": (current / electric, "S" + _power(2 - dimensions)),
            "carrier_charge": (self.charge * ELEMENTARY_CHARGE, "C"),
        }

    def attributes(self, dimensions: int, hbar: float = 1.0) -> dict[str, float | str]:
        """The scales as attributes of a result: `si_time` and `si_time_unit`, and so on."""
        attributes: dict[str, float | str] = {}
        for name, (value, unit) in self.scales(dimensions, hbar).items():
            attributes[f"si_{name}"] = value
            attributes[f"si_{name}_unit"] = unit
        return attributes


def _power(exponent: int) -> str:
    """' m^-1' and so on; nothing for m^0."""
    if exponent == 0:
        return ""
    return " m" if exponent == 1 else f" m^{exponent}"


def _quantity(name: str, text: object, known: Mapping[str, float]) -> float:
    """The SI value of "meV" or "10 meV"."""
    if not isinstance(text, str) or not text.split():
        raise InputError(
            f"[units] {name} = {text!r}: write a unit such as '{next(iter(known))}'."
        )
    *factor, unit = text.split()
    if unit not in known:
        raise InputError(
            f"[units] {name} = {text!r}: no such unit '{unit}'; {suggestion(unit, known)}"
        )
    try:
        value = float(factor[0]) if factor else 1.0
    except ValueError:
        value = -1.0
    if len(factor) > 1 or not 0 < value < float("inf"):
        raise InputError(
            f"[units] {name} = {text!r}: write a unit or a multiple such as '10 {unit}'."
        )
    return value * known[unit]
