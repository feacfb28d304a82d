"""`ultrainteract regrade RUN`: the recorded answers under the present grader, as a layer."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ultrainteract.cli.options import Environments, RunFolder
from ultrainteract.cli.recorded import recorded
from ultrainteract.layers.layer import FOLDER
from ultrainteract.verify.pool import GRADER_VERSION

if TYPE_CHECKING:
    from ultrainteract.layers.regrading import Regrading

_CLIP = 60


def regrade(
    run: RunFolder,
    name: Annotated[str, typer.Option(help="Of the layer.")] = f"grader-{GRADER_VERSION}",
    programs: Annotated[
        bool, typer.Option("--programs", help="Run programs again by their tests, in the sandbox.")
    ] = False,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Such as pace.graders=2.")
    ] = None,
    plugin: Environments = None,
) -> None:
    """Judge every recorded answer again, ask no model, and say which verdicts changed.

    The journal stays as it is. `ultrainteract publish RUN --layer NAME` publishes by the new
    verdicts.
    """
    from ultrainteract.layers.regrading import regrade_run

    console = Console(soft_wrap=True, highlight=False, markup=False)
    with recorded(run, plugin or (), override or ()) as (journal, config):
        result = asyncio.run(regrade_run(run, journal, config, name, programs=programs))
    _show(result, console)
    console.print(f"layer {run / FOLDER / name}.jsonl; the journal is as it was")
    if result.changes:
        console.print(f"publish by it: ultrainteract publish {run} --layer {name}")


def _show(result: "Regrading", console: Console) -> None:
    changed = result.changes.total()
    console.print(
        f"{result.claims} claims of {result.trees} trees judged again by grader {GRADER_VERSION}: "
        f"{changed} verdicts changed"
    )
    for count, what in (
        (result.programs, "programs not judged again: pass --programs to run their tests"),
        (result.unfinished, "trees not finished: their claims were not judged again"),
        (result.misfits, "trees that do not fit their record any more"),
    ):
        if count:
            console.print(f"{count} {what}")
    for reason, count in result.faults.most_common():
        console.print(f"{count} claims keep their verdict, because of {reason}", style="red")
    if not changed:
        return
    table = Table(box=None, padding=(0, 2))
    for head in ("changed", "kind", "was", "by rule", "is", "by rule"):
        table.add_column(head, justify="right" if head == "changed" else "left")
    for change, count in result.changes.most_common():
        was, now = (change.before, change.rule_before), (change.after, change.rule_after)
        table.add_row(str(count), change.kind, *was, *now)
    console.print(table)
    for change, examples in result.examples.items():
        for tree, one in examples:
            answer = f"{_clip(one.claim.predicted)} for {_clip(one.claim.gold)}"
            console.print(f"{tree} {change.before} -> {change.after}: {answer}")


def _clip(text: str) -> str:
    # Its repr, so that nothing in it reaches the terminal as an order.
    shown = repr(text)
    return shown if len(shown) <= _CLIP else f"{shown[:_CLIP]}..."
