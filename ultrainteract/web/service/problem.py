"""The one shape of every error that the service answers with."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ultrainteract.errors import Fault, UserError
from ultrainteract.web.service.drawn import problem_page
from ultrainteract.web.service.ledger import Refused, UnknownRun
from ultrainteract.web.service.submission import problems


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"detail": "unknown run 'mth'; did you mean 'math'?"}]},
    )

    detail: str
    """In words."""
    problems: list[str] = []
    """One line for each value that was refused, with its place."""


def answer(status: HTTPStatus, detail: str, lines: Sequence[str] = ()) -> Response:
    """An error as JSON. ASCII: what was sent may hold what is no text."""
    body = json.dumps({"detail": detail, "problems": list(lines)}).encode("ascii")
    return Response(body, status, media_type="application/json")


_WORDS: Mapping[int, str] = {
    400: "The body is no JSON.",
    401: "No token, or a wrong one.",
    403: "A browser that is logged in was sent here by a page of another site.",
    404: "There is no such run or file.",
    405: "The method is none of this path.",
    408: "The body did not arrive in time.",
    409: "The state that the run is in does not allow it, or its name is taken.",
    413: "The body is larger than the service takes.",
    422: "A value is not allowed, or does not exist.",
    503: "The service's own record cannot be read or written now: the disk is full, say.",
}
_ALWAYS = (401, 403, 408, 413, 503)
Responses = dict[int | str, dict[str, Any]]


def described(*statuses: int) -> Responses:
    """Documentation of these errors of a route, and of those that every route has."""
    return {
        status: {"model": Problem, "description": _WORDS[status]}
        for status in sorted({*_ALWAYS, *statuses})
    }


def _told(request: Request, status: HTTPStatus, detail: str, lines: Sequence[str] = ()) -> Response:
    """A page for a person who looks at pages, else JSON."""
    program = request.url.path.startswith("/api/")
    if program or "text/html" not in request.headers.get("accept", ""):
        return answer(status, detail, lines)
    return problem_page(status, "\n".join([detail, *(line for line in lines if line != detail)]))


def tell_problems(app: FastAPI) -> None:
    """Answer the package's own errors, and the framework's: in this shape, or as a page."""

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        if any(one["type"] == "json_invalid" for one in error.errors()):
            return _told(request, HTTPStatus.BAD_REQUEST, _WORDS[400])
        return _told(
            request, HTTPStatus.UNPROCESSABLE_ENTITY, _WORDS[422], list(problems(error.errors()))
        )

    @app.exception_handler(HTTPException)
    async def _framework(request: Request, error: HTTPException) -> Response:
        refused = _told(request, HTTPStatus(error.status_code), str(error.detail))
        refused.headers.update(error.headers or {})
        return refused

    @app.exception_handler(UserError)
    async def _user(request: Request, error: UserError) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if isinstance(error, Refused):
            status = HTTPStatus.CONFLICT
        elif isinstance(error, UnknownRun):
            status = HTTPStatus.NOT_FOUND
        lines = str(error).splitlines()
        return _told(request, status, lines[0], lines)

    @app.exception_handler(Fault)
    async def _fault(request: Request, error: Fault) -> Response:
        return _told(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
