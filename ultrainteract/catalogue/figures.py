"""The overview of a run as a page shows it: tiles, warnings, plots with their tables.

Drawn from an `Overview` where the catalogue is kept up, and kept as JSON: to draw takes longer than
a page may.
"""

from dataclasses import dataclass

from ultrainteract.report.cautions import Caution, cautions
from ultrainteract.report.charts import charts
from ultrainteract.report.overview import Overview
from ultrainteract.report.page import tiles
from ultrainteract.report.plots import as_svg
from ultrainteract.report.quality import quality_of
from ultrainteract.report.sheets import Sheet
from ultrainteract.types import adapter


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture as an `<svg>` element, and the same as a table."""

    note: str
    svg: str
    table: Sheet


@dataclass(frozen=True, slots=True)
class Figures:
    """What an overview shows. Nothing in `plots` was written by a model: labels are escaped where
    they are drawn."""

    tiles: tuple[tuple[str, str], ...] = ()
    cautions: tuple[Caution, ...] = ()
    plots: tuple[Plot, ...] = ()

    @classmethod
    def of(cls, overview: Overview) -> "Figures":
        """Drawn anew: takes a second or two."""
        quality = quality_of(overview)
        return cls(
            tuple(tiles(overview)),
            cautions(overview, quality),
            tuple(
                Plot(one.note, as_svg(one), Sheet(one.title, one.heads, one.rows))
                for one in charts(overview, quality)
            ),
        )

    def to_json(self) -> str:
        """One text."""
        return adapter(Figures).dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Figures":
        """What `to_json` wrote; empty for an empty text."""
        return adapter(Figures).validate_json(text) if text else cls()
