"""A replica's life, with small HTTP servers for most of it and real vLLM at the end."""

import asyncio
import importlib.util
import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.errors import ModelFault, SetupError
from ultrainteract.resources import default_cache
from ultrainteract.sampling.replica import Replica
from ultrainteract.sampling.vllm_command import Command, vllm_command
from ultrainteract.sampling.weights import ensure_weights

# /health is 503 until it was asked `sick` times; a grandchild in the group lives along.
SERVER = """
import http.server, subprocess, sys
port, sick = int(sys.argv[1]), int(sys.argv[2])

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global sick
        self.send_response(503 if sick > 0 else 200)
        self.end_headers()
        sick -= 1

subprocess.Popen(["sleep", "300"])
print("ready to serve", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Health).serve_forever()
"""
WAIT_SECONDS = 120


def server(port: int, sick: int = 0) -> Command:
    return Command([sys.executable, "-c", SERVER, str(port), str(sick)], {})


def shell(script: str, port: int) -> Command:
    return Command(["sh", "-c", script, str(port)], {"FROM_COMMAND": "yes"})


def session(pid: int | None) -> set[int]:
    """The living processes of the session that a replica's keeper leads."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if os.getsid(int(entry.name)) == pid and state != "Z":
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


@asynccontextmanager
async def living(replica: Replica) -> AsyncIterator[Replica]:
    """Stopped even where a test fails."""
    try:
        yield replica
    finally:
        await replica.stop()


async def emptied(pid: int | None) -> bool:
    """Whether the session ends; the kernel clears up a moment after the exit."""
    until = time.monotonic() + WAIT_SECONDS
    while session(pid) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # no event tells of another's children
    return not session(pid)


async def test_a_started_server_answers_and_a_stopped_one_leaves_nothing(tmp_path: Path) -> None:
    replica = Replica("small", partial(server, sick=2), tmp_path / "logs" / "small.log")
    await replica.start()
    pid = replica.pid
    # The guard, the keeper, the server and its child.
    assert len(session(pid)) == 4
    async with aiohttp.ClientSession() as client, client.get(replica.base_url) as reply:
        assert reply.status == 200
    await replica.stop()
    await replica.stop()
    assert await emptied(pid)
    assert replica.pid is None


async def test_a_server_that_is_stopped_is_silent_and_one_that_answers_is_not(
    tmp_path: Path,
) -> None:
    async with living(Replica("small", server, tmp_path / "small.log")) as replica:
        await replica.start()
        for seconds in (1, 4, 16, 64):
            listening = asyncio.create_task(replica.silent(seconds))
            await asyncio.sleep(1.3 * seconds)
            # On a machine with other work it may have answered nothing for so long.
            if not listening.done():
                break
        assert not listening.done()
        for pid in session(replica.pid) - {replica.pid}:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                assert f"answered nothing for {seconds} s" in await listening
        finally:
            for pid in session(replica.pid) - {replica.pid}:
                os.kill(pid, signal.SIGCONT)


async def test_a_server_that_dies_at_the_start_is_shown_by_the_end_of_its_log(
    tmp_path: Path,
) -> None:
    script = "seq 1 100; echo no memory for $FROM_COMMAND >&2; exit 3"
    replica = Replica("small", partial(shell, script), tmp_path / "small.log")
    with pytest.raises(SetupError) as caught:
        await replica.start()
    message = str(caught.value)
    assert "'small' ended with status 3" in message
    assert "no memory for yes" in message
    assert str(tmp_path / "small.log") in message
    assert "\n  100\n" in message
    assert "\n  50\n" not in message
    assert replica.pid is None


async def test_only_the_log_of_this_start_is_shown(tmp_path: Path) -> None:
    (tmp_path / "small.log").write_text("of an earlier start\n")
    replica = Replica("small", partial(shell, "exit 1"), tmp_path / "small.log")
    with pytest.raises(SetupError, match="it printed nothing"):
        await replica.start()


async def test_a_server_that_never_gets_healthy_is_ended(tmp_path: Path) -> None:
    pids: list[int | None] = []
    replica = Replica(
        "small", partial(server, sick=10**6), tmp_path / "small.log", start_seconds=1.0
    )
    watch = asyncio.create_task(_note_pid(replica, pids))
    with pytest.raises(SetupError, match=r"not healthy within 1 s \(serve.start_seconds\)"):
        await replica.start()
    await watch
    assert await emptied(pids[0])


async def test_a_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    pids: list[int | None] = []
    replica = Replica("small", partial(server, sick=10**6), tmp_path / "small.log")
    watch = asyncio.create_task(_note_pid(replica, pids))
    start = asyncio.create_task(replica.start())
    await watch
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert await emptied(pids[0])


async def _note_pid(replica: Replica, pids: list[int | None]) -> None:
    while replica.pid is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    pids.append(replica.pid)


async def test_a_death_is_noticed_and_a_restart_serves_again(tmp_path: Path) -> None:
    async with living(Replica("small", server, tmp_path / "small.log")) as replica:
        await replica.start()
        first = replica.pid
        assert first is not None
        kept = {pid for pid in session(first) if b"keeper.py" not in cmdline(pid)}
        (serving,) = (pid for pid in kept if b"serve_forever" in cmdline(pid))
        os.kill(serving, signal.SIGKILL)
        assert "ended with status 137" in await replica.died()
        await replica.restart()
        assert replica.pid != first
        assert await emptied(first)
        async with aiohttp.ClientSession() as client, client.get(replica.base_url) as reply:
            assert reply.status == 200


async def test_a_restart_that_fails_is_a_fault_of_the_model(tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/once && exit 4; touch {tmp_path}/once; exec {sys.executable}"
    script += f" -m http.server --directory {tmp_path} --bind 127.0.0.1 $0"
    (tmp_path / "health").write_text("")
    replica = Replica("small", partial(shell, script), tmp_path / "small.log")
    async with living(replica):
        await replica.start()
        with pytest.raises(ModelFault, match="ended with status 4"):
            await replica.restart()


async def test_a_killed_keeper_takes_its_server_along(tmp_path: Path) -> None:
    async with living(Replica("small", server, tmp_path / "small.log")) as replica:
        await replica.start()
        pid = replica.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert "ended with status -9" in await replica.died()
        assert await emptied(pid)


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


OWNER = """
import asyncio, sys
from functools import partial
from pathlib import Path
from ultrainteract.sampling.replica import Replica
{command}

async def main():
    replica = Replica("small", command, Path(sys.argv[1]))
    await replica.start()
    print(replica.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def dies_with_its_owner(command: str, log: Path) -> None:
    """Start a replica in another process, SIGKILL that process, look for what is left."""
    script = OWNER.format(command=textwrap.dedent(command))
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(log), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout
    pid = int(await owner.stdout.readline())
    assert len(session(pid)) >= 4
    owner.kill()
    await owner.wait()
    assert await emptied(pid)


async def test_nothing_survives_a_sigkill_of_the_owner(tmp_path: Path) -> None:
    command = """
        from ultrainteract.sampling.vllm_command import Command
        def command(port):
            return Command([sys.executable, "-c", {server!r}, str(port), "0"], {{}})
    """
    await dies_with_its_owner(
        textwrap.dedent(command).format(server=SERVER), tmp_path / "small.log"
    )


def test_it_works_in_a_loop_of_another_thread_and_of_uvloop(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")
    seen: list[str] = []

    async def live() -> None:
        replica = Replica("small", server, tmp_path / "small.log")
        await replica.start()
        await replica.restart()
        seen.append(replica.base_url)
        await replica.stop()

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(live())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen


TINY = ModelConfig(
    model="HuggingFaceTB/SmolLM2-135M-Instruct",
    weights="packaged",
    serve=ServeConfig(device="cpu", vllm_env={"VLLM_CPU_KVCACHE_SPACE": "1"}),
)
real = [
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed"),
]


@pytest.fixture(scope="module")
def tiny() -> Path:
    """The folder with the weights of a real, very small model."""
    return ensure_weights(TINY, default_cache(), print)


async def ask(replica: Replica) -> tuple[list[str], int]:
    body = {
        "model": TINY.model,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "n": 4,
        "seed": 3,
        "temperature": 1.0,
        "max_tokens": 24,
    }
    url = f"{replica.base_url}/chat/completions"
    async with aiohttp.ClientSession() as client, client.post(url, json=body) as reply:
        assert reply.status == 200, await reply.text()
        data = await reply.json()
    texts = [choice["message"]["content"] for choice in data["choices"]]
    return texts, data["usage"]["completion_tokens"]


class TestRealVLLM:
    pytestmark = real

    async def test_it_serves_dies_and_serves_again(self, tiny: Path, tmp_path: Path) -> None:
        made = Replica("tiny", partial(vllm_command, TINY, str(tiny)), tmp_path / "vllm.log")
        async with living(made) as replica:
            await replica.start()
            first = replica.pid
            texts, tokens = await ask(replica)
            assert len(texts) == 4
            assert len(set(texts)) > 1
            assert any("Paris" in text for text in texts)
            assert tokens <= 4 * 24
            workers = {pid for pid in session(first) if b"VLLM::" in cmdline(pid)}
            assert workers
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
            assert "ended with status" in await replica.died()
            await replica.restart()
            assert await emptied(first)
            second = replica.pid
            assert len((await ask(replica))[0]) == 4
        assert await emptied(second)

    async def test_nothing_survives_a_sigkill_of_the_owner(
        self, tiny: Path, tmp_path: Path
    ) -> None:
        command = f"""
            from ultrainteract.config import ModelConfig
            from ultrainteract.sampling.vllm_command import vllm_command
            model = ModelConfig.model_validate({TINY.model_dump()!r})
            command = partial(vllm_command, model, {str(tiny)!r})
        """
        await dies_with_its_owner(command, tmp_path / "vllm.log")
