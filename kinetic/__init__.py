"""kinetic: band-projected quantum kinetics of two-band electrons on a phase-space grid.

`kinetic.Simulation.from_file("runs/weyl_chiral_anomaly.toml").run()` returns an xarray.Dataset.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kinetic.errors import InputError, KineticError, OutputError, PhysicsError, UserCodeError
    from kinetic.simulation import Simulation, StopRun

__version__ = "0.1.0"
__all__ = [
    "InputError",
    "KineticError",
    "OutputError",
    "PhysicsError",
    "Simulation",
    "StopRun",
    "UserCodeError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Heavy names on demand: `kinetic --help` must not import numba."""
    if name in ("Simulation", "StopRun"):
        return getattr(importlib.import_module("kinetic.simulation"), name)
    if name in __all__:
        return getattr(importlib.import_module("kinetic.errors"), name)
    raise AttributeError(f"kinetic has no '{name}'; it has {', '.join(sorted(__all__))}.")
