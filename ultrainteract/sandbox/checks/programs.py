"""Hostile programs from a user's file: JSON lines of `name`, `code`, `stdin`, `seconds`."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ultrainteract.errors import ConfigError
from ultrainteract.sandbox.checks.program import Program


class ProgramRow(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(min_length=1)]
    """Unique in its file."""
    code: str
    """Run as a notebook's cell."""
    stdin: str = ""
    """What it reads."""
    seconds: Annotated[float, Field(gt=0, le=600)] = 4.0
    """Wall time it may take."""


def read_programs(file: Path) -> tuple[Program, ...]:
    """The programs of a file, each named `programs.NAME`; they may end in any way by their time.

    Raises `ConfigError` that names line and field.
    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read programs from {file}: {error}") from error
    rows = {n: _row(file, n, line) for n, line in enumerate(lines, 1) if line.strip()}
    if not rows:
        raise ConfigError(f"{file} holds no program; a line is {{'name': ..., 'code': ...}}")
    first: dict[str, int] = {}
    for number, row in rows.items():
        if first.setdefault(row.name, number) != number:
            raise ConfigError(
                f"{file}, line {number}, name: {row.name!r} is line {first[row.name]}'s"
            )
    return tuple(
        Program(f"programs.{row.name}", row.code, stdin=row.stdin, seconds=row.seconds)
        for row in rows.values()
    )


def _row(file: Path, number: int, line: str) -> ProgramRow:
    try:
        return ProgramRow.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ", ".join(["", *map(str, problem["loc"])])
        known = ", ".join(ProgramRow.model_fields)
        raise ConfigError(
            f"{file}, line {number}{where}: {problem['msg']}; a line is a JSON object of {known}"
        ) from error
