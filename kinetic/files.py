"""Files that are whole at every moment: a copy is changed, then takes the name over.

A rename within a directory is atomic: whoever looks, sees the old file or the new one, also
after a kill or a power cut (both file and directory are synced).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kinetic.errors import InputError, OutputError

try:
    import fcntl
except ImportError:  # Windows has no flock; runs are then not guarded against each other
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that replaces it, synced, when all went well.

    Raises
    ------
    OutputError
        If anything could not be written; `path` is then untouched.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        descriptor = os.open(partial, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(path)
        sync_directory(path.parent)
    except (OSError, RuntimeError) as error:  # netCDF4 reports HDF5 faults as RuntimeError
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} could not be written: {reason(error)}.") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def copy(source: Path, target: Path) -> None:
    """Copy a file; where the file system can, without moving a byte."""
    with source.open("rb") as old, target.open("wb") as new:
        size = os.fstat(old.fileno()).st_size
        done = 0
        if hasattr(os, "copy_file_range"):
            with contextlib.suppress(OSError):
                while done < size:
                    step = os.copy_file_range(old.fileno(), new.fileno(), size - done)
                    if step == 0:
                        break
                    done += step
        if done < size:
            old.seek(0)
            new.seek(0)
            shutil.copyfileobj(old, new, 2**22)


def _is_result(path: Path) -> bool:
    """Whether a file is empty or HDF5, so that it may be replaced."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(8)
    return head in (b"", b"\x89HDF\r\n\x1a\n")


def reserve(path: Path, room: int) -> None:
    """Claim `room` bytes behind the end of a file; HDF5 cuts off what it does not use."""
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size + room)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise


def reason(error: BaseException) -> str:
    """The system's words for a failure, without its number."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.strip().rstrip(".") or type(error).__name__


def sync_directory(folder: Path) -> None:
    """Make a rename durable, where directories can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Lock:
    """One run per result: held from its first to its last write, freed by the kernel.

    Parameters
    ----------
    path
        The result; the lock is the file `OUT.nc.lock` beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._result = path
        self._file: Any = None

    def __enter__(self) -> Lock:
        try:
            self._file = self._path.open("w")
        except OSError as error:
            raise OutputError(f"{self._result} cannot be written: {reason(error)}.") from None
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise InputError(
                    f"{self._result} is being written by another run: wait for its end."
                ) from None
            except OSError:  # a file system without locks
                pass
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def check_output(path: Path, replace: bool) -> None:
    """Refuse a result that cannot be written, before anything is computed.

    Raises
    ------
    InputError
        If the folder is missing, the path is one, or a result would be lost.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file for the result.")
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
    if path.exists() and not replace:
        raise InputError(f"{path} exists already: name another file or use --force.")
    if path.exists() and not _is_result(path):
        raise InputError(f"{path} is not a result of a run: --force replaces results only.")
