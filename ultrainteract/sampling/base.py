"""The seam between the tree and a model: a `Sampler` answers a `Request` with a `Reply`.

A request is data: its digest is the journal's key and the protocol server's. Retrying belongs
to `sampling.fleet` alone; a reply that says why a sample was lost is an answer, not an error.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ultrainteract.types import Message, Usage, digest


@dataclass(frozen=True, slots=True)
class Request:
    """`n` draws for one prompt of `model`, a name of the configuration. `seed` tells requests
    with the same prompt apart."""

    model: str
    messages: tuple[Message, ...]
    n: int
    seed: int
    temperature: float
    top_p: float
    max_tokens: int
    stop: tuple[str, ...] = ()

    def key(self) -> str:
        """Content hash, 40 hex digits."""
        return digest(self)


@dataclass(frozen=True, slots=True)
class Choice:
    """One sampled text; `finish_reason` as the OpenAI protocol names it (`stop`, `length`, ...)."""

    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: up to `n` choices, or `lost` with the endpoint's reason.

    `lost` means the endpoint refused this very request (HTTP 400, content filter): asking
    again would get the same, so it is recorded like any other reply.
    """

    choices: tuple[Choice, ...]
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    lost: str = ""


@dataclass(frozen=True, slots=True)
class ReplicaLoad:
    """One replica as one worker sees it. `state` is `living`, `parked`, `leaving` or `left`;
    requests and tokens are of replies that came, `retries` counts what was asked again by why."""

    url: str
    state: str
    limit: int
    in_flight: int
    waiting: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    retries: Mapping[str, int]


class Sampler(Protocol):
    """Answers requests for one model of the configuration."""

    async def sample(self, request: Request) -> Reply:
        """Raises `ModelFault` only for what no retry can mend; waits out everything else."""
        ...


class Supply(Protocol):
    """All that answers for one model, as one worker sees it."""

    def lane(self, tree: str, order: int) -> Sampler:
        """What the requests of `tree` go through; a lower `order` waits less."""
        ...

    def wants(self) -> int:
        """How many more requests it would take at once."""
        ...

    def load(self) -> tuple[ReplicaLoad, ...]:
        """A snapshot of every replica that was ever asked."""
        ...

    async def replicas(self, urls: Iterable[str]) -> None:
        """From now on these are the replicas."""
        ...

    async def drain(self) -> None:
        """Let go of requests that only wait: they raise `Draining`; those under way go on."""
        ...

    async def close(self) -> None:
        """Release connections; safe to call twice."""
        ...
