"""`ultrainteract check grading FILE.jsonl`: the graders against labelled answers.

Tables by kind and by group, then one JSON line. Cases are judged one after another, so that a
time is one verdict's. A second of waiting is the first start of a worker; it is taken before.
"""

import asyncio
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ultrainteract.types import Claim
from ultrainteract.verify.cases import Case, Figures, Judged, by, figures, read_cases
from ultrainteract.verify.pool import GRADER_VERSION, Grader

_warm = Claim("math", "x + x", "2x")


def grading(
    file: Annotated[Path, typer.Argument(help="JSONL: gold, pred, label, kind, source, form.")],
    mistakes: Annotated[int, typer.Option(help="Wrong verdicts to print, of each sort.")] = 0,
) -> None:
    """Grade labelled answers and say how often the verdict is wrong."""
    cases = list(read_cases(file))
    judged = asyncio.run(judge(cases))
    console = Console(width=110, soft_wrap=True, highlight=False)
    kinds, groups = by(judged, "kind"), by(judged, "groups")
    console.print(table("kind", {name: figures(rows) for name, rows in kinds.items()}))
    console.print(table("group", {name: figures(rows) for name, rows in groups.items()}))
    for row in _mistaken(judged, mistakes):
        console.print(row, markup=False)
    console.print(f"grader {GRADER_VERSION}", markup=False)
    typer.echo(json.dumps(record(judged)))


async def judge(cases: Iterable[Case]) -> list[Judged]:
    """Every case in turn, by one grader. Raises GraderFault where it gives no verdict."""
    grader = Grader()
    try:
        await grader.judge(_warm)
        judged = []
        for case in cases:
            began = time.perf_counter()
            verdict = await grader.judge(case.claim())
            judged.append(Judged(case, verdict, (time.perf_counter() - began) * 1000))
        return judged
    finally:
        await grader.close()


def record(judged: list[Judged]) -> dict[str, object]:
    """The JSON line: figures over all rows, of each kind, and of each group apart."""
    groups = {name: figures(rows).record() for name, rows in by(judged, "groups").items()}
    kinds = {name: figures(rows).record() for name, rows in by(judged, "kind").items()}
    return {**figures(judged).record(), "by_kind": kinds, **groups, "grader": GRADER_VERSION}


def table(title: str, rows: dict[str, Figures]) -> Table:
    """A row for each kind or group."""
    shown = Table(box=None, padding=(0, 2))
    for head in (
        title,
        "rows",
        "wrong accepted",
        "right refused",
        "unverified",
        "p50 ms",
        "max ms",
    ):
        shown.add_column(head, justify="left" if head == title else "right")
    for name, row in rows.items():
        shown.add_row(
            name,
            str(row.total),
            f"{row.wrong_accepted} ({row.wrong_accepted_rate:.2%})",
            f"{row.right_refused} ({row.right_refused_rate:.2%})",
            str(row.unverified),
            f"{row.p50_ms:.2f}",
            f"{row.max_ms:.0f}",
        )
    return shown


def _mistaken(judged: list[Judged], most: int) -> list[str]:
    wrong = [row for row in judged if row.accepted and not row.case.label]
    refused = [row for row in judged if row.case.label and not row.accepted]
    return [
        f"{sort}: {row.case.pred[-100:]!r} for {row.case.gold[:100]!r} "
        f"({row.case.kind}; {row.verdict.rule} {row.verdict.reason})"
        for sort, rows in (("wrong accepted", wrong), ("right refused", refused))
        for row in rows[:most]
    ]
