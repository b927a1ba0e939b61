"""Asking memory for a row before it is needed: the processor's own guess ends with each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from kinetic.kernels.points import compiled

_LINE = 8  # numbers of a cache line


@intrinsic  # type: ignore[misc]
def fetch(typing: Any, array: Any, i: Any, j: Any, k: Any) -> Any:
    """Bring the cache line of array[i, j, k] nearer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, arguments[0])
        index = [
            context.cast(builder, value, given, types.intp)
            for value, given in zip(arguments[1:], signature.args[1:], strict=True)
        ]
        address = cgutils.get_item_pointer(context, builder, kind, view, index, wraparound=False)
        pointer = builder.bitcast(address, cgutils.voidptr_t)
        number = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number]),
            "llvm.prefetch.p0",
        )
        builder.call(function, [pointer, number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.void(array, i, j, k), generate


@compiled
def fetch_row(array, i, j, count):
    """Bring a row nearer."""
    for k in range(0, count, _LINE):
        fetch(array, i, j, np.uintp(k))
