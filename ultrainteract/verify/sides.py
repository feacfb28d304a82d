"""What the sides of a relation say: `x = 5` its value, `|AB| = 1` too, `xy = 6` that y is 6/x.

Scalars only; structures are compared by the module that asks.
"""

from collections.abc import Sequence

from ultrainteract.verify import scalar as scalars
from ultrainteract.verify.region import named
from ultrainteract.verify.tree import (
    Apply,
    Group,
    Node,
    Number,
    Relation,
    Symbol,
    scalar,
    variables,
)

_called = frozenset("fghpq")
_measures = frozenset({"*", "/", "abs", "sin", "cos", "tan"})


def assigned(relation: Relation) -> Node | None:
    """The value in `x = ... = value`, `(x, y) = (1, 2)`, `f(x) = ...`; None for other relations."""
    if set(relation.signs) != {"="}:
        return None
    first, *values = relation.terms
    if named(first) or _at_a_point(first) or measure(first) or _names(first):
        return values[0] if _alike(values) else values[-1]
    return None


def approximated(relation: Relation) -> tuple[Node, ...]:
    """What `\\sqrt{2} \\approx 1.414` says: one value in several ways; else nothing."""
    return relation.terms if set(relation.signs) == {"="} and _alike(relation.terms) else ()


def _alike(terms: Sequence[Node]) -> bool:
    """Whether constants are one value, rounded or not."""
    first, *others = terms
    if not all(scalar(term) and not variables(term) for term in terms):
        return False
    return all(scalars.same(first, other) is not False for other in others)


def _names(node: Node) -> bool:
    return isinstance(node, Group) and node.kind == "paren" and all(map(named, node.items))


def _at_a_point(node: Node) -> bool:
    """`f(2)`, `P(3)`: a product would have its number first."""
    match node:
        case Apply("*", (Symbol(name), Number())):
            return name in _called or (len(name) == 1 and name.isupper())
    return False


def measure(node: Node) -> bool:
    """`|AB|`, `\\frac{NO}{BO}`, `S_1 : S_2`, `\\cos A`: capitals name lengths, areas and angles."""
    match node:
        case Symbol(name):
            return name[:1].isupper() and len(name.partition("_")[0]) == 1
        case Apply(head, args):
            return head in _measures and all(map(measure, args))
        case Group("ratio", items):
            return all(map(measure, items))
    return False


def dummies(one: Node, other: Node) -> tuple[str, str] | None:
    """The arguments in `f(x)` and `f(z)`, two names of one thing; None for other pairs."""
    match one, other:
        case Apply("*", (Symbol(f), Symbol(x))), Apply("*", (Symbol(g), Symbol(z))):
            told = f == g and x != z and (x + z).islower()
            return (x, z) if told and named(one) and named(other) else None
    return None


def renamed(node: Node, old: str, new: str) -> Node | None:
    """A scalar with another name for its variable; None if it has none or the name is taken."""
    if not scalar(node) or new in variables(node) or old not in variables(node):
        return None
    return _renamed(node, old, new)


def _renamed(node: Node, old: str, new: str) -> Node:
    match node:
        case Symbol(name):
            return Symbol(new) if name == old else node
        case Apply(head, args):
            return Apply(head, tuple(_renamed(arg, old, new) for arg in args))
    return node


def solved(equation: Relation, value: Node) -> bool:
    """Whether a formula is what an equation, linear in the one name that it lacks, says of it."""
    if equation.signs != ("=",) or not all(map(scalar, (*equation.terms, value))):
        return False
    left, right = equation.terms
    missing = (variables(left) | variables(right)) - variables(value)
    if len(missing) != 1 or not variables(value):
        return False
    return scalars.root(Apply("+", (left, Apply("neg", (right,)))), missing.pop(), value)


def isolates(one: Relation, other: Relation) -> bool:
    """Whether `y = 6/x` is an equation such as `xy = 6`, solved for the name on its left."""
    match one:
        case Relation(("=",), (Symbol(name), value)) if scalar(value):
            known = set().union(*map(variables, other.terms))
            return name in known - variables(value) and solved(other, value)
    return False
