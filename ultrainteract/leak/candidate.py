"""Stretches of a critique that may state a value: numbers, arithmetic, formulas, tuples.

Found by regular expressions alone, each linear in the text; what they mean is decided elsewhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ultrainteract.leak.gold import NUMBER
from ultrainteract.number_words import SPELLED


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters `start` to `end`, read as `text`."""

    start: int
    end: int
    text: str


_NUM = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+"
_WORD_OP = (
    r"\b(?:times|plus|minus|divided\s+by|multiplied\s+by|over|out\s+of|thousand|million|hundred|of(?:\s+the)?(?=\s+\$?\d)|"
    r"half\s+of(?:\s+the)?)\b"
)
_MACRO = (
    r"\\(?:[dtc]?frac|sqrt|cdot|times|div|binom|left|right|pi)(?![a-z])|√|π|"
    r"\b(?:(?:math|np|numpy|sympy)\.)?(?:sqrt|pi)\b"
)
_ATOM = rf"(?:{_NUM}|{_MACRO}|{_WORD_OP}|\\?%|\\?\$(?=\d)|[-+*/^(){{}}!])"
# Runs are capped: trimming one is quadratic in its length.
_ARITHMETIC = re.compile(rf"(?<![A-Za-z_\d.]){_ATOM}(?:\s*{_ATOM}){{1,60}}")
_OPERATES = re.compile(rf"[-+*/^!]|{_MACRO}|{_WORD_OP}")
_BOUND = re.compile(r"^(?:\s*(?:\*\*|[*/^])\s*[({]?[\d.]+[)}]?)+")
_SYMBOL = (
    rf"(?:{_NUM}|\\[A-Za-z]+|(?:sqrt|pi|log|ln|sin|cos|tan|exp|infinity|inf|oo)\b"
    r"|(?<![A-Za-z])[A-Za-z](?![A-Za-z'])|(?<=\d)[A-Za-z](?![A-Za-z])|[-+*/^(){}!√π∞_|°])"
)
_FORMULA = re.compile(rf"{_SYMBOL}(?:[ \t]*{_SYMBOL}){{1,80}}")
_SEGMENT = re.compile(
    r"\$\$(.{1,400}?)\$\$|\$([^$\n]{1,300}?)\$|\\\((.{1,300}?)\\\)|\\\[(.{1,400}?)\\\]|`([^`\n]{1,200})`",
    re.DOTALL,
)
_RELATION = re.compile(
    r"=|\\approx|\\implies|\\Rightarrow|\\to\b|≈|\\text\{|\\le\b|\\ge\b|[<>&]|\\\\"
)
_TUPLE = re.compile(
    r"(?:\\left)?(?:[(\[]|\\?\{)[^()\[\]\n]{1,80}(?:\([^()\n]{0,20}\)[^()\[\]\n]{0,60})?,"
    r"[^()\[\]\n]{1,80}(?:\([^()\n]{0,20}\)[^()\[\]\n]{0,20})?(?:\\right)?\\?[)\]}]"
)
_PARTS = re.compile(
    r"\b[A-Za-z]\$?\s*(?:=|is)\s*\$?(-?[\w./\\{}]+)\$?(?:\s*,\s*and|\s*,|\s+and)\s+\$?"
    r"[A-Za-z]\s*(?:=|is)\s*\$?(-?[\w/\\{}]+(?:\.\d+)?)"
    r"(?:\$?(?:\s*,\s*and|\s*,|\s+and)\s+\$?[A-Za-z]\s*(?:=|is)\s*\$?(-?[\w/\\{}]+(?:\.\d+)?))?"
)


_SIGNED = r"-?(?:\d+/\d+|\d+(?:\.\d+)?)"
_LESS = r"\s*(<(?!=)|≤|<=|\\leq?\b)\s*"
_BETWEEN = re.compile(rf"({_SIGNED}){_LESS}[a-z]{_LESS}({_SIGNED})")
_ROW = re.compile(rf"(?<![\w.]){_SIGNED}(?:\s*,\s*{_SIGNED}){{0,8}}\s*,?\s+(?:and|or)\s+{_SIGNED}")


def plain_numbers(text: str) -> Iterator[Candidate]:
    """Numbers in digits and in words."""
    for pattern in (NUMBER, SPELLED):
        for hit in pattern.finditer(text):
            yield Candidate(hit.start(), hit.end(), hit.group().replace("\\$", "").replace("$", ""))


def arithmetic(text: str) -> Iterator[Candidate]:
    """Stretches without letters that hold an operator, trimmed to what may be evaluated."""
    for hit in _ARITHMETIC.finditer(text):
        start, end = _trimmed(text, hit.start(), hit.end())
        inner = text[start:end]
        if re.search(r"\d", inner) and _OPERATES.search(inner):
            yield Candidate(start, end, inner)


def formulas(text: str) -> Iterator[Candidate]:
    """Formulas with letters: LaTeX and code spans, cut at relations, and runs in plain text."""
    for hit in _SEGMENT.finditer(text):
        start, end = hit.span(hit.lastindex or 0)
        yield Candidate(start, end, text[start:end])
        cuts = [
            start,
            *(at for it in _RELATION.finditer(text, start, end) for at in it.span()),
            end,
        ]
        for left, right in zip(cuts[::2], cuts[1::2], strict=True):
            if (left, right) != (start, end):
                yield _stripped(text, left, right)
    for hit in _FORMULA.finditer(text):
        yield _stripped(text, *_trimmed(text, hit.start(), hit.end()))


def tuples(text: str) -> Iterator[Candidate]:
    """Bracketed lists, and `x = 4 and y = 3` read as one."""
    for hit in _TUPLE.finditer(text):
        yield Candidate(hit.start(), hit.end(), hit.group())
    for hit in _PARTS.finditer(text):
        parts = [part.rstrip(".") for part in hit.groups() if part]
        yield Candidate(hit.start(), hit.end(), f"({', '.join(parts)})")
    for hit in _BETWEEN.finditer(text):
        left, right = ("(" if hit[2] == "<" else "["), (")" if hit[3] == "<" else "]")
        yield Candidate(hit.start(), hit.end(), f"{left}{hit[1]}, {hit[4]}{right}")
    for hit in _ROW.finditer(text):
        yield Candidate(hit.start(), hit.end(), ", ".join(re.findall(_SIGNED, hit.group())))


def verbatim(text: str, wanted: str) -> Iterator[Candidate]:
    """Where `wanted` itself stands, white space and LaTeX sizes aside."""
    tokens = re.findall(r"\\[A-Za-z]+|[A-Za-z]+|\d+|\S", wanted)
    tokens = [token for token in tokens if token not in ("\\left", "\\right", "\\!", "\\,")]
    gap = r"(?:\s|\\left|\\right|\\[,;! ])*"
    pattern = r"(?<![\w.\\])" + gap.join(map(re.escape, tokens)) + r"(?!\w|\.\d)"
    for hit in re.finditer(pattern, text):
        yield Candidate(hit.start(), hit.end(), hit.group())


def _stripped(text: str, start: int, end: int) -> Candidate:
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip(" ,;:$"))
    end -= len(inner) - len(inner.rstrip(" ,;:.$\\"))
    return Candidate(start, max(start, end), text[start : max(start, end)])


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without operators that belong to a word on either side, and without lone brackets."""
    run = text[start:end]
    left = text[max(0, start - 8) : start]
    if left[-1:].isalnum() or left.rstrip()[-1:].isalpha():
        hit = _BOUND.match(run)
        start += hit.end() if hit else 0
    if text[end : end + 1].isalpha() or text[end : end + 1] == "_":
        hit = re.search(r"[-+*/\s(]*[\d.]+\s*$", text[start:end])
        end = start + hit.start() if hit else end
    while start < end:
        run = text[start:end]
        opened = run.count("(") + run.count("{") - run.count(")") - run.count("}")
        if run[0] in " \t\n+*/^)}!%" or opened > 0:
            start += 1
        elif run[-1] in " \t\n+-*/^({" or opened < 0:
            end -= 1
        else:
            break
    return start, end
