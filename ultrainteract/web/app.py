"""The viewer as an application: one run at `/`, on the loopback address."""

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from ultrainteract.web.frame import dress
from ultrainteract.web.shown import ShownRun
from ultrainteract.web.viewer import viewer_router

# Another name that leads here is a page from elsewhere that found a way round the browser.
_HOSTS = ["127.0.0.1", "localhost"]


def viewer_app(run: ShownRun) -> FastAPI:
    """Serves one run; whoever makes it closes the run."""

    def shown() -> ShownRun:
        return run

    app = dress(
        FastAPI(title="ultrainteract view", openapi_url=None, docs_url=None, redoc_url=None)
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS)
    app.include_router(viewer_router(shown))
    return app
