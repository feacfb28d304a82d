"""The exact stage: strings, option letters, words and plain numbers. Pure, and no parser.

It runs in the caller, in some ten microseconds. What it cannot decide for certain it leaves
to the slow stage (None). A word where a number is due is wrong for certain; a number that is
the gold rounded, or the same value in another unit, is not: both are UNVERIFIED.
"""

import re
from dataclasses import replace
from fractions import Fraction

from ultrainteract.verify.based import bases
from ultrainteract.verify.context import NOTHING, Context
from ultrainteract.verify.finding import Finding, found, undecided
from ultrainteract.verify.moments import same_time, time_of_day, written_date
from ultrainteract.verify.names import CONSTANT, FUNCTIONS, GREEK, STRUCTURES
from ultrainteract.verify.policy import forgiven
from ultrainteract.verify.quantity import Quantity, close, nearly, quantity, rounds
from ultrainteract.verify.screen import LENGTH
from ultrainteract.verify.surface import tidy, unmark
from ultrainteract.verify.units import akin

_option = re.compile(r"\(?\s*([A-Za-z])\s*(?:\)|\.|:)?")
_options = re.compile(r"\(?\s*([A-J])\s*(?:\)|\.|:(?! ?[A-Z] ?=))\s*\S.*", re.DOTALL)
_letter_row = re.compile(r"[A-Z](?:[ ,;]*[A-Z])+")
_words = re.compile(r"[A-Za-z][A-Za-z' ,.!?\"-]*")
_known = FUNCTIONS | GREEK | STRUCTURES | CONSTANT.keys()
_truth = {"true": "yes", "false": "no"}
_short_words = frozenset({"yes", "no", "odd", "red", "man", "sun"})
_yes_or_no = re.compile(r"(?P<says>yes|no)(?P<why>[,.;:] (?!.*\b(?:yes|no)\b).*)?", re.IGNORECASE)
_nothing = frozenset(
    {"no solution", "no solutions", "none", "no real solution", "no real solutions", "empty set"}
    | {"set()", "[]", "emptyset", r"\emptyset", r"\{\}", "{}", "s.emptyset", "there is none"}
)
_endless = frozenset(
    {"infinite", "infinity", "infinitely many", "infinitely many solutions", r"\infty", "oo"}
)
_hundred = Fraction(100)
_list_marks = re.compile(r"[,;\[\]{}()\u2039]|\band\b|\bor\b|\\pm")


# `2e-5` may be 2 e - 5.
_maybe_e = re.compile(r"\d[eE][+-]\d(?!\d)")
_scaled = re.compile(r"\b(?:dozen|hundred|thousand|[mbt]rillion|[mb]illion)\b")
_named = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?\s*=\s*(\S.*)", re.DOTALL)
_digits_too = re.compile(r"[A-Za-z][A-Za-z0-9' ,.!?\"&-]*")


def decide(predicted: str, gold: str, context: Context = NOTHING) -> Finding | None:
    """What can be said without reading formulas; None leaves it to the slow stage."""
    if not predicted.strip():
        return found("empty", equal=False, reason="no answer")
    if max(len(predicted), len(gold)) > LENGTH:
        return undecided("screen", f"longer than {LENGTH} characters")
    left, right = tidy(predicted), tidy(gold)
    if not left:
        return found("empty", equal=False, reason="no answer")
    if not right:
        return undecided("gold", "the reference is empty")
    if left == right or _squeezed(left) == _squeezed(right):
        return found("string", equal=True)
    return (
        _letters(left, right)
        or _spelt(left, right)
        or bases(left, right)
        or _emptiness(left, right)
        or _numbers(left, right, context)
        or _moments(left, right)
        or _polar(left, right)
        or _prose(left, right)
    )


def _squeezed(text: str) -> str:
    """Without spaces where they part no two words and no two numbers."""
    return re.sub(r"(?<![\w\\]) | (?!\w)", "", unmark(text))


def _letters(left: str, right: str) -> Finding | None:
    """Option letters: `\\text{(B)}` is B, b, (B) and `B) the text`."""
    gold = _option.fullmatch(unmark(right)) or _options.fullmatch(unmark(right))
    if gold is None or (len(unmark(right)) == 1 and gold[1] not in "ABCDEFGHabcdefgh"):
        return None
    letter = _option.fullmatch(unmark(left)) or _options.fullmatch(unmark(left))
    if letter:
        return found("option", equal=letter[1].upper() == gold[1].upper())
    if quantity(left):
        return undecided("option", "an option's letter is due, the answer is a value")
    return None


def _spelt(left: str, right: str) -> Finding | None:
    """Letters in their order: `A, D, F`, `A,D,F` and `ADF`; three at least, or with commas."""
    ours, gold = unmark(left), unmark(right)
    if not (_letter_row.fullmatch(ours) and _letter_row.fullmatch(gold)):
        return None
    one, other = re.sub("[ ,;]", "", ours), re.sub("[ ,;]", "", gold)
    listed = "," in gold or len(other) > 2  # noqa: PLR2004  AB may be a segment
    return found("letters", equal=True) if listed and one == other else None


def _emptiness(left: str, right: str) -> Finding | None:
    ours, gold = unmark(left).lower(), unmark(right).lower()
    if gold in _nothing and ours in _nothing:
        return found("nothing", equal=True)
    return found("endless", equal=True) if gold in _endless and ours in _endless else None


def _numbers(left: str, right: str, context: Context) -> Finding | None:  # noqa: PLR0911
    ours, gold = quantity(left), quantity(right)
    if gold is not None and ours is None and (match := _named.fullmatch(left)):
        ours = quantity(match[1])  # `x = 5 apples`
    if ours is None or gold is None:
        return None
    if "," in left and "," in right and left != right and ours.value != gold.value:
        return None  # 1,200 and 1,300 may be lists
    finding = _compare(ours, gold)
    if finding is None or finding.judgement == "correct" or finding.rule == "unit":
        return finding
    if context.lenient and (rule := forgiven(ours.value, gold, context)):
        return found(rule, equal=True)
    if _maybe_e.search(left) or _maybe_e.search(right):
        return None
    if bool(_scaled.search(left)) != bool(_scaled.search(right)):
        return undecided("scale", "only one of the two counts in dozens, thousands or millions")
    return finding


def _compare(ours: Quantity, gold: Quantity) -> Finding | None:  # noqa: PLR0911
    factors = [Fraction(1)]
    units = {ours.unit, gold.unit}
    if units == {"%", ""}:
        factors.append(1 / _hundred if ours.unit == "%" else _hundred)
    elif "" not in units and not akin(ours.unit, gold.unit):
        return undecided("unit", f"{ours.unit!r} for {gold.unit!r}")
    if any(close(gold, ours, factor) for factor in factors):
        return found("number", equal=True)
    if gold.unit == "deg" and not ours.unit:
        return None if not ours.exact else found("number", equal=False)  # may be radians
    if any(rounds(gold, replace(ours, value=ours.value * factor)) for factor in factors):
        if ours.exact and gold.telling:
            return found("rounded gold", equal=True)
        return undecided("rounding", "equal only after rounding")
    if nearly(gold, ours):
        return undecided("rounding", "a thousandth apart or less")
    return found("number", equal=False)


def _moments(left: str, right: str) -> Finding | None:
    """Times of day and dates with a month in words."""
    ours, gold = (unmark(side).replace("$", "") for side in (left, right))
    one, other = time_of_day(ours), time_of_day(gold)
    if one and other and (one[3] or other[3]):
        return found("time", equal=same_time(one, other))
    if (day := written_date(gold)) is None:
        return None
    if (said := written_date(ours)) is not None:
        return found("date", equal=said == day)
    return found("date", equal=False, reason="a number for a date") if quantity(left) else None


def _polar(left: str, right: str) -> Finding | None:
    """`Yes` and `Yes, it is possible`."""
    ours, gold = (_yes_or_no.fullmatch(unmark(side)) for side in (left, right))
    if not ours or not gold or (ours["why"] and gold["why"]):
        return None
    return found("yes or no", equal=ours["says"].lower() == gold["says"].lower())


def _prose(left: str, right: str) -> Finding | None:
    """Words are compared as HotpotQA does: no case, articles or punctuation."""
    gold, ours = _wordy(right), _wordy(left)
    if gold:
        if ours or _words.fullmatch(unmark(left).strip('"')):
            one, other = _folded(left), _folded(right)
            if one == other:
                return found("words", equal=True)
            if f" {other} " in f" {one} ":
                return undecided("words", "the reference is one part of the answer")
            return found("words", equal=False)
        return found("words", equal=False, reason="a number for a word") if quantity(left) else None
    if ours and quantity(right) and not _list_marks.search(right):
        return found("words", equal=False, reason="a word for a number")
    return None


def _wordy(text: str) -> bool:
    plain = unmark(text).strip('"')
    if not _words.fullmatch(plain) or "\\" in plain:
        return False
    words = re.findall(r"[A-Za-z']{4,}", plain)  # abc may be a product
    if plain.lower() in _short_words:
        return True
    real = [word for word in words if word not in _known and word.lower() not in _counts]
    return bool(real) or ("\u2039" in text and len(plain) > 1)


def _folded(text: str) -> str:
    """Lower case, no punctuation, articles or "and" (HotpotQA's `normalize_answer`, for lists)."""
    bare = re.sub(r"[^a-z0-9 ]", "", re.sub("[,;]", " ", unmark(text).lower()))
    folded = " ".join(re.sub(r"\b(?:a|an|the|and)\b", " ", bare).split())
    return _truth.get(folded, folded)


_counts = frozenset({"hundred", "thousand", "million", "and", "infinity", "half", "third"})
