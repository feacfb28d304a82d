r"""MATH: competition problems of seven subjects, the answer in the last `\boxed` of a worked
solution (arXiv 2103.03874). `Level ?` occurs and is kept, as is [asy] drawing code."""

from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed
from ultrainteract.verify.answer import boxed


@seed(
    "math",
    environments=("math_pot", "math_cot"),
    hub=Hub("EleutherAI/hendrycks_math", files=("*/train-*.parquet",)),
    licence="mit",
)
def math(row: Row) -> Question:
    r"""Competition problems: problem, level, type, solution with its answer in \boxed."""
    statement, solution = row.text("problem"), row.text("solution")
    answer = boxed(solution)
    if not answer:
        raise Skip("no \\boxed answer in field solution")
    meta = {key: row.text(key) for key in ("level", "type") if row.get(key)}
    return Question(statement, answer=answer, rationale=solution, meta=meta)
