"""A Docker engine killed in mid-run and started again: trees go on, nothing is graded by it.

The engine is a second one, with folders, socket and pid file of its own.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import docker
from tests.sandbox.conftest import LIMITS
from ultrainteract.errors import SetupError
from ultrainteract.sandbox import docker as docker_module
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.sandbox.engine import knock
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.types import ExecResult, Outcome

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.getuid() != 0, reason="only root may start an engine"),
    pytest.mark.skipif(not shutil.which("dockerd"), reason="there is no dockerd to start"),
]
TURNS = 6
ROOM = 4 * 2**30


class Engine:
    """A `dockerd` with its containerd, apart from any other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self._pids = (folder / "docker.pid", folder / "exec/containerd/containerd.pid")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        for file in self._pids:
            # What a killed engine left may name another process by now.
            file.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "dockerd",
                    *("--data-root", self.folder / "data", "--exec-root", self.folder / "exec"),
                    *("--host", self.host, "--pidfile", self._pids[0]),
                    *("--bridge", "none", "--iptables=false", "--ip-masq=false"),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """Both at once, as a machine that runs out of memory does."""
        assert self._process
        containerd = int(self._pids[1].read_text())
        self._process.kill()
        os.kill(containerd, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it, with what it mounted."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in mounts:
            if mount.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "--lazy", mount], check=True)

    def containers(self) -> list[str]:
        """The names of all containers, running or not."""
        client = docker.DockerClient(self.host)
        names = [str(one.name) for one in client.containers.list(all=True, ignore_removed=True)]
        client.close()
        return names

    def _answers(self) -> bool:
        with suppress(docker.errors.DockerException, OSError):
            knock(self.host)
            self.containers()
            return True
        return False


@pytest.fixture(scope="module")
def engine(image: str) -> Iterator[Engine]:
    """A second engine that has the sandbox image."""
    # An image of this size is written, read and removed several times faster in memory.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    with tempfile.TemporaryDirectory(prefix="ui-engine-", dir=memory if roomy else None) as folder:
        second = Engine(Path(folder))
        try:
            second.start()
            saved = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
            load = ["docker", "--host", second.host, "load"]
            subprocess.run(load, stdin=saved.stdout, check=True, capture_output=True)
            assert saved.stdout
            saved.stdout.close()
            assert saved.wait() == 0
            yield second
        finally:
            second.stop()


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


async def test_trees_go_on_when_the_engine_is_killed_and_started_again(
    engine: Engine, image: str
) -> None:
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
    await asyncio.sleep(2)
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
    assert not set(before) & set(engine.containers())
    await sandbox.close()
    assert engine.containers() == []


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
    assert (await Notebook(sandbox, "tree").execute((), "1 + 1")).output == "2\n"
    await sandbox.close()
    assert engine.containers() == []
