"""Charts as pictures: SVG for a page, PNG for the card of a dataset."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ultrainteract.report.canvas import Palette, label, png, svg
from ultrainteract.report.charts import Chart, Shape, Unit, shortened
from ultrainteract.report.overview import STEPS_AN_OCTAVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter, Locator

_BAR, _FRAME, _COLUMNS = 0.27, 0.75, 2.3
_LARGE = 100_000
# Where the letters of a mark's name begin, in points from its line.
_ASIDE = 3


def as_svg(chart: Chart) -> str:
    """An `<svg>` element; see `canvas.svg`."""
    return svg(chart.name, chart.shows, _height(chart), lambda *on: _draw(shortened(chart), *on))


def as_png(chart: Chart) -> bytes:
    """A picture on white."""
    return png(chart.name, _height(chart), lambda *on: _draw(shortened(chart), *on))


def _height(chart: Chart) -> float:
    if chart.shape is not Shape.BARS:
        return _COLUMNS
    return _FRAME + _BAR * len(shortened(chart).labels)


def _draw(chart: Chart, figure: "Figure", palette: Palette) -> None:
    axes = figure.add_subplot()
    axes.tick_params(length=0)
    {Shape.BARS: _bars, Shape.COLUMNS: _columns, Shape.STEPS: _steps}[chart.shape](
        chart, axes, palette
    )
    if len(chart.series) > 1:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0)


def _bars(chart: Chart, axes: "Axes", palette: Palette) -> None:
    places = list(range(len(chart.labels)))
    before = [0.0] * len(places)
    for series, colour in zip(chart.series, _colours(palette), strict=False):
        axes.barh(places, series.values, left=before, color=colour, height=0.66, label=series.name)
        before = [sum(pair) for pair in zip(before, series.values, strict=True)]
    if chart.errors:
        lows, highs = zip(*chart.errors, strict=True)
        axes.hlines(places, lows, highs, colors=palette.ink, linewidth=1.2)
    for place, total in zip(places, before, strict=True):
        axes.annotate(
            _figure(chart, total),
            # Errors and marks would cross what stands beside its bar.
            (1.0 if chart.unit is Unit.SHARE else total, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    for place, (value, name) in enumerate(chart.marks):
        colour = palette.alarm if place else palette.faint
        axes.axvline(value, color=colour, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            name,
            (value, 1),
            (_ASIDE if place else -_ASIDE, 2),
            ha="left" if place else "right",
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=colour,
            fontsize=8,
        )
    axes.set_yticks(places, [label(name) for name in chart.labels])
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.set_xlim(0, 1.15 if chart.unit is Unit.SHARE else max(before) * 1.15)
    axes.xaxis.set_major_formatter(_short(chart.unit))
    axes.xaxis.set_major_locator(_locator(chart))
    axes.grid(axis="x")
    axes.spines["bottom"].set_visible(False)


def _columns(chart: Chart, axes: "Axes", palette: Palette) -> None:
    (series,) = chart.series
    bars = axes.bar(chart.labels, series.values, color=palette.one, width=0.6)
    axes.bar_label(bars, [_figure(chart, one) for one in series.values], padding=2, fontsize=8)
    axes.set_ylim(0, max(series.values) * 1.15)
    axes.set_xlim(-0.7, max(4, len(chart.labels)) - 0.3)
    axes.yaxis.set_major_locator(_locator(chart))
    axes.yaxis.set_major_formatter(_short(chart.unit))
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


def _steps(chart: Chart, axes: "Axes", palette: Palette) -> None:
    edges = [place - 0.5 for place in range(len(chart.labels) + 1)]
    for series, colour in zip(chart.series, _colours(palette), strict=False):
        axes.stairs(series.values, edges, fill=True, color=colour, alpha=0.18)
        axes.stairs(series.values, edges, color=colour, linewidth=1.6, label=series.name)
    # A tick for each doubling, or for each second one: there is room for a dozen.
    every = STEPS_AN_OCTAVE * max(1, round(len(chart.labels) / STEPS_AN_OCTAVE / 12))
    ticks = range(0, len(chart.labels), every)
    axes.set_xticks(list(ticks), [chart.labels[place] for place in ticks])
    axes.set_xlabel(chart.axis)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(_locator(chart))
    axes.yaxis.set_major_formatter(_short(chart.unit))
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


def _figure(chart: Chart, value: float) -> str:
    """The value as there is room for it: a large count in short."""
    short = chart.unit is Unit.COUNT and value >= _LARGE
    return f"{_short(chart.unit, places=1)(value)}" if short else chart.told(value)


def _colours(palette: Palette) -> Iterable[str]:
    return palette.one, palette.two, palette.three


def _locator(chart: Chart) -> "Locator":
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    return MaxNLocator(5, integer=chart.unit is Unit.COUNT)


def _short(unit: Unit, places: int | None = None) -> "Formatter":
    from matplotlib.ticker import (  # noqa: PLC0415
        EngFormatter,
        PercentFormatter,
        StrMethodFormatter,
    )

    if unit is Unit.SHARE:
        return PercentFormatter(1, 0)
    if unit is Unit.TIME:
        return StrMethodFormatter("{x:g}")
    return EngFormatter(sep="", places=places)
