"""A real run that pages show, and a viewer over it as a user starts it."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import MODEL, Command
from ultrainteract.sampling.scripted import Rule
from ultrainteract.testing.process import serve

# What would tell on itself if a page ran it.
SCRIPT = "<script>document.title='RUN'</script><img src=x onerror=\"document.title='RUN'\">"
OTHER, CRITIC = "other", "critic"
RULES = (
    Rule(model=CRITIC, replies=(f"Look at step 2 again. {SCRIPT}",)),
    Rule(
        model=OTHER,
        any="Python interpreter",
        replies=(
            f"Step 1: {SCRIPT}\n```python\nprint(-17)  # {SCRIPT}\n```",
            f'Step 1: Print it.\n```python\nprint("""{SCRIPT}""")\n```',
        ),
    ),
    Rule(model=OTHER, any=".", replies=(f"Step 1: {SCRIPT} $\\frac{{1}}{{3}}$\nAnswer: -17/3",)),
)


def configured(command: Command, url: str, **pace: object) -> Path:
    """Three models of the server at `url`; five turns."""
    served: dict[str, object] = {
        name: {"model": model, "serve": {"base_url": url}}
        for name, model in (("actor", MODEL), (OTHER, OTHER), (CRITIC, CRITIC))
    }
    return command.config(
        url,
        models=served,
        roles={"rejected": [OTHER], "critic": CRITIC, "allow_self_critique": False},
        tree={"max_turns": 5},
        pace={"limit": 2, **pace},
    )


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of four trees of five turns, grown in the real sandbox; never written to."""
    command = Command(tmp_path_factory.mktemp("viewed"))
    with serve(models=(MODEL, OTHER, CRITIC), rules=RULES) as server:
        config = configured(command, server.url)
        done = command("synthesize", "math", "--source", "sample", "--run", "r", "--config", config)
    assert done.code == 0, done.output
    return command.folder / "runs" / "r"


@dataclass(frozen=True)
class Viewed:
    """A run with a viewer over it at `address`."""

    run: Path
    address: str
    command: Command


@contextmanager
def viewing(command: Command, run: Path) -> Iterator[Viewed]:
    """`ultrainteract view`, until it is left."""
    with command.start("view", run, "--port", "0") as process:
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + process.stdout.read()
        try:
            yield Viewed(run, found[0], command)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=280)


@pytest.fixture(scope="module")
def viewed(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewed]:
    """A viewer over a copy of the run."""
    command = Command(tmp_path_factory.mktemp("view"))
    run = shutil.copytree(grown, command.folder / "r")
    with viewing(command, run) as there:
        yield there


@pytest.fixture
def page(chromium: Browser, viewed: Viewed) -> Iterator[Page]:
    """A fresh page of the viewer; whatever it complains of fails the test."""
    context = chromium.new_context(base_url=viewed.address, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    said: list[str] = []
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    yield opened
    context.close()
    assert not said


def wait_until(true: Callable[[], object], what: str, seconds: float = 280) -> None:
    """Look again until it is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
