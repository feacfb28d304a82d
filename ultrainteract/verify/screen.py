"""What no parser is shown: texts whose mere reading or first evaluation can take for ever.

The bounds are on the text alone, so that the same answer is always refused for the same reason.
"""

import re

LENGTH = 2000
DEPTH = 40
DIGITS = 400
EXPONENT_DIGITS = 5
FACTORIAL = 2000

_long_integer = re.compile(rf"\d{{{DIGITS + 1}}}")
_decimal_exponent = re.compile(r"\d\.?[eE][+-]?\d{4}")
_long_exponent = re.compile(rf"(?:\^|\*\*)\s*[{{(]?\s*[+-]?\s*\d{{{EXPONENT_DIGITS + 1}}}")
_tower = re.compile(
    r"(?:\^|\*\*)\s*[{(]*\s*[\w.]+\s*[})]*\s*(?:\^|\*\*)\s*[{(]*\s*[\w.]+\s*[})]*\s*(?:\^|\*\*)"
    r"|\d\s*(?:\^|\*\*)\s*[{(]*\s*\d+\s*[})]*\s*(?:\^|\*\*)\s*[{(]*\s*\d"
)
_factorial = re.compile(r"(\d+)\s*!|factorial\s*\(\s*(\d+)")
_factorials = re.compile(r"!\s*!|!\s*\)\s*!")


def refusal(text: str) -> str:  # noqa: PLR0911  one line a bound
    """Why `text` is shown to no parser; empty if it may be read."""
    if len(text) > LENGTH:
        return f"longer than {LENGTH} characters"
    if max(depth(text), -1 - depth(text)) > DEPTH:
        return f"brackets nested deeper than {DEPTH}"
    if _long_integer.search(text):
        return f"an integer of more than {DIGITS} digits"
    if _decimal_exponent.search(text):
        return "a decimal exponent of more than 3 digits"
    if _long_exponent.search(text):
        return f"an exponent of more than {EXPONENT_DIGITS} digits"
    if _tower.search(text):
        return "a tower of exponents"
    if _factorials.search(text) or any(
        int((match[1] or match[2])[:DIGITS]) > FACTORIAL for match in _factorial.finditer(text)
    ):
        return f"a factorial beyond {FACTORIAL}"
    return ""


def depth(text: str) -> int:
    """How deep brackets nest, of whatever kind; -1 less that depth if they are not balanced."""
    level, deepest, balanced = 0, 0, True
    for character in text:
        if character in "([{":
            level += 1
            deepest = max(deepest, level)
        elif character in ")]}":
            level -= 1
            balanced = balanced and level >= 0
    return deepest if balanced and level == 0 else -1 - deepest
