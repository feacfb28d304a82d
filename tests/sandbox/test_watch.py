"""What the watch reads of processes. It kills in a sandbox alone: see test_bubblewrap."""

import asyncio
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.processes import descendants
from ultrainteract.sandbox import watch as watch_module
from ultrainteract.sandbox.watch import Watch, held, shared, sockets_open, space

MEGABYTE = 2**20


@contextmanager
def child(code: str) -> Iterator[int]:
    """A process that did what `code` says and waits."""
    program = f"{code}\nprint('ready', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.stdin.close()
        process.kill()


def test_private_memory_is_held_by_its_process() -> None:
    with child("x = b'x' * (64 * 2**20)") as pid:
        assert 64 * MEGABYTE < held(pid) <= space(pid)
        assert held(pid) < 128 * MEGABYTE


def test_memory_that_forks_share_counts_once() -> None:
    code = (
        "import os\nx = b'x' * (64 * 2**20)\nr, w = os.pipe()\n"
        "if os.fork() == 0: os.close(w), os.read(r, 1), os._exit(0)"
    )
    with child(code) as pid:
        family = [pid, *descendants(pid)]
        assert len(family) == 2
        assert 64 * MEGABYTE < sum(map(held, family)) < 128 * MEGABYTE
        assert sum(map(space, family)) > 128 * MEGABYTE


def test_shared_memory_that_no_process_has_mapped_in_is_found() -> None:
    code = "import mmap\nm = mmap.mmap(-1, 32 * 2**20)"
    with child(code) as pid:
        assert held(pid) < 32 * MEGABYTE
        assert 32 * MEGABYTE <= shared([pid, pid]) < 64 * MEGABYTE
    with mmap.mmap(-1, MEGABYTE):
        assert shared([os.getpid()]) >= MEGABYTE


def test_what_is_gone_holds_nothing() -> None:
    with child("") as pid:
        pass
    assert (space(pid), held(pid), shared([pid])) == (0, 0, 0)
    assert sockets_open() > 0


def test_limits_are_on_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other processes open and close theirs meanwhile.
    monkeypatch.setattr(watch_module, "sockets_open", lambda: 0)
    with child("x = b'x' * (64 * 2**20)") as one, child("x = b'x' * (64 * 2**20)") as other:

        def watch(memory: int, processes: int = 9) -> Watch:
            return Watch(memory * MEGABYTE, processes, {}, 0)

        assert not watch(400).exceeded([one, other])
        assert watch(100).exceeded([one, other])
        assert not watch(100).exceeded([one])
        assert watch(400, processes=1).exceeded([one, other])


def test_cells_that_wait_are_not_under_way() -> None:
    async def main() -> None:
        watch = Watch(1, 1, {}, zygote=os.getpid())
        assert os.getpid() not in watch.under_way()
        assert 1 not in watch.under_way()
        with child("") as pid:
            assert pid in watch.under_way()

    asyncio.run(main())
