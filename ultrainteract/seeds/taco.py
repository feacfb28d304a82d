"""TACO: 25,443 problems of ten sites, among them those of APPS and CodeContests (arXiv 2312.14852).

All columns are text: JSON in `solutions` and `input_output`, Python literals in the tags.
"""

import ast

from ultrainteract.seeds.input_output import input_output_tests, parsed
from ultrainteract.seeds.limits import megabytes, seconds
from ultrainteract.seeds.programs import WHOLE, program_question
from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed


@seed(
    "taco",
    environments=("coding",),
    hub=Hub("BAAI/TACO", files=("ALL/train-*.parquet",)),
    licence="apache-2.0",
    keep=WHOLE,
)
def taco(row: Row) -> Question:
    """Programming problems: question, input_output, solutions, starter_code, difficulty, tags."""
    statement = row.text("question")
    tests = input_output_tests(row, statement)
    tags = _tags(row.get("tags"))
    meta = {
        "source": row.optional("source"),
        "difficulty": row.optional("difficulty"),
    }
    return program_question(
        statement,
        tests,
        programs(row),
        name=row.optional("name"),
        url=row.optional("url"),
        tags=tags,
        seconds=seconds(row.get("time_limit")),
        memory_mb=megabytes(row.get("memory_limit")),
        starter=row.optional("starter_code"),
        pictures=row.optional("picture_num") not in ("", "0"),
        meta=meta,
    )


def programs(row: Row) -> list[object]:
    """The solutions, of TACO or APPS: a JSON list, or a list; none where the field is not there."""
    value = parsed(row.get("solutions"), "solutions")
    if value is not None and not isinstance(value, list):
        raise Skip("field solutions is not a list")
    return value or []


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, str) and value.strip():
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return ()
    return tuple(tag for tag in value if isinstance(tag, str)) if isinstance(value, list) else ()
