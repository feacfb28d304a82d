"""The tree workers of a run: some on every node, replaced when lost, joined by those of new nodes.

A worker is asked for one round after the other: it gets trees, and tells what became of those it
had. One that dies, or that says nothing for `_SILENCE` seconds, is replaced, and what it held goes
to whoever asks next. One that finds something missing where it is gets no tree any more, and goes
once what it had under way is recorded. This module owns the one retry of a worker's start.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ultrainteract.cluster.actors import start
from ultrainteract.cluster.backlog import Backlog
from ultrainteract.cluster.chronicle import Chronicle
from ultrainteract.cluster.rounds import Round, TreeReport, Work
from ultrainteract.cluster.worker import TreeWorker
from ultrainteract.errors import Fault

log = logging.getLogger(__name__)
# Seconds without a word from a worker, several times its heartbeat.
_SILENCE = 120.0
_LOOK = 2.0
_FAREWELL = 60.0
# Workers lost in one place, one after the other, without a single round between them.
_LOSSES = 5


class Unfit(Fault):
    """A worker that can grow no tree where it is."""


@dataclass
class _Hand:
    """One worker as the driver sees it: the trees it holds, and what it said last."""

    # Ray's handles have no attributes that a type checker could know.
    actor: Any
    number: int
    node: str
    held: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """Those of them that it will not grow: it is `unfit`, for that reason."""
    unfit: str = ""
    heard: Round = field(default_factory=Round)
    rounds: int = 0


class Crew:
    """Grows a backlog. `report` gets each tree's end, `say` what the user should hear."""

    def __init__(
        self,
        backlog: Backlog,
        work: Work,
        report: Callable[[TreeReport], None],
        say: Callable[[str], None],
        chronicle: Chronicle,
    ) -> None:
        self._backlog, self._work, self._report, self._say = backlog, work, report, say
        self._chronicle = chronicle
        self._hands: dict[int, _Hand] = {}
        self._numbers = itertools.count()
        self._lanes: set[asyncio.Task[None]] = set()
        self._nodes: set[str] = set()
        self._stopping = False
        self.trouble = ""
        """Why the last place for a worker was given up."""

    async def run(self) -> None:
        """Until every tree was reported on, what was under way after `drain` has ended, or no
        node can hold a worker: then `trouble` says why."""
        await self._look_for_nodes()
        watching = asyncio.create_task(self._watch())
        try:
            while self._lanes:
                ended, _ = await asyncio.wait(self._lanes, return_when=asyncio.FIRST_COMPLETED)
                for lane in ended:
                    lane.result()
        finally:
            watching.cancel()
            for lane in self._lanes:
                lane.cancel()
            await asyncio.gather(watching, *self._lanes, return_exceptions=True)

    async def drain(self) -> None:
        """Hand out nothing any more; what is under way is recorded."""
        self._stopping = True
        self._backlog.wake()
        # One that is lost is told nothing; its lane finds out.
        calls = (hand.actor.drain.remote() for hand in self._hands.values())
        await asyncio.gather(*calls, return_exceptions=True)

    def replicas(self, name: str, urls: tuple[str, ...]) -> None:
        """From now on a model has these; one that is lost meanwhile is told nothing."""
        self._work = replace(self._work, endpoints={**self._work.endpoints, name: urls})
        for hand in self._hands.values():
            hand.actor.replicas.remote(name, urls)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            await self._look_for_nodes()

    async def _look_for_nodes(self) -> None:
        known, self._nodes = self._nodes, await asyncio.to_thread(_living_nodes)
        for node in self._nodes - known:
            if known:
                self._say(f"NOTICE: node {node[:8]} has joined")
            for _ in range(self._work.config.pace.workers):
                lane = asyncio.create_task(self._lane(node))
                self._lanes.add(lane)
                lane.add_done_callback(self._lanes.discard)
        for node in known - self._nodes:
            self._say(f"NOTICE: node {node[:8]} is gone: its trees go on elsewhere")

    async def _lane(self, node: str) -> None:
        """A place for a worker: until nothing is left to do, its node is gone, or none lasts."""
        losses = 0
        while losses < _LOSSES and not self._stopping and await _lives(node):
            number = next(self._numbers)
            hand = self._hands[number] = _start(node, number, self._work)
            try:
                while await self._round(hand):
                    hand.rounds += 1
            except Unfit as unfit:
                self._give_up(hand, f"node {node[:8]}: {unfit}", died=False)
                return
            except (ray.exceptions.RayError, TimeoutError) as error:
                losses = 0 if hand.rounds else losses + 1
                self._give_up(hand, f"tree worker {number}: {_words(error)}", died=True)
            else:
                await _dismiss(hand)
                return
            finally:
                del self._hands[number]
                self._chronicle.lost(number)
                _kill(hand)

    async def _round(self, hand: _Hand) -> bool:
        """One exchange with a worker; False when there is nothing left for it to do."""
        ending = self._stopping or hand.unfit
        batch = [] if ending else self._backlog.take(hand.heard.wants, len(self._hands))
        hand.held |= {one.tree for one in batch}
        waiting = 0 if ending else self._backlog.open
        if not hand.held and not waiting:
            if self._stopping or self._backlog.finished:
                return False
            await self._backlog.changed()
            return True
        asked: Awaitable[Round] = hand.actor.work.remote(batch, waiting)
        async with asyncio.timeout(_SILENCE):
            answer = await asked
        hand.heard = answer
        self._chronicle.told(hand.number, hand.node, answer)
        for notice in answer.notices:
            self._say(f"NOTICE: {notice}")
        hand.unfit = hand.unfit or answer.unfit
        for report in answer.reports:
            if hand.unfit and (report.unfit or (report.drained and not report.limit)):
                hand.left.add(report.tree)
                continue
            hand.held.discard(report.tree)
            # Trees of a worker that was taken for dead are another's by now.
            if self._backlog.done(report.tree):
                self._report(report)
        if hand.unfit and hand.held == hand.left:
            raise Unfit(hand.unfit)
        return True

    def _give_up(self, hand: _Hand, why: str, *, died: bool) -> None:
        log.warning("%s", why)
        self.trouble = why
        if not self._stopping:
            self._say(f"NOTICE: {why}: its {len(hand.held)} trees go on elsewhere")
        for one in self._backlog.lost(hand.held, died=died):
            trouble = f"the worker that grew it died {one.deaths} times"
            self._report(TreeReport(one.tree, trouble=trouble))


def _start(node: str, number: int, work: Work) -> _Hand:
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    options = {"num_cpus": 0, "max_concurrency": 16, "scheduling_strategy": here}
    return _Hand(start(TreeWorker, options, str(number), work), number, node)


async def _dismiss(hand: _Hand) -> None:
    with contextlib.suppress(ray.exceptions.RayError, TimeoutError):
        await asyncio.wait_for(hand.actor.close.remote(), _FAREWELL)


def _kill(hand: _Hand) -> None:
    with contextlib.suppress(ray.exceptions.RayError):
        ray.kill(hand.actor)


def _living_nodes() -> set[str]:
    """Ids of the nodes that have a processor."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return {one["NodeID"] for one in nodes if one["Alive"] and one["Resources"].get("CPU")}


async def _lives(node: str) -> bool:
    return node in await asyncio.to_thread(_living_nodes)


def _words(error: Exception) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else f"silent for {_SILENCE:g} s"
