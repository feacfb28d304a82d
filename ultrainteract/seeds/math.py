r"""MATH: competition problems of seven subjects, the answer in the last `\boxed` of a worked
solution (arXiv 2103.03874). `Level ?` occurs and is kept, as is [asy] drawing code.

One solution in seventy has several boxes: mostly one value found twice, or steps to the last. But
a problem that asks for a list may box each item, and all of them are the answer then; one that
asks for any of several (`either of the foci`) may box each, and has no one answer.
"""

import re

from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed
from ultrainteract.verify.answer import all_boxed, find

_LIST = re.compile(
    r"\bseparated by commas\b|\ball possible\b"
    r"|\b(?:enter|list|find|give|state|what are|determine) (?:all|both|every)\b",
    re.IGNORECASE,
)


@seed(
    "math",
    environments=("math_pot", "math_cot"),
    hub=Hub("EleutherAI/hendrycks_math", files=("*/train-*.parquet",)),
    licence="mit",
)
def math(row: Row) -> Question:
    r"""Competition problems: problem, level, type, solution with its answer in \boxed."""
    statement, solution = row.text("problem"), row.text("solution")
    meta = {key: row.text(key) for key in ("level", "type") if row.get(key)}
    return Question(statement, answer=_answer(statement, solution), rationale=solution, meta=meta)


def _answer(statement: str, solution: str) -> str:
    boxes = tuple(dict.fromkeys(all_boxed(solution)))
    if not boxes or not boxes[-1]:
        raise Skip("no \\boxed answer in field solution")
    *earlier, last = boxes
    if _LIST.search(statement):
        whole = {item.strip() for item in last.split(",")}.issuperset(earlier)
        return last if whole else ", ".join(filter(None, boxes))
    if earlier and find(solution) != last:
        raise Skip("several \\boxed answers, of which any may do")
    return last
