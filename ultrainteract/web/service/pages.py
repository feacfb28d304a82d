"""The service for people: the list of runs with their states, and the login."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ultrainteract.web.service.deletion import Deletion
from ultrainteract.web.service.dispatcher import Dispatcher
from ultrainteract.web.service.drawn import draw
from ultrainteract.web.service.ledger import ENDED, LAST, RESTING, State
from ultrainteract.web.service.shown import show, show_latest
from ultrainteract.web.service.tokens import COOKIE, LASTS, Token

_HERE = Path(__file__).parent
# The viewer's style sheet serves here, too.
_STATIC = {
    file.name: file
    for file in (
        _HERE.parent / "static" / "style.css",
        _HERE / "static" / "service.css",
        _HERE / "static" / "service.js",
    )
}
_LOOKS = {
    State.RUNNING: "live",
    State.PAUSED: "warn",
    State.BUDGET: "warn",
    State.FAILED: "bad",
    State.DONE: "good",
}
_GOES = {State.QUEUED, State.RUNNING}
_ENDS = _GOES | RESTING | {State.PAUSING}
_MANY = 25
_Before = Annotated[int, Query(ge=1, le=LAST)]


def login_page(wanted: str, *, status: HTTPStatus, wrong: bool = False) -> Response:
    """The form that asks for the token, and leads to the path `wanted`."""
    return HTMLResponse(draw("login", wanted=wanted, wrong=wrong), status)


def pages(dispatcher: Dispatcher, deletion: Deletion, token: Token) -> APIRouter:
    """The routes; none of them is for programs."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _about_runs(router, dispatcher, deletion)
    _about_people(router, token)
    return router


def _about_runs(router: APIRouter, dispatcher: Dispatcher, deletion: Deletion) -> None:
    house, ledger = dispatcher.house, dispatcher.ledger
    changes = {
        "pause": dispatcher.pause,
        "resume": dispatcher.resume,
        "cancel": dispatcher.cancel,
    }

    @router.get("/")
    def runs(before: _Before = LAST) -> str:
        shown, older = show_latest(house, ledger, _MANY, before)
        return draw(
            "runs",
            runs=shown,
            ways={one.name: _ways(one.state) for one in shown},
            looks={state.value: _LOOKS.get(state, "") for state in State},
            here=_page(before),
            older=_page(older) if older else "",
            ended=ENDED,
        )

    @router.get("/runs/{name}/delete")
    def sure(name: str, before: _Before = LAST) -> str:
        shown = show(house, ledger[name])
        return draw("delete", run=shown, here=_page(before))

    @router.post("/runs/{name}/delete")
    async def delete(name: str, before: _Before = LAST) -> Response:
        await deletion.delete(name)
        return RedirectResponse(_page(before), HTTPStatus.SEE_OTHER)

    @router.post("/runs/{name}/{way}")
    async def change(name: str, way: str, before: _Before = LAST) -> Response:
        ledger[name]
        if way not in changes:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        changes[way](name)
        return RedirectResponse(_page(before), HTTPStatus.SEE_OTHER)


def _ways(state: State) -> list[str]:
    return [
        *(["pause"] if state in _GOES else []),
        *(["resume"] if state in RESTING else []),
        *(["cancel"] if state in _ENDS else []),
    ]


def _page(before: int) -> str:
    """The path of the list's page that begins below that number."""
    return "/" if before == LAST else f"/?before={before}"


def _about_people(router: APIRouter, token: Token) -> None:
    @router.get("/static/{file}")
    def static(file: str) -> Response:
        if file not in _STATIC:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return FileResponse(_STATIC[file])

    @router.get("/login")
    def login(wanted: str = "/") -> Response:
        return login_page(wanted, status=HTTPStatus.OK)

    @router.post("/login")
    async def enter(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        wanted = form.get("wanted", ["/"])[0]
        if not token.is_(form.get("token", [""])[0].strip()):
            return login_page(wanted, status=HTTPStatus.UNAUTHORIZED, wrong=True)
        entered = RedirectResponse(_here(wanted), HTTPStatus.SEE_OTHER)
        entered.set_cookie(
            COOKIE,
            token.pass_(),
            max_age=LASTS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return entered

    @router.post("/logout")
    def leave() -> Response:
        left = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        left.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return left


def _here(wanted: str) -> str:
    """A path of this service, whatever a form asks for."""
    plain = wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable()
    return wanted if plain and "\\" not in wanted else "/"
