"""The seam between the tree and a model: `Sampler` answers a `Request` with a `Reply`.

A request is data: its digest is the journal's key and the protocol server's. Retrying belongs
to `sampling.endpoint` alone; a reply that says why a sample was lost is an answer, not an error.
"""

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


class Sampler(Protocol):
    """Answers requests for one model of the configuration."""

    async def sample(self, request: Request) -> Reply:
        """Raises `ModelFault` only for what no retry can mend; waits out everything else."""
        ...

    async def drain(self) -> None:
        """Let go of requests that only wait: they raise `Draining`; those under way go on."""
        ...

    async def close(self) -> None:
        """Release connections; safe to call twice."""
        ...
