"""A physics core of twenty lines that keeps the contracts of the real one.

`install(patch)` puts it where `kinetic.assembly` and `kinetic.recording` would build the
real pieces; run as a program it is the command line with the fake core.
"""

from __future__ import annotations

import math
import os
import sys
import time as clock
from types import SimpleNamespace

import numpy as np

from kinetic.errors import InputError, PhysicsError, suggestion
from kinetic.storage import Variable

BARE = """title = "a fake run"
[grid]
kx = [-1.0, 1.0, 9]
[hamiltonian]
name = "fake"
[initial]
name = "fake"
[time]
stop = 2.0
[output]
every = 0.25
checkpoint_every = 0.0
[output.snapshots]
every = 0.5
"""


class FakePiece:
    """A table that stayed one."""

    known = ("name", "rate", "fail", "delay", "level", "size")

    def __init__(self, table):
        for key in table:
            if key not in self.known:
                raise InputError(f"[hamiltonian] {key}: {suggestion(key, self.known)}")
        self.table = dict(table)

    def to_table(self):
        return self.table


class FakeEvolution:
    """A state that depends on every step ever made."""

    cells = 10
    stages = 3

    def __init__(self, system, stepping, start=0.0):
        self.system, self.stepping = system, stepping
        self.time, self.steps, self.memory = start, 0, 0.1
        self.options = system.hamiltonian.table
        size = system.grid.axes[0].cells
        self.u = np.sin(np.arange(2 * size, dtype=float)).reshape(2, size)

    def advance(self, target):
        remaining = target - self.time
        step = 0.013 * (1 + 0.1 * math.sin(self.steps))
        step = remaining if remaining <= step * (1 + 1e-9) else step
        clock.sleep(self.options.get("delay", 0.0))
        if self.time + step > self.options.get("fail", math.inf):
            raise PhysicsError(f"occupation is NaN at t = {self.time}: lower the step.")
        self.memory = 0.9 * self.memory + 0.1 * step
        self.u = self.u + step * np.cos(self.u + self.memory + self.time)
        self.time = target if step == remaining else self.time + step
        self.steps += 1

    def state(self):
        return {
            "u": self.u,
            "time": np.array(self.time),
            "steps": np.array(self.steps),
            "memory": np.array(self.memory),
        }

    def restore(self, state):
        self.u = np.array(state["u"])
        self.time, self.steps = float(state["time"]), int(state["steps"])
        self.memory = float(state["memory"])

    def validity(self):
        return [("max|F|", 0.3, None), ("gap", 0.01, "the gap is small: raise it.")]

    def describe(self):
        return "∂ₜu = cos(u + t)"

    def summary(self):
        return [("pumping rate", "1.0000 e·b/4π²")]

    def coordinates(self):
        kx = self.system.grid.axes[0].centres
        return {
            "band": (("band",), np.array(["lower", "upper"]), {"long_name": "band"}),
            "kx": (("kx",), kx, {"units": "1/length", "long_name": "momentum"}),
        }


class FakeRecorder:
    def __init__(self, evolution, variables, function):
        self.evolution, self.variables, self.function = evolution, variables, function

    def measure(self):
        return self.function(self.evolution)


class FakeObservable:
    def build(self, evolution):
        rows = (
            Variable("density", (), "1", "density"),
            Variable("band_density", ("band",), "1", "density of each band"),
        )
        return FakeRecorder(
            evolution,
            rows,
            lambda e: {"density": e.u.sum(), "band_density": e.u.sum(axis=1)},
        )


def snapshots(evolution, table):
    rows = (Variable("occupation", ("band", "kx"), "1", "occupation"),)
    return FakeRecorder(evolution, rows, lambda e: {"occupation": e.u})


def install(patch):
    from kinetic import assembly, recording, reporting

    for builder in ("_hamiltonian", "_initial", "_fields", "_equation", "_stepping"):
        patch(assembly, builder, FakePiece)
    patch(assembly, "_collision", lambda index: FakePiece)

    def evolution(self):
        return FakeEvolution(SimpleNamespace(**self.pieces), self.stepping, self.start)

    patch(assembly.Assembly, "evolution", evolution)
    patch(assembly, "_observables", lambda names: [FakeObservable()])
    patch(recording, "_snapshots", snapshots)
    for name in ("coordinates", "describe", "summary", "validity"):
        patch(reporting, name, lambda evolution, name=name: getattr(evolution, name)())


if __name__ == "__main__":
    import resource

    from kinetic.cli import main

    if "FILE_LIMIT" in os.environ:  # the nearest thing to a full disk without being root
        limit = int(os.environ["FILE_LIMIT"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    install(setattr)
    sys.exit(main())
