"""A path of codes names a state, however often the state is lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

import docker
from tests.sandbox.conftest import LIMITS
from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.base import NOTEBOOK, Cell, CellGone, Manner
from ultrainteract.sandbox.docker import LABEL, DockerSandbox
from ultrainteract.sandbox.engine import labelled
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import ExecResult, Outcome

PATH = ("import random; x = [random.random()]", "x.append(random.random())")


class TextCell:
    """A cell whose state is the text run so far; its sandbox breaks it on demand."""

    def __init__(self, box: "TextSandbox", state: str) -> None:
        self.box, self.state, self.closed = box, state, False
        box.opened.append(self)

    async def run(self, code: str, manner: Manner = NOTEBOOK) -> tuple[ExecResult, Cell]:
        if self.box.errors:
            raise self.box.errors.pop(0)
        self.box.runs += 1
        await asyncio.sleep(0)
        cell = TextCell(self.box, self.state + code)
        return ExecResult(Outcome.OK, cell.state), cell

    async def close(self) -> None:
        self.closed = True


class TextSandbox:
    """Implements `Sandbox` without any isolation."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.opened: list[TextCell] = []
        self.released: list[str] = []
        self.runs = 0

    async def root(self, seed: str, tools: Sequence[HostTool] = ()) -> Cell:
        return TextCell(self, "")

    async def release(self, seed: str) -> None:
        self.released.append(seed)

    async def close(self) -> None: ...


async def test_an_open_path_is_not_replayed() -> None:
    box = TextSandbox()
    notebook = Notebook(box, "s")
    await notebook.execute((), "a")
    await notebook.execute(("a",), "b")
    assert (await notebook.execute(("a", "b"), "c")).output == "abc"
    assert box.runs == 3


async def test_siblings_share_one_rebuilding_of_their_state() -> None:
    box = TextSandbox()
    notebook = Notebook(box, "s")
    results = await asyncio.gather(*(notebook.execute(("a", "b"), str(i)) for i in range(5)))
    assert [result.output for result in results] == [f"ab{i}" for i in range(5)]
    assert box.runs == 7


async def test_cells_beside_a_deeper_path_are_closed() -> None:
    box = TextSandbox()
    notebook = Notebook(box, "s")
    await asyncio.gather(*(notebook.execute((), code) for code in "abc"))
    await notebook.execute(("b",), "d")
    assert {cell.state for cell in box.opened if cell.closed} == {"a", "c"}


async def test_equal_codes_keep_one_cell() -> None:
    box = TextSandbox()
    notebook = Notebook(box, "s")
    await asyncio.gather(notebook.execute((), "a"), notebook.execute((), "a"))
    assert len([cell for cell in box.opened if cell.state == "a" and not cell.closed]) == 1


async def test_one_fault_rebuilds_and_the_second_is_raised() -> None:
    notebook = Notebook(TextSandbox(SandboxFault("one")), "s")
    assert (await notebook.execute(("a",), "b")).output == "ab"
    notebook = Notebook(TextSandbox(SandboxFault("one"), SandboxFault("two")), "s")
    with pytest.raises(SandboxFault, match="two"):
        await notebook.execute(("a",), "b")


async def test_an_eviction_is_no_fault() -> None:
    notebook = Notebook(TextSandbox(CellGone("one"), SandboxFault("two"), CellGone("three")), "s")
    assert (await notebook.execute(("a",), "b")).output == "ab"


async def test_a_closed_notebook_releases_its_seed() -> None:
    box = TextSandbox()
    notebook = Notebook(box, "s")
    await notebook.execute((), "a")
    await notebook.close()
    assert box.released == ["s"]


@pytest_asyncio.fixture
async def fragile(image: str) -> AsyncIterator[DockerSandbox]:
    box = DockerSandbox(image, LIMITS, containers=1)
    yield box
    await box.close()


@pytest.mark.docker
async def test_a_replayed_path_gives_the_same_state(fragile: DockerSandbox) -> None:
    first = Notebook(fragile, "seed")
    for depth in range(2):
        await first.execute(PATH[:depth], PATH[depth])
    seen = await first.execute(PATH, "x")
    await first.close()
    assert await Notebook(fragile, "seed").execute(PATH, "x") == seen
    assert await Notebook(fragile, "other").execute(PATH, "x") != seen


@pytest.mark.docker
async def test_a_container_killed_in_mid_run_is_rebuilt_with_the_same_state(
    fragile: DockerSandbox,
) -> None:
    notebook = Notebook(fragile, "seed")
    seen = await notebook.execute(PATH, "x")
    running = asyncio.ensure_future(notebook.execute(PATH, "import time; time.sleep(1)\nx"))
    await asyncio.sleep(0.3)
    engine = docker.from_env()
    for container in labelled(engine, f"{LABEL}.sandbox={fragile._token}"):
        container.kill()
    engine.close()
    assert await running == seen
    assert notebook.diverged == 0


@pytest.mark.docker
async def test_a_sibling_that_kills_everything_in_reach_costs_nobody_a_verdict(
    fragile: DockerSandbox,
) -> None:
    notebook = Notebook(fragile, "seed")
    seen = await notebook.execute(PATH, "x")
    killer = "import os, signal\nos.kill(-1, signal.SIGKILL)"
    codes = [killer, *["import time; time.sleep(0.3)\nx"] * 5]
    results = await asyncio.gather(*(notebook.execute(PATH, code) for code in codes))
    assert results[1:] == [seen] * 5


@pytest.mark.docker
async def test_more_trees_than_containers_take_turns(fragile: DockerSandbox) -> None:
    async def tree(number: int) -> str:
        notebook = Notebook(fragile, f"tree {number}")
        await notebook.execute((), f"x = {number}")
        result = await notebook.execute((f"x = {number}",), "x")
        await notebook.close()
        return result.output

    assert await asyncio.gather(*(tree(i) for i in range(30))) == [f"{i}\n" for i in range(30)]


@pytest.mark.docker
@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("f = open('big', 'wb')\nwhile True: f.write(b'x' * 2**20)", Outcome.EXCEPTION),
        ("f = open('/dev/shm/big', 'wb')\nwhile True: f.write(b'x' * 2**20)", Outcome.EXCEPTION),
        (
            (
                "import os, time\nfor _ in range(9):\n    if os.fork() == 0:\n"
                "        block = bytearray(400 * 2**20); time.sleep(600)\nos.wait(); os._exit(1)"
            ),
            Outcome.MEMORY,
        ),
    ],
)
async def test_a_program_that_fills_its_container_costs_the_container_alone(
    fragile: DockerSandbox, code: str, outcome: Outcome
) -> None:
    notebook = Notebook(fragile, "seed")
    seen = await notebook.execute(PATH, "x")
    killed = await notebook.execute(PATH, code)
    assert killed.outcome is outcome
    assert await notebook.execute(PATH, "x") == seen
    room = "import os; s = os.statvfs('.'); t = os.statvfs('/dev/shm')\n"
    result = await notebook.execute(PATH, room + "2 * s.f_bavail > s.f_blocks, t.f_bavail > 1000")
    assert result.output == "(True, True)\n"
