"""`ultrainteract check outputs FILE.jsonl`: the comparer of printed outputs against labelled rows.

Also what every such check ends with: tables by kind, and one JSON line.
"""

import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ultrainteract.errors import UserError
from ultrainteract.types import JSON, Judgement
from ultrainteract.verify.outputs import compare

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Judged:
    """A row's kind and label, what was judged of it, by which rule, and for how long."""

    kind: str
    label: bool
    judgement: Judgement
    rule: str
    ms: float

    @property
    def wrong_accepted(self) -> bool:
        """Labelled false, judged CORRECT."""
        return not self.label and self.judgement is Judgement.CORRECT

    @property
    def right_refused(self) -> bool:
        """Labelled true, judged anything else."""
        return self.label and self.judgement is not Judgement.CORRECT


def outputs(
    file: Annotated[Path, typer.Argument(help="JSON lines with expected, actual and label.")],
) -> None:
    """Compare each expected output with the actual one, and both with the label."""
    judged = []
    for row in labelled(file, "expected", "actual"):
        start = time.perf_counter()
        finding = compare(str(row["expected"]), str(row["actual"]))
        ms = 1000 * (time.perf_counter() - start)
        judgement = Judgement(finding.judgement)
        judged.append(Judged(kind_of(row), bool(row["label"]), judgement, finding.rule, ms))
    show(judged)


def labelled(file: Path, *keys: str) -> list[Row]:
    """The rows of a file, each with `keys` and a `label`. Raises UserError."""
    if not file.is_file():
        raise UserError(f"no file {file}; give JSON lines with {', '.join(keys)} and label")
    rows = list(_rows(file, (*keys, "label")))
    if not rows:
        raise UserError(f"{file} holds no rows")
    return rows


def _rows(file: Path, keys: Sequence[str]) -> Iterator[Row]:
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(f"{file}, line {number} is no JSON: {error}") from None
        missing = [key for key in keys if not isinstance(row, dict) or key not in row]
        if missing:
            raise UserError(f"{file}, line {number} lacks {', '.join(missing)}")
        yield row


def kind_of(row: Row) -> str:
    """What a row is counted under."""
    return str(row.get("kind", "all"))


def show(judged: Sequence[Judged]) -> None:
    """A table by kind, and the summary as one JSON line."""
    console = Console(soft_wrap=True, highlight=False)
    table = Table(
        "kind", "rows", "right", "wrong accepted", "right refused", "unverified", box=None
    )
    for kind in sorted({row.kind for row in judged}):
        counts = counted([row for row in judged if row.kind == kind])
        table.add_row(kind, *(str(counts[key]) for key in COUNTS))
    console.print(table)
    typer.echo(json.dumps(summary(judged)))


COUNTS = ("total", "right", "wrong_accepted", "right_refused", "unverified")


def counted(judged: Sequence[Judged]) -> dict[str, int]:
    """`right` are the rows judged as labelled; UNVERIFIED rows are right under neither label."""
    verdict = {True: Judgement.CORRECT, False: Judgement.INCORRECT}
    return {
        "total": len(judged),
        "right": sum(row.judgement is verdict[row.label] for row in judged),
        "wrong_accepted": sum(row.wrong_accepted for row in judged),
        "right_refused": sum(row.right_refused for row in judged),
        "unverified": sum(row.judgement is Judgement.UNVERIFIED for row in judged),
    }


def summary(judged: Sequence[Judged]) -> dict[str, JSON]:
    """Counts, rates over the rows labelled false and true, and milliseconds a row."""
    counts = counted(judged)
    right = sum(row.label for row in judged)
    times = sorted(row.ms for row in judged)
    kinds = sorted({row.kind for row in judged})
    return {
        **counts,
        "wrong_accepted_rate": counts["wrong_accepted"] / max(1, len(judged) - right),
        "right_refused_rate": counts["right_refused"] / max(1, right),
        "mean_ms": round(statistics.fmean(times), 4),
        "p50_ms": round(times[len(times) // 2], 4),
        "p99_ms": round(times[min(len(times) - 1, len(times) * 99 // 100)], 4),
        "max_ms": round(times[-1], 4),
        "by_kind": {kind: counted([row for row in judged if row.kind == kind]) for kind in kinds},
    }
