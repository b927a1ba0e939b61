"""Formulas become functions: generated numpy modules, kept in a cache under their hash.

A module in the cache is loaded without sympy.  Modules are trusted only if they belong to
this user, nobody else may write them, and their checksum is right; otherwise they are made
again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.expressions import parse

GENERATOR = 1
"""Raised whenever the generated code changes."""

Outputs = tuple[tuple[str, str], ...]
"""(formula, variable): the derivative by that variable, or the value if it is ''; 'x,t' is the
derivative by x and by t."""


@lru_cache(maxsize=1024)
def compiled(
    arguments: tuple[str, ...], outputs: Outputs
) -> Callable[..., tuple[Any, ...]]:
    """The function of `arguments` that returns all `outputs`, made once per user.

    Parameters
    ----------
    arguments
        Names of variables and parameters, in calling order.
    outputs
        (formula, variable) pairs, see `Outputs`.

    Returns
    -------
    function
        Takes floats or broadcastable arrays; each output broadcasts to their common shape
        (an output that does not depend on an argument is not expanded along it).  It is
        silent: what is not finite is for the caller to judge.

    Raises
    ------
    InputError
        If a formula is not allowed.
    """
    for source, _ in outputs:
        parse(source, arguments)
    key = json.dumps([GENERATOR, arguments, outputs], separators=(",", ":"))
    name = f"kernel_{hashlib.sha256(key.encode()).hexdigest()[:40]}.py"
    text = next(filter(None, (_read(folder / name) for folder in cache_folders())), None)
    if text is None:
        from kinetic import (
            symbols,
        )  # slow: sympy, needed only for formulas never seen before

        text = symbols.generate(arguments, outputs)
        any(_write(folder / name, text) for folder in cache_folders())
    namespace: dict[str, Any] = {"__name__": name[:-3]}
    exec(compile(text, name, "exec"), namespace)
    function = namespace["evaluate"]

    def evaluate(*values: Any) -> tuple[Any, ...]:
        with np.errstate(all="ignore"):
            # np.float64 rather than float: 1/0 is inf there, not an exception
            return function(*(np.float64(v) if np.isscalar(v) else v for v in values))  # type: ignore[no-any-return, arg-type]

    return evaluate


def cache_folders() -> tuple[Path, Path]:
    """Where modules are kept: KINETIC_CACHE_DIR or the user's cache; a temporary one."""
    chosen = os.environ.get("KINETIC_CACHE_DIR")
    if chosen:
        first = Path(chosen)
    elif sys.platform == "darwin":
        first = Path("~/Library/Caches/kinetic")
    elif sys.platform == "win32":
        first = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")) / "kinetic"
    else:
        first = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "kinetic"
    try:
        first = first.expanduser()
    except RuntimeError:
        first = Path(tempfile.gettempdir()) / "kinetic"
    return first, Path(tempfile.gettempdir()) / f"kinetic-{_user()}"


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _read(path: Path) -> str | None:
    """The module's text, or None if it is missing, damaged or not only ours."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read()
    except OSError:
        return None
    foreign = hasattr(os, "getuid") and (
        status.st_uid != os.getuid() or status.st_mode & 0o022
    )
    body, _, seal = data.rpartition(b"# sha256 ")
    if (
        foreign
        or seal.strip().decode("ascii", "replace") != hashlib.sha256(body).hexdigest()
    ):
        return None
    return body.decode("utf-8")


def _write(path: Path, text: str) -> bool:
    """Put the module in place in one step; False if that is not possible."""
    body = text.encode("utf-8")
    seal = f"# sha256 {hashlib.sha256(body).hexdigest()}\n".encode()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body + seal)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        return False
    return True
