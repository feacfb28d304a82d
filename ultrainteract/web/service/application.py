"""The service as one ASGI application: programs' routes, people's pages, and a guard around all."""

from functools import partial
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI

from ultrainteract.web.service.api import api
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


def routes(dispatcher: Dispatcher, token: Token, viewed: Viewed) -> FastAPI:
    """What the guard stands before."""
    app = FastAPI(
        title="ultrainteract",
        version=version("ultrainteract"),
        description="Runs that grow preference trees: submitted, watched, downloaded.",
        # Their pages come from a CDN.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    tell_problems(app)
    app.include_router(api(dispatcher))
    app.include_router(pages(dispatcher, token))
    app.mount("/runs", viewer(viewed))
    _ask_for_the_token(app)
    return app


def _ask_for_the_token(app: FastAPI) -> None:
    """Say in the schema how to come in, for every route."""
    schema = app.openapi()
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
