"""Judges stored claims again, without a model: which verdicts would a later grader change?

Pure over its inputs: reads no journal and writes none. A record of the verdicts that changed is
the layer that `ultrainteract regrade` keeps beside the journal.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from ultrainteract.types import Claim, Verdict

Judge = Callable[[Claim], Awaitable[Verdict]]
_window = 64


@dataclass(frozen=True, slots=True)
class Stored:
    """A claim with the verdict it got; `key` says where in the record they stand."""

    key: str
    claim: Claim
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Changed:
    """A claim whose judgement is another one now."""

    key: str
    claim: Claim
    before: Verdict
    after: Verdict


async def regraded(stored: Iterable[Stored], judge: Judge) -> AsyncIterator[Changed]:
    """The verdicts that changed, in the order of `stored`.

    Judgements count; another rule or grader with the same judgement is no change. At most 64
    claims are with `judge` at once. Raises what `judge` raises.
    """
    source = iter(stored)
    while window := list(islice(source, _window)):
        verdicts = await asyncio.gather(*(judge(one.claim) for one in window))
        for one, verdict in zip(window, verdicts, strict=True):
            if verdict.judgement is not one.verdict.judgement:
                yield Changed(one.key, one.claim, one.verdict, verdict)
