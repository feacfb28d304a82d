"""The slow stage for mathematics: screen, read both sides, compare; Math-Verify for the rest.

It runs in a worker process. What this package's own reader reads on both sides it decides;
Math-Verify is asked only about what it cannot read, and only its acceptance counts.
"""

import re
from fractions import Fraction

import mpmath

from ultrainteract.verify import external, notation, units
from ultrainteract.verify.context import NOTHING, Context
from ultrainteract.verify.finding import Finding, found, undecided
from ultrainteract.verify.policy import forgiven
from ultrainteract.verify.quantity import quantity
from ultrainteract.verify.read import read
from ultrainteract.verify.screen import refusal
from ultrainteract.verify.structure import same
from ultrainteract.verify.surface import tidy
from ultrainteract.verify.tree import Group, Node, Unreadable
from ultrainteract.verify.value import Undefined, evaluate, real

_thousands = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
# What a function is applied to; a product of `f` would have its parts anywhere.
_applied = re.compile(r"(?<![A-Za-z\\])[fg] ?\(([^()]*)\)(?! ?=)")
_either_sign = re.compile(r"\\(?:(p)m|mp)(?![A-Za-z])")
_derivative = re.compile(r"\\frac\s*\{\s*d(?:[^{}]|\{[^{}]*\})*\}\s*\{\s*d\s*[a-z]|\bdx\b|\bdy\b")
_lettered = re.compile(r"([^A-Za-z]*\d) ?[A-Za-z]")
_degrees = re.compile(r"\^\{?\\circ\s*\}?|\s*\bdegrees?\b|\u2039\s*(?:degrees?|°)\s*\u203a")
_exponent = re.compile(r"(\d)[eE]([+-])(\d)(?!\d)")
_to = re.compile(r"(?<=\d) to (?=\d)|\s*\u2039\s*to\s*\u203a\s*")
_bare_log = re.compile(r"\\log(?![_A-Za-z])")
# As sympy prints a natural logarithm.
_braced_log = re.compile(r"\\log(?=\s*\{\s*\()")
_natural_log = re.compile(r"(?<![\\A-Za-z])log\(|\\ln|\bln\b")


def equal(predicted: str, gold: str, context: Context = NOTHING) -> Finding:
    """Whether the two answers are equal. Raises nothing for any text but MemoryError."""
    finding = _equal(predicted, gold)
    if context.lenient and finding.judgement != "correct" and finding.rule != "screen":
        return _forgiven(tidy(predicted), tidy(gold), context) or finding
    return finding


def _forgiven(left: str, right: str, context: Context) -> Finding | None:
    """A constant such as `\\frac{\\sqrt2}{3}` against a rounded gold."""
    wanted = quantity(right)
    if wanted is None:
        return None
    try:
        value = real(evaluate(read(left), {}))
    except (Unreadable, Undefined, RecursionError):
        return None
    if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value):
        return None
    rule = forgiven(Fraction(str(value)), wanted, context)
    return found(rule, equal=True) if rule else None


def _equal(predicted: str, gold: str) -> Finding:
    left, right = tidy(predicted), tidy(gold)
    for side, text in (("answer", left), ("reference", right)):
        if reason := refusal(text):
            return undecided("screen", f"{side}: {reason}")
    (ours, name), (wanted, runs) = (notation.family(units.cut(text)) for text in (left, right))
    if (names := notation.counters(ours, wanted, name, runs)) and names[0] != names[1]:
        ours = _renamed(ours, *names)
    try:
        pairs = [(a, b) for a in _readings(ours, wanted) for b in _readings(wanted, ours)]
        results = _compared(pairs)
        product = True in results and _functions_differ(ours, wanted)
    except (Unreadable, RecursionError) as error:
        return _elsewhere(left, right, error)
    if product:
        return undecided("function", "equal if f(x) is a product")
    if True in results:
        clash = units.clash(left, right)
        return undecided("unit", "another unit") if clash else found("value", equal=True)
    return _unequal(ours, wanted, runs, hesitant=None in results)


def _unequal(ours: str, wanted: str, runs: str, *, hesitant: bool) -> Finding:
    if hesitant:
        return undecided("form", "equal or not by rounding, brackets or domain")
    if runs:
        return undecided("family", "two formulas may give one family")
    return _doubt(ours, wanted) or _doubt(wanted, ours) or found("value", equal=False)


def _functions_differ(one: str, other: str) -> bool:
    """Whether no call of the one is any of the other."""
    ours, gold = ([read(call) for call in _applied.findall(text)] for text in (one, other))
    return bool(ours and gold) and not any(same(a, b) for a in ours for b in gold)


def _renamed(text: str, name: str, other: str) -> str:
    """The family of `name` as one of `other`; unchanged where `other` is in it already."""
    if re.search(rf"(?<![A-Za-z\\]){other}(?![A-Za-z])", text):
        return text
    return re.sub(rf"(?<![A-Za-z\\]){name}(?![A-Za-z])", other, text)


def _compared(pairs: list[tuple[Node, Node]]) -> list[bool | None]:
    """Each pair of readings; one that cannot be compared counts only if none is equal."""
    results: list[bool | None] = []
    refused: Unreadable | None = None
    for ours, gold in pairs:
        try:
            results.append(same(ours, gold))
        except Unreadable as error:
            refused = error
    if refused is not None and True not in results:
        raise refused
    return results


def _readings(text: str, other: str) -> list[Node]:
    """What a text may mean: `1,200` a number or two, `20%` 20 or, facing no sign, 0.2."""
    text = notation.plain(text)
    if _natural_log.search(other):
        text = _braced_log.sub(r"\\ln", text)
    texts = [text]
    if _exponent.search(text):
        texts = [_exponent.sub(r"\1e\g<2>0\3", text), text]
    if ":" in other and _to.search(text):
        texts = [_to.sub(":", text)]
    if "%" in text:
        bare = text.replace("%", "")
        texts = [bare] if "%" in other else [bare, text]
    if _degrees.search(text):
        bare = _degrees.sub("", text)
        texts = [bare] if _degrees.search(other) else [bare, _degrees.sub(r"^\\circ ", text)]
    grouped = [_thousands.sub(lambda match: match[0].replace(",", ""), text) for text in texts]
    return [_read(text) for text in dict.fromkeys(grouped + texts)]


def _read(text: str) -> Node:
    if _derivative.search(text):
        raise Unreadable("a derivative")
    if not _either_sign.search(text):
        return read(text)
    plus = read(_either_sign.sub(lambda match: "+" if match[1] else "-", text))
    minus = read(_either_sign.sub(lambda match: "-" if match[1] else "+", text))
    return _both(plus, minus)


def _both(plus: Node, minus: Node) -> Node:
    """`1, 2 \\pm x` is three values."""
    if isinstance(plus, Group) and isinstance(minus, Group) and plus.kind in ("bare", "set"):
        return Group("bare", tuple(dict.fromkeys((*plus.items, *minus.items))))
    return Group("bare", (plus, minus))


def _doubt(one: str, other: str) -> Finding | None:
    """Why unequal readings may be equal all the same: `\\log` has two bases, `5 m` a unit."""
    if any(len(_either_sign.findall(part)) > 1 for part in one.split(",")):
        return undecided("sign", "signs that go together, or not")
    if _bare_log.search(one) and _natural_log.search(other):
        return undecided("log", "log without a base")
    match = _lettered.fullmatch(one)
    value, wanted = (quantity(match[1]), quantity(other)) if match else (None, None)
    if value is not None and wanted is not None and value.value == wanted.value:
        return undecided("unit", "a letter after a number may be its unit")
    return None


def _elsewhere(left: str, right: str, error: Unreadable | RecursionError) -> Finding:
    if isinstance(error, Unreadable) and external.accepts(left, right):
        return found("math-verify", equal=True)
    return undecided("unread", f"{error}")
