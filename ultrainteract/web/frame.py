"""What every page of an application shares: headers that forbid what pages never do, pages for
errors, answers that need not be sent again."""

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultrainteract.errors import Fault, UltraInteractError
from ultrainteract.web.markup.clean import clean

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STATIC = {"style.css", "viewer.js"}
# Tells the pages of one process from those of another version of this package.
_PROCESS = f"{os.getpid()}-{os.times().elapsed}"


class _Headers:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        await self._app(scope, receive, sent)


def dress(app: FastAPI) -> FastAPI:
    """Give an application the frame: headers, and pages for errors."""
    app.add_middleware(_Headers)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(UltraInteractError, _failed)
    return app


@cache
def _jinja() -> Environment:
    return Environment(
        loader=PackageLoader("ultrainteract.web"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


def _shown(value: object) -> object:
    """Whatever a page holds passes here: text is cleaned, what is HTML already stays."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page(name: str, values: Mapping[str, object], status: int = 200, tag: str = "") -> Response:
    """A template as an answer; `tag` as from `tag_of`."""
    html = _jinja().get_template(f"{name}.html").render(values)
    headers = {"ETag": tag} if tag else {}
    return HTMLResponse(html, status_code=status, headers=headers)


def static(file: str) -> Response:
    """The style sheet or the script. Raises 404 for any other name."""
    if file not in _STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(Path(__file__).parent / "static" / file)


def tag_of(request: Request, *parts: object) -> str:
    """What an answer's content depends on, as an entity tag."""
    held = [_PROCESS, request.url.path, request.url.query, *parts]
    return f'W/"{hashlib.blake2b(repr(held).encode(), digest_size=12).hexdigest()}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """The answer to a browser that has this page already."""
    known = request.headers.get("If-None-Match", "")
    return Response(status_code=304, headers={"ETag": tag}) if tag in known.split(", ") else None


def refuse_foreign(request: Request) -> None:
    """Raises 403 for what a page of somebody else sends."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise HTTPException(HTTPStatus.FORBIDDEN, "This was sent by a page from elsewhere.")


def error_page(request: Request, status: int, why: str) -> Response:
    """A page that says what went wrong and where to go on."""
    run = getattr(request.state, "run", None)
    base = getattr(run, "base", "")
    title = HTTPStatus(status).phrase
    return page("error", {"base": base, "title": title, "status": status, "why": why}, status)


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    said = str(error.detail) if isinstance(error, HTTPException) else ""
    answer = error_page(request, status, "" if said == HTTPStatus(status).phrase else said)
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


async def _malformed(request: Request, error: Exception) -> Response:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    why = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems)
    return error_page(request, HTTPStatus.BAD_REQUEST, why)


async def _failed(request: Request, error: Exception) -> Response:
    fault = isinstance(error, Fault)
    status = HTTPStatus.SERVICE_UNAVAILABLE if fault else HTTPStatus.CONFLICT
    return error_page(request, status, str(error))
