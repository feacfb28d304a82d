"""Effects with a memory: what a tree asked before is answered from the journal, else live.

A live effect is committed before the tree sees it. `replay` has the journal only: it rebuilds
trees for publishing and reading, and says when a record is missing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from pydantic import ValidationError

from ultrainteract.config import RunConfig
from ultrainteract.errors import Draining, JournalFault, UltraInteractError
from ultrainteract.grow import Effects, grow_tree, unwatched
from ultrainteract.journal import Effect, Journal
from ultrainteract.limits import BudgetConfig, LimitsConfig
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Claim, ExecResult, Instruction, Verdict, adapter, digest

T = TypeVar("T")


class Unrecorded(UltraInteractError):
    """A replay asked for an effect that the journal does not hold: the tree is unfinished."""


def sample_key(config: RunConfig, request: Request) -> str:
    """The journal's key of the reply to a request."""
    model = config.models[request.model]
    return digest([request.key(), model.kind, model.model, model.revision])


def execution_key(config: RunConfig, path: tuple[str, ...]) -> str:
    """The journal's key of the result of the last code of `path`."""
    return digest([config.seed, config.sandbox.limits(), *path])


def claim_key(claim: Claim) -> str:
    """The journal's key of the verdict on a claim."""
    return digest(claim)


class Gate(Protocol):
    """Says whether a new effect may start."""

    @property
    def draining(self) -> bool:
        """True once the run stops."""
        ...


class Recorder:
    """`Effects` of one tree, asked of the journal first."""

    def __init__(
        self,
        tree: str,
        config: RunConfig,
        known: Mapping[tuple[str, str], bytes],
        live: Effects,
        write: Callable[[Effect], Awaitable[bytes]],
        gate: Gate,
    ) -> None:
        """`write` returns once the effect is on disk, with what is recorded in its place: another
        worker that was taken for dead may have been first."""
        self._tree, self._config, self._known, self._live = tree, config, known, live
        self._write, self._gate = write, gate
        self._asked: dict[tuple[str, str], asyncio.Future[bytes]] = {}

    async def sample(self, request: Request) -> Reply:
        """Keyed by the request's content, its seed included, and by the model behind its name."""
        key = sample_key(self._config, request)
        return await self._ask(
            "sample", key, Reply, lambda: self._live.sample(request), request.model
        )

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """Keyed by the codes run so far and this one, the limits, and the run's seed."""
        key = execution_key(self._config, (*path, code))
        return await self._ask("execute", key, ExecResult, lambda: self._live.execute(path, code))

    async def judge(self, claim: Claim) -> Verdict:
        """Keyed by the claim."""
        return await self._ask("judge", claim_key(claim), Verdict, lambda: self._live.judge(claim))

    async def call(self, tool: str, argument: str, live: Callable[[], Awaitable[str]]) -> str:
        """A tool's answer, keyed by its argument: a program that runs again gets the same."""
        return await self._ask("tool", digest([tool, argument]), str, live)

    async def settle(self) -> None:
        """Wait until what is under way is recorded: a tree that failed leaves siblings behind."""
        if left := [answer for answer in self._asked.values() if not answer.done()]:
            await asyncio.gather(*left, return_exceptions=True)

    async def _ask(
        self, kind: str, key: str, value: type[T], live: Callable[[], Awaitable[T]], model: str = ""
    ) -> T:
        # Equal questions of one wave share one effect, or the second would see another answer.
        if (data := self._known.get((kind, key))) is None:
            if (asked := self._asked.get((kind, key))) is not None:
                data = await asyncio.shield(asked)
            else:
                data = await self._first(kind, key, value, live, model)
        # Read back even what is new: a live run sees exactly what a resumed one will see.
        return _parsed(self._tree, kind, value, data)

    async def _first(
        self, kind: str, key: str, value: type[T], live: Callable[[], Awaitable[T]], model: str
    ) -> bytes:
        # A future, not a task: most effects are asked for once, and a task costs more than many of
        # them do.
        answer = self._asked[kind, key] = asyncio.get_running_loop().create_future()
        try:
            data = await self._data(kind, key, value, live, model)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                answer.cancel()
            else:
                answer.set_exception(error)
                # Nobody else may have asked.
                answer.exception()
            raise
        answer.set_result(data)
        return data

    async def _data(
        self, kind: str, key: str, value: type[T], live: Callable[[], Awaitable[T]], model: str
    ) -> bytes:
        # A tool's call is part of an execution under way.
        if self._gate.draining and kind != "tool":
            raise Draining(f"tree {self._tree} stops before its next {kind}")
        started = time.monotonic()
        data = adapter(value).dump_json(await live())
        seconds = time.monotonic() - started
        return await self._write(Effect(self._tree, kind, key, data, model, seconds))


class Recorded:
    """`Effects` of one tree out of its record alone."""

    def __init__(
        self, tree: str, config: RunConfig, known: Mapping[tuple[str, str], bytes]
    ) -> None:
        self._tree, self._config, self._known = tree, config, known

    async def sample(self, request: Request) -> Reply:
        """The recorded reply."""
        return self._read("sample", sample_key(self._config, request), Reply)

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """The recorded result."""
        return self._read("execute", execution_key(self._config, (*path, code)), ExecResult)

    async def judge(self, claim: Claim) -> Verdict:
        """The recorded verdict."""
        return self._read("judge", claim_key(claim), Verdict)

    def _read(self, kind: str, key: str, value: type[T]) -> T:
        if (data := self._known.get((kind, key))) is None:
            raise Unrecorded(f"tree {self._tree} has no {kind} {key} in its record")
        return _parsed(self._tree, kind, value, data)


def _parsed(tree: str, kind: str, value: type[T], data: bytes) -> T:
    try:
        return adapter(value).validate_json(data)
    except ValidationError as error:
        what = (
            f"the journal is damaged, or of another version of ultrainteract: its {kind} record of "
            f"tree {tree} is unreadable"
        )
        raise JournalFault(f"{what}: {type(error).__name__}: {error}") from error


def _as_it_is(effects: Effects) -> Effects:
    return effects


async def replay(
    journal: Journal,
    instruction: Instruction,
    config: RunConfig,
    through: Callable[[Effects], Effects] = _as_it_is,
    watch: Callable[[PreferenceTree], None] = unwatched,
) -> PreferenceTree:
    """A tree as its record tells it. Raises `Unrecorded` for one that is unfinished.

    The tree sees the record `through` what is given; `watch` gets it while it is bare, and so
    has what there is of an unfinished one. One that stopped at a limit of its own stops at the
    same place, whatever the limits are now.
    """
    limits = LimitsConfig(calls=journal.cut_after(instruction.id))
    if limits != config.budget.tree:
        config = config.model_copy(update={"budget": BudgetConfig(tree=limits)})
    known = journal.effects(instruction.id)
    recorded = Recorded(instruction.id, config, known)
    return await grow_tree(instruction, config, through(recorded), watch)
