"""Compares what a program printed with what it should have printed. Pure, linear in both texts.

Tokens count, white space does not: lines may be joined, spaces doubled. Integers are compared
digit by digit, whatever their length; decimals with a tolerance. A reason names no token of the
expected text, so it may be shown. Source: CodeContests' tester, made strict where it is fooled.
"""

import re
from decimal import Context, Decimal

from ultrainteract.verify.finding import Finding, found

# Relative to values up to 200; larger ones are held to an absolute error as problems state it,
# which no double misses by its own rounding.
TOLERANCE = Decimal("1e-6")
ABSOLUTE = Decimal("2e-4")
ROUNDING = Decimal("1e-13")

# A token longer than this is no rounded decimal: its digits have to agree.
_length = 60
_exact = Context(prec=2 * _length + 400)
_integer = re.compile(r"-?\d+", re.ASCII)
_decimal = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_zero = re.compile(r"-?0(?:\.0*)?")
_integral = re.compile(r"(-?\d+)\.0*", re.ASCII)
_answers = frozenset({"yes", "no", "possible", "impossible", "true", "false"})
_indented = re.compile(r"^[ \t]+\S|\S[ \t]{2,}\S", re.MULTILINE)


def compare(expected: str, actual: str) -> Finding:
    """CORRECT or INCORRECT, with the rule that decided."""
    if expected == actual:
        return found("identical", equal=True)
    wanted, printed = expected.split(), actual.split()
    if wanted == printed:
        return _spacing(expected, actual)
    if len(wanted) != len(printed):
        reason = f"{len(printed)} words for {len(wanted)}" if printed else "no output"
        return found("length", equal=False, reason=reason)
    if _other_case(expected, wanted, printed):
        return found("case", equal=True)
    real = any("." in token for token in wanted)
    for number, (want, got) in enumerate(zip(wanted, printed, strict=True), 1):
        if want != got and not _alike(want, got, real=real):
            reason = f"word {number} of {len(wanted)} differs"
            return found("tokens", equal=False, reason=reason)
    return found("tokens", equal=True)


def _spacing(expected: str, actual: str) -> Finding:
    """Equal words; in a drawing, which has no letters or digits, their places count too."""
    drawing = _indented.search(expected) and not re.search(r"\w", expected)
    if drawing and _lines(expected) != _lines(actual):
        return found("drawing", equal=False, reason="the spacing differs")
    return found("tokens", equal=True)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _other_case(expected: str, wanted: list[str], printed: list[str]) -> bool:
    """A whole output in another case, if it says yes or no: those are judged in any case.

    Elsewhere the case of a word can be the answer.
    """
    if not any(token.lower() in _answers for token in wanted):
        return False
    return printed in (
        expected.lower().split(),
        expected.upper().split(),
        expected.swapcase().split(),
    )


def _alike(want: str, got: str, *, real: bool) -> bool:
    """Whether two different words mean the same; `real` if decimals are expected at all."""
    if want.lower() == got.lower() and want.lower() in _answers:
        return True
    if _integer.fullmatch(want) and not real:
        return _same_integer(want, got)
    return _close(want, got)


def _same_integer(want: str, got: str) -> bool:
    """`80.0` is 80 and -0 is 0; 080 and 81 are not. Never through a float."""
    if want == "0" and _zero.fullmatch(got):
        return True
    if integral := _integral.fullmatch(got):
        return integral[1] == want
    if "e" not in got.lower():
        return False
    value = _number(got)
    return value is not None and _number(want) == value


def _close(want: str, got: str) -> bool:
    if _integer.fullmatch(got) and (_integer.fullmatch(want) or re.match(r"-?0\d", got)):
        return False
    gold, ours = _number(want), _number(got)
    if gold is None or ours is None:
        return False
    size = abs(gold)
    bound = max(TOLERANCE, min(TOLERANCE * size, ABSOLUTE), ROUNDING * size)
    return abs(_exact.subtract(gold, ours)) <= bound


def _number(token: str) -> Decimal | None:
    if len(token) > _length or not _decimal.fullmatch(token):
        return None
    return _exact.create_decimal(token)
