"""What a query string asks of a list, checked; and query strings that ask for it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import urlencode

from fastapi import Request
from starlette.exceptions import HTTPException

from ultrainteract.catalogue.search import Search
from ultrainteract.web.shown import ShownRun

_LETTERS, _DIGITS = 400, 18
MARKS = ("keep", "drop", "note", "marked")


@dataclass(frozen=True, slots=True)
class Asked:
    """A search and the place in its list."""

    search: Search
    after: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, request: Request) -> Self:
        """Raises 400 for a filter that is too long, a place that is no number, an unknown mark."""
        given = dict(request.query_params)
        if any(len(value) > _LETTERS for value in given.values()):
            raise _wrong(f"A filter has {_LETTERS} letters at most.")
        search = Search.of(given)
        if search.mark and search.mark not in MARKS:
            raise _wrong(f"A mark is one of {', '.join(MARKS)}.")
        return cls(search, _number(given, "after"), _number(given, "before"))

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
        held = {**self.search.given(), **place}
        return f"?{urlencode(held)}" if held else ""

    def without(self, name: str) -> str:
        """The query string without one filter."""
        held = {key: value for key, value in self.search.given().items() if key != name}
        return f"?{urlencode(held)}" if held else ""


def _number(given: dict[str, str], name: str) -> int | None:
    value = given.get(name, "")
    if not value:
        return None
    if not value.isascii() or not value.isdecimal() or len(value) > _DIGITS:
        raise _wrong(f"{name} is a number, not {value!r}.")
    return int(value)


def _wrong(why: str) -> HTTPException:
    return HTTPException(HTTPStatus.BAD_REQUEST, why)
