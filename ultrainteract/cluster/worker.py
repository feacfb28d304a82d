"""A TreeWorker grows many trees at once in one process: models, sandbox and graders are shared."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ultrainteract.budget import run_limits
from ultrainteract.cluster.actors import settle_heap
from ultrainteract.cluster.backlog import Assignment
from ultrainteract.cluster.counted import Counted, Exporter
from ultrainteract.cluster.purse import Purse
from ultrainteract.cluster.rounds import Round, TreeReport, Work, count, report
from ultrainteract.cluster.supplies import MOST_TREES, Supplies
from ultrainteract.cluster.writer import RemoteJournal
from ultrainteract.config import RunConfig
from ultrainteract.environment import load_environment
from ultrainteract.errors import Draining, Fault, JournalFault, OutOfBudget, SetupError
from ultrainteract.grow import grow_tree
from ultrainteract.journal import End
from ultrainteract.limits import UNLIMITED
from ultrainteract.live import LiveEffects
from ultrainteract.recorder import Recorder, execution_key
from ultrainteract.report.snapshot import Count
from ultrainteract.sandbox.backends import make_sandbox
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.search.searcher import Searcher
from ultrainteract.seeds import load_plugin
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import ExecResult, Instruction, adapter, digest
from ultrainteract.verify.pool import Grader

log = logging.getLogger(__name__)
# Seconds: a worker is heard of at least that often; while trees wait, it looks for room that often;
# trees that end within that time are told together.
_HEARTBEAT = 10.0
_LOOK = 0.1
_LINGER = 0.02
Remember: TypeAlias = Callable[[str, str, Callable[[], Awaitable[str]]], Awaitable[str]]


class TreeWorker:
    """An asyncio actor. One that is lost is replaced: its trees are replayed from the journal."""

    def __init__(self, name: str, work: Work) -> None:
        _log_to(Path(work.logs) / f"worker-{name}.log")
        self._work = work
        self._journal = RemoteJournal(self._notice)
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
        self._growing: dict[str, asyncio.Task[None]] = {}
        self._reports: list[TreeReport] = []
        self._notices: list[str] = []
        self._news = asyncio.Event()
        self._supplies = Supplies(work, self._notice, _begin(work, self._journal))
        self._counts: Counter[Count] = Counter()
        self._exporter = Exporter()
        self._settled = False
        settle_heap()

    async def work(self, batch: Sequence[Assignment], waiting: int) -> Round:
        """Begin these trees, then tell what there is to tell; `waiting` counts further ones.

        Returns at once where there is room for more, after `_HEARTBEAT` seconds at the latest.
        """
        for one in batch:
            self._growing[one.tree] = asyncio.create_task(self._grow_reported(one))
        await self._something(waiting)
        reports, self._reports = self._reports, []
        notices, self._notices = self._notices, []
        if reports and not self._settled:
            # The first trees brought in what is imported when it is needed.
            settle_heap()
            self._settled = True
        counts, gauges = self._counted(reports), self._gauges()
        unfit = next((one.trouble for one in reports if one.unfit), "")
        return Round(tuple(reports), self._wants(), tuple(notices), counts, gauges, unfit)

    async def replicas(self, name: str, urls: tuple[str, ...]) -> None:
        """From now on a model has these."""
        await self._supplies[name].replicas(urls)

    async def drain(self) -> None:
        """Start no new effect; what is under way is still recorded."""
        self.draining = True
        await self._supplies.drain()

    def _notice(self, text: str) -> None:
        self._notices.append(text)
        self._news.set()

    def _counted(self, reports: Sequence[TreeReport]) -> Counter[Count]:
        """What there is to count since the last round; from here it goes to Prometheus as well."""
        for one in reports:
            count(one, self._counts)
        self._counts.update(self._supplies.retries())
        counts = self._counts.copy()
        # The same object all along: trees under way count in it.
        self._counts.clear()
        self._exporter.add(counts)
        return counts

    def _gauges(self) -> dict[Count, float]:
        gauges = {("trees_growing",): float(len(self._growing)), **self._supplies.gauges()}
        self._exporter.show(gauges)
        return gauges

    def _wants(self) -> int:
        """How many more trees would find room here."""
        limit = self._work.config.pace.trees_in_flight
        if limit is not None:
            return max(0, limit - len(self._growing))
        return max(0, min(MOST_TREES - len(self._growing), self._supplies.room()))

    async def _something(self, waiting: int) -> None:
        deadline = time.monotonic() + _HEARTBEAT
        while not self._news.is_set() and time.monotonic() < deadline:
            if waiting and self._wants():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK if waiting else _HEARTBEAT):
                    await self._news.wait()
        if self._growing:
            # Trees that end together are told together.
            await asyncio.sleep(_LINGER)
        self._news.clear()

    async def _grow_reported(self, one: Assignment) -> None:
        try:
            said = await self._grow_or_say_why(one)
            # Looked up after the wait: a round may have taken the list meanwhile.
            self._reports.append(said)
        finally:
            del self._growing[one.tree]
            self._news.set()

    async def _grow_or_say_why(self, one: Assignment) -> TreeReport:
        """From the journal's record and then live. Reports faults, raises none."""
        begun = time.monotonic()
        try:
            tree, diverged = await self._grow(one)
        except OutOfBudget as limit:
            return TreeReport(one.tree, trouble=str(limit), drained=True, limit=str(limit))
        except Draining as stopped:
            return TreeReport(one.tree, trouble=str(stopped), drained=True)
        except (Fault, SetupError) as fault:
            log.exception("tree %s", one.tree)
            trouble = f"{type(fault).__name__}: {fault}"
            fatal, unfit = isinstance(fault, JournalFault), isinstance(fault, SetupError)
            if unfit and not self.draining:
                self._notice(f"{trouble}: no more trees there; what is under way is recorded")
                await self.drain()
            return TreeReport(one.tree, trouble=trouble, fatal=fatal, unfit=unfit)
        # An environment or a plugin may raise anything, and its tree must be reported on.
        except Exception as error:
            log.exception("tree %s", one.tree)
            return TreeReport(one.tree, trouble=f"{type(error).__name__}: {error}")
        return report(tree, diverged, time.monotonic() - begun)

    def _warm(self) -> None:
        """Containers start while the first actions are sampled."""
        if self._sandbox and self._warming is None:
            self._warming = asyncio.ensure_future(self._sandbox.warm())
            # Whoever needs a container meets its error again.
            self._warming.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _grow(self, one: Assignment) -> tuple[PreferenceTree, int]:
        self._warm()
        instruction = one.instruction
        known = {} if one.fresh else await self._journal.effects(instruction.id)
        seed = digest([self._work.config.seed, instruction.id])
        recorded = _recorded_results(self._work.config, known)
        # The recorder is made below, of what is made of these.
        tools = self._tools(instruction, lambda *call: recorder.call(*call))  # noqa: PLW0108
        notebook = Notebook(self._sandbox, seed, recorded, tools) if self._sandbox else None
        samplers = {
            name: supply.lane(instruction.id, one.order) for name, supply in self._supplies.items()
        }
        live = LiveEffects(samplers, self._sandbox, notebook, self._grader, instruction.id)
        counted = Counted(live, self._counts)
        recorder = Recorder(
            instruction.id, self._work.config, known, counted, self._journal.record, self
        )
        try:
            tree = await grow_tree(instruction, self._work.config, recorder)
        finally:
            await recorder.settle()
            if notebook:
                await notebook.close()
        await self._journal.end(tree.instruction.id, End(str(tree.stop), tree.calls))
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
        await self._supplies.close()
        await self._grader.close()
        await self._searcher.close()
        if self._sandbox:
            await self._sandbox.close()


def _begin(work: Work, journal: RemoteJournal) -> Callable[[], Awaitable[None]] | None:
    """What each request awaits first; None without a limit, which would cost calls for nothing."""
    limits = run_limits(work.config.budget)
    return None if limits == UNLIMITED else Purse(journal.budget).begin


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
