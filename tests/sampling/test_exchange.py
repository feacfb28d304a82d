"""How a key is sent: as a bearer's, or as the variable says."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ultrainteract.sampling.exchange import Exchange


@pytest.mark.parametrize(
    ("held", "sent"),
    [("abc", "Bearer abc"), ("Basic dTpw", "Basic dTpw"), ("", "Bearer EMPTY")],
)
async def test_the_variable_says_how_one_is_authorised(
    held: str, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", held)
    seen: list[str] = []

    async def models(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.json_response({"data": []})

    app = web.Application()
    app.router.add_get("/v1/models", models)
    async with TestServer(app) as server:
        exchange = Exchange(str(server.make_url("/v1")), "TEST_KEY")
        await exchange.models()
        await exchange.close()
    assert seen == [sent]
