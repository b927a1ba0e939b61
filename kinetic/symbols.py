"""Exact derivatives of formulas and the numpy code that evaluates them (the sympy side).

sympy differentiates and finds common subexpressions; it never sees text.  The functions are
our own sympy classes, so that nothing is rewritten into complex branches and the
derivative of abs is sign, of sign and heaviside 0 (the jump itself is not represented).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import sympy
from sympy.core.cache import cacheit

from kinetic.errors import InputError
from kinetic.expressions import parse
from kinetic.grammar import Tree

Node = Any
F: dict[str, Any] = {}
NUMPY = {
    "asin": "np.arcsin",
    "acos": "np.arccos",
    "atan": "np.arctan",
    "atan2": "np.arctan2",
    "abs": "np.abs",
    "min": "np.minimum",
    "max": "np.maximum",
    "power": "np.power",
    "erf": "erf",
}


def _define(name: str, arity: int, derivative: Callable[..., Node]) -> None:
    """One function of the language: `derivative(self, (args), (args'))`."""

    @cacheit
    def differentiate(self: Node, symbol: Node) -> Node:
        rates = tuple(argument.diff(symbol) for argument in self.args)
        return derivative(self, self.args, rates)

    body = {"nargs": arity, "_eval_derivative": differentiate, "language_name": name}
    F[name] = type(f"Kinetic{name.capitalize()}", (sympy.Function,), body)


def _elementary(name: str, slope: Callable[[Node, Node], Node]) -> None:
    """A function of one argument: slope(f(x), x) = f'(x)."""
    _define(name, 1, lambda f, x, dx: slope(f, x[0]) * dx[0])


_elementary("sin", lambda f, x: F["cos"](x))
_elementary("cos", lambda f, x: -F["sin"](x))
_elementary("tan", lambda f, x: 1 + f**2)
_elementary("asin", lambda f, x: 1 / F["sqrt"](1 - x**2))
_elementary("acos", lambda f, x: -1 / F["sqrt"](1 - x**2))
_elementary("atan", lambda f, x: 1 / (1 + x**2))
_elementary("sinh", lambda f, x: F["cosh"](x))
_elementary("cosh", lambda f, x: F["sinh"](x))
_elementary("tanh", lambda f, x: 1 - f**2)
_elementary("exp", lambda f, x: f)
_elementary("log", lambda f, x: 1 / x)
_elementary("sqrt", lambda f, x: sympy.Rational(1, 2) / f)
_elementary("abs", lambda f, x: F["sign"](x))
_elementary("sign", lambda f, x: sympy.S.Zero)
_elementary("heaviside", lambda f, x: sympy.S.Zero)
_elementary("erf", lambda f, x: sympy.Float(2 / math.sqrt(math.pi)) * F["exp"](-(x**2)))
_define("atan2", 2, lambda f, a, d: (d[0] * a[1] - d[1] * a[0]) / (a[0] ** 2 + a[1] ** 2))
_define("min", 2, lambda f, a, d: F["nonnegative"](a[1] - a[0], *d))
_define("max", 2, lambda f, a, d: F["nonnegative"](a[0] - a[1], *d))
_define("positive", 3, lambda f, a, d: _select("positive", a[0], d[1], d[2]))
_define("nonnegative", 3, lambda f, a, d: _select("nonnegative", a[0], d[1], d[2]))


def _select(name: str, excess: Node, then: Node, otherwise: Node) -> Node:
    return then if then == otherwise else F[name](excess, then, otherwise)


def _power_rate(f: Node, a: tuple[Node, ...], d: tuple[Node, ...]) -> Node:
    rate = sympy.S.Zero
    if d[0] != 0:
        rate += a[1] * _power(a[0], a[1] - 1) * d[0]
    if d[1] != 0:
        rate += f * F["log"](a[0]) * d[1]
    return rate


_define("power", 2, _power_rate)


def _power(base: Node, exponent: Node) -> Node:
    if exponent.is_number:
        value = float(exponent)
        if value.is_integer():
            return base ** int(value)
        if (2 * value).is_integer():
            return F["sqrt"](base) ** int(2 * value)
    return F["power"](base, exponent)


_CHAINED: dict[str, Callable[[Node, Node], Node]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def build(tree: Tree) -> Node:
    """The sympy node of a tree."""
    match tree:
        case ("number", int(value)):
            return sympy.Integer(value)
        case ("number", value):
            return sympy.Float(value)
        case ("name", name):
            return sympy.Symbol(name)
        case ("**", a, b):
            return _power(build(a), build(b))
        case (("+" | "-" | "*" | "/"), _, _):
            chain = []
            while tree[0] in _CHAINED:
                symbol, tree, right = tree
                chain.append((_CHAINED[symbol], build(right)))
            node = build(tree)
            for apply, right in reversed(chain):
                node = apply(node, right)
            return node
        case ("call", name, arguments):
            return F[name](*(build(argument) for argument in arguments))
    raise AssertionError(tree)


def generate(arguments: Sequence[str], outputs: Sequence[tuple[str, str]]) -> str:
    """Text of a module with one function `evaluate(*arguments) -> tuple of outputs`.

    Parameters
    ----------
    arguments
        Names of variables and parameters, in calling order.
    outputs
        (formula, variable) pairs: the derivative by that variable, or the value for '';
        'x,t' is the derivative by x and by t.

    Raises
    ------
    InputError
        If a formula is singular or overflows in exact arithmetic.
    """
    rename = {sympy.Symbol(n): sympy.Symbol(f"a{i}") for i, n in enumerate(arguments)}
    nodes = []
    for source, variable in outputs:
        node = build(parse(source, arguments).tree)
        for name in filter(None, variable.split(",")):
            node = node.diff(sympy.Symbol(name))
        if node.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            raise InputError(f"'{source}' has no finite value.")
        nodes.append(node.xreplace(rename))
    common, reduced = sympy.cse(nodes, symbols=sympy.numbered_symbols("w"), order="none")
    lines = [f"    {name} = {_code(node)}" for name, node in common]
    results = "".join(f"        {_code(node)},\n" for node in reduced)
    signature = ", ".join(f"a{i}" for i in range(len(arguments)))
    body = "\n".join([*lines, f"    return (\n{results}    )"])
    special = "from scipy.special import erf\n" if "erf(" in body else ""
    return _MODULE.format(special=special, signature=signature, body=body)


_MODULE = '''"""Generated by kinetic; safe to delete."""
import numpy as np
{special}

def integer_power(base, exponent):
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else result * base
        exponent >>= 1
        if exponent:
            base = base * base
    return result


def evaluate({signature}):
{body}
'''


def _code(node: Node) -> str:
    """The numpy text of a node, safe to stand as a factor."""
    if node.is_Symbol:
        return str(node.name)
    if node.is_Number:
        try:
            value = float(node)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise InputError("a formula contains a number beyond 1e308.")
        return repr(value) if value >= 0 else f"({value!r})"
    if node.is_Add:
        return _sum(node.args)
    if node.is_Mul:
        return _product(node.args)
    if node.is_Pow:
        return _product((node,))
    arguments = [_code(argument) for argument in node.args]
    name = node.func.language_name
    if name in ("positive", "nonnegative"):
        sign = ">" if name == "positive" else ">="
        return f"np.where({arguments[0]} {sign} 0, {arguments[1]}, {arguments[2]})"
    if name == "heaviside":
        return f"np.heaviside({arguments[0]}, 0.5)"
    return f"{NUMPY.get(name, 'np.' + name)}({', '.join(arguments)})"


def _sum(terms: Sequence[Node]) -> str:
    # Positive terms first: no needless negation of a whole array.
    signed = [(not t.could_extract_minus_sign(), t) for t in terms]
    plus = [_code(t) for positive, t in signed if positive]
    minus = [_code(-t) for positive, t in signed if not positive]
    if not plus:
        return f"(-({' + '.join(minus)}))"
    return f"({' - '.join([' + '.join(plus), *minus])})"


def _product(factors: Sequence[Node]) -> str:
    above: list[str] = []
    below: list[str] = []
    scale = sympy.S.One
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if factor.is_Number:
            scale = scale * factor
        elif factor.is_Pow and exponent.is_Integer:
            (above if exponent > 0 else below).append(
                _integer_power(base, abs(int(exponent)))
            )
        else:
            above.append(_code(factor))
    negative = bool(scale < 0)
    if abs(scale) != 1 or not above:
        above.insert(0, _code(abs(scale)))
    text = "*".join(above)
    if below:
        text = f"{text}/({'*'.join(below)})"
    return f"({'-' if negative else ''}{text})"


def _integer_power(base: Node, exponent: int) -> str:
    text = _code(base)
    if exponent == 1:
        return text
    if exponent == 2:
        return f"np.square({text})"
    return f"integer_power({text}, {exponent})"
