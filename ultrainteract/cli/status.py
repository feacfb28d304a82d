"""`ultrainteract status RUN`: how a run is going, from another terminal."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.budget import bill, meters, price_table
from ultrainteract.cli.board import Row, grid, live_rows, model_rows, progress_line, spending_rows
from ultrainteract.cli.options import RunFolder
from ultrainteract.cli.region import Region
from ultrainteract.cli.terminal import redraws
from ultrainteract.config_file import load_config
from ultrainteract.locks import in_use
from ultrainteract.report.snapshot import Snapshot, read_snapshot
from ultrainteract.run_folder import read_run
from ultrainteract.types import Spent, adapter

# A snapshot that was not renewed for so many seconds says nothing of now.
_STALE = 30.0
_RENEWED = 2.0
_SELDOM = 30.0


def status(
    run: RunFolder,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line, no table.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Renew it every two seconds until the run ends.")
    ] = False,
) -> None:
    """How a run is going: trees, pairs, models, time left, last troubles. Reads only."""
    console = Console(highlight=False)
    if as_json:
        typer.echo(adapter(Facts).dump_json(read_facts(run)).decode())
    elif watch and redraws(console):
        with Region(console) as region:
            _watch(run, region)
    elif watch:
        _follow(run, console)
    else:
        _print(run, console)


def _print(run: Path, console: Console) -> None:
    rows = [*_rows(run, read_facts(run))]
    console.print(grid(rows, console.width))


def _watch(run: Path, region: Region) -> None:
    """On the terminal, in place."""
    going = True
    while going:
        going = in_use(run)
        region.draw(partial(grid, [*_rows(run, read_facts(run))]))
        if going:
            time.sleep(_RENEWED)


def _follow(run: Path, console: Console) -> None:
    """A line every so often, then how it ended."""
    while in_use(run):
        if live := read_facts(run).live:
            console.print(progress_line(live), soft_wrap=True)
        time.sleep(_SELDOM)
    _print(run, console)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is recorded of a run and, while it tells, what is under way."""

    running: bool
    trees: int
    ended: int
    spent: Mapping[str, Spent]
    money: float
    budget: tuple[str, ...]
    live: Snapshot | None
    troubles: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def state(self) -> str:
        """In words."""
        if not self.running:
            done = self.ended == self.trees
            return "done" if done else "not running; the same command resumes it"
        return "running" if self.live else "running: starting, publishing, or without news"


def read_facts(run: Path) -> Facts:
    """What a run tells while it is under way; else what its journal holds.

    Raises `RunFolderError` where there is no run.
    """
    snapshot, running = read_snapshot(run), in_use(run)
    if snapshot and running and time.time() - snapshot.at < _STALE:
        return Facts(
            running=True,
            trees=snapshot.trees,
            ended=snapshot.before + snapshot.ended,
            spent=snapshot.spent,
            money=snapshot.money,
            budget=snapshot.budget,
            live=snapshot,
            troubles=snapshot.troubles,
            notices=snapshot.notices,
        )
    journal, _ = read_run(run)
    with closing(journal):
        config = load_config(run / "config.yaml", ())
        models = journal.spent()
        spent = bill(models, price_table(config))
        limits = config.budget.model_copy(update={"seconds": None})
        return Facts(
            running=running,
            trees=journal.trees(),
            ended=journal.grown(),
            spent=models,
            money=spent.money,
            budget=tuple(map(str, meters(spent, limits))),
            live=None,
            troubles=snapshot.troubles if snapshot else (),
            notices=snapshot.notices if snapshot else (),
        )


def _rows(run: Path, facts: Facts) -> Iterator[Row]:
    yield "run", f"{run} ({facts.state})"
    if facts.live:
        yield from live_rows(facts.live)
    else:
        yield "trees", f"{facts.ended:,} of {facts.trees:,} ended"
        yield from model_rows(facts.spent)
        yield from spending_rows(facts.money, facts.budget)
        if facts.troubles:
            yield "last errors", "\n".join(facts.troubles)
    if facts.notices:
        yield "notices", "\n".join(facts.notices)
