"""Notations of sets and families, written in the one that the reader knows. Texts only.

`\\{x \\mid 0 \\le x < 2\\}` becomes its inequality, `]0, 2]` becomes `(0, 2]`, and the condition of
`k\\pi, k \\in \\mathbb{Z}` is parted from its formula.
"""

import re

_inequality = re.compile(r"[<>]|\\(?:le|ge|lt|gt|ne)(?![A-Za-z])|!=")
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
        if len(parts) > 1 and all(map(_inequality.search, parts)):
            return rf" \{sign} ".join(f"({part.strip(' ,')})" for part in parts)
    return text


def family(tidied: str) -> tuple[str, str]:
    """`k\\pi, k \\in Z` as formula and the name that runs over the integers; else text and ''.

    A trailing "for all x" is dropped.
    """
    universal = _universal.search(tidied)
    if universal and not _limits.search(universal["rest"]):
        tidied = tidied[: universal.start()].strip(" ,")
    match = _condition.search(tidied)
    formula = tidied[: match.start()].strip(" ,") if match else ""
    if match is None or not re.search(rf"(?<![A-Za-z\\]){match['name']}(?![A-Za-z])", formula):
        return tidied, ""
    return formula, match["name"]
