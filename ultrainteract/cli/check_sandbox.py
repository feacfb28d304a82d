"""`ultrainteract check sandbox`: the conformance suite against a backend of this machine."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ultrainteract.cli.configured import configured
from ultrainteract.errors import ConfigError
from ultrainteract.sandbox.backends import make_sandbox
from ultrainteract.sandbox.base import Sandbox
from ultrainteract.sandbox.checks.case import Finding, Property, Status
from ultrainteract.sandbox.checks.programs import read_programs
from ultrainteract.sandbox.checks.suite import LIMITS, concessions, examine, suite

_SHOWN = 70
_WIDTH = 150
_STYLES = {Status.HELD: "green", Status.FAILED: "red", Status.UNSUPPORTED: "yellow"}


def sandbox(
    backend: Annotated[
        str, typer.Option(help="docker or bubblewrap, instead of the configuration's.")
    ] = "",
    runtime: Annotated[str, typer.Option(help="Docker's runtime, such as runsc.")] = "",
    programs: Annotated[
        Path | None,
        typer.Option(help="Hostile programs to add: JSON lines of name, code, stdin, seconds."),
    ] = None,
    only: Annotated[str, typer.Option(help="Part of a name, or a pattern such as 'reach.*'.")] = "",
    config: Annotated[Path, typer.Option(help="YAML file, or the name of a shipped one.")] = Path(
        "cpu"
    ),
    override: Annotated[list[str] | None, typer.Option("--set", help="As for synthesize.")] = None,
) -> None:
    """Check what a sandbox promises: it runs hostile programs. Ends with one JSON line."""
    names = {"backend": backend, "runtime": runtime, "containers": "1"}
    asked = [f"pace.{name}={value}" for name, value in names.items() if value]
    pace = configured(config, [*(override or []), *asked]).pace
    added = read_programs(programs) if programs else ()
    chosen = suite(added, only)
    if not chosen:
        groups = sorted({one.name.partition(".")[0] for one in suite(added)})
        raise ConfigError(f"no property matches {only!r}; groups: {', '.join(groups)}")
    findings = asyncio.run(_examined(lambda: make_sandbox(LIMITS, pace), chosen))
    show(findings, concessions(make_sandbox(LIMITS, pace)))
    name = f"{pace.backend}:{pace.runtime}" if pace.runtime else pace.backend
    summary = summarised(name, findings)
    typer.echo(json.dumps(summary))
    if summary["failed"]:
        raise typer.Exit(1)


def show(findings: Sequence[Finding], conceded: Sequence[str]) -> None:
    """Print a row for each property, failures in full, and what the backend concedes."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDTH
    table = Table("property", "", "seen", "ms", box=None, padding=(0, 1))
    table.columns[-1].justify = "right"
    for one in findings:
        mark = Text(one.status.value, style=_STYLES[one.status])
        table.add_row(Text(one.name), mark, Text(shorten(one.seen, _SHOWN)), str(one.ms))
    console.print(table)
    for one in findings:
        if one.status is Status.FAILED:
            console.print(f"{one.name}: {one.seen}", markup=False)
    for line in conceded:
        console.print(f"conceded: {line}", markup=False)


def summarised(backend: str, findings: Sequence[Finding]) -> dict[str, object]:
    """The line for programs: how many of each kind, and the names of what failed."""
    counts = Counter(one.status for one in findings)
    failures = [one.name for one in findings if one.status is Status.FAILED]
    return {
        "backend": backend,
        **{status.value: counts[status] for status in Status},
        "failures": failures,
    }


async def _examined(make: Callable[[], Sandbox], properties: Sequence[Property]) -> list[Finding]:
    findings = []
    # Progress is for a terminal; standard output holds the table alone.
    with Console(stderr=True).status("starting") as status:
        async for finding in examine(make, properties):
            findings.append(finding)
            status.update(f"{len(findings)} of {len(properties)}: {finding.name} {finding.status}")
    return findings
