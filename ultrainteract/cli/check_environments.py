"""`ultrainteract check environments`: every environment's cases through the real loop."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ultrainteract.cli.configured import configured
from ultrainteract.cli.options import Environments
from ultrainteract.config import RunConfig
from ultrainteract.environment import environments as registered
from ultrainteract.environment import load_environment
from ultrainteract.rehearsal import Case, Outcome, Stage, read_cases
from ultrainteract.seeds.plugin import load_plugin
from ultrainteract.tree import feedback
from ultrainteract.types import Judgement, NodeKind

_COUNTED = (*Judgement, NodeKind.STEP, NodeKind.MALFORMED)
_WIDTH = 120


def environments(
    only: Annotated[list[str] | None, typer.Option(help="An environment; may be repeated.")] = None,
    plugin: Environments = None,
    config: Annotated[
        Path, typer.Option(help="YAML file, or the name of a shipped one: sandbox and limits.")
    ] = Path("cpu"),
    override: Annotated[list[str] | None, typer.Option("--set", help="As for synthesize.")] = None,
) -> None:
    """Play each environment's cases without a model. Ends with one JSON line."""
    for path in plugin or []:
        load_plugin(path)
    names = [name for listed in only or [] for name in listed.split(",")] or registered()
    for name in names:
        load_environment(name)
    cases = {name: read_cases(name) for name in names}
    outcomes = asyncio.run(_played(configured(config, override or []), cases))
    show(outcomes)
    summary = summarised(outcomes)
    typer.echo(json.dumps(summary))
    if summary["failed"]:
        raise typer.Exit(1)


async def _played(config: RunConfig, cases: dict[str, tuple[Case, ...]]) -> list[Outcome]:
    async with Stage(config) as stage:
        return [await stage.play(name, case) for name in cases for case in cases[name]]


def show(outcomes: Sequence[Outcome]) -> None:
    """A row for each environment, and what failed in full."""
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    table = Table("environment", "cases", "held", "failed", *map(str, _COUNTED), box=None)
    for name in dict.fromkeys(one.environment for one in outcomes):
        own = [one for one in outcomes if one.environment == name]
        failed = sum(bool(one.complaints) for one in own)
        seen = Counter(one.node.judgement or one.node.kind for one in own if one.node)
        counts = (len(own), len(own) - failed, failed, *(seen[what] for what in _COUNTED))
        table.add_row(name, *map(str, counts))
    console.print(table)
    for one in outcomes:
        if one.complaints:
            complaints = "; ".join(one.complaints)
            console.print(f"{one.environment}: {one.case.name}: {complaints}", markup=False)
            if one.node:
                told = feedback(one.node, None) or one.node.observation.text
                console.print(f"  told: {told}", markup=False)


def summarised(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The line for programs: counts, and the names of the cases that failed."""
    failures = [f"{one.environment}: {one.case.name}" for one in outcomes if one.complaints]
    return {
        "total": len(outcomes),
        "held": len(outcomes) - len(failures),
        "failed": len(failures),
        "failures": failures,
    }
