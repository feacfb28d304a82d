"""The one process that writes a run's journal: what arrives together shares a commit.

Effects are gathered twice: a worker sends what waits as one batch, and the writer commits the
batches that wait as one transaction.
"""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import ray
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from ultrainteract.budget import Prices, Till
from ultrainteract.cluster.actors import ask, settle_heap
from ultrainteract.errors import DiskFull, JournalFault, UltraInteractError, boundary
from ultrainteract.journal import Effect, End, Journal, Place
from ultrainteract.limits import UNLIMITED, LimitsConfig
from ultrainteract.locks import WriterLock
from ultrainteract.sampling.base import Reply
from ultrainteract.types import adapter

T = TypeVar("T")
NAME = "journal-writer"
# Seconds: little beside any model's reply, and a message and a commit for many effects, not a few.
_LINGER = 0.004
# Seconds between two looks whether a full disk has room again.
_LOOK = 0.5


@dataclass(slots=True)
class Batch:
    """What is committed together: effects, and trees that ended."""

    effects: list[Effect] = field(default_factory=list)
    ended: dict[str, End] = field(default_factory=dict)

    def add(self, other: "Batch") -> None:
        """Take in another."""
        self.effects += other.effects
        self.ended |= other.ended


class Commit(Protocol):
    """Brings a batch to disk."""

    async def __call__(self, batch: Batch) -> dict[Place, bytes]:
        """Returns what is recorded in place of what was there before."""
        ...


class Gathering:
    """Sends what waits as one batch through `commit`, then what came meanwhile as the next.

    `commit` returns what the journal holds in place of effects that were there already; before
    each one more is waited for, `linger` seconds.
    """

    def __init__(self, commit: Commit, linger: float = 0.0) -> None:
        self._commit, self._linger = commit, linger
        self._waiting = Batch()
        self._told: list[asyncio.Future[dict[Place, bytes]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def record(self, batch: Batch) -> dict[Place, bytes]:
        """Returns once it is on disk. Raises `JournalFault`."""
        self._waiting.add(batch)
        done: asyncio.Future[dict[Place, bytes]] = asyncio.get_running_loop().create_future()
        self._told.append(done)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        return await done

    async def _send(self) -> None:
        while self._told:
            if self._linger:
                await asyncio.sleep(self._linger)
            told = self._told
            batch, self._waiting, self._told = self._waiting, Batch(), []
            held: dict[Place, bytes] = {}
            fault: UltraInteractError | None = JournalFault("the journal was closed meanwhile")
            try:
                # Whatever fails: those who came meanwhile wait for this loop to go on.
                with boundary(JournalFault, "bring effects to the journal", Exception):
                    held, fault = await self._commit(batch), None
            except UltraInteractError as error:
                fault = error
            finally:
                for done in told:
                    # Whoever waited may be gone.
                    if done.cancelled():
                        continue
                    if fault:
                        done.set_exception(fault)
                    else:
                        done.set_result(held)


async def with_room(commit: Commit, say: Callable[[str], None], batch: Batch) -> dict[Place, bytes]:
    """`commit(batch)`, again and again while the disk is full; `say` is told once.

    The one retry layer for the journal: what was paid for waits in memory.
    """

    async def once() -> dict[Place, bytes]:
        return await commit(batch)

    def tell(state: RetryCallState) -> None:
        if state.attempt_number == 1 and state.outcome:
            say(f"{state.outcome.exception()}: work waits until there is room")

    waiting = AsyncRetrying(
        retry=retry_if_exception_type(DiskFull), wait=wait_fixed(_LOOK), before_sleep=tell
    )
    return await waiting(once)


class JournalWriter:
    """The journal as an actor. It may restart: recording twice is recording once."""

    def __init__(self, folder: str, limits: LimitsConfig, prices: Prices) -> None:
        self._lock = WriterLock(Path(folder))
        self._journal = Journal(Path(folder))
        # Nothing is counted where nothing limits.
        unlimited = limits == UNLIMITED
        self._till = None if unlimited else Till(limits, prices, self._journal.spent())
        self._gathering = Gathering(self._commit)
        # Readers have a connection of their own, so that they see committed effects only.
        self._reader = Journal(Path(folder), readonly=True)
        settle_heap()

    async def effects(self, tree: str) -> dict[tuple[str, str], bytes]:
        """Everything recorded for a tree."""
        return self._reader.effects(tree)

    async def record(self, batch: Batch) -> dict[Place, bytes]:
        """Returns once it is on disk, with what stands in place of what was there before."""
        return await self._gathering.record(batch)

    async def budget(self) -> str:
        """Which limit the recorded spending has reached, in words; empty while all are open."""
        return self._till.reached if self._till else ""

    async def pulse(self) -> int:
        """The id of its process, once what came before is on disk or has failed."""
        with contextlib.suppress(JournalFault):
            await self._gathering.record(Batch())
        return os.getpid()

    async def close(self) -> None:
        """Let go of the file."""
        self._journal.close()
        self._reader.close()
        self._lock.release()

    async def _commit(self, batch: Batch) -> dict[Place, bytes]:
        held = await asyncio.to_thread(self._recorded, batch)
        if self._till:
            for effect in batch.effects:
                if effect.kind == "sample":
                    self._till.pay(effect.model, adapter(Reply).validate_json(effect.data).usage)
        return held

    def _recorded(self, batch: Batch) -> dict[Place, bytes]:
        # SQLite writes on into a file that was removed, and nobody would ever find it.
        if not self._journal.path.exists():
            raise JournalFault(f"{self._journal.path} is gone: somebody removed or moved it")
        return self._journal.record(batch.effects, batch.ended)


class RemoteJournal:
    """The writer of this Ray job, as a worker sees it; a lost writer is a `JournalFault`.

    Found by name: an actor that takes a handle as an argument cannot be restarted safely.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` is told when the disk is full: what waits is recorded once there is room."""
        # Ray's handles have no attributes that a type checker could know.
        self._actor: Any = ray.get_actor(NAME)
        self._gathering = Gathering(partial(with_room, self._send, say), _LINGER)

    async def effects(self, tree: str) -> dict[tuple[str, str], bytes]:
        """Everything recorded for a tree."""
        known: dict[tuple[str, str], bytes] = await self._ask(self._actor.effects.remote(tree))
        return known

    async def record(self, effect: Effect) -> bytes:
        """Returns once it is on disk, with the data that is recorded: what came first stays."""
        held = await self._gathering.record(Batch([effect]))
        return held.get(effect.place, effect.data)

    async def end(self, tree: str, end: End) -> None:
        """A tree was grown to its end."""
        await self._gathering.record(Batch(ended={tree: end}))

    async def budget(self) -> str:
        """Which limit of the run is reached, in words; empty while all are open."""
        reached: str = await self._ask(self._actor.budget.remote())
        return reached

    async def _send(self, batch: Batch) -> dict[Place, bytes]:
        held: dict[Place, bytes] = await self._ask(self._actor.record.remote(batch))
        return held

    @staticmethod
    async def _ask(answer: Awaitable[T]) -> T:
        return await ask("journal writer", JournalFault, answer)
