"""Where a result comes from: run text, versions, equation, and why the run stopped."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kinetic import config, reporting
from kinetic.assembly import Assembly
from kinetic.checkpoint import Checkpoint, path_of
from kinetic.contributed import require
from kinetic.errors import InputError, KineticError, suggestion
from kinetic.netcdf import attributes_of
from kinetic.storage import FORMAT_VERSION


@dataclass(frozen=True)
class Origin:
    """Where a run comes from: its text, what that could not hold, files of the user's classes."""

    text: str
    incomplete: list[str]
    title: str
    contributed: dict[str, str] = field(default_factory=dict)


def attributes_from(assembly: Assembly, origin: Origin, evolution: Any) -> dict[str, Any]:
    """The global attributes of a result that do not change while it is made."""
    system, text = evolution.system, origin.text
    own = getattr(evolution, "attributes", None)
    units = assembly.units
    hbar = float(getattr(system.equation, "hbar", 1.0))
    contributed = "\n".join(f"{n} sha256 {digest}" for n, digest in origin.contributed.items())
    return {
        "title": origin.title,
        "format_version": FORMAT_VERSION,
        "level": str(getattr(system.equation, "level", "")),
        "equation": reporting.describe(evolution),
        "run": text,
        "run_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "stopped": "running",
        **_versions(),
        **({"contributed": contributed} if contributed else {}),
        **(units.attributes(system.grid.dimensions, hbar) if units else {}),
        **(own() if own is not None else {}),
    }


def resumed(
    path: Path, checkpoint: Checkpoint, overrides: Iterable[str], objects: Mapping[str, Any]
) -> dict[str, Any]:
    """The tables of a run that goes on from its checkpoint.

    Raises
    ------
    InputError
        If the checkpoint belongs to another result, if an override touches the physics, or
        if a Python object or a file of the user's classes is missing.
    """
    overrides = list(overrides)
    for assignment in overrides:
        key = assignment.partition("=")[0].strip()
        if key not in config.RESUMABLE:
            raise InputError(
                f"--set {key}: a resumed run keeps its physics and its schema; "
                f"{suggestion(key, config.RESUMABLE)}"
            )
    if not checkpoint.fresh and attributes_of(path).get("run_id") != checkpoint.run_id:
        raise InputError(f"{path_of(path)} is the checkpoint of another run than {path}.")
    require(checkpoint.contributed, path)
    missing = [name for name in checkpoint.incomplete if name not in objects]
    if missing:
        raise InputError(
            f"{path} was made in Python with an object for '{missing[0]}' that no run file "
            f"can hold: use Simulation.resume(path, {missing[0]}=...)."
        )
    run = config.override(config.parse(checkpoint.run), overrides)
    return {**run, **objects}


def _versions() -> dict[str, str]:
    packages = ("kinetic", "numpy", "numba", "netCDF4")
    versions = {"python_version": platform.python_version()}
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[f"{package.lower()}_version"] = importlib.metadata.version(package)
    return versions


def now() -> str:
    """Date and time, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def why(error: BaseException) -> str:
    """Why a run ended, in the words of what ended it."""
    words = str(error).strip() or type(error).__name__
    return words if isinstance(error, KineticError | KeyboardInterrupt) else f"failed: {words}"
