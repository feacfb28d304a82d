r"""Reads a plain number with what may stand around it: `\$1,450`, `-3/4`, `20\%`, `5 \text{ cm}`.

Values are exact `Fraction`s. Whether a value was written with a decimal point is remembered:
integers and fractions are compared exactly, decimals to a relative 1e-6.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from ultrainteract.number_words import spelled
from ultrainteract.verify.units import unit

TOLERANCE = Fraction(1, 10**6)
# What a float's own error may move an integer by; a relative bound alone takes 331 millions
# for their successor.
SLACK = Fraction(1, 100)
NEAR = Fraction(1, 1000)

_integer = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_decimal = rf"(?:{_integer}?\.\d+|{_integer}\.?)(?:[eE][+-]\d{{1,3}}|[eE]\d{{1,2}})?"
_number = re.compile(
    rf"(?P<sign>[+-]?)\s*(?P<currency>[$€£]?)\s*(?P<sign2>-?)(?:"
    rf"(?P<whole>\d+)\s*\\frac\s*(?:\{{\s*(?P<wn>\d+)\s*\}}|(?P<wn1>\d))"
    rf"\s*(?:\{{\s*(?P<wd>\d+)\s*\}}|(?P<wd1>\d))"
    rf"|(?P<whole2>\d+) (?P<wn2>\d+)\s?/\s?(?P<wd2>\d+)"
    rf"|\\frac\s*(?:\{{\s*(?P<n>-?\s*{_integer})\s*\}}|(?P<n1>\d))\s*"
    rf"(?:\{{\s*(?P<d>-?\s*{_integer})\s*\}}|(?P<d1>\d))"
    rf"|(?:Fraction|Rational)\(\s*(?P<pn>-?\d+)\s*,\s*(?P<pd>\d+)\s*\)"
    rf"|(?P<decimal>{_decimal})(?:\s*/\s*(?P<over>-?\s*\d+)"
    rf"|\s*(?:\\times|\\cdot|\*)\s*10\s*(?:\^|\*\*)\s*\{{?\(?(?P<power>-?\d{{1,3}})\)?\}}?)?"
    rf")(?:\s*(?P<currency2>[$€£]))?(?P<rest>.*)",
    re.DOTALL,
)
_longest = 500
_money = re.compile(r"^(?:USD|US(?=\$)|[Rr]s ?\.?(?= ?\d))\s*")
_multiples = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "dozen": 12,
}  # fmt: skip
_multiple = re.compile(
    rf"(?P<head>.*\d)\s+(?P<word>{'|'.join(_multiples)})(?P<rest>(?: .*)?)", re.DOTALL
)
_ordinal = re.compile(
    r"(\d)\^?\{?\u2039?(?:st|nd|rd|th)\u203a?\}?"
    r"(?=(?: (?:day|week|month|year|hour|term))?\u203a?$)",
    re.IGNORECASE,
)
_longest_word = 60


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written. `decimals` counts digits after the point, -1 without a point.

    `unit` is canonical, see `units.unit`; empty without one.
    """

    value: Fraction
    decimals: int
    unit: str

    @property
    def exact(self) -> bool:
        return self.decimals < 0

    @property
    def telling(self) -> bool:
        """A decimal of three digits or more: an exact value that rounds to it is meant by it."""
        return self.decimals > 0 and abs(self.value) * 10**self.decimals >= 100  # noqa: PLR2004


def unmarked(tidied: str) -> str:
    """Without the marks of text."""
    return re.sub(r"\s+", " ", re.sub("[\u2039\u203a]", " ", tidied)).strip()


@lru_cache(maxsize=1024)
def quantity(tidied: str) -> Quantity | None:
    """The number that a tidied text is, or None if it is anything else.

    The samples of a turn share a gold and many an answer, and several rules ask for both.
    """
    if len(tidied) > _longest:
        return None
    if len(tidied) < _longest_word and (word := spelled(unmarked(tidied))) is not None:
        return Quantity(word, -1, "")
    if scaled := _multiple.fullmatch(unmarked(tidied)):
        head = quantity(scaled["head"] + scaled["rest"])
        return head and replace(head, value=head.value * _multiples[scaled["word"]], decimals=-1)
    match = _number.fullmatch(_money.sub("", _ordinal.sub(r"\1", tidied)))
    if match is None:
        return None
    value = _value(match)
    named = unit(match["rest"])
    if value is None or named is None:
        return None
    if money := match["currency"] or match["currency2"]:
        named = named or money
    negative = (match["sign"] == "-") != (match["sign2"] == "-")
    return Quantity(-value if negative else value, _decimals(match["decimal"] or ""), named)


def _value(match: re.Match[str]) -> Fraction | None:
    whole = match["whole"] or match["whole2"]
    if whole:
        over = match["wn"] or match["wn1"] or match["wn2"]
        part = _ratio(over, match["wd"] or match["wd1"] or match["wd2"])
        return int(whole) + part if part is not None and part < 1 else None
    if match["decimal"]:
        number = Fraction(Decimal(match["decimal"].replace(",", "")))
        if match["over"]:
            return number * bottom if (bottom := _ratio("1", match["over"])) else None
        return number * Fraction(10) ** int(match["power"] or 0)
    if match["pn"]:
        return _ratio(match["pn"], match["pd"])
    return _ratio(match["n"] or match["n1"], match["d"] or match["d1"])


def _ratio(over: str, under: str) -> Fraction | None:
    top, bottom = (int(re.sub(r"[\s,]", "", part)) for part in (over, under))
    return Fraction(top, bottom) if bottom else None


def _decimals(text: str) -> int:
    if not re.search(r"[.eE]", text):
        return -1
    mantissa, _, exponent = text.lower().partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))


def close(left: Quantity, right: Quantity, factor: Fraction = Fraction(1)) -> bool:
    """Equal: exactly if both are whole or exact, else to a relative 1e-6."""
    a, b = left.value, right.value * factor
    if a == b:
        return True
    if (left.exact and right.exact) or a.denominator == b.denominator == 1:
        return False
    # A float's rounding leaves 1e-17 where a zero is meant; a tiny answer is no zero.
    if a == 0 or b == 0:
        return a == 0 and abs(b) < Fraction(1, 10**12) and right.decimals > 15  # noqa: PLR2004
    bound = TOLERANCE * max(abs(a), abs(b))
    if left.decimals > 0 and right.decimals > 0:  # 16386.18 is another amount than 16386.17
        bound = min(bound, Fraction(1, 2 * 10 ** min(left.decimals, right.decimals)))
    if a.denominator == 1 or b.denominator == 1:
        bound = min(bound, SLACK)
    return abs(a - b) <= bound


def rounds(left: Quantity, right: Quantity) -> bool:
    """One is the other rounded to the decimals it is written with (two digits at least)."""
    return _rounded(left, right.value) or _rounded(right, left.value)


def nearly(left: Quantity, right: Quantity) -> bool:
    """Not whole, one a decimal, and a thousandth apart or less: an error or another rounding."""
    a, b = left.value, right.value
    if (left.exact and right.exact) or a.denominator == b.denominator == 1:
        return False
    return a != 0 and abs(a - b) <= abs(a) * NEAR


def _rounded(written: Quantity, other: Fraction) -> bool:
    if written.decimals < 1 or abs(written.value) * 10**written.decimals < 10:  # noqa: PLR2004
        return False
    return abs(written.value - other) <= Fraction(1, 2 * 10**written.decimals)
