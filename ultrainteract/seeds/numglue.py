"""NumGLUE: eight kinds of numerical questions (arXiv 2204.05660).

Types 5, 6 (reading) and 7 (entailment) are left out, as in the paper. An answer with two or more
decimals may be rounded (5.63 for 5.625): `meta["rounded"]` says so to the grader.
"""

import re

from ultrainteract.seeds.choices import choice
from ultrainteract.seeds.registry import Hub, Question, Row, Skip, as_text, seed

_LEFT_OUT = frozenset("567")
_BLANK = re.compile(r"_{2,}")
_MARKS = re.compile(r"\s*\?[?\s]*$")
_OPTION = re.compile(r"option\s*([12])", re.IGNORECASE)
_ROUNDED = re.compile(r"-?\d*\.\d{2,}")


@seed(
    "numglue",
    environments=("math_pot", "math_cot"),
    hub=Hub("tasksource/num-glue", files=("*type_[12348]/train*",)),
    licence="apache-2.0",
)
def numglue(row: Row) -> Question:
    """Numerical questions of types 1 to 4 and 8: question, answer, type, Option1 and Option2."""
    kind = _kind(row)
    if kind in _LEFT_OUT:
        raise Skip(f"type {kind} is left out, as in the paper")
    question = _MARKS.sub("?", row.text("question"))
    answer = as_text(row["answer"], "answer")
    if kind == "3" or _OPTION.fullmatch(answer):
        return _compared(row, question, answer)
    if _BLANK.search(question):
        question = f"Fill in the blank.\n\n{question}"
    meta = {"type": kind}
    if _ROUNDED.fullmatch(answer):
        meta["rounded"] = "yes"
    return Question(question, answer=answer, meta=meta)


def _compared(row: Row, question: str, answer: str) -> Question:
    texts = tuple(row.text(key).rstrip(".") for key in ("Option1", "Option2"))
    named = _OPTION.fullmatch(answer)
    if not named:
        raise Skip("answer names none of the two options")
    options = choice(texts, int(named[1]) - 1)
    return Question(
        f"{question}\n\n{options.asked}",
        answer=options.value,
        meta={"type": "3", **options.meta},
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
    return "3" if row.get("Option1") else ""
