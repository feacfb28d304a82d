"""Our graders and Math-Verify over the same labelled answers, in one run.

`python benchmarks/grading.py CASES.jsonl [--hang HANG.jsonl]`. Both run in a killable process of
their own with 5 s of CPU time a claim; Math-Verify gets each side wrapped in `$`, as its authors
advise, and judges no WikiTableQuestions. The last line is JSON; the exit code is 1 when one of
our bars is missed.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ultrainteract.cli.check_grading import judge
from ultrainteract.types import Claim
from ultrainteract.verify.cases import Case, Figures, Judged, by, figures, read_cases
from ultrainteract.verify.context import Context
from ultrainteract.verify.finding import Finding, found
from ultrainteract.verify.kinds import Kind, register
from ultrainteract.verify.pool import Grader

HANG_MS = 5000.0
# Group, figure, bar.
BARS = [
    ("main", "wrong_accepted_rate", 0.001),
    ("main", "right_refused_rate", 0.05),
    ("hard_verify", "right_refused_rate", 0.30),
    ("wtq", "right_refused_rate", 0.05),
    ("all", "p50_ms", 1.0),
    ("all", "p99_ms", 150.0),
    ("all", "max_ms", HANG_MS),
]


def main() -> int:
    """Grade, print, say by the exit code whether our bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--hang", type=Path, help="texts that hang graders")
    options = parser.parse_args()
    cases = list(read_cases(options.cases))
    theirs = asyncio.run(math_verify(case for case in cases if "wtq" not in case.groups))
    ours = asyncio.run(judge(cases))
    sides = {"ours": grouped(ours), "Math-Verify": grouped(theirs)}
    hangs: dict[str, int] = {}
    if options.hang:
        texts = list(read_cases(options.hang))
        hangs["ours"] = hanging(asyncio.run(judge(texts)))
        hangs["Math-Verify"] = hanging(asyncio.run(math_verify(texts)))
    missed = [
        f"{group} {figure} {value:.4g} > {bar}"
        for group, figure, bar in BARS
        if group in sides["ours"] and (value := getattr(sides["ours"][group], figure)) > bar
    ] + ([f"{hangs['ours']} hangs"] if hangs.get("ours") else [])
    Console(width=110).print(table(sides))
    for line in missed:
        print("missed:", line)
    record = {name: {k: v.record() for k, v in rows.items()} for name, rows in sides.items()}
    print(json.dumps({"cases": len(cases), **record, "hangs": hangs, "missed": missed}))
    return 1 if missed else 0


def grouped(judged: list[Judged]) -> dict[str, Figures]:
    """Figures of each group apart, and of all."""
    groups = {name: figures(rows) for name, rows in by(judged, "groups").items()}
    return {**groups, "all": figures(judged)}


def hanging(judged: list[Judged]) -> int:
    """How many took 5 s or were ended for their time."""
    return sum(row.ms >= HANG_MS or row.verdict.rule == "time" for row in judged)


async def math_verify(cases: Iterable[Case]) -> list[Judged]:
    """Math-Verify on every case, in turn; a killed claim counts as not accepted."""
    register("math_verify", Kind(lambda _predicted, _gold, _context: None, "grading:accepts"))
    grader = Grader(seconds=HANG_MS / 1000)
    try:
        await grader.judge(Claim("math_verify", "$1$", "$1$"))
        judged = []
        for case in cases:
            gold, pred = (
                text if case.form == "text" and "$" in text else f"${text}$"
                for text in (case.gold, case.pred)
            )
            began = time.perf_counter()
            verdict = await grader.judge(
                replace(case.claim(), kind="math_verify", predicted=pred, gold=gold)
            )
            judged.append(Judged(case, verdict, (time.perf_counter() - began) * 1000))
        return judged
    finally:
        await grader.close()


def accepts(predicted: str, gold: str, _context: Context) -> Finding:
    """The slow stage of `math_verify`; runs in the worker, whose limits replace its own."""
    from math_verify import parse, verify  # noqa: PLC0415

    sides = [parse(text, parsing_timeout=None) for text in (gold, predicted)]
    return found("math-verify", equal=bool(verify(*sides, timeout_seconds=None)))


def table(sides: dict[str, dict[str, Figures]]) -> Table:
    """A row for each side and group."""
    shown = Table(box=None, padding=(0, 2))
    for head in (
        "group",
        "side",
        "rows",
        "wrong accepted",
        "right refused",
        "p50 ms",
        "p99 ms",
        "max ms",
    ):
        shown.add_column(head)
    for group in sides["ours"]:
        for side, rows in sides.items():
            if row := rows.get(group):
                shown.add_row(
                    group, side, str(row.total), f"{row.wrong_accepted_rate:.2%}",
                    f"{row.right_refused_rate:.2%}", f"{row.p50_ms:.2f}", f"{row.p99_ms:.1f}",
                    f"{row.max_ms:.0f}",
                )  # fmt: skip
    return shown


if __name__ == "__main__":
    sys.exit(main())
