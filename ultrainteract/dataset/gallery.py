"""What a card shows of a run beside its tables: the plots, as files of the dataset, and warnings.

Nothing in them depends on time, so one journal gives one dataset.
"""

from dataclasses import dataclass
from pathlib import Path

from ultrainteract.report.cautions import Caution, cautions
from ultrainteract.report.charts import Chart, charts
from ultrainteract.report.overview import Overview
from ultrainteract.report.plots import as_png
from ultrainteract.report.quality import Quality, quality_of

FOLDER = "plots"


@dataclass(frozen=True, slots=True)
class Gallery:
    """The charts that are drawn, each in `FOLDER` under its name, and what to warn of."""

    charts: tuple[Chart, ...]
    cautions: tuple[Caution, ...]
    quality: Quality


def hang(overview: Overview, folder: Path) -> Gallery:
    """Draw what there is to see into the dataset at `folder`."""
    quality = quality_of(overview)
    shown = tuple(one for one in charts(overview, quality) if not one.timed)
    for chart in shown:
        (folder / FOLDER).mkdir(exist_ok=True)
        (folder / FOLDER / f"{chart.name}.png").write_bytes(as_png(chart))
    return Gallery(shown, cautions(overview, quality), quality)
