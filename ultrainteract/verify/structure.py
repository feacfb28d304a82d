"""Compares two trees: scalars by value, sets and lists element by element, sets of reals as such.

The gold decides whether order counts: bare lists and sets have none, `( )` and `[ ]` have.
None means that the forms differ so that a person would hesitate: UNVERIFIED.
"""

from ultrainteract.verify import scalar as scalars
from ultrainteract.verify.forms import settled
from ultrainteract.verify.region import agree, is_region, named, region
from ultrainteract.verify.sides import approximated, assigned, dummies, isolates, renamed, solved
from ultrainteract.verify.tree import (
    Apply,
    Group,
    Node,
    Relation,
    Span,
    Symbol,
    Unreadable,
    scalar,
    variables,
)  # fmt: skip

_flip = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_pair = 2


def same(ours: Node, gold: Node) -> bool | None:  # noqa: PLR0911  one line a pair of forms
    """Whether `ours` says what `gold` says. Raises Unreadable where a formula needs more."""
    ours, gold = settled(ours), settled(gold)
    if scalar(ours) and scalar(gold):
        return scalars.same(ours, gold)
    if isinstance(ours, Relation) and isinstance(gold, Relation):
        return _relations(ours, gold)
    if is_region(ours) or is_region(gold):
        return _regions(ours, gold)
    if (one := _all_equal(ours, gold)) is not None:
        return one
    if isinstance(gold, Relation):
        return _said(ours, gold)
    if isinstance(ours, Relation):
        value = assigned(ours)
        if value is None:
            return _chained(ours, gold)
        return same(value, gold)
    if isinstance(ours, Group) and isinstance(gold, Group):
        return _groups(ours, gold)
    return _group_and_scalar(ours, gold)


def _all(results: list[bool | None]) -> bool | None:
    return False if False in results else None if None in results else True


def _said(ours: Node, gold: Relation) -> bool | None:
    """Whether `ours`, no relation, is what one says."""
    if (value := assigned(gold)) is not None:
        return same(ours, value)
    if values := approximated(gold):
        return _any([same(ours, value) for value in values])
    return solved(gold, ours)


def _any(results: list[bool | None]) -> bool | None:
    return True if True in results else None if None in results else False


def _group_and_scalar(ours: Node, gold: Node) -> bool | None:
    group, other = (ours, gold) if isinstance(ours, Group) else (gold, ours)
    if not isinstance(group, Group):
        raise Unreadable("structures of different kinds")
    if group.kind == "ratio" and len(group.items) == _pair and scalar(other):
        if named(group.items[0]) and not variables(group.items[1]):
            return scalars.same(group.items[1], other)  # `x: 5`
        return scalars.same(Apply("/", group.items), other)
    if len(group.items) == 1:
        return same(group.items[0], other) if group is ours else same(other, group.items[0])
    return False


def _all_equal(ours: Node, gold: Node) -> bool | None:
    """`x = y = z = 1` and `(1, 1, 1)`; None for other pairs, or if that cannot be told."""
    chain, group = (ours, gold) if isinstance(ours, Relation) else (gold, ours)
    if not isinstance(chain, Relation) or not isinstance(group, Group) or group.kind != "paren":
        return None
    *names, value = chain.terms
    if set(chain.signs) != {"="} or len(names) != len(group.items) or not all(map(named, names)):
        return None
    return _all([same(item, value) for item in group.items])


def _chained(ours: Relation, gold: Node) -> bool | None:
    """`4\\sqrt{10} \\approx 12.65` says its first value, if the others are that value rounded."""
    if set(ours.signs) != {"="} or any(map(variables, ours.terms)):
        raise Unreadable("a relation for a value")
    first, *others = ours.terms
    if any(same(first, other) is False for other in others):
        return None
    return same(first, gold)


def _relations(ours: Relation, gold: Relation) -> bool | None:
    value, wanted = assigned(ours), assigned(gold)
    if value is not None and wanted is not None:
        first, second = ours.terms[0], gold.terms[0]
        if names := dummies(first, second):
            value = renamed(value, *names)
        if names or first == second or _functions(first, second):
            return None if value is None else same(value, wanted)
    one, other = region(ours), region(gold)
    if one is not None and other is not None:
        return agree(one, other)
    if len(ours.terms) != _pair or len(gold.terms) != _pair:
        if len(ours.terms) == len(gold.terms) and ours.signs == gold.signs:
            return _all([same(a, b) for a, b in zip(ours.terms, gold.terms, strict=True)]) or None
        raise Unreadable("chains of different length")
    if not all(map(scalar, (*ours.terms, *gold.terms))):
        if _named_sides(ours, gold):
            return same(ours.terms[1], gold.terms[1])
        raise Unreadable("a relation of structures")
    return _equations(ours, gold)


def _equations(ours: Relation, gold: Relation) -> bool | None:
    """Two equations or inequalities in scalars: the same but for a factor, or for a name solved."""
    ratio = scalars.proportional(_difference(ours), _difference(gold))
    sign = _flip.get(ours.signs[0]) if ratio == -1 else ours.signs[0]
    if ratio is None:
        return None
    if not ratio:
        return isolates(ours, gold) or isolates(gold, ours)
    return sign == gold.signs[0]


def _functions(one: Node, other: Node) -> bool:
    """`f(x)` and `y` may be two names of one function."""
    return {type(one), type(other)} == {Apply, Symbol}


def _named_sides(ours: Relation, gold: Relation) -> bool:
    return ours.signs == gold.signs and ours.terms[0] == gold.terms[0]


def _difference(relation: Relation) -> Node:
    left, right = relation.terms
    return Apply("+", (left, Apply("neg", (right,))))


def _regions(ours: Node, gold: Node) -> bool | None:  # noqa: PLR0911  one line a pair of forms
    one, other = region(ours), region(gold)
    if one is not None and other is not None:
        return agree(one, other)
    ours, gold = _inside(ours), _inside(gold)
    match ours, gold:
        case Span(), Span():
            ends = [same(ours.low, gold.low), same(ours.high, gold.high)]
            return _all([*ends, ours.closed == gold.closed])
        case (Span() as span, Group(kind, (low, high))) | (
            Group(kind, (low, high)),
            Span() as span,
        ):
            closed = {"paren": (False, False), "bracket": (True, True)}.get(kind)
            return _all([same(span.low, low), same(span.high, high), closed == span.closed])
        case Apply("setminus", args), Apply("setminus", wanted):
            return _all([same(a, b) for a, b in zip(args, wanted, strict=True)])
        case Apply(head, _), Apply(other_head, _) if head == other_head:
            return _unordered(_members(head, ours), _members(head, gold))
        case Symbol(), Symbol():
            return ours == gold
    if scalar(ours) or scalar(gold):
        return False
    raise Unreadable("sets of different kinds")


def _inside(node: Node) -> Node:
    return node.terms[1] if isinstance(node, Relation) and node.signs == ("in",) else node


def _members(head: str, node: Node) -> list[Node]:
    if isinstance(node, Apply) and node.head == head and head != "setminus":
        return [member for arg in node.args for member in _members(head, arg)]
    return [node]


def _groups(ours: Group, gold: Group) -> bool | None:  # noqa: PLR0911
    if gold.kind == "ratio" or ours.kind == "ratio":
        return _ratios(ours, gold)
    if "matrix" in (ours.kind, gold.kind):
        ours, gold = _vector(ours, gold), _vector(gold, ours)
    if len(ours.items) != len(gold.items):
        return _flat(ours, gold)
    in_order = _all([same(a, b) for a, b in zip(ours.items, gold.items, strict=True)])
    if gold.kind in ("bare", "set"):
        labelled = [
            any(isinstance(item, Relation) for item in group.items) for group in (ours, gold)
        ]
        if in_order or labelled[0] != labelled[1]:
            return in_order
        anyhow = _unordered(list(ours.items), list(gold.items))
        return None if anyhow and ours.kind == "paren" else anyhow
    if ours.kind == gold.kind or not in_order:
        loose = ours.kind == "set" and not in_order and _unordered([*ours.items], [*gold.items])
        return None if loose else in_order
    if gold.kind == "paren" and _labelled_in_order(ours):
        return True
    # Two values in other brackets may be a point, an interval, or a list.
    listed = (gold.kind, ours.kind) == ("bracket", "bare") and region(gold) is None
    return None if len(gold.items) == _pair and not listed else True


def _labelled_in_order(group: Group) -> bool:
    """`x = 1, y = 2` names the coordinates of a point in their order."""
    names = [
        item.terms[0].name
        for item in group.items
        if isinstance(item, Relation) and item.signs == ("=",) and isinstance(item.terms[0], Symbol)
    ]
    return len(names) == len(group.items) and names == sorted(set(names))


def _flat(ours: Group, gold: Group) -> bool | None:
    """Lists of different length are different, but for one level of grouping: `(1,1;2,2)`."""
    if gold.kind in ("bare", "set") and len(ours.items) == 1 and isinstance(ours.items[0], Group):
        return same(ours.items[0], gold)
    points = tuple(dict.fromkeys(ours.items))
    twice = gold.kind in ("bare", "set") and len(points) < len(ours.items)
    if twice and all(isinstance(point, Group) for point in points):
        return _groups(Group(ours.kind, points), gold)  # a solution named twice
    if len(ours.items) == 1 and ours.kind != "paren":
        only = ours.items[0]
        if isinstance(only, Group) and only.kind == gold.kind == "paren":
            return same(only, gold)  # a solver's list of one point
    if len(gold.items) == 1 and isinstance(gold.items[0], Group):
        return same(ours, gold.items[0])
    return False


def _vector(group: Group, other: Group) -> Group:
    """A matrix facing a flat list is the list of its rows, a single column or row a vector."""
    if group.kind != "matrix" or other.kind == "matrix":
        return group
    rows = [row.items for row in group.items if isinstance(row, Group)]
    if any(isinstance(item, Group) for item in other.items):
        return Group("bracket", group.items)
    if len(rows) == 1:
        return Group(other.kind, rows[0])
    if all(len(row) == 1 for row in rows):
        return Group(other.kind, tuple(row[0] for row in rows))
    return Group("bracket", group.items)


def _ratios(ours: Group, gold: Group) -> bool | None:
    if ours.kind != gold.kind or len(ours.items) != len(gold.items):
        return False
    equal = _all([same(a, b) for a, b in zip(ours.items, gold.items, strict=True)])
    if equal or not all(map(scalar, (*ours.items, *gold.items))):
        return equal
    ratios = [Apply("/", pair) for pair in zip(ours.items, gold.items, strict=True)]
    scaled = _all([scalars.same(ratio, ratios[0]) for ratio in ratios[1:]])
    return None if scaled else False


def _unordered(ours: list[Node], gold: list[Node]) -> bool | None:
    """Whether the two are the same up to order; each of `ours` serves once."""
    if len(ours) != len(gold):
        return False
    left, doubtful = list(ours), False
    for wanted in gold:
        results = [same(item, wanted) for item in left]
        if True in results:
            left.pop(results.index(True))
        elif None in results:
            left.pop(results.index(None))
            doubtful = True
        else:
            return False
    return None if doubtful else True
