"""Checkpoints: everything a run needs to go on, bitwise, in `OUT.nc.checkpoint`.

An uncompressed npz archive: the arrays of the evolution, and a line of JSON with time,
schedules, record counts, run text and wall time.  A checkpoint is written after the records
it counts, so the result never holds fewer; what it holds beyond is cut off on resume.  The
checkpoint of a run that has not made a step yet holds no arrays: its run text says it all.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from kinetic.errors import InputError
from kinetic.files import reason, replacing

FORMAT_VERSION = 1
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass
class Checkpoint:
    """What a resumed run takes back.

    Parameters
    ----------
    run
        Resolved run text (TOML).
    run_id
        Identity of the run, the same in the result.
    incomplete
        Tables that the run text could not hold, because they were Python objects.
    time
        Time reached.
    counts
        Records in the result, by record dimension.
    schedules
        State of every schedule, by name.
    wall_time
        Seconds of computing so far.
    state
        Arrays of the evolution; empty before the first step.
    contributed
        Name and SHA-256 of the user's files that the run took classes from.
    """

    run: str
    run_id: str
    incomplete: list[str] = field(default_factory=list)
    time: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    schedules: dict[str, int] = field(default_factory=dict)
    wall_time: float = 0.0
    state: Mapping[str, np.ndarray] = field(default_factory=dict)
    contributed: dict[str, str] = field(default_factory=dict)

    @property
    def fresh(self) -> bool:
        """Whether the run had not made a step yet."""
        return not self.state

    def write(self, result: Path) -> None:
        """Write the checkpoint that belongs to a result; atomic and synced.

        Raises
        ------
        OutputError
            If that is not possible; the checkpoint before is then still there.
        """
        arrays = {f"state/{name}": np.asarray(value) for name, value in self.state.items()}
        words = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "state"}
        words["format_version"] = FORMAT_VERSION
        with replacing(path_of(result)) as partial, partial.open("wb") as file:
            np.savez(file, allow_pickle=False, words=np.array(json.dumps(words)), **arrays)

    @classmethod
    def read(cls, result: Path) -> Checkpoint:
        """Read the checkpoint that belongs to a result.

        Raises
        ------
        InputError
            If there is none, or it is damaged or of another version.
        """
        path = path_of(result)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                words = json.loads(str(archive["words"]))
                prefix = "state/"
                state = {
                    name.removeprefix(prefix): archive[name]
                    for name in archive.files
                    if name.startswith(prefix)
                }
            version = words.pop("format_version")
            if version != FORMAT_VERSION:
                raise InputError(
                    f"{path} has format {version}, this version of kinetic reads "
                    f"{FORMAT_VERSION}: resume with the version that wrote it."
                )
            return cls(**words, state=state)
        except FileNotFoundError:
            raise InputError(
                f"there is no checkpoint {path}: start again with 'kinetic run'."
            ) from None
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            zipfile.BadZipFile,
        ) as error:
            raise InputError(f"the checkpoint {path} is damaged: {reason(error)}.") from None


def path_of(result: Path) -> Path:
    """OUT.nc → OUT.nc.checkpoint."""
    return result.with_name(result.name + ".checkpoint")
