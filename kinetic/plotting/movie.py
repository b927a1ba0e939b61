"""Movies: the instants of a scene as GIF, or as MP4 where matplotlib finds ffmpeg."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.errors import InputError
from kinetic.plotting.scenes import Scene

FRAMES = 200
"""Instants of a movie, at most, if nothing else is asked for."""

_SUFFIXES = (".gif", ".mp4")
_DOTS = 150  # per inch
_SHIFTS = np.array([65536, 256, 1])  # of red, green and blue in one number
_BAR = "{desc} {percentage:3.0f}% |{bar}| {elapsed} < {remaining}"
_LASTING = 8.0  # seconds


def check(target: Path) -> None:
    """Refuse a name that is no movie's, and MP4 where nothing can write it.

    Raises
    ------
    InputError
        Saying what can be written.
    """
    suffix = target.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(f"the movie {target} must end in {' or '.join(_SUFFIXES)}.")
    if suffix == ".mp4":
        from matplotlib.animation import writers

        if not writers.is_available("ffmpeg"):
            raise InputError(
                f"the movie {target} cannot be made: MP4 needs the program ffmpeg, which "
                f"is not installed; name it {target.with_suffix('.gif').name} for a GIF."
            )


def write(scene: Scene, partial: Path, rate: float | None) -> None:
    """Draw the instants of a scene one after another into a file.

    Parameters
    ----------
    scene
        What is drawn.
    partial
        The file; its ending says the format.
    rate
        Frames per second; None makes the movie last about eight seconds.
    """
    rate = rate or min(25.0, max(4.0, round(scene.count / _LASTING)))
    scene.figure.draw_without_rendering()
    scene.figure.set_layout_engine("none")  # or the axes would move with their labels
    if partial.suffix.lower() == ".gif":
        _write_gif(scene, partial, rate)
        return
    from matplotlib.animation import FFMpegWriter

    writer: Any = FFMpegWriter  # whole numbers are not asked of its rate
    movie = writer(fps=rate)
    with movie.saving(scene.figure, str(partial), dpi=_DOTS):
        for record in _progress(scene.count):
            scene.show(record)
            movie.grab_frame()


def _write_gif(scene: Scene, partial: Path, rate: float) -> None:
    """All frames with the colours of the first: its bars hold the whole scale."""
    from PIL import Image

    def frames() -> Iterator[Any]:
        palette = None
        for record in _progress(scene.count):
            scene.show(record)
            drawn = io.BytesIO()
            scene.figure.savefig(drawn, format="png", dpi=_DOTS)
            dots = np.asarray(Image.open(drawn).convert("RGB")).astype(np.int64)
            packed, place = np.unique(dots @ _SHIFTS, return_inverse=True)
            colours = packed[:, None] // _SHIFTS % 256
            if palette is None:
                palette = _palette(colours)
            apart = np.sum((colours[:, None] - palette) ** 2, axis=2)
            nearest = np.argmin(apart, axis=1).astype(np.uint8)
            frame = Image.fromarray(nearest[place].reshape(dots.shape[:2])).convert("P")
            frame.putpalette(palette.ravel().tolist())
            yield frame

    movie = frames()
    with partial.open("wb") as file:
        next(movie).save(
            file,
            format="GIF",
            save_all=True,
            append_images=movie,
            duration=round(1000.0 / rate),
            loop=0,
        )


def _palette(colours: Any) -> Any:
    """At most 256 that stand for all colours, however rare, white and black among them."""
    from PIL import Image

    image = Image.fromarray(colours[None].astype(np.uint8))
    entries = image.quantize(254, Image.Quantize.MEDIANCUT).getpalette() or []
    reduced = np.array(entries, dtype=np.int64).reshape(-1, 3)
    return np.concatenate([reduced, [[0, 0, 0], [255, 255, 255]]])


def _progress(count: int) -> Iterator[int]:
    """The instants, with a bar where standard error is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield from range(count)
        return
    from tqdm import tqdm

    with contextlib.closing(tqdm(range(count), desc="drawing", bar_format=_BAR, ncols=80)) as bar:
        yield from bar
