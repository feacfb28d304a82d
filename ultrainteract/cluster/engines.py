"""Every model of a run, ready to be asked: vLLM servers started here, endpoints found elsewhere.

A server that gives up, or whose actor or node is lost, leaves while others of its model live, and
is started anew where GPUs are, `_STARTS` times in a row; the run ends only when a model has no
replica left and none can be started. `replicas.yaml` changes the replicas during a run.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import ray

from ultrainteract.cluster.actors import ask, start
from ultrainteract.cluster.engine import Engine
from ultrainteract.cluster.following import Following
from ultrainteract.cluster.roster import FILE, Replicas, Roster, wanted
from ultrainteract.cluster.served import Place, Served, dismiss, end, given_up, preflight
from ultrainteract.config import RunConfig
from ultrainteract.errors import ConfigError, SetupError, boundary

# Starts without so many good seconds between.
_STARTS, _LONG = 3, 600.0
_LOOK = 1.0
logger = logging.getLogger(__name__)


class Engines:
    """An asynchronous context manager; `endpoints` are base URLs and `origins` where weights came
    from, by model name. `changed` is told a model's base URLs when they change."""

    def __init__(
        self, config: RunConfig, folder: Path, say: Callable[[str], None], stop: asyncio.Event
    ) -> None:
        """`folder` is the run's. `stop`, set by the user, ends a start; set here when a model has
        no replica left, it ends the run: `trouble` then says why."""
        self._folder, self._logs, self._say, self._stop = folder, folder / "logs", say, stop
        self._served = {
            name: Served(name, model)
            for name in config.used_models()
            if (model := config.models[name]).kind != "scripted"
        }
        self._roster = Following(folder, say)
        self._watching: asyncio.Task[None] | None = None
        self.changed: Callable[[str, tuple[str, ...]], None] = lambda _name, _urls: None
        self.origins: dict[str, str] = {}
        self.trouble = ""

    @property
    def endpoints(self) -> dict[str, tuple[str, ...]]:
        """Base URLs by model name."""
        return {name: served.replicas for name, served in self._served.items()}

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(self.close)
            starting = asyncio.create_task(self._start_all())
            undo.callback(starting.cancel)
            stopped = asyncio.create_task(self._stop.wait())
            try:
                await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopped.cancel()
            if starting.done():
                starting.result()
                self._watching = asyncio.create_task(self._follow_roster())
            starting.cancel()
            undo.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop what was started here."""
        if self._watching:
            self._watching.cancel()
        places = [place for served in self._served.values() for place in served.places.values()]
        for place in places:
            if place.holding:
                place.holding.cancel()
        await asyncio.gather(*(end(place) for place in places))

    async def _start_all(self) -> None:
        roster = await self._roster.read()
        self._refuse_strangers(roster)
        plans = {
            name: wanted(one.model.serve, roster.get(name)) for name, one in self._served.items()
        }
        _refuse_without_gpus(
            sum((plan.count or 0) * self._served[name].gpus for name, plan in plans.items())
        )
        for name, plan in plans.items():
            served = self._served[name]
            served.urls = plan.urls or ()
            if plan.count:
                self._say(f"starting vLLM for model {name!r} ({self._logs}/{name}-0.log)")
            for number in range(plan.count or 0):
                served.places[number] = Place(number)
            await asyncio.gather(*(self._start(served, one) for one in served.places.values()))
            if not served.replicas:
                raise SetupError(f"model {name!r} has no replica: {self._folder / FILE} names none")
            await preflight(served, served.replicas)
        # Held only once all are there: what fails before ends the start.
        for served in self._served.values():
            for place in served.places.values():
                self._hold(served, place)

    async def _start(self, served: Served, place: Place) -> None:
        """Raises `SetupError`. Waits for GPUs as long as the cluster has as many."""
        place.actor = start(
            Engine,
            {"num_gpus": served.gpus, "num_cpus": 0},
            served.name,
            served.model,
            str(self._logs / f"{served.name}-{place.number}.log"),
        )
        what = f"engine of model {served.name!r}"
        asked: Any = place.actor.start.remote()
        place.url, origin = await ask(what, SetupError, asked)
        self.origins.setdefault(served.name, origin)

    def _hold(self, served: Served, place: Place) -> None:
        holding = place.holding = asyncio.create_task(self._keep(served, place))
        holding.add_done_callback(self._ended)

    def _ended(self, holding: asyncio.Task[None]) -> None:
        """What nobody foresaw ends the run: a place that nobody holds would never serve again."""
        if not holding.cancelled() and (error := holding.exception()):
            logger.error("a server is held no more", exc_info=error)
            self.trouble = f"a server is held no more: {type(error).__name__}: {error}"
            self._stop.set()

    async def _keep(self, served: Served, place: Place) -> None:
        """Start the server anew whenever its actor has given up, or is lost."""
        loop = asyncio.get_running_loop()
        starts, why, since = 0, "", loop.time()
        while place.url or starts < _STARTS:
            if place.url:
                why = await given_up(place)
                place.url = ""
                self._tell(served)
                left = len(served.replicas)
                self._say(f"NOTICE: a server of model {served.name!r} is lost, {left} left: {why}")
                starts = 0 if loop.time() - since > _LONG else starts
            starts += 1
            try:
                # Whatever fails, Ray included, is a start that failed.
                with boundary(SetupError, f"a server of model {served.name!r}", Exception):
                    await end(place)
                    await self._until_there_are_gpus(served)
                    await self._start(served, place)
            except SetupError as error:
                why, place.url = str(error), ""
                logger.warning("%s", why)
                continue
            since = loop.time()
            self._say(f"NOTICE: model {served.name!r} has a server at {place.url}")
            self._tell(served)
        del served.places[place.number]
        if served.replicas or served.places:
            self._say(f"NOTICE: model {served.name!r} goes on with a server less: {why}")
            return
        self.trouble = f"model {served.name!r} has no replica left: {why}"
        self._stop.set()

    async def _until_there_are_gpus(self, served: Served) -> None:
        told = False
        while self._gpus_claimed() > _gpus_there():
            if not served.replicas:
                raise SetupError("no node has the GPUs for it")
            if not told:
                self._say(f"NOTICE: a server of model {served.name!r} waits for GPUs")
                told = True
            await asyncio.sleep(_LOOK)

    def _gpus_claimed(self) -> int:
        return sum(len(one.places) * one.gpus for one in self._served.values())

    def _tell(self, served: Served) -> None:
        self.changed(served.name, served.replicas)

    def _refuse_strangers(self, roster: Roster) -> None:
        if strangers := roster.keys() - self._served.keys():
            raise ConfigError(
                f"{self._folder / FILE} names {', '.join(sorted(strangers))}; models with replicas "
                f"are {', '.join(sorted(self._served)) or 'none'}"
            )

    async def _follow_roster(self) -> None:
        async for roster in self._roster.changes():
            try:
                # Whatever fails: the next change is followed again.
                with boundary(ConfigError, f"cannot follow {self._folder / FILE}", Exception):
                    await self._become_as_listed(roster)
            except (ConfigError, SetupError) as error:
                logger.warning("%s", error, exc_info=error)
                self._say(f"NOTICE: {error}; until the file changes the replicas stay as they are")

    async def _become_as_listed(self, roster: Roster | ConfigError) -> None:
        if isinstance(roster, ConfigError):
            raise roster
        self._refuse_strangers(roster)
        for name, served in self._served.items():
            await self._become(served, wanted(served.model.serve, roster.get(name)))

    async def _become(self, served: Served, plan: Replicas) -> None:
        """Give one model the replicas of `plan`; one that does not answer well is left out."""
        before = served.replicas
        urls = [url for url in plan.urls or () if url in served.urls]
        for url in plan.urls or ():
            if url not in urls:
                try:
                    await preflight(served, (url,))
                    urls.append(url)
                except (ConfigError, SetupError) as error:
                    self._say(f"NOTICE: left out: {error}")
        count, places = plan.count or 0, served.places
        if not urls and not count:
            self._say(f"NOTICE: {FILE} names no replica of model {served.name!r}: it keeps its own")
            return
        served.urls = tuple(urls)
        free = (number for number in range(count + len(places)) if number not in places)
        for number in [next(free) for _ in range(count - len(places))]:
            place = places[number] = Place(number)
            self._hold(served, place)
        leavers = [places.pop(number) for number in sorted(places)[count:]]
        if served.replicas != before:
            listed = ", ".join(served.replicas) or "none yet"
            self._say(f"NOTICE: replicas of model {served.name!r} are now: {listed}")
            self._tell(served)
        await asyncio.gather(*(dismiss(served, place) for place in leavers))


def _gpus_there() -> int:
    return int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]


def _refuse_without_gpus(wanted: int) -> None:
    """Ray would wait for ever for GPUs that no node has."""
    if wanted > (there := _gpus_there()):
        raise SetupError(
            f"this configuration starts vLLM servers on {wanted} GPUs, this Ray has {there}: join "
            "a cluster that has them (--ray-address), lower replicas or tensor_parallel, name an "
            "endpoint that exists (serve.base_url), or use --config cpu"
        )
