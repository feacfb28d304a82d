"""Numbers in another base: `2516_8`, `2516_{8}`, `0b101`, `1011 (base 2)`, `1011_{\\text{two}}`.

A base left out, and the same value in another base, are questions of form: UNVERIFIED.
"""

import re

from ultrainteract.number_words import spelled
from ultrainteract.verify.finding import Finding, found, undecided
from ultrainteract.verify.quantity import quantity
from ultrainteract.verify.surface import unmark

_subscript = re.compile(
    r"\(?(-?[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]+)?)\)?\s*_\s*\{?\s*(\d{1,2}|[a-z]{3,9})\s*\}?"
)
_said = re.compile(r"(-?[0-9A-Fa-f]+)\s*\(?\s*(?:in )?base[ -](\d{1,2}|[a-z]{3,9})\s*\)?")
_prefix = re.compile(r"0([bBoOxX])([0-9A-Fa-f]+)")
_prefixes = {"b": 2, "o": 8, "x": 16}


def bases(left: str, right: str) -> Finding | None:
    """Compares digits where the gold names a base; None where it names none."""
    gold, ours = _based(right), _based(left)
    if gold is None:
        return None
    if ours is None:
        return undecided("base", "the base is left out") if quantity(left) else None
    if gold[1] != ours[1]:
        return undecided("base", "another base")
    return found("base", equal=gold[0] == ours[0])


def _based(text: str) -> tuple[str, int] | None:
    plain = unmark(text)
    if match := _prefix.fullmatch(plain):
        return match[2].upper().lstrip("0"), _prefixes[match[1].lower()]
    match = _subscript.fullmatch(plain) or _said.fullmatch(plain)
    if match is None:
        return None
    base = int(match[2]) if match[2].isdecimal() else spelled(match[2])
    return None if base is None else (match[1].upper().lstrip("0"), int(base))
