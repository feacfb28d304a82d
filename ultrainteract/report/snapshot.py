"""What a run is doing now: counts of this invocation, what is under way, rates, time left.

The driver writes one every few seconds into the run's folder; `ultrainteract status` reads it from
another terminal. The same counts leave as Prometheus metrics, named by `METRICS`.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from ultrainteract.report.left import TimeLeft
from ultrainteract.types import Spent

FILE = "live.json"
# A metric's name and the values of its labels.
Count: TypeAlias = tuple[str, ...]

METRICS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "trees": ("Trees that ended, by why they stopped.", ("stop",)),
    "trees_failed": ("Trees that a fault kept from growing.", ()),
    "turns": ("Turns of the trees that ended.", ()),
    "pairs": ("Pairs of the trees that ended.", ()),
    "calls": ("Model calls that were answered.", ("model",)),
    "tokens": ("Tokens of model calls.", ("model", "kind")),
    "samples_lost": ("Samples that an endpoint refused or left out.", ("model",)),
    "verdicts": ("Verdicts of graders.", ("judgement",)),
    "executions": ("Executions in the sandbox.", ("outcome",)),
    "retries": ("Requests that were asked again.", ("model", "reason")),
}
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "trees_growing": ("Trees under way.", ()),
    "requests_in_flight": ("Requests under way at a replica.", ("model", "url")),
    "requests_waiting": ("Requests that wait for a place.", ("model", "url")),
    "requests_limit": ("Requests that a replica gets at once.", ("model", "url")),
}


class Snapshot(BaseModel):
    """The state of a run at `at` (Unix time), which began at `since` with `before` trees ended of
    `trees`. Rates are over the last `window` seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: float
    since: float
    pid: int
    trees: int
    before: int
    workers: int
    nodes: int
    window: float
    counts: dict[str, float]
    """By `label`; summed since `since`."""
    gauges: dict[str, float]
    """By `label`; as they are."""
    rates: dict[str, float]
    """Per second, by `label`."""
    spent: dict[str, Spent]
    """By model, in all of the run."""
    money: float
    budget: tuple[str, ...]
    """What is spent of each limit, in words."""
    time_left: TimeLeft | None
    """None where nobody knows: before the first tree has ended."""
    troubles: tuple[str, ...]
    """The last trees that a fault kept from growing, when and why."""
    notices: tuple[str, ...]
    """The last notices, and when."""

    @property
    def ended(self) -> int:
        """Trees that ended since `since`."""
        return round(total(self.counts, "trees"))

    @property
    def left(self) -> int:
        """Trees that have not ended."""
        return max(0, self.trees - self.before - self.ended)

    def write(self, folder: Path) -> None:
        """Replace the one in `folder`."""
        draft = folder / f"{FILE}.draft"
        draft.write_text(self.model_dump_json(), encoding="utf-8")
        draft.replace(folder / FILE)


def read_snapshot(folder: Path) -> Snapshot | None:
    """The last one of a run; None where there is none that this version can read."""
    try:
        return Snapshot.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def label(count: Count) -> str:
    """`tokens{model=small,kind=prompt}`."""
    name, *values = count
    _, labels = METRICS.get(name) or GAUGES[name]
    inside = ",".join(f"{key}={value}" for key, value in zip(labels, values, strict=True))
    return f"{name}{{{inside}}}" if inside else name


def total(counts: Mapping[str, float], name: str, *parts: str) -> float:
    """The sum of a metric over its labels; `parts` are texts like `model=small` that must be in
    them."""
    chosen = (value for key, value in counts.items() if _is(key, name, parts))
    return math.fsum(chosen)


def _is(key: str, name: str, parts: Iterable[str]) -> bool:
    head, _, inside = key.partition("{")
    return head == name and all(part in inside.rstrip("}").split(",") for part in parts)
