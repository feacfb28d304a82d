"""What stands after a value: the unit in one spelling, or None for words that change the value.

Any noun may be a unit, `5 apples`; so the words that are none are listed: `5 squared`, `5 halves`.
"""

import re

from ultrainteract.number_words import SPELLED
from ultrainteract.verify.names import FUNCTIONS, GREEK, listed

_rate = r"(?:[kcm]?m|ft|mi|[km]?g|m?l|in)/(?:h|hr|s|sec|min|day|m|cm|m?l|kg)"
_word_unit = re.compile(
    r"(?: ?\u2039\(?(?P<text>[^\u2039\u203a()]*)\)?\u203a| ?(?P<tight>(?:cm|mm|km|kg|mg|ml|mph))"
    r"| \((?P<bracketed>[A-Za-z]{4,}(?: [A-Za-z]{2,}){0,1})\)"
    rf"| (?P<plain>{_rate}|[A-Za-z]{{2,}}(?:[ -][A-Za-z]{{2,}}){{0,3}}))"
    r"(?:\s*(?:\^|\*\*)\s*\{?(?P<power>\d)\}?)?\.?"
)
_unit_groups = ("text", "tight", "bracketed", "plain")
# 5 million is no 5, and neither is 5 squared.
_changing = (
    FUNCTIONS
    | GREEK
    | frozenset(
        listed(
            "hundred thousand million billion trillion dozen hundreds thousands millions billions "
            "half halves thirds fourths fifths sixths sevenths eighths ninths tenths twelfths "
            "hundredths thousandths millionths squared cubed factorial power root pi e i x y z n "
            "and or to from with than else when where plus minus over under below above "
            "divided multiplied by into mod modulo if for not no non is are was wrong right "
            "incorrect false correct true more less fewer least most maybe perhaps possibly but "
            "except without unless"
        )
    )
) - {"sec", "min"}
# Two or three letters after a number are a product of variables, unless they are one of these.
_short_units = frozenset(
    listed(
        "cm mm km ft in sec min hr hrs kg mg gm lb lbs oz ml mph mi yd deg rad per day men ways "
        "boy pm am usd inr rs sq pct m/s"
    )
)
_shortest = 4
_synonyms = {
    "dollar": "$", "usd": "$", "buck": "$", "degree": "deg", "deg": "deg", "°": "deg",
    "percent": "%", "per cent": "%", "percentage": "%", "pct": "%",
    "inch": "in", "inche": "in", "foot": "ft", "feet": "ft",
    "meter": "m", "metre": "m", "centimeter": "cm", "centimetre": "cm", "kilometer": "km",
    "kilometre": "km", "millimeter": "mm", "millimetre": "mm", "gm": "g", "second": "sec",
    "s": "sec", "minute": "min", "hour": "hr", "h": "hr", "kilogram": "kg", "gram": "g",
    "ounce": "oz", "liter": "l", "litre": "l", "pound": "lb", "mile": "mi", "yard": "yd",
    "cent": "¢", "penny": "¢", "pennie": "¢", "children": "child", "people": "person",
    "radian": "rad", "euro": "€", "mph": "mi/hr", "kmph": "km/hr", "kph": "km/hr", "mps": "m/sec",
}  # fmt: skip
_each = re.compile(r"\s*/\s*| per ")
_mark = re.compile("\u2039[^\u2039\u203a]*\u203a(?:\\s*\\^\\s*\\{?\\d\\}?)?")
_trailing = re.compile(
    r"(?<=[^\s\u203a])\s*\u2039[^\u2039\u203a]*\u203a(?:\s*\^\s*\{?\d\}?)?$"
    r"|(?<=[\d)}])(?: [A-Za-z]{2,}){1,4}$"
)


def unit(rest: str) -> str | None:
    """The canonical unit in what follows a number; empty for nothing, None if that is no unit.

    `$`, `%`, `deg`, or words in the singular; squares and cubes end in 2 and 3.
    """
    rest = rest.strip(" ") if rest.strip(" ")[:1] in ("", "%", "^") else rest
    if rest in ("", "%"):
        return rest
    if rest == r"^\circ":
        return "deg"
    match = _word_unit.fullmatch(rest.rstrip())
    if match is None:
        return None
    plain = (match["plain"] or match["bracketed"] or "").lower().split()
    if plain and len(plain[0]) < _shortest and plain[0] not in _short_units:
        return None
    words = next(word for word in match.group(*_unit_groups) if word is not None)
    return _canonical(words.strip(" .~").lower(), match["power"] or "")


def _canonical(words: str, power: str) -> str | None:
    if not re.fullmatch(r"[a-z°][a-z /.²³^0-9-]*", words):
        return None
    changing = words != "per cent" and set(re.split(r"[ -]", words)) & _changing
    if changing or _counts(words):
        return None
    if squared := re.search(r"\s*(?:\^?([23])|([²³]))$", words):
        power = squared[1] or {"²": "2", "³": "3"}[squared[2]]
        words = words[: squared.start()]
    for name, digit in (("square ", "2"), ("sq. ", "2"), ("sq ", "2"), ("cubic ", "3")):
        if words.startswith(name):
            words, power = words.removeprefix(name), digit
    parts = [one.strip() for one in _each.split(words)]
    singular = [one.removesuffix("s") if len(one) > 1 else one for one in parts]
    return "/".join(_synonyms.get(one, one) for one in singular) + power


def _counts(words: str) -> bool:
    return any(SPELLED.fullmatch(word) for word in words.split())


def akin(one: str, other: str) -> bool:
    """One names the other with more words: `unit` and `unit2`, `cup` and `cup of tea`."""
    if one[-1:].isdigit() and other[-1:].isdigit() and one[-1] != other[-1]:
        return False
    first, second = (set(name.rstrip("23").split()) for name in (one, other))
    return first <= second or second <= first


def cut(tidied: str) -> str:
    """A text without the unit at its end: `4\\pi \\text{ cm}^2` is `4\\pi`."""
    match = _trailing.search(tidied)
    return tidied[: match.start()].rstrip() if match and unit(match[0]) else tidied


def clash(one: str, other: str) -> bool:
    """Whether both texts name units, and not the same ones."""
    ours, theirs = _named(one), _named(other)
    if not ours or not theirs:
        return False
    return not (
        all(any(akin(a, b) for b in theirs) for a in ours)
        and all(any(akin(a, b) for a in ours) for b in theirs)
    )


def _named(tidied: str) -> set[str]:
    last = _trailing.search(tidied)
    found = {unit(mark) for mark in (*_mark.findall(tidied), *([last[0]] if last else []))}
    degrees = {"deg"} if r"^\circ" in tidied else set[str]()
    return {one for one in found if one} | degrees
