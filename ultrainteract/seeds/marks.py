"""What a statement says of its own grading, read off its words: heuristics, kept as marks.

`checker` is `any` where several outputs are right: a program that prints another one than
expected is then not proven wrong. Some statements keep it to themselves: programs that only
differ from the expected output deserve a second look where references disagree.
"""

import re
from collections.abc import Iterable

_ANY = re.compile(
    r"\bany (?:one )?of (?:them|these|those)\b|\bany ?one will do\b"
    r"|\b(?:print|output|return|report)s? any(?: ?[.,;\n]| way\b)"
    r"|\b(?:print|output|return|find|give|report|write|choose|construct|show)s?\b[^.\n]{0,30}"
    r"\bany (?:\S+ )?(?:valid|correct|possible|suitable|optimal|acceptable|such|answer|solution"
    r"|sequence|permutation|array|string|order(?:ing)?|matrix|set|one|winning)\b"
    r"|\b(?:print|output|return|display|list)\b[^.\n]{0,60}\bin (?:any|arbitrary) order\b"
    r"|\border\b[^.\n]{0,40}\b(?:doesn['\u2019]t|does not) matter\b"
    r"|\b(?:multiple|several|many|more than one|different)(?: \w+){0,2} "
    r"(?:answers?|solutions?|outputs?|options|ways|optimal\w*)\b[^.\n]{0,90}\b(?:any|all of them|"
    r"is acceptable|are accepted)\b",
    re.IGNORECASE,
)
_TOLERANCE = re.compile(
    r"\b(?:error|precision|tolerance|differ)\w*\b[^.\n]{0,80}?10\s*\^?\s*\{?\s*\^?\s*[-\u2212\u2013]\s*(\d{1,2})"
    r"|\b(?:error|precision|tolerance|differ)\w*\b[^\n]{0,80}?(?:1e-(\d{1,2})|0\.(0{1,11}1)\b)",
    re.IGNORECASE,
)
_CASE = re.compile(
    r"\b(?:letters?|characters?|answers?|print|output|word)\b[^.\n]{0,60}"
    r"\bin any (?:letter )?(?:case|register)\b"
    r"|\b(?:upper|lower)[- ]?(?:case)? or (?:upper|lower)[- ]?case\b|\bcase[- ]insensitive",
    re.IGNORECASE,
)
_PICTURE = re.compile(
    r"<image>|\[Image\]|!\[[^\]\n]{0,200}\]\([^)\n]{0,400}\)|<img\b[^>]{0,400}>", re.IGNORECASE
)
# One that stands for a part of a sentence, not below it: what it showed is said nowhere else.
_FORMULA = re.compile(rf"[^\s.:!?|>][ \t]*(?:{_PICTURE.pattern})", re.IGNORECASE)
_NOTE = re.compile(r"^[-#* \t]*(?:Notes?|Explanations?)[-:* \t\r]*$", re.IGNORECASE | re.MULTILINE)
_INTERACTIVE = re.compile(
    r"\b(?:this is an interactive (?:problem|task)|interaction protocol|flush (?:the )?"
    r"(?:output|standard output|stdout))\b",
    re.IGNORECASE,
)


def marks(statement: str, tags: Iterable[str] = ()) -> dict[str, str]:
    """`checker`: `exact`, or `any`, also for the tag of constructive problems.

    Where they apply: `tolerance`, the largest error allowed, such as `1e-6`; `ignore_case`;
    `images`, where one is lost: `formula` within a sentence, `statement`, or `note`.
    """
    constructive = any(tag.lower().startswith("constructive") for tag in tags)
    several = constructive or _ANY.search(statement) is not None
    found = {"checker": "any" if several else "exact"}
    if tolerance := _tolerance(statement):
        found["tolerance"] = tolerance
    if _CASE.search(statement):
        found["ignore_case"] = "true"
    if images := _images(statement):
        found["images"] = images
    return found


def _images(statement: str) -> str:
    note = _NOTE.search(statement)
    told = statement[: note.start()] if note else statement
    if _FORMULA.search(told):
        return "formula"
    if _PICTURE.search(told):
        return "statement"
    return "note" if _PICTURE.search(statement) else ""


def is_interactive(statement: str) -> bool:
    """Whether the program is to talk with a judge, which no recorded test can play."""
    return _INTERACTIVE.search(statement) is not None


def without_pictures(text: str) -> str:
    """The text without the placeholders of pictures."""
    return _PICTURE.sub(" ", text)


def _tolerance(statement: str) -> str:
    hit = _TOLERANCE.search(statement)
    if not hit:
        return ""
    exponent = hit.group(1) or hit.group(2) or str(len(hit.group(3) or ""))
    return f"1e-{int(exponent)}"
