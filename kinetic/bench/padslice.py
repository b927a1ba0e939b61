"""The same stage as JAX users write it: padded arrays, slices, one jit over the stage."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kinetic.bench.plain import Frozen
from kinetic.mesh import GHOSTS


def available() -> bool:
    """Whether jax is installed."""
    from importlib.util import find_spec

    return find_spec("jax") is not None


@contextlib.contextmanager
def processors(count: int) -> Iterator[None]:
    """Threads that are started within run on `count` processors."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(allowed)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def start(threads: int) -> Any:
    """The jax module in double precision on the processor, with so many threads."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    with processors(threads):
        jax.devices()
    return jax


def build(jax: Any, frozen: Frozen) -> Callable[..., Any]:
    """A function (u, u₀, α, β, γ) → u of the next stage, f included."""
    jnp = jax.numpy
    slots, shape = frozen.slots, frozen.shape
    ghosts = [GHOSTS if slot in slots else 0 for slot in range(3)]
    glued = np.zeros(shape, dtype=bool)
    for valley, cells in enumerate(frozen.glued):
        for band in (2 * valley, 2 * valley + 1):
            glued[(band, *np.unravel_index(cells, shape[1:]))] = True
    held = {
        "inverse": frozen.inverse,
        "glued": glued,
        "equilibrium": frozen.equilibrium,
        "source": frozen.source,
        "top": frozen.top,
        "velocity": frozen.velocity,
        "slope": {f"{a}{b}": value for (a, b), value in frozen.slope.items()},
        "step": frozen.step,
        "bend": frozen.bend,
    }
    held = jax.device_put(held)

    def pad(u: Any) -> Any:
        return jnp.pad(u, [(0, 0), *((g, g) for g in ghosts)], mode="wrap")

    def view(padded: Any, shift: dict[int, int], faces: int = -1) -> Any:
        index = [slice(None)]
        for slot in range(3):
            first = ghosts[slot] + shift.get(slot, 0)
            index.append(slice(first, first + shape[slot + 1] + int(slot == faces)))
        return padded[tuple(index)]

    def occupation(u: Any, c: Any) -> Any:
        f = u * c["inverse"]
        if frozen.bend:
            padded = pad(u)
            for slot in slots:
                slope = view(padded, {slot: 1}) - view(padded, {slot: -1})
                f = f - c["bend"][slot] * (slope - u * c["step"][slot])
        if frozen.glued:
            shared = jnp.repeat(0.5 * (u[0::2] + u[1::2]), 2, axis=0)
            f = jnp.where(c["glued"], shared, f)
        return f if frozen.equilibrium is None else f - c["equilibrium"]

    def minmod4(p: Any, q: Any) -> Any:
        x, y = 4.0 * p - q, 4.0 * q - p
        low = jnp.minimum(jnp.minimum(x, y), jnp.minimum(p, q))
        high = jnp.maximum(jnp.maximum(x, y), jnp.maximum(p, q))
        return jnp.maximum(low, 0.0) + jnp.minimum(high, 0.0)

    def monotone(face: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        here = b - 2.0 * c + d
        median = 0.5 * (c + d) - 0.5 * minmod4(here, c - 2.0 * d + e)
        curved = c + 0.5 * (c - b) + (4.0 / 3.0) * minmod4(here, a - 2.0 * b + c)
        upper = c + 4.0 * (c - b)
        low = jnp.maximum(
            jnp.minimum(jnp.minimum(c, d), median), jnp.minimum(jnp.minimum(c, upper), curved)
        )
        high = jnp.minimum(
            jnp.maximum(jnp.maximum(c, d), median), jnp.maximum(jnp.maximum(c, upper), curved)
        )
        return jnp.maximum(low, jnp.minimum(high, face))

    def flux(padded: Any, slot: int, c: Any) -> Any:
        cells = [view(padded, {slot: m - 3}, slot) for m in range(6)]
        w = c["velocity"][slot]
        mean = sum(float(x) * cell for x, cell in zip(frozen.mean, cells, strict=True))
        half = sum(float(x) * cell for x, cell in zip(frozen.half, cells, strict=True))
        if frozen.limited:
            left = w >= 0.0
            upwind = [jnp.where(left, cells[m], cells[5 - m]) for m in range(5)]
            out = w * monotone(jnp.where(left, mean + half, mean - half), *upwind)
        else:
            out = w * mean + jnp.abs(w) * half
        for other in slots:
            if other != slot:
                ahead, back = (
                    view(padded, {slot: -1, other: side}, slot)
                    + view(padded, {other: side}, slot)
                    for side in (1, -1)
                )
                out = out + c["slope"][f"{slot}{other}"] * (ahead - back)
        return out

    def stage(u: Any, base: Any, alpha: float, beta: float, gamma: float, c: Any) -> Any:
        padded = pad(occupation(u, c))
        net = sum(jnp.diff(flux(padded, slot, c), axis=slot + 1) for slot in slots)
        out = alpha * base + beta * u - gamma / frozen.volume * net
        if frozen.source is not None:
            out = out + gamma * c["source"]
        if frozen.top is None:
            return out, 0
        return out, jnp.count_nonzero((out < -1e-14) | (c["top"] - out < -1e-14))

    compiled = jax.jit(stage)

    def run(u: Any, base: Any, alpha: float, beta: float, gamma: float) -> Any:
        out, _ = compiled(u, base, alpha, beta, gamma, held)
        return out.block_until_ready()

    return run
