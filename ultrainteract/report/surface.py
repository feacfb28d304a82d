"""What a text looks like, without reading it: how long it is, its steps, code, digits, ending.

A model that is trained on pairs learns whatever tells chosen from rejected most easily. These are
the features by which a glance could do so.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_STEP = re.compile(r"^[ \t#]*(?:step\s+\d+|\d+[.)])", re.IGNORECASE | re.MULTILINE)
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NO_DIGITS = str.maketrans("", "", "0123456789")
_ANSWER = re.compile(r"answer\b|\\boxed", re.IGNORECASE)
_FORMULA = ("$", "\\)", "\\]")
_SENTENCE = (".", "!", "?")


class Ending(StrEnum):
    """How the last line of a text ends."""

    ANSWER = "an answer line"
    CODE = "code"
    FORMULA = "a formula"
    NUMBER = "a number"
    SENTENCE = "a sentence"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class Surface:
    """Counts over one text: `characters` in all, of them `code` inside fences and `digits`;
    `steps` are lines that begin with a number or with `Step 1`."""

    characters: int
    lines: int
    steps: int
    code: int
    digits: int
    ending: Ending

    @property
    def code_share(self) -> float:
        """Of the characters, those in code."""
        return self.code / self.characters if self.characters else 0.0

    @property
    def digit_share(self) -> float:
        """Of the characters, the digits."""
        return self.digits / self.characters if self.characters else 0.0


def surface_of(text: str) -> Surface:
    """The surface of a text; white space around it does not count."""
    text = text.strip()
    return Surface(
        characters=len(text),
        lines=text.count("\n") + bool(text),
        steps=len(_STEP.findall(text)),
        code=sum(len(block) for block in _FENCED.findall(text)) if "```" in text else 0,
        digits=len(text) - len(text.translate(_NO_DIGITS)),
        ending=_ending(text),
    )


def _ending(text: str) -> Ending:
    last = text[text.rfind("\n") + 1 :].strip()
    if last.endswith("```"):
        return Ending.CODE
    if _ANSWER.search(last):
        return Ending.ANSWER
    if last.endswith(_FORMULA):
        return Ending.FORMULA
    if last[-1:].isdigit():
        return Ending.NUMBER
    return Ending.SENTENCE if last.endswith(_SENTENCE) else Ending.OTHER
