"""A run's state as rows of text: on the terminal that runs it, and in `status`."""

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from ultrainteract.budget import amount
from ultrainteract.report.left import TimeLeft
from ultrainteract.report.snapshot import Snapshot, total
from ultrainteract.types import Judgement, Spent

Row = tuple[str, str]
# Columns below which a value stands under its name.
_NARROW = 60
_MINUTE = 60


def grid(rows: Sequence[Row], width: int) -> Table:
    """The rows as rich lays them out, in so many columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="" if width < _NARROW else "bold", no_wrap=width >= _NARROW)
    for name, value in rows:
        if width < _NARROW:
            table.add_row(Text.assemble((name, "bold"), f"  {value}"))
        else:
            table.add_row(name, Text(value))
    return table


def live_rows(live: Snapshot) -> Iterator[Row]:
    """Of a run that is under way."""
    ended = live.before + live.ended
    growing = total(live.gauges, "trees_growing")
    waiting = max(0.0, live.left - growing)
    yield "trees", f"{ended:,} of {live.trees:,} ended, {growing:,.0f} growing, {waiting:,.0f} wait"
    yield "since start", ", ".join(_since_start(live))
    yield "verdicts", _verdicts(live)
    yield from model_rows(live.spent, live)
    yield "speed", _speed(live)
    yield "workers", f"{live.workers} on {live.nodes} {'node' if live.nodes == 1 else 'nodes'}"
    yield from spending_rows(live.money, live.budget)
    yield "time", f"{duration(live.at - live.since)} so far, {time_left(live.time_left)}"
    if live.troubles:
        yield "last errors", "\n".join(live.troubles)


def model_rows(spent: Mapping[str, Spent], live: Snapshot | None = None) -> Iterator[Row]:
    """What each model was asked, and how fast and how busy it is."""
    for name, one in spent.items():
        usage = one.usage
        parts = [
            f"{one.calls:,} calls",
            f"{usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens",
        ]
        if live:
            parts += _load(name, live)
        yield f"model {name}", ", ".join(parts)


def spending_rows(money: float, budget: Sequence[str]) -> Iterator[Row]:
    """Cost, and what is spent of each limit."""
    if money:
        yield "cost", amount(round(money, 2))
    if budget:
        yield "budget", "\n".join(budget)


def progress_line(live: Snapshot) -> str:
    """The same in one line, for a log of someone else's."""
    pairs = f"{total(live.counts, 'pairs'):,.0f} pairs"
    trees = f"{live.before + live.ended:,} of {live.trees:,} trees"
    speed = f"{_MINUTE * total(live.rates, 'trees'):,.1f} trees/min"
    tokens = f"{total(live.rates, 'tokens', 'kind=completion'):,.0f} tokens/s"
    cost = [f"cost {amount(round(live.money, 2))}"] if live.money else []
    left = time_left(live.time_left)
    return ", ".join([trees, pairs, _verdicts(live), speed, tokens, *cost, left])


def time_left(left: TimeLeft | None) -> str:
    """`40 min left (30 min to 1 h 10 min)`."""
    if left is None:
        return "time left not known yet"
    middle, least, most = map(duration, left)
    bounds = "" if least == most else f" ({least} to {most})"
    return f"{middle} left{bounds}"


def duration(seconds: float) -> str:
    """Rounded to what matters."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _since_start(live: Snapshot) -> Iterator[str]:
    counts = live.counts
    yield f"{live.ended:,} trees"
    yield f"{total(counts, 'pairs'):,.0f} pairs"
    yield f"{total(counts, 'turns'):,.0f} turns"
    for name, words in (
        ("trees_failed", "trees failed"),
        ("samples_lost", "samples lost"),
        ("retries", "requests asked again"),
    ):
        if much := total(counts, name):
            yield f"{much:,.0f} {words}"


def _verdicts(live: Snapshot) -> str:
    counts = {one: total(live.counts, "verdicts", f"judgement={one}") for one in Judgement}
    whole = sum(counts.values())
    shares = {
        one: f" ({much / whole:.0%})" if whole and much else "" for one, much in counts.items()
    }
    return ", ".join(f"{much:,.0f} {one}{shares[one]}" for one, much in counts.items())


def _speed(live: Snapshot) -> str:
    calls, executions, trees = (total(live.rates, one) for one in ("calls", "executions", "trees"))
    return (
        f"{calls:,.1f} calls/s, {executions:,.1f} executions/s, {_MINUTE * trees:,.1f} trees/min "
        f"in the last {live.window:.0f} s"
    )


def _load(name: str, live: Snapshot) -> Iterator[str]:
    own = f"model={name}"
    yield f"{total(live.rates, 'tokens', own, 'kind=completion'):,.0f} tokens/s"
    flying, waiting, limit = (
        total(live.gauges, f"requests_{one}", own) for one in ("in_flight", "waiting", "limit")
    )
    if limit:
        yield f"{flying:,.0f} of {limit:,.0f} requests under way"
    if waiting:
        yield f"{waiting:,.0f} wait"
