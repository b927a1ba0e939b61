"""The grammar of formulas: what an `ast` node may be, and the plain tuple it becomes.

Constants are folded on the way; depth and exponents are limited.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

from kinetic.errors import InputError, suggestion

DEPTH = 50
EXPONENT = 64
GRAMMAR = "write numbers, names, + - * / **, parentheses and functions such as sin(...)"

Tree = tuple[Any, ...]
"""('number', v), ('name', n), ('+', a, b), likewise '-', '*', '/' and '**', and
('call', f, arguments) with f of `FUNCTIONS`, or 'positive' / 'nonnegative' for `where`."""


def _heaviside(x: float) -> float:
    return 0.5 * (1.0 + _sign(x))


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "sin": (1, math.sin),
    "cos": (1, math.cos),
    "tan": (1, math.tan),
    "asin": (1, math.asin),
    "acos": (1, math.acos),
    "atan": (1, math.atan),
    "atan2": (2, math.atan2),
    "sinh": (1, math.sinh),
    "cosh": (1, math.cosh),
    "tanh": (1, math.tanh),
    "exp": (1, math.exp),
    "log": (1, math.log),
    "sqrt": (1, math.sqrt),
    "abs": (1, abs),
    "sign": (1, _sign),
    "erf": (1, math.erf),
    "heaviside": (1, _heaviside),
    "min": (2, min),
    "max": (2, max),
    "where": (3, lambda condition, a, b: a if condition else b),
}
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}


def tree_of(
    node: ast.expr, depth: int, names: set[str], functions: set[str]
) -> tuple[Tree, float]:
    """The tree of a node and its degree, the product of nested exponents.

    Names and functions that occur are added to the two sets.

    Raises
    ------
    InputError
        If the node is not of the language, or a limit is passed.
    """
    if depth > DEPTH:
        raise InputError(f"it is nested too deeply; at most {DEPTH} levels are allowed.")

    def inner(child: ast.expr) -> tuple[Tree, float]:
        return tree_of(child, depth + 1, names, functions)

    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return _number(value, "a number"), 1.0
        case ast.Name(id="pi"):
            return ("number", math.pi), 1.0
        case ast.Name(id=name):
            if name in FUNCTIONS:
                raise InputError(f"'{name}' is a function: write {name}(...).")
            names.add(name)
            return ("name", name), 1.0
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return inner(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            tree, degree = inner(operand)
            if tree[0] == "number":
                return ("number", -tree[1]), degree
            return ("*", ("number", -1), tree), degree
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return _binary("**", inner(left), inner(right))
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            # a + b + c + ... leans to the left; walked in a loop, it is not nested.
            chain = []
            while isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
                chain.append((OPERATORS[type(node.op)], node.right))
                node = node.left
            result = inner(node)
            for symbol, right in reversed(chain):
                result = _binary(symbol, result, inner(right))
            return result
        case ast.BinOp(op=op):
            raise InputError(
                f"the operation {type(op).__name__} does not exist; {GRAMMAR}."
            )
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS:
                raise InputError(
                    f"there is no function '{name}'; {suggestion(name, FUNCTIONS)}"
                )
            functions.add(name)
            arity = FUNCTIONS[name][0]
            if len(args) != arity:
                raise InputError(f"{name} takes {arity} argument(s), not {len(args)}.")
            if name == "where":
                return _where(args, inner), 1.0
            return _call(name, tuple(inner(arg)[0] for arg in args)), 1.0
        case ast.Attribute():
            raise InputError(f"a dot after a name is not allowed; {GRAMMAR}.")
        case ast.Compare():
            raise InputError("comparisons stand only in where(a < b, then, else).")
    raise InputError(f"{type(node).__name__} is not allowed in a formula; {GRAMMAR}.")


def _number(value: Any, of_what: str) -> Tree:
    try:
        if isinstance(value, complex) or not math.isfinite(value):
            raise ValueError
        if isinstance(value, int) and abs(value) > 2**53:
            value = float(value)
        elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
    except (ValueError, OverflowError):
        raise InputError(f"{of_what} in it has no finite real value.") from None
    return ("number", value)


def _binary(
    op: str, left: tuple[Tree, float], right: tuple[Tree, float]
) -> tuple[Tree, float]:
    (a, degree), (b, other) = left, right
    degree = max(degree, other)
    if op == "**" and b[0] == "number":
        degree = left[1] * max(1.0, abs(b[1]))
        if degree > EXPONENT:
            raise InputError(f"the exponent is too large; at most {EXPONENT} is allowed.")
    if a[0] == b[0] == "number":
        try:
            x, y = a[1], b[1]
            value = {
                "+": lambda: x + y,
                "-": lambda: x - y,
                "*": lambda: x * y,
                "/": lambda: x / y,
                "**": lambda: x**y,
            }[op]()
        except ArithmeticError:
            value = math.inf
        return _number(value, f"a constant '{op}'"), 1.0
    if op == "/" and b == ("number", 0):
        raise InputError("it divides by zero.")
    return (op, a, b), degree


def _call(name: str, arguments: tuple[Tree, ...]) -> Tree:
    if all(a[0] == "number" for a in arguments):
        try:
            value = FUNCTIONS[name][1](*(a[1] for a in arguments))
        except (ArithmeticError, ValueError):
            value = math.inf
        return _number(value, f"a constant {name}(...)")
    return ("call", name, arguments)


def _where(args: list[ast.expr], inner: Callable[[ast.expr], tuple[Tree, float]]) -> Tree:
    match args[0]:
        case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE() as op], comparators=[right]):
            low, high = inner(left)[0], inner(right)[0]
        case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE() as op], comparators=[right]):
            high, low = inner(left)[0], inner(right)[0]
        case _:
            raise InputError(
                "the condition of where(...) is one comparison: where(a < b, u, v)."
            )
    excess, _ = _binary("-", (high, 1.0), (low, 1.0))
    then, otherwise = inner(args[1])[0], inner(args[2])[0]
    strict = isinstance(op, ast.Lt | ast.Gt)
    if excess[0] == "number":
        return then if excess[1] > 0 or (not strict and excess[1] == 0) else otherwise
    return ("call", "positive" if strict else "nonnegative", (excess, then, otherwise))
