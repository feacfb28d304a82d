"""What the three datasets of programming problems have in common: a question out of its parts."""

import json
from collections.abc import Iterable, Mapping

from ultrainteract.seeds.marks import is_interactive, marks
from ultrainteract.seeds.origin import origin_keys
from ultrainteract.seeds.program_tests import ProgramTests
from ultrainteract.seeds.registry import Question, Skip
from ultrainteract.seeds.solutions import python3

# The reference answer of a problem that has tests and no solution in Python 3.
NO_SOLUTION = "no reference solution"
# Whose sentences lost a formula to a picture are left out; an illustration is no such loss.
WHOLE = {"images": ("", "note", "statement")}


def program_question(
    statement: str,
    tests: ProgramTests,
    programs: Iterable[object],
    *,
    id: str = "",  # noqa: A002
    name: str = "",
    url: str = "",
    tags: tuple[str, ...] = (),
    seconds: str = "",
    memory_mb: str = "",
    starter: str = "",
    pictures: bool = False,
    meta: Mapping[str, str] | None = None,
) -> Question:
    """The problem with its tests, marks, keys and solutions; `answer` is the first solution.

    Meta values that are empty are left out. `pictures` says that some are lost, with or without a
    trace in the statement. Skips what cannot be graded: interactive problems,
    and those with neither test nor solution.
    """
    if is_interactive(statement):
        raise Skip("interactive problem")
    solutions = python3(programs)
    if not tests and not solutions:
        raise Skip("neither a test nor a solution in Python 3")
    found = marks(statement, tags)
    if tests.doubtful:
        found["checker"] = "any"
    everything = {
        "kind": "program",
        "tests": tests.json(seconds, memory_mb),
        "tests_dropped": str(tests.dropped or ""),
        "time_limit": seconds,
        "memory_limit": memory_mb,
        "tags": json.dumps(tags, ensure_ascii=False) if tags else "",
        "keys": origin_keys(statement, name=name, url=url),
        "url": url,
        "starter_code": starter,
        **({"images": "statement"} if pictures else {}),
        **found,
        **(meta or {}),
    }
    return Question(
        f"{statement}\n\nStarter code:\n```python\n{starter}\n```" if starter else statement,
        answer=solutions[0] if solutions else NO_SOLUTION,
        solutions=solutions,
        id=id,
        meta={key: text for key, text in everything.items() if text},
    )
