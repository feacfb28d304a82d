"""The structures that Python prints as calls: `Matrix([[1, 2]])`, `Eq(x, 1)`."""

from ultrainteract.verify.tree import Apply, Group, Node, Relation, Span, Symbol, Unreadable

_signs = {"Eq": "=", "Ne": "!=", "Lt": "<", "Le": "<=", "Gt": ">", "Ge": ">="}
_closed = {
    "Interval": (True, True),
    "Interval.open": (False, False),
    "Interval.Lopen": (False, True),
    "Interval.Ropen": (True, False),
}
_heads = {"Add": "+", "Mul": "*"}


def call(name: str, args: tuple[Node, ...]) -> Node:  # noqa: C901, PLR0911, PLR0912  a table
    """The structure a call builds. `[` is Python's list. Raises Unreadable."""
    if name == "[":
        return _listed(args)
    if name == "Matrix":
        return _matrix(args)
    if name in _closed:
        return _interval(name, args)
    if name in ("Union", "Intersection", "And", "Or"):
        return _folded("cup" if name in ("Union", "Or") else "cap", args)
    if name in _heads:
        return _folded(_heads[name], args)
    if name in ("FiniteSet", "set", "frozenset"):
        return _set(args)
    if name in ("Tuple", "Point", "Point2D", "Point3D"):
        return Group("paren", args)
    if len(args) == 1 and name in ("Integer", "Float", "Rational", "Fraction"):
        return args[0]
    if len(args) != 2:  # noqa: PLR2004
        raise Unreadable(f"{name} of {len(args)} arguments")
    if name in _signs:
        return Relation((_signs[name],), args)
    if name in ("Rational", "Fraction"):
        return Apply("/", args)
    if name == "Pow":
        return Apply("**", args)
    if name == "complex":
        return Apply("+", (args[0], Apply("*", (args[1], Symbol("i")))))
    raise Unreadable(f"call of {name}")


def entry(item: Node) -> Node:
    """An entry of Python's dict, `{x: 5}`, says `x = 5`."""
    match item:
        case Group("ratio", (Symbol(), _) as pair):
            return Relation(("=",), pair)
    return item


def _listed(args: tuple[Node, ...]) -> Node:
    rows = [arg for arg in args if isinstance(arg, Group) and arg.kind == "bracket"]
    if rows and len(rows) == len(args) and len({len(row.items) for row in rows}) == 1:
        return Group("matrix", args)
    return Group("bracket", args)


def _matrix(args: tuple[Node, ...]) -> Node:
    inside = args[0] if len(args) == 1 else None
    if isinstance(inside, Group) and inside.kind == "matrix":
        return inside
    if not isinstance(inside, Group) or inside.kind != "bracket" or not inside.items:
        raise Unreadable("Matrix of something else than rows")
    if all(isinstance(row, Group) for row in inside.items):
        return _listed(inside.items)
    return Group("matrix", tuple(Group("bracket", (item,)) for item in inside.items))


def _interval(name: str, args: tuple[Node, ...]) -> Node:
    low, high, *flags = args if len(args) > 1 else (None, None)
    if low is None or high is None or not all(isinstance(flag, Symbol) for flag in flags):
        raise Unreadable(f"{name} of something else than two ends")
    return Span(low, high, _closed[name])


def _folded(head: str, args: tuple[Node, ...]) -> Node:
    if not args:
        raise Unreadable(f"{head} of nothing")
    total = args[0]
    for arg in args[1:]:
        total = Apply(head, (total, arg))
    return total


def _set(args: tuple[Node, ...]) -> Node:
    if not args:
        return Symbol("{}")
    if len(args) == 1 and isinstance(args[0], Group):
        return Group("set", args[0].items)
    return Group("set", args)
