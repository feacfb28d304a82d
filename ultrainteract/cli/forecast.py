"""What a person reads of a forecast."""

import math
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ultrainteract.budget import amount
from ultrainteract.forecast import Forecast, Range
from ultrainteract.limits import LimitsConfig


def render_forecast(forecast: Forecast, limits: LimitsConfig, console: Console) -> bool:
    """Print it; whether the run keeps within its limits where things go as expected."""
    within = not any(surely for _, surely in forecast.exceeds(limits))
    parts = Group(_table(forecast), *_verdicts(forecast, limits), *_next_step(forecast))
    console.print(Panel(parts, title="forecast", padding=(1, 2)))
    return within


def _table(forecast: Forecast) -> RenderableType:
    table = Table(box=None, padding=(0, 2), title_justify="left")
    for head in ("", "expected", "from", "to"):
        table.add_column(head, justify="right" if head else "left")
    rows = {"calls": forecast.calls, "pairs": forecast.pairs}
    for name, (prompt, completion) in forecast.tokens.items():
        rows[f"prompt tokens, {name}"] = prompt
        rows[f"completion tokens, {name}"] = completion
    for name, found in rows.items():
        table.add_row(name, *(_count(end) for end in (found.mid, found.low, found.high)))
    if forecast.money.mid:
        table.add_row("cost", *map(_money, _ends(forecast.money)))
    if forecast.seconds:
        table.add_row("time that is left", *map(_duration, _ends(forecast.seconds)))
    return table


def _ends(found: Range) -> tuple[float, float, float]:
    return found.mid, found.low, found.high


def _verdicts(forecast: Forecast, limits: LimitsConfig) -> Iterator[RenderableType]:
    for meter, surely in forecast.exceeds(limits):
        words = "EXCEEDS ITS BUDGET" if surely else "may exceed its budget"
        expected = "no bound" if math.isinf(meter.spent) else amount(round(meter.spent, 2))
        yield Text(
            f"\nthe run {words}: {meter.section}.{meter.key} is {amount(meter.limit)}, "
            f"{expected} expected",
            style="red" if surely else "yellow",
        )


def _next_step(forecast: Forecast) -> Iterator[RenderableType]:
    yield Text(
        f"\n{forecast.problems:,} problems, {forecast.trees:,} trees; from a pilot of "
        f"{forecast.tried}"
    )
    if forecast.tried > 1:
        yield Text("nine of ten runs lie within, if the pilot met what is rare")
    else:
        yield Text("one problem gives no interval: try --pilot 8")
    yield Text("the same command without --estimate goes on from the pilot")


def _count(value: float) -> str:
    return "?" if math.isinf(value) else f"{value:,.0f}"


def _money(value: float) -> str:
    return "?" if math.isinf(value) else f"{value:,.2f}"


def _duration(seconds: float) -> str:
    if math.isinf(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
