"""CodeContests: problems of programming contests that read and print (arXiv 2203.07814).

Public tests are the statement's examples; private ones come before generated ones. Its
`difficulty` means nothing across sources, `cf_rating` does.
"""

from collections.abc import Iterator, Mapping

from ultrainteract.seeds.limits import megabytes, seconds
from ultrainteract.seeds.program_tests import bounded, paired
from ultrainteract.seeds.programs import WHOLE, program_question
from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed

_SOURCES = ("unknown", "codechef", "codeforces", "hackerearth", "codejam", "atcoder", "aizu")
_DIFFICULTIES = (
    "UNKNOWN_DIFFICULTY", "EASY", "MEDIUM", "HARD", "HARDER", "HARDEST", "EXTERNAL",
    *"ABCDEFGHIJKLMNOPQRSTUV",
)  # fmt: skip
_PYTHON3 = (3, "PYTHON3")


@seed(
    "codecontests",
    environments=("coding",),
    hub=Hub(
        "deepmind/code_contests",
        files=("*train-*.parquet",),
        revision="802411c3010cb00d1b05bad57ca77365a3c699d6",
    ),
    licence="cc-by-4.0",
    keep=WHOLE,
)
def codecontests(row: Row) -> Question:
    """Contest problems: description, tests, limits, solutions in several languages."""
    name, statement = row.text("name"), row.text("description")
    if row.optional("input_file") or row.optional("output_file"):
        raise Skip("reads or writes a file")
    public = paired(row["public_tests"], "public_tests")
    hidden = (
        *paired(row.get("private_tests"), "private_tests"),
        *paired(row.get("generated_tests"), "generated_tests"),
    )
    source = _named(_SOURCES, row.get("source")).lower()
    tags = tuple(tag for tag in _listed(row.get("cf_tags")) if tag)
    rating = row.optional("cf_rating")
    return program_question(
        statement,
        bounded("stdio", public, hidden),
        _python3(row.get("solutions")),
        # Names repeat across sources.
        id=f"{source}/{name}",
        name=name,
        tags=tags,
        seconds=seconds(row.get("time_limit")),
        memory_mb=megabytes(row.get("memory_limit_bytes")),
        meta={
            "source": source,
            "difficulty": _named(_DIFFICULTIES, row.get("difficulty")),
            "rating": rating if rating != "0" else "",
        },
    )


def _named(names: tuple[str, ...], value: object) -> str:
    # A ClassLabel is its number in parquet, its name elsewhere.
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return value if isinstance(value, str) else ""


def _listed(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _python3(value: object) -> Iterator[object]:
    match value:
        case {"language": list() as languages, "solution": list() as programs}:
            pairs = list(zip(languages, programs, strict=False))
        case list():
            pairs = [
                (one.get("language"), one.get("solution"))
                for one in value
                if isinstance(one, Mapping)
            ]
        case _:
            pairs = []
    return (program for language, program in pairs if language in _PYTHON3)
