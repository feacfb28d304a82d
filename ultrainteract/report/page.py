"""The overview of a run as one HTML file: no script, no request, light and dark, fit to print.

Every value is escaped; the plots are made here and hold no markup of anyone else.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ultrainteract.report.cautions import Caution, cautions
from ultrainteract.report.charts import charts
from ultrainteract.report.contamination import Contamination
from ultrainteract.report.leaks import Leaking
from ultrainteract.report.overview import GROWING, Overview
from ultrainteract.report.plots import as_svg
from ultrainteract.report.quality import Quality, quality_of
from ultrainteract.report.sheets import Part, Sheet, parts_of
from ultrainteract.report.tables import Report


@dataclass(frozen=True, slots=True)
class Findings:
    """What a report is made of. `title` is the run's name, `report` the tables of the paper;
    `contamination` and `leaking` are None where nobody looked for them."""

    title: str
    overview: Overview
    report: Report
    contamination: Contamination | None = None
    leaking: Leaking | None = None

    @property
    def quality(self) -> Quality:
        """The figures of its pairs."""
        return quality_of(self.overview)


@dataclass(frozen=True, slots=True)
class _Plot:
    note: str
    svg: Markup
    table: Sheet


@dataclass(frozen=True, slots=True)
class _Page:
    title: str
    subtitle: str
    tiles: Sequence[tuple[str, str]]
    cautions: Sequence[Caution]
    plots: Sequence[_Plot]
    parts: Sequence[Part]
    version: str


def render(findings: Findings) -> str:
    """The text of the file."""
    overview, quality = findings.overview, findings.quality
    page = _Page(
        title=findings.title,
        subtitle=_subtitle(overview),
        tiles=tiles(overview),
        cautions=cautions(overview, quality, findings.contamination, findings.leaking),
        plots=[
            # Its labels are escaped where it is drawn.
            _Plot(one.note, Markup(as_svg(one)), Sheet(one.title, one.heads, one.rows))  # noqa: S704
            for one in charts(overview, quality)
        ],
        parts=parts_of(
            overview, quality, findings.report, findings.contamination, findings.leaking
        ),
        version=version("ultrainteract"),
    )
    style = _text("page.css")
    jinja = Environment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return jinja.from_string(_text("page.html")).render(
        page=page,
        style=Markup(style),  # noqa: S704
        policy=_policy(style),
    )


def _policy(style: str) -> str:
    """Nothing is loaded, and no style but this one holds."""
    told = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{told}'; base-uri 'none'; form-action 'none'"


def _subtitle(overview: Overview) -> str:
    names = sorted(map(str, overview.by("datasets")))
    growing = overview.by("trees")[GROWING]
    said = f"{', '.join(names) or 'no dataset'}: {overview.trees - growing:,} trees that ended"
    return f"{said}, {growing:,} under way" if growing else said


def tiles(overview: Overview) -> list[tuple[str, str]]:
    """The figures at the head of an overview: what is counted, and the count."""
    models = [overview.by("models", name) for name in overview.by("models")]
    tokens = sum(one["prompt"] + one["completion"] for one in models)
    return [
        ("trees", f"{overview.trees:,}"),
        ("published pairs", f"{overview.pairs:,}"),
        ("actions", f"{overview.total('actions'):,}"),
        ("critiques", f"{overview.by('critiques')['drawn']:,}"),
        ("model calls", f"{sum(one['calls'] for one in models):,}"),
        ("tokens", f"{tokens:,}"),
    ]


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
