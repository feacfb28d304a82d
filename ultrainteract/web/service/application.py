"""The service as one ASGI application: programs' routes, people's pages, and a guard around all."""

from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from ultrainteract.web.service.api import api
from ultrainteract.web.service.deletion import Deletion
from ultrainteract.web.service.dispatcher import Dispatcher
from ultrainteract.web.service.guard import Guard
from ultrainteract.web.service.pages import login_page, pages
from ultrainteract.web.service.problem import tell_problems
from ultrainteract.web.service.tokens import Token
from ultrainteract.web.service.viewed import Viewed, viewer


def application(dispatcher: Dispatcher, token: Token, viewed: Viewed) -> Guard:
    """Over the runs of `dispatcher`; only who has `token` is answered."""
    stranger = partial(login_page, status=HTTPStatus.UNAUTHORIZED)
    return Guard(routes(dispatcher, token, viewed), token, stranger)


class _Routes(FastAPI):
    """Says in its schema how to come in, for every route."""

    def openapi(self) -> dict[str, Any]:
        schema = super().openapi()
        schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"token": []}]
        return schema


def routes(dispatcher: Dispatcher, token: Token, viewed: Viewed) -> FastAPI:
    """What the guard stands before."""
    app = _Routes(
        title="ultrainteract",
        version=version("ultrainteract"),
        description="Runs that grow preference trees: submitted, watched, downloaded, deleted.",
        # Their pages come from a CDN.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    tell_problems(app)
    deletion = Deletion(dispatcher.house, dispatcher.ledger, viewed)
    app.include_router(api(dispatcher, deletion))
    app.include_router(pages(dispatcher, deletion, token))
    app.mount("/runs", viewer(viewed))
    return app
