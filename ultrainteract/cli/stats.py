"""`ultrainteract stats RUN`: the run report, in the form of the paper's tables 1 and 7."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ultrainteract.cli.options import Environments, RunFolder
from ultrainteract.cli.recorded import recorded
from ultrainteract.layers.layer import read_layer
from ultrainteract.layers.recall import finished_trees
from ultrainteract.report.cells import (
    DATASET_HEADS,
    TASK_HEADS,
    YIELD_HEADS,
    dataset_cells,
    spending_cells,
    task_cells,
)
from ultrainteract.report.tables import Counts, RunTables

_NOTE = (
    "T1..T5: trajectories of that many turns. Tokens: those the endpoint counted for actions, "
    "estimated from characters for the rest. Yield: calls of all roles, prompts among their tokens."
)


def stats(
    run: RunFolder,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line, no table.")] = False,
    layer: Annotated[str, typer.Option(help="Count under a layer's verdicts; see regrade.")] = "",
    plugin: Environments = None,
) -> None:
    """What a run came to: by task and by dataset.

    Instructions, trajectories by their number of turns, tokens a trajectory (approximate),
    trajectories an instruction, pairs and correct actions, as they are published. Trees that have
    not ended are counted apart.
    """
    misfits: list[str] = []
    trees = 0
    with recorded(run, plugin or ()) as (journal, config):
        tables = RunTables(config.tree.max_turns)
        verdicts = read_layer(run, layer) if layer else None
        for tree in finished_trees(journal, config, misfits, verdicts):
            tables.add(tree)
            trees += 1
        unfinished = sum(1 for _ in journal.instructions()) - trees
    report = tables.report()
    if as_json:
        record = {
            "trees": trees,
            "unfinished": unfinished,
            "tasks": [_flat(asdict(row), row.counts) for row in report.tasks],
            "datasets": [_flat(asdict(row), row.counts) for row in report.datasets],
            "total": _flat({}, report.total),
        }
        typer.echo(json.dumps(record))
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(_table("by task", TASK_HEADS, task_cells(report)))
    console.print(_table("by dataset", DATASET_HEADS, dataset_cells(report)))
    console.print(_table("yield", YIELD_HEADS, spending_cells(report)))
    console.print(f"{trees} trees" + (f", {unfinished} not finished" if unfinished else ""))
    console.print(_NOTE, style="dim")


def _flat(row: dict[str, object], counts: Counts) -> dict[str, object]:
    row.pop("counts", None)
    more = {
        "trajectories": counts.trajectories,
        "per_instruction": counts.per_instruction,
        "pairs_per_1000_calls": counts.brought.by_calls,
        "pairs_per_million_tokens": counts.brought.by_tokens,
    }
    return {**row, **asdict(counts), **more}


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    shown = Table(box=None, padding=(0, 1), title=title, title_justify="left")
    for place, head in enumerate(heads):
        words = head in ("task", "dataset", "interaction", "tool")
        # No figure is cut off: the table grows beyond the screen before that.
        widest = max(len(row[place]) for row in (heads, *rows))
        justify: Literal["left", "right"] = "left" if words else "right"
        shown.add_column(head, justify=justify, no_wrap=True, min_width=widest)
    for row in rows:
        shown.add_row(*map(Text, row))
    return shown
