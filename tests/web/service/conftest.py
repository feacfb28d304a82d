"""A service without its queue: every route, nothing that runs."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ultrainteract.config import RunConfig
from ultrainteract.web.service.application import application
from ultrainteract.web.service.dispatcher import Dispatcher
from ultrainteract.web.service.engines import SharedEngines
from ultrainteract.web.service.guard import Guard
from ultrainteract.web.service.house import House, HouseLock
from ultrainteract.web.service.ledger import Ledger
from ultrainteract.web.service.tokens import Token
from ultrainteract.web.service.viewed import Viewed

SECRET = "a-secret-of-the-whole-team"
BASE = {
    "models": {
        "small": {"model": "served", "serve": {"base_url": "http://127.0.0.1:9/v1"}},
        "large": {"model": "stronger", "serve": {"base_url": "http://127.0.0.1:9/v1"}},
    },
    "roles": {"actors": ["small"], "critic": "large"},
    "budget": {"tokens": 1_000_000},
    "pace": {"limit": 100},
}


@dataclass(frozen=True)
class Service:
    """`guard` is the application; `client` has the token, `stranger` has none."""

    house: House
    engines: SharedEngines
    dispatcher: Dispatcher
    viewed: Viewed
    guard: Guard
    client: TestClient
    stranger: TestClient


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """In a folder of its own."""
    with serviced(tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests of a module that change nothing of it, with a queued run `first`."""
    with serviced(tmp_path_factory.mktemp("standing")) as one:
        assert one.client.post("/api/runs", json=asked()).status_code == 201
        yield one


@contextlib.contextmanager
def serviced(folder: Path, base: RunConfig | None = None) -> Iterator[Service]:
    """One over `runs` in that folder, which may use no GPU."""
    house = House(folder / "runs", base or RunConfig.model_validate(BASE))
    with HouseLock(house.own):
        ledger = Ledger(house.own)
        engines = SharedEngines(house.base.models, folder, ())
        dispatcher = Dispatcher(house, ledger, engines, 1)
        viewed = Viewed(house, ledger)
        guard = application(dispatcher, Token(SECRET), viewed)
        yield Service(
            house,
            engines,
            dispatcher,
            viewed,
            guard,
            TestClient(guard, headers={"Authorization": f"Bearer {SECRET}"}),
            TestClient(guard),
        )
        viewed.close()
        ledger.close()


def asked(name: str = "first", **more: object) -> dict[str, object]:
    """A submission."""
    return {"name": name, "datasets": ["math"], "source": "sample", **more}
