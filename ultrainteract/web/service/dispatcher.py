"""The queue: which run goes when, and what its end means.

Runs go in the order in which they were submitted, so many at once. Each is a `Child`. A service
that was killed finds its children again, waits for each, and asks for the run once more: the same
command resumes, or finds nothing to do, and its exit status says how the run stands.
"""

import asyncio
from dataclasses import dataclass

from ultrainteract.cluster.roster import FILE, Replicas, write_roster
from ultrainteract.config import RunConfig
from ultrainteract.errors import UltraInteractError
from ultrainteract.web.service.child import Child, last_words
from ultrainteract.web.service.engines import SharedEngines
from ultrainteract.web.service.house import House
from ultrainteract.web.service.ledger import RESTING, UNDER_WAY, Entry, Ledger, Refused, State
from ultrainteract.web.service.submission import Further, Submission, resolve

# A stop records what is under way: a model may take minutes to answer.
_PATIENCE = 60.0
_BUDGET, _STOPPED = 3, 130


@dataclass(eq=False)
class _Carried:
    task: asyncio.Task[None]
    child: Child | None = None


class Dispatcher:
    """The runs of a house. `work` is to be running; everything else returns at once."""

    def __init__(self, house: House, ledger: Ledger, engines: SharedEngines, at_once: int) -> None:
        self.house, self.ledger = house, ledger
        self._engines, self._at_once = engines, at_once
        self._carried: dict[str, _Carried] = {}
        self._changed = asyncio.Event()
        self._stopping = False

    def submit(self, asked: Submission, config: RunConfig) -> Entry:
        """One more run. Raises `Refused` where its name is taken."""
        if asked.name not in self.ledger and self.house.run(asked.name).exists():
            raise Refused(f"there is a folder of the name {asked.name!r} already: choose another")
        self.ledger.add(asked, config)
        return self._told(asked.name)

    def pause(self, name: str) -> Entry:
        """Stop it where it can go on; again: at once. Raises `UnknownRun` and `Refused`."""
        match self._standing(name).state:
            case State.QUEUED:
                self.ledger.become(name, State.PAUSED)
            case State.RUNNING | State.PAUSING:
                self.ledger.become(name, State.PAUSING)
                self._interrupt(name)
            case State.PAUSED:
                pass
            case state:
                raise Refused(f"run {name!r} is {state}: only one that goes can be paused")
        return self._told(name)

    def resume(self, name: str, further: Further | None = None) -> Entry:
        """Queue it again, at its old place, with `further` bounds where they are given. Raises
        `UnknownRun` and `Refused`, and `ConfigError` for bounds above the service's own."""
        entry = self._standing(name)
        state = entry.state
        if state in RESTING:
            if further:
                asked = further.of(entry.asked)
                bounds = resolve(asked, self.house.base)
                update = {"pace": bounds.pace, "budget": bounds.budget}
                self.ledger.amend(asked, entry.config.model_copy(update=update))
            self.ledger.become(name, State.QUEUED)
        elif state not in {State.QUEUED, State.RUNNING}:
            raise Refused(f"run {name!r} is {state}: only one that rests can be resumed")
        return self._told(name)

    def cancel(self, name: str) -> Entry:
        """Stop it for good, again: at once; what it has recorded stays. Raises `UnknownRun` and
        `Refused`."""
        state = self._standing(name).state
        if state in UNDER_WAY:
            self.ledger.become(name, State.CANCELLING)
            self._interrupt(name)
        elif state is State.DONE:
            raise Refused(f"run {name!r} is done: there is nothing to cancel")
        elif state is not State.CANCELLED:
            self.ledger.become(name, State.CANCELLED)
        return self._told(name)

    async def work(self) -> None:
        """Carry runs, until `stop`. Raises what the ledger raises."""
        async with asyncio.TaskGroup() as group:
            # What an earlier service left under way comes first, and is not counted again.
            for entry in self.ledger.entries(UNDER_WAY):
                self._carry_in(group, entry)
            while not self._stopping:
                self._changed.clear()
                for entry in self.ledger.entries({State.QUEUED}):
                    if len(self._carried) < self._at_once:
                        self.ledger.become(entry.name, State.RUNNING)
                        self._carry_in(group, self.ledger[entry.name])
                await self._changed.wait()

    async def stop(self) -> None:
        """Stop what goes so that the next service goes on with it."""
        self._stopping = True
        for stage in (Child.interrupt, Child.interrupt, Child.kill):
            tasks = [carried.task for carried in self._carried.values()]
            for carried in self._carried.values():
                if carried.child is None:
                    carried.task.cancel()
                else:
                    stage(carried.child)
            if not tasks or not (await asyncio.wait(tasks, timeout=_PATIENCE))[1]:
                break
        self._changed.set()

    def hurry(self) -> None:
        """Stop at once: what is recorded is recorded."""
        for carried in self._carried.values():
            if carried.child:
                carried.child.interrupt()

    def _standing(self, name: str) -> Entry:
        entry = self.ledger[name]
        if self.house.deleted(name).exists():
            raise Refused(f"run {name!r} is being deleted")
        return entry

    def _told(self, name: str) -> Entry:
        self._changed.set()
        return self.ledger[name]

    def _interrupt(self, name: str) -> None:
        carried = self._carried.get(name)
        if carried and carried.child:
            carried.child.interrupt()

    def _carry_in(self, group: asyncio.TaskGroup, entry: Entry) -> None:
        task = group.create_task(self._carry(entry))
        self._carried[entry.name] = _Carried(task)

        def over(_: object) -> None:
            del self._carried[entry.name]
            self._changed.set()

        task.add_done_callback(over)

    async def _carry(self, entry: Entry) -> None:
        try:
            code = await self._through(entry)
        except UltraInteractError as error:
            if child := self._carried[entry.name].child:
                child.interrupt()
                await child.ended()
            self.ledger.become(entry.name, State.FAILED, str(error))
            return
        self._settle(entry.name, code)

    async def _through(self, entry: Entry) -> int | None:
        """The exit status of the run's command; None where it is not known."""
        name, config = entry.name, entry.config
        folder = self.house.run(name)
        child = Child.find(folder)
        if child is None and entry.state is not State.RUNNING:
            return None
        if child:
            self._carried[name].child = child
            if entry.state is not State.RUNNING:
                child.interrupt()
        async with self._engines.leased(name, config.used_models()) as urls:
            if child is None:
                # It may have been paused or cancelled while a server started.
                if self.ledger[name].state is not State.RUNNING:
                    return None
                (folder / FILE).unlink(missing_ok=True)
                words = self.house.words(entry, urls)
                child = Child.begin(folder, words, self.house.output(name))
                self._carried[name].child = child
            elif urls:
                # The servers of the earlier service went with it: these have other addresses.
                write_roster(folder, {model: Replicas(urls=url) for model, url in urls.items()})
            return await child.ended()

    def _settle(self, name: str, code: int | None) -> None:
        match self.ledger[name].state, code:
            case _, 0:
                self.ledger.become(name, State.DONE)
            case State.CANCELLING, _:
                self.ledger.become(name, State.CANCELLED)
            case State.PAUSING, _:
                self.ledger.become(name, State.PAUSED)
            case _, None:
                self.ledger.become(name, State.QUEUED)
            case _ if self._stopping:
                pass
            case _, int(status) if status == _BUDGET:
                self.ledger.become(name, State.BUDGET, last_words(self.house.output(name)))
            case _, int(status) if status == _STOPPED:
                self.ledger.become(name, State.PAUSED, "stopped by a signal from elsewhere")
            case _, status:
                said = last_words(self.house.output(name))
                self.ledger.become(name, State.FAILED, f"exit status {status}: {said}")
