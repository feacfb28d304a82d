"""NumGLUE: eight kinds of numerical questions (arXiv 2204.05660).

Types 5, 6 (reading) and 7 (entailment) are read, and a run leaves them out, as the paper does
(`keep`); of the hub's copy, whose files hold a type each, they are not even fetched. An answer
with two or more decimals may be rounded (5.63 for 5.625): `meta["rounded"]` says so to the grader.
"""

import re

from ultrainteract.seeds.choices import choice
from ultrainteract.seeds.reading import asked_of_passage, rounded
from ultrainteract.seeds.registry import Hub, Question, Row, Skip, as_text, seed

# A copy without types has plain questions among others.
_PLAIN = "plain"
_BLANK = re.compile(r"_{2,}")
_OPTION = re.compile(r"option\s*([12])", re.IGNORECASE)
_ENTAILS = "Does statement 1 entail statement 2, contradict it, or neither (neutral)?"


@seed(
    "numglue",
    environments=("math_pot", "math_cot"),
    hub=Hub("tasksource/num-glue", files=("*type_[12348]/train*",)),
    licence="apache-2.0",
    keep={"numglue_type": ("1", "2", "3", "4", "8", _PLAIN)},
)
def numglue(row: Row) -> Question:
    """Numerical questions of eight types: question, answer, type; options, passage, statements."""
    kind = _kind(row)
    meta = {"numglue_type": kind}
    if kind == "7":
        return _entailed(row, meta)
    question = _asked(row.text("question"))
    if kind in ("5", "6"):
        return asked_of_passage(row, question, meta)
    answer = as_text(row["answer"], "answer")
    if kind == "3" or _OPTION.fullmatch(answer):
        return _compared(row, question, answer, meta)
    if _BLANK.search(question):
        question = f"Fill in the blank.\n\n{question}"
    return Question(question, answer=answer, meta=meta | rounded(answer))


def _asked(question: str) -> str:
    """With one question mark at its end where there are several, or spaces before it."""
    told = question.rstrip("? \t\n")
    return f"{told}?" if "?" in question[len(told) :] else question


def _compared(row: Row, question: str, answer: str, meta: dict[str, str]) -> Question:
    texts = tuple(row.text(key).rstrip(".") for key in ("Option1", "Option2"))
    named = _OPTION.fullmatch(answer)
    if not named:
        raise Skip("answer names none of the two options")
    options = choice(texts, int(named[1]) - 1)
    return Question(
        f"{question}\n\n{options.asked}", answer=options.value, meta={**meta, **options.meta}
    )


def _entailed(row: Row, meta: dict[str, str]) -> Question:
    premise, hypothesis = row.text("statement1"), row.text("statement2")
    texts = [text.strip().lower() for text in row.text("options").rstrip("? ").split(" or ")]
    answer = row.text("answer").lower()
    if answer not in texts:
        raise Skip("answer is none of the options")
    options = choice(texts, texts.index(answer))
    return Question(
        f"Statement 1: {premise}\nStatement 2: {hypothesis}\n\n{_ENTAILS}\n\n{options.asked}",
        answer=options.value,
        meta={**meta, **options.meta},
    )


def _kind(row: Row) -> str:
    """The number of the type, by the row's word or, in the hub's copy, by its fields."""
    found = re.search(r"[1-8]$", row.optional("type"))
    if found:
        return found[0]
    if row.get("statement1") or row.get("statement2"):
        return "7"
    if row.optional("passage") not in ("", "None"):
        return "5"
    return "3" if row.get("Option1") else _PLAIN
