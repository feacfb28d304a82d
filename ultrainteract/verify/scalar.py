"""Are two scalars equal? By their values at fixed generic points, at 60 digits.

Elementary expressions that agree at five generic points are equal; one disagreement refutes.
Agreement at positive integers only (`\\cos \\pi n` and `(-1)^n`) is UNVERIFIED.
"""

import hashlib
from fractions import Fraction

import mpmath

from ultrainteract.verify.quantity import SLACK, TOLERANCE
from ultrainteract.verify.tree import Apply, Node, Number, literals, variables
from ultrainteract.verify.value import DIGITS, Undefined, Value, evaluate, real

_points = 7
_needed = 3
_telling = 3
_float = mpmath.mpf(TOLERANCE.numerator) / TOLERANCE.denominator
_exact = mpmath.mpf(10) ** -30
_tiny = mpmath.mpf(10) ** -40
_vanishing = mpmath.mpf(10) ** -250
_huge = mpmath.mpf(10) ** 15
_many_digits = 320
_first_domain = 2


def same(ours: Node, gold: Node) -> bool | None:
    """Whether two scalars are equal; None if that cannot be told.

    Raises Unreadable for what is too big to evaluate.
    """
    with mpmath.workdps(DIGITS):
        names = sorted(variables(ours) | variables(gold))
        if not names:
            return _constants(ours, gold)
        points = [_generic(names, index) for index in range(_points)]
        generic = [_agree(ours, gold, point) for point in (*points, *_scaled(gold, points))]
        if False in generic:
            return None if _agrees_on_integers(ours, gold, names) else False
        return True if generic.count(True) >= _needed else None


def proportional(ours: Node, gold: Node) -> int | None:
    """The sign of the constant ratio of two expressions; 0 if there is none, None if unknown."""
    with mpmath.workdps(DIGITS):
        names = sorted(variables(ours) | variables(gold))
        ratios: list[Value] = []
        points = [_generic(names, index) for index in range(_points)]
        for point in (*points, *_scaled(gold, points)):
            try:
                a, b = real(evaluate(ours, point)), real(evaluate(gold, point))
            except Undefined:
                continue
            if abs(a) < _tiny or abs(b) < _tiny:
                return 0 if max(abs(a), abs(b)) > _tiny else None
            ratios.append(a / b)
        if len(ratios) < _needed:
            return None
        inexact = _inexact(ours) or _inexact(gold)
        if mpmath.im(ratios[0]) or not all(_near(r, ratios[0], inexact=inexact) for r in ratios):
            return 0
        return 1 if mpmath.re(ratios[0]) > 0 else -1


def root(formula: Node, name: str, value: Node) -> bool:
    """Whether a formula, linear in `name`, vanishes at `value` whatever the other names are."""
    with mpmath.workdps(DIGITS):
        others = sorted(variables(formula) - {name})
        vanishes = [_vanishes(formula, name, value, _generic(others, at)) for at in range(_points)]
        return False not in vanishes and vanishes.count(True) >= _needed


def _vanishes(formula: Node, name: str, value: Node, point: dict[str, Value]) -> bool | None:
    try:
        first, second, third = (
            real(evaluate(formula, point | {name: mpmath.mpf(at)})) for at in (1, 2, 3)
        )
        at_value = real(evaluate(formula, point | {name: evaluate(value, point)}))
    except Undefined:
        return None
    slope = second - first
    size = max(abs(first), abs(second), abs(third))
    linear = abs(third - second - slope) <= _exact * size < abs(slope)
    return bool(linear and abs(at_value) <= _exact * size)


def _inexact(node: Node) -> bool:
    return any(literal.decimals >= 0 for literal in literals(node))


def _constants(ours: Node, gold: Node) -> bool | None:
    try:
        a, b = evaluate(ours, {}), evaluate(gold, {})
        inexact = _inexact(ours) or _inexact(gold)
        if _equal(a, b, inexact=inexact):
            return True
        if max(abs(real(a)), abs(real(b))) < _tiny:
            return _both_vanish(ours, gold, {})
        if _rounds(ours, b) or _rounds(gold, a):
            return True if _states_rounding(gold, ours) else None
    except Undefined:
        return None
    return False


def _equal(a: Value, b: Value, *, inexact: bool) -> bool:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        whole = a.denominator == b.denominator == 1
        if a == b or whole or not inexact:
            return a == b
    close = _near(real(a), real(b), inexact=inexact)
    if inexact and close and any(isinstance(v, Fraction) and v.denominator == 1 for v in (a, b)):
        return bool(abs(real(a) - real(b)) <= real(SLACK))
    return close


def _near(a: Value, b: Value, *, inexact: bool) -> bool:
    if a == b:
        return True
    if mpmath.isinf(a) or mpmath.isinf(b):
        return False
    return bool(abs(a - b) <= (_float if inexact else _exact) * max(abs(a), abs(b)))


def _literal(written: Node) -> Number | None:
    """The decimal that a text is, its sign and percent sign taken in; None for all else."""
    match written:
        case Number(_, decimals) if decimals > 0:
            return written
        case Apply("neg", (inside,)):
            literal = _literal(inside)
            return literal and Number(-literal.value, literal.decimals)
        case Apply("%", (Number(value, decimals),)) if decimals > 0:
            return Number(value / 100, decimals + 2)
    return None


def _rounds(written: Node, value: Value) -> bool:
    """A decimal literal is `value` rounded to its digits, two at least."""
    literal = _literal(written)
    if literal is None or abs(literal.value) * 10**literal.decimals < 10:  # noqa: PLR2004
        return False
    half = mpmath.mpf(1) / (2 * 10**literal.decimals)
    return bool(abs(real(literal.value) - real(value)) <= half)


def _states_rounding(gold: Node, ours: Node) -> bool:
    """The gold is a decimal of three digits or more, the answer the exact value it rounds."""
    literal = _literal(gold)
    digits = 0 if literal is None else len(str(abs(int(literal.value * 10**literal.decimals))))
    return digits >= _telling and not _inexact(ours)


def _generic(names: list[str], index: int) -> dict[str, Value]:
    """A fixed point by name and index: between 0.3 and 2.3, every third one negative."""
    point: dict[str, Value] = {}
    for name in names:
        seed = hashlib.blake2b(f"{name}:{index}".encode(), digest_size=8).digest()
        value = mpmath.mpf(int.from_bytes(seed, "big")) / 2**63 + mpmath.mpf(3) / 10
        point[name] = -value if index % 3 == 2 else value  # noqa: PLR2004
    return point


def _scaled(gold: Node, points: list[dict[str, Value]]) -> list[dict[str, Value]]:
    """Points as large as the gold, beside whose constants variables would else vanish."""
    try:
        size = abs(real(evaluate(gold, points[0])))
    except Undefined:
        return []
    if size < _huge or mpmath.isinf(size):
        return []
    return [{name: value * size for name, value in point.items()} for point in points]


def _agree(ours: Node, gold: Node, point: dict[str, Value]) -> bool | None:
    try:
        a, b = evaluate(ours, point), evaluate(gold, point)
    except Undefined:
        return None
    if max(abs(real(a)), abs(real(b))) < _tiny:
        return _both_vanish(ours, gold, point)
    return _equal(a, b, inexact=_inexact(ours) or _inexact(gold))


def _both_vanish(ours: Node, gold: Node, point: dict[str, Value]) -> bool:
    """More digits: cancellation leaves less and less, a small value stays what it is."""
    with mpmath.workdps(_many_digits):
        a, b = real(evaluate(ours, point)), real(evaluate(gold, point))
        return _near(a, b, inexact=False) or bool(max(abs(a), abs(b)) < _vanishing)


def _agrees_on_integers(ours: Node, gold: Node, names: list[str]) -> bool:
    outcomes = [
        _agree(ours, gold, {name: Fraction(first + 3 * at) for at, name in enumerate(names)})
        for first in range(_first_domain, _first_domain + _points)
    ]
    return False not in outcomes and outcomes.count(True) >= _needed
