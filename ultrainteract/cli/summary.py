"""What a person reads when a run ends."""

from collections.abc import Iterator, Mapping

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ultrainteract.cluster.synthesis import Summary
from ultrainteract.report.cells import yield_cells
from ultrainteract.report.yields import Yield
from ultrainteract.types import Judgement, StopReason


def render(summary: Summary, console: Console) -> None:
    """Print the summary: counts, models, what failed and why, how to load or to go on."""
    console.print(Panel(Group(*_parts(summary)), title=_title(summary), padding=(1, 2)))


def _title(summary: Summary) -> str:
    if summary.drive.limit:
        return "budget spent"
    if summary.drive.drained or summary.drive.fatal:
        return "stopped"
    if summary.unfinished:
        return "not finished"
    return "pilot grown" if summary.request.pilot else "done"


def _parts(summary: Summary) -> Iterator[RenderableType]:
    if summary.published:
        yield _counts(summary)
        yield from _reasons(summary)
    if summary.spent:
        yield _models(summary)
    yield from _trouble(summary)
    yield Text()
    yield from _next_step(summary)


def _counts(summary: Summary) -> RenderableType:
    stats = summary.stats
    turns = ", ".join(f"{count} of {turn}" for turn, count in sorted(stats.turns.items()))
    judged = stats.judgements
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    rows = {
        "trees": f"{stats.trees}" + (f" ({summary.resumed} before)" if summary.resumed else ""),
        "turns": turns,
        "pairs": str(stats.pairs),
        "actions": (
            f"{stats.nodes}: {judged[Judgement.CORRECT]} correct, "
            f"{judged[Judgement.INCORRECT]} incorrect, "
            f"{judged[Judgement.UNVERIFIED]} unverified, "
            f"{stats.kinds['step']} steps, {stats.kinds['malformed']} malformed"
        ),
        "critiques": f"{stats.critiques}, {stats.redrawn} drawn again, {stats.masked} masked",
        "executions": str(summary.executions),
        "yield": _yield(summary),
        "time": _minutes(summary.seconds),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _yield(summary: Summary) -> str:
    brought = Yield.of(summary.stats.pairs, summary.spent.values())
    by_calls, by_tokens = yield_cells(brought)
    return f"{by_calls} pairs for 1,000 calls, {by_tokens} for a million tokens"


def _reasons(summary: Summary) -> Iterator[RenderableType]:
    stats = summary.stats
    yield from _listed("trees without a pair", stats.no_pair)
    yield from _listed("malformed replies", stats.malformed)
    failed = {name: count for name, count in stats.outcomes.items() if name != "ok"}
    yield from _listed("programs that failed", failed)
    yield from _listed("samples lost", stats.lost)


def _listed(title: str, counts: Mapping[str, int]) -> Iterator[RenderableType]:
    if counts:
        yield Text(f"\n{title}", style="bold")
        for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
            yield Text(f"  {count:4d}  {reason}")


def _models(summary: Summary) -> RenderableType:
    table = Table(box=None, padding=(0, 2), title_justify="left")
    table.add_column("\nmodel", style="bold")
    for name in ("calls", "prompt tokens", "completion tokens"):
        table.add_column(f"\n{name}", justify="right")
    for name, spent in summary.spent.items():
        usage = spent.usage
        table.add_row(
            name, f"{spent.calls:,}", f"{usage.prompt_tokens:,}", f"{usage.completion_tokens:,}"
        )
    if summary.cost:
        table.add_row("cost", "", "", f"{summary.cost:,.2f}")
    return table


def _trouble(summary: Summary) -> Iterator[RenderableType]:
    if summary.drive.limit:
        yield Text(f"\nthe run stopped at its budget: {summary.drive.limit}", style="yellow")
    if summary.drive.fatal:
        yield Text(f"\nthe run stopped: {summary.drive.fatal}", style="red")
    if diverged := summary.drive.diverged:
        yield Text(
            f"\n{diverged} repeated executions gave another output than recorded (clock, entropy); "
            "the trees go on from the record"
        )
    if cut := summary.stats.stops[StopReason.TREE_BUDGET]:
        yield Text(
            f"\n{cut} trees stopped at a limit of their own (budget.tree); raise it and give the "
            "same command, and they go on"
        )
    yield from _listed("trees not grown, because of", summary.drive.troubles)


def _next_step(summary: Summary) -> Iterator[RenderableType]:
    request = summary.request
    if summary.published:
        yield Text("load it", style="bold")
        yield Text("  from datasets import load_dataset")
        yield Text(f'  pairs = load_dataset("{request.folder / "dataset"}", split="train")')
        yield Text("look at it", style="bold")
        yield Text(f"  ultrainteract view {request.folder}")
        yield Text(f"  ultrainteract inspect {request.folder}")
    if summary.unfinished:
        yield Text(f"{summary.unfinished} trees are not finished; nothing recorded is lost.")
        if not summary.drive.limit:
            yield Text("go on with the same command: it asks only what was not answered yet.")


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
