"""Questions with options: how they are listed, and what a grader needs to know of them.

`meta["options"]` is the JSON list of their texts, `meta["letter"]` the right one's letter; the
first option is A.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ultrainteract.seeds.registry import Skip

LETTERS = "ABCDEFGHIJ"
_AT_LEAST = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """The texts of the options and the place of the right one, from 0."""

    options: tuple[str, ...]
    right: int

    @property
    def letter(self) -> str:
        """The right option's letter, a capital."""
        return LETTERS[self.right]

    @property
    def value(self) -> str:
        """The right option's text."""
        return self.options[self.right]

    @property
    def listed(self) -> str:
        """A line for each option: `A) 38`."""
        return "\n".join(
            f"{letter}) {text}" for letter, text in zip(LETTERS, self.options, strict=False)
        )

    @property
    def asked(self) -> str:
        """What is to be done with the options, and the options; the end of a statement."""
        return f"Answer with the text of one of these options.\n{self.listed}"

    @property
    def meta(self) -> Mapping[str, str]:
        """`kind`, `options` and `letter`, for `Question.meta`."""
        options = json.dumps(self.options, ensure_ascii=False)
        return {"kind": "choice", "options": options, "letter": self.letter}


def choice(options: Sequence[str], right: int) -> Choice:
    """Checked: raises `Skip` where options are missing or empty, or none of them is right."""
    if not _AT_LEAST <= len(options) <= len(LETTERS):
        raise Skip(f"{len(options)} options")
    if not all(options):
        raise Skip("an empty option")
    if not 0 <= right < len(options):
        raise Skip("the right option is none of those listed")
    return Choice(tuple(options), right)
