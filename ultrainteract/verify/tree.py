"""What a reader makes of an answer: five kinds of node, plain data, nothing evaluated."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias


class Unreadable(Exception):
    """The text is not in the reader's language; says nothing of its value."""


@dataclass(frozen=True, slots=True)
class Number:
    """A literal. `decimals` counts digits after its point, -1 without one."""

    value: Fraction
    decimals: int = -1


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable or a constant."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function: `+`, `*`, `/`, `**`, `neg`, `sin`, ..., `cup`, `cap`, `minus`."""

    head: str
    args: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Several values. Bare lists and sets have no order; parentheses and brackets have."""

    kind: Literal["bare", "paren", "bracket", "set", "matrix", "ratio"]
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Span:
    """An interval; `closed` tells of its left and its right end."""

    low: "Node"
    high: "Node"
    closed: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Relation:
    """`a = b`, and chains `a < b <= c`: one term more than signs."""

    signs: tuple[str, ...]
    terms: tuple["Node", ...]


Node: TypeAlias = Number | Symbol | Apply | Group | Span | Relation


def scalar(node: Node) -> bool:
    """A single value, not a structure."""
    if isinstance(node, Apply):
        return node.head not in ("cup", "cap", "setminus") and all(map(scalar, node.args))
    return isinstance(node, Number | Symbol) and node != Symbol("{}")


def literals(node: Node) -> list[Number]:
    """Every number written in a scalar."""
    if isinstance(node, Number):
        return [node]
    return [n for arg in node.args for n in literals(arg)] if isinstance(node, Apply) else []


def variables(node: Node) -> set[str]:
    """The free variables of a scalar."""
    if isinstance(node, Symbol):
        return set() if node.name in ("pi", "e", "i", "oo", "phi_", "{}") else {node.name}
    if isinstance(node, Apply):
        return set().union(*map(variables, node.args)) if node.args else set()
    return set()
