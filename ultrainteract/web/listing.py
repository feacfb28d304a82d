"""The list of trees: what a page of it shows."""

from dataclasses import dataclass

from markupsafe import Markup, escape

from ultrainteract.catalogue.catalogue import COUNTED, END, HIT, Row
from ultrainteract.catalogue.order import ORDERS
from ultrainteract.web.asked import MARKS, Asked
from ultrainteract.web.markup.clean import clean
from ultrainteract.web.markup.text import inline
from ultrainteract.web.shown import ShownRun

_SIZE = 50
# In the order of the form; the words stand above each.
FILTERS = {
    "dataset": "dataset",
    "environment": "environment",
    "state": "tree",
    "turn": "turn",
    "verdict": "verdict",
    "model": "model",
    "failure": "failure",
    "mark": "mark",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A row, with the words that were found in it and how many marks it has."""

    row: Row
    title: Markup
    excerpt: Markup
    marks: str


def listing(run: ShownRun, asked: Asked) -> dict[str, object]:
    """What the template shows."""
    search, among = asked.search, asked.among(run)
    found = run.catalogue.page(search, _SIZE, asked.after, asked.before, among, asked.order)
    count = run.catalogue.count(search, among) if search.given() else 0
    total = sum(run.catalogue.states().values())
    marks = run.marks()
    return {
        "base": run.base,
        "run": run,
        "asked": asked,
        "filters": FILTERS,
        "orders": ORDERS.values(),
        "choices": {**run.catalogue.facets(), "mark": MARKS},
        "lines": [
            Line(
                row,
                inline(row.entry.title or row.entry.id),
                excerpt(row.excerpt),
                _said(len(marks.of(row.entry.id))),
            )
            for row in found.rows
        ],
        "page": found,
        "said": _count(count, total, filtered=bool(search.given())),
        "total": total,
        "unsearchable": bool(search.text) and not search.terms(),
    }


def _count(count: int, total: int, *, filtered: bool) -> str:
    if not filtered:
        return f"{total:,} trees"
    return (
        f"more than {COUNTED:,} of {total:,} trees"
        if count > COUNTED
        else f"{count:,} of {total:,} trees"
    )


def _said(marks: int) -> str:
    return "" if not marks else f"{marks} mark{'s' if marks > 1 else ''}"


def excerpt(text: str) -> Markup:
    """The words around a hit, the hit marked."""
    shown = str(escape(clean(text)))
    return Markup(shown.replace(HIT, "<mark>").replace(END, "</mark>"))  # noqa: S704
