"""Forms that say the same, brought to one: `x = 2 or x = -2` is `2, -2`, `P(3, 1)` `(3, 1)`."""

from collections.abc import Callable

from ultrainteract.verify.tree import Apply, Group, Node, Relation, Symbol, Unreadable, scalar


def settled(node: Node) -> Node:
    """The node itself, or what it says. Raises Unreadable for arithmetic with structures."""
    match node:
        case Group("bare", (Relation(("=",), (Symbol(), value)), *others)) if others and not any(
            isinstance(other, Relation) for other in others
        ):
            return Group("bare", (value, *others))  # `x = 1, 2, 3`
        case Group("bare" | "set" | "bracket" as kind, items) if len(items) > 1:
            values = _values(items)
            return node if values is None else Group(kind, values)
        case Apply("*", (Symbol(name), Group("paren", items) as point)) if _point(name, items):
            return point
        case Apply("+" | "*" | "/" | "neg" | "**", args) if not all(map(scalar, args)):
            return _matrix(node)
    return node


def _point(name: str, items: tuple[Node, ...]) -> bool:
    """`P(3, -1)`: a capital before coordinates."""
    return len(name) == 1 and name.isupper() and len(items) > 1


def _values(items: tuple[Node, ...]) -> tuple[Node, ...] | None:
    """What one unknown is said to be, `x = 2, x = -2` or `x_1 = 2, x_2 = -2`; else None."""
    values: list[Node] = []
    names: set[str] = set()
    for item in items:
        match item:
            case Relation(("=",), (Symbol(name), value)):
                names.add(name)
                values.append(value)
            case _:
                return None
    stems = {name.partition("_")[0] for name in names}
    numbered = len(names) == len(items) and all("_" in name for name in names)
    return tuple(values) if len(names) == 1 or (numbered and len(stems) == 1) else None


def _matrix(node: Apply) -> Node:
    """A matrix times a scalar, cell by cell."""
    match node:
        case Apply("+", (one, other)):
            return _sum(*map(settled, (one, other)))
        case Apply("neg", (Group("matrix") as matrix,)):
            return _each(matrix, lambda cell: Apply("neg", (cell,)))
        case Apply("*", (factor, Group("matrix") as matrix)) if scalar(factor):
            return _each(matrix, lambda cell: Apply("*", (factor, cell)))
        case Apply("*" | "/" as head, (Group("matrix") as matrix, factor)) if scalar(factor):
            return _each(matrix, lambda cell: Apply(head, (cell, factor)))
    raise Unreadable("arithmetic with structures")


def _sum(one: Node, other: Node) -> Group:
    """Two matrices of one shape, cell by cell."""
    match one, other:
        case Group("matrix", rows), Group("matrix", others):
            pairs = zip(rows, others, strict=False)
            added = [_row(a, b) for a, b in pairs if isinstance(a, Group) and isinstance(b, Group)]
            if len(added) == len(rows) == len(others):
                return Group("matrix", tuple(added))
    raise Unreadable("arithmetic with structures")


def _row(one: Group, other: Group) -> Group:
    if len(one.items) != len(other.items):
        raise Unreadable("a sum of matrices of different shapes")
    cells = zip(one.items, other.items, strict=True)
    return Group(one.kind, tuple(Apply("+", pair) for pair in cells))


def _each(matrix: Group, change: Callable[[Node], Node]) -> Group:
    rows = [row for row in matrix.items if isinstance(row, Group)]
    return Group("matrix", tuple(Group(r.kind, tuple(map(change, r.items))) for r in rows))
