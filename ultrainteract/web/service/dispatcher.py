"""The queue: which run goes when, and what its end means.

Runs go in the order in which they were submitted, so many at once. Each is a `Child`. A service
that was killed finds its children again, waits for each, and asks for the run once more: the same
command resumes, or finds nothing to do, and its exit status says how the run stands.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ultrainteract.cluster.roster import FILE, Replicas, write_roster
from ultrainteract.config import RunConfig
from ultrainteract.errors import DiskFull, RunFolderError, UltraInteractError, boundary
from ultrainteract.run_folder import lack_of_room
from ultrainteract.web.service.child import Child, last_words
from ultrainteract.web.service.engines import SharedEngines
from ultrainteract.web.service.house import House
from ultrainteract.web.service.ledger import RESTING, UNDER_WAY, Entry, Ledger, Refused, State
from ultrainteract.web.service.submission import Further, Submission, resolve

# A stop records what is under way: a model may take minutes to answer.
_PATIENCE = 60.0
# Between two tries to write on a disk that is full.
_FULL = 2.0
_WAITS = "waits for the servers of its models"
_BUDGET, _STOPPED = 3, 130


@dataclass(eq=False)
class _Carried:
    task: asyncio.Task[None]
    child: Child | None = None
    waits: bool = False
    """For servers, before its command begins."""


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
        """Carry runs, until `stop`. Raises what the ledger raises; waits where the disk is full."""
        async with asyncio.TaskGroup() as group:
            # What an earlier service left under way comes first, and is not counted again.
            for entry in self.ledger.entries(UNDER_WAY):
                self._carry_in(group, entry)
            while not self._stopping:
                self._changed.clear()
                try:
                    self._begin_some(group)
                except DiskFull:
                    await asyncio.sleep(_FULL)
                else:
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
        elif carried and carried.waits:
            carried.task.cancel()

    def _begin_some(self, group: asyncio.TaskGroup) -> None:
        """Raises `DiskFull`, also where a run would be refused for want of room."""
        queued = self.ledger.entries({State.QUEUED})
        for entry in queued[: max(0, self._at_once - len(self._carried))]:
            if lack := lack_of_room(self.house.runs):
                self.ledger.explain(entry.name, f"waits: {lack}")
                raise DiskFull(lack)
            self.ledger.become(entry.name, State.RUNNING)
            self._carry_in(group, self.ledger[entry.name])

    def _carry_in(self, group: asyncio.TaskGroup, entry: Entry) -> None:
        task = group.create_task(self._carry(entry))
        self._carried[entry.name] = _Carried(task)

        def over(_: object) -> None:
            del self._carried[entry.name]
            self._changed.set()

        task.add_done_callback(over)

    async def _carry(self, entry: Entry) -> None:
        end: int | UltraInteractError | None = None
        try:
            end = await self._through(entry)
        except asyncio.CancelledError:
            # Or it was paused or cancelled while it waited.
            if self._stopping or not self._carried[entry.name].waits:
                raise
            self._carried[entry.name].waits = False
        except UltraInteractError as error:
            if child := self._carried[entry.name].child:
                child.interrupt()
                await child.ended()
            end = error
        while True:
            try:
                return self._settle(entry.name, end)
            except DiskFull:
                if self._stopping:
                    # As it stands in the ledger, the next service goes on with it.
                    return None
                await asyncio.sleep(_FULL)

    async def _through(self, entry: Entry) -> int | None:
        """The exit status of the run's command; None where it is not known."""
        name, models = entry.name, entry.config.used_models()
        folder, carried = self.house.run(name), self._carried[name]
        child = carried.child = Child.find(folder)
        if self.ledger[name].state is not State.RUNNING:
            if child is None:
                return None
            child.interrupt()
        carried.waits = child is None
        if carried.waits and self._engines.serves(models):
            self.ledger.explain(name, _WAITS)
        async with self._engines.leased(name, models) as urls:
            carried.waits = False
            if child is None:
                self.ledger.explain(name, "")
                words = self.house.words(entry, urls)
                child = carried.child = self._begun(name, words)
            elif urls:
                # The servers of the earlier service went with it: these have other addresses.
                write_roster(folder, {model: Replicas(urls=url) for model, url in urls.items()})
            return await child.ended()

    def _begun(self, name: str, words: Sequence[str]) -> Child:
        folder, log = self.house.run(name), self.house.output(name)
        with boundary(RunFolderError, f"cannot begin the run in {folder}", OSError):
            (folder / FILE).unlink(missing_ok=True)
            return Child.begin(folder, words, log)

    def _settle(self, name: str, end: int | UltraInteractError | None) -> None:
        match self.ledger[name].state, end:
            case _, 0:
                self.ledger.become(name, State.DONE)
            case State.CANCELLING, _:
                self.ledger.become(name, State.CANCELLED)
            case State.PAUSING, _:
                self.ledger.become(name, State.PAUSED)
            case _, None | DiskFull():
                self.ledger.become(name, State.QUEUED)
            case _ if self._stopping:
                pass
            case _, UltraInteractError() as error:
                self.ledger.become(name, State.FAILED, str(error))
            case _, int(status) if status == _BUDGET:
                self.ledger.become(name, State.BUDGET, last_words(self.house.output(name)))
            case _, int(status) if status == _STOPPED:
                self.ledger.become(name, State.PAUSED, "stopped by a signal from elsewhere")
            case _, status:
                said = last_words(self.house.output(name))
                self.ledger.become(name, State.FAILED, f"exit status {status}: {said}")
