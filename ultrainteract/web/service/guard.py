"""What stands before every route: who asks, how much is sent, and what a browser may do with it.

Plain ASGI, around the whole application, so that no route, page or file can be forgotten. Only
the login page and static files answer without a token.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultrainteract.web.frame import HEADERS
from ultrainteract.web.service.problem import answer
from ultrainteract.web.service.tokens import COOKIE, Token

LIMIT = 256 * 1024
_SAFE = {"GET", "HEAD", "OPTIONS"}
_SECONDS = 20.0
_HEADERS: Mapping[str, str] = {
    **HEADERS,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Guard:
    """The application behind it sees only requests that may be answered, bodies whole.

    `stranger` answers a browser that is not logged in, given the path that it wants.
    """

    app: ASGIApp
    token: Token
    stranger: Callable[[str], Response]
    limit: int = LIMIT
    """Bytes of a request's body at most."""
    seconds: float = _SECONDS
    """How long a body may take to arrive."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            # Without an answer a websocket is refused; no part here speaks it.
            return
        headers = Headers(scope=scope)

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    out.setdefault(name, value)
            await send(message)

        if refusal := self._refusal(scope, headers):
            await refusal(scope, receive, sealed)
            return
        body = await self._body(headers, receive)
        if isinstance(body, Response):
            await body(scope, receive, sealed)
            return
        await self.app(scope, _replay(body, receive), sealed)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        path = str(scope["path"])
        if path == "/login" or path.startswith("/static/"):
            return None
        if self.token.admits(headers.get("authorization", "")):
            return None
        if not self.token.honours(_cookie(headers)):
            if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                return self.stranger(path)
            refused = answer(HTTPStatus.UNAUTHORIZED, "a token is wanted: Authorization: Bearer")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        if scope["method"] not in _SAFE and not _from_here(headers):
            return answer(HTTPStatus.FORBIDDEN, "a page of another site sent this")
        return None

    async def _body(self, headers: Headers, receive: Receive) -> bytes | Response:
        told = headers.get("content-length", "0")
        large = answer(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a request's body has {self.limit} bytes at most",
        )
        if not told.isdecimal() or int(told[:20]) > self.limit:
            return large
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                while (message := await receive())["type"] == "http.request":
                    body += message.get("body", b"")
                    if len(body) > self.limit:
                        return large
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            return answer(HTTPStatus.REQUEST_TIMEOUT, f"no whole body within {self.seconds:g} s")
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _from_here(headers: Headers) -> bool:
    """Whether a page of this service sent it. A cookie alone proves it to browsers that know
    SameSite; this proves it to the service."""
    if site := headers.get("sec-fetch-site"):
        return site == "same-origin"
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host", "-")
