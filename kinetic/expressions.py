"""Formulas in run files: a small language that can neither execute code nor hang.

Numbers, `pi`, the variables the caller allows, named parameters, + - * / **, parentheses
and the functions of `kinetic.grammar`.  A formula is parsed by `ast`, walked against a
whitelist, and kept as plain tuples with its constants folded; derivatives and fast code are
made from those tuples (`kinetic.compilation`), never from the text.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kinetic.errors import InputError, listing, suggestion
from kinetic.grammar import DEPTH, FUNCTIONS, GRAMMAR, Tree, tree_of

LENGTH = 4000
NODES = 1000
RESERVED = frozenset(FUNCTIONS) | {"pi"}
_ALLOWED_CHARACTERS = re.compile(r"[A-Za-z0-9_.+\-*/(),<>= ]*")
_HINTS = {
    "^": "powers are written **, as in kx**2",
    "%": "there is no remainder",
    "[": "there are no lists",
    "{": "there are no sets or tables",
    "'": "there are no strings inside a formula",
    '"': "there are no strings inside a formula",
    "|": "absolute values are written abs(...)",
    "−": "the minus sign is the ASCII '-'",
    "π": "π is written pi",
    "·": "products are written *",
    "×": "products are written *",
    "²": "powers are written **, as in kx**2",
}


@dataclass(frozen=True)
class Expression:
    """A formula that passed the whitelist: its text, its tree and the names in it."""

    source: str
    tree: Tree
    names: frozenset[str]
    functions: frozenset[str]

    @property
    def number(self) -> float | None:
        """The value if the formula is a plain number, else None."""
        return float(self.tree[1]) if self.tree[0] == "number" else None


def parse(
    source: object,
    allowed: Collection[str] = (),
    what: str = "expression",
    hints: Mapping[str, str] | None = None,
) -> Expression:
    """Check a number or formula.

    Parameters
    ----------
    source
        A number or a string.
    allowed
        Names that may occur: variables and parameters.
    what
        What the formula is, for messages: 'd[0]', 'mass', 'E[2]'.
    hints
        Sentences for names that are refused for a particular reason.

    Raises
    ------
    InputError
        If it is not a formula of the language, uses a name that is not allowed, has no
        finite real value, or is too long, too deeply nested or too high a power.
    """
    text = _text(source, what)
    try:
        expression = _parse(text)
    except InputError as error:
        raise InputError(f"{what} = '{_short(text)}': {error}") from None
    for name in sorted(expression.names - set(allowed)):
        reason = (hints or {}).get(name)
        if reason is None:
            others = f"; allowed are {listing(allowed)}" if allowed else ""
            near = suggestion(name, [*allowed, *RESERVED])
            reason = f"there is no '{name}' here{others} and numbers, pi and functions."
            if near.startswith("did"):
                reason += f" {near[0].upper()}{near[1:]}"
        raise InputError(f"{what} = '{_short(text)}': {reason}")
    return expression


def check_names(names: Collection[str], variables: Collection[str], what: str) -> None:
    """Refuse parameter names that are not plain identifiers or that mean something already.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
            raise InputError(
                f"{what} {name!r}: a name is letters, digits and _, letter first."
            )
        try:
            ast.parse(name, mode="eval")
        except SyntaxError:
            raise InputError(f"{what} '{name}': the name is a reserved word.") from None
        if name in RESERVED or name in variables:
            raise InputError(f"{what} '{name}': the name is taken; choose another one.")


def _text(source: object, what: str) -> str:
    if isinstance(source, bool) or not isinstance(source, int | float | str):
        if not hasattr(source, "__float__") or isinstance(source, bool):
            raise InputError(f"{what} = {source!r}: write a number or a formula in quotes.")
        source = float(source)
    if isinstance(source, str):
        return " ".join(source.split())
    try:
        value = float(source)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise InputError(f"{what} = {_short(str(value))}: a finite number is needed.")
    return repr(value)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


@lru_cache(maxsize=4096)
def _parse(text: str) -> Expression:
    if not text:
        raise InputError(f"it is empty; {GRAMMAR}.")
    if len(text) > LENGTH:
        raise InputError(f"it has {len(text)} characters; at most {LENGTH} are allowed.")
    end = _ALLOWED_CHARACTERS.match(text).end()  # type: ignore[union-attr]
    if end < len(text):
        character = text[end]
        hint = _HINTS.get(character, GRAMMAR)
        raise InputError(f"the character {character!r} is not allowed; {hint}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise InputError(f"it is not a formula ({error.msg}); {GRAMMAR}.") from None
    except (MemoryError, RecursionError, ValueError):
        raise InputError(f"it is nested too deeply; at most {DEPTH} levels.") from None
    count = sum(isinstance(node, ast.expr) for node in ast.walk(body))
    if count > NODES:
        raise InputError(f"it has {count} terms; at most {NODES} are allowed: split it.")
    names: set[str] = set()
    functions: set[str] = set()
    tree, _ = tree_of(body, 0, names, functions)
    return Expression(text, tree, frozenset(names), frozenset(functions))
