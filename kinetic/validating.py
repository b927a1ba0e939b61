"""Published numbers against the program: finds the cases, runs them, prints what came out.

A case is a folder of `validation/` with run files and a check.py that has

    TITLE                  one line
    check(study)           runs, and compares through `study.compare`
    figure(study)          optional: a matplotlib figure of what `check` left in `study.data`

Reference, source and the derivation of every tolerance stand in its docstring.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import sys
import time as clock
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from kinetic.errors import InputError, KineticError, OutputError, suggestion
from kinetic.study import Row, Study, advance, observe, orders, table

__all__ = ["Row", "Study", "advance", "observe", "orders", "table", "validate"]
FAILED = 3


# --- cases ----------------------------------------------------------------------------------


def directory() -> Path:
    """The validation folder: beside the installed package, or in the current directory.

    Raises
    ------
    InputError
        If there is none.
    """
    places = (Path(__file__).resolve().parent.parent, Path.cwd())
    for place in places:
        if any((place / "validation").glob("*/check.py")):
            return place / "validation"
    raise InputError(
        "no folder 'validation' with cases was found in "
        f"{' or '.join(str(place) for place in dict.fromkeys(places))}: the cases come with the "
        "source of the program; run this command in its top folder."
    )


def case_names(folder: Path | None = None) -> list[str]:
    """All cases, in alphabetical order."""
    return sorted(path.parent.name for path in (folder or directory()).glob("*/check.py"))


def titles(folder: Path | None = None) -> dict[str, str]:
    """The TITLE of every case by name, read without running anything."""
    folder = folder or directory()
    found = {}
    for name in case_names(folder):
        tree = ast.parse((folder / name / "check.py").read_text(encoding="utf-8"))
        words = [
            node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and [getattr(target, "id", "") for target in node.targets] == ["TITLE"]
        ]
        found[name] = str(words[0]) if words else ""
    return found


def load_case(folder: Path) -> ModuleType:
    """The check.py of a case as a module."""
    spec = importlib.util.spec_from_file_location(
        f"kinetic_validation_{folder.name}", folder / "check.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_case(
    folder: Path, quick: bool = False, threads: int | None = None
) -> tuple[ModuleType, Study]:
    """Run one case; a case that stops with an error gets a row that says so."""
    study, module = Study(folder, quick, threads), load_case(folder)
    try:
        module.check(study)
    except KineticError as error:
        study.rows.append(Row("the case itself", note=str(error), failed=True))
    except Exception as error:  # the other cases go on
        words = f"{type(error).__name__}: {error}"
        study.rows.append(Row("the case itself", note=words, failed=True))
    return module, study


def draw(module: ModuleType, study: Study, output: Path) -> Path | None:
    """Write the figure of a case; None if it has none or lacks the data for it.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    if not hasattr(module, "figure") or not study.data:
        return None
    from matplotlib import rc_context

    from kinetic.plotting import style

    with rc_context(style.PARAMETERS), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        picture = module.figure(study)
        if picture is None:
            return None
        path = output / f"{study.folder.name}.png"
        try:
            output.mkdir(parents=True, exist_ok=True)
            picture.savefig(path, dpi=300)
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}.") from None
    return path


# --- the command ----------------------------------------------------------------------------


def validate(
    cases: Sequence[str] | None = None,
    *,
    quick: bool = False,
    output: Path | str | None = None,
    threads: int | None = None,
    figures: bool = True,
) -> int:
    """Run the named cases, or all, print the table, write the figures.

    Parameters
    ----------
    cases
        Names of cases; none means all.
    quick
        Whether to leave out what takes more than some five seconds.
    output
        Folder of the figures, by default ./validation-figures.
    threads
        Processor threads.
    figures
        Whether to draw.

    Returns
    -------
    0 if every comparison holds, else 3.
    """
    folder = directory()
    known = case_names(folder)
    for name in cases or ():
        if name not in known:
            raise InputError(f"validate {name}: {suggestion(name, known)}")
    chosen = list(cases) if cases else known
    output = Path(output or "validation-figures")
    failures = count = skipped = 0
    begun = clock.perf_counter()
    for index, name in enumerate(chosen):
        with _progress(f"[{index + 1}/{len(chosen)}] {name}"):
            start = clock.perf_counter()
            module, study = run_case(folder / name, quick, threads)
            seconds = clock.perf_counter() - start
            path = draw(module, study, output) if figures else None
        print(f"{name}: {module.TITLE}")
        print(table(study.rows))
        print(f"  {seconds:.1f} s{f', figure {path}' if path else ''}\n", flush=True)
        failures += sum(not row.holds for row in study.rows)
        skipped += sum(row.verdict in ("skipped", "reported") for row in study.rows)
        count += len(study.rows)
    held = count - failures - skipped
    print(
        f"{held} of {count} comparisons hold, {failures} fail, {skipped} are not judged; "
        f"{clock.perf_counter() - begun:.0f} s"
    )
    return FAILED if failures else 0


@contextlib.contextmanager
def _progress(words: str) -> Iterator[None]:
    """Say on a terminal what is being done."""
    shown = sys.stderr.isatty()
    if shown:
        print(f"{words} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if shown:
            print("\r" + " " * (len(words) + 2) + "\r", end="", file=sys.stderr, flush=True)


__all__ = ["Row", "Study", "advance", "observe", "orders", "validate"]
