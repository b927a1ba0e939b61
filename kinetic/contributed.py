"""Classes of a user's own Python file: `--with FILE` reads it, a run file alone never does.

Reading it defines its classes, which registers them: afterwards a run file can name them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import logging
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kinetic.assembly import Assembly, load_all
from kinetic.errors import InputError, KineticError, UserCodeError
from kinetic.files import reason
from kinetic.registry import Description, kinds

_log = logging.getLogger("kinetic")
_read: set[str] = set()  # files, as their code objects name them


def read(path: str | Path) -> None:
    """Run a Python file, so that its classes enter the registry.

    Raises
    ------
    InputError
        If there is no such file, it fails (naming its line), it defines nothing that a run file
        could name, or it takes a name that is taken.
    """
    given, path = path, Path(path).resolve()
    if path.suffix != ".py":
        raise InputError(f"--with {given}: a file of your own classes ends in .py.")
    try:
        path.read_bytes()
    except OSError as error:
        raise InputError(f"--with {given} cannot be read: {reason(error)}.") from None
    load_all()  # so that a name that is taken is found out
    before = kinds()
    name = f"contributed_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _read.add(str(path))
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # what it imports may lie beside it
    try:
        spec.loader.exec_module(module)
    except (KeyboardInterrupt, KineticError):
        raise
    except BaseException as error:
        raise UserCodeError(blamed(error) or f"--with {given}: {_words(error)}") from None
    new = [
        (kind, leaf)
        for kind, leaves in kinds().items()
        for leaf in leaves.values()
        if leaf.__module__ == name
    ]
    if not new:
        raise InputError(
            f"--with {given}: it defines no class that a run file could name; derive one from "
            "kinetic.collisions.base.Collision (or Hamiltonian, Initial, Observable) and give it "
            "a 'name'."
        )
    for kind, leaf in new:
        _check(kind, leaf, before.get(kind, {}).get(leaf.name), given)


def _check(
    kind: str, leaf: type[Description], taken: type[Description] | None, given: str | Path
) -> None:
    """Refuse a class that is no dataclass, or that has the name of another one."""
    if "__dataclass_fields__" not in leaf.__dict__ or not dataclasses.is_dataclass(leaf):
        raise UserCodeError(
            f"--with {given}: write @dataclass(frozen=True) above the class {leaf.__name__}."
        )
    if taken is not None and _file(taken) != _file(leaf):
        place = "this program" if _own(taken) else _file(taken) or "Python"
        raise UserCodeError(
            f"--with {given}: the class {leaf.__name__} is called '{leaf.name}', but there is a "
            f"{kind} of that name in {place}; call it something else."
        )


def _own(leaf: type) -> bool:
    """Whether a class is part of this program."""
    return leaf.__module__.partition(".")[0] == "kinetic"


def _file(leaf: type) -> str | None:
    """The file that defines a class, None where there is none."""
    return getattr(sys.modules.get(leaf.__module__), "__file__", None)


def _digest(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def _digests(classes: Iterable[type]) -> dict[str, str]:
    """Name and SHA-256 of the files that define classes outside this program."""
    files = {_file(leaf) for leaf in classes if not _own(leaf)}
    return {Path(file).name: _digest(file) for file in sorted(filter(None, files))}


def sources(assembly: Assembly) -> dict[str, str]:
    """Name and SHA-256 of the files that a run takes classes from."""
    pieces = assembly.pieces
    used = (pieces["hamiltonian"], pieces["initial"], *pieces["collisions"])
    named = {leaf for leaves in kinds().values() for leaf in leaves.values()}
    return _digests({type(piece) for piece in (*used, *assembly.observables)} & named)


def require(needed: Mapping[str, str], result: str | Path) -> None:
    """Ask for files again that a result was made with.

    Raises
    ------
    InputError
        If the classes of one are not there.
    """
    have = _digests(leaf for leaves in kinds().values() for leaf in leaves.values())
    for name, digest in needed.items():
        if name not in have:
            raise InputError(
                f"{result} was made with classes of {name}: give that file again, "
                f"kinetic resume {result} --with {name} (in Python, import it before)."
            )
        if have[name] != digest:
            _log.warning("%s has changed since %s was begun", name, result)


def blamed(error: BaseException) -> str | None:
    """'FILE, line N: what went wrong' if an error comes out of a user's file, else None."""
    if isinstance(error, SyntaxError) and error.filename in _read:
        return f"{Path(error.filename).name}, line {error.lineno}: {error.msg}."
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in _read:
            return f"{Path(frame.filename).name}, line {frame.lineno}: {_words(error)}"
    return None


def _words(error: BaseException) -> str:
    """Kind and text of an error on one line."""
    text: Any = " ".join(str(error).split())[:300].rstrip(".")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."
