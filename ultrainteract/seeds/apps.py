"""APPS: programming problems in the shape that TACO took over (arXiv 2105.09938).

TACO holds them too, so this dataset is no part of `all`.
"""

from ultrainteract.seeds.input_output import input_output_tests
from ultrainteract.seeds.programs import WHOLE, program_question
from ultrainteract.seeds.registry import Hub, Question, Row, seed
from ultrainteract.seeds.taco import programs


@seed(
    "apps",
    environments=("coding",),
    hub=Hub("codeparrot/apps", files=("train.jsonl",)),
    licence="mit",
    keep=WHOLE,
)
def apps(row: Row) -> Question:
    """Programming problems: question, input_output, solutions, starter_code, difficulty."""
    statement = row.text("question")
    return program_question(
        statement,
        input_output_tests(row, statement),
        programs(row),
        url=row.optional("url"),
        starter=row.optional("starter_code"),
        meta={"difficulty": row.optional("difficulty")},
    )
