"""A Docker engine killed in mid-run and started again: trees go on, nothing is graded by it.

The engine is a second one, with folders, socket and pid file of its own.
"""

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.second_engine import Engine, second_engine, startable
from tests.sandbox.conftest import LIMITS
from ultrainteract.errors import SetupError
from ultrainteract.sandbox import docker as docker_module
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.types import ExecResult, Outcome

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not startable(), reason="only root may start an engine, with dockerd"),
]
TURNS = 6


@pytest.fixture(scope="module")
def engine(image: str) -> Iterator[Engine]:
    """A second engine that has the sandbox image."""
    with second_engine(image) as second:
        yield second


@pytest.fixture(autouse=True)
def chosen(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)


def step(tree: int, turn: int) -> str:
    start = f"import random\nx = [{tree}]\n" if turn == 0 else ""
    return f"{start}x.append(random.random())\nprint({turn}, len(x), x)"


async def grow(notebook: Notebook, tree: int, turn: int) -> list[ExecResult]:
    """One turn of a tree: its next step and three siblings, one of them with an error."""
    path = tuple(step(tree, before) for before in range(turn))
    codes = [step(tree, turn), "import time; time.sleep(0.2)", "1 / 0", "6 * 7"]
    return await asyncio.gather(*(notebook.execute(path, code) for code in codes))


async def gone(engine: Engine, names: set[str] | None = None) -> None:
    """Returns once it has none of these containers, or none at all: they go by themselves."""
    async with asyncio.timeout(120):
        while left := await asyncio.to_thread(engine.containers):
            if names is not None and not names & set(left):
                return
            await asyncio.sleep(0.1)


async def test_trees_go_on_when_the_engine_is_killed_and_started_again(
    engine: Engine, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_module, "RESTART", 200.0)
    sandbox = DockerSandbox(image, LIMITS, containers=2)
    killed = asyncio.Event()

    async def tree(number: int, name: str) -> tuple[list[list[ExecResult]], int]:
        notebook = Notebook(sandbox, name)
        results = []
        for turn in range(TURNS):
            if turn == 2:
                await killed.wait()
            results.append(await grow(notebook, number, turn))
        await notebook.close()
        return results, notebook.diverged

    trees = [asyncio.ensure_future(tree(number, f"tree {number}")) for number in range(3)]
    busy = Notebook(sandbox, "busy")
    running = asyncio.ensure_future(busy.execute((), "import time; time.sleep(3)\n'done'"))
    await sandbox.warm()
    await asyncio.wait(trees, timeout=1)
    before = await asyncio.to_thread(engine.containers)
    await asyncio.to_thread(engine.kill)
    killed.set()
    # They meet an engine that is not there, for a while.
    await asyncio.sleep(1)
    assert not any(one.done() for one in trees)
    await asyncio.to_thread(engine.start)
    grown = await asyncio.gather(*trees)
    assert await running == ExecResult(Outcome.OK, "'done'\n")
    for results, diverged in grown:
        outcomes = [[result.outcome for result in wave] for wave in results]
        assert outcomes == [[Outcome.OK, Outcome.OK, Outcome.EXCEPTION, Outcome.OK]] * TURNS
        lengths = [wave[0].output.split()[:2] for wave in results]
        assert lengths == [[str(turn), str(turn + 2)] for turn in range(TURNS)]
        assert diverged == 0
    await gone(engine, set(before))
    await sandbox.close()
    await gone(engine)


async def test_an_engine_that_stays_away_is_said_to_be_gone(
    engine: Engine, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_module, "RESTART", 1.0)
    sandbox = DockerSandbox(image, LIMITS, containers=1)
    await sandbox.warm()
    await asyncio.to_thread(engine.kill)
    with pytest.raises(SetupError, match=r"engine is gone since 1 s .*docker/engine\.sh"):
        await Notebook(sandbox, "tree").execute((), "1 + 1")
    await asyncio.to_thread(engine.start)
    monkeypatch.setattr(docker_module, "RESTART", 200.0)
    assert (await Notebook(sandbox, "tree").execute((), "1 + 1")).output == "2\n"
    await sandbox.close()
    await gone(engine)
