"""What a query string asks of a list, checked; and query strings that ask for it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import urlencode

from fastapi import Request
from starlette.exceptions import HTTPException

from ultrainteract.catalogue.order import ORDERS, Order, Place
from ultrainteract.catalogue.search import Search
from ultrainteract.web.shown import ShownRun

_LETTERS = 400
MARKS = ("keep", "drop", "note", "marked")


@dataclass(frozen=True, slots=True)
class Asked:
    """A search, the order of its list and the place in it."""

    search: Search
    order: Order = ORDERS[""]
    after: Place | None = None
    before: Place | None = None

    @classmethod
    def of(cls, request: Request) -> Self:
        """Raises 400 for a filter that is too long, a place that is none of the list's, an unknown
        mark or order."""
        given = dict(request.query_params)
        if any(len(value) > _LETTERS for value in given.values()):
            raise _wrong(f"A filter has {_LETTERS} letters at most.")
        search = Search.of(given)
        if search.mark and search.mark not in MARKS:
            raise _wrong(f"A mark is one of {', '.join(MARKS)}.")
        if (order := ORDERS.get(given.get("sort", ""))) is None:
            raise _wrong(f"An order is one of {', '.join(filter(None, ORDERS))}.")
        return cls(search, order, _place(given, "after", order), _place(given, "before", order))

    def among(self, run: ShownRun) -> Sequence[str] | None:
        """The trees that the search is among, where it is for marks."""
        wanted = self.search.mark
        if not wanted:
            return None
        trees = run.marks().trees.items()
        return [
            tree
            for tree, marks in trees
            if any(
                wanted in {"marked", one.decision} or (wanted == "note" and one.note)
                for one in marks.values()
            )
        ]

    def query(self, **place: object) -> str:
        """`?dataset=math&...`, or empty; `place` is where in the list."""
        return self._query({**self.search.given(), **place})

    def without(self, name: str) -> str:
        """The query string without one filter."""
        return self._query({key: one for key, one in self.search.given().items() if key != name})

    def _query(self, held: dict[str, object] | dict[str, str]) -> str:
        sort = {"sort": self.order.name} if self.order.name else {}
        told = {**sort, **held}
        return f"?{urlencode(told)}" if told else ""


def _place(given: dict[str, str], name: str, order: Order) -> Place | None:
    if not (text := given.get(name, "")):
        return None
    place = Place.of(text)
    if place is None or (place.value is None) == bool(order.column):
        raise _wrong(f"{name} is a place of this list, not {text!r}.")
    return place


def _wrong(why: str) -> HTTPException:
    return HTTPException(HTTPStatus.BAD_REQUEST, why)
