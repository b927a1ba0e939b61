"""Scalar flux functions: no index, no array, one formula each.

Cells left of a face are m2, m1, m0, cells right of it p0, p1, p2; w is the phase-space
volume that crosses the face per unit time (> 0 to the right).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.extending import intrinsic


def _same_age() -> None:
    """Give all kernel sources the age of the newest one.

    The disk cache of a kernel is renewed when its own file changes, not when a function that it
    inlines changes in another file: without this an edited formula could run in its old form.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    ages = [source.stat().st_mtime_ns for source in sources]
    newest = max(ages)
    for source, age in zip(sources, ages, strict=True):
        if age != newest:
            with contextlib.suppress(OSError):  # not ours to touch: installed as a whole
                os.utime(source, ns=(newest, newest))


_same_age()

FAST = {"contract", "nsz", "arcp", "reassoc"}


class Separate(CompilerBase):  # type: ignore[misc]
    """Promises that the array arguments of a kernel do not overlap."""

    def define_pipelines(self) -> list[Any]:
        """The usual passes under that promise."""
        self.state.flags.noalias = True
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


compiled = njit(cache=True, error_model="numpy", fastmath=FAST)
pointwise = njit(cache=True, error_model="numpy", fastmath=FAST, forceinline=True)
separate = njit(cache=True, error_model="numpy", fastmath=FAST, pipeline_class=Separate)
released = njit(cache=True, error_model="numpy", fastmath=FAST, nogil=True)


@intrinsic  # type: ignore[misc]
def choose(typing: Any, condition: Any, first: Any, second: Any) -> Any:
    """`first if condition else second` without a branch, so that loops vectorise."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return first(condition, first, second), generate


@pointwise
def combine(c0, c1, c2, c3, c4, c5, m2, m1, m0, p0, p1, p2):
    """Σ c_i f_i over the six cells around a face."""
    return ((c0 * m2 + c5 * p2) + (c1 * m1 + c4 * p1)) + (c2 * m0 + c3 * p0)


@pointwise
def minmod4(a, b, c, d):
    """The argument of smallest modulus if all four agree in sign, else 0."""
    lowest = min(min(a, b), min(c, d))
    highest = max(max(a, b), max(c, d))
    return max(0.0, lowest) + min(0.0, highest)


@pointwise
def monotone5(face, a, b, c, d, e):
    """Monotonicity-preserving limit of a face value (upwind order a, b, c | d, e).

    Source: Suresh and Huynh, J. Comput. Phys. 136, 83 (1997), Eqs. (2.26)-(2.30), α = 4.
    """
    before = a - 2.0 * b + c
    here = b - 2.0 * c + d
    after = c - 2.0 * d + e
    bend_right = minmod4(4.0 * here - after, 4.0 * after - here, here, after)
    bend_left = minmod4(4.0 * here - before, 4.0 * before - here, here, before)
    upper_limit = c + 4.0 * (c - b)
    median = 0.5 * (c + d) - 0.5 * bend_right
    curved = c + 0.5 * (c - b) + (4.0 / 3.0) * bend_left
    lowest = max(min(min(c, d), median), min(min(c, upper_limit), curved))
    highest = min(max(max(c, d), median), max(max(c, upper_limit), curved))
    return max(lowest, min(highest, face))


@pointwise
def upwind_monotone5(w, mean, half, m2, m1, m0, p0, p1, p2):
    """Limited fifth-order face value from the side the flow comes from."""
    left = w >= 0.0
    return monotone5(
        mean + choose(left, half, -half),
        choose(left, m2, p2),
        choose(left, m1, p1),
        choose(left, m0, p0),
        choose(left, p0, m0),
        choose(left, p1, m1),
    )


@pointwise
def flux_upwind1(w, m0, p0):
    """First-order upwind flux w⁺ f_left + w⁻ f_right."""
    return max(w, 0.0) * m0 + min(w, 0.0) * p0
