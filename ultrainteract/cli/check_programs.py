"""`ultrainteract check programs FILE.jsonl`: programs graded by tests, against labelled rows."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, cast

import typer

from ultrainteract.cli.check_outputs import Judged, Row, kind_of, labelled, show
from ultrainteract.cli.configured import configured
from ultrainteract.config import RunConfig
from ultrainteract.errors import SandboxFault, UserError
from ultrainteract.programs.grade import Grade, undecided
from ultrainteract.programs.grader import grade
from ultrainteract.programs.suite import Suite, read_suite
from ultrainteract.sandbox.backends import make_sandbox


def programs(
    file: Annotated[Path, typer.Argument(help="JSON lines with program, tests and label.")],
    config: Annotated[
        Path, typer.Option(help="YAML file, or the name of a shipped one: image and limits.")
    ] = Path("cpu"),
    override: Annotated[list[str] | None, typer.Option("--set", help="As for synthesize.")] = None,
    misses: Annotated[bool, typer.Option("--misses", help="Name rows judged otherwise.")] = False,
) -> None:
    """Grade each program by its tests in the sandbox, and compare with the label."""
    rows = labelled(file, "program", "tests")
    suites = [suite_of(row, file, number) for number, row in enumerate(rows, 1)]
    grades = asyncio.run(graded(configured(config, override or []), rows, suites))
    judged = [
        Judged(kind_of(row), bool(row["label"]), grade.judgement, grade.rule, ms)
        for row, (grade, ms) in zip(rows, grades, strict=True)
    ]
    if misses:
        for row, (grade, _), what in zip(rows, grades, judged, strict=True):
            if what.wrong_accepted or what.right_refused:
                name = row.get("id", row.get("task", ""))
                typer.echo(f"{name} {kind_of(row)}: {grade.judgement}: {grade.reason()}")
    show(judged)


def suite_of(row: Row, file: Path, number: int) -> Suite:
    """The tests of a row. Raises UserError that names it."""
    tests = row["tests"]
    if not isinstance(tests, dict):
        raise UserError(f"{file}, row {number}: tests are no object")
    try:
        return read_suite(cast("Mapping[str, object]", tests))
    except UserError as error:
        raise UserError(f"{file}, row {number}: {error}") from None


async def graded(
    config: RunConfig, rows: Sequence[Row], suites: Sequence[Suite]
) -> list[tuple[Grade, float]]:
    """Each row's grade and its milliseconds, one row a container at a time."""
    pace = config.pace
    sandbox = make_sandbox(config.sandbox.limits(), pace)
    turns = asyncio.Semaphore(pace.containers)

    async def one(row: Row, suite: Suite, number: int) -> tuple[Grade, float]:
        async with turns:
            start = time.perf_counter()
            try:
                result = await grade(sandbox, str(row["program"]), suite, f"check-{number}")
            except SandboxFault as fault:
                # One row that no machine could run says nothing of the others.
                result = undecided("fault", str(fault))
            return result, 1000 * (time.perf_counter() - start)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(one(row, suite, number))
                for number, (row, suite) in enumerate(zip(rows, suites, strict=True))
            ]
    finally:
        await sandbox.close()
    return [task.result() for task in tasks]
