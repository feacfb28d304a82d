"""What there is to plot of an overview, as data: a page has it as picture and as table."""

import math
from dataclasses import dataclass, replace
from enum import Enum

from ultrainteract.report.cautions import TELLS
from ultrainteract.report.overview import STEPS_AN_OCTAVE, Overview
from ultrainteract.report.quality import Quality

MOST = 14
"""Bars of a chart at most; what is less goes into a last one, or is left to the table."""
OTHERS = "all others"
_TIMES = (("hours", 3600), ("minutes", 60), ("seconds", 1))


class Shape(Enum):
    """How a chart is drawn: bars that lie, with room for names; columns; steps of a histogram."""

    BARS = "bars"
    COLUMNS = "columns"
    STEPS = "steps"


class Unit(Enum):
    """What the values are."""

    COUNT = "count"
    SHARE = "share"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each label."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """`series` are stacked, the steps of a histogram lie over each other. `errors` are where the
    error bar of each value begins and ends; `marks` are lines across, by value, with their names.
    `timed`: it holds times, which no two runs share."""

    name: str
    title: str
    note: str
    axis: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    shape: Shape = Shape.BARS
    unit: Unit = Unit.COUNT
    errors: tuple[tuple[float, float], ...] = ()
    marks: tuple[tuple[float, str], ...] = ()
    timed: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """Of the table: what the labels are, then the series."""
        return (self.axis, *(one.name for one in self.series))

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Of the table."""
        columns = [[self.told(value) for value in one.values] for one in self.series]
        return [(label, *values) for label, *values in zip(self.labels, *columns, strict=True)]

    @property
    def shows(self) -> str:
        """The picture in words."""
        said = (f"{row[0]} {', '.join(row[1:])}" for row in self.rows[:MOST])
        return f"{self.title}: {'; '.join(said)}."

    def told(self, value: float) -> str:
        """A value in its unit."""
        if self.unit is Unit.SHARE:
            return f"{value:.1%}"
        return f"{value:,.1f}" if self.unit is Unit.TIME else f"{value:,.0f}"


def charts(overview: Overview, quality: Quality) -> tuple[Chart, ...]:
    """Those that have something to show."""
    made = (
        _turns(overview),
        _pass_rates(overview),
        _lengths(overview),
        _failures(overview),
        _looks(quality),
        _tokens(overview),
        _time(overview),
    )
    return tuple(chart for chart in made if any(any(one.values) for one in chart.series))


def _turns(overview: Overview) -> Chart:
    turns = sorted(overview.by("pairs").items(), key=lambda item: int(item[0]))
    return Chart(
        "turns",
        "Pairs by turn",
        "Pairs that are published. A pair of a later turn answers an error and its critique.",
        "turn",
        tuple(f"turn {turn}" for turn, _ in turns),
        (Series("pairs", tuple(float(count) for _, count in turns)),),
        Shape.COLUMNS,
    )


def _pass_rates(overview: Overview) -> Chart:
    rows: list[tuple[str, int, int]] = []
    for dataset in sorted(map(str, overview.by("datasets"))):
        for level in sorted(map(str, overview.by("datasets", dataset))):
            counts = overview.by("datasets", dataset, level)
            if counts["graded"]:
                rows.append((f"{dataset} {level}".strip(), counts["graded"], counts["correct"]))
    rates = tuple(correct / graded for _, graded, correct in rows)
    return Chart(
        "pass-rate",
        "Pass rate by dataset and level",
        "Of the decided answers of the first turn, those that are right; samples that were shown "
        "a solution are left out. Lines: two standard errors.",
        "dataset and level",
        tuple(name for name, _, _ in rows),
        (Series("right", rates),),
        unit=Unit.SHARE,
        errors=tuple(_interval(correct, graded) for _, graded, correct in rows),
    )


def _interval(correct: int, graded: int) -> tuple[float, float]:
    """Agresti and Coull's: of a rate of 0 or 1 too, an error is told."""
    rate = (correct + 2) / (graded + 4)
    return _around(rate, math.sqrt(rate * (1 - rate) / (graded + 4)))


def _around(share: float, error: float) -> tuple[float, float]:
    """Two standard errors to either side, of what a share can be."""
    return max(0.0, share - 2 * error), min(1.0, share + 2 * error)


def _lengths(overview: Overview) -> Chart:
    sides = [overview.by(side) for side in ("chosen", "rejected")]
    bars = [int(bar) for side in sides for bar in side]
    places = range(min(bars), max(bars) + 1) if bars else range(0)
    return Chart(
        "lengths",
        "Lengths of chosen and rejected actions",
        "Pairs by characters, on a scale of doublings. Where the two lie apart, length alone tells "
        "them.",
        "characters",
        tuple(f"{2 ** (place / STEPS_AN_OCTAVE):,.0f}" for place in places),
        tuple(
            Series(name, tuple(float(side[place]) for place in places))
            for name, side in zip(("chosen", "rejected"), sides, strict=True)
        ),
        Shape.STEPS,
    )


def _failures(overview: Overview) -> Chart:
    first: dict[str, int] = {}
    later: dict[str, int] = {}
    for key, count in overview.counts.items():
        if key[0] == "pairs":
            counts = first if key[1] == 1 else later
            counts[str(key[2])] = counts.get(str(key[2]), 0) + count
    kinds = sorted(
        first.keys() | later, key=lambda kind: (-first.get(kind, 0) - later.get(kind, 0), kind)
    )
    return Chart(
        "failures",
        "Why rejected actions failed",
        "Of published pairs. An exception is the one that ended the program.",
        "failure",
        tuple(kinds),
        (
            Series("turn 1", tuple(float(first.get(kind, 0)) for kind in kinds)),
            Series("later turns", tuple(float(later.get(kind, 0)) for kind in kinds)),
        ),
    )


def _looks(quality: Quality) -> Chart:
    rows = [(one.name, one.tells, one.told.error) for one in quality.features]
    if quality.glance:
        rows.append(("all together", quality.glance.auc, quality.glance.error))
    return Chart(
        "looks",
        "How well looks tell chosen from rejected",
        "Share of the pairs in which the chosen action is found by one feature alone, or by a "
        "classifier that sees all features and no word. Half is chance. Lines: two standard "
        "errors.",
        "feature",
        tuple(name for name, _, _ in rows),
        (Series("pairs told apart", tuple(share for _, share, _ in rows)),),
        unit=Unit.SHARE,
        errors=tuple(_around(share, error) for _, share, error in rows),
        marks=((0.5, "chance"), (TELLS, "a bias")),
    )


def _tokens(overview: Overview) -> Chart:
    models = _models(overview)
    return Chart(
        "tokens",
        "Tokens by model",
        "Of all calls, critiques and filters included.",
        "model",
        tuple(models),
        tuple(
            Series(kind, tuple(float(overview.by("models", name)[kind]) for name in models))
            for kind in ("prompt", "completion")
        ),
    )


def _time(overview: Overview) -> Chart:
    models = _models(overview)
    spent = [overview.by("models", name)["milliseconds"] / 1000 for name in models]
    longest = max(spent, default=0.0)
    name, seconds = next((one for one in _TIMES if longest >= one[1]), _TIMES[-1])
    return Chart(
        "time",
        "Time by model",
        f"The {name} that calls were under way, summed: many are at once.",
        "model",
        tuple(models),
        (Series(name, tuple(value / seconds for value in spent)),),
        unit=Unit.TIME,
        timed=True,
    )


def _models(overview: Overview) -> list[str]:
    return sorted(map(str, overview.by("models")))


def shortened(chart: Chart) -> Chart:
    """The chart with no more bars than a picture has room for; counts beyond are summed up."""
    if chart.shape is Shape.STEPS or len(chart.labels) <= MOST:
        return chart
    summed = chart.unit is Unit.COUNT
    keep = MOST - summed
    series = tuple(
        Series(one.name, one.values[:keep] + (math.fsum(one.values[keep:]),) * summed)
        for one in chart.series
    )
    labels = chart.labels[:keep] + (OTHERS,) * summed
    return replace(chart, labels=labels, series=series, errors=chart.errors[:keep])
