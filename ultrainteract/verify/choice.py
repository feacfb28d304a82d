"""Options: a letter in any of its forms, or the option's text; `Option 1` and `Option 2` too.

With `Context.options` a text is looked up among the options, by words and then by value. A
letter and a text that disagree, and a text that is two options, are UNVERIFIED.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ultrainteract.verify import exact
from ultrainteract.verify.context import NOTHING, Context
from ultrainteract.verify.finding import Finding, found, undecided
from ultrainteract.verify.quantity import quantity
from ultrainteract.verify.screen import LENGTH
from ultrainteract.verify.surface import tidy, unmark
from ultrainteract.verify.text import fold

_said = (
    r"(?:(?:so|thus|therefore|hence)[, ]+)?(?:(?:the\s+)?(?:correct\s+|right\s+|best\s+|final\s+)*"
    r"(?:answer|choice|option)(?:\s*(?:is|:|=)\s*|\s+|(?=[(\[\d])))*"
)
_form = re.compile(
    rf"(?P<said>{_said})[(\[]?\s*(?P<label>[A-Za-z]|\d)\s*(?:[)\]]?[.:]?|[)\]]\s*[.:]?\s*(?P<rest>\S.*)"
    r"|[.:]\s+(?P<rest2>\S.*))",
    re.DOTALL | re.IGNORECASE,
)
_lettered = re.compile(r"(?P<label>[A-J])\s+(?P<rest>[A-Z0-9$].*)", re.DOTALL)
_several = re.compile(
    r"(?:both\s+)?\(?[A-J]\)?(?:\s*(?:,|and|or|/|&)\s*\(?[A-J]\)?)+", re.IGNORECASE
)
# Beyond this letter a single one is a variable, when no option bears it.
_letters = 8


@dataclass(frozen=True, slots=True)
class Pick:
    """What an answer says: a label (`B`, `2`), a text, or both."""

    label: str
    text: str


def folded(options: Sequence[str]) -> list[str]:
    """The options as they are compared."""
    return [fold(option) for option in options]


def read(answer: str, options: Sequence[str] = ()) -> Pick:
    """A label with or without a text, or a text alone. `options` are folded."""
    plain = unmark(tidy(answer)).strip("*` ")
    whole = fold(plain)
    if len(whole) > 1 and whole in options:
        return Pick("", plain)
    match = _form.fullmatch(plain)
    if match:
        label, rest = match["label"].upper(), (match["rest"] or match["rest2"] or "").strip()
        bare_digit = label.isdigit() and not match["said"] and "(" not in plain
        if bare_digit or _index(label) >= max(len(options), _letters):
            return Pick("", plain)
        return Pick(label, rest)
    match = _lettered.fullmatch(plain)
    return Pick(match["label"], match["rest"]) if match else Pick("", plain)


def decide(predicted: str, gold: str, context: Context) -> Finding | None:  # noqa: PLR0911
    """By label, else by words, else by plain value; None leaves formulas to the slow stage."""
    if not predicted.strip():
        return found("empty", equal=False, reason="no answer")
    if max(len(predicted), len(gold)) > LENGTH:
        return undecided("screen", f"longer than {LENGTH} characters")
    options = folded(context.options)
    ours, wanted = read(predicted, options), read(gold, options)
    several = _several.fullmatch(unmark(tidy(predicted)))
    if not options:
        return _unlisted(ours, wanted, predicted, gold, several=bool(several))
    place = placed(wanted, options)
    if place is None:
        return undecided("gold", f"the reference is none of the {len(options)} options")
    if several and fold(predicted) not in options:
        return found("option", equal=False, reason="several options")
    if ours.label:
        return _labelled(ours, options, place)
    if named := _named(ours.text, options):
        return found("option's text", equal=place in named)
    if _is_place(ours.text, context.options):
        return undecided("option", "a number where the options are words: it may be a place")
    return _by_value(ours.text, context.options, place)


def _labelled(ours: Pick, options: list[str], place: int) -> Finding:
    index = _index(ours.label)
    literal = _named(ours.label, options)
    if literal and not ours.text and (place in literal) != (index == place):
        return undecided("option", "a letter that is also the text of an option")
    named = _named(ours.text, options)
    if named and index not in named:
        return undecided("option", "letter and text disagree")
    if index >= len(options):
        return found("option", equal=False, reason="no such option")
    return found("option", equal=options[index] == options[place])


def _unlisted(
    ours: Pick, wanted: Pick, predicted: str, gold: str, *, several: bool
) -> Finding | None:
    """Without options a letter is compared with a letter, all else as mathematics is."""
    if wanted.label and ours.label:
        return found("option", equal=ours.label == wanted.label)
    if wanted.label and several:
        return found("option", equal=False, reason="several options")
    if wanted.text and wanted.label and fold(ours.text) == fold(wanted.text):
        return found("option's text", equal=True)
    return exact.decide(predicted, gold, NOTHING)


def _index(label: str) -> int:
    return int(label) - 1 if label.isdigit() else ord(label) - ord("A")


def placed(wanted: Pick, options: Sequence[str]) -> int | None:
    """Where the reference stands: its letter first, then its text; None if nowhere."""
    if wanted.label and 0 <= _index(wanted.label) < len(options):
        return _index(wanted.label)
    named = _named(wanted.text or wanted.label, options)
    return named[0] if named else None


def _named(text: str, options: Sequence[str]) -> list[int]:
    said = fold(text)
    return [index for index, option in enumerate(options) if said and said == option]


def _is_place(text: str, options: Sequence[str]) -> bool:
    """Whether a bare digit counts options that are no numbers themselves."""
    digit = unmark(tidy(text)).strip("*` .")
    if not (digit.isdecimal() and len(digit) == 1 and 0 < int(digit) <= len(options)):
        return False
    return all(quantity(tidy(option)) is None for option in options)


def _by_value(text: str, options: Sequence[str], place: int) -> Finding | None:
    findings = [exact.decide(text, option, NOTHING) for option in options]
    return None if None in findings else valued([f for f in findings if f], place, text)


def valued(findings: list[Finding], place: int, text: str) -> Finding:
    """What the comparisons with every option say of an answer that is a value."""
    same = [index for index, one in enumerate(findings) if one.judgement == "correct"]
    if place in same and len(same) > 1:
        return undecided("option", "several options have this value")
    if same:
        return found("option's value", equal=place in same)
    if findings[place].judgement == "incorrect" and (quantity(tidy(text)) or "\\" in text):
        return found("option's value", equal=False, reason="no option has this value")
    return undecided("option", "it names no option")
