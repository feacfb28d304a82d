"""The service for people: the list of runs with their states, and the login."""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ultrainteract.web.service.dispatcher import Dispatcher
from ultrainteract.web.service.ledger import RESTING, State
from ultrainteract.web.service.shown import show
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
_pages = Environment(
    loader=PackageLoader("ultrainteract.web.service"), autoescape=True, undefined=StrictUndefined
)
_LOOKS = {
    State.RUNNING: "live",
    State.PAUSED: "warn",
    State.BUDGET: "warn",
    State.FAILED: "bad",
    State.DONE: "good",
}
_GOES = {State.QUEUED, State.RUNNING}
_ENDS = _GOES | RESTING | {State.PAUSING}


def login_page(wanted: str, *, status: HTTPStatus, wrong: bool = False) -> Response:
    """The form that asks for the token, and leads to the path `wanted`."""
    page = _pages.get_template("login.html").render(wanted=wanted, wrong=wrong)
    return HTMLResponse(page, status)


def pages(dispatcher: Dispatcher, token: Token) -> APIRouter:
    """The routes; none of them is for programs."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    house, ledger = dispatcher.house, dispatcher.ledger
    changes = {
        "pause": dispatcher.pause,
        "resume": dispatcher.resume,
        "cancel": dispatcher.cancel,
    }

    @router.get("/")
    def runs() -> str:
        shown = [show(house, entry) for entry in reversed(ledger.entries())]
        ways = {
            one.name: [
                *(["pause"] if one.state in _GOES else []),
                *(["resume"] if one.state in RESTING else []),
                *(["cancel"] if one.state in _ENDS else []),
            ]
            for one in shown
        }
        return _pages.get_template("runs.html").render(
            runs=shown, ways=ways, looks={state.value: _LOOKS.get(state, "") for state in State}
        )

    @router.post("/runs/{name}/{way}")
    async def change(name: str, way: str) -> Response:
        ledger[name]
        if way not in changes:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        changes[way](name)
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)

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

    return router


def _here(wanted: str) -> str:
    """A path of this service, whatever a form asks for."""
    plain = wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable()
    return wanted if plain and "\\" not in wanted else "/"
