"""The viewer's pages over the runs of a house: each run is opened when somebody looks at it, and
a few stay open."""

import contextlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from http import HTTPStatus

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from ultrainteract.web.frame import dress
from ultrainteract.web.service.house import House
from ultrainteract.web.service.ledger import Ledger, UnknownRun
from ultrainteract.web.shown import ShownRun
from ultrainteract.web.viewer import viewer_router

# A process follows each: that of one that nobody looks at ends.
_OPEN = 4


class Viewed:
    """Open runs. Threads may share it."""

    def __init__(self, house: House, ledger: Ledger) -> None:
        self._house, self._ledger = house, ledger
        self._open: OrderedDict[str, ShownRun] = OrderedDict()
        self._users: Counter[str] = Counter()
        self._turn = threading.Condition()

    def held(self, name: str) -> Iterator[ShownRun]:
        """A run, open for as long as the answer to a request takes: a dependency."""
        try:
            self._ledger[name]
        except UnknownRun as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from error
        if self._house.deleted(name).exists():
            raise HTTPException(HTTPStatus.NOT_FOUND, f"run {name!r} is being deleted")
        with self._using(name) as run:
            yield run

    def close(self) -> None:
        """End what follows them."""
        with self._turn:
            for run in self._open.values():
                run.close()
            self._open.clear()

    def shut(self, name: str) -> None:
        """Close a run, once nobody is answered from it any more."""
        with self._turn:
            self._turn.wait_for(lambda: not self._users[name])
            del self._users[name]
            if run := self._open.pop(name, None):
                run.close()

    @contextlib.contextmanager
    def _using(self, name: str) -> Iterator[ShownRun]:
        with self._turn:
            if name not in self._open:
                folder, base = self._house.run(name), f"/runs/{name}"
                self._open[name] = ShownRun(folder, base, self._house.plugins)
            self._open.move_to_end(name)
            self._users[name] += 1
            run = self._open[name]
            self._close_some()
        try:
            yield run
        finally:
            with self._turn:
                self._users[name] -= 1
                self._turn.notify_all()

    def _close_some(self) -> None:
        idle = [name for name in self._open if not self._users[name]]
        for name in idle[: max(0, len(self._open) - _OPEN)]:
            self._open.pop(name).close()


def viewer(viewed: Viewed) -> FastAPI:
    """To be mounted at `/runs`."""
    app = dress(FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False))
    app.include_router(viewer_router(viewed.held), prefix="/{name}")
    return app
