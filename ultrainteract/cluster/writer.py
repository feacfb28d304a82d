"""The one process that writes a run's journal: effects that arrive together share a commit."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

import ray

from ultrainteract.cluster.actors import ask
from ultrainteract.errors import JournalFault
from ultrainteract.journal import Effect, Journal, WriterLock

T = TypeVar("T")


class GroupCommit:
    """Commits what is waiting as one transaction, then what came meanwhile as the next."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: list[tuple[Effect, asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def record(self, effect: Effect) -> None:
        """Returns once the effect is on disk. Raises `JournalFault`."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((effect, done))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())
        await done

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            fault = None
            try:
                await asyncio.to_thread(self._journal.record, [effect for effect, _ in batch])
            except JournalFault as error:
                fault = error
            for _, done in batch:
                # The worker that waited may be gone.
                if done.cancelled():
                    continue
                if fault:
                    done.set_exception(fault)
                else:
                    done.set_result(None)


NAME = "journal-writer"


class JournalWriter:
    """The journal as an actor. It may restart: recording twice is recording once."""

    def __init__(self, folder: str) -> None:
        self._lock = WriterLock(Path(folder))
        self._journal = Journal(Path(folder))
        self._commits = GroupCommit(self._journal)
        # Readers have a connection of their own, so that they see committed effects only.
        self._reader = Journal(Path(folder), readonly=True)

    async def effects(self, tree: str) -> dict[tuple[str, str], bytes]:
        """Everything recorded for a tree."""
        return self._reader.effects(tree)

    async def record(self, effect: Effect) -> None:
        """Returns once it is on disk."""
        await self._commits.record(effect)

    async def end(self, tree: str, stop: str) -> None:
        """A tree was grown to its end."""
        await asyncio.to_thread(self._journal.end, tree, stop)

    async def close(self) -> None:
        """Let go of the file."""
        self._journal.close()
        self._reader.close()
        self._lock.release()


class RemoteJournal:
    """The writer of this Ray job, as a worker sees it; a lost writer is a `JournalFault`.

    Found by name: an actor that takes a handle as an argument cannot be restarted safely.
    """

    def __init__(self) -> None:
        # Ray's handles have no attributes that a type checker could know.
        self._actor: Any = ray.get_actor(NAME)

    async def effects(self, tree: str) -> dict[tuple[str, str], bytes]:
        """Everything recorded for a tree."""
        known: dict[tuple[str, str], bytes] = await self._ask(self._actor.effects.remote(tree))
        return known

    async def record(self, effect: Effect) -> None:
        """Returns once it is on disk."""
        await self._ask(self._actor.record.remote(effect))

    async def end(self, tree: str, stop: str) -> None:
        """A tree was grown to its end."""
        await self._ask(self._actor.end.remote(tree, stop))

    @staticmethod
    async def _ask(answer: Awaitable[T]) -> T:
        return await ask("journal writer", JournalFault, answer)
