"""What the service says of a run, and of what may be asked of it."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ultrainteract.environment import environments
from ultrainteract.report.snapshot import read_snapshot, total
from ultrainteract.seeds import seeds
from ultrainteract.web.service.house import House
from ultrainteract.web.service.ledger import LAST, Entry, Ledger, State
from ultrainteract.web.service.submission import RunName, Submission


class _Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Progress(_Shown):
    """Of a run whose trees were begun, as it last told."""

    at: datetime
    trees: int
    ended: int
    """Trees that have ended, by earlier commands as well."""
    pairs: int
    """Of the command that tells."""
    tokens_per_second: float
    seconds_left: float | None
    """An estimate; None before the first tree has ended."""


class RunShown(_Shown):
    """A run."""

    name: RunName
    number: int
    """Its place in the order of submission."""
    state: State
    reason: str
    """Why it is in that state, in words; often empty."""
    asked: Submission
    submitted: datetime
    changed: datetime
    """When it came into its state."""
    progress: Progress | None
    dataset: bool
    """Whether there is a dataset to download."""
    links: dict[str, str]
    """Paths: itself, its events, its dataset, its pages."""


class Page(_Shown):
    """Which runs are asked for."""

    limit: Annotated[int, Field(ge=1, le=500, description="Runs at most.")] = 100
    cursor: Annotated[int, Field(ge=1, le=LAST, description="As `next` has it.")] = LAST


class Runs(_Shown):
    """A page of the runs, the newest first."""

    runs: list[RunShown]
    next: str | None
    """Path of the page of older ones; None where there are none."""


class DatasetFile(_Shown):
    """A file of a dataset."""

    path: str
    bytes: int


class DatasetFiles(_Shown):
    """The files of a dataset, sorted by path."""

    files: list[DatasetFile]


class Ceilings(_Shown):
    """The service's own limits; None where it sets none."""

    limit: int | None
    tokens: int | None
    money: float | None
    calls: int | None
    seconds: float | None


class Offer(_Shown):
    """What a submission may name, and the most that it may ask for."""

    models: list[str]
    """Names for `config.roles`."""
    datasets: list[str]
    environments: list[str]
    ceilings: Ceilings
    body_bytes: Annotated[int, Field(ge=1)]
    """Bytes of a request's body at most."""


def show(house: House, entry: Entry) -> RunShown:
    """What is known of it now."""
    here = f"/api/runs/{entry.name}"
    return RunShown(
        name=entry.name,
        number=entry.number,
        state=entry.state,
        reason=entry.reason,
        asked=entry.asked,
        submitted=_when(entry.submitted),
        changed=_when(entry.changed),
        progress=_progress(house, entry),
        dataset=(house.run(entry.name) / "dataset" / "run.yaml").exists(),
        links={
            "self": here,
            "events": f"{here}/events",
            "dataset": f"{here}/dataset",
            "pages": f"/runs/{entry.name}/",
        },
    )


def show_latest(house: House, ledger: Ledger, many: int, before: int) -> tuple[list[RunShown], int]:
    """So many at most of the runs before that number, the newest first; and the number before
    which older ones are, 0 where there are none."""
    found = ledger.latest(many + 1, before)
    page = found[:many]
    return [show(house, entry) for entry in page], page[-1].number if found[many:] else 0


def offer(house: House, body_bytes: int) -> Offer:
    """What this service has."""
    base = house.base
    limits = base.budget.model_dump(include={"tokens", "money", "calls", "seconds"})
    return Offer(
        models=sorted(base.models),
        datasets=[*seeds(), "all"],
        environments=sorted(environments()),
        ceilings=Ceilings(limit=base.pace.limit, **limits),
        body_bytes=body_bytes,
    )


def _progress(house: House, entry: Entry) -> Progress | None:
    told = read_snapshot(house.run(entry.name))
    if told is None:
        return None
    left = told.time_left if entry.state is State.RUNNING else None
    return Progress(
        at=_when(told.at),
        trees=told.trees,
        ended=told.before + told.ended,
        pairs=round(total(told.counts, "pairs")),
        tokens_per_second=total(told.rates, "tokens") if entry.state is State.RUNNING else 0.0,
        seconds_left=left.expected if left else None,
    )


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
