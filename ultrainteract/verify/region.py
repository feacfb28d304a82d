"""Sets of real numbers in one canonical form: sorted, disjoint intervals with their end types.

So `x \\le -2 \\text{ or } x \\ge 2`, unions in any order and `Union(Interval(...), ...)` compare
as what they are. Ends must be constants; anything else is left to a comparison by structure.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

import mpmath

from ultrainteract.verify.scalar import same
from ultrainteract.verify.tree import (
    Apply,
    Group,
    Node,
    Number,
    Relation,
    Span,
    Symbol,
    Unreadable,
    scalar,
    variables,
)  # fmt: skip
from ultrainteract.verify.value import Undefined, evaluate, real

_infinity = Symbol("oo")
_below = Apply("neg", (_infinity,))
_pair = 2
_unknowns = frozenset("abcxyz")


@dataclass(frozen=True, slots=True)
class Piece:
    """From `low` to `high`, both constant scalars."""

    low: Node
    high: Node
    left: bool
    right: bool


Region = tuple[Piece, ...]


def region(node: Node) -> Region | None:
    """The set of reals that `node` names, canonical; None if it names none that can be told."""
    try:
        pieces = _pieces(node)
    except (Undefined, Unreadable):
        return None
    return None if pieces is None else _merged(pieces)


def is_region(node: Node) -> bool:
    """Whether a node can only be a set of reals: an interval, a union, an inequality."""
    match node:
        case Span() | Symbol("{}" | "R" | "N" | "Z" | "Q"):
            return True
        case Apply("cup" | "cap" | "setminus", _):
            return True
        case Relation(signs, _):
            return bool(set(signs) & {"<", ">", "<=", ">=", "in", "!="})
    return False


def agree(ours: Region, gold: Region) -> bool | None:
    """Whether two regions are the same set; None if two of their ends differ by rounding only."""
    if len(ours) != len(gold):
        return False
    results = []
    for a, b in zip(ours, gold, strict=True):
        results += [
            same(a.low, b.low),
            same(a.high, b.high),
            (a.left, a.right) == (b.left, b.right),
        ]
    return False if False in results else None if None in results else True


def compare(a: Node, b: Node) -> int:
    """The order of two constants: -1, 0 or 1. Raises Undefined if they are not real."""
    x, y = real(evaluate(a, {})), real(evaluate(b, {}))
    if isinstance(x, mpmath.mpc) or isinstance(y, mpmath.mpc):
        raise Undefined("order of complex numbers")
    return 0 if same(a, b) else (-1 if x < y else 1)


def _pieces(node: Node) -> list[Piece] | None:  # noqa: PLR0911  one line a form
    match node:
        case Span(low, high, closed):
            return _span(low, high, *closed)
        case Group("paren" | "bracket" as kind, (low, high)):
            return _span(low, high, kind == "bracket", kind == "bracket")
        case Group("set", items) if all(scalar(item) and not variables(item) for item in items):
            return [Piece(item, item, left=True, right=True) for item in items]
        case Symbol("{}"):
            return []
        case Symbol("R"):
            return [Piece(_below, _infinity, left=False, right=False)]
        case Apply("cup", (a, b)):
            one, other = _pieces(_part(a)), _pieces(_part(b))
            return None if one is None or other is None else [*one, *other]
        case Apply("cap" | "setminus" as head, (a, b)):
            return _combined(head, region(a), region(b))
        case Relation(("in",), (_, inside)):
            return _pieces(inside)
        case Relation(signs, terms):
            return _inequality(signs, terms)
    return None


def _span(low: Node, high: Node, left: bool, right: bool) -> list[Piece] | None:  # noqa: FBT001
    if not (scalar(low) and scalar(high)) or variables(low) | variables(high):
        return None
    order = compare(low, high)
    if order > 0 or (order == 0 and not (left and right)):
        raise Unreadable("an interval from a higher to a lower end")
    finite = (compare(low, _below) != 0, compare(high, _infinity) != 0)
    return [Piece(low, high, left and finite[0], right and finite[1])]


def _part(node: Node) -> Node:
    """In `x < 2 or x = 3` the equation is a set of one point."""
    match node:
        case Relation(("=",), (name, value)) if named(name):
            return Group("set", (value,))
    return node


def _combined(head: str, a: Region | None, b: Region | None) -> list[Piece] | None:
    if a is None or b is None:
        return None
    if head == "setminus":
        b = _complement(b)
    return [piece for one in a for other in b for piece in _common(one, other)]


def _common(a: Piece, b: Piece) -> list[Piece]:
    low, high = compare(a.low, b.low), compare(a.high, b.high)
    left = a.left if low > 0 else b.left if low < 0 else a.left and b.left
    right = a.right if high < 0 else b.right if high > 0 else a.right and b.right
    start, end = a.low if low >= 0 else b.low, a.high if high <= 0 else b.high
    width = compare(start, end)
    return [Piece(start, end, left, right)] if width < 0 or (width == 0 and left and right) else []


def _complement(pieces: Region) -> Region:
    gaps: list[Piece] = []
    start: Node = _below
    closed = False
    for piece in pieces:
        gaps.append(Piece(start, piece.low, closed, not piece.left))
        start, closed = piece.high, not piece.right
    gaps.append(Piece(start, _infinity, closed, right=False))
    kept = [gap for gap in gaps if compare(gap.low, gap.high) < 0 or (gap.left and gap.right)]
    return tuple(kept)


def _merged(pieces: list[Piece]) -> Region:
    merged: list[Piece] = []
    for piece in sorted(pieces, key=cmp_to_key(_leftmost)):
        last = merged[-1] if merged else None
        order = compare(piece.low, last.high) if last else 1
        if last is None or order > 0 or (order == 0 and not (piece.left or last.right)):
            merged.append(piece)
            continue
        further = compare(piece.high, last.high)
        right = piece.right if further > 0 else last.right or (further == 0 and piece.right)
        merged[-1] = Piece(last.low, piece.high if further > 0 else last.high, last.left, right)
    return tuple(merged)


def _leftmost(a: Piece, b: Piece) -> int:
    return compare(a.low, b.low) or b.left - a.left


def _inequality(signs: tuple[str, ...], terms: tuple[Node, ...]) -> list[Piece] | None:
    """`x < 3`, `3 > x`, `-4 < m <= 0`, `x != 2`: one name between constants."""
    if not all(map(scalar, terms)) or len(terms) > _pair + 1:
        return None
    free = [index for index, term in enumerate(terms) if variables(term)]
    if len(free) != 1 or (len(terms) > _pair and free != [1]):
        return None
    bounded = _bounded(signs, terms, free[0])
    match terms[free[0]]:
        case Apply("abs", (inside,)) if named(inside):
            return bounded and _mirrored(bounded)
        case name if named(name):
            return bounded
    return None


def _bounded(signs: tuple[str, ...], terms: tuple[Node, ...], at: int) -> list[Piece] | None:
    """What lies on the right side of the constants around the term at `at`."""
    if signs == ("!=",):
        point = terms[1 - at]
        return list(_complement((Piece(point, point, left=True, right=True),)))
    low: Node = _below
    high: Node = _infinity
    left = right = False
    if {sign[0] for sign in signs} == {"<", ">"}:
        return None
    for index, sign in enumerate(signs):
        if sign not in ("<", ">", "<=", ">="):
            return None
        bound, above = (
            (terms[index + 1], sign[0] == "<") if index == at else (terms[index], sign[0] == ">")
        )
        if above:
            high, right = bound, "=" in sign
        else:
            low, left = bound, "=" in sign
    return _span(low, high, left, right)


def _mirrored(pieces: list[Piece]) -> list[Piece]:
    """Where |x| is: its values from zero up, and their negatives."""
    zero = Piece(Number(Fraction(0)), _infinity, left=True, right=False)
    sizes = [part for piece in pieces for part in _common(piece, zero)]
    below = [Piece(Apply("neg", (p.high,)), Apply("neg", (p.low,)), p.right, p.left) for p in sizes]
    return [*below, *sizes]


def named(node: Node) -> bool:
    """A variable, or something like `f(x)`."""
    match node:
        case Symbol():
            return bool(variables(node))
        case Apply("*", (Symbol(name), Symbol(argument))) if {name, argument} <= _unknowns:
            return False  # a product such as `xy`
        case Apply("*", (Symbol(), Number() | Apply("sin" | "cos" | "tan"))):
            return False
        case Apply("*", (Symbol(), _)):
            return bool(variables(node))
    return False
