"""`ultrainteract status RUN`: how a run is going, from another terminal."""

import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ultrainteract.budget import Bill, amount, bill, meters, price_table
from ultrainteract.cluster.chronicle import LOG
from ultrainteract.config_file import load_config
from ultrainteract.locks import in_use
from ultrainteract.report.snapshot import Snapshot, read_snapshot, total
from ultrainteract.run_folder import read_run
from ultrainteract.types import Spent, adapter

# A snapshot that was not renewed for so many seconds says nothing of now.
_STALE = 30.0
_SHOWN = 5
_GRAVE = {"notice", "tree_failed"}


def status(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/math-cpu.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line, no table.")] = False,  # noqa: FBT002
    watch: Annotated[  # noqa: FBT002
        bool, typer.Option("--watch", help="Renew it every two seconds until the run ends.")
    ] = False,
) -> None:
    """How a run is going: trees, pairs, models, time left, last troubles. Reads only."""
    console = Console(highlight=False)
    if as_json:
        typer.echo(adapter(Facts).dump_json(read_facts(run)).decode())
        return
    if not watch:
        console.print(_shown(run))
        return
    with Live(_shown(run), console=console, refresh_per_second=1) as live:
        while in_use(run):
            time.sleep(2)
            live.update(_shown(run))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is recorded of a run and, while it tells, what is under way."""

    running: bool
    trees: int
    ended: int
    spent: Bill
    budget: tuple[str, ...]
    models: Mapping[str, Spent]
    live: Snapshot | None
    troubles: tuple[str, ...]

    @property
    def state(self) -> str:
        """In words."""
        if not self.running:
            done = self.ended == self.trees
            return "done" if done else "not running; the same command resumes it"
        return "running" if self.live else "running: starting, publishing, or without news"


def read_facts(run: Path) -> Facts:
    """Raises `RunFolderError` where there is no run."""
    journal, _ = read_run(run)
    with closing(journal):
        config = load_config(run / "config.yaml", ())
        models = journal.spent()
        spent = bill(models, price_table(config))
        trees, ended = journal.trees(), len(journal.ended())
    snapshot, running = read_snapshot(run), in_use(run)
    fresh = snapshot is not None and time.time() - snapshot.at < _STALE
    return Facts(
        running=running,
        trees=trees,
        ended=ended,
        spent=spent,
        budget=tuple(str(one) for one in meters(spent, config.budget)),
        models=models,
        live=snapshot if running and fresh else None,
        troubles=tuple(_troubles(run)),
    )


def _shown(run: Path) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    for name, value in _rows(run, read_facts(run)):
        table.add_row(name, Text(value))
    return table


def _rows(run: Path, facts: Facts) -> Iterator[tuple[str, str]]:
    live = facts.live
    yield "run", f"{run} ({facts.state})"
    growing = f", {total(live.gauges, 'trees_growing'):.0f} growing" if live else ""
    yield "trees", f"{facts.ended:,} of {facts.trees:,} ended{growing}"
    if live:
        yield from _live_rows(live)
    for name, one in facts.models.items():
        usage = f"{one.usage.prompt_tokens:,} + {one.usage.completion_tokens:,} tokens"
        rate = total(live.rates, "tokens", f"model={name}", "kind=completion") if live else 0
        speed = f", {rate:,.0f} tokens/s" if live else ""
        yield f"model {name}", f"{one.calls:,} calls, {usage}{speed}"
    if facts.spent.money:
        yield "cost", amount(facts.spent.money)
    for name, lines in {"budget": facts.budget, "last": facts.troubles}.items():
        if lines:
            yield name, "\n".join(lines)


def _live_rows(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    def counted(name: str, *parts: str) -> str:
        return f"{total(snapshot.counts, name, *parts):,.0f}"

    def under_way(name: str) -> str:
        return f"{total(snapshot.gauges, name):,.0f}"

    def speed(name: str) -> float:
        return total(snapshot.rates, name)

    grown = f"{snapshot.ended:,} trees, {counted('pairs')} pairs, {counted('turns')} turns"
    yield "since start", f"{grown}, {counted('trees_failed')} trees failed"
    kinds = ("correct", "incorrect", "unverified")
    judged = (f"{counted('verdicts', f'judgement={one}')} {one}" for one in kinds)
    yield "verdicts", ", ".join(judged)
    speeds = f"{speed('calls'):,.1f} calls/s, {speed('executions'):,.1f} executions/s"
    yield "speed", f"{speeds}, {60 * speed('trees'):,.1f} trees/min"
    asked = f"{under_way('requests_in_flight')} in flight, {under_way('requests_waiting')} waiting"
    yield "requests", f"{asked}, {counted('retries')} asked again"
    yield "workers", f"{snapshot.workers} on {snapshot.nodes} nodes"
    if left := snapshot.seconds_left():
        middle, least, most = map(_duration, left)
        bounds = "" if least == most else f" ({least} to {most})"
        yield "time left", f"{middle}{bounds}"


def _troubles(run: Path) -> Iterator[str]:
    """The last of what the log holds that a person should know."""
    last: deque[str] = deque(maxlen=_SHOWN)
    try:
        with (run / LOG).open(encoding="utf-8") as log:
            for line in log:
                row = json.loads(line)
                if row["event"] == "begin":
                    last.clear()
                elif row["event"] in _GRAVE:
                    last.append(f"{row['time'][11:19]} {row.get('text') or row.get('trouble')}")
    except (FileNotFoundError, ValueError):
        return
    yield from last


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
