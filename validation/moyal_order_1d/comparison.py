"""Runs of the program beside exact runs: n_s at common points, errors against ħ, orders.

Exact: level `moyal`.  The other levels hold averages over momentum cells on a finer grid: the
average over a cell is undone mode by mode, f̂_κ ½κh/sin ½κh, their own variable is mapped to n_s
and carried to the exact run's points by its Fourier series.  A run at −ħ is a run at ħ with the
complex conjugate of H and of n̂: d_y → −d_y, the same n_s.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from gradient_forms import Array, Geometry, Texture, Torus, coherence, projected, root_mean_square

from kinetic.validating import Study, orders

STEP = 0.3  # Δt/ħ of the exact runs
KINETIC = {"equation__scheme": "linear5", "equation__limiter": "none"}
HELD = {"dressed": "g_s and the map", "projected": "", "boltzmann": ""}


class Problem:
    """A run file: its texture on the exact run's points, its initial f_s, its runs.

    Parameters
    ----------
    study
        The case.
    file
        The run file, level `moyal`.
    points
        Per axis of the exact run; None as in the file.
    """

    def __init__(self, study: Study, file: str, points: int | None = None) -> None:
        self.study, self.file = study, file
        tables = study.tables(file)
        grid = tables["grid"]
        self.axes = list(grid)
        self.pairs = len(self.axes) // 2
        self.points = points or grid[self.axes[0]][2]
        self.ends = {name: axis[:2] for name, axis in grid.items()}
        self.formulas = tables["hamiltonian"]["d0"], tables["hamiltonian"]["d"]
        self.initial = tables["initial"]
        self.stop = float(tables["time"]["stop"])
        self.torus, self.texture = self.laid_on(self.points, 1)

    def laid_on(self, points: int, sign: int) -> tuple[Torus, Texture]:
        """The texture on another grid, or its complex conjugate."""
        torus = Torus(self.pairs, points)
        d0, d = self.formulas
        return torus, Texture(torus, d0, _conjugate(d) if sign < 0 else d)

    def occupations(self) -> Array:
        """f_s at the points at the start.  (2, ...)"""
        names = self.axes
        table = {name: sympy.Symbol(name, real=True) for name in names}
        shape = (self.points,) * len(names)
        found = []
        for band in ("lower", "upper"):
            formula = sympy.sympify(self.initial[band], table)
            value = sympy.lambdify([table[n] for n in names], formula, "numpy")
            found.append(np.broadcast_to(value(*self.torus.coordinates), shape))
        return np.stack(found)

    def start(self, hbar: float) -> Array:
        """n_s = f_s + ¼F (f_+ − f_-) at the points at the start; ħ of either sign."""
        f = self.occupations()
        field = Geometry(self.texture, 0.0, hbar).F
        return np.asarray(f + 0.25 * field * (f[1] - f[0]))

    def changes(self, hbar: float, points: int, **more: Any) -> dict[str, Any]:
        """Entries of the tables for one run."""
        d = self.formulas[1]
        found: dict[str, Any] = {
            "equation.hbar": abs(hbar),
            "hamiltonian.d": _conjugate(d) if hbar < 0 else d,
        }
        for name, ends in self.ends.items():
            found[f"grid.{name}"] = [*ends, points]
        return {**found, **{key.replace("__", "."): value for key, value in more.items()}}

    # --- exact ----------------------------------------------------------------------------

    def exact_run(self, hbar: float, step: float = STEP, **more: Any) -> Any:
        """The evolution at its stop."""
        more = {"time__step": step * abs(hbar), **more}
        return self.study.evolve(self.file, self.changes(hbar, self.points, **more))

    def exact(self, hbar: float, step: float = STEP) -> tuple[Array, Array]:
        """n_s and the error of the coherence (20), n_⊥ less what (20) makes of n_s."""
        run = self.exact_run(hbar, step)
        return self.read(run, hbar)

    def read(self, run: Any, hbar: float) -> tuple[Array, Array]:
        """n_s and n_⊥ − (20) of an exact run, at the run's time."""
        n = np.array(run.wigner()[0])
        if hbar < 0:
            n[2] = -n[2]
        geometry = Geometry(self.texture, run.time, hbar)
        along = (geometry.m * n[1:]).sum(axis=0)
        bands = np.stack([n[0] - along, n[0] + along])
        apart = 2 * (n[1:] - geometry.m * along) - coherence(geometry, bands)
        return bands, apart

    # --- the other levels -----------------------------------------------------------------

    def level(self, name: str, hbar: float, cells: int, stepper: str = "ssprk104") -> Array:
        """n_s at the points from a run of the program at another level."""
        more: dict[str, Any] = {"equation__level": name}
        if name in HELD:
            more |= {"time__stepper": stepper, **KINETIC}
        run = self.study.evolve(self.file, self.changes(hbar, cells, **more))
        if name not in HELD:
            bands = run.projections()[0]
        else:
            shape = [cells] * self.pairs
            u = run.transport.u.reshape(*shape, 2, *shape)
            u = _at_centres(np.moveaxis(u, self.pairs, 0), self.pairs)
            _, texture = self.laid_on(cells, -1 if hbar < 0 else 1)
            field = Geometry(texture, self.stop, abs(hbar)).F
            bands = projected(HELD[name], u, field)
        return resampled(bands, self.points, 2 * self.pairs)


def _conjugate(d: list[str]) -> list[str]:
    return [d[0], f"-({d[1]})", d[2]]


def _at_centres(u: Array, count: int) -> Array:
    """From averages over cells along the last `count` axes to values at their centres."""
    for axis in range(-count, 0):
        n = u.shape[axis]
        q = np.fft.rfftfreq(n, 1.0 / n)
        shape = [1] * u.ndim
        shape[axis] = -1
        modes = np.fft.rfft(u, axis=axis) / np.sinc(q / n).reshape(shape)
        u = np.fft.irfft(modes, n, axis=axis)
    return u


def resampled(f: Array, points: int, count: int) -> Array:
    """The Fourier series along the last `count` axes at the centres of a coarser grid."""
    for axis in range(-count, 0):
        n = f.shape[axis]
        if n == points:
            continue
        q = np.arange((points + 1) // 2)
        shape = [1] * f.ndim
        shape[axis] = -1
        turn = np.exp(1j * np.pi * q * (1.0 / points - 1.0 / n)).reshape(shape)
        modes = np.take(np.fft.rfft(f, axis=axis), q, axis=axis) * turn
        f = np.fft.irfft(modes, points, axis=axis) * (points / n)
    return f


class Errors:
    """Errors of n_s by name for a falling sequence of ħ, and their parts odd in ħ.

    Each name has its own ħ, every one half of the one before.
    """

    def __init__(self) -> None:
        self.hbar: dict[str, list[float]] = {}
        self.whole: dict[str, list[float]] = {}
        self.odd: dict[str, list[float]] = {}

    def add(self, name: str, hbar: float, apart: Array, mirrored: Array | None = None) -> None:
        """Deviations at ħ, and at −ħ."""
        self.hbar.setdefault(name, []).append(hbar)
        self.whole.setdefault(name, []).append(root_mean_square(apart))
        if mirrored is not None:
            self.odd.setdefault(name, []).append(root_mean_square(0.5 * (apart - mirrored)))

    def order(self, name: str, odd: bool = False) -> float:
        """Observed order over the last halving."""
        return float(orders((self.odd if odd else self.whole)[name][-2:])[0])

    def last(self, name: str, odd: bool = False) -> float:
        """Error at the smallest ħ."""
        return (self.odd if odd else self.whole)[name][-1]
