"""WikiTableQuestions' official rules (evaluator 1.0.2): the same number of items, each matched.

An item matches as a normalised string, a number or a date. Where the gold has canonical values
(`Context.canonical`) those count; where it has none, and in predictions, values are read as
CoreNLP writes them: `1,974`, `17 years`, `$1.56 billion`, `January 26, 1995`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from ultrainteract.number_words import spelled
from ultrainteract.verify.context import Context
from ultrainteract.verify.finding import Finding, found, undecided
from ultrainteract.verify.moments import Date, numeric_date, written_date
from ultrainteract.verify.screen import LENGTH

_number = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_written = re.compile(
    r"(?P<sign>-?)(?:[$€£]|us\$)?\s?(?P<value>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s?(?P<scale>thousand|million|billion|trillion))?"
    r"(?:st|nd|rd|th|\s?%|\s(?:percent|dollars?|years?|months?|weeks?|days?|hours?|minutes?|"
    r"seconds?|times?|points?|games?|goals?|votes?|medals?|people|km|m|ft|feet|miles?|metres?|"
    r"meters?|kg|mph))?",
    re.IGNORECASE,
)
_scales = {"": 1, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_tolerance = 1e-6
_longest_word, _longest_value = 40, 100
_marks = frozenset("•♦†‡*#+")
_quoted = re.compile(r'^"([^"]*)"$')
_listed = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"][^,]*)""")
_most_parts = 12
_separators = ("|", "\n", "; ", ", ", ",")


@dataclass(frozen=True, slots=True)
class Value:
    """An item: its normalised text, and what it says as a number or as a date."""

    text: str
    number: float | None = None
    date: Date | None = None

    def matches(self, other: "Value") -> bool:
        """The official rule; dates agree in every field."""
        if self.text == other.text:
            return True
        if self.number is not None and other.number is not None:
            return abs(self.number - other.number) < _tolerance
        return self.date is not None and self.date == other.date


def decide(predicted: str, gold: str, context: Context) -> Finding | None:
    """Decides always: there is no slow stage."""
    if not predicted.strip():
        return found("empty", equal=False, reason="no answer")
    if max(len(predicted), len(gold)) > LENGTH * 2:
        return undecided("screen", "an answer of more than 4,000 characters")
    golds = gold.split("|")
    canonical = context.canonical or ("",) * len(golds)
    if len(canonical) != len(golds):
        return undecided("gold", f"{len(golds)} items, {len(canonical)} canonical values")
    targets = set(map(_target, golds, canonical))
    for items in _readings(predicted, golds):
        if _denote(targets, {_value(item) for item in items}):
            return found("wtq", equal=True)
    return found("wtq", equal=False)


def _denote(targets: set[Value], values: set[Value]) -> bool:
    if len(targets) != len(values):
        return False
    return all(any(target.matches(value) for value in values) for target in targets)


def _readings(predicted: str, golds: list[str]) -> Iterator[list[str]]:
    """The ways to cut a prediction into items; one item is never cut at commas."""
    text = predicted.strip().replace(r"\text{", "").rstrip("}") if "\\" in predicted else predicted
    text = text.strip()
    if text[:1] in ("[", "{", "(") and text[-1:] in ("]", "}", ")") and len(text) > 1:
        cells = ["".join(groups).strip() for groups in _listed.findall(text[1:-1])]
        yield [re.sub(r"\\(['\"])", r"\1", cell) for cell in cells]
    yield [text]
    if len(golds) == 1:
        yield [text.rstrip(".").strip("'\"`$")]
        return
    for separator in _separators:
        if separator in text:
            yield [part.strip() for part in text.split(separator) if part.strip()]
    joined = re.sub(r",? and |, & ", ", ", text)
    if joined != text:
        yield [part.strip() for part in joined.split(", ") if part.strip()]
    if any(", " in item for item in golds):
        yield from _merged(joined.split(", "), len(golds))


def _merged(parts: list[str], items: int) -> Iterator[list[str]]:
    """Neighbours put together again: `2004, Ipoh, Malaysia` may be two items."""
    if not items <= len(parts) <= _most_parts:
        return
    for cuts in combinations(range(1, len(parts)), items - 1):
        ends = [0, *cuts, len(parts)]
        yield [", ".join(parts[start:end]) for start, end in pairwise(ends)]


def normalise(text: str) -> str:
    """`normalize` of the official evaluator."""
    decomposed = unicodedata.normalize("NFKD", text)
    text = "".join(mark for mark in decomposed if unicodedata.category(mark) != "Mn")
    text = re.sub("[‘’´`]", "'", text)  # noqa: RUF001
    text = re.sub("[“”]", '"', text)
    text = re.sub("[‐‑‒–—−]", "-", text)  # noqa: RUF001
    while True:
        before = text
        text = _uncited(text.strip())
        text = _undetailed(text.strip())
        text = _quoted.sub(r"\1", text.strip())
        if text == before:
            break
    return re.sub(r"\s+", " ", text.removesuffix(".")).lower().strip()


def _uncited(text: str) -> str:
    """Without trailing `[2]`, `[note]`, `†`. The official pattern takes for ever on many."""
    while text:
        if text[-1] in _marks:
            text = text[:-1]
            continue
        start = text.find("[", text.rfind("]", 0, -1) + 1) if text[-1] == "]" else -1
        if start == 0 and not text[1:-1].isdecimal():
            start = text.find("[", 1)
        if start < 0:
            break
        text = text[:start]
    return text


def _undetailed(text: str) -> str:
    """Without trailing ` (details)`."""
    while text.endswith(")"):
        start = text.find(" (", text.rfind(")", 0, -1) + 1)
        if start < 1:
            break
        text = text[:start]
    return text


def _target(text: str, canonical: str) -> Value:
    return _value(text) if not canonical else _value(canonical, original=text)


def _value(text: str, original: str = "") -> Value:
    """`to_value` of the official evaluator, and the written forms that CoreNLP reads."""
    plain = normalise(original or text)
    source = re.sub("[‐‑‒–—−]", "-", text.strip())  # noqa: RUF001
    if len(source) > _longest_value:
        return Value(plain)
    if _number.fullmatch(source):
        return Value(plain, number=float(source))
    date = numeric_date(source) or written_date(source.removesuffix("."))
    if date is not None:
        year, month, day = date
        return Value(plain, number=year) if (month, day) == (-1, -1) else Value(plain, date=date)
    if len(source) < _longest_word and (word := spelled(source)) is not None:
        return Value(plain, number=float(word))
    if match := _written.fullmatch(source.removesuffix(".")):
        amount = float(match["value"].replace(",", "")) * _scales[(match["scale"] or "").lower()]
        return Value(plain, number=-amount if match["sign"] else amount)
    return Value(plain)
