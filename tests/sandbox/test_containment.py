"""What a container is allowed, as the engine tells it; and which ones are never made."""

import asyncio
import json
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

import docker
from tests.sandbox.conftest import LIMITS, ran
from ultrainteract.config import PaceConfig
from ultrainteract.errors import SandboxFault, SetupError
from ultrainteract.sandbox.backends import make_sandbox
from ultrainteract.sandbox.docker import LABEL, DockerSandbox, owner
from ultrainteract.sandbox.engine import labelled, probe_engine, seccomp
from ultrainteract.sandbox.tools import HostTool, ToolError
from ultrainteract.types import ExecResult, Limits, Outcome

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(image: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DockerSandbox]:
    """A sandbox of two, by a user whose Docker client knows a proxy."""
    proxies = {"proxies": {"default": {"httpProxy": "http://user:secret@proxy:1"}}}
    folder = tmp_path_factory.mktemp("docker")
    (folder / "config.json").write_text(json.dumps(proxies))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOCKER_CONFIG", str(folder))
        made = DockerSandbox(image, LIMITS, containers=2)
        yield made
        await made.close()


async def test_a_container_has_what_it_needs_and_no_more(box: DockerSandbox) -> None:
    await box.warm()
    engine = docker.from_env()
    labels = (f"{LABEL}={owner(os.getpid())}", f"{LABEL}.sandbox={box._token}")
    mine = labelled(engine, *labels)
    host, config = mine[0].attrs["HostConfig"], mine[0].attrs["Config"]
    slots = min(8, engine.info()["NCPU"])
    engine.close()
    assert len(mine) == 2
    assert host["NetworkMode"] == "none"
    assert host["IpcMode"] == "private"
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert not host["Binds"]
    assert host["CapDrop"] == ["ALL"]
    assert {name.removeprefix("CAP_") for name in host["CapAdd"]} == {"SETUID", "SETGID", "KILL"}
    assert host["SecurityOpt"] == ["no-new-privileges", f"seccomp={seccomp()}"]
    assert host["OomScoreAdj"] == 500
    assert host["Memory"] == host["MemorySwap"] == (512 + (slots + 1) * 512) * 2**20
    assert {limit["Name"]: limit["Hard"] for limit in host["Ulimits"]} == {
        "core": 0,
        "nofile": 8192,
    }
    assert config["Hostname"] == "sandbox"
    assert not [word for word in config["Env"] if "proxy" in word.lower()]


async def test_cells_go_before_kernels_when_memory_runs_out(box: DockerSandbox) -> None:
    read = "open('/proc/{}/oom_score_adj').read().strip()"
    code = f"int({read.format('self')}), int({read.format(1)})"
    assert (await ran(box, code)).output == "(1000, 500)\n"


async def test_roots_of_one_seed_differ_by_user_and_run_at_once(box: DockerSandbox) -> None:
    inner = await box.root("tree")

    async def ask(code: str) -> str:
        result, _ = await inner.run(code)
        if result.outcome is not Outcome.OK:
            raise ToolError(result.output)
        return result.output

    outer = await box.root("tree", [HostTool(ask)])
    code = "import os\nint(ask('import os; os.getuid()')) != os.getuid(), ask(code='6 * 7')"
    async with asyncio.timeout(180):
        results = await asyncio.gather(*(outer.run(code) for _ in range(4)))
    assert [result for result, _ in results] == [ExecResult(Outcome.OK, "(True, '42\\n')\n")] * 4


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("look()", "TypeError: look(word: str): missing a required argument: 'word'"),
        ("look(3)", "TypeError: look(word: str): word: Input should be a valid string"),
        ("look('x')", "RuntimeError: no page 'x'"),
    ],
)
async def test_a_cell_that_calls_wrongly_gets_the_error(
    box: DockerSandbox, call: str, error: str
) -> None:
    async def look(word: str) -> str:
        raise ToolError(f"no page {word!r}")

    result, _ = await (await box.root("tree", [HostTool(look)])).run(call)
    assert result.outcome is Outcome.EXCEPTION
    assert result.output.splitlines()[-1] == error


async def test_a_tool_that_breaks_is_no_output(box: DockerSandbox) -> None:
    async def look() -> str:
        raise KeyError("index")

    cell = await box.root("tree", [HostTool(look)])
    with pytest.raises(SandboxFault, match="look failed: KeyError: 'index'"):
        await cell.run("try: look()\nexcept BaseException: print('hidden')")
    assert (await cell.run("1 + 1"))[0].output == "2\n"


async def test_a_runtime_that_the_engine_lacks_is_named(image: str) -> None:
    pace = PaceConfig(image=image, runtime="no-such-runtime")
    expected = r"no runtime 'no-such-runtime', only .*runc.*pace\.runtime"
    with pytest.raises(SetupError, match=expected):
        await probe_engine(pace.runtime)
    box = make_sandbox(LIMITS, pace)
    for ask in (box.warm(), box.root("tree")):
        with pytest.raises(SetupError, match=expected):
            await ask
    await box.close()


async def test_containers_are_bounded_by_the_hosts_memory(image: str) -> None:
    box = DockerSandbox(image, Limits(memory_mb=2**24), containers=2)
    with pytest.raises(SetupError, match=r"may take \d+ MiB, .* host has \d+ MiB; lower sandbox"):
        await box.root("tree")
    await box.close()
    engine = docker.from_env()
    room = engine.info()["MemTotal"] >> 20
    slots = min(8, engine.info()["NCPU"])
    engine.close()
    box = DockerSandbox(image, Limits(memory_mb=(room - 600) // (slots + 1)), containers=9)
    await box.warm()
    assert box.containers == 1
    await box.close()
