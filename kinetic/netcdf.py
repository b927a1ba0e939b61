"""Reading and cutting netCDF-4 results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.files import reason, replacing

_BATCH = 4 * 2**20


def truncate(path: Path, counts: Mapping[str, int]) -> None:
    """Keep the first `counts[dimension]` records of every unlimited dimension.

    Raises
    ------
    InputError
        If the file cannot be read or holds fewer records than that.
    """
    import netCDF4

    try:
        with netCDF4.Dataset(path) as old:
            held = {name: len(d) for name, d in old.dimensions.items() if d.isunlimited()}
            short = [name for name, count in counts.items() if held.get(name, 0) < count]
            if short:
                raise InputError(
                    f"{path} holds {held.get(short[0], 0)} records along {short[0]}, its "
                    f"checkpoint counts {counts[short[0]]}: it is not the file of this run."
                )
            if held != dict(counts):
                with replacing(path) as partial, netCDF4.Dataset(partial, "w") as new:
                    _copy_records(old, new, counts)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"{path} cannot be read ({reason(error)}), so the run cannot go on from it: "
            "restore the file, or start again with 'kinetic run --force'."
        ) from None


def last_time(path: Path, dimension: str) -> float | None:
    """The time of the last record along a dimension."""
    import netCDF4

    with netCDF4.Dataset(path) as dataset:
        times = dataset[dimension]
        return float(times[-1]) if len(times) else None


def attributes_of(path: Path) -> dict[str, Any]:
    """The global attributes of a result.

    Raises
    ------
    InputError
        If there is none or it is not a netCDF file.
    """
    import netCDF4

    try:
        with netCDF4.Dataset(path) as dataset:
            return {name: dataset.getncattr(name) for name in dataset.ncattrs()}
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path} is not a readable result: {reason(error)}.") from None


def _copy_records(old: Any, new: Any, counts: Mapping[str, int]) -> None:
    new.setncatts({name: old.getncattr(name) for name in old.ncattrs()})
    for name, dimension in old.dimensions.items():
        new.createDimension(name, None if dimension.isunlimited() else len(dimension))
    old.set_auto_mask(False)
    for name, source in old.variables.items():
        chunks = source.chunking()
        target = new.createVariable(
            name,
            source.dtype,
            source.dimensions,
            chunksizes=chunks if isinstance(chunks, list) else None,
        )
        target.setncatts({key: source.getncattr(key) for key in source.ncattrs()})
        dimension = source.dimensions[0] if source.dimensions else ""
        if dimension not in counts:
            target[...] = source[...]
            continue
        batch = max(1, _BATCH // max(1, int(np.prod(source.shape[1:])) * 8))
        for first in range(0, counts[dimension], batch):
            records = slice(first, min(first + batch, counts[dimension]))
            target[records] = source[records]
