"""Snapshots of f_s and n_s, and of the matrix n̂ and its coherence, whole or thinned out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinetic.errors import InputError, suggestion
from kinetic.grid import Array
from kinetic.observables.base import Recorder, described, momenta
from kinetic.observables.coherent import coherent
from kinetic.registry import Description, construct
from kinetic.storage import Variable

if TYPE_CHECKING:
    from kinetic.evolution import Evolution

BAND_NAMES = ("lower", "upper")
_TITLES = {
    "occupation": ("occupation f_s", "f_s"),
    "band_projection": ("band projection n_s", "n_s = f_s + ¼F (f_+ - f_-)"),
    "coherence_vector": ("coherence between the bands", "n_⊥ = 2 [n - m (m·n)]"),
    "wigner": ("matrix Wigner function", "n̂ = n₀ + n·σ"),
}
_ENTRIES = {"coherence_vector": "component", "wigner": "pauli"}  # instead of the bands


@dataclass(frozen=True)
class Snapshots(Description):
    """f_s(r, k), n_s(r, k) and the matrix n̂(r, k) of valleys and bands at chosen times

    Parameters
    ----------
    variables
        Any of 'occupation' (f_s) and 'band_projection' (n_s); at levels with coherences also
        'coherence_vector' (n_⊥) and 'wigner' (n₀, n_x, n_y, n_z).
    stride
        Every how many cells: one number, or one per axis ({kx = 2}).  A thinned x is called
        snapshot_x in the result.
    select
        Planes and bands: {kz = 0.0} takes the cells nearest to that plane, {x = 1.0} those
        nearest to that place, {band = "upper"} one band, {valley = "K"} one valley.
    """

    kind = "snapshots"

    variables: Any = ("occupation",)
    stride: Any = 1
    select: Any = None

    def __post_init__(self) -> None:
        names = [self.variables] if isinstance(self.variables, str) else list(self.variables)
        for name in names:
            if name not in _TITLES:
                raise InputError(f"variables: {name!r}: {suggestion(str(name), _TITLES)}")
        if not names:
            raise InputError(f"variables is empty: take {' or '.join(_TITLES)}.")
        object.__setattr__(self, "variables", tuple(dict.fromkeys(names)))
        strides = self.stride.values() if isinstance(self.stride, Mapping) else [self.stride]
        if not all(isinstance(s, int) and not isinstance(s, bool) and s > 0 for s in strides):
            raise InputError(f"stride = {self.stride!r} must be a whole number above 0.")
        if self.select is not None and not isinstance(self.select, Mapping):
            raise InputError(f"select = {self.select!r} must be a table such as {{kz = 0.0}}.")

    def build(self, evolution: Evolution) -> Recorder:
        """The recorder.

        Raises
        ------
        InputError
            If an axis, band or valley is not there, or the level has no coherences.
        """
        equation = evolution.system.equation
        for name in self.variables:
            if name in _ENTRIES and not equation.coherent:
                raise InputError(
                    f"[output.snapshots] variables: '{name}' is for the levels 'matrix' and "
                    f"'moyal'; level '{equation.level}' has no coherences."
                )
        axes = evolution.system.grid.axes
        names = [axis.name for axis in axes]
        select = dict(self.select or {})
        for key in select:
            if key not in (*names, "band", "valley"):
                raise InputError(
                    f"[output.snapshots] select.{key}: "
                    f"{suggestion(key, (*names, 'band', 'valley'))}"
                )
        labels = [valley.label for valley in evolution.system.hamiltonian.valleys()]
        index: list[Any] = []
        dims: list[str] = []
        attributes: dict[str, Any] = {}
        for key, choices in (("valley", labels), ("band", list(BAND_NAMES))):
            if key not in select:
                index.append(slice(None))
                dims.append(key)
                continue
            index.append(_choice(key, select[key], choices))
            attributes[key] = choices[index[-1]]
        coordinates: dict[str, Any] = {}
        for axis in axes:
            about = described(axis)
            if axis.name in select:
                wanted = _number(axis.name, select[axis.name], axis.edges[0], axis.edges[-1])
                cell = int(np.argmin(np.abs(axis.centres - wanted)))
                index.append(cell)
                name = f"snapshot_{axis.name}" if axis.spatial else axis.name
                coordinates[name] = ((), float(axis.centres[cell]), about)
                continue
            first = self._offset(axis.name, axis.cells, names)
            thinned = slice(first, None, self._step(axis.name))
            # Densities have whole axes of real space beside those of the snapshots.
            own = axis.spatial and self._step(axis.name) > 1
            name = f"snapshot_{axis.name}" if own else axis.name
            index.append(thinned)
            dims.append(name)
            coordinates[name] = ((name,), axis.centres[thinned], about)
        if "wigner" in self.variables:
            coordinates["pauli"] = (("pauli",), ["0", "x", "y", "z"], {"long_name": "of σ_μ"})
        # Instead of the bands, also where one of them is chosen, there are all components.
        place = 1 if "valley" in dims else 0
        rest = [dim for dim in dims if dim != "band"]
        without = {key: value for key, value in attributes.items() if key != "band"}
        whole = [index[0], slice(None), *index[2:]]
        rows, picks = [], {}
        for name in self.variables:
            (title, formula), entry = _TITLES[name], _ENTRIES.get(name)
            names, about = (dims, attributes) if entry is None else (list(rest), without)
            if entry is not None:
                names.insert(place, entry)
            picks[name] = tuple(index if entry is None else whole)
            rows.append(Variable(name, tuple(names), "1", title, {"formula": formula, **about}))

        def measure() -> dict[str, Any]:
            values = _values(evolution, self.variables)
            return {name: values[name][picks[name]].copy() for name in self.variables}

        return Recorder(tuple(rows), measure, coordinates)

    def _step(self, name: str) -> int:
        if isinstance(self.stride, Mapping):
            return int(self.stride.get(name, 1))
        return int(self.stride)

    def _offset(self, name: str, cells: int, names: list[str]) -> int:
        """First cell taken: the thinned cells lie as evenly about the centre as they can."""
        if isinstance(self.stride, Mapping):
            for key in self.stride:
                if key not in names:
                    raise InputError(
                        f"[output.snapshots] stride.{key}: {suggestion(str(key), names)}"
                    )
        return ((cells - 1) % self._step(name)) // 2


def _choice(key: str, wanted: Any, choices: list[str]) -> int:
    """Index of a band or valley given by name or number."""
    if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < len(choices):
        return wanted
    if wanted not in choices:
        raise InputError(
            f"[output.snapshots] select.{key} = {wanted!r}: {suggestion(str(wanted), choices)}"
        )
    return choices.index(wanted)


def _number(key: str, wanted: Any, lower: float, upper: float) -> float:
    good = isinstance(wanted, int | float) and not isinstance(wanted, bool)
    if not good or not lower <= wanted <= upper:
        raise InputError(
            f"[output.snapshots] select.{key} = {wanted!r} must be a number between "
            f"{lower:.6g} and {upper:.6g}."
        )
    return float(wanted)


def _values(evolution: Evolution, names: Sequence[str]) -> dict[str, Array]:
    """Variables of all cells.  name → (valley, band or component, *sites, *k)"""
    quantum = coherent(evolution)
    if quantum is None:
        f = np.asarray(evolution.transport.occupation())
        values = {"occupation": f}
        if "band_projection" in names:
            values["band_projection"] = band_projection(evolution, f)
        return {name: momenta(evolution, value) for name, value in values.items()}
    n = quantum.wigner()
    read: dict[str, Callable[[Array], Array]] = {
        "occupation": quantum.occupations,
        "band_projection": quantum.projections,
        "coherence_vector": quantum.coherence,
        "wigner": np.asarray,
    }
    return {name: read[name](n) for name in names}


def band_projection(evolution: Evolution, f: Array) -> Array:
    """n_s of every cell from f_s (u itself in `projected`).  (valley·site·band, A, B, C)"""
    level = evolution.system.equation.level
    if level == "boltzmann":
        return f
    if level == "projected":
        return np.asarray(evolution.densities())
    shift = 0.25 * evolution.transport.dressing * (f[1::2] - f[0::2])
    return np.asarray(f + np.repeat(shift, 2, axis=0))


def snapshot_recorder(evolution: Evolution, table: Mapping[str, Any]) -> Recorder:
    """The recorder of the `[output.snapshots]` table (without its `every`)."""
    return construct(Snapshots, table, "output.snapshots").build(evolution)
