"""Questions about a passage, answered as DROP answers them: a number, a date, or words of the text
(arXiv 1903.00161).

Several words or names are one answer, in any order. Words count as they stand: `54-yard` is not
`54 yards`, by the official rule as by ours.
"""

import ast
import json
import re
from collections.abc import Mapping

from ultrainteract.seeds.registry import Question, Row, Skip, as_text
from ultrainteract.verify.moments import written_date

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")
_ROUNDED = re.compile(r"-?\d*\.\d{2,}")
# What a program prints is read from its last line: words are for answers in text.
_IN_WORDS = ("math_cot",)


def asked_of_passage(row: Row, question: str, meta: Mapping[str, str]) -> Question:
    """The passage, then `question`; `answer` is DROP's object, or its text in some copies.

    Skips a row whose answer says nothing, or two things at once.
    """
    statement = f"{row.text('passage')}\n\n{question}"
    number, date, spans = _answer(row["answer"])
    if sum(map(bool, (number, date, spans))) != 1:
        raise Skip("answer is not one of number, date and spans")
    if number:
        if not _NUMBER.fullmatch(number):
            raise Skip("the answer's number is none")
        plain = number.replace(",", "")
        return Question(statement, answer=plain, meta={**meta, **rounded(plain)})
    if any("|" in span for span in spans):
        raise Skip("a bar within an answer")
    kind = "wtq" if len(spans) > 1 else "text"
    return Question(
        statement,
        answer=date or "|".join(spans),
        environments=_IN_WORDS,
        meta={**meta, "kind": kind},
    )


def rounded(answer: str) -> dict[str, str]:
    """The meta that lets a grader take an answer of two or more decimals as a rounded one."""
    return {"rounded": "yes"} if _ROUNDED.fullmatch(answer) else {}


def _answer(value: object) -> tuple[str, str, tuple[str, ...]]:
    if isinstance(value, str) and value.strip().startswith("{"):
        value = _parsed(value.strip())
    if not isinstance(value, Mapping):
        said = as_text(value, "answer")
        return (said, "", ()) if _NUMBER.fullmatch(said) else ("", "", (said,) if said else ())
    spans = value.get("spans") or ()
    if not isinstance(spans, list | tuple):
        raise Skip(f"the answer's spans are of type {type(spans).__name__}, not a list")
    texts = [as_text(span, "span of the answer") for span in spans]
    if not all(texts):
        raise Skip("an empty span in the answer")
    number = as_text(value.get("number"), "number of the answer")
    return number, _date(value.get("date")), tuple(dict.fromkeys(texts))


def _date(value: object) -> str:
    """`26 January 1995`, as far as it is said."""
    if not value:
        return ""
    if not isinstance(value, Mapping):
        raise Skip(f"the answer's date is of type {type(value).__name__}, not an object")
    parts = [as_text(value.get(key), f"{key} of the answer") for key in ("day", "month", "year")]
    said = " ".join(part for part in parts if part)
    alone = said == parts[2] and said.isdecimal()
    if said and not alone and written_date(said if parts[0] or parts[2] else f"1 {said}") is None:
        raise Skip("a date in the answer that cannot be read")
    return said


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise Skip("an answer that cannot be parsed") from error
