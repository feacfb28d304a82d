"""GSM8K: grade-school word problems, the final number after `####` (arXiv 2110.14168)."""

import re

from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed

_MARKS = re.compile(r"<<[^<>]*>>")


@seed(
    "gsm8k",
    environments=("math_pot", "math_cot"),
    hub=Hub(
        "openai/gsm8k",
        files=("main/train-*.parquet",),
        revision="740312add88f781978c0658806c59bc2815b9866",
    ),
    licence="mit",
)
def gsm8k(row: Row) -> Question:
    """Grade-school word problems: question, answer with its final number after `####`."""
    statement = row.text("question")
    rationale, marker, final = row.text("answer").rpartition("####")
    if not marker:
        raise Skip("no #### in field answer")
    return Question(
        statement,
        answer=final.strip().replace(",", ""),
        rationale=_MARKS.sub("", rationale).strip(),
    )
