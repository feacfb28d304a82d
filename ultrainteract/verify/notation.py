"""Notations of sets and families, written in the one that the reader knows. Texts only.

`\\{x \\mid 0 \\le x < 2\\}` becomes its inequality, `]0, 2]` becomes `(0, 2]`, and the condition of
`k\\pi, k \\in \\mathbb{Z}` is parted from its formula.
"""

import re

_inequality = re.compile(r"[<>]|\\(?:le|ge|lt|gt|ne)(?![A-Za-z])|!=")
_bounds = re.compile(rf"{_inequality.pattern}|^\W*[a-z]\s*=")
_builder = re.compile(
    r"\\?\{\s*(?P<name>[a-zA-Z])\s*(?:\\in\s*\{?\s*(?:R|\\mathbb\s*R)\s*\}?\s*)?"
    r"(?:\||:|;|\\mid(?![A-Za-z])|\\colon(?![A-Za-z]))(?P<condition>[^{}]+?)\\?\}"
)
_outward = re.compile(r"(?P<left>[\[\]])(?P<ends>[^\[\](){}]*[,;][^\[\](){}]*)(?P<right>[\[\]])")
_condition = re.compile(
    r"\s*,?\s*(?:\u2039[^\u2039\u203a]*\u203a\s*)?[,(]?\s*(?:\b(?:where|for|with)\s+)?"
    r"(?P<name>[a-z])\s*(?:\\in|\bin)\s*\{?\s*(?:\\mathbb\s*)?\{?\s*(?:Z|N|Integers)\s*\}?"
    r"(?:\^[+*]|_\+)?\s*\}?\s*\)?$"
)
_integer = re.compile(
    r"[\s,(]*\u2039?\s*(?:for|where) (?:some |any |all |every |an? )?integers?\s*\u203a?\s*"
    r"(?P<name>[a-z])\s*\)?$"
    r"|[\s,(]*\u2039?\s*where\s*\u203a?\s*(?P<other>[a-z])\s*\u2039?\s*"
    r"is (?:an?|any) integer\s*\u203a?\s*\)?$"
)
# What every x is, changes nothing of a formula.
_for_all = re.compile(
    r"\s*\u2039\s*(?:,\s*)?for (?:all|any|every)\s*(?:real |integers? )?\u203a\s*[a-z]\s*\\in\s*"
    r"(?:\\mathbb\s*)?\{?\s*[RZQNC]\s*\}?(?:_\{?\s*[>+]\s*0?\s*\}?|\^\{?[+*]\}?)?"
)
_letter = re.compile(r"(?<![A-Za-z\\])[a-z](?![A-Za-z])")
_left_side = re.compile(r"^[\sa-zA-Z_(),\\]*=")
_counting = frozenset("klmn")
# That a formula holds for all values, or what its constant is, changes nothing of it.
_universal = re.compile(
    r"[\s,]*\(?(?:\u2039\s*)?\b(?:for (?:all|any|every|each)|"
    r"where [\u203a\s]*[a-zA-Z][\u2039\s]* is (?:an?|any)(?= [^<>=]*\b(?:constant|integer)))\b"
    r"(?P<rest>[^<>=|0-9]*)$"
)
_limits = re.compile(
    r"\\(?:le|ge|ne|lt|gt)(?![A-Za-z])|\b(?:but|except|positive real|with|where|if)\b"
)


def plain(tidied: str) -> str:
    """The text with set-builders, outward brackets and joined inequalities rewritten."""
    if builder := _builder.fullmatch(tidied):
        condition = builder["condition"].strip()
        if _inequality.search(condition) and r"\in" not in condition:
            tidied = condition
    elif outward := _outward.fullmatch(tidied):
        left, right = outward["left"], outward["right"]
        tidied = f"{'[' if left == '[' else '('}{outward['ends']}{']' if right == ']' else ')'}"
    return _joined(tidied)


def _joined(text: str) -> str:
    """`x < 2 or x > 3` is a union, `x > 2 and x < 3` an intersection."""
    if not _inequality.search(text):
        return text
    for word, sign in (("or", "cup"), ("and", "cap")):
        parts = re.split(rf"\u2039\s*{word}\s*\u203a|\b{word}\b", text)
        if len(parts) > 1 and all(map(_bounds.search, parts)):
            return rf" \{sign} ".join(f"({part.strip(' ,')})" for part in parts)
    return text


def family(tidied: str) -> tuple[str, str]:
    """`k\\pi, k \\in Z` as formula and the name that runs over the integers; else text and ''.

    "For all x" is dropped, where it says no more than the set that x is in.
    """
    tidied = _for_all.sub("", tidied)
    if match := _integer.search(tidied):
        return tidied[: match.start()].strip(" ,"), match["name"] or match["other"]
    universal = _universal.search(tidied)
    if universal and not _limits.search(universal["rest"]):
        tidied = tidied[: universal.start()].strip(" ,")
    match = _condition.search(tidied)
    formula = tidied[: match.start()].strip(" ,") if match else ""
    if match is None or not re.search(rf"(?<![A-Za-z\\]){match['name']}(?![A-Za-z])", formula):
        return tidied, ""
    return formula, match["name"]


def counters(ours: str, gold: str, name: str, runs: str) -> tuple[str, str] | None:
    """The names that run over the integers in two families; None if there are none to be told.

    `name` and `runs` are said of them to do so; in multiples of pi a k or n does it unsaid.
    """
    ours_free, gold_free = (_free(text) for text in (ours, gold))
    multiples = r"\pi" in ours and r"\pi" in gold and ours_free | gold_free <= _counting
    if not (name or runs or multiples):
        return None
    ours_free, gold_free = ({name} if name else ours_free), ({runs} if runs else gold_free)
    if len(ours_free) != 1 or len(gold_free) != 1:
        return None
    return ours_free.pop(), gold_free.pop()


def _free(text: str) -> set[str]:
    """The single letters right of a leading `x =`."""
    return set(_letter.findall(_left_side.sub("", text, count=1))) - {"e", "i"}
