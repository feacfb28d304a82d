"""Who is let in, and what is taken from them: tokens, cookies, bodies, paths."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient
from starlette.types import Message

from tests.web.service.conftest import SECRET, Service, asked
from ultrainteract.errors import ConfigError
from ultrainteract.web.service.application import routes
from ultrainteract.web.service.guard import LIMIT, Guard
from ultrainteract.web.service.tokens import COOKIE, LASTS, VARIABLE, Token, given_token, made_token

WRONG = [
    {},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {SECRET}x"},
    {"Authorization": f"Bearer {SECRET[:-1]}"},
    {"Authorization": f"Basic {SECRET}"},
    {"Authorization": SECRET},
    {"Cookie": f"{COOKIE}={SECRET}"},
    {"Cookie": f"{COOKIE}=99999999999.0"},
    {"Cookie": f"{COOKIE}={Token('another secret of a team').pass_()}"},
    {"Cookie": f"{COOKIE}={Token(SECRET).pass_(now=0)}"},
    {"Cookie": '"=;;, \\'},
]


def served(routes: Iterable[BaseRoute], below: str = "") -> Iterator[tuple[str, str]]:
    """Methods and paths, those of what is mounted, too."""
    for route in routes:
        path = f"{below}{getattr(route, 'path', '')}"
        if isinstance(route, Mount):
            yield from served(route.routes, path)
        for method in getattr(route, "methods", None) or ():
            yield method, path


def doors(service: Service) -> Iterator[tuple[str, str]]:
    """Every method and path that is served, and some that are not."""
    app = routes(service.dispatcher, Token(SECRET), service.viewed)
    for method, path in served(app.routes):
        yield method, re.sub(r"\{(\w+)[^}]*\}", "first", path)
    yield from (("GET", "/docs"), ("GET", "/nothing"), ("PUT", "/api/runs"), ("GET", "//static/x"))


@pytest.mark.parametrize("headers", WRONG, ids=range(len(WRONG)))
def test_without_the_token_every_door_is_shut(standing: Service, headers: dict[str, str]) -> None:
    tried = set(doors(standing))
    assert len(tried) > 30
    assert any(path.startswith("/runs/first/trees") for _, path in tried)
    for method, path in tried:
        if path.startswith(("/login", "/static/")):
            continue
        answered = standing.stranger.request(method, path, headers=headers, follow_redirects=False)
        assert answered.status_code == 401, (method, path)
        assert method == "HEAD" or answered.json()["detail"]
        assert answered.headers["www-authenticate"] == "Bearer"
        assert "first" not in answered.text


def test_every_route_for_programs_is_described(service: Service) -> None:
    shown = service.client.get("/openapi.json").json()
    described = set(shown["paths"])
    app = routes(service.dispatcher, Token(SECRET), service.viewed)
    api = {path for _, path in served(app.routes) if path.startswith("/api/")}
    assert described == {path.replace(":path", "") for path in api}
    assert shown["security"]
    for path, ways in shown["paths"].items():
        for way in ways.values():
            assert {"401", "403", "408", "413", "503"} <= way["responses"].keys(), path
            assert way.get("summary"), path


def test_a_browser_logs_in_and_its_cookie_is_out_of_reach(service: Service) -> None:
    client = service.stranger
    shown = client.get("/", headers={"Accept": "text/html"})
    assert shown.status_code == 401
    assert 'type="password"' in shown.text
    assert client.post("/login", data={"token": "wrong" * 5}).status_code == 401
    assert client.get("/").status_code == 401
    entered = client.post("/login", data={"token": SECRET, "wanted": "/"}, follow_redirects=False)
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/", f"max-age={LASTS}"):
        assert part in cookie
    assert SECRET not in cookie
    assert client.get("/").status_code == 200
    assert client.post("/logout", headers={"Origin": "http://testserver"}).status_code == 200
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 401


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/runs/a/", "/runs/a/"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nX: y", "/"),
    ],
)
def test_a_login_leads_nowhere_else(service: Service, wanted: str, goes: str) -> None:
    data = {"token": SECRET, "wanted": wanted}
    entered = service.stranger.post("/login", data=data, follow_redirects=False)
    assert entered.headers["location"] == goes


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://testserver"}, 202),
        ({"Origin": "http://evil.example"}, 403),
        ({}, 403),
    ],
)
def test_a_cookie_serves_this_site_alone(
    standing: Service, headers: dict[str, str], status: int
) -> None:
    with_cookie = TestClient(standing.guard, cookies={COOKIE: Token(SECRET).pass_()})
    paused = with_cookie.post("/api/runs/first/pause", headers=headers)
    assert paused.status_code == status
    # It is queued or paused, which is refused another way.
    status = 409 if status == 202 else status
    for method, path in (("DELETE", "/api/runs/first"), ("POST", "/runs/first/delete")):
        assert with_cookie.request(method, path, headers=headers).status_code == status, path


@pytest.mark.parametrize("path", ["/api/runs", "/login", "/nothing"])
def test_a_body_beyond_the_limit_is_refused_whatever_it_says_of_itself(
    service: Service, path: str
) -> None:
    large = b" " * (LIMIT + 1)
    assert service.client.post(path, content=large).status_code == 413
    assert service.client.post(path, content=iter([large[:-9], large])).status_code == 413
    told = service.client.post(path, content=b"{}", headers={"Content-Length": "9" * 30})
    assert told.status_code == 413
    told = service.client.post(path, content=b"{}", headers={"Content-Length": "-1"})
    assert told.status_code == 413


async def test_a_body_that_does_not_arrive_is_not_waited_for(service: Service) -> None:
    guard = replace(service.guard, seconds=0.2)
    assert (await ask(guard, "POST", "/api/runs", asyncio.Event()))[0] == 408


async def ask(
    guard: Guard, method: str, path: str, arrives: asyncio.Event | None = None
) -> tuple[int, bytes]:
    """As a server asks, with a path that no client has folded: status and body."""
    sent: list[Message] = []

    async def receive() -> Message:
        if arrives:
            await arrives.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await guard(
        {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": b"follow=false",
            "headers": [(b"authorization", f"Bearer {SECRET}".encode())],
            "server": ("testserver", 80),
            "scheme": "http",
        },
        receive,
        send,
    )
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"name": "first", "datasets": ["math"], "limit": 1' + b"0" * 5000 + b"}",
        b'{"name": "first", "datasets": ["math"], "limit": NaN}',
        b'{"name": "first", "datasets": ["math"], "config": {"sampling": {"temperature": NaN}}}',
        b'{"name": "first", "datasets": ["\\ud800"]}',
        b'{"name": "first", "datasets": ["math"], "\\ud800": 1}',
        b'{"name": "a", "datasets": ["b"], "config": {"select": {"levels": {"\\ud800": ["a"]}}}}',
        b"[]",
        b"null",
        b'"text"',
    ],
    ids=lambda body: repr(body[:60]),
)
def test_a_malformed_body_is_refused_in_words(standing: Service, body: bytes) -> None:
    answered = standing.client.post(
        "/api/runs", content=body, headers={"Content-Type": "application/json"}
    )
    assert answered.status_code in {400, 422}, answered.text
    assert answered.json()["detail"]
    listed = standing.client.get("/api/runs").json()["runs"]
    assert [one["name"] for one in listed] == ["first"]


TRAVERSALS = [
    "..",
    "../..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    ".service",
    ".service%2ftoken",
    "first%00",
    "..%5c..%5cetc",
    "../../.service/token",
    "../../../outside",
    "....//",
    "A",
    "a" * 65,
]


@pytest.fixture(scope="module")
def treasury(standing: Service) -> Service:
    """With what nobody may read, and a link to it."""
    dataset = standing.house.run("first") / "dataset"
    dataset.mkdir(parents=True)
    (dataset / "run.yaml").write_text("a", encoding="utf-8")
    outside = standing.house.runs / "outside"
    outside.write_text("secret", encoding="utf-8")
    (standing.house.own / "token").write_text("secret", encoding="utf-8")
    (dataset / "link").symlink_to(outside)
    return standing


@pytest.mark.parametrize("name", TRAVERSALS)
async def test_no_name_leads_out_of_the_folder(treasury: Service, name: str) -> None:
    for path in (
        f"/api/runs/{name}",
        f"/api/runs/{name}/dataset",
        f"/api/runs/{name}/dataset/files",
        f"/api/runs/{name}/events",
        f"/api/runs/{name}/dataset/files/token",
        f"/api/runs/first/dataset/files/{name}",
        "/api/runs/first/dataset/files/link",
        "/api/runs/first/dataset/files/",
        f"/static/{name}",
    ):
        status, body = await ask(treasury.guard, "GET", path)
        assert status in {404, 405, 422}, path
        assert b"secret" not in body
    assert (await ask(treasury.guard, "DELETE", f"/api/runs/{name}"))[0] in {404, 405, 422}
    assert (treasury.house.runs / "outside").exists()
    assert treasury.client.post("/api/runs", json=asked(unquote(name))).status_code == 422


def test_pages_may_load_nothing_from_elsewhere_and_run_nothing_inline(service: Service) -> None:
    for path in ("/", "/login", "/api/runs", "/nothing", "/static/service.js"):
        headers = service.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    for path in ("/", "/login"):
        text = service.client.get(path).text
        assert "style=" not in text
        assert "onclick" not in text
        assert "<script>" not in text


def test_what_a_run_says_is_text_on_the_page(service: Service) -> None:
    assert service.client.post("/api/runs", json=asked()).status_code == 201
    ledger = service.dispatcher.ledger
    ledger.become("first", ledger["first"].state, "<script>alert(1)</script>")
    shown = service.client.get("/").text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


@pytest.mark.parametrize("secret", ["", "short", "with\nnewline" * 3, "ü" * 20])
def test_a_token_that_is_none_is_refused(secret: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="openssl rand"):
        Token(secret)


def test_a_token_in_the_environment_is_taken_out_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    given = given_token(None)
    assert given
    assert given.is_(SECRET)
    assert given_token(None) is None
    (tmp_path / "token").write_text(f"{SECRET}\n", encoding="ascii")
    monkeypatch.setenv(VARIABLE, "another token than that")
    of_file = given_token(tmp_path / "token")
    assert of_file
    assert of_file.is_(SECRET)
    assert given_token(None) is None
    with pytest.raises(ConfigError, match="cannot read the token"):
        given_token(tmp_path / "absent")


def test_a_token_that_is_made_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "made"
    made = made_token(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.is_(path.read_text(encoding="ascii").strip())
    assert made_token(path).is_(path.read_text(encoding="ascii").strip())
