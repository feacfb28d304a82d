"""What environments share: the code block or answer line of a reply, an outline without answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from ultrainteract.number_words import SPELLED, spelled

_Number: TypeAlias = Decimal | Fraction

_OPEN = re.compile(r"```[ \t]*(?:python3?|py)[ \t]*\n", re.IGNORECASE)
# `Answer: 5`, `**Final Answer:** 5`, `So the answer is: 5`; a colon is due, for "the answer is the
# larger one" may be running prose. After a mere heading the answer is the reply's last line.
_MARK = (
    r"^[ \t>*#_-]*(?:(?:so|thus|hence|therefore),?[ \t]+)?(?:(?:the|my)[ \t]+)?"
    r"(?:(?:final|correct|best)[ \t]+)?answer(?:[ \t]+is)?[ \t*_]*"
)
_ANSWER = re.compile(rf"{_MARK}[:\uff1a][ \t*_]*(\S.*)$", re.MULTILINE | re.IGNORECASE)
_BARE = re.compile(rf"{_MARK}[:\uff1a]?[ \t*_]*\Z", re.IGNORECASE)
_HEADED = re.compile(rf"{_MARK}[:\uff1a]?[ \t*_]*\n\s*(\S.*)\s*\Z", re.MULTILINE | re.IGNORECASE)
_CLOSE = re.compile(r"^[ \t]*```", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_FRACTION = re.compile(
    r"\\[dtc]?frac\s*(?:\{\s*(\d{1,18})\s*\}|(\d))\s*(?:\{\s*(\d{1,18})\s*\}|(\d))"
    r"|(\d{1,18})\s*/\s*(\d{1,18})"
)
_TEXT = re.compile(r"\\(?:text\w*|mathrm|mathbf|mathit|mbox)\s*\{([^{}]*)\}")
_COMMAND = re.compile(r"\\(?:begin|end)\s*\{\w+\*?\}|\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SMALL = re.compile(r"an|and|are|as|at|be|by|for|if|in|is|it|not|of|on|or|the|to|with")
_ALONE = r"\b(?:half|dozen)\b"
_SPOKEN = re.compile(rf"{SPELLED.pattern}|{_ALONE}", re.IGNORECASE)
_HIDDEN = "[?]"


@dataclass(frozen=True, slots=True)
class Fenced:
    """A python block: its code, the text up to and including it, fence closed, and where in the
    reply it starts."""

    code: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer line: what it says, and the text up to and including it."""

    answer: str
    text: str


def answer_line(reply: str, *, truncated: bool = False) -> Answered | None:
    """The first answer line of a reply; None without one, or where the token limit cut it.

    A heading such as `**Final Answer**` counts with the reply's last line below it.
    """
    found = _ANSWER.search(reply) or _HEADED.search(reply)
    if not found or (truncated and found.end(1) == len(reply)):
        return None
    answer, text = found[1], reply[: found.end(1)].strip()
    while again := _ANSWER.match(answer):
        answer = again[1]
    answer = answer.strip().rstrip("*_").strip()
    return None if _BARE.match(answer) else Answered(answer, text)


def fenced_python(reply: str, *, truncated: bool = False) -> Fenced | None:
    """The first python block of a reply; None without one.

    A block that is not closed counts as ended by a stop sequence, unless the reply was
    `truncated` by its token limit.
    """
    opened = _OPEN.search(reply)
    if not opened:
        return None
    closed = _CLOSE.search(reply, opened.end())
    if not closed and truncated:
        return None
    code = reply[opened.end() : closed.start() if closed else len(reply)].rstrip()
    head = reply[: opened.start()].strip()
    return Fenced(code, f"{head}\n```python\n{code}\n```".lstrip(), opened.start())


def hide_answer(rationale: str, statement: str, answer: str) -> str:
    """A rationale with its answer, and every number the statement does not give, as `[?]`.

    The answer goes as it is written, as its words (`\\text{..}`) and as a number word of its value;
    other number words stay. Not hidden: paraphrases, and what a right option says.
    """
    said = _values(answer)
    given = _values(statement) - said
    for pattern in _wordings(answer):
        rationale = pattern.sub(_HIDDEN, rationale)
    rationale = _SPOKEN.sub(lambda it: _HIDDEN if said & _spelled(it[0]) else it[0], rationale)
    return _NUMBER.sub(lambda it: it[0] if _value(it[0]) in given else _HIDDEN, rationale)


def _wordings(answer: str) -> Iterator[re.Pattern[str]]:
    """The answer as it stands, then its words together, then each of them."""
    signs = "".join(answer.split())
    if signs and not _NUMBER.fullmatch(signs):
        yield _standing(r"\s*".join(map(re.escape, signs)), signs)
    bare = _COMMAND.sub(" ", _TEXT.sub(r" \1 ", answer))
    option = re.fullmatch(r"[\s({]*([A-J])[\s)}.:]*", bare)
    if option:
        yield _standing(option[1], option[1])
    # Words beside digits are a unit.
    words = [] if re.search(r"\d", _TEXT.sub("", answer)) else _WORD.findall(bare)
    if words:
        yield _standing(r"[\W_]+".join(map(re.escape, words)), words[0], re.IGNORECASE)
    for word in words:
        if not _SMALL.fullmatch(word.lower()):
            yield _standing(rf"{re.escape(word)}(?:e?s)?", word, re.IGNORECASE)


def _standing(pattern: str, sample: str, flags: int = 0) -> re.Pattern[str]:
    """`pattern` where it is no part of a longer word; `sample` is what it matches."""
    left = r"(?<![\w\\])" if sample[0].isalnum() else ""
    right = r"(?!\w)" if sample[-1].isalnum() else ""
    return re.compile(left + pattern + right, flags)


def _values(text: str) -> set[_Number]:
    """Every number of a text: in digits, in words, and fractions as a whole."""
    found: set[_Number] = {_value(hit) for hit in _NUMBER.findall(text)}
    for hit in _FRACTION.finditer(text):
        one, other = (int(part) for part in hit.groups() if part)
        found |= {Fraction(one, other)} if other else set()
    return found.union(*(_spelled(hit[0]) for hit in _SPOKEN.finditer(text)))


def _value(digits: str) -> _Number:
    return Decimal(digits.replace(",", ""))


def _spelled(words: str) -> set[_Number]:
    """Without signs, which digits lack too; `six and forty-two` may be two numbers."""
    if re.fullmatch(_ALONE, words, re.IGNORECASE):
        words = f"one {words}"
    found = (spelled(part) for part in [words, *re.split(r"\s+and\s+", words)])
    return {abs(number) for number in found if number is not None}
