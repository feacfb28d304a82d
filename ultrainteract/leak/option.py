"""Mentions of the right option: its letter in the dress of an option, or its words."""

import re
from collections.abc import Iterator

from ultrainteract.leak.candidate import Candidate
from ultrainteract.leak.context import asserted

_WORDS_AT_ONCE, _ROW = 8, 3
_NAMED = r"(?:option|choice|alternative|answer|letter)s?"
_ORDINALS = {
    "A": "first", "B": "second", "C": "third", "D": "fourth", "E": "fifth",
    "F": "sixth", "G": "seventh", "H": "eighth", "I": "ninth", "J": "tenth",
}  # fmt: skip
_PICK = r"(?:pick|picked|choose|chose|chosen|select|selected|go with|gone with|opt for)"


def letters(text: str, letter: str) -> Iterator[Candidate]:
    """Where the letter stands as an option; lists that name three or more letters are passed."""
    one = rf"[\"'(*$]*(?:\\text\{{)?\(?(?P<it>{letter})(?![\w'])"
    others = r"(?:\(?[A-J]\)?\s*(?:,\s*and|,|and|or|/|&)\s*)*"
    ordinal = _ORDINALS[letter]
    forms = (
        rf"\((?P<it>{letter})\)",
        rf"\(\s*(?P<it>{letter.lower()})\s*\)",
        (
            rf"(?i:\b{_NAMED}\s+(?:(?:is|was|be|should be|must be|would be)\s+)?(?:the\s+)?)"
            rf"(?i:{_NAMED}\s+)?{others}{one}"
        ),
        rf"(?i:\b(?:option|choice)\s+)(?P<it>{letter.lower()})(?![\w'])",
        rf"(?i:\b{_PICK}\s+)(?i:{_NAMED}\s+)?{one}",
        (
            rf"(?i:\b(?:answer|correct|right|one|choice|option)\b[^.;\n]{{0,30}}?"
            rf"\b(?:is|was|be|becomes|to)\s*:?\s*){one}"
        ),
        rf"(?i:\b(?:answer|solution)\s*:\s*){one}",
        (
            rf"(?<![\w'])(?P<it>{letter})(?=[\"')*]*\s+(?:is|was|would be|should be|must be)\s+"
            r"(?:indeed\s+)?(?:the\s+)?(?:correct|right|best|answer|true|only))"
        ),
        rf"\\boxed\{{\s*(?:\\text\{{)?\(?(?P<it>{letter})\b",
        rf"(?i:\b(?P<it>{ordinal})\s+(?:option|choice|alternative)\b)",
        rf"\*\*\(?(?P<it>{letter})(?:\)|\.|:)?(?:\*\*|\s[^*\n]*\*\*)",
        rf"^\s*(?P<it>{letter})\s*[.):]?\s*$",
        rf"^\s*(?P<it>{letter})[.)]\s",
    )
    for form in forms:
        for hit in re.finditer(form, text, re.MULTILINE):
            start, end = hit.span("it")
            if not _enumerated(text, start, letter) or asserted(text, start, end):
                yield Candidate(start, end, text[start:end])


def wordings(text: str, wanted: str) -> Iterator[Candidate]:
    """Where the words occur, whatever stands between them; long ones in any run of 8 words."""
    words = re.findall(r"\w+", wanted)
    for first in range(max(1, len(words) - _WORDS_AT_ONCE + 1)):
        run = words[first : first + _WORDS_AT_ONCE]
        pattern = r"\b" + r"[\W_]+".join(map(re.escape, run)) + r"\b"
        for hit in re.finditer(pattern, text, re.IGNORECASE):
            yield Candidate(hit.start(), hit.end(), hit.group())


def _enumerated(text: str, at: int, letter: str) -> bool:
    """The letter is one of a row: `A, B, C and D`, `(A), (B), (C)`, or a list of all options."""
    listed = re.compile(
        r"(?:\(?\b[A-J]\b\)?\s*(?:,\s*and\s|,\s*or\s|,|and\s|or\s|/|&)\s*){2,}\(?[A-J]\b"
    )
    near = max(0, at - 100)
    if any(hit.start() <= at - near < hit.end() for hit in listed.finditer(text[near : at + 100])):
        return True
    lines = re.findall(r"^\s*[*\-]*\s*(?:Option\s+)?\(?([A-J])[).:]", text, re.MULTILINE)
    return letter in lines and len(set(lines)) >= _ROW
