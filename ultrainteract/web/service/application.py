"""The service as one ASGI application: programs' routes, people's pages, and a guard around all."""

from functools import partial
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from ultrainteract.web.service.api import api
from ultrainteract.web.service.dispatcher import Dispatcher
from ultrainteract.web.service.guard import Guard
from ultrainteract.web.service.pages import STATIC, login_page, pages
from ultrainteract.web.service.problem import tell_problems
from ultrainteract.web.service.tokens import Token


def application(dispatcher: Dispatcher, token: Token) -> Guard:
    """Over the runs of `dispatcher`; only who has `token` is answered."""
    return Guard(
        routes(dispatcher, token), token, partial(login_page, status=HTTPStatus.UNAUTHORIZED)
    )


def routes(dispatcher: Dispatcher, token: Token) -> FastAPI:
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
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _ask_for_the_token(app)
    return app


def _ask_for_the_token(app: FastAPI) -> None:
    """Say in the schema how to come in, for every route."""
    schema = app.openapi()
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
