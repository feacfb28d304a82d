"""What must not be said: the reference read as numbers, as text and as an option, and what the
problem itself already says, so that a given number used as given is no leak.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ultrainteract.leak.surface import folded, plain
from ultrainteract.leak.value import Number, equal, readings
from ultrainteract.number_words import SPELLED
from ultrainteract.types import Instruction

NUMBER = re.compile(
    r"(?<![A-Za-z_\d.\\])(?:(?<![\w)}\]%])(?<![\w)}\]%]\s)-(?=\\?\$?\.?\d))?(?:\\?\$)?"
    r"(?:\d{1,3}(?:(?:,(?:\\!)?|\\,|\{,\}|_)\d{3})+(?:\.\d+)?|\d+\.\d+|\.\d+|\d+)"
    r"(?!\d|\.\d)(?:\s*(?:\\?%|percent\b|per cent\b))?"
)
_MARKER = re.compile(r"(?:^|(?<=[\s,;(\['\"]))\(?([A-Ja-j])\s?[).:]\s+(?=\S)|\(([A-J])\)\s*")
_TEXT = re.compile(r"\\(?:text|textbf|mbox|mathrm)\s*\{([^{}]*)\}")
_UNIT = re.compile(r"(?<=[\d}%)])\s*(?:\\?[a-zA-Z]+(?:\^\d|/[a-zA-Z]+)?[\s.]*)+$")
_LHS = re.compile(r"^\s*(?:[a-zA-Z]|[a-zA-Z]\([a-zA-Z]\))\s*=\s*")


@dataclass(frozen=True, slots=True)
class Gold:
    """`answer` is what the reference states, an option spelt out; `claim` is it as the grader takes
    it. `values` are its numbers, `text` its words, `letter` the right option. `body` is the
    statement without its options, `given` the numbers in it."""

    answer: str
    claim: str
    values: tuple[Number, ...]
    letter: str
    text: str
    body: str
    given: tuple[Number, ...]

    def means(self, text: str) -> bool:
        """Whether the text denotes one of `values`."""
        return self.holds(readings(text))

    def holds(self, found: tuple[Number, ...]) -> bool:
        """Whether one of these numbers is one of `values`."""
        return any(equal(one, gold) for one in found for gold in self.values)

    @property
    def is_given(self) -> bool:
        """The problem states a number equal to the reference."""
        return self.holds(self.given)

    def quotes(self, text: str) -> bool:
        """The problem itself contains this text, white space aside."""
        return folded(text) in folded(self.body)


def read_gold(instruction: Instruction) -> Gold:
    """The reference of an instruction; empty fields where it has no such reading."""
    return _read(instruction.reference.answer, instruction.statement)


# Each critique of a tree is held against the same one.
@lru_cache(maxsize=256)
def _read(reference: str, statement: str) -> Gold:
    answer = _TEXT.sub(r"\1", plain(reference)).replace("\\$", "").strip(" $.\n")
    body, options = split_options(plain(statement))
    letter = _letter(answer)
    stated = options.get(letter, "") if letter else answer
    if not letter:
        letter = next((key for key, text in options.items() if _same(text, answer)), "")
    values = _values(stated)
    return Gold(
        answer=_LHS.sub("", stated),
        claim=reference if not letter or stated == answer else stated,
        values=values,
        letter=letter,
        text="" if values or not _wordy(stated) else stated,
        body=body,
        given=tuple(number for text in numbers(body) for number in readings(text)),
    )


def numbers(text: str) -> list[str]:
    """Every number in a text, in digits or in words; exponents say nothing of quantities."""
    return [
        hit.group().replace("$", "")
        for hit in NUMBER.finditer(text)
        if text[hit.start() - 1 : hit.start()] != "^"
    ] + [hit.group() for hit in SPELLED.finditer(text)]


def split_options(statement: str) -> tuple[str, dict[str, str]]:
    """The statement without its options, and the options by letter; none where none are listed.

    Markers count when they run A, B, C in order: `(A) 3`, `A. 3`, `a ) 3`.
    """
    chain: list[re.Match[str]] = []
    for hit in _MARKER.finditer(statement):
        if (hit.group(1) or hit.group(2)).upper() == "ABCDEFGHIJ"[len(chain) : len(chain) + 1]:
            chain.append(hit)
    if len(chain) <= 1:
        return statement, {}
    ends = [hit.start() for hit in chain[1:]] + [len(statement)]
    texts = [
        statement[hit.end() : end].strip(" ,;'\"[]\n") for hit, end in zip(chain, ends, strict=True)
    ]
    return statement[: chain[0].start()], dict(zip("ABCDEFGHIJ", texts, strict=False))


def _letter(answer: str) -> str:
    hit = re.fullmatch(r"\(?([A-Ja-j])[).]?", answer)
    return hit.group(1).upper() if hit else ""


def _values(text: str) -> tuple[Number, ...]:
    text = _LHS.sub("", text)
    return readings(text) or readings(_UNIT.sub("", text))


def _same(one: str, other: str) -> bool:
    values = _values(one)
    return folded(one) == folded(other) or any(
        equal(left, right) for left in values for right in _values(other)
    )


def _wordy(text: str) -> bool:
    return re.search(r"[A-Za-z]{2}", re.sub(r"\\[A-Za-z]+", "", text)) is not None
