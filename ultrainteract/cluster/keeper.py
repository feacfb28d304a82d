"""The journal's writer of a run, kept going.

One that dies is started again by Ray. One that lives and says nothing, because its process is
stopped or its disk hangs, is killed here, so that Ray starts it again: what it had not committed
nobody has seen, and calls that it did not answer are made again. One that does not come back even
then ends the run.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ultrainteract.budget import price_table, run_limits
from ultrainteract.cluster.actors import LASTING, ask, start
from ultrainteract.cluster.writer import NAME, JournalWriter
from ultrainteract.config import RunConfig
from ultrainteract.errors import JournalFault

# Seconds between an answer and the next question, at most.
_LOOK = 5.0
# Seconds that a new writer may take: longer than it waits for the one before it to end.
_START = 120.0
# Of a wait: a driver that was stopped itself finds one of them over, not all.
_SLICES = 20


@contextlib.asynccontextmanager
async def journal_writer(
    folder: Path, config: RunConfig, say: Callable[[str], None]
) -> AsyncIterator["asyncio.Task[str]"]:
    """The writer beside this process. Yields a task that ends, with why, when it is lost for good.

    `say` is told, too, when it is killed for its silence and when it is back.
    """
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    writer = start(
        JournalWriter,
        {**LASTING, "name": NAME, "scheduling_strategy": here, "max_concurrency": 1000},
        str(folder),
        run_limits(config.budget),
        price_table(config),
    )
    watching = asyncio.create_task(
        _watch(writer.pulse.remote, folder, config.pace.writer_seconds, say)
    )
    try:
        yield watching
    finally:
        watching.cancel()
        ray.kill(writer)


async def unless(lost: "asyncio.Task[str]", growing: Coroutine[Any, Any, None]) -> str:
    """Run `growing` to its end, or until the writer is `lost`: returns why, or nothing."""
    task = asyncio.create_task(growing)
    try:
        await asyncio.wait({task, lost}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return ""
        return lost.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch(
    pulse: Callable[[], Awaitable[int]], folder: Path, seconds: float, say: Callable[[str], None]
) -> str:
    process, patience = 0, _START
    while True:
        asked = asyncio.create_task(_answer(pulse))
        try:
            if not await _comes(asked, patience):
                if process:
                    say(
                        f"NOTICE: the journal's writer (process {process}) has said nothing for "
                        f"{seconds:g} s: it is killed and started again; nothing recorded is lost"
                    )
                    _kill(process)
                if not (process and await _comes(asked, _START)):
                    return _lost(folder)
                say("NOTICE: the journal's writer is back")
        finally:
            asked.cancel()
        process, patience = asked.result() or process, seconds
        await asyncio.sleep(min(_LOOK, seconds / 2))


async def _answer(pulse: Callable[[], Awaitable[int]]) -> int:
    """Its process id; 0 where it died for good: whoever records hears why."""
    with contextlib.suppress(JournalFault):
        return await ask("journal writer", JournalFault, pulse())
    return 0


async def _comes(answer: "asyncio.Task[int]", seconds: float) -> bool:
    for _ in range(_SLICES):
        await asyncio.wait({answer}, timeout=seconds / _SLICES)
        if answer.done():
            return True
    return False


def _kill(process: int) -> None:
    with contextlib.suppress(OSError):
        # Ray may have started another meanwhile, and the number may be anyone's.
        if JournalWriter.__name__ in Path(f"/proc/{process}/cmdline").read_text():
            os.kill(process, signal.SIGKILL)


def _lost(folder: Path) -> str:
    return (
        f"the journal's writer gives no answer and does not start again within {_START:g} s: does "
        f"the disk of {folder} answer? Nothing recorded is lost; the same command goes on"
    )
