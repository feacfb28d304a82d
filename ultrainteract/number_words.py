"""Numbers spelled out in English: `twenty-five`, `one half`, `a dozen`, `minus three`."""

import re
from fractions import Fraction

_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12,
}  # fmt: skip

_COUNT = "|".join(sorted([*_ONES, *_TENS, *_SCALES], key=len, reverse=True))
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_CARDINAL = rf"(?:{_COUNT})(?:(?:[\s-]+|\s+and\s+)(?:{_COUNT})){{0,12}}"
_SIGNS = {
    "½": Fraction(1, 2),
    "¼": Fraction(1, 4),
    "¾": Fraction(3, 4),
    "⅓": Fraction(1, 3),
    "⅔": Fraction(2, 3),
}
_MIXED = re.compile(rf"(.+)\s+and\s+(?:an?|one)\s+({_PART})")
SPELLED = re.compile(
    rf"\b(?:(?:minus|negative)\s+)?(?:(?:an?|{_CARDINAL})[\s-]+dozen"
    rf"|{_CARDINAL}\s+and\s+(?:an?|one)\s+(?:{_PART})"
    rf"|(?:an?|{_CARDINAL})[\s-]+(?:{_PART})s?|an?\s+(?:hundred|thousand|million)|{_CARDINAL})\b|(?<!\d)[½¼¾⅓⅔]",
    re.IGNORECASE,
)


def spelled(text: str) -> Fraction | None:
    """The number that the whole text spells; None when it spells none."""
    text = text.strip().lower()
    if not SPELLED.fullmatch(text):
        return None
    if text in _SIGNS:
        return _SIGNS[text]
    mixed = _MIXED.fullmatch(text)
    if mixed:
        return _fraction(mixed[1]) + _fraction(f"one {mixed[2]}")
    return _fraction(text)


def _fraction(text: str) -> Fraction:
    words = re.split(r"[\s-]+", text)
    sign = 1
    if words[0] in ("minus", "negative"):
        sign, words = -1, words[1:]
    words = ["one" if word in ("a", "an") else word for word in words if word != "and"]
    last = words[-1]
    part = _PARTS.get(last) or _PARTS.get(last.removesuffix("s"))
    if part is not None:
        return Fraction(sign * _cardinal(words[:-1]), part)
    if last == "dozen":
        return Fraction(sign * 12 * _cardinal(words[:-1]))
    return Fraction(sign * _cardinal(words))


def _cardinal(words: list[str]) -> int:
    total = group = 0
    for word in words:
        if word == "hundred":
            group = max(group, 1) * 100
        elif word in _SCALES:
            total, group = total + max(group, 1) * _SCALES[word], 0
        else:
            group += _ONES.get(word, _TENS.get(word, 0))
    return total + group
