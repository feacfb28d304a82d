"""A TreeWorker grows many trees at once in one process: models, sandbox and graders are shared."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ultrainteract.cluster.writer import RemoteJournal
from ultrainteract.config import RunConfig
from ultrainteract.environment import load_environment
from ultrainteract.errors import Draining, Fault, JournalFault, SetupError
from ultrainteract.grow import grow_tree
from ultrainteract.live import LiveEffects
from ultrainteract.recorder import Recorder, execution_key
from ultrainteract.sampling.base import Sampler
from ultrainteract.sampling.sampler import EndpointSampler
from ultrainteract.sampling.scripted import ScriptedSampler
from ultrainteract.sandbox.backends import make_sandbox
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.search.searcher import Searcher
from ultrainteract.seeds import load_plugin
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import ExecResult, Instruction, Judgement, adapter, digest
from ultrainteract.verify.pool import Grader

log = logging.getLogger(__name__)
Remember: TypeAlias = Callable[[str, str, Callable[[], Awaitable[str]]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs to know; the same for all workers of a run."""

    config: RunConfig
    endpoints: dict[str, tuple[str, ...]]
    """Base URLs by model name."""
    plugins: tuple[str, ...]
    uses_code: bool
    logs: str


@dataclass(frozen=True, slots=True)
class TreeReport:
    """How growing one tree went. `stop` is empty when it did not end: then `trouble` says why,
    `fatal` that no other tree would fare better, `drained` that the run was asked to stop.
    `diverged` counts executions that were repeated and gave another result than recorded."""

    tree: str
    stop: str = ""
    turns: int = 0
    pairs: int = 0
    correct: int = 0
    nodes: int = 0
    lost: int = 0
    diverged: int = 0
    trouble: str = ""
    fatal: bool = False
    drained: bool = False


class TreeWorker:
    """An asyncio actor. It may restart: its trees are then replayed from the journal."""

    def __init__(self, number: int, work: Work) -> None:
        _log_to(Path(work.logs) / f"worker-{number}.log")
        self._work = work
        self._journal = RemoteJournal()
        self.draining = False
        for plugin in work.plugins:
            load_plugin(Path(plugin))
        config = work.config
        self._sandbox = (
            make_sandbox(config.sandbox.limits(), config.pace) if work.uses_code else None
        )
        self._warming: asyncio.Task[None] | None = None
        self._grader = Grader(config.pace.graders)
        self._searcher = Searcher(config.search)
        self._notices: asyncio.Queue[str] = asyncio.Queue()
        self._samplers = _samplers(work, self._notices.put_nowait)

    async def notice(self) -> str:
        """Returns when there is something that the user should hear now."""
        return await self._notices.get()

    async def drain(self) -> None:
        """Start no new effect; what is under way is still recorded."""
        self.draining = True
        for replicas in self._samplers.values():
            await asyncio.gather(*(sampler.drain() for sampler in replicas))

    async def grow(self, instruction: Instruction) -> TreeReport:
        """One tree, from the journal's record and then live. Reports faults, raises none."""
        try:
            tree, diverged = await self._grow(instruction)
        except Draining as stopped:
            return TreeReport(instruction.id, trouble=str(stopped), drained=True)
        except (Fault, SetupError) as fault:
            log.exception("tree %s", instruction.id)
            fatal = isinstance(fault, JournalFault | SetupError)
            trouble = f"{type(fault).__name__}: {fault}"
            return TreeReport(instruction.id, trouble=trouble, fatal=fatal)
        return _report(tree, diverged)

    def _warm(self) -> None:
        """Containers start while the first actions are sampled."""
        if self._sandbox and self._warming is None:
            self._warming = asyncio.ensure_future(self._sandbox.warm())
            # Whoever needs a container meets its error again.
            self._warming.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _grow(self, instruction: Instruction) -> tuple[PreferenceTree, int]:
        self._warm()
        known = await self._journal.effects(instruction.id)
        seed = digest([self._work.config.seed, instruction.id])
        recorded = _recorded_results(self._work.config, known)
        # The recorder is made below, of what is made of these.
        tools = self._tools(instruction, lambda *call: recorder.call(*call))  # noqa: PLW0108
        notebook = Notebook(self._sandbox, seed, recorded, tools) if self._sandbox else None
        place = int(instruction.id, 16)
        samplers = {
            name: replicas[place % len(replicas)] for name, replicas in self._samplers.items()
        }
        live = LiveEffects(samplers, self._sandbox, notebook, self._grader, instruction.id)
        recorder = Recorder(
            instruction.id, self._work.config, known, live, self._journal.record, self
        )
        try:
            tree = await grow_tree(instruction, self._work.config, recorder)
        finally:
            await recorder.settle()
            if notebook:
                await notebook.close()
        await self._journal.end(tree.instruction.id, str(tree.stop))
        return tree, notebook.diverged if notebook else 0

    def _tools(self, instruction: Instruction, call: Remember) -> tuple[HostTool, ...]:
        """What the environment offers to code besides Python, each answer remembered."""
        offered = {tool.name for tool in load_environment(instruction.environment).tools}
        if "wikipedia_search" not in offered:
            return ()
        search = self._searcher.tool(instruction.meta.get("context", ""))

        async def wikipedia_search(query: str) -> str:
            return await call("wikipedia_search", query, partial(search, query))

        return (HostTool(wikipedia_search),)

    async def close(self) -> None:
        """Leave no container, no grader process, no connection behind."""
        for replicas in self._samplers.values():
            await asyncio.gather(*(sampler.close() for sampler in replicas))
        await self._grader.close()
        await self._searcher.close()
        if self._sandbox:
            await self._sandbox.close()


def _samplers(work: Work, parked: Callable[[str], None]) -> dict[str, tuple[Sampler, ...]]:
    samplers: dict[str, tuple[Sampler, ...]] = {}
    for name in work.config.used_models():
        model = work.config.models[name]
        if model.kind == "scripted":
            samplers[name] = (ScriptedSampler(name, model),)
        else:
            samplers[name] = tuple(
                EndpointSampler(name, model, url, partial(_tell_parked, parked, name, url))
                for url in work.endpoints[name]
            )
    return samplers


def _tell_parked(parked: Callable[[str], None], name: str, url: str, reason: str) -> None:
    text = f"model {name!r} at {url} is gone ({reason}): its requests wait until it is back"
    log.warning(text)
    parked(text)


def _report(tree: PreferenceTree, diverged: int) -> TreeReport:
    return TreeReport(
        tree.instruction.id,
        stop=str(tree.stop),
        turns=len(tree.turns),
        pairs=sum(1 for _ in tree.pairs()),
        correct=sum(1 for _ in tree.with_verdict(Judgement.CORRECT)),
        nodes=len(tree.nodes),
        lost=sum(loss.samples for loss in tree.losses),
        diverged=diverged,
    )


def _recorded_results(
    config: RunConfig, known: Mapping[tuple[str, str], bytes]
) -> Callable[[tuple[str, ...]], ExecResult | None]:
    def recorded(path: tuple[str, ...]) -> ExecResult | None:
        data = known.get(("execute", execution_key(config, path)))
        return adapter(ExecResult).validate_json(data) if data else None

    return recorded


def _log_to(path: Path) -> None:
    """A file for each worker, where the run's folder can be reached from its node."""
    if path.parent.is_dir():
        handler = logging.FileHandler(path)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logging.getLogger("ultrainteract").addHandler(handler)
        logging.getLogger("ultrainteract").setLevel(logging.INFO)
