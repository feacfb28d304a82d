"""Problems for selections."""

from ultrainteract.types import Problem, Reference


def problem(
    name: str | int,
    statement: str = "",
    environment: str = "coding",
    answer: str = "1",
    **meta: str,
) -> Problem:
    """A problem of that name."""
    return Problem(
        "made", str(name), statement or f"{name}?", Reference(answer), (environment,), meta
    )


def some(count: int) -> list[Problem]:
    """That many problems."""
    return [problem(number) for number in range(count)]
